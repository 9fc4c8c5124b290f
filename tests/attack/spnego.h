/*
 * SPNEGO written and read without the core's help (RFC 4178 4.2), so that what is wrong in a token is what a test put
 * there.
 */
#ifndef SSPI_TESTS_SPNEGO_H
#define SSPI_TESTS_SPNEGO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define SPNEGO_ROOM 16384

/* Whole OBJECT IDENTIFIERs, tag and length included. */
extern const struct bytes oid_kerberos, oid_kerberos_short, oid_ntlm, oid_negoex, oid_unknown;

enum { STATE_COMPLETED, STATE_INCOMPLETE, STATE_REJECT, STATE_REQUEST_MIC, STATE_NONE };

struct init {
    const struct bytes *mechanisms;
    size_t count;
    struct bytes token, mic; /* data NULL: absent */
};

struct response {
    int state; /* STATE_* */
    struct bytes mechanism, token, mic;
};

/* The MechTypeList alone: what a mechListMIC covers. */
struct bytes spnego_list(const struct bytes *mechanisms, size_t count, uint8_t *room, size_t size);
struct bytes spnego_init(const struct init *init, uint8_t room[SPNEGO_ROOM]);
struct bytes spnego_response(const struct response *response, uint8_t room[SPNEGO_ROOM]);
/* Views borrow. False: not a NegTokenResp. */
bool spnego_response_read(struct bytes message, struct response *out);
/* The mechToken of a NegTokenInit, and its list of mechanisms. */
bool spnego_init_read(struct bytes message, struct bytes *list, struct bytes *token);

/* One element: tag, definite length, content. For what the above cannot say. */
struct bytes spnego_element(uint8_t tag, struct bytes content, uint8_t *room, size_t size);

#endif
