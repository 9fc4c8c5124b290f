/*
 * SspiCredentialCheck: what would refuse every login is said before the first, with the file or the option to change.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#include "sspi_ext.h"
#include "tickets.h"

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

/* ---- Each package's own needs ---- */

static void acquired(const char *package, const char *principal)
{
    TimeStamp expiry;

    assert_status(AcquireCredentialsHandleA((LPSTR)(uintptr_t)principal, (LPSTR)(uintptr_t)package, SECPKG_CRED_INBOUND,
                                            NULL, NULL, NULL, NULL, &credential, &expiry),
                  SEC_E_OK);
}

static void option(const char *name, const char *value)
{
    assert_status(SspiCredentialSetOption(&credential, name, value), SEC_E_OK);
}

/* Keys of these services, of one type. */
static void keytab_given(const char *first, const char *second, int32_t etype)
{
    struct ticket_spec specs[2];
    uint8_t room[TICKET_ROOM];
    struct bytes keytab;

    for (size_t i = 0; i < 2; i++) {
        ticket_spec_usual(&specs[i]);
        specs[i].service = i ? second : first;
        specs[i].key = ticket_key(etype, 3, (uint8_t)(1 + i));
    }
    keytab = keytab_make(specs, second ? 2 : 1, room);
    assert_status(SspiCredentialSetKeytabBytes(&credential, keytab.data, (ULONG)keytab.size), SEC_E_OK);
}

static void fails(SECURITY_STATUS expected, ULONG reason, const char *said)
{
    char *text;

    assert_status(SspiCredentialCheck(&credential), expected);
    assert_status(SspiExplainLastFailure(&text), SEC_E_OK);
    cr_assert(strstr(text, said), "%s", text);
    cr_assert_eq(SspiQueryLastFailureReason(), reason);
    FreeContextBuffer(text);
    FreeCredentialsHandle(&credential);
}

static void passes(void)
{
    assert_status(SspiCredentialCheck(&credential), SEC_E_OK);
    FreeCredentialsHandle(&credential);
}

Test(check, ntlm_needs_accounts_unless_anybody_may_come)
{
    acquired("NTLM", NULL);
    fails(SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_NO_STORE, "account_store");
    acquired("NTLM", NULL);
    option("allow_anonymous", "yes");
    passes();
}

#define AES256 18
#define RC4 23

Test(check, kerberos_must_be_told_which_of_several_services)
{
    acquired("Kerberos", NULL);
    option("replay_cache", "memory");
    keytab_given("HTTP/server.example.test", "host/server.example.test", AES256);
    fails(SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL, "service_names");
    acquired("Kerberos", "HTTP");
    option("replay_cache", "memory");
    keytab_given("HTTP/server.example.test", "host/server.example.test", AES256);
    passes();
    acquired("Kerberos", NULL);
    option("replay_cache", "memory");
    keytab_given("HTTP/server.example.test", NULL, AES256);
    passes();
}

Test(check, kerberos_needs_a_key_of_the_service_and_of_a_type_that_is_allowed)
{
    acquired("Kerberos", "ldap");
    option("replay_cache", "memory");
    keytab_given("HTTP/server.example.test", "host/server.example.test", AES256);
    fails(SEC_E_NO_CREDENTIALS, SSPI_REASON_KEYTAB, "ldap");
    acquired("Kerberos", NULL);
    option("replay_cache", "memory");
    keytab_given("HTTP/server.example.test", NULL, RC4);
    fails(SEC_E_NO_CREDENTIALS, SSPI_REASON_KEYTAB, "allow_insecure_rc4");
    acquired("Kerberos", NULL);
    option("replay_cache", "memory");
    option("allow_insecure_rc4", "yes");
    keytab_given("HTTP/server.example.test", NULL, RC4);
    passes();
}

static void replay_cache_fails(const char *package, const char *path, const char *said)
{
    acquired(package, NULL);
    option("account_store", "memory:");
    option("replay_cache", path);
    keytab_given("HTTP/server.example.test", NULL, AES256);
    fails(SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_REPLAY_CACHE, said);
}

Test(check, a_replay_cache_that_cannot_be_used_is_named)
{
    char path[] = "/tmp/sspi-check-XXXXXX";
    const int file = mkstemp(path);

    close(file);
    cr_assert_eq(chmod(path, 0644), 0);
    replay_cache_fails("Kerberos", path, path);
    replay_cache_fails("Kerberos", path, "replay_cache");
    replay_cache_fails("Negotiate", path, path);
    replay_cache_fails("Kerberos", "/proc/sspi-replay", "/proc/sspi-replay");
    if (geteuid() == 0) {
        cr_assert_eq(chmod(path, 0600) | chown(path, 4711, 4711), 0);
        replay_cache_fails("Kerberos", path, "another user");
    }
    unlink(path);
}

/* What nobody named may be missing where another package works; what was named must work. */
Test(check, negotiate_needs_one_package_and_all_that_were_named)
{
    cr_assert_eq(setenv("KRB5_KTNAME", "/nonexistent/keytab", 1), 0);
    acquired("Negotiate", NULL);
    fails(SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL, "account_store");
    acquired("Negotiate", NULL);
    option("account_store", "memory:");
    passes();
    acquired("Negotiate", NULL);
    option("account_store", "memory:");
    option("keytab", "/nowhere/keytab");
    fails(SEC_E_NO_CREDENTIALS, SSPI_REASON_KEYTAB, "/nowhere/keytab");
    acquired("Negotiate", NULL);
    option("negotiate_packages", "Kerberos");
    option("account_store", "memory:");
    fails(SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL, "/nonexistent/keytab");
    acquired("Negotiate", NULL);
    option("replay_cache", "memory");
    keytab_given("HTTP/server.example.test", NULL, AES256);
    passes();
    acquired("Negotiate", NULL);
    option("account_store", "memory:");
    option("replay_cache", "memory");
    keytab_given("HTTP/server.example.test", "host/server.example.test", AES256);
    fails(SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL, "service_names");
    cr_assert_eq(unsetenv("KRB5_KTNAME"), 0);
}
