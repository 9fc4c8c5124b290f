/*
 * AcceptSecurityContext and InitializeSecurityContext: one leg of a handshake, from the caller's arguments to the
 * package and back. Here the contract of failure is kept; DeleteSecurityContext, CompleteAuthToken and
 * ApplyControlToken are at the foot.
 */
#include <string.h>

#include "api/buffers.h"
#include "api/calls.h"
#include "api/entries.h"
#include "api/explain.h"
#include "api/sasl.h"
#include "base/memory.h"

#define BINDINGS_MAX 65536 /* more than any hash or certificate */

/* One call, while it runs. */
struct leg {
    const struct leg_call *call;
    struct context_entry *entry; /* pinned and locked; of a first leg: our own, not yet published */
    bool first;
    struct credential_entry *other; /* a credential that the context was not begun with, pinned; NULL */
    struct handle_slot *other_pin;
    bool decided; /* this call made the context established or failed, or failed a first leg in the package */
    struct step step;
};

void context_entry_destroy(void *memory)
{
    struct context_entry *entry = memory;

    if (entry->context)
        entry->credential->credential->provider->context_free(entry->context);
    handle_unpin(entry->other_pin);
    handle_unpin(entry->credential_pin);
    pthread_mutex_destroy(&entry->lock);
    sasl_free(entry->sasl);
    mem_free(entry->bindings);
    mem_free(entry);
}

struct context_entry *context_entry_lock(const SecHandle *handle)
{
    struct handle_slot *slot;
    struct context_entry *entry = handle_pin(handle, HANDLE_CONTEXT, &slot);

    if (!entry)
        return NULL;
    pthread_mutex_lock(&entry->lock);
    if (!handle_retired(slot))
        return entry;
    context_entry_unlock(entry);
    return NULL;
}

void context_entry_unlock(struct context_entry *entry)
{
    struct handle_slot *slot = entry->slot;

    pthread_mutex_unlock(&entry->lock);
    handle_unpin(slot);
}

struct context_entry *context_entry_lock_established(const SecHandle *handle)
{
    struct context_entry *entry = context_entry_lock(handle);

    if (!entry || entry->context->phase == CONTEXT_ESTABLISHED)
        return entry;
    context_entry_unlock(entry);
    return NULL;
}

void call_leg_clear(const struct leg_call *call)
{
    struct step step = {.requested = call->requested};

    if (call->attributes)
        *call->attributes = 0;
    if (call->expiry)
        call->expiry->QuadPart = 0;
    if (!call->context && call->new_context)
        SecInvalidateHandle(call->new_context);
    buffers_from_step(&step, call->output, SEC_E_INTERNAL_ERROR);
}

/* ---- Finding the context of a leg ---- */

static SECURITY_STATUS credential_fits(const struct leg *leg, const struct credential_entry *entry)
{
    ULONG use = leg->call->acceptor ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND;

    if (entry->credential->use & use)
        return SEC_E_OK;
    return failure_set(leg->step.failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL,
                       "the credential was not acquired for %s use", leg->call->acceptor ? "INBOUND" : "OUTBOUND");
}

/* Makes the entry of a first leg; it owns a pin of its credential. */
static SECURITY_STATUS leg_begin(struct leg *leg)
{
    struct handle_slot *pin;
    struct credential_entry *credential = handle_pin(leg->call->credential, HANDLE_CREDENTIAL, &pin);
    struct context_entry *entry;

    if (!credential)
        return failure_set(leg->step.failure, SEC_E_INVALID_HANDLE, SSPI_REASON_USAGE,
                           "phCredential is not a live credential");
    entry = mem_zalloc(sizeof *entry);
    if (!entry) {
        handle_unpin(pin);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    pthread_mutex_init(&entry->lock, NULL);
    entry->credential = credential;
    entry->credential_pin = pin;
    entry->credential_handle = *leg->call->credential;
    entry->slot = handle_reserve(HANDLE_CONTEXT, entry, context_entry_destroy);
    if (!entry->slot) {
        context_entry_destroy(entry);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    pthread_mutex_lock(&entry->lock);
    leg->entry = entry;
    return credential_fits(leg, credential);
}

static bool same_handle(const SecHandle *a, const SecHandle *b)
{
    return a->dwLower == b->dwLower && a->dwUpper == b->dwUpper;
}

/* A later leg names its credential: the one of before, or, where the package takes it, another of the same package. */
static SECURITY_STATUS leg_credential(struct leg *leg, const SecHandle *credential)
{
    const struct context_entry *entry = leg->entry;
    const struct provider *provider = entry->context->provider;

    if (!handle_alive(credential, HANDLE_CREDENTIAL))
        return failure_set(leg->step.failure, SEC_E_INVALID_HANDLE, SSPI_REASON_USAGE,
                           "phCredential is not a live credential");
    if (same_handle(credential, &entry->credential_handle))
        return SEC_E_OK;
    if (provider->other_credential)
        leg->other = handle_pin(credential, HANDLE_CREDENTIAL, &leg->other_pin);
    if (!leg->other || leg->other->credential->provider != provider)
        return failure_set(leg->step.failure, SEC_E_WRONG_CREDENTIAL_HANDLE, SSPI_REASON_USAGE,
                           "phCredential is not the credential that the context was begun with");
    return credential_fits(leg, leg->other);
}

/* The context goes on with the other credential; the first one stays pinned for what was made of it. */
static void leg_keep_other(struct leg *leg)
{
    if (!leg->other)
        return;
    handle_unpin(leg->entry->other_pin);
    leg->entry->other_pin = leg->other_pin;
    leg->other_pin = NULL;
}

/* Later legs: the same credential, or none. */
static SECURITY_STATUS leg_continue(struct leg *leg)
{
    const SecHandle *credential = leg->call->credential;
    struct context_entry *entry = context_entry_lock(leg->call->context);

    if (entry && (entry->context->acceptor != leg->call->acceptor || !entry->sasl == leg->call->sasl)) {
        context_entry_unlock(entry);
        entry = NULL;
    }
    if (!entry)
        return failure_set(leg->step.failure, SEC_E_INVALID_HANDLE, SSPI_REASON_USAGE,
                           "phContext is not a live context of this side, or was begun inside SASL and is not used so");
    leg->entry = entry;
    if (leg->call->new_context && leg->call->new_context != leg->call->context)
        *leg->call->new_context = *leg->call->context;
    return credential ? leg_credential(leg, credential) : SEC_E_OK;
}

/* ---- The leg itself ---- */

/* Channel bindings hold for the whole exchange: given on one leg, they also count on later ones that bring none. */
static SECURITY_STATUS bindings_remember(struct leg *leg)
{
    struct context_entry *entry = leg->entry;
    uint8_t *copy;

    if (!leg->step.has_bindings) {
        if (entry->bindings && !buffers_bindings(&leg->step, bytes_of(entry->bindings, entry->bindings_size)))
            return SEC_E_INTERNAL_ERROR;
        return SEC_E_OK;
    }
    if (leg->step.bindings.size > BINDINGS_MAX)
        return failure_set(leg->step.failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                           "the channel bindings are too long");
    copy = mem_dup(leg->step.bindings.data, leg->step.bindings.size);
    if (!copy)
        return SEC_E_INSUFFICIENT_MEMORY;
    mem_free(entry->bindings);
    entry->bindings = copy;
    entry->bindings_size = leg->step.bindings.size;
    return SEC_E_OK;
}

static void bindings_forget(struct context_entry *entry)
{
    mem_free(entry->bindings);
    entry->bindings = NULL;
}

static SECURITY_STATUS leg_check(struct leg *leg)
{
    const struct leg_call *call = leg->call;
    struct context *context = leg->entry->context;
    SECURITY_STATUS status;

    if (context && context->phase == CONTEXT_FAILED)
        return failure_set(leg->step.failure, SEC_E_INVALID_HANDLE, SSPI_REASON_USAGE,
                           "an earlier call failed on this context: it can only be explained and deleted");
    if (context && context->phase == CONTEXT_ESTABLISHED && !context->provider->accept_again)
        return failure_set(leg->step.failure, SEC_E_OUT_OF_SEQUENCE, SSPI_REASON_USAGE,
                           "the context is already established");
    if (!call->attributes)
        return failure_set(leg->step.failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE, "pfContextAttr is NULL");
    if (leg->first && !call->new_context)
        return failure_set(leg->step.failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE, "phNewContext is NULL");
    status = buffers_to_step(&leg->step, call->input, call->output);
    return status == SEC_E_OK ? bindings_remember(leg) : status;
}

typedef SECURITY_STATUS leg_function(struct credential *credential, struct context **context, struct step *step);

static SECURITY_STATUS leg_package(struct leg *leg)
{
    struct context_entry *entry = leg->entry;
    struct credential_entry *chosen = leg->other ? leg->other : entry->credential;
    struct credential *credential = chosen->credential;
    const struct provider *provider = credential->provider;
    leg_function *run = leg->call->acceptor ? provider->accept : provider->initiate;
    SECURITY_STATUS status;

    if (!run)
        return SEC_E_UNSUPPORTED_FUNCTION;
    leg->decided = leg->first || entry->context->phase == CONTEXT_OPEN;
    status = credential_entry_use(chosen, leg->call->acceptor, leg->step.failure);
    if (status == SEC_E_OK && leg->call->sasl)
        status = sasl_step(&entry->sasl, credential, &entry->context, leg->call->acceptor, &leg->step);
    else if (status == SEC_E_OK)
        status = run(credential, &entry->context, &leg->step);
    if (status >= 0 && !entry->context)
        return failure_set(leg->step.failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL, "%s made no context",
                           provider->name);
    return status;
}

static bool may_retry(SECURITY_STATUS status)
{
    return status == SEC_E_BUFFER_TOO_SMALL || status == SEC_E_INCOMPLETE_MESSAGE
           || status == SEC_E_INSUFFICIENT_MEMORY;
}

/* A context that failed for good; one that is failed already keeps the reason it has. */
static void context_fail(struct context *context, const struct failure *failure)
{
    if (context->phase == CONTEXT_FAILED)
        return;
    context->phase = CONTEXT_FAILED;
    context->failure = *failure;
}

static void leg_success(struct leg *leg, SECURITY_STATUS status)
{
    const struct leg_call *call = leg->call;
    struct context *context = leg->entry->context;
    struct credential *credential = leg->entry->credential->credential;

    if (leg->first) {
        context->provider = credential->provider;
        context->acceptor = call->acceptor;
        context->phase = CONTEXT_OPEN;
        handle_publish(leg->entry->slot, call->new_context);
    }
    leg_keep_other(leg);
    leg->decided = leg->decided && status == SEC_E_OK;
    if (status == SEC_E_OK) {
        context->phase = CONTEXT_ESTABLISHED;
        bindings_forget(leg->entry);
    }
    context->attributes = leg->step.attributes;
    buffers_from_step(&leg->step, call->output, status);
    *call->attributes = leg->step.attributes;
    if (call->expiry)
        call->expiry->QuadPart = clock_to_local(leg->step.expiry);
}

static void leg_failure(struct leg *leg, SECURITY_STATUS status)
{
    struct context *context = leg->entry ? leg->entry->context : NULL;
    const bool goes_on = context && context->phase == CONTEXT_ESTABLISHED && leg->step.unchanged;

    explain_complete(leg->step.failure, leg->call->function, status);
    if (may_retry(status)) {
        leg->decided = false;
    } else if (context && !leg->first && !goes_on) {
        leg->decided = context->phase == CONTEXT_OPEN; /* also when the package was not reached */
        context_fail(context, leg->step.failure);
    }
    buffers_from_step(&leg->step, leg->call->output, status);
}

/* The event of a finished attempt, once the context is unlocked. Initiators log nobody in here. */
static void leg_event(struct leg *leg, SECURITY_STATUS status, const char *established)
{
    struct credential_entry *credential;

    if (!leg->decided || !leg->call->acceptor)
        return;
    credential = leg->entry->credential;
    event_send(credential, status, credential->credential->provider->name, leg->step.login,
               status >= 0 ? SSPI_REASON_NONE : leg->step.failure->reason,
               status >= 0 ? established : leg->step.failure->text);
}

static void leg_end(struct leg *leg, SECURITY_STATUS status)
{
    struct handle_slot *slot = leg->entry->slot;
    char established[512];

    established[0] = '\0';
    if (status == SEC_E_OK && leg->decided && leg->entry->credential->events.callback)
        explain_established(leg->entry->context, established, sizeof established);
    pthread_mutex_unlock(&leg->entry->lock);
    leg_event(leg, status, established);
    handle_unpin(slot); /* a first leg that failed: its context goes with the last pin */
}

SECURITY_STATUS call_leg(const struct leg_call *call)
{
    struct leg leg = {.call = call, .first = !call->context};
    struct login login;
    struct failure failure;
    SECURITY_STATUS status;

    /* Not all of them to zero: of a short leg that would be a part that one can measure. */
    login.client[0] = login.workstation[0] = '\0';
    failure.reason = SSPI_REASON_NONE;
    failure.text[0] = '\0';
    leg.step.requested = call->requested;
    leg.step.data_representation = call->data_representation;
    leg.step.target = call->target;
    leg.step.expiry = CLOCK_FOREVER;
    leg.step.login = &login;
    leg.step.failure = &failure;
    if (call->attributes)
        *call->attributes = 0;
    if (call->expiry)
        call->expiry->QuadPart = 0;
    if (leg.first && call->new_context)
        SecInvalidateHandle(call->new_context);
    status = leg.first ? leg_begin(&leg) : leg_continue(&leg);
    if (status == SEC_E_OK)
        status = leg_check(&leg);
    if (status == SEC_E_OK)
        status = leg_package(&leg);
    if (status >= 0)
        leg_success(&leg, status);
    else
        leg_failure(&leg, status);
    handle_unpin(leg.other_pin);
    if (leg.entry)
        leg_end(&leg, status);
    return explain_keep(call->function, status, &failure);
}

/* ---- The rest of a context's life ---- */

SECURITY_STATUS SEC_ENTRY DeleteSecurityContext(PCtxtHandle phContext)
{
    if (handle_retire(phContext, HANDLE_CONTEXT))
        return SEC_E_OK;
    return explain_keep("DeleteSecurityContext", SEC_E_INVALID_HANDLE, NULL);
}

/* Runs `complete` or `control` of a package on a context that has not failed. */
static SECURITY_STATUS context_message(struct context_entry *entry,
                                       SECURITY_STATUS (*run)(struct context *, struct message *),
                                       const SecBufferDesc *desc, struct failure *failure)
{
    struct message message = {.failure = failure};
    SECURITY_STATUS status;

    if (entry->context->phase == CONTEXT_FAILED)
        return SEC_E_INVALID_HANDLE;
    if (!run)
        return SEC_E_UNSUPPORTED_FUNCTION;
    status = buffers_to_message(desc, &message);
    return status == SEC_E_OK ? run(entry->context, &message) : status;
}

/* What CompleteAuthToken did to an unfinished login: finishes or fails it. True: an event is due. */
static bool complete_decides(struct context *context, SECURITY_STATUS status, struct failure *failure)
{
    if (context->phase != CONTEXT_OPEN || !context->provider->complete || may_retry(status))
        return false;
    if (status == SEC_E_OK)
        context->phase = CONTEXT_ESTABLISHED;
    if (status < 0) {
        explain_complete(failure, "CompleteAuthToken", status);
        context_fail(context, failure);
    }
    return status <= 0 && context->acceptor;
}

SECURITY_STATUS SEC_ENTRY CompleteAuthToken(PCtxtHandle phContext, PSecBufferDesc pToken)
{
    static const char function[] = "CompleteAuthToken";
    struct context_entry *entry = context_entry_lock(phContext);
    struct failure failure = {0};
    struct login login = {0};
    char established[512] = "";
    SECURITY_STATUS status;
    bool decided;

    if (!entry)
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    status = context_message(entry, entry->context->provider->complete, pToken, &failure);
    decided = complete_decides(entry->context, status, &failure);
    if (decided && status == SEC_E_OK)
        explain_established(entry->context, established, sizeof established);
    pthread_mutex_unlock(&entry->lock);
    if (decided)
        event_send(entry->credential, status, entry->context->provider->name, &login, failure.reason,
                   status >= 0 ? established : failure.text);
    handle_unpin(entry->slot);
    return explain_keep(function, status, &failure);
}

SECURITY_STATUS SEC_ENTRY ApplyControlToken(PCtxtHandle phContext, PSecBufferDesc pInput)
{
    static const char function[] = "ApplyControlToken";
    struct context_entry *entry = context_entry_lock(phContext);
    struct failure failure = {0};
    SECURITY_STATUS status;

    if (!entry)
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    status = context_message(entry, entry->context->provider->control, pInput, &failure);
    context_entry_unlock(entry);
    return explain_keep(function, status, &failure);
}
