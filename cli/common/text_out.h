/* Writes text from a file or a model to a stream: unchanged to a pipe or a file, escaped to a
 * terminal, so that the terminal shows the text and does not obey it. */
#ifndef RECUR_CLI_COMMON_TEXT_OUT_H
#define RECUR_CLI_COMMON_TEXT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "recur/generate.h"

/* A text that is being written; a character may arrive in pieces. */
struct text_out {
    FILE *stream;
    bool terminal;
    char held[4]; /* held back until more arrives: the start of a character, or a carriage return */
    size_t held_size;
};

struct text_out recur_text_out(FILE *stream);

/* A terminal gets line ends and tabs unchanged. Other control characters, and those that turn the
 * direction of writing, are written as recur_show writes them; what is not UTF-8 becomes U+FFFD.
 * Returns false where the stream has failed. */
bool recur_text_put(struct text_out *out, const char *bytes, size_t size);

/* Writes what is held of a character that nothing completes. Another text may follow. */
bool recur_text_end(struct text_out *out);

/* Where a continuation is printed, and its last byte, which tells whether a line end is missing. */
struct text_sink {
    struct text_out out;
    bool failed;
    char last;
};

/* Writes a piece at once; `user` is the sink. RECUR_STOP where the stream has failed, which main
 * reports. */
recur_text_fn recur_text_sink_put;

/* Writes a whole text on one line, with its line feeds as arrows (U+21B5). */
void recur_text_line(FILE *stream, const char *bytes, size_t size);

#endif
