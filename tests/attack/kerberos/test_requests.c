/*
 * AP-REQs that must not let anyone in: each fault by itself, each with its own status, reason and sentence, and with
 * its own number where the client is told.
 */
#include "service.h"

#include "kerberos/kerberos.h"

static struct service service;
static struct ticket_key other_key;

static void up(void)
{
    service_open(&service, "Kerberos");
}

static void down(void)
{
    service_close(&service);
}

static void wrong_key(void)
{
    service.ticket.key.value[0] ^= 1;
}

static void wrong_version(void)
{
    service.ticket.key.version = 4;
}

static void key_type_without_key(void)
{
    service.ticket.key = ticket_key(KRB_ETYPE_AES128_SHA256, 3, 1);
}

static void wrong_realm(void)
{
    service.ticket.service_realm = "OTHER.TEST";
}

static void wrong_service(void)
{
    service.ticket.service = "host/server.example.test";
}

static void ticket_of_the_kdc(void)
{
    service.ticket.service = "krbtgt/EXAMPLE.TEST";
}

static void expired(void)
{
    service.ticket.start = service.ticket.auth_time = clock_now() - 3 * HOUR;
    service.ticket.end = clock_now() - HOUR;
}

static void not_yet_valid(void)
{
    service.ticket.start = clock_now() + HOUR;
}

static void postdated(void)
{
    service.ticket.flags = KRB_TICKET_INVALID;
}

static void client_behind(void)
{
    service.authenticator.time -= 310 * SECOND;
}

static void client_ahead(void)
{
    service.authenticator.time += 310 * SECOND;
}

static void authenticator_of_another(void)
{
    service.authenticator.client = "mallory";
}

static void authenticator_of_another_realm(void)
{
    service.authenticator.client_realm = "OTHER.TEST";
}

static void without_the_session_key(void)
{
    other_key = ticket_key(KRB_ETYPE_AES256_SHA1, 0, 99);
    service.authenticator.seal_with = &other_key;
}

static void rc4_session(void)
{
    service.ticket.session = ticket_key(KRB_ETYPE_RC4, 0, 9);
}

static void rc4_subkey(void)
{
    service.authenticator.subkey = ticket_key(KRB_ETYPE_RC4, 0, 9);
}

static void rc4_ticket(void)
{
    service.ticket.key = ticket_key(KRB_ETYPE_RC4, 3, 9);
}

static void des_ticket(void)
{
    service.ticket.key = ticket_key(3, 3, 9);
}

static void des_session(void)
{
    service.ticket.session.etype = 3;
    other_key = ticket_key(KRB_ETYPE_AES256_SHA1, 0, 101);
    service.authenticator.seal_with = &other_key;
}

static void short_subkey(void)
{
    service.authenticator.subkey.size = 16;
}

static void user_to_user(void)
{
    service.authenticator.ap_options |= KRB_AP_USE_SESSION_KEY;
}

static void anonymous(void)
{
    service.ticket.flags = KRB_TICKET_ANONYMOUS;
}

static void unchecked_path(void)
{
    service.ticket.transited = true;
}

static void checksum_of_another_type(void)
{
    service.authenticator.checksum_type = 7; /* rsa-md5, as plain Kerberos applications send */
}

static void delegation_announced_only(void)
{
    service.authenticator.gss_flags |= KRB_GSS_DELEGATE;
}

static void pac_required(void)
{
    service_option(&service, "require_pac", "yes");
}

static const struct fault {
    const char *name;
    void (*plant)(void);
    SECURITY_STATUS status;
    ULONG reason;
    const char *said;
    int32_t error; /* what a client is told by KRB-ERROR */
} faults[] = {
    {"wrong key", wrong_key, SEC_E_DECRYPT_FAILURE, SSPI_REASON_WRONG_KEY, "does not open with our key", 41},
    {"wrong version", wrong_version, SEC_E_NO_KERB_KEY, SSPI_REASON_NO_KEY, "no key of version 4", 44},
    {"wrong type", key_type_without_key, SEC_E_NO_KERB_KEY, SSPI_REASON_NO_KEY, "no key of type aes128-cts-hmac-sha256",
     45},
    {"wrong realm", wrong_realm, SEC_E_TARGET_UNKNOWN, SSPI_REASON_WRONG_REALM, "of realm OTHER.TEST", 35},
    {"wrong service", wrong_service, SEC_E_WRONG_PRINCIPAL, SSPI_REASON_WRONG_SERVICE, "host/server.example.test", 35},
    {"ticket of the KDC", ticket_of_the_kdc, SEC_E_WRONG_PRINCIPAL, SSPI_REASON_WRONG_SERVICE, "krbtgt/EXAMPLE.TEST",
     35},
    {"expired", expired, SEC_E_CONTEXT_EXPIRED, SSPI_REASON_TICKET_EXPIRED, "the ticket expired 3600 seconds ago", 32},
    {"not yet valid", not_yet_valid, SEC_E_TIME_SKEW, SSPI_REASON_TICKET_NOT_YET_VALID, "seconds", 33},
    {"postdated", postdated, SEC_E_TIME_SKEW, SSPI_REASON_TICKET_NOT_YET_VALID, "validated", 33},
    {"client behind", client_behind, SEC_E_TIME_SKEW, SSPI_REASON_CLOCK_SKEW, "seconds behind ours", 37},
    {"client ahead", client_ahead, SEC_E_TIME_SKEW, SSPI_REASON_CLOCK_SKEW, "seconds ahead of ours", 37},
    {"another's authenticator", authenticator_of_another, SEC_E_LOGON_DENIED, SSPI_REASON_MESSAGE_ALTERED,
     "another client's than the authenticator", 36},
    {"another realm's authenticator", authenticator_of_another_realm, SEC_E_LOGON_DENIED, SSPI_REASON_MESSAGE_ALTERED,
     "another client's than the authenticator", 36},
    {"no session key", without_the_session_key, SEC_E_MESSAGE_ALTERED, SSPI_REASON_MESSAGE_ALTERED,
     "made without the ticket's key", 31},
    {"RC4 session", rc4_session, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY, "the ticket's session key uses", 45},
    {"RC4 subkey", rc4_subkey, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY, "the client's subkey uses", 45},
    {"RC4 ticket", rc4_ticket, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY, "option allow_insecure_rc4 forbids", 45},
    {"DES ticket", des_ticket, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY, "type 3, which is not supported", 45},
    {"DES session", des_session, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY, "type 3, which is not supported", 45},
    {"short subkey", short_subkey, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "subkey has a wrong size", 60},
    {"user to user", user_to_user, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED, "user-to-user", 60},
    {"anonymous", anonymous, SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS, "anonymous", 60},
    {"unchecked path", unchecked_path, SEC_E_LOGON_DENIED, SSPI_REASON_POLICY, "came through other realms", 60},
    {"foreign checksum", checksum_of_another_type, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
     "not that of GSS-API", 50},
    {"delegation announced", delegation_announced_only, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
     "not that of GSS-API", 50},
    {"PAC required", pac_required, SEC_E_LOGON_DENIED, SSPI_REASON_PAC_MISSING, "the ticket has no PAC", 60},
};

static void told(const struct fault *fault)
{
    struct krb_error error;
    struct bytes message;
    enum krb_token kind;
    bool framed;

    cr_assert(krb_frame_open(service_answer(&service), &kind, &message, &framed) && kind == KRB_TOKEN_ERROR
                  && krb_error_decode(message, &error),
              "%s: no KRB-ERROR", fault->name);
    cr_assert_eq(error.code, fault->error, "%s: error %d, expected %d", fault->name, (int)error.code,
                 (int)fault->error);
    cr_assert_eq(error.text.size, 0, "%s: the client is told a sentence", fault->name);
}

static void refused(const struct fault *fault, bool aloud)
{
    up();
    fault->plant();
    service.flags = aloud ? ASC_REQ_EXTENDED_ERROR : 0;
    if (!aloud) {
        service_refuses(&service, service_request(&service), fault->status, fault->reason, fault->said);
    } else if (fault->reason == SSPI_REASON_CLOCK_SKEW) {
        /* Told our time, it may try once more on this context: with the same clock that is the end. */
        assert_status(service_leg(&service, service_request(&service)), SEC_I_CONTINUE_NEEDED);
        told(fault);
        cr_assert_eq(service.seen.count, 0u);
        service_refuses_aloud(&service, service_request(&service), fault->status, fault->reason, fault->said);
    } else {
        service_refuses_aloud(&service, service_request(&service), fault->status, fault->reason, fault->said);
        told(fault);
    }
    down();
}

Test(requests, each_fault_alone)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        refused(&faults[i], false);
}

Test(requests, each_fault_told_to_the_client_by_number_only)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        refused(&faults[i], true);
}

/* One refusal leaves nothing behind that would help or harm the next client. */
Test(requests, a_good_client_after_each_fault, .init = up, .fini = down)
{
    const struct ticket_spec ticket = service.ticket;
    const struct authenticator_spec authenticator = service.authenticator;

    for (size_t i = 0; i + 1 < sizeof faults / sizeof *faults; i++) { /* the last changes the credential */
        faults[i].plant();
        cr_assert(service_leg(&service, service_request(&service)) < 0, "%s", faults[i].name);
        service_again(&service);
        service.ticket = ticket;
        service.authenticator = authenticator;
        service_accepts(&service, service_request(&service), "alice@EXAMPLE.TEST");
        service_again(&service);
    }
}

/* With RC4 allowed all that is weaker still is not. */
Test(requests, des_and_the_unknown_never, .init = up, .fini = down)
{
    static const int32_t types[] = {0, 1, 2, 3, 5, 16, 24, 25, 99, -128, INT32_MAX};

    service_option(&service, "allow_insecure_rc4", "yes");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        service.ticket.key = ticket_key(types[i], 3, 9);
        service_refuses(&service, service_request(&service), SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY,
                        "which is not supported");
    }
}

/* The keytab's key for another service opens the ticket; that does not make it a ticket for this one. */
Test(requests, ticket_for_another_service_of_the_keytab)
{
    struct ticket_spec tickets[2];

    ticket_spec_usual(&tickets[0]);
    tickets[1] = tickets[0];
    tickets[1].service = "host/server.example.test";
    tickets[1].key = ticket_key(KRB_ETYPE_AES256_SHA1, 3, 50);
    service_open_with(&service, "Kerberos", "HTTP", tickets, 2);
    service.ticket = tickets[1];
    service_refuses(&service, service_request(&service), SEC_E_WRONG_PRINCIPAL, SSPI_REASON_WRONG_SERVICE,
                    "host/server.example.test");
    service.ticket.service = SERVICE; /* what is written outside is anybody's word */
    service_refuses(&service, service_request(&service), SEC_E_DECRYPT_FAILURE, SSPI_REASON_WRONG_KEY,
                    "does not open with our key");
    down();
}

/* ---- Delegation ---- */

Test(requests, forged_delegation, .init = up, .fini = down)
{
    static const uint8_t garbage[] = {0x76, 0x05, 0x30, 0x03, 0x02, 0x01, 0x05};
    CredHandle lent;

    service.authenticator.gss_flags |= KRB_GSS_DELEGATE;
    service.authenticator.delegated = bytes_of(garbage, sizeof garbage);
    service.flags = ASC_REQ_DELEGATE;
    service_refuses(&service, service_request(&service), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "deleg");
    /* Nobody asked: it is not even looked at, and not announced. */
    service.flags = 0;
    service_accepts(&service, service_request(&service), "alice@EXAMPLE.TEST");
    cr_assert_not(service.attributes & ASC_RET_DELEGATE);
    assert_status(SspiAcquireDelegatedCredential(&service.context, &lent), SEC_E_NO_CREDENTIALS);
}

/* A client that sends no checksum agrees to no protection, and gets none. */
Test(requests, without_a_checksum_nothing_is_protected, .init = up, .fini = down)
{
    uint8_t data[8] = {0}, trailer[128];
    SecBuffer buffers[2] = {{sizeof data, SECBUFFER_DATA, data}, {sizeof trailer, SECBUFFER_TOKEN, trailer}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

    service.authenticator.has_checksum = false;
    service_accepts(&service, service_request(&service), "alice@EXAMPLE.TEST");
    cr_assert_eq(service.attributes & (ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY | ASC_RET_DELEGATE), 0u);
    cr_assert(EncryptMessage(&service.context, 0, &message, 0) < 0);
    cr_assert(MakeSignature(&service.context, 0, &message, 0) < 0);
}
