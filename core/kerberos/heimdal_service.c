/*
 * A service's own login at the KDC, with the keys that it accepts with, for constrained delegation (heimdal_s4u.c): its
 * ticket-granting ticket is kept with the credential.
 */
#include <stdio.h>
#include <string.h>

#include "account/fork_lock.h"
#include "base/memory.h"
#include "kerberos/heimdal.h"

/* How many accounts of a keytab may be tried where the KDC does not know the service's name as one. */
#define ACCOUNTS_MAX 4

/* The cache that the credential keeps for this service, retained; `fresh` takes its place. NULL: none that lasts. */
static struct krb_cache *service_cache(struct krb_credential *credential, const char *service, struct krb_cache *fresh)
{
    struct krb_cache *old = NULL, *found = NULL;

    fork_lock_enter();
    pthread_mutex_lock(&credential->lock);
    if (fresh) {
        old = credential->service_cache;
        credential->service_cache = fresh;
    }
    found = credential->service_cache;
    if (found && strcmp(found->service, service) == 0 && clock_now() < found->end - HEIMDAL_RENEW_BEFORE)
        krb_cache_retain(found);
    else
        found = NULL;
    pthread_mutex_unlock(&credential->lock);
    fork_lock_leave();
    krb_cache_release(old);
    return found;
}

/* Whether the keytab's row is the first of an account (not of one of its services) in the service's realm. */
static bool row_is_account(const struct krb_keys *keys, size_t index, const char *realm)
{
    const struct krb_service_key *row = &keys->rows[index];

    if (strchr(row->name, '/') || strcmp(row->realm, realm) != 0)
        return false;
    for (size_t i = 0; i < index; i++)
        if (strcmp(keys->rows[i].name, row->name) == 0 && strcmp(keys->rows[i].realm, realm) == 0)
            return false;
    return true;
}

/* In a domain a service's name is no account, so its keytab may hold the account as well: HOST$@REALM. */
static SECURITY_STATUS account_login(krb5_context context, const struct krb_keys *keys, const char *service,
                                     struct krb_cache **cache, struct failure *failure)
{
    const char *at = strrchr(service, '@');
    char name[2 * KRB_TEXT_MAX];
    struct krb_login as = {.name = name, .keys = keys};
    struct failure other = {0};
    SECURITY_STATUS status = SEC_E_LOGON_DENIED;
    size_t tries = 0;

    for (size_t i = 0; at && i < keys->count && tries < ACCOUNTS_MAX && status == SEC_E_LOGON_DENIED; i++) {
        if (!row_is_account(keys, i, at + 1))
            continue;
        snprintf(name, sizeof name, "%s%s", keys->rows[i].name, at);
        status = heimdal_login(context, &as, cache, &other);
        tries++;
    }
    if (tries > 0 && status != SEC_E_OK && failure)
        *failure = other;
    if (tries > 0 || !failure)
        return status;
    return failure_set(failure, status, failure->reason,
                       "the KDC does not know %s: the keytab must also hold the name of the service's account",
                       service);
}

SECURITY_STATUS heimdal_service_login(krb5_context context, struct krb_credential *credential, const char *service,
                                      struct krb_cache **cache, struct failure *failure)
{
    struct krb_login as = {.name = service, .password = &credential->password};
    struct krb_keys *keys = NULL;
    struct failure why = {0};
    SECURITY_STATUS status = SEC_E_OK;

    *cache = service_cache(credential, service, NULL);
    if (*cache)
        return SEC_E_OK;
    if (!credential->has_password)
        status = krb_credential_keys(credential, true, &keys, failure);
    as.keys = keys;
    if (status == SEC_E_OK)
        status = heimdal_login(context, &as, cache, &why);
    if (status == SEC_E_LOGON_DENIED && why.reason == SSPI_REASON_UNKNOWN_USER && keys)
        status = account_login(context, keys, service, cache, &why);
    if (status != SEC_E_OK && why.reason != SSPI_REASON_NONE && failure)
        *failure = why;
    krb_keys_release(keys);
    if (status != SEC_E_OK)
        return status;
    (*cache)->service = mem_strdup(service);
    if (!(*cache)->service) {
        krb_cache_release(*cache);
        *cache = NULL;
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a ticket");
    }
    *cache = service_cache(credential, service, *cache);
    return *cache ? SEC_E_OK
                  : failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_TICKET_EXPIRED,
                                "the KDC's ticket for %s ends within a minute", service);
}

SECURITY_STATUS heimdal_service_choose(struct krb_credential *credential, char service[2 * KRB_TEXT_MAX],
                                       struct failure *failure)
{
    const char *patterns = krb_credential_services(credential);
    struct krb_keys *keys;
    SECURITY_STATUS status;
    bool one = true;

    service[0] = '\0';
    if (credential->has_password) {
        snprintf(service, 2 * KRB_TEXT_MAX, "%s", credential->name);
        return SEC_E_OK;
    }
    if (!(credential->base.use & SECPKG_CRED_INBOUND) && !credential->keys && !credential->keytab)
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL,
                           "only a credential with keys of a service may act for somebody else");
    status = krb_credential_keys(credential, false, &keys, failure);
    for (size_t i = 0; status == SEC_E_OK && i < keys->count; i++) {
        const struct krb_service_key *row = &keys->rows[i];
        char name[2 * KRB_TEXT_MAX];

        if (patterns && !krb_service_matches(patterns, row->name, row->realm))
            continue;
        snprintf(name, sizeof name, "%s@%s", row->name, row->realm);
        one = one && (!service[0] || strcmp(service, name) == 0);
        snprintf(service, 2 * KRB_TEXT_MAX, "%s", name);
    }
    if (status == SEC_E_OK)
        krb_keys_release(keys);
    if (status != SEC_E_OK || (one && service[0]))
        return status;
    return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL,
                       "the keytab holds keys of %s services of this credential: name one in pszPrincipal",
                       service[0] ? "several" : "no");
}
