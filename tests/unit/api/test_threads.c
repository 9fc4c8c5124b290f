#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/context_buffer.h"
#include "api/handle.h"
#include "trial.h"

/* ---- Delete during Accept: takes effect after it ---- */

static SecHandle server, context;
static atomic_int inside;

static void delete_while_inside(void)
{
    atomic_store(&inside, 1);
    while (atomic_load(&inside) != 2)
        sched_yield();
}

static void *accept_slowly(void *argument)
{
    char out[16];
    ULONG size = sizeof out;

    *(SECURITY_STATUS *)argument = trial_accept(&server, &context, NULL, "ANSWER:alice:secret", out, &size);
    return NULL;
}

Test(threads, delete_during_accept_takes_effect_after_it)
{
    SECURITY_STATUS status = -1;
    SecHandle copy;
    pthread_t thread;

    server = trial_credential("Trial", SECPKG_CRED_INBOUND);
    context = copy = trial_half_open(&server);
    trial_accept_hook = delete_while_inside;
    cr_assert_eq(pthread_create(&thread, NULL, accept_slowly, &status), 0);
    while (atomic_load(&inside) != 1)
        sched_yield();
    assert_status(DeleteSecurityContext(&copy), SEC_E_OK);
    assert_status(DeleteSecurityContext(&copy), SEC_E_INVALID_HANDLE);
    assert_status(FreeCredentialsHandle(&server), SEC_E_OK);
    cr_assert_eq(trial_contexts(), 1);
    atomic_store(&inside, 2);
    pthread_join(thread, NULL);
    trial_accept_hook = NULL;
    atomic_store(&inside, 0);
    assert_status(status, SEC_E_OK);
    cr_assert_eq(trial_contexts(), 0);
    cr_assert_eq(trial_credentials(), 0);
    cr_assert_eq(handle_count(), 0);
}

static void *names_later(void *argument)
{
    SecPkgContext_NamesA names;

    *(SECURITY_STATUS *)argument = QueryContextAttributesA(&context, SECPKG_ATTR_NAMES, &names);
    return NULL;
}

/* A call that waits for its turn on a context that is deleted meanwhile finds it gone. */
Test(threads, delete_while_another_call_waits)
{
    SECURITY_STATUS accepted = -1, queried = -1;
    SecHandle copy;
    pthread_t accepting, waiting;

    server = trial_credential("Trial", SECPKG_CRED_INBOUND);
    context = copy = trial_half_open(&server);
    trial_accept_hook = delete_while_inside;
    cr_assert_eq(pthread_create(&accepting, NULL, accept_slowly, &accepted), 0);
    while (atomic_load(&inside) != 1)
        sched_yield();
    cr_assert_eq(pthread_create(&waiting, NULL, names_later, &queried), 0);
    usleep(50000);
    assert_status(DeleteSecurityContext(&copy), SEC_E_OK);
    atomic_store(&inside, 2);
    pthread_join(accepting, NULL);
    pthread_join(waiting, NULL);
    trial_accept_hook = NULL;
    atomic_store(&inside, 0);
    assert_status(accepted, SEC_E_OK);
    assert_status(queried, SEC_E_INVALID_HANDLE);
    assert_status(FreeCredentialsHandle(&server), SEC_E_OK);
    cr_assert_eq(trial_contexts(), 0);
}

/* ---- Many threads on one context: one login, everybody else is refused ---- */

#define THREADS 16

static atomic_int succeeded, refused;
static atomic_bool concurrent, overlapped;

static void notice_overlap(void)
{
    if (atomic_exchange(&concurrent, true))
        atomic_store(&overlapped, true);
    sched_yield();
    atomic_store(&concurrent, false);
}

static void *accept_once(void *argument)
{
    char out[16];
    ULONG size = sizeof out;
    SECURITY_STATUS status = trial_accept(&server, &context, NULL, "ANSWER:alice:secret", out, &size);

    (void)argument;
    atomic_fetch_add(status == SEC_E_OK ? &succeeded : &refused, 1);
    return NULL;
}

Test(threads, sixteen_on_one_context_are_serialised)
{
    pthread_t threads[THREADS];

    server = trial_credential("Trial", SECPKG_CRED_INBOUND);
    context = trial_half_open(&server);
    trial_accept_hook = notice_overlap;
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, accept_once, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    trial_accept_hook = NULL;
    cr_assert_eq(atomic_load(&succeeded), 1);
    cr_assert_eq(atomic_load(&refused), THREADS - 1);
    cr_assert_not(atomic_load(&overlapped));
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&server), SEC_E_OK);
}

/* ---- Each thread its own contexts, one credential, messages and deletes in between ---- */

static void *whole_handshakes(void *argument)
{
    for (int i = 0; i < 200; i++) {
        SecHandle mine = trial_half_open(&server);
        char out[16];
        ULONG size = sizeof out;
        SecPkgContext_NamesA names;

        assert_status(trial_accept(&server, &mine, &mine, "ANSWER:alice:secret", out, &size), SEC_E_OK);
        assert_status(QueryContextAttributesA(&mine, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
        FreeContextBuffer(names.sUserName);
        assert_status(DeleteSecurityContext(&mine), SEC_E_OK);
    }
    return argument;
}

Test(threads, separate_contexts_of_one_credential)
{
    pthread_t threads[8];

    server = trial_credential("Trial", SECPKG_CRED_INBOUND);
    for (int i = 0; i < 8; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, whole_handshakes, NULL), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(trial_contexts(), 0);
    cr_assert_eq(context_buffer_count(), 0);
    assert_status(FreeCredentialsHandle(&server), SEC_E_OK);
}

static void *sign_all_the_time(void *argument)
{
    char data[] = "data", signature[4];
    SecBuffer buffers[2] = {{4, SECBUFFER_DATA, data}, {4, SECBUFFER_TOKEN, signature}};
    SecBufferDesc desc = {0, 2, buffers};
    SECURITY_STATUS status;

    do {
        buffers[1].cbBuffer = 4;
        status = MakeSignature(argument, 0, &desc, 0);
    } while (status == SEC_E_OK);
    if (status != SEC_E_INVALID_HANDLE)
        __builtin_trap();
    return NULL;
}

Test(threads, delete_while_others_sign)
{
    pthread_t threads[4];
    struct trial_pair pair;

    trial_pair_open(&pair);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, sign_all_the_time, &pair.client), 0);
    usleep(20000);
    assert_status(DeleteSecurityContext(&pair.client), SEC_E_OK);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(trial_contexts(), 1);
    assert_status(DeleteSecurityContext(&pair.server), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&pair.server_credential), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&pair.client_credential), SEC_E_OK);
}

/* ---- A fork while other threads take locks: the child goes on with the credential ---- */

static atomic_bool stop;

static void *make_and_drop(void *argument)
{
    while (!atomic_load(&stop)) {
        SecHandle mine = trial_half_open(&server);

        FreeContextBuffer(context_buffer_new(8));
        assert_status(DeleteSecurityContext(&mine), SEC_E_OK);
    }
    return argument;
}

/* Holds one lock or another nearly all the time. */
static void *count_all_the_time(void *argument)
{
    while (!atomic_load(&stop))
        if (handle_count() > 100 || context_buffer_count() > 100)
            __builtin_trap();
    return argument;
}

static bool child_works(void)
{
    char out[16];
    ULONG size = sizeof out;
    SecHandle mine = trial_half_open(&server);

    if (handle_count() == 0 || context_buffer_count() > 3) /* these take every lock there is */
        return false;

    return trial_accept(&server, &mine, &mine, "ANSWER:alice:secret", out, &size) == SEC_E_OK
           && FreeContextBuffer(context_buffer_new(8)) == SEC_E_OK && DeleteSecurityContext(&mine) == SEC_E_OK;
}

/* Tells through the pipe and becomes another program: what the lost threads held is no leak worth a report. */
_Noreturn static void child_run(int report)
{
    char verdict;

    alarm(20);
    verdict = child_works() ? 'y' : 'n';
    (void)!write(report, &verdict, 1);
    execl("/bin/true", "true", (char *)NULL);
    _exit(0);
}

static char fork_once(void)
{
    char verdict = '?';
    int ends[2];
    pid_t child;

    cr_assert_eq(pipe(ends), 0);
    child = fork();
    if (child == 0)
        child_run(ends[1]);
    close(ends[1]);
    (void)!read(ends[0], &verdict, 1);
    close(ends[0]);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    return verdict;
}

Test(threads, fork_while_others_work)
{
    pthread_t threads[4];

    server = trial_credential("Trial", SECPKG_CRED_INBOUND);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, i < 3 ? make_and_drop : count_all_the_time, NULL), 0);
    for (int i = 0; i < 50; i++)
        cr_assert_eq(fork_once(), 'y');
    atomic_store(&stop, true);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&stop, false);
    assert_status(FreeCredentialsHandle(&server), SEC_E_OK);
}

/* The last failure is each thread's own. */
static void *fail_elsewhere(void *argument)
{
    (void)FreeContextBuffer(&context);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_USAGE);
    return argument;
}

Test(threads, last_failure_is_per_thread)
{
    pthread_t thread;
    PSecPkgInfoA info;

    trial_available = false;
    assert_status(QuerySecurityPackageInfoA((SEC_CHAR *)"Trial", &info), SEC_E_SECPKG_NOT_FOUND);
    trial_available = true;
    cr_assert_eq(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_CRYPTO_UNAVAILABLE);
}
