/*
 * Kerberos encryption types: AES with SHA-1 (RFC 3962), AES with SHA-2 (RFC 8009), RC4 (RFC 4757). DES is not here and
 * never will be. Keys are plain values: whoever holds one wipes it with krb_key_wipe() or krb_usage_wipe().
 */
#ifndef SSPI_CRYPTO_KRB_KEY_H
#define SSPI_CRYPTO_KRB_KEY_H

#include "base/attributes.h"
#include "base/bytes.h"

#define KRB_ETYPE_AES128_SHA1 17
#define KRB_ETYPE_AES256_SHA1 18
#define KRB_ETYPE_AES128_SHA256 19
#define KRB_ETYPE_AES256_SHA384 20
#define KRB_ETYPE_RC4 23

#define KRB_KEY_MAX 32
#define KRB_MAC_MAX 24
#define KRB_CONFOUNDER_MAX 16
#define KRB_OVERHEAD_MAX (KRB_CONFOUNDER_MAX + KRB_MAC_MAX)

/* One row an encryption type. */
struct krb_etype {
    int32_t number;
    int32_t checksum; /* the mandatory checksum type */
    const char *name;
    uint8_t key_size;
    uint8_t confounder;
    uint8_t mac_size;      /* of an encrypted message */
    uint8_t checksum_size; /* of the mandatory checksum */
};

MUST_CHECK const struct krb_etype *krb_etype_find(int32_t number);          /* NULL: not supported */
MUST_CHECK const struct krb_etype *krb_etype_of_checksum(int32_t checksum); /* NULL: not supported, or not keyed */

struct krb_key {
    const struct krb_etype *etype;
    uint8_t data[KRB_KEY_MAX];
};

/* The keys of one use of a key (RFC 4120 7.5.1): Ke and Ki. For RC4 `integrity` alone holds K1 (RFC 4757 5). */
struct krb_usage {
    const struct krb_etype *etype;
    uint8_t encrypt[KRB_KEY_MAX];
    uint8_t integrity[KRB_KEY_MAX];
};

MUST_CHECK bool krb_key_set(struct krb_key *key, int32_t etype,
                            struct bytes value); /* false: unknown type or wrong size */
void krb_key_wipe(struct krb_key *key);
MUST_CHECK bool krb_usage_derive(const struct krb_key *key, uint32_t usage, struct krb_usage *out);
/* The keys of `count` uses (at most KRB_USAGES_MAX) at once: cheaper than one by one. */
#define KRB_USAGES_MAX 2
MUST_CHECK bool krb_usages_derive(const struct krb_key *key, const uint32_t *usages, size_t count,
                                  struct krb_usage *out);
void krb_usage_wipe(struct krb_usage *usage);

/* Confounder + plain text + MAC. */
static inline size_t krb_cipher_size(const struct krb_etype *etype, size_t plain)
{
    return etype->confounder + plain + etype->mac_size;
}

/* Encrypts `plain` under a fresh confounder into `out` of krb_cipher_size() bytes. */
MUST_CHECK bool krb_encrypt(const struct krb_usage *usage, struct bytes plain, uint8_t *out);
/* The same under a confounder of etype->confounder random bytes that the caller drew for this message alone. */
MUST_CHECK bool krb_encrypt_under(const struct krb_usage *usage, const uint8_t *confounder, struct bytes plain,
                                  uint8_t *out);

/* Decrypts into `room` (at least cipher.size bytes) and verifies; `*plain` borrows from `room`, which is wiped on
 * failure. */
MUST_CHECK bool krb_decrypt(const struct krb_usage *usage, struct bytes cipher, uint8_t *room, struct bytes *plain);

/*
 * The same for the AES types with the confounder, the parts and the MAC laid out by the caller, as per-message tokens
 * need it: `text` is encrypted in place, and `covered` (at most KRB_COVERED_MAX parts, inside `text` or beside it) is
 * what the MAC protects.
 */
#define KRB_COVERED_MAX 34
MUST_CHECK bool krb_protect(const struct krb_usage *usage, uint8_t *text, size_t size, const struct bytes *covered,
                            size_t count, uint8_t *mac);
MUST_CHECK bool krb_unprotect(const struct krb_usage *usage, uint8_t *text, size_t size, const struct bytes *covered,
                              size_t count, struct bytes mac);

/* The mandatory checksum over parts (at most KRB_COVERED_MAX), checksum_size bytes; and its verification in constant
 * time. */
MUST_CHECK bool krb_checksum(const struct krb_key *key, uint32_t usage, const struct bytes *parts, size_t count,
                             uint8_t out[KRB_MAC_MAX]);
MUST_CHECK bool krb_checksum_verify(const struct krb_key *key, uint32_t usage, const struct bytes *parts, size_t count,
                                    struct bytes expected);

#endif
