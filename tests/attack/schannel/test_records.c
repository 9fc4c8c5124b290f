/*
 * Hostile records at an open connection, through DecryptMessage: cut, altered, too long, at the edge of what memory
 * there is; and what is handed back.
 */
#include <openssl/ssl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tls_rig.h"

enum { PAGE = 4096, ROOM = 5 * PAGE };

static struct tls_pair pair;
static const char *const versions[] = {"1.2", "1.3"};
static uint8_t got[TLS_ROOM];

static void open_version(const char *version)
{
    struct tls_setup setup = {.server = {.name = "www.example.com"}, .client_flags = SCH_CRED_MANUAL_CRED_VALIDATION};

    setup.server_options[0] = "tls_maximum_version";
    setup.server_options[1] = version;
    tls_open(&pair, &setup);
    pair.server.requested = ASC_REQ_EXTENDED_ERROR;
    tls_talk(&pair.client, &pair.server, "begin", 5);
}

/* Memory that ends at a page nobody may touch. */
struct edge {
    uint8_t *whole, *end;
};

static struct edge edge_open(void)
{
    uint8_t *whole = mmap(NULL, ROOM + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    cr_assert_neq((void *)whole, MAP_FAILED);
    cr_assert_eq(mprotect(whole + ROOM, PAGE, PROT_NONE), 0);
    memset(whole, 0xA5, ROOM);
    return (struct edge){whole, whole + ROOM};
}

static void edge_close(struct edge edge)
{
    munmap(edge.whole, ROOM + PAGE);
}

static SECURITY_STATUS unseal(struct tls_end *end, uint8_t *data, size_t size, SecBuffer buffers[4])
{
    SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};

    memset(buffers, 0, 4 * sizeof *buffers);
    buffers[0] = (SecBuffer){(ULONG)size, SECBUFFER_DATA, data};
    return DecryptMessage(&end->context, &message, 0, NULL);
}

static const SecBuffer *find(const SecBuffer *buffers, ULONG type)
{
    for (int i = 0; i < 4; i++)
        if (buffers[i].BufferType == type)
            return &buffers[i];
    cr_assert_fail("no buffer of the type %u", (unsigned)type);
    return NULL;
}

/* One byte more at each call, each time at the very end of memory: nothing changes until the record is whole, what
 * is missing is told exactly, and nothing before or behind the record is touched. */
Test(records, byte_by_byte_at_the_edge_of_memory)
{
    for (size_t v = 0; v < 2; v++) {
        static const char text[] = "a message of some length";
        struct edge edge = edge_open();
        uint8_t record[256];
        SecBuffer buffers[4];
        size_t size;

        open_version(versions[v]);
        assert_status(tls_send(&pair.client, &pair.server, text, sizeof text), SEC_E_OK);
        size = pair.server.in_size;
        memcpy(record, pair.server.in, size);
        for (size_t have = 0; have < size; have++) {
            memcpy(edge.end - have, record, have);
            assert_status(unseal(&pair.server, edge.end - have, have, buffers), SEC_E_INCOMPLETE_MESSAGE);
            cr_assert_eq(find(buffers, SECBUFFER_MISSING)->cbBuffer, have < 5 ? 5 - have : size - have);
            assert_mem_eq(edge.end - have, record, have);
            cr_assert_eq(edge.end[-(ptrdiff_t)have - 1], 0xA5);
        }
        memcpy(edge.end - size, record, size);
        assert_status(unseal(&pair.server, edge.end - size, size, buffers), SEC_E_OK);
        cr_assert_eq(find(buffers, SECBUFFER_DATA)->cbBuffer, sizeof text);
        assert_mem_eq(find(buffers, SECBUFFER_DATA)->pvBuffer, text, sizeof text);
        for (const uint8_t *at = edge.whole; at < edge.end - size; at++)
            cr_assert_eq(*at, 0xA5);
        edge_close(edge);
        tls_end(&pair);
    }
}

/* Three records and a half: each call gives one and hands back the rest, where it lies and to the byte. */
Test(records, three_and_a_half)
{
    for (size_t v = 0; v < 2; v++) {
        size_t ends[4], at = 0, whole;
        SecBuffer buffers[4];
        uint8_t *in = pair.server.in;

        open_version(versions[v]);
        for (size_t i = 0; i < 4; i++) {
            assert_status(tls_send(&pair.client, &pair.server, "0123456789", 3 + i), SEC_E_OK);
            ends[i] = pair.server.in_size;
        }
        whole = ends[2] + (ends[3] - ends[2]) / 2;
        for (size_t i = 0; i < 3; i++) {
            assert_status(unseal(&pair.server, in + at, whole - at, buffers), SEC_E_OK);
            at = ends[i];
            cr_assert_eq(find(buffers, SECBUFFER_DATA)->cbBuffer, 3 + i);
            assert_mem_eq(find(buffers, SECBUFFER_DATA)->pvBuffer, "0123456789", 3 + i);
            cr_assert_eq(find(buffers, SECBUFFER_EXTRA)->cbBuffer, whole - at);
            cr_assert_eq((uint8_t *)find(buffers, SECBUFFER_EXTRA)->pvBuffer, in + at);
        }
        assert_status(unseal(&pair.server, in + at, whole - at, buffers), SEC_E_INCOMPLETE_MESSAGE);
        cr_assert_eq(find(buffers, SECBUFFER_MISSING)->cbBuffer, ends[3] - whole);
        assert_status(unseal(&pair.server, in + at, ends[3] - at, buffers), SEC_E_OK);
        cr_assert_eq(find(buffers, SECBUFFER_DATA)->cbBuffer, 6);
        pair.server.in_size = 0;
        tls_end(&pair);
    }
}

/* What is none, or too long, is refused once its header is there, with its alert, and the connection is over. */
Test(records, headers_of_every_kind)
{
    static const struct {
        uint8_t header[5];
        int alert; /* of both versions; -1: another one in each */
    } rows[] = {
        {{23, 3, 3, 0xFF, 0xFF}, SSL_AD_RECORD_OVERFLOW},
        {{23, 3, 3, 0x48, 0x01}, SSL_AD_RECORD_OVERFLOW},
        {{23, 3, 3, 0, 0}, SSL_AD_BAD_RECORD_MAC},
        {{23, 3, 4, 0, 20}, -1},
        {{19, 3, 3, 0, 20}, -1},
        {{25, 3, 3, 0, 20}, -1},
        {{0, 3, 3, 0, 20}, -1},
        {{255, 255, 255, 255, 255}, -1},
        {{23, 2, 3, 0, 20}, -1},
    };

    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        size_t size;

        open_version(versions[i % 2]);
        memset(pair.server.in, 0x5A, 30);
        memcpy(pair.server.in, rows[i / 2].header, 5);
        pair.server.in_size = 25;
        cr_assert_lt(tls_receive(&pair.server, got, &size), 0);
        cr_assert_neq(tls_receive(&pair.server, got, &size), SEC_E_OK);
        pair.server.in_size = 0;
        cr_assert_lt(tls_leg(&pair.server), 0);
        cr_assert_eq(pair.server.alert_size, 2, "row %zu", i);
        if (rows[i / 2].alert >= 0)
            cr_assert_eq(pair.server.alert[1], rows[i / 2].alert, "row %zu: alert %d", i, pair.server.alert[1]);
        tls_end(&pair);
    }
}

/* After a refused record nothing is read or written any more, not even what is right. */
Test(records, nothing_goes_on_after_a_refusal)
{
    for (size_t v = 0; v < 2; v++) {
        size_t size;

        open_version(versions[v]);
        assert_status(tls_send(&pair.client, &pair.server, "first", 5), SEC_E_OK);
        pair.server.in[pair.server.in_size - 1] ^= 1;
        assert_status(tls_receive(&pair.server, got, &size), SEC_E_MESSAGE_ALTERED);
        pair.server.in_size = 0;
        assert_status(tls_send(&pair.client, &pair.server, "second", 6), SEC_E_OK);
        assert_status(tls_receive(&pair.server, got, &size), SEC_E_MESSAGE_ALTERED);
        cr_assert_lt(tls_send(&pair.server, &pair.client, "third", 5), 0);
        tls_end(&pair);
    }
}
