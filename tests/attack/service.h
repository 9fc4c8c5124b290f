/*
 * A Kerberos service and its clients on the public interface, without a KDC: tickets and authenticators are made by
 * tests/support/tickets.h, wrong wherever a test wants them wrong. The package may be Negotiate, which then has
 * accounts for NTLM too.
 */
#ifndef SSPI_TESTS_SERVICE_H
#define SSPI_TESTS_SERVICE_H

#include "base/clock.h"
#include "loopback.h"
#include "tickets.h"

#define SERVICE "HTTP/server.example.test"
#define SECOND CLOCK_TICKS_PER_SECOND
#define HOUR (3600 * SECOND)

struct service {
    CredHandle credential;
    CtxtHandle context;
    bool live;
    SspiAccountStore *store; /* Negotiate only */
    struct ticket_spec ticket;
    struct authenticator_spec authenticator;
    struct pac_spec pac;
    uint8_t pac_room[TICKET_ROOM], request[TICKET_ROOM];
    ULONG flags;
    const SEC_CHANNEL_BINDINGS *bindings;
    ULONG bindings_size;
    /* What the last leg said. */
    SECURITY_STATUS status;
    ULONG reason, attributes, bindings_result;
    TimeStamp expiry;
    uint8_t answer[TICKET_ROOM];
    ULONG answer_size;
    struct seen seen;
};

/* A credential for HTTP with a keytab of the usual ticket's key, its replay cache in memory. */
void service_open(struct service *service, const char *package);
/* The same for these services, with the keys of these tickets. */
void service_open_with(struct service *service, const char *package, const char *principal,
                       const struct ticket_spec *tickets, size_t count);
void service_option(struct service *service, const char *name, const char *value);
/* Ends the context, for another client of the same credential. */
void service_again(struct service *service);
void service_close(struct service *service);

/* Puts service->pac into the ticket. */
void service_pac(struct service *service);
/* A new AP-REQ of ticket and authenticator. */
struct bytes service_request(struct service *service);
SECURITY_STATUS service_leg(struct service *service, struct bytes token);

/*
 * The next leg is refused with this status and reason, the operator is told `said`, and everything follows that must
 * follow from a refusal: no attributes, no expiry, no token, no handle or a dead one, one event.
 */
void service_refuses(struct service *service, struct bytes token, SECURITY_STATUS status, ULONG reason,
                     const char *said);
/* The same where a token tells the peer; it is left in `answer`. */
void service_refuses_aloud(struct service *service, struct bytes token, SECURITY_STATUS status, ULONG reason,
                           const char *said);
/* The next leg succeeds, and the client is `name`. */
void service_accepts(struct service *service, struct bytes token, const char *name);

/* ---- Our own initiator, with the service's ticket in a cache ---- */

struct visitor {
    CredHandle credential;
    CtxtHandle context;
    bool live;
    char cache[64];
    ULONG flags, attributes;
    const SEC_CHANNEL_BINDINGS *bindings;
    ULONG bindings_size;
    SECURITY_STATUS status;
    uint8_t token[TICKET_ROOM];
    ULONG token_size;
};

/* As Negotiate, it knows the password of USER too. */
void visitor_open(struct visitor *visitor, const char *package, const struct ticket_spec *ticket);
void visitor_again(struct visitor *visitor);
void visitor_close(struct visitor *visitor);
SECURITY_STATUS visitor_leg(struct visitor *visitor, struct bytes token);
struct bytes visitor_token(const struct visitor *visitor);
struct bytes service_answer(const struct service *service);
/* All legs, both sides done. */
void login_run(struct visitor *visitor, struct service *service);
/* A sealed message each way. */
void messages_pass(CtxtHandle *one, CtxtHandle *other);

#endif
