/*
 * Frames, signed and sealed messages of the echo programs. Buffers are laid out as Windows' own samples lay them out:
 * SECBUFFER_TOKEN for the signature, SECBUFFER_DATA for the text, encrypted in place.
 */
#include "echo.h"

#include <stdio.h>
#include <string.h>

#ifndef _WIN32
#include <signal.h>
#include <sspi_ext.h>
#endif

bool sockets_start(void)
{
#ifdef _WIN32
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
#else
    return signal(SIGPIPE, SIG_IGN) != SIG_ERR;
#endif
}

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

static bool receive_all(SOCKET peer, char *data, size_t size)
{
    while (size > 0) {
        long received = (long)recv(peer, data, size, 0);
        if (received <= 0) {
            return false;
        }
        data += received;
        size -= (size_t)received;
    }
    return true;
}

bool frame_send(SOCKET peer, const void *data, unsigned long size)
{
    const char head[4] = {(char)(size >> 24), (char)(size >> 16), (char)(size >> 8), (char)size};
    return size <= ECHO_FRAME && send_all(peer, head, sizeof head) && send_all(peer, data, size);
}

bool frame_receive(SOCKET peer, struct frame *frame)
{
    unsigned char head[4];
    if (!receive_all(peer, (char *)head, sizeof head)) {
        return false;
    }
    frame->size = (unsigned long)head[0] << 24 | (unsigned long)head[1] << 16 | (unsigned long)head[2] << 8 | head[3];
    return frame->size <= ECHO_FRAME && receive_all(peer, frame->data, frame->size);
}

SECURITY_STATUS signed_send(CtxtHandle *context, SOCKET peer, const char *text, unsigned long size)
{
    static char copy[ECHO_FRAME], signature[ECHO_FRAME];
    SecPkgContext_Sizes sizes;
    SECURITY_STATUS status = QueryContextAttributesA(context, SECPKG_ATTR_SIZES, &sizes);
    if (status != SEC_E_OK) {
        return status;
    }
    if (size > sizeof copy || sizes.cbMaxSignature > sizeof signature) {
        return SEC_E_BUFFER_TOO_SMALL;
    }
    memcpy(copy, text, size);
    SecBuffer buffers[2] = {
        {(ULONG)size, SECBUFFER_DATA, copy},
        {sizes.cbMaxSignature, SECBUFFER_TOKEN, signature},
    };
    SecBufferDesc whole = {SECBUFFER_VERSION, 2, buffers};
    status = MakeSignature(context, 0, &whole, 0);
    if (status != SEC_E_OK) {
        return status;
    }
    return frame_send(peer, copy, size) && frame_send(peer, signature, buffers[1].cbBuffer) ? SEC_E_OK
                                                                                            : SEC_I_CONTEXT_EXPIRED;
}

SECURITY_STATUS signed_receive(CtxtHandle *context, SOCKET peer, struct frame *text, struct frame *signature)
{
    ULONG quality;
    if (!frame_receive(peer, text) || !frame_receive(peer, signature)) {
        return SEC_I_CONTEXT_EXPIRED;
    }
    SecBuffer buffers[2] = {
        {(ULONG)text->size, SECBUFFER_DATA, text->data},
        {(ULONG)signature->size, SECBUFFER_TOKEN, signature->data},
    };
    SecBufferDesc whole = {SECBUFFER_VERSION, 2, buffers};
    return VerifySignature(context, &whole, 0, &quality);
}

SECURITY_STATUS sealed_send(CtxtHandle *context, SOCKET peer, const char *text, unsigned long size)
{
    static char message[ECHO_FRAME];
    SecPkgContext_Sizes sizes;
    SECURITY_STATUS status = QueryContextAttributesA(context, SECPKG_ATTR_SIZES, &sizes);
    if (status != SEC_E_OK) {
        return status;
    }
    if (size > ECHO_FRAME - sizes.cbSecurityTrailer) {
        return SEC_E_BUFFER_TOO_SMALL;
    }
    memcpy(message + sizes.cbSecurityTrailer, text, size);
    SecBuffer buffers[2] = {
        {sizes.cbSecurityTrailer, SECBUFFER_TOKEN, message},
        {(ULONG)size, SECBUFFER_DATA, message + sizes.cbSecurityTrailer},
    };
    SecBufferDesc whole = {SECBUFFER_VERSION, 2, buffers};
    status = EncryptMessage(context, 0, &whole, 0);
    if (status != SEC_E_OK) {
        return status;
    }
    /* A token may turn out shorter than the room that was left for it. */
    memmove(message + buffers[0].cbBuffer, buffers[1].pvBuffer, buffers[1].cbBuffer);
    return frame_send(peer, message, buffers[0].cbBuffer + buffers[1].cbBuffer) ? SEC_E_OK : SEC_I_CONTEXT_EXPIRED;
}

SECURITY_STATUS sealed_receive(CtxtHandle *context, SOCKET peer, struct frame *frame, char **text, unsigned long *size)
{
    SecPkgContext_Sizes sizes;
    SECURITY_STATUS status = QueryContextAttributesA(context, SECPKG_ATTR_SIZES, &sizes);
    if (status != SEC_E_OK) {
        return status;
    }
    if (!frame_receive(peer, frame)) {
        return SEC_I_CONTEXT_EXPIRED;
    }
    if (frame->size < sizes.cbSecurityTrailer) {
        return SEC_E_INVALID_TOKEN;
    }
    SecBuffer buffers[2] = {
        {sizes.cbSecurityTrailer, SECBUFFER_TOKEN, frame->data},
        {(ULONG)frame->size - sizes.cbSecurityTrailer, SECBUFFER_DATA, frame->data + sizes.cbSecurityTrailer},
    };
    SecBufferDesc whole = {SECBUFFER_VERSION, 2, buffers};
    status = DecryptMessage(context, &whole, 0, NULL);
    *text = buffers[1].pvBuffer;
    *size = buffers[1].cbBuffer;
    return status;
}

void complain(const char *what, SECURITY_STATUS status)
{
#ifdef _WIN32
    fprintf(stderr, "%s: status 0x%08lx\n", what, (unsigned long)status);
#else
    char *why = NULL;
    if (SspiExplainLastFailure(&why) == SEC_E_OK && why[0] != '\0') {
        fprintf(stderr, "%s: %s (%s)\n", what, SspiStatusName(status), why);
    } else {
        fprintf(stderr, "%s: %s\n", what, SspiStatusName(status));
    }
    FreeContextBuffer(why);
#endif
}
