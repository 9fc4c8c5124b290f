/*
 * Many threads on two credentials, one of which serves both roles: what context.c and reflection.c share between
 * contexts.
 */
#include <pthread.h>
#include <stdlib.h>

#include "support_ntlm.h"

enum { THREADS = 4, LOGINS = 40 };

struct worker {
    struct rig_side client, server;
    const char *name;
    unsigned good;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct rig_leg *legs = calloc(4, sizeof *legs);

    for (int i = 0; legs && i < LOGINS; i++) {
        rig_initiate(&worker->client, (struct bytes){0}, &legs[0]);
        rig_accept(&worker->server, rig_token(&legs[0]), &legs[1]);
        rig_initiate(&worker->client, rig_token(&legs[1]), &legs[2]);
        /* Every third is abandoned half-way, its challenge still waiting. */
        if (i % 3)
            rig_accept(&worker->server, rig_token(&legs[2]), &legs[3]);
        if (i % 3 && legs[3].status == SEC_E_OK && strcmp(legs[3].login.client, worker->name) == 0)
            worker->good++;
        ntlm_provider.context_free(worker->client.context);
        ntlm_provider.context_free(worker->server.context);
        worker->client.context = worker->server.context = NULL;
    }
    free(legs);
    return NULL;
}

Test(ntlm_threads, logins_side_by_side)
{
    static struct rig rig;
    struct credential *server, *alice;
    struct worker workers[THREADS];
    pthread_t threads[THREADS];

    rig_open(&rig);
    server = rig_credential(SECPKG_CRED_BOTH, "User", "Domain", "Password");
    alice = rig_credential(SECPKG_CRED_OUTBOUND, "alice", "Domain", "Password");
    server->accounts = rig.store;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.client = rig.client, .server = rig.server, .name = "Domain\\User"};
        workers[i].server.credential = server;
        if (i % 2) {
            workers[i].client.credential = alice;
            workers[i].name = "Domain\\alice";
        }
        cr_assert_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(workers[i].good, LOGINS - (LOGINS + 2) / 3);
    }
    cr_assert_null(((struct ntlm_credential *)server)->outstanding);
    server->accounts = NULL;
    rig_credential_free(server);
    rig_credential_free(alice);
    rig_close(&rig);
}
