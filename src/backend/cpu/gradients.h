/* The gradients of panels of the parameters, as sums over rows (gradients.c); gradient_tasks.c says
 * who computes which of them, and when. */
#ifndef RECUR_BACKEND_CPU_GRADIENTS_H
#define RECUR_BACKEND_CPU_GRADIENTS_H

#include "backend/cpu/tasks.h"

/* The rows whose gradients are summed, and where the sum goes. */
struct recur_summed {
    real *gradients; /* with the layout of the parameters */
    size_t row, rows;
    size_t micro_batch, micro_batches; /* the same rows */
};

/* Computes the gradients of a task's panels. */
void recur_gradient(const struct recur_pass *pass, const struct recur_summed *sum,
                    struct recur_panel_task task, size_t thread);

#endif
