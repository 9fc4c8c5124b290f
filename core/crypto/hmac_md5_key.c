/*
 * HMAC-MD5 (RFC 2104) with a kept key, for the many messages of one security context. Allocates nothing but the key.
 */
#include "crypto/hmac_md5_key.h"

#include "base/memory.h"
#include "base/secret.h"
#include "crypto/md5_lanes.h"

#define INNER_PAD 0x36
#define OUTER_PAD 0x5C

/* `key` has at most one block. */
static void pad_make(struct bytes key, uint8_t with, uint8_t pad[MD5_BLOCK])
{
    memset(pad, with, MD5_BLOCK);
    for (size_t i = 0; i < key.size; i++)
        pad[i] ^= key.data[i];
}

static void key_take(struct bytes key, uint8_t with, struct md5_state *state)
{
    uint8_t pad[MD5_BLOCK];

    pad_make(key, with, pad);
    *state = md5_initial;
    md5_blocks(state, pad, 1);
    secret_wipe(pad, sizeof pad);
}

struct hmac_md5_key *hmac_md5_key_new(struct bytes key)
{
    struct hmac_md5_key *kept = mem_alloc(sizeof *kept);
    uint8_t digest[MD5_SIZE];
    struct md5 md5;

    if (!kept)
        return NULL;
    if (key.size > MD5_BLOCK) {
        md5_resume(&md5, &md5_initial, 0);
        md5_update(&md5, key);
        md5_final(&md5, digest);
        key = bytes_of(digest, sizeof digest);
    }
    key_take(key, INNER_PAD, &kept->inner);
    key_take(key, OUTER_PAD, &kept->outer);
    if (key.data == digest)
        secret_wipe(digest, sizeof digest);
    return kept;
}

bool hmac_md5_keys_new(struct bytes first, struct bytes second, struct hmac_md5_key *keys[2])
{
    struct md5_state states[MD5_LANES] = {md5_initial, md5_initial, md5_initial, md5_initial};
    uint8_t pads[MD5_LANES][MD5_BLOCK];
    bool fits = first.size <= MD5_BLOCK && second.size <= MD5_BLOCK;

    keys[0] = fits ? mem_alloc(sizeof **keys) : NULL;
    keys[1] = keys[0] ? mem_alloc(sizeof **keys) : NULL;
    if (!keys[1]) {
        mem_free(keys[0]);
        keys[0] = NULL;
        return false;
    }
    pad_make(first, INNER_PAD, pads[0]);
    pad_make(first, OUTER_PAD, pads[1]);
    pad_make(second, INNER_PAD, pads[2]);
    pad_make(second, OUTER_PAD, pads[3]);
    md5_lanes_block(states, pads[0], MD5_BLOCK);
    *keys[0] = (struct hmac_md5_key){states[0], states[1]};
    *keys[1] = (struct hmac_md5_key){states[2], states[3]};
    secret_wipe(pads, sizeof pads);
    secret_wipe(states, sizeof states);
    return true;
}

void hmac_md5_key_free(struct hmac_md5_key *key)
{
    mem_free_secret(key, sizeof *key);
}

void hmac_md5_finish(const struct hmac_md5_key *key, struct md5 *inner, uint8_t out[HMAC_MD5_SIZE])
{
    struct md5 outer;

    md5_final(inner, out);
    md5_resume(&outer, &key->outer, MD5_BLOCK);
    md5_update(&outer, bytes_of(out, HMAC_MD5_SIZE));
    md5_final(&outer, out);
}

void hmac_md5_with(const struct hmac_md5_key *key, const struct bytes *parts, size_t count, uint8_t out[HMAC_MD5_SIZE])
{
    struct md5 inner;

    md5_resume(&inner, &key->inner, MD5_BLOCK);
    for (size_t i = 0; i < count; i++)
        md5_update(&inner, parts[i]);
    hmac_md5_finish(key, &inner, out);
}
