/* Minibatches on all threads or on one, whichever is faster. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "train/pace.h"

/* Runs `count` minibatches that take so long together and alone; returns how many ran alone. */
static size_t run(struct recur_pace *pace, size_t count, double together, double alone)
{
    size_t ran_alone = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_alone = recur_pace_alone(pace);
        ran_alone += is_alone;
        recur_pace_took(pace, is_alone ? alone : together);
    }
    return ran_alone;
}

static void takes_the_faster(void **state)
{
    (void)state;
    struct recur_pace pace = {.alone = false};
    assert_in_range(run(&pace, 4000, 1, 1.9), 1, 60);
    pace = (struct recur_pace){.alone = false};
    assert_in_range(run(&pace, 4000, 1, 0.9), 3940, 3999);
}

static void notices_a_change(void **state)
{
    (void)state;
    struct recur_pace pace = {.alone = false};
    run(&pace, 2000, 1, 1.9);
    run(&pace, 2000, 4, 1.9); /* another program has come */
    assert_in_range(run(&pace, 4000, 4, 1.9), 3940, 3999);
    run(&pace, 2000, 1, 1.9); /* and gone */
    assert_in_range(run(&pace, 4000, 1, 1.9), 1, 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_faster),
        cmocka_unit_test(notices_a_change),
    };
    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
