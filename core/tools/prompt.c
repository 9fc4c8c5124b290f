/*
 * Reads passwords for sspi-accounts. A signal while the echo is off first puts the terminal right.
 */
#include "prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

void password_wipe(struct password *password)
{
    explicit_bzero(password, sizeof *password);
}

static bool refuse(const char **why, const char *what)
{
    *why = what;
    return false;
}

static bool line_read(int descriptor, struct password *password, const char **why)
{
    char c;
    ssize_t count;

    password->size = 0;
    while ((count = read(descriptor, &c, 1)) == 1 && c != '\n') {
        if (password->size == sizeof password->text - 1)
            return refuse(why, "the password is longer than 4096 bytes");
        password->text[password->size++] = c;
    }
    c = '\0';
    if (count < 0)
        return refuse(why, errno == EINTR ? "interrupted" : "the password cannot be read");
    if (password->size && password->text[password->size - 1] == '\r')
        password->size--;
    if (password->size == 0)
        return refuse(why, "the password is empty");
    if (memchr(password->text, '\0', password->size))
        return refuse(why, "the password holds a NUL byte");
    return true;
}

bool password_from_input(struct password *password, const char **why)
{
    return line_read(STDIN_FILENO, password, why);
}

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
    caught = number;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define SIGNAL_COUNT (sizeof signals / sizeof signals[0])

static bool ask(int terminal, const char *question, const char *user, struct password *password, const char **why)
{
    dprintf(terminal, "%s for %s: ", question, user);
    if (!line_read(terminal, password, why)) {
        dprintf(terminal, "\n");
        return false;
    }
    dprintf(terminal, "\n");
    return true;
}

static bool ask_twice(int terminal, const char *user, struct password *password, const char **why)
{
    struct password again;
    bool same;

    if (!ask(terminal, "Password", user, password, why))
        return false;
    if (!ask(terminal, "The same password once more", user, &again, why)) {
        password_wipe(&again);
        return false;
    }
    same = again.size == password->size && strncmp(again.text, password->text, again.size) == 0;
    password_wipe(&again);
    return same || refuse(why, "the two passwords differ");
}

static bool ask_silently(int terminal, const char *user, struct password *password, const char **why)
{
    struct sigaction action = {.sa_handler = catch_signal}, before[SIGNAL_COUNT];
    struct termios shown, silent;
    bool done;

    if (tcgetattr(terminal, &shown) != 0)
        return refuse(why, "the terminal cannot be asked");
    silent = shown;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        (void)sigaction(signals[i], &action, &before[i]);
    done = tcsetattr(terminal, TCSAFLUSH, &silent) == 0 ? ask_twice(terminal, user, password, why)
                                                        : refuse(why, "the terminal's echo cannot be turned off");
    (void)tcsetattr(terminal, TCSAFLUSH, &shown);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        (void)sigaction(signals[i], &before[i], NULL);
    if (caught) {
        password_wipe(password);
        (void)raise(caught);
    }
    return done;
}

bool password_from_terminal(const char *user, struct password *password, const char **why)
{
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    bool done;

    if (terminal < 0)
        return refuse(why, "there is no terminal to ask for the password; use --password-stdin");
    done = ask_silently(terminal, user, password, why);
    (void)close(terminal);
    return done;
}
