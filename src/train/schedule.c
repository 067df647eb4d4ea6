#include "train/schedule.h"

#include <math.h>

double recur_schedule_lr(const recur_trainer_config *config, const struct recur_plateau *plateau,
                         double done, double next)
{
    double lr = (double)config->lr, warmup = (double)config->warmup;
    if (config->schedule == RECUR_SCHEDULE_PLATEAU)
        return lr * plateau->factor;
    if (config->schedule == RECUR_SCHEDULE_CONSTANT)
        return lr;
    if (next < warmup)
        return lr * next / warmup;
    double x = done > warmup ? (done - warmup) / (1 - warmup) : 0;
    double floor_share = (double)config->lr_floor;
    x = x < 1 ? x : 1;
    return lr * (floor_share + (1 - floor_share) * (1 + cos(3.141592653589793 * x)) / 2);
}

void recur_plateau_epoch(const recur_trainer_config *config, struct recur_plateau *plateau,
                         double loss)
{
    if (!plateau->started || loss < plateau->best) {
        plateau->started = true;
        plateau->best = loss;
        plateau->bad_epochs = 0;
    } else if (++plateau->bad_epochs > config->patience) {
        plateau->factor *= (double)config->factor;
        plateau->bad_epochs = 0;
    }
}
