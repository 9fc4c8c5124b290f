/* Names of packages in both forms, and the literals and macros that sources written for Windows lean on. */
#define _SEC_WINNT_AUTH_TYPES
#include "test.h"

#include <stdio.h>

#include "credssp.h"
#include "schannel.h"

static void check_wide(const WCHAR *wide, const char *narrow)
{
    size_t i = 0;

    for (; narrow[i] != '\0'; i++) {
        cr_assert_eq((unsigned)wide[i], (unsigned)(unsigned char)narrow[i]);
    }
    cr_assert_eq((unsigned)wide[i], 0U);
}

Test(names, packages)
{
    cr_assert_str_eq(NTLMSP_NAME_A, "NTLM");
    cr_assert_str_eq(MICROSOFT_KERBEROS_NAME_A, "Kerberos");
    cr_assert_str_eq(NEGOSSP_NAME_A, "Negotiate");
    cr_assert_str_eq(WDIGEST_SP_NAME_A, "WDigest");
    cr_assert_str_eq(UNISP_NAME_A, "Microsoft Unified Security Protocol Provider");
    cr_assert_str_eq(SCHANNEL_NAME_A, "Schannel");
    cr_assert_str_eq(DEFAULT_TLS_SSP_NAME_A, "Default TLS SSP");
    cr_assert_str_eq(CREDSSP_NAME_A, "CREDSSP");
    check_wide(NTLMSP_NAME_W, "NTLM");
    check_wide(MICROSOFT_KERBEROS_NAME_W, "Kerberos");
    check_wide(NEGOSSP_NAME_W, "Negotiate");
    check_wide(WDIGEST_SP_NAME_W, "WDigest");
    check_wide(UNISP_NAME_W, "Microsoft Unified Security Protocol Provider");
    check_wide(SCHANNEL_NAME_W, "Schannel");
    check_wide(DEFAULT_TLS_SSP_NAME_W, "Default TLS SSP");
    check_wide(CREDSSP_NAME_W, "CREDSSP");
}

/* Without UNICODE: Windows makes these two wide all the same, the others 8-bit. */
Test(names, generic)
{
    check_wide(NTLMSP_NAME, "NTLM");
    check_wide(MICROSOFT_KERBEROS_NAME, "Kerberos");
    cr_assert_str_eq(NEGOSSP_NAME, "Negotiate");
    cr_assert_str_eq(WDIGEST_SP_NAME, "WDigest");
    cr_assert_str_eq(UNISP_NAME, "Microsoft Unified Security Protocol Provider");
    cr_assert_str_eq(CREDSSP_NAME, "CREDSSP");
    cr_assert_str_eq(TEXT("NTLM"), "NTLM");
    cr_assert_str_eq(SECURITY_ENTRYPOINT, "InitSecurityInterfaceA");
    cr_assert_str_eq(SECURITY_ENTRYPOINT_ANSI, "InitSecurityInterfaceA");
}

Test(names, handle_macros)
{
    CtxtHandle handle = {0, 0};

    cr_assert(SecIsValidHandle(&handle));
    SecInvalidateHandle(&handle);
    cr_assert(!SecIsValidHandle(&handle));
    cr_assert(handle.dwLower == UINTPTR_MAX && handle.dwUpper == UINTPTR_MAX);
    handle.dwLower = 1;
    cr_assert(!SecIsValidHandle(&handle));
    handle.dwUpper = 1;
    cr_assert(SecIsValidHandle(&handle));
}

/* Errors are negative, information is not: the sign alone tells them apart. */
Test(names, success_macro)
{
    cr_assert(SEC_SUCCESS(SEC_E_OK));
    cr_assert(SEC_SUCCESS(SEC_I_CONTINUE_NEEDED));
    cr_assert(!SEC_SUCCESS(SEC_E_INCOMPLETE_MESSAGE));
    cr_assert(!SEC_SUCCESS(SEC_E_CONTEXT_EXPIRED));
    cr_assert(SEC_SUCCESS(SEC_I_CONTEXT_EXPIRED));
    cr_assert(!SEC_SUCCESS(STATUS_LOGON_FAILURE));
}

static int magic_bytes_are(const char *expected)
{
    SEC_CHANNEL_BINDINGS_EX bindings = {.magicNumber = SEC_CHANNEL_BINDINGS_EX_MAGIC};

    return memcmp(&bindings.magicNumber, expected, 4) == 0;
}

/* 'XEBC' as Windows' compiler packs it: the last letter in the lowest byte. */
Test(names, bindings_magic)
{
    cr_assert(magic_bytes_are("CBEX"));
}

static void check_guid(const GUID *guid, const char *expected)
{
    char text[40];
    const UCHAR *end = guid->Data4;

    snprintf(text, sizeof text, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", guid->Data1, guid->Data2,
             guid->Data3, end[0], end[1], end[2], end[3], end[4], end[5], end[6], end[7]);
    cr_assert_str_eq(text, expected);
}

/* Kinds of packed credentials, in SEC_WINNT_AUTH_IDENTITY_EX2. */
Test(names, packed_credential_types)
{
    check_guid(&SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, "28bfc32f-10f6-4738-98d1-1ac061df716a");
    check_guid(&SEC_WINNT_AUTH_DATA_TYPE_CERT, "235f69ad-73fb-4dbc-8203-0629e739339b");
    check_guid(&SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, "d587aae8-f78f-4455-a112-c934beee7ce1");
    check_guid(&SEC_WINNT_AUTH_DATA_TYPE_CSP_DATA, "68fd9879-079c-4dfe-8281-578aadc1c100");
    check_guid(&SEC_WINNT_AUTH_DATA_TYPE_CREDMAN_CERT, "7cb72412-1016-491a-8c87-4d2aa1b7dd3a");
    check_guid(&SEC_WINNT_AUTH_DATA_TYPE_NGC, "10a47879-5ebf-4b85-bd8d-c21bb4f49c8a");
    check_guid(&SEC_WINNT_AUTH_DATA_TYPE_FIDO, "32e8f8d7-7871-4bcc-83c5-460f66c6135c");
    check_guid(&SEC_WINNT_AUTH_DATA_TYPE_SMARTCARD_CONTEXTS, "b86c4ff3-49d7-4dc4-b560-b1163685b236");
}
