/* The optimisers: their names, and what each keeps, both in the order of enum recur_optimizer. */
#include "nn/optimizers.h"

#include "base/names.h"

RECUR_NAMED_ENUM(optimizer, "optimizer", "sgd", "adam", "adamw", "rmsprop")

static const struct recur_optimizer_kind kinds[] = {
    [RECUR_OPTIMIZER_SGD] = {.local = true},
    [RECUR_OPTIMIZER_ADAM] = {.first = true, .second = true},
    [RECUR_OPTIMIZER_ADAMW] = {.first = true, .second = true, .decoupled = true},
    [RECUR_OPTIMIZER_RMSPROP] = {.second = true},
};

const struct recur_optimizer_kind *recur_optimizer_kind_of(enum recur_optimizer optimizer)
{
    return &kinds[optimizer];
}
