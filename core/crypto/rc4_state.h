/*
 * Inside crypto/ only: RC4's state, and one step of it.
 */
#ifndef SSPI_CRYPTO_RC4_STATE_H
#define SSPI_CRYPTO_RC4_STATE_H

#include "crypto/rc4.h"

#define RC4_AHEAD 128

struct rc4 {
    uint8_t x, y;
    uint8_t ready, end; /* ahead[ready..end) is key stream that is made and not yet used */
    uint8_t box[256];
    uint8_t ahead[RC4_AHEAD];
};

/* Over the locals `x`, `y`, `at_x`, `at_y` and `box`: one step, and the byte of key stream that it gave. */
#define RC4_STEP                                                                                                       \
    x = (x + 1) & 0xFF;                                                                                                \
    at_x = box[x];                                                                                                     \
    y = (y + at_x) & 0xFF;                                                                                             \
    at_y = box[y];                                                                                                     \
    box[x] = (uint8_t)at_y;                                                                                            \
    box[y] = (uint8_t)at_x;
#define RC4_BYTE box[(at_x + at_y) & 0xFF]

#endif
