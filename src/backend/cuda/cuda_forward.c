/* Forward: what a layer reads, its steps, the head, the loss. */
#include "backend/cuda/cuda_engine.h"

enum { WARP = 32 };

static u32 nibbles(const unsigned *slot, unsigned gates)
{
    u32 all = 0;
    for (unsigned g = 0; g < gates; g++)
        all |= slot[g] << 4 * g;
    return all;
}

static const struct recur_param *param_of(const struct recur_cuda_engine *engine, size_t tensor)
{
    return recur_network_param(&engine->base.plan.model->network, tensor);
}

struct gpu_panels recur_cuda_gates(const struct recur_cuda_engine *engine, size_t tensor,
                                   unsigned first, unsigned count, const unsigned *slot)
{
    const struct recur_param *param = param_of(engine, tensor);
    const struct recur_cell_kind *cell = engine->network->cell;
    return (struct gpu_panels){.groups = cell->gates,
                               .first = first,
                               .count = count,
                               .slots = cell->slots,
                               .slot = nibbles(slot, cell->gates),
                               .depth = (u32)param->depth,
                               .panels = (u32)recur_panels(param->width) * count};
}

struct gpu_panels recur_cuda_panels(const struct recur_cuda_engine *engine, size_t tensor)
{
    const struct recur_param *param = param_of(engine, tensor);
    return (struct gpu_panels){.groups = 1,
                               .count = 1,
                               .slots = 1,
                               .depth = (u32)param->depth,
                               .panels = (u32)param->panels};
}

static size_t tiles(size_t count, size_t tile)
{
    return (count + tile - 1) / tile;
}

/* A product has (m, n) numbers. */
static void size_of(enum recur_cuda_product kind, const struct gpu_product *product, size_t *m,
                    size_t *n)
{
    const struct gpu_panels *panels = &product->panels;
    *m = kind == RECUR_CUDA_GRADIENT ? panels->depth : product->rows;
    *n = kind == RECUR_CUDA_BACKWARD ? panels->depth : panels->panels * (size_t)RECUR_LANES;
}

void recur_cuda_product(struct recur_cuda_queue *queue, enum recur_cuda_product kind, bool bf16,
                        bool wide, struct gpu_product *product)
{
    static const enum recur_cuda_kernel kernel[3][3] = {
        {RECUR_CUDA_product_forward_f32, RECUR_CUDA_product_backward_f32,
         RECUR_CUDA_product_gradient_f32},
        {RECUR_CUDA_product_forward_bf16, RECUR_CUDA_product_backward_bf16,
         RECUR_CUDA_product_gradient_bf16},
        {RECUR_CUDA_product_forward_bf16_wide, RECUR_CUDA_product_backward_bf16_wide,
         RECUR_CUDA_product_gradient_bf16_wide},
    };
    size_t m, n;
    size_of(kind, product, &m, &n);
    size_t large = tiles(m, GPU_WIDE_TILE) * tiles(n, GPU_WIDE_TILE);
    if (bf16 && wide)
        recur_cuda_run_clusters(queue, kernel[2][kind], large, 1, GPU_THREADS,
                                GPU_WIDE_SHARED * sizeof(float), product);
    else
        recur_cuda_run(queue, kernel[bf16][kind], tiles(m, GPU_TILE_M) * tiles(n, GPU_TILE_N),
                       GPU_TILE_THREADS, product);
}

void recur_cuda_multiply(struct recur_cuda_engine *engine, enum recur_cuda_product kind,
                         struct gpu_product *product)
{
    const struct recur_cuda *cuda = engine->queue->cuda;
    size_t m, n;
    size_of(kind, product, &m, &n);
    bool wide = GPU_WIDE_SHARED * sizeof(float) <= cuda->shared &&
                4 * m * n >= cuda->base.info.multiprocessors * GPU_WIDE_TILE * GPU_WIDE_TILE;
    recur_cuda_product(engine->queue, kind, engine->base.plan.precision == RECUR_PRECISION_BF16,
                       wide, product);
}

struct gpu_hand_on recur_cuda_hand_on(const struct recur_cuda_engine *engine, size_t l,
                                      size_t block, bool back)
{
    const struct recur_network *network = engine->network;
    const struct recur_cuda_input *input = &engine->input[l];
    bool sum = input->blocks == 1 && network->directions == 2;
    bool before = recur_network_hands_on_before(network, l - 1);
    struct gpu_hand_on hand = {
        .x = recur_cuda_at(back ? input->dx : input->x, block * input->width),
        .like = recur_cuda_rows_at(engine, RECUR_CUDA_LIKE, 0),
        .key = engine->pass.key,
        .place = (u32)((l << 24) + block * input->width / RECUR_LANES),
        .threshold = engine->pass.threshold,
        .keep = (float)(1 / (1 - (double)engine->pass.threshold * 0x1p-32)),
        .rows = (u32)engine->lengths.rows,
        .units = (u32)(input->width / RECUR_LANES),
        .columns = (u32)(input->blocks * input->width),
    };
    for (size_t i = 0; i < (sum ? 2 : 1); i++) {
        size_t d = sum ? i : block;
        const struct recur_cuda_side *side = recur_cuda_side_of(engine, l - 1, d);
        hand.h[i] = back ? side->dh : side->h;
        hand.map[i] = before ? recur_cuda_rows_at(engine, RECUR_CUDA_BEFORE, d * engine->rows)
                             : recur_cuda_rows_at(engine, RECUR_CUDA_AFTER, 0);
    }
    return hand;
}

/* Fills the input of layer l, or of the head. The numbers of a caller are in place already. */
static void queue_input(struct recur_cuda_engine *engine, size_t l)
{
    const struct recur_network *network = engine->network;
    const struct recur_cuda_input *input = &engine->input[l];
    if (!l && network->embedding) {
        struct gpu_gather gather = {
            .panels = recur_cuda_panels(engine, network->embedding_weight),
            .table = recur_cuda_tensor(engine, network->embedding_weight),
            .ids = recur_cuda_rows_at(engine, RECUR_CUDA_IDS, 0),
            .z = input->x,
            .rows = (u32)engine->lengths.rows,
            .columns = (u32)input->width,
        };
        recur_cuda_run_each(engine->queue, RECUR_CUDA_gather, engine->lengths.rows * input->width,
                            &gather);
    }
    for (size_t block = 0; l && input->copies && block < input->blocks; block++) {
        struct gpu_hand_on hand = recur_cuda_hand_on(engine, l, block, false);
        recur_cuda_run_each(engine->queue, RECUR_CUDA_hand_on, engine->lengths.rows * input->width,
                            &hand);
    }
}

/* The biases of the slots; and z where it gets nothing but those. */
static void queue_biases(struct recur_cuda_engine *engine, size_t l, size_t d)
{
    const struct recur_cell_kind *cell = engine->network->cell;
    const struct recur_layer *layer = &engine->network->layer[l];
    const struct recur_direction *tensors = &layer->direction[d];
    const struct recur_cuda_side *side = recur_cuda_side_of(engine, l, d);
    struct gpu_sum_biases sum = {
        .ih = recur_cuda_tensor(engine, tensors->bias_ih),
        .hh = tensors->bias_hh == RECUR_NO_TENSOR ? 0 : recur_cuda_tensor(engine, tensors->bias_hh),
        .bias = side->bias,
        .gates = cell->gates,
        .slots = cell->slots,
        .input_slot = nibbles(cell->input_slot, cell->gates),
        .recurrent_slot = nibbles(cell->recurrent_slot, cell->gates),
        .units = (u32)layer->units,
    };
    recur_cuda_run_each(engine->queue, RECUR_CUDA_sum_biases,
                        layer->units * cell->slots * RECUR_LANES, &sum);
    unsigned has_input = 0;
    for (unsigned g = 0; g < cell->gates; g++)
        has_input |= 1U << cell->input_slot[g];
    for (unsigned s = 0; s < cell->slots; s++) {
        struct gpu_gather fill = {
            .panels = {.groups = 1,
                       .count = 1,
                       .slots = cell->slots,
                       .slot = s,
                       .panels = (u32)layer->units},
            .bias = side->bias,
            .z = side->z,
            .rows = (u32)engine->lengths.rows,
            .columns = (u32)(layer->units * cell->slots * RECUR_LANES),
        };
        if (!(has_input >> s & 1))
            recur_cuda_run_each(engine->queue, RECUR_CUDA_gather,
                                engine->lengths.rows * recur_cuda_width(engine, l), &fill);
    }
}

/* z = x W_ih^T + b. */
static void queue_input_gates(struct recur_cuda_engine *engine, size_t l, size_t d)
{
    const struct recur_cell_kind *cell = engine->network->cell;
    const struct recur_layer *layer = &engine->network->layer[l];
    const struct recur_cuda_side *side = recur_cuda_side_of(engine, l, d);
    const struct recur_cuda_input *input = &engine->input[l];
    size_t tensor = layer->direction[d].weight_ih;
    size_t columns = layer->units * cell->slots * RECUR_LANES;
    struct gpu_panels panels = recur_cuda_gates(engine, tensor, 0, cell->gates, cell->input_slot);
    bool own = recur_network_apart(engine->network, l);
    if (layer->dense) {
        struct gpu_product product = {
            .panels = panels,
            .a = recur_cuda_at(input->x, own ? d * input->width : 0),
            .b = recur_cuda_tensor(engine, tensor),
            .c = side->z,
            .start = side->bias,
            .rows = (u32)engine->lengths.rows,
            .columns_a = (u32)(input->blocks * input->width),
            .columns_c = (u32)columns,
        };
        recur_cuda_multiply(engine, RECUR_CUDA_FORWARD, &product);
        return;
    }
    struct gpu_gather gather = {
        .panels = panels,
        .table = recur_cuda_tensor(engine, tensor),
        .ids = recur_cuda_rows_at(engine, RECUR_CUDA_IDS, 0),
        .bias = side->bias,
        .z = side->z,
        .rows = (u32)engine->lengths.rows,
        .columns = (u32)columns,
    };
    recur_cuda_run_each(engine->queue, RECUR_CUDA_gather,
                        engine->lengths.rows * panels.panels * RECUR_LANES, &gather);
}

struct gpu_cell recur_cuda_cell(const struct recur_cuda_engine *engine, size_t l, size_t d,
                                size_t t)
{
    const struct recur_layer *layer = &engine->network->layer[l];
    const struct recur_cuda_side *side = recur_cuda_side_of(engine, l, d);
    size_t row = engine->lengths.offset[t], width = recur_cuda_width(engine, l);
    return (struct gpu_cell){
        .z = recur_cuda_at(side->z, row * width * engine->network->cell->slots),
        .q = side->q ? recur_cuda_at(side->q, row * width) : 0,
        .map = recur_cuda_rows_at(engine, RECUR_CUDA_BEFORE, d * engine->rows + row),
        .h = side->h,
        .c = side->c,
        .dh = side->dh,
        .dc = side->dc,
        .dq = side->dq,
        .after = (u32)(engine->batch + row),
        .rows = (u32)engine->lengths.alive[t],
        .hidden = (u32)layer->hidden,
        .units = (u32)layer->units,
        .activation = (u32)engine->network->activation,
    };
}

void recur_cuda_run_cell(struct recur_cuda_engine *engine, unsigned phase, bool back,
                         struct gpu_cell *cell)
{
    static const enum recur_cuda_kernel kernel[][2][RECUR_CELL_PHASES_MAX] = {
        [RECUR_CELL_RNN] = {{RECUR_CUDA_rnn_forward}, {RECUR_CUDA_rnn_backward}},
        [RECUR_CELL_GRU] = {{RECUR_CUDA_gru_forward}, {RECUR_CUDA_gru_backward}},
        [RECUR_CELL_GRU_RESET_BEFORE] = {{RECUR_CUDA_gru_reset_before_gates_forward,
                                          RECUR_CUDA_gru_reset_before_output_forward},
                                         {RECUR_CUDA_gru_reset_before_gates_backward,
                                          RECUR_CUDA_gru_reset_before_output_backward}},
        [RECUR_CELL_LSTM] = {{RECUR_CUDA_lstm_forward}, {RECUR_CUDA_lstm_backward}},
    };
    recur_cuda_run_each(engine->queue, kernel[engine->network->cell->cell][back][phase],
                        (size_t)cell->rows * cell->units * RECUR_LANES, cell);
}

/* z += h' W_hh^T, or q W_hh^T, of the gates of a phase, then the cell's arithmetic. */
static void queue_step(struct recur_cuda_engine *engine, size_t l, size_t d, size_t t, unsigned p)
{
    const struct recur_cell_kind *kind = engine->network->cell;
    const struct recur_cell_phase *phase = &kind->phase[p];
    size_t tensor = engine->network->layer[l].direction[d].weight_hh;
    struct gpu_cell cell = recur_cuda_cell(engine, l, d, t);
    struct gpu_product product = {
        .panels =
            recur_cuda_gates(engine, tensor, phase->first_gate, phase->gates, kind->recurrent_slot),
        .a = phase->from_q ? cell.q : cell.h,
        .b = recur_cuda_tensor(engine, tensor),
        .c = cell.z,
        .map = phase->from_q ? 0 : cell.map,
        .rows = cell.rows,
        .columns_a = (u32)recur_cuda_width(engine, l),
        .columns_c = (u32)recur_cuda_width(engine, l) * kind->slots,
        .adds = 1,
    };
    recur_cuda_multiply(engine, RECUR_CUDA_FORWARD, &product);
    recur_cuda_run_cell(engine, p, false, &cell);
}

/* Sets the initial states, or keeps the last ones for the next pass. */
static void queue_ends(struct recur_cuda_engine *engine, size_t l, size_t d, bool end)
{
    const struct recur_cuda_side *side = recur_cuda_side_of(engine, l, d);
    size_t width = recur_cuda_width(engine, l), count = engine->lengths.batch * width;
    const recur_cuda_memory states[] = {side->h, side->c};
    for (size_t i = 0; i < 2; i++) {
        if (!states[i])
            continue;
        if (!end && engine->pass.carries)
            recur_cuda_copy(engine->queue, states[i], side->last[i], count * sizeof(float));
        else if (!end)
            recur_cuda_clear(engine->queue, states[i], count);
        if (!end || !side->last[i])
            continue;
        struct gpu_rows rows = {
            .to = side->last[i],
            .from = states[i],
            .from_map = recur_cuda_rows_at(engine, RECUR_CUDA_LAST, d * engine->batch),
            .rows = (u32)engine->lengths.batch,
            .width = (u32)width,
            .to_columns = (u32)width,
            .from_columns = (u32)width,
        };
        recur_cuda_run_each(engine->queue, RECUR_CUDA_move_rows, count, &rows);
    }
}

static void queue_direction(struct recur_cuda_engine *engine, size_t l, size_t d)
{
    queue_biases(engine, l, d);
    queue_input_gates(engine, l, d); /* before `ends`: layers may share h, and x lies in it */
    queue_ends(engine, l, d, false);
    bool together = engine->steps_plan[2 * l].blocks > 0;
    if (together)
        recur_cuda_queue_steps(engine, l, d, false);
    for (size_t i = 0; !together && i < engine->lengths.steps; i++)
        for (unsigned p = 0; p < engine->network->cell->phases; p++)
            queue_step(engine, l, d, recur_cuda_step(engine, d, i), p);
    queue_ends(engine, l, d, true);
}

void recur_cuda_queue_logits(struct recur_cuda_engine *engine, size_t first, size_t rows)
{
    const struct recur_network *network = engine->network;
    const struct recur_cuda_input *input = &engine->input[network->layers];
    size_t columns = input->blocks * input->width;
    struct gpu_product product = {
        .panels = recur_cuda_panels(engine, network->head_weight),
        .a = recur_cuda_at(input->x, first * columns),
        .b = recur_cuda_tensor(engine, network->head_weight),
        .c = engine->logits,
        .start = recur_cuda_tensor(engine, network->head_bias),
        .rows = (u32)rows,
        .columns_a = (u32)columns,
        .columns_c = (u32)(recur_panels(network->outputs) * RECUR_LANES),
    };
    recur_cuda_multiply(engine, RECUR_CUDA_FORWARD, &product);
}

void recur_cuda_queue_loss(struct recur_cuda_engine *engine, size_t first, size_t rows, float scale,
                           bool hits)
{
    struct gpu_softmax softmax = {
        .logits = engine->logits,
        .targets = recur_cuda_rows_at(engine, RECUR_CUDA_TARGETS, first),
        .loss = recur_cuda_at(engine->losses, first),
        .hit = hits ? recur_cuda_at(engine->hits, first) : 0,
        .scale = scale,
        .rows = (u32)rows,
        .vocabulary = (u32)engine->network->outputs,
        .columns = (u32)(recur_panels(engine->network->outputs) * RECUR_LANES),
    };
    recur_cuda_run(engine->queue, RECUR_CUDA_softmax_loss, tiles(rows, GPU_THREADS / WARP),
                   GPU_THREADS, &softmax);
}

void recur_cuda_queue_loss_sum(struct recur_cuda_engine *engine, size_t p)
{
    const struct recur_cuda_part *part = &engine->part[p];
    struct gpu_sum sum = {.from = engine->losses,
                          .map = recur_cuda_part_rows(engine, part),
                          .report = engine->learner->report + p * sizeof(struct gpu_report),
                          .count = part->rows};
    recur_cuda_run(engine->queue, RECUR_CUDA_sum_losses, 1, GPU_THREADS, &sum);
}

void recur_cuda_queue_forward(struct recur_cuda_engine *engine)
{
    for (size_t l = 0; l < engine->layers; l++) {
        queue_input(engine, l);
        for (size_t d = 0; d < engine->network->directions; d++)
            queue_direction(engine, l, d);
    }
    if (engine->layers == engine->network->layers && engine->layers)
        queue_input(engine, engine->layers);
}

void recur_cuda_set_dropout(struct recur_cuda_engine *engine, const struct recur_minibatch *batch)
{
    const struct recur_engine_plan *plan = &engine->base.plan;
    const recur_stack_input *input = &batch->input;
    bool on = input->drops && plan->network->dropout > 0;
    engine->pass.threshold = on ? recur_drop_threshold(plan->network->dropout) : 0;
    engine->pass.key = recur_mix64(recur_mix64(plan->seed) + input->minibatch);
    engine->pass.masks = batch->first * input->steps;
}

float recur_cuda_loss_scale(const int32_t *targets, size_t count, size_t all)
{
    size_t scored = all;
    for (size_t i = 0; i < count && !all; i++)
        scored += targets[i] >= 0;
    return (float)(1 / (double)(scored ? scored : 1));
}
