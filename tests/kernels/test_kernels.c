/* Every kernel on every instruction set of this processor; `test_kernels --bench` times them.
 *
 * Shapes and numbers are random, with a seed that is printed; RECUR_TEST_SEED repeats it. */
#define _GNU_SOURCE /* setenv, clock_gettime */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "kernel_check.h"

enum { CHECKS_MAX = 256 };

struct trial {
    const struct recur_kernels *kernels;
    kernel_check *check;
    uint64_t seed, stream;
};

static void run_trial(void **state)
{
    const struct trial *trial = *state;
    struct recur_rng rng;
    recur_rng_seed(&rng, trial->seed, trial->stream);
    trial->check(trial->kernels, &rng);
}

static void check_select(void **state)
{
    (void)state;
    const struct recur_kernels *kernels;
    recur_error error;
    for (size_t level = 0; recur_kernels_level(level); level++) {
        setenv("RECUR_ISA", recur_kernels_level(level)->isa, 1);
        assert_int_equal(recur_kernels_select(&kernels, &error), RECUR_OK);
        assert_ptr_equal(kernels, recur_kernels_level(level));
        unsetenv("RECUR_ISA");
        assert_int_equal(recur_kernels_select(&kernels, &error), RECUR_OK);
        if (!recur_kernels_level(level + 1))
            assert_ptr_equal(kernels, recur_kernels_level(level));
    }
    const char *best = getenv("RECUR_TEST_ISA"); /* the table that the emulated processor must
                                                    choose */
    if (best)
        assert_string_equal(kernels->isa, best);
    setenv("RECUR_ISA", "mmx", 1);
    assert_int_equal(recur_kernels_select(&kernels, &error), RECUR_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "RECUR_ISA is \"mmx\", but recur has generic"));
    unsetenv("RECUR_ISA");
}

static uint64_t choose_seed(void)
{
    struct timespec t;
    const char *given = getenv("RECUR_TEST_SEED");
    clock_gettime(CLOCK_REALTIME, &t);
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)t.tv_nsec;
    printf("# RECUR_TEST_SEED=%llu repeats this run\n", (unsigned long long)seed);
    return seed;
}

/* An emulated processor checks only what the one before it has not: the last table, where there are
 * more than two. */
static size_t first_level(void)
{
    size_t levels = 0;
    while (recur_kernels_level(levels))
        levels++;
    return getenv("RECUR_TEST_ISA") && levels > 2 ? levels - 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--bench")) {
        recur_kernels_time();
        return 0;
    }
    static struct trial trials[CHECKS_MAX];
    static char labels[CHECKS_MAX][64];
    static struct CMUnitTest tests[CHECKS_MAX] = {cmocka_unit_test(check_select)};
    const struct named_check *const lists[] = {recur_product_checks, recur_pointwise_checks,
                                               recur_loss_checks,    recur_low_precision_checks,
                                               recur_points_checks,  recur_normalise_checks};
    uint64_t seed = choose_seed();
    size_t count = 1, first = first_level();
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct named_check *check = lists[i]; check->name; check++)
            for (size_t level = first; recur_kernels_level(level); level++, count++) {
                const struct recur_kernels *kernels = recur_kernels_level(level);
                if (count == CHECKS_MAX) {
                    puts("Bail out! CHECKS_MAX is too small");
                    return 1;
                }
                snprintf(labels[count], sizeof labels[count], "%s, %s", check->name, kernels->isa);
                trials[count] = (struct trial){kernels, check->check, seed, count};
                tests[count] =
                    (struct CMUnitTest){labels[count], run_trial, NULL, NULL, &trials[count]};
            }
    return _cmocka_run_group_tests("kernels", tests, count, NULL, NULL);
}
