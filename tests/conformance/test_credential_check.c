#include <string.h>

#include "test.h"

#include "sspi_ext.h"

static SecHandle credential;

static SECURITY_STATUS checked(const char *package, ULONG use, const char *name, const char *value)
{
    TimeStamp expiry;
    SECURITY_STATUS status =
        AcquireCredentialsHandleA(NULL, (LPSTR)(uintptr_t)package, use, NULL, NULL, NULL, NULL, &credential, &expiry);

    assert_status(status, SEC_E_OK);
    if (name)
        assert_status(SspiCredentialSetOption(&credential, name, value), SEC_E_OK);
    return SspiCredentialCheck(&credential);
}

static void refused_naming(const char *package, const char *name, const char *value, SECURITY_STATUS expected)
{
    char *text;

    assert_status(checked(package, SECPKG_CRED_INBOUND, name, value), expected);
    assert_status(SspiExplainLastFailure(&text), SEC_E_OK);
    cr_assert(strstr(text, strchr(value, '/')), "%s", text);
    FreeContextBuffer(text);
    FreeCredentialsHandle(&credential);
}

Test(check, what_is_missing_is_named)
{
    refused_naming("NTLM", "account_store", "sqlite:/nowhere/accounts.db", SEC_E_NO_AUTHENTICATING_AUTHORITY);
    refused_naming("Kerberos", "keytab", "/nowhere/keytab", SEC_E_NO_CREDENTIALS);
    refused_naming("Schannel", "tls_certificate", "/nowhere/certificate.pem", SEC_E_NO_CREDENTIALS);
}

Test(check, closes_the_options)
{
    assert_status(checked("NTLM", SECPKG_CRED_INBOUND, "account_store", "memory:"), SEC_E_OK);
    assert_status(SspiCredentialSetOption(&credential, "allow_anonymous", "yes"), SEC_E_OUT_OF_SEQUENCE);
    assert_status(SspiCredentialCheck(&credential), SEC_E_OK);
    FreeCredentialsHandle(&credential);
}

Test(check, nothing_is_asked_of_an_initiator)
{
    assert_status(checked("Kerberos", SECPKG_CRED_OUTBOUND, "keytab", "/nowhere/keytab"), SEC_E_OK);
    FreeCredentialsHandle(&credential);
}

Test(check, no_handle)
{
    assert_status(SspiCredentialCheck(NULL), SEC_E_INVALID_HANDLE);
}
