/*
 * Constrained delegation ([MS-SFU]): a service gets tickets in the name of its client, or of a user that it vouches
 * for, by leave of the KDC. The service logs in with its own keys; the evidence is the client's ticket for the service.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "kerberos/heimdal.h"

struct krb_s4u {
    struct krb_cache *service; /* the service's ticket-granting ticket */
    char *client;              /* whom it acts for, with realm */
    uint8_t *evidence;         /* Ticket of the client for the service */
    size_t evidence_size;
    int64_t end; /* of the evidence */
};

void krb_s4u_free(struct krb_s4u *s4u)
{
    if (!s4u)
        return;
    krb_cache_release(s4u->service);
    mem_free(s4u->client);
    mem_free(s4u->evidence);
    mem_free(s4u);
}

static SECURITY_STATUS no_memory(struct failure *failure)
{
    return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a delegation");
}

/* What the KDC says of a delegation is told apart from what it says of a ticket. */
static SECURITY_STATUS s4u_status(krb5_context context, krb5_error_code error, const char *what,
                                  struct failure *failure)
{
    SECURITY_STATUS status = heimdal_status(context, error, what, failure);

    if (error == KRB5KDC_ERR_BADOPTION || error == KRB5KDC_ERR_POLICY)
        return failure_set(failure, SEC_E_DELEGATION_REQUIRED, SSPI_REASON_POLICY, "%s: the KDC does not allow it",
                           what);
    if (error == KRB5KDC_ERR_PADATA_TYPE_NOSUPP)
        status = SEC_E_NO_S4U_PROT_SUPPORT;
    return status;
}

/* The same of a user by name: libkrb5's words would be of the service. */
static SECURITY_STATUS self_status(krb5_context context, krb5_error_code error, const char *client,
                                   struct failure *failure)
{
    char what[KRB_TEXT_MAX];

    snprintf(what, sizeof what, "no ticket in the name of %.200s", client);
    if (error == KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN)
        return failure_set(failure, SEC_E_LOGON_DENIED, SSPI_REASON_UNKNOWN_USER, "the KDC knows no user %s", client);
    if (error == KRB5KDC_ERR_POLICY || error == KRB5KDC_ERR_NAME_EXP || error == KRB5KDC_ERR_CLIENT_REVOKED)
        return failure_set(failure, SEC_E_LOGON_DENIED, SSPI_REASON_ACCOUNT_DISABLED,
                           "the KDC does not let %s log in: the account is disabled, locked or expired", client);
    return s4u_status(context, error, what, failure);
}

static SECURITY_STATUS policy_check(const struct settings *settings, enum delegation_policy needed, const char *whom,
                                    struct failure *failure)
{
    if (settings->constrained_delegation >= (ULONG)needed)
        return SEC_E_OK;
    return failure_set(failure, SEC_E_DELEGATION_REQUIRED, SSPI_REASON_POLICY,
                       "acting as %s elsewhere needs option constrained_delegation at \"%s\"", whom,
                       needed == DELEGATION_CLIENTS ? "clients" : "anyone");
}

/* ---- Exchanges with the KDC ---- */

/* libkrb5's form of a Ticket: `text` holds the strings, `names` points to them. */
struct evidence {
    Ticket ticket;
    heim_general_string names[KRB_NAME_PARTS_MAX];
    krb5int32 kvno;
    char *text;
};

static char *text_put(char **end, struct bytes text)
{
    char *place = *end;

    memcpy(place, text.data, text.size);
    place[text.size] = '\0';
    *end += text.size + 1;
    return place;
}

/* Borrows the cipher from `whole`. */
static krb5_error_code evidence_open(const struct krb_s4u *s4u, struct evidence *out)
{
    struct krb_ticket ticket;
    size_t size;
    char *end;

    *out = (struct evidence){0};
    if (!krb_ticket_decode(bytes_of(s4u->evidence, s4u->evidence_size), &ticket))
        return KRB5_PARSE_MALFORMED;
    size = ticket.realm.size + 1;
    for (size_t i = 0; i < ticket.service.count; i++)
        size += ticket.service.parts[i].size + 1;
    out->text = end = mem_zalloc(size);
    if (!end)
        return ENOMEM;
    out->ticket.tkt_vno = KRB_PVNO;
    out->ticket.realm = text_put(&end, ticket.realm);
    out->ticket.sname.name_type = (NAME_TYPE)ticket.service.type;
    out->ticket.sname.name_string.len = (unsigned)ticket.service.count;
    out->ticket.sname.name_string.val = out->names;
    for (size_t i = 0; i < ticket.service.count; i++)
        out->names[i] = text_put(&end, ticket.service.parts[i]);
    out->kvno = (krb5int32)ticket.encrypted.kvno;
    out->ticket.enc_part.etype = (ENCTYPE)ticket.encrypted.etype;
    out->ticket.enc_part.kvno = ticket.encrypted.has_kvno ? &out->kvno : NULL;
    out->ticket.enc_part.cipher.data = (void *)(uintptr_t)ticket.encrypted.cipher.data;
    out->ticket.enc_part.cipher.length = ticket.encrypted.cipher.size;
    return 0;
}

/* A KDC that does not know these requests answers with a ticket of the service itself: that must not be used. */
static SECURITY_STATUS client_check(krb5_context context, const krb5_creds *creds, const char *client,
                                    struct failure *failure)
{
    char *text = NULL;
    krb5_error_code error = krb5_unparse_name(context, creds->client, &text);
    bool same = error == 0 && strcasecmp(text, client) == 0;

    krb5_xfree(text);
    if (same)
        return SEC_E_OK;
    if (error)
        return heimdal_status(context, error, "the ticket's client", failure);
    return failure_set(failure, SEC_E_NO_S4U_PROT_SUPPORT, SSPI_REASON_KDC,
                       "the KDC knows no delegation: its ticket is not of %s", client);
}

/* One exchange: for a user by name (`user`), or on the evidence of `s4u`. */
static krb5_error_code creds_get(krb5_context context, krb5_ccache service, krb5_const_principal user,
                                 const struct krb_s4u *s4u, krb5_const_principal target, krb5_creds **creds)
{
    struct evidence evidence = {0};
    krb5_get_creds_opt options = NULL;
    krb5_error_code error = krb5_get_creds_opt_alloc(context, &options);

    if (error)
        return error;
    krb5_get_creds_opt_set_options(context, options, KRB5_GC_NO_STORE | KRB5_GC_FORWARDABLE);
    if (user) {
        error = krb5_get_creds_opt_set_impersonate(context, options, user);
    } else {
        krb5_get_creds_opt_add_options(context, options, KRB5_GC_CONSTRAINED_DELEGATION);
        error = evidence_open(s4u, &evidence);
        if (error == 0)
            error = krb5_get_creds_opt_set_ticket(context, options, &evidence.ticket);
    }
    if (error == 0)
        error = krb5_get_creds(context, options, service, target, creds);
    krb5_get_creds_opt_free(context, options);
    mem_free(evidence.text);
    return error;
}

static SECURITY_STATUS proxy(krb5_context context, const struct krb_s4u *s4u, krb5_const_principal target,
                             const char *name, krb5_creds **creds, struct failure *failure)
{
    krb5_principal self = NULL;
    krb5_ccache service = NULL;
    char what[KRB_TEXT_MAX + 64];
    krb5_error_code error = krb5_cc_resolve(context, s4u->service->name, &service);
    SECURITY_STATUS status;

    snprintf(what, sizeof what, "no ticket of %.200s for %.200s", s4u->client, name);
    if (error == 0)
        error = krb5_cc_get_principal(context, service, &self);
    if (error == 0 && !krb5_realm_compare(context, self, target))
        status = failure_set(failure, SEC_E_CROSSREALM_DELEGATION_FAILURE, SSPI_REASON_TARGET,
                             "%s: the service is of another realm", what);
    else
        status =
            s4u_status(context, error ? error : creds_get(context, service, NULL, s4u, target, creds), what, failure);
    krb5_free_principal(context, self);
    if (service)
        krb5_cc_close(context, service);
    return status;
}

/* A ticket that was got earlier and still is good. krb5_get_credentials would do this, and leak a text where there is
 * none. */
static krb5_creds *cached(krb5_context context, krb5_ccache cache, krb5_creds *wanted)
{
    krb5_creds found = {0}, *copy = NULL;

    if (krb5_cc_retrieve_cred(context, cache, 0, wanted, &found) != 0)
        return NULL;
    if (clock_now() + HEIMDAL_RENEW_BEFORE < heimdal_time(found.times.endtime))
        (void)krb5_copy_creds(context, &found, &copy);
    krb5_free_cred_contents(context, &found);
    return copy;
}

SECURITY_STATUS heimdal_s4u_ticket(krb5_context context, struct krb_credential *credential, krb5_ccache cache,
                                   const char *target, krb5_creds **creds, struct failure *failure)
{
    const struct krb_s4u *s4u = credential->s4u;
    krb5_creds wanted = {0};
    krb5_error_code error = krb5_cc_get_principal(context, cache, &wanted.client);
    SECURITY_STATUS status;

    *creds = NULL;
    if (error == 0)
        error = heimdal_service_parse(context, target, wanted.client, &wanted.server);
    status = heimdal_status(context, error, "the target's name", failure);
    if (status == SEC_E_OK && clock_now() >= s4u->end)
        status = failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_TICKET_EXPIRED,
                             "the ticket of %s, in whose name this credential acts, expired", s4u->client);
    if (status == SEC_E_OK)
        *creds = cached(context, cache, &wanted);
    if (status == SEC_E_OK && !*creds) {
        status = proxy(context, s4u, wanted.server, target, creds, failure);
        if (status == SEC_E_OK)
            status = client_check(context, *creds, s4u->client, failure);
        if (status == SEC_E_OK)
            (void)krb5_cc_store_cred(context, cache, *creds);
    }
    if (status != SEC_E_OK && *creds) {
        krb5_free_creds(context, *creds);
        *creds = NULL;
    }
    krb5_free_principal(context, wanted.client);
    krb5_free_principal(context, wanted.server);
    return status;
}

/* ---- Credentials ---- */

/* Whom a credential shall act for: `self` is a ticket of the user for the service itself, or NULL. */
struct request {
    const char *client;
    struct krb_cache *service;
    struct bytes evidence;
    int64_t end;
    krb5_creds *self;
};

static struct krb_s4u *s4u_new(const struct request *request)
{
    struct krb_s4u *s4u = mem_zalloc(sizeof *s4u);

    if (!s4u)
        return NULL;
    s4u->service = krb_cache_retain(request->service);
    s4u->end = request->end < request->service->end ? request->end : request->service->end;
    s4u->evidence_size = request->evidence.size;
    s4u->client = mem_strdup(request->client);
    s4u->evidence = mem_alloc(request->evidence.size);
    if (!s4u->client || !s4u->evidence) {
        krb_s4u_free(s4u);
        return NULL;
    }
    memcpy(s4u->evidence, request->evidence.data, request->evidence.size);
    return s4u;
}

/* The tickets that the credential gets are kept in a cache of its own, which holds no ticket-granting ticket. */
static krb5_error_code own_cache(krb5_context context, const struct request *request, struct krb_cache **out)
{
    struct krb_cache *cache = mem_zalloc(sizeof *cache);
    krb5_principal client = NULL;
    krb5_error_code error = cache ? krb5_parse_name(context, request->client, &client) : ENOMEM;

    if (error == 0)
        error = heimdal_cache_make(context, client, request->self, &cache->name);
    krb5_free_principal(context, client);
    if (error) {
        mem_free(cache);
        return error;
    }
    atomic_init(&cache->references, 1);
    cache->end = request->end;
    *out = cache;
    return 0;
}

static SECURITY_STATUS credential_make(krb5_context context, const struct request *request, struct credential **out,
                                       struct failure *failure)
{
    struct krb_credential *made = mem_zalloc(sizeof *made);
    SECURITY_STATUS status;

    if (!made)
        return no_memory(failure);
    pthread_mutex_init(&made->lock, NULL);
    made->delegated = true;
    made->name = mem_strdup(request->client);
    made->s4u = s4u_new(request);
    status = made->name && made->s4u
                 ? heimdal_status(context, own_cache(context, request, &made->cache), "no cache for tickets", failure)
                 : no_memory(failure);
    if (status == SEC_E_OK)
        *out = &made->base;
    else
        krb_credential_free(&made->base);
    return status;
}

SECURITY_STATUS krb_constrained_credential(struct context *base, struct credential **out, struct failure *failure)
{
    const struct krb_context *context = (const struct krb_context *)base;
    struct krb_credential *service = krb_credential_of(context);
    struct request request = {.client = context->native_client, .end = context->expiry};
    krb5_context krb5;
    SECURITY_STATUS status;

    *out = NULL;
    if (!base->acceptor)
        return failure_set(failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                           "only a server can act for its client");
    status = policy_check(&service->base.settings, DELEGATION_CLIENTS, context->native_client, failure);
    if (status == SEC_E_OK && clock_now() >= context->expiry)
        status = failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_TICKET_EXPIRED, "the ticket of %s expired",
                             context->native_client);
    if (status == SEC_E_OK)
        status = heimdal_context(&krb5, failure);
    if (status == SEC_E_OK)
        status = heimdal_service_login(krb5, service, service->has_password ? service->name : context->service,
                                       &request.service, failure);
    if (status != SEC_E_OK)
        return status;
    request.evidence = bytes_of(context->evidence, context->evidence_size);
    status = credential_make(krb5, &request, out, failure);
    krb_cache_release(request.service);
    return status;
}

/* The user as a principal: of the realm that was said, else of the service's. */
static SECURITY_STATUS user_parse(krb5_context context, const struct user_name *user, krb5_const_principal self,
                                  krb5_principal *out, struct failure *failure)
{
    krb5_error_code error;

    if (strlen(user->user) >= KRB_TEXT_MAX || (user->realm && strlen(user->realm) >= KRB_TEXT_MAX)
        || (user->realm && strchr(user->user, '@')))
        return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE,
                           "the user's name or realm is too long, or the realm was said twice");
    error = krb5_parse_name(context, user->user, out);
    if (error == 0 && !strchr(user->user, '@'))
        error = krb5_principal_set_realm(context, *out,
                                         user->realm ? user->realm : krb5_principal_get_realm(context, self));
    if (error == KRB5_PARSE_MALFORMED)
        return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE, "the user's name is malformed");
    if (error == 0 && !krb5_realm_compare(context, *out, self))
        return failure_set(failure, SEC_E_CROSSREALM_DELEGATION_FAILURE, SSPI_REASON_WRONG_REALM,
                           "%s is of another realm than this service", user->user);
    return heimdal_status(context, error, "the user's name", failure);
}

/* A ticket of the user for the service itself, which is the evidence for all others. */
static SECURITY_STATUS self_ticket(krb5_context context, struct krb_cache *service, const char *name,
                                   const struct user_name *user, krb5_creds **creds, char **client,
                                   struct failure *failure)
{
    krb5_principal self = NULL, principal = NULL;
    krb5_ccache cache = NULL;
    krb5_error_code error = krb5_cc_resolve(context, service->name, &cache);
    SECURITY_STATUS status;

    if (error == 0)
        error = krb5_parse_name(context, name, &self);
    status = heimdal_status(context, error, "the service's name", failure);
    if (status == SEC_E_OK)
        status = user_parse(context, user, self, &principal, failure);
    if (status == SEC_E_OK)
        status = heimdal_status(context, krb5_unparse_name(context, principal, client), "the user's name", failure);
    if (status == SEC_E_OK)
        status = self_status(context, creds_get(context, cache, principal, NULL, self, creds), *client, failure);
    if (status == SEC_E_OK)
        status = client_check(context, *creds, *client, failure);
    krb5_free_principal(context, principal);
    krb5_free_principal(context, self);
    if (cache)
        krb5_cc_close(context, cache);
    return status;
}

SECURITY_STATUS krb_credential_for_user(struct credential *base, const struct user_name *user, struct credential **out,
                                        struct failure *failure)
{
    struct krb_credential *service = (struct krb_credential *)base;
    char name[2 * KRB_TEXT_MAX], *client = NULL;
    struct request request = {0};
    krb5_context context;
    SECURITY_STATUS status = policy_check(&base->settings, DELEGATION_ANYONE, user->user, failure);

    *out = NULL;
    if (status == SEC_E_OK)
        status = heimdal_service_choose(service, name, failure);
    if (status == SEC_E_OK)
        status = heimdal_context(&context, failure);
    if (status == SEC_E_OK)
        status = heimdal_service_login(context, service, name, &request.service, failure);
    if (status != SEC_E_OK)
        return status;
    status = self_ticket(context, request.service, name, user, &request.self, &client, failure);
    if (status == SEC_E_OK) {
        request.client = client;
        request.evidence = bytes_of(request.self->ticket.data, request.self->ticket.length);
        request.end = heimdal_time(request.self->times.endtime);
        status = credential_make(context, &request, out, failure);
    }
    if (request.self)
        krb5_free_creds(context, request.self);
    krb5_xfree(client);
    krb_cache_release(request.service);
    return status;
}
