/* Forward: embeddings or look-ups, the recurrent layers, the head, the loss. */
#include <string.h>

#include "base/clock.h"
#include "nn/slice.h"

/* x W_ih^T + b into the slots of the unit panels [first, last), for all steps. */
static void forward_input(const struct recur_pass *pass, const struct recur_slice *slice, size_t l,
                          size_t d, size_t u)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    const struct recur_seam seam = recur_workspace_input(pass->work, pass->network, l, d);
    size_t spans = recur_slice_spans(pass, slice, 0, pass->steps);
    size_t depth = recur_network_param(pass->network, layer->direction[d].weight_ih)->depth;
    unsigned has_input = 0;
    for (unsigned g = 0; g < cell->gates; g++) {
        size_t slot = u * cell->slots + cell->input_slot[g];
        const real *w = recur_pass_panel(pass, layer->direction[d].weight_ih, u * cell->gates + g);
        const real *bias = stream->slot_bias + slot * RECUR_LANES;
        has_input |= 1u << cell->input_slot[g];
        for (size_t i = 0; i < spans; i++) {
            struct recur_span span = recur_slice_span(pass, slice, 0, pass->steps, i);
            real *z = stream->z + slot * stream->z_stride + span.row * RECUR_LANES;
            if (!layer->dense) {
                pass->kernels->gather(z, w, pass->ids + span.row, bias, span.rows);
                continue;
            }
            pass->kernels->fill(z, bias, span.rows);
            pass->kernels->product(z, stream->z_stride,
                                   recur_rows_from(pass->work->base, seam.value_panels, span.row),
                                   seam.columns, w, depth * RECUR_LANES, 1, span.rows, true);
        }
    }
    for (unsigned s = 0; s < cell->slots; s++)
        for (size_t i = 0; i < spans && !(has_input >> s & 1); i++) {
            struct recur_span span = recur_slice_span(pass, slice, 0, pass->steps, i);
            size_t slot = u * cell->slots + s;
            pass->kernels->fill(stream->z + slot * stream->z_stride + span.row * RECUR_LANES,
                                stream->slot_bias + slot * RECUR_LANES, span.rows);
        }
}

/* Numbers of z that a product writes before the cell reads them: they are still in the L1 cache. */
#define TILE_NUMBERS 4096

/* How many unit panels one product serves: several where a few rows fill little of the cache, and
 * where the phase's slots are all there are, so that theirs lie at equal distances. */
static size_t units_at_once(const struct recur_cell_kind *cell,
                            const struct recur_cell_phase *phase, size_t rows)
{
    size_t units = TILE_NUMBERS / (rows * RECUR_LANES * phase->gates);
    return phase->gates == cell->slots && units > 1 ? units : 1;
}

/* One phase of one step: h' W_hh^T (or q W_hh^T) on top of the input's part, then the cell. */
static void forward_step(const struct recur_pass *pass, const struct recur_slice *slice, size_t l,
                         size_t d, size_t t, const struct recur_cell_phase *phase)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    size_t batch = pass->work->batch;
    size_t depth = recur_network_param(pass->network, layer->direction[d].weight_hh)->depth;
    struct recur_rows state =
        phase->from_rh ? recur_rows_from(stream->q, stream->q_panels, t * batch + slice->row)
                       : recur_rows_from(stream->h, stream->h_panels,
                                         recur_block_before(d, t) * batch + slice->row);
    size_t end = recur_slice_end(slice, layer->units);
    size_t group = units_at_once(cell, phase, slice->rows);
    for (size_t first = recur_slice_begin(slice, layer->units); first < end; first += group) {
        size_t count = end - first < group ? end - first : group;
        struct recur_tile tile = recur_tile_at(pass, stream, slice, d, t, first);
        pass->kernels->product(tile.slot[cell->recurrent_slot[phase->first_gate]], stream->z_stride,
                               state, layer->hidden,
                               recur_pass_panel(pass, layer->direction[d].weight_hh,
                                                first * cell->gates + phase->first_gate),
                               depth * RECUR_LANES, count * phase->gates, slice->rows, true);
        for (size_t u = first; u < first + count; u++) {
            tile = recur_tile_at(pass, stream, slice, d, t, u);
            phase->forward(pass->kernels, pass->network->activation, &tile);
        }
    }
}

/* The state before the first step: zero, or the one the last pass ended in. */
static void begin_state(const struct recur_pass *pass, const struct recur_slice *slice,
                        const struct recur_stream *stream, size_t d, size_t u)
{
    size_t batch = pass->work->batch;
    size_t first = recur_block_before(d, d ? pass->steps - 1 : 0);
    size_t ended = d || !pass->carried_steps ? 0 : recur_block_after(d, pass->carried_steps - 1);
    size_t bytes = slice->rows * RECUR_LANES * sizeof(real);
    for (int c = 0; c < (stream->c ? 2 : 1); c++) {
        real *panel = (c ? stream->c : stream->h) + u * stream->h_stride;
        real *to = panel + (first * batch + slice->row) * RECUR_LANES;
        if (pass->carried_steps)
            memmove(to, panel + (ended * batch + slice->row) * RECUR_LANES, bytes);
        else
            memset(to, 0, bytes);
    }
}

static void forward_direction(struct recur_pass *pass, const struct recur_slice *slice,
                              size_t thread, size_t l, size_t d)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    size_t end = recur_slice_end(slice, layer->units);
    for (size_t u = recur_slice_begin(slice, layer->units); u < end; u++) {
        begin_state(pass, slice, stream, d, u);
        forward_input(pass, slice, l, d, u);
    }
    recur_barrier_wait(slice->barrier);
    recur_pass_mark(pass, thread, RECUR_PHASE_INPUT);
    for (size_t i = 0; i < pass->steps; i++)
        for (unsigned p = 0; p < cell->phases; p++) {
            forward_step(pass, slice, l, d, d ? pass->steps - 1 - i : i, &cell->phase[p]);
            recur_barrier_wait(slice->barrier);
        }
}

static void forward_embedding(const struct recur_pass *pass, const struct recur_slice *slice)
{
    const struct recur_seam *seam = &pass->work->seam[0];
    size_t spans = recur_slice_spans(pass, slice, 0, pass->steps);
    size_t end = recur_slice_end(slice, seam->panels);
    for (size_t p = recur_slice_begin(slice, seam->panels); p < end; p++)
        for (size_t i = 0; i < spans; i++) {
            struct recur_span span = recur_slice_span(pass, slice, 0, pass->steps, i);
            pass->kernels->gather(seam->feature[p].value + span.row * RECUR_LANES,
                                  recur_pass_panel(pass, pass->network->embedding_weight, p),
                                  pass->ids + span.row, NULL, span.rows);
        }
    recur_barrier_wait(slice->barrier);
}

/* Copies the outputs of layer l into the next layer's input: y = h, or the sum of both directions,
 * some of it dropped. */
static void forward_seam(const struct recur_pass *pass, const struct recur_slice *slice, size_t l)
{
    const struct recur_seam *seam = &pass->work->seam[l + 1];
    size_t spans = recur_slice_spans(pass, slice, 0, pass->steps);
    size_t end = recur_slice_end(slice, seam->panels);
    for (size_t p = recur_slice_begin(slice, seam->panels); p < end; p++) {
        const struct recur_feature *feature = &seam->feature[p];
        const real *second = feature->state[1];
        for (size_t i = 0; i < spans; i++) {
            struct recur_span span = recur_slice_span(pass, slice, 0, pass->steps, i);
            size_t at = span.row * RECUR_LANES, n = span.rows * RECUR_LANES;
            if (second)
                pass->kernels->add(feature->value + at, feature->state[0] + at, second + at, n);
            else if (!pass->drops)
                memcpy(feature->value + at, feature->state[0] + at, n * sizeof(real));
            if (pass->drops)
                recur_pass_drop(pass, l + 1, p, span, feature->value,
                                second ? feature->value : feature->state[0]);
        }
    }
    recur_barrier_wait(slice->barrier);
}

/* logits = y W^T + b and the loss, for a part of the steps. */
static void forward_head(const struct recur_pass *pass, const struct recur_slice *slice)
{
    const struct recur_network *network = pass->network;
    struct recur_workspace *work = pass->work;
    const struct recur_seam *seam = &work->seam[network->layers];
    size_t first = recur_slice_begin(slice, pass->steps);
    size_t last = recur_slice_end(slice, pass->steps);
    size_t spans = recur_slice_spans(pass, slice, first, last);
    size_t depth = recur_network_param(network, network->head_weight)->depth;
    for (size_t v = 0; v < recur_panels(network->vocabulary); v++)
        for (size_t i = 0; i < spans; i++) {
            struct recur_span span = recur_slice_span(pass, slice, first, last, i);
            real *x = work->logits + v * work->logit_stride + span.row * RECUR_LANES;
            pass->kernels->fill(x, recur_pass_panel(pass, network->head_bias, v), span.rows);
            pass->kernels->product(x, work->logit_stride,
                                   recur_rows_from(work->base, seam->value_panels, span.row),
                                   seam->columns, recur_pass_panel(pass, network->head_weight, v),
                                   depth * RECUR_LANES, 1, span.rows, true);
        }
    for (size_t i = 0; i < spans && pass->targets; i++) {
        struct recur_span span = recur_slice_span(pass, slice, first, last, i);
        pass->kernels->softmax_loss(work->logits + span.row * RECUR_LANES, work->logit_stride,
                                    network->vocabulary, span.rows, pass->targets + span.row,
                                    pass->loss_scale, work->loss + span.row);
    }
    recur_barrier_wait(slice->barrier);
}

void recur_pass_mark(struct recur_pass *pass, size_t thread, enum recur_phase phase)
{
    if (thread != 0 || !pass->phase_seconds)
        return;
    double now = recur_clock();
    pass->phase_seconds[phase] += now - pass->phase_start;
    pass->phase_start = now;
}

void recur_pass_forward(struct recur_pass *pass, size_t thread)
{
    struct recur_slice slice;
    if (!recur_slice_of(pass, thread, &slice))
        return;
    if (pass->network->embedding)
        forward_embedding(pass, &slice);
    for (size_t l = 0; l < pass->network->layers; l++) {
        for (size_t d = 0; d < pass->network->directions; d++)
            forward_direction(pass, &slice, thread, l, d);
        if (pass->work->seam[l + 1].copies)
            forward_seam(pass, &slice, l);
        recur_pass_mark(pass, thread, RECUR_PHASE_FORWARD);
    }
    forward_head(pass, &slice);
    recur_pass_mark(pass, thread, RECUR_PHASE_HEAD);
}

static void prepare_backward(void *argument, size_t thread, size_t threads)
{
    (void)thread;
    (void)threads;
    recur_pass_prepare(argument, true);
}

static void prepare_forward(void *argument, size_t thread, size_t threads)
{
    (void)thread;
    (void)threads;
    recur_pass_prepare(argument, false);
}

static void forward(void *argument, size_t thread, size_t threads)
{
    (void)threads;
    recur_pass_forward(argument, thread);
}

void recur_pass_run_prepare(struct recur_pass *pass, struct recur_team *team, bool backward)
{
    atomic_store_explicit(&pass->next_task, 0, memory_order_relaxed);
    recur_team_run(team, backward ? prepare_backward : prepare_forward, pass);
}

void recur_pass_run_forward(struct recur_pass *pass, struct recur_team *team)
{
    recur_team_run(team, forward, pass);
}

double recur_pass_loss_sum(const struct recur_pass *pass)
{
    double sum = 0;
    for (size_t row = 0; row < pass->steps * pass->work->batch; row++)
        sum += (double)pass->work->loss[row];
    return sum;
}
