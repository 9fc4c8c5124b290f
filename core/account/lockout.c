/*
 * The in-process counter of failed logins: a table of sets keyed by SHA-256 of a secret and the account's name, so that
 * it neither grows nor can be steered by chosen names. Used by account.c.
 */
#include "account/lockout.h"

#include <pthread.h>
#include <string.h>

#include "account/stores.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/utf.h"
#include "crypto/hash.h"
#include "crypto/random.h"

struct count {
    uint8_t name[16]; /* start of SHA-256 of the folded user and domain */
    int64_t failures; /* 0: free */
    int64_t last;     /* clock_monotonic_ms of the last counted failure */
};

struct account_lockout {
    pthread_mutex_t mutex;
    uint8_t key[SHA256_SIZE]; /* random: nobody can choose names that push an account out of its set */
    struct count counts[LOCKOUT_SETS][LOCKOUT_WAYS];
};

static struct account_lockout *lockout_of(SspiAccountStore *store)
{
    struct account_lockout *known = __atomic_load_n(&store->lockout, __ATOMIC_ACQUIRE);
    struct account_lockout *made;

    if (known)
        return known;
    made = mem_zalloc(sizeof *made);
    if (!made || !random_bytes(made->key, sizeof made->key)) {
        mem_free(made);
        return NULL;
    }
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

static bool name_digest(const struct account_lockout *lockout, const char *user, const char *domain,
                        uint8_t digest[SHA256_SIZE])
{
    char *folded_user = utf8_uppercase(user);
    char *folded_domain = utf8_uppercase(domain);
    bool done = false;

    if (folded_user && folded_domain) {
        struct bytes parts[3] = {bytes_of(lockout->key, sizeof lockout->key),
                                 bytes_of(folded_domain, strlen(folded_domain) + 1),
                                 bytes_of(folded_user, strlen(folded_user))};
        done = sha256_digest(parts, 3, digest);
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

SECURITY_STATUS lockout_is_locked(SspiAccountStore *store, const char *user, const char *domain, ULONG threshold,
                                  ULONG seconds, bool *locked, struct failure *failure)
{
    struct account_lockout *lockout = lockout_of(store);
    uint8_t digest[SHA256_SIZE];
    const struct count *count;

    *locked = true;
    if (!lockout || !name_digest(lockout, user, store->ops->may_block ? "" : domain, digest))
        return store_no_memory(failure);
    pthread_mutex_lock(&lockout->mutex);
    count = count_find(lockout, digest, locked);
    *locked =
        *locked && lockout_reached(count->failures, threshold, clock_monotonic_ms(), count->last, window_ms(seconds));
    pthread_mutex_unlock(&lockout->mutex);
    return SEC_E_OK;
}

/* Judged and counted under one lock. False: the account is locked by now, and the login counted as one that failed. */
static bool count_note(struct count *count, bool success, ULONG threshold, ULONG seconds)
{
    const int64_t now = clock_monotonic_ms(), window = window_ms(seconds);
    const bool good = success && !lockout_reached(count->failures, threshold, now, count->last, window);

    if (good)
        *count = (struct count){0};
    else
        lockout_count(&count->failures, &count->last, threshold, now, window);
    return good || !success;
}

SECURITY_STATUS lockout_note(SspiAccountStore *store, const struct lockout_name *name, bool success, ULONG threshold,
                             ULONG seconds, struct failure *failure)
{
    struct account_lockout *lockout = lockout_of(store);
    uint8_t digest[SHA256_SIZE];
    struct count nobody = {0}, *count;
    bool found, done;

    if (!lockout || !name_digest(lockout, name->user, name->domain, digest))
        return store_no_memory(failure);
    pthread_mutex_lock(&lockout->mutex);
    count = count_find(lockout, digest, &found);
    if (!name->known || (success && !found))
        count = &nobody;
    else if (!found)
        *count = (struct count){0};
    memcpy(count->name, digest, sizeof count->name);
    done = count_note(count, success, threshold, seconds);
    pthread_mutex_unlock(&lockout->mutex);
    return done ? SEC_E_OK : store_locked_meanwhile(failure);
}

void lockout_forget(SspiAccountStore *store, const char *user, const char *domain)
{
    struct account_lockout *lockout = __atomic_load_n(&store->lockout, __ATOMIC_ACQUIRE);
    uint8_t digest[SHA256_SIZE];
    struct count *count;
    bool found;

    if (!lockout || !name_digest(lockout, user, domain, digest))
        return;
    pthread_mutex_lock(&lockout->mutex);
    count = count_find(lockout, digest, &found);
    if (found)
        *count = (struct count){0};
    pthread_mutex_unlock(&lockout->mutex);
}
