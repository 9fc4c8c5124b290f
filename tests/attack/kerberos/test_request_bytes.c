/*
 * An AP-REQ cut, lengthened, altered bit by bit, nested and blown up: refused at once, or the very login that was
 * meant.
 */
#include "service.h"

#include <stdlib.h>

static struct service service;

static void up(void)
{
    service_open(&service, "Kerberos");
}

static void down(void)
{
    service_close(&service);
}

static struct bytes copied(struct bytes token, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1); /* exactly as long: one byte too far is noticed */

    cr_assert_not_null(copy);
    if (size)
        memcpy(copy, token.data, size);
    return bytes_of(copy, size);
}

static void forget(struct bytes token)
{
    free((void *)(uintptr_t)token.data);
}

Test(request_bytes, truncated_at_each_byte, .init = up, .fini = down)
{
    for (int framed = 0; framed < 2; framed++) {
        struct bytes whole;

        service.authenticator.framed = framed;
        whole = service_request(&service);
        for (size_t size = 0; size < whole.size; size++) {
            struct bytes cut = copied(whole, size);

            service_refuses(&service, cut, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                            size ? "not an AP-REQ" : "no token");
            forget(cut);
        }
        service_accepts(&service, whole, "alice@EXAMPLE.TEST");
        service_again(&service);
    }
}

/* What follows the message belongs to nobody: a second message could hide there. */
Test(request_bytes, bytes_behind_the_message, .init = up, .fini = down)
{
    for (int framed = 0; framed < 2; framed++) {
        uint8_t longer[TICKET_ROOM + 1] = {0};
        struct bytes whole;

        service.authenticator.framed = framed;
        whole = service_request(&service);
        memcpy(longer, whole.data, whole.size);
        service_refuses(&service, bytes_of(longer, whole.size + 1), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                        "not an AP-REQ");
    }
}

static bool same_login(void)
{
    SecPkgContext_NativeNamesA names = {0};
    bool same;

    assert_status(QueryContextAttributesA(&service.context, SECPKG_ATTR_NATIVE_NAMES, &names), SEC_E_OK);
    same = strcmp(names.sClientName, "alice@EXAMPLE.TEST") == 0
           && strcmp(names.sServerName, "HTTP/server.example.test@EXAMPLE.TEST") == 0;
    assert_status(FreeContextBuffer(names.sClientName), SEC_E_OK);
    assert_status(FreeContextBuffer(names.sServerName), SEC_E_OK);
    return same
           && (service.attributes & (ASC_RET_MUTUAL_AUTH | ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY))
                  == (ASC_RET_MUTUAL_AUTH | ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY);
}

/*
 * Every bit flipped, alone. What lies outside of all protection decides nothing: there the login is the one that the
 * client meant, in everything. That is 34 bits of the options, 8 of the type of a name, 21 letters of the service's
 * name as capitals, and the other spelling of the OID.
 */
Test(request_bytes, every_bit_flipped)
{
    struct ticket_spec ticket;
    struct bytes whole;
    unsigned accepted = 0;

    ticket_spec_usual(&ticket);
    service_open_with(&service, "Kerberos", SERVICE, &ticket, 1);
    whole = service_request(&service);
    for (size_t bit = 0; bit < 8 * whole.size; bit++) {
        uint8_t altered[TICKET_ROOM];

        memcpy(altered, whole.data, whole.size);
        altered[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (service_leg(&service, bytes_of(altered, whole.size)) < 0) {
            cr_assert(service.status != SEC_E_INTERNAL_ERROR && service.reason != SSPI_REASON_INTERNAL, "bit %zu", bit);
            cr_assert_eq(service.attributes, 0u);
            cr_assert_eq(service.answer_size, 0u);
            cr_assert_eq(service.seen.count, 1u);
        } else {
            accepted++;
            cr_assert(same_login(), "bit %zu changed the login", bit);
        }
        service_again(&service);
        /* Another confounder, so that what was accepted is no replay. */
        whole = service_request(&service);
    }
    cr_assert_eq(accepted, 64u, "%u flipped bits were accepted", accepted);
    down();
}

/* ---- Size and depth ---- */

static size_t nested(uint8_t *room, size_t room_size, uint8_t tag, size_t depth)
{
    size_t at = room_size;

    while (depth-- > 0) {
        const size_t inside = room_size - at;

        room[--at] = (uint8_t)inside;
        room[--at] = (uint8_t)(inside >> 8);
        room[--at] = (uint8_t)(inside >> 16);
        room[--at] = 0x83;
        room[--at] = tag;
    }
    return at;
}

Test(request_bytes, ten_thousand_levels, .init = up, .fini = down)
{
    static uint8_t room[10000 * 5];
    static const uint8_t tags[] = {0x60, 0x6E, 0x30, 0xA0};

    for (size_t i = 0; i < sizeof tags; i++) {
        const size_t at = nested(room, sizeof room, tags[i], 10000);

        service_refuses(&service, bytes_of(room + at, sizeof room - at), SEC_E_INVALID_TOKEN,
                        SSPI_REASON_MALFORMED_TOKEN, "not an AP-REQ");
    }
}

/* A good request, but for one octet more in its length than it needs. */
static void lengthened(void)
{
    uint8_t longer[TICKET_ROOM + 1];
    struct bytes whole = service_request(&service);

    cr_assert_eq(whole.data[1], 0x82u);
    longer[0] = whole.data[0];
    longer[1] = 0x83;
    longer[2] = 0;
    memcpy(longer + 3, whole.data + 2, whole.size - 2);
    service_refuses(&service, bytes_of(longer, whole.size + 1), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                    "not an AP-REQ");
}

Test(request_bytes, indefinite_and_non_minimal_lengths, .init = up, .fini = down)
{
    static const uint8_t bad[][12] = {
        {0x6E, 0x80, 0x30, 0x80, 0, 0, 0, 0},
        {0x60, 0x80, 0x06, 0x09},
        {0x6E, 0x81, 0x02, 0x30, 0x00},
        {0x6E, 0x84, 0xFF, 0xFF, 0xFF, 0xFF},
        {0x6E, 0x88, 0xFF, 0xFF},
        {0x6E, 0x89, 1, 1},
        {0x7F, 0x0E, 0x00},
        {0x6E, 0xFF},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        service_refuses(&service, bytes_of(bad[i], sizeof bad[i]), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                        "not an AP-REQ");
    for (int framed = 0; framed < 2; framed++) {
        service.authenticator.framed = framed;
        lengthened();
    }
}

Test(request_bytes, more_than_any_client_sends, .init = up, .fini = down)
{
    const size_t size = 4u << 20;
    uint8_t *noise = calloc(1, size);

    cr_assert_not_null(noise);
    noise[0] = 0x6E;
    noise[1] = 0x83;
    noise[2] = 0x3F;
    noise[3] = noise[4] = 0xFF;
    service_refuses(&service, bytes_of(noise, size), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "too long");
    free(noise);
}
