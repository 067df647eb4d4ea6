/* A thread's share of a pass: some sequences of the batch and some panels of hidden units; and the
 * walks over rows, layers and panels that forward.c, backward.c and gradients.c share. */
#ifndef RECUR_BACKEND_CPU_PARTITION_H
#define RECUR_BACKEND_CPU_PARTITION_H

#include "backend/cpu/pass.h"

struct recur_partition {
    size_t first, sequences;       /* of the batch: [first, first + sequences) */
    size_t steps;                  /* steps at which any of them still runs */
    size_t part, parts;            /* of the units, and of all else that the group shares */
    size_t thread;                 /* of the team */
    struct recur_barrier *barrier; /* the group's */
};

/* The first sequence of partition `index` of the grid. */
static inline size_t recur_partition_cut(const struct recur_pass *pass, size_t index)
{
    size_t partitions = pass->work->grid.batch_partitions;
    return pass->batch.lengths ? recur_lengths_cut(pass->batch.lengths, index, partitions)
                               : recur_pass_batch(pass) * index / partitions;
}

/* A thread's share in the work that all directions share. False where there is no work for the
 * thread, and then for none of its group. */
static inline bool recur_partition_of(const struct recur_pass *pass, size_t thread,
                                      struct recur_partition *partition)
{
    const struct recur_grid *grid = &pass->work->grid;
    size_t group = grid->directions * grid->unit_partitions, index = thread / group;
    if (index >= grid->batch_partitions)
        return false;
    partition->first = recur_partition_cut(pass, index);
    partition->sequences = recur_partition_cut(pass, index + 1) - partition->first;
    partition->steps = pass->batch.steps;
    if (pass->batch.lengths)
        partition->steps = partition->sequences ? pass->batch.lengths->length[partition->first] : 0;
    partition->part = thread % group;
    partition->parts = group;
    partition->thread = thread;
    partition->barrier = &grid->barrier[index];
    return partition->sequences > 0;
}

/* A thread's share in the walks of direction d; false where other threads do them. */
static inline bool recur_partition_walks(const struct recur_pass *pass,
                                         const struct recur_partition *partition, size_t d,
                                         struct recur_partition *own)
{
    const struct recur_grid *grid = &pass->work->grid;
    *own = *partition;
    if (grid->directions == 1)
        return true;
    own->part = partition->part % grid->unit_partitions;
    own->parts = grid->unit_partitions;
    own->barrier =
        &grid->inner[(size_t)(partition->barrier - grid->barrier) * grid->directions + d];
    return partition->part / grid->unit_partitions == d;
}

/* Meets the other threads of the group. */
static inline void recur_partition_wait(const struct recur_partition *partition)
{
    recur_barrier_wait(partition->barrier, partition->part);
}

/* The part of `count` things that this thread has within its group. The first threads have no fewer
 * than the others: a single panel of logits is thread 0's, which hands the logits out. */
static inline size_t recur_partition_begin(const struct recur_partition *partition, size_t count)
{
    return (count * partition->part + partition->parts - 1) / partition->parts;
}

static inline size_t recur_partition_end(const struct recur_partition *partition, size_t count)
{
    return (count * (partition->part + 1) + partition->parts - 1) / partition->parts;
}

/* How many of the partition's sequences still run at step t, and their first row. */
static inline size_t recur_partition_alive(const struct recur_pass *pass,
                                           const struct recur_partition *partition, size_t t)
{
    size_t alive = recur_pass_alive(pass, t);
    if (alive <= partition->first)
        return 0;
    return alive - partition->first < partition->sequences ? alive - partition->first
                                                           : partition->sequences;
}

/* A run of contiguous rows: all rows where the partition is whole micro-batches, else those of one
 * time step and micro-batch. */
struct recur_range {
    size_t row, rows;
};

static inline bool recur_partition_is_whole(const struct recur_pass *pass,
                                            const struct recur_partition *partition)
{
    size_t each = recur_pass_micro_batch(pass);
    return partition->first % each == 0 && partition->sequences % each == 0;
}

/* How many micro-batches the partition has a part of. */
static inline size_t recur_partition_micro_batches(const struct recur_pass *pass,
                                                   const struct recur_partition *partition)
{
    size_t each = recur_pass_micro_batch(pass);
    return (partition->first + partition->sequences - 1) / each - partition->first / each + 1;
}

static inline size_t recur_partition_ranges(const struct recur_pass *pass,
                                            const struct recur_partition *partition)
{
    return recur_partition_is_whole(pass, partition)
               ? 1
               : partition->steps * recur_partition_micro_batches(pass, partition);
}

static inline struct recur_range recur_partition_range(const struct recur_pass *pass,
                                                       const struct recur_partition *partition,
                                                       size_t index)
{
    if (recur_partition_is_whole(pass, partition))
        return (struct recur_range){recur_pass_row(pass, 0, partition->first),
                                    pass->batch.lengths ? pass->batch.lengths->rows
                                                        : partition->sequences * partition->steps};
    size_t count = recur_partition_micro_batches(pass, partition), t = index / count;
    size_t row = partition->first, end = row + recur_partition_alive(pass, partition, t);
    for (size_t i = 0; i < index % count; i++)
        row += recur_pass_beside(pass, row, end);
    return (struct recur_range){recur_pass_row(pass, t, row), recur_pass_beside(pass, row, end)};
}

/* The same for the rows that this thread has within its group. */
static inline size_t recur_partition_own_ranges(const struct recur_pass *pass,
                                                const struct recur_partition *partition)
{
    size_t ranges = recur_partition_ranges(pass, partition);
    return recur_partition_is_whole(pass, partition)
               ? 1
               : recur_partition_end(partition, ranges) - recur_partition_begin(partition, ranges);
}

static inline struct recur_range recur_partition_own_range(const struct recur_pass *pass,
                                                           const struct recur_partition *partition,
                                                           size_t index)
{
    size_t ranges = recur_partition_ranges(pass, partition);
    if (!recur_partition_is_whole(pass, partition))
        return recur_partition_range(pass, partition,
                                     recur_partition_begin(partition, ranges) + index);
    struct recur_range all = recur_partition_range(pass, partition, 0);
    size_t begin = recur_partition_begin(partition, all.rows),
           end = recur_partition_end(partition, all.rows);
    return (struct recur_range){all.row + begin, end - begin};
}

/* Rows of one step whose states before it are contiguous too. */
struct recur_step_range {
    size_t slot, rows;    /* batch rows */
    size_t row;           /* of z */
    size_t before, after; /* of h, c and dh */
    bool initial;         /* the states before are the initial ones */
};

/* There is one for each micro-batch. With different lengths there are two at most: in the backward
 * direction some sequences begin at a step that others have already passed. */
#define RECUR_STEP_RANGES_MAX RECUR_MICRO_BATCHES_MAX

/* The ranges of step t. */
static inline unsigned
recur_partition_step_ranges(const struct recur_pass *pass, const struct recur_partition *partition,
                            size_t d, size_t t,
                            struct recur_step_range range[RECUR_STEP_RANGES_MAX])
{
    size_t rows = recur_partition_alive(pass, partition, t), going_on = 0;
    if (d == 0)
        going_on = t > 0 ? rows : 0;
    else if (t + 1 < pass->batch.steps)
        going_on = recur_partition_alive(pass, partition, t + 1);
    unsigned count = 0;
    for (unsigned initial = 0; initial < 2; initial++) {
        size_t end = partition->first + (initial ? rows : going_on);
        for (size_t slot = partition->first + (initial ? going_on : 0), beside; slot < end;
             slot += beside) {
            beside = recur_pass_beside(pass, slot, end);
            range[count++] = (struct recur_step_range){
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

/* The place of number i of `count` groups of panels that step t walks. In bf16 the way leads back
 * at every other step: what the step before read last is then still in the L2 cache, which weights
 * that are larger would otherwise pass through in vain. */
static inline size_t recur_to_and_fro(const struct recur_pass *pass, size_t t, size_t i,
                                      size_t count)
{
    return pass->work->bf16 && t % 2 ? count - 1 - i : i;
}

/* Whether the states before a range are zero, so that their products are zero too. */
static inline bool recur_step_range_is_zero(const struct recur_pass *pass,
                                            const struct recur_step_range *range)
{
    return range->initial && !pass->states.given && !pass->states.carried_steps;
}

/* The left operand of a product: its panels lie at base + panels[], its rows begin at `row`. */
struct recur_left {
    const real *base;
    const ptrdiff_t *panels;
    size_t row, columns;
};

/* c (rows, 32), c + c_stride, ... = S + left W, as backend/cpu/kernels/kernels.h says: W is
 * `panels` panels (left->columns, 32) at w, w + w_stride, ... of which the first `columns` columns
 * count. In bf16 and int8 it multiplies the copies of both operands (backend/cpu/bf16.h,
 * backend/cpu/int8.h); in int8 `start` is not NULL. */
void recur_pass_multiply(const struct recur_pass *pass, real *c, size_t c_stride,
                         const struct recur_left *left, const real *w, size_t w_stride,
                         size_t panels, size_t columns, size_t rows, const real *start);

/* The thread has multiplied all that it had to for now. */
static inline void recur_pass_rest(const struct recur_pass *pass)
{
    if ((pass->work->bf16 || pass->work->int8) && pass->kernels->rest)
        pass->kernels->rest();
}

/* Between two pieces of a thread's work: thread 0 moves what travels to other ranks. */
static inline void recur_pass_move(const struct recur_pass *pass, size_t thread)
{
    if (pass->parcels && thread == 0)
        recur_parcels_move(pass->parcels, false);
}

/* The numbers x (rows, 32) of an operand have changed. */
void recur_pass_changed(const struct recur_pass *pass, const real *x, size_t rows);

/* Panel `panel` of parameter number `index` has changed: packs it as the right operand of forward
 * products. */
void recur_pass_pack_weight(const struct recur_pass *pass, size_t index, size_t panel);

/* Panel `panel` of parameter number `index`. */
static inline const real *recur_pass_panel(const struct recur_pass *pass, size_t index,
                                           size_t panel)
{
    return pass->parameters + recur_param_panel(recur_network_param(pass->network, index), panel);
}

/* Panel `panel` of the head's weight and bias, as this pass multiplies with them. */
static inline const real *recur_pass_head(const struct recur_pass *pass, size_t panel)
{
    const struct recur_param *weight =
        recur_network_param(pass->network, pass->network->head_weight);
    return pass->candidates ? pass->work->head + panel * weight->depth * RECUR_LANES
                            : recur_pass_panel(pass, pass->network->head_weight, panel);
}

static inline const real *recur_pass_head_bias(const struct recur_pass *pass, size_t panel)
{
    return pass->candidates ? pass->work->head_bias + panel * RECUR_LANES
                            : recur_pass_panel(pass, pass->network->head_bias, panel);
}

/* Panel `panel` of weight_hh of layer l in direction d, as this pass multiplies with it. */
static inline const real *recur_pass_recurrent(const struct recur_pass *pass, size_t l, size_t d,
                                               size_t panel)
{
    const struct recur_layer *layer = &pass->network->layer[l];
    return pass->dropout.weights
               ? recur_workspace_stream(pass->work, pass->network, l, d)->dropped +
                     panel * layer->units * RECUR_LANES * RECUR_LANES
               : recur_pass_panel(pass, layer->direction[d].weight_hh, panel);
}

/* to = the panel from +0 or scaled, as weight drop has it; of weights, or of their gradients. */
void recur_pass_drop_weights(const struct recur_pass *pass, size_t l, size_t d, size_t panel,
                             real *to, const real *from);

/* Dropout over panel `panel` of `layer_input`. The mask is the same for the same place every time,
 * and for sequences that hold the same, because only chance decides which of them the caller lists
 * first. */
void recur_pass_drop(const struct recur_pass *pass, size_t layer_input, size_t panel,
                     struct recur_range range, real *to, const real *from);

/* x W_ih^T + b of a range of rows where layer l looks tokens up: into the slots of unit panel u,
 * which lie at z, `stride` apart; only b where a slot gets nothing from the input. */
void recur_pass_look_up(const struct recur_pass *pass, size_t l, size_t d, size_t u,
                        struct recur_range range, real *z, size_t stride);

/* to = or += the states before each step, one panel in direction d, in the rows of the steps; row 0
 * of h is at `states`. */
void recur_pass_gather_before(const struct recur_pass *pass,
                              const struct recur_partition *partition, size_t d, const real *states,
                              real *to, bool adds);

/* The tile of one range, unit panel u. The tile is made where it is read: a copy in larger parts
 * than it was written in would wait until every earlier store has reached the cache. */
static inline void recur_tile_at(const struct recur_pass *pass, const struct recur_stream *stream,
                                 const struct recur_step_range *range, size_t u,
                                 struct recur_tile *tile)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    size_t own = u * stream->h_stride, row = range->row * RECUR_LANES;
    size_t before = own + range->before * RECUR_LANES, after = own + range->after * RECUR_LANES;
    tile->n = range->rows * RECUR_LANES;
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

/* The same for backward: q is the gradient of q. */
static inline void recur_gradient_tile_at(const struct recur_pass *pass,
                                          const struct recur_stream *stream,
                                          const struct recur_step_range *range, size_t u,
                                          struct recur_tile *tile)
{
    recur_tile_at(pass, stream, range, u, tile);
    size_t carried = (u * pass->work->batch + range->slot) * RECUR_LANES;
    tile->dh = stream->dh + (tile->h - stream->h);
    tile->dh_prev = stream->dh + (tile->h_prev - stream->h);
    tile->dc = stream->dc ? stream->dc + carried : NULL;
    tile->q = stream->dq ? stream->dq + carried : NULL;
}

#endif
