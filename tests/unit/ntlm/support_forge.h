/*
 * AUTHENTICATE messages of clients that are not ours: old, simple, careless or hostile.
 */
#ifndef SSPI_TESTS_SUPPORT_FORGE_H
#define SSPI_TESTS_SUPPORT_FORGE_H

#include "support_ntlm.h"

enum forge_bindings { FORGE_NO_BINDINGS, FORGE_EMPTY_BINDINGS, FORGE_BINDINGS };

/* The default, {0}, is an honest client that knows NTLMv2 but no MIC (such as curl), logging in as Domain\User. */
struct forge {
    const char *user, *domain, *password;
    const char *hashed_domain; /* NULL: `domain` */
    bool mic_bit, mic;         /* announce a MIC; send one */
    bool v1;                   /* NTLMv1, with client challenge where extended session security is agreed */
    bool lm_only;              /* no NT response, but 24 bytes of LMv2 */
    bool no_timestamp;         /* leave out the server's AV pairs */
    enum forge_bindings bindings;
    const uint8_t *bindings_hash;
    uint32_t av_flags;     /* beside the MIC's */
    const char *target;    /* NULL: no such AV pair */
    bool target_malformed; /* an AV pair of one byte where a name should be */
    int64_t time;          /* 0: now */
    uint32_t flags_added, flags_removed;
    size_t key_size; /* 0: 16 where a key is exchanged; 99: none */
    size_t trailing; /* bytes behind the EOL */
};

/* Answers the challenge in `rig`; returns the size. The client's context plays no part. */
size_t forge_authenticate(const struct rig *rig, const struct forge *forge, uint8_t *out, size_t room);

/* NEGOTIATE with these flags, 16 bytes. */
struct bytes forge_negotiate(uint32_t flags, uint8_t out[16]);

/* A whole login with `negotiate_flags`; the server's last word in rig->done. */
void forge_login(struct rig *rig, uint32_t negotiate_flags, const struct forge *forge);

#define FORGE_PLAIN (NTLM_UNICODE | NTLM_REQUEST_TARGET | NTLM_NTLM | NTLM_ALWAYS_SIGN | NTLM_ESS)
#define FORGE_STRONG (FORGE_PLAIN | NTLM_SIGN | NTLM_SEAL | NTLM_KEY_EXCH | NTLM_128)

#endif
