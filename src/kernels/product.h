/* The two products of training, in tiles that keep their results in registers: two vectors wide,
 * up to RECUR_TILE_ROWS rows high. All strides are constants: rows and k are 32 numbers apart in
 * every panel, so that one base register addresses a whole tile. */
#ifndef RECUR_KERNELS_PRODUCT_H
#define RECUR_KERNELS_PRODUCT_H

#include "kernels/vector.h"

#define PAIR (2 * VL) /* columns of a tile; a panel is RECUR_LANES / PAIR tiles wide */

/* How far the loops go before they turn to the next rows or columns; measured, as all of this
 * (docs/performance.md). A wide tile does enough with each number that it can take it from the L2
 * cache; narrow ones must find in the L1 cache what the tile before them has used. */
#if RECUR_TILE_ROWS == 14
#define PRODUCT_DEPTH SIZE_MAX
#define OUTER_ROWS 280
#else
#define PRODUCT_DEPTH 64
#define OUTER_ROWS 96
#endif

#define LINE_BYTES 64 /* of the caches */

/* Fetches one row of a tile, which may lie past the end of its array, into the L1 cache. */
INLINE void fetch(const real *row, const int writes)
{
#pragma GCC unroll 2
    for (size_t byte = 0; byte < PAIR * sizeof *row; byte += LINE_BYTES)
        __builtin_prefetch((const char *)row + byte, writes, 3);
}

/* `panels` x `rows` are the tile's constant size: with one row there are only two chains of
 * multiply-adds in a panel, too few to hide their latency, so several panels are worked at once.
 * `next` is the tile that comes after this one, fetched meanwhile; NULL: none. */
INLINE void product_tile(real *c, size_t c_stride, struct recur_rows a, size_t first_row, size_t k,
                         const real *w, size_t w_stride, const size_t panels, const size_t rows,
                         bool accumulate, const real *next)
{
    vec sum[RECUR_TILE_ROWS * 2];
#pragma GCC unroll 16
    for (size_t r = 0; next && r < rows; r++)
        fetch(next + r * RECUR_LANES, 1);
#pragma GCC unroll 16
    for (size_t p = 0; p < panels; p++)
#pragma GCC unroll 16
        for (size_t r = 0; r < rows; r++) {
            const real *from = c + p * c_stride + r * RECUR_LANES;
            sum[2 * (p * rows + r)] = accumulate ? load(from) : (vec){0};
            sum[2 * (p * rows + r) + 1] = accumulate ? load(from + VL) : (vec){0};
        }
    for (size_t k0 = 0; k0 < k; k0 += RECUR_LANES) {
        const real *ak = a.base + a.panel[k0 / RECUR_LANES] + first_row * RECUR_LANES;
        const real *wk = w + k0 * RECUR_LANES;
        const real *end = ak + (k - k0 < RECUR_LANES ? k - k0 : RECUR_LANES);
        for (; ak < end; ak++, wk += RECUR_LANES)
#pragma GCC unroll 16
            for (size_t p = 0; p < panels; p++) {
                vec w0 = load(wk + p * w_stride), w1 = load(wk + p * w_stride + VL);
#pragma GCC unroll 16
                for (size_t r = 0; r < rows; r++) {
                    vec x = splat(ak[r * RECUR_LANES]);
                    sum[2 * (p * rows + r)] += x * w0;
                    sum[2 * (p * rows + r) + 1] += x * w1;
                }
            }
    }
#pragma GCC unroll 16
    for (size_t p = 0; p < panels; p++)
#pragma GCC unroll 16
        for (size_t r = 0; r < rows; r++) {
            real *to = c + p * c_stride + r * RECUR_LANES;
            store(to, sum[2 * (p * rows + r)]);
            store(to + VL, sum[2 * (p * rows + r) + 1]);
        }
}

/* C = A^T B over `count` rows of the panels a and b: `columns` rows of C. `next`, `count` rows of
 * what comes after them, are fetched meanwhile. */
INLINE void outer_tile(real *c, const real *a, const real *b, const size_t columns, size_t count,
                       bool accumulate, const real *next)
{
    vec sum[RECUR_TILE_ROWS * 2];
#pragma GCC unroll 16
    for (size_t i = 0; i < columns; i++) {
        sum[2 * i] = accumulate ? load(c + i * RECUR_LANES) : (vec){0};
        sum[2 * i + 1] = accumulate ? load(c + i * RECUR_LANES + VL) : (vec){0};
    }
    for (const real *end = a + count * RECUR_LANES; a < end; a += RECUR_LANES, b += RECUR_LANES) {
        vec b0 = load(b), b1 = load(b + VL);
        fetch(next, 0);
        next += RECUR_LANES;
#pragma GCC unroll 16
        for (size_t i = 0; i < columns; i++) {
            vec x = splat(a[i]);
            sum[2 * i] += x * b0;
            sum[2 * i + 1] += x * b1;
        }
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < columns; i++) {
        store(c + i * RECUR_LANES, sum[2 * i]);
        store(c + i * RECUR_LANES + VL, sum[2 * i + 1]);
    }
}

/* Expands X(1) .. X(RECUR_TILE_ROWS). */
#if RECUR_TILE_ROWS == 14
#define EACH_HEIGHT(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#elif RECUR_TILE_ROWS == 6
#define EACH_HEIGHT(X) X(1) X(2) X(3) X(4) X(5) X(6)
#else
#error "RECUR_TILE_ROWS is 6 or 14"
#endif

/* Rows and panels of the tiles that work on several panels at once. */
#define LOW_TILES(X) X(1, 4) X(1, 3) X(1, 2) X(2, 3) X(2, 2) X(3, 2)

#define HEIGHT(n)                                                                                  \
    __attribute__((noinline)) static void product_##n(real *c, struct recur_rows a, size_t row,    \
                                                      size_t k, const real *w, bool accumulate,    \
                                                      const real *next)                            \
    {                                                                                              \
        product_tile(c, 0, a, row, k, w, 0, 1, n, accumulate, next);                               \
    }                                                                                              \
    __attribute__((noinline)) static void outer_##n(                                               \
        real *c, const real *a, const real *b, size_t count, bool accumulate, const real *next)    \
    {                                                                                              \
        outer_tile(c, a, b, n, count, accumulate, next);                                           \
    }
EACH_HEIGHT(HEIGHT)
#undef HEIGHT

#define LOW(n, p)                                                                                  \
    __attribute__((noinline)) static void product_low_##n##_##p(                                   \
        real *c, size_t c_stride, struct recur_rows a, size_t k, const real *w, size_t w_stride,   \
        bool accumulate)                                                                           \
    {                                                                                              \
        product_tile(c, c_stride, a, 0, k, w, w_stride, p, n, accumulate, NULL);                   \
    }
LOW_TILES(LOW)
#undef LOW

/* Splits `rows` into tiles of even height: 32 = 11 + 11 + 10 rather than 14 + 14 + 4. */
INLINE size_t tile_height(size_t rows)
{
    size_t tiles = (rows + RECUR_TILE_ROWS - 1) / RECUR_TILE_ROWS;
    return (rows + tiles - 1) / tiles;
}

/* `next` is the panel that is worked on after this one. */
static void product_panel(real *c, struct recur_rows a, size_t k, const real *w, size_t rows,
                          bool accumulate, const real *next)
{
    static void (*const tile[])(real *, struct recur_rows, size_t, size_t, const real *, bool,
                                const real *) = {
#define HEIGHT(n) product_##n,
        EACH_HEIGHT(HEIGHT)
#undef HEIGHT
    };
    for (size_t row = 0; row < rows;) {
        size_t height = tile_height(rows - row);
        const real *after = row + height < rows ? c + (row + height) * RECUR_LANES : next;
        for (size_t pair = 0; pair < RECUR_LANES; pair += PAIR)
            tile[height - 1](c + row * RECUR_LANES + pair, a, row, k, w + pair, accumulate,
                             after + pair);
        row += height;
    }
}

static void product(real *c, size_t c_stride, struct recur_rows a, size_t k, const real *w,
                    size_t w_stride, size_t panels, size_t rows, bool accumulate)
{
    size_t p = 0;
#define LOW(n, count)                                                                              \
    if (rows == (n))                                                                               \
        for (; p + (count) <= panels; p += (count))                                                \
            for (size_t pair = 0; pair < RECUR_LANES; pair += PAIR)                                \
                product_low_##n##_##count(c + p * c_stride + pair, c_stride, a, k,                 \
                                          w + p * w_stride + pair, w_stride, accumulate);
    LOW_TILES(LOW)
#undef LOW
    for (; p < panels; p++) {
        size_t k0 = 0, depth;
        do {
            depth = k - k0 < PRODUCT_DEPTH ? k - k0 : PRODUCT_DEPTH;
            struct recur_rows part = {a.base, a.panel + k0 / RECUR_LANES};
            const real *next = c + (p + (k0 + depth == k)) * c_stride;
            product_panel(c + p * c_stride, part, depth, w + p * w_stride + k0 * RECUR_LANES, rows,
                          accumulate || k0, next);
            k0 += depth;
        } while (k0 < k);
    }
}

static void outer(real *c, const real *a, size_t columns, const real *b, size_t rows,
                  bool accumulate)
{
    static void (*const tile[])(real *, const real *, const real *, size_t, bool, const real *) = {
#define HEIGHT(n) outer_##n,
        EACH_HEIGHT(HEIGHT)
#undef HEIGHT
    };
    for (size_t row = 0; row < rows || (row == 0 && !accumulate); row += OUTER_ROWS) {
        size_t count = rows - row < OUTER_ROWS ? rows - row : OUTER_ROWS;
        for (size_t i = 0; i < columns;) {
            size_t height = tile_height(columns - i);
            for (size_t pair = 0; pair < RECUR_LANES; pair += PAIR)
                tile[height - 1](c + i * RECUR_LANES + pair, a + row * RECUR_LANES + i,
                                 b + row * RECUR_LANES + pair, count, accumulate || row,
                                 (i ? b : a) + (row + count) * RECUR_LANES + pair);
            i += height;
        }
    }
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

/* Halves of two vectors, lane by lane in turn: a0 b0 a1 b1 ... */
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

/* A square of VL x VL: zipping its upper half with its lower one moves each element's place by one
 * bit round, so that after log2(VL) rounds rows are columns. */
INLINE void transpose_square(real *t, const real *w)
{
    vec row[VL], next[VL];
#pragma GCC unroll 16
    for (size_t i = 0; i < VL; i++)
        row[i] = load(w + i * RECUR_LANES);
#pragma GCC unroll 4
    for (size_t round = 1; round < VL; round *= 2) {
#pragma GCC unroll 8
        for (size_t i = 0; i < VL / 2; i++) {
            next[2 * i] = ZIP_LOW(row[i], row[i + VL / 2]);
            next[2 * i + 1] = ZIP_HIGH(row[i], row[i + VL / 2]);
        }
#pragma GCC unroll 16
        for (size_t i = 0; i < VL; i++)
            row[i] = next[i];
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < VL; i++)
        store(t + i * RECUR_LANES, row[i]);
}

static void transpose(real *t, const real *w)
{
    for (size_t i = 0; i < RECUR_LANES; i += VL)
        for (size_t j = 0; j < RECUR_LANES; j += VL)
            transpose_square(t + j * RECUR_LANES + i, w + i * RECUR_LANES + j);
}

/* Twelve chains: enough to hide the latency of a multiply-add on two units. The compiler must not
 * know the operands: it would work out a chain that stays where it begins (1 x + y = 1). */
static double peak(size_t count)
{
    volatile real factor = (real)0.999, term = (real)1e-3;
    vec sum[12], x = splat(factor), y = splat(term);
    for (size_t i = 0; i < 12; i++)
        sum[i] = splat((real)i);
    for (size_t n = 0; n < count; n++)
#pragma GCC unroll 12
        for (size_t i = 0; i < 12; i++)
            sum[i] = sum[i] * x + y;
    vec total = {0};
    for (size_t i = 0; i < 12; i++)
        total += sum[i];
    volatile real keep = reduce_sum(total); /* the work must not be optimised away */
    (void)keep;
    return (double)count * 12 * 2 * (double)VL;
}

#endif
