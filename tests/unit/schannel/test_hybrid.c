/* policy.c, connection.c: the group of a curve and ML-KEM, where OpenSSL has it. Its first message is larger than a
 * packet, and neither side need have guessed it. */
#include <openssl/err.h>

#include "compat/wincrypt.h"
#include "raw_peer.h"

#define HYBRID "X25519MLKEM768"
#define SHARE 1216 /* of the client: 1184 bytes of ML-KEM, 32 of the curve */

static struct tls_pair pair;
static uint8_t hello[TLS_ROOM];

static void hybrid_needed(void)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_method());
    const long known = tls ? SSL_CTX_set1_groups_list(tls, HYBRID) : 0;

    SSL_CTX_free(tls);
    ERR_clear_error();
    if (known != 1)
        test_skip("%s has no group " HYBRID, OpenSSL_version(OPENSSL_VERSION));
}

static struct tls_setup trusting(const char *server_groups)
{
    struct tls_setup setup = tls_usual;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    if (server_groups) {
        setup.server_options[0] = "tls_groups";
        setup.server_options[1] = server_groups;
    }
    return setup;
}

static bool wide_is(const WCHAR *wide, const char *ascii)
{
    size_t i = 0;

    for (; ascii[i]; i++)
        if (wide[i] != (WCHAR)ascii[i])
            return false;
    return wide[i] == 0;
}

static void exchange_is(struct tls_end *end, const char *name, ALG_ID id, DWORD bits)
{
    SecPkgContext_ConnectionInfo info;
    SecPkgContext_ConnectionInfoEx ex = {.dwVersion = SECPKGCONTEXT_CONNECTION_INFO_EX_V1};
    SecPkgContext_CipherInfo cipher = {.dwVersion = SECPKGCONTEXT_CIPHERINFO_V1};

    assert_status(QueryContextAttributesA(&end->context, SECPKG_ATTR_CONNECTION_INFO, &info), SEC_E_OK);
    cr_assert_eq(info.aiExch, id);
    cr_assert_eq(info.dwExchStrength, bits);
    assert_status(QueryContextAttributesA(&end->context, SECPKG_ATTR_CONNECTION_INFO_EX, &ex), SEC_E_OK);
    cr_assert(wide_is(ex.szExchange, name));
    cr_assert_eq(ex.dwExchStrength, bits);
    assert_status(QueryContextAttributesA(&end->context, SECPKG_ATTR_CIPHER_INFO, &cipher), SEC_E_OK);
    cr_assert(wide_is(cipher.szExchange, name));
    cr_assert_eq(cipher.dwMinExchangeLen, bits);
    cr_assert_eq(cipher.dwMaxExchangeLen, bits);
    cr_assert_eq(cipher.dwCipherSuite, 0x1301);
}

static void hybrid_agreed(struct tls_end *end)
{
    exchange_is(end, HYBRID, CALG_ECDH_EPHEM, 253);
}

/* The flight begins with a ServerHello that asks for another ClientHello: its random bytes are these (RFC 8446, 4.1.3).
 */
static bool asks_again(const uint8_t *flight, size_t size)
{
    static const uint8_t mark[] = {0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11};

    return size > 19 && flight[0] == 22 && flight[5] == 2 && memcmp(flight + 11, mark, sizeof mark) == 0;
}

Test(hybrid, agreed_by_default)
{
    struct tls_setup setup = trusting(NULL);

    hybrid_needed();
    tls_begin(&pair, &setup);
    for (int i = 0; i < 2; i++) { /* the second time it is resumed, with new keys */
        assert_status(tls_leg(&pair.client), SEC_I_CONTINUE_NEEDED);
        cr_assert_gt(pair.client.out_size, 1500);
        tls_carry(&pair.client, &pair.server);
        assert_status(tls_leg(&pair.server), SEC_I_CONTINUE_NEEDED);
        cr_assert_not(asks_again(pair.server.out, pair.server.out_size));
        tls_carry(&pair.server, &pair.client);
        tls_run(&pair);
        assert_status(pair.client.status, SEC_E_OK);
        assert_status(pair.server.status, SEC_E_OK);
        hybrid_agreed(&pair.client);
        hybrid_agreed(&pair.server);
        tls_talk(&pair.client, &pair.server, "hello", 5);
        tls_talk(&pair.server, &pair.client, "world", 5);
        tls_again(&pair);
    }
    tls_end(&pair);
}

Test(hybrid, every_group_of_the_kind)
{
    static const struct {
        const char *name;
        ALG_ID id;
        DWORD bits;
    } rows[] = {
        {HYBRID, CALG_ECDH_EPHEM, 253},
        {"SecP256r1MLKEM768", CALG_ECDH_EPHEM, 256},
        {"SecP384r1MLKEM1024", CALG_ECDH_EPHEM, 384},
        {"MLKEM512", 0, 512},
        {"MLKEM768", 0, 768},
        {"MLKEM1024", 0, 1024},
    };

    hybrid_needed();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_setup setup = trusting(rows[i].name);

        setup.client_options[0] = "tls_groups";
        setup.client_options[1] = rows[i].name;
        tls_open(&pair, &setup);
        exchange_is(&pair.client, rows[i].name, rows[i].id, rows[i].bits);
        exchange_is(&pair.server, rows[i].name, rows[i].id, rows[i].bits);
        tls_talk(&pair.client, &pair.server, "hello", 5);
        tls_end(&pair);
    }
}

/* The hello as two packets, cut at each of these places. */
Test(hybrid, hello_in_two_parts)
{
    static const size_t cuts[] = {1, 5, 6, 9, 100, 517, 1024, 1400, 1448, 1460, 1500};
    struct tls_setup setup = trusting(NULL);

    hybrid_needed();
    tls_begin(&pair, &setup);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        size_t whole;

        assert_status(tls_leg(&pair.client), SEC_I_CONTINUE_NEEDED);
        tls_carry(&pair.client, &pair.server);
        whole = pair.server.in_size;
        pair.server.in_size = cuts[i];
        assert_status(tls_leg(&pair.server), SEC_E_INCOMPLETE_MESSAGE);
        cr_assert_eq(pair.server.missing, cuts[i] < 5 ? 5 - cuts[i] : whole - cuts[i]);
        cr_assert_not(SecIsValidHandle(&pair.server.context));
        pair.server.in_size = whole;
        assert_status(tls_leg(&pair.server), SEC_I_CONTINUE_NEEDED);
        tls_carry(&pair.server, &pair.client);
        tls_run(&pair);
        assert_status(pair.server.status, SEC_E_OK);
        hybrid_agreed(&pair.server);
        tls_again(&pair);
    }
    tls_end(&pair);
}

/* Every byte alone, in a read of its own. */
Test(hybrid, hello_byte_by_byte, .timeout = 120)
{
    struct tls_setup setup = trusting(NULL);
    size_t whole;

    hybrid_needed();
    tls_begin(&pair, &setup);
    tls_leg(&pair.client);
    whole = pair.client.out_size;
    memcpy(hello, pair.client.out, whole);
    pair.client.out_size = 0;
    for (size_t i = 0; i < whole; i++) {
        pair.server.in[pair.server.in_size++] = hello[i];
        assert_status(tls_leg(&pair.server), i + 1 < whole ? SEC_E_INCOMPLETE_MESSAGE : SEC_I_CONTINUE_NEEDED);
    }
    tls_carry(&pair.server, &pair.client);
    tls_run(&pair);
    assert_status(pair.server.status, SEC_E_OK);
    hybrid_agreed(&pair.server);
    tls_end(&pair);
}

/* ---- OpenSSL on the other side ---- */

/* Our end, made of `setup`, with a peer that has these groups; returns whether the server asked for another hello. */
static bool handshake_with(bool peer_is_server, const char *peer_groups, const struct tls_setup *setup,
                           const char *agreed)
{
    struct raw_peer peer;
    struct tls_end *own = peer_is_server ? &pair.client : &pair.server;
    bool again;

    tls_begin(&pair, setup);
    raw_begin(&peer, peer_is_server, TLS1_3_VERSION);
    cr_assert_eq(SSL_CTX_set1_groups_list(peer.tls, peer_groups), 1);
    raw_start(&peer);
    if (peer_is_server) {
        assert_status(tls_leg(own), SEC_I_CONTINUE_NEEDED);
        end_to_raw(own, &peer);
        SSL_do_handshake(peer.ssl);
        raw_to_end(&peer, own);
        again = asks_again(own->in, own->in_size);
    } else {
        SSL_do_handshake(peer.ssl);
        raw_to_end(&peer, own);
        assert_status(tls_leg(own), SEC_I_CONTINUE_NEEDED);
        again = asks_again(own->out, own->out_size);
        end_to_raw(own, &peer);
    }
    raw_handshake(&peer, own);
    cr_assert_str_eq(SSL_group_to_name(peer.ssl, (int)SSL_get_negotiated_group(peer.ssl)), agreed);
    if (strcmp(agreed, HYBRID) == 0)
        hybrid_agreed(own);
    else
        exchange_is(own, "ECDHE", CALG_ECDH_EPHEM, 253);
    raw_end(&peer);
    tls_end(&pair);
    return again;
}

Test(hybrid, servers_of_every_kind)
{
    const struct tls_setup usual = trusting(NULL);

    hybrid_needed();
    cr_assert_not(handshake_with(true, HYBRID, &usual, HYBRID));
    cr_assert_not(handshake_with(true, "X25519:" HYBRID, &usual, HYBRID)); /* it takes what we prefer */
    cr_assert_not(handshake_with(true, "X25519", &usual, "x25519"));
    cr_assert_not(handshake_with(true, "P-256:X25519", &usual, "x25519")); /* the key we sent at once */
}

Test(hybrid, clients_of_every_kind)
{
    const struct tls_setup usual = trusting(NULL), strict = trusting(HYBRID);

    hybrid_needed();
    cr_assert_not(handshake_with(false, HYBRID, &usual, HYBRID));
    cr_assert_not(handshake_with(false, "X25519", &usual, "x25519"));
    cr_assert(handshake_with(false, "X25519:" HYBRID, &usual, HYBRID)); /* it guessed what is less */
    cr_assert(handshake_with(false, "X25519:" HYBRID, &strict, HYBRID));
    cr_assert_not(handshake_with(false, "*X25519:*" HYBRID, &strict, HYBRID));
}

/* A hello that is cut into records, some of which hold nothing but a piece of the key. */
Test(hybrid, hello_in_many_records)
{
    const struct tls_setup usual = trusting(NULL);
    struct raw_peer peer;
    size_t at = 0, records = 0, size;

    hybrid_needed();
    tls_begin(&pair, &usual);
    raw_begin(&peer, false, TLS1_3_VERSION);
    cr_assert_eq(SSL_CTX_set_max_send_fragment(peer.tls, 512), 1);
    raw_start(&peer);
    SSL_do_handshake(peer.ssl);
    raw_to_end(&peer, &pair.server);
    size = pair.server.in_size;
    memcpy(hello, pair.server.in, size);
    for (pair.server.in_size = 0; at < size; records++) {
        const size_t record = 5 + ((size_t)hello[at + 3] << 8 | hello[at + 4]);

        cr_assert_leq(at + record, size);
        memcpy(pair.server.in + pair.server.in_size, hello + at, record);
        pair.server.in_size += record;
        at += record;
        assert_status(tls_leg(&pair.server), SEC_I_CONTINUE_NEEDED);
        cr_assert_eq(pair.server.out_size > 0, at == size);
    }
    cr_assert_geq(records, 3);
    end_to_raw(&pair.server, &peer);
    raw_handshake(&peer, &pair.server);
    hybrid_agreed(&pair.server);
    raw_end(&peer);
    tls_end(&pair);
}

/* ---- Keys that are none ---- */

/* The client's key of the hybrid in its hello. */
static uint8_t *share_find(uint8_t *bytes, size_t size)
{
    static const uint8_t head[] = {0x11, 0xEC, SHARE >> 8, SHARE & 0xFF};

    for (size_t i = 0; i + sizeof head + SHARE <= size; i++)
        if (memcmp(bytes + i, head, sizeof head) == 0)
            return bytes + i + sizeof head;
    cr_assert_fail("no key of the hybrid");
    return NULL;
}

Test(hybrid, keys_that_are_none)
{
    static const struct {
        const char *what;
        size_t at, size;
        int byte;
    } rows[] = {
        {"coefficients beyond the modulus", 0, 1152, 0xFF},
        {"a point of small order", 1184, 32, 0},
        {"all zero", 0, SHARE, 0},
    };
    struct tls_setup setup = trusting(NULL);

    hybrid_needed();
    tls_begin(&pair, &setup);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tls_leg(&pair.client);
        tls_carry(&pair.client, &pair.server);
        memset(share_find(pair.server.in, pair.server.in_size) + rows[i].at, rows[i].byte, rows[i].size);
        cr_assert_lt(tls_leg(&pair.server), 0, "%s", rows[i].what);
        tls_again(&pair);
    }
    tls_run(&pair);
    assert_status(pair.server.status, SEC_E_OK);
    tls_end(&pair);
}
