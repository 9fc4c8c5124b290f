/*
 * Inside crypto/ only: a kept key of HMAC-MD5 is the two states that have taken in the key's block.
 */
#ifndef SSPI_CRYPTO_HMAC_MD5_KEY_H
#define SSPI_CRYPTO_HMAC_MD5_KEY_H

#include "crypto/hmac.h"
#include "crypto/md5.h"

struct hmac_md5_key {
    struct md5_state inner, outer;
};

/* From the digest's inner part, which has taken in the message, to the HMAC. */
void hmac_md5_finish(const struct hmac_md5_key *key, struct md5 *inner, uint8_t out[HMAC_MD5_SIZE]);

#endif
