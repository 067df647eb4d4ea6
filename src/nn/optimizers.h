/* What each optimiser keeps and how it treats parameters; backends have its arithmetic. */
#ifndef RECUR_NN_OPTIMIZERS_H
#define RECUR_NN_OPTIMIZERS_H

#include <stdbool.h>

#include "recur/training.h"

struct recur_optimizer_kind {
    bool first, second; /* moments; with momentum every optimiser has the first */
    bool decoupled;     /* weight decay apart from the gradient */
    bool local;         /* without momentum and decay, a parameter whose gradient is 0 does not
                           change */
};

/* The row of an optimiser that recur_trainer_check has accepted. */
const struct recur_optimizer_kind *recur_optimizer_kind_of(enum recur_optimizer optimizer);

#endif
