/*
 * The packages behind SASL in the tests of api/, and the steps of a login with them.
 */
#include "base/memory.h"
#include "base/utf.h"
#include "sasl_trial.h"

struct sasl_trial sasl_trial;

struct word_context {
    struct context common;
    uint8_t sent, received;
};

void sasl_trial_reset(void)
{
    sasl_trial = (struct sasl_trial){
        .mutual = true,
        .accept_attributes = ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY | ASC_RET_MUTUAL_AUTH,
        .initiate_attributes = ISC_RET_INTEGRITY | ISC_RET_CONFIDENTIALITY | ISC_RET_MUTUAL_AUTH,
        .native_client = "alice@EXAMPLE.TEST",
        .native_server = "ldap/host@EXAMPLE.TEST",
    };
}

static SECURITY_STATUS acquire(const struct acquire *request, struct credential **credential)
{
    (void)request;
    *credential = mem_zalloc(sizeof **credential);
    return *credential ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static void credential_free(struct credential *credential)
{
    mem_free(credential);
}

static void context_free(struct context *context)
{
    mem_free(context);
}

static SECURITY_STATUS answer(struct step *step, const char *text)
{
    uint8_t *out;
    SECURITY_STATUS status = step_reserve(step, strlen(text), &out);

    if (status == SEC_E_OK && *text)
        memcpy(out, text, strlen(text));
    return status;
}

static bool said(const struct step *step, const char *text)
{
    return step->token.size == strlen(text) && memcmp(step->token.data, text, strlen(text)) == 0;
}

static SECURITY_STATUS begin(struct credential *credential, bool acceptor, struct context **context)
{
    if (*context)
        return SEC_E_OK;
    *context = mem_zalloc(sizeof(struct word_context));
    if (!*context)
        return SEC_E_INSUFFICIENT_MEMORY;
    (*context)->credential = credential;
    (*context)->acceptor = acceptor;
    return SEC_E_OK;
}

static SECURITY_STATUS word_accept(struct credential *credential, struct context **context, struct step *step)
{
    const bool mutual = said(step, "AP+");
    SECURITY_STATUS status;

    sasl_trial.accepts++;
    if (!mutual && !said(step, "AP"))
        return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "not a word");
    status = answer(step, mutual ? "REP" : "");
    if (status == SEC_E_OK)
        status = begin(credential, true, context);
    step->attributes = sasl_trial.accept_attributes;
    step->expiry = INT64_C(133600000000000000);
    return status;
}

static SECURITY_STATUS word_initiate(struct credential *credential, struct context **context, struct step *step)
{
    SECURITY_STATUS status;

    if (*context) {
        if (!said(step, "REP"))
            return SEC_E_INVALID_TOKEN;
        step->attributes = sasl_trial.initiate_attributes;
        return answer(step, "");
    }
    status = answer(step, sasl_trial.mutual ? "AP+" : "AP");
    if (status == SEC_E_OK)
        status = begin(credential, false, context);
    if (status != SEC_E_OK)
        return status;
    step->attributes = sasl_trial.initiate_attributes;
    return sasl_trial.mutual ? SEC_I_CONTINUE_NEEDED : SEC_E_OK;
}

static SECURITY_STATUS word_query(struct context *context, ULONG attribute, struct attribute_value *value)
{
    (void)context;
    switch (attribute) {
    case SECPKG_ATTR_SIZES:
        value->sizes.max_signature = 2;
        value->sizes.security_trailer = 2;
        value->sizes.block_size = 1;
        return SEC_E_OK;
    case SECPKG_ATTR_NAMES:
        value->text = "EXAMPLE\\alice";
        return SEC_E_OK;
    case SECPKG_ATTR_NATIVE_NAMES:
        value->native_names.client = sasl_trial.native_client;
        value->native_names.server = sasl_trial.native_server;
        return sasl_trial.native_client ? SEC_E_OK : SEC_E_UNSUPPORTED_FUNCTION;
    default:
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
}

static void turn_over(uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)~data[i];
}

static SECURITY_STATUS word_seal(struct context *context, struct message *message)
{
    struct word_context *own = (struct word_context *)context;
    SecBuffer *token = message_find(message, SECBUFFER_TOKEN), *data = message_find(message, SECBUFFER_DATA),
              *padding = message_find(message, SECBUFFER_PADDING);
    const bool sealed = message->qop != SECQOP_WRAP_NO_ENCRYPT;
    uint8_t *out = token->pvBuffer;

    out[0] = sealed ? 's' : 'p';
    out[1] = own->sent++;
    token->cbBuffer = 2;
    padding->cbBuffer = sealed && sasl_trial.padding ? 1 : 0;
    if (padding->cbBuffer)
        *(uint8_t *)padding->pvBuffer = 0xFE;
    if (sealed)
        turn_over(data->pvBuffer, data->cbBuffer);
    return SEC_E_OK;
}

static SECURITY_STATUS word_unseal(struct context *context, struct message *message)
{
    struct word_context *own = (struct word_context *)context;
    SecBuffer *stream = message_find(message, SECBUFFER_STREAM), *data = message_find(message, SECBUFFER_DATA);
    uint8_t *in = stream->pvBuffer;
    bool sealed;

    if (stream->cbBuffer < 2 || (in[0] != 's' && in[0] != 'p'))
        return failure_set(message->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "no message");
    if (in[1] != own->received)
        return failure_set(message->failure, SEC_E_OUT_OF_SEQUENCE, SSPI_REASON_OUT_OF_SEQUENCE, "not its turn");
    own->received++;
    sealed = in[0] == 's';
    data->pvBuffer = in + 2;
    data->cbBuffer = stream->cbBuffer - 2 - (sealed && sasl_trial.padding ? 1 : 0);
    if (sealed)
        turn_over(data->pvBuffer, data->cbBuffer);
    message->qop = sealed ? 0 : SECQOP_WRAP_NO_ENCRYPT;
    return SEC_E_OK;
}

#define WORDS(title)                                                                                                   \
    {                                                                                                                  \
        .name = title, .comment = "Words", .rpc_id = SECPKG_ID_NONE, .max_token = 16, .uses = SECPKG_CRED_BOTH,        \
        .both_allowed = true, .acquire = acquire, .credential_free = credential_free, .accept = word_accept,           \
        .initiate = word_initiate, .context_free = context_free, .query = word_query, .seal = word_seal,               \
        .unseal = word_unseal,                                                                                         \
    }

static const struct provider providers[] = {WORDS("Kerberos"), WORDS("Negotiate")};

const struct provider *sasl_trial_find(const char *name)
{
    for (size_t i = 0; i < 2; i++)
        if (utf8_same_name(providers[i].name, name))
            return &providers[i];
    return NULL;
}

/* ---- Steps ---- */

struct sasl_side sasl_side_open(bool acceptor, const char *package, ULONG request)
{
    struct sasl_side side = {.acceptor = acceptor, .request = request, .room = sizeof side.token};

    side.credential = trial_credential(package, acceptor ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND);
    return side;
}

void sasl_side_close(struct sasl_side *side)
{
    if (side->begun)
        assert_status(DeleteSecurityContext(&side->context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&side->credential), SEC_E_OK);
}

SECURITY_STATUS sasl_side_step(struct sasl_side *side, const void *token, ULONG size)
{
    SecBuffer in_buffer = {size, SECBUFFER_TOKEN, (void *)token},
              out_buffer = {side->room, SECBUFFER_TOKEN, side->token};
    SecBufferDesc in = {0, 1, &in_buffer}, out = {0, 1, &out_buffer};
    SecHandle *context = side->begun ? &side->context : NULL;
    static char target[] = "ldap/host";
    SECURITY_STATUS status;

    if (side->acceptor)
        status = SaslAcceptSecurityContext(&side->credential, context, &in, side->request, 0, &side->context, &out,
                                           &side->attributes, NULL);
    else
        status = SaslInitializeSecurityContextA(&side->credential, context, target, side->request, 0, 0, &in, 0,
                                                &side->context, &out, &side->attributes, NULL);
    side->begun = side->begun || status >= 0;
    side->size = out_buffer.cbBuffer;
    return status;
}

void sasl_pair_open(struct sasl_pair *pair, const char *package, ULONG client_request, ULONG server_request)
{
    SECURITY_STATUS client = SEC_I_CONTINUE_NEEDED, server = SEC_I_CONTINUE_NEEDED;

    pair->client = sasl_side_open(false, package, client_request);
    pair->server = sasl_side_open(true, package, server_request);
    for (int leg = 0; leg < 4 && (client != SEC_E_OK || server != SEC_E_OK); leg++) {
        if (client == SEC_I_CONTINUE_NEEDED)
            client = sasl_side_step(&pair->client, pair->server.token, pair->server.size);
        cr_assert(client == SEC_E_OK || client == SEC_I_CONTINUE_NEEDED);
        if (server == SEC_I_CONTINUE_NEEDED)
            server = sasl_side_step(&pair->server, pair->client.token, pair->client.size);
    }
    assert_status(client, SEC_E_OK);
    assert_status(server, SEC_E_OK);
}

void sasl_pair_close(struct sasl_pair *pair)
{
    sasl_side_close(&pair->client);
    sasl_side_close(&pair->server);
}
