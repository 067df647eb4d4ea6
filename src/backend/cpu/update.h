/* Clipping and the optimisers: loops over the flat parameters in chunks, each chunk by one thread
 * and summed in one order, so that the number of threads changes nothing. Of tables that a
 * minibatch reads a few rows of, the norm and a step of plain SGD look at those rows alone. */
#ifndef RECUR_BACKEND_CPU_UPDATE_H
#define RECUR_BACKEND_CPU_UPDATE_H

#include "backend/backend.h"
#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/sparse_rows.h"
#include "base/team.h"
#include "recur/training.h"

/* Numbers of one tensor, or of several that are no tables. */
struct recur_chunk {
    size_t first, count;
};

struct recur_optimiser {
    const struct recur_kernels *kernels;
    enum recur_optimizer kind;
    struct recur_update settings; /* lr, scale and correction are set for each update */
    real *parameters, *gradients; /* the caller's */
    real *first, *second;         /* moments; NULL where the kind has none */
    const struct recur_sparse_rows *sparse;
    struct recur_chunk *chunk; /* of everything; first what is no table */
    size_t chunks, dense;      /* all of them, and those first ones */
    double *square_sum;        /* of the gradients, chunk by chunk, then row by row */
    double norm;               /* of the last gradients */
    uint64_t updates;
    size_t span;
    recur_sum_fn *sum; /* of the gradients over ranks; NULL: there is one */
    void *ranks;
    enum recur_status summed; /* how the last sum went */
    recur_error error;
};

/* `span` numbers, a multiple of 32; `sparse` is the caller's and to outlive it, NULL or without
 * tables where every number may have a gradient. Errors: MEMORY. Released by recur_optimiser_free
 * in every case. */
enum recur_status recur_optimiser_init(struct recur_optimiser *optimiser,
                                       const struct recur_kernels *kernels,
                                       const recur_trainer_config *config, real *parameters,
                                       real *gradients, size_t span,
                                       const struct recur_sparse_rows *sparse, recur_error *error);
void recur_optimiser_free(struct recur_optimiser *optimiser);

/* The book's clipping: g *= clip / norm where norm > clip (Pascanu et al. 2013). */
double recur_clip_scale(double norm, double clip);

/* One update, by every thread of the team: the gradients' global norm, clipping, the optimizer's
 * step; before them the sum over ranks. Where the norm, which is then in `norm`, is not finite, or
 * the sum failed, nothing is updated. */
void recur_optimiser_step(struct recur_optimiser *optimiser, struct recur_team *team, size_t thread,
                          size_t threads, double lr, double clip);

/* The same where the team does nothing else. Returns the norm. */
double recur_optimiser_run(struct recur_optimiser *optimiser, struct recur_team *team, double lr,
                           double clip);

#endif
