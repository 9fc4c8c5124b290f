/*
 * An initiator and an acceptor of one GSS-API in one process, for the peers that have it: compiled against MIT's or
 * Heimdal's.
 */
#ifndef SSPI_BENCH_GSS_PAIR_H
#define SSPI_BENCH_GSS_PAIR_H

#include <gssapi/gssapi.h>

struct gss_pair {
    gss_OID mechanism;
    OM_uint32 wanted; /* GSS_C_* */
    gss_name_t target;
    gss_cred_id_t client_credential, server_credential;
    gss_ctx_id_t client, server;
    gss_buffer_desc text;
};

/* A whole handshake; 0 or the step that failed. */
int gss_pair_connect(struct gss_pair *pair);

/* Operations on a struct gss_pair: a handshake with its end, and `text` wrapped and unwrapped. */
int gss_pair_handshake(void *pair);
int gss_pair_message(void *pair);

/* Connects, and times messages of 64, 1024 and 16384 bytes. */
void gss_pair_time_messages(struct gss_pair *pair);

#endif
