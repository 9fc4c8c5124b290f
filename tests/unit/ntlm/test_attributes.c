/*
 * attributes.c and the table of provider.c: what queries answer, and the operator's sentence.
 */
#include "support_forge.h"

static struct rig rig;

static void open_rig(void)
{
    rig_open(&rig);
    rig.client.target = "HTTP/server";
}

static void close_rig(void)
{
    rig_close(&rig);
}

static SECURITY_STATUS query(struct context *context, ULONG attribute, struct attribute_value *value)
{
    *value = (struct attribute_value){0};
    return ntlm_provider.query(context, attribute, value);
}

Test(ntlm_attributes, of_the_server, .init = open_rig, .fini = close_rig)
{
    struct attribute_value value;

    rig_run(&rig);
    assert_status(query(rig.server.context, SECPKG_ATTR_SIZES, &value), SEC_E_OK);
    cr_assert_eq(value.sizes.max_token, ntlm_provider.max_token);
    cr_assert_eq(value.sizes.max_signature, 16);
    cr_assert_eq(value.sizes.security_trailer, 16);
    cr_assert_eq(value.sizes.block_size, 1);
    assert_status(query(rig.server.context, SECPKG_ATTR_NATIVE_NAMES, &value), SEC_E_OK);
    cr_assert_str_eq(value.native_names.client, "Domain\\User");
    cr_assert_str_eq(value.native_names.server, "HTTP/server");
    assert_status(query(rig.server.context, SECPKG_ATTR_AUTHORITY, &value), SEC_E_OK);
    cr_assert_str_eq(value.text, "Domain");
    assert_status(query(rig.server.context, SECPKG_ATTR_TARGET, &value), SEC_E_OK);
    cr_assert_str_eq(value.text, "HTTP/server");
    assert_status(query(rig.server.context, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &value), SEC_E_OK);
    cr_assert_str_eq(value.text, "HTTP/server");
    assert_status(query(rig.server.context, SECPKG_ATTR_SESSION_KEY, &value), SEC_E_OK);
    cr_assert_eq(value.blob.size, 16);
    assert_mem_eq(value.blob.data, rig_client_context(&rig)->session_key, 16);
    assert_status(query(rig.server.context, SECPKG_ATTR_KEY_INFO, &value), SEC_E_OK);
    cr_assert_str_eq(value.key_info.sign, "HMAC-MD5");
    cr_assert_str_eq(value.key_info.encrypt, "RC4");
    cr_assert_eq(value.key_info.bits, 128);
    assert_status(query(rig.server.context, SECPKG_ATTR_LIFESPAN, &value), SEC_E_OK);
    cr_assert_eq(value.lifespan.start, clock_now());
    cr_assert_eq(value.lifespan.expiry, CLOCK_FOREVER);
    assert_status(query(rig.server.context, SECPKG_ATTR_PASSWORD_EXPIRY, &value), SEC_E_OK);
    cr_assert_eq(value.time, CLOCK_FOREVER);
    assert_status(query(rig.server.context, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &value), SEC_E_OK);
    cr_assert_eq(value.number, SecPkgAttrLastClientTokenYes);
}

Test(ntlm_attributes, of_the_client, .init = open_rig, .fini = close_rig)
{
    struct attribute_value value;

    rig_run(&rig);
    assert_status(query(rig.client.context, SECPKG_ATTR_TARGET, &value), SEC_E_OK);
    cr_assert_str_eq(value.text, "HTTP/server");
    assert_status(query(rig.client.context, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &value), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(query(rig.client.context, SECPKG_ATTR_AUTHORITY, &value), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(query(rig.client.context, SECPKG_ATTR_STREAM_SIZES, &value), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(query(rig.client.context, SECPKG_ATTR_ACCESS_TOKEN, &value), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(query(rig.client.context, 0xffff, &value), SEC_E_UNSUPPORTED_FUNCTION);
}

/* Half a handshake gives sizes, and nothing that looks like an identity or a key. */
Test(ntlm_attributes, half_way, .init = open_rig, .fini = close_rig)
{
    struct attribute_value value;

    rig_run_to_authenticate(&rig);
    assert_status(query(rig.server.context, SECPKG_ATTR_SIZES, &value), SEC_E_OK);
    for (ULONG attribute = 1; attribute < 256; attribute++)
        assert_status(query(rig.server.context, attribute, &value), SEC_E_UNSUPPORTED_FUNCTION);
}

Test(ntlm_attributes, without_protection, .init = open_rig, .fini = close_rig)
{
    struct attribute_value value;
    char text[200];

    rig.client.requested = 0;
    rig_run(&rig);
    assert_status(query(rig.server.context, SECPKG_ATTR_SIZES, &value), SEC_E_OK);
    cr_assert_eq(value.sizes.max_signature, 0);
    cr_assert_eq(value.sizes.security_trailer, 0);
    assert_status(query(rig.server.context, SECPKG_ATTR_KEY_INFO, &value), SEC_E_UNSUPPORTED_FUNCTION);
    ntlm_provider.describe(rig.server.context, text, sizeof text);
    cr_assert_str_eq(text, "Domain\\User by NTLMv2 with MIC, no message protection");
}

Test(ntlm_attributes, of_nobody, .init = open_rig, .fini = close_rig)
{
    struct attribute_value value;
    char text[200];

    rig.client.requested |= ISC_REQ_NULL_SESSION;
    rig.server.requested = ASC_REQ_ALLOW_NULL_SESSION;
    rig.server.credential->settings.allow_anonymous = true;
    rig_run(&rig);
    assert_status(rig.done.status, SEC_E_OK);
    assert_status(query(rig.server.context, SECPKG_ATTR_SESSION_KEY, &value), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(query(rig.client.context, SECPKG_ATTR_SESSION_KEY, &value), SEC_E_UNSUPPORTED_FUNCTION);
    ntlm_provider.describe(rig.server.context, text, sizeof text);
    cr_assert_not_null(strstr(text, "anonymous"));
}

Test(ntlm_attributes, described, .init = open_rig, .fini = close_rig)
{
    char text[200];

    rig_run(&rig);
    ntlm_provider.describe(rig.server.context, text, sizeof text);
    cr_assert_str_eq(text, "Domain\\User by NTLMv2 with MIC, signing and sealing with 128-bit keys");
    forge_login(&rig, FORGE_PLAIN | NTLM_SIGN | NTLM_128, &(struct forge){0});
    ntlm_provider.describe(rig.server.context, text, sizeof text);
    cr_assert_str_eq(text, "Domain\\User by NTLMv2 without MIC, signing with 128-bit keys");
}

Test(ntlm_attributes, package, .init = open_rig, .fini = close_rig)
{
    struct failure failure = {0};
    const char *name = NULL;

    cr_assert_str_eq(ntlm_provider.name, "NTLM");
    cr_assert_eq(ntlm_provider.rpc_id, 10);
    cr_assert(ntlm_provider.available(&failure));
    assert_status(ntlm_provider.query_credential_name(rig.client.credential, &name), SEC_E_OK);
    cr_assert_str_eq(name, "Domain\\User");
    assert_status(ntlm_provider.query_credential_name(rig.server.credential, &name), SEC_E_NO_CREDENTIALS);
}
