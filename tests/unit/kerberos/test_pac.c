/*
 * PACs in tickets (pac.c, pac_logon.c, identity.c): who they say the client is, and what is refused.
 */
#include "rig.h"

#include "base/memory.h"

struct pac_rig {
    struct rig rig;
    struct pac_spec pac;
    uint8_t room[TICKET_ROOM];
};

static void pac_open(struct pac_rig *rig)
{
    rig_open(&rig->rig);
    pac_spec_usual(&rig->pac, &rig->rig.ticket);
    rig->rig.ticket.pac = pac_make(&rig->pac, rig->room);
}

static void pac_again(struct pac_rig *rig)
{
    rig->rig.ticket.pac = pac_make(&rig->pac, rig->room);
}

static const SSPI_IDENTITY_FIELD *field(const SSPI_IDENTITY_FIELD *fields, ULONG count, const char *name, ULONG nth)
{
    for (ULONG i = 0; i < count; i++)
        if (strcmp(fields[i].Name, name) == 0 && nth-- == 0)
            return &fields[i];
    return NULL;
}

Test(krb_pac, identity)
{
    SecPkgContext_NamesA names = {0};
    PSSPI_IDENTITY_FIELD fields;
    struct pac_rig rig;
    ULONG count;

    pac_open(&rig);
    rig_try(&rig.rig);
    assert_status(rig.rig.status, SEC_E_OK);
    assert_status(QueryContextAttributesA(&rig.rig.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    cr_assert_str_eq(names.sUserName, "EXAMPLE\\alice");
    FreeContextBuffer(names.sUserName);
    assert_status(SspiListIdentity(&rig.rig.context, &count, &fields), SEC_E_OK);
    cr_assert_str_eq(field(fields, count, "principal", 0)->Value, "alice@EXAMPLE.TEST");
    cr_assert_str_eq(field(fields, count, "user", 0)->Value, "alice");
    cr_assert_str_eq(field(fields, count, "domain", 0)->Value, "EXAMPLE");
    cr_assert_str_eq(field(fields, count, "upn", 0)->Value, "alice@example.test");
    cr_assert_str_eq(field(fields, count, "dns_domain", 0)->Value, "EXAMPLE.TEST");
    cr_assert_str_eq(field(fields, count, "logon_server", 0)->Value, "DC1");
    cr_assert_str_eq(field(fields, count, "sid", 0)->Value, "S-1-5-21-1-2-3-1105");
    cr_assert_str_eq(field(fields, count, "group", 0)->Value, "S-1-5-21-1-2-3-513");
    cr_assert_str_eq(field(fields, count, "group", 1)->Value, "S-1-5-21-1-2-3-1200");
    cr_assert_str_eq(field(fields, count, "group", 2)->Value, "S-1-18-1");
    cr_assert_null(field(fields, count, "group", 3));
    cr_assert_eq(field(fields, count, "group", 0)->Number, 7);
    cr_assert_eq(field(fields, count, "account_flags", 0)->Number, 0x210);
    FreeContextBuffer(fields);
    rig_close(&rig.rig);
}

/* Programs log these names and put them into headers, so they have no control characters, and no second domain. */
Test(krb_pac, names_that_are_no_text)
{
    static const char *const names[] = {"al\nice", "al\x1B[2Jice", "al\x7Fice", "al\\ice", "al/ice"};
    struct pac_rig rig;

    pac_open(&rig);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        rig.pac.user = names[i];
        pac_again(&rig);
        expect(&rig.rig, SEC_E_LOGON_DENIED, SSPI_REASON_PAC_WRONG);
        rig.pac.user = "alice";
        rig.pac.domain = names[i];
        pac_again(&rig);
        expect(&rig.rig, SEC_E_LOGON_DENIED, SSPI_REASON_PAC_WRONG);
        rig.pac.domain = "EXAMPLE";
        rig.pac.upn = i < 3 ? names[i] : "al\tice";
        pac_again(&rig);
        expect(&rig.rig, SEC_E_LOGON_DENIED, SSPI_REASON_PAC_WRONG);
        rig.pac.upn = "alice@example.test";
    }
    rig.rig.ticket.client = "alice\xC2\x9B";
    expect(&rig.rig, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    rig_close(&rig.rig);
}

Test(krb_pac, without_logon_information)
{
    SecPkgContext_NamesA names = {0};
    struct pac_rig rig;

    pac_open(&rig);
    rig.pac.no_logon_info = true;
    pac_again(&rig);
    rig_try(&rig.rig);
    assert_status(rig.rig.status, SEC_E_OK);
    assert_status(QueryContextAttributesA(&rig.rig.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    cr_assert_str_eq(names.sUserName, "alice@EXAMPLE.TEST");
    FreeContextBuffer(names.sUserName);
    rig_close(&rig.rig);
}

Test(krb_pac, required)
{
    struct pac_rig rig;

    pac_open(&rig);
    rig_option(&rig.rig, "require_pac", "yes");
    expect(&rig.rig, SEC_E_OK, SSPI_REASON_NONE);
    rig.rig.ticket.pac = (struct bytes){0};
    expect(&rig.rig, SEC_E_LOGON_DENIED, SSPI_REASON_PAC_MISSING);
    rig_close(&rig.rig);
}

Test(krb_pac, signed_with_each_type)
{
    static const int32_t types[] = {17, 18, 19, 20};

    for (size_t i = 0; i < 4; i++) {
        uint8_t room[TICKET_ROOM];
        struct ticket_spec ticket;
        struct pac_rig rig;

        ticket_spec_usual(&ticket);
        ticket.key = ticket_key(types[i], 3, 9);
        rig_open_with(&rig.rig, "HTTP", keytab_make(&ticket, 1, room));
        rig.rig.ticket = ticket;
        pac_spec_usual(&rig.pac, &ticket);
        pac_again(&rig);
        expect(&rig.rig, SEC_E_OK, SSPI_REASON_NONE);
        rig_close(&rig.rig);
    }
}

Test(krb_pac, of_another_key_client_or_login)
{
    struct pac_rig rig;

    pac_open(&rig);
    rig.pac.key.value[0] ^= 1;
    pac_again(&rig);
    expect(&rig.rig, SEC_E_LOGON_DENIED, SSPI_REASON_PAC_WRONG);
    rig.pac.key = rig.rig.ticket.key;
    rig.pac.client = "mallory";
    pac_again(&rig);
    expect(&rig.rig, SEC_E_LOGON_DENIED, SSPI_REASON_PAC_WRONG);
    rig.pac.client = "alice";
    rig.pac.auth_time += CLOCK_TICKS_PER_SECOND;
    pac_again(&rig);
    expect(&rig.rig, SEC_E_LOGON_DENIED, SSPI_REASON_PAC_WRONG);
    rig_close(&rig.rig);
}

/* MS14-068: a plain hash is no signature; nor is one of another type than the key. */
Test(krb_pac, unkeyed_and_foreign_signatures)
{
    static const int32_t types[] = {1, 7, 14, 16, 15, -138, 0x7FFFFFFF};
    struct pac_rig rig;

    pac_open(&rig);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        rig.pac.signature_type = types[i];
        pac_again(&rig);
        expect(&rig.rig, types[i] == 16 ? SEC_E_OK : SEC_E_LOGON_DENIED,
               types[i] == 16 ? SSPI_REASON_NONE : SSPI_REASON_PAC_WRONG);
    }
    rig_close(&rig.rig);
}

Test(krb_pac, wrapped_and_doubled)
{
    struct pac_rig rig;

    pac_open(&rig);
    for (unsigned depth = 0; depth < 4; depth++) {
        rig.rig.ticket.pac_depth = depth;
        expect(&rig.rig, SEC_E_OK, SSPI_REASON_NONE);
    }
    rig.rig.ticket.pac_depth = 4;
    expect(&rig.rig, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    rig.rig.ticket.pac_depth = 1;
    rig.rig.ticket.pac_twice = true;
    expect(&rig.rig, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    rig_close(&rig.rig);
}

/* Every byte altered before the ticket is sealed: the signature, or the bytes that it does not cover, decide. */
Test(krb_pac, every_byte_altered, .timeout = 120)
{
    struct pac_rig rig;
    size_t accepted = 0;

    pac_open(&rig);
    for (size_t at = 0; at < rig.rig.ticket.pac.size; at++) {
        rig.room[at] ^= 0x11;
        rig_try(&rig.rig);
        accepted += rig.rig.status >= 0;
        rig.room[at] ^= 0x11;
    }
    /* The KDC's signature, 12 bytes, is only for the KDC to verify. */
    cr_assert_eq(accepted, 12);
    rig_close(&rig.rig);
}

/* Two buffers of one kind: which one counts would be the attacker's choice. */
Test(krb_pac, doubled_buffers)
{
    struct krb_pac decoded;
    struct pac_rig rig;

    pac_open(&rig);
    cr_assert(krb_pac_decode(rig.rig.ticket.pac, &decoded));
    for (size_t i = 0; i < 5; i++) {
        const uint8_t kept = rig.room[8 + 16 * i];

        rig.room[8 + 16 * i] = rig.room[8 + 16 * ((i + 1) % 5)];
        cr_assert_not(krb_pac_decode(rig.rig.ticket.pac, &decoded));
        rig.room[8 + 16 * i] = kept;
    }
    rig_close(&rig.rig);
}

/* The decoder itself, without a signature in the way. */
static void decode_all(struct bytes pac)
{
    struct krb_identity *identity;
    struct krb_pac decoded;

    if (krb_pac_decode(pac, &decoded) && krb_pac_identity(&decoded, &identity) == SEC_E_OK)
        krb_identity_free(identity);
}

Test(krb_pac, decoder_takes_anything, .timeout = 60)
{
    struct pac_rig rig;
    size_t size;

    pac_open(&rig);
    size = rig.rig.ticket.pac.size;
    for (size_t at = 0; at <= size; at++) {
        uint8_t *exact = mem_dup(rig.room, at);

        decode_all(bytes_of(exact, at));
        mem_free(exact);
    }
    for (size_t at = 0; at < size; at++) {
        for (int i = 0; i < 3; i++) {
            const uint8_t kept = rig.room[at];

            rig.room[at] = i == 0 ? 0xFF : i == 1 ? 0 : (uint8_t)(kept ^ 0x80);
            decode_all(bytes_of(rig.room, size));
            rig.room[at] = kept;
        }
    }
    rig_close(&rig.rig);
}

Test(krb_pac, many_groups)
{
    PSSPI_IDENTITY_FIELD fields;
    struct pac_rig rig;
    ULONG count;

    pac_open(&rig);
    rig.pac.groups = 500;
    pac_again(&rig);
    rig_try(&rig.rig);
    assert_status(rig.rig.status, SEC_E_OK);
    assert_status(SspiListIdentity(&rig.rig.context, &count, &fields), SEC_E_OK);
    cr_assert_str_eq(field(fields, count, "group", 500)->Value, "S-1-5-21-1-2-3-1699");
    FreeContextBuffer(fields);
    rig_close(&rig.rig);
}
