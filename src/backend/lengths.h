/* A minibatch of sequences of different lengths, sorted by falling length: at step t only the first
 * alive[t] of them still run, so nothing is computed behind a sequence's end.
 *
 *     slot 0   x x x x x x x        alive   3 3 3 2 2 1 1
 *     slot 1   x x x x x            offset  0 3 6 9 11 13 14 15
 *     slot 2   x x x
 *
 * Rows lie packed, step after step: slot b of step t is row offset[t] + b. With equal lengths that
 * is t * B + b.
 *
 * Sequences of equal length are sorted by what they hold. So the order of the slots, and with it
 * the order of every sum, depends on the set of sequences and not on how the caller listed them. */
#ifndef RECUR_BACKEND_LENGTHS_H
#define RECUR_BACKEND_LENGTHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct recur_lengths {
    size_t batch, steps, rows; /* B; T: of the longest; the sum of all lengths */
    size_t *length;            /* (B), falling */
    size_t *order;             /* (B): which of the caller's sequences a slot holds */
    size_t *same;              /* (B): the first slot that holds the same as this one */
    bool ties;                 /* some slots hold the same */
    size_t *alive;             /* (T) */
    size_t *offset;            /* (T + 1) */
    size_t *scratch;           /* (2 B) */
};

/* A part of what the caller's sequences hold: an array (blocks, B) of items of `bytes` each. */
struct recur_content {
    const void *data; /* NULL: nothing */
    size_t blocks;    /* RECUR_EACH_STEP: one for each step of the sequence */
    size_t bytes;
};

#define RECUR_EACH_STEP SIZE_MAX

/* Makes room for `batch` sequences of `steps` steps. Errors: MEMORY. recur_lengths_free releases
 * it, also after an error. */
enum recur_status recur_lengths_init(struct recur_lengths *lengths, size_t batch, size_t steps,
                                     recur_error *error);
void recur_lengths_free(struct recur_lengths *lengths);

/* Sorts the caller's sequences: sequence b of `batch` has length[b] steps and holds `content`.
 * Allocates nothing. */
void recur_lengths_set(struct recur_lengths *lengths, size_t batch, const size_t *length,
                       const struct recur_content *content, size_t contents);

#define RECUR_MICRO_BATCHES_MAX 16
#define RECUR_MICRO_ROWS 10 /* of a micro-batch, at least */

/* How many of a minibatch's sequences of equal length are best kept together: the batch is halved
 * as often as possible, but tiles of fewer rows than `least` would be slower. The CPU stores rows
 * in these micro-batches, and masks of dropout are numbered by them. */
static inline size_t recur_micro_batch_of(size_t batch, size_t least)
{
    size_t size = batch;
    while (size % 2 == 0 && size >= 2 * least && batch / size < RECUR_MICRO_BATCHES_MAX)
        size /= 2;
    return size;
}

/* Sorts slots that hold the same by what the caller says of them later: their gradients. Until then
 * their order depended on how the caller listed them. */
void recur_lengths_part(struct recur_lengths *lengths, const struct recur_content *content,
                        size_t contents);

/* The first slot of part `index` of `parts`, which have about as many rows each; for index = parts
 * the number of slots. */
size_t recur_lengths_cut(const struct recur_lengths *lengths, size_t index, size_t parts);

#endif
