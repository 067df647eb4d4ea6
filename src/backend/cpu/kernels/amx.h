/* The products of bf16 by AMX, whose registers are tiles of up to 16 rows of 64 bytes: one
 * instruction adds to 16 x 16 results the products of 16 words of a row of the left operand and of
 * a column of the right one. The operands lie as they do for vectors: a tile of the left operand is
 * 16 rows of a panel (rows, 16), a tile of the right one is half the columns of 16 rows of a panel.
 * Four tiles of results are computed at once, so that no product waits for the one before it:
 *
 *     0 1      of one panel, where there are more than 16 rows
 *     2 3
 *
 *     0 1  2 3      of two panels, where there are not
 *
 * Left operands are in tiles 4 and 5, right ones in 6 and 7.
 *
 * TDPBF16PS sums the products of the words' first numbers and those of their second numbers, then
 * adds both sums, then adds the total to the result (Intel 64 and IA-32 Architectures Software
 * Developer's Manual, volume 2). So sums differ from those of vectors in the last bits. Here too,
 * results do not depend on which rows and panels are computed together. */
#ifndef RECUR_BACKEND_CPU_KERNELS_AMX_H
#define RECUR_BACKEND_CPU_KERNELS_AMX_H

#include <string.h>

#include "backend/cpu/kernels/gru.h"
#include "backend/cpu/kernels/lstm.h"
#include "backend/cpu/kernels/product.h"

enum { AMX_ROWS = 16, AMX_WORDS = 16, AMX_PANEL = AMX_WORDS * RECUR_LANES };
enum { AMX_ROW_PANELS = 4 }; /* that one row is multiplied by at once */

/* Bytes from row to row: of a left operand; of a right one, and of results. */
#define AMX_LEFT (AMX_WORDS * sizeof(uint32_t))
#define AMX_RIGHT (RECUR_LANES * sizeof(uint32_t))

/* What LDTILECFG reads: the size of each tile. */
struct amx_sizes {
    uint8_t palette, first_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

/* Gives the tiles their sizes, for results of `upper` and `lower` rows and operands of `depth`
 * words each, where they have others: to set sizes takes as long as 26 products of tiles, to ask
 * for them a fifteenth of that. The tiles keep them until amx_rest. */
static void amx_set_sizes(size_t upper, size_t lower, size_t depth)
{
    const uint16_t full = AMX_LEFT, left = (uint16_t)(depth * sizeof(uint32_t));
    const uint8_t high = (uint8_t)upper, low = (uint8_t)lower, right = (uint8_t)depth;
    const struct amx_sizes sizes = {
        .palette = 1,
        .row_bytes = {full, full, full, full, left, left, full, full},
        .rows = {high, high, low, low, high, low, right, right},
    };
    struct amx_sizes present;
    /* gcc 12 believes that STTILECFG writes eight bytes and that LDTILECFG reads as many: it could
     * read or write the others at another time. */
    __asm__ volatile("sttilecfg\t%0" : "=m"(present));
    if (!memcmp(&present, &sizes, sizeof sizes))
        return;
    __asm__ volatile("" : : "r"(&sizes) : "memory");
    _tile_loadconfig(&sizes);
}

/* The tiles are no longer in use, so that the system need not keep them for this thread. */
static void amx_rest(void)
{
    _tile_release();
}

/* A product of k = count x depth words, as in struct recur_kernels. */
struct amx_product {
    real *c;
    struct recur_word_rows a; /* panel NULL: panels of 32 rows, one after the other */
    const uint32_t *w;
    const real *from;                       /* what the sums start from */
    size_t c_stride, w_stride, from_stride; /* from panel to panel */
    size_t from_row;                        /* from row to row; 0: all rows start from the
                                               same */
    size_t count, depth, panels, rows;
    bool left_near, right_near; /* which operand stays in the L1 cache */
    struct recur_beside beside;
};

/* What tiles 2 and 3 are used for: nothing, rows below those of tiles 0 and 1, the next panel. */
enum amx_second { AMX_NONE, AMX_ROWS_BELOW, AMX_PANEL_AFTER };

/* Where the operands of one step of k stand: the first rows and the first panel. */
struct amx_operands {
    const uint32_t *left, *right;
};

INLINE struct amx_operands amx_operands_at(const struct amx_product *x, size_t panel, size_t row,
                                           size_t i)
{
    const ptrdiff_t at = x->a.panel ? x->a.panel[i] / 2 : (ptrdiff_t)(i * AMX_PANEL);
    return (struct amx_operands){x->a.base + at + row * AMX_WORDS,
                                 x->w + panel * x->w_stride + i * AMX_PANEL};
}

/* What is loaded again and again stays in the L1 cache, where it is not larger than AMX_NEAR: few
 * rows of the left operand, from panel to panel, or one panel of the right operand, for many rows.
 * All else is loaded past L1 (TILELOADDT1): from L2 this is the faster way. */
enum { AMX_NEAR = 40 << 10 }; /* bytes */
#define AMX_LOAD(tile, from, stride, near)                                                         \
    do {                                                                                           \
        if (near)                                                                                  \
            _tile_loadd(tile, from, stride);                                                       \
        else                                                                                       \
            _tile_stream_loadd(tile, from, stride);                                                \
    } while (0)
#define AMX_LOAD_LEFT(tile, left) AMX_LOAD(tile, left, AMX_LEFT, x->left_near)
#define AMX_LOAD_RIGHT(tile, right) AMX_LOAD(tile, right, AMX_RIGHT, x->right_near)

/* How far the work beside a product has come. */
struct amx_pace {
    struct recur_beside left; /* point NULL: nothing is left */
    size_t at, each;          /* numbers of the tile: those that are done; those of one step */
};

static struct amx_pace amx_pace_of(const struct amx_product *x, size_t steps)
{
    struct amx_pace pace = {.left = x->beside};
    if (pace.left.point && steps)
        pace.each = (pace.left.tile->n / VL + steps - 1) / steps * VL;
    return pace;
}

/* Does what is left before number `end` of the tile. */
INLINE void amx_go_on(struct amx_pace *pace, size_t end)
{
    for (; pace->at < end; pace->at += VL)
        pace->left.point(pace->left.tile, pace->at);
}

static void amx_finish(struct amx_pace *pace)
{
    if (pace->left.point)
        amx_go_on(pace, pace->left.tile->n);
}

/* Points that are compiled in beside products. */
enum amx_point {
    AMX_NO_POINT,
    AMX_LSTM_FORWARD,
    AMX_LSTM_BACKWARD,
    AMX_GRU_FORWARD,
    AMX_GRU_BACKWARD
};

union amx_vector {
    struct lstm_vector lstm;
    struct gru_vector gru;
};

INLINE void amx_part(const struct amx_pace *pace, union amx_vector *x, const enum amx_point point,
                     const unsigned part)
{
    switch (point) {
    case AMX_NO_POINT: break;
    case AMX_LSTM_FORWARD: lstm_forward_part(pace->left.tile, pace->at, &x->lstm, part); break;
    case AMX_LSTM_BACKWARD: lstm_backward_part(pace->left.tile, pace->at, &x->lstm, part); break;
    case AMX_GRU_FORWARD: gru_forward_part(pace->left.tile, pace->at, &x->gru, part); break;
    case AMX_GRU_BACKWARD: gru_backward_part(pace->left.tile, pace->at, &x->gru, part); break;
    }
}

/* One step of k, whose operands are in the tiles already, all but those of the next panel. Unless
 * it is the last step, it loads the operands of the one after it, each as soon as its tile is
 * free. The parts of one vector of `point` stand between the products. */
INLINE void amx_step_of(const struct amx_product *x, struct amx_pace *pace, struct amx_operands now,
                        struct amx_operands next, size_t upper, const enum amx_second second,
                        const bool last, const enum amx_point point)
{
    union amx_vector v;
    _tile_dpbf16ps(0, 4, 6);
    amx_part(pace, &v, point, 0);
    if (second == AMX_PANEL_AFTER)
        AMX_LOAD_RIGHT(6, now.right + x->w_stride);
    _tile_dpbf16ps(1, 4, 7);
    amx_part(pace, &v, point, 1);
    if (second == AMX_PANEL_AFTER) {
        AMX_LOAD_RIGHT(7, now.right + x->w_stride + AMX_WORDS);
        _tile_dpbf16ps(2, 4, 6);
    } else if (second == AMX_ROWS_BELOW) {
        if (!last)
            AMX_LOAD_LEFT(4, next.left);
        _tile_dpbf16ps(2, 5, 6);
    }
    amx_part(pace, &v, point, 2);
    if (!last)
        AMX_LOAD_RIGHT(6, next.right);
    if (second == AMX_PANEL_AFTER)
        _tile_dpbf16ps(3, 4, 7);
    else if (second == AMX_ROWS_BELOW)
        _tile_dpbf16ps(3, 5, 7);
    amx_part(pace, &v, point, 3);
    if (!last) {
        if (second == AMX_ROWS_BELOW)
            AMX_LOAD_LEFT(5, next.left + upper * AMX_WORDS);
        else
            AMX_LOAD_LEFT(4, next.left);
        AMX_LOAD_RIGHT(7, next.right + AMX_WORDS);
    }
    pace->at += point == AMX_NO_POINT ? 0 : VL;
}

/* The same with what is next beside it. A point is compiled in where it is one of these: a call
 * would not stand between the products. */
INLINE void amx_step(const struct amx_product *x, struct amx_pace *pace, struct amx_operands now,
                     struct amx_operands next, size_t upper, const enum amx_second second,
                     const bool last)
{
    recur_point *const point = pace->left.point;
    const size_t rest = point ? pace->left.tile->n - pace->at : 0;
    const size_t end = pace->at + (rest < pace->each ? rest : pace->each);
    const bool beside = second == AMX_ROWS_BELOW && !last && rest;
    if (beside && point == lstm_forward_point)
        amx_step_of(x, pace, now, next, upper, second, last, AMX_LSTM_FORWARD);
    else if (beside && point == lstm_backward_point)
        amx_step_of(x, pace, now, next, upper, second, last, AMX_LSTM_BACKWARD);
    else if (beside && point == gru_forward_point)
        amx_step_of(x, pace, now, next, upper, second, last, AMX_GRU_FORWARD);
    else if (beside && point == gru_backward_point)
        amx_step_of(x, pace, now, next, upper, second, last, AMX_GRU_BACKWARD);
    else
        amx_step_of(x, pace, now, next, upper, second, last, AMX_NO_POINT);
    amx_go_on(pace, end);
}

/* Two or four tiles of results, from row `row` of panel number `panel` on. */
INLINE void amx_tiles(const struct amx_product *x, struct amx_pace *pace, size_t panel, size_t row,
                      size_t upper, const enum amx_second second)
{
    const size_t from_bytes = x->from_row * sizeof(real);
    const real *from = x->from + panel * x->from_stride + row * x->from_row;
    real *c = x->c + panel * x->c_stride + row * RECUR_LANES;
    const real *from_2 = from + (second == AMX_ROWS_BELOW ? upper * x->from_row : x->from_stride);
    real *c_2 = c + (second == AMX_ROWS_BELOW ? upper * RECUR_LANES : x->c_stride);
    struct amx_operands now = {0};
    if (x->count) {
        now = amx_operands_at(x, panel, row, 0);
        AMX_LOAD_LEFT(4, now.left);
        AMX_LOAD_RIGHT(6, now.right);
        AMX_LOAD_RIGHT(7, now.right + AMX_WORDS);
        if (second == AMX_ROWS_BELOW)
            AMX_LOAD_LEFT(5, now.left + upper * AMX_WORDS);
    }
    _tile_loadd(0, from, from_bytes);
    _tile_loadd(1, from + AMX_WORDS, from_bytes);
    if (second != AMX_NONE) {
        _tile_loadd(2, from_2, from_bytes);
        _tile_loadd(3, from_2 + AMX_WORDS, from_bytes);
    }
    for (size_t i = 1; i < x->count; i++) {
        const struct amx_operands next = amx_operands_at(x, panel, row, i);
        amx_step(x, pace, now, next, upper, second, false);
        now = next;
    }
    if (x->count)
        amx_step(x, pace, now, now, upper, second, true);
    _tile_stored(0, c, AMX_RIGHT);
    _tile_stored(1, c + AMX_WORDS, AMX_RIGHT);
    if (second != AMX_NONE) {
        _tile_stored(2, c_2, AMX_RIGHT);
        _tile_stored(3, c_2 + AMX_WORDS, AMX_RIGHT);
    }
}

/* Rows are split evenly: 40 = 10 + 10 and 10 + 10 rather than 16 + 16 and 8. */
static void amx_multiply(const struct amx_product *x)
{
    const size_t most = 2 * AMX_ROWS, blocks = (x->rows + most - 1) / most;
    const size_t height = (x->rows + blocks - 1) / blocks, step = x->rows <= AMX_ROWS ? 2 : 1;
    struct amx_pace pace = amx_pace_of(x, (x->panels + step - 1) / step * blocks * x->count);
    for (size_t panel = 0, sized = 0; panel < x->panels; panel += step)
        for (size_t row = 0, rows; row < x->rows; row += rows) {
            rows = x->rows - row < height ? x->rows - row : height;
            const bool single = rows <= AMX_ROWS;
            const size_t upper = single ? rows : (rows + 1) / 2;
            if (rows != sized)
                amx_set_sizes(upper, single ? upper : rows - upper, x->depth);
            sized = rows;
            if (!single)
                amx_tiles(x, &pace, panel, row, upper, AMX_ROWS_BELOW);
            else if (step == 2 && panel + 1 < x->panels)
                amx_tiles(x, &pace, panel, row, upper, AMX_PANEL_AFTER);
            else
                amx_tiles(x, &pace, panel, row, upper, AMX_NONE);
        }
    amx_finish(&pace);
}

/* One block of k, `depth` words of one row, for some panels: multiplies as TDPBF16PS does and adds
 * to `sum`. `at` is the block's first row of the first panel. */
INLINE void amx_row_block(vec *sum, const uint32_t *left, const uint32_t *at, size_t depth,
                          size_t w_stride, const size_t panels)
{
    const size_t vectors = RECUR_LANES / VL;
    const uint32_t second = 0xffff0000;
    vec first_sum[AMX_ROW_PANELS * 2] = {0}, second_sum[AMX_ROW_PANELS * 2] = {0};
    for (size_t k = 0; k < depth; k++, at += RECUR_LANES) {
        const uvec x = left[k] - (uvec){0};
        UNROLL
        for (size_t i = 0; i < panels * vectors; i++) {
            const uvec w = *(const uvec *)(at + i / vectors * w_stride + i % vectors * VL);
            first_sum[i] += (vec)(x << 16) * (vec)(w << 16);
            second_sum[i] += (vec)(x & second) * (vec)(w & second);
        }
    }
    UNROLL
    for (size_t i = 0; i < panels * vectors; i++)
        sum[i] += first_sum[i] + second_sum[i];
}

/* A product of one row for some panels, from number `panel` on. */
INLINE void amx_row_panels(const struct amx_product *x, size_t k, size_t panel, const size_t panels)
{
    const size_t vectors = RECUR_LANES / VL;
    vec sum[AMX_ROW_PANELS * 2];
    UNROLL
    for (size_t i = 0; i < panels * vectors; i++)
        sum[i] = load(x->from + (panel + i / vectors) * x->from_stride + i % vectors * VL);
    for (size_t i = 0; i * AMX_WORDS < k; i++) {
        const struct amx_operands now = amx_operands_at(x, panel, 0, i);
        const size_t left = k - i * AMX_WORDS, depth = left < AMX_WORDS ? left : AMX_WORDS;
        if (depth == AMX_WORDS)
            amx_row_block(sum, now.left, now.right, AMX_WORDS, x->w_stride, panels);
        else
            amx_row_block(sum, now.left, now.right, depth, x->w_stride, panels);
    }
    UNROLL
    for (size_t i = 0; i < panels * vectors; i++)
        store(x->c + (panel + i / vectors) * x->c_stride + i % vectors * VL, sum[i]);
}

/* One row has so little to multiply that loading tiles takes longer than loading vectors, above all
 * while a neighbour works on the core's second thread. The results are those of tiles, to the bit;
 * denormal numbers count as zero here too. */
static void amx_row(const struct amx_product *x, size_t k)
{
    const unsigned before = _mm_getcsr(), denormals_are_zero = 0x8040;
    size_t p = 0;
    _mm_setcsr(before | denormals_are_zero);
    for (; p + AMX_ROW_PANELS <= x->panels; p += AMX_ROW_PANELS)
        amx_row_panels(x, k, p, AMX_ROW_PANELS);
    for (; p + 2 <= x->panels; p += 2)
        amx_row_panels(x, k, p, 2);
    for (; p < x->panels; p++)
        amx_row_panels(x, k, p, 1);
    _mm_setcsr(before);
}

/* Where the sums of a product start: panels `stride` apart, their rows `row` apart, or the same for
 * all rows. */
struct amx_start {
    const real *from;
    size_t stride, row;
};

/* Tiles of full depth come first; tiles of this depth add the rest of k. */
static void amx_product(real *c, size_t c_stride, struct recur_word_rows a, size_t k,
                        const uint32_t *w, size_t w_stride, size_t panels, size_t rows,
                        struct amx_start start, struct recur_beside beside)
{
    static const _Alignas(64) real zero[RECUR_LANES];
    const size_t full = k / AMX_WORDS, rest = k % AMX_WORDS;
    struct amx_product x = {
        .c = c,
        .c_stride = c_stride,
        .a = a,
        .w = w,
        .w_stride = w_stride,
        .from = start.from ? start.from : zero,
        .from_stride = start.from ? start.stride : 0,
        .from_row = start.from ? start.row : 0,
        .count = full,
        .depth = AMX_WORDS,
        .panels = panels,
        .rows = rows,
        .left_near = panels > 1 && rows * full * AMX_LEFT <= AMX_NEAR,
        .right_near = rows > (size_t)2 * AMX_ROWS && k * AMX_RIGHT <= AMX_NEAR,
        .beside = beside,
    };
    if (rows < 2) {
        struct amx_pace pace = amx_pace_of(&x, 0);
        if (rows)
            amx_row(&x, k);
        amx_finish(&pace);
        return;
    }
    if (full || !rest)
        amx_multiply(&x);
    if (!rest)
        return;
    if (full) {
        x.from = c;
        x.from_stride = c_stride;
        x.from_row = RECUR_LANES;
        x.beside.point = NULL;
    }
    if (a.panel)
        x.a.panel += full;
    else
        x.a.base += full * AMX_PANEL;
    x.w += full * AMX_PANEL;
    x.count = 1;
    x.depth = rest;
    amx_multiply(&x);
}

/* A tile includes the columns of W that are zero at no cost. */
static void bf16_product_beside(real *c, size_t c_stride, struct recur_word_rows a, size_t k,
                                const uint32_t *w, size_t w_stride, size_t panels, size_t columns,
                                size_t rows, const real *start, size_t start_stride,
                                struct recur_beside beside)
{
    (void)columns;
    amx_product(c, c_stride, a, k, w, w_stride, panels, rows,
                (struct amx_start){start, start_stride, RECUR_LANES}, beside);
}

static void bf16_product(real *c, size_t c_stride, struct recur_word_rows a, size_t k,
                         const uint32_t *w, size_t w_stride, size_t panels, size_t columns,
                         size_t rows, const real *start)
{
    (void)columns;
    amx_product(c, c_stride, a, k, w, w_stride, panels, rows,
                start == c ? (struct amx_start){c, c_stride, RECUR_LANES}
                           : (struct amx_start){start, RECUR_LANES, 0},
                recur_nothing);
}

/* The left operand is what bf16_pair_left makes: its columns are the rows of the product. */
static void bf16_outer(real *c, const uint32_t *a, size_t a_columns, const uint32_t *b,
                       size_t columns, size_t rows, bool accumulate)
{
    bf16_product(c, 0, (struct recur_word_rows){a, NULL}, rows, b, 0, 1, columns, a_columns,
                 accumulate ? c : NULL);
}

#endif
