#define _POSIX_C_SOURCE 200809L /* sysconf */
#include "backend/cpu/workspace.h"

#include <stdlib.h>
#include <unistd.h>

#include "backend/cpu/bf16.h"
#include "backend/cpu/int8.h"
#include "base/memory.h"

/* Buffers that layers use in turn: one of each for a direction, and two for the input of the next
 * layer, which reads one while it writes the other. */
struct shared {
    real *z[RECUR_DIRECTIONS_MAX], *c[RECUR_DIRECTIONS_MAX], *q[RECUR_DIRECTIONS_MAX];
    real *h[2][RECUR_DIRECTIONS_MAX], *copy[2];
};

/* Hands out parts of the block; where block is NULL, only adds up their sizes. */
struct layout {
    struct recur_plan plan;
    void *block;
    struct shared shared;
};

static void *take(struct layout *layout, size_t count, size_t size)
{
    size_t at = recur_plan_reserve(&layout->plan, count, size);
    if (layout->plan.bytes % 128) /* so that half the distances are aligned too
                                     (backend/cpu/bf16.h) */
        recur_plan_reserve(&layout->plan, 1, 1);
    return layout->block ? recur_plan_at(layout->block, at) : NULL;
}

static real *take_panels(struct layout *layout, size_t panels, size_t stride)
{
    return take(layout, recur_size_mul(panels, stride), sizeof(real));
}

/* The distance from panel to panel, in numbers: 17 rows past a multiple of 4096 bytes. */
static size_t panel_stride(size_t rows)
{
    if (rows >= 32)
        rows = recur_size_add(rows, (17 + 32 - rows % 32) % 32);
    return recur_size_mul(rows, RECUR_LANES);
}

static ptrdiff_t *take_offsets(struct layout *layout, size_t count, size_t stride)
{
    ptrdiff_t *offset = take(layout, count, sizeof *offset);
    for (size_t i = 0; offset && i < count; i++)
        offset[i] = (ptrdiff_t)(i * stride);
    return offset;
}

/* Takes the panels of z for gates [first, first + count), placed by `slot`, unit block by unit
 * block. */
static ptrdiff_t *take_gate_panels(struct layout *layout, const struct recur_cell_kind *cell,
                                   const unsigned *slot, size_t units, size_t stride,
                                   unsigned first, unsigned count)
{
    ptrdiff_t *offset = take(layout, units * count, sizeof *offset);
    for (size_t u = 0; offset && u < units; u++)
        for (unsigned g = 0; g < count; g++)
            offset[u * count + g] = (ptrdiff_t)((u * cell->slots + slot[first + g]) * stride);
    return offset;
}

/* What layer normalisation keeps for the way back, and what its parameters' gradients add up in. */
static void lay_out_normalisation(struct layout *layout, const struct recur_cell_kind *cell,
                                  size_t batch, size_t units, struct recur_stream *stream)
{
    size_t each = batch * RECUR_LANES;
    stream->moments =
        take(layout, stream->z_stride / RECUR_LANES, RECUR_LINES_MAX * sizeof *stream->moments);
    stream->sums =
        take(layout, recur_size_mul(batch, units), RECUR_LINES_MAX * sizeof *stream->sums);
    stream->arguments = take_panels(layout, units * cell->arguments, each);
    stream->bias_sums = take_panels(layout, units * cell->arguments, each);
    stream->gain_sums = take_panels(layout, units * recur_cell_normalised(cell), each);
}

static void lay_out_gradients(struct layout *layout, const struct recur_network *network,
                              size_t batch, const struct recur_layer *layer,
                              struct recur_stream *stream)
{
    const struct recur_cell_kind *cell = network->cell;
    size_t units = layer->units, depth = units * cell->gates;
    stream->dh = take_panels(layout, units, stream->h_stride);
    stream->ends = take_panels(layout, units, batch * RECUR_LANES);
    if (cell->has_c)
        stream->dc = take_panels(layout, units, batch * RECUR_LANES);
    if (cell->phases > 1)
        stream->dq = take_panels(layout, units, batch * RECUR_LANES);
    for (unsigned p = 0; p < cell->phases; p++) {
        unsigned gates = cell->phase[p].gates;
        stream->gate_panels[p] =
            take_gate_panels(layout, cell, cell->recurrent_slot, units, stream->z_stride,
                             cell->phase[p].first_gate, gates);
        stream->recurrent_transposed[p] =
            take_panels(layout, units, units * gates * RECUR_LANES * RECUR_LANES);
    }
    if (cell->lines)
        lay_out_normalisation(layout, cell, batch, units, stream);
    if (network->weight_drop > 0)
        stream->dropped =
            take_panels(layout, units * cell->gates, units * RECUR_LANES * RECUR_LANES);
    stream->input_panels =
        take_gate_panels(layout, cell, cell->input_slot, units, stream->z_stride, 0, cell->gates);
    if (layer->dense)
        stream->input_transposed =
            take_panels(layout, recur_network_param(network, layer->direction[0].weight_ih)->depth,
                        depth * RECUR_LANES);
}

/* Takes the buffers of one direction, for a layer of `units` panels. */
static void take_states(struct layout *layout, const struct recur_cell_kind *cell, size_t units,
                        struct recur_stream *stream)
{
    stream->z = take_panels(layout, units * cell->slots, stream->z_stride);
    stream->h = take_panels(layout, units, stream->h_stride);
    if (cell->has_c)
        stream->c = take_panels(layout, units, stream->h_stride);
    if (cell->phases > 1)
        stream->q = take_panels(layout, units, stream->z_stride);
}

static void lay_out_stream(struct layout *layout, const struct recur_workspace *work,
                           const struct recur_network *network, size_t l, size_t d,
                           struct recur_stream *stream)
{
    const struct recur_cell_kind *cell = network->cell;
    const struct recur_layer *layer = &network->layer[l];
    const struct shared *shared = &layout->shared;
    stream->z_stride = panel_stride(work->rows);
    stream->h_stride = panel_stride(recur_size_add(work->rows, work->batch));
    if (work->shares) {
        stream->z = shared->z[d];
        stream->h = shared->h[l % 2][d];
        stream->c = shared->c[d];
        stream->q = shared->q[d];
    } else {
        take_states(layout, cell, layer->units, stream);
    }
    stream->h_panels = take_offsets(layout, layer->units, stream->h_stride);
    if (cell->phases > 1)
        stream->q_panels = take_offsets(layout, layer->units, stream->z_stride);
    if (work->carries)
        stream->carried_h = take_panels(layout, layer->units, work->batch * RECUR_LANES);
    if (work->carries && cell->has_c)
        stream->carried_c = take_panels(layout, layer->units, work->batch * RECUR_LANES);
    stream->slot_bias = take_panels(layout, layer->units * cell->slots, RECUR_LANES);
    if (cell->lines) {
        stream->gain = take_panels(layout, layer->units * recur_cell_normalised(cell), RECUR_LANES);
        stream->bias = take_panels(layout, layer->units * recur_cell_normalised(cell), RECUR_LANES);
    }
    if (work->trains)
        lay_out_gradients(layout, network, work->batch, layer, stream);
}

/* The most panels that a layer's states take. */
static size_t widest(const struct recur_network *network)
{
    size_t units = 0;
    for (size_t l = 0; l < network->layers; l++)
        units = units > network->layer[l].units ? units : network->layer[l].units;
    return units;
}

/* How many states stand side by side above layer l, in what reads them. */
static size_t segments_over(const struct recur_network *network, size_t l)
{
    return recur_network_apart(network, l + 1) ? network->directions
                                               : recur_network_segments(network, l + 1);
}

/* Whether these are sums or lie in other rows than the states; dropout does not count here. */
static bool copies(const struct recur_network *network, size_t l)
{
    return segments_over(network, l) < network->directions ||
           recur_network_hands_on_before(network, l);
}

static void lay_out_shared(struct layout *layout, const struct recur_workspace *work,
                           const struct recur_network *network)
{
    struct shared *shared = &layout->shared;
    size_t units = widest(network), top = network->layers;
    struct recur_stream stream = {
        .z_stride = panel_stride(work->rows),
        .h_stride = panel_stride(recur_size_add(work->rows, work->batch)),
    };
    for (size_t d = 0; d < network->directions && top; d++) {
        take_states(layout, network->cell, units, &stream);
        shared->z[d] = stream.z;
        shared->c[d] = stream.c;
        shared->q[d] = stream.q;
        shared->h[0][d] = stream.h;
        if (top > 1)
            shared->h[1][d] = take_panels(layout, units, stream.h_stride);
    }
    for (size_t i = 0; i < 2 && i < top; i++)
        if (copies(network, top - 1 - i))
            shared->copy[(top - 1 - i) % 2] =
                take_panels(layout, segments_over(network, top - 1 - i) * units, stream.z_stride);
}

/* Takes `segments` pieces of `width` columns each; each begins in a panel of its own. */
static void take_features(struct layout *layout, struct recur_layer_input *layer_input,
                          size_t segments, size_t width)
{
    size_t each = recur_panels(width);
    layer_input->panels = segments * each;
    layer_input->columns = (layer_input->panels - each) * RECUR_LANES + width;
    layer_input->feature = take(layout, layer_input->panels, sizeof *layer_input->feature);
    for (size_t i = 0; layer_input->feature && i < layer_input->panels; i++) {
        size_t first = i % each * RECUR_LANES;
        layer_input->feature[i].width = width - first < RECUR_LANES ? width - first : RECUR_LANES;
    }
}

/* Lays out what layer 0 reads where it is dense: the embeddings of the tokens, or the caller's
 * numbers. */
static void lay_out_input(struct layout *layout, struct recur_workspace *work,
                          const struct recur_network *network)
{
    struct recur_layer_input *layer_input = &work->layer_input[0];
    size_t width = network->inputs ? network->inputs : network->embedding;
    if (!width)
        return;
    take_features(layout, layer_input, 1, width);
    size_t stride = panel_stride(work->rows);
    real *value = take_panels(layout, layer_input->panels, stride);
    real *gradient = work->trains ? take_panels(layout, layer_input->panels, stride) : NULL;
    for (size_t i = 0; layer_input->feature && i < layer_input->panels; i++) {
        layer_input->feature[i].value = value + i * stride;
        layer_input->feature[i].gradient = gradient ? gradient + i * stride : NULL;
    }
}

/* Makes panel u of the states of layer l in direction d number `which` of a feature's states. */
static void set_state(const struct recur_workspace *work, const struct recur_network *network,
                      size_t l, size_t d, size_t u, struct recur_feature *feature, size_t which)
{
    const struct recur_stream *stream = recur_workspace_stream(work, network, l, d);
    bool before = recur_network_hands_on_before(network, l);
    size_t at = u * stream->h_stride + (before ? 0 : recur_workspace_after(work, d)) * RECUR_LANES;
    feature->state[which] = stream->h + at;
    feature->state_gradient[which] = stream->dh ? stream->dh + at : NULL;
}

/* Lays out the outputs of layer l: its states; or a copy, where they are summed, go through
 * dropout, or are the states before each step, which lie in the order of the steps only with equal
 * lengths. */
static void lay_out_layer_input(struct layout *layout, struct recur_workspace *work,
                                const struct recur_network *network, size_t l)
{
    struct recur_layer_input *layer_input = &work->layer_input[l + 1];
    const struct recur_layer *layer = &network->layer[l];
    size_t segments = segments_over(network, l), stride = panel_stride(work->rows);
    bool sums = segments < network->directions, before = recur_network_hands_on_before(network, l);
    take_features(layout, layer_input, segments, layer->hidden);
    layer_input->copies = copies(network, l) || (work->trains && network->dropout > 0);
    real *copy = work->shares ? layout->shared.copy[l % 2] : NULL;
    if (layer_input->copies && !work->shares)
        copy = take_panels(layout, layer_input->panels, stride);
    real *gradient =
        before && work->trains ? take_panels(layout, layer_input->panels, stride) : NULL;
    for (size_t i = 0; layer_input->feature && i < layer_input->panels; i++) {
        struct recur_feature *feature = &layer_input->feature[i];
        size_t d = i / layer->units, u = i % layer->units;
        for (size_t which = 0; which < (sums ? 2 : 1); which++)
            set_state(work, network, l, d + which, u, feature, which);
        feature->value = layer_input->copies ? copy + i * stride : feature->state[0];
        feature->gradient = gradient ? gradient + i * stride : feature->state_gradient[0];
    }
}

static void lay_out_head(struct layout *layout, struct recur_workspace *work,
                         const struct recur_network *network)
{
    size_t columns = work->candidates ? work->candidates : network->outputs;
    size_t panels = work->headless ? 0 : recur_panels(columns);
    size_t rows = work->rows;
    const struct recur_layer_input *top = &work->layer_input[network->layers];
    work->logit_stride = panel_stride(rows);
    work->logits = take_panels(layout, panels, work->logit_stride);
    work->logit_panels = take_offsets(layout, panels, work->logit_stride);
    work->loss = take(layout, rows, sizeof *work->loss);
    if (work->trains)
        work->head_transposed =
            take_panels(layout, top->panels, panels * RECUR_LANES * RECUR_LANES);
    if (work->candidates) {
        work->head = take_panels(layout, panels, top->panels * RECUR_LANES * RECUR_LANES);
        work->head_bias = take_panels(layout, panels, RECUR_LANES);
    }
}

static void lay_out(struct layout *layout, struct recur_workspace *work,
                    const struct recur_network *network)
{
    work->base = layout->block;
    lay_out_input(layout, work, network);
    if (work->shares)
        lay_out_shared(layout, work, network);
    for (size_t l = 0; l < network->layers; l++) {
        for (size_t d = 0; d < network->directions; d++)
            lay_out_stream(layout, work, network, l, d,
                           recur_workspace_stream(work, network, l, d));
        lay_out_layer_input(layout, work, network, l);
    }
    lay_out_head(layout, work, network);
    for (size_t l = 0; l <= network->layers; l++) {
        struct recur_layer_input *layer_input = &work->layer_input[l];
        layer_input->value_panels =
            take(layout, layer_input->panels, sizeof *layer_input->value_panels);
        for (size_t i = 0; layer_input->value_panels && i < layer_input->panels; i++)
            layer_input->value_panels[i] = layer_input->feature[i].value - work->base;
    }
}

/* The unit panels of a layer that the busiest thread walks. */
static size_t partition_units(const struct recur_layer *layer, const struct recur_grid *grid)
{
    return (layer->units + grid->unit_partitions - 1) / grid->unit_partitions;
}

/* How many rows of panels of a layer's recurrent weights the busiest thread reads at each step. */
static size_t weight_rows(const struct recur_network *network, const struct recur_layer *layer,
                          const struct recur_grid *grid)
{
    return partition_units(layer, grid) * network->cell->gates * layer->hidden;
}

/* The bytes of the largest layer's. */
static size_t step_bytes(const struct recur_network *network, const struct recur_grid *grid,
                         size_t number_bytes)
{
    size_t most = 0;
    for (size_t l = 0; l < network->layers; l++) {
        size_t rows = weight_rows(network, &network->layer[l], grid);
        most = rows > most ? rows : most;
    }
    return most * RECUR_LANES * number_bytes;
}

/* What the C library knows of the cache's size, else a megabyte. */
static size_t l2_bytes(void)
{
#ifdef _SC_LEVEL2_CACHE_SIZE
    long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
    if (bytes > 0)
        return (size_t)bytes;
#endif
    return (size_t)1 << 20;
}

/* The cycles that so many rows of a panel take for each k. A tile of r rows of floats takes 2 r,
 * but no less than loading the weights takes. A tile of AMX, `tile_rows` high, takes 2.5; the lower
 * half of it takes 1.4; reading its weights takes 1.2, and 6 where the L2 cache does not hold them.
 */
static double panel_cost(size_t rows, size_t tile_rows, bool far)
{
    if (!tile_rows) {
        double tiles = (double)(rows + 13) / 14;
        return 2 * (double)rows > 6 * tiles ? 2 * (double)rows : 6 * tiles;
    }
    double multiplying = 2.5 * (double)(rows / tile_rows), reading = far ? 6 : 1.2;
    if (rows % tile_rows)
        multiplying += rows % tile_rows > tile_rows / 2 ? 2.5 : 1.4;
    return multiplying > reading ? multiplying : reading;
}

/* A step's cost for the busiest thread, in cycles; threads wait for each other for about 1500.
 * `l2`: bytes of the cache, a quarter of which other operands take. */
static double step_cost(const struct recur_network *network, const struct recur_work_plan *plan,
                        size_t l2, const struct recur_grid *grid)
{
    double cost = 0, walks = (double)(network->directions / grid->directions);
    size_t rows = (plan->batch + grid->batch_partitions - 1) / grid->batch_partitions;
    for (size_t l = 0; l < network->layers; l++) {
        size_t depth = weight_rows(network, &network->layer[l], grid);
        bool far = depth * RECUR_LANES * sizeof(uint16_t) > l2 / 4 * 3;
        cost += walks * panel_cost(rows, plan->tile_rows, far) * (double)depth;
        if (grid->unit_partitions > 1)
            cost += walks * 1500 * (double)recur_cell_meetings(network->cell);
    }
    return cost;
}

enum recur_status recur_grid_set(struct recur_grid *grid, size_t batch_partitions,
                                 size_t directions, size_t unit_partitions, recur_error *error)
{
    size_t inner = batch_partitions * directions, group = directions * unit_partitions;
    struct recur_plan plan = {0};
    recur_grid_free(grid);
    *grid = (struct recur_grid){batch_partitions, directions, unit_partitions, NULL, NULL};
    recur_plan_reserve(&plan, batch_partitions + inner, sizeof *grid->barrier);
    size_t at =
        recur_plan_reserve(&plan, 2 * batch_partitions * group, sizeof(struct recur_arrivals));
    RECUR_TRY(recur_block_alloc(plan.bytes, "the thread grid", &grid->barrier, error));
    struct recur_arrivals *arrivals = recur_plan_at(grid->barrier, at);
    grid->inner = grid->barrier + batch_partitions;
    for (size_t i = 0; i < batch_partitions; i++, arrivals += group)
        recur_barrier_init(&grid->barrier[i], group, arrivals);
    for (size_t i = 0; i < inner; i++, arrivals += unit_partitions)
        recur_barrier_init(&grid->inner[i], unit_partitions, arrivals);
    return RECUR_OK;
}

void recur_grid_free(struct recur_grid *grid)
{
    recur_block_free(grid->barrier);
    grid->barrier = NULL;
}

/* Chooses the cheapest grid; of grids that cost the same, the one with fewer partitions of the
 * batch, because directions at once walk half the weights each, and share the work evenly for any
 * lengths of the sequences. */
static enum recur_status choose_grid(struct recur_grid *grid, const struct recur_network *network,
                                     const struct recur_work_plan *plan, size_t l2,
                                     recur_error *error)
{
    const size_t threads = plan->threads, batch = plan->batch;
    double best = 0;
    struct recur_grid tried = {0}, chosen = {0};
    size_t most = network->layers ? network->layer[0].units : 1;
    for (size_t l = 1; l < network->layers; l++)
        most = most < network->layer[l].units ? most : network->layer[l].units;
    for (tried.batch_partitions = 1;
         tried.batch_partitions <= threads && tried.batch_partitions <= batch;
         tried.batch_partitions++)
        for (tried.directions = 1; tried.directions <= network->directions; tried.directions++) {
            size_t units = threads / (tried.batch_partitions * tried.directions);
            units = units < most ? units : most;
            for (tried.unit_partitions = 1; tried.unit_partitions <= units;
                 tried.unit_partitions++) {
                double cost = step_cost(network, plan, l2, &tried);
                if (best > 0 && cost >= best)
                    continue;
                best = cost;
                chosen = tried;
            }
        }
    return recur_grid_set(grid, chosen.batch_partitions, chosen.directions, chosen.unit_partitions,
                          error);
}

/* A micro-batch is as high as a tile where reading a layer's weights takes longer than multiplying
 * half a tile by them: where they are more than a megabyte. */
static size_t micro_rows(const struct recur_network *network, size_t tile_rows)
{
    const struct recur_grid one = {1, 1, 1, NULL, NULL};
    bool high = step_bytes(network, &one, sizeof(uint16_t)) > (size_t)1 << 20;
    return tile_rows && high ? tile_rows : RECUR_MICRO_ROWS;
}

enum recur_status recur_workspace_init(struct recur_workspace *work,
                                       const struct recur_network *network, size_t batch,
                                       size_t steps, bool trains, size_t threads,
                                       recur_error *error)
{
    const struct recur_work_plan plan = {
        .batch = batch, .steps = steps, .threads = threads, .trains = trains};
    return recur_workspace_plan(work, network, &plan, error);
}

enum recur_status recur_workspace_plan(struct recur_workspace *work,
                                       const struct recur_network *network,
                                       const struct recur_work_plan *plan, recur_error *error)
{
    *work = (struct recur_workspace){
        .batch = plan->batch,
        .steps = plan->steps,
        .rows = plan->rows ? plan->rows : recur_size_mul(plan->batch, plan->steps),
        .trains = plan->trains,
        .shares = plan->shares,
        .carries = plan->carries,
        .headless = plan->headless,
        .candidates = plan->candidates,
        .micro_rows = micro_rows(network, plan->tile_rows),
    };
    const size_t l2 = l2_bytes();
    RECUR_TRY(choose_grid(&work->grid, network, plan, l2, error));
    work->far = step_bytes(network, &work->grid, sizeof(real)) > l2;
    RECUR_TRY(recur_alloc(network->layers, network->directions * sizeof *work->stream,
                          "the streams", &work->stream, error));
    RECUR_TRY(recur_alloc(network->layers + 1, sizeof *work->layer_input, "the layers' inputs",
                          &work->layer_input, error));
    struct layout layout = {0};
    lay_out(&layout, work, network);
    work->block_bytes = layout.plan.bytes;
    RECUR_TRY(recur_block_alloc(work->block_bytes, "activations", &work->block, error));
    layout = (struct layout){.block = work->block};
    lay_out(&layout, work, network);
    return RECUR_OK;
}

size_t recur_workspace_row_bytes(const struct recur_network *network)
{
    const struct recur_cell_kind *cell = network->cell;
    size_t units = widest(network), top = network->layers;
    size_t each = cell->slots + 2 + cell->has_c + (cell->phases > 1);
    size_t panels = network->directions * units * each;
    panels += recur_panels(network->inputs ? network->inputs : network->embedding);
    for (size_t i = 0; i < 2 && i < top; i++)
        panels += copies(network, top - 1 - i) ? segments_over(network, top - 1 - i) * units : 0;
    return recur_size_mul(panels, RECUR_LANES * sizeof(real)) + sizeof(real);
}

void recur_workspace_free(struct recur_workspace *work)
{
    recur_bf16_free(work->bf16);
    recur_int8_free(work->int8);
    recur_block_free(work->block);
    recur_grid_free(&work->grid);
    free(work->stream);
    free(work->layer_input);
    *work = (struct recur_workspace){0};
}
