/* recur/batches.h - minibatches of B sequences of T time steps over a corpus.
 *
 *     recur_batches *batches;
 *     recur_batches_config config = recur_batches_config_default();
 *     config.batch = BATCH;
 *     config.steps = STEPS;
 *     enum recur_status status = recur_batches_create(corpus, &config, &batches, error);
 *     if (status != RECUR_OK)
 *         return status;
 *     int32_t x[STEPS * BATCH], y[STEPS * BATCH];
 *     for (uint64_t epoch = 0; epoch < 2; epoch++) {
 *         size_t count = recur_batches_start(batches, epoch);
 *         printf("epoch %d, minibatches: %zu\n", (int)epoch, count);
 *         while (recur_batches_next(batches, x, y))
 *             for (size_t b = 0; b < BATCH; b++)
 *                 for (size_t t = 0; t < STEPS; t++)
 *                     printf("%d -> %d%s", (int)x[t * BATCH + b], (int)y[t * BATCH + b],
 *                            t + 1 < STEPS ? ", " : "\n");
 *     }
 *     recur_batches_free(batches);
 *
 * Targets are the inputs shifted by one; every id is an input at most once an epoch. Each epoch
 * starts at a fresh random offset (D2L book, "Language Models and the Dataset"):
 * - sequential: an offset of 0..T tokens; the rest is laid out as B parallel streams and cut into
 *   minibatches of T steps, so that stream b of one minibatch goes on in stream b of the next;
 * - random: an offset of 0..T-1 tokens; the rest is cut into subsequences of T, shuffled. Up to
 *   2^24 of them take 8 bytes each, more take none.
 *
 * Threads: batches are used by one thread at a time; any number may share a corpus. */
#ifndef RECUR_BATCHES_H
#define RECUR_BATCHES_H

#include "recur/corpus.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Minibatches over a corpus, and where in the epoch they are; opaque. */
typedef struct recur_batches recur_batches;

/* How an epoch goes through the text. */
enum recur_sampling {
    RECUR_SAMPLING_SEQUENTIAL, /* the hidden state is carried from minibatch to minibatch */
    RECUR_SAMPLING_RANDOM,     /* the hidden state starts at zero in each minibatch */
};

/* What the minibatches are to be. */
typedef struct recur_batches_config {
    size_t size;                  /* as recur_batches_config_default() sets it; leave it alone */
    size_t batch;                 /* B; default 32 */
    size_t steps;                 /* T; default 35 */
    enum recur_sampling sampling; /* default sequential */
    uint64_t seed;                /* of offsets and shuffling; default 1 */
    size_t first, count;          /* the part of the corpus to use; default 0, 0: all of it */
} recur_batches_config;

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_batches_config_init(recur_batches_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_batches_config recur_batches_config_default(void)
{
    recur_batches_config config;
    recur_batches_config_init(&config, sizeof config);
    return config;
}

/* Plans minibatches over a corpus, which must outlive them. `config` may be NULL: the defaults.
 * `*batches` belongs to the caller: recur_batches_free. Errors: MEMORY; ARGUMENT for B or T of 0 or
 * a part outside the corpus; DATA where the text is shorter than one minibatch of B x T + 1 tokens:
 * the sentence says how much is needed. */
RECUR_API enum recur_status recur_batches_create(const recur_corpus *corpus,
                                                 const recur_batches_config *config,
                                                 recur_batches **batches, recur_error *error);

/* Releases the batches, not the corpus; NULL is fine. */
RECUR_API void recur_batches_free(recur_batches *batches);

/* Starts epoch number `epoch` (from 0): draws its offset and order from (seed, epoch) alone, so
 * that any epoch can be replayed. Returns how many minibatches it has, at least 1. */
RECUR_API size_t recur_batches_start(recur_batches *batches, uint64_t epoch);

/* Writes the next minibatch, inputs x and targets y, each (T, B) row by row: stream b's token of
 * step t stands at [t * B + b]. Returns 1, or 0 at the end of the epoch. The arrays are the
 * caller's. */
RECUR_API int recur_batches_next(recur_batches *batches, int32_t *x, int32_t *y);

/* Passes over the epoch's next `count` minibatches, or over those that are left. */
RECUR_API void recur_batches_skip(recur_batches *batches, size_t count);

/* The name as the command line spells it, "sequential" or "random"; static storage. */
RECUR_API const char *recur_sampling_name(enum recur_sampling sampling);

/* The sampling of that name. Errors: ARGUMENT, the sentence listing the names. */
RECUR_API enum recur_status recur_sampling_parse(const char *name, enum recur_sampling *sampling,
                                                 recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
