/* Streams a text: reads it in blocks, decodes, cleans and cuts it. Memory grows only with the
 * longest word. */
#ifndef RECUR_DATA_TEXT_STREAM_H
#define RECUR_DATA_TEXT_STREAM_H

#include <stdbool.h>

#include "data/cutter.h"

struct recur_raw_text {
    const char *path;  /* "-" is standard input; NULL: the bytes below */
    const char *bytes; /* `size` of them */
    size_t size;
    size_t block; /* bytes to read at once; 0: a fast choice */
    /* If not 0: a text that may have no end, a pipe or a device, is read until `stats` has so many
     * tokens. */
    uint64_t most;
    uint64_t *marks; /* counts marks that were left out within the text; may be NULL */
};

/* Takes `config` or, where it is NULL, the defaults. ARGUMENT where a setting is out of range. */
enum recur_status recur_text_take_config(const recur_text_config *config, recur_text_config *taken,
                                         recur_error *error);

/* Cuts the whole text and adds its counts to `stats`. `by_line`: a chunk ends where a line ends,
 * and long lines come in several chunks; otherwise lines do not matter and no chunk has `line_end`.
 * `config` NULL: defaults. Errors: FILE, MEMORY, ARGUMENT, and what `chunk` returns. */
enum recur_status recur_text_stream(const struct recur_raw_text *raw_text,
                                    const recur_text_config *config, bool by_line,
                                    recur_chunk_fn *chunk, void *user, recur_text_stats *stats,
                                    recur_error *error);

/* The same, but each chunk is one whole line: memory grows with the longest line. `*stats` (may be
 * NULL) is written on success. */
enum recur_status recur_text_lines(const struct recur_raw_text *raw_text,
                                   const recur_text_config *config, recur_line_fn *line, void *user,
                                   recur_text_stats *stats, recur_error *error);

#endif
