/*
 * OpenSSL over memory BIOs, as a program uses it that needs no layer above: the reference of our Schannel. TLS_RELEASE
 * in the environment lets idle connections give their buffers back, as ours do.
 */
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

#include "tls_cases.h"

struct tls {
    SSL_CTX *client, *server;
    SSL_SESSION *session; /* to resume; used again and again, as servers without a memory of tickets allow */
};

struct tls_connection {
    SSL *client, *server;
};

static OSSL_LIB_CTX *library;

static SSL_CTX *context_new(const SSL_METHOD *method, bool newest)
{
    SSL_CTX *made = SSL_CTX_new_ex(library, NULL, method);
    const int version = newest ? TLS1_3_VERSION : TLS1_2_VERSION;

    if (!made || SSL_CTX_set_min_proto_version(made, version) != 1 || SSL_CTX_set_max_proto_version(made, version) != 1
        || SSL_CTX_set_ciphersuites(made, TLS_SUITES) != 1 || SSL_CTX_set_cipher_list(made, TLS_CIPHERS) != 1
        || SSL_CTX_set1_groups_list(made, TLS_GROUPS) != 1)
        bench_die("SSL_CTX", 0);
    if (getenv("TLS_RELEASE"))
        SSL_CTX_set_mode(made, SSL_MODE_RELEASE_BUFFERS);
    return made;
}

struct tls *tls_open(const char *pem, bool newest)
{
    struct tls *tls = calloc(1, sizeof *tls);

    if (!library && (!(library = OSSL_LIB_CTX_new()) || !OSSL_PROVIDER_load(library, "default")))
        bench_die("providers", 0);
    tls->client = context_new(TLS_client_method(), newest);
    tls->server = context_new(TLS_server_method(), newest);
    if (SSL_CTX_use_certificate_chain_file(tls->server, pem) != 1
        || SSL_CTX_use_PrivateKey_file(tls->server, pem, SSL_FILETYPE_PEM) != 1
        || SSL_CTX_set_session_id_context(tls->server, (const unsigned char *)"bench", 5) != 1
        || SSL_CTX_set_num_tickets(tls->server, TLS_TICKETS) != 1)
        bench_die("certificate", 0);
    return tls;
}

void tls_close(struct tls *tls)
{
    SSL_SESSION_free(tls->session);
    SSL_CTX_free(tls->client);
    SSL_CTX_free(tls->server);
    free(tls);
}

static BIO *bio_new(void)
{
    BIO *bio = BIO_new(BIO_s_mem());

    if (!bio || BIO_up_ref(bio) != 1)
        bench_die("BIO", 0);
    BIO_set_mem_eof_return(bio, -1);
    return bio;
}

static int begin(struct tls *tls, enum tls_kind kind, struct tls_connection *connection)
{
    BIO *to_server, *to_client;

    connection->client = SSL_new(tls->client);
    if (!connection->client || SSL_set_tlsext_host_name(connection->client, TLS_NAME) != 1
        || (kind == TLS_RESUMED && SSL_set_session(connection->client, tls->session) != 1))
        return 1;
    SSL_set_connect_state(connection->client);
    /* Both are counted as the server's to make, and as the client's to free. */
    bench_acceptor_begin();
    to_server = bio_new();
    to_client = bio_new();
    connection->server = SSL_new(tls->server);
    if (!connection->server)
        return 2;
    SSL_set_accept_state(connection->server);
    bench_acceptor_end();
    SSL_set_bio(connection->client, to_client, to_server);
    SSL_set_bio(connection->server, to_server, to_client);
    return 0;
}

int tls_connect(struct tls *tls, enum tls_kind kind, struct tls_connection **out)
{
    struct tls_connection *connection = malloc(sizeof *connection);
    int client = 0, server = 0, failed = begin(tls, kind, connection);
    unsigned char byte;

    for (int i = 0; i < 10 && !failed && (client != 1 || server != 1); i++) {
        if (client != 1)
            client = SSL_do_handshake(connection->client);
        if (server == 1)
            continue;
        bench_acceptor_begin();
        server = SSL_do_handshake(connection->server);
        bench_acceptor_end();
    }
    if (failed || client != 1 || server != 1)
        return failed ? failed : 3;
    if (SSL_read(connection->client, &byte, 1) != -1 || SSL_session_reused(connection->server) != (kind == TLS_RESUMED))
        return 4;
    if (kind == TLS_KEPT)
        tls->session = SSL_get1_session(connection->client);
    *out = connection;
    return 0;
}

int tls_exchange(struct tls_connection *connection, unsigned char *text, size_t size)
{
    int got;

    if (SSL_write(connection->client, text, (int)size) != (int)size)
        return 1;
    bench_acceptor_begin();
    got = SSL_read(connection->server, text, (int)size);
    bench_acceptor_end();
    return got == (int)size ? 0 : 2;
}

void tls_delete_server(struct tls_connection *connection)
{
    bench_acceptor_begin();
    SSL_set_shutdown(connection->server, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(connection->server);
    bench_acceptor_end();
}

void tls_delete_client(struct tls_connection *connection)
{
    SSL_set_shutdown(connection->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(connection->client);
    free(connection);
}
