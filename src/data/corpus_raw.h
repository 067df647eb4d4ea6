/* A corpus of files and of bytes in memory, also of both together. */
#ifndef RECUR_DATA_CORPUS_RAW_H
#define RECUR_DATA_CORPUS_RAW_H

#include "data/text_stream.h"
#include "recur/corpus.h"

/* As recur_corpus_build, for several raw texts that are read as one. */
enum recur_status recur_corpus_build_raw(const struct recur_raw_text *texts, size_t count,
                                         const recur_corpus_config *config, recur_corpus **corpus,
                                         recur_vocab **vocab, recur_error *error);

/* Fails because `count` texts, the first of which is `path` (NULL: bytes in memory), have not one
 * token. */
enum recur_status recur_corpus_fail_empty(const char *path, size_t count,
                                          const recur_text_config *config,
                                          const recur_text_stats *stats, recur_error *error);

#endif
