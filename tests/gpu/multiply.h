/* D = A B + C of mma.sync: 16 x k by k x 8. */
#ifndef TESTS_GPU_MULTIPLY_H
#define TESTS_GPU_MULTIPLY_H

#include "ptx.h"

/* d, c: 4 registers of 32 lanes; a: 2 and b: 1 for each 16 bytes of a row of A. */
typedef void multiply_function(float *const *d, const uint32_t *const *a, const uint32_t *const *b,
                               const float *const *c, unsigned k, enum type);
multiply_function gpu_multiply_generic, gpu_multiply_avx2;
/* The one for this processor. */
multiply_function *gpu_multiply(void);

float gpu_half_to_float(uint16_t);

#endif
