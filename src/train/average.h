/* A mean of the parameters over updates: from when on, and with which weight each time
 * (docs/math.md#averaged-parameters). */
#ifndef RECUR_TRAIN_AVERAGE_H
#define RECUR_TRAIN_AVERAGE_H

#include "train/trainer_object.h"

/* The weight of the parameters after the next update in their mean, 0 while it has not begun;
 * `done` is the share of the run before that update. */
double recur_average_weight(const struct recur_trainer *trainer, double done);

#endif
