#include "base/descriptor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

Test(descriptor, reads_exactly_what_is_there)
{
    char path[] = "/tmp/sspi-descriptor-XXXXXX", room[8] = "", eight[] = "12345678";
    int made = mkstemp(path), descriptor;

    cr_assert_eq(write(made, eight, 8), 8);
    descriptor = descriptor_open(path);
    cr_assert_geq(descriptor, 0);
    cr_assert(descriptor_read_whole(descriptor, room, 8));
    assert_mem_eq(room, eight, 8);
    cr_assert(descriptor_read_whole(descriptor, room, 0));
    cr_assert(!descriptor_read_whole(descriptor, room, 1));
    close(descriptor);
    close(made);
    unlink(path);
}

Test(descriptor, nothing_there_and_a_pipe_that_nobody_writes)
{
    char folder[] = "/tmp/sspi-descriptor-XXXXXX", path[64], room[1];
    int descriptor = descriptor_open("/nowhere/file");

    cr_assert(descriptor < 0 && errno == ENOENT);
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/pipe", folder);
    cr_assert_eq(mkfifo(path, 0600), 0);
    descriptor = descriptor_open(path);
    cr_assert_geq(descriptor, 0);
    cr_assert(!descriptor_read_whole(descriptor, room, 1));
    close(descriptor);
    unlink(path);
    rmdir(folder);
}
