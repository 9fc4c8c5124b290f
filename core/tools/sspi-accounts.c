/*
 * sspi-accounts: manages an account store from the command line, on the public functions of sspi_ext.h.
 * Exit status: 0 done; 1 failed; 2 wrong usage; 3 no such account, or it is there already.
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "prompt.h"
#include "sspi.h"
#include "sspi_ext.h"

enum exit_status { DONE = 0, FAILED = 1, USAGE = 2, NO_ACCOUNT = 3 };

struct arguments {
    const char *store;  /* NULL: the configured one */
    const char *domain; /* "" is the store's default domain */
    const char *group;  /* NULL: mode 0600 */
    bool password_stdin;
    const char *subject; /* a user, or what to import; NULL where the command takes none */
    char *user_copy;     /* behind `domain` and `subject` where they came as DOMAIN\user */
};

static const char help[] = "Usage: sspi-accounts [OPTION]... COMMAND [USER | LOCATION]\n"
                           "Manages the accounts that servers using libsspi know.\n"
                           "\n"
                           "Commands:\n"
                           "  create           make an empty store (mode 0600)\n"
                           "  add USER         add an account; makes the store if there is none\n"
                           "  password USER    give an account another password\n"
                           "  disable USER     refuse its logins\n"
                           "  enable USER      allow its logins again, and clear a lock\n"
                           "  remove USER      remove it\n"
                           "  list             list all accounts\n"
                           "  import LOCATION  copy all accounts of another store into this one\n"
                           "USER may be written DOMAIN\\USER.\n"
                           "\n"
                           "Options:\n"
                           "  -s, --store LOCATION  sqlite:PATH or a bare path; for list and import also\n"
                           "                        ntlm-user-file:PATH and smbpasswd:PATH\n"
                           "                        (default: account_store of sspi.conf,\n"
                           "                        or SSPI_ACCOUNT_STORE)\n"
                           "  -d, --domain NAME     the account's domain (default: that of the store)\n"
                           "  -g, --group NAME      with create, add, import: let this group read\n"
                           "                        the store (mode 0640)\n"
                           "      --password-stdin  read the password from standard input, one line\n"
                           "  -h, --help            show this help\n"
                           "  -V, --version         show the version\n"
                           "\n"
                           "The password is asked for on the terminal. It is never taken from the command\n"
                           "line, where other users could see it.\n"
                           "\n"
                           "Exit status: 0 done, 1 failed, 2 usage, 3 no such account or there already.\n";

static int usage(const char *what, const char *name)
{
    fprintf(stderr, "sspi-accounts: %s%s%s\nTry: sspi-accounts --help\n", what, name ? ": " : "", name ? name : "");
    return USAGE;
}

/* Says why the last call of the library failed. */
static int failed(SECURITY_STATUS status)
{
    char *explanation = NULL;

    if (SspiExplainLastFailure(&explanation) != SEC_E_OK)
        explanation = NULL;
    fprintf(stderr, "sspi-accounts: %s\n", explanation ? explanation : SspiStatusName(status));
    if (explanation)
        (void)FreeContextBuffer(explanation);
    return status == SEC_E_LOGON_DENIED ? NO_ACCOUNT : FAILED;
}

static const char *location_of(const struct arguments *arguments)
{
    return arguments->store ? arguments->store : "default:";
}

static int store_open(const struct arguments *arguments, SspiAccountStore **store)
{
    SECURITY_STATUS status = SspiAccountStoreOpen(location_of(arguments), store);

    return status == SEC_E_OK ? DONE : failed(status);
}

/* Gives the file of the store to a group that may read it. The owner stays. */
static int group_apply(const struct arguments *arguments)
{
    const char *path = arguments->store;
    const struct group *group;

    if (!arguments->group)
        return DONE;
    if (!path)
        return usage("--group needs --store", NULL);
    if (strncmp(path, "sqlite:", strlen("sqlite:")) == 0)
        path += strlen("sqlite:");
    group = getgrnam(arguments->group);
    if (!group) {
        fprintf(stderr, "sspi-accounts: there is no group %s\n", arguments->group);
        return FAILED;
    }
    if (chown(path, (uid_t)-1, group->gr_gid) != 0 || chmod(path, 0640) != 0) {
        fprintf(stderr, "sspi-accounts: %s cannot be given to group %s: %s\n", path, arguments->group, strerror(errno));
        return FAILED;
    }
    return DONE;
}

static int store_create(const struct arguments *arguments, SspiAccountStore **store)
{
    SECURITY_STATUS status;
    int result;

    *store = NULL;
    if (arguments->group && !arguments->store)
        return usage("--group needs --store", NULL);
    status = SspiAccountStoreCreate(location_of(arguments), store);
    if (status != SEC_E_OK)
        return failed(status);
    result = group_apply(arguments);
    if (result != DONE) {
        SspiAccountStoreFree(*store);
        *store = NULL;
    }
    return result;
}

/* Looks for exactly this account. */
static int account_find(SspiAccountStore *store, const struct arguments *arguments, bool *found)
{
    PSSPI_ACCOUNT accounts;
    ULONG count;
    SECURITY_STATUS status = SspiAccountStoreList(store, &count, &accounts);

    *found = false;
    if (status != SEC_E_OK)
        return failed(status);
    for (ULONG i = 0; i < count && !*found; i++)
        *found = strcasecmp(accounts[i].User, arguments->subject) == 0
                 && strcasecmp(accounts[i].Domain, arguments->domain) == 0;
    (void)FreeContextBuffer(accounts);
    return DONE;
}

static int password_store(SspiAccountStore *store, const struct arguments *arguments)
{
    struct password password = {.size = 0};
    const char *why = "no password";
    int result = FAILED;
    SECURITY_STATUS status;

    if (arguments->password_stdin ? password_from_input(&password, &why)
                                  : password_from_terminal(arguments->subject, &password, &why)) {
        status = SspiAccountStoreAdd(store, arguments->subject, arguments->domain, password.text, (ULONG)password.size);
        result = status == SEC_E_OK ? DONE : failed(status);
    } else {
        fprintf(stderr, "sspi-accounts: %s\n", why);
    }
    password_wipe(&password);
    return result;
}

static int no_account(const struct arguments *arguments, const char *what)
{
    fprintf(stderr, "sspi-accounts: account %s%s%s %s\n", arguments->domain, *arguments->domain ? "\\" : "",
            arguments->subject, what);
    return NO_ACCOUNT;
}

static int run_create(const struct arguments *arguments)
{
    SspiAccountStore *store;
    int result = store_create(arguments, &store);

    SspiAccountStoreFree(store);
    return result;
}

static int run_add(const struct arguments *arguments)
{
    SspiAccountStore *store;
    bool found = false;
    int result = store_create(arguments, &store);

    if (result == DONE)
        result = account_find(store, arguments, &found);
    if (result == DONE && found)
        result = no_account(arguments, "is there already; give it another password with: password");
    if (result == DONE)
        result = password_store(store, arguments);
    SspiAccountStoreFree(store);
    return result;
}

static int run_password(const struct arguments *arguments)
{
    SspiAccountStore *store = NULL;
    bool found = false;
    int result = store_open(arguments, &store);

    if (result == DONE)
        result = account_find(store, arguments, &found);
    if (result == DONE && !found)
        result = no_account(arguments, "is not there");
    if (result == DONE)
        result = password_store(store, arguments);
    SspiAccountStoreFree(store);
    return result;
}

static int set_disabled(const struct arguments *arguments, BOOL disabled)
{
    SspiAccountStore *store = NULL;
    SECURITY_STATUS status;
    int result = store_open(arguments, &store);

    if (result != DONE)
        return result;
    status = SspiAccountStoreSetDisabled(store, arguments->subject, arguments->domain, disabled);
    result = status == SEC_E_OK ? DONE : failed(status);
    SspiAccountStoreFree(store);
    return result;
}

static int run_disable(const struct arguments *arguments)
{
    return set_disabled(arguments, 1);
}

static int run_enable(const struct arguments *arguments)
{
    return set_disabled(arguments, 0);
}

static int run_remove(const struct arguments *arguments)
{
    SspiAccountStore *store = NULL;
    SECURITY_STATUS status;
    int result = store_open(arguments, &store);

    if (result != DONE)
        return result;
    status = SspiAccountStoreRemove(store, arguments->subject, arguments->domain);
    result = status == SEC_E_OK ? DONE : failed(status);
    SspiAccountStoreFree(store);
    return result;
}

static int run_list(const struct arguments *arguments)
{
    SspiAccountStore *store = NULL;
    PSSPI_ACCOUNT accounts = NULL;
    ULONG count = 0;
    SECURITY_STATUS status;
    int result = store_open(arguments, &store);

    if (result != DONE)
        return result;
    status = SspiAccountStoreList(store, &count, &accounts);
    for (ULONG i = 0; i < count; i++)
        printf("%s%s%s%s%s\n", accounts[i].Domain, *accounts[i].Domain ? "\\" : "", accounts[i].User,
               accounts[i].Flags & SSPI_ACCOUNT_DISABLED ? "\tdisabled" : "",
               accounts[i].Flags & SSPI_ACCOUNT_LOCKED ? "\tlocked" : "");
    if (status != SEC_E_OK)
        result = failed(status);
    (void)FreeContextBuffer(accounts);
    SspiAccountStoreFree(store);
    return result;
}

static int run_import(const struct arguments *arguments)
{
    SspiAccountStore *store;
    ULONG count;
    SECURITY_STATUS status;
    int result = store_create(arguments, &store);

    if (result != DONE)
        return result;
    status = SspiAccountStoreImport(store, arguments->subject, &count);
    if (status == SEC_E_OK)
        printf("%u accounts imported\n", (unsigned)count);
    result = status == SEC_E_OK ? DONE : failed(status);
    SspiAccountStoreFree(store);
    return result;
}

struct command {
    const char *name;
    const char *subject; /* what it works on, for the message when that is missing; NULL: nothing */
    bool is_user;
    bool sets_password;
    bool makes_store;
    int (*run)(const struct arguments *arguments);
};

static const struct command commands[] = {
    {"create", NULL, false, false, true, run_create},      {"add", "USER", true, true, true, run_add},
    {"password", "USER", true, true, false, run_password}, {"disable", "USER", true, false, false, run_disable},
    {"enable", "USER", true, false, false, run_enable},    {"remove", "USER", true, false, false, run_remove},
    {"list", NULL, false, false, false, run_list},         {"import", "LOCATION", false, false, true, run_import},
};

/* DOMAIN\user in one word. */
static int user_split(struct arguments *arguments)
{
    char *backslash;

    arguments->user_copy = strdup(arguments->subject);
    if (!arguments->user_copy) {
        fprintf(stderr, "sspi-accounts: no memory\n");
        return FAILED;
    }
    backslash = strchr(arguments->user_copy, '\\');
    if (!backslash)
        return DONE;
    if (*arguments->domain)
        return usage("the domain is given twice", NULL);
    *backslash = '\0';
    arguments->domain = arguments->user_copy;
    arguments->subject = backslash + 1;
    return DONE;
}

static int command_run(const struct command *command, struct arguments *arguments)
{
    int result = DONE;

    if (command->subject && !arguments->subject)
        return usage("what is missing is", command->subject);
    if (!command->subject && arguments->subject)
        return usage("one word too many", arguments->subject);
    if (arguments->password_stdin && !command->sets_password)
        return usage("--password-stdin does not go with", command->name);
    if (arguments->group && !command->makes_store)
        return usage("--group does not go with", command->name);
    if (*arguments->domain && !command->is_user)
        return usage("--domain does not go with", command->name);
    if (command->is_user)
        result = user_split(arguments);
    if (result == DONE)
        result = command->run(arguments);
    free(arguments->user_copy);
    return result;
}

static int words_run(int argc, char **argv, struct arguments *arguments)
{
    if (optind == argc)
        return usage("a command is missing", NULL);
    if (argc - optind > 2)
        return usage("one word too many", argv[optind + 2]);
    arguments->subject = argv[optind + 1];
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[optind], commands[i].name) == 0)
            return command_run(&commands[i], arguments);
    return usage("there is no command", argv[optind]);
}

/* Not zero: the program is done, its exit status is one less. */
static int option_apply(int option, struct arguments *arguments)
{
    switch (option) {
    case 's':
        arguments->store = optarg;
        return 0;
    case 'd':
        arguments->domain = optarg;
        return 0;
    case 'g':
        arguments->group = optarg;
        return 0;
    case 'p':
        arguments->password_stdin = true;
        return 0;
    case 'h':
        fputs(help, stdout);
        return 1 + DONE;
    case 'V':
        puts("sspi-accounts " SSPI_VERSION);
        return 1 + DONE;
    default: /* getopt has said what is wrong */
        fputs("Try: sspi-accounts --help\n", stderr);
        return 1 + USAGE;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"store", required_argument, NULL, 's'},
        {"domain", required_argument, NULL, 'd'},
        {"group", required_argument, NULL, 'g'},
        {"password-stdin", no_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    const struct rlimit no_core = {0, 0};
    struct arguments arguments = {.domain = ""};
    int option, result;

    (void)setrlimit(RLIMIT_CORE, &no_core); /* a core file would hold the password */
    while ((option = getopt_long(argc, argv, "s:d:g:hV", options, NULL)) != -1) {
        result = option_apply(option, &arguments);
        if (result)
            return result - 1;
    }
    result = words_run(argc, argv, &arguments);
    if (fflush(stdout) != 0 && result == DONE) {
        fprintf(stderr, "sspi-accounts: standard output: %s\n", strerror(errno));
        result = FAILED;
    }
    return result;
}
