/*
 * What an operator may say: the options of SspiCredentialSetOption, of section [sspi] in sspi.conf and of the
 * environment (SSPI_ + upper-case name), described by the one table in settings_table.h. A value given by the program
 * wins over sspi.conf, which wins over the environment.
 */
#ifndef SSPI_BASE_SETTINGS_H
#define SSPI_BASE_SETTINGS_H

#include "base/attributes.h"
#include "base/failure.h"
#include "sspi.h"

enum tls_setting_version { TLS_SETTING_1_0, TLS_SETTING_1_1, TLS_SETTING_1_2, TLS_SETTING_1_3 };
enum tls_client_certificate {
    TLS_CLIENT_CERTIFICATE_NONE,
    TLS_CLIENT_CERTIFICATE_REQUEST,
    TLS_CLIENT_CERTIFICATE_REQUIRE
};
enum tls_account_name { TLS_ACCOUNT_UPN, TLS_ACCOUNT_EMAIL, TLS_ACCOUNT_COMMON_NAME };
enum ntlm_policy { NTLM_POLICY_NORMAL, NTLM_POLICY_STRICT };
enum sasl_authorization { SASL_AUTHORIZATION_SAME, SASL_AUTHORIZATION_PROGRAM };
enum delegation_policy { DELEGATION_NONE, DELEGATION_CLIENTS, DELEGATION_ANYONE };

/*
 * Strings are owned. After settings_load or settings_set the four names with a default are never NULL, but for
 * dns_domain_name where dns_computer_name has no dot; account_store and dns_tree_name are NULL where nothing was said.
 */
struct settings {
    char *account_store;         /* account_store: location, see SspiAccountStoreOpen */
    char *netbios_computer_name; /* netbios_computer_name: default: host name, upper-cased, 15 characters */
    char *netbios_domain_name;   /* netbios_domain_name: default: the computer name (a stand-alone server) */
    char *dns_computer_name;     /* dns_computer_name: default: the host name */
    char *dns_domain_name;       /* dns_domain_name: default: what follows the first dot of dns_computer_name */
    char *dns_tree_name;         /* dns_tree_name: default: absent */
    ULONG ntlm_policy;           /* ntlm_policy: "normal" or "strict" (requires the MIC) */
    BOOL allow_insecure_ntlmv1;  /* allow_insecure_ntlmv1: accept and send NTLMv1 */
    BOOL allow_insecure_lm;      /* allow_insecure_lm: send LM (needs allow_insecure_ntlmv1 too) */
    BOOL allow_insecure_56bit;   /* allow_insecure_56bit: accept less than 128 bits */
    BOOL allow_anonymous;        /* allow_anonymous: null sessions where the caller asks for them too */
    ULONG lockout_threshold;     /* lockout_threshold: failures until an account is locked; 0 is off */
    ULONG lockout_seconds;       /* lockout_seconds: until the count is forgotten and the lock falls; default 900 */
    ULONG ntlm_max_age_seconds;  /* ntlm_max_age_seconds: largest age of a response's time stamp; 0 is unlimited */
    char *negotiate_packages;    /* negotiate_packages: "Kerberos,NTLM", "!NTLM"; NULL: all */
    char *keytab;                /* keytab: path of the acceptor's keys; NULL: libkrb5's default */
    char *service_names;         /* service_names: "HTTP", "HTTP/host", "HTTP/host@REALM", blanks between; "*" is any */
    BOOL require_pac;            /* require_pac: refuse tickets without a PAC */
    BOOL allow_insecure_rc4;     /* allow_insecure_rc4: Kerberos tickets and keys of type rc4-hmac */
    ULONG allow_clock_skew_seconds;     /* allow_clock_skew_seconds: how far Kerberos clocks may differ; default 300 */
    char *replay_cache;                 /* replay_cache: "memory" or a path; NULL: a file per user in /var/tmp */
    ULONG replay_cache_entries;         /* replay_cache_entries: room of a new replay cache; default 262144 */
    ULONG constrained_delegation;       /* constrained_delegation: an enum delegation_policy; default none */
    ULONG sasl_minimum_layer;           /* sasl_minimum_layer: 0 none, 1 integrity, 2 confidentiality */
    ULONG sasl_authorization;           /* sasl_authorization: "same" or "program" */
    char *tls_certificate;              /* tls_certificate: file or folder; NULL: none */
    char *tls_private_key;              /* tls_private_key: file; NULL: in the certificate's */
    char *tls_password_file;            /* tls_password_file: file; NULL: none */
    char *tls_ocsp_response;            /* tls_ocsp_response: file; NULL: none */
    char *tls_trust;                    /* tls_trust: file, folder or "system"; NULL: not said */
    ULONG tls_minimum_version;          /* tls_minimum_version: an enum tls_setting_version; default 1.2 */
    ULONG tls_maximum_version;          /* tls_maximum_version: the same; default 1.3 */
    char *tls_ciphers;                  /* tls_ciphers: OpenSSL's names; NULL: default */
    char *tls_groups;                   /* tls_groups: OpenSSL's names; NULL: default */
    ULONG tls_session_lifespan_seconds; /* tls_session_lifespan_seconds: default 36000 */
    ULONG tls_tickets;                  /* tls_tickets: for each TLS 1.3 handshake; default 2; 0: none at all */
    ULONG tls_client_certificate;       /* tls_client_certificate: an enum tls_client_certificate; default none */
    ULONG tls_account_name;             /* tls_account_name: an enum tls_account_name; default upn */
    char *insecure_tls_key_log;         /* insecure_tls_key_log: file; NULL: none */
    BOOL allow_insecure_tls1;           /* allow_insecure_tls1: TLS 1.0 and 1.1 where asked for */
    BOOL allow_insecure_renegotiation;  /* allow_insecure_renegotiation: by both sides, in TLS 1.2 */
    uint64_t said; /* one bit a row of the table: given by somebody, so not derived from other values */
};

/*
 * Defaults, then environment, then sspi.conf. SEC_E_INTERNAL_ERROR: the configuration cannot be read, holds an unknown
 * name or a bad value; the failure names the file or the variable. On failure `settings` is cleared.
 */
MUST_CHECK SECURITY_STATUS settings_load(struct settings *settings, struct failure *failure);

/*
 * One option by name; `value` NULL goes back to the default. SEC_E_INVALID_PARAMETER: unknown name or bad value, and
 * nothing changed; SEC_E_INSUFFICIENT_MEMORY. Names that follow from others (netbios_domain_name, ...) follow at once.
 */
MUST_CHECK SECURITY_STATUS settings_set(struct settings *settings, const char *name, const char *value,
                                        struct failure *failure);
void settings_clear(struct settings *settings);

/* The table's rows, for documentation and tools: NULL past the end. */
struct setting_row {
    const char *name;
    const char *values; /* "text", "yes or no", "number", or the words separated by ' | ' */
    const char *fallback;
    const char *description;
};
const struct setting_row *settings_row(size_t index);

#endif
