/* The part of Windows' certificate interface that meets Schannel: certificates as Schannel takes and gives them,
 * and the numbers of algorithms. X509_NAME, X509_EXTENSIONS, PKCS7_SIGNER_INFO and OCSP_REQUEST are left out on
 * purpose: OpenSSL has types of these names. */
#ifndef SSPI_COMPAT_WINCRYPT_H
#define SSPI_COMPAT_WINCRYPT_H

#include "../sspi_certificate.h"
#include "windows.h"

SSPI_EXTERN_C_BEGIN

typedef ULONG_PTR HCRYPTPROV;
typedef ULONG_PTR HCRYPTPROV_LEGACY;

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
    HCERTSTORE hCertStore; /**< of SECPKG_ATTR_REMOTE_CERT_CONTEXT: what the peer sent, its own first; not to be closed */
};

/* ---- Functions on certificates ----
 * A pointer that is no living certificate, and a handle that is no living store, fail and do no harm. There is no
 * GetLastError here: SspiExplainLastFailure says why. */

/** Decodes a certificate (DER). NULL on failure; release with CertFreeCertificateContext. */
SSPI_API PCCERT_CONTEXT WINAPI CertCreateCertificateContext(
    _In_ DWORD dwCertEncodingType, _In_reads_bytes_(cbCertEncoded) const BYTE *pbCertEncoded, _In_ DWORD cbCertEncoded);
/** One reference more to the same object. NULL gives NULL. */
SSPI_API PCCERT_CONTEXT WINAPI CertDuplicateCertificateContext(_In_opt_ PCCERT_CONTEXT pCertContext);
/** One reference less. NULL is legal. Credentials and stores that use the certificate keep it alive. */
SSPI_API BOOL WINAPI CertFreeCertificateContext(_In_opt_ PCCERT_CONTEXT pCertContext);

#define CERT_SHA1_HASH_PROP_ID 3
#define CERT_HASH_PROP_ID CERT_SHA1_HASH_PROP_ID

/**
 * A property of a certificate; here the SHA-1 over its DER alone.
 *
 * @param pvData  NULL: only the size is told.
 * @return FALSE for another property, or where `*pcbData` is too small: it receives the size needed.
 */
SSPI_API BOOL WINAPI CertGetCertificateContextProperty(
    _In_ PCCERT_CONTEXT pCertContext,
    _In_ DWORD dwPropId,
    _Out_writes_bytes_opt_(*pcbData) void *pvData,
    _Inout_ DWORD *pcbData);

#define CERT_NAME_EMAIL_TYPE 1
#define CERT_NAME_RDN_TYPE 2            /* the whole name, RFC 4514 */
#define CERT_NAME_ATTR_TYPE 3           /* pvTypePara: the attribute's dotted number */
#define CERT_NAME_SIMPLE_DISPLAY_TYPE 4 /* common name, else unit, organization, mail address, DNS name */
#define CERT_NAME_FRIENDLY_DISPLAY_TYPE 5
#define CERT_NAME_DNS_TYPE 6
#define CERT_NAME_UPN_TYPE 8 /* user principal name of the subject's alternative names */
#define CERT_NAME_ISSUER_FLAG 0x1

/**
 * A name of the subject, or of the issuer, as text, cut to the room there is.
 *
 * @return characters with the terminator; 1 where there is no such name.
 */
SSPI_API DWORD WINAPI CertGetNameStringW(
    _In_ PCCERT_CONTEXT pCertContext,
    _In_ DWORD dwType,
    _In_ DWORD dwFlags,
    _In_opt_ void *pvTypePara,
    _Out_writes_opt_(cchNameString) LPWSTR pszNameString,
    _In_ DWORD cchNameString);
/** UTF-8 form of CertGetNameStringW. */
SSPI_API DWORD WINAPI CertGetNameStringA(
    _In_ PCCERT_CONTEXT pCertContext,
    _In_ DWORD dwType,
    _In_ DWORD dwFlags,
    _In_opt_ void *pvTypePara,
    _Out_writes_opt_(cchNameString) LPSTR pszNameString,
    _In_ DWORD cchNameString);
#define CertGetNameString SSPI_NAME_AW(CertGetNameString)

/* ---- Stores of certificates ---- */

#define CERT_STORE_PROV_MEMORY ((LPCSTR)2)     /* empty */
#define CERT_STORE_PROV_FILENAME_A ((LPCSTR)7) /* pvPara: a file, or a folder of files, PEM or DER */
#define CERT_STORE_PROV_FILENAME_W ((LPCSTR)8)
#define CERT_STORE_PROV_FILENAME CERT_STORE_PROV_FILENAME_W
#define CERT_STORE_PROV_SYSTEM_A ((LPCSTR)9) /* pvPara: "MY" or "ROOT" */
#define CERT_STORE_PROV_SYSTEM_W ((LPCSTR)10)
#define CERT_STORE_PROV_SYSTEM CERT_STORE_PROV_SYSTEM_W
#define CERT_SYSTEM_STORE_CURRENT_USER 0x00010000
#define CERT_SYSTEM_STORE_LOCAL_MACHINE 0x00020000
#define CERT_STORE_READONLY_FLAG 0x00008000
#define CERT_STORE_OPEN_EXISTING_FLAG 0x00004000

/**
 * Opens a store. The system's store "MY" holds the certificates of option tls_certificate with their keys, "ROOT" those of
 * option tls_trust. NULL on failure; close with CertCloseStore.
 *
 * @param dwFlags  where the system's store is makes no difference.
 */
SSPI_API HCERTSTORE WINAPI CertOpenStore(
    _In_ LPCSTR lpszStoreProvider,
    _In_ DWORD dwEncodingType,
    _In_opt_ HCRYPTPROV_LEGACY hCryptProv,
    _In_ DWORD dwFlags,
    _In_opt_ const void *pvPara);
/** The system's store "MY" or "ROOT". */
SSPI_API HCERTSTORE WINAPI CertOpenSystemStoreW(_In_opt_ HCRYPTPROV_LEGACY hProv, _In_z_ LPCWSTR szSubsystemProtocol);
/** UTF-8 form of CertOpenSystemStoreW. */
SSPI_API HCERTSTORE WINAPI CertOpenSystemStoreA(_In_opt_ HCRYPTPROV_LEGACY hProv, _In_z_ LPCSTR szSubsystemProtocol);
#define CertOpenSystemStore SSPI_NAME_AW(CertOpenSystemStore)

#define CERT_CLOSE_STORE_FORCE_FLAG 0x00000001
#define CERT_CLOSE_STORE_CHECK_FLAG 0x00000002

/** Closes a store. NULL is legal. Certificates that the program holds live on. */
SSPI_API BOOL WINAPI CertCloseStore(_In_opt_ HCERTSTORE hCertStore, _In_ DWORD dwFlags);

#define CERT_STORE_ADD_NEW 1
#define CERT_STORE_ADD_USE_EXISTING 2
#define CERT_STORE_ADD_REPLACE_EXISTING 3
#define CERT_STORE_ADD_ALWAYS 4

/**
 * Adds a certificate, with its key, to a store. All but CERT_STORE_ADD_ALWAYS leave one that is there already;
 * CERT_STORE_ADD_NEW fails then.
 *
 * @param ppStoreContext  NULL, or receives the certificate; release with CertFreeCertificateContext.
 */
SSPI_API BOOL WINAPI CertAddCertificateContextToStore(
    _In_ HCERTSTORE hCertStore,
    _In_ PCCERT_CONTEXT pCertContext,
    _In_ DWORD dwAddDisposition,
    _Outptr_opt_result_maybenull_ PCCERT_CONTEXT *ppStoreContext);

#define CERT_COMPARE_SHIFT 16
#define CERT_INFO_ISSUER_FLAG 4
#define CERT_INFO_SUBJECT_FLAG 7
#define CERT_FIND_ANY 0x00000000
#define CERT_FIND_SHA1_HASH 0x00010000     /* pvFindPara: CRYPT_HASH_BLOB */
#define CERT_FIND_HASH CERT_FIND_SHA1_HASH
#define CERT_FIND_SUBJECT_NAME 0x00020007  /* pvFindPara: CERT_NAME_BLOB */
#define CERT_FIND_ISSUER_NAME 0x00020004
#define CERT_FIND_SUBJECT_STR_A 0x00070007 /* pvFindPara: a part of the name, upper and lower case the same */
#define CERT_FIND_SUBJECT_STR_W 0x00080007
#define CERT_FIND_SUBJECT_STR CERT_FIND_SUBJECT_STR_W
#define CERT_FIND_ISSUER_STR_A 0x00070004
#define CERT_FIND_ISSUER_STR_W 0x00080004
#define CERT_FIND_ISSUER_STR CERT_FIND_ISSUER_STR_W
#define CERT_FIND_EXISTING 0x000D0000 /* pvFindPara: a certificate; the same one in the store */
#define CERT_FIND_HAS_PRIVATE_KEY 0x00150000

/**
 * The next certificate of a store that fits. `pPrevCertContext`, NULL at first, is released in any case. NULL: there is no
 * further one.
 */
SSPI_API PCCERT_CONTEXT WINAPI CertFindCertificateInStore(
    _In_ HCERTSTORE hCertStore,
    _In_ DWORD dwCertEncodingType,
    _In_ DWORD dwFindFlags,
    _In_ DWORD dwFindType,
    _In_opt_ const void *pvFindPara,
    _In_opt_ PCCERT_CONTEXT pPrevCertContext);
/** The next certificate of a store; as CertFindCertificateInStore with CERT_FIND_ANY. */
SSPI_API PCCERT_CONTEXT WINAPI CertEnumCertificatesInStore(
    _In_ HCERTSTORE hCertStore, _In_opt_ PCCERT_CONTEXT pPrevCertContext);

#define CRYPT_EXPORTABLE 0x00000001
#define CRYPT_USER_KEYSET 0x00001000
#define CRYPT_MACHINE_KEYSET 0x00000020

/**
 * A store of what a PKCS#12 file holds: the certificate with its key first, then its chain. The key stays in memory. NULL on
 * failure. `dwFlags` makes no difference.
 */
SSPI_API HCERTSTORE WINAPI PFXImportCertStore(
    _In_ CRYPT_DATA_BLOB *pPFX, _In_opt_z_ LPCWSTR szPassword, _In_ DWORD dwFlags);

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
/* Of the past, kept for sources that mention them. */
#define CALG_NO_SIGN 0x00002000
#define CALG_DESX 0x00006604
#define CALG_SEAL 0x00006802
#define CALG_AGREEDKEY_ANY 0x0000AA03
#define CALG_KEA_KEYX 0x0000AA04
#define CALG_HUGHES_MD5 0x0000A003
#define CALG_SKIPJACK 0x0000660A
#define CALG_TEK 0x0000660B
#define CALG_CYLINK_MEK 0x0000660C
#define CALG_SSL3_MASTER 0x00004C01
#define CALG_SCHANNEL_MASTER_HASH 0x00004C02
#define CALG_SCHANNEL_MAC_KEY 0x00004C03
#define CALG_SCHANNEL_ENC_KEY 0x00004C07
#define CALG_PCT1_MASTER 0x00004C04
#define CALG_SSL2_MASTER 0x00004C05
#define CALG_TLS1_MASTER 0x00004C06
#define CALG_RC5 0x0000660D
#define CALG_TLS1PRF 0x0000800A
#define CALG_HASH_REPLACE_OWF 0x0000800B
#define CALG_ECMQV 0x0000A001

SSPI_EXTERN_C_END

#endif
