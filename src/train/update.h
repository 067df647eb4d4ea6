/* Clipping and the optimisers: loops over the flat parameters in chunks, each chunk by one thread
 * and summed in one order, so that the number of threads changes nothing. */
#ifndef RECUR_TRAIN_UPDATE_H
#define RECUR_TRAIN_UPDATE_H

#include "kernels/kernels.h"
#include "recur/trainer.h"

struct recur_optimiser {
    const struct recur_kernels *kernels;
    enum recur_optimizer kind;
    struct recur_update settings; /* lr, scale and correction are set for each update */
    size_t span;                  /* numbers; a multiple of 32 */
    real *parameters, *gradients; /* the caller's */
    real *first, *second;         /* moments; NULL where the kind has none */
    double *chunk_sum;            /* squares of the gradients, chunk by chunk */
    uint64_t updates;
};

/* ARGUMENT for a setting outside its range. */
enum recur_status recur_trainer_check(const recur_trainer_config *config, recur_error *error);

/* Errors: MEMORY. Released by recur_optimiser_free in every case. */
enum recur_status recur_optimiser_init(struct recur_optimiser *optimiser,
                                       const struct recur_kernels *kernels,
                                       const recur_trainer_config *config, real *parameters,
                                       real *gradients, size_t span, recur_error *error);
void recur_optimiser_free(struct recur_optimiser *optimiser);

/* Sums the squares of this thread's chunks. */
void recur_optimiser_sum(struct recur_optimiser *optimiser, size_t thread, size_t threads);

/* sqrt of all chunks' sums: the gradient's global norm. After every thread's sum. */
double recur_optimiser_norm(const struct recur_optimiser *optimiser);

/* The book's clipping: g *= clip / norm where norm > clip (Pascanu et al. 2013). */
double recur_clip_scale(double norm, double clip);

/* Before an update: by one thread. */
void recur_optimiser_begin(struct recur_optimiser *optimiser, double lr, double scale);

/* Updates this thread's chunks. */
void recur_optimiser_apply(struct recur_optimiser *optimiser, size_t thread, size_t threads);

#endif
