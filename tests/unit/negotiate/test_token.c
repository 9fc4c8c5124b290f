/*
 * SPNEGO tokens (token.c, mechanism.c): the published and computed encodings, and what the decoder refuses.
 */
#include "negotiate/negotiate.h"
#include "test.h"

static const char ntlm_init[] = "602306062b0601050502a0193017a00e300c060a2b06010401823702020aa2050403010203";
static const char ntlm_answer[] = "a11c301aa0030a0101a10c060a2b06010401823702020aa2050403010203";
static const char hints[] =
    "605e06062b0601050502a0543052a024302206092a864882f71201020206092a864886f712010202060a2b060104018237"
    "02020aa32a3028a0261b246e6f745f646566696e65645f696e5f5246433431373840706c656173655f69676e6f7265";

static struct bytes hex(const char *text)
{
    static uint8_t room[4096];

    return bytes_of(room, test_hex(text, room, sizeof room));
}

Test(negotiate_token, init_is_read)
{
    struct nego_init init;

    cr_assert(nego_init_decode(hex(ntlm_init), &init));
    cr_assert_eq(init.count, 1);
    cr_assert_eq(nego_mechanism_find(init.mechanisms[0])->package, NEGO_NTLM);
    cr_assert(init.has_token && init.token.size == 3 && !init.has_mic);
    assert_mem_eq(init.mech_list.data, "\x30\x0c\x06\x0a", 4);
    cr_assert_eq(init.mech_list.size, 14);
}

Test(negotiate_token, hints_are_ignored)
{
    struct nego_init init;

    cr_assert(nego_init_decode(hex(hints), &init));
    cr_assert_eq(init.count, 3);
    cr_assert(!init.has_token && !init.has_mic);
}

Test(negotiate_token, mic_is_found_at_both_places)
{
    struct nego_init init;

    /* [3] OCTET STRING, RFC 4178; then [3] hints and [4] OCTET STRING, [MS-SPNG] */
    cr_assert(nego_init_decode(
        hex("602806062b0601050502a01e301ca00e300c060a2b06010401823702020aa2050403010203a303040109"), &init));
    cr_assert(init.has_mic && init.mic.size == 1 && init.mic.data[0] == 9);
    cr_assert(nego_init_decode(
        hex("602c06062b0601050502a0223020a00e300c060a2b06010401823702020aa2050403010203a3023000a403040109"), &init));
    cr_assert(init.has_mic && init.mic.size == 1 && init.mic.data[0] == 9);
}

Test(negotiate_token, response_is_read)
{
    struct nego_response response;

    cr_assert(nego_response_decode(hex(ntlm_answer), &response));
    cr_assert_eq(response.state, NEGO_INCOMPLETE);
    cr_assert(response.has_mechanism && response.has_token && response.token.size == 3 && !response.has_mic);
    cr_assert(nego_response_decode(hex("a1073005a0030a0100"), &response) && response.state == NEGO_COMPLETED);
    cr_assert(nego_response_decode(hex("a1073005a0030a0102"), &response) && response.state == NEGO_REJECT);
    cr_assert(nego_response_decode(hex("a1023000"), &response) && response.state == NEGO_NO_STATE);
    cr_assert(!nego_response_decode(hex("a1073005a0030a0104"), &response), "an unknown state");
    cr_assert(!nego_response_decode(hex("a1073005a003020100"), &response), "an INTEGER is no ENUMERATED");
    cr_assert(!nego_response_decode(hex(""), &response));
}

Test(negotiate_token, encodings_are_exact)
{
    uint8_t room[256], list[64];
    struct der_writer out = der_writer_over(room, sizeof room), list_out = der_writer_over(list, sizeof list);
    const struct nego_mechanism *mechanisms[3] = {nego_mechanism_at(1), nego_mechanism_at(0), nego_mechanism_at(2)};
    struct nego_response answer = {.state = NEGO_INCOMPLETE,
                                   .has_mechanism = true,
                                   .has_token = true,
                                   .mechanism = nego_mechanism_at(2)->oid,
                                   .token = bytes_of("\1\2\3", 3)};
    struct nego_init init = {.has_token = true, .token = bytes_of("\1\2\3", 3)}, none = {0};
    struct bytes expected = hex(ntlm_answer);

    nego_response_encode(&out, &answer);
    cr_assert_eq(out.used, expected.size);
    assert_mem_eq(der_writer_result(&out).data, expected.data, expected.size);
    nego_list_encode(&list_out, &mechanisms[2], 1);
    out = der_writer_over(room, sizeof room);
    nego_init_encode(&out, der_writer_result(&list_out), &init, false);
    expected = hex(ntlm_init);
    cr_assert_eq(out.used, expected.size);
    assert_mem_eq(der_writer_result(&out).data, expected.data, expected.size);
    list_out = der_writer_over(list, sizeof list);
    nego_list_encode(&list_out, mechanisms, 3);
    out = der_writer_over(room, sizeof room);
    nego_init_encode(&out, der_writer_result(&list_out), &none, true);
    expected = hex(hints);
    cr_assert_eq(out.used, expected.size);
    assert_mem_eq(der_writer_result(&out).data, expected.data, expected.size);
}

Test(negotiate_token, truncation_and_trailing_bytes_are_refused)
{
    static const char *const texts[] = {ntlm_init, hints, ntlm_answer};
    struct nego_init init;
    struct nego_response response;

    for (size_t i = 0; i < 3; i++) {
        uint8_t copy[512];
        struct bytes whole = hex(texts[i]);

        memcpy(copy, whole.data, whole.size);
        for (size_t size = 0; size < whole.size; size++) {
            cr_assert(!nego_init_decode(bytes_of(copy, size), &init));
            cr_assert(!nego_response_decode(bytes_of(copy, size), &response));
        }
        copy[whole.size] = 0;
        cr_assert(!nego_init_decode(bytes_of(copy, whole.size + 1), &init));
        cr_assert(!nego_response_decode(bytes_of(copy, whole.size + 1), &response));
    }
}

/* 65,536 mechanisms, none of them long: refused by their number, at once. */
Test(negotiate_token, too_many_mechanisms_are_refused)
{
    static uint8_t large[65536 * 3 + 64];
    struct der_writer out = der_writer_over(large, sizeof large);
    struct nego_init init;
    size_t inner;

    for (size_t i = 0; i < 65536; i++)
        der_put(&out, DER_OID, bytes_of("\x2a", 1));
    der_put_header(&out, DER_SEQUENCE, 0);
    der_put_header(&out, DER_CONTEXT, 0);
    der_put_header(&out, DER_SEQUENCE, 0);
    der_put_header(&out, DER_CONTEXT, 0);
    inner = out.used;
    der_put(&out, DER_OID, bytes_of("\x2b\x06\x01\x05\x05\x02", 6));
    der_put_header(&out, DER_APPLICATION, 0);
    cr_assert(inner && der_writer_ok(&out));
    cr_assert(!nego_init_decode(der_writer_result(&out), &init));
    cr_assert_leq(init.count, NEGO_OFFERS_MAX);
}

/* Ten thousand nested sequences where a list belongs: refused without recursion. */
Test(negotiate_token, depth_is_refused)
{
    static uint8_t deep[80000];
    struct der_writer out = der_writer_over(deep, sizeof deep);
    struct nego_init init;

    for (size_t i = 0; i < 10000; i++)
        der_put_header(&out, DER_SEQUENCE, 0);
    der_put_header(&out, DER_CONTEXT, 0);
    der_put_header(&out, DER_SEQUENCE, 0);
    der_put_header(&out, DER_CONTEXT, 0);
    der_put(&out, DER_OID, bytes_of("\x2b\x06\x01\x05\x05\x02", 6));
    der_put_header(&out, DER_APPLICATION, 0);
    cr_assert(der_writer_ok(&out));
    cr_assert(!nego_init_decode(der_writer_result(&out), &init));
}

Test(negotiate_token, forms_are_told_apart)
{
    cr_assert_eq(nego_form_of((struct bytes){0}), NEGO_FORM_NONE);
    cr_assert_eq(nego_form_of(bytes_of("NTLMSSP\0\1\0\0\0", 12)), NEGO_FORM_RAW_NTLM);
    cr_assert_eq(nego_form_of(bytes_of("NTLMSSP", 7)), NEGO_FORM_UNKNOWN);
    cr_assert_eq(nego_form_of(hex(ntlm_init)), NEGO_FORM_SPNEGO);
    cr_assert_eq(nego_form_of(hex("600d06092a864886f7120102020100")), NEGO_FORM_RAW_KERBEROS);
    cr_assert_eq(nego_form_of(hex("6e00")), NEGO_FORM_RAW_KERBEROS);
    cr_assert_eq(nego_form_of(hex(ntlm_answer)), NEGO_FORM_UNKNOWN);
    cr_assert_eq(nego_form_of(bytes_of("GET /", 5)), NEGO_FORM_UNKNOWN);
}
