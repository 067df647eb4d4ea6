/* The CRF against brute force over all paths, and its gradient against central differences, in
 * double precision. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "task/crf.h"

enum { K = 4, T = 5, STRIDE = K + 3, Y_STRIDE = 2 };

struct bench {
    real start[K], end[K], transitions[K * K], x[T * STRIDE], dx[T * STRIDE];
    double weight[K * K], before[T * K], after[T * K], factor[T];
    int32_t y[T * Y_STRIDE];
    struct recur_crf crf;
    struct recur_crf_sums sums;
};

static void fill(real *values, size_t count, double spread, struct recur_rng *rng)
{
    for (size_t i = 0; i < count; i++)
        values[i] = spread * recur_rng_normal(rng);
}

static void create(struct bench *b, uint64_t seed, double spread)
{
    struct recur_rng rng;
    recur_rng_seed(&rng, seed, 0);
    fill(b->start, K, spread, &rng);
    fill(b->end, K, spread, &rng);
    fill(b->transitions, K * K, spread, &rng);
    fill(b->x, T * STRIDE, spread, &rng);
    for (size_t t = 0; t < T; t++)
        b->y[t * Y_STRIDE] = (int32_t)recur_rng_below(&rng, K);
    b->crf = (struct recur_crf){
        .labels = K, .start = b->start, .end = b->end, .transitions = b->transitions};
    b->crf.weight = b->weight;
    b->sums = (struct recur_crf_sums){b->before, b->after, b->factor};
}

static double score(const struct bench *b, size_t steps, const int32_t *y, size_t stride)
{
    double sum = b->start[y[0]] + b->end[y[(steps - 1) * stride]];
    for (size_t t = 0; t < steps; t++) {
        sum += b->x[t * STRIDE + (size_t)y[t * stride]];
        if (t > 0)
            sum += b->transitions[(size_t)y[(t - 1) * stride] * K + (size_t)y[t * stride]];
    }
    return sum;
}

/* All K^steps paths: log Z, and the best of them. */
static double try_all(const struct bench *b, size_t steps, int32_t *best)
{
    size_t paths = 1;
    double z = 0, most = -INFINITY;
    for (size_t t = 0; t < steps; t++)
        paths *= K;
    for (size_t path = 0; path < paths; path++) {
        int32_t y[T];
        size_t rest = path;
        for (size_t t = 0; t < steps; t++, rest /= K)
            y[t] = (int32_t)(rest % K);
        double found = score(b, steps, y, 1);
        z += exp(found);
        if (found > most) {
            most = found;
            memcpy(best, y, sizeof y);
        }
    }
    return log(z);
}

static double loss(struct bench *b, size_t steps)
{
    recur_crf_prepare(&b->crf);
    return recur_crf_loss(&b->crf, b->x, STRIDE, steps, b->y, Y_STRIDE, &b->sums);
}

static void the_loss_is_that_of_all_paths(void **state)
{
    (void)state;
    for (size_t steps = 1; steps <= T; steps++)
        for (uint64_t seed = 0; seed < 5; seed++) {
            struct bench b;
            int32_t best[T];
            create(&b, seed, 2);
            double expected = try_all(&b, steps, best) - score(&b, steps, b.y, Y_STRIDE);
            assert_true(fabs(loss(&b, steps) - expected) < 1e-12 * (1 + expected));
        }
}

static void the_path_is_the_best_of_all(void **state)
{
    (void)state;
    for (size_t steps = 1; steps <= T; steps++)
        for (uint64_t seed = 0; seed < 20; seed++) {
            struct bench b;
            int32_t expected[T], path[T], back[T * K];
            double two[2 * K];
            create(&b, seed, 2);
            try_all(&b, steps, expected);
            double found = recur_crf_decode(&b.crf, b.x, STRIDE, steps, path, two, back);
            assert_memory_equal(path, expected, steps * sizeof *path);
            assert_true(fabs(found - score(&b, steps, expected, 1)) < 1e-12);
        }
}

static double difference(struct bench *b, size_t steps, real *value)
{
    const double e = 1e-5;
    real kept = *value;
    *value = kept + e;
    double above = loss(b, steps);
    *value = kept - e;
    double below = loss(b, steps);
    *value = kept;
    return (above - below) / (2 * e);
}

static void expect_near(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-8 + 1e-6 * fabs(expected)))
        fail_msg("%.12g, expected %.12g", found, expected);
}

static void the_gradient_is_that_of_differences(void **state)
{
    (void)state;
    const double scale = 0.25;
    for (size_t steps = 1; steps <= T; steps++) {
        struct bench b;
        create(&b, steps, 1.5);
        double d[K * K] = {0}, start[K] = {0}, end[K] = {0};
        loss(&b, steps);
        recur_crf_gradient(&b.crf, b.x, STRIDE, steps, b.y, Y_STRIDE, scale, b.dx, &b.sums);
        for (size_t i = 0; i < K; i++) {
            recur_crf_transition_row(&b.crf, steps, b.y, Y_STRIDE, scale, i, d + i * K, &b.sums);
            start[i] = b.dx[i];
            end[i] = b.dx[(steps - 1) * STRIDE + i];
        }
        for (size_t i = 0; i < K * K; i++)
            expect_near(d[i], scale * difference(&b, steps, &b.transitions[i]));
        for (size_t i = 0; i < K; i++) {
            expect_near(start[i], scale * difference(&b, steps, &b.start[i]));
            expect_near(end[i], scale * difference(&b, steps, &b.end[i]));
            for (size_t t = 0; t < steps; t++)
                expect_near(b.dx[t * STRIDE + i],
                            scale * difference(&b, steps, &b.x[t * STRIDE + i]));
        }
    }
}

/* Scores that no exponential holds. */
static void large_scores_stay_finite(void **state)
{
    (void)state;
    struct bench b;
    create(&b, 3, 200);
    double found = loss(&b, T);
    assert_true(isfinite(found) && found >= -1e-9);
    recur_crf_gradient(&b.crf, b.x, STRIDE, T, b.y, Y_STRIDE, 1, b.dx, &b.sums);
    for (size_t t = 0; t < T; t++)
        for (size_t i = 0; i < K; i++)
            assert_true(isfinite(b.dx[t * STRIDE + i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loss_is_that_of_all_paths),
        cmocka_unit_test(the_path_is_the_best_of_all),
        cmocka_unit_test(the_gradient_is_that_of_differences),
        cmocka_unit_test(large_scores_stay_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
