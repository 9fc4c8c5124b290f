/* Names of the certificate types, without their contents: enough for schannel.h and credssp.h. The contents are
 * in compat/wincrypt.h. */
#ifndef SSPI_CERTIFICATE_H
#define SSPI_CERTIFICATE_H

#include "sspi_types.h"

SSPI_EXTERN_C_BEGIN

typedef unsigned int ALG_ID;
typedef void *HCERTSTORE;

typedef struct _CERT_CONTEXT CERT_CONTEXT, *PCERT_CONTEXT;
typedef const CERT_CONTEXT *PCCERT_CONTEXT;

/** DER bytes of unknown meaning; CERT_NAME_BLOB is the one of a distinguished name. */
typedef struct _CRYPTOAPI_BLOB {
    DWORD cbData;
    _Field_size_bytes_(cbData) BYTE *pbData;
} CRYPT_INTEGER_BLOB, *PCRYPT_INTEGER_BLOB, CRYPT_OBJID_BLOB, *PCRYPT_OBJID_BLOB, CERT_NAME_BLOB, *PCERT_NAME_BLOB,
    CRYPT_DATA_BLOB, *PCRYPT_DATA_BLOB, CRYPT_HASH_BLOB, *PCRYPT_HASH_BLOB, CRYPT_DER_BLOB, *PCRYPT_DER_BLOB;

/** Result of checking a chain of certificates. */
typedef struct _CERT_TRUST_STATUS {
    DWORD dwErrorStatus;
    DWORD dwInfoStatus;
} CERT_TRUST_STATUS, *PCERT_TRUST_STATUS;

SSPI_EXTERN_C_END

#endif
