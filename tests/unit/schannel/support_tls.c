/*
 * The two ends, driven through AcceptSecurityContext and InitializeSecurityContext.
 */
#include <stdlib.h>

#include "certificate/certificate.h"
#include "tls_rig.h"

const struct tls_setup tls_usual = {.server = {.name = "www.example.com"}};

static struct certificate *certificate_of(const struct pki_spec *spec)
{
    X509 *x509 = pki_certificate(spec);
    struct certificate *made = NULL;

    assert_status(certificate_new(x509, NULL, pki_private(spec->key), NULL, &made, NULL), SEC_E_OK);
    X509_free(x509);
    return made;
}

static void acquire(struct tls_end *end, const struct pki_spec *spec, DWORD flags, const char *const *options)
{
    struct certificate *certificate = spec ? certificate_of(spec) : NULL;
    PCCERT_CONTEXT context = certificate ? &certificate->context : NULL;
    SCH_CREDENTIALS given = {
        .dwVersion = SCH_CREDENTIALS_VERSION, .cCreds = context ? 1 : 0, .paCred = &context, .dwFlags = flags};

    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Schannel",
                                            end->server ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND, NULL, &given,
                                            NULL, NULL, &end->credential, NULL),
                  SEC_E_OK);
    certificate_release(certificate);
    for (; *options; options += 2)
        assert_status(SspiCredentialSetOption(&end->credential, options[0], options[1]), SEC_E_OK);
}

static void end_reset(struct tls_end *end)
{
    SecInvalidateHandle(&end->context);
    end->in_size = end->out_size = 0;
    end->status = SEC_I_CONTINUE_NEEDED;
}

void tls_begin(struct tls_pair *pair, const struct tls_setup *setup)
{
    memset(pair, 0, sizeof *pair);
    pair->server.server = true;
    pair->client.target = setup->server.name;
    end_reset(&pair->server);
    end_reset(&pair->client);
    acquire(&pair->server, &setup->server, setup->server_flags, setup->server_options);
    acquire(&pair->client, setup->client, setup->client_flags, setup->client_options);
}

static SECURITY_STATUS leg_call(struct tls_end *end, SecBufferDesc *in, SecBufferDesc *out)
{
    SecHandle *context = SecIsValidHandle(&end->context) ? &end->context : NULL;

    if (end->server)
        return AcceptSecurityContext(&end->credential, context, in, end->requested, 0, &end->context, out,
                                     &end->attributes, &end->expiry);
    return InitializeSecurityContextA(&end->credential, context, (SEC_CHAR *)end->target, end->requested, 0, 0, in, 0,
                                      &end->context, out, &end->attributes, &end->expiry);
}

static void leg_in(struct tls_end *end, const SecBuffer *empty)
{
    size_t rest = 0;

    end->extra = end->missing = 0;
    if (empty->BufferType == SECBUFFER_EXTRA)
        rest = end->extra = empty->cbBuffer;
    if (empty->BufferType == SECBUFFER_MISSING)
        end->missing = empty->cbBuffer;
    if (end->status == SEC_E_INCOMPLETE_MESSAGE || end->status == SEC_E_BUFFER_TOO_SMALL
        || end->status == SEC_E_INSUFFICIENT_MEMORY || end->status == SEC_I_INCOMPLETE_CREDENTIALS)
        return;
    memmove(end->in, end->in + end->in_size - rest, rest);
    end->in_size = rest;
}

SECURITY_STATUS tls_leg(struct tls_end *end)
{
    SecBuffer in_buffers[3] = {{(ULONG)end->in_size, SECBUFFER_TOKEN, end->in},
                               {0, SECBUFFER_EMPTY, NULL},
                               {end->protocols_size, SECBUFFER_APPLICATION_PROTOCOLS, (void *)end->protocols}};
    SecBuffer out_buffers[2] = {{end->room ? end->room : TLS_ROOM, SECBUFFER_TOKEN, end->out},
                                {sizeof end->alert, SECBUFFER_ALERT, end->alert}};
    SecBufferDesc in = {SECBUFFER_VERSION, end->protocols ? 3 : 2, in_buffers},
                  out = {SECBUFFER_VERSION, 2, out_buffers};

    end->status = leg_call(end, &in, &out);
    end->out_size = out_buffers[0].cbBuffer;
    end->alert_size = out_buffers[1].cbBuffer;
    leg_in(end, &in_buffers[1]);
    return end->status;
}

void tls_carry(struct tls_end *from, struct tls_end *to)
{
    cr_assert_leq(from->out_size, TLS_ROOM - to->in_size);
    memcpy(to->in + to->in_size, from->out, from->out_size);
    to->in_size += from->out_size;
    from->out_size = 0;
}

void tls_run(struct tls_pair *pair)
{
    for (int leg = 0; leg < 20; leg++) {
        if (pair->client.status == SEC_I_CONTINUE_NEEDED) {
            tls_leg(&pair->client);
            tls_carry(&pair->client, &pair->server);
        }
        if (pair->server.status == SEC_I_CONTINUE_NEEDED && pair->client.status >= 0) {
            tls_leg(&pair->server);
            tls_carry(&pair->server, &pair->client);
        }
        if (pair->client.status != SEC_I_CONTINUE_NEEDED && pair->server.status != SEC_I_CONTINUE_NEEDED)
            return;
        if (pair->client.status < 0 || (pair->server.status < 0 && pair->client.in_size == 0))
            return;
    }
}

void tls_open(struct tls_pair *pair, const struct tls_setup *setup)
{
    tls_begin(pair, setup);
    tls_run(pair);
    assert_status(pair->client.status, SEC_E_OK);
    assert_status(pair->server.status, SEC_E_OK);
}

static void context_delete(struct tls_end *end)
{
    if (SecIsValidHandle(&end->context))
        assert_status(DeleteSecurityContext(&end->context), SEC_E_OK);
    end_reset(end);
}

void tls_again(struct tls_pair *pair)
{
    context_delete(&pair->server);
    context_delete(&pair->client);
}

void tls_end(struct tls_pair *pair)
{
    tls_again(pair);
    assert_status(FreeCredentialsHandle(&pair->server.credential), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&pair->client.credential), SEC_E_OK);
}

SECURITY_STATUS tls_send(struct tls_end *from, struct tls_end *to, const void *data, size_t size)
{
    uint8_t header[64], trailer[128], content[16384];
    SecBuffer buffers[4] = {{sizeof header, SECBUFFER_STREAM_HEADER, header},
                            {(ULONG)size, SECBUFFER_DATA, content},
                            {sizeof trailer, SECBUFFER_STREAM_TRAILER, trailer},
                            {0, SECBUFFER_EMPTY, NULL}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 4, buffers};
    SECURITY_STATUS status;

    memcpy(content, data, size);
    status = EncryptMessage(&from->context, 0, &desc, 0);
    for (int i = 0; i < 3 && status == SEC_E_OK; i++) {
        memcpy(to->in + to->in_size, buffers[i].pvBuffer, buffers[i].cbBuffer);
        to->in_size += buffers[i].cbBuffer;
    }
    return status;
}

static const SecBuffer *find(const SecBuffer *buffers, ULONG type)
{
    for (int i = 0; i < 4; i++)
        if (buffers[i].BufferType == type)
            return &buffers[i];
    return NULL;
}

SECURITY_STATUS tls_receive(struct tls_end *end, void *data, size_t *size)
{
    SecBuffer buffers[4] = {{(ULONG)end->in_size, SECBUFFER_DATA, end->in}, {0}, {0}, {0}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 4, buffers};
    SECURITY_STATUS status = DecryptMessage(&end->context, &desc, 0, NULL);
    const SecBuffer *content = find(buffers, SECBUFFER_DATA), *extra = find(buffers, SECBUFFER_EXTRA);
    size_t rest = extra ? extra->cbBuffer : 0;

    *size = 0;
    if (status == SEC_E_INCOMPLETE_MESSAGE)
        end->missing = find(buffers, SECBUFFER_MISSING)->cbBuffer;
    if (status < 0)
        return status;
    if (status == SEC_I_RENEGOTIATE) /* "the buffer as modified" is fed to the next leg where there is no EXTRA */
        cr_assert_eq(buffers[0].cbBuffer, 0);
    if (status == SEC_E_OK) {
        *size = content->cbBuffer;
        memcpy(data, content->pvBuffer, *size);
    }
    memmove(end->in, end->in + end->in_size - rest, rest);
    end->in_size = rest;
    return status;
}

void tls_talk(struct tls_end *from, struct tls_end *to, const void *data, size_t size)
{
    static _Thread_local uint8_t got[TLS_ROOM];
    size_t got_size = 0;

    assert_status(tls_send(from, to, data, size), SEC_E_OK);
    while (got_size == 0 && to->in_size)
        assert_status(tls_receive(to, got, &got_size), SEC_E_OK);
    cr_assert_eq(got_size, size);
    assert_mem_eq(got, data, size);
}
