/*
 * RC4: streams that last as long as a security context, and single short messages. Our own, since a state here is 258
 * bytes in one allocation, where OpenSSL's takes 1.6 KB in three, and is as fast.
 */
#include "base/memory.h"
#include "base/secret.h"
#include "crypto/rc4_state.h"

#define RC4_KEY_MAX 256

static bool rc4_set_key(struct rc4 *state, struct bytes key)
{
    uint8_t *box = state->box;
    uint32_t y = 0;

    if (!key.size || key.size > RC4_KEY_MAX)
        return false;
    for (uint32_t x = 0; x < sizeof state->box; x++)
        box[x] = (uint8_t)x;
    for (uint32_t x = 0, k = 0; x < sizeof state->box; x++) {
        uint8_t at_x = box[x];

        y = (y + at_x + key.data[k]) & 0xFF;
        box[x] = box[y];
        box[y] = at_x;
        k = k + 1 < key.size ? k + 1 : 0;
    }
    state->x = state->y = state->ready = state->end = 0;
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
