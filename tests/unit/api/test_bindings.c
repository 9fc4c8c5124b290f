#include "api/buffers.h"
#include "api/context_buffer.h"
#include "trial.h"

static struct failure failure;

static SECURITY_STATUS decode(struct step *step, const void *blob, size_t size)
{
    SecBuffer buffer = {(ULONG)size, SECBUFFER_CHANNEL_BINDINGS | SECBUFFER_READONLY, (void *)blob};
    SecBufferDesc in = {0, 1, &buffer};

    *step = (struct step){.failure = &failure};
    return buffers_to_step(step, &in, NULL);
}

static SEC_CHANNEL_BINDINGS *make(const void *data, ULONG size, ULONG *total)
{
    SEC_CHANNEL_BINDINGS *bindings;

    assert_status(SspiMakeChannelBindings(data, size, total, &bindings), SEC_E_OK);
    return bindings;
}

static void hash_of(const void *data, ULONG size, const char *expected)
{
    uint8_t hash[16], wanted[16];
    ULONG total;
    SEC_CHANNEL_BINDINGS *bindings = make(data, size, &total);
    struct step step;

    cr_assert_eq(total, 32 + size);
    assert_status(decode(&step, bindings, total), SEC_E_OK);
    cr_assert(step.has_bindings);
    cr_assert(step_bindings_hash(&step, hash));
    test_hex(expected, wanted, sizeof wanted);
    assert_mem_eq(hash, wanted, 16);
    assert_status(FreeContextBuffer(bindings), SEC_E_OK);
}

Test(bindings, hashes_of_rfc_4121_4_1_1_2)
{
    char data[64] = "tls-server-end-point:", unique[64] = "tls-unique:";

    hash_of(NULL, 0, "441018525208457705bf09a8ee3c1093");
    hash_of(data, 21 + 32, "c9ec5cb29e8f57f7ee6429cde733efeb");
    for (char i = 0; i < 32; i++)
        data[21 + i] = i;
    hash_of(data, 21 + 32, "8f1214c9c9cab8dc3bf866da9aba57a7");
    for (char i = 0; i < 12; i++)
        unique[11 + i] = i;
    hash_of(unique, 11 + 12, "7e5349b5695138957cdd92d99e2e11ea");
}

Test(bindings, every_truncation_is_refused)
{
    ULONG total;
    SEC_CHANNEL_BINDINGS *bindings = make("application", 11, &total);
    struct step step;

    for (ULONG size = 0; size < total; size++) {
        void *cut = context_buffer_dup(bytes_of(bindings, size));

        assert_status(decode(&step, cut, size), SEC_E_INVALID_TOKEN);
        FreeContextBuffer(cut);
    }
    FreeContextBuffer(bindings);
}

Test(bindings, offsets_that_leave_the_buffer)
{
    static const ULONG offsets[] = {0, 31, 36, 0x7FFFFFFF, 0xFFFFFFF0, 0xFFFFFFFF}, sizes[] = {5, 0x10, 0xFFFFFFFF};
    struct step step;

    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
            for (int part = 0; part < 3; part++) {
                ULONG members[9] = {0};
                bool inside = offsets[i] <= 36 && sizes[k] <= 36 - offsets[i];

                members[part == 0 ? 1 : part == 1 ? 4 : 6] = sizes[k];
                members[part == 0 ? 2 : part == 1 ? 5 : 7] = offsets[i];
                assert_status(decode(&step, members, sizeof members), inside ? SEC_E_OK : SEC_E_INVALID_TOKEN);
            }
}

Test(bindings, extended_form_hashes_alike_and_audits)
{
    uint8_t plain_hash[16], extended_hash[16];
    SecPkgContext_Bindings bindings;
    struct step step;

    bindings.Bindings = make("tls-unique:abc", 14, &bindings.BindingsLength);
    assert_status(decode(&step, bindings.Bindings, bindings.BindingsLength), SEC_E_OK);
    cr_assert(step_bindings_hash(&step, plain_hash));
    cr_assert_not(step.bindings_audit);
    assert_status(SspiSetChannelBindingFlags(&bindings, 2), SEC_E_INVALID_PARAMETER);
    assert_status(SspiSetChannelBindingFlags(&bindings, SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS), SEC_E_OK);
    cr_assert_eq(bindings.BindingsLength, 48 + 14);
    assert_status(decode(&step, bindings.Bindings, bindings.BindingsLength), SEC_E_OK);
    cr_assert(step.bindings_audit);
    cr_assert(step_bindings_hash(&step, extended_hash));
    assert_mem_eq(extended_hash, plain_hash, 16);
    for (ULONG size = 0; size < bindings.BindingsLength; size++) {
        void *cut = context_buffer_dup(bytes_of(bindings.Bindings, size));

        assert_status(decode(&step, cut, size), SEC_E_INVALID_TOKEN);
        FreeContextBuffer(cut);
    }
    FreeContextBuffer(bindings.Bindings);
}

Test(bindings, bad_arguments)
{
    SecPkgContext_Bindings bindings = {0, NULL};
    SEC_CHANNEL_BINDINGS local = {0}, *made;
    ULONG size;

    assert_status(SspiMakeChannelBindings(NULL, 1, &size, &made), SEC_E_INVALID_PARAMETER);
    assert_status(SspiMakeChannelBindings("a", 1, NULL, &made), SEC_E_INVALID_PARAMETER);
    assert_status(SspiMakeChannelBindings("a", 1, &size, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiSetChannelBindingFlags(NULL, 0), SEC_E_INVALID_PARAMETER);
    assert_status(SspiSetChannelBindingFlags(&bindings, 0), SEC_E_INVALID_PARAMETER);
    bindings = (SecPkgContext_Bindings){sizeof local, &local}; /* not the library's memory */
    assert_status(SspiSetChannelBindingFlags(&bindings, 0), SEC_E_INVALID_PARAMETER);
}

/* ---- The decision table of Extended Protection ---- */

#define NONE CLIENT_BINDINGS_NONE
#define EMPTY CLIENT_BINDINGS_EMPTY
#define VALUE CLIENT_BINDINGS_VALUE
#define S true
#define P ASC_REQ_PROXY_BINDINGS
#define M ASC_REQ_ALLOW_MISSING_BINDINGS

static const struct decision {
    bool server;
    ULONG flags;
    enum client_bindings client;
    bool same;
    SECURITY_STATUS status;
    ULONG result;
} decisions[] = {
    {S, 0, VALUE, true, SEC_E_OK, 0x11},
    {S, M, VALUE, true, SEC_E_OK, 0x11},
    {false, P, VALUE, true, SEC_E_OK, 0x21},
    {false, 0, VALUE, true, SEC_E_OK, 0x21},
    {S, 0, VALUE, false, SEC_E_BAD_BINDINGS, 0x05},
    {S, M, VALUE, false, SEC_E_BAD_BINDINGS, 0x05},
    {S, P, VALUE, false, SEC_E_BAD_BINDINGS, 0x05},
    {false, P, VALUE, false, SEC_E_OK, 0x21},
    {S, 0, EMPTY, false, SEC_E_BAD_BINDINGS, 0x0B},
    {S, M, EMPTY, false, SEC_E_BAD_BINDINGS, 0x0B},
    {false, P, EMPTY, false, SEC_E_BAD_BINDINGS, 0x0B},
    {false, P | M, EMPTY, false, SEC_E_BAD_BINDINGS, 0x0B},
    {false, 0, EMPTY, false, SEC_E_OK, 0x43},
    {S, 0, NONE, false, SEC_E_BAD_BINDINGS, 0x0A},
    {S, M, NONE, false, SEC_E_OK, 0x42},
    {false, P, NONE, false, SEC_E_BAD_BINDINGS, 0x0A},
    {false, P | M, NONE, false, SEC_E_OK, 0x42},
    {false, 0, NONE, false, SEC_E_OK, 0x42},
    {false, M, NONE, false, SEC_E_OK, 0x42},
};

Test(bindings, decisions_of_extended_protection)
{
    for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++) {
        const struct decision *row = &decisions[i];
        struct step step = {.failure = &failure,
                            .requested = row->flags,
                            .has_bindings = row->server,
                            .bindings_application = bytes_of("x", 1)};
        uint8_t hash[16];

        failure = (struct failure){0};
        cr_assert(step_bindings_hash(&step, hash));
        hash[15] ^= row->same ? 0 : 1;
        assert_status(step_bindings_decide(&step, row->client, hash), row->status);
        cr_assert_eq(step.bindings_result, row->result, "row %zu: 0x%x", i, (unsigned)step.bindings_result);
        cr_assert_eq(failure.reason != SSPI_REASON_NONE, row->status != SEC_E_OK);
        step.bindings_audit = true;
        assert_status(step_bindings_decide(&step, row->client, hash), SEC_E_OK);
        cr_assert_eq(step.bindings_result, row->result);
    }
}

Test(bindings, result_buffer)
{
    SEC_CHANNEL_BINDINGS_RESULT result = {0xFF};
    SecBuffer buffer = {sizeof result, SECBUFFER_CHANNEL_BINDINGS_RESULT, &result};
    SecBufferDesc out = {0, 1, &buffer};
    struct step step = {.bindings_result = 0x0A};

    buffers_from_step(&step, &out, SEC_E_BAD_BINDINGS);
    cr_assert_eq(result.flags, 0x0A);
    buffers_from_step(&step, &out, SEC_E_LOGON_DENIED);
    cr_assert_eq(result.flags, 0);
    buffers_from_step(&step, &out, SEC_E_OK);
    cr_assert_eq(result.flags, 0x0A);
    buffer.cbBuffer = 3;
    result.flags = 0x77;
    buffers_from_step(&step, &out, SEC_E_OK);
    cr_assert_eq(result.flags, 0x77);
}
