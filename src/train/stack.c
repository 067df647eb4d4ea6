#include "recur/stack.h"

#include <math.h>
#include <stdlib.h>

#include "backend/backend.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/team.h"
#include "nn/placement.h"
#include "train/trainer_object.h"

struct recur_stack {
    recur_model *model;
    struct recur_placement before; /* where the model was computed before */
    const struct recur_backend *backend;
    struct recur_team *team;
    struct recur_learner *learner;
    struct recur_engine *engine;
    size_t batch, steps, rows; /* the most that a call may bring */
    uint64_t updates;
    bool went_forward, has_targets; /* what the last forward pass had */
};

static enum recur_status check_config(const recur_trainer_config *config, recur_error *error)
{
    if (!config->batch || !config->steps)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a stack needs room for at least 1 sequence and 1 step, got %zu x %zu",
                          config->batch, config->steps);
    return recur_trainer_check(config, error);
}

static enum recur_status plan(struct recur_stack *stack, const recur_trainer_config *config,
                              recur_error *error)
{
    recur_model *model = stack->model;
    stack->backend = model->place.backend;
    const struct recur_learner_plan learner = {
        .model = model, .team = stack->team, .config = config, .adds = true};
    RECUR_TRY(stack->backend->create_learner(&learner, &stack->learner, error));
    const struct recur_engine_plan engine = {.use = RECUR_ENGINE_SEQUENCES,
                                             .model = model,
                                             .network = &model->network,
                                             .team = stack->team,
                                             .learner = stack->learner,
                                             .precision = config->precision,
                                             .batch = config->batch,
                                             .steps = config->steps,
                                             .rows = stack->rows,
                                             .seed = config->seed};
    return stack->backend->create_engine(&engine, &stack->engine, error);
}

static void unplan(struct recur_stack *stack)
{
    stack->backend->free_engine(stack->engine);
    stack->backend->free_learner(stack->learner);
    stack->engine = NULL;
    stack->learner = NULL;
}

static enum recur_status prepare(struct recur_stack *stack, const recur_trainer_config *config,
                                 size_t tokens, recur_error *error)
{
    recur_model *model = stack->model;
    size_t most = recur_size_mul(config->batch, config->steps);
    recur_error failure = {0};
    stack->batch = config->batch;
    stack->steps = config->steps;
    stack->rows = tokens && tokens < most ? tokens : most;
    RECUR_TRY(check_config(config, error));
    RECUR_TRY(recur_model_check_trains(model, error));
    RECUR_TRY(recur_team_create(config->threads, &stack->team, error));
    RECUR_TRY(recur_model_place_awhile(model, config->device, 0, config, &stack->before, error));
    enum recur_status status = plan(stack, config, &failure);
    if (status == RECUR_ERROR_DEVICE) {
        unplan(stack);
        if (recur_model_fall_back(model, config->device, &failure))
            status = plan(stack, config, &failure);
    }
    return status == RECUR_OK ? status : recur_fail(error, status, "%s", failure.message);
}

enum recur_status recur_stack_create(recur_model *model, const recur_trainer_config *given,
                                     size_t tokens, recur_stack **out, recur_error *error)
{
    struct recur_stack *stack;
    recur_trainer_config config = recur_trainer_config_default();
    RECUR_TRY(recur_config_take(&config, given, "recur_trainer_config", error));
    RECUR_TRY(recur_alloc(1, sizeof *stack, "a stack", &stack, error));
    stack->model = model;
    stack->backend = model->place.backend;
    enum recur_status status = prepare(stack, &config, tokens, error);
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
    unplan(stack);
    recur_model_place_back(stack->model, &stack->before);
    recur_team_free(stack->team);
    free(stack);
}

size_t recur_stack_width(const recur_stack *stack)
{
    return recur_network_width(&stack->model->network);
}

size_t recur_stack_states(const recur_stack *stack)
{
    return recur_network_states(&stack->model->network);
}

static size_t length_of(const recur_stack_input *input, size_t b)
{
    return input->lengths ? input->lengths[b] : input->steps;
}

/* Checks the ids or the targets of those steps that sequences have. */
static enum recur_status check_ids(const struct recur_stack *stack, const recur_stack_input *input,
                                   const int32_t *ids, recur_error *error)
{
    bool targets = ids == input->targets;
    size_t vocabulary = targets ? stack->model->network.outputs : stack->model->network.vocabulary;
    for (size_t t = 0; t < input->steps; t++)
        for (size_t b = 0; b < input->batch; b++) {
            int32_t id = ids[t * input->batch + b];
            bool fine = id < 0 ? targets : (size_t)id < vocabulary;
            if (t < length_of(input, b) && !fine)
                return recur_fail(error, RECUR_ERROR_ARGUMENT,
                                  "sequence %zu, step %zu: %s %ld is not below %zu", b, t,
                                  targets ? "target" : "id", (long)id, vocabulary);
        }
    return RECUR_OK;
}

static enum recur_status check_input(const struct recur_stack *stack,
                                     const recur_stack_input *input, recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    bool numbers = stack->model->network.inputs > 0;
    size_t rows = 0;
    for (size_t b = 0; b < input->batch; rows += length_of(input, b++))
        if (length_of(input, b) > input->steps)
            return recur_fail(error, bad, "sequence %zu has %zu step%s, but the minibatch has %zu",
                              b, length_of(input, b), recur_plural(length_of(input, b)),
                              input->steps);
    if (rows > stack->rows)
        return recur_fail(error, bad,
                          "the sequences have %zu steps together, but the stack is made for %zu",
                          rows, stack->rows);
    if (numbers ? !input->x && input->steps : !input->ids && input->steps)
        return recur_fail(error, bad, "the model reads %s, but there %s",
                          numbers ? "numbers" : "tokens", numbers ? "is no x" : "are no ids");
    if (!numbers && input->ids)
        RECUR_TRY(check_ids(stack, input, input->ids, error));
    return input->targets ? check_ids(stack, input, input->targets, error) : RECUR_OK;
}

enum recur_status recur_stack_forward(recur_stack *stack, const recur_stack_input *input,
                                      const recur_stack_output *output, recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    size_t outputs = stack->model->network.outputs;
    if (!input->batch || input->batch > stack->batch || input->steps > stack->steps)
        return recur_fail(
            error, bad,
            "a minibatch of %zu sequence%s x %zu step%s does not fit a stack made for "
            "1 to %zu x %zu",
            input->batch, recur_plural(input->batch), input->steps, recur_plural(input->steps),
            stack->batch, stack->steps);
    if ((output->logits || input->targets) && !outputs)
        return recur_fail(error, bad, "the model has no head, so it has no logits");
    if (output->logits && input->targets)
        return recur_fail(error, bad,
                          "with targets the logits become their gradients, and cannot be had");
    RECUR_TRY(check_input(stack, input, error));
    const struct recur_minibatch batch = {.input = *input};
    RECUR_TRY(stack->backend->forward(stack->engine, &batch, output, error));
    stack->has_targets = input->targets != NULL;
    stack->went_forward = true;
    return RECUR_OK;
}

enum recur_status recur_stack_backward(recur_stack *stack,
                                       const recur_stack_output_gradient *output,
                                       const recur_stack_input_gradient *input, recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    const struct recur_network *network = &stack->model->network;
    if (!stack->went_forward)
        return recur_fail(error, bad, "there is no forward pass to go back through");
    if (output && output->dlogits && !network->outputs)
        return recur_fail(error, bad, "the model has no head, so it has no logits");
    if (output && output->dlogits && stack->has_targets)
        return recur_fail(error, bad, "with targets the logits' gradients are there already");
    if (input && input->dx && !network->inputs)
        return recur_fail(error, bad, "tokens have no gradient: the model reads no numbers");
    RECUR_TRY(stack->backend->backward(stack->engine, output, input, error));
    stack->went_forward = false;
    return RECUR_OK;
}

void recur_stack_get_gradient(const recur_stack *stack, size_t index, float *values)
{
    stack->backend->read(stack->learner, RECUR_ARRAY_GRADIENT, index, values);
}

void recur_stack_set_gradient(recur_stack *stack, size_t index, const float *values)
{
    stack->backend->write(stack->learner, RECUR_ARRAY_GRADIENT, index, values);
}

void recur_stack_clear_gradients(recur_stack *stack)
{
    stack->backend->clear(stack->learner);
}

enum recur_status recur_stack_update(recur_stack *stack, double lr, double *norm,
                                     recur_error *error)
{
    double found;
    if (!(lr > 0) || !isfinite(lr))
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the learning rate must be above 0 and below inf, got %g", lr);
    const struct recur_learning how = {.lr = lr, .number = stack->updates + 1};
    RECUR_TRY(stack->backend->update(stack->learner, &how, &found, error));
    if (!isfinite(found))
        return recur_fail(error, RECUR_ERROR_DIVERGED,
                          "the gradients are no longer finite; try a smaller learning rate than %g",
                          lr);
    stack->updates++;
    recur_stack_clear_gradients(stack);
    if (norm)
        *norm = found;
    return RECUR_OK;
}
