/*
 * seal.c: the published values, sequence, altered messages, buffers of every kind.
 */
#include "support_pair.h"
#include "vectors.h"

Test(ntlm_seal, v2_vectors, .init = strong, .fini = pair_close)
{
    seals_to(client, V2_SEALED, V2_SIGNATURE);
    seals_to(client, X_SEALED_SECOND, X_SIGNATURE_SECOND);
    seals_to(server, X_SEALED_SERVER, X_SIGNATURE_SERVER);
    unseals_from(server, V2_SEALED, V2_SIGNATURE);
    unseals_from(server, X_SEALED_SECOND, X_SIGNATURE_SECOND);
    unseals_from(client, X_SEALED_SERVER, X_SIGNATURE_SERVER);
}

Test(ntlm_seal, signature_vectors)
{
    uint8_t text[18], signature[16];

    plaintext(text);
    strong();
    assert_status(rig_sign(&client->base, text, sizeof text, signature), SEC_E_OK);
    is_hex(signature, X_SIGNED_KEY_EXCH);
    assert_status(rig_check(&server->base, text, sizeof text, signature), SEC_E_OK);
    pair_close();
    pair_open(ALL_STRONG & ~NTLM_KEY_EXCH);
    assert_status(rig_sign(&client->base, text, sizeof text, signature), SEC_E_OK);
    is_hex(signature, X_SIGNED_PLAIN);
    cr_assert_null(client->sending.rc4, "no stream without need");
    assert_status(rig_check(&server->base, text, sizeof text, signature), SEC_E_OK);
    pair_close();
}

Test(ntlm_seal, v1_with_client_challenge)
{
    client = established(false, NTLM_SIGN | NTLM_SEAL | NTLM_ESS | NTLM_56, V1C_KXKEY);
    server = established(true, NTLM_SIGN | NTLM_SEAL | NTLM_ESS | NTLM_56, V1C_KXKEY);
    seals_to(client, V1C_SEALED, V1C_SIGNATURE);
    unseals_from(server, V1C_SEALED, V1C_SIGNATURE);
    pair_close();
}

/* Without extended session security both directions share one stream: a conversation takes turns. */
Test(ntlm_seal, v1_half_duplex)
{
    uint8_t text[18], signature[16], with_pad[16];

    pair_open(NTLM_SIGN | NTLM_SEAL | NTLM_KEY_EXCH | NTLM_128);
    seals_to(client, V1_SEALED, V1_SIGNATURE);
    test_hex("01000000 45c844e5 09dcd1df 2e459d36", with_pad, sizeof with_pad);
    test_hex(V1_SEALED, text, sizeof text);
    assert_status(rig_unseal(&server->base, text, sizeof text, with_pad), SEC_E_OK);
    is_hex(text, V_PLAINTEXT);
    for (int i = 0; i < 4; i++) {
        struct ntlm_context *from = i % 2 ? client : server, *to = i % 2 ? server : client;

        plaintext(text);
        assert_status(rig_seal(&from->base, text, sizeof text, signature), SEC_E_OK);
        assert_status(rig_unseal(&to->base, text, sizeof text, signature), SEC_E_OK);
        is_hex(text, V_PLAINTEXT);
    }
    signature[15] ^= 1;
    assert_status(rig_seal(&client->base, text, sizeof text, signature), SEC_E_OK);
    signature[12] ^= 1;
    assert_status(rig_unseal(&server->base, text, sizeof text, signature), SEC_E_MESSAGE_ALTERED);
    pair_close();
}

/* A snapshot in mid-stream restores exactly that place. */
Test(ntlm_seal, snapshot_in_mid_stream, .init = strong, .fini = pair_close)
{
    struct ntlm_seal_state state;
    uint8_t text[18], copy[18], signature[16];

    seals_to(client, V2_SEALED, V2_SIGNATURE);
    assert_status(ntlm_seal_snapshot(client, &state), SEC_E_OK);
    plaintext(text);
    assert_status(rig_seal(&client->base, text, sizeof text, signature), SEC_E_OK);
    ntlm_seal_restore(client, &state);
    plaintext(copy);
    assert_status(rig_seal(&client->base, copy, sizeof copy, signature), SEC_E_OK);
    assert_mem_eq(copy, text, sizeof text);
    cr_assert_eq(rig_u32(signature + 12), 2, "the sequence number is not given back");
    assert_status(ntlm_seal_snapshot(client, &state), SEC_E_OK);
    ntlm_seal_state_clear(&state);
    cr_assert_null(state.sending);
}

Test(ntlm_seal, out_of_sequence_changes_nothing, .init = strong, .fini = pair_close)
{
    uint8_t text[3][18], signature[3][16], replay[18];

    for (int i = 0; i < 3; i++) {
        plaintext(text[i]);
        assert_status(rig_seal(&client->base, text[i], 18, signature[i]), SEC_E_OK);
    }
    memcpy(replay, text[0], 18);
    assert_status(rig_unseal(&server->base, text[1], 18, signature[1]), SEC_E_OUT_OF_SEQUENCE);
    assert_status(rig_unseal(&server->base, text[0], 18, signature[0]), SEC_E_OK);
    assert_status(rig_unseal(&server->base, replay, 18, signature[0]), SEC_E_OUT_OF_SEQUENCE);
    assert_status(rig_unseal(&server->base, text[2], 18, signature[2]), SEC_E_OUT_OF_SEQUENCE);
    assert_status(rig_unseal(&server->base, text[1], 18, signature[1]), SEC_E_OK);
    assert_status(rig_unseal(&server->base, text[2], 18, signature[2]), SEC_E_OK);
    is_hex(text[2], V_PLAINTEXT);
}

/* Each bit of data and signature: refused; the plain text is not given out, and the direction stays closed. */
Test(ntlm_seal, every_bit_counts)
{
    for (size_t bit = 0; bit < (18 + 16) * 8; bit++) {
        uint8_t wire[18 + 16], untouched[18 + 16];
        static const uint8_t zeros[18];
        const size_t byte = bit / 8;
        SECURITY_STATUS expected = byte >= 18 + 12 ? SEC_E_OUT_OF_SEQUENCE : SEC_E_MESSAGE_ALTERED;

        strong();
        plaintext(wire);
        assert_status(rig_seal(&client->base, wire, 18, wire + 18), SEC_E_OK);
        memcpy(untouched, wire, sizeof wire);
        wire[byte] ^= (uint8_t)(1 << bit % 8);
        assert_status(rig_unseal(&server->base, wire, 18, wire + 18), expected);
        if (byte < 18 + 4 || byte >= 18 + 12) {
            if (byte < 18)
                assert_mem_eq(wire, zeros, 18);
        }
        /* What was told without moving the stream leaves it usable; everything else closes it. */
        expected = byte >= 18 + 12 || (byte >= 18 && byte < 18 + 4) ? SEC_E_OK : SEC_E_MESSAGE_ALTERED;
        assert_status(rig_unseal(&server->base, untouched, 18, untouched + 18), expected);
        pair_close();
    }
}

Test(ntlm_seal, every_bit_of_a_signed_message_counts)
{
    for (size_t bit = 0; bit < (18 + 16) * 8; bit++) {
        uint8_t wire[18 + 16];

        strong();
        plaintext(wire);
        assert_status(rig_sign(&client->base, wire, 18, wire + 18), SEC_E_OK);
        wire[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_status(rig_check(&server->base, wire, 18, wire + 18),
                      bit / 8 >= 18 + 12 ? SEC_E_OUT_OF_SEQUENCE : SEC_E_MESSAGE_ALTERED);
        pair_close();
    }
}

/* Also where no key stream was moved: whoever altered one message gets no further try. */
Test(ntlm_seal, altered_message_closes_the_direction)
{
    uint8_t text[18], signature[16];

    pair_open(ALL_STRONG & ~NTLM_KEY_EXCH);
    plaintext(text);
    assert_status(rig_sign(&client->base, text, sizeof text, signature), SEC_E_OK);
    text[0] ^= 1;
    assert_status(rig_check(&server->base, text, sizeof text, signature), SEC_E_MESSAGE_ALTERED);
    text[0] ^= 1;
    assert_status(rig_check(&server->base, text, sizeof text, signature), SEC_E_MESSAGE_ALTERED);
    assert_status(rig_sign(&server->base, text, sizeof text, signature), SEC_E_OK);
    assert_status(rig_check(&client->base, text, sizeof text, signature), SEC_E_OK);
    pair_close();
}

Test(ntlm_seal, own_message_reflected, .init = strong, .fini = pair_close)
{
    uint8_t text[18], signature[16];

    plaintext(text);
    assert_status(rig_seal(&client->base, text, sizeof text, signature), SEC_E_OK);
    assert_status(rig_unseal(&client->base, text, sizeof text, signature), SEC_E_MESSAGE_ALTERED);
}

struct parts {
    uint8_t header[4], body[8], unsigned_part[3], signature[16];
    SecBuffer buffers[5];
    struct message message;
};

static void parts_fill(struct parts *parts)
{
    *parts = (struct parts){.header = "head", .body = "a body.", .unsigned_part = "xyz"};
    parts->buffers[0] = (SecBuffer){4, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, parts->header};
    parts->buffers[1] = (SecBuffer){8, SECBUFFER_DATA, parts->body};
    parts->buffers[2] = (SecBuffer){3, SECBUFFER_DATA | SECBUFFER_READONLY, parts->unsigned_part};
    parts->buffers[3] = (SecBuffer){16, SECBUFFER_TOKEN, parts->signature};
    parts->buffers[4] = (SecBuffer){0, SECBUFFER_DATA, NULL};
    parts->message = (struct message){.buffers = parts->buffers, .count = 5};
}

Test(ntlm_seal, buffers_of_every_kind, .init = strong, .fini = pair_close)
{
    struct parts parts;

    parts_fill(&parts);
    assert_status(ntlm_seal(&client->base, &parts.message), SEC_E_OK);
    assert_mem_eq(parts.header, "head", 4);
    assert_mem_eq(parts.unsigned_part, "xyz", 3);
    cr_assert(memcmp(parts.body, "a body.", 8) != 0);
    parts.unsigned_part[0] = '!';
    assert_status(ntlm_unseal(&server->base, &parts.message), SEC_E_OK);
    assert_mem_eq(parts.body, "a body.", 8);

    parts_fill(&parts);
    assert_status(ntlm_seal(&client->base, &parts.message), SEC_E_OK);
    parts.header[0] ^= 1;
    assert_status(ntlm_unseal(&server->base, &parts.message), SEC_E_MESSAGE_ALTERED);
    assert_mem_eq(parts.header, "iead", 4);
}

/* The same bytes in one buffer or in forty give the same wire. */
Test(ntlm_seal, many_buffers)
{
    uint8_t whole[40], pieces[40], signature[2][16];
    SecBuffer buffers[41];
    struct message message = {.buffers = buffers, .count = 41};

    for (uint8_t i = 0; i < 40; i++) {
        whole[i] = pieces[i] = i;
        buffers[i + 1] = (SecBuffer){1, SECBUFFER_DATA, &pieces[i]};
    }
    buffers[0] = (SecBuffer){16, SECBUFFER_TOKEN, signature[1]};
    strong();
    assert_status(rig_seal(&client->base, whole, sizeof whole, signature[0]), SEC_E_OK);
    pair_close();
    strong();
    assert_status(ntlm_seal(&client->base, &message), SEC_E_OK);
    assert_mem_eq(pieces, whole, sizeof whole);
    assert_mem_eq(signature[1], signature[0], 16);
    assert_status(ntlm_unseal(&server->base, &message), SEC_E_OK);
    pair_close();
}

Test(ntlm_seal, empty_message, .init = strong, .fini = pair_close)
{
    uint8_t signature[16], nothing;

    assert_status(rig_seal(&client->base, &nothing, 0, signature), SEC_E_OK);
    assert_status(rig_unseal(&server->base, &nothing, 0, signature), SEC_E_OK);
}

/* Signature and data in one piece, as programs that serve every package pass them. */
Test(ntlm_seal, wrapped_in_one_piece, .init = strong, .fini = pair_close)
{
    uint8_t wire[16 + 18];
    SecBuffer buffers[2] = {{sizeof wire, SECBUFFER_STREAM, wire}, {0, SECBUFFER_DATA, NULL}};
    struct failure failure = {0};
    struct message message = {.buffers = buffers, .count = 2, .failure = &failure};

    plaintext(wire + 16);
    assert_status(rig_seal(&client->base, wire + 16, 18, wire), SEC_E_OK);
    buffers[0].cbBuffer = 15;
    assert_status(ntlm_unseal(&server->base, &message), SEC_E_INVALID_TOKEN);
    buffers[0].cbBuffer = sizeof wire;
    message.count = 1;
    assert_status(ntlm_unseal(&server->base, &message), SEC_E_INVALID_TOKEN);
    message.count = 2;
    assert_status(ntlm_unseal(&server->base, &message), SEC_E_OK);
    cr_assert(buffers[1].pvBuffer == wire + 16 && buffers[1].cbBuffer == 18);
    is_hex(buffers[1].pvBuffer, V_PLAINTEXT);
    plaintext(wire + 16);
    assert_status(rig_seal(&client->base, wire + 16, 18, wire), SEC_E_OK);
    wire[20] ^= 1;
    buffers[1] = (SecBuffer){0, SECBUFFER_DATA, NULL};
    assert_status(ntlm_unseal(&server->base, &message), SEC_E_MESSAGE_ALTERED);
    cr_assert_null(buffers[1].pvBuffer);
}

/* A wrap that only signs: the receiver must know, since a signature does not tell. */
Test(ntlm_seal, wrapped_but_not_sealed, .init = strong, .fini = pair_close)
{
    uint8_t wire[16 + 18], padding[4];
    SecBuffer sent[3] = {{16, SECBUFFER_TOKEN, wire}, {18, SECBUFFER_DATA, wire + 16}, {4, SECBUFFER_PADDING, padding}};
    SecBuffer received[2] = {{sizeof wire, SECBUFFER_STREAM, wire}, {0, SECBUFFER_DATA, NULL}};
    struct failure failure = {0};
    struct message wrap = {.buffers = sent, .count = 3, .failure = &failure},
                   unwrap = {.buffers = received, .count = 2, .failure = &failure};

    plaintext(wire + 16);
    wrap.qop = SECQOP_WRAP_NO_ENCRYPT;
    assert_status(ntlm_seal(&client->base, &wrap), SEC_E_OK);
    is_hex(wire + 16, V_PLAINTEXT);
    cr_assert_eq(sent[2].cbBuffer, 0);
    unwrap.qop = SECQOP_WRAP_NO_ENCRYPT;
    assert_status(ntlm_unseal(&server->base, &unwrap), SEC_E_OK);
    cr_assert(received[1].pvBuffer == wire + 16 && received[1].cbBuffer == 18);
    is_hex(received[1].pvBuffer, V_PLAINTEXT);
    sent[0].cbBuffer = 16;
    assert_status(ntlm_seal(&client->base, &wrap), SEC_E_OK);
    wire[20] ^= 1;
    assert_status(ntlm_unseal(&server->base, &unwrap), SEC_E_MESSAGE_ALTERED);
}

Test(ntlm_seal, bad_buffers, .init = strong, .fini = pair_close)
{
    uint8_t text[4] = "text", signature[20] = {0};
    SecBuffer buffers[2] = {{15, SECBUFFER_TOKEN, signature}, {4, SECBUFFER_DATA, text}};
    struct failure failure = {0};
    struct message message = {.buffers = buffers, .count = 2, .failure = &failure};

    assert_status(ntlm_seal(&client->base, &message), SEC_E_BUFFER_TOO_SMALL);
    assert_status(ntlm_sign(&client->base, &message), SEC_E_BUFFER_TOO_SMALL);
    assert_status(ntlm_unseal(&server->base, &message), SEC_E_INVALID_TOKEN);
    message.count = 1;
    buffers[0].cbBuffer = 16;
    assert_status(ntlm_seal(&client->base, &message), SEC_E_INVALID_TOKEN);
    assert_status(ntlm_sign(&client->base, &message), SEC_E_INVALID_TOKEN);
    message.buffers = buffers + 1;
    assert_status(ntlm_seal(&client->base, &message), SEC_E_INVALID_TOKEN);
    assert_status(ntlm_verify_signature(&server->base, &message), SEC_E_INVALID_TOKEN);
    message.buffers = buffers, message.count = 2;
    buffers[0].cbBuffer = 20;
    buffers[0].BufferType |= SECBUFFER_READONLY;
    assert_status(ntlm_seal(&client->base, &message), SEC_E_INVALID_TOKEN);
    buffers[0].BufferType = SECBUFFER_TOKEN;
    assert_status(ntlm_seal(&client->base, &message), SEC_E_OK);
    cr_assert_eq(buffers[0].cbBuffer, 16);
    cr_assert_eq(client->sending.sequence, 1, "failures do not count");
}

static void dummy_buffers(struct context *context)
{
    uint8_t data[4] = {0}, signature[16];
    SecBuffer buffers[2] = {{15, SECBUFFER_TOKEN, signature}, {4, SECBUFFER_DATA, data}};
    struct message message = {.buffers = buffers, .count = 2};

    assert_status(ntlm_sign(context, &message), SEC_E_BUFFER_TOO_SMALL);
    buffers[0].BufferType = SECBUFFER_EMPTY;
    assert_status(ntlm_sign(context, &message), SEC_E_INVALID_TOKEN);
}

/* Callers that serve every package add a buffer for padding, of which NTLM has none. */
Test(ntlm_seal, padding_is_empty, .init = strong, .fini = pair_close)
{
    uint8_t data[4] = {0}, signature[16], padding[8];
    SecBuffer buffers[3] = {
        {16, SECBUFFER_TOKEN, signature}, {4, SECBUFFER_DATA, data}, {8, SECBUFFER_PADDING, padding}};
    struct message message = {.buffers = buffers, .count = 3};

    assert_status(ntlm_seal(&client->base, &message), SEC_E_OK);
    cr_assert_eq(buffers[2].cbBuffer, 0);
    assert_status(ntlm_unseal(&server->base, &message), SEC_E_OK);
}

Test(ntlm_seal, only_what_was_agreed)
{
    uint8_t text[18], signature[16];
    static const uint8_t dummy[16] = {1};

    plaintext(text);
    pair_open(NTLM_SIGN | NTLM_ESS | NTLM_128 | NTLM_ALWAYS_SIGN);
    assert_status(rig_seal(&client->base, text, sizeof text, signature), SEC_E_QOP_NOT_SUPPORTED);
    assert_status(rig_unseal(&client->base, text, sizeof text, signature), SEC_E_QOP_NOT_SUPPORTED);
    assert_status(rig_sign(&client->base, text, sizeof text, signature), SEC_E_OK);
    pair_close();
    pair_open(NTLM_ESS | NTLM_ALWAYS_SIGN);
    assert_status(rig_sign(&client->base, text, sizeof text, signature), SEC_E_OK);
    assert_mem_eq(signature, dummy, 16);
    assert_status(rig_check(&server->base, text, sizeof text, signature), SEC_E_QOP_NOT_SUPPORTED);
    dummy_buffers(&client->base);
    assert_status(rig_seal(&client->base, text, sizeof text, signature), SEC_E_QOP_NOT_SUPPORTED);
    client->state = NTLM_WAITING;
    assert_status(rig_sign(&client->base, text, sizeof text, signature), SEC_E_INVALID_HANDLE);
    pair_close();
    pair_open(ALL_STRONG);
    client->anonymous = true;
    assert_status(rig_sign(&client->base, text, sizeof text, signature), SEC_E_QOP_NOT_SUPPORTED);
    assert_status(rig_seal(&client->base, text, sizeof text, signature), SEC_E_QOP_NOT_SUPPORTED);
    pair_close();
}

Test(ntlm_seal, sequence_numbers_never_wrap, .init = strong, .fini = pair_close)
{
    uint8_t text[18], signature[16];

    plaintext(text);
    client->sending.sequence = UINT32_MAX - 1;
    assert_status(rig_sign(&client->base, text, sizeof text, signature), SEC_E_OK);
    assert_status(rig_sign(&client->base, text, sizeof text, signature), SEC_E_CONTEXT_EXPIRED);
}

Test(ntlm_seal, every_allocation_failing)
{
    /* What a thread allocates once for its digests is not at issue. */
    strong();
    seals_to(client, V2_SEALED, V2_SIGNATURE);
    pair_close();
    for (size_t nth = 1;; nth++) {
        uint8_t text[40], signature[16];
        SecBuffer buffers[41];
        struct message message = {.buffers = buffers, .count = 41};
        const size_t live = memory_live();
        SECURITY_STATUS status;

        for (uint8_t i = 0; i < 40; i++) {
            text[i] = i;
            buffers[i + 1] = (SecBuffer){1, SECBUFFER_DATA, &text[i]};
        }
        buffers[0] = (SecBuffer){16, SECBUFFER_TOKEN, signature};
        strong();
        memory_fail_at(nth);
        status = ntlm_seal(&client->base, &message);
        const bool done = memory_count() < nth;
        memory_fail_at(0);
        assert_status(status, done ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY);
        if (status != SEC_E_OK)
            assert_status(ntlm_seal(&client->base, &message), SEC_E_OK);
        assert_status(ntlm_unseal(&server->base, &message), SEC_E_OK);
        pair_close();
        cr_assert_eq(memory_live(), live);
        if (done)
            break;
    }
}
