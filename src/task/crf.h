/* A linear-chain conditional random field over the labels of a sequence (docs/math.md#crf): its
 * loss by the forward algorithm, the gradient by forward and backward, the best path by Viterbi's.
 *
 * Scores x of labels are (T, K) with `stride` numbers from step to step. Sums are computed in
 * double, from exponentials of differences to a step's greatest number. */
#ifndef RECUR_TASK_CRF_H
#define RECUR_TASK_CRF_H

#include <stddef.h>
#include <stdint.h>

#include "base/real.h"

struct recur_crf {
    size_t labels;           /* K */
    const real *start, *end; /* (K) */
    const real *transitions; /* (K, K): of label j after label i */
    double *weight;          /* (K, K): e^(transitions - most); recur_crf_prepare */
    double most;             /* the greatest transition */
};

/* What the gradient of a sequence's transitions is computed from, all by step: `before` (T, K),
 * `after` (T, K) and `factor` (T). */
struct recur_crf_sums {
    double *before, *after, *factor;
};

/* Computes `weight`, for which there must be room, and `most`. */
void recur_crf_prepare(struct recur_crf *crf);

/* Returns log Z - score(y) of a sequence of `steps` >= 1 and fills in `sums->before`. */
double recur_crf_loss(const struct recur_crf *crf, const real *x, size_t stride, size_t steps,
                      const int32_t *y, size_t y_stride, struct recur_crf_sums *sums);

/* After the loss: dx = `scale` times the gradient of the loss by x, (T, K) as x. Fills in the other
 * sums. */
void recur_crf_gradient(const struct recur_crf *crf, const real *x, size_t stride, size_t steps,
                        const int32_t *y, size_t y_stride, double scale, real *dx,
                        struct recur_crf_sums *sums);

/* After the gradient: adds `scale` times the gradient of row i of the transitions to d (K). */
void recur_crf_transition_row(const struct recur_crf *crf, size_t steps, const int32_t *y,
                              size_t y_stride, double scale, size_t i, double *d,
                              const struct recur_crf_sums *sums);

/* Finds the labels of the greatest score, the first ones among equals; `best` and `back` have room
 * for (2, K) and (T, K) numbers. Returns the score. */
double recur_crf_decode(const struct recur_crf *crf, const real *x, size_t stride, size_t steps,
                        int32_t *path, double *best, int32_t *back);

#endif
