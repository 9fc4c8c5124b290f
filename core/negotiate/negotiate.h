/*
 * SPNEGO (RFC 4178, [MS-SPNG]): chooses a package, carries its tokens, protects the choice. The package's internal
 * header. The chosen package is a child context, reached through its vtable alone.
 */
#ifndef SSPI_NEGOTIATE_NEGOTIATE_H
#define SSPI_NEGOTIATE_NEGOTIATE_H

#include "api/provider.h"
#include "base/der.h"

#define NEGO_MAX_TOKEN 65535
#define NEGO_CHILDREN 2    /* Kerberos, NTLM: in the order of preference */
#define NEGO_OFFERS_MAX 32 /* mechanisms that one peer may list */
#define NEGO_MIC_MAX 64
#define NEGO_OVERHEAD 256 /* more than any frame and MIC around a mechanism's token */

/* ---- mechanism.c ---- */

enum nego_package { NEGO_KERBEROS, NEGO_NTLM };

/* One OID; Kerberos has two. */
struct nego_mechanism {
    enum nego_package package;
    struct bytes oid; /* content octets */
    size_t mic_size;  /* of a mechListMIC, at most */
};

const char *nego_package_name(enum nego_package package);
const struct nego_mechanism *nego_mechanism_at(size_t index);       /* NULL past the end */
const struct nego_mechanism *nego_mechanism_find(struct bytes oid); /* NULL: unknown */

/* ---- token.c: NegTokenInit, NegTokenInit2 and NegTokenResp, decoded into borrowed views without allocation ---- */

enum nego_state { NEGO_COMPLETED = 0, NEGO_INCOMPLETE = 1, NEGO_REJECT = 2, NEGO_REQUEST_MIC = 3, NEGO_NO_STATE = 4 };

struct nego_init {
    struct bytes mech_list; /* the MechTypeList SEQUENCE as sent, tag and length included: what mechListMIC covers */
    size_t count;
    struct bytes mechanisms[NEGO_OFFERS_MAX];
    bool has_token, has_mic;
    struct bytes token, mic;
};

struct nego_response {
    enum nego_state state;
    bool has_mechanism, has_token, has_mic;
    struct bytes mechanism, token, mic;
};

MUST_CHECK bool nego_init_decode(struct bytes message, struct nego_init *out);
MUST_CHECK bool nego_response_decode(struct bytes message, struct nego_response *out);

/* `list` is a whole MechTypeList. `hints` writes the NegTokenInit2 of a server that speaks first. */
void nego_init_encode(struct der_writer *out, struct bytes list, const struct nego_init *value, bool hints);
void nego_response_encode(struct der_writer *out, const struct nego_response *value);
void nego_list_encode(struct der_writer *out, const struct nego_mechanism *const *mechanisms, size_t count);

/* What a first token is, by its first bytes. */
enum nego_form { NEGO_FORM_NONE, NEGO_FORM_SPNEGO, NEGO_FORM_RAW_NTLM, NEGO_FORM_RAW_KERBEROS, NEGO_FORM_UNKNOWN };
enum nego_form nego_form_of(struct bytes token);

/* ---- credential.c ---- */

struct nego_credential {
    struct credential base;
    struct credential *children[NEGO_CHILDREN]; /* by enum nego_package; NULL: not available or excluded */
    struct failure reasons[NEGO_CHILDREN];      /* why not */
    bool settled;
};

SECURITY_STATUS nego_acquire(const struct acquire *request, struct credential **credential);
void nego_credential_free(struct credential *credential);
MUST_CHECK SECURITY_STATUS nego_check(struct credential *credential, bool *said, struct failure *why);
void nego_prepare(struct credential *credential, const struct settings *settings);
void nego_settle(struct credential *credential);
SECURITY_STATUS nego_set_nt_hash(struct credential *credential, const uint8_t hash[16]);
SECURITY_STATUS nego_set_keytab(struct credential *credential, const char *path, struct failure *failure);
SECURITY_STATUS nego_set_keytab_bytes(struct credential *credential, struct bytes content, struct failure *failure);
SECURITY_STATUS nego_set_ticket_cache(struct credential *credential, const char *name, struct failure *failure);
SECURITY_STATUS nego_delegated(struct context *context, struct credential **credential, struct failure *failure);
SECURITY_STATUS nego_constrained(struct context *context, struct credential **credential, struct failure *failure);
SECURITY_STATUS nego_for_user(struct credential *service, const struct user_name *user, struct credential **credential,
                              struct failure *failure);
SECURITY_STATUS nego_query_credential_name(struct credential *credential, const char **name);

/* An acceptor's package has a key to open the client's tokens with; the reason why not is told. */
MUST_CHECK bool nego_package_usable(const struct nego_credential *credential, enum nego_package package,
                                    struct failure *why);

/* It has a credential of this package, and option negotiate_packages does not exclude it. */
MUST_CHECK bool nego_package_allowed(const struct nego_credential *credential, enum nego_package package);

/* The mechanisms of the credential's allowed packages, in order of preference from `first` on. Returns how many. */
size_t nego_mechanisms_of(const struct nego_credential *credential, enum nego_package first,
                          const struct nego_mechanism *out[NEGO_OFFERS_MAX]);

/* ---- context.c ---- */

enum nego_phase {
    NEGO_PHASE_START,     /* nothing agreed; an acceptor may have sent hints */
    NEGO_PHASE_MECHANISM, /* tokens of the chosen mechanism go to and fro */
    NEGO_PHASE_MIC,       /* the mechanism is done; waiting for the peer's last word */
    NEGO_PHASE_RAW        /* the peer speaks the mechanism without SPNEGO */
};

struct nego_context {
    struct context base;
    enum nego_phase phase;
    const struct nego_mechanism *mechanism;
    struct credential *child_credential; /* borrowed from the credential */
    struct context *child;
    uint8_t *mech_list; /* as the initiator sent it; freed when established */
    size_t mech_list_size;
    bool hinted;   /* acceptor: it spoke first */
    bool answered; /* acceptor: supportedMech was sent. initiator: it was received */
    bool mic_required;
    bool child_done;
    bool mic_sent, mic_verified;
    uint8_t *pending; /* initiator: the child's last token, kept when memory ran out after it was made */
    size_t pending_room, pending_size;
};

MUST_CHECK struct nego_context *nego_context_new(struct credential *credential, bool acceptor);
void nego_context_free(struct context *context);
MUST_CHECK bool nego_context_keep_list(struct nego_context *context, struct bytes list);
void nego_child_drop(struct nego_context *context);

/* Chooses a mechanism; its package has a child credential. */
void nego_context_choose(struct nego_context *context, const struct nego_mechanism *mechanism);

/* What will stand around the child's token, as far as its size depends on it. */
enum nego_frame_kind { NEGO_FRAME_INIT, NEGO_FRAME_RESPONSE, NEGO_FRAME_RESPONSE_WITH_MIC };

/*
 * Runs one leg of the child with `token`, its output going where it will stand in the message, for which there is then
 * room; `*out` is what it wrote. After SEC_E_BUFFER_TOO_SMALL and SEC_E_INSUFFICIENT_MEMORY nothing has changed.
 */
MUST_CHECK SECURITY_STATUS nego_child_step(struct nego_context *context, struct step *step, struct bytes token,
                                           bool has_token, enum nego_frame_kind kind, struct bytes *out);

/* One leg of the child on the caller's own step: raw mechanisms. */
MUST_CHECK SECURITY_STATUS nego_child_raw(struct nego_context *context, struct step *step);

/* Room for a message; one whose token the child has just written has its room already. */
MUST_CHECK SECURITY_STATUS nego_output_reserve(struct step *step, const struct nego_response *value);
/* Writes the message. */
void nego_output_response(struct step *step, const struct nego_response *value);
void nego_output_init(struct step *step, const struct nego_context *context, struct bytes token);

/* mechListMIC over the list, with the child's keys. `*size` 0: the mechanism has no integrity. */
MUST_CHECK SECURITY_STATUS nego_mic_make(struct nego_context *context, uint8_t mic[NEGO_MIC_MAX], size_t *size,
                                         struct failure *failure);
MUST_CHECK SECURITY_STATUS nego_mic_verify(struct nego_context *context, struct bytes mic, struct failure *failure);
MUST_CHECK bool nego_mic_possible(const struct nego_context *context);
MUST_CHECK bool nego_mic_required(const struct nego_context *context);

SECURITY_STATUS nego_malformed(struct step *step, const char *what);

/* ---- acceptor.c, initiator.c, attributes.c ---- */

SECURITY_STATUS nego_accept(struct credential *credential, struct context **context, struct step *step);
SECURITY_STATUS nego_initiate(struct credential *credential, struct context **context, struct step *step);
SECURITY_STATUS nego_query(struct context *context, ULONG attribute, struct attribute_value *value);
bool nego_identity_at(struct context *context, size_t index, struct identity_field *field);
void nego_describe(struct context *context, char *text, size_t size);
SECURITY_STATUS nego_sign(struct context *context, struct message *message);
SECURITY_STATUS nego_verify(struct context *context, struct message *message);
SECURITY_STATUS nego_seal(struct context *context, struct message *message);
SECURITY_STATUS nego_unseal(struct context *context, struct message *message);

#endif
