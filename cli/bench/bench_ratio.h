/* Statistics of measurements in turns: how two speeds compare that were measured in pairs, each
 * pair within moments. */
#ifndef RECUR_CLI_BENCH_BENCH_RATIO_H
#define RECUR_CLI_BENCH_BENCH_RATIO_H

#include <stdbool.h>
#include <stddef.h>

/* The median of the pairs' ratios, and the two quartiles beside it: half of the pairs lie between
 * them. `noisy` if they differ by more than a quarter. */
struct ratio {
    double median, low, high;
    bool noisy;
};

/* The ratio of `count` pairs, at least one; sorts them. */
struct ratio recur_bench_ratio(double *pairs, size_t count);

/* Has the measurement of a share of a limit failed? It has if more than a quarter of the pairs, or
 * the median, say that the work was faster than its limit. */
bool recur_share_failed(const struct ratio *share);

/* For people: "88.1 % (86.9-89.0) of " and the limit, and ", noisy" where it is; or, where the
 * measurement failed, "failed: faster than " and the limit. */
struct ratio_text {
    char text[80];
};
struct ratio_text recur_share_text(const struct ratio *share, const char *limit);

/* "1.98 (1.96-1.99) times as fast as " and `other`, and ", noisy" where it is. */
struct ratio_text recur_times_text(const struct ratio *ratio, const char *other);

/* The median of `count` samples; sorts them. */
double recur_bench_median(double *samples, size_t count);

#endif
