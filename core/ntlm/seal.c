/*
 * Protected messages ([MS-NLMP] 3.4): MakeSignature, VerifySignature, EncryptMessage, DecryptMessage.
 *
 * Keys and RC4 states are made at the first message that needs them. A message out of sequence changes nothing. A
 * message that was altered closes the receiving direction for good: its bytes have moved the key stream, whose position
 * the two sides no longer agree on, and an attacker gets no second try; what was decrypted is wiped.
 */
#include <string.h>

#include "base/memory.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/rc4_md5.h"
#include "ntlm/ntlm.h"

#define SIGNATURE_VERSION 1
#define CHECKSUM_SIZE 8
#define FEW_BUFFERS 14

/* One message: the caller's buffers sorted out. */
struct work {
    struct ntlm_context *context;
    struct ntlm_stream *stream;
    struct message *message;
    SecBuffer *token;
    uint8_t sequence[4];
    struct bytes few[FEW_BUFFERS + 1];
    struct bytes *parts; /* the sequence number, then what is signed; `few` or allocated */
    size_t count;
    SecBuffer *sealed; /* the last buffer that is sealed */
    size_t sealed_count;
};

void ntlm_stream_clear(struct ntlm_stream *stream)
{
    rc4_free(stream->rc4);
    hmac_md5_key_free(stream->mac);
    *stream = (struct ntlm_stream){0};
}

static SECURITY_STATUS no_memory(struct message *message)
{
    return failure_set(message->failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY,
                       "no memory for a message");
}

static SECURITY_STATUS bad_buffers(struct message *message, const char *what)
{
    return failure_set(message->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE, "%s", what);
}

/* Both directions run on one stream without extended session security, 3.4.4.1. */
static struct ntlm_stream *stream_of(struct ntlm_context *context, bool sending)
{
    return sending || !(context->flags & NTLM_ESS) ? &context->sending : &context->receiving;
}

static bool checksum_encrypted(const struct ntlm_context *context)
{
    return (context->flags & NTLM_KEY_EXCH) || !(context->flags & NTLM_ESS);
}

static bool mac_make(struct ntlm_context *context, struct ntlm_stream *stream, bool client_to_server)
{
    uint8_t key[16];

    if (stream->mac || !(context->flags & NTLM_ESS))
        return true;
    if (ntlm_sign_key(context->session_key, client_to_server, key))
        stream->mac = hmac_md5_key_new(bytes_of(key, sizeof key));
    secret_wipe(key, sizeof key);
    return stream->mac != NULL;
}

static bool rc4_make(struct ntlm_context *context, struct ntlm_stream *stream, bool client_to_server)
{
    uint8_t key[16];
    size_t size;

    if (stream->rc4)
        return true;
    if (ntlm_seal_key(context->flags, context->session_key, client_to_server, key, &size))
        stream->rc4 = rc4_new(bytes_of(key, size));
    secret_wipe(key, sizeof key);
    return stream->rc4 != NULL;
}

SECURITY_STATUS ntlm_streams_make(struct ntlm_context *context)
{
    struct ntlm_stream *out = &context->sending, *in = &context->receiving;
    const size_t direction = context->base.acceptor ? 0 : 1;
    struct hmac_md5_key *macs[2] = {NULL, NULL};
    struct rc4 *states[2] = {NULL, NULL};
    struct ntlm_message_keys keys;
    bool ok;

    if (out->mac || in->mac || out->rc4 || in->rc4)
        return SEC_E_OK;
    ok = ntlm_message_keys(context->flags, context->session_key, &keys)
         && hmac_md5_keys_new(bytes_of(keys.sign[direction], 16), bytes_of(keys.sign[!direction], 16), macs);
    out->mac = macs[0];
    in->mac = macs[1];
    ok = ok && rc4_new_pair(keys.seal[direction], keys.seal[!direction], states);
    out->rc4 = states[0];
    in->rc4 = states[1];
    secret_wipe(&keys, sizeof keys);
    return ok ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* READONLY buffers take no part; READONLY_WITH_CHECKSUM ones are signed only. */
static bool is_signed(const SecBuffer *buffer)
{
    return buffer_type(buffer) == SECBUFFER_DATA && !(buffer->BufferType & SECBUFFER_READONLY);
}

static bool is_sealed(const SecBuffer *buffer)
{
    return is_signed(buffer) && !(buffer->BufferType & SECBUFFER_READONLY_WITH_CHECKSUM);
}

static SECURITY_STATUS parts_collect(struct work *work)
{
    const struct message *message = work->message;
    size_t data = 0;

    for (ULONG i = 0; i < message->count; i++)
        data += buffer_type(&message->buffers[i]) == SECBUFFER_DATA;
    if (data == 0)
        return bad_buffers(work->message, "the message has no SECBUFFER_DATA");
    work->parts = data <= FEW_BUFFERS ? work->few : mem_array(data + 1, sizeof *work->parts);
    if (!work->parts)
        return no_memory(work->message);
    work->parts[work->count++] = bytes_of(work->sequence, sizeof work->sequence);
    for (ULONG i = 0; i < message->count; i++) {
        SecBuffer *buffer = &message->buffers[i];

        if (is_signed(buffer))
            work->parts[work->count++] = bytes_of(buffer->pvBuffer, buffer->cbBuffer);
        if (is_sealed(buffer)) {
            work->sealed = buffer;
            work->sealed_count++;
        }
    }
    return SEC_E_OK;
}

static SECURITY_STATUS protection_check(const struct ntlm_context *context, bool sealing, struct message *message)
{
    if (context->state != NTLM_ESTABLISHED)
        return failure_set(message->failure, SEC_E_INVALID_HANDLE, SSPI_REASON_USAGE, "the context is not established");
    if (context->anonymous || !(sealing ? context->flags & NTLM_SEAL : ntlm_protects(context->flags)))
        return failure_set(message->failure, SEC_E_QOP_NOT_SUPPORTED, SSPI_REASON_UNSUPPORTED,
                           "%s was not agreed for this context", sealing ? "sealing" : "signing");
    return SEC_E_OK;
}

/* Everything before the first byte is touched. work_end() undoes it. */
static SECURITY_STATUS work_begin(struct work *work, struct context *context, struct message *message, bool sending,
                                  bool sealing)
{
    const bool client_to_server = context->acceptor != sending;
    struct writer out;

    *work = (struct work){.context = (struct ntlm_context *)context, .message = message};
    work->stream = stream_of(work->context, sending);
    work->token = message_find(message, SECBUFFER_TOKEN);
    if (!work->token)
        return bad_buffers(message, "the message has no SECBUFFER_TOKEN");
    if (work->stream->closed)
        return failure_set(message->failure, SEC_E_MESSAGE_ALTERED, SSPI_REASON_MESSAGE_ALTERED,
                           "an altered message was received before: this direction is closed");
    if (work->stream->sequence == UINT32_MAX)
        return failure_set(message->failure, SEC_E_CONTEXT_EXPIRED, SSPI_REASON_USAGE,
                           "the sequence numbers are used up");
    out = writer_over(work->sequence, sizeof work->sequence);
    writer_u32le(&out, work->stream->sequence);
    if (!mac_make(work->context, work->stream, client_to_server)
        || ((sealing || checksum_encrypted(work->context)) && !rc4_make(work->context, work->stream, client_to_server)))
        return no_memory(message);
    return parts_collect(work);
}

static void work_end(struct work *work)
{
    if (work->parts != work->few)
        mem_free(work->parts);
}

/* Over the plain text, before or after it is on the wire. */
static void checksum_compute(const struct work *work, uint8_t checksum[HMAC_MD5_SIZE])
{
    struct writer out = writer_over(checksum, CHECKSUM_SIZE);

    if (work->context->flags & NTLM_ESS) {
        hmac_md5_with(work->stream->mac, work->parts, work->count, checksum);
    } else {
        writer_zeros(&out, 4); /* RandomPad */
        writer_u32le(&out, crc32_digest(work->parts + 1, work->count - 1));
    }
}

/* 3.4.4: the signature of a message whose data has already gone through the stream. */
static void signature_make(const struct work *work, const uint8_t checksum[HMAC_MD5_SIZE],
                           uint8_t signature[NTLM_SIGNATURE_SIZE])
{
    static const uint8_t zeros[4];
    struct writer out = writer_over(signature, NTLM_SIGNATURE_SIZE);
    struct rc4 *rc4 = work->stream->rc4;
    uint8_t tail[CHECKSUM_SIZE + 4];

    for (size_t i = 0; i < CHECKSUM_SIZE; i++)
        tail[i] = checksum[i];
    if (checksum_encrypted(work->context))
        rc4_apply(rc4, tail, tail, CHECKSUM_SIZE);
    if (work->context->flags & NTLM_ESS) {
        memcpy(tail + CHECKSUM_SIZE, work->sequence, sizeof work->sequence);
    } else {
        /* The pad only moves the stream; the number is hidden by the key stream, not encrypted as a value. */
        memcpy(tail, zeros, sizeof zeros);
        rc4_apply(rc4, work->sequence, tail + CHECKSUM_SIZE, sizeof work->sequence);
    }
    writer_u32le(&out, SIGNATURE_VERSION);
    writer_bytes(&out, bytes_of(tail, sizeof tail));
    secret_wipe(tail, sizeof tail);
}

static void data_apply(const struct work *work)
{
    for (ULONG i = 0; i < work->message->count; i++) {
        SecBuffer *buffer = &work->message->buffers[i];

        if (is_sealed(buffer))
            rc4_apply(work->stream->rc4, buffer->pvBuffer, buffer->pvBuffer, buffer->cbBuffer);
    }
}

/* Whether all that is signed is one sealed buffer: the usual message, which one pass can do. */
static bool one_pass(const struct work *work)
{
    return (work->context->flags & NTLM_ESS) && work->count == 2 && work->sealed_count == 1;
}

static void data_seal(const struct work *work, uint8_t checksum[HMAC_MD5_SIZE])
{
    const struct ntlm_stream *stream = work->stream;

    if (one_pass(work)) {
        rc4_md5_seal(stream->rc4, stream->mac, work->sequence, work->sealed->pvBuffer, work->sealed->cbBuffer,
                     checksum);
        return;
    }
    checksum_compute(work, checksum);
    data_apply(work);
}

static void data_unseal(const struct work *work, uint8_t checksum[HMAC_MD5_SIZE])
{
    const struct ntlm_stream *stream = work->stream;

    if (one_pass(work)) {
        rc4_md5_unseal(stream->rc4, stream->mac, work->sequence, work->sealed->pvBuffer, work->sealed->cbBuffer,
                       checksum);
        return;
    }
    data_apply(work);
    checksum_compute(work, checksum);
}

static void data_wipe(const struct work *work)
{
    for (ULONG i = 0; i < work->message->count; i++)
        if (is_sealed(&work->message->buffers[i]))
            secret_wipe(work->message->buffers[i].pvBuffer, work->message->buffers[i].cbBuffer);
}

static void padding_empty(const struct message *message)
{
    SecBuffer *padding = message_find(message, SECBUFFER_PADDING);

    if (padding)
        padding->cbBuffer = 0;
}

static SECURITY_STATUS protect(struct context *context, struct message *message, bool sealing)
{
    uint8_t checksum[HMAC_MD5_SIZE];
    struct work work;
    SECURITY_STATUS status = protection_check((struct ntlm_context *)context, sealing, message);

    if (status != SEC_E_OK)
        return status;
    status = work_begin(&work, context, message, true, sealing);
    if (status != SEC_E_OK)
        goto out;
    if (work.token->BufferType & SECBUFFER_READONLY) {
        status = bad_buffers(message, "the SECBUFFER_TOKEN is marked read-only");
        goto out;
    }
    if (work.token->cbBuffer < NTLM_SIGNATURE_SIZE) {
        status = failure_set(message->failure, SEC_E_BUFFER_TOO_SMALL, SSPI_REASON_USAGE,
                             "the SECBUFFER_TOKEN has no room for 16 bytes");
        goto out;
    }
    if (sealing)
        data_seal(&work, checksum);
    else
        checksum_compute(&work, checksum);
    signature_make(&work, checksum, work.token->pvBuffer);
    secret_wipe(checksum, sizeof checksum);
    work.token->cbBuffer = NTLM_SIGNATURE_SIZE;
    work.stream->sequence++;
out:
    work_end(&work);
    return status;
}

static SECURITY_STATUS altered(struct work *work, bool sealing)
{
    if (sealing)
        data_wipe(work);
    work->stream->closed = true;
    return failure_set(work->message->failure, SEC_E_MESSAGE_ALTERED, SSPI_REASON_MESSAGE_ALTERED,
                       "the signature of message %u is wrong", (unsigned)work->stream->sequence);
}

/* What can be told of a signature before any key is used: nothing here moves the stream. */
static SECURITY_STATUS signature_check(const struct work *work)
{
    struct cursor in = cursor_over(bytes_of(work->token->pvBuffer, work->token->cbBuffer));
    uint32_t version, sequence;

    if (work->token->cbBuffer != NTLM_SIGNATURE_SIZE || !cursor_u32le(&in, &version) || !cursor_skip(&in, CHECKSUM_SIZE)
        || !cursor_u32le(&in, &sequence))
        return bad_buffers(work->message, "the signature does not have 16 bytes");
    if (version != SIGNATURE_VERSION)
        return failure_set(work->message->failure, SEC_E_MESSAGE_ALTERED, SSPI_REASON_MESSAGE_ALTERED,
                           "the signature has version %u", (unsigned)version);
    if ((work->context->flags & NTLM_ESS) && sequence != work->stream->sequence)
        return failure_set(work->message->failure, SEC_E_OUT_OF_SEQUENCE, SSPI_REASON_OUT_OF_SEQUENCE,
                           "message %u came where %u was expected", (unsigned)sequence,
                           (unsigned)work->stream->sequence);
    return SEC_E_OK;
}

/* RandomPad, which only signatures without extended session security have, may hold anything. */
static bool signature_same(const struct work *work, const uint8_t expected[NTLM_SIGNATURE_SIZE])
{
    const size_t compared = work->context->flags & NTLM_ESS ? 4 : 8;
    const uint8_t *received = work->token->pvBuffer;

    return secret_equal(expected + compared, received + compared, NTLM_SIGNATURE_SIZE - compared);
}

static SECURITY_STATUS unprotect(struct context *context, struct message *message, bool sealing)
{
    uint8_t checksum[HMAC_MD5_SIZE], expected[NTLM_SIGNATURE_SIZE];
    struct work work;
    SECURITY_STATUS status = protection_check((struct ntlm_context *)context, sealing, message);

    if (status != SEC_E_OK)
        return status;
    status = work_begin(&work, context, message, false, sealing);
    if (status == SEC_E_OK)
        status = signature_check(&work);
    if (status != SEC_E_OK)
        goto out;
    if (sealing)
        data_unseal(&work, checksum);
    else
        checksum_compute(&work, checksum);
    signature_make(&work, checksum, expected);
    secret_wipe(checksum, sizeof checksum);
    if (signature_same(&work, expected)) {
        message->qop = 0;
        work.stream->sequence++;
    } else {
        status = altered(&work, sealing);
    }
    secret_wipe(expected, sizeof expected);
out:
    work_end(&work);
    return status;
}

/* 2.2.2.9.1 under ALWAYS_SIGN without SIGN: a signature that proves nothing, so that frames keep their shape. */
static SECURITY_STATUS dummy_make(struct message *message)
{
    SecBuffer *token = message_find(message, SECBUFFER_TOKEN);
    struct writer out;

    if (!token)
        return bad_buffers(message, "the message has no SECBUFFER_TOKEN");
    if (token->cbBuffer < NTLM_SIGNATURE_SIZE)
        return failure_set(message->failure, SEC_E_BUFFER_TOO_SMALL, SSPI_REASON_USAGE,
                           "the SECBUFFER_TOKEN has no room for 16 bytes");
    out = writer_over(token->pvBuffer, NTLM_SIGNATURE_SIZE);
    writer_u32le(&out, SIGNATURE_VERSION);
    writer_zeros(&out, NTLM_SIGNATURE_SIZE - 4);
    token->cbBuffer = NTLM_SIGNATURE_SIZE;
    return SEC_E_OK;
}

/* Only making a dummy succeeds: verifying one would promise an integrity that is not there. */
SECURITY_STATUS ntlm_sign(struct context *context, struct message *message)
{
    const struct ntlm_context *own = (const struct ntlm_context *)context;
    const bool dummy = own->state == NTLM_ESTABLISHED && !own->anonymous && !ntlm_protects(own->flags)
                       && (own->flags & NTLM_ALWAYS_SIGN);

    return dummy ? dummy_make(message) : protect(context, message, false);
}

/* A wrap that only signs is a signature in front of the data. */
SECURITY_STATUS ntlm_seal(struct context *context, struct message *message)
{
    SECURITY_STATUS status = protect(context, message, message->qop != SECQOP_WRAP_NO_ENCRYPT);

    if (status == SEC_E_OK)
        padding_empty(message);
    return status;
}

SECURITY_STATUS ntlm_verify_signature(struct context *context, struct message *message)
{
    return unprotect(context, message, false);
}

/* A wrapped message in one piece, the signature first: the SECBUFFER_DATA then points to the plain text inside it. */
static SECURITY_STATUS unseal_stream(struct context *context, struct message *message, const SecBuffer *stream,
                                     bool sealed)
{
    SecBuffer *data = message_find(message, SECBUFFER_DATA);
    SecBuffer parts[2] = {{NTLM_SIGNATURE_SIZE, SECBUFFER_TOKEN, stream->pvBuffer}, {0, SECBUFFER_DATA, NULL}};
    struct message inner = {.buffers = parts, .count = 2, .failure = message->failure};
    SECURITY_STATUS status;

    if (!data || stream->cbBuffer < NTLM_SIGNATURE_SIZE)
        return bad_buffers(message, "a SECBUFFER_STREAM needs a signature, and a SECBUFFER_DATA for what is in it");
    parts[1].cbBuffer = stream->cbBuffer - NTLM_SIGNATURE_SIZE;
    parts[1].pvBuffer = (uint8_t *)stream->pvBuffer + NTLM_SIGNATURE_SIZE;
    status = unprotect(context, &inner, sealed);
    if (status != SEC_E_OK)
        return status;
    message->qop = inner.qop;
    data->cbBuffer = parts[1].cbBuffer;
    data->pvBuffer = parts[1].pvBuffer;
    return SEC_E_OK;
}

SECURITY_STATUS ntlm_unseal(struct context *context, struct message *message)
{
    const SecBuffer *stream = message_find(message, SECBUFFER_STREAM);

    const bool sealed = message->qop != SECQOP_WRAP_NO_ENCRYPT;

    return stream ? unseal_stream(context, message, stream, sealed) : unprotect(context, message, sealed);
}

SECURITY_STATUS ntlm_seal_snapshot(const struct ntlm_context *context, struct ntlm_seal_state *state)
{
    *state = (struct ntlm_seal_state){0};
    if (context->sending.rc4 && !(state->sending = rc4_copy(context->sending.rc4)))
        return SEC_E_INSUFFICIENT_MEMORY;
    if (context->receiving.rc4 && !(state->receiving = rc4_copy(context->receiving.rc4))) {
        ntlm_seal_state_clear(state);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return SEC_E_OK;
}

/* A direction that had no state yet gets none, and makes a fresh one from its key. */
void ntlm_seal_restore(struct ntlm_context *context, struct ntlm_seal_state *state)
{
    rc4_free(context->sending.rc4);
    rc4_free(context->receiving.rc4);
    context->sending.rc4 = state->sending;
    context->receiving.rc4 = state->receiving;
    *state = (struct ntlm_seal_state){0};
}

void ntlm_seal_state_clear(struct ntlm_seal_state *state)
{
    rc4_free(state->sending);
    rc4_free(state->receiving);
    *state = (struct ntlm_seal_state){0};
}
