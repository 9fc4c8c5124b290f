/*
 * AcceptSecurityContext for Kerberos (acceptor.c, ticket.c, names.c, provider.c, context.c, attributes.c), with tickets
 * of our own: what is accepted, and each refusal with its own status and reason.
 */
#include "rig.h"

#define HOUR (3600 * CLOCK_TICKS_PER_SECOND)
#define SKEW (300 * CLOCK_TICKS_PER_SECOND)

Test(krb_acceptor, usual_login)
{
    const ULONG all = ASC_RET_MUTUAL_AUTH | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT | ASC_RET_CONFIDENTIALITY
                      | ASC_RET_INTEGRITY | ASC_RET_CONNECTION;
    SecPkgContext_NamesA names = {0};
    SecPkgContext_SessionKey key = {0};
    struct rig rig;

    rig_open(&rig);
    rig_try(&rig);
    assert_status(rig.status, SEC_E_OK);
    cr_assert_eq(rig.attributes, all);
    cr_assert_eq(rig.expiry.QuadPart, clock_to_local(rig.ticket.end));
    cr_assert_gt(rig.answer_size, 60);
    assert_status(QueryContextAttributesA(&rig.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    cr_assert_str_eq(names.sUserName, "alice@EXAMPLE.TEST");
    FreeContextBuffer(names.sUserName);
    assert_status(QueryContextAttributesA(&rig.context, SECPKG_ATTR_SESSION_KEY, &key), SEC_E_OK);
    cr_assert_eq(key.SessionKeyLength, 32);
    /* Ours wins over the client's. */
    cr_assert_neq(memcmp(key.SessionKey, rig.authenticator.subkey.value, 32), 0);
    FreeContextBuffer(key.SessionKey);
    rig_close(&rig);
}

Test(krb_acceptor, every_encryption_type)
{
    static const int32_t types[] = {17, 18, 19, 20};

    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            uint8_t room[TICKET_ROOM];
            struct ticket_spec ticket;
            struct rig rig;

            ticket_spec_usual(&ticket);
            ticket.key = ticket_key(types[i], 3, 9);
            rig_open_with(&rig, "HTTP", keytab_make(&ticket, 1, room));
            rig.ticket = ticket;
            rig.ticket.session = ticket_key(types[j], 0, 33);
            rig.authenticator.subkey = ticket_key(types[j], 0, 77);
            expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
            rig_close(&rig);
        }
    }
}

Test(krb_acceptor, rc4_only_where_allowed)
{
    uint8_t room[TICKET_ROOM];
    struct ticket_spec tickets[2];
    struct rig rig;

    ticket_spec_usual(&tickets[0]);
    tickets[1] = tickets[0];
    tickets[1].key = ticket_key(KRB_ETYPE_RC4, 3, 9);
    rig_open_with(&rig, "HTTP", keytab_make(tickets, 2, room));
    rig.ticket.key = tickets[1].key;
    expect(&rig, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY);
    rig.ticket.key = tickets[0].key;
    rig.ticket.session = ticket_key(KRB_ETYPE_RC4, 0, 9);
    expect(&rig, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY);
    rig.ticket.session = ticket_key(KRB_ETYPE_AES256_SHA1, 0, 9);
    rig.authenticator.subkey = ticket_key(KRB_ETYPE_RC4, 0, 9);
    expect(&rig, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY);
    rig_close(&rig);
    rig_open_with(&rig, "HTTP", keytab_make(tickets, 2, room));
    rig_option(&rig, "allow_insecure_rc4", "yes");
    rig.ticket.key = tickets[1].key;
    rig.ticket.session = rig.authenticator.subkey = ticket_key(KRB_ETYPE_RC4, 0, 9);
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    rig_close(&rig);
}

Test(krb_acceptor, des_never)
{
    struct rig rig;

    rig_open(&rig);
    rig_option(&rig, "allow_insecure_rc4", "yes");
    for (int32_t des = 1; des <= 3; des++) {
        rig.ticket.key = ticket_key(des, 3, 9);
        expect(&rig, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY);
    }
    rig_close(&rig);
}

Test(krb_acceptor, one_leg_without_mutual)
{
    SecPkgContext_SessionKey key = {0};
    struct rig rig;

    rig_open(&rig);
    rig.authenticator.gss_flags = KRB_GSS_INTEGRITY;
    rig.authenticator.ap_options = 0;
    rig_try(&rig);
    assert_status(rig.status, SEC_E_OK);
    cr_assert_eq(rig.answer_size, 0);
    cr_assert_eq(rig.attributes, ASC_RET_INTEGRITY | ASC_RET_CONNECTION);
    assert_status(QueryContextAttributesA(&rig.context, SECPKG_ATTR_SESSION_KEY, &key), SEC_E_OK);
    assert_mem_eq(key.SessionKey, rig.authenticator.subkey.value, 32);
    FreeContextBuffer(key.SessionKey);
    rig_close(&rig);
}

/* The option outside of all protection decides nothing where the checksum speaks. */
Test(krb_acceptor, mutual_is_what_the_checksum_says)
{
    struct rig rig;

    rig_open(&rig);
    rig.authenticator.ap_options = 0;
    rig_try(&rig);
    assert_status(rig.status, SEC_E_OK);
    cr_assert_gt(rig.answer_size, 0);
    cr_assert(rig.attributes & ASC_RET_MUTUAL_AUTH);
    rig.authenticator.microseconds++;
    rig.authenticator.gss_flags = KRB_GSS_INTEGRITY;
    rig.authenticator.ap_options = KRB_AP_MUTUAL_REQUIRED;
    rig_try(&rig);
    assert_status(rig.status, SEC_E_OK);
    cr_assert_eq(rig.answer_size, 0);
    rig_close(&rig);
}

Test(krb_acceptor, without_a_checksum_nothing_is_agreed)
{
    SecPkgContext_Sizes sizes;
    struct rig rig;

    rig_open(&rig);
    rig.authenticator.has_checksum = false;
    rig_try(&rig);
    assert_status(rig.status, SEC_E_OK);
    cr_assert_eq(rig.attributes, ASC_RET_MUTUAL_AUTH | ASC_RET_CONNECTION);
    assert_status(QueryContextAttributesA(&rig.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    cr_assert_eq(sizes.cbMaxSignature, 0);
    cr_assert_eq(sizes.cbSecurityTrailer, 0);
    rig_close(&rig);
}

Test(krb_acceptor, checksum_must_be_well_formed)
{
    static const uint8_t zeros[40];
    struct rig rig;

    rig_open(&rig);
    rig.authenticator.checksum_type = 16;
    expect(&rig, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    rig.authenticator.checksum_type = KRB_GSS_CHECKSUM;
    rig.authenticator.checksum = bytes_of(zeros, sizeof zeros);
    expect(&rig, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    rig.authenticator.checksum = (struct bytes){0};
    /* The flag says that a credential is delegated, and there is none. */
    rig.authenticator.gss_flags |= KRB_GSS_DELEGATE;
    expect(&rig, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    rig_close(&rig);
}

Test(krb_acceptor, frames)
{
    struct rig rig;

    rig_open(&rig);
    rig.authenticator.framed = false;
    rig_try(&rig);
    assert_status(rig.status, SEC_E_OK);
    cr_assert_eq(rig.answer[0], 0x6F);
    rig_delete(&rig);
    rig.authenticator.framed = true;
    rig.authenticator.microseconds++;
    rig.request = ap_req_make(&rig.ticket, &rig.authenticator, rig.token);
    /* The OID that some Windows clients send. */
    for (size_t i = 0; i < 16; i++)
        if (rig.token[i] == 0x86 && rig.token[i + 1] == 0xF7)
            rig.token[i] = 0x82;
    rig_accept(&rig, rig.request, sizeof rig.answer);
    assert_status(rig.status, SEC_E_OK);
    cr_assert_eq(rig.answer[0], 0x60);
    rig_close(&rig);
}

Test(krb_acceptor, replayed)
{
    struct rig rig;

    rig_open(&rig);
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    rig_accept(&rig, rig.request, sizeof rig.answer);
    assert_status(rig.status, SEC_E_LOGON_DENIED);
    cr_assert_eq(rig.reason, SSPI_REASON_REPLAY);
    /* Without its frame it is the same authenticator. */
    for (size_t i = 0; i < 32; i++) {
        if (rig.request.data[i] == 0x6E) {
            rig_accept(&rig, bytes_of(rig.request.data + i, rig.request.size - i), sizeof rig.answer);
            assert_status(rig.status, SEC_E_LOGON_DENIED);
            cr_assert_eq(rig.reason, SSPI_REASON_REPLAY);
            break;
        }
    }
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE); /* a new confounder makes another */
    rig_close(&rig);
}

Test(krb_acceptor, wrong_key)
{
    struct rig rig;

    rig_open(&rig);
    rig.ticket.key.value[0] ^= 1;
    expect(&rig, SEC_E_DECRYPT_FAILURE, SSPI_REASON_WRONG_KEY);
    rig_close(&rig);
}

Test(krb_acceptor, wrong_key_version_and_type)
{
    struct rig rig;

    rig_open(&rig);
    rig.ticket.key.version = 4;
    expect(&rig, SEC_E_NO_KERB_KEY, SSPI_REASON_NO_KEY);
    rig.ticket.has_version = false;
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    rig.ticket.key = ticket_key(KRB_ETYPE_AES128_SHA1, 3, 1);
    expect(&rig, SEC_E_NO_KERB_KEY, SSPI_REASON_NO_KEY);
    rig_close(&rig);
}

Test(krb_acceptor, wrong_service_and_realm)
{
    struct rig rig;

    rig_open(&rig);
    rig.ticket.service = "host/server.example.test";
    expect(&rig, SEC_E_WRONG_PRINCIPAL, SSPI_REASON_WRONG_SERVICE);
    rig.ticket.service = "http/SERVER.example.test";
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    rig.ticket.service_realm = "OTHER.TEST";
    expect(&rig, SEC_E_TARGET_UNKNOWN, SSPI_REASON_WRONG_REALM);
    rig_close(&rig);
}

/* A ticket for host is no ticket for HTTP, whatever name is written on its outside. */
Test(krb_acceptor, key_of_another_service_is_not_tried)
{
    uint8_t room[TICKET_ROOM];
    struct ticket_spec tickets[2];
    struct rig rig;
    char *text;

    ticket_spec_usual(&tickets[0]);
    tickets[1] = tickets[0];
    tickets[1].service = "host/server.example.test";
    tickets[1].key = ticket_key(KRB_ETYPE_AES256_SHA1, 3, 50);
    rig_open_with(&rig, "*", keytab_make(tickets, 1, room));
    rig.ticket = tickets[1];
    expect(&rig, SEC_E_DECRYPT_FAILURE, SSPI_REASON_WRONG_KEY);
    assert_status(SspiExplainLastFailure(&text), SEC_E_OK);
    cr_assert(strstr(text, "for host/server.example.test does not open") && strstr(text, "none of that name"), "%s",
              text);
    FreeContextBuffer(text);
    rig_close(&rig);
    rig_open_with(&rig, "HTTP", keytab_make(tickets, 2, room));
    rig.ticket.key = tickets[1].key;
    expect(&rig, SEC_E_DECRYPT_FAILURE, SSPI_REASON_WRONG_KEY);
    rig_close(&rig);
    rig_open_with(&rig, "*", keytab_make(tickets, 2, room));
    rig.ticket = tickets[1];
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    rig_close(&rig);
    rig_open_with(&rig, NULL, keytab_make(tickets, 2, room));
    expect(&rig, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL);
    rig_close(&rig);
    rig_open_with(&rig, NULL, keytab_make(tickets, 2, room));
    rig_option(&rig, "service_names", "svc, host/server.example.test@EXAMPLE.TEST HTTP/");
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    rig.ticket = tickets[1];
    rig.authenticator.microseconds++;
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    rig_close(&rig);
}

Test(krb_acceptor, times_of_the_ticket)
{
    const int64_t second = CLOCK_TICKS_PER_SECOND;
    struct rig rig;
    int64_t now;

    rig_open(&rig);
    now = rig.authenticator.time;
    rig.ticket.end = now - SKEW;
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    rig.ticket.end = now - SKEW - second;
    expect(&rig, SEC_E_CONTEXT_EXPIRED, SSPI_REASON_TICKET_EXPIRED);
    rig.ticket.end = now + HOUR;
    rig.ticket.start = now + SKEW;
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    rig.ticket.start = now + SKEW + second;
    expect(&rig, SEC_E_TIME_SKEW, SSPI_REASON_TICKET_NOT_YET_VALID);
    rig.ticket.start = 0;
    rig.ticket.auth_time = now + SKEW + second;
    expect(&rig, SEC_E_TIME_SKEW, SSPI_REASON_TICKET_NOT_YET_VALID);
    rig.ticket.auth_time = now;
    rig.ticket.flags = KRB_TICKET_INVALID;
    expect(&rig, SEC_E_TIME_SKEW, SSPI_REASON_TICKET_NOT_YET_VALID);
    rig_close(&rig);
}

Test(krb_acceptor, clock_of_the_client)
{
    struct rig rig;
    int64_t now;

    rig_open(&rig);
    now = rig.authenticator.time;
    for (int sign = -1; sign <= 1; sign += 2) {
        rig.authenticator.time = now + sign * SKEW;
        expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
        rig.authenticator.time += sign * CLOCK_TICKS_PER_SECOND;
        expect(&rig, SEC_E_TIME_SKEW, SSPI_REASON_CLOCK_SKEW);
    }
    rig_close(&rig);
    rig_open(&rig);
    rig_option(&rig, "allow_clock_skew_seconds", "10");
    rig.authenticator.time = now - 11 * CLOCK_TICKS_PER_SECOND;
    expect(&rig, SEC_E_TIME_SKEW, SSPI_REASON_CLOCK_SKEW);
    rig_close(&rig);
}

Test(krb_acceptor, another_client_than_the_tickets)
{
    struct rig rig;

    rig_open(&rig);
    rig.authenticator.client = "mallory";
    expect(&rig, SEC_E_LOGON_DENIED, SSPI_REASON_MESSAGE_ALTERED);
    rig.authenticator.client = "alice/";
    expect(&rig, SEC_E_LOGON_DENIED, SSPI_REASON_MESSAGE_ALTERED);
    rig.authenticator.client = NULL;
    rig.authenticator.client_realm = "OTHER.TEST";
    expect(&rig, SEC_E_LOGON_DENIED, SSPI_REASON_MESSAGE_ALTERED);
    rig_close(&rig);
}

Test(krb_acceptor, authenticator_without_the_tickets_key)
{
    struct ticket_key other = ticket_key(KRB_ETYPE_AES256_SHA1, 0, 99);
    struct rig rig;

    rig_open(&rig);
    rig.authenticator.seal_with = &other;
    expect(&rig, SEC_E_MESSAGE_ALTERED, SSPI_REASON_MESSAGE_ALTERED);
    rig_close(&rig);
}

Test(krb_acceptor, other_refusals)
{
    struct rig rig;

    rig_open(&rig);
    rig.authenticator.ap_options = KRB_AP_USE_SESSION_KEY;
    expect(&rig, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED);
    rig.authenticator.ap_options = 0;
    rig.ticket.flags = KRB_TICKET_ANONYMOUS;
    expect(&rig, SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS);
    rig.ticket.flags = 0;
    rig.ticket.transited = true;
    expect(&rig, SEC_E_LOGON_DENIED, SSPI_REASON_POLICY);
    rig.ticket.flags = KRB_TICKET_TRANSIT_CHECKED;
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    rig_close(&rig);
}

Test(krb_acceptor, names_are_quoted)
{
    SecPkgContext_NativeNamesA names = {0};
    struct rig rig;

    rig_open(&rig);
    rig.ticket.client = "ali@ce/ad\\min";
    rig_try(&rig);
    assert_status(rig.status, SEC_E_OK);
    assert_status(QueryContextAttributesA(&rig.context, SECPKG_ATTR_NATIVE_NAMES, &names), SEC_E_OK);
    cr_assert_str_eq(names.sClientName, "ali\\@ce/ad\\\\min@EXAMPLE.TEST");
    cr_assert_str_eq(names.sServerName, "HTTP/server.example.test@EXAMPLE.TEST");
    FreeContextBuffer(names.sClientName);
    FreeContextBuffer(names.sServerName);
    rig_delete(&rig);
    rig.ticket.client = "alice\n";
    expect(&rig, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    rig_close(&rig);
}

Test(krb_acceptor, target_of_the_client)
{
    SecPkgContext_ClientSpecifiedTarget target = {0};
    struct rig rig;

    rig_open(&rig);
    rig.authenticator.client_options = KRB_AP_OPTIONS_CBT;
    rig.authenticator.target = "HTTP/server.example.test";
    rig_try(&rig);
    assert_status(rig.status, SEC_E_OK);
    assert_status(QueryContextAttributesA(&rig.context, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target), SEC_E_OK);
    cr_assert_not_null(target.sTargetName);
    cr_assert_eq(target.sTargetName[0], 'H');
    FreeContextBuffer(target.sTargetName);
    rig.authenticator.client_options |= KRB_AP_OPTIONS_UNVERIFIED_TARGET;
    rig_try(&rig);
    assert_status(QueryContextAttributesA(&rig.context, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target), SEC_E_OK);
    cr_assert_null(target.sTargetName);
    rig_close(&rig);
}

/* ---- Channel bindings, facts of Extended Protection ---- */

static SEC_CHANNEL_BINDINGS *bindings_of(const char *text, ULONG *size)
{
    SEC_CHANNEL_BINDINGS *made;

    assert_status(SspiMakeChannelBindings(text, (ULONG)strlen(text), size, &made), SEC_E_OK);
    return made;
}

Test(krb_acceptor, channel_bindings)
{
    /* RFC 4121 4.1.1.2 over `tls-unique:` and 00..0b. */
    static const char application[] = "tls-unique:\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b";
    ULONG size;
    SEC_CHANNEL_BINDINGS *made;
    struct rig rig;

    assert_status(SspiMakeChannelBindings(application, sizeof application - 1, &size, &made), SEC_E_OK);
    rig_open(&rig);
    rig.bindings = made;
    rig.bindings_size = size;
    expect(&rig, SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_MISSING);
    rig.requested = ASC_REQ_ALLOW_MISSING_BINDINGS;
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    cr_assert(rig.bindings_result & SEC_CHANNEL_BINDINGS_RESULT_VALID_MISSING);
    /* "I could, and there are none" is another matter. */
    rig.authenticator.client_options = KRB_AP_OPTIONS_CBT;
    expect(&rig, SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_MISSING);
    rig.requested = 0;
    test_hex("7e5349b5695138957cdd92d99e2e11ea", rig.authenticator.bindings, 16);
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    cr_assert(rig.bindings_result & SEC_CHANNEL_BINDINGS_RESULT_VALID_MATCHED);
    rig.authenticator.bindings[15] ^= 1;
    expect(&rig, SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_WRONG);
    rig.authenticator.has_checksum = false;
    expect(&rig, SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_MISSING);
    rig.bindings = NULL;
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    FreeContextBuffer(made);
    FreeContextBuffer(bindings_of("x", &size));
    rig_close(&rig);
}
