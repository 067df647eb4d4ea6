/* recur vocab --ngrams: the most frequent n-grams, and Zipf's law. */
#ifndef RECUR_CLI_COMMANDS_VOCAB_NGRAMS_H
#define RECUR_CLI_COMMANDS_VOCAB_NGRAMS_H

#include "common/command.h"
#include "json.h"
#include "recur/ngrams.h"

/* The 1-grams to the n-grams of a text. */
struct text_ngrams {
    const recur_corpus *corpus;
    const recur_vocab *vocab;
    size_t longest;                             /* n */
    recur_ngrams *counts[RECUR_NGRAMS_LONGEST]; /* [0]: the 1-grams, ... */
};

/* Counts them, keeping the `top` most frequent of each; recur_text_ngrams_free in any case. */
enum recur_status recur_text_ngrams_count(struct text_ngrams *ngrams, size_t top,
                                          recur_error *error);
void recur_text_ngrams_free(struct text_ngrams *ngrams);

/* Prints them: lists, counts by rank, fitted exponents, a picture. */
void recur_text_ngrams_print(const struct text_ngrams *ngrams);

/* The same as a JSON array, but for the picture. */
void recur_text_ngrams_put(recur_json_writer *json, const char *key,
                           const struct text_ngrams *ngrams);

#endif
