/*
 * The OCSP response that a server staples to its certificate (RFC 6066, 8): looked at when it is given, so that a stale
 * or foreign one is noticed by the operator and not by the clients.
 */
#include <openssl/ocsp.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "certificate/certificate.h"
#include "certificate/info.h"
#include "certificate/openssl.h"

static bool same_serial(OCSP_SINGLERESP *single, X509 *x509)
{
    ASN1_INTEGER *serial = NULL;

    return OCSP_id_get0_info(NULL, NULL, NULL, &serial, (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single)) == 1
           && ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(x509)) == 0;
}

/* When the answer on this certificate ends to be good, CLOCK_FOREVER where it does not say; NULL text: it is good. */
static const char *answer_check(OCSP_BASICRESP *basic, X509 *x509, int64_t *ends)
{
    ASN1_GENERALIZEDTIME *next = NULL;

    for (int i = 0; i < OCSP_resp_count(basic); i++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);

        if (!same_serial(single, x509))
            continue;
        if (OCSP_single_get0_status(single, NULL, NULL, NULL, &next) != V_OCSP_CERTSTATUS_GOOD)
            return "the OCSP response does not say that the certificate is good";
        *ends = CLOCK_FOREVER;
        if (next && (!certificate_time(next, ends) || *ends < clock_now()))
            return "the OCSP response is too old";
        return NULL;
    }
    return "the OCSP response is about another certificate";
}

static const char *response_check(struct bytes response, X509 *x509, int64_t *ends)
{
    const uint8_t *place = response.data;
    OCSP_RESPONSE *decoded = d2i_OCSP_RESPONSE(NULL, &place, (long)response.size);
    OCSP_BASICRESP *basic = NULL;
    const char *why = "the OCSP response is damaged";

    if (decoded && place == response.data + response.size) {
        if (OCSP_response_status(decoded) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
            why = "the OCSP response says that the responder failed";
        else if ((basic = OCSP_response_get1_basic(decoded)) != NULL)
            why = answer_check(basic, x509, ends);
    }
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(decoded);
    return why;
}

SECURITY_STATUS certificate_ocsp_set(struct certificate *certificate, struct bytes response, struct failure *failure)
{
    int64_t ends = 0;
    uint8_t *copy, *old;
    const char *why;

    if (response.size > CERTIFICATE_OCSP_LIMIT)
        why = "the OCSP response is larger than 64 KiB";
    else {
        openssl_enter();
        why = response_check(response, certificate->x509, &ends);
        openssl_leave();
    }
    if (why)
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE, "certificate %s: %s",
                           certificate->where, why);
    copy = mem_dup(response.data, response.size);
    if (!copy)
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY,
                           "no memory for an OCSP response");
    pthread_mutex_lock(&certificate->lock);
    old = certificate->ocsp;
    certificate->ocsp = copy;
    certificate->ocsp_size = response.size;
    certificate->ocsp_ends = ends;
    pthread_mutex_unlock(&certificate->lock);
    mem_free(old);
    return SEC_E_OK;
}

uint8_t *certificate_ocsp_copy(struct certificate *certificate, size_t *size)
{
    uint8_t *copy = NULL;

    pthread_mutex_lock(&certificate->lock);
    *size = certificate->ocsp_size;
    if (certificate->ocsp && certificate->ocsp_ends > clock_now())
        copy = OPENSSL_memdup(certificate->ocsp, certificate->ocsp_size);
    pthread_mutex_unlock(&certificate->lock);
    return copy;
}
