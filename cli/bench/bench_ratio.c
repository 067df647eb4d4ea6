#include "bench/bench_ratio.h"

#include <stdio.h>
#include <stdlib.h>

#define NOISY 1.25 /* the upper quartile divided by the lower one */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The number below which that part of the sorted numbers lies; it may lie between two of them. */
static double quantile(const double *sorted, size_t count, double part)
{
    double place = part * (double)(count - 1);
    size_t below = (size_t)place;
    double rest = place - (double)below;
    return rest > 0 ? sorted[below] + rest * (sorted[below + 1] - sorted[below]) : sorted[below];
}

double recur_bench_median(double *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, ascending);
    return quantile(samples, count, 0.5);
}

struct ratio recur_bench_ratio(double *pairs, size_t count)
{
    struct ratio ratio = {.median = recur_bench_median(pairs, count),
                          .low = quantile(pairs, count, 0.25),
                          .high = quantile(pairs, count, 0.75)};
    ratio.noisy = ratio.high > NOISY * ratio.low;
    return ratio;
}

bool recur_share_failed(const struct ratio *share)
{
    return !(share->high <= 1);
}

struct ratio_text recur_share_text(const struct ratio *share, const char *limit)
{
    struct ratio_text shown;
    if (recur_share_failed(share))
        snprintf(shown.text, sizeof shown.text, "failed: faster than %s", limit);
    else
        snprintf(shown.text, sizeof shown.text, "%.1f %% (%.1f-%.1f) of %s%s", 100 * share->median,
                 100 * share->low, 100 * share->high, limit, share->noisy ? ", noisy" : "");
    return shown;
}

struct ratio_text recur_times_text(const struct ratio *ratio, const char *other)
{
    struct ratio_text shown;
    snprintf(shown.text, sizeof shown.text, "%.2f (%.2f-%.2f) times as fast as %s%s", ratio->median,
             ratio->low, ratio->high, other, ratio->noisy ? ", noisy" : "");
    return shown;
}
