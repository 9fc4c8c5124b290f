/*
 * Key derivation for the encryption types of Kerberos.
 */
#include "crypto/krb_derive.h"

#include <string.h>

#include "base/secret.h"
#include "crypto/aes.h"
#include "crypto/hmac.h"

#define FOLD_MAX 32
#define ROTATION 13

/* Eight bits of `in`, seen as a ring, from bit `start` on. */
static uint8_t ring_octet(struct bytes in, size_t start)
{
    size_t index = start / 8, shift = start % 8;
    unsigned pair = (unsigned)in.data[index] << 8 | in.data[(index + 1) % in.size];

    return (uint8_t)(pair >> (8 - shift));
}

static size_t least_common_multiple(size_t a, size_t b)
{
    size_t x = a, y = b;

    while (y) {
        size_t rest = x % y;

        x = y;
        y = rest;
    }
    return a / x * b;
}

/* Copies of the input, each rotated right by 13 bits more, are added in ones' complement, `out_size` bytes at a time.
 */
void krb_fold(struct bytes in, uint8_t *out, size_t out_size)
{
    size_t total = least_common_multiple(in.size, out_size), bits = in.size * 8;
    unsigned sums[FOLD_MAX] = {0}, carry = 0;

    for (size_t i = 0; i < total; i++) {
        size_t turned = i / in.size * ROTATION % bits;

        sums[i % out_size] += ring_octet(in, (i % in.size * 8 + bits - turned) % bits);
    }
    do {
        for (size_t i = out_size; i-- > 0;) {
            carry += sums[i];
            sums[i] = carry & 0xFF;
            carry >>= 8;
        }
    } while (carry);
    for (size_t i = 0; i < out_size; i++)
        out[i] = (uint8_t)sums[i];
}

static bool is_sha2(const struct krb_etype *etype)
{
    return etype->number == KRB_ETYPE_AES128_SHA256 || etype->number == KRB_ETYPE_AES256_SHA384;
}

size_t krb_derived_size(const struct krb_etype *etype, uint8_t purpose)
{
    return is_sha2(etype) && purpose != KRB_FOR_ENCRYPTION ? etype->mac_size : etype->key_size;
}

bool krb_hmac(const struct krb_etype *etype, struct bytes key, const struct bytes *parts, size_t count, uint8_t *out,
              size_t size)
{
    uint8_t digest[HMAC_SHA384_SIZE];
    bool ok;

    if (etype->number == KRB_ETYPE_AES128_SHA256)
        ok = hmac_sha256(key, parts, count, digest);
    else if (etype->number == KRB_ETYPE_AES256_SHA384)
        ok = hmac_sha384(key, parts, count, digest);
    else
        ok = hmac_sha1(key, parts, count, digest);
    if (ok)
        memcpy(out, digest, size);
    secret_wipe(digest, sizeof digest);
    return ok;
}

/* DR of RFC 3961 5.1 for AES: the folded constant encrypted again and again. */
static bool derive_aes(const struct krb_key *key, const uint8_t constant[5], uint8_t *out)
{
    struct bytes base = bytes_of(key->data, key->etype->key_size);

    krb_fold(bytes_of(constant, 5), out, AES_BLOCK_SIZE_BYTES);
    return aes_block_encrypt(base, out, out)
           && (base.size == AES_BLOCK_SIZE_BYTES || aes_block_encrypt(base, out, out + AES_BLOCK_SIZE_BYTES));
}

/* KDF-HMAC-SHA2 of RFC 8009 3: counter | label | 00 | bits wanted. */
static bool derive_sha2(const struct krb_key *key, const uint8_t constant[5], uint8_t *out, size_t size)
{
    static const uint8_t counter[4] = {0, 0, 0, 1};
    uint8_t tail[5] = {0, 0, 0, (uint8_t)(size * 8 >> 8), (uint8_t)(size * 8)};
    struct bytes parts[] = {bytes_of(counter, sizeof counter), bytes_of(constant, 5), bytes_of(tail, sizeof tail)};

    return krb_hmac(key->etype, bytes_of(key->data, key->etype->key_size), parts, 3, out, size);
}

bool krb_derive(const struct krb_key *key, uint32_t usage, uint8_t purpose, uint8_t out[KRB_KEY_MAX])
{
    uint8_t constant[5] = {(uint8_t)(usage >> 24), (uint8_t)(usage >> 16), (uint8_t)(usage >> 8), (uint8_t)usage,
                           purpose};

    if (is_sha2(key->etype))
        return derive_sha2(key, constant, out, krb_derived_size(key->etype, purpose));
    return derive_aes(key, constant, out);
}
