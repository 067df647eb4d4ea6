#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, MAP_NORESERVE */
#include "data/mapping.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/rng.h"

enum { NAME_ROOM = 40 };

enum recur_status recur_shard_path(const char *folder, uint64_t number, const char *end,
                                   char **path, recur_error *error)
{
    size_t room = strlen(folder) + NAME_ROOM;
    RECUR_TRY(recur_alloc(room, 1, "a file name", path, error));
    snprintf(*path, room, "%s/%05" PRIu64 "%s", folder, number, end);
    return RECUR_OK;
}

/* Is the shard the one that the index lists? */
static enum recur_status compare(const char *path, const struct recur_shards *shards, size_t number,
                                 const struct recur_shard_header *header, recur_error *error)
{
    recur_printable name = recur_show_name(path);
    uint64_t left = shards->tokens - (uint64_t)number * shards->each;
    uint64_t count = left < shards->each ? left : shards->each;
    if (header->number != number)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "%s is shard %" PRIu64 " of a store, but shard %zu belongs there",
                          name.text, header->number, number);
    if (header->count != count || header->width != shards->width)
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "%s belongs to another store: it has %" PRIu64 " ids of %" PRIu32
                          " byte%s, the index says %" PRIu64 " of %" PRIu32,
                          name.text, header->count, header->width, recur_plural(header->width),
                          count, shards->width);
    if (header->checksum != shards->checksums[number])
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "%s belongs to another store: the index has another checksum for it",
                          name.text);
    return RECUR_OK;
}

enum recur_status recur_shards_open(const struct recur_shards *shards, size_t number,
                                    struct recur_shard_header *header, int *descriptor,
                                    recur_error *error)
{
    char *path;
    RECUR_TRY(recur_shard_path(shards->folder, number, ".ids", &path, error));
    enum recur_status status = recur_shard_open(path, header, descriptor, error);
    if (status == RECUR_OK) {
        status = compare(path, shards, number, header, error);
        if (status != RECUR_OK)
            close(*descriptor);
    }
    free(path);
    return status;
}

static enum recur_status fail_map(const struct recur_shards *shards, size_t bytes,
                                  recur_error *error)
{
    return recur_fail(error, RECUR_ERROR_FILE, "cannot map %zu bytes of %s: %s", bytes,
                      recur_show_name(shards->folder).text, strerror(errno));
}

/* Counts the ids [first, first + count) that are RECUR_UNKNOWN. */
static uint64_t count_unknown(const struct recur_mapping *mapping, size_t first, size_t count)
{
    uint64_t unknown = 0;
    int32_t id;
    for (size_t i = 0; i < count; i++) {
        recur_mapping_read(mapping, (size_t)INT32_MAX, first + i, 1, &id);
        unknown += id == RECUR_UNKNOWN;
    }
    return unknown;
}

/* Maps shard `number`, of which the corpus has the first `kept` ids, or all. */
static enum recur_status map_shard(const struct recur_shards *shards, size_t number, uint64_t kept,
                                   struct recur_mapping *mapping, recur_error *error)
{
    struct recur_shard_header header;
    int descriptor;
    RECUR_TRY(recur_shards_open(shards, number, &header, &descriptor, error));
    size_t bytes = (size_t)header.count * header.width;
    size_t first = number * shards->each;
    void *to = (char *)mapping->base + first * shards->width;
    void *at = mmap(to, bytes, PROT_READ, MAP_SHARED | MAP_FIXED, descriptor, RECUR_SHARD_PAGE);
    enum recur_status status = at == to ? RECUR_OK : fail_map(shards, bytes, error);
    close(descriptor);
    mapping->fingerprint = recur_mix64(mapping->fingerprint ^ header.checksum);
    if (status == RECUR_OK)
        mapping->unknown +=
            kept < header.count ? count_unknown(mapping, first, (size_t)kept) : header.unknown;
    return status;
}

enum recur_status recur_mapping_make(const struct recur_shards *shards, uint64_t size,
                                     struct recur_mapping *mapping, recur_error *error)
{
    size_t count = (size_t)((size - 1) / shards->each) + 1;
    size_t bytes = recur_size_mul(recur_size_mul(count, shards->each), shards->width);
    long page = sysconf(_SC_PAGESIZE);
    if (page <= 0 || RECUR_SHARD_PAGE % (size_t)page != 0)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "this system has pages of %ld bytes, and stores are made for pages of up "
                          "to %zu",
                          page, RECUR_SHARD_PAGE);
    void *base = bytes < PTRDIFF_MAX ? mmap(NULL, bytes, PROT_NONE,
                                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                                     : MAP_FAILED;
    if (base == MAP_FAILED)
        return recur_fail_memory(error, bytes, "the addresses of a store");
    *mapping = (struct recur_mapping){
        .base = base, .bytes = bytes, .width = shards->width, .fingerprint = recur_mix64(size)};
    enum recur_status status = RECUR_OK;
    for (size_t i = 0; i < count && status == RECUR_OK; i++)
        status = map_shard(shards, i, size - i * shards->each, mapping, error);
    if (status != RECUR_OK)
        recur_mapping_free(mapping);
    return status;
}

void recur_mapping_free(struct recur_mapping *mapping)
{
    if (mapping->base)
        munmap(mapping->base, mapping->bytes);
    mapping->base = NULL;
}

void recur_mapping_read(const struct recur_mapping *mapping, size_t vocabulary, size_t first,
                        size_t count, int32_t *ids)
{
    const uint8_t *bytes = mapping->base;
    const uint16_t *pairs = mapping->base;
    const uint32_t *fours = mapping->base;
    for (size_t i = 0; i < count; i++) {
        size_t at = first + i;
        uint32_t id = mapping->width == 1 ? bytes[at] : mapping->width == 2 ? pairs[at] : fours[at];
        ids[i] = id < vocabulary ? (int32_t)id : RECUR_UNKNOWN;
    }
}
