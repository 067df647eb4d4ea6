/* Recurrent steps whose products leave the unit of vectors free: while the gates of one panel of
 * units are multiplied, the cell of the panel before it runs, vector by vector (struct
 * recur_beside). The gates then lie in a thread's own tiles, which stay in its L1 cache.
 *
 * A pass that works beside keeps its gates for backward in bf16, in the place of z's copy, and
 * backward leaves their gradients there: z itself holds the input's part at most. This holds
 * whichever way a step is computed, so the bits are the same. */
#ifndef RECUR_BACKEND_CPU_BESIDE_H
#define RECUR_BACKEND_CPU_BESIDE_H

#include "backend/cpu/partition.h"

/* Whether products leave the unit of vectors free for the cell. */
static inline bool recur_pass_works_beside(const struct recur_pass *pass)
{
    return pass->work->bf16 && pass->kernels->bf16_product_beside &&
           pass->kernels->cell[pass->network->cell->cell].forward_point;
}

/* Whether the look-ups of layer l are made within its steps, not before them. */
static inline bool recur_pass_looks_up_in_steps(const struct recur_pass *pass, size_t l)
{
    return !pass->network->layer[l].dense && recur_pass_works_beside(pass);
}

/* The cell of a tile by itself. */
void recur_beside_alone(const struct recur_pass *pass, const struct recur_stream *stream,
                        const struct recur_step_range *range, size_t u, bool backward);

/* One step forward of the unit panels [begin, end) and one range of rows. */
void recur_beside_forward(const struct recur_pass *pass, const struct recur_partition *partition,
                          const struct recur_step_range *range, size_t l, size_t d, size_t t);

/* One step back: `later` is the range of the step after it, whose gradient comes through W_hh. */
void recur_beside_backward(const struct recur_pass *pass, const struct recur_partition *partition,
                           const struct recur_step_range *range,
                           const struct recur_step_range *later, size_t l, size_t d, size_t t);

#endif
