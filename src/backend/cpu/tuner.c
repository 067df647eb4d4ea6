#include "backend/cpu/tuner.h"

/* A round does some pieces one way, the first of which does not count, then some the other way, and
 * then uses the faster way until the round ends. The first rounds are short, because threads that
 * have just started may still wait for one processor. */
enum { TRIES = 3, FIRST_ROUND = 32, ROUND = 1024 };

#define THRIFT 32   /* the time after a trial, as a multiple of what the trial has cost */
#define PATIENCE 32 /* waiting for others may cost so many pieces alone */

static bool is_trial(const struct recur_tuner *tuner)
{
    return tuner->count < 2 * TRIES;
}

bool recur_tuner_alone(const struct recur_tuner *tuner)
{
    /* The way that was faster comes last: it then needs no second warm-up. */
    bool other_first = tuner->count < TRIES;
    return is_trial(tuner) ? tuner->alone != other_first : tuner->alone;
}

static void settle(struct recur_tuner *tuner, bool alone, double debt)
{
    tuner->alone = alone;
    tuner->debt = debt > 0 ? debt : 0;
    tuner->spent = tuner->lost = 0;
}

static void try_out(struct recur_tuner *tuner, double seconds)
{
    bool alone = recur_tuner_alone(tuner);
    double *best = &tuner->seconds[alone];
    double other = tuner->seconds[1] > 0 ? tuner->seconds[1] : tuner->before;
    tuner->spent += seconds;
    if (!alone && other > 0 && seconds > PATIENCE * other) { /* the trial has shown enough */
        settle(tuner, true, tuner->spent);
        tuner->count = 2 * TRIES;
        return;
    }
    if (tuner->count % TRIES && (*best == 0 || seconds < *best))
        *best = seconds;
    if (++tuner->count < 2 * TRIES)
        return;
    alone = tuner->seconds[1] < tuner->seconds[0];
    settle(tuner, alone, tuner->spent - 2 * TRIES * tuner->seconds[alone]);
}

void recur_tuner_record(struct recur_tuner *tuner, double seconds)
{
    if (is_trial(tuner)) {
        try_out(tuner, seconds);
        return;
    }
    tuner->count++;
    tuner->spent += seconds;
    if (!tuner->alone) {
        double lost = tuner->lost + seconds - tuner->seconds[1];
        tuner->lost = lost > 0 ? lost : 0;
        if (tuner->lost > PATIENCE * tuner->seconds[1])
            settle(tuner, true, tuner->lost);
    }
    size_t round = tuner->round ? tuner->round : FIRST_ROUND;
    if (tuner->count >= round && tuner->spent >= THRIFT * tuner->debt)
        *tuner = (struct recur_tuner){
            .round = round < ROUND ? 2 * round : round,
            .alone = tuner->alone,
            .before = tuner->seconds[1] > 0 ? tuner->seconds[1] : tuner->before,
        };
}
