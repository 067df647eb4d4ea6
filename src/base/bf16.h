/* bf16: the upper half of a float. */
#ifndef RECUR_BASE_BF16_H
#define RECUR_BASE_BF16_H

#include <stdint.h>
#include <string.h>

/* The nearest bf16, halves to even; NaN stays NaN. */
static inline uint16_t recur_bf16_round(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    uint32_t quiet = bits >> 16 | 0x40;
    return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
}

static inline float recur_bf16_widen(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

#endif
