/*
 * OpenSSL's two buffers for records, 33 KiB of each connection. While a handshake runs they live for a leg; afterwards
 * an idle connection has none, and one that talks need not allocate them for each record.
 */
#include <stdatomic.h>

#include "schannel/engine.h"

#define TALKS 16         /* messages after which a connection is one that talks */
#define TALKERS_MOST 256 /* so that what they hold stays within 8 MiB */

static atomic_uint talkers;

void schannel_buffers_leg(const struct schannel_context *context)
{
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
    if (atomic_fetch_add(&talkers, 1) >= TALKERS_MOST) {
        atomic_fetch_sub(&talkers, 1);
        return;
    }
    context->keeps_buffers = true;
    SSL_clear_mode(context->ssl, SSL_MODE_RELEASE_BUFFERS);
}

void schannel_buffers_end(struct schannel_context *context)
{
    if (context->keeps_buffers)
        atomic_fetch_sub(&talkers, 1);
    context->keeps_buffers = false;
}
