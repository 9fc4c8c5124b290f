/*
 * Negotiate flags: offered, stripped, added, and what the caller is told of them.
 */
#include "support_forge.h"

static struct rig rig;

static void open_rig(void)
{
    rig_open(&rig);
}

static void close_rig(void)
{
    rig_close(&rig);
}

/* Flags whose change in AUTHENTICATE means nothing to a session; without a MIC nothing covers them. */
#define MEANINGLESS                                                                                                    \
    (NTLM_OEM | NTLM_REQUEST_TARGET | 0x8u | NTLM_NTLM | 0x100u | 0x400u | NTLM_ANONYMOUS | NTLM_OEM_DOMAIN_SUPPLIED   \
     | NTLM_OEM_WORKSTATION_SUPPLIED | 0x4000u | NTLM_ALWAYS_SIGN | NTLM_TARGET_TYPE_DOMAIN | NTLM_TARGET_TYPE_SERVER  \
     | 0x40000u | NTLM_IDENTIFY | 0x200000u | NTLM_TARGET_INFO | 0x01000000u | NTLM_VERSION | 0x04000000u              \
     | 0x08000000u | 0x10000000u | NTLM_56)

Test(ntlm_flags, offer)
{
    const uint32_t always = NTLM_REQUEST_TARGET | NTLM_NTLM | NTLM_ALWAYS_SIGN | NTLM_TARGET_INFO;

    cr_assert_eq(ntlm_flags_offer(NTLM_OEM), always | NTLM_OEM);
    cr_assert_eq(ntlm_flags_offer(0xffffffff & ~NTLM_DATAGRAM), always | NTLM_UNICODE | NTLM_SIGN | NTLM_SEAL | NTLM_ESS
                                                                    | NTLM_IDENTIFY | NTLM_VERSION | NTLM_128 | NTLM_56
                                                                    | NTLM_KEY_EXCH);
    cr_assert_eq(ntlm_flags_offer(NTLM_UNICODE | NTLM_128 | NTLM_56 | NTLM_KEY_EXCH), always | NTLM_UNICODE,
                 "keys without use are not offered");
    cr_assert_eq(ntlm_flags_offer(0xe2088297) | NTLM_TARGET_TYPE_DOMAIN, 0xe2898215, "as the sample exchange");
}

static SECURITY_STATUS flipped(uint32_t negotiate, uint32_t bit)
{
    const uint32_t offered = ntlm_flags_offer(negotiate);

    forge_login(&rig, negotiate,
                offered & bit ? &(struct forge){.flags_removed = bit} : &(struct forge){.flags_added = bit});
    return rig.done.status;
}

/* No MIC: the flags travel bare. Flipping any that matters is refused, flipping another changes nothing. */
Test(ntlm_flags, every_flag_flipped_without_mic, .init = open_rig, .fini = close_rig)
{
    for (uint32_t bit = 1; bit; bit <<= 1) {
        const SECURITY_STATUS status = flipped(FORGE_STRONG, bit);

        if (bit & MEANINGLESS) {
            cr_assert_eq(status, SEC_E_OK, "flag 0x%08x", bit);
            cr_assert_eq(rig.done.attributes, ntlm_flags_to_asc(FORGE_STRONG), "flag 0x%08x", bit);
            continue;
        }
        cr_assert_eq(status, SEC_E_INVALID_TOKEN, "flag 0x%08x: 0x%08x", bit, (unsigned)status);
        cr_assert_eq(rig.done.failure.reason, SSPI_REASON_FLAGS_ALTERED, "flag 0x%08x", bit);
    }
}

Test(ntlm_flags, every_flag_flipped_for_a_plain_client, .init = open_rig, .fini = close_rig)
{
    for (uint32_t bit = 1; bit; bit <<= 1) {
        const SECURITY_STATUS status = flipped(FORGE_PLAIN, bit);
        /* 128-bit keys that nothing uses may be named or not. */
        const bool harmless = (bit & (MEANINGLESS | NTLM_128)) != 0;

        cr_assert_eq(status, harmless ? SEC_E_OK : SEC_E_INVALID_TOKEN, "flag 0x%08x: 0x%08x", bit, (unsigned)status);
        if (harmless)
            cr_assert_eq(rig.done.attributes, ASC_RET_CONNECTION, "flag 0x%08x", bit);
    }
}

/* Where less than 128 bits are allowed, nobody may pretend to more than was offered, or make it less. */
Test(ntlm_flags, weak_keys_stay_as_agreed, .init = open_rig, .fini = close_rig)
{
    const uint32_t weak = (FORGE_STRONG & ~NTLM_128) | NTLM_56;

    rig.server.credential->settings.allow_insecure_56bit = true;
    assert_status(flipped(weak, 0), SEC_E_OK);
    assert_status(flipped(weak, NTLM_128), SEC_E_INVALID_TOKEN);
    assert_status(flipped(FORGE_STRONG, NTLM_128), SEC_E_INVALID_TOKEN);
    assert_status(flipped(weak, NTLM_56), SEC_E_INVALID_TOKEN);
}

/* With a MIC none can be changed at all. */
Test(ntlm_flags, every_flag_flipped_with_mic, .init = open_rig, .fini = close_rig)
{
    for (uint32_t bit = 1; bit; bit <<= 1) {
        rig_reset(&rig);
        rig_run_to_authenticate(&rig);
        rig_put_u32(rig.authenticate.token + 60, rig_u32(rig.authenticate.token + 60) ^ bit);
        rig_finish(&rig, rig_token(&rig.authenticate));
        cr_assert(rig.done.status < 0, "flag 0x%08x", bit);
    }
}

/* What the client asked for in NEGOTIATE, whatever the server asked: and nothing else. */
Test(ntlm_flags, server_is_told_what_the_client_wanted, .init = open_rig, .fini = close_rig)
{
    const ULONG integrity = ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT;
    const struct {
        ULONG client, server, told;
    } rows[] = {
        {0, ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY, 0},
        {ISC_REQ_CONNECTION, ASC_REQ_CONNECTION, 0},
        {ISC_REQ_INTEGRITY, ASC_REQ_CONFIDENTIALITY, integrity},
        {ISC_REQ_REPLAY_DETECT, 0, integrity},
        {ISC_REQ_SEQUENCE_DETECT, 0, integrity},
        {ISC_REQ_CONFIDENTIALITY, 0, integrity | ASC_RET_CONFIDENTIALITY},
        {ISC_REQ_IDENTIFY, 0, ASC_RET_IDENTIFY},
        {ISC_REQ_INTEGRITY | ISC_REQ_NO_INTEGRITY, 0, 0},
        {ISC_REQ_MUTUAL_AUTH | ISC_REQ_DELEGATE | ISC_REQ_EXTENDED_ERROR | ISC_REQ_STREAM,
         ASC_REQ_MUTUAL_AUTH | ASC_REQ_DELEGATE | ASC_REQ_EXTENDED_ERROR | ASC_REQ_STREAM, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rig_reset(&rig);
        rig.client.requested = rows[i].client;
        rig.server.requested = rows[i].server;
        rig_run(&rig);
        assert_status(rig.done.status, SEC_E_OK);
        cr_assert_eq(rig.done.attributes, rows[i].told | ASC_RET_CONNECTION, "row %zu: 0x%x", i, rig.done.attributes);
    }
}

Test(ntlm_flags, client_is_told_the_same, .init = open_rig, .fini = close_rig)
{
    const ULONG integrity = ISC_RET_INTEGRITY | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT;

    cr_assert_eq(ntlm_flags_to_isc(0), ISC_RET_CONNECTION);
    cr_assert_eq(ntlm_flags_to_isc(NTLM_SIGN), ISC_RET_CONNECTION | integrity);
    cr_assert_eq(ntlm_flags_to_isc(NTLM_SEAL | NTLM_IDENTIFY),
                 ISC_RET_CONNECTION | integrity | ISC_RET_CONFIDENTIALITY | ISC_RET_IDENTIFY);
}
