/*
 * Answers each line that comes over TLS with the same line, one client after the other.
 *
 *     tls_server 8443 server.pfx PASSWORD        a certificate with its key in a PKCS#12 file
 *
 * Plain SSPI, certificates and sockets, as on Windows
 * (cl /DSECURITY_WIN32 tls_server.c tls.c echo.c secur32.lib crypt32.lib ws2_32.lib).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls.h"
#include <wincrypt.h>

static struct tls tls;
static char data[TLS_ROOM];
static BYTE file[65536];

/* The certificate of a PKCS#12 file, and the store that it lies in; NULL: there is none. */
static PCCERT_CONTEXT certificate_load(const char *path, const char *password, HCERTSTORE *store)
{
    WCHAR wide[128];
    size_t size, length = strlen(password);
    FILE *opened = fopen(path, "rb");
    if (opened == NULL || length >= sizeof wide / sizeof *wide) {
        return NULL;
    }
    size = fread(file, 1, sizeof file, opened);
    fclose(opened);
    for (size_t i = 0; i <= length; i++) {
        wide[i] = (unsigned char)password[i];
    }
    CRYPT_DATA_BLOB blob = {(DWORD)size, file};
    *store = PFXImportCertStore(&blob, wide, 0);
    SecureZeroMemory(wide, sizeof wide);
    if (*store == NULL) {
        return NULL;
    }
    return CertFindCertificateInStore(*store, X509_ASN_ENCODING, 0, CERT_FIND_ANY, NULL, NULL);
}

/* One client, from its first byte to its goodbye. */
static void serve(void)
{
    ULONG size;
    SECURITY_STATUS status = tls_shake_hands(&tls);
    if (status == SEC_E_OK) {
        printf("a client is here\n");
    }
    while (status == SEC_E_OK) {
        status = tls_read(&tls, data, sizeof data, &size);
        for (ULONG at = 0; status == SEC_E_OK && at < size; at += tls.sizes.cbMaximumMessage) {
            ULONG piece = size - at < tls.sizes.cbMaximumMessage ? size - at : tls.sizes.cbMaximumMessage;
            status = tls_write(&tls, data + at, piece);
        }
    }
    if (status == SEC_I_CONTEXT_EXPIRED) {
        tls_shut_down(&tls);
        printf("it said goodbye\n");
    } else {
        complain("tls_server: connection lost", status);
    }
    fflush(stdout);
}

static SOCKET listen_on(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    SOCKET listener = sockets_start() ? socket(AF_INET, SOCK_STREAM, 0) : INVALID_SOCKET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((unsigned short)atoi(port));
    if (listener == INVALID_SOCKET || bind(listener, (struct sockaddr *)&address, sizeof address) != 0
        || listen(listener, 16) != 0 || getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        return INVALID_SOCKET;
    }
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static int run(CredHandle *credential, SOCKET listener)
{
    for (;;) {
        memset(&tls, 0, sizeof tls);
        tls.credential = credential;
        tls.socket = accept(listener, NULL, NULL);
        if (tls.socket == INVALID_SOCKET) {
            return 1;
        }
        serve();
        if (tls.has_context) {
            DeleteSecurityContext(&tls.context);
        }
        closesocket(tls.socket);
    }
}

int main(int count, char **arguments)
{
    SCHANNEL_CRED given = {.dwVersion = SCHANNEL_CRED_VERSION};
    CredHandle credential;
    HCERTSTORE store = NULL;
    if (count != 4) {
        fprintf(stderr, "usage: tls_server PORT PFX-FILE PASSWORD\n");
        return 2;
    }
    PCCERT_CONTEXT certificate = certificate_load(arguments[2], arguments[3], &store);
    if (certificate == NULL) {
        complain("tls_server: no certificate", SEC_E_NO_CREDENTIALS);
        return 1;
    }
    given.cCreds = 1;
    given.paCred = &certificate;
    SECURITY_STATUS status = AcquireCredentialsHandleA(NULL, (char *)UNISP_NAME_A, SECPKG_CRED_INBOUND, NULL, &given,
                                                       NULL, NULL, &credential, NULL);
    CertFreeCertificateContext(certificate);
    CertCloseStore(store, 0);
    SOCKET listener = status == SEC_E_OK ? listen_on(arguments[1]) : INVALID_SOCKET;
    if (listener == INVALID_SOCKET) {
        complain("tls_server: cannot serve", status);
        return 1;
    }
    return run(&credential, listener);
}
