/* Buffers in and out: parts E, G (memory) and I of the checklist. */
#include "packages.h"

static struct exchange exchange;
static uint8_t memory[TOKEN_MAX];

/* A server's leg with the caller's descriptors. */
static SECURITY_STATUS accept(SecHandle *context, SecBufferDesc *in, ULONG flags, SecHandle *created,
                              SecBufferDesc *out, ULONG *attributes)
{
    return AcceptSecurityContext(&exchange.server_credential, context, in, exchange.server_flags | flags, 0, created,
                                 out, attributes, NULL);
}

/* The first leg with `room` bytes of output. `*size`: what cbBuffer says afterwards. */
static SECURITY_STATUS first_leg(ULONG room, ULONG *size)
{
    SecBuffer in_buffer = {exchange.token_size, SECBUFFER_TOKEN, exchange.token},
              out_buffer = {room, SECBUFFER_TOKEN, memory};
    SecBufferDesc in = {0, 1, &in_buffer}, out = {0, 1, &out_buffer};
    ULONG attributes;
    SECURITY_STATUS status = accept(NULL, &in, 0, &exchange.server, &out, &attributes);

    *size = out_buffer.cbBuffer;
    return status;
}

Test(buffers, too_small_fitting_and_larger_output_of_the_server)
{
    FOR_EACH_PACKAGE
    {
        ULONG needed, size;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_client(&exchange);
        memset(memory, 0x77, sizeof memory);
        assert_status(first_leg(0, &needed), SEC_E_BUFFER_TOO_SMALL);
        cr_assert_gt(needed, 0);
        assert_status(first_leg(needed - 1, &size), SEC_E_BUFFER_TOO_SMALL);
        cr_assert_eq(size, needed);
        cr_assert_not(SecIsValidHandle(&exchange.server));
        cr_assert_eq(memory[0], 0x77);
        assert_status(first_leg(needed, &size), FIRST_LEG_STATUS);
        cr_assert_eq(size, needed);
        cr_assert_eq(memory[needed], 0x77);
        memcpy(exchange.token, memory, size);
        exchange.token_size = size;
        exchange.server_legs = 1;
        cr_assert_geq(exchange_client(&exchange), 0);
        if (package->server_legs > 1)
            assert_status(exchange_server(&exchange), SEC_E_OK);
        exchange_again(&exchange);
        exchange_client(&exchange);
        assert_status(first_leg(needed + 1, &size), FIRST_LEG_STATUS);
        cr_assert_eq(size, needed);
        exchange_end(&exchange);
    }
}

/* Each leg of the client with n - 1 bytes, then exactly n: the same handles, the same call. */
static void client_leg(uint8_t *token, ULONG *token_size, SECURITY_STATUS *last)
{
    bool first = !SecIsValidHandle(&exchange.client);
    SecBuffer in_buffer = {*token_size, SECBUFFER_TOKEN, token}, out_buffer = {0, SECBUFFER_TOKEN, memory};
    SecBufferDesc in = {0, 1, &in_buffer}, out = {0, 1, &out_buffer};
    ULONG attributes, needed;

    for (int attempt = 0; attempt < 3; attempt++) {
        SecHandle *context = first ? NULL : &exchange.client;

        *last = InitializeSecurityContextA(&exchange.client_credential, context, (SEC_CHAR *)package->target,
                                           exchange.client_flags, 0, 0, first ? NULL : &in, 0, &exchange.client, &out,
                                           &attributes, NULL);
        needed = out_buffer.cbBuffer;
        if (attempt < 2) {
            assert_status(*last, SEC_E_BUFFER_TOO_SMALL);
            cr_assert_eq(SecIsValidHandle(&exchange.client), !first);
        }
        out_buffer.cbBuffer = attempt ? needed : needed - 1;
    }
    cr_assert_geq(*last, 0);
    memcpy(token, memory, needed);
    *token_size = needed;
}

Test(buffers, too_small_output_of_the_client_on_every_leg)
{
    FOR_EACH_PACKAGE
    {
        SECURITY_STATUS last = SEC_I_CONTINUE_NEEDED, server = SEC_I_CONTINUE_NEEDED;

        exchange_begin(&exchange, CLIENT_GOOD);
        while (server == SEC_I_CONTINUE_NEEDED) {
            if (last == SEC_I_CONTINUE_NEEDED)
                client_leg(exchange.token, &exchange.token_size, &last);
            server = exchange_server(&exchange);
        }
        assert_status(server, SEC_E_OK);
        if (last == SEC_I_CONTINUE_NEEDED)
            last = exchange_client(&exchange);
        assert_status(last, SEC_E_OK);
        exchange_end(&exchange);
    }
}

Test(buffers, allocated_output)
{
    FOR_EACH_PACKAGE
    {
        SecBuffer in_buffer, out_buffer = {0, SECBUFFER_TOKEN, NULL};
        SecBufferDesc in = {0, 1, &in_buffer}, out = {0, 1, &out_buffer};
        ULONG attributes;
        size_t live;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_client(&exchange);
        in_buffer = (SecBuffer){exchange.token_size, SECBUFFER_TOKEN, exchange.token};
        assert_status(accept(NULL, &in, ASC_REQ_ALLOCATE_MEMORY, &exchange.server, &out, &attributes),
                      FIRST_LEG_STATUS);
        cr_assert(attributes & ASC_RET_ALLOCATED_MEMORY);
        cr_assert(out_buffer.pvBuffer && out_buffer.cbBuffer);
        live = memory_live();
        assert_status(FreeContextBuffer(out_buffer.pvBuffer), SEC_E_OK);
        cr_assert_eq(memory_live(), live - 1);
        assert_status(FreeContextBuffer(out_buffer.pvBuffer), SEC_E_INVALID_HANDLE);
        exchange_end(&exchange);
    }
}

Test(buffers, nothing_to_send_is_size_zero)
{
    FOR_EACH_PACKAGE
    {
        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_until_last(&exchange);
        assert_status(exchange_server(&exchange), SEC_E_OK);
        cr_assert_eq(exchange.token_size == 0, package->last_leg_is_empty);
        exchange_end(&exchange);
    }
}

Test(buffers, no_output_is_tolerated_when_nothing_is_sent)
{
    FOR_EACH_PACKAGE
    {
        SecBuffer in_buffer;
        SecBufferDesc in = {0, 1, &in_buffer};
        ULONG attributes;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_client(&exchange);
        in_buffer = (SecBuffer){exchange.token_size, SECBUFFER_TOKEN, exchange.token};
        cr_assert_lt(accept(NULL, &in, 0, &exchange.server, NULL, &attributes), 0);
        cr_assert_not(SecIsValidHandle(&exchange.server));
        cr_assert_lt(accept(NULL, &in, ASC_REQ_ALLOCATE_MEMORY, &exchange.server, NULL, &attributes), 0);
        exchange_again(&exchange);
        exchange_until_last(&exchange);
        in_buffer = (SecBuffer){exchange.token_size, SECBUFFER_TOKEN, exchange.token};
        if (package->last_leg_is_empty)
            assert_status(accept(&exchange.server, &in, 0, &exchange.server, NULL, &attributes), SEC_E_OK);
        exchange_end(&exchange);
    }
}

/* The client's token is found by its type, wherever it is and whatever bits are set. */
Test(buffers, token_by_type_not_by_place)
{
    FOR_EACH_PACKAGE
    {
        SecBuffer in_buffers[3] = {{0}}, out_buffers[2] = {{0}};
        SecBufferDesc in = {0, 3, in_buffers}, out = {0, 2, out_buffers};
        uint8_t untouched[4] = "abc";
        ULONG attributes;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_client(&exchange);
        in_buffers[0] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
        in_buffers[1] = (SecBuffer){4, SECBUFFER_PKG_PARAMS, untouched};
        in_buffers[2] = (SecBuffer){exchange.token_size, SECBUFFER_TOKEN | SECBUFFER_READONLY, exchange.token};
        if (package->stream) { /* the one whose token comes first */
            in_buffers[0] = in_buffers[2];
            in_buffers[2] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
        }
        out_buffers[0] = (SecBuffer){4, SECBUFFER_DATA, untouched};
        out_buffers[1] = (SecBuffer){TOKEN_MAX, SECBUFFER_TOKEN, memory};
        assert_status(accept(NULL, &in, 0, &exchange.server, &out, &attributes), FIRST_LEG_STATUS);
        cr_assert(out_buffers[1].cbBuffer > 0 && out_buffers[1].cbBuffer < TOKEN_MAX);
        assert_mem_eq(untouched, "abc", 4);
        exchange_end(&exchange);
    }
}

Test(buffers, descriptor_without_a_token)
{
    FOR_EACH_PACKAGE
    {
        SecBuffer data = {4, SECBUFFER_DATA, memory}, out_buffer = {TOKEN_MAX, SECBUFFER_TOKEN, memory};
        SecBufferDesc empty = {0, 0, NULL}, in = {0, 1, &data}, version = {1, 1, &data}, out = {0, 1, &out_buffer};
        ULONG attributes;

        exchange_begin(&exchange, CLIENT_GOOD);
        if (!package->server_first) {
            assert_status(accept(NULL, &empty, 0, &exchange.server, &out, &attributes), SEC_E_INVALID_TOKEN);
            assert_status(accept(NULL, &in, 0, &exchange.server, &out, &attributes), SEC_E_INVALID_TOKEN);
        }
        assert_status(accept(NULL, &version, 0, &exchange.server, &out, &attributes), SEC_E_INVALID_TOKEN);
        exchange_end(&exchange);
    }
}

/* Programs older than bindings, alerts and results: one buffer each way. */
Test(buffers, plain_programs_need_no_newer_structure)
{
    FOR_EACH_PACKAGE
    {
        ULONG size;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_client(&exchange);
        cr_assert_geq(first_leg(TOKEN_MAX, &size), 0);
        exchange_end(&exchange);
    }
}

/* ---- A required output, an optional one ---- */

Test(arguments, attributes_are_required)
{
    FOR_EACH_PACKAGE
    {
        SecBuffer in_buffer, out_buffer = {TOKEN_MAX, SECBUFFER_TOKEN, memory};
        SecBufferDesc in = {0, 1, &in_buffer}, out = {0, 1, &out_buffer};

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_client(&exchange);
        in_buffer = (SecBuffer){exchange.token_size, SECBUFFER_TOKEN, exchange.token};
        assert_status(accept(NULL, &in, 0, &exchange.server, &out, NULL), SEC_E_INVALID_PARAMETER);
        cr_assert_not(SecIsValidHandle(&exchange.server));
        exchange_end(&exchange);
    }
}

/* first_leg() passes NULL for ptsExpiry, support_exchange.c a variable: both on every leg. */
Test(arguments, expiry_is_optional_and_local)
{
    FOR_EACH_PACKAGE
    {
        TimeStamp here;

        exchange_open(&exchange);
        here = exchange.server_expiry;
        cr_assert_gt(here.QuadPart, 0);
        exchange_again(&exchange);
        clock_set_zone(120);
        assert_status(exchange_run(&exchange), SEC_E_OK);
        clock_set_zone(0);
        cr_assert_eq(exchange.server_expiry.QuadPart,
                     here.QuadPart == INT64_MAX ? INT64_MAX : here.QuadPart + INT64_C(72000000000));
        exchange_end(&exchange);
    }
}
