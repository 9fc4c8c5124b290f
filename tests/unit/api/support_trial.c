/*
 * The test packages and the registry that holds them, in place of core/api/registry.c.
 */
#include "sasl_trial.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/memory.h"
#include "base/utf.h"

struct trial_seen trial_seen;
void (*trial_accept_hook)(void);
bool trial_available = true;
static atomic_size_t contexts, credentials;

struct trial_credential {
    struct credential common;
    char password[64];
    char name[64];
    uint8_t nt_hash[16];
};

struct trial_context {
    struct context common;
    int legs;
    char name[80];
    uint32_t sent, received;
};

size_t trial_contexts(void)
{
    return atomic_load(&contexts);
}

size_t trial_credentials(void)
{
    return atomic_load(&credentials);
}

static bool seen_copy(char out[64], const char *text)
{
    snprintf(out, 64, "%s", text ? text : "");
    return text != NULL;
}

static SECURITY_STATUS acquire(const struct acquire *request, struct credential **out)
{
    struct trial_credential *credential = mem_zalloc(sizeof *credential);

    trial_seen = (struct trial_seen){.use = request->use, .auth_data = request->auth_data};
    trial_seen.has_principal = seen_copy(trial_seen.principal, request->principal);
    trial_seen.has_identity = request->has_identity;
    trial_seen.has_user = seen_copy(trial_seen.user, request->user);
    trial_seen.has_domain = seen_copy(trial_seen.domain, request->domain);
    trial_seen.has_package_list = seen_copy(trial_seen.package_list, request->package_list);
    trial_seen.has_password = request->password.data != NULL;
    if (trial_seen.has_password)
        snprintf(trial_seen.password, sizeof trial_seen.password, "%.*s", (int)request->password.size,
                 (const char *)request->password.data);
    if (!credential)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(credential->password, trial_seen.password, sizeof credential->password);
    snprintf(credential->name, sizeof credential->name, "%s", trial_seen.user);
    atomic_fetch_add(&credentials, 1);
    *out = &credential->common;
    return SEC_E_OK;
}

static void credential_free(struct credential *credential)
{
    atomic_fetch_sub(&credentials, 1);
    mem_free(credential);
}

static SECURITY_STATUS set_nt_hash(struct credential *credential, const uint8_t hash[16])
{
    memcpy(((struct trial_credential *)credential)->nt_hash, hash, 16);
    return SEC_E_OK;
}

static SECURITY_STATUS query_credential_name(struct credential *credential, const char **name)
{
    *name = ((struct trial_credential *)credential)->name;
    return SEC_E_OK;
}

static struct trial_context *context_new(struct credential *credential, bool acceptor)
{
    struct trial_context *context = mem_zalloc(sizeof *context);

    if (!context)
        return NULL;
    context->common.credential = credential;
    context->common.acceptor = acceptor;
    atomic_fetch_add(&contexts, 1);
    return context;
}

static void context_free(struct context *context)
{
    if (!context)
        return;
    atomic_fetch_sub(&contexts, 1);
    mem_free(context);
}

static bool token_is(const struct step *step, const char *text)
{
    return step->token.size == strlen(text) && memcmp(step->token.data, text, strlen(text)) == 0;
}

static SECURITY_STATUS answer(struct step *step, const char *text, SECURITY_STATUS status)
{
    uint8_t *out;
    SECURITY_STATUS reserved = step_reserve(step, strlen(text), &out);

    if (reserved != SEC_E_OK)
        return reserved;
    memcpy(out, text, strlen(text));
    return status;
}

/* Tokens that ask for one behaviour, whatever the leg. */
static bool special(struct step *step, SECURITY_STATUS *status)
{
    *status = SEC_E_OK;
    if (token_is(step, "INCOMPLETE"))
        *status = SEC_E_INCOMPLETE_MESSAGE;
    else if (token_is(step, "NOMEMORY"))
        *status = SEC_E_INSUFFICIENT_MEMORY;
    else if (token_is(step, "HALFWAY")) /* fails after it has written */
        *status = answer(step, "leaked", SEC_E_INTERNAL_ERROR);
    else if (token_is(step, "REJECT")) {
        *status = answer(step, "REJECTED", SEC_E_LOGON_DENIED);
        step->output.for_peer = true;
    }
    return *status != SEC_E_OK;
}

static SECURITY_STATUS accept_answer(struct trial_context *context, struct step *step)
{
    char text[128] = "", user[64] = "", password[64] = "";
    uint8_t *out;
    SECURITY_STATUS status;

    if (step->token.size < sizeof text)
        memcpy(text, step->token.data, step->token.size);
    if (sscanf(text, "ANSWER:%63[^:]:%63s", user, password) != 2)
        return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "not an answer");
    snprintf(step->login->client, sizeof step->login->client, "EXAMPLE\\%s", user);
    snprintf(step->login->workstation, sizeof step->login->workstation, "WS");
    if (strcmp(password, TRIAL_PASSWORD) != 0)
        return failure_set(step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD, "wrong password of %s", user);
    status = step_reserve(step, 0, &out);
    if (status != SEC_E_OK)
        return status;
    snprintf(context->name, sizeof context->name, "EXAMPLE\\%s", user);
    step->attributes = ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY;
    step->expiry = INT64_C(133600000000000000);
    context->legs = 2;
    return SEC_E_OK;
}

static SECURITY_STATUS trial_do_accept(struct credential *credential, struct context **common, struct step *step)
{
    struct trial_context *context = (struct trial_context *)*common;
    SECURITY_STATUS status;

    if (trial_accept_hook)
        trial_accept_hook();
    if (special(step, &status))
        return status;
    if (context)
        return context->legs == 1 ? accept_answer(context, step) : answer(step, "MORE", SEC_E_OK);
    if (!token_is(step, "HELLO"))
        return SEC_E_INVALID_TOKEN;
    context = context_new(credential, true);
    if (!context)
        return SEC_E_INSUFFICIENT_MEMORY;
    status = answer(step, "CHALLENGE", SEC_I_CONTINUE_NEEDED);
    if (status < 0) {
        context_free(&context->common);
        return status;
    }
    context->legs = 1;
    *common = &context->common;
    return status;
}

static SECURITY_STATUS initiate_answer(struct trial_context *context, struct step *step)
{
    struct trial_credential *credential = (struct trial_credential *)context->common.credential;
    char text[160];
    SECURITY_STATUS status;

    if (!token_is(step, "CHALLENGE"))
        return SEC_E_INVALID_TOKEN;
    snprintf(text, sizeof text, "ANSWER:%s:%s", credential->name, credential->password);
    status = answer(step, text, SEC_E_OK);
    if (status < 0)
        return status;
    snprintf(context->name, sizeof context->name, "%s", step->target ? step->target : "no target");
    step->attributes = ISC_RET_INTEGRITY;
    context->legs = 2;
    return SEC_E_OK;
}

static SECURITY_STATUS trial_do_initiate(struct credential *credential, struct context **common, struct step *step)
{
    struct trial_context *context = (struct trial_context *)*common;
    SECURITY_STATUS status;

    if (special(step, &status))
        return status;
    if (context)
        return initiate_answer(context, step);
    context = context_new(credential, false);
    if (!context)
        return SEC_E_INSUFFICIENT_MEMORY;
    status = answer(step, "HELLO", SEC_I_CONTINUE_NEEDED);
    if (status < 0) {
        context_free(&context->common);
        return status;
    }
    context->legs = 1;
    *common = &context->common;
    return status;
}

static SECURITY_STATUS query(struct context *common, ULONG attribute, struct attribute_value *value)
{
    struct trial_context *context = (struct trial_context *)common;

    switch (attribute) {
    case SECPKG_ATTR_SIZES:
        value->sizes.max_token = 128;
        value->sizes.max_signature = 4;
        value->sizes.block_size = 1;
        value->sizes.security_trailer = 4;
        return SEC_E_OK;
    case SECPKG_ATTR_NAMES:
        value->text = context->name;
        return SEC_E_OK;
    case SECPKG_ATTR_CLIENT_SPECIFIED_TARGET:
        value->text = common->acceptor ? "HTTP/www" : NULL;
        return SEC_E_OK;
    case SECPKG_ATTR_TARGET:
        value->text = "T\xC3\xA9";
        return SEC_E_OK;
    case SECPKG_ATTR_KEY_INFO:
        value->key_info.sign = "SUM";
        value->key_info.encrypt = "XOR";
        value->key_info.bits = 8;
        value->key_info.encrypt_id = 7;
        return SEC_E_OK;
    case SECPKG_ATTR_NATIVE_NAMES:
        value->native_names.client = "client";
        value->native_names.server = NULL;
        return SEC_E_OK;
    case SECPKG_ATTR_SESSION_KEY:
        value->blob = bytes_of(TRIAL_KEY, 16);
        return SEC_E_OK;
    case SECPKG_ATTR_LIFESPAN:
        value->lifespan.start = INT64_C(133500000000000000);
        value->lifespan.expiry = CLOCK_FOREVER;
        return SEC_E_OK;
    case SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS:
        value->number = SecPkgAttrLastClientTokenMaybe;
        return SEC_E_OK;
    default:
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
}

static uint32_t sum(const struct message *message)
{
    uint32_t total = 17;

    for (ULONG i = 0; i < message->count; i++)
        for (ULONG k = 0; buffer_type(&message->buffers[i]) == SECBUFFER_DATA && k < message->buffers[i].cbBuffer; k++)
            total = total * 31 + ((uint8_t *)message->buffers[i].pvBuffer)[k];
    return total;
}

static SECURITY_STATUS sign(struct context *context, struct message *message)
{
    SecBuffer *token = message_find(message, SECBUFFER_TOKEN);
    uint32_t total = sum(message) + ((struct trial_context *)context)->sent;

    if (!token)
        return SEC_E_INVALID_TOKEN;
    if (token->cbBuffer < 4)
        return SEC_E_BUFFER_TOO_SMALL;
    memcpy(token->pvBuffer, &total, 4);
    token->cbBuffer = 4;
    ((struct trial_context *)context)->sent++;
    return SEC_E_OK;
}

static SECURITY_STATUS verify(struct context *context, struct message *message)
{
    SecBuffer *token = message_find(message, SECBUFFER_TOKEN);
    uint32_t total = sum(message) + ((struct trial_context *)context)->received;

    message->qop = 5;
    if (!token || token->cbBuffer != 4)
        return SEC_E_INVALID_TOKEN;
    if (memcmp(token->pvBuffer, &total, 4) != 0)
        return SEC_E_MESSAGE_ALTERED;
    ((struct trial_context *)context)->received++;
    return SEC_E_OK;
}

static bool identity_at(struct context *context, size_t index, struct identity_field *field)
{
    static const struct identity_field groups[] = {{.name = "group", .value = "S-1-5-32-544", .number = 7},
                                                   {.name = "group", .value = "", .number = 9}};

    if (index == 0)
        *field = (struct identity_field){.name = "user", .value = ((struct trial_context *)context)->name};
    else if (index <= 2)
        *field = groups[index - 1];
    return index <= 2;
}

static bool available(struct failure *failure)
{
    if (!trial_available)
        (void)failure_set(failure, SEC_E_SECPKG_NOT_FOUND, SSPI_REASON_CRYPTO_UNAVAILABLE, "install the provider");
    return trial_available;
}

static const struct provider trial = {
    .name = "Trial",
    .aliases = {"Attempt"},
    .comment = "Two round trips of words",
    .capabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_CONNECTION,
    .rpc_id = 77,
    .max_token = 128,
    .uses = SECPKG_CRED_BOTH,
    .both_allowed = true,
    .available = available,
    .acquire = acquire,
    .credential_free = credential_free,
    .set_nt_hash = set_nt_hash,
    .query_credential_name = query_credential_name,
    .accept = trial_do_accept,
    .initiate = trial_do_initiate,
    .context_free = context_free,
    .query = query,
    .sign = sign,
    .verify = verify,
    .identity_at = identity_at,
};

static const struct provider bare = {
    .name = "Bare",
    .comment = "Nothing at all",
    .rpc_id = SECPKG_ID_NONE,
    .max_token = 1,
    .uses = SECPKG_CRED_INBOUND,
    .acquire = acquire,
    .credential_free = credential_free,
};

/* The last word of an exchange, in CompleteAuthToken: "good" or not. */
static SECURITY_STATUS complete(struct context *context, struct message *message)
{
    SecBuffer *token = message_find(message, SECBUFFER_TOKEN);

    (void)context;
    if (!token)
        return SEC_E_INVALID_TOKEN;
    return token->cbBuffer == 4 && memcmp(token->pvBuffer, "good", 4) == 0
               ? SEC_E_OK
               : failure_set(message->failure, SEC_E_MESSAGE_ALTERED, SSPI_REASON_MESSAGE_ALTERED, "not good");
}

static SECURITY_STATUS control(struct context *context, struct message *message)
{
    (void)context;
    return message_find(message, SECBUFFER_TOKEN) ? SEC_E_OK : SEC_E_INVALID_TOKEN;
}

static const struct provider again = {
    .name = "Again",
    .comment = "Goes on after success",
    .rpc_id = SECPKG_ID_NONE,
    .max_token = 128,
    .uses = SECPKG_CRED_BOTH,
    .own_auth_data = true,
    .accept_again = true,
    .acquire = acquire,
    .credential_free = credential_free,
    .accept = trial_do_accept,
    .initiate = trial_do_initiate,
    .context_free = context_free,
    .complete = complete,
    .control = control,
};

const struct provider *registry_at(size_t index)
{
    static const struct provider *const providers[] = {&trial, &bare, &again};

    return index < 3 ? providers[index] : NULL;
}

const struct provider *registry_find(const char *name)
{
    for (size_t i = 0; i < 3; i++) {
        const struct provider *provider = registry_at(i);

        if (utf8_same_name(provider->name, name)
            || (provider->aliases[0] && utf8_same_name(provider->aliases[0], name)))
            return provider;
    }
    return sasl_trial_find(name); /* not listed, so that lists stay as they are */
}
