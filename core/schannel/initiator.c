/*
 * InitializeSecurityContext: the client's legs.
 */
#include <openssl/x509v3.h>
#include <string.h>

#include "schannel/engine.h"

/* Flags without a meaning here, which Windows refuses too. */
#define REFUSED (ISC_REQ_DELEGATE | ISC_REQ_DATAGRAM | ISC_REQ_PROMPT_FOR_CREDS)

static struct schannel_credential *credential_of(const struct schannel_context *context)
{
    return (struct schannel_credential *)context->base.credential;
}

/* The server asks for a certificate. 1: go on with what there is; -1: stop until the program has decided. */
static int certificate_wanted(SSL *ssl, void *argument)
{
    struct schannel_context *context = schannel_context_of(ssl);
    const struct schannel_credential *credential;

    (void)argument;
    if (!context || SSL_get_certificate(ssl) || context->certificate_refused)
        return 1;
    credential = credential_of(context);
    if (!(context->requested & ISC_REQ_USE_SUPPLIED_CREDS) && !(credential->flags & SCH_CRED_NO_DEFAULT_CREDS))
        return 1;
    return -1;
}

/* The program answers SEC_I_INCOMPLETE_CREDENTIALS: with another credential, or the same one, and then without. */
static SECURITY_STATUS certificate_supply(struct schannel_context *context, struct credential *given, struct step *step)
{
    const struct schannel_credential *credential = (const struct schannel_credential *)given;
    const struct certificate *certificate;

    if (!context->awaits_certificate)
        return SEC_E_OK;
    context->certificate_refused = true;
    context->supplied = given;
    if (!credential->certificate_count)
        return SEC_E_OK;
    certificate = credential->certificates[0];
    if (SSL_use_cert_and_key(context->ssl, certificate->x509, certificate->key, certificate->chain, 1) == 1)
        return SEC_E_OK;
    return failure_set(step->failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE,
                       "the client's certificate cannot be used on this connection");
}

/* Addresses have no SNI, RFC 6066 3. */
static SECURITY_STATUS name_say(struct schannel_context *context, struct step *step)
{
    ASN1_OCTET_STRING *address;

    if (!context->target || !*context->target)
        return SEC_E_OK;
    address = a2i_IPADDRESS(context->target);
    ASN1_OCTET_STRING_free(address);
    if (address || SSL_set_tlsext_host_name(context->ssl, context->target))
        return SEC_E_OK;
    return failure_set(step->failure, SEC_E_TARGET_UNKNOWN, SSPI_REASON_TARGET, "the target is no server's name");
}

static SECURITY_STATUS prepare(struct schannel_context *context, struct step *step)
{
    SECURITY_STATUS status = name_say(context, step);

    if (status == SEC_E_OK)
        status = schannel_validate_prepare(context, step);
    if (status == SEC_E_OK) /* chooses a session that was verified as this connection has to be */
        status = schannel_credential_attach(credential_of(context), context->ssl, false, false, context->target,
                                            step->failure);
    schannel_alpn_limits_offer(credential_of(context), context->ssl, context->protocols);
    SSL_set_post_handshake_auth(context->ssl, 1);
    SSL_set_cert_cb(context->ssl, certificate_wanted, NULL);
    return status;
}

static SECURITY_STATUS first_leg(struct credential *credential, struct context **out, struct step *step)
{
    struct schannel_context *context;
    SECURITY_STATUS status = schannel_context_new(credential, false, step, &context);

    if (status != SEC_E_OK)
        return status;
    context->requested = step->requested;
    status = prepare(context, step);
    step->token = (struct bytes){0}; /* nobody spoke yet */
    return schannel_engine_begin(context, status, out, step);
}

static SECURITY_STATUS leg_run(struct credential *credential, struct context **base, struct step *step)
{
    struct schannel_context *context = (struct schannel_context *)*base;
    bool open = context && context->base.phase == CONTEXT_ESTABLISHED;
    SECURITY_STATUS status = schannel_engine_check(step, REFUSED, context && !open && context->control == CONTROL_NONE);

    if (status != SEC_E_OK)
        return status;
    if (!context)
        return first_leg(credential, base, step);
    status = schannel_engine_credential(context, credential, step);
    if (status != SEC_E_OK)
        return status;
    status = certificate_supply(context, credential, step);
    if (status != SEC_E_OK)
        return status;
    if (open || context->control != CONTROL_NONE)
        return schannel_again_step(context, step);
    return schannel_engine_step(context, step);
}

/* Whatever OpenSSL had to say of this connection is said: its queue belongs to the thread. */
SECURITY_STATUS schannel_initiate(struct credential *credential, struct context **base, struct step *step)
{
    SECURITY_STATUS status = leg_run(credential, base, step);

    schannel_alert_forget();
    return status;
}
