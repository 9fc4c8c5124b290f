/*
 * Inside crypto/ only: RC4's state, and one step of it.
 */
#ifndef SSPI_CRYPTO_RC4_STATE_H
#define SSPI_CRYPTO_RC4_STATE_H

#include "crypto/rc4.h"

struct rc4 {
    uint8_t x, y;
    uint8_t box[256];
};

/* Over the locals `x`, `y` and `box`: the next byte of the key stream onto data[i]. */
#define RC4_STEP(i)                                                                                                    \
    x = (x + 1) & 0xFF;                                                                                                \
    at_x = box[x];                                                                                                     \
    y = (y + at_x) & 0xFF;                                                                                             \
    at_y = box[y];                                                                                                     \
    box[x] = (uint8_t)at_y;                                                                                            \
    box[y] = (uint8_t)at_x;                                                                                            \
    to[i] = (uint8_t)(from[i] ^ box[(at_x + at_y) & 0xFF]);

#endif
