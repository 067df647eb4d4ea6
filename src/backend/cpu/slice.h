/* A thread's share of a pass: some rows of the batch and some panels of hidden units; and the
 * walks over rows, layers and panels that forward.c, backward.c and gradients.c share. */
#ifndef RECUR_BACKEND_CPU_SLICE_H
#define RECUR_BACKEND_CPU_SLICE_H

#include "backend/cpu/pass.h"

struct recur_slice {
    size_t row, rows;              /* batch rows [row, row + rows) */
    size_t steps;                  /* at which any of them goes on */
    size_t part, parts;            /* of the units, and of whatever else the group shares */
    struct recur_barrier *barrier; /* the group's */
};

/* The first batch row of slice `index` of the grid. */
static inline size_t recur_slice_cut(const struct recur_pass *pass, size_t index)
{
    size_t slices = pass->work->grid.batch_slices;
    return pass->batch.lengths ? recur_lengths_cut(pass->batch.lengths, index, slices)
                               : recur_pass_batch(pass) * index / slices;
}

/* The share of a thread in what all directions have a part in. False where there is no work for
 * it, and then for none of its group. */
static inline bool recur_slice_of(const struct recur_pass *pass, size_t thread,
                                  struct recur_slice *slice)
{
    const struct recur_grid *grid = &pass->work->grid;
    size_t group = grid->directions * grid->unit_slices, index = thread / group;
    if (index >= grid->batch_slices)
        return false;
    slice->row = recur_slice_cut(pass, index);
    slice->rows = recur_slice_cut(pass, index + 1) - slice->row;
    slice->steps = pass->batch.steps;
    if (pass->batch.lengths)
        slice->steps = slice->rows ? pass->batch.lengths->length[slice->row] : 0;
    slice->part = thread % group;
    slice->parts = group;
    slice->barrier = &grid->barrier[index];
    return slice->rows > 0;
}

/* Its share in the walks of direction d: false where other threads do them. */
static inline bool recur_slice_walks(const struct recur_pass *pass, const struct recur_slice *slice,
                                     size_t d, struct recur_slice *own)
{
    const struct recur_grid *grid = &pass->work->grid;
    *own = *slice;
    if (grid->directions == 1)
        return true;
    own->part = slice->part % grid->unit_slices;
    own->parts = grid->unit_slices;
    own->barrier = &grid->inner[(size_t)(slice->barrier - grid->barrier) * grid->directions + d];
    return slice->part / grid->unit_slices == d;
}

/* Meets the other threads of the group. */
static inline void recur_slice_wait(const struct recur_slice *slice)
{
    recur_barrier_wait(slice->barrier, slice->part);
}

/* The part of `count` things that is this thread's within its group. The first ones have no less
 * than the others: of a single panel of logits it is thread 0's, who hands them out. */
static inline size_t recur_slice_begin(const struct recur_slice *slice, size_t count)
{
    return (count * slice->part + slice->parts - 1) / slice->parts;
}

static inline size_t recur_slice_end(const struct recur_slice *slice, size_t count)
{
    return (count * (slice->part + 1) + slice->parts - 1) / slice->parts;
}

/* How many of the slice's sequences go on at step t, and their first row. */
static inline size_t recur_slice_alive(const struct recur_pass *pass,
                                       const struct recur_slice *slice, size_t t)
{
    size_t alive = recur_pass_alive(pass, t);
    if (alive <= slice->row)
        return 0;
    return alive - slice->row < slice->rows ? alive - slice->row : slice->rows;
}

/* A run of rows that lie next to each other: all of them where the slice is whole micro-batches,
 * else those of one time step and micro-batch. */
struct recur_span {
    size_t row, rows;
};

static inline bool recur_slice_is_whole(const struct recur_pass *pass,
                                        const struct recur_slice *slice)
{
    size_t each = recur_pass_micro_batch(pass);
    return slice->row % each == 0 && slice->rows % each == 0;
}

/* How many micro-batches it has a part of. */
static inline size_t recur_slice_micro_batches(const struct recur_pass *pass,
                                               const struct recur_slice *slice)
{
    size_t each = recur_pass_micro_batch(pass);
    return (slice->row + slice->rows - 1) / each - slice->row / each + 1;
}

static inline size_t recur_slice_spans(const struct recur_pass *pass,
                                       const struct recur_slice *slice)
{
    return recur_slice_is_whole(pass, slice)
               ? 1
               : slice->steps * recur_slice_micro_batches(pass, slice);
}

static inline struct recur_span recur_slice_span(const struct recur_pass *pass,
                                                 const struct recur_slice *slice, size_t index)
{
    if (recur_slice_is_whole(pass, slice))
        return (struct recur_span){recur_pass_row(pass, 0, slice->row),
                                   pass->batch.lengths ? pass->batch.lengths->rows
                                                       : slice->rows * slice->steps};
    size_t count = recur_slice_micro_batches(pass, slice), t = index / count;
    size_t row = slice->row, end = row + recur_slice_alive(pass, slice, t);
    for (size_t i = 0; i < index % count; i++)
        row += recur_pass_beside(pass, row, end);
    return (struct recur_span){recur_pass_row(pass, t, row), recur_pass_beside(pass, row, end)};
}

/* The same of the rows that are this thread's within its group. */
static inline size_t recur_slice_own_spans(const struct recur_pass *pass,
                                           const struct recur_slice *slice)
{
    size_t spans = recur_slice_spans(pass, slice);
    return recur_slice_is_whole(pass, slice)
               ? 1
               : recur_slice_end(slice, spans) - recur_slice_begin(slice, spans);
}

static inline struct recur_span recur_slice_own_span(const struct recur_pass *pass,
                                                     const struct recur_slice *slice, size_t index)
{
    size_t spans = recur_slice_spans(pass, slice);
    if (!recur_slice_is_whole(pass, slice))
        return recur_slice_span(pass, slice, recur_slice_begin(slice, spans) + index);
    struct recur_span all = recur_slice_span(pass, slice, 0);
    size_t begin = recur_slice_begin(slice, all.rows), end = recur_slice_end(slice, all.rows);
    return (struct recur_span){all.row + begin, end - begin};
}

/* Rows of one step whose states before it lie next to each other too. */
struct recur_piece {
    size_t slot, rows;    /* batch rows */
    size_t row;           /* of z */
    size_t before, after; /* of h, c and dh */
    bool initial;         /* the states before are the initial ones */
};

/* One for each micro-batch; of different lengths, two at most: in the backward direction some
 * sequences begin at a step that others are already past. */
#define RECUR_PIECES_MAX RECUR_MICRO_BATCHES_MAX

/* The pieces of step t. */
static inline unsigned recur_slice_pieces(const struct recur_pass *pass,
                                          const struct recur_slice *slice, size_t d, size_t t,
                                          struct recur_piece piece[RECUR_PIECES_MAX])
{
    size_t rows = recur_slice_alive(pass, slice, t), going_on = 0;
    if (d == 0)
        going_on = t > 0 ? rows : 0;
    else if (t + 1 < pass->batch.steps)
        going_on = recur_slice_alive(pass, slice, t + 1);
    unsigned count = 0;
    for (unsigned initial = 0; initial < 2; initial++) {
        size_t end = slice->row + (initial ? rows : going_on);
        for (size_t slot = slice->row + (initial ? going_on : 0), beside; slot < end;
             slot += beside) {
            beside = recur_pass_beside(pass, slot, end);
            piece[count++] = (struct recur_piece){
                .slot = slot,
                .rows = beside,
                .row = recur_pass_row(pass, t, slot),
                .before = initial ? recur_pass_initial(pass, d) + slot
                                  : recur_pass_after(pass, d, d ? t + 1 : t - 1, slot),
                .after = recur_pass_after(pass, d, t, slot),
                .initial = initial,
            };
        }
    }
    return count;
}

/* Whether the states before a piece are zero, and so whatever they are multiplied with. */
static inline bool recur_piece_is_zero(const struct recur_pass *pass,
                                       const struct recur_piece *piece)
{
    return piece->initial && !pass->states.given && !pass->states.carried_steps;
}

/* An array that is multiplied: its panels lie at base + panels[], its rows begin at `row`. */
struct recur_left {
    const real *base;
    const ptrdiff_t *panels;
    size_t row, columns;
};

/* c (rows, 32), c + c_stride, ... = S + left W, as backend/cpu/kernels/kernels.h says: W is
 * `panels` panels (left->columns, 32) at w, w + w_stride, ... of which the first `columns` columns
 * count. In bf16 and int8 of the copies of both (backend/cpu/bf16.h, backend/cpu/int8.h); in int8
 * `start` is not NULL. */
void recur_pass_multiply(const struct recur_pass *pass, real *c, size_t c_stride,
                         const struct recur_left *left, const real *w, size_t w_stride,
                         size_t panels, size_t columns, size_t rows, const real *start);

/* The array has these numbers now: x (rows, 32). */
void recur_pass_changed(const struct recur_pass *pass, const real *x, size_t rows);

/* Panel `panel` of parameter number `index` has new numbers: the right operand of a forward
 * product. */
void recur_pass_pack_weight(const struct recur_pass *pass, size_t index, size_t panel);

/* Panel `panel` of parameter number `index`. */
static inline const real *recur_pass_panel(const struct recur_pass *pass, size_t index,
                                           size_t panel)
{
    return pass->parameters + recur_param_panel(recur_network_param(pass->network, index), panel);
}

/* Dropout over panel `panel` of `layer_input`, the same mask for the same place every time, and for
 * sequences that hold the same: which of them stands where is the caller's chance. */
void recur_pass_drop(const struct recur_pass *pass, size_t layer_input, size_t panel,
                     struct recur_span span, real *to, const real *from);

/* A panel of states in direction d, row 0 of h at `states`: to = or += those before each step, in
 * the rows of the steps. */
void recur_pass_gather_before(const struct recur_pass *pass, const struct recur_slice *slice,
                              size_t d, const real *states, real *to, bool adds);

/* The tile of one piece, unit panel u. It is made where it is read: to copy it in larger parts than
 * it was written would wait until every store before has reached the cache. */
static inline void recur_tile_at(const struct recur_pass *pass, const struct recur_stream *stream,
                                 const struct recur_piece *piece, size_t u, struct recur_tile *tile)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    size_t own = u * stream->h_stride, row = piece->row * RECUR_LANES;
    size_t before = own + piece->before * RECUR_LANES, after = own + piece->after * RECUR_LANES;
    tile->n = piece->rows * RECUR_LANES;
    tile->activation = pass->network->activation;
    tile->h_prev = stream->h + before;
    tile->h = stream->h + after;
    for (unsigned s = 0; s < cell->slots; s++)
        tile->slot[s] = stream->z + (u * cell->slots + s) * stream->z_stride + row;
    if (cell->has_c) {
        tile->c_prev = stream->c + before;
        tile->c = stream->c + after;
    }
    if (cell->phases > 1)
        tile->q = stream->q + u * stream->z_stride + row;
}

#endif
