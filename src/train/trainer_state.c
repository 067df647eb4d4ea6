/* Reads the state of a run from a trainer and writes it into one (docs/formats.md#checkpoints). */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "nn/placement.h"
#include "train/trainer_object.h"

/* Lists one tensor for each parameter, from an array that the learner may have. */
static void list_array(struct recur_trainer *trainer, const char *prefix, enum recur_array array)
{
    const struct recur_params *params = &trainer->model->network.params;
    if (!trainer->backend->has(trainer->learner, array))
        return;
    for (size_t i = 0; i < params->count; i++) {
        struct recur_state_tensor *tensor = &trainer->tensor[trainer->tensors++];
        *tensor = (struct recur_state_tensor){.array = array, .index = i};
        snprintf(tensor->name, sizeof tensor->name, RECUR_TRAINING_PREFIX "%s.%s", prefix,
                 params->entry[i].name);
    }
}

/* Lists h or c of layer l after the last step of a minibatch, with which the next minibatch
 * begins. */
static void list_state(struct recur_trainer *trainer, size_t l, bool c)
{
    struct recur_state_tensor *tensor = &trainer->tensor[trainer->tensors++];
    *tensor = (struct recur_state_tensor){
        .index = l, .width = trainer->model->network.layer[l].hidden, .c = c};
    snprintf(tensor->name, sizeof tensor->name, RECUR_TRAINING_PREFIX "%s_l%zu", c ? "c" : "h", l);
}

enum recur_status recur_trainer_list_tensors(struct recur_trainer *trainer, recur_error *error)
{
    const struct recur_network *network = &trainer->model->network;
    size_t most = 4 * network->params.count + 2 * network->layers;
    RECUR_TRY(
        recur_alloc(most, sizeof *trainer->tensor, "a table of tensors", &trainer->tensor, error));
    list_array(trainer, "first", RECUR_ARRAY_FIRST);
    list_array(trainer, "second", RECUR_ARRAY_SECOND);
    list_array(trainer, "best", RECUR_ARRAY_BEST);
    list_array(trainer, "average", RECUR_ARRAY_AVERAGE);
    for (size_t l = 0; l < network->layers && trainer->carries; l++) {
        list_state(trainer, l, false);
        if (network->cell->has_c)
            list_state(trainer, l, true);
    }
    size_t states = 0;
    for (size_t i = 0; i < trainer->tensors; i++)
        states += trainer->config.batch * trainer->tensor[i].width;
    if (trainer->own < trainer->config.batch && states)
        return recur_alloc(states, sizeof *trainer->states, "the ranks' states", &trainer->states,
                           error);
    return RECUR_OK;
}

size_t recur_trainer_tensors(const recur_trainer *trainer)
{
    return trainer->tensors;
}

recur_tensor_info recur_trainer_tensor(const recur_trainer *trainer, size_t index)
{
    const struct recur_state_tensor *tensor = &trainer->tensor[index];
    const struct recur_param *param = &trainer->model->network.params.entry[tensor->index];
    if (!tensor->width)
        return (recur_tensor_info){tensor->name, param->rank, {param->rows, param->columns}};
    return (recur_tensor_info){tensor->name, 2, {trainer->config.batch, tensor->width}};
}

/* The states of all ranks, which recur_trainer_gather_states has brought together. */
static float *states_of(const recur_trainer *trainer, const struct recur_state_tensor *tensor)
{
    float *states = trainer->states;
    for (const struct recur_state_tensor *before = trainer->tensor; before < tensor; before++)
        states += trainer->config.batch * before->width;
    return states;
}

void recur_trainer_get_tensor(const recur_trainer *trainer, size_t index, float *values)
{
    const struct recur_state_tensor *tensor = &trainer->tensor[index];
    if (!tensor->width)
        trainer->backend->read(trainer->learner, tensor->array, tensor->index, values);
    else if (trainer->minibatch && trainer->states)
        memcpy(values, states_of(trainer, tensor),
               trainer->config.batch * tensor->width * sizeof *values);
    else if (trainer->minibatch)
        trainer->backend->read_states(trainer->engine, tensor->index, tensor->c, values);
    else /* an epoch begins with zeros: the array still has the states of the epoch before */
        memset(values, 0, trainer->config.batch * tensor->width * sizeof *values);
}

void recur_trainer_set_tensor(recur_trainer *trainer, size_t index, const float *values)
{
    const struct recur_state_tensor *tensor = &trainer->tensor[index];
    if (tensor->width)
        trainer->backend->write_states(trainer->engine, tensor->index, tensor->c,
                                       values + trainer->first * tensor->width);
    else
        trainer->backend->write(trainer->learner, tensor->array, tensor->index, values);
}

struct recur_identity recur_trainer_identity(recur_trainer *trainer)
{
    if (!trainer->identified)
        trainer->identity = trainer->source->kind->identity(trainer->source);
    trainer->identified = true;
    return trainer->identity;
}

static enum recur_status check_identity(const recur_trainer_state *state,
                                        struct recur_identity identity,
                                        const struct recur_source_kind *kind, recur_error *error)
{
    typedef unsigned long long number;
    if (identity.tokens != state->text_tokens)
        return recur_fail(error, RECUR_ERROR_DATA,
                          "the %s that the run began with: %s %llu token%s, expected %llu",
                          kind->data, kind->has, (number)identity.tokens,
                          recur_plural(identity.tokens), (number)state->text_tokens);
    if (identity.fingerprint != state->text_fingerprint)
        return recur_fail(error, RECUR_ERROR_DATA,
                          "the %s that the run began with: %s as many tokens, %llu, but others%s",
                          kind->data, kind->has, (number)identity.tokens, kind->others);
    return RECUR_OK;
}

enum recur_status recur_trainer_check_text(const recur_trainer_state *state,
                                           const recur_corpus *corpus, recur_error *error)
{
    return check_identity(state, recur_corpus_identity(corpus), &recur_text_source_kind, error);
}

enum recur_status recur_trainer_check_labels(const recur_trainer_state *state,
                                             const recur_labels *train, const recur_labels *valid,
                                             recur_error *error)
{
    return check_identity(state, recur_labels_identity(train, valid), &recur_label_source_kind,
                          error);
}

enum recur_status recur_trainer_get_state(recur_trainer *trainer, recur_trainer_state *state,
                                          recur_error *error)
{
    if (trainer->ended)
        return recur_fail(
            error, RECUR_ERROR_ARGUMENT,
            "the run has ended, and the parameters that it would go on with are gone");
    RECUR_TRY(recur_model_check_device(trainer->model, error));
    RECUR_TRY(recur_trainer_gather_states(trainer, error));
    const struct recur_identity identity = recur_trainer_identity(trainer);
    bool under_way = trainer->minibatches > 0;
    *state = (recur_trainer_state){
        .text_tokens = identity.tokens,
        .text_fingerprint = identity.fingerprint,
        .epochs = trainer->epochs,
        .minibatch = trainer->minibatch,
        .updates = trainer->updates,
        .loss_sum = under_way ? trainer->loss_sum : 0,
        .norm_sum = under_way ? trainer->norm_sum : 0,
        .seconds = under_way ? trainer->seconds : 0,
        .lr = trainer->lr,
        .best_epoch = trainer->best_epoch,
        .best_loss = trainer->best_epoch ? trainer->best_loss : (double)NAN,
        .plateau_factor = trainer->plateau.factor,
        .plateau_best = trainer->plateau.best,
        .plateau_bad_epochs = trainer->plateau.bad_epochs,
        .averaged = trainer->averaged,
    };
    return RECUR_OK;
}

/* Checks numbers that are finite and within bounds in every run. */
static enum recur_status check_sums(const recur_trainer_state *state, recur_error *error)
{
    const struct {
        const char *name;
        double value, least, most;
    } sums[] = {
        {"the sum of losses", state->loss_sum, -DBL_MAX, DBL_MAX},
        {"the sum of gradient norms", state->norm_sum, 0, DBL_MAX},
        {"the number of seconds", state->seconds, 0, DBL_MAX},
        {"the learning rate", state->lr, 0, DBL_MAX},
        {"the plateau's factor", state->plateau_factor, 0, 1},
        {"the plateau's lowest loss", state->plateau_best, -DBL_MAX, DBL_MAX},
    };
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        if (!(sums[i].value >= sums[i].least && sums[i].value <= sums[i].most))
            return recur_fail(error, RECUR_ERROR_ARGUMENT, "%s cannot be %g", sums[i].name,
                              sums[i].value);
    return RECUR_OK;
}

/* `minibatches` is the number of the epoch that is under way. */
static enum recur_status check_counters(const struct recur_trainer *trainer,
                                        const recur_trainer_state *state, size_t minibatches,
                                        recur_error *error)
{
    typedef unsigned long long number;
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    const recur_trainer_config *config = &trainer->config;
    size_t history = trainer->model->history_count;
    uint64_t most = recur_trainer_updates_of(trainer, trainer->source->most);
    if (state->epochs > history)
        return recur_fail(error, bad, "the history has %zu of %llu finished epoch%s", history,
                          (number)state->epochs, recur_plural(state->epochs));
    if (state->minibatch > minibatches)
        return recur_fail(error, bad, "minibatch %llu is beyond the %zu of epoch %llu",
                          (number)state->minibatch, minibatches, (number)state->epochs + 1);
    uint64_t before = state->updates - state->minibatch; /* updates in finished epochs */
    if (state->updates < state->minibatch || before < state->epochs ||
        before > recur_size_mul(state->epochs, most))
        return recur_fail(
            error, bad,
            "the number of minibatches, %llu, is not that of %llu epoch%s and %llu more",
            (number)state->updates, (number)state->epochs, recur_plural(state->epochs),
            (number)state->minibatch);
    if (state->averaged > (config->average == RECUR_AVERAGE_NONE ? 0 : state->updates))
        return recur_fail(error, bad, "the mean cannot be one of %llu minibatch%s",
                          (number)state->averaged, state->averaged == 1 ? "" : "es");
    if (state->best_epoch > state->epochs || (state->epochs && !state->best_epoch))
        return recur_fail(error, bad, "the best of %llu epoch%s cannot be number %llu",
                          (number)state->epochs, recur_plural(state->epochs),
                          (number)state->best_epoch);
    if (state->best_epoch ? !isfinite(state->best_loss) : !isnan(state->best_loss))
        return recur_fail(error, bad, "the best epoch's loss cannot be %g", state->best_loss);
    if (state->plateau_bad_epochs > config->patience)
        return recur_fail(error, bad, "the plateau has waited for %llu epoch%s, at most %zu",
                          (number)state->plateau_bad_epochs,
                          recur_plural(state->plateau_bad_epochs), config->patience);
    return RECUR_OK;
}

enum recur_status recur_trainer_set_state(recur_trainer *trainer, const recur_trainer_state *state,
                                          recur_error *error)
{
    RECUR_TRY(check_identity(state, recur_trainer_identity(trainer), trainer->source->kind, error));
    RECUR_TRY(check_sums(state, error));
    trainer->drawn = trainer->source->kind->start(trainer->source, state->epochs);
    size_t minibatches = recur_trainer_updates_of(trainer, trainer->drawn);
    RECUR_TRY(check_counters(trainer, state, minibatches, error));
    size_t behind = recur_size_mul((size_t)state->minibatch, trainer->config.accumulate);
    trainer->source->kind->skip(trainer->source, behind < trainer->drawn ? behind : trainer->drawn);
    bool under_way = state->minibatch > 0;
    trainer->minibatches = under_way ? minibatches : 0;
    trainer->minibatch = (size_t)state->minibatch;
    trainer->epochs = state->epochs;
    trainer->updates = state->updates;
    recur_trainer_count_epochs(trainer);
    trainer->loss_sum = state->loss_sum;
    trainer->norm_sum = state->norm_sum;
    trainer->seconds = state->seconds;
    trainer->lr = state->lr;
    trainer->averaged = state->averaged;
    trainer->best_epoch = state->best_epoch;
    trainer->best_loss = state->best_loss;
    trainer->plateau = (struct recur_plateau){.factor = state->plateau_factor,
                                              .best = state->plateau_best,
                                              .bad_epochs = (size_t)state->plateau_bad_epochs,
                                              .started = state->epochs > 0};
    return RECUR_OK;
}
