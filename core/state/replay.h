/*
 * Remembers what may be used once: authenticators of Kerberos. One table in a file that processes share, by its name
 * or, for a process and its children, without one. Nothing live is ever evicted: full means refuse, unusable means
 * refuse. A file that is deleted or moved away is noticed within a second, and what was known goes along to a new one;
 * one that was cut short is made anew, and logins are refused until none can be a replay of one that was forgotten.
 */
#ifndef SSPI_STATE_REPLAY_H
#define SSPI_STATE_REPLAY_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/failure.h"

#define REPLAY_DIGEST_SIZE 32
#define REPLAY_MEMORY "memory"

struct replay;

/*
 * Opens a cache. `location`: NULL for the file of the effective user in /var/tmp, REPLAY_MEMORY, or a path. A new one
 * gets room for `entries`; an existing one keeps its own. Caches of one location are one within the process.
 * SEC_E_NO_AUTHENTICATING_AUTHORITY (SSPI_REASON_REPLAY_CACHE): the file is another user's, a link, open to others, of
 * another form, or cannot be made; SEC_E_INSUFFICIENT_MEMORY.
 */
MUST_CHECK SECURITY_STATUS replay_open(const char *location, uint32_t entries, struct replay **cache,
                                       struct failure *failure);
void replay_close(struct replay *cache); /* NULL is legal */

/*
 * Looks for `digest` and keeps it, in one atomic act. Times are FILETIME: it is remembered until `stamp` plus the
 * longest `skew` that any user of the cache ever gave. SEC_E_OK; SEC_E_LOGON_DENIED (SSPI_REASON_REPLAY): seen before;
 * SEC_E_NO_AUTHENTICATING_AUTHORITY (SSPI_REASON_REPLAY_CACHE): no room, or unusable.
 */
MUST_CHECK SECURITY_STATUS replay_insert(struct replay *cache, const uint8_t digest[REPLAY_DIGEST_SIZE], int64_t stamp,
                                         int64_t skew, int64_t now, struct failure *failure);

#endif
