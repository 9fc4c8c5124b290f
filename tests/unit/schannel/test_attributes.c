/* attributes.c, bindings.c, connection.c, material.c, alpn.c: both ends agree, and what is handed out can be given
 * back. */
#include <openssl/ssl.h>

#include "certificate/certificate.h"
#include "raw_peer.h"

static struct tls_pair pair;

static void open_version(const char *version)
{
    struct tls_setup setup = tls_usual;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    setup.server_options[0] = "tls_maximum_version";
    setup.server_options[1] = version;
    tls_open(&pair, &setup);
}

static SECURITY_STATUS query(struct tls_end *end, ULONG attribute, void *out)
{
    return QueryContextAttributesA(&end->context, attribute, out);
}

/* Both ends' blob of one kind, equal, with application data alone that begins with `prefix`. */
static void assert_same_bindings(ULONG attribute, const char *prefix, size_t value_size)
{
    SecPkgContext_Bindings server, client;
    const char *data;

    assert_status(query(&pair.server, attribute, &server), SEC_E_OK);
    assert_status(query(&pair.client, attribute, &client), SEC_E_OK);
    cr_assert_eq(server.BindingsLength, client.BindingsLength);
    assert_mem_eq(server.Bindings, client.Bindings, client.BindingsLength);
    cr_assert_eq(server.Bindings->dwApplicationDataOffset, 32);
    cr_assert_eq(server.Bindings->cbApplicationDataLength, strlen(prefix) + value_size);
    cr_assert_eq(server.BindingsLength, 32 + strlen(prefix) + value_size);
    data = (const char *)server.Bindings + 32;
    assert_mem_eq(data, prefix, strlen(prefix));
    assert_status(FreeContextBuffer(server.Bindings), SEC_E_OK);
    assert_status(FreeContextBuffer(client.Bindings), SEC_E_OK);
}

Test(attributes, bindings_of_both_ends)
{
    SecPkgContext_Bindings none;

    open_version("1.2");
    assert_same_bindings(SECPKG_ATTR_UNIQUE_BINDINGS, "tls-unique:", 12);
    assert_same_bindings(SECPKG_ATTR_ENDPOINT_BINDINGS, "tls-server-end-point:", 32);
    assert_same_bindings(SSPI_ATTR_EXPORTER_BINDINGS, "tls-exporter:", 32);
    tls_end(&pair);
    open_version("1.3");
    assert_status(query(&pair.server, SECPKG_ATTR_UNIQUE_BINDINGS, &none), SEC_E_UNSUPPORTED_FUNCTION);
    assert_same_bindings(SECPKG_ATTR_ENDPOINT_BINDINGS, "tls-server-end-point:", 32);
    assert_same_bindings(SSPI_ATTR_EXPORTER_BINDINGS, "tls-exporter:", 32);
    tls_end(&pair);
}

/* In a resumed session of TLS 1.2 the server's Finished is the first one. */
Test(attributes, unique_bindings_of_a_resumed_session)
{
    SecPkgContext_SessionInfo info;

    open_version("1.2");
    assert_status(query(&pair.server, SECPKG_ATTR_SESSION_INFO, &info), SEC_E_OK);
    cr_assert_eq(info.dwFlags, 0);
    tls_again(&pair);
    tls_run(&pair);
    assert_status(pair.server.status, SEC_E_OK);
    assert_status(query(&pair.server, SECPKG_ATTR_SESSION_INFO, &info), SEC_E_OK);
    cr_assert_eq(info.dwFlags, SSL_SESSION_RECONNECT);
    assert_status(query(&pair.client, SECPKG_ATTR_SESSION_INFO, &info), SEC_E_OK);
    cr_assert_eq(info.dwFlags, SSL_SESSION_RECONNECT);
    assert_same_bindings(SECPKG_ATTR_UNIQUE_BINDINGS, "tls-unique:", 12);
    assert_same_bindings(SECPKG_ATTR_ENDPOINT_BINDINGS, "tls-server-end-point:", 32);
    tls_end(&pair);
}

/* The values, against OpenSSL's own. */
Test(attributes, bindings_as_openssl_makes_them)
{
    struct raw_peer peer;
    struct tls_setup setup = tls_usual;
    SecPkgContext_Bindings bindings;
    uint8_t finished[64], exported[32], hash[32];
    unsigned size = 0;
    X509 *x509;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    tls_begin(&pair, &setup);
    raw_begin(&peer, true, TLS1_2_VERSION);
    raw_start(&peer);
    raw_handshake(&peer, &pair.client);
    cr_assert_eq(SSL_get_peer_finished(peer.ssl, finished, sizeof finished), 12);
    assert_status(query(&pair.client, SECPKG_ATTR_UNIQUE_BINDINGS, &bindings), SEC_E_OK);
    assert_mem_eq((uint8_t *)bindings.Bindings + 32 + 11, finished, 12);
    FreeContextBuffer(bindings.Bindings);
    cr_assert_eq(SSL_export_keying_material(peer.ssl, exported, 32, "EXPORTER-Channel-Binding", 24, NULL, 0, 1), 1);
    assert_status(query(&pair.client, SSPI_ATTR_EXPORTER_BINDINGS, &bindings), SEC_E_OK);
    assert_mem_eq((uint8_t *)bindings.Bindings + 32 + 13, exported, 32);
    FreeContextBuffer(bindings.Bindings);
    x509 = SSL_get_certificate(peer.ssl);
    cr_assert_eq(X509_digest(x509, EVP_sha256(), hash, &size), 1);
    assert_status(query(&pair.client, SECPKG_ATTR_ENDPOINT_BINDINGS, &bindings), SEC_E_OK);
    assert_mem_eq((uint8_t *)bindings.Bindings + 32 + 21, hash, 32);
    FreeContextBuffer(bindings.Bindings);
    raw_end(&peer);
    tls_end(&pair);
}

static SECURITY_STATUS unique_without_extended_secret(SSL_SESSION **session)
{
    struct raw_peer peer;
    SecPkgContext_Bindings bindings;
    SECURITY_STATUS status;

    raw_begin(&peer, false, TLS1_2_VERSION);
    SSL_CTX_set_options(peer.tls, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    raw_start(&peer);
    if (*session)
        cr_assert_eq(SSL_set_session(peer.ssl, *session), 1);
    raw_handshake(&peer, &pair.server);
    cr_assert_eq(SSL_session_reused(peer.ssl), *session != NULL);
    status = query(&pair.server, SECPKG_ATTR_UNIQUE_BINDINGS, &bindings);
    if (status == SEC_E_OK)
        FreeContextBuffer(bindings.Bindings);
    SSL_SESSION_free(*session);
    *session = SSL_get1_session(peer.ssl);
    SSL_set_shutdown(peer.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); /* else the session is spoilt */
    raw_end(&peer);
    return status;
}

/* RFC 7627: what is told apart by a session's keys is no longer one connection. */
Test(attributes, no_unique_bindings_where_they_would_not_be)
{
    SSL_SESSION *session = NULL;

    tls_begin(&pair, &tls_usual);
    assert_status(unique_without_extended_secret(&session), SEC_E_OK);
    tls_again(&pair);
    assert_status(unique_without_extended_secret(&session), SEC_E_UNSUPPORTED_FUNCTION);
    SSL_SESSION_free(session);
    tls_end(&pair);
}

/* RFC 5929 4.1: Ed25519 signs without a hash of its own. */
Test(attributes, no_endpoint_without_a_hash)
{
    struct tls_setup setup = tls_usual;
    SecPkgContext_Bindings bindings;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    setup.server.key = PKI_ED25519;
    setup.server.self_signed = true;
    tls_open(&pair, &setup);
    assert_status(query(&pair.server, SECPKG_ATTR_ENDPOINT_BINDINGS, &bindings), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(query(&pair.client, SECPKG_ATTR_ENDPOINT_BINDINGS, &bindings), SEC_E_UNSUPPORTED_FUNCTION);
    tls_end(&pair);
}

static bool wide_is(const WCHAR *wide, const char *ascii)
{
    size_t i = 0;

    for (; ascii[i]; i++)
        if (wide[i] != (WCHAR)ascii[i])
            return false;
    return wide[i] == 0;
}

Test(attributes, what_was_agreed)
{
    struct tls_setup setup = tls_usual;
    SecPkgContext_ConnectionInfo info;
    SecPkgContext_ConnectionInfoEx ex;
    SecPkgContext_CipherInfo cipher;
    SecPkgContext_KeyInfoA key;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    setup.server_options[0] = "tls_ciphers";
    setup.server_options[1] = "TLS_AES_256_GCM_SHA384";
    setup.server_options[2] = "tls_minimum_version";
    setup.server_options[3] = "1.3";
    setup.server_options[4] = "tls_groups";
    setup.server_options[5] = "X25519";
    tls_open(&pair, &setup);
    assert_status(query(&pair.server, SECPKG_ATTR_CONNECTION_INFO, &info), SEC_E_OK);
    cr_assert_eq(info.aiCipher, CALG_AES_256);
    cr_assert_eq(info.dwCipherStrength, 256);
    cr_assert_eq(info.aiHash, CALG_SHA_384);
    cr_assert_eq(info.dwHashStrength, 384);
    cr_assert_eq(info.aiExch, CALG_ECDH_EPHEM);
    cr_assert_eq(info.dwExchStrength, 253);
    ex.dwVersion = SECPKGCONTEXT_CONNECTION_INFO_EX_V1;
    assert_status(query(&pair.client, SECPKG_ATTR_CONNECTION_INFO_EX, &ex), SEC_E_OK);
    cr_assert(wide_is(ex.szCipher, "AES") && wide_is(ex.szHash, "SHA384") && wide_is(ex.szExchange, "ECDHE"));
    cipher.dwVersion = SECPKGCONTEXT_CIPHERINFO_V1;
    assert_status(query(&pair.client, SECPKG_ATTR_CIPHER_INFO, &cipher), SEC_E_OK);
    cr_assert_eq(cipher.dwCipherSuite, 0x1302);
    cr_assert(wide_is(cipher.szCipherSuite, "TLS_AES_256_GCM_SHA384"));
    cr_assert(wide_is(cipher.szCertificate, "ECDSA"));
    assert_status(query(&pair.client, SECPKG_ATTR_KEY_INFO, &key), SEC_E_OK);
    cr_assert_str_eq(key.sEncryptAlgorithmName, "AES");
    cr_assert_eq(key.KeySize, 256);
    FreeContextBuffer(key.sEncryptAlgorithmName);
    FreeContextBuffer(key.sSignatureAlgorithmName);
    tls_end(&pair);
}

Test(attributes, certificates)
{
    PCCERT_CONTEXT remote = NULL, local = NULL;

    open_version("1.3");
    assert_status(query(&pair.client, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &remote), SEC_E_OK);
    assert_status(query(&pair.server, SECPKG_ATTR_LOCAL_CERT_CONTEXT, &local), SEC_E_OK);
    cr_assert_eq(remote->cbCertEncoded, local->cbCertEncoded);
    assert_mem_eq(remote->pbCertEncoded, local->pbCertEncoded, local->cbCertEncoded);
    cr_assert(certificate_context_free(remote));
    cr_assert(certificate_context_free(local));
    cr_assert_not(certificate_context_free(local));
    assert_status(query(&pair.server, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &remote), SEC_E_NO_CREDENTIALS);
    cr_assert_null(remote);
    assert_status(query(&pair.client, SECPKG_ATTR_LOCAL_CERT_CONTEXT, &remote), SEC_E_NO_CREDENTIALS);
    tls_end(&pair);
}

Test(attributes, application_data_of_a_session)
{
    SecPkgContext_SessionAppData data = {0, 5, (PBYTE) "hello"}, got;

    open_version("1.3");
    assert_status(SetContextAttributesA(&pair.server.context, SECPKG_ATTR_APP_DATA, &data, 3), SEC_E_INVALID_PARAMETER);
    assert_status(SetContextAttributesA(&pair.server.context, SECPKG_ATTR_APP_DATA, &data, sizeof data), SEC_E_OK);
    assert_status(query(&pair.server, SECPKG_ATTR_APP_DATA, &got), SEC_E_OK);
    cr_assert_eq(got.cbAppData, 5);
    assert_mem_eq(got.pbAppData, "hello", 5);
    assert_status(FreeContextBuffer(got.pbAppData), SEC_E_OK);
    assert_status(SetContextAttributesA(&pair.server.context, 99, &data, sizeof data), SEC_E_UNSUPPORTED_FUNCTION);
    tls_end(&pair);
}

Test(attributes, keying_material)
{
    for (int i = 0; i < 2; i++) {
        SecPkgContext_KeyingMaterialInfo info = {
            .cbLabel = 12, .pszLabel = (LPSTR) "EXPERIMENTAL", .cbKeyingMaterial = 40};
        SecPkgContext_KeyingMaterial server, client;
        SecPkgContext_EapKeyBlock eap[2];

        open_version(i ? "1.3" : "1.2");
        assert_status(query(&pair.server, SECPKG_ATTR_KEYING_MATERIAL, &server), SEC_E_OUT_OF_SEQUENCE);
        assert_status(SetContextAttributesW(&pair.server.context, SECPKG_ATTR_KEYING_MATERIAL_INFO, &info, sizeof info),
                      SEC_E_OK);
        assert_status(SetContextAttributesW(&pair.client.context, SECPKG_ATTR_KEYING_MATERIAL_INFO, &info, sizeof info),
                      SEC_E_OK);
        assert_status(query(&pair.server, SECPKG_ATTR_KEYING_MATERIAL, &server), SEC_E_OK);
        assert_status(query(&pair.client, SECPKG_ATTR_KEYING_MATERIAL, &client), SEC_E_OK);
        cr_assert_eq(server.cbKeyingMaterial, 40);
        assert_mem_eq(server.pbKeyingMaterial, client.pbKeyingMaterial, 40);
        FreeContextBuffer(server.pbKeyingMaterial);
        FreeContextBuffer(client.pbKeyingMaterial);
        assert_status(query(&pair.server, SECPKG_ATTR_EAP_KEY_BLOCK, &eap[0]), SEC_E_OK);
        assert_status(query(&pair.client, SECPKG_ATTR_EAP_KEY_BLOCK, &eap[1]), SEC_E_OK);
        assert_mem_eq(eap[0].rgbKeys, eap[1].rgbKeys, sizeof eap[0].rgbKeys);
        tls_end(&pair);
    }
}

Test(attributes, peers_signatures)
{
    SecPkgContext_SupportedSignatures signatures;

    open_version("1.3");
    assert_status(query(&pair.server, SECPKG_ATTR_SUPPORTED_SIGNATURES, &signatures), SEC_E_OK);
    cr_assert_gt(signatures.cSignatureAndHashAlgorithms, 0);
    assert_status(FreeContextBuffer(signatures.pSignatureAndHashAlgorithms), SEC_E_OK);
    tls_end(&pair);
}

Test(attributes, before_the_handshake_is_done)
{
    struct tls_setup setup = tls_usual;
    SecPkgContext_StreamSizes sizes;
    SecPkgContext_IssuerListInfoEx issuers;

    tls_begin(&pair, &setup);
    tls_leg(&pair.client);
    assert_status(query(&pair.client, SECPKG_ATTR_STREAM_SIZES, &sizes), SEC_E_INVALID_HANDLE);
    assert_status(query(&pair.client, SECPKG_ATTR_ISSUER_LIST_EX, &issuers), SEC_E_OK);
    cr_assert_eq(issuers.cIssuers, 0);
    tls_end(&pair);
}

/* ---- Application protocols, RFC 7301 ---- */

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
