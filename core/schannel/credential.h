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

/* Limits that SCHANNEL_CRED or SCH_CREDENTIALS set. */
struct schannel_limits {
    ULONG protocols_off; /* SP_PROT_ bits of this side */
    ULONG protocols_on;  /* SP_PROT_ bits; 0: the system's default */
    ULONG bits_least;    /* of ciphers; 0: default */
    ULONG bits_most;     /* 0: default */
    ULONG lifespan_ms;   /* of sessions; 0: default */
};

struct schannel_credential {
    struct credential base;
    ULONG flags; /* SCH_ bits of the program */
    struct schannel_limits limits;
    struct certificate **certificates; /* the first is the default */
    size_t certificate_count;
    pthread_mutex_t lock; /* until `tls` is set */
    SSL_CTX *_Atomic tls; /* NULL: not made yet */
};

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

/* ---- auth_data.c ---- */

/* Takes what pAuthData says: SCHANNEL_CRED or SCH_CREDENTIALS. NULL is legal and says nothing. */
MUST_CHECK SECURITY_STATUS schannel_auth_data_take(struct schannel_credential *credential, const void *auth_data,
                                                   struct failure *failure);

/* ---- tls.c ---- */

/* Makes the SSL_CTX. */
MUST_CHECK SECURITY_STATUS schannel_tls_new(struct schannel_credential *credential, bool acceptor, SSL_CTX **tls,
                                            struct failure *failure);

#endif
