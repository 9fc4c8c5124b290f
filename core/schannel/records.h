/*
 * Where TLS records begin and end, RFC 8446 5.1: input is cut at their borders before OpenSSL sees it, so that a call
 * with too few bytes consumes nothing. And how records grow what is put into them.
 */
#ifndef SSPI_SCHANNEL_RECORDS_H
#define SSPI_SCHANNEL_RECORDS_H

#include "base/attributes.h"
#include "base/bytes.h"

#define RECORD_HEADER 5
#define RECORD_LIMIT (16384 + 2048) /* RFC 5246 6.2.3; RFC 8446 allows 16384 + 256 */

/* The beginning of some input. */
struct record_scan {
    size_t whole;   /* bytes of whole records */
    size_t missing; /* how many bytes the next record lacks, at least; 0: the input ends with a record */
    bool malformed; /* what follows `whole` is no record at all: OpenSSL shall see it and complain */
};

/*
 * Up to `limit` records. `hello`: the first one may be a ClientHello in the form of SSL 2.0, RFC 5246 E.2.
 */
struct record_scan record_scan(struct bytes input, size_t limit, bool hello);

/* What a connection's records add to their content. */
struct schannel_sizes {
    uint32_t header;  /* exactly: record header and explicit nonce */
    uint32_t trailer; /* at most: MAC or tag, padding, inner type */
    uint32_t block;
    uint32_t content; /* at most, in one record */
};

#endif
