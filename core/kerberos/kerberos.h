/*
 * The one internal header of the Kerberos package (RFC 4120, 4121, [MS-KILE]): keys, credentials, state of a context.
 * The flow: provider.c -> acceptor.c or initiator.c -> frame.c, message.h, ticket.c, checksum.c, pac.c, reply.c ->
 * seal.h.
 */
#ifndef SSPI_KERBEROS_KERBEROS_H
#define SSPI_KERBEROS_KERBEROS_H

#include <pthread.h>
#include <stdatomic.h>

#include "api/provider.h"
#include "base/secret.h"
#include "kerberos/message.h"
#include "kerberos/seal.h"
#include "state/replay.h"

#define KRB_MAX_TOKEN 48000   /* SECPKG_ATTR_SIZES, as Windows says */
#define KRB_TOKEN_LIMIT 65536 /* largest token that is looked at */
#define KRB_TEXT_MAX 512      /* a principal as text, terminated */
#define KRB_REPLY_MAX 512     /* AP-REP and KRB-ERROR, framed */

/* Flags of the 0x8003 checksum, RFC 4121 4.1.1.1 and [MS-KILE] 3.2.5.2. */
#define KRB_GSS_DELEGATE 0x1u
#define KRB_GSS_MUTUAL 0x2u
#define KRB_GSS_REPLAY 0x4u
#define KRB_GSS_SEQUENCE 0x8u
#define KRB_GSS_CONFIDENTIALITY 0x10u
#define KRB_GSS_INTEGRITY 0x20u
#define KRB_GSS_DCE_STYLE 0x1000u
#define KRB_GSS_IDENTIFY 0x2000u
#define KRB_GSS_EXTENDED_ERROR 0x4000u

/* Authorization data, RFC 4120 5.2.6 and [MS-KILE] 3.2.5.8. */
#define KRB_AD_IF_RELEVANT 1
#define KRB_AD_PAC 128
#define KRB_AD_AP_OPTIONS 143
#define KRB_AD_TARGET_NAME 144
#define KRB_AP_OPTIONS_CBT 0x4000u
#define KRB_AP_OPTIONS_UNVERIFIED_TARGET 0x8000u

/* ---- frame.c: RFC 2743 3.1 around a message; DCE style has none ---- */

enum krb_token { KRB_TOKEN_AP_REQ = 0x0100, KRB_TOKEN_AP_REP = 0x0200, KRB_TOKEN_ERROR = 0x0300 };

/* `*framed` false: the message stands alone. False: neither. */
MUST_CHECK bool krb_frame_open(struct bytes token, enum krb_token *kind, struct bytes *message, bool *framed);
/* Around all that was written. */
void krb_frame_close(struct der_writer *out, enum krb_token kind);

/* ---- names.c ---- */

/* `primary/instance` with the quoting of RFC 1964 2.1.3, then @realm unless it is empty. False: too long, or no text.
 */
MUST_CHECK bool krb_name_text(const struct krb_name *name, struct bytes realm, char out[KRB_TEXT_MAX]);
/* UTF-8 without control characters: what a name may be that a peer or a KDC says. */
MUST_CHECK bool krb_text_printable(struct bytes text);
/* Copies text into a fixed buffer, cut at a character. */
void krb_text_copy(char *out, size_t size, const char *text);
/* Whether `name` (text without realm) of `realm` is among `patterns`, see option service_names. */
MUST_CHECK bool krb_service_matches(const char *patterns, const char *name, const char *realm);

/* ---- keytab.c and keys.c: the keys of services ---- */

struct krb_service_key {
    char *name, *realm; /* as text */
    bool any_version;   /* derived from a password */
    uint32_t version;
    struct krb_key key;
    struct krb_usage ticket; /* derived from `key`, for opening tickets */
};

/* Never changed once made; shared by the calls that use it. */
struct krb_keys {
    atomic_size_t references;
    bool one_service; /* all rows are of one principal */
    size_t count, room;
    struct krb_service_key *rows;
};

MUST_CHECK struct krb_keys *krb_keys_new(void);
struct krb_keys *krb_keys_retain(struct krb_keys *keys);
void krb_keys_release(struct krb_keys *keys); /* NULL is legal */
/* Copies all. Keys of unknown types are left out in silence: SEC_E_OK. */
MUST_CHECK SECURITY_STATUS krb_keys_add(struct krb_keys *keys, const char *name, const char *realm, bool any_version,
                                        uint32_t version, int32_t etype, struct bytes value);

/* The MIT keytab format, version 0x0502. SEC_E_NO_CREDENTIALS: malformed or empty; `where` is for the explanation. */
MUST_CHECK SECURITY_STATUS krb_keytab_parse(struct bytes content, const char *where, struct krb_keys **keys,
                                            struct failure *failure);

/* A keytab file: read when first asked for, again when it changed. Has its own lock. */
struct krb_keytab_file;
MUST_CHECK struct krb_keytab_file *krb_keytab_file_new(const char *path); /* NULL: no memory */
void krb_keytab_file_free(struct krb_keytab_file *file);                  /* NULL is legal */
/* `fresh`: look at the file now, even if that was done within the last second. The caller releases `*keys`. */
MUST_CHECK SECURITY_STATUS krb_keytab_file_keys(struct krb_keytab_file *file, bool fresh, struct krb_keys **keys,
                                                struct failure *failure);
const char *krb_keytab_file_path(const struct krb_keytab_file *file);

/* ---- credential.c ---- */

struct krb_cache; /* heimdal.c: where an initiator's tickets are */
struct krb_s4u;   /* heimdal_s4u.c: by whose leave, and on what evidence, a credential acts for somebody else */

struct krb_credential {
    struct credential base;
    char *name;      /* the client's principal where it was said, else the acceptor's service; NULL */
    char *principal; /* pszPrincipal; NULL */
    char *user, *domain;
    struct secret password;
    bool has_password;
    pthread_mutex_t lock;  /* guards all below */
    struct krb_keys *keys; /* from a password or bytes */
    bool keys_said;        /* the program named a keytab */
    struct krb_keytab_file *keytab;
    struct replay *replay;
    char *shown_name; /* the client of the cache, once somebody asked */
    char *cache_name; /* NULL: libkrb5's default */
    struct krb_cache *cache;
    struct krb_cache *service_cache; /* an acceptor's own login at the KDC, for constrained delegation */
    bool delegated;                  /* `cache` was lent by a client, or is of one: it cannot be renewed */
    struct krb_s4u *s4u;             /* NULL: it acts for itself. Never changed once made */
};

MUST_CHECK SECURITY_STATUS krb_acquire(const struct acquire *request, struct credential **credential);
void krb_credential_free(struct credential *credential);
MUST_CHECK SECURITY_STATUS krb_credential_name(struct credential *credential, const char **name);
MUST_CHECK SECURITY_STATUS krb_set_keytab(struct credential *credential, const char *path, struct failure *failure);
MUST_CHECK SECURITY_STATUS krb_set_keytab_bytes(struct credential *credential, struct bytes content,
                                                struct failure *failure);
MUST_CHECK SECURITY_STATUS krb_set_cache(struct credential *credential, const char *name, struct failure *failure);
/* The acceptor's keys as they are now; `fresh` as above. The caller releases them. */
MUST_CHECK SECURITY_STATUS krb_credential_keys(struct krb_credential *credential, bool fresh, struct krb_keys **keys,
                                               struct failure *failure);
void krb_prepare(struct credential *credential, const struct settings *settings);
/* Opened with the first login, or by krb_prepare. Borrowed from the credential. */
MUST_CHECK SECURITY_STATUS krb_credential_replay(struct krb_credential *credential, struct replay **replay,
                                                 struct failure *failure);
/* SEC_E_NO_CREDENTIALS: nobody said which of the services of the keys are meant. */
MUST_CHECK SECURITY_STATUS krb_services_said(const struct krb_credential *credential, const struct krb_keys *keys,
                                             struct failure *failure);
MUST_CHECK SECURITY_STATUS krb_check(struct credential *credential, bool *said, struct failure *why);
/* What the credential accepts tickets for; NULL: the one service of its keys. Borrowed. */
const char *krb_credential_services(const struct krb_credential *credential);

/* ---- pac.c, pac_logon.c: [MS-PAC], after the KDC's signature was verified ---- */

#define KRB_SID_TEXT_MAX 192
#define KRB_SID_MAX 68 /* [MS-DTYP] 2.4.2.2 with 15 parts */

struct krb_group {
    ULONG attributes; /* SE_GROUP_* */
    uint8_t size;
    uint8_t sid[KRB_SID_MAX];
};

/* Who a PAC says it is. Strings are owned, UTF-8; NULL where the PAC does not say. */
struct krb_identity {
    char *user, *domain, *logon_server;
    char *upn, *dns_domain, *sid;
    ULONG account_flags, user_flags;
    int64_t logoff_time, password_expiry;
    size_t group_count;
    struct krb_group *groups;
    char group_text[KRB_SID_TEXT_MAX]; /* of the group that was asked for last */
};

void krb_identity_free(struct krb_identity *identity); /* NULL is legal */

/* Buffers of one PAC, 2.3 and 2.4. Views borrow; empty where absent. */
struct krb_pac {
    struct bytes whole, logon_info, client_info, upn_info, server_signature, kdc_signature, requestor;
};

MUST_CHECK bool krb_pac_decode(struct bytes pac, struct krb_pac *out);
/* 2.8.1: the server's signature, keyed with the key that opened the ticket. False: not signed by it. SEC_E_* otherwise.
 */
MUST_CHECK SECURITY_STATUS krb_pac_verify(const struct krb_pac *pac, const struct krb_key *key, bool *signed_by_key);
/* 2.7: the PAC is of this client and this login. `name` without realm. SEC_E_LOGON_DENIED: it is not. */
MUST_CHECK SECURITY_STATUS krb_pac_client_check(const struct krb_pac *pac, const char *name, int64_t auth_time);
/* SEC_E_INVALID_TOKEN: malformed, or it contradicts itself. */
MUST_CHECK SECURITY_STATUS krb_pac_identity(const struct krb_pac *pac, struct krb_identity **identity);
/* Parts of krb_pac_identity: KERB_VALIDATION_INFO, 2.5, and a SID of [MS-DTYP] 2.4.2.2 as text. */
MUST_CHECK bool krb_sid_text(struct bytes sid, const uint32_t *relative, char out[KRB_SID_TEXT_MAX]);
MUST_CHECK SECURITY_STATUS krb_pac_logon_decode(struct bytes buffer, struct krb_identity *identity);

/* ---- checksum.c ---- */

struct krb_gss_checksum {
    bool present;
    uint32_t flags;
    struct bytes bindings;  /* 16 bytes */
    struct bytes delegated; /* KRB-CRED; empty where absent */
};

MUST_CHECK bool krb_gss_checksum_decode(struct bytes checksum, struct krb_gss_checksum *out);
/* 24 bytes, then the delegated credential. */
void krb_gss_checksum_encode(struct der_writer *out, const struct krb_gss_checksum *checksum);
#define KRB_GSS_CHECKSUM 0x8003
#define KRB_GSS_CHECKSUM_SIZE 24
ULONG krb_flags_to_asc(uint32_t gss);
ULONG krb_flags_to_isc(uint32_t gss);
uint32_t krb_flags_from_isc(ULONG requested);

/* What a client says beside the checksum, [MS-KILE] 3.2.5.8. */
struct krb_client_options {
    uint32_t options;    /* KRB_AP_OPTIONS_* */
    struct bytes target; /* UTF-16LE; empty where absent */
};
MUST_CHECK bool krb_client_options_decode(struct bytes authorization, struct krb_client_options *out);
/* AuthorizationData's content that says these options and this target (UTF-16LE; may be empty). */
void krb_client_options_encode(struct der_writer *out, const struct krb_client_options *options);
/* The one PAC in a ticket's authorization data, however it is wrapped. False: malformed, or more than one. */
MUST_CHECK bool krb_pac_find(struct bytes authorization, struct bytes *pac);

/* ---- ticket.c: an AP-REQ opened and checked ---- */

struct krb_opened {
    bool framed;
    int32_t error; /* KRB_ERR_* of a refusal, for KRB-ERROR */
    struct krb_ap_req request;
    char service[KRB_TEXT_MAX], service_realm[KRB_TEXT_MAX]; /* as the ticket names it */
    char client[KRB_TEXT_MAX], client_realm[KRB_TEXT_MAX];   /* verified once the ticket is opened */
    struct krb_keys *keys;
    const struct krb_service_key *service_key;
    uint8_t *room; /* decrypted, secret */
    size_t room_size;
    struct krb_ticket_part ticket;
    struct krb_authenticator authenticator;
    struct krb_key session_key, subkey; /* subkey.etype NULL: none */
    struct krb_usage reply;             /* of the session key, for AP-REP */
};

/* All that does not touch state: decode, key, decrypt, service, times, client, types. Clear `out` whatever happens. */
MUST_CHECK SECURITY_STATUS krb_ap_req_open(struct krb_credential *credential, struct step *step,
                                           struct krb_opened *out);
void krb_opened_clear(struct krb_opened *opened);
MUST_CHECK bool krb_etype_allowed(const struct settings *settings, int32_t etype);

/* ---- the context ---- */

enum krb_state {
    KRB_STATE_AGAIN, /* acceptor: a KRB-ERROR told the client to try once more with our time */
    KRB_STATE_REPLY, /* initiator: waits for AP-REP */
    KRB_STATE_THIRD, /* acceptor, DCE style: waits for the client's AP-REP */
    KRB_STATE_ESTABLISHED,
    KRB_STATE_CLOSED
};

struct krb_context {
    struct context base;
    enum krb_state state;
    uint32_t gss_flags;
    bool framed;
    bool retried;        /* initiator: the clock was corrected once */
    int64_t peer_offset; /* initiator: what to add to our clock */
    uint32_t ap_options;
    struct krb_session session;
    struct krb_key ticket_key; /* until the exchange ends */
    int64_t authenticator_time;
    uint32_t authenticator_microseconds;
    uint32_t own_sequence;
    int64_t start, expiry;
    char *realm;         /* the client's */
    char *native_client; /* client@REALM */
    char *service;       /* with realm */
    char *account;       /* DOMAIN\user of the PAC, or client@REALM */
    char *target;        /* what the client meant; NULL where it did not say */
    struct krb_identity *identity;
    struct krb_cache *delegated; /* the client's tickets, where it lent them and the caller asked; NULL */
    uint8_t *evidence;           /* acceptor: the client's Ticket, where option constrained_delegation wants it; NULL */
    size_t evidence_size;
};

MUST_CHECK struct krb_context *krb_context_new(struct credential *credential, bool acceptor);
void krb_context_free(struct context *context);
/* Wipes what is needed only until the exchange ends. */
void krb_context_forget_exchange(struct krb_context *context);
static inline struct krb_credential *krb_credential_of(const struct krb_context *context)
{
    return (struct krb_credential *)context->base.credential;
}

/* ---- reply.c ---- */

/* AP-REP under the ticket's key; `subkey` NULL: none. Into `room`; empty: OpenSSL failed. */
struct krb_reply {
    int64_t time;
    uint32_t microseconds;
    const struct krb_key *subkey;
    uint32_t sequence;
    bool framed;
};
MUST_CHECK bool krb_reply_make(const struct krb_key *ticket_key, const struct krb_reply *reply,
                               uint8_t room[KRB_REPLY_MAX], struct bytes *token);
/* The same with the key's usage KRB_USAGE_AP_REP and a confounder drawn for this reply alone. */
MUST_CHECK bool krb_reply_make_under(const struct krb_usage *usage, const uint8_t *confounder,
                                     const struct krb_reply *reply, uint8_t room[KRB_REPLY_MAX], struct bytes *token);
/* Opens an AP-REP; views borrow from `room`, which the caller wipes. */
MUST_CHECK bool krb_reply_open(const struct krb_key *ticket_key, struct bytes message, uint8_t room[KRB_REPLY_MAX],
                               struct krb_ap_rep_part *out);
/* KRB-ERROR; for KRB_ERR_SKEW with the data that invites another try. */
MUST_CHECK bool krb_error_make(const struct krb_opened *opened, int32_t code, uint8_t room[KRB_REPLY_MAX],
                               struct bytes *token);

/* ---- acceptor.c, initiator.c, attributes.c ---- */

MUST_CHECK SECURITY_STATUS krb_accept(struct credential *credential, struct context **context, struct step *step);
MUST_CHECK SECURITY_STATUS krb_initiate(struct credential *credential, struct context **context, struct step *step);
MUST_CHECK SECURITY_STATUS krb_query(struct context *context, ULONG attribute, struct attribute_value *value);
bool krb_identity_at(struct context *context, size_t index, struct identity_field *field);
void krb_describe(struct context *context, char *text, size_t size);

/* ---- heimdal.c, heimdal_ticket.c: the only doors to libkrb5 ---- */

/* The path of libkrb5's default keytab. SEC_E_NO_CREDENTIALS: it is no file. */
MUST_CHECK SECURITY_STATUS krb_default_keytab(char *path, size_t size, struct failure *failure);
/* libkrb5's default realm. SEC_E_NO_CREDENTIALS: none. */
MUST_CHECK SECURITY_STATUS krb_default_realm(char realm[KRB_TEXT_MAX], struct failure *failure);
/* Keys of a password for every supported type, with the default salt of the name; for RC4 without one. */
MUST_CHECK SECURITY_STATUS krb_password_keys(struct krb_keys *keys, const char *name, const char *realm,
                                             struct bytes password, struct failure *failure);

/* A ticket for a service, from a cache or the KDC. Views borrow from it. */
struct krb_client_ticket {
    void *owned; /* krb5_creds */
    struct bytes ticket;
    struct krb_name client;
    struct bytes client_realm;
    struct krb_key key;
    uint32_t flags;
    int64_t start, end;
    char client_text[KRB_TEXT_MAX]; /* without realm */
    char realm_text[KRB_TEXT_MAX];
    char service_text[KRB_TEXT_MAX]; /* with realm */
};

/* May wait for the KDC. `target`: class/host[:port][/name][@REALM]. */
MUST_CHECK SECURITY_STATUS krb_client_ticket_get(struct krb_credential *credential, const char *target,
                                                 struct krb_client_ticket *out, struct failure *failure);
void krb_client_ticket_clear(struct krb_client_ticket *ticket);
/* The client whose tickets a cache holds; allocated. */
MUST_CHECK SECURITY_STATUS krb_cache_client(struct krb_credential *credential, char **name, struct failure *failure);
struct krb_cache *krb_cache_retain(struct krb_cache *cache);
void krb_cache_release(struct krb_cache *cache); /* the last one destroys it; NULL is legal */

/* ---- heimdal_forward.c: delegation ---- */

/* The client's ticket-granting ticket for the ticket's service, as KRB-CRED under the ticket's key. */
MUST_CHECK SECURITY_STATUS krb_forward_make(struct krb_credential *credential, const struct krb_client_ticket *ticket,
                                            struct secret *message, struct failure *failure);
/* Opens a KRB-CRED of `client` (with realm); `subkey` NULL: none. SEC_E_INVALID_TOKEN: malformed, or another client's.
 */
MUST_CHECK SECURITY_STATUS krb_forward_open(const struct krb_key *session_key, const struct krb_key *subkey,
                                            struct bytes message, const char *client, struct krb_cache **cache,
                                            struct failure *failure);
/* A credential that logs in elsewhere as the client. SEC_E_NO_CREDENTIALS: nothing was delegated. */
MUST_CHECK SECURITY_STATUS krb_delegated_credential(struct context *context, struct credential **credential,
                                                    struct failure *failure);

/* ---- heimdal_s4u.c: constrained delegation, [MS-SFU] ---- */

/* A credential that logs in elsewhere as the context's client, or as a user whom the service vouches for. */
MUST_CHECK SECURITY_STATUS krb_constrained_credential(struct context *context, struct credential **credential,
                                                      struct failure *failure);
MUST_CHECK SECURITY_STATUS krb_credential_for_user(struct credential *service, const struct user_name *user,
                                                   struct credential **credential, struct failure *failure);
void krb_s4u_free(struct krb_s4u *s4u); /* NULL is legal */

/*
 * Numbers whose encoding is always equally long, so that a leg tried again with a larger buffer needs the size that was
 * told: a sequence number of 30 bits (some peers take it for a signed one), and microseconds of three octets.
 */
static inline uint32_t krb_sequence_fit(uint32_t random)
{
    return (random & 0x1FFFFFFF) | 0x20000000;
}

static inline uint32_t krb_microseconds_fit(uint32_t microseconds)
{
    return 0x10000 + (uint32_t)((uint64_t)microseconds * (1000000 - 0x10000) / 1000000);
}

#endif
