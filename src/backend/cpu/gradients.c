/* Work that is done by panels of the parameters: the sums that weight gradients are, and transposed
 * copies of the weights after an update. */
#include "backend/cpu/gradients.h"

#include <string.h>

#include "backend/cpu/beside.h"
#include "backend/cpu/bf16.h"
#include "backend/cpu/int8.h"
#include "backend/cpu/normalise.h"

static real *gradient_panel(const struct recur_pass *pass, const struct recur_summed *sum,
                            size_t index, size_t panel)
{
    return sum->gradients + recur_param_panel(recur_network_param(pass->network, index), panel);
}

/* The gradient of a panel of z, (rows, 32), as the right operand of weight gradients. */
struct right {
    const real *dz; /* where it is `kept`, of its copy alone (backend/cpu/beside.h) */
    bool kept;
    const uint32_t *pairs; /* in bf16 */
    size_t columns;        /* in use */
    size_t row, rows;      /* of the left operand; dz begins at its row */
    size_t pair;           /* where the left operand begins in bf16 */
    bool from_q;           /* the left operand is q, not h */
    real *dw;              /* the panel of weight gradients that the products are */
};

/* Whether the left operand is h where it lies: the states before the rows, in ranges. */
static bool is_of_states(const struct right *right)
{
    return !right->pairs && !right->from_q;
}

/* Copies the right operand to row pairs, in bf16; `place` says to which of the thread's panels. */
static void make_pairs(const struct recur_pass *pass, size_t thread, size_t place,
                       struct right *right)
{
    const struct recur_bf16 *bf16 = pass->work->bf16;
    if (!bf16)
        return;
    uint32_t *pairs = bf16->gates[thread] + place * bf16->stride;
    size_t packed = (right->rows + 1) / 2, depth = recur_bf16_depth(pass, right->rows);
    if (right->kept)
        pass->kernels->bf16_pair_rows(pairs, recur_bf16_of(pass, right->dz), right->rows);
    else
        pass->kernels->bf16_pack_rows(pairs, right->dz, right->rows);
    memset(pairs + packed * RECUR_LANES, 0, (depth - packed) * RECUR_LANES * sizeof *pairs);
    right->pairs = pairs;
}

/* dw (width, 32) = x^T dz, from row `row` of dw on; x as floats or, in bf16, as row pairs. */
static void multiply(const struct recur_pass *pass, const struct right *right, size_t row,
                     const real *x, const uint32_t *pairs, size_t width)
{
    real *dw = right->dw + row * RECUR_LANES;
    if (right->pairs)
        pass->kernels->bf16_outer(dw, pairs + right->pair, width, right->pairs, right->columns,
                                  recur_bf16_depth(pass, right->rows), false);
    else
        pass->kernels->outer(dw, x + right->row * RECUR_LANES, width, right->dz, right->columns,
                             right->rows, false);
}

/* dw (columns of x, 32) = x^T dz, panel by panel of x, each for all right operands while it is in
 * the cache; forward: z = x W^T. */
static void gradient_layer_input(const struct recur_pass *pass,
                                 struct recur_layer_input layer_input, const struct right *right,
                                 size_t count)
{
    for (size_t p = 0; p < layer_input.panels; p++)
        for (size_t i = 0; i < count; i++)
            multiply(pass, &right[i], p * RECUR_LANES, layer_input.feature[p].value,
                     layer_input.feature[p].pairs, layer_input.feature[p].width);
}

/* dw = or += h'^T dz over one run of rows, for all panels of h: it adds where there is a `sum`
 * already. */
static void gradient_run(const struct recur_pass *pass, const struct recur_layer *layer,
                         const struct recur_stream *stream, const struct recur_step_range *run,
                         const struct right *right, size_t count, bool sum)
{
    const real *h = stream->h + run->before * RECUR_LANES;
    for (size_t u = 0; u < layer->units; u++, h += stream->h_stride)
        for (size_t i = 0; i < count; i++)
            if (is_of_states(&right[i]))
                pass->kernels->outer(right[i].dw + u * RECUR_LANES * RECUR_LANES, h,
                                     recur_panel_width(layer->hidden, u),
                                     right[i].dz + (run->row - right[i].row) * RECUR_LANES,
                                     right[i].columns, run->rows, sum);
}

/* dw = h'^T dz over all rows; forward: z = h' W_hh^T + ... The states before the rows are
 * contiguous while the number of running sequences stays the same: with equal lengths throughout a
 * micro-batch. */
static void gradient_states(const struct recur_pass *pass, const struct recur_layer *layer,
                            const struct recur_stream *stream, size_t d,
                            const struct recur_summed *summed, const struct right *right,
                            size_t count)
{
    size_t each = recur_pass_micro_batch(pass);
    struct recur_step_range run = {.row = summed->row}, range[RECUR_STEP_RANGES_MAX];
    bool sum = false;
    for (size_t step = 0; step < summed->micro_batches * pass->batch.steps; step++) {
        size_t micro_batch = summed->micro_batch + step / pass->batch.steps;
        const struct recur_partition micro = {
            .first = micro_batch * each, .sequences = each, .steps = pass->batch.steps};
        unsigned ranges =
            recur_partition_step_ranges(pass, &micro, d, step % pass->batch.steps, range);
        for (unsigned i = 0; i < ranges; i++) {
            if (recur_step_range_is_zero(pass, &range[i]))
                continue;
            if (range[i].row == run.row + run.rows && range[i].before == run.before + run.rows) {
                run.rows += range[i].rows;
                continue;
            }
            if (run.rows) {
                gradient_run(pass, layer, stream, &run, right, count, sum);
                sum = true;
            }
            run = range[i];
        }
    }
    gradient_run(pass, layer, stream, &run, right, count, sum);
}

/* The same, or dw = q^T dz; row pairs, and q, are one range for all rows. */
static void gradient_recurrent(const struct recur_pass *pass, const struct recur_layer *layer,
                               const struct recur_stream *stream, size_t d,
                               const struct recur_summed *sum, const struct right *right,
                               size_t count)
{
    bool states = false;
    for (size_t i = 0; i < count; i++)
        states |= is_of_states(&right[i]);
    if (states)
        gradient_states(pass, layer, stream, d, sum, right, count);
    for (size_t u = 0; u < layer->units; u++)
        for (size_t i = 0; i < count; i++) {
            if (is_of_states(&right[i]))
                continue;
            const uint32_t *pairs = right[i].from_q ? stream->q_pairs : stream->h_pairs;
            multiply(pass, &right[i], u * RECUR_LANES,
                     right[i].from_q ? stream->q + u * stream->z_stride : NULL,
                     right[i].pairs ? pairs + u * pass->work->bf16->stride : NULL,
                     recur_panel_width(layer->hidden, u));
        }
}

/* db = the sum of the rows of a gate's dz. */
static void sum_gate(const struct recur_pass *pass, real *db, const real *dz, size_t rows)
{
    if (recur_pass_works_beside(pass))
        pass->kernels->bf16_column_sum(db, recur_bf16_of(pass, dz), rows);
    else
        pass->kernels->column_sum(db, dz, rows);
}

static void gradient_bias(const struct recur_pass *pass, const struct recur_summed *sum,
                          const struct recur_direction *tensors, size_t panel, const real *dz_input,
                          const real *dz_recurrent)
{
    real *db = gradient_panel(pass, sum, tensors->bias_ih, panel);
    sum_gate(pass, db, dz_input, sum->rows);
    if (tensors->bias_hh == RECUR_NO_TENSOR)
        return;
    real *db_hh = gradient_panel(pass, sum, tensors->bias_hh, panel);
    if (dz_recurrent == dz_input)
        memcpy(db_hh, db, RECUR_LANES * sizeof *db);
    else
        sum_gate(pass, db_hh, dz_recurrent, sum->rows);
}

/* The rows of a table that a sum has: where minibatches read few of them, those that this one and
 * the one before read are set to zero. */
static void gradient_table(const struct recur_pass *pass, const struct recur_summed *sum, real *dw,
                           size_t depth, const real *dz, bool kept)
{
    const int32_t *ids = pass->batch.ids + sum->row;
    recur_sparse_rows_clear(pass->sparse, dw, depth);
    if (pass->blocks.count)
        recur_sparse_rows_clear_own(pass->sparse, dw);
    if (kept)
        pass->kernels->bf16_scatter_add(dw, ids, recur_bf16_of(pass, dz), sum->rows);
    else
        pass->kernels->scatter_add(dw, ids, dz, sum->rows);
}

/* The sequences that the rows are of. */
static struct recur_range gradient_sequences(const struct recur_pass *pass,
                                             const struct recur_summed *sum)
{
    size_t each = recur_pass_micro_batch(pass);
    return (struct recur_range){sum->micro_batch * each, sum->micro_batches * each};
}

static void gradient_gates(const struct recur_pass *pass, const struct recur_summed *sum,
                           struct recur_panel_task task, size_t thread)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_layer *layer = &pass->network->layer[task.l];
    const struct recur_direction *tensors = &layer->direction[task.d];
    const struct recur_stream *stream =
        recur_workspace_stream(pass->work, pass->network, task.l, task.d);
    struct right input[RECUR_GATES_TOGETHER], recurrent[RECUR_GATES_TOGETHER];
    for (size_t i = 0; i < task.panels; i++) {
        size_t panel = task.panel + i, gate = panel % cell->gates, u = panel / cell->gates;
        const real *z = stream->z + u * cell->slots * stream->z_stride + sum->row * RECUR_LANES;
        struct right *right = &recurrent[i];
        *right = (struct right){
            .dz = z + cell->recurrent_slot[gate] * stream->z_stride,
            .kept = recur_pass_works_beside(pass),
            .columns = recur_panel_width(layer->hidden, u),
            .row = sum->row,
            .rows = sum->rows,
            .pair = recur_bf16_block(pass, sum->micro_batch),
            .from_q = gate >= cell->phase[0].gates && cell->phase[1].from_q,
            .dw = gradient_panel(pass, sum, tensors->weight_hh, panel),
        };
        input[i] = *right;
        input[i].dz = z + cell->input_slot[gate] * stream->z_stride;
        input[i].dw = gradient_panel(pass, sum, tensors->weight_ih, panel);
        if (cell->lines)
            recur_pass_normalise_gradients(pass, task.l, task.d, panel, sum->gradients,
                                           gradient_sequences(pass, sum));
        else
            gradient_bias(pass, sum, tensors, panel, input[i].dz, right->dz);
        make_pairs(pass, thread, i, right);
        input[i].pairs = right->pairs;
    }
    gradient_recurrent(pass, layer, stream, task.d, sum, recurrent, task.panels);
    for (size_t i = 0; i < task.panels && pass->dropout.weights; i++)
        recur_pass_drop_weights(pass, task.l, task.d, task.panel + i, recurrent[i].dw,
                                recurrent[i].dw);
    for (size_t i = 0; i < task.panels; i++)
        if (!layer->dense)
            gradient_table(pass, sum, input[i].dw,
                           recur_network_param(pass->network, tensors->weight_ih)->depth,
                           input[i].dz, input[i].kept);
        else if (input[i].dz != recurrent[i].dz)
            make_pairs(pass, thread, i, &input[i]);
    if (layer->dense)
        gradient_layer_input(pass, recur_workspace_input(pass->work, pass->network, task.l, task.d),
                             input, task.panels);
}

static void gradient_head(const struct recur_pass *pass, const struct recur_summed *sum,
                          size_t panel, size_t thread)
{
    const struct recur_network *network = pass->network;
    const struct recur_workspace *work = pass->work;
    const real *dz = work->logits + panel * work->logit_stride + sum->row * RECUR_LANES;
    size_t rows = pass->headless ? 0 : sum->rows;
    pass->kernels->column_sum(gradient_panel(pass, sum, network->head_bias, panel), dz, rows);
    struct right right = {
        .dz = dz,
        .columns = recur_panel_width(recur_pass_columns(pass), panel),
        .row = sum->row,
        .rows = rows,
        .pair = recur_bf16_block(pass, sum->micro_batch),
        .dw = gradient_panel(pass, sum, network->head_weight, panel),
    };
    make_pairs(pass, thread, 0, &right);
    gradient_layer_input(pass, work->layer_input[network->layers], &right, 1);
}

static void gradient_embedding(const struct recur_pass *pass, const struct recur_summed *sum,
                               size_t panel)
{
    size_t index = pass->network->embedding_weight;
    real *gradient = pass->work->layer_input[0].feature[panel].gradient;
    if (pass->dropout.inputs) /* these rows, the first time that they are read */
        recur_pass_drop(pass, 0, panel, (struct recur_range){sum->row, sum->rows}, gradient,
                        gradient);
    gradient_table(pass, sum, gradient_panel(pass, sum, index, panel),
                   recur_network_param(pass->network, index)->depth,
                   gradient + sum->row * RECUR_LANES, false);
}

void recur_gradient(const struct recur_pass *pass, const struct recur_summed *sum,
                    struct recur_panel_task task, size_t thread)
{
    if (task.kind == RECUR_PANELS_GATES)
        gradient_gates(pass, sum, task, thread);
    else if (task.kind == RECUR_PANELS_HEAD)
        gradient_head(pass, sum, task.panel, thread);
    else
        gradient_embedding(pass, sum, task.panel);
}

/* Copies panel number `index` of a weight (k, 32) into its transpose, which has for every panel of
 * the k axis `tiles` tiles of (32, 32); this panel is tile number `index`. */
static void transpose_panel(const struct recur_pass *pass, real *to, const real *w, size_t panels,
                            size_t tiles, size_t index)
{
    const size_t block = RECUR_LANES * RECUR_LANES;
    for (size_t p = 0; p < panels; p++, w += block) {
        real *t = to + (p * tiles + index) * block;
        if (pass->work->bf16)
            pass->kernels->bf16_transpose(recur_bf16_of(pass, t), w);
        else
            pass->kernels->transpose(t, w);
    }
}

/* Copies a panel of the candidates' columns, ready for forward products. */
static void gather_head(const struct recur_pass *pass, size_t panel)
{
    const struct recur_candidates *candidates = pass->candidates;
    size_t depth = candidates->weight->depth;
    real *weight = pass->work->head + panel * depth * RECUR_LANES,
         *bias = pass->work->head_bias + panel * RECUR_LANES;
    recur_candidates_gather(candidates, candidates->weight, panel, 0, depth, pass->parameters,
                            weight);
    recur_candidates_gather(candidates, candidates->bias, panel, 0, 1, pass->parameters, bias);
    recur_candidates_weigh(candidates, panel, bias);
    if (pass->work->bf16)
        pass->kernels->bf16_pack_rows(recur_bf16_of(pass, weight), weight, depth);
}

static void prepare_head(const struct recur_pass *pass, size_t panel, bool backward)
{
    const struct recur_network *network = pass->network;
    if (pass->candidates)
        gather_head(pass, panel);
    else
        recur_pass_pack_weight(pass, network->head_weight, panel);
    if (backward)
        transpose_panel(pass, pass->work->head_transposed, recur_pass_head(pass, panel),
                        pass->work->layer_input[network->layers].panels,
                        recur_panels(recur_pass_columns(pass)), panel);
}

/* Panel `panel` of weight_hh, ready for forward products. */
static const real *prepare_recurrent(const struct recur_pass *pass, struct recur_panel_task task)
{
    size_t index = pass->network->layer[task.l].direction[task.d].weight_hh;
    const struct recur_stream *stream =
        recur_workspace_stream(pass->work, pass->network, task.l, task.d);
    const real *whole = recur_pass_panel(pass, index, task.panel);
    if (!pass->dropout.weights) {
        recur_pass_pack_weight(pass, index, task.panel);
        return whole;
    }
    size_t depth = recur_network_param(pass->network, index)->depth;
    real *dropped = stream->dropped + task.panel * depth * RECUR_LANES;
    recur_pass_drop_weights(pass, task.l, task.d, task.panel, dropped, whole);
    if (pass->work->bf16)
        pass->kernels->bf16_pack_rows(recur_bf16_of(pass, dropped), dropped, depth);
    return dropped;
}

static void prepare_gate(const struct recur_pass *pass, struct recur_panel_task task, bool backward)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_layer *layer = &pass->network->layer[task.l];
    const struct recur_direction *tensors = &layer->direction[task.d];
    const struct recur_stream *stream =
        recur_workspace_stream(pass->work, pass->network, task.l, task.d);
    size_t u = task.panel / cell->gates, gate = task.panel % cell->gates;
    unsigned input = cell->input_slot[gate], recurrent = cell->recurrent_slot[gate];
    size_t slots = cell->lines ? recur_cell_normalised(cell) : cell->slots;
    real *biases = cell->lines ? stream->bias : stream->slot_bias;
    real *bias = biases + (u * slots + input) * RECUR_LANES;
    real *bias_hh = biases + (u * slots + recurrent) * RECUR_LANES;
    memset(bias_hh, 0, RECUR_LANES * sizeof *bias_hh);
    memcpy(bias, recur_pass_panel(pass, tensors->bias_ih, task.panel), RECUR_LANES * sizeof *bias);
    for (size_t i = 0; i < RECUR_LANES && tensors->bias_hh != RECUR_NO_TENSOR; i++)
        bias_hh[i] += recur_pass_panel(pass, tensors->bias_hh, task.panel)[i];
    if (cell->lines)
        recur_pass_normalise_prepare(pass, task.l, task.d, task.panel);
    const real *recurrent_weights = prepare_recurrent(pass, task);
    if (layer->dense)
        recur_pass_pack_weight(pass, tensors->weight_ih, task.panel);
    if (!backward)
        return;
    unsigned p = gate < cell->phase[0].gates ? 0 : 1, gates = cell->phase[p].gates;
    transpose_panel(pass, stream->recurrent_transposed[p], recurrent_weights, layer->units,
                    layer->units * gates, u * gates + gate - cell->phase[p].first_gate);
    if (layer->dense)
        transpose_panel(pass, stream->input_transposed,
                        recur_pass_panel(pass, tensors->weight_ih, task.panel),
                        recur_network_param(pass->network, tensors->weight_ih)->depth / RECUR_LANES,
                        layer->units * cell->gates, task.panel);
}

void recur_pass_prepare(struct recur_pass *pass, bool backward)
{
    for (struct recur_panel_task task;
         (task = recur_tasks_next(pass, 1, RECUR_ALL_PARTS)).kind != RECUR_PANELS_NONE;)
        if (task.kind == RECUR_PANELS_EMBEDDING && task.panel == 0 && pass->work->int8)
            recur_int8_measure(pass);
        else if (task.kind == RECUR_PANELS_GATES)
            prepare_gate(pass, task, backward);
        else if (task.kind == RECUR_PANELS_HEAD)
            prepare_head(pass, task.panel, backward);
}
