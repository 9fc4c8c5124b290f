/*
 * See spnego.h. Everything is put together in the caller's room from its end towards its start.
 */
#include "spnego.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t kerberos[] = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02};
static const uint8_t kerberos_short[] = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x82, 0xF7, 0x12, 0x01, 0x02, 0x02};
static const uint8_t ntlm[] = {0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A};
static const uint8_t negoex[] = {0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x1E};
static const uint8_t unknown[] = {0x06, 0x03, 0x2A, 0x03, 0x04};
static const uint8_t spnego[] = {0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02};

const struct bytes oid_kerberos = {kerberos, sizeof kerberos},
                   oid_kerberos_short = {kerberos_short, sizeof kerberos_short}, oid_ntlm = {ntlm, sizeof ntlm},
                   oid_negoex = {negoex, sizeof negoex}, oid_unknown = {unknown, sizeof unknown};

/* Written towards the front. */
struct pen {
    uint8_t *room;
    size_t size, used;
};

static void put(struct pen *pen, struct bytes content)
{
    if (content.size > pen->size - pen->used)
        abort();
    pen->used += content.size;
    if (content.size)
        memmove(pen->room + pen->size - pen->used, content.data, content.size);
}

/* Tag and length of all that was written since `mark`. */
static void close_element(struct pen *pen, uint8_t tag, size_t mark)
{
    const size_t inside = pen->used - mark;
    uint8_t head[5] = {tag};
    size_t count = 1;

    if (inside < 0x80) {
        head[count++] = (uint8_t)inside;
    } else if (inside < 0x100) {
        head[count++] = 0x81;
        head[count++] = (uint8_t)inside;
    } else if (inside < 0x10000) {
        head[count++] = 0x82;
        head[count++] = (uint8_t)(inside >> 8);
        head[count++] = (uint8_t)inside;
    } else {
        head[count++] = 0x83;
        head[count++] = (uint8_t)(inside >> 16);
        head[count++] = (uint8_t)(inside >> 8);
        head[count++] = (uint8_t)inside;
    }
    put(pen, bytes_of(head, count));
}

static struct bytes written(const struct pen *pen)
{
    memmove(pen->room, pen->room + pen->size - pen->used, pen->used);
    return bytes_of(pen->room, pen->used);
}

static void put_octets(struct pen *pen, uint8_t number, struct bytes content)
{
    const size_t mark = pen->used;

    if (!content.data)
        return;
    put(pen, content);
    close_element(pen, 0x04, mark);
    close_element(pen, (uint8_t)(0xA0 | number), mark);
}

static void put_list(struct pen *pen, const struct bytes *mechanisms, size_t count)
{
    const size_t mark = pen->used;

    while (count-- > 0)
        put(pen, mechanisms[count]);
    close_element(pen, 0x30, mark);
}

struct bytes spnego_list(const struct bytes *mechanisms, size_t count, uint8_t *room, size_t size)
{
    struct pen pen = {room, size, 0};

    put_list(&pen, mechanisms, count);
    return written(&pen);
}

struct bytes spnego_init(const struct init *init, uint8_t room[SPNEGO_ROOM])
{
    struct pen pen = {room, SPNEGO_ROOM, 0};
    size_t mark;

    put_octets(&pen, 3, init->mic);
    put_octets(&pen, 2, init->token);
    mark = pen.used;
    put_list(&pen, init->mechanisms, init->count);
    close_element(&pen, 0xA0, mark);
    close_element(&pen, 0x30, 0);
    close_element(&pen, 0xA0, 0);
    put(&pen, bytes_of(spnego, sizeof spnego));
    close_element(&pen, 0x60, 0);
    return written(&pen);
}

struct bytes spnego_response(const struct response *response, uint8_t room[SPNEGO_ROOM])
{
    struct pen pen = {room, SPNEGO_ROOM, 0};
    const uint8_t state[] = {0xA0, 0x03, 0x0A, 0x01, (uint8_t)response->state};
    size_t mark;

    put_octets(&pen, 3, response->mic);
    put_octets(&pen, 2, response->token);
    mark = pen.used;
    if (response->mechanism.data) {
        put(&pen, response->mechanism);
        close_element(&pen, 0xA1, mark);
    }
    if (response->state != STATE_NONE)
        put(&pen, bytes_of(state, sizeof state));
    close_element(&pen, 0x30, 0);
    close_element(&pen, 0xA1, 0);
    return written(&pen);
}

/* Takes one element off the front of `in`. */
static bool take(struct bytes *in, uint8_t *tag, struct bytes *content)
{
    size_t size, head = 2;

    if (in->size < 2)
        return false;
    *tag = in->data[0];
    size = in->data[1];
    if (size & 0x80) {
        const size_t count = size & 0x7F;

        if (count == 0 || count > 3 || in->size < 2 + count)
            return false;
        size = 0;
        for (size_t i = 0; i < count; i++)
            size = size << 8 | in->data[2 + i];
        head += count;
    }
    if (size > in->size - head)
        return false;
    *content = bytes_of(in->data + head, size);
    *in = bytes_of(in->data + head + size, in->size - head - size);
    return true;
}

static bool take_tagged(struct bytes in, uint8_t tag, struct bytes *content)
{
    uint8_t found;

    return take(&in, &found, content) && found == tag;
}

bool spnego_response_read(struct bytes message, struct response *out)
{
    struct bytes inner, field, content;
    uint8_t tag;

    *out = (struct response){.state = STATE_NONE};
    if (!take_tagged(message, 0xA1, &inner) || !take_tagged(inner, 0x30, &inner))
        return false;
    while (inner.size) {
        if (!take(&inner, &tag, &field))
            return false;
        if (tag == 0xA0 && take_tagged(field, 0x0A, &content) && content.size == 1)
            out->state = content.data[0];
        else if (tag == 0xA1)
            out->mechanism = field;
        else if (tag == 0xA2 && take_tagged(field, 0x04, &content))
            out->token = content;
        else if (tag == 0xA3 && take_tagged(field, 0x04, &content))
            out->mic = content;
        else
            return false;
    }
    return true;
}

bool spnego_init_read(struct bytes message, struct bytes *list, struct bytes *token)
{
    struct bytes inner, field, content, skipped;
    uint8_t tag;

    *list = *token = (struct bytes){0};
    if (!take_tagged(message, 0x60, &inner) || !take(&inner, &tag, &skipped) || tag != 0x06
        || !take_tagged(inner, 0xA0, &inner) || !take_tagged(inner, 0x30, &inner))
        return false;
    while (inner.size && take(&inner, &tag, &field)) {
        if (tag == 0xA0)
            *list = field;
        else if (tag == 0xA2 && take_tagged(field, 0x04, &content))
            *token = content;
    }
    return list->size > 0;
}

struct bytes spnego_element(uint8_t tag, struct bytes content, uint8_t *room, size_t size)
{
    struct pen pen = {room, size, 0};

    put(&pen, content);
    close_element(&pen, tag, 0);
    return written(&pen);
}
