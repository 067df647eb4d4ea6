/* Instructions of one lane each: what the PTX manual says of corners. A row's text puts its result
 * into %r0 (or %rd0, %f0, %fd0 where the row says so). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

struct row {
    const char *text;
    uint64_t result;
};

static const char *const put_word = "st.global.u32 [%out], %r0;\nst.global.u32 [%out+4], 0;\n";
static const char *const put_wide = "st.global.u64 [%out], %rd0;\n";
static const char *const put_float = "st.global.f32 [%out], %f0;\nst.global.u32 [%out+4], 0;\n";
static const char *const put_double = "st.global.f64 [%out], %fd0;\n";

static void check_rows(const struct row *rows, size_t count, const char *put)
{
    for (size_t k = 0; k < count; k++) {
        char body[1024];
        uint64_t out;
        snprintf(body, sizeof body, "%s\n%s", rows[k].text, put);
        trial_run(&(struct trial){
            .body = body, .threads = 1, .out = (uint32_t *)(void *)&out, .out_words = 2});
        if (out != rows[k].result)
            fail_msg("%s: 0x%llx, expected 0x%llx", rows[k].text, (unsigned long long)out,
                     (unsigned long long)rows[k].result);
    }
}
#define CHECK(rows, put) check_rows(rows, sizeof(rows) / sizeof *(rows), put)

static void test_integers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"add.u32 %r0, 0xffffffff, 2;", 1},
        {"sub.s32 %r0, 3, 5;", 0xfffffffe},
        {"mul.lo.s32 %r0, 0x10001, 0x10001;", 0x20001},
        {"mul.hi.u32 %r0, 0xffffffff, 0xfffffffe;", 0xfffffffd},
        {"mul.hi.s32 %r0, -2, 3;", 0xffffffff},
        {"mad.lo.s32 %r0, -3, 4, 5;", 0xfffffff9},
        {"mad.hi.u32 %r0, 0x80000000, 6, 1;", 4},
        {"div.s32 %r0, -7, 2;", 0xfffffffd},
        {"rem.s32 %r0, -7, 2;", 0xffffffff},
        {"div.u32 %r0, 7, 0;", 0xffffffff},
        {"div.s32 %r0, 0x80000000, -1;", 0x80000000},
        {"rem.s32 %r0, 0x80000000, -1;", 0},
        {"min.s32 %r0, -1, 1;", 0xffffffff},
        {"min.u32 %r0, -1, 1;", 1},
        {"max.s32 %r0, -1, 1;", 1},
        {"abs.s32 %r0, -5;", 5},
        {"neg.s32 %r0, 5;", 0xfffffffb},
        {"not.b32 %r0, 5;", 0xfffffffa},
        {"and.b32 %r0, 12, 10;", 8},
        {"or.b32 %r0, 12, 10;", 14},
        {"xor.b32 %r0, 12, 10;", 6},
        {"shl.b32 %r0, 3, 31;", 0x80000000},
        {"shl.b32 %r0, 3, 32;", 0},
        {"shr.u32 %r0, 0x80000000, 31;", 1},
        {"shr.u32 %r0, 0x80000000, 99;", 0},
        {"shr.s32 %r0, 0x80000000, 99;", 0xffffffff},
        {"popc.b32 %r0, 0xf0f0;", 8},
        {"clz.b32 %r0, 0;", 32},
        {"clz.b32 %r0, 256;", 23},
        {"brev.b32 %r0, 3;", 0xc0000000},
        {"bfind.u32 %r0, 0x500;", 10},
        {"bfind.s32 %r0, -1;", 0xffffffff},
        {"bfe.u32 %r0, 0xabcd, 4, 8;", 0xbc},
        {"bfe.s32 %r0, 0xabcd, 4, 8;", 0xffffffbc},
        {"bfe.s32 %r0, 0x80000000, 28, 8;", 0xfffffff8},
        {"bfe.u32 %r0, 0xabcd, 40, 8;", 0},
        {"bfe.u32 %r0, 0xabcd, 4, 0;", 0},
        {"bfi.b32 %r0, 0xf, 0xaaaaaaaa, 4, 8;", 0xaaaaa0fa},
        {"lop3.b32 %r0, 0xf0, 0xcc, 0xaa, 0x96;", 0x96},
        {"lop3.b32 %r0, 0xf0, 0xcc, 0xaa, 0xf8;", 0xf8},
        {"prmt.b32 %r0, 0x33221100, 0x77665544, 0x7250;", 0x77225500},
        {"prmt.b32 %r0, 0x80, 0, 0x8888;", 0xffffffff},
        {"shf.l.wrap.b32 %r0, 0x80000000, 1, 33;", 3},
        {"shf.r.clamp.b32 %r0, 1, 0x80, 40;", 0x80},
        {"sad.s32 %r0, -3, 4, 10;", 17},
        {"mov.u32 %r0, 0x12345678;", 0x12345678},
        {"mov.b32 %r0, {0x1234, 0x5678};", 0x56781234},
        {"mov.b32 {%h0, %h1}, 0x12345678;\nmov.b32 %r0, {%h1, %h0};", 0x56781234},
        {"mul.wide.s16 %r0, -3, 5;", 0xfffffff1},
        {"add.s16 %h0, 0x7fff, 1;\ncvt.s32.s16 %r0, %h0;", 0xffff8000},
        {"shr.s16 %h0, -8, 1;\ncvt.u32.u16 %r0, %h0;", 0xfffc},
        {"setp.lt.s32 %p0, -1, 0;\nselp.b32 %r0, 7, 9, %p0;", 7},
        {"setp.lt.u32 %p0, -1, 0;\nselp.b32 %r0, 7, 9, %p0;", 9},
        {"setp.eq.u32 %p2, 1, 1;\nsetp.ge.and.s32 %p0|%p1, 3, 4, %p2;\nselp.b32 %r0, 7, 9, %p1;",
         7},
        {"setp.eq.u32 %p2, 1, 2;\nsetp.le.or.s32 %p0, 3, 4, !%p2;\nselp.b32 %r0, 7, 9, %p0;", 7},
        {"setp.ge.and.s32 %p0|%p1, 3, 4, 1;\nselp.b32 %r0, 7, 9, %p1;", 7},
        {"mov.u32 %r0, %ntid.x;", 1},
        {"mov.u32 %r0, %lanemask_lt;", 0},
    };
    CHECK(rows, put_word);
}

static void test_wide_integers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"add.s64 %rd0, -1, 1;", 0},
        {"sub.s64 %rd0, 0, 1;", UINT64_MAX},
        {"mul.lo.s64 %rd0, 0x100000001, 0x100000001;", 0x200000001},
        {"mul.hi.u64 %rd0, -1, -1;", UINT64_MAX - 1},
        {"mul.hi.s64 %rd0, -1, 1;", UINT64_MAX},
        {"mul.wide.u32 %rd0, 0xffffffff, 0xffffffff;", UINT64_C(0xfffffffe00000001)},
        {"mul.wide.s32 %rd0, -2, 3;", UINT64_MAX - 5},
        {"mad.wide.s32 %rd0, -2, 3, 7;", 1},
        {"mad.lo.s64 %rd0, 3, 4, 5;", 17},
        {"div.s64 %rd0, -9, 2;", UINT64_MAX - 3},
        {"rem.u64 %rd0, 9, 4;", 1},
        {"shl.b64 %rd0, 1, 63;", UINT64_C(1) << 63},
        {"shl.b64 %rd0, 1, 64;", 0},
        {"shr.s64 %rd0, -1, 70;", UINT64_MAX},
        {"not.b64 %rd0, 0;", UINT64_MAX},
        {"bfe.u64 %rd0, 0x123456789a, 8, 16;", 0x5678},
        {"cvt.u64.u32 %rd0, -1;", 0xffffffff},
        {"cvt.s64.s32 %rd0, -1;", UINT64_MAX},
        {"mov.b64 %rd0, {1, 2};", UINT64_C(0x200000001)},
        {"mov.u64 %rd1, 5;\nmov.b64 {%r1, %r2}, %rd1;\ncvt.u64.u32 %rd0, %r1;", 5},
        {"setp.gt.u64 %p0, -1, 0;\nselp.b64 %rd0, 7, 9, %p0;", 7},
        {"setp.gt.s64 %p0, -1, 0;\nselp.b64 %rd0, 7, 9, %p0;", 9},
        {"min.s64 %rd0, -1, 1;", UINT64_MAX},
        {"cvt.s64.s8 %rd0, 0x80;", UINT64_C(0xffffffffffffff80)},
    };
    CHECK(rows, put_wide);
}

static void test_floats(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"add.rn.f32 %f0, 0f3f800000, 0f33800000;", 0x3f800000}, /* 1 + 2^-24: to even */
        {"add.rn.f32 %f0, 0f3f800001, 0f33800000;", 0x3f800002}, /* the odd one goes up */
        {"sub.rn.f32 %f0, 0f3f800000, 0f3f800000;", 0},
        {"mul.rn.f32 %f0, 0f3f800001, 0f3f800001;", 0x3f800002},
        {"fma.rn.f32 %f0, 0f3f800001, 0f3f800001, 0fbf800002;", 0x28800000}, /* 2^-46 */
        {"mul.rn.f32 %f0, 0f00800000, 0f3f000000;", 0x00400000},             /* subnormal */
        {"mul.rn.ftz.f32 %f0, 0f00800000, 0f3f000000;", 0},
        {"div.rn.f32 %f0, 0f3f800000, 0f40400000;", 0x3eaaaaab},
        {"div.rn.f32 %f0, 0f3f800000, 0f00000000;", 0x7f800000},
        {"rcp.rn.f32 %f0, 0f40400000;", 0x3eaaaaab},
        {"sqrt.rn.f32 %f0, 0f40000000;", 0x3fb504f3},
        {"rsqrt.approx.f32 %f0, 0f40800000;", 0x3f000000},
        {"ex2.approx.ftz.f32 %f0, 0f40400000;", 0x41000000},
        {"ex2.approx.ftz.f32 %f0, 0fff800000;", 0},
        {"lg2.approx.f32 %f0, 0f41000000;", 0x40400000},
        {"rcp.approx.ftz.f32 %f0, 0f40800000;", 0x3e800000},
        {"tanh.approx.f32 %f0, 0f00000000;", 0},
        {"min.f32 %f0, 0f7fc00000, 0f3f800000;", 0x3f800000}, /* NaN loses */
        {"max.f32 %f0, 0f3f800000, 0f7fc00000;", 0x3f800000},
        {"min.f32 %f0, 0f00000000, 0f80000000;", 0x80000000},
        {"max.f32 %f0, 0f80000000, 0f00000000;", 0},
        {"max.NaN.f32 %f0, 0f3f800000, 0f7fc00000;", 0x7fc00000},
        {"min.NaN.f32 %f0, 0f3f800000, 0f40000000;", 0x3f800000},
        {"neg.f32 %f0, 0f3f800000;", 0xbf800000},
        {"abs.f32 %f0, 0fbf800000;", 0x3f800000},
        {"copysign.f32 %f0, 0f80000000, 0f3f800000;", 0xbf800000},
        {"mov.f32 %f0, 1.5;", 0x3fc00000},
        {"mov.b32 %f0, 0x40490fdb;", 0x40490fdb},
        {"setp.lt.f32 %p0, 0f7fc00000, 0f3f800000;\nselp.f32 %f0, 1.0, 2.0, %p0;", 0x40000000},
        {"setp.ltu.f32 %p0, 0f7fc00000, 0f3f800000;\nselp.f32 %f0, 1.0, 2.0, %p0;", 0x3f800000},
        {"setp.ne.f32 %p0, 0f7fc00000, 0f7fc00000;\nselp.f32 %f0, 1.0, 2.0, %p0;", 0x40000000},
        {"setp.neu.f32 %p0, 0f7fc00000, 0f7fc00000;\nselp.f32 %f0, 1.0, 2.0, %p0;", 0x3f800000},
        {"setp.nan.f32 %p0, 0f7fc00000, 0f3f800000;\nselp.f32 %f0, 1.0, 2.0, %p0;", 0x3f800000},
    };
    static const struct row doubles[] = {
        {"add.rn.f64 %fd0, 0d3ff0000000000000, 0d3ca0000000000000;", UINT64_C(0x3ff0000000000000)},
        {"fma.rn.f64 %fd0, 0d4000000000000000, 0d4000000000000000, 0d3ff0000000000000;",
         UINT64_C(0x4014000000000000)},
        {"sqrt.rn.f64 %fd0, 0d4010000000000000;", UINT64_C(0x4000000000000000)},
        {"rcp.rn.f64 %fd0, 0d4000000000000000;", UINT64_C(0x3fe0000000000000)},
        {"cvt.f64.f32 %fd0, 0f3f800000;", UINT64_C(0x3ff0000000000000)},
        {"neg.f64 %fd0, 0d3ff0000000000000;", UINT64_C(0xbff0000000000000)},
    };
    CHECK(rows, put_float);
    CHECK(doubles, put_double);
}

static void test_conversions(void **state)
{
    (void)state;
    static const struct row words[] = {
        {"cvt.rzi.s32.f32 %r0, 0fbfc00000;", 0xffffffff}, /* -1.5 */
        {"cvt.rni.s32.f32 %r0, 0f40200000;", 2},          /* 2.5 to even */
        {"cvt.rni.s32.f32 %r0, 0f40600000;", 4},          /* 3.5 */
        {"cvt.rmi.s32.f32 %r0, 0fbfc00000;", 0xfffffffe},
        {"cvt.rpi.s32.f32 %r0, 0fbfc00000;", 0xffffffff},
        {"cvt.rzi.u32.f32 %r0, 0fbf800000;", 0},          /* negative: 0 */
        {"cvt.rzi.s32.f32 %r0, 0f4f000000;", 0x7fffffff}, /* 2^31 */
        {"cvt.rzi.s32.f32 %r0, 0fff800000;", 0x80000000},
        {"cvt.rzi.s32.f32 %r0, 0f7fc00000;", 0}, /* NaN */
        {"cvt.rzi.u32.f64 %r0, 0d41efffffffe00000;", 0xffffffff},
        {"cvt.u32.u16 %r0, 0x1ffff;", 0xffff},
        {"cvt.s32.s8 %r0, 0x180;", 0xffffff80},
        {"cvt.u32.u8 %r0, 0x180;", 0x80},
        {"cvt.u32.u64 %r0, 0x100000005;", 5},
        {"cvt.sat.u8.s32 %r0, 300;", 255},
        {"cvt.sat.u8.s32 %r0, -3;", 0},
        {"cvt.sat.s8.s32 %r0, -300;", 0xffffff80},
        {"cvt.rn.bf16x2.f32 %r0, 0f3f800000, 0fc0000000;", 0x3f80c000},
        {"cvt.rn.bf16.f32 %h0, 0f3f808000;\ncvt.u32.u16 %r0, %h0;", 0x3f80}, /* a tie: to even */
        {"cvt.rn.bf16.f32 %h0, 0f3f818000;\ncvt.u32.u16 %r0, %h0;", 0x3f82},
        {"cvt.rn.bf16.f32 %h0, 0f7f800001;\ncvt.u32.u16 %r0, %h0;", 0x7fff},
        {"cvt.rn.bf16.f32 %h0, 0f7f7fffff;\ncvt.u32.u16 %r0, %h0;", 0x7f80},
        {"cvt.rz.bf16.f32 %h0, 0f7f7fffff;\ncvt.u32.u16 %r0, %h0;", 0x7f7f},
        {"cvt.rn.f16.f32 %h0, 0f477fefff;\ncvt.u32.u16 %r0, %h0;", 0x7bff},
        {"cvt.rn.f16.f32 %h0, 0f477ff000;\ncvt.u32.u16 %r0, %h0;", 0x7c00},
        {"cvt.rn.f16.f32 %h0, 0f33000000;\ncvt.u32.u16 %r0, %h0;", 0}, /* 2^-25: a tie, to even */
        {"cvt.rn.f16.f32 %h0, 0f33000001;\ncvt.u32.u16 %r0, %h0;", 1},
        {"cvt.rn.f16x2.f32 %r0, 0f3f800000, 0fc0000000;", 0x3c00c000},
    };
    static const struct row floats[] = {
        {"cvt.rn.f32.s32 %f0, -3;", 0xc0400000},
        {"cvt.rn.f32.u32 %f0, 0xffffffff;", 0x4f800000},
        {"cvt.rz.f32.u32 %f0, 0xffffffff;", 0x4f7fffff},
        {"cvt.rn.f32.u64 %f0, 0x8000008000000001;", 0x5f000001}, /* rounded once */
        {"cvt.rn.f32.f64 %f0, 0d3ff0000010000001;", 0x3f800001},
        {"cvt.rz.f32.f64 %f0, 0d3ff000001fffffff;", 0x3f800000},
        {"cvt.rpi.f32.f32 %f0, 0f3f000000;", 0x3f800000},
        {"cvt.rmi.f32.f32 %f0, 0fbf000000;", 0xbf800000},
        {"cvt.rzi.f32.f32 %f0, 0fbf000000;", 0x80000000},
        {"cvt.sat.f32.f32 %f0, 0f40000000;", 0x3f800000},
        {"mov.b16 %h0, 0x3c01;\ncvt.f32.f16 %f0, %h0;", 0x3f802000},
        {"mov.b16 %h0, 0x0001;\ncvt.f32.f16 %f0, %h0;", 0x33800000},
        {"mov.b16 %h0, 0x3f81;\ncvt.f32.bf16 %f0, %h0;", 0x3f810000},
        {"cvt.rna.tf32.f32 %r1, 0f3f801000;\nmov.b32 %f0, %r1;", 0x3f802000},
    };
    CHECK(words, put_word);
    CHECK(floats, put_float);
    trial_ends(&(struct trial){.body = "cvt.f32.s32 %f0, %r0;\n"}, "it must say how it rounds");
    trial_ends(&(struct trial){.body = "cvt.rn.f64.f32 %fd0, %f0;\n"}, "it does not round");
}

/* All lanes, and only those of the mask: the same numbers with a guard that half of them pass. */
static void test_guards(void **state)
{
    (void)state;
    uint32_t out[32];
    trial_run(&(struct trial){.body = "mov.u32 %r0, 100;\nand.b32 %r1, %t, 1;\n"
                                      "setp.eq.u32 %p0, %r1, 1;\n@%p0 add.u32 %r0, %r0, %t;\n"
                                      "@!%p0 sub.u32 %r0, %r0, %t;\nmul.wide.u32 %rd1, %t, 4;\n"
                                      "add.s64 %rd1, %rd1, %out;\nst.global.u32 [%rd1], %r0;\n",
                              .out = out,
                              .out_words = 32});
    for (uint32_t k = 0; k < 32; k++)
        assert_int_equal(out[k], k & 1 ? 100 + k : 100 - k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers), cmocka_unit_test(test_wide_integers),
        cmocka_unit_test(test_floats),   cmocka_unit_test(test_conversions),
        cmocka_unit_test(test_guards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
