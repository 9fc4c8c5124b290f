/*
 * What a program gives a credential for TLS before its first context: certificates, trust, a stapled response.
 */
#include <string.h>

#include "api/entries.h"
#include "api/explain.h"
#include "certificate/certificate.h"

static SECURITY_STATUS certificate_give(const char *function, const SecHandle *handle,
                                        const struct certificate_source *source, bool more)
{
    struct open_credential open;
    struct failure failure = {0};
    const struct provider *provider;
    SECURITY_STATUS status;

    if (!source->content.data)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "certificate is NULL");
    status = credential_open(handle, &open, &failure);
    if (status != SEC_E_OK)
        return explain_keep(function, status, &failure);
    provider = open.entry->credential->provider;
    status = provider->set_certificate ? provider->set_certificate(open.entry->credential, source, more, &failure)
                                       : SEC_E_UNSUPPORTED_FUNCTION;
    credential_close(&open);
    return explain_keep(function, status, &failure);
}

/* A password has an end, and NULL is none at all. */
static struct bytes password_of(const char *password)
{
    return password ? bytes_of(password, strnlen(password, CERTIFICATE_PASSWORD_LIMIT + 1)) : (struct bytes){0};
}

static struct certificate_source source_of(const void *certificate, ULONG certificate_size, const void *key,
                                           ULONG key_size, const char *password)
{
    return (struct certificate_source){
        .content = bytes_of(certificate, certificate_size),
        .key = bytes_of(key, key ? key_size : 0),
        .password = password_of(password),
        .key_wanted = true,
    };
}

SECURITY_STATUS SEC_ENTRY SspiCredentialSetCertificate(PCredHandle phCredential, const void *certificate,
                                                       ULONG certificate_size, const void *key, ULONG key_size,
                                                       const char *password)
{
    const struct certificate_source source = source_of(certificate, certificate_size, key, key_size, password);

    return certificate_give("SspiCredentialSetCertificate", phCredential, &source, false);
}

SECURITY_STATUS SEC_ENTRY SspiCredentialAddCertificate(PCredHandle phCredential, const void *certificate,
                                                       ULONG certificate_size, const void *key, ULONG key_size,
                                                       const char *password)
{
    const struct certificate_source source = source_of(certificate, certificate_size, key, key_size, password);

    return certificate_give("SspiCredentialAddCertificate", phCredential, &source, true);
}

typedef SECURITY_STATUS bytes_setter(struct credential *credential, struct bytes content, struct failure *failure);

/* Trust, or a stapled response: bytes for a package that takes them. */
static SECURITY_STATUS bytes_give(const char *function, const SecHandle *handle, struct bytes content, bool trust)
{
    struct open_credential open;
    struct failure failure = {0};
    const struct provider *provider;
    bytes_setter *set;
    SECURITY_STATUS status;

    if (!content.data)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "the content is NULL");
    status = credential_open(handle, &open, &failure);
    if (status != SEC_E_OK)
        return explain_keep(function, status, &failure);
    provider = open.entry->credential->provider;
    set = trust ? provider->set_trust : provider->set_ocsp;
    status = set ? set(open.entry->credential, content, &failure) : SEC_E_UNSUPPORTED_FUNCTION;
    credential_close(&open);
    return explain_keep(function, status, &failure);
}

SECURITY_STATUS SEC_ENTRY SspiCredentialSetTrust(PCredHandle phCredential, const void *anchors, ULONG anchors_size)
{
    return bytes_give("SspiCredentialSetTrust", phCredential, bytes_of(anchors, anchors_size), true);
}

SECURITY_STATUS SEC_ENTRY SspiCredentialSetOcspResponse(PCredHandle phCredential, const void *response,
                                                        ULONG response_size)
{
    return bytes_give("SspiCredentialSetOcspResponse", phCredential, bytes_of(response, response_size), false);
}
