/*
 * What libkrb5 says, as statuses of ours (heimdal.c, heimdal.h): a KDC that refuses connections, names and realms that
 * nobody knows.
 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A krb5.conf of its own for the calls between: libkrb5 reads it when a thread calls it for the first time. */
static void config_write(char path[64])
{
    static const char text[] = "[libdefaults]\n default_realm = EXAMPLE.TEST\n dns_lookup_kdc = false\n"
                               "[realms]\n EXAMPLE.TEST = {\n  kdc = tcp/127.0.0.1:1\n }\n";
    int file;

    snprintf(path, 64, "/tmp/sspi-krb5-XXXXXX");
    file = mkstemp(path);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, text, sizeof text - 1), (ssize_t)sizeof text - 1);
    close(file);
    setenv("KRB5_CONFIG", path, 1);
}

struct attempt {
    SECURITY_STATUS status;
    ULONG reason;
    char realm[KRB_TEXT_MAX];
};

static void *attempt_run(void *argument)
{
    SEC_WINNT_AUTH_IDENTITY_A identity = {
        (UCHAR *)"bob", 3, NULL, 0, (UCHAR *)"password", 8, SEC_WINNT_AUTH_IDENTITY_ANSI};
    struct attempt *attempt = argument;
    SecBuffer out = {64, SECBUFFER_TOKEN, (uint8_t[64]){0}};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
    SecHandle credential, context;
    ULONG attributes;

    attempt->status = krb_default_realm(attempt->realm, NULL);
    if (attempt->status != SEC_E_OK)
        return NULL;
    attempt->status = AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Kerberos", SECPKG_CRED_OUTBOUND, NULL, &identity,
                                                NULL, NULL, &credential, NULL);
    if (attempt->status != SEC_E_OK)
        return NULL;
    attempt->status = InitializeSecurityContextA(&credential, NULL, (SEC_CHAR *)"HTTP/host.example.test", 0, 0, 0, NULL,
                                                 0, &context, &output, &attributes, NULL);
    attempt->reason = SspiQueryLastFailureReason();
    FreeCredentialsHandle(&credential);
    return NULL;
}

Test(krb_heimdal, kdc_out_of_reach, .timeout = 60)
{
    struct attempt attempt = {0};
    pthread_t thread;
    char path[64];

    config_write(path);
    cr_assert_eq(pthread_create(&thread, NULL, attempt_run, &attempt), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    unsetenv("KRB5_CONFIG");
    unlink(path);
    cr_assert_str_eq(attempt.realm, "EXAMPLE.TEST");
    assert_status(attempt.status, SEC_E_NO_AUTHENTICATING_AUTHORITY);
    cr_assert_eq(attempt.reason, SSPI_REASON_KDC);
}
