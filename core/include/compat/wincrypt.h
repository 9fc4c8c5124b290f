/* The part of Windows' certificate interface that meets Schannel: certificates as Schannel takes and gives them,
 * and the numbers of algorithms. X509_NAME, X509_EXTENSIONS, PKCS7_SIGNER_INFO and OCSP_REQUEST are left out on
 * purpose: OpenSSL has types of these names. */
#ifndef SSPI_COMPAT_WINCRYPT_H
#define SSPI_COMPAT_WINCRYPT_H

#include "../sspi_certificate.h"
#include "windows.h"

SSPI_EXTERN_C_BEGIN

typedef ULONG_PTR HCRYPTPROV;

/* ---- Certificates ---- */

#define X509_ASN_ENCODING 0x00000001
#define PKCS_7_ASN_ENCODING 0x00010000

#define CERT_V1 0
#define CERT_V2 1
#define CERT_V3 2

typedef struct _CRYPT_BIT_BLOB {
    DWORD cbData;
    _Field_size_bytes_(cbData) BYTE *pbData;
    DWORD cUnusedBits;
} CRYPT_BIT_BLOB, *PCRYPT_BIT_BLOB;

typedef struct _CRYPT_ALGORITHM_IDENTIFIER {
    LPSTR pszObjId; /**< dotted number */
    CRYPT_OBJID_BLOB Parameters;
} CRYPT_ALGORITHM_IDENTIFIER, *PCRYPT_ALGORITHM_IDENTIFIER;

typedef struct _CERT_PUBLIC_KEY_INFO {
    CRYPT_ALGORITHM_IDENTIFIER Algorithm;
    CRYPT_BIT_BLOB PublicKey;
} CERT_PUBLIC_KEY_INFO, *PCERT_PUBLIC_KEY_INFO;

typedef struct _CERT_EXTENSION {
    LPSTR pszObjId;
    BOOL fCritical;
    CRYPT_OBJID_BLOB Value;
} CERT_EXTENSION, *PCERT_EXTENSION;

/** RFC 5280, 4.1, decoded; integers are little-endian. */
typedef struct _CERT_INFO {
    DWORD dwVersion; /**< CERT_V1, CERT_V2 or CERT_V3 */
    CRYPT_INTEGER_BLOB SerialNumber;
    CRYPT_ALGORITHM_IDENTIFIER SignatureAlgorithm;
    CERT_NAME_BLOB Issuer;
    FILETIME NotBefore;
    FILETIME NotAfter;
    CERT_NAME_BLOB Subject;
    CERT_PUBLIC_KEY_INFO SubjectPublicKeyInfo;
    CRYPT_BIT_BLOB IssuerUniqueId;
    CRYPT_BIT_BLOB SubjectUniqueId;
    DWORD cExtension;
    _Field_size_(cExtension) PCERT_EXTENSION rgExtension;
} CERT_INFO, *PCERT_INFO;

/** One certificate; made and freed by the library, never by the program. */
struct _CERT_CONTEXT {
    DWORD dwCertEncodingType; /**< X509_ASN_ENCODING */
    _Field_size_bytes_(cbCertEncoded) BYTE *pbCertEncoded; /**< DER */
    DWORD cbCertEncoded;
    PCERT_INFO pCertInfo;
    HCERTSTORE hCertStore;
};

/* ---- Numbers of algorithms (ALG_ID) ---- */

#define CALG_MD2 0x00008001
#define CALG_MD4 0x00008002
#define CALG_MD5 0x00008003
#define CALG_SHA 0x00008004
#define CALG_SHA1 0x00008004
#define CALG_MAC 0x00008005
#define CALG_SSL3_SHAMD5 0x00008008
#define CALG_HMAC 0x00008009
#define CALG_SHA_256 0x0000800C
#define CALG_SHA_384 0x0000800D
#define CALG_SHA_512 0x0000800E
#define CALG_DES 0x00006601
#define CALG_RC2 0x00006602
#define CALG_3DES 0x00006603
#define CALG_3DES_112 0x00006609
#define CALG_AES_128 0x0000660E
#define CALG_AES_192 0x0000660F
#define CALG_AES_256 0x00006610
#define CALG_AES 0x00006611
#define CALG_RC4 0x00006801
#define CALG_RSA_SIGN 0x00002400
#define CALG_RSA_KEYX 0x0000A400
#define CALG_DSS_SIGN 0x00002200
#define CALG_ECDSA 0x00002203
#define CALG_DH_SF 0x0000AA01
#define CALG_DH_EPHEM 0x0000AA02
#define CALG_ECDH 0x0000AA05
#define CALG_ECDH_EPHEM 0x0000AE06

SSPI_EXTERN_C_END

#endif
