/* recur/batches.h - minibatches of B sequences of T time steps over a corpus.
 *
 *     recur_batches_start(batches, epoch);
 *     while (recur_batches_next(batches, x, y)) ...
 *
 * Targets are the inputs shifted by one; every id is an input at most once an epoch. Each epoch
 * starts at a fresh random offset (D2L book, "Language Models and the Dataset"):
 * - sequential: an offset of 0..T tokens; the rest is laid out as B parallel streams and cut into
 *   minibatches of T steps, so that stream b of one minibatch goes on in stream b of the next;
 * - random: an offset of 0..T-1 tokens; the rest is cut into subsequences of T, shuffled. */
#ifndef RECUR_BATCHES_H
#define RECUR_BATCHES_H

#include "recur/corpus.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct recur_batches recur_batches;

enum recur_sampling {
    RECUR_SAMPLING_SEQUENTIAL, /* the hidden state is carried from minibatch to minibatch */
    RECUR_SAMPLING_RANDOM,     /* the hidden state starts at zero in each minibatch */
};

typedef struct recur_batches_config {
    size_t batch;                 /* B; default 32 */
    size_t steps;                 /* T; default 35 */
    enum recur_sampling sampling; /* default sequential */
    uint64_t seed;                /* of offsets and shuffling; default 1 */
    size_t first, count;          /* the part of the corpus to use; default 0, 0: all of it */
} recur_batches_config;

RECUR_API recur_batches_config recur_batches_config_default(void);

/* The corpus must outlive the batches. Errors: MEMORY; ARGUMENT for B or T of 0 or
 * a part outside the corpus; DATA where the
 * text is shorter than one minibatch of B x T + 1 tokens: the sentence says how much is needed. */
RECUR_API enum recur_status recur_batches_create(const recur_corpus *corpus,
                                                 const recur_batches_config *config,
                                                 recur_batches **batches, recur_error *error);
RECUR_API void recur_batches_free(recur_batches *batches); /* NULL is fine */

/* Starts epoch number `epoch` (from 0): draws its offset and order from (seed, epoch) alone, so
 * that any epoch can be replayed. Returns how many minibatches it has, at least 1. */
RECUR_API size_t recur_batches_start(recur_batches *batches, uint64_t epoch);

/* Writes the next minibatch, inputs x and targets y, each (T, B), and returns 1; returns 0 at the
 * end of the epoch. */
RECUR_API int recur_batches_next(recur_batches *batches, int32_t *x, int32_t *y);

/* Passes over the epoch's next `count` minibatches, or over those that are left. */
RECUR_API void recur_batches_skip(recur_batches *batches, size_t count);

/* Names as the command line spells them: "sequential", "random". */
RECUR_API const char *recur_sampling_name(enum recur_sampling sampling);
RECUR_API enum recur_status recur_sampling_parse(const char *name, enum recur_sampling *sampling,
                                                 recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
