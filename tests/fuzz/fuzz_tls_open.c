/*
 * An open connection and a program that does things with it, in operations of a byte, then their data behind a size in
 * two bytes: records to decrypt (arbitrary, or true ones with a byte changed), control tokens, legs, attributes,
 * messages. What is decrypted and was not altered is what was sent.
 */
#include "openssl_memory.h"
#include "tls_rig.h"

enum operation { DECRYPT, DECRYPT_ALTERED, CONTROL, LEG, QUERY, SET, ENCRYPT, OPERATIONS };

static struct tls_side server, client;

/* The next execution's handshake is then one without certificates, four times as fast. */
static void take_tickets(void)
{
    uint8_t *at = server.out;
    ULONG left = server.out_size;

    while (left) {
        SecBuffer buffers[4] = {{left, SECBUFFER_DATA, at}, {0}, {0}, {0}};
        SecBufferDesc desc = {SECBUFFER_VERSION, 4, buffers};
        ULONG rest = 0;

        (void)DecryptMessage(&client.context, &desc, 0, NULL);
        for (int i = 0; i < 4; i++)
            if (buffers[i].BufferType == SECBUFFER_EXTRA)
                rest = buffers[i].cbBuffer;
        must(rest < left, "tickets end");
        at += left - rest;
        left = rest;
    }
}

static void handshake(void)
{
    server = (struct tls_side){.acceptor = 1};
    client = (struct tls_side){.requested = ISC_REQ_EXTENDED_ERROR};
    must(tls_leg(&client, NULL, 0) == SEC_I_CONTINUE_NEEDED, "a hello");
    must(tls_leg(&server, client.out, client.out_size) == SEC_I_CONTINUE_NEEDED, "an answer");
    must(tls_leg(&client, server.out, server.out_size) == SEC_E_OK, "the client is done");
    must(tls_leg(&server, client.out, client.out_size) == SEC_E_OK, "the server is done");
    take_tickets();
}

/* A message of the client's; 0: it may send none any more. */
static ULONG encrypt(const uint8_t *data, size_t size, uint8_t *record)
{
    static uint8_t header[64], content[16384], trailer[256];
    SecBuffer buffers[4] = {{sizeof header, SECBUFFER_STREAM_HEADER, header},
                            {(ULONG)(size < sizeof content ? size : sizeof content), SECBUFFER_DATA, content},
                            {sizeof trailer, SECBUFFER_STREAM_TRAILER, trailer},
                            {0, SECBUFFER_EMPTY, NULL}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 4, buffers};
    ULONG used = 0;

    memcpy(content, data, buffers[1].cbBuffer);
    if (EncryptMessage(&client.context, 0, &desc, 0) != SEC_E_OK)
        return 0;
    for (int i = 0; i < 3; i++) {
        memcpy(record + used, buffers[i].pvBuffer, buffers[i].cbBuffer);
        used += buffers[i].cbBuffer;
    }
    return used;
}

static SECURITY_STATUS decrypt(uint8_t *records, size_t size, SecBuffer *plain)
{
    SecBuffer buffers[4] = {{(ULONG)size, SECBUFFER_DATA, records}, {0}, {0}, {0}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 4, buffers};
    SECURITY_STATUS status = DecryptMessage(&server.context, &desc, 0, NULL);

    *plain = (SecBuffer){0};
    for (int i = 0; i < 4; i++) {
        if (status >= 0 && buffers[i].cbBuffer)
            must((uint8_t *)buffers[i].pvBuffer >= records
                     && (uint8_t *)buffers[i].pvBuffer + buffers[i].cbBuffer <= records + size,
                 "every buffer lies in the input");
        if (status == SEC_E_OK && buffers[i].BufferType == SECBUFFER_DATA)
            *plain = buffers[i];
    }
    return status;
}

static void decrypt_altered(const uint8_t *data, size_t size)
{
    static uint8_t record[TLS_ROOM];
    ULONG length = size > 3 ? encrypt(data + 3, size - 3, record) : 0;
    size_t place;
    SecBuffer plain;
    SECURITY_STATUS status;

    if (!length)
        return;
    place = ((size_t)data[0] << 8 | data[1]) % length;
    record[place] ^= data[2];
    status = decrypt(record, length, &plain);
    if (status != SEC_E_OK || !plain.cbBuffer)
        return;
    must(plain.cbBuffer == (size - 3 < 16384 ? size - 3 : 16384), "the message is whole");
    must(memcmp(plain.pvBuffer, data + 3, plain.cbBuffer) == 0, "the message is the one that was sent");
}

static void decrypt_any(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    SecBuffer plain;

    must(copy != NULL, "there is memory");
    memcpy(copy, data, size);
    (void)decrypt(copy, size, &plain);
    must(plain.cbBuffer == 0, "nobody else can make a message");
    free(copy);
}

static void control(const uint8_t *data, size_t size)
{
    SecBuffer buffer = {(ULONG)size, SECBUFFER_TOKEN, (void *)data};
    SecBufferDesc desc = {SECBUFFER_VERSION, 1, &buffer};

    (void)ApplyControlToken(&server.context, &desc);
}

static void query(const uint8_t *data, size_t size)
{
    static union {
        void *pointers[128];
        uint8_t bytes[1024];
    } room;

    /* Certificates (0x53, 0x54, 0x67) are given back otherwise; they have tests of their own. */
    if (!size || data[0] == 0x53 || data[0] == 0x54 || data[0] == 0x67)
        return;
    memset(&room, 0, sizeof room);
    if (QueryContextAttributesExA(&server.context, data[0], &room, sizeof room) != SEC_E_OK)
        return;
    for (int i = 0; i < 4; i++)
        (void)FreeContextBuffer(room.pointers[i]);
}

static void set(const uint8_t *data, size_t size)
{
    SecPkgContext_SessionAppData app = {0, (DWORD)size, (PBYTE)data};
    SecPkgContext_KeyingMaterialInfo info = {(WORD)size, (LPSTR)data, 0, NULL, (DWORD)size};

    (void)SetContextAttributesA(&server.context, SECPKG_ATTR_APP_DATA, &app, sizeof app);
    (void)SetContextAttributesA(&server.context, SECPKG_ATTR_KEYING_MATERIAL_INFO, &info, sizeof info);
}

static void operate(enum operation operation, const uint8_t *data, size_t size)
{
    static uint8_t record[TLS_ROOM];
    SecBuffer plain;
    ULONG length;

    switch (operation) {
    case DECRYPT:
        decrypt_any(data, size);
        break;
    case DECRYPT_ALTERED:
        decrypt_altered(data, size);
        break;
    case CONTROL:
        control(data, size);
        break;
    case LEG:
        server.requested = size ? data[0] & ASC_REQ_MUTUAL_AUTH : 0;
        tls_leg(&server, size ? data + 1 : data, size ? size - 1 : 0);
        break;
    case QUERY:
        query(data, size);
        break;
    case SET:
        set(data, size);
        break;
    default:
        length = encrypt(data, size, record);
        (void)decrypt(record, length, &plain);
        break;
    }
}

static int run(const uint8_t *data, size_t size)
{
    tls_open_once();
    handshake();
    while (size >= 3) {
        enum operation operation = (enum operation)(data[0] % OPERATIONS);
        size_t length = (size_t)data[1] | (size_t)data[2] << 8;

        data += 3, size -= 3;
        length = length < size ? length : size;
        operate(operation, data, length);
        data += length, size -= length;
    }
    tls_delete(&server);
    tls_delete(&client);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return openssl_run(run, data, size);
}
