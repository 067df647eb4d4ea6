/* How long a minibatch takes, on a machine that does something else now and then. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "train/pace.h"

/* Tries minibatches of 0.002 seconds, of which number `slow` and those after it, `count` in all,
 * take `stall` seconds. The trial is of 0.1 seconds. */
static struct trial try_out(size_t slow, size_t count, double stall)
{
    struct trial trial = {.seconds = 0.1};
    while (recur_trial_goes_on(&trial)) {
        size_t at = trial.all.count;
        recur_trial_add(&trial, at >= slow && at < slow + count ? stall : 0.002);
    }
    return trial;
}

static void one_stall_says_nothing(void **state)
{
    (void)state;
    for (size_t slow = 0; slow < 50; slow++) {
        struct trial trial = try_out(slow, 1, 2);
        assert_true(trial.all.count >= 50 && trial.all.took < 2.2);
        assert_true(fabs(recur_trial_result(&trial) - 0.002) < 1e-9);
    }
}

/* The first minibatches are slower, because memory is touched for the first time. */
static void slow_beginnings(void **state)
{
    (void)state;
    struct trial trial = try_out(0, 4, 0.006);
    assert_true(fabs(recur_trial_result(&trial) - 0.002) < 1e-9);
}

static void slow_networks(void **state)
{
    (void)state;
    struct trial trial = try_out(0, SIZE_MAX, 4);
    assert_int_equal(trial.all.count, 2);
    assert_true(recur_trial_result(&trial) == 4);
    struct trial other = try_out(0, SIZE_MAX, 0.2);
    assert_int_equal(other.all.count, 3);
    assert_true(fabs(recur_trial_result(&other) - 0.2) < 1e-9);
}

/* A trial that ends early, with its text, is judged by what there is. */
static void short_trials(void **state)
{
    (void)state;
    struct trial trial = {.seconds = 1};
    for (int i = 0; i < 4; i++)
        recur_trial_add(&trial, 0.01);
    assert_true(fabs(recur_trial_result(&trial) - 0.01) < 1e-9);
}

static double weight_of(size_t minibatches)
{
    return 1 / fmin(20, (double)minibatches + 5);
}

static void a_stall_within_a_run(void **state)
{
    (void)state;
    for (size_t slow = 0; slow < 60; slow += 3) {
        struct tempo tempo = {.seconds = 0.01};
        for (size_t i = 0; i < 100; i++) {
            recur_tempo_add(&tempo, i == slow ? 2 : 0.01, weight_of(i));
            assert_true(tempo.seconds >= 0.00999 && tempo.seconds <= 0.0161);
            assert_true(slow == 0 || tempo.seconds <= 0.0141);
        }
        assert_true(tempo.seconds < 0.0105);
    }
}

/* What was measured while the machine was busy is forgotten. */
static void a_busy_beginning(void **state)
{
    (void)state;
    struct tempo tempo = {.seconds = 5};
    recur_tempo_add(&tempo, 0.01, weight_of(0));
    assert_true(tempo.seconds <= 0.0401);
}

/* A process that gets a part of the time, in turns, takes what it takes on the whole. */
static void a_shared_machine(void **state)
{
    (void)state;
    struct trial trial = {.seconds = 1};
    while (recur_trial_goes_on(&trial))
        recur_trial_add(&trial, trial.all.count % 4 == 3 ? 0.145 : 0.005);
    assert_true(fabs(recur_trial_result(&trial) - 0.04) < 0.008);
    struct tempo tempo = {.seconds = 0.005};
    double sum = 0;
    for (size_t i = 0; i < 400; i++) {
        recur_tempo_add(&tempo, i % 4 == 3 ? 0.145 : 0.005, weight_of(i));
        sum += i >= 200 ? tempo.seconds / 200 : 0;
    }
    assert_true(fabs(sum - 0.04) < 0.004);
}

/* The mean follows a machine that becomes slower or faster, and counts what comes now and then. */
static void other_speeds(void **state)
{
    (void)state;
    struct tempo tempo = {.seconds = 0.01};
    for (size_t i = 0; i < 100; i++)
        recur_tempo_add(&tempo, 0.1, weight_of(i));
    assert_true(fabs(tempo.seconds - 0.1) < 0.01);
    for (size_t i = 0; i < 100; i++)
        recur_tempo_add(&tempo, 0.02, weight_of(100));
    assert_true(fabs(tempo.seconds - 0.02) < 0.002);
    double sum = 0;
    for (size_t i = 0; i < 1000; i++) {
        recur_tempo_add(&tempo, i % 10 == 0 ? 0.11 : 0.02, 0.05);
        sum += i >= 500 ? tempo.seconds / 500 : 0;
    }
    assert_true(fabs(sum - 0.029) < 0.002);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_stall_says_nothing), cmocka_unit_test(slow_beginnings),
        cmocka_unit_test(slow_networks),          cmocka_unit_test(short_trials),
        cmocka_unit_test(a_stall_within_a_run),   cmocka_unit_test(a_busy_beginning),
        cmocka_unit_test(a_shared_machine),       cmocka_unit_test(other_speeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
