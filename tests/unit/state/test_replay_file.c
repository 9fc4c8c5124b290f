/*
 * The file of a replay cache (replay_file.c, replay_table.c): which are refused, and what follows when somebody touches
 * one that is in use.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state/replay_table.h"
#include "support_replay.h"

/* ---- Files that must not be used ---- */

static void refused(const char *path)
{
    struct failure failure = {0};
    struct replay *cache;

    assert_status(replay_open(path, 64, &cache, &failure), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    cr_assert_eq(failure.reason, SSPI_REASON_REPLAY_CACHE);
    cr_assert_not_null(strstr(failure.text, path));
    cr_assert_null(cache);
}

static void file_of(const char *path, const char *content, mode_t mode)
{
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file);
    fputs(content, file);
    fclose(file);
    cr_assert_eq(chmod(path, mode), 0);
}

Test(replay_file, unusable_files_are_refused)
{
    struct place place;
    char other[128];

    place_make(&place);
    snprintf(other, sizeof other, "%s/other", place.folder);
    refused("/nonexistent/folder/cache");
    refused(place.folder);
    file_of(place.path, "not a cache", 0600);
    refused(place.path);
    file_of(place.path, "", 0644);
    refused(place.path);
    unlink(place.path);
    file_of(other, "", 0600);
    cr_assert_eq(symlink(other, place.path), 0);
    refused(place.path);
    unlink(place.path);
    cr_assert_eq(link(other, place.path), 0);
    refused(place.path);
    unlink(other);
    unlink(place.path);
    cr_assert_eq(mkfifo(place.path, 0600), 0);
    refused(place.path);
    place_clear(&place);
}

Test(replay_file, file_of_another_user_is_refused)
{
    struct place place;

    if (geteuid() != 0)
        return;
    place_make(&place);
    file_of(place.path, "", 0600);
    cr_assert_eq(chown(place.path, 12345, 12345), 0);
    refused(place.path);
    place_clear(&place);
}

static void locked_by(const char *path, pid_t *child)
{
    int ends[2];
    char ready;

    cr_assert_eq(pipe(ends), 0);
    *child = fork();
    cr_assert_geq(*child, 0);
    if (*child == 0) {
        struct replay_table table = {.file = open(path, O_RDWR | O_CLOEXEC)};

        if (replay_range_lock(&table, 0, 0) && write(ends[1], "y", 1) == 1)
            pause();
        _exit(1);
    }
    cr_assert_eq(read(ends[0], &ready, 1), 1);
    close(ends[0]);
    close(ends[1]);
}

static void killed(pid_t child)
{
    cr_assert_eq(kill(child, SIGKILL), 0);
    cr_assert_eq(waitpid(child, NULL, 0), child);
}

/* Whoever made the file where ours should be holds its lock too: refused, not waited for. */
Test(replay_file, lock_of_an_unusable_file_is_not_waited_for)
{
    struct place place;
    pid_t child;

    place_make(&place);
    file_of(place.path, "", 0666);
    locked_by(place.path, &child);
    alarm(30);
    refused(place.path);
    alarm(0);
    killed(child);
    place_clear(&place);
}

Test(replay_file, altered_header_is_refused)
{
    struct place place;
    FILE *file;

    for (long at = 0; at < 16; at += 4) {
        place_make(&place);
        replay_close(opened(place.path, 64));
        file = fopen(place.path, "r+");
        cr_assert_not_null(file);
        fseek(file, at, SEEK_SET);
        fputc(0x5A, file);
        fclose(file);
        refused(place.path);
        place_clear(&place);
    }
}

/* Someone deletes the file while it is in use: what was known goes along to the new one. */
Test(replay_file, deleted_file_is_made_anew)
{
    struct place place;
    struct replay *cache;
    struct stat status;

    place_make(&place);
    cache = opened(place.path, 64);
    assert_status(insert_at(cache, 1, NOW, NOW), SEC_E_OK);
    unlink(place.path);
    assert_status(insert_at(cache, 2, NOW, NOW + 2 * SECOND), SEC_E_OK);
    cr_assert_eq(stat(place.path, &status), 0);
    assert_status(insert_at(cache, 1, NOW, NOW + 2 * SECOND), SEC_E_LOGON_DENIED);
    replay_close(cache);
    cache = opened(place.path, 64);
    assert_status(insert_at(cache, 1, NOW, NOW + 2 * SECOND), SEC_E_LOGON_DENIED);
    assert_status(insert_at(cache, 2, NOW, NOW + 2 * SECOND), SEC_E_LOGON_DENIED);
    replay_close(cache);
    place_clear(&place);
}

/* A process that dies with the lock held leaves a cache that goes on. */
Test(replay_file, death_inside_is_survived)
{
    struct place place;
    struct replay *cache;
    pid_t child;

    place_make(&place);
    cache = opened(place.path, 64);
    assert_status(insert_at(cache, 1, NOW, NOW), SEC_E_OK);
    locked_by(place.path, &child);
    killed(child);
    assert_status(insert_at(cache, 2, NOW, NOW), SEC_E_OK);
    assert_status(insert_at(cache, 1, NOW, NOW), SEC_E_LOGON_DENIED);
    assert_status(insert_at(cache, 2, NOW, NOW), SEC_E_LOGON_DENIED);
    replay_close(cache);
    place_clear(&place);
}

/* ---- A file that is touched while it is in use ---- */

/* `mv`, and after a second both sides are at the new file, with what either knew. */
Test(replay_file, moved_file_is_left)
{
    struct place place;
    struct replay *cache;
    char away[128];

    place_make(&place);
    snprintf(away, sizeof away, "%s/away", place.folder);
    cache = opened(place.path, 64);
    assert_status(insert_at(cache, 1, NOW, NOW), SEC_E_OK);
    cr_assert_eq(rename(place.path, away), 0);
    assert_status(insert_at(cache, 2, NOW, NOW + 2 * SECOND), SEC_E_OK);
    cr_assert_eq(access(place.path, F_OK), 0);
    replay_close(cache);
    cache = opened(place.path, 64);
    assert_status(insert_at(cache, 1, NOW, NOW + 2 * SECOND), SEC_E_LOGON_DENIED);
    assert_status(insert_at(cache, 2, NOW, NOW + 2 * SECOND), SEC_E_LOGON_DENIED);
    /* and back, where somebody else left it */
    cr_assert_eq(rename(away, place.path), 0);
    assert_status(insert_at(cache, 2, NOW, NOW + 4 * SECOND), SEC_E_LOGON_DENIED);
    assert_status(insert_at(cache, 3, NOW, NOW + 4 * SECOND), SEC_E_OK);
    replay_close(cache);
    place_clear(&place);
}

/* A process that has not looked yet is told by those who have: nothing is kept where they no longer read. */
Test(replay_file, moved_file_is_left_by_all_at_once)
{
    struct place place;
    struct replay_table slow, quick;
    const struct replay_login login = {.digest = (const uint8_t[REPLAY_DIGEST_SIZE]){1}, .stamp = NOW, .now = NOW};
    SECURITY_STATUS status;
    char away[128];

    place_make(&place);
    snprintf(away, sizeof away, "%s/away", place.folder);
    assert_status(replay_table_open(&slow, place.path, 64, NULL), SEC_E_OK);
    cr_assert_eq(replay_table_insert(&slow, &login, &status, NULL), REPLAY_FINE);
    assert_status(status, SEC_E_OK);
    cr_assert_eq(rename(place.path, away), 0);
    assert_status(replay_table_open(&quick, place.path, 64, NULL), SEC_E_OK);
    cr_assert(replay_table_carry(&slow, &quick, &login));
    cr_assert_eq(replay_table_insert(&slow, &login, &status, NULL), REPLAY_GONE);
    cr_assert_eq(replay_table_insert(&quick, &login, &status, NULL), REPLAY_FINE);
    assert_status(status, SEC_E_LOGON_DENIED);
    replay_table_close(&slow);
    replay_table_close(&quick);
    unlink(away);
    place_clear(&place);
}

/* Where nothing can be made in its place, nobody is let in, however often they try. */
Test(replay_file, moved_file_that_cannot_be_replaced)
{
    struct place place;
    struct replay *cache;

    place_make(&place);
    cache = opened(place.path, 64);
    assert_status(insert_at(cache, 1, NOW, NOW), SEC_E_OK);
    unlink(place.path);
    cr_assert_eq(symlink("/nonexistent", place.path), 0);
    for (uint32_t i = 2; i < 5; i++)
        assert_status(insert_at(cache, i, NOW, NOW + 2 * SECOND), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    unlink(place.path);
    assert_status(insert_at(cache, 2, NOW, NOW + 2 * SECOND), SEC_E_OK);
    assert_status(insert_at(cache, 1, NOW, NOW + 2 * SECOND), SEC_E_LOGON_DENIED);
    replay_close(cache);
    place_clear(&place);
}

/* Cut short by somebody: no crash, and no login that could be a replay; once none can be, it goes on. */
Test(replay_file, truncated_file_refuses_until_none_can_be_a_replay)
{
    static const off_t sizes[] = {0, 1, 4095, 4096, 4097, 6000};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct place place;
        struct replay *cache;
        struct failure failure = {0};
        uint8_t digest[REPLAY_DIGEST_SIZE];

        place_make(&place);
        cache = opened(place.path, 64);
        assert_status(insert_at(cache, 1, NOW, NOW), SEC_E_OK);
        cr_assert_eq(truncate(place.path, sizes[i]), 0);
        digest_of(1, digest);
        assert_status(replay_insert(cache, digest, NOW, SKEW, NOW, &failure), SEC_E_NO_AUTHENTICATING_AUTHORITY);
        cr_assert_eq(failure.reason, SSPI_REASON_REPLAY_CACHE);
        cr_assert(strstr(failure.text, "301 seconds"), "%s", failure.text);
        assert_status(insert_at(cache, 2, NOW + SKEW, NOW + SKEW), SEC_E_NO_AUTHENTICATING_AUTHORITY);
        assert_status(insert_at(cache, 2, NOW + SKEW + 1, NOW + SKEW + 1), SEC_E_OK);
        assert_status(insert_at(cache, 2, NOW + SKEW + 1, NOW + SKEW + 1), SEC_E_LOGON_DENIED);
        replay_close(cache);
        place_clear(&place);
    }
}

/* The refusal is the file's, so a process that comes later refuses too. */
Test(replay_file, truncated_file_is_distrusted_by_all)
{
    struct place place;
    struct replay *cache;

    place_make(&place);
    cache = opened(place.path, 64);
    assert_status(insert_at(cache, 1, NOW, NOW), SEC_E_OK);
    cr_assert_eq(truncate(place.path, 0), 0);
    assert_status(insert_at(cache, 2, NOW, NOW), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    replay_close(cache);
    cache = opened(place.path, 64);
    assert_status(insert_at(cache, 1, NOW, NOW), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    replay_close(cache);
    place_clear(&place);
}

/* A new process that finds the name without content cannot know what was in it. */
Test(replay_file, empty_under_its_name_is_not_trusted)
{
    const int64_t now = clock_now(), minute = 60 * CLOCK_TICKS_PER_SECOND;
    struct place place;
    struct replay *cache;

    place_make(&place);
    cache = opened(place.path, 64);
    assert_status(insert_at(cache, 1, now, now), SEC_E_OK);
    replay_close(cache);
    cr_assert_eq(truncate(place.path, 0), 0);
    cache = opened(place.path, 64);
    assert_status(insert_at(cache, 1, now, now), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_status(insert_at(cache, 2, now + 4 * minute, now + 4 * minute), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_status(insert_at(cache, 3, now + 6 * minute, now + 6 * minute), SEC_E_OK);
    replay_close(cache);
    place_clear(&place);
}

/* Programs that become daemons close descriptors they do not know; other files then get the numbers. */
static void descriptors_taken(int fill)
{
    for (int i = 3; i < 64; i++)
        if (i != fill)
            (void)dup2(fill, i);
}

static int closed_descriptor(const char *location)
{
    struct replay *cache = opened(location, 64);
    char path[] = "/tmp/sspi-other-XXXXXX";
    int other = mkstemp(path);
    struct stat seen;
    SECURITY_STATUS status;

    unlink(path);
    if (insert_at(cache, 1, NOW, NOW) != SEC_E_OK)
        return 1;
    descriptors_taken(other);
    status = insert_at(cache, 1, NOW, NOW);
    if (status != (strcmp(location, REPLAY_MEMORY) ? SEC_E_LOGON_DENIED : SEC_E_NO_AUTHENTICATING_AUTHORITY))
        return 2;
    if (fstat(other, &seen) != 0 || seen.st_size != 0)
        return 3;
    return insert_at(cache, 2, NOW + SKEW + 1, NOW + SKEW + 1) == SEC_E_OK ? 0 : 4;
}

Test(replay_file, descriptor_closed_by_the_program)
{
    struct place place;
    const char *locations[] = {REPLAY_MEMORY, place.path};

    place_make(&place);
    for (size_t i = 0; i < 2; i++) {
        pid_t child = fork();
        int status = -1;

        cr_assert_geq(child, 0);
        if (child == 0)
            _exit(closed_descriptor(locations[i]));
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert_eq(status, 0, "%s: %d", locations[i], status);
    }
    place_clear(&place);
}
