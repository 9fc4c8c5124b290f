/*
 * See rig.h.
 */
#include "rig.h"

#include <stdio.h>

void rig_open_with(struct rig *rig, const char *principal, struct bytes keytab)
{
    *rig = (struct rig){0};
    SecInvalidateHandle(&rig->context);
    ticket_spec_usual(&rig->ticket);
    authenticator_spec_usual(&rig->authenticator);
    assert_status(AcquireCredentialsHandleA((SEC_CHAR *)principal, (SEC_CHAR *)"Kerberos", SECPKG_CRED_INBOUND, NULL,
                                            NULL, NULL, NULL, &rig->credential, NULL),
                  SEC_E_OK);
    if (keytab.size)
        assert_status(SspiCredentialSetKeytabBytes(&rig->credential, keytab.data, (ULONG)keytab.size), SEC_E_OK);
    rig_option(rig, "replay_cache", "memory");
    rig_option(rig, "replay_cache_entries", "4096");
}

void rig_open_for(struct rig *rig, const char *principal)
{
    uint8_t room[TICKET_ROOM];
    struct ticket_spec ticket;

    ticket_spec_usual(&ticket);
    rig_open_with(rig, principal, keytab_make(&ticket, 1, room));
}

void rig_open(struct rig *rig)
{
    rig_open_for(rig, "HTTP");
}

void rig_option(struct rig *rig, const char *name, const char *value)
{
    assert_status(SspiCredentialSetOption(&rig->credential, name, value), SEC_E_OK);
}

void rig_delete(struct rig *rig)
{
    if (SecIsValidHandle(&rig->context))
        assert_status(DeleteSecurityContext(&rig->context), SEC_E_OK);
    SecInvalidateHandle(&rig->context);
}

void rig_close(struct rig *rig)
{
    rig_delete(rig);
    assert_status(FreeCredentialsHandle(&rig->credential), SEC_E_OK);
}

void rig_accept(struct rig *rig, struct bytes token, size_t room)
{
    SEC_CHANNEL_BINDINGS_RESULT result = {0};
    SecBuffer in[2] = {{(ULONG)token.size, SECBUFFER_TOKEN, (void *)(uintptr_t)token.data},
                       {rig->bindings_size, SECBUFFER_CHANNEL_BINDINGS, (void *)(uintptr_t)rig->bindings}};
    SecBuffer out[2] = {{(ULONG)room, SECBUFFER_TOKEN, rig->answer},
                        {sizeof result, SECBUFFER_CHANNEL_BINDINGS_RESULT, &result}};
    SecBufferDesc input = {SECBUFFER_VERSION, rig->bindings ? 2 : 1, in}, output = {SECBUFFER_VERSION, 2, out};
    SecHandle *context = SecIsValidHandle(&rig->context) ? &rig->context : NULL;

    rig->status = AcceptSecurityContext(&rig->credential, context, &input, rig->requested, 0, &rig->context, &output,
                                        &rig->attributes, &rig->expiry);
    rig->reason = rig->status < 0 ? SspiQueryLastFailureReason() : SSPI_REASON_NONE;
    rig->answer_size = out[0].cbBuffer;
    rig->bindings_result = result.flags;
}

void rig_try(struct rig *rig)
{
    rig_delete(rig);
    rig->request = ap_req_make(&rig->ticket, &rig->authenticator, rig->token);
    rig_accept(rig, rig->request, sizeof rig->answer);
}

void rig_expect(struct rig *rig, SECURITY_STATUS status, ULONG reason, const char *file, int line)
{
    char *why = NULL;

    rig_try(rig);
    if (rig->status < 0)
        (void)!SspiExplainLastFailure(&why);
    if (rig->status != status || rig->reason != reason)
        fprintf(stderr, "%s:%d: %s, reason %u: %s\n", file, line, SspiStatusName(rig->status), (unsigned)rig->reason,
                why ? why : "");
    FreeContextBuffer(why);
    test_status(file, line, rig->status, status);
    cr_assert_eq(rig->reason, reason);
    if (status < 0)
        cr_assert(!SecIsValidHandle(&rig->context));
    rig_delete(rig);
}
