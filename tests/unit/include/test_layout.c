/* Sizes and offsets as on 64-bit Windows. A program compiled against other headers of the same interface calls
 * this library with its own idea of them, so a change here breaks it in silence. */
#include "test.h"

#include "credssp.h"
#include "ntsecapi.h"
#include "schannel.h"

#define SIZE(type, expected) _Static_assert(sizeof(type) == (expected), "size of " #type)
#define AT(type, member, expected) _Static_assert(offsetof(type, member) == (expected), #type "." #member)

/* Base types. */
SIZE(ULONG, 4);
SIZE(LONG, 4);
SIZE(DWORD, 4);
SIZE(USHORT, 2);
SIZE(WORD, 2);
SIZE(UCHAR, 1);
SIZE(BYTE, 1);
SIZE(BOOLEAN, 1);
SIZE(BOOL, 4);
SIZE(WCHAR, 2);
SIZE(ULONG_PTR, 8);
SIZE(ULONGLONG, 8);
SIZE(HANDLE, 8);
SIZE(SECURITY_STATUS, 4);
SIZE(GUID, 16);
AT(GUID, Data4, 8);
SIZE(LUID, 8);
SIZE(FILETIME, 8);
SIZE(UNICODE_STRING, 16);
AT(UNICODE_STRING, MaximumLength, 2);
AT(UNICODE_STRING, Buffer, 8);
SIZE(SECURITY_STRING, 16);

/* Times. */
SIZE(TimeStamp, 8);
AT(TimeStamp, LowPart, 0);
AT(TimeStamp, HighPart, 4);
AT(TimeStamp, QuadPart, 0);

/* Handles, buffers, packages. */
SIZE(SecHandle, 16);
AT(SecHandle, dwUpper, 8);
SIZE(SecBuffer, 16);
AT(SecBuffer, BufferType, 4);
AT(SecBuffer, pvBuffer, 8);
SIZE(SecBufferDesc, 16);
AT(SecBufferDesc, cBuffers, 4);
AT(SecBufferDesc, pBuffers, 8);
SIZE(SecPkgInfoA, 32);
AT(SecPkgInfoA, wVersion, 4);
AT(SecPkgInfoA, wRPCID, 6);
AT(SecPkgInfoA, cbMaxToken, 8);
AT(SecPkgInfoA, Name, 16);
AT(SecPkgInfoA, Comment, 24);
SIZE(SecPkgInfoW, 32);
AT(SecPkgInfoW, Name, 16);
SIZE(SEC_NEGOTIATION_INFO, 24);
AT(SEC_NEGOTIATION_INFO, Name, 8);

/* What travels in buffers. */
SIZE(SEC_CHANNEL_BINDINGS, 32);
AT(SEC_CHANNEL_BINDINGS, dwAcceptorAddrType, 12);
AT(SEC_CHANNEL_BINDINGS, cbApplicationDataLength, 24);
AT(SEC_CHANNEL_BINDINGS, dwApplicationDataOffset, 28);
SIZE(SEC_CHANNEL_BINDINGS_EX, 48);
AT(SEC_CHANNEL_BINDINGS_EX, cbStructureLength, 12);
AT(SEC_CHANNEL_BINDINGS_EX, dwInitiatorAddrType, 16);
AT(SEC_CHANNEL_BINDINGS_EX, dwApplicationDataOffset, 44);
SIZE(SEC_CHANNEL_BINDINGS_RESULT, 4);
AT(SEC_APPLICATION_PROTOCOL_LIST, ProtocolListSize, 4);
AT(SEC_APPLICATION_PROTOCOL_LIST, ProtocolList, 6);
AT(SEC_APPLICATION_PROTOCOLS, ProtocolLists, 4);
AT(SEC_SRTP_PROTECTION_PROFILES, ProfilesList, 2);
AT(SEC_SRTP_MASTER_KEY_IDENTIFIER, MasterKeyIdentifier, 1);
AT(SEC_TOKEN_BINDING, KeyParameters, 4);
AT(SEC_PRESHAREDKEY, Key, 2);
AT(SEC_PRESHAREDKEY_IDENTITY, KeyIdentity, 2);
SIZE(SEC_DTLS_MTU, 2);
SIZE(SEC_FLAGS, 8);
AT(SEC_TRAFFIC_SECRETS, ChainingMode, 128);
AT(SEC_TRAFFIC_SECRETS, KeySize, 384);
AT(SEC_TRAFFIC_SECRETS, TrafficSecretType, 392);
AT(SEC_TRAFFIC_SECRETS, TrafficSecret, 398);

/* Identities. */
SIZE(SEC_WINNT_AUTH_IDENTITY_A, 48);
AT(SEC_WINNT_AUTH_IDENTITY_A, UserLength, 8);
AT(SEC_WINNT_AUTH_IDENTITY_A, Domain, 16);
AT(SEC_WINNT_AUTH_IDENTITY_A, Password, 32);
AT(SEC_WINNT_AUTH_IDENTITY_A, PasswordLength, 40);
AT(SEC_WINNT_AUTH_IDENTITY_A, Flags, 44);
SIZE(SEC_WINNT_AUTH_IDENTITY_W, 48);
AT(SEC_WINNT_AUTH_IDENTITY_W, Flags, 44);
SIZE(SEC_WINNT_AUTH_IDENTITY_EXA, 72);
AT(SEC_WINNT_AUTH_IDENTITY_EXA, User, 8);
AT(SEC_WINNT_AUTH_IDENTITY_EXA, Flags, 52);
AT(SEC_WINNT_AUTH_IDENTITY_EXA, PackageList, 56);
AT(SEC_WINNT_AUTH_IDENTITY_EXA, PackageListLength, 64);
SIZE(SEC_WINNT_AUTH_IDENTITY_EXW, 72);
AT(SEC_WINNT_AUTH_IDENTITY_EXW, PackageList, 56);
SIZE(SEC_WINNT_AUTH_IDENTITY_EX2, 48);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, cbStructureLength, 8);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, UserOffset, 12);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, DomainOffset, 20);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, PackedCredentialsOffset, 28);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, Flags, 36);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, PackageListLength, 44);
SIZE(SEC_WINNT_AUTH_BYTE_VECTOR, 8);
SIZE(SEC_WINNT_AUTH_DATA, 24);
SIZE(SEC_WINNT_AUTH_PACKED_CREDENTIALS, 28);
AT(SEC_WINNT_AUTH_PACKED_CREDENTIALS, AuthData, 4);

/* Attributes. */
SIZE(SecPkgContext_Sizes, 16);
SIZE(SecPkgContext_StreamSizes, 20);
SIZE(SecPkgContext_NamesA, 8);
SIZE(SecPkgContext_Lifespan, 16);
AT(SecPkgContext_DceInfo, pPac, 8);
SIZE(SecPkgContext_KeyInfoA, 32);
AT(SecPkgContext_KeyInfoA, KeySize, 16);
AT(SecPkgContext_ProtoInfoA, majorVersion, 8);
AT(SecPkgContext_SessionKey, SessionKey, 8);
SIZE(SecPkgContext_NegoKeys, 32);
AT(SecPkgContext_NegoKeys, KeyLength, 4);
AT(SecPkgContext_NegoKeys, VerifyKeyType, 16);
AT(SecPkgContext_NegotiationInfoA, NegotiationState, 8);
SIZE(SecPkgContext_NativeNamesW, 16);
AT(SecPkgContext_CredentialNameA, sCredentialName, 8);
AT(SecPkgContext_Bindings, Bindings, 8);
SIZE(SecPkgContext_ApplicationProtocol, 264);
AT(SecPkgContext_ApplicationProtocol, ProtocolIdSize, 8);
AT(SecPkgContext_ApplicationProtocol, ProtocolId, 9);
AT(SecPkgContext_NegotiatedTlsExtensions, Extensions, 8);
SIZE(SecPkgCredentials_KdcProxySettingsW, 16);
AT(SecPkgCredentials_SSIProviderA, ProviderInfo, 16);
AT(SecPkgCredentials_Cert, EncodedCert, 8);

/* Schannel. */
SIZE(SCHANNEL_CRED, 80);
AT(SCHANNEL_CRED, paCred, 8);
AT(SCHANNEL_CRED, hRootStore, 16);
AT(SCHANNEL_CRED, aphMappers, 32);
AT(SCHANNEL_CRED, palgSupportedAlgs, 48);
AT(SCHANNEL_CRED, grbitEnabledProtocols, 56);
AT(SCHANNEL_CRED, dwSessionLifespan, 68);
AT(SCHANNEL_CRED, dwFlags, 72);
AT(SCHANNEL_CRED, dwCredFormat, 76);
SIZE(SCH_CREDENTIALS, 72);
AT(SCH_CREDENTIALS, paCred, 16);
AT(SCH_CREDENTIALS, dwSessionLifespan, 48);
AT(SCH_CREDENTIALS, dwFlags, 52);
AT(SCH_CREDENTIALS, pTlsParameters, 64);
SIZE(TLS_PARAMETERS, 40);
AT(TLS_PARAMETERS, pDisabledCrypto, 24);
SIZE(CRYPTO_SETTINGS, 48);
AT(CRYPTO_SETTINGS, strCngAlgId, 8);
AT(CRYPTO_SETTINGS, dwMinBitLength, 40);
SIZE(SCHANNEL_ALERT_TOKEN, 12);
SIZE(SCHANNEL_SESSION_TOKEN, 8);
SIZE(SecPkgContext_ConnectionInfo, 28);
SIZE(SecPkgContext_ConnectionInfoEx, 404);
SIZE(SecPkgContext_CipherInfo, 680);
AT(SecPkgContext_CipherInfo, szHash, 280);
AT(SecPkgContext_CipherInfo, dwKeyType, 676);
SIZE(SecPkgContext_EapKeyBlock, 192);
SIZE(SecPkgContext_SessionInfo, 40);
SIZE(SecPkgContext_SupportedSignatures, 16);
SIZE(SecPkgContext_KeyingMaterialInfo, 40);
AT(SecPkgContext_KeyingMaterialInfo, cbKeyingMaterial, 32);
SIZE(SecPkgContext_IssuerListInfoEx, 16);
SIZE(SecPkgContext_Certificates, 16);
AT(SEND_GENERIC_TLS_EXTENSION, Buffer, 10);
AT(SUBSCRIBE_GENERIC_TLS_EXTENSION, Subscriptions, 8);
SIZE(CERT_NAME_BLOB, 16);

/* CredSSP and what it delegates. */
SIZE(CREDSSP_CRED, 24);
AT(CREDSSP_CRED, pSpnegoCred, 16);
SIZE(SecPkgContext_ClientCreds, 16);
SIZE(KERB_INTERACTIVE_LOGON, 56);
AT(KERB_INTERACTIVE_LOGON, LogonDomainName, 8);
SIZE(KERB_CERTIFICATE_LOGON, 72);
AT(KERB_CERTIFICATE_LOGON, CspData, 64);
SIZE(DOMAIN_PASSWORD_INFORMATION, 24);
AT(DOMAIN_PASSWORD_INFORMATION, MaxPasswordAge, 8);

/* The table of functions: one slot a member, in this order ([sspi.h] SecurityFunctionTable). */
#define SLOT(member, number)                                                                                           \
    AT(SecurityFunctionTableW, member##W, (number)*8);                                                                 \
    AT(SecurityFunctionTableA, member##A, (number)*8)
#define SLOT_BOTH(member, number)                                                                                      \
    AT(SecurityFunctionTableW, member, (number)*8);                                                                    \
    AT(SecurityFunctionTableA, member, (number)*8)

SIZE(SecurityFunctionTableW, 256);
SIZE(SecurityFunctionTableA, 256);
SLOT(EnumerateSecurityPackages, 1);
SLOT(QueryCredentialsAttributes, 2);
SLOT(AcquireCredentialsHandle, 3);
SLOT_BOTH(FreeCredentialsHandle, 4);
SLOT_BOTH(Reserved2, 5);
SLOT(InitializeSecurityContext, 6);
SLOT_BOTH(AcceptSecurityContext, 7);
SLOT_BOTH(CompleteAuthToken, 8);
SLOT_BOTH(DeleteSecurityContext, 9);
SLOT_BOTH(ApplyControlToken, 10);
SLOT(QueryContextAttributes, 11);
SLOT_BOTH(ImpersonateSecurityContext, 12);
SLOT_BOTH(RevertSecurityContext, 13);
SLOT_BOTH(MakeSignature, 14);
SLOT_BOTH(VerifySignature, 15);
SLOT_BOTH(FreeContextBuffer, 16);
SLOT(QuerySecurityPackageInfo, 17);
SLOT_BOTH(Reserved3, 18);
SLOT_BOTH(Reserved4, 19);
SLOT_BOTH(ExportSecurityContext, 20);
SLOT(ImportSecurityContext, 21);
SLOT(AddCredentials, 22);
SLOT_BOTH(Reserved8, 23);
SLOT_BOTH(QuerySecurityContextToken, 24);
SLOT_BOTH(EncryptMessage, 25);
SLOT_BOTH(DecryptMessage, 26);
SLOT(SetContextAttributes, 27);
SLOT(SetCredentialsAttributes, 28);
SLOT(ChangeAccountPassword, 29);
SLOT(QueryContextAttributesEx, 30);
SLOT(QueryCredentialsAttributesEx, 31);

/* The prototype of the documentation, word for word: assigning a function of any other type would not compile. */
typedef SECURITY_STATUS (*accept_prototype)(PCredHandle, PCtxtHandle, PSecBufferDesc, ULONG, ULONG, PCtxtHandle,
                                            PSecBufferDesc, PULONG, PTimeStamp);
_Static_assert(_Generic(&AcceptSecurityContext, accept_prototype : 1, default : 0) == 1, "AcceptSecurityContext");
_Static_assert(_Generic((ACCEPT_SECURITY_CONTEXT_FN)0, accept_prototype : 1, default : 0) == 1, "its callback type");

/* Signedness, which no size tells. */
Test(layout, signs)
{
    cr_assert((SECURITY_STATUS)-1 < 0);
    cr_assert((LONG)-1 < 0);
    cr_assert((ULONG)-1 > 0);
    cr_assert((DWORD)-1 > 0);
    cr_assert((BOOLEAN)-1 > 0);
    cr_assert(SEC_E_INVALID_HANDLE < 0);
}

/* The halves of a time are those of its 64 bits, least significant first. */
Test(layout, time_halves)
{
    TimeStamp time = {.QuadPart = 0x0123456789ABCDEFLL};

    cr_assert_eq(time.LowPart, 0x89ABCDEFU);
    cr_assert_eq(time.HighPart, 0x01234567);
    cr_assert_eq(time.u.LowPart, time.LowPart);
}
