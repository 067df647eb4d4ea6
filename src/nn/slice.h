/* A thread's share of a pass: some rows of the batch and some panels of hidden units; and the
 * walks over rows, layers and panels that forward.c, backward.c and gradients.c share. */
#ifndef RECUR_NN_SLICE_H
#define RECUR_NN_SLICE_H

#include "nn/pass.h"

struct recur_slice {
    size_t row, rows;              /* batch rows [row, row + rows) */
    size_t part, parts;            /* of the units, and of whatever else the group shares */
    struct recur_barrier *barrier; /* the group's */
};

/* False where there is no work for this thread, and then for none of its group. */
static inline bool recur_slice_of(const struct recur_pass *pass, size_t thread,
                                  struct recur_slice *slice)
{
    const struct recur_grid *grid = &pass->work->grid;
    size_t index = thread / grid->unit_slices;
    size_t batch = pass->rows ? pass->rows : pass->work->batch;
    if (index >= grid->batch_slices)
        return false;
    slice->row = batch * index / grid->batch_slices;
    slice->rows = batch * (index + 1) / grid->batch_slices - slice->row;
    slice->part = thread % grid->unit_slices;
    slice->parts = grid->unit_slices;
    slice->barrier = &grid->barrier[index];
    return slice->rows > 0;
}

/* The part of `count` things that is this thread's within its group. */
static inline size_t recur_slice_begin(const struct recur_slice *slice, size_t count)
{
    return count * slice->part / slice->parts;
}

static inline size_t recur_slice_end(const struct recur_slice *slice, size_t count)
{
    return count * (slice->part + 1) / slice->parts;
}

/* A run of rows that lie next to each other: all of them where the slice is the whole batch, else
 * the slice's rows of one time step. */
struct recur_span {
    size_t row, rows;
};

/* Spans of the time steps [first, last). */
static inline size_t recur_slice_spans(const struct recur_pass *pass,
                                       const struct recur_slice *slice, size_t first, size_t last)
{
    return slice->rows == pass->work->batch && last > first ? 1 : last - first;
}

static inline struct recur_span recur_slice_span(const struct recur_pass *pass,
                                                 const struct recur_slice *slice, size_t first,
                                                 size_t last, size_t index)
{
    size_t batch = pass->work->batch;
    if (slice->rows == batch)
        return (struct recur_span){first * batch, (last - first) * batch};
    return (struct recur_span){(first + index) * batch + slice->row, slice->rows};
}

static inline struct recur_rows recur_rows_from(const real *base, const ptrdiff_t *panels,
                                                size_t row)
{
    return (struct recur_rows){base + row * RECUR_LANES, panels};
}

/* Panel `panel` of parameter number `index`. */
static inline const real *recur_pass_panel(const struct recur_pass *pass, size_t index,
                                           size_t panel)
{
    return pass->parameters + recur_param_panel(recur_network_param(pass->network, index), panel);
}

/* Dropout over panel `panel` of seam `seam`, the same mask for the same place every time. */
static inline void recur_pass_drop(const struct recur_pass *pass, size_t seam, size_t panel,
                                   struct recur_span span, real *to, const real *from)
{
    uint64_t first = (((uint64_t)seam << 24) + panel) << 32 | (uint64_t)span.row * RECUR_LANES;
    pass->kernels->dropout(to + span.row * RECUR_LANES, from + span.row * RECUR_LANES,
                           span.rows * RECUR_LANES, pass->dropout_key, first,
                           (uint32_t)((double)pass->network->dropout * 0x1p32));
}

/* The tile of one step (row block t of z), unit panel u, this slice's rows. */
static inline struct recur_tile recur_tile_at(const struct recur_pass *pass,
                                              const struct recur_stream *stream,
                                              const struct recur_slice *slice, size_t d, size_t t,
                                              size_t u)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    size_t batch = pass->work->batch, own = u * stream->h_stride;
    size_t step = (t * batch + slice->row) * RECUR_LANES;
    size_t before = own + (recur_block_before(d, t) * batch + slice->row) * RECUR_LANES;
    size_t after = own + (recur_block_after(d, t) * batch + slice->row) * RECUR_LANES;
    struct recur_tile tile = {
        .n = slice->rows * RECUR_LANES, .h_prev = stream->h + before, .h = stream->h + after};
    for (unsigned s = 0; s < cell->slots; s++)
        tile.slot[s] = stream->z + (u * cell->slots + s) * stream->z_stride + step;
    if (cell->has_c) {
        tile.c_prev = stream->c + before;
        tile.c = stream->c + after;
    }
    if (cell->phases > 1)
        tile.rh = stream->q + u * stream->z_stride + step;
    return tile;
}

#endif
