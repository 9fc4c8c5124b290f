/* The private OpenSSL: ready, invisible to the host, safe with threads and forks, without the legacy provider. */
#include "test.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "crypto/des.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "crypto/random.h"
#include "crypto/rc4.h"

Test(crypto, is_ready)
{
    cr_assert(crypto_ready());
    cr_assert(crypto_legacy_ready());
    cr_assert_not_null(strstr(crypto_legacy_advice(), "OPENSSL_MODULES"));
}

Test(crypto, host_sees_nothing)
{
    struct bytes message = bytes_of("abc", 3);
    uint8_t digest[16];
    EVP_MD *md4;

    ERR_clear_error();
    cr_assert(md4_digest(&message, 1, digest));
    cr_assert_eq(ERR_peek_error(), 0, "the host's error queue");
    md4 = EVP_MD_fetch(NULL, "MD4", NULL);
    cr_assert_null(md4, "MD4 stays out of the host's context");
    ERR_clear_error();
}

#ifndef SSPI_TEST_INPROCESS /* needs a process in which nothing was opened before */
Test(crypto, without_the_legacy_provider)
{
    struct bytes message = bytes_of("abc", 3);
    uint8_t digest[32] = {1};

    setenv("OPENSSL_MODULES", "/nonexistent", 1);
    cr_assert(crypto_ready());
    cr_assert(!crypto_legacy_ready());
    cr_assert(md5_digest(&message, 1, digest) && sha256_digest(&message, 1, digest));
    cr_assert(!md4_digest(&message, 1, digest));
    assert_mem_eq(digest, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    cr_assert(!des_encrypt(digest, digest, digest));
    cr_assert_eq(ERR_peek_error(), 0, "the host's error queue");
}

Test(crypto, hosts_configuration_is_not_read)
{
    char path[] = "/tmp/openssl.XXXXXX";
    struct bytes message = bytes_of("abc", 3);
    uint8_t digest[16];
    int file = mkstemp(path);

    dprintf(file, "openssl_conf = o\n[o]\nproviders = p\n[p]\nnull = n\n[n]\nactivate = 1\n");
    close(file);
    setenv("OPENSSL_CONF", path, 1);
    cr_assert(crypto_legacy_ready());
    cr_assert(md5_digest(&message, 1, digest));
    unlink(path);
}
#endif

/* Everything once, checked against values from another run of the same functions. */
static bool all_works(const uint8_t expected[16])
{
    struct bytes message = bytes_of("some message", 12), key = bytes_of("0123456789abcdef", 16);
    struct hmac_md5_key *kept = hmac_md5_key_new(key);
    struct rc4 *stream = rc4_new(key);
    uint8_t out[16], scrap[16], one[16], two[16];
    bool ok = kept && stream && md5_digest(&message, 1, scrap);

    if (ok) {
        hmac_md5_with(kept, &message, 1, out);
        rc4_apply(stream, out, out, sizeof out);
    }
    ok = ok && rc4_once(key, out, out, sizeof out) && md4_digest(&message, 1, scrap) && random_bytes(one, 16)
         && random_bytes(two, 16) && memcmp(one, two, 16) != 0 && hmac_md5(key, &message, 1, scrap)
         && memcmp(out, scrap, 16) == 0 && memcmp(out, expected, 16) == 0;
    hmac_md5_key_free(kept);
    rc4_free(stream);
    return ok;
}

static void *many_times(void *expected)
{
    for (int i = 0; i < 200; i++) {
        if (!all_works(expected))
            return expected;
    }
    return NULL;
}

static void reference(uint8_t expected[16])
{
    struct bytes message = bytes_of("some message", 12);

    cr_assert(hmac_md5(bytes_of("0123456789abcdef", 16), &message, 1, expected));
}

Test(crypto, threads_do_not_disturb_each_other)
{
    pthread_t threads[8];
    uint8_t expected[16];
    void *failed;

    reference(expected);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 8; i++)
            cr_assert_eq(pthread_create(&threads[i], NULL, many_times, expected), 0);
        for (size_t i = 0; i < 8; i++) {
            pthread_join(threads[i], &failed);
            cr_assert_null(failed);
        }
    }
}

/* A child process: writes what it drew, and whether all works, into the pipe. */
static void child(int to, const uint8_t expected[16])
{
    uint8_t report[17];

    report[16] = random_bytes(report, 16) && all_works(expected);
    _exit(write(to, report, sizeof report) == sizeof report ? 0 : 1);
}

Test(crypto, works_after_fork_and_draws_otherwise)
{
    uint8_t expected[16], reports[3][17];
    int pipes[2], status;

    reference(expected);
    cr_assert(all_works(expected));
    cr_assert_eq(pipe(pipes), 0);
    for (size_t i = 0; i < 2; i++) {
        pid_t pid = fork();

        if (pid == 0)
            child(pipes[1], expected);
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        cr_assert_eq(status, 0);
        cr_assert_eq(read(pipes[0], reports[i], 17), 17);
        cr_assert_eq(reports[i][16], 1);
    }
    cr_assert(random_bytes(reports[2], 16));
    cr_assert(memcmp(reports[0], reports[1], 16) != 0, "two children");
    cr_assert(memcmp(reports[0], reports[2], 16) != 0, "child and parent");
    close(pipes[0]);
    close(pipes[1]);
}
