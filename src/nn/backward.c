/* Backward through time: from the logits' gradient to the gradients of every z. */
#include <string.h>

#include "nn/slice.h"

/* y's gradient: dy = dlogits W, for a part of the steps; forward: logits = y W^T + b. */
static void backward_head(const struct recur_pass *pass, const struct recur_slice *slice)
{
    const struct recur_workspace *work = pass->work;
    const struct recur_seam *seam = &work->seam[pass->network->layers];
    size_t panels = recur_panels(pass->network->vocabulary);
    size_t first = recur_slice_begin(slice, pass->steps);
    size_t last = recur_slice_end(slice, pass->steps);
    size_t spans = recur_slice_spans(pass, slice, first, last);
    for (size_t p = 0; p < seam->panels; p++)
        for (size_t i = 0; i < spans; i++) {
            struct recur_span span = recur_slice_span(pass, slice, first, last, i);
            pass->kernels->product(seam->feature[p].gradient + span.row * RECUR_LANES, 0,
                                   recur_rows_from(work->logits, work->logit_panels, span.row),
                                   pass->network->vocabulary,
                                   work->head_transposed + p * panels * RECUR_LANES * RECUR_LANES,
                                   0, 1, span.rows, false);
        }
    recur_barrier_wait(slice->barrier);
}

/* dh of the layer's outputs from dy of the seam above it; forward: y = (h + h of the second
 * direction) mask / (1 - p). */
static void backward_seam(const struct recur_pass *pass, const struct recur_slice *slice, size_t l)
{
    const struct recur_seam *seam = &pass->work->seam[l + 1];
    size_t spans = recur_slice_spans(pass, slice, 0, pass->steps);
    size_t end = recur_slice_end(slice, seam->panels);
    for (size_t p = recur_slice_begin(slice, seam->panels); p < end; p++)
        for (size_t i = 0; i < spans; i++) {
            struct recur_span span = recur_slice_span(pass, slice, 0, pass->steps, i);
            const struct recur_feature *feature = &seam->feature[p];
            size_t at = span.row * RECUR_LANES;
            if (pass->drops)
                recur_pass_drop(pass, l + 1, p, span, feature->gradient, feature->gradient);
            if (feature->second_gradient)
                memcpy(feature->second_gradient + at, feature->gradient + at,
                       span.rows * RECUR_LANES * sizeof(real));
        }
    recur_barrier_wait(slice->barrier);
}

static struct recur_tile gradient_tile(const struct recur_pass *pass,
                                       const struct recur_stream *stream,
                                       const struct recur_slice *slice, size_t d, size_t t,
                                       size_t u)
{
    struct recur_tile tile = recur_tile_at(pass, stream, slice, d, t, u);
    size_t carried = (u * pass->work->batch + slice->row) * RECUR_LANES;
    tile.dh = stream->dh + (tile.h - stream->h);
    tile.dh_prev = stream->dh + (tile.h_prev - stream->h);
    tile.dc = stream->dc ? stream->dc + carried : NULL;
    tile.rh = stream->dq ? stream->dq + carried : NULL;
    return tile;
}

/* to (rows, 32) = or += the gradients of phase p's gates at step t, times W_hh;
 * forward: z = ... + h' W_hh^T. */
static void backward_product(const struct recur_pass *pass, const struct recur_slice *slice,
                             size_t l, size_t d, size_t t, unsigned p, size_t u, real *to,
                             bool accumulate)
{
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    size_t depth = layer->units * pass->network->cell->phase[p].gates * RECUR_LANES;
    pass->kernels->product(
        to, stream->h_stride,
        recur_rows_from(stream->z, stream->gate_panels[p], t * pass->work->batch + slice->row),
        depth, stream->recurrent_transposed[p] + u * depth * RECUR_LANES, 0, 1, slice->rows,
        accumulate);
}

/* One step back: dh is completed with what the later step sends through W_hh, then the phases run
 * in reverse; between two of them dq = dn W_hn. */
static void backward_step(const struct recur_pass *pass, const struct recur_slice *slice, size_t l,
                          size_t d, size_t i)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    enum recur_activation activation = pass->network->activation;
    size_t t = d ? pass->steps - 1 - i : i, later = d ? t - 1 : t + 1;
    size_t begin = recur_slice_begin(slice, layer->units);
    size_t end = recur_slice_end(slice, layer->units);
    for (size_t u = begin; u < end; u++) {
        struct recur_tile tile = gradient_tile(pass, stream, slice, d, t, u);
        if (i + 1 < pass->steps)
            backward_product(pass, slice, l, d, later, 0, u, stream->dh + (tile.h - stream->h),
                             true);
        cell->phase[cell->phases - 1].backward(pass->kernels, activation, &tile);
    }
    recur_barrier_wait(slice->barrier);
    if (cell->phases == 1)
        return;
    for (size_t u = begin; u < end; u++) {
        struct recur_tile tile = gradient_tile(pass, stream, slice, d, t, u);
        backward_product(pass, slice, l, d, t, 1, u, tile.rh, false);
        cell->phase[0].backward(pass->kernels, activation, &tile);
    }
    recur_barrier_wait(slice->barrier);
}

/* The one block of dh that has nothing from the seam above is zero: that of the initial state, or
 * of the last one where the states before each step are handed on. */
static void begin_gradient(const struct recur_pass *pass, const struct recur_slice *slice, size_t l,
                           size_t d, size_t u)
{
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    size_t batch = pass->work->batch, bytes = slice->rows * RECUR_LANES * sizeof(real);
    size_t first = d ? pass->steps - 1 : 0, last = d ? 0 : pass->steps - 1;
    size_t block = recur_network_hands_on_before(pass->network, l) ? recur_block_after(d, last)
                                                                   : recur_block_before(d, first);
    memset(stream->dh + u * stream->h_stride + (block * batch + slice->row) * RECUR_LANES, 0,
           bytes);
    if (stream->dc)
        memset(stream->dc + (u * batch + slice->row) * RECUR_LANES, 0, bytes);
}

static void backward_direction(const struct recur_pass *pass, const struct recur_slice *slice,
                               size_t l, size_t d)
{
    const struct recur_layer *layer = &pass->network->layer[l];
    size_t end = recur_slice_end(slice, layer->units);
    for (size_t u = recur_slice_begin(slice, layer->units); u < end; u++)
        begin_gradient(pass, slice, l, d, u);
    for (size_t i = pass->steps; i-- > 0;)
        backward_step(pass, slice, l, d, i);
}

/* dx = or += dz W_ih, into the gradients of the seam below; forward: z = x W_ih^T + ... */
static void backward_input(const struct recur_pass *pass, const struct recur_slice *slice, size_t l,
                           size_t d)
{
    const struct recur_layer *layer = &pass->network->layer[l];
    const struct recur_stream *stream = recur_workspace_stream(pass->work, pass->network, l, d);
    const struct recur_seam seam = recur_workspace_input(pass->work, pass->network, l, d);
    bool accumulate = d > 0 && !recur_network_apart(pass->network, l);
    size_t depth = layer->units * pass->network->cell->gates * RECUR_LANES;
    size_t spans = recur_slice_spans(pass, slice, 0, pass->steps);
    size_t end = recur_slice_end(slice, seam.panels);
    for (size_t p = recur_slice_begin(slice, seam.panels); p < end; p++)
        for (size_t i = 0; i < spans; i++) {
            struct recur_span span = recur_slice_span(pass, slice, 0, pass->steps, i);
            pass->kernels->product(seam.feature[p].gradient + span.row * RECUR_LANES, 0,
                                   recur_rows_from(stream->z, stream->input_panels, span.row),
                                   depth, stream->input_transposed + p * depth * RECUR_LANES, 0, 1,
                                   span.rows, accumulate);
        }
    recur_barrier_wait(slice->barrier);
}

void recur_pass_backward(struct recur_pass *pass, size_t thread)
{
    struct recur_slice slice;
    if (!recur_slice_of(pass, thread, &slice))
        return;
    backward_head(pass, &slice);
    recur_pass_mark(pass, thread, RECUR_PHASE_HEAD);
    for (size_t l = pass->network->layers; l-- > 0;) {
        if (pass->work->seam[l + 1].copies)
            backward_seam(pass, &slice, l);
        for (size_t d = 0; d < pass->network->directions; d++)
            backward_direction(pass, &slice, l, d);
        for (size_t d = 0; d < pass->network->directions && pass->network->layer[l].dense; d++)
            backward_input(pass, &slice, l, d);
    }
    recur_pass_mark(pass, thread, RECUR_PHASE_BACKWARD);
}
