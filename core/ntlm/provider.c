/*
 * The NTLM package's table and its credentials: what AcquireCredentialsHandle makes of a user, a domain and a password.
 * The password itself is not kept, only the keys that are made of it.
 */
#include <string.h>

#include "base/memory.h"
#include "base/secret.h"
#include "base/utf.h"
#include "crypto/crypto.h"
#include "ntlm/ntlm.h"

#define LM_PASSWORD_SIZE 14

static SECURITY_STATUS bad_text(const struct acquire *request, const char *what)
{
    return failure_set(request->failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE, "the %s is not valid UTF-8", what);
}

static SECURITY_STATUS no_memory(const struct acquire *request)
{
    return failure_set(request->failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY,
                       "no memory for a credential");
}

static void ntlm_credential_free(struct credential *base)
{
    struct ntlm_credential *credential = (struct ntlm_credential *)base;

    if (!credential)
        return;
    pthread_mutex_destroy(&credential->outstanding_lock);
    mem_free(credential->name);
    mem_free(credential->user);
    mem_free(credential->domain);
    mem_free(credential->user16);
    mem_free(credential->domain16);
    mem_free_secret(credential, sizeof *credential);
}

static SECURITY_STATUS names_set(struct ntlm_credential *credential, const struct acquire *request)
{
    const char *user = request->user, *domain = request->domain ? request->domain : "";
    SECURITY_STATUS status =
        utf16le_from_utf8(bytes_of(user, strlen(user)), &credential->user16, &credential->user16_size);

    if (status == SEC_E_OK)
        status = utf16le_from_utf8(bytes_of(domain, strlen(domain)), &credential->domain16, &credential->domain16_size);
    if (status == SEC_E_INVALID_PARAMETER)
        return bad_text(request, "user or domain name");
    if (status != SEC_E_OK)
        return no_memory(request);
    credential->user = mem_strdup(user);
    credential->domain = mem_strdup(domain);
    credential->name = ntlm_text_join(domain, user);
    if (!credential->user || !credential->domain || !credential->name)
        return no_memory(request);
    credential->has_user = true;
    return SEC_E_OK;
}

/* LM knows 14 characters of ISO 8859-1 here; a password beyond that has no LM hash, and then none is ever sent. */
static bool lm_hash_set(struct ntlm_credential *credential, struct bytes password)
{
    uint8_t oem[LM_PASSWORD_SIZE];
    size_t size = 0;
    uint32_t character = 0;
    bool ok = true;

    while (password.size && size < sizeof oem && utf8_next(&password, &character) && character < 0x100)
        oem[size++] = (uint8_t)character;
    if (password.size == 0 && character < 0x100) {
        ok = ntlm_lmowf_v1(bytes_of(oem, size), credential->lm_hash);
        credential->has_lm_hash = ok;
    }
    secret_wipe(oem, sizeof oem);
    return ok;
}

static SECURITY_STATUS password_set(struct ntlm_credential *credential, const struct acquire *request)
{
    SECURITY_STATUS status = account_nt_hash(request->password, credential->nt_hash);

    if (status == SEC_E_INVALID_PARAMETER)
        return bad_text(request, "password");
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        return no_memory(request);
    if (status != SEC_E_OK || !lm_hash_set(credential, request->password))
        return failure_set(request->failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CRYPTO_UNAVAILABLE,
                           "OpenSSL failed to hash a password");
    credential->has_hash = true;
    return SEC_E_OK;
}

static SECURITY_STATUS ntlm_acquire(const struct acquire *request, struct credential **out)
{
    const bool named = request->has_identity && request->user && request->user[0];
    struct ntlm_credential *credential = mem_zalloc(sizeof *credential);
    SECURITY_STATUS status = SEC_E_OK;

    *out = NULL;
    if (!credential)
        return no_memory(request);
    pthread_mutex_init(&credential->outstanding_lock, NULL);
    if (named)
        status = names_set(credential, request);
    if (status == SEC_E_OK && named && request->password.data)
        status = password_set(credential, request);
    if (status != SEC_E_OK) {
        ntlm_credential_free(&credential->base);
        return status;
    }
    *out = &credential->base;
    return SEC_E_OK;
}

static SECURITY_STATUS ntlm_set_nt_hash(struct credential *base, const uint8_t hash[16])
{
    struct ntlm_credential *credential = (struct ntlm_credential *)base;

    for (size_t i = 0; i < sizeof credential->nt_hash; i++)
        credential->nt_hash[i] = hash[i];
    secret_wipe(credential->lm_hash, sizeof credential->lm_hash);
    credential->has_lm_hash = false;
    credential->has_hash = true;
    return SEC_E_OK;
}

static SECURITY_STATUS ntlm_query_credential_name(struct credential *base, const char **name)
{
    *name = ((struct ntlm_credential *)base)->name;
    return *name ? SEC_E_OK : SEC_E_NO_CREDENTIALS;
}

static bool ntlm_available(struct failure *failure)
{
    if (crypto_legacy_ready())
        return true;
    failure_set(failure, SEC_E_SECPKG_NOT_FOUND, SSPI_REASON_CRYPTO_UNAVAILABLE, "%s", crypto_legacy_advice());
    return false;
}

const struct provider ntlm_provider = {
    .name = "NTLM",
    .comment = "NTLM Security Package",
    .capabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_TOKEN_ONLY | SECPKG_FLAG_CONNECTION
                    | SECPKG_FLAG_MULTI_REQUIRED | SECPKG_FLAG_ACCEPT_WIN32_NAME | SECPKG_FLAG_NEGOTIABLE
                    | SECPKG_FLAG_LOGON | SECPKG_FLAG_READONLY_WITH_CHECKSUM,
    .rpc_id = RPC_C_AUTHN_WINNT,
    .max_token = NTLM_MAX_TOKEN,
    .uses = SECPKG_CRED_INBOUND | SECPKG_CRED_OUTBOUND,
    .both_allowed = true,
    .available = ntlm_available,
    .check = ntlm_check,
    .acquire = ntlm_acquire,
    .credential_free = ntlm_credential_free,
    .set_nt_hash = ntlm_set_nt_hash,
    .query_credential_name = ntlm_query_credential_name,
    .accept = ntlm_accept,
    .initiate = ntlm_initiate,
    .context_free = ntlm_context_free,
    .query = ntlm_query,
    .sign = ntlm_sign,
    .verify = ntlm_verify_signature,
    .seal = ntlm_seal,
    .unseal = ntlm_unseal,
    .mechlist_mic = ntlm_mechlist_mic,
    .mechlist_mic_due = ntlm_mechlist_mic_due,
    .describe = ntlm_describe,
};
