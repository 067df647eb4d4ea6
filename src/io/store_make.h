/* Making a store: one pass over the text numbers the tokens in order of first appearance, or, with
 * a dictionary that exists, gives them their ids at once (store_make.c). Then the dictionary is
 * made, and each shard of numbers becomes a shard of ids (store_number.c). Whatever is finished is
 * in files, and work that was cut short goes on behind it. */
#ifndef RECUR_IO_STORE_MAKE_H
#define RECUR_IO_STORE_MAKE_H

#include "data/text_stream.h"
#include "data/token_kind.h"
#include "data/vocab_make.h"
#include "io/store_index.h"

/* Where the reading of the texts stands. */
struct recur_store_place {
    uint64_t file;                /* number of the text */
    struct recur_text_place text; /* its last block, */
    uint64_t skip;                /* of which so many ids were kept already */
};

/* The work on one store. */
struct recur_store_work {
    const char *folder;
    bool fresh; /* it begins here, and no earlier work is continued */
    recur_store_config config;
    recur_text_config text;
    recur_vocab_config dictionary;
    struct recur_token_table counted; /* the tokens by their numbers, unless `config.known` */
    struct recur_id_list ids;         /* with `config.known`: a chunk's ids */
    size_t told;                      /* how many tokens of `counted` the shards' tails have */
    uint32_t *shard;                  /* (config.shard_ids): the shard that is being filled */
    size_t filled;
    uint64_t number;  /* of that shard */
    uint64_t unknown; /* of its ids */
    struct recur_store_place place;
    uint64_t block, in_block; /* which block the ids come from, and how many came from it */
    recur_text_stats stats;
    uint64_t marks;
};

/* Bytes that are written one after the other. All zero is empty; `bytes` is allocated. */
struct recur_store_bytes {
    unsigned char *bytes;
    size_t size, capacity;
};
enum recur_status recur_store_put(struct recur_store_bytes *to, const void *bytes, size_t size,
                                  recur_error *error);
enum recur_status recur_store_put_u64(struct recur_store_bytes *to, uint64_t value,
                                      recur_error *error);

/* Bytes that are read one after the other. `short_of` is set where there are too few. */
struct recur_store_reader {
    const unsigned char *at;
    size_t left;
    bool short_of;
};
uint64_t recur_store_get_u64(struct recur_store_reader *from);
const void *recur_store_get(struct recur_store_reader *from, uint64_t size); /* NULL: too few */

enum recur_status recur_store_put_stats(struct recur_store_bytes *to, const recur_text_stats *stats,
                                        uint64_t marks, recur_error *error);
void recur_store_get_stats(struct recur_store_reader *from, recur_text_stats *stats,
                           uint64_t *marks);

/* The tail of a shard: the place behind its last id, and the tokens of `counted` from `told` on. */
enum recur_status recur_store_tail_put(const struct recur_store_work *work,
                                       struct recur_store_bytes *tail, recur_error *error);
/* Takes a tail up: the place, and the tokens, which are added to `counted`. Errors: MEMORY; FORMAT
 * for what cannot be a tail. */
enum recur_status recur_store_tail_take(struct recur_store_work *work, const unsigned char *bytes,
                                        size_t size, recur_error *error);

/* Makes the dictionary of what was counted, `*vocabulary` entries, and gives all shards their ids;
 * goes on where that was begun before. */
enum recur_status recur_store_number(struct recur_store_work *work, size_t *vocabulary,
                                     recur_error *error);

/* Removes a file of the store, if it is there. */
void recur_store_remove(const struct recur_store_work *work, const char *name);
void recur_store_remove_shard(const struct recur_store_work *work, uint64_t number,
                              const char *end);

#endif
