/*
 * OpenSSL's two buffers for records, 33 KiB of each connection. Of the handshakes that wait for the peer some keep them
 * from leg to leg; an idle connection has none, and one that talks need not allocate them for each record.
 */
#include <stdatomic.h>

#include "schannel/engine.h"

#define TALKS 16         /* messages after which a connection is one that talks */
#define TALKERS_MOST 256 /* so that what they hold stays within 8 MiB */
#define WAITERS_MOST 64  /* 2 MiB, however many connections are begun and left */

static atomic_uint talkers, waiters;

static bool room_take(atomic_uint *taken, unsigned most)
{
    if (atomic_fetch_add(taken, 1) < most)
        return true;
    atomic_fetch_sub(taken, 1);
    return false;
}

static void waiter_end(struct schannel_context *context)
{
    if (context->waits_with_buffers)
        atomic_fetch_sub(&waiters, 1);
    context->waits_with_buffers = false;
}

void schannel_buffers_wait(struct schannel_context *context)
{
    if (!context->waits_with_buffers)
        context->waits_with_buffers = room_take(&waiters, WAITERS_MOST);
    if (!context->waits_with_buffers)
        schannel_buffers_leg(context);
}

void schannel_buffers_leg(struct schannel_context *context)
{
    waiter_end(context);
    /* Refused in the middle of a record: then the next leg has it. */
    (void)SSL_free_buffers(context->ssl);
}

void schannel_buffers_open(const struct schannel_context *context)
{
    SSL_set_mode(context->ssl, SSL_MODE_RELEASE_BUFFERS);
}

void schannel_buffers_message(struct schannel_context *context)
{
    if (context->keeps_buffers || ++context->messages < TALKS)
        return;
    context->messages = 0;
    if (!room_take(&talkers, TALKERS_MOST))
        return;
    context->keeps_buffers = true;
    SSL_clear_mode(context->ssl, SSL_MODE_RELEASE_BUFFERS);
}

void schannel_buffers_end(struct schannel_context *context)
{
    if (context->keeps_buffers)
        atomic_fetch_sub(&talkers, 1);
    context->keeps_buffers = false;
    waiter_end(context);
}
