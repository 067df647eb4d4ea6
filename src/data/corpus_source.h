/* A corpus from any mixture of sources. */
#ifndef RECUR_DATA_CORPUS_SOURCE_H
#define RECUR_DATA_CORPUS_SOURCE_H

#include "data/text_stream.h"
#include "recur/corpus.h"

/* recur_corpus_build for sources, read as one text. */
enum recur_status recur_corpus_build_sources(const struct recur_text_source *sources, size_t count,
                                             const recur_corpus_config *config,
                                             recur_corpus **corpus, recur_vocab **vocab,
                                             recur_error *error);

#endif
