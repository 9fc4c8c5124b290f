/*
 * again.c, unseal.c: a client's certificate after the handshake of TLS 1.3, with all that the client has to say in one
 * record, as other libraries send it, or with its beginning alone.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>

#include "own_rig.h"
#include "raw_peer.h"

#define NAME "www.example.com"
#define HEADER 5
#define TAG 16

static struct tls_pair pair; /* the server alone */
static struct raw_peer peer;
static uint8_t got[TLS_ROOM], secret[32];
static size_t size;

static const struct pki_spec server = {.name = NAME};
static const struct pki_spec alice = {.name = "alice", .upn = "alice@example.com", .client = true};
static const struct pki_spec bob = {.name = "bob", .upn = "bob@example.com", .client = true};
static const struct pki_spec mallory = {.name = "mallory", .upn = "mallory@example.com", .client = true};

/* ---- Records of the client, opened and sealed anew ---- */

static void secret_keep(const SSL *ssl, const char *line)
{
    const char label[] = "CLIENT_TRAFFIC_SECRET_0 ";
    long length;
    uint8_t *bytes;

    (void)ssl;
    if (strncmp(line, label, sizeof label - 1) != 0)
        return;
    bytes = OPENSSL_hexstr2buf(strrchr(line, ' ') + 1, &length);
    cr_assert_eq(length, sizeof secret);
    memcpy(secret, bytes, sizeof secret);
    OPENSSL_free(bytes);
}

/* HKDF-Expand-Label with an empty context, RFC 8446 7.1. */
static void expand(const char *label, uint8_t *out, size_t out_size)
{
    uint8_t info[32];
    int count = snprintf((char *)info + 3, sizeof info - 3, "tls13 %s", label);
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;

    info[0] = 0;
    info[1] = (uint8_t)out_size;
    info[2] = (uint8_t)count;
    info[3 + count] = 0;
    cr_assert_eq(EVP_KDF_derive(context, out, out_size,
                                (const OSSL_PARAM[]){
                                    OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
                                    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
                                    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, sizeof secret),
                                    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, (size_t)count + 4),
                                    OSSL_PARAM_construct_end(),
                                }),
                 1);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
}

/* AES-128-GCM over a record's content with the number it has. */
static void content_crypt(bool seal, uint8_t number, uint8_t *record, size_t content)
{
    uint8_t key[16], nonce[12];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int done;

    expand("key", key, sizeof key);
    expand("iv", nonce, sizeof nonce);
    nonce[11] ^= number;
    cr_assert_eq(EVP_CipherInit_ex(context, EVP_aes_128_gcm(), NULL, key, nonce, seal), 1);
    cr_assert_eq(EVP_CipherUpdate(context, NULL, &done, record, HEADER), 1);
    cr_assert_eq(EVP_CipherUpdate(context, record + HEADER, &done, record + HEADER, (int)content), 1);
    if (!seal)
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG, record + HEADER + content);
    cr_assert_eq(EVP_CipherFinal_ex(context, record + HEADER + content, &done), 1);
    if (seal)
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG, record + HEADER + content);
    EVP_CIPHER_CTX_free(context);
}

static size_t length_of(const uint8_t *record)
{
    return (size_t)record[3] << 8 | record[4];
}

/* All handshake messages of the records in the server's input, the client's first under these keys, as one record. */
static void in_one_record(struct tls_end *own)
{
    uint8_t whole[8192] = {SSL3_RT_APPLICATION_DATA, 3, 3}, number = 0;
    size_t used = HEADER;

    for (size_t at = 0; at < own->in_size; at += HEADER + length_of(own->in + at)) {
        size_t content = length_of(own->in + at) - TAG;

        content_crypt(false, number++, own->in + at, content);
        cr_assert_eq(own->in[at + HEADER + content - 1], SSL3_RT_HANDSHAKE);
        memcpy(whole + used, own->in + at + HEADER, content - 1);
        used += content - 1;
    }
    whole[used++] = SSL3_RT_HANDSHAKE;
    whole[3] = (uint8_t)((used - HEADER + TAG) >> 8);
    whole[4] = (uint8_t)(used - HEADER + TAG);
    content_crypt(true, 0, whole, used - HEADER);
    memcpy(own->in, whole, used + TAG);
    own->in_size = used + TAG;
}

/* ---- The conversation ---- */

static void raw_shows(const struct pki_spec *spec)
{
    X509 *x509;

    SSL_certs_clear(peer.ssl);
    if (!spec)
        return;
    x509 = pki_certificate(spec);
    cr_assert_eq(SSL_use_cert_and_key(peer.ssl, x509, pki_private(spec->key), NULL, 1), 1);
    X509_free(x509);
}

/* A server that alice and bob have accounts at, and a client with `first`'s certificate. */
static void begin(const struct pki_spec *first)
{
    SspiAccountStore *store;

    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    own_trust(&pair.server);
    own_option(&pair.server, "tls_tickets", "0");
    assert_status(SspiAccountStoreOpen("memory:", &store), SEC_E_OK);
    assert_status(SspiAccountStoreAdd(store, "alice", "example.com", "x", 1), SEC_E_OK);
    assert_status(SspiAccountStoreAdd(store, "bob", "example.com", "x", 1), SEC_E_OK);
    assert_status(SspiCredentialSetAccountStore(&pair.server.credential, store), SEC_E_OK);
    SspiAccountStoreFree(store);
    raw_begin(&peer, false, TLS1_3_VERSION);
    cr_assert_eq(SSL_CTX_set_ciphersuites(peer.tls, "TLS_AES_128_GCM_SHA256"), 1);
    SSL_CTX_set_keylog_callback(peer.tls, secret_keep);
    SSL_CTX_set_post_handshake_auth(peer.tls, 1);
    raw_start(&peer);
    raw_shows(first);
    pair.server.requested = first ? ASC_REQ_MUTUAL_AUTH : 0;
    raw_handshake(&peer, &pair.server);
    pair.server.in_size = 0;
}

static void end(void)
{
    raw_end(&peer);
    tls_end(&pair);
}

/* The server asks; what the client answers with `second`'s certificate is the server's input. */
static void ask(const struct pki_spec *second)
{
    raw_shows(second);
    pair.server.requested |= ASC_REQ_MUTUAL_AUTH;
    assert_status(tls_leg(&pair.server), SEC_I_CONTINUE_NEEDED);
    end_to_raw(&pair.server, &peer);
    cr_assert_leq(SSL_read(peer.ssl, got, sizeof got), 0);
    ERR_clear_error();
    raw_to_end(&peer, &pair.server);
    cr_assert_gt(pair.server.in_size, 0);
}

static const char *account_of(void)
{
    static char name[64];
    SecPkgContext_NamesA names;

    if (QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_NAMES, &names) != SEC_E_OK)
        return "";
    snprintf(name, sizeof name, "%s", names.sUserName);
    assert_status(FreeContextBuffer(names.sUserName), SEC_E_OK);
    return name;
}

/* The account follows what the client showed last, however it cuts its records. */
Test(late, all_in_one_record)
{
    static const struct {
        const struct pki_spec *first, *second;
        SECURITY_STATUS status;
        const char *account;
    } rows[] = {
        {NULL, &alice, SEC_E_OK, "example.com\\alice"},
        {&alice, &bob, SEC_E_OK, "example.com\\bob"},
        {&alice, &mallory, SEC_E_LOGON_DENIED, ""},
        {&alice, NULL, SEC_E_LOGON_DENIED, ""},
        {NULL, NULL, SEC_E_OK, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(rows[i].first);
        ask(rows[i].second);
        in_one_record(&pair.server);
        assert_status(tls_receive(&pair.server, got, &size), SEC_I_RENEGOTIATE);
        assert_status(tls_leg(&pair.server), rows[i].status);
        cr_assert_str_eq(account_of(), rows[i].account);
        end();
    }
}

static bool is_shown(void)
{
    SSPI_IDENTITY_FIELD *fields = NULL;
    PCCERT_CONTEXT certificate = NULL;
    ULONG count = 0;
    bool listed, held;

    assert_status(SspiListIdentity(&pair.server.context, &count, &fields), SEC_E_OK);
    listed = count && strcmp(fields[0].Name, "subject") == 0;
    assert_status(FreeContextBuffer(fields), SEC_E_OK);
    held = QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &certificate) == SEC_E_OK;
    cr_assert_eq(held, listed);
    if (held)
        cr_assert(CertFreeCertificateContext(certificate));
    return held;
}

/* Anybody may send somebody's certificate: it is not shown before the client has proven that it is its own. */
Test(late, certificate_without_its_proof)
{
    size_t whole;

    begin(NULL);
    ask(&alice);
    whole = pair.server.in_size;
    pair.server.in_size = HEADER + length_of(pair.server.in);
    memcpy(got, pair.server.in + pair.server.in_size, whole - pair.server.in_size);
    whole -= pair.server.in_size;
    assert_status(tls_receive(&pair.server, got + whole, &size), SEC_I_RENEGOTIATE);
    cr_assert_not(is_shown());
    assert_status(tls_leg(&pair.server), SEC_E_INCOMPLETE_MESSAGE);
    cr_assert_not(is_shown());
    memcpy(pair.server.in, got, whole);
    pair.server.in_size = whole;
    assert_status(tls_leg(&pair.server), SEC_E_OK);
    cr_assert(is_shown());
    cr_assert_str_eq(account_of(), "example.com\\alice");
    end();
}
