#include "train/pace.h"

/* A round: some minibatches the one way, the first of which is not counted, then the other way, and
 * then the faster way until the round ends. */
enum { TRIES = 3, ROUND = 1000 };

static bool is_trial(const struct recur_pace *pace)
{
    return pace->count < 2 * TRIES;
}

bool recur_pace_alone(const struct recur_pace *pace)
{
    /* What was faster comes last: it needs no second warm-up. */
    bool other_first = pace->count < TRIES;
    return is_trial(pace) ? pace->alone != other_first : pace->alone;
}

void recur_pace_took(struct recur_pace *pace, double seconds)
{
    double *best = &pace->seconds[recur_pace_alone(pace)];
    if (is_trial(pace) && pace->count % TRIES && (*best == 0 || seconds < *best))
        *best = seconds;
    pace->count++;
    if (pace->count == 2 * TRIES)
        pace->alone = pace->seconds[1] < pace->seconds[0];
    if (pace->count == ROUND)
        *pace = (struct recur_pace){.alone = pace->alone};
}
