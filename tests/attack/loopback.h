/*
 * One NTLM conversation between our client and our server, leg by leg, its tokens open to be tampered with between the
 * legs.
 */
#ifndef SSPI_TESTS_LOOPBACK_H
#define SSPI_TESTS_LOOPBACK_H

#include "security.h"
#include "sspi.h"
#include "sspi_ext.h"
#include "test.h"

#define USER "alice"
#define DOMAIN "EXAMPLE"
#define PASSWORD "Passw0rd!"

enum { TOKEN_ROOM = 4096 };

struct token {
    ULONG size;
    uint8_t data[TOKEN_ROOM];
};

/* What the last login attempt's event said, and how many there were. */
struct seen {
    unsigned count;
    SECURITY_STATUS status;
    ULONG reason;
    char client[128];
    char explanation[256];
};

struct loopback {
    /* To be changed between loopback_open and the legs. */
    ULONG client_flags, server_flags;
    const char *target;
    const void *client_bindings, *server_bindings; /* SEC_CHANNEL_BINDINGS, or NULL */
    ULONG client_bindings_size, server_bindings_size;

    CredHandle client_credential, server_credential;
    CtxtHandle client, server;
    bool client_live, server_live;
    SspiAccountStore *store;
    struct token negotiate, challenge, authenticate;
    ULONG client_attributes, server_attributes;
    struct seen seen;
};

/* Credentials for both sides and a store with USER; the server is SERVER in DOMAIN. */
void loopback_open(struct loopback *loop);
/* Another client's password, "" for none given. */
void loopback_client_as(struct loopback *loop, const char *user, const char *domain, const char *password);
/* An option of the server's credential; before its first leg. */
void loopback_option(struct loopback *loop, const char *name, const char *value);
/* Ends the contexts only, for another conversation with the same credentials. */
void loopback_again(struct loopback *loop);
void loopback_close(struct loopback *loop);

/* The four legs. Each returns its status and fills the token it makes; none asserts success. */
SECURITY_STATUS loopback_negotiate(struct loopback *loop);
SECURITY_STATUS loopback_challenge(struct loopback *loop);
SECURITY_STATUS loopback_authenticate(struct loopback *loop);
SECURITY_STATUS loopback_finish(struct loopback *loop);

/* The first three legs, all of which succeed. */
void loopback_until_authenticate(struct loopback *loop);

/* The last leg fails with this status and reason, and everything that must follow from a refusal is so. */
void loopback_refused(struct loopback *loop, SECURITY_STATUS status, ULONG reason);
/* The first leg of the server fails so. */
void loopback_refused_at_once(struct loopback *loop, SECURITY_STATUS status, ULONG reason);
/* The last leg succeeds, and the client is DOMAIN\user. */
void loopback_accepted(struct loopback *loop, const char *name);

#endif
