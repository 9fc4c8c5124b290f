/*
 * Per-message tokens of RFC 4757 7: RC4 with HMAC-MD5, in the frame of RFC 2743 3.1. The salts and direction bytes are
 * those of [MS-KILE] 4.5: 13 for wrap, 15 for MIC; 00 from the initiator, FF from the acceptor.
 */
#include <string.h>

#include "base/cursor.h"
#include "base/secret.h"
#include "base/writer.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "crypto/random.h"
#include "crypto/rc4.h"
#include "kerberos/seal_parts.h"

#define OID_SIZE 11
#define TOKEN_HEADER 8
#define SEQUENCE 8
#define CHECKSUM 8
#define CONFOUNDER 8
#define MIC_BODY (TOKEN_HEADER + SEQUENCE + CHECKSUM)
#define WRAP_BODY (MIC_BODY + CONFOUNDER)
#define FRAME_MAX (1 + 5 + OID_SIZE)
#define SALT_WRAP 13
#define SALT_MIC 15

static const uint8_t oid[OID_SIZE] = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02};
static const uint8_t mic_header[TOKEN_HEADER] = {0x01, 0x01, 0x11, 0x00, 0xFF, 0xFF, 0xFF, 0xFF};
static const uint8_t sealed_header[TOKEN_HEADER] = {0x02, 0x01, 0x11, 0x00, 0x10, 0x00, 0xFF, 0xFF};
static const uint8_t plain_header[TOKEN_HEADER] = {0x02, 0x01, 0x11, 0x00, 0xFF, 0xFF, 0xFF, 0xFF};

static struct bytes base_key(const struct krb_session *session)
{
    return bytes_of(session->key.data, 16);
}

/* Checksum of token header and parts, RFC 4757 7.2 and 7.3; eight bytes of it are sent. */
static bool checksum_make(const struct krb_session *session, uint8_t salt, const uint8_t header[TOKEN_HEADER],
                          const struct bytes *parts, size_t count, uint8_t out[MD5_SIZE])
{
    uint8_t number[4] = {salt}, key[16];
    struct bytes all[2 + KRB_COVERED_MAX] = {bytes_of(number, sizeof number), bytes_of(header, TOKEN_HEADER)};
    struct bytes label = bytes_of("signaturekey", sizeof "signaturekey"), digest = bytes_of(out, MD5_SIZE);
    bool ok;

    for (size_t i = 0; i < count; i++)
        all[2 + i] = parts[i];
    ok = hmac_md5(base_key(session), &label, 1, key) && md5_digest(all, 2 + count, out)
         && hmac_md5(bytes_of(key, sizeof key), &digest, 1, out);
    secret_wipe(key, sizeof key);
    return ok;
}

/* A key made in two steps from a base: HMAC(HMAC(base, 0), salt). */
static bool key_make(struct bytes base, struct bytes salt, uint8_t out[16])
{
    static const uint8_t zero[4];
    struct bytes none = bytes_of(zero, sizeof zero);

    return hmac_md5(base, &none, 1, out) && hmac_md5(bytes_of(out, 16), &salt, 1, out);
}

/* SND_SEQ in the clear: the number, most significant byte first, and four direction bytes. */
static void sequence_write(uint8_t out[SEQUENCE], uint32_t number, bool from_acceptor)
{
    struct writer writer = writer_over(out, SEQUENCE);

    writer_u32be(&writer, number);
    writer_u32be(&writer, from_acceptor ? UINT32_MAX : 0);
}

static bool sequence_crypt(const struct krb_session *session, const uint8_t checksum[CHECKSUM], const uint8_t *in,
                           uint8_t *out)
{
    uint8_t key[16];
    bool ok = key_make(base_key(session), bytes_of(checksum, CHECKSUM), key)
              && rc4_once(bytes_of(key, sizeof key), in, out, SEQUENCE);

    secret_wipe(key, sizeof key);
    return ok;
}

/* Encrypts or decrypts confounder and data with the key of one number. */
static bool text_crypt(const struct krb_session *session, const uint8_t number[4], uint8_t *text, size_t size)
{
    uint8_t local[16], key[16];
    bool ok;

    for (size_t i = 0; i < sizeof local; i++)
        local[i] = session->key.data[i] ^ 0xF0;
    ok = key_make(bytes_of(local, sizeof local), bytes_of(number, 4), key)
         && rc4_once(bytes_of(key, sizeof key), text, text, size);
    secret_wipe(local, sizeof local);
    secret_wipe(key, sizeof key);
    return ok;
}

/* The frame's length counts the OID, the token and, outside DCE style, data and pad that follow in other buffers. */
static size_t frame_write(uint8_t out[FRAME_MAX], size_t body)
{
    struct writer writer = writer_over(out, FRAME_MAX);
    size_t length = OID_SIZE + body;

    writer_u8(&writer, 0x60);
    if (length < 0x80) {
        writer_u8(&writer, (uint8_t)length);
    } else if (length <= 0xFFFF) {
        writer_u8(&writer, length <= 0xFF ? 0x81 : 0x82);
        if (length > 0xFF)
            writer_u8(&writer, (uint8_t)(length >> 8));
        writer_u8(&writer, (uint8_t)length);
    } else {
        writer_u8(&writer, 0x84);
        writer_u32be(&writer, (uint32_t)length);
    }
    writer_bytes(&writer, bytes_of(oid, sizeof oid));
    return writer.used;
}

/* Skips the frame; `body` is what follows it. Lengths are not compared: part of the body may be in other buffers. */
static bool frame_read(struct bytes token, struct bytes *body)
{
    struct cursor in = cursor_over(token);
    struct bytes found;
    uint8_t octet;

    if (!cursor_u8(&in, &octet) || octet != 0x60 || !cursor_u8(&in, &octet)
        || (octet > 0x80 && (octet > 0x84 || !cursor_skip(&in, octet & 0x7F))) || octet == 0x80
        || !cursor_take(&in, OID_SIZE, &found) || memcmp(found.data, oid, OID_SIZE) != 0)
        return false;
    *body = in.rest;
    return true;
}

static SECURITY_STATUS token_put(struct seal_work *work, const uint8_t *body, size_t size, size_t outside)
{
    uint8_t frame[FRAME_MAX];
    size_t frame_size = frame_write(frame, size + outside);

    if (!work->token || work->token->cbBuffer < frame_size + size)
        return failure_set(work->message->failure, SEC_E_BUFFER_TOO_SMALL, SSPI_REASON_USAGE,
                           "the SECBUFFER_TOKEN is smaller than SECPKG_ATTR_SIZES says");
    memcpy(work->token->pvBuffer, frame, frame_size);
    memcpy((uint8_t *)work->token->pvBuffer + frame_size, body, size);
    work->token->cbBuffer = (ULONG)(frame_size + size);
    work->session->send_sequence++;
    return SEC_E_OK;
}

SECURITY_STATUS seal_rc4_sign(struct seal_work *work)
{
    const struct krb_session *session = work->session;
    uint8_t body[MIC_BODY], digest[MD5_SIZE], number[SEQUENCE];
    struct bytes parts[KRB_COVERED_MAX];
    size_t count;
    SECURITY_STATUS status = seal_cover(work, (struct bytes){0}, NULL, (struct bytes){0}, parts, &count);

    if (status != SEC_E_OK)
        return status;
    memcpy(body, mic_header, TOKEN_HEADER);
    sequence_write(number, (uint32_t)session->send_sequence, session->acceptor);
    if (!checksum_make(session, SALT_MIC, mic_header, parts, count, digest)
        || !sequence_crypt(session, digest, number, body + TOKEN_HEADER))
        return seal_failed(work->message);
    memcpy(body + TOKEN_HEADER + SEQUENCE, digest, CHECKSUM);
    return token_put(work, body, sizeof body, 0);
}

/* Decrypts SND_SEQ and checks its direction; `number` keeps the four bytes that key the data. */
static SECURITY_STATUS sequence_open(struct seal_work *work, const uint8_t *sent, const uint8_t *checksum,
                                     uint8_t number[SEQUENCE])
{
    uint8_t expected[SEQUENCE];

    if (!sequence_crypt(work->session, checksum, sent, number))
        return seal_failed(work->message);
    memcpy(expected, number, 4);
    memset(expected + 4, work->session->acceptor ? 0x00 : 0xFF, 4);
    return secret_equal(number, expected, SEQUENCE) ? SEC_E_OK : seal_altered(work->message);
}

static SECURITY_STATUS sequence_accept(struct seal_work *work, const uint8_t number[SEQUENCE])
{
    uint64_t expected = work->session->receive_sequence;
    uint32_t received = (uint32_t)number[0] << 24 | (uint32_t)number[1] << 16 | (uint32_t)number[2] << 8 | number[3];

    /* 32 bits on the wire: the number nearest to the one expected. */
    return seal_sequence_check(work->session, expected + (uint64_t)(int64_t)(int32_t)(received - (uint32_t)expected),
                               work->message);
}

SECURITY_STATUS seal_rc4_verify(struct seal_work *work)
{
    struct bytes body, parts[KRB_COVERED_MAX];
    uint8_t digest[MD5_SIZE], number[SEQUENCE];
    SECURITY_STATUS status;
    size_t count;

    if (!work->token || !frame_read(bytes_of(work->token->pvBuffer, work->token->cbBuffer), &body)
        || body.size != MIC_BODY || memcmp(body.data, mic_header, TOKEN_HEADER) != 0)
        return seal_malformed(work->message, "the signature is not one of RFC 4757");
    status = seal_cover(work, (struct bytes){0}, NULL, (struct bytes){0}, parts, &count);
    if (status != SEC_E_OK)
        return status;
    if (!checksum_make(work->session, SALT_MIC, mic_header, parts, count, digest))
        return seal_failed(work->message);
    if (!secret_equal(digest, body.data + TOKEN_HEADER + SEQUENCE, CHECKSUM))
        return seal_altered(work->message);
    status = sequence_open(work, body.data + TOKEN_HEADER, digest, number);
    return status == SEC_E_OK ? sequence_accept(work, number) : status;
}

/* The pad is one byte 01 in the PADDING buffer (block size 1), and none in DCE style. */
static SECURITY_STATUS pad_of(struct seal_work *work, SecBuffer **pad)
{
    *pad = work->session->dce_style ? NULL : message_find(work->message, SECBUFFER_PADDING);
    if (work->session->dce_style || (*pad && (*pad)->cbBuffer >= 1))
        return SEC_E_OK;
    return failure_set(work->message->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                       "RC4 needs a SECBUFFER_PADDING of one byte");
}

/* text: confounder | data | pad. */
SECURITY_STATUS seal_rc4_wrap(struct seal_work *work, bool sealed)
{
    const struct krb_session *session = work->session;
    const uint8_t *header = sealed ? sealed_header : plain_header;
    uint8_t body[WRAP_BODY], digest[MD5_SIZE], number[SEQUENCE], *data;
    struct bytes parts[KRB_COVERED_MAX];
    SecBuffer *pad;
    size_t count, padding;
    SECURITY_STATUS status = pad_of(work, &pad);

    padding = pad ? 1 : 0;
    if (status == SEC_E_OK)
        status = seal_reserve(work, CONFOUNDER + work->data_size + 1);
    if (status != SEC_E_OK)
        return status;
    data = work->text + CONFOUNDER;
    seal_gather(work, data);
    data[work->data_size] = 1;
    status = seal_cover(work, bytes_of(work->text, CONFOUNDER), data, bytes_of(data + work->data_size, padding), parts,
                        &count);
    if (status != SEC_E_OK)
        return status;
    sequence_write(number, (uint32_t)session->send_sequence, session->acceptor);
    if (!random_bytes(work->text, CONFOUNDER) || !checksum_make(session, SALT_WRAP, header, parts, count, digest)
        || (sealed && !text_crypt(session, number, work->text, CONFOUNDER + work->data_size + padding))
        || !sequence_crypt(session, digest, number, body + TOKEN_HEADER))
        return seal_failed(work->message);
    memcpy(body, header, TOKEN_HEADER);
    memcpy(body + TOKEN_HEADER + SEQUENCE, digest, CHECKSUM);
    memcpy(body + MIC_BODY, work->text, CONFOUNDER);
    status = token_put(work, body, sizeof body, session->dce_style ? 0 : work->data_size + padding);
    if (status != SEC_E_OK)
        return status;
    seal_scatter(work, data);
    if (pad) {
        *(uint8_t *)pad->pvBuffer = data[work->data_size];
        pad->cbBuffer = 1;
    }
    return SEC_E_OK;
}

/* Lays confounder, data and pad of a received token out in `text`. */
static SECURITY_STATUS unwrap_collect(struct seal_work *work, struct bytes body, size_t *data_size)
{
    const SecBuffer *pad = work->session->dce_style ? NULL : message_find(work->message, SECBUFFER_PADDING);
    size_t rest = body.size - WRAP_BODY, padding = pad && !work->stream ? pad->cbBuffer : 0;
    size_t size = CONFOUNDER + rest + (work->stream ? 0 : work->data_size + padding);
    SECURITY_STATUS status = seal_reserve(work, size);

    if (status != SEC_E_OK)
        return status;
    memcpy(work->text, body.data + MIC_BODY, CONFOUNDER);
    if (work->stream) {
        memcpy(work->text + CONFOUNDER, body.data + WRAP_BODY, rest);
        *data_size = rest;
        return SEC_E_OK;
    }
    if (rest)
        return seal_malformed(work->message, "the token is longer than one of RFC 4757");
    seal_gather(work, work->text + CONFOUNDER);
    if (padding)
        memcpy(work->text + CONFOUNDER + work->data_size, pad->pvBuffer, padding);
    *data_size = work->data_size + padding;
    return SEC_E_OK;
}

static void unwrap_deliver(struct seal_work *work, size_t size)
{
    SecBuffer *data = message_find(work->message, SECBUFFER_DATA);

    if (!work->stream) {
        seal_scatter(work, work->text + CONFOUNDER);
        return;
    }
    data->pvBuffer =
        (uint8_t *)work->stream->pvBuffer + work->stream->cbBuffer - size - (work->session->dce_style ? 0 : 1);
    data->cbBuffer = (ULONG)size;
    if (size)
        memcpy(data->pvBuffer, work->text + CONFOUNDER, size);
}

SECURITY_STATUS seal_rc4_unwrap(struct seal_work *work)
{
    const SecBuffer *first = work->stream ? work->stream : work->token;
    struct bytes body, parts[KRB_COVERED_MAX];
    uint8_t digest[MD5_SIZE], number[SEQUENCE];
    size_t count, whole = 0, padding = work->session->dce_style ? 0 : 1, stream_size, data_size;
    SECURITY_STATUS status;
    bool sealed;

    if (!frame_read(bytes_of(first->pvBuffer, first->cbBuffer), &body) || body.size < WRAP_BODY)
        return seal_malformed(work->message, "the token is not one of RFC 4757");
    sealed = memcmp(body.data, sealed_header, TOKEN_HEADER) == 0;
    if (!sealed && memcmp(body.data, plain_header, TOKEN_HEADER) != 0)
        return seal_malformed(work->message, "the token is not a wrap token of RFC 4757");
    status = unwrap_collect(work, body, &whole);
    if (status == SEC_E_OK && whole < padding)
        status = seal_malformed(work->message, "the token holds no pad");
    if (status == SEC_E_OK)
        status = sequence_open(work, body.data + TOKEN_HEADER, body.data + TOKEN_HEADER + SEQUENCE, number);
    if (status != SEC_E_OK)
        return status;
    if (sealed && !text_crypt(work->session, number, work->text, CONFOUNDER + whole))
        return seal_failed(work->message);
    data_size = whole - padding;
    stream_size = work->stream ? data_size : 0;
    status = seal_cover(work, bytes_of(work->text, CONFOUNDER + stream_size), work->text + CONFOUNDER,
                        bytes_of(work->text + CONFOUNDER + data_size, padding), parts, &count);
    if (status != SEC_E_OK)
        return status;
    if (!checksum_make(work->session, SALT_WRAP, body.data, parts, count, digest))
        return seal_failed(work->message);
    if (!secret_equal(digest, body.data + TOKEN_HEADER + SEQUENCE, CHECKSUM)
        || (padding && work->text[CONFOUNDER + data_size] != 1))
        return seal_altered(work->message);
    status = sequence_accept(work, number);
    if (status != SEC_E_OK)
        return status;
    unwrap_deliver(work, data_size);
    if (!sealed)
        work->message->qop = SECQOP_WRAP_NO_ENCRYPT;
    return SEC_E_OK;
}
