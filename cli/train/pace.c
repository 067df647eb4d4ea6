#include "train/pace.h"

#include <math.h>

static void add(struct stretch *stretch, double seconds)
{
    stretch->took += seconds;
    stretch->longest = fmax(stretch->longest, seconds);
    stretch->count++;
}

static double without_longest(const struct stretch *stretch)
{
    return stretch->took - stretch->longest;
}

bool recur_trial_goes_on(const struct trial *trial)
{
    double most = trial->seconds * (trial->all.count < 3 ? 5 : 1);
    return trial->all.count < 2 || without_longest(&trial->all) < most;
}

void recur_trial_add(struct trial *trial, double seconds)
{
    add(&trial->all, seconds);
    if (without_longest(&trial->all) >= trial->seconds / 4)
        add(&trial->late, seconds);
}

double recur_trial_result(const struct trial *trial)
{
    const struct stretch *judged = trial->late.count ? &trial->late : &trial->all;
    return judged->count > 1 ? without_longest(judged) / (double)(judged->count - 1) : judged->took;
}

void recur_tempo_add(struct tempo *tempo, double seconds, double weight)
{
    enum { FIRST = 10, TIMES = 4 };
    if (tempo->count == 0)
        tempo->most = TIMES * tempo->seconds;
    double counted = fmin(seconds, tempo->most);
    tempo->most = fmax(tempo->most, 2 * counted);
    tempo->sum += seconds;
    tempo->count++;
    tempo->seconds += weight * (counted - tempo->seconds);
    if (tempo->count <= FIRST)
        tempo->seconds = fmin(tempo->seconds, TIMES * tempo->sum / (double)tempo->count);
}
