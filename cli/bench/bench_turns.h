/* Measures speeds in turns: a slice of one kind of work, a slice of the next one, or of the gauge
 * of a limit, and so on, round after round. What disturbs the machine for longer than a slice
 * disturbs neighbours alike, so the ratio of neighbours does not show it. */
#ifndef RECUR_CLI_BENCH_BENCH_TURNS_H
#define RECUR_CLI_BENCH_BENCH_TURNS_H

#include "bench/bench_ratio.h"
#include "recur/machine.h"

/* TURNS: kinds of work and gauges in one measurement. ROUNDS: in which all of them have a turn. */
enum { TURNS_MOST = 12, ROUNDS_LEAST = 5, ROUNDS_MOST = 200 };

/* What takes turns. `run` works for about `seconds`, but on one piece of its work at least; *rate
 * is how many tokens, operations or bytes per second. */
struct turn {
    enum recur_status (*run)(void *user, double seconds, double *rate, recur_error *error);
    void *user;
};

struct turns {
    size_t rounds;
    double rate[TURNS_MOST][ROUNDS_MOST];
};

/* The turn of a gauge, which lasts as long as the measurement. */
struct turn recur_bench_gauge_turn(recur_gauge *gauge);

/* Lets `count` turns warm up, and then take turns until each has had about half of `seconds`, so
 * that work and its limit together have `seconds`; at least ROUNDS_LEAST times. */
enum recur_status recur_bench_turns(const struct turn *turn, size_t count, double seconds,
                                    struct turns *turns, recur_error *error);

/* How long that takes if one piece of each kind of work takes so many seconds (0: a gauge). */
double recur_bench_turns_seconds(const double *piece, size_t count, double seconds);

/* How many times as fast turn number `a` is as turn number `b`, each of its tokens counted `factor`
 * times. */
struct ratio recur_bench_turns_ratio(const struct turns *turns, size_t a, double factor, size_t b);

/* Work beside the limit that bounds it. */
struct speed {
    double rate;        /* median of tokens per second */
    double limit;       /* median of the limit, per second */
    struct ratio share; /* of the limit */
};

/* The speed of turn number `work`, a token of which needs `cost` operations or bytes, beside turn
 * number `limit`. */
struct speed recur_bench_speed(const struct turns *turns, size_t work, double cost, size_t limit);

#endif
