/*
 * FreeContextBuffer and the set of live pieces behind it: chains in sharded buckets, linked through a header before
 * each piece.
 */
#include "api/context_buffer.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "api/explain.h"
#include "base/memory.h"
#include "base/secret.h"

#define SHARDS 16
#define BUCKETS 256

struct piece {
    _Alignas(16) struct piece *next;
    size_t size; /* without this header */
};

struct shard {
    _Alignas(64) pthread_mutex_t lock;
    struct piece *buckets[BUCKETS];
    size_t live;
};

static struct shard shards[SHARDS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fork_prepare(void)
{
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_lock(&shards[i].lock);
}

static void fork_finish(void)
{
    for (size_t i = SHARDS; i-- > 0;)
        pthread_mutex_unlock(&shards[i].lock);
}

static void set_start(void)
{
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&shards[i].lock, NULL);
    pthread_atfork(fork_prepare, fork_finish, fork_finish);
}

static struct piece **bucket_of(const void *memory, struct shard **shard)
{
    uint64_t mixed = ((uint64_t)(uintptr_t)memory >> 4) * UINT64_C(0x9E3779B97F4A7C15);

    *shard = &shards[mixed >> 60];
    return &(*shard)->buckets[(mixed >> 48) & (BUCKETS - 1)];
}

void *context_buffer_new(size_t size)
{
    struct piece *piece;
    struct piece **bucket;
    struct shard *shard;

    if (size > SIZE_MAX - sizeof *piece)
        return NULL;
    pthread_once(&once, set_start);
    piece = mem_zalloc(sizeof *piece + size);
    if (!piece)
        return NULL;
    piece->size = size;
    bucket = bucket_of(piece + 1, &shard);
    pthread_mutex_lock(&shard->lock);
    piece->next = *bucket;
    *bucket = piece;
    shard->live++;
    pthread_mutex_unlock(&shard->lock);
    return piece + 1;
}

void *context_buffer_dup(struct bytes content)
{
    void *memory = context_buffer_new(content.size);

    if (memory && content.size)
        memcpy(memory, content.data, content.size);
    return memory;
}

/* Takes the piece out of its chain; compares addresses only, so any pointer may be asked about. */
static struct piece *piece_take(const void *memory)
{
    struct shard *shard;
    struct piece **link = bucket_of(memory, &shard);
    struct piece *piece;

    pthread_mutex_lock(&shard->lock);
    while (*link && (const void *)(*link + 1) != memory)
        link = &(*link)->next;
    piece = *link;
    if (piece) {
        *link = piece->next;
        shard->live--;
    }
    pthread_mutex_unlock(&shard->lock);
    return piece;
}

bool context_buffer_free(void *memory)
{
    struct piece *piece;

    if (!memory)
        return true;
    pthread_once(&once, set_start);
    piece = piece_take(memory);
    if (!piece)
        return false;
    mem_free_secret(piece, sizeof *piece + piece->size);
    return true;
}

size_t context_buffer_count(void)
{
    size_t live = 0;

    pthread_once(&once, set_start);
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_lock(&shards[i].lock);
        live += shards[i].live;
        pthread_mutex_unlock(&shards[i].lock);
    }
    return live;
}

SECURITY_STATUS SEC_ENTRY FreeContextBuffer(void *pvContextBuffer)
{
    if (context_buffer_free(pvContextBuffer))
        return SEC_E_OK;
    return explain_usage("FreeContextBuffer", SEC_E_INVALID_HANDLE,
                         "the memory is not the library's, or was freed before");
}
