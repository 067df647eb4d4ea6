/* recur/buckets.h - minibatches of sequences of different lengths, out of many.
 *
 *     recur_buckets_start(buckets, epoch);
 *     while ((count = recur_buckets_next(buckets, &members))) ...
 *
 * Each epoch shuffles all sequences, sorts them by length within windows of some minibatches, cuts
 * the windows into minibatches and shuffles those: what is read together is of about equal length,
 * and yet random. Every sequence is in one minibatch an epoch.
 *
 * recur computes nothing behind a sequence's end, so unequal lengths cost no padding; but steps at
 * which few sequences go on use a processor badly. Padded to the longest, the minibatches of one
 * window would hold at most B x (longest - shortest) steps for nothing. */
#ifndef RECUR_BUCKETS_H
#define RECUR_BUCKETS_H

#include <stdint.h>

#include "recur/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct recur_buckets recur_buckets;

typedef struct recur_buckets_config {
    size_t batch;  /* B: sequences of a minibatch, at most; default 32 */
    size_t tokens; /* steps of all its sequences together, at most, so that memory is bounded
                      where a few are very long; a longer sequence stands alone; default 0: any */
    size_t window; /* minibatches that are sorted together; 1: sequences meet at random;
                      default 64 */
    uint64_t seed; /* default 1 */
} recur_buckets_config;

RECUR_API recur_buckets_config recur_buckets_config_default(void);

/* Over `count` sequences, the lengths of which are copied. Errors: ARGUMENT for a batch or window
 * of 0, DATA where there is no sequence, MEMORY. */
RECUR_API enum recur_status recur_buckets_create(const size_t *lengths, size_t count,
                                                 const recur_buckets_config *config,
                                                 recur_buckets **buckets, recur_error *error);
RECUR_API void recur_buckets_free(recur_buckets *buckets); /* NULL is fine */

/* The most steps of any sequence, and of all sequences of any minibatch together: what a
 * recur_stack for them must have room for. */
RECUR_API size_t recur_buckets_longest(const recur_buckets *buckets);
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
