/*
 * Every way that a decision on who is there may go: whose certificate is refused and why, which name of it counts,
 * which certificate is shown. validate.c, map.c, sni.c, tls.c, bindings.c, configured.c.
 */
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "own_rig.h"
#include "raw_peer.h"

#define NAME "www.example.com"
#define DAY 86400L
#define UPN "1.3.6.1.4.1.311.20.2.3"

static struct tls_pair pair;
static struct raw_peer peer;
static const struct pki_spec server = {.name = NAME};
static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* ---- Certificates that nobody may come with ---- */

static const struct bad {
    struct pki_spec spec;
    SECURITY_STATUS status;
} bad_servers[] =
    {
        {{.name = NAME, .starts = -20 * DAY, .ends = -10 * DAY}, SEC_E_CERT_EXPIRED},
        {{.name = NAME, .starts = 10 * DAY, .ends = 20 * DAY}, SEC_E_CERT_EXPIRED},
        {{.name = NAME, .client = true}, SEC_E_CERT_WRONG_USAGE},
        {{.name = "other.example.com"}, SEC_E_WRONG_PRINCIPAL},
        {{.name = NAME, .self_signed = true}, SEC_E_UNTRUSTED_ROOT},
},
  bad_clients[] = {
      {{.name = "alice", .client = true, .starts = -20 * DAY, .ends = -10 * DAY}, SEC_E_CERT_EXPIRED},
      {{.name = "alice", .client = true, .starts = 10 * DAY, .ends = 20 * DAY}, SEC_E_CERT_EXPIRED},
      {{.name = "alice"}, SEC_E_CERT_WRONG_USAGE},
      {{.name = "alice", .client = true, .self_signed = true}, SEC_E_UNTRUSTED_ROOT},
};

/* A peer of plain OpenSSL with a certificate that our own credentials would not take. */
static void peer_begin(bool is_server, int version, const struct pki_spec *spec)
{
    X509 *x509 = pki_certificate(spec);

    raw_begin(&peer, is_server, version);
    cr_assert_eq(SSL_CTX_use_cert_and_key(peer.tls, x509, pki_private(spec->key), NULL, 1), 1);
    X509_free(x509);
    raw_start(&peer);
}

/* Until our end is done or refuses. */
static void peer_run(struct tls_end *end)
{
    for (int leg = 0; leg < 10 && end->status == SEC_I_CONTINUE_NEEDED; leg++) {
        if (!end->server || end->in_size) {
            tls_leg(end);
            end_to_raw(end, &peer);
        }
        (void)SSL_do_handshake(peer.ssl);
        raw_to_end(&peer, end);
    }
}

Test(decisions, servers_are_refused_for_what_is_wrong)
{
    for (size_t i = 0; i < 2 * sizeof bad_servers / sizeof bad_servers[0]; i++) {
        own_begin(&pair, NULL, NULL);
        own_trust(&pair.client);
        pair.client.target = NAME;
        peer_begin(true, versions[i % 2], &bad_servers[i / 2].spec);
        peer_run(&pair.client);
        assert_status(pair.client.status, bad_servers[i / 2].status);
        cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_PEER_CERTIFICATE);
        raw_end(&peer);
        tls_end(&pair);
    }
}

Test(decisions, clients_are_refused_for_what_is_wrong)
{
    for (size_t i = 0; i < 2 * sizeof bad_clients / sizeof bad_clients[0]; i++) {
        own_begin(&pair, NULL, NULL);
        own_certificate(&pair.server, own_pem(&server), false);
        own_trust(&pair.server);
        pair.server.requested = ASC_REQ_MUTUAL_AUTH;
        peer_begin(false, versions[i % 2], &bad_clients[i / 2].spec);
        peer_run(&pair.server);
        assert_status(pair.server.status, bad_clients[i / 2].status);
        cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_PEER_CERTIFICATE);
        raw_end(&peer);
        tls_end(&pair);
    }
}

/* The operator is told before the first server is. */
Test(decisions, own_certificates_that_no_server_would_take)
{
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.client, own_pem(&server), false);
    pair.client.target = NAME;
    assert_status(tls_leg(&pair.client), SEC_E_CERT_WRONG_USAGE);
    own_explained("not one for TLS clients");
    tls_end(&pair);
}

Test(decisions, empty_target)
{
    own_begin(&pair, NULL, NULL);
    own_trust(&pair.client);
    pair.client.target = "";
    assert_status(tls_leg(&pair.client), SEC_E_TARGET_UNKNOWN);
    cr_assert_eq(pair.client.out_size, 0);
    tls_end(&pair);
}

/* ---- Which name of a client's certificate counts ---- */

struct alternative {
    int type;        /* GEN_*; -1: no more */
    const char *oid; /* of GEN_OTHERNAME */
    int kind;        /* V_ASN1_* of its value */
    const char *text;
    size_t size; /* 0: up to the end of the text */
};

static GENERAL_NAME *general(const struct alternative *from)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *string = ASN1_STRING_type_new(from->type == GEN_OTHERNAME ? from->kind : V_ASN1_IA5STRING);
    ASN1_TYPE *value;

    cr_assert(name && string);
    cr_assert_eq(ASN1_STRING_set(string, from->text, from->size ? (int)from->size : -1), 1);
    if (from->type != GEN_OTHERNAME) {
        GENERAL_NAME_set0_value(name, from->type, string);
        return name;
    }
    value = ASN1_TYPE_new();
    ASN1_TYPE_set(value, from->kind, string);
    cr_assert_eq(GENERAL_NAME_set0_othername(name, OBJ_txt2obj(from->oid, 1), value), 1);
    return name;
}

/* PEM of a client's certificate with this common name (NULL: none) and these names. */
static const char *client_pem(const char *common, const struct alternative *names)
{
    static const char *kept[64]; /* so that a search for leaks finds them */
    static size_t used;
    X509 *x509 = pki_certificate(&(struct pki_spec){.name = "nobody", .client = true});
    X509_NAME *subject = X509_NAME_new();
    GENERAL_NAMES *list = GENERAL_NAMES_new();

    X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const unsigned char *)"Example", -1, -1, 0);
    if (common)
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)common, -1, -1, 0);
    cr_assert_eq(X509_set_subject_name(x509, subject), 1);
    for (; names && names->text; names++)
        cr_assert_gt(sk_GENERAL_NAME_push(list, general(names)), 0);
    if (sk_GENERAL_NAME_num(list))
        cr_assert_eq(X509_add1_ext_i2d(x509, NID_subject_alt_name, list, 0, X509V3_ADD_REPLACE), 1);
    cr_assert_gt(X509_sign(x509, pki_authority_key(), EVP_sha256()), 0);
    kept[used] = pki_pem(x509, pki_private(PKI_P256));
    GENERAL_NAMES_free(list);
    X509_NAME_free(subject);
    X509_free(x509);
    return kept[used++ % 64];
}

static void accounts_give(bool disabled)
{
    SspiAccountStore *store;

    assert_status(SspiAccountStoreOpen("memory:", &store), SEC_E_OK);
    assert_status(SspiAccountStoreAdd(store, "alice", "example.com", "x", 1), SEC_E_OK);
    assert_status(SspiAccountStoreSetDisabled(store, "alice", "example.com", disabled), SEC_E_OK);
    assert_status(SspiCredentialSetAccountStore(&pair.server.credential, store), SEC_E_OK);
    SspiAccountStoreFree(store);
}

static void client_comes(const char *pem, const char *kind, bool disabled)
{
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    own_certificate(&pair.client, pem, false);
    own_trust(&pair.server);
    own_trust(&pair.client);
    own_option(&pair.server, "tls_account_name", kind);
    own_option(&pair.server, "netbios_domain_name", "OTHER");
    accounts_give(disabled);
    pair.server.requested = ASC_REQ_MUTUAL_AUTH;
    own_run(&pair, NAME);
    assert_status(pair.server.status, SEC_E_OK);
}

/* Who the client is for the server: alice, or nobody. */
static void maps(const char *pem, const char *kind, bool expected)
{
    SecPkgContext_NamesA names = {0};

    client_comes(pem, kind, false);
    cr_assert_eq((pair.server.attributes & ASC_RET_MUTUAL_AUTH) != 0, expected);
    assert_status(QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_NAMES, &names),
                  expected ? SEC_E_OK : SEC_E_NO_CREDENTIALS);
    if (expected)
        cr_assert_str_eq(names.sUserName, "example.com\\alice");
    FreeContextBuffer(names.sUserName);
    tls_end(&pair);
}

#define ALICE "alice@example.com"

Test(decisions, upn_of_a_certificate)
{
    static char much[1200];
    static const struct {
        struct alternative names[3];
        bool expected;
    } rows[] = {
        {{{GEN_OTHERNAME, UPN, V_ASN1_UTF8STRING, ALICE, 0}}, true},
        {{{GEN_DNS, NULL, 0, "x.example.com", 0}, {GEN_OTHERNAME, UPN, V_ASN1_UTF8STRING, ALICE, 0}}, true},
        {{{GEN_OTHERNAME, "1.2.3.4", V_ASN1_UTF8STRING, ALICE, 0}}, false},
        {{{GEN_OTHERNAME, UPN, V_ASN1_IA5STRING, ALICE, 0}}, false},
        {{{GEN_EMAIL, NULL, 0, ALICE, 0}}, false},
        {{{GEN_DNS, NULL, 0, ALICE, 0}}, false},
        {{{GEN_OTHERNAME, UPN, V_ASN1_UTF8STRING, ALICE "\0.example.org", sizeof ALICE + 12}}, false},
        {{{GEN_OTHERNAME, UPN, V_ASN1_UTF8STRING, "\xFF" ALICE, 0}}, false},
        {{{GEN_OTHERNAME, UPN, V_ASN1_UTF8STRING, "@example.com", 0}}, false},
        {{{GEN_OTHERNAME, UPN, V_ASN1_UTF8STRING, "alice", 0}}, false},
        {{{GEN_OTHERNAME, UPN, V_ASN1_UTF8STRING, much, sizeof much}}, false},
        /* The first one counts: the second is not tried in its place. */
        {{{GEN_OTHERNAME, UPN, V_ASN1_UTF8STRING, "bob@example.com", 0},
          {GEN_OTHERNAME, UPN, V_ASN1_UTF8STRING, ALICE, 0}},
         false},
    };

    memset(much, 'a', sizeof much);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        maps(client_pem("alice@example.com", rows[i].names), "upn", rows[i].expected);
    maps(client_pem(ALICE, NULL), "upn", false);
}

Test(decisions, email_of_a_certificate)
{
    static const struct alternative mail[] = {
        {GEN_OTHERNAME, UPN, V_ASN1_UTF8STRING, "bob@example.com", 0}, {GEN_EMAIL, NULL, 0, ALICE, 0}, {0}};
    static const struct alternative none[] = {{GEN_OTHERNAME, UPN, V_ASN1_UTF8STRING, ALICE, 0}, {0}};

    maps(client_pem("bob", mail), "email", true);
    maps(client_pem("bob", none), "email", false);
}

Test(decisions, common_name_of_a_certificate)
{
    static const struct alternative mail[] = {{GEN_EMAIL, NULL, 0, ALICE, 0}, {0}};

    maps(client_pem(ALICE, NULL), "common_name", true);
    maps(client_pem("bob", mail), "common_name", false);
    maps(client_pem(NULL, mail), "common_name", false);
}

Test(decisions, account_that_is_disabled)
{
    static const struct alternative upn[] = {{GEN_OTHERNAME, UPN, V_ASN1_UTF8STRING, ALICE, 0}, {0}};
    char *said;

    client_comes(client_pem("alice", upn), "upn", true);
    cr_assert_not(pair.server.attributes & ASC_RET_MUTUAL_AUTH);
    assert_status(SspiExplainContext(&pair.server.context, &said), SEC_E_OK);
    cr_assert_not_null(strstr(said, "is disabled"), "%s", said);
    FreeContextBuffer(said);
    tls_end(&pair);
}

/* ---- Which certificate a server shows ---- */

/* What a client gets that asks for this name (NULL: for none), and takes signatures of these kinds (NULL: any). */
static X509 *shown(const char *name, const char *kinds)
{
    X509 *x509;

    raw_begin(&peer, false, TLS1_3_VERSION);
    if (kinds)
        cr_assert_eq(SSL_CTX_set1_sigalgs_list(peer.tls, kinds), 1);
    raw_start(&peer);
    if (name)
        cr_assert_eq(SSL_set_tlsext_host_name(peer.ssl, name), 1);
    raw_handshake(&peer, &pair.server);
    x509 = SSL_get1_peer_certificate(peer.ssl);
    raw_end(&peer);
    tls_again(&pair);
    cr_assert_not_null(x509);
    return x509;
}

static void shows(const char *name, const char *kinds, const char *common, int key)
{
    X509 *x509 = shown(name, kinds);
    char got[64];

    X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName, got, sizeof got);
    cr_assert_str_eq(got, common);
    cr_assert_eq(EVP_PKEY_get_base_id(X509_get0_pubkey(x509)), key);
    X509_free(x509);
}

Test(decisions, no_name_and_unknown_names_get_the_first)
{
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = "a.example.com"}), false);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = "b.example.com"}), true);
    shows(NULL, NULL, "a.example.com", EVP_PKEY_EC);
    shows("unknown.example.com", NULL, "a.example.com", EVP_PKEY_EC);
    shows("b.example.com", NULL, "b.example.com", EVP_PKEY_EC);
    tls_end(&pair);
}

/* Of two with the same names and kind of key the first is shown, whatever else there is. */
Test(decisions, twins)
{
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = NAME, .starts = -DAY, .ends = 7 * DAY}), false);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = NAME, .starts = -DAY, .ends = 90 * DAY}), true);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = NAME, .key = PKI_RSA}), true);
    for (int i = 0; i < 2; i++) {
        X509 *x509 = shown(i ? NAME : NULL, "ecdsa_secp256r1_sha256");
        int days, seconds;

        cr_assert_eq(ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x509)), 1);
        cr_assert_leq(days, 7);
        X509_free(x509);
    }
    shows(NAME, "rsa_pss_rsae_sha256", NAME, EVP_PKEY_RSA);
    tls_end(&pair);
}

/* A server's certificate as they were before alternative names. */
static const char *old_pem(const char *name, enum pki_key key)
{
    static const char *kept[16];
    static size_t used;
    const struct pki_spec spec = {.name = name, .key = key};
    X509 *x509 = pki_certificate(&spec);
    const int place = X509_get_ext_by_NID(x509, NID_subject_alt_name, -1);

    cr_assert_geq(place, 0);
    X509_EXTENSION_free(X509_delete_ext(x509, place));
    cr_assert_gt(X509_sign(x509, pki_authority_key(), EVP_sha256()), 0);
    kept[used % 16] = pki_pem(x509, pki_private(key));
    X509_free(x509);
    return kept[used++ % 16];
}

Test(decisions, without_alternative_names_the_subject_counts)
{
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, old_pem("a.example.com", PKI_P256), false);
    own_certificate(&pair.server, old_pem("b.example.com", PKI_RSA), true);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = "a.example.com", .key = PKI_ED25519}), true);
    own_certificate(&pair.server, old_pem("a.example.com", PKI_RSA), true);
    shows(NULL, "rsa_pss_rsae_sha256", "a.example.com", EVP_PKEY_RSA);
    shows("a.example.com", "ecdsa_secp256r1_sha256", "a.example.com", EVP_PKEY_EC);
    shows("b.example.com", NULL, "b.example.com", EVP_PKEY_RSA);
    tls_end(&pair);
}

/* To the client it does not. */
Test(decisions, the_subject_is_no_name_of_a_server)
{
    for (int i = 0; i < 3; i++) {
        SCHANNEL_CRED given = {.dwVersion = SCHANNEL_CRED_VERSION,
                               .dwFlags = i == 2 ? SCH_CRED_NO_SERVERNAME_CHECK : 0};

        own_begin(&pair, NULL, &given);
        own_trust(&pair.client);
        own_certificate(&pair.server, i == 1 ? own_pem(&server) : old_pem(NAME, PKI_P256), false);
        own_run(&pair, NAME);
        assert_status(pair.client.status, i == 0 ? SEC_E_WRONG_PRINCIPAL : SEC_E_OK);
        tls_end(&pair);
    }
}

Test(decisions, a_hundred_certificates)
{
    const char *pem = own_pem(&server);

    own_begin(&pair, NULL, NULL);
    for (int i = 0; i < SCH_CRED_MAX_SUPPORTED_CERTS; i++)
        own_certificate(&pair.server, pem, i > 0);
    assert_status(SspiCredentialAddCertificate(&pair.server.credential, pem, (ULONG)strlen(pem), NULL, 0, NULL),
                  SEC_E_INVALID_PARAMETER);
    own_explained("at most 100");
    tls_end(&pair);
}

/* ---- What a credential is told ---- */

/* How long a ticket is good for, as the client hears it. */
static unsigned long ticket_seconds(DWORD lifespan_ms)
{
    SCH_CREDENTIALS given = {.dwVersion = SCH_CREDENTIALS_VERSION, .dwSessionLifespan = lifespan_ms};
    unsigned long seconds;

    own_begin(&pair, &given, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    raw_begin(&peer, false, TLS1_2_VERSION);
    raw_start(&peer);
    raw_handshake(&peer, &pair.server);
    seconds = SSL_SESSION_get_ticket_lifetime_hint(SSL_get0_session(peer.ssl));
    raw_end(&peer);
    tls_end(&pair);
    return seconds;
}

Test(decisions, lifespan_of_sessions)
{
    cr_assert_eq(ticket_seconds(0), 36000);
    cr_assert_eq(ticket_seconds(1), 1);
    cr_assert_eq(ticket_seconds(90000), 90);
    cr_assert_eq(ticket_seconds(UINT32_MAX), 604800); /* RFC 8446, 4.6.1: a week */
}

/* Without the extended master secret a key of TLS 1.2 is not one connection's: RFC 9266, 3. */
Test(decisions, no_exporter_without_the_extended_master_secret)
{
    for (int with = 0; with < 2; with++) {
        SecPkgContext_Bindings bindings = {0};

        own_begin(&pair, NULL, NULL);
        own_certificate(&pair.server, own_pem(&server), false);
        raw_begin(&peer, false, TLS1_2_VERSION);
        if (!with)
            SSL_CTX_set_options(peer.tls, SSL_OP_NO_EXTENDED_MASTER_SECRET);
        raw_start(&peer);
        raw_handshake(&peer, &pair.server);
        assert_status(QueryContextAttributesA(&pair.server.context, SSPI_ATTR_EXPORTER_BINDINGS, &bindings),
                      with ? SEC_E_OK : SEC_E_UNSUPPORTED_FUNCTION);
        FreeContextBuffer(bindings.Bindings);
        raw_end(&peer);
        tls_end(&pair);
    }
}

/* RFC 5929, 4.1: a certificate that SHA-1 signs is hashed with SHA-256 all the same. */
Test(decisions, endpoint_of_a_weak_hash)
{
    static const char *kept;
    X509 *x509 = pki_certificate(&(struct pki_spec){.name = NAME, .self_signed = true});
    SCH_CREDENTIALS manual = {.dwVersion = SCH_CREDENTIALS_VERSION, .dwFlags = SCH_CRED_MANUAL_CRED_VALIDATION};
    SecPkgContext_Bindings bindings = {0};
    uint8_t hash[32];

    cr_assert_gt(X509_sign(x509, pki_private(PKI_P256), EVP_sha1()), 0);
    cr_assert_eq(X509_digest(x509, EVP_sha256(), hash, NULL), 1);
    kept = pki_pem(x509, pki_private(PKI_P256));
    X509_free(x509);
    own_begin(&pair, NULL, &manual);
    own_certificate(&pair.server, kept, false);
    own_run(&pair, NAME);
    assert_status(pair.server.status, SEC_E_OK);
    assert_status(QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_ENDPOINT_BINDINGS, &bindings), SEC_E_OK);
    assert_mem_eq((uint8_t *)bindings.Bindings + 32 + strlen("tls-server-end-point:"), hash, sizeof hash);
    FreeContextBuffer(bindings.Bindings);
    tls_end(&pair);
}

static void server_fails(const char *option, const char *value, SECURITY_STATUS status, const char *words)
{
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    own_option(&pair.server, option, value);
    pair.client.target = NAME;
    assert_status(tls_leg(&pair.client), SEC_I_CONTINUE_NEEDED);
    tls_carry(&pair.client, &pair.server);
    assert_status(tls_leg(&pair.server), status);
    cr_assert_eq(pair.server.out_size, 0);
    own_explained(words);
    tls_end(&pair);
}

/* What cannot be read is not left out: the server does not begin without it. */
Test(decisions, options_that_cannot_be_followed)
{
    char path[] = "/tmp/sspi-decisions-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");

    cr_assert_not_null(file);
    fputs("nonsense", file);
    fclose(file);
    server_fails("tls_ocsp_response", "/nonexistent/ocsp.der", SEC_E_NO_CREDENTIALS, "/nonexistent/ocsp.der");
    server_fails("tls_ocsp_response", path, SEC_E_NO_CREDENTIALS, "OCSP response is damaged");
    server_fails("tls_trust", "/nonexistent/trust", SEC_E_NO_CREDENTIALS, "/nonexistent/trust");
    server_fails("tls_trust", path, SEC_E_NO_CREDENTIALS, path);
    server_fails("insecure_tls_key_log", "/dev/null", SEC_E_INVALID_PARAMETER, "not a regular file");
    cr_assert_eq(unlink(path), 0);
}
