/* Reading texts: scores predictions, hands out states and logits. */
#include <string.h>

#include "backend/cuda/cuda_engine.h"
#include "base/memory.h"
#include "nn/model_object.h"

size_t recur_cuda_rows(const recur_model *model)
{
    const size_t least = (size_t)64 << 20, times = 64;
    const struct recur_network *network = &model->network;
    size_t file = recur_size_mul(network->params.learned, sizeof(float)), widest = 1;
    for (size_t l = 0; l < network->layers; l++)
        if (network->layer[l].units > widest)
            widest = network->layer[l].units;
    size_t arrays = network->directions * (network->cell->slots + 6);
    size_t row = recur_size_mul(recur_size_mul(widest, RECUR_LANES * sizeof(float)), arrays);
    size_t rows = recur_size_add(least, recur_size_mul(times, file)) / row;
    return rows ? rows : 1;
}

/* Forward through the layers, of sequences of equal lengths. */
static void queue(struct recur_cuda_engine *engine, const struct recur_minibatch *batch)
{
    const recur_stack_input *input = &batch->input;
    for (size_t b = 0; b < input->batch; b++)
        engine->equal[b] = input->steps;
    recur_lengths_set(&engine->lengths, input->batch, engine->equal, NULL, 0);
    recur_cuda_load_rows(engine, input->ids, input->targets, false);
    engine->pass = (struct recur_cuda_pass){.carries = batch->carries};
    engine->read = false;
    recur_cuda_queue_forward(engine);
}

enum recur_status recur_cuda_forward_reading(struct recur_cuda_engine *engine,
                                             const struct recur_minibatch *batch,
                                             recur_error *error)
{
    queue(engine, batch);
    return recur_cuda_finish(engine->queue, error);
}

enum recur_status recur_cuda_score(struct recur_engine *base, const struct recur_minibatch *batch,
                                   float *losses, size_t stride, size_t *hits, recur_error *error)
{
    struct recur_cuda_engine *engine = recur_cuda_engine_of(base);
    const recur_stack_input *input = &batch->input;
    size_t rows = input->batch * input->steps;
    float *loss = engine->host;
    int32_t *hit = (int32_t *)(void *)(engine->host + engine->rows);
    RECUR_TRY(recur_cuda_enter(engine->own.cuda, error));
    queue(engine, batch);
    for (size_t first = 0, count; first < rows; first += count) {
        count = rows - first < engine->chunk ? rows - first : engine->chunk;
        recur_cuda_queue_logits(engine, first, count);
        recur_cuda_queue_loss(engine, first, count, 1, true);
    }
    recur_cuda_download(engine->queue, loss, engine->losses, rows * sizeof *loss);
    recur_cuda_download(engine->queue, hit, engine->hits, rows * sizeof *hit);
    enum recur_status status = recur_cuda_finish(engine->queue, error);
    recur_cuda_leave(engine->own.cuda);
    RECUR_TRY(status);
    for (size_t t = 0; t < input->steps; t++)
        memcpy(losses + t * stride, loss + t * input->batch, input->batch * sizeof *losses);
    *hits = 0;
    for (size_t row = 0; row < rows; row++)
        *hits += hit[row] != 0;
    return RECUR_OK;
}

/* Brings the states of the top layer that was run to the host, once for each pass. */
static void read_outputs(struct recur_cuda_engine *engine)
{
    size_t layer = engine->layers - 1, rows = engine->lengths.rows;
    size_t width = recur_cuda_width(engine, layer);
    if (engine->read || recur_cuda_enter(engine->own.cuda, NULL) != RECUR_OK)
        return;
    for (size_t d = 0; d < engine->network->directions; d++)
        recur_cuda_download(
            engine->queue, engine->host + d * rows * width,
            recur_cuda_at(recur_cuda_side_of(engine, layer, d)->h, engine->batch * width),
            rows * width * sizeof(float));
    engine->read = recur_cuda_finish(engine->queue, NULL) == RECUR_OK;
    recur_cuda_leave(engine->own.cuda);
}

void recur_cuda_outputs(const struct recur_engine *base, size_t b, size_t first, size_t last,
                        float *values)
{
    struct recur_cuda_engine *engine = recur_cuda_engine_of(base);
    size_t layer = engine->layers - 1, rows = engine->lengths.rows;
    size_t width = recur_cuda_width(engine, layer), hidden = engine->network->layer[layer].hidden;
    read_outputs(engine);
    for (size_t t = first; t < last; t++)
        for (size_t d = 0; d < engine->network->directions; d++, values += hidden)
            memcpy(values, engine->host + (d * rows + t * engine->lengths.batch + b) * width,
                   hidden * sizeof *values);
}

void recur_cuda_logits(struct recur_engine *base, size_t t, size_t count, float *logits)
{
    struct recur_cuda_engine *engine = recur_cuda_engine_of(base);
    size_t vocabulary = engine->network->outputs, columns = recur_panels(vocabulary) * RECUR_LANES;
    engine->read = false; /* the logits take its place */
    if (recur_cuda_enter(engine->own.cuda, NULL) != RECUR_OK)
        return;
    recur_cuda_queue_logits(engine, engine->lengths.offset[t], count);
    recur_cuda_download(engine->queue, engine->host, engine->logits,
                        count * columns * sizeof(float));
    recur_cuda_finish(engine->queue, NULL);
    recur_cuda_leave(engine->own.cuda);
    for (size_t b = 0; b < count; b++)
        memcpy(logits + b * vocabulary, engine->host + b * columns, vocabulary * sizeof *logits);
}
