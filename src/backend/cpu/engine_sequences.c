/* Sequences of any lengths, forward and backward: sorts them, copies them into rows, and copies
 * results back. */

#include "backend/cpu/bf16.h"
#include "backend/cpu/engine.h"
#include "nn/contents.h"

static void forward(void *argument, size_t thread, size_t threads)
{
    struct recur_cpu_engine *engine = argument;
    const recur_stack_input *input = &engine->sequences.input;
    const recur_stack_output *output = &engine->sequences.output;
    bool has_c = engine->base.plan.network->cell->has_c;
    if (input->x)
        recur_cpu_exchange_layer_input(engine, &engine->work.layer_input[0], false, input->x, NULL,
                                       thread);
    if (engine->pass.states.given)
        recur_cpu_exchange_states(engine, RECUR_CPU_H0, input->h0, NULL, thread, threads);
    if (engine->pass.states.given && has_c)
        recur_cpu_exchange_states(engine, RECUR_CPU_C0, input->c0, NULL, thread, threads);
    recur_pass_prepare(&engine->pass, false);
    recur_team_wait(engine->team, thread);
    recur_pass_forward(&engine->pass, thread);
    recur_team_wait(engine->team, thread);
    if (output->y)
        recur_cpu_exchange_layer_input(engine,
                                       &engine->work.layer_input[engine->base.plan.network->layers],
                                       false, NULL, output->y, thread);
    if (output->logits)
        recur_cpu_exchange_logits(engine, NULL, output->logits, thread);
    if (output->h_n)
        recur_cpu_exchange_states(engine, RECUR_CPU_H_N, NULL, output->h_n, thread, threads);
    if (output->c_n && has_c)
        recur_cpu_exchange_states(engine, RECUR_CPU_C_N, NULL, output->c_n, thread, threads);
}

/* Decides how the minibatch's rows lie: in micro-batches where lengths are equal, unless equal
 * sequences must be told from others, which `lengths` does. */
static void set_rows(struct recur_cpu_engine *engine)
{
    const struct recur_lengths *lengths = &engine->sequences.lengths;
    struct recur_pass *pass = &engine->pass;
    bool equal = lengths->length[lengths->batch - 1] == lengths->steps;
    bool drops = pass->dropout.on || pass->dropout.inputs;
    pass->batch.lengths = equal && !(drops && lengths->ties) ? NULL : lengths;
    pass->batch.sequences = lengths->batch;
    pass->batch.micro_batch = recur_micro_batch_of(lengths->batch, engine->work.micro_rows);
    pass->batch.steps = lengths->steps;
}

void recur_cpu_forward_sequences(struct recur_cpu_engine *engine,
                                 const struct recur_minibatch *batch,
                                 const recur_stack_output *output)
{
    const struct recur_network *network = engine->base.plan.network;
    const recur_stack_input *input = &batch->input;
    struct recur_cpu_sequences *sequences = &engine->sequences;
    for (size_t b = 0; b < input->batch; b++)
        sequences->equal[b] = input->steps;
    const size_t *length = input->lengths ? input->lengths : sequences->equal;
    sequences->input = *input;
    sequences->input.x = network->inputs ? input->x : NULL;
    sequences->output = *output;
    recur_lengths_set(&sequences->lengths, input->batch, length, sequences->content,
                      recur_contents_of_input(network, input, sequences->content));
    struct recur_pass *pass = &engine->pass;
    recur_cpu_set_dropout(engine, batch);
    set_rows(engine);
    if (!network->inputs)
        recur_pass_pack_ids(pass, sequences->lengths.order, engine->ids, input->ids);
    recur_cpu_set_targets(engine, input->targets, sequences->lengths.order, batch->targets);
    pass->states.given = input->h0 || (input->c0 && network->cell->has_c);
    pass->headless = !output->logits && !input->targets;
    atomic_store_explicit(&pass->next_task, 0, memory_order_relaxed);
    recur_team_run(engine->team, forward, engine);
    if (input->targets && output->loss)
        *output->loss = recur_pass_loss_sum(pass) * (double)pass->loss_scale;
}

/* Copies the caller's gradients of the outputs to where the backward pass begins. */
static void load_gradients(const struct recur_cpu_engine *engine, size_t thread, size_t threads)
{
    const recur_stack_output_gradient *given = &engine->sequences.given;
    const struct recur_network *network = engine->base.plan.network;
    if (engine->pass.backward.given_outputs)
        recur_cpu_exchange_layer_input(engine, &engine->work.layer_input[network->layers], true,
                                       given->dy, NULL, thread);
    if (given->dlogits)
        recur_cpu_exchange_logits(engine, given->dlogits, NULL, thread);
    if (!engine->pass.backward.given_ends)
        return;
    recur_cpu_exchange_states(engine, RECUR_CPU_ENDS, given->dh_n, NULL, thread, threads);
    if (network->cell->has_c)
        recur_cpu_exchange_states(engine, RECUR_CPU_DC, given->dc_n, NULL, thread, threads);
}

/* Copies the gradients of the inputs to the caller. */
static void store_gradients(const struct recur_cpu_engine *engine, size_t thread, size_t threads)
{
    const recur_stack_input_gradient *wanted = &engine->sequences.wanted;
    if (wanted->dx)
        recur_cpu_exchange_layer_input(engine, &engine->work.layer_input[0], true, NULL, wanted->dx,
                                       thread);
    if (wanted->dh0)
        recur_cpu_exchange_states(engine, RECUR_CPU_DH0, NULL, wanted->dh0, thread, threads);
    if (wanted->dc0 && engine->base.plan.network->cell->has_c)
        recur_cpu_exchange_states(engine, RECUR_CPU_DC, NULL, wanted->dc0, thread, threads);
}

static void backward(void *argument, size_t thread, size_t threads)
{
    struct recur_cpu_engine *engine = argument;
    load_gradients(engine, thread, threads);
    recur_pass_prepare(&engine->pass, true);
    recur_team_wait(engine->team, thread);
    if (thread == 0)
        atomic_store_explicit(&engine->pass.next_task, 0, memory_order_relaxed);
    recur_pass_backward(&engine->pass, thread);
    recur_team_wait(engine->team, thread);
    if (engine->work.bf16) {
        recur_bf16_pair(&engine->pass, thread, threads);
        recur_team_wait(engine->team, thread);
    }
    recur_pass_gradients(&engine->pass, thread);
    recur_team_wait(engine->team, thread);
    store_gradients(engine, thread, threads);
    if (!engine->learner->base.plan.adds || engine->pass.gradients == engine->learner->gradients)
        return;
    size_t rows = engine->base.plan.model->network.params.span / RECUR_LANES;
    size_t first = rows * thread / threads * RECUR_LANES;
    size_t last = rows * (thread + 1) / threads * RECUR_LANES;
    engine->pass.kernels->add(engine->learner->gradients + first,
                              engine->learner->gradients + first, engine->learner->fresh + first,
                              last - first);
}

enum recur_status recur_cpu_backward(struct recur_engine *base,
                                     const recur_stack_output_gradient *output,
                                     const recur_stack_input_gradient *input, recur_error *error)
{
    struct recur_cpu_engine *engine = recur_cpu_engine_of(base);
    const struct recur_network *network = base->plan.network;
    struct recur_cpu_learner *learner = engine->learner;
    struct recur_cpu_sequences *sequences = &engine->sequences;
    struct recur_pass *pass = &engine->pass;
    RECUR_TRY(recur_team_attend(engine->team, error));
    sequences->given = output ? *output : (recur_stack_output_gradient){0};
    sequences->wanted = input ? *input : (recur_stack_input_gradient){0};
    output = &sequences->given;
    recur_lengths_part(
        &sequences->lengths, sequences->content,
        recur_contents_of_gradient(network, sequences->lengths.batch, output, sequences->content));
    pass->headless = !output->dlogits && !pass->batch.targets;
    pass->backward.given_outputs = output->dy || pass->headless;
    pass->backward.given_ends = output->dh_n || (output->dc_n && network->cell->has_c);
    pass->backward.wants_initial = sequences->wanted.dh0;
    pass->backward.wants_inputs = sequences->wanted.dx;
    if (learner->base.plan.adds)
        pass->gradients = learner->has_gradients ? learner->fresh : learner->gradients;
    atomic_store_explicit(&pass->next_task, 0, memory_order_relaxed);
    recur_team_run(engine->team, backward, engine);
    learner->has_gradients = learner->base.plan.adds;
    return RECUR_OK;
}
