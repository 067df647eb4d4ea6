/* Products of bf16 where the processor has no fast instruction for them: pieces of both operands
 * are converted to floats, which stay in the L1 cache and are multiplied there. With so few rows
 * that converting would be most of the work, each word is converted to two floats where it is used
 * (low_precision.h). Both ways add up in the same order: a word's first number, then its second. */
#ifndef RECUR_BACKEND_CPU_KERNELS_WIDENED_H
#define RECUR_BACKEND_CPU_KERNELS_WIDENED_H

#include "backend/cpu/kernels/product.h"

/* Sizes of a piece; there are half as many words as numbers. */
enum { PIECE_ROWS = 32, PIECE_WORDS = 64, PIECE_PANELS = 2 * PIECE_WORDS / RECUR_LANES };

/* Converts words (rows, 16), pairs of neighbours in a row, to floats (rows, 32). */
static void widen_row_pairs(real *to, const uint32_t *words, size_t rows)
{
    const uint16_t *number = (const uint16_t *)words;
    for (size_t i = 0; i < rows * RECUR_LANES; i += WORDS) {
        hvec half = *(const hvec *)(number + i);
        store(to + i, (vec)(__builtin_convertvector(half, uvec) << 16));
    }
}

/* Converts words (rows, 32), pairs of neighbours in a column, to floats (2 rows, 32). */
static void widen_column_pairs(real *to, const uint32_t *words, size_t rows)
{
    const uint32_t high = 0xffff0000;
    for (size_t r = 0; r < rows; r++, to += 2 * RECUR_LANES)
        for (size_t i = 0; i < RECUR_LANES; i += WORDS) {
            uvec word = *(const uvec *)(words + r * RECUR_LANES + i);
            store(to + i, (vec)(word << 16));
            store(to + RECUR_LANES + i, (vec)(word & high));
        }
}

static void bf16_product(real *c, size_t c_stride, struct recur_word_rows a, size_t k,
                         const uint32_t *w, size_t w_stride, size_t panels, size_t columns,
                         size_t rows, const real *start)
{
    if (rows <= LOW_ROWS) {
        bf16_low_product(c, c_stride, a, k, w, w_stride, panels, columns, rows, start);
        return;
    }
    _Alignas(64) real left[2 * PIECE_ROWS * PIECE_WORDS], right[2 * PIECE_WORDS * RECUR_LANES];
    const size_t step = !start ? 0 : start == c ? c_stride : RECUR_LANES;
    const size_t row_step = start == c ? RECUR_LANES : 0;
    for (size_t row = 0, count; row < rows; row += count) {
        count = rows - row < PIECE_ROWS ? rows - row : PIECE_ROWS;
        size_t k0 = 0, depth;
        do {
            depth = k - k0 < PIECE_WORDS ? k - k0 : PIECE_WORDS;
            ptrdiff_t panel[PIECE_PANELS];
            for (size_t i = 0; i * (RECUR_LANES / 2) < depth; i++) {
                const uint32_t *words = a.base + a.panel[k0 / (RECUR_LANES / 2) + i] / 2;
                panel[i] = (ptrdiff_t)(i * count * RECUR_LANES);
                widen_row_pairs(left + panel[i], words + row * (RECUR_LANES / 2), count);
            }
            for (size_t p = 0; p < panels; p++) {
                real *to = c + p * c_stride + row * RECUR_LANES;
                widen_column_pairs(right, w + p * w_stride + k0 * RECUR_LANES, depth);
                product(to, 0, (struct recur_rows){left, panel}, 2 * depth, right, 0, 1, columns,
                        count,
                        k0      ? to
                        : start ? start + p * step + row * row_step
                                : NULL);
            }
            k0 += depth;
        } while (k0 < k);
    }
}

static void bf16_outer(real *c, const uint32_t *a, size_t a_columns, const uint32_t *b,
                       size_t columns, size_t rows, bool accumulate)
{
    enum { ROWS = 40 };
    _Alignas(64) real left[2 * ROWS * RECUR_LANES], right[2 * ROWS * RECUR_LANES];
    size_t row = 0, count;
    do {
        count = rows - row < ROWS ? rows - row : ROWS;
        widen_column_pairs(left, a + row * RECUR_LANES, count);
        widen_column_pairs(right, b + row * RECUR_LANES, count);
        outer(c, left, a_columns, right, columns, 2 * count, accumulate || row);
        row += count;
    } while (row < rows);
}

#endif
