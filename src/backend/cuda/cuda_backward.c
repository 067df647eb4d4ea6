/* Backward through a pass: the gradients of every z and of what each layer reads. */
#include "backend/cuda/cuda_engine.h"

recur_cuda_memory recur_cuda_input_gradient(const struct recur_cuda_engine *engine, size_t l)
{
    const struct recur_cuda_input *input = &engine->input[l];
    if (!l || input->copies)
        return input->dx;
    return recur_cuda_at(engine->side[l - 1].dh, engine->batch * input->width);
}

/* The gradient of what the head reads. */
static void queue_head(struct recur_cuda_engine *engine)
{
    const struct recur_network *network = engine->network;
    const struct recur_cuda_input *input = &engine->input[network->layers];
    size_t columns = recur_panels(network->outputs) * RECUR_LANES;
    struct gpu_product product = {
        .panels = recur_cuda_panels(engine, network->head_weight),
        .a = engine->logits,
        .b = recur_cuda_tensor(engine, network->head_weight),
        .c = recur_cuda_input_gradient(engine, network->layers),
        .rows = (u32)(engine->pass.headless ? 0 : engine->lengths.rows),
        .columns_a = (u32)columns,
        .columns_c = (u32)(input->blocks * input->width),
        .adds = engine->pass.given_outputs,
    };
    if (product.c)
        recur_cuda_multiply(engine, RECUR_CUDA_BACKWARD, &product);
}

/* Sets the gradients of layer l's states to those of what is read of them. */
static void queue_outputs(struct recur_cuda_engine *engine, size_t l)
{
    const struct recur_cuda_input *input = &engine->input[l + 1];
    size_t width = recur_cuda_width(engine, l);
    for (size_t d = 0; d < engine->network->directions; d++)
        recur_cuda_clear(engine->queue, recur_cuda_side_of(engine, l, d)->dh,
                         (engine->batch + (input->copies ? engine->lengths.rows : 0)) * width);
    for (size_t block = 0; input->copies && block < input->blocks; block++) {
        struct gpu_hand_on hand = recur_cuda_hand_on(engine, l + 1, block, true);
        recur_cuda_run_each(engine->queue, RECUR_CUDA_hand_back,
                            engine->lengths.rows * input->width, &hand);
    }
}

/* The gradients of the last states: those that the caller gives, or none. */
static void queue_ends(struct recur_cuda_engine *engine, size_t l, size_t d)
{
    const struct recur_cuda_side *side = recur_cuda_side_of(engine, l, d);
    size_t width = recur_cuda_width(engine, l), count = engine->lengths.batch * width;
    if (side->dc && !engine->pass.given_ends)
        recur_cuda_clear(engine->queue, side->dc, count);
    if (!engine->pass.given_ends)
        return;
    struct gpu_rows rows = {
        .to = side->dh,
        .from = side->ends,
        .to_map = recur_cuda_rows_at(engine, RECUR_CUDA_LAST, d * engine->batch),
        .rows = (u32)engine->lengths.batch,
        .width = (u32)width,
        .to_columns = (u32)width,
        .from_columns = (u32)width,
        .adds = 1,
    };
    recur_cuda_run_each(engine->queue, RECUR_CUDA_move_rows, count, &rows);
}

/* The cell's backward arithmetic; then dh' += dz W_hh, or dq = dz W_hh. */
static void queue_step(struct recur_cuda_engine *engine, size_t l, size_t d, size_t t, unsigned p)
{
    const struct recur_cell_kind *kind = engine->network->cell;
    const struct recur_cell_phase *phase = &kind->phase[p];
    size_t tensor = engine->network->layer[l].direction[d].weight_hh;
    struct gpu_cell cell = recur_cuda_cell(engine, l, d, t);
    struct gpu_product product = {
        .panels =
            recur_cuda_gates(engine, tensor, phase->first_gate, phase->gates, kind->recurrent_slot),
        .a = cell.z,
        .b = recur_cuda_tensor(engine, tensor),
        .c = phase->from_q ? cell.dq : cell.dh,
        .map = phase->from_q ? 0 : cell.map,
        .rows = cell.rows,
        .columns_a = (u32)recur_cuda_width(engine, l) * kind->slots,
        .columns_c = (u32)recur_cuda_width(engine, l),
        .adds = !phase->from_q,
    };
    recur_cuda_run_cell(engine, p, true, &cell);
    recur_cuda_multiply(engine, RECUR_CUDA_BACKWARD, &product);
}

/* The gradient of what a layer reads. */
static void queue_input_gradient(struct recur_cuda_engine *engine, size_t l, size_t d)
{
    const struct recur_network *network = engine->network;
    const struct recur_cell_kind *cell = network->cell;
    const struct recur_layer *layer = &network->layer[l];
    const struct recur_cuda_input *input = &engine->input[l];
    size_t tensor = layer->direction[d].weight_ih;
    bool own = recur_network_apart(network, l), wanted = l || network->embedding;
    if (!layer->dense || !(wanted || engine->pass.wants_inputs))
        return;
    struct gpu_product product = {
        .panels = recur_cuda_gates(engine, tensor, 0, cell->gates, cell->input_slot),
        .a = recur_cuda_side_of(engine, l, d)->z,
        .b = recur_cuda_tensor(engine, tensor),
        .c = recur_cuda_at(recur_cuda_input_gradient(engine, l), own ? d * input->width : 0),
        .rows = (u32)engine->lengths.rows,
        .columns_a = (u32)(layer->units * cell->slots * RECUR_LANES),
        .columns_c = (u32)(input->blocks * input->width),
        .adds = d && !own,
    };
    recur_cuda_multiply(engine, RECUR_CUDA_BACKWARD, &product);
}

void recur_cuda_queue_backward(struct recur_cuda_engine *engine)
{
    const struct recur_network *network = engine->network;
    if (network->head_weight != RECUR_NO_TENSOR)
        queue_head(engine);
    for (size_t l = network->layers; l-- > 0;) {
        queue_outputs(engine, l);
        for (size_t d = 0; d < network->directions; d++) {
            queue_ends(engine, l, d);
            bool together = engine->steps_plan[2 * l + 1].blocks > 0;
            if (together)
                recur_cuda_queue_steps(engine, l, d, true);
            for (size_t i = together ? 0 : engine->lengths.steps; i-- > 0;)
                for (unsigned p = network->cell->phases; p-- > 0;)
                    queue_step(engine, l, d, recur_cuda_step(engine, d, i), p);
            queue_input_gradient(engine, l, d);
        }
    }
}
