/* What lanes of a warp do together: shuffles, votes, mma, ldmatrix, divergence; and calls, local,
 * constant and atomic memory. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

#define AT(register) "mul.wide.u32 %rd31, " register ", 4;\nadd.s64 %rd31, %rd31, %out;\n"
#define PUT AT("%t") "st.global.u32 [%rd31], %r0;\n"
#define ALL 32

static void run(const char *body, uint32_t *out)
{
    trial_run(&(struct trial){.body = body, .out = out, .out_words = ALL});
}

static void test_shuffles(void **state)
{
    (void)state;
    uint32_t out[ALL];
    run("shfl.sync.up.b32 %r0, %t, 3, 0, -1;\n" PUT, out);
    for (uint32_t k = 0; k < ALL; k++)
        assert_int_equal(out[k], k < 3 ? k : k - 3);
    run("shfl.sync.down.b32 %r0, %t, 3, 31, -1;\n" PUT, out);
    for (uint32_t k = 0; k < ALL; k++)
        assert_int_equal(out[k], k + 3 > 31 ? k : k + 3);
    run("shfl.sync.idx.b32 %r0, %t, 5, 31, -1;\n" PUT, out);
    for (uint32_t k = 0; k < ALL; k++)
        assert_int_equal(out[k], 5);
    /* segments of 8 lanes: the mask of c is 24, its clamp 31 (down, idx) or 0 (up) */
    run("shfl.sync.down.b32 %r0, %t, 3, 0x181f, -1;\n" PUT, out);
    for (uint32_t k = 0; k < ALL; k++)
        assert_int_equal(out[k], k % 8 + 3 > 7 ? k : k + 3);
    run("shfl.sync.idx.b32 %r0, %t, 10, 0x181f, -1;\n" PUT, out);
    for (uint32_t k = 0; k < ALL; k++)
        assert_int_equal(out[k], k / 8 * 8 + 2);
    run("shfl.sync.up.b32 %r0|%p0, %t, 1, 0x1800, -1;\nselp.u32 %r0, %r0, 99, %p0;\n" PUT, out);
    for (uint32_t k = 0; k < ALL; k++)
        assert_int_equal(out[k], k % 8 ? k - 1 : 99);
    trial_ends(&(struct trial){.body = "setp.lt.u32 %p0, %t, 16;\n"
                                       "@%p0 shfl.sync.bfly.b32 %r0, %t, 16, 31, 0xffff;\n"},
               "does not take part");
    trial_ends(&(struct trial){.body =
                                   "setp.lt.u32 %p0, %t, 16;\n@%p0 bra DONE;\n"
                                   "shfl.sync.bfly.b32 %r0, %t, 1, 31, -1;\nbra DONE2;\n"
                                   "DONE:\nbar.warp.sync 0xffff;\nDONE1:\nbra DONE1;\nDONE2:\n"},
               "threads wait for each other");
}

static void test_votes(void **state)
{
    (void)state;
    uint32_t out[ALL];
    run("setp.lt.u32 %p0, %t, 7;\nvote.sync.ballot.b32 %r0, %p0, -1;\n" PUT, out);
    assert_int_equal(out[9], 0x7f);
    run("setp.lt.u32 %p0, %t, 7;\nvote.sync.any.pred %p1, %p0, -1;\nvote.sync.all.pred %p2, %p0, "
        "-1;\n"
        "selp.u32 %r0, 1, 0, %p1;\nselp.u32 %r1, 2, 0, %p2;\nadd.u32 %r0, %r0, %r1;\n" PUT,
        out);
    assert_int_equal(out[31], 1);
    run("and.b32 %r1, %t, 3;\nmatch.any.sync.b32 %r0, %r1, -1;\n" PUT, out);
    assert_int_equal(out[5], 0x22222222);
    run("redux.sync.add.u32 %r0, %t, -1;\n" PUT, out);
    assert_int_equal(out[0], 496);
    run("sub.s32 %r1, %t, 5;\nredux.sync.min.s32 %r0, %r1, -1;\n" PUT, out);
    assert_int_equal(out[0], (uint32_t)-5);
    run("setp.gt.u32 %p0, %t, 3;\n@%p0 bra SKIP;\nactivemask.b32 %r0;\n" PUT "bra END;\nSKIP:\n"
        "mov.u32 %r0, 0;\n" PUT "END:\n",
        out);
    assert_int_equal(out[2], 15);
    run("elect.sync %r0|%p0, -1;\nselp.u32 %r0, 1, 0, %p0;\n" PUT, out);
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], 0);
}

/* Lanes part in a loop of as many rounds as their number, meet again, and shuffle together. */
static void test_lanes_part_and_meet(void **state)
{
    (void)state;
    uint32_t out[ALL];
    run("mov.u32 %r0, 0;\nmov.u32 %r1, 0;\nAGAIN:\nsetp.ge.u32 %p0, %r1, %t;\n@%p0 bra DONE;\n"
        "add.u32 %r0, %r0, %r1;\nadd.u32 %r1, %r1, 1;\nbra.uni AGAIN;\nDONE:\n"
        "shfl.sync.bfly.b32 %r0, %r0, 1, 31, -1;\n" PUT,
        out);
    for (uint32_t k = 0; k < ALL; k++)
        assert_int_equal(out[k], (k ^ 1) * ((k ^ 1) - 1) / 2);
}

/* ---- mma ---- */

static uint32_t noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static double value_of(uint32_t bits, int type)
{
    float f;
    if (type == 'h')
        return (bits & 0x8000 ? -1 : 1) *
               ldexp((double)(1024 + (bits & 1023)), (int)(bits >> 10 & 31) - 25);
    bits = type == 'b' ? bits << 16 : bits;
    memcpy(&f, &bits, 4);
    return (double)f;
}

/* A number between 1 and 2 or -2 and -1, with all bits of its type. */
static uint32_t some_number(uint32_t *state, int type)
{
    uint32_t r = noise(state), sign = r & 1;
    return type == 'b'   ? sign << 15 | 0x3f80 | (r >> 1 & 127)
           : type == 'h' ? sign << 15 | 0x3c00 | (r >> 1 & 1023)
                         : sign << 31 | 0x3f800000 | (r >> 1 & 1023) << 13;
}

/* in: words of A, of B and of C, each register of 32 lanes; out: D. */
static void check_mma(const char *name, int type, uint32_t k)
{
    uint32_t per_word = type == 't' ? 1 : 2, b_words = k / (4 * per_word), a_words = 2 * b_words;
    uint32_t in[(8 + 4 + 4) * 32], out[4 * 32], seed = 7;
    double a[16][16], b[16][8];
    memset(in, 0, sizeof in);
    for (uint32_t n = 0; n < a_words + b_words; n++)
        for (uint32_t l = 0; l < 32; l++)
            for (uint32_t e = 0; e < per_word; e++) {
                uint32_t bits = some_number(&seed, type);
                in[n * 32 + l] |= bits << 16 * e;
                if (n < a_words) /* as the PTX manual has it: row l / 4, columns from l % 4 on */
                    a[l / 4 + (n & 1) * 8][l % 4 * per_word + e + n / 2 * 4 * per_word] =
                        value_of(bits, type);
                else
                    b[l % 4 * per_word + e + (n - a_words) * 4 * per_word][l / 4] =
                        value_of(bits, type);
            }
    for (uint32_t n = 0; n < 128; n++) {
        float c = (float)(noise(&seed) % 64);
        memcpy(&in[(a_words + b_words) * 32 + n], &c, 4);
    }
    char body[4096] =
        "mul.wide.u32 %rd1, %t, 4;\nadd.s64 %rd2, %rd1, %in;\nadd.s64 %rd3, %rd1, %out;\n";
    for (uint32_t n = 0; n < a_words + b_words; n++)
        snprintf(body + strlen(body), 80, "ld.global.u32 %%r%u, [%%rd2+%u];\n", n, n * 128);
    for (uint32_t n = 0; n < 4; n++)
        snprintf(body + strlen(body), 80, "ld.global.f32 %%f%u, [%%rd2+%u];\n", n,
                 (a_words + b_words + n) * 128);
    snprintf(body + strlen(body), 120, "mma.sync.aligned.%s {%%f0,%%f1,%%f2,%%f3}, {", name);
    for (uint32_t n = 0; n < a_words + b_words; n++)
        snprintf(body + strlen(body), 20, "%s%%r%u", n == a_words ? "}, {" : n ? "," : "", n);
    strcat(body, "}, {%f0,%f1,%f2,%f3};\n");
    for (uint32_t n = 0; n < 4; n++)
        snprintf(body + strlen(body), 80, "st.global.f32 [%%rd3+%u], %%f%u;\n", n * 128, n);
    trial_run(&(struct trial){.body = body,
                              .in = in,
                              .in_words = (a_words + b_words + 4) * 32,
                              .out = out,
                              .out_words = 128});
    for (uint32_t n = 0; n < 4; n++)
        for (uint32_t l = 0; l < 32; l++) {
            float c, d;
            memcpy(&c, &in[(a_words + b_words + n) * 32 + l], 4);
            memcpy(&d, &out[n * 32 + l], 4);
            double sum = (double)c;
            for (uint32_t q = 0; q < k; q++)
                sum += a[l / 4 + n / 2 * 8][q] * b[q][l % 4 * 2 + n % 2];
            /* 16 sums of at most 128, each rounded to 24 bits */
            assert_true(fabs(sum - (double)d) <= 16 * 128 * 0x1p-24);
        }
}

static void test_mma(void **state)
{
    (void)state;
    check_mma("m16n8k16.row.col.f32.bf16.bf16.f32", 'b', 16);
    check_mma("m16n8k8.row.col.f32.bf16.bf16.f32", 'b', 8);
    check_mma("m16n8k16.row.col.f32.f16.f16.f32", 'h', 16);
    check_mma("m16n8k8.row.col.f32.f16.f16.f32", 'h', 8);
    check_mma("m16n8k8.row.col.f32.tf32.tf32.f32", 't', 8);
    check_mma("m16n8k4.row.col.f32.tf32.tf32.f32", 't', 4);
    trial_ends(&(struct trial){.threads = 16,
                               .body =
                                   "mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%f0,%f1,"
                                   "%f2,%f3}, {%r0,%r1}, {%r2}, {%f0,%f1,%f2,%f3};\n"},
               "needs all 32 lanes");
}

static void test_ldmatrix(void **state)
{
    (void)state;
    uint32_t out[ALL];
    static const char *const head = ".shared .align 16 .b8 box[512];";
    /* halves 0, 1, 2, ... in shared memory; lane l gives the address of row l */
    static const char *const fill =
        "mov.u32 %r1, %t;\nFILL:\nshl.b32 %r2, %r1, 1;\nshl.b32 %r3, %r1, 17;\nadd.u32 %r3, %r3, "
        "65536;\nor.b32 %r3, %r3, %r2;\nshl.b32 %r4, %r1, 2;\nmov.u32 %r5, box;\nadd.u32 %r4, %r4, "
        "%r5;\nst.shared.u32 [%r4], %r3;\nadd.u32 %r1, %r1, 32;\nsetp.lt.u32 %p0, %r1, 128;\n"
        "@%p0 bra FILL;\nbar.sync 0;\nshl.b32 %r6, %t, 4;\nadd.u32 %r6, %r6, %r5;\n";
    char body[2048];
    struct trial t = {.head = head, .body = body, .out = out, .out_words = ALL};
    snprintf(body, sizeof body, "%s%s%s", fill,
             "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r10,%r11,%r12,%r0}, [%r6];\n", PUT);
    trial_run(&t);
    for (uint32_t l = 0; l < 32; l++)
        assert_int_equal(out[l], (192 + 2 * l) | (193 + 2 * l) << 16);
    snprintf(body, sizeof body, "%s%s%s", fill,
             "ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r0}, [%r6];\n", PUT);
    trial_run(&t);
    for (uint32_t l = 0; l < 32; l++) {
        uint32_t row = l % 4 * 2, column = l / 4;
        assert_int_equal(out[l], (row * 8 + column) | (row * 8 + 8 + column) << 16);
    }
}

/* ---- memory of other kinds, calls ---- */

static void test_calls(void **state)
{
    (void)state;
    uint32_t out[ALL];
    static const char *const head =
        ".visible .func (.param .b32 result) twice(.param .b32 a, .param .align 4 .b8 pair[8])\n{\n"
        ".reg .b32 %x<5>;\nld.param.u32 %x1, [a];\nld.param.u32 %x2, [pair+4];\n"
        "mad.lo.u32 %x3, %x1, 2, %x2;\nst.param.b32 [result+0], %x3;\nret;\n}\n"
        ".visible .func (.param .b32 result) more(.param .b32 a)\n{\n.reg .b32 %x<5>;\n"
        "ld.param.u32 %x1, [a];\n{\n.param .b32 p0;\nst.param.b32 [p0+0], %x1;\n"
        ".param .align 4 .b8 p1[8];\nst.param.b32 [p1+0], 0;\nst.param.b32 [p1+4], 1000;\n"
        ".param .b32 q;\ncall.uni (q), twice, (p0, p1);\nld.param.b32 %x2, [q+0];\n}\n"
        "add.u32 %x2, %x2, 1;\nst.param.b32 [result+0], %x2;\nret;\n}\n";
    trial_run(&(struct trial){.head = head,
                              .body =
                                  "mov.u32 %r0, 5;\nand.b32 %r1, %t, 1;\n"
                                  "setp.eq.u32 %p0, %r1, 0;\n@%p0 bra SKIP;\n{\n.param .b32 p0;\n"
                                  "st.param.b32 [p0+0], %t;\n.param .b32 q;\n"
                                  "call (q), more, (p0);\nld.param.b32 %r0, [q+0];\n}\nSKIP:\n" PUT,
                              .out = out,
                              .out_words = ALL});
    for (uint32_t k = 0; k < ALL; k++)
        assert_int_equal(out[k], k & 1 ? 2 * k + 1001 : 5);
    trial_ends(&(struct trial){.head = ".func f()\n{\ncall f;\nret;\n}\n", .body = "call f;\n"},
               "calls itself");
    trial_ends(&(struct trial){.body = "call g;\n"}, "there is no function g");
}

static void test_local_and_constant_memory(void **state)
{
    (void)state;
    uint32_t out[ALL];
    static const char *const head = ".const .align 4 .u32 table[4] = {10, 20, 30, 40};\n"
                                    ".global .align 4 .u32 counter = 7;\n";
    trial_run(&(struct trial){
        .head = head,
        .body = ".local .align 4 .b8 own[8];\nmov.u64 %rd0, own;\nst.local.u32 [%rd0+4], %t;\n"
                "cvta.local.u64 %rd1, %rd0;\nld.u32 %r1, [%rd1+4];\nand.b32 %r2, %t, 3;\n"
                "mul.wide.u32 %rd2, %r2, 4;\nmov.u64 %rd3, table;\nadd.s64 %rd2, %rd2, %rd3;\n"
                "ld.const.u32 %r3, [%rd2];\nadd.u32 %r0, %r1, %r3;\nld.global.u32 %r4, [counter];\n"
                "add.u32 %r0, %r0, %r4;\n" PUT,
        .out = out,
        .out_words = ALL});
    for (uint32_t k = 0; k < ALL; k++)
        assert_int_equal(out[k], k + 10 * (k % 4 + 1) + 7);
    trial_ends(&(struct trial){.body = ".local .align 4 .b8 own[8];\nst.local.u32 [own+8], 1;\n"},
               "local address");
    trial_ends(&(struct trial){.body = ".local .align 4 .b8 own[8];\nld.local.u32 %r0, [own];\n"},
               "local memory was never written");
    trial_ends(&(struct trial){.head = head, .body = "ld.const.u32 %r0, [table+16];\n"},
               "behind the end of allocation");
}

static void test_atomics(void **state)
{
    (void)state;
    uint32_t out[4];
    static const char *const zero =
        "st.global.u32 [%out], 0;\nst.global.u32 [%out+4], 100;\nst.global.u32 [%out+8], 0;\n"
        "st.global.f32 [%out+12], 0f00000000;\nbar.sync 0;\n";
    char body[1024];
    snprintf(
        body, sizeof body, "%s%s", zero,
        "red.global.add.u32 [%out], %t;\natom.global.min.u32 %r1, [%out+4], %t;\n"
        "atom.global.cas.b32 %r2, [%out+8], 0, 5;\nred.global.add.f32 [%out+12], 0f3f800000;\n");
    trial_run(&(struct trial){.body = body, .threads = 64, .out = out, .out_words = 4});
    assert_int_equal(out[0], 64 * 63 / 2);
    assert_int_equal(out[1], 0);
    assert_int_equal(out[2], 5);
    assert_int_equal(out[3], 0x42800000);
}

static void test_vectors(void **state)
{
    (void)state;
    uint32_t in[4] = {1, 2, 3, 0xfffe8004}, out[6];
    trial_run(&(struct trial){
        .body = "ld.global.v4.u32 {%r0,%r1,%r2,%r3}, [%in];\nst.global.v2.u32 [%out], {%r3,%r2};\n"
                "ld.global.v2.u64 {%rd1,%rd2}, [%in];\nst.global.u64 [%out+8], %rd1;\n"
                "ld.global.s16 %r4, [%in+12];\nst.global.u32 [%out+16], %r4;\n"
                "ld.global.nc.u8 %h1, [%in+15];\ncvt.u32.u16 %r5, %h1;\nst.global.u32 [%out+20], "
                "%r5;\n",
        .threads = 1,
        .in = in,
        .in_words = 4,
        .out = out,
        .out_words = 6});
    const uint32_t expected[6] = {0xfffe8004, 3, 1, 2, 0xffff8004, 0xff};
    assert_memory_equal(out, expected, sizeof out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shuffles),
        cmocka_unit_test(test_votes),
        cmocka_unit_test(test_lanes_part_and_meet),
        cmocka_unit_test(test_mma),
        cmocka_unit_test(test_ldmatrix),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_local_and_constant_memory),
        cmocka_unit_test(test_atomics),
        cmocka_unit_test(test_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
