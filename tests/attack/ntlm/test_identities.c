/*
 * Who logs in: nobody, somebody else, ourselves, two at once.
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

static void anonymous(const char *allowed, ULONG flags, const char *policy)
{
    loopback_option(&loop, "allow_anonymous", allowed);
    loopback_option(&loop, "ntlm_policy", policy);
    loop.server_flags = flags;
    forge.response = FORGE_ANONYMOUS;
    forge.user = forge.domain = "";
    forge.mic = MIC_NONE;
    forge.add_flags = FLAG_ANONYMOUS;
    forge_until_authenticate(&forge, &loop);
}

Test(identities, anonymous, .init = up, .fini = down)
{
    anonymous("no", 0, "normal");
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS);
}

Test(identities, anonymous_allowed_by_the_operator_only, .init = up, .fini = down)
{
    anonymous("yes", 0, "normal");
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS);
}

Test(identities, anonymous_allowed_by_the_program_only, .init = up, .fini = down)
{
    anonymous("no", ASC_REQ_ALLOW_NULL_SESSION, "normal");
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS);
}

Test(identities, anonymous_under_strict_policy, .init = up, .fini = down)
{
    anonymous("yes", ASC_REQ_ALLOW_NULL_SESSION, "strict");
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS);
}

Test(identities, anonymous_allowed_by_both_is_told_apart, .init = up, .fini = down)
{
    anonymous("yes", ASC_REQ_ALLOW_NULL_SESSION, "normal");
    loopback_accepted(&loop, "NT AUTHORITY\\ANONYMOUS LOGON");
    cr_assert(loop.server_attributes & ASC_RET_NULL_SESSION);
    cr_assert_not(loop.server_attributes & (ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY));
}

Test(identities, empty_user_with_a_response, .init = up, .fini = down)
{
    forge.user = "";
    forge_until_authenticate(&forge, &loop);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS);
}

Test(identities, guest, .init = up, .fini = down)
{
    forge.user = "Guest";
    forge.password = "";
    forge_until_authenticate(&forge, &loop);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_UNKNOWN_USER);
}

Test(identities, empty_password, .init = up, .fini = down)
{
    forge.password = "";
    forge_until_authenticate(&forge, &loop);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
}

Test(identities, disabled_account, .init = up, .fini = down)
{
    assert_status(SspiAccountStoreSetDisabled(loop.store, USER, DOMAIN, 1), SEC_E_OK);
    loopback_until_authenticate(&loop);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_ACCOUNT_DISABLED);
}

/* The account of one domain is not that of another. */
Test(identities, other_domain, .init = up, .fini = down)
{
    loopback_client_as(&loop, USER, "ELSEWHERE", PASSWORD);
    loopback_until_authenticate(&loop);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_UNKNOWN_USER);
}

static void attempt_as(const char *user, const char *domain, const char *password, SECURITY_STATUS expected,
                       const char *name)
{
    loopback_client_as(&loop, user, domain, password);
    loopback_until_authenticate(&loop);
    if (expected == SEC_E_OK)
        loopback_accepted(&loop, name);
    else
        loopback_refused(&loop, expected, name ? SSPI_REASON_WRONG_PASSWORD : SSPI_REASON_UNKNOWN_USER);
    loopback_again(&loop);
}

static void attempt(const char *domain, const char *password, SECURITY_STATUS expected, const char *name)
{
    attempt_as(USER, domain, password, expected, name);
}

/* The store's default domain is the server's own, though the store knows another account of that domain by name. */
Test(identities, default_domain_is_the_servers_own, .init = up, .fini = down)
{
    static const char name[] = DOMAIN "\\dora";

    attempt_as("dora", DOMAIN, "hers", SEC_E_LOGON_DENIED, NULL);
    assert_status(SspiAccountStoreAdd(loop.store, "dora", NULL, "hers", 4), SEC_E_OK);
    attempt_as("dora", DOMAIN, "hers", SEC_E_OK, name);
    attempt_as("DORA", DOMAIN, "hers", SEC_E_OK, name);
    attempt_as("dora", "", "hers", SEC_E_OK, name);
    attempt_as("dora", DOMAIN, "wrong", SEC_E_LOGON_DENIED, name);
    assert_status(SspiAccountStoreAdd(loop.store, "erik", "ELSEWHERE", "his", 3), SEC_E_OK);
    attempt_as("dora", "ELSEWHERE", "hers", SEC_E_LOGON_DENIED, NULL);
    attempt_as("erik", DOMAIN, "his", SEC_E_LOGON_DENIED, NULL);
}

/* An account of the store's default domain, shown under the server's, is nobody beside one that has that name. */
Test(identities, two_accounts_of_one_name, .init = up, .fini = down)
{
    static const char name[] = DOMAIN "\\" USER;

    assert_status(SspiAccountStoreAdd(loop.store, USER, NULL, "another", 7), SEC_E_OK);
    attempt(DOMAIN, PASSWORD, SEC_E_OK, name);
    attempt("", PASSWORD, SEC_E_OK, name);
    attempt(DOMAIN, "another", SEC_E_LOGON_DENIED, name);
    attempt("", "another", SEC_E_LOGON_DENIED, name);
    attempt("ELSEWHERE", "another", SEC_E_LOGON_DENIED, NULL);
    attempt("ELSEWHERE", PASSWORD, SEC_E_LOGON_DENIED, NULL);
    assert_status(SspiAccountStoreRemove(loop.store, USER, DOMAIN), SEC_E_OK);
    attempt(DOMAIN, "another", SEC_E_OK, name);
    attempt("", "another", SEC_E_OK, name);
    attempt("ELSEWHERE", "another", SEC_E_OK, name);
}

/* By what comes back, a client cannot tell which names exist. */
Test(identities, unknown_user_looks_like_wrong_password, .init = up, .fini = down)
{
    static const char *const users[] = {"mallory", USER, USER};
    ULONG attributes[3];
    SECURITY_STATUS statuses[3];

    for (size_t i = 0; i < 3; i++) {
        if (i == 2)
            assert_status(SspiAccountStoreSetDisabled(loop.store, USER, DOMAIN, 1), SEC_E_OK);
        loopback_client_as(&loop, users[i], DOMAIN, i == 2 ? PASSWORD : "Passw0rd?");
        loopback_until_authenticate(&loop);
        statuses[i] = loopback_finish(&loop);
        attributes[i] = loop.server_attributes;
        loopback_again(&loop);
    }
    assert_status(statuses[0], SEC_E_LOGON_DENIED);
    assert_status(statuses[1], statuses[0]);
    assert_status(statuses[2], statuses[0]);
    cr_assert_eq(attributes[0], attributes[1]);
    cr_assert_eq(attributes[0], attributes[2]);
}

/* Passwords that are as long as something else: a length says nothing about what a value is. */
Test(identities, long_passwords, .init = up, .fini = down)
{
    static const size_t sizes[] = {16, 32, 127, 128, 256, 513};
    char password[520];

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(password, 'a', sizeof password);
        password[sizes[i]] = '\0';
        assert_status(SspiAccountStoreAdd(loop.store, USER, DOMAIN, password, (ULONG)sizes[i]), SEC_E_OK);
        loopback_client_as(&loop, USER, DOMAIN, password);
        loopback_until_authenticate(&loop);
        loopback_accepted(&loop, "EXAMPLE\\alice");
        loopback_again(&loop);
        password[sizes[i] - 1] = 'b';
        loopback_client_as(&loop, USER, DOMAIN, password);
        loopback_until_authenticate(&loop);
        loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
        loopback_again(&loop);
    }
}

/* The identity belongs to the context: two clients of one credential, their legs interleaved. */
Test(identities, two_clients_interleaved, .init = up, .fini = down)
{
    struct forge bob = forge_good();
    struct loopback second;
    SecPkgContext_NamesA names = {0};

    bob.user = "bob";
    bob.password = "Secret1!";
    assert_status(SspiAccountStoreAdd(loop.store, "bob", DOMAIN, "Secret1!", 8), SEC_E_OK);
    second = loop; /* the same server credential, other contexts */
    forge_negotiate(&forge, &loop.negotiate);
    forge_negotiate(&bob, &second.negotiate);
    assert_status(loopback_challenge(&loop), SEC_I_CONTINUE_NEEDED);
    assert_status(loopback_challenge(&second), SEC_I_CONTINUE_NEEDED);
    forge_authenticate(&forge, &loop.negotiate, &loop.challenge, &loop.authenticate);
    forge_authenticate(&bob, &second.negotiate, &second.challenge, &second.authenticate);
    assert_status(loopback_finish(&second), SEC_E_OK);
    assert_status(loopback_finish(&loop), SEC_E_OK);
    assert_status(QueryContextAttributesA(&second.server, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    cr_assert_str_eq(names.sUserName, "EXAMPLE\\bob");
    assert_status(FreeContextBuffer(names.sUserName), SEC_E_OK);
    assert_status(QueryContextAttributesA(&loop.server, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    cr_assert_str_eq(names.sUserName, "EXAMPLE\\alice");
    assert_status(FreeContextBuffer(names.sUserName), SEC_E_OK);
    assert_status(DeleteSecurityContext(&second.server), SEC_E_OK);
}

/* An answer for the other context does not log in on this one. */
Test(identities, answers_swapped, .init = up, .fini = down)
{
    struct token other;

    loopback_until_authenticate(&loop);
    other = loop.authenticate;
    loopback_again(&loop);
    loopback_until_authenticate(&loop);
    loop.authenticate = other;
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
}

/* Our own challenge comes back to our own client: somebody wants us to log in to ourselves for them. */
Test(identities, own_challenge_reflected, .init = up, .fini = down)
{
    SEC_WINNT_AUTH_IDENTITY_A identity = {(UCHAR *)(uintptr_t)USER,     5, (UCHAR *)(uintptr_t)DOMAIN,  7,
                                          (UCHAR *)(uintptr_t)PASSWORD, 9, SEC_WINNT_AUTH_IDENTITY_ANSI};
    CredHandle both;
    struct loopback mirror = loop;

    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)(uintptr_t) "NTLM", SECPKG_CRED_BOTH, NULL, &identity,
                                            NULL, NULL, &both, NULL),
                  SEC_E_OK);
    assert_status(SspiCredentialSetAccountStore(&both, loop.store), SEC_E_OK);
    mirror.client_credential = mirror.server_credential = both;
    assert_status(loopback_negotiate(&mirror), SEC_I_CONTINUE_NEEDED);
    assert_status(loopback_challenge(&mirror), SEC_I_CONTINUE_NEEDED);
    cr_assert(loopback_authenticate(&mirror) < 0, "a credential answered its own challenge");
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_REFLECTION);
    cr_assert_eq(mirror.authenticate.size, 0u);
    assert_status(DeleteSecurityContext(&mirror.client), SEC_E_OK);
    assert_status(DeleteSecurityContext(&mirror.server), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&both), SEC_E_OK);
}

/* What the client says it wants reaches the server as it was said, or not at all. */
Test(identities, target_name, .init = up, .fini = down)
{
    SecPkgContext_ClientSpecifiedTarget target = {0};

    forge.target = "HTTP/other.example.com";
    forge_until_authenticate(&forge, &loop);
    loopback_accepted(&loop, "EXAMPLE\\alice");
    assert_status(QueryContextAttributesW(&loop.server, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target), SEC_E_OK);
    cr_assert_eq(target.sTargetName[5], 'o');
    assert_status(FreeContextBuffer(target.sTargetName), SEC_E_OK);
    loopback_again(&loop);
    forge.av_flags = AV_FLAG_UNVERIFIED_TARGET;
    forge_until_authenticate(&forge, &loop);
    loopback_accepted(&loop, "EXAMPLE\\alice");
    assert_status(QueryContextAttributesW(&loop.server, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target), SEC_E_OK);
    cr_assert_null(target.sTargetName);
}
