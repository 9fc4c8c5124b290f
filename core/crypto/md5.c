/*
 * MD5 with a state that can be kept: under the kept keys of hmac_md5_key.c and the messages of rc4_md5.c.
 */
#include "crypto/md5.h"

#include "base/secret.h"

const struct md5_state md5_initial = {{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476}};

void md5_resume(struct md5 *md5, const struct md5_state *state, uint64_t size)
{
    md5->state = *state;
    md5->size = size;
}

#define NOTHING_ELSE(i)

void md5_blocks(struct md5_state *state, const uint8_t *data, size_t blocks)
{
    uint32_t w[16];

    for (; blocks; blocks--, data += MD5_BLOCK) {
        uint32_t a = state->words[0], b = state->words[1], c = state->words[2], d = state->words[3];

        md5_words(w, data);
        MD5_ROUNDS(NOTHING_ELSE)
        state->words[0] += a;
        state->words[1] += b;
        state->words[2] += c;
        state->words[3] += d;
    }
}

void md5_words_out(const struct md5_state *state, uint8_t out[MD5_SIZE])
{
    uint32_t words[4];

    for (int i = 0; i < 4; i++)
        words[i] = htole32(state->words[i]);
    memcpy(out, words, MD5_SIZE);
}

void md5_update(struct md5 *md5, struct bytes data)
{
    size_t held = md5->size % MD5_BLOCK, room = MD5_BLOCK - held, whole;

    md5->size += data.size;
    if (held && data.size >= room) {
        memcpy(md5->pending + held, data.data, room);
        md5_blocks(&md5->state, md5->pending, 1);
        data = bytes_of(data.data + room, data.size - room);
        held = 0;
    }
    whole = held ? 0 : data.size / MD5_BLOCK;
    md5_blocks(&md5->state, data.data, whole);
    if (data.size > whole * MD5_BLOCK)
        memcpy(md5->pending + held, data.data + whole * MD5_BLOCK, data.size - whole * MD5_BLOCK);
}

void md5_final(struct md5 *md5, uint8_t out[MD5_SIZE])
{
    size_t held = md5->size % MD5_BLOCK;
    uint64_t bits = htole64(md5->size * 8);

    md5->pending[held++] = 0x80;
    if (held > MD5_BLOCK - sizeof bits) {
        memset(md5->pending + held, 0, MD5_BLOCK - held);
        md5_blocks(&md5->state, md5->pending, 1);
        held = 0;
    }
    memset(md5->pending + held, 0, MD5_BLOCK - sizeof bits - held);
    memcpy(md5->pending + MD5_BLOCK - sizeof bits, &bits, sizeof bits);
    md5_blocks(&md5->state, md5->pending, 1);
    md5_words_out(&md5->state, out);
    secret_wipe(md5, sizeof *md5);
}
