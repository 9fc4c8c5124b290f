/* The sequence of calls, credentials and context handles: parts A, C, D and M of the checklist. */
#include "packages.h"

static struct exchange exchange;

Test(handshake, loopback)
{
    FOR_EACH_PACKAGE
    {
        exchange_open(&exchange);
        cr_assert_eq(exchange.server_legs, package->server_legs);
        exchange_end(&exchange);
    }
}

Test(handshake, reachable_by_name_and_described)
{
    FOR_EACH_PACKAGE
    {
        PSecPkgInfoA info, all;
        ULONG count = 0;
        bool listed = false;

        assert_status(QuerySecurityPackageInfoA((SEC_CHAR *)package->name, &info), SEC_E_OK);
        cr_assert_str_eq(info->Name, package->name);
        cr_assert_eq(info->wRPCID, package->rpc_id);
        cr_assert_eq(info->wVersion, 1);
        cr_assert_gt(info->cbMaxToken, 0);
        cr_assert_eq((info->fCapabilities & SECPKG_FLAG_INTEGRITY) != 0, package->signs || package->stream);
        cr_assert_eq((info->fCapabilities & SECPKG_FLAG_PRIVACY) != 0, package->seals || package->stream);
        cr_assert_eq((info->fCapabilities & SECPKG_FLAG_STREAM) != 0, package->stream);
        assert_status(EnumerateSecurityPackagesA(&count, &all), SEC_E_OK);
        for (ULONG i = 0; i < count; i++)
            listed = listed || strcmp(all[i].Name, package->name) == 0;
        cr_assert(listed);
        FreeContextBuffer(info);
        FreeContextBuffer(all);
    }
}

Test(handshake, several_legs)
{
    FOR_EACH_PACKAGE
    {
        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_until_last(&exchange);
        assert_status(exchange_server(&exchange), SEC_E_OK);
        cr_assert_eq(exchange.server_legs, package->server_legs);
        cr_assert(!package->last_leg_is_empty || exchange.token_size == 0);
        exchange_end(&exchange);
    }
}

/* ---- Credentials ---- */

Test(credentials, of_another_origin)
{
    FOR_EACH_PACKAGE
    {
        SecHandle made_up = {1234, 5678};

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_client(&exchange);
        assert_status(FreeCredentialsHandle(&exchange.server_credential), SEC_E_OK);
        assert_status(exchange_server(&exchange), SEC_E_INVALID_HANDLE); /* freed */
        exchange.server_credential = made_up;
        assert_status(exchange_server(&exchange), SEC_E_INVALID_HANDLE);
        exchange.server_credential = exchange.client; /* a context's handle */
        assert_status(exchange_server(&exchange), SEC_E_INVALID_HANDLE);
        assert_status(package->acquire_server(&exchange.server_credential, SECPKG_CRED_INBOUND), SEC_E_OK);
        exchange_end(&exchange);
    }
}

Test(credentials, inbound_and_both)
{
    FOR_EACH_PACKAGE
    {
        SecHandle both;

        exchange_open(&exchange);
        exchange_again(&exchange);
        if (!package->both) {
            cr_assert_lt(package->acquire_server(&both, SECPKG_CRED_BOTH), 0);
            exchange_end(&exchange);
            continue;
        }
        assert_status(FreeCredentialsHandle(&exchange.server_credential), SEC_E_OK);
        assert_status(package->acquire_server(&exchange.server_credential, SECPKG_CRED_BOTH), SEC_E_OK);
        assert_status(exchange_run(&exchange), SEC_E_OK);
        exchange_end(&exchange);
    }
}

Test(credentials, outbound_alone_is_refused)
{
    FOR_EACH_PACKAGE
    {
        SecHandle kept;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_client(&exchange);
        kept = exchange.server_credential;
        exchange.server_credential = exchange.client_credential;
        assert_status(exchange_server(&exchange), SEC_E_NO_CREDENTIALS);
        exchange.server_credential = kept;
        exchange_end(&exchange);
    }
}

Test(credentials, null_is_refused_on_the_first_call)
{
    FOR_EACH_PACKAGE
    {
        SecHandle context;
        SecBuffer buffer = {TOKEN_MAX, SECBUFFER_TOKEN, exchange.token};
        SecBufferDesc desc = {0, 1, &buffer};
        ULONG attributes;

        assert_status(AcceptSecurityContext(NULL, NULL, &desc, 0, 0, &context, &desc, &attributes, NULL),
                      SEC_E_INVALID_HANDLE);
        cr_assert_not(SecIsValidHandle(&context));
    }
}

Test(credentials, another_credential_midway)
{
    FOR_EACH_PACKAGE
    {
        SecHandle other;

        exchange_begin(&exchange, CLIENT_GOOD);
        if (package->server_legs > 1) {
            exchange_until_last(&exchange);
            assert_status(package->acquire_server(&other, SECPKG_CRED_INBOUND), SEC_E_OK);
            assert_status(FreeCredentialsHandle(&exchange.server_credential), SEC_E_OK);
            exchange.server_credential = other;
            assert_status(exchange_server(&exchange), SEC_E_WRONG_CREDENTIAL_HANDLE);
        }
        exchange_end(&exchange);
    }
}

Test(credentials, freed_while_its_contexts_live)
{
    FOR_EACH_PACKAGE
    {
        SecPkgContext_NamesA names;

        exchange_open(&exchange);
        assert_status(FreeCredentialsHandle(&exchange.server_credential), SEC_E_OK);
        assert_status(QueryContextAttributesA(&exchange.server, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
        cr_assert_str_eq(names.sUserName, package->client_name);
        FreeContextBuffer(names.sUserName);
        assert_status(package->acquire_server(&exchange.server_credential, SECPKG_CRED_INBOUND), SEC_E_OK);
        exchange_end(&exchange);
    }
}

/* Who is the client belongs to the context, not to the credential. */
Test(credentials, one_for_many_contexts_at_a_time)
{
    FOR_EACH_PACKAGE
    {
        static struct exchange other;
        SecHandle kept;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_begin(&other, CLIENT_WRONG_PASSWORD);
        kept = other.server_credential;
        other.server_credential = exchange.server_credential;
        exchange_until_last(&exchange);
        exchange_until_last(&other);
        cr_assert_lt(exchange_server(&other), 0);
        assert_status(exchange_server(&exchange), SEC_E_OK);
        other.server_credential = kept;
        exchange_end(&other);
        exchange_end(&exchange);
    }
}

/* ---- Context handles ---- */

Test(contexts, new_context_is_the_same_variable)
{
    FOR_EACH_PACKAGE
    {
        exchange_open(&exchange); /* support_exchange.c passes one variable as both */
        cr_assert(SecIsValidHandle(&exchange.server));
        exchange_end(&exchange);
    }
}

static SECURITY_STATUS last_leg(SecHandle *context, SecHandle *created)
{
    static uint8_t out[TOKEN_MAX];
    SecBuffer in_buffer = {exchange.token_size, SECBUFFER_TOKEN, exchange.token},
              out_buffer = {TOKEN_MAX, SECBUFFER_TOKEN, out};
    SecBufferDesc in = {0, 1, &in_buffer}, out_desc = {0, 1, &out_buffer};
    ULONG attributes;

    return AcceptSecurityContext(&exchange.server_credential, context, &in, exchange.server_flags, 0, created,
                                 &out_desc, &attributes, NULL);
}

Test(contexts, new_context_is_another_variable)
{
    FOR_EACH_PACKAGE
    {
        SecHandle created = {7, 7};

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_until_last(&exchange);
        if (package->server_legs > 1) {
            assert_status(last_leg(&exchange.server, &created), SEC_E_OK);
            assert_mem_eq(&created, &exchange.server, sizeof created);
        }
        exchange_end(&exchange);
    }
}

Test(contexts, wrong_handle_on_a_later_call)
{
    FOR_EACH_PACKAGE
    {
        SecHandle wrong = {4321, 8765};

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_until_last(&exchange);
        assert_status(last_leg(&wrong, &wrong), SEC_E_INVALID_HANDLE);
        wrong = exchange.client;
        assert_status(last_leg(&wrong, &wrong), SEC_E_INVALID_HANDLE);
        wrong = exchange.server_credential;
        assert_status(last_leg(&wrong, &wrong), SEC_E_INVALID_HANDLE);
        exchange_end(&exchange);
    }
}

Test(contexts, new_context_must_not_be_null_at_first)
{
    FOR_EACH_PACKAGE
    {
        size_t live;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_client(&exchange);
        cr_assert_lt(last_leg(NULL, NULL), 0);
        live = memory_live();
        cr_assert_lt(last_leg(NULL, NULL), 0);
        cr_assert_eq(memory_live(), live);
        exchange_end(&exchange);
    }
}

Test(contexts, deleted_at_every_stage)
{
    FOR_EACH_PACKAGE
    {
        SecHandle gone;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_until_last(&exchange);
        exchange_again(&exchange); /* half open: both deleted */
        assert_status(exchange_run(&exchange), SEC_E_OK);
        gone = exchange.server;
        exchange_again(&exchange); /* established */
        assert_status(DeleteSecurityContext(&gone), SEC_E_INVALID_HANDLE);
        exchange_client(&exchange);
        memset(exchange.token, 0x55, exchange.token_size);
        cr_assert_lt(exchange_server(&exchange), 0);
        cr_assert_not(SecIsValidHandle(&exchange.server)); /* a failed first call leaves nothing to delete */
        exchange_end(&exchange);
    }
}

Test(contexts, half_finished_ones_cost_nothing_once_deleted)
{
    FOR_EACH_PACKAGE
    {
        size_t live;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_until_last(&exchange);
        exchange_again(&exchange);
        live = memory_live();
        for (int i = 0; i < 100; i++) {
            exchange_until_last(&exchange);
            exchange_again(&exchange);
        }
        cr_assert_eq(memory_live(), live);
        exchange_end(&exchange);
    }
}

Test(contexts, accept_after_success)
{
    FOR_EACH_PACKAGE
    {
        exchange_open(&exchange);
        memcpy(exchange.token, "more", 4);
        exchange.token_size = 4;
        assert_status(exchange_server(&exchange), package->after_success);
        exchange_end(&exchange);
    }
}

Test(contexts, impersonation_needs_a_finished_context)
{
    FOR_EACH_PACKAGE
    {
        void *token = &exchange;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_until_last(&exchange);
        if (package->server_legs > 1) {
            assert_status(ImpersonateSecurityContext(&exchange.server), SEC_E_INVALID_HANDLE);
            assert_status(QuerySecurityContextToken(&exchange.server, &token), SEC_E_INVALID_HANDLE);
            cr_assert_null(token);
        }
        assert_status(exchange_server(&exchange), SEC_E_OK);
        assert_status(ImpersonateSecurityContext(&exchange.server), SEC_E_UNSUPPORTED_FUNCTION);
        assert_status(RevertSecurityContext(&exchange.server), SEC_E_UNSUPPORTED_FUNCTION);
        assert_status(QuerySecurityContextToken(&exchange.server, &token), SEC_E_OK);
        assert_status(SspiCloseToken(token), SEC_E_OK);
        exchange_end(&exchange);
    }
}

Test(contexts, server_that_must_hear_first_refuses_no_input)
{
    FOR_EACH_PACKAGE
    {
        SecHandle context;
        SecBuffer buffer = {TOKEN_MAX, SECBUFFER_TOKEN, exchange.token};
        SecBufferDesc out = {0, 1, &buffer};
        ULONG attributes;
        SECURITY_STATUS status;

        exchange_begin(&exchange, CLIENT_GOOD);
        status =
            AcceptSecurityContext(&exchange.server_credential, NULL, NULL, 0, 0, &context, &out, &attributes, NULL);
        if (package->server_first) {
            assert_status(status, SEC_I_CONTINUE_NEEDED);
            assert_status(DeleteSecurityContext(&context), SEC_E_OK);
        } else {
            assert_status(status, SEC_E_INVALID_TOKEN);
            cr_assert_not(SecIsValidHandle(&context));
        }
        exchange_end(&exchange);
    }
}

Test(contexts, representation_makes_no_difference)
{
    static const ULONG representations[] = {SECURITY_NATIVE_DREP, SECURITY_NETWORK_DREP, 0xFFFFFFFF};

    FOR_EACH_PACKAGE
    {
        for (size_t i = 0; i < 3; i++) {
            exchange_begin(&exchange, CLIENT_GOOD);
            exchange.representation = representations[i];
            assert_status(exchange_run(&exchange), SEC_E_OK);
            exchange_end(&exchange);
        }
    }
}
