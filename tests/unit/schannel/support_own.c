/*
 * Pairs with credentials of every kind.
 */
#include "own_rig.h"

#include <stdio.h>
#include <stdlib.h>

static void acquire(struct tls_end *end, void *auth_data)
{
    end->status = SEC_I_CONTINUE_NEEDED;
    SecInvalidateHandle(&end->context);
    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)UNISP_NAME_A,
                                            end->server ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND, NULL, auth_data,
                                            NULL, NULL, &end->credential, NULL),
                  SEC_E_OK);
}

void own_begin(struct tls_pair *pair, void *server, void *client)
{
    memset(pair, 0, sizeof *pair);
    pair->server.server = true;
    acquire(&pair->server, server);
    acquire(&pair->client, client);
}

const char *own_pem(const struct pki_spec *spec)
{
    static struct kept {
        struct kept *next;
        const char *text;
    } * all; /* so that a search for leaks finds it */
    struct kept *kept = malloc(sizeof *kept);
    X509 *x509;

    cr_assert_not_null(kept);
    (void)pki_authority();
    x509 = pki_certificate(spec);
    *kept = (struct kept){all, pki_pem(x509, pki_private(spec->key))};
    all = kept;
    X509_free(x509);
    return kept->text;
}

void own_certificate(struct tls_end *end, const char *pem, bool more)
{
    const ULONG size = (ULONG)strlen(pem);

    if (more)
        assert_status(SspiCredentialAddCertificate(&end->credential, pem, size, NULL, 0, NULL), SEC_E_OK);
    else
        assert_status(SspiCredentialSetCertificate(&end->credential, pem, size, NULL, 0, NULL), SEC_E_OK);
}

void own_trust(struct tls_end *end)
{
    static const char *text;

    if (!text)
        text = pki_pem(pki_authority(), NULL);
    assert_status(SspiCredentialSetTrust(&end->credential, text, (ULONG)strlen(text)), SEC_E_OK);
}

void own_option(struct tls_end *end, const char *name, const char *value)
{
    assert_status(SspiCredentialSetOption(&end->credential, name, value), SEC_E_OK);
}

void own_run(struct tls_pair *pair, const char *target)
{
    static _Thread_local uint8_t data[TLS_ROOM];
    size_t size;

    pair->client.target = target;
    tls_run(pair);
    while (pair->client.status == SEC_E_OK && pair->client.in_size)
        if (tls_receive(&pair->client, data, &size) < 0)
            return;
}

bool own_open(struct tls_pair *pair, const char *target)
{
    SecPkgContext_SessionInfo server = {0}, client = {0};

    own_run(pair, target);
    assert_status(pair->client.status, SEC_E_OK);
    assert_status(pair->server.status, SEC_E_OK);
    assert_status(QueryContextAttributesA(&pair->server.context, SECPKG_ATTR_SESSION_INFO, &server), SEC_E_OK);
    assert_status(QueryContextAttributesA(&pair->client.context, SECPKG_ATTR_SESSION_INFO, &client), SEC_E_OK);
    cr_assert_eq(server.dwFlags & SSL_SESSION_RECONNECT, client.dwFlags & SSL_SESSION_RECONNECT);
    return (client.dwFlags & SSL_SESSION_RECONNECT) != 0;
}

const char *own_server_name(struct tls_pair *pair)
{
    static char name[128];
    PCCERT_CONTEXT certificate = NULL;

    assert_status(QueryContextAttributesA(&pair->client.context, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &certificate),
                  SEC_E_OK);
    cr_assert_gt(CertGetNameStringA(certificate, CERT_NAME_DNS_TYPE, 0, NULL, name, sizeof name), 1);
    cr_assert(CertFreeCertificateContext(certificate));
    return name;
}

void own_explained(const char *words)
{
    char *text = NULL;

    assert_status(SspiExplainLastFailure(&text), SEC_E_OK);
    cr_assert_not_null(strstr(text, words), "\"%s\" does not say \"%s\"", text, words);
    assert_status(FreeContextBuffer(text), SEC_E_OK);
}
