/* The gradients of the parameters, which are sums over the rows of a part of a minibatch; what a
 * backward pass has left is read. */
#include "backend/cuda/cuda_engine.h"

static void queue_bias(struct recur_cuda_engine *engine, const struct recur_cuda_part *part,
                       struct gpu_panels panels, recur_cuda_memory dz, size_t columns,
                       size_t tensor)
{
    panels.depth = 1;
    struct gpu_sum_columns sum = {.panels = panels,
                                  .dz = dz,
                                  .map = recur_cuda_part_rows(engine, part),
                                  .db = recur_cuda_gradient(engine, tensor),
                                  .rows = (u32)part->rows,
                                  .columns = (u32)columns};
    recur_cuda_run(engine->queue, RECUR_CUDA_sum_columns, panels.panels, GPU_THREADS, &sum);
}

/* The gradient of a matrix, of which the caller says what it was multiplied by, `a`, and the
 * gradient of what came of it, `b`. */
static void queue_matrix(struct recur_cuda_engine *engine, const struct recur_cuda_part *part,
                         size_t tensor, struct gpu_product product)
{
    product.c = recur_cuda_gradient(engine, tensor);
    product.map_b = recur_cuda_part_rows(engine, part);
    product.rows = (u32)part->rows;
    recur_cuda_multiply(engine, RECUR_CUDA_GRADIENT, &product);
}

static void queue_head(struct recur_cuda_engine *engine, const struct recur_cuda_part *part)
{
    const struct recur_network *network = engine->network;
    const struct recur_cuda_input *input = &engine->input[network->layers];
    const struct recur_cuda_part none = {.rows = 0};
    size_t columns = recur_panels(network->outputs) * RECUR_LANES;
    part = engine->pass.headless ? &none : part;
    const struct gpu_product product = {
        .panels = recur_cuda_panels(engine, network->head_weight),
        .a = input->x,
        .b = engine->logits,
        .map = recur_cuda_part_rows(engine, part),
        .columns_a = (u32)(input->blocks * input->width),
        .columns_b = (u32)columns,
    };
    queue_matrix(engine, part, network->head_weight, product);
    queue_bias(engine, part, product.panels, engine->logits, columns, network->head_bias);
}

/* Where the states before the rows of a part lie. */
static recur_cuda_memory before(const struct recur_cuda_engine *engine,
                                const struct recur_cuda_part *part, size_t d)
{
    return engine->parts > 1
               ? recur_cuda_rows_at(engine, RECUR_CUDA_PART_BEFORE, d * engine->rows + part->first)
               : recur_cuda_rows_at(engine, RECUR_CUDA_BEFORE, d * engine->rows);
}

/* W_hh, phase by phase, and the biases. */
static void queue_recurrent(struct recur_cuda_engine *engine, const struct recur_cuda_part *part,
                            size_t l, size_t d)
{
    const struct recur_cell_kind *cell = engine->network->cell;
    const struct recur_direction *tensors = &engine->network->layer[l].direction[d];
    const struct recur_cuda_side *side = recur_cuda_side_of(engine, l, d);
    size_t width = recur_cuda_width(engine, l);
    for (unsigned p = 0; p < cell->phases; p++) {
        const struct recur_cell_phase *phase = &cell->phase[p];
        const struct gpu_product product = {
            .panels = recur_cuda_gates(engine, tensors->weight_hh, phase->first_gate, phase->gates,
                                       cell->recurrent_slot),
            .a = phase->from_q ? side->q : side->h,
            .b = side->z,
            .map = phase->from_q ? recur_cuda_part_rows(engine, part) : before(engine, part, d),
            .columns_a = (u32)width,
            .columns_b = (u32)width * cell->slots,
        };
        queue_matrix(engine, part, tensors->weight_hh, product);
    }
    struct gpu_panels panels =
        recur_cuda_gates(engine, tensors->bias_ih, 0, cell->gates, cell->input_slot);
    queue_bias(engine, part, panels, side->z, width * cell->slots, tensors->bias_ih);
    panels = recur_cuda_gates(engine, tensors->bias_ih, 0, cell->gates, cell->recurrent_slot);
    if (tensors->bias_hh != RECUR_NO_TENSOR)
        queue_bias(engine, part, panels, side->z, width * cell->slots, tensors->bias_hh);
}

/* A table whose rows the tokens of the minibatch read. */
static void queue_table(struct recur_cuda_engine *engine, const struct recur_cuda_part *part,
                        struct gpu_panels panels, size_t tensor, recur_cuda_memory dz,
                        size_t columns)
{
    const struct recur_param *param =
        recur_network_param(&engine->base.plan.model->network, tensor);
    size_t number = (size_t)(part - engine->part);
    struct gpu_scatter scatter = {
        .panels = panels,
        .table = recur_cuda_gradient(engine, tensor),
        .id = recur_cuda_rows_at(engine, RECUR_CUDA_TOKEN, part->token),
        .first = recur_cuda_rows_at(engine, RECUR_CUDA_FIRST, part->token + number),
        .row = recur_cuda_rows_at(engine, RECUR_CUDA_MEMBER, 0),
        .dz = dz,
        .tokens = (u32)part->tokens,
        .columns = (u32)columns,
    };
    recur_cuda_clear(engine->queue, scatter.table, param->span);
    recur_cuda_run_each(engine->queue, RECUR_CUDA_scatter,
                        part->tokens * panels.panels * RECUR_LANES, &scatter);
}

/* W_ih. */
static void queue_input(struct recur_cuda_engine *engine, const struct recur_cuda_part *part,
                        size_t l, size_t d)
{
    const struct recur_network *network = engine->network;
    const struct recur_cell_kind *cell = network->cell;
    const struct recur_layer *layer = &network->layer[l];
    const struct recur_cuda_side *side = recur_cuda_side_of(engine, l, d);
    const struct recur_cuda_input *input = &engine->input[l];
    size_t tensor = layer->direction[d].weight_ih;
    size_t columns = layer->units * cell->slots * RECUR_LANES;
    struct gpu_panels panels = recur_cuda_gates(engine, tensor, 0, cell->gates, cell->input_slot);
    if (!layer->dense) {
        queue_table(engine, part, panels, tensor, side->z, columns);
        return;
    }
    const struct gpu_product product = {
        .panels = panels,
        .a = recur_cuda_at(input->x, recur_network_apart(network, l) ? d * input->width : 0),
        .b = side->z,
        .map = recur_cuda_part_rows(engine, part),
        .columns_a = (u32)(input->blocks * input->width),
        .columns_b = (u32)columns,
    };
    queue_matrix(engine, part, tensor, product);
}

void recur_cuda_queue_gradients(struct recur_cuda_engine *engine, size_t p)
{
    const struct recur_network *network = engine->network;
    const struct recur_cuda_part *part = &engine->part[p];
    if (network->head_weight != RECUR_NO_TENSOR)
        queue_head(engine, part);
    for (size_t l = network->layers; l-- > 0;)
        for (size_t d = 0; d < network->directions; d++) {
            queue_recurrent(engine, part, l, d);
            queue_input(engine, part, l, d);
        }
    if (network->embedding)
        queue_table(engine, part, recur_cuda_panels(engine, network->embedding_weight),
                    network->embedding_weight, engine->input[0].dx, engine->input[0].width);
}
