/*
 * The exchange altered on the way: by somebody in the middle who knows no key, and by a client that leaves protection
 * out.
 */
#include "forge.h"

static struct loopback loop;
static struct forge forge;

static void up(void)
{
    loopback_open(&loop);
    forge = forge_good();
}

static void down(void)
{
    loopback_close(&loop);
}

/* The forger's client is a good one: or no refusal below would mean anything. */
Test(mic, forged_client_with_everything_right_is_accepted, .init = up, .fini = down)
{
    SecPkgContext_SessionKey key = {0};

    forge_until_authenticate(&forge, &loop);
    loopback_accepted(&loop, "EXAMPLE\\alice");
    assert_status(QueryContextAttributesA(&loop.server, SECPKG_ATTR_SESSION_KEY, &key), SEC_E_OK);
    cr_assert_eq(key.SessionKeyLength, 16u);
    assert_mem_eq(key.SessionKey, forge.session_key, 16);
    assert_status(FreeContextBuffer(key.SessionKey), SEC_E_OK);
}

Test(mic, removed_while_announced, .init = up, .fini = down)
{
    forge.mic = MIC_ANNOUNCED_ONLY;
    forge_until_authenticate(&forge, &loop);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_MIC_WRONG);
}

Test(mic, of_zeroes, .init = up, .fini = down)
{
    forge.mic = MIC_ZERO;
    forge_until_authenticate(&forge, &loop);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_MIC_WRONG);
}

/* The man in the middle takes the MIC and its announcement out: the proof of the password covers the announcement. */
Test(mic, removed_with_its_flag, .init = up, .fini = down)
{
    uint8_t *flags;

    loopback_until_authenticate(&loop);
    flags = av_in_authenticate(&loop.authenticate, AV_FLAGS);
    cr_assert_not_null(flags);
    cr_assert(flags[0] & AV_FLAG_MIC);
    flags[0] = (uint8_t)(flags[0] & ~AV_FLAG_MIC);
    memset(loop.authenticate.data + AT_MIC, 0, MIC_SIZE);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
}

Test(mic, absent_is_refused_by_strict_policy_only, .init = up, .fini = down)
{
    forge.mic = MIC_NONE;
    forge_until_authenticate(&forge, &loop);
    loopback_accepted(&loop, "EXAMPLE\\alice");
    loopback_close(&loop);
    loopback_open(&loop);
    loopback_option(&loop, "ntlm_policy", "strict");
    forge_until_authenticate(&forge, &loop);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_MIC_MISSING);
}

static void wrong_password(enum forge_mic mic)
{
    forge.password = "Passw0rd?";
    forge.mic = mic;
    forge_until_authenticate(&forge, &loop);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
}

Test(mic, wrong_password_with_mic, .init = up, .fini = down)
{
    wrong_password(MIC_GOOD);
}

Test(mic, wrong_password_with_mic_bit_cleared, .init = up, .fini = down)
{
    wrong_password(MIC_NONE);
}

Test(mic, wrong_password_with_mic_announced_and_absent, .init = up, .fini = down)
{
    wrong_password(MIC_ANNOUNCED_ONLY);
}

/* Every bit of the MIC counts. */
Test(mic, every_bit_flipped, .init = up, .fini = down)
{
    for (unsigned bit = 0; bit < 8 * MIC_SIZE; bit++) {
        loopback_until_authenticate(&loop);
        loop.authenticate.data[AT_MIC + bit / 8] ^= (uint8_t)(1u << bit % 8);
        loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_MIC_WRONG);
        loopback_again(&loop);
    }
}

/* Every byte of AUTHENTICATE counts, whatever it means. */
Test(mic, every_byte_of_authenticate_altered, .init = up, .fini = down)
{
    size_t size = 1;

    for (size_t at = 0; at < size; at++) {
        loopback_until_authenticate(&loop);
        size = loop.authenticate.size;
        loop.authenticate.data[at] ^= (uint8_t)(1u << at % 8);
        cr_assert(loopback_finish(&loop) < 0, "byte %zu of AUTHENTICATE altered unnoticed", at);
        cr_assert_eq(loop.seen.count, 1u);
        loopback_again(&loop);
    }
    cr_assert_gt(size, (size_t)200);
}

/* The server sees another NEGOTIATE than the client sent. */
Test(mic, every_byte_of_negotiate_altered, .init = up, .fini = down)
{
    size_t size = 1;

    for (size_t at = 0; at < size; at++) {
        assert_status(loopback_negotiate(&loop), SEC_I_CONTINUE_NEEDED);
        size = loop.negotiate.size;
        loop.negotiate.data[at] ^= (uint8_t)(1u << at % 8);
        if (loopback_challenge(&loop) >= 0 && loopback_authenticate(&loop) >= 0)
            cr_assert(loopback_finish(&loop) < 0, "byte %zu of NEGOTIATE altered unnoticed", at);
        loopback_again(&loop);
    }
    cr_assert_geq(size, (size_t)32);
}

/* The client sees another CHALLENGE than the server sent. */
Test(mic, every_byte_of_challenge_altered, .init = up, .fini = down)
{
    size_t size = 1;

    for (size_t at = 0; at < size; at++) {
        assert_status(loopback_negotiate(&loop), SEC_I_CONTINUE_NEEDED);
        assert_status(loopback_challenge(&loop), SEC_I_CONTINUE_NEEDED);
        size = loop.challenge.size;
        loop.challenge.data[at] ^= (uint8_t)(1u << at % 8);
        if (loopback_authenticate(&loop) >= 0)
            cr_assert(loopback_finish(&loop) < 0, "byte %zu of CHALLENGE altered unnoticed", at);
        loopback_again(&loop);
    }
    cr_assert_gt(size, (size_t)56);
}

/* Bytes behind the last field are part of what the MIC covers. */
Test(mic, trailing_bytes, .init = up, .fini = down)
{
    loopback_until_authenticate(&loop);
    loop.authenticate.data[loop.authenticate.size++] = 0;
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_MIC_WRONG);
}
