/*
 * Who the client of an established context is, row by row, for SspiListIdentity: from the ticket, and from its PAC.
 */
#include "kerberos/kerberos.h"

#define FIXED_ROWS 10

/* The rows that there is one of each; value NULL: not known. */
static void fixed_rows(const struct krb_context *context, struct identity_field rows[FIXED_ROWS])
{
    static const struct krb_identity nothing;
    const struct krb_identity *pac = context->identity ? context->identity : &nothing;
    const char *number = context->identity && pac->sid ? "" : NULL;
    const struct identity_field all[FIXED_ROWS] = {
        {"principal", context->native_client, 0},
        {"realm", context->realm, 0},
        {"user", pac->user, 0},
        {"domain", pac->domain, 0},
        {"upn", pac->upn, 0},
        {"dns_domain", pac->dns_domain, 0},
        {"logon_server", pac->logon_server, 0},
        {"sid", pac->sid, 0},
        {"account_flags", number, pac->account_flags},
        {"user_flags", number, pac->user_flags},
    };

    for (size_t i = 0; i < FIXED_ROWS; i++)
        rows[i] = all[i];
}

bool krb_identity_at(struct context *base, size_t index, struct identity_field *field)
{
    const struct krb_context *context = (const struct krb_context *)base;
    struct identity_field rows[FIXED_ROWS];
    const struct krb_group *group;

    fixed_rows(context, rows);
    for (size_t i = 0; i < FIXED_ROWS; i++) {
        if (rows[i].value && index-- == 0) {
            *field = rows[i];
            return true;
        }
    }
    if (!context->identity || index >= context->identity->group_count)
        return false;
    group = &context->identity->groups[index];
    if (!krb_sid_text(bytes_of(group->sid, group->size), NULL, context->identity->group_text))
        return false;
    *field = (struct identity_field){"group", context->identity->group_text, group->attributes};
    return true;
}
