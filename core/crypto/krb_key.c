/*
 * Encryption and checksums of Kerberos, for tickets, authenticators and replies. Per-message tokens stand on the same
 * keys.
 */
#include "crypto/krb_key.h"

#include <string.h>

#include "base/secret.h"
#include "crypto/aes.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "crypto/krb_derive.h"
#include "crypto/random.h"
#include "crypto/rc4.h"

#define RC4_CHECKSUM (-138)

static const struct krb_etype etypes[] = {
    {KRB_ETYPE_AES256_SHA1, 16, "aes256-cts-hmac-sha1-96", 32, 16, 12, 12},
    {KRB_ETYPE_AES128_SHA1, 15, "aes128-cts-hmac-sha1-96", 16, 16, 12, 12},
    {KRB_ETYPE_AES256_SHA384, 20, "aes256-cts-hmac-sha384-192", 32, 16, 24, 24},
    {KRB_ETYPE_AES128_SHA256, 19, "aes128-cts-hmac-sha256-128", 16, 16, 16, 16},
    {KRB_ETYPE_RC4, RC4_CHECKSUM, "rc4-hmac", 16, 8, 16, 16},
};

const struct krb_etype *krb_etype_find(int32_t number)
{
    for (size_t i = 0; i < sizeof etypes / sizeof *etypes; i++) {
        if (etypes[i].number == number)
            return &etypes[i];
    }
    return NULL;
}

const struct krb_etype *krb_etype_of_checksum(int32_t checksum)
{
    for (size_t i = 0; i < sizeof etypes / sizeof *etypes; i++) {
        if (etypes[i].checksum == checksum)
            return &etypes[i];
    }
    return NULL;
}

bool krb_key_set(struct krb_key *key, int32_t etype, struct bytes value)
{
    *key = (struct krb_key){.etype = krb_etype_find(etype)};
    if (!key->etype || value.size != key->etype->key_size) {
        key->etype = NULL;
        return false;
    }
    memcpy(key->data, value.data, value.size);
    return true;
}

void krb_key_wipe(struct krb_key *key)
{
    secret_wipe(key, sizeof *key);
}

void krb_usage_wipe(struct krb_usage *usage)
{
    secret_wipe(usage, sizeof *usage);
}

/* RFC 4757 3: the usages that Windows numbers otherwise. */
static uint32_t rc4_usage(uint32_t usage)
{
    return usage == 3 || usage == 9 ? 8 : usage == 23 ? 13 : usage;
}

static bool rc4_usage_key(const struct krb_key *key, uint32_t usage, uint8_t out[16])
{
    uint32_t number = rc4_usage(usage);
    uint8_t salt[4] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16), (uint8_t)(number >> 24)};
    struct bytes part = bytes_of(salt, sizeof salt);

    return hmac_md5(bytes_of(key->data, 16), &part, 1, out);
}

bool krb_usages_derive(const struct krb_key *key, const uint32_t *usages, size_t count, struct krb_usage *out)
{
    bool ok = count <= KRB_USAGES_MAX;

    for (size_t i = 0; i < count; i++)
        out[i] = (struct krb_usage){.etype = key->etype};
    if (key->etype->number != KRB_ETYPE_RC4)
        ok = ok && krb_derive_usages(key, usages, count, out);
    else
        for (size_t i = 0; ok && i < count; i++)
            ok = rc4_usage_key(key, usages[i], out[i].integrity);
    for (size_t i = 0; !ok && i < count; i++)
        krb_usage_wipe(&out[i]);
    return ok;
}

bool krb_usage_derive(const struct krb_key *key, uint32_t usage, struct krb_usage *out)
{
    return krb_usages_derive(key, &usage, 1, out);
}

static bool mac_is_over_plain(const struct krb_etype *etype)
{
    return etype->number == KRB_ETYPE_AES128_SHA1 || etype->number == KRB_ETYPE_AES256_SHA1;
}

/* The MAC of an AES message: over what is given; with SHA-2 a zero IV goes before it (RFC 8009 5). */
static bool aes_mac(const struct krb_usage *usage, const struct bytes *covered, size_t count, uint8_t *mac)
{
    static const uint8_t iv[AES_BLOCK_SIZE_BYTES];
    const struct krb_etype *etype = usage->etype;
    struct bytes parts[1 + KRB_COVERED_MAX] = {bytes_of(iv, sizeof iv)};
    struct bytes key = bytes_of(usage->integrity, krb_derived_size(etype, KRB_FOR_INTEGRITY));

    if (count > KRB_COVERED_MAX)
        return false;
    if (mac_is_over_plain(etype))
        return krb_hmac(etype, key, covered, count, mac, etype->mac_size);
    for (size_t i = 0; i < count; i++)
        parts[1 + i] = covered[i];
    return krb_hmac(etype, key, parts, 1 + count, mac, etype->mac_size);
}

bool krb_protect(const struct krb_usage *usage, uint8_t *text, size_t size, const struct bytes *covered, size_t count,
                 uint8_t *mac)
{
    struct bytes key = bytes_of(usage->encrypt, usage->etype->key_size);
    bool over_plain = mac_is_over_plain(usage->etype);

    return (!over_plain || aes_mac(usage, covered, count, mac)) && aes_cts_encrypt(key, text, text, size)
           && (over_plain || aes_mac(usage, covered, count, mac));
}

bool krb_unprotect(const struct krb_usage *usage, uint8_t *text, size_t size, const struct bytes *covered, size_t count,
                   struct bytes mac)
{
    struct bytes key = bytes_of(usage->encrypt, usage->etype->key_size);
    bool over_plain = mac_is_over_plain(usage->etype), ok;
    uint8_t own[KRB_MAC_MAX];

    if (mac.size != usage->etype->mac_size)
        return false;
    ok = over_plain || (aes_mac(usage, covered, count, own) && secret_equal(own, mac.data, mac.size));
    ok = ok && aes_cts_decrypt(key, text, text, size)
         && (!over_plain || (aes_mac(usage, covered, count, own) && secret_equal(own, mac.data, mac.size)));
    secret_wipe(own, sizeof own);
    return ok;
}

static bool aes_message_encrypt(const struct krb_usage *usage, uint8_t *text, size_t size)
{
    struct bytes covered = bytes_of(text, size);

    return krb_protect(usage, text, size, &covered, 1, text + size);
}

/* RFC 4757 5: the checksum stands first, and its value makes the RC4 key. */
static bool rc4_message_encrypt(const struct krb_usage *usage, uint8_t *out, size_t size)
{
    struct bytes k1 = bytes_of(usage->integrity, 16), text = bytes_of(out + 16, size), mac = bytes_of(out, 16);
    uint8_t k3[16];
    bool ok = hmac_md5(k1, &text, 1, out) && hmac_md5(k1, &mac, 1, k3)
              && rc4_once(bytes_of(k3, sizeof k3), text.data, out + 16, size);

    secret_wipe(k3, sizeof k3);
    return ok;
}

bool krb_encrypt_under(const struct krb_usage *usage, const uint8_t *confounder, struct bytes plain, uint8_t *out)
{
    const struct krb_etype *etype = usage->etype;
    bool rc4 = etype->number == KRB_ETYPE_RC4, ok;
    uint8_t *text = rc4 ? out + etype->mac_size : out;
    size_t size = etype->confounder + plain.size;

    memcpy(text, confounder, etype->confounder);
    if (plain.size)
        memcpy(text + etype->confounder, plain.data, plain.size);
    ok = rc4 ? rc4_message_encrypt(usage, out, size) : aes_message_encrypt(usage, text, size);
    if (!ok)
        secret_wipe(out, krb_cipher_size(etype, plain.size));
    return ok;
}

bool krb_encrypt(const struct krb_usage *usage, struct bytes plain, uint8_t *out)
{
    uint8_t confounder[KRB_CONFOUNDER_MAX];

    return random_bytes(confounder, usage->etype->confounder) && krb_encrypt_under(usage, confounder, plain, out);
}

static bool aes_message_decrypt(const struct krb_usage *usage, struct bytes cipher, uint8_t *room)
{
    size_t size = cipher.size - usage->etype->mac_size;
    struct bytes covered = bytes_of(room, size);

    memcpy(room, cipher.data, size);
    return krb_unprotect(usage, room, size, &covered, 1, bytes_of(cipher.data + size, cipher.size - size));
}

static bool rc4_message_decrypt(const struct krb_usage *usage, struct bytes cipher, uint8_t *room)
{
    struct bytes k1 = bytes_of(usage->integrity, 16), sent = bytes_of(cipher.data, 16);
    struct bytes text = bytes_of(room, cipher.size - 16);
    uint8_t k3[16], mac[16];
    bool ok = hmac_md5(k1, &sent, 1, k3) && rc4_once(bytes_of(k3, sizeof k3), cipher.data + 16, room, text.size)
              && hmac_md5(k1, &text, 1, mac) && secret_equal(mac, sent.data, sizeof mac);

    secret_wipe(k3, sizeof k3);
    secret_wipe(mac, sizeof mac);
    return ok;
}

bool krb_decrypt(const struct krb_usage *usage, struct bytes cipher, uint8_t *room, struct bytes *plain)
{
    const struct krb_etype *etype = usage->etype;
    size_t overhead = (size_t)etype->confounder + etype->mac_size;
    bool ok;

    *plain = (struct bytes){0};
    if (cipher.size < overhead)
        return false;
    ok = etype->number == KRB_ETYPE_RC4 ? rc4_message_decrypt(usage, cipher, room)
                                        : aes_message_decrypt(usage, cipher, room);
    if (!ok) {
        secret_wipe(room, cipher.size);
        return false;
    }
    *plain = bytes_of(room + etype->confounder, cipher.size - overhead);
    return true;
}

/* RFC 4757 4: HMAC(HMAC(K, "signaturekey\0"), MD5(usage | message)). */
static bool rc4_checksum(const struct krb_key *key, uint32_t usage, const struct bytes *parts, size_t count,
                         uint8_t out[16])
{
    uint32_t number = rc4_usage(usage);
    uint8_t salt[4] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16), (uint8_t)(number >> 24)};
    struct bytes all[1 + KRB_COVERED_MAX] = {bytes_of(salt, sizeof salt)};
    struct bytes label = bytes_of("signaturekey", sizeof "signaturekey"), hashed = bytes_of(out, 16);
    uint8_t sign_key[16];
    bool ok;

    if (count > KRB_COVERED_MAX)
        return false;
    for (size_t i = 0; i < count; i++)
        all[1 + i] = parts[i];
    ok = hmac_md5(bytes_of(key->data, 16), &label, 1, sign_key) && md5_digest(all, 1 + count, out)
         && hmac_md5(bytes_of(sign_key, sizeof sign_key), &hashed, 1, out);
    secret_wipe(sign_key, sizeof sign_key);
    return ok;
}

bool krb_checksum(const struct krb_key *key, uint32_t usage, const struct bytes *parts, size_t count,
                  uint8_t out[KRB_MAC_MAX])
{
    uint8_t derived[KRB_KEY_MAX];
    bool ok;

    if (key->etype->number == KRB_ETYPE_RC4)
        return rc4_checksum(key, usage, parts, count, out);
    ok = krb_derive(key, usage, KRB_FOR_CHECKSUM, derived)
         && krb_hmac(key->etype, bytes_of(derived, krb_derived_size(key->etype, KRB_FOR_CHECKSUM)), parts, count, out,
                     key->etype->checksum_size);
    secret_wipe(derived, sizeof derived);
    return ok;
}

bool krb_checksum_verify(const struct krb_key *key, uint32_t usage, const struct bytes *parts, size_t count,
                         struct bytes expected)
{
    uint8_t mac[KRB_MAC_MAX];
    bool ok = expected.size == key->etype->checksum_size && krb_checksum(key, usage, parts, count, mac)
              && secret_equal(mac, expected.data, expected.size);

    secret_wipe(mac, sizeof mac);
    return ok;
}
