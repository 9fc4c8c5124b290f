/*
 * A Kerberos made of paper: fixed tokens, a checksum that anyone could make. It stands in the registry beside Negotiate
 * and NTLM.
 */
#include "api/provider.h"
#include "base/memory.h"
#include "base/utf.h"
#include "negotiate_rig.h"

struct paper_kerberos paper_kerberos;

static const struct provider paper_provider;

static const struct provider *const providers[] = {&negotiate_provider, &paper_provider, &ntlm_provider};

const struct provider *registry_at(size_t index)
{
    return index < sizeof providers / sizeof *providers ? providers[index] : NULL;
}

const struct provider *registry_find(const char *name)
{
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++) {
        if (utf8_same_name(providers[i]->name, name))
            return providers[i];
    }
    return NULL;
}

static SECURITY_STATUS paper_acquire(const struct acquire *request, struct credential **credential)
{
    if (request->use == SECPKG_CRED_INBOUND ? paper_kerberos.server_missing : paper_kerberos.client_missing)
        return failure_set(request->failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL, "no paper");
    *credential = mem_zalloc(sizeof **credential);
    return *credential ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static void paper_credential_free(struct credential *credential)
{
    mem_free(credential);
}

static void paper_context_free(struct context *context)
{
    mem_free(context);
}

static SECURITY_STATUS put(struct step *step, const char *text)
{
    uint8_t *data;
    SECURITY_STATUS status = step_reserve(step, strlen(text), &data);

    if (status == SEC_E_OK && text[0])
        memcpy(data, text, strlen(text));
    return status;
}

static SECURITY_STATUS begin(struct credential *credential, struct context **context, bool acceptor)
{
    *context = mem_zalloc(sizeof **context);
    if (!*context)
        return SEC_E_INSUFFICIENT_MEMORY;
    (*context)->credential = credential;
    (*context)->acceptor = acceptor;
    return SEC_E_OK;
}

static bool token_is(const struct step *step, const char *text)
{
    return step->token.size == strlen(text) && memcmp(step->token.data, text, step->token.size) == 0;
}

static SECURITY_STATUS paper_accept(struct credential *credential, struct context **context, struct step *step)
{
    SECURITY_STATUS status;

    if (paper_kerberos.wrong) {
        step->output.for_peer = put(step, "KRB-ERROR") == SEC_E_OK;
        return failure_set(step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD, "the ticket is not for us");
    }
    if (!token_is(step, "AP-REQ"))
        return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "no AP-REQ");
    status = put(step, paper_kerberos.one_leg ? "" : "AP-REP");
    if (status != SEC_E_OK)
        return status;
    step->attributes = paper_kerberos.no_integrity ? 0 : ASC_RET_INTEGRITY;
    return begin(credential, context, true);
}

static SECURITY_STATUS paper_initiate(struct credential *credential, struct context **context, struct step *step)
{
    SECURITY_STATUS status;

    step->attributes = paper_kerberos.no_integrity ? 0 : ISC_RET_INTEGRITY;
    if (*context)
        return token_is(step, "AP-REP") ? put(step, "") : SEC_E_INVALID_TOKEN;
    if (paper_kerberos.no_ticket)
        return failure_set(step->failure, SEC_E_TARGET_UNKNOWN, SSPI_REASON_TARGET, "no ticket for this target");
    status = put(step, "AP-REQ");
    if (status == SEC_E_OK)
        status = begin(credential, context, false);
    return status == SEC_E_OK && !paper_kerberos.one_leg ? SEC_I_CONTINUE_NEEDED : status;
}

static ULONG sum_of(const struct message *message)
{
    const SecBuffer *data = message_find(message, SECBUFFER_DATA);
    ULONG sum = 4711;

    for (ULONG i = 0; i < data->cbBuffer; i++)
        sum = sum * 31 + ((const uint8_t *)data->pvBuffer)[i];
    return sum;
}

static SECURITY_STATUS paper_sign(struct context *context, struct message *message)
{
    SecBuffer *token = message_find(message, SECBUFFER_TOKEN);
    ULONG sum = sum_of(message) + context->acceptor;

    memcpy(token->pvBuffer, &sum, sizeof sum);
    token->cbBuffer = sizeof sum;
    return SEC_E_OK;
}

static SECURITY_STATUS paper_verify(struct context *context, struct message *message)
{
    const SecBuffer *token = message_find(message, SECBUFFER_TOKEN);
    ULONG sum = sum_of(message) + !context->acceptor;

    return token->cbBuffer == sizeof sum && memcmp(token->pvBuffer, &sum, sizeof sum) == 0 ? SEC_E_OK
                                                                                           : SEC_E_MESSAGE_ALTERED;
}

static bool paper_usable(struct credential *credential, struct failure *why)
{
    (void)credential;
    if (paper_kerberos.no_key)
        failure_set(why, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL, "the keytab is empty");
    return !paper_kerberos.no_key;
}

static SECURITY_STATUS paper_set_keytab(struct credential *credential, const char *path, struct failure *failure)
{
    (void)credential;
    if (strcmp(path, "good.keytab") == 0)
        return SEC_E_OK;
    return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL, "no keytab %s", path);
}

static SECURITY_STATUS paper_delegated(struct context *context, struct credential **credential, struct failure *failure)
{
    (void)context;
    (void)failure;
    *credential = mem_zalloc(sizeof **credential);
    return *credential ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static bool paper_identity_at(struct context *context, size_t index, struct identity_field *field)
{
    (void)context;
    *field = (struct identity_field){.name = "user", .value = "alice@PAPER"};
    return index == 0;
}

static const struct provider paper_provider = {
    .name = "Kerberos",
    .comment = "Paper",
    .max_token = 512,
    .uses = SECPKG_CRED_INBOUND | SECPKG_CRED_OUTBOUND,
    .both_allowed = true,
    .usable = paper_usable,
    .set_keytab = paper_set_keytab,
    .delegated = paper_delegated,
    .identity_at = paper_identity_at,
    .acquire = paper_acquire,
    .credential_free = paper_credential_free,
    .accept = paper_accept,
    .initiate = paper_initiate,
    .context_free = paper_context_free,
    .sign = paper_sign,
    .verify = paper_verify,
};
