/* How the learning rate changes during a run. */
#ifndef RECUR_TRAIN_SCHEDULE_H
#define RECUR_TRAIN_SCHEDULE_H

#include "recur/trainer.h"

/* The state of the plateau schedule. It starts as zeros, but with `factor` = 1. */
struct recur_plateau {
    double factor;     /* the learning rate has been multiplied by this */
    double best;       /* lowest loss so far */
    size_t bad_epochs; /* epochs since the lowest loss */
    bool started;
};

/* The learning rate for a minibatch that covers the run from `done` to `next` (0 .. 1). Constant:
 * lr. Cosine: rises to lr linearly over the first `warmup` of the run, then lr (floor + (1 - floor)
 * (1 + cos(pi x)) / 2) for x = 0 .. 1 over the rest (Loshchilov & Hutter 2017). Plateau: lr times
 * its factor. */
double recur_schedule_lr(const recur_trainer_config *config, const struct recur_plateau *plateau,
                         double done, double next);

/* Call it after each epoch: it lowers the factor where the loss has not fallen for `patience`
 * epochs. */
void recur_plateau_epoch(const recur_trainer_config *config, struct recur_plateau *plateau,
                         double loss);

#endif
