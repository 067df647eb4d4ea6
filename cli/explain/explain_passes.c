/* The network's passes over one minibatch: forward step by step, backward from every step, and the
 * update. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explain/parts.h"

/* Each update, and each window that gradients are looked for in, reads every parameter for each
 * token, forward and backward. */
static enum recur_status check_work(const struct explain *explain, double parameters,
                                    recur_error *error)
{
    double passes = (double)explain->settings.updates + 2 * (double)explain->T;
    double work = 3 * parameters * (double)(explain->T * explain->B) * passes;
    if (explain->settings.work > 0 && work > explain->settings.work)
        return explain_fail(error, RECUR_ERROR_ARGUMENT,
                            "that would take %.0f times as long as it may; choose a smaller "
                            "network, fewer steps or fewer updates",
                            work / explain->settings.work + 0.5);
    return RECUR_OK;
}

static enum recur_status make_model(struct explain *explain, recur_error *error)
{
    recur_model_config config = explain->settings.model;
    size_t logits = explain->T * explain->B * explain->V;
    if (logits > EXPLAIN_NUMBERS)
        return explain_fail(error, RECUR_ERROR_ARGUMENT,
                            "%zu x %zu tokens and a dictionary of %zu make %zu logits, which are "
                            "more than the %d that can be shown; --min-freq makes the dictionary "
                            "smaller",
                            explain->T, explain->B, explain->V, logits, EXPLAIN_NUMBERS);
    TRY(recur_model_create(&config, explain->vocab, &explain->model, error));
    size_t parameters = recur_model_parameters(explain->model);
    if (parameters > EXPLAIN_NUMBERS)
        return explain_fail(error, RECUR_ERROR_ARGUMENT,
                            "the network has %zu parameters, which are more than the %d that can "
                            "be shown; --hidden makes it smaller, --min-freq the dictionary",
                            parameters, EXPLAIN_NUMBERS);
    return check_work(explain, (double)parameters, error);
}

static enum recur_status take_tensors(struct explain *explain, recur_error *error)
{
    size_t count = recur_model_tensors(explain->model);
    TRY(explain_take(count, sizeof *explain->tensor, &explain->tensor, error));
    explain->tensors = count;
    for (size_t i = 0; i < count; i++) {
        struct explain_tensor *tensor = &explain->tensor[i];
        tensor->info = recur_model_tensor(explain->model, i);
        size_t numbers = explain_numbers(&tensor->info);
        TRY(explain_take(numbers, sizeof(float), &tensor->before, error));
        TRY(explain_take(numbers, sizeof(float), &tensor->gradient, error));
        TRY(explain_take(numbers, sizeof(float), &tensor->after, error));
        recur_model_get_tensor(explain->model, i, tensor->before);
    }
    return RECUR_OK;
}

static enum recur_status take_passes(struct explain *explain, const recur_stack *stack,
                                     recur_error *error)
{
    size_t T = explain->T, B = explain->B, V = explain->V;
    explain->S = recur_stack_states(stack);
    explain->W = recur_stack_width(stack);
    TRY(explain_take((T + 1) * B * explain->S, sizeof(float), &explain->h, error));
    TRY(explain_take((T + 1) * B * explain->S, sizeof(float), &explain->c, error));
    TRY(explain_take(T * B * explain->W, sizeof(float), &explain->output, error));
    TRY(explain_take(T * B * V, sizeof(float), &explain->logits, error));
    TRY(explain_take(T * B * V, sizeof(double), &explain->probability, error));
    for (size_t l = 0; l < explain->L; l++) {
        TRY(explain_take(T, sizeof(double), &explain->all[l].h, error));
        TRY(explain_take(T, sizeof(double), &explain->all[l].c, error));
        TRY(explain_take(T, sizeof(double), &explain->last[l].h, error));
        TRY(explain_take(T, sizeof(double), &explain->last[l].c, error));
    }
    return RECUR_OK;
}

enum recur_status explain_stack(recur_model *model, size_t batch, size_t steps, recur_stack **stack,
                                recur_error *error)
{
    recur_trainer_config config = recur_trainer_config_default();
    config.batch = batch;
    config.steps = steps;
    config.threads = 1;
    config.device = RECUR_DEVICE_CPU;
    return recur_stack_create(model, &config, 0, stack, error);
}

void explain_softmax(const float *logits, size_t count, size_t vocabulary, double *probability)
{
    for (size_t i = 0; i < count; i++) {
        const float *row = logits + i * vocabulary;
        double *out = probability + i * vocabulary, most = row[0], sum = 0;
        for (size_t v = 1; v < vocabulary; v++)
            most = fmax(most, row[v]);
        for (size_t v = 0; v < vocabulary; v++)
            sum += out[v] = exp(row[v] - most);
        for (size_t v = 0; v < vocabulary; v++)
            out[v] /= sum;
    }
}

/* Forward one step at a time: what a step leaves is what the next one reads. */
static enum recur_status walk(struct explain *explain, recur_stack *stack, recur_error *error)
{
    size_t B = explain->B, states = B * explain->S;
    for (size_t t = 0; t < explain->T; t++) {
        const recur_stack_input input = {.batch = B,
                                         .steps = 1,
                                         .ids = explain->x + t * B,
                                         .h0 = explain->h + t * states,
                                         .c0 = explain->c + t * states};
        const recur_stack_output output = {.y = explain->output + t * B * explain->W,
                                           .logits = explain->logits + t * B * explain->V,
                                           .h_n = explain->h + (t + 1) * states,
                                           .c_n = explain->c + (t + 1) * states};
        TRY(recur_stack_forward(stack, &input, &output, error));
    }
    explain_softmax(explain->logits, explain->T * B, explain->V, explain->probability);
    return RECUR_OK;
}

static double norm_of(const float *numbers, size_t count)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (double)numbers[i] * numbers[i];
    return sqrt(squares);
}

/* The gradient of the state that step `first` reads: the initial state of a window that begins
 * there. `targets` are the window's, and `share` is what its mean loss is of the loss that counts.
 * `gradients` has room for two states of all sequences. */
static enum recur_status look_back(struct explain *explain, recur_stack *stack, size_t first,
                                   const int32_t *targets, double share,
                                   struct explain_norms *norms, float *gradients,
                                   recur_error *error)
{
    size_t B = explain->B, states = B * explain->S;
    double loss;
    float *dh = gradients, *dc = gradients + states;
    const recur_stack_input input = {.batch = B,
                                     .steps = explain->T - first,
                                     .ids = explain->x + first * B,
                                     .h0 = explain->h + first * states,
                                     .c0 = explain->c + first * states,
                                     .targets = targets};
    const recur_stack_output output = {.loss = &loss};
    const recur_stack_input_gradient wanted = {.dh0 = dh, .dc0 = dc};
    memset(gradients, 0, 2 * states * sizeof *gradients);
    TRY(recur_stack_forward(stack, &input, &output, error));
    TRY(recur_stack_backward(stack, NULL, &wanted, error));
    recur_stack_clear_gradients(stack);
    for (size_t l = 0, at = 0; l < explain->L; l++) {
        size_t count = B * explain_width(explain, l);
        norms[l].h[first] = share * norm_of(dh + at, count);
        norms[l].c[first] = share * norm_of(dc + at, count);
        at += count;
    }
    return RECUR_OK;
}

static enum recur_status look_back_from_all(struct explain *explain, recur_stack *stack,
                                            float *gradients, int32_t *targets, recur_error *error)
{
    size_t T = explain->T, B = explain->B;
    for (size_t t = 0; t < T; t++) {
        double share = (double)(T - t) / (double)T;
        TRY(look_back(explain, stack, t, explain->y + t * B, share, explain->all, gradients,
                      error));
        for (size_t i = 0; i < (T - t) * B; i++)
            targets[i] = i < (T - t - 1) * B ? -1 : explain->y[t * B + i];
        TRY(look_back(explain, stack, t, targets, 1, explain->last, gradients, error));
    }
    return RECUR_OK;
}

static enum recur_status forward(const struct explain *explain, recur_stack *stack, double *loss,
                                 recur_error *error)
{
    const recur_stack_input input = {
        .batch = explain->B, .steps = explain->T, .ids = explain->x, .targets = explain->y};
    const recur_stack_output output = {.loss = loss};
    return recur_stack_forward(stack, &input, &output, error);
}

/* The loss, its gradients, and one update. */
static enum recur_status learn(struct explain *explain, recur_stack *stack, recur_error *error)
{
    const recur_trainer_config *config = &explain->settings.trainer;
    TRY(forward(explain, stack, &explain->loss, error));
    TRY(recur_stack_backward(stack, NULL, NULL, error));
    for (size_t i = 0; i < explain->tensors; i++) {
        struct explain_tensor *tensor = &explain->tensor[i];
        recur_stack_get_gradient(stack, i, tensor->gradient);
        tensor->norm = norm_of(tensor->gradient, explain_numbers(&tensor->info));
    }
    TRY(recur_stack_update(stack, config->lr, &explain->norm, error));
    bool clips = config->clip > 0 && explain->norm > config->clip;
    explain->scale = clips ? config->clip / explain->norm : 1;
    for (size_t i = 0; i < explain->tensors; i++)
        recur_model_get_tensor(explain->model, i, explain->tensor[i].after);
    return forward(explain, stack, &explain->loss_after, error);
}

static enum recur_status pass(struct explain *explain, recur_stack *stack, recur_error *error)
{
    float *gradients = NULL;
    int32_t *targets = NULL;
    TRY(take_tensors(explain, error));
    TRY(take_passes(explain, stack, error));
    TRY(walk(explain, stack, error));
    TRY(explain_make_trace(explain, error));
    TRY(explain_take(2 * explain->B * explain->S, sizeof *gradients, &gradients, error));
    enum recur_status status =
        explain_take(explain->T * explain->B, sizeof *targets, &targets, error);
    if (status == RECUR_OK)
        status = look_back_from_all(explain, stack, gradients, targets, error);
    free(gradients);
    free(targets);
    return status == RECUR_OK ? learn(explain, stack, error) : status;
}

enum recur_status explain_make_passes(struct explain *explain, recur_error *error)
{
    recur_trainer_config config = explain->settings.trainer;
    recur_stack *stack;
    config.batch = explain->B;
    config.steps = explain->T;
    TRY(make_model(explain, error));
    TRY(recur_stack_create(explain->model, &config, 0, &stack, error));
    enum recur_status status = pass(explain, stack, error);
    recur_stack_free(stack);
    return status;
}
