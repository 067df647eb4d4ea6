/* What threads of a block, a cluster and the grid do together, and each way in which it goes wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

#define PUT_AT(register)                                                                           \
    "mul.wide.u32 %rd31, " register ", 4;\nadd.s64 %rd31, %rd31, %out;\n"                          \
                                    "st.global.u32 [%rd31], %r0;\n"
#define PUT PUT_AT("%t")
#define BOX ".shared .align 16 .b8 box[1024];\n"
#define ARRIVE "barrier.cluster.arrive.aligned;\n"
#define WAIT "barrier.cluster.wait.aligned;\n"
#define IF_FIRST "setp.eq.u32 %p0, %t, 0;\n"
#define IF_FIRST_WARP "setp.lt.u32 %p1, %t, 32;\n"

static void test_block_barriers(void **state)
{
    (void)state;
    uint32_t out[64];
    /* two warps meet at barrier 3, the others do not */
    trial_run(
        &(struct trial){.head = BOX,
                        .body = "mov.u32 %r0, 0;\nsetp.ge.u32 %p1, %t, 64;\n@%p1 bra END;\n"
                                "mov.u32 %r2, box;\nshl.b32 %r3, %t, 2;\nadd.u32 %r3, %r3, %r2;\n"
                                "st.shared.u32 [%r3], %t;\nbar.sync 3, 64;\n"
                                "xor.b32 %r3, %r3, 128;\nld.shared.u32 %r0, [%r3];\n" PUT "END:\n",
                        .threads = 128,
                        .out = out,
                        .out_words = 64});
    for (uint32_t k = 0; k < 64; k++)
        assert_int_equal(out[k], k ^ 32);
    trial_ends(
        &(struct trial){.threads = 64, .body = IF_FIRST_WARP "@%p1 bra END;\nbar.sync 0;\nEND:\n"},
        "this barrier");
    trial_ends(
        &(struct trial){.threads = 32, .body = IF_FIRST "@%p0 bra END;\nbar.sync 0;\nEND:\n"},
        "waits for other threads of its warp");
    trial_ends(&(struct trial){.threads = 64,
                               .body = IF_FIRST_WARP "@%p1 bra L;\nbar.sync 0;\nbra E;\n"
                                                     "L:\nbar.sync 1;\nE:\n"},
               "threads wait for each other");
    trial_ends(&(struct trial){.threads = 64, .body = "bar.sync 0, 48;\n"}, "threads at a barrier");
    trial_ends(&(struct trial){.threads = 96, .body = "bar.arrive 1, 64;\n"}, "block 0 ends while");
}

static void test_cluster_barriers(void **state)
{
    (void)state;
    struct trial t = {.blocks = 2, .cluster = 2};
    t.body = ARRIVE ARRIVE;
    trial_ends(&t, "arrives twice");
    t.body = WAIT;
    trial_ends(&t, "without having arrived");
    t.body = ARRIVE;
    trial_ends(&t, "leaves between arriving and waiting");
    t.body =
        "mov.u32 %r1, %cluster_ctarank;\nsetp.eq.u32 %p0, %r1, 0;\n@%p0 bra SPIN;\n" ARRIVE WAIT
        "bra END;\nSPIN:\nbra SPIN;\nEND:\n";
    trial_ends(&t, "threads wait for each other");
    t.head = BOX;
    t.body =
        "st.shared.u32 [box], 1;\nmov.u32 %r1, %cluster_ctarank;\nsetp.eq.u32 %p0, %r1, 0;\n" ARRIVE
            WAIT "@%p0 bra END;\nmov.u32 %r2, box;\nmapa.shared::cluster.u32 %r3, %r2, 0;\n"
        "mov.u32 %r4, 0;\nLONG:\nadd.u32 %r4, %r4, 1;\nsetp.lt.u32 %p1, %r4, 9999;\n@%p1 bra "
        "LONG;\n"
        "ld.shared::cluster.u32 %r0, [%r3];\nEND:\n";
    trial_ends(&t, "have left, and its shared memory with them");
    t.body = "mov.u32 %r2, box;\nmapa.shared::cluster.u32 %r3, %r2, 2;\n";
    trial_ends(&t, "block 2 of a cluster of 2");
    t.body =
        "mov.u32 %r2, box;\nmapa.shared::cluster.u32 %r3, %r2, 1;\nst.shared.u32 [%r3], 1;\n" ARRIVE
            WAIT;
    trial_ends(&t, "only .shared::cluster reaches");
}

static void test_shared_memory(void **state)
{
    (void)state;
    trial_ends(&(struct trial){.head = BOX, .body = "st.shared.u32 [box+1024], 1;\n"},
               "the block has 1024 bytes of shared memory");
    trial_ends(&(struct trial){.head = BOX, .body = "ld.shared.u32 %r0, [box];\n"},
               "byte 0 of the shared memory of block 0 of the cluster was never written");
    trial_ends(&(struct trial){.head = BOX,
                               .body = "st.shared.u16 [box], 1;\nld.shared.u32 %r0, [box];\n"},
               "byte 2 of the shared memory");
    uint32_t out[32];
    struct trial t = {.head = ".extern .shared .align 16 .b8 dynamic[];\n" BOX,
                      .body = "mov.u32 %r2, dynamic;\nshl.b32 %r3, %t, 2;\nadd.u32 %r3, %r3, %r2;\n"
                              "st.shared.u32 [%r3+128], %t;\nst.shared.u32 [box], %t;\n"
                              "ld.shared.u32 %r0, [%r3+128];\n" PUT,
                      .shared = 256,
                      .out = out,
                      .out_words = 32};
    trial_run(&t);
    for (uint32_t k = 0; k < 32; k++)
        assert_int_equal(out[k], k);
    t.shared = 252;
    trial_ends(&t, "of shared memory");
}

/* ---- mbarriers and what is on its way ---- */

/* Thread 0 of each block sends its rank to the next block; all wait until it has come. */
#define SEND(expect, wait)                                                                         \
    "mov.u32 %r2, box;\nmov.u32 %r3, %cluster_ctarank;\nmov.u32 %r4, %cluster_nctarank;\n"         \
    "add.u32 %r5, %r3, 1;\nrem.u32 %r5, %r5, %r4;\nadd.u32 %r6, %r2, 64;\n" IF_FIRST               \
    "@%p0 mbarrier.init.shared::cta.b64 [%r2], 1;\n" ARRIVE WAIT "@!%p0 bra WAITS;\n" expect       \
    "mapa.shared::cluster.u32 %r7, %r2, %r5;\nmapa.shared::cluster.u32 %r8, %r6, %r5;\n"           \
    "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.u32 [%r8], %r3, "                  \
    "[%r7];\nWAITS:\n" wait "ld.shared.u32 %r0, [%r6];\nmov.u32 %t, %ctaid.x;\n" PUT ARRIVE WAIT
#define EXPECT(bytes) "mbarrier.arrive.expect_tx.shared::cta.b64 %rd1, [%r2], " bytes ";\n"
#define WAIT_FOR_PHASE "mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r2], 0;\n@!%p2 bra WAITS;\n"

static void test_messages(void **state)
{
    (void)state;
    uint32_t out[16];
    for (unsigned size = 1; size <= 16; size *= 2) {
        struct trial t = {.head = BOX,
                          .body = SEND(EXPECT("4"), WAIT_FOR_PHASE),
                          .blocks = size,
                          .threads = 64,
                          .cluster = size,
                          .out = out,
                          .out_words = size};
        trial_run(&t);
        for (uint32_t k = 0; k < size; k++)
            assert_int_equal(out[k], (k + size - 1) % size);
    }
    struct trial t = {.head = BOX, .blocks = 4, .cluster = 4, .out = out, .out_words = 4};
    t.body = SEND(EXPECT("4"), "");
    trial_ends(&t, "of the cluster");
    t.body = SEND(EXPECT("8"), WAIT_FOR_PHASE);
    trial_ends(&t, "threads wait for each other");
}

static void test_mbarriers(void **state)
{
    (void)state;
    uint32_t out[64];
    /* 64 threads arrive; each waits for the phase that it arrived in */
    trial_run(&(struct trial){.head = BOX,
                              .body = "mov.u32 %r2, box;\n" IF_FIRST
                                      "@%p0 mbarrier.init.shared.b64 [%r2], 64;\nbar.sync 0;\n"
                                      "shl.b32 %r3, %t, 2;\nadd.u32 %r3, %r3, %r2;\n"
                                      "st.shared.u32 [%r3+64], %t;\n"
                                      "mbarrier.arrive.shared.b64 %rd1, [%r2];\nAGAIN:\n"
                                      "mbarrier.test_wait.shared.b64 %p2, [%r2], %rd1;\n"
                                      "@!%p2 bra AGAIN;\nxor.b32 %r3, %r3, 128;\n"
                                      "ld.shared.u32 %r0, [%r3+64];\n" PUT,
                              .threads = 64,
                              .out = out,
                              .out_words = 64});
    for (uint32_t k = 0; k < 64; k++)
        assert_int_equal(out[k], k ^ 32);
    struct trial t = {.head = BOX, .threads = 1};
    t.body = "mbarrier.arrive.shared.b64 %rd1, [box];\n";
    trial_ends(&t, "no mbarrier at this address");
    t.body = "mbarrier.init.shared.b64 [box], 1;\nld.shared.u32 %r0, [box];\n";
    trial_ends(&t, "is an mbarrier's");
    t.body = "mbarrier.init.shared.b64 [box], 1;\nst.shared.u32 [box+4], 1;\n";
    trial_ends(&t, "is an mbarrier's");
    t.body = "mbarrier.init.shared.b64 [box], 0;\n";
    trial_ends(&t, "for 0 arrivals");
    t.body =
        "mbarrier.init.shared.b64 [box], 1;\nmbarrier.arrive.shared::cta.b64 %rd1, [box], 2;\n";
    trial_ends(&t, "2 arrivals where an mbarrier waits for 1");
}

static void test_copies(void **state)
{
    (void)state;
    uint32_t in[128], out[32];
    for (uint32_t k = 0; k < 128; k++)
        in[k] = k * k;
#define COPY                                                                                       \
    "mov.u32 %r2, box;\nshl.b32 %r3, %t, 4;\nadd.u32 %r3, %r3, %r2;\nmul.wide.u32 %rd1, %t, 16;\n" \
    "add.s64 %rd1, %rd1, %in;\ncp.async.cg.shared.global [%r3], [%rd1], 16;\n"
    struct trial t = {.head = BOX,
                      .body = COPY "cp.async.commit_group;\ncp.async.wait_group 0;\n"
                                   "ld.shared.u32 %r0, [%r3+8];\n" PUT,
                      .in = in,
                      .in_words = 128,
                      .out = out,
                      .out_words = 32};
    trial_run(&t);
    for (uint32_t k = 0; k < 32; k++)
        assert_int_equal(out[k], in[4 * k + 2]);
    t.body = COPY "cp.async.wait_all;\nld.shared.u32 %r0, [%r3+8];\n" PUT;
    trial_run(&t);
    t.body =
        COPY "cp.async.commit_group;\ncp.async.wait_group 1;\nld.shared.u32 %r0, [%r3+8];\n" PUT;
    trial_ends(&t, "is still on its way");
    t.body = "cp.async.ca.shared.global [box], [%in], 8, 4;\ncp.async.wait_all;\n"
             "ld.shared.u32 %r0, [box+4];\n" PUT;
    t.threads = 1;
    trial_run(&t);
    assert_int_equal(out[0], 0);
}

/* ---- the grid ---- */

/* Each block adds itself to a counter and waits until all have: they must all be there. */
static void test_grid_barrier(void **state)
{
    (void)state;
    uint32_t out[64];
    static const char *const head = ".global .align 4 .u32 counter = 0;\n";
    struct trial t = {.head = head,
                      .body = IF_FIRST "@!%p0 bra END;\natom.global.add.u32 %r1, [counter], 1;\n"
                                       "mov.u32 %r2, %nctaid.x;\nAGAIN:\n"
                                       "ld.acquire.gpu.global.u32 %r0, [counter];\n"
                                       "setp.ne.u32 %p1, %r0, %r2;\n@%p1 bra AGAIN;\n"
                                       "mov.u32 %r3, %ctaid.x;\n" PUT_AT("%r3") "END:\n",
                      .blocks = 64,
                      .threads = 64,
                      .out = out,
                      .out_words = 64,
                      .cooperative = 1};
    trial_run(&t);
    for (uint32_t k = 0; k < 64; k++)
        assert_int_equal(out[k], 64);
    t.cooperative = 0; /* then nothing promises that they run at the same time */
    trial_ends(&t, "threads wait for each other");
}

static void test_grid_in_three_directions(void **state)
{
    (void)state;
    uint32_t out[24];
    trial_run(&(struct trial){
        .body = "mov.u32 %r1, %ctaid.x;\nmov.u32 %r2, %clusterid.x;\n"
                "mov.u32 %r3, %cluster_ctaid.x;\nmad.lo.u32 %r0, %r2, 100, %r3;\n"
                "mov.u32 %r4, %nclusterid.x;\nmad.lo.u32 %r0, %r4, 10000, %r0;\n" PUT_AT("%r1"),
        .blocks = 24,
        .threads = 1,
        .cluster = 3,
        .out = out,
        .out_words = 24});
    for (uint32_t k = 0; k < 24; k++)
        assert_int_equal(out[k], 80000 + k / 3 * 100 + k % 3);
}

static void test_wrong_accesses(void **state)
{
    (void)state;
    static const struct {
        const char *body, *part;
    } cases[] = {
        {"ld.global.u32 %r0, [%in+16];\n", "0 bytes behind the end of allocation"},
        {"ld.global.v4.u32 {%r0,%r1,%r2,%r3}, [%in+16];\n", "behind the end of allocation"},
        {"st.global.u64 [%in+12], %rd0;\n", "is no multiple of the 8 bytes"},
        {"ld.global.v2.u32 {%r0,%r1}, [%in+4];\n", "is no multiple of the 8 bytes"},
        {"ld.param.u32 %r0, [in_+16];\n", "parameters have 16 bytes"},
        {"st.const.u32 [%in], %r0;\n", "constants are not written"},
        {"mov.u64 %rd0, 4096;\nld.u32 %r0, [%rd0];\n", "address 0x1000 is nobody's"},
        {"trap;\n", "the kernel stops itself"},
        {"bra NOWHERE;\n", "there is no label NOWHERE"},
    };
    uint32_t in[4] = {1, 2, 3, 4}, out[32];
    struct trial t = {.in = in, .in_words = 4, .out = out, .out_words = 32};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        t.body = cases[k].body;
        trial_ends(&t, cases[k].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block_barriers), cmocka_unit_test(test_cluster_barriers),
        cmocka_unit_test(test_shared_memory),  cmocka_unit_test(test_messages),
        cmocka_unit_test(test_mbarriers),      cmocka_unit_test(test_copies),
        cmocka_unit_test(test_grid_barrier),   cmocka_unit_test(test_grid_in_three_directions),
        cmocka_unit_test(test_wrong_accesses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
