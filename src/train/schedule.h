/* The learning rate over a run. */
#ifndef RECUR_TRAIN_SCHEDULE_H
#define RECUR_TRAIN_SCHEDULE_H

#include "recur/trainer.h"

/* The state of the plateau schedule; all zero but `factor` = 1 at the start. */
struct recur_plateau {
    double factor;     /* what the learning rate was multiplied with so far */
    double best;       /* lowest loss */
    size_t bad_epochs; /* since */
    bool started;
};

/* The rate for a minibatch that begins when `done` (0 .. 1) of the run is behind it and ends when
 * `next` is. Constant: lr. Cosine: up to lr linearly over the first `warmup` of the run, then
 * lr (floor + (1 - floor) (1 + cos(pi x)) / 2) for x = 0 .. 1 over the rest (Loshchilov & Hutter
 * 2017). Plateau: lr times its factor. */
double recur_schedule_lr(const recur_trainer_config *config, const struct recur_plateau *plateau,
                         double done, double next);

/* After an epoch: lowers the factor where the loss has not fallen for `patience` epochs. */
void recur_plateau_epoch(const recur_trainer_config *config, struct recur_plateau *plateau,
                         double loss);

#endif
