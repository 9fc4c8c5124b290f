/*
 * An NTLM client of our own making for what our own client would never send: each protection can be left out, each
 * field be wrong. Written from [MS-NLMP] on OpenSSL alone, so that it shares no mistake with the core.
 */
#ifndef SSPI_TESTS_FORGE_H
#define SSPI_TESTS_FORGE_H

#include "loopback.h"

#define FLAG_UNICODE 0x00000001u
#define FLAG_OEM 0x00000002u
#define FLAG_REQUEST_TARGET 0x00000004u
#define FLAG_SIGN 0x00000010u
#define FLAG_SEAL 0x00000020u
#define FLAG_DATAGRAM 0x00000040u
#define FLAG_LM_KEY 0x00000080u
#define FLAG_NTLM 0x00000200u
#define FLAG_ANONYMOUS 0x00000800u
#define FLAG_ALWAYS_SIGN 0x00008000u
#define FLAG_ESS 0x00080000u
#define FLAG_NON_NT_SESSION_KEY 0x00400000u
#define FLAG_TARGET_INFO 0x00800000u
#define FLAG_VERSION 0x02000000u
#define FLAG_128 0x20000000u
#define FLAG_KEY_EXCH 0x40000000u
#define FLAG_56 0x80000000u

enum {
    AV_EOL,
    AV_NB_COMPUTER,
    AV_NB_DOMAIN,
    AV_DNS_COMPUTER,
    AV_DNS_DOMAIN,
    AV_DNS_TREE,
    AV_FLAGS,
    AV_TIMESTAMP,
    AV_SINGLE_HOST,
    AV_TARGET_NAME,
    AV_BINDINGS
};

#define AV_FLAG_MIC 2u
#define AV_FLAG_UNVERIFIED_TARGET 4u

/* Where things are in an AUTHENTICATE message. */
enum {
    AT_LM = 12,
    AT_NT = 20,
    AT_DOMAIN = 28,
    AT_USER = 36,
    AT_WORKSTATION = 44,
    AT_KEY = 52,
    AT_FLAGS = 60,
    AT_MIC = 72,
    MIC_SIZE = 16
};

enum forge_response { FORGE_V2, FORGE_V1, FORGE_V1_ESS, FORGE_LM_ONLY, FORGE_LMV2_ONLY, FORGE_ANONYMOUS };
enum forge_mic { MIC_GOOD, MIC_NONE, MIC_ANNOUNCED_ONLY, MIC_ZERO };

struct forge {
    const char *user, *domain, *workstation, *password;
    enum forge_response response;
    enum forge_mic mic;
    uint32_t negotiate_flags;
    uint32_t add_flags, strip_flags; /* of AUTHENTICATE, against those of CHALLENGE */
    const uint8_t *bindings;         /* 16 bytes, or NULL: no such pair */
    const char *target;              /* NULL: no such pair */
    uint32_t av_flags;               /* beside AV_FLAG_MIC */
    int64_t seconds;                 /* added to the server's time stamp */
    bool forget_server;              /* leave out the pairs of the server */
    uint8_t session_key[16];         /* out */
};

/* USER with PASSWORD, NTLMv2, a good MIC and every protection. */
struct forge forge_good(void);
void forge_negotiate(const struct forge *forge, struct token *out);
void forge_authenticate(struct forge *forge, const struct token *negotiate, const struct token *challenge,
                        struct token *out);
/* The first three legs with the forged client in place of ours. */
void forge_until_authenticate(struct forge *forge, struct loopback *loop);

/* For whoever needs a key of the exchange: all in ASCII. */
void forge_nt_hash(const char *password, uint8_t out[16]);
void forge_md5(const void *a, size_t a_size, const void *b, size_t b_size, uint8_t out[16]);
void forge_hmac_md5(const uint8_t key[16], const void *data, size_t size, uint8_t out[16]);
void forge_ntowf_v2(const char *user, const char *domain, const char *password, uint8_t out[16]);

uint32_t u32_at(const struct token *token, size_t offset);
uint16_t u16_at(const struct token *token, size_t offset);
void u32_put(struct token *token, size_t offset, uint32_t value);
void u16_put(struct token *token, size_t offset, uint16_t value);
/* The value of an AV pair in the NT response of AUTHENTICATE, or in the target information of CHALLENGE; NULL if
 * absent. */
uint8_t *av_in_authenticate(struct token *token, unsigned id);
uint8_t *av_in_challenge(struct token *token, unsigned id);

#endif
