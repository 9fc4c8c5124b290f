/*
 * Making and opening the file of an account database.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "support_account.h"

Test(sqlite_file, a_new_database_has_mode_0600_under_any_umask, .init = folder_make, .fini = folder_remove)
{
    static const mode_t masks[] = {0, 022, 077, 0777};
    mode_t before = umask(0);

    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        const char *path = folder_path("db");
        struct stat status;
        SspiAccountStore *store;

        (void)umask(masks[i]);
        store = store_create(path);
        (void)umask(before);
        cr_assert_eq(stat(path, &status), 0);
        cr_assert_eq(status.st_mode & 07777, 0600);
        store_add(store, "alice", "", "x");
        account_store_release(store);
        account_store_release(store_create(path));
        cr_assert_eq(unlink(path), 0);
    }
}

Test(sqlite_file, a_planted_journal_or_an_open_folder_is_refused, .init = folder_make, .fini = folder_remove)
{
    const char *path = folder_path("db"), *journal = folder_path("db-journal"), *base = folder_path("");

    account_store_release(store_create(path));
    file_write_text(journal, "planted");
    cr_assert_eq(chmod(journal, 0666), 0);
    assert_cannot_open(path, journal);
    cr_assert_eq(unlink(journal), 0);
    cr_assert_eq(chmod(base, 0777), 0);
    assert_cannot_open(path, path);
    cr_assert_eq(chmod(base, 0700), 0);
    account_store_release(store_open(path));
}
