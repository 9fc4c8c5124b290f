/*
 * The initiator of Kerberos against a server that says anything: a byte of flags, then answers, each behind its size in
 * two bytes. Bit 0: DCE style. Bit 1: the answer is what lies inside an AP-REP, sealed here with the ticket's key, its
 * time and number set to those of the request, so that what is behind the key is reached.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "kerberos/kerberos.h"
#include "sspi_ext.h"
#include "tickets.h"

enum { ROOM = 8192, YEARS = 12 };

static CredHandle client;
static struct krb_key session;

static void must(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static char cache[48];

static void cache_remove(void)
{
    unlink(cache);
}

static void open_once(void)
{
    static uint8_t room[TICKET_ROOM];
    struct ticket_spec ticket;
    struct bytes content;
    char name[64];
    int file;

    if (cache[0])
        return;
    ticket_spec_usual(&ticket);
    ticket.end = clock_now() + INT64_C(86400) * 365 * YEARS * CLOCK_TICKS_PER_SECOND; /* libkrb5 has its own clock */
    content = ticket_cache_make(&ticket, 1, room);
    snprintf(cache, sizeof cache, "/tmp/sspi-fuzz-cache-XXXXXX");
    file = mkstemp(cache);
    must(file >= 0 && write(file, content.data, content.size) == (ssize_t)content.size && close(file) == 0, "a cache");
    must(atexit(cache_remove) == 0, "a clean end");
    must(krb_key_set(&session, ticket.session.etype, bytes_of(ticket.session.value, ticket.session.size)), "a key");
    must(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Kerberos", SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL, &client,
                                   NULL)
             == SEC_E_OK,
         "a credential");
    snprintf(name, sizeof name, "FILE:%s", cache);
    must(SspiCredentialSetTicketCache(&client, name) == SEC_E_OK, "a cache is set");
}

static SECURITY_STATUS leg(CtxtHandle *context, bool *begun, bool dce, struct bytes token)
{
    static uint8_t room[ROOM];
    const ULONG wanted = ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | (dce ? ISC_REQ_USE_DCE_STYLE : 0);
    SecBuffer in = {(ULONG)token.size, SECBUFFER_TOKEN, (void *)(uintptr_t)token.data},
              out = {ROOM, SECBUFFER_TOKEN, room};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
    ULONG attributes = 0;
    SECURITY_STATUS status =
        InitializeSecurityContextA(&client, *begun ? context : NULL, (SEC_CHAR *)"HTTP/server.example.test", wanted, 0,
                                   0, *begun ? &input : NULL, 0, context, &output, &attributes, NULL);

    must(out.cbBuffer <= ROOM || status == SEC_E_BUFFER_TOO_SMALL, "the output fits");
    must(status != SEC_E_OK || (attributes & ISC_RET_MUTUAL_AUTH), "who asked for mutual authentication gets it");
    must(status >= 0 || attributes == 0, "a failure has no attributes");
    must(status != SEC_E_INTERNAL_ERROR, "refusals have a reason");
    *begun = *begun || status >= 0;
    return status;
}

/* An AP-REP around `inside`, framed as the style wants it. */
static struct bytes sealed_reply(struct bytes inside, bool dce, uint8_t room[ROOM])
{
    static uint8_t cipher[ROOM];
    struct der_writer out = der_writer_over(room, ROOM);
    struct krb_encrypted sealed = {.etype = session.etype->number};
    struct krb_usage usage;

    must(krb_usage_derive(&session, KRB_USAGE_AP_REP, &usage) && krb_encrypt(&usage, inside, cipher), "encryption");
    sealed.cipher = bytes_of(cipher, krb_cipher_size(session.etype, inside.size));
    krb_ap_rep_encode(&out, &sealed);
    if (!dce)
        krb_frame_close(&out, KRB_TOKEN_AP_REP);
    return der_writer_result(&out);
}

/* The clock stands still, so the request's time is known. */
static size_t time_put(const uint8_t *data, size_t size, uint8_t *inside)
{
    struct der_writer out = der_writer_over(inside, ROOM / 2);
    const int64_t now = clock_now();

    must(size < ROOM / 4, "a small one");
    der_put_bytes(&out, bytes_of(data, size));
    der_put_context_integer(&out, 1, krb_microseconds_fit((uint32_t)(now % CLOCK_TICKS_PER_SECOND / 10)));
    der_put_context_time(&out, 0, now - now % CLOCK_TICKS_PER_SECOND);
    der_put_header(&out, DER_SEQUENCE, 0);
    der_put_header(&out, DER_APPLICATION | 27, 0);
    memmove(inside, der_writer_result(&out).data, out.used);
    return out.used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t reply[ROOM], inside[ROOM / 2];
    SECURITY_STATUS status;
    CtxtHandle context;
    bool begun = false, dce, seal;

    if (!size)
        return 0;
    open_once();
    dce = data[0] & 1;
    seal = data[0] & 2;
    data++;
    size--;
    status = leg(&context, &begun, dce, (struct bytes){0});
    must(status == SEC_I_CONTINUE_NEEDED, "a first token");
    while (status == SEC_I_CONTINUE_NEEDED && size >= 2) {
        size_t length = data[0] | (size_t)data[1] << 8;
        uint8_t *exact;
        struct bytes token;

        data += 2;
        size -= 2;
        length = length < size ? length : size;
        length = length < ROOM / 4 ? length : ROOM / 4 - 1;
        token =
            seal ? sealed_reply(bytes_of(inside, time_put(data, length, inside)), dce, reply) : bytes_of(data, length);
        exact = malloc(token.size + 1);
        must(exact != NULL, "memory");
        if (token.size)
            memcpy(exact, token.data, token.size);
        status = leg(&context, &begun, dce, bytes_of(exact, token.size));
        must(seal || status != SEC_E_OK, "nobody without the key is the server");
        free(exact);
        data += length;
        size -= length;
    }
    must(DeleteSecurityContext(&context) == SEC_E_OK, "the context can be deleted");
    return 0;
}
