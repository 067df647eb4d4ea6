/* recur/sample_text.h - the text that is built into the library: an original story, so that a
 * first training run needs no file.
 *
 *     size_t size;
 *     const char *story = recur_sample_text(&size);
 *     return recur_corpus_build_memory(story, size, &config, corpus, vocab, error);
 *
 * Threads: any, at any time. */
#ifndef RECUR_SAMPLE_TEXT_H
#define RECUR_SAMPLE_TEXT_H

#include <stddef.h>

#include "recur/api.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The story, UTF-8, static storage; `*size` (may be NULL) receives its length in bytes. */
RECUR_API const char *recur_sample_text(size_t *size);

#ifdef __cplusplus
}
#endif

#endif
