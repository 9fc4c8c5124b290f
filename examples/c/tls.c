/*
 * Handshakes, records and the goodbye of Schannel, buffers laid out as Windows asks for them.
 */
#include "tls.h"

#include <string.h>

#define CLIENT_FLAGS                                                                                                   \
    (ISC_REQ_STREAM | ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT                        \
     | ISC_REQ_EXTENDED_ERROR | ISC_REQ_ALLOCATE_MEMORY)
#define SERVER_FLAGS                                                                                                   \
    (ASC_REQ_STREAM | ASC_REQ_CONFIDENTIALITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT                        \
     | ASC_REQ_EXTENDED_ERROR | ASC_REQ_ALLOCATE_MEMORY)

static bool send_all(SOCKET peer, const char *data, size_t size)
{
    while (size > 0) {
        long sent = (long)send(peer, data, size, 0);
        if (sent <= 0) {
            return false;
        }
        data += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* More of what the peer says. */
static bool receive_more(struct tls *tls)
{
    long got = tls->size < TLS_ROOM ? (long)recv(tls->socket, tls->in + tls->size, TLS_ROOM - tls->size, 0) : 0;
    tls->size += got > 0 ? (ULONG)got : 0;
    return got > 0;
}

/* Keeps the last `rest` bytes of what came. */
static void keep(struct tls *tls, ULONG rest)
{
    memmove(tls->in, tls->in + tls->size - rest, rest);
    tls->size = rest;
}

/* One call: its token is sent, an alert too where it failed; what it did not use is kept. */
static SECURITY_STATUS leg(struct tls *tls)
{
    SecBuffer in[2] = {{tls->size, SECBUFFER_TOKEN, tls->in}, {0, SECBUFFER_EMPTY, NULL}};
    SecBuffer out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc input = {SECBUFFER_VERSION, 2, in}, output = {SECBUFFER_VERSION, 1, &out};
    CtxtHandle *before = tls->has_context ? &tls->context : NULL;
    ULONG attributes;
    SECURITY_STATUS status;
    bool sent = true;
    if (tls->name == NULL) {
        status = AcceptSecurityContext(tls->credential, before, &input, SERVER_FLAGS, 0, &tls->context, &output,
                                       &attributes, NULL);
    } else {
        status = InitializeSecurityContextA(tls->credential, before, tls->name, CLIENT_FLAGS, 0, 0,
                                            before ? &input : NULL, 0, &tls->context, &output, &attributes, NULL);
    }
    if (status == SEC_E_INCOMPLETE_MESSAGE) {
        return status;
    }
    if (before == NULL) {
        tls->has_context = status >= 0;
    }
    if (out.pvBuffer != NULL) {
        sent = send_all(tls->socket, out.pvBuffer, out.cbBuffer);
        FreeContextBuffer(out.pvBuffer);
    }
    keep(tls, in[1].BufferType == SECBUFFER_EXTRA ? in[1].cbBuffer : 0);
    return status >= 0 && !sent ? SEC_I_CONTEXT_EXPIRED : status;
}

SECURITY_STATUS tls_shake_hands(struct tls *tls)
{
    bool waits = tls->name == NULL && !tls->has_context;
    for (;;) {
        if (waits && !receive_more(tls)) {
            return SEC_E_INCOMPLETE_MESSAGE;
        }
        SECURITY_STATUS status = leg(tls);
        if (status == SEC_E_OK) {
            return QueryContextAttributesA(&tls->context, SECPKG_ATTR_STREAM_SIZES, &tls->sizes);
        }
        if (status != SEC_I_CONTINUE_NEEDED && status != SEC_E_INCOMPLETE_MESSAGE) {
            return status;
        }
        waits = status == SEC_E_INCOMPLETE_MESSAGE || tls->size == 0;
    }
}

SECURITY_STATUS tls_write(struct tls *tls, const char *data, ULONG size)
{
    SecBuffer buffers[4] = {
        {tls->sizes.cbHeader, SECBUFFER_STREAM_HEADER, tls->out},
        {size, SECBUFFER_DATA, tls->out + tls->sizes.cbHeader},
        {tls->sizes.cbTrailer, SECBUFFER_STREAM_TRAILER, tls->out + tls->sizes.cbHeader + size},
        {0, SECBUFFER_EMPTY, NULL},
    };
    SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
    if (size > tls->sizes.cbMaximumMessage) {
        return SEC_E_BUFFER_TOO_SMALL;
    }
    memcpy(buffers[1].pvBuffer, data, size);
    SECURITY_STATUS status = EncryptMessage(&tls->context, 0, &message, 0);
    for (int i = 0; i < 3 && status == SEC_E_OK; i++) {
        if (!send_all(tls->socket, buffers[i].pvBuffer, buffers[i].cbBuffer)) {
            status = SEC_I_CONTEXT_EXPIRED;
        }
    }
    return status;
}

/* Decrypts what is whole of what came. */
static SECURITY_STATUS record_open(struct tls *tls, char *data, ULONG room, ULONG *size)
{
    SecBuffer buffers[4] = {{tls->size, SECBUFFER_DATA, tls->in}};
    SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
    SECURITY_STATUS status = DecryptMessage(&tls->context, &message, 0, NULL);
    ULONG rest = 0;
    for (int i = 0; i < 4 && status >= 0; i++) {
        if (buffers[i].BufferType == SECBUFFER_EXTRA) {
            rest = buffers[i].cbBuffer;
        } else if (buffers[i].BufferType == SECBUFFER_DATA && status == SEC_E_OK) {
            *size = buffers[i].cbBuffer < room ? buffers[i].cbBuffer : room;
            memcpy(data, buffers[i].pvBuffer, *size);
        }
    }
    if (status != SEC_E_INCOMPLETE_MESSAGE) {
        keep(tls, rest);
    }
    return status;
}

SECURITY_STATUS tls_read(struct tls *tls, char *data, ULONG room, ULONG *size)
{
    *size = 0;
    for (;;) {
        SECURITY_STATUS status = tls->size > 0 ? record_open(tls, data, room, size) : SEC_E_INCOMPLETE_MESSAGE;
        if (status == SEC_I_RENEGOTIATE) {
            status = tls_shake_hands(tls);
        } else if (status == SEC_E_INCOMPLETE_MESSAGE && receive_more(tls)) {
            continue;
        }
        if (status != SEC_E_OK || *size > 0) {
            return status;
        }
    }
}

void tls_shut_down(struct tls *tls)
{
    DWORD type = SCHANNEL_SHUTDOWN;
    SecBuffer control = {sizeof type, SECBUFFER_TOKEN, &type};
    SecBufferDesc controls = {SECBUFFER_VERSION, 1, &control};
    if (ApplyControlToken(&tls->context, &controls) == SEC_E_OK) {
        tls->size = 0;
        (void)leg(tls);
    }
}
