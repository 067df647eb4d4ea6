#include "io/numbers.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/bf16.h"

static uint64_t little_endian(const unsigned char *bytes, size_t size)
{
    uint64_t bits = 0;
    while (size-- > 0)
        bits = bits << 8 | bytes[size];
    return bits;
}

static float from_f32(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return value;
}

static float from_f64(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return (float)value;
}

static float from_bf16(uint64_t bits)
{
    return recur_bf16_widen((uint16_t)bits);
}

/* 1 sign, 5 exponent, 10 fraction bits. */
static float from_f16(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 31);
    float fraction = (float)(bits & 1023), size;
    if (exponent == 31)
        size = bits & 1023 ? NAN : INFINITY;
    else if (exponent == 0)
        size = ldexpf(fraction, -24);
    else
        size = ldexpf(1024 + fraction, exponent - 25);
    return bits >> 15 ? -size : size;
}

static float from_i8(uint64_t bits)
{
    return (float)(bits < 128 ? (int)bits : (int)bits - 256);
}

static const struct {
    const char *name;
    size_t bytes;
    float (*read)(uint64_t bits);
} types[] = {
    [RECUR_NUMBER_F32] = {"F32", 4, from_f32},
    [RECUR_NUMBER_BF16] = {"BF16", 2, from_bf16},
    [RECUR_NUMBER_I8] = {"I8", 1, from_i8},
    {"F64", 8, from_f64},
    {"F16", 2, from_f16},
};

bool recur_numbers_read(const char *type, const unsigned char *bytes, size_t count, float *values)
{
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        if (strcmp(type, types[t].name) != 0)
            continue;
        bool as_they_lie = t == RECUR_NUMBER_F32 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
        if (as_they_lie)
            memcpy(values, bytes, count * sizeof *values);
        for (size_t i = 0; i < count && !as_they_lie; i++, bytes += types[t].bytes)
            values[i] = types[t].read(little_endian(bytes, types[t].bytes));
        return true;
    }
    return false;
}

size_t recur_numbers_bytes(enum recur_number number)
{
    return types[number].bytes;
}

const char *recur_numbers_name(enum recur_number number)
{
    return types[number].name;
}

void recur_numbers_write(enum recur_number number, const float *values, size_t count,
                         unsigned char *bytes)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        if (number == RECUR_NUMBER_BF16)
            bits >>= 16;
        else if (number == RECUR_NUMBER_I8)
            bits = (uint32_t)(int32_t)values[i];
        for (size_t byte = 0; byte < types[number].bytes; byte++)
            *bytes++ = (unsigned char)(bits >> 8 * byte);
    }
}

void recur_transpose(const float *from, size_t rows, size_t columns, float *to)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            to[c * rows + r] = *from++;
}
