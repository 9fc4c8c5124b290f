/*
 * PEM text (RFC 7468) block by block. Part of the folder's insides.
 */
#ifndef SSPI_CERTIFICATE_PEM_H
#define SSPI_CERTIFICATE_PEM_H

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/failure.h"

/* One block, in memory of OpenSSL's that is wiped behind it. */
struct pem_block {
    char *name;
    char *header; /* of the old encrypted form, RFC 1421; else empty */
    uint8_t *data;
    long size;
};

/* SEC_E_OK goes on; anything else ends the reading and is its result. */
typedef SECURITY_STATUS pem_visit(void *argument, struct pem_block *block, struct failure *failure);

/* SEC_E_NO_CREDENTIALS for damaged text, `where` named. */
MUST_CHECK SECURITY_STATUS pem_each(struct bytes text, const char *where, pem_visit *visit, void *argument,
                                    struct failure *failure);

bool pem_is_certificate(const struct pem_block *block);
bool pem_is_key(const struct pem_block *block);
bool pem_is_crl(const struct pem_block *block);

static inline struct bytes pem_content(const struct pem_block *block)
{
    return bytes_of(block->data, (size_t)block->size);
}

#endif
