/* recur/features.h - what a recurrent layer makes of each token of a text.
 *
 *     struct sink sink = {recur_features_width(model, layer), 0, 0};
 *     enum recur_status status = recur_corpus_encode(&path, 1, vocab, 0, &corpus, error);
 *     if (status == RECUR_OK)
 *         status = recur_features(model, corpus, layer, 0, take, &sink, error);
 *
 * where this receives the rows:
 *
 *     static enum recur_status take(void *user, const float *rows, size_t count,
 *                                   recur_error *error)
 *     {
 *         struct sink *sink = user;
 *         (void)error;
 *         for (size_t i = 0; i < count * sink->width; i++)
 *             sink->squares += (double)rows[i] * (double)rows[i];
 *         sink->tokens += count;
 *         return RECUR_OK;
 *     }
 *
 * Each token has one row: the layer's state after the token, H numbers. In a bidirectional model H
 * more follow: the backward direction's state after it has read the text from its end up to the
 * same token. Both states have read the token itself.
 *
 * Threads: model and corpus are only read; any number of threads may compute features at the same
 * time. */
#ifndef RECUR_FEATURES_H
#define RECUR_FEATURES_H

#include "recur/corpus.h"
#include "recur/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Receives the next `count` rows, (count, recur_features_width), in the text's order and on the
 * caller's thread; valid during the call. It goes on, stops or fails as recur/status.h says. */
typedef enum recur_status recur_rows_fn(void *user, const float *rows, size_t count,
                                        recur_error *error);

/* How many numbers a row of layer `layer` has (from 0, the lowest, up): H or 2H; 0 where there is
 * no such layer. */
RECUR_API size_t recur_features_width(const recur_model *model, size_t layer);

/* Hands over a row for every token of the corpus, in bounded memory. One direction reads the text
 * from its first token to its last. Both read windows with at least 64 tokens on either side, or
 * all there are, of every token that counts. `threads` 0: as many as the process may use. Errors:
 * ARGUMENT (a larger vocabulary than the model's, no such layer), MEMORY, DIVERGED where weights
 * are so large that a state is not finite, and whatever `rows` returns. */
RECUR_API enum recur_status recur_features(const recur_model *model, const recur_corpus *corpus,
                                           size_t layer, size_t threads, recur_rows_fn *rows,
                                           void *user, recur_error *error);

/* Writes the rows to a file, whole or not at all: an array (tokens, width) of 32-bit numbers, as
 * NumPy's format where the path ends in .npy, as the tensor "features" where it ends in
 * .safetensors; to standard output, "-", in NumPy's. A temporary neighbour is written and renamed.
 * Errors: as above; ARGUMENT for any other ending; FILE. */
RECUR_API enum recur_status recur_features_save(const recur_model *model,
                                                const recur_corpus *corpus, size_t layer,
                                                size_t threads, const char *path,
                                                recur_error *error);

/* The name of what recur_gates writes as number `gate` of a cell: "i", "f", "g", "o", "c" of an
 * lstm, "r", "z", "n" of the grus, those with layer normalisation likewise; NULL behind the last
 * one. An rnn has none. */
RECUR_API const char *recur_gate_name(enum recur_cell cell, size_t gate);

/* Writes how the units of layer `layer` come to their states: for each token of the corpus the
 * gates of the cell, as recur_gate_name numbers them, (tokens, gates, H). It computes them with
 * plain loops from the states that recur_features hands out, equal to the backend's but for
 * rounding; it is for looking at some thousand tokens. Only in one direction. Errors: as
 * recur_features; UNSUPPORTED for a bidirectional model, and for a cell that has no names of gates.
 */
RECUR_API enum recur_status recur_gates(const recur_model *model, const recur_corpus *corpus,
                                        size_t layer, size_t threads, float *gates,
                                        recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
