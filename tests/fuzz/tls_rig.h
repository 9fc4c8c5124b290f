/*
 * Credentials of both sides of TLS for fuzzers, made once a process, and one leg over given bytes.
 */
#ifndef SSPI_TESTS_FUZZ_TLS_RIG_H
#define SSPI_TESTS_FUZZ_TLS_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki.h"
#include "schannel.h"
#include "sspi.h"
#include "sspi_ext.h"

enum { TLS_ROOM = 65536 };

static CredHandle tls_client, tls_server;

static inline void must(int truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static inline void tls_acquire(ULONG use, CredHandle *credential)
{
    static char name[] = "Schannel";
    const struct pki_spec spec = {.name = use == SECPKG_CRED_INBOUND ? "www.example.com" : "alice",
                                  .key = PKI_ED25519,
                                  .client = use == SECPKG_CRED_OUTBOUND,
                                  .starts = -10L * 365 * 86400,
                                  .ends = 10L * 365 * 86400};
    X509 *x509 = pki_certificate(&spec);
    const char *text = pki_pem(x509, pki_private(spec.key)), *trust = pki_pem(pki_authority(), NULL);

    must(AcquireCredentialsHandleA(NULL, name, use, NULL, NULL, NULL, NULL, credential, NULL) == SEC_E_OK,
         "a credential");
    must(SspiCredentialSetCertificate(credential, text, (ULONG)strlen(text), NULL, 0, NULL) == SEC_E_OK,
         "a certificate");
    must(SspiCredentialSetTrust(credential, trust, (ULONG)strlen(trust)) == SEC_E_OK, "trust");
    X509_free(x509);
}

static inline void tls_open_once(void)
{
    static int opened;

    if (opened)
        return;
    opened = 1;
    tls_acquire(SECPKG_CRED_INBOUND, &tls_server);
    tls_acquire(SECPKG_CRED_OUTBOUND, &tls_client);
}

/* One end of a connection. */
struct tls_side {
    CtxtHandle context;
    int acceptor, begun;
    ULONG requested;
    SECURITY_STATUS status;
    ULONG used; /* of the last token, by what EXTRA says */
    uint8_t out[TLS_ROOM];
    ULONG out_size;
};

/* A leg over a copy of the token that is exactly as long, so that reading behind it shows. */
static inline SECURITY_STATUS tls_leg(struct tls_side *side, const void *token, size_t size)
{
    static char target[] = "www.example.com";
    uint8_t *copy = malloc(size + 1), alert[2];
    SecBuffer in[2] = {{(ULONG)size, SECBUFFER_TOKEN, copy}, {0, SECBUFFER_EMPTY, NULL}};
    SecBuffer out[2] = {{TLS_ROOM, SECBUFFER_TOKEN, side->out}, {sizeof alert, SECBUFFER_ALERT, alert}};
    SecBufferDesc input = {SECBUFFER_VERSION, 2, in}, output = {SECBUFFER_VERSION, 2, out};
    CtxtHandle *current = side->begun ? &side->context : NULL;
    ULONG attributes;

    must(copy != NULL, "there is memory");
    if (size)
        memcpy(copy, token, size);
    if (side->acceptor)
        side->status = AcceptSecurityContext(&tls_server, current, &input, side->requested, 0, &side->context, &output,
                                             &attributes, NULL);
    else
        side->status = InitializeSecurityContextA(&tls_client, current, target, side->requested, 0, 0, &input, 0,
                                                  &side->context, &output, &attributes, NULL);
    free(copy);
    must(out[0].cbBuffer <= TLS_ROOM || side->status == SEC_E_BUFFER_TOO_SMALL, "the output fits");
    must(in[1].BufferType != SECBUFFER_EXTRA || in[1].cbBuffer <= size, "no more is left over than came");
    side->out_size = out[0].cbBuffer;
    side->used = (ULONG)size - (in[1].BufferType == SECBUFFER_EXTRA ? in[1].cbBuffer : 0);
    side->begun = side->begun || side->status >= 0;
    return side->status;
}

static inline void tls_delete(struct tls_side *side)
{
    if (side->begun)
        must(DeleteSecurityContext(&side->context) == SEC_E_OK, "the context can be deleted");
}

#endif
