/*
 * See talker.h.
 */
#include "talker.h"

static void ntlm_open(struct visitor *visitor)
{
    SEC_WINNT_AUTH_IDENTITY_A identity = {.User = (UCHAR *)(uintptr_t)USER,
                                          .UserLength = (ULONG)strlen(USER),
                                          .Domain = (UCHAR *)(uintptr_t)DOMAIN,
                                          .DomainLength = (ULONG)strlen(DOMAIN),
                                          .Password = (UCHAR *)(uintptr_t)PASSWORD,
                                          .PasswordLength = (ULONG)strlen(PASSWORD),
                                          .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};

    *visitor = (struct visitor){0};
    visitor->flags = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY;
    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"NTLM", SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL,
                                            &visitor->credential, NULL),
                  SEC_E_OK);
}

void talker_open(struct talker *talker, const char *package, const struct service *service)
{
    *talker = (struct talker){0};
    if (strcmp(package, "NTLM") == 0)
        ntlm_open(&talker->inner);
    else
        visitor_open(&talker->inner, package, &service->ticket);
}

void talker_again(struct talker *talker)
{
    visitor_again(&talker->inner);
    talker->answer = (struct response){.state = STATE_NONE};
}

void talker_close(struct talker *talker)
{
    visitor_close(&talker->inner);
}

struct bytes talker_next(struct talker *talker)
{
    SECURITY_STATUS status = visitor_leg(&talker->inner, talker->answer.token);

    cr_assert_geq(status, 0, "the mechanism: %s", SspiStatusName(status));
    return visitor_token(&talker->inner);
}

struct bytes talker_init(struct talker *talker, const struct bytes *mechanisms, size_t count, struct bytes token)
{
    const struct init init = {mechanisms, count, token, {0}};

    talker->list = spnego_list(mechanisms, count, talker->list_room, sizeof talker->list_room);
    return spnego_init(&init, talker->room);
}

struct bytes talker_response(struct talker *talker, int state, struct bytes token, struct bytes mic)
{
    const struct response response = {.state = state, .token = token, .mic = mic};

    return spnego_response(&response, talker->room);
}

struct bytes talker_mic(struct talker *talker, struct bytes list)
{
    SecBuffer buffers[2] = {{sizeof talker->mic, SECBUFFER_TOKEN, talker->mic},
                            {(ULONG)list.size, SECBUFFER_DATA, (void *)(uintptr_t)list.data}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

    assert_status(MakeSignature(&talker->inner.context, 0, &message, 0), SEC_E_OK);
    return bytes_of(talker->mic, buffers[0].cbBuffer);
}

void talker_hears(struct talker *talker, const struct service *service, int state)
{
    cr_assert(spnego_response_read(service_answer(service), &talker->answer), "the answer is no NegTokenResp");
    cr_assert_eq(talker->answer.state, state, "state %d, expected %d (%s)", talker->answer.state, state,
                 service->seen.explanation);
}
