/*
 * Inside crypto/ only: the 64 steps of MD5 (RFC 1321, 3.4) over the words w[16] and the state a, b, c, d, with
 * something else done between them. The steps wait for each other, so that the processor does the other thing
 * meanwhile.
 */
#ifndef SSPI_CRYPTO_MD5_ROUNDS_H
#define SSPI_CRYPTO_MD5_ROUNDS_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define MD5_BLOCK 64

#define MD5_F(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MD5_G(x, y, z) (((z) & (x)) + (~(z) & (y)))
#define MD5_H(x, y, z) ((x) ^ (y) ^ (z))
#define MD5_I(x, y, z) ((y) ^ ((x) | ~(z)))

#define MD5_STEP(f, a, b, c, d, word, constant, turn)                                                                  \
    a += f(b, c, d) + UINT32_C(constant) + w[word];                                                                    \
    a = (a << (turn) | a >> (32 - (turn))) + b;

/* clang-format off */
/* Four steps; `i` counts them all, for `also`. */
#define MD5_FOUR(f, w0, w1, w2, w3, k0, k1, k2, k3, t0, t1, t2, t3, also, i)                                           \
    MD5_STEP(f, a, b, c, d, w0, k0, t0) also(i)                                                                        \
    MD5_STEP(f, d, a, b, c, w1, k1, t1) also(i + 1)                                                                    \
    MD5_STEP(f, c, d, a, b, w2, k2, t2) also(i + 2)                                                                    \
    MD5_STEP(f, b, c, d, a, w3, k3, t3) also(i + 3)

#define MD5_ROUNDS(also)                                                                                               \
    MD5_FOUR(MD5_F, 0, 1, 2, 3, 0xD76AA478, 0xE8C7B756, 0x242070DB, 0xC1BDCEEE, 7, 12, 17, 22, also, 0)                \
    MD5_FOUR(MD5_F, 4, 5, 6, 7, 0xF57C0FAF, 0x4787C62A, 0xA8304613, 0xFD469501, 7, 12, 17, 22, also, 4)                \
    MD5_FOUR(MD5_F, 8, 9, 10, 11, 0x698098D8, 0x8B44F7AF, 0xFFFF5BB1, 0x895CD7BE, 7, 12, 17, 22, also, 8)              \
    MD5_FOUR(MD5_F, 12, 13, 14, 15, 0x6B901122, 0xFD987193, 0xA679438E, 0x49B40821, 7, 12, 17, 22, also, 12)           \
    MD5_FOUR(MD5_G, 1, 6, 11, 0, 0xF61E2562, 0xC040B340, 0x265E5A51, 0xE9B6C7AA, 5, 9, 14, 20, also, 16)               \
    MD5_FOUR(MD5_G, 5, 10, 15, 4, 0xD62F105D, 0x02441453, 0xD8A1E681, 0xE7D3FBC8, 5, 9, 14, 20, also, 20)              \
    MD5_FOUR(MD5_G, 9, 14, 3, 8, 0x21E1CDE6, 0xC33707D6, 0xF4D50D87, 0x455A14ED, 5, 9, 14, 20, also, 24)               \
    MD5_FOUR(MD5_G, 13, 2, 7, 12, 0xA9E3E905, 0xFCEFA3F8, 0x676F02D9, 0x8D2A4C8A, 5, 9, 14, 20, also, 28)              \
    MD5_FOUR(MD5_H, 5, 8, 11, 14, 0xFFFA3942, 0x8771F681, 0x6D9D6122, 0xFDE5380C, 4, 11, 16, 23, also, 32)             \
    MD5_FOUR(MD5_H, 1, 4, 7, 10, 0xA4BEEA44, 0x4BDECFA9, 0xF6BB4B60, 0xBEBFBC70, 4, 11, 16, 23, also, 36)              \
    MD5_FOUR(MD5_H, 13, 0, 3, 6, 0x289B7EC6, 0xEAA127FA, 0xD4EF3085, 0x04881D05, 4, 11, 16, 23, also, 40)              \
    MD5_FOUR(MD5_H, 9, 12, 15, 2, 0xD9D4D039, 0xE6DB99E5, 0x1FA27CF8, 0xC4AC5665, 4, 11, 16, 23, also, 44)             \
    MD5_FOUR(MD5_I, 0, 7, 14, 5, 0xF4292244, 0x432AFF97, 0xAB9423A7, 0xFC93A039, 6, 10, 15, 21, also, 48)              \
    MD5_FOUR(MD5_I, 12, 3, 10, 1, 0x655B59C3, 0x8F0CCC92, 0xFFEFF47D, 0x85845DD1, 6, 10, 15, 21, also, 52)             \
    MD5_FOUR(MD5_I, 8, 15, 6, 13, 0x6FA87E4F, 0xFE2CE6E0, 0xA3014314, 0x4E0811A1, 6, 10, 15, 21, also, 56)             \
    MD5_FOUR(MD5_I, 4, 11, 2, 9, 0xF7537E82, 0xBD3AF235, 0x2AD7D2BB, 0xEB86D391, 6, 10, 15, 21, also, 60)
/* clang-format on */

static inline void md5_words(uint32_t w[16], const uint8_t *block)
{
    memcpy(w, block, MD5_BLOCK);
    for (int i = 0; i < 16; i++)
        w[i] = le32toh(w[i]);
}

#endif
