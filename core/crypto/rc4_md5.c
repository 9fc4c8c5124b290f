/*
 * RC4 and MD5 in one loop. Each step of either waits for the one before it, but not for the other's.
 *
 * The digest's blocks lie four bytes (the prefix) before the text's, so the first 60 bytes are done apart.
 */
#include "crypto/rc4_md5.h"

#include "crypto/hmac_md5_key.h"
#include "crypto/rc4_state.h"

#define FIRST (MD5_BLOCK - RC4_MD5_PREFIX)

/*
 * The digest takes in `hashed` while RC4 goes from `from` to `to`: the same bytes to seal, those one block behind to
 * unseal. `from` and `to` are the same place. A compiler that knew would make each byte one instruction that reads and
 * writes memory, which is five times as slow: hence two parameters, and no inlining.
 */
__attribute__((noinline)) static void both(struct rc4 *rc4, struct md5_state *state, const uint8_t *hashed,
                                           const uint8_t *from, uint8_t *to, size_t blocks)
{
    uint32_t x = rc4->x, y = rc4->y, at_x, at_y, w[16];
    uint8_t *box = rc4->box;

    for (; blocks; blocks--, hashed += MD5_BLOCK, from += MD5_BLOCK, to += MD5_BLOCK) {
        uint32_t a = state->words[0], b = state->words[1], c = state->words[2], d = state->words[3];

        md5_words(w, hashed);
        MD5_ROUNDS(RC4_STEP)
        state->words[0] += a;
        state->words[1] += b;
        state->words[2] += c;
        state->words[3] += d;
    }
    rc4->x = (uint8_t)x;
    rc4->y = (uint8_t)y;
}

void rc4_md5_seal(struct rc4 *state, const struct hmac_md5_key *key, const uint8_t prefix[RC4_MD5_PREFIX],
                  uint8_t *text, size_t size, uint8_t out[HMAC_MD5_SIZE])
{
    size_t first = size < FIRST ? size : FIRST, blocks = (size - first) / MD5_BLOCK;
    size_t done = first + blocks * MD5_BLOCK;
    struct md5 md5;

    md5_resume(&md5, &key->inner, MD5_BLOCK);
    md5_update(&md5, bytes_of(prefix, RC4_MD5_PREFIX));
    md5_update(&md5, bytes_of(text, first));
    rc4_apply(state, text, text, first);
    both(state, &md5.state, text + first, text + first, text + first, blocks);
    md5.size += blocks * MD5_BLOCK;
    md5_update(&md5, bytes_of(text + done, size - done));
    rc4_apply(state, text + done, text + done, size - done);
    hmac_md5_finish(key, &md5, out);
}

void rc4_md5_unseal(struct rc4 *state, const struct hmac_md5_key *key, const uint8_t prefix[RC4_MD5_PREFIX],
                    uint8_t *text, size_t size, uint8_t out[HMAC_MD5_SIZE])
{
    /* RC4 is a block ahead: its first two pieces are done apart, and the digest's last one. */
    size_t ahead = size < FIRST + MD5_BLOCK ? size : FIRST + MD5_BLOCK, blocks = (size - ahead) / MD5_BLOCK;
    size_t first = size < FIRST ? size : FIRST, hashed = first + blocks * MD5_BLOCK;
    size_t done = ahead + blocks * MD5_BLOCK;
    struct md5 md5;

    rc4_apply(state, text, text, ahead);
    md5_resume(&md5, &key->inner, MD5_BLOCK);
    md5_update(&md5, bytes_of(prefix, RC4_MD5_PREFIX));
    md5_update(&md5, bytes_of(text, first));
    both(state, &md5.state, text + first, text + ahead, text + ahead, blocks);
    md5.size += blocks * MD5_BLOCK;
    rc4_apply(state, text + done, text + done, size - done);
    md5_update(&md5, bytes_of(text + hashed, size - hashed));
    hmac_md5_finish(key, &md5, out);
}
