#include "bench/bench_turns.h"

#include <string.h>

#include "common/timing.h"

/* SLICES: of half of the time of a measurement. WARM_UP: slices before the first round, short ones.
 * A trainer needs so many pieces until it has tried all threads and one. */
enum { SLICES = 10, WARM_UP = 6 };

static double slice_seconds(double seconds)
{
    return seconds / 2 / SLICES;
}

static enum recur_status run_gauge(void *user, double seconds, double *rate, recur_error *error)
{
    return recur_gauge_measure(user, seconds, rate, error);
}

struct turn recur_bench_gauge_turn(recur_gauge *gauge)
{
    return (struct turn){run_gauge, gauge};
}

enum recur_status recur_bench_turns(const struct turn *turn, size_t count, double seconds,
                                    struct turns *turns, recur_error *error)
{
    const double slice = slice_seconds(seconds);
    enum recur_status status = RECUR_OK;
    turns->rounds = 0;
    for (size_t i = 0; i < count * WARM_UP && status == RECUR_OK; i++)
        status = turn[i / WARM_UP].run(turn[i / WARM_UP].user, slice / WARM_UP,
                                       &turns->rate[i / WARM_UP][0], error);
    double end = recur_seconds() + (double)count * seconds / 2;
    while (status == RECUR_OK && turns->rounds < ROUNDS_MOST &&
           (turns->rounds < ROUNDS_LEAST || recur_seconds() < end)) {
        for (size_t i = 0; i < count && status == RECUR_OK; i++)
            status = turn[i].run(turn[i].user, slice, &turns->rate[i][turns->rounds], error);
        turns->rounds++;
    }
    return status;
}

double recur_bench_turns_seconds(const double *piece, size_t count, double seconds)
{
    double slice = slice_seconds(seconds), warm_up = 0, round = 0;
    for (size_t i = 0; i < count; i++) {
        warm_up += WARM_UP * piece[i] > slice ? WARM_UP * piece[i] : slice;
        round += piece[i] > slice ? piece[i] : slice;
    }
    double rounds = (double)count * seconds / 2;
    rounds = rounds > ROUNDS_LEAST * round ? rounds : ROUNDS_LEAST * round;
    return warm_up + rounds;
}

struct ratio recur_bench_turns_ratio(const struct turns *turns, size_t a, double factor, size_t b)
{
    double pairs[ROUNDS_MOST];
    for (size_t i = 0; i < turns->rounds; i++)
        pairs[i] = turns->rate[a][i] * factor / turns->rate[b][i];
    return recur_bench_ratio(pairs, turns->rounds);
}

static double median_of(const double *rates, size_t count)
{
    double samples[ROUNDS_MOST];
    memcpy(samples, rates, count * sizeof *samples);
    return recur_bench_median(samples, count);
}

struct speed recur_bench_speed(const struct turns *turns, size_t work, double cost, size_t limit)
{
    return (struct speed){.rate = median_of(turns->rate[work], turns->rounds),
                          .limit = median_of(turns->rate[limit], turns->rounds),
                          .share = recur_bench_turns_ratio(turns, work, cost, limit)};
}
