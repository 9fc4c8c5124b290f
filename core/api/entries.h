/*
 * What the handles of api/ name: a package's credential or context, with what api/ keeps beside it.
 */
#ifndef SSPI_API_ENTRIES_H
#define SSPI_API_ENTRIES_H

#include <pthread.h>
#include <stdatomic.h>

#include "api/handle.h"
#include "api/provider.h"

/* Where the events of a credential's contexts go. */
struct event_sink {
    SSPI_EVENT_FN callback; /* NULL: nowhere */
    void *argument;
    SSPI_RELEASE_FN release;
};

/* A credential. `lock` guards everything until `used` and `accounts_open` are set; from then on nothing here changes.
 */
struct credential_entry {
    struct credential *credential;
    struct event_sink events;
    pthread_mutex_t lock;
    atomic_bool used;          /* it has had a context: options are closed */
    atomic_bool accounts_open; /* it has had an acceptor's context: the configured store was opened */
};

/* A context. `lock` serialises the calls on it. */
struct context_entry {
    struct context *context; /* NULL only inside a first leg */
    struct credential_entry *credential;
    struct handle_slot *credential_pin; /* keeps the credential alive */
    SecHandle credential_handle;        /* as the first leg was given it */
    struct handle_slot *other_pin;      /* the credential that a later leg brought instead; NULL */
    struct handle_slot *slot;           /* its own */
    struct sasl *sasl;                  /* NULL: not begun by the Sasl functions */
    uint8_t *bindings;                  /* channel bindings of an earlier leg, for later ones that bring none */
    size_t bindings_size;
    pthread_mutex_t lock;
};

/*
 * A context pinned and locked, for one call; NULL for a bad handle, or one deleted while we waited for the lock.
 * Whatever its phase: callers look at entry->context->phase.
 */
MUST_CHECK struct context_entry *context_entry_lock(const SecHandle *handle);
void context_entry_unlock(struct context_entry *entry); /* unlocks and unpins */

/* The same, but only an established context. */
MUST_CHECK struct context_entry *context_entry_lock_established(const SecHandle *handle);

/* Puts a package's credential, which it takes over also on failure, behind a new handle. */
MUST_CHECK SECURITY_STATUS credential_entry_publish(struct credential *credential, SecHandle *handle);
void credential_entry_destroy(void *entry);
void context_entry_destroy(void *entry);

/*
 * Before the first context: opens the account store named in the settings (acceptors), and closes the options.
 */
MUST_CHECK SECURITY_STATUS credential_entry_use(struct credential_entry *entry, bool acceptor, struct failure *failure);

/* A credential that is still open for options, pinned and locked: close it. Or why it is not. */
struct open_credential {
    struct credential_entry *entry;
    struct handle_slot *pin;
};
MUST_CHECK SECURITY_STATUS credential_open(const SecHandle *handle, struct open_credential *open,
                                           struct failure *failure);
void credential_close(struct open_credential *open);

/* Sends one event; on the thread of the call, with no lock held. */
void event_send(const struct credential_entry *credential, SECURITY_STATUS status, const char *package,
                const struct login *login, ULONG reason, const char *explanation);

#endif
