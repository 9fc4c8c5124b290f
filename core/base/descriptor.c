/*
 * Opening and reading files that hold secrets, for keytabs and certificates.
 */
#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

int descriptor_open(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

bool descriptor_read_whole(int descriptor, void *room, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(descriptor, (uint8_t *)room + done, size - done);

        if (got <= 0 && !(got < 0 && errno == EINTR))
            return false;
        done += got > 0 ? (size_t)got : 0;
    }
    return true;
}
