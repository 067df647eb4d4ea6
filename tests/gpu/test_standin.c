/* Does the stand-in for a GPU compute what PTX says, in blocks, clusters and the whole grid? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

#define PUT "mul.wide.u32 %rd31, %t, 4;\nadd.s64 %rd31, %rd31, %out;\nst.global.u32 [%rd31], %r0;\n"
#define GET "mul.wide.u32 %rd30, %t, 4;\nadd.s64 %rd30, %rd30, %in;\nld.global.u32 %r1, [%rd30];\n"

static void test_threads_count(void **state)
{
    (void)state;
    uint32_t out[70];
    trial_run(&(struct trial){
        .body = "mad.lo.u32 %r0, %t, 3, 1;\n" PUT, .threads = 70, .out = out, .out_words = 70});
    for (uint32_t k = 0; k < 70; k++)
        assert_int_equal(out[k], 3 * k + 1);
}

/* Each thread stores and reads its neighbour's word: right only because of the barrier. */
#define THROUGH_SHARED(barrier)                                                                    \
    "mov.u32 %r2, box;\nshl.b32 %r3, %t, 2;\nadd.u32 %r3, %r3, %r2;\nst.shared.u32 [%r3], "        \
    "%t;\n" barrier "xor.b32 %r4, %t, 33;\nshl.b32 %r4, %r4, 2;\nadd.u32 %r4, %r4, %r2;\n"         \
    "ld.shared.u32 %r0, [%r4];\n" PUT

static void test_barrier_of_a_block(void **state)
{
    (void)state;
    uint32_t out[128];
    struct trial t = {.head = ".shared .align 4 .b8 box[512];",
                      .body = THROUGH_SHARED("bar.sync 0;\n"),
                      .threads = 128,
                      .out = out,
                      .out_words = 128};
    trial_run(&t);
    for (uint32_t k = 0; k < 128; k++)
        assert_int_equal(out[k], k ^ 33);
    t.body = THROUGH_SHARED("");
    trial_ends(&t, "was never written");
}

/* Each block writes its rank into the next block's shared memory. */
#define TO_NEXT_BLOCK(barrier)                                                                     \
    "mov.u32 %r2, box;\nmov.u32 %r3, %cluster_ctarank;\nmov.u32 %r4, %cluster_nctarank;\n"         \
    "add.u32 %r5, %r3, 1;\nrem.u32 %r5, %r5, %r4;\nmapa.shared::cluster.u32 %r6, %r2, %r5;\n"      \
    "st.shared::cluster.u32 [%r6], %r3;\n" barrier "ld.shared.u32 %r0, [box];\nmov.u32 %t, "       \
    "%ctaid.x;\n" PUT
#define CLUSTER_BARRIER "barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;\n"

static void test_cluster(void **state)
{
    (void)state;
    uint32_t out[32];
    for (unsigned size = 2; size <= 16; size *= 2) {
        struct trial t = {.head = ".shared .align 4 .b8 box[4];",
                          .body = TO_NEXT_BLOCK(CLUSTER_BARRIER),
                          .blocks = 2 * size,
                          .cluster = size,
                          .out = out,
                          .out_words = 2 * size};
        trial_run(&t);
        for (uint32_t k = 0; k < 2 * size; k++)
            assert_int_equal(out[k], (k + size - 1) % size);
        t.body = TO_NEXT_BLOCK("");
        trial_ends(&t, "block");
    }
}

static void test_shuffle(void **state)
{
    (void)state;
    uint32_t out[32];
    trial_run(&(struct trial){
        .body = "shfl.sync.bfly.b32 %r0, %t, 5, 31, -1;\n" PUT, .out = out, .out_words = 32});
    for (uint32_t k = 0; k < 32; k++)
        assert_int_equal(out[k], k ^ 5);
}

static void test_what_is_not_known(void **state)
{
    (void)state;
    trial_ends(&(struct trial){.body = "add.s33 %r0, %r1, %r2;\n"}, "unknown instruction");
    trial_ends(&(struct trial){.body = "add.s32 %r0, %r1, %f2;\n"}, "has type .f32");
    trial_ends(
        &(struct trial){.body = "mapa.shared::cluster.u32 %r0, %r1, %r2;\n", .architecture = 80},
        "needs .target sm_90");
}

static void test_bounds(void **state)
{
    (void)state;
    uint32_t in[4] = {1, 2, 3, 4};
    trial_ends(&(struct trial){.body = GET, .in = in, .in_words = 4}, "out of bounds");
    trial_ends(&(struct trial){.body = "add.s64 %in, %in, 2;\n" GET, .in = in, .in_words = 4},
               "is no multiple of the 4 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_count),     cmocka_unit_test(test_barrier_of_a_block),
        cmocka_unit_test(test_cluster),           cmocka_unit_test(test_shuffle),
        cmocka_unit_test(test_what_is_not_known), cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
