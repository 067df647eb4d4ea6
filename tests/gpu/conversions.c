/* cvt between any two types; the frequent ones are lanes.c's. A lane's value becomes a double, or
 * an integer of 64 bits, then the type that is asked for: one rounding, because both hold each
 * source. */
#include <fenv.h>
#include <math.h>
#include <string.h>

#include "multiply.h"
#include "read.h"
#include "warp.h"

float gpu_half_to_float(uint16_t h)
{
    uint32_t exponent = h >> 10 & 31, fraction = h & 1023;
    float value = exponent == 31 ? (fraction ? NAN : INFINITY)
                  : exponent     ? ldexpf((float)(1024 + fraction), (int)exponent - 25)
                                 : ldexpf((float)fraction, -24);
    return h & 0x8000 ? -value : value;
}

enum rounding { NEAREST = 'n', ZERO = 'z', DOWN = 'm', UP = 'p', AWAY = 'a' };

/* A whole number, rounded as asked; ties of the nearest to even. */
static double rounded(double x, enum rounding how)
{
    return how == ZERO   ? trunc(x)
           : how == DOWN ? floor(x)
           : how == UP   ? ceil(x)
           : how == AWAY ? round(x)
                         : nearbyint(x);
}

/* x as a float of `bits` bits of fraction whose exponents begin at `least`: the double is cut
 * there. */
static double cut(double x, int bits, int least, double greatest, enum rounding how)
{
    if (x == 0 || !isfinite(x))
        return x;
    int exponent;
    frexp(x, &exponent); /* x = 0.1... * 2 ^ exponent */
    int unit = (exponent - 1 < least ? least : exponent - 1) - bits;
    double whole = rounded(ldexp(x, -unit), how), y = ldexp(whole, unit);
    if (fabs(y) <= greatest)
        return copysign(y, x);
    bool stays = how == ZERO || (how == DOWN && x > 0) || (how == UP && x < 0);
    return copysign(stays ? greatest : INFINITY, x);
}

static uint64_t half_bits(double x, enum rounding how)
{
    uint16_t sign = signbit(x) ? 0x8000 : 0;
    if (isnan(x))
        return 0x7fff;
    double y = fabs(cut(x, 10, -14, 65504, how));
    if (isinf(y))
        return sign | 0x7c00;
    if (y < 0x1p-14)
        return sign | (uint16_t)(y * 0x1p24);
    int exponent;
    double fraction = frexp(y, &exponent);
    return (uint64_t)(sign | ((exponent + 14) << 10) | ((int)(fraction * 2048) & 1023));
}

static uint64_t float_bits(double x, enum type type, enum rounding how)
{
    uint32_t narrow;
    uint64_t wide;
    int bits = type == TYPE_BF16 ? 7 : type == TYPE_TF32 ? 10 : 23;
    double greatest = type == TYPE_BF16   ? 0x1.fep127
                      : type == TYPE_TF32 ? 0x1.ffcp127
                                          : 0x1.fffffep127;
    if (type == TYPE_F64) {
        memcpy(&wide, &x, 8);
        return wide;
    }
    if (type == TYPE_F16)
        return half_bits(x, how);
    float y = isnan(x) ? NAN : (float)cut(x, bits, -126, greatest, how);
    memcpy(&narrow, &y, 4);
    if (isnan(x))
        narrow = 0x7fffffff;
    return type == TYPE_BF16 ? narrow >> 16 : narrow;
}

static bool is_float(enum type type)
{
    return type >= TYPE_F16 && type <= TYPE_F64;
}

static double float_value(uint64_t bits, enum type type)
{
    if (type == TYPE_F16)
        return (double)gpu_half_to_float((uint16_t)bits);
    if (type == TYPE_F64) {
        double wide;
        memcpy(&wide, &bits, 8);
        return wide;
    }
    uint32_t narrow = type == TYPE_BF16 ? (uint32_t)bits << 16 : (uint32_t)bits;
    float value;
    memcpy(&value, &narrow, 4);
    return (double)value;
}

static uint64_t extended(uint64_t bits, enum type type)
{
    unsigned width = gpu_types[type].bytes * 8;
    uint64_t keep = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
    bits &= keep;
    if (gpu_types[type].kind == KIND_SIGNED && bits >> (width - 1) & 1)
        bits |= ~keep;
    return bits;
}

/* An integer type's bits without the sign. */
static unsigned bits_of_size(enum type type)
{
    return gpu_types[type].bytes * 8 - (gpu_types[type].kind == KIND_SIGNED);
}

/* The greatest integer of a type. The least one of a signed type is its complement. */
static uint64_t greatest_integer(enum type type)
{
    unsigned bits = bits_of_size(type);
    return (bits == 64 ? 0 : UINT64_C(1) << bits) - 1;
}

static uint64_t float_to_integer(double x, enum type to, enum rounding how)
{
    bool sign = gpu_types[to].kind == KIND_SIGNED;
    double end = ldexp(1, (int)bits_of_size(to)), y = rounded(x, how);
    uint64_t greatest = greatest_integer(to);
    if (isnan(x))
        return 0;
    if (y >= end)
        return greatest;
    if (sign)
        return y < -end ? ~greatest : (uint64_t)(int64_t)y;
    return y < 0 ? 0 : (uint64_t)y;
}

static uint64_t saturated(uint64_t bits, enum type from, enum type to)
{
    bool negative = gpu_types[from].kind == KIND_SIGNED && bits >> 63;
    uint64_t greatest = greatest_integer(to);
    if (negative)
        return gpu_types[to].kind != KIND_SIGNED ? 0 : bits < ~greatest ? ~greatest : bits;
    return bits > greatest ? greatest : bits;
}

/* From 64-bit integers to floats: the processor rounds once, in the mode that is set. */
static double integer_to_float(uint64_t bits, enum type from, enum type to, enum rounding how)
{
    bool sign = gpu_types[from].kind == KIND_SIGNED;
    int before = fegetround();
    fesetround(how == ZERO   ? FE_TOWARDZERO
               : how == DOWN ? FE_DOWNWARD
               : how == UP   ? FE_UPWARD
                             : FE_TONEAREST);
    volatile double wide;
    if (to == TYPE_F32) {
        volatile float narrow = sign ? (float)(int64_t)bits : (float)bits;
        wide = (double)narrow;
    } else {
        wide = sign ? (double)(int64_t)bits : (double)bits;
    }
    fesetround(before);
    return wide;
}

static uint64_t converted(const struct instruction *i, uint64_t bits)
{
    enum type to = i->type, from = i->from_type;
    enum rounding how = i->mode;
    if (!is_float(from)) {
        bits = extended(bits, from);
        if (!is_float(to))
            return i->flag[0] ? saturated(bits, from, to) : bits;
        return float_bits(integer_to_float(bits, from, to, how), to, how);
    }
    double x = float_value(bits, from);
    if (!is_float(to))
        return float_to_integer(x, to, how);
    if (i->flag[1]) /* to a whole number */
        x = copysign(rounded(x, how), x);
    if (i->flag[0]) /* into 0..1 */
        x = isnan(x) || x < 0 ? 0 : x > 1 ? 1 : x;
    if (i->boolean) /* relu */
        x = x < 0 ? 0 : x;
    return float_bits(x, to, how);
}

static void run_convert(struct warp *w, const struct instruction *i, uint32_t mask)
{
    const unsigned char *from = gpu_lanes(w, &i->o[1]);
    unsigned char *to = gpu_lanes(w, &i->o[0]);
    unsigned bytes = gpu_types[i->type].bytes;
    for (uint32_t l = 0; l < LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        uint64_t bits = 0;
        memcpy(&bits, from + l * i->o[1].bytes, i->o[1].bytes);
        bits = converted(i, bits);
        if (gpu_types[i->type].kind != KIND_SIGNED && bytes < 8) /* signed ones fill the register */
            bits &= (UINT64_C(1) << bytes * 8) - 1;
        memcpy(to + l * i->o[0].bytes, &bits, i->o[0].bytes);
    }
}

/* Two floats into one register: the first is the upper half. */
static void run_convert_two(struct warp *w, const struct instruction *i, uint32_t mask)
{
    for (uint32_t l = 0; l < LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        uint32_t high, low, word;
        memcpy(&high, (unsigned char *)gpu_lanes(w, &i->o[1]) + l * 4, 4);
        memcpy(&low, (unsigned char *)gpu_lanes(w, &i->o[2]) + l * 4, 4);
        word = (uint32_t)(converted(i, high) << 16 | (converted(i, low) & 0xffff));
        memcpy((unsigned char *)gpu_lanes(w, &i->o[0]) + l * 4, &word, 4);
    }
}

static void take_rounding(struct decoder *d)
{
    static const struct {
        const char *name;
        enum rounding how;
        bool whole;
    } rows[] = {{"rn", NEAREST, false}, {"rz", ZERO, false},  {"rm", DOWN, false},
                {"rp", UP, false},      {"rna", AWAY, false}, {"rni", NEAREST, true},
                {"rzi", ZERO, true},    {"rmi", DOWN, true},  {"rpi", UP, true}};
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        if (gpu_part(d, rows[k].name)) {
            d->i->mode = (uint8_t)rows[k].how;
            d->i->flag[1] = rows[k].whole;
        }
}

static void decode_convert(struct decoder *d)
{
    take_rounding(d);
    d->i->boolean = gpu_part(d, "relu");
    if (gpu_part(d, "ftz"))
        gpu_unknown(d, "the stand-in does not flush in conversions");
    d->i->flag[0] = gpu_part(d, "sat") || gpu_part(d, "satfinite");
    enum type to = gpu_part_type(d), from = gpu_part_type(d);
    bool two = to == TYPE_F16X2 || to == TYPE_BF16X2;
    bool narrows =
        is_float(to) && (two || !is_float(from) || gpu_types[to].bytes < gpu_types[from].bytes);
    bool needs = narrows || (is_float(from) && !is_float(to)) || to == TYPE_TF32;
    if (needs != (d->i->mode != 0) && !d->i->flag[1])
        gpu_unknown(d, needs ? "it must say how it rounds" : "it does not round");
    d->i->from_type = (uint8_t)from;
    if (two) {
        d->i->type = to == TYPE_F16X2 ? TYPE_F16 : TYPE_BF16;
        gpu_take_result(d, to, false);
        gpu_take_source(d, TYPE_F32, false);
        gpu_take_source(d, TYPE_F32, false);
        d->i->run = run_convert_two;
        return;
    }
    d->i->type = (uint8_t)to;
    if (!d->i->mode)
        d->i->mode = NEAREST;
    gpu_take_result(d, to, true);
    gpu_take_source(d, from, true);
    d->i->run = run_convert;
}

const struct family gpu_convert_family[] = {{"cvt", decode_convert}, {NULL, NULL}};
