/*
 * The in-process counter of failed logins: a table of sets keyed by SHA-256 of the account's name, so that it
 * neither grows nor can be steered by chosen names. Used by account.c.
 */
#include "account/lockout.h"

#include <pthread.h>
#include <string.h>

#include "account/stores.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/utf.h"
#include "crypto/hash.h"

struct count {
    uint8_t name[16]; /* start of SHA-256 of the folded user and domain */
    ULONG failures;   /* 0: free */
    int64_t last;     /* clock_monotonic_ms of the last counted failure */
};

struct account_lockout {
    pthread_mutex_t mutex;
    struct count counts[LOCKOUT_SETS][LOCKOUT_WAYS];
};

static struct account_lockout *lockout_of(SspiAccountStore *store)
{
    struct account_lockout *known = __atomic_load_n(&store->lockout, __ATOMIC_ACQUIRE);
    struct account_lockout *made;

    if (known)
        return known;
    made = mem_zalloc(sizeof *made);
    if (!made)
        return NULL;
    pthread_mutex_init(&made->mutex, NULL);
    if (__atomic_compare_exchange_n(&store->lockout, &known, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    lockout_free(made);
    return known;
}

void lockout_free(struct account_lockout *lockout)
{
    if (!lockout)
        return;
    pthread_mutex_destroy(&lockout->mutex);
    mem_free(lockout);
}

static bool name_digest(const char *user, const char *domain, uint8_t digest[SHA256_SIZE])
{
    char *folded_user = utf8_uppercase(user);
    char *folded_domain = utf8_uppercase(domain);
    bool done = false;

    if (folded_user && folded_domain) {
        struct bytes parts[2] = {bytes_of(folded_domain, strlen(folded_domain) + 1),
                                 bytes_of(folded_user, strlen(folded_user))};
        done = sha256_digest(parts, 2, digest);
    }
    mem_free(folded_user);
    mem_free(folded_domain);
    return done;
}

/* The account's count, or the place where it would be put: free, forgotten, or else the oldest of its set. */
static struct count *count_find(struct account_lockout *lockout, const uint8_t digest[SHA256_SIZE], bool *found)
{
    size_t set = ((size_t)digest[16] << 8 | digest[17]) % LOCKOUT_SETS;
    struct count *counts = lockout->counts[set], *place = &counts[0];

    *found = false;
    for (size_t i = 0; i < LOCKOUT_WAYS; i++) {
        if (counts[i].failures && memcmp(counts[i].name, digest, sizeof counts[i].name) == 0) {
            *found = true;
            return &counts[i];
        }
        if (place->failures && (!counts[i].failures || counts[i].last < place->last))
            place = &counts[i];
    }
    return place;
}

static int64_t window_ms(ULONG seconds)
{
    return (int64_t)seconds * 1000;
}

SECURITY_STATUS lockout_is_locked(SspiAccountStore *store, const struct account *account, ULONG threshold,
                                  ULONG seconds, bool *locked, struct failure *failure)
{
    struct account_lockout *lockout = lockout_of(store);
    const char *domain = store->ops->may_block ? "" : account->domain;
    uint8_t digest[SHA256_SIZE];
    const struct count *count;

    *locked = true;
    if (!lockout || !name_digest(account->user, domain, digest))
        return store_no_memory(failure);
    pthread_mutex_lock(&lockout->mutex);
    count = count_find(lockout, digest, locked);
    *locked = *locked && count->failures >= threshold
              && !lockout_expired(clock_monotonic_ms(), count->last, window_ms(seconds));
    pthread_mutex_unlock(&lockout->mutex);
    return SEC_E_OK;
}

/* While an account is locked nothing is counted, so that the lock falls even under steady guessing. */
static void count_failure(struct count *count, ULONG threshold, ULONG seconds)
{
    int64_t now = clock_monotonic_ms();

    if (lockout_expired(now, count->last, window_ms(seconds)))
        count->failures = 0;
    if (count->failures >= threshold)
        return;
    count->failures++;
    count->last = now;
}

SECURITY_STATUS lockout_note(SspiAccountStore *store, const char *user, const char *domain, bool success,
                             ULONG threshold, ULONG seconds, struct failure *failure)
{
    struct account_lockout *lockout = lockout_of(store);
    uint8_t digest[SHA256_SIZE];
    struct count nobody = {0}, *count;
    bool found;

    if (!lockout || !name_digest(user, domain, digest))
        return store_no_memory(failure);
    pthread_mutex_lock(&lockout->mutex);
    count = count_find(lockout, digest, &found);
    if (!*user)
        count = &nobody;
    if (success && found) {
        *count = (struct count){0};
    } else if (!success) {
        if (!found) {
            *count = (struct count){0};
            memcpy(count->name, digest, sizeof count->name);
        }
        count_failure(count, threshold, seconds);
    }
    pthread_mutex_unlock(&lockout->mutex);
    return SEC_E_OK;
}

void lockout_forget(SspiAccountStore *store, const char *user, const char *domain)
{
    struct account_lockout *lockout = __atomic_load_n(&store->lockout, __ATOMIC_ACQUIRE);
    uint8_t digest[SHA256_SIZE];
    struct count *count;
    bool found;

    if (!lockout || !name_digest(user, domain, digest))
        return;
    pthread_mutex_lock(&lockout->mutex);
    count = count_find(lockout, digest, &found);
    if (found)
        *count = (struct count){0};
    pthread_mutex_unlock(&lockout->mutex);
}
