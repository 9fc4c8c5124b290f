/*
 * A small public key infrastructure for tests, made on the spot: one authority, and certificates of it. Keys of each
 * kind are made once a process.
 */
#ifndef SSPI_TESTS_PKI_H
#define SSPI_TESTS_PKI_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

enum pki_key { PKI_P256, PKI_RSA, PKI_ED25519, PKI_KEYS };

struct pki_spec {
    const char *name; /* common name, and DNS name unless `client` */
    const char *upn;  /* user principal name in the subject's alternative names; NULL: none */
    enum pki_key key;
    bool client;       /* for authentication of clients, else of servers */
    bool self_signed;  /* not of the authority */
    long starts, ends; /* seconds from now; both 0: yesterday, in a year */
};

/* The authority's certificate, borrowed for the life of the process. */
X509 *pki_authority(void);
EVP_PKEY *pki_authority_key(void);
EVP_PKEY *pki_private(enum pki_key key);
/* A new certificate over pki_private(spec->key); the caller frees it. Aborts when OpenSSL fails. */
X509 *pki_certificate(const struct pki_spec *spec);

/* PEM text in memory of the process, never freed: certificate, and private key where `key` is not NULL. */
const char *pki_pem(X509 *certificate, EVP_PKEY *key);

#endif
