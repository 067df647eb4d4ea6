/* The two products of training, and the simple walks over panels that go with them. */
#ifndef RECUR_BACKEND_CPU_KERNELS_PRODUCT_H
#define RECUR_BACKEND_CPU_KERNELS_PRODUCT_H

#include "backend/cpu/kernels/tile_sizes.h"

#define TILES(name) name
#define NUMBER real
#define NUMBERS vec
#define LEFT recur_rows
#define STEPS RECUR_LANES
#define RESULT real
#define RESULTS vec
#define LANES VL
#define MULTIPLY_ADD(sum, x, w) ((sum) + (x) * (w))
#define HEIGHTS EACH_HEIGHT
#define TRANSPOSED 1
#include "backend/cpu/kernels/tiles.h"

static void product_far(real *c, size_t c_stride, struct recur_rows a, size_t k, const real *w,
                        size_t w_stride, size_t panels, size_t columns, size_t rows,
                        const real *start)
{
    product_panels(c, c_stride, a, k, w, w_stride, panels, columns, rows, start, true);
}

static void column_sum(real *c, const real *b, size_t rows)
{
    vec sum[RECUR_LANES / VL] = {0};
    for (size_t r = 0; r < rows; r++)
        for (size_t v = 0; v < RECUR_LANES / VL; v++)
            sum[v] += load(b + r * RECUR_LANES + v * VL);
    for (size_t v = 0; v < RECUR_LANES / VL; v++)
        store(c + v * VL, sum[v]);
}

static void add(real *c, const real *a, const real *b, size_t n)
{
    EACH_VECTOR store(c + j, load(a + j) + load(b + j));
}

static void fill(real *z, const real *bias, size_t rows)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < RECUR_LANES; i += VL)
            store(z + r * RECUR_LANES + i, load(bias + i));
}

static void gather(real *z, const real *table, const int32_t *ids, const real *bias, size_t rows)
{
    for (size_t r = 0; r < rows; r++) {
        const real *row = table + (size_t)ids[r] * RECUR_LANES;
        for (size_t i = 0; i < RECUR_LANES; i += VL) {
            vec x = load(row + i);
            store(z + r * RECUR_LANES + i, bias ? (vec)(x + load(bias + i)) : x);
        }
    }
}

static void scatter_add(real *table, const int32_t *ids, const real *dz, size_t rows)
{
    for (size_t r = 0; r < rows; r++) {
        real *row = table + (size_t)ids[r] * RECUR_LANES;
        for (size_t i = 0; i < RECUR_LANES; i += VL)
            store(row + i, load(row + i) + load(dz + r * RECUR_LANES + i));
    }
}

/* Interleaves halves of two vectors, lane by lane: a0 b0 a1 b1 ... */
#if RECUR_VECTOR_BYTES == 64
#define ZIP_LOW(a, b)                                                                              \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b)                                                                             \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif RECUR_VECTOR_BYTES == 32 && !defined(RECUR_DOUBLE)
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif

/* Transposes a square of VL x VL whose rows lie w_row and t_row numbers apart. To interleave its
 * upper half with its lower one rotates the bits of each element's place by one, so after log2(VL)
 * rounds rows are columns. */
INLINE void transpose_square(real *t, size_t t_row, const real *w, size_t w_row)
{
    vec row[VL], next[VL];
    UNROLL
    for (size_t i = 0; i < VL; i++)
        row[i] = load(w + i * w_row);
    UNROLL
    for (size_t round = 1; round < VL; round *= 2) {
        UNROLL
        for (size_t i = 0; i < VL / 2; i++) {
            next[2 * i] = ZIP_LOW(row[i], row[i + VL / 2]);
            next[2 * i + 1] = ZIP_HIGH(row[i], row[i + VL / 2]);
        }
        UNROLL
        for (size_t i = 0; i < VL; i++)
            row[i] = next[i];
    }
    UNROLL
    for (size_t i = 0; i < VL; i++)
        store(t + i * t_row, row[i]);
}

/* Transposes w (rows, columns), multiples of VL, into t (columns, rows). */
INLINE void transpose_block(real *t, const real *w, const size_t rows, const size_t columns)
{
    for (size_t i = 0; i < rows; i += VL)
        for (size_t j = 0; j < columns; j += VL)
            transpose_square(t + j * rows + i, rows, w + i * columns + j, columns);
}

static void transpose(real *t, const real *w)
{
    transpose_block(t, w, RECUR_LANES, RECUR_LANES);
}

#endif
