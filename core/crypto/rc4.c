/*
 * RC4: streams that last as long as a security context, and single short messages. Our own, since a state here is 258
 * bytes in one allocation, where OpenSSL's takes 1.6 KB in three, and is as fast.
 */
#include "base/memory.h"
#include "base/secret.h"
#include "crypto/rc4_state.h"

#define RC4_KEY_MAX 256

#define USUAL_KEY 16

/* One step of a key's schedule. */
#define MIX(box, y, at_x, x, octet)                                                                                    \
    at_x = (box)[x];                                                                                                   \
    y = (y + at_x + (octet)) & 0xFF;                                                                                   \
    (box)[x] = (box)[y];                                                                                               \
    (box)[y] = (uint8_t)at_x;

static void rc4_start(struct rc4 *state)
{
    for (uint32_t x = 0; x < sizeof state->box; x++)
        state->box[x] = (uint8_t)x;
    state->x = state->y = state->ready = state->end = 0;
}

/* The bound of the inner loop is a constant, so that the compiler unrolls it. */
static void rc4_mix_usual(uint8_t *box, const uint8_t key[USUAL_KEY])
{
    uint32_t y = 0, at_x;

    for (uint32_t x = 0; x < 256; x += USUAL_KEY)
        for (uint32_t k = 0; k < USUAL_KEY; k++) {
            MIX(box, y, at_x, x + k, key[k])
        }
}

static void rc4_mix(uint8_t *box, struct bytes key)
{
    uint32_t y = 0, at_x;

    for (uint32_t x = 0, k = 0; x < 256; x++) {
        MIX(box, y, at_x, x, key.data[k])
        k = k + 1 < key.size ? k + 1 : 0;
    }
}

static bool rc4_set_key(struct rc4 *state, struct bytes key)
{
    if (!key.size || key.size > RC4_KEY_MAX)
        return false;
    rc4_start(state);
    if (key.size == USUAL_KEY)
        rc4_mix_usual(state->box, key.data);
    else
        rc4_mix(state->box, key);
    return true;
}

/* Each step waits for the one before it, but not for the other key's. */
static void rc4_mix_pair(struct rc4 *restrict one, struct rc4 *restrict two, const uint8_t first[USUAL_KEY],
                         const uint8_t second[USUAL_KEY])
{
    uint32_t y = 0, z = 0, at_x;

    for (uint32_t x = 0; x < 256; x += USUAL_KEY)
        for (uint32_t k = 0; k < USUAL_KEY; k++) {
            MIX(one->box, y, at_x, x + k, first[k])
            MIX(two->box, z, at_x, x + k, second[k])
        }
}

bool rc4_new_pair(const uint8_t first[16], const uint8_t second[16], struct rc4 *states[2])
{
    states[0] = mem_alloc(sizeof **states);
    states[1] = states[0] ? mem_alloc(sizeof **states) : NULL;
    if (!states[1]) {
        mem_free(states[0]);
        states[0] = NULL;
        return false;
    }
    rc4_start(states[0]);
    rc4_start(states[1]);
    rc4_mix_pair(states[0], states[1], first, second);
    return true;
}

struct rc4 *rc4_new(struct bytes key)
{
    struct rc4 *state = mem_alloc(sizeof *state);

    if (state && !rc4_set_key(state, key)) {
        mem_free(state);
        return NULL;
    }
    return state;
}

struct rc4 *rc4_copy(const struct rc4 *state)
{
    return mem_dup(state, sizeof *state);
}

void rc4_free(struct rc4 *state)
{
    mem_free_secret(state, sizeof *state);
}

void rc4_apply(struct rc4 *state, const void *in, void *out, size_t size)
{
    uint32_t x = state->x, y = state->y, at_x, at_y;
    size_t ready = state->end - state->ready, used = size < ready ? size : ready;
    const uint8_t *from = in, *ahead = state->ahead + state->ready;
    uint8_t *to = out, *box = state->box;

    for (size_t i = 0; i < used; i++)
        to[i] = from[i] ^ ahead[i];
    state->ready = (uint8_t)(state->ready + used);
    for (size_t i = used; i < size; i++) {
        RC4_STEP
        to[i] = from[i] ^ RC4_BYTE;
    }
    state->x = (uint8_t)x;
    state->y = (uint8_t)y;
}

bool rc4_once(struct bytes key, const void *in, void *out, size_t size)
{
    struct rc4 state;
    bool ok = rc4_set_key(&state, key);

    if (ok)
        rc4_apply(&state, in, out, size);
    else
        secret_wipe(out, size);
    secret_wipe(&state, sizeof state);
    return ok;
}
