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

/* The place of a minibatch in its run. */
struct recur_place {
    double done, next; /* it covers the run from `done` to `next`, 0 .. 1 */
    double at, total;  /* the minibatches before it, and those of the run */
};

/* The learning rate for a minibatch, with lr, floor = lr_floor and lengths in minibatches:
 *
 * constant  lr
 *
 * plateau   lr times its factor
 *
 * cosine    rises to lr linearly over the warm-up, then
 *           lr (floor + (1 - floor) (1 + cos(pi x)) / 2) for x = 0 .. 1 over the rest
 *           (Loshchilov & Hutter 2017)
 *
 * wsd       rises to lr linearly over the warm-up, stays there, then
 *           lr (floor + (1 - floor) (1 - sqrt(x))) for x = 0 .. 1 over the decay, then lr floor
 *           (Hu et al. 2024; the root: Haegele et al. 2024). Where warm-up, stable part and decay
 *           are numbers of minibatches, the rate depends on `at` alone and not on the run's length
 *
 * onecycle  lr (1 + (1 - cos(pi x)) / 2 * 24) / 25 for x = 0 .. 1 over the warm-up, then as cosine
 *           (Smith & Topin 2018, with cosines for lines; the momentum stays) */
double recur_schedule_lr(const recur_trainer_config *config, const struct recur_plateau *plateau,
                         const struct recur_place *place);

/* Call it after each epoch: it lowers the factor where the loss has not fallen for `patience`
 * epochs. */
void recur_plateau_epoch(const recur_trainer_config *config, struct recur_plateau *plateau,
                         double loss);

#endif
