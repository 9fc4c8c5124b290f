/*
 * Kerberos' part of limits.c.
 */
#ifndef SSPI_BENCH_LIMITS_KERBEROS_H
#define SSPI_BENCH_LIMITS_KERBEROS_H

#include <openssl/evp.h>

/* Times accept and messages with algorithms of `library`. */
void limits_kerberos(OSSL_LIB_CTX *library);

#endif
