/*
 * The acceptor of Kerberos against Heimdal's: whatever krb5_rd_req_ctx refuses, ours refuses too. The input chooses a
 * ticket, an authenticator and a PAC, then changes bytes of them before they are sealed, so that what lies behind the
 * keys is reached.
 */
#include <krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kerberos/kerberos.h"
#include "sspi_ext.h"
#include "tickets.h"

static struct {
    const uint8_t *data;
    size_t size;
} script;

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

/* Steps of four bytes: part and act, offset, value. */
static void tamper(enum ticket_part part, uint8_t *plain, size_t *size, size_t room)
{
    for (size_t i = 0; i + 4 <= script.size; i += 4) {
        const uint8_t *step = script.data + i;
        const size_t at = *size ? (step[1] | (size_t)step[2] << 8) % *size : 0;

        if (step[0] % 3 != (uint8_t)part || !*size)
            continue;
        switch (step[0] / 3 % 3) {
        case 0:
            plain[at] = step[3];
            break;
        case 1:
            memmove(plain + at, plain + at + 1, *size - at - 1);
            --*size;
            break;
        default:
            if (*size < room) {
                memmove(plain + at + 1, plain + at, *size - at);
                plain[at] = step[3];
                ++*size;
            }
        }
    }
}

static const int32_t types[4] = {17, 18, 19, 20};

/* The first eight bytes. */
static void choose(const uint8_t *data, struct ticket_spec *ticket, struct authenticator_spec *authenticator,
                   uint8_t pac_room[TICKET_ROOM])
{
    struct pac_spec pac;

    ticket_spec_usual(ticket);
    authenticator_spec_usual(authenticator);
    ticket->session = ticket_key(types[data[0] & 3], 0, 50);
    authenticator->subkey = ticket_key(types[data[0] >> 2 & 3], 0, 60);
    authenticator->has_subkey = !(data[0] & 0x10);
    authenticator->has_checksum = !(data[0] & 0x20);
    authenticator->framed = false;
    ticket->flags = (uint32_t)data[1] << 24 | (uint32_t)data[2] << 16;
    ticket->transited = data[0] & 0x40;
    ticket->start += (int8_t)data[3] * 100 * CLOCK_TICKS_PER_SECOND;
    ticket->end += (int8_t)data[4] * 600 * CLOCK_TICKS_PER_SECOND;
    authenticator->time += (int8_t)data[5] * 10 * CLOCK_TICKS_PER_SECOND;
    authenticator->gss_flags = data[6];
    authenticator->client_options = data[7] & 0x10 ? KRB_AP_OPTIONS_CBT : 0;
    if (!(data[7] & 1))
        return;
    pac_spec_usual(&pac, ticket);
    pac.signature_type = data[7] & 2 ? 15 : 0;
    pac.client = data[7] & 4 ? "mallory" : "alice";
    pac.auth_time += data[7] & 8 ? CLOCK_TICKS_PER_SECOND : 0;
    ticket->pac = pac_make(&pac, pac_room);
    ticket->pac_depth = 1 + (data[7] >> 5 & 1);
    ticket->pac_twice = data[7] & 0x40;
}

static TimeStamp expiry; /* of the last login */

static bool ours_accepts(struct bytes keytab, struct bytes request)
{
    static uint8_t answer[TICKET_ROOM];
    SecBuffer in = {(ULONG)request.size, SECBUFFER_TOKEN, (void *)(uintptr_t)request.data};
    SecBuffer out = {sizeof answer, SECBUFFER_TOKEN, answer};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
    SecHandle credential, context;
    ULONG attributes;
    SECURITY_STATUS status;

    must(AcquireCredentialsHandleA((SEC_CHAR *)"HTTP", (SEC_CHAR *)"Kerberos", SECPKG_CRED_INBOUND, NULL, NULL, NULL,
                                   NULL, &credential, NULL)
             == SEC_E_OK,
         "a credential");
    must(SspiCredentialSetKeytabBytes(&credential, keytab.data, (ULONG)keytab.size) == SEC_E_OK, "a keytab");
    must(SspiCredentialSetOption(&credential, "replay_cache", "memory") == SEC_E_OK, "an option");
    must(SspiCredentialSetOption(&credential, "replay_cache_entries", "64") == SEC_E_OK, "an option");
    status = AcceptSecurityContext(&credential, NULL, &input, 0, 0, &context, &output, &attributes, &expiry);
    must(status != SEC_E_INTERNAL_ERROR, "refusals have a reason");
    if (status >= 0)
        DeleteSecurityContext(&context);
    FreeCredentialsHandle(&credential);
    return status >= 0;
}

struct oracle {
    krb5_context context;
    krb5_keytab keytab;
    krb5_rd_req_in_ctx in;
};

/* Heimdal with the same key. */
static void oracle_open(struct oracle *oracle, const struct ticket_spec *ticket)
{
    krb5_keytab_entry entry = {.vno = (krb5_kvno)ticket->key.version};

    must(krb5_init_context(&oracle->context) == 0, "a context of libkrb5");
    must(krb5_kt_resolve(oracle->context, "MEMORY:fuzz", &oracle->keytab) == 0, "a keytab of libkrb5");
    must(krb5_parse_name(oracle->context, "HTTP/server.example.test@EXAMPLE.TEST", &entry.principal) == 0, "a name");
    entry.keyblock.keytype = ticket->key.etype;
    entry.keyblock.keyvalue.data = (void *)(uintptr_t)ticket->key.value;
    entry.keyblock.keyvalue.length = ticket->key.size;
    must(krb5_kt_add_entry(oracle->context, oracle->keytab, &entry) == 0, "an entry");
    krb5_free_principal(oracle->context, entry.principal);
    krb5_set_max_time_skew(oracle->context, 302); /* its clock may tick on in between */
    must(krb5_rd_req_in_ctx_alloc(oracle->context, &oracle->in) == 0, "a request");
    must(krb5_rd_req_in_set_keytab(oracle->context, oracle->in, oracle->keytab) == 0, "a keytab");
}

static krb5_error_code heimdal_refuses(struct oracle *oracle, struct bytes request)
{
    krb5_auth_context auth = NULL;
    krb5_rd_req_out_ctx out = NULL;
    const krb5_data message = {.length = request.size, .data = (void *)(uintptr_t)request.data};
    krb5_error_code error;

    must(krb5_set_real_time(oracle->context,
                            (krb5_timestamp)(clock_now() / CLOCK_TICKS_PER_SECOND - INT64_C(11644473600)), 0)
             == 0,
         "a clock"); /* ours stands still */
    must(krb5_auth_con_init(oracle->context, &auth) == 0, "memory");
    error = krb5_rd_req_ctx(oracle->context, &auth, &message, NULL, oracle->in, &out);
    if (error == 0)
        krb5_rd_req_out_ctx_free(oracle->context, out);
    krb5_auth_con_free(oracle->context, auth);
    return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t keytab_room[TICKET_ROOM], pac_room[TICKET_ROOM], room[TICKET_ROOM];
    static struct oracle oracle;
    struct ticket_spec ticket;
    struct authenticator_spec authenticator;
    struct bytes request;

    if (size < 8)
        return 0;
    choose(data, &ticket, &authenticator, pac_room);
    if (!oracle.context)
        oracle_open(&oracle, &ticket);
    script.data = data + 8;
    script.size = size - 8;
    ticket_tamper = tamper;
    request = ap_req_make(&ticket, &authenticator, room);
    ticket_tamper = NULL;
    if (ours_accepts(keytab_make(&ticket, 1, keytab_room), request)) {
        const krb5_error_code error = heimdal_refuses(&oracle, request);

        if (error)
            fprintf(stderr, "Heimdal refuses: %s (end %lld)\n", krb5_get_error_message(oracle.context, error),
                    (long long)(expiry.QuadPart / CLOCK_TICKS_PER_SECOND - INT64_C(11644473600)));
        must(error == 0, "ours accepts nothing that Heimdal refuses");
    }
    return 0;
}
