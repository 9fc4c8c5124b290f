/*
 * The agreement of SASL on a layer: either side, any messages. A package that protects nothing stands behind it, so
 * that every byte is reached. First byte: side, policy and flags; then messages, each behind a byte of length.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/sasl.h"
#include "base/cursor.h"
#include "base/memory.h"
#include "base/utf.h"

static void must(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static SECURITY_STATUS bare_step(struct credential *credential, struct context **context, struct step *step)
{
    uint8_t *nothing;
    SECURITY_STATUS status = step_reserve(step, 0, &nothing);

    if (status == SEC_E_OK && !*context)
        *context = mem_zalloc(sizeof **context);
    if (!*context)
        return SEC_E_INSUFFICIENT_MEMORY;
    (*context)->credential = credential;
    step->attributes = step->requested;
    return SEC_E_OK;
}

static SECURITY_STATUS bare_query(struct context *context, ULONG attribute, struct attribute_value *value)
{
    (void)context;
    if (attribute == SECPKG_ATTR_NATIVE_NAMES) {
        value->native_names.client = "a@R";
        value->native_names.server = "s/h@R";
        return SEC_E_OK;
    }
    value->sizes.max_signature = 1;
    return attribute == SECPKG_ATTR_SIZES ? SEC_E_OK : SEC_E_UNSUPPORTED_FUNCTION;
}

static SECURITY_STATUS bare_seal(struct context *context, struct message *message)
{
    (void)context;
    message_find(message, SECBUFFER_TOKEN)->cbBuffer = 0;
    message_find(message, SECBUFFER_PADDING)->cbBuffer = 0;
    return SEC_E_OK;
}

static SECURITY_STATUS bare_unseal(struct context *context, struct message *message)
{
    SecBuffer *stream = message_find(message, SECBUFFER_STREAM), *data = message_find(message, SECBUFFER_DATA);

    (void)context;
    data->pvBuffer = stream->pvBuffer;
    data->cbBuffer = stream->cbBuffer;
    return SEC_E_OK;
}

static const struct provider bare = {
    .name = "Kerberos",
    .accept = bare_step,
    .initiate = bare_step,
    .query = bare_query,
    .seal = bare_seal,
    .unseal = bare_unseal,
};

/* What must hold of every login that succeeded. */
static void agreed(const struct sasl *sasl, const struct credential *credential, bool acceptor, ULONG flags)
{
    const bool layered = sasl->layer != SSPI_SASL_LAYER_NONE;
    const ULONG sealed = acceptor ? ASC_RET_CONFIDENTIALITY : ISC_RET_CONFIDENTIALITY,
                is_signed = acceptor ? ASC_RET_INTEGRITY : ISC_RET_INTEGRITY;

    must(sasl->layer == 1 || sasl->layer == 2 || sasl->layer == 4, "one layer is agreed on");
    must(!acceptor || (sasl->layer & sasl->offered), "it was offered");
    must(sasl->layer >= sasl->minimum, "it is strong enough");
    must(!layered || (sasl->send_size && sasl->send_size < sasl->peer_size), "messages fit");
    must(layered || !sasl->send_size, "nothing is wrapped without a layer");
    must(sasl->layer != SSPI_SASL_LAYER_CONFIDENTIALITY || (flags & sealed), "secrecy was asked for");
    must(!layered || (flags & (is_signed | sealed)), "protection was asked for");
    must(!!(sasl->attributes & sealed) == (sasl->layer == SSPI_SASL_LAYER_CONFIDENTIALITY), "the flags say the same");
    must(sasl->authz_size <= SASL_AUTHZ_MAX && utf8_valid(bytes_of(sasl->authz, sasl->authz_size)),
         "the authorization identity is text");
    must(!acceptor || credential->settings.sasl_authorization == SASL_AUTHORIZATION_PROGRAM || sasl->authz_size == 0
             || (sasl->authz_size == 1 && sasl->authz[0] == 'a')
             || (sasl->authz_size == 3 && memcmp(sasl->authz, "a@R", 3) == 0),
         "nobody acts as another");
}

static void log_in(bool acceptor, ULONG flags, struct credential *credential, struct cursor in)
{
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    struct context *context = NULL;
    struct sasl *sasl = NULL;
    uint8_t room[2048], size;
    struct bytes token = bytes_of("x", 1);

    while (status == SEC_I_CONTINUE_NEEDED) {
        struct login login = {0};
        struct failure failure = {0};
        struct step step = {.token = token, .requested = flags, .login = &login, .failure = &failure};

        step.output = (struct step_output){.data = room, .size = sizeof room, .present = true};
        status = sasl_step(&sasl, credential, &context, acceptor, &step);
        must(status >= 0 || failure.reason || status == SEC_E_INSUFFICIENT_MEMORY, "a refusal is explained");
        if (status != SEC_I_CONTINUE_NEEDED || !cursor_u8(&in, &size) || !cursor_take(&in, size, &token))
            break;
    }
    if (status == SEC_E_OK)
        agreed(sasl, credential, acceptor, flags);
    sasl_free(sasl);
    mem_free(context);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor in = cursor_over(bytes_of(data, size));
    struct credential credential = {.provider = &bare};
    struct sasl_layers layers, again;
    uint8_t head, *copy;
    bool acceptor;
    ULONG flags;

    if (!cursor_u8(&in, &head))
        return 0;
    (void)sasl_profile_of_token(in.rest);
    if (sasl_layers_decode(in.rest, &layers)) {
        copy = mem_alloc(4 + layers.authz.size);
        sasl_layers_encode(&layers, copy);
        must(memcmp(copy, in.rest.data, in.rest.size) == 0, "a message has one encoding");
        must(sasl_layers_decode(bytes_of(copy, in.rest.size), &again) && again.size == layers.size, "it decodes again");
        mem_free(copy);
    }
    acceptor = head & 1;
    credential.settings.sasl_minimum_layer = (head >> 1 & 3) % 3;
    credential.settings.sasl_authorization = head & 8 ? SASL_AUTHORIZATION_PROGRAM : SASL_AUTHORIZATION_SAME;
    flags = (head & 16 ? (acceptor ? ASC_REQ_INTEGRITY : ISC_REQ_INTEGRITY) : 0)
            | (head & 32 ? (acceptor ? ASC_REQ_CONFIDENTIALITY : ISC_REQ_CONFIDENTIALITY) : 0);
    log_in(acceptor, flags, &credential, in);
    return 0;
}
