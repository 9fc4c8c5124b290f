/*
 * Negotiate flags ([MS-NLMP] 2.2.2.5): what an acceptor offers, what policy refuses, what an answer may change,
 * and how the agreed ones read as context attributes.
 */
#include "ntlm/ntlm.h"

/* What a session loses when one of these disappears between CHALLENGE and AUTHENTICATE. */
#define PROTECTING (NTLM_SIGN | NTLM_SEAL | NTLM_ESS | NTLM_KEY_EXCH)
/* What an answer must not bring in by itself. Adding 56 bits is harmless: they count only where they were offered. */
#define NEVER_ADDED                                                                                                    \
    (NTLM_SIGN | NTLM_SEAL | NTLM_ESS | NTLM_KEY_EXCH | NTLM_LM_KEY | NTLM_NON_NT_SESSION_KEY | NTLM_DATAGRAM)

uint32_t ntlm_flags_offer(uint32_t requested)
{
    uint32_t flags = requested & (NTLM_SIGN | NTLM_SEAL | NTLM_ESS | NTLM_IDENTIFY | NTLM_VERSION);

    if (ntlm_protects(flags))
        flags |= requested & (NTLM_128 | NTLM_56 | NTLM_KEY_EXCH);
    flags |= requested & NTLM_UNICODE ? NTLM_UNICODE : NTLM_OEM;
    return flags | NTLM_REQUEST_TARGET | NTLM_NTLM | NTLM_ALWAYS_SIGN | NTLM_TARGET_INFO;
}

SECURITY_STATUS ntlm_flags_check_policy(uint32_t flags, const struct settings *settings, struct failure *failure)
{
    if (!ntlm_protects(flags))
        return SEC_E_OK;
    if (!(flags & NTLM_128) && !settings->allow_insecure_56bit)
        return failure_set(failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_POLICY,
                           "the peer does not offer 128-bit keys (option allow_insecure_56bit)");
    if (!(flags & NTLM_ESS) && !settings->allow_insecure_ntlmv1)
        return failure_set(failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_POLICY,
                           "the peer does not offer extended session security (option allow_insecure_ntlmv1)");
    return SEC_E_OK;
}

SECURITY_STATUS ntlm_flags_check_answer(uint32_t offered, uint32_t answered, struct failure *failure)
{
    const uint32_t added = answered & ~offered;
    const uint32_t stripped = offered & ~answered;
    const uint32_t strength = offered & NTLM_128 ? NTLM_128 : NTLM_56; /* 56 bits beside 128 mean nothing */
    const uint32_t charset = NTLM_UNICODE;                             /* wins over OEM where both are set */

    if ((added & NEVER_ADDED) || (ntlm_protects(offered) && (added & NTLM_128)))
        return failure_set(failure, SEC_E_INVALID_TOKEN, SSPI_REASON_FLAGS_ALTERED,
                           "the client's flags 0x%08x add to the 0x%08x that were offered", answered, offered);
    if (stripped & (PROTECTING | strength))
        return failure_set(failure, SEC_E_INVALID_TOKEN, SSPI_REASON_FLAGS_ALTERED,
                           "the client's flags 0x%08x lack protection of the 0x%08x that were agreed", answered,
                           offered);
    if ((offered & charset) != (answered & charset))
        return failure_set(failure, SEC_E_INVALID_TOKEN, SSPI_REASON_FLAGS_ALTERED,
                           "the client's flags 0x%08x change the character set", answered);
    return SEC_E_OK;
}

ULONG ntlm_flags_to_asc(uint32_t flags)
{
    ULONG attributes = ASC_RET_CONNECTION;

    if (ntlm_protects(flags))
        attributes |= ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT;
    if (flags & NTLM_SEAL)
        attributes |= ASC_RET_CONFIDENTIALITY;
    if (flags & NTLM_IDENTIFY)
        attributes |= ASC_RET_IDENTIFY;
    return attributes;
}

ULONG ntlm_flags_to_isc(uint32_t flags)
{
    ULONG attributes = ISC_RET_CONNECTION;

    if (ntlm_protects(flags))
        attributes |= ISC_RET_INTEGRITY | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT;
    if (flags & NTLM_SEAL)
        attributes |= ISC_RET_CONFIDENTIALITY;
    if (flags & NTLM_IDENTIFY)
        attributes |= ISC_RET_IDENTIFY;
    return attributes;
}
