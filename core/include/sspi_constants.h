/* Every number of the SSPI interface except the status codes: package names and capabilities, buffer types,
 * context flags, credential uses and attribute numbers. Included by sspi.h. */
#ifndef SSPI_CONSTANTS_H
#define SSPI_CONSTANTS_H

#include "sspi_types.h"

/* ---- Level of the interface ---- */

/* User mode (ISSP_MODE 1) is the only one here; SECURITY_WIN32 may be defined or not. */
#ifndef ISSP_LEVEL
#define ISSP_LEVEL 32
#endif
#ifndef ISSP_MODE
#define ISSP_MODE 1
#endif

#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION 1   /* the base functions */
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_2 2 /* adds SetContextAttributes */
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_3 3 /* adds SetCredentialsAttributes */
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_4 4 /* adds ChangeAccountPassword */
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_5 5 /* adds the two Query...AttributesEx */

/* ---- Package names; the library compares them without regard to case ---- */

/* As on Windows, NTLMSP_NAME and MICROSOFT_KERBEROS_NAME are wide with and without UNICODE. */
#ifndef NTLMSP_NAME_A
#define NTLMSP_NAME_A "NTLM"
#define NTLMSP_NAME_W SSPI_WIDE("NTLM")
#define NTLMSP_NAME NTLMSP_NAME_W
#endif
#ifndef MICROSOFT_KERBEROS_NAME_A
#define MICROSOFT_KERBEROS_NAME_A "Kerberos"
#define MICROSOFT_KERBEROS_NAME_W SSPI_WIDE("Kerberos")
#define MICROSOFT_KERBEROS_NAME MICROSOFT_KERBEROS_NAME_W
#endif
#ifndef NEGOSSP_NAME_A
#define NEGOSSP_NAME_A "Negotiate"
#define NEGOSSP_NAME_W SSPI_WIDE("Negotiate")
#define NEGOSSP_NAME SSPI_NAME_UAW(NEGOSSP_NAME)
#endif
#ifndef WDIGEST_SP_NAME_A
#define WDIGEST_SP_NAME_A "WDigest"
#define WDIGEST_SP_NAME_W SSPI_WIDE("WDigest")
#define WDIGEST_SP_NAME SSPI_NAME_UAW(WDIGEST_SP_NAME)
#endif
/* UNISP_NAME and SCHANNEL_NAME: schannel.h. CREDSSP_NAME: credssp.h. */

/* ---- Package identifiers for RPC (SecPkgInfo.wRPCID) ---- */

#ifndef RPC_C_AUTHN_WINNT
#define RPC_C_AUTHN_WINNT 10
#endif
#ifndef RPC_C_AUTHN_GSS_NEGOTIATE
#define RPC_C_AUTHN_GSS_NEGOTIATE 9
#endif
#ifndef RPC_C_AUTHN_GSS_SCHANNEL
#define RPC_C_AUTHN_GSS_SCHANNEL 14
#endif
#ifndef RPC_C_AUTHN_GSS_KERBEROS
#define RPC_C_AUTHN_GSS_KERBEROS 16
#endif
#ifndef RPC_C_AUTHN_DIGEST
#define RPC_C_AUTHN_DIGEST 21
#endif

/* What a server may authorize by, for SECPKG_ATTR_DCE_INFO; as rpcdce.h has them. */
#ifndef RPC_C_AUTHZ_NONE
#define RPC_C_AUTHZ_NONE 0
#endif
#ifndef RPC_C_AUTHZ_NAME
#define RPC_C_AUTHZ_NAME 1
#endif
#ifndef RPC_C_AUTHZ_DCE
#define RPC_C_AUTHZ_DCE 2
#endif
#define SECPKG_ID_NONE 0xFFFF /* no identifier (CredSSP) */

/* ---- Capabilities of a package (SecPkgInfo.fCapabilities) ---- */

#define SECPKG_FLAG_INTEGRITY 0x00000001                    /* MakeSignature and VerifySignature work */
#define SECPKG_FLAG_PRIVACY 0x00000002                      /* EncryptMessage and DecryptMessage work */
#define SECPKG_FLAG_TOKEN_ONLY 0x00000004                   /* looks at nothing but the token buffers */
#define SECPKG_FLAG_DATAGRAM 0x00000008                     /* datagram semantics */
#define SECPKG_FLAG_CONNECTION 0x00000010                   /* connection semantics */
#define SECPKG_FLAG_MULTI_REQUIRED 0x00000020               /* more than one leg */
#define SECPKG_FLAG_CLIENT_ONLY 0x00000040                  /* cannot accept */
#define SECPKG_FLAG_EXTENDED_ERROR 0x00000080               /* can tell the peer why it failed */
#define SECPKG_FLAG_IMPERSONATION 0x00000100                /* a server can act as the client */
#define SECPKG_FLAG_ACCEPT_WIN32_NAME 0x00000200            /* takes Windows names */
#define SECPKG_FLAG_STREAM 0x00000400                       /* stream semantics: the package frames the data */
#define SECPKG_FLAG_NEGOTIABLE 0x00000800                   /* Negotiate may choose it */
#define SECPKG_FLAG_GSS_COMPATIBLE 0x00001000               /* its tokens are those of GSS-API */
#define SECPKG_FLAG_LOGON 0x00002000                        /* usable for a logon */
#define SECPKG_FLAG_ASCII_BUFFERS 0x00004000                /* tokens are text */
#define SECPKG_FLAG_FRAGMENT 0x00008000                     /* can split large tokens */
#define SECPKG_FLAG_MUTUAL_AUTH 0x00010000                  /* can prove the server too */
#define SECPKG_FLAG_DELEGATION 0x00020000                   /* can hand credentials on */
#define SECPKG_FLAG_READONLY_WITH_CHECKSUM 0x00040000       /* honours SECBUFFER_READONLY_WITH_CHECKSUM */
#define SECPKG_FLAG_RESTRICTED_TOKENS 0x00080000            /* callers with a restricted token */
#define SECPKG_FLAG_NEGO_EXTENDER 0x00100000                /* extends Negotiate */
#define SECPKG_FLAG_NEGOTIABLE2 0x00200000                  /* Negotiate may choose it through NegoEx */
#define SECPKG_FLAG_APPCONTAINER_PASSTHROUGH 0x00400000     /* callers in an app container */
#define SECPKG_FLAG_APPCONTAINER_CHECKS 0x00800000          /* checks callers in an app container */
#define SECPKG_FLAG_CREDENTIAL_ISOLATION_ENABLED 0x01000000 /* credentials are kept apart */
#define SECPKG_FLAG_APPLY_LOOPBACK 0x02000000               /* knows loopback */

#define SECPKG_CALLFLAGS_APPCONTAINER 0x00000001
#define SECPKG_CALLFLAGS_APPCONTAINER_AUTHCAPABLE 0x00000002
#define SECPKG_CALLFLAGS_FORCE_SUPPLIED 0x00000004
#define SECPKG_CALLFLAGS_APPCONTAINER_UPNCAPABLE 0x00000008

/* ---- Buffers (SecBuffer.BufferType, SecBufferDesc.ulVersion) ---- */

#define SECBUFFER_VERSION 0

#define SECBUFFER_EMPTY 0                       /* placeholder; a package may retype it on return */
#define SECBUFFER_DATA 1                        /* application data */
#define SECBUFFER_TOKEN 2                       /* security token, signature or trailer */
#define SECBUFFER_PKG_PARAMS 3                  /* parameters of a package (Digest: method, URI, entity hash, realm) */
#define SECBUFFER_MISSING 4                     /* out: cbBuffer estimates how many bytes are still missing */
#define SECBUFFER_EXTRA 5                       /* out: cbBuffer counts the unprocessed bytes at the end of the input */
#define SECBUFFER_STREAM_TRAILER 6              /* Schannel trailer */
#define SECBUFFER_STREAM_HEADER 7               /* Schannel header */
#define SECBUFFER_NEGOTIATION_INFO 8            /* SEC_NEGOTIATION_INFO */
#define SECBUFFER_PADDING 9                     /* padding of a block cipher; Digest over HTTP: the response */
#define SECBUFFER_STREAM 10                     /* a whole protected message, in */
#define SECBUFFER_MECHLIST 11                   /* list of mechanisms of Negotiate */
#define SECBUFFER_MECHLIST_SIGNATURE 12         /* its signature */
#define SECBUFFER_TARGET 13                     /* reserved */
#define SECBUFFER_CHANNEL_BINDINGS 14           /* SEC_CHANNEL_BINDINGS, in */
#define SECBUFFER_CHANGE_PASS_RESPONSE 15       /* DOMAIN_PASSWORD_INFORMATION, out */
#define SECBUFFER_TARGET_HOST 16                /* Digest: service principal name */
#define SECBUFFER_ALERT 17                      /* Schannel: the alert, out */
#define SECBUFFER_APPLICATION_PROTOCOLS 18      /* SEC_APPLICATION_PROTOCOLS, in */
#define SECBUFFER_SRTP_PROTECTION_PROFILES 19   /* SEC_SRTP_PROTECTION_PROFILES */
#define SECBUFFER_SRTP_MASTER_KEY_IDENTIFIER 20 /* SEC_SRTP_MASTER_KEY_IDENTIFIER */
#define SECBUFFER_TOKEN_BINDING 21              /* SEC_TOKEN_BINDING */
#define SECBUFFER_PRESHARED_KEY 22              /* SEC_PRESHAREDKEY */
#define SECBUFFER_PRESHARED_KEY_IDENTITY 23     /* SEC_PRESHAREDKEY_IDENTITY */
#define SECBUFFER_DTLS_MTU 24                   /* SEC_DTLS_MTU */
#define SECBUFFER_SEND_GENERIC_TLS_EXTENSION 25 /* SEND_GENERIC_TLS_EXTENSION */
#define SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION 26 /* SUBSCRIBE_GENERIC_TLS_EXTENSION */
#define SECBUFFER_FLAGS 27                           /* SEC_FLAGS: context flags that need 64 bits */
#define SECBUFFER_TRAFFIC_SECRETS 28                 /* SEC_TRAFFIC_SECRETS, out */
#define SECBUFFER_CERTIFICATE_REQUEST_CONTEXT 29     /* SEC_CERTIFICATE_REQUEST_CONTEXT */
#define SECBUFFER_CHANNEL_BINDINGS_RESULT 30         /* SEC_CHANNEL_BINDINGS_RESULT, out of AcceptSecurityContext */
#define SECBUFFER_APP_SESSION_STATE 31               /* SEC_APP_SESSION_STATE */
#define SECBUFFER_SESSION_TICKET 32                  /* SEC_SESSION_TICKET */

/* Attribute bits; the type is BufferType & ~SECBUFFER_ATTRMASK. */
#define SECBUFFER_ATTRMASK 0xF0000000
#define SECBUFFER_READONLY 0x80000000               /* neither changed nor covered by a signature */
#define SECBUFFER_READONLY_WITH_CHECKSUM 0x10000000 /* not changed, but covered by a signature */
#define SECBUFFER_RESERVED 0x60000000

/* ---- Byte order of the target (TargetDataRep); packages ignore it ---- */

#define SECURITY_NATIVE_DREP 0x00000010
#define SECURITY_NETWORK_DREP 0x00000000

/* ---- Quality of protection (fQOP) ---- */

#define SECQOP_WRAP_NO_ENCRYPT 0x80000001 /* sign only (Kerberos) */
#define SECQOP_WRAP_OOB_DATA 0x40000000   /* Schannel: the data is an alert */
#ifndef KERB_WRAP_NO_ENCRYPT
#define KERB_WRAP_NO_ENCRYPT 0x80000001 /* the same, by its Kerberos name */
#endif

/* ---- Channel bindings ---- */

/* Marks a SEC_CHANNEL_BINDINGS_EX; 'XEBC' as a number. */
#define SEC_CHANNEL_BINDINGS_EX_MAGIC 0x58454243
#define SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS 0x1 /* report, do not fail */
#define SEC_CHANNEL_BINDINGS_VALID_FLAGS SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS

/* SEC_CHANNEL_BINDINGS_RESULT.flags; one VALID or NOTVALID bit is set once the client was verified. */
#define SEC_CHANNEL_BINDINGS_RESULT_CLIENT_SUPPORT 0x1    /* the client knows channel bindings */
#define SEC_CHANNEL_BINDINGS_RESULT_ABSENT 0x2            /* it sent none, or zeroes */
#define SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISMATCH 0x4 /* they differ from the server's */
#define SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISSING 0x8  /* they are needed and absent */
#define SEC_CHANNEL_BINDINGS_RESULT_VALID_MATCHED 0x10    /* they are the server's */
#define SEC_CHANNEL_BINDINGS_RESULT_VALID_PROXY 0x20      /* some came, and there were none here to compare with */
#define SEC_CHANNEL_BINDINGS_RESULT_VALID_MISSING 0x40    /* absent, and not needed here */
#define SEC_CHANNEL_BINDINGS_RESULT_VALID                                                                              \
    (SEC_CHANNEL_BINDINGS_RESULT_VALID_MATCHED | SEC_CHANNEL_BINDINGS_RESULT_VALID_PROXY                               \
     | SEC_CHANNEL_BINDINGS_RESULT_VALID_MISSING)
#define SEC_CHANNEL_BINDINGS_RESULT_NOTVALID                                                                           \
    (SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISMATCH | SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISSING)

/* ---- Use of a credential (fCredentialUse) ---- */

#define SECPKG_CRED_INBOUND 0x00000001  /* for AcceptSecurityContext */
#define SECPKG_CRED_OUTBOUND 0x00000002 /* for InitializeSecurityContext */
#define SECPKG_CRED_BOTH 0x00000003     /* not Digest, not Schannel */
#define SECPKG_CRED_DEFAULT 0x00000004
#define SECPKG_CRED_AUTOLOGON_RESTRICTED 0x00000010 /* Negotiate: no default and no stored credentials */
#define SECPKG_CRED_PROCESS_POLICY_ONLY 0x00000020  /* Negotiate: apply policy, then SEC_E_NO_CREDENTIALS */
#define SECPKG_CRED_RESERVED 0xF0000000

/* ---- InitializeSecurityContext: what the client asks for (fContextReq). Some bits differ from ASC_REQ_ ---- */

#define ISC_REQ_DELEGATE 0x00000001        /* the server may act as the client (Kerberos; needs MUTUAL_AUTH as well) */
#define ISC_REQ_MUTUAL_AUTH 0x00000002     /* the server proves itself */
#define ISC_REQ_REPLAY_DETECT 0x00000004   /* find messages sent twice */
#define ISC_REQ_SEQUENCE_DETECT 0x00000008 /* find messages out of order */
#define ISC_REQ_CONFIDENTIALITY 0x00000010 /* EncryptMessage will be used */
#define ISC_REQ_USE_SESSION_KEY 0x00000020 /* agree on a new session key (Kerberos: user to user) */
#define ISC_REQ_PROMPT_FOR_CREDS 0x00000040
#define ISC_REQ_USE_SUPPLIED_CREDS 0x00000080 /* credentials come in a SECBUFFER_PKG_PARAMS buffer */
#define ISC_REQ_ALLOCATE_MEMORY 0x00000100    /* the package allocates the output; FreeContextBuffer frees it */
#define ISC_REQ_USE_DCE_STYLE 0x00000200      /* three legs, as DCE RPC wants them */
#define ISC_REQ_DATAGRAM 0x00000400
#define ISC_REQ_CONNECTION 0x00000800 /* the caller frames the messages */
#define ISC_REQ_CALL_LEVEL 0x00001000
#define ISC_REQ_FRAGMENT_SUPPLIED 0x00002000
#define ISC_REQ_EXTENDED_ERROR 0x00004000         /* on failure make a token that tells the peer */
#define ISC_REQ_STREAM 0x00008000                 /* the package frames the messages */
#define ISC_REQ_INTEGRITY 0x00010000              /* MakeSignature will be used */
#define ISC_REQ_IDENTIFY 0x00020000               /* the server may know the client, not act as it */
#define ISC_REQ_NULL_SESSION 0x00040000           /* anonymous */
#define ISC_REQ_MANUAL_CRED_VALIDATION 0x00080000 /* the caller checks the server's certificate */
#define ISC_REQ_RESERVED1 0x00100000
#define ISC_REQ_FRAGMENT_TO_FIT 0x00200000 /* split tokens that do not fit */
#define ISC_REQ_FORWARD_CREDENTIALS 0x00400000
#define ISC_REQ_NO_INTEGRITY 0x00800000 /* cancels INTEGRITY */
#define ISC_REQ_USE_HTTP_STYLE 0x01000000
#define ISC_REQ_UNVERIFIED_TARGET_NAME 0x20000000 /* the target name comes from an untrusted source */
#define ISC_REQ_CONFIDENTIALITY_ONLY 0x40000000
#define ISC_REQ_MESSAGES 0x0000000100000000 /* in SEC_FLAGS only, as all that follow */
#define ISC_REQ_DEFERRED_CRED_VALIDATION 0x0000000200000000
#define ISC_REQ_NO_POST_HANDSHAKE_AUTH 0x0000000400000000
#define ISC_REQ_REUSE_SESSION_TICKETS 0x0000000800000000
#define ISC_REQ_EXPLICIT_SESSION 0x0000001000000000

/* ---- InitializeSecurityContext: what was agreed (pfContextAttr) ---- */

#define ISC_RET_DELEGATE 0x00000001
#define ISC_RET_MUTUAL_AUTH 0x00000002
#define ISC_RET_REPLAY_DETECT 0x00000004
#define ISC_RET_SEQUENCE_DETECT 0x00000008
#define ISC_RET_CONFIDENTIALITY 0x00000010
#define ISC_RET_USE_SESSION_KEY 0x00000020
#define ISC_RET_USED_COLLECTED_CREDS 0x00000040
#define ISC_RET_USED_SUPPLIED_CREDS 0x00000080
#define ISC_RET_ALLOCATED_MEMORY 0x00000100
#define ISC_RET_USED_DCE_STYLE 0x00000200
#define ISC_RET_DATAGRAM 0x00000400
#define ISC_RET_CONNECTION 0x00000800
#define ISC_RET_INTERMEDIATE_RETURN 0x00001000
#define ISC_RET_CALL_LEVEL 0x00002000
#define ISC_RET_EXTENDED_ERROR 0x00004000
#define ISC_RET_STREAM 0x00008000
#define ISC_RET_INTEGRITY 0x00010000
#define ISC_RET_IDENTIFY 0x00020000
#define ISC_RET_NULL_SESSION 0x00040000
#define ISC_RET_MANUAL_CRED_VALIDATION 0x00080000
#define ISC_RET_RESERVED1 0x00100000
#define ISC_RET_FRAGMENT_ONLY 0x00200000
#define ISC_RET_FORWARD_CREDENTIALS 0x00400000
#define ISC_RET_USED_HTTP_STYLE 0x01000000
#define ISC_RET_NO_ADDITIONAL_TOKEN 0x02000000
#define ISC_RET_REAUTHENTICATION 0x08000000
#define ISC_RET_CONFIDENTIALITY_ONLY 0x40000000
#define ISC_RET_MESSAGES 0x0000000100000000 /* in SEC_FLAGS only, as all that follow */
#define ISC_RET_DEFERRED_CRED_VALIDATION 0x0000000200000000
#define ISC_RET_NO_POST_HANDSHAKE_AUTH 0x0000000400000000
#define ISC_RET_REUSE_SESSION_TICKETS 0x0000000800000000
#define ISC_RET_EXPLICIT_SESSION 0x0000001000000000

/* ---- AcceptSecurityContext: what the server asks for (fContextReq) ---- */

#define ASC_REQ_DELEGATE 0x00000001        /* act as the client towards others (Kerberos) */
#define ASC_REQ_MUTUAL_AUTH 0x00000002     /* Schannel: the client is asked for a certificate, and need not show one */
#define ASC_REQ_REPLAY_DETECT 0x00000004   /* find messages sent twice */
#define ASC_REQ_SEQUENCE_DETECT 0x00000008 /* find messages out of order */
#define ASC_REQ_CONFIDENTIALITY 0x00000010 /* EncryptMessage will be used */
#define ASC_REQ_USE_SESSION_KEY 0x00000020 /* agree on a new session key */
#define ASC_REQ_SESSION_TICKET 0x00000040
#define ASC_REQ_ALLOCATE_MEMORY 0x00000100 /* the package allocates the output; FreeContextBuffer frees it */
#define ASC_REQ_USE_DCE_STYLE 0x00000200   /* three legs, as DCE RPC wants them */
#define ASC_REQ_DATAGRAM 0x00000400
#define ASC_REQ_CONNECTION 0x00000800 /* the caller frames the messages */
#define ASC_REQ_CALL_LEVEL 0x00001000
#define ASC_REQ_FRAGMENT_SUPPLIED 0x00002000
#define ASC_REQ_EXTENDED_ERROR 0x00008000 /* on failure make a token that tells the peer */
#define ASC_REQ_STREAM 0x00010000         /* the package frames the messages (Schannel) */
#define ASC_REQ_INTEGRITY 0x00020000      /* MakeSignature will be used (not Schannel) */
#define ASC_REQ_LICENSING 0x00040000
#define ASC_REQ_IDENTIFY 0x00080000           /* know the client, do not act as it */
#define ASC_REQ_ALLOW_NULL_SESSION 0x00100000 /* accept an anonymous client */
#define ASC_REQ_ALLOW_NON_USER_LOGONS 0x00200000
#define ASC_REQ_ALLOW_CONTEXT_REPLAY 0x00400000
#define ASC_REQ_FRAGMENT_TO_FIT 0x00800000 /* split tokens that do not fit */
#define ASC_REQ_NO_TOKEN 0x01000000
#define ASC_REQ_PROXY_BINDINGS 0x04000000         /* the client must send some channel bindings */
#define ASC_REQ_ALLOW_MISSING_BINDINGS 0x10000000 /* a client that knows no channel bindings may pass */
#define ASC_REQ_HTTP 0x10000000                   /* Digest: as over HTTP, not as SASL; the same bit */
#define ASC_REQ_MESSAGES 0x0000000100000000       /* in SEC_FLAGS only */

/* ---- AcceptSecurityContext: what was agreed (pfContextAttr) ---- */

#define ASC_RET_DELEGATE 0x00000001
#define ASC_RET_MUTUAL_AUTH 0x00000002
#define ASC_RET_REPLAY_DETECT 0x00000004
#define ASC_RET_SEQUENCE_DETECT 0x00000008
#define ASC_RET_CONFIDENTIALITY 0x00000010
#define ASC_RET_USE_SESSION_KEY 0x00000020
#define ASC_RET_SESSION_TICKET 0x00000040
#define ASC_RET_ALLOCATED_MEMORY 0x00000100
#define ASC_RET_USED_DCE_STYLE 0x00000200
#define ASC_RET_DATAGRAM 0x00000400
#define ASC_RET_CONNECTION 0x00000800
#define ASC_RET_CALL_LEVEL 0x00002000
#define ASC_RET_THIRD_LEG_FAILED 0x00004000
#define ASC_RET_EXTENDED_ERROR 0x00008000
#define ASC_RET_STREAM 0x00010000
#define ASC_RET_INTEGRITY 0x00020000
#define ASC_RET_LICENSING 0x00040000
#define ASC_RET_IDENTIFY 0x00080000
#define ASC_RET_NULL_SESSION 0x00100000
#define ASC_RET_ALLOW_NON_USER_LOGONS 0x00200000
#define ASC_RET_ALLOW_CONTEXT_REPLAY 0x00400000
#define ASC_RET_FRAGMENT_ONLY 0x00800000
#define ASC_RET_NO_TOKEN 0x01000000
#define ASC_RET_NO_ADDITIONAL_TOKEN 0x02000000
#define ASC_RET_MESSAGES 0x0000000100000000 /* in SEC_FLAGS only */

/* ---- Attributes of a credential; the Schannel ones are in schannel.h ---- */

#define SECPKG_CRED_ATTR_NAMES 1              /* SecPkgCredentials_Names */
#define SECPKG_CRED_ATTR_SSI_PROVIDER 2       /* SecPkgCredentials_SSIProvider */
#define SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS 3 /* SecPkgCredentials_KdcProxySettings */
#define SECPKG_CRED_ATTR_CERT 4               /* SecPkgCredentials_Cert */
#define SECPKG_CRED_ATTR_PAC_BYPASS 5
#define KDC_PROXY_SETTINGS_V1 1
#define KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY 0x1

/* ---- Attributes of a context, with the structure each fills; the Schannel ones are in schannel.h, CredSSP's in
 * credssp.h ---- */

#define SECPKG_ATTR_SIZES 0                                 /* SecPkgContext_Sizes */
#define SECPKG_ATTR_NAMES 1                                 /* SecPkgContext_Names */
#define SECPKG_ATTR_LIFESPAN 2                              /* SecPkgContext_Lifespan */
#define SECPKG_ATTR_DCE_INFO 3                              /* SecPkgContext_DceInfo */
#define SECPKG_ATTR_STREAM_SIZES 4                          /* SecPkgContext_StreamSizes */
#define SECPKG_ATTR_DATAGRAM_SIZES SECPKG_ATTR_STREAM_SIZES /* SecPkgContext_DatagramSizes */
#define SECPKG_ATTR_KEY_INFO 5                              /* SecPkgContext_KeyInfo */
#define SECPKG_ATTR_AUTHORITY 6                             /* SecPkgContext_Authority */
#define SECPKG_ATTR_PROTO_INFO 7                            /* SecPkgContext_ProtoInfo */
#define SECPKG_ATTR_PASSWORD_EXPIRY 8                       /* SecPkgContext_PasswordExpiry */
#define SECPKG_ATTR_SESSION_KEY 9                           /* SecPkgContext_SessionKey */
#define SECPKG_ATTR_PACKAGE_INFO 10                         /* SecPkgContext_PackageInfo */
#define SECPKG_ATTR_USER_FLAGS 11                           /* SecPkgContext_UserFlags */
#define SECPKG_ATTR_NEGOTIATION_INFO 12                     /* SecPkgContext_NegotiationInfo */
#define SECPKG_ATTR_NATIVE_NAMES 13                         /* SecPkgContext_NativeNames */
#define SECPKG_ATTR_FLAGS 14                                /* SecPkgContext_Flags */
#define SECPKG_ATTR_USE_VALIDATED 15
#define SECPKG_ATTR_CREDENTIAL_NAME 16          /* SecPkgContext_CredentialName */
#define SECPKG_ATTR_TARGET_INFORMATION 17       /* SecPkgContext_TargetInformation */
#define SECPKG_ATTR_ACCESS_TOKEN 18             /* SecPkgContext_AccessToken */
#define SECPKG_ATTR_TARGET 19                   /* SecPkgContext_Target */
#define SECPKG_ATTR_AUTHENTICATION_ID 20        /* SecPkgContext_AuthzID */
#define SECPKG_ATTR_LOGOFF_TIME 21              /* SecPkgContext_LogoffTime */
#define SECPKG_ATTR_NEGO_KEYS 22                /* SecPkgContext_NegoKeys */
#define SECPKG_ATTR_PROMPTING_NEEDED 24         /* SecPkgContext_CredInfo */
#define SECPKG_ATTR_UNIQUE_BINDINGS 25          /* SecPkgContext_Bindings */
#define SECPKG_ATTR_ENDPOINT_BINDINGS 26        /* SecPkgContext_Bindings */
#define SECPKG_ATTR_CLIENT_SPECIFIED_TARGET 27  /* SecPkgContext_ClientSpecifiedTarget */
#define SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS 30 /* SecPkgContext_LastClientTokenStatus */
#define SECPKG_ATTR_NEGO_PKG_INFO 31            /* SecPkgContext_NegoPackageInfo */
#define SECPKG_ATTR_NEGO_STATUS 32              /* SecPkgContext_NegoStatus */
#define SECPKG_ATTR_CONTEXT_DELETED 33
#define SECPKG_ATTR_DTLS_MTU 34
#define SECPKG_ATTR_APPLICATION_PROTOCOL 35      /* SecPkgContext_ApplicationProtocol */
#define SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS 36 /* SecPkgContext_NegotiatedTlsExtensions */
#define SECPKG_ATTR_IS_LOOPBACK 37
#define SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES 128 /* SecPkgContext_SubjectAttributes */

#define SECPKG_ATTR_NEGO_INFO_FLAG_NO_KERBEROS 0x1
#define SECPKG_ATTR_NEGO_INFO_FLAG_NO_NTLM 0x2

/* SecPkgContext_NegotiationInfo.NegotiationState. */
#define SECPKG_NEGOTIATION_COMPLETE 0
#define SECPKG_NEGOTIATION_OPTIMISTIC 1
#define SECPKG_NEGOTIATION_IN_PROGRESS 2
#define SECPKG_NEGOTIATION_DIRECT 3
#define SECPKG_NEGOTIATION_TRY_MULTICRED 4
#define MAX_PROTOCOL_ID_SIZE 0xFF /* SecPkgContext_ApplicationProtocol.ProtocolId */
#ifndef SZ_ALG_MAX_SIZE
#define SZ_ALG_MAX_SIZE 64 /* names of algorithms, in characters */
#endif

/* ---- ExportSecurityContext (fFlags) ---- */

#define SECPKG_CONTEXT_EXPORT_RESET_NEW 0x00000001  /* the new context starts its counters again */
#define SECPKG_CONTEXT_EXPORT_DELETE_OLD 0x00000002 /* the old context is gone afterwards */
#define SECPKG_CONTEXT_EXPORT_TO_KERNEL 0x00000004

/* ---- SaslSetContextOption, SaslGetContextOption (Option) ---- */

#define SASL_OPTION_SEND_SIZE 1        /* ULONG: largest message to send */
#define SASL_OPTION_RECV_SIZE 2        /* ULONG: largest message to receive, default 0xFFFF */
#define SASL_OPTION_AUTHZ_STRING 3     /* bytes: authorization identity */
#define SASL_OPTION_AUTHZ_PROCESSING 4 /* ULONG: a SASL_AUTHZID_STATE */

/* ---- SEC_WINNT_AUTH_IDENTITY: versions and flags ---- */

#define SEC_WINNT_AUTH_IDENTITY_VERSION 0x200   /* SEC_WINNT_AUTH_IDENTITY_EX */
#define SEC_WINNT_AUTH_IDENTITY_VERSION_2 0x201 /* SEC_WINNT_AUTH_IDENTITY_EX2 */
#define SEC_WINNT_AUTH_IDENTITY_ANSI 0x1        /* 8-bit strings, here UTF-8 */
#define SEC_WINNT_AUTH_IDENTITY_UNICODE 0x2     /* UTF-16 strings */
#define SEC_WINNT_AUTH_IDENTITY_MARSHALLED 0x4
#define SEC_WINNT_AUTH_IDENTITY_ONLY 0x8
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED 0x10
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED 0x20
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED 0x40
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED 0x80
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_RESERVED 0x10000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER 0x20000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_DOMAIN 0x40000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_ID_PROVIDER 0x80000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_USE_MASK 0xFF000000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_SAVE 0x80000000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_SAVE_CRED_BY_CALLER                                                      \
    SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_SAVE
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_SAVE_CRED_CHECKED 0x40000000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_NO_CHECKBOX 0x20000000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_LOAD 0x10000000

/* ---- Entry points, for programs that look the table up by name ---- */

#define SECURITY_ENTRYPOINT_ANSIW "InitSecurityInterfaceW"
#define SECURITY_ENTRYPOINT_ANSIA "InitSecurityInterfaceA"
#define SECURITY_ENTRYPOINTW TEXT(SECURITY_ENTRYPOINT_ANSIW)
#define SECURITY_ENTRYPOINTA TEXT(SECURITY_ENTRYPOINT_ANSIA)
#define SECURITY_ENTRYPOINT SSPI_NAME_AW(SECURITY_ENTRYPOINT)
#define SECURITY_ENTRYPOINT_ANSI SSPI_NAME_AW(SECURITY_ENTRYPOINT_ANSI)

#endif
