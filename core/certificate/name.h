/*
 * The names in a certificate as text: CertGetNameString, and the search by a part of a name.
 */
#ifndef SSPI_CERTIFICATE_NAME_H
#define SSPI_CERTIFICATE_NAME_H

#include "certificate/certificate.h"

/*
 * The name of a kind (CERT_NAME_..._TYPE) of the subject or the issuer, UTF-8, owned by the caller (mem_free); an empty
 * text where there is none. `oid` is dotted, for CERT_NAME_ATTR_TYPE. NULL: no memory, or a kind that is not known.
 */
MUST_CHECK char *certificate_name(const struct certificate *certificate, DWORD type, bool issuer, const char *oid);

/* The whole name holds this part, upper and lower case the same. */
MUST_CHECK bool certificate_name_holds(const struct certificate *certificate, bool issuer, const char *part);

/* SHA-1 over the DER: how Windows names certificates. */
#define CERTIFICATE_HASH_SIZE 20
MUST_CHECK bool certificate_hash(const struct certificate *certificate, uint8_t hash[CERTIFICATE_HASH_SIZE]);

#endif
