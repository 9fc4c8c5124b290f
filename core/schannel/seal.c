/*
 * EncryptMessage: one record, written by OpenSSL straight into the caller's STREAM_HEADER, DATA and STREAM_TRAILER,
 * whose contents one after the other are what the peer gets.
 */
#include <openssl/objects.h>
#include <string.h>

#include "schannel/engine.h"

#define KEY_UPDATE_RECORD (RECORD_HEADER + 5 + 1 + 16) /* goes out before the data when the peer asked for new keys */
#define TAG 16
#define SHORT_TAG 8 /* the CCM_8 suites */

/* ---- Sizes ---- */

static uint32_t mac_size(const SSL_CIPHER *cipher)
{
    switch (SSL_CIPHER_get_digest_nid(cipher)) {
    case NID_md5:
        return 16;
    case NID_sha1:
        return 20;
    case NID_sha384:
        return 48;
    default:
        return 32;
    }
}

static uint32_t tag_size(const SSL_CIPHER *cipher)
{
    const char *name = SSL_CIPHER_get_name(cipher);
    size_t size = strlen(name);

    return size > 4 && (!strcmp(name + size - 4, "CCM8") || strstr(name, "CCM_8")) ? SHORT_TAG : TAG;
}

static uint32_t block_size(int cipher)
{
    switch (cipher) {
    case NID_aes_128_cbc:
    case NID_aes_256_cbc:
    case NID_camellia_128_cbc:
    case NID_camellia_256_cbc:
    case NID_aria_128_cbc:
    case NID_aria_256_cbc:
    case NID_seed_cbc:
        return 16;
    case NID_des_ede3_cbc:
    case NID_des_cbc:
        return 8;
    default:
        return 1;
    }
}

/* RFC 5246 6.2.3, RFC 8446 5.2. */
static void sizes_of_cipher(const SSL_CIPHER *cipher, int version, struct schannel_sizes *sizes)
{
    int kind = SSL_CIPHER_get_cipher_nid(cipher);

    sizes->header = RECORD_HEADER;
    sizes->block = block_size(kind);
    if (version >= TLS1_3_VERSION) {
        sizes->trailer = 1 + tag_size(cipher);
    } else if (SSL_CIPHER_is_aead(cipher)) {
        sizes->header += kind == NID_chacha20_poly1305 ? 0 : 8;
        sizes->trailer = tag_size(cipher);
    } else {
        sizes->header += version >= TLS1_1_VERSION && sizes->block > 1 ? sizes->block : 0;
        sizes->trailer = mac_size(cipher) + (sizes->block > 1 ? sizes->block : 0);
    }
}

/* RFC 6066 4. */
static uint32_t content_limit(const SSL *ssl)
{
    uint8_t code = SSL_SESSION_get_max_fragment_length(SSL_get0_session(ssl));

    return code >= TLSEXT_max_fragment_length_512 && code <= TLSEXT_max_fragment_length_4096 ? 256u << code
                                                                                             : SCHANNEL_MAX_RECORD;
}

void schannel_sizes_settle(struct schannel_context *context)
{
    sizes_of_cipher(SSL_get_current_cipher(context->ssl), SSL_version(context->ssl), &context->sizes);
    context->sizes.content = content_limit(context->ssl);
    context->key_update_room = SSL_version(context->ssl) >= TLS1_3_VERSION ? KEY_UPDATE_RECORD : 0;
}

/* ---- Messages ---- */

static SECURITY_STATUS usage(struct message *message, SECURITY_STATUS status, const char *why)
{
    return failure_set(message->failure, status, SSPI_REASON_USAGE, "%s", why);
}

/* The caller's three buffers. */
struct sealing {
    SecBuffer *header, *data, *trailer;
    struct wire_pieces pieces;
};

/* The first of each type, in one pass. */
static void buffers_find(const struct message *message, struct sealing *sealing)
{
    SecBuffer *buffer = message->buffers;

    sealing->header = sealing->data = sealing->trailer = NULL;
    for (ULONG left = message->count; left; left--, buffer++) {
        const ULONG type = buffer_type(buffer);

        if (type == SECBUFFER_STREAM_HEADER && !sealing->header)
            sealing->header = buffer;
        else if (type == SECBUFFER_DATA && !sealing->data)
            sealing->data = buffer;
        else if (type == SECBUFFER_STREAM_TRAILER && !sealing->trailer)
            sealing->trailer = buffer;
    }
}

static SECURITY_STATUS sealing_begin(const struct schannel_context *context, struct message *message,
                                     size_t trailer_room, struct sealing *sealing)
{
    buffers_find(message, sealing);
    if (!sealing->header || !sealing->data || !sealing->trailer)
        return usage(message, SEC_E_INVALID_TOKEN, "a message needs STREAM_HEADER, DATA and STREAM_TRAILER");
    if ((sealing->header->BufferType | sealing->data->BufferType | sealing->trailer->BufferType)
        & (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM))
        return usage(message, SEC_E_INVALID_TOKEN, "a message is encrypted in place, and a buffer is read-only");
    if (sealing->data->cbBuffer > context->sizes.content)
        return usage(message, SEC_E_INVALID_TOKEN, "the data is longer than cbMaximumMessage");
    if (sealing->header->cbBuffer < context->sizes.header || sealing->trailer->cbBuffer < trailer_room)
        return usage(message, SEC_E_BUFFER_TOO_SMALL,
                     "STREAM_HEADER or STREAM_TRAILER is smaller than SECPKG_ATTR_STREAM_SIZES says");
    sealing->pieces = (struct wire_pieces){{{sealing->header->pvBuffer, context->sizes.header, 0},
                                            {sealing->data->pvBuffer, sealing->data->cbBuffer, 0},
                                            {sealing->trailer->pvBuffer, sealing->trailer->cbBuffer, 0}}};
    return SEC_E_OK;
}

static void sealing_end(struct sealing *sealing)
{
    sealing->header->cbBuffer = (ULONG)sealing->pieces.piece[0].used;
    sealing->data->cbBuffer = (ULONG)sealing->pieces.piece[1].used;
    sealing->trailer->cbBuffer = (ULONG)sealing->pieces.piece[2].used;
}

static SECURITY_STATUS seal_failed(struct schannel_context *context, struct message *message)
{
    SECURITY_STATUS status = schannel_alert_failure(context, message->failure);

    return status == SEC_E_INVALID_TOKEN ? SEC_E_ENCRYPT_FAILURE : status;
}

/* A KeyUpdate of ours goes first, before the data was read: then the caller's buffers must not be written to at once.
 */
static SECURITY_STATUS seal_after_update(struct schannel_context *context, struct message *message,
                                         struct sealing *sealing)
{
    struct schannel_wire *wire = &context->wire;
    bool fits;

    if (SSL_write(context->ssl, sealing->data->pvBuffer, (int)sealing->data->cbBuffer) <= 0)
        return seal_failed(context, message);
    fits = wire_spread(&sealing->pieces, bytes_of(wire->out, wire->used));
    wire_drop(wire);
    return fits ? SEC_E_OK : seal_failed(context, message);
}

static SECURITY_STATUS seal_data(struct schannel_context *context, struct message *message)
{
    bool update = SSL_get_key_update_type(context->ssl) != SSL_KEY_UPDATE_NONE;
    struct sealing sealing;
    SECURITY_STATUS status =
        sealing_begin(context, message, context->sizes.trailer + (update ? context->key_update_room : 0), &sealing);
    int written;

    if (status != SEC_E_OK)
        return status;
    schannel_alert_forget();
    context->wire.no_memory = false;
    if (sealing.data->cbBuffer == 0) { /* OpenSSL writes no record without content */
        sealing_end(&sealing);
        return SEC_E_OK;
    }
    if (update) {
        status = seal_after_update(context, message, &sealing);
    } else {
        context->wire.pieces = &sealing.pieces;
        written = SSL_write(context->ssl, sealing.data->pvBuffer, (int)sealing.data->cbBuffer);
        context->wire.pieces = NULL;
        status = written > 0 ? SEC_E_OK : seal_failed(context, message);
    }
    if (status != SEC_E_OK)
        return status;
    sealing_end(&sealing);
    schannel_buffers_message(context);
    return status;
}

/* SECQOP_WRAP_OOB_DATA: the data is an alert. */
static SECURITY_STATUS seal_alert(struct schannel_context *context, struct message *message)
{
    struct sealing sealing;
    uint8_t alert[2];
    bool update = SSL_get_key_update_type(context->ssl) != SSL_KEY_UPDATE_NONE;
    SECURITY_STATUS status =
        sealing_begin(context, message, context->sizes.trailer + (update ? context->key_update_room : 0), &sealing);

    if (status != SEC_E_OK)
        return status;
    if (sealing.data->cbBuffer != sizeof alert)
        return usage(message, SEC_E_INVALID_TOKEN, "an alert has two bytes, level and description");
    memcpy(alert, sealing.data->pvBuffer, sizeof alert);
    context->wire.pieces = &sealing.pieces;
    status = schannel_own_alert(context, alert, message->failure);
    context->wire.pieces = NULL;
    context->closed = status == SEC_E_OK || context->broken;
    if (status == SEC_E_OK)
        sealing_end(&sealing);
    return status;
}

SECURITY_STATUS schannel_seal(struct context *base, struct message *message)
{
    struct schannel_context *context = (struct schannel_context *)base;

    if (context->broken || context->closed || context->stage >= STAGE_RENEGOTIATE)
        return failure_set(message->failure, SEC_E_CONTEXT_EXPIRED, SSPI_REASON_USAGE,
                           context->stage >= STAGE_RENEGOTIATE
                               ? "a handshake is under way: call AcceptSecurityContext or InitializeSecurityContext"
                               : "the connection is closed for sending");
    if (message->qop == SECQOP_WRAP_OOB_DATA)
        return seal_alert(context, message);
    if (message->qop)
        return usage(message, SEC_E_QOP_NOT_SUPPORTED, "fQOP is neither 0 nor SECQOP_WRAP_OOB_DATA");
    return seal_data(context, message);
}
