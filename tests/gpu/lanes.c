/* Instructions that each lane runs for itself: integers, floats, predicates. This file is compiled
 * once for every processor and once for those with AVX2 and FMA (LANE_TABLE names the table), which
 * changes speed only: each result is the IEEE one, or an integer.
 *
 * Every function computes all 32 lanes, so that its loop becomes vectors, and keeps those of the
 * mask. */
#include <math.h>
#include <string.h>

#include "lanes.h"

typedef uint32_t __attribute__((may_alias)) word32;
typedef uint64_t __attribute__((may_alias)) word64;
typedef int64_t __attribute__((may_alias)) signed64;
typedef float __attribute__((may_alias)) float32;
typedef double __attribute__((may_alias)) float64;

static inline void put32(struct warp *w, const struct operand *o, uint32_t mask, const void *from)
{
    const word32 *t = from;
    word32 *d = gpu_lanes(w, o);
    if (mask == UINT32_MAX)
        memcpy(d, t, LANES * 4);
    else
        for (int l = 0; l < LANES; l++)
            d[l] = mask >> l & 1 ? t[l] : d[l];
}

static inline void put64(struct warp *w, const struct operand *o, uint32_t mask, const void *from)
{
    const word64 *t = from;
    word64 *d = gpu_lanes(w, o);
    if (mask == UINT32_MAX)
        memcpy(d, t, LANES * 8);
    else
        for (int l = 0; l < LANES; l++)
            d[l] = mask >> l & 1 ? t[l] : d[l];
}

/* How each type lies in a lane's slot, how it is computed, and how a result is put. */
#define SLOT_u16 word32
#define SLOT_s16 word32
#define SLOT_u32 word32
#define SLOT_s32 word32
#define SLOT_u64 word64
#define SLOT_s64 signed64
#define SLOT_f32 float32
#define SLOT_f64 float64
#define VALUE_u16 uint16_t
#define VALUE_s16 int16_t
#define VALUE_u32 uint32_t
#define VALUE_s32 int32_t
#define VALUE_u64 uint64_t
#define VALUE_s64 int64_t
#define VALUE_f32 float
#define VALUE_f64 double
#define BACK_u16(x) (uint16_t)(x)
#define BACK_s16(x) (uint16_t)(x)
#define BACK_u32(x) (uint32_t)(x)
#define BACK_s32(x) (uint32_t)(x)
#define BACK_u64(x) (uint64_t)(x)
#define BACK_s64(x) (int64_t)(x)
#define BACK_f32(x) (x)
#define BACK_f64(x) (x)
#define PUT_u16 put32
#define PUT_s16 put32
#define PUT_u32 put32
#define PUT_s32 put32
#define PUT_u64 put64
#define PUT_s64 put64
#define PUT_f32 put32
#define PUT_f64 put64

/* One to three sources of the types T1, T2, T3; the result of type R is `expression` of x, y, z. */
#define LANES_1(name, R, T1, expression)                                                           \
    static void name(struct warp *w, const struct instruction *i, uint32_t mask)                   \
    {                                                                                              \
        const SLOT_##T1 *a = gpu_lanes(w, &i->o[1]);                                               \
        SLOT_##R t[LANES];                                                                         \
        for (int l = 0; l < LANES; l++) {                                                          \
            const VALUE_##T1 x = (VALUE_##T1)a[l];                                                 \
            t[l] = BACK_##R(expression);                                                           \
        }                                                                                          \
        PUT_##R(w, &i->o[0], mask, t);                                                             \
    }
#define LANES_2(name, R, T1, T2, expression)                                                       \
    static void name(struct warp *w, const struct instruction *i, uint32_t mask)                   \
    {                                                                                              \
        const SLOT_##T1 *a = gpu_lanes(w, &i->o[1]);                                               \
        const SLOT_##T2 *b = gpu_lanes(w, &i->o[2]);                                               \
        SLOT_##R t[LANES];                                                                         \
        for (int l = 0; l < LANES; l++) {                                                          \
            const VALUE_##T1 x = (VALUE_##T1)a[l];                                                 \
            VALUE_##T2 y = (VALUE_##T2)b[l];                                                       \
            t[l] = BACK_##R(expression);                                                           \
        }                                                                                          \
        PUT_##R(w, &i->o[0], mask, t);                                                             \
    }
#define LANES_3(name, R, T1, T2, T3, expression)                                                   \
    static void name(struct warp *w, const struct instruction *i, uint32_t mask)                   \
    {                                                                                              \
        const SLOT_##T1 *a = gpu_lanes(w, &i->o[1]);                                               \
        const SLOT_##T2 *b = gpu_lanes(w, &i->o[2]);                                               \
        const SLOT_##T3 *c = gpu_lanes(w, &i->o[3]);                                               \
        SLOT_##R t[LANES];                                                                         \
        for (int l = 0; l < LANES; l++) {                                                          \
            const VALUE_##T1 x = (VALUE_##T1)a[l];                                                 \
            VALUE_##T2 y = (VALUE_##T2)b[l];                                                       \
            VALUE_##T3 z = (VALUE_##T3)c[l];                                                       \
            t[l] = BACK_##R(expression);                                                           \
        }                                                                                          \
        PUT_##R(w, &i->o[0], mask, t);                                                             \
    }
/* For a width of integers: signed and unsigned types S and U, of twice the width S2 and U2. */
#define FOR_INTEGERS(W, B, U, S)                                                                   \
    LANES_2(add_##W, U, U, U, (VALUE_##U)(x + y))                                                  \
    LANES_2(sub_##W, U, U, U, (VALUE_##U)(x - y))                                                  \
    LANES_2(mul_lo_##W, U, U, U, (VALUE_##U)(x * (uint64_t)y))                                     \
    LANES_3(mad_lo_##W, U, U, U, U, (VALUE_##U)(x * (uint64_t)y + z))                              \
    LANES_2(div_##U, U, U, U, y ? x / y : (VALUE_##U) - 1)                                         \
    LANES_2(rem_##U, U, U, U, y ? x % y : x)                                                       \
    LANES_2(div_##S, S, S, S, divide_##W(x, y))                                                    \
    LANES_2(rem_##S, S, S, S, remainder_##W(x, y))                                                 \
    LANES_2(min_##U, U, U, U, x < y ? x : y)                                                       \
    LANES_2(max_##U, U, U, U, x > y ? x : y)                                                       \
    LANES_2(min_##S, S, S, S, x < y ? x : y)                                                       \
    LANES_2(max_##S, S, S, S, x > y ? x : y)                                                       \
    LANES_2(and_##W, U, U, U, x &y)                                                                \
    LANES_2(or_##W, U, U, U, x | y)                                                                \
    LANES_2(xor_##W, U, U, U, x ^ y)                                                               \
    LANES_1(not_##W, U, U, ~x)                                                                     \
    LANES_1(neg_##W, U, U, (VALUE_##U)(0 - x))                                                     \
    LANES_1(abs_##W, S, S, x < 0 ? (VALUE_##S)(0 - (VALUE_##U)x) : x)                              \
    LANES_1(mov_##W, U, U, x)                                                                      \
    LANES_2(shl_##W, U, U, u32, y < W ? (uint64_t)x << (y < W ? y : 0) : 0)                        \
    LANES_2(shr_##U, U, U, u32, y < W ? (uint64_t)x >> (y < W ? y : 0) : 0)                        \
    LANES_2(shr_##S, S, S, u32, (int64_t)x >> (y < W ? y : W - 1))

static inline int64_t divide_64(int64_t x, int64_t y)
{
    return !y ? -1 : y == -1 ? (int64_t)(0 - (uint64_t)x) : x / y;
}
static inline int64_t remainder_64(int64_t x, int64_t y)
{
    return !y ? x : y == -1 ? 0 : x % y;
}
#define divide_16 divide_64
#define divide_32 divide_64
#define remainder_16 remainder_64
#define remainder_32 remainder_64

FOR_INTEGERS(16, b16, u16, s16)
FOR_INTEGERS(32, b32, u32, s32)
FOR_INTEGERS(64, b64, u64, s64)

LANES_2(mul_hi_u16, u16, u16, u16, (uint32_t)x *y >> 16)
LANES_2(mul_hi_s16, s16, s16, s16, (int32_t)x *y >> 16)
LANES_2(mul_hi_u32, u32, u32, u32, (uint64_t)x *y >> 32)
LANES_2(mul_hi_s32, s32, s32, s32, (int64_t)x *y >> 32)
__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;
LANES_2(mul_hi_u64, u64, u64, u64, (uint128)x *y >> 64)
LANES_2(mul_hi_s64, s64, s64, s64, (int128)x *y >> 64)
LANES_2(mul_wide_u16, u32, u16, u16, (uint32_t)x *y)
LANES_2(mul_wide_s16, s32, s16, s16, (int32_t)x *y)
LANES_2(mul_wide_u32, u64, u32, u32, (uint64_t)x *y)
LANES_2(mul_wide_s32, s64, s32, s32, (int64_t)x *y)
LANES_3(mad_wide_u16, u32, u16, u16, u32, (uint32_t)x *y + z)
LANES_3(mad_wide_s16, s32, s16, s16, s32, (uint32_t)((int32_t)x *y) + (uint32_t)z)
LANES_3(mad_wide_u32, u64, u32, u32, u64, (uint64_t)x *y + z)
LANES_3(mad_wide_s32, s64, s32, s32, s64, (uint64_t)((int64_t)x *y) + (uint64_t)z)
LANES_3(mad_hi_u32, u32, u32, u32, u32, (uint32_t)((uint64_t)x *y >> 32) + z)
LANES_3(mad_hi_s32, s32, s32, s32, s32, (uint32_t)((int64_t)x *y >> 32) + (uint32_t)z)
LANES_3(sad_u32, u32, u32, u32, u32, (x > y ? x - y : y - x) + z)
LANES_3(sad_s32, u32, s32, s32, u32,
        (x > y ? (uint32_t)x - (uint32_t)y : (uint32_t)y - (uint32_t)x) + z)

LANES_1(popc_32, u32, u32, __builtin_popcount(x))
LANES_1(popc_64, u32, u64, __builtin_popcountll(x))
LANES_1(clz_32, u32, u32, x ? __builtin_clz(x) : 32)
LANES_1(clz_64, u32, u64, x ? __builtin_clzll(x) : 64)
static inline uint64_t reverse(uint64_t x, unsigned bits)
{
    uint64_t r = 0;
    for (unsigned k = 0; k < bits; k++)
        r |= (x >> k & 1) << (bits - 1 - k);
    return r;
}
LANES_1(brev_32, u32, u32, reverse(x, 32))
LANES_1(brev_64, u64, u64, reverse(x, 64))
static inline uint32_t highest(uint64_t x)
{
    return x ? 63 - (uint32_t)__builtin_clzll(x) : UINT32_MAX;
}
LANES_1(bfind_u32, u32, u32, highest(x))
LANES_1(bfind_s32, u32, s32, highest((uint32_t)(x < 0 ? ~x : x)))
LANES_1(bfind_u64, u32, u64, highest(x))
LANES_1(bfind_s64, u32, s64, highest((uint64_t)(x < 0 ? ~x : x)))

/* The field of y & 255 to its length z & 255; a signed one takes its highest bit, or x's, along. */
static inline uint64_t extract(uint64_t x, uint32_t at, uint32_t length, unsigned bits, bool sign)
{
    at &= 255;
    length &= 255;
    if (!length)
        return 0;
    uint64_t field = at < bits ? x >> at : 0;
    uint32_t top = at + length - 1 < bits ? at + length - 1 : bits - 1;
    uint64_t keep = length >= 64 ? UINT64_MAX : (UINT64_C(1) << length) - 1;
    field &= keep;
    return sign && x >> top & 1 && length + at <= bits ? field | ~keep
           : sign && x >> top & 1
               ? field | ~(at < bits ? (UINT64_C(1) << (bits - at - 1) << 1) - 1 : 0)
               : field;
}
LANES_3(bfe_u32, u32, u32, u32, u32, extract(x, y, z, 32, false))
LANES_3(bfe_s32, u32, u32, u32, u32, extract(x, y, z, 32, true))
LANES_3(bfe_u64, u64, u64, u32, u32, extract(x, y, z, 64, false))
LANES_3(bfe_s64, u64, u64, u32, u32, extract(x, y, z, 64, true))

/* ---- floats ---- */

static inline float flushed(float x)
{
    return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x;
}
/* NaN loses, and -0 is less than +0. */
static inline double least(double x, double y)
{
    return x != x ? y : y != y ? x : x < y || (x == y && signbit(x)) ? x : y;
}
static inline double greatest(double x, double y)
{
    return x != x ? y : y != y ? x : x > y || (x == y && signbit(y)) ? x : y;
}

#define FOR_FLOATS(F, FUSED, ROOT)                                                                 \
    LANES_2(add_##F, F, F, F, x + y)                                                               \
    LANES_2(sub_##F, F, F, F, x - y)                                                               \
    LANES_2(mul_##F, F, F, F, x *y)                                                                \
    LANES_2(div_##F, F, F, F, x / y)                                                               \
    LANES_1(rcp_##F, F, F, 1 / x)                                                                  \
    LANES_1(sqrt_##F, F, F, ROOT(x))                                                               \
    LANES_3(fma_##F, F, F, F, F, FUSED(x, y, z))                                                   \
    LANES_2(min_##F, F, F, F, (VALUE_##F)least(x, y))                                              \
    LANES_2(max_##F, F, F, F, (VALUE_##F)greatest(x, y))                                           \
    LANES_2(min_nan_##F, F, F, F, x != x || y != y ? x + y : (VALUE_##F)least(x, y))               \
    LANES_2(max_nan_##F, F, F, F, x != x || y != y ? x + y : (VALUE_##F)greatest(x, y))            \
    LANES_1(mov_##F, F, F, x)
FOR_FLOATS(f32, __builtin_fmaf, sqrtf)
FOR_FLOATS(f64, __builtin_fma, sqrt)
LANES_1(neg_f32, u32, u32, x ^ UINT32_C(0x80000000))
LANES_1(abs_f32, u32, u32, x &UINT32_C(0x7fffffff))
LANES_1(neg_f64, u64, u64, x ^ UINT64_C(0x8000000000000000))
LANES_1(abs_f64, u64, u64, x &UINT64_C(0x7fffffffffffffff))
LANES_2(copysign_f32, u32, u32, u32, (x & UINT32_C(0x80000000)) | (y & UINT32_C(0x7fffffff)))
LANES_2(add_ftz_f32, f32, f32, f32, flushed(flushed(x) + flushed(y)))
LANES_2(sub_ftz_f32, f32, f32, f32, flushed(flushed(x) - flushed(y)))
LANES_2(mul_ftz_f32, f32, f32, f32, flushed(flushed(x) * flushed(y)))
LANES_3(fma_ftz_f32, f32, f32, f32, f32,
        flushed(__builtin_fmaf(flushed(x), flushed(y), flushed(z))))
/* Approximations differ from one architecture to the next; here they are the function, rounded. */
LANES_1(ex2_f32, f32, f32, (float)exp2((double)x))
LANES_1(ex2_ftz_f32, f32, f32, flushed((float)exp2((double)flushed(x))))
LANES_1(rcp_ftz_f32, f32, f32, flushed(1 / flushed(x)))
LANES_1(rsqrt_f32, f32, f32, (float)(1 / sqrt((double)x)))
LANES_1(rsqrt_ftz_f32, f32, f32, flushed((float)(1 / sqrt((double)flushed(x)))))
LANES_1(sqrt_ftz_f32, f32, f32, flushed(sqrtf(flushed(x))))
LANES_1(lg2_f32, f32, f32, (float)log2((double)x))
LANES_1(lg2_ftz_f32, f32, f32, (float)log2((double)flushed(x)))
LANES_1(sin_f32, f32, f32, (float)sin((double)x))
LANES_1(cos_f32, f32, f32, (float)cos((double)x))
LANES_1(tanh_f32, f32, f32, (float)tanh((double)x))
LANES_2(div_ftz_f32, f32, f32, f32, flushed(flushed(x) / flushed(y)))

/* ---- predicates ---- */

/* c: combined with it; flag[0]: a second result has the complement (before it is combined). */
static void put_predicate(struct warp *w, const struct instruction *i, uint32_t mask,
                          uint32_t value)
{
    uint32_t second = ~value;
    if (i->boolean) {
        uint32_t c = gpu_predicate(w, &i->o[i->count - 1]);
        value = i->boolean == '&' ? value & c : i->boolean == '|' ? value | c : value ^ c;
        second = i->boolean == '&' ? second & c : i->boolean == '|' ? second | c : second ^ c;
    }
    for (int k = 0; k <= i->flag[0]; k++) {
        word32 *d = gpu_lanes(w, &i->o[k]);
        if (!i->o[k].nothing)
            *d = (*d & ~mask) | ((k ? second : value) & mask);
    }
}

#define COMPARE(name, T, expression)                                                               \
    static void name(struct warp *w, const struct instruction *i, uint32_t mask)                   \
    {                                                                                              \
        const SLOT_##T *a = gpu_lanes(w, &i->o[1 + i->flag[0]]);                                   \
        const SLOT_##T *b = gpu_lanes(w, &i->o[2 + i->flag[0]]);                                   \
        uint32_t t[LANES], value = 0;                                                              \
        for (int l = 0; l < LANES; l++) {                                                          \
            VALUE_##T x = (VALUE_##T)a[l], y = (VALUE_##T)b[l];                                    \
            t[l] = (uint32_t)(expression) << l;                                                    \
        }                                                                                          \
        for (int l = 0; l < LANES; l++)                                                            \
            value |= t[l];                                                                         \
        put_predicate(w, i, mask, value);                                                          \
    }
#define COMPARE_BITS(W, U)                                                                         \
    COMPARE(eq_##W, U, x == y)                                                                     \
    COMPARE(ne_##W, U, x != y)
#define COMPARE_ORDER(T)                                                                           \
    COMPARE(lt_##T, T, x < y)                                                                      \
    COMPARE(le_##T, T, x <= y)                                                                     \
    COMPARE(gt_##T, T, x > y)                                                                      \
    COMPARE(ge_##T, T, x >= y)
#define COMPARE_FLOATS(T)                                                                          \
    COMPARE_ORDER(T)                                                                               \
    COMPARE(eq_##T, T, x == y)                                                                     \
    COMPARE(ne_##T, T, x<y || x> y)                                                                \
    COMPARE(equ_##T, T, !(x < y || x > y))                                                         \
    COMPARE(neu_##T, T, x != y)                                                                    \
    COMPARE(ltu_##T, T, !(x >= y))                                                                 \
    COMPARE(leu_##T, T, !(x > y))                                                                  \
    COMPARE(gtu_##T, T, !(x <= y))                                                                 \
    COMPARE(geu_##T, T, !(x < y))                                                                  \
    COMPARE(num_##T, T, x == x && y == y)                                                          \
    COMPARE(nan_##T, T, x != x || y != y)
COMPARE_BITS(16, u16)
COMPARE_BITS(32, u32)
COMPARE_BITS(64, u64)
COMPARE_ORDER(u16)
COMPARE_ORDER(s16)
COMPARE_ORDER(u32)
COMPARE_ORDER(s32)
COMPARE_ORDER(u64)
COMPARE_ORDER(s64)
COMPARE_FLOATS(f32)
COMPARE_FLOATS(f64)

#define PREDICATES(name, expression)                                                               \
    static void name(struct warp *w, const struct instruction *i, uint32_t mask)                   \
    {                                                                                              \
        uint32_t x = gpu_predicate(w, &i->o[1]),                                                   \
                 y = gpu_predicate(w, &i->o[i->count > 2 ? 2 : 1]);                                \
        (void)y;                                                                                   \
        put_predicate(w, i, mask, (expression));                                                   \
    }
PREDICATES(and_pred, x &y)
PREDICATES(or_pred, x | y)
PREDICATES(xor_pred, x ^ y)
PREDICATES(not_pred, ~x)
PREDICATES(mov_pred, x)

#define SELECT(name, T)                                                                            \
    static void name(struct warp *w, const struct instruction *i, uint32_t mask)                   \
    {                                                                                              \
        const SLOT_##T *a = gpu_lanes(w, &i->o[1]), *b = gpu_lanes(w, &i->o[2]);                   \
        uint32_t p = gpu_predicate(w, &i->o[3]);                                                   \
        SLOT_##T t[LANES];                                                                         \
        for (int l = 0; l < LANES; l++)                                                            \
            t[l] = p >> l & 1 ? a[l] : b[l];                                                       \
        PUT_##T(w, &i->o[0], mask, t);                                                             \
    }
SELECT(selp_32, u32)
SELECT(selp_64, u64)

/* ---- conversions that are frequent; all others are conversions.c's ---- */

LANES_1(cvt_u64_u32, u64, u32, x)
LANES_1(cvt_s64_s32, s64, s32, (int64_t)x)
LANES_1(cvt_u32_u64, u32, u64, x)
LANES_1(cvt_f32_u32, f32, u32, (float)x)
LANES_1(cvt_f32_s32, f32, s32, (float)x)
LANES_1(cvt_f32_f64, f32, f64, (float)x)
LANES_1(cvt_f64_f32, f64, f32, (double)x)
static inline uint32_t to_bf16(uint32_t x)
{
    uint32_t rounded = (x + 0x7fff + (x >> 16 & 1)) >> 16;
    return (x & 0x7fffffff) > 0x7f800000 ? 0x7fff : rounded;
}
LANES_1(cvt_bf16_f32, u32, u32, to_bf16(x))
LANES_2(cvt_bf16x2_f32, u32, u32, u32, to_bf16(x) << 16 | to_bf16(y))
LANES_1(cvt_f32_bf16, u32, u32, x << 16)

const struct lane_row LANE_TABLE[] = {
#include "lane_rows.h"
    {NULL, NULL, TYPE_NONE, {TYPE_NONE}, 0},
};
