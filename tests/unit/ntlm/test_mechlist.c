/*
 * mechlist.c: the MIC that Negotiate makes over its list of mechanisms, and the key stream given back.
 */
#include "support_pair.h"
#include "vectors.h"

static void mech_mic(const char *list_hex, struct ntlm_context *from, struct ntlm_context *to, const char *mic)
{
    struct ntlm_seal_state sending, receiving;
    uint8_t list[64], signature[16];
    const size_t size = test_hex(list_hex, list, sizeof list);

    assert_status(ntlm_seal_snapshot(from, &sending), SEC_E_OK);
    assert_status(ntlm_seal_snapshot(to, &receiving), SEC_E_OK);
    assert_status(rig_sign(&from->base, list, size, signature), SEC_E_OK);
    is_hex(signature, mic);
    assert_status(rig_check(&to->base, list, size, signature), SEC_E_OK);
    ntlm_seal_restore(from, &sending);
    ntlm_seal_restore(to, &receiving);
}

Test(ntlm_mechlist, mech_list_mic_gives_the_stream_back, .init = strong, .fini = pair_close)
{
    uint8_t text[18], signature[16];

    mech_mic(X_MECH_LIST, client, server, X_MECH_MIC_C);
    mech_mic(X_MECH_LIST, server, client, X_MECH_MIC_S);
    plaintext(text);
    assert_status(rig_sign(&client->base, text, sizeof text, signature), SEC_E_OK);
    is_hex(signature, X_SIGNED_AFTER_MECH_MIC);
    assert_status(rig_check(&server->base, text, sizeof text, signature), SEC_E_OK);
}

/* The same through the package's table, on streams that are already in use. */
Test(ntlm_mechlist, mech_list_mic_of_the_package, .init = strong, .fini = pair_close)
{
    uint8_t list[64], text[18], signature[16];
    SecBuffer buffers[2] = {{16, SECBUFFER_TOKEN, signature}, {0, SECBUFFER_DATA, list}};
    struct message message = {.buffers = buffers, .count = 2};

    seals_to(client, V2_SEALED, V2_SIGNATURE);
    unseals_from(server, V2_SEALED, V2_SIGNATURE);
    buffers[1].cbBuffer = (ULONG)test_hex(X_MECH_LIST, list, sizeof list);
    assert_status(ntlm_provider.mechlist_mic(&client->base, &message, true), SEC_E_OK);
    assert_status(ntlm_provider.mechlist_mic(&server->base, &message, false), SEC_E_OK);
    plaintext(text);
    assert_status(rig_seal(&client->base, text, sizeof text, signature), SEC_E_OK);
    is_hex(text, X_SEALED_SECOND);
    cr_assert_eq(rig_u32(signature + 12), 2);
    assert_status(rig_unseal(&server->base, text, sizeof text, signature), SEC_E_OK);
    for (struct ntlm_context *context = client; context; context = context == client ? server : NULL) {
        assert_status(rig_sign(&client->base, list, 1, signature), SEC_E_OK);
        assert_status(rig_check(&server->base, list, 1, signature), SEC_E_OK);
        memory_fail_at(1);
        assert_status(ntlm_provider.mechlist_mic(&context->base, &message, context == client),
                      SEC_E_INSUFFICIENT_MEMORY);
        memory_fail_at(0);
    }
    list[0] ^= 1;
    assert_status(ntlm_provider.mechlist_mic(&client->base, &message, true), SEC_E_OK);
    list[0] ^= 1;
    assert_status(ntlm_provider.mechlist_mic(&server->base, &message, false), SEC_E_MESSAGE_ALTERED);
    cr_assert_not(ntlm_provider.mechlist_mic_due(&client->base));
    client->mic_verified = true;
    cr_assert(ntlm_provider.mechlist_mic_due(&client->base));
}

Test(ntlm_mechlist, mech_list_mic_of_two_mechanisms, .init = strong, .fini = pair_close)
{
    mech_mic(X_MECH_LIST_LONG, client, server, X_MECH_MIC_LONG_C);
    mech_mic(X_MECH_LIST_LONG, server, client, X_MECH_MIC_LONG_S);
}

/* On streams that nothing went through yet: published MICs, and afterwards the streams are at their start. */
Test(ntlm_mechlist, first_mics_of_fresh_streams, .init = strong, .fini = pair_close)
{
    uint8_t list[64], text[18], signature[16];
    SecBuffer buffers[2] = {{16, SECBUFFER_TOKEN, signature}, {0, SECBUFFER_DATA, list}};
    struct message message = {.buffers = buffers, .count = 2};
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;

    buffers[1].cbBuffer = (ULONG)test_hex(X_MECH_LIST, list, sizeof list);
    for (size_t fail = 1; status == SEC_E_INSUFFICIENT_MEMORY; fail++) {
        cr_assert_lt(fail, 10);
        memory_fail_at(fail);
        status = ntlm_provider.mechlist_mic(&client->base, &message, true);
        memory_fail_at(0);
    }
    assert_status(status, SEC_E_OK);
    is_hex(signature, X_MECH_MIC_C);
    assert_status(ntlm_provider.mechlist_mic(&server->base, &message, false), SEC_E_OK);
    assert_status(ntlm_provider.mechlist_mic(&server->base, &message, true), SEC_E_OK);
    is_hex(signature, X_MECH_MIC_S);
    cr_assert(!server->sending.rc4 && !server->receiving.rc4);
    signature[7] ^= 1;
    assert_status(ntlm_provider.mechlist_mic(&client->base, &message, false), SEC_E_MESSAGE_ALTERED);
    cr_assert(client->receiving.closed);
    plaintext(text);
    assert_status(rig_sign(&client->base, text, sizeof text, signature), SEC_E_OK);
    is_hex(signature, X_SIGNED_AFTER_MECH_MIC);
    assert_status(rig_check(&server->base, text, sizeof text, signature), SEC_E_OK);
}
