/*
 * What the conformance suite knows of each package: how to acquire both sides, and what the package promises. A package
 * that is built gets one row in support_packages.c and thereby runs every test.
 */
#ifndef SSPI_CONFORMANCE_PACKAGES_H
#define SSPI_CONFORMANCE_PACKAGES_H

#include <stdbool.h>

#include "doubles.h"
#include "schannel.h"
#include "sspi_ext.h"
#include "test.h"

enum client_kind { CLIENT_GOOD, CLIENT_WRONG_PASSWORD, CLIENT_UNKNOWN_USER };

struct package {
    const char *name;
    USHORT rpc_id;
    /* Acquire a credential with everything a login needs; SECPKG_CRED_* as `use`. */
    SECURITY_STATUS (*acquire_server)(SecHandle *credential, ULONG use);
    SECURITY_STATUS (*acquire_client)(SecHandle *credential, ULONG use, enum client_kind kind);
    const char *target;      /* pszTargetName */
    const char *client_name; /* what NAMES says on the server */
    int server_legs;         /* calls of AcceptSecurityContext in a login */
    ULONG protect_server;    /* ASC_REQ_* and ISC_REQ_* that give integrity and confidentiality */
    ULONG protect_client;
    bool both;    /* SECPKG_CRED_BOTH */
    bool tickets; /* clients come with a ticket: there is no password to be wrong, and no unknown user */
    bool mutual;  /* the server proves itself, and both sides say so */
    bool signs, seals;
    bool bindings;          /* channel bindings and the two flags of Extended Protection */
    bool server_first;      /* AcceptSecurityContext takes pInput NULL */
    bool rejects;           /* a refused login is told to the client by a token, always the same */
    bool always_signs;      /* signing is agreed even where nobody asks for it */
    bool stream;            /* TLS: records of a stream, whose boundaries are found here; protection is always on */
    bool last_leg_is_empty; /* the last call of AcceptSecurityContext gives no token */
    SECURITY_STATUS after_success; /* of AcceptSecurityContext on an established context */
};

const struct package *package_at(size_t index);

/* The package that the running test is about, for messages. */
extern const struct package *package;

/* What the first call of AcceptSecurityContext says in a good login. */
#define FIRST_LEG_STATUS (package->server_legs > 1 ? SEC_I_CONTINUE_NEEDED : SEC_E_OK)

#define FOR_EACH_PACKAGE for (size_t index_ = 0; (package = package_at(index_)) != NULL; index_++)

/* ---- One exchange of tokens ---- */

#define TOKEN_MAX 65536

struct exchange {
    SecHandle server_credential, client_credential, server, client;
    ULONG server_flags, client_flags;           /* fContextReq */
    ULONG server_attributes, client_attributes; /* pfContextAttr of the last legs */
    SECURITY_STATUS server_status, client_status;
    SEC_CHANNEL_BINDINGS *server_bindings, *client_bindings; /* NULL: none */
    ULONG server_bindings_size, client_bindings_size;
    ULONG bindings_result;
    TimeStamp server_expiry;
    ULONG representation;
    int server_legs;
    ULONG token_size;
    uint8_t token[TOKEN_MAX]; /* on its way */
};

/* Acquires both credentials; flags of protection are set. */
void exchange_begin(struct exchange *exchange, enum client_kind kind);
/* One leg: takes exchange->token (client: nothing at first), leaves the next one there. */
SECURITY_STATUS exchange_client(struct exchange *exchange);
SECURITY_STATUS exchange_server(struct exchange *exchange);
/* Legs until both sides are done or one fails. The server's status. */
SECURITY_STATUS exchange_run(struct exchange *exchange);
/* The whole login, asserted to succeed. */
void exchange_open(struct exchange *exchange);
/* Up to the token that the server's last leg takes: exchange->token holds it. */
void exchange_until_last(struct exchange *exchange);
void exchange_end(struct exchange *exchange);

/* Deletes the contexts and begins anew with the same credentials. */
void exchange_again(struct exchange *exchange);

#endif
