/*
 * Which files may hold accounts: all modes tried, and what counts as another file.
 */
#include "account/file_rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support_account.h"

Test(file_rules, only_the_owner_and_a_reading_group_may_do_anything, .init = folder_make, .fini = folder_remove)
{
    const char *path = folder_path("file");
    int descriptor;

    file_write_text(path, "x");
    descriptor = open(path, O_RDONLY);
    for (unsigned mode = 0; mode <= 07777; mode++) {
        struct file_identity identity;
        struct failure failure = {0};
        SECURITY_STATUS expected = mode & ~0640u ? SEC_E_NO_CREDENTIALS : SEC_E_OK;

        cr_assert_eq(fchmod(descriptor, (mode_t)mode), 0);
        cr_assert_eq(file_rules_check(path, &identity, &failure), expected, "mode %04o", mode);
        cr_assert_eq(file_rules_check_open(descriptor, path, &identity, NULL), expected, "mode %04o", mode);
        cr_assert_eq(failure.text[0] != '\0', expected != SEC_E_OK);
    }
    (void)close(descriptor);
}

Test(file_rules, the_folder_must_be_as_safe, .init = folder_make, .fini = folder_remove)
{
    const char *path = folder_path("file"), *folder = folder_path("");
    struct file_identity identity;
    struct failure failure = {0};

    file_write_text(path, "x");
    assert_status(file_rules_check(path, &identity, &failure), SEC_E_OK);
    for (unsigned mode = 0700; mode <= 0777; mode++) {
        cr_assert_eq(chmod(folder, (mode_t)mode), 0);
        cr_assert_eq(file_rules_check_folder(path, &identity, &failure) == SEC_E_OK, !(mode & 02), "mode %04o", mode);
    }
    cr_assert_eq(chmod(folder, 0770), 0);
    identity.group++;
    assert_status(file_rules_check_folder(path, &identity, &failure), SEC_E_NO_CREDENTIALS);
    cr_assert_eq(chmod(folder, 01777), 0);
    assert_status(file_rules_check_folder(path, &identity, &failure), SEC_E_NO_CREDENTIALS);
}

Test(file_rules, any_change_makes_another_identity, .init = folder_make, .fini = folder_remove)
{
    const char *path = folder_path("file");
    struct file_identity before, after;
    struct failure failure = {0};

    file_write_text(path, "x");
    assert_status(file_rules_check(path, &before, &failure), SEC_E_OK);
    assert_status(file_rules_check(path, &after, &failure), SEC_E_OK);
    cr_assert(file_identity_same(&before, &after) && file_identity_same_file(&before, &after));
    (void)usleep(20000);
    file_append_text(path, "y");
    assert_status(file_rules_check(path, &after, &failure), SEC_E_OK);
    cr_assert(!file_identity_same(&before, &after) && file_identity_same_file(&before, &after));
    after = before;
    after.written.tv_nsec ^= 1;
    cr_assert(!file_identity_same(&before, &after));
    after = before;
    after.changed.tv_sec++;
    cr_assert(!file_identity_same(&before, &after));
    file_write_text(folder_path("other"), "x");
    cr_assert_eq(rename(folder_path("other"), path), 0);
    assert_status(file_rules_check(path, &after, &failure), SEC_E_OK);
    cr_assert(!file_identity_same_file(&before, &after));
}
