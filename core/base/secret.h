/*
 * Secrets: wiped in one place, compared in constant time only.
 */
#ifndef SSPI_BASE_SECRET_H
#define SSPI_BASE_SECRET_H

#include "base/attributes.h"
#include "base/bytes.h"

/* A heap copy of secret bytes. Zero-initialised is empty; secret_clear() wipes and frees. */
struct secret {
    uint8_t *data;
    size_t size;
};

void secret_wipe(void *memory, size_t size);
MUST_CHECK bool secret_equal(const void *a, const void *b, size_t size);
MUST_CHECK bool secret_set(struct secret *secret, const void *data, size_t size); /* false: no memory, unchanged */
void secret_clear(struct secret *secret);

#endif
