/*
 * See support_replay.h.
 */
#include "support_replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void place_make(struct place *place)
{
    snprintf(place->folder, sizeof place->folder, "/tmp/sspi-replay-XXXXXX");
    cr_assert_not_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof place->path, "%s/cache", place->folder);
}

void place_clear(const struct place *place)
{
    unlink(place->path);
    cr_assert_eq(rmdir(place->folder), 0);
}

struct replay *opened(const char *location, uint32_t entries)
{
    struct replay *cache;

    assert_status(replay_open(location, entries, &cache, NULL), SEC_E_OK);
    return cache;
}

void digest_of(uint32_t number, uint8_t digest[REPLAY_DIGEST_SIZE])
{
    uint64_t mixed = (number + 1) * UINT64_C(0x9E3779B97F4A7C15);

    memset(digest, 0, REPLAY_DIGEST_SIZE);
    mixed ^= mixed >> 29;
    memcpy(digest, &mixed, sizeof mixed);
    memcpy(digest + 16, &number, sizeof number);
}

SECURITY_STATUS insert_at(struct replay *cache, uint32_t number, int64_t stamp, int64_t now)
{
    uint8_t digest[REPLAY_DIGEST_SIZE];

    digest_of(number, digest);
    return replay_insert(cache, digest, stamp, SKEW, now, NULL);
}
