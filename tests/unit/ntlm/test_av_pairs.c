/*
 * AV pairs and the NTLMv2 response around them.
 */
#include "support_ntlm.h"
#include "vectors.h"

static struct bytes list_of(uint8_t *out, size_t room, const char *hex)
{
    return bytes_of(out, test_hex(hex, out, room));
}

static bool decodes(const char *hex)
{
    struct ntlm_av_pairs av;
    uint8_t list[256];

    return ntlm_av_decode(list_of(list, sizeof list, hex), &av);
}

Test(ntlm_av_pairs, ends_with_eol)
{
    cr_assert(decodes("00000000"));
    cr_assert(decodes("0000 0000 ffff ffff"), "bytes behind EOL are none of our business");
    cr_assert_not(decodes(""));
    cr_assert_not(decodes("0000"));
    cr_assert_not(decodes("000000"));
    cr_assert_not(decodes("0100 0200 4100"));
    cr_assert_not(decodes("0000 0100 00"), "EOL has no value");
}

Test(ntlm_av_pairs, fixed_sizes)
{
    cr_assert(decodes("0600 0400 02000000 00000000"));
    cr_assert_not(decodes("0600 0300 020000 00000000"));
    cr_assert_not(decodes("0600 0500 0200000000 00000000"));
    cr_assert_not(decodes("0600 0000 00000000"));
    cr_assert(decodes("0700 0800 0102030405060708 00000000"));
    cr_assert_not(decodes("0700 0700 01020304050607 00000000"));
    cr_assert(decodes("0a00 1000 00000000000000000000000000000000 00000000"));
    cr_assert_not(decodes("0a00 0f00 000000000000000000000000000000 00000000"));
    cr_assert_not(decodes("0a00 0000 00000000"));
}

Test(ntlm_av_pairs, once_each_and_unknown_skipped)
{
    struct ntlm_av_pairs av;
    uint8_t list[64];

    cr_assert_not(decodes("0600 0400 02000000 0600 0400 00000000 00000000"), "flags twice");
    cr_assert_not(decodes("0100 0200 4100 0100 0200 4100 00000000"));
    cr_assert(decodes("0b00 0200 4100 0b00 0200 4100 ffff 0000 00000000"));
    cr_assert(ntlm_av_decode(list_of(list, sizeof list, "0600 0400 06000000 0b00 0100 41 00000000"), &av));
    cr_assert_eq(av.flags, 6);
    cr_assert_not(av.present[NTLM_AV_TIMESTAMP]);
}

Test(ntlm_av_pairs, value_longer_than_list)
{
    for (unsigned size = 3; size < 0x10000; size = size * 2 + 1) {
        uint8_t list[8] = {1, 0, (uint8_t)size, (uint8_t)(size >> 8), 'A', 0};
        struct ntlm_av_pairs av;

        cr_assert_not(ntlm_av_decode(bytes_of(list, 6), &av));
    }
}

Test(ntlm_av_pairs, client_repeats_all_but_its_own)
{
    uint8_t list[128], out[128], expected[128];
    const struct bytes sent = list_of(list, sizeof list,
                                      "0200 0200 4400 0600 0400 02000000 0800 0100 41 0900 0200 4100 "
                                      "0a00 1000 00000000000000000000000000000000 0b00 0200 5858 0000 0000");
    struct writer writer = writer_over(out, sizeof out);

    ntlm_av_write_repeated(&writer, sent);
    cr_assert_eq(writer.used, test_hex("0200 0200 4400 0b00 0200 5858", expected, sizeof expected));
    assert_mem_eq(out, expected, writer.used);
}

Test(ntlm_av_pairs, repeated_or_altered)
{
    struct ntlm_av_pairs sent, answered;
    uint8_t a[64], b[64];

    cr_assert(ntlm_av_decode(list_of(a, sizeof a, "0200 0200 4400 0700 0800 0102030405060708 00000000"), &sent));
    cr_assert(ntlm_av_decode(
        list_of(b, sizeof b, "0600 0400 02000000 0700 0800 0102030405060708 0200 0200 4400 00000000"), &answered));
    cr_assert(ntlm_av_repeated(&sent, &answered), "order and additions are free");
    cr_assert(ntlm_av_decode(list_of(b, sizeof b, "0200 0200 4400 00000000"), &answered));
    cr_assert_not(ntlm_av_repeated(&sent, &answered), "time stamp taken out");
    cr_assert(ntlm_av_decode(list_of(b, sizeof b, "0200 0200 4500 0700 0800 0102030405060708 00000000"), &answered));
    cr_assert_not(ntlm_av_repeated(&sent, &answered), "name changed");
    cr_assert(
        ntlm_av_decode(list_of(b, sizeof b, "0200 0400 44004400 0700 0800 0102030405060708 00000000"), &answered));
    cr_assert_not(ntlm_av_repeated(&sent, &answered), "name longer");
}

Test(ntlm_av_pairs, v2_response)
{
    struct ntlm_v2_response response;
    uint8_t bytes[256];
    size_t size = test_hex(V2_PROOF V2_TEMP, bytes, sizeof bytes);

    cr_assert(ntlm_v2_response_decode(bytes_of(bytes, size), &response));
    cr_assert_eq(response.time, 0);
    cr_assert_eq(response.temp.size, size - 16);
    cr_assert_eq(response.client_challenge.data[0], 0xaa);
    /* The last four bytes lie behind the EOL. */
    for (size_t cut = 0; cut < size; cut++)
        cr_assert_eq(ntlm_v2_response_decode(bytes_of(bytes, cut), &response), cut >= size - 4, "%zu bytes", cut);
    bytes[16] = 2;
    cr_assert_not(ntlm_v2_response_decode(bytes_of(bytes, size), &response), "RespType");
    bytes[16] = 1, bytes[17] = 0;
    cr_assert_not(ntlm_v2_response_decode(bytes_of(bytes, size), &response), "HiRespType");
}
