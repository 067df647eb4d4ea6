/* recur/corpus.h - a text as ids: 2 bytes each, 4 where the vocabulary is larger than 65 536.
 *
 *     const char *paths[] = {path};
 *     recur_corpus *corpus = NULL;
 *     recur_vocab *vocab = NULL;
 *     recur_text_config text = recur_text_config_default();
 *     recur_corpus_config config = recur_corpus_config_default();
 *     text.tokens = RECUR_TOKENS_WORD;
 *     text.clean = RECUR_CLEAN_LETTERS;
 *     config.text = &text;
 *     enum recur_status status = recur_corpus_build(paths, 1, &config, &corpus, &vocab, error);
 *     if (status == RECUR_OK) {
 *         print_dictionary(vocab);
 *         status = print_pairs(corpus, vocab, error);
 *     }
 *     if (status == RECUR_OK)
 *         status = print_minibatches(corpus, error);
 *     recur_vocab_free(vocab);
 *     recur_corpus_free(corpus);
 *
 * Reading, cleaning, counting and encoding run in one stream, so only the ids and the dictionary
 * take memory.
 *
 * Threads: a corpus never changes once it is made; any number of threads may read it. */
#ifndef RECUR_CORPUS_H
#define RECUR_CORPUS_H

#include "recur/vocab.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A text as ids; opaque. */
typedef struct recur_corpus recur_corpus;

/* How a text is read. What it points to is read during the call only. */
typedef struct recur_corpus_config {
    size_t size;                     /* as recur_corpus_config_default() sets it; leave it alone */
    const recur_text_config *text;   /* how the text is cut; NULL, the default: the defaults */
    const recur_vocab_config *vocab; /* what the dictionary takes in; NULL, the default: likewise */
    uint64_t max_tokens; /* the corpus keeps the first so many ids; the dictionary is made of the
                            whole text all the same, as in the book, but what may have no end, a
                            pipe or a device, is read so far and no further; default 0: all */
} recur_corpus_config;

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_corpus_config_init(recur_corpus_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_corpus_config recur_corpus_config_default(void)
{
    recur_corpus_config config;
    recur_corpus_config_init(&config, sizeof config);
    return config;
}

/* Reads `count` files ("-" is standard input) as one text, makes the vocabulary and the ids.
 * `config` may be NULL: the defaults. Both results belong to the caller: recur_corpus_free,
 * recur_vocab_free. Errors: FILE, MEMORY, ARGUMENT (see recur_vocab_build; settings out of range),
 * DATA where there is not one token, or none met `min_count` times. */
RECUR_API enum recur_status recur_corpus_build(const char *const *paths, size_t count,
                                               const recur_corpus_config *config,
                                               recur_corpus **corpus, recur_vocab **vocab,
                                               recur_error *error);

/* The same for a text of `size` bytes in memory, which is not kept. */
RECUR_API enum recur_status recur_corpus_build_memory(const char *bytes, size_t size,
                                                      const recur_corpus_config *config,
                                                      recur_corpus **corpus, recur_vocab **vocab,
                                                      recur_error *error);

/* Encodes `count` files with a vocabulary that exists; tokens it lacks become RECUR_UNKNOWN.
 * `max_tokens` as above. The corpus belongs to the caller and does not need the vocabulary any
 * more. Errors: FILE, MEMORY, DATA where there is not one token. */
RECUR_API enum recur_status recur_corpus_encode(const char *const *paths, size_t count,
                                                recur_vocab *vocab, uint64_t max_tokens,
                                                recur_corpus **corpus, recur_error *error);

/* The same with `config->max_tokens` and `config->text->encoding`; its other settings are not read,
 * for they are the vocabulary's. `config` may be NULL: the defaults. Errors: ARGUMENT too, as of
 * recur_text_read. */
RECUR_API enum recur_status recur_corpus_encode_files(const char *const *paths, size_t count,
                                                      recur_vocab *vocab,
                                                      const recur_corpus_config *config,
                                                      recur_corpus **corpus, recur_error *error);

/* Wraps a copy of `count` ids, all of them from 0 up and below `vocabulary_size`. The corpus
 * belongs to the caller. Errors: MEMORY, ARGUMENT. */
RECUR_API enum recur_status recur_corpus_from_ids(const int32_t *ids, size_t count,
                                                  size_t vocabulary_size, recur_corpus **corpus,
                                                  recur_error *error);

/* Releases a corpus; NULL is fine. */
RECUR_API void recur_corpus_free(recur_corpus *corpus);

/* How many ids there are. */
RECUR_API size_t recur_corpus_size(const recur_corpus *corpus);

/* V: every id is below it. */
RECUR_API size_t recur_corpus_vocabulary_size(const recur_corpus *corpus);

/* What was met while reading; `tokens` can be more than the corpus kept. It belongs to the corpus.
 */
RECUR_API const recur_text_stats *recur_corpus_stats(const recur_corpus *corpus);

/* How many byte order marks (U+FEFF) were left out of the files, but for those at their starts:
 * where files were joined. */
RECUR_API uint64_t recur_corpus_marks(const recur_corpus *corpus);

/* How many of the kept ids are RECUR_UNKNOWN. */
RECUR_API size_t recur_corpus_unknown(const recur_corpus *corpus);

/* Copies ids [first, first + count) to `ids`, the caller's; the range must lie inside the corpus.
 */
RECUR_API void recur_corpus_read(const recur_corpus *corpus, size_t first, size_t count,
                                 int32_t *ids);

/* A number by which to know the same ids again: any single id changed gives another one. Reads the
 * whole corpus. */
RECUR_API uint64_t recur_corpus_fingerprint(const recur_corpus *corpus);

#ifdef __cplusplus
}
#endif

#endif
