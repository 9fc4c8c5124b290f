/*
 * A rig for NTLM tests: two credentials, a store of a few accounts and single legs through the package's table,
 * without api/.
 */
#ifndef SSPI_TESTS_SUPPORT_NTLM_H
#define SSPI_TESTS_SUPPORT_NTLM_H

#include "base/memory.h"
#include "doubles.h"
#include "ntlm/ntlm.h"
#include "test.h"

#define RIG_TOKEN_ROOM 8192

/* Inputs that stay the same for all legs of one side. */
struct rig_side {
    struct credential *credential;
    struct context *context;
    ULONG requested;
    struct bytes bindings; /* application data; data NULL: no such buffer */
    const char *target;
};

/* What one leg said. */
struct rig_leg {
    SECURITY_STATUS status;
    ULONG attributes;
    ULONG bindings_result;
    int64_t expiry;
    struct failure failure;
    struct login login;
    size_t size;
    uint8_t token[RIG_TOKEN_ROOM];
};

struct rig {
    struct rig_side client, server;
    SspiAccountStore *store;
    struct rig_leg negotiate, challenge, authenticate, done;
};

enum rig_store_mode { RIG_STORE_WORKS, RIG_STORE_FAILS, RIG_STORE_FAILS_SILENTLY, RIG_STORE_NO_MEMORY };

/* What the store does, and what it was asked since the rig was made. */
struct rig_store {
    struct _SspiAccountStore base;
    enum rig_store_mode mode;
    bool judges;         /* verify_ntlm in place of lookup */
    bool exact;          /* no domain is none of the store's */
    bool counts_nothing; /* note_login fails */
    bool locks_late;     /* note_login finds a verified account locked */
    const char *domain;  /* of every account */
    _Atomic unsigned lookups, failures, successes;
};

/* Accounts: alice and User with "Password"; dora disabled, lola locked, empty (without hash). Domain: Domain. */
void rig_open(struct rig *rig);
void rig_close(struct rig *rig);
struct rig_store *rig_store(struct rig *rig);
struct credential *rig_credential(ULONG use, const char *user, const char *domain, const char *password);
void rig_credential_free(struct credential *credential);
void rig_client_is(struct rig *rig, const char *user, const char *domain, const char *password);

/* One leg; `token` NULL: no token buffer. `room` bytes for the answer. */
void rig_step(struct rig_side *side, bool accept, struct bytes token, size_t room, struct rig_leg *leg);
void rig_accept(struct rig_side *side, struct bytes token, struct rig_leg *leg);
void rig_initiate(struct rig_side *side, struct bytes token, struct rig_leg *leg);
struct bytes rig_token(const struct rig_leg *leg);

/* The legs up to AUTHENTICATE, asserting success; then all four. */
void rig_run_to_authenticate(struct rig *rig);
void rig_run(struct rig *rig);
/* Deletes both contexts. */
void rig_reset(struct rig *rig);
/* Hands `token` to the server as AUTHENTICATE. */
void rig_finish(struct rig *rig, struct bytes token);

struct ntlm_context *rig_server_context(struct rig *rig);
struct ntlm_context *rig_client_context(struct rig *rig);

/* Flags of the message at offset `at`. */
uint32_t rig_u32(const uint8_t *at);
void rig_put_u32(uint8_t *at, uint32_t value);
void rig_put_u16(uint8_t *at, uint16_t value);

/* Messages: sign or seal `data` in place with `signature`. */
SECURITY_STATUS rig_sign(struct context *context, void *data, size_t size, uint8_t signature[16]);
SECURITY_STATUS rig_check(struct context *context, void *data, size_t size, uint8_t signature[16]);
SECURITY_STATUS rig_seal(struct context *context, void *data, size_t size, uint8_t signature[16]);
SECURITY_STATUS rig_unseal(struct context *context, void *data, size_t size, uint8_t signature[16]);

#endif
