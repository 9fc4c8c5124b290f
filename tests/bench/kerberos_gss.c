/*
 * Peers: MIT's GSS-API, or Heimdal's where BENCH_HEIMDAL is defined, with the realm that kerberos_realm made.
 *
 * Usage: kerberos_gss FOLDER. MIT keeps a replay cache where KRB5RCACHENAME says so; Heimdal's GSS-API has none.
 */
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <stdio.h>
#include <stdlib.h>
#ifndef BENCH_HEIMDAL
#include <gssapi/gssapi_ext.h>
#endif

#include "bench.h"
#include "gss_pair.h"

static gss_OID_desc kerberos_oid = {9, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};
static gss_OID_desc spnego_oid = {6, (void *)"\x2b\x06\x01\x05\x05\x02"};

/* Takes the cache with or without a PAC: the initiator's credential reads the environment. */
static void cache_use(const char *folder, const char *name)
{
    char value[600];

    snprintf(value, sizeof value, "FILE:%s/%s", folder, name);
    setenv("KRB5CCNAME", value, 1);
}

static gss_cred_id_t acquire(gss_cred_usage_t usage, gss_OID mechanism)
{
    gss_OID_set_desc wanted = {1, mechanism};
    gss_cred_id_t credential;
    OM_uint32 minor;

    if (gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &wanted, usage, &credential, NULL, NULL))
        bench_die("gss_acquire_cred", (int)usage);
#ifndef BENCH_HEIMDAL
    if (mechanism == &spnego_oid) {
        gss_OID_set_desc kerberos_only = {1, &kerberos_oid};

        if (gss_set_neg_mechs(&minor, credential, &kerberos_only))
            bench_die("gss_set_neg_mechs", (int)usage);
    }
#endif
    return credential;
}

static struct gss_pair pair_of(gss_OID mechanism)
{
    gss_buffer_desc service = {24, (void *)"HTTP@server.example.test"};
    struct gss_pair pair = {.mechanism = mechanism};
    OM_uint32 minor;

    if (gss_import_name(&minor, &service, GSS_C_NT_HOSTBASED_SERVICE, &pair.target))
        bench_die("gss_import_name", 0);
    pair.wanted = GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;
    pair.client_credential = acquire(GSS_C_INITIATE, mechanism);
    pair.server_credential = acquire(GSS_C_ACCEPT, mechanism);
    return pair;
}

static void time_accept(const char *name, gss_OID mechanism)
{
    struct gss_pair pair = pair_of(mechanism);
    OM_uint32 minor;

    bench_case(name, gss_pair_handshake, &pair);
    gss_release_cred(&minor, &pair.client_credential);
    gss_release_cred(&minor, &pair.server_credential);
    gss_release_name(&minor, &pair.target);
}

/* The keys copied once: no file is opened for each login. */
static void keytab_into_memory(void)
{
    static krb5_context context;
    static krb5_keytab memory; /* lives as long as somebody has it open */
    krb5_keytab file;
    krb5_kt_cursor cursor;
    krb5_keytab_entry entry;

    if (krb5_init_context(&context) || krb5_kt_default(context, &file)
        || krb5_kt_resolve(context, "MEMORY:bench", &memory) || krb5_kt_start_seq_get(context, file, &cursor))
        bench_die("keytab", 0);
    while (!krb5_kt_next_entry(context, file, &entry, &cursor)) {
        if (krb5_kt_add_entry(context, memory, &entry))
            bench_die("keytab", 1);
    }
    krb5_kt_end_seq_get(context, file, &cursor);
#ifdef BENCH_HEIMDAL
    gsskrb5_register_acceptor_identity("MEMORY:bench");
#else
    krb5_gss_register_acceptor_identity("MEMORY:bench");
#endif
}

int main(int argc, char **argv)
{
    struct gss_pair pair;

    if (argc != 2)
        return 2;
    cache_use(argv[1], "cache");
#ifndef BENCH_HEIMDAL
    setenv("KRB5RCACHEDIR", argv[1], 1);
    unsetenv("KRB5RCACHENAME");
    time_accept("accept, keytab file, replay cache", &kerberos_oid);
    setenv("KRB5RCACHENAME", "none:", 1);
#endif
    time_accept("accept, keytab file", &kerberos_oid);
    keytab_into_memory();
    time_accept("accept", &kerberos_oid);
    time_accept("Negotiate accept", &spnego_oid);
    pair = pair_of(&kerberos_oid);
    gss_pair_time_messages(&pair);
    cache_use(argv[1], "cache.pac");
    time_accept("accept, PAC", &kerberos_oid);
    time_accept("Negotiate accept, PAC", &spnego_oid);
    return 0;
}
