#include "backend/cpu/pace.h"

/* A round: some pieces the one way, the first of which is not counted, then the other way, and then
 * the faster way until the round ends. The first rounds are short: threads that have only begun may
 * stand in line for one processor. */
enum { TRIES = 3, FIRST_ROUND = 32, ROUND = 1024 };

#define THRIFT 32   /* the time after a trial in terms of what the trial has cost */
#define PATIENCE 32 /* pieces alone that waiting for others may cost */

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

static void settle(struct recur_pace *pace, bool alone, double debt)
{
    pace->alone = alone;
    pace->debt = debt > 0 ? debt : 0;
    pace->spent = pace->lost = 0;
}

static void try_out(struct recur_pace *pace, double seconds)
{
    bool alone = recur_pace_alone(pace);
    double *best = &pace->seconds[alone];
    double other = pace->seconds[1] > 0 ? pace->seconds[1] : pace->before;
    pace->spent += seconds;
    if (!alone && other > 0 && seconds > PATIENCE * other) { /* enough seen */
        settle(pace, true, pace->spent);
        pace->count = 2 * TRIES;
        return;
    }
    if (pace->count % TRIES && (*best == 0 || seconds < *best))
        *best = seconds;
    if (++pace->count < 2 * TRIES)
        return;
    alone = pace->seconds[1] < pace->seconds[0];
    settle(pace, alone, pace->spent - 2 * TRIES * pace->seconds[alone]);
}

void recur_pace_took(struct recur_pace *pace, double seconds)
{
    if (is_trial(pace)) {
        try_out(pace, seconds);
        return;
    }
    pace->count++;
    pace->spent += seconds;
    if (!pace->alone) {
        double lost = pace->lost + seconds - pace->seconds[1];
        pace->lost = lost > 0 ? lost : 0;
        if (pace->lost > PATIENCE * pace->seconds[1])
            settle(pace, true, pace->lost);
    }
    size_t round = pace->round ? pace->round : FIRST_ROUND;
    if (pace->count >= round && pace->spent >= THRIFT * pace->debt)
        *pace = (struct recur_pace){
            .round = round < ROUND ? 2 * round : round,
            .alone = pace->alone,
            .before = pace->seconds[1] > 0 ? pace->seconds[1] : pace->before,
        };
}
