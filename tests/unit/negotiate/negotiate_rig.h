/*
 * Two ends of Negotiate over the public interface, with NTLM as it is and a Kerberos made of paper, so that a test can
 * decide what Kerberos has to say.
 */
#ifndef SSPI_TESTS_NEGOTIATE_RIG_H
#define SSPI_TESTS_NEGOTIATE_RIG_H

#include "sspi.h"
#include "sspi_ext.h"
#include "test.h"

#define RIG_ROOM 4096

/* How the paper Kerberos behaves; rig_open() puts the defaults back: it works on both sides, with mutual
 * authentication. */
extern struct paper_kerberos {
    bool client_missing, server_missing; /* no credential */
    bool no_ticket;                      /* the first leg of the initiator fails */
    bool one_leg;                        /* the acceptor sends nothing */
    bool wrong;                          /* the acceptor refuses the ticket, with a token of its own */
    bool no_integrity;
    bool no_key; /* the acceptor has a credential, but no key */
} paper_kerberos;

struct token {
    uint8_t data[RIG_ROOM];
    ULONG size;
};

struct nego_rig {
    CredHandle client_credential, server_credential;
    CtxtHandle client, server;
    bool client_begun, server_begun;
    ULONG client_attributes, server_attributes;
    SspiAccountStore *store;
};

/* `packages`: option negotiate_packages of each side; NULL: all. */
void rig_open(struct nego_rig *rig, const char *client_packages, const char *server_packages);
void rig_close(struct nego_rig *rig);

/* One leg; `in` NULL: no input. The token may be a failure's. */
SECURITY_STATUS rig_initiate(struct nego_rig *rig, const struct token *in, struct token *out);
SECURITY_STATUS rig_accept(struct nego_rig *rig, const struct token *in, struct token *out);

/* Legs to and fro until both have said SEC_E_OK, or one fails; returns that failure. `legs` counts. */
SECURITY_STATUS rig_run(struct nego_rig *rig, unsigned *legs);

/* The name of the package that the acceptor ended with. */
void rig_package(struct nego_rig *rig, char name[32]);

struct token token_of(const char *hex);

/* Finds `what` in a token and returns where; fails the test where it is not. */
size_t token_find(const struct token *token, const void *what, size_t size);

#endif
