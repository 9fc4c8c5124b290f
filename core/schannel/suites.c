/*
 * Which cipher suites a program leaves: TLS_PARAMETERS switch pieces off by CNG's names, palgSupportedAlgs name those
 * that stay. What is not understood is refused, since it was to be switched off.
 */
#include <openssl/obj_mac.h>
#include <string.h>

#include "schannel/credential.h"

static SECURITY_STATUS refuse(struct failure *failure, SECURITY_STATUS status, const char *why)
{
    return failure_set(failure, status, SSPI_REASON_USAGE, "pAuthData: %s", why);
}

/* ---- CNG's names ---- */

/* Names are ASCII; false for others. */
static bool name_take(const UNICODE_STRING *text, char *out, size_t room)
{
    const size_t size = text ? text->Length / sizeof(WCHAR) : 0;

    if (!size || size >= room || !text->Buffer)
        return false;
    for (size_t i = 0; i < size; i++) {
        WCHAR unit = text->Buffer[i];

        if (unit <= ' ' || unit > '~')
            return false;
        out[i] = (char)(unit >= 'a' && unit <= 'z' ? unit - 'a' + 'A' : unit);
    }
    out[size] = '\0';
    return true;
}

/* What a suite may be called by, and what is never offered, so that switching it off is nothing to do. */
static const struct {
    eTlsAlgorithmUsage usage;
    const char *name;
    bool gone;
} known[] = {
    {TlsParametersCngAlgUsageKeyExchange, "ECDH", false}, {TlsParametersCngAlgUsageKeyExchange, "ECDHE", false},
    {TlsParametersCngAlgUsageKeyExchange, "DH", false},   {TlsParametersCngAlgUsageKeyExchange, "DHE", false},
    {TlsParametersCngAlgUsageKeyExchange, "RSA", false},  {TlsParametersCngAlgUsageSignature, "DSA", true},
    {TlsParametersCngAlgUsageCipher, "AES", false},       {TlsParametersCngAlgUsageCipher, "CHACHA20_POLY1305", false},
    {TlsParametersCngAlgUsageCipher, "3DES", true},       {TlsParametersCngAlgUsageCipher, "DES", true},
    {TlsParametersCngAlgUsageCipher, "RC4", true},        {TlsParametersCngAlgUsageCipher, "RC2", true},
    {TlsParametersCngAlgUsageCipher, "NULL", true},       {TlsParametersCngAlgUsageDigest, "SHA1", false},
    {TlsParametersCngAlgUsageDigest, "SHA256", false},    {TlsParametersCngAlgUsageDigest, "SHA384", false},
    {TlsParametersCngAlgUsageDigest, "MD5", true},        {TlsParametersCngAlgUsageCertSig, "MD5", true},
    {TlsParametersCngAlgUsageCertSig, "SHA1", true},      {TlsParametersCngAlgUsageCertSig, "DSA", true},
};

static bool rule_known(const struct schannel_rule *rule, bool *gone)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].usage == rule->usage && strcmp(known[i].name, rule->name) == 0) {
            *gone = known[i].gone;
            return true;
        }
    return false;
}

static bool modes_take(const CRYPTO_SETTINGS *given, unsigned *modes)
{
    static const struct {
        const char *name;
        unsigned bit;
    } names[] = {{"CHAININGMODECBC", SCHANNEL_MODE_CBC},
                 {"CHAININGMODEGCM", SCHANNEL_MODE_GCM},
                 {"CHAININGMODECCM", SCHANNEL_MODE_CCM}};

    *modes = 0;
    for (DWORD i = 0; i < given->cChainingModes; i++) {
        char name[24];
        unsigned bit = 0;

        if (!name_take(&given->rgstrChainingModes[i], name, sizeof name))
            return false;
        for (size_t j = 0; j < sizeof names / sizeof *names; j++)
            bit |= strcmp(names[j].name, name) == 0 ? names[j].bit : 0;
        if (!bit)
            return false;
        *modes |= bit;
    }
    return true;
}

static SECURITY_STATUS setting_take(struct schannel_limits *limits, const CRYPTO_SETTINGS *given, bool optional,
                                    struct failure *failure)
{
    struct schannel_rule rule = {
        .usage = given->eAlgorithmUsage, .least = given->dwMinBitLength, .most = given->dwMaxBitLength};
    bool gone = false;

    if (given->cChainingModes > SCH_CRED_MAX_SUPPORTED_CHAINING_MODES
        || (given->cChainingModes && !given->rgstrChainingModes))
        return refuse(failure, SEC_E_INVALID_PARAMETER, "more than 16 chaining modes, or none where some are counted");
    if (!name_take(&given->strCngAlgId, rule.name, sizeof rule.name) || !modes_take(given, &rule.modes)
        || !rule_known(&rule, &gone))
        return optional ? SEC_E_OK
                        : refuse(failure, SEC_E_UNSUPPORTED_FUNCTION,
                                 "TLS_PARAMETERS switch off an algorithm that cannot be switched off here");
    if (!gone && limits->rule_count < SCH_CRED_MAX_SUPPORTED_CRYPTO_SETTINGS)
        limits->rules[limits->rule_count++] = rule;
    return SEC_E_OK;
}

SECURITY_STATUS schannel_parameters_limits(struct schannel_limits *limits, const TLS_PARAMETERS *given,
                                           struct failure *failure)
{
    const bool optional = (given->dwFlags & TLS_PARAMS_OPTIONAL) != 0;
    SECURITY_STATUS status = SEC_E_OK;

    if (given->cAlpnIds > SCH_CRED_MAX_SUPPORTED_ALPN_IDS
        || given->cDisabledCrypto > SCH_CRED_MAX_SUPPORTED_CRYPTO_SETTINGS
        || (given->cDisabledCrypto && !given->pDisabledCrypto))
        return refuse(failure, SEC_E_INVALID_PARAMETER, "TLS_PARAMETERS hold more than 16 of something, or NULL");
    limits->protocols_off |= given->grbitDisabledProtocols;
    for (DWORD i = 0; i < given->cDisabledCrypto && status == SEC_E_OK; i++)
        status = setting_take(limits, &given->pDisabledCrypto[i], optional, failure);
    return status;
}

SECURITY_STATUS schannel_parameters_take(struct schannel_limits *limits, const TLS_PARAMETERS *parameters, DWORD count,
                                         struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_OK;
    DWORD general = 0;

    if (count > SCH_CRED_MAX_SUPPORTED_PARAMETERS || (count && !parameters))
        return refuse(failure, SEC_E_INVALID_PARAMETER, "cTlsParameters is larger than 16, or pTlsParameters is NULL");
    for (DWORD i = 0; i < count; i++)
        general += parameters[i].cAlpnIds == 0;
    if (general > 1)
        return refuse(failure, SEC_E_INVALID_PARAMETER, "only one of the TLS_PARAMETERS may be for all protocols");
    for (DWORD i = 0; i < count && status == SEC_E_OK; i++)
        if (!parameters[i].cAlpnIds)
            status = schannel_parameters_limits(limits, &parameters[i], failure);
    return status;
}

SECURITY_STATUS schannel_algorithms_take(struct schannel_limits *limits, const ALG_ID *algorithms, DWORD count,
                                         struct failure *failure)
{
    if (count > SCH_CRED_MAX_SUPPORTED_ALGS || (count && !algorithms))
        return refuse(failure, SEC_E_INVALID_PARAMETER, "cSupportedAlgs is larger than 256, or the list is NULL");
    for (DWORD i = 0; i < count; i++)
        limits->algorithms[i] = algorithms[i];
    limits->algorithm_count = count;
    return SEC_E_OK;
}

/* ---- Suites ---- */

/* The pieces of a suite in both kinds of names. */
struct pieces {
    const char *cipher, *digest, *exchange;
    unsigned mode;
    ULONG bits;
    ALG_ID cipher_id, digest_id, exchange_id;
};

static void cipher_name(const SSL_CIPHER *cipher, struct pieces *pieces)
{
    const char *name = SSL_CIPHER_get_name(cipher);

    pieces->bits = (ULONG)SSL_CIPHER_get_bits(cipher, NULL);
    pieces->cipher = strstr(name, "CHACHA20") ? "CHACHA20_POLY1305" : strstr(name, "AES") ? "AES" : "";
    pieces->cipher_id = !strstr(name, "AES") ? 0 : pieces->bits == 256 ? CALG_AES_256 : CALG_AES_128;
    pieces->mode = strstr(name, "GCM")   ? SCHANNEL_MODE_GCM
                   : strstr(name, "CCM") ? SCHANNEL_MODE_CCM
                                         : SCHANNEL_MODE_CBC;
}

static void exchange_name(const SSL_CIPHER *cipher, struct pieces *pieces)
{
    switch (SSL_CIPHER_get_kx_nid(cipher)) {
    case NID_kx_rsa:
        pieces->exchange = "RSA";
        pieces->exchange_id = CALG_RSA_KEYX;
        break;
    case NID_kx_dhe:
        pieces->exchange = "DH";
        pieces->exchange_id = CALG_DH_EPHEM;
        break;
    default: /* TLS 1.3 leaves it open, and our groups are curves */
        pieces->exchange = "ECDH";
        pieces->exchange_id = CALG_ECDH_EPHEM;
        break;
    }
}

static void digest_name(const SSL_CIPHER *cipher, struct pieces *pieces)
{
    const char *name = SSL_CIPHER_get_name(cipher);
    const size_t size = strlen(name);

    pieces->digest = size > 3 && strcmp(name + size - 3, "384") == 0    ? "SHA384"
                     : size > 4 && strcmp(name + size - 4, "-SHA") == 0 ? "SHA1"
                                                                        : "SHA256";
    pieces->digest_id = pieces->digest[3] == '3' ? CALG_SHA_384 : pieces->digest[3] == '1' ? CALG_SHA1 : CALG_SHA_256;
}

static bool rule_forbids(const struct schannel_rule *rule, const struct pieces *pieces)
{
    switch (rule->usage) {
    case TlsParametersCngAlgUsageKeyExchange:
        return strncmp(rule->name, pieces->exchange, strlen(pieces->exchange)) == 0;
    case TlsParametersCngAlgUsageDigest:
        return strcmp(rule->name, pieces->digest) == 0;
    case TlsParametersCngAlgUsageCipher:
        if (strcmp(rule->name, pieces->cipher) != 0 || (rule->modes && !(rule->modes & pieces->mode)))
            return false;
        return (!rule->least && !rule->most) || pieces->bits < rule->least || (rule->most && pieces->bits > rule->most);
    default:
        return false;
    }
}

#define CLASS(id) ((id)&0xE000u)

/* A class of which nothing is named stays as it is. */
static bool algorithm_allowed(const struct schannel_limits *limits, ALG_ID class, ALG_ID id)
{
    bool named = false;

    for (size_t i = 0; i < limits->algorithm_count; i++) {
        const ALG_ID said = limits->algorithms[i];

        named = named || CLASS(said) == class;
        if (id && (said == id || (said == CALG_AES && (id == CALG_AES_128 || id == CALG_AES_256))))
            return true;
    }
    return !named;
}

bool schannel_limits_suites(const struct schannel_limits *limits)
{
    return limits->bits_least || limits->bits_most || limits->rule_count || limits->algorithm_count;
}

bool schannel_suite_allowed(const struct schannel_limits *limits, const SSL_CIPHER *cipher)
{
    struct pieces pieces = {0};

    cipher_name(cipher, &pieces);
    exchange_name(cipher, &pieces);
    digest_name(cipher, &pieces);
    if (pieces.bits < limits->bits_least || (limits->bits_most && pieces.bits > limits->bits_most))
        return false;
    for (size_t i = 0; i < limits->rule_count; i++)
        if (rule_forbids(&limits->rules[i], &pieces))
            return false;
    return algorithm_allowed(limits, CLASS(CALG_AES), pieces.cipher_id)
           && algorithm_allowed(limits, CLASS(CALG_SHA1), pieces.digest_id)
           && algorithm_allowed(limits, CLASS(CALG_RSA_KEYX), pieces.exchange_id);
}

void schannel_suite_ids(const SSL_CIPHER *cipher, ALG_ID ids[SCHANNEL_SUITE_IDS])
{
    const int sign = SSL_CIPHER_get_auth_nid(cipher);
    struct pieces pieces = {0};

    cipher_name(cipher, &pieces);
    exchange_name(cipher, &pieces);
    digest_name(cipher, &pieces);
    ids[0] = pieces.cipher_id;
    ids[1] = pieces.digest_id;
    ids[2] = pieces.exchange_id;
    ids[3] = sign == NID_auth_rsa ? CALG_RSA_SIGN : sign == NID_auth_ecdsa ? CALG_ECDSA : 0;
}
