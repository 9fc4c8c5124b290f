/*
 * Peer: gss-ntlmssp under MIT's GSS-API, initiator and acceptor in one process. Accounts come from NTLM_USER_FILE.
 */
#include <gssapi/gssapi_ext.h>

#include "bench.h"
#include "gss_pair.h"

static gss_OID_desc ntlm_oid = {10, (void *)"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"};
static gss_OID_set_desc ntlm_only = {1, &ntlm_oid};
static gss_OID_desc spnego_oid = {6, (void *)"\x2b\x06\x01\x05\x05\x02"};
static gss_OID_set_desc spnego_only = {1, &spnego_oid};

static void acquire(struct gss_pair *pair, gss_OID_set mechanisms)
{
    gss_buffer_desc service = {14, (void *)"HTTP@localhost"}, user = {16, (void *)"TESTDOM\\testuser"};
    gss_buffer_desc password = {10, (void *)"Password01"};
    gss_name_t name;
    OM_uint32 minor;

    if (gss_import_name(&minor, &service, GSS_C_NT_HOSTBASED_SERVICE, &pair->target)
        || gss_import_name(&minor, &user, GSS_C_NT_USER_NAME, &name)
        || gss_acquire_cred_with_password(&minor, name, &password, GSS_C_INDEFINITE, mechanisms, GSS_C_INITIATE,
                                          &pair->client_credential, NULL, NULL)
        || gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, mechanisms, GSS_C_ACCEPT, &pair->server_credential,
                            NULL, NULL))
        bench_die("gss credentials", 0);
    pair->mechanism = mechanisms->elements;
    pair->wanted = GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;
}

/* SPNEGO, of which only NTLM is offered. */
static void time_spnego(void)
{
    struct gss_pair pair = {0};
    OM_uint32 minor;

    acquire(&pair, &spnego_only);
    if (gss_set_neg_mechs(&minor, pair.client_credential, &ntlm_only)
        || gss_set_neg_mechs(&minor, pair.server_credential, &ntlm_only))
        bench_die("gss_set_neg_mechs", 0);
    bench_case("Negotiate accept, hash file", gss_pair_handshake, &pair);
}

int main(void)
{
    struct gss_pair pair = {0};

    time_spnego();
    acquire(&pair, &ntlm_only);
    bench_case("accept, hash file", gss_pair_handshake, &pair);
    gss_pair_time_messages(&pair);
    return 0;
}
