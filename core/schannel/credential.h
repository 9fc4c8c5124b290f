/*
 * Inside schannel/ only: credentials. What the program and the operator said is gathered until the first context; then
 * one SSL_CTX is made of it, which all contexts share and nothing changes.
 */
#ifndef SSPI_SCHANNEL_CREDENTIAL_H
#define SSPI_SCHANNEL_CREDENTIAL_H

#include <openssl/ssl.h>
#include <pthread.h>

#include "api/provider.h"
#include "certificate/certificate.h"
#include "schannel.h"

struct schannel_tickets;
struct schannel_sessions;
struct schannel_names;

#define SCHANNEL_SESSION_ID_CONTEXT 16 /* bytes; RFC 5246 leaves it to the server */

/* One CRYPTO_SETTINGS: what a suite must not be made of. */
struct schannel_rule {
    eTlsAlgorithmUsage usage;
    char name[24];     /* CNG's, folded to upper case */
    unsigned modes;    /* SCHANNEL_MODE_ bits; 0: all */
    ULONG least, most; /* bits that stay allowed; both 0: none */
};
#define SCHANNEL_MODE_CBC 1u
#define SCHANNEL_MODE_GCM 2u
#define SCHANNEL_MODE_CCM 4u

/* SHA-1 of a certificate, as SCHANNEL_CERT_HASH has it. */
struct schannel_hash {
    uint8_t sha1[20];
};

/* Limits that SCHANNEL_CRED or SCH_CREDENTIALS set. */
struct schannel_limits {
    struct schannel_rule rules[SCH_CRED_MAX_SUPPORTED_CRYPTO_SETTINGS];
    size_t rule_count;
    ALG_ID algorithms[SCH_CRED_MAX_SUPPORTED_ALGS]; /* the only ones of their class */
    size_t algorithm_count;
    ULONG protocols_on;  /* SP_PROT_ bits; 0: the system's default */
    ULONG protocols_off; /* SP_PROT_ bits */
    bool old_form;       /* SCHANNEL_CRED: TLS 1.3 only where it is named */
    ULONG bits_least;    /* of ciphers; 0: default */
    ULONG bits_most;     /* 0: default */
    ULONG lifespan_ms;   /* of sessions; 0: default */
};

/* TLS_PARAMETERS for some application protocols alone. */
struct schannel_alpn_limits {
    struct schannel_limits limits;
    uint8_t *names; /* RFC 7301 form: each behind its length */
    size_t names_size;
};

struct schannel_credential {
    struct credential base;
    ULONG flags; /* SCH_ bits of the program */
    struct schannel_limits limits;
    struct schannel_alpn_limits *alpn_limits;
    size_t alpn_limit_count;
    struct certificate **certificates; /* with keys; the first is the default */
    size_t certificate_count;
    struct schannel_hash *hashes; /* certificates that the program named by their hash, and the operator configured */
    size_t hash_count;
    X509_STORE *trust;                  /* NULL until said, or until the SSL_CTX is made */
    bool trust_is_listed;               /* the anchors are few enough to name them to clients */
    struct schannel_tickets *tickets;   /* acceptor */
    struct schannel_sessions *sessions; /* initiator */
    struct schannel_names *names;       /* acceptor with several certificates */
    int key_log;                        /* descriptor, or -1 */
    uint8_t session_id_context[SCHANNEL_SESSION_ID_CONTEXT];
    pthread_mutex_t lock; /* until `tls` is set */
    SSL_CTX *_Atomic tls; /* NULL: not made yet */
};

/* ---- credential.c ---- */

MUST_CHECK SECURITY_STATUS schannel_acquire(const struct acquire *request, struct credential **credential);
void schannel_credential_free(struct credential *credential);

/*
 * The SSL_CTX of a credential, borrowed: made with the first call, after the options are closed, and constant from then
 * on. SEC_E_NO_CREDENTIALS: no certificate, or one that does not fit; SEC_E_INVALID_PARAMETER: a bad option;
 * SEC_E_INSUFFICIENT_MEMORY.
 */
MUST_CHECK SECURITY_STATUS schannel_credential_tls(struct schannel_credential *credential, bool acceptor, SSL_CTX **tls,
                                                   struct failure *failure);

/*
 * Once for each new SSL of the credential: whether the peer's certificate is asked for (`mutual`, acceptor), which
 * sessions may be resumed, and for an initiator the session kept for `target` (NULL: none is kept).
 */
MUST_CHECK SECURITY_STATUS schannel_credential_attach(struct schannel_credential *credential, SSL *ssl, bool acceptor,
                                                      bool mutual, const char *target, struct failure *failure);

/* Adds a certificate at the end, with a reference of its own. False: no memory. */
MUST_CHECK bool schannel_credential_add(struct schannel_credential *credential, struct certificate *certificate);

/* The functions of the provider's table. */
MUST_CHECK SECURITY_STATUS schannel_set_certificate(struct credential *credential,
                                                    const struct certificate_source *source, bool more,
                                                    struct failure *failure);
MUST_CHECK SECURITY_STATUS schannel_set_trust(struct credential *credential, struct bytes anchors,
                                              struct failure *failure);
MUST_CHECK SECURITY_STATUS schannel_set_ocsp(struct credential *credential, struct bytes response,
                                             struct failure *failure);

/* ---- auth_data.c ---- */

/* Takes what pAuthData says: SCHANNEL_CRED or SCH_CREDENTIALS. NULL is legal and says nothing. */
MUST_CHECK SECURITY_STATUS schannel_auth_data_take(struct schannel_credential *credential, const void *auth_data,
                                                   struct failure *failure);

/* ---- hashes.c ---- */

/* Takes a SCHANNEL_CERT_HASH or SCHANNEL_CERT_HASH_STORE. SEC_E_INVALID_PARAMETER. */
MUST_CHECK SECURITY_STATUS schannel_hash_take(struct schannel_credential *credential, DWORD format, const void *given,
                                              struct failure *failure);
/* Adds the certificates whose hashes were taken, from what option tls_certificate names. SEC_E_NO_CREDENTIALS. */
MUST_CHECK SECURITY_STATUS schannel_hashes_resolve(struct schannel_credential *credential, struct failure *failure);
void schannel_hashes_drop(struct schannel_credential *credential);

/* ---- suites.c ---- */

/* Takes the TLS_PARAMETERS that are for every application protocol. SEC_E_INVALID_PARAMETER; SEC_E_UNSUPPORTED_FUNCTION
 * for what is neither understood nor optional. */
MUST_CHECK SECURITY_STATUS schannel_parameters_take(struct schannel_limits *limits, const TLS_PARAMETERS *parameters,
                                                    DWORD count, struct failure *failure);
/* The limits of one of them, whatever it is for. */
MUST_CHECK SECURITY_STATUS schannel_parameters_limits(struct schannel_limits *limits, const TLS_PARAMETERS *given,
                                                      struct failure *failure);
/* Takes palgSupportedAlgs. */
MUST_CHECK SECURITY_STATUS schannel_algorithms_take(struct schannel_limits *limits, const ALG_ID *algorithms,
                                                    DWORD count, struct failure *failure);
/* Whether a limit needs the list of suites to be filtered, and whether a suite stays. */
bool schannel_limits_suites(const struct schannel_limits *limits);
bool schannel_suite_allowed(const struct schannel_limits *limits, const SSL_CIPHER *cipher);

#define SCHANNEL_SUITE_IDS 4
/* The numbers of a suite's cipher, hash, key exchange and signature; 0: Windows has none, or the suite leaves it open.
 */
void schannel_suite_ids(const SSL_CIPHER *cipher, ALG_ID ids[SCHANNEL_SUITE_IDS]);

/* ---- alpn_limits.c ---- */

/* Takes the TLS_PARAMETERS that are for single application protocols; optional ones are left aside. */
MUST_CHECK SECURITY_STATUS schannel_alpn_limits_take(struct schannel_credential *credential,
                                                     const TLS_PARAMETERS *parameters, DWORD count,
                                                     struct failure *failure);
void schannel_alpn_limits_drop(struct schannel_credential *credential);
/* Of SSL_CTX_set_client_hello_cb: limits an acceptor's connection by the protocol that will be chosen. */
int schannel_alpn_limits_hello(SSL *ssl, int *alert);
/* Limits an initiator's connection by what all the protocols have in common that it offers, RFC 7301 form. */
void schannel_alpn_limits_offer(const struct schannel_credential *credential, SSL *ssl, struct bytes offered);
/* Whether what was agreed is allowed for the protocol that was chosen. */
MUST_CHECK bool schannel_alpn_limits_hold(const struct schannel_credential *credential, const SSL *ssl, bool acceptor);

/* ---- allowed.c ---- */

/* QueryCredentialsAttributes: which protocols, ciphers and strengths the credential's connections may have. */
MUST_CHECK SECURITY_STATUS schannel_query_credential(struct credential *credential, ULONG attribute,
                                                     struct credential_value *value, struct failure *failure);

/* ---- configured.c ---- */

/* Adds what the options name and the program did not give: certificates, trust, stapled response, key log. */
MUST_CHECK SECURITY_STATUS schannel_configured_take(struct schannel_credential *credential, bool acceptor,
                                                    struct failure *failure);

/* ---- policy.c ---- */

/* Versions, ciphers and groups by options and limits. SEC_E_INVALID_PARAMETER, SEC_E_ALGORITHM_MISMATCH. */
MUST_CHECK SECURITY_STATUS schannel_policy_apply(const struct schannel_credential *credential, bool acceptor,
                                                 SSL_CTX *tls, struct failure *failure);
/* Narrows one connection. False: nothing is left. */
MUST_CHECK bool schannel_policy_narrow(const struct schannel_limits *limits, SSL *ssl);
/* The bit of the version that was agreed on, of both sides. */
ULONG schannel_policy_version(const SSL *ssl);
/* The versions that an SSL_CTX speaks, as SP_PROT_ bits of one side. */
ULONG schannel_policy_versions(bool acceptor, SSL_CTX *tls);

/* ---- tls.c ---- */

/* Makes the SSL_CTX, and what belongs to it. */
MUST_CHECK SECURITY_STATUS schannel_tls_new(struct schannel_credential *credential, bool acceptor, SSL_CTX **tls,
                                            struct failure *failure);

/* One SSL_CTX with these certificates, which differ in the kind of their keys. Part of schannel_tls_new. */
MUST_CHECK SECURITY_STATUS schannel_tls_one(struct schannel_credential *credential, bool acceptor,
                                            struct certificate *const *certificates, size_t count, SSL_CTX **tls,
                                            struct failure *failure);

/* Sets the words of OpenSSL's last error behind `what`, and returns the status. */
SECURITY_STATUS schannel_tls_refused(struct failure *failure, SECURITY_STATUS status, const char *what);

/* ---- sni.c: several certificates ---- */

/* Groups the credential's certificates by their names, and lets `tls`, which has the first group, choose among them. */
MUST_CHECK SECURITY_STATUS schannel_names_new(struct schannel_credential *credential, SSL_CTX *tls,
                                              struct schannel_names **names, struct failure *failure);
void schannel_names_free(struct schannel_names *names);
/* The certificates that go with the first one: same names, other kinds of keys. `group` has room for all. */
size_t schannel_names_group(const struct schannel_credential *credential, size_t first, struct certificate **group);

/* ---- tickets.c: keys of session tickets, RFC 5077 and RFC 8446 4.6.1 ---- */

MUST_CHECK SECURITY_STATUS schannel_tickets_new(ULONG lifespan_seconds, struct schannel_tickets **tickets,
                                                struct failure *failure);
void schannel_tickets_free(struct schannel_tickets *tickets);
void schannel_tickets_use(SSL_CTX *tls);

/* ---- resume.c: what a session may be resumed for ---- */

/* An acceptor's tickets do not outlive the client's certificate. */
void schannel_resume_use(SSL_CTX *tls);
/* Before an acceptor's OpenSSL reads a ClientHello: sessions are resumed under the name they were made under, by
 * clients that are asked for a certificate as they were then. False: no memory. */
MUST_CHECK bool schannel_resume_settle(SSL *ssl);
/* Once the peer's certificates were looked at: the session does not outlive them. False: no memory. */
MUST_CHECK bool schannel_resume_note(SSL *ssl, X509_STORE_CTX *store);
/* Shortens a session, or one that follows from it, as that told. */
void schannel_resume_limit(SSL_SESSION *session);
/* Its time is over. */
bool schannel_resume_over(const SSL_SESSION *session);

/* ---- sessions.c: what an initiator keeps for resumption ---- */

MUST_CHECK struct schannel_sessions *schannel_sessions_new(void);
void schannel_sessions_free(struct schannel_sessions *sessions);
void schannel_sessions_use(SSL_CTX *tls);
/* Offers what is kept for the target, and keeps what the server gives. False: no memory. */
MUST_CHECK bool schannel_sessions_attach(struct schannel_sessions *sessions, SSL *ssl, const char *target);
/* Forgets those of the target of this connection, which ended with a fatal alert of ours. NULL: there are none. */
void schannel_sessions_drop(struct schannel_sessions *sessions, const SSL *ssl);
/* Forgets the sessions of one target, or of all (NULL), in every credential: SslEmptyCache. */
void schannel_sessions_forget(const char *target);

/* ---- map.c ---- */

/*
 * The account that a client's certificate maps to, "DOMAIN\user" in `name`. SEC_E_LOGON_DENIED: it names no account
 * that may log in; SEC_E_NO_CREDENTIALS: there is no account store, or SCH_CRED_NO_SYSTEM_MAPPER; others: the store is
 * unavailable.
 */
MUST_CHECK SECURITY_STATUS schannel_map(struct schannel_credential *credential, X509 *x509, char *name, size_t size,
                                        struct failure *failure);

/* The credential that an SSL_CTX of ours was made for. */
struct schannel_credential *schannel_credential_of(const SSL *ssl);

#endif
