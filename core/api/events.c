/*
 * One event for each login attempt: sent by context.c when an acceptor's context becomes established or fails. A
 * handshake that the client abandons yields none.
 */
#include "api/entries.h"

void event_send(const struct credential_entry *credential, SECURITY_STATUS status, const char *package,
                const struct login *login, ULONG reason, const char *explanation)
{
    struct login claimed;
    SSPI_EVENT event = {
        .Size = sizeof event,
        .Status = status,
        .Reason = reason,
        .Package = package,
        .ClientName = claimed.client,
        .Workstation = claimed.workstation,
        .Explanation = explanation,
    };

    if (!credential->events.callback)
        return;
    claimed = *login; /* nobody verified it, and it goes to logs and terminals */
    failure_text_clean(claimed.client, true);
    failure_text_clean(claimed.workstation, true);
    event.Time.QuadPart = clock_now();
    credential->events.callback(credential->events.argument, &event);
}
