/*
 * The contract between api/ and a package: one call as `struct step` or `struct message`, one package as a constant
 * table. api/ has checked arguments, resolved and locked handles before any of these functions runs; a package sees no
 * handle.
 */
#ifndef SSPI_API_PROVIDER_H
#define SSPI_API_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>

#include "account/account.h"
#include "base/attributes.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/failure.h"
#include "base/settings.h"
#include "sspi.h"
#include "sspi_ext.h"

struct certificate_source;
struct provider;

/* What AcquireCredentialsHandle was given, in UTF-8, borrowed for the call. */
struct acquire {
    const char *principal; /* NULL: none */
    ULONG use;             /* SECPKG_CRED_INBOUND, _OUTBOUND or _BOTH */
    const void *logon_id;
    const void *auth_data; /* as the caller gave it, for packages with a form of their own (Schannel, CredSSP) */
    bool has_identity;     /* a SEC_WINNT_AUTH_IDENTITY family structure was given: the four below are its parts */
    const char *user;      /* NULL where absent */
    const char *domain;
    struct bytes password;    /* UTF-8; data NULL where absent (not the same as empty) */
    const char *package_list; /* NULL where absent */
    struct bytes keytab;      /* content of a keytab in packed credentials; data NULL where absent */
    struct failure *failure;
};

/*
 * First member of every package's credential, which `acquire` allocates with mem_zalloc. api/ fills these members in
 * right after `acquire` succeeded, owns what they point to, and clears them before `credential_free` frees the memory.
 */
struct credential {
    const struct provider *provider;
    ULONG use;
    struct settings settings;
    SspiAccountStore
        *accounts; /* NULL: none given; opened from settings.account_store before the first accept, if named there */
};

/* How far a context is. Kept by api/: packages read it. */
enum context_phase { CONTEXT_OPEN, CONTEXT_ESTABLISHED, CONTEXT_FAILED };

/* First member of every package's context. The package allocates it on the first leg; api/ fills these in afterwards.
 */
struct context {
    const struct provider *provider;
    struct credential
        *credential; /* alive as long as the context; set by the package on creation (from the argument) */
    bool acceptor;   /* set by the package */
    enum context_phase phase;
    ULONG attributes; /* ASC_RET_* or ISC_RET_* of the last leg */
    struct failure failure;
};

/*
 * A frame that another package puts around a token (Negotiate around NTLM): measured when the inner package reserves,
 * so that a too small buffer is noticed before anything changed.
 */
struct step_frame {
    /* The size of the whole message around `size` bytes of token, and where in it the token shall be written. */
    size_t (*measure)(const struct step_frame *frame, size_t size, size_t *offset);
};

/* The output token of one leg. A package first reserves, then commits its state, so that a too small buffer changes
 * nothing. */
struct step_output {
    uint8_t *data;                  /* the caller's buffer, or allocated by step_reserve */
    size_t size;                    /* room */
    size_t used;                    /* set by step_reserve: the token is exactly this long */
    bool allocate;                  /* ISC/ASC_REQ_ALLOCATE_MEMORY */
    bool present;                   /* the caller gave a SECBUFFER_TOKEN to fill */
    const struct step_frame *frame; /* NULL: the token goes out as it is */
    size_t offset, inner;           /* with a frame: where step_reserve put the token, and its size */
    bool for_peer; /* set by a package that fails but has reserved a token which tells the peer (alert, reject) */
};

/* The claimed identity, for the event. Fixed size so that noting it cannot fail. */
struct login {
    char client[320]; /* DOMAIN\user as claimed, then as verified; UTF-8, terminated, cut at a character if too long */
    char workstation[64];
};

/* One call of AcceptSecurityContext or InitializeSecurityContext. */
struct step {
    struct bytes token;    /* SECBUFFER_TOKEN of pInput */
    bool has_token;        /* false: no such buffer */
    bool has_bindings;     /* a SECBUFFER_CHANNEL_BINDINGS buffer was given */
    bool bindings_audit;   /* in the EX form with SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS: report, do not fail */
    struct bytes bindings; /* its SEC_CHANNEL_BINDINGS, offsets verified by api/; application data below */
    struct bytes bindings_initiator, bindings_acceptor, bindings_application;
    ULONG bindings_initiator_type, bindings_acceptor_type;
    SecBufferDesc *input; /* the caller's descriptors, for packages that retype buffers (Schannel, Digest) */
    SecBufferDesc *output_desc;
    ULONG requested; /* fContextReq */
    ULONG data_representation;
    const char *target; /* initiator: pszTargetName in UTF-8, NULL where absent */
    struct step_output output;
    ULONG attributes; /* out: pfContextAttr; api/ adds ALLOCATED_MEMORY */
    ULONG
    bindings_result; /* out: flags of SEC_CHANNEL_BINDINGS_RESULT, where the caller asked; facts: 0 = not checked */
    int64_t expiry;  /* out: UTC FILETIME, CLOCK_FOREVER by default; api/ turns it into local time */
    size_t extra;    /* out: bytes at the end of the token that were not used; an EMPTY input buffer becomes EXTRA */
    size_t missing;  /* out, with SEC_E_INCOMPLETE_MESSAGE: bytes still needed; an EMPTY input buffer becomes MISSING */
    bool unchanged;  /* out, with a failure on an established context: refused before anything changed; it goes on */
    bool has_alert;  /* out: `alert`, level and description, goes to a SECBUFFER_ALERT of pOutput, also on failure */
    uint8_t alert[2];
    struct login *login;     /* out: who claims to log in */
    struct failure *failure; /* out */
};

/*
 * Makes room for an output token of `size` bytes: points `*data` at the caller's buffer or at a new one.
 * SEC_E_BUFFER_TOO_SMALL (the size needed is reported to the caller), SEC_E_INVALID_TOKEN when the caller gave no
 * SECBUFFER_TOKEN, SEC_E_INSUFFICIENT_MEMORY. Size 0 always succeeds.
 */
MUST_CHECK SECURITY_STATUS step_reserve(struct step *step, size_t size, uint8_t **data);

/* A leg of a package that speaks channel bindings: the 16-byte MD5 of facts: RFC 4121 4.1.1.2. False: OpenSSL failed.
 */
MUST_CHECK bool step_bindings_hash(const struct step *step, uint8_t hash[16]);

/* What the client said of channel bindings. */
enum client_bindings { CLIENT_BINDINGS_NONE, CLIENT_BINDINGS_EMPTY, CLIENT_BINDINGS_VALUE };

/*
 * The one decision table of Extended Protection: what the server passed and asked against what the client said.
 * Sets step->bindings_result. SEC_E_OK or SEC_E_BAD_BINDINGS (with the failure explained).
 * `client_hash` matters only for CLIENT_BINDINGS_VALUE.
 */
MUST_CHECK SECURITY_STATUS step_bindings_decide(struct step *step, enum client_bindings client,
                                                const uint8_t client_hash[16]);

/* One call of MakeSignature, VerifySignature, EncryptMessage or DecryptMessage. */
struct message {
    SecBuffer *buffers; /* the caller's: checked that pvBuffer is not NULL where cbBuffer is not 0 */
    ULONG count;
    /* In for make/encrypt, out for verify/decrypt. Into decrypt goes 0, or SECQOP_WRAP_NO_ENCRYPT where messages are
     * only signed, which not every package can tell by their looks. */
    ULONG qop;
    ULONG sequence;
    struct failure *failure;
};

static inline ULONG buffer_type(const SecBuffer *buffer)
{
    return buffer->BufferType & ~(ULONG)SECBUFFER_ATTRMASK;
}

/* The first buffer of a type, attribute bits aside; NULL where there is none. */
SecBuffer *message_find(const struct message *message, ULONG type);

/* The answer to QueryContextAttributes, free of A and W: strings are UTF-8 and borrowed from the context for the call.
 */
struct attribute_value {
    union {
        struct {
            ULONG max_token, max_signature, block_size, security_trailer;
        } sizes;
        struct {
            const char *sign, *encrypt;
            ULONG bits, sign_id, encrypt_id;
        } key_info;
        struct {
            int64_t start, expiry; /* UTC FILETIME */
        } lifespan;
        struct {
            const char *client, *server;
        } native_names;
        struct {
            const struct provider *provider;
            ULONG state; /* SECPKG_NEGOTIATION_* */
        } negotiation;
        struct bytes blob; /* session key, target information, bindings; a whole structure without memory of its own */
        const char *text;  /* user name, authority, target; NULL: no such value */
        ULONG number;      /* flags, user flags, last client token status */
        int64_t time;      /* password expiry, logoff time */
        struct {
            const struct bytes *items; /* names of issuers */
            size_t count;
        } list;
        struct {
            struct bytes content;
            ULONG number; /* of certificates, or flags */
        } numbered;
        struct {
            const char *subject, *issuer;
            ULONG bits;
        } certificate;
    };
    struct bytes asked; /* in: the beginning of the caller's structure, where that is a question of its own */
};

#define CREDENTIAL_NUMBERS 24

/* The answer to QueryCredentialsAttributes. */
struct credential_value {
    const char *text; /* a name, borrowed from the credential */
    ULONG numbers[CREDENTIAL_NUMBERS];
    size_t count;
};

/* Whom SspiAcquireCredentialForUser names, UTF-8, borrowed for the call. */
struct user_name {
    const char *user;
    const char *realm; /* NULL: not said */
};

/* One fact of who a client is, borrowed from the context. */
struct identity_field {
    const char *name;
    const char *value; /* "" where only the number says it */
    ULONG number;
};

#define PROVIDER_ALIASES 2 /* most */

/*
 * A package. Everything but name and acquire may be absent: api/ then answers SEC_E_UNSUPPORTED_FUNCTION.
 * accept, initiate: `*context` is NULL on the first leg; the package stores its context there, and on failure of a
 * first leg leaves NULL. It never frees a context that was passed in: api/ marks it failed and the caller deletes it,
 * unless it is established and the step says `unchanged`.
 *   Called on open contexts only, unless accept_again.
 *   After SEC_E_BUFFER_TOO_SMALL, SEC_E_INCOMPLETE_MESSAGE and SEC_E_INSUFFICIENT_MEMORY the same call must be
 * repeatable. query: api/ calls it only when `phase` allows: established for all, open for SIZES, PACKAGE_INFO,
 * NEGOTIATION_INFO, FLAGS. PACKAGE_INFO and NEGOTIATION_INFO of a package that is not Negotiate, and FLAGS, are
 * answered by api/ itself when `query` says SEC_E_UNSUPPORTED_FUNCTION. set_nt_hash: SspiCredentialSetNtHash.
 * set_keytab, set_keytab_bytes, set_ticket_cache: the functions of those names. set_certificate:
 * SspiCredentialSetCertificate, with `more` SspiCredentialAddCertificate; set_trust, set_ocsp: the functions of those
 * names; forget_sessions: SslEmptyCache, of one target or (NULL) of all. delegated: SspiAcquireDelegatedCredential, a
 * credential for OUTBOUND use that api/ completes as after `acquire`. constrained and for_user: the same for
 * SspiAcquireConstrainedCredential and SspiAcquireCredentialForUser; both may wait for the KDC. identity_at:
 * SspiListIdentity, one row after the other on an established context; false past the last.
 */
struct provider {
    const char *name;
    const char *aliases[PROVIDER_ALIASES]; /* other names it answers to; NULL: no more */
    const char *comment;
    ULONG capabilities; /* SECPKG_FLAG_* */
    USHORT rpc_id;
    ULONG max_token;
    ULONG uses; /* SECPKG_CRED_* that acquire allows, as bits of INBOUND and OUTBOUND, plus BOTH_ALLOWED below */
    bool both_allowed;
    bool own_auth_data;    /* pAuthData is no SEC_WINNT_AUTH_IDENTITY: api/ does not look into it (Schannel, CredSSP) */
    bool accept_again;     /* accept and initiate are also called on established contexts (Schannel, Digest) */
    bool other_credential; /* a later leg may bring another credential of the package: it takes the first one's place,
                            * which stays alive (Schannel, after SEC_I_INCOMPLETE_CREDENTIALS) */
    bool (*available)(struct failure *failure); /* NULL: always; e.g. NTLM without OpenSSL's legacy provider is not */
    SECURITY_STATUS (*acquire)(const struct acquire *request, struct credential **credential);
    void (*credential_free)(struct credential *credential);
    /* An acceptor's credential has what it needs to accept (Kerberos: a key); NULL: always. For Negotiate's choice, and
     * SspiCredentialCheck. */
    bool (*usable)(struct credential *credential, struct failure *why);
    /* An initiator's credential has what options name for it (Schannel: certificate, trust anchors), for
     * SspiCredentialCheck; NULL: always. */
    bool (*initiator_usable)(struct credential *credential, struct failure *why);
    /*
     * For SspiCredentialCheck, an acceptor's credential that is about to be used: whether its logins can succeed. It
     * opens what the first login would open. `*said`: something was named for this package, so that Negotiate must not
     * do without it. NULL: `usable` answers.
     */
    SECURITY_STATUS (*check)(struct credential *credential, bool *said, struct failure *why);
    /*
     * After `acquire` and after each option, with the settings that count: makes what children that the program forks
     * before its first login must share. Never fails: whoever needs it makes it then, and explains.
     */
    void (*prepare)(struct credential *credential, const struct settings *settings);
    /* The options are closed, or the account store was opened: for packages whose credential holds others (Negotiate).
     */
    void (*settle)(struct credential *credential);
    SECURITY_STATUS (*set_nt_hash)(struct credential *credential, const uint8_t hash[16]);
    SECURITY_STATUS (*set_keytab)(struct credential *credential, const char *path, struct failure *failure);
    SECURITY_STATUS (*set_keytab_bytes)(struct credential *credential, struct bytes content, struct failure *failure);
    SECURITY_STATUS (*set_ticket_cache)(struct credential *credential, const char *name, struct failure *failure);
    SECURITY_STATUS(*set_certificate)
    (struct credential *credential, const struct certificate_source *source, bool more, struct failure *failure);
    SECURITY_STATUS (*set_trust)(struct credential *credential, struct bytes anchors, struct failure *failure);
    SECURITY_STATUS (*set_ocsp)(struct credential *credential, struct bytes response, struct failure *failure);
    void (*forget_sessions)(const char *target);
    SECURITY_STATUS (*query_credential_name)(struct credential *credential, const char **name);
    /* Other attributes of a credential; the options may still be open, and stay so. */
    SECURITY_STATUS(*query_credential)
    (struct credential *credential, ULONG attribute, struct credential_value *value, struct failure *failure);
    SECURITY_STATUS (*accept)(struct credential *credential, struct context **context, struct step *step);
    SECURITY_STATUS (*initiate)(struct credential *credential, struct context **context, struct step *step);
    void (*context_free)(struct context *context);
    SECURITY_STATUS (*complete)(struct context *context, struct message *message);
    SECURITY_STATUS (*control)(struct context *context, struct message *message);
    SECURITY_STATUS (*query)(struct context *context, ULONG attribute, struct attribute_value *value);
    /* SetContextAttributes; on contexts that have not failed. `value` is the caller's structure, of any size. */
    SECURITY_STATUS (*set)(struct context *context, ULONG attribute, struct bytes value, struct failure *failure);
    SECURITY_STATUS (*sign)(struct context *context, struct message *message);
    SECURITY_STATUS (*verify)(struct context *context, struct message *message);
    SECURITY_STATUS (*seal)(struct context *context, struct message *message);
    SECURITY_STATUS (*unseal)(struct context *context, struct message *message);
    /*
     * Makes or checks Negotiate's mechListMIC, a message with a TOKEN and a DATA buffer ([MS-SPNG] 3.3.5.1); NULL: sign
     * and verify do. And whether this exchange obliges both sides to send one; NULL: never.
     */
    SECURITY_STATUS (*mechlist_mic)(struct context *context, struct message *message, bool make);
    bool (*mechlist_mic_due)(const struct context *context);
    SECURITY_STATUS (*delegated)(struct context *context, struct credential **credential, struct failure *failure);
    SECURITY_STATUS (*constrained)(struct context *context, struct credential **credential, struct failure *failure);
    SECURITY_STATUS(*for_user)
    (struct credential *service, const struct user_name *user, struct credential **credential, struct failure *failure);
    bool (*identity_at)(struct context *context, size_t index, struct identity_field *field);
    /* An operator's sentence on an established context (who, how); NULL: api/ makes one from NAMES and the package
     * name. */
    void (*describe)(struct context *context, char *text, size_t size);
};

/* The registry (registry.c): the one list of packages, in the order of EnumerateSecurityPackages. NULL past the end. */
const struct provider *registry_at(size_t index);
const struct provider *registry_find(const char *name); /* by name or alias, case-insensitively; NULL */

extern const struct provider kerberos_provider;
extern const struct provider ntlm_provider;
extern const struct provider negotiate_provider;
extern const struct provider schannel_provider;

#endif
