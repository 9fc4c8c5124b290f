/*
 * Keys that a program derives from the connection: RFC 5705 exporters, and the key block of EAP-TLS (RFC 5216 2.3, RFC
 * 9190 2.3). The IV block of RFC 5216 is left zero, as RFC 9190 has none.
 */
#include <openssl/err.h>
#include <string.h>

#include "schannel/answers.h"

#define EAP_TYPE_TLS 0x0D

SECURITY_STATUS answer_eap_keys(struct schannel_context *context, struct attribute_value *value)
{
    static const char old_label[] = "client EAP encryption", label[] = "EXPORTER_EAP_TLS_Key_Material";
    static const uint8_t type[] = {EAP_TYPE_TLS};
    SecPkgContext_EapKeyBlock *keys = schannel_answer(context, sizeof *keys);
    int good;

    if (!keys)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (SSL_version(context->ssl) >= TLS1_3_VERSION)
        good = SSL_export_keying_material(context->ssl, keys->rgbKeys, sizeof keys->rgbKeys, label, sizeof label - 1,
                                          type, sizeof type, 1);
    else
        good = SSL_export_keying_material(context->ssl, keys->rgbKeys, sizeof keys->rgbKeys, old_label,
                                          sizeof old_label - 1, NULL, 0, 0);
    ERR_clear_error();
    value->blob = bytes_of(keys, sizeof *keys);
    return good == 1 ? SEC_E_OK : SEC_E_INTERNAL_ERROR;
}

SECURITY_STATUS answer_material(struct schannel_context *context, struct attribute_value *value)
{
    const struct schannel_material *wanted = &context->material;
    uint8_t *made;
    int good;

    if (!wanted->label)
        return SEC_E_OUT_OF_SEQUENCE;
    made = schannel_answer(context, wanted->size);
    if (!made)
        return SEC_E_INSUFFICIENT_MEMORY;
    good = SSL_export_keying_material(context->ssl, made, wanted->size, wanted->label, wanted->label_size,
                                      wanted->context, wanted->context_size, wanted->has_context);
    ERR_clear_error();
    value->blob = bytes_of(made, wanted->size);
    return good == 1 ? SEC_E_OK : SEC_E_INTERNAL_ERROR;
}
