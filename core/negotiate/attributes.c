/*
 * What shines through from the chosen package: attributes, protected messages, the description.
 */
#include <stdio.h>
#include <string.h>

#include "negotiate/negotiate.h"

static struct context *child_of(struct context *context)
{
    return ((struct nego_context *)context)->child;
}

static ULONG state_of(const struct nego_context *context)
{
    if (context->base.phase == CONTEXT_ESTABLISHED)
        return SECPKG_NEGOTIATION_COMPLETE;
    if (context->phase == NEGO_PHASE_RAW)
        return SECPKG_NEGOTIATION_DIRECT;
    return !context->base.acceptor && !context->answered ? SECPKG_NEGOTIATION_OPTIMISTIC
                                                         : SECPKG_NEGOTIATION_IN_PROGRESS;
}

SECURITY_STATUS nego_query(struct context *base, ULONG attribute, struct attribute_value *value)
{
    struct nego_context *context = (struct nego_context *)base;
    bool about_package = attribute == SECPKG_ATTR_PACKAGE_INFO || attribute == SECPKG_ATTR_NEGOTIATION_INFO;

    if (about_package && context->child) {
        value->negotiation.provider = context->child->provider;
        value->negotiation.state = state_of(context);
        return SEC_E_OK;
    }
    if (about_package || attribute == SECPKG_ATTR_FLAGS || !context->child || !context->child->provider->query)
        return SEC_E_UNSUPPORTED_FUNCTION;
    return context->child->provider->query(context->child, attribute, value);
}

bool nego_identity_at(struct context *context, size_t index, struct identity_field *field)
{
    struct context *child = child_of(context);

    return child && child->provider->identity_at && child->provider->identity_at(child, index, field);
}

void nego_describe(struct context *base, char *text, size_t size)
{
    struct context *child = child_of(base);

    size_t used;

    text[0] = '\0';
    if (!child || !child->provider->describe)
        return;
    child->provider->describe(child, text, size);
    used = strlen(text);
    (void)snprintf(text + used, size - used, ", chosen by Negotiate");
}

SECURITY_STATUS nego_sign(struct context *context, struct message *message)
{
    struct context *child = child_of(context);

    return child->provider->sign ? child->provider->sign(child, message) : SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS nego_verify(struct context *context, struct message *message)
{
    struct context *child = child_of(context);

    return child->provider->verify ? child->provider->verify(child, message) : SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS nego_seal(struct context *context, struct message *message)
{
    struct context *child = child_of(context);

    return child->provider->seal ? child->provider->seal(child, message) : SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS nego_unseal(struct context *context, struct message *message)
{
    struct context *child = child_of(context);

    return child->provider->unseal ? child->provider->unseal(child, message) : SEC_E_UNSUPPORTED_FUNCTION;
}
