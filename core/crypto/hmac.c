/*
 * HMAC (RFC 2104) over plain digest contexts: OpenSSL's own HMAC costs more for each key than these messages do.
 */
#include "crypto/hmac.h"

#include "base/secret.h"
#include "crypto/library.h"

#define BLOCK_MAX 128
#define INNER_PAD 0x36
#define OUTER_PAD 0x5C

/* What HMAC must know of a digest: its input block and its result, in bytes. */
struct hmac_digest {
    enum crypto_digest digest;
    size_t block, size;
};

static const struct hmac_digest with_md5 = {CRYPTO_MD5, 64, HMAC_MD5_SIZE};
static const struct hmac_digest with_sha1 = {CRYPTO_SHA1, 64, HMAC_SHA1_SIZE};
static const struct hmac_digest with_sha256 = {CRYPTO_SHA256, 64, HMAC_SHA256_SIZE};
static const struct hmac_digest with_sha384 = {CRYPTO_SHA384, 128, HMAC_SHA384_SIZE};

/* A key longer than a block is replaced by its digest. `pad` holds the inner pad afterwards. */
static bool pad_inner(const struct hmac_digest *with, struct bytes key, uint8_t *pad)
{
    uint8_t digest[HMAC_SHA384_SIZE];
    EVP_MD_CTX *context;
    bool ok = true;

    if (key.size > with->block) {
        context = crypto_thread_digest(with->digest);
        ok = context && crypto_update(context, &key, 1) && EVP_DigestFinal_ex(context, digest, NULL) == 1;
        ok = crypto_thread_restart(with->digest, ok);
        key = bytes_of(digest, ok ? with->size : 0);
    }
    for (size_t i = 0; i < with->block; i++)
        pad[i] = i < key.size ? key.data[i] ^ INNER_PAD : INNER_PAD;
    if (key.data == digest)
        secret_wipe(digest, sizeof digest);
    return ok;
}

static void pad_turn_outer(const struct hmac_digest *with, uint8_t *pad)
{
    for (size_t i = 0; i < with->block; i++)
        pad[i] ^= INNER_PAD ^ OUTER_PAD;
}

static bool hmac(const struct hmac_digest *with, struct bytes key, const struct bytes *parts, size_t count,
                 uint8_t *out)
{
    uint8_t pad[BLOCK_MAX];
    bool ok = pad_inner(with, key, pad);
    EVP_MD_CTX *context = ok ? crypto_thread_digest(with->digest) : NULL;

    ok = context && EVP_DigestUpdate(context, pad, with->block) == 1 && crypto_update(context, parts, count)
         && EVP_DigestFinal_ex(context, out, NULL) == 1 && EVP_DigestInit_ex2(context, NULL, NULL) == 1;
    pad_turn_outer(with, pad);
    ok = ok && EVP_DigestUpdate(context, pad, with->block) == 1 && EVP_DigestUpdate(context, out, with->size) == 1
         && EVP_DigestFinal_ex(context, out, NULL) == 1;
    secret_wipe(pad, sizeof pad);
    ok = crypto_thread_restart(with->digest, ok);
    if (!ok)
        secret_wipe(out, with->size);
    return ok;
}

bool hmac_md5(struct bytes key, const struct bytes *parts, size_t count, uint8_t out[HMAC_MD5_SIZE])
{
    return hmac(&with_md5, key, parts, count, out);
}

bool hmac_sha1(struct bytes key, const struct bytes *parts, size_t count, uint8_t out[HMAC_SHA1_SIZE])
{
    return hmac(&with_sha1, key, parts, count, out);
}

bool hmac_sha256(struct bytes key, const struct bytes *parts, size_t count, uint8_t out[HMAC_SHA256_SIZE])
{
    return hmac(&with_sha256, key, parts, count, out);
}

bool hmac_sha384(struct bytes key, const struct bytes *parts, size_t count, uint8_t out[HMAC_SHA384_SIZE])
{
    return hmac(&with_sha384, key, parts, count, out);
}
