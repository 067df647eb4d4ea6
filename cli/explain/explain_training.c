/* Training on the text's minibatches, and what the network predicts before and after it. */
#include <stdlib.h>

#include "explain/parts.h"
#include "files/continuation.h"
#include "recur/generate.h"

/* The most probable tokens of a softmax. */
static struct explain_guess guess(const double *probability, size_t vocabulary)
{
    struct explain_guess best = {.count = 0};
    for (size_t v = 0; v < vocabulary; v++) {
        size_t place = best.count;
        for (; place > 0 && probability[v] > best.probability[place - 1]; place--)
            if (place < EXPLAIN_TOP) {
                best.id[place] = best.id[place - 1];
                best.probability[place] = best.probability[place - 1];
            }
        if (place < EXPLAIN_TOP) {
            best.id[place] = (int32_t)v;
            best.probability[place] = probability[v];
            best.count += best.count < EXPLAIN_TOP;
        }
    }
    return best;
}

/* Predicts the token after sequence 0 of the minibatch. */
static enum recur_status predict(struct explain *explain, recur_model *model, recur_error *error)
{
    recur_stack *stack;
    size_t T = explain->T, B = explain->B, V = explain->V;
    float *logits = NULL;
    double *probability = NULL;
    TRY(explain_stack(model, B, T, &stack, error));
    enum recur_status status = explain_take(T * B * V, sizeof *logits, &logits, error);
    if (status == RECUR_OK)
        status = explain_take(V, sizeof *probability, &probability, error);
    const recur_stack_input input = {.batch = B, .steps = T, .ids = explain->x};
    const recur_stack_output output = {.logits = logits};
    if (status == RECUR_OK)
        status = recur_stack_forward(stack, &input, &output, error);
    if (status == RECUR_OK) {
        explain_softmax(logits + (T - 1) * B * V, 1, V, probability);
        explain->guess[1] = guess(probability, V);
    }
    free(logits);
    free(probability);
    recur_stack_free(stack);
    return status;
}

static enum recur_status go_on(struct explain *explain, const recur_model *model, size_t which,
                               recur_error *error)
{
    recur_sampler_config greedy = recur_sampler_config_default();
    greedy.temperature = 0;
    struct grown_text *text = &explain->continued[which];
    return recur_continuation(model, explain->prefix, &greedy, &text->bytes, &text->size, error);
}

/* Trains on minibatch after minibatch. */
static enum recur_status train(struct explain *explain, recur_trainer *trainer, recur_error *error)
{
    for (size_t i = 0; i < explain->settings.updates; i++) {
        recur_step step;
        enum recur_status status = recur_trainer_step(trainer, &step, error);
        explain->diverged = status == RECUR_ERROR_DIVERGED;
        if (explain->diverged)
            return RECUR_OK;
        TRY(status);
        explain->losses[explain->updates++] = step.loss;
        if (step.end_of_epoch)
            TRY(recur_trainer_end_epoch(trainer, NULL, error));
    }
    return RECUR_OK;
}

/* The network from its first parameters on. */
static enum recur_status begin_again(struct explain *explain, recur_model *model,
                                     recur_error *error)
{
    recur_trainer_config config = explain->settings.trainer;
    recur_trainer *trainer;
    config.batch = explain->B;
    config.steps = explain->T;
    config.validation = 0;
    TRY(go_on(explain, model, 0, error));
    TRY(recur_trainer_create(model, explain->corpus, &config, &trainer, error));
    enum recur_status status = train(explain, trainer, error);
    recur_trainer_free(trainer);
    if (status == RECUR_OK)
        status = go_on(explain, model, 1, error);
    return status == RECUR_OK ? predict(explain, model, error) : status;
}

enum recur_status explain_make_training(struct explain *explain, recur_error *error)
{
    recur_model *model;
    size_t last = (explain->T - 1) * explain->B * explain->V;
    explain->guess[0] = guess(explain->probability + last, explain->V);
    TRY(recur_first_words(explain->corpus, explain->vocab, explain->prefix, error));
    TRY(explain_take(explain->settings.updates, sizeof *explain->losses, &explain->losses, error));
    TRY(recur_model_create(&explain->settings.model, explain->vocab, &model, error));
    enum recur_status status = begin_again(explain, model, error);
    recur_model_free(model);
    return status;
}
