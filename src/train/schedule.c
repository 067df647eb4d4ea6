#include "train/schedule.h"

#include <math.h>

/* How many minibatches a part of a run has that is given as a share or, from 1 on, as their number.
 */
static double length_of(float part, double total)
{
    return part < 1 ? (double)part * total : (double)part;
}

/* 1 .. 0 for x = 0 .. 1. */
static double half_cosine(double x)
{
    return (1 + cos(3.141592653589793 * x)) / 2;
}

static double from_floor(const recur_trainer_config *config, double share)
{
    double lowest = (double)config->lr_floor;
    return (double)config->lr * (lowest + (1 - lowest) * share);
}

static double wsd(const recur_trainer_config *config, const struct recur_place *place)
{
    double warmup = length_of(config->warmup, place->total);
    double decay = length_of(config->decay, place->total);
    double stable = config->stable > 0 ? length_of(config->stable, place->total)
                                       : fmax(0, place->total - warmup - decay);
    double x = place->at - warmup - stable;
    if (place->at + 1 < warmup)
        return (double)config->lr * (place->at + 1) / warmup;
    return from_floor(config, x <= 0 ? 1 : x < decay ? 1 - sqrt(x / decay) : 0);
}

double recur_schedule_lr(const recur_trainer_config *config, const struct recur_plateau *plateau,
                         const struct recur_place *place)
{
    double lr = (double)config->lr;
    double warmup =
        config->warmup < 1 ? (double)config->warmup : (double)config->warmup / place->total;
    switch (config->schedule) {
    case RECUR_SCHEDULE_CONSTANT: return lr;
    case RECUR_SCHEDULE_PLATEAU: return lr * plateau->factor;
    case RECUR_SCHEDULE_WSD: return wsd(config, place);
    case RECUR_SCHEDULE_COSINE:
        if (place->next < warmup)
            return lr * place->next / warmup;
        break;
    case RECUR_SCHEDULE_ONECYCLE:
        if (place->next < warmup)
            return lr * (1 + 24 * (1 - half_cosine(place->next / warmup))) / 25;
        break;
    }
    double x = place->done > warmup ? (place->done - warmup) / (1 - warmup) : 0;
    return from_floor(config, half_cosine(x < 1 ? x : 1));
}

bool recur_schedule_planned(enum recur_schedule schedule)
{
    return schedule != RECUR_SCHEDULE_CONSTANT && schedule != RECUR_SCHEDULE_PLATEAU;
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
