/*
 * One end of a Kerberos login by Heimdal's GSS-API, driven through lines on standard input: `step HEX`, `wrap HEX`,
 * `wrap-signed HEX` (not sealed), `unwrap HEX`, `sign HEX`, `verify HEX HEX`. Each is answered by `ok HEX` (after step:
 * `ok HEX done` once established) or `no REASON`.
 *
 *     heimdal_peer client SERVICE FLAGS [spnego] | heimdal_peer server
 */
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#include <gssapi/gssapi_spnego.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_SIZE (1 << 20)

static gss_ctx_id_t context = GSS_C_NO_CONTEXT;
static gss_name_t target = GSS_C_NO_NAME;
static OM_uint32 wanted;
static gss_OID mechanism;

static gss_buffer_desc from_hex(const char *hex)
{
    gss_buffer_desc out = {strlen(hex) / 2, malloc(strlen(hex) / 2 + 1)};

    for (size_t i = 0; i < out.length; i++) {
        unsigned byte = 0;

        sscanf(hex + 2 * i, "%2x", &byte);
        ((unsigned char *)out.value)[i] = (unsigned char)byte;
    }
    return out;
}

static void answer(OM_uint32 major, const gss_buffer_desc *data, int done)
{
    if (GSS_ERROR(major)) {
        printf("no %08x\n", major);
        return;
    }
    printf("ok ");
    for (size_t i = 0; data && i < data->length; i++)
        printf("%02x", ((const unsigned char *)data->value)[i]);
    printf(done ? " done\n" : "\n");
}

static void step(gss_buffer_desc *in)
{
    gss_buffer_desc out = {0, NULL};
    OM_uint32 minor, major, flags;

    if (target)
        major = gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, &context, target, mechanism, wanted, 0,
                                     GSS_C_NO_CHANNEL_BINDINGS, in, NULL, &out, &flags, NULL);
    else
        major = gss_accept_sec_context(&minor, &context, GSS_C_NO_CREDENTIAL, in, GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL,
                                       &out, &flags, NULL, NULL);
    answer(major, &out, major == GSS_S_COMPLETE);
}

static void message(const char *what, gss_buffer_desc *first, gss_buffer_desc *second)
{
    gss_buffer_desc out = {0, NULL};
    OM_uint32 minor, major = GSS_S_FAILURE;
    gss_qop_t qop;
    int sealed = 0;

    if (strcmp(what, "wrap") == 0)
        major = gss_wrap(&minor, context, 1, GSS_C_QOP_DEFAULT, first, &sealed, &out);
    else if (strcmp(what, "wrap-signed") == 0)
        major = gss_wrap(&minor, context, 0, GSS_C_QOP_DEFAULT, first, &sealed, &out);
    else if (strcmp(what, "unwrap") == 0)
        major = gss_unwrap(&minor, context, first, &out, &sealed, &qop);
    else if (strcmp(what, "sign") == 0)
        major = gss_get_mic(&minor, context, GSS_C_QOP_DEFAULT, first, &out);
    else if (strcmp(what, "verify") == 0)
        major = gss_verify_mic(&minor, context, first, second, &qop);
    answer(major, &out, 0);
}

int main(int count, char **arguments)
{
    static char line[LINE_MAX_SIZE];

    if (count >= 4) {
        gss_buffer_desc name = {strlen(arguments[2]), arguments[2]};
        OM_uint32 minor;

        if (gss_import_name(&minor, &name, GSS_KRB5_NT_PRINCIPAL_NAME, &target))
            return 1;
        wanted = (OM_uint32)strtoul(arguments[3], NULL, 0);
        mechanism = count > 4 ? GSS_SPNEGO_MECHANISM : GSS_KRB5_MECHANISM;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin)) {
        char *what = strtok(line, " \n"), *first = strtok(NULL, " \n"), *second = strtok(NULL, " \n");
        gss_buffer_desc one = from_hex(first ? first : ""), two = from_hex(second ? second : "");

        if (what && strcmp(what, "step") == 0)
            step(&one);
        else if (what)
            message(what, &one, &two);
        free(one.value);
        free(two.value);
    }
    return 0;
}
