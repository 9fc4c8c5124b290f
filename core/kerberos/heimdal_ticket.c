/*
 * Where an initiator's tickets come from: libkrb5's caches, its exchanges with the KDC, and its own cache of tickets
 * got with a password or a keytab. Called by initiator.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "account/fork_lock.h"
#include "base/memory.h"
#include "kerberos/heimdal.h"

int64_t heimdal_time(time_t seconds)
{
    return ((int64_t)seconds + INT64_C(11644473600)) * CLOCK_TICKS_PER_SECOND;
}

/* How often a cache is opened anew that was replaced while it was being opened. */
#define REPLACED_TRIES 3

/* ---- Logging in at the KDC ---- */

static krb5_error_code keytab_make(krb5_context context, const struct krb_keys *keys, krb5_keytab *keytab)
{
    static atomic_uint unique;
    char name[64];
    krb5_error_code error;

    snprintf(name, sizeof name, "MEMORY:sspi-%p-%u", (const void *)keys, atomic_fetch_add(&unique, 1));
    error = krb5_kt_resolve(context, name, keytab);
    for (size_t i = 0; error == 0 && i < keys->count; i++) {
        const struct krb_service_key *row = &keys->rows[i];
        krb5_keytab_entry entry = {.vno = (krb5_kvno)row->version};
        char text[2 * KRB_TEXT_MAX];

        snprintf(text, sizeof text, "%s@%s", row->name, row->realm);
        error = krb5_parse_name(context, text, &entry.principal);
        entry.keyblock.keytype = row->key.etype->number;
        entry.keyblock.keyvalue.data = (void *)(uintptr_t)row->key.data;
        entry.keyblock.keyvalue.length = row->key.etype->key_size;
        if (error == 0)
            error = krb5_kt_add_entry(context, *keytab, &entry);
        krb5_free_principal(context, entry.principal);
    }
    return error;
}

static krb5_error_code login_with_keys(krb5_context context, const struct krb_keys *keys, krb5_principal client,
                                       krb5_get_init_creds_opt *options, krb5_creds *creds)
{
    krb5_keytab keytab = NULL;
    krb5_error_code error = keytab_make(context, keys, &keytab);

    if (error == 0)
        error = krb5_get_init_creds_keytab(context, creds, client, keytab, 0, NULL, options);
    if (keytab)
        krb5_kt_close(context, keytab);
    return error;
}

/* What the prompter would ask a person is a refusal here. */
static krb5_error_code no_prompt(krb5_context context, void *data, const char *name, const char *banner, int count,
                                 krb5_prompt prompts[])
{
    (void)context, (void)data, (void)name, (void)banner, (void)count, (void)prompts;
    return KRB5_LIBOS_CANTREADPWD;
}

static krb5_error_code login_with_password(krb5_context context, const struct secret *password, krb5_principal client,
                                           krb5_get_init_creds_opt *options, krb5_creds *creds)
{
    char *text = mem_zalloc(password->size + 1);
    krb5_error_code error;

    if (!text)
        return ENOMEM;
    for (size_t i = 0; i < password->size; i++)
        text[i] = (char)password->data[i];
    error = krb5_get_init_creds_password(context, creds, client, text, no_prompt, NULL, 0, NULL, options);
    mem_free_secret(text, password->size + 1);
    return error;
}

krb5_error_code heimdal_cache_make(krb5_context context, krb5_principal client, krb5_creds *creds, char **name)
{
    krb5_ccache cache = NULL;
    char *full = NULL;
    krb5_error_code error = krb5_cc_new_unique(context, "MEMORY", NULL, &cache);

    if (error == 0)
        error = krb5_cc_initialize(context, cache, client);
    if (error == 0 && creds)
        error = krb5_cc_store_cred(context, cache, creds);
    if (error == 0)
        error = krb5_cc_get_full_name(context, cache, &full);
    *name = error == 0 ? mem_strdup(full) : NULL;
    krb5_xfree(full);
    if (*name)
        return krb5_cc_close(context, cache);
    if (cache)
        krb5_cc_destroy(context, cache);
    return error ? error : ENOMEM;
}

static SECURITY_STATUS client_name(const struct krb_credential *credential, const struct krb_keys *keys,
                                   char text[2 * KRB_TEXT_MAX], struct failure *failure)
{
    const char *name = credential->name;

    if (name && strlen(name) < KRB_TEXT_MAX)
        snprintf(text, 2 * KRB_TEXT_MAX, "%s", name);
    else if (!name && keys && keys->one_service)
        snprintf(text, 2 * KRB_TEXT_MAX, "%s@%s", keys->rows[0].name, keys->rows[0].realm);
    else
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL,
                           "the keytab holds several principals: name the one to log in as in pszPrincipal");
    return SEC_E_OK;
}

static krb5_error_code login_ask(krb5_context context, const struct krb_login *as, krb5_principal client,
                                 bool canonicalize, krb5_creds *creds)
{
    krb5_get_init_creds_opt *options = NULL;
    krb5_error_code error = krb5_get_init_creds_opt_alloc(context, &options);

    if (error)
        return error;
    krb5_get_init_creds_opt_set_forwardable(options, TRUE);
    if (canonicalize)
        error = krb5_get_init_creds_opt_set_canonicalize(context, options, TRUE);
    if (error == 0)
        error = as->keys ? login_with_keys(context, as->keys, client, options, creds)
                         : login_with_password(context, as->password, client, options, creds);
    krb5_get_init_creds_opt_free(context, options);
    return error;
}

/*
 * People of a domain write their names as DOMAIN\user, as user@suffix, or with a realm in small letters: where no KDC
 * answers for what was written, that of the default realm is asked whom it means (RFC 6806 5). Its word counts only if
 * it knows such a user.
 */
static krb5_error_code login_by_alias(krb5_context context, const struct krb_login *as, krb5_creds *creds,
                                      krb5_error_code unreachable)
{
    krb5_principal client = NULL;
    krb5_error_code error = krb5_parse_name_flags(context, as->name, KRB5_PRINCIPAL_PARSE_ENTERPRISE, &client);

    if (error == 0)
        error = login_ask(context, as, client, true, creds);
    krb5_free_principal(context, client);
    return error == KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN || error == KRB5_KDC_UNREACH ? unreachable : error;
}

static SECURITY_STATUS login(krb5_context context, const struct krb_login *as, struct krb_cache *cache,
                             struct failure *failure)
{
    char what[2 * KRB_TEXT_MAX + 32];
    krb5_principal client = NULL;
    krb5_creds creds = {0};
    krb5_error_code error = krb5_parse_name(context, as->name, &client);
    SECURITY_STATUS status;

    snprintf(what, sizeof what, "no ticket for %s", as->name);
    if (error == 0)
        error = login_ask(context, as, client, false, &creds);
    if (error == KRB5_KDC_UNREACH && !as->keys && strchr(as->name, '@'))
        error = login_by_alias(context, as, &creds, error);
    if (error == 0) {
        cache->end = heimdal_time(creds.times.endtime);
        error = heimdal_cache_make(context, creds.client, &creds, &cache->name);
    }
    if (error == KRB5_KT_NOTFOUND)
        status =
            failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_KEYTAB, "the keytab has no key of %.200s", as->name);
    else
        status = heimdal_status(context, error, what, failure);
    krb5_free_cred_contents(context, &creds);
    krb5_free_principal(context, client);
    return status;
}

/* ---- Which cache ---- */

struct krb_cache *krb_cache_retain(struct krb_cache *cache)
{
    atomic_fetch_add_explicit(&cache->references, 1, memory_order_relaxed);
    return cache;
}

void krb_cache_release(struct krb_cache *cache)
{
    krb5_context context;
    krb5_ccache found;

    if (!cache || atomic_fetch_sub_explicit(&cache->references, 1, memory_order_acq_rel) != 1)
        return;
    if (heimdal_context(&context, NULL) == SEC_E_OK && krb5_cc_resolve(context, cache->name, &found) == 0)
        krb5_cc_destroy(context, found);
    mem_free(cache->service);
    mem_free(cache->name);
    mem_free(cache);
}

SECURITY_STATUS heimdal_login(krb5_context context, const struct krb_login *as, struct krb_cache **out,
                              struct failure *failure)
{
    struct krb_cache *cache = mem_zalloc(sizeof *cache);
    SECURITY_STATUS status;

    *out = NULL;
    if (!cache)
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a ticket");
    atomic_init(&cache->references, 1);
    status = login(context, as, cache, failure);
    if (status == SEC_E_OK)
        *out = cache;
    else
        mem_free(cache);
    return status;
}

static SECURITY_STATUS cache_make(krb5_context context, struct krb_credential *credential, struct krb_cache **out,
                                  struct failure *failure)
{
    char name[2 * KRB_TEXT_MAX];
    struct krb_login as = {.name = name, .password = &credential->password};
    struct krb_keys *keys = NULL;
    SECURITY_STATUS status = SEC_E_OK;

    if (!credential->has_password)
        status = krb_credential_keys(credential, true, &keys, failure);
    as.keys = keys;
    if (status == SEC_E_OK)
        status = client_name(credential, keys, name, failure);
    if (status == SEC_E_OK)
        status = heimdal_login(context, &as, out, failure);
    krb_keys_release(keys);
    return status;
}

/* The name of our own cache, if its ticket lasts a while; `fresh` takes the place of the one there was. Allocated. */
static char *own_cache(struct krb_credential *credential, struct krb_cache *fresh)
{
    struct krb_cache *old = NULL;
    char *name = NULL;

    fork_lock_enter();
    pthread_mutex_lock(&credential->lock);
    if (fresh) {
        old = credential->cache;
        credential->cache = fresh;
    }
    if (credential->cache && clock_now() < credential->cache->end - HEIMDAL_RENEW_BEFORE)
        name = mem_strdup(credential->cache->name);
    pthread_mutex_unlock(&credential->lock);
    fork_lock_leave();
    krb_cache_release(old);
    return name;
}

static SECURITY_STATUS cache_open_own(krb5_context context, struct krb_credential *credential, krb5_ccache *cache,
                                      struct failure *failure)
{
    struct krb_cache *fresh = NULL;
    SECURITY_STATUS status;
    char *name = own_cache(credential, NULL);

    if (!name) {
        status = cache_make(context, credential, &fresh, failure);
        if (status != SEC_E_OK)
            return status;
        name = own_cache(credential, fresh);
        if (!name)
            return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_TICKET_EXPIRED,
                               "the KDC's ticket ends within a minute");
    }
    status = heimdal_status(context, krb5_cc_resolve(context, name, cache), "the ticket cache in memory", failure);
    mem_free(name);
    return status;
}

/* A cache by name, the one of the wanted client, or the default one. */
static SECURITY_STATUS cache_open_foreign(krb5_context context, const struct krb_credential *credential,
                                          krb5_ccache *cache, struct failure *failure)
{
    krb5_principal client = NULL;
    krb5_error_code error;

    if (credential->cache_name) {
        error = krb5_cc_resolve(context, credential->cache_name, cache);
    } else if (credential->name) {
        error = krb5_parse_name(context, credential->name, &client);
        if (error == 0)
            error = krb5_cc_cache_match(context, client, cache);
        krb5_free_principal(context, client);
    } else {
        error = krb5_cc_default(context, cache);
    }
    return heimdal_status(context, error, "no ticket cache", failure);
}

SECURITY_STATUS heimdal_cache_open(krb5_context context, struct krb_credential *credential, krb5_ccache *cache,
                                   struct failure *failure)
{
    const bool own = credential->has_password || credential->keytab || credential->keys;

    *cache = NULL;
    if (credential->delegated)
        return heimdal_status(context, krb5_cc_resolve(context, credential->cache->name, cache), "the delegated ticket",
                              failure);
    return own ? cache_open_own(context, credential, cache, failure)
               : cache_open_foreign(context, credential, cache, failure);
}

/* ---- A ticket for a service ---- */

/* The realm that krb5.conf gives a host or its domain; no DNS. Borrowed from the configuration; NULL: none. */
static const char *realm_of_host(krb5_context context, const char *host)
{
    const char *realm = krb5_config_get_string(context, NULL, "domain_realm", host, NULL);

    for (const char *dot = strchr(host, '.'); !realm && dot; dot = strchr(dot + 1, '.'))
        realm = krb5_config_get_string(context, NULL, "domain_realm", dot, NULL);
    return realm;
}

krb5_error_code heimdal_service_parse(krb5_context context, const char *target, krb5_principal client,
                                      krb5_principal *service)
{
    krb5_error_code error = krb5_parse_name(context, target, service);
    const char *host, *realm;

    if (error)
        return error;
    krb5_principal_set_type(context, *service, KRB5_NT_SRV_INST);
    if (strchr(target, '@'))
        return 0;
    host = krb5_principal_get_comp_string(context, *service, 1);
    realm = host ? realm_of_host(context, host) : NULL;
    if (!realm)
        realm = krb5_principal_get_realm(context, client);
    return krb5_principal_set_realm(context, *service, realm);
}

static bool name_view(krb5_context context, krb5_principal principal, struct krb_name *name, struct bytes *realm)
{
    const char *text = krb5_principal_get_realm(context, principal);

    *name = (struct krb_name){.type = krb5_principal_get_type(context, principal)};
    *realm = bytes_of(text, strlen(text));
    while (name->count < KRB_NAME_PARTS_MAX
           && (text = krb5_principal_get_comp_string(context, principal, (unsigned)name->count)) != NULL)
        name->parts[name->count++] = bytes_of(text, strlen(text));
    return name->count > 0 && !krb5_principal_get_comp_string(context, principal, (unsigned)name->count);
}

static SECURITY_STATUS ticket_view(krb5_context context, krb5_creds *creds, struct krb_client_ticket *out,
                                   struct failure *failure)
{
    struct krb_name service, realm = {.count = 1};
    struct bytes service_realm;

    out->ticket = bytes_of(creds->ticket.data, creds->ticket.length);
    out->flags = creds->flags.b.ok_as_delegate ? KRB_TICKET_OK_AS_DELEGATE : 0;
    out->start = heimdal_time(creds->times.starttime ? creds->times.starttime : creds->times.authtime);
    out->end = heimdal_time(creds->times.endtime);
    if (!name_view(context, creds->client, &out->client, &out->client_realm)
        || !name_view(context, creds->server, &service, &service_realm))
        return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                           "a principal has no name, or too long a one");
    realm.parts[0] = out->client_realm;
    if (!krb_name_text(&out->client, (struct bytes){0}, out->client_text)
        || !krb_name_text(&realm, (struct bytes){0}, out->realm_text)
        || !krb_name_text(&service, service_realm, out->service_text))
        return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL, "a principal is no text, or too long");
    if (!krb_key_set(&out->key, creds->session.keytype,
                     bytes_of(creds->session.keyvalue.data, creds->session.keyvalue.length)))
        return failure_set(failure, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY,
                           "the ticket for %s has a session key of type %d, which is not supported", out->service_text,
                           (int)creds->session.keytype);
    return SEC_E_OK;
}

static krb5_error_code ticket_ask(krb5_context context, krb5_ccache cache, const char *target, krb5_creds **creds)
{
    krb5_creds wanted = {0};
    krb5_error_code error = krb5_cc_get_principal(context, cache, &wanted.client);

    if (error == 0)
        error = heimdal_service_parse(context, target, wanted.client, &wanted.server);
    if (error == 0)
        error = krb5_get_credentials(context, 0, cache, &wanted, creds);
    krb5_free_principal(context, wanted.client);
    krb5_free_principal(context, wanted.server);
    return error;
}

/* A cache file that another program replaces just now has no name any more when libkrb5 has it open, which it refuses.
 */
static krb5_error_code ticket_get(krb5_context context, krb5_ccache cache, const char *target, krb5_creds **creds)
{
    krb5_error_code error = ticket_ask(context, cache, target, creds);

    for (int again = 0; error == EPERM && again < REPLACED_TRIES; again++)
        error = ticket_ask(context, cache, target, creds);
    return error;
}

/* libkrb5's words for a cache that is not there, or whose tickets are too old, do not tell what to do. */
static SECURITY_STATUS ticket_refuse(krb5_context context, krb5_ccache cache, krb5_error_code error, const char *target,
                                     struct failure *failure)
{
    char what[KRB_TEXT_MAX];
    char *name = NULL;

    if ((error == ENOENT || error == KRB5_FCC_NOFILE || error == KRB5_CC_NOTFOUND || error == KRB5_CC_END)
        && krb5_cc_get_full_name(context, cache, &name) == 0)
        snprintf(what, sizeof what, "no ticket for %.80s: %.80s is missing or expired, kinit makes it anew", target,
                 name);
    else
        snprintf(what, sizeof what, "no ticket for %.200s%s", target,
                 strchr(target, '/') ? "" : ", which is no service such as HTTP/www.example.com");
    krb5_xfree(name);
    return heimdal_status(context, error, what, failure);
}

SECURITY_STATUS krb_client_ticket_get(struct krb_credential *credential, const char *target,
                                      struct krb_client_ticket *out, struct failure *failure)
{
    krb5_error_code error;
    krb5_creds *creds = NULL;
    krb5_ccache cache;
    krb5_context context;
    SECURITY_STATUS status = heimdal_context(&context, failure);

    *out = (struct krb_client_ticket){0};
    if (status == SEC_E_OK)
        status = heimdal_cache_open(context, credential, &cache, failure);
    if (status != SEC_E_OK)
        return status;
    if (credential->s4u) {
        status = heimdal_s4u_ticket(context, credential, cache, target, &creds, failure);
    } else {
        error = ticket_get(context, cache, target, &creds);
        if (error)
            status = ticket_refuse(context, cache, error, target, failure);
    }
    krb5_cc_close(context, cache);
    if (status != SEC_E_OK)
        return status;
    out->owned = creds;
    status = ticket_view(context, creds, out, failure);
    if (status == SEC_E_OK && !krb_etype_allowed(&credential->base.settings, out->key.etype->number))
        status = failure_set(failure, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY,
                             "the ticket for %s uses %s, which option allow_insecure_rc4 forbids", out->service_text,
                             out->key.etype->name);
    if (status != SEC_E_OK)
        krb_client_ticket_clear(out);
    return status;
}

void krb_client_ticket_clear(struct krb_client_ticket *ticket)
{
    krb5_context context;

    if (ticket->owned && heimdal_context(&context, NULL) == SEC_E_OK)
        krb5_free_creds(context, ticket->owned);
    secret_wipe(ticket, sizeof *ticket);
}

SECURITY_STATUS krb_cache_client(struct krb_credential *credential, char **name, struct failure *failure)
{
    krb5_principal client = NULL;
    krb5_context context;
    krb5_ccache cache;
    char *text = NULL;
    krb5_error_code error;
    SECURITY_STATUS status = heimdal_context(&context, failure);

    *name = NULL;
    if (status == SEC_E_OK)
        status = heimdal_cache_open(context, credential, &cache, failure);
    if (status != SEC_E_OK)
        return status;
    error = krb5_cc_get_principal(context, cache, &client);
    if (error == 0)
        error = krb5_unparse_name(context, client, &text);
    if (error == 0 && !(*name = mem_strdup(text)))
        error = ENOMEM;
    status = heimdal_status(context, error, "no ticket cache", failure);
    krb5_xfree(text);
    krb5_free_principal(context, client);
    krb5_cc_close(context, cache);
    return status;
}
