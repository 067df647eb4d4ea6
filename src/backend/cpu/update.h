/* Clipping and the optimisers: loops over the flat parameters in chunks. One thread does a chunk,
 * and the chunks are summed in one order, so the number of threads changes nothing. Where a
 * minibatch reads a few rows of a table, the norm and a step of plain SGD look only at those
 * rows. Where its softmax is over candidates, every optimiser moves only those rows and the
 * candidates' columns of the head. */
#ifndef RECUR_BACKEND_CPU_UPDATE_H
#define RECUR_BACKEND_CPU_UPDATE_H

#include "backend/backend.h"
#include "backend/cpu/candidates.h"
#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/parcels.h"
#include "backend/cpu/sparse_rows.h"
#include "backend/cpu/tied.h"
#include "base/team.h"
#include "recur/training.h"

struct recur_optimiser {
    const struct recur_kernels *kernels;
    enum recur_optimizer kind;
    struct recur_update settings; /* lr, scale and correction are set for each update */
    real *parameters, *gradients; /* the caller's */
    real *first, *second;         /* moments; NULL where the kind has none */
    real *average;                /* a mean of the parameters, the caller's; NULL: there is none */
    real average_weight;          /* of the parameters after this update */
    struct recur_tied tied;
    const struct recur_sparse_rows *sparse;
    const struct recur_candidates *candidates; /* NULL: the head's gradient has every column */
    struct recur_frozen frozen;                /* these numbers are in no chunk */
    struct recur_chunk *chunk;                 /* all chunks; those outside tables come first */
    size_t chunks, dense;                      /* the number of all chunks; of those first ones */
    double *square_sum; /* of the gradients, chunk by chunk, then row by row, then by
                           panels of candidates */
    double norm;        /* of the last gradients */
    size_t span;
    recur_sum_fn *sum; /* of the gradients over ranks; NULL: there is one rank */
    void *ranks;
    struct recur_summands summands; /* for `sum` */
    struct recur_parcels parcels;   /* whose sums begin before it */
    struct recur_chunk *counts;     /* its chunks: those outside tables, then the rows */
    size_t rest;                    /* how many chunks are outside tables and in no parcel */
    enum recur_status summed;       /* how the last sum went */
    recur_error error;
};

/* For `span` numbers, a multiple of 32. `sparse` is the caller's and must outlive it; NULL, or
 * without tables, where every number may have a gradient; `candidates` likewise. Tables are never
 * `frozen`; NULL: nothing is. Errors: MEMORY. recur_optimiser_free releases it, also after an
 * error. */
enum recur_status recur_optimiser_init(struct recur_optimiser *optimiser,
                                       const struct recur_kernels *kernels,
                                       const recur_trainer_config *config, real *parameters,
                                       real *gradients, size_t span,
                                       const struct recur_sparse_rows *sparse,
                                       const struct recur_candidates *candidates,
                                       const struct recur_frozen *frozen, recur_error *error);
void recur_optimiser_free(struct recur_optimiser *optimiser);

/* Plans the sum over ranks, whose summands are the caller's. Errors: MEMORY. */
enum recur_status recur_optimiser_sum(struct recur_optimiser *optimiser,
                                      const struct recur_learner_plan *plan,
                                      const struct recur_summands *summands, recur_error *error);

/* The book's clipping: g *= clip / norm where norm > clip (Pascanu et al. 2013). */
double recur_clip_scale(double norm, double clip);

/* One update, by every thread of the team: the sum over ranks, the gradients' global norm,
 * clipping, the optimizer's step. Afterwards `norm` holds the norm. Where the norm is not finite,
 * or the sum failed, nothing is updated. */
void recur_optimiser_step(struct recur_optimiser *optimiser, struct recur_team *team, size_t thread,
                          size_t threads, const struct recur_learning *how, double clip);

/* The same where the team does nothing else at the time. Returns the norm. */
double recur_optimiser_run(struct recur_optimiser *optimiser, struct recur_team *team,
                           const struct recur_learning *how, double clip);

#endif
