/* The table in README.md: every line of the specification is there, and every test it names exists. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "packages.h"

#define LINES 157

static char *file_read(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t room = 0;

    cr_assert_not_null(file, "%s", path);
    if (getdelim(&text, &room, '\0', file) < 0) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

/* A test as Test(suite, name or, in files whose tests share a suite, SUITE_TEST(name. */
static bool file_has(const char *path, const char *suite, const char *name)
{
    char whole[256], shared[256];
    char *text = file_read(path);
    bool found;

    snprintf(whole, sizeof whole, "Test(%s, %s", suite, name);
    snprintf(shared, sizeof shared, "_TEST(%s)", name);
    found = text && (strstr(text, whole) || strstr(text, shared));
    free(text);
    return found;
}

static bool folder_has(const char *folder, const char *suite, const char *name)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    char path[1024];
    bool found = false;

    cr_assert_not_null(directory, "%s", folder);
    while (!found && (entry = readdir(directory)) != NULL) {
        size_t length = strlen(entry->d_name);

        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (length > 2 && strcmp(entry->d_name + length - 2, ".c") == 0)
            found = file_has(path, suite, name);
    }
    closedir(directory);
    return found;
}

/* `suite/name`, `unit_FOLDER:suite/name`, or a path below the tree. */
static void assert_exists(const char *reference)
{
    char folder[512] = TESTS_DIR "/conformance", unit[64], suite[64], name[128];

    if (strncmp(reference, "tests/", 6) == 0) {
        snprintf(folder, sizeof folder, "%s/%s", SOURCE_DIR, reference);
        free(file_read(folder));
        return;
    }
    if (sscanf(reference, "unit_%63[a-z]:%63[a-z0-9_]/%127[a-z0-9_]", unit, suite, name) == 3)
        snprintf(folder, sizeof folder, "%s/unit/%s", TESTS_DIR, unit);
    else
        cr_assert_eq(sscanf(reference, "%63[a-z0-9_]/%127[a-z0-9_]", suite, name), 2, "%s", reference);
    cr_assert(folder_has(folder, suite, name), "%s", reference);
}

/* Checks one row: its tests exist, or it names packages that are not built. */
static void row_check(char *row)
{
    char *columns[5] = {0}, *rest = row, *quote;

    for (int i = 0; i < 5; i++)
        columns[i] = strsep(&rest, "|");
    cr_assert_not_null(columns[4], "%s", row);
    quote = strchr(columns[3], '`');
    cr_assert(quote || strlen(columns[4]) > 3, "line%sof the specification has no test", columns[1]);
    while (quote) {
        char *end = strchr(quote + 1, '`');

        cr_assert_not_null(end);
        *end = '\0';
        assert_exists(quote + 1);
        quote = strchr(end + 1, '`');
    }
}

Test(readme, every_line_has_a_test_that_exists, .timeout = 60)
{
    char *text = file_read(TESTS_DIR "/conformance/README.md"), *rest = text, *line;
    bool seen[LINES + 1] = {false};

    while ((line = strsep(&rest, "\n")) != NULL) {
        int number;

        if (sscanf(line, "| %d |", &number) != 1)
            continue;
        cr_assert(number >= 1 && number <= LINES && !seen[number], "line %d", number);
        seen[number] = true;
        row_check(line);
    }
    for (int number = 1; number <= LINES; number++)
        cr_assert(seen[number], "line %d is missing", number);
    free(text);
}
