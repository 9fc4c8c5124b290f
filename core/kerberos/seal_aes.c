/*
 * Per-message tokens of RFC 4121 4.2, in the buffer layout of SSPI: TOKEN holds the header and, rotated to the front,
 * all that follows the data, so that the data is protected in place.
 */
#include <string.h>

#include "base/cursor.h"
#include "base/secret.h"
#include "base/writer.h"
#include "crypto/random.h"
#include "kerberos/message.h"
#include "kerberos/seal_parts.h"

#define HEADER 16
#define CONFOUNDER 16
#define DCE_FILLER 16
#define TOKEN_MIC 0x0404
#define TOKEN_WRAP 0x0504
#define FLAG_ACCEPTOR 1
#define FLAG_SEALED 2
#define FLAG_SUBKEY 4

struct header {
    uint16_t id;
    uint8_t flags;
    uint16_t extra, rotation; /* EC and RRC */
    uint64_t sequence;
};

static uint32_t usage_of(const struct krb_session *session, bool sending, bool mic)
{
    bool from_acceptor = session->acceptor == sending;

    if (mic)
        return from_acceptor ? KRB_USAGE_ACCEPTOR_SIGN : KRB_USAGE_INITIATOR_SIGN;
    return from_acceptor ? KRB_USAGE_ACCEPTOR_SEAL : KRB_USAGE_INITIATOR_SEAL;
}

static uint8_t flags_of(const struct krb_session *session, bool sending, bool sealed)
{
    return (uint8_t)((session->acceptor == sending ? FLAG_ACCEPTOR : 0) | (sealed ? FLAG_SEALED : 0)
                     | (session->acceptor_subkey ? FLAG_SUBKEY : 0));
}

static void header_write(uint8_t out[HEADER], const struct header *header)
{
    static const uint8_t filler[4] = {0xFF, 0xFF, 0xFF, 0xFF};
    struct writer writer = writer_over(out, HEADER);

    writer_u16be(&writer, header->id);
    writer_u8(&writer, header->flags);
    writer_u8(&writer, 0xFF);
    if (header->id == TOKEN_MIC) {
        writer_bytes(&writer, bytes_of(filler, sizeof filler));
    } else {
        writer_u16be(&writer, header->extra);
        writer_u16be(&writer, header->rotation);
    }
    writer_u64be(&writer, header->sequence);
}

static bool header_read(struct bytes token, uint16_t id, struct header *header)
{
    struct cursor in = cursor_over(token);
    uint8_t filler;

    return cursor_u16be(&in, &header->id) && header->id == id && cursor_u8(&in, &header->flags)
           && cursor_u8(&in, &filler) && filler == 0xFF && cursor_u16be(&in, &header->extra)
           && cursor_u16be(&in, &header->rotation) && cursor_u64be(&in, &header->sequence);
}

/* The keys of a direction, derived once. */
static const struct krb_usage *usage_derived(struct krb_session *session, bool sending)
{
    struct krb_usage *usage = sending ? &session->seal_send : &session->seal_receive;
    bool *derived = sending ? &session->derived_send : &session->derived_receive;

    if (!*derived)
        *derived = krb_usage_derive(&session->key, usage_of(session, sending, false), usage);
    return *derived ? usage : NULL;
}

static SECURITY_STATUS token_room(struct seal_work *work, size_t size)
{
    if (!work->token)
        return seal_malformed(work->message, "the message has no SECBUFFER_TOKEN");
    if (work->token->cbBuffer < size)
        return failure_set(work->message->failure, SEC_E_BUFFER_TOO_SMALL, SSPI_REASON_USAGE,
                           "the SECBUFFER_TOKEN is smaller than SECPKG_ATTR_SIZES says");
    return SEC_E_OK;
}

/* RFC 4121 4.2.6.1: the checksum covers the message, then the header. */
SECURITY_STATUS seal_aes_sign(struct seal_work *work)
{
    struct krb_session *session = work->session;
    struct header header = {TOKEN_MIC, flags_of(session, true, false), 0, 0, session->send_sequence};
    struct bytes parts[KRB_COVERED_MAX];
    uint8_t *out, mac[KRB_MAC_MAX], bytes[HEADER];
    size_t count, size = HEADER + session->key.etype->checksum_size;
    SECURITY_STATUS status = token_room(work, size);

    header_write(bytes, &header);
    if (status == SEC_E_OK)
        status = seal_cover(work, (struct bytes){0}, NULL, bytes_of(bytes, HEADER), parts, &count);
    if (status != SEC_E_OK)
        return status;
    if (!krb_checksum(&session->key, usage_of(session, true, true), parts, count, mac))
        return seal_failed(work->message);
    out = work->token->pvBuffer;
    memcpy(out, bytes, HEADER);
    memcpy(out + HEADER, mac, size - HEADER);
    work->token->cbBuffer = (ULONG)size;
    session->send_sequence++;
    return SEC_E_OK;
}

SECURITY_STATUS seal_aes_verify(struct seal_work *work)
{
    struct krb_session *session = work->session;
    struct bytes token, parts[KRB_COVERED_MAX];
    struct header header;
    SECURITY_STATUS status;
    size_t count;

    if (!work->token)
        return seal_malformed(work->message, "the message has no SECBUFFER_TOKEN");
    token = bytes_of(work->token->pvBuffer, work->token->cbBuffer);
    if (!header_read(token, TOKEN_MIC, &header) || header.extra != 0xFFFF || header.rotation != 0xFFFF
        || token.size != HEADER + (size_t)session->key.etype->checksum_size)
        return seal_malformed(work->message, "the signature is not one of RFC 4121");
    if (header.flags != flags_of(session, false, false))
        return seal_altered(work->message);
    status = seal_cover(work, (struct bytes){0}, NULL, bytes_of(token.data, HEADER), parts, &count);
    if (status != SEC_E_OK)
        return status;
    if (!krb_checksum_verify(&session->key, usage_of(session, false, true), parts, count,
                             bytes_of(token.data + HEADER, token.size - HEADER)))
        return seal_altered(work->message);
    return seal_sequence_check(session, header.sequence, work->message);
}

/* text: confounder | data | filler | header. The token takes the header, the rotated tail and the first block. */
static SECURITY_STATUS wrap_sealed(struct seal_work *work)
{
    struct krb_session *session = work->session;
    const struct krb_usage *usage = usage_derived(session, true);
    size_t mac_size = session->key.etype->mac_size, filler = session->dce_style ? DCE_FILLER : 0;
    struct header header = {TOKEN_WRAP, flags_of(session, true, true), (uint16_t)filler, 0, session->send_sequence};
    size_t size = CONFOUNDER + work->data_size + filler + HEADER, tail = filler + HEADER;
    struct bytes parts[KRB_COVERED_MAX];
    uint8_t mac[KRB_MAC_MAX], *out, *data;
    SECURITY_STATUS status = token_room(work, HEADER + tail + mac_size + CONFOUNDER);
    size_t count;

    if (status == SEC_E_OK)
        status = usage ? seal_reserve(work, size) : seal_failed(work->message);
    if (status != SEC_E_OK)
        return status;
    data = work->text + CONFOUNDER;
    seal_gather(work, data);
    memset(data + work->data_size, 0, filler);
    header_write(data + work->data_size + filler, &header);
    status =
        seal_cover(work, bytes_of(work->text, CONFOUNDER), data, bytes_of(data + work->data_size, tail), parts, &count);
    if (status != SEC_E_OK)
        return status;
    if (!random_bytes(work->text, CONFOUNDER) || !krb_protect(usage, work->text, size, parts, count, mac))
        return seal_failed(work->message);
    header.rotation = (uint16_t)(HEADER + mac_size);
    out = work->token->pvBuffer;
    header_write(out, &header);
    memcpy(out + HEADER, data + work->data_size, tail);
    memcpy(out + HEADER + tail, mac, mac_size);
    memcpy(out + HEADER + tail + mac_size, work->text, CONFOUNDER);
    seal_scatter(work, data);
    work->token->cbBuffer = (ULONG)(HEADER + tail + mac_size + CONFOUNDER);
    session->send_sequence++;
    return SEC_E_OK;
}

/* RFC 4121 4.2.6.2 without confidentiality: the checksum covers the data, then the header with EC and RRC zero. */
static SECURITY_STATUS wrap_plain(struct seal_work *work)
{
    struct krb_session *session = work->session;
    struct header header = {TOKEN_WRAP, flags_of(session, true, false), 0, 0, session->send_sequence};
    size_t mac_size = session->key.etype->checksum_size, count;
    struct bytes parts[KRB_COVERED_MAX];
    uint8_t mac[KRB_MAC_MAX], bytes[HEADER], *out;
    SECURITY_STATUS status = token_room(work, HEADER + mac_size);

    header_write(bytes, &header);
    if (status == SEC_E_OK)
        status = seal_cover(work, (struct bytes){0}, NULL, bytes_of(bytes, HEADER), parts, &count);
    if (status != SEC_E_OK)
        return status;
    if (!krb_checksum(&session->key, usage_of(session, true, false), parts, count, mac))
        return seal_failed(work->message);
    header.extra = header.rotation = (uint16_t)mac_size;
    out = work->token->pvBuffer;
    header_write(out, &header);
    memcpy(out + HEADER, mac, mac_size);
    work->token->cbBuffer = (ULONG)(HEADER + mac_size);
    session->send_sequence++;
    return SEC_E_OK;
}

SECURITY_STATUS seal_aes_wrap(struct seal_work *work, bool sealed)
{
    return sealed ? wrap_sealed(work) : wrap_plain(work);
}

/* Copies what follows the header into `text`, with the rotation undone. */
static SECURITY_STATUS unwrap_collect(struct seal_work *work, const struct header *header)
{
    const SecBuffer *first = work->stream ? work->stream : work->token;
    size_t head = first->cbBuffer - HEADER, size = head + (work->stream ? 0 : work->data_size), turn;
    size_t rotation =
        (size_t)header->rotation + (work->session->dce_style && (header->flags & FLAG_SEALED) ? header->extra : 0);
    SECURITY_STATUS status;
    uint8_t *straight;

    if (!size)
        return seal_malformed(work->message, "the token ends after its header");
    status = seal_reserve(work, 2 * size);
    if (status != SEC_E_OK)
        return status;
    straight = work->text + size;
    memcpy(straight, (const uint8_t *)first->pvBuffer + HEADER, head);
    if (!work->stream)
        seal_gather(work, straight + head);
    turn = rotation % size;
    memcpy(work->text, straight + turn, size - turn);
    memcpy(work->text + size - turn, straight, turn);
    return SEC_E_OK;
}

/* Hands plain text of a stream to the DATA buffer: it points into the stream, behind the header. */
static void stream_deliver(struct seal_work *work, const uint8_t *plain, size_t size)
{
    SecBuffer *data = message_find(work->message, SECBUFFER_DATA);
    uint8_t *to = (uint8_t *)work->stream->pvBuffer + HEADER;

    if (size)
        memmove(to, plain, size);
    data->pvBuffer = to;
    data->cbBuffer = (ULONG)size;
}

static SECURITY_STATUS unwrap_sealed(struct seal_work *work, const struct header *header, size_t size)
{
    struct krb_session *session = work->session;
    const struct krb_usage *usage = usage_derived(session, false);
    size_t mac_size = session->key.etype->mac_size, count, data_size, after;
    struct header clear = {header->id, header->flags, header->extra, 0, header->sequence};
    struct bytes parts[KRB_COVERED_MAX];
    uint8_t expected[HEADER], *data = work->text + CONFOUNDER;
    SECURITY_STATUS status;

    if (!usage)
        return seal_failed(work->message);
    after = (size_t)header->extra + HEADER;
    if (size < CONFOUNDER + after + mac_size)
        return seal_malformed(work->message, "the token is too short for its header");
    data_size = size - CONFOUNDER - after - mac_size;
    if (!work->stream && data_size != work->data_size)
        return seal_malformed(work->message, "the token and the data do not fit together");
    status = seal_cover(work, bytes_of(work->text, CONFOUNDER + (work->stream ? data_size : 0)),
                        work->stream ? NULL : data, bytes_of(data + data_size, after), parts, &count);
    if (status != SEC_E_OK)
        return status;
    header_write(expected, &clear);
    if (!krb_unprotect(usage, work->text, size - mac_size, parts, count,
                       bytes_of(work->text + size - mac_size, mac_size))
        || !secret_equal(data + data_size + header->extra, expected, HEADER))
        return seal_altered(work->message);
    status = seal_sequence_check(session, header->sequence, work->message);
    if (status != SEC_E_OK)
        return status;
    if (work->stream)
        stream_deliver(work, data, data_size);
    else
        seal_scatter(work, data);
    return SEC_E_OK;
}

static SECURITY_STATUS unwrap_plain(struct seal_work *work, const struct header *header, size_t size)
{
    struct krb_session *session = work->session;
    size_t mac_size = session->key.etype->checksum_size, count, data_size;
    struct header clear = {header->id, header->flags, 0, 0, header->sequence};
    struct bytes parts[KRB_COVERED_MAX];
    uint8_t bytes[HEADER];
    SECURITY_STATUS status;

    if (header->extra != mac_size || size < mac_size)
        return seal_malformed(work->message, "the token is too short for its checksum");
    data_size = size - mac_size;
    if (!work->stream && data_size != work->data_size)
        return seal_malformed(work->message, "the token and the data do not fit together");
    header_write(bytes, &clear);
    status = seal_cover(work, bytes_of(work->text, work->stream ? data_size : 0), work->stream ? NULL : work->text,
                        bytes_of(bytes, HEADER), parts, &count);
    if (status != SEC_E_OK)
        return status;
    if (!krb_checksum_verify(&session->key, usage_of(session, false, false), parts, count,
                             bytes_of(work->text + data_size, mac_size)))
        return seal_altered(work->message);
    status = seal_sequence_check(session, header->sequence, work->message);
    if (status == SEC_E_OK && work->stream)
        stream_deliver(work, work->text, data_size);
    if (status == SEC_E_OK)
        work->message->qop = SECQOP_WRAP_NO_ENCRYPT;
    return status;
}

SECURITY_STATUS seal_aes_unwrap(struct seal_work *work)
{
    const SecBuffer *first = work->stream ? work->stream : work->token;
    struct header header;
    SECURITY_STATUS status;
    bool sealed;

    if (!header_read(bytes_of(first->pvBuffer, first->cbBuffer), TOKEN_WRAP, &header))
        return seal_malformed(work->message, "the token is not one of RFC 4121");
    sealed = header.flags & FLAG_SEALED;
    if (header.flags != flags_of(work->session, false, sealed))
        return seal_altered(work->message);
    status = unwrap_collect(work, &header);
    if (status != SEC_E_OK)
        return status;
    return sealed ? unwrap_sealed(work, &header, work->text_size / 2)
                  : unwrap_plain(work, &header, work->text_size / 2);
}
