/*
 * A password from a person or from standard input; never from the command line, which everybody can read.
 */
#ifndef SSPI_TOOLS_PROMPT_H
#define SSPI_TOOLS_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#define PASSWORD_ROOM 4098 /* 4096 bytes, and room to see that there are more */

struct password {
    char text[PASSWORD_ROOM];
    size_t size;
};

/* One line of standard input, without its end. False: `*why` says what is wrong. */
bool password_from_input(struct password *password, const char **why);

/* Asked for twice on the terminal, without echo. */
bool password_from_terminal(const char *user, struct password *password, const char **why);

void password_wipe(struct password *password);

#endif
