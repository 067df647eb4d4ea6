/* The arithmetic's contract. Every instruction set fills one constant table of these functions;
 * all of them compute the same function of their arguments and differ in the last bits only. Every
 * matrix and every activation is stored in panels (nn/panels.h).
 *
 * Each output element is one chain of multiply-adds in rising k (with AMX, amx.h, of sums of them).
 * How rows and panels are split among threads therefore never changes a bit. */
#ifndef RECUR_BACKEND_CPU_KERNELS_KERNELS_H
#define RECUR_BACKEND_CPU_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/real.h"
#include "nn/cell.h"
#include "nn/panels.h"

#define RECUR_CELLS_MAX 16      /* room for enum recur_cell */
#define RECUR_OPTIMIZERS_MAX 16 /* room for enum recur_optimizer */

/* The left operand of a product: columns in panels that may lie anywhere. Column k of row r is
 * base[panel[k / 32] + r * 32 + k % 32]. */
struct recur_rows {
    const real *base;
    const ptrdiff_t *panel; /* one offset for each 32 columns, in numbers */
};

/* The same of low-precision numbers: two bf16 in each 32-bit word, the first in its low half, or
 * four 8-bit ones. 32 columns of a row are 16 words, or 8. */
struct recur_word_rows {
    const uint32_t *base;
    const ptrdiff_t *panel; /* one offset for each 32 columns, in numbers */
};

/* Settings of one optimiser update; what the fields mean stands in recur/training.h. */
struct recur_update {
    real lr, momentum, beta1, beta2, alpha, epsilon, weight_decay;
    real scale;     /* of the gradient, from clipping */
    real correct1;  /* 1 - beta1^t */
    real correct2;  /* 1 - beta2^t */
    bool decoupled; /* weight decay apart from the gradient (AdamW) */
};

/* One tile of a cell's step: n = rows * 32 numbers, 32 units of some rows. h is the step's output,
 * h_prev the state before it. A cell keeps its gates in slots (src/nn/cell.h). In a backward
 * function dh is complete; slots and q become the gradients of what they held, and what the step
 * adds to the gradient of h_prev beyond its products is added to dh_prev. */
struct recur_tile {
    size_t n;
    unsigned activation; /* of enum recur_activation, where the cell lets it be chosen */
    real *slot[RECUR_SLOTS_MAX];
    const real *h_prev, *c_prev;
    real *h, *c; /* c: where the cell has one */
    real *q;     /* what a second product multiplies, where the cell has one */
    const real *dh;
    real *dh_prev, *dc;
};

/* A cell's arithmetic, a function for each of its phases; equations in
 * src/backend/cpu/kernels/<cell>.h. */
struct recur_cell_kernels {
    void (*forward[RECUR_CELL_PHASES_MAX])(const struct recur_tile *tile);
    void (*backward[RECUR_CELL_PHASES_MAX])(const struct recur_tile *tile);
};

struct recur_kernels {
    const char *isa;

    /* C = S + A W. C: `panels` panels (rows, 32) at c, c + c_stride, ...; S: zero where `start` is
     * NULL, C itself where it is c, else `panels` rows of 32 one after the other, each what all
     * rows of its panel begin with, zero in the columns that do not count; A (rows, k); W: panels
     * (k, 32) at w, w + w_stride, ... whose columns from number `columns` on are zero, all of them,
     * and so need no work. The panel of C that follows the last one is fetched into the cache:
     * c_stride matters even where there is one. */
    void (*product)(real *c, size_t c_stride, struct recur_rows a, size_t k, const real *w,
                    size_t w_stride, size_t panels, size_t columns, size_t rows, const real *start);
    /* The same of weights that no L2 cache holds and few rows of A: while a panel is worked on, the
     * one behind it is fetched, and behind the last one what stands there (it need not exist),
     * where that is of use. */
    void (*product_far)(real *c, size_t c_stride, struct recur_rows a, size_t k, const real *w,
                        size_t w_stride, size_t panels, size_t columns, size_t rows,
                        const real *start);

    /* C = A^T B, or C += A^T B: one panel a (rows, 32), of which the first `a_columns` count, one
     * panel b (rows, 32), whose columns from number `columns` on are zero, c (a_columns, 32). The
     * weight gradients. */
    void (*outer)(real *c, const real *a, size_t a_columns, const real *b, size_t columns,
                  size_t rows, bool accumulate);

    /* The same products of bf16, their sums float (where the processor has instructions for it,
     * denormal operands count as zero). A panel (rows, 32) of the left operand is (rows, 16) words,
     * pairs of columns; of the right one, and of that of bf16_outer, (rows / 2, 32) words, pairs of
     * rows; the left one of bf16_outer is what bf16_pack_left makes. k and rows count words: half
     * as many, rounded up, the missing number 0. */
    void (*bf16_product)(real *c, size_t c_stride, struct recur_word_rows a, size_t k,
                         const uint32_t *w, size_t w_stride, size_t panels, size_t columns,
                         size_t rows, const real *start);
    void (*bf16_outer)(real *c, const uint32_t *a, size_t a_columns, const uint32_t *b,
                       size_t columns, size_t rows, bool accumulate);
    /* One panel x (rows, 32) to the nearest bf16, ties to even: pairs of rows, and pairs of
     * columns; and w (32, 32) transposed, then pairs of its rows. */
    void (*bf16_pack_rows)(uint32_t *to, const real *x, size_t rows);
    void (*bf16_pack_columns)(uint32_t *to, const real *x, size_t rows);
    void (*bf16_transpose)(uint32_t *to, const real *w);
    /* x (rows, 32) in pairs of rows as suits the instruction set best, room for a multiple of 32
     * rows. */
    void (*bf16_pack_left)(uint32_t *to, const real *x, size_t rows);

    /* sum = S + A W of 8-bit numbers. A: int8_zero_point + x, x from -127 to 127, a panel (rows,
     * 32) is (rows, 8) words; W: -127 .. 127, a panel (k, 32) is (k / 4, 32) words, fours of rows.
     * k counts words. */
    void (*int8_product)(int32_t *sum, size_t sum_stride, struct recur_word_rows a, size_t k,
                         const uint32_t *w, size_t w_stride, size_t panels, size_t columns,
                         size_t rows, const int32_t *start);
    /* x (rows, 32) as the bytes int8_zero_point + x scale, rounded, x scale held within -127 ..
     * 127. */
    void (*int8_pack_columns)(uint32_t *to, const real *x, size_t rows, real scale);
    int32_t int8_zero_point; /* 0, or 128 where the processor's left bytes have no sign */
    /* c += (sum - offset) scale common, n numbers. */
    void (*int8_add)(real *c, const int32_t *sum, const int32_t *offset, const real *scale,
                     real common, size_t n);

    /* c (32) = the sum of b's rows (rows, 32). The bias gradients. */
    void (*column_sum)(real *c, const real *b, size_t rows);

    /* z[r] = bias (32), or table[ids[r]] + bias, for one panel: z (rows, 32), table (V, 32).
     * In gather the bias may be NULL. */
    void (*fill)(real *z, const real *bias, size_t rows);
    void (*gather)(real *z, const real *table, const int32_t *ids, const real *bias, size_t rows);
    /* table[ids[r]] += dz[r] in rising r. */
    void (*scatter_add)(real *table, const int32_t *ids, const real *dz, size_t rows);

    /* c = a + b, n numbers, a multiple of 32. */
    void (*add)(real *c, const real *a, const real *b, size_t n);

    /* w (32, 32) transposed into t (32, 32). */
    void (*transpose)(real *t, const real *w);

    /* The cells' point-wise parts, by enum recur_cell. */
    struct recur_cell_kernels cell[RECUR_CELLS_MAX];

    /* Softmax cross-entropy over logits of V columns in panels `stride` numbers apart, in place:
     * loss[r] = log sum_v e^{x_v} - x_target; the logits become scale (softmax - one_hot(target)),
     * their unused lanes 0. A target below 0 has neither loss nor gradient. */
    void (*softmax_loss)(real *logits, size_t stride, size_t vocabulary, size_t rows,
                         const int32_t *targets, real scale, real *loss);

    /* y = x m / (1 - p) with a mask m drawn from (key, first + index) alone, 0 with probability
     * p = threshold / 2^32. x and y may be the same array. */
    void (*dropout)(real *y, const real *x, size_t n, uint64_t key, uint64_t first,
                    uint32_t threshold);

    /* The sum of squares of n numbers, n at most RECUR_SUM_CHUNK. */
    double (*sum_squares)(const real *x, size_t n);

    /* One update of n parameters p from gradients g, by enum recur_optimizer; m and v are the
     * optimizer's moments, NULL where it has none. */
    void (*optimizer[RECUR_OPTIMIZERS_MAX])(real *p, const real *g, real *m, real *v, size_t n,
                                            const struct recur_update *update);

    /* Runs `count` rounds of independent multiply-adds for the peak; returns how many
     * floating-point operations that were. */
    double (*peak)(size_t count);

    /* The sum of n numbers, n a multiple of RECUR_READ_CHUNK: as fast as memory is read. */
    real (*read)(const real *x, size_t n);
};

#define RECUR_SUM_CHUNK 4096
#define RECUR_READ_CHUNK 128

/* The best table that was built and this processor can run, or a lower one that the environment
 * variable RECUR_ISA names; RECUR_NO_TILES is the best one but for AMX. ARGUMENT where there is
 * none of that name. */
enum recur_status recur_kernels_select(const struct recur_kernels **kernels, recur_error *error);
#define RECUR_NO_TILES "noamx"

/* Before a table's first product of bf16: where that is AMX's, the system is asked for permission,
 * and where it refuses the table below takes its place. */
void recur_kernels_permit_tiles(const struct recur_kernels **kernels);

#define RECUR_LEVELS_MAX 7

/* Every table that was built and this processor can run, worst first; NULL where there is none any
 * more. For tests. */
const struct recur_kernels *recur_kernels_level(size_t index);

#endif
