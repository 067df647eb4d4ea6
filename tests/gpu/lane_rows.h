/* Which mnemonic is which function of lanes.c, with the types of its result and sources. */
#define ROW_1(text, f, R, A) {text, f, TYPE_##R, {TYPE_##A}, 1},
#define ROW_2(text, f, R, A, B) {text, f, TYPE_##R, {TYPE_##A, TYPE_##B}, 2},
#define ROW_3(text, f, R, A, B, C) {text, f, TYPE_##R, {TYPE_##A, TYPE_##B, TYPE_##C}, 3},
#define ROWS_SIGNS(text, f, W)                                                                     \
    ROW_2(text ".u" #W, f, U##W, U##W, U##W)                                                       \
    ROW_2(text ".s" #W, f, S##W, S##W, S##W)
#define ROWS_INTEGERS(W)                                                                           \
    ROWS_SIGNS("add", add_##W, W)                                                                  \
    ROWS_SIGNS("sub", sub_##W, W)                                                                  \
    ROWS_SIGNS("mul.lo", mul_lo_##W, W)                                                            \
    ROW_3("mad.lo.u" #W, mad_lo_##W, U##W, U##W, U##W, U##W)                                       \
    ROW_3("mad.lo.s" #W, mad_lo_##W, S##W, S##W, S##W, S##W)                                       \
    ROW_2("mul.hi.u" #W, mul_hi_u##W, U##W, U##W, U##W)                                            \
    ROW_2("mul.hi.s" #W, mul_hi_s##W, S##W, S##W, S##W)                                            \
    ROW_2("div.u" #W, div_u##W, U##W, U##W, U##W)                                                  \
    ROW_2("div.s" #W, div_s##W, S##W, S##W, S##W)                                                  \
    ROW_2("rem.u" #W, rem_u##W, U##W, U##W, U##W)                                                  \
    ROW_2("rem.s" #W, rem_s##W, S##W, S##W, S##W)                                                  \
    ROW_2("min.u" #W, min_u##W, U##W, U##W, U##W)                                                  \
    ROW_2("min.s" #W, min_s##W, S##W, S##W, S##W)                                                  \
    ROW_2("max.u" #W, max_u##W, U##W, U##W, U##W)                                                  \
    ROW_2("max.s" #W, max_s##W, S##W, S##W, S##W)                                                  \
    ROW_2("and.b" #W, and_##W, B##W, B##W, B##W)                                                   \
    ROW_2("or.b" #W, or_##W, B##W, B##W, B##W)                                                     \
    ROW_2("xor.b" #W, xor_##W, B##W, B##W, B##W)                                                   \
    ROW_1("not.b" #W, not_##W, B##W, B##W)                                                         \
    ROW_1("neg.s" #W, neg_##W, S##W, S##W)                                                         \
    ROW_1("abs.s" #W, abs_##W, S##W, S##W)                                                         \
    ROW_1("mov.u" #W, mov_##W, U##W, U##W)                                                         \
    ROW_1("mov.s" #W, mov_##W, S##W, S##W)                                                         \
    ROW_2("shl.b" #W, shl_##W, B##W, B##W, U32)                                                    \
    ROW_2("shr.u" #W, shr_u##W, U##W, U##W, U32)                                                   \
    ROW_2("shr.b" #W, shr_u##W, B##W, B##W, U32)                                                   \
    ROW_2("shr.s" #W, shr_s##W, S##W, S##W, U32)
ROWS_INTEGERS(16)
ROWS_INTEGERS(32)
ROWS_INTEGERS(64)
ROW_2("mul.wide.u16", mul_wide_u16, U32, U16, U16)
ROW_2("mul.wide.s16", mul_wide_s16, S32, S16, S16)
ROW_2("mul.wide.u32", mul_wide_u32, U64, U32, U32)
ROW_2("mul.wide.s32", mul_wide_s32, S64, S32, S32)
ROW_3("mad.wide.u16", mad_wide_u16, U32, U16, U16, U32)
ROW_3("mad.wide.s16", mad_wide_s16, S32, S16, S16, S32)
ROW_3("mad.wide.u32", mad_wide_u32, U64, U32, U32, U64)
ROW_3("mad.wide.s32", mad_wide_s32, S64, S32, S32, S64)
ROW_3("mad.hi.u32", mad_hi_u32, U32, U32, U32, U32)
ROW_3("mad.hi.s32", mad_hi_s32, S32, S32, S32, S32)
ROW_3("sad.u32", sad_u32, U32, U32, U32, U32)
ROW_3("sad.s32", sad_s32, S32, S32, S32, S32)
ROW_1("popc.b32", popc_32, U32, B32)
ROW_1("popc.b64", popc_64, U32, B64)
ROW_1("clz.b32", clz_32, U32, B32)
ROW_1("clz.b64", clz_64, U32, B64)
ROW_1("brev.b32", brev_32, B32, B32)
ROW_1("brev.b64", brev_64, B64, B64)
ROW_1("bfind.u32", bfind_u32, U32, U32)
ROW_1("bfind.s32", bfind_s32, U32, S32)
ROW_1("bfind.u64", bfind_u64, U32, U64)
ROW_1("bfind.s64", bfind_s64, U32, S64)
ROW_3("bfe.u32", bfe_u32, U32, U32, U32, U32)
ROW_3("bfe.s32", bfe_s32, S32, S32, U32, U32)
ROW_3("bfe.u64", bfe_u64, U64, U64, U32, U32)
ROW_3("bfe.s64", bfe_s64, S64, S64, U32, U32)
#define ROWS_FLOATS(F, T)                                                                          \
    ROW_2("add.rn." #F, add_##F, T, T, T)                                                          \
    ROW_2("add." #F, add_##F, T, T, T)                                                             \
    ROW_2("sub.rn." #F, sub_##F, T, T, T)                                                          \
    ROW_2("sub." #F, sub_##F, T, T, T)                                                             \
    ROW_2("mul.rn." #F, mul_##F, T, T, T)                                                          \
    ROW_2("mul." #F, mul_##F, T, T, T)                                                             \
    ROW_2("div.rn." #F, div_##F, T, T, T)                                                          \
    ROW_1("rcp.rn." #F, rcp_##F, T, T)                                                             \
    ROW_1("sqrt.rn." #F, sqrt_##F, T, T)                                                           \
    ROW_3("fma.rn." #F, fma_##F, T, T, T, T)                                                       \
    ROW_2("min." #F, min_##F, T, T, T)                                                             \
    ROW_2("max." #F, max_##F, T, T, T)                                                             \
    ROW_2("min.NaN." #F, min_nan_##F, T, T, T)                                                     \
    ROW_2("max.NaN." #F, max_nan_##F, T, T, T)                                                     \
    ROW_1("neg." #F, neg_##F, T, T)                                                                \
    ROW_1("abs." #F, abs_##F, T, T)                                                                \
    ROW_1("mov." #F, mov_##F, T, T)
ROWS_FLOATS(f32, F32)
ROWS_FLOATS(f64, F64)
ROW_2("copysign.f32", copysign_f32, F32, F32, F32)
ROW_2("add.rn.ftz.f32", add_ftz_f32, F32, F32, F32)
ROW_2("sub.rn.ftz.f32", sub_ftz_f32, F32, F32, F32)
ROW_2("mul.rn.ftz.f32", mul_ftz_f32, F32, F32, F32)
ROW_3("fma.rn.ftz.f32", fma_ftz_f32, F32, F32, F32, F32)
ROW_2("div.full.f32", div_f32, F32, F32, F32)
ROW_2("div.approx.f32", div_f32, F32, F32, F32)
ROW_2("div.full.ftz.f32", div_ftz_f32, F32, F32, F32)
ROW_2("div.approx.ftz.f32", div_ftz_f32, F32, F32, F32)
ROW_1("ex2.approx.f32", ex2_f32, F32, F32)
ROW_1("ex2.approx.ftz.f32", ex2_ftz_f32, F32, F32)
ROW_1("rcp.approx.f32", rcp_f32, F32, F32)
ROW_1("rcp.approx.ftz.f32", rcp_ftz_f32, F32, F32)
ROW_1("rsqrt.approx.f32", rsqrt_f32, F32, F32)
ROW_1("rsqrt.approx.ftz.f32", rsqrt_ftz_f32, F32, F32)
ROW_1("sqrt.approx.f32", sqrt_f32, F32, F32)
ROW_1("sqrt.approx.ftz.f32", sqrt_ftz_f32, F32, F32)
ROW_1("lg2.approx.f32", lg2_f32, F32, F32)
ROW_1("lg2.approx.ftz.f32", lg2_ftz_f32, F32, F32)
ROW_1("sin.approx.f32", sin_f32, F32, F32)
ROW_1("cos.approx.f32", cos_f32, F32, F32)
ROW_1("tanh.approx.f32", tanh_f32, F32, F32)
#define ROWS_BITS_COMPARED(W)                                                                      \
    ROW_2("setp.eq.b" #W, eq_##W, PRED, B##W, B##W)                                                \
    ROW_2("setp.ne.b" #W, ne_##W, PRED, B##W, B##W)                                                \
    ROW_2("setp.eq.u" #W, eq_##W, PRED, U##W, U##W)                                                \
    ROW_2("setp.ne.u" #W, ne_##W, PRED, U##W, U##W)                                                \
    ROW_2("setp.eq.s" #W, eq_##W, PRED, S##W, S##W)                                                \
    ROW_2("setp.ne.s" #W, ne_##W, PRED, S##W, S##W)                                                \
    ROWS_ORDERED(u##W, U##W)                                                                       \
    ROWS_ORDERED(s##W, S##W)                                                                       \
    ROW_2("setp.lo.u" #W, lt_u##W, PRED, U##W, U##W)                                               \
    ROW_2("setp.ls.u" #W, le_u##W, PRED, U##W, U##W)                                               \
    ROW_2("setp.hi.u" #W, gt_u##W, PRED, U##W, U##W)                                               \
    ROW_2("setp.hs.u" #W, ge_u##W, PRED, U##W, U##W)
#define ROWS_ORDERED(t, T)                                                                         \
    ROW_2("setp.lt." #t, lt_##t, PRED, T, T)                                                       \
    ROW_2("setp.le." #t, le_##t, PRED, T, T)                                                       \
    ROW_2("setp.gt." #t, gt_##t, PRED, T, T)                                                       \
    ROW_2("setp.ge." #t, ge_##t, PRED, T, T)
#define ROWS_FLOATS_COMPARED(t, T)                                                                 \
    ROWS_ORDERED(t, T)                                                                             \
    ROW_2("setp.eq." #t, eq_##t, PRED, T, T)                                                       \
    ROW_2("setp.ne." #t, ne_##t, PRED, T, T)                                                       \
    ROW_2("setp.equ." #t, equ_##t, PRED, T, T)                                                     \
    ROW_2("setp.neu." #t, neu_##t, PRED, T, T)                                                     \
    ROW_2("setp.ltu." #t, ltu_##t, PRED, T, T)                                                     \
    ROW_2("setp.leu." #t, leu_##t, PRED, T, T)                                                     \
    ROW_2("setp.gtu." #t, gtu_##t, PRED, T, T)                                                     \
    ROW_2("setp.geu." #t, geu_##t, PRED, T, T)                                                     \
    ROW_2("setp.num." #t, num_##t, PRED, T, T)                                                     \
    ROW_2("setp.nan." #t, nan_##t, PRED, T, T)
ROWS_BITS_COMPARED(16)
ROWS_BITS_COMPARED(32)
ROWS_BITS_COMPARED(64)
ROWS_FLOATS_COMPARED(f32, F32)
ROWS_FLOATS_COMPARED(f64, F64)
ROW_2("and.pred", and_pred, PRED, PRED, PRED)
ROW_2("or.pred", or_pred, PRED, PRED, PRED)
ROW_2("xor.pred", xor_pred, PRED, PRED, PRED)
ROW_1("not.pred", not_pred, PRED, PRED)
ROW_1("mov.pred", mov_pred, PRED, PRED)
#define ROWS_SELECT(t, T, W) ROW_3("selp." #t, selp_##W, T, T, T, PRED)
ROWS_SELECT(b16, B16, 32)
ROWS_SELECT(u16, U16, 32)
ROWS_SELECT(s16, S16, 32)
ROWS_SELECT(b32, B32, 32)
ROWS_SELECT(u32, U32, 32)
ROWS_SELECT(s32, S32, 32)
ROWS_SELECT(f32, F32, 32)
ROWS_SELECT(b64, B64, 64)
ROWS_SELECT(u64, U64, 64)
ROWS_SELECT(s64, S64, 64)
ROWS_SELECT(f64, F64, 64)
ROW_1("cvt.u64.u32", cvt_u64_u32, U64, U32)
ROW_1("cvt.s64.s32", cvt_s64_s32, S64, S32)
ROW_1("cvt.rn.f32.u32", cvt_f32_u32, F32, U32)
ROW_1("cvt.rn.f32.s32", cvt_f32_s32, F32, S32)
ROW_1("cvt.rn.f32.f64", cvt_f32_f64, F32, F64)
ROW_1("cvt.f64.f32", cvt_f64_f32, F64, F32)
ROW_1("cvt.u32.u64", cvt_u32_u64, U32, U64)
ROW_1("cvt.rn.bf16.f32", cvt_bf16_f32, BF16, F32)
ROW_2("cvt.rn.bf16x2.f32", cvt_bf16x2_f32, BF16X2, F32, F32)
ROW_1("cvt.f32.bf16", cvt_f32_bf16, F32, BF16)
