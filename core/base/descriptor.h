/*
 * Files that hold secrets: opened so that nothing in their place can hold the server up, and read to their end. What a
 * file must be like is for the callers to check.
 */
#ifndef SSPI_BASE_DESCRIPTOR_H
#define SSPI_BASE_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* For reading; a pipe does not wait for its writer. Negative: errno says why. */
MUST_CHECK int descriptor_open(const char *path);

/* Exactly `size` bytes. False: an error, or fewer. */
MUST_CHECK bool descriptor_read_whole(int descriptor, void *room, size_t size);

#endif
