#include "serve/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/need.h"

enum { ENTRIES_MOST = 16384 };

/* A state and the ids that led to it. */
struct entry {
    uint64_t hash; /* of model and ids */
    size_t model, count;
    int32_t *ids;
    recur_session *session;
    size_t bytes;
    uint64_t used; /* the number of its last use */
};

struct state_cache {
    pthread_mutex_t lock;
    struct entry *entry; /* (ENTRIES_MOST) */
    size_t count, bytes, most;
    uint64_t uses;
};

struct state_cache *recur_cache_create(size_t bytes)
{
    struct state_cache *made = recur_try(1, sizeof *made);
    struct entry *entries = made ? recur_try(ENTRIES_MOST, sizeof *entries) : NULL;
    if (!entries) {
        free(made);
        return NULL;
    }
    made->entry = entries;
    made->most = bytes;
    pthread_mutex_init(&made->lock, NULL);
    return made;
}

static void drop(struct state_cache *cache, size_t number)
{
    struct entry dropped = cache->entry[number];
    cache->count--;
    memmove(&cache->entry[number], &cache->entry[number + 1],
            (cache->count - number) * sizeof dropped);
    cache->bytes -= dropped.bytes;
    recur_session_free(dropped.session);
    free(dropped.ids);
}

void recur_cache_free(struct state_cache *cache)
{
    if (!cache)
        return;
    while (cache->count > 0)
        drop(cache, cache->count - 1);
    pthread_mutex_destroy(&cache->lock);
    free(cache->entry);
    free(cache);
}

/* FNV-1a over the ids. Equal hashes only point to ids that are then compared. */
static uint64_t begin_hash(size_t model)
{
    return (0xCBF29CE484222325U ^ model) * 0x100000001B3U;
}

static uint64_t add_hash(uint64_t hash, int32_t id)
{
    return (hash ^ (uint32_t)id) * 0x100000001B3U;
}

size_t recur_cache_find(struct state_cache *cache, size_t model, const int32_t *ids, size_t count,
                        recur_session *session)
{
    if (cache->most == 0 || count == 0)
        return 0;
    uint64_t *hashes = recur_try(count + 1, sizeof *hashes); /* of the first ids, by their number */
    if (!hashes)
        return 0;
    hashes[0] = begin_hash(model);
    for (size_t i = 0; i < count; i++)
        hashes[i + 1] = add_hash(hashes[i], ids[i]);
    pthread_mutex_lock(&cache->lock);
    struct entry *best = NULL;
    for (size_t i = 0; i < cache->count; i++) {
        struct entry *entry = &cache->entry[i];
        if (entry->model == model && entry->count <= count &&
            (!best || entry->count > best->count) && entry->hash == hashes[entry->count] &&
            memcmp(entry->ids, ids, entry->count * sizeof *ids) == 0)
            best = entry;
    }
    size_t found = 0;
    if (best && recur_session_copy(session, best->session, NULL) == RECUR_OK) {
        best->used = ++cache->uses;
        found = best->count;
    }
    pthread_mutex_unlock(&cache->lock);
    free(hashes);
    return found;
}

/* Makes room for so many bytes more. The lock is held. */
static void make_room(struct state_cache *cache, size_t bytes)
{
    while (cache->count > 0 &&
           (cache->bytes + bytes > cache->most || cache->count == ENTRIES_MOST)) {
        size_t oldest = 0;
        for (size_t i = 1; i < cache->count; i++)
            if (cache->entry[i].used < cache->entry[oldest].used)
                oldest = i;
        drop(cache, oldest);
    }
}

static bool is_known(const struct state_cache *cache, const struct entry *made)
{
    for (size_t i = 0; i < cache->count; i++) {
        const struct entry *entry = &cache->entry[i];
        if (entry->hash == made->hash && entry->model == made->model &&
            entry->count == made->count &&
            memcmp(entry->ids, made->ids, made->count * sizeof *made->ids) == 0)
            return true;
    }
    return false;
}

void recur_cache_keep(struct state_cache *cache, size_t model, const int32_t *first,
                      size_t first_count, const int32_t *second, size_t second_count,
                      recur_session *session, size_t bytes)
{
    struct entry made = {.hash = begin_hash(model),
                         .model = model,
                         .count = first_count + second_count,
                         .session = session};
    made.bytes = bytes + made.count * sizeof *made.ids + sizeof made;
    made.ids = made.bytes <= cache->most ? recur_try(made.count, sizeof *made.ids) : NULL;
    if (!made.ids) {
        recur_session_free(session);
        return;
    }
    memcpy(made.ids, first, first_count * sizeof *first);
    if (second_count > 0)
        memcpy(made.ids + first_count, second, second_count * sizeof *second);
    for (size_t i = 0; i < made.count; i++)
        made.hash = add_hash(made.hash, made.ids[i]);
    pthread_mutex_lock(&cache->lock);
    bool known = is_known(cache, &made);
    if (!known) {
        make_room(cache, made.bytes);
        made.used = ++cache->uses;
        cache->entry[cache->count++] = made;
        cache->bytes += made.bytes;
    }
    pthread_mutex_unlock(&cache->lock);
    if (known) {
        recur_session_free(session);
        free(made.ids);
    }
}

size_t recur_cache_bytes(struct state_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    size_t bytes = cache->bytes;
    pthread_mutex_unlock(&cache->lock);
    return bytes;
}

size_t recur_cache_count(struct state_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    size_t count = cache->count;
    pthread_mutex_unlock(&cache->lock);
    return count;
}
