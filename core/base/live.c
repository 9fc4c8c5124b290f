/*
 * The table of living objects: open addressing, keyed by address, with each object's reference count.
 */
#include "base/live.h"

#include <pthread.h>
#include <stdint.h>

#include "base/memory.h"

struct live_slot {
    const void *object; /* NULL: empty */
    size_t references;  /* 0: a grave, skipped by searches and reused by insertions */
    enum live_kind kind;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct live_slot *slots;
static size_t room;   /* a power of two, or 0 */
static size_t filled; /* living and graves */
static size_t living;

#define ROOM_FIRST 64

/* A child of fork() must find the lock free. */
static void fork_prepare(void)
{
    pthread_mutex_lock(&lock);
}

static void fork_finish(void)
{
    pthread_mutex_unlock(&lock);
}

static void start(void)
{
    (void)pthread_atfork(fork_prepare, fork_finish, fork_finish);
}

static void enter(void)
{
    pthread_once(&once, start);
    pthread_mutex_lock(&lock);
}

static size_t place_of(const void *object, size_t mask)
{
    uint64_t hash = (uint64_t)(uintptr_t)object * UINT64_C(0x9E3779B97F4A7C15);

    return (size_t)(hash >> 32) & mask;
}

static struct live_slot *find(const void *object, enum live_kind kind)
{
    if (!room || !object)
        return NULL;
    for (size_t i = place_of(object, room - 1); slots[i].object; i = (i + 1) & (room - 1))
        if (slots[i].object == object && slots[i].references)
            return slots[i].kind == kind ? &slots[i] : NULL;
    return NULL;
}

static void insert(struct live_slot *table, size_t size, const struct live_slot *entry)
{
    size_t i = place_of(entry->object, size - 1);

    while (table[i].object && table[i].references)
        i = (i + 1) & (size - 1);
    filled += !table[i].object;
    table[i] = *entry;
}

/* Keeps a quarter of the table empty; graves go when it is rebuilt. The table itself goes with the last object. */
static bool make_room(void)
{
    size_t size = room ? room : ROOM_FIRST;
    struct live_slot *table;

    if (room && filled + 1 <= room / 4 * 3)
        return true;
    while (living + 1 > size / 2)
        size *= 2;
    table = mem_array(size, sizeof *table);
    if (!table)
        return false;
    filled = 0;
    for (size_t i = 0; i < room; i++)
        if (slots[i].object && slots[i].references)
            insert(table, size, &slots[i]);
    mem_free(slots);
    slots = table;
    room = size;
    return true;
}

bool live_add(const void *object, enum live_kind kind)
{
    const struct live_slot entry = {.object = object, .references = 1, .kind = kind};
    bool made;

    enter();
    made = make_room();
    if (made) {
        insert(slots, room, &entry);
        living++;
    }
    pthread_mutex_unlock(&lock);
    return made;
}

bool live_hold(const void *object, enum live_kind kind)
{
    struct live_slot *slot;

    enter();
    slot = find(object, kind);
    if (slot)
        slot->references++;
    pthread_mutex_unlock(&lock);
    return slot != NULL;
}

bool live_drop(const void *object, enum live_kind kind, bool *last)
{
    struct live_slot *slot;

    *last = false;
    enter();
    slot = find(object, kind);
    if (slot && --slot->references == 0) {
        *last = true;
        if (--living == 0) {
            mem_free(slots);
            slots = NULL;
            room = filled = 0;
        }
    }
    pthread_mutex_unlock(&lock);
    return slot != NULL;
}

size_t live_count(void)
{
    size_t count;

    enter();
    count = living;
    pthread_mutex_unlock(&lock);
    return count;
}
