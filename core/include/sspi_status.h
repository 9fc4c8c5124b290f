/* Status codes of every SSPI function, each with its sense, and the few NTSTATUS and certificate codes
 * that cross the same boundary. Included by sspi.h. */
#ifndef SSPI_STATUS_H
#define SSPI_STATUS_H

#include "sspi_types.h"

#ifndef __SECSTATUS_DEFINED__
#define __SECSTATUS_DEFINED__
/** Result of every function: negative means failure, zero and above success. Compare all 32 bits: several
 * errors and successes share the low word. */
typedef LONG SECURITY_STATUS;
#endif

SSPI_STATIC_ASSERT(sizeof(SECURITY_STATUS) == 4 && (SECURITY_STATUS)-1 < 0, "signed, 32 bits");

/** True for SEC_E_OK and every SEC_I_ code. */
#ifndef SEC_SUCCESS
#define SEC_SUCCESS(Status) ((Status) >= 0)
#endif

/* ---- SEC_E_ (failure) and SEC_I_ (success, something is left to do), by number ---- */

/** Done. */
#define SEC_E_OK ((SECURITY_STATUS)0x00000000)
/** Allocation failed. */
#define SEC_E_INSUFFICIENT_MEMORY ((SECURITY_STATUS)0x80090300)
/** Bad/unknown/foreign/incomplete handle. */
#define SEC_E_INVALID_HANDLE ((SECURITY_STATUS)0x80090301)
/** Function, attribute or flag not supported by the package. */
#define SEC_E_UNSUPPORTED_FUNCTION ((SECURITY_STATUS)0x80090302)
/** Target name not known/reachable. */
#define SEC_E_TARGET_UNKNOWN ((SECURITY_STATUS)0x80090303)
/** Failure with no better code. */
#define SEC_E_INTERNAL_ERROR ((SECURITY_STATUS)0x80090304)
/** Package name unknown. */
#define SEC_E_SECPKG_NOT_FOUND ((SECURITY_STATUS)0x80090305)
/** Caller does not own the credential/context. */
#define SEC_E_NOT_OWNER ((SECURITY_STATUS)0x80090306)
/** Package failed to initialise. */
#define SEC_E_CANNOT_INSTALL ((SECURITY_STATUS)0x80090307)
/** Malformed token, or required buffer missing. */
#define SEC_E_INVALID_TOKEN ((SECURITY_STATUS)0x80090308)
/** Cannot marshal credential/context. */
#define SEC_E_CANNOT_PACK ((SECURITY_STATUS)0x80090309)
/** Requested protection not available on the context. */
#define SEC_E_QOP_NOT_SUPPORTED ((SECURITY_STATUS)0x8009030A)
/** Context may not be impersonated. */
#define SEC_E_NO_IMPERSONATION ((SECURITY_STATUS)0x8009030B)
/** Credential check failed. */
#define SEC_E_LOGON_DENIED ((SECURITY_STATUS)0x8009030C)
/** Supplied credential data not recognised. */
#define SEC_E_UNKNOWN_CREDENTIALS ((SECURITY_STATUS)0x8009030D)
/** No credential available / credential handle unusable. */
#define SEC_E_NO_CREDENTIALS ((SECURITY_STATUS)0x8009030E)
/** Integrity check failed. */
#define SEC_E_MESSAGE_ALTERED ((SECURITY_STATUS)0x8009030F)
/** Sequence number / nonce count wrong. */
#define SEC_E_OUT_OF_SEQUENCE ((SECURITY_STATUS)0x80090310)
/** No authority (account store, domain controller or KDC) can answer. */
#define SEC_E_NO_AUTHENTICATING_AUTHORITY ((SECURITY_STATUS)0x80090311)
/** Send output token, wait for reply, call again. */
#define SEC_I_CONTINUE_NEEDED ((SECURITY_STATUS)0x00090312)
/** Call CompleteAuthToken, then done. */
#define SEC_I_COMPLETE_NEEDED ((SECURITY_STATUS)0x00090313)
/** Call CompleteAuthToken, send, then continue. */
#define SEC_I_COMPLETE_AND_CONTINUE ((SECURITY_STATUS)0x00090314)
/** Logged on from local data, no authority. */
#define SEC_I_LOCAL_LOGON ((SECURITY_STATUS)0x00090315)
/** Schannel: a subscribed TLS extension arrived. */
#define SEC_I_GENERIC_EXTENSION_RECEIVED ((SECURITY_STATUS)0x00090316)
/** Package id unknown. */
#define SEC_E_BAD_PKGID ((SECURITY_STATUS)0x80090316)
/** Peer shut the connection down (close_notify). */
#define SEC_I_CONTEXT_EXPIRED ((SECURITY_STATUS)0x00090317)
/** Context closed/expired. */
#define SEC_E_CONTEXT_EXPIRED ((SECURITY_STATUS)0x80090317)
/** Need more input bytes. */
#define SEC_E_INCOMPLETE_MESSAGE ((SECURITY_STATUS)0x80090318)
/** Schannel client: server asked for a certificate we do not have. */
#define SEC_I_INCOMPLETE_CREDENTIALS ((SECURITY_STATUS)0x00090320)
/** Credential lacks required parts. */
#define SEC_E_INCOMPLETE_CREDENTIALS ((SECURITY_STATUS)0x80090320)
/** Post-handshake message: run ASC/ISC again. */
#define SEC_I_RENEGOTIATE ((SECURITY_STATUS)0x00090321)
/** Output buffer too small. */
#define SEC_E_BUFFER_TOO_SMALL ((SECURITY_STATUS)0x80090321)
/** Peer is not the requested target. */
#define SEC_E_WRONG_PRINCIPAL ((SECURITY_STATUS)0x80090322)
/** No LSA-mode context. */
#define SEC_I_NO_LSA_CONTEXT ((SECURITY_STATUS)0x00090323)
/** Clock difference too large. */
#define SEC_E_TIME_SKEW ((SECURITY_STATUS)0x80090324)
/** Certificate chain ends in untrusted CA. */
#define SEC_E_UNTRUSTED_ROOT ((SECURITY_STATUS)0x80090325)
/** Unexpected or badly formed message. */
#define SEC_E_ILLEGAL_MESSAGE ((SECURITY_STATUS)0x80090326)
/** Certificate problem, unspecified. */
#define SEC_E_CERT_UNKNOWN ((SECURITY_STATUS)0x80090327)
/** Certificate outside validity. */
#define SEC_E_CERT_EXPIRED ((SECURITY_STATUS)0x80090328)
/** Encryption failed. */
#define SEC_E_ENCRYPT_FAILURE ((SECURITY_STATUS)0x80090329)
/** Decryption failed. */
#define SEC_E_DECRYPT_FAILURE ((SECURITY_STATUS)0x80090330)
/** No common algorithm. */
#define SEC_E_ALGORITHM_MISMATCH ((SECURITY_STATUS)0x80090331)
/** Requested quality of service impossible. */
#define SEC_E_SECURITY_QOS_FAILED ((SECURITY_STATUS)0x80090332)
/** Context deleted before completion. */
#define SEC_E_UNFINISHED_CONTEXT_DELETED ((SECURITY_STATUS)0x80090333)
/** User-to-user: no TGT reply. */
#define SEC_E_NO_TGT_REPLY ((SECURITY_STATUS)0x80090334)
/** No local addresses. */
#define SEC_E_NO_IP_ADDRESSES ((SECURITY_STATUS)0x80090335)
/** Credential handle differs from the one of the context. */
#define SEC_E_WRONG_CREDENTIAL_HANDLE ((SECURITY_STATUS)0x80090336)
/** Cipher/checksum not available. */
#define SEC_E_CRYPTO_SYSTEM_INVALID ((SECURITY_STATUS)0x80090337)
/** Too many KDC referrals. */
#define SEC_E_MAX_REFERRALS_EXCEEDED ((SECURITY_STATUS)0x80090338)
/** Only valid on a KDC. */
#define SEC_E_MUST_BE_KDC ((SECURITY_STATUS)0x80090339)
/** Peer demands crypto we lack. */
#define SEC_E_STRONG_CRYPTO_NOT_SUPPORTED ((SECURITY_STATUS)0x8009033A)
/** KDC reply names several principals. */
#define SEC_E_TOO_MANY_PRINCIPALS ((SECURITY_STATUS)0x8009033B)
/** Pre-auth data missing. */
#define SEC_E_NO_PA_DATA ((SECURITY_STATUS)0x8009033C)
/** Certificate UPN mismatch. */
#define SEC_E_PKINIT_NAME_MISMATCH ((SECURITY_STATUS)0x8009033D)
/** Smart card required. */
#define SEC_E_SMARTCARD_LOGON_REQUIRED ((SECURITY_STATUS)0x8009033E)
/** System going down. */
#define SEC_E_SHUTDOWN_IN_PROGRESS ((SECURITY_STATUS)0x8009033F)
/** Bad KDC request. */
#define SEC_E_KDC_INVALID_REQUEST ((SECURITY_STATUS)0x80090340)
/** No referral possible. */
#define SEC_E_KDC_UNABLE_TO_REFER ((SECURITY_STATUS)0x80090341)
/** KDC lacks the enctype. */
#define SEC_E_KDC_UNKNOWN_ETYPE ((SECURITY_STATUS)0x80090342)
/** Pre-auth type unknown. */
#define SEC_E_UNSUPPORTED_PREAUTH ((SECURITY_STATUS)0x80090343)
/** Delegation right missing. */
#define SEC_E_DELEGATION_REQUIRED ((SECURITY_STATUS)0x80090345)
/** Channel binding policy not met. */
#define SEC_E_BAD_BINDINGS ((SECURITY_STATUS)0x80090346)
/** Certificate maps to several accounts. */
#define SEC_E_MULTIPLE_ACCOUNTS ((SECURITY_STATUS)0x80090347)
/** No usable Kerberos key. */
#define SEC_E_NO_KERB_KEY ((SECURITY_STATUS)0x80090348)
/** Certificate purpose wrong. */
#define SEC_E_CERT_WRONG_USAGE ((SECURITY_STATUS)0x80090349)
/** Possible downgrade attack. */
#define SEC_E_DOWNGRADE_DETECTED ((SECURITY_STATUS)0x80090350)
/** Card certificate revoked. */
#define SEC_E_SMARTCARD_CERT_REVOKED ((SECURITY_STATUS)0x80090351)
/** Card CA untrusted. */
#define SEC_E_ISSUING_CA_UNTRUSTED ((SECURITY_STATUS)0x80090352)
/** Revocation of card certificate unknown. */
#define SEC_E_REVOCATION_OFFLINE_C ((SECURITY_STATUS)0x80090353)
/** Card certificate not trusted. */
#define SEC_E_PKINIT_CLIENT_FAILURE ((SECURITY_STATUS)0x80090354)
/** Card certificate expired. */
#define SEC_E_SMARTCARD_CERT_EXPIRED ((SECURITY_STATUS)0x80090355)
/** KDC lacks S4U. */
#define SEC_E_NO_S4U_PROT_SUPPORT ((SECURITY_STATUS)0x80090356)
/** Constrained delegation across realms. */
#define SEC_E_CROSSREALM_DELEGATION_FAILURE ((SECURITY_STATUS)0x80090357)
/** Revocation of KDC certificate unknown. */
#define SEC_E_REVOCATION_OFFLINE_KDC ((SECURITY_STATUS)0x80090358)
/** KDC certificate CA untrusted. */
#define SEC_E_ISSUING_CA_UNTRUSTED_KDC ((SECURITY_STATUS)0x80090359)
/** KDC certificate expired. */
#define SEC_E_KDC_CERT_EXPIRED ((SECURITY_STATUS)0x8009035A)
/** KDC certificate revoked. */
#define SEC_E_KDC_CERT_REVOKED ((SECURITY_STATUS)0x8009035B)
/** A signature step is still due. */
#define SEC_I_SIGNATURE_NEEDED ((SECURITY_STATUS)0x0009035C)
/** Bad parameter. */
#define SEC_E_INVALID_PARAMETER ((SECURITY_STATUS)0x8009035D)
/** CredSSP: policy forbids delegation to target. */
#define SEC_E_DELEGATION_POLICY ((SECURITY_STATUS)0x8009035E)
/** CredSSP: delegation refused with NTLM only (name is misspelt in headers). */
#define SEC_E_POLICY_NLTM_ONLY ((SECURITY_STATUS)0x8009035F)
/** Peer refused renegotiation. */
#define SEC_I_NO_RENEGOTIATION ((SECURITY_STATUS)0x00090360)
/** No context. */
#define SEC_E_NO_CONTEXT ((SECURITY_STATUS)0x80090361)
/** PKU2U certificate problem. */
#define SEC_E_PKU2U_CERT_FAILURE ((SECURITY_STATUS)0x80090362)
/** Server identity could not be proven. */
#define SEC_E_MUTUAL_AUTH_FAILED ((SECURITY_STATUS)0x80090363)
/** DTLS: more fragments follow. */
#define SEC_I_MESSAGE_FRAGMENT ((SECURITY_STATUS)0x00090364)
/** Plain HTTP refused. */
#define SEC_E_ONLY_HTTPS_ALLOWED ((SECURITY_STATUS)0x80090365)
/** Continue; message was accepted. */
#define SEC_I_CONTINUE_NEEDED_MESSAGE_OK ((SECURITY_STATUS)0x00090366)
/** No common ALPN protocol. */
#define SEC_E_APPLICATION_PROTOCOL_MISMATCH ((SECURITY_STATUS)0x80090367)
/** Asynchronous call running. */
#define SEC_I_ASYNC_CALL_PENDING ((SECURITY_STATUS)0x00090368)
/** Malformed UPN. */
#define SEC_E_INVALID_UPN_NAME ((SECURITY_STATUS)0x80090369)
/** Generic TLS extension buffer too small. */
#define SEC_E_EXT_BUFFER_TOO_SMALL ((SECURITY_STATUS)0x8009036A)
/** Too few SecBuffers in the descriptor. */
#define SEC_E_INSUFFICIENT_BUFFERS ((SECURITY_STATUS)0x8009036B)

/** Old name. */
#define SEC_E_NO_SPM SEC_E_INTERNAL_ERROR
/** Old name. */
#define SEC_E_NOT_SUPPORTED SEC_E_UNSUPPORTED_FUNCTION

/* ---- NTSTATUS values, [MS-ERREF] 2.3.1: errorCode of CredSSP, and a few returns of Digest and NTLM ---- */

#ifndef STATUS_SUCCESS
/** Done. */
#define STATUS_SUCCESS ((NTSTATUS)0x00000000)
#endif
#ifndef STATUS_INVALID_PARAMETER
/** Bad parameter (Digest). */
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xC000000D)
#endif
#ifndef STATUS_ACCESS_DENIED
/** Access refused. */
#define STATUS_ACCESS_DENIED ((NTSTATUS)0xC0000022)
#endif
#ifndef STATUS_NO_LOGON_SERVERS
/** No server that could check the logon. */
#define STATUS_NO_LOGON_SERVERS ((NTSTATUS)0xC000005E)
#endif
#ifndef STATUS_NO_SUCH_USER
/** Unknown account. */
#define STATUS_NO_SUCH_USER ((NTSTATUS)0xC0000064)
#endif
#ifndef STATUS_WRONG_PASSWORD
/** Wrong password. */
#define STATUS_WRONG_PASSWORD ((NTSTATUS)0xC000006A)
#endif
#ifndef STATUS_LOGON_FAILURE
/** Unknown account or wrong password; Digest: context is already established. */
#define STATUS_LOGON_FAILURE ((NTSTATUS)0xC000006D)
#endif
#ifndef STATUS_ACCOUNT_RESTRICTION
/** The account may not log on. */
#define STATUS_ACCOUNT_RESTRICTION ((NTSTATUS)0xC000006E)
#endif
#ifndef STATUS_INVALID_LOGON_HOURS
/** Not at this time of the day. */
#define STATUS_INVALID_LOGON_HOURS ((NTSTATUS)0xC000006F)
#endif
#ifndef STATUS_INVALID_WORKSTATION
/** Not from this machine. */
#define STATUS_INVALID_WORKSTATION ((NTSTATUS)0xC0000070)
#endif
#ifndef STATUS_PASSWORD_EXPIRED
/** The password is too old. */
#define STATUS_PASSWORD_EXPIRED ((NTSTATUS)0xC0000071)
#endif
#ifndef STATUS_ACCOUNT_DISABLED
/** The account is switched off. */
#define STATUS_ACCOUNT_DISABLED ((NTSTATUS)0xC0000072)
#endif
#ifndef STATUS_NOT_SUPPORTED
/** NTLM is blocked, or the CredSSP version is not served. */
#define STATUS_NOT_SUPPORTED ((NTSTATUS)0xC00000BB)
#endif
#ifndef STATUS_LOGON_TYPE_NOT_GRANTED
/** The account may not log on in this way. */
#define STATUS_LOGON_TYPE_NOT_GRANTED ((NTSTATUS)0xC000015B)
#endif
#ifndef STATUS_TRUSTED_DOMAIN_FAILURE
/** No trust to the domain of the account. */
#define STATUS_TRUSTED_DOMAIN_FAILURE ((NTSTATUS)0xC000018C)
#endif
#ifndef STATUS_ACCOUNT_EXPIRED
/** The account is no longer valid. */
#define STATUS_ACCOUNT_EXPIRED ((NTSTATUS)0xC0000193)
#endif
#ifndef STATUS_PASSWORD_MUST_CHANGE
/** The password has to be changed first. */
#define STATUS_PASSWORD_MUST_CHANGE ((NTSTATUS)0xC0000224)
#endif
#ifndef STATUS_ACCOUNT_LOCKED_OUT
/** Too many wrong passwords. */
#define STATUS_ACCOUNT_LOCKED_OUT ((NTSTATUS)0xC0000234)
#endif
#ifndef STATUS_BAD_BINDINGS
/** NTSTATUS twin of SEC_E_BAD_BINDINGS. */
#define STATUS_BAD_BINDINGS ((NTSTATUS)0xC000035B)
#endif
#ifndef STATUS_DOWNGRADE_DETECTED
/** NTSTATUS twin of SEC_E_DOWNGRADE_DETECTED. */
#define STATUS_DOWNGRADE_DETECTED ((NTSTATUS)0xC0000388)
#endif
#ifndef STATUS_AUTHENTICATION_FIREWALL_FAILED
/** The account may not log on to this machine across domains. */
#define STATUS_AUTHENTICATION_FIREWALL_FAILED ((NTSTATUS)0xC0000413)
#endif
#ifndef STATUS_NTLM_BLOCKED
/** NTLM is blocked. */
#define STATUS_NTLM_BLOCKED ((NTSTATUS)0xC0000418)
#endif

/* ---- Certificate failures, HRESULT ---- */

#ifndef CRYPT_E_REVOKED
/** The certificate was revoked. */
#define CRYPT_E_REVOKED ((HRESULT)0x80092010)
#endif
#ifndef CRYPT_E_NO_REVOCATION_CHECK
/** Revocation was to be checked, and there is no list (CRL) of the issuer. */
#define CRYPT_E_NO_REVOCATION_CHECK ((HRESULT)0x80092012)
#endif
#ifndef CRYPT_E_REVOCATION_OFFLINE
/** Revocation was to be checked, and the list (CRL) of the issuer is too old. */
#define CRYPT_E_REVOCATION_OFFLINE ((HRESULT)0x80092013)
#endif
#ifndef CERT_E_EXPIRED
/** The certificate is outside its validity. */
#define CERT_E_EXPIRED ((HRESULT)0x800B0101)
#endif
#ifndef CERT_E_UNTRUSTEDROOT
/** The chain ends in an untrusted authority. */
#define CERT_E_UNTRUSTEDROOT ((HRESULT)0x800B0109)
#endif
#ifndef CERT_E_CN_NO_MATCH
/** The certificate is for another name. */
#define CERT_E_CN_NO_MATCH ((HRESULT)0x800B010F)
#endif

#endif
