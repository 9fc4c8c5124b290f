/*
 * Two packages of words that stand behind the SASL mechanisms in the tests of api/, under the names "Kerberos" and
 * "Negotiate". The client says AP, or AP+ for an answer (REP). A protected message is 's' (sealed: each byte turned
 * over) or 'p' (signed), a number, and the data.
 */
#ifndef SSPI_TESTS_API_SASL_TRIAL_H
#define SSPI_TESTS_API_SASL_TRIAL_H

#include "trial.h"

/* What the packages do next; sasl_trial_reset before each test. */
extern struct sasl_trial {
    bool mutual;
    ULONG accept_attributes, initiate_attributes; /* of an established context */
    const char *native_client, *native_server;
    bool padding; /* a byte of padding behind sealed data */
    unsigned accepts;
} sasl_trial;
void sasl_trial_reset(void);

/* Part of the tests' registry: one of the two packages, or NULL. */
const struct provider *sasl_trial_find(const char *name);

/* One side of a login, with room for its last token. */
struct sasl_side {
    bool acceptor;
    ULONG request;
    SecHandle credential, context;
    bool begun;
    ULONG attributes, room, size;
    uint8_t token[2048];
};
struct sasl_side sasl_side_open(bool acceptor, const char *package, ULONG request);
void sasl_side_close(struct sasl_side *side);
SECURITY_STATUS sasl_side_step(struct sasl_side *side, const void *token, ULONG size);

/* Both sides through a whole login; each must end with SEC_E_OK. */
struct sasl_pair {
    struct sasl_side client, server;
};
void sasl_pair_open(struct sasl_pair *pair, const char *package, ULONG client_request, ULONG server_request);
void sasl_pair_close(struct sasl_pair *pair);

#define SASL_CLIENT_ALL (ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_MUTUAL_AUTH)
#define SASL_SERVER_ALL (ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY)

#endif
