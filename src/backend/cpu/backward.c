/* Backward through time: from the logits' gradient to the gradients of every z. */
#include <string.h>

#include "backend/cpu/beside.h"
#include "backend/cpu/normalise.h"

/* How many panels of the vocabulary are multiplied at a time: so few that one panel's weights for
 * them stay in the L2 cache for all rows, and some of their logits for the next panel. */
#define HEAD_PIECE ((size_t)64)

/* So many multiply-adds lie at least between two looks at the messages of ranks, since a look takes
 * a microsecond: 80 us where a core does 100 GFLOP/s. */
#define MOVES_APART ((size_t)1 << 22)

/* The gradient of y for a range of rows: dy = or += dlogits W over a range of the vocabulary, from
 * panel `first` on. */
static void backward_range(const struct recur_pass *pass, struct recur_range range, size_t first,
                           bool accumulate)
{
    const struct recur_workspace *work = pass->work;
    const struct recur_layer_input *layer_input = &work->layer_input[pass->network->layers];
    size_t panels = recur_panels(recur_pass_columns(pass));
    size_t columns = recur_pass_columns(pass) - first * RECUR_LANES;
    if (columns > HEAD_PIECE * RECUR_LANES)
        columns = HEAD_PIECE * RECUR_LANES;
    struct recur_left left = {work->logits, work->logit_panels + first, range.row, columns};
    for (size_t p = 0; p < layer_input->panels; p++) {
        real *gradient = layer_input->feature[p].gradient + range.row * RECUR_LANES;
        recur_pass_multiply(
            pass, gradient, 0, &left,
            work->head_transposed + (p * panels + first) * RECUR_LANES * RECUR_LANES, 0, 1,
            layer_input->feature[p].width, range.rows, accumulate ? gradient : NULL);
    }
}

/* The same for the partition's rows; forward: logits = y W^T + b. */
static void backward_head(const struct recur_pass *pass, const struct recur_partition *partition)
{
    const struct recur_workspace *work = pass->work;
    size_t panels = recur_panels(recur_pass_columns(pass));
    size_t ranges = recur_partition_own_ranges(pass, partition);
    for (size_t i = 0; i < ranges; i++) {
        struct recur_range range = recur_partition_own_range(pass, partition, i);
        for (size_t v = 0; v < panels; v++)
            recur_pass_changed(
                pass, work->logits + v * work->logit_stride + range.row * RECUR_LANES, range.rows);
        for (size_t v = 0; v < panels; v += HEAD_PIECE)
            backward_range(pass, range, v, v || pass->backward.given_outputs);
    }
    recur_partition_wait(partition);
}

/* dy += 2 ar / (T B H) y of what the head reads; forward: loss += ar / (T B H) sum y^2. Lanes that
 * are not in use need not be zero in y. */
static void backward_outputs(const struct recur_pass *pass, const struct recur_partition *partition)
{
    const struct recur_layer_input *top = &pass->work->layer_input[pass->network->layers];
    real scale = 2 * pass->ar * pass->loss_scale / (real)recur_network_width(pass->network);
    size_t ranges = recur_partition_own_ranges(pass, partition);
    for (size_t p = 0; p < top->panels; p++)
        for (size_t i = 0; i < ranges; i++) {
            struct recur_range range = recur_partition_own_range(pass, partition, i);
            const real *y = top->feature[p].value + range.row * RECUR_LANES;
            real *dy = top->feature[p].gradient + range.row * RECUR_LANES;
            for (size_t at = 0; at < range.rows * RECUR_LANES; at += RECUR_LANES)
                for (size_t j = at; j < at + top->feature[p].width; j++)
                    dy[j] += scale * y[j];
        }
    recur_partition_wait(partition);
}

/* Copies the gradient of the states before each step, one panel in direction d, into dh, whose row
 * 0 is at `dh`. Every state of a sequence but its last is the state before a step. */
static void scatter_before(const struct recur_pass *pass, const struct recur_partition *partition,
                           size_t d, const real *gradient, real *dh)
{
    struct recur_step_range range[RECUR_STEP_RANGES_MAX];
    for (size_t t = 0; t < partition->steps; t++) {
        unsigned ranges = recur_partition_step_ranges(pass, partition, d, t, range);
        for (unsigned i = 0; i < ranges; i++)
            memcpy(dh + range[i].before * RECUR_LANES, gradient + range[i].row * RECUR_LANES,
                   range[i].rows * RECUR_LANES * sizeof *dh);
    }
}

/* dh of the layer's outputs, from dy of the inputs above it; forward: y = (h + h of the second
 * direction) mask / (1 - p). */
static void backward_layer_input(const struct recur_pass *pass,
                                 const struct recur_partition *partition, size_t l)
{
    const struct recur_layer_input *layer_input = &pass->work->layer_input[l + 1];
    bool before = recur_network_hands_on_before(pass->network, l);
    size_t units = pass->network->layer[l].units, ranges = recur_partition_ranges(pass, partition);
    size_t end = recur_partition_end(partition, layer_input->panels);
    for (size_t p = recur_partition_begin(partition, layer_input->panels); p < end; p++) {
        const struct recur_feature *feature = &layer_input->feature[p];
        real *second = feature->state_gradient[1];
        for (size_t i = 0; i < ranges; i++) {
            struct recur_range range = recur_partition_range(pass, partition, i);
            size_t at = range.row * RECUR_LANES;
            if (pass->dropout.on)
                recur_pass_drop(pass, l + 1, p, range, feature->gradient, feature->gradient);
            if (second && !before)
                memcpy(second + at, feature->gradient + at,
                       range.rows * RECUR_LANES * sizeof(real));
        }
        if (before)
            scatter_before(pass, partition, p / units, feature->gradient,
                           feature->state_gradient[0]);
        if (before && second)
            scatter_before(pass, partition, 1, feature->gradient, second);
    }
    recur_partition_wait(partition);
}

/* The gates of phase p have changed; at this moment another thread may multiply the other gates. */
static void gates_changed(const struct recur_pass *pass, const struct recur_tile *tile, unsigned p)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    bool all = cell->phases == 1;
    unsigned first = all ? 0 : cell->recurrent_slot[cell->phase[p].first_gate];
    unsigned count = all ? cell->slots : cell->phase[p].gates;
    for (unsigned s = first; s < first + count; s++)
        recur_pass_changed(pass, tile->slot[s], tile->n / RECUR_LANES);
}

/* to (rows, 32) = or += the gradients of phase p's gates in `rows` rows of z from `row` on, times
 * W_hh; forward: z = ... + h' W_hh^T. */
static void backward_product(const struct recur_pass *pass, size_t l, size_t d, unsigned p,
                             size_t u, size_t row, size_t rows, real *to, bool accumulate)
{
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    size_t depth = layer->units * pass->network->cell->phase[p].gates * RECUR_LANES;
    recur_pass_multiply(pass, to, stream->h_stride,
                        &(struct recur_left){stream->z, stream->gate_panels[p], row, depth},
                        stream->recurrent_transposed[p] + u * depth * RECUR_LANES,
                        depth * RECUR_LANES, 1, recur_panel_width(layer->hidden, u), rows,
                        accumulate ? to : NULL);
}

/* Completes dh of the states before the ranges of the next step of the walk, in unit panel u: adds
 * what that step sends back through W_hh. Sequences that end earlier get nothing. */
static void backward_later(const struct recur_pass *pass, size_t l, size_t d, size_t u,
                           const struct recur_step_range *range, unsigned ranges)
{
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    for (unsigned i = 0; i < ranges; i++)
        if (!range[i].initial)
            backward_product(pass, l, d, 0, u, range[i].row, range[i].rows,
                             stream->dh + u * stream->h_stride + range[i].before * RECUR_LANES,
                             true);
}

/* The arithmetic of phase p for one unit panel, where dh is complete. */
static void backward_cell(const struct recur_pass *pass, const struct recur_stream *stream,
                          const struct recur_step_range *range, size_t u, unsigned p)
{
    struct recur_tile tile;
    if (recur_pass_works_beside(pass)) {
        recur_beside_alone(pass, stream, range, u, true);
        return;
    }
    recur_gradient_tile_at(pass, stream, range, u, &tile);
    pass->kernels->cell[pass->network->cell->cell].backward[p](&tile);
    gates_changed(pass, &tile, p);
}

/* One step back: dh is complete, then the phases run in reverse order; between two phases dq = dn
 * W_hn. */
static void backward_step(const struct recur_pass *pass, const struct recur_partition *partition,
                          size_t l, size_t d, size_t t)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    struct recur_step_range range[RECUR_STEP_RANGES_MAX], later[RECUR_STEP_RANGES_MAX];
    unsigned ranges = recur_partition_step_ranges(pass, partition, d, t, range), laters = 0;
    if (d ? t > 0 : t + 1 < partition->steps)
        laters = recur_partition_step_ranges(pass, partition, d, d ? t - 1 : t + 1, later);
    size_t begin = recur_partition_begin(partition, layer->units);
    size_t end = recur_partition_end(partition, layer->units);
    if (ranges == 1 && laters == 1 && !later->initial && recur_pass_works_beside(pass)) {
        recur_beside_backward(pass, partition, range, later, l, d, t);
        recur_partition_wait(partition);
        return;
    }
    for (size_t i = 0; i < end - begin; i++) {
        size_t u = begin + recur_to_and_fro(pass, t, i, end - begin);
        backward_later(pass, l, d, u, later, laters);
        for (unsigned r = 0; r < ranges && !cell->lines; r++)
            backward_cell(pass, stream, &range[r], u, cell->phases - 1);
    }
    if (cell->lines)
        recur_pass_normalise_backward(pass, partition, l, d, t);
    recur_partition_wait(partition);
    if (cell->phases == 1)
        return;
    for (size_t u = begin; u < end; u++)
        for (unsigned i = 0; i < ranges; i++) {
            real *dq = stream->dq + (u * pass->work->batch + range[i].slot) * RECUR_LANES;
            backward_product(pass, l, d, 1, u, range[i].row, range[i].rows, dq, false);
            backward_cell(pass, stream, &range[i], u, 0);
        }
    recur_partition_wait(partition);
}

/* Sets to zero the rows of dh that get nothing from the inputs above: those of the initial states,
 * or of the last ones where the states before each step are handed on. Adds the caller's gradients
 * of the last states to dh; those of c are in place already. */
static void begin_gradient(const struct recur_pass *pass, const struct recur_partition *partition,
                           size_t l, size_t d, size_t u)
{
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    size_t carried = (u * pass->work->batch + partition->first) * RECUR_LANES;
    bool before = recur_network_hands_on_before(pass->network, l);
    real *dh = stream->dh + u * stream->h_stride;
    for (size_t b = partition->first; b < partition->first + partition->sequences; b++) {
        size_t zero = before ? recur_pass_last(pass, d, b) : b + recur_pass_initial(pass, d);
        memset(dh + zero * RECUR_LANES, 0, RECUR_LANES * sizeof *dh);
    }
    if (stream->dc && !pass->backward.given_ends)
        memset(stream->dc + carried, 0, partition->sequences * RECUR_LANES * sizeof *dh);
    for (size_t i = 0; i < partition->sequences && pass->backward.given_ends; i++) {
        real *to = dh + recur_pass_last(pass, d, partition->first + i) * RECUR_LANES;
        pass->kernels->add(to, to, stream->ends + carried + i * RECUR_LANES, RECUR_LANES);
    }
}

/* Completes the gradient of the initial states: adds what the first step of each sequence sends
 * back. */
static void end_gradient(const struct recur_pass *pass, const struct recur_partition *partition,
                         size_t l, size_t d)
{
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    const struct recur_layer *layer = &pass->network->layer[l];
    struct recur_step_range range[RECUR_STEP_RANGES_MAX];
    size_t end = recur_partition_end(partition, layer->units);
    for (size_t t = 0; t < (d || !partition->steps ? partition->steps : 1); t++) {
        unsigned ranges = recur_partition_step_ranges(pass, partition, d, t, range);
        for (unsigned i = 0; i < ranges; i++)
            for (size_t u = recur_partition_begin(partition, layer->units);
                 u < end && range[i].initial; u++)
                backward_product(pass, l, d, 0, u, range[i].row, range[i].rows,
                                 stream->dh + u * stream->h_stride + range[i].before * RECUR_LANES,
                                 true);
    }
}

/* How many steps of this thread lie between two looks at the messages of ranks. */
static size_t steps_apart(const struct recur_pass *pass, const struct recur_partition *partition,
                          size_t l)
{
    const struct recur_layer *layer = &pass->network->layer[l];
    size_t step = partition->sequences * layer->hidden * layer->hidden *
                  pass->network->cell->gates / partition->parts;
    return 1 + MOVES_APART / (step + 1);
}

static void backward_direction(const struct recur_pass *pass,
                               const struct recur_partition *partition, size_t l, size_t d)
{
    const struct recur_layer *layer = &pass->network->layer[l];
    size_t begin = recur_partition_begin(partition, layer->units);
    size_t end = recur_partition_end(partition, layer->units);
    size_t apart = steps_apart(pass, partition, l);
    for (size_t u = begin; u < end; u++)
        begin_gradient(pass, partition, l, d, u);
    for (size_t u = begin; u < end && pass->network->cell->lines; u++)
        recur_pass_normalise_begin(pass, partition, l, d, u);
    for (size_t i = partition->steps; i-- > 0;) {
        backward_step(pass, partition, l, d, d ? partition->steps - 1 - i : i);
        if (i % apart == 0)
            recur_pass_move(pass, partition->thread);
    }
    if (pass->backward.wants_initial)
        end_gradient(pass, partition, l, d);
}

/* All directions of layer l, by the threads of each direction. */
static void backward_layer(const struct recur_pass *pass, const struct recur_partition *partition,
                           size_t l)
{
    struct recur_partition own;
    for (size_t d = 0; d < pass->network->directions; d++)
        if (recur_partition_walks(pass, partition, d, &own))
            backward_direction(pass, &own, l, d);
    if (pass->work->grid.directions > 1)
        recur_partition_wait(partition);
}

/* dx = or += dz W_ih, into the gradients of the inputs below; forward: z = x W_ih^T + ... Threads
 * share the rows, because a narrow input has few panels. */
static void backward_input(const struct recur_pass *pass, const struct recur_partition *partition,
                           size_t l, size_t d)
{
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    const struct recur_layer_input layer_input =
        recur_workspace_input(pass->work, pass->network, l, d);
    bool accumulate = d > 0 && !recur_network_apart(pass->network, l);
    size_t depth = layer->units * pass->network->cell->gates * RECUR_LANES;
    size_t ranges = recur_partition_own_ranges(pass, partition);
    for (size_t p = 0; p < layer_input.panels; p++, recur_pass_move(pass, partition->thread))
        for (size_t i = 0; i < ranges; i++) {
            struct recur_range range = recur_partition_own_range(pass, partition, i);
            real *gradient = layer_input.feature[p].gradient + range.row * RECUR_LANES;
            recur_pass_multiply(
                pass, gradient, 0,
                &(struct recur_left){stream->z, stream->input_panels, range.row, depth},
                stream->input_transposed + p * depth * RECUR_LANES, 0, 1,
                layer_input.feature[p].width, range.rows, accumulate ? gradient : NULL);
        }
    recur_partition_wait(partition);
}

/* The lowest layer that the gradient must reach: frozen ones alone only hand on what somebody
 * wants. */
static size_t lowest(const struct recur_pass *pass)
{
    const struct recur_pass_backward *backward = &pass->backward;
    return backward->wants_inputs || backward->wants_initial ? 0 : pass->frozen;
}

void recur_pass_backward_head(struct recur_pass *pass, size_t thread)
{
    struct recur_partition partition;
    bool works = recur_partition_of(pass, thread, &partition);
    if (works && !pass->headless)
        backward_head(pass, &partition);
    if (works && pass->ar > 0)
        backward_outputs(pass, &partition);
    recur_pass_mark(pass, thread, RECUR_PHASE_HEAD);
}

void recur_pass_backward_steps(struct recur_pass *pass, size_t l, size_t thread)
{
    struct recur_partition partition;
    if (l < lowest(pass) || !recur_partition_of(pass, thread, &partition))
        return;
    if (pass->work->layer_input[l + 1].copies)
        backward_layer_input(pass, &partition, l);
    backward_layer(pass, &partition, l);
    recur_pass_mark(pass, thread, RECUR_PHASE_BACKWARD);
}

void recur_pass_backward_inputs(struct recur_pass *pass, size_t l, size_t thread)
{
    struct recur_partition partition;
    size_t last = lowest(pass);
    bool wanted =
        pass->network->layer[l].dense &&
        (l > last || (last == 0 && (!pass->network->inputs || pass->backward.wants_inputs)));
    if (!wanted || !recur_partition_of(pass, thread, &partition))
        return;
    for (size_t d = 0; d < pass->network->directions; d++)
        backward_input(pass, &partition, l, d);
    recur_pass_mark(pass, thread, RECUR_PHASE_BACKWARD);
}

void recur_pass_backward(struct recur_pass *pass, size_t thread)
{
    recur_pass_backward_head(pass, thread);
    for (size_t l = pass->network->layers; l-- > 0;) {
        recur_pass_backward_steps(pass, l, thread);
        recur_pass_backward_inputs(pass, l, thread);
    }
    recur_pass_rest(pass);
}
