/*
 * The BIO between OpenSSL and the caller's memory. One method for all connections, made once.
 */
#include "schannel/wire.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "base/memory.h"

#define OUT_FIRST 512
#define OUT_LIMIT ((size_t)1 << 24) /* far beyond any flight: OpenSSL's own limits come first */

static int wire_read(BIO *bio, char *data, int size)
{
    struct schannel_wire *wire = BIO_get_data(bio);
    size_t take = (size_t)size;

    BIO_clear_retry_flags(bio);
    if (size <= 0)
        return 0;
    if (wire->in.size == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    if (take > wire->in.size)
        take = wire->in.size;
    memcpy(data, wire->in.data, take);
    wire->in = bytes_of(wire->in.data + take, wire->in.size - take);
    return (int)take;
}

bool wire_reserve(struct schannel_wire *wire, size_t more)
{
    size_t room = wire->room ? wire->room : OUT_FIRST;
    uint8_t *grown;

    if (more <= wire->room - wire->used)
        return true;
    if (more > OUT_LIMIT - wire->used)
        return false;
    while (room - wire->used < more)
        room *= 2;
    grown = mem_alloc(room);
    if (!grown)
        return false;
    if (wire->used)
        memcpy(grown, wire->out, wire->used);
    mem_free(wire->out);
    wire->out = grown;
    wire->room = room;
    return true;
}

bool wire_spread(struct wire_pieces *pieces, struct bytes content)
{
    size_t room = 0;

    for (int i = 0; i < WIRE_PIECES; i++)
        room += pieces->piece[i].room - pieces->piece[i].used;
    if (content.size > room)
        return false;
    for (int i = 0; i < WIRE_PIECES && content.size; i++) {
        size_t part = pieces->piece[i].room - pieces->piece[i].used;

        if (part > content.size)
            part = content.size;
        if (part == 0)
            continue;
        memcpy(pieces->piece[i].data + pieces->piece[i].used, content.data, part);
        pieces->piece[i].used += part;
        content = bytes_of(content.data + part, content.size - part);
    }
    return true;
}

/* A write that finds no memory is one that may be tried again: OpenSSL keeps its state. */
static int wire_write(BIO *bio, const char *data, int size)
{
    struct schannel_wire *wire = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (size <= 0)
        return 0;
    if (wire->pieces)
        return wire_spread(wire->pieces, bytes_of(data, (size_t)size)) ? size : -1;
    if (!wire_reserve(wire, (size_t)size)) {
        wire->no_memory = true;
        BIO_set_retry_write(bio);
        return -1;
    }
    memcpy(wire->out + wire->used, data, (size_t)size);
    wire->used += (size_t)size;
    return size;
}

static long wire_ctrl(BIO *bio, int command, long number, void *argument)
{
    (void)number, (void)argument;
    if (command == BIO_CTRL_GET_KTLS_RECV)
        return ((const struct schannel_wire *)BIO_get_data(bio))->decrypted;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static void method_make(void)
{
    BIO_METHOD *made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sspi");

    if (made && BIO_meth_set_read(made, wire_read) && BIO_meth_set_write(made, wire_write)
        && BIO_meth_set_ctrl(made, wire_ctrl)) {
        method = made;
        return;
    }
    BIO_meth_free(made);
}

BIO *wire_bio_new(struct schannel_wire *wire)
{
    BIO *bio;

    pthread_once(&method_once, method_make);
    if (!method)
        return NULL;
    bio = BIO_new(method);
    if (!bio)
        return NULL;
    BIO_set_data(bio, wire);
    BIO_set_init(bio, 1);
    return bio;
}

void wire_drop(struct schannel_wire *wire)
{
    mem_free(wire->out); /* as whoever watches the connection sees it */
    wire->out = NULL;
    wire->used = wire->room = 0;
}
