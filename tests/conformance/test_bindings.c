/* Channel bindings and Extended Protection: E 45 to 50, G 59 to 62 and 76 to 78, L 116 of the checklist. */
#include "packages.h"

static struct exchange exchange;

enum said { SAYS_NOTHING_OF_IT, SAYS_SAME, SAYS_OTHER };

static SEC_CHANNEL_BINDINGS *make(const char *data, ULONG *size)
{
    SEC_CHANNEL_BINDINGS *bindings;

    assert_status(SspiMakeChannelBindings(data, (ULONG)strlen(data), size, &bindings), SEC_E_OK);
    return bindings;
}

static SECURITY_STATUS login(bool server, enum said client, ULONG flags)
{
    SECURITY_STATUS status;

    exchange_begin(&exchange, CLIENT_GOOD);
    exchange.server_flags |= flags;
    if (server)
        exchange.server_bindings = make("tls-server-end-point:ours", &exchange.server_bindings_size);
    if (client != SAYS_NOTHING_OF_IT)
        exchange.client_bindings =
            make(client == SAYS_SAME ? "tls-server-end-point:ours" : "tls-server-end-point:theirs",
                 &exchange.client_bindings_size);
    status = exchange_run(&exchange);
    FreeContextBuffer(exchange.server_bindings);
    FreeContextBuffer(exchange.client_bindings);
    exchange_end(&exchange);
    return status;
}

#define FOR_EACH_BINDING_PACKAGE FOR_EACH_PACKAGE if (package->bindings)

Test(bindings, same_channel)
{
    FOR_EACH_BINDING_PACKAGE
    {
        assert_status(login(true, SAYS_SAME, 0), SEC_E_OK);
        cr_assert_eq(exchange.bindings_result,
                     SEC_CHANNEL_BINDINGS_RESULT_CLIENT_SUPPORT | SEC_CHANNEL_BINDINGS_RESULT_VALID_MATCHED);
    }
}

Test(bindings, another_channel)
{
    FOR_EACH_BINDING_PACKAGE
    {
        assert_status(login(true, SAYS_OTHER, 0), SEC_E_BAD_BINDINGS);
        cr_assert(exchange.bindings_result & SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISMATCH);
        cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_BINDINGS_WRONG);
    }
}

Test(bindings, client_that_sends_none)
{
    FOR_EACH_BINDING_PACKAGE
    {
        assert_status(login(true, SAYS_NOTHING_OF_IT, 0), SEC_E_BAD_BINDINGS);
        cr_assert(exchange.bindings_result & SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISSING);
        cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_BINDINGS_MISSING);
    }
}

/* Our own client always announces that it knows bindings; "missing" is for those that say nothing: see unit tests. */
Test(bindings, allow_missing_does_not_allow_wrong)
{
    FOR_EACH_BINDING_PACKAGE
    {
        assert_status(login(true, SAYS_SAME, ASC_REQ_ALLOW_MISSING_BINDINGS), SEC_E_OK);
        assert_status(login(true, SAYS_OTHER, ASC_REQ_ALLOW_MISSING_BINDINGS), SEC_E_BAD_BINDINGS);
        assert_status(login(true, SAYS_NOTHING_OF_IT, ASC_REQ_ALLOW_MISSING_BINDINGS), SEC_E_BAD_BINDINGS);
    }
}

Test(bindings, proxy_wants_some_and_takes_any)
{
    FOR_EACH_BINDING_PACKAGE
    {
        assert_status(login(false, SAYS_OTHER, ASC_REQ_PROXY_BINDINGS), SEC_E_OK);
        cr_assert(exchange.bindings_result & SEC_CHANNEL_BINDINGS_RESULT_VALID_PROXY);
        assert_status(login(false, SAYS_NOTHING_OF_IT, ASC_REQ_PROXY_BINDINGS), SEC_E_BAD_BINDINGS);
    }
}

Test(bindings, server_that_does_not_ask_does_not_check)
{
    FOR_EACH_BINDING_PACKAGE
    {
        assert_status(login(false, SAYS_OTHER, 0), SEC_E_OK);
        assert_status(login(false, SAYS_NOTHING_OF_IT, 0), SEC_E_OK);
    }
}

/* The last leg, with the bindings before or behind the token and any malformed form of them. */
static SECURITY_STATUS last_leg(void *blob, ULONG size, bool before)
{
    static uint8_t out[TOKEN_MAX];
    SecBuffer token, bindings = {size, SECBUFFER_CHANNEL_BINDINGS | SECBUFFER_READONLY, blob}, in_buffers[2];
    SecBuffer out_buffer = {TOKEN_MAX, SECBUFFER_TOKEN, out};
    SecBufferDesc in = {0, 2, in_buffers}, out_desc = {0, 1, &out_buffer};
    SecHandle *context;
    SECURITY_STATUS status;
    ULONG attributes;

    exchange_begin(&exchange, CLIENT_GOOD);
    exchange.client_bindings = make("x", &exchange.client_bindings_size);
    exchange_until_last(&exchange);
    token = (SecBuffer){exchange.token_size, SECBUFFER_TOKEN, exchange.token};
    in_buffers[0] = before ? bindings : token;
    in_buffers[1] = before ? token : bindings;
    context = package->server_legs > 1 ? &exchange.server : NULL;
    status = AcceptSecurityContext(&exchange.server_credential, context, &in, exchange.server_flags, 0,
                                   &exchange.server, &out_desc, &attributes, NULL);
    FreeContextBuffer(exchange.client_bindings);
    exchange_end(&exchange);
    return status;
}

Test(bindings, before_or_behind_the_token)
{
    FOR_EACH_BINDING_PACKAGE
    {
        ULONG size;
        SEC_CHANNEL_BINDINGS *same = make("x", &size);

        assert_status(last_leg(same, size, true), SEC_E_OK);
        assert_status(last_leg(same, size, false), SEC_E_OK);
        FreeContextBuffer(same);
    }
}

Test(bindings, malformed_ones_fail_the_login)
{
    FOR_EACH_BINDING_PACKAGE
    {
        ULONG size;
        SEC_CHANNEL_BINDINGS *same = make("x", &size);

        for (ULONG cut = 0; cut < size; cut++)
            assert_status(last_leg(same, cut, true), SEC_E_INVALID_TOKEN);
        same->dwApplicationDataOffset = 0xFFFFFFFF;
        assert_status(last_leg(same, size, true), SEC_E_INVALID_TOKEN);
        assert_status(last_leg(NULL, size, false), SEC_E_INVALID_TOKEN);
        FreeContextBuffer(same);
    }
}

/* The EX form that only audits: the login succeeds, the result tells. */
Test(bindings, audit_reports_and_does_not_fail)
{
    FOR_EACH_BINDING_PACKAGE
    {
        SecPkgContext_Bindings block;

        block.Bindings = make("audited", &block.BindingsLength);
        assert_status(SspiSetChannelBindingFlags(&block, SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS), SEC_E_OK);
        exchange_begin(&exchange, CLIENT_GOOD);
        exchange.server_bindings = block.Bindings;
        exchange.server_bindings_size = block.BindingsLength;
        assert_status(exchange_run(&exchange), SEC_E_OK);
        cr_assert(exchange.bindings_result & SEC_CHANNEL_BINDINGS_RESULT_NOTVALID);
        FreeContextBuffer(block.Bindings);
        exchange_end(&exchange);
    }
}

/* Given on the first leg alone they hold for the rest of the exchange: nothing is dropped in silence. */
Test(bindings, first_leg_alone)
{
    FOR_EACH_BINDING_PACKAGE
    {
        for (int same = 0; package->server_legs > 1 && same < 2; same++) {
            SEC_CHANNEL_BINDINGS *ours;
            SECURITY_STATUS status;

            exchange_begin(&exchange, CLIENT_GOOD);
            exchange.server_bindings = ours = make("tls-server-end-point:ours", &exchange.server_bindings_size);
            exchange.client_bindings = make(same ? "tls-server-end-point:ours" : "tls-server-end-point:theirs",
                                            &exchange.client_bindings_size);
            assert_status(exchange_client(&exchange), SEC_I_CONTINUE_NEEDED);
            assert_status(exchange_server(&exchange), SEC_I_CONTINUE_NEEDED);
            exchange.server_bindings = NULL;
            assert_status(FreeContextBuffer(ours), SEC_E_OK);
            status = exchange_run(&exchange);
            assert_status(status, same ? SEC_E_OK : SEC_E_BAD_BINDINGS);
            FreeContextBuffer(exchange.client_bindings);
            exchange_end(&exchange);
        }
    }
}
