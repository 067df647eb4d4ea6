/* All steps of a layer in one launch, where a cluster of blocks can hold the layer's weights
 * (kernels/recurrence.h). Whether it does, and by how many blocks, changes no bit. */
#include "backend/cuda/cuda_engine.h"

enum { WARPS = GPU_STEPS_THREADS / 32 };
enum { LEAST_WIDTH = 16, PORTABLE = 8, MOST_BLOCKS = 16 };

static enum recur_cuda_kernel kernel_of(const struct recur_cuda_engine *engine, bool back)
{
    static const enum recur_cuda_kernel kernel[][2][2] = {
        [RECUR_CELL_RNN] = {{RECUR_CUDA_rnn_steps_forward_f32, RECUR_CUDA_rnn_steps_forward_bf16},
                            {RECUR_CUDA_rnn_steps_backward_f32,
                             RECUR_CUDA_rnn_steps_backward_bf16}},
        [RECUR_CELL_GRU] = {{RECUR_CUDA_gru_steps_forward_f32, RECUR_CUDA_gru_steps_forward_bf16},
                            {RECUR_CUDA_gru_steps_backward_f32,
                             RECUR_CUDA_gru_steps_backward_bf16}},
        [RECUR_CELL_LSTM] = {{RECUR_CUDA_lstm_steps_forward_f32,
                              RECUR_CUDA_lstm_steps_forward_bf16},
                             {RECUR_CUDA_lstm_steps_backward_f32,
                              RECUR_CUDA_lstm_steps_backward_bf16}},
    };
    bool bf16 = engine->base.plan.precision == RECUR_PRECISION_BF16;
    return kernel[engine->network->cell->cell][back][bf16];
}

/* The shared memory of a block that has `width` units, in bytes; 0 where its weights do not fit. As
 * share_of of the kernels. */
static size_t shared_of(const struct recur_cuda_engine *engine, size_t columns, size_t width,
                        bool back)
{
    bool bf16 = engine->base.plan.precision == RECUR_PRECISION_BF16;
    size_t gates = engine->network->cell->gates, rows = back ? width : width * gates;
    size_t depth = back ? columns * gates : columns,
           chunks = (depth + GPU_CHUNK_K - 1) / GPU_CHUNK_K;
    size_t operand = GPU_SEQUENCES * (bf16 ? chunks * 32 + 4 : depth);
    size_t numbers = (bf16 ? 0 : rows * depth) + 2 * operand + chunks * GPU_SEQUENCES * (rows + 4);
    bool fits = !bf16 || rows / 16 * chunks <= WARPS * GPU_ITEMS;
    return fits && numbers * sizeof(float) <= engine->queue->cuda->shared ? numbers * sizeof(float)
                                                                          : 0;
}

/* Blocks of a cluster that have `width` units each: a power of two. */
static size_t blocks_of(size_t columns, size_t width)
{
    size_t blocks = 1;
    while (blocks * width < columns)
        blocks *= 2;
    return blocks;
}

/* More blocks have less to do each, up to the number that every GPU with clusters can run. */
static bool is_better(size_t blocks, size_t than)
{
    if ((blocks > PORTABLE) != (than > PORTABLE))
        return blocks <= PORTABLE || !than;
    return blocks <= PORTABLE ? blocks > than : blocks < than;
}

struct recur_cuda_steps recur_cuda_plan_steps(const struct recur_cuda_engine *engine, size_t l,
                                              bool back)
{
    const struct recur_cuda *cuda = engine->queue->cuda;
    struct recur_cuda_steps best = {0};
    size_t columns = recur_cuda_width(engine, l);
    size_t most = cuda->clusters ? MOST_BLOCKS : 1;
    size_t most_width =
        GPU_PAIRS(engine->network->cell->gates, cuda->clusters) * GPU_STEPS_THREADS / GPU_SEQUENCES;
    if (engine->network->cell->phases > 1 || columns > most_width * most)
        return best;
    for (size_t width = LEAST_WIDTH; width <= most_width; width *= 2) {
        struct recur_cuda_steps steps = {.kernel = kernel_of(engine, back),
                                         .width = width,
                                         .blocks = blocks_of(columns, width),
                                         .shared = shared_of(engine, columns, width, back)};
        if (steps.shared && steps.blocks <= most &&
            (!best.blocks || is_better(steps.blocks, best.blocks)) &&
            recur_cuda_clusters(engine->queue, steps.kernel, steps.blocks, GPU_STEPS_THREADS,
                                steps.shared))
            best = steps;
    }
    return best;
}

void recur_cuda_queue_steps(struct recur_cuda_engine *engine, size_t l, size_t d, bool back)
{
    const struct recur_cuda_steps *steps = &engine->steps_plan[2 * l + back];
    const struct recur_layer *layer = &engine->network->layer[l];
    const struct recur_cuda_side *side = recur_cuda_side_of(engine, l, d);
    size_t tensor = layer->direction[d].weight_hh;
    struct gpu_recurrence recurrence = {
        .panels = recur_cuda_gates(engine, tensor, 0, engine->network->cell->gates,
                                   engine->network->cell->recurrent_slot),
        .w = recur_cuda_tensor(engine, tensor),
        .z = side->z,
        .h = side->h,
        .c = side->c,
        .dh = side->dh,
        .dc = side->dc,
        .before = recur_cuda_rows_at(engine, RECUR_CUDA_BEFORE, d * engine->rows),
        .offset = recur_cuda_rows_at(engine, RECUR_CUDA_OFFSET, 0),
        .alive = recur_cuda_rows_at(engine, RECUR_CUDA_ALIVE, 0),
        .batch = (u32)engine->batch,
        .sequences = (u32)engine->lengths.batch,
        .steps = (u32)engine->lengths.steps,
        .backwards = (u32)d,
        .hidden = (u32)layer->hidden,
        .units = (u32)layer->units,
        .activation = (u32)engine->network->activation,
        .width = (u32)steps->width,
        .blocks = (u32)steps->blocks,
    };
    size_t clusters = (engine->lengths.batch + GPU_SEQUENCES - 1) / GPU_SEQUENCES;
    recur_cuda_run_clusters(engine->queue, steps->kernel, clusters, steps->blocks,
                            GPU_STEPS_THREADS, steps->shared, &recurrence);
}
