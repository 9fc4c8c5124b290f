/* Who a credential speaks for: the SEC_WINNT_AUTH_IDENTITY family, given to AcquireCredentialsHandle as
 * pAuthData. Included by sspi.h. */
#ifndef SSPI_IDENTITY_H
#define SSPI_IDENTITY_H

#include "sspi_constants.h"
#include "sspi_types.h"

SSPI_EXTERN_C_BEGIN

/** User, domain and password. Lengths count characters without a terminator. Flags is
 * SEC_WINNT_AUTH_IDENTITY_UNICODE, whatever entry point takes the structure. */
typedef struct _SEC_WINNT_AUTH_IDENTITY_W {
    _Field_size_opt_(UserLength) USHORT *User;
    ULONG UserLength;
    _Field_size_opt_(DomainLength) USHORT *Domain;
    ULONG DomainLength;
    _Field_size_opt_(PasswordLength) USHORT *Password;
    ULONG PasswordLength;
    ULONG Flags;
} SEC_WINNT_AUTH_IDENTITY_W, *PSEC_WINNT_AUTH_IDENTITY_W;

/** The same in UTF-8; Flags is SEC_WINNT_AUTH_IDENTITY_ANSI. */
typedef struct _SEC_WINNT_AUTH_IDENTITY_A {
    _Field_size_opt_(UserLength) UCHAR *User;
    ULONG UserLength;
    _Field_size_opt_(DomainLength) UCHAR *Domain;
    ULONG DomainLength;
    _Field_size_opt_(PasswordLength) UCHAR *Password;
    ULONG PasswordLength;
    ULONG Flags;
} SEC_WINNT_AUTH_IDENTITY_A, *PSEC_WINNT_AUTH_IDENTITY_A;

#define SEC_WINNT_AUTH_IDENTITY SSPI_NAME_UAW(SEC_WINNT_AUTH_IDENTITY)
#define PSEC_WINNT_AUTH_IDENTITY SSPI_NAME_UAW(PSEC_WINNT_AUTH_IDENTITY)
#define _SEC_WINNT_AUTH_IDENTITY SSPI_NAME_UAW(_SEC_WINNT_AUTH_IDENTITY)

/** The same with the packages Negotiate may use, for example "!ntlm,kerberos". */
typedef struct _SEC_WINNT_AUTH_IDENTITY_EXW {
    ULONG Version; /**< SEC_WINNT_AUTH_IDENTITY_VERSION */
    ULONG Length;  /**< size of this structure, in bytes */
    _Field_size_opt_(UserLength) USHORT *User;
    ULONG UserLength;
    _Field_size_opt_(DomainLength) USHORT *Domain;
    ULONG DomainLength;
    _Field_size_opt_(PasswordLength) USHORT *Password;
    ULONG PasswordLength;
    ULONG Flags;
    _Field_size_opt_(PackageListLength) USHORT *PackageList;
    ULONG PackageListLength;
} SEC_WINNT_AUTH_IDENTITY_EXW, *PSEC_WINNT_AUTH_IDENTITY_EXW;

typedef struct _SEC_WINNT_AUTH_IDENTITY_EXA {
    ULONG Version; /**< SEC_WINNT_AUTH_IDENTITY_VERSION */
    ULONG Length;  /**< size of this structure, in bytes */
    _Field_size_opt_(UserLength) UCHAR *User;
    ULONG UserLength;
    _Field_size_opt_(DomainLength) UCHAR *Domain;
    ULONG DomainLength;
    _Field_size_opt_(PasswordLength) UCHAR *Password;
    ULONG PasswordLength;
    ULONG Flags;
    _Field_size_opt_(PackageListLength) UCHAR *PackageList;
    ULONG PackageListLength;
} SEC_WINNT_AUTH_IDENTITY_EXA, *PSEC_WINNT_AUTH_IDENTITY_EXA;

#define SEC_WINNT_AUTH_IDENTITY_EX SSPI_NAME_AW(SEC_WINNT_AUTH_IDENTITY_EX)
#define PSEC_WINNT_AUTH_IDENTITY_EX SSPI_NAME_AW(PSEC_WINNT_AUTH_IDENTITY_EX)

/** One block: offsets from the start, lengths in bytes, UTF-16. */
typedef struct _SEC_WINNT_AUTH_IDENTITY_EX2 {
    ULONG Version; /**< SEC_WINNT_AUTH_IDENTITY_VERSION_2 */
    USHORT cbHeaderLength;
    ULONG cbStructureLength;
    ULONG UserOffset;
    USHORT UserLength;
    ULONG DomainOffset;
    USHORT DomainLength;
    ULONG PackedCredentialsOffset; /**< a SEC_WINNT_AUTH_PACKED_CREDENTIALS */
    USHORT PackedCredentialsLength;
    ULONG Flags;
    ULONG PackageListOffset;
    USHORT PackageListLength;
} SEC_WINNT_AUTH_IDENTITY_EX2, *PSEC_WINNT_AUTH_IDENTITY_EX2;

typedef union _SEC_WINNT_AUTH_IDENTITY_INFO {
    SEC_WINNT_AUTH_IDENTITY_EXW AuthIdExw;
    SEC_WINNT_AUTH_IDENTITY_EXA AuthIdExa;
    SEC_WINNT_AUTH_IDENTITY_A AuthId_a;
    SEC_WINNT_AUTH_IDENTITY_W AuthId_w;
    SEC_WINNT_AUTH_IDENTITY_EX2 AuthIdEx2;
} SEC_WINNT_AUTH_IDENTITY_INFO, *PSEC_WINNT_AUTH_IDENTITY_INFO;

/** Any of the above, not looked into by the caller. */
typedef PVOID PSEC_WINNT_AUTH_IDENTITY_OPAQUE;

#define SEC_WINNT_AUTH_IDENTITY_FLAGS_VALID_SSPIPFC_FLAGS                                                              \
    (SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_SAVE                                                        \
     | SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_SAVE_CRED_CHECKED | SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_NO_CHECKBOX     \
     | SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_LOAD)

/* ---- Packed credentials, inside SEC_WINNT_AUTH_IDENTITY_EX2 ---- */

typedef struct _SEC_WINNT_AUTH_BYTE_VECTOR {
    ULONG ByteArrayOffset;
    USHORT ByteArrayLength;
} SEC_WINNT_AUTH_BYTE_VECTOR, *PSEC_WINNT_AUTH_BYTE_VECTOR;

typedef struct _SEC_WINNT_AUTH_SHORT_VECTOR {
    ULONG ShortArrayOffset;
    USHORT ShortArrayCount;
} SEC_WINNT_AUTH_SHORT_VECTOR, *PSEC_WINNT_AUTH_SHORT_VECTOR;

typedef struct _SEC_WINNT_AUTH_DATA {
    GUID CredType; /**< SEC_WINNT_AUTH_DATA_TYPE_ */
    SEC_WINNT_AUTH_BYTE_VECTOR CredData;
} SEC_WINNT_AUTH_DATA, *PSEC_WINNT_AUTH_DATA;

typedef struct _SEC_WINNT_AUTH_PACKED_CREDENTIALS {
    USHORT cbHeaderLength;
    USHORT cbStructureLength;
    SEC_WINNT_AUTH_DATA AuthData;
} SEC_WINNT_AUTH_PACKED_CREDENTIALS, *PSEC_WINNT_AUTH_PACKED_CREDENTIALS;

typedef struct _SEC_WINNT_AUTH_PACKED_CREDENTIALS_EX {
    USHORT cbHeaderLength;
    ULONG Flags;
    SEC_WINNT_AUTH_BYTE_VECTOR PackedCredentials;
    SEC_WINNT_AUTH_SHORT_VECTOR PackageList;
} SEC_WINNT_AUTH_PACKED_CREDENTIALS_EX, *PSEC_WINNT_AUTH_PACKED_CREDENTIALS_EX;

typedef struct _SEC_WINNT_AUTH_DATA_PASSWORD {
    SEC_WINNT_AUTH_BYTE_VECTOR UnicodePassword;
} SEC_WINNT_AUTH_DATA_PASSWORD, *PSEC_WINNT_AUTH_DATA_PASSWORD;

typedef struct _SEC_WINNT_AUTH_CERTIFICATE_DATA {
    USHORT cbHeaderLength;
    USHORT cbStructureLength;
    SEC_WINNT_AUTH_BYTE_VECTOR Certificate;
} SEC_WINNT_AUTH_CERTIFICATE_DATA, *PSEC_WINNT_AUTH_CERTIFICATE_DATA;

/* As on Windows, the identifiers appear only for a source that asks for them. */
#ifdef _SEC_WINNT_AUTH_TYPES
#if defined(__GNUC__)
#define SSPI_GUID static const __attribute__((unused)) GUID
#else
#define SSPI_GUID static const GUID
#endif
SSPI_GUID SEC_WINNT_AUTH_DATA_TYPE_PASSWORD = {
    0x28bfc32f, 0x10f6, 0x4738, {0x98, 0xd1, 0x1a, 0xc0, 0x61, 0xdf, 0x71, 0x6a}};
SSPI_GUID SEC_WINNT_AUTH_DATA_TYPE_CERT = {
    0x235f69ad, 0x73fb, 0x4dbc, {0x82, 0x03, 0x06, 0x29, 0xe7, 0x39, 0x33, 0x9b}};
SSPI_GUID SEC_WINNT_AUTH_DATA_TYPE_CREDMAN_CERT = {
    0x7cb72412, 0x1016, 0x491a, {0x8c, 0x87, 0x4d, 0x2a, 0xa1, 0xb7, 0xdd, 0x3a}};
SSPI_GUID SEC_WINNT_AUTH_DATA_TYPE_NGC = {0x10a47879, 0x5ebf, 0x4b85, {0xbd, 0x8d, 0xc2, 0x1b, 0xb4, 0xf4, 0x9c, 0x8a}};
SSPI_GUID SEC_WINNT_AUTH_DATA_TYPE_FIDO = {
    0x32e8f8d7, 0x7871, 0x4bcc, {0x83, 0xc5, 0x46, 0x0f, 0x66, 0xc6, 0x13, 0x5c}};
SSPI_GUID SEC_WINNT_AUTH_DATA_TYPE_KEYTAB = {
    0xd587aae8, 0xf78f, 0x4455, {0xa1, 0x12, 0xc9, 0x34, 0xbe, 0xee, 0x7c, 0xe1}};
SSPI_GUID SEC_WINNT_AUTH_DATA_TYPE_CSP_DATA = {
    0x68fd9879, 0x079c, 0x4dfe, {0x82, 0x81, 0x57, 0x8a, 0xad, 0xc1, 0xc1, 0x00}};
SSPI_GUID SEC_WINNT_AUTH_DATA_TYPE_SMARTCARD_CONTEXTS = {
    0xb86c4ff3, 0x49d7, 0x4dc4, {0xb5, 0x60, 0xb1, 0x16, 0x36, 0x85, 0xb2, 0x36}};
#endif

SSPI_EXTERN_C_END

#endif
