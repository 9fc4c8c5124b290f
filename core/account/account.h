/*
 * Account stores behind one vtable: where the key of a claimed user comes from.
 * Packages ask here; each store is one file beside this header (sqlite.c, text_file.c, callback.c, memory_store.c).
 */
#ifndef SSPI_ACCOUNT_ACCOUNT_H
#define SSPI_ACCOUNT_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/failure.h"
#include "sspi.h"
#include "sspi_ext.h"

#define ACCOUNT_NT_HASH_SIZE 16

/* One account. Owned by whoever looked it up; account_clear() wipes it. */
struct account {
    char *user;   /* canonical spelling, UTF-8 */
    char *domain; /* canonical spelling, UTF-8; "" is the store's default domain */
    bool has_nt_hash;
    uint8_t nt_hash[ACCOUNT_NT_HASH_SIZE];
    bool disabled;
    bool locked;
};

void account_clear(struct account *account);

/* A challenge and its responses, for stores that never reveal a key (winbind). Names as the client sent them, UTF-8. */
struct account_ntlm_request {
    const char *user;
    const char *domain;
    const char *workstation;
    uint8_t challenge[8];
    struct bytes nt_response;
    struct bytes lm_response;
    ULONG negotiate_flags;
};

struct account_ntlm_result {
    char *user; /* canonical; owned, mem_free */
    char *domain;
    uint8_t session_base_key[16]; /* wiped by the owner */
};

/*
 * A store's operations. An absent one answers SEC_E_UNSUPPORTED_FUNCTION. User and domain compare case-insensitively.
 * may_block: lookups may wait for a network or a user's callback, so no lock that others need may be held.
 * lookup: SEC_E_OK; SEC_E_LOGON_DENIED for an unknown user; anything else: the store is unavailable, `failure` names
 * the file. Finds by the order of account_store_lookup. Leaves `account` empty on failure. put: adds or replaces all
 * `count` accounts or none; one that is replaced stays disabled or locked. remove, set_disabled: exactly that user and
 * domain; SEC_E_LOGON_DENIED when there is none. Enabling clears a lock. is_locked, note_login: lockout that outlives
 * the process and is shared, at the same cost for names that have no account; SEC_E_UNSUPPORTED_FUNCTION: count in this
 * process.
 */
struct account_store_ops {
    const char *kind;
    bool may_block;
    SECURITY_STATUS(*lookup)
    (struct _SspiAccountStore *store, const char *user, const char *domain, struct account *account,
     struct failure *failure);
    SECURITY_STATUS(*verify_ntlm)
    (struct _SspiAccountStore *store, const struct account_ntlm_request *request, struct account_ntlm_result *result,
     struct failure *failure);
    SECURITY_STATUS(*put)
    (struct _SspiAccountStore *store, const struct account *accounts, size_t count, struct failure *failure);
    SECURITY_STATUS(*remove)
    (struct _SspiAccountStore *store, const char *user, const char *domain, struct failure *failure);
    SECURITY_STATUS(*set_disabled)
    (struct _SspiAccountStore *store, const char *user, const char *domain, bool disabled, struct failure *failure);
    /* Visits every account; stops at the first status that is not SEC_E_OK and returns it. */
    SECURITY_STATUS(*each)
    (struct _SspiAccountStore *store, SECURITY_STATUS (*visit)(void *argument, const struct account *account),
     void *argument, struct failure *failure);
    SECURITY_STATUS(*is_locked)
    (struct _SspiAccountStore *store, const char *user, const char *domain, ULONG threshold, ULONG seconds,
     bool *locked, struct failure *failure);
    SECURITY_STATUS(*note_login)
    (struct _SspiAccountStore *store, const char *user, const char *domain, bool success, ULONG threshold,
     ULONG seconds, struct failure *failure);
    void (*destroy)(struct _SspiAccountStore *store);
};

/* Every store embeds this as its first member. */
struct _SspiAccountStore {
    const struct account_store_ops *ops;
    unsigned references;             /* atomic */
    struct account_lockout *lockout; /* atomic; made on first use, see lockout.h */
};

/* Longest names and passwords that a store takes, in bytes of UTF-8. Windows' own limit for each is 256 characters. */
#define ACCOUNT_NAME_LIMIT 1024
#define ACCOUNT_PASSWORD_LIMIT 4096

MUST_CHECK SECURITY_STATUS account_store_open(const char *location, bool create, SspiAccountStore **store,
                                              struct failure *failure);
SspiAccountStore *account_store_retain(SspiAccountStore *store);
void account_store_release(SspiAccountStore *store); /* NULL is legal */

/*
 * Looks an account up and applies lockout. Order: the exact domain; then, if the domain is unknown to the store or
 * empty, the store's default domain ("") ([MS-NLMP] 3.2.5.1.2: unknown domain: local database). An account with a
 * domain never answers for another non-empty domain that the store knows. That the default domain is also the server's
 * own, and which of two accounts is shown under that name, is for the caller to decide: a store does not know that
 * domain. SEC_E_OK (look at disabled and
 * locked), SEC_E_LOGON_DENIED (unknown), else unavailable. `account` is always initialised.
 */
MUST_CHECK SECURITY_STATUS account_store_lookup(SspiAccountStore *store, const char *user, const char *domain,
                                                ULONG lockout_threshold, ULONG lockout_seconds, struct account *account,
                                                struct failure *failure);

/* The management operations; SEC_E_UNSUPPORTED_FUNCTION for a store that has none. Names and hashes are checked by the
 * caller. */
MUST_CHECK SECURITY_STATUS account_store_put(SspiAccountStore *store, const struct account *accounts, size_t count,
                                             struct failure *failure);
MUST_CHECK SECURITY_STATUS account_store_remove(SspiAccountStore *store, const char *user, const char *domain,
                                                struct failure *failure);
MUST_CHECK SECURITY_STATUS account_store_set_disabled(SspiAccountStore *store, const char *user, const char *domain,
                                                      bool disabled, struct failure *failure);
/* Every account of the store, copied: free with account_list_free. */
MUST_CHECK SECURITY_STATUS account_store_list(SspiAccountStore *store, struct account **accounts, size_t *count,
                                              struct failure *failure);
void account_list_free(struct account *accounts, size_t count);

/* Sets account->locked if too many logins failed. Part of account_store_lookup; for accounts of account_store_list. */
MUST_CHECK SECURITY_STATUS account_store_lock_state(SspiAccountStore *store, ULONG threshold, ULONG seconds,
                                                    struct account *account, struct failure *failure);

MUST_CHECK SECURITY_STATUS account_store_verify_ntlm(SspiAccountStore *store,
                                                     const struct account_ntlm_request *request,
                                                     struct account_ntlm_result *result, struct failure *failure);
MUST_CHECK bool account_store_can_verify_ntlm(const SspiAccountStore *store);

/*
 * Counts a verified login or a wrong password for lockout, under the names as claimed or as found. Nothing is counted
 * when threshold is 0. Call it for an unknown, disabled or locked account too (success false): the work is the same, so
 * that time tells nothing. Failing to count a failure fails the login: the caller gets the status. So does a verified
 * login whose account was locked while it was verified, with SEC_E_LOGON_DENIED: of many guesses at once, no more than
 * `threshold` are answered.
 */
MUST_CHECK SECURITY_STATUS account_store_note_login(SspiAccountStore *store, const char *user, const char *domain,
                                                    bool success, ULONG threshold, ULONG seconds,
                                                    struct failure *failure);

/* NT hash of a password: MD4 of its UTF-16LE. SEC_E_INVALID_PARAMETER if not UTF-8; SEC_E_CRYPTO_SYSTEM_INVALID without
 * MD4. */
MUST_CHECK SECURITY_STATUS account_nt_hash(struct bytes password_utf8, uint8_t hash[ACCOUNT_NT_HASH_SIZE]);

/* Gives `account` its key. False for the hash of the empty password, which sets nothing. */
MUST_CHECK bool account_set_nt_hash(struct account *account, const uint8_t hash[ACCOUNT_NT_HASH_SIZE]);

/* True for the hash of the empty password, which no store may hold: whoever claimed such a name would be in. */
bool account_nt_hash_is_empty(const uint8_t hash[ACCOUNT_NT_HASH_SIZE]);

/* A name that a store may hold: UTF-8 without control characters and backslashes, at most ACCOUNT_NAME_LIMIT bytes;
 * only a domain may be empty. Without backslashes DOMAIN\user is never the text of two accounts. */
bool account_user_valid(const char *user);
bool account_domain_valid(const char *domain);

#endif
