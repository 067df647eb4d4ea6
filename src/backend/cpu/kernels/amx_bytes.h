/* The product of bytes by AMX (amx.h). A panel of the left operand is (rows, 8) words, so a tile of
 * it is 8 words wide, and one of the right operand 8 words deep. TDPBUSD adds to each result four
 * products of bytes without and with a sign. Sums of integers are exact, so the results are those
 * of vectors. */
#ifndef RECUR_BACKEND_CPU_KERNELS_AMX_BYTES_H
#define RECUR_BACKEND_CPU_KERNELS_AMX_BYTES_H

#include "backend/cpu/kernels/amx.h"

enum { AMX_BYTES_DEPTH = RECUR_LANES / 4, AMX_BYTES_PANEL = AMX_BYTES_DEPTH * RECUR_LANES };
enum { AMX_BYTES_ROWS = 12 }; /* fewer are faster by vectors */

/* A product of k = count x depth words, as in struct recur_kernels. */
struct amx_bytes {
    int32_t *sum;
    struct recur_word_rows a;
    const uint32_t *w;
    const int32_t *from;
    size_t sum_stride, w_stride, from_stride; /* from panel to panel */
    size_t from_row;                          /* from row to row */
    size_t count, depth, panels, rows;
};

/* Two or four tiles of results: `lower` rows follow `upper` ones, or none do. */
INLINE void amx_bytes_tiles(const struct amx_bytes *x, size_t panel, size_t row, size_t upper,
                            const bool lower)
{
    const size_t from_bytes = x->from_row * sizeof(int32_t);
    const size_t left_bytes = AMX_BYTES_DEPTH * sizeof(uint32_t);
    const int32_t *from = x->from + panel * x->from_stride + row * x->from_row;
    const uint32_t *right = x->w + panel * x->w_stride;
    int32_t *sum = x->sum + panel * x->sum_stride + row * RECUR_LANES;
    _tile_loadd(0, from, from_bytes);
    _tile_loadd(1, from + AMX_WORDS, from_bytes);
    if (lower) {
        _tile_loadd(2, from + upper * x->from_row, from_bytes);
        _tile_loadd(3, from + upper * x->from_row + AMX_WORDS, from_bytes);
    }
    for (size_t i = 0; i < x->count; i++, right += AMX_BYTES_PANEL) {
        const uint32_t *left = x->a.base + x->a.panel[i] / 4 + row * AMX_BYTES_DEPTH;
        _tile_stream_loadd(6, right, AMX_RIGHT);
        _tile_loadd(4, left, left_bytes);
        _tile_dpbusd(0, 4, 6);
        _tile_stream_loadd(7, right + AMX_WORDS, AMX_RIGHT);
        _tile_dpbusd(1, 4, 7);
        if (lower) {
            _tile_loadd(5, left + upper * AMX_BYTES_DEPTH, left_bytes);
            _tile_dpbusd(2, 5, 6);
            _tile_dpbusd(3, 5, 7);
        }
    }
    _tile_stored(0, sum, AMX_RIGHT);
    _tile_stored(1, sum + AMX_WORDS, AMX_RIGHT);
    if (lower) {
        _tile_stored(2, sum + upper * RECUR_LANES, AMX_RIGHT);
        _tile_stored(3, sum + upper * RECUR_LANES + AMX_WORDS, AMX_RIGHT);
    }
}

static void amx_bytes_multiply(const struct amx_bytes *x)
{
    const size_t most = 2 * AMX_ROWS, blocks = (x->rows + most - 1) / most;
    const size_t height = (x->rows + blocks - 1) / blocks;
    for (size_t row = 0, rows; row < x->rows; row += rows) {
        rows = x->rows - row < height ? x->rows - row : height;
        const size_t upper = rows <= AMX_ROWS ? rows : (rows + 1) / 2;
        amx_set_sizes(upper, rows > upper ? rows - upper : upper, x->depth);
        for (size_t panel = 0; panel < x->panels; panel++)
            if (rows > upper)
                amx_bytes_tiles(x, panel, row, upper, true);
            else
                amx_bytes_tiles(x, panel, row, upper, false);
    }
}

/* Tiles of full depth come first; tiles of this depth add the rest of k. */
static void amx_int8_product(int32_t *sum, size_t sum_stride, struct recur_word_rows a, size_t k,
                             const uint32_t *w, size_t w_stride, size_t panels, size_t columns,
                             size_t rows, const int32_t *start)
{
    static const _Alignas(64) int32_t zero[RECUR_LANES];
    const size_t full = k / AMX_BYTES_DEPTH, rest = k % AMX_BYTES_DEPTH;
    if (rows < AMX_BYTES_ROWS) {
        int8_product(sum, sum_stride, a, k, w, w_stride, panels, columns, rows, start);
        return;
    }
    struct amx_bytes x = {
        .sum = sum,
        .a = a,
        .w = w,
        .from = start ? start : zero,
        .sum_stride = sum_stride,
        .w_stride = w_stride,
        .from_stride = !start         ? 0
                       : start == sum ? sum_stride
                                      : RECUR_LANES,
        .from_row = start == sum ? RECUR_LANES : 0,
        .count = full,
        .depth = AMX_BYTES_DEPTH,
        .panels = panels,
        .rows = rows,
    };
    if (full || !rest)
        amx_bytes_multiply(&x);
    if (!rest)
        return;
    if (full) {
        x.from = sum;
        x.from_stride = sum_stride;
        x.from_row = RECUR_LANES;
    }
    x.a.panel += full;
    x.w += full * AMX_BYTES_PANEL;
    x.count = 1;
    x.depth = rest;
    amx_bytes_multiply(&x);
}

#endif
