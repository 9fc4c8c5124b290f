/* The A and W forms, and the function tables: A 1, B 14 and M of the checklist. */
#include "packages.h"

static struct exchange exchange;
static SEC_WCHAR wide_buffer[128];

static SEC_WCHAR *wide(const char *ascii)
{
    size_t i = 0;

    for (; ascii[i]; i++)
        wide_buffer[i] = (SEC_WCHAR)ascii[i];
    wide_buffer[i] = 0;
    return wide_buffer;
}

Test(forms, client_in_utf16)
{
    FOR_EACH_PACKAGE
    {
        SecBuffer in_buffer, out_buffer;
        SecBufferDesc in = {0, 1, &in_buffer}, out = {0, 1, &out_buffer};
        ULONG attributes;

        exchange_begin(&exchange, CLIENT_GOOD);
        exchange.client_status = exchange.server_status = SEC_I_CONTINUE_NEEDED;
        while (exchange.server_status == SEC_I_CONTINUE_NEEDED) {
            bool first = !SecIsValidHandle(&exchange.client);

            in_buffer = (SecBuffer){exchange.token_size, SECBUFFER_TOKEN, exchange.token};
            out_buffer = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
            cr_assert_geq(InitializeSecurityContextW(&exchange.client_credential, first ? NULL : &exchange.client,
                                                     wide(package->target),
                                                     exchange.client_flags | ISC_REQ_ALLOCATE_MEMORY, 0, 0,
                                                     first ? NULL : &in, 0, &exchange.client, &out, &attributes, NULL),
                          0);
            cr_assert(attributes & ISC_RET_ALLOCATED_MEMORY);
            memcpy(exchange.token, out_buffer.pvBuffer, out_buffer.cbBuffer);
            exchange.token_size = out_buffer.cbBuffer;
            FreeContextBuffer(out_buffer.pvBuffer);
            exchange_server(&exchange);
        }
        assert_status(exchange.server_status, SEC_E_OK);
        exchange_end(&exchange);
    }
}

Test(forms, names_agree)
{
    FOR_EACH_PACKAGE
    {
        SecPkgContext_NamesA ansi;
        SecPkgContext_NamesW utf16;
        PSecPkgInfoA info;
        PSecPkgInfoW wide_info;

        exchange_open(&exchange);
        assert_status(QueryContextAttributesA(&exchange.server, SECPKG_ATTR_NAMES, &ansi), SEC_E_OK);
        assert_status(QueryContextAttributesW(&exchange.server, SECPKG_ATTR_NAMES, &utf16), SEC_E_OK);
        for (size_t i = 0; i <= strlen(ansi.sUserName); i++)
            cr_assert_eq(utf16.sUserName[i], (SEC_WCHAR)ansi.sUserName[i]);
        FreeContextBuffer(ansi.sUserName);
        FreeContextBuffer(utf16.sUserName);
        assert_status(QuerySecurityPackageInfoA((SEC_CHAR *)package->name, &info), SEC_E_OK);
        assert_status(QuerySecurityPackageInfoW(wide(package->name), &wide_info), SEC_E_OK);
        cr_assert_eq(info->fCapabilities, wide_info->fCapabilities);
        cr_assert_eq(info->cbMaxToken, wide_info->cbMaxToken);
        for (size_t i = 0; i <= strlen(info->Comment); i++)
            cr_assert_eq(wide_info->Comment[i], (SEC_WCHAR)info->Comment[i]);
        FreeContextBuffer(info);
        FreeContextBuffer(wide_info);
        exchange_end(&exchange);
    }
}

Test(forms, credential_in_utf16)
{
    FOR_EACH_PACKAGE
    {
        SecHandle credential;
        TimeStamp expiry = {.QuadPart = 0};

        assert_status(AcquireCredentialsHandleW(NULL, wide(package->name), SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                                &credential, &expiry),
                      SEC_E_OK);
        cr_assert_gt(expiry.QuadPart, 0);
        assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
        assert_status(FreeCredentialsHandle(&credential), SEC_E_INVALID_HANDLE);
    }
}

/* A whole login by the members of the tables alone. */
static SECURITY_STATUS server_by_table(const SecurityFunctionTableW *table, SecHandle *credential, SecHandle *context)
{
    static uint8_t out[TOKEN_MAX];
    bool first = !SecIsValidHandle(context);
    SecBuffer in_buffer = {exchange.token_size, SECBUFFER_TOKEN, exchange.token},
              out_buffer = {TOKEN_MAX, SECBUFFER_TOKEN, out};
    SecBufferDesc in = {0, 1, &in_buffer}, out_desc = {0, 1, &out_buffer};
    ULONG attributes;
    TimeStamp expiry;
    SECURITY_STATUS status = table->AcceptSecurityContext(
        credential, first ? NULL : context, &in, exchange.server_flags, 0, context, &out_desc, &attributes, &expiry);

    memcpy(exchange.token, out, out_buffer.cbBuffer);
    exchange.token_size = out_buffer.cbBuffer;
    return status;
}

Test(forms, login_through_the_function_table)
{
    const SecurityFunctionTableW *table = InitSecurityInterfaceW();

    FOR_EACH_PACKAGE
    {
        SecPkgContext_NamesW names;
        SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;

        exchange_begin(&exchange, CLIENT_GOOD);
        while (status == SEC_I_CONTINUE_NEEDED) {
            cr_assert_geq(exchange_client(&exchange), 0);
            status = server_by_table(table, &exchange.server_credential, &exchange.server);
        }
        assert_status(status, SEC_E_OK);
        assert_status(table->QueryContextAttributesW(&exchange.server, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
        assert_status(table->FreeContextBuffer(names.sUserName), SEC_E_OK);
        assert_status(table->DeleteSecurityContext(&exchange.server), SEC_E_OK);
        SecInvalidateHandle(&exchange.server);
        exchange_end(&exchange);
    }
}

/* The signature of the page, parameter by parameter: this compiles or it does not. */
Test(forms, prototype_of_accept_security_context)
{
    SECURITY_STATUS(*accept)
    (PCredHandle, PCtxtHandle, PSecBufferDesc, ULONG, ULONG, PCtxtHandle, PSecBufferDesc, PULONG, PTimeStamp) =
        AcceptSecurityContext;
    SECURITY_STATUS SEC_ENTRY (*entry)(PCredHandle) = FreeCredentialsHandle;

    cr_assert_eq(sizeof(SECURITY_STATUS), 4);
    cr_assert_lt((SECURITY_STATUS)-1, 0);
    assert_status(accept(NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL), SEC_E_INVALID_HANDLE);
    assert_status(entry(NULL), SEC_E_INVALID_HANDLE);
}
