/* seal.c, unseal.c, wire.c: EncryptMessage and DecryptMessage, sizes, layout, records cut and joined, altered ones. */
#include <stdlib.h>

#include "raw_peer.h"

static struct tls_pair pair;
static uint8_t big[TLS_ROOM], got[TLS_ROOM];

static void open_version(const char *version, const char *ciphers)
{
    struct tls_setup setup = tls_usual;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    setup.server.key = PKI_RSA;
    setup.server_options[0] = "tls_minimum_version";
    setup.server_options[1] = setup.server_options[3] = version;
    setup.server_options[2] = "tls_maximum_version";
    if (ciphers) {
        setup.server_options[4] = setup.client_options[0] = "tls_ciphers";
        setup.server_options[5] = setup.client_options[1] = ciphers;
        setup.client_options[2] = "tls_maximum_version";
        setup.client_options[3] = version;
    }
    tls_open(&pair, &setup);
    while (pair.client.in_size) { /* tickets */
        size_t size;

        assert_status(tls_receive(&pair.client, got, &size), SEC_E_OK);
    }
}

static SecPkgContext_StreamSizes sizes_of(struct tls_end *end)
{
    SecPkgContext_StreamSizes sizes;

    assert_status(QueryContextAttributesA(&end->context, SECPKG_ATTR_STREAM_SIZES, &sizes), SEC_E_OK);
    return sizes;
}

/* The suites, and what RFC 5246 6.2.3 and RFC 8446 5.2 say they add. */
static const struct {
    const char *version, *ciphers;
    ULONG header, least_trailer;
} suites[] = {
    {"1.3", NULL, 5, 17},
    {"1.2", "ECDHE-RSA-AES128-GCM-SHA256", 13, 16},
    {"1.2", "ECDHE-RSA-CHACHA20-POLY1305", 5, 16},
};

Test(messages, every_size_in_every_suite)
{
    static const size_t lengths[] = {1, 2, 15, 16, 17, 31, 32, 33, 255, 1000, 16383, 16384};

    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 7 + (i >> 8));
    for (size_t suite = 0; suite < sizeof suites / sizeof *suites; suite++) {
        SecPkgContext_StreamSizes sizes;

        open_version(suites[suite].version, suites[suite].ciphers);
        sizes = sizes_of(&pair.client);
        cr_assert_eq(sizes.cbHeader, suites[suite].header);
        cr_assert_geq(sizes.cbTrailer, suites[suite].least_trailer);
        cr_assert_eq(sizes.cbMaximumMessage, 16384);
        cr_assert_eq(sizes.cBuffers, 4);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            tls_talk(&pair.client, &pair.server, big, lengths[i]);
            tls_talk(&pair.server, &pair.client, big, lengths[i]);
        }
        tls_end(&pair);
    }
}

/* Header and trailer exactly as large as said: one stretch of memory, sent from its beginning. */
Test(messages, one_stretch_of_memory)
{
    for (size_t suite = 0; suite < sizeof suites / sizeof *suites; suite++) {
        SecPkgContext_StreamSizes sizes;
        SecBuffer buffers[4];
        SecBufferDesc desc = {SECBUFFER_VERSION, 4, buffers};
        size_t size;

        open_version(suites[suite].version, suites[suite].ciphers);
        sizes = sizes_of(&pair.client);
        memcpy(big + sizes.cbHeader, "attack at dawn", 14);
        buffers[0] = (SecBuffer){sizes.cbHeader, SECBUFFER_STREAM_HEADER, big};
        buffers[1] = (SecBuffer){14, SECBUFFER_DATA, big + sizes.cbHeader};
        buffers[2] = (SecBuffer){sizes.cbTrailer, SECBUFFER_STREAM_TRAILER, big + sizes.cbHeader + 14};
        buffers[3] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
        assert_status(EncryptMessage(&pair.client.context, 0, &desc, 0), SEC_E_OK);
        cr_assert_eq(buffers[0].cbBuffer, sizes.cbHeader);
        cr_assert_eq(buffers[1].cbBuffer, 14);
        cr_assert_neq(memcmp(big + sizes.cbHeader, "attack at dawn", 14), 0);
        pair.server.in_size = buffers[0].cbBuffer + buffers[1].cbBuffer + buffers[2].cbBuffer;
        memcpy(pair.server.in, big, pair.server.in_size);
        assert_status(tls_receive(&pair.server, got, &size), SEC_E_OK);
        cr_assert_eq(size, 14);
        assert_mem_eq(got, "attack at dawn", 14);
        tls_end(&pair);
    }
}

Test(messages, layout_of_a_decrypted_record)
{
    SecBuffer buffers[4] = {{0}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 4, buffers};
    size_t record;

    open_version("1.3", NULL);
    assert_status(tls_send(&pair.client, &pair.server, "first", 5), SEC_E_OK);
    record = pair.server.in_size;
    assert_status(tls_send(&pair.client, &pair.server, "second", 6), SEC_E_OK);
    buffers[0] = (SecBuffer){(ULONG)pair.server.in_size, SECBUFFER_DATA, pair.server.in};
    assert_status(DecryptMessage(&pair.server.context, &desc, 0, NULL), SEC_E_OK);
    cr_assert_eq(buffers[0].BufferType, SECBUFFER_STREAM_HEADER);
    cr_assert_eq(buffers[1].BufferType, SECBUFFER_DATA);
    cr_assert_eq(buffers[2].BufferType, SECBUFFER_STREAM_TRAILER);
    cr_assert_eq(buffers[3].BufferType, SECBUFFER_EXTRA);
    cr_assert_eq(buffers[1].cbBuffer, 5);
    assert_mem_eq(buffers[1].pvBuffer, "first", 5);
    cr_assert_eq(buffers[1].pvBuffer, pair.server.in + 5); /* in place */
    cr_assert_eq(buffers[0].cbBuffer + buffers[1].cbBuffer + buffers[2].cbBuffer, record);
    cr_assert_eq(buffers[3].pvBuffer, pair.server.in + record);
    cr_assert_eq(buffers[3].cbBuffer, pair.server.in_size - record);
    tls_end(&pair);
}

/* One buffer alone takes one record; more than that cannot be handed back, and is refused before it is touched. */
Test(messages, fewer_buffers)
{
    SecBuffer buffer, two[2];
    SecBufferDesc desc = {SECBUFFER_VERSION, 1, &buffer}, desc_two = {SECBUFFER_VERSION, 2, two};
    size_t record;

    open_version("1.3", NULL);
    assert_status(tls_send(&pair.client, &pair.server, "first", 5), SEC_E_OK);
    record = pair.server.in_size;
    assert_status(tls_send(&pair.client, &pair.server, "second", 6), SEC_E_OK);
    buffer = (SecBuffer){(ULONG)pair.server.in_size, SECBUFFER_DATA, pair.server.in};
    assert_status(DecryptMessage(&pair.server.context, &desc, 0, NULL), SEC_E_INVALID_TOKEN);
    buffer = (SecBuffer){(ULONG)record, SECBUFFER_DATA, pair.server.in};
    assert_status(DecryptMessage(&pair.server.context, &desc, 0, NULL), SEC_E_OK);
    cr_assert_eq(buffer.BufferType, SECBUFFER_DATA);
    cr_assert_eq(buffer.cbBuffer, 5);
    assert_mem_eq(buffer.pvBuffer, "first", 5);
    two[0] = (SecBuffer){(ULONG)(pair.server.in_size - record), SECBUFFER_DATA, pair.server.in + record};
    two[1] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
    assert_status(DecryptMessage(&pair.server.context, &desc_two, 0, NULL), SEC_E_OK);
    cr_assert_eq(two[0].BufferType, SECBUFFER_DATA);
    assert_mem_eq(two[0].pvBuffer, "second", 6);
    cr_assert_eq(two[1].BufferType, SECBUFFER_EMPTY);
    tls_end(&pair);
}

Test(messages, incomplete_ones_consume_nothing)
{
    static uint8_t record[256];
    size_t size, whole;

    open_version("1.3", NULL);
    assert_status(tls_send(&pair.client, &pair.server, "hello", 5), SEC_E_OK);
    whole = pair.server.in_size;
    memcpy(record, pair.server.in, whole);
    for (size_t i = 0; i < whole; i++) {
        pair.server.in_size = i;
        assert_status(tls_receive(&pair.server, got, &size), SEC_E_INCOMPLETE_MESSAGE);
        cr_assert_eq(pair.server.missing, i < 5 ? 5 - i : whole - i);
        assert_mem_eq(pair.server.in, record, whole);
    }
    pair.server.in_size = whole;
    assert_status(tls_receive(&pair.server, got, &size), SEC_E_OK);
    cr_assert_eq(size, 5);
    tls_end(&pair);
}

Test(messages, every_altered_byte_is_refused)
{
    for (size_t place = 0, whole = 1; place < whole; place++) {
        SECURITY_STATUS status;
        size_t size;

        open_version("1.3", NULL);
        assert_status(tls_send(&pair.client, &pair.server, "hello", 5), SEC_E_OK);
        whole = pair.server.in_size;
        pair.server.in[place] ^= place == 4 ? 0x01 : 0x10; /* a length that is one off */
        status = tls_receive(&pair.server, got, &size);
        cr_assert_lt(status, 0, "byte %zu", place);
        cr_assert_eq(memcmp(pair.server.in + 5, "hello", 5) != 0, true);
        if (place > 4) {
            assert_status(status, SEC_E_MESSAGE_ALTERED);
            assert_status(tls_receive(&pair.server, got, &size), SEC_E_MESSAGE_ALTERED); /* and stays so */
            assert_status(tls_send(&pair.server, &pair.client, "no", 2), SEC_E_CONTEXT_EXPIRED);
        }
        tls_end(&pair);
    }
}

/* The alert for a bad record waits for the next leg. */
Test(messages, alert_for_an_altered_record)
{
    size_t size;

    open_version("1.3", NULL);
    assert_status(tls_send(&pair.client, &pair.server, "hello", 5), SEC_E_OK);
    pair.server.in[7] ^= 1;
    assert_status(tls_receive(&pair.server, got, &size), SEC_E_MESSAGE_ALTERED);
    pair.server.in_size = 0;
    pair.server.requested |= ASC_REQ_EXTENDED_ERROR;
    assert_status(tls_leg(&pair.server), SEC_E_MESSAGE_ALTERED);
    cr_assert_eq(pair.server.alert_size, 2);
    cr_assert_eq(pair.server.alert[0], TLS1_ALERT_FATAL);
    cr_assert_eq(pair.server.alert[1], TLS1_ALERT_BAD_RECORD_MAC);
    tls_carry(&pair.server, &pair.client);
    assert_status(tls_receive(&pair.client, got, &size), SEC_E_MESSAGE_ALTERED);
    tls_end(&pair);
}

Test(messages, replayed_and_swapped)
{
    size_t size, first;

    open_version("1.3", NULL);
    assert_status(tls_send(&pair.client, &pair.server, "one", 3), SEC_E_OK);
    first = pair.server.in_size;
    memcpy(big, pair.server.in, first);
    assert_status(tls_receive(&pair.server, got, &size), SEC_E_OK);
    memcpy(pair.server.in, big, first);
    pair.server.in_size = first;
    assert_status(tls_receive(&pair.server, got, &size), SEC_E_MESSAGE_ALTERED);
    tls_end(&pair);
    open_version("1.2", NULL);
    assert_status(tls_send(&pair.client, &pair.server, "one", 3), SEC_E_OK);
    pair.server.in_size = 0; /* lost */
    assert_status(tls_send(&pair.client, &pair.server, "two", 3), SEC_E_OK);
    assert_status(tls_receive(&pair.server, got, &size), SEC_E_MESSAGE_ALTERED);
    tls_end(&pair);
}

Test(messages, buffers_that_are_too_small_or_missing)
{
    uint8_t header[64], trailer[64], data[4] = "abc";
    SecBuffer buffers[3] = {
        {0, SECBUFFER_STREAM_HEADER, header}, {3, SECBUFFER_DATA, data}, {0, SECBUFFER_STREAM_TRAILER, trailer}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 3, buffers};
    SecPkgContext_StreamSizes sizes;

    open_version("1.3", NULL);
    sizes = sizes_of(&pair.client);
    for (ULONG room = 0; room < sizes.cbHeader; room++) {
        buffers[0].cbBuffer = room;
        buffers[2].cbBuffer = sizeof trailer;
        assert_status(EncryptMessage(&pair.client.context, 0, &desc, 0), SEC_E_BUFFER_TOO_SMALL);
    }
    buffers[0].cbBuffer = sizes.cbHeader;
    buffers[2].cbBuffer = 16;
    assert_status(EncryptMessage(&pair.client.context, 0, &desc, 0), SEC_E_BUFFER_TOO_SMALL);
    assert_mem_eq(data, "abc", 4);
    buffers[2].cbBuffer = sizeof trailer;
    buffers[1].cbBuffer = 16385;
    buffers[1].pvBuffer = big;
    assert_status(EncryptMessage(&pair.client.context, 0, &desc, 0), SEC_E_INVALID_TOKEN);
    buffers[1] = (SecBuffer){3, SECBUFFER_DATA, data};
    assert_status(EncryptMessage(&pair.client.context, 77, &desc, 0), SEC_E_QOP_NOT_SUPPORTED);
    for (int i = 0; i < 3; i++) {
        ULONG type = buffers[i].BufferType;

        buffers[i].BufferType = SECBUFFER_EMPTY;
        assert_status(EncryptMessage(&pair.client.context, 0, &desc, 0), SEC_E_INVALID_TOKEN);
        buffers[i].BufferType = type | SECBUFFER_READONLY;
        assert_status(EncryptMessage(&pair.client.context, 0, &desc, 0), SEC_E_INVALID_TOKEN);
        buffers[i].BufferType = type;
    }
    assert_status(EncryptMessage(&pair.client.context, 0, &desc, 0), SEC_E_OK);
    assert_status(MakeSignature(&pair.client.context, 0, &desc, 0), SEC_E_UNSUPPORTED_FUNCTION);
    buffers[1].BufferType = SECBUFFER_EMPTY;
    assert_status(DecryptMessage(&pair.client.context, &desc, 0, NULL), SEC_E_INVALID_TOKEN);
    buffers[1].BufferType = SECBUFFER_DATA | SECBUFFER_READONLY;
    assert_status(DecryptMessage(&pair.client.context, &desc, 0, NULL), SEC_E_INVALID_TOKEN);
    tls_end(&pair);
}

Test(messages, empty_one_is_nothing_to_send)
{
    uint8_t header[64], trailer[64];
    SecBuffer buffers[3] = {{sizeof header, SECBUFFER_STREAM_HEADER, header},
                            {0, SECBUFFER_DATA, NULL},
                            {sizeof trailer, SECBUFFER_STREAM_TRAILER, trailer}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 3, buffers};

    open_version("1.3", NULL);
    assert_status(EncryptMessage(&pair.client.context, 0, &desc, 0), SEC_E_OK);
    cr_assert_eq(buffers[0].cbBuffer + buffers[1].cbBuffer + buffers[2].cbBuffer, 0);
    tls_talk(&pair.client, &pair.server, "still", 5);
    tls_end(&pair);
}

/* Tickets come behind the server's last leg and are no data. */
Test(messages, tickets_are_passed_over)
{
    struct tls_setup setup = tls_usual;
    size_t size;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    tls_open(&pair, &setup);
    cr_assert_gt(pair.client.in_size, 0);
    assert_status(tls_send(&pair.server, &pair.client, "data", 4), SEC_E_OK);
    assert_status(tls_receive(&pair.client, got, &size), SEC_E_OK);
    cr_assert_eq(size, 4);
    assert_mem_eq(got, "data", 4);
    cr_assert_eq(pair.client.in_size, 0);
    tls_end(&pair);
}
