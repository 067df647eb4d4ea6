/* What recur bench makes of pairs of measurements: median, spread, noise, and measurements that
 * failed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../cli/bench/bench_ratio.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void assert_about(double value, double expected)
{
    assert_true(value > expected - 1e-9 && value < expected + 1e-9);
}

static void assert_quartiles(const struct ratio *ratio, double low, double median, double high)
{
    assert_about(ratio->low, low);
    assert_about(ratio->median, median);
    assert_about(ratio->high, high);
}

static void a_steady_share(void **state)
{
    (void)state;
    double pairs[] = {0.91, 0.88, 0.9, 0.89, 0.87}; /* in any order */
    const struct ratio share = recur_bench_ratio(pairs, COUNT(pairs));
    assert_quartiles(&share, 0.88, 0.89, 0.9);
    assert_false(share.noisy);
    assert_false(recur_share_failed(&share));
    assert_string_equal(recur_share_text(&share, "the f32 peak").text,
                        "89.0 % (88.0-90.0) of the f32 peak");
}

static void quartiles_lie_between_pairs(void **state)
{
    (void)state;
    double four[] = {4, 1, 3, 2}, two[] = {3, 1}, one[] = {0.5};
    struct ratio ratio = recur_bench_ratio(four, COUNT(four));
    assert_quartiles(&ratio, 1.75, 2.5, 3.25);
    ratio = recur_bench_ratio(two, COUNT(two));
    assert_quartiles(&ratio, 1.5, 2, 2.5);
    ratio = recur_bench_ratio(one, COUNT(one));
    assert_quartiles(&ratio, 0.5, 0.5, 0.5);
    assert_false(ratio.noisy);
}

/* One pair that was disturbed moves nothing. */
static void a_disturbed_pair(void **state)
{
    (void)state;
    double pairs[] = {0.9, 0.3, 0.9, 0.9, 0.9, 0.9, 6.85, 0.9};
    const struct ratio share = recur_bench_ratio(pairs, COUNT(pairs));
    assert_quartiles(&share, 0.9, 0.9, 0.9);
    assert_false(share.noisy);
}

/* A quarter is the limit. */
static void noise(void **state)
{
    (void)state;
    double quarter[] = {0.4, 0.4, 0.45, 0.5, 0.5}, more[] = {0.4, 0.4, 0.45, 0.501, 0.6};
    struct ratio share = recur_bench_ratio(quarter, COUNT(quarter));
    assert_false(share.noisy);
    share = recur_bench_ratio(more, COUNT(more));
    assert_true(share.noisy);
    assert_string_equal(recur_share_text(&share, "reading").text,
                        "45.0 % (40.0-50.1) of reading, noisy");
    assert_string_equal(recur_times_text(&share, "one thread").text,
                        "0.45 (0.40-0.50) times as fast as one thread, noisy");
}

/* No share above 100 % is shown, neither as the median nor as a quartile. */
static void more_than_there_is(void **state)
{
    (void)state;
    double above[] = {1.5, 1.6, 6.85, 1.55, 1.52}, a_quarter[] = {0.97, 0.98, 0.99, 1.01, 1.02},
           one[] = {0.97, 0.98, 0.99, 0.99, 1.02}, whole[] = {1, 1, 1};
    struct ratio share = recur_bench_ratio(above, COUNT(above));
    assert_true(recur_share_failed(&share));
    assert_string_equal(recur_share_text(&share, "the bf16 peak").text,
                        "failed: faster than the bf16 peak");
    share = recur_bench_ratio(a_quarter, COUNT(a_quarter));
    assert_true(recur_share_failed(&share));
    assert_string_equal(recur_share_text(&share, "reading").text, "failed: faster than reading");
    share = recur_bench_ratio(one, COUNT(one));
    assert_false(recur_share_failed(&share));
    share = recur_bench_ratio(whole, COUNT(whole));
    assert_false(recur_share_failed(&share));
    /* A ratio of two speeds is no share. */
    share = recur_bench_ratio(above, COUNT(above));
    assert_string_equal(recur_times_text(&share, "one thread").text,
                        "1.55 (1.52-1.60) times as fast as one thread");
}

/* A limit that measured nothing makes no share. */
static void nothing(void **state)
{
    (void)state;
    double pairs[] = {INFINITY, INFINITY, INFINITY};
    const struct ratio share = recur_bench_ratio(pairs, COUNT(pairs));
    assert_true(recur_share_failed(&share));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_steady_share),     cmocka_unit_test(quartiles_lie_between_pairs),
        cmocka_unit_test(a_disturbed_pair),   cmocka_unit_test(noise),
        cmocka_unit_test(more_than_there_is), cmocka_unit_test(nothing),
    };
    return cmocka_run_group_tests_name("bench_ratio", tests, NULL, NULL);
}
