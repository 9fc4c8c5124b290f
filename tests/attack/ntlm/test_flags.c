/*
 * Protection talked away: flags stripped, added or changed by the client or on the way.
 */
#include "forge.h"

static struct loopback loop;
static struct forge forge;

static void up(void)
{
    loopback_open(&loop);
    forge = forge_good();
    /* Without a MIC nothing but the comparison of flags stands between an attacker and a weaker session. */
    forge.mic = MIC_NONE;
}

static void down(void)
{
    loopback_close(&loop);
}

static void stripped(uint32_t flag)
{
    forge.strip_flags = flag;
    forge_until_authenticate(&forge, &loop);
    loopback_refused(&loop, SEC_E_INVALID_TOKEN, SSPI_REASON_FLAGS_ALTERED);
}

Test(flags, sign_stripped, .init = up, .fini = down)
{
    stripped(FLAG_SIGN);
}

Test(flags, seal_stripped, .init = up, .fini = down)
{
    stripped(FLAG_SEAL);
}

Test(flags, key_exchange_stripped, .init = up, .fini = down)
{
    stripped(FLAG_KEY_EXCH);
}

Test(flags, strong_keys_stripped, .init = up, .fini = down)
{
    stripped(FLAG_128);
}

Test(flags, extended_session_security_stripped, .init = up, .fini = down)
{
    stripped(FLAG_ESS);
}

Test(flags, charset_changed, .init = up, .fini = down)
{
    forge.strip_flags = FLAG_UNICODE;
    forge.add_flags = FLAG_OEM;
    forge_until_authenticate(&forge, &loop);
    loopback_refused(&loop, SEC_E_INVALID_TOKEN, SSPI_REASON_FLAGS_ALTERED);
}

static void added(uint32_t flag)
{
    forge.add_flags = flag;
    forge_until_authenticate(&forge, &loop);
    loopback_refused(&loop, SEC_E_INVALID_TOKEN, SSPI_REASON_FLAGS_ALTERED);
}

Test(flags, lm_key_added, .init = up, .fini = down)
{
    added(FLAG_LM_KEY);
}

Test(flags, non_nt_session_key_added, .init = up, .fini = down)
{
    added(FLAG_NON_NT_SESSION_KEY);
}

Test(flags, datagram_added, .init = up, .fini = down)
{
    added(FLAG_DATAGRAM);
}

Test(flags, signing_added, .init = up, .fini = down)
{
    forge.negotiate_flags &= ~(FLAG_SIGN | FLAG_SEAL);
    added(FLAG_SIGN);
}

/* Whatever bit an answer changes: refused, or without any effect on what was agreed. */
Test(flags, every_flag_of_authenticate_flipped, .init = up, .fini = down)
{
    unsigned refused = 0;
    ULONG agreed;

    forge_until_authenticate(&forge, &loop);
    loopback_accepted(&loop, "EXAMPLE\\alice");
    agreed = loop.server_attributes;
    for (unsigned bit = 0; bit < 32; bit++) {
        SecPkgContext_KeyInfoA info = {0};

        loopback_again(&loop);
        forge_until_authenticate(&forge, &loop);
        u32_put(&loop.authenticate, AT_FLAGS, u32_at(&loop.authenticate, AT_FLAGS) ^ 1u << bit);
        if (loopback_finish(&loop) < 0) {
            refused++;
            continue;
        }
        cr_assert_eq(loop.server_attributes, agreed, "bit %u changed what was agreed", bit);
        assert_status(QueryContextAttributesA(&loop.server, SECPKG_ATTR_KEY_INFO, &info), SEC_E_OK);
        cr_assert_eq(info.KeySize, 128u, "bit %u weakened the key to %u bits", bit, (unsigned)info.KeySize);
        FreeContextBuffer(info.sSignatureAlgorithmName);
        FreeContextBuffer(info.sEncryptAlgorithmName);
    }
    cr_assert_geq(refused, 9u, "%u refused", refused);
}

static void refused_at_once(ULONG reason)
{
    forge_negotiate(&forge, &loop.negotiate);
    loopback_refused_at_once(&loop, SEC_E_UNSUPPORTED_FUNCTION, reason);
}

/* A client that never offers them, or a man in the middle who takes them out of NEGOTIATE. */
Test(flags, weak_keys_only, .init = up, .fini = down)
{
    forge.negotiate_flags &= ~FLAG_128;
    refused_at_once(SSPI_REASON_POLICY);
}

Test(flags, no_extended_session_security, .init = up, .fini = down)
{
    forge.negotiate_flags &= ~FLAG_ESS;
    refused_at_once(SSPI_REASON_POLICY);
}

Test(flags, datagram_style, .init = up, .fini = down)
{
    forge.negotiate_flags |= FLAG_DATAGRAM;
    refused_at_once(SSPI_REASON_UNSUPPORTED);
}

Test(flags, no_charset, .init = up, .fini = down)
{
    forge.negotiate_flags &= ~FLAG_UNICODE;
    forge_negotiate(&forge, &loop.negotiate);
    loopback_refused_at_once(&loop, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
}

/* On the way to our client: it asked for protection and must not go on without. */
Test(flags, stripped_from_challenge_before_our_client, .init = up, .fini = down)
{
    const uint32_t protections[] = {FLAG_SIGN, FLAG_SEAL, FLAG_ESS, FLAG_128, FLAG_KEY_EXCH};

    for (size_t i = 0; i < sizeof protections / sizeof protections[0]; i++) {
        assert_status(loopback_negotiate(&loop), SEC_I_CONTINUE_NEEDED);
        assert_status(loopback_challenge(&loop), SEC_I_CONTINUE_NEEDED);
        u32_put(&loop.challenge, 20, u32_at(&loop.challenge, 20) & ~protections[i]);
        if (loopback_authenticate(&loop) >= 0)
            cr_assert(loopback_finish(&loop) < 0, "protection 0x%08x stripped unnoticed", (unsigned)protections[i]);
        loopback_again(&loop);
    }
}
