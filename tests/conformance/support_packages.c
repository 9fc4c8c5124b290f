/*
 * The table of packages, and how each acquires the two sides of a login.
 */
#include "packages.h"

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
    .tells_peer = true,
    .after_success = SEC_E_OUT_OF_SEQUENCE,
};

const struct package *package_at(size_t index)
{
    static const struct package *const packages[] = {&ntlm, &negotiate};

    return index < sizeof packages / sizeof *packages ? packages[index] : NULL;
}
