/*
 * Credentials made in other ways than tls_begin makes them, for pairs of tls_rig.h.
 */
#ifndef SSPI_TESTS_OWN_RIG_H
#define SSPI_TESTS_OWN_RIG_H

#include "compat/wincrypt.h"
#include "tls_rig.h"

/* A credential for the server or the client made of this pAuthData, NULL too. */
void own_begin(struct tls_pair *pair, void *server, void *client);
/* PEM with its key of a certificate of the authority (or of itself); in memory that stays. */
const char *own_pem(const struct pki_spec *spec);
/* Gives one end this certificate, in place of others or next to them. */
void own_certificate(struct tls_end *end, const char *pem, bool more);
/* The authority as the end's only trust. */
void own_trust(struct tls_end *end);
void own_option(struct tls_end *end, const char *name, const char *value);
/* Handshakes until both are done or one fails; a client then takes what the server still sent (tickets). */
void own_run(struct tls_pair *pair, const char *target);
/* Both ends succeeded; and whether the session was resumed. */
bool own_open(struct tls_pair *pair, const char *target);
/* The name in the server's certificate, as the client got it. */
const char *own_server_name(struct tls_pair *pair);

/* The words are in the explanation of this thread's last failure. */
void own_explained(const char *words);

#endif
