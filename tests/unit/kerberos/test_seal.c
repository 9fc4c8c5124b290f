/*
 * Per-message tokens (seal.c, seal_aes.c, seal_rc4.c, seal_parts.c): two sessions of one key talk to each other in
 * every encryption type and style, and what an attacker may do to a message is refused. The RC4 token of [MS-KILE] 4.5
 * is the published vector.
 */
#include "kerberos/seal.h"

#include "test.h"

#define TEXT_MAX 700
#define TOKEN_MAX 128

static const int32_t types[] = {17, 18, 19, 20, 23};

struct pair {
    struct krb_session initiator, acceptor;
    struct failure failure;
};

static struct pair pair_make(int32_t etype, bool dce, bool sequence, bool replay)
{
    static const uint8_t value[KRB_KEY_MAX] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct pair pair = {0};

    cr_assert(krb_key_set(&pair.initiator.key, etype, bytes_of(value, krb_etype_find(etype)->key_size)));
    pair.initiator.dce_style = dce;
    pair.initiator.detect_sequence = sequence;
    pair.initiator.detect_replay = replay;
    pair.initiator.acceptor_subkey = true;
    pair.initiator.send_sequence = 0xFFFFFFFE; /* crosses 32 bits soon */
    pair.initiator.receive_sequence = 77;
    pair.acceptor = pair.initiator;
    pair.acceptor.acceptor = true;
    pair.acceptor.send_sequence = 77;
    pair.acceptor.receive_sequence = 0xFFFFFFFE;
    return pair;
}

/* TOKEN, a signed-only header, DATA, PADDING: as RPC lays a message out. */
struct sample {
    uint8_t token[TOKEN_MAX], header[8], text[TEXT_MAX], pad[4];
    SecBuffer buffers[4];
    struct failure failure;
    struct message message;
};

static void sample_make(struct sample *sample, size_t size)
{
    memset(sample, 0, sizeof *sample);
    memcpy(sample->header, "headline", 8);
    for (size_t i = 0; i < size; i++)
        sample->text[i] = (uint8_t)i;
    sample->buffers[0] = (SecBuffer){TOKEN_MAX, SECBUFFER_TOKEN, sample->token};
    sample->buffers[1] = (SecBuffer){8, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, sample->header};
    sample->buffers[2] = (SecBuffer){(ULONG)size, SECBUFFER_DATA, sample->text};
    sample->buffers[3] = (SecBuffer){1, SECBUFFER_PADDING, sample->pad};
    sample->message = (struct message){.buffers = sample->buffers, .count = 4, .failure = &sample->failure};
}

static bool text_intact(const struct sample *sample)
{
    for (size_t i = 0; i < sample->buffers[2].cbBuffer; i++) {
        if (sample->text[i] != (uint8_t)i)
            return false;
    }
    return true;
}

static void both_ways(int32_t etype, bool dce)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 127, 128, 700};
    struct pair pair = pair_make(etype, dce, true, true);
    ULONG signature, trailer, block;

    krb_session_sizes(&pair.initiator, &signature, &trailer, &block);
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
        struct krb_session *from = i % 2 ? &pair.acceptor : &pair.initiator;
        struct krb_session *to = i % 2 ? &pair.initiator : &pair.acceptor;
        struct sample sample;
        size_t size = sizes[i / 2];

        sample_make(&sample, size);
        assert_status(krb_session_seal(from, &sample.message), SEC_E_OK);
        cr_assert(sample.buffers[0].cbBuffer <= trailer);
        cr_assert(size < 8 || !text_intact(&sample), "the text is encrypted");
        assert_status(krb_session_unseal(to, &sample.message), SEC_E_OK);
        cr_assert(text_intact(&sample));
        cr_assert_eq(sample.message.qop, 0);

        sample_make(&sample, size);
        sample.message.qop = SECQOP_WRAP_NO_ENCRYPT;
        assert_status(krb_session_seal(from, &sample.message), SEC_E_OK);
        cr_assert(text_intact(&sample));
        cr_assert_eq(sample.buffers[3].cbBuffer, etype == KRB_ETYPE_RC4 && !dce);
        sample.message.qop = 0;
        assert_status(krb_session_unseal(to, &sample.message), SEC_E_OK);
        cr_assert_eq(sample.message.qop, SECQOP_WRAP_NO_ENCRYPT);

        sample_make(&sample, size);
        assert_status(krb_session_sign(from, &sample.message), SEC_E_OK);
        cr_assert_eq(sample.buffers[0].cbBuffer, signature);
        assert_status(krb_session_verify(to, &sample.message), SEC_E_OK);
    }
}

Test(kerberos_seal, every_type_both_ways)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        both_ways(types[i], false);
        both_ways(types[i], true);
    }
}

/* Sizes of facts: RFC 4121 with SHA-1 60, 76 and 28; RFC 8009 64/72, 80/88 and 32/40; RC4 45 and 37. */
Test(kerberos_seal, token_sizes_are_exact)
{
    static const struct {
        int32_t etype;
        ULONG sealed, dce, mic;
    } rows[] = {{17, 60, 76, 28}, {18, 60, 76, 28}, {19, 64, 80, 32}, {20, 72, 88, 40}, {23, 45, 45, 37}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pair plain = pair_make(rows[i].etype, false, true, true),
                    dce = pair_make(rows[i].etype, true, true, true);
        struct sample sample;

        sample_make(&sample, 32);
        assert_status(krb_session_seal(&plain.initiator, &sample.message), SEC_E_OK);
        cr_assert_eq(sample.buffers[0].cbBuffer, rows[i].sealed);
        sample_make(&sample, 32);
        assert_status(krb_session_seal(&dce.initiator, &sample.message), SEC_E_OK);
        cr_assert_eq(sample.buffers[0].cbBuffer, rows[i].dce);
        sample_make(&sample, 32);
        assert_status(krb_session_sign(&dce.initiator, &sample.message), SEC_E_OK);
        cr_assert_eq(sample.buffers[0].cbBuffer, rows[i].mic);
    }
}

enum way { WAY_SEAL, WAY_WRAP, WAY_SIGN };

static SECURITY_STATUS send_one(struct krb_session *from, struct sample *sample, enum way way)
{
    sample_make(sample, 40);
    sample->message.qop = way == WAY_WRAP ? SECQOP_WRAP_NO_ENCRYPT : 0;
    return way == WAY_SIGN ? krb_session_sign(from, &sample->message) : krb_session_seal(from, &sample->message);
}

static SECURITY_STATUS receive_one(struct krb_session *to, struct sample *sample, enum way way)
{
    return way == WAY_SIGN ? krb_session_verify(to, &sample->message) : krb_session_unseal(to, &sample->message);
}

/*
 * Each byte of each buffer flipped, alone. Nothing protects the GSS frame of RC4 (left out) and the rotation count of
 * RFC 4121 4.2.5, which may be any number: there the text must come out as it was, or not at all.
 */
static void tamper(int32_t etype, enum way way)
{
    struct pair pair = pair_make(etype, false, true, true);
    struct sample sent, received;
    size_t skip = etype == 23 ? 2 : 0;

    assert_status(send_one(&pair.initiator, &sent, way), SEC_E_OK);
    for (ULONG b = 0; b < 3; b++) {
        for (ULONG i = b == 0 ? (ULONG)skip : 0; i < sent.buffers[b].cbBuffer; i++) {
            struct krb_session before = pair.acceptor;

            received = sent;
            for (ULONG j = 0; j < 4; j++)
                received.buffers[j].pvBuffer =
                    (uint8_t *)&received + ((uint8_t *)sent.buffers[j].pvBuffer - (uint8_t *)&sent);
            received.message.buffers = received.buffers;
            received.message.failure = &received.failure;
            ((uint8_t *)received.buffers[b].pvBuffer)[i] ^= 0x20;
            if (receive_one(&pair.acceptor, &received, way) >= 0) {
                cr_assert(etype != 23 && way != WAY_SIGN && b == 0 && (i == 6 || i == 7) && text_intact(&received),
                          "type %d way %d buffer %u byte %u", etype, way, b, i);
                pair.acceptor = before;
            }
            cr_assert_eq(pair.acceptor.receive_sequence, before.receive_sequence);
        }
    }
    assert_status(receive_one(&pair.acceptor, &sent, way), SEC_E_OK);
}

Test(kerberos_seal, every_altered_byte_is_refused)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        tamper(types[i], WAY_SEAL);
        tamper(types[i], WAY_WRAP);
        tamper(types[i], WAY_SIGN);
    }
}

Test(kerberos_seal, tokens_cut_at_every_length_are_refused)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        for (int way = WAY_SEAL; way <= WAY_SIGN; way++) {
            struct pair pair = pair_make(types[i], false, true, true);
            struct sample sample;
            ULONG whole;

            assert_status(send_one(&pair.initiator, &sample, (enum way)way), SEC_E_OK);
            whole = sample.buffers[0].cbBuffer;
            for (ULONG size = 0; size < whole; size++) {
                sample.buffers[0].cbBuffer = size;
                cr_assert(receive_one(&pair.acceptor, &sample, (enum way)way) < 0, "size %u", size);
            }
        }
    }
}

static void copy_of(const struct sample *sent, struct sample *copy)
{
    *copy = *sent;
    for (ULONG j = 0; j < 4; j++)
        copy->buffers[j].pvBuffer = (uint8_t *)copy + ((uint8_t *)sent->buffers[j].pvBuffer - (const uint8_t *)sent);
    copy->message.buffers = copy->buffers;
    copy->message.failure = &copy->failure;
}

Test(kerberos_seal, replayed_reordered_and_reflected_messages_are_refused)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct pair pair = pair_make(types[i], false, true, true);
        struct sample first, second, copy;

        assert_status(send_one(&pair.initiator, &first, WAY_SEAL), SEC_E_OK);
        assert_status(send_one(&pair.initiator, &second, WAY_SEAL), SEC_E_OK);
        copy_of(&second, &copy);
        assert_status(receive_one(&pair.acceptor, &copy, WAY_SEAL), SEC_E_OUT_OF_SEQUENCE);
        copy_of(&first, &copy);
        assert_status(receive_one(&pair.initiator, &copy, WAY_SEAL), SEC_E_MESSAGE_ALTERED);
        copy_of(&first, &copy);
        assert_status(receive_one(&pair.acceptor, &copy, WAY_SEAL), SEC_E_OK);
        copy_of(&first, &copy);
        assert_status(receive_one(&pair.acceptor, &copy, WAY_SEAL), SEC_E_OUT_OF_SEQUENCE);
        assert_status(receive_one(&pair.acceptor, &second, WAY_SEAL), SEC_E_OK);
    }
}

Test(kerberos_seal, replay_detection_alone_takes_any_order_once)
{
    struct pair pair = pair_make(18, false, false, true);
    struct sample sent[3], copy;
    static const size_t order[] = {2, 0, 1};

    for (size_t i = 0; i < 3; i++)
        assert_status(send_one(&pair.initiator, &sent[i], WAY_SEAL), SEC_E_OK);
    for (size_t i = 0; i < 3; i++) {
        copy_of(&sent[order[i]], &copy);
        assert_status(receive_one(&pair.acceptor, &copy, WAY_SEAL), SEC_E_OK);
        copy_of(&sent[order[i]], &copy);
        assert_status(receive_one(&pair.acceptor, &copy, WAY_SEAL), SEC_E_OUT_OF_SEQUENCE);
    }
}

Test(kerberos_seal, a_stream_is_opened_in_place)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct pair pair = pair_make(types[i], false, true, true);
        uint8_t stream[TOKEN_MAX + TEXT_MAX];
        struct failure failure;
        struct sample sample;
        size_t used;

        sample_make(&sample, 300);
        sample.buffers[1] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
        assert_status(krb_session_seal(&pair.initiator, &sample.message), SEC_E_OK);
        used = sample.buffers[0].cbBuffer;
        memcpy(stream, sample.token, used);
        memcpy(stream + used, sample.text, 300);
        used += 300;
        if (types[i] == 23)
            stream[used++] = sample.pad[0];
        {
            SecBuffer buffers[2] = {{(ULONG)used, SECBUFFER_STREAM, stream}, {0, SECBUFFER_DATA, NULL}};
            struct message message = {.buffers = buffers, .count = 2, .failure = &failure};

            assert_status(krb_session_unseal(&pair.acceptor, &message), SEC_E_OK);
            cr_assert_eq(buffers[1].cbBuffer, 300);
            cr_assert((uint8_t *)buffers[1].pvBuffer >= stream);
            cr_assert((uint8_t *)buffers[1].pvBuffer + 300 <= stream + used);
            for (size_t j = 0; j < 300; j++)
                cr_assert_eq(((uint8_t *)buffers[1].pvBuffer)[j], (uint8_t)j);
        }
    }
}

Test(kerberos_seal, missing_and_small_buffers)
{
    struct pair pair = pair_make(18, false, true, true);
    struct sample sample;

    sample_make(&sample, 10);
    sample.buffers[0].cbBuffer = 59;
    assert_status(krb_session_seal(&pair.initiator, &sample.message), SEC_E_BUFFER_TOO_SMALL);
    cr_assert(text_intact(&sample));
    sample_make(&sample, 10);
    sample.buffers[0].BufferType = SECBUFFER_EMPTY;
    assert_status(krb_session_seal(&pair.initiator, &sample.message), SEC_E_INVALID_TOKEN);
    sample_make(&sample, 10);
    sample.buffers[0].BufferType |= SECBUFFER_READONLY;
    assert_status(krb_session_seal(&pair.initiator, &sample.message), SEC_E_INVALID_TOKEN);
    assert_status(krb_session_sign(&pair.initiator, &sample.message), SEC_E_INVALID_TOKEN);
    cr_assert(text_intact(&sample));
    sample_make(&sample, 10);
    sample.buffers[1].BufferType = sample.buffers[2].BufferType = SECBUFFER_EMPTY;
    assert_status(krb_session_sign(&pair.initiator, &sample.message), SEC_E_INVALID_TOKEN);
    cr_assert_eq(pair.initiator.send_sequence, 0xFFFFFFFE, "nothing was sent");
}

/* [MS-KILE] 4.5: key, number and data published; the confounder is in the cipher text, so the token is opened. */
Test(kerberos_seal, published_rc4_token_opens)
{
    uint8_t key[16], token[64], data[17], wanted[15];
    struct krb_session session = {.acceptor = true, .detect_sequence = true, .receive_sequence = 0x60CBACD3};
    struct failure failure;
    SecBuffer buffers[3] = {{0, SECBUFFER_TOKEN, token}, {15, SECBUFFER_DATA, data}, {1, SECBUFFER_PADDING, data + 15}};
    struct message message = {.buffers = buffers, .count = 3, .failure = &failure};

    cr_assert(krb_key_set(&session.key, 23, bytes_of(key, test_hex("81a2cb90af7fc2d19554a150d8185359", key, 16))));
    buffers[0].cbBuffer =
        (ULONG)test_hex("603b06092a864886f712010202 020111001000ffff e29e8bbc6348e740 ebaa619244a156a1 "
                        "3b5cf65e3c21b9aa",
                        token, sizeof token);
    test_hex("8ed63f0ac83815335b72e293bae1f660", data, sizeof data);
    test_hex("112233445566778899aabbccddeeff", wanted, sizeof wanted);
    assert_status(krb_session_unseal(&session, &message), SEC_E_OK);
    assert_mem_eq(data, wanted, 15);
    cr_assert_eq(session.receive_sequence, 0x60CBACD4);
}
