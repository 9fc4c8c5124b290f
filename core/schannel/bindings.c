/*
 * Channel bindings of the connection, as a login inside it takes them: RFC 5929 (tls-unique, tls-server-end-point) and
 * RFC 9266 (tls-exporter). Both ends make the same bytes.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <string.h>

#include "schannel/answers.h"

#define EXPORTER_SIZE 32

/* SEC_CHANNEL_BINDINGS with application data alone: the type's name, then its value. */
static SECURITY_STATUS answer_bindings(struct schannel_context *context, struct attribute_value *value,
                                       const char *prefix, struct bytes content)
{
    const size_t named = strlen(prefix), size = named + content.size;
    SEC_CHANNEL_BINDINGS *bindings = schannel_answer(context, sizeof *bindings + size);

    if (!bindings)
        return SEC_E_INSUFFICIENT_MEMORY;
    bindings->cbApplicationDataLength = (ULONG)size;
    bindings->dwApplicationDataOffset = sizeof *bindings;
    memcpy((uint8_t *)(bindings + 1), prefix, named);
    memcpy((uint8_t *)(bindings + 1) + named, content.data, content.size);
    value->blob = bytes_of(bindings, sizeof *bindings + size);
    return SEC_E_OK;
}

/* The first Finished of the handshake: the client's, in a resumed session the server's. TLS 1.3 has no tls-unique. A
 * resumed session without the extended master secret has none that is unique (RFC 7627, section 1). */
SECURITY_STATUS answer_unique_bindings(struct schannel_context *context, struct attribute_value *value)
{
    bool resumed = SSL_session_reused(context->ssl), own = !context->base.acceptor != resumed;
    uint8_t finished[EVP_MAX_MD_SIZE];
    size_t size;

    if (SSL_version(context->ssl) >= TLS1_3_VERSION || (resumed && SSL_get_extms_support(context->ssl) != 1))
        return SEC_E_UNSUPPORTED_FUNCTION;
    size = own ? SSL_get_finished(context->ssl, finished, sizeof finished)
               : SSL_get_peer_finished(context->ssl, finished, sizeof finished);
    if (size == 0 || size > sizeof finished)
        return SEC_E_INTERNAL_ERROR;
    return answer_bindings(context, value, "tls-unique:", bytes_of(finished, size));
}

/* RFC 5929 4.1: the hash of the certificate's signature, but SHA-256 for MD5 and SHA-1. NULL: there is not one hash. */
static const EVP_MD *endpoint_digest(const X509 *certificate)
{
    int digest = NID_undef;

    if (!X509_get_signature_info((X509 *)certificate, &digest, NULL, NULL, NULL) || digest == NID_undef)
        return NULL;
    return digest == NID_md5 || digest == NID_sha1 ? EVP_sha256() : EVP_get_digestbynid(digest);
}

SECURITY_STATUS answer_endpoint_bindings(struct schannel_context *context, struct attribute_value *value)
{
    const X509 *server = context->base.acceptor ? SSL_get_certificate(context->ssl) : schannel_peer(context);
    const EVP_MD *digest = server ? endpoint_digest(server) : NULL;
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    int good = digest && X509_digest(server, digest, hash, &size);

    ERR_clear_error();
    if (!digest)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!good)
        return SEC_E_INTERNAL_ERROR;
    return answer_bindings(context, value, "tls-server-end-point:", bytes_of(hash, size));
}

SECURITY_STATUS answer_exporter_bindings(struct schannel_context *context, struct attribute_value *value)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    uint8_t material[EXPORTER_SIZE];
    int good;

    if (SSL_version(context->ssl) < TLS1_3_VERSION && SSL_get_extms_support(context->ssl) != 1)
        return SEC_E_UNSUPPORTED_FUNCTION;
    good = SSL_export_keying_material(context->ssl, material, sizeof material, label, sizeof label - 1,
                                      (const unsigned char *)"", 0, 1);
    ERR_clear_error();
    if (good != 1)
        return SEC_E_INTERNAL_ERROR;
    return answer_bindings(context, value, "tls-exporter:", bytes_of(material, sizeof material));
}
