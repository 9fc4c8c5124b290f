/*
 * A rig for Kerberos tests: an acceptor's credential with a keytab of ours, and single legs on the public interface.
 */
#ifndef SSPI_TESTS_KERBEROS_RIG_H
#define SSPI_TESTS_KERBEROS_RIG_H

#include "base/clock.h"
#include "doubles.h"
#include "kerberos/kerberos.h"
#include "sspi_ext.h"
#include "test.h"
#include "tickets.h"

struct rig {
    SecHandle credential, context;
    struct ticket_spec ticket;
    struct authenticator_spec authenticator;
    uint8_t token[TICKET_ROOM];
    struct bytes request; /* the last AP-REQ */
    ULONG requested;
    const void *bindings; /* SEC_CHANNEL_BINDINGS; NULL: none */
    ULONG bindings_size;
    /* What the last leg said. */
    SECURITY_STATUS status;
    ULONG reason, attributes, bindings_result;
    TimeStamp expiry;
    uint8_t answer[TICKET_ROOM];
    size_t answer_size;
};

/* Usual ticket and authenticator, a credential for HTTP with their keytab, replay cache in memory. */
void rig_open(struct rig *rig);
void rig_open_for(struct rig *rig, const char *principal);
/* The same with this principal and keytab. */
void rig_open_with(struct rig *rig, const char *principal, struct bytes keytab);
void rig_option(struct rig *rig, const char *name, const char *value);
void rig_close(struct rig *rig);

/* One leg; the answer's room is `room` bytes. */
void rig_accept(struct rig *rig, struct bytes token, size_t room);
/* Makes the AP-REQ of both specs and hands it over as a first leg. */
void rig_try(struct rig *rig);
/* The same, asserting status and reason. The context is deleted. */
void rig_expect(struct rig *rig, SECURITY_STATUS status, ULONG reason, const char *file, int line);
#define expect(rig, status, reason) rig_expect((rig), (status), (reason), __FILE__, __LINE__)
void rig_delete(struct rig *rig);

#endif
