/*
 * The two messages of RFC 4752 that agree on a security layer, and whom a client may act as.
 * Everything here is hostile input that has passed the package's protection.
 */
#include <string.h>

#include "api/sasl.h"
#include "base/cursor.h"
#include "base/secret.h"
#include "base/utf.h"

#define LAYERS_KNOWN (SSPI_SASL_LAYER_NONE | SSPI_SASL_LAYER_INTEGRITY | SSPI_SASL_LAYER_CONFIDENTIALITY)

const char *sasl_layer_name(ULONG layer)
{
    switch (layer) {
    case SSPI_SASL_LAYER_NONE:
        return "none";
    case SSPI_SASL_LAYER_INTEGRITY:
        return "integrity";
    case SSPI_SASL_LAYER_CONFIDENTIALITY:
        return "confidentiality";
    default:
        return "several or unknown";
    }
}

bool sasl_layers_decode(struct bytes message, struct sasl_layers *out)
{
    struct cursor in = cursor_over(message);
    uint32_t word;

    *out = (struct sasl_layers){0};
    if (!cursor_u32be(&in, &word))
        return false;
    out->layers = (uint8_t)(word >> 24);
    out->size = word & SASL_SIZE_MAX;
    out->authz = in.rest;
    return true;
}

void sasl_layers_encode(const struct sasl_layers *layers, uint8_t *out)
{
    out[0] = layers->layers;
    out[1] = (uint8_t)(layers->size >> 16);
    out[2] = (uint8_t)(layers->size >> 8);
    out[3] = (uint8_t)layers->size;
    if (layers->authz.size)
        memcpy(out + 4, layers->authz.data, layers->authz.size);
}

static SECURITY_STATUS malformed(struct failure *failure, const char *what)
{
    return failure_set(failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "SASL: %s", what);
}

/*
 * RFC 4752 3.1: four bytes; bits that are not understood are left out. A size without a layer, which the RFC would have
 * refused, comes from Cyrus' servers and GNU SASL's clients; nothing follows from it.
 */
SECURITY_STATUS sasl_offer_check(struct bytes message, struct sasl_layers *offer, struct failure *failure)
{
    if (!sasl_layers_decode(message, offer) || offer->authz.size)
        return malformed(failure, "the server's offer of security layers does not have four bytes");
    offer->layers &= LAYERS_KNOWN;
    if (!offer->layers)
        return malformed(failure, "the server offers no security layer that is known, not even none");
    if (offer->layers != SSPI_SASL_LAYER_NONE && !offer->size)
        return malformed(failure, "the server offers a security layer, but no size for its messages");
    return SEC_E_OK;
}

/* RFC 4752 3.2: one bit of those offered, and a size with a layer. */
SECURITY_STATUS sasl_choice_check(struct bytes message, ULONG offered, struct sasl_layers *choice,
                                  struct failure *failure)
{
    if (!sasl_layers_decode(message, choice))
        return malformed(failure, "the client's choice of a security layer is shorter than four bytes");
    if (!choice->layers || (choice->layers & (choice->layers - 1)) || !(choice->layers & LAYERS_KNOWN))
        return malformed(failure, "the client did not choose exactly one known security layer");
    if (!(choice->layers & offered))
        return failure_set(failure, SEC_E_QOP_NOT_SUPPORTED, SSPI_REASON_POLICY,
                           "SASL: the client chose the security layer %s, which was not offered",
                           sasl_layer_name(choice->layers));
    if (choice->layers != SSPI_SASL_LAYER_NONE && !choice->size)
        return malformed(failure, "the client chose a security layer, but no size for its messages");
    if (choice->authz.size > SASL_AUTHZ_MAX)
        return malformed(failure, "the authorization identity is too long");
    if (!utf8_valid(choice->authz))
        return malformed(failure, "the authorization identity is not UTF-8");
    return SEC_E_OK;
}

static bool same(struct bytes authz, const char *name, size_t size)
{
    return authz.size == size && secret_equal(authz.data, name, size);
}

/* The part after the last @ of a principal; NULL. */
static const char *realm_of(const char *name)
{
    const char *at = name ? strrchr(name, '@') : NULL;

    return at && at[1] ? at + 1 : NULL;
}

/* The client's own name: as NAMES has it, as a principal, or without the realm where that is the server's own. */
static bool names_client(const struct provider *provider, struct context *context, struct bytes authz)
{
    struct attribute_value value = {0};
    const char *client, *server, *realm;

    if (!provider->query)
        return false;
    if (provider->query(context, SECPKG_ATTR_NAMES, &value) == SEC_E_OK && value.text
        && same(authz, value.text, strlen(value.text)))
        return true;
    value = (struct attribute_value){0};
    if (provider->query(context, SECPKG_ATTR_NATIVE_NAMES, &value) != SEC_E_OK)
        return false;
    client = value.native_names.client;
    server = realm_of(value.native_names.server);
    realm = realm_of(client);
    if (!client)
        return false;
    return same(authz, client, strlen(client))
           || (realm && server && strcmp(realm, server) == 0 && same(authz, client, (size_t)(realm - 1 - client)));
}

SECURITY_STATUS sasl_authz_check(const struct sasl *sasl, struct credential *credential, struct context *context,
                                 struct bytes authz, struct failure *failure)
{
    if (!authz.size)
        return SEC_E_OK;
    if (sasl->authz_forbidden)
        return failure_set(failure, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY,
                           "SASL: the client names an authorization identity, which is forbidden here");
    if (credential->settings.sasl_authorization == SASL_AUTHORIZATION_PROGRAM
        || names_client(credential->provider, context, authz))
        return SEC_E_OK;
    return failure_set(failure, SEC_E_LOGON_DENIED, SSPI_REASON_POLICY,
                       "SASL: the client asks to act as '%.*s', which is not its own name",
                       (int)(authz.size < 128 ? authz.size : 128), (const char *)authz.data);
}
