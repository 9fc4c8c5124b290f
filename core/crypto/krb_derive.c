/*
 * Key derivation for the encryption types of Kerberos.
 */
#include "crypto/krb_derive.h"

#include <pthread.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/aes.h"
#include "crypto/hmac.h"

#define FOLD_MAX 32
#define ROTATION 13
#define CONSTANT_SIZE 5 /* usage and purpose */

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

/* ---- Folded constants: they are the same for every key, and folding costs more than encrypting them ---- */

#define KEPT_USAGES 32 /* those of RFC 4120 and RFC 4121, with a few beside */

static const uint8_t purposes[] = {KRB_FOR_CHECKSUM, KRB_FOR_ENCRYPTION, KRB_FOR_INTEGRITY};
static uint8_t kept[KEPT_USAGES][sizeof purposes][AES_BLOCK_SIZE_BYTES];
static pthread_once_t kept_once = PTHREAD_ONCE_INIT;

static void constant_write(uint32_t usage, uint8_t purpose, uint8_t out[CONSTANT_SIZE])
{
    out[0] = (uint8_t)(usage >> 24);
    out[1] = (uint8_t)(usage >> 16);
    out[2] = (uint8_t)(usage >> 8);
    out[3] = (uint8_t)usage;
    out[4] = purpose;
}

static void constant_fold(uint32_t usage, uint8_t purpose, uint8_t out[AES_BLOCK_SIZE_BYTES])
{
    uint8_t constant[CONSTANT_SIZE];

    constant_write(usage, purpose, constant);
    krb_fold(bytes_of(constant, sizeof constant), out, AES_BLOCK_SIZE_BYTES);
}

static void kept_fill(void)
{
    for (uint32_t usage = 0; usage < KEPT_USAGES; usage++)
        for (size_t i = 0; i < sizeof purposes; i++)
            constant_fold(usage, purposes[i], kept[usage][i]);
}

static void constant_folded(uint32_t usage, uint8_t purpose, uint8_t out[AES_BLOCK_SIZE_BYTES])
{
    const uint8_t *place = memchr(purposes, purpose, sizeof purposes);

    pthread_once(&kept_once, kept_fill);
    if (place && usage < KEPT_USAGES)
        memcpy(out, kept[usage][place - purposes], AES_BLOCK_SIZE_BYTES);
    else
        constant_fold(usage, purpose, out);
}

/* ---- Keys ---- */

/* DR of RFC 3961 5.1 for AES: the folded constant encrypted, and for a long key once more. */
static bool derive_aes(const struct krb_key *key, uint32_t usage, uint8_t purpose, uint8_t *out)
{
    const size_t size = key->etype->key_size;
    uint8_t folded[AES_BLOCK_SIZE_BYTES];

    constant_folded(usage, purpose, folded);
    return aes_chains_encrypt(bytes_of(key->data, size), folded, 1, size > AES_BLOCK_SIZE_BYTES, out);
}

static bool derive_aes_usages(const struct krb_key *key, const uint32_t *usages, size_t count, struct krb_usage *out)
{
    const size_t size = key->etype->key_size;
    uint8_t folded[2 * KRB_USAGES_MAX * AES_BLOCK_SIZE_BYTES] = {0}, keys[2 * KRB_USAGES_MAX * KRB_KEY_MAX];
    bool ok;

    for (size_t i = 0; i < count; i++) {
        constant_folded(usages[i], KRB_FOR_ENCRYPTION, folded + 2 * i * AES_BLOCK_SIZE_BYTES);
        constant_folded(usages[i], KRB_FOR_INTEGRITY, folded + (2 * i + 1) * AES_BLOCK_SIZE_BYTES);
    }
    ok = aes_chains_encrypt(bytes_of(key->data, size), folded, 2 * count, size > AES_BLOCK_SIZE_BYTES, keys);
    for (size_t i = 0; ok && i < count; i++) {
        memcpy(out[i].encrypt, keys + 2 * i * size, size);
        memcpy(out[i].integrity, keys + (2 * i + 1) * size, size);
    }
    secret_wipe(keys, sizeof keys);
    return ok;
}

/* KDF-HMAC-SHA2 of RFC 8009 3: counter | label | 00 | bits wanted. */
static bool derive_sha2(const struct krb_key *key, uint32_t usage, uint8_t purpose, uint8_t *out)
{
    static const uint8_t counter[4] = {0, 0, 0, 1};
    const size_t size = krb_derived_size(key->etype, purpose);
    uint8_t constant[CONSTANT_SIZE], tail[5] = {0, 0, 0, (uint8_t)(size * 8 >> 8), (uint8_t)(size * 8)};
    struct bytes parts[] = {bytes_of(counter, sizeof counter), bytes_of(constant, sizeof constant),
                            bytes_of(tail, sizeof tail)};

    constant_write(usage, purpose, constant);
    return krb_hmac(key->etype, bytes_of(key->data, key->etype->key_size), parts, 3, out, size);
}

bool krb_derive(const struct krb_key *key, uint32_t usage, uint8_t purpose, uint8_t out[KRB_KEY_MAX])
{
    return is_sha2(key->etype) ? derive_sha2(key, usage, purpose, out) : derive_aes(key, usage, purpose, out);
}

bool krb_derive_usages(const struct krb_key *key, const uint32_t *usages, size_t count, struct krb_usage *out)
{
    bool ok = true;

    if (!is_sha2(key->etype))
        return derive_aes_usages(key, usages, count, out);
    for (size_t i = 0; ok && i < count; i++)
        ok = derive_sha2(key, usages[i], KRB_FOR_ENCRYPTION, out[i].encrypt)
             && derive_sha2(key, usages[i], KRB_FOR_INTEGRITY, out[i].integrity);
    return ok;
}
