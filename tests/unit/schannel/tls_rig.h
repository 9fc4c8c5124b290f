/*
 * Two ends of a TLS connection through the public interface, for unit tests: handshakes leg by leg, messages, and the
 * bytes that are on their way.
 */
#ifndef SSPI_TESTS_TLS_RIG_H
#define SSPI_TESTS_TLS_RIG_H

#include "pki.h"
#include "schannel.h"
#include "sspi_ext.h"
#include "test.h"

#define TLS_ROOM 65536

/* One end. `in` holds bytes that came and were not used yet. */
struct tls_end {
    SecHandle credential, context;
    bool server;
    ULONG requested, attributes;
    TimeStamp expiry;
    SECURITY_STATUS status;
    uint8_t in[TLS_ROOM], out[TLS_ROOM];
    size_t in_size, out_size;
    uint8_t alert[2];
    ULONG alert_size;
    ULONG extra, missing;  /* what the last leg reported */
    const void *protocols; /* SECBUFFER_APPLICATION_PROTOCOLS of the first leg; NULL: none */
    ULONG protocols_size;
    const char *target;
    ULONG room; /* of the output; 0: TLS_ROOM */
};

struct tls_pair {
    struct tls_end server, client;
};

/* What both credentials are made of. */
struct tls_setup {
    struct pki_spec server;
    const struct pki_spec *client; /* NULL: no certificate */
    DWORD server_flags, client_flags;
    const char *server_options[8], *client_options[8]; /* name, value, ..., NULL */
};

extern const struct tls_setup tls_usual;

void tls_begin(struct tls_pair *pair, const struct tls_setup *setup);
/* One leg of one end over its `in`; its output is put into its `out`. */
SECURITY_STATUS tls_leg(struct tls_end *end);
/* Moves all output of `from` to the input of `to`. */
void tls_carry(struct tls_end *from, struct tls_end *to);
/* Legs until both are done, or one fails. */
void tls_run(struct tls_pair *pair);
/* tls_begin, tls_run, both SEC_E_OK. */
void tls_open(struct tls_pair *pair, const struct tls_setup *setup);
/* Deletes the contexts, keeps the credentials. */
void tls_again(struct tls_pair *pair);
void tls_end(struct tls_pair *pair);

/* EncryptMessage at `from`, the record appended to what `to` has got. */
SECURITY_STATUS tls_send(struct tls_end *from, struct tls_end *to, const void *data, size_t size);
/* DecryptMessage over what came; the data to `data`, its size returned through `size`. What was used is taken away. */
SECURITY_STATUS tls_receive(struct tls_end *end, void *data, size_t *size);
/* tls_send and tls_receive, asserted to bring the same bytes. */
void tls_talk(struct tls_end *from, struct tls_end *to, const void *data, size_t size);

#endif
