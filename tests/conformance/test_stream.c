/* What only a package of a stream does: leftovers, missing bytes, alerts, messages of records. The TLS lines of the
 * list. */
#include "compat/wincrypt.h"
#include "packages.h"

#define FOR_EACH_STREAM FOR_EACH_PACKAGE if (package->stream)

static struct exchange exchange;
static uint8_t out_room[TOKEN_MAX];

/* One leg of the server with every buffer of the page: TOKEN, EMPTY; TOKEN, ALERT. */
struct page_leg {
    SecBuffer in[2], out[2];
    uint8_t alert[2];
    ULONG attributes;
};

static SECURITY_STATUS page_leg(struct page_leg *leg, const void *token, ULONG size, ULONG flags)
{
    SecHandle *context = SecIsValidHandle(&exchange.server) ? &exchange.server : NULL;
    SecBufferDesc in = {SECBUFFER_VERSION, 2, leg->in}, out = {SECBUFFER_VERSION, 2, leg->out};

    leg->in[0] = (SecBuffer){size, SECBUFFER_TOKEN, (void *)token};
    leg->in[1] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
    leg->out[0] = (SecBuffer){TOKEN_MAX, SECBUFFER_TOKEN, out_room};
    leg->out[1] = (SecBuffer){sizeof leg->alert, SECBUFFER_ALERT, leg->alert};
    return AcceptSecurityContext(&exchange.server_credential, context, &in, exchange.server_flags | flags, 0,
                                 &exchange.server, &out, &leg->attributes, NULL);
}

Test(stream, token_comes_first)
{
    FOR_EACH_STREAM
    {
        SecBuffer in_buffers[2], out_buffer = {TOKEN_MAX, SECBUFFER_TOKEN, out_room};
        SecBufferDesc in = {0, 2, in_buffers}, out = {0, 1, &out_buffer};
        ULONG attributes;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_client(&exchange);
        in_buffers[0] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
        in_buffers[1] = (SecBuffer){exchange.token_size, SECBUFFER_TOKEN, exchange.token};
        assert_status(AcceptSecurityContext(&exchange.server_credential, NULL, &in, exchange.server_flags, 0,
                                            &exchange.server, &out, &attributes, NULL),
                      SEC_E_INVALID_TOKEN);
        exchange_end(&exchange);
    }
}

/* A byte more each time: MISSING says how many are needed, nothing is consumed, and no context is made of a part. */
Test(stream, byte_by_byte)
{
    FOR_EACH_STREAM
    {
        struct page_leg leg;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_client(&exchange);
        for (ULONG size = 1; size < exchange.token_size; size++) {
            assert_status(page_leg(&leg, exchange.token, size, 0), SEC_E_INCOMPLETE_MESSAGE);
            cr_assert_eq(leg.in[1].BufferType, SECBUFFER_MISSING);
            cr_assert_eq(leg.in[1].cbBuffer, size < 5 ? 5 - size : exchange.token_size - size);
            cr_assert_eq(leg.out[0].cbBuffer, 0);
            cr_assert_not(SecIsValidHandle(&exchange.server));
        }
        assert_status(page_leg(&leg, exchange.token, exchange.token_size, 0), SEC_I_CONTINUE_NEEDED);
        cr_assert_eq(leg.in[1].BufferType, SECBUFFER_EMPTY);
        cr_assert_gt(leg.out[0].cbBuffer, 0);
        exchange_end(&exchange);
    }
}

static ULONG seal(SecHandle *from, const char *text, uint8_t *out)
{
    SecPkgContext_StreamSizes sizes;
    ULONG size = (ULONG)strlen(text);
    SecBuffer buffers[4];
    SecBufferDesc desc = {SECBUFFER_VERSION, 4, buffers};

    assert_status(QueryContextAttributesA(from, SECPKG_ATTR_STREAM_SIZES, &sizes), SEC_E_OK);
    buffers[0] = (SecBuffer){sizes.cbHeader, SECBUFFER_STREAM_HEADER, out};
    buffers[1] = (SecBuffer){size, SECBUFFER_DATA, out + sizes.cbHeader};
    buffers[2] = (SecBuffer){sizes.cbTrailer, SECBUFFER_STREAM_TRAILER, out + sizes.cbHeader + size};
    buffers[3] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
    memcpy(out + sizes.cbHeader, text, size);
    assert_status(EncryptMessage(from, 0, &desc, 0), SEC_E_OK);
    return buffers[0].cbBuffer + buffers[1].cbBuffer + buffers[2].cbBuffer;
}

/* The data of the first record, and how much is left. */
static ULONG unseal(SecHandle *to, uint8_t *records, ULONG size, const char *expected)
{
    SecBuffer buffers[4] = {{size, SECBUFFER_DATA, records}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 4, buffers};

    assert_status(DecryptMessage(to, &desc, 0, NULL), SEC_E_OK);
    cr_assert_eq(buffers[1].BufferType, SECBUFFER_DATA);
    cr_assert_eq(buffers[1].cbBuffer, strlen(expected));
    assert_mem_eq(buffers[1].pvBuffer, expected, strlen(expected));
    return buffers[3].BufferType == SECBUFFER_EXTRA ? buffers[3].cbBuffer : 0;
}

/* The last token and the first messages in one read: what the leg did not use is told, and is the messages. */
Test(stream, extra)
{
    FOR_EACH_STREAM
    {
        struct page_leg leg;
        ULONG first, second, rest;
        uint8_t *records;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_until_last(&exchange);
        assert_status(exchange.client_status, SEC_E_OK);
        records = exchange.token + exchange.token_size;
        first = seal(&exchange.client, "hello", records);
        second = seal(&exchange.client, "world", records + first);
        assert_status(page_leg(&leg, exchange.token, exchange.token_size + first + second, 0), SEC_E_OK);
        cr_assert_eq(leg.in[1].BufferType, SECBUFFER_EXTRA);
        cr_assert_eq(leg.in[1].cbBuffer, first + second);
        rest = unseal(&exchange.server, records, first + second, "hello");
        cr_assert_eq(rest, second);
        cr_assert_eq(unseal(&exchange.server, records + first, rest, "world"), 0);
        exchange_end(&exchange);
    }
}

Test(stream, messages_both_ways)
{
    FOR_EACH_STREAM
    {
        static uint8_t record[512];
        ULONG size;

        exchange_open(&exchange);
        for (int i = 0; i < 5; i++) {
            size = seal(&exchange.client, "The quick brown fox", record);
            cr_assert_eq(unseal(&exchange.server, record, size, "The quick brown fox"), 0);
            size = seal(&exchange.server, "The lazy dog", record);
            cr_assert_eq(unseal(&exchange.client, record, size, "The lazy dog"), 0);
        }
        exchange_end(&exchange);
    }
}

/* Decrypting costs no memory that could be lacking; each byte that is missing is said to be. */
Test(stream, messages_byte_by_byte)
{
    FOR_EACH_STREAM
    {
        static uint8_t record[512];
        ULONG whole;

        exchange_open(&exchange);
        whole = seal(&exchange.client, "hello", record);
        for (ULONG size = 0; size < whole; size++) {
            SecBuffer buffers[4] = {{size, SECBUFFER_DATA, record}};
            SecBufferDesc desc = {SECBUFFER_VERSION, 4, buffers};

            assert_status(DecryptMessage(&exchange.server, &desc, 0, NULL), SEC_E_INCOMPLETE_MESSAGE);
            cr_assert_eq(buffers[1].BufferType, SECBUFFER_MISSING);
            cr_assert_eq(buffers[1].cbBuffer, size < 5 ? 5 - size : whole - size);
            cr_assert_eq(buffers[0].cbBuffer, size);
        }
        cr_assert_eq(unseal(&exchange.server, record, whole, "hello"), 0);
        exchange_end(&exchange);
    }
}

/* A hello that cannot be served: the alert is in its buffer, the record for the client only where it was asked for. */
Test(stream, alert)
{
    static const uint8_t hello[] = {22, 3, 1, 0, 5, 1, 0, 0, 1, 3};

    FOR_EACH_STREAM
    {
        struct page_leg leg;

        exchange_begin(&exchange, CLIENT_GOOD);
        for (int asked = 0; asked < 2; asked++) {
            cr_assert_lt(page_leg(&leg, hello, sizeof hello, asked ? ASC_REQ_EXTENDED_ERROR : 0), 0);
            cr_assert_eq(leg.out[1].cbBuffer, 2);
            cr_assert_eq(leg.alert[0], TLS1_ALERT_FATAL);
            cr_assert_eq(leg.alert[1], TLS1_ALERT_DECODE_ERROR);
            cr_assert_eq(leg.out[0].cbBuffer, asked ? 7 : 0);
            cr_assert_eq(leg.in[1].BufferType, SECBUFFER_EMPTY);
            cr_assert_eq(leg.attributes, 0);
        }
        exchange_end(&exchange);
    }
}

Test(stream, flags_that_tls_refuses)
{
    FOR_EACH_STREAM
    {
        struct page_leg leg;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange.client_flags |= ISC_REQ_PROMPT_FOR_CREDS;
        assert_status(exchange_client(&exchange), SEC_E_UNSUPPORTED_FUNCTION);
        exchange.client_flags &= ~(ULONG)ISC_REQ_PROMPT_FOR_CREDS;
        exchange_client(&exchange);
        assert_status(page_leg(&leg, exchange.token, exchange.token_size, ASC_REQ_DELEGATE),
                      SEC_E_UNSUPPORTED_FUNCTION);
        cr_assert_not(SecIsValidHandle(&exchange.server));
        exchange_end(&exchange);
    }
}

/* No signatures without encryption, and none promised. */
Test(stream, no_integrity)
{
    FOR_EACH_STREAM
    {
        uint8_t data[4] = "abc", room[64];
        SecBuffer buffers[2] = {{4, SECBUFFER_DATA, data}, {sizeof room, SECBUFFER_TOKEN, room}};
        SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
        ULONG qop;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange.server_flags |= ASC_REQ_INTEGRITY;
        assert_status(exchange_run(&exchange), SEC_E_OK);
        cr_assert_not(exchange.server_attributes & ASC_RET_INTEGRITY);
        assert_status(MakeSignature(&exchange.server, 0, &desc, 0), SEC_E_UNSUPPORTED_FUNCTION);
        assert_status(VerifySignature(&exchange.server, &desc, 0, &qop), SEC_E_UNSUPPORTED_FUNCTION);
        exchange_end(&exchange);
    }
}

/* Both ends make the same bindings, and a login inside the channel takes them as they are. */
Test(stream, bindings_of_both_ends)
{
    FOR_EACH_STREAM
    {
        static const ULONG kinds[] = {SECPKG_ATTR_ENDPOINT_BINDINGS, SSPI_ATTR_EXPORTER_BINDINGS};
        int made = 0;

        exchange_open(&exchange);
        for (int i = 0; i < 2; i++) {
            SecPkgContext_Bindings server, client;
            SECURITY_STATUS status = QueryContextAttributesA(&exchange.server, kinds[i], &server);

            assert_status(QueryContextAttributesW(&exchange.client, kinds[i], &client), status);
            if (status == SEC_E_UNSUPPORTED_FUNCTION)
                continue;
            assert_status(status, SEC_E_OK);
            cr_assert_eq(server.BindingsLength, client.BindingsLength);
            assert_mem_eq(server.Bindings, client.Bindings, client.BindingsLength);
            FreeContextBuffer(server.Bindings);
            FreeContextBuffer(client.Bindings);
            made++;
        }
        cr_assert_geq(made, 1);
        exchange_end(&exchange);
    }
}

/* The certificate that came is there to be looked at, and its end is the context's. */
Test(stream, clients_certificate)
{
    FOR_EACH_STREAM
    {
        PCCERT_CONTEXT certificate = NULL;

        exchange_open(&exchange);
        cr_assert(exchange.server_attributes & ASC_RET_MUTUAL_AUTH);
        assert_status(QueryContextAttributesA(&exchange.server, SECPKG_ATTR_REMOTE_CERT_CONTEXT, (void *)&certificate),
                      SEC_E_OK);
        cr_assert_not_null(certificate);
        cr_assert(CertFreeCertificateContext(certificate));
        cr_assert_gt(exchange.server_expiry.QuadPart, INT64_C(133485408000000000)); /* the fixed clock */
        cr_assert_lt(exchange.server_expiry.QuadPart, INT64_MAX);
        exchange_again(&exchange);
        exchange.server_flags &= ~(ULONG)ASC_REQ_MUTUAL_AUTH;
        assert_status(exchange_run(&exchange), SEC_E_OK);
        cr_assert_not(exchange.server_attributes & ASC_RET_MUTUAL_AUTH);
        assert_status(QueryContextAttributesA(&exchange.server, SECPKG_ATTR_REMOTE_CERT_CONTEXT, (void *)&certificate),
                      SEC_E_NO_CREDENTIALS);
        cr_assert_eq(exchange.server_expiry.QuadPart, INT64_MAX);
        exchange_end(&exchange);
    }
}
