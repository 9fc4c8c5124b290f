/*
 * SspiQueryContextCertificate: a certificate of a TLS context as DER, for those who have no use for a PCCERT_CONTEXT.
 */
#include "api/calls.h"
#include "api/context_buffer.h"
#include "api/explain.h"
#include "certificate/certificate.h"
#include "schannel.h"

SECURITY_STATUS SEC_ENTRY SspiQueryContextCertificate(PCtxtHandle phContext, ULONG attribute, ULONG *size, void **der)
{
    static const char function[] = "SspiQueryContextCertificate";
    PCCERT_CONTEXT certificate = NULL;
    SECURITY_STATUS status;

    if (size)
        *size = 0;
    if (der)
        *der = NULL;
    if (!size || !der)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "an output is NULL");
    if (attribute != SECPKG_ATTR_REMOTE_CERT_CONTEXT && attribute != SECPKG_ATTR_LOCAL_CERT_CONTEXT)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "the attribute is not that of a certificate");
    status = call_query_context(function, false, phContext, attribute, &certificate, sizeof certificate);
    if (status != SEC_E_OK)
        return status;
    *der = context_buffer_dup((struct bytes){certificate->pbCertEncoded, certificate->cbCertEncoded});
    if (*der)
        *size = certificate->cbCertEncoded;
    else
        status = explain_keep(function, SEC_E_INSUFFICIENT_MEMORY, NULL);
    (void)certificate_context_free(certificate);
    return status;
}
