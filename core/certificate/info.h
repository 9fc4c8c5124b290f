/*
 * The decoded form of a certificate that programs read: CERT_INFO. Part of the folder's insides.
 */
#ifndef SSPI_CERTIFICATE_INFO_H
#define SSPI_CERTIFICATE_INFO_H

#include "certificate/certificate.h"

/*
 * Fills `info` from a certificate (RFC 5280, 4.1). What it points to lies in `*memory`, one allocation for the caller
 * to free, or in `x509`. SEC_E_NO_CREDENTIALS: a part of it cannot be said; SEC_E_INSUFFICIENT_MEMORY.
 */
MUST_CHECK SECURITY_STATUS certificate_info_fill(X509 *x509, CERT_INFO *info, uint8_t **memory);

/* An X.509 time as FILETIME, UTC; false for one that is none. */
MUST_CHECK bool certificate_time(const ASN1_TIME *time, int64_t *filetime);

#endif
