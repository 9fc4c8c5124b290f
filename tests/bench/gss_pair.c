/*
 * The pair of gss_pair.h.
 */
#include "gss_pair.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

static void explain(OM_uint32 major, OM_uint32 minor, gss_OID mechanism)
{
    OM_uint32 ignored, more = 0;
    gss_buffer_desc text;

    gss_display_status(&ignored, major, GSS_C_GSS_CODE, GSS_C_NO_OID, &more, &text);
    fprintf(stderr, "bench: %.*s", (int)text.length, (char *)text.value);
    more = 0;
    gss_display_status(&ignored, minor, GSS_C_MECH_CODE, mechanism, &more, &text);
    fprintf(stderr, ": %.*s\n", (int)text.length, (char *)text.value);
}

/* One leg of each side. `from_server` is consumed and replaced. */
static int both_legs(struct gss_pair *pair, gss_buffer_t from_server, OM_uint32 *client_state, OM_uint32 *server_state)
{
    gss_buffer_desc from_client = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, ignored;

    *client_state = gss_init_sec_context(
        &minor, pair->client_credential, &pair->client, pair->target, pair->mechanism, pair->wanted, 0,
        GSS_C_NO_CHANNEL_BINDINGS, from_server->length ? from_server : GSS_C_NO_BUFFER, NULL, &from_client, NULL, NULL);
    gss_release_buffer(&ignored, from_server);
    if (GSS_ERROR(*client_state)) {
        explain(*client_state, minor, pair->mechanism);
        return 1;
    }
    if (!from_client.length)
        return 0;
    bench_acceptor_begin();
    *server_state = gss_accept_sec_context(&minor, &pair->server, pair->server_credential, &from_client,
                                           GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, from_server, NULL, NULL, NULL);
    bench_acceptor_end();
    gss_release_buffer(&ignored, &from_client);
    if (!GSS_ERROR(*server_state))
        return 0;
    explain(*server_state, minor, pair->mechanism);
    return 2;
}

int gss_pair_connect(struct gss_pair *pair)
{
    gss_buffer_desc from_server = GSS_C_EMPTY_BUFFER;
    OM_uint32 client_state, server_state = GSS_S_CONTINUE_NEEDED;
    int failed;

    pair->client = pair->server = GSS_C_NO_CONTEXT;
    do {
        failed = both_legs(pair, &from_server, &client_state, &server_state);
    } while (!failed && from_server.length);
    if (failed)
        return failed;
    return client_state == GSS_S_COMPLETE && server_state == GSS_S_COMPLETE ? 0 : 3;
}

int gss_pair_handshake(void *argument)
{
    struct gss_pair *pair = argument;
    int failed = gss_pair_connect(pair);
    OM_uint32 minor;

    if (failed)
        return failed;
    gss_delete_sec_context(&minor, &pair->client, GSS_C_NO_BUFFER);
    bench_acceptor_begin();
    gss_delete_sec_context(&minor, &pair->server, GSS_C_NO_BUFFER);
    bench_acceptor_end();
    return 0;
}

int gss_pair_message(void *argument)
{
    struct gss_pair *pair = argument;
    gss_buffer_desc wrapped, text;
    OM_uint32 state, minor;
    int confidential, failed = 0;

    state = gss_wrap(&minor, pair->client, 1, GSS_C_QOP_DEFAULT, &pair->text, &confidential, &wrapped);
    if (state != GSS_S_COMPLETE || !confidential)
        return 1;
    bench_acceptor_begin();
    state = gss_unwrap(&minor, pair->server, &wrapped, &text, &confidential, NULL);
    bench_acceptor_end();
    if (state != GSS_S_COMPLETE || text.length != pair->text.length)
        failed = 2;
    gss_release_buffer(&minor, &wrapped);
    gss_release_buffer(&minor, &text);
    return failed;
}

void gss_pair_time_messages(struct gss_pair *pair)
{
    static const size_t sizes[] = {64, 1024, 16384};

    if (gss_pair_connect(pair))
        bench_die("messages", 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char name[64];

        pair->text = (gss_buffer_desc){sizes[i], calloc(1, sizes[i])};
        snprintf(name, sizeof name, "seal+unseal %zu", sizes[i]);
        bench_case(name, gss_pair_message, pair);
        free(pair->text.value);
    }
}
