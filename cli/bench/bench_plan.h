/* The plan of a run of recur bench: which measurements, how long they take, and how far the run is.
 * It is shown on stderr, on a terminal by a live line, else by a plain line now and then. Only
 * where a measurement begins, so that nothing disturbs it (common/progress.h has a thread that
 * draws). */
#ifndef RECUR_CLI_BENCH_BENCH_PLAN_H
#define RECUR_CLI_BENCH_BENCH_PLAN_H

#include <stdbool.h>
#include <stddef.h>

/* All zero at first. */
struct plan {
    size_t count;   /* measurements */
    double seconds; /* of all of them, as expected */

    size_t begun;
    double begun_seconds;  /* of those that were begun, as expected */
    double started, shown; /* in recur_seconds() */
    bool terminal;
};

/* Adds a measurement to the plan. */
void recur_bench_plan_add(struct plan *plan, double seconds);

/* Says how many measurements there are and how long they will take. */
void recur_bench_plan_start(struct plan *plan, const char *command);

/* A planned measurement begins, of `what` in the preset `name`. */
void recur_bench_plan_begin(struct plan *plan, double seconds, const char *name, const char *what);

#endif
