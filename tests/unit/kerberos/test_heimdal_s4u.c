/*
 * Constrained delegation (heimdal_s4u.c, heimdal_service.c, delegate.c) as far as it goes without a KDC: whom the
 * operator allows, which service logs in, what a credential of another keeps and how long. The KDC's part is tested in
 * tests/peers.
 */
#include "kerberos/heimdal.h" /* first: libkrb5 has types that are named as macros of ours */

#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/entries.h"
#include "base/memory.h"

#define SELF "HTTP/server.example.test@EXAMPLE.TEST"
#define YEARS (INT64_C(365) * 86400 * CLOCK_TICKS_PER_SECOND)

static void file_write(char path[64], struct bytes content)
{
    int file;

    snprintf(path, 64, "/tmp/sspi-s4u-XXXXXX");
    file = mkstemp(path);
    cr_assert_geq(file, 0);
    cr_assert_eq((size_t)write(file, content.data, content.size), content.size);
    close(file);
}

/* A thread of its own reads krb5.conf anew: one realm, whose KDC refuses connections. */
static void run(void *(*test)(void *))
{
    static const char text[] = "[libdefaults]\n default_realm = EXAMPLE.TEST\n dns_lookup_kdc = false\n"
                               "[realms]\n EXAMPLE.TEST = {\n  kdc = tcp/127.0.0.1:1\n }\n";
    pthread_t thread;
    char path[64];

    file_write(path, bytes_of(text, sizeof text - 1));
    setenv("KRB5_CONFIG", path, 1);
    cr_assert_eq(pthread_create(&thread, NULL, test, NULL), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    unsetenv("KRB5_CONFIG");
    unlink(path);
}

static struct krb_credential *credential_of(const SecHandle *handle)
{
    struct handle_slot *pin;
    struct credential_entry *entry = handle_pin(handle, HANDLE_CREDENTIAL, &pin);

    cr_assert_not_null(entry);
    handle_unpin(pin); /* the handle lives on */
    return (struct krb_credential *)entry->credential;
}

/* What a login of the service would leave behind. */
static void service_login_plant(struct rig *rig)
{
    struct krb_credential *credential = credential_of(&rig->credential);
    struct krb_cache *cache = mem_zalloc(sizeof *cache);
    struct ticket_spec tgt = rig->ticket;
    uint8_t room[TICKET_ROOM];
    char path[64], name[80];

    tgt.client = "HTTP/server.example.test";
    tgt.service = "krbtgt/EXAMPLE.TEST";
    tgt.end = clock_now() + 13 * YEARS; /* short of 2038 */
    file_write(path, ticket_cache_make(&tgt, 1, room));
    snprintf(name, sizeof name, "FILE:%s", path);
    atomic_init(&cache->references, 1);
    cache->name = mem_strdup(name);
    cache->service = mem_strdup(SELF);
    cache->end = tgt.end;
    credential->service_cache = cache; /* which removes the file at its end */
}

/* A client that logged in, and a service that may act for it and has logged in itself. */
static void client_open(struct rig *rig)
{
    rig_open(rig);
    rig_option(rig, "constrained_delegation", "clients");
    rig->ticket.end = clock_now() + 12 * YEARS;
    rig_try(rig);
    assert_status(rig->status, SEC_E_OK);
    service_login_plant(rig);
}

static SECURITY_STATUS initiate(SecHandle *credential, const char *target, ULONG requested, ULONG *attributes)
{
    static uint8_t token[TICKET_ROOM];
    SecBuffer out = {sizeof token, SECBUFFER_TOKEN, token};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
    SecHandle context;
    SECURITY_STATUS status = InitializeSecurityContextA(credential, NULL, (SEC_CHAR *)(uintptr_t)target, requested, 0,
                                                        0, NULL, 0, &context, &output, attributes, NULL);

    if (SecIsValidHandle(&context))
        DeleteSecurityContext(&context);
    return status;
}

static void expect_initiate(SecHandle *credential, const char *target, SECURITY_STATUS status, ULONG reason)
{
    ULONG attributes;

    assert_status(initiate(credential, target, 0, &attributes), status);
    cr_assert_eq(SspiQueryLastFailureReason(), reason);
}

static void expect_user(struct rig *rig, const char *user, const char *realm, SECURITY_STATUS status, ULONG reason)
{
    SecHandle onward;

    assert_status(SspiAcquireCredentialForUser(&rig->credential, user, realm, &onward), status);
    cr_assert_not(SecIsValidHandle(&onward));
    cr_assert_eq(SspiQueryLastFailureReason(), reason);
}

Test(krb_s4u, only_where_the_operator_allows)
{
    struct rig rig;
    SecHandle onward;

    rig_open(&rig);
    rig_try(&rig);
    assert_status(rig.status, SEC_E_OK);
    assert_status(SspiAcquireConstrainedCredential(&rig.context, &onward), SEC_E_DELEGATION_REQUIRED);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_POLICY);
    cr_assert_not(SecIsValidHandle(&onward));
    expect_user(&rig, "bob", NULL, SEC_E_DELEGATION_REQUIRED, SSPI_REASON_POLICY);
    rig_close(&rig);
    rig_open(&rig);
    rig_option(&rig, "constrained_delegation", "clients");
    expect_user(&rig, "bob", NULL, SEC_E_DELEGATION_REQUIRED, SSPI_REASON_POLICY);
    assert_status(SspiCredentialSetOption(&rig.credential, "constrained_delegation", "anyone"), SEC_E_OUT_OF_SEQUENCE);
    rig_close(&rig);
}

Test(krb_s4u, arguments)
{
    SecHandle onward;
    struct rig rig;

    rig_open(&rig);
    rig_option(&rig, "constrained_delegation", "anyone");
    assert_status(SspiAcquireCredentialForUser(&rig.credential, "bob", NULL, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAcquireCredentialForUser(&rig.credential, "bob", NULL, &rig.credential), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAcquireCredentialForUser(&rig.credential, NULL, NULL, &onward), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAcquireCredentialForUser(&rig.credential, "", NULL, &onward), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAcquireConstrainedCredential(&rig.context, NULL), SEC_E_INVALID_PARAMETER);
    rig_close(&rig);
}

Test(krb_s4u, packages_without_it)
{
    SecHandle ntlm, onward;

    assert_status(
        AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &ntlm, NULL),
        SEC_E_OK);
    assert_status(SspiAcquireCredentialForUser(&ntlm, "bob", NULL, &onward), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(FreeCredentialsHandle(&ntlm), SEC_E_OK);
}

static void *names_refused(void *unused)
{
    char wide[KRB_TEXT_MAX + 1];
    struct rig rig;

    rig_open(&rig);
    rig_option(&rig, "constrained_delegation", "anyone");
    service_login_plant(&rig);
    memset(wide, 'a', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    expect_user(&rig, wide, NULL, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE);
    expect_user(&rig, "bob", wide, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE);
    expect_user(&rig, "bob@EXAMPLE.TEST", "EXAMPLE.TEST", SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE);
    expect_user(&rig, "a@b@c", NULL, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE);
    expect_user(&rig, "bob", "OTHER.TEST", SEC_E_CROSSREALM_DELEGATION_FAILURE, SSPI_REASON_WRONG_REALM);
    expect_user(&rig, "bob@OTHER.TEST", NULL, SEC_E_CROSSREALM_DELEGATION_FAILURE, SSPI_REASON_WRONG_REALM);
    expect_user(&rig, "bob", "", SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_KDC);
    rig_close(&rig);
    return unused;
}

Test(krb_s4u, names, .timeout = 60)
{
    run(names_refused);
}

static void *kdc_refuses(void *unused)
{
    SecHandle onward;
    struct rig rig;

    rig_open(&rig);
    rig_option(&rig, "constrained_delegation", "anyone");
    rig_try(&rig);
    assert_status(rig.status, SEC_E_OK);
    assert_status(SspiAcquireConstrainedCredential(&rig.context, &onward), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_KDC);
    expect_user(&rig, "bob", NULL, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_KDC);
    rig_close(&rig);
    return unused;
}

Test(krb_s4u, kdc_out_of_reach, .timeout = 60)
{
    run(kdc_refuses);
}

/* Which service vouches must be certain: one that the credential names, or the one of its keys. */
Test(krb_s4u, which_service)
{
    struct ticket_spec both[2];
    uint8_t room[TICKET_ROOM];
    SecHandle outbound, onward;
    struct rig rig;

    ticket_spec_usual(&both[0]);
    ticket_spec_usual(&both[1]);
    both[1].service = "svc/server.example.test";
    rig_open_with(&rig, "*", keytab_make(both, 2, room));
    rig_option(&rig, "constrained_delegation", "anyone");
    expect_user(&rig, "bob", NULL, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL);
    rig_close(&rig);
    rig_open_with(&rig, "smtp", keytab_make(both, 2, room));
    rig_option(&rig, "constrained_delegation", "anyone");
    expect_user(&rig, "bob", NULL, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL);
    rig_close(&rig);
    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Kerberos", SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL,
                                            &outbound, NULL),
                  SEC_E_OK);
    assert_status(SspiCredentialSetOption(&outbound, "constrained_delegation", "anyone"), SEC_E_OK);
    assert_status(SspiAcquireCredentialForUser(&outbound, "bob", NULL, &onward), SEC_E_NO_CREDENTIALS);
    assert_status(FreeCredentialsHandle(&outbound), SEC_E_OK);
}

/* A ticket that the credential got earlier, in the cache that it keeps. */
static void ticket_plant(const SecHandle *onward, const struct ticket_spec *ticket)
{
    struct krb_credential *credential = credential_of(onward);
    uint8_t room[TICKET_ROOM];
    char path[64], name[80];

    file_write(path, ticket_cache_make(ticket, 1, room));
    snprintf(name, sizeof name, "FILE:%s", path);
    krb_cache_release(credential->cache);
    credential->cache = mem_zalloc(sizeof *credential->cache);
    atomic_init(&credential->cache->references, 1);
    credential->cache->name = mem_strdup(name);
}

static void *acts_for_the_client(void *unused)
{
    SecPkgCredentials_NamesA names = {0};
    ULONG attributes = 0;
    SecHandle onward;
    struct rig rig;

    client_open(&rig);
    assert_status(SspiAcquireConstrainedCredential(&rig.context, &onward), SEC_E_OK);
    assert_status(QueryCredentialsAttributesA(&onward, SECPKG_CRED_ATTR_NAMES, &names), SEC_E_OK);
    cr_assert_str_eq(names.sUserName, "alice@EXAMPLE.TEST");
    FreeContextBuffer(names.sUserName);
    expect_initiate(&onward, "svc/server.example.test@OTHER.TEST", SEC_E_CROSSREALM_DELEGATION_FAILURE,
                    SSPI_REASON_TARGET);
    expect_initiate(&onward, "svc/server.example.test", SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_KDC);
    rig.ticket.service = "svc/server.example.test";
    ticket_plant(&onward, &rig.ticket);
    rig_delete(&rig); /* it outlives the context */
    assert_status(initiate(&onward, "svc/server.example.test", ISC_REQ_MUTUAL_AUTH | ISC_REQ_DELEGATE, &attributes),
                  SEC_I_CONTINUE_NEEDED);
    cr_assert_not(attributes & ISC_RET_DELEGATE); /* there is nothing to lend */
    rig_close(&rig);                              /* and the service's credential */
    assert_status(initiate(&onward, "svc/server.example.test", ISC_REQ_MUTUAL_AUTH, &attributes),
                  SEC_I_CONTINUE_NEEDED);
    assert_status(FreeCredentialsHandle(&onward), SEC_E_OK);
    return unused;
}

Test(krb_s4u, acts_for_the_client, .timeout = 60)
{
    run(acts_for_the_client);
}

static void *expires(void *unused)
{
    const int64_t before = clock_now();
    SecHandle onward, late;
    struct rig rig;

    client_open(&rig);
    assert_status(SspiAcquireConstrainedCredential(&rig.context, &onward), SEC_E_OK);
    ticket_plant(&onward, &rig.ticket);
    clock_advance_ms(12 * YEARS / (CLOCK_TICKS_PER_SECOND / 1000));
    expect_initiate(&onward, "HTTP/server.example.test", SEC_E_NO_CREDENTIALS, SSPI_REASON_TICKET_EXPIRED);
    assert_status(SspiAcquireConstrainedCredential(&rig.context, &late), SEC_E_NO_CREDENTIALS);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_TICKET_EXPIRED);
    clock_set(before);
    FreeCredentialsHandle(&onward);
    rig_close(&rig);
    return unused;
}

Test(krb_s4u, no_longer_than_the_clients_ticket, .timeout = 60)
{
    run(expires);
}

/* Its own login is used until it is about to end, and for its own service alone. */
static void *logs_in_again(void *unused)
{
    struct krb_cache *cache;
    SecHandle onward;
    struct rig rig;

    client_open(&rig);
    cache = credential_of(&rig.credential)->service_cache;
    cache->end = clock_now() + HEIMDAL_RENEW_BEFORE;
    assert_status(SspiAcquireConstrainedCredential(&rig.context, &onward), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    cache->end += 1;
    cache->service[0] = 'h';
    assert_status(SspiAcquireConstrainedCredential(&rig.context, &onward), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    cache->service[0] = 'H';
    assert_status(SspiAcquireConstrainedCredential(&rig.context, &onward), SEC_E_OK);
    FreeCredentialsHandle(&onward);
    rig_close(&rig);
    return unused;
}

Test(krb_s4u, own_login, .timeout = 60)
{
    run(logs_in_again);
}

/* A client has nobody to act for. */
Test(krb_s4u, on_the_clients_side)
{
    struct krb_context *context;
    struct failure failure = {0};
    struct credential *made;
    struct rig rig;

    client_open(&rig);
    context = krb_context_new(&credential_of(&rig.credential)->base, false);
    cr_assert_not_null(context);
    assert_status(krb_constrained_credential(&context->base, &made, &failure), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert_null(made);
    krb_context_free(&context->base);
    rig_close(&rig);
}

static void *without_memory(void *unused)
{
    SecHandle onward;
    struct rig rig;
    size_t nth = 0;

    client_open(&rig);
    for (;;) {
        SECURITY_STATUS status;

        memory_fail_at(++nth);
        status = SspiAcquireConstrainedCredential(&rig.context, &onward);
        if (memory_count() < nth) {
            memory_fail_at(0);
            assert_status(status, SEC_E_OK);
            break;
        }
        memory_fail_at(0);
        assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        cr_assert_not(SecIsValidHandle(&onward));
    }
    cr_assert_gt(nth, 7);
    FreeCredentialsHandle(&onward);
    rig_close(&rig);
    return unused;
}

Test(krb_s4u, every_allocation_of_ours_failing, .timeout = 60)
{
    run(without_memory);
}

/* The evidence costs an allocation of its own while a client logs in. */
Test(krb_s4u, evidence_without_memory)
{
    struct rig rig;
    size_t nth = 0;

    rig_open(&rig);
    rig_option(&rig, "constrained_delegation", "clients");
    do {
        rig_delete(&rig);
        rig.request = ap_req_make(&rig.ticket, &rig.authenticator, rig.token);
        memory_fail_at(++nth);
        rig_accept(&rig, rig.request, sizeof rig.answer);
        if (rig.status != SEC_E_OK)
            assert_status(rig.status, SEC_E_INSUFFICIENT_MEMORY);
    } while (memory_count() >= nth);
    memory_fail_at(0);
    rig_close(&rig);
}
