/* What each optimiser keeps and how it treats parameters; its arithmetic is a backend's. */
#ifndef RECUR_NN_OPTIMIZERS_H
#define RECUR_NN_OPTIMIZERS_H

#include <stdbool.h>

#include "recur/training.h"

struct recur_optimizer_kind {
    bool first, second; /* moments; momentum makes the first of any */
    bool decoupled;     /* weight decay apart from the gradient */
    bool local;         /* without momentum and decay, where the gradient is 0 nothing changes */
};

/* The row of an optimiser that recur_trainer_check has let pass. */
const struct recur_optimizer_kind *recur_optimizer_kind_of(enum recur_optimizer optimizer);

#endif
