/*
 * HMAC-MD5 (RFC 2104) over plain MD5 contexts: OpenSSL's own HMAC costs more for each key than these messages do.
 */
#include "crypto/hmac.h"

#include "base/memory.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/library.h"

#define MD5_BLOCK 64
#define INNER_PAD 0x36
#define OUTER_PAD 0x5C

/* Digest contexts that have taken in the key already; each message starts from a copy. */
struct hmac_md5_key {
    EVP_MD_CTX *inner, *outer;
};

/* A key longer than a block is replaced by its digest. `pad` holds the inner pad afterwards. */
static bool pad_inner(struct bytes key, uint8_t pad[MD5_BLOCK])
{
    uint8_t digest[MD5_SIZE];
    bool ok = true;

    if (key.size > MD5_BLOCK) {
        ok = md5_digest(&key, 1, digest);
        key = bytes_of(digest, sizeof digest);
    }
    for (size_t i = 0; i < MD5_BLOCK; i++)
        pad[i] = i < key.size ? key.data[i] ^ INNER_PAD : INNER_PAD;
    if (key.data == digest)
        secret_wipe(digest, sizeof digest);
    return ok;
}

static void pad_turn_outer(uint8_t pad[MD5_BLOCK])
{
    for (size_t i = 0; i < MD5_BLOCK; i++)
        pad[i] ^= INNER_PAD ^ OUTER_PAD;
}

bool hmac_md5(struct bytes key, const struct bytes *parts, size_t count, uint8_t out[HMAC_MD5_SIZE])
{
    uint8_t pad[MD5_BLOCK];
    bool ok = pad_inner(key, pad);
    EVP_MD_CTX *context = ok ? crypto_thread_digest(CRYPTO_MD5) : NULL;

    ok = context && EVP_DigestUpdate(context, pad, sizeof pad) == 1 && crypto_update(context, parts, count)
         && EVP_DigestFinal_ex(context, out, NULL) == 1 && EVP_DigestInit_ex2(context, NULL, NULL) == 1;
    pad_turn_outer(pad);
    ok = ok && EVP_DigestUpdate(context, pad, sizeof pad) == 1 && EVP_DigestUpdate(context, out, HMAC_MD5_SIZE) == 1
         && EVP_DigestFinal_ex(context, out, NULL) == 1;
    secret_wipe(pad, sizeof pad);
    ok = crypto_thread_restart(CRYPTO_MD5, ok);
    if (!ok)
        secret_wipe(out, HMAC_MD5_SIZE);
    return ok;
}

static EVP_MD_CTX *pad_context(const uint8_t pad[MD5_BLOCK])
{
    const EVP_MD *md5 = crypto_library()->digests[CRYPTO_MD5];
    EVP_MD_CTX *context = md5 ? EVP_MD_CTX_new() : NULL;

    if (context && (EVP_DigestInit_ex2(context, md5, NULL) != 1 || EVP_DigestUpdate(context, pad, MD5_BLOCK) != 1)) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    return context;
}

struct hmac_md5_key *hmac_md5_key_new(struct bytes key)
{
    struct hmac_md5_key *kept = mem_zalloc(sizeof *kept);
    uint8_t pad[MD5_BLOCK];
    bool ok;

    if (!kept)
        return NULL;
    ok = pad_inner(key, pad);
    kept->inner = ok ? pad_context(pad) : NULL;
    pad_turn_outer(pad);
    kept->outer = ok ? pad_context(pad) : NULL;
    secret_wipe(pad, sizeof pad);
    if (kept->inner && kept->outer)
        return kept;
    hmac_md5_key_free(kept);
    return NULL;
}

void hmac_md5_key_free(struct hmac_md5_key *key)
{
    if (!key)
        return;
    EVP_MD_CTX_free(key->inner);
    EVP_MD_CTX_free(key->outer);
    mem_free(key);
}

bool hmac_md5_with(const struct hmac_md5_key *key, const struct bytes *parts, size_t count, uint8_t out[HMAC_MD5_SIZE])
{
    EVP_MD_CTX *context = crypto_thread_digest(CRYPTO_MD5);
    bool ok = context && EVP_MD_CTX_copy_ex(context, key->inner) == 1 && crypto_update(context, parts, count)
              && EVP_DigestFinal_ex(context, out, NULL) == 1 && EVP_MD_CTX_copy_ex(context, key->outer) == 1
              && EVP_DigestUpdate(context, out, HMAC_MD5_SIZE) == 1 && EVP_DigestFinal_ex(context, out, NULL) == 1;

    ok = crypto_thread_restart(CRYPTO_MD5, ok);
    if (!ok)
        secret_wipe(out, HMAC_MD5_SIZE);
    return ok;
}
