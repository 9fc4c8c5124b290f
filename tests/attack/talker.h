/*
 * A client of Negotiate whose every message is put together by the test: a mechanism of ours inside, SPNEGO around it
 * by hand.
 */
#ifndef SSPI_TESTS_TALKER_H
#define SSPI_TESTS_TALKER_H

#include "service.h"
#include "spnego.h"

struct talker {
    struct visitor inner; /* Kerberos with the service's ticket, or NTLM as USER */
    struct bytes list;    /* MechTypeList that was sent last */
    uint8_t list_room[256], room[SPNEGO_ROOM], mic[64];
    struct response answer; /* what the server said last; views into the service's answer */
};

/* `package`: "Kerberos" or "NTLM". */
void talker_open(struct talker *talker, const char *package, const struct service *service);
void talker_again(struct talker *talker);
void talker_close(struct talker *talker);

/* The mechanism's next token, made from what the server's answer holds. */
struct bytes talker_next(struct talker *talker);
/* A NegTokenInit; `token` data NULL: none. Its list is kept for the MIC. */
struct bytes talker_init(struct talker *talker, const struct bytes *mechanisms, size_t count, struct bytes token);
struct bytes talker_response(struct talker *talker, int state, struct bytes token, struct bytes mic);
/* A mechListMIC over any list, by the mechanism's keys. */
struct bytes talker_mic(struct talker *talker, struct bytes list);
/* Reads the service's answer into `answer`, which must be a NegTokenResp in this state. */
void talker_hears(struct talker *talker, const struct service *service, int state);

#endif
