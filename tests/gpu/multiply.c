/* The product of mma.sync. Compiled twice, as lanes.c is: MULTIPLY is the function's name.
 * Fragments lie as the PTX manual draws them: lane l has row l / 4, and words of a row follow each
 * other. */
#include <string.h>

#include "multiply.h"

typedef uint32_t __attribute__((may_alias)) word32;
typedef uint16_t __attribute__((may_alias)) word16;
typedef float __attribute__((may_alias)) float32;

enum { ROWS = 16, COLUMNS = 8 };
/* A row of the result. A loop over its columns, which compilers leave in memory, takes 5 to 10
 * times as long. */
typedef float row_of_eight __attribute__((vector_size(32)));

/* 8 rows of a fragment of 32 words: elements[r][..] are `count` (8 or 4) numbers of row r. */
static void unpack(const word32 *from, enum type type, float (*elements)[16])
{
    float flat[64];
    unsigned count = type == TYPE_TF32 ? 4 : 8;
    const word16 *halves = (const word16 *)from;
    uint32_t bits[64];
    for (int k = 0; k < 64 && type == TYPE_BF16; k++)
        bits[k] = (uint32_t)halves[k] << 16;
    for (int k = 0; k < 32 && type == TYPE_TF32; k++)
        bits[k] = from[k] & 0xffffe000u;
    memcpy(flat, bits, sizeof flat);
    for (int k = 0; k < 64 && type == TYPE_F16; k++)
        flat[k] = gpu_half_to_float(halves[k]);
    for (unsigned r = 0; r < 8; r++)
        memcpy(elements[r], flat + r * count, count * sizeof(float));
}

/* Four rows of the result. */
static void add_rows(const float (*left)[16], const float (*right)[COLUMNS], unsigned k_count,
                     float (*sums)[COLUMNS])
{
    row_of_eight s0, s1, s2, s3, y;
    memcpy(&s0, sums[0], sizeof s0);
    memcpy(&s1, sums[1], sizeof s1);
    memcpy(&s2, sums[2], sizeof s2);
    memcpy(&s3, sums[3], sizeof s3);
    for (unsigned k = 0; k < k_count; k++) {
        memcpy(&y, right[k], sizeof y);
        s0 += left[0][k] * y;
        s1 += left[1][k] * y;
        s2 += left[2][k] * y;
        s3 += left[3][k] * y;
    }
    memcpy(sums[0], &s0, sizeof s0);
    memcpy(sums[1], &s1, sizeof s1);
    memcpy(sums[2], &s2, sizeof s2);
    memcpy(sums[3], &s3, sizeof s3);
}

void MULTIPLY(float *const *d, const uint32_t *const *a, const uint32_t *const *b,
              const float *const *c, unsigned k_count, enum type type)
{
    unsigned quarter = type == TYPE_TF32 ? 4 : 8, words = k_count / quarter;
    float left[ROWS][16], turned[COLUMNS][16], right[16][COLUMNS], sums[ROWS][COLUMNS];
    for (unsigned n = 0; n < words; n++) {
        unpack(a[2 * n], type, (float(*)[16])(void *)&left[0][n * quarter]);
        unpack(a[2 * n + 1], type, (float(*)[16])(void *)&left[8][n * quarter]);
        unpack(b[n], type, (float(*)[16])(void *)&turned[0][n * quarter]);
    }
    for (unsigned k = 0; k < k_count; k++)
        for (unsigned n = 0; n < COLUMNS; n++)
            right[k][n] = turned[n][k];
    for (unsigned r = 0; r < ROWS; r++)
        for (unsigned j = 0; j < 4; j++) {
            sums[r][2 * j] = c[r / 8 * 2][r % 8 * 4 + j];
            sums[r][2 * j + 1] = c[r / 8 * 2 + 1][r % 8 * 4 + j];
        }
    for (unsigned r = 0; r < ROWS; r += 4)
        add_rows((const float(*)[16])(const void *)left[r], (const float(*)[COLUMNS])right, k_count,
                 sums + r);
    for (unsigned r = 0; r < ROWS; r++)
        for (unsigned j = 0; j < 4; j++) {
            d[r / 8 * 2][r % 8 * 4 + j] = sums[r][2 * j];
            d[r / 8 * 2 + 1][r % 8 * 4 + j] = sums[r][2 * j + 1];
        }
}
