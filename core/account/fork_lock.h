/*
 * Lets fork() wait until no thread is inside a store, so that a child never inherits a locked mutex or a half-used
 * database connection. Entering is shared and cheap; it must not be nested.
 */
#ifndef SSPI_ACCOUNT_FORK_LOCK_H
#define SSPI_ACCOUNT_FORK_LOCK_H

void fork_lock_enter(void);
void fork_lock_leave(void);

#endif
