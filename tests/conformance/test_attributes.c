/* QueryContextAttributes and QueryCredentialsAttributes of every package. */
#include "packages.h"

static struct exchange exchange;

Test(attributes, client_name)
{
    FOR_EACH_PACKAGE
    {
        SecPkgContext_DceInfo info;
        SecPkgContext_NamesA names;

        exchange_open(&exchange);
        assert_status(QueryContextAttributesA(&exchange.server, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
        cr_assert_str_eq(names.sUserName, package->client_name);
        assert_status(FreeContextBuffer(names.sUserName), SEC_E_OK);
        assert_status(QueryContextAttributesA(&exchange.server, SECPKG_ATTR_DCE_INFO, &info), SEC_E_OK);
        cr_assert_eq(info.AuthzSvc, RPC_C_AUTHZ_NAME);
        cr_assert_str_eq(info.pPac, package->client_name);
        assert_status(FreeContextBuffer(info.pPac), SEC_E_OK);
        exchange_end(&exchange);
    }
}

Test(attributes, both_sides_have_one_session_key)
{
    FOR_EACH_PACKAGE
    {
        SecPkgContext_SessionKey server, client, again;

        if (package->stream) /* keys are derived by a name: KEYING_MATERIAL */
            continue;
        exchange_open(&exchange);
        assert_status(QueryContextAttributesA(&exchange.server, SECPKG_ATTR_SESSION_KEY, &server), SEC_E_OK);
        assert_status(QueryContextAttributesW(&exchange.client, SECPKG_ATTR_SESSION_KEY, &client), SEC_E_OK);
        cr_assert_geq(server.SessionKeyLength, 16);
        cr_assert_eq(server.SessionKeyLength, client.SessionKeyLength);
        assert_mem_eq(server.SessionKey, client.SessionKey, server.SessionKeyLength);
        exchange_again(&exchange);
        assert_status(exchange_run(&exchange), SEC_E_OK);
        assert_status(QueryContextAttributesA(&exchange.server, SECPKG_ATTR_SESSION_KEY, &again), SEC_E_OK);
        cr_assert_neq(memcmp(server.SessionKey, again.SessionKey, server.SessionKeyLength), 0);
        FreeContextBuffer(server.SessionKey);
        FreeContextBuffer(client.SessionKey);
        FreeContextBuffer(again.SessionKey);
        exchange_end(&exchange);
    }
}

Test(attributes, sizes_bound_every_token)
{
    FOR_EACH_PACKAGE
    {
        SecPkgContext_Sizes sizes;
        ULONG largest = 0;

        exchange_begin(&exchange, CLIENT_GOOD);
        while (exchange_client(&exchange) >= 0 && exchange.server_legs < package->server_legs) {
            largest = exchange.token_size > largest ? exchange.token_size : largest;
            if (exchange_server(&exchange) != SEC_I_CONTINUE_NEEDED)
                break;
            largest = exchange.token_size > largest ? exchange.token_size : largest;
        }
        assert_status(exchange.server_status, SEC_E_OK);
        assert_status(QueryContextAttributesA(&exchange.server, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
        cr_assert_geq(sizes.cbMaxToken, largest);
        cr_assert_eq(sizes.cbMaxSignature > 0, package->signs);
        cr_assert_eq(sizes.cbSecurityTrailer > 0, package->seals || package->stream);
        exchange_end(&exchange);
    }
}

Test(attributes, package_at_work)
{
    FOR_EACH_PACKAGE
    {
        SecPkgContext_PackageInfoA info;
        SecPkgContext_NegotiationInfoA negotiation;

        exchange_open(&exchange);
        assert_status(QueryContextAttributesA(&exchange.server, SECPKG_ATTR_PACKAGE_INFO, &info), SEC_E_OK);
        cr_assert_gt(strlen(info.PackageInfo->Name), 0);
        assert_status(QueryContextAttributesA(&exchange.server, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation), SEC_E_OK);
        cr_assert_eq(negotiation.NegotiationState, SECPKG_NEGOTIATION_COMPLETE);
        cr_assert_str_eq(negotiation.PackageInfo->Name, info.PackageInfo->Name);
        FreeContextBuffer(info.PackageInfo);
        FreeContextBuffer(negotiation.PackageInfo);
        exchange_end(&exchange);
    }
}

/* Every number up to 140: answered or refused, never a crash, and what was allocated can be freed. */
Test(attributes, every_number_in_every_state)
{
    FOR_EACH_PACKAGE
    {
        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_until_last(&exchange);
        for (int established = 0; established < 2; established++) {
            for (ULONG attribute = 0; attribute < 140; attribute++) {
                void *room[128] = {0};
                SECURITY_STATUS status = QueryContextAttributesExW(&exchange.server, attribute, room, sizeof room);

                cr_assert(
                    status == SEC_E_OK || status == SEC_E_UNSUPPORTED_FUNCTION || status == SEC_E_INVALID_HANDLE
                    || (package->stream && status == SEC_E_OUT_OF_SEQUENCE) /* KEYING_MATERIAL before it was named */
                    || (attribute == SECPKG_ATTR_KEYING_MATERIAL_INPROC && status == SEC_E_INVALID_PARAMETER));
                for (size_t i = 0; i < 4; i++) /* refused where it is no pointer of the library's */
                    (void)FreeContextBuffer(room[i]);
            }
            if (!established)
                assert_status(exchange_server(&exchange), SEC_E_OK);
        }
        exchange_end(&exchange);
    }
}

Test(attributes, lifespan)
{
    FOR_EACH_PACKAGE
    {
        SecPkgContext_Lifespan lifespan;

        exchange_open(&exchange);
        assert_status(QueryContextAttributesA(&exchange.server, SECPKG_ATTR_LIFESPAN, &lifespan), SEC_E_OK);
        cr_assert_geq(lifespan.tsExpiry.QuadPart, lifespan.tsStart.QuadPart);
        exchange_end(&exchange);
    }
}

Test(attributes, target_that_the_client_named)
{
    FOR_EACH_PACKAGE
    {
        SecPkgContext_ClientSpecifiedTarget target;

        if (package->stream)
            continue;
        exchange_open(&exchange);
        assert_status(QueryContextAttributesA(&exchange.server, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target),
                      SEC_E_OK);
        for (size_t i = 0; i <= strlen(package->target); i++)
            cr_assert_eq(target.sTargetName[i], (SEC_WCHAR)package->target[i]);
        FreeContextBuffer(target.sTargetName);
        exchange_again(&exchange);
        exchange.client_flags |= ISC_REQ_UNVERIFIED_TARGET_NAME;
        assert_status(exchange_run(&exchange), SEC_E_OK);
        assert_status(QueryContextAttributesA(&exchange.server, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target),
                      SEC_E_OK);
        cr_assert_null(target.sTargetName);
        exchange_end(&exchange);
    }
}

Test(attributes, small_buffer_of_the_ex_form)
{
    FOR_EACH_PACKAGE
    {
        SecPkgContext_Sizes sizes;

        exchange_open(&exchange);
        for (ULONG size = 0; size < sizeof sizes; size++)
            assert_status(QueryContextAttributesExA(&exchange.server, SECPKG_ATTR_SIZES, &sizes, size),
                          SEC_E_BUFFER_TOO_SMALL);
        assert_status(QueryContextAttributesExA(&exchange.server, SECPKG_ATTR_SIZES, &sizes, sizeof sizes), SEC_E_OK);
        exchange_end(&exchange);
    }
}

Test(attributes, credential_name)
{
    FOR_EACH_PACKAGE
    {
        SecPkgCredentials_NamesA names;
        SECURITY_STATUS status;

        exchange_begin(&exchange, CLIENT_GOOD);
        status = QueryCredentialsAttributesA(&exchange.client_credential, SECPKG_CRED_ATTR_NAMES, &names);
        if (status != SEC_E_UNSUPPORTED_FUNCTION) {
            assert_status(status, SEC_E_OK);
            cr_assert_gt(strlen(names.sUserName), 0);
            FreeContextBuffer(names.sUserName);
        }
        exchange_end(&exchange);
    }
}
