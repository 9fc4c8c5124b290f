/*
 * The only source of randomness. Reseeded by OpenSSL after a fork. Draw once a leg: each call costs.
 */
#ifndef SSPI_CRYPTO_RANDOM_H
#define SSPI_CRYPTO_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

MUST_CHECK bool random_bytes(void *out, size_t size);

#endif
