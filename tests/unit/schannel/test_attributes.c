/* attributes.c, bindings.c, connection.c, material.c, peer.c: both ends agree, and what is handed out can be given
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
    PCCERT_CONTEXT remote = NULL, local = NULL, found;

    open_version("1.3");
    assert_status(query(&pair.client, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &remote), SEC_E_OK);
    assert_status(query(&pair.server, SECPKG_ATTR_LOCAL_CERT_CONTEXT, &local), SEC_E_OK);
    cr_assert_eq(remote->cbCertEncoded, local->cbCertEncoded);
    assert_mem_eq(remote->pbCertEncoded, local->pbCertEncoded, local->cbCertEncoded);
    found = CertEnumCertificatesInStore(remote->hCertStore, NULL);
    cr_assert_not_null(found);
    assert_mem_eq(found->pbCertEncoded, remote->pbCertEncoded, remote->cbCertEncoded);
    cr_assert_eq(found->hCertStore, remote->hCertStore);
    cr_assert_null(CertEnumCertificatesInStore(remote->hCertStore, found));
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

/* Question and answer in one structure; the terminator of a label is not part of it. */
Test(attributes, keying_material_in_one_call)
{
    static char label[] = "EXPERIMENTAL";
    BYTE mixed[] = "in";
    SecPkgContext_KeyingMaterialInfo info = {13, label, 2, mixed, 40};
    SecPkgContext_KeyingMaterial split;
    SecPkgContext_KeyingMaterial_Inproc asked = {12, label, 2, mixed, 40, (PBYTE) "left over"};

    open_version("1.3");
    assert_status(SetContextAttributesA(&pair.client.context, SECPKG_ATTR_KEYING_MATERIAL_INFO, &info, sizeof info),
                  SEC_E_OK);
    assert_status(query(&pair.client, SECPKG_ATTR_KEYING_MATERIAL, &split), SEC_E_OK);
    assert_status(query(&pair.server, SECPKG_ATTR_KEYING_MATERIAL_INPROC, &asked), SEC_E_OK);
    assert_mem_eq(asked.pbKeyingMaterial, split.pbKeyingMaterial, 40);
    assert_status(FreeContextBuffer(asked.pbKeyingMaterial), SEC_E_OK);
    asked.cbLabel = 13;
    assert_status(
        QueryContextAttributesExA(&pair.server.context, SECPKG_ATTR_KEYING_MATERIAL_INPROC, &asked, sizeof asked),
        SEC_E_OK);
    assert_mem_eq(asked.pbKeyingMaterial, split.pbKeyingMaterial, 40);
    assert_status(FreeContextBuffer(asked.pbKeyingMaterial), SEC_E_OK);
    assert_status(FreeContextBuffer(split.pbKeyingMaterial), SEC_E_OK);
    asked.cbKeyingMaterial = 65537;
    assert_status(query(&pair.server, SECPKG_ATTR_KEYING_MATERIAL_INPROC, &asked), SEC_E_INVALID_PARAMETER);
    cr_assert_null(asked.pbKeyingMaterial);
    cr_assert_eq(asked.cbKeyingMaterial, 65537); /* the question stays */
    asked.cbKeyingMaterial = 0;
    assert_status(query(&pair.server, SECPKG_ATTR_KEYING_MATERIAL_INPROC, &asked), SEC_E_INVALID_PARAMETER);
    asked = (SecPkgContext_KeyingMaterial_Inproc){1, (LPSTR) "", 0, NULL, 40, NULL};
    assert_status(query(&pair.server, SECPKG_ATTR_KEYING_MATERIAL_INPROC, &asked), SEC_E_INVALID_PARAMETER);
    asked = (SecPkgContext_KeyingMaterial_Inproc){12, label, 2, NULL, 40, NULL};
    assert_status(query(&pair.server, SECPKG_ATTR_KEYING_MATERIAL_INPROC, &asked), SEC_E_INVALID_PARAMETER);
    assert_status(QueryContextAttributesExA(&pair.server.context, SECPKG_ATTR_KEYING_MATERIAL_INPROC, &asked, 8),
                  SEC_E_BUFFER_TOO_SMALL);
    tls_end(&pair);
}

static void assert_eap_keys(SSL *ssl, DWORD number, const char *label, const char *mixed)
{
    SecPkgContext_EapPrfInfo info = {0, sizeof number, (PBYTE)&number};
    SecPkgContext_EapKeyBlock keys;
    uint8_t expected[128];

    cr_assert_eq(SSL_export_keying_material(ssl, expected, sizeof expected, label, strlen(label),
                                            (const uint8_t *)mixed, mixed ? 1 : 0, mixed != NULL),
                 1);
    assert_status(SetContextAttributesA(&pair.client.context, SECPKG_ATTR_EAP_PRF_INFO, &info, sizeof info), SEC_E_OK);
    assert_status(query(&pair.client, SECPKG_ATTR_EAP_KEY_BLOCK, &keys), SEC_E_OK);
    assert_mem_eq(keys.rgbKeys, expected, sizeof expected);
}

/* RFC 5216, 5281, 9190, 9427: against a peer that makes them itself. */
Test(attributes, eap_keys_of_each_method)
{
    static const char newest[] = "EXPORTER_EAP_TLS_Key_Material";

    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        const bool old = version == TLS1_2_VERSION;
        struct tls_setup setup = tls_usual;
        struct raw_peer peer;

        setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
        tls_begin(&pair, &setup);
        raw_begin(&peer, true, version);
        raw_start(&peer);
        raw_handshake(&peer, &pair.client);
        assert_eap_keys(peer.ssl, 1, old ? "ttls keying material" : newest, old ? NULL : "\x15");
        assert_eap_keys(peer.ssl, 2, "ttls challenge", NULL);
        assert_eap_keys(peer.ssl, 0, old ? "client EAP encryption" : newest, old ? NULL : "\x0D");
        raw_end(&peer);
        tls_end(&pair);
    }
}

Test(attributes, what_cannot_be_set)
{
    DWORD number = 3;
    SecPkgContext_EapPrfInfo eap = {0, sizeof number, (PBYTE)&number};
    SecPkgContext_EarlyStart early = {ENABLE_TLS_CLIENT_EARLY_START};
    SecHandle *client = &pair.client.context, *server = &pair.server.context;

    open_version("1.3");
    assert_status(SetContextAttributesA(server, SECPKG_ATTR_EAP_PRF_INFO, &eap, sizeof eap),
                  SEC_E_UNSUPPORTED_FUNCTION);
    number = 1;
    assert_status(SetContextAttributesA(server, SECPKG_ATTR_EAP_PRF_INFO, &eap, sizeof eap - 1),
                  SEC_E_INVALID_PARAMETER);
    eap.cbPrfData = 3;
    assert_status(SetContextAttributesA(server, SECPKG_ATTR_EAP_PRF_INFO, &eap, sizeof eap), SEC_E_INVALID_PARAMETER);
    eap = (SecPkgContext_EapPrfInfo){1, sizeof number, (PBYTE)&number};
    assert_status(SetContextAttributesA(server, SECPKG_ATTR_EAP_PRF_INFO, &eap, sizeof eap), SEC_E_INVALID_PARAMETER);
    assert_status(SetContextAttributesA(client, SECPKG_ATTR_EARLY_START, &early, sizeof early), SEC_E_OK);
    assert_status(SetContextAttributesA(server, SECPKG_ATTR_EARLY_START, &early, sizeof early),
                  SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SetContextAttributesA(client, SECPKG_ATTR_EARLY_START, &early, 3), SEC_E_INVALID_PARAMETER);
    early.dwEarlyStartFlags = 2;
    assert_status(SetContextAttributesA(client, SECPKG_ATTR_EARLY_START, &early, sizeof early),
                  SEC_E_INVALID_PARAMETER);
    assert_status(SetContextAttributesA(client, SECPKG_ATTR_SRTP_PARAMETERS, &early, sizeof early),
                  SEC_E_UNSUPPORTED_FUNCTION);
    tls_end(&pair);
}

/* The chain as bytes: parsed again it is what the server sent. */
Test(attributes, remote_certificates)
{
    struct tls_setup setup = tls_usual;
    SecPkgContext_Certificates got;
    const unsigned char *at;
    struct raw_peer peer;
    X509 *first, *second;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    tls_begin(&pair, &setup);
    raw_begin(&peer, true, 0);
    cr_assert_eq(SSL_CTX_add1_chain_cert(peer.tls, pki_authority()), 1);
    raw_start(&peer);
    raw_handshake(&peer, &pair.client);
    assert_status(query(&pair.client, SECPKG_ATTR_REMOTE_CERTIFICATES, &got), SEC_E_OK);
    cr_assert_eq(got.cCertificates, 2);
    at = got.pbCertificateChain;
    first = d2i_X509(NULL, &at, (long)got.cbCertificateChain);
    cr_assert_not_null(first);
    second = d2i_X509(NULL, &at, (long)(got.cbCertificateChain - (at - got.pbCertificateChain)));
    cr_assert_not_null(second);
    cr_assert_eq(at - got.pbCertificateChain, got.cbCertificateChain);
    cr_assert_eq(X509_cmp(first, SSL_get_certificate(peer.ssl)), 0);
    cr_assert_eq(X509_cmp(second, pki_authority()), 0);
    X509_free(first);
    X509_free(second);
    assert_status(FreeContextBuffer(got.pbCertificateChain), SEC_E_OK);
    raw_end(&peer);
    tls_end(&pair);
}

Test(attributes, names_of_certificates)
{
    SecPkgContext_CertInfo info;
    SecPkgContext_Certificates none;
    SecPkgContext_AuthorityA authority;

    open_version("1.2");
    assert_status(query(&pair.server, SECPKG_ATTR_LOCAL_CERT_INFO, &info), SEC_E_OK);
    cr_assert(wide_is(info.pwszSubjectName, "CN=www.example.com,O=Example"));
    cr_assert_eq(info.cbSubjectName, 2 * strlen("CN=www.example.com,O=Example"));
    cr_assert_eq(info.dwKeySize, 256);
    assert_status(query(&pair.client, SECPKG_ATTR_AUTHORITY, &authority), SEC_E_OK);
    cr_assert(wide_is(info.pwszIssuerName, authority.sAuthorityName));
    cr_assert_eq(info.cbIssuerName, 2 * strlen(authority.sAuthorityName));
    assert_status(FreeContextBuffer(info.pwszSubjectName), SEC_E_OK);
    assert_status(FreeContextBuffer(info.pwszIssuerName), SEC_E_OK);
    assert_status(FreeContextBuffer(authority.sAuthorityName), SEC_E_OK);
    assert_status(query(&pair.server, SECPKG_ATTR_REMOTE_CERTIFICATES, &none), SEC_E_NO_CREDENTIALS);
    assert_status(query(&pair.server, SECPKG_ATTR_AUTHORITY, &authority), SEC_E_NO_CREDENTIALS);
    assert_status(query(&pair.client, SECPKG_ATTR_LOCAL_CERT_INFO, &info), SEC_E_NO_CREDENTIALS);
    cr_assert_null(info.pwszSubjectName);
    tls_end(&pair);
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
