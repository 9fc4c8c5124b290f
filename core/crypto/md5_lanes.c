/*
 * MD5 over vectors of four words, which the compiler turns into what the machine has. Under the four keys of a security
 * context of NTLM, which are made together, and the kept keys of its two directions.
 */
#include "crypto/md5_lanes.h"

#include "base/secret.h"

/* RFC 1321, 3.1 and 3.2: what a message of two blocks may have, with its padding. */
#define TWO_BLOCKS_MIN (MD5_BLOCK - 8)
#define TWO_BLOCKS_MAX (2 * MD5_BLOCK - 9)

typedef uint32_t lanes __attribute__((vector_size(MD5_LANES * sizeof(uint32_t))));

#define NOTHING_ELSE(i)
#define OF_EACH(states, word)                                                                                          \
    {                                                                                                                  \
        states[0].word, states[1].word, states[2].word, states[3].word                                                 \
    }

void md5_lanes_block(struct md5_state states[MD5_LANES], const uint8_t *blocks, size_t apart)
{
    uint32_t words[MD5_LANES][16];
    lanes w[16], a = OF_EACH(states, words[0]), b = OF_EACH(states, words[1]), c = OF_EACH(states, words[2]),
                 d = OF_EACH(states, words[3]);

    for (size_t lane = 0; lane < MD5_LANES; lane++)
        md5_words(words[lane], blocks + lane * apart);
    for (size_t i = 0; i < 16; i++)
        w[i] = (lanes){words[0][i], words[1][i], words[2][i], words[3][i]};
    MD5_ROUNDS(NOTHING_ELSE)
    for (int lane = 0; lane < MD5_LANES; lane++) {
        states[lane].words[0] += a[lane];
        states[lane].words[1] += b[lane];
        states[lane].words[2] += c[lane];
        states[lane].words[3] += d[lane];
    }
    secret_wipe(words, sizeof words);
    secret_wipe(w, sizeof w);
}

/* Two blocks that hold a message of two parts. False: it needs fewer or more. */
static bool message_pad(const struct bytes parts[2], uint8_t out[2 * MD5_BLOCK])
{
    const size_t size = parts[0].size + parts[1].size;
    const uint64_t bits = htole64((uint64_t)size * 8);

    if (parts[0].size > TWO_BLOCKS_MAX || size < TWO_BLOCKS_MIN || size > TWO_BLOCKS_MAX)
        return false;
    memcpy(out, parts[0].data, parts[0].size);
    memcpy(out + parts[0].size, parts[1].data, parts[1].size);
    memset(out + size, 0, 2 * MD5_BLOCK - size);
    out[size] = 0x80;
    memcpy(out + 2 * MD5_BLOCK - sizeof bits, &bits, sizeof bits);
    return true;
}

bool md5_four(const struct bytes messages[MD5_FOUR_COUNT][2], uint8_t out[MD5_FOUR_COUNT][MD5_SIZE])
{
    struct md5_state states[MD5_LANES] = {md5_initial, md5_initial, md5_initial, md5_initial};
    uint8_t blocks[MD5_LANES][2 * MD5_BLOCK];
    bool ok = true;

    for (int lane = 0; ok && lane < MD5_LANES; lane++)
        ok = message_pad(messages[lane], blocks[lane]);
    for (size_t i = 0; ok && i < 2; i++)
        md5_lanes_block(states, blocks[0] + i * MD5_BLOCK, sizeof blocks[0]);
    for (int lane = 0; ok && lane < MD5_LANES; lane++)
        md5_words_out(&states[lane], out[lane]);
    secret_wipe(blocks, sizeof blocks);
    secret_wipe(states, sizeof states);
    return ok;
}
