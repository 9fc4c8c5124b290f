/* engine.c, acceptor.c, initiator.c, context.c, provider.c: every way of cutting the bytes, outputs that do not fit,
 * what is left over. */
#include "tls_rig.h"

static struct tls_pair pair;

static struct tls_setup trusting(void)
{
    struct tls_setup setup = tls_usual;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    return setup;
}

/* Versions, and what both ends say then. */
static const char *const versions[] = {"1.2", "1.3"};

static struct tls_setup of_version(const char *version)
{
    struct tls_setup setup = trusting();

    setup.server_options[0] = "tls_minimum_version";
    setup.server_options[1] = version;
    setup.server_options[2] = "tls_maximum_version";
    setup.server_options[3] = version;
    return setup;
}

Test(handshake, versions)
{
    static const DWORD protocols[][2] = {{SP_PROT_TLS1_2_SERVER, SP_PROT_TLS1_2_CLIENT},
                                         {SP_PROT_TLS1_3_SERVER, SP_PROT_TLS1_3_CLIENT}};

    for (int i = 0; i < 2; i++) {
        struct tls_setup setup = of_version(versions[i]);
        SecPkgContext_ConnectionInfo info;

        tls_open(&pair, &setup);
        assert_status(QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_CONNECTION_INFO, &info), SEC_E_OK);
        cr_assert_eq(info.dwProtocol, protocols[i][0]);
        assert_status(QueryContextAttributesA(&pair.client.context, SECPKG_ATTR_CONNECTION_INFO, &info), SEC_E_OK);
        cr_assert_eq(info.dwProtocol, protocols[i][1]);
        tls_talk(&pair.client, &pair.server, "hello", 5);
        tls_talk(&pair.server, &pair.client, "world", 5);
        tls_end(&pair);
    }
}

Test(handshake, keys_of_every_kind)
{
    for (int key = 0; key < PKI_KEYS; key++)
        for (int i = 0; i < 2; i++) {
            struct tls_setup setup = of_version(versions[i]);

            setup.server.key = (enum pki_key)key;
            tls_open(&pair, &setup);
            tls_talk(&pair.client, &pair.server, "hello", 5);
            tls_end(&pair);
        }
}

/* What came so far, a byte more each time, until the leg is not INCOMPLETE_MESSAGE: nothing is consumed before. */
static void feed_bytewise(struct tls_end *end, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size && end->status >= 0; i++) {
        end->in[end->in_size++] = bytes[i];
        tls_leg(end);
        if (end->status == SEC_E_INCOMPLETE_MESSAGE) {
            cr_assert_geq(end->missing, 1);
            cr_assert_leq(end->missing, size - i + 5);
            cr_assert_eq(end->out_size, 0);
            end->status = SEC_I_CONTINUE_NEEDED;
        } else {
            cr_assert_geq(end->status, 0);
            if (end->out_size)
                cr_assert_eq(i, size - 1); /* the flight answers the whole of the peer's */
        }
        if (end->status == SEC_E_OK)
            cr_assert_eq(i, size - 1);
    }
}

static void one_flight(struct tls_end *from, struct tls_end *to)
{
    static uint8_t flight[TLS_ROOM];
    size_t size = from->out_size;

    memcpy(flight, from->out, size);
    from->out_size = 0;
    feed_bytewise(to, flight, size);
}

Test(handshake, byte_by_byte, .timeout = 120)
{
    for (int i = 0; i < 2; i++) {
        struct tls_setup setup = of_version(versions[i]);

        setup.server_options[4] = "tls_tickets";
        setup.server_options[5] = "0";
        tls_begin(&pair, &setup);
        assert_status(tls_leg(&pair.client), SEC_I_CONTINUE_NEEDED);
        for (int leg = 0; leg < 4 && (pair.server.status != SEC_E_OK || pair.client.status != SEC_E_OK); leg++) {
            one_flight(&pair.client, &pair.server);
            if (pair.client.status != SEC_E_OK)
                one_flight(&pair.server, &pair.client);
        }
        assert_status(pair.server.status, SEC_E_OK);
        assert_status(pair.client.status, SEC_E_OK);
        tls_talk(&pair.client, &pair.server, "hello", 5);
        tls_end(&pair);
    }
}

/* A first leg with too few bytes makes no context, and says so. */
Test(handshake, incomplete_hello_makes_no_context)
{
    struct tls_setup setup = trusting();
    size_t whole;

    tls_begin(&pair, &setup);
    tls_leg(&pair.client);
    tls_carry(&pair.client, &pair.server);
    whole = pair.server.in_size;
    pair.server.in_size = 4;
    assert_status(tls_leg(&pair.server), SEC_E_INCOMPLETE_MESSAGE);
    cr_assert_eq(pair.server.missing, 1);
    cr_assert_not(SecIsValidHandle(&pair.server.context));
    pair.server.in_size = whole - 10;
    assert_status(tls_leg(&pair.server), SEC_E_INCOMPLETE_MESSAGE);
    cr_assert_eq(pair.server.missing, 10);
    cr_assert_not(SecIsValidHandle(&pair.server.context));
    pair.server.in_size = whole;
    assert_status(tls_leg(&pair.server), SEC_I_CONTINUE_NEEDED);
    tls_end(&pair);
}

/* The client's Finished and its first message in one read: the message is what is left over. */
Test(handshake, extra_is_the_first_message)
{
    for (int i = 1; i < 2; i++) {
        struct tls_setup setup = of_version(versions[i]);
        char got[64];
        size_t size;

        tls_begin(&pair, &setup);
        tls_leg(&pair.client);
        tls_carry(&pair.client, &pair.server);
        tls_leg(&pair.server);
        tls_carry(&pair.server, &pair.client);
        assert_status(tls_leg(&pair.client), SEC_E_OK);
        tls_carry(&pair.client, &pair.server);
        assert_status(tls_send(&pair.client, &pair.server, "early bird", 10), SEC_E_OK);
        assert_status(tls_leg(&pair.server), SEC_E_OK);
        cr_assert_gt(pair.server.extra, 10);
        assert_status(tls_receive(&pair.server, got, &size), SEC_E_OK);
        cr_assert_eq(size, 10);
        assert_mem_eq(got, "early bird", 10);
        tls_end(&pair);
    }
}

/* Three and a half records at a time: what is whole is taken, the half is left over. */
Test(handshake, three_and_a_half_records)
{
    for (int i = 0; i < 2; i++) {
        struct tls_setup setup = of_version(versions[i]);
        size_t cut, whole;

        tls_begin(&pair, &setup);
        tls_leg(&pair.client);
        tls_carry(&pair.client, &pair.server);
        tls_leg(&pair.server);
        tls_carry(&pair.server, &pair.client);
        whole = pair.client.in_size;
        cut = whole - 20;
        pair.client.in_size = cut;
        assert_status(tls_leg(&pair.client), SEC_I_CONTINUE_NEEDED);
        cr_assert_gt(pair.client.extra, 0);
        cr_assert_eq(pair.client.out_size, 0);
        memmove(pair.client.in + pair.client.in_size, pair.client.in + cut, 20);
        pair.client.in_size += 20;
        cr_assert_geq(tls_leg(&pair.client), 0);
        tls_carry(&pair.client, &pair.server);
        cr_assert_gt(pair.server.in_size, 0);
        assert_status(tls_leg(&pair.server), SEC_E_OK);
        tls_end(&pair);
    }
}

/* Every leg once with a byte too little, then with exactly enough: the same call. */
Test(handshake, output_that_does_not_fit)
{
    for (int i = 0; i < 2; i++) {
        struct tls_setup setup = of_version(versions[i]);
        struct tls_end *ends[2] = {&pair.client, &pair.server};

        tls_begin(&pair, &setup);
        for (int leg = 0; leg < 8 && (pair.client.status != SEC_E_OK || pair.server.status != SEC_E_OK); leg++) {
            struct tls_end *end = ends[leg % 2];
            bool first = !SecIsValidHandle(&end->context);

            if (end->status == SEC_E_OK)
                continue;
            end->room = 1;
            if (tls_leg(end) == SEC_E_BUFFER_TOO_SMALL) {
                ULONG needed = (ULONG)end->out_size;

                cr_assert_eq(SecIsValidHandle(&end->context), !first);
                end->room = first ? needed - 16 : needed - 1; /* a new first leg is a new hello or signature */
                assert_status(tls_leg(end), SEC_E_BUFFER_TOO_SMALL);
                end->room = first ? needed + 16 : needed;
                cr_assert_geq(tls_leg(end), 0);
                cr_assert_leq(end->out_size, end->room);
            }
            end->room = 0;
            tls_carry(end, ends[(leg + 1) % 2]);
        }
        assert_status(pair.server.status, SEC_E_OK);
        assert_status(pair.client.status, SEC_E_OK);
        tls_talk(&pair.client, &pair.server, "hello", 5);
        tls_talk(&pair.server, &pair.client, "world", 5);
        tls_end(&pair);
    }
}

Test(handshake, shorter_repetition_is_refused)
{
    struct tls_setup setup = trusting();

    tls_begin(&pair, &setup);
    tls_leg(&pair.client);
    tls_carry(&pair.client, &pair.server);
    tls_leg(&pair.server);
    tls_carry(&pair.server, &pair.client);
    pair.client.room = 1;
    assert_status(tls_leg(&pair.client), SEC_E_BUFFER_TOO_SMALL);
    pair.client.room = 0;
    pair.client.in_size -= 1;
    assert_status(tls_leg(&pair.client), SEC_E_INVALID_TOKEN);
    tls_end(&pair);
}

Test(handshake, attributes_and_expiry)
{
    struct tls_setup setup = trusting();

    tls_begin(&pair, &setup);
    pair.server.requested = ASC_REQ_CONNECTION | ASC_REQ_EXTENDED_ERROR | ASC_REQ_INTEGRITY;
    tls_run(&pair);
    cr_assert_eq(pair.server.attributes, ASC_RET_STREAM | ASC_RET_CONFIDENTIALITY | ASC_RET_REPLAY_DETECT
                                             | ASC_RET_SEQUENCE_DETECT | ASC_RET_CONNECTION | ASC_RET_EXTENDED_ERROR);
    cr_assert_eq(pair.client.attributes,
                 ISC_RET_STREAM | ISC_RET_CONFIDENTIALITY | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT);
    cr_assert_eq(pair.server.expiry.QuadPart, INT64_MAX); /* no certificate of the client */
    cr_assert_lt(pair.client.expiry.QuadPart, INT64_MAX);
    cr_assert_gt(pair.client.expiry.QuadPart, 0);
    tls_end(&pair);
}

Test(handshake, flags_that_are_refused)
{
    static const ULONG server[] = {ASC_REQ_DELEGATE, ASC_REQ_DATAGRAM};
    static const ULONG client[] = {ISC_REQ_DELEGATE, ISC_REQ_DATAGRAM, ISC_REQ_PROMPT_FOR_CREDS};
    struct tls_setup setup = trusting();

    tls_begin(&pair, &setup);
    for (size_t i = 0; i < sizeof client / sizeof *client; i++) {
        pair.client.requested = client[i];
        assert_status(tls_leg(&pair.client), SEC_E_UNSUPPORTED_FUNCTION);
    }
    pair.client.requested = 0;
    tls_leg(&pair.client);
    tls_carry(&pair.client, &pair.server);
    for (size_t i = 0; i < sizeof server / sizeof *server; i++) {
        pair.server.requested = server[i];
        assert_status(tls_leg(&pair.server), SEC_E_UNSUPPORTED_FUNCTION);
        cr_assert_not(SecIsValidHandle(&pair.server.context));
        pair.server.in_size = (size_t)pair.server.in[3] * 256 + pair.server.in[4] + 5; /* a final failure took it */
    }
    tls_end(&pair);
}

/* A server that gives one SecBufferDesc for both directions, its token read-only: the answer goes into the EMPTY
 * buffer, and no word on the input takes its place. */
Test(handshake, answer_beside_the_input)
{
    const ULONG requested = ASC_REQ_ALLOCATE_MEMORY | ASC_REQ_CONFIDENTIALITY | ASC_REQ_STREAM;
    SecBuffer buffers[2] = {{0, SECBUFFER_TOKEN | SECBUFFER_READONLY, NULL}, {0, SECBUFFER_EMPTY, NULL}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    ULONG attributes;

    tls_begin(&pair, &tls_usual);
    assert_status(tls_leg(&pair.client), SEC_I_CONTINUE_NEEDED);
    memcpy(pair.client.out + pair.client.out_size, "\x16\x03\x03", 3); /* of a record that is not for this leg */
    buffers[0].pvBuffer = pair.client.out;
    buffers[0].cbBuffer = (ULONG)pair.client.out_size + 3;
    assert_status(AcceptSecurityContext(&pair.server.credential, NULL, &desc, requested, 0, &pair.server.context, &desc,
                                        &attributes, NULL),
                  SEC_I_CONTINUE_NEEDED);
    cr_assert_eq(buffers[1].BufferType, SECBUFFER_TOKEN);
    cr_assert_gt(buffers[1].cbBuffer, 100);
    cr_assert_not_null(buffers[1].pvBuffer);
    assert_status(FreeContextBuffer(buffers[1].pvBuffer), SEC_E_OK);
    tls_end(&pair);
}
