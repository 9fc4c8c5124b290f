/*
 * PACs that a client would like better than its own: removed, signed by nobody, by another key or without a key, made
 * for somebody else; and lengths that once broke others (CVE-2022-42898, MS14-068, CVE-2020-25717).
 */
#include "service.h"

static struct service service;

static void up(void)
{
    service_open(&service, "Kerberos");
    service_pac(&service);
}

static void down(void)
{
    service_close(&service);
}

static void refused(const char *said)
{
    service_refuses(&service, service_request(&service), SEC_E_LOGON_DENIED, SSPI_REASON_PAC_WRONG, said);
}

Test(pac, good, .init = up, .fini = down)
{
    service_accepts(&service, service_request(&service), "EXAMPLE\\alice");
}

/* Without one there are no SIDs and no domain account: the name is the principal's, with its realm. */
Test(pac, removed, .init = up, .fini = down)
{
    PSSPI_IDENTITY_FIELD fields = NULL;
    ULONG count = 0;

    service.ticket.pac = (struct bytes){0};
    service_accepts(&service, service_request(&service), "alice@EXAMPLE.TEST");
    assert_status(SspiListIdentity(&service.context, &count, &fields), SEC_E_OK);
    for (ULONG i = 0; i < count; i++)
        cr_assert(strcmp(fields[i].Name, "sid") != 0 && strcmp(fields[i].Name, "group") != 0
                  && strcmp(fields[i].Name, "domain") != 0);
    assert_status(FreeContextBuffer(fields), SEC_E_OK);
    service_again(&service);
    service_close(&service);
    up();
    service_option(&service, "require_pac", "yes");
    service.ticket.pac = (struct bytes){0};
    service_refuses(&service, service_request(&service), SEC_E_LOGON_DENIED, SSPI_REASON_PAC_MISSING, "no PAC");
}

Test(pac, signed_with_another_key, .init = up, .fini = down)
{
    service.pac.key.value[0] ^= 1;
    service_pac(&service);
    refused("not signed with the service's key");
    service.pac.key = service.ticket.session; /* which the client knows */
    service_pac(&service);
    refused("not signed with the service's key");
}

/* MS14-068: CRC-32, MD4, MD5, SHA-1 are no signatures; types of other keys, unknown and negative ones neither. */
Test(pac, signed_without_a_key, .init = up, .fini = down)
{
    static const int32_t types[] = {1, 2, 7, 14, 10, 12, 15, 19, 20, -138, 0x7FFFFFFF, INT32_MIN};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        service.pac.signature_type = types[i];
        service_pac(&service);
        refused("not signed with the service's key");
    }
}

static const char *const other_names[] = {"mallory", "", "alic", "alicee", "ALICE", "alice@EXAMPLE.TEST", "alice\\x"};

Test(pac, of_another_client_or_login, .init = up, .fini = down)
{
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++) {
        service.pac.client = other_names[i];
        service_pac(&service);
        refused("for another client or login");
    }
    service.pac.client = "alice";
    for (int i = -1; i <= 1; i += 2) {
        service.pac.auth_time = service.ticket.auth_time + i * SECOND;
        service_pac(&service);
        refused("for another client or login");
    }
}

/* A ticket for mallory does not become alice's by a PAC of hers. */
Test(pac, of_another_in_a_good_ticket, .init = up, .fini = down)
{
    service.ticket.client = "mallory";
    refused("for another client or login");
}

/* Each byte of the PAC, before the ticket is sealed around it: as if the service's key were known, but not the PAC's
 * signature. The KDC's signature is the KDC's business: 12 bytes. */
Test(pac, every_byte_altered, .init = up, .fini = down)
{
    unsigned accepted = 0;

    for (size_t at = 0; at < service.ticket.pac.size; at++) {
        service.pac_room[at] ^= 0x21;
        if (service_leg(&service, service_request(&service)) >= 0)
            accepted++;
        else
            cr_assert_eq(service.reason, SSPI_REASON_PAC_WRONG, "byte %zu: reason %u (%s)", at,
                         (unsigned)service.reason, service.seen.explanation);
        service_again(&service);
        service.pac_room[at] ^= 0x21;
    }
    cr_assert_eq(accepted, 12u, "%u", accepted);
}

Test(pac, truncated_at_each_byte, .init = up, .fini = down)
{
    const struct bytes whole = service.ticket.pac;

    for (size_t size = 1; size < whole.size; size++) {
        service.ticket.pac = bytes_of(whole.data, size);
        cr_assert(service_leg(&service, service_request(&service)) < 0, "%zu bytes", size);
        cr_assert_eq(service.reason, SSPI_REASON_PAC_WRONG);
        service_again(&service);
    }
}

static void number_put(size_t at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        service.pac_room[at + i] = (uint8_t)(value >> 8 * i);
}

/* CVE-2022-42898: counts, offsets and lengths whose sum or product wraps. */
Test(pac, lengths_that_wrap, .init = up, .fini = down)
{
    static const uint32_t counts[] = {0, 1, 4, 6, 33, 0x0FFFFFFF, 0x10000000, 0x7FFFFFFF, 0xFFFFFFFF};
    static const uint64_t edges[] = {0,         1, 0x7FFFFFFF, 0xFFFFFFF8, 0xFFFFFFFF, UINT64_C(0xFFFFFFFF00000000),
                                     UINT64_MAX};
    uint8_t good[TICKET_ROOM];

    memcpy(good, service.pac_room, sizeof good);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        number_put(0, counts[i], 4);
        refused("the PAC");
        memcpy(service.pac_room, good, sizeof good);
    }
    for (size_t entry = 0; entry < 5; entry++) {
        for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
            number_put(8 + 16 * entry + 4, edges[i], 4);
            refused("the PAC");
            memcpy(service.pac_room, good, sizeof good);
            number_put(8 + 16 * entry + 8, edges[i], 8);
            refused("the PAC");
            memcpy(service.pac_room, good, sizeof good);
        }
    }
}

/* CVE-2021-42287: whoever asked the KDC for the ticket is who it is about. */
Test(pac, asked_for_by_another, .init = up, .fini = down)
{
    service.pac.requestor = 1105;
    service_pac(&service);
    service_accepts(&service, service_request(&service), "EXAMPLE\\alice");
    service_again(&service);
    service.pac.requestor = 500;
    service_pac(&service);
    refused("its logon information is malformed");
}

/* Which of two would count is the attacker's choice: neither does. */
Test(pac, twice, .init = up, .fini = down)
{
    service.ticket.pac_twice = true;
    service_refuses(&service, service_request(&service), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                    "authorization data is malformed");
}

Test(pac, wrapped_too_deep, .init = up, .fini = down)
{
    for (service.ticket.pac_depth = 4; service.ticket.pac_depth < 64; service.ticket.pac_depth += 5)
        service_refuses(&service, service_request(&service), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                        "authorization data is malformed");
}
