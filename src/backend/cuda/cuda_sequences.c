/* Sequences of any lengths, forward and backward: sorts them, copies them into rows, and copies
 * results back. */
#include <string.h>

#include "backend/cuda/cuda_engine.h"
#include "nn/contents.h"

/* An array (T, B, columns) of the caller's and its rows: blocks of `width` numbers, of which
 * `used` count. */
struct table {
    size_t blocks, width, used;
};

static size_t table_columns(const struct table *table)
{
    return table->blocks * table->width;
}

/* Numbers of the host on their way; the next call takes what lies behind them. */
static float *take(struct recur_cuda_engine *engine, size_t numbers)
{
    float *at = engine->host + engine->host_used;
    engine->host_used += numbers;
    return at;
}

/* Copies the caller's numbers into rows of the GPU's; NULL stands for zeros. */
static void load_table(struct recur_cuda_engine *engine, const struct table *table,
                       recur_cuda_memory to, const float *from)
{
    const struct recur_lengths *lengths = &engine->lengths;
    size_t columns = table_columns(table), numbers = lengths->rows * columns;
    if (!from) {
        recur_cuda_clear(engine->queue, to, numbers);
        return;
    }
    float *rows = take(engine, numbers);
    memset(rows, 0, numbers * sizeof *rows);
    for (size_t t = 0; t < lengths->steps; t++)
        for (size_t b = 0; b < lengths->alive[t]; b++)
            for (size_t i = 0; i < table->blocks; i++)
                memcpy(rows + (lengths->offset[t] + b) * columns + i * table->width,
                       from + ((t * lengths->batch + lengths->order[b]) * table->blocks + i) *
                                  table->used,
                       table->used * sizeof *rows);
    recur_cuda_upload(engine->queue, to, rows, numbers * sizeof *rows);
}

/* The other way round, in two steps: what has been fetched can be stored once the queue is
 * finished. */
static float *fetch_table(struct recur_cuda_engine *engine, const struct table *table,
                          recur_cuda_memory from)
{
    size_t numbers = engine->lengths.rows * table_columns(table);
    float *rows = take(engine, numbers);
    recur_cuda_download(engine->queue, rows, from, numbers * sizeof *rows);
    return rows;
}

/* Behind a sequence's end the caller gets zeros. */
static void store_table(const struct recur_cuda_engine *engine, const struct table *table,
                        size_t steps, float *to, const float *rows)
{
    const struct recur_lengths *lengths = &engine->lengths;
    size_t columns = table->blocks * table->used;
    memset(to, 0, steps * lengths->batch * columns * sizeof *to);
    for (size_t t = 0; t < lengths->steps; t++)
        for (size_t b = 0; b < lengths->alive[t]; b++)
            for (size_t i = 0; i < table->blocks; i++)
                memcpy(to + (t * lengths->batch + lengths->order[b]) * columns + i * table->used,
                       rows + (lengths->offset[t] + b) * table_columns(table) + i * table->width,
                       table->used * sizeof *to);
}

/* Which of a stream's states, or of their gradients. */
enum states { STATES_H, STATES_C, STATES_ENDS, STATES_DC, STATES_DH0 };

static recur_cuda_memory place_of(const struct recur_cuda_side *side, enum states which)
{
    switch (which) {
    case STATES_H: return side->last[0];
    case STATES_C: return side->last[1];
    case STATES_ENDS: return side->ends;
    case STATES_DC: return side->dc;
    case STATES_DH0: break;
    }
    return side->dh;
}

/* Copies states (L*D, B, H) of the caller's into rows, NULL standing for zeros. */
static void load_states(struct recur_cuda_engine *engine, enum states which, const float *from)
{
    const struct recur_network *network = engine->network;
    const struct recur_lengths *lengths = &engine->lengths;
    for (size_t i = 0; i < network->layers * network->directions; i++) {
        size_t l = i / network->directions, width = recur_cuda_width(engine, l);
        size_t hidden = network->layer[l].hidden, numbers = lengths->batch * width;
        recur_cuda_memory to = place_of(&engine->side[i], which);
        if (!from) {
            recur_cuda_clear(engine->queue, to, numbers);
            continue;
        }
        float *rows = take(engine, numbers);
        memset(rows, 0, numbers * sizeof *rows);
        for (size_t b = 0; b < lengths->batch; b++)
            memcpy(rows + b * width, from + lengths->order[b] * hidden, hidden * sizeof *rows);
        recur_cuda_upload(engine->queue, to, rows, numbers * sizeof *rows);
        from += lengths->batch * hidden;
    }
}

static float *fetch_states(struct recur_cuda_engine *engine, enum states which)
{
    const struct recur_network *network = engine->network;
    float *first = engine->host + engine->host_used;
    for (size_t i = 0; i < network->layers * network->directions; i++) {
        size_t numbers = engine->lengths.batch * recur_cuda_width(engine, i / network->directions);
        recur_cuda_download(engine->queue, take(engine, numbers), place_of(&engine->side[i], which),
                            numbers * sizeof *first);
    }
    return first;
}

static void store_states(const struct recur_cuda_engine *engine, float *to, const float *rows)
{
    const struct recur_network *network = engine->network;
    const struct recur_lengths *lengths = &engine->lengths;
    for (size_t i = 0; i < network->layers * network->directions; i++) {
        size_t l = i / network->directions, width = recur_cuda_width(engine, l);
        size_t hidden = network->layer[l].hidden;
        for (size_t b = 0; b < lengths->batch; b++, rows += width)
            memcpy(to + lengths->order[b] * hidden, rows, hidden * sizeof *to);
        to += lengths->batch * hidden;
    }
}

/* What the network reads, what it hands out, the logits. */
static struct table input_table(const struct recur_cuda_engine *engine)
{
    return (struct table){1, engine->input[0].width, engine->network->inputs};
}

static struct table output_table(const struct recur_cuda_engine *engine)
{
    const struct recur_network *network = engine->network;
    const struct recur_cuda_input *input = &engine->input[network->layers];
    if (!network->layers)
        return input_table(engine);
    return (struct table){input->blocks, input->width, network->layer[network->layers - 1].hidden};
}

static struct table logit_table(const struct recur_cuda_engine *engine)
{
    size_t outputs = engine->network->outputs;
    return (struct table){1, recur_panels(outputs) * RECUR_LANES, outputs};
}

/* Sorts the sequences and decides what the pass does. */
static void set_pass(struct recur_cuda_engine *engine, const struct recur_minibatch *batch,
                     const recur_stack_output *output)
{
    const recur_stack_input *input = &batch->input;
    const struct recur_network *network = engine->network;
    bool has_c = network->cell->has_c;
    for (size_t b = 0; b < input->batch; b++)
        engine->equal[b] = input->steps;
    recur_lengths_set(&engine->lengths, input->batch,
                      input->lengths ? input->lengths : engine->equal, engine->content,
                      recur_contents_of_input(network, input, engine->content));
    engine->pass = (struct recur_cuda_pass){
        .carries = input->h0 || (input->c0 && has_c),
        .headless = !output->logits && !input->targets,
        .targets = input->targets != NULL,
    };
    recur_cuda_set_dropout(engine, batch);
    recur_cuda_load_rows(engine, network->inputs ? NULL : input->ids, input->targets,
                         engine->pass.threshold > 0);
    engine->pass.loss_scale =
        recur_cuda_loss_scale(recur_cuda_host_rows(engine, RECUR_CUDA_TARGETS),
                              input->targets ? engine->lengths.rows : 0, batch->targets);
}

/* Loads what the caller brings and computes. */
static void queue_forward(struct recur_cuda_engine *engine, const recur_stack_input *input)
{
    const struct table x = input_table(engine);
    size_t rows = engine->lengths.rows;
    recur_cuda_take_parameters(engine);
    if (engine->network->inputs)
        load_table(engine, &x, engine->input[0].x, input->x);
    if (engine->pass.carries)
        load_states(engine, STATES_H, input->h0);
    if (engine->pass.carries && engine->network->cell->has_c)
        load_states(engine, STATES_C, input->c0);
    recur_cuda_queue_forward(engine);
    if (engine->pass.headless)
        return;
    recur_cuda_queue_logits(engine, 0, rows);
    if (engine->pass.targets)
        recur_cuda_queue_loss(engine, 0, rows, engine->pass.loss_scale, false);
}

enum recur_status recur_cuda_forward_sequences(struct recur_cuda_engine *engine,
                                               const struct recur_minibatch *batch,
                                               const recur_stack_output *output, recur_error *error)
{
    const recur_stack_input *input = &batch->input;
    const struct table y = output_table(engine), logits = logit_table(engine);
    const float *y_rows = NULL, *logit_rows = NULL, *h = NULL, *c = NULL, *losses = NULL;
    bool has_c = engine->network->cell->has_c;
    engine->host_used = 0;
    set_pass(engine, batch, output);
    queue_forward(engine, input);
    if (output->y)
        y_rows = fetch_table(engine, &y, engine->input[engine->network->layers].x);
    if (output->logits)
        logit_rows = fetch_table(engine, &logits, engine->logits);
    if (output->h_n)
        h = fetch_states(engine, STATES_H);
    if (output->c_n && has_c)
        c = fetch_states(engine, STATES_C);
    if (input->targets && output->loss)
        losses = fetch_table(engine, &(struct table){1, 1, 1}, engine->losses);
    RECUR_TRY(recur_cuda_finish(engine->queue, error));
    if (y_rows)
        store_table(engine, &y, input->steps, output->y, y_rows);
    if (logit_rows)
        store_table(engine, &logits, input->steps, output->logits, logit_rows);
    if (h)
        store_states(engine, output->h_n, h);
    if (c)
        store_states(engine, output->c_n, c);
    if (losses) {
        double sum = 0;
        for (size_t row = 0; row < engine->lengths.rows; row++)
            sum += (double)losses[row];
        *output->loss = sum * (double)engine->pass.loss_scale;
    }
    return RECUR_OK;
}

/* Loads the caller's gradients of the outputs, which also part sequences that hold the same. */
static void load_gradients(struct recur_cuda_engine *engine,
                           const recur_stack_output_gradient *given)
{
    const struct recur_network *network = engine->network;
    const struct table y = output_table(engine), logits = logit_table(engine);
    bool has_c = network->cell->has_c;
    recur_lengths_part(
        &engine->lengths, engine->content,
        recur_contents_of_gradient(network, engine->lengths.batch, given, engine->content));
    engine->pass.headless = !given->dlogits && !engine->pass.targets;
    engine->pass.given_outputs = given->dy || engine->pass.headless;
    engine->pass.given_ends = given->dh_n || (given->dc_n && has_c);
    if (engine->pass.given_outputs)
        load_table(engine, &y, recur_cuda_input_gradient(engine, network->layers), given->dy);
    if (given->dlogits)
        load_table(engine, &logits, engine->logits, given->dlogits);
    if (engine->pass.given_ends)
        load_states(engine, STATES_ENDS, given->dh_n);
    if (engine->pass.given_ends && has_c)
        load_states(engine, STATES_DC, given->dc_n);
}

/* Puts the whole backward pass into the queue. Its gradients are added to those of passes before,
 * or `gather` will do so. */
static void queue_backward(struct recur_cuda_engine *engine,
                           const recur_stack_output_gradient *given)
{
    struct recur_cuda_learner *learner = engine->learner;
    bool adds = learner->base.plan.adds;
    load_gradients(engine, given);
    engine->gradients = learner->has_gradients ? learner->fresh : recur_cuda_learner_own(learner);
    recur_cuda_queue_backward(engine);
    recur_cuda_queue_gradients(engine, 0);
    if (learner->has_gradients)
        recur_cuda_learner_add(learner, learner->gradients, learner->fresh);
    learner->has_gradients = adds;
}

enum recur_status recur_cuda_backward(struct recur_engine *base,
                                      const recur_stack_output_gradient *output,
                                      const recur_stack_input_gradient *input, recur_error *error)
{
    struct recur_cuda_engine *engine = recur_cuda_engine_of(base);
    const recur_stack_output_gradient given = output ? *output : (recur_stack_output_gradient){0};
    const recur_stack_input_gradient wanted = input ? *input : (recur_stack_input_gradient){0};
    const struct table x = input_table(engine);
    const float *dx = NULL, *dh0 = NULL, *dc0 = NULL;
    RECUR_TRY(recur_cuda_enter(engine->own.cuda, error));
    engine->host_used = 0;
    engine->pass.wants_inputs = wanted.dx != NULL;
    queue_backward(engine, &given);
    if (wanted.dx)
        dx = fetch_table(engine, &x, engine->input[0].dx);
    if (wanted.dh0)
        dh0 = fetch_states(engine, STATES_DH0);
    if (wanted.dc0 && engine->network->cell->has_c)
        dc0 = fetch_states(engine, STATES_DC);
    enum recur_status status = recur_cuda_finish(engine->queue, error);
    recur_cuda_leave(engine->own.cuda);
    RECUR_TRY(status);
    if (dx)
        store_table(engine, &x, engine->steps, wanted.dx, dx);
    if (dh0)
        store_states(engine, wanted.dh0, dh0);
    if (dc0)
        store_states(engine, wanted.dc0, dc0);
    return RECUR_OK;
}
