/*
 * Failed logins counted in this process, for stores that do not keep the count themselves. Bounded: when it is
 * full, the account whose last failure is oldest is forgotten.
 */
#ifndef SSPI_ACCOUNT_LOCKOUT_H
#define SSPI_ACCOUNT_LOCKOUT_H

#include "account/account.h"

/* How many accounts' failures are remembered. */
#define LOCKOUT_SETS 4096
#define LOCKOUT_WAYS 8

/* What a count means: both kinds of lockout ask these. Times and `window` are in one unit; a clock that went back is
 * age 0. */
static inline bool lockout_expired(int64_t now, int64_t last, int64_t window)
{
    return now > last && now - last >= window;
}

static inline bool lockout_reached(int64_t failures, ULONG threshold, int64_t now, int64_t last, int64_t window)
{
    return failures >= threshold && !lockout_expired(now, last, window);
}

/* One more failure. A lock is not prolonged, so that it falls even under steady guessing; but the count changes, so
 * that whatever keeps it is written alike. */
static inline void lockout_count(int64_t *failures, int64_t *last, ULONG threshold, int64_t now, int64_t window)
{
    if (lockout_expired(now, *last, window))
        *failures = 0;
    if (*failures < threshold)
        *last = now;
    ++*failures;
}

/* Whom to count for; `known` false: for nobody, at the same cost. */
struct lockout_name {
    const char *user, *domain;
    bool known;
};

MUST_CHECK SECURITY_STATUS lockout_is_locked(SspiAccountStore *store, const char *user, const char *domain,
                                             ULONG threshold, ULONG seconds, bool *locked, struct failure *failure);
MUST_CHECK SECURITY_STATUS lockout_note(SspiAccountStore *store, const struct lockout_name *name, bool success,
                                        ULONG threshold, ULONG seconds, struct failure *failure);

void lockout_forget(SspiAccountStore *store, const char *user, const char *domain);
void lockout_free(struct account_lockout *lockout);

#endif
