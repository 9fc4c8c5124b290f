/* attributes.c, attributes_set.c, credential_attributes.c. */
#include "api/context_buffer.h"
#include "doubles.h"
#include "schannel.h"
#include "trial.h"

static struct trial_pair pair;

static void setup(void)
{
    trial_pair_open(&pair);
}

static void teardown(void)
{
    trial_pair_close(&pair);
    cr_assert_eq(context_buffer_count(), 0);
}

#define ATTRIBUTE_TEST(name) Test(attributes, name, .init = setup, .fini = teardown)

static void assert_wide(const SEC_WCHAR *text, const char *ascii)
{
    for (size_t i = 0; i <= strlen(ascii); i++)
        cr_assert_eq(text[i], (SEC_WCHAR)ascii[i]);
}

ATTRIBUTE_TEST(names_in_both_forms)
{
    SecPkgContext_NamesA ansi;
    SecPkgContext_NamesW wide;

    assert_status(QueryContextAttributesA(&pair.server, SECPKG_ATTR_NAMES, &ansi), SEC_E_OK);
    assert_status(QueryContextAttributesW(&pair.server, SECPKG_ATTR_NAMES, &wide), SEC_E_OK);
    cr_assert_str_eq(ansi.sUserName, "EXAMPLE\\alice");
    assert_wide(wide.sUserName, "EXAMPLE\\alice");
    assert_status(FreeContextBuffer(ansi.sUserName), SEC_E_OK);
    assert_status(FreeContextBuffer(wide.sUserName), SEC_E_OK);
}

ATTRIBUTE_TEST(what_an_rpc_server_authorizes_by)
{
    SecPkgContext_DceInfo info;

    assert_status(QueryContextAttributesA(&pair.server, SECPKG_ATTR_DCE_INFO, &info), SEC_E_OK);
    cr_assert_eq(info.AuthzSvc, RPC_C_AUTHZ_NAME);
    cr_assert_str_eq(info.pPac, "EXAMPLE\\alice");
    assert_status(FreeContextBuffer(info.pPac), SEC_E_OK);
    assert_status(QueryContextAttributesW(&pair.server, SECPKG_ATTR_DCE_INFO, &info), SEC_E_OK);
    assert_wide(info.pPac, "EXAMPLE\\alice");
    assert_status(FreeContextBuffer(info.pPac), SEC_E_OK);
    assert_status(QueryContextAttributesA(&pair.client, SECPKG_ATTR_DCE_INFO, &info), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert(!info.AuthzSvc && !info.pPac);
}

ATTRIBUTE_TEST(there_are_no_access_tokens)
{
    SecPkgContext_AccessToken token = {&pair};

    assert_status(QueryContextAttributesA(&pair.server, SECPKG_ATTR_ACCESS_TOKEN, &token), SEC_E_UNSUPPORTED_FUNCTION);
}

ATTRIBUTE_TEST(numbers_and_times)
{
    SecPkgContext_Sizes sizes;
    SecPkgContext_Lifespan lifespan;
    SecPkgContext_Flags flags;
    SecPkgContext_LastClientTokenStatus last;

    assert_status(QueryContextAttributesA(&pair.server, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    cr_assert(sizes.cbMaxToken == 128 && sizes.cbMaxSignature == 4 && sizes.cbBlockSize == 1
              && sizes.cbSecurityTrailer == 4);
    clock_set_zone(-60);
    assert_status(QueryContextAttributesW(&pair.server, SECPKG_ATTR_LIFESPAN, &lifespan), SEC_E_OK);
    clock_set_zone(0);
    cr_assert_eq(lifespan.tsStart.QuadPart, INT64_C(133500000000000000) - INT64_C(36000000000));
    cr_assert_eq(lifespan.tsExpiry.QuadPart, CLOCK_FOREVER);
    assert_status(QueryContextAttributesA(&pair.server, SECPKG_ATTR_FLAGS, &flags), SEC_E_OK);
    cr_assert_eq(flags.Flags, ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY);
    assert_status(QueryContextAttributesA(&pair.server, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &last), SEC_E_OK);
    cr_assert_eq(last.LastClientTokenStatus, SecPkgAttrLastClientTokenMaybe);
}

ATTRIBUTE_TEST(two_strings_in_one_structure)
{
    SecPkgContext_KeyInfoW info;
    SecPkgContext_NativeNamesA names;

    assert_status(QueryContextAttributesW(&pair.server, SECPKG_ATTR_KEY_INFO, &info), SEC_E_OK);
    assert_wide(info.sSignatureAlgorithmName, "SUM");
    assert_wide(info.sEncryptAlgorithmName, "XOR");
    cr_assert(info.KeySize == 8 && info.EncryptAlgorithm == 7);
    assert_status(QueryContextAttributesA(&pair.server, SECPKG_ATTR_NATIVE_NAMES, &names), SEC_E_OK);
    cr_assert_str_eq(names.sClientName, "client");
    cr_assert_str_eq(names.sServerName, "");
    FreeContextBuffer(info.sSignatureAlgorithmName);
    FreeContextBuffer(info.sEncryptAlgorithmName);
    FreeContextBuffer(names.sClientName);
    FreeContextBuffer(names.sServerName);
}

ATTRIBUTE_TEST(keys_and_targets)
{
    SecPkgContext_SessionKey key;
    SecPkgContext_Target target;
    SecPkgContext_ClientSpecifiedTarget named;

    assert_status(QueryContextAttributesA(&pair.server, SECPKG_ATTR_SESSION_KEY, &key), SEC_E_OK);
    cr_assert_eq(key.SessionKeyLength, 16);
    assert_mem_eq(key.SessionKey, TRIAL_KEY, 16);
    assert_status(QueryContextAttributesW(&pair.server, SECPKG_ATTR_TARGET, &target), SEC_E_OK);
    cr_assert_eq(target.TargetLength, 3);
    cr_assert_str_eq(target.Target, "T\xC3\xA9");
    assert_status(QueryContextAttributesA(&pair.server, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &named), SEC_E_OK);
    assert_wide(named.sTargetName, "HTTP/www");
    FreeContextBuffer(named.sTargetName);
    assert_status(QueryContextAttributesA(&pair.client, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &named), SEC_E_OK);
    cr_assert_null(named.sTargetName);
    FreeContextBuffer(key.SessionKey);
    FreeContextBuffer(target.Target);
}

ATTRIBUTE_TEST(package_answered_for_packages_that_say_nothing)
{
    SecHandle half = trial_half_open(&pair.server_credential);
    SecPkgContext_PackageInfoA info;
    SecPkgContext_NegotiationInfoW negotiation;

    assert_status(QueryContextAttributesA(&half, SECPKG_ATTR_PACKAGE_INFO, &info), SEC_E_OK);
    cr_assert_str_eq(info.PackageInfo->Name, "Trial");
    cr_assert_str_eq(info.PackageInfo->Comment, "Two round trips of words");
    cr_assert(info.PackageInfo->wVersion == 1 && info.PackageInfo->wRPCID == 77 && info.PackageInfo->cbMaxToken == 128);
    assert_status(QueryContextAttributesW(&half, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation), SEC_E_OK);
    cr_assert_eq(negotiation.NegotiationState, SECPKG_NEGOTIATION_IN_PROGRESS);
    assert_wide(negotiation.PackageInfo->Name, "Trial");
    FreeContextBuffer(negotiation.PackageInfo);
    assert_status(QueryContextAttributesW(&pair.server, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation), SEC_E_OK);
    cr_assert_eq(negotiation.NegotiationState, SECPKG_NEGOTIATION_COMPLETE);
    FreeContextBuffer(negotiation.PackageInfo);
    FreeContextBuffer(info.PackageInfo);
    assert_status(DeleteSecurityContext(&half), SEC_E_OK);
}

ATTRIBUTE_TEST(half_open_context_tells_little)
{
    static const ULONG open[] = {SECPKG_ATTR_SIZES, SECPKG_ATTR_FLAGS};
    SecHandle half = trial_half_open(&pair.server_credential);
    ULONG_PTR room[128]; /* for SecPkgContext_CipherInfo */

    for (ULONG attribute = 0; attribute < 140; attribute++) {
        bool allowed = attribute == SECPKG_ATTR_SIZES || attribute == SECPKG_ATTR_FLAGS
                       || attribute == SECPKG_ATTR_PACKAGE_INFO || attribute == SECPKG_ATTR_NEGOTIATION_INFO
                       || attribute == SECPKG_ATTR_ISSUER_LIST_EX;

        if (!allowed)
            assert_status(QueryContextAttributesA(&half, attribute, room), SEC_E_INVALID_HANDLE);
    }
    for (size_t i = 0; i < 2; i++)
        assert_status(QueryContextAttributesA(&half, open[i], room), SEC_E_OK);
    assert_status(DeleteSecurityContext(&half), SEC_E_OK);
}

ATTRIBUTE_TEST(unknown_attributes)
{
    ULONG_PTR room[8];

    assert_status(QueryContextAttributesA(&pair.server, 9999, room), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(QueryContextAttributesW(&pair.server, SECPKG_ATTR_STREAM_SIZES, room), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(QueryContextAttributesA(&pair.server, SECPKG_ATTR_PASSWORD_EXPIRY, room), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(QueryContextAttributesA(&pair.server, SECPKG_ATTR_NAMES, NULL), SEC_E_INVALID_PARAMETER);
}

ATTRIBUTE_TEST(ex_form_checks_the_size)
{
    SecPkgContext_Sizes sizes;
    uint8_t room[sizeof sizes + 1];

    memset(room, 0xAA, sizeof room);
    assert_status(QueryContextAttributesExA(&pair.server, SECPKG_ATTR_SIZES, room, sizeof sizes - 1),
                  SEC_E_BUFFER_TOO_SMALL);
    cr_assert_eq(room[0], 0);
    cr_assert_eq(room[sizeof sizes - 1], 0xAA);
    assert_status(QueryContextAttributesExW(&pair.server, SECPKG_ATTR_SIZES, room, sizeof sizes), SEC_E_OK);
    cr_assert_eq(room[sizeof sizes], 0xAA);
    memcpy(&sizes, room, sizeof sizes);
    cr_assert_eq(sizes.cbMaxToken, 128);
    assert_status(QueryContextAttributesExA(&pair.server, SECPKG_ATTR_SIZES, room, 0), SEC_E_BUFFER_TOO_SMALL);
}

ATTRIBUTE_TEST(outputs_are_zeroed_on_failure)
{
    SecPkgContext_NamesA names = {(char *)1};
    SecHandle stale = {3, 3};

    assert_status(QueryContextAttributesA(&stale, SECPKG_ATTR_NAMES, &names), SEC_E_INVALID_HANDLE);
    cr_assert_null(names.sUserName);
}

ATTRIBUTE_TEST(credential_names)
{
    SecPkgCredentials_NamesA ansi;
    SecPkgCredentials_NamesW wide;

    assert_status(QueryCredentialsAttributesA(&pair.client_credential, SECPKG_CRED_ATTR_NAMES, &ansi), SEC_E_OK);
    cr_assert_str_eq(ansi.sUserName, "alice");
    assert_status(QueryCredentialsAttributesExW(&pair.client_credential, SECPKG_CRED_ATTR_NAMES, &wide, sizeof wide),
                  SEC_E_OK);
    assert_wide(wide.sUserName, "alice");
    FreeContextBuffer(ansi.sUserName);
    FreeContextBuffer(wide.sUserName);
    assert_status(QueryCredentialsAttributesExA(&pair.client_credential, SECPKG_CRED_ATTR_NAMES, &ansi, 7),
                  SEC_E_BUFFER_TOO_SMALL);
    assert_status(QueryCredentialsAttributesA(&pair.client_credential, SECPKG_CRED_ATTR_CERT, &ansi),
                  SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(QueryCredentialsAttributesA(&pair.server, SECPKG_CRED_ATTR_NAMES, &ansi), SEC_E_INVALID_HANDLE);
    assert_status(QueryCredentialsAttributesA(&pair.client_credential, SECPKG_CRED_ATTR_NAMES, NULL),
                  SEC_E_INVALID_PARAMETER);
}

/* Queries once with the nth allocation failing. True: nothing failed any more. */
static bool query_under_pressure(ULONG attribute, size_t n)
{
    void *room[8] = {0};
    size_t live = memory_live();
    SECURITY_STATUS status;

    memory_fail_at(n);
    status = QueryContextAttributesW(&pair.server, attribute, room);
    memory_fail_at(0);
    if (status != SEC_E_OK) {
        assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        cr_assert(!room[0] && !room[1]);
    }
    for (size_t k = 0; k < 3; k++) /* members that are no pointers of ours are refused */
        (void)FreeContextBuffer(room[k]);
    cr_assert_eq(memory_live(), live);
    return status == SEC_E_OK;
}

ATTRIBUTE_TEST(every_allocation_failing_once)
{
    static const ULONG attributes[] = {SECPKG_ATTR_NAMES,        SECPKG_ATTR_KEY_INFO,
                                       SECPKG_ATTR_NATIVE_NAMES, SECPKG_ATTR_SESSION_KEY,
                                       SECPKG_ATTR_PACKAGE_INFO, SECPKG_ATTR_NEGOTIATION_INFO,
                                       SECPKG_ATTR_TARGET,       SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
                                       SECPKG_ATTR_DCE_INFO};

    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        size_t n = 1;

        while (!query_under_pressure(attributes[i], n))
            cr_assert_lt(++n, 30);
        cr_assert_gt(n, 1);
    }
}
