/* Minibatches on all threads or on one, whichever is faster. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/cpu/tuner.h"

/* Runs `count` minibatches that take so long together and alone; returns how many ran alone. */
static size_t run(struct recur_tuner *tuner, size_t count, double together, double alone)
{
    size_t ran_alone = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_alone = recur_tuner_alone(tuner);
        ran_alone += is_alone;
        recur_tuner_record(tuner, is_alone ? alone : together);
    }
    return ran_alone;
}

static void takes_the_faster(void **state)
{
    (void)state;
    struct recur_tuner tuner = {.alone = false};
    assert_in_range(run(&tuner, 4000, 1, 1.9), 1, 60);
    tuner = (struct recur_tuner){.alone = false};
    assert_in_range(run(&tuner, 4000, 1, 0.9), 3940, 3999);
}

static void notices_a_change(void **state)
{
    (void)state;
    struct recur_tuner tuner = {.alone = false};
    run(&tuner, 2000, 1, 1.9);
    run(&tuner, 2000, 4, 1.9); /* another program has come */
    assert_in_range(run(&tuner, 4000, 4, 1.9), 3940, 3999);
    run(&tuner, 2000, 1, 1.9); /* and gone */
    assert_in_range(run(&tuner, 4000, 1, 1.9), 1, 60);
}

/* Threads that have only begun may be slow for a moment; that it is over is soon seen. */
static void begins_slowly(void **state)
{
    (void)state;
    struct recur_tuner tuner = {.alone = false};
    run(&tuner, 10, 4, 1.9);
    assert_in_range(run(&tuner, 400, 1, 1.9), 1, 120);
}

/* Where the others hardly ever get a processor, waiting for them takes a thousand times as long as
 * the work: seen at once, and tried so seldom that it costs a twentieth of the time at most. */
static void waits_little(void **state)
{
    (void)state;
    enum { PIECES = 200000 };
    struct recur_tuner tuner = {.alone = false};
    run(&tuner, 500, 1, 1.9);
    assert_in_range(run(&tuner, 100, 1000, 1.9), 99, 100);
    size_t alone = run(&tuner, PIECES, 1000, 1.9);
    double seconds = (double)alone * 1.9 + (double)(PIECES - alone) * 1000;
    assert_true(seconds < 1.05 * PIECES * 1.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_faster),
        cmocka_unit_test(notices_a_change),
        cmocka_unit_test(begins_slowly),
        cmocka_unit_test(waits_little),
    };
    return cmocka_run_group_tests_name("tuner", tests, NULL, NULL);
}
