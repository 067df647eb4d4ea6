#include "backend/cpu/beside.h"

#include "backend/cpu/bf16.h"

/* Rows of a left operand times panels of w, and meanwhile what is beside it. */
static void multiply(const struct recur_pass *pass, real *c, size_t c_stride,
                     const struct recur_left *left, const real *w, size_t panels, size_t columns,
                     size_t rows, const real *start, size_t start_stride,
                     struct recur_beside beside)
{
    const real *first = left->base + left->row * RECUR_LANES;
    size_t stride = recur_panels(left->columns) * RECUR_LANES * RECUR_LANES / 2;
    pass->kernels->bf16_product_beside(
        c, c_stride, (struct recur_word_rows){recur_bf16_of(pass, first), left->panels},
        recur_bf16_depth(pass, left->columns), recur_bf16_of(pass, w), stride, panels, columns,
        rows, start, start_stride, beside);
}

/* What is left beside no product. */
static void finish(const struct recur_pass *pass, struct recur_beside beside)
{
    pass->kernels->bf16_product_beside(NULL, 0, (struct recur_word_rows){NULL, NULL}, 0, NULL, 0, 0,
                                       0, 0, NULL, 0, beside);
}

static recur_point *point_of(const struct recur_pass *pass, bool backward)
{
    const struct recur_cell_kernels *cell = &pass->kernels->cell[pass->network->cell->cell];
    return backward ? cell->backward_point : cell->forward_point;
}

/* The tile with the places of its copies. */
static void tile_at(const struct recur_pass *pass, const struct recur_stream *stream,
                    const struct recur_step_range *range, size_t u, bool backward,
                    struct recur_tile *tile)
{
    if (backward)
        recur_gradient_tile_at(pass, stream, range, u, tile);
    else
        recur_tile_at(pass, stream, range, u, tile);
    tile->h_copy = (uint16_t *)recur_bf16_of(pass, tile->h);
    for (unsigned s = 0; s < pass->network->cell->slots; s++)
        tile->slot_copy[s] =
            pass->work->trains ? (uint16_t *)recur_bf16_of(pass, tile->slot[s]) : NULL;
}

void recur_beside_alone(const struct recur_pass *pass, const struct recur_stream *stream,
                        const struct recur_step_range *range, size_t u, bool backward)
{
    struct recur_tile tile;
    tile_at(pass, stream, range, u, backward, &tile);
    finish(pass, (struct recur_beside){&tile, point_of(pass, backward)});
}

/* The gates of unit panel u, but for their functions, into the tile, whose slots lie at z. */
static void forward_gates(const struct recur_pass *pass, const struct recur_step_range *range,
                          size_t l, size_t d, size_t u, real *z, struct recur_tile *tile,
                          struct recur_beside beside)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_cell_phase *phase = &cell->phase[0];
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    const struct recur_left state = {stream->h, stream->h_panels, range->before, layer->hidden};
    const unsigned first = cell->recurrent_slot[phase->first_gate];
    tile_at(pass, stream, range, u, false, tile);
    const real *start = layer->dense ? tile->slot[first] : z + first * tile->n;
    for (unsigned s = layer->dense ? first : 0; s < cell->slots; s++)
        tile->slot[s] = z + s * tile->n;
    if (!layer->dense)
        recur_pass_look_up(pass, l, d, u, (struct recur_range){range->row, range->rows}, z,
                           tile->n);
    multiply(pass, tile->slot[first], tile->n, &state,
             recur_pass_recurrent(pass, l, d, u * cell->gates + phase->first_gate), phase->gates,
             recur_panel_width(layer->hidden, u), range->rows, start,
             layer->dense ? stream->z_stride : tile->n, beside);
}

void recur_beside_forward(const struct recur_pass *pass, const struct recur_partition *partition,
                          const struct recur_step_range *range, size_t l, size_t d, size_t t)
{
    size_t units = pass->network->layer[l].units;
    size_t begin = recur_partition_begin(partition, units);
    size_t count = recur_partition_end(partition, units) - begin;
    size_t each = pass->network->cell->slots * range->rows * RECUR_LANES;
    real *z = pass->work->bf16->tiles[partition->thread];
    struct recur_tile tile[2];
    struct recur_beside beside = recur_nothing;
    for (size_t i = 0; i < count; i++) {
        size_t u = begin + recur_to_and_fro(pass, t, i, count);
        forward_gates(pass, range, l, d, u, z + i % 2 * each, &tile[i % 2], beside);
        beside = (struct recur_beside){&tile[i % 2], point_of(pass, false)};
    }
    finish(pass, beside);
}

void recur_beside_backward(const struct recur_pass *pass, const struct recur_partition *partition,
                           const struct recur_step_range *range,
                           const struct recur_step_range *later, size_t l, size_t d, size_t t)
{
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    size_t depth = layer->units * pass->network->cell->phase[0].gates * RECUR_LANES;
    size_t begin = recur_partition_begin(partition, layer->units);
    size_t count = recur_partition_end(partition, layer->units) - begin;
    const struct recur_left gates = {stream->z, stream->gate_panels[0], later->row, depth};
    struct recur_tile tile;
    struct recur_beside beside = recur_nothing;
    for (size_t i = 0; i < count; i++) {
        size_t u = begin + recur_to_and_fro(pass, t, i, count);
        real *dh = stream->dh + u * stream->h_stride + later->before * RECUR_LANES;
        multiply(pass, dh, 0, &gates, stream->recurrent_transposed[0] + u * depth * RECUR_LANES, 1,
                 recur_panel_width(layer->hidden, u), later->rows, dh, 0, beside);
        tile_at(pass, stream, range, u, true, &tile);
        beside = (struct recur_beside){&tile, point_of(pass, true)};
    }
    finish(pass, beside);
}
