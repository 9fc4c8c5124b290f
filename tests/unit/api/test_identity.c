#define _SEC_WINNT_AUTH_TYPES
#include "doubles.h"
#include "trial.h"

#include "api/identity.h"

static SECURITY_STATUS acquire_a(void *auth_data)
{
    SecHandle handle;
    SECURITY_STATUS status = AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Trial", SECPKG_CRED_OUTBOUND, NULL, auth_data,
                                                       NULL, NULL, &handle, NULL);

    if (status == SEC_E_OK)
        assert_status(FreeCredentialsHandle(&handle), SEC_E_OK);
    else
        cr_assert_not(SecIsValidHandle(&handle));
    return status;
}

static SECURITY_STATUS acquire_w(void *auth_data)
{
    SEC_WCHAR package[] = {'t', 'R', 'i', 'a', 'l', 0}, principal[] = {'P', 0xE9, 0};
    SecHandle handle;
    TimeStamp expiry = {.QuadPart = 3};
    SECURITY_STATUS status = AcquireCredentialsHandleW(principal, package, SECPKG_CRED_OUTBOUND, NULL, auth_data, NULL,
                                                       NULL, &handle, &expiry);

    if (status == SEC_E_OK)
        assert_status(FreeCredentialsHandle(&handle), SEC_E_OK);
    cr_assert_eq(expiry.QuadPart, status == SEC_E_OK ? CLOCK_FOREVER : 0);
    return status;
}

/* "Zoë", "D", "p€" in both forms. */
static SEC_WCHAR wide_user[] = {'Z', 'o', 0xEB}, wide_domain[] = {'D'}, wide_password[] = {'p', 0x20AC},
                 wide_list[] = {'!', 'n'};
static char user[] = "Zo\xC3\xAB", domain[] = "D", password[] = "p\xE2\x82\xAC", list[] = "!n";

static void assert_seen(bool has_list)
{
    cr_assert(trial_seen.has_identity);
    cr_assert_str_eq(trial_seen.user, user);
    cr_assert_str_eq(trial_seen.domain, domain);
    cr_assert_str_eq(trial_seen.password, password);
    cr_assert_eq(trial_seen.has_package_list, has_list);
    cr_assert_str_eq(trial_seen.package_list, has_list ? list : "");
}

static SEC_WINNT_AUTH_IDENTITY_W plain_wide(ULONG flags)
{
    return (SEC_WINNT_AUTH_IDENTITY_W){wide_user, 3, wide_domain, 1, wide_password, 2, flags};
}

static SEC_WINNT_AUTH_IDENTITY_A plain_ansi(ULONG flags)
{
    return (SEC_WINNT_AUTH_IDENTITY_A){(UCHAR *)user, 4, (UCHAR *)domain, 1, (UCHAR *)password, 4, flags};
}

Test(identity, flags_tell_the_form_whatever_the_entry_point)
{
    SEC_WINNT_AUTH_IDENTITY_W wide = plain_wide(SEC_WINNT_AUTH_IDENTITY_UNICODE);
    SEC_WINNT_AUTH_IDENTITY_A ansi = plain_ansi(SEC_WINNT_AUTH_IDENTITY_ANSI);

    assert_status(acquire_a(&wide), SEC_E_OK);
    assert_seen(false);
    assert_status(acquire_w(&wide), SEC_E_OK);
    assert_seen(false);
    cr_assert_str_eq(trial_seen.principal, "P\xC3\xA9");
    assert_status(acquire_a(&ansi), SEC_E_OK);
    assert_seen(false);
    assert_status(acquire_w(&ansi), SEC_E_OK);
    assert_seen(false);
}

Test(identity, entry_point_tells_the_form_where_flags_do_not)
{
    SEC_WINNT_AUTH_IDENTITY_W wide = plain_wide(0);
    SEC_WINNT_AUTH_IDENTITY_A ansi = plain_ansi(SEC_WINNT_AUTH_IDENTITY_ONLY);

    assert_status(acquire_w(&wide), SEC_E_OK);
    assert_seen(false);
    assert_status(acquire_a(&ansi), SEC_E_OK);
    assert_seen(false);
}

Test(identity, flags_that_contradict_or_cannot_be_read)
{
    static const ULONG bad[] = {3, 5, 0x11, 0x22, 0x42, 0x82};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        SEC_WINNT_AUTH_IDENTITY_A ansi = plain_ansi(bad[i]);

        assert_status(acquire_a(&ansi), SEC_E_UNKNOWN_CREDENTIALS);
    }
}

Test(identity, ex_form)
{
    SEC_WINNT_AUTH_IDENTITY_EXW wide = {
        SEC_WINNT_AUTH_IDENTITY_VERSION, sizeof wide, wide_user, 3, wide_domain, 1, wide_password, 2,
        SEC_WINNT_AUTH_IDENTITY_UNICODE, wide_list,   2};
    SEC_WINNT_AUTH_IDENTITY_EXA ansi = {SEC_WINNT_AUTH_IDENTITY_VERSION,
                                        sizeof ansi,
                                        (UCHAR *)user,
                                        4,
                                        (UCHAR *)domain,
                                        1,
                                        (UCHAR *)password,
                                        4,
                                        SEC_WINNT_AUTH_IDENTITY_ANSI,
                                        (UCHAR *)list,
                                        2};

    assert_status(acquire_a(&wide), SEC_E_OK);
    assert_seen(true);
    assert_status(acquire_w(&ansi), SEC_E_OK);
    assert_seen(true);
}

/* An EX2 block: header, user, domain, list, then the packed password. */
struct ex2 {
    SEC_WINNT_AUTH_IDENTITY_EX2 header;
    SEC_WCHAR user[3], domain[1], list[2], pad[2];
    SEC_WINNT_AUTH_PACKED_CREDENTIALS packed;
    SEC_WINNT_AUTH_DATA_PASSWORD data;
    SEC_WCHAR password[2];
};

static struct ex2 ex2_make(void)
{
    struct ex2 block = {.header = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION_2,
                                   .cbHeaderLength = sizeof block.header,
                                   .cbStructureLength = sizeof block,
                                   .UserOffset = offsetof(struct ex2, user),
                                   .UserLength = 6,
                                   .DomainOffset = offsetof(struct ex2, domain),
                                   .DomainLength = 2,
                                   .PackedCredentialsOffset = offsetof(struct ex2, packed),
                                   .PackedCredentialsLength = sizeof block - offsetof(struct ex2, packed),
                                   .PackageListOffset = offsetof(struct ex2, list),
                                   .PackageListLength = 4}};

    memcpy(block.user, wide_user, sizeof block.user);
    memcpy(block.domain, wide_domain, sizeof block.domain);
    memcpy(block.list, wide_list, sizeof block.list);
    memcpy(block.password, wide_password, sizeof block.password);
    block.packed.cbHeaderLength = sizeof block.packed;
    block.packed.cbStructureLength = sizeof block - offsetof(struct ex2, packed);
    block.packed.AuthData.CredType = SEC_WINNT_AUTH_DATA_TYPE_PASSWORD;
    block.packed.AuthData.CredData.ByteArrayOffset = sizeof block.packed;
    block.packed.AuthData.CredData.ByteArrayLength = sizeof block.data + sizeof block.password;
    block.data.UnicodePassword.ByteArrayOffset = sizeof block.data;
    block.data.UnicodePassword.ByteArrayLength = sizeof block.password;
    return block;
}

Test(identity, ex2_form)
{
    struct ex2 block = ex2_make();

    assert_status(acquire_a(&block), SEC_E_OK);
    assert_seen(true);
    assert_status(acquire_w(&block), SEC_E_OK);
    assert_seen(true);
}

Test(identity, ex2_offsets_that_leave_the_block)
{
    struct ex2 block = ex2_make();

    block.header.UserOffset = sizeof block - 2;
    assert_status(acquire_a(&block), SEC_E_UNKNOWN_CREDENTIALS);
    block = ex2_make();
    block.header.PackedCredentialsOffset = 0xFFFFFFF0;
    assert_status(acquire_a(&block), SEC_E_UNKNOWN_CREDENTIALS);
    block = ex2_make();
    block.packed.AuthData.CredData.ByteArrayOffset = 0xFFFFFFFF;
    assert_status(acquire_a(&block), SEC_E_UNKNOWN_CREDENTIALS);
    block = ex2_make();
    block.data.UnicodePassword.ByteArrayLength = 6;
    assert_status(acquire_a(&block), SEC_E_UNKNOWN_CREDENTIALS);
    block = ex2_make();
    block.packed.AuthData.CredType = SEC_WINNT_AUTH_DATA_TYPE_CERT;
    assert_status(acquire_a(&block), SEC_E_UNKNOWN_CREDENTIALS);
    block = ex2_make();
    block.header.cbStructureLength = 10;
    assert_status(acquire_a(&block), SEC_E_UNKNOWN_CREDENTIALS);
}

Test(identity, absent_is_not_empty)
{
    SEC_WINNT_AUTH_IDENTITY_A identity = {.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};

    assert_status(acquire_a(NULL), SEC_E_OK);
    cr_assert_not(trial_seen.has_identity);
    assert_status(acquire_a(&identity), SEC_E_OK);
    cr_assert(trial_seen.has_identity);
    cr_assert_not(trial_seen.has_user || trial_seen.has_domain || trial_seen.has_password);
    identity.Password = (UCHAR *)"";
    identity.User = (UCHAR *)"";
    assert_status(acquire_a(&identity), SEC_E_OK);
    cr_assert(trial_seen.has_user && trial_seen.has_password);
}

Test(identity, malformed_text)
{
    static SEC_WCHAR lone[] = {0xD800, 0}, nul[] = {'a', 0, 'b'};
    SEC_WINNT_AUTH_IDENTITY_W wide = plain_wide(SEC_WINNT_AUTH_IDENTITY_UNICODE);
    SEC_WINNT_AUTH_IDENTITY_A ansi = plain_ansi(SEC_WINNT_AUTH_IDENTITY_ANSI);
    SecHandle handle;

    wide.User = lone;
    wide.UserLength = 1;
    assert_status(acquire_w(&wide), SEC_E_UNKNOWN_CREDENTIALS);
    wide.User = nul;
    wide.UserLength = 3;
    assert_status(acquire_w(&wide), SEC_E_UNKNOWN_CREDENTIALS);
    wide.User = NULL;
    assert_status(acquire_w(&wide), SEC_E_UNKNOWN_CREDENTIALS);
    ansi.PasswordLength = 3; /* cuts the euro sign */
    assert_status(acquire_a(&ansi), SEC_E_UNKNOWN_CREDENTIALS);
    ansi.PasswordLength = 0xFFFFFFFF;
    assert_status(acquire_a(&ansi), SEC_E_UNKNOWN_CREDENTIALS);
    assert_status(
        AcquireCredentialsHandleA((SEC_CHAR *)"\xFF", (SEC_CHAR *)"Trial", 1, NULL, NULL, NULL, NULL, &handle, NULL),
        SEC_E_INVALID_PARAMETER);
    assert_status(AcquireCredentialsHandleW(lone, lone, 1, NULL, NULL, NULL, NULL, &handle, NULL),
                  SEC_E_INVALID_PARAMETER);
}

Test(identity, every_allocation_failing_once)
{
    SEC_WINNT_AUTH_IDENTITY_EXW wide = {
        SEC_WINNT_AUTH_IDENTITY_VERSION, sizeof wide, wide_user, 3, wide_domain, 1, wide_password, 2,
        SEC_WINNT_AUTH_IDENTITY_UNICODE, wide_list,   2};
    size_t live = memory_live();

    for (size_t n = 1;; n++) {
        SECURITY_STATUS status;

        memory_fail_at(n);
        status = acquire_w(&wide);
        if (memory_count() < n)
            break;
        memory_fail_at(0);
        if (status != SEC_E_OK)
            assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        cr_assert_eq(trial_credentials(), 0);
    }
    memory_fail_at(0);
    cr_assert_leq(memory_live(), live + 1); /* a chunk of the handle table may have been added */
    assert_status(acquire_w(&wide), SEC_E_OK);
    assert_seen(true);
}
