/* Writes text of a file or a model to a stream: unchanged to a pipe or a file, escaped on a
 * terminal, so that the terminal shows it and does not obey it. */
#ifndef RECUR_CLI_COMMON_TEXT_OUT_H
#define RECUR_CLI_COMMON_TEXT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A text being written, of which characters may come in pieces. */
struct text_out {
    FILE *stream;
    bool terminal;
    char held[4]; /* the start of a character, or a carriage return: it waits for what follows */
    size_t held_size;
};

struct text_out recur_text_out(FILE *stream);

/* A terminal gets line ends and tabs; other control characters, and those that turn the direction
 * of writing, as recur_show writes them; what is no UTF-8 as U+FFFD. Returns false where the stream
 * has failed. */
bool recur_text_put(struct text_out *out, const char *bytes, size_t size);

/* Puts out what is held of a character that nothing completes; another text may follow. */
bool recur_text_end(struct text_out *out);

/* A whole text on a line of its own, its line feeds as arrows (U+21B5). */
void recur_text_line(FILE *stream, const char *bytes, size_t size);

#endif
