/*
 * Versions, ciphers and groups of a credential: the operator's options, narrowed by what the program asked for.
 */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "certificate/openssl.h"
#include "schannel/credential.h"

/* Forward secrecy and authenticated encryption; fast ones first. */
#define CIPHERS                                                                                                        \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"                         \
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"                           \
    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305"
/* TLS 1.0 and 1.1 know CBC and SHA-1 alone, which OpenSSL has below its lowest level of security only. */
#define CIPHERS_TLS1                                                                                                   \
    CIPHERS ":ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:"                \
            "AES128-SHA:AES256-SHA:@SECLEVEL=0"

/* Of a list of the operator's: who does not show who he is, or encrypts nothing, is nobody's wish. */
#define NEVER ":!aNULL:!eNULL"

#define GROUPS "X25519:P-256:X448:P-384:P-521"
/*
 * Of OpenSSL 3.5 and later. What is before the slash goes first though the client guessed what is behind it, which
 * costs another round trip; stars mark our own guesses, so that servers without the hybrid need none.
 */
#define GROUPS_HYBRID "*X25519MLKEM768/*" GROUPS

#define CIPHERS_TLS13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

static const struct {
    ULONG bits; /* of both sides */
    int version;
    uint64_t off;
    const char *name;
} versions[] = {
    {SP_PROT_TLS1_0, TLS1_VERSION, SSL_OP_NO_TLSv1, "1.0"},
    {SP_PROT_TLS1_1, TLS1_1_VERSION, SSL_OP_NO_TLSv1_1, "1.1"},
    {SP_PROT_TLS1_2, TLS1_2_VERSION, SSL_OP_NO_TLSv1_2, "1.2"},
    {SP_PROT_TLS1_3, TLS1_3_VERSION, SSL_OP_NO_TLSv1_3, "1.3"},
};
#define VERSIONS (sizeof versions / sizeof versions[0])
#define VERSIONS_TEXT 32 /* room for all their names, a comma behind each */

static bool program_allows(const struct schannel_credential *credential, ULONG side, size_t version)
{
    const struct schannel_limits *limits = &credential->limits;
    const ULONG bit = versions[version].bits & side;

    if (limits->protocols_off & bit)
        return false;
    if (limits->protocols_on)
        return (limits->protocols_on & bit) != 0;
    return !limits->old_form || version != TLS_SETTING_1_3;
}

/* The program's choice may go below the operator's minimum of 1.2, but only where the operator allows that. */
static bool version_allowed(const struct schannel_credential *credential, ULONG side, size_t version)
{
    const struct settings *settings = &credential->base.settings;
    ULONG least = settings->tls_minimum_version;

    if (credential->limits.protocols_on && settings->allow_insecure_tls1 && least == TLS_SETTING_1_2)
        least = TLS_SETTING_1_0;
    return version >= least && version <= settings->tls_maximum_version && program_allows(credential, side, version);
}

/* ---- Why nothing is left: both sides of the contradiction, for the operator ---- */

typedef bool allows(const struct schannel_credential *credential, ULONG side, size_t version);

static void versions_name(const struct schannel_credential *credential, ULONG side, allows *allowed,
                          char text[VERSIONS_TEXT])
{
    size_t used = 0;

    (void)snprintf(text, VERSIONS_TEXT, "none");
    for (size_t i = 0; i < VERSIONS; i++)
        if (allowed(credential, side, i))
            used += (size_t)snprintf(text + used, VERSIONS_TEXT - used, "%s%s", used ? ", " : "", versions[i].name);
}

static SECURITY_STATUS versions_none(const struct schannel_credential *credential, ULONG side, struct failure *failure)
{
    const struct settings *settings = &credential->base.settings;
    const struct schannel_limits *limits = &credential->limits;
    const char *least = versions[settings->tls_minimum_version].name;
    const char *most = versions[settings->tls_maximum_version].name;
    char wanted[VERSIONS_TEXT];

    if (settings->tls_minimum_version > settings->tls_maximum_version)
        return failure_set(failure, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY,
                           "no version of TLS is left: option tls_minimum_version is %s, above tls_maximum_version, %s",
                           least, most);
    versions_name(credential, side, program_allows, wanted);
    return failure_set(failure, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY,
                       "no version of TLS is left: the options allow %s (tls_minimum_version) to %s "
                       "(tls_maximum_version), the program's %s allows %s%s",
                       least, most, limits->old_form ? "SCHANNEL_CRED" : "SCH_CREDENTIALS", wanted,
                       limits->old_form && !limits->protocols_on ? ": grbitEnabledProtocols has to name 1.3" : "");
}

static SECURITY_STATUS suites_none(const struct schannel_credential *credential, struct failure *failure)
{
    const bool limited = schannel_limits_suites(&credential->limits);
    const char *list = credential->base.settings.tls_ciphers;
    char left[VERSIONS_TEXT];

    versions_name(credential,
                  credential->base.use & SECPKG_CRED_INBOUND ? SP_PROT_TLS1_X_SERVER : SP_PROT_TLS1_X_CLIENT,
                  version_allowed, left);
    return failure_set(failure, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY,
                       "no cipher suite is left: %s%s%s leaves none for TLS %s, which tls_minimum_version, "
                       "tls_maximum_version and the program allow",
                       list ? "option tls_ciphers" : "", list && limited ? " together with " : "",
                       limited ? "what the program says of ciphers"
                       : list  ? ""
                               : "OpenSSL",
                       left);
}

/* ---- Versions ---- */

static SECURITY_STATUS versions_apply(const struct schannel_credential *credential, bool acceptor, SSL_CTX *tls,
                                      int *lowest, struct failure *failure)
{
    const ULONG side = acceptor ? SP_PROT_TLS1_X_SERVER : SP_PROT_TLS1_X_CLIENT;
    int highest = 0;

    *lowest = 0;
    if (credential->base.settings.tls_minimum_version < TLS_SETTING_1_2
        && !credential->base.settings.allow_insecure_tls1)
        return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_CONFIGURATION,
                           "option tls_minimum_version: less than 1.2 needs allow_insecure_tls1 as well");
    for (size_t i = 0; i < VERSIONS; i++) {
        if (!version_allowed(credential, side, i)) {
            SSL_CTX_set_options(tls, versions[i].off);
            continue;
        }
        highest = versions[i].version;
        *lowest = *lowest ? *lowest : highest;
    }
    if (!highest)
        return versions_none(credential, side, failure);
    if (SSL_CTX_set_min_proto_version(tls, *lowest) == 1 && SSL_CTX_set_max_proto_version(tls, highest) == 1)
        return SEC_E_OK;
    return schannel_tls_refused(failure, SEC_E_ALGORITHM_MISMATCH, "versions of TLS");
}

/* ---- Suites ---- */

/* One list of names, `next` behind it, apart at the first colon. */
static size_t name_next(const char **next, const char **name)
{
    size_t size;

    *next += strspn(*next, ": ,");
    *name = *next;
    size = strcspn(*next, ": ,");
    *next += size;
    return size;
}

/* The operator's list holds suites of TLS 1.3 and older ones together; OpenSSL wants them apart. */
static bool ciphers_split(const char *list, char *older, char *newer, size_t room)
{
    const char *name;
    size_t size;

    older[0] = newer[0] = '\0';
    while ((size = name_next(&list, &name)) != 0) {
        char *to = size > 4 && strncmp(name, "TLS_", 4) == 0 ? newer : older;
        size_t used = strlen(to);

        if (used + size + 2 > room)
            return false;
        (void)snprintf(to + used, room - used, "%s%.*s", used ? ":" : "", (int)size, name);
    }
    return true;
}

/* A version without a suite cannot be spoken, and OpenSSL would find that out with the first client. */
static SECURITY_STATUS suites_set(const struct schannel_credential *credential, SSL_CTX *tls, const char *older,
                                  const char *newer, SECURITY_STATUS otherwise, struct failure *failure)
{
    const bool too_old = !newer[0] && SSL_CTX_get_min_proto_version(tls) == TLS1_3_VERSION;
    const bool too_new = !older[0] && SSL_CTX_get_max_proto_version(tls) < TLS1_3_VERSION;

    if (too_old || too_new)
        return suites_none(credential, failure);
    if (!newer[0] && SSL_CTX_get_max_proto_version(tls) == TLS1_3_VERSION)
        SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION);
    if (!older[0])
        SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
    if ((older[0] && SSL_CTX_set_cipher_list(tls, older) != 1) || SSL_CTX_set_ciphersuites(tls, newer) != 1)
        return failure_set(failure, otherwise, SSPI_REASON_CONFIGURATION,
                           "OpenSSL knows no such cipher suites: %.60s %.60s", older, newer);
    return SEC_E_OK;
}

/* OpenSSL's levels 0 and 1 take weak keys and hashes in certificates too, which nobody sees in a list of ciphers. */
static bool level_lowered(const char *list)
{
    static const char command[] = "@SECLEVEL=";

    for (list = strstr(list, command); list; list = strstr(list, command)) {
        list += sizeof command - 1;
        if (*list < '2')
            return true;
    }
    return false;
}

static SECURITY_STATUS ciphers_said(const struct schannel_credential *credential, SSL_CTX *tls, struct failure *failure)
{
    const struct settings *settings = &credential->base.settings;
    const char *list = settings->tls_ciphers;
    const size_t room = strlen(list) + sizeof NEVER + 1;
    char *older = mem_alloc(room), *newer = mem_alloc(room);
    SECURITY_STATUS status;

    if (level_lowered(list) && !settings->allow_insecure_tls1)
        status = failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_CONFIGURATION,
                             "option tls_ciphers: a @SECLEVEL less than 2 needs allow_insecure_tls1 as well");
    else if (older && newer && ciphers_split(list, older, newer, room)) {
        if (older[0])
            (void)snprintf(older + strlen(older), room - strlen(older), "%s", NEVER);
        status = suites_set(credential, tls, older, newer, SEC_E_INVALID_PARAMETER, failure);
    } else
        status = failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for ciphers");
    mem_free(older);
    mem_free(newer);
    return status;
}

static SECURITY_STATUS ciphers_apply(const struct schannel_credential *credential, SSL_CTX *tls, int lowest,
                                     struct failure *failure)
{
    if (credential->base.settings.tls_ciphers)
        return ciphers_said(credential, tls, failure);
    if (SSL_CTX_set_cipher_list(tls, lowest < TLS1_2_VERSION ? CIPHERS_TLS1 : CIPHERS) == 1
        && SSL_CTX_set_ciphersuites(tls, CIPHERS_TLS13) == 1)
        return SEC_E_OK;
    return schannel_tls_refused(failure, SEC_E_ALGORITHM_MISMATCH, "cipher suites");
}

/* ---- The program's limits on the strength of ciphers ---- */

/* The names of the ciphers that fit, those of TLS 1.3 or the others; each begins with a colon. */
static void names_write(const struct schannel_limits *limits, STACK_OF(SSL_CIPHER) * ciphers, bool newest, char *out,
                        size_t room)
{
    size_t used = 0;

    out[0] = '\0';
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);
        const char *name = SSL_CIPHER_get_name(cipher);

        if ((strncmp(name, "TLS_", 4) == 0) != newest || !schannel_suite_allowed(limits, cipher)
            || used + strlen(name) + 2 > room)
            continue;
        used += (size_t)snprintf(out + used, room - used, "%s%s", used ? ":" : "", name);
    }
}

static SECURITY_STATUS strength_apply(const struct schannel_credential *credential, SSL_CTX *tls,
                                      struct failure *failure)
{
    const struct schannel_limits *limits = &credential->limits;
    char older[4096], newer[1024];
    STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(tls);

    if (!schannel_limits_suites(limits))
        return SEC_E_OK;
    if (limits->bits_least == UINT32_MAX || limits->bits_most == UINT32_MAX)
        return failure_set(failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                           "connections without encryption (cipher strength -1) are not supported");
    names_write(limits, ciphers, true, newer, sizeof newer);
    names_write(limits, ciphers, false, older, sizeof older);
    if (!newer[0] && !older[0])
        return suites_none(credential, failure);
    return suites_set(credential, tls, older, newer, SEC_E_ALGORITHM_MISMATCH, failure);
}

/* Each version may have lost all of its suites, though others are left: what OpenSSL would offer is asked. */
static SECURITY_STATUS suites_check(const struct schannel_credential *credential, SSL_CTX *tls, struct failure *failure)
{
    SSL *ssl = SSL_new(tls);
    STACK_OF(SSL_CIPHER) *left = ssl ? SSL_get1_supported_ciphers(ssl) : NULL;
    const bool some = sk_SSL_CIPHER_num(left) > 0;

    sk_SSL_CIPHER_free(left);
    SSL_free(ssl);
    if (some)
        return SEC_E_OK;
    if (!ssl || openssl_no_memory())
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for TLS");
    return suites_none(credential, failure);
}

static SECURITY_STATUS groups_apply(const struct schannel_credential *credential, SSL_CTX *tls, struct failure *failure)
{
    const char *list = credential->base.settings.tls_groups;

    if (!list && (SSL_CTX_set1_groups_list(tls, GROUPS_HYBRID) == 1 || SSL_CTX_set1_groups_list(tls, GROUPS) == 1))
        return SEC_E_OK;
    if (list && SSL_CTX_set1_groups_list(tls, list) == 1)
        return SEC_E_OK;
    return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_CONFIGURATION,
                       "option tls_groups: OpenSSL does not know all of \"%.100s\"", list ? list : GROUPS);
}

SECURITY_STATUS schannel_policy_apply(const struct schannel_credential *credential, bool acceptor, SSL_CTX *tls,
                                      struct failure *failure)
{
    int lowest;
    SECURITY_STATUS status = versions_apply(credential, acceptor, tls, &lowest, failure);

    if (status == SEC_E_OK)
        status = ciphers_apply(credential, tls, lowest, failure);
    if (status == SEC_E_OK)
        status = strength_apply(credential, tls, failure);
    if (status == SEC_E_OK)
        status = suites_check(credential, tls, failure);
    if (status == SEC_E_OK)
        status = groups_apply(credential, tls, failure);
    return status;
}

ULONG schannel_policy_versions(bool acceptor, SSL_CTX *tls)
{
    const ULONG side = acceptor ? SP_PROT_TLS1_X_SERVER : SP_PROT_TLS1_X_CLIENT;
    ULONG bits = 0;

    for (size_t i = 0; i < VERSIONS; i++)
        if (versions[i].version >= SSL_CTX_get_min_proto_version(tls)
            && versions[i].version <= SSL_CTX_get_max_proto_version(tls)
            && !(SSL_CTX_get_options(tls) & versions[i].off))
            bits |= versions[i].bits & side;
    return bits;
}

ULONG schannel_policy_version(const SSL *ssl)
{
    for (size_t i = 0; i < VERSIONS; i++)
        if (versions[i].version == SSL_version(ssl))
            return versions[i].bits;
    return 0;
}

bool schannel_policy_narrow(const struct schannel_limits *limits, SSL *ssl)
{
    char older[4096], newer[1024];
    STACK_OF(SSL_CIPHER) *ciphers = SSL_get_ciphers(ssl);

    for (size_t i = 0; i < VERSIONS; i++)
        if (versions[i].bits & limits->protocols_off
            & (SSL_is_server(ssl) ? SP_PROT_TLS1_X_SERVER : SP_PROT_TLS1_X_CLIENT))
            SSL_set_options(ssl, versions[i].off);
    if (!schannel_limits_suites(limits))
        return true;
    names_write(limits, ciphers, true, newer, sizeof newer);
    names_write(limits, ciphers, false, older, sizeof older);
    if (!newer[0])
        SSL_set_options(ssl, SSL_OP_NO_TLSv1_3);
    if (!older[0])
        SSL_set_options(ssl, SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_TLSv1_2);
    return (newer[0] || older[0]) && (!older[0] || SSL_set_cipher_list(ssl, older) == 1)
           && SSL_set_ciphersuites(ssl, newer) == 1;
}
