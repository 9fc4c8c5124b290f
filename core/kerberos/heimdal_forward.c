/*
 * Delegation (RFC 4121 4.1.1.1): a client lends its ticket-granting ticket as KRB-CRED inside the authenticator's
 * checksum; the server opens it into a cache of its own and logs in elsewhere with it.
 */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "kerberos/heimdal.h"

static krb5_keyblock key_view(const struct krb_key *key)
{
    krb5_keyblock view = {.keytype = key->etype->number};

    view.keyvalue.data = (void *)(uintptr_t)key->data;
    view.keyvalue.length = key->etype->key_size;
    return view;
}

static krb5_error_code auth_make(krb5_context context, const struct krb_key *session_key, const struct krb_key *subkey,
                                 krb5_auth_context *auth)
{
    krb5_keyblock key = key_view(session_key);
    krb5_error_code error = krb5_auth_con_init(context, auth);

    if (error == 0)
        error = krb5_auth_con_setkey(context, *auth, &key);
    if (error == 0 && subkey) {
        key = key_view(subkey);
        error = krb5_auth_con_setremotesubkey(context, *auth, &key);
    }
    if (error == 0)
        error = krb5_auth_con_setflags(context, *auth, 0);
    return error;
}

/* KDC options as libkrb5 numbers them: forwardable and forwarded. */
#define FORWARD_OPTIONS (1 << 1 | 1 << 2)

/* krb5_fwd_tgt_creds would do this, and leak a name. */
static krb5_error_code forward(krb5_context context, krb5_auth_context auth, krb5_ccache cache,
                               const krb5_creds *ticket, krb5_data *out)
{
    const char *realm = krb5_principal_get_realm(context, ticket->client);
    const char *host = krb5_principal_get_comp_string(context, ticket->server, 1);
    krb5_creds wanted = {.client = ticket->client};
    krb5_error_code error = krb5_make_principal(context, &wanted.server, realm, KRB5_TGS_NAME, realm, NULL);

    if (error == 0)
        error = krb5_get_forwarded_creds(context, auth, cache, FORWARD_OPTIONS, host ? host : "", &wanted, out);
    krb5_free_principal(context, wanted.server);
    return error;
}

SECURITY_STATUS krb_forward_make(struct krb_credential *credential, const struct krb_client_ticket *ticket,
                                 struct secret *message, struct failure *failure)
{
    krb5_creds *creds = ticket->owned;
    krb5_auth_context auth = NULL;
    krb5_data out = {0};
    krb5_context context;
    krb5_ccache cache;
    krb5_error_code error;
    SECURITY_STATUS status = heimdal_context(&context, failure);

    if (status == SEC_E_OK)
        status = heimdal_cache_open(context, credential, &cache, failure);
    if (status != SEC_E_OK)
        return status;
    error = auth_make(context, &ticket->key, NULL, &auth);
    if (error == 0)
        error = forward(context, auth, cache, creds, &out);
    if (error == 0 && !secret_set(message, out.data, out.length))
        error = ENOMEM;
    status = heimdal_status(context, error, "no ticket to delegate", failure);
    if (out.data)
        secret_wipe(out.data, out.length);
    krb5_data_free(&out);
    krb5_auth_con_free(context, auth);
    krb5_cc_close(context, cache);
    return status;
}

/* Whether the ticket is the client's own: nobody lends what is another's. */
static bool client_same(krb5_context context, krb5_const_principal principal, const char *client)
{
    char *text = NULL;
    bool same = krb5_unparse_name(context, principal, &text) == 0 && strcmp(text, client) == 0;

    krb5_xfree(text);
    return same;
}

static krb5_error_code creds_keep(krb5_context context, krb5_creds **creds, struct krb_cache **out)
{
    struct krb_cache *cache = mem_zalloc(sizeof *cache);
    krb5_error_code error = cache ? heimdal_cache_make(context, creds[0]->client, creds[0], &cache->name) : ENOMEM;

    if (error) {
        mem_free(cache);
        return error;
    }
    atomic_init(&cache->references, 1);
    cache->end = heimdal_time(creds[0]->times.endtime);
    *out = cache;
    return 0;
}

static void creds_free(krb5_context context, krb5_creds **creds)
{
    for (size_t i = 0; creds && creds[i]; i++)
        krb5_free_creds(context, creds[i]);
    krb5_xfree(creds);
}

SECURITY_STATUS krb_forward_open(const struct krb_key *session_key, const struct krb_key *subkey, struct bytes message,
                                 const char *client, struct krb_cache **cache, struct failure *failure)
{
    krb5_data in = {.length = message.size, .data = (void *)(uintptr_t)message.data};
    krb5_auth_context auth = NULL;
    krb5_creds **creds = NULL;
    krb5_context context;
    krb5_error_code error;
    SECURITY_STATUS status = heimdal_context(&context, failure);

    *cache = NULL;
    if (status != SEC_E_OK)
        return status;
    error = auth_make(context, session_key, subkey, &auth);
    if (error == 0)
        error = krb5_rd_cred(context, auth, &in, &creds, NULL);
    if (error == 0 && (!creds || !creds[0] || !client_same(context, creds[0]->client, client)))
        error = KRB5KRB_AP_ERR_BADMATCH;
    if (error == 0)
        error = creds_keep(context, creds, cache);
    if (error == ENOMEM)
        status = failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a ticket");
    else if (error)
        status = failure_set(failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                             "the delegated ticket of %s cannot be opened, or is another client's", client);
    creds_free(context, creds);
    krb5_auth_con_free(context, auth);
    return status;
}

SECURITY_STATUS krb_delegated_credential(struct context *base, struct credential **out, struct failure *failure)
{
    struct krb_context *context = (struct krb_context *)base;
    struct krb_credential *credential;

    *out = NULL;
    if (!context->delegated)
        return failure_set(
            failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL,
            "%.64s delegated no ticket, or ASC_REQ_DELEGATE was not asked for; a client needs ISC_REQ_DELEGATE "
            "and ISC_REQ_MUTUAL_AUTH, a forwardable ticket, and a KDC that trusts this server",
            context->native_client);
    credential = mem_zalloc(sizeof *credential);
    if (!credential)
        return SEC_E_INSUFFICIENT_MEMORY;
    pthread_mutex_init(&credential->lock, NULL);
    credential->cache = krb_cache_retain(context->delegated);
    credential->delegated = true;
    credential->name = mem_strdup(context->native_client);
    if (!credential->name) {
        krb_credential_free(&credential->base);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *out = &credential->base;
    return SEC_E_OK;
}
