/* Heads whose weights are the table of embeddings (Press & Wolf 2017). Both tensors stand in the
 * flat arrays, because products read them in different layouts: the gradient of the head is added
 * to the table's, the optimiser moves the table, and the head becomes its copy. Every function is
 * called by all threads of a team, each with its number. */
#ifndef RECUR_BACKEND_CPU_TIED_H
#define RECUR_BACKEND_CPU_TIED_H

#include "backend/cpu/candidates.h"
#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/sparse_rows.h"

struct recur_tied {
    const struct recur_param *table, *head; /* NULL: the head has weights of its own */
};

struct recur_tied recur_tied_of(const struct recur_network *network);

/* Adds the head's gradients to the table's and sets them to zero. */
void recur_tied_add(const struct recur_tied *tied, const struct recur_kernels *kernels,
                    real *gradients, size_t thread, size_t threads);

/* The same where the head's gradients are those of candidates, whose rows the table has. */
void recur_tied_add_columns(const struct recur_tied *tied,
                            const struct recur_candidates *candidates, real *gradients,
                            size_t thread, size_t threads);

/* Copies the table's numbers to the head. */
void recur_tied_copy(const struct recur_tied *tied, const struct recur_kernels *kernels,
                     real *numbers, size_t thread, size_t threads);

/* The same for the rows of a minibatch alone. */
void recur_tied_copy_rows(const struct recur_tied *tied, const struct recur_sparse_rows *sparse,
                          real *numbers, size_t thread, size_t threads);

#endif
