/*
 * buffers.c: which connections keep OpenSSL's buffers, and how many of them.
 */
#include "schannel/engine.h"
#include "test.h"

enum { MESSAGES = 16, TALKERS = 256, WAITERS = 64 };

static SSL_CTX *tls;
static struct schannel_context contexts[TALKERS + 1];

static void begin(void)
{
    tls = SSL_CTX_new(TLS_method());
    cr_assert_not_null(tls);
    for (size_t i = 0; i < TALKERS + 1; i++) {
        contexts[i] = (struct schannel_context){.ssl = SSL_new(tls)};
        cr_assert_not_null(contexts[i].ssl);
        schannel_buffers_open(&contexts[i]);
    }
}

static void end(void)
{
    for (size_t i = 0; i < TALKERS + 1; i++) {
        schannel_buffers_end(&contexts[i]);
        SSL_free(contexts[i].ssl);
    }
    SSL_CTX_free(tls);
}

static bool releases(const struct schannel_context *context)
{
    return (SSL_get_mode(context->ssl) & SSL_MODE_RELEASE_BUFFERS) != 0;
}

static void talk(struct schannel_context *context, int messages)
{
    for (; messages > 0; messages--)
        schannel_buffers_message(context);
}

Test(buffers, who_talks_keeps_them, .init = begin, .fini = end)
{
    cr_assert(releases(&contexts[0]));
    talk(&contexts[0], MESSAGES - 1);
    cr_assert(releases(&contexts[0]));
    talk(&contexts[0], 1);
    cr_assert_not(releases(&contexts[0]));
    talk(&contexts[0], 1000);
    cr_assert_not(releases(&contexts[0]));
    cr_assert(releases(&contexts[1]));
}

Test(buffers, only_so_many_keep_them, .init = begin, .fini = end)
{
    struct schannel_context *last = &contexts[TALKERS];

    for (size_t i = 0; i < TALKERS; i++) {
        talk(&contexts[i], MESSAGES);
        cr_assert_not(releases(&contexts[i]));
    }
    talk(last, 10 * MESSAGES);
    cr_assert(releases(last));
    schannel_buffers_end(&contexts[0]);
    schannel_buffers_end(&contexts[0]);
    talk(last, MESSAGES);
    cr_assert_not(releases(last));
    talk(&contexts[0], MESSAGES);
    cr_assert_not(contexts[0].keeps_buffers);
}

Test(buffers, so_many_handshakes_wait_with_them, .init = begin, .fini = end)
{
    struct schannel_context *last = &contexts[WAITERS];

    for (size_t i = 0; i < WAITERS; i++) {
        schannel_buffers_wait(&contexts[i]);
        schannel_buffers_wait(&contexts[i]);
        cr_assert(contexts[i].waits_with_buffers);
    }
    schannel_buffers_wait(last);
    cr_assert_not(last->waits_with_buffers);
    schannel_buffers_leg(&contexts[0]);
    schannel_buffers_leg(&contexts[0]);
    schannel_buffers_wait(last);
    cr_assert(last->waits_with_buffers);
    schannel_buffers_wait(&contexts[0]);
    cr_assert_not(contexts[0].waits_with_buffers);
    schannel_buffers_end(last);
    schannel_buffers_wait(&contexts[0]);
    cr_assert(contexts[0].waits_with_buffers);
}
