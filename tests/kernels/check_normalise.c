/* The sums of layer normalisation. A mean of n numbers errs by n U times the mean of their
 * magnitudes; the scale, which is (variance + 1e-5)^-1/2, by half of what the variance errs by,
 * relatively. Here numbers are up to 3 and lines have 2 numbers or more, up to 4 x 100: 64 U of a
 * mean, and relatively 64 U of a scale, of which a sum of few numbers whose variance is small has a
 * hundredfold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kernel_check.h"

enum { TRIALS = 200, ROWS_MAX = RECUR_LINE_ROWS, HIDDEN_MAX = 100, SLOTS = 4 };

struct trial {
    struct arrays arrays;
    struct recur_line line;
    struct recur_moments *moments, *to;
    real *x;
};

static void make_trial(struct trial *trial, struct recur_rng *rng)
{
    *trial = (struct trial){.arrays.count = 0};
    struct recur_line *line = &trial->line;
    line->hidden = pick(rng, 1, HIDDEN_MAX);
    line->rows = pick(rng, 1, ROWS_MAX);
    line->slots = (unsigned)pick(rng, 1, SLOTS);
    line->slot = (line->rows + pick(rng, 0, 2)) * RECUR_LANES;
    line->unit = line->slot * (line->slots + pick(rng, 0, 2));
    size_t panels = recur_panels(line->hidden);
    trial->x = arrays_take_reals(&trial->arrays, panels * line->unit);
    trial->moments = arrays_take(&trial->arrays, line->rows * RECUR_LINES_MAX * sizeof *trial->to);
    trial->to = arrays_take(&trial->arrays, line->rows * RECUR_LINES_MAX * sizeof *trial->to);
    line->x = trial->x;
    for (size_t u = 0; u < panels; u++)
        for (size_t s = 0; s < line->slots; s++)
            for (size_t r = 0; r < line->rows; r++)
                for (size_t j = 0; j < RECUR_LANES; j++)
                    trial->x[u * line->unit + s * line->slot + r * RECUR_LANES + j] =
                        j < recur_panel_width(line->hidden, u) ? pick_real(rng, 3) : 0;
}

static double number_of(const struct trial *trial, size_t r, size_t i)
{
    const struct recur_line *line = &trial->line;
    size_t s = i / line->hidden, unit = i % line->hidden;
    return (double)trial->x[unit / RECUR_LANES * line->unit + s * line->slot + r * RECUR_LANES +
                            unit % RECUR_LANES];
}

static void check_moments(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int i = 0; i < TRIALS; i++) {
        struct trial trial;
        make_trial(&trial, rng);
        const size_t count = trial.line.hidden * trial.line.slots;
        kernels->moments(&trial.line, trial.to);
        for (size_t r = 0; r < trial.line.rows; r++) {
            double mean = 0, variance = 0;
            for (size_t k = 0; k < count; k++)
                mean += number_of(&trial, r, k) / (double)count;
            for (size_t k = 0; k < count; k++)
                variance += pow(number_of(&trial, r, k) - mean, 2) / (double)count;
            double scale = 1 / sqrt(variance + 1e-5);
            assert_near("mean", r, trial.to[r * RECUR_LINES_MAX].mean, mean, 64 * U * 3);
            assert_near("scale", r, trial.to[r * RECUR_LINES_MAX].scale, scale,
                        64 * U * scale * (1 + 100 * scale));
        }
        arrays_release(&trial.arrays);
    }
}

static void check_moments_backward(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int i = 0; i < TRIALS; i++) {
        struct trial trial;
        make_trial(&trial, rng);
        struct recur_line *line = &trial.line;
        size_t size = line->rows * RECUR_LANES, slots = line->slots;
        real *gain = arrays_take_reals(&trial.arrays, slots * RECUR_LANES);
        real *gradient = arrays_take_reals(&trial.arrays, slots * size);
        scatter_reals(rng, gain, slots * RECUR_LANES, 2);
        scatter_reals(rng, gradient, slots * size, 1);
        for (size_t r = 0; r < line->rows; r++)
            trial.moments[r * RECUR_LINES_MAX] =
                (struct recur_moments){pick_real(rng, 1), pick_real(rng, 2)};
        line->gain = gain;
        for (size_t s = 0; s < slots; s++)
            line->gradient[s] = gradient + s * size;
        kernels->moments_backward(line, trial.moments, trial.to);
        for (size_t r = 0; r < line->rows; r++) {
            const struct recur_moments *row = &trial.moments[r * RECUR_LINES_MAX];
            double sum = 0, products = 0;
            for (size_t k = 0; k < slots * RECUR_LANES; k++) {
                size_t s = k / RECUR_LANES, at = r * RECUR_LANES + k % RECUR_LANES;
                double v = (double)gain[k] * (double)gradient[s * size + at];
                double x = (double)trial.x[s * line->slot + at];
                sum += v;
                products += v * ((x - (double)row->mean) * (double)row->scale);
            }
            double n = (double)(slots * RECUR_LANES);
            assert_near("sum", r, trial.to[r].mean, sum, n * U * n * 2);
            assert_near("sum of products", r, trial.to[r].scale, products, n * U * n * 2 * 8);
        }
        arrays_release(&trial.arrays);
    }
}

const struct named_check recur_normalise_checks[] = {
    {"moments", check_moments}, {"moments, backward", check_moments_backward}, {NULL, NULL}};
