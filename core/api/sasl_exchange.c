/*
 * One leg of SASL: the package's own legs first, then what RFC 4752 puts behind them. Between context.c and the
 * package.
 */
#include <stdio.h>
#include <string.h>

#include "api/sasl.h"
#include "base/memory.h"
#include "base/secret.h"

#define CHOICE_MAX (4 + SASL_AUTHZ_MAX + SASL_MESSAGE_ROOM) /* the longest message of the agreement */

/* RFC 4752 3.1: with a layer the client asks for these too, so that nobody repeats its messages or plays its server. */
#define LAYER_NEEDS (ISC_REQ_MUTUAL_AUTH | ISC_REQ_SEQUENCE_DETECT)

struct sasl_leg {
    struct sasl *sasl;
    struct credential *credential;
    struct context **context;
    struct step *step;
};

static const struct provider *provider_of(const struct sasl_leg *leg)
{
    return leg->credential->provider;
}

/* ---- What was agreed ---- */

static const struct layer_flags {
    ULONG integrity, confidentiality;
} layer_flags[2] = {{ISC_RET_INTEGRITY, ISC_RET_CONFIDENTIALITY}, {ASC_RET_INTEGRITY, ASC_RET_CONFIDENTIALITY}};

/* The layers that flags make possible, as bits. */
static ULONG layers_of(const struct sasl *sasl, ULONG flags)
{
    const struct layer_flags *bits = &layer_flags[sasl->acceptor];

    return SSPI_SASL_LAYER_NONE | (flags & bits->integrity ? SSPI_SASL_LAYER_INTEGRITY : 0)
           | (flags & bits->confidentiality ? SSPI_SASL_LAYER_CONFIDENTIALITY : 0);
}

static ULONG strongest(ULONG layers)
{
    if (layers & SSPI_SASL_LAYER_CONFIDENTIALITY)
        return SSPI_SASL_LAYER_CONFIDENTIALITY;
    return layers & SSPI_SASL_LAYER_INTEGRITY ? SSPI_SASL_LAYER_INTEGRITY : SSPI_SASL_LAYER_NONE;
}

/* The bits from the lowest layer on that the settings allow: their order is that of their strength. */
static ULONG allowed(const struct sasl *sasl, ULONG layers)
{
    return layers & ~(sasl->minimum - 1);
}

static SECURITY_STATUS too_weak(const struct sasl_leg *leg, const char *what)
{
    return failure_set(leg->step->failure, SEC_E_QOP_NOT_SUPPORTED, SSPI_REASON_POLICY,
                       "SASL: sasl_minimum_layer is %s, and %s", sasl_layer_name(leg->sasl->minimum), what);
}

/* The layer's flags alone are told: a program that sees CONFIDENTIALITY encrypts what it sends. */
static SECURITY_STATUS layer_settle(const struct sasl_leg *leg, ULONG layer, ULONG peer_size)
{
    const struct layer_flags *bits = &layer_flags[leg->sasl->acceptor];
    struct sasl *sasl = leg->sasl;
    ULONG overhead = sasl_overhead(provider_of(leg), *leg->context);

    /* Less room for data than for protection: a reply would become many times its size. */
    if (layer != SSPI_SASL_LAYER_NONE && peer_size < 2 * overhead)
        return failure_set(leg->step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                           "SASL: the peer takes messages of %u bytes, which is too little", peer_size);
    sasl->layer = layer;
    if (layer != SSPI_SASL_LAYER_NONE) {
        sasl->peer_size = peer_size;
        sasl->send_size = peer_size - overhead;
        if (sasl->send_size > sasl->send_limit)
            sasl->send_size = sasl->send_limit;
    }
    if (layer != SSPI_SASL_LAYER_CONFIDENTIALITY)
        sasl->attributes &= ~bits->confidentiality;
    if (layer == SSPI_SASL_LAYER_NONE)
        sasl->attributes &= ~bits->integrity;
    return SEC_E_OK;
}

static SECURITY_STATUS leg_finish(const struct sasl_leg *leg)
{
    leg->sasl->phase = SASL_DONE;
    return SEC_E_OK;
}

/* ---- Messages of the agreement ---- */

/* Hands out what is pending; until that fits, nothing changes. */
static SECURITY_STATUS pending_send(const struct sasl_leg *leg)
{
    struct sasl *sasl = leg->sasl;
    uint8_t *out;
    SECURITY_STATUS status = step_reserve(leg->step, sasl->pending_size, &out);

    if (status != SEC_E_OK)
        return status;
    memcpy(out, sasl->pending, sasl->pending_size);
    mem_free(sasl->pending);
    sasl->pending = NULL;
    if (!sasl->acceptor)
        return leg_finish(leg);
    sasl->phase = SASL_CHOICE_DUE;
    return SEC_I_CONTINUE_NEEDED;
}

/* Makes one of the two messages: signed, never sealed (RFC 4752 3.1). */
static SECURITY_STATUS pending_make(const struct sasl_leg *leg, const struct sasl_layers *layers)
{
    size_t size = 4 + layers->authz.size;
    uint8_t *room = mem_alloc(SASL_MESSAGE_ROOM + size + SASL_MESSAGE_ROOM);
    SECURITY_STATUS status;

    if (!room)
        return SEC_E_INSUFFICIENT_MEMORY;
    sasl_layers_encode(layers, room + SASL_MESSAGE_ROOM);
    status =
        sasl_seal(provider_of(leg), *leg->context, false, room, size, &leg->sasl->pending_size, leg->step->failure);
    if (status == SEC_E_OK)
        leg->sasl->pending = room;
    else
        mem_free(room);
    return status;
}

/* Opens a copy of the peer's message, which is the caller's to free. */
static SECURITY_STATUS message_open(const struct sasl_leg *leg, uint8_t **copy, struct bytes *plain)
{
    const struct bytes token = leg->step->token;
    SECURITY_STATUS status;

    *copy = NULL;
    if (token.size == 0 || token.size > CHOICE_MAX)
        return failure_set(leg->step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                           "SASL: a message on security layers of %zu bytes", token.size);
    *copy = mem_dup(token.data, token.size);
    if (!*copy)
        return SEC_E_INSUFFICIENT_MEMORY;
    status = sasl_unseal(provider_of(leg), *leg->context, false, *copy, token.size, plain, leg->step->failure);
    if (status == SEC_E_OK)
        return SEC_E_OK;
    mem_free(*copy);
    *copy = NULL;
    return status;
}

/* ---- The acceptor's legs ---- */

static SECURITY_STATUS offer_make(const struct sasl_leg *leg)
{
    struct sasl *sasl = leg->sasl;
    ULONG asked = layers_of(sasl, leg->step->requested);
    struct sasl_layers offer = {0};
    SECURITY_STATUS status;

    sasl->offered = allowed(sasl, layers_of(sasl, sasl->attributes) & asked);
    if (!sasl->offered)
        return too_weak(leg, "the client's context or our own flags do not go so far");
    offer.layers = (uint8_t)sasl->offered;
    offer.size = sasl->offered == SSPI_SASL_LAYER_NONE ? 0 : sasl->receive_size;
    status = pending_make(leg, &offer);
    return status == SEC_E_OK ? pending_send(leg) : status;
}

static SECURITY_STATUS empty_take(const struct sasl_leg *leg)
{
    if (leg->step->token.size)
        return failure_set(leg->step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                           "SASL: the client's last message should be empty, and is not");
    return offer_make(leg);
}

static SECURITY_STATUS choice_take(const struct sasl_leg *leg)
{
    struct sasl *sasl = leg->sasl;
    struct sasl_layers choice;
    struct bytes plain;
    uint8_t *copy, *nothing;
    SECURITY_STATUS status = message_open(leg, &copy, &plain);

    if (status == SEC_E_OK)
        status = sasl_choice_check(plain, sasl->offered, &choice, leg->step->failure);
    if (status == SEC_E_OK)
        status = sasl_authz_check(sasl, leg->credential, *leg->context, choice.authz, leg->step->failure);
    if (status == SEC_E_OK)
        status = step_reserve(leg->step, 0, &nothing);
    if (status == SEC_E_OK)
        status = layer_settle(leg, choice.layers, choice.size);
    if (status != SEC_E_OK) {
        mem_free(copy);
        return status;
    }
    if (choice.authz.size)
        memmove(copy, choice.authz.data, choice.authz.size);
    mem_free(sasl->authz);
    sasl->authz = copy;
    sasl->authz_size = choice.authz.size;
    return leg_finish(leg);
}

/* ---- The initiator's legs ---- */

static SECURITY_STATUS answer_make(const struct sasl_leg *leg)
{
    struct sasl *sasl = leg->sasl;
    struct sasl_layers choice = {.layers = (uint8_t)sasl->layer, .authz = bytes_of(sasl->authz, sasl->authz_size)};
    SECURITY_STATUS status;

    choice.size = sasl->layer == SSPI_SASL_LAYER_NONE ? 0 : sasl->receive_size;
    status = pending_make(leg, &choice);
    return status == SEC_E_OK ? pending_send(leg) : status;
}

static SECURITY_STATUS offer_take(const struct sasl_leg *leg)
{
    struct sasl *sasl = leg->sasl;
    ULONG asked = layers_of(sasl, leg->step->requested) & layers_of(sasl, sasl->attributes);
    struct sasl_layers offer;
    struct bytes plain;
    uint8_t *copy;
    SECURITY_STATUS status = message_open(leg, &copy, &plain);

    if (status == SEC_E_OK)
        status = sasl_offer_check(plain, &offer, leg->step->failure);
    mem_free(copy);
    if (status != SEC_E_OK)
        return status;
    if (!allowed(sasl, offer.layers & asked))
        return too_weak(leg, "the server does not offer what we could take");
    status = layer_settle(leg, strongest(allowed(sasl, offer.layers & asked)), offer.size);
    if (status != SEC_E_OK)
        return status;
    sasl->phase = SASL_ANSWER_DUE;
    return answer_make(leg);
}

/* ---- The package's legs ---- */

/* Keeps room for the offer where the package itself has nothing to say, before the package commits itself. */
static size_t room_measure(const struct step_frame *frame, size_t size, size_t *offset)
{
    (void)frame;
    *offset = 0;
    return size ? size : SASL_MESSAGE_ROOM + 4;
}

typedef SECURITY_STATUS package_function(struct credential *credential, struct context **context, struct step *step);

static SECURITY_STATUS package_run(const struct sasl_leg *leg)
{
    static const struct step_frame frame = {room_measure};
    const struct provider *provider = provider_of(leg);
    const bool accepts = leg->sasl->acceptor;
    package_function *run = accepts ? provider->accept : provider->initiate;
    uint8_t *nothing;
    SECURITY_STATUS status;

    if (!run)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!accepts && layers_of(leg->sasl, leg->step->requested) != SSPI_SASL_LAYER_NONE)
        leg->step->requested |= LAYER_NEEDS;
    if (accepts && leg->sasl->profile->agrees_layer)
        leg->step->output.frame = &frame;
    status = run(leg->credential, leg->context, leg->step);
    leg->step->output.frame = NULL;
    if (status >= 0 && leg->step->output.inner == 0 && leg->step->output.used)
        return step_reserve(leg->step, 0, &nothing) == SEC_E_OK ? status : SEC_E_INTERNAL_ERROR;
    return status;
}

/* Without an agreement of its own the layer is what the context can do ([MS-ADTS] 5.1.1.1.2). */
static SECURITY_STATUS flags_settle(const struct sasl_leg *leg)
{
    ULONG layer = strongest(layers_of(leg->sasl, leg->sasl->attributes));
    SECURITY_STATUS status;

    if (!allowed(leg->sasl, layer))
        return too_weak(leg, "the two sides agreed on less");
    status = layer_settle(leg, layer, SASL_DEFAULT_SIZE);
    return status == SEC_E_OK ? leg_finish(leg) : status;
}

static SECURITY_STATUS mechanism_step(const struct sasl_leg *leg)
{
    struct sasl *sasl = leg->sasl;
    SECURITY_STATUS status;

    if (sasl->acceptor && !*leg->context && leg->step->token.size == 0)
        return failure_set(leg->step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                           "SASL: the client speaks first with this mechanism, and said nothing");
    status = package_run(leg);
    if (status < 0)
        return status;
    sasl->attributes = leg->step->attributes;
    sasl->expiry = leg->step->expiry;
    sasl->bindings_result = leg->step->bindings_result;
    if (status != SEC_E_OK)
        return status;
    if (!sasl->profile->agrees_layer)
        return flags_settle(leg);
    sasl->phase = sasl->acceptor ? SASL_OFFER_DUE : SASL_OFFER_AWAITED;
    return sasl->acceptor && leg->step->output.inner == 0 ? offer_make(leg) : SEC_I_CONTINUE_NEEDED;
}

/* ---- One leg ---- */

typedef SECURITY_STATUS phase_function(const struct sasl_leg *leg);

static phase_function *const phases[SASL_DONE] = {
    [SASL_MECHANISM] = mechanism_step, [SASL_OFFER_DUE] = empty_take,   [SASL_CHOICE_DUE] = choice_take,
    [SASL_OFFER_AWAITED] = offer_take, [SASL_ANSWER_DUE] = answer_make,
};

static ULONG minimum_of(const struct credential *credential)
{
    return (ULONG)SSPI_SASL_LAYER_NONE << credential->settings.sasl_minimum_layer;
}

static SECURITY_STATUS sasl_begin(struct sasl **sasl, struct credential *credential, bool acceptor, struct step *step)
{
    const struct sasl_profile *profile = sasl_profile_of_package(credential->provider->name);

    if (!profile)
        return failure_set(step->failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                           "there is no SASL mechanism for the package %s", credential->provider->name);
    *sasl = mem_zalloc(sizeof **sasl);
    if (!*sasl)
        return SEC_E_INSUFFICIENT_MEMORY;
    (*sasl)->profile = profile;
    (*sasl)->acceptor = acceptor;
    (*sasl)->minimum = minimum_of(credential);
    (*sasl)->send_limit = SASL_DEFAULT_SIZE;
    (*sasl)->receive_size = profile->agrees_layer ? SASL_DEFAULT_SIZE : SASL_UNTOLD_SIZE;
    return SEC_E_OK;
}

/* The package named the client on its own leg; the event comes with ours. */
static void login_name(const struct sasl_leg *leg)
{
    struct attribute_value value = {0};
    char *client = leg->step->login->client;

    if (!leg->sasl->acceptor || leg->sasl->phase == SASL_MECHANISM || client[0] || !provider_of(leg)->query
        || provider_of(leg)->query(*leg->context, SECPKG_ATTR_NAMES, &value) != SEC_E_OK || !value.text)
        return;
    (void)snprintf(client, sizeof leg->step->login->client, "%s", value.text);
}

SECURITY_STATUS sasl_step(struct sasl **sasl, struct credential *credential, struct context **context, bool acceptor,
                          struct step *step)
{
    struct sasl_leg leg = {.credential = credential, .context = context, .step = step};
    SECURITY_STATUS status = *sasl ? SEC_E_OK : sasl_begin(sasl, credential, acceptor, step);

    if (status != SEC_E_OK)
        return status;
    leg.sasl = *sasl;
    if (leg.sasl->pending)
        status = pending_send(&leg);
    else if (leg.sasl->phase == SASL_DONE)
        status = SEC_E_OUT_OF_SEQUENCE;
    else
        status = phases[leg.sasl->phase](&leg);
    login_name(&leg);
    if (status < 0)
        return status;
    step->attributes = leg.sasl->attributes;
    step->expiry = leg.sasl->expiry;
    step->bindings_result = leg.sasl->bindings_result;
    return status;
}

void sasl_free(struct sasl *sasl)
{
    if (!sasl)
        return;
    mem_free(sasl->pending);
    mem_free(sasl->authz);
    mem_free(sasl);
}
