/*
 * What stands in for a socket under OpenSSL: reads take from a view of the caller's input, writes go to a buffer for
 * the peer, or straight into the caller's buffers of EncryptMessage.
 */
#ifndef SSPI_SCHANNEL_WIRE_H
#define SSPI_SCHANNEL_WIRE_H

#include <openssl/bio.h>

#include "base/attributes.h"
#include "base/bytes.h"

#define WIRE_PIECES 3 /* STREAM_HEADER, DATA, STREAM_TRAILER */

/* The caller's buffers as one stretch of memory that is not contiguous. */
struct wire_pieces {
    struct {
        uint8_t *data;
        size_t room, used;
    } piece[WIRE_PIECES];
};

struct schannel_wire {
    struct bytes in;            /* what OpenSSL may read now */
    uint8_t *out;               /* for the peer */
    size_t used, room;          /* of `out` */
    struct wire_pieces *pieces; /* where writes go in place of `out`; NULL: to `out` */
    bool no_memory;             /* a write failed for want of memory and can be tried again */
    bool decrypted;             /* the record in `in` is of our own making: as if a kernel had decrypted it */
};

/* A BIO over a wire, which must outlive it. NULL: no memory. */
MUST_CHECK BIO *wire_bio_new(struct schannel_wire *wire);
/* Sees to it that so many bytes more can be written to `out`. False: no memory. */
MUST_CHECK bool wire_reserve(struct schannel_wire *wire, size_t more);
/* Forgets and frees what was written. */
void wire_drop(struct schannel_wire *wire);
/* Spreads bytes over pieces. False: there is no room, and nothing was written. */
MUST_CHECK bool wire_spread(struct wire_pieces *pieces, struct bytes content);

#endif
