/* Forward: embeddings or look-ups, the recurrent layers, the head, the loss. */
#include <string.h>

#include "backend/cpu/beside.h"
#include "backend/cpu/normalise.h"
#include "base/clock.h"

/* How many numbers of z a product writes before the cell reads them: so few that they are still in
 * the L1 cache. */
#define TILE_NUMBERS 4096

/* How many unit panels one product serves for so many rows: several where a few rows fill little of
 * the cache, because one panel alone has too few chains of multiply-adds. */
static size_t units_at_once(unsigned gates, size_t rows)
{
    size_t units = TILE_NUMBERS / (rows * RECUR_LANES * gates);
    return units > 1 ? units : 1;
}

/* What a product for the unit panels [first, first + count) of some of a tensor's gates needs. */
struct gates {
    const real *weights;   /* panel 0 of weight_ih or weight_hh */
    size_t stride;         /* from panel to panel */
    unsigned first, count; /* gates */
    const unsigned *slot;  /* of each gate of the cell */
    size_t hidden;
    const real *start; /* of a single panel: what all rows begin with; NULL: what the slots
                          hold */
};

/* Multiplies all in one call where gates and slots follow each other in the same order, else gate
 * by gate. */
static void multiply_gates(const struct recur_pass *pass, const struct recur_stream *stream,
                           const struct gates *gates, size_t first, size_t count, size_t row,
                           size_t rows, const struct recur_left *left)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    bool whole = gates->count == cell->slots, together = whole || count == 1;
    for (unsigned g = 1; g < gates->count; g++)
        together = together && gates->slot[gates->first + g] == gates->slot[gates->first] + g;
    size_t columns = count > 1 ? RECUR_LANES : recur_panel_width(gates->hidden, first);
    for (unsigned g = 0; g < (together ? 1 : gates->count); g++) {
        size_t slot = first * cell->slots + gates->slot[gates->first + g];
        real *z = stream->z + slot * stream->z_stride + row * RECUR_LANES;
        recur_pass_multiply(
            pass, z, together ? stream->z_stride : cell->slots * stream->z_stride, left,
            gates->weights + (first * cell->gates + gates->first + g) * gates->stride,
            together ? gates->stride : cell->gates * gates->stride,
            together ? count * gates->count : count, columns, rows,
            gates->start ? gates->start : z);
    }
}

/* Where a range's rows stand in the input of layer l, or of the head. */
static size_t input_row(const struct recur_pass *pass, size_t l, struct recur_range range)
{
    return l ? range.row + recur_pass_buffer(pass) : range.row;
}

/* x W_ih^T + b of gate g of a dense layer into its slots of `count` unit panels, for a range of
 * rows. */
static void forward_input_gate(const struct recur_pass *pass, size_t l, size_t d, unsigned g,
                               size_t first, size_t count, struct recur_range range)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    const struct recur_layer_input layer_input =
        recur_workspace_input(pass->work, pass->network, l, d);
    size_t tensor = layer->direction[d].weight_ih;
    struct gates gate = {.weights = recur_pass_panel(pass, tensor, 0),
                         .stride = recur_network_param(pass->network, tensor)->depth * RECUR_LANES,
                         .first = g,
                         .count = 1,
                         .slot = cell->input_slot,
                         .hidden = layer->hidden};
    for (size_t u = first; u < first + count; u++) {
        size_t slot = u * cell->slots + cell->input_slot[g];
        const real *bias = stream->slot_bias + slot * RECUR_LANES;
        if (count == 1)
            gate.start = bias;
        else
            pass->kernels->fill(stream->z + slot * stream->z_stride + range.row * RECUR_LANES, bias,
                                range.rows);
    }
    multiply_gates(pass, stream, &gate, first, count, range.row, range.rows,
                   &(struct recur_left){pass->work->base, layer_input.value_panels,
                                        input_row(pass, l, range), layer_input.columns});
}

/* Writes the biases of slots that get nothing from the input. */
static void forward_bias(const struct recur_pass *pass, const struct recur_stream *stream, size_t u,
                         struct recur_range range)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    unsigned has_input = 0;
    for (unsigned g = 0; g < cell->gates; g++)
        has_input |= 1u << cell->input_slot[g];
    for (unsigned s = 0; s < cell->slots; s++) {
        size_t slot = u * cell->slots + s;
        if (!(has_input >> s & 1))
            pass->kernels->fill(stream->z + slot * stream->z_stride + range.row * RECUR_LANES,
                                stream->slot_bias + slot * RECUR_LANES, range.rows);
    }
}

void recur_pass_look_up(const struct recur_pass *pass, size_t l, size_t d, size_t u,
                        struct recur_range range, real *z, size_t stride)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    const real *bias = stream->slot_bias + u * cell->slots * RECUR_LANES;
    size_t tensor = pass->network->layer[l].direction[d].weight_ih;
    for (unsigned s = 0; s < cell->slots; s++, bias += RECUR_LANES, z += stride) {
        unsigned g = 0;
        while (g < cell->gates && cell->input_slot[g] != s)
            g++;
        if (g == cell->gates)
            pass->kernels->fill(z, bias, range.rows);
        else
            pass->kernels->gather(z, recur_pass_panel(pass, tensor, u * cell->gates + g),
                                  pass->batch.ids + range.row, bias, range.rows);
    }
}

/* The same into z, where the layer's gates are. */
static void forward_look_up(const struct recur_pass *pass, size_t l, size_t d, size_t u,
                            struct recur_range range)
{
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    size_t slot = u * pass->network->cell->slots;
    recur_pass_look_up(pass, l, d, u, range,
                       stream->z + slot * stream->z_stride + range.row * RECUR_LANES,
                       stream->z_stride);
}

/* x W_ih^T + b into the slots of unit panels [u, u + count) of a dense layer, for all steps. */
static void forward_dense(const struct recur_pass *pass, const struct recur_partition *partition,
                          size_t l, size_t d, size_t u, size_t count)
{
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    size_t ranges = recur_partition_ranges(pass, partition);
    for (unsigned g = 0; g < pass->network->cell->gates; g++)
        for (size_t i = 0; i < ranges; i++)
            forward_input_gate(pass, l, d, g, u, count, recur_partition_range(pass, partition, i));
    for (size_t own = u; own < u + count; own++)
        for (size_t i = 0; i < ranges; i++)
            forward_bias(pass, stream, own, recur_partition_range(pass, partition, i));
}

/* x W_ih^T + b into the slots of the partition's unit panels, for all steps. */
static void forward_input(const struct recur_pass *pass, const struct recur_partition *partition,
                          size_t l, size_t d)
{
    const struct recur_layer *layer = &pass->network->layer[l];
    size_t ranges = recur_partition_ranges(pass, partition),
           end = recur_partition_end(partition, layer->units);
    size_t rows = ranges ? recur_partition_range(pass, partition, 0).rows : 0;
    if (!rows || recur_pass_looks_up_in_steps(pass, l))
        return;
    size_t group = layer->dense ? units_at_once(1, rows) : 1;
    for (size_t u = recur_partition_begin(partition, layer->units); u < end; u += group) {
        if (layer->dense)
            forward_dense(pass, partition, l, d, u, end - u < group ? end - u : group);
        for (size_t i = 0; i < ranges && !layer->dense; i++)
            forward_look_up(pass, l, d, u, recur_partition_range(pass, partition, i));
    }
}

/* Adds h' W_hh^T (or q W_hh^T) of some rows to the input's part, for `count` unit panels. */
static void forward_product(const struct recur_pass *pass, const struct recur_step_range *range,
                            size_t l, size_t d, const struct recur_cell_phase *phase, size_t first,
                            size_t count)
{
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    struct gates gates = {.weights = recur_pass_recurrent(pass, l, d, 0),
                          .stride = layer->units * RECUR_LANES * RECUR_LANES,
                          .first = phase->first_gate,
                          .count = phase->gates,
                          .slot = pass->network->cell->recurrent_slot,
                          .hidden = layer->hidden};
    struct recur_left state = {stream->h, stream->h_panels, range->before, layer->hidden};
    if (phase->from_q)
        state = (struct recur_left){stream->q, stream->q_panels, range->row, layer->hidden};
    multiply_gates(pass, stream, &gates, first, count, range->row, range->rows, &state);
}

/* The arithmetic of phase p for one unit panel, where all gates are complete. */
static void forward_cell(const struct recur_pass *pass, const struct recur_stream *stream,
                         const struct recur_step_range *range, size_t u, unsigned p)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    struct recur_tile tile;
    if (cell->lines)
        return; /* it needs all units' */
    if (recur_pass_works_beside(pass)) {
        recur_beside_alone(pass, stream, range, u, false);
        return;
    }
    recur_tile_at(pass, stream, range, u, &tile);
    pass->kernels->cell[cell->cell].forward[p](&tile);
    recur_pass_changed(pass, p + 1 == cell->phases ? tile.h : tile.q, range->rows);
}

/* One phase of one step: the product, then the cell. */
static void forward_step(const struct recur_pass *pass, const struct recur_partition *partition,
                         size_t l, size_t d, size_t t, unsigned p)
{
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_cell_phase *phase = &cell->phase[p];
    struct recur_step_range range[RECUR_STEP_RANGES_MAX];
    unsigned ranges = recur_partition_step_ranges(pass, partition, d, t, range);
    size_t rows = recur_partition_alive(pass, partition, t),
           end = recur_partition_end(partition, layer->units);
    if (!rows)
        return;
    size_t group = units_at_once(phase->gates, rows);
    size_t begin = recur_partition_begin(partition, layer->units);
    size_t groups = (end - begin + group - 1) / group;
    if (group == 1 && ranges == 1 && recur_pass_works_beside(pass) &&
        !recur_step_range_is_zero(pass, range)) {
        recur_beside_forward(pass, partition, range, l, d, t);
        return;
    }
    for (size_t i = 0; i < groups; i++) {
        size_t first = begin + recur_to_and_fro(pass, t, i, groups) * group;
        size_t count = end - first < group ? end - first : group;
        for (unsigned r = 0; r < ranges; r++) {
            for (size_t u = first; u < first + count && recur_pass_looks_up_in_steps(pass, l); u++)
                forward_look_up(pass, l, d, u, (struct recur_range){range[r].row, range[r].rows});
            if (!recur_step_range_is_zero(pass, &range[r]))
                forward_product(pass, &range[r], l, d, phase, first, count);
            for (size_t u = first; u < first + count; u++)
                forward_cell(pass, stream, &range[r], u, p);
        }
    }
}

/* Where the last pass left the state of sequence b, in panel u of h or c. */
static const real *carried_state(const struct recur_pass *pass, const struct recur_stream *stream,
                                 size_t d, size_t u, int c, size_t b)
{
    const real *carried = c ? stream->carried_c : stream->carried_h;
    if (carried)
        return carried + (u * pass->work->batch + b) * RECUR_LANES;
    size_t last = d ? 0 : pass->states.carried_steps - 1;
    size_t row = recur_workspace_after(pass->work, d) +
                 recur_pass_row_of(pass, pass->states.carried_steps, last, b);
    return (c ? stream->c : stream->h) + u * stream->h_stride + row * RECUR_LANES;
}

/* Sets the state before the first step: zero, or the one in which the last pass ended. */
static void begin_state(const struct recur_pass *pass, const struct recur_partition *partition,
                        const struct recur_stream *stream, size_t d, size_t u)
{
    size_t initial = recur_pass_initial(pass, d), end = partition->first + partition->sequences;
    for (int c = 0; c < (stream->c ? 2 : 1) && !pass->states.given; c++) {
        real *panel = (c ? stream->c : stream->h) + u * stream->h_stride;
        for (size_t b = partition->first, beside; b < end; b += beside) {
            real *to = panel + (initial + b) * RECUR_LANES;
            beside = recur_pass_beside(pass, b, end);
            size_t bytes = beside * RECUR_LANES * sizeof(real);
            if (pass->states.carried_steps)
                memmove(to, carried_state(pass, stream, d, u, c, b), bytes);
            else
                memset(to, 0, bytes);
        }
    }
    recur_pass_changed(
        pass, stream->h + u * stream->h_stride + (initial + partition->first) * RECUR_LANES,
        partition->sequences);
}

/* Keeps the last states of panel u for the next pass, before other layers use their place. */
static void end_state(const struct recur_pass *pass, const struct recur_partition *partition,
                      const struct recur_stream *stream, size_t d, size_t u)
{
    size_t end = partition->first + partition->sequences;
    for (size_t b = partition->first, beside; b < end; b += beside) {
        beside = recur_pass_beside(pass, b, end);
        size_t bytes = beside * RECUR_LANES * sizeof(real);
        size_t to = (u * pass->work->batch + b) * RECUR_LANES;
        size_t from = u * stream->h_stride +
                      recur_pass_after(pass, d, d ? 0 : pass->batch.steps - 1, b) * RECUR_LANES;
        memcpy(stream->carried_h + to, stream->h + from, bytes);
        if (stream->carried_c)
            memcpy(stream->carried_c + to, stream->c + from, bytes);
    }
}

static void forward_direction(struct recur_pass *pass, const struct recur_partition *partition,
                              size_t thread, size_t l, size_t d)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    size_t begin = recur_partition_begin(partition, layer->units);
    size_t end = recur_partition_end(partition, layer->units);
    for (size_t u = begin; u < end && !pass->states.in_place; u++)
        begin_state(pass, partition, stream, d, u);
    forward_input(pass, partition, l, d);
    if (!pass->states.in_place)
        recur_partition_wait(partition);
    recur_pass_mark(pass, thread, RECUR_PHASE_INPUT);
    for (size_t i = 0; i < partition->steps; i++)
        for (unsigned p = 0; p < cell->phases; p++) {
            forward_step(pass, partition, l, d, d ? partition->steps - 1 - i : i, p);
            recur_partition_wait(partition);
            if (cell->lines)
                recur_pass_normalise_forward(pass, partition, l, d,
                                             d ? partition->steps - 1 - i : i);
        }
    for (size_t u = begin; u < end && stream->carried_h; u++)
        end_state(pass, partition, stream, d, u);
}

/* All directions of layer l, by the threads of each direction. */
static void forward_layer(struct recur_pass *pass, const struct recur_partition *partition,
                          size_t thread, size_t l)
{
    struct recur_partition own;
    for (size_t d = 0; d < pass->network->directions; d++)
        if (recur_partition_walks(pass, partition, d, &own))
            forward_direction(pass, &own, thread, l, d);
    if (pass->work->grid.directions > 1)
        recur_partition_wait(partition);
}

/* Fills the input of layer 0: with embeddings; the numbers of a caller are in place already. */
static void forward_embedding(const struct recur_pass *pass,
                              const struct recur_partition *partition)
{
    const struct recur_layer_input *layer_input = &pass->work->layer_input[0];
    size_t ranges = recur_partition_ranges(pass, partition);
    size_t end = recur_partition_end(partition, layer_input->panels);
    for (size_t p = recur_partition_begin(partition, layer_input->panels); p < end; p++)
        for (size_t i = 0; i < ranges; i++) {
            struct recur_range range = recur_partition_range(pass, partition, i);
            real *panel = layer_input->feature[p].value;
            real *value = panel + range.row * RECUR_LANES;
            if (pass->network->embedding)
                pass->kernels->gather(value,
                                      recur_pass_panel(pass, pass->network->embedding_weight, p),
                                      pass->batch.ids + range.row, NULL, range.rows);
            if (pass->dropout.inputs)
                recur_pass_drop(pass, 0, p, range, panel, panel);
            recur_pass_changed(pass, value, range.rows);
        }
    recur_partition_wait(partition);
}

void recur_pass_gather_before(const struct recur_pass *pass,
                              const struct recur_partition *partition, size_t d, const real *states,
                              real *to, bool adds)
{
    struct recur_step_range range[RECUR_STEP_RANGES_MAX];
    for (size_t t = 0; t < partition->steps; t++) {
        unsigned ranges = recur_partition_step_ranges(pass, partition, d, t, range);
        for (unsigned i = 0; i < ranges; i++) {
            real *row = to + range[i].row * RECUR_LANES;
            const real *before = states + range[i].before * RECUR_LANES;
            if (adds)
                pass->kernels->add(row, row, before, range[i].rows * RECUR_LANES);
            else
                memcpy(row, before, range[i].rows * RECUR_LANES * sizeof *row);
        }
    }
}

/* Copies the outputs of layer l into the input above: y = h, or the sum of both directions, after
 * each step or before it, with dropout where there is some. */
static void forward_layer_input(const struct recur_pass *pass,
                                const struct recur_partition *partition, size_t l)
{
    const struct recur_layer_input *layer_input = &pass->work->layer_input[l + 1];
    bool before = recur_network_hands_on_before(pass->network, l);
    size_t units = pass->network->layer[l].units, ranges = recur_partition_ranges(pass, partition);
    size_t end = recur_partition_end(partition, layer_input->panels);
    for (size_t p = recur_partition_begin(partition, layer_input->panels); p < end; p++) {
        const struct recur_feature *feature = &layer_input->feature[p];
        const real *second = feature->state[1];
        if (before)
            recur_pass_gather_before(pass, partition, p / units, feature->state[0], feature->value,
                                     false);
        if (before && second)
            recur_pass_gather_before(pass, partition, 1, second, feature->value, true);
        for (size_t i = 0; i < ranges; i++) {
            struct recur_range range = recur_partition_range(pass, partition, i);
            size_t at = range.row * RECUR_LANES, n = range.rows * RECUR_LANES;
            if (second && !before)
                pass->kernels->add(feature->value + at, feature->state[0] + at, second + at, n);
            else if (!pass->dropout.on && !before)
                memcpy(feature->value + at, feature->state[0] + at, n * sizeof(real));
            if (pass->dropout.on)
                recur_pass_drop(pass, l + 1, p, range, feature->value,
                                second || before ? feature->value : feature->state[0]);
            recur_pass_changed(pass, feature->value + at, range.rows);
        }
    }
    recur_partition_wait(partition);
}

/* logits = y W^T + b of some panels, the first of them at x. */
static void forward_logits(const struct recur_pass *pass, struct recur_range range, size_t first,
                           size_t count, real *x, size_t stride)
{
    const struct recur_network *network = pass->network;
    const struct recur_workspace *work = pass->work;
    const struct recur_layer_input *layer_input = &work->layer_input[network->layers];
    struct recur_left y = {work->base, layer_input->value_panels,
                           input_row(pass, network->layers, range), layer_input->columns};
    size_t columns = recur_pass_columns(pass);
    recur_pass_multiply(pass, x, stride, &y, recur_pass_head(pass, first),
                        recur_network_param(network, network->head_weight)->depth * RECUR_LANES,
                        count, count > 1 ? RECUR_LANES : recur_panel_width(columns, first),
                        range.rows, recur_pass_head_bias(pass, first));
}

/* The same into the workspace. */
static void forward_panels(const struct recur_pass *pass, struct recur_range range, size_t first,
                           size_t count)
{
    size_t stride = pass->work->logit_stride;
    forward_logits(pass, range, first, count,
                   pass->work->logits + first * stride + range.row * RECUR_LANES, stride);
}

void recur_pass_logits_panel(const struct recur_pass *pass, size_t row, size_t rows, size_t panel,
                             real *x, size_t stride)
{
    forward_logits(pass, (struct recur_range){row, rows}, panel, 1, x, stride);
}

void recur_pass_logits(const struct recur_pass *pass, size_t row, size_t rows, real *x,
                       size_t stride)
{
    for (size_t v = 0; v < recur_panels(pass->network->outputs); v++)
        recur_pass_logits_panel(pass, row, rows, v, x + v * stride, stride);
}

/* The loss of some rows, and its gradient in place of their logits. */
static void forward_loss(const struct recur_pass *pass, struct recur_range range)
{
    const struct recur_workspace *work = pass->work;
    const struct recur_candidates *candidates = pass->candidates;
    const int32_t *targets = pass->batch.targets + range.row;
    real *logits = work->logits + range.row * RECUR_LANES;
    if (candidates)
        recur_candidates_mask(candidates, logits, work->logit_stride, range.rows, targets, true);
    pass->kernels->softmax_loss(logits, work->logit_stride, recur_pass_columns(pass), range.rows,
                                targets, pass->loss_scale, work->loss + range.row);
    if (candidates)
        recur_candidates_mask(candidates, logits, work->logit_stride, range.rows, targets, false);
}

/* Logits and the loss of the partition's rows. In a step of sessions each thread computes a part of
 * the logits for all rows. */
static void forward_head(const struct recur_pass *pass, const struct recur_partition *partition)
{
    size_t panels = recur_panels(recur_pass_columns(pass));
    if (pass->states.in_place) {
        size_t first = recur_partition_begin(partition, panels),
               end = recur_partition_end(partition, panels);
        if (first < end)
            forward_panels(pass, recur_partition_range(pass, partition, 0), first, end - first);
        return;
    }
    size_t ranges = recur_partition_own_ranges(pass, partition);
    for (size_t v = 0; v < panels; v++)
        for (size_t i = 0; i < ranges; i++)
            forward_panels(pass, recur_partition_own_range(pass, partition, i), v, 1);
    for (size_t i = 0; i < ranges && pass->batch.targets; i++)
        forward_loss(pass, recur_partition_own_range(pass, partition, i));
    recur_partition_wait(partition);
}

/* A panel of a layer's input, for masks. */
static uint64_t drop_place(size_t layer_input, size_t panel)
{
    return (((uint64_t)layer_input << 24) + panel) << 32;
}

/* Dropout over some rows; `like` is the row whose masks the first of them has. */
static void drop_rows(const struct recur_pass *pass, uint64_t place, struct recur_range range,
                      size_t like, real *to, const real *from)
{
    const struct recur_network *network = pass->network;
    size_t at = range.row * RECUR_LANES;
    real rate = place < drop_place(1, 0) ? network->input_dropout : network->dropout;
    pass->kernels->dropout(to + at, from + at, range.rows * RECUR_LANES, pass->dropout.key,
                           place | (uint64_t)(like * RECUR_LANES), recur_drop_threshold(rate));
}

/* The same where each step has the masks of step 0, in a pass of equal lengths. */
static void drop_locked(const struct recur_pass *pass, uint64_t place, struct recur_range range,
                        real *to, const real *from)
{
    size_t each = recur_pass_micro_batch(pass), end = range.row + range.rows;
    size_t before = pass->dropout.row / pass->batch.steps;
    for (size_t row = range.row, next; row < end; row = next) {
        size_t step = row / each, like = step / pass->batch.steps * each + row % each + before;
        next = (step + 1) * each < end ? (step + 1) * each : end;
        drop_rows(pass, place, (struct recur_range){row, next - row}, like, to, from);
    }
}

void recur_pass_drop(const struct recur_pass *pass, size_t layer_input, size_t panel,
                     struct recur_range range, real *to, const real *from)
{
    const struct recur_lengths *lengths = pass->batch.lengths;
    uint64_t place = drop_place(layer_input, panel);
    bool locked = pass->network->locked;
    if (!lengths && locked) {
        drop_locked(pass, place, range, to, from);
        return;
    }
    if (!locked && !(lengths && lengths->ties)) {
        drop_rows(pass, place, range, range.row + pass->dropout.row, to, from);
        return;
    }
    for (size_t t = 0; t < lengths->steps && lengths->offset[t] < range.row + range.rows; t++)
        for (size_t b = 0; b < lengths->alive[t]; b++) {
            size_t row = lengths->offset[t] + b, like = lengths->ties ? lengths->same[b] : b;
            if (row >= range.row && row < range.row + range.rows)
                drop_rows(pass, place, (struct recur_range){row, 1},
                          locked ? like : lengths->offset[t] + like, to, from);
        }
}

void recur_pass_drop_weights(const struct recur_pass *pass, size_t l, size_t d, size_t panel,
                             real *to, const real *from)
{
    const struct recur_param *param =
        recur_network_param(pass->network, pass->network->layer[l].direction[d].weight_hh);
    pass->kernels->dropout(to, from, param->depth * RECUR_LANES, ~pass->dropout.key,
                           recur_param_panel(param, panel),
                           recur_drop_threshold(pass->network->weight_drop));
}

void recur_pass_pack_ids(const struct recur_pass *pass, const size_t *order, int32_t *rows,
                         const int32_t *ids)
{
    size_t batch = recur_pass_batch(pass);
    for (size_t t = 0; t < pass->batch.steps; t++)
        for (size_t b = 0; b < recur_pass_alive(pass, t); b++)
            rows[recur_pass_row(pass, t, b)] = ids[t * batch + (order ? order[b] : b)];
}

void recur_pass_mark(struct recur_pass *pass, size_t thread, enum recur_phase phase)
{
    if (thread != 0 || !pass->phases.seconds)
        return;
    double now = recur_clock();
    pass->phases.seconds[phase] += now - pass->phases.start;
    pass->phases.start = now;
}

void recur_pass_forward(struct recur_pass *pass, size_t thread)
{
    struct recur_partition partition;
    if (!recur_partition_of(pass, thread, &partition))
        return;
    if (pass->network->embedding || (pass->network->layer[0].dense && pass->work->bf16))
        forward_embedding(pass, &partition);
    size_t layers = pass->layers ? pass->layers : pass->network->layers;
    for (size_t l = 0; l < layers; l++) {
        forward_layer(pass, &partition, thread, l);
        if (pass->work->layer_input[l + 1].copies)
            forward_layer_input(pass, &partition, l);
        recur_pass_mark(pass, thread, RECUR_PHASE_FORWARD);
    }
    if (!pass->headless)
        forward_head(pass, &partition);
    recur_pass_rest(pass);
    recur_pass_mark(pass, thread, RECUR_PHASE_HEAD);
}

double recur_pass_loss_of(const struct recur_pass *pass, size_t row, size_t rows)
{
    double sum = 0;
    for (size_t i = 0; i < rows; i++)
        sum += (double)pass->work->loss[row + i];
    return sum;
}

double recur_pass_loss_sum(const struct recur_pass *pass)
{
    return recur_pass_loss_of(pass, 0, recur_pass_rows(pass));
}
