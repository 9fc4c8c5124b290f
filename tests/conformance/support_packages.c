/*
 * The table of packages, and how each acquires the two sides of a login.
 */
#include "packages.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "pki.h"
#include "tickets.h"

const struct package *package;

/* ---- NTLM: an account store in memory with EXAMPLE\alice ---- */

#define NTLM_PASSWORD "correct horse"

static SECURITY_STATUS password_server(const char *name, SecHandle *credential, ULONG use)
{
    SEC_WINNT_AUTH_IDENTITY_A identity = {(UCHAR *)"alice",
                                          5,
                                          (UCHAR *)"EXAMPLE",
                                          7,
                                          (UCHAR *)NTLM_PASSWORD,
                                          sizeof NTLM_PASSWORD - 1,
                                          SEC_WINNT_AUTH_IDENTITY_ANSI};
    SspiAccountStore *store = NULL;
    SECURITY_STATUS status = SspiAccountStoreOpen("memory:", &store);

    SecInvalidateHandle(credential);
    if (status == SEC_E_OK)
        status = SspiAccountStoreAdd(store, "alice", "EXAMPLE", NTLM_PASSWORD, sizeof NTLM_PASSWORD - 1);
    if (status == SEC_E_OK)
        status = AcquireCredentialsHandleA(NULL, (SEC_CHAR *)name, use, NULL,
                                           use & SECPKG_CRED_OUTBOUND ? &identity : NULL, NULL, NULL, credential, NULL);
    if (status == SEC_E_OK && (use & SECPKG_CRED_INBOUND))
        status = SspiCredentialSetAccountStore(credential, store);
    if (status == SEC_E_OK)
        status = SspiCredentialSetOption(credential, "netbios_domain_name", "EXAMPLE");
    SspiAccountStoreFree(store);
    return status;
}

static SECURITY_STATUS password_client(const char *name, SecHandle *credential, ULONG use, enum client_kind kind)
{
    const char *user = kind == CLIENT_UNKNOWN_USER ? "mallory" : "alice";
    const char *password = kind == CLIENT_WRONG_PASSWORD ? "wrong" : NTLM_PASSWORD;
    SEC_WINNT_AUTH_IDENTITY_A identity = {(UCHAR *)user,     (ULONG)strlen(user),     (UCHAR *)"EXAMPLE",          7,
                                          (UCHAR *)password, (ULONG)strlen(password), SEC_WINNT_AUTH_IDENTITY_ANSI};

    return AcquireCredentialsHandleA(NULL, (SEC_CHAR *)name, use, NULL, &identity, NULL, NULL, credential, NULL);
}

static SECURITY_STATUS ntlm_server(SecHandle *credential, ULONG use)
{
    return password_server("NTLM", credential, use);
}

static SECURITY_STATUS ntlm_client(SecHandle *credential, ULONG use, enum client_kind kind)
{
    return password_client("NTLM", credential, use, kind);
}

static const struct package ntlm = {
    .name = "NTLM",
    .rpc_id = RPC_C_AUTHN_WINNT,
    .acquire_server = ntlm_server,
    .acquire_client = ntlm_client,
    .target = "HTTP/www.example.com",
    .client_name = "EXAMPLE\\alice",
    .server_legs = 2,
    .protect_server = ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT,
    .protect_client = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT,
    .both = true,
    .signs = true,
    .seals = true,
    .bindings = true,
    .last_leg_is_empty = true,
    .after_success = SEC_E_OUT_OF_SEQUENCE,
};

/* ---- Negotiate, choosing NTLM ---- */

static SECURITY_STATUS negotiate_ntlm_only(SECURITY_STATUS status, SecHandle *credential)
{
    return status == SEC_E_OK ? SspiCredentialSetOption(credential, "negotiate_packages", "NTLM") : status;
}

static SECURITY_STATUS negotiate_server(SecHandle *credential, ULONG use)
{
    return negotiate_ntlm_only(password_server("Negotiate", credential, use), credential);
}

static SECURITY_STATUS negotiate_client(SecHandle *credential, ULONG use, enum client_kind kind)
{
    return negotiate_ntlm_only(password_client("Negotiate", credential, use, kind), credential);
}

static const struct package negotiate = {
    .name = "Negotiate",
    .rpc_id = RPC_C_AUTHN_GSS_NEGOTIATE,
    .acquire_server = negotiate_server,
    .acquire_client = negotiate_client,
    .target = "HTTP/www.example.com",
    .client_name = "EXAMPLE\\alice",
    .server_legs = 2,
    .protect_server = ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT,
    .protect_client = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT,
    .both = true,
    .signs = true,
    .seals = true,
    .bindings = true,
    .server_first = true,
    .rejects = true,
    .always_signs = true,
    .after_success = SEC_E_OUT_OF_SEQUENCE,
};

/* ---- Kerberos, with a keytab and a ticket cache of our own: no KDC ---- */

static SECURITY_STATUS kerberos_server(SecHandle *credential, ULONG use)
{
    uint8_t room[TICKET_ROOM];
    struct ticket_spec ticket;
    struct bytes keytab;
    SECURITY_STATUS status;

    ticket_spec_usual(&ticket);
    keytab = keytab_make(&ticket, 1, room);
    status = AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Kerberos", use, NULL, NULL, NULL, NULL, credential, NULL);
    if (status == SEC_E_OK && (use & SECPKG_CRED_INBOUND))
        status = SspiCredentialSetKeytabBytes(credential, keytab.data, (ULONG)keytab.size);
    if (status == SEC_E_OK)
        status = SspiCredentialSetOption(credential, "replay_cache", "memory");
    return status == SEC_E_OK ? SspiCredentialSetOption(credential, "replay_cache_entries", "4096") : status;
}

static char cache_paths[2][48];

static void caches_remove(void)
{
    for (int i = 0; i < 2; i++)
        unlink(cache_paths[i]);
}

/* libkrb5 looks at the machine's clock, so the ticket is good for long. Two files a process: a good ticket and a bad
 * one. */
static const char *ticket_cache(bool good)
{
    char *path = cache_paths[good];
    uint8_t room[TICKET_ROOM];
    struct ticket_spec ticket;
    struct bytes content;
    int file;

    if (path[0])
        return path;
    if (!cache_paths[!good][0] && atexit(caches_remove) != 0)
        abort();
    ticket_spec_usual(&ticket);
    ticket.end += INT64_C(10) * 365 * 86400 * CLOCK_TICKS_PER_SECOND;
    if (!good)
        ticket.key.value[0] ^= 1;
    content = ticket_cache_make(&ticket, 1, room);
    snprintf(path, sizeof cache_paths[0], "/tmp/sspi-conformance-XXXXXX");
    file = mkstemp(path);
    if (file < 0 || write(file, content.data, content.size) != (ssize_t)content.size || close(file) != 0)
        abort();
    return path;
}

static SECURITY_STATUS kerberos_client(SecHandle *credential, ULONG use, enum client_kind kind)
{
    char name[64];
    SECURITY_STATUS status;

    snprintf(name, sizeof name, "FILE:%s", ticket_cache(kind == CLIENT_GOOD));
    status = AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Kerberos", use, NULL, NULL, NULL, NULL, credential, NULL);
    return status == SEC_E_OK ? SspiCredentialSetTicketCache(credential, name) : status;
}

static const struct package kerberos = {
    .name = "Kerberos",
    .rpc_id = RPC_C_AUTHN_GSS_KERBEROS,
    .acquire_server = kerberos_server,
    .acquire_client = kerberos_client,
    .target = "HTTP/server.example.test",
    .client_name = "alice@EXAMPLE.TEST",
    .server_legs = 1,
    .protect_server = ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT,
    .protect_client = ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT
                      | ISC_REQ_SEQUENCE_DETECT,
    .both = true,
    .tickets = true,
    .mutual = true,
    .signs = true,
    .seals = true,
    .bindings = true,
    .after_success = SEC_E_OUT_OF_SEQUENCE,
};

/* ---- Schannel: certificates of one authority on both sides, the client's that of EXAMPLE\alice ---- */

/* The fixed clock and OpenSSL's own are years apart: good for both. Signatures of Ed25519 are all equally long. */
#define CERTIFICATE_STARTS (-10L * 365 * 86400)
#define CERTIFICATE_ENDS (10L * 365 * 86400)

static SECURITY_STATUS certificate_give(SecHandle *credential, const struct pki_spec *spec)
{
    X509 *x509 = pki_certificate(spec);
    const char *text = pki_pem(x509, pki_private(spec->key)), *trust = pki_pem(pki_authority(), NULL);
    SECURITY_STATUS status = SspiCredentialSetCertificate(credential, text, (ULONG)strlen(text), NULL, 0, NULL);

    X509_free(x509);
    return status == SEC_E_OK ? SspiCredentialSetTrust(credential, trust, (ULONG)strlen(trust)) : status;
}

static SECURITY_STATUS schannel_server(SecHandle *credential, ULONG use)
{
    static const struct pki_spec spec = {
        .name = "www.example.com", .key = PKI_ED25519, .starts = CERTIFICATE_STARTS, .ends = CERTIFICATE_ENDS};
    SspiAccountStore *store = NULL;
    SECURITY_STATUS status =
        AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Schannel", use, NULL, NULL, NULL, NULL, credential, NULL);

    if (status == SEC_E_OK)
        status = SspiAccountStoreOpen("memory:", &store);
    if (status == SEC_E_OK)
        status = SspiAccountStoreAdd(store, "alice", "EXAMPLE", "x", 1);
    if (status == SEC_E_OK)
        status = SspiCredentialSetAccountStore(credential, store);
    SspiAccountStoreFree(store);
    if (status == SEC_E_OK)
        status = SspiCredentialSetOption(credential, "tls_tickets", "0");
    return status == SEC_E_OK ? certificate_give(credential, &spec) : status;
}

static SECURITY_STATUS schannel_client(SecHandle *credential, ULONG use, enum client_kind kind)
{
    const struct pki_spec spec = {.name = "alice",
                                  .upn = "alice@EXAMPLE",
                                  .key = PKI_ED25519,
                                  .client = true,
                                  .self_signed = kind != CLIENT_GOOD,
                                  .starts = CERTIFICATE_STARTS,
                                  .ends = CERTIFICATE_ENDS};
    SECURITY_STATUS status =
        AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Schannel", use, NULL, NULL, NULL, NULL, credential, NULL);

    return status == SEC_E_OK ? certificate_give(credential, &spec) : status;
}

static const struct package schannel = {
    .name = "Schannel",
    .rpc_id = UNISP_RPC_ID,
    .acquire_server = schannel_server,
    .acquire_client = schannel_client,
    .target = "www.example.com",
    .client_name = "EXAMPLE\\alice",
    .server_legs = 2,
    .protect_server = ASC_REQ_MUTUAL_AUTH | ASC_REQ_CONFIDENTIALITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT
                      | ASC_REQ_STREAM,
    .protect_client = ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_STREAM,
    .tickets = true,
    .stream = true,
    .last_leg_is_empty = true,
    .after_success = SEC_E_INVALID_TOKEN, /* bytes left over, and no buffer to say so */
};

const struct package *package_at(size_t index)
{
    static const struct package *const packages[] = {&ntlm, &negotiate, &kerberos, &schannel};

    return index < sizeof packages / sizeof *packages ? packages[index] : NULL;
}
