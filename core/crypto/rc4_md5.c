/*
 * RC4 and MD5 in one loop. Each step of either waits for the one before it, but not for the other's, so the key stream
 * is made ahead while blocks are digested, for this message or the next.
 */
#include "crypto/rc4_md5.h"

#include "base/secret.h"
#include "crypto/hmac_md5_key.h"
#include "crypto/rc4_state.h"

#define MD5_LENGTH_SIZE 8

/* What a message leaves to be wiped. */
struct scratch {
    struct md5_state state;
    uint8_t block[MD5_BLOCK];
};

#define STREAM_BYTE(i)                                                                                                 \
    RC4_STEP                                                                                                           \
    to[i] = RC4_BYTE;

/* One block of the digest and as many bytes of key stream. */
static void block_and_stream(struct rc4 *rc4, struct scratch *scratch)
{
    uint32_t x = rc4->x, y = rc4->y, at_x, at_y, w[16], *words = scratch->state.words;
    uint32_t a = words[0], b = words[1], c = words[2], d = words[3];
    size_t left = rc4->end - rc4->ready;
    uint8_t *box = rc4->box, *to = rc4->ahead + left;

    memmove(rc4->ahead, rc4->ahead + rc4->ready, left);
    md5_words(w, scratch->block);
    MD5_ROUNDS(STREAM_BYTE)
    words[0] += a;
    words[1] += b;
    words[2] += c;
    words[3] += d;
    rc4->x = (uint8_t)x;
    rc4->y = (uint8_t)y;
    rc4->ready = 0;
    rc4->end = (uint8_t)(left + MD5_BLOCK);
}

static void block_take(struct rc4 *rc4, struct scratch *scratch)
{
    if (rc4->end - rc4->ready <= RC4_AHEAD - MD5_BLOCK)
        block_and_stream(rc4, scratch);
    else
        md5_blocks(&scratch->state, scratch->block, 1);
}

/* RFC 1321, 3.1 and 3.2: pads the block that holds `held` bytes, after `size` bytes in all. */
static void blocks_finish(struct rc4 *rc4, struct scratch *scratch, size_t held, uint64_t size, uint8_t out[MD5_SIZE])
{
    uint64_t bits = htole64(size * 8);
    uint8_t *block = scratch->block;

    block[held++] = 0x80;
    if (held > MD5_BLOCK - MD5_LENGTH_SIZE) {
        memset(block + held, 0, MD5_BLOCK - held);
        block_take(rc4, scratch);
        held = 0;
    }
    memset(block + held, 0, MD5_BLOCK - MD5_LENGTH_SIZE - held);
    memcpy(block + MD5_BLOCK - MD5_LENGTH_SIZE, &bits, sizeof bits);
    block_take(rc4, scratch);
    md5_words_out(&scratch->state, out);
}

/* The digest is of the plain text: RC4 comes before it to unseal, behind it to seal. */
static void one_pass(struct rc4 *rc4, const struct hmac_md5_key *key, const uint8_t *prefix, uint8_t *text, size_t size,
                     bool sealing, uint8_t out[HMAC_MD5_SIZE])
{
    struct scratch scratch = {.state = key->inner};
    size_t held = RC4_MD5_PREFIX, left = size;

    memcpy(scratch.block, prefix, RC4_MD5_PREFIX);
    while (left >= MD5_BLOCK - held) {
        size_t piece = MD5_BLOCK - held;

        if (!sealing)
            rc4_apply(rc4, text, text, piece);
        memcpy(scratch.block + held, text, piece);
        block_take(rc4, &scratch);
        if (sealing)
            rc4_apply(rc4, text, text, piece);
        text += piece;
        left -= piece;
        held = 0;
    }
    if (!sealing)
        rc4_apply(rc4, text, text, left);
    if (left)
        memcpy(scratch.block + held, text, left);
    blocks_finish(rc4, &scratch, held + left, MD5_BLOCK + RC4_MD5_PREFIX + size, out);
    if (sealing)
        rc4_apply(rc4, text, text, left);
    scratch.state = key->outer;
    memcpy(scratch.block, out, HMAC_MD5_SIZE);
    blocks_finish(rc4, &scratch, HMAC_MD5_SIZE, MD5_BLOCK + HMAC_MD5_SIZE, out);
    secret_wipe(&scratch, sizeof scratch);
}

void rc4_md5_seal(struct rc4 *state, const struct hmac_md5_key *key, const uint8_t prefix[RC4_MD5_PREFIX],
                  uint8_t *text, size_t size, uint8_t out[HMAC_MD5_SIZE])
{
    one_pass(state, key, prefix, text, size, true, out);
}

void rc4_md5_unseal(struct rc4 *state, const struct hmac_md5_key *key, const uint8_t prefix[RC4_MD5_PREFIX],
                    uint8_t *text, size_t size, uint8_t out[HMAC_MD5_SIZE])
{
    one_pass(state, key, prefix, text, size, false, out);
}
