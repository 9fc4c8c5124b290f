/*
 * Handles between threads: one context used by many, one deleted while another thread is inside it.
 */
#include "forge.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 16, MESSAGES = 200 };

static struct loopback loop;
static atomic_uint failures;

static void up(void)
{
    atomic_store(&failures, 0);
    loopback_open(&loop);
}

static void down(void)
{
    loopback_close(&loop);
}

/* Assertions off the main thread would end the process; they are counted instead. */
static void expect(bool holds)
{
    if (!holds)
        atomic_fetch_add(&failures, 1);
}

static void run(void *(*body)(void *), void *arguments[THREADS])
{
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, body, arguments[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    cr_assert_eq(atomic_load(&failures), 0u, "%u failures", atomic_load(&failures));
}

struct signer {
    uint32_t sequences[MESSAGES];
};

/* The last four bytes of NTLM's signature are the sequence number, in the clear. */
static void *sign(void *argument)
{
    struct signer *signer = argument;

    for (size_t i = 0; i < MESSAGES; i++) {
        uint8_t data[8] = {1}, signature[16];
        SecBuffer buffers[2] = {{sizeof data, SECBUFFER_DATA, data}, {sizeof signature, SECBUFFER_TOKEN, signature}};
        SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

        expect(MakeSignature(&loop.server, 0, &message, 0) == SEC_E_OK);
        signer->sequences[i] = (uint32_t)signature[12] | (uint32_t)signature[13] << 8;
    }
    return NULL;
}

/* Calls on one context are done one after the other: every sequence number is given exactly once. */
Test(threads, sixteen_on_one_context, .init = up, .fini = down)
{
    static struct signer signers[THREADS];
    static bool given[THREADS * MESSAGES];
    void *arguments[THREADS];

    memset(given, 0, sizeof given);
    loopback_until_authenticate(&loop);
    loopback_accepted(&loop, "EXAMPLE\\alice");
    for (size_t i = 0; i < THREADS; i++)
        arguments[i] = &signers[i];
    run(sign, arguments);
    for (size_t i = 0; i < THREADS * MESSAGES; i++) {
        uint32_t sequence = signers[i / MESSAGES].sequences[i % MESSAGES];

        cr_assert_lt(sequence, (uint32_t)(THREADS * MESSAGES));
        cr_assert_not(given[sequence], "sequence number %u was given twice", (unsigned)sequence);
        given[sequence] = true;
    }
}

/* A handshake with the credentials of `loop`, contexts of its own. */
static void *log_in(void *argument)
{
    struct loopback *own = argument;

    for (unsigned i = 0; i < 20; i++) {
        expect(loopback_negotiate(own) == SEC_I_CONTINUE_NEEDED);
        expect(loopback_challenge(own) == SEC_I_CONTINUE_NEEDED);
        expect(loopback_authenticate(own) == SEC_E_OK);
        expect(loopback_finish(own) == SEC_E_OK);
        expect(DeleteSecurityContext(&own->client) == SEC_E_OK);
        expect(DeleteSecurityContext(&own->server) == SEC_E_OK);
        own->client_live = own->server_live = false;
    }
    return NULL;
}

Test(threads, sixteen_on_one_credential, .init = up, .fini = down)
{
    static struct loopback own[THREADS];
    void *arguments[THREADS];

    assert_status(SspiCredentialSetEventCallback(&loop.server_credential, NULL, NULL, NULL), SEC_E_OK);
    for (size_t i = 0; i < THREADS; i++) {
        own[i] = loop;
        arguments[i] = &own[i];
    }
    run(log_in, arguments);
}

/* ---- A store whose lookup waits, so that another thread can act while Accept is running ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool inside, leave;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void gate_set(bool *flag)
{
    pthread_mutex_lock(&gate.lock);
    *flag = true;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

static void gate_await(const bool *flag)
{
    pthread_mutex_lock(&gate.lock);
    while (!*flag)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static SECURITY_STATUS SEC_ENTRY slow_lookup(void *argument, const char *user, const char *domain,
                                             PSSPI_ACCOUNT_KEYS keys)
{
    (void)argument;
    (void)user;
    (void)domain;
    keys->Password = PASSWORD;
    keys->PasswordSize = (ULONG)strlen(PASSWORD);
    gate_set(&gate.inside);
    gate_await(&gate.leave);
    return SEC_E_OK;
}

static void *finish(void *argument)
{
    SECURITY_STATUS *status = argument;

    *status = loopback_finish(&loop);
    return NULL;
}

/* Begins a login whose last leg hangs in the store, on another thread. */
static pthread_t login_begin(SECURITY_STATUS *status)
{
    SspiAccountStore *store;
    pthread_t thread;

    gate.inside = gate.leave = false;
    assert_status(SspiAccountStoreFromCallback(slow_lookup, NULL, NULL, &store), SEC_E_OK);
    assert_status(SspiCredentialSetAccountStore(&loop.server_credential, store), SEC_E_OK);
    SspiAccountStoreFree(store);
    loopback_until_authenticate(&loop);
    cr_assert_eq(pthread_create(&thread, NULL, finish, status), 0);
    gate_await(&gate.inside);
    return thread;
}

/* Delete takes effect after the call that is running; nobody gets in behind it. */
Test(threads, context_deleted_during_accept, .init = up, .fini = down)
{
    SECURITY_STATUS status;
    SecPkgContext_Sizes sizes;
    pthread_t thread = login_begin(&status);
    CtxtHandle stale = loop.server;

    assert_status(DeleteSecurityContext(&stale), SEC_E_OK);
    assert_status(QueryContextAttributesA(&stale, SECPKG_ATTR_SIZES, &sizes), SEC_E_INVALID_HANDLE);
    assert_status(DeleteSecurityContext(&stale), SEC_E_INVALID_HANDLE);
    gate_set(&gate.leave);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    assert_status(status, SEC_E_OK);
    loop.server_live = false;
    assert_status(QueryContextAttributesA(&stale, SECPKG_ATTR_SIZES, &sizes), SEC_E_INVALID_HANDLE);
}

/* A credential freed during a login: the login goes on to its end, no new one begins. */
Test(threads, credential_freed_during_accept, .init = up, .fini = down)
{
    SECURITY_STATUS status;
    pthread_t thread = login_begin(&status);
    CredHandle stale = loop.server_credential;

    assert_status(FreeCredentialsHandle(&stale), SEC_E_OK);
    gate_set(&gate.leave);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    assert_status(status, SEC_E_OK);
    cr_assert_eq(loop.seen.count, 1u);
    assert_status(FreeCredentialsHandle(&stale), SEC_E_INVALID_HANDLE);
    /* For loopback_close. */
    loopback_again(&loop);
    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)(uintptr_t) "NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL,
                                            NULL, &loop.server_credential, NULL),
                  SEC_E_OK);
}

static void *create_and_delete(void *argument)
{
    struct loopback *own = argument;

    for (unsigned i = 0; i < 200; i++) {
        if (loopback_challenge(own) == SEC_I_CONTINUE_NEEDED)
            expect(DeleteSecurityContext(&own->server) == SEC_E_OK);
        own->server_live = false;
    }
    return NULL;
}

static void *guess(void *argument)
{
    uint8_t out[512];

    for (unsigned i = 0; i < 4000; i++) {
        SecHandle handle = {i % 64, i / 64};

        (void)QueryContextAttributesA(&handle, SECPKG_ATTR_SIZES, out);
        (void)DeleteSecurityContext(&handle);
    }
    return argument;
}

/* Slots that come and go while other threads try handles they were never given. */
Test(threads, handles_guessed_while_contexts_come_and_go, .init = up, .fini = down)
{
    static struct loopback own[THREADS];
    struct forge forge = forge_good();
    pthread_t threads[THREADS];

    forge_negotiate(&forge, &loop.negotiate);
    for (size_t i = 0; i < THREADS; i++) {
        own[i] = loop;
        cr_assert_eq(pthread_create(&threads[i], NULL, i % 4 ? create_and_delete : guess, &own[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    cr_assert_eq(atomic_load(&failures), 0u, "a context was deleted by a thread that never had its handle");
}
