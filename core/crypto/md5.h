/*
 * Inside crypto/ only: MD5 (RFC 1321) whose state is plain memory, so that a keyed state is kept in 16 bytes and copied
 * for each message. OpenSSL's contexts are copied with an allocation each and hold twelve times as much. Where nothing
 * is kept, md5_digest() and hmac_md5() go through OpenSSL; md5_four() does not.
 */
#ifndef SSPI_CRYPTO_MD5_H
#define SSPI_CRYPTO_MD5_H

#include "base/bytes.h"
#include "crypto/hash.h"
#include "crypto/md5_rounds.h"

struct md5_state {
    uint32_t words[4];
};

struct md5 {
    struct md5_state state;
    uint64_t size; /* bytes taken in */
    uint8_t pending[MD5_BLOCK];
};

extern const struct md5_state md5_initial;

/* Goes on from a state that has taken in `size` bytes, a multiple of MD5_BLOCK. */
void md5_resume(struct md5 *md5, const struct md5_state *state, uint64_t size);
void md5_blocks(struct md5_state *state, const uint8_t *data, size_t blocks);
void md5_words_out(const struct md5_state *state, uint8_t out[MD5_SIZE]);
void md5_update(struct md5 *md5, struct bytes data);
void md5_final(struct md5 *md5, uint8_t out[MD5_SIZE]); /* wipes `md5` */

#endif
