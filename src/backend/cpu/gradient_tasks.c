/* Weight gradients after backward: in which order threads compute them, block by block and
 * minibatch by minibatch. */
#include "backend/cpu/gradients.h"
#include "backend/cpu/partition.h"
#include "base/pairwise.h"

/* to += from, a panel of a parameter; of a table only the rows that the minibatch reads. */
static void add_panel(const struct recur_pass *pass, real *to, const real *from, size_t index,
                      size_t panel)
{
    const struct recur_param *param = recur_network_param(pass->network, index);
    const struct recur_sparse_rows *sparse = pass->sparse;
    size_t at = recur_param_panel(param, panel);
    bool table = false;
    for (size_t i = 0; sparse && i < sparse->tables; i++)
        table |= sparse->table[i] == param;
    if (!table)
        pass->kernels->add(to + at, to + at, from + at, param->depth * RECUR_LANES);
    for (size_t i = 0; table && i < sparse->rows; i++) {
        size_t row = at + (size_t)sparse->row[i] * RECUR_LANES;
        pass->kernels->add(to + row, to + row, from + row, RECUR_LANES);
    }
}

/* The same for one panel of each of some parameters that the network may lack. */
static void add_present(const struct recur_pass *pass, real *to, const real *from,
                        const size_t *indices, size_t count, size_t panel)
{
    for (size_t i = 0; i < count; i++)
        if (indices[i] != RECUR_NO_TENSOR)
            add_panel(pass, to, from, indices[i], panel);
}

/* The same for all panels of a task. */
static void add_task(const struct recur_pass *pass, real *to, const real *from,
                     struct recur_panel_task task)
{
    const struct recur_network *network = pass->network;
    const size_t gates = network->cell->gates;
    if (task.kind == RECUR_PANELS_HEAD) {
        add_panel(pass, to, from, network->head_weight, task.panel);
        add_panel(pass, to, from, network->head_bias, task.panel);
    } else if (task.kind == RECUR_PANELS_EMBEDDING) {
        add_panel(pass, to, from, network->embedding_weight, task.panel);
    } else {
        const struct recur_direction *tensors = &network->layer[task.l].direction[task.d];
        for (size_t i = task.panel; i < task.panel + task.panels; i++) {
            const size_t each[] = {tensors->weight_ih, tensors->weight_hh, tensors->bias_ih,
                                   tensors->bias_hh,   tensors->gain_ih,   tensors->gain_hh};
            add_present(pass, to, from, each, sizeof each / sizeof *each, i);
            if (i % gates == 0)
                add_present(pass, to, from, (const size_t[]){tensors->gain_c, tensors->bias_c}, 2,
                            i / gates);
        }
    }
}

/* Sums a task block by block. */
static void gradient_blocks(const struct recur_pass *pass, struct recur_panel_task task,
                            size_t thread)
{
    const struct recur_pass_blocks *blocks = &pass->blocks;
    size_t rows = recur_pass_micro_batch(pass) * pass->batch.steps;
    struct recur_pairwise stack = {.count = 0};
    for (size_t i = 0; i < blocks->count; i++) {
        const struct recur_summed sum = {.gradients = blocks->gradients[stack.count],
                                         .row = i * rows,
                                         .rows = rows,
                                         .micro_batch = i,
                                         .micro_batches = 1};
        recur_gradient(pass, &sum, task, thread);
        recur_pairwise_push(&stack, (struct recur_block_sum){blocks->first + i, 1});
        for (; recur_pairwise_joins(&stack); recur_pairwise_join(&stack))
            add_task(pass, blocks->gradients[stack.count - 2], blocks->gradients[stack.count - 1],
                     task);
    }
}

/* A task's sums over the minibatches of an update, each block by itself. The first minibatch's are
 * computed where they are gathered. */
static void gather_task(const struct recur_pass *pass, struct recur_panel_task task, size_t thread)
{
    const struct recur_pass_blocks *blocks = &pass->blocks;
    size_t count = blocks->count ? blocks->count : 1, rows = recur_pass_rows(pass) / count;
    size_t each = recur_pass_batch(pass) / recur_pass_micro_batch(pass) / count;
    for (size_t i = 0; i < count; i++) {
        const struct recur_summed sum = {.gradients = blocks->goes_on ? pass->gradients
                                                                      : blocks->gathered[i],
                                         .row = i * rows,
                                         .rows = rows,
                                         .micro_batch = i * each,
                                         .micro_batches = each};
        recur_gradient(pass, &sum, task, thread);
        if (blocks->goes_on)
            add_task(pass, blocks->gathered[i], pass->gradients, task);
    }
}

/* After the last minibatch: adds what was gathered of the blocks, as far as they are neighbours in
 * the tree. */
static void join_task(const struct recur_pass *pass, struct recur_panel_task task)
{
    const struct recur_pass_blocks *blocks = &pass->blocks;
    struct recur_pairwise stack = {.count = 0};
    for (size_t i = 0; i < blocks->count; i++) {
        recur_pairwise_push(&stack, (struct recur_block_sum){blocks->first + i, 1});
        for (; recur_pairwise_joins(&stack); recur_pairwise_join(&stack)) {
            const struct recur_block_sum *left = &stack.sum[stack.count - 2], *right = left + 1;
            add_task(pass, blocks->gathered[left->first - blocks->first],
                     blocks->gathered[right->first - blocks->first], task);
        }
    }
}

/* How many panels of gates a task has: as many as give every thread about the same share of the
 * panels that are computed until the threads meet: of all layers, or, part by part, of each. */
static size_t gates_together(const struct recur_pass *pass)
{
    const struct recur_network *network = pass->network;
    size_t threads = recur_grid_threads(&pass->work->grid), together = 1, panels = 0;
    size_t most = pass->work->bf16 ? RECUR_GATES_TOGETHER : RECUR_GATES_TOGETHER / 2;
    for (size_t l = 0; l < network->layers; l++) {
        size_t own = network->layer[l].units * network->cell->gates * network->directions;
        if (!pass->parcels)
            panels += own;
        else if (l == 0 || own < panels)
            panels = own;
    }
    while (2 * together <= most &&
           (panels % (2 * together * threads) == 0 || panels >= 16 * together * threads))
        together *= 2;
    return together;
}

static bool is_frozen(const struct recur_pass *pass, const struct recur_panel_task *task)
{
    return pass->frozen &&
           (task->kind == RECUR_PANELS_GATES ? task->l < pass->frozen
                                             : task->kind == RECUR_PANELS_EMBEDDING);
}

/* A task is done: what it has completed may travel to other ranks. */
static void count_task(const struct recur_pass *pass, const struct recur_panel_task *task,
                       size_t thread)
{
    const struct recur_network *network = pass->network;
    size_t panel = task->panel;
    if (!pass->parcels)
        return;
    if (task->kind == RECUR_PANELS_GATES)
        panel = recur_parcels_gate(network, task->l, task->d, panel);
    else if (task->kind == RECUR_PANELS_EMBEDDING)
        panel = recur_parcels_embedding(network, panel);
    recur_parcels_count(pass->parcels, panel, task->panels);
    recur_pass_move(pass, thread);
}

static void compute(struct recur_pass *pass, size_t parts, size_t thread)
{
    size_t together = gates_together(pass);
    const struct recur_summed all = {.gradients = pass->gradients,
                                     .rows = recur_pass_rows(pass),
                                     .micro_batches =
                                         recur_pass_batch(pass) / recur_pass_micro_batch(pass)};
    for (struct recur_panel_task task;
         (task = recur_tasks_next(pass, together, parts)).kind != RECUR_PANELS_NONE;) {
        bool trains = !is_frozen(pass, &task);
        if (trains && pass->blocks.gathered)
            gather_task(pass, task, thread);
        else if (trains && pass->blocks.count)
            gradient_blocks(pass, task, thread);
        else if (trains)
            recur_gradient(pass, &all, task, thread);
        if (trains && pass->blocks.gathered && !pass->blocks.pauses)
            join_task(pass, task);
        count_task(pass, &task, thread);
    }
    recur_pass_rest(pass);
}

void recur_pass_gradients(struct recur_pass *pass, size_t thread)
{
    compute(pass, RECUR_ALL_PARTS, thread);
}

void recur_pass_gradients_from(struct recur_pass *pass, size_t l, size_t thread)
{
    compute(pass, 1 + pass->network->layers - l, thread);
}
