/* Quantised models: the number that their weights are multiples of. */
#ifndef RECUR_NN_QUANTIZE_H
#define RECUR_NN_QUANTIZE_H

#include <stdint.h>
#include <string.h>

#include "base/real.h"

/* The scale of an output's weights, whose largest magnitude is `most`. It is rounded up to few
 * bits, so that 127 times the scale is exact and quantised weights give the same scale again. */
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
