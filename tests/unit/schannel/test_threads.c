/*
 * One credential of each side under many threads: the first contexts make its SSL_CTX, all share tickets and sessions.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "own_rig.h"

#define NAME "www.example.com"
#define THREADS 4
#define ROUNDS 12

static struct tls_pair first;
static atomic_int resumed;

static void *connections(void *argument)
{
    struct tls_pair *pair = argument;

    for (int i = 0; i < ROUNDS; i++) {
        resumed += own_open(pair, NAME);
        if (i == ROUNDS / 2)
            cr_assert_neq(SslEmptyCacheA(NULL, 0), 0);
        tls_again(pair);
    }
    return NULL;
}

Test(threads, share_credentials, .timeout = 120)
{
    static struct tls_pair pairs[THREADS];
    pthread_t threads[THREADS];

    own_begin(&first, NULL, NULL);
    own_certificate(&first.server, own_pem(&(struct pki_spec){.name = NAME}), false);
    own_certificate(&first.server, own_pem(&(struct pki_spec){.name = "other.example.com"}), true);
    own_trust(&first.client);
    for (int i = 0; i < THREADS; i++) {
        pairs[i] = first;
        cr_assert_eq(pthread_create(&threads[i], NULL, connections, &pairs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_gt(atomic_load(&resumed), 0);
    tls_end(&first);
}
