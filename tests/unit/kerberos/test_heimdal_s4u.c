/*
 * Constrained delegation (heimdal_s4u.c, heimdal_service.c) as far as it goes without a KDC: whom the
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

/* One realm, whose KDC refuses connections. Threads that start while it is there know it. */
static void realm_open(char path[64])
{
    static const char text[] = "[libdefaults]\n default_realm = EXAMPLE.TEST\n dns_lookup_kdc = false\n"
                               "[realms]\n EXAMPLE.TEST = {\n  kdc = tcp/127.0.0.1:1\n }\n";

    file_write(path, bytes_of(text, sizeof text - 1));
    setenv("KRB5_CONFIG", path, 1);
}

static void realm_close(const char path[64])
{
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

/* One call of the library on a thread of its own, where libkrb5 reads krb5.conf anew. */
struct call {
    SecHandle *context; /* of the client to act for; NULL: not asked */
    SecHandle *service; /* that vouches for a user; NULL: not asked */
    const char *user, *realm;
    SecHandle *credential; /* to log in with at `target` */
    const char *target;
    ULONG requested;
    SecHandle made;
    SECURITY_STATUS status;
    ULONG reason, attributes;
};

static SECURITY_STATUS initiate(struct call *call)
{
    uint8_t token[TICKET_ROOM];
    SecBuffer out = {sizeof token, SECBUFFER_TOKEN, token};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
    SecHandle context;
    SECURITY_STATUS status =
        InitializeSecurityContextA(call->credential, NULL, (SEC_CHAR *)(uintptr_t)call->target, call->requested, 0, 0,
                                   NULL, 0, &context, &output, &call->attributes, NULL);

    if (SecIsValidHandle(&context))
        DeleteSecurityContext(&context);
    return status;
}

static void *call_run(void *argument)
{
    struct call *call = argument;

    SecInvalidateHandle(&call->made);
    if (call->context)
        call->status = SspiAcquireConstrainedCredential(call->context, &call->made);
    else if (call->service)
        call->status = SspiAcquireCredentialForUser(call->service, call->user, call->realm, &call->made);
    else
        call->status = initiate(call);
    call->reason = SspiQueryLastFailureReason();
    return NULL;
}

static void call_make(struct call *call)
{
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, call_run, call), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
}

static void expect_call(struct call call, SECURITY_STATUS status, ULONG reason)
{
    call_make(&call);
    assert_status(call.status, status);
    cr_assert_eq(call.reason, reason);
    cr_assert_not(SecIsValidHandle(&call.made));
}

static void expect_constrained(struct rig *rig, SECURITY_STATUS status, ULONG reason)
{
    expect_call((struct call){.context = &rig->context}, status, reason);
}

static void expect_user(struct rig *rig, const char *user, const char *realm, SECURITY_STATUS status, ULONG reason)
{
    expect_call((struct call){.service = &rig->credential, .user = user, .realm = realm}, status, reason);
}

static void expect_initiate(SecHandle *credential, const char *target, SECURITY_STATUS status, ULONG reason)
{
    expect_call((struct call){.credential = credential, .target = target}, status, reason);
}

static SecHandle constrained(struct rig *rig)
{
    struct call call = {.context = &rig->context};

    call_make(&call);
    assert_status(call.status, SEC_E_OK);
    return call.made;
}

Test(krb_s4u, only_where_the_operator_allows)
{
    struct rig rig;

    rig_open(&rig);
    rig_try(&rig);
    assert_status(rig.status, SEC_E_OK);
    expect_constrained(&rig, SEC_E_DELEGATION_REQUIRED, SSPI_REASON_POLICY);
    expect_user(&rig, "bob", NULL, SEC_E_DELEGATION_REQUIRED, SSPI_REASON_POLICY);
    rig_close(&rig);
    rig_open(&rig);
    rig_option(&rig, "constrained_delegation", "clients");
    expect_user(&rig, "bob", NULL, SEC_E_DELEGATION_REQUIRED, SSPI_REASON_POLICY);
    assert_status(SspiCredentialSetOption(&rig.credential, "constrained_delegation", "anyone"), SEC_E_OUT_OF_SEQUENCE);
    rig_close(&rig);
}

Test(krb_s4u, names, .timeout = 60)
{
    char wide[KRB_TEXT_MAX + 1], path[64];
    struct rig rig;

    realm_open(path);
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
    realm_close(path);
}

Test(krb_s4u, kdc_out_of_reach, .timeout = 60)
{
    char path[64];
    struct rig rig;

    realm_open(path);
    rig_open(&rig);
    rig_option(&rig, "constrained_delegation", "anyone");
    rig_try(&rig);
    assert_status(rig.status, SEC_E_OK);
    expect_constrained(&rig, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_KDC);
    expect_user(&rig, "bob", NULL, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_KDC);
    rig_close(&rig);
    realm_close(path);
}

/* Which service vouches must be certain: one that the credential names, or the one of its keys. */
Test(krb_s4u, which_service)
{
    struct ticket_spec both[2];
    uint8_t room[TICKET_ROOM];
    SecHandle outbound;
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
    expect_call((struct call){.service = &outbound, .user = "bob"}, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL);
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

Test(krb_s4u, acts_for_the_client, .timeout = 60)
{
    SecPkgCredentials_NamesA names = {0};
    struct call login = {.target = "svc/server.example.test", .requested = ISC_REQ_MUTUAL_AUTH | ISC_REQ_DELEGATE};
    SecHandle onward;
    char path[64];
    struct rig rig;

    realm_open(path);
    client_open(&rig);
    onward = constrained(&rig);
    assert_status(QueryCredentialsAttributesA(&onward, SECPKG_CRED_ATTR_NAMES, &names), SEC_E_OK);
    cr_assert_str_eq(names.sUserName, "alice@EXAMPLE.TEST");
    FreeContextBuffer(names.sUserName);
    expect_initiate(&onward, "svc/server.example.test@OTHER.TEST", SEC_E_CROSSREALM_DELEGATION_FAILURE,
                    SSPI_REASON_TARGET);
    expect_initiate(&onward, "svc/server.example.test", SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_KDC);
    rig.ticket.service = "svc/server.example.test";
    ticket_plant(&onward, &rig.ticket);
    rig_close(&rig); /* it outlives the context, and the service's credential */
    login.credential = &onward;
    call_make(&login);
    assert_status(login.status, SEC_I_CONTINUE_NEEDED);
    cr_assert_not(login.attributes & ISC_RET_DELEGATE); /* there is nothing to lend */
    assert_status(FreeCredentialsHandle(&onward), SEC_E_OK);
    realm_close(path);
}

Test(krb_s4u, no_longer_than_the_clients_ticket, .timeout = 60)
{
    const int64_t before = clock_now();
    SecHandle onward;
    char path[64];
    struct rig rig;

    realm_open(path);
    client_open(&rig);
    onward = constrained(&rig);
    ticket_plant(&onward, &rig.ticket);
    clock_advance_ms(12 * YEARS / (CLOCK_TICKS_PER_SECOND / 1000));
    expect_initiate(&onward, "HTTP/server.example.test", SEC_E_NO_CREDENTIALS, SSPI_REASON_TICKET_EXPIRED);
    expect_constrained(&rig, SEC_E_NO_CREDENTIALS, SSPI_REASON_TICKET_EXPIRED);
    clock_set(before);
    FreeCredentialsHandle(&onward);
    rig_close(&rig);
    realm_close(path);
}

/* Its own login is used until it is about to end, and for its own service alone. */
Test(krb_s4u, own_login, .timeout = 60)
{
    struct krb_cache *cache;
    SecHandle onward;
    char path[64];
    struct rig rig;

    realm_open(path);
    client_open(&rig);
    cache = credential_of(&rig.credential)->service_cache;
    cache->end = clock_now() + HEIMDAL_RENEW_BEFORE;
    expect_constrained(&rig, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_KDC);
    cache->end += 1;
    cache->service[0] = 'h';
    expect_constrained(&rig, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_KDC);
    cache->service[0] = 'H';
    onward = constrained(&rig);
    FreeCredentialsHandle(&onward);
    rig_close(&rig);
    realm_close(path);
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

Test(krb_s4u, every_allocation_of_ours_failing, .timeout = 60)
{
    struct call call;
    char path[64];
    struct rig rig;
    size_t nth = 0;

    realm_open(path);
    client_open(&rig);
    do {
        call = (struct call){.context = &rig.context};
        memory_fail_at(++nth);
        call_make(&call);
        if (call.status != SEC_E_OK) {
            assert_status(call.status, SEC_E_INSUFFICIENT_MEMORY);
            cr_assert_not(SecIsValidHandle(&call.made));
        }
    } while (memory_count() >= nth);
    memory_fail_at(0);
    assert_status(call.status, SEC_E_OK);
    cr_assert_gt(nth, 7);
    FreeCredentialsHandle(&call.made);
    rig_close(&rig);
    realm_close(path);
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
