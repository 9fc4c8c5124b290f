/*
 * Run by suite attack: the nth allocation of the whole process fails, libkrb5's and OpenSSL's included, for every n of
 * one login in a process that has logged in before. Nobody dies of it, and the next login succeeds.
 */
#include "service.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

/* Seen by the libraries, too. */
#define SHOWN __attribute__((visibility("default")))

static atomic_size_t asked, failing;

static bool granted(void)
{
    if (atomic_load(&failing) == 0 || atomic_fetch_add(&asked, 1) + 1 != atomic_load(&failing))
        return true;
    errno = ENOMEM;
    return false;
}

SHOWN void *malloc(size_t size)
{
    return granted() ? __libc_malloc(size) : NULL;
}

SHOWN void *calloc(size_t count, size_t size)
{
    return granted() ? __libc_calloc(count, size) : NULL;
}

SHOWN void *realloc(void *memory, size_t size)
{
    return granted() ? __libc_realloc(memory, size) : NULL;
}

/* Shared with the child that makes it, so that no library has done anything yet where it counts. */
static struct world {
    uint8_t keytab[TICKET_ROOM], request[TICKET_ROOM];
    ULONG keytab_size, request_size;
    char cache[64], cache_name[80];
} * world;

static uint8_t answer[TICKET_ROOM];

/* One side's whole first leg, nothing asserted: whatever fails must say so. */
static SECURITY_STATUS accept_once(void)
{
    SecBuffer in = {world->request_size, SECBUFFER_TOKEN, world->request};
    SecBuffer out = {sizeof answer, SECBUFFER_TOKEN, answer};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
    CredHandle credential;
    CtxtHandle context;
    ULONG attributes;
    SECURITY_STATUS status =
        AcquireCredentialsHandleA((SEC_CHAR *)(uintptr_t) "HTTP", (SEC_CHAR *)(uintptr_t) "Kerberos",
                                  SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL);

    if (status != SEC_E_OK)
        return status;
    status = SspiCredentialSetKeytabBytes(&credential, world->keytab, world->keytab_size);
    if (status == SEC_E_OK)
        status = SspiCredentialSetOption(&credential, "replay_cache", "memory");
    if (status == SEC_E_OK)
        status = AcceptSecurityContext(&credential, NULL, &input, 0, 0, &context, &output, &attributes, NULL);
    if (status >= 0)
        (void)DeleteSecurityContext(&context);
    (void)FreeCredentialsHandle(&credential);
    return status;
}

static SECURITY_STATUS initiate_once(void)
{
    SecBuffer out = {sizeof answer, SECBUFFER_TOKEN, answer};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
    CredHandle credential;
    CtxtHandle context;
    ULONG attributes;
    SECURITY_STATUS status = AcquireCredentialsHandleA(NULL, (SEC_CHAR *)(uintptr_t) "Kerberos", SECPKG_CRED_OUTBOUND,
                                                       NULL, NULL, NULL, NULL, &credential, NULL);

    if (status != SEC_E_OK)
        return status;
    status = SspiCredentialSetTicketCache(&credential, world->cache_name);
    if (status == SEC_E_OK)
        status = InitializeSecurityContextA(&credential, NULL, (SEC_CHAR *)(uintptr_t)SERVICE, ISC_REQ_MUTUAL_AUTH, 0,
                                            0, NULL, 0, &context, &output, &attributes, NULL);
    if (status >= 0)
        (void)DeleteSecurityContext(&context);
    (void)FreeCredentialsHandle(&credential);
    return status;
}

static int world_write(void)
{
    static uint8_t room[TICKET_ROOM];
    struct ticket_spec ticket;
    struct authenticator_spec authenticator;
    struct bytes content;
    int file;

    ticket_spec_usual(&ticket);
    authenticator_spec_usual(&authenticator);
    world->keytab_size = (ULONG)keytab_make(&ticket, 1, world->keytab).size;
    world->request_size = (ULONG)ap_req_make(&ticket, &authenticator, world->request).size;
    content = ticket_cache_make(&ticket, 1, room);
    snprintf(world->cache, sizeof world->cache, "/tmp/sspi-memory-XXXXXX");
    file = mkstemp(world->cache);
    snprintf(world->cache_name, sizeof world->cache_name, "FILE:%s", world->cache);
    return file >= 0 && write(file, content.data, content.size) == (ssize_t)content.size && close(file) == 0 ? 0 : 1;
}

static void world_make(void)
{
    int status = -1;
    pid_t child;

    world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert(world != MAP_FAILED);
    fflush(stdout);
    child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(world_write());
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
}

enum { CLEAN, DONE, NO_RETRY, TOO_FAR };

/* In a child: with the nth allocation failing, then once more with none. */
static int trial(SECURITY_STATUS (*leg)(void), size_t nth)
{
    SECURITY_STATUS status;

    atomic_store(&failing, nth);
    status = leg();
    atomic_store(&failing, 0);
    if (atomic_load(&asked) < nth)
        return TOO_FAR;
    if (status >= 0)
        return DONE; /* it could do without */
    return leg() >= 0 ? CLEAN : NO_RETRY;
}

struct toll {
    size_t places, deaths, stuck;
};

/* After one login that went well: OpenSSL opens its library once, and a process that had no memory for that has none.
 */
static struct toll each_place(SECURITY_STATUS (*leg)(void))
{
    const struct rlimit no_core = {0, 0};
    struct toll toll = {0};

    cr_assert_geq(leg(), 0);
    for (size_t nth = 1;; nth++) {
        int status = 0;
        pid_t child;

        fflush(stdout);
        child = fork();
        cr_assert_geq(child, 0);
        if (child == 0) {
            (void)setrlimit(RLIMIT_CORE, &no_core);
            (void)!freopen("/dev/null", "w", stderr);
            alarm(20);
            _exit(trial(leg, nth));
        }
        cr_assert_eq(waitpid(child, &status, 0), child);
        if (WIFEXITED(status) && WEXITSTATUS(status) == TOO_FAR)
            return toll;
        toll.places++;
        toll.deaths += WIFSIGNALED(status);
        toll.stuck += WIFEXITED(status) && WEXITSTATUS(status) == NO_RETRY;
    }
}

static void survived(SECURITY_STATUS (*leg)(void), const char *who)
{
    struct toll toll;

    world_make();
    toll = each_place(leg);
    printf("%s: %zu places, %zu deaths, %zu without a good second try\n", who, toll.places, toll.deaths, toll.stuck);
    unlink(world->cache);
    munmap(world, sizeof *world);
    cr_assert_gt(toll.places, 20u);
    cr_assert_eq(toll.deaths + toll.stuck, 0u);
}

Test(memory, acceptor)
{
    survived(accept_once, "acceptor");
}

Test(memory, initiator)
{
    survived(initiate_once, "initiator");
}
