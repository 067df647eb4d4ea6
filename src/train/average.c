#include "train/average.h"

#include <math.h>

/* Merity et al. 2017, algorithm 1, once an epoch: was the last loss higher than the lowest of those
 * that are more than `patience` epochs older? */
static bool stopped_falling(const struct recur_trainer *trainer)
{
    size_t epochs = (size_t)trainer->epochs, patience = trainer->config.patience;
    if (!epochs)
        return false;
    const recur_epoch *epoch = trainer->model->history + trainer->model->history_count - epochs;
    double lowest = INFINITY;
    for (size_t i = 0; i + patience + 1 < epochs; i++)
        lowest = fmin(lowest, recur_trainer_judged(trainer, &epoch[i]));
    return recur_trainer_judged(trainer, &epoch[epochs - 1]) > lowest;
}

static bool begins(const struct recur_trainer *trainer, double done)
{
    double start = trainer->config.average_start;
    switch (trainer->config.average) {
    case RECUR_AVERAGE_NONE: break;
    case RECUR_AVERAGE_EMA: return true;
    case RECUR_AVERAGE_SWA: return (start < 1 ? done : (double)trainer->updates) >= start;
    case RECUR_AVERAGE_ASGD: return stopped_falling(trainer);
    }
    return false;
}

double recur_average_weight(const struct recur_trainer *trainer, double done)
{
    double decay = (double)trainer->config.average_decay;
    double updates = (double)trainer->averaged + 1;
    if (!trainer->averaged && !begins(trainer, done))
        return 0;
    return trainer->config.average == RECUR_AVERAGE_EMA ? (1 - decay) / (1 - pow(decay, updates))
                                                        : 1 / updates;
}
