/*
 * The SSL_CTX of a credential: versions, ciphers, certificates, callbacks. Made once; whatever a connection needs on
 * top of it is set by schannel_credential_attach.
 */
#include <openssl/err.h>

#include "certificate/openssl.h"
#include "crypto/library.h"
#include "schannel/credential.h"

/* What OpenSSL refuses, in its words. */
static SECURITY_STATUS refused(struct failure *failure, SECURITY_STATUS status, const char *what)
{
    char why[OPENSSL_TEXT_SIZE];

    openssl_reason(why);
    return failure_set(failure, status, SSPI_REASON_CERTIFICATE, "%s: %s", what, why);
}

static SECURITY_STATUS certificate_use(SSL_CTX *tls, const struct certificate *certificate, struct failure *failure)
{
    if (SSL_CTX_use_cert_and_key(tls, certificate->x509, certificate->key, certificate->chain, 1) == 1)
        return SEC_E_OK;
    return refused(failure, SEC_E_NO_CREDENTIALS, certificate->where);
}

static SECURITY_STATUS fill(struct schannel_credential *credential, SSL_CTX *tls, struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_OK;

    SSL_CTX_set_options(tls, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1
        || SSL_CTX_set_max_proto_version(tls, TLS1_3_VERSION) != 1)
        return refused(failure, SEC_E_INTERNAL_ERROR, "versions of TLS");
    for (size_t i = 0; i < credential->certificate_count && status == SEC_E_OK; i++)
        status = certificate_use(tls, credential->certificates[i], failure);
    return status;
}

SECURITY_STATUS schannel_tls_new(struct schannel_credential *credential, bool acceptor, SSL_CTX **tls,
                                 struct failure *failure)
{
    SECURITY_STATUS status;
    SSL_CTX *made;

    *tls = NULL;
    if (acceptor && !credential->certificate_count)
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE,
                           "a server needs a certificate and none was given");
    openssl_enter();
    made = SSL_CTX_new_ex(crypto_library()->context, NULL, acceptor ? TLS_server_method() : TLS_client_method());
    status = made ? fill(credential, made, failure) : refused(failure, SEC_E_INSUFFICIENT_MEMORY, "OpenSSL");
    openssl_leave();
    if (status == SEC_E_OK)
        *tls = made;
    else
        SSL_CTX_free(made);
    return status;
}
