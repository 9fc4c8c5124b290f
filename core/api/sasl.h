/*
 * SASL on top of the packages: the mechanism's own tokens, then (GSSAPI, RFC 4752) the agreement on a security layer.
 * context.c runs sasl_step in the package's place for contexts that the Sasl functions began.
 */
#ifndef SSPI_API_SASL_H
#define SSPI_API_SASL_H

#include "api/provider.h"

#define SASL_SIZE_MAX 0xFFFFFFu    /* what three bytes can say */
#define SASL_AUTHZ_MAX 1024        /* bytes of an authorization identity */
#define SASL_MESSAGE_ROOM 256      /* more than any package adds to a message */
#define SASL_PLAIN_TRAILER 64      /* what a signed message grows by, where SECPKG_ATTR_SIZES tells of no trailer */
#define SASL_DEFAULT_SIZE 0xFFFFu  /* of SASL_OPTION_SEND_SIZE and SASL_OPTION_RECV_SIZE */
#define SASL_UNTOLD_SIZE 0x100000u /* what a peer may send that was never told our size */

/* A SASL mechanism and the package behind it. */
struct sasl_profile {
    const char *mechanism;
    const char *package;
    bool agrees_layer; /* RFC 4752 3.1, 3.2; else the layer follows from the context's flags ([MS-ADTS] 5.1.1.1.2) */
    struct bytes oid;  /* what a first token names, DER with its tag */
};

/* NULL past the end. */
const struct sasl_profile *sasl_profile_at(size_t index);
const struct sasl_profile *sasl_profile_of_package(const char *package);     /* NULL */
const struct sasl_profile *sasl_profile_of_mechanism(const char *mechanism); /* case-insensitively; NULL */
const struct sasl_profile *sasl_profile_of_token(struct bytes token);        /* NULL */

enum sasl_phase {
    SASL_MECHANISM, /* the package's own tokens */
    SASL_OFFER_DUE, /* acceptor: the client owes an empty answer to the package's last token */
    SASL_CHOICE_DUE,
    SASL_OFFER_AWAITED, /* initiator */
    SASL_ANSWER_DUE,    /* initiator: the layer is chosen, the answer not yet made */
    SASL_DONE
};

/* Beside a context that the Sasl functions began. */
struct sasl {
    const struct sasl_profile *profile;
    bool acceptor;
    enum sasl_phase phase;
    ULONG minimum;    /* setting sasl_minimum_layer, as a layer's bit */
    ULONG offered;    /* SSPI_SASL_LAYER_* that the acceptor offered */
    ULONG layer;      /* the one agreed; 0 until then */
    ULONG peer_size;  /* the longest message the peer takes */
    ULONG send_limit; /* SASL_OPTION_SEND_SIZE as set: plain bytes in one message */
    ULONG send_size;  /* the same, once agreed; 0 without a layer */
    ULONG receive_size;
    bool authz_forbidden;
    uint8_t *authz; /* authorization identity, UTF-8, not terminated */
    size_t authz_size;
    ULONG attributes; /* of the package's last leg, then cut down to the layer */
    int64_t expiry;
    ULONG bindings_result;
    uint8_t *pending; /* a message made but not yet handed out, because the caller's buffer was too small */
    size_t pending_size;
};

/*
 * One leg, as a package's accept or initiate: same contract, same repeatable failures. `*sasl` is made on the first
 * leg; SEC_E_UNSUPPORTED_FUNCTION where no SASL mechanism stands for the package.
 */
MUST_CHECK SECURITY_STATUS sasl_step(struct sasl **sasl, struct credential *credential, struct context **context,
                                     bool acceptor, struct step *step);
void sasl_free(struct sasl *sasl);

/* ---- The messages of RFC 4752 3.1 and 3.2 ---- */

/* An offer (acceptor) or a choice with its authorization identity (initiator). */
struct sasl_layers {
    uint8_t layers;
    uint32_t size; /* 24 bits */
    struct bytes authz;
};

MUST_CHECK bool sasl_layers_decode(struct bytes message, struct sasl_layers *out);
/* Writes 4 + authz.size bytes. */
void sasl_layers_encode(const struct sasl_layers *layers, uint8_t *out);

/* Refuses, with its reason, what an offer may not say. SEC_E_INVALID_TOKEN. */
MUST_CHECK SECURITY_STATUS sasl_offer_check(struct bytes message, struct sasl_layers *offer, struct failure *failure);

/* The same for a choice among `offered`. SEC_E_INVALID_TOKEN, SEC_E_QOP_NOT_SUPPORTED (a layer that was not offered).
 */
MUST_CHECK SECURITY_STATUS sasl_choice_check(struct bytes message, ULONG offered, struct sasl_layers *choice,
                                             struct failure *failure);

/* May the authenticated client act as `authz`? SEC_E_ALGORITHM_MISMATCH, SEC_E_LOGON_DENIED. */
MUST_CHECK SECURITY_STATUS sasl_authz_check(const struct sasl *sasl, struct credential *credential,
                                            struct context *context, struct bytes authz, struct failure *failure);

/* The name of a layer's bit, for explanations. */
const char *sasl_layer_name(ULONG layer);

/* ---- Protected messages ---- */

/*
 * Wraps `size` plain bytes, which lie at `room` + SASL_MESSAGE_ROOM, with SASL_MESSAGE_ROOM free bytes behind them: the
 * message then starts at `room` and is `*used` long.
 */
MUST_CHECK SECURITY_STATUS sasl_seal(const struct provider *provider, struct context *context, bool sealed,
                                     uint8_t *room, size_t size, size_t *used, struct failure *failure);

/* Unwraps a message in place. `sealed`: it must be. `plain` points into it. */
MUST_CHECK SECURITY_STATUS sasl_unseal(const struct provider *provider, struct context *context, bool sealed,
                                       uint8_t *message, size_t size, struct bytes *plain, struct failure *failure);

/* What wrapping adds at most, as SASL_OPTION_SEND_SIZE counts it. */
ULONG sasl_overhead(const struct provider *provider, struct context *context);

#endif
