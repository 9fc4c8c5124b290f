/*
 * Keys of tickets as time goes by, responses that are stapled, and credentials without memory: tickets.c, tls.c,
 * sessions.c.
 */
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../schannel/own_rig.h"
#include "base/live.h"
#include "doubles.h"

#define NAME "www.example.com"

static struct tls_pair pair;
static const struct pki_spec server = {.name = NAME};

/* The certificates are made by the system's clock. */
static void today(void)
{
    clock_set(INT64_C(116444736000000000) + (int64_t)time(NULL) * 10000000);
}

static void begin(const char *version, const char *lifespan)
{
    today();
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    own_trust(&pair.client);
    own_option(&pair.server, "tls_minimum_version", version);
    own_option(&pair.server, "tls_maximum_version", version);
    if (lifespan)
        own_option(&pair.server, "tls_session_lifespan_seconds", lifespan);
}

static const char *const versions[] = {"1.2", "1.3"};

Test(tickets, live_through_one_change_of_key)
{
    for (int i = 0; i < 2; i++) {
        begin(versions[i], "600");
        cr_assert_not(own_open(&pair, NAME));
        tls_again(&pair);
        clock_advance_ms(599000);
        cr_assert(own_open(&pair, NAME));
        tls_again(&pair);
        clock_advance_ms(600000);
        cr_assert(own_open(&pair, NAME));
        tls_again(&pair);
        clock_advance_ms(1200000);
        cr_assert_not(own_open(&pair, NAME));
        tls_again(&pair);
        clock_advance_ms(INT64_C(600) * 1000 * 200000); /* beyond all steps */
        cr_assert_not(own_open(&pair, NAME));
        tls_end(&pair);
    }
}

/* Two processes with one credential: what one gave the other opens, also after the key changed in both. */
Test(tickets, are_shared_by_forked_processes)
{
    int status;
    pid_t child;

    begin("1.3", "600");
    cr_assert_not(own_open(&pair, NAME));
    tls_again(&pair);
    child = fork();
    cr_assert_geq(child, 0);
    clock_advance_ms(700000);
    if (child == 0) {
        own_run(&pair, NAME);
        SecPkgContext_SessionInfo info = {0};
        if (QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_SESSION_INFO, &info) != SEC_E_OK)
            _exit(2);
        _exit(info.dwFlags & SSL_SESSION_RECONNECT ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    cr_assert_eq(WEXITSTATUS(status), 0);
    cr_assert(own_open(&pair, NAME));
    tls_end(&pair);
}

Test(credential, expiry_by_our_clock)
{
    begin("1.3", NULL);
    clock_advance_ms(INT64_C(366) * 86400 * 1000);
    pair.client.target = NAME;
    assert_status(tls_leg(&pair.client), SEC_I_CONTINUE_NEEDED);
    tls_carry(&pair.client, &pair.server);
    assert_status(tls_leg(&pair.server), SEC_E_CERT_EXPIRED);
    own_explained("has expired");
    tls_end(&pair);
}

/* Making the SSL_CTX fails at each allocation once, leaves nothing, and works when called again. */
Test(credential, without_memory)
{
    for (size_t n = 1;; n++) {
        SECURITY_STATUS status;

        begin("1.3", NULL);
        own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = "other.example.com"}), true);
        pair.client.target = NAME;
        assert_status(tls_leg(&pair.client), SEC_I_CONTINUE_NEEDED);
        tls_carry(&pair.client, &pair.server);
        memory_fail_at(n);
        status = tls_leg(&pair.server);
        if (memory_count() < n) {
            memory_fail_at(0);
            assert_status(status, SEC_I_CONTINUE_NEEDED);
            tls_end(&pair);
            cr_assert_gt(n, 5);
            break;
        }
        memory_fail_at(0);
        assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        assert_status(tls_leg(&pair.server), SEC_I_CONTINUE_NEEDED);
        tls_end(&pair);
    }
    cr_assert_eq(live_count(), 0);
    cr_assert_eq(ERR_peek_error(), 0);
}

Test(credential, acquiring_without_memory)
{
    const char *pem = own_pem(&server);
    PCCERT_CONTEXT certificate;
    SCH_CREDENTIALS given = {.dwVersion = SCH_CREDENTIALS_VERSION, .cCreds = 1, .paCred = &certificate};
    SecHandle credential;

    today();
    assert_status(SspiCertificateFromBytes(pem, (ULONG)strlen(pem), NULL, 0, NULL, &certificate), SEC_E_OK);
    for (size_t n = 1;; n++) {
        SECURITY_STATUS status;
        const size_t live = memory_live();

        memory_fail_at(n);
        status = AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Schannel", SECPKG_CRED_INBOUND, NULL, &given, NULL, NULL,
                                           &credential, NULL);
        if (memory_count() < n)
            break;
        memory_fail_at(0);
        assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        cr_assert_eq(memory_live(), live);
    }
    memory_fail_at(0);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    cr_assert(CertFreeCertificateContext(certificate));
    cr_assert_eq(live_count(), 0);
}
