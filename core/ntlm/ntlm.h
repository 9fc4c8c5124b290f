/*
 * The one internal header of the NTLM package ([MS-NLMP]): wire formats, keys, state of a context.
 * The flow: provider.c -> acceptor.c or initiator.c -> message.c, verify.c or response.c, keys.c, mic.c -> seal.c.
 */
#ifndef SSPI_NTLM_NTLM_H
#define SSPI_NTLM_NTLM_H

#include <pthread.h>

#include "api/provider.h"
#include "base/cursor.h"
#include "base/writer.h"
#include "crypto/hmac.h"
#include "crypto/rc4.h"

/* Negotiate flags, 2.2.2.5. */
#define NTLM_UNICODE UINT32_C(0x00000001)
#define NTLM_OEM UINT32_C(0x00000002)
#define NTLM_REQUEST_TARGET UINT32_C(0x00000004)
#define NTLM_SIGN UINT32_C(0x00000010)
#define NTLM_SEAL UINT32_C(0x00000020)
#define NTLM_DATAGRAM UINT32_C(0x00000040)
#define NTLM_LM_KEY UINT32_C(0x00000080)
#define NTLM_NTLM UINT32_C(0x00000200)
#define NTLM_ANONYMOUS UINT32_C(0x00000800)
#define NTLM_OEM_DOMAIN_SUPPLIED UINT32_C(0x00001000)
#define NTLM_OEM_WORKSTATION_SUPPLIED UINT32_C(0x00002000)
#define NTLM_ALWAYS_SIGN UINT32_C(0x00008000)
#define NTLM_TARGET_TYPE_DOMAIN UINT32_C(0x00010000)
#define NTLM_TARGET_TYPE_SERVER UINT32_C(0x00020000)
#define NTLM_ESS UINT32_C(0x00080000) /* extended session security */
#define NTLM_IDENTIFY UINT32_C(0x00100000)
#define NTLM_NON_NT_SESSION_KEY UINT32_C(0x00400000)
#define NTLM_TARGET_INFO UINT32_C(0x00800000)
#define NTLM_VERSION UINT32_C(0x02000000)
#define NTLM_128 UINT32_C(0x20000000)
#define NTLM_KEY_EXCH UINT32_C(0x40000000)
#define NTLM_56 UINT32_C(0x80000000)

/* Sizes in bytes. Names of 255 characters everywhere still fit the largest token. */
#define NTLM_MAX_TOKEN 4096
#define NTLM_MAX_NEGOTIATE 1024
#define NTLM_CHALLENGE_SIZE 8
#define NTLM_KEY_SIZE 16
#define NTLM_SIGNATURE_SIZE 16
#define NTLM_V1_RESPONSE_SIZE 24
#define NTLM_MIC_OFFSET 72
#define NTLM_MIC_SIZE 16

/* VERSION of what we send, 2.2.2.10: 6.1 build 7600, NTLM revision 15. Peers only log it. */
#define NTLM_OUR_VERSION UINT64_C(0x0F0000001DB00106)

/* ---- message.c: NEGOTIATE, CHALLENGE and AUTHENTICATE. Views borrow from the decoded message. ---- */

struct ntlm_negotiate {
    uint32_t flags;
    uint64_t version;
    struct bytes domain, workstation; /* OEM; empty where the flags say that there is none */
};

struct ntlm_challenge {
    uint32_t flags;
    uint64_t version;
    uint8_t server_challenge[NTLM_CHALLENGE_SIZE];
    struct bytes target_name; /* in the charset of `flags` */
    struct bytes target_info; /* AV pairs */
};

struct ntlm_authenticate {
    uint32_t flags;
    uint64_t version;
    struct bytes lm, nt, domain, user, workstation, session_key;
};

MUST_CHECK bool ntlm_negotiate_decode(struct bytes message, struct ntlm_negotiate *out);
MUST_CHECK bool ntlm_challenge_decode(struct bytes message, struct ntlm_challenge *out);
MUST_CHECK bool ntlm_authenticate_decode(struct bytes message, struct ntlm_authenticate *out);

/* The encoders write into `out` or, past its end, only count: see base/writer.h. */
void ntlm_negotiate_encode(const struct ntlm_negotiate *message, struct writer *out);
void ntlm_challenge_encode(const struct ntlm_challenge *message, struct writer *out);
/* `with_mic` leaves NTLM_MIC_SIZE zero bytes at NTLM_MIC_OFFSET. */
void ntlm_authenticate_encode(const struct ntlm_authenticate *message, bool with_mic, struct writer *out);

/* ---- av_pairs.c: 2.2.2.1, and the NTLMv2 response around them, 2.2.2.7 and 2.2.2.8 ---- */

enum ntlm_av_id {
    NTLM_AV_EOL,
    NTLM_AV_NB_COMPUTER,
    NTLM_AV_NB_DOMAIN,
    NTLM_AV_DNS_COMPUTER,
    NTLM_AV_DNS_DOMAIN,
    NTLM_AV_DNS_TREE,
    NTLM_AV_FLAGS,
    NTLM_AV_TIMESTAMP,
    NTLM_AV_SINGLE_HOST,
    NTLM_AV_TARGET_NAME,
    NTLM_AV_BINDINGS,
    NTLM_AV_COUNT
};

#define NTLM_AV_FLAG_MIC UINT32_C(2)               /* the AUTHENTICATE message carries a MIC */
#define NTLM_AV_FLAG_UNVERIFIED_TARGET UINT32_C(4) /* the client's target name came from an untrusted source */

/* The known pairs of one list, each at most once. */
struct ntlm_av_pairs {
    bool present[NTLM_AV_COUNT];
    struct bytes value[NTLM_AV_COUNT];
    uint32_t flags;     /* of NTLM_AV_FLAGS; 0 where absent */
    uint64_t timestamp; /* of NTLM_AV_TIMESTAMP; 0 where absent */
};

/* A list up to its EOL; what follows the EOL is ignored. False: no EOL, a pair twice, a fixed-size pair of another
 * size. */
MUST_CHECK bool ntlm_av_decode(struct bytes list, struct ntlm_av_pairs *out);
void ntlm_av_write(struct writer *out, enum ntlm_av_id id, struct bytes value);
/* Copies what a client repeats of a server's list: all but EOL and the pairs that only a client writes. */
void ntlm_av_write_repeated(struct writer *out, struct bytes list);
/* True when every pair of `sent` is in `answered` with the same value. */
MUST_CHECK bool ntlm_av_repeated(const struct ntlm_av_pairs *sent, const struct ntlm_av_pairs *answered);

struct ntlm_v2_response {
    struct bytes proof;            /* NTProofStr, 16 bytes */
    struct bytes temp;             /* all that follows, as received */
    struct bytes client_challenge; /* 8 bytes */
    uint64_t time;
    struct ntlm_av_pairs av;
};

MUST_CHECK bool ntlm_v2_response_decode(struct bytes response, struct ntlm_v2_response *out);

/* ---- flags.c: what is offered and what may be agreed ---- */

/* CHALLENGE flags for a client's request, without the TARGET_TYPE. */
uint32_t ntlm_flags_offer(uint32_t requested);
/* SEC_E_OK, or why flags that were (or would be) agreed are refused by policy. */
MUST_CHECK SECURITY_STATUS ntlm_flags_check_policy(uint32_t flags, const struct settings *settings,
                                                   struct failure *failure);
/* Compares the flags of AUTHENTICATE with those offered: nothing added, nothing stripped that protects. */
MUST_CHECK SECURITY_STATUS ntlm_flags_check_answer(uint32_t offered, uint32_t answered, struct failure *failure);
/* ASC_RET_* of agreed flags. */
ULONG ntlm_flags_to_asc(uint32_t flags);
/* ISC_RET_* of agreed flags. */
ULONG ntlm_flags_to_isc(uint32_t flags);

static inline bool ntlm_protects(uint32_t flags)
{
    return (flags & (NTLM_SIGN | NTLM_SEAL)) != 0;
}

/* ---- keys.c: 3.3 and 3.4.5. False: OpenSSL failed. ---- */

MUST_CHECK bool ntlm_ntowf_v2(const uint8_t nt_hash[16], struct bytes upper_user, struct bytes domain, uint8_t out[16]);
MUST_CHECK bool ntlm_v2_proof(const uint8_t ntowf[16], const uint8_t server_challenge[8], struct bytes temp,
                              uint8_t out[16]);
MUST_CHECK bool ntlm_v2_session_key(const uint8_t ntowf[16], const uint8_t proof[16], uint8_t out[16]);
/* LM hash of an OEM password; only its first 14 bytes count. */
MUST_CHECK bool ntlm_lmowf_v1(struct bytes oem_password, uint8_t out[16]);
/* The NTLMv1 response; with ESS `client_challenge` takes part. */
MUST_CHECK bool ntlm_v1_response(const uint8_t hash[16], uint32_t flags, const uint8_t server_challenge[8],
                                 const uint8_t client_challenge[8], uint8_t out[NTLM_V1_RESPONSE_SIZE]);
MUST_CHECK bool ntlm_v1_session_key(const uint8_t nt_hash[16], uint8_t out[16]);
/* KXKEY for NTLMv1. `lm_response` is 24 bytes; `lmowf` may be NULL unless LM_KEY or NON_NT_SESSION_KEY was agreed. */
MUST_CHECK bool ntlm_v1_key_exchange_key(uint32_t flags, const uint8_t session_base_key[16],
                                         const uint8_t server_challenge[8], const uint8_t *lm_response,
                                         const uint8_t *lmowf, uint8_t out[16]);
/* All four with extended session security, by direction: server to client first. The caller wipes them. */
struct ntlm_message_keys {
    uint8_t sign[2][16], seal[2][16];
};
MUST_CHECK bool ntlm_message_keys(uint32_t flags, const uint8_t session_key[16], struct ntlm_message_keys *out);
MUST_CHECK bool ntlm_sign_key(const uint8_t session_key[16], bool client_to_server, uint8_t out[16]);
/* `*size` is 16, or 8 for weakened keys without extended session security. */
MUST_CHECK bool ntlm_seal_key(uint32_t flags, const uint8_t session_key[16], bool client_to_server, uint8_t out[16],
                              size_t *size);
/* Effective bits of the sealing key. */
ULONG ntlm_key_bits(uint32_t flags);

/* ---- mic.c: 3.1.5.1.2, over the raw messages, the MIC bytes of `authenticate` counted as zero. False: OpenSSL failed.
 * ---- */

MUST_CHECK bool ntlm_mic_compute(const uint8_t session_key[16], struct bytes negotiate, struct bytes challenge,
                                 struct bytes authenticate, uint8_t out[NTLM_MIC_SIZE]);

/* ---- the credential (provider.c) and the context ---- */

struct ntlm_context;

struct ntlm_credential {
    struct credential base;
    bool has_user;
    bool has_hash;
    bool has_lm_hash;
    uint8_t nt_hash[16];
    uint8_t lm_hash[16];        /* sent only by policy allow_insecure_lm */
    char *name;                 /* DOMAIN\user, UTF-8; NULL without an identity */
    char *user, *domain;        /* UTF-8 */
    uint8_t *user16, *domain16; /* the same, UTF-16LE as sent */
    size_t user16_size, domain16_size;
    /* Challenges that this credential issued and that wait for an answer: only where it can also initiate. */
    pthread_mutex_t outstanding_lock;
    struct ntlm_context *outstanding;
};

enum ntlm_state {
    NTLM_WAITING,     /* for the peer's next message */
    NTLM_ESTABLISHED, /* messages may be protected */
    NTLM_CLOSED       /* failed, or the challenge is used up: nothing works any more */
};

/* One direction of protected messages; both directions share `sending` without extended session security. */
struct ntlm_stream {
    struct rc4 *rc4;          /* NULL until the first message that needs it */
    struct hmac_md5_key *mac; /* likewise */
    uint32_t sequence;        /* of the next message */
    bool closed;              /* an altered message was received: the stream's position is unknown */
};

struct ntlm_context {
    struct context base;
    enum ntlm_state state;
    uint32_t flags; /* offered, then agreed */
    bool anonymous;
    bool extended;     /* NTLMv2 was used */
    bool mic_verified; /* sent (initiator) or verified (acceptor) */
    uint8_t server_challenge[NTLM_CHALLENGE_SIZE];
    uint8_t session_key[NTLM_KEY_SIZE]; /* ExportedSessionKey */
    uint8_t *transcript; /* NEGOTIATE, then (acceptor) CHALLENGE, as sent; freed once the MIC was checked */
    size_t negotiate_size, challenge_size;
    int64_t started;
    char *client;    /* DOMAIN\user as verified, UTF-8 */
    char *authority; /* the account's domain */
    char *target;    /* the service that the client named; NULL where unknown or untrusted */
    struct ntlm_stream sending, receiving;
    bool outstanding; /* in the list of its credential */
    struct ntlm_context *outstanding_next, *outstanding_previous;
};

static inline struct ntlm_credential *ntlm_credential_of(struct context *context)
{
    return (struct ntlm_credential *)context->credential;
}

/* context.c */
MUST_CHECK struct ntlm_context *ntlm_context_new(struct credential *credential, bool acceptor);
void ntlm_context_free(struct context *context);
/* Wipes and frees what is needed only until the exchange ends. */
void ntlm_context_forget_exchange(struct ntlm_context *context);

/* reflection.c: our own challenges, so that a credential for both directions never answers itself. */
void ntlm_outstanding_add(struct ntlm_context *context);
void ntlm_outstanding_remove(struct ntlm_context *context);
MUST_CHECK bool ntlm_outstanding_find(struct ntlm_credential *credential, const uint8_t challenge[NTLM_CHALLENGE_SIZE]);

/* challenge.c: makes CHALLENGE, appends it to the transcript, adds the TARGET_TYPE to the context's flags. */
MUST_CHECK SECURITY_STATUS ntlm_challenge_make(struct ntlm_context *context, struct bytes negotiate,
                                               struct failure *failure);

/* ---- text.c ---- */

/* A field in the negotiated charset as UTF-8. SEC_E_INVALID_TOKEN when malformed, SEC_E_INSUFFICIENT_MEMORY. */
MUST_CHECK SECURITY_STATUS ntlm_text_decode(struct bytes field, uint32_t flags, char **out);
/* DOMAIN\user, or user alone where `domain` is empty; allocated, NULL without memory. */
MUST_CHECK char *ntlm_text_join(const char *domain, const char *user);
/* Copies text into a fixed buffer, cut at a character. */
void ntlm_text_copy(char *out, size_t size, const char *text);

/* ---- verify.c: is the client who it says? ---- */

struct ntlm_claim {
    char *user, *domain, *workstation; /* UTF-8 */
    char *name;                        /* DOMAIN\user */
    uint8_t *hash_name;                /* UTF-16LE: the user upper-cased, then the domain as sent */
    size_t hash_user_size, hash_name_size;
};

/* What a verified response gives. */
struct ntlm_verdict {
    char *user, *domain; /* as the store spells them */
    uint8_t key_exchange_key[16];
    bool extended; /* NTLMv2: `response` is valid */
    struct ntlm_v2_response response;
};

MUST_CHECK SECURITY_STATUS ntlm_claim_read(const struct ntlm_authenticate *message, struct ntlm_claim *claim,
                                           struct failure *failure);
void ntlm_claim_clear(struct ntlm_claim *claim);
/* Without accounts only null sessions can succeed, where they are allowed. */
MUST_CHECK SECURITY_STATUS ntlm_check(struct credential *credential, bool *said, struct failure *why);
MUST_CHECK SECURITY_STATUS ntlm_verify(struct ntlm_context *context, const struct ntlm_authenticate *message,
                                       const struct ntlm_claim *claim, struct ntlm_verdict *verdict,
                                       struct failure *failure);
void ntlm_verdict_clear(struct ntlm_verdict *verdict);

/* ---- response.c: the client's answer to a challenge ---- */

struct ntlm_answer {
    uint8_t *nt; /* owned */
    size_t nt_size;
    uint8_t lm[NTLM_V1_RESPONSE_SIZE];
    size_t lm_size;
    uint8_t key_exchange_key[16];
    bool extended; /* NTLMv2 */
    bool with_mic;
};

/* What takes part in an answer beside the credential and the challenge. */
struct ntlm_answer_input {
    const struct ntlm_challenge *challenge;
    const struct ntlm_av_pairs *av; /* of the challenge */
    uint32_t flags;                 /* agreed */
    const uint8_t *client_challenge;
    const uint8_t *bindings; /* 16 bytes */
    struct bytes target;     /* UTF-16LE */
    bool target_unverified;
};

MUST_CHECK SECURITY_STATUS ntlm_answer_v2(const struct ntlm_credential *credential,
                                          const struct ntlm_answer_input *input, struct ntlm_answer *answer);
/* `answer` may be partly filled after a failure: always ntlm_answer_clear(). */
MUST_CHECK SECURITY_STATUS ntlm_answer_v1(const struct ntlm_credential *credential,
                                          const struct ntlm_answer_input *input, struct ntlm_answer *answer);
void ntlm_answer_anonymous(struct ntlm_answer *answer);
void ntlm_answer_clear(struct ntlm_answer *answer);

/* ---- acceptor.c, initiator.c, attributes.c, seal.c: the operations of the vtable ---- */

SECURITY_STATUS ntlm_accept(struct credential *credential, struct context **context, struct step *step);
SECURITY_STATUS ntlm_initiate(struct credential *credential, struct context **context, struct step *step);
SECURITY_STATUS ntlm_query(struct context *context, ULONG attribute, struct attribute_value *value);
void ntlm_describe(struct context *context, char *text, size_t size);
SECURITY_STATUS ntlm_sign(struct context *context, struct message *message);
SECURITY_STATUS ntlm_verify_signature(struct context *context, struct message *message);
SECURITY_STATUS ntlm_seal(struct context *context, struct message *message);
SECURITY_STATUS ntlm_unseal(struct context *context, struct message *message);

/*
 * Negotiate makes its mechListMIC with this context's keys and then takes the RC4 states back, so that the first
 * message of the application meets the same key stream; the sequence numbers stay advanced ([MS-SPNG] 3.3.5.1). A
 * snapshot before the first message holds nothing and costs nothing.
 */
struct ntlm_seal_state {
    struct rc4 *sending, *receiving;
};
/* Keys and states of both directions at once where neither has any, which costs less. SEC_E_INSUFFICIENT_MEMORY. */
MUST_CHECK SECURITY_STATUS ntlm_streams_make(struct ntlm_context *context);
MUST_CHECK SECURITY_STATUS ntlm_seal_snapshot(const struct ntlm_context *context, struct ntlm_seal_state *state);
/* Gives the states back, which the context then owns; `state` is emptied. */
void ntlm_seal_restore(struct ntlm_context *context, struct ntlm_seal_state *state);
void ntlm_seal_state_clear(struct ntlm_seal_state *state);

/* mechlist.c */
SECURITY_STATUS ntlm_mechlist_mic(struct context *context, struct message *message, bool make);
bool ntlm_mechlist_mic_due(const struct context *context);
void ntlm_stream_clear(struct ntlm_stream *stream);

#endif
