/*
 * Trust anchors, and CRLs with them, for the checking of chains: from PEM or DER bytes, a file, a folder of files, a
 * store of certificates, or the system's place.
 */
#ifndef SSPI_CERTIFICATE_TRUST_H
#define SSPI_CERTIFICATE_TRUST_H

#include "certificate/certificate.h"
#include "certificate/store.h"

/* `store` is made by the caller with trust_new; on failure it may hold a part. */
MUST_CHECK X509_STORE *trust_new(void);
MUST_CHECK SECURITY_STATUS trust_add_bytes(X509_STORE *store, struct bytes content, const char *where,
                                           struct failure *failure);
/* A file, or every regular file in a folder whose name begins with no dot. */
MUST_CHECK SECURITY_STATUS trust_add_path(X509_STORE *store, const char *path, struct failure *failure);
MUST_CHECK SECURITY_STATUS trust_add_store(X509_STORE *store, struct certificate_store *certificates,
                                           struct failure *failure);
/* Where this OpenSSL keeps the authorities of the system. */
MUST_CHECK SECURITY_STATUS trust_add_system(X509_STORE *store, struct failure *failure);

/* How many CRLs are in it. */
size_t trust_crls(X509_STORE *store);

#endif
