/*
 * Certificates as programs hold them (PCCERT_CONTEXT, HCERTSTORE) and as packages use them: an X.509 certificate with
 * its chain and, where there is one, its private key. Loaded from PEM, PKCS#12 or DER; reference counted (live.h); safe
 * between threads.
 */
#ifndef SSPI_CERTIFICATE_CERTIFICATE_H
#define SSPI_CERTIFICATE_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/failure.h"
#include "base/secret.h"
#include "compat/wincrypt.h"

/* Caps on what is read at all. */
#define CERTIFICATE_FILE_LIMIT (1u << 20)
#define CERTIFICATE_TRUST_LIMIT (16u << 20)
#define CERTIFICATE_CHAIN_LIMIT 32
#define CERTIFICATE_KEY_BITS_LIMIT 16384 /* what OpenSSL verifies at most */
#define CERTIFICATE_PASSWORD_LIMIT 1024
#define CERTIFICATE_OCSP_LIMIT (1u << 16)

/* Everything but the stapled response is constant after its making. */
struct certificate {
    CERT_CONTEXT context; /* what programs see; first, so that their pointer is ours */
    CERT_INFO info;
    X509 *x509;
    STACK_OF(X509) * chain;          /* the issuers that go along, the leaf's own first; NULL: none */
    EVP_PKEY *key;                   /* NULL: no private key */
    char *where;                     /* the file's name, or what stands in for it in explanations */
    uint8_t *info_memory;            /* what `info` points to */
    struct certificate_store *store; /* hCertStore, by certificate_store_attach; NULL: none */
    pthread_mutex_t lock;            /* guards what follows */
    uint8_t *ocsp;                   /* the response to staple, DER; NULL: none */
    size_t ocsp_size;
    int64_t ocsp_ends; /* FILETIME: then it is no longer sent */
};

/* ---- Objects ---- */

/*
 * Takes references of its own to all three; `chain` and `key` may be NULL, `where` NULL is "in memory". The key must be
 * that of the certificate: SEC_E_NO_CREDENTIALS otherwise. SEC_E_INSUFFICIENT_MEMORY.
 */
MUST_CHECK SECURITY_STATUS certificate_new(X509 *x509, STACK_OF(X509) * chain, EVP_PKEY *key, const char *where,
                                           struct certificate **out, struct failure *failure);
struct certificate *certificate_retain(struct certificate *certificate);
void certificate_release(struct certificate *certificate); /* NULL is legal */

/* What a program's pointer stands for, retained; NULL for a pointer that is not a living certificate's. */
MUST_CHECK struct certificate *certificate_hold(PCCERT_CONTEXT context);

/* Gives up a program's reference. False for a pointer that is not a living certificate's. */
bool certificate_context_free(PCCERT_CONTEXT context);

/* ---- Loading ---- */

/* Where a certificate comes from. Everything is borrowed. */
struct certificate_source {
    const char *where;     /* for explanations; NULL: in memory */
    struct bytes content;  /* PEM, PKCS#12 or DER */
    const char *key_where; /* NULL: as `where` */
    struct bytes key;      /* PEM or DER; data NULL: the key is in `content` */
    struct bytes password; /* of the key or the PKCS#12; data NULL: none */
    bool key_wanted;       /* without a private key it is a failure */
};

/*
 * SEC_E_NO_CREDENTIALS: malformed, wrong password, no certificate, key missing or of another certificate; the failure
 * names the file and says which. SEC_E_INSUFFICIENT_MEMORY.
 */
MUST_CHECK SECURITY_STATUS certificate_load(const struct certificate_source *source, struct certificate **out,
                                            struct failure *failure);

/* The same from files; `key_path` NULL: the key is in the same file. Files with keys must be closed to others. */
MUST_CHECK SECURITY_STATUS certificate_load_file(const char *path, const char *key_path, struct bytes password,
                                                 bool key_wanted, struct certificate **out, struct failure *failure);

/*
 * What the options tls_certificate, tls_private_key and tls_password_file name, one after the other; nothing where they
 * name nothing. Stops at the first status that is not SEC_E_OK. The visitor takes references of its own.
 */
struct settings;
typedef SECURITY_STATUS certificate_visit(void *argument, struct certificate *certificate, struct failure *failure);
MUST_CHECK SECURITY_STATUS certificate_configured_each(const struct settings *settings, certificate_visit *visit,
                                                       void *argument, struct failure *failure);

/* ---- Stapled OCSP response ---- */

/* Takes a copy of a response (DER) for this certificate. SEC_E_NO_CREDENTIALS when it is damaged, too old or of
 * another. */
MUST_CHECK SECURITY_STATUS certificate_ocsp_set(struct certificate *certificate, struct bytes response,
                                                struct failure *failure);
/* A copy in OpenSSL's memory, to be given to it; NULL: there is none, or it is too old by now. */
MUST_CHECK uint8_t *certificate_ocsp_copy(struct certificate *certificate, size_t *size);

#endif
