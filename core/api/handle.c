/*
 * The handle table. Slots live in chunks that are never freed or moved, so looking one up is a few atomic operations;
 * free slots are kept by shards with a lock each, and return to the shard they came from.
 */
#include "api/handle.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/memory.h"

/*
 * A handle is { index + 1, generation }. The state word holds all that decides whether it is good, so that one
 * compare-and-swap both checks and pins:  generation (32) | kind (2) | published (1) | pins (29).
 */
#define STATE_PINS ((UINT64_C(1) << 29) - 1)
#define STATE_PUBLISHED (UINT64_C(1) << 29)
#define STATE_KIND_SHIFT 30
#define STATE_KIND(kind) ((uint64_t)(kind) << STATE_KIND_SHIFT)
#define STATE_GENERATION_SHIFT 32

#define CHUNK_SLOTS 128
#define CHUNKS 131072 /* 16 million handles */
#define SHARDS 16

struct handle_slot {
    _Atomic uint64_t state;
    void *object;
    void (*destroy)(void *object);
    uint32_t index;
    uint32_t shard;
    struct handle_slot *next_free;
    uint8_t apart[24]; /* states a cache line apart: pins of a shared credential must not slow down its neighbours */
};

struct shard {
    _Alignas(64) pthread_mutex_t lock;
    struct handle_slot *free;
    size_t used;
};

static struct shard shards[SHARDS];
static pthread_mutex_t chunk_lock = PTHREAD_MUTEX_INITIALIZER;
static struct handle_slot *_Atomic chunks[CHUNKS];
static _Atomic uint32_t chunk_count;
static _Atomic uint32_t thread_count;
static uint32_t generation_seed;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* A fork must find every lock free, whatever the other threads were doing. */
static void fork_prepare(void)
{
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_lock(&shards[i].lock);
    pthread_mutex_lock(&chunk_lock);
}

static void fork_finish(void)
{
    pthread_mutex_unlock(&chunk_lock);
    for (size_t i = SHARDS; i-- > 0;)
        pthread_mutex_unlock(&shards[i].lock);
}

static void table_start(void)
{
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&shards[i].lock, NULL);
    pthread_atfork(fork_prepare, fork_finish, fork_finish);
    /* Not a secret: it makes a made-up handle unlikely to hit a live generation. */
    generation_seed = (uint32_t)clock_now() * 2654435761u ^ (uint32_t)((uintptr_t)&generation_seed >> 4);
}

static struct shard *shard_of_thread(void)
{
    static _Thread_local uint32_t mine;

    if (!mine)
        mine = atomic_fetch_add(&thread_count, 1) + 1;
    return &shards[mine % SHARDS];
}

/* Neither 0 nor all ones, which zeroed and invalidated handles hold. */
static uint32_t generation_after(uint32_t generation)
{
    generation++;
    return generation == 0 || generation == UINT32_MAX ? 1 : generation;
}

/* Adds a chunk of slots to a shard that is locked by the caller. */
static bool shard_grow(struct shard *shard)
{
    struct handle_slot *chunk = mem_array(CHUNK_SLOTS, sizeof *chunk);
    uint32_t number;

    if (!chunk)
        return false;
    pthread_mutex_lock(&chunk_lock);
    number = atomic_load(&chunk_count);
    if (number == CHUNKS) {
        pthread_mutex_unlock(&chunk_lock);
        mem_free(chunk);
        return false;
    }
    for (uint32_t i = 0; i < CHUNK_SLOTS; i++) {
        uint32_t index = number * CHUNK_SLOTS + i;
        uint32_t generation = generation_after((generation_seed + index * 40503u) & 0x7FFFFFFF);

        chunk[i].index = index;
        chunk[i].shard = (uint32_t)(shard - shards);
        atomic_store(&chunk[i].state, (uint64_t)generation << STATE_GENERATION_SHIFT);
        chunk[i].next_free = i + 1 < CHUNK_SLOTS ? &chunk[i + 1] : NULL;
    }
    atomic_store_explicit(&chunks[number], chunk, memory_order_release);
    atomic_store(&chunk_count, number + 1);
    pthread_mutex_unlock(&chunk_lock);
    shard->free = chunk;
    return true;
}

struct handle_slot *handle_reserve(enum handle_kind kind, void *object, void (*destroy)(void *object))
{
    struct shard *shard;
    struct handle_slot *slot = NULL;
    uint64_t generation;

    pthread_once(&once, table_start);
    shard = shard_of_thread();
    pthread_mutex_lock(&shard->lock);
    if (shard->free || shard_grow(shard)) {
        slot = shard->free;
        shard->free = slot->next_free;
        shard->used++;
    }
    pthread_mutex_unlock(&shard->lock);
    if (!slot)
        return NULL;
    slot->object = object;
    slot->destroy = destroy;
    generation = atomic_load_explicit(&slot->state, memory_order_relaxed) >> STATE_GENERATION_SHIFT;
    atomic_store_explicit(&slot->state, generation << STATE_GENERATION_SHIFT | STATE_KIND(kind) | 1,
                          memory_order_release);
    return slot;
}

void handle_publish(struct handle_slot *slot, SecHandle *handle)
{
    uint64_t state = atomic_fetch_add(&slot->state, STATE_PUBLISHED + 1);

    handle->dwLower = (ULONG_PTR)slot->index + 1;
    handle->dwUpper = (ULONG_PTR)(state >> STATE_GENERATION_SHIFT);
}

/* The slot a handle points at, good or not; NULL when it points nowhere. */
static struct handle_slot *slot_of(const SecHandle *handle)
{
    ULONG_PTR index;
    struct handle_slot *chunk;

    if (!handle || handle->dwLower == 0 || handle->dwLower > (ULONG_PTR)CHUNKS * CHUNK_SLOTS)
        return NULL;
    index = handle->dwLower - 1;
    chunk = atomic_load_explicit(&chunks[index / CHUNK_SLOTS], memory_order_acquire);
    return chunk ? &chunk[index % CHUNK_SLOTS] : NULL;
}

static bool state_matches(uint64_t state, const SecHandle *handle, enum handle_kind kind)
{
    return (state >> STATE_GENERATION_SHIFT) == handle->dwUpper && (state & STATE_PUBLISHED)
           && (state & STATE_KIND(3)) == STATE_KIND(kind);
}

void *handle_pin(const SecHandle *handle, enum handle_kind kind, struct handle_slot **slot)
{
    struct handle_slot *found = slot_of(handle);
    uint64_t state;

    *slot = NULL;
    if (!found)
        return NULL;
    state = atomic_load_explicit(&found->state, memory_order_acquire);
    do {
        if (!state_matches(state, handle, kind) || (state & STATE_PINS) == STATE_PINS)
            return NULL;
    } while (!atomic_compare_exchange_weak(&found->state, &state, state + 1));
    *slot = found;
    return found->object;
}

/* The last pin of a retired slot is gone: destroys the object and gives the slot back under a new generation. */
static void slot_release(struct handle_slot *slot)
{
    struct shard *shard = &shards[slot->shard];
    uint64_t generation = atomic_load(&slot->state) >> STATE_GENERATION_SHIFT;

    slot->destroy(slot->object);
    slot->object = NULL;
    atomic_store(&slot->state, (uint64_t)generation_after((uint32_t)generation) << STATE_GENERATION_SHIFT);
    pthread_mutex_lock(&shard->lock);
    shard->used--;
    slot->next_free = shard->free;
    shard->free = slot;
    pthread_mutex_unlock(&shard->lock);
}

void handle_unpin(struct handle_slot *slot)
{
    uint64_t state;

    if (!slot)
        return;
    state = atomic_fetch_sub(&slot->state, 1);
    if ((state & STATE_PINS) == 1)
        slot_release(slot);
}

bool handle_alive(const SecHandle *handle, enum handle_kind kind)
{
    struct handle_slot *slot = slot_of(handle);

    return slot && state_matches(atomic_load(&slot->state), handle, kind);
}

bool handle_retired(const struct handle_slot *slot)
{
    return !(atomic_load(&slot->state) & STATE_PUBLISHED);
}

bool handle_retire(const SecHandle *handle, enum handle_kind kind)
{
    struct handle_slot *slot = slot_of(handle);
    uint64_t state;

    if (!slot)
        return false;
    state = atomic_load_explicit(&slot->state, memory_order_acquire);
    do {
        if (!state_matches(state, handle, kind))
            return false;
    } while (!atomic_compare_exchange_weak(&slot->state, &state, state & ~STATE_PUBLISHED));
    handle_unpin(slot); /* the pin of publishing */
    return true;
}

size_t handle_count(void)
{
    size_t used = 0;

    pthread_once(&once, table_start);
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_lock(&shards[i].lock);
        used += shards[i].used;
        pthread_mutex_unlock(&shards[i].lock);
    }
    return used;
}
