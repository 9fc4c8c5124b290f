/*
 * Peer: gss-ntlmssp under MIT's GSS-API, initiator and acceptor in one process. Accounts come from NTLM_USER_FILE.
 */
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

static gss_OID_desc ntlm_oid = {10, (void *)"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"};
static gss_OID_set_desc ntlm_only = {1, &ntlm_oid};
static gss_OID_desc spnego_oid = {6, (void *)"\x2b\x06\x01\x05\x05\x02"};
static gss_OID_set_desc spnego_only = {1, &spnego_oid};

struct peer {
    gss_OID mechanism;
    gss_name_t target;
    gss_cred_id_t client_credential, server_credential;
    gss_ctx_id_t client, server;
    gss_buffer_desc text;
};

static const OM_uint32 wanted = GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;

/* One leg of each side. `from_server` is consumed and replaced. */
static int both_legs(struct peer *peer, gss_buffer_t from_server, OM_uint32 *client_state, OM_uint32 *server_state)
{
    gss_buffer_desc from_client = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor;

    *client_state = gss_init_sec_context(
        &minor, peer->client_credential, &peer->client, peer->target, peer->mechanism, wanted, 0,
        GSS_C_NO_CHANNEL_BINDINGS, from_server->length ? from_server : GSS_C_NO_BUFFER, NULL, &from_client, NULL, NULL);
    gss_release_buffer(&minor, from_server);
    if (GSS_ERROR(*client_state))
        return 1;
    if (!from_client.length)
        return 0;
    bench_acceptor_begin();
    *server_state = gss_accept_sec_context(&minor, &peer->server, peer->server_credential, &from_client,
                                           GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, from_server, NULL, NULL, NULL);
    bench_acceptor_end();
    gss_release_buffer(&minor, &from_client);
    return GSS_ERROR(*server_state) ? 2 : 0;
}

static int connect_both(struct peer *peer)
{
    gss_buffer_desc from_server = GSS_C_EMPTY_BUFFER;
    OM_uint32 client_state, server_state = GSS_S_CONTINUE_NEEDED;
    int failed;

    peer->client = peer->server = GSS_C_NO_CONTEXT;
    do {
        failed = both_legs(peer, &from_server, &client_state, &server_state);
    } while (!failed && from_server.length);
    if (failed)
        return failed;
    return client_state == GSS_S_COMPLETE && server_state == GSS_S_COMPLETE ? 0 : 3;
}

static int handshake(void *argument)
{
    struct peer *peer = argument;
    int failed = connect_both(peer);
    OM_uint32 minor;

    if (failed)
        return failed;
    gss_delete_sec_context(&minor, &peer->client, GSS_C_NO_BUFFER);
    bench_acceptor_begin();
    gss_delete_sec_context(&minor, &peer->server, GSS_C_NO_BUFFER);
    bench_acceptor_end();
    return 0;
}

static int wrap_unwrap(void *argument)
{
    struct peer *peer = argument;
    gss_buffer_desc wrapped, text;
    OM_uint32 state, minor;
    int confidential, failed = 0;

    state = gss_wrap(&minor, peer->client, 1, GSS_C_QOP_DEFAULT, &peer->text, &confidential, &wrapped);
    if (state != GSS_S_COMPLETE || !confidential)
        return 1;
    bench_acceptor_begin();
    state = gss_unwrap(&minor, peer->server, &wrapped, &text, &confidential, NULL);
    bench_acceptor_end();
    if (state != GSS_S_COMPLETE || text.length != peer->text.length)
        failed = 2;
    gss_release_buffer(&minor, &wrapped);
    gss_release_buffer(&minor, &text);
    return failed;
}

static void acquire(struct peer *peer, gss_OID_set mechanisms)
{
    gss_buffer_desc service = {14, (void *)"HTTP@localhost"}, user = {16, (void *)"TESTDOM\\testuser"};
    gss_buffer_desc password = {10, (void *)"Password01"};
    gss_name_t name;
    OM_uint32 minor;

    if (gss_import_name(&minor, &service, GSS_C_NT_HOSTBASED_SERVICE, &peer->target)
        || gss_import_name(&minor, &user, GSS_C_NT_USER_NAME, &name)
        || gss_acquire_cred_with_password(&minor, name, &password, GSS_C_INDEFINITE, mechanisms, GSS_C_INITIATE,
                                          &peer->client_credential, NULL, NULL)
        || gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, mechanisms, GSS_C_ACCEPT, &peer->server_credential,
                            NULL, NULL))
        bench_die("gss credentials", 0);
    peer->mechanism = mechanisms->elements;
}

/* SPNEGO, of which only NTLM is offered. */
static void time_spnego(void)
{
    struct peer peer = {0};
    OM_uint32 minor;

    acquire(&peer, &spnego_only);
    if (gss_set_neg_mechs(&minor, peer.client_credential, &ntlm_only)
        || gss_set_neg_mechs(&minor, peer.server_credential, &ntlm_only))
        bench_die("gss_set_neg_mechs", 0);
    bench_case("Negotiate accept, hash file", handshake, &peer);
}

int main(void)
{
    static const size_t sizes[] = {64, 1024, 16384};
    struct peer peer = {0};

    time_spnego();
    acquire(&peer, &ntlm_only);
    bench_case("accept, hash file", handshake, &peer);
    if (connect_both(&peer))
        bench_die("messages", 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char name[64];

        peer.text = (gss_buffer_desc){sizes[i], calloc(1, sizes[i])};
        snprintf(name, sizeof name, "seal+unseal %zu", sizes[i]);
        bench_case(name, wrap_unwrap, &peer);
        free(peer.text.value);
    }
    return 0;
}
