/*
 * Between SecBufferDesc and struct step: checks the caller's descriptors, finds the buffers a package needs, hands the
 * output over.
 */
#ifndef SSPI_API_BUFFERS_H
#define SSPI_API_BUFFERS_H

#include "api/provider.h"

/* A descriptor of the right version whose buffers are there; NULL is well formed. */
MUST_CHECK bool buffers_well_formed(const SecBufferDesc *desc);

/*
 * Fills the input and output members of a step, whose `requested` is set, from the caller's descriptors.
 * SEC_E_INVALID_TOKEN for malformed descriptors or channel bindings.
 */
MUST_CHECK SECURITY_STATUS buffers_to_step(struct step *step, SecBufferDesc *input, SecBufferDesc *output);

/*
 * Takes a SEC_CHANNEL_BINDINGS or SEC_CHANNEL_BINDINGS_EX for a step; false when it is malformed. The step borrows from
 * `blob`.
 */
MUST_CHECK bool buffers_bindings(struct step *step, struct bytes blob);

/*
 * Hands the output of a step to the caller, or wipes it when the step failed: then only the size needed
 * (SEC_E_BUFFER_TOO_SMALL), a token for the peer and the result of the channel bindings get out. A step that was never
 * filled, and descriptors that are not well formed, are legal after a failure.
 */
void buffers_from_step(struct step *step, SecBufferDesc *output, SECURITY_STATUS status);

/* Fills a message from the caller's descriptor. SEC_E_INVALID_TOKEN. */
MUST_CHECK SECURITY_STATUS buffers_to_message(const SecBufferDesc *desc, struct message *message);

#endif
