/* The ids of a store's shards as one array: the shards' files are mapped one behind the other into
 * a reserved range of addresses, so that nothing is copied and only what is read is in memory. */
#ifndef RECUR_DATA_MAPPING_H
#define RECUR_DATA_MAPPING_H

#include "data/shard.h"
#include "recur/corpus.h"

struct recur_mapping {
    void *base;
    size_t bytes; /* of the reserved range */
    uint32_t width;
    uint64_t fingerprint;
    uint64_t unknown; /* how many of the ids are RECUR_UNKNOWN */
};

/* What a store's index says of its shards. */
struct recur_shards {
    const char *folder;
    size_t each;     /* ids of each, fewer in the last: a multiple of RECUR_SHARD_PAGE */
    uint64_t tokens; /* ids of all of them */
    uint32_t width;
    size_t vocabulary;         /* V: ids are below it */
    const uint64_t *checksums; /* of each shard's ids */
};

/* The path of a shard, allocated: free() it. `end` is ".ids" for the shards of a store. Errors:
 * MEMORY. */
enum recur_status recur_shard_path(const char *folder, uint64_t number, const char *end,
                                   char **path, recur_error *error);

/* Opens shard number `number` of the store and compares its header with the index. The caller
 * closes `*descriptor`. Errors: FILE, FORMAT, UNSUPPORTED, MEMORY. */
enum recur_status recur_shards_open(const struct recur_shards *shards, size_t number,
                                    struct recur_shard_header *header, int *descriptor,
                                    recur_error *error);

/* Maps the first `size` ids of the store, at least one. Errors: as of recur_shards_open; FILE where
 * a file cannot be mapped. */
enum recur_status recur_mapping_make(const struct recur_shards *shards, uint64_t size,
                                     struct recur_mapping *mapping, recur_error *error);
void recur_mapping_free(struct recur_mapping *mapping);

/* Copies ids. One that is `vocabulary` or more, as a damaged file could have, becomes
 * RECUR_UNKNOWN. */
void recur_mapping_read(const struct recur_mapping *mapping, size_t vocabulary, size_t first,
                        size_t count, int32_t *ids);

/* The corpus of the first `size` ids of a mapping, which it takes over also where it fails. */
enum recur_status recur_corpus_of_mapping(struct recur_mapping *mapping, size_t size,
                                          size_t vocabulary, const recur_text_stats *stats,
                                          uint64_t marks, recur_corpus **corpus,
                                          recur_error *error);

#endif
