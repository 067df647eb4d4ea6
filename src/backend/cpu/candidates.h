/* Sampled softmax: the columns of the head that a minibatch has, where its softmax is not over the
 * whole vocabulary (Bengio & Senécal 2008; Jean et al. 2015; docs/math.md#sampled-softmax).
 *
 *     columns   0 .. sampled - 1     tokens that were drawn, the same for all rows
 *               sampled .. count - 1 targets of the minibatch that were not drawn: each is a column
 *                                    of those rows alone whose target it is
 *
 * A pass multiplies with a copy of these columns. Their gradients stand where those of the head's
 * first panels stand in a pass over all columns, and the optimiser moves these columns alone. So
 * the cost of the head grows with the candidates and not with the vocabulary. */
#ifndef RECUR_BACKEND_CPU_CANDIDATES_H
#define RECUR_BACKEND_CPU_CANDIDATES_H

#include "nn/network.h"

struct recur_candidates {
    const struct recur_param *weight, *bias; /* of the head */
    size_t vocabulary, samples;              /* V; tokens to draw */
    size_t most;                             /* columns of a minibatch, at most */
    size_t sampled, count;                   /* columns that were drawn; all columns */
    int32_t *id;                             /* (most): of each column; in both parts ascending */
    uint32_t *place;                         /* (V): the column of an id, if it has one */
    real *chance;   /* (most): log of the chance that it is drawn; 0 for targets that were not */
    size_t *sorted; /* (2 most), to sort with */
    uint64_t seed;
};

/* For minibatches of at most `targets` targets, of which `samples`, 1 to V, are drawn. `network`
 * must outlive it. Errors: MEMORY. recur_candidates_free releases it, also after an error. */
enum recur_status recur_candidates_init(struct recur_candidates *candidates,
                                        const struct recur_network *network, size_t samples,
                                        size_t targets, uint64_t seed, recur_error *error);
void recur_candidates_free(struct recur_candidates *candidates);

/* Chooses the columns of a minibatch, from the seed and its number alone. Targets below 0 are
 * none. */
void recur_candidates_draw(struct recur_candidates *candidates, uint64_t minibatch,
                           const int32_t *targets, size_t count);

/* The column of a target; below 0 where that is. */
static inline int32_t recur_candidates_column(const struct recur_candidates *candidates,
                                              int32_t target)
{
    return target < 0 ? target : (int32_t)candidates->place[target];
}

/* Copies rows [first, first + rows) of panel `panel` of the columns of a tensor, the head's weight
 * or bias: from or to the place that they have in the flat array. `to` gets zeros in the lanes
 * behind the last column. */
void recur_candidates_gather(const struct recur_candidates *candidates,
                             const struct recur_param *param, size_t panel, size_t first,
                             size_t rows, const real *flat, real *to);
void recur_candidates_scatter(const struct recur_candidates *candidates,
                              const struct recur_param *param, size_t panel, size_t first,
                              size_t rows, real *flat, const real *from);

/* The chances of a panel's columns, taken from their biases (32): e^(y W + b) / chance is what a
 * column adds to the sum of the softmax. */
void recur_candidates_weigh(const struct recur_candidates *candidates, size_t panel, real *bias);

/* Logits (rows, count), in panels `stride` numbers apart, of rows whose targets are these columns.
 * `before` the softmax a target is certain, and other rows' targets are ruled out; after it these
 * have no gradient. */
void recur_candidates_mask(const struct recur_candidates *candidates, real *logits, size_t stride,
                           size_t rows, const int32_t *columns, bool before);

#endif
