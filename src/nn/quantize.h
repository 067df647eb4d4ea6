/* Models of fewer bits: what their numbers are multiples of. */
#ifndef RECUR_NN_QUANTIZE_H
#define RECUR_NN_QUANTIZE_H

#include <stdint.h>
#include <string.h>

#include "base/real.h"

/* The scale of an output's weights, of which `most` is the largest magnitude: rounded up to so few
 * bits that 127 times it is exact, and that it comes out again of weights it was taken of. */
static inline real recur_int8_scale(real most)
{
    float scale = (float)most / 127;
    uint32_t bits;
    if (!(scale > 0))
        return 1;
    memcpy(&bits, &scale, sizeof bits);
    bits = (bits + 0xff) & ~(uint32_t)0xff;
    memcpy(&scale, &bits, sizeof bits);
    return (real)scale;
}

#endif
