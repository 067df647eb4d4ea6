#include "recur/stack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/bf16.h"
#include "backend/cpu/stack_object.h"
#include "backend/cpu/stack_part.h"
#include "base/config.h"
#include "base/memory.h"

static enum recur_status check_config(const recur_trainer_config *config, recur_error *error)
{
    if (!config->batch || !config->steps)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a stack needs room for at least 1 sequence and 1 step, got %zu x %zu",
                          config->batch, config->steps);
    return recur_trainer_check(config, error);
}

/* Everything but the team, the gradients and the optimiser. */
static enum recur_status plan(struct recur_stack *stack, const recur_trainer_config *config,
                              size_t tokens, bool trains, recur_error *error)
{
    recur_model *model = stack->model;
    const struct recur_network *network = stack->network;
    size_t most = recur_size_mul(config->batch, config->steps);
    size_t rows = tokens && tokens < most ? tokens : most;
    RECUR_TRY(recur_model_check_trains(model, error));
    stack->seed = config->seed;
    stack->clip = (double)config->clip;
    const struct recur_work_plan work = {.batch = config->batch,
                                         .steps = config->steps,
                                         .rows = rows,
                                         .threads = recur_team_threads(stack->team),
                                         .trains = trains,
                                         .shares = !trains};
    RECUR_TRY(recur_workspace_plan(&stack->work, network, &work, error));
    if (config->precision == RECUR_PRECISION_BF16) {
        recur_kernels_permit_tiles(&model->kernels);
        RECUR_TRY(recur_bf16_create(&stack->work, network, recur_team_threads(stack->team), error));
    }
    RECUR_TRY(recur_lengths_init(&stack->lengths, config->batch, config->steps, error));
    RECUR_TRY(recur_alloc(rows, sizeof *stack->ids, "a minibatch", &stack->ids, error));
    RECUR_TRY(recur_alloc(rows, sizeof *stack->targets, "a minibatch", &stack->targets, error));
    RECUR_TRY(
        recur_alloc(config->batch, sizeof *stack->equal, "a minibatch", &stack->equal, error));
    RECUR_TRY(recur_alloc(3 + 2 * network->layers, sizeof *stack->content, "a minibatch",
                          &stack->content, error));
    stack->pass = (struct recur_pass){.network = network,
                                      .kernels = model->kernels,
                                      .work = &stack->work,
                                      .parameters = model->parameters,
                                      .ids = stack->ids};
    return RECUR_OK;
}

static enum recur_status plan_whole(struct recur_stack *stack, const recur_trainer_config *config,
                                    size_t tokens, recur_error *error)
{
    recur_model *model = stack->model;
    size_t bytes = stack->network->params.span * sizeof(real);
    RECUR_TRY(check_config(config, error));
    RECUR_TRY(recur_team_create(config->threads ? config->threads : recur_team_processors(),
                                &stack->team, error));
    RECUR_TRY(plan(stack, config, tokens, true, error));
    RECUR_TRY(recur_block_alloc(bytes, "gradients", &stack->gradients, error));
    RECUR_TRY(recur_block_alloc(bytes, "gradients", &stack->fresh, error));
    return recur_optimiser_init(&stack->optimiser, model->kernels, config, model->parameters,
                                stack->gradients, stack->network->params.span, NULL, error);
}

enum recur_status recur_stack_create(recur_model *model, const recur_trainer_config *given,
                                     size_t tokens, recur_stack **out, recur_error *error)
{
    struct recur_stack *stack;
    recur_trainer_config config = recur_trainer_config_default();
    RECUR_TRY(recur_config_take(&config, given, "recur_trainer_config", error));
    RECUR_TRY(recur_alloc(1, sizeof *stack, "a stack", &stack, error));
    stack->model = model;
    stack->network = &model->network;
    enum recur_status status = plan_whole(stack, &config, tokens, error);
    if (status != RECUR_OK) {
        recur_stack_free(stack);
        return status;
    }
    *out = stack;
    return RECUR_OK;
}

enum recur_status recur_stack_create_part(const struct recur_stack_part *part,
                                          const recur_trainer_config *config, size_t tokens,
                                          recur_stack **out, recur_error *error)
{
    struct recur_stack *stack;
    RECUR_TRY(recur_alloc(1, sizeof *stack, "a stack", &stack, error));
    stack->model = part->model;
    stack->network = part->network;
    stack->is_part = true;
    stack->team = part->team;
    stack->gradients = part->gradients;
    stack->pass.touched = part->touched;
    enum recur_status status = plan(stack, config, tokens, part->gradients != NULL, error);
    if (status != RECUR_OK) {
        recur_stack_free(stack);
        return status;
    }
    *out = stack;
    return RECUR_OK;
}

void recur_stack_free(recur_stack *stack)
{
    if (!stack)
        return;
    if (!stack->is_part) {
        recur_team_free(stack->team);
        recur_block_free(stack->gradients);
    }
    recur_workspace_free(&stack->work);
    recur_lengths_free(&stack->lengths);
    recur_optimiser_free(&stack->optimiser);
    recur_block_free(stack->fresh);
    free(stack->ids);
    free(stack->targets);
    free(stack->equal);
    free(stack->content);
    free(stack);
}

size_t recur_stack_width(const recur_stack *stack)
{
    const struct recur_network *network = stack->network;
    if (!network->layers)
        return network->inputs;
    return network->layer[network->layers - 1].hidden *
           recur_network_segments(network, network->layers);
}

size_t recur_stack_states(const recur_stack *stack)
{
    const struct recur_network *network = stack->network;
    size_t states = 0;
    for (size_t l = 0; l < network->layers; l++)
        states += network->directions * network->layer[l].hidden;
    return states;
}

/* Adds what a caller says of each of its sequences to what they are compared by. */
static void add_content(struct recur_stack *stack, const void *data, size_t bytes)
{
    if (data && bytes)
        stack->content[stack->contents++] = (struct recur_content){data, RECUR_EACH_STEP, bytes};
}

static void add_states(struct recur_stack *stack, const float *states, size_t batch)
{
    const struct recur_network *network = stack->network;
    for (size_t l = 0; l < network->layers && states; l++) {
        size_t hidden = network->layer[l].hidden;
        stack->content[stack->contents++] =
            (struct recur_content){states, network->directions, hidden * sizeof *states};
        states += network->directions * batch * hidden;
    }
}

static void forward(void *argument, size_t thread, size_t threads)
{
    struct recur_stack *stack = argument;
    const recur_stack_input *input = &stack->input;
    const recur_stack_output *output = &stack->output;
    bool has_c = stack->network->cell->has_c;
    if (input->x)
        recur_stack_exchange_seam(stack, &stack->work.seam[0], false, input->x, NULL, thread);
    if (stack->pass.given_states)
        recur_stack_exchange_states(stack, RECUR_STACK_H0, input->h0, NULL, thread, threads);
    if (stack->pass.given_states && has_c)
        recur_stack_exchange_states(stack, RECUR_STACK_C0, input->c0, NULL, thread, threads);
    recur_pass_prepare(&stack->pass, false);
    recur_team_wait(stack->team, thread);
    recur_pass_forward(&stack->pass, thread);
    recur_team_wait(stack->team, thread);
    if (output->y)
        recur_stack_exchange_seam(stack, &stack->work.seam[stack->network->layers], false, NULL,
                                  output->y, thread);
    if (output->logits)
        recur_stack_exchange_logits(stack, NULL, output->logits, thread);
    if (output->h_n)
        recur_stack_exchange_states(stack, RECUR_STACK_H_N, NULL, output->h_n, thread, threads);
    if (output->c_n && has_c)
        recur_stack_exchange_states(stack, RECUR_STACK_C_N, NULL, output->c_n, thread, threads);
}

/* Ids or targets of the steps that there are. */
static enum recur_status check_ids(const struct recur_stack *stack, const recur_stack_input *input,
                                   const int32_t *ids, const size_t *length, recur_error *error)
{
    bool targets = ids == input->targets;
    size_t vocabulary = targets ? stack->network->outputs : stack->network->vocabulary;
    for (size_t t = 0; t < input->steps; t++)
        for (size_t b = 0; b < input->batch; b++) {
            int32_t id = ids[t * input->batch + b];
            bool fine = id < 0 ? targets : (size_t)id < vocabulary;
            if (t < length[b] && !fine)
                return recur_fail(error, RECUR_ERROR_ARGUMENT,
                                  "sequence %zu, step %zu: %s %ld is not below %zu", b, t,
                                  targets ? "target" : "id", (long)id, vocabulary);
        }
    return RECUR_OK;
}

static enum recur_status check_input(const struct recur_stack *stack,
                                     const recur_stack_input *input, const size_t *length,
                                     recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    bool numbers = stack->network->inputs > 0;
    size_t rows = 0;
    for (size_t b = 0; b < input->batch; rows += length[b++])
        if (length[b] > input->steps)
            return recur_fail(error, bad, "sequence %zu has %zu step%s, but the minibatch has %zu",
                              b, length[b], recur_plural(length[b]), input->steps);
    if (rows > stack->work.rows)
        return recur_fail(error, bad,
                          "the sequences have %zu steps together, but the stack is made for %zu",
                          rows, stack->work.rows);
    if (numbers ? !input->x && input->steps : !input->ids && input->steps)
        return recur_fail(error, bad, "the model reads %s, but there %s",
                          numbers ? "numbers" : "tokens", numbers ? "is no x" : "are no ids");
    if (!numbers && input->ids)
        RECUR_TRY(check_ids(stack, input, input->ids, length, error));
    return input->targets ? check_ids(stack, input, input->targets, length, error) : RECUR_OK;
}

/* How the minibatch's rows lie: in blocks where lengths are equal, unless equal sequences must be
 * told from others, which `lengths` does. */
static void set_rows(struct recur_stack *stack)
{
    const struct recur_lengths *lengths = &stack->lengths;
    struct recur_pass *pass = &stack->pass;
    bool equal = lengths->length[lengths->batch - 1] == lengths->steps;
    pass->lengths = equal && !(pass->drops && lengths->ties) ? NULL : lengths;
    pass->rows = lengths->batch;
    pass->block = recur_block_of(lengths->batch);
    pass->steps = lengths->steps;
}

/* The targets by rows, and what each of their losses counts. */
static void set_loss(struct recur_stack *stack)
{
    size_t count = 0;
    stack->pass.targets = stack->input.targets ? stack->targets : NULL;
    if (!stack->input.targets)
        return;
    recur_pass_pack_ids(&stack->pass, stack->lengths.order, stack->targets, stack->input.targets);
    for (size_t row = 0; row < stack->lengths.rows; row++)
        count += stack->targets[row] >= 0;
    stack->pass.loss_scale = (real)(1 / (double)(count ? count : 1));
}

enum recur_status recur_stack_forward(recur_stack *stack, const recur_stack_input *input,
                                      const recur_stack_output *output, recur_error *error)
{
    const struct recur_network *network = stack->network;
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    if (!input->batch || input->batch > stack->work.batch || input->steps > stack->work.steps)
        return recur_fail(
            error, bad,
            "a minibatch of %zu sequence%s x %zu step%s does not fit a stack made for "
            "1 to %zu x %zu",
            input->batch, recur_plural(input->batch), input->steps, recur_plural(input->steps),
            stack->work.batch, stack->work.steps);
    if ((output->logits || input->targets) && !network->outputs)
        return recur_fail(error, bad, "the model has no head, so it has no logits");
    if (output->logits && input->targets)
        return recur_fail(error, bad,
                          "with targets the logits become their gradients, and cannot be had");
    for (size_t b = 0; b < input->batch; b++)
        stack->equal[b] = input->steps;
    const size_t *length = input->lengths ? input->lengths : stack->equal;
    RECUR_TRY(check_input(stack, input, length, error));
    RECUR_TRY(recur_team_attend(stack->team, error));
    stack->input = *input;
    stack->input.x = network->inputs ? input->x : NULL;
    stack->output = *output;
    stack->steps = input->steps;
    stack->contents = 0;
    add_content(stack, stack->input.x, network->inputs * sizeof *input->x);
    if (!network->inputs)
        add_content(stack, input->ids, sizeof *input->ids);
    add_content(stack, input->targets, sizeof *input->targets);
    add_states(stack, input->h0, input->batch);
    if (network->cell->has_c)
        add_states(stack, input->c0, input->batch);
    recur_lengths_set(&stack->lengths, input->batch, length, stack->content, stack->contents);
    struct recur_pass *pass = &stack->pass;
    pass->drops = input->drops && network->dropout > 0;
    set_rows(stack);
    if (!network->inputs)
        recur_pass_pack_ids(pass, stack->lengths.order, stack->ids, input->ids);
    set_loss(stack);
    pass->given_states = input->h0 || (input->c0 && network->cell->has_c);
    pass->dropout_key = recur_mix64(recur_mix64(stack->seed) + input->minibatch);
    pass->headless = !output->logits && !input->targets;
    atomic_store_explicit(&pass->next_task, 0, memory_order_relaxed);
    recur_team_run(stack->team, forward, stack);
    if (input->targets && output->loss)
        *output->loss = recur_pass_loss_sum(pass) * (double)pass->loss_scale;
    stack->went_forward = true;
    return RECUR_OK;
}

/* What the caller gives of the outputs' gradients, to where the pass begins. */
static void load_gradients(const struct recur_stack *stack, size_t thread, size_t threads)
{
    const recur_stack_output_gradient *given = &stack->given;
    const struct recur_network *network = stack->network;
    if (stack->pass.given_outputs)
        recur_stack_exchange_seam(stack, &stack->work.seam[network->layers], true, given->dy, NULL,
                                  thread);
    if (given->dlogits)
        recur_stack_exchange_logits(stack, given->dlogits, NULL, thread);
    if (!stack->pass.given_ends)
        return;
    recur_stack_exchange_states(stack, RECUR_STACK_ENDS, given->dh_n, NULL, thread, threads);
    if (network->cell->has_c)
        recur_stack_exchange_states(stack, RECUR_STACK_DC, given->dc_n, NULL, thread, threads);
}

/* What comes out at the other end. */
static void store_gradients(const struct recur_stack *stack, size_t thread, size_t threads)
{
    const recur_stack_input_gradient *wanted = &stack->wanted;
    if (wanted->dx)
        recur_stack_exchange_seam(stack, &stack->work.seam[0], true, NULL, wanted->dx, thread);
    if (wanted->dh0)
        recur_stack_exchange_states(stack, RECUR_STACK_DH0, NULL, wanted->dh0, thread, threads);
    if (wanted->dc0 && stack->network->cell->has_c)
        recur_stack_exchange_states(stack, RECUR_STACK_DC, NULL, wanted->dc0, thread, threads);
}

static void backward(void *argument, size_t thread, size_t threads)
{
    struct recur_stack *stack = argument;
    load_gradients(stack, thread, threads);
    recur_pass_prepare(&stack->pass, true);
    recur_team_wait(stack->team, thread);
    if (thread == 0)
        atomic_store_explicit(&stack->pass.next_task, 0, memory_order_relaxed);
    recur_pass_backward(&stack->pass, thread);
    recur_team_wait(stack->team, thread);
    if (stack->work.bf16) {
        recur_bf16_pair(&stack->pass, thread, threads);
        recur_team_wait(stack->team, thread);
    }
    recur_pass_gradients(&stack->pass, thread);
    recur_team_wait(stack->team, thread);
    store_gradients(stack, thread, threads);
    if (stack->pass.gradients == stack->gradients)
        return;
    size_t rows = stack->network->params.span / RECUR_LANES;
    size_t first = rows * thread / threads * RECUR_LANES;
    size_t last = rows * (thread + 1) / threads * RECUR_LANES;
    stack->pass.kernels->add(stack->gradients + first, stack->gradients + first,
                             stack->fresh + first, last - first);
}

enum recur_status recur_stack_backward(recur_stack *stack,
                                       const recur_stack_output_gradient *output,
                                       const recur_stack_input_gradient *input, recur_error *error)
{
    const struct recur_network *network = stack->network;
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    struct recur_pass *pass = &stack->pass;
    if (!stack->went_forward)
        return recur_fail(error, bad, "there is no forward pass to go back through");
    RECUR_TRY(recur_team_attend(stack->team, error));
    stack->given = output ? *output : (recur_stack_output_gradient){0};
    output = &stack->given;
    if (output->dlogits && !network->outputs)
        return recur_fail(error, bad, "the model has no head, so it has no logits");
    if (output->dlogits && pass->targets)
        return recur_fail(error, bad, "with targets the logits' gradients are there already");
    if (input && input->dx && !network->inputs)
        return recur_fail(error, bad, "tokens have no gradient: the model reads no numbers");
    stack->wanted = input ? *input : (recur_stack_input_gradient){0};
    stack->contents = 0;
    add_content(stack, output->dy, recur_stack_width(stack) * sizeof *output->dy);
    add_content(stack, output->dlogits, network->outputs * sizeof *output->dlogits);
    add_states(stack, output->dh_n, stack->lengths.batch);
    if (network->cell->has_c)
        add_states(stack, output->dc_n, stack->lengths.batch);
    recur_lengths_part(&stack->lengths, stack->content, stack->contents);
    pass->headless = !output->dlogits && !pass->targets;
    pass->given_outputs = output->dy || pass->headless;
    pass->given_ends = output->dh_n || (output->dc_n && network->cell->has_c);
    pass->wants_initial = stack->wanted.dh0;
    pass->wants_inputs = stack->wanted.dx;
    pass->gradients = stack->has_gradients ? stack->fresh : stack->gradients;
    atomic_store_explicit(&pass->next_task, 0, memory_order_relaxed);
    recur_team_run(stack->team, backward, stack);
    stack->has_gradients = !stack->is_part;
    stack->went_forward = false;
    return RECUR_OK;
}

void recur_stack_get_gradient(const recur_stack *stack, size_t index, float *values)
{
    const struct recur_param *param = &stack->network->params.entry[index];
    if (stack->has_gradients)
        recur_param_unpack(param, stack->gradients, values);
    else
        memset(values, 0, param->rows * param->columns * sizeof *values);
}

/* Makes the zeros that clearing only promised: a pass that sets all gradients needs none. */
static void settle_gradients(recur_stack *stack)
{
    if (!stack->has_gradients)
        memset(stack->gradients, 0, stack->network->params.span * sizeof *stack->gradients);
    stack->has_gradients = true;
}

void recur_stack_set_gradient(recur_stack *stack, size_t index, const float *values)
{
    settle_gradients(stack);
    recur_param_pack(&stack->network->params.entry[index], stack->gradients, values);
}

void recur_stack_clear_gradients(recur_stack *stack)
{
    stack->has_gradients = false;
}

enum recur_status recur_stack_update(recur_stack *stack, double lr, double *norm,
                                     recur_error *error)
{
    if (!(lr > 0) || !isfinite(lr))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the learning rate must be above 0 and below inf, got %g", lr);
    RECUR_TRY(recur_team_attend(stack->team, error));
    settle_gradients(stack);
    double found = recur_optimiser_run(&stack->optimiser, stack->team, lr, stack->clip);
    if (!isfinite(found))
        return recur_fail(error, RECUR_ERROR_DIVERGED,
                          "the gradients are no longer finite; try a smaller learning rate than %g",
                          lr);
    recur_stack_clear_gradients(stack);
    if (norm)
        *norm = found;
    return RECUR_OK;
}
