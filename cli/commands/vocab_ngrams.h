/* recur vocab --ngrams: shows the most frequent n-grams, and Zipf's law. */
#ifndef RECUR_CLI_COMMANDS_VOCAB_NGRAMS_H
#define RECUR_CLI_COMMANDS_VOCAB_NGRAMS_H

#include "common/command.h"
#include "json.h"
#include "recur/ngrams.h"

/* The 1-grams, 2-grams and so on, up to `longest`, of a text. */
struct text_ngrams {
    const recur_corpus *corpus;
    const recur_vocab *vocab;
    size_t longest;                             /* the largest n */
    recur_ngrams *counts[RECUR_NGRAMS_LONGEST]; /* [0]: the 1-grams, ... */
};

/* Counts the n-grams and keeps the `top` most frequent for each n. Call recur_text_ngrams_free in
 * any case. */
enum recur_status recur_text_ngrams_count(struct text_ngrams *ngrams, size_t top,
                                          recur_error *error);
void recur_text_ngrams_free(struct text_ngrams *ngrams);

/* Prints them: lists, counts by rank, exponents of the fit, a picture. */
void recur_text_ngrams_print(const struct text_ngrams *ngrams);

/* Puts the same as a JSON array, without the picture. */
void recur_text_ngrams_put(recur_json_writer *json, const char *key,
                           const struct text_ngrams *ngrams);

#endif
