/* Streams a text: reads it in blocks, decodes, cleans and cuts it. Memory grows only with the
 * longest word. */
#ifndef RECUR_DATA_TEXT_STREAM_H
#define RECUR_DATA_TEXT_STREAM_H

#include <stdbool.h>

#include "data/cutter.h"

/* Where a text stands at the beginning of a block: with a place, the reading of a text can go on
 * there. All zero is the beginning of a text. */
struct recur_text_place {
    uint64_t read;     /* bytes of the text, unpacked and in UTF-8, that were read before */
    uint64_t checksum; /* of these bytes */
    char raw[8];       /* the beginning of a character, `raw_size` bytes, that was cut */
    size_t raw_size;
    char
        *text; /* clean text, `text_size` bytes: the beginning of a token that was cut; allocated */
    size_t text_size, text_capacity;
    bool open_line, in_line, gap, space_after, spaced;
    recur_text_stats stats; /* of what was read before, other texts included */
    uint64_t marks;
};

struct recur_raw_text {
    const char *path;  /* "-" is standard input; NULL: the bytes below */
    const char *bytes; /* `size` of them */
    size_t size;
    size_t block; /* bytes to read at once; 0: a fast choice */
    /* If not 0: a text that may have no end, a pipe or a device, is read until `stats` has so many
     * tokens. */
    uint64_t most;
    uint64_t *marks; /* counts marks that were left out within the text; may be NULL */
    /* If not NULL: reading begins there, and the place follows it from block to block. `stats` and
     * `*marks` are those of the place. Only for files. */
    struct recur_text_place *place;
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
