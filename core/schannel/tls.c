/*
 * The SSL_CTX of a credential: versions, ciphers, certificates, trust, callbacks. Made once; whatever a connection
 * needs on top of it is set by schannel_credential_attach.
 */
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

#include "account/fork_lock.h"
#include "base/clock.h"
#include "base/memory.h"
#include "certificate/info.h"
#include "certificate/openssl.h"
#include "certificate/trust.h"
#include "crypto/library.h"
#include "crypto/random.h"
#include "schannel/credential.h"
#include "schannel/engine.h"

struct schannel_credential *schannel_credential_of(const SSL *ssl)
{
    return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

SECURITY_STATUS schannel_tls_refused(struct failure *failure, SECURITY_STATUS status, const char *what)
{
    char why[OPENSSL_TEXT_SIZE];

    if (openssl_no_memory())
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for TLS");
    openssl_reason(why);
    return failure_set(failure, status, SSPI_REASON_CERTIFICATE, "%s: %s", what, why);
}

/* ---- Certificates ---- */

/* Nobody would accept it, so the operator is told before the first client is. */
static SECURITY_STATUS fitness_check(const struct certificate *certificate, bool acceptor, struct failure *failure)
{
    const int purpose = acceptor ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT;
    const int64_t now = clock_now();
    int64_t begins, ends;

    if (!certificate_time(X509_get0_notBefore(certificate->x509), &begins)
        || !certificate_time(X509_get0_notAfter(certificate->x509), &ends))
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE,
                           "certificate %s: its times cannot be read", certificate->where);
    if (now > ends)
        return failure_set(failure, SEC_E_CERT_EXPIRED, SSPI_REASON_CERTIFICATE, "certificate %s: it has expired",
                           certificate->where);
    if (now < begins)
        return failure_set(failure, SEC_E_CERT_EXPIRED, SSPI_REASON_CERTIFICATE, "certificate %s: it is not yet valid",
                           certificate->where);
    if (X509_check_purpose(certificate->x509, purpose, 0) != 1)
        return failure_set(failure, SEC_E_CERT_WRONG_USAGE, SSPI_REASON_CERTIFICATE,
                           "certificate %s: it is not one for TLS %s", certificate->where,
                           acceptor ? "servers" : "clients");
    return SEC_E_OK;
}

/* The chain as it goes out: a root at its end is not sent, since who trusts it has it. */
static STACK_OF(X509) * chain_to_send(const struct certificate *certificate, bool with_root)
{
    STACK_OF(X509) *chain = sk_X509_new_null();

    for (int i = 0; chain && i < sk_X509_num(certificate->chain); i++) {
        X509 *x509 = sk_X509_value(certificate->chain, i);

        if (!with_root && (X509_get_extension_flags(x509) & EXFLAG_SS))
            continue;
        if (sk_X509_push(chain, x509) <= 0) {
            sk_X509_free(chain);
            return NULL;
        }
    }
    return chain;
}

static SECURITY_STATUS certificate_use(const struct schannel_credential *credential, bool acceptor, SSL_CTX *tls,
                                       const struct certificate *certificate, struct failure *failure)
{
    SECURITY_STATUS status = fitness_check(certificate, acceptor, failure);
    STACK_OF(X509) * chain;
    char what[192];

    if (status != SEC_E_OK)
        return status;
    chain = chain_to_send(certificate, (credential->flags & SCH_SEND_ROOT_CERT) != 0);
    if (!chain)
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for TLS");
    if (SSL_CTX_use_cert_and_key(tls, certificate->x509, certificate->key, chain, 1) != 1) {
        BIO_snprintf(what, sizeof what, "certificate %.150s", certificate->where);
        status = schannel_tls_refused(failure, SEC_E_NO_CREDENTIALS, what);
    }
    sk_X509_free(chain);
    return status;
}

/* OpenSSL's callback of a server whose client asks for the certificate's status. */
static int response_staple(SSL *ssl, void *argument)
{
    const struct schannel_credential *credential = schannel_credential_of(ssl);
    const X509 *mine = SSL_get_certificate(ssl);
    uint8_t *copy = NULL;
    size_t size = 0;

    (void)argument;
    fork_lock_enter();
    for (size_t i = 0; i < credential->certificate_count && !copy; i++)
        if (credential->certificates[i]->x509 == mine)
            copy = certificate_ocsp_copy(credential->certificates[i], &size);
    fork_lock_leave();
    if (!copy)
        return SSL_TLSEXT_ERR_NOACK;
    if (SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)size) == 1)
        return SSL_TLSEXT_ERR_OK;
    OPENSSL_free(copy);
    return SSL_TLSEXT_ERR_NOACK;
}

/* ---- Trust ---- */

static int believe(int good, X509_STORE_CTX *store)
{
    (void)good, (void)store;
    return 1;
}

#define REVOCATION                                                                                                     \
    (SCH_CRED_REVOCATION_CHECK_END_CERT | SCH_CRED_REVOCATION_CHECK_CHAIN                                              \
     | SCH_CRED_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT)

/* CRLs count where there are any; the program's flags make them a duty. */
static bool revocation_apply(const struct schannel_credential *credential, X509_STORE *trust)
{
    const ULONG flags = credential->flags;
    unsigned long check = 0;

    if ((flags & REVOCATION) && !(flags & (SCH_CRED_IGNORE_NO_REVOCATION_CHECK | SCH_CRED_IGNORE_REVOCATION_OFFLINE)))
        check = X509_V_FLAG_CRL_CHECK;
    if (trust_crls(trust))
        check = X509_V_FLAG_CRL_CHECK;
    if (check && (flags & (SCH_CRED_REVOCATION_CHECK_CHAIN | SCH_CRED_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT)))
        check |= X509_V_FLAG_CRL_CHECK_ALL;
    return !check || X509_STORE_set_flags(trust, check) == 1;
}

/* The names of the authorities, so that a client with several certificates knows which one will do. */
static bool authorities_name(const struct schannel_credential *credential, SSL_CTX *tls)
{
    STACK_OF(X509_OBJECT) *held = X509_STORE_get0_objects(credential->trust);
    bool ok = true;

    for (int i = 0; ok && credential->trust_is_listed && i < sk_X509_OBJECT_num(held); i++) {
        X509 *x509 = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(held, i));

        ok = !x509 || SSL_CTX_add_client_CA(tls, x509) == 1;
    }
    return ok;
}

static SECURITY_STATUS trust_apply(const struct schannel_credential *credential, bool acceptor, SSL_CTX *tls,
                                   struct failure *failure)
{
    if (!credential->trust)
        return SEC_E_OK;
    if (SSL_CTX_set1_verify_cert_store(tls, credential->trust) == 1 && revocation_apply(credential, credential->trust)
        && (!acceptor || authorities_name(credential, tls)))
        return SEC_E_OK;
    return schannel_tls_refused(failure, SEC_E_INSUFFICIENT_MEMORY, "trust anchors");
}

/*
 * OpenSSL's callback in place of X509_verify_cert(). Where a client's program checks the server itself, nobody would
 * learn of the result, and to find it takes longer than all else that a client does with the certificate.
 */
static int chain_verify(X509_STORE_CTX *store, void *argument)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    int good = 0;

    (void)argument;
    if (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER)
        good = X509_verify_cert(store);
    else
        X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
    if (good <= 0)
        schannel_alert_refused(ssl, X509_STORE_CTX_get_current_cert(store));
    if (schannel_resume_note(ssl, store))
        return good;
    X509_STORE_CTX_set_error(store, X509_V_ERR_OUT_OF_MEM);
    return 0;
}

/* ---- Sessions, logs ---- */

static ULONG lifespan_seconds(const struct schannel_credential *credential)
{
    const ULONG said = credential->limits.lifespan_ms;

    if (!said)
        return credential->base.settings.tls_session_lifespan_seconds;
    return said < 1000 ? 1 : said / 1000 > 604800 ? 604800 : said / 1000;
}

static bool resumes(const struct schannel_credential *credential)
{
    return !(credential->flags & SCH_CRED_DISABLE_RECONNECTS) && credential->base.settings.tls_tickets > 0;
}

static void sessions_apply(const struct schannel_credential *credential, bool acceptor, SSL_CTX *tls)
{
    SSL_CTX_set_timeout(tls, (long)lifespan_seconds(credential));
    if (!resumes(credential)) {
        SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(tls, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(tls, 0);
    } else if (acceptor) {
        SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_SERVER);
        SSL_CTX_set_num_tickets(tls, credential->base.settings.tls_tickets);
        schannel_tickets_use(tls);
        schannel_resume_use(tls);
    } else {
        schannel_sessions_use(tls);
    }
}

/* One write a line: lines of several connections and processes do not mix. */
static void keys_log(const SSL *ssl, const char *line)
{
    char text[512];
    int size = BIO_snprintf(text, sizeof text, "%s\n", line);

    /* A full disk must not end connections. */
    if (size > 0)
        (void)!write(schannel_credential_of(ssl)->key_log, text, (size_t)size);
    secret_wipe(text, sizeof text);
}

/* OpenSSL's callback of a server, before it reads the ClientHello: one for all who want to look. */
static int hello_look(SSL *ssl, int *alert, void *argument)
{
    (void)argument;
    if (schannel_resume_settle(ssl))
        return schannel_own_alert_hello(ssl, alert);
    *alert = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
}

static void options_apply(const struct schannel_credential *credential, bool acceptor, SSL_CTX *tls)
{
    uint64_t options = SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;

    if (!credential->base.settings.allow_insecure_renegotiation)
        options |= SSL_OP_NO_RENEGOTIATION;
    else
        options |= SSL_OP_ALLOW_CLIENT_RENEGOTIATION | SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION;
    SSL_CTX_set_options(tls, options);
    SSL_CTX_set_dh_auto(tls, 1);
    SSL_CTX_set_quiet_shutdown(tls, 0);
    if (credential->key_log >= 0)
        SSL_CTX_set_keylog_callback(tls, keys_log);
    SSL_CTX_set_cert_verify_callback(tls, chain_verify, NULL);
    if (!acceptor)
        return;
    SSL_CTX_set_client_hello_cb(tls, hello_look, NULL);
    SSL_CTX_set_alpn_select_cb(tls, schannel_alpn_select, NULL);
    SSL_CTX_set_tlsext_status_cb(tls, response_staple);
    if (!credential->trust && (credential->flags & SCH_CRED_MANUAL_CRED_VALIDATION))
        SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, believe);
}

/* ---- Together ---- */

static SECURITY_STATUS fill(struct schannel_credential *credential, bool acceptor,
                            struct certificate *const *certificates, size_t count, SSL_CTX *tls,
                            struct failure *failure)
{
    SECURITY_STATUS status;

    SSL_CTX_set_app_data(tls, credential);
    status = schannel_policy_apply(credential, acceptor, tls, failure);
    for (size_t i = 0; i < count && status == SEC_E_OK; i++)
        status = certificate_use(credential, acceptor, tls, certificates[i], failure);
    if (status == SEC_E_OK)
        status = trust_apply(credential, acceptor, tls, failure);
    if (status != SEC_E_OK)
        return status;
    if (!schannel_own_alert_prepare(tls))
        return schannel_tls_refused(failure, SEC_E_INTERNAL_ERROR, "alerts");
    options_apply(credential, acceptor, tls);
    sessions_apply(credential, acceptor, tls);
    if (SSL_CTX_set_session_id_context(tls, credential->session_id_context, SCHANNEL_SESSION_ID_CONTEXT) != 1)
        return schannel_tls_refused(failure, SEC_E_INTERNAL_ERROR, "sessions");
    return SEC_E_OK;
}

SECURITY_STATUS schannel_tls_one(struct schannel_credential *credential, bool acceptor,
                                 struct certificate *const *certificates, size_t count, SSL_CTX **tls,
                                 struct failure *failure)
{
    SECURITY_STATUS status;
    SSL_CTX *made;

    *tls = NULL;
    openssl_enter();
    made = SSL_CTX_new_ex(crypto_library()->context, NULL, acceptor ? TLS_server_method() : TLS_client_method());
    if (made)
        status = fill(credential, acceptor, certificates, count, made, failure);
    else
        status = schannel_tls_refused(failure, SEC_E_INTERNAL_ERROR, "OpenSSL makes no SSL_CTX");
    openssl_leave();
    if (status == SEC_E_OK)
        *tls = made;
    else
        SSL_CTX_free(made);
    return status;
}

/* What lives beside the SSL_CTX and is used by its callbacks. */
static SECURITY_STATUS companions_make(struct schannel_credential *credential, bool acceptor, struct failure *failure)
{
    if (!random_bytes(credential->session_id_context, sizeof credential->session_id_context))
        return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CRYPTO_UNAVAILABLE, "OpenSSL has no randomness");
    if (!resumes(credential))
        return SEC_E_OK;
    if (acceptor && !credential->tickets)
        return schannel_tickets_new(lifespan_seconds(credential), &credential->tickets, failure);
    if (acceptor || credential->sessions)
        return SEC_E_OK;
    credential->sessions = schannel_sessions_new();
    if (credential->sessions)
        return SEC_E_OK;
    return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for sessions");
}

/* The default certificate, with those of the same names. A client has one certificate, the first. */
static SECURITY_STATUS first_make(struct schannel_credential *credential, bool acceptor, SSL_CTX **tls,
                                  struct failure *failure)
{
    struct certificate **group;
    SECURITY_STATUS status;
    size_t count;

    if (!acceptor || credential->certificate_count < 2)
        return schannel_tls_one(credential, acceptor, credential->certificates, credential->certificate_count ? 1 : 0,
                                tls, failure);
    group = mem_array(credential->certificate_count, sizeof(struct certificate *));
    if (!group)
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for TLS");
    count = schannel_names_group(credential, 0, group);
    status = schannel_tls_one(credential, acceptor, group, count, tls, failure);
    mem_free(group);
    if (status == SEC_E_OK && count < credential->certificate_count)
        status = schannel_names_new(credential, *tls, &credential->names, failure);
    return status;
}

SECURITY_STATUS schannel_tls_new(struct schannel_credential *credential, bool acceptor, SSL_CTX **tls,
                                 struct failure *failure)
{
    SECURITY_STATUS status = schannel_configured_take(credential, acceptor, failure);

    *tls = NULL;
    if (status == SEC_E_OK && acceptor && !credential->certificate_count)
        status = failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE,
                             "a TLS server needs a certificate: pAuthData holds none and option tls_certificate names "
                             "none");
    if (status == SEC_E_OK)
        status = companions_make(credential, acceptor, failure);
    if (status == SEC_E_OK)
        status = first_make(credential, acceptor, tls, failure);
    if (status != SEC_E_OK) {
        SSL_CTX_free(*tls);
        *tls = NULL;
    }
    return status;
}
