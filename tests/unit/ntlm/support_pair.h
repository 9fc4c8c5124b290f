/*
 * Two established contexts that share the session key of the published vectors, for the tests of protected messages.
 */
#ifndef SSPI_TESTS_NTLM_SUPPORT_PAIR_H
#define SSPI_TESTS_NTLM_SUPPORT_PAIR_H

#include "support_ntlm.h"

#define ALL_STRONG (NTLM_UNICODE | NTLM_SIGN | NTLM_SEAL | NTLM_ESS | NTLM_KEY_EXCH | NTLM_128 | NTLM_ALWAYS_SIGN)

extern struct ntlm_context *client, *server;

struct ntlm_context *established(bool acceptor, uint32_t flags, const char *key);
void pair_open(uint32_t flags);
void pair_close(void);
void strong(void); /* pair_open() with all that protects */

size_t plaintext(uint8_t text[18]);
void is_hex(const void *actual, const char *hex);
void seals_to(struct ntlm_context *from, const char *sealed, const char *signature);
void unseals_from(struct ntlm_context *to, const char *sealed, const char *signature);

#endif
