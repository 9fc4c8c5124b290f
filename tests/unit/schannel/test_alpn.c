/*
 * alpn.c: application protocols, RFC 7301.
 */
#include "tls_rig.h"

static struct tls_pair pair;

static SECURITY_STATUS query(struct tls_end *end, ULONG attribute, void *out)
{
    return QueryContextAttributesA(&end->context, attribute, out);
}

/* h2, http/1.1: 12000000 02000000 0c00 02 6832 08 687474702f312e31. */
static const uint8_t h2_http11[] = {18,  0,   0, 0,   2,   0,   0,   0,   12,  0,   2,
                                    'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
static const uint8_t http11[] = {15, 0, 0, 0, 2, 0, 0, 0, 9, 0, 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
static const uint8_t ftp[] = {10, 0, 0, 0, 2, 0, 0, 0, 4, 0, 3, 'f', 't', 'p'};

static void offer(struct tls_end *end, const uint8_t *protocols, size_t size)
{
    end->protocols = protocols;
    end->protocols_size = (ULONG)size;
}

static void assert_chosen(struct tls_end *end, const char *name)
{
    SecPkgContext_ApplicationProtocol protocol;

    assert_status(query(end, SECPKG_ATTR_APPLICATION_PROTOCOL, &protocol), SEC_E_OK);
    cr_assert_eq(protocol.ProtocolIdSize, strlen(name));
    assert_mem_eq(protocol.ProtocolId, name, strlen(name));
    cr_assert_eq(protocol.ProtoNegoStatus, *name ? SecApplicationProtocolNegotiationStatus_Success
                                                 : SecApplicationProtocolNegotiationStatus_None);
    cr_assert_eq(protocol.ProtoNegoExt,
                 *name ? SecApplicationProtocolNegotiationExt_ALPN : SecApplicationProtocolNegotiationExt_None);
}

Test(alpn, chosen_by_the_servers_order)
{
    static const struct {
        const uint8_t *server, *client;
        size_t server_size, client_size;
        const char *chosen;
    } rows[] = {
        {h2_http11, http11, sizeof h2_http11, sizeof http11, "http/1.1"},
        {h2_http11, h2_http11, sizeof h2_http11, sizeof h2_http11, "h2"},
        {h2_http11, NULL, sizeof h2_http11, 0, ""}, /* a client without: the handshake goes on */
        {NULL, h2_http11, 0, sizeof h2_http11, ""},
    };
    struct tls_setup setup = tls_usual;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tls_begin(&pair, &setup);
        offer(&pair.server, rows[i].server, rows[i].server_size);
        offer(&pair.client, rows[i].client, rows[i].client_size);
        tls_run(&pair);
        assert_status(pair.server.status, SEC_E_OK);
        assert_chosen(&pair.server, rows[i].chosen);
        assert_chosen(&pair.client, rows[i].chosen);
        tls_end(&pair);
    }
}

Test(alpn, no_overlap)
{
    struct tls_setup setup = tls_usual;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    tls_begin(&pair, &setup);
    offer(&pair.server, h2_http11, sizeof h2_http11);
    offer(&pair.client, ftp, sizeof ftp);
    pair.server.requested = ASC_REQ_EXTENDED_ERROR;
    tls_leg(&pair.client);
    tls_carry(&pair.client, &pair.server);
    assert_status(tls_leg(&pair.server), SEC_E_APPLICATION_PROTOCOL_MISMATCH);
    cr_assert_eq(pair.server.alert[1], TLS1_ALERT_NO_APP_PROTOCOL);
    tls_carry(&pair.server, &pair.client);
    assert_status(tls_leg(&pair.client), SEC_E_APPLICATION_PROTOCOL_MISMATCH);
    tls_end(&pair);
}

Test(alpn, malformed)
{
    static const uint8_t longer[] = {19, 0, 0, 0, 2, 0, 0, 0, 12, 0, 2, 'h', '2'};
    static const uint8_t empty_name[] = {7, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0};
    static const uint8_t cut_name[] = {8, 0, 0, 0, 2, 0, 0, 0, 2, 0, 5, 'h'};
    struct tls_setup setup = tls_usual;

    tls_begin(&pair, &setup);
    for (size_t cut = 0; cut < sizeof h2_http11; cut++) {
        offer(&pair.client, h2_http11, cut);
        assert_status(tls_leg(&pair.client), SEC_E_INVALID_TOKEN);
    }
    offer(&pair.client, longer, sizeof longer);
    assert_status(tls_leg(&pair.client), SEC_E_INVALID_TOKEN);
    offer(&pair.client, empty_name, sizeof empty_name);
    assert_status(tls_leg(&pair.client), SEC_E_INVALID_TOKEN);
    offer(&pair.client, cut_name, sizeof cut_name);
    assert_status(tls_leg(&pair.client), SEC_E_INVALID_TOKEN);
    tls_end(&pair);
}
