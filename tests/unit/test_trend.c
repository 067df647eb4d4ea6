/* What the losses of a run's epochs speak for, and what they leave open. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../cli/train/trend.h"
#include "base/rng.h"

enum { MOST = 500 };

static enum trend trend_of(const double *losses, size_t count)
{
    size_t lowest = 0;
    for (size_t i = 1; i < count; i++)
        lowest = losses[i] < losses[lowest] ? i : lowest;
    return recur_trend(losses, count, lowest);
}

/* A number of about a normal distribution. */
static double draw(struct recur_rng *rng)
{
    double sum = -6;
    for (size_t i = 0; i < 12; i++)
        sum += recur_rng_uniform(rng);
    return sum;
}

/* In how many of 2000 runs of `count` epochs, which fall to a level with the time constant `fall`
 * and then rise by `rise` an epoch, losses with such noise are said to go that way. */
static size_t runs_with(enum trend trend, size_t count, double fall, double rise, double noise)
{
    struct recur_rng rng;
    double losses[MOST];
    size_t found = 0;
    recur_rng_seed(&rng, 1, count);
    for (size_t run = 0; run < 2000; run++) {
        for (size_t i = 0; i < count; i++)
            losses[i] = 1.5 + exp(-(double)i / fall) + rise * fmax(0, (double)i - 5 * fall) +
                        noise * draw(&rng);
        found += trend_of(losses, count) == trend;
    }
    return found;
}

static void what_is_plain_is_said(void **state)
{
    (void)state;
    for (size_t count = 12; count <= MOST; count = 3 * count + 1) {
        double fall = (double)count / 12;
        assert_int_equal(runs_with(TREND_RISEN, count, fall, 0.2 / fall, 0.005), 2000);
        assert_int_equal(runs_with(TREND_FALLING, count, (double)count, 0, 0.001), 2000);
    }
    const double few[] = {3.5, 3.2, 3.0};
    assert_int_equal(trend_of(few, 3), TREND_FALLING);
    const double early[] = {2, 2.1, 2.2, 2.3, 2.4};
    assert_int_equal(trend_of(early, 5), TREND_RISEN);
}

/* At most one in thirty. */
static void noise_is_no_trend(void **state)
{
    (void)state;
    for (size_t count = 12; count <= MOST; count = 3 * count + 1) {
        for (double noise = 0.001; noise < 0.05; noise *= 3) {
            double fall = (double)count / 20;
            assert_in_range(runs_with(TREND_RISEN, count, fall, 0, noise), 0, 66);
            assert_in_range(runs_with(TREND_FALLING, count, fall, 0, noise), 0, 66);
        }
    }
}

static void little_is_left_open(void **state)
{
    (void)state;
    const double losses[][6] = {{3}, {3, 2.9}, {3, 2.9, 2.899}, {2, 2.1, 2.2}, {2, 2, 2, 2, 2, 2}};
    const size_t counts[] = {1, 2, 3, 3, 6};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        assert_int_equal(trend_of(losses[i], counts[i]), TREND_NONE);
    double flat[MOST] = {0};
    for (size_t i = 0; i < MOST; i++)
        flat[i] = 2 - 1e-5 * (double)i; /* falls by less than is worth a word */
    assert_int_equal(trend_of(flat, MOST), TREND_NONE);
}

/* One epoch's minibatches, from `first` on. */
static enum trend course_of(size_t first, size_t count, double fall, double noise)
{
    struct course course = {0};
    struct recur_rng rng;
    recur_rng_seed(&rng, 2, count);
    for (size_t i = first; i < count; i++)
        recur_course_add(&course, i, count,
                         2 + exp(-(double)i / (fall * (double)count)) + noise * draw(&rng));
    return recur_course_trend(&course);
}

static void an_epoch_has_a_course(void **state)
{
    (void)state;
    assert_int_equal(course_of(0, 1000, 0.5, 0.1), TREND_FALLING);
    assert_int_equal(course_of(0, 1000, 0.02, 0.1), TREND_NONE);
    assert_int_equal(course_of(0, 20, 0.5, 0), TREND_NONE);       /* too few */
    assert_int_equal(course_of(600, 1000, 0.5, 0.1), TREND_NONE); /* resumed in the middle */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_plain_is_said),
        cmocka_unit_test(noise_is_no_trend),
        cmocka_unit_test(little_is_left_open),
        cmocka_unit_test(an_epoch_has_a_course),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
