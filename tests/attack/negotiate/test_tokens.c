/*
 * Messages of SPNEGO that must not be believed, or not cost much: forms, sizes, depths, mechanisms that change midway
 * or are excluded, empty ones on each leg; and what may be asked of a context that is not done yet.
 */
#include "talker.h"

#include <malloc.h>
#include <stdlib.h>
#include <time.h>

static struct service service;
static struct talker talker;
static uint8_t room[SPNEGO_ROOM];

static void up(void)
{
    service_open(&service, "Negotiate");
    talker_open(&talker, "NTLM", &service);
}

static void down(void)
{
    talker_close(&talker);
    service_close(&service);
}

static void ticket_up(void)
{
    service_open(&service, "Negotiate");
    talker_open(&talker, "Kerberos", &service);
}

static void malformed(struct bytes token)
{
    service_refuses(&service, token, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "SPNEGO");
}

/* ---- The mechanism without SPNEGO around it ---- */

Test(spnego, raw_ntlm_and_raw_kerberos_are_accepted, .init = up, .fini = down)
{
    struct bytes answer;

    assert_status(service_leg(&service, talker_next(&talker)), SEC_I_CONTINUE_NEEDED);
    answer = service_answer(&service);
    cr_assert(answer.size > 12 && memcmp(answer.data, "NTLMSSP\0\2", 9) == 0, "the answer is raw, too");
    talker.answer.token = answer;
    service_accepts(&service, talker_next(&talker), "EXAMPLE\\alice");
    service_again(&service);
    service_accepts(&service, service_request(&service), "alice@EXAMPLE.TEST");
    cr_assert_eq(service.answer[0], 0x60u);
    service_again(&service);
    service.authenticator.framed = false;
    service_accepts(&service, service_request(&service), "alice@EXAMPLE.TEST");
}

Test(spnego, excluded_mechanisms)
{
    const struct bytes ntlm_only[] = {oid_ntlm}, kerberos_only[] = {oid_kerberos};
    struct bytes token;

    up();
    service_option(&service, "negotiate_packages", "!NTLM");
    token = talker_next(&talker);
    service_refuses(&service, token, SEC_E_INVALID_TOKEN, SSPI_REASON_POLICY, "speaks NTLM without asking");
    service_refuses_aloud(&service, talker_init(&talker, ntlm_only, 1, token), SEC_E_INVALID_TOKEN, SSPI_REASON_POLICY,
                          "no mechanism that is allowed");
    talker_hears(&talker, &service, STATE_REJECT);
    down();
    up();
    service_option(&service, "negotiate_packages", "NTLM");
    token = service_request(&service);
    service_refuses(&service, token, SEC_E_INVALID_TOKEN, SSPI_REASON_POLICY, "speaks Kerberos without asking");
    service_refuses_aloud(&service, talker_init(&talker, kerberos_only, 1, token), SEC_E_INVALID_TOKEN,
                          SSPI_REASON_POLICY, "no mechanism that is allowed");
    talker_hears(&talker, &service, STATE_REJECT);
    down();
}

Test(spnego, nothing_in_common, .init = up, .fini = down)
{
    const struct bytes list[] = {oid_negoex, oid_unknown};

    service_refuses_aloud(&service, talker_init(&talker, list, 2, bytes_of(list, 4)), SEC_E_INVALID_TOKEN,
                          SSPI_REASON_POLICY, "no mechanism that is allowed");
    talker_hears(&talker, &service, STATE_REJECT);
    cr_assert_null(talker.answer.mechanism.data);
    malformed(talker_init(&talker, list, 0, (struct bytes){0}));
}

/* ---- Optimistic tokens of another mechanism than the first ---- */

Test(spnego, optimistic_tokens_of_another_mechanism, .init = up, .fini = down)
{
    const struct bytes first_ntlm[] = {oid_ntlm, oid_kerberos}, first_kerberos[] = {oid_kerberos, oid_ntlm};
    struct bytes negotiate = talker_next(&talker);

    service_refuses_aloud(&service, talker_init(&talker, first_kerberos, 2, negotiate), SEC_E_INVALID_TOKEN,
                          SSPI_REASON_MALFORMED_TOKEN, "Kerberos");
    talker_hears(&talker, &service, STATE_REJECT);
    service_refuses_aloud(&service, talker_init(&talker, first_ntlm, 2, service_request(&service)), SEC_E_INVALID_TOKEN,
                          SSPI_REASON_MALFORMED_TOKEN, "NTLM");
    talker_hears(&talker, &service, STATE_REJECT);
}

/* ---- Midway ---- */

/* NTLM's challenge has been sent. */
static void challenged(void)
{
    talker_again(&talker);
    service_again(&service);
    assert_status(service_leg(&service, talker_init(&talker, &oid_ntlm, 1, talker_next(&talker))),
                  SEC_I_CONTINUE_NEEDED);
    talker_hears(&talker, &service, STATE_INCOMPLETE);
}

static void refused_midway(struct bytes token, const char *said)
{
    service_refuses_aloud(&service, token, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, said);
    talker_hears(&talker, &service, STATE_REJECT);
}

Test(spnego, mechanism_switched_midway, .init = up, .fini = down)
{
    struct response response = {.state = STATE_NONE, .mechanism = oid_kerberos};

    challenged();
    response.token = service_request(&service);
    refused_midway(spnego_response(&response, room), "NTLM");
    challenged(); /* a new list */
    refused_midway(talker_init(&talker, &oid_kerberos, 1, service_request(&service)), "NegTokenResp is malformed");
    challenged(); /* the bare token of the other */
    refused_midway(service_request(&service), "NegTokenResp is malformed");
    challenged(); /* NTLM's own, but bare */
    refused_midway(talker_next(&talker), "NegTokenResp is malformed");
}

/* The client says another mechanism's name beside NTLM's token: it runs what was agreed. */
Test(spnego, another_name_beside_the_token, .init = up, .fini = down)
{
    struct response response = {.state = STATE_COMPLETED, .mechanism = oid_kerberos};

    challenged();
    response.token = talker_next(&talker);
    response.mic = talker_mic(&talker, talker.list);
    service_accepts(&service, spnego_response(&response, room), "EXAMPLE\\alice");
}

Test(spnego, empty_on_each_leg, .init = up, .fini = down)
{
    static const uint8_t some[1];
    const struct bytes empty = bytes_of(some, 0);

    /* First: it asks the server to begin, which it does once. */
    assert_status(service_leg(&service, empty), SEC_I_CONTINUE_NEEDED);
    malformed(empty);
    malformed(talker_init(&talker, NULL, 0, empty));
    /* No token beside the list: the server answers its choice, and waits. */
    assert_status(service_leg(&service, talker_init(&talker, &oid_ntlm, 1, empty)), SEC_I_CONTINUE_NEEDED);
    refused_midway(talker_response(&talker, STATE_NONE, empty, (struct bytes){0}), "without its token");
    challenged();
    refused_midway(empty, "malformed");
    challenged();
    refused_midway(talker_response(&talker, STATE_NONE, empty, (struct bytes){0}), "without its token");
    challenged();
    refused_midway(talker_response(&talker, STATE_COMPLETED, (struct bytes){0}, (struct bytes){0}),
                   "without its token");
    challenged();
    refused_midway(talker_response(&talker, STATE_NONE, (struct bytes){0}, empty), "without its token");
}

Test(spnego, the_client_gives_up, .init = up, .fini = down)
{
    challenged();
    service_refuses(&service, talker_response(&talker, STATE_REJECT, talker_next(&talker), (struct bytes){0}),
                    SEC_E_LOGON_DENIED, SSPI_REASON_POLICY, "gave up");
}

/* ---- Bytes ---- */

static struct bytes copied(struct bytes token, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    cr_assert_not_null(copy);
    if (size)
        memcpy(copy, token.data, size);
    return bytes_of(copy, size);
}

static void forget(struct bytes token)
{
    free((void *)(uintptr_t)token.data);
}

Test(spnego, truncated_at_each_byte, .init = ticket_up, .fini = down)
{
    const struct bytes list[] = {oid_kerberos, oid_ntlm};
    struct bytes whole = talker_init(&talker, list, 2, service_request(&service));

    for (size_t size = 1; size < whole.size; size++) {
        struct bytes cut = copied(whole, size);

        service_refuses(&service, cut, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "SPNEGO");
        forget(cut);
    }
    service_accepts(&service, whole, "alice@EXAMPLE.TEST");
}

Test(spnego, responses_truncated_at_each_byte, .init = up, .fini = down)
{
    struct bytes whole;
    size_t size = 1;

    do {
        struct bytes last, cut;

        challenged();
        last = talker_next(&talker);
        whole = talker_response(&talker, STATE_NONE, last, talker_mic(&talker, talker.list));
        cut = copied(whole, size);
        refused_midway(cut, "NegTokenResp is malformed");
        forget(cut);
    } while (++size < whole.size);
}

static bool kerberos_ran(void)
{
    SecPkgContext_PackageInfoA info;
    bool kerberos;

    assert_status(QueryContextAttributesA(&service.context, SECPKG_ATTR_PACKAGE_INFO, &info), SEC_E_OK);
    kerberos = strcmp(info.PackageInfo->Name, "Kerberos") == 0;
    assert_status(FreeContextBuffer(info.PackageInfo), SEC_E_OK);
    return kerberos;
}

/* What is accepted in spite of a flipped bit is the same login by the same mechanism. */
Test(spnego, every_bit_flipped, .init = ticket_up, .fini = down)
{
    const struct bytes list[] = {oid_kerberos, oid_ntlm};
    const size_t size = talker_init(&talker, list, 2, service_request(&service)).size;

    for (size_t bit = 0; bit < 8 * size; bit++) {
        struct bytes token = talker_init(&talker, list, 2, service_request(&service));

        talker.room[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (service_leg(&service, token) == SEC_E_OK)
            cr_assert(kerberos_ran() && (service.attributes & ASC_RET_MUTUAL_AUTH), "bit %zu", bit);
        else if (service.status < 0)
            cr_assert(service.status != SEC_E_INTERNAL_ERROR && service.seen.count == 1, "bit %zu", bit);
        service_again(&service);
    }
}

Test(spnego, indefinite_and_non_minimal_lengths, .init = up, .fini = down)
{
    /* The first is a good token but for the form of its length. */
    static const uint8_t bad[][31] = {
        {0x60, 0x81, 0x1C, 0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02, 0xA0, 0x12, 0x30, 0x10, 0xA0,
         0x0E, 0x30, 0x0C, 0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A},
        {0x60, 0x80, 0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02, 0xA0, 0x80, 0x30, 0x80},
        {0x60, 0x0C, 0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02, 0xA0, 0x80, 0x30, 0x80},
        {0x60, 0x81, 0x10, 0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02, 0xA0, 0x02, 0x30, 0x00},
        {0x60, 0x84, 0x00, 0x00, 0x00, 0x10, 0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02},
        {0x60, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02},
        {0x60, 0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x06, 0x06},
        {0x60, 0x16, 0x06, 0x86, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02},
        {0xA1, 0x80, 0x30, 0x80, 0x00, 0x00, 0x00, 0x00},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        malformed(bytes_of(bad[i], sizeof bad[i]));
        challenged();
        refused_midway(bytes_of(bad[i], sizeof bad[i]), "malformed");
    }
}

/* ---- What would cost much: time and memory stay where they were ---- */

/* Nothing is asserted while it is measured: assertions cost memory themselves. */
static void costs_nothing(struct bytes token)
{
    struct timespec before, after;
    size_t memory, later;
    unsigned refused = 0;
    int64_t spent;

    for (int i = 0; i < 20; i++) /* what is made once is made now, what the allocator keeps is kept */
        service_leg(&service, token);
    memory = mallinfo2().uordblks;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    for (int i = 0; i < 10; i++)
        refused += service_leg(&service, token) == SEC_E_INVALID_TOKEN;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    later = mallinfo2().uordblks;
    service_again(&service);
    cr_assert_eq(refused, 10u);
    cr_assert_leq(later, memory + 4096, "%zu bytes, then %zu", memory, later);
    spent = (after.tv_sec - before.tv_sec) * INT64_C(1000000000) + after.tv_nsec - before.tv_nsec;
    cr_assert_lt(spent, INT64_C(100000000), "ten took %lld ns", (long long)spent);
}

static struct bytes framed_list(struct bytes list, uint8_t *space, size_t size)
{
    static const uint8_t oid[] = {0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02};
    struct bytes inner = spnego_element(0xA0, list, space, size);

    inner = spnego_element(0x30, inner, space, size);
    inner = spnego_element(0xA0, inner, space, size);
    memmove(space + sizeof oid, inner.data, inner.size);
    memcpy(space, oid, sizeof oid);
    return spnego_element(0x60, bytes_of(space, inner.size + sizeof oid), space, size);
}

Test(spnego, many_mechanisms, .init = up, .fini = down)
{
    static struct bytes list[65536];
    static uint8_t space[65536 * 12 + 64], list_room[65536 * 12 + 8];
    const struct bytes oids[] = {oid_ntlm, oid_unknown};

    for (size_t kind = 0; kind < 2; kind++) {
        for (size_t i = 0; i < 65536; i++)
            list[i] = oids[kind];
        costs_nothing(framed_list(spnego_list(list, 65536, list_room, sizeof list_room), space, sizeof space));
    }
    /* As many as may be, and one more. */
    assert_status(
        service_leg(&service, framed_list(spnego_list(list, 31, list_room, sizeof list_room), space, sizeof space)),
        SEC_E_INVALID_TOKEN);
    cr_assert_eq(service.reason, SSPI_REASON_POLICY);
    service_again(&service);
    malformed(framed_list(spnego_list(list, 33, list_room, sizeof list_room), space, sizeof space));
}

Test(spnego, ten_thousand_levels, .init = up, .fini = down)
{
    static const uint8_t tags[] = {0x30, 0xA0, 0x60, 0xA2, 0x24};
    static uint8_t space[80000];

    for (size_t i = 0; i < sizeof tags; i++) {
        struct bytes deep = {0};

        space[0] = 0;
        deep = bytes_of(space, 0);
        for (int level = 0; level < 10000; level++)
            deep = spnego_element(tags[i], deep, space, sizeof space);
        malformed(deep);
        costs_nothing(framed_list(deep, space, sizeof space));
    }
}

/* ---- Half open: everything may be asked, nothing is told before it is true ---- */

static void asked(CtxtHandle *context)
{
    static uint8_t value[4096];
    uint8_t data[8] = {0}, trailer[128] = {0};
    SecBuffer buffers[2] = {{sizeof data, SECBUFFER_DATA, data}, {sizeof trailer, SECBUFFER_TOKEN, trailer}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    void *token = NULL;

    for (ULONG attribute = 0; attribute < 160; attribute++) {
        const SECURITY_STATUS status = QueryContextAttributesA(context, attribute, value);

        if (status == SEC_E_OK && (attribute == SECPKG_ATTR_PACKAGE_INFO || attribute == SECPKG_ATTR_NEGOTIATION_INFO))
            assert_status(FreeContextBuffer(*(void **)value), SEC_E_OK);
        cr_assert(status != SEC_E_OK
                      || (attribute != SECPKG_ATTR_NAMES && attribute != SECPKG_ATTR_NATIVE_NAMES
                          && attribute != SECPKG_ATTR_SESSION_KEY && attribute != SECPKG_ATTR_KEY_INFO
                          && attribute != SECPKG_ATTR_ACCESS_TOKEN),
                  "attribute %u of a context that is not done", (unsigned)attribute);
        (void)QueryContextAttributesW(context, attribute + 0x80000000u, value);
    }
    cr_assert(MakeSignature(context, 0, &message, 0) < 0);
    cr_assert(VerifySignature(context, &message, 0, NULL) < 0);
    cr_assert(EncryptMessage(context, 0, &message, 0) < 0);
    cr_assert(DecryptMessage(context, &message, 0, NULL) < 0);
    cr_assert(ImpersonateSecurityContext(context) < 0);
    cr_assert(QuerySecurityContextToken(context, &token) < 0);
    cr_assert(CompleteAuthToken(context, &message) < 0);
}

Test(spnego, half_open_contexts, .init = up, .fini = down)
{
    static const uint8_t some[1];
    const struct bytes behind[] = {oid_unknown, oid_kerberos};

    assert_status(service_leg(&service, bytes_of(some, 0)), SEC_I_CONTINUE_NEEDED); /* hints sent */
    asked(&service.context);
    service_again(&service);
    assert_status(service_leg(&service, talker_init(&talker, &oid_ntlm, 1, (struct bytes){0})), SEC_I_CONTINUE_NEEDED);
    asked(&service.context); /* mechanism chosen, none begun */
    challenged();
    asked(&service.context);
    asked(&talker.inner.context);
    service_again(&service);
    talker_again(&talker);
    assert_status(service_leg(&service, talker_next(&talker)), SEC_I_CONTINUE_NEEDED); /* raw */
    asked(&service.context);
    service_again(&service);
    talker_close(&talker);
    talker_open(&talker, "Kerberos", &service);
    assert_status(service_leg(&service, talker_init(&talker, behind, 2, (struct bytes){0})), SEC_I_CONTINUE_NEEDED);
    assert_status(service_leg(&service, talker_response(&talker, STATE_NONE, talker_next(&talker), (struct bytes){0})),
                  SEC_I_CONTINUE_NEEDED);
    asked(&service.context); /* Kerberos is done, the MIC is not */
}

/* The client's side, from its first token on. */
Test(spnego, half_open_client, .init = up, .fini = down)
{
    static struct visitor visitor;

    visitor_open(&visitor, "Negotiate", &service.ticket);
    assert_status(visitor_leg(&visitor, (struct bytes){0}), SEC_I_CONTINUE_NEEDED);
    asked(&visitor.context);
    visitor_close(&visitor);
}

/* Left in the middle at every point, over and over: nothing stays (the sanitizers look, and so does the soak). */
Test(spnego, abandoned, .init = up, .fini = down)
{
    for (int i = 0; i < 300; i++) {
        challenged();
        if (i % 3 == 0)
            (void)talker_next(&talker);
    }
    cr_assert_eq(service.seen.count, 0u, "an abandoned handshake is no event");
}
