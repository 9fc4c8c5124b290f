/*
 * The parts that a file of certificates is made of, before they become an object. Part of the folder's insides.
 */
#ifndef SSPI_CERTIFICATE_LOAD_H
#define SSPI_CERTIFICATE_LOAD_H

#include "certificate/certificate.h"

/* What was found; all owned. The first certificate of the content is the leaf. */
struct certificate_parts {
    X509 *leaf;
    STACK_OF(X509) * chain; /* NULL: none */
    EVP_PKEY *key;          /* NULL: none */
};

void certificate_parts_clear(struct certificate_parts *parts);

/* "certificate WHERE: WHY", or that memory ran out if that was OpenSSL's reason. */
SECURITY_STATUS certificate_unusable(struct failure *failure, const char *where, const char *why);

/* Reads certificates, and the first private key, of PEM text. The key of `parts` is left alone if it is set. */
MUST_CHECK SECURITY_STATUS load_pem(const struct certificate_source *source, struct certificate_parts *parts,
                                    struct failure *failure);
/* A private key alone, PEM or DER. */
MUST_CHECK SECURITY_STATUS load_key(const char *where, struct bytes content, struct bytes password, EVP_PKEY **key,
                                    struct failure *failure);
MUST_CHECK SECURITY_STATUS load_pkcs12(const struct certificate_source *source, struct certificate_parts *parts,
                                       struct failure *failure);
MUST_CHECK SECURITY_STATUS load_der(const struct certificate_source *source, struct certificate_parts *parts,
                                    struct failure *failure);

/* Whether a key is of a kind that TLS signs with: RSA, EC, Ed25519, Ed448. */
bool load_kind_known(const PKCS8_PRIV_KEY_INFO *plain);

/* The private key of a block of PEM, or of DER of either form. */
struct pem_block;
MUST_CHECK SECURITY_STATUS load_key_block(const char *where, struct pem_block *block, struct bytes password,
                                          EVP_PKEY **key, struct failure *failure);
MUST_CHECK SECURITY_STATUS load_key_der(const char *where, struct bytes content, struct bytes password, EVP_PKEY **key,
                                        struct failure *failure);

/* One certificate in DER, and nothing behind it, in our library context; NULL if it is none. */
MUST_CHECK X509 *load_x509(struct bytes der);

/* Adds at the end; the leaf first. Takes `x509` over also on failure. */
MUST_CHECK bool certificate_parts_add(struct certificate_parts *parts, X509 *x509);

bool content_is_pem(struct bytes content);
bool content_is_pkcs12(struct bytes content); /* SEQUENCE { INTEGER 3, ... }, RFC 7292, 4 */

#endif
