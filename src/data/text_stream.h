/* A text in a stream: read in blocks, decoded, cleaned and cut, in memory that grows only with
 * the longest word. */
#ifndef RECUR_DATA_TEXT_STREAM_H
#define RECUR_DATA_TEXT_STREAM_H

#include <stdbool.h>

#include "data/cutter.h"

struct recur_raw_text {
    const char *path;  /* "-" is standard input; NULL: the bytes below */
    const char *bytes; /* `size` of them */
    size_t size;
    size_t block;  /* bytes read at once; 0: what is fast */
    uint64_t most; /* not 0: of what may have no end, a pipe or a device, reading ends when `stats`
                      has so many tokens */
    uint64_t
        *marks; /* byte order marks that were left out within the text are added; may be NULL */
};

/* The settings to read with: `config`, or where it is NULL the defaults. ARGUMENT where they are
 * out of range. */
enum recur_status recur_text_take_config(const recur_text_config *config, recur_text_config *taken,
                                         recur_error *error);

/* Cuts the whole text and adds what was met to `stats`. `by_line`: a chunk ends where a line
 * ends, and long lines come in several chunks; else lines do not matter and no chunk has
 * `line_end`. `config` NULL: defaults. Errors: FILE, MEMORY, ARGUMENT, and whatever
 * `chunk` returns. */
enum recur_status recur_text_stream(const struct recur_raw_text *raw_text,
                                    const recur_text_config *config, bool by_line,
                                    recur_chunk_fn *chunk, void *user, recur_text_stats *stats,
                                    recur_error *error);

/* The same, whole lines at a time: memory grows with the longest line. `*stats` (may be NULL) is
 * written on success. */
enum recur_status recur_text_lines(const struct recur_raw_text *raw_text,
                                   const recur_text_config *config, recur_line_fn *line, void *user,
                                   recur_text_stats *stats, recur_error *error);

#endif
