/*
 * OpenSSL's queue of errors, bracketed: see openssl.h.
 */
#include "certificate/openssl.h"

#include <openssl/err.h>
#include <stdio.h>

void openssl_enter(void)
{
    ERR_set_mark();
}

void openssl_reason(char text[OPENSSL_TEXT_SIZE])
{
    unsigned long error = ERR_peek_last_error();
    const char *reason = error ? ERR_reason_error_string(error) : NULL;

    (void)snprintf(text, OPENSSL_TEXT_SIZE, "%s", reason ? reason : "no reason was given");
}

bool openssl_no_memory(void)
{
    return ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
}

void openssl_leave(void)
{
    ERR_pop_to_mark();
}
