/**
 * @file sspi_ext.h
 * What libsspi adds to Windows' SSPI: account stores, options of a credential, events and explanations.
 *
 * Everything here is prefixed `Sspi`. Strings are UTF-8. Where Windows keeps a fact in the registry, the LSA or a
 * certificate store, the default here comes from `sspi.conf` and the environment, so that a program that knows nothing of
 * this header works when the operator configures the machine.
 */
#ifndef SSPI_EXT_H
#define SSPI_EXT_H

#include "sspi.h"
#include "sspi_certificate.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A store of accounts. Reference counted: a credential that uses one keeps its own reference. Safe between threads. */
typedef struct _SspiAccountStore SspiAccountStore;

/* ------------------------------------------------------------------------------------------------- sub-reasons */

/** Why a login failed: `Reason` of an event and the result of SspiQueryContextReason. */
#define SSPI_REASON_NONE 0               /**< nothing failed */
#define SSPI_REASON_WRONG_PASSWORD 1     /**< the response does not match the account's key */
#define SSPI_REASON_UNKNOWN_USER 2       /**< no such account */
#define SSPI_REASON_ACCOUNT_DISABLED 3   /**< the account is disabled */
#define SSPI_REASON_ACCOUNT_LOCKED 4     /**< too many failures, see option lockout_threshold */
#define SSPI_REASON_STORE_UNAVAILABLE 5  /**< the account store is missing, unreadable or corrupt */
#define SSPI_REASON_NO_STORE 6           /**< no account store was given or configured */
#define SSPI_REASON_MALFORMED_TOKEN 7    /**< the token does not follow its specification */
#define SSPI_REASON_MIC_MISSING 8        /**< the MIC is required and absent */
#define SSPI_REASON_MIC_WRONG 9          /**< the MIC does not verify: the exchange was altered */
#define SSPI_REASON_BINDINGS_MISSING 10  /**< channel bindings are required and absent */
#define SSPI_REASON_BINDINGS_WRONG 11    /**< channel bindings of another channel: possibly relayed */
#define SSPI_REASON_REPLAY 12            /**< a message or authenticator was seen before */
#define SSPI_REASON_POLICY 13            /**< too weak for the policy (NTLMv1, LM, 56 bits), or nothing is common (TLS) */
#define SSPI_REASON_ANONYMOUS 14         /**< an anonymous client, and anonymous is not allowed */
#define SSPI_REASON_FLAGS_ALTERED 15     /**< flags that were not offered, or stripped on the way */
#define SSPI_REASON_STALE 16             /**< time stamp too old or in the future */
#define SSPI_REASON_NO_CREDENTIAL 17     /**< the credential lacks what the call needs */
#define SSPI_REASON_CRYPTO_UNAVAILABLE 18 /**< OpenSSL lacks an algorithm, e.g. no legacy provider */
#define SSPI_REASON_CONFIGURATION 19     /**< sspi.conf, the environment or an option is wrong */
#define SSPI_REASON_OUT_OF_MEMORY 20     /**< no memory */
#define SSPI_REASON_MESSAGE_ALTERED 21   /**< a signature of a message does not verify */
#define SSPI_REASON_OUT_OF_SEQUENCE 22   /**< a message out of order or repeated */
#define SSPI_REASON_USAGE 23             /**< the caller misused the function: explained in the text */
#define SSPI_REASON_TARGET 24            /**< the target name is not acceptable */
#define SSPI_REASON_REFLECTION 25        /**< our own challenge was reflected */
#define SSPI_REASON_UNSUPPORTED 26       /**< asked for something that is not supported */
#define SSPI_REASON_INTERNAL 27          /**< anything else */
#define SSPI_REASON_NO_KEY 28            /**< no key of that service, version and encryption type */
#define SSPI_REASON_WRONG_KEY 29         /**< the ticket does not open with the service's key: outdated key, or altered */
#define SSPI_REASON_WRONG_SERVICE 30     /**< a ticket for another service */
#define SSPI_REASON_WRONG_REALM 31       /**< a ticket of another realm */
#define SSPI_REASON_TICKET_EXPIRED 32    /**< the ticket's time is over */
#define SSPI_REASON_TICKET_NOT_YET_VALID 33 /**< the ticket's time has not begun, or it was never validated */
#define SSPI_REASON_CLOCK_SKEW 34        /**< the peer's clock is too far away from ours */
#define SSPI_REASON_KEYTAB 35            /**< the keytab is missing, unreadable or malformed */
#define SSPI_REASON_REPLAY_CACHE 36      /**< the replay cache is full or unusable, so nobody is let in */
#define SSPI_REASON_PAC_MISSING 37       /**< a PAC is required and absent */
#define SSPI_REASON_PAC_WRONG 38         /**< the PAC is malformed, not signed by the KDC, or another client's */
#define SSPI_REASON_KDC 39               /**< the KDC cannot be reached, or refused: its answer is in the text */
#define SSPI_REASON_PEER_REFUSED 40      /**< the peer answered with an error: it is in the text */
#define SSPI_REASON_CERTIFICATE 41       /**< our certificate, its key or the trust anchors are missing, damaged or unfit */
#define SSPI_REASON_PEER_CERTIFICATE 42  /**< the peer's certificate is missing, untrusted, expired or of another name */

/* ------------------------------------------------------------------------------------------------ account stores */

/** `Flags` of SSPI_ACCOUNT. */
#define SSPI_ACCOUNT_DISABLED 0x1 /**< may not log in */
#define SSPI_ACCOUNT_LOCKED 0x2   /**< locked by too many failures (output only), by the lockout of sspi.conf or the environment */

/** One account as SspiAccountStoreList reports it. */
typedef struct _SSPI_ACCOUNT {
    char *User;   /**< UTF-8, terminated */
    char *Domain; /**< UTF-8, terminated; empty: the store's default domain */
    ULONG Flags;  /**< SSPI_ACCOUNT_* */
} SSPI_ACCOUNT, *PSSPI_ACCOUNT;

/**
 * Opens an existing account store.
 *
 * @param location  `sqlite:PATH`, `ntlm-user-file:PATH` (lines `DOMAIN:user:password`), `smbpasswd:PATH`, `memory:` (an
 *                  empty store of this process), or `default:` (the option account_store of sspi.conf or the environment).
 *                  A bare path is an SQLite file.
 * @param store     receives the store; release with SspiAccountStoreFree.
 * @return SEC_E_OK; SEC_E_INVALID_PARAMETER for a location of unknown form; SEC_E_NO_CREDENTIALS when the file is missing,
 *         unreadable, corrupt, or others may read or write it (mode 0600, or 0640 with a service group, is enforced):
 *         SspiExplainLastFailure names the file; SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiAccountStoreOpen(_In_z_ const char *location, _Outptr_ SspiAccountStore **store);

/**
 * Creates an SQLite account store (mode 0600) and opens it. An existing one is opened as it is.
 *
 * @param location  `sqlite:PATH`, a bare path, `memory:` (as SspiAccountStoreOpen), or `default:` if that is one of them.
 * @return as SspiAccountStoreOpen; SEC_E_UNSUPPORTED_FUNCTION for a text file.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiAccountStoreCreate(_In_z_ const char *location, _Outptr_ SspiAccountStore **store);

/** Releases the caller's reference. NULL is legal. Credentials that use the store keep it alive. */
SSPI_API void SEC_ENTRY SspiAccountStoreFree(_In_opt_ _Post_ptr_invalid_ SspiAccountStore *store);

/**
 * Adds one account to a store, or gives an existing one another key. The store keeps no password, only keys derived
 * from it (the NT hash). An account that was disabled or locked stays so: only SspiAccountStoreSetDisabled changes that.
 *
 * Copies every argument. The caller still owns, and must wipe, `password`.
 *
 * @param user      at most 1,024 bytes, without control characters and backslashes; so is the domain.
 * @param domain    NULL means the store's default domain, which is each server's own (option netbios_domain_name): its
 *                  users are shown and found under that name. A server lets none of them in whose name an account that was
 *                  added with the server's domain has too.
 * @param password  UTF-8, not NUL-terminated, `password_size` bytes, at most 4,096; empty is refused.
 * @return SEC_E_OK; SEC_E_INVALID_PARAMETER if a string is not UTF-8 or empty; SEC_E_UNSUPPORTED_FUNCTION for a store that is
 *         read-only (text files, callback); SEC_E_INSUFFICIENT_MEMORY, leaving the store unchanged; SEC_E_NO_CREDENTIALS
 *         when the file cannot be written.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiAccountStoreAdd(
    _In_ SspiAccountStore *store,
    _In_z_ const char *user,
    _In_opt_z_ const char *domain,
    _In_reads_bytes_(password_size) const void *password,
    _In_ ULONG password_size);

/** As SspiAccountStoreAdd, with the 16 bytes of the NT hash (MD4 of the UTF-16LE password) in place of the password. */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiAccountStoreAddNtHash(
    _In_ SspiAccountStore *store,
    _In_z_ const char *user,
    _In_opt_z_ const char *domain,
    _In_reads_bytes_(hash_size) const void *hash,
    _In_ ULONG hash_size);

/** Removes one account. SEC_E_LOGON_DENIED when there is none of that name; other statuses as SspiAccountStoreAdd. */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiAccountStoreRemove(
    _In_ SspiAccountStore *store, _In_z_ const char *user, _In_opt_z_ const char *domain);

/**
 * Disables or enables an account; enabling also clears a lock. SEC_E_LOGON_DENIED when there is none of that name;
 * other statuses as SspiAccountStoreAdd.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiAccountStoreSetDisabled(
    _In_ SspiAccountStore *store, _In_z_ const char *user, _In_opt_z_ const char *domain, _In_ BOOL disabled);

/**
 * Lists the accounts of a store, sorted by domain and user.
 *
 * @param accounts  receives one allocation that holds the array and its strings; release with FreeContextBuffer.
 * @return SEC_E_OK; SEC_E_UNSUPPORTED_FUNCTION for a callback store; SEC_E_NO_CREDENTIALS; SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiAccountStoreList(
    _In_ SspiAccountStore *store,
    _Out_ ULONG *count,
    _Outptr_result_buffer_(*count) PSSPI_ACCOUNT *accounts);

/**
 * Copies every account of the store at `location` into `store`, in one transaction. An account that is disabled in either
 * of them is disabled then.
 *
 * @param count  receives how many were copied.
 * @return as SspiAccountStoreOpen and SspiAccountStoreAdd.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiAccountStoreImport(
    _In_ SspiAccountStore *store, _In_z_ const char *location, _Out_ ULONG *count);

/** What a lookup callback fills in. The strings and the password are borrowed until the callback returns to the core. */
typedef struct _SSPI_ACCOUNT_KEYS {
    const void *Password;   /**< UTF-8, `PasswordSize` bytes, or NULL when `NtHash` is given */
    ULONG PasswordSize;     /**< bytes */
    BOOL HasNtHash;         /**< `NtHash` is valid */
    UCHAR NtHash[16];       /**< MD4 of the UTF-16LE password; wiped by the core */
    ULONG Flags;            /**< SSPI_ACCOUNT_DISABLED */
} SSPI_ACCOUNT_KEYS, *PSSPI_ACCOUNT_KEYS;

/**
 * Finds the keys of one account; called by AcceptSecurityContext on the caller's thread, possibly on many at once. It must
 * neither call a function with the context that is being accepted nor wait for a thread that does: that call waits for
 * AcceptSecurityContext, and so for the callback itself.
 *
 * @param domain  as the client named it, possibly empty.
 * @return SEC_E_OK; SEC_E_LOGON_DENIED for an unknown user; any other failure means the store is unavailable.
 */
typedef SECURITY_STATUS(SEC_ENTRY *SSPI_ACCOUNT_LOOKUP_FN)(
    _In_opt_ void *argument, _In_z_ const char *user, _In_z_ const char *domain, _Inout_ PSSPI_ACCOUNT_KEYS keys);

/** Called once when the last reference to a callback store, or to an event callback, is gone. */
typedef void(SEC_ENTRY *SSPI_RELEASE_FN)(_In_opt_ void *argument);

/** Makes a store that asks the program. `release` may be NULL. SEC_E_INVALID_PARAMETER, SEC_E_INSUFFICIENT_MEMORY. */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiAccountStoreFromCallback(
    _In_ SSPI_ACCOUNT_LOOKUP_FN lookup,
    _In_opt_ void *argument,
    _In_opt_ SSPI_RELEASE_FN release,
    _Outptr_ SspiAccountStore **store);

/* ---------------------------------------------------------------------------------------- options of a credential */

/**
 * Sets one option of a credential, before its first context. The names, values and defaults are those of section [sspi]
 * in sspi.conf: see `SspiEnumerateOptions` and the reference page. What weakens security has `insecure` or `allow` in its name.
 *
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_INVALID_PARAMETER for an unknown name or a bad value;
 *         SEC_E_OUT_OF_SEQUENCE when the credential already has had a context; SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCredentialSetOption(
    _In_ PCredHandle phCredential, _In_z_ const char *name, _In_opt_z_ const char *value);

/** Gives an acceptor's credential its account store, before its first context. Statuses as SspiCredentialSetOption. */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCredentialSetAccountStore(
    _In_ PCredHandle phCredential, _In_ SspiAccountStore *store);

/**
 * Looks whether a credential has what its contexts will need: opens the account store and the replay cache, reads keys and
 * certificates, asks whether they fit the options. Servers call it when they start, so that a missing file is noticed before the
 * first client comes. Negotiate may do without a package that nothing was named for, as long as another one works. Of an
 * initiator's credential only TLS certificates and trust anchors are looked at. Closes the options, as a first context does.
 *
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_NO_CREDENTIALS when keys or certificates are missing or cannot be used,
 *         SEC_E_NO_AUTHENTICATING_AUTHORITY when NTLM has no account store, or that or the replay cache cannot be used:
 *         SspiExplainLastFailure names the file or the option; SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCredentialCheck(_In_ PCredHandle phCredential);

/**
 * Gives an initiator's credential the NT hash to log in with, in place of a password. 16 bytes. Statuses as SspiCredentialSetOption;
 * SEC_E_INVALID_PARAMETER for any other size, SEC_E_UNSUPPORTED_FUNCTION for a package that cannot use it.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCredentialSetNtHash(
    _In_ PCredHandle phCredential, _In_reads_bytes_(hash_size) const void *hash, _In_ ULONG hash_size);

/**
 * Gives a Kerberos credential its keys: an acceptor's services, or what an initiator logs in with in place of a password. A
 * file that changes later is read again with the next login that needs it.
 *
 * @param path  a file in the format of MIT and Heimdal, owned by root or this user, closed to others.
 * @return as SspiCredentialSetOption; SEC_E_NO_CREDENTIALS when the file cannot be used: SspiExplainLastFailure says why;
 *         SEC_E_UNSUPPORTED_FUNCTION for a package without keytabs.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCredentialSetKeytab(_In_ PCredHandle phCredential, _In_z_ const char *path);

/** As SspiCredentialSetKeytab, with the content of such a file. The caller still owns, and must wipe, `keytab`. */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCredentialSetKeytabBytes(
    _In_ PCredHandle phCredential, _In_reads_bytes_(keytab_size) const void *keytab, _In_ ULONG keytab_size);

/**
 * Gives an initiator's credential the cache that its tickets are in, by libkrb5's name (`FILE:/path`, `KCM:`, ...), in place
 * of the default one. The cache is opened with the first context. Statuses as SspiCredentialSetOption;
 * SEC_E_UNSUPPORTED_FUNCTION for a package without tickets.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCredentialSetTicketCache(_In_ PCredHandle phCredential, _In_z_ const char *name);

/** One option, as SspiEnumerateOptions lists it. All strings are UTF-8. */
typedef struct _SSPI_OPTION {
    char *Name;        /**< as SspiCredentialSetOption takes it; the environment's name is SSPI_ and this in upper case */
    char *Values;      /**< "text", "yes or no", "number", or the words */
    char *Default;     /**< what holds where nothing was said */
    char *Description; /**< one sentence */
} SSPI_OPTION, *PSSPI_OPTION;

/** Lists every option. One allocation, released with FreeContextBuffer. SEC_E_INSUFFICIENT_MEMORY. */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiEnumerateOptions(
    _Out_ ULONG *count, _Outptr_result_buffer_(*count) PSSPI_OPTION *options);

/* -------------------------------------------------------------------------------------------- certificates for TLS */

/**
 * Gives a Schannel credential its certificate, in place of any it has: PEM (the certificate, then its chain, and the private key
 * anywhere), PKCS#12, or DER with the key apart. The bytes are copied; the caller still owns, and must wipe, them. A server
 * that gets a new certificate makes a new credential: running connections keep the old one.
 *
 * @param key       the private key, PEM or DER; NULL: it is in `certificate`.
 * @param password  of the private key or the PKCS#12; NULL: none.
 * @return as SspiCredentialSetOption; SEC_E_NO_CREDENTIALS when something is damaged, the password is wrong or the key is that
 *         of another certificate: SspiExplainLastFailure says which; SEC_E_UNSUPPORTED_FUNCTION for a package without
 *         certificates. That it has expired, or is not for this use, shows with the first context.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCredentialSetCertificate(
    _In_ PCredHandle phCredential,
    _In_reads_bytes_(certificate_size) const void *certificate,
    _In_ ULONG certificate_size,
    _In_reads_bytes_opt_(key_size) const void *key,
    _In_ ULONG key_size,
    _In_opt_z_ const char *password);

/**
 * As SspiCredentialSetCertificate, next to those that the credential has. A server takes the one that is good for the name
 * that the client asks for, of several the one whose key the client understands; the first one where none is.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCredentialAddCertificate(
    _In_ PCredHandle phCredential,
    _In_reads_bytes_(certificate_size) const void *certificate,
    _In_ ULONG certificate_size,
    _In_reads_bytes_opt_(key_size) const void *key,
    _In_ ULONG key_size,
    _In_opt_z_ const char *password);

/**
 * Says whose certificates a Schannel credential believes: authorities and, where there are any, their CRLs, in PEM or DER. A
 * client that is told nothing believes the system's authorities, a server nobody. Statuses as SspiCredentialSetCertificate.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCredentialSetTrust(
    _In_ PCredHandle phCredential, _In_reads_bytes_(anchors_size) const void *anchors, _In_ ULONG anchors_size);

/**
 * Gives the certificate that was added last an OCSP response (DER), which goes along with it to clients that ask, as long as it
 * is not too old. Statuses as SspiCredentialSetCertificate; SEC_E_NO_CREDENTIALS also for a response about another
 * certificate or one that is not good.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCredentialSetOcspResponse(
    _In_ PCredHandle phCredential, _In_reads_bytes_(response_size) const void *response, _In_ ULONG response_size);

/**
 * A certificate with its chain and private key, for the paCred of SCHANNEL_CRED and SCH_CREDENTIALS.
 *
 * @param path         PEM, PKCS#12 or DER. A file with a private key belongs to root or this user and is closed to others.
 * @param key_path     the private key's file; NULL: it is in the same file, if there is one.
 * @param password     of the private key or the PKCS#12; NULL: none.
 * @param certificate  receives it; release with CertFreeCertificateContext. Credentials made of it keep it alive.
 * @return as SspiCredentialSetCertificate.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCertificateFromFile(
    _In_z_ const char *path,
    _In_opt_z_ const char *key_path,
    _In_opt_z_ const char *password,
    _Outptr_ PCCERT_CONTEXT *certificate);

/** As SspiCertificateFromFile, of bytes, which are copied. */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCertificateFromBytes(
    _In_reads_bytes_(content_size) const void *content,
    _In_ ULONG content_size,
    _In_reads_bytes_opt_(key_size) const void *key,
    _In_ ULONG key_size,
    _In_opt_z_ const char *password,
    _Outptr_ PCCERT_CONTEXT *certificate);

/**
 * Gives a certificate an OCSP response, as SspiCredentialSetOcspResponse; at any time, also for credentials in use, which send
 * it from then on.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCertificateSetOcspResponse(
    _In_ PCCERT_CONTEXT certificate, _In_reads_bytes_(response_size) const void *response, _In_ ULONG response_size);

/**
 * A store of the certificates in a file (PEM, DER) or in the files of a folder, for hRootStore. Close with CertCloseStore.
 * SEC_E_NO_CREDENTIALS names the file that cannot be read; SEC_E_INVALID_PARAMETER; SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCertificateStoreFromPath(_In_z_ const char *path, _Out_ HCERTSTORE *store);

/* --------------------------------------------------------------------------------------------- who the client is */

/**
 * Makes a credential of what a client delegated to an established server's context (ASC_RET_DELEGATE; the server must have
 * asked with ASC_REQ_DELEGATE), so that the server can log in elsewhere as the client. It may outlive the context. A client
 * delegates where it asks for ISC_REQ_DELEGATE and ISC_REQ_MUTUAL_AUTH, its ticket is forwardable (kinit -f), and the KDC
 * says in the service's ticket that it trusts the server (OK-AS-DELEGATE); otherwise it logs in without.
 *
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_NO_CREDENTIALS when nothing was delegated; SEC_E_UNSUPPORTED_FUNCTION for a
 *         package without delegation; SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiAcquireDelegatedCredential(
    _In_ PCtxtHandle phContext, _Out_ PCredHandle phCredential);

/**
 * Makes a credential that logs in elsewhere as the client of an established server's context, by constrained delegation
 * (S4U2Proxy of [MS-SFU] 3.1.5.2): the client lent nothing; the KDC decides for each service whether this server may. The
 * server's credential must have option constrained_delegation at `clients` or `anyone` before the client logs in, and log in
 * at the KDC with its own keys: this call waits for the KDC, the new credential's contexts ask it for each new service.
 * The client's ticket bounds how long the credential works. It may outlive the context.
 *
 * The first context of such a credential tells: SEC_E_DELEGATION_REQUIRED when the KDC does not let this server act as the
 * client at that service, SEC_E_NO_S4U_PROT_SUPPORT for a KDC without constrained delegation,
 * SEC_E_CROSSREALM_DELEGATION_FAILURE for a service of another realm.
 *
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_DELEGATION_REQUIRED when the option does not allow it; SEC_E_NO_CREDENTIALS
 *         when the client's ticket expired or the server has no keys; SEC_E_NO_AUTHENTICATING_AUTHORITY when no KDC answers;
 *         SEC_E_LOGON_DENIED when it does not know this server, or its keys are outdated; SEC_E_UNSUPPORTED_FUNCTION for a
 *         context of a client, or a package without delegation; SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiAcquireConstrainedCredential(
    _In_ PCtxtHandle phContext, _Out_ PCredHandle phCredential);

/**
 * Makes a credential of a user who did not log in with Kerberos at all, by protocol transition (S4U2Self of [MS-SFU]
 * 3.1.5.1): the server vouches for the name alone, having authenticated the user in another way. A context of the server
 * itself shows the user's SIDs and groups; other services follow the rules of SspiAcquireConstrainedCredential. The server's
 * credential must have option constrained_delegation at `anyone`; its other options are closed by this call, which waits for
 * the KDC.
 *
 * @param phService  a credential with keys of one service (with several: name it in pszPrincipal).
 * @param user       a name at the KDC, such as `alice` or `alice@REALM`.
 * @param realm      the user's; NULL: the one in `user`, else the service's.
 * @return as SspiAcquireConstrainedCredential; SEC_E_LOGON_DENIED also for a user whom the KDC does not know or let in;
 *         SEC_E_NO_S4U_PROT_SUPPORT for a KDC without protocol transition; SEC_E_CROSSREALM_DELEGATION_FAILURE for a user of
 *         another realm; SEC_E_INVALID_PARAMETER for an empty or over-long name.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiAcquireCredentialForUser(
    _In_ PCredHandle phService, _In_z_ const char *user, _In_opt_z_ const char *realm, _Out_ PCredHandle phCredential);

/**
 * A certificate of an established TLS context, in DER.
 *
 * @param attribute  SECPKG_ATTR_REMOTE_CERT_CONTEXT (0x53): the peer's; SECPKG_ATTR_LOCAL_CERT_CONTEXT (0x54): our own.
 * @param der        receives one allocation of `*size` bytes; release with FreeContextBuffer.
 * @return SEC_E_OK; SEC_E_NO_CREDENTIALS where there is none; SEC_E_INVALID_PARAMETER; SEC_E_INVALID_HANDLE;
 *         SEC_E_UNSUPPORTED_FUNCTION for a package without certificates; SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiQueryContextCertificate(
    _In_ PCtxtHandle phContext,
    _In_ ULONG attribute,
    _Out_ ULONG *size,
    _Outptr_result_bytebuffer_(*size) void **der);

/** One fact of who a client is, as SspiListIdentity gives it. Strings are UTF-8, terminated. */
typedef struct _SSPI_IDENTITY_FIELD {
    char *Name;   /**< "user", "domain", "realm", "upn", "dns_domain", "logon_server", "sid", "group", "account_flags", ... */
    char *Value;  /**< the text; a SID as S-1-...; empty where only the number says it */
    ULONG Number; /**< of a group: SE_GROUP_* attributes; of flags: their value; else 0 */
} SSPI_IDENTITY_FIELD, *PSSPI_IDENTITY_FIELD;

/**
 * Lists what an established context knows of its client, verified: names, SID, groups (one row each, "group"). Which rows
 * there are depends on the package and, for Kerberos, on the ticket's PAC.
 *
 * @param fields  receives one allocation that holds the array and its strings; release with FreeContextBuffer.
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_UNSUPPORTED_FUNCTION for a package that knows no more than the name;
 *         SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiListIdentity(
    _In_ PCtxtHandle phContext,
    _Out_ ULONG *count,
    _Outptr_result_buffer_(*count) PSSPI_IDENTITY_FIELD *fields);

/**
 * The same of a token that QuerySecurityContextToken gave, which may outlive its context. The first rows are "name", the
 * client as SECPKG_ATTR_NAMES tells it, and "package", the one that identified it; then those of SspiListIdentity.
 *
 * @param fields  receives one allocation that holds the array and its strings; release with FreeContextBuffer.
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE for what is no open token; SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiListTokenIdentity(
    _In_ void *token,
    _Out_ ULONG *count,
    _Outptr_result_buffer_(*count) PSSPI_IDENTITY_FIELD *fields);

/**
 * Closes a token of QuerySecurityContextToken; CloseHandle of the compat windows.h does the same.
 *
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE for what is no open token.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCloseToken(_In_ void *token);

/* ------------------------------------------------------------------------------------------ events and explanations */

/**
 * One login attempt, good or bad. Holds no secret. Strings are UTF-8, terminated, borrowed for the call; never NULL. Control
 * characters, which a peer may have put into its name, are shown as `?`.
 */
typedef struct _SSPI_EVENT {
    ULONG Size;               /**< sizeof(SSPI_EVENT) */
    SECURITY_STATUS Status;   /**< outcome: SEC_E_OK or the failure */
    ULONG Reason;             /**< SSPI_REASON_* */
    TimeStamp Time;           /**< FILETIME, UTC */
    const char *Package;      /**< e.g. "NTLM" */
    const char *ClientName;   /**< as claimed, DOMAIN\user; verified only if Status is SEC_E_OK */
    const char *Workstation;  /**< as claimed */
    const char *Explanation;  /**< one sentence for the operator */
} SSPI_EVENT, *PSSPI_EVENT;

/** Receives events on the thread of the call that finished or failed the login. Must not call back with the same context. */
typedef void(SEC_ENTRY *SSPI_EVENT_FN)(_In_opt_ void *argument, _In_ const SSPI_EVENT *event);

/**
 * Sends each login attempt on an acceptor's contexts of this credential to `callback`: exactly one event, when the context is
 * established or at the call that fails it. A call that may be repeated and an exchange that the client abandons send none.
 * To be set before the first context. `callback` NULL: none. `release` may be NULL; after a failure the caller still owns
 * `argument`. Statuses as SspiCredentialSetOption.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiCredentialSetEventCallback(
    _In_ PCredHandle phCredential,
    _In_opt_ SSPI_EVENT_FN callback,
    _In_opt_ void *argument,
    _In_opt_ SSPI_RELEASE_FN release);

/**
 * An operator's sentence on what became of a context: why it failed, or who was logged in and how. Never send it to the peer.
 *
 * @param explanation  UTF-8, terminated; release with FreeContextBuffer.
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiExplainContext(_In_ PCtxtHandle phContext, _Outptr_result_z_ char **explanation);

/** SSPI_REASON_* of a context's last failure. SEC_E_INVALID_HANDLE. */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiQueryContextReason(_In_ PCtxtHandle phContext, _Out_ ULONG *reason);

/**
 * The same sentence for the last call of this library that failed on this thread (a failed first leg leaves no context to ask).
 * Empty when none failed. Release with FreeContextBuffer.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiExplainLastFailure(_Outptr_result_z_ char **explanation);

/** SSPI_REASON_* of the last call of this library that failed on this thread. */
SSPI_API ULONG SEC_ENTRY SspiQueryLastFailureReason(void);

/** The symbolic name of a status, e.g. "SEC_E_LOGON_DENIED"; "unknown status" for others. Static storage. */
SSPI_API const char *SEC_ENTRY SspiStatusName(_In_ SECURITY_STATUS status);

/* ------------------------------------------------------------------------------------------------ channel bindings */

/**
 * Lays out a SEC_CHANNEL_BINDINGS for a SECBUFFER_CHANNEL_BINDINGS buffer from application data such as
 * `tls-server-end-point:` and the hash (RFC 5929, RFC 9266).
 *
 * @param bindings  receives one allocation of `*bindings_size` bytes; release with FreeContextBuffer.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiMakeChannelBindings(
    _In_reads_bytes_(application_data_size) const void *application_data,
    _In_ ULONG application_data_size,
    _Out_ ULONG *bindings_size,
    _Outptr_result_bytebuffer_(*bindings_size) PSEC_CHANNEL_BINDINGS *bindings);

/* ----------------------------------------------------------------------------------------------------- after SASL */

/** Security layers of SASL, as bits of RFC 4752. */
#define SSPI_SASL_LAYER_NONE 1
#define SSPI_SASL_LAYER_INTEGRITY 2
#define SSPI_SASL_LAYER_CONFIDENTIALITY 4

/**
 * The security layer that the two sides of a SASL login agreed on.
 *
 * @param layer  receives one SSPI_SASL_LAYER_ number.
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE, also before the login is complete; SEC_E_UNSUPPORTED_FUNCTION for a context that
 *         the Sasl functions did not begin.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiSaslQueryLayer(_In_ PCtxtHandle phContext, _Out_ ULONG *layer);

/**
 * The authorization identity: on a server whom the client asked to act as, on a client what it will ask or asked. UTF-8,
 * terminated; empty where there is none: the client acts as itself. SASL_OPTION_AUTHZ_STRING gives the same in bytes.
 *
 * @param authorization  release with FreeContextBuffer.
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_UNSUPPORTED_FUNCTION; SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiSaslQueryAuthorization(
    _In_ PCtxtHandle phContext, _Outptr_result_z_ char **authorization);

/**
 * Protects data as the agreed layer wants it: one or more messages, each behind four bytes of length and none longer than
 * the peer takes. Without a layer the data itself.
 *
 * @param message  receives one allocation of `*message_size` bytes; release with FreeContextBuffer.
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE, also before the login is complete; SEC_E_UNSUPPORTED_FUNCTION;
 *         SEC_E_INSUFFICIENT_MEMORY; as EncryptMessage.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiSaslWrap(
    _In_ PCtxtHandle phContext,
    _In_reads_bytes_(data_size) const void *data,
    _In_ ULONG data_size,
    _Out_ ULONG *message_size,
    _Outptr_result_bytebuffer_(*message_size) void **message);

/**
 * Takes the first protected message from what was received so far. Without a layer it takes everything as it is.
 *
 * @param taken  receives how many bytes of `stream` are done with.
 * @param data   receives one allocation of `*data_size` bytes; release with FreeContextBuffer.
 * @return SEC_E_OK; SEC_E_INCOMPLETE_MESSAGE: read more and call again; SEC_E_INVALID_TOKEN: the length is more than what we
 *         take; SEC_E_QOP_NOT_SUPPORTED: only signed, where encryption was agreed; SEC_E_INVALID_HANDLE;
 *         SEC_E_UNSUPPORTED_FUNCTION; SEC_E_INSUFFICIENT_MEMORY; as DecryptMessage.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiSaslUnwrap(
    _In_ PCtxtHandle phContext,
    _In_reads_bytes_(stream_size) const void *stream,
    _In_ ULONG stream_size,
    _Out_ ULONG *taken,
    _Out_ ULONG *data_size,
    _Outptr_result_bytebuffer_(*data_size) void **data);

#ifdef __cplusplus
}
#endif

#endif
