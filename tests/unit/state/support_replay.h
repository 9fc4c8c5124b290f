/*
 * Replay caches in folders of their own, and entries that are told apart by a number.
 */
#ifndef SSPI_TESTS_SUPPORT_REPLAY_H
#define SSPI_TESTS_SUPPORT_REPLAY_H

#include "base/clock.h"
#include "state/replay.h"
#include "test.h"

#define SECOND CLOCK_TICKS_PER_SECOND
#define NOW (INT64_C(133485408000000000))
#define SKEW (300 * SECOND)

struct place {
    char folder[64], path[96];
};

void place_make(struct place *place);
void place_clear(const struct place *place);
struct replay *opened(const char *location, uint32_t entries);
void digest_of(uint32_t number, uint8_t digest[REPLAY_DIGEST_SIZE]);
SECURITY_STATUS insert_at(struct replay *cache, uint32_t number, int64_t stamp, int64_t now);

#endif
