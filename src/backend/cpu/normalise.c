#include "backend/cpu/normalise.h"

#include <string.h>

/* So many rows are worked on at a time: their means lie on the stack. */
enum { ROWS = RECUR_LINE_ROWS };

/* One step of a direction, by one thread. */
struct step {
    const struct recur_pass *pass;
    const struct recur_cell_kind *cell;
    const struct recur_layer *layer;
    const struct recur_stream *stream;
    size_t begin, end; /* the thread's panels of units */
    bool first;        /* of the threads that share the units: it keeps the means */
};

/* Rows of a step with what is known of them. */
struct rows {
    struct recur_step_range range;
    struct recur_moments moments[ROWS][RECUR_LINES_MAX], back[ROWS][RECUR_LINES_MAX];
};

static struct step step_of(const struct recur_pass *pass, const struct recur_partition *partition,
                           size_t l, size_t d)
{
    const struct recur_layer *layer = &pass->network->layer[l];
    return (struct step){pass,
                         pass->network->cell,
                         layer,
                         recur_workspace_stream(pass->work, pass->network, l, d),
                         recur_partition_begin(partition, layer->units),
                         recur_partition_end(partition, layer->units),
                         partition->part == 0};
}

/* The panels of unit panel u that are one row for each sequence, `each` of them, from sequence
 * `slot` on. */
static real *panel_of(const struct step *step, real *panels, size_t u, size_t each, size_t number,
                      size_t slot)
{
    return panels ? panels + ((u * each + number) * step->pass->work->batch + slot) * RECUR_LANES
                  : NULL;
}

static struct recur_line line_of(const struct step *step, const struct recur_step_range *range,
                                 unsigned number)
{
    const struct recur_cell_kind *cell = step->cell;
    const struct recur_stream *stream = step->stream;
    const struct recur_cell_line *kind = &cell->line[number];
    bool c = kind->first == cell->slots;
    size_t slots = recur_cell_normalised(cell), batch = step->pass->work->batch;
    struct recur_line line = {
        .hidden = step->layer->hidden,
        .rows = range->rows,
        .slots = kind->slots,
        .x = c ? stream->c + range->after * RECUR_LANES
               : stream->z + kind->first * stream->z_stride + range->row * RECUR_LANES,
        .unit = c ? stream->h_stride : cell->slots * stream->z_stride,
        .slot = stream->z_stride,
        .gain = stream->gain + kind->first * RECUR_LANES,
        .gain_unit = slots * RECUR_LANES,
        .gradient_unit = cell->arguments * batch * RECUR_LANES,
    };
    for (unsigned s = 0; s < kind->slots; s++)
        line.gradient[s] = panel_of(step, stream->arguments, 0, cell->arguments,
                                    cell->argument[kind->first + s], range->slot);
    return line;
}

/* The lines that are complete before a round of the arithmetic: those of products, then c. */
static unsigned first_line(const struct recur_cell_kind *cell, unsigned round)
{
    return round ? cell->lines - 1 : 0;
}

static unsigned end_line(const struct recur_cell_kind *cell, unsigned round)
{
    return round ? cell->lines : cell->lines - cell->has_c;
}

static void tile_of(const struct step *step, const struct rows *rows, size_t u,
                    struct recur_normalised *normalised, struct recur_tile *tile)
{
    const struct recur_cell_kind *cell = step->cell;
    const struct recur_stream *stream = step->stream;
    const struct recur_step_range *range = &rows->range;
    size_t slots = recur_cell_normalised(cell);
    *normalised = (struct recur_normalised){
        .width = recur_panel_width(step->layer->hidden, u),
        .moments = rows->moments[0],
        .back = rows->back[0],
        .gain = stream->gain + u * slots * RECUR_LANES,
        .bias = stream->bias + u * slots * RECUR_LANES,
    };
    for (unsigned a = 0; a < cell->arguments; a++) {
        normalised->argument[a] =
            panel_of(step, stream->arguments, u, cell->arguments, a, range->slot);
        normalised->bias_sum[a] =
            panel_of(step, stream->bias_sums, u, cell->arguments, a, range->slot);
    }
    for (unsigned s = 0; s < slots; s++)
        normalised->gain_sum[s] = panel_of(step, stream->gain_sums, u, slots, s, range->slot);
    if (stream->dh)
        recur_gradient_tile_at(step->pass, stream, range, u, tile);
    else
        recur_tile_at(step->pass, stream, range, u, tile);
    tile->normalised = normalised;
}

/* `count` of a range's rows, from number `first` on. */
static struct recur_step_range part_of(const struct recur_step_range *range, size_t first,
                                       size_t count)
{
    return (struct recur_step_range){.slot = range->slot + first,
                                     .rows = count,
                                     .row = range->row + first,
                                     .before = range->before + first,
                                     .after = range->after + first,
                                     .initial = range->initial};
}

/* What is done with some rows in a round of the arithmetic. */
typedef void rows_fn(const struct step *step, struct rows *rows, unsigned round);

static void each_rows(const struct step *step, const struct recur_partition *partition, size_t d,
                      size_t t, rows_fn *function, unsigned round)
{
    struct recur_step_range range[RECUR_STEP_RANGES_MAX];
    unsigned ranges = recur_partition_step_ranges(step->pass, partition, d, t, range);
    struct rows rows;
    for (unsigned i = 0; i < ranges; i++)
        for (size_t first = 0, count; first < range[i].rows; first += count) {
            count = range[i].rows - first < ROWS ? range[i].rows - first : ROWS;
            rows.range = part_of(&range[i], first, count);
            function(step, &rows, round);
        }
}

static void forward_rows(const struct step *step, struct rows *rows, unsigned round)
{
    const struct recur_kernels *kernels = step->pass->kernels;
    const struct recur_cell_kind *cell = step->cell;
    for (unsigned k = first_line(cell, round); k < end_line(cell, round); k++) {
        const struct recur_line line = line_of(step, &rows->range, k);
        kernels->moments(&line, &rows->moments[0][k]);
        for (size_t r = 0; r < line.rows && step->first && step->stream->moments; r++)
            step->stream->moments[(rows->range.row + r) * RECUR_LINES_MAX + k] =
                rows->moments[r][k];
    }
    for (size_t u = step->begin; u < step->end; u++) {
        struct recur_normalised normalised;
        struct recur_tile tile;
        tile_of(step, rows, u, &normalised, &tile);
        kernels->cell[cell->cell].forward[round](&tile);
        if (round + 1 == recur_cell_rounds(cell))
            recur_pass_changed(step->pass, tile.h, rows->range.rows);
    }
}

void recur_pass_normalise_forward(const struct recur_pass *pass,
                                  const struct recur_partition *partition, size_t l, size_t d,
                                  size_t t)
{
    const struct step step = step_of(pass, partition, l, d);
    for (unsigned round = 0; round < recur_cell_rounds(step.cell); round++) {
        each_rows(&step, partition, d, t, forward_rows, round);
        recur_partition_wait(partition);
    }
}

void recur_pass_normalise_begin(const struct recur_pass *pass,
                                const struct recur_partition *partition, size_t l, size_t d,
                                size_t u)
{
    const struct step step = step_of(pass, partition, l, d);
    const struct recur_stream *stream = step.stream;
    size_t bytes = partition->sequences * RECUR_LANES * sizeof(real);
    unsigned arguments = step.cell->arguments, slots = recur_cell_normalised(step.cell);
    for (unsigned a = 0; a < arguments; a++)
        memset(panel_of(&step, stream->bias_sums, u, arguments, a, partition->first), 0, bytes);
    for (unsigned s = 0; s < slots; s++)
        memset(panel_of(&step, stream->gain_sums, u, slots, s, partition->first), 0, bytes);
}

/* Unit panel u's part of the sums over a line of row `r` of the rows. */
static struct recur_moments *sums_of(const struct step *step, const struct rows *rows, size_t u,
                                     size_t r)
{
    return step->stream->sums + ((rows->range.slot + r) * step->layer->units + u) * RECUR_LINES_MAX;
}

/* Takes the means that forward kept. */
static void recall(const struct step *step, struct rows *rows)
{
    memcpy(rows->moments, step->stream->moments + rows->range.row * RECUR_LINES_MAX,
           rows->range.rows * sizeof rows->moments[0]);
}

/* The means of what comes back through the lines of a round, from the sums of all panels. */
static void average(const struct step *step, struct rows *rows, unsigned round)
{
    const struct recur_cell_kind *cell = step->cell;
    for (unsigned k = first_line(cell, round); k < end_line(cell, round); k++)
        for (size_t r = 0; r < rows->range.rows; r++) {
            struct recur_moments sum = {0, 0};
            const real share = 1 / (real)(step->layer->hidden * cell->line[k].slots);
            for (size_t u = 0; u < step->layer->units; u++) {
                sum.mean += sums_of(step, rows, u, r)[k].mean;
                sum.scale += sums_of(step, rows, u, r)[k].scale;
            }
            rows->back[r][k] = (struct recur_moments){sum.mean * share, sum.scale * share};
        }
}

/* Unit panel u's part of those sums. */
static void add_up(const struct step *step, const struct rows *rows, size_t u, unsigned round)
{
    const struct recur_cell_kind *cell = step->cell;
    for (unsigned k = first_line(cell, round); k < end_line(cell, round); k++) {
        struct recur_moments sums[ROWS];
        struct recur_line line = line_of(step, &rows->range, k);
        line.x += u * line.unit;
        line.gain += u * line.gain_unit;
        for (unsigned s = 0; s < line.slots; s++)
            line.gradient[s] += u * line.gradient_unit;
        step->pass->kernels->moments_backward(&line, &rows->moments[0][k], sums);
        for (size_t r = 0; r < rows->range.rows; r++)
            sums_of(step, rows, u, r)[k] = sums[r];
    }
}

static void backward_rows(const struct step *step, struct rows *rows, unsigned round)
{
    const struct recur_cell_kind *cell = step->cell;
    recall(step, rows);
    if (round + 1 < recur_cell_rounds(cell))
        average(step, rows, round + 1);
    for (size_t u = step->begin; u < step->end; u++) {
        struct recur_normalised normalised;
        struct recur_tile tile;
        tile_of(step, rows, u, &normalised, &tile);
        step->pass->kernels->cell[cell->cell].backward[round](&tile);
        add_up(step, rows, u, round);
    }
}

/* The way back through the normalised products. */
static void backward_products(const struct step *step, struct rows *rows, unsigned round)
{
    recall(step, rows);
    average(step, rows, round);
    for (size_t u = step->begin; u < step->end; u++) {
        struct recur_normalised normalised;
        struct recur_tile tile;
        tile_of(step, rows, u, &normalised, &tile);
        step->pass->kernels->normalise_backward(&tile, step->cell);
        for (unsigned s = 0; s < step->cell->slots; s++)
            recur_pass_changed(step->pass, tile.slot[s], rows->range.rows);
    }
}

void recur_pass_normalise_backward(const struct recur_pass *pass,
                                   const struct recur_partition *partition, size_t l, size_t d,
                                   size_t t)
{
    const struct step step = step_of(pass, partition, l, d);
    for (unsigned round = recur_cell_rounds(step.cell); round-- > 0;) {
        each_rows(&step, partition, d, t, backward_rows, round);
        recur_partition_wait(partition);
    }
    each_rows(&step, partition, d, t, backward_products, 0);
}

void recur_pass_normalise_prepare(const struct recur_pass *pass, size_t l, size_t d, size_t panel)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_direction *tensors = &pass->network->layer[l].direction[d];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    size_t u = panel / cell->gates, gate = panel % cell->gates;
    size_t own = u * recur_cell_normalised(cell);
    const struct {
        size_t tensor, panel, slot;
        real *to;
    } copy[] = {
        {tensors->gain_ih, panel, cell->input_slot[gate], stream->gain},
        {tensors->gain_hh, panel, cell->recurrent_slot[gate], stream->gain},
        {gate ? RECUR_NO_TENSOR : tensors->gain_c, u, cell->slots, stream->gain},
        {gate ? RECUR_NO_TENSOR : tensors->bias_c, u, cell->slots, stream->bias},
    };
    for (size_t i = 0; i < sizeof copy / sizeof *copy; i++)
        if (copy[i].tensor != RECUR_NO_TENSOR)
            memcpy(copy[i].to + (own + copy[i].slot) * RECUR_LANES,
                   recur_pass_panel(pass, copy[i].tensor, copy[i].panel),
                   RECUR_LANES * sizeof(real));
    for (unsigned s = 0; s < cell->slots; s++) /* the products begin at zero */
        if (s == cell->input_slot[gate] || s == cell->recurrent_slot[gate])
            memset(stream->slot_bias + (u * cell->slots + s) * RECUR_LANES, 0,
                   RECUR_LANES * sizeof(real));
}

void recur_pass_normalise_gradients(const struct recur_pass *pass, size_t l, size_t d, size_t panel,
                                    real *gradients, struct recur_range sequences)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_direction *tensors = &pass->network->layer[l].direction[d];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    size_t u = panel / cell->gates, gate = panel % cell->gates, batch = pass->work->batch;
    unsigned input = cell->input_slot[gate], recurrent = cell->recurrent_slot[gate];
    const real *biases = stream->bias_sums + u * cell->arguments * batch * RECUR_LANES;
    const real *gains = stream->gain_sums + u * recur_cell_normalised(cell) * batch * RECUR_LANES;
    const struct {
        size_t tensor, panel, number;
        const real *from;
    } sum[] = {
        {tensors->bias_ih, panel, cell->argument[input], biases},
        {tensors->bias_hh, panel, cell->argument[recurrent], biases},
        {tensors->gain_ih, panel, input, gains},
        {tensors->gain_hh, panel, recurrent, gains},
        {gate ? RECUR_NO_TENSOR : tensors->bias_c, u, cell->argument[cell->slots], biases},
        {gate ? RECUR_NO_TENSOR : tensors->gain_c, u, cell->slots, gains},
    };
    for (size_t i = 0; i < sizeof sum / sizeof *sum; i++)
        if (sum[i].tensor != RECUR_NO_TENSOR)
            pass->kernels->column_sum(
                gradients + recur_param_panel(recur_network_param(pass->network, sum[i].tensor),
                                              sum[i].panel),
                sum[i].from + (sum[i].number * batch + sequences.row) * RECUR_LANES,
                sequences.rows);
}
