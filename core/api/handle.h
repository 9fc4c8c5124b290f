/*
 * The table behind every CredHandle and CtxtHandle: slot and generation, kind checked, reference counted.
 * Entry points pin what a handle names for the length of a call; raw pointers never leave api/.
 */
#ifndef SSPI_API_HANDLE_H
#define SSPI_API_HANDLE_H

#include <stdbool.h>

#include "base/attributes.h"
#include "sspi.h"

enum handle_kind { HANDLE_CREDENTIAL = 1, HANDLE_CONTEXT = 2 };

struct handle_slot;

/*
 * Sets a slot aside for `object`, pinned once by the caller and known to nobody: publishing it later cannot fail.
 * The slot owns `object`: `destroy` runs when the last pin is gone. NULL: no memory, `object` still the caller's.
 */
MUST_CHECK struct handle_slot *handle_reserve(enum handle_kind kind, void *object, void (*destroy)(void *object));

/* Makes a reserved slot reachable, until handle_retire. */
void handle_publish(struct handle_slot *slot, SecHandle *handle);

/*
 * What `handle` names, pinned: it stays alive until handle_unpin(*slot). NULL (and `*slot` NULL) for a handle that is
 * NULL, made up, stale or of another kind. Takes no lock.
 */
MUST_CHECK void *handle_pin(const SecHandle *handle, enum handle_kind kind, struct handle_slot **slot);
void handle_unpin(struct handle_slot *slot); /* NULL is legal */

/* True while the handle could be pinned. */
MUST_CHECK bool handle_alive(const SecHandle *handle, enum handle_kind kind);

/* True once the slot, pinned by the caller, was retired. */
MUST_CHECK bool handle_retired(const struct handle_slot *slot);

/* Forgets the handle at once; what it names is destroyed when the last pin is gone. False: there is no such handle. */
MUST_CHECK bool handle_retire(const SecHandle *handle, enum handle_kind kind);

/* How many slots are in use, for tests that look for leaks. */
size_t handle_count(void);

#endif
