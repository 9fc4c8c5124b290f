/*
 * Inside schannel/ only: a TLS connection as a context. OpenSSL's state machine runs between two memory views, the
 * caller's token and a buffer for the peer; nothing here knows a socket.
 */
#ifndef SSPI_SCHANNEL_ENGINE_H
#define SSPI_SCHANNEL_ENGINE_H

#include <openssl/ssl.h>

#include "api/provider.h"
#include "schannel.h"
#include "schannel/credential.h"
#include "schannel/records.h"
#include "schannel/wire.h"

#define SCHANNEL_MAX_TOKEN 65536  /* a flight with long chains; what is longer is told with SEC_E_BUFFER_TOO_SMALL */
#define SCHANNEL_MAX_RECORD 16384 /* RFC 8446 5.1 */
#define SCHANNEL_NO_ALERT (-1)

/* What the next call of AcceptSecurityContext or InitializeSecurityContext on this context is for. */
enum schannel_stage {
    STAGE_HANDSHAKE,   /* the first handshake */
    STAGE_OPEN,        /* done: messages flow */
    STAGE_ASKED,       /* a request of ours for more is out (post-handshake authentication): messages still flow */
    STAGE_RENEGOTIATE, /* DecryptMessage met the peer's wish: the answer waits, messages do not flow */
    STAGE_REQUESTED    /* an initiator's own ClientHello is out: messages come in until the answer, none go out */
};

/* What ApplyControlToken asked for; done by the next leg. */
enum schannel_control { CONTROL_NONE, CONTROL_SHUTDOWN, CONTROL_ALERT, CONTROL_RENEGOTIATE };

/* Keying material that SetContextAttributes named. */
struct schannel_material {
    char *label;
    uint8_t *context;
    uint16_t label_size, context_size;
    bool has_context;
    ULONG size;
};

struct schannel_context {
    struct context base;
    SSL *ssl;
    struct schannel_wire wire;
    enum schannel_stage stage;
    enum schannel_control control;
    uint8_t control_alert[2];
    ULONG requested; /* of the leg that runs or ran last */
    char *target;    /* initiator: the server's name as given, NULL: none */

    /* A leg that could not hand out its result: the call will be repeated with the same bytes. */
    size_t eaten;            /* of the token's beginning, consumed already */
    bool interrupted;        /* OpenSSL stopped in the middle: it goes on without more input */
    bool settled;            /* the outcome is decided, only the output is missing */
    SECURITY_STATUS outcome; /* then */

    /* What OpenSSL told by callbacks. */
    int alert_sent, alert_received; /* level << 8 | description, SCHANNEL_NO_ALERT */
    uint8_t alert_wanted;           /* what OpenSSL's callbacks shall fail with, for the call that runs; 0: nothing */
    bool finished_again;            /* the peer's Finished of a further handshake came since this was cleared */
    bool peer_in_doubt;             /* a further handshake brought a certificate, and has not ended well yet */

    const struct credential *supplied; /* initiator: the credential that answered SEC_I_INCOMPLETE_CREDENTIALS; NULL */
    bool awaits_certificate;           /* initiator: SEC_I_INCOMPLETE_CREDENTIALS was said */
    bool certificate_refused;          /* then: the program answered, and nobody is asked again */

    bool broken;             /* a fatal alert went either way */
    SECURITY_STATUS failure; /* then: what every later call says */
    bool closed_by_peer;     /* close_notify came */
    bool closed;             /* close_notify or a fatal alert of ours is out */

    struct bytes protocols; /* ALPN as the caller offers it, RFC 7301 form; owned */
    struct schannel_material material;
    ULONG eap_prf;      /* SECPKG_ATTR_EAP_PRF_INFO: whose keys SECPKG_ATTR_EAP_KEY_BLOCK gives; 0: EAP-TLS */
    void *session_data; /* SECPKG_ATTR_APP_DATA */
    size_t session_data_size;
    struct schannel_sizes sizes; /* once open */
    int64_t opened;              /* when: UTC FILETIME */
    uint32_t key_update_room;    /* in STREAM_TRAILER, beside `sizes` */
    bool protects;               /* our side's records are no longer in the clear */
    bool keeps_buffers;          /* it talks: see buffers.c */
    bool waits_with_buffers;     /* for the peer, in a handshake: see there */
    uint8_t messages;            /* until then: since it was last looked at */
    bool no_reconnects;          /* SCHANNEL_SESSION: sessions of this connection are not kept */
    void *answer;                /* an attribute's answer, borrowed by api/ for the call */
    size_t answer_size;
    char *peer_name; /* NAMES: the account the client's certificate maps to, or NULL */
    char *nameless;  /* then: why not, for the operator; NULL where nobody asked for accounts */
    X509 *refused;   /* of the peer's chain the one that is at fault, or NULL */

    /* Where TLS 1.2 may be renegotiated: of the first handshake. */
    X509 *first_peer;      /* initiator */
    struct bytes protocol; /* the application protocol, which OpenSSL forgets; owned */
};

/* ---- context.c ---- */

/* A fresh context with its SSL; NULL and a status. */
MUST_CHECK SECURITY_STATUS schannel_context_new(struct credential *credential, bool acceptor, struct step *step,
                                                struct schannel_context **out);
void schannel_context_free(struct context *context);
struct schannel_context *schannel_context_of(const SSL *ssl);
/* The certificate that the peer has proven to be its own, borrowed; NULL: none, or while another one is in doubt. */
X509 *schannel_peer(const struct schannel_context *context);
/* Memory for an attribute's answer, zeroed, that lives until the next answer; NULL: no memory. */
MUST_CHECK void *schannel_answer(struct schannel_context *context, size_t size);

/* ---- acceptor.c, initiator.c ---- */

SECURITY_STATUS schannel_accept(struct credential *credential, struct context **context, struct step *step);
SECURITY_STATUS schannel_initiate(struct credential *credential, struct context **context, struct step *step);

/* ---- engine.c: one leg ---- */

/* Runs the handshake over the token. Statuses of AcceptSecurityContext. */
MUST_CHECK SECURITY_STATUS schannel_engine_step(struct schannel_context *context, struct step *step);
/* The first of them, on a context whose preparation ended with `prepared`: `*out` is it, or it is freed on failure. */
MUST_CHECK SECURITY_STATUS schannel_engine_begin(struct schannel_context *context, SECURITY_STATUS prepared,
                                                 struct context **out, struct step *step);
/*
 * A leg that is decided (`settled`, `outcome`), `eaten` bytes of the token having been used: hands out what waits for
 * the peer. The outcome; SEC_E_BUFFER_TOO_SMALL and SEC_E_INSUFFICIENT_MEMORY: the call is to be repeated.
 */
MUST_CHECK SECURITY_STATUS schannel_engine_settle(struct schannel_context *context, struct step *step);
/* A handshake is done: who the peer is, and what later calls need of it. */
MUST_CHECK SECURITY_STATUS schannel_engine_done(struct schannel_context *context, struct step *step);
/* A later leg's credential is the one of before, or that of the answer to SEC_I_INCOMPLETE_CREDENTIALS. */
MUST_CHECK SECURITY_STATUS schannel_engine_credential(const struct schannel_context *context,
                                                      const struct credential *credential, const struct step *step);
/* What is common to both sides before anything else: flags that are refused, the place of the token. */
MUST_CHECK SECURITY_STATUS schannel_engine_check(struct step *step, ULONG refused, bool token_wanted);

/* ---- again.c: legs on an established connection ---- */

MUST_CHECK SECURITY_STATUS schannel_again_step(struct schannel_context *context, struct step *step);

/* ---- own_alert.c: alerts of the program's choice ---- */

/* Registers OpenSSL's callbacks that they need; nothing of them is seen in ordinary handshakes. False: no memory. */
MUST_CHECK bool schannel_own_alert_prepare(SSL_CTX *tls);
/* Of a server, when a ClientHello came: as SSL_CTX_set_client_hello_cb wants it. */
int schannel_own_alert_hello(SSL *ssl, int *alert);
/* Why this alert (level, description) cannot be made now; NULL: it can. */
const char *schannel_own_alert_obstacle(const struct schannel_context *context, const uint8_t alert[2]);
/*
 * Makes the alert into the wire. A fatal one ends the connection. SEC_E_UNSUPPORTED_FUNCTION: there is an obstacle,
 * and SEC_E_INSUFFICIENT_MEMORY: nothing has changed. SEC_E_INTERNAL_ERROR: OpenSSL failed, the connection is over, and
 * another alert may be in the wire.
 */
MUST_CHECK SECURITY_STATUS schannel_own_alert(struct schannel_context *context, const uint8_t alert[2],
                                              struct failure *failure);

/* ---- alert.c ---- */

void schannel_alert_watch(const SSL *ssl, int where, int value); /* SSL_set_info_callback */
/* Before a further handshake that may bring a certificate: sees it come, and the end. */
void schannel_peer_watch(struct schannel_context *context);
/* The status for an alert that the peer sent, and for one that we sent. */
SECURITY_STATUS schannel_alert_received(int description);
SECURITY_STATUS schannel_alert_sent(int description);
/*
 * After a failed call of OpenSSL: the status, with its explanation, and OpenSSL's queue emptied. The context is broken
 * then.
 */
MUST_CHECK SECURITY_STATUS schannel_alert_failure(struct schannel_context *context, struct failure *failure);
/* Keeps the certificate that was refused, NULL too, for the explanation. */
void schannel_alert_refused(const SSL *ssl, X509 *certificate);
/* Puts the alert that OpenSSL made into the step's outputs. */
void schannel_alert_out(struct schannel_context *context, struct step *step);

/* Empties OpenSSL's queue of this thread, as SSL_get_error() wants it; where it is empty, cheaper than OpenSSL does. */
void schannel_alert_forget(void);

/* ---- buffers.c: the memory that OpenSSL holds for records ---- */

void schannel_buffers_wait(struct schannel_context *context);       /* a leg is over, and the handshake is not */
void schannel_buffers_leg(struct schannel_context *context);        /* both are */
void schannel_buffers_open(const struct schannel_context *context); /* the handshake is done */
void schannel_buffers_message(struct schannel_context *context);    /* a message went through */
void schannel_buffers_end(struct schannel_context *context);        /* the connection goes */

/* ---- alpn.c ---- */

/* SSL_CTX_set_alpn_select_cb: the server's order decides; no overlap is alert 120. */
int schannel_alpn_select(SSL *ssl, const unsigned char **out, unsigned char *out_size, const unsigned char *in,
                         unsigned in_size, void *argument);

/* Takes the caller's SECBUFFER_APPLICATION_PROTOCOLS, if there is one. SEC_E_INVALID_TOKEN when malformed. */
MUST_CHECK SECURITY_STATUS schannel_alpn_take(struct schannel_context *context, const struct step *step);
/* Checks SEC_APPLICATION_PROTOCOLS and finds its ALPN list; false: malformed. No list: an empty view. */
MUST_CHECK bool schannel_alpn_decode(struct bytes blob, struct bytes *list);

/* ---- validate.c ---- */

/* How the peer's certificate is checked on this connection. */
MUST_CHECK SECURITY_STATUS schannel_validate_prepare(struct schannel_context *context, struct step *step);
/* The status that says why a certificate was refused. */
SECURITY_STATUS schannel_validate_status(int reason);
/* Once a handshake is done: who the peer is. After a further one a client that had an account must have one again. */
MUST_CHECK SECURITY_STATUS schannel_validate_peer(struct schannel_context *context, struct failure *failure);
/* When the peer's certificate ends, CLOCK_FOREVER without one. */
int64_t schannel_validate_expiry(const SSL *ssl);

/* ---- renegotiate.c: further handshakes of TLS 1.2 ---- */

/* After the first handshake: whether there may be others, and what they are held against. */
MUST_CHECK SECURITY_STATUS schannel_renegotiate_settle(struct schannel_context *context);
/* Whether either side may begin one. */
MUST_CHECK bool schannel_renegotiate_allowed(const struct schannel_context *context);
/* Begins one: HelloRequest or ClientHello into the wire. */
MUST_CHECK SECURITY_STATUS schannel_renegotiate_begin(struct schannel_context *context, struct failure *failure);
/* After a further handshake: that the server is still the same one. Failures are final. */
MUST_CHECK SECURITY_STATUS schannel_renegotiate_check(struct schannel_context *context, struct failure *failure);

/* ---- seal.c, unseal.c, control.c ---- */

/* What records of this connection grow by, once the handshake is done. */
void schannel_sizes_settle(struct schannel_context *context);

SECURITY_STATUS schannel_seal(struct context *context, struct message *message);
SECURITY_STATUS schannel_unseal(struct context *context, struct message *message);
SECURITY_STATUS schannel_control(struct context *context, struct message *message);

/* ---- attributes.c and the files behind it ---- */

SECURITY_STATUS schannel_query(struct context *context, ULONG attribute, struct attribute_value *value);
SECURITY_STATUS schannel_set(struct context *context, ULONG attribute, struct bytes value, struct failure *failure);
bool schannel_identity_at(struct context *context, size_t index, struct identity_field *field);
void schannel_describe(struct context *context, char *text, size_t size);

#endif
