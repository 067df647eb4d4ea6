/* Copies between a caller's row-major arrays and the panels that an engine computes with. */
#include <string.h>

#include "backend/cpu/engine.h"
#include "backend/cpu/partition.h"

/* Panels that are copied from or to a caller's array (T, B, columns): an input's features, or
 * logits. */
struct panels {
    size_t count, columns;
    const struct recur_feature *feature; /* NULL: logits */
    bool gradient;
    real *logits;
    size_t stride;
};

static real *panel_of(const struct panels *panels, size_t p, size_t *width)
{
    const struct recur_feature *feature = panels->feature;
    *width = feature ? feature[p].width : recur_panel_width(panels->columns, p);
    if (!feature)
        return panels->logits + p * panels->stride;
    return panels->gradient ? feature[p].gradient : feature[p].value;
}

static void copy_row(float *to, const float *from, size_t width)
{
    if (width == RECUR_LANES) /* a size that the compiler knows needs no call */
        memcpy(to, from, RECUR_LANES * sizeof *to);
    else
        memcpy(to, from, width * sizeof *to);
}

/* Copies the caller's numbers into a row; NULL stands for zeros. */
static void load(const struct panels *panels, size_t row, const float *from)
{
    for (size_t p = 0, width; p < panels->count; p++) {
        real *to = panel_of(panels, p, &width) + row * RECUR_LANES;
        if (!from || width < RECUR_LANES)
            memset(to, 0, RECUR_LANES * sizeof *to);
        if (from) {
            copy_row(to, from, width);
            from += width;
        }
    }
}

static void store(const struct panels *panels, size_t row, float *to)
{
    for (size_t p = 0, width; p < panels->count; p++, to += width) {
        const real *from = panel_of(panels, p, &width) + row * RECUR_LANES;
        copy_row(to, from, width);
    }
}

/* Copies whole rows of the caller's array, of the sequences that the thread works on itself. Where
 * several threads work on the same sequences, they share the steps. Behind a sequence's end the
 * caller gets zeros. */
static void exchange(const struct recur_cpu_engine *engine, const struct panels *panels,
                     const float *from, float *to, size_t thread)
{
    const struct recur_lengths *lengths = &engine->sequences.lengths;
    const size_t steps = to ? engine->sequences.input.steps : lengths->steps;
    struct recur_partition partition;
    if (!recur_partition_of(&engine->pass, thread, &partition))
        return;
    for (size_t t = recur_partition_begin(&partition, steps);
         t < recur_partition_end(&partition, steps); t++)
        for (size_t b = partition.first; b < partition.first + partition.sequences; b++) {
            size_t at = (t * lengths->batch + lengths->order[b]) * panels->columns;
            if (t >= lengths->length[b]) {
                if (to)
                    memset(to + at, 0, panels->columns * sizeof *to);
                continue;
            }
            size_t row = recur_pass_row(&engine->pass, t, b);
            if (to)
                store(panels, row, to + at);
            else
                load(panels, row, from ? from + at : NULL);
        }
}

void recur_cpu_exchange_layer_input(const struct recur_cpu_engine *engine,
                                    const struct recur_layer_input *layer_input, bool gradient,
                                    const float *from, float *to, size_t thread)
{
    struct panels panels = {
        .count = layer_input->panels, .feature = layer_input->feature, .gradient = gradient};
    for (size_t p = 0; p < layer_input->panels; p++)
        panels.columns += layer_input->feature[p].width;
    exchange(engine, &panels, from, to, thread);
}

void recur_cpu_exchange_logits(const struct recur_cpu_engine *engine, const float *from, float *to,
                               size_t thread)
{
    size_t vocabulary = engine->base.plan.network->outputs;
    const struct panels panels = {.count = recur_panels(vocabulary),
                                  .columns = vocabulary,
                                  .logits = engine->work.logits,
                                  .stride = engine->work.logit_stride};
    exchange(engine, &panels, from, to, thread);
}

static real *state_row(const struct recur_cpu_engine *engine, const struct recur_stream *stream,
                       size_t d, enum recur_cpu_states which, size_t b, size_t *stride)
{
    const struct recur_pass *pass = &engine->pass;
    size_t initial = recur_pass_initial(pass, d);
    *stride = stream->h_stride;
    switch (which) {
    case RECUR_CPU_H0: return stream->h + (initial + b) * RECUR_LANES;
    case RECUR_CPU_C0: return stream->c + (initial + b) * RECUR_LANES;
    case RECUR_CPU_H_N: return stream->h + recur_pass_last(pass, d, b) * RECUR_LANES;
    case RECUR_CPU_C_N: return stream->c + recur_pass_last(pass, d, b) * RECUR_LANES;
    case RECUR_CPU_DH0: return stream->dh + (initial + b) * RECUR_LANES;
    case RECUR_CPU_ENDS:
    case RECUR_CPU_DC: break;
    }
    *stride = engine->work.batch * RECUR_LANES;
    return (which == RECUR_CPU_DC ? stream->dc : stream->ends) + b * RECUR_LANES;
}

void recur_cpu_exchange_states(const struct recur_cpu_engine *engine, enum recur_cpu_states which,
                               const float *from, float *to, size_t thread, size_t threads)
{
    const struct recur_network *network = engine->base.plan.network;
    size_t batch = engine->sequences.lengths.batch, begun = 0, stride;
    size_t count = network->layers * network->directions;
    for (size_t i = 0; i < count; i++) {
        size_t hidden = network->layer[i / network->directions].hidden;
        bool gone = engine->work.shares && i + network->directions < count;
        for (size_t b = batch * thread / threads; b < batch * (thread + 1) / threads && !gone;
             b++) {
            size_t at = begun + engine->sequences.lengths.order[b] * hidden;
            real *row = state_row(engine, &engine->work.stream[i], i % network->directions, which,
                                  b, &stride);
            for (size_t j = 0; j < hidden; j += RECUR_LANES, row += stride) {
                size_t width = hidden - j < RECUR_LANES ? hidden - j : RECUR_LANES;
                if (to)
                    memcpy(to + at + j, row, width * sizeof *row);
                else
                    memset(row, 0, RECUR_LANES * sizeof *row);
                if (from)
                    memcpy(row, from + at + j, width * sizeof *row);
            }
        }
        begun += batch * hidden;
    }
}
