/* Work that is done by panels of the parameters and not by rows of the batch: weight gradients
 * after backward, and transposed copies of the weights after an update. */
#include <string.h>

#include "backend/cpu/bf16.h"
#include "backend/cpu/int8.h"

/* The tasks in their order: the panels of all layers' gates, then of the head, then of the
 * embedding. */
enum task_kind { TASK_GATE, TASK_HEAD, TASK_EMBEDDING, TASK_NONE };

struct task {
    enum task_kind kind;
    size_t l, d, panel;
    size_t panels; /* from `panel` on */
};

/* A task is `together` panels of gates. */
static struct task task_at(const struct recur_network *network, size_t together, size_t index)
{
    for (size_t l = network->layers; l-- > 0;)
        for (size_t d = 0; d < network->directions; d++) {
            size_t panels = network->layer[l].units * network->cell->gates;
            size_t first = index * together, tasks = (panels + together - 1) / together;
            if (index < tasks)
                return (struct task){TASK_GATE, l, d, first,
                                     panels - first < together ? panels - first : together};
            index -= tasks;
        }
    size_t head = recur_panels(network->outputs);
    if (index < head)
        return (struct task){.kind = TASK_HEAD, .panel = index};
    index -= head;
    if (index < recur_panels(network->embedding))
        return (struct task){.kind = TASK_EMBEDDING, .panel = index};
    return (struct task){.kind = TASK_NONE};
}

static struct task next_task(struct recur_pass *pass, size_t together)
{
    size_t index = atomic_fetch_add_explicit(&pass->next_task, 1, memory_order_relaxed);
    return task_at(pass->network, together, index);
}

static real *gradient_panel(const struct recur_pass *pass, size_t index, size_t panel)
{
    return pass->gradients + recur_param_panel(recur_network_param(pass->network, index), panel);
}

/* The gradient of a panel of z, (rows, 32), as the right operand of weight gradients. */
struct right {
    const real *dz;
    const uint32_t *pairs; /* in bf16 */
    size_t columns;        /* in use */
    size_t rows;
    bool from_q; /* the left operand is q, not h */
    real *dw;    /* the panel of weight gradients that the products are */
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
    pass->kernels->bf16_pack_rows(pairs, right->dz, right->rows);
    right->pairs = pairs;
}

/* dw (width, 32) = x^T dz, from row `row` of dw on; x as floats or, in bf16, as row pairs. */
static void multiply(const struct recur_pass *pass, const struct right *right, size_t row,
                     const real *x, const uint32_t *pairs, size_t width)
{
    real *dw = right->dw + row * RECUR_LANES;
    if (right->pairs)
        pass->kernels->bf16_outer(dw, pairs, width, right->pairs, right->columns,
                                  (right->rows + 1) / 2, false);
    else
        pass->kernels->outer(dw, x, width, right->dz, right->columns, right->rows, false);
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
                                     right[i].dz + run->row * RECUR_LANES, right[i].columns,
                                     run->rows, sum);
}

/* dw = h'^T dz over all rows; forward: z = h' W_hh^T + ... The states before the rows are
 * contiguous while the number of running sequences stays the same: with equal lengths throughout a
 * micro-batch. */
static void gradient_states(const struct recur_pass *pass, const struct recur_layer *layer,
                            const struct recur_stream *stream, size_t d, const struct right *right,
                            size_t count)
{
    size_t each = recur_pass_micro_batch(pass), micro_batches = recur_pass_batch(pass) / each;
    struct recur_step_range run = {.rows = 0}, range[RECUR_STEP_RANGES_MAX];
    bool sum = false;
    for (size_t step = 0; step < micro_batches * pass->batch.steps; step++) {
        const struct recur_partition micro = {.first = step / pass->batch.steps * each,
                                              .sequences = each,
                                              .steps = pass->batch.steps};
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
                               const struct right *right, size_t count)
{
    bool states = false;
    for (size_t i = 0; i < count; i++)
        states |= is_of_states(&right[i]);
    if (states)
        gradient_states(pass, layer, stream, d, right, count);
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

static void gradient_bias(const struct recur_pass *pass, const struct recur_direction *tensors,
                          size_t panel, const real *dz_input, const real *dz_recurrent)
{
    size_t rows = recur_pass_rows(pass);
    real *db = gradient_panel(pass, tensors->bias_ih, panel);
    pass->kernels->column_sum(db, dz_input, rows);
    if (tensors->bias_hh == RECUR_NO_TENSOR)
        return;
    real *db_hh = gradient_panel(pass, tensors->bias_hh, panel);
    if (dz_recurrent == dz_input)
        memcpy(db_hh, db, RECUR_LANES * sizeof *db);
    else
        pass->kernels->column_sum(db_hh, dz_recurrent, rows);
}

static void gradient_gates(const struct recur_pass *pass, struct task task, size_t thread)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_layer *layer = &pass->network->layer[task.l];
    const struct recur_direction *tensors = &layer->direction[task.d];
    const struct recur_stream *stream =
        recur_workspace_stream(pass->work, pass->network, task.l, task.d);
    struct right input[RECUR_GATES_TOGETHER], recurrent[RECUR_GATES_TOGETHER];
    for (size_t i = 0; i < task.panels; i++) {
        size_t panel = task.panel + i, gate = panel % cell->gates, u = panel / cell->gates;
        const real *z = stream->z + u * cell->slots * stream->z_stride;
        struct right *right = &recurrent[i];
        *right = (struct right){
            .dz = z + cell->recurrent_slot[gate] * stream->z_stride,
            .columns = recur_panel_width(layer->hidden, u),
            .rows = recur_pass_rows(pass),
            .from_q = gate >= cell->phase[0].gates && cell->phase[1].from_q,
            .dw = gradient_panel(pass, tensors->weight_hh, panel),
        };
        input[i] = *right;
        input[i].dz = z + cell->input_slot[gate] * stream->z_stride;
        input[i].dw = gradient_panel(pass, tensors->weight_ih, panel);
        gradient_bias(pass, tensors, panel, input[i].dz, right->dz);
        make_pairs(pass, thread, i, right);
        input[i].pairs = right->pairs;
    }
    gradient_recurrent(pass, layer, stream, task.d, recurrent, task.panels);
    for (size_t i = 0; i < task.panels; i++)
        if (!layer->dense) {
            recur_sparse_rows_clear(pass->sparse, input[i].dw,
                                    recur_network_param(pass->network, tensors->weight_ih)->depth);
            pass->kernels->scatter_add(input[i].dw, pass->batch.ids, input[i].dz, input[i].rows);
        } else if (input[i].dz != recurrent[i].dz)
            make_pairs(pass, thread, i, &input[i]);
    if (layer->dense)
        gradient_layer_input(pass, recur_workspace_input(pass->work, pass->network, task.l, task.d),
                             input, task.panels);
}

static void gradient_head(const struct recur_pass *pass, size_t panel, size_t thread)
{
    const struct recur_network *network = pass->network;
    const struct recur_workspace *work = pass->work;
    const real *dz = work->logits + panel * work->logit_stride;
    size_t rows = pass->headless ? 0 : recur_pass_rows(pass);
    pass->kernels->column_sum(gradient_panel(pass, network->head_bias, panel), dz, rows);
    struct right right = {
        .dz = dz,
        .columns = recur_panel_width(network->outputs, panel),
        .rows = rows,
        .dw = gradient_panel(pass, network->head_weight, panel),
    };
    make_pairs(pass, thread, 0, &right);
    gradient_layer_input(pass, work->layer_input[network->layers], &right, 1);
}

static void gradient_embedding(const struct recur_pass *pass, size_t panel)
{
    size_t index = pass->network->embedding_weight;
    real *dw = gradient_panel(pass, index, panel);
    recur_sparse_rows_clear(pass->sparse, dw, recur_network_param(pass->network, index)->depth);
    pass->kernels->scatter_add(dw, pass->batch.ids,
                               pass->work->layer_input[0].feature[panel].gradient,
                               recur_pass_rows(pass));
}

/* How many panels of gates a task has: as many as give every thread about the same share of the
 * panels. */
static size_t gates_together(const struct recur_pass *pass)
{
    const struct recur_network *network = pass->network;
    size_t threads = recur_grid_threads(&pass->work->grid), together = 1, panels = 0;
    for (size_t l = 0; l < network->layers; l++)
        panels += network->layer[l].units * network->cell->gates * network->directions;
    while (2 * together <= RECUR_GATES_TOGETHER &&
           (panels % (2 * together * threads) == 0 || panels >= 16 * together * threads))
        together *= 2;
    return together;
}

void recur_pass_gradients(struct recur_pass *pass, size_t thread)
{
    size_t together = gates_together(pass);
    for (struct task task; (task = next_task(pass, together)).kind != TASK_NONE;) {
        if (task.kind == TASK_GATE)
            gradient_gates(pass, task, thread);
        else if (task.kind == TASK_HEAD)
            gradient_head(pass, task.panel, thread);
        else
            gradient_embedding(pass, task.panel);
    }
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

static void prepare_head(const struct recur_pass *pass, size_t panel, bool backward)
{
    const struct recur_network *network = pass->network;
    recur_pass_pack_weight(pass, network->head_weight, panel);
    if (backward)
        transpose_panel(
            pass, pass->work->head_transposed, recur_pass_panel(pass, network->head_weight, panel),
            pass->work->layer_input[network->layers].panels, recur_panels(network->outputs), panel);
}

static void prepare_gate(const struct recur_pass *pass, struct task task, bool backward)
{
    const struct recur_cell_kind *cell = pass->network->cell;
    const struct recur_layer *layer = &pass->network->layer[task.l];
    const struct recur_direction *tensors = &layer->direction[task.d];
    const struct recur_stream *stream =
        recur_workspace_stream(pass->work, pass->network, task.l, task.d);
    size_t u = task.panel / cell->gates, gate = task.panel % cell->gates;
    unsigned input = cell->input_slot[gate], recurrent = cell->recurrent_slot[gate];
    real *bias = stream->slot_bias + (u * cell->slots + input) * RECUR_LANES;
    real *bias_hh = stream->slot_bias + (u * cell->slots + recurrent) * RECUR_LANES;
    memset(bias_hh, 0, RECUR_LANES * sizeof *bias_hh);
    memcpy(bias, recur_pass_panel(pass, tensors->bias_ih, task.panel), RECUR_LANES * sizeof *bias);
    for (size_t i = 0; i < RECUR_LANES && tensors->bias_hh != RECUR_NO_TENSOR; i++)
        bias_hh[i] += recur_pass_panel(pass, tensors->bias_hh, task.panel)[i];
    recur_pass_pack_weight(pass, tensors->weight_hh, task.panel);
    if (layer->dense)
        recur_pass_pack_weight(pass, tensors->weight_ih, task.panel);
    if (!backward)
        return;
    unsigned p = gate < cell->phase[0].gates ? 0 : 1, gates = cell->phase[p].gates;
    transpose_panel(pass, stream->recurrent_transposed[p],
                    recur_pass_panel(pass, tensors->weight_hh, task.panel), layer->units,
                    layer->units * gates, u * gates + gate - cell->phase[p].first_gate);
    if (layer->dense)
        transpose_panel(pass, stream->input_transposed,
                        recur_pass_panel(pass, tensors->weight_ih, task.panel),
                        recur_network_param(pass->network, tensors->weight_ih)->depth / RECUR_LANES,
                        layer->units * cell->gates, task.panel);
}

void recur_pass_prepare(struct recur_pass *pass, bool backward)
{
    for (struct task task; (task = next_task(pass, 1)).kind != TASK_NONE;)
        if (task.kind == TASK_EMBEDDING && task.panel == 0 && pass->work->int8)
            recur_int8_measure(pass);
        else if (task.kind == TASK_GATE)
            prepare_gate(pass, task, backward);
        else if (task.kind == TASK_HEAD)
            prepare_head(pass, task.panel, backward);
}
