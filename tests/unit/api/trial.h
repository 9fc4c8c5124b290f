/*
 * Packages that exist in the tests of api/ alone, and helpers around a handshake with them.
 *
 * "Trial" (alias "Attempt") speaks two round trips: HELLO, CHALLENGE, ANSWER:user:password, nothing. "Bare" has a
 * credential and nothing else. "Again" is Trial whose contexts may be stepped on after they are established, with an
 * identity of its own form, CompleteAuthToken (a TOKEN of "good") and ApplyControlToken (any TOKEN).
 */
#ifndef SSPI_TESTS_API_TRIAL_H
#define SSPI_TESTS_API_TRIAL_H

#include "api/provider.h"
#include "test.h"

#define TRIAL_PASSWORD "secret"
#define TRIAL_KEY "0123456789abcdef"

/* What the last acquire of Trial was given, copied. */
extern struct trial_seen {
    char principal[64], user[64], domain[64], password[64], package_list[64];
    bool has_principal, has_identity, has_user, has_domain, has_password, has_package_list;
    ULONG use;
    const void *auth_data;
} trial_seen;

/* Called inside accept, before anything; NULL: not. */
extern void (*trial_accept_hook)(void);
/* Contexts and credentials of Trial that are alive. */
size_t trial_contexts(void);
size_t trial_credentials(void);
extern bool trial_available;

/* ---- Helpers ---- */

/* An identity in UTF-8 with the right password; `password` may be another. */
SEC_WINNT_AUTH_IDENTITY_A trial_identity(const char *password);
SecHandle trial_credential(const char *package, ULONG use);
SecHandle trial_credential_of(const char *package, ULONG use, const char *password);

/* One leg with one TOKEN buffer each way. `out_size` is room in, size out. */
SECURITY_STATUS trial_accept(SecHandle *credential, SecHandle *context, SecHandle *created, const char *token,
                             char *out, ULONG *out_size);
SECURITY_STATUS trial_initiate(SecHandle *credential, SecHandle *context, SecHandle *created, const char *token,
                               char *out, ULONG *out_size);

/* Both ends of an established pair. */
struct trial_pair {
    SecHandle server_credential, client_credential, server, client;
};
void trial_pair_open(struct trial_pair *pair);
void trial_pair_close(struct trial_pair *pair);
/* An acceptor's context after its first leg. */
SecHandle trial_half_open(SecHandle *credential);

/* The last failure's and a context's sentence, in static storage. */
const char *trial_last_failure(void);
const char *trial_explain(SecHandle *context);

#endif
