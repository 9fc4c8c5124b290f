/*
 * Why a call failed: a sub-reason and an operator's sentence. Travels from the place of failure up to
 * api/, which keeps it for SspiExplainContext and SspiExplainLastFailure and puts it in the event.
 * Never sent to the peer, never holds a secret.
 */
#ifndef SSPI_BASE_FAILURE_H
#define SSPI_BASE_FAILURE_H

#include <stdbool.h>

#include "base/attributes.h"
#include "sspi.h"
#include "sspi_ext.h"

struct failure {
    ULONG reason;   /* SSPI_REASON_* of sspi_ext.h; SSPI_REASON_NONE when nothing failed */
    char text[256]; /* UTF-8, terminated, control characters replaced */
};

/*
 * In place: `?` for each control character and each byte that is not UTF-8; where the text was `cut`, half a character
 * at its end falls away. For whatever a peer said and an operator reads.
 */
void failure_text_clean(char *text, bool cut);

/* Sets both and returns `status`, so that a failing function ends in `return failure_set(...)`. `failure` may be NULL.
 */
PRINTF_LIKE(4, 5)
SECURITY_STATUS failure_set(struct failure *failure, SECURITY_STATUS status, ULONG reason, const char *format, ...);

#endif
