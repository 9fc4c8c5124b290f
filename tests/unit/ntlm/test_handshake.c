/*
 * Whole exchanges between our initiator and our acceptor, from context.c to seal.c: what succeeds, and what each end
 * then says.
 */
#include "support_ntlm.h"

static struct rig rig;

static void open_rig(void)
{
    rig_open(&rig);
}

static void close_rig(void)
{
    rig_close(&rig);
}

static const char *name_of(struct context *context)
{
    struct attribute_value value = {0};

    assert_status(ntlm_provider.query(context, SECPKG_ATTR_NAMES, &value), SEC_E_OK);
    return value.text;
}

Test(ntlm_handshake, logs_in, .init = open_rig, .fini = close_rig)
{
    const ULONG protected_server = ASC_RET_CONFIDENTIALITY | ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT
                                   | ASC_RET_SEQUENCE_DETECT | ASC_RET_CONNECTION;
    const ULONG protected_client = ISC_RET_CONFIDENTIALITY | ISC_RET_INTEGRITY | ISC_RET_REPLAY_DETECT
                                   | ISC_RET_SEQUENCE_DETECT | ISC_RET_CONNECTION;

    rig_run(&rig);
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert_eq(rig.done.attributes, protected_server);
    cr_assert_eq(rig.authenticate.attributes, protected_client);
    cr_assert_eq(rig.done.expiry, CLOCK_FOREVER);
    cr_assert_str_eq(rig.done.login.client, "Domain\\User");
    cr_assert_str_eq(rig.done.login.workstation, "Server");
    cr_assert_str_eq(name_of(rig.server.context), "Domain\\User");
    cr_assert_str_eq(name_of(rig.client.context), "Domain\\User");
    assert_mem_eq(rig_server_context(&rig)->session_key, rig_client_context(&rig)->session_key, 16);
    cr_assert(rig_server_context(&rig)->mic_verified);
    cr_assert_eq(rig_store(&rig)->successes, 1);
    cr_assert_eq(rig_store(&rig)->failures, 0);
}

Test(ntlm_handshake, seals_both_ways, .init = open_rig, .fini = close_rig)
{
    uint8_t text[] = "hello", copy[] = "hello", signature[16];

    rig_run(&rig);
    assert_status(rig.done.status, SEC_E_OK);
    for (int i = 0; i < 4; i++) {
        struct context *from = i % 2 ? rig.server.context : rig.client.context;
        struct context *to = i % 2 ? rig.client.context : rig.server.context;

        assert_status(rig_seal(from, text, sizeof text, signature), SEC_E_OK);
        cr_assert(memcmp(text, copy, sizeof text) != 0);
        assert_status(rig_unseal(to, text, sizeof text, signature), SEC_E_OK);
        assert_mem_eq(text, copy, sizeof text);
    }
}
