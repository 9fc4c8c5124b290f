/*
 * Keys that a program derives from the connection: RFC 5705 exporters, and the key blocks of EAP methods. The IV block
 * of RFC 5216 is left zero, as RFC 9190 has none.
 */
#include <openssl/err.h>
#include <string.h>

#include "base/memory.h"
#include "schannel/answers.h"

#define EAP_TYPE_TLS 0x0D
#define EAP_TYPE_TTLS 0x15
#define LABEL_TLS13 "EXPORTER_EAP_TLS_Key_Material"

/*
 * By the numbers of SecPkgContext_EapPrfInfo: EAP-TLS (RFC 5216 2.3, RFC 9190 2.3), EAP-TTLS' keys and its challenge
 * (RFC 5281 8 and 11.1, RFC 9427 2.1 and 2.4). EAP-FAST, number 3, reaches behind the record layer's own keys, which no
 * exporter gives.
 */
static const struct eap_row {
    const char *older, *label; /* up to TLS 1.2, and in TLS 1.3 */
    uint8_t type;              /* the context in TLS 1.3; 0: none */
} eap_rows[] = {
    {"client EAP encryption", LABEL_TLS13, EAP_TYPE_TLS},
    {"ttls keying material", LABEL_TLS13, EAP_TYPE_TTLS},
    {"ttls challenge", "ttls challenge", 0},
};

SECURITY_STATUS answer_eap_keys(struct schannel_context *context, struct attribute_value *value)
{
    const struct eap_row *row = &eap_rows[context->eap_prf];
    const bool newest = SSL_version(context->ssl) >= TLS1_3_VERSION;
    const char *label = newest ? row->label : row->older;
    SecPkgContext_EapKeyBlock *keys = schannel_answer(context, sizeof *keys);
    int good;

    if (!keys)
        return SEC_E_INSUFFICIENT_MEMORY;
    good = SSL_export_keying_material(context->ssl, keys->rgbKeys, sizeof keys->rgbKeys, label, strlen(label),
                                      &row->type, sizeof row->type, newest && row->type);
    ERR_clear_error();
    value->blob = bytes_of(keys, sizeof *keys);
    return good == 1 ? SEC_E_OK : SEC_E_INTERNAL_ERROR;
}

SECURITY_STATUS material_eap_set(struct schannel_context *context, struct bytes value, struct failure *failure)
{
    const SecPkgContext_EapPrfInfo *given = (const void *)value.data;
    DWORD number;

    if (value.size < sizeof *given || given->dwVersion != 0 || given->cbPrfData != sizeof number || !given->pbPrfData)
        return attribute_refused(failure);
    memcpy(&number, given->pbPrfData, sizeof number);
    if (number >= sizeof eap_rows / sizeof *eap_rows)
        return failure_set(failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                           "keys are made for EAP-TLS (0), EAP-TTLS (1) and its challenge (2), not for number %u",
                           (unsigned)number);
    context->eap_prf = number;
    return SEC_E_OK;
}

/* A label's terminator, which programs count in, is not part of it. */
static uint16_t label_size(const char *label, uint16_t size)
{
    return label && size && !label[size - 1] ? (uint16_t)(size - 1) : size;
}

static SECURITY_STATUS material_make(struct schannel_context *context, const struct schannel_material *wanted,
                                     struct attribute_value *value)
{
    uint8_t *made = schannel_answer(context, wanted->size);
    int good;

    if (!made)
        return SEC_E_INSUFFICIENT_MEMORY;
    good = SSL_export_keying_material(context->ssl, made, wanted->size, wanted->label, wanted->label_size,
                                      wanted->context, wanted->context_size, wanted->has_context);
    ERR_clear_error();
    value->blob = bytes_of(made, wanted->size);
    return good == 1 ? SEC_E_OK : SEC_E_INTERNAL_ERROR;
}

SECURITY_STATUS answer_material(struct schannel_context *context, struct attribute_value *value)
{
    return context->material.label ? material_make(context, &context->material, value) : SEC_E_OUT_OF_SEQUENCE;
}

static bool material_valid(const struct schannel_material *wanted)
{
    return wanted->label && wanted->label_size && (wanted->context || !wanted->context_size) && wanted->size
           && wanted->size <= MATERIAL_LIMIT;
}

SECURITY_STATUS answer_material_asked(struct schannel_context *context, struct attribute_value *value)
{
    const SecPkgContext_KeyingMaterial_Inproc *given = (const void *)value->asked.data;
    const struct schannel_material wanted = {
        .label = given->pszLabel,
        .context = given->pbContextValue,
        .label_size = label_size(given->pszLabel, given->cbLabel),
        .context_size = given->cbContextValue,
        .has_context = given->pbContextValue != NULL,
        .size = given->cbKeyingMaterial,
    };

    return material_valid(&wanted) ? material_make(context, &wanted, value) : SEC_E_INVALID_PARAMETER;
}

SECURITY_STATUS material_set(struct schannel_context *context, struct bytes value, struct failure *failure)
{
    const SecPkgContext_KeyingMaterialInfo *given = (const void *)value.data;
    struct schannel_material made;

    if (value.size < sizeof *given)
        return attribute_refused(failure);
    made = (struct schannel_material){
        .label = given->pszLabel,
        .context = given->pbContextValue,
        .label_size = label_size(given->pszLabel, given->cbLabel),
        .context_size = given->cbContextValue,
        .has_context = given->pbContextValue != NULL,
        .size = given->cbKeyingMaterial,
    };
    if (!material_valid(&made))
        return attribute_refused(failure);
    made.label = mem_dup(made.label, made.label_size);
    made.context = mem_dup(made.context, made.context_size);
    if (!made.label || !made.context) {
        mem_free(made.label);
        mem_free(made.context);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    mem_free(context->material.label);
    mem_free(context->material.context);
    context->material = made;
    return SEC_E_OK;
}
