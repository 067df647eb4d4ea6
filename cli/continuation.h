/* Prefixes and what a model makes of them while it is trained. */
#ifndef CONTINUATION_H
#define CONTINUATION_H

#include <stdio.h>

#include "recur/corpus.h"
#include "recur/generate.h"

enum { CONTINUATION_TOKENS = 50, PREFIX_ROOM = 64 };

/* The prefix and its most probable continuation by 50 tokens, allocated and terminated. */
enum recur_status recur_continuation(const recur_model *model, const char *prefix, char **text,
                                     recur_error *error);

/* The text on one line: line feeds as an arrow (U+21B5), other control characters as spaces. */
void recur_print_line(FILE *stream, const char *text);

/* The first words of a text, to have something to continue; empty where they are unknown. */
void recur_first_words(const recur_corpus *corpus, const recur_vocab *vocab,
                       char prefix[PREFIX_ROOM]);

#endif
