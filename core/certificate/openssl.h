/*
 * OpenSSL's queue of errors, which belongs to the host program as well: what this folder's calls leave there is taken
 * away, what was there before stays.
 */
#ifndef SSPI_CERTIFICATE_OPENSSL_H
#define SSPI_CERTIFICATE_OPENSSL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

#define OPENSSL_TEXT_SIZE 120

void openssl_enter(void);
/* The reason of the last error, to be asked after a call that failed. */
void openssl_reason(char text[OPENSSL_TEXT_SIZE]);
/* Whether it is that there was no memory. */
MUST_CHECK bool openssl_no_memory(void);
void openssl_leave(void);

#endif
