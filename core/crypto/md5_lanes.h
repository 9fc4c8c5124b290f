/*
 * Inside crypto/ only: MD5 of four short messages side by side, in the time of little more than one.
 */
#ifndef SSPI_CRYPTO_MD5_LANES_H
#define SSPI_CRYPTO_MD5_LANES_H

#include "crypto/md5.h"

#define MD5_LANES 4

/* One block more for each of four states; each state's block lies `apart` bytes behind the one before. */
void md5_lanes_block(struct md5_state states[MD5_LANES], const uint8_t *blocks, size_t apart);

#endif
