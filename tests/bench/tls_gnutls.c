/*
 * GnuTLS over queues in memory.
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls_cases.h"

enum { QUEUE_MAX = 1 << 15 };

struct tls {
    gnutls_certificate_credentials_t client, server;
    gnutls_priority_t priority;
    gnutls_datum_t ticket_key, session;
};

struct queue {
    unsigned char data[QUEUE_MAX];
    size_t head, tail;
};

struct end {
    gnutls_session_t session;
    struct queue *in, *out;
};

struct tls_connection {
    struct end client, server;
    struct queue to_client, to_server;
};

static ssize_t push(gnutls_transport_ptr_t transport, const void *data, size_t size)
{
    struct end *end = transport;
    struct queue *out = end->out;

    if (out->head == out->tail)
        out->head = out->tail = 0;
    if (size > sizeof out->data - out->tail) {
        gnutls_transport_set_errno(end->session, EAGAIN);
        return -1;
    }
    memcpy(out->data + out->tail, data, size);
    out->tail += size;
    return (ssize_t)size;
}

static ssize_t pull(gnutls_transport_ptr_t transport, void *data, size_t size)
{
    struct end *end = transport;
    struct queue *in = end->in;
    size_t have = in->tail - in->head;

    if (!have) {
        gnutls_transport_set_errno(end->session, EAGAIN);
        return -1;
    }
    if (size > have)
        size = have;
    memcpy(data, in->data + in->head, size);
    in->head += size;
    return (ssize_t)size;
}

static void check(const char *what, int result)
{
    if (result < 0)
        bench_die(what, result);
}

struct tls *tls_open(const char *pem, bool newest)
{
    struct tls *tls = calloc(1, sizeof *tls);

    check("credentials", gnutls_certificate_allocate_credentials(&tls->client));
    check("credentials", gnutls_certificate_allocate_credentials(&tls->server));
    check(pem, gnutls_certificate_set_x509_key_file(tls->server, pem, pem, GNUTLS_X509_FMT_PEM));
    check("ticket key", gnutls_session_ticket_key_generate(&tls->ticket_key));
    check("priority", gnutls_priority_init(
                          &tls->priority,
                          newest ? "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:-GROUP-ALL:+GROUP-X25519"
                                 : "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM:-GROUP-ALL:"
                                   "+GROUP-X25519:+GROUP-SECP256R1",
                          NULL));
    return tls;
}

void tls_close(struct tls *tls)
{
    gnutls_free(tls->session.data);
    gnutls_free(tls->ticket_key.data);
    gnutls_priority_deinit(tls->priority);
    gnutls_certificate_free_credentials(tls->client);
    gnutls_certificate_free_credentials(tls->server);
    free(tls);
}

static void end_begin(struct end *end, unsigned side, const struct tls *tls, struct queue *in, struct queue *out)
{
    check("session", gnutls_init(&end->session, side | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL));
    check("priority", gnutls_priority_set(end->session, tls->priority));
    check("credentials", gnutls_credentials_set(end->session, GNUTLS_CRD_CERTIFICATE,
                                                side == GNUTLS_SERVER ? tls->server : tls->client));
    end->in = in;
    end->out = out;
    gnutls_transport_set_ptr(end->session, end);
    gnutls_transport_set_push_function(end->session, push);
    gnutls_transport_set_pull_function(end->session, pull);
    gnutls_handshake_set_timeout(end->session, GNUTLS_INDEFINITE_TIMEOUT);
}

static int shake_hands(struct tls_connection *connection)
{
    int client = GNUTLS_E_AGAIN, server = GNUTLS_E_AGAIN;
    unsigned char byte;

    for (int i = 0; i < 20 && (client < 0 || server < 0); i++) {
        if (client < 0)
            client = gnutls_handshake(connection->client.session);
        if (server < 0) {
            bench_acceptor_begin();
            server = gnutls_handshake(connection->server.session);
            bench_acceptor_end();
        }
        if ((client < 0 && gnutls_error_is_fatal(client)) || (server < 0 && gnutls_error_is_fatal(server)))
            return 1;
    }
    return client < 0 || server < 0 || gnutls_record_recv(connection->client.session, &byte, 1) != GNUTLS_E_AGAIN ? 2
                                                                                                                  : 0;
}

int tls_connect(struct tls *tls, enum tls_kind kind, struct tls_connection **out)
{
    struct tls_connection *connection = malloc(sizeof *connection);
    int failed;

    connection->to_client.head = connection->to_client.tail = 0;
    connection->to_server.head = connection->to_server.tail = 0;
    end_begin(&connection->client, GNUTLS_CLIENT, tls, &connection->to_client, &connection->to_server);
    check("name", gnutls_server_name_set(connection->client.session, GNUTLS_NAME_DNS, TLS_NAME, strlen(TLS_NAME)));
    if (kind == TLS_RESUMED)
        check("session", gnutls_session_set_data(connection->client.session, tls->session.data, tls->session.size));
    bench_acceptor_begin();
    end_begin(&connection->server, GNUTLS_SERVER, tls, &connection->to_server, &connection->to_client);
    check("tickets", gnutls_session_ticket_enable_server(connection->server.session, &tls->ticket_key));
    bench_acceptor_end();
    failed = shake_hands(connection);
    if (!failed && (gnutls_session_is_resumed(connection->server.session) != 0) != (kind == TLS_RESUMED))
        failed = 3;
    if (!failed && kind == TLS_KEPT)
        check("session", gnutls_session_get_data2(connection->client.session, &tls->session));
    *out = connection;
    return failed;
}

int tls_exchange(struct tls_connection *connection, unsigned char *text, size_t size)
{
    size_t got = 0;
    ssize_t part = 1;

    if (gnutls_record_send(connection->client.session, text, size) != (ssize_t)size)
        return 1;
    bench_acceptor_begin();
    for (; got < size && part > 0; got += (size_t)part)
        part = gnutls_record_recv(connection->server.session, text + got, size - got);
    bench_acceptor_end();
    return got == size ? 0 : 2;
}

void tls_delete_server(struct tls_connection *connection)
{
    bench_acceptor_begin();
    gnutls_deinit(connection->server.session);
    bench_acceptor_end();
}

void tls_delete_client(struct tls_connection *connection)
{
    gnutls_deinit(connection->client.session);
    free(connection);
}
