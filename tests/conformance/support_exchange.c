/*
 * Logins between both sides of a package, leg by leg, through the public interface.
 */
#include "packages.h"

void exchange_begin(struct exchange *exchange, enum client_kind kind)
{
    memset(exchange, 0, sizeof *exchange);
    SecInvalidateHandle(&exchange->server);
    SecInvalidateHandle(&exchange->client);
    exchange->server_flags = package->protect_server;
    exchange->client_flags = package->protect_client;
    exchange->representation = SECURITY_NATIVE_DREP;
    assert_status(package->acquire_server(&exchange->server_credential, SECPKG_CRED_INBOUND), SEC_E_OK);
    assert_status(package->acquire_client(&exchange->client_credential, SECPKG_CRED_OUTBOUND, kind), SEC_E_OK);
}

SECURITY_STATUS exchange_client(struct exchange *exchange)
{
    bool first = !SecIsValidHandle(&exchange->client);
    static uint8_t next[TOKEN_MAX];
    SecBuffer in_buffers[2] = {{exchange->token_size, SECBUFFER_TOKEN, exchange->token},
                               {exchange->client_bindings_size, SECBUFFER_CHANNEL_BINDINGS, exchange->client_bindings}};
    SecBuffer out_buffer = {TOKEN_MAX, SECBUFFER_TOKEN, next};
    SecBufferDesc in = {SECBUFFER_VERSION, exchange->client_bindings ? 2 : 1, in_buffers};
    SecBufferDesc out = {SECBUFFER_VERSION, 1, &out_buffer};
    const bool nothing = first && !exchange->token_size;

    if (nothing)
        in_buffers[0].BufferType = SECBUFFER_EMPTY;
    exchange->client_attributes = 0xAAAAAAAA;
    exchange->client_status = InitializeSecurityContextA(
        &exchange->client_credential, first ? NULL : &exchange->client, (SEC_CHAR *)package->target,
        exchange->client_flags, 0, exchange->representation, nothing && !exchange->client_bindings ? NULL : &in, 0,
        &exchange->client, &out, &exchange->client_attributes, NULL);
    memcpy(exchange->token, next, out_buffer.cbBuffer);
    exchange->token_size = out_buffer.cbBuffer;
    return exchange->client_status;
}

SECURITY_STATUS exchange_server(struct exchange *exchange)
{
    bool first = !SecIsValidHandle(&exchange->server);
    static uint8_t next[TOKEN_MAX];
    SEC_CHANNEL_BINDINGS_RESULT result = {0};
    SecBuffer in_buffers[2] = {{exchange->token_size, SECBUFFER_TOKEN, exchange->token},
                               {exchange->server_bindings_size, SECBUFFER_CHANNEL_BINDINGS, exchange->server_bindings}};
    SecBuffer out_buffers[2] = {{TOKEN_MAX, SECBUFFER_TOKEN, next},
                                {sizeof result, SECBUFFER_CHANNEL_BINDINGS_RESULT, &result}};
    SecBufferDesc in = {SECBUFFER_VERSION, exchange->server_bindings ? 2 : 1, in_buffers};
    SecBufferDesc out = {SECBUFFER_VERSION, 2, out_buffers};

    exchange->server_attributes = 0xAAAAAAAA;
    exchange->server_status = AcceptSecurityContext(&exchange->server_credential, first ? NULL : &exchange->server, &in,
                                                    exchange->server_flags, exchange->representation, &exchange->server,
                                                    &out, &exchange->server_attributes, &exchange->server_expiry);
    exchange->server_legs++;
    exchange->bindings_result = result.flags;
    memcpy(exchange->token, next, out_buffers[0].cbBuffer);
    exchange->token_size = out_buffers[0].cbBuffer;
    return exchange->server_status;
}

SECURITY_STATUS exchange_run(struct exchange *exchange)
{
    exchange->server_status = exchange->client_status = SEC_I_CONTINUE_NEEDED;
    for (int leg = 0; leg < 10; leg++) {
        if (exchange->client_status == SEC_I_CONTINUE_NEEDED && exchange_client(exchange) < 0)
            return exchange->server_status;
        if (exchange->server_status == SEC_I_CONTINUE_NEEDED && exchange_server(exchange) < 0)
            return exchange->server_status;
        if (exchange->server_status == SEC_E_OK && exchange->client_status == SEC_E_OK)
            break;
    }
    return exchange->server_status;
}

void exchange_open(struct exchange *exchange)
{
    exchange_begin(exchange, CLIENT_GOOD);
    cr_assert_eq(exchange_run(exchange), SEC_E_OK, "%s: %s", package->name, SspiStatusName(exchange->server_status));
    assert_status(exchange->client_status, SEC_E_OK);
}

void exchange_until_last(struct exchange *exchange)
{
    exchange_client(exchange);
    while (exchange->server_legs < package->server_legs - 1) {
        assert_status(exchange_server(exchange), SEC_I_CONTINUE_NEEDED);
        cr_assert_geq(exchange_client(exchange), 0);
    }
}

void exchange_again(struct exchange *exchange)
{
    if (SecIsValidHandle(&exchange->server))
        assert_status(DeleteSecurityContext(&exchange->server), SEC_E_OK);
    if (SecIsValidHandle(&exchange->client))
        assert_status(DeleteSecurityContext(&exchange->client), SEC_E_OK);
    SecInvalidateHandle(&exchange->server);
    SecInvalidateHandle(&exchange->client);
    exchange->token_size = 0;
    exchange->server_legs = 0;
}

void exchange_end(struct exchange *exchange)
{
    exchange_again(exchange);
    assert_status(FreeCredentialsHandle(&exchange->server_credential), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&exchange->client_credential), SEC_E_OK);
}
