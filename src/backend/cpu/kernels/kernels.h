/* The contract of the arithmetic. Every instruction set fills one constant table with these
 * functions. A function computes the same in all tables; results differ only in the last bits.
 * Every matrix and every activation is stored in panels (nn/panels.h).
 *
 * Each output element is one chain of multiply-adds in rising k (with AMX, of sums of them: amx.h).
 * So the split of rows and panels among threads never changes a bit. */
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
#define RECUR_POINT_SLOTS 4     /* of each cell that has points */

/* The left operand of a product: columns in panels that may lie anywhere. Column k of row r is
 * base[panel[k / 32] + r * 32 + k % 32]. */
struct recur_rows {
    const real *base;
    const ptrdiff_t *panel; /* one offset for each 32 columns, in numbers */
};

/* The same for low-precision numbers: two bf16 in each 32-bit word, the first in its low half, or
 * four 8-bit ones. 32 columns of a row are 16 words, or 8. */
struct recur_word_rows {
    const uint32_t *base;
    const ptrdiff_t *panel; /* one offset for each 32 columns, in numbers */
};

/* Settings of one optimiser update; recur/training.h says what the fields mean. */
struct recur_update {
    real lr, momentum, beta1, beta2, alpha, epsilon, weight_decay;
    real scale;     /* of the gradient, from clipping */
    real correct1;  /* 1 - beta1^t */
    real correct2;  /* 1 - beta2^t */
    bool decoupled; /* weight decay apart from the gradient (AdamW) */
};

/* What layer normalisation makes of a line of a row: (x - mean) scale. Of a gradient that comes
 * back through it: the mean or the sum of v = gain dy, and that of v times the normalised number,
 * where the scale stands. */
struct recur_moments {
    real mean, scale;
};

#define RECUR_LINE_ROWS 16 /* of a line, at most */

/* A line (src/nn/cell.h) of some rows: panel s of unit panel u is (rows, 32) at x + u unit + s
 * slot. In backward its gains are at gain + u gain_unit + 32 s, and the gradients of what the
 * normalised numbers go to at gradient[s] + u gradient_unit. */
struct recur_line {
    size_t hidden, rows;
    unsigned slots;
    const real *x;
    size_t unit, slot;
    const real *gain, *gradient[RECUR_SLOTS_MAX];
    size_t gain_unit, gradient_unit;
};

/* What a tile of a cell with layer normalisation has besides. Moments are (rows,
 * RECUR_LINES_MAX), one for each line; gain and bias (slots, 32), those of c behind them. In
 * backward `argument` receives the gradients of the arguments, and the sums, which are one row for
 * each sequence, increase by those of biases and gains. */
struct recur_normalised {
    size_t width; /* lanes in use */
    const struct recur_moments *moments, *back;
    const real *gain, *bias;
    real *argument[RECUR_ARGUMENTS_MAX];
    real *bias_sum[RECUR_ARGUMENTS_MAX];
    real *gain_sum[RECUR_SLOTS_MAX + 1];
};

/* One tile of a cell's step: n = rows * 32 numbers, 32 units of some rows. h is the step's output,
 * h_prev the state before it. A cell keeps its gates in slots (src/nn/cell.h). When a backward
 * function is called, dh is complete. The function replaces slots and q by the gradients of what
 * they held, and adds to dh_prev the part of h_prev's gradient that does not come from products. */
struct recur_tile {
    size_t n;
    unsigned activation; /* of enum recur_activation, where the cell lets the caller choose it */
    real *slot[RECUR_SLOTS_MAX];
    const real *h_prev, *c_prev;
    real *h, *c; /* c: where the cell has one */
    real *q;     /* the operand of a second product, where the cell has one */
    const real *dh;
    real *dh_prev, *dc;
    const struct recur_normalised *normalised;
    /* For points alone: in bf16, pairs of columns. Forward keeps the slots there, unless they are
     * NULL; backward reads and replaces them there. */
    uint16_t *h_copy, *slot_copy[RECUR_SLOTS_MAX];
};

/* One vector of a tile's arithmetic, from number `at` on: all of a cell with one phase, and the
 * copies as well. */
typedef void recur_point(const struct recur_tile *tile, size_t at);

/* A cell's arithmetic: one function for each phase; of a cell with layer normalisation one before c
 * is normalised, and one after it. The equations stand in src/backend/cpu/kernels/<cell>.h. */
struct recur_cell_kernels {
    void (*forward[RECUR_CELL_PHASES_MAX])(const struct recur_tile *tile);
    void (*backward[RECUR_CELL_PHASES_MAX])(const struct recur_tile *tile);
    recur_point *forward_point, *backward_point; /* NULL where products leave no room for them */
};

/* What is done beside a product: all vectors of a tile on which the product does not depend. */
struct recur_beside {
    const struct recur_tile *tile;
    recur_point *point; /* NULL: nothing */
};

static const struct recur_beside recur_nothing = {NULL, NULL};

struct recur_kernels {
    const char *isa;

    /* C = S + A W. C: `panels` panels (rows, 32) at c, c + c_stride, ...; S: zero where `start` is
     * NULL; C itself where `start` is c; else `start` is `panels` rows of 32, one after the other,
     * and all rows of a panel begin with its row, which is zero in the columns that do not count.
     * A: (rows, k). W: panels (k, 32) at w, w + w_stride, ...; all columns from number `columns` on
     * are zero and need no work. The panel of C behind the last one is fetched into the cache, so
     * c_stride matters even for one panel. */
    void (*product)(real *c, size_t c_stride, struct recur_rows a, size_t k, const real *w,
                    size_t w_stride, size_t panels, size_t columns, size_t rows, const real *start);
    /* The same for few rows of A and weights that no L2 cache holds. Where it helps, the function
     * fetches the next panel while it works on one; behind the last panel it fetches what stands
     * there, which need not exist. */
    void (*product_far)(real *c, size_t c_stride, struct recur_rows a, size_t k, const real *w,
                        size_t w_stride, size_t panels, size_t columns, size_t rows,
                        const real *start);

    /* Weight gradients: C = A^T B, or C += A^T B, for one panel a (rows, 32), of which the first
     * `a_columns` columns count, and one panel b (rows, 32), whose columns from number `columns` on
     * are zero; c is (a_columns, 32). */
    void (*outer)(real *c, const real *a, size_t a_columns, const real *b, size_t columns,
                  size_t rows, bool accumulate);

    /* The same products of bf16, with float sums; where the processor has instructions for them,
     * denormal operands count as zero. A panel (rows, 32) of bf16_product's left operand is (rows,
     * 16) words, pairs of columns. A panel of a right operand is (rows / 2, 32) words, pairs of
     * rows. bf16_pair_left makes the left operand of bf16_outer. k and rows count words: half as
     * many, rounded up, the missing number 0; or, where tiles multiply, whole panels of 32 numbers,
     * the missing ones 0 in one operand and finite in the other. */
    void (*bf16_product)(real *c, size_t c_stride, struct recur_word_rows a, size_t k,
                         const uint32_t *w, size_t w_stride, size_t panels, size_t columns,
                         size_t rows, const real *start);
    /* The same, and what is beside it, also with no rows; `start` is NULL or panels (rows, 32),
     * `start_stride` apart, which C may be. NULL where both need the same units of the processor.
     */
    void (*bf16_product_beside)(real *c, size_t c_stride, struct recur_word_rows a, size_t k,
                                const uint32_t *w, size_t w_stride, size_t panels, size_t columns,
                                size_t rows, const real *start, size_t start_stride,
                                struct recur_beside beside);
    /* Ends a run of products, before the thread does something else for long. NULL where products
     * leave nothing behind. */
    void (*rest)(void);
    size_t bf16_tile_rows; /* bf16_product reads weights once for so many rows, and takes longer to
                              read than to multiply where there are fewer; 0: it does not */
    void (*bf16_outer)(real *c, const uint32_t *a, size_t a_columns, const uint32_t *b,
                       size_t columns, size_t rows, bool accumulate);
    /* Round one panel x (rows, 32) to the nearest bf16, ties to even, and store it in pairs of
     * rows, or in pairs of columns; bf16_transpose transposes w (32, 32) and stores pairs of its
     * rows. */
    void (*bf16_pack_rows)(uint32_t *to, const real *x, size_t rows);
    void (*bf16_pack_columns)(uint32_t *to, const real *x, size_t rows);
    void (*bf16_transpose)(uint32_t *to, const real *w);
    /* What has been packed in pairs of columns, a panel (rows, 32): packed in pairs of rows; the
     * same in the order that suits the instruction set best as a left operand, for which `to` has
     * room for a multiple of 32 rows; the sum of its rows, in the order of rising rows; added to
     * the rows of a table (V, 32), as scatter_add does it. */
    void (*bf16_pair_rows)(uint32_t *to, const uint32_t *from, size_t rows);
    void (*bf16_pair_left)(uint32_t *to, const uint32_t *from, size_t rows);
    void (*bf16_column_sum)(real *c, const uint32_t *b, size_t rows);
    void (*bf16_scatter_add)(real *table, const int32_t *ids, const uint32_t *dz, size_t rows);

    /* sum = S + A W of 8-bit numbers. A: int8_zero_point + x, x from -127 to 127, a panel (rows,
     * 32) is (rows, 8) words; W: -127 .. 127, a panel (k, 32) is (k / 4, 32) words, fours of rows.
     * k counts words. */
    void (*int8_product)(int32_t *sum, size_t sum_stride, struct recur_word_rows a, size_t k,
                         const uint32_t *w, size_t w_stride, size_t panels, size_t columns,
                         size_t rows, const int32_t *start);
    /* x (rows, 32) as the bytes int8_zero_point + x scale, rounded; x scale is limited to -127 ..
     * 127. */
    void (*int8_pack_columns)(uint32_t *to, const real *x, size_t rows, real scale);
    int32_t int8_zero_point; /* 0, or 128 where the left bytes of the processor's instruction
                                have no sign */
    /* c += (sum - offset) scale common for one panel: c and sum (rows, 32), offset and scale (32).
     */
    void (*int8_add)(real *c, const int32_t *sum, const int32_t *offset, const real *scale,
                     real common, size_t rows);

    /* Bias gradients: c (32) = the sum of the rows of b (rows, 32). */
    void (*column_sum)(real *c, const real *b, size_t rows);

    /* fill: z[r] = bias (32). gather: z[r] = table[ids[r]] + bias, where bias may be NULL. Both for
     * one panel: z (rows, 32), table (V, 32). */
    void (*fill)(real *z, const real *bias, size_t rows);
    void (*gather)(real *z, const real *table, const int32_t *ids, const real *bias, size_t rows);
    /* table[ids[r]] += dz[r], in the order of rising r. */
    void (*scatter_add)(real *table, const int32_t *ids, const real *dz, size_t rows);

    /* c = a + b, n numbers, a multiple of 32. */
    void (*add)(real *c, const real *a, const real *b, size_t n);

    /* w (32, 32) transposed into t (32, 32). */
    void (*transpose)(real *t, const real *w);

    /* The cells' point-wise parts, by enum recur_cell. */
    struct recur_cell_kernels cell[RECUR_CELLS_MAX];

    /* Layer normalisation (Ba, Kiros & Hinton 2016): the moments of each row of a line, to (rows,
     * RECUR_LINES_MAX); one unit panel's sums of the gradient that comes back, from the moments, to
     * (rows); and that gradient in place of the slots of a tile, from moments and means. */
    void (*moments)(const struct recur_line *line, struct recur_moments *to);
    void (*moments_backward)(const struct recur_line *line, const struct recur_moments *moments,
                             struct recur_moments *to);
    void (*normalise_backward)(const struct recur_tile *tile, const struct recur_cell_kind *cell);

    /* Softmax cross-entropy over logits of V columns in panels `stride` numbers apart, in place:
     * loss[r] = log sum_v e^{x_v} - x_target; the logits become scale (softmax - one_hot(target)),
     * their unused lanes 0. A target below 0 has neither loss nor gradient. */
    void (*softmax_loss)(real *logits, size_t stride, size_t vocabulary, size_t rows,
                         const int32_t *targets, real scale, real *loss);

    /* y = x m / (1 - p). The mask m depends only on (key, first + index) and is 0 with probability
     * p = threshold / 2^32. x and y may be the same array. */
    void (*dropout)(real *y, const real *x, size_t n, uint64_t key, uint64_t first,
                    uint32_t threshold);

    /* The sum of squares of n numbers, n at most RECUR_SUM_CHUNK. */
    double (*sum_squares)(const real *x, size_t n);

    /* One update of n parameters p from gradients g, by enum recur_optimizer; m and v are the
     * optimizer's moments, NULL where it has none. */
    void (*optimizer[RECUR_OPTIMIZERS_MAX])(real *p, const real *g, real *m, real *v, size_t n,
                                            const struct recur_update *update);

    /* a += weight (p - a), n numbers, a multiple of 32. */
    void (*approach)(real *a, const real *p, size_t n, real weight);

    /* For measuring peaks. Each function runs multiply-adds that are independent of each other,
     * with operands in registers, for about a tenth of a millisecond. It returns how many
     * operations they were, two for each multiply-add. The units are those that product,
     * bf16_product and int8_product use. */
    double (*peak)(void);
    double (*bf16_peak)(void);
    double (*int8_peak)(void);

    /* The sum of n numbers, n a multiple of RECUR_READ_CHUNK, as fast as memory can be read. */
    real (*read)(const real *x, size_t n);
};

#define RECUR_SUM_CHUNK 4096
#define RECUR_READ_CHUNK 128

/* Chooses the best table that was built and that this processor can run, or a lower one that the
 * environment variable RECUR_ISA names; RECUR_NO_TILES names the best one without AMX. ARGUMENT
 * where no table has that name. */
enum recur_status recur_kernels_select(const struct recur_kernels **kernels, recur_error *error);
#define RECUR_NO_TILES "noamx"

/* Called before a table's first product in low precision. Where that is AMX's, it asks the system
 * for permission; where the system refuses, it puts the table below in its place. */
void recur_kernels_permit_tiles(const struct recur_kernels **kernels);

#define RECUR_LEVELS_MAX 7

/* Every table that was built and this processor can run, worst first; NULL behind the last one.
 * For tests. */
const struct recur_kernels *recur_kernels_level(size_t index);

#endif
