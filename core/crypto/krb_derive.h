/*
 * Inside crypto/ only: key derivation of RFC 3961 5.1 and RFC 8009 3, and the keyed hash that goes with it.
 */
#ifndef SSPI_CRYPTO_KRB_DERIVE_H
#define SSPI_CRYPTO_KRB_DERIVE_H

#include "crypto/krb_key.h"

#define KRB_FOR_CHECKSUM 0x99   /* Kc */
#define KRB_FOR_ENCRYPTION 0xAA /* Ke */
#define KRB_FOR_INTEGRITY 0x55  /* Ki */

/* n-fold (RFC 3961 5.1); out_size at most 32. */
void krb_fold(struct bytes in, uint8_t *out, size_t out_size);

/* Bytes of a derived key: Kc and Ki of etypes 19 and 20 are shorter than the key itself. */
size_t krb_derived_size(const struct krb_etype *etype, uint8_t purpose);

MUST_CHECK bool krb_derive(const struct krb_key *key, uint32_t usage, uint8_t purpose, uint8_t out[KRB_KEY_MAX]);

/* Ke and Ki of each of `count` usages (at most KRB_USAGES_MAX) at once: cheaper than one by one. Not for RC4. */
MUST_CHECK bool krb_derive_usages(const struct krb_key *key, const uint32_t *usages, size_t count,
                                  struct krb_usage *out);

/* HMAC of the type's hash, cut to `size`. */
MUST_CHECK bool krb_hmac(const struct krb_etype *etype, struct bytes key, const struct bytes *parts, size_t count,
                         uint8_t *out, size_t size);

#endif
