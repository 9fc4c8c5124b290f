/*
 * The rig of support_ntlm.h.
 */
#include "support_ntlm.h"

#include "account/account.h"
#include "base/secret.h"
#include "base/utf.h"

struct known {
    const char *user;
    bool disabled, locked, no_hash;
};

static const struct known accounts[] = {
    {"User", false, false, false}, {"alice", false, false, false}, {"dora", true, false, false},
    {"lola", false, true, false},  {"empty", false, false, true},
};

static const struct known *known_find(const char *user)
{
    for (size_t i = 0; i < sizeof accounts / sizeof *accounts; i++)
        if (utf8_same_name(accounts[i].user, user))
            return &accounts[i];
    return NULL;
}

static SECURITY_STATUS store_status(const struct rig_store *store, struct failure *failure)
{
    if (store->mode == RIG_STORE_FAILS)
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_STORE_UNAVAILABLE,
                           "cannot read /some/accounts.db");
    if (store->mode == RIG_STORE_FAILS_SILENTLY)
        return SEC_E_INTERNAL_ERROR;
    return store->mode == RIG_STORE_NO_MEMORY ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
}

static SECURITY_STATUS store_lookup(SspiAccountStore *base, const char *user, const char *domain,
                                    struct account *account, struct failure *failure)
{
    struct rig_store *store = (struct rig_store *)base;
    const struct known *known = known_find(user);
    SECURITY_STATUS status = store_status(store, failure);

    store->lookups++;
    if (status != SEC_E_OK)
        return status;
    if (!known || (store->exact && !domain[0])
        || (domain[0] && store->domain[0] && !utf8_same_name(domain, store->domain)))
        return failure_set(failure, SEC_E_LOGON_DENIED, SSPI_REASON_UNKNOWN_USER, "no account %s", user);
    account->user = mem_strdup(known->user);
    account->domain = mem_strdup(store->domain);
    account->disabled = known->disabled;
    account->locked = known->locked;
    account->has_nt_hash = !known->no_hash;
    if (!account->user || !account->domain)
        return SEC_E_INSUFFICIENT_MEMORY;
    return account_nt_hash(bytes_of("Password", 8), account->nt_hash);
}

/* As winbind: checks the NTLMv2 response itself and gives the session key alone. */
static SECURITY_STATUS store_verify(SspiAccountStore *base, const struct account_ntlm_request *request,
                                    struct account_ntlm_result *result, struct failure *failure)
{
    struct rig_store *store = (struct rig_store *)base;
    uint8_t hash[16], ntowf[16], proof[16], *user16, *domain16;
    size_t user_size, domain_size;
    SECURITY_STATUS status = store_status(store, failure);

    store->lookups++;
    if (status != SEC_E_OK)
        return status;
    if (account_nt_hash(bytes_of("Password", 8), hash) != SEC_E_OK
        || utf16le_from_utf8(bytes_of(request->user, strlen(request->user)), &user16, &user_size) != SEC_E_OK)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (utf16le_from_utf8(bytes_of(request->domain, strlen(request->domain)), &domain16, &domain_size) != SEC_E_OK) {
        mem_free(user16);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    utf16le_uppercase(user16, user_size);
    status = SEC_E_LOGON_DENIED;
    if (ntlm_ntowf_v2(hash, bytes_of(user16, user_size), bytes_of(domain16, domain_size), ntowf)
        && ntlm_v2_proof(ntowf, request->challenge,
                         bytes_of(request->nt_response.data + 16, request->nt_response.size - 16), proof)
        && memcmp(proof, request->nt_response.data, 16) == 0
        && ntlm_v2_session_key(ntowf, proof, result->session_base_key)) {
        result->user = mem_strdup(request->user);
        result->domain = mem_strdup(store->domain);
        status = result->user && result->domain ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
    }
    mem_free(user16);
    mem_free(domain16);
    return status;
}

static SECURITY_STATUS store_note(SspiAccountStore *base, const char *user, const char *domain, bool success,
                                  ULONG threshold, ULONG seconds, struct failure *failure)
{
    struct rig_store *store = (struct rig_store *)base;

    (void)user, (void)domain, (void)threshold, (void)seconds;
    if (store->counts_nothing)
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_STORE_UNAVAILABLE, "cannot write accounts.db");
    if (success && store->locks_late)
        return failure_set(failure, SEC_E_LOGON_DENIED, SSPI_REASON_ACCOUNT_LOCKED, "locked meanwhile");
    if (success)
        store->successes++;
    else
        store->failures++;
    return SEC_E_OK;
}

static void store_destroy(SspiAccountStore *base)
{
    mem_free(base);
}

static const struct account_store_ops lookup_ops = {
    .kind = "test", .lookup = store_lookup, .note_login = store_note, .destroy = store_destroy};
static const struct account_store_ops verify_ops = {
    .kind = "judge", .verify_ntlm = store_verify, .note_login = store_note, .destroy = store_destroy};

struct rig_store *rig_store(struct rig *rig)
{
    struct rig_store *store = (struct rig_store *)rig->store;

    store->base.ops = store->judges ? &verify_ops : &lookup_ops;
    return store;
}

struct credential *rig_credential(ULONG use, const char *user, const char *domain, const char *password)
{
    struct failure failure = {0};
    const struct acquire request = {
        .use = use,
        .has_identity = user != NULL,
        .user = user,
        .domain = domain,
        .password = bytes_of(password, password ? strlen(password) : 0),
        .failure = &failure,
    };
    struct credential *credential = NULL;

    assert_status(ntlm_provider.acquire(&request, &credential), SEC_E_OK);
    credential->provider = &ntlm_provider;
    credential->use = use;
    credential->settings.netbios_computer_name = mem_strdup("Server");
    credential->settings.netbios_domain_name = mem_strdup("Domain");
    credential->settings.dns_computer_name = mem_strdup("server.domain.example");
    credential->settings.dns_domain_name = mem_strdup("domain.example");
    credential->settings.lockout_threshold = 3;
    credential->settings.lockout_seconds = 900;
    return credential;
}

void rig_credential_free(struct credential *credential)
{
    if (!credential)
        return;
    settings_clear(&credential->settings);
    ntlm_provider.credential_free(credential);
}

void rig_open(struct rig *rig)
{
    struct rig_store *store = mem_zalloc(sizeof *store);
    const ULONG client = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT;

    random_script(NULL, 0);
    *rig = (struct rig){0};
    cr_assert_not_null(store);
    store->base.references = 1;
    store->domain = "Domain";
    rig->store = &store->base;
    rig_store(rig);
    rig->client.credential = rig_credential(SECPKG_CRED_OUTBOUND, "User", "Domain", "Password");
    rig->client.requested = client;
    rig->server.credential = rig_credential(SECPKG_CRED_INBOUND, NULL, NULL, NULL);
    rig->server.credential->accounts = rig->store;
}

void rig_reset(struct rig *rig)
{
    ntlm_provider.context_free(rig->client.context);
    ntlm_provider.context_free(rig->server.context);
    rig->client.context = rig->server.context = NULL;
}

void rig_close(struct rig *rig)
{
    rig_reset(rig);
    rig_credential_free(rig->client.credential);
    rig_credential_free(rig->server.credential);
    account_store_release(rig->store);
}

void rig_client_is(struct rig *rig, const char *user, const char *domain, const char *password)
{
    rig_credential_free(rig->client.credential);
    rig->client.credential = rig_credential(SECPKG_CRED_OUTBOUND, user, domain, password);
}

void rig_step(struct rig_side *side, bool accept, struct bytes token, size_t room, struct rig_leg *leg)
{
    struct step step = {
        .token = token,
        .has_token = token.data != NULL,
        .has_bindings = side->bindings.data != NULL,
        .bindings_application = side->bindings,
        .requested = side->requested,
        .target = side->target,
        .output = {.data = leg->token, .size = room, .present = true},
        .expiry = CLOCK_FOREVER,
        .login = &leg->login,
        .failure = &leg->failure,
    };

    *leg = (struct rig_leg){0};
    leg->status = accept ? ntlm_provider.accept(side->credential, &side->context, &step)
                         : ntlm_provider.initiate(side->credential, &side->context, &step);
    leg->attributes = step.attributes;
    leg->bindings_result = step.bindings_result;
    leg->expiry = step.expiry;
    leg->size = step.output.used;
    if (leg->status < 0)
        cr_assert_neq(leg->failure.reason, SSPI_REASON_NONE, "unexplained failure 0x%08x", (unsigned)leg->status);
}

void rig_accept(struct rig_side *side, struct bytes token, struct rig_leg *leg)
{
    rig_step(side, true, token, sizeof leg->token, leg);
}

void rig_initiate(struct rig_side *side, struct bytes token, struct rig_leg *leg)
{
    rig_step(side, false, token, sizeof leg->token, leg);
}

struct bytes rig_token(const struct rig_leg *leg)
{
    return bytes_of(leg->token, leg->size);
}

void rig_run_to_authenticate(struct rig *rig)
{
    rig_initiate(&rig->client, (struct bytes){0}, &rig->negotiate);
    assert_status(rig->negotiate.status, SEC_I_CONTINUE_NEEDED);
    rig_accept(&rig->server, rig_token(&rig->negotiate), &rig->challenge);
    assert_status(rig->challenge.status, SEC_I_CONTINUE_NEEDED);
    rig_initiate(&rig->client, rig_token(&rig->challenge), &rig->authenticate);
    assert_status(rig->authenticate.status, SEC_E_OK);
}

void rig_finish(struct rig *rig, struct bytes token)
{
    rig_accept(&rig->server, token, &rig->done);
    cr_assert_eq(rig->done.size, 0, "the last leg has no token");
}

void rig_run(struct rig *rig)
{
    rig_run_to_authenticate(rig);
    rig_finish(rig, rig_token(&rig->authenticate));
}

struct ntlm_context *rig_server_context(struct rig *rig)
{
    return (struct ntlm_context *)rig->server.context;
}

struct ntlm_context *rig_client_context(struct rig *rig)
{
    return (struct ntlm_context *)rig->client.context;
}

uint32_t rig_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

void rig_put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

void rig_put_u32(uint8_t *at, uint32_t value)
{
    rig_put_u16(at, (uint16_t)value);
    rig_put_u16(at + 2, (uint16_t)(value >> 16));
}

static SECURITY_STATUS two_buffers(SECURITY_STATUS (*operation)(struct context *, struct message *),
                                   struct context *context, void *data, size_t size, uint8_t signature[16])
{
    struct failure failure = {0};
    SecBuffer buffers[2] = {{16, SECBUFFER_TOKEN, signature}, {(ULONG)size, SECBUFFER_DATA, data}};
    struct message message = {.buffers = buffers, .count = 2, .failure = &failure};

    return operation(context, &message);
}

SECURITY_STATUS rig_sign(struct context *context, void *data, size_t size, uint8_t signature[16])
{
    return two_buffers(ntlm_provider.sign, context, data, size, signature);
}

SECURITY_STATUS rig_check(struct context *context, void *data, size_t size, uint8_t signature[16])
{
    return two_buffers(ntlm_provider.verify, context, data, size, signature);
}

SECURITY_STATUS rig_seal(struct context *context, void *data, size_t size, uint8_t signature[16])
{
    return two_buffers(ntlm_provider.seal, context, data, size, signature);
}

SECURITY_STATUS rig_unseal(struct context *context, void *data, size_t size, uint8_t signature[16])
{
    return two_buffers(ntlm_provider.unseal, context, data, size, signature);
}
