/*
 * The last failure of each thread, and the sentences for operators. Every entry point that fails passes through here.
 */
#ifndef SSPI_API_EXPLAIN_H
#define SSPI_API_EXPLAIN_H

#include "api/provider.h"

/*
 * Keeps why a call of this thread failed, for SspiExplainLastFailure, and returns `status`. A success keeps nothing.
 * Where the failure says nothing, a sentence is made from the status. `failure` may be NULL.
 */
SECURITY_STATUS explain_keep(const char *function, SECURITY_STATUS status, struct failure *failure);

/* The same for a misused function. */
SECURITY_STATUS explain_usage(const char *function, SECURITY_STATUS status, const char *what);

/* Gives a failure without a text one that fits the status. */
void explain_complete(struct failure *failure, const char *function, SECURITY_STATUS status);

/* Who an established context logged in, and how. */
void explain_established(struct context *context, char *text, size_t size);

#endif
