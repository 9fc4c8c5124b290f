/*
 * Messages under way on an established context: every bit of every signature, seal and text flipped, cut at every
 * length, repeated, reordered, reflected. All encryption types, both directions, plain and DCE style.
 */
#include "service.h"

#include "kerberos/kerberos.h"

enum way { SIGNED, SEALED, WRAPPED, WAYS };
enum { TEXT = 40 };

static const int32_t types[] = {17, 18, 19, 20, 23};

static struct service service;
static struct visitor visitor;

static void session_open(int32_t type, bool dce)
{
    struct ticket_spec ticket;

    ticket_spec_usual(&ticket);
    ticket.session = ticket_key(type, 0, 40);
    service_open_with(&service, "Kerberos", "HTTP", &ticket, 1);
    service_option(&service, "allow_insecure_rc4", "yes");
    visitor_open(&visitor, "Kerberos", &ticket);
    assert_status(SspiCredentialSetOption(&visitor.credential, "allow_insecure_rc4", "yes"), SEC_E_OK);
    visitor.flags |= dce ? ISC_REQ_USE_DCE_STYLE : 0;
    login_run(&visitor, &service);
}

static void session_close(void)
{
    visitor_close(&visitor);
    service_close(&service);
}

/* TOKEN, a header that is only signed, DATA, PADDING. */
struct parcel {
    uint8_t token[128], header[8], text[TEXT], pad[16];
    ULONG sizes[4];
};

static void parcel_fill(struct parcel *parcel)
{
    *parcel = (struct parcel){.header = "headline", .sizes = {sizeof parcel->token, 8, TEXT, 1}};
    for (size_t i = 0; i < TEXT; i++)
        parcel->text[i] = (uint8_t)(3 * i);
}

static bool text_intact(const struct parcel *parcel)
{
    for (size_t i = 0; i < TEXT; i++)
        if (parcel->text[i] != (uint8_t)(3 * i))
            return false;
    return memcmp(parcel->header, "headline", 8) == 0;
}

static void lay_out(struct parcel *parcel, SecBuffer buffers[4])
{
    buffers[0] = (SecBuffer){parcel->sizes[0], SECBUFFER_TOKEN, parcel->token};
    buffers[1] = (SecBuffer){parcel->sizes[1], SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, parcel->header};
    buffers[2] = (SecBuffer){parcel->sizes[2], SECBUFFER_DATA, parcel->text};
    buffers[3] = (SecBuffer){parcel->sizes[3], SECBUFFER_PADDING, parcel->pad};
}

static void send(CtxtHandle *from, enum way way, struct parcel *parcel)
{
    SecBuffer buffers[4];
    SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
    SECURITY_STATUS status;

    parcel_fill(parcel);
    lay_out(parcel, buffers);
    if (way == SIGNED)
        status = MakeSignature(from, 0, &message, 0);
    else
        status = EncryptMessage(from, way == WRAPPED ? SECQOP_WRAP_NO_ENCRYPT : 0, &message, 0);
    assert_status(status, SEC_E_OK);
    for (size_t i = 0; i < 4; i++)
        parcel->sizes[i] = buffers[i].cbBuffer;
}

static SECURITY_STATUS receive(CtxtHandle *to, enum way way, struct parcel *parcel)
{
    SecBuffer buffers[4];
    SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};

    lay_out(parcel, buffers);
    return way == SIGNED ? VerifySignature(to, &message, 0, NULL) : DecryptMessage(to, &message, 0, NULL);
}

static uint8_t *part(struct parcel *parcel, size_t index)
{
    return index == 0 ? parcel->token : index == 1 ? parcel->header : index == 2 ? parcel->text : parcel->pad;
}

/* Bytes that nothing protects: the rotation of RFC 4121 4.2.5 may be any number (then the text comes out as it was, or
 * not at all), the length in RC4's frame says what the buffers say, and padding is a part of RC4's
 * sealed messages alone, where RPC does not do it itself. */
static bool unprotected(int32_t type, enum way way, size_t index, size_t at)
{
    if (index == 3)
        return type != 23 || way == SIGNED || (service.attributes & ASC_RET_USED_DCE_STYLE);
    if (type == 23 && index == 0 && at == 1)
        return true;
    return type != 23 && way != SIGNED && index == 0 && (at == 6 || at == 7);
}

static void flip_all(CtxtHandle *from, CtxtHandle *to, int32_t type, enum way way)
{
    struct parcel sent, received;
    unsigned refused = 0;

    send(from, way, &sent);
    for (size_t index = 0; index < 4; index++) {
        for (size_t bit = 0; bit < 8 * sent.sizes[index]; bit++) {
            SECURITY_STATUS status;

            if (unprotected(type, way, index, bit / 8))
                continue;
            received = sent;
            part(&received, index)[bit / 8] ^= (uint8_t)(1u << bit % 8);
            status = receive(to, way, &received);
            cr_assert(status == SEC_E_MESSAGE_ALTERED || status == SEC_E_INVALID_TOKEN
                          || status == SEC_E_OUT_OF_SEQUENCE,
                      "type %d, way %d, part %zu, bit %zu: %s", (int)type, way, index, bit, SspiStatusName(status));
            refused++;
        }
    }
    cr_assert_gt(refused, 8u * (TEXT + 8 + 16));
    /* None of that disturbed the context: the message itself is still good, once. */
    received = sent;
    assert_status(receive(to, way, &received), SEC_E_OK);
    cr_assert(text_intact(&received));
    assert_status(receive(to, way, &sent), SEC_E_OUT_OF_SEQUENCE);
}

static void both_directions(int32_t type, bool dce)
{
    session_open(type, dce);
    for (int way = 0; way < WAYS; way++) {
        flip_all(&visitor.context, &service.context, type, (enum way)way);
        flip_all(&service.context, &visitor.context, type, (enum way)way);
    }
    session_close();
}

Test(messages, every_bit_flipped)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        both_directions(types[i], false);
}

Test(messages, every_bit_flipped_in_dce_style)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        both_directions(types[i], true);
}

/* The bytes of the rotation: whatever they say, what comes out is what went in. */
static void rotate(CtxtHandle *from, CtxtHandle *to, enum way way)
{
    struct parcel sent, received;

    for (unsigned rotation = 0; rotation < 300; rotation++) {
        SECURITY_STATUS status;

        send(from, way, &sent);
        received = sent;
        received.token[6] = (uint8_t)(rotation >> 8);
        received.token[7] = (uint8_t)rotation;
        status = receive(to, way, &received);
        cr_assert(status < 0 || text_intact(&received), "rotation %u", rotation);
        if (status < 0)
            assert_status(receive(to, way, &sent), SEC_E_OK);
    }
}

/* CVE-2024-37370 and its like: the extra count is under the seal, and a checksum has the size that it has. */
static void count_extra(CtxtHandle *from, CtxtHandle *to, enum way way)
{
    static const uint16_t counts[] = {0, 1, 8, 11, 12, 13, 15, 16, 17, 24, 28, 32, 40, 255, 0x7FFF, 0xFFFF};
    struct parcel sent, received;

    send(from, way, &sent);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const bool same = sent.token[4] == counts[i] >> 8 && sent.token[5] == (counts[i] & 0xFF);

        received = sent;
        received.token[4] = (uint8_t)(counts[i] >> 8);
        received.token[5] = (uint8_t)counts[i];
        cr_assert(same || receive(to, way, &received) < 0, "extra count %u", counts[i]);
    }
    assert_status(receive(to, way, &sent), SEC_E_OK);
}

Test(messages, rotation_and_extra_count)
{
    for (size_t i = 0; i < 4; i++) {
        for (int dce = 0; dce < 2; dce++) {
            session_open(types[i], dce);
            rotate(&visitor.context, &service.context, SEALED);
            rotate(&service.context, &visitor.context, WRAPPED);
            count_extra(&visitor.context, &service.context, SEALED);
            count_extra(&service.context, &visitor.context, WRAPPED);
            session_close();
        }
    }
}

/* A sealed or wrapped message as one stream. Returns its size. */
static ULONG stream_make(enum way way, uint8_t stream[256])
{
    struct parcel sent = {.sizes = {sizeof sent.token, 0, TEXT, 1}};
    SecBuffer buffers[3] = {{sizeof sent.token, SECBUFFER_TOKEN, sent.token},
                            {TEXT, SECBUFFER_DATA, sent.text},
                            {1, SECBUFFER_PADDING, sent.pad}};
    SecBufferDesc message = {SECBUFFER_VERSION, 3, buffers};

    assert_status(EncryptMessage(&visitor.context, way == WRAPPED ? SECQOP_WRAP_NO_ENCRYPT : 0, &message, 0), SEC_E_OK);
    memcpy(stream, sent.token, buffers[0].cbBuffer);
    memcpy(stream + buffers[0].cbBuffer, sent.text, TEXT);
    return buffers[0].cbBuffer + TEXT;
}

static SECURITY_STATUS stream_open(uint8_t *stream, ULONG size, ULONG *text_size)
{
    SecBuffer buffers[2] = {{size, SECBUFFER_STREAM, stream}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status = DecryptMessage(&service.context, &message, 0, NULL);

    *text_size = buffers[1].cbBuffer;
    return status;
}

/* Where the token itself says how long its text is, nobody on the way makes it shorter or longer. */
static void stream_flip(enum way way)
{
    uint8_t stream[256], altered[256];
    const ULONG size = stream_make(way, stream);
    ULONG text_size;

    for (size_t bit = 0; bit < 8 * size; bit++) {
        memcpy(altered, stream, sizeof altered);
        altered[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (bit / 8 != 6 && bit / 8 != 7)
            cr_assert(stream_open(altered, size, &text_size) < 0, "way %d, bit %zu", way, bit);
    }
    for (ULONG cut = 0; cut < size; cut++) {
        memcpy(altered, stream, sizeof altered);
        cr_assert(stream_open(altered, cut, &text_size) < 0, "way %d, %u bytes", way, (unsigned)cut);
    }
    assert_status(stream_open(stream, size, &text_size), SEC_E_OK);
    cr_assert_eq(text_size, (ULONG)TEXT);
}

Test(messages, streams)
{
    for (size_t i = 0; i < 4; i++) {
        session_open(types[i], false);
        stream_flip(SEALED);
        stream_flip(WRAPPED);
        session_close();
    }
}

static void cut_all(enum way way)
{
    struct parcel sent, cut;

    send(&visitor.context, way, &sent);
    for (ULONG size = 0; size < sent.sizes[0] + sent.sizes[2]; size++) {
        cut = sent;
        if (size < sent.sizes[0])
            cut.sizes[0] = size;
        else
            cut.sizes[2] = size - sent.sizes[0];
        cr_assert(receive(&service.context, way, &cut) < 0, "way %d, %u bytes", way, (unsigned)size);
    }
    assert_status(receive(&service.context, way, &sent), SEC_E_OK);
}

Test(messages, cut_at_every_length)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        session_open(types[i], false);
        for (int way = 0; way < WAYS; way++)
            cut_all((enum way)way);
        session_close();
    }
}

Test(messages, repeated_reordered_and_reflected)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        session_open(types[i], false);
        for (int way = 0; way < WAYS; way++) {
            struct parcel first, second, copy;

            send(&visitor.context, (enum way)way, &first);
            send(&visitor.context, (enum way)way, &second);
            copy = second;
            assert_status(receive(&service.context, (enum way)way, &copy), SEC_E_OUT_OF_SEQUENCE);
            copy = first;
            cr_assert(receive(&visitor.context, (enum way)way, &copy) < 0, "a reflected message was taken");
            copy = first;
            assert_status(receive(&service.context, (enum way)way, &copy), SEC_E_OK);
            copy = first;
            assert_status(receive(&service.context, (enum way)way, &copy), SEC_E_OUT_OF_SEQUENCE);
            assert_status(receive(&service.context, (enum way)way, &second), SEC_E_OK);
        }
        session_close();
    }
}

/* One kind of token is not another: a signature is no wrapped message, and no login's message is another login's. */
Test(messages, of_another_kind_or_context)
{
    static struct service other_service;
    static struct visitor other_visitor;
    struct parcel sent, copy;

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        session_open(types[i], false);
        other_service = service;
        other_visitor = visitor;
        session_open(types[i], false);
        for (int way = 0; way < WAYS; way++) {
            send(&visitor.context, (enum way)way, &sent);
            copy = sent;
            cr_assert(receive(&service.context, way == SIGNED ? SEALED : SIGNED, &copy) < 0);
            copy = sent;
            cr_assert(receive(&other_service.context, (enum way)way, &copy) < 0);
            assert_status(receive(&service.context, (enum way)way, &sent), SEC_E_OK);
        }
        session_close();
        visitor_close(&other_visitor);
        service_close(&other_service);
    }
}
