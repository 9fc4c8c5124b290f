/*
 * InitializeSecurityContext for Kerberos (initiator.c, heimdal_ticket.c) against our own acceptor, with tickets out of
 * a cache that the test made: no KDC.
 */
#include "rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PROTECT (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)

struct pair {
    struct rig server;
    SecHandle credential, context;
    ULONG requested, attributes;
    SECURITY_STATUS status;
    uint8_t token[TICKET_ROOM];
    size_t token_size;
    char path[64];
};

/* libkrb5 looks at the machine's clock, so the cached ticket is good for long. */
static void pair_open(struct pair *pair)
{
    uint8_t room[TICKET_ROOM];
    struct bytes content;
    char name[80];
    int file;

    rig_open(&pair->server);
    pair->server.ticket.end = clock_now() + INT64_C(12) * 365 * 86400 * CLOCK_TICKS_PER_SECOND;
    content = ticket_cache_make(&pair->server.ticket, 1, room);
    snprintf(pair->path, sizeof pair->path, "/tmp/sspi-cache-XXXXXX");
    file = mkstemp(pair->path);
    cr_assert_geq(file, 0);
    cr_assert_eq((size_t)write(file, content.data, content.size), content.size);
    close(file);
    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Kerberos", SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL,
                                            &pair->credential, NULL),
                  SEC_E_OK);
    snprintf(name, sizeof name, "FILE:%s", pair->path);
    assert_status(SspiCredentialSetTicketCache(&pair->credential, name), SEC_E_OK);
    SecInvalidateHandle(&pair->context);
    pair->requested = ISC_REQ_MUTUAL_AUTH | PROTECT;
}

static void pair_close(struct pair *pair)
{
    if (SecIsValidHandle(&pair->context))
        DeleteSecurityContext(&pair->context);
    FreeCredentialsHandle(&pair->credential);
    rig_close(&pair->server);
    unlink(pair->path);
}

static void initiate(struct pair *pair, struct bytes token, size_t room)
{
    SecBuffer in[2] = {
        {(ULONG)token.size, SECBUFFER_TOKEN, (void *)(uintptr_t)token.data},
        {pair->server.bindings_size, SECBUFFER_CHANNEL_BINDINGS, (void *)(uintptr_t)pair->server.bindings}};
    SecBuffer out = {(ULONG)room, SECBUFFER_TOKEN, pair->token};
    SecBufferDesc input = {SECBUFFER_VERSION, pair->server.bindings ? 2 : 1, in}, output = {SECBUFFER_VERSION, 1, &out};
    const bool first = !SecIsValidHandle(&pair->context);

    if (!token.size)
        in[0].BufferType = SECBUFFER_EMPTY;
    pair->status = InitializeSecurityContextA(&pair->credential, first ? NULL : &pair->context,
                                              (SEC_CHAR *)"HTTP/server.example.test", pair->requested, 0, 0, &input, 0,
                                              &pair->context, &output, &pair->attributes, NULL);
    pair->token_size = out.cbBuffer;
}

static struct bytes answer_of(const struct pair *pair)
{
    return bytes_of(pair->server.answer, pair->server.answer_size);
}

/* Until both are done, asserting success. */
static void run(struct pair *pair)
{
    initiate(pair, (struct bytes){0}, sizeof pair->token);
    for (int legs = 0; legs < 3; legs++) {
        cr_assert_geq(pair->status, 0);
        if (!pair->token_size)
            break;
        rig_accept(&pair->server, bytes_of(pair->token, pair->token_size), sizeof pair->server.answer);
        cr_assert_geq(pair->server.status, 0);
        if (!pair->server.answer_size)
            break;
        initiate(pair, answer_of(pair), sizeof pair->token);
    }
    assert_status(pair->status, SEC_E_OK);
    assert_status(pair->server.status, SEC_E_OK);
}

static void keys_equal(struct pair *pair)
{
    SecPkgContext_SessionKey ours = {0}, theirs = {0};

    assert_status(QueryContextAttributesA(&pair->context, SECPKG_ATTR_SESSION_KEY, &ours), SEC_E_OK);
    assert_status(QueryContextAttributesA(&pair->server.context, SECPKG_ATTR_SESSION_KEY, &theirs), SEC_E_OK);
    cr_assert_eq(ours.SessionKeyLength, theirs.SessionKeyLength);
    assert_mem_eq(ours.SessionKey, theirs.SessionKey, ours.SessionKeyLength);
    FreeContextBuffer(ours.SessionKey);
    FreeContextBuffer(theirs.SessionKey);
}

static void message_passes(SecHandle *from, SecHandle *to)
{
    uint8_t token[128], text[] = "a sealed message", pad[16];
    SecPkgContext_Sizes sizes;
    SecBuffer buffers[3];
    SecBufferDesc message = {SECBUFFER_VERSION, 3, buffers};

    assert_status(QueryContextAttributesA(from, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    buffers[0] = (SecBuffer){sizes.cbSecurityTrailer, SECBUFFER_TOKEN, token};
    buffers[1] = (SecBuffer){sizeof text, SECBUFFER_DATA, text};
    buffers[2] = (SecBuffer){sizes.cbBlockSize, SECBUFFER_PADDING, pad};
    assert_status(EncryptMessage(from, 0, &message, 0), SEC_E_OK);
    cr_assert_neq(memcmp(text, "a sealed message", sizeof text), 0);
    assert_status(DecryptMessage(to, &message, 0, NULL), SEC_E_OK);
    cr_assert_str_eq((const char *)text, "a sealed message");
}

Test(krb_initiator, mutual)
{
    struct pair pair;

    pair_open(&pair);
    run(&pair);
    cr_assert_eq(pair.attributes, ISC_RET_MUTUAL_AUTH | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT
                                      | ISC_RET_CONFIDENTIALITY | ISC_RET_INTEGRITY | ISC_RET_CONNECTION);
    keys_equal(&pair);
    for (int i = 0; i < 3; i++) {
        message_passes(&pair.context, &pair.server.context);
        message_passes(&pair.server.context, &pair.context);
    }
    pair_close(&pair);
}

Test(krb_initiator, one_leg)
{
    struct pair pair;

    pair_open(&pair);
    pair.requested = PROTECT;
    run(&pair);
    cr_assert_eq(pair.server.answer_size, 0);
    keys_equal(&pair);
    message_passes(&pair.context, &pair.server.context);
    message_passes(&pair.server.context, &pair.context);
    pair_close(&pair);
}

Test(krb_initiator, dce_style)
{
    struct pair pair;

    pair_open(&pair);
    pair.requested |= ISC_REQ_USE_DCE_STYLE;
    run(&pair);
    cr_assert(pair.attributes & ISC_RET_USED_DCE_STYLE);
    keys_equal(&pair);
    message_passes(&pair.context, &pair.server.context);
    message_passes(&pair.server.context, &pair.context);
    pair_close(&pair);
}

Test(krb_initiator, channel_bindings_reach_the_server)
{
    SEC_CHANNEL_BINDINGS *made;
    struct pair pair;
    ULONG size;

    assert_status(SspiMakeChannelBindings("tls-unique:abc", 14, &size, &made), SEC_E_OK);
    pair_open(&pair);
    pair.server.bindings = made;
    pair.server.bindings_size = size;
    run(&pair);
    cr_assert(pair.server.bindings_result & SEC_CHANNEL_BINDINGS_RESULT_VALID_MATCHED);
    FreeContextBuffer(made);
    pair_close(&pair);
}

/* The server's clock is an hour ahead: it says so, and the second try fits. */
Test(krb_initiator, skew_is_corrected_once)
{
    struct pair pair;

    pair_open(&pair);
    pair.server.requested = ASC_REQ_EXTENDED_ERROR;
    initiate(&pair, (struct bytes){0}, sizeof pair.token);
    clock_set(clock_now() + 3600 * CLOCK_TICKS_PER_SECOND);
    rig_accept(&pair.server, bytes_of(pair.token, pair.token_size), sizeof pair.server.answer);
    assert_status(pair.server.status, SEC_I_CONTINUE_NEEDED);
    clock_set(clock_now() - 3600 * CLOCK_TICKS_PER_SECOND);
    initiate(&pair, answer_of(&pair), sizeof pair.token);
    assert_status(pair.status, SEC_I_CONTINUE_NEEDED);
    clock_set(clock_now() + 3600 * CLOCK_TICKS_PER_SECOND);
    rig_accept(&pair.server, bytes_of(pair.token, pair.token_size), sizeof pair.server.answer);
    assert_status(pair.server.status, SEC_E_OK);
    initiate(&pair, answer_of(&pair), sizeof pair.token);
    assert_status(pair.status, SEC_E_OK);
    clock_set(clock_now() - 3600 * CLOCK_TICKS_PER_SECOND);
    pair_close(&pair);
}

Test(krb_initiator, server_that_is_another)
{
    struct pair pair;

    pair_open(&pair);
    initiate(&pair, (struct bytes){0}, sizeof pair.token);
    rig_accept(&pair.server, bytes_of(pair.token, pair.token_size), sizeof pair.server.answer);
    assert_status(pair.server.status, SEC_E_OK);
    pair.server.answer[pair.server.answer_size - 1] ^= 1;
    initiate(&pair, answer_of(&pair), sizeof pair.token);
    assert_status(pair.status, SEC_E_MUTUAL_AUTH_FAILED);
    pair_close(&pair);
}

/* Signed with the same ticket's key, but an answer to something else that was said. */
Test(krb_initiator, answer_to_another_request)
{
    struct pair pair;

    pair_open(&pair);
    initiate(&pair, (struct bytes){0}, sizeof pair.token);
    rig_accept(&pair.server, bytes_of(pair.token, pair.token_size), sizeof pair.server.answer);
    assert_status(pair.server.status, SEC_E_OK);
    DeleteSecurityContext(&pair.context);
    SecInvalidateHandle(&pair.context);
    clock_advance_ms(2000);
    initiate(&pair, (struct bytes){0}, sizeof pair.token);
    initiate(&pair, answer_of(&pair), sizeof pair.token);
    assert_status(pair.status, SEC_E_MUTUAL_AUTH_FAILED);
    pair_close(&pair);
}

Test(krb_initiator, answers_altered_and_truncated, .timeout = 120)
{
    struct pair pair;
    size_t size, done = 0;

    pair_open(&pair);
    initiate(&pair, (struct bytes){0}, sizeof pair.token);
    rig_accept(&pair.server, bytes_of(pair.token, pair.token_size), sizeof pair.server.answer);
    size = pair.server.answer_size;
    for (size_t at = 0; at < 2 * size; at++) {
        struct bytes token;

        DeleteSecurityContext(&pair.context);
        SecInvalidateHandle(&pair.context);
        initiate(&pair, (struct bytes){0}, sizeof pair.token);
        rig_delete(&pair.server);
        rig_accept(&pair.server, bytes_of(pair.token, pair.token_size), sizeof pair.server.answer);
        assert_status(pair.server.status, SEC_E_OK);
        token = answer_of(&pair);
        if (at < size)
            pair.server.answer[at] ^= 4;
        else
            token.size = at - size;
        initiate(&pair, token, sizeof pair.token);
        done += pair.status >= 0;
    }
    cr_assert_eq(done, 1); /* the OID becomes the other one that is known */
    pair_close(&pair);
}

Test(krb_initiator, output_too_small_can_be_repeated)
{
    struct pair pair;
    size_t needed;

    pair_open(&pair);
    initiate(&pair, (struct bytes){0}, 5);
    assert_status(pair.status, SEC_E_BUFFER_TOO_SMALL);
    needed = pair.token_size;
    SecInvalidateHandle(&pair.context);
    initiate(&pair, (struct bytes){0}, needed + 16); /* times and names of any size: never far away */
    assert_status(pair.status, SEC_I_CONTINUE_NEEDED);
    pair_close(&pair);
}

Test(krb_initiator, refusals_of_the_server_are_told_apart)
{
    struct pair pair;

    pair_open(&pair);
    pair.server.requested = ASC_REQ_EXTENDED_ERROR;
    initiate(&pair, (struct bytes){0}, sizeof pair.token);
    pair.token[pair.token_size - 1] ^= 1; /* the authenticator */
    rig_accept(&pair.server, bytes_of(pair.token, pair.token_size), sizeof pair.server.answer);
    assert_status(pair.server.status, SEC_E_MESSAGE_ALTERED);
    initiate(&pair, answer_of(&pair), sizeof pair.token);
    assert_status(pair.status, SEC_E_LOGON_DENIED);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_PEER_REFUSED);
    pair_close(&pair);
}

Test(krb_initiator, without_a_cache)
{
    SecBuffer out = {64, SECBUFFER_TOKEN, (uint8_t[64]){0}};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
    SecHandle credential, context;
    ULONG attributes;

    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Kerberos", SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL,
                                            &credential, NULL),
                  SEC_E_OK);
    assert_status(SspiCredentialSetTicketCache(&credential, "FILE:/nonexistent/cache"), SEC_E_OK);
    assert_status(InitializeSecurityContextA(&credential, NULL, (SEC_CHAR *)"HTTP/x", 0, 0, 0, NULL, 0, &context,
                                             &output, &attributes, NULL),
                  SEC_E_NO_CREDENTIALS);
    assert_status(
        InitializeSecurityContextA(&credential, NULL, NULL, 0, 0, 0, NULL, 0, &context, &output, &attributes, NULL),
        SEC_E_TARGET_UNKNOWN);
    FreeCredentialsHandle(&credential);
}

/* A cache that another program puts in the place of the one there is, again and again. */
struct replacement {
    char path[64];
    uint8_t content[TICKET_ROOM];
    size_t size;
    atomic_bool stop;
};

static void *replace_run(void *argument)
{
    struct replacement *replacement = argument;
    char fresh[80];

    snprintf(fresh, sizeof fresh, "%s.new", replacement->path);
    while (!atomic_load(&replacement->stop)) {
        int file = open(fresh, O_CREAT | O_TRUNC | O_WRONLY, 0600);
        ssize_t written = write(file, replacement->content, replacement->size);

        close(file);
        if (written != (ssize_t)replacement->size || rename(fresh, replacement->path) != 0)
            return replacement; /* the disk is full */
        usleep(100);
    }
    return NULL;
}

Test(krb_initiator, cache_replaced_while_in_use, .timeout = 60)
{
    struct replacement replacement = {0};
    struct pair pair;
    pthread_t thread;
    void *failed;

    pair_open(&pair);
    replacement.size = ticket_cache_make(&pair.server.ticket, 1, replacement.content).size;
    memcpy(replacement.path, pair.path, sizeof pair.path);
    cr_assert_eq(pthread_create(&thread, NULL, replace_run, &replacement), 0);
    for (int i = 0; i < 2000; i++) {
        initiate(&pair, (struct bytes){0}, sizeof pair.token);
        if (pair.status != SEC_I_CONTINUE_NEEDED)
            break;
        DeleteSecurityContext(&pair.context);
        SecInvalidateHandle(&pair.context);
    }
    atomic_store(&replacement.stop, true);
    cr_assert_eq(pthread_join(thread, &failed), 0);
    cr_assert_null(failed);
    assert_status(pair.status, SEC_I_CONTINUE_NEEDED);
    pair_close(&pair);
}

Test(krb_initiator, every_allocation_of_ours_failing, .timeout = 60)
{
    struct pair pair;
    size_t nth = 0;

    pair_open(&pair);
    do {
        if (SecIsValidHandle(&pair.context))
            DeleteSecurityContext(&pair.context);
        SecInvalidateHandle(&pair.context);
        memory_fail_at(++nth);
        initiate(&pair, (struct bytes){0}, sizeof pair.token);
        if (pair.status == SEC_I_CONTINUE_NEEDED)
            continue;
        assert_status(pair.status, SEC_E_INSUFFICIENT_MEMORY);
        memory_fail_at(0);
        initiate(&pair, (struct bytes){0}, sizeof pair.token);
        assert_status(pair.status, SEC_I_CONTINUE_NEEDED);
    } while (memory_count() >= nth);
    memory_fail_at(0);
    cr_assert_gt(nth, 8);
    pair_close(&pair);
}
