/* What the two sides ask for and what they are told: parts F, G and J of the checklist. */
#include "packages.h"

static struct exchange exchange;

#define ASC_PROTECTION (ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT)
#define ISC_PROTECTION (ISC_RET_INTEGRITY | ISC_RET_CONFIDENTIALITY | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT)

static void login(ULONG server_flags, ULONG client_flags)
{
    exchange_begin(&exchange, CLIENT_GOOD);
    exchange.server_flags = server_flags;
    exchange.client_flags = client_flags;
    cr_assert_eq(exchange_run(&exchange), SEC_E_OK, "%s, server 0x%x, client 0x%x: %s", package->name,
                 (unsigned)server_flags, (unsigned)client_flags, SspiStatusName(exchange.server_status));
    cr_assert_neq(exchange.server_attributes, 0xAAAAAAAA);
    cr_assert_neq(exchange.client_attributes, 0xAAAAAAAA);
}

Test(flags, server_may_ask_for_nothing)
{
    FOR_EACH_PACKAGE
    {
        login(0, package->protect_client);
        if (package->seals)
            cr_assert(exchange.server_attributes & ASC_RET_CONFIDENTIALITY);
        if (package->signs)
            cr_assert(exchange.server_attributes & ASC_RET_INTEGRITY);
        exchange_end(&exchange);
    }
}

Test(flags, client_that_offers_nothing_shows_in_the_attributes)
{
    FOR_EACH_PACKAGE
    {
        if (package->stream)
            continue;
        login(package->protect_server, 0);
        cr_assert_not(exchange.server_attributes & ASC_RET_CONFIDENTIALITY);
        exchange_end(&exchange);
    }
}

Test(flags, integrity_alone_is_not_confidentiality)
{
    FOR_EACH_PACKAGE
    {
        if (!package->signs)
            continue;
        login(package->protect_server, ISC_REQ_INTEGRITY);
        cr_assert(exchange.server_attributes & ASC_RET_INTEGRITY);
        cr_assert_not(exchange.server_attributes & ASC_RET_CONFIDENTIALITY);
        cr_assert(exchange.client_attributes & ISC_RET_INTEGRITY);
        cr_assert_not(exchange.client_attributes & ISC_RET_CONFIDENTIALITY);
        exchange_end(&exchange);
    }
}

/* Every combination of the five flags of protection, each side. Success; what is reported on one side holds on the
 * other. */
Test(flags, matrix, .timeout = 300)
{
    static const ULONG server_bits[] = {ASC_REQ_INTEGRITY, ASC_REQ_CONFIDENTIALITY, ASC_REQ_REPLAY_DETECT,
                                        ASC_REQ_SEQUENCE_DETECT, ASC_REQ_CONNECTION};
    static const ULONG client_bits[] = {ISC_REQ_INTEGRITY, ISC_REQ_CONFIDENTIALITY, ISC_REQ_REPLAY_DETECT,
                                        ISC_REQ_SEQUENCE_DETECT, ISC_REQ_CONNECTION};

    FOR_EACH_PACKAGE
    {
        for (unsigned combination = 0; combination < 1024; combination++) {
            ULONG server = 0, client = 0;

            for (unsigned bit = 0; bit < 5; bit++) {
                server |= combination >> bit & 1 ? server_bits[bit] : 0;
                client |= combination >> (5 + bit) & 1 ? client_bits[bit] : 0;
            }
            login(server, client);
            cr_assert_eq(!(exchange.server_attributes & ASC_RET_CONFIDENTIALITY),
                         !(exchange.client_attributes & ISC_RET_CONFIDENTIALITY));
            cr_assert_eq(!(exchange.server_attributes & ASC_RET_INTEGRITY),
                         !(exchange.client_attributes & ISC_RET_INTEGRITY));
            exchange_end(&exchange);
        }
    }
}

/* Flags that mean something to other packages only are no error. */
Test(flags, that_do_not_apply_are_ignored)
{
    static const ULONG foreign[] = {ASC_REQ_DELEGATE,   ASC_REQ_MUTUAL_AUTH,     ASC_REQ_EXTENDED_ERROR,
                                    ASC_REQ_STREAM,     ASC_REQ_USE_SESSION_KEY, ASC_REQ_IDENTIFY,
                                    ASC_REQ_CONNECTION, ASC_REQ_LICENSING};

    FOR_EACH_PACKAGE
    {
        for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
            bool certificate = package->stream && foreign[i] == ASC_REQ_MUTUAL_AUTH;

            if (package->stream && foreign[i] == ASC_REQ_DELEGATE) /* see flags_that_tls_refuses */
                continue;
            login(foreign[i], package->protect_client);
            cr_assert_not(exchange.server_attributes & ASC_RET_DELEGATE);
            cr_assert_eq((exchange.server_attributes & ASC_RET_STREAM) != 0, package->stream);
            cr_assert_eq((exchange.server_attributes & ASC_RET_MUTUAL_AUTH) != 0, package->mutual || certificate);
            exchange_end(&exchange);
        }
    }
}

Test(flags, connection_is_reported)
{
    FOR_EACH_PACKAGE
    {
        login(ASC_REQ_CONNECTION, package->protect_client | ISC_REQ_CONNECTION);
        cr_assert(exchange.server_attributes & ASC_RET_CONNECTION);
        cr_assert(exchange.client_attributes & ISC_RET_CONNECTION);
        exchange_end(&exchange);
    }
}

Test(flags, attributes_are_written_on_every_success)
{
    FOR_EACH_PACKAGE
    {
        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_client(&exchange);
        while (exchange_server(&exchange) == SEC_I_CONTINUE_NEEDED) {
            cr_assert_neq(exchange.server_attributes, 0xAAAAAAAA);
            cr_assert_not(exchange.server_attributes & ASC_RET_ALLOCATED_MEMORY);
            exchange_client(&exchange);
        }
        assert_status(exchange.server_status, SEC_E_OK);
        cr_assert_neq(exchange.server_attributes, 0xAAAAAAAA);
        cr_assert_not(exchange.server_attributes & ASC_RET_ALLOCATED_MEMORY);
        exchange_end(&exchange);
    }
}

Test(flags, attribute_says_what_the_last_leg_said)
{
    FOR_EACH_PACKAGE
    {
        SecPkgContext_Flags flags;

        exchange_open(&exchange);
        assert_status(QueryContextAttributesA(&exchange.server, SECPKG_ATTR_FLAGS, &flags), SEC_E_OK);
        cr_assert_eq(flags.Flags, exchange.server_attributes);
        assert_status(QueryContextAttributesW(&exchange.client, SECPKG_ATTR_FLAGS, &flags), SEC_E_OK);
        cr_assert_eq(flags.Flags, exchange.client_attributes);
        cr_assert(package->protect_server == 0 || (exchange.server_attributes & ASC_PROTECTION));
        cr_assert(package->protect_client == 0 || (exchange.client_attributes & ISC_PROTECTION));
        exchange_end(&exchange);
    }
}

Test(flags, datagram_style_is_not_served)
{
    FOR_EACH_PACKAGE
    {
        exchange_begin(&exchange, CLIENT_GOOD);
        exchange.client_flags |= ISC_REQ_DATAGRAM;
        assert_status(exchange_client(&exchange), SEC_E_UNSUPPORTED_FUNCTION);
        exchange.client_flags &= ~(ULONG)ISC_REQ_DATAGRAM;
        exchange_client(&exchange);
        exchange.server_flags |= ASC_REQ_DATAGRAM;
        assert_status(exchange_server(&exchange), SEC_E_UNSUPPORTED_FUNCTION);
        exchange_end(&exchange);
    }
}
