/* recur/buckets.h - minibatches drawn from many sequences of different lengths.
 *
 *     while ((count = recur_buckets_next(buckets, &members)) > 0)
 *         for (size_t b = 0; b < count; b++)
 *             printf("line %zu of length %zu%s", members[b] + 1, lines->length[members[b]],
 *                    b + 1 < count ? ", " : "\n");
 *
 * Each epoch shuffles all sequences, sorts them by length within windows of some minibatches, cuts
 * the windows into minibatches and shuffles these. So the sequences of a minibatch have about equal
 * length and are still random. Every sequence is in one minibatch per epoch.
 *
 * recur computes nothing after a sequence's end, so unequal lengths cost no padding. But a step at
 * which only few sequences go on uses a processor badly. If the minibatches of one window were
 * padded to their longest sequences, at most B x (longest - shortest) steps would be padding. */
#ifndef RECUR_BUCKETS_H
#define RECUR_BUCKETS_H

#include <stdint.h>

#include "recur/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Minibatches of an epoch, and which of them is next; opaque. */
typedef struct recur_buckets recur_buckets;

/* How they are made. */
typedef struct recur_buckets_config {
    size_t size;   /* as recur_buckets_config_default() sets it; leave it alone */
    size_t batch;  /* B: sequences of a minibatch, at most; default 32 */
    size_t tokens; /* steps of all its sequences together, at most, so that memory is bounded
                      where a few are very long; a longer sequence stands alone; default 0: any */
    size_t window; /* minibatches that are sorted together; 1: sequences meet at random;
                      default 64 */
    uint64_t seed; /* of the order; default 1 */
} recur_buckets_config;

/* Writes the defaults to *config, a struct of `size` bytes: sizeof *config. */
RECUR_API void recur_buckets_config_init(recur_buckets_config *config, size_t size);

/* The defaults; every configuration begins as one. */
static inline recur_buckets_config recur_buckets_config_default(void)
{
    recur_buckets_config config;
    recur_buckets_config_init(&config, sizeof config);
    return config;
}

/* Over `count` sequences, the lengths of which are copied. `config` may be NULL: the defaults. The
 * buckets belong to the caller: recur_buckets_free. Errors: ARGUMENT for a batch or window of 0,
 * DATA where there is no sequence, MEMORY. */
RECUR_API enum recur_status recur_buckets_create(const size_t *lengths, size_t count,
                                                 const recur_buckets_config *config,
                                                 recur_buckets **buckets, recur_error *error);

/* Releases buckets. NULL is fine. */
RECUR_API void recur_buckets_free(recur_buckets *buckets);

/* The most steps of any sequence: a recur_stack for them must have room for so many. */
RECUR_API size_t recur_buckets_longest(const recur_buckets *buckets);

/* The most steps of all sequences of any minibatch together; likewise. */
RECUR_API size_t recur_buckets_most_tokens(const recur_buckets *buckets);

/* Starts epoch number `epoch` (from 0): draws its order from (seed, epoch) alone, so that any epoch
 * can be replayed. Returns how many minibatches it has. Allocates nothing. */
RECUR_API size_t recur_buckets_start(recur_buckets *buckets, uint64_t epoch);

/* The next minibatch: how many sequences it has, 0 at the end of the epoch; their numbers, the
 * longest first, belong to the buckets until the next call. */
RECUR_API size_t recur_buckets_next(recur_buckets *buckets, const size_t **members);

#ifdef __cplusplus
}
#endif

#endif
