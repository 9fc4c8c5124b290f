/*
 * acceptor.c and verify.c: who gets in, under which policy, and what is told when not.
 */
#include "base/utf.h"
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

static struct settings *settings(void)
{
    return &rig.server.credential->settings;
}

static void refused(SECURITY_STATUS status, ULONG reason)
{
    assert_status(rig.done.status, status);
    cr_assert_eq(rig.done.failure.reason, reason, "reason %u (%s)", rig.done.failure.reason, rig.done.failure.text);
    cr_assert_eq(rig.done.size, 0);
    cr_assert_eq(rig.done.attributes, 0);
    if (rig.server.context) {
        static const uint8_t zeros[16];

        assert_mem_eq(rig_server_context(&rig)->session_key, zeros, 16);
        cr_assert_null(rig_server_context(&rig)->transcript);
    }
}

static void login_as(const char *user, const char *domain, const char *password)
{
    rig_reset(&rig);
    rig_client_is(&rig, user, domain, password);
    rig_run(&rig);
}

/* The same status and the same empty reply for all; only the operator sees the difference. */
Test(ntlm_acceptor, wrong_password_and_its_siblings, .init = open_rig, .fini = close_rig)
{
    static const struct {
        const char *user, *password;
        ULONG reason;
    } rows[] = {
        {"User", "password", SSPI_REASON_WRONG_PASSWORD}, {"User", "", SSPI_REASON_WRONG_PASSWORD},
        {"nobody", "Password", SSPI_REASON_UNKNOWN_USER}, {"dora", "Password", SSPI_REASON_ACCOUNT_DISABLED},
        {"lola", "Password", SSPI_REASON_ACCOUNT_LOCKED}, {"dora", "wrong", SSPI_REASON_ACCOUNT_DISABLED},
        {"empty", "Password", SSPI_REASON_NO_CREDENTIAL}, {"Guest", "", SSPI_REASON_UNKNOWN_USER},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        login_as(rows[i].user, "Domain", rows[i].password);
        refused(SEC_E_LOGON_DENIED, rows[i].reason);
        cr_assert_eq(rig_store(&rig)->failures, i + 1, "each failure is counted alike");
        cr_assert_eq(rig_store(&rig)->lookups, 2 * (i + 1), "each login looks up as often");
        cr_assert_not_null(strstr(rig.done.failure.text, rows[i].user));
    }
    cr_assert_eq(rig_store(&rig)->successes, 0);
}

Test(ntlm_acceptor, names_compare_without_case, .init = open_rig, .fini = close_rig)
{
    login_as("uSER", "dOMAIN", "Password");
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert_str_eq(rig.done.login.client, "Domain\\User", "the store's spelling");
    login_as("ALICE", "", "Password");
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert_str_eq(rig.done.login.client, "Domain\\alice");
    login_as("User", "Elsewhere", "Password");
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_UNKNOWN_USER);
}

/* A client that names no domain means ours; known names and unknown ones take the same number of look-ups. */
Test(ntlm_acceptor, name_without_domain, .init = open_rig, .fini = close_rig)
{
    rig_store(&rig)->exact = true;
    login_as("User", "", "Password");
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert_str_eq(rig.done.login.client, "Domain\\User");
    cr_assert_eq(rig_store(&rig)->lookups, 2);
    cr_assert_eq(rig.done.failure.reason, SSPI_REASON_NONE);
    login_as("nobody", "", "Password");
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_UNKNOWN_USER);
    cr_assert_eq(rig_store(&rig)->lookups, 4);
    rig_store(&rig)->exact = false;
    login_as("User", "", "wrong");
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
    cr_assert_eq(rig_store(&rig)->lookups, 6);
    /* Nor does the first answer stay when the second is none. */
    mem_free(settings()->netbios_domain_name);
    settings()->netbios_domain_name = mem_strdup("Elsewhere");
    login_as("User", "", "Password");
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert_eq(rig.done.failure.reason, SSPI_REASON_NONE);
    cr_assert_eq(rig_store(&rig)->lookups, 8);
}

Test(ntlm_acceptor, account_without_domain_is_of_the_servers, .init = open_rig, .fini = close_rig)
{
    rig_store(&rig)->domain = "";
    rig_run(&rig);
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert_str_eq(rig.done.login.client, "Domain\\User");
}

Test(ntlm_acceptor, long_password, .init = open_rig, .fini = close_rig)
{
    char password[514];

    memset(password, 'x', 513);
    password[513] = '\0';
    login_as("User", "Domain", password);
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
}

/* Clients that hash an empty domain whatever they send. */
Test(ntlm_acceptor, domain_left_out_of_the_hash, .init = open_rig, .fini = close_rig)
{
    forge_login(&rig, FORGE_STRONG, &(struct forge){.hashed_domain = ""});
    assert_status(rig.done.status, SEC_E_OK);
    forge_login(&rig, FORGE_STRONG, &(struct forge){.hashed_domain = "domain"});
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
}

Test(ntlm_acceptor, simple_clients, .init = open_rig, .fini = close_rig)
{
    const uint32_t oem = (FORGE_PLAIN & ~NTLM_UNICODE) | NTLM_OEM;

    forge_login(&rig, FORGE_PLAIN, &(struct forge){0});
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert_eq(rig.done.attributes, ASC_RET_CONNECTION, "nothing was agreed");
    forge_login(&rig, oem, &(struct forge){.trailing = 4});
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert_eq(rig_u32(rig.challenge.token + 20) & (NTLM_OEM | NTLM_UNICODE), NTLM_OEM);
    cr_assert_eq(memcmp(rig.challenge.token + 56, "Domain", 6), 0);
    cr_assert_str_eq(rig.done.login.client, "Domain\\User");
    forge_login(&rig, oem, &(struct forge){.password = "wrong"});
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
    forge_login(&rig, FORGE_PLAIN & ~NTLM_ESS, &(struct forge){0});
    assert_status(rig.done.status, SEC_E_OK);
}

/* The proof is compared whether a MIC is announced or not; whoever announces one must send it. */
Test(ntlm_acceptor, password_by_mic, .init = open_rig, .fini = close_rig)
{
    for (int i = 0; i < 4; i++) {
        struct forge forge = {.mic_bit = i & 1, .mic = i >> 1};

        forge_login(&rig, FORGE_STRONG, &forge);
        if (forge.mic_bit && !forge.mic)
            refused(SEC_E_LOGON_DENIED, SSPI_REASON_MIC_WRONG);
        else
            assert_status(rig.done.status, SEC_E_OK);
        forge.password = "wrong";
        forge_login(&rig, FORGE_STRONG, &forge);
        refused(SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
        forge.password = NULL, forge.user = "alicf";
        forge_login(&rig, FORGE_STRONG, &forge);
        refused(SEC_E_LOGON_DENIED, SSPI_REASON_UNKNOWN_USER);
    }
}

Test(ntlm_acceptor, zero_mic, .init = open_rig, .fini = close_rig)
{
    rig_run_to_authenticate(&rig);
    memset(rig.authenticate.token + NTLM_MIC_OFFSET, 0, NTLM_MIC_SIZE);
    rig_finish(&rig, rig_token(&rig.authenticate));
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_MIC_WRONG);
}

Test(ntlm_acceptor, strict_wants_a_mic, .init = open_rig, .fini = close_rig)
{
    settings()->ntlm_policy = NTLM_POLICY_STRICT;
    settings()->allow_insecure_ntlmv1 = settings()->allow_anonymous = true;
    rig_run(&rig);
    assert_status(rig.done.status, SEC_E_OK);
    forge_login(&rig, FORGE_STRONG, &(struct forge){.mic_bit = true, .mic = true});
    assert_status(rig.done.status, SEC_E_OK);
    forge_login(&rig, FORGE_STRONG, &(struct forge){0});
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_MIC_MISSING);
    forge_login(&rig, FORGE_STRONG, &(struct forge){.v1 = true});
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_MIC_MISSING);
}

/* Whoever takes our time stamp out of the challenge, so that the client sends no MIC, is found out. */
Test(ntlm_acceptor, target_info_altered, .init = open_rig, .fini = close_rig)
{
    forge_login(&rig, FORGE_STRONG, &(struct forge){.no_timestamp = true});
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_FLAGS_ALTERED);
}

Test(ntlm_acceptor, v1_by_policy, .init = open_rig, .fini = close_rig)
{
    forge_login(&rig, FORGE_STRONG, &(struct forge){.v1 = true});
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_POLICY);
    cr_assert_eq(rig_store(&rig)->lookups, 0);
    settings()->allow_insecure_ntlmv1 = true;
    forge_login(&rig, FORGE_STRONG, &(struct forge){.v1 = true});
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert_not(rig_server_context(&rig)->extended);
    forge_login(&rig, FORGE_PLAIN & ~NTLM_ESS, &(struct forge){.v1 = true});
    assert_status(rig.done.status, SEC_E_OK);
    forge_login(&rig, FORGE_STRONG, &(struct forge){.v1 = true, .password = "wrong"});
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
}

Test(ntlm_acceptor, lm_alone_never, .init = open_rig, .fini = close_rig)
{
    forge_login(&rig, FORGE_STRONG, &(struct forge){.lm_only = true});
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_POLICY);
    settings()->allow_insecure_ntlmv1 = settings()->allow_insecure_lm = true;
    forge_login(&rig, FORGE_STRONG, &(struct forge){.lm_only = true});
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_POLICY);
}

Test(ntlm_acceptor, weak_keys_by_policy, .init = open_rig, .fini = close_rig)
{
    const uint32_t weak = (FORGE_STRONG & ~NTLM_128) | NTLM_56;

    forge_login(&rig, weak, &(struct forge){0});
    refused(SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_POLICY);
    cr_assert_null(rig.server.context, "no context is left behind");
    settings()->allow_insecure_56bit = true;
    forge_login(&rig, weak, &(struct forge){0});
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert_eq(ntlm_key_bits(rig_server_context(&rig)->flags), 56);
    forge_login(&rig, FORGE_STRONG & ~NTLM_ESS, &(struct forge){0});
    refused(SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_POLICY);
    settings()->allow_insecure_ntlmv1 = true;
    forge_login(&rig, FORGE_STRONG & ~NTLM_ESS, &(struct forge){0});
    assert_status(rig.done.status, SEC_E_OK);
}

/* Extended Protection, facts of every kind of client, NTLMv1 among them, which cannot say anything. */
Test(ntlm_acceptor, channel_bindings, .init = open_rig, .fini = close_rig)
{
    static const char data[] = "tls-unique:\0\1\2\3\4\5\6\7\x8\x9\xa\xb";
    uint8_t own[16], other[16] = {9};
    const struct {
        struct forge forge;
        bool passed;
        ULONG requested;
        SECURITY_STATUS status;
    } rows[] = {
        {{.bindings = FORGE_BINDINGS, .bindings_hash = own}, true, 0, SEC_E_OK},
        {{.bindings = FORGE_BINDINGS, .bindings_hash = other}, true, 0, SEC_E_BAD_BINDINGS},
        {{.bindings = FORGE_EMPTY_BINDINGS}, true, 0, SEC_E_BAD_BINDINGS},
        {{.bindings = FORGE_NO_BINDINGS}, true, 0, SEC_E_BAD_BINDINGS},
        {{.v1 = true}, true, 0, SEC_E_BAD_BINDINGS},
        {{.bindings = FORGE_BINDINGS, .bindings_hash = other},
         true,
         ASC_REQ_ALLOW_MISSING_BINDINGS,
         SEC_E_BAD_BINDINGS},
        {{.bindings = FORGE_EMPTY_BINDINGS}, true, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_BAD_BINDINGS},
        {{.bindings = FORGE_NO_BINDINGS}, true, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_OK},
        {{.bindings = FORGE_BINDINGS, .bindings_hash = other}, false, ASC_REQ_PROXY_BINDINGS, SEC_E_OK},
        {{.bindings = FORGE_NO_BINDINGS}, false, ASC_REQ_PROXY_BINDINGS, SEC_E_BAD_BINDINGS},
        {{.v1 = true}, false, ASC_REQ_PROXY_BINDINGS, SEC_E_BAD_BINDINGS},
        {{.bindings = FORGE_BINDINGS, .bindings_hash = other}, false, 0, SEC_E_OK},
        {{.bindings = FORGE_NO_BINDINGS}, false, 0, SEC_E_OK},
    };

    test_hex("7e5349b5695138957cdd92d99e2e11ea", own, sizeof own);
    settings()->allow_insecure_ntlmv1 = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rig.server.bindings = rows[i].passed ? bytes_of(data, sizeof data - 1) : (struct bytes){0};
        rig.server.requested = rows[i].requested;
        forge_login(&rig, FORGE_STRONG, &rows[i].forge);
        cr_assert_eq(rig.done.status, rows[i].status, "row %zu: 0x%08x %s", i, (unsigned)rig.done.status,
                     rig.done.failure.text);
        cr_assert_neq(rig.done.bindings_result, 0);
    }
}

Test(ntlm_acceptor, client_target, .init = open_rig, .fini = close_rig)
{
    forge_login(&rig, FORGE_STRONG, &(struct forge){.target = "HTTP/server"});
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert_str_eq(rig_server_context(&rig)->target, "HTTP/server");
    forge_login(&rig, FORGE_STRONG,
                &(struct forge){.target = "HTTP/server", .av_flags = NTLM_AV_FLAG_UNVERIFIED_TARGET});
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert_null(rig_server_context(&rig)->target);
    forge_login(&rig, FORGE_STRONG, &(struct forge){.target_malformed = true});
    refused(SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    forge_login(&rig, FORGE_STRONG, &(struct forge){.target = ""});
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert_null(rig_server_context(&rig)->target);
}

/* 0x80000000 and others: bits of the AV flags that nobody knows change nothing. */
Test(ntlm_acceptor, rogue_av_flags, .init = open_rig, .fini = close_rig)
{
    for (uint32_t bit = 1; bit; bit <<= 1) {
        forge_login(&rig, FORGE_STRONG, &(struct forge){.av_flags = bit});
        if (bit == NTLM_AV_FLAG_MIC)
            refused(SEC_E_LOGON_DENIED, SSPI_REASON_MIC_WRONG);
        else
            assert_status(rig.done.status, SEC_E_OK);
    }
}

Test(ntlm_acceptor, stale_time, .init = open_rig, .fini = close_rig)
{
    const int64_t now = clock_now(), second = CLOCK_TICKS_PER_SECOND;

    forge_login(&rig, FORGE_STRONG, &(struct forge){.time = 1});
    assert_status(rig.done.status, SEC_E_OK);
    settings()->ntlm_max_age_seconds = 60;
    forge_login(&rig, FORGE_STRONG, &(struct forge){.time = now - 60 * second});
    assert_status(rig.done.status, SEC_E_OK);
    forge_login(&rig, FORGE_STRONG, &(struct forge){.time = now + 60 * second});
    assert_status(rig.done.status, SEC_E_OK);
    forge_login(&rig, FORGE_STRONG, &(struct forge){.time = now - 60 * second - 1});
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_STALE);
    forge_login(&rig, FORGE_STRONG, &(struct forge){.time = now + 60 * second + 1});
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_STALE);
    forge_login(&rig, FORGE_STRONG, &(struct forge){.time = -1});
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_STALE);
}

Test(ntlm_acceptor, session_key_size, .init = open_rig, .fini = close_rig)
{
    for (size_t size = 1; size <= 32; size++) {
        if (size == 16)
            continue;
        forge_login(&rig, FORGE_STRONG, &(struct forge){.key_size = size});
        refused(SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    }
    forge_login(&rig, FORGE_STRONG, &(struct forge){.key_size = 99});
    refused(SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    forge_login(&rig, FORGE_STRONG & ~NTLM_KEY_EXCH, &(struct forge){.key_size = 5});
    assert_status(rig.done.status, SEC_E_OK);
}

Test(ntlm_acceptor, anonymous, .init = open_rig, .fini = close_rig)
{
    rig.client.requested |= ISC_REQ_NULL_SESSION;
    for (int i = 0; i < 8; i++) {
        rig_reset(&rig);
        settings()->allow_anonymous = i & 1;
        rig.server.requested = i & 2 ? ASC_REQ_ALLOW_NULL_SESSION : 0;
        settings()->ntlm_policy = i & 4 ? NTLM_POLICY_STRICT : NTLM_POLICY_NORMAL;
        rig_run(&rig);
        if (i != 3) {
            refused(SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS);
            continue;
        }
        assert_status(rig.done.status, SEC_E_OK);
        cr_assert_eq(rig.done.attributes, ASC_RET_CONNECTION | ASC_RET_NULL_SESSION);
        cr_assert_eq(rig.authenticate.attributes, ISC_RET_CONNECTION | ISC_RET_NULL_SESSION);
        cr_assert_str_eq(rig.done.login.client, "NT AUTHORITY\\ANONYMOUS LOGON");
    }
    cr_assert_eq(rig_store(&rig)->lookups, 0);
}

/* It has no key, so whatever the client asked for in NEGOTIATE, nothing is protected. */
Test(ntlm_acceptor, anonymous_has_no_protection, .init = open_rig, .fini = close_rig)
{
    const struct ntlm_authenticate nobody = {.flags = FORGE_STRONG, .lm = {(const uint8_t *)"", 1}};
    uint8_t negotiate[16], message[128], data[4] = {0}, signature[16];
    struct writer out = writer_over(message, sizeof message);

    settings()->allow_anonymous = true;
    rig.server.requested = ASC_REQ_ALLOW_NULL_SESSION;
    rig_accept(&rig.server, forge_negotiate(FORGE_STRONG, negotiate), &rig.challenge);
    ntlm_authenticate_encode(&nobody, false, &out);
    rig_finish(&rig, bytes_of(message, out.used));
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert_eq(rig.done.attributes, ASC_RET_CONNECTION | ASC_RET_NULL_SESSION);
    assert_status(rig_seal(rig.server.context, data, sizeof data, signature), SEC_E_QOP_NOT_SUPPORTED);
    assert_status(rig_sign(rig.server.context, data, sizeof data, signature), SEC_E_QOP_NOT_SUPPORTED);
}

Test(ntlm_acceptor, anonymous_with_required_bindings, .init = open_rig, .fini = close_rig)
{
    rig.client.requested |= ISC_REQ_NULL_SESSION;
    settings()->allow_anonymous = true;
    rig.server.requested = ASC_REQ_ALLOW_NULL_SESSION;
    rig.server.bindings = bytes_of("tls-unique:x", 12);
    rig_run(&rig);
    refused(SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_MISSING);
}

Test(ntlm_acceptor, nameless_with_response, .init = open_rig, .fini = close_rig)
{
    settings()->allow_anonymous = true;
    rig.server.requested = ASC_REQ_ALLOW_NULL_SESSION;
    forge_login(&rig, FORGE_STRONG, &(struct forge){.user = ""});
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS);
    cr_assert_eq(rig_store(&rig)->lookups, 0);
}

Test(ntlm_acceptor, challenge_is_used_once, .init = open_rig, .fini = close_rig)
{
    struct rig_leg again;

    rig_run(&rig);
    assert_status(rig.done.status, SEC_E_OK);
    rig_accept(&rig.server, rig_token(&rig.authenticate), &again);
    assert_status(again.status, SEC_E_OUT_OF_SEQUENCE);
    /* A wrong try uses it up as well: the right answer comes too late. */
    rig_reset(&rig);
    rig_run_to_authenticate(&rig);
    rig.authenticate.token[NTLM_MIC_OFFSET] ^= 1;
    rig_finish(&rig, rig_token(&rig.authenticate));
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_MIC_WRONG);
    rig.authenticate.token[NTLM_MIC_OFFSET] ^= 1;
    rig_accept(&rig.server, rig_token(&rig.authenticate), &again);
    assert_status(again.status, SEC_E_OUT_OF_SEQUENCE);
}

Test(ntlm_acceptor, answer_to_another_challenge, .init = open_rig, .fini = close_rig)
{
    struct rig_side second = rig.server;

    rig_run_to_authenticate(&rig);
    rig_accept(&second, rig_token(&rig.negotiate), &rig.done);
    assert_status(rig.done.status, SEC_I_CONTINUE_NEEDED);
    rig_accept(&second, rig_token(&rig.authenticate), &rig.done);
    assert_status(rig.done.status, SEC_E_LOGON_DENIED);
    cr_assert_eq(rig.done.failure.reason, SSPI_REASON_WRONG_PASSWORD);
    ntlm_provider.context_free(second.context);
}

/* Two clients on one credential, interleaved: each context keeps its own name. */
Test(ntlm_acceptor, two_clients_at_once, .init = open_rig, .fini = close_rig)
{
    static struct rig other;
    struct attribute_value value = {0};

    rig_open(&other);
    rig_client_is(&other, "alice", "Domain", "Password");
    struct rig_side own_server = other.server;
    other.server.credential = rig.server.credential;
    rig_run_to_authenticate(&rig);
    rig_run_to_authenticate(&other);
    rig_finish(&rig, rig_token(&rig.authenticate));
    rig_finish(&other, rig_token(&other.authenticate));
    assert_status(rig.done.status, SEC_E_OK);
    assert_status(other.done.status, SEC_E_OK);
    assert_status(ntlm_provider.query(rig.server.context, SECPKG_ATTR_NAMES, &value), SEC_E_OK);
    cr_assert_str_eq(value.text, "Domain\\User");
    assert_status(ntlm_provider.query(other.server.context, SECPKG_ATTR_NAMES, &value), SEC_E_OK);
    cr_assert_str_eq(value.text, "Domain\\alice");
    rig_reset(&other);
    other.server.credential = own_server.credential;
    rig_close(&other);
}

Test(ntlm_acceptor, malformed_names, .init = open_rig, .fini = close_rig)
{
    static const uint8_t lone_surrogate[2] = {0x00, 0xd8}, nul[2] = {0, 0};

    for (int i = 0; i < 3; i++) {
        uint8_t message[RIG_TOKEN_ROOM];
        size_t size;

        rig_reset(&rig);
        rig_run_to_authenticate(&rig);
        size = rig.authenticate.size;
        memcpy(message, rig.authenticate.token, size);
        if (i < 2)
            memcpy(message + rig_u32(message + 40), i ? nul : lone_surrogate, 2);
        else
            rig_put_u16(message + 36, 7);
        rig_finish(&rig, bytes_of(message, size));
        refused(SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    }
}

/* Control characters in a claimed name reach no log. */
Test(ntlm_acceptor, hostile_names_are_cleaned, .init = open_rig, .fini = close_rig)
{
    login_as("evil\r\n\x1b[31m", "Domain", "Password");
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_UNKNOWN_USER);
    for (const char *at = rig.done.failure.text; *at; at++)
        cr_assert((uint8_t)*at >= 0x20);
}
