/*
 * Is the client who it says? ([MS-NLMP] 3.2.5.1.2, 3.3.) Called by acceptor.c with a decoded AUTHENTICATE message.
 * An unknown, disabled or locked account takes the same way as a wrong password, with a hash that nothing matches.
 */
#include <string.h>

#include "base/memory.h"
#include "base/secret.h"
#include "base/utf.h"
#include "ntlm/ntlm.h"

/* No password has this hash that anybody knows; and a match would be refused all the same. */
static const uint8_t no_hash[ACCOUNT_NT_HASH_SIZE] = {0x5b, 0x1c, 0x6e, 0x0a, 0x93, 0xd7, 0x48, 0xf2,
                                                      0x2d, 0xb4, 0x71, 0x86, 0xee, 0x35, 0xca, 0x09};

/* One response against one key. */
struct check {
    const struct ntlm_context *context;
    const struct ntlm_authenticate *message;
    const struct ntlm_claim *claim;
    struct ntlm_verdict *verdict;
    struct failure *failure;
};

void ntlm_claim_clear(struct ntlm_claim *claim)
{
    mem_free(claim->user);
    mem_free(claim->domain);
    mem_free(claim->workstation);
    mem_free(claim->name);
    mem_free(claim->hash_name);
    *claim = (struct ntlm_claim){0};
}

void ntlm_verdict_clear(struct ntlm_verdict *verdict)
{
    mem_free(verdict->user);
    mem_free(verdict->domain);
    secret_wipe(verdict, sizeof *verdict);
}

static SECURITY_STATUS no_memory(struct failure *failure)
{
    return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory to check a login");
}

static SECURITY_STATUS no_crypto(struct failure *failure)
{
    return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CRYPTO_UNAVAILABLE,
                       "OpenSSL failed while checking a login");
}

/* The names as NTOWFv2 wants them: UTF-16LE whatever the charset of the message, the user upper-cased. */
static SECURITY_STATUS hash_name_make(const struct ntlm_authenticate *message, struct ntlm_claim *claim)
{
    struct bytes user = message->user, domain = message->domain;
    uint8_t *user16 = NULL, *domain16 = NULL;
    SECURITY_STATUS status = SEC_E_OK;

    if (!(message->flags & NTLM_UNICODE)) {
        status = utf16le_from_utf8(bytes_of(claim->user, strlen(claim->user)), &user16, &user.size);
        if (status == SEC_E_OK)
            status = utf16le_from_utf8(bytes_of(claim->domain, strlen(claim->domain)), &domain16, &domain.size);
        user.data = user16;
        domain.data = domain16;
    }
    if (status == SEC_E_OK && !(claim->hash_name = mem_alloc(user.size + domain.size)))
        status = SEC_E_INSUFFICIENT_MEMORY;
    if (status == SEC_E_OK) {
        struct writer out = writer_over(claim->hash_name, user.size + domain.size);

        writer_bytes(&out, user);
        writer_bytes(&out, domain);
        utf16le_uppercase(claim->hash_name, user.size);
        claim->hash_user_size = user.size;
        claim->hash_name_size = out.used;
    }
    mem_free(user16);
    mem_free(domain16);
    return status;
}

SECURITY_STATUS ntlm_claim_read(const struct ntlm_authenticate *message, struct ntlm_claim *claim,
                                struct failure *failure)
{
    SECURITY_STATUS status = ntlm_text_decode(message->user, message->flags, &claim->user);

    if (status == SEC_E_OK)
        status = ntlm_text_decode(message->domain, message->flags, &claim->domain);
    if (status == SEC_E_OK)
        status = ntlm_text_decode(message->workstation, message->flags, &claim->workstation);
    if (status == SEC_E_OK && !(claim->name = ntlm_text_join(claim->domain, claim->user)))
        status = SEC_E_INSUFFICIENT_MEMORY;
    if (status == SEC_E_OK)
        status = hash_name_make(message, claim);
    if (status == SEC_E_OK)
        return SEC_E_OK;
    ntlm_claim_clear(claim);
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        return no_memory(failure);
    return failure_set(failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                       "a name in the AUTHENTICATE message is not valid text");
}

/* NTLMv2 with the domain as sent or, for clients that hashed none, without. `proved` only with a session key. */
static bool prove_v2(const struct check *check, const uint8_t hash[16], bool with_domain, bool *proved)
{
    const struct ntlm_claim *claim = check->claim;
    const struct ntlm_v2_response *response = &check->verdict->response;
    const struct bytes user = bytes_of(claim->hash_name, claim->hash_user_size);
    struct bytes domain = {0};
    uint8_t ntowf[16], proof[16];
    bool ok;

    if (with_domain)
        domain = bytes_of(claim->hash_name + user.size, claim->hash_name_size - user.size);
    ok = ntlm_ntowf_v2(hash, user, domain, ntowf)
         && ntlm_v2_proof(ntowf, check->context->server_challenge, response->temp, proof);
    *proved = ok && secret_equal(proof, response->proof.data, sizeof proof);
    if (*proved)
        ok = ntlm_v2_session_key(ntowf, proof, check->verdict->key_exchange_key);
    secret_wipe(ntowf, sizeof ntowf);
    secret_wipe(proof, sizeof proof);
    return ok;
}

/* The LM response's start is the client's challenge under ESS, and takes part in the key even without. */
static bool lm_response_usable(const struct ntlm_authenticate *message, uint32_t flags)
{
    return message->lm.size == NTLM_V1_RESPONSE_SIZE || !(flags & NTLM_ESS);
}

static bool prove_v1(const struct check *check, const uint8_t hash[16], bool *proved)
{
    const struct ntlm_authenticate *message = check->message;
    const uint32_t flags = check->context->flags;
    const uint8_t *challenge = check->context->server_challenge;
    const uint8_t *lm = message->lm.size == NTLM_V1_RESPONSE_SIZE ? message->lm.data : challenge;
    uint8_t expected[NTLM_V1_RESPONSE_SIZE], base_key[16];
    bool ok = ntlm_v1_response(hash, flags, challenge, lm, expected);

    *proved = ok && secret_equal(expected, message->nt.data, sizeof expected);
    if (*proved)
        ok = ntlm_v1_session_key(hash, base_key)
             && ntlm_v1_key_exchange_key(flags, base_key, challenge, lm, NULL, check->verdict->key_exchange_key);
    secret_wipe(expected, sizeof expected);
    secret_wipe(base_key, sizeof base_key);
    return ok;
}

static bool prove(const struct check *check, const uint8_t hash[16], bool *proved)
{
    const bool has_domain = check->claim->hash_name_size > check->claim->hash_user_size;

    if (!check->verdict->extended)
        return prove_v1(check, hash, proved);
    if (!prove_v2(check, hash, true, proved))
        return false;
    return *proved || !has_domain || prove_v2(check, hash, false, proved);
}

static ULONG account_reason(SECURITY_STATUS found, const struct account *account)
{
    if (found != SEC_E_OK)
        return SSPI_REASON_UNKNOWN_USER;
    if (account->disabled)
        return SSPI_REASON_ACCOUNT_DISABLED;
    if (account->locked)
        return SSPI_REASON_ACCOUNT_LOCKED;
    return account->has_nt_hash ? SSPI_REASON_NONE : SSPI_REASON_NO_CREDENTIAL;
}

static SECURITY_STATUS deny(const struct check *check, ULONG reason)
{
    /* Of about the same length: a longer sentence takes measurably longer to make. */
    const char *why = reason == SSPI_REASON_UNKNOWN_USER       ? "no such account"
                      : reason == SSPI_REASON_ACCOUNT_DISABLED ? "disabled account"
                      : reason == SSPI_REASON_ACCOUNT_LOCKED   ? "locked account"
                      : reason == SSPI_REASON_NO_CREDENTIAL    ? "no NT hash known"
                                                               : "wrong password";

    return failure_set(check->failure, SEC_E_LOGON_DENIED, reason, "login of %s from %s refused: %s",
                       check->claim->name,
                       check->claim->workstation[0] ? check->claim->workstation : "an unnamed workstation", why);
}

/* A store that cannot answer: its own words name the file; the status is the same whatever went wrong. */
static SECURITY_STATUS store_failed(struct failure *failure, SECURITY_STATUS status)
{
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        return no_memory(failure);
    if (failure->reason == SSPI_REASON_NONE)
        return failure_set(failure, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_STORE_UNAVAILABLE,
                           "the account store failed with status 0x%08x", (unsigned)status);
    return SEC_E_NO_AUTHENTICATING_AUTHORITY;
}

/* Refuses, after the failure was counted; a failure that cannot be counted is the store's. */
static SECURITY_STATUS note_and_deny(const struct check *check, const struct account *account, ULONG reason)
{
    const struct credential *credential = check->context->base.credential;
    const bool known = reason != SSPI_REASON_UNKNOWN_USER;
    SECURITY_STATUS status = account_store_note_login(credential->accounts, known ? account->user : check->claim->user,
                                                      known ? account->domain : check->claim->domain, false,
                                                      credential->settings.lockout_threshold,
                                                      credential->settings.lockout_seconds, check->failure);

    return status == SEC_E_OK ? deny(check, reason) : store_failed(check->failure, status);
}

static SECURITY_STATUS account_look_up(const struct check *check, const char *domain, struct account *account)
{
    const struct credential *credential = check->context->base.credential;

    return account_store_lookup(credential->accounts, check->claim->user, domain,
                                credential->settings.lockout_threshold, credential->settings.lockout_seconds, account,
                                check->failure);
}

static bool answered(SECURITY_STATUS status)
{
    return status == SEC_E_OK || status == SEC_E_LOGON_DENIED;
}

/*
 * The store's default domain is this server's own: its accounts are shown and found under that name, also where the
 * store knows others of it. Where two accounts would then have one name, the one that was given it in full is the only
 * one. A name without a domain is one of the default domain, or else of this server's. Both are asked whatever the
 * first answers, so that the time tells nobody which names exist; but not a program's callback, which has no default
 * domain.
 */
static SECURITY_STATUS account_find(const struct check *check, struct account *account)
{
    const struct credential *credential = check->context->base.credential;
    const char *own = credential->settings.netbios_domain_name, *claimed = check->claim->domain;
    const bool once = !own || (claimed[0] && credential->accounts->ops->may_block);
    const bool here = own && utf8_same_name(claimed, own);
    SECURITY_STATUS status = account_look_up(check, claimed, account), other;
    struct account second;
    bool hidden;

    if (once || !answered(status))
        return status;
    *check->failure = (struct failure){0}; /* the first answer may be no failure in the end */
    other = account_look_up(check, here ? "" : own, &second);
    hidden = !here && status == SEC_E_OK && other == SEC_E_OK && !account->domain[0] && second.domain[0];
    if (!answered(other) || ((here || !claimed[0]) && (status != SEC_E_OK || hidden))) {
        account_clear(account);
        *account = second;
        return other;
    }
    account_clear(&second);
    *check->failure = (struct failure){0};
    if (hidden)
        account_clear(account);
    return hidden ? SEC_E_LOGON_DENIED : status;
}

static SECURITY_STATUS verify_with_hash(const struct check *check)
{
    uint8_t hash[ACCOUNT_NT_HASH_SIZE];
    struct account account;
    bool proved = false, ok;
    ULONG reason;
    SECURITY_STATUS status = account_find(check, &account);

    if (status != SEC_E_OK && status != SEC_E_LOGON_DENIED) {
        account_clear(&account);
        return store_failed(check->failure, status);
    }
    reason = account_reason(status, &account);
    for (size_t i = 0; i < sizeof hash; i++)
        hash[i] = reason == SSPI_REASON_NONE ? account.nt_hash[i] : no_hash[i];
    ok = prove(check, hash, &proved);
    secret_wipe(hash, sizeof hash);
    if (!ok) {
        status = no_crypto(check->failure);
    } else if (reason == SSPI_REASON_NONE && proved) {
        check->verdict->user = account.user;
        check->verdict->domain = account.domain;
        account.user = account.domain = NULL;
        status = SEC_E_OK;
    } else {
        status = note_and_deny(check, &account, reason == SSPI_REASON_NONE ? SSPI_REASON_WRONG_PASSWORD : reason);
    }
    account_clear(&account);
    return status;
}

/* A store that reveals no key judges itself and hands out the session base key. */
static SECURITY_STATUS verify_by_store(const struct check *check)
{
    const struct ntlm_authenticate *message = check->message;
    const struct ntlm_context *context = check->context;
    struct account_ntlm_request request = {
        .user = check->claim->user,
        .domain = check->claim->domain,
        .workstation = check->claim->workstation,
        .nt_response = message->nt,
        .lm_response = message->lm,
        .negotiate_flags = message->flags,
    };
    struct account_ntlm_result result = {0};
    const uint8_t *lm = message->lm.size == NTLM_V1_RESPONSE_SIZE ? message->lm.data : context->server_challenge;
    SECURITY_STATUS status;

    memcpy(request.challenge, context->server_challenge, sizeof request.challenge);
    status = account_store_verify_ntlm(context->base.credential->accounts, &request, &result, check->failure);
    check->verdict->user = result.user;
    check->verdict->domain = result.domain;
    if (status == SEC_E_LOGON_DENIED)
        status = check->failure->reason ? status : deny(check, SSPI_REASON_WRONG_PASSWORD);
    else if (status != SEC_E_OK)
        status = store_failed(check->failure, status);
    else if (!ntlm_v1_key_exchange_key(check->verdict->extended ? 0 : context->flags, result.session_base_key,
                                       context->server_challenge, lm, NULL, check->verdict->key_exchange_key))
        status = no_crypto(check->failure);
    secret_wipe(result.session_base_key, sizeof result.session_base_key);
    return status;
}

static SECURITY_STATUS refuse(const struct check *check, const char *why)
{
    return failure_set(check->failure, SEC_E_LOGON_DENIED, SSPI_REASON_POLICY, "login of %s refused: %s",
                       check->claim->name, why);
}

/* Which version the response is of, by its length; the LM field alone never logs anybody in. */
static SECURITY_STATUS version_find(const struct check *check)
{
    const struct ntlm_authenticate *message = check->message;
    const struct settings *settings = &check->context->base.credential->settings;
    struct ntlm_verdict *verdict = check->verdict;

    verdict->extended = message->nt.size > NTLM_V1_RESPONSE_SIZE;
    if (verdict->extended)
        return ntlm_v2_response_decode(message->nt, &verdict->response)
                   ? SEC_E_OK
                   : failure_set(check->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                                 "the NTLMv2 response is malformed");
    if (message->nt.size == 0)
        return refuse(check, "an LM response alone is never accepted, no store keeps LM hashes");
    if (message->nt.size != NTLM_V1_RESPONSE_SIZE || !lm_response_usable(message, check->context->flags))
        return failure_set(check->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                           "the NTLM response has an impossible length of %zu bytes", message->nt.size);
    if (!settings->allow_insecure_ntlmv1)
        return refuse(check, "it uses NTLMv1 (option allow_insecure_ntlmv1)");
    return SEC_E_OK;
}

static SECURITY_STATUS ntlm_no_store(struct failure *failure)
{
    return failure_set(failure, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_NO_STORE,
                       "no account store was given to the credential or named by option account_store");
}

SECURITY_STATUS ntlm_check(struct credential *credential, bool *said, struct failure *why)
{
    *said = credential->accounts != NULL;
    return credential->accounts || credential->settings.allow_anonymous ? SEC_E_OK : ntlm_no_store(why);
}

SECURITY_STATUS ntlm_verify(struct ntlm_context *context, const struct ntlm_authenticate *message,
                            const struct ntlm_claim *claim, struct ntlm_verdict *verdict, struct failure *failure)
{
    const struct check check = {context, message, claim, verdict, failure};
    SECURITY_STATUS status = version_find(&check);

    if (status != SEC_E_OK)
        return status;
    if (!context->base.credential->accounts)
        return ntlm_no_store(failure);
    return account_store_can_verify_ntlm(context->base.credential->accounts) ? verify_by_store(&check)
                                                                             : verify_with_hash(&check);
}
