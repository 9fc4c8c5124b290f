/*
 * See service.h.
 */
#include "service.h"

#include "forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void note_event(void *argument, const SSPI_EVENT *event)
{
    struct seen *seen = argument;

    seen->count++;
    seen->status = event->Status;
    seen->reason = event->Reason;
    snprintf(seen->client, sizeof seen->client, "%s", event->ClientName);
    snprintf(seen->explanation, sizeof seen->explanation, "%s", event->Explanation);
}

static void accounts_give(struct service *service)
{
    assert_status(SspiAccountStoreOpen("memory:", &service->store), SEC_E_OK);
    assert_status(SspiAccountStoreAdd(service->store, USER, DOMAIN, PASSWORD, (ULONG)strlen(PASSWORD)), SEC_E_OK);
    assert_status(SspiCredentialSetAccountStore(&service->credential, service->store), SEC_E_OK);
    service_option(service, "netbios_domain_name", DOMAIN);
}

void service_open_with(struct service *service, const char *package, const char *principal,
                       const struct ticket_spec *tickets, size_t count)
{
    uint8_t room[TICKET_ROOM];
    struct bytes keytab = keytab_make(tickets, count, room);

    *service = (struct service){0};
    service->ticket = tickets[0];
    authenticator_spec_usual(&service->authenticator);
    pac_spec_usual(&service->pac, &service->ticket);
    assert_status(AcquireCredentialsHandleA((SEC_CHAR *)(uintptr_t)principal, (SEC_CHAR *)(uintptr_t)package,
                                            SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &service->credential, NULL),
                  SEC_E_OK);
    assert_status(SspiCredentialSetKeytabBytes(&service->credential, keytab.data, (ULONG)keytab.size), SEC_E_OK);
    assert_status(SspiCredentialSetEventCallback(&service->credential, note_event, &service->seen, NULL), SEC_E_OK);
    service_option(service, "replay_cache", "memory");
    service_option(service, "replay_cache_entries", "4096");
    if (strcmp(package, "Negotiate") == 0)
        accounts_give(service);
}

void service_open(struct service *service, const char *package)
{
    struct ticket_spec ticket;

    ticket_spec_usual(&ticket);
    service_open_with(service, package, "HTTP", &ticket, 1);
}

void service_option(struct service *service, const char *name, const char *value)
{
    assert_status(SspiCredentialSetOption(&service->credential, name, value), SEC_E_OK);
}

void service_again(struct service *service)
{
    if (service->live)
        assert_status(DeleteSecurityContext(&service->context), SEC_E_OK);
    service->live = false;
    service->seen = (struct seen){0};
}

void service_close(struct service *service)
{
    service_again(service);
    assert_status(FreeCredentialsHandle(&service->credential), SEC_E_OK);
    SspiAccountStoreFree(service->store);
}

void service_pac(struct service *service)
{
    service->ticket.pac = pac_make(&service->pac, service->pac_room);
}

struct bytes service_request(struct service *service)
{
    return ap_req_make(&service->ticket, &service->authenticator, service->request);
}

SECURITY_STATUS service_leg(struct service *service, struct bytes token)
{
    SEC_CHANNEL_BINDINGS_RESULT result = {0};
    SecBuffer in[2] = {{(ULONG)token.size, SECBUFFER_TOKEN, (void *)(uintptr_t)token.data},
                       {service->bindings_size, SECBUFFER_CHANNEL_BINDINGS, (void *)(uintptr_t)service->bindings}};
    SecBuffer out[2] = {{sizeof service->answer, SECBUFFER_TOKEN, service->answer},
                        {sizeof result, SECBUFFER_CHANNEL_BINDINGS_RESULT, &result}};
    SecBufferDesc input = {SECBUFFER_VERSION, service->bindings ? 2 : 1, in}, output = {SECBUFFER_VERSION, 2, out};

    service->status =
        AcceptSecurityContext(&service->credential, service->live ? &service->context : NULL, &input, service->flags,
                              SECURITY_NATIVE_DREP, &service->context, &output, &service->attributes, &service->expiry);
    service->reason = service->status < 0 ? SspiQueryLastFailureReason() : SSPI_REASON_NONE;
    service->live = service->live || service->status >= 0;
    service->answer_size = out[0].cbBuffer;
    service->bindings_result = result.flags;
    return service->status;
}

/* A dead context, or none, gives away nothing and protects nothing. */
static void nothing_to_get(struct service *service)
{
    SecPkgContext_NamesA names = {0};
    SecPkgContext_SessionKey key = {0};
    uint8_t data[8] = {0}, trailer[128] = {0};
    SecBuffer buffers[2] = {{sizeof data, SECBUFFER_DATA, data}, {sizeof trailer, SECBUFFER_TOKEN, trailer}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    PSSPI_IDENTITY_FIELD fields = NULL;
    CredHandle lent;
    ULONG count = 0;

    cr_assert_neq(QueryContextAttributesA(&service->context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    cr_assert_null(names.sUserName);
    cr_assert_neq(QueryContextAttributesA(&service->context, SECPKG_ATTR_SESSION_KEY, &key), SEC_E_OK);
    cr_assert_null(key.SessionKey);
    cr_assert_neq(SspiListIdentity(&service->context, &count, &fields), SEC_E_OK);
    cr_assert_neq(SspiAcquireDelegatedCredential(&service->context, &lent), SEC_E_OK);
    cr_assert_neq(MakeSignature(&service->context, 0, &message, 0), SEC_E_OK);
    cr_assert_neq(EncryptMessage(&service->context, 0, &message, 0), SEC_E_OK);
}

static void explained(struct service *service, const char *said)
{
    char *text = NULL;

    if (service->live)
        assert_status(SspiExplainContext(&service->context, &text), SEC_E_OK);
    else
        assert_status(SspiExplainLastFailure(&text), SEC_E_OK);
    cr_assert(strstr(text, said) != NULL, "\"%s\" does not say \"%s\"", text, said);
    cr_assert(strstr(service->seen.explanation, said) != NULL, "the event \"%s\" does not say \"%s\"",
              service->seen.explanation, said);
    assert_status(FreeContextBuffer(text), SEC_E_OK);
}

void service_refuses_aloud(struct service *service, struct bytes token, SECURITY_STATUS status, ULONG reason,
                           const char *said)
{
    const bool first = !service->live;
    SECURITY_STATUS got = service_leg(service, token);

    cr_assert_eq((ULONG)got, (ULONG)status, "status %s, expected %s (%s)", SspiStatusName(got), SspiStatusName(status),
                 service->seen.explanation);
    cr_assert_eq(service->reason, reason, "reason %u, expected %u (%s)", (unsigned)service->reason, (unsigned)reason,
                 service->seen.explanation);
    cr_assert_eq(service->attributes, 0u);
    cr_assert_eq(service->expiry.QuadPart, 0);
    cr_assert_eq(service->seen.count, 1u, "%u events", service->seen.count);
    assert_status(service->seen.status, status);
    cr_assert_eq(service->seen.reason, reason);
    explained(service, said);
    cr_assert(!first || !SecIsValidHandle(&service->context), "a failed first leg left a handle");
    nothing_to_get(service);
    if (!first) {
        const struct service kept = *service;

        assert_status(service_leg(service, token), SEC_E_INVALID_HANDLE);
        cr_assert_eq(service->answer_size, 0u);
        *service = kept;
    }
    service_again(service);
}

void service_refuses(struct service *service, struct bytes token, SECURITY_STATUS status, ULONG reason,
                     const char *said)
{
    service_refuses_aloud(service, token, status, reason, said);
    cr_assert_eq(service->answer_size, 0u, "%u bytes for a refused client", (unsigned)service->answer_size);
}

void service_accepts(struct service *service, struct bytes token, const char *name)
{
    SecPkgContext_NamesA names = {0};
    SECURITY_STATUS got = service_leg(service, token);

    cr_assert_eq((ULONG)got, (ULONG)SEC_E_OK, "status %s (%s)", SspiStatusName(got), service->seen.explanation);
    assert_status(QueryContextAttributesA(&service->context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    cr_assert_str_eq(names.sUserName, name);
    assert_status(FreeContextBuffer(names.sUserName), SEC_E_OK);
    cr_assert_eq(service->seen.count, 1u);
    assert_status(service->seen.status, SEC_E_OK);
}

struct bytes service_answer(const struct service *service)
{
    return bytes_of(service->answer, service->answer_size);
}

/* ---- The initiator ---- */

static void cache_write(struct visitor *visitor, const struct ticket_spec *ticket)
{
    uint8_t room[TICKET_ROOM];
    struct bytes content = ticket_cache_make(ticket, 1, room);
    int file;

    snprintf(visitor->cache, sizeof visitor->cache, "/tmp/sspi-visitor-XXXXXX");
    file = mkstemp(visitor->cache);
    cr_assert_geq(file, 0);
    cr_assert_eq((size_t)write(file, content.data, content.size), content.size);
    close(file);
}

/* A name and the hash of its password: with the password itself Kerberos would go to a KDC. */
void visitor_open(struct visitor *visitor, const char *package, const struct ticket_spec *ticket)
{
    SEC_WINNT_AUTH_IDENTITY_A identity = {.User = (UCHAR *)(uintptr_t)USER,
                                          .UserLength = (ULONG)strlen(USER),
                                          .Domain = (UCHAR *)(uintptr_t)DOMAIN,
                                          .DomainLength = (ULONG)strlen(DOMAIN),
                                          .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};
    const bool both = strcmp(package, "Negotiate") == 0;
    uint8_t hash[16];
    char name[80];

    *visitor = (struct visitor){0};
    visitor->flags = ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT
                     | ISC_REQ_SEQUENCE_DETECT;
    cache_write(visitor, ticket);
    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)(uintptr_t)package, SECPKG_CRED_OUTBOUND, NULL,
                                            both ? &identity : NULL, NULL, NULL, &visitor->credential, NULL),
                  SEC_E_OK);
    snprintf(name, sizeof name, "FILE:%s", visitor->cache);
    assert_status(SspiCredentialSetTicketCache(&visitor->credential, name), SEC_E_OK);
    forge_nt_hash(PASSWORD, hash);
    if (both)
        assert_status(SspiCredentialSetNtHash(&visitor->credential, hash, sizeof hash), SEC_E_OK);
}

void visitor_again(struct visitor *visitor)
{
    if (visitor->live)
        assert_status(DeleteSecurityContext(&visitor->context), SEC_E_OK);
    visitor->live = false;
}

void visitor_close(struct visitor *visitor)
{
    visitor_again(visitor);
    assert_status(FreeCredentialsHandle(&visitor->credential), SEC_E_OK);
    unlink(visitor->cache);
}

SECURITY_STATUS visitor_leg(struct visitor *visitor, struct bytes token)
{
    SecBuffer in[2] = {
        {(ULONG)token.size, token.data ? SECBUFFER_TOKEN : SECBUFFER_EMPTY, (void *)(uintptr_t)token.data},
        {visitor->bindings_size, SECBUFFER_CHANNEL_BINDINGS, (void *)(uintptr_t)visitor->bindings}};
    SecBuffer out = {sizeof visitor->token, SECBUFFER_TOKEN, visitor->token};
    SecBufferDesc input = {SECBUFFER_VERSION, visitor->bindings ? 2 : 1, in}, output = {SECBUFFER_VERSION, 1, &out};

    visitor->status = InitializeSecurityContextA(
        &visitor->credential, visitor->live ? &visitor->context : NULL, (SEC_CHAR *)(uintptr_t)SERVICE, visitor->flags,
        0, SECURITY_NATIVE_DREP, &input, 0, &visitor->context, &output, &visitor->attributes, NULL);
    visitor->live = visitor->live || visitor->status >= 0;
    visitor->token_size = out.cbBuffer;
    return visitor->status;
}

struct bytes visitor_token(const struct visitor *visitor)
{
    return bytes_of(visitor->token, visitor->token_size);
}

void login_run(struct visitor *visitor, struct service *service)
{
    SECURITY_STATUS server = SEC_I_CONTINUE_NEEDED;

    visitor_leg(visitor, (struct bytes){0});
    for (int legs = 0; legs < 6 && visitor->token_size; legs++) {
        cr_assert_geq(visitor->status, 0, "the client: %s", SspiStatusName(visitor->status));
        server = service_leg(service, visitor_token(visitor));
        cr_assert_geq(server, 0, "the server: %s (%s)", SspiStatusName(server), service->seen.explanation);
        if (!service->answer_size)
            break;
        visitor_leg(visitor, service_answer(service));
    }
    assert_status(visitor->status, SEC_E_OK);
    assert_status(server, SEC_E_OK);
}

static void message_passes(CtxtHandle *from, CtxtHandle *to)
{
    uint8_t token[128], text[] = "a sealed message", pad[16];
    SecPkgContext_Sizes sizes;
    SecBuffer buffers[3];
    SecBufferDesc message = {SECBUFFER_VERSION, 3, buffers};

    assert_status(QueryContextAttributesA(from, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    buffers[0] = (SecBuffer){sizes.cbSecurityTrailer, SECBUFFER_TOKEN, token};
    buffers[1] = (SecBuffer){sizeof text, SECBUFFER_DATA, text};
    buffers[2] = (SecBuffer){sizes.cbBlockSize, SECBUFFER_PADDING, pad};
    assert_status(EncryptMessage(from, 0, &message, 0), SEC_E_OK);
    cr_assert_neq(memcmp(text, "a sealed message", sizeof text), 0);
    assert_status(DecryptMessage(to, &message, 0, NULL), SEC_E_OK);
    cr_assert_str_eq((const char *)text, "a sealed message");
}

void messages_pass(CtxtHandle *one, CtxtHandle *other)
{
    message_passes(one, other);
    message_passes(other, one);
}
