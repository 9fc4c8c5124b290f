/* Protected messages: G 63, 72, 79, 80 of the checklist, and the rules of the message functions. */
#include "packages.h"

static struct exchange exchange;
static const char plain[] = "The quick brown fox jumps over the lazy dog";

struct letter {
    uint8_t data[sizeof plain], signature[256];
    ULONG signature_size;
};

static SecPkgContext_Sizes sizes;

static void open(void)
{
    exchange_open(&exchange);
    assert_status(QueryContextAttributesA(&exchange.client, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    cr_assert_leq(sizes.cbMaxSignature, 256);
    cr_assert_leq(sizes.cbSecurityTrailer, 256);
}

typedef SECURITY_STATUS protect_function(SecHandle *, ULONG, SecBufferDesc *, ULONG);
typedef SECURITY_STATUS check_function(SecHandle *, SecBufferDesc *, ULONG, ULONG *);

static SECURITY_STATUS protect(protect_function *function, SecHandle *from, struct letter *letter)
{
    SecBuffer buffers[2] = {{sizeof plain, SECBUFFER_DATA, letter->data},
                            {sizeof letter->signature, SECBUFFER_TOKEN, letter->signature}};
    SecBufferDesc desc = {0, 2, buffers};
    SECURITY_STATUS status;

    memcpy(letter->data, plain, sizeof plain);
    status = function(from, 0, &desc, 0);
    letter->signature_size = buffers[1].cbBuffer;
    return status;
}

static SECURITY_STATUS check(check_function *function, SecHandle *to, const struct letter *letter, struct letter *out)
{
    SecBuffer buffers[2];
    SecBufferDesc desc = {0, 2, buffers};
    ULONG qop = 0;

    *out = *letter;
    buffers[0] = (SecBuffer){out->signature_size, SECBUFFER_TOKEN, out->signature};
    buffers[1] = (SecBuffer){sizeof plain, SECBUFFER_DATA, out->data};
    return function(to, &desc, 0, &qop);
}

/* Signing or sealing, with what the package lacks left out. */
static const struct operation {
    protect_function *protect;
    check_function *check;
    bool seals;
} operations[] = {{MakeSignature, VerifySignature, false}, {EncryptMessage, DecryptMessage, true}};

#define FOR_EACH_OPERATION                                                                                             \
    FOR_EACH_PACKAGE for (const struct operation *operation = operations; operation < operations + 2;                  \
                          operation++) if (operation->seals ? package->seals : package->signs)

Test(messages, both_ways)
{
    FOR_EACH_OPERATION
    {
        struct letter letter, got;

        open();
        for (int i = 0; i < 5; i++) {
            assert_status(protect(operation->protect, &exchange.client, &letter), SEC_E_OK);
            cr_assert_leq(letter.signature_size, operation->seals ? sizes.cbSecurityTrailer : sizes.cbMaxSignature);
            cr_assert_eq(memcmp(letter.data, plain, sizeof plain) != 0, operation->seals);
            assert_status(check(operation->check, &exchange.server, &letter, &got), SEC_E_OK);
            assert_mem_eq(got.data, plain, sizeof plain);
            assert_status(protect(operation->protect, &exchange.server, &letter), SEC_E_OK);
            assert_status(check(operation->check, &exchange.client, &letter, &got), SEC_E_OK);
            assert_mem_eq(got.data, plain, sizeof plain);
        }
        exchange_end(&exchange);
    }
}

Test(messages, equal_messages_do_not_look_equal)
{
    FOR_EACH_OPERATION
    {
        struct letter first, second;

        open();
        assert_status(protect(operation->protect, &exchange.client, &first), SEC_E_OK);
        assert_status(protect(operation->protect, &exchange.client, &second), SEC_E_OK);
        cr_assert_neq(memcmp(first.signature, second.signature, first.signature_size), 0);
        exchange_end(&exchange);
    }
}

/* Each altered byte on a context of its own: after an altered message a package may close. */
static void tamper(const struct operation *operation, size_t position)
{
    struct letter letter, got;
    SECURITY_STATUS status;

    assert_status(protect(operation->protect, &exchange.client, &letter), SEC_E_OK);
    if (position < sizeof plain)
        letter.data[position] ^= 0x40;
    else
        letter.signature[position - sizeof plain] ^= 0x01;
    status = check(operation->check, &exchange.server, &letter, &got);
    cr_assert(status == SEC_E_MESSAGE_ALTERED || status == SEC_E_OUT_OF_SEQUENCE || status == SEC_E_INVALID_TOKEN,
              "%s, byte %zu: %s", package->name, position, SspiStatusName(status));
    if (operation->seals)
        cr_assert_neq(memcmp(got.data, plain, sizeof plain), 0); /* no plain text of a refused message */
}

Test(messages, every_altered_byte_is_refused, .timeout = 300)
{
    FOR_EACH_OPERATION
    {
        ULONG signature_size;

        open();
        signature_size = operation->seals ? sizes.cbSecurityTrailer : sizes.cbMaxSignature;
        exchange_end(&exchange);
        for (size_t i = 0; i < sizeof plain + signature_size; i++) {
            open();
            tamper(operation, i);
            exchange_end(&exchange);
        }
    }
}

Test(messages, cut_signatures)
{
    FOR_EACH_OPERATION
    {
        struct letter letter, cut, got;

        open();
        assert_status(protect(operation->protect, &exchange.client, &letter), SEC_E_OK);
        for (ULONG size = 0; size < letter.signature_size; size++) {
            cut = letter;
            cut.signature_size = size;
            cr_assert_lt(check(operation->check, &exchange.server, &cut, &got), 0);
        }
        exchange_end(&exchange);
    }
}

Test(messages, replayed)
{
    FOR_EACH_OPERATION
    {
        struct letter letter, got;

        open();
        assert_status(protect(operation->protect, &exchange.client, &letter), SEC_E_OK);
        assert_status(check(operation->check, &exchange.server, &letter, &got), SEC_E_OK);
        assert_status(check(operation->check, &exchange.server, &letter, &got), SEC_E_OUT_OF_SEQUENCE);
        assert_status(protect(operation->protect, &exchange.client, &letter), SEC_E_OK);
        assert_status(check(operation->check, &exchange.server, &letter, &got), SEC_E_OK);
        exchange_end(&exchange);
    }
}

Test(messages, swapped)
{
    FOR_EACH_OPERATION
    {
        struct letter first, second, got;

        open();
        assert_status(protect(operation->protect, &exchange.client, &first), SEC_E_OK);
        assert_status(protect(operation->protect, &exchange.client, &second), SEC_E_OK);
        assert_status(check(operation->check, &exchange.server, &second, &got), SEC_E_OUT_OF_SEQUENCE);
        assert_status(check(operation->check, &exchange.server, &first, &got), SEC_E_OK);
        assert_status(check(operation->check, &exchange.server, &second, &got), SEC_E_OK);
        exchange_end(&exchange);
    }
}

Test(messages, reflected)
{
    FOR_EACH_OPERATION
    {
        struct letter letter, got;

        open();
        assert_status(protect(operation->protect, &exchange.client, &letter), SEC_E_OK);
        cr_assert_lt(check(operation->check, &exchange.client, &letter, &got), 0);
        exchange_end(&exchange);
    }
}

Test(messages, of_another_context)
{
    FOR_EACH_OPERATION
    {
        struct letter letter, got;

        open();
        assert_status(protect(operation->protect, &exchange.client, &letter), SEC_E_OK);
        exchange_again(&exchange);
        assert_status(exchange_run(&exchange), SEC_E_OK);
        if (operation->seals || !package->always_signs)
            cr_assert_lt(check(operation->check, &exchange.server, &letter, &got), 0);
        exchange_end(&exchange);
    }
}

Test(messages, small_signature_buffer_can_be_repeated)
{
    FOR_EACH_OPERATION
    {
        uint8_t data[4] = "abc", signature[256];
        SecBuffer buffers[2] = {{4, SECBUFFER_DATA, data}, {0, SECBUFFER_TOKEN, signature}};
        SecBufferDesc desc = {0, 2, buffers};
        ULONG qop;

        open();
        for (ULONG room = 0; room < (operation->seals ? sizes.cbSecurityTrailer : sizes.cbMaxSignature); room++) {
            buffers[1].cbBuffer = room;
            assert_status(operation->protect(&exchange.client, 0, &desc, 0), SEC_E_BUFFER_TOO_SMALL);
            assert_mem_eq(data, "abc", 4);
        }
        buffers[1].cbBuffer = sizeof signature;
        assert_status(operation->protect(&exchange.client, 0, &desc, 0), SEC_E_OK);
        assert_status(operation->check(&exchange.server, &desc, 0, &qop), SEC_E_OK);
        assert_mem_eq(data, "abc", 4);
        exchange_end(&exchange);
    }
}

/* READONLY_WITH_CHECKSUM is signed and left as it is; READONLY is not looked at. */
Test(messages, read_only_buffers)
{
    FOR_EACH_OPERATION
    {
        uint8_t header[4] = "hdr", body[4] = "bdy", note[4] = "nte", signature[256];
        SecBuffer buffers[4] = {{4, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, header},
                                {4, SECBUFFER_DATA, body},
                                {4, SECBUFFER_DATA | SECBUFFER_READONLY, note},
                                {sizeof signature, SECBUFFER_TOKEN, signature}};
        SecBufferDesc desc = {0, 4, buffers};
        ULONG qop;

        open();
        assert_status(operation->protect(&exchange.client, 0, &desc, 0), SEC_E_OK);
        assert_mem_eq(header, "hdr", 4);
        assert_mem_eq(note, "nte", 4);
        note[0] = 'X';
        assert_status(operation->check(&exchange.server, &desc, 0, &qop), SEC_E_OK);
        assert_mem_eq(body, "bdy", 4);
        buffers[3].cbBuffer = sizeof signature;
        assert_status(operation->protect(&exchange.client, 0, &desc, 0), SEC_E_OK);
        header[0] = 'X';
        assert_status(operation->check(&exchange.server, &desc, 0, &qop), SEC_E_MESSAGE_ALTERED);
        exchange_end(&exchange);
    }
}

Test(messages, buffers_that_are_missing)
{
    FOR_EACH_OPERATION
    {
        uint8_t data[4] = "abc", signature[256];
        SecBuffer buffers[2] = {{4, SECBUFFER_DATA, data}, {sizeof signature, SECBUFFER_TOKEN, signature}};
        SecBufferDesc no_token = {0, 1, buffers}, no_data = {0, 1, buffers + 1}, none = {0, 0, NULL},
                      version = {3, 2, buffers};
        ULONG qop;

        open();
        assert_status(operation->protect(&exchange.client, 0, &no_token, 0), SEC_E_INVALID_TOKEN);
        assert_status(operation->protect(&exchange.client, 0, &no_data, 0), SEC_E_INVALID_TOKEN);
        assert_status(operation->protect(&exchange.client, 0, &none, 0), SEC_E_INVALID_TOKEN);
        assert_status(operation->protect(&exchange.client, 0, &version, 0), SEC_E_INVALID_TOKEN);
        assert_status(operation->protect(&exchange.client, 0, NULL, 0), SEC_E_INVALID_TOKEN);
        assert_status(operation->check(&exchange.client, &no_token, 0, &qop), SEC_E_INVALID_TOKEN);
        assert_status(operation->check(&exchange.client, &no_data, 0, &qop), SEC_E_INVALID_TOKEN);
        assert_status(operation->check(&exchange.client, NULL, 0, &qop), SEC_E_INVALID_TOKEN);
        assert_mem_eq(data, "abc", 4);
        exchange_end(&exchange);
    }
}

Test(messages, only_on_an_established_context)
{
    FOR_EACH_OPERATION
    {
        struct letter letter, got = {.signature_size = 16};

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_until_last(&exchange);
        if (package->server_legs > 1)
            assert_status(protect(operation->protect, &exchange.server, &letter), SEC_E_INVALID_HANDLE);
        exchange_end(&exchange);
        assert_status(protect(operation->protect, &exchange.client, &letter), SEC_E_INVALID_HANDLE);
        assert_status(check(operation->check, &exchange.client, &got, &letter), SEC_E_INVALID_HANDLE);
    }
}

Test(messages, only_what_was_agreed)
{
    FOR_EACH_OPERATION
    {
        struct letter letter, got;
        SECURITY_STATUS status;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange.client_flags = operation->seals ? ISC_REQ_INTEGRITY : 0;
        assert_status(exchange_run(&exchange), SEC_E_OK);
        status = protect(operation->protect, &exchange.client, &letter);
        assert_mem_eq(letter.data, plain, sizeof plain);
        if (operation->seals)
            cr_assert_lt(status, 0);
        /* NTLM makes signatures that say nothing, which must not be believed: [MS-NLMP] 2.2.2.9.1. */
        if (operation->seals || !package->always_signs)
            cr_assert_lt(check(operation->check, &exchange.server, &letter, &got), 0);
        exchange_end(&exchange);
    }
}

Test(messages, empty_one)
{
    FOR_EACH_OPERATION
    {
        uint8_t signature[256];
        SecBuffer buffers[2] = {{0, SECBUFFER_DATA, NULL}, {sizeof signature, SECBUFFER_TOKEN, signature}};
        SecBufferDesc desc = {0, 2, buffers};
        ULONG qop;

        open();
        assert_status(operation->protect(&exchange.client, 0, &desc, 0), SEC_E_OK);
        assert_status(operation->check(&exchange.server, &desc, 0, &qop), SEC_E_OK);
        exchange_end(&exchange);
    }
}

/* A first message whose nth allocation fails is not sent; repeated, it is. */
Test(messages, every_allocation_failing_once)
{
    FOR_EACH_OPERATION
    {
        struct letter letter, got;
        SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
        size_t n = 1;

        open();
        for (; status != SEC_E_OK; n++) {
            memory_fail_at(n);
            status = protect(operation->protect, &exchange.client, &letter);
            memory_fail_at(0);
            if (status != SEC_E_OK)
                assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        }
        for (n = 1, status = SEC_E_INSUFFICIENT_MEMORY; status != SEC_E_OK; n++) {
            memory_fail_at(n);
            status = check(operation->check, &exchange.server, &letter, &got);
            memory_fail_at(0);
            if (status != SEC_E_OK)
                assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        }
        assert_mem_eq(got.data, plain, sizeof plain);
        exchange_end(&exchange);
    }
}
