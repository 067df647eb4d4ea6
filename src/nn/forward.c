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
    size_t spans = recur_slice_spans(pass, slice);
    size_t depth = recur_network_param(pass->network, layer->direction[d].weight_ih)->depth;
    unsigned has_input = 0;
    for (unsigned g = 0; g < cell->gates; g++) {
        size_t slot = u * cell->slots + cell->input_slot[g];
        const real *w = recur_pass_panel(pass, layer->direction[d].weight_ih, u * cell->gates + g);
        const real *bias = stream->slot_bias + slot * RECUR_LANES;
        has_input |= 1u << cell->input_slot[g];
        for (size_t i = 0; i < spans; i++) {
            struct recur_span span = recur_slice_span(pass, slice, i);
            real *z = stream->z + slot * stream->z_stride + span.row * RECUR_LANES;
            if (!layer->dense) {
                pass->kernels->gather(z, w, pass->ids + span.row, bias, span.rows);
                continue;
            }
            pass->kernels->fill(z, bias, span.rows);
            recur_pass_multiply(
                pass, z, stream->z_stride,
                (struct recur_left){pass->work->base, seam.value_panels, span.row, seam.columns}, w,
                depth * RECUR_LANES, 1, span.rows, true);
        }
    }
    for (unsigned s = 0; s < cell->slots; s++)
        for (size_t i = 0; i < spans && !(has_input >> s & 1); i++) {
            struct recur_span span = recur_slice_span(pass, slice, i);
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

/* h' W_hh^T (or q W_hh^T) of some rows on top of the input's part, for `count` unit panels. */
static void forward_product(const struct recur_pass *pass, const struct recur_piece *piece,
                            size_t l, size_t d, const struct recur_cell_phase *phase, size_t first,
                            size_t count)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    size_t depth = recur_network_param(pass->network, layer->direction[d].weight_hh)->depth;
    struct recur_left state = {stream->h, stream->h_panels, piece->before, layer->hidden};
    if (phase->from_rh)
        state = (struct recur_left){stream->q, stream->q_panels, piece->row, layer->hidden};
    struct recur_tile tile = recur_tile_at(pass, stream, piece, first);
    recur_pass_multiply(pass, tile.slot[cell->recurrent_slot[phase->first_gate]], stream->z_stride,
                        state,
                        recur_pass_panel(pass, layer->direction[d].weight_hh,
                                         first * cell->gates + phase->first_gate),
                        depth * RECUR_LANES, count * phase->gates, piece->rows, true);
}

/* One phase of one step: the product, then the cell. */
static void forward_step(const struct recur_pass *pass, const struct recur_slice *slice, size_t l,
                         size_t d, size_t t, const struct recur_cell_phase *phase)
{
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_cell_phase *last = &cell->phase[cell->phases - 1];
    struct recur_piece piece[2];
    unsigned pieces = recur_slice_pieces(pass, slice, d, t, piece);
    size_t rows = recur_slice_alive(pass, slice, t), end = recur_slice_end(slice, layer->units);
    if (!rows)
        return;
    size_t group = units_at_once(cell, phase, rows);
    for (size_t first = recur_slice_begin(slice, layer->units); first < end; first += group) {
        size_t count = end - first < group ? end - first : group;
        for (unsigned i = 0; i < pieces; i++) {
            if (!recur_piece_is_zero(pass, &piece[i]))
                forward_product(pass, &piece[i], l, d, phase, first, count);
            for (size_t u = first; u < first + count; u++) {
                struct recur_tile tile = recur_tile_at(pass, stream, &piece[i], u);
                phase->forward(pass->kernels, pass->network->activation, &tile);
                recur_pass_changed(pass, phase == last ? tile.h : tile.rh, piece[i].rows);
            }
        }
    }
}

/* The state before the first step: zero, or the one the last pass ended in. */
static void begin_state(const struct recur_pass *pass, const struct recur_slice *slice,
                        const struct recur_stream *stream, size_t d, size_t u)
{
    size_t to = recur_pass_initial(pass, d) + slice->row;
    size_t ended = recur_pass_after(pass, d, 0) + slice->row;
    if (pass->carried_steps && d == 0)
        ended += recur_pass_row(pass, pass->carried_steps - 1);
    size_t bytes = slice->rows * RECUR_LANES * sizeof(real);
    for (int c = 0; c < (stream->c ? 2 : 1) && !pass->given_states; c++) {
        real *panel = (c ? stream->c : stream->h) + u * stream->h_stride;
        if (pass->carried_steps)
            memmove(panel + to * RECUR_LANES, panel + ended * RECUR_LANES, bytes);
        else
            memset(panel + to * RECUR_LANES, 0, bytes);
    }
    recur_pass_changed(pass, stream->h + u * stream->h_stride + to * RECUR_LANES, slice->rows);
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
    for (size_t i = 0; i < slice->steps; i++)
        for (unsigned p = 0; p < cell->phases; p++) {
            forward_step(pass, slice, l, d, d ? slice->steps - 1 - i : i, &cell->phase[p]);
            recur_barrier_wait(slice->barrier);
        }
}

/* All directions of layer l, by the threads that are there for each. */
static void forward_layer(struct recur_pass *pass, const struct recur_slice *slice, size_t thread,
                          size_t l)
{
    struct recur_slice own;
    for (size_t d = 0; d < pass->network->directions; d++)
        if (recur_slice_walks(pass, slice, d, &own))
            forward_direction(pass, &own, thread, l, d);
    if (pass->work->grid.directions > 1)
        recur_barrier_wait(slice->barrier);
}

/* What layer 0 reads: embeddings, or the numbers that the caller has put there. */
static void forward_embedding(const struct recur_pass *pass, const struct recur_slice *slice)
{
    const struct recur_seam *seam = &pass->work->seam[0];
    size_t spans = recur_slice_spans(pass, slice);
    size_t end = recur_slice_end(slice, seam->panels);
    for (size_t p = recur_slice_begin(slice, seam->panels); p < end; p++)
        for (size_t i = 0; i < spans; i++) {
            struct recur_span span = recur_slice_span(pass, slice, i);
            real *value = seam->feature[p].value + span.row * RECUR_LANES;
            if (pass->network->embedding)
                pass->kernels->gather(value,
                                      recur_pass_panel(pass, pass->network->embedding_weight, p),
                                      pass->ids + span.row, NULL, span.rows);
            recur_pass_changed(pass, value, span.rows);
        }
    recur_barrier_wait(slice->barrier);
}

void recur_pass_gather_before(const struct recur_pass *pass, const struct recur_slice *slice,
                              size_t d, const real *states, real *to, bool adds)
{
    struct recur_piece piece[2];
    for (size_t t = 0; t < slice->steps; t++) {
        unsigned pieces = recur_slice_pieces(pass, slice, d, t, piece);
        for (unsigned i = 0; i < pieces; i++) {
            real *row = to + piece[i].row * RECUR_LANES;
            const real *before = states + piece[i].before * RECUR_LANES;
            if (adds)
                pass->kernels->add(row, row, before, piece[i].rows * RECUR_LANES);
            else
                memcpy(row, before, piece[i].rows * RECUR_LANES * sizeof *row);
        }
    }
}

/* Copies the outputs of layer l into what reads them: y = h, or the sum of both directions, after
 * each step or before it, some of it dropped. */
static void forward_seam(const struct recur_pass *pass, const struct recur_slice *slice, size_t l)
{
    const struct recur_seam *seam = &pass->work->seam[l + 1];
    bool before = recur_network_hands_on_before(pass->network, l);
    size_t units = pass->network->layer[l].units, spans = recur_slice_spans(pass, slice);
    size_t end = recur_slice_end(slice, seam->panels);
    for (size_t p = recur_slice_begin(slice, seam->panels); p < end; p++) {
        const struct recur_feature *feature = &seam->feature[p];
        const real *second = feature->state[1];
        if (before)
            recur_pass_gather_before(pass, slice, p / units, feature->state[0], feature->value,
                                     false);
        if (before && second)
            recur_pass_gather_before(pass, slice, 1, second, feature->value, true);
        for (size_t i = 0; i < spans; i++) {
            struct recur_span span = recur_slice_span(pass, slice, i);
            size_t at = span.row * RECUR_LANES, n = span.rows * RECUR_LANES;
            if (second && !before)
                pass->kernels->add(feature->value + at, feature->state[0] + at, second + at, n);
            else if (!pass->drops && !before)
                memcpy(feature->value + at, feature->state[0] + at, n * sizeof(real));
            if (pass->drops)
                recur_pass_drop(pass, l + 1, p, span, feature->value,
                                second || before ? feature->value : feature->state[0]);
            recur_pass_changed(pass, feature->value + at, span.rows);
        }
    }
    recur_barrier_wait(slice->barrier);
}

/* logits = y W^T + b and the loss, for a part of the rows. */
static void forward_head(const struct recur_pass *pass, const struct recur_slice *slice)
{
    const struct recur_network *network = pass->network;
    struct recur_workspace *work = pass->work;
    const struct recur_seam *seam = &work->seam[network->layers];
    size_t spans = recur_slice_own_spans(pass, slice);
    size_t depth = recur_network_param(network, network->head_weight)->depth;
    for (size_t v = 0; v < recur_panels(network->outputs); v++)
        for (size_t i = 0; i < spans; i++) {
            struct recur_span span = recur_slice_own_span(pass, slice, i);
            real *x = work->logits + v * work->logit_stride + span.row * RECUR_LANES;
            pass->kernels->fill(x, recur_pass_panel(pass, network->head_bias, v), span.rows);
            recur_pass_multiply(
                pass, x, work->logit_stride,
                (struct recur_left){work->base, seam->value_panels, span.row, seam->columns},
                recur_pass_panel(pass, network->head_weight, v), depth * RECUR_LANES, 1, span.rows,
                true);
        }
    for (size_t i = 0; i < spans && pass->targets; i++) {
        struct recur_span span = recur_slice_own_span(pass, slice, i);
        pass->kernels->softmax_loss(work->logits + span.row * RECUR_LANES, work->logit_stride,
                                    network->outputs, span.rows, pass->targets + span.row,
                                    pass->loss_scale, work->loss + span.row);
    }
    recur_barrier_wait(slice->barrier);
}

void recur_pass_drop(const struct recur_pass *pass, size_t seam, size_t panel,
                     struct recur_span span, real *to, const real *from)
{
    const struct recur_lengths *lengths = pass->lengths;
    uint64_t place = (((uint64_t)seam << 24) + panel) << 32;
    uint32_t threshold = (uint32_t)((double)pass->network->dropout * 0x1p32);
    size_t at = span.row * RECUR_LANES;
    if (!lengths || !lengths->ties) {
        pass->kernels->dropout(to + at, from + at, span.rows * RECUR_LANES, pass->dropout_key,
                               place | (uint64_t)at, threshold);
        return;
    }
    for (size_t t = 0; t < lengths->steps && lengths->offset[t] < span.row + span.rows; t++)
        for (size_t b = 0; b < lengths->alive[t]; b++) {
            size_t row = lengths->offset[t] + b, like = lengths->offset[t] + lengths->same[b];
            at = row * RECUR_LANES;
            if (row >= span.row && row < span.row + span.rows)
                pass->kernels->dropout(to + at, from + at, RECUR_LANES, pass->dropout_key,
                                       place | (uint64_t)(like * RECUR_LANES), threshold);
        }
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
    if (pass->network->embedding || (pass->network->layer[0].dense && pass->work->bf16))
        forward_embedding(pass, &slice);
    for (size_t l = 0; l < pass->network->layers; l++) {
        forward_layer(pass, &slice, thread, l);
        if (pass->work->seam[l + 1].copies)
            forward_seam(pass, &slice, l);
        recur_pass_mark(pass, thread, RECUR_PHASE_FORWARD);
    }
    if (!pass->headless)
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
    for (size_t row = 0; row < recur_pass_rows(pass); row++)
        sum += (double)pass->work->loss[row];
    return sum;
}
