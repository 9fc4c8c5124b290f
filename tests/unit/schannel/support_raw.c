/*
 * OpenSSL as it comes, on the other side of one of our ends.
 */
#include "raw_peer.h"

void raw_begin(struct raw_peer *peer, bool server, int version)
{
    memset(peer, 0, sizeof *peer);
    peer->tls = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    cr_assert_not_null(peer->tls);
    if (version) {
        cr_assert_eq(SSL_CTX_set_min_proto_version(peer->tls, version), 1);
        cr_assert_eq(SSL_CTX_set_max_proto_version(peer->tls, version), 1);
    }
    if (server) {
        X509 *x509 = pki_certificate(&tls_usual.server);

        cr_assert_eq(SSL_CTX_use_cert_and_key(peer->tls, x509, pki_private(tls_usual.server.key), NULL, 1), 1);
        X509_free(x509);
    }
}

void raw_start(struct raw_peer *peer)
{
    peer->ssl = SSL_new(peer->tls);
    peer->in = BIO_new(BIO_s_mem());
    peer->out = BIO_new(BIO_s_mem());
    cr_assert(peer->ssl && peer->in && peer->out);
    SSL_set_bio(peer->ssl, peer->in, peer->out);
    if (SSL_is_server(peer->ssl))
        SSL_set_accept_state(peer->ssl);
    else
        SSL_set_connect_state(peer->ssl);
}

void raw_feed(struct raw_peer *peer, const void *data, size_t size)
{
    cr_assert_eq(BIO_write(peer->in, data, (int)size), (int)size);
}

void raw_to_end(struct raw_peer *peer, struct tls_end *end)
{
    int size = BIO_read(peer->out, end->in + end->in_size, (int)(TLS_ROOM - end->in_size));

    if (size > 0)
        end->in_size += (size_t)size;
}

void end_to_raw(struct tls_end *end, struct raw_peer *peer)
{
    if (end->out_size)
        raw_feed(peer, end->out, end->out_size);
    end->out_size = 0;
}

void raw_handshake(struct raw_peer *peer, struct tls_end *end)
{
    int done = 0;

    for (int leg = 0; leg < 10 && !(done == 1 && end->status == SEC_E_OK); leg++) {
        if (end->status == SEC_I_CONTINUE_NEEDED && (!end->server || end->in_size)) {
            cr_assert_geq(tls_leg(end), 0, "%s", SspiStatusName(end->status));
            end_to_raw(end, peer);
        }
        if (done != 1)
            done = SSL_do_handshake(peer->ssl);
        raw_to_end(peer, end);
    }
    cr_assert_eq(done, 1);
    assert_status(end->status, SEC_E_OK);
}

void raw_end(struct raw_peer *peer)
{
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->tls);
    memset(peer, 0, sizeof *peer);
}
