/*
 * Credentials of Kerberos: what AcquireCredentialsHandle was given, and the keys, caches and replay cache that follow
 * from it with the first login, once the program has said all it wants.
 */
#include <stdio.h>
#include <string.h>

#include "account/fork_lock.h"
#include "base/memory.h"
#include "kerberos/kerberos.h"

static SECURITY_STATUS no_memory(struct failure *failure)
{
    return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a credential");
}

/* `user`, with @domain where the user names no realm. */
static char *name_join(const char *user, const char *domain)
{
    size_t size = strlen(user) + 1 + strlen(domain) + 1;
    char *text = mem_alloc(size);

    if (text)
        snprintf(text, size, "%s%s%s", user, domain[0] && !strchr(user, '@') ? "@" : "",
                 strchr(user, '@') ? "" : domain);
    return text;
}

static bool names_take(struct krb_credential *credential, const struct acquire *request)
{
    if (request->principal && request->principal[0]) {
        credential->principal = mem_strdup(request->principal);
        credential->name = mem_strdup(request->principal);
        if (!credential->principal || !credential->name)
            return false;
    }
    if (!request->user || !request->user[0])
        return true;
    mem_free(credential->name);
    credential->user = mem_strdup(request->user);
    credential->domain = mem_strdup(request->domain ? request->domain : "");
    credential->name = credential->user && credential->domain ? name_join(credential->user, credential->domain) : NULL;
    return credential->name != NULL;
}

SECURITY_STATUS krb_acquire(const struct acquire *request, struct credential **out)
{
    struct krb_credential *credential = mem_zalloc(sizeof *credential);
    SECURITY_STATUS status = SEC_E_OK;
    bool ok;

    *out = NULL;
    if (!credential)
        return no_memory(request->failure);
    pthread_mutex_init(&credential->lock, NULL);
    ok = names_take(credential, request);
    if (ok && credential->user && request->password.data) {
        ok = secret_set(&credential->password, request->password.data, request->password.size);
        credential->has_password = ok;
    }
    if (!ok)
        status = no_memory(request->failure);
    else if (request->keytab.data)
        status = krb_keytab_parse(request->keytab, "of the identity", &credential->keys, request->failure);
    if (status != SEC_E_OK) {
        krb_credential_free(&credential->base);
        return status;
    }
    *out = &credential->base;
    return SEC_E_OK;
}

void krb_credential_free(struct credential *base)
{
    struct krb_credential *credential = (struct krb_credential *)base;

    if (!credential)
        return;
    krb_keys_release(credential->keys);
    krb_keytab_file_free(credential->keytab);
    replay_close(credential->replay);
    krb_cache_release(credential->cache);
    krb_cache_release(credential->service_cache);
    krb_s4u_free(credential->s4u);
    secret_clear(&credential->password);
    pthread_mutex_destroy(&credential->lock);
    mem_free(credential->name);
    mem_free(credential->shown_name);
    mem_free(credential->principal);
    mem_free(credential->user);
    mem_free(credential->domain);
    mem_free(credential->cache_name);
    mem_free(credential);
}

/* A name that was not said is that of the cache's client. */
SECURITY_STATUS krb_credential_name(struct credential *base, const char **name)
{
    struct krb_credential *credential = (struct krb_credential *)base;
    SECURITY_STATUS status = SEC_E_OK;
    char *client = NULL;

    *name = credential->name;
    if (*name)
        return SEC_E_OK;
    if (!(credential->base.use & SECPKG_CRED_OUTBOUND))
        return SEC_E_NO_CREDENTIALS;
    status = krb_cache_client(credential, &client, NULL);
    if (status != SEC_E_OK)
        return status;
    fork_lock_enter();
    pthread_mutex_lock(&credential->lock);
    if (!credential->shown_name) {
        credential->shown_name = client;
        client = NULL;
    }
    *name = credential->shown_name;
    pthread_mutex_unlock(&credential->lock);
    fork_lock_leave();
    mem_free(client);
    return SEC_E_OK;
}

/* ---- Keys of an acceptor ---- */

SECURITY_STATUS krb_set_keytab(struct credential *base, const char *path, struct failure *failure)
{
    struct krb_credential *credential = (struct krb_credential *)base;
    struct krb_keytab_file *file = krb_keytab_file_new(path);
    struct krb_keys *keys;
    SECURITY_STATUS status;

    if (!file)
        return no_memory(failure);
    status = krb_keytab_file_keys(file, true, &keys, failure);
    if (status != SEC_E_OK) {
        krb_keytab_file_free(file);
        return status;
    }
    krb_keys_release(keys);
    krb_keytab_file_free(credential->keytab);
    krb_keys_release(credential->keys);
    credential->keys = NULL;
    credential->keytab = file;
    credential->keys_said = true;
    return SEC_E_OK;
}

SECURITY_STATUS krb_set_keytab_bytes(struct credential *base, struct bytes content, struct failure *failure)
{
    struct krb_credential *credential = (struct krb_credential *)base;
    struct krb_keys *keys;
    SECURITY_STATUS status = krb_keytab_parse(content, "in memory", &keys, failure);

    if (status != SEC_E_OK)
        return status;
    krb_keytab_file_free(credential->keytab);
    krb_keys_release(credential->keys);
    credential->keytab = NULL;
    credential->keys = keys;
    credential->keys_said = true;
    return SEC_E_OK;
}

SECURITY_STATUS krb_set_cache(struct credential *base, const char *name, struct failure *failure)
{
    struct krb_credential *credential = (struct krb_credential *)base;
    char *copy = mem_strdup(name);

    if (!copy)
        return no_memory(failure);
    mem_free(credential->cache_name);
    credential->cache_name = copy;
    return SEC_E_OK;
}

/* The realm in the user's name, in the domain, or libkrb5's default. */
static SECURITY_STATUS account_split(const struct krb_credential *credential, char name[KRB_TEXT_MAX],
                                     char realm[KRB_TEXT_MAX], struct failure *failure)
{
    const char *at = strrchr(credential->user, '@');
    size_t size = at ? (size_t)(at - credential->user) : strlen(credential->user);
    const char *said = at ? at + 1 : credential->domain;

    if (size >= KRB_TEXT_MAX || strlen(said) >= KRB_TEXT_MAX)
        return failure_set(failure, SEC_E_UNKNOWN_CREDENTIALS, SSPI_REASON_USAGE,
                           "the user or domain name is too long");
    memcpy(name, credential->user, size);
    name[size] = '\0';
    if (!said[0])
        return krb_default_realm(realm, failure);
    memcpy(realm, said, strlen(said) + 1);
    return SEC_E_OK;
}

static SECURITY_STATUS password_keys(struct krb_credential *credential, struct failure *failure)
{
    char name[KRB_TEXT_MAX], realm[KRB_TEXT_MAX];
    SECURITY_STATUS status = account_split(credential, name, realm, failure);
    struct krb_keys *keys;

    if (status != SEC_E_OK)
        return status;
    keys = krb_keys_new();
    if (!keys)
        return no_memory(failure);
    status =
        krb_password_keys(keys, name, realm, bytes_of(credential->password.data, credential->password.size), failure);
    if (status == SEC_E_OK)
        credential->keys = keys;
    else
        krb_keys_release(keys);
    return status;
}

/* The file that the operator named, or libkrb5's default. */
static SECURITY_STATUS keytab_choose(struct krb_credential *credential, struct failure *failure)
{
    const char *path = credential->base.settings.keytab;
    char chosen[4096];
    SECURITY_STATUS status = SEC_E_OK;

    if (!path) {
        status = krb_default_keytab(chosen, sizeof chosen, failure);
        path = chosen;
    }
    if (status != SEC_E_OK)
        return status;
    credential->keytab = krb_keytab_file_new(path);
    return credential->keytab ? SEC_E_OK : no_memory(failure);
}

static SECURITY_STATUS keys_ready(struct krb_credential *credential, struct failure *failure)
{
    if (credential->keys || credential->keytab)
        return SEC_E_OK;
    return credential->has_password ? password_keys(credential, failure) : keytab_choose(credential, failure);
}

SECURITY_STATUS krb_credential_keys(struct krb_credential *credential, bool fresh, struct krb_keys **keys,
                                    struct failure *failure)
{
    SECURITY_STATUS status;

    *keys = NULL;
    fork_lock_enter();
    pthread_mutex_lock(&credential->lock);
    status = keys_ready(credential, failure);
    if (status == SEC_E_OK && credential->keys)
        *keys = krb_keys_retain(credential->keys);
    else if (status == SEC_E_OK)
        status = krb_keytab_file_keys(credential->keytab, fresh, keys, failure);
    pthread_mutex_unlock(&credential->lock);
    fork_lock_leave();
    return status;
}

static struct replay *replay_swap(struct krb_credential *credential, struct replay *opened)
{
    struct replay *kept;

    fork_lock_enter();
    pthread_mutex_lock(&credential->lock);
    if (!credential->replay)
        credential->replay = opened;
    kept = credential->replay;
    pthread_mutex_unlock(&credential->lock);
    fork_lock_leave();
    return kept;
}

/* A cache without a file is shared with those children alone that inherit it. */
void krb_prepare(struct credential *base, const struct settings *settings)
{
    struct krb_credential *credential = (struct krb_credential *)base;

    replay_close(credential->replay);
    credential->replay = NULL;
    if (!(base->use & SECPKG_CRED_INBOUND) || !settings->replay_cache
        || strcmp(settings->replay_cache, REPLAY_MEMORY) != 0)
        return;
    if (replay_open(REPLAY_MEMORY, settings->replay_cache_entries, &credential->replay, NULL) != SEC_E_OK)
        credential->replay = NULL;
}

/* Opened outside of our lock: the list of caches has a lock of its own that fork() waits for. */
SECURITY_STATUS krb_credential_replay(struct krb_credential *credential, struct replay **replay,
                                      struct failure *failure)
{
    const struct settings *settings = &credential->base.settings;
    struct replay *opened;
    SECURITY_STATUS status;

    *replay = replay_swap(credential, NULL);
    if (*replay)
        return SEC_E_OK;
    status = replay_open(settings->replay_cache, settings->replay_cache_entries, &opened, failure);
    if (status != SEC_E_OK)
        return status;
    *replay = replay_swap(credential, opened);
    if (*replay != opened)
        replay_close(opened);
    return SEC_E_OK;
}

const char *krb_credential_services(const struct krb_credential *credential)
{
    return credential->principal ? credential->principal : credential->base.settings.service_names;
}
