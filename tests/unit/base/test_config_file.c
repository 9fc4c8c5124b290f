/*
 * sspi.conf as Heimdal's parser reads it, and every way in which it can be wrong: refused, and named.
 */
#include "base/config_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static char path[64];

static void path_make(void)
{
    int descriptor;

    strcpy(path, "/tmp/sspi-config-XXXXXX");
    descriptor = mkstemp(path);
    cr_assert_geq(descriptor, 0);
    (void)close(descriptor);
    cr_assert_eq(setenv("SSPI_CONFIG", path, 1), 0);
}

static void path_remove(void)
{
    (void)remove(path);
    (void)unsetenv("SSPI_CONFIG");
}

static void config_write(const char *text)
{
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

static struct config_file *open_config(void)
{
    struct failure failure = {0};
    struct config_file *file = NULL;
    SECURITY_STATUS status = config_file_open(&file, &failure);

    cr_assert_eq(status, SEC_E_OK, "%s", failure.text);
    return file;
}

/* Refused; the explanation names the file and holds `what`. */
static void assert_refused(const char *what)
{
    struct failure failure = {0};
    struct config_file *file = (struct config_file *)(void *)&failure;

    assert_status(config_file_open(&file, &failure), SEC_E_INTERNAL_ERROR);
    cr_assert_null(file);
    cr_assert_eq(failure.reason, SSPI_REASON_CONFIGURATION);
    cr_assert(strstr(failure.text, path) && strstr(failure.text, what), "\"%s\" names %s and \"%s\"", failure.text,
              path, what);
}

Test(config_file, gives_the_values_of_its_section, .init = path_make, .fini = path_remove)
{
    struct config_file *file;

    config_write("# a comment\n[libdefaults]\n\tdefault_realm = X\n[sspi]\n\tone = 1\n  two = two words\n"
                 "\tthree = \"quoted # text\"\n[realms]\n one = no\n");
    file = open_config();
    cr_assert_str_eq(config_file_string(file, "one"), "1");
    cr_assert_str_eq(config_file_string(file, "two"), "two words");
    cr_assert_str_eq(config_file_string(file, "three"), "quoted # text");
    cr_assert_null(config_file_string(file, "default_realm"));
    cr_assert_null(config_file_string(file, "One"));
    cr_assert_str_eq(config_file_path(file), path);
    config_file_close(file);
}

static bool count_all(void *argument, const char *name, const char *value)
{
    (void)name, (void)value;
    ++*(int *)argument;
    return true;
}

static bool count_one(void *argument, const char *name, const char *value)
{
    return count_all(argument, name, value) && false;
}

Test(config_file, visits_each_name_until_told_to_stop, .init = path_make, .fini = path_remove)
{
    struct config_file *file;
    int count = 0;

    config_write("[sspi]\n a = 1\n b = 2\n c = 3\n");
    file = open_config();
    cr_assert(config_file_each(file, count_all, &count));
    cr_assert_eq(count, 3);
    count = 0;
    cr_assert(!config_file_each(file, count_one, &count));
    cr_assert_eq(count, 1);
    config_file_close(file);
}

Test(config_file, may_be_empty_or_without_the_section, .init = path_make, .fini = path_remove)
{
    static const char *const texts[] = {"", "\n", "[libdefaults]\n a = b\n", "[sspi]\n"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct config_file *file;
        int count = 0;

        config_write(texts[i]);
        file = open_config();
        cr_assert_null(config_file_string(file, "a"));
        cr_assert(config_file_each(file, count_all, &count));
        cr_assert_eq(count, 0);
        config_file_close(file);
    }
}

Test(config_file, malformed_text_is_refused_with_its_line, .init = path_make, .fini = path_remove)
{
    static const struct {
        const char *text, *what;
    } bad[] = {{"[sspi\n", ":1:"},
               {"one = 1\n", ":1:"},
               {"[sspi]\n one = 1\n two\n", ":3:"},
               {"[sspi]\n one = {\n", "{"},
               {"[sspi]\n }\n", ":2:"},
               {"[sspi]\n one = 1\n one = 2\n", "\"one\" is given twice"},
               {"[sspi]\n one = 1\n[kdc]\n[sspi]\n one = 2\n", "\"one\" is given twice"},
               {"[sspi]\n one = {\n  two = 3\n }\n", "\"one\""}};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        config_write(bad[i].text);
        assert_refused(bad[i].what);
    }
}

/* Its options would be lost, and the server would run with the defaults in their place. */
Test(config_file, a_misspelt_section_is_refused_by_name, .init = path_make, .fini = path_remove)
{
    static const struct {
        const char *text, *what;
    } bad[] = {{"[spsi]\n one = 1\n", "[spsi]"},
               {"[SSPI]\n one = 1\n", "[SSPI]"},
               {"[sspi ]\n one = 1\n", "[sspi ]"},
               {"[]\n", "[]"},
               {"[libdefaults]\n[sspi]\n one = 1\n[other]\n two = 2\n", "[other]"}};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        config_write(bad[i].text);
        assert_refused(bad[i].what);
    }
}

Test(config_file, a_named_file_must_be_a_readable_file, .init = path_make, .fini = path_remove)
{
    cr_assert_eq(remove(path), 0);
    assert_refused("no such file");
    cr_assert_eq(mkdir(path, 0700), 0);
    assert_refused("not a regular file");
    cr_assert_eq(rmdir(path), 0);
    cr_assert_eq(mkfifo(path, 0600), 0);
    assert_refused("not a regular file");
    cr_assert_eq(remove(path), 0);
    config_write("[sspi]\n");
    cr_assert_eq(chmod(path, 0646), 0);
    assert_refused("everybody may write");
    if (geteuid() != 0) {
        cr_assert_eq(chmod(path, 0), 0);
        assert_refused("denied");
    }
}

Test(config_file, the_built_in_file_may_be_missing)
{
    struct config_file *file;
    int count = 0;

    (void)unsetenv("SSPI_CONFIG");
    file = open_config();
    if (file) { /* this machine has one */
        config_file_close(file);
        return;
    }
    cr_assert_null(config_file_string(file, "one"));
    cr_assert(config_file_each(file, count_all, &count));
    config_file_close(file);
    cr_assert_eq(setenv("SSPI_CONFIG", "", 1), 0);
    file = open_config();
    cr_assert_null(file);
    (void)unsetenv("SSPI_CONFIG");
}

Test(config_file, a_broken_krb5_conf_does_not_matter, .init = path_make, .fini = path_remove)
{
    char broken[] = "/tmp/sspi-krb5-XXXXXX";
    int descriptor = mkstemp(broken);
    struct config_file *file;

    cr_assert_eq(write(descriptor, "[broken\n", 8), 8);
    (void)close(descriptor);
    cr_assert_eq(setenv("KRB5_CONFIG", broken, 1), 0);
    config_write("[sspi]\n one = 1\n");
    file = open_config();
    cr_assert_str_eq(config_file_string(file, "one"), "1");
    config_file_close(file);
    (void)unsetenv("KRB5_CONFIG");
    (void)remove(broken);
}
