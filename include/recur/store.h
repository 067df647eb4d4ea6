/* recur/store.h - a text as ids on disk, for corpora larger than memory.
 *
 *     recur_store_config config = recur_store_config_default();
 *     config.text = text;
 *     enum recur_status status = recur_store_make(paths, count, &config, folder, error);
 *     if (status == RECUR_OK)
 *         status = recur_store_open(folder, NULL, corpus, vocab, error);
 *
 * A store is a folder: the ids in shards of one size, the vocabulary, and an index with checksums
 * of all of it, which is written last (docs/formats.md#stores). A corpus that was opened from a
 * store maps the shards into memory: nothing is copied, the system reads what is used and takes the
 * memory back when it needs it. It serves whatever a corpus in memory serves, with the same ids and
 * so with the same bits.
 *
 * The files of an open store must stay as they are. What is damaged after it was checked gives
 * other ids, never ids outside of the vocabulary; where a file becomes shorter, or its disk fails,
 * the system ends the program with SIGBUS.
 *
 * Threads: two makers of one store do not get in each other's way: the second one fails. */
#ifndef RECUR_STORE_H
#define RECUR_STORE_H

#include "recur/corpus.h"
#include "recur/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a store is made. What it points to is read during the call only. */
typedef struct recur_store_config {
    size_t size;                     /* as recur_store_config_default() sets it; leave it alone */
    const recur_text_config *text;   /* how the text is cut; NULL, the default: the defaults */
    const recur_vocab_config *vocab; /* what the dictionary takes in; NULL, the default: likewise */
    recur_vocab *known; /* a dictionary that exists; NULL, the default: one is made of the text. Of
                           `text` only the encoding is read then, and `vocab` is not */
    uint64_t shard_ids; /* ids of each shard, a multiple of 65 536, at most 2^30; default 2^24 */
    recur_progress_fn *watch; /* is told now and then how many of the ids are final; default NULL */
    void *user;               /* the first parameter of `watch` */
} recur_store_config;

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_store_config_init(recur_store_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_store_config recur_store_config_default(void)
{
    recur_store_config config;
    recur_store_config_init(&config, sizeof config);
    return config;
}

/* Reads `count` files ("-" is standard input) as one text, once, and makes a store of it in
 * `folder`, which need not exist. Byte pairs are learnt first, unless `known` is given: then the
 * files are read twice, and none may be a pipe. Ids and dictionary are those of recur_corpus_build.
 * Memory grows with the number of different tokens, not with the text. Where the work was cut
 * short, by a kill for example, the same call goes on behind the shards that are whole, if the
 * files have the sizes and times that they had; pipes and compressed files are read again up to
 * there and compared. `config` may be NULL: the defaults. Errors: FILE, MEMORY, FORMAT (a file is
 * no text, a shard of the unfinished work is damaged); ARGUMENT (settings out of range; byte pairs
 * of a pipe; a folder that holds a store, the unfinished work of other texts or settings, or
 * anything else; as of recur_vocab_build); DATA where there is not one token, none met `min_count`
 * times, or a text that is read again is another one; UNSUPPORTED where a token is no UTF-8. */
RECUR_API enum recur_status recur_store_make(const char *const *paths, size_t count,
                                             const recur_store_config *config, const char *folder,
                                             recur_error *error);

/* How a store is opened. */
typedef struct recur_store_open_config {
    size_t size;         /* as recur_store_open_config_default() sets it; leave it alone */
    uint64_t max_tokens; /* the corpus keeps the first so many ids; default 0: all */
    /* Of each `parts` shards that the corpus has the one with the number `part` is read and its
     * checksum compared; the program that runs in several processes lets each check its part.
     * `parts` 0: none is read, sizes and headers are compared alone. Default: part 0 of 1, all. */
    uint64_t part, parts;
    recur_progress_fn
        *watch; /* is told now and then how many of the ids are checked; default NULL */
    void *user; /* the first parameter of `watch` */
} recur_store_open_config;

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_store_open_config_init(recur_store_open_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_store_open_config recur_store_open_config_default(void)
{
    recur_store_open_config config;
    recur_store_open_config_init(&config, sizeof config);
    return config;
}

/* Opens a store. `config` may be NULL: the defaults. Both results belong to the caller:
 * recur_corpus_free, recur_vocab_free; the corpus keeps the files mapped, but not open. Its
 * fingerprint is made of the shards' checksums, so it is known at once, and is not that of the same
 * ids in memory. Errors: FILE (missing, unreadable), FORMAT (damaged, of another store, in another
 * shard's place, an unfinished store), UNSUPPORTED (of another version), ARGUMENT, MEMORY. */
RECUR_API enum recur_status recur_store_open(const char *folder,
                                             const recur_store_open_config *config,
                                             recur_corpus **corpus, recur_vocab **vocab,
                                             recur_error *error);

/* What a store's index says. */
typedef struct recur_store_info {
    uint64_t tokens;       /* ids of all shards */
    uint64_t unknown;      /* how many of them are RECUR_UNKNOWN */
    size_t vocabulary;     /* V */
    uint64_t shards;       /* how many there are */
    uint64_t shard_ids;    /* ids of each but the last */
    uint64_t id_bytes;     /* bytes of an id: 1, 2 or 4 */
    uint64_t files;        /* of the text */
    recur_text_stats text; /* what was met while the text was read */
} recur_store_info;

/* Reads a store's index and no more of it. Errors: FILE, FORMAT, UNSUPPORTED, MEMORY. */
RECUR_API enum recur_status recur_store_read_info(const char *folder, recur_store_info *info,
                                                  recur_error *error);

/* Whether the path is a folder that holds a store, one that is being made, or parts of one. */
RECUR_API bool recur_store_is(const char *path);

#ifdef __cplusplus
}
#endif

#endif
