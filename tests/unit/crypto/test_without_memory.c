/*
 * crypto.c: memory runs out while OpenSSL is opened, at one allocation after the other. The next use tries again.
 */
#include "test.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "crypto/hash.h"
#include "crypto/random.h"

static size_t until; /* allocations till one fails; 0: none does */
static bool failed;

static bool fails(void)
{
    if (until == 0 || --until)
        return false;
    failed = true;
    return true;
}

static void *counted_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return fails() ? NULL : malloc(size);
}

static void *counted_realloc(void *memory, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return fails() ? NULL : realloc(memory, size);
}

static void counted_free(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    free(memory);
}

/* Before OpenSSL allocates anything. */
__attribute__((constructor)) static void allocator_replace(void)
{
    CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free);
}

#ifndef SSPI_TEST_INPROCESS /* needs a process in which nothing was opened before */

enum verdict { RECOVERED, NOTHING_FAILED, STAYED_CLOSED, HOST_SAW_IT };

/* In a process of its own, whose host uses OpenSSL already. */
static enum verdict open_under_pressure(size_t nth)
{
    struct bytes message = bytes_of("abc", 3);
    uint8_t digest[16];

    until = nth;
    (void)!crypto_ready();
    until = 0;
    if (ERR_peek_error())
        return HOST_SAW_IT;
    if (!crypto_legacy_ready() || !md4_digest(&message, 1, digest) || !random_bytes(digest, sizeof digest))
        return STAYED_CLOSED;
    return failed ? RECOVERED : NOTHING_FAILED;
}

static enum verdict in_a_child(size_t nth)
{
    int status = -1;
    pid_t child = fork();

    cr_assert_geq(child, 0);
    if (child == 0)
        _exit((int)open_under_pressure(nth));
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status), "allocation %zu: ended with %d", nth, status);
    return (enum verdict)WEXITSTATUS(status);
}

Test(crypto_without_memory, next_use_tries_again, .timeout = 60)
{
    enum verdict verdict = RECOVERED;

    cr_assert_eq(OPENSSL_init_crypto(0, NULL), 1);
    ERR_clear_error();
    for (size_t nth = 1; verdict == RECOVERED; nth += 1 + nth / 16) {
        verdict = in_a_child(nth);
        cr_assert(verdict == RECOVERED || verdict == NOTHING_FAILED, "allocation %zu: %d", nth, (int)verdict);
        cr_assert(nth > 1 || verdict == RECOVERED);
    }
}
#endif
