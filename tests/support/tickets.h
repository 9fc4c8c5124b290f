/*
 * Makes what a KDC and a client make, without either: tickets, authenticators, PACs, keytabs, ticket caches. The parts
 * may be wrong on purpose. Everything is written into the caller's room; a room too small aborts the test.
 */
#ifndef SSPI_TESTS_TICKETS_H
#define SSPI_TESTS_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define TICKET_ROOM 8192

struct ticket_key {
    int32_t etype;
    uint8_t value[32];
    size_t size;
    uint32_t version;
};

/* A key of this type whose bytes follow from `seed`. */
struct ticket_key ticket_key(int32_t etype, uint32_t version, uint8_t seed);

struct ticket_spec {
    const char *client, *client_realm; /* parts with '/' between */
    const char *service, *service_realm;
    struct ticket_key key; /* the service's */
    bool has_version;
    struct ticket_key session;
    uint32_t flags;
    bool transited;
    int64_t auth_time, start, end; /* start 0: absent */
    struct bytes pac;              /* empty: none */
    unsigned pac_depth;            /* how many AD-IF-RELEVANT are around it; 1 is usual */
    bool pac_twice;
};

struct authenticator_spec {
    const char *client, *client_realm; /* NULL: the ticket's */
    int64_t time;
    uint32_t microseconds;
    bool has_checksum;
    int32_t checksum_type;
    uint32_t gss_flags;
    uint8_t bindings[16];
    struct bytes delegated; /* written where the flag says so */
    struct bytes checksum;  /* in place of all that, if not empty */
    bool has_subkey;
    struct ticket_key subkey;
    bool has_sequence;
    uint32_t sequence;
    uint32_t client_options;      /* KRB_AP_OPTIONS_*; 0: no authorization data */
    const char *target;           /* ASCII; NULL: none */
    struct ticket_key *seal_with; /* NULL: the session key */
    uint32_t ap_options;
    bool framed;
};

/* Where a fuzzer changes what is about to be sealed or sent; NULL: nowhere. */
enum ticket_part { TICKET_PART_TICKET, TICKET_PART_AUTHENTICATOR, TICKET_PART_MESSAGE };
extern void (*ticket_tamper)(enum ticket_part part, uint8_t *plain, size_t *size, size_t room);

/* alice@EXAMPLE.TEST to HTTP/server.example.test, AES-256, from an hour ago for ten hours, no PAC. */
void ticket_spec_usual(struct ticket_spec *spec);
/* Mutual, all protection, subkey, sequence number 1000, now, framed. */
void authenticator_spec_usual(struct authenticator_spec *spec);

struct bytes ticket_make(const struct ticket_spec *spec, uint8_t room[TICKET_ROOM]);
struct bytes ap_req_make(const struct ticket_spec *ticket, const struct authenticator_spec *authenticator,
                         uint8_t room[TICKET_ROOM]);

/* A PAC of EXAMPLE\alice, S-1-5-21-1-2-3-1105, groups 513 and 1200, extra S-1-18-1, signed with `key` and, as the KDC,
 * another. */
struct pac_spec {
    const char *client; /* as in the client information */
    int64_t auth_time;
    const char *user, *domain, *upn;
    uint32_t groups; /* count of relative ids 1200, 1201, ... besides 513 */
    bool no_logon_info;
    struct ticket_key key;
    int32_t signature_type; /* 0: the key's own */
    uint32_t requestor;     /* relative id in a PAC_REQUESTOR of that domain; 0: none */
};
void pac_spec_usual(struct pac_spec *spec, const struct ticket_spec *ticket);
struct bytes pac_make(const struct pac_spec *spec, uint8_t room[TICKET_ROOM]);

/* A keytab with one entry for each ticket's service, realm and key. */
struct bytes keytab_make(const struct ticket_spec *specs, size_t count, uint8_t room[TICKET_ROOM]);

/* A FILE cache, version 4, of the first ticket's client with all the tickets. */
struct bytes ticket_cache_make(const struct ticket_spec *specs, size_t count, uint8_t room[TICKET_ROOM]);

#endif
