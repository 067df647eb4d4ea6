/* The files of a store beside its shards (docs/formats.md#stores). */
#ifndef RECUR_IO_STORE_INDEX_H
#define RECUR_IO_STORE_INDEX_H

#include "data/mapping.h"
#include "recur/store.h"
#include "json/json.h"

#define RECUR_STORE_INDEX "store.json"
#define RECUR_STORE_VOCAB "vocabulary.json"
/* Of a store that is being made: what it is made of; the ids of the tokens by their numbers in
 * order of first appearance. A shard of such numbers ends in ".raw". */
#define RECUR_STORE_WORK "work.json"
#define RECUR_STORE_NUMBERS "numbers"
/* The most ids of a shard. */
#define RECUR_STORE_SHARD_MOST ((uint64_t)1 << 30)

struct recur_store_index {
    recur_store_info info;
    uint64_t marks;
    uint64_t vocab_bytes, vocab_checksum; /* of the file of the vocabulary */
    uint64_t *checksums;                  /* (info.shards), of each shard's ids; allocated */
};

void recur_store_index_free(struct recur_store_index *index);

/* Parses an index. Sentences do not name the file. Errors: FORMAT, UNSUPPORTED, MEMORY. */
enum recur_status recur_store_index_parse(const char *text, size_t size,
                                          struct recur_store_index *index, recur_error *error);
/* Reads the index of a folder. Errors: FILE too. */
enum recur_status recur_store_index_read(const char *folder, struct recur_store_index *index,
                                         recur_error *error);
/* Writes it, whole or not at all. Errors: FILE, MEMORY. */
enum recur_status recur_store_index_write(const char *folder, const struct recur_store_index *index,
                                          recur_error *error);

/* Writes the vocabulary. Errors: FILE, MEMORY, UNSUPPORTED where a token is no UTF-8. */
enum recur_status recur_store_vocab_write(const char *folder, const recur_vocab *vocab,
                                          recur_error *error);
/* Sets the size and the checksum of that file in the index. Errors: FILE, MEMORY. */
enum recur_status recur_store_vocab_measure(const char *folder, struct recur_store_index *index,
                                            recur_error *error);
/* Reads it; it is the one that the index describes. Errors: FILE, FORMAT, MEMORY. */
enum recur_status recur_store_vocab_read(const char *folder, const struct recur_store_index *index,
                                         recur_vocab **vocab, recur_error *error);

/* The path of a file in the folder, allocated. Errors: MEMORY. */
enum recur_status recur_store_path(const char *folder, const char *name, char **path,
                                   recur_error *error);
/* Is there such a file in the folder? */
bool recur_store_has(const char *folder, const char *name);
/* Reads a whole file of the folder; free(*bytes). Errors: FILE, MEMORY. */
enum recur_status recur_store_load(const char *folder, const char *name, unsigned char **bytes,
                                   size_t *size, recur_error *error);
/* Writes a whole file of the folder. Errors: FILE, MEMORY. */
enum recur_status recur_store_save(const char *folder, const char *name, const void *bytes,
                                   size_t size, recur_error *error);

/* The shards that an index lists. */
struct recur_shards recur_store_shards(const char *folder, const struct recur_store_index *index);

#endif
