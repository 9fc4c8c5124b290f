/*
 * The objects that programs hold by plain pointers: a pointer is looked up here before it is followed, so that one that
 * was made up or freed gives an error in place of a crash.
 */
#ifndef SSPI_BASE_LIVE_H
#define SSPI_BASE_LIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

enum live_kind { LIVE_CERTIFICATE = 1, LIVE_STORE = 2, LIVE_TOKEN = 3 };

/* Each object begins its life with one reference. False: no memory. */
MUST_CHECK bool live_add(const void *object, enum live_kind kind);

/* One reference more. False: there is no living object of this kind at that place. */
MUST_CHECK bool live_hold(const void *object, enum live_kind kind);

/*
 * One reference less. `last`: it was the last one, the object is forgotten and the caller destroys it. False: there is
 * no such object.
 */
MUST_CHECK bool live_drop(const void *object, enum live_kind kind, bool *last);

/* How many there are, for tests that look for leaks. */
size_t live_count(void);

#endif
