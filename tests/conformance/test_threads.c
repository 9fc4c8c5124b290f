/* C 39 of the checklist: different contexts at once, from many threads, on one credential. Run under ThreadSanitizer
 * too. */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "packages.h"

#define THREADS 6
#define LOGINS 20

static SecHandle server_credential, client_credential;

/* One side of a login that shares nothing with other threads. */
struct side {
    SecHandle *handle;
    SecHandle *context; /* NULL before the first leg */
    SECURITY_STATUS status;
};

static SecBuffer allocated(void)
{
    return (SecBuffer){0, SECBUFFER_TOKEN, NULL};
}

/* One leg: the token that came is freed, the next one takes its place. */
static void side_step(struct side *side, bool server, SecBuffer *token)
{
    SecBuffer next = allocated();
    SecBufferDesc in = {0, 1, token}, out = {0, 1, &next};
    ULONG attributes;

    if (server)
        side->status = AcceptSecurityContext(&server_credential, side->context, &in,
                                             package->protect_server | ASC_REQ_ALLOCATE_MEMORY, 0, side->handle, &out,
                                             &attributes, NULL);
    else
        side->status = InitializeSecurityContextA(&client_credential, side->context, (SEC_CHAR *)package->target,
                                                  package->protect_client | ISC_REQ_ALLOCATE_MEMORY, 0, 0,
                                                  side->context ? &in : NULL, 0, side->handle, &out, &attributes, NULL);
    side->context = side->handle;
    FreeContextBuffer(token->pvBuffer);
    *token = next;
}

static SECURITY_STATUS login(SecHandle *server_handle, SecHandle *client_handle)
{
    struct side server = {server_handle, NULL, SEC_I_CONTINUE_NEEDED},
                client = {client_handle, NULL, SEC_I_CONTINUE_NEEDED};
    SecBuffer token = allocated();

    while (server.status == SEC_I_CONTINUE_NEEDED || client.status == SEC_I_CONTINUE_NEEDED) {
        if (client.status == SEC_I_CONTINUE_NEEDED)
            side_step(&client, false, &token);
        if (client.status >= 0 && server.status == SEC_I_CONTINUE_NEEDED)
            side_step(&server, true, &token);
        if (client.status < 0 || server.status < 0)
            break;
    }
    FreeContextBuffer(token.pvBuffer);
    return server.status < 0 ? server.status : client.status;
}

static SECURITY_STATUS seal_once(SecHandle *from, SecHandle *to)
{
    uint8_t data[64] = "secret", trailer[256];
    SecBuffer buffers[2] = {{sizeof data, SECBUFFER_DATA, data}, {sizeof trailer, SECBUFFER_TOKEN, trailer}};
    SecBufferDesc desc = {0, 2, buffers};
    ULONG qop;
    SECURITY_STATUS status = EncryptMessage(from, 0, &desc, 0);

    return status == SEC_E_OK ? DecryptMessage(to, &desc, 0, &qop) : status;
}

/* The same as a record of a stream. */
static SECURITY_STATUS record_once(SecHandle *from, SecHandle *to)
{
    uint8_t memory[512] = {0};
    SecPkgContext_StreamSizes sizes;
    SecBuffer buffers[4], came[4] = {{0}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 4, buffers}, came_desc = {SECBUFFER_VERSION, 4, came};
    SECURITY_STATUS status = QueryContextAttributesA(from, SECPKG_ATTR_STREAM_SIZES, &sizes);

    if (status != SEC_E_OK)
        return status;
    buffers[0] = (SecBuffer){sizes.cbHeader, SECBUFFER_STREAM_HEADER, memory};
    buffers[1] = (SecBuffer){64, SECBUFFER_DATA, memory + sizes.cbHeader};
    buffers[2] = (SecBuffer){sizes.cbTrailer, SECBUFFER_STREAM_TRAILER, memory + sizes.cbHeader + 64};
    buffers[3] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
    status = EncryptMessage(from, 0, &desc, 0);
    came[0] = (SecBuffer){buffers[0].cbBuffer + buffers[1].cbBuffer + buffers[2].cbBuffer, SECBUFFER_DATA, memory};
    return status == SEC_E_OK ? DecryptMessage(to, &came_desc, 0, NULL) : status;
}

static SECURITY_STATUS message_once(SecHandle *from, SecHandle *to)
{
    if (package->stream)
        return record_once(from, to);
    return package->seals ? seal_once(from, to) : SEC_E_OK;
}

static void *work(void *argument)
{
    for (int i = 0; i < LOGINS; i++) {
        SecHandle server, client;
        SECURITY_STATUS status = login(&server, &client);

        if (status == SEC_E_OK)
            status = message_once(&client, &server);
        if (status != SEC_E_OK || DeleteSecurityContext(&server) != SEC_E_OK
            || DeleteSecurityContext(&client) != SEC_E_OK)
            return argument;
    }
    return NULL;
}

static void acquire(void)
{
    assert_status(package->acquire_server(&server_credential, SECPKG_CRED_INBOUND), SEC_E_OK);
    assert_status(package->acquire_client(&client_credential, SECPKG_CRED_OUTBOUND, CLIENT_GOOD), SEC_E_OK);
}

static void release(void)
{
    assert_status(FreeCredentialsHandle(&server_credential), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&client_credential), SEC_E_OK);
}

Test(threads, different_contexts_at_once, .timeout = 300)
{
    FOR_EACH_PACKAGE
    {
        pthread_t threads[THREADS];

        acquire();
        for (int i = 0; i < THREADS; i++)
            cr_assert_eq(pthread_create(&threads[i], NULL, work, &server_credential), 0);
        for (int i = 0; i < THREADS; i++) {
            void *failed;

            pthread_join(threads[i], &failed);
            cr_assert_null(failed);
        }
        release();
    }
}

/* Contexts may hop: each leg and each message on another thread. */
struct hop {
    SecHandle server, client;
    SECURITY_STATUS status;
};

static void *hop_login(void *argument)
{
    struct hop *hop = argument;

    hop->status = login(&hop->server, &hop->client);
    return NULL;
}

static void *hop_seal(void *argument)
{
    struct hop *hop = argument;

    hop->status = message_once(&hop->client, &hop->server);
    return NULL;
}

Test(threads, contexts_may_hop)
{
    FOR_EACH_PACKAGE
    {
        struct hop hop;
        pthread_t thread;

        acquire();
        cr_assert_eq(pthread_create(&thread, NULL, hop_login, &hop), 0);
        pthread_join(thread, NULL);
        assert_status(hop.status, SEC_E_OK);
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(pthread_create(&thread, NULL, hop_seal, &hop), 0);
            pthread_join(thread, NULL);
            assert_status(hop.status, SEC_E_OK);
        }
        assert_status(DeleteSecurityContext(&hop.server), SEC_E_OK);
        assert_status(DeleteSecurityContext(&hop.client), SEC_E_OK);
        release();
    }
}

/* Credentials acquired before a fork work in the children. */
Test(threads, credentials_work_after_a_fork)
{
    FOR_EACH_PACKAGE
    {
        acquire();
        for (int i = 0; i < 3; i++) {
            pid_t child = fork();
            int status;

            if (child == 0) {
                SecHandle server, client;

                alarm(30);
                _exit(login(&server, &client) == SEC_E_OK ? 0 : 1);
            }
            cr_assert_eq(waitpid(child, &status, 0), child);
            cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
        release();
    }
}
