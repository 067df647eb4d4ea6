#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "base/config.h"
#include "base/memory.h"
#include "nn/model_object.h"
#include "nn/origin.h"
#include "nn/placement.h"
#include "recur/machine.h"

#define USUAL_HIDDEN 256

/* Copies the widths into the model. */
static enum recur_status take_hidden(struct recur_model *model, recur_error *error)
{
    size_t layers = model->config.layers;
    RECUR_TRY(recur_alloc(layers, sizeof *model->hidden, "the layers", &model->hidden, error));
    for (size_t l = 0; l < layers; l++)
        model->hidden[l] = model->config.hidden ? model->config.hidden[l] : USUAL_HIDDEN;
    model->config.hidden = model->hidden;
    return RECUR_OK;
}

enum recur_status recur_fail_overflow(const char *what, recur_error *error)
{
    return recur_fail(error, RECUR_ERROR_DIVERGED,
                      "the model's weights are too large to compute with: %s is not finite", what);
}

static enum recur_status fill_in(struct recur_model *model, const recur_model_config *config,
                                 const struct recur_model_vocabs *vocabs, recur_error *error)
{
    model->config = recur_model_config_default();
    RECUR_TRY(recur_config_take(&model->config, config, "recur_model_config", error));
    if (vocabs->tokens) {
        model->vocab = recur_vocab_share(vocabs->tokens);
        model->config.vocabulary = recur_vocab_size(vocabs->tokens);
    }
    if (vocabs->labels) {
        model->labels = recur_vocab_share(vocabs->labels);
        model->config.labels = recur_vocab_size(vocabs->labels) - 1;
    }
    if (vocabs->characters) {
        model->characters = recur_vocab_share(vocabs->characters);
        model->config.characters = recur_vocab_size(vocabs->characters);
    }
    model->place.backend = recur_backend_default();
    RECUR_TRY(model->place.backend->choose_kernels(&model->kernels, error));
    RECUR_TRY(take_hidden(model, error));
    RECUR_TRY(recur_network_init(&model->network, &model->config, error));
    RECUR_TRY(recur_block_alloc(model->network.params.span * sizeof *model->parameters,
                                "parameters", &model->parameters, error));
    if (!vocabs->blank)
        recur_params_init(&model->network.params, model->parameters, model->config.seed);
    recur_network_tie(&model->network, model->parameters);
    return RECUR_OK;
}

enum recur_status recur_model_create(const recur_model_config *config, recur_vocab *vocab,
                                     recur_model **out, recur_error *error)
{
    return recur_model_create_vocabs(config, &(struct recur_model_vocabs){.tokens = vocab}, out,
                                     error);
}

enum recur_status recur_model_create_vocabs(const recur_model_config *config,
                                            const struct recur_model_vocabs *vocabs,
                                            recur_model **out, recur_error *error)
{
    struct recur_model *model;
    RECUR_TRY(recur_alloc(1, sizeof *model, "a model", &model, error));
    enum recur_status status = fill_in(model, config, vocabs, error);
    if (status != RECUR_OK) {
        recur_model_free(model);
        return status;
    }
    *out = model;
    return RECUR_OK;
}

void recur_model_free(recur_model *model)
{
    if (!model)
        return;
    recur_placement_release(&model->place);
    recur_network_free(&model->network);
    recur_block_free(model->parameters);
    recur_vocab_free(model->vocab);
    recur_vocab_free(model->labels);
    recur_vocab_free(model->characters);
    free(model->hidden);
    free(model->history);
    recur_origin_release(&model->origin);
    free(model);
}

const recur_model_config *recur_model_get_config(const recur_model *model)
{
    return &model->config;
}

recur_vocab *recur_model_vocab(const recur_model *model)
{
    return model->vocab;
}

recur_vocab *recur_model_labels(const recur_model *model)
{
    return model->labels;
}

recur_vocab *recur_model_characters(const recur_model *model)
{
    return model->characters;
}

enum recur_status recur_model_check_tokens(const recur_model *model, recur_error *error)
{
    RECUR_TRY(recur_task_check_refusal(model->network.task->refuses.tokens, error));
    if (model->config.inputs)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "the model reads %zu number%s a step and no tokens: only a recur_stack "
                          "runs it",
                          model->config.inputs, recur_plural(model->config.inputs));
    return RECUR_OK;
}

enum recur_status recur_model_check_vocabulary(const recur_model *model, size_t size,
                                               recur_error *error)
{
    if (size <= model->config.vocabulary)
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_ARGUMENT,
                      "the text has a vocabulary of %zu, the model one of %zu", size,
                      model->config.vocabulary);
}

/* Do two models mean the same tokens by the same ids? */
static bool same_vocabulary(const recur_model *a, const recur_model *b)
{
    if (a->config.vocabulary != b->config.vocabulary || !a->vocab != !b->vocab)
        return false;
    for (size_t id = 0; a->vocab && id < a->config.vocabulary; id++) {
        recur_token x = recur_vocab_token(a->vocab, (int32_t)id);
        recur_token y = recur_vocab_token(b->vocab, (int32_t)id);
        if (x.size != y.size || memcmp(x.bytes, y.bytes, x.size) != 0)
            return false;
    }
    return true;
}

enum recur_status recur_model_check_together(const recur_model *const *models, size_t count,
                                             recur_error *error)
{
    if (!count)
        return recur_fail(error, RECUR_ERROR_ARGUMENT, "there is no model");
    for (size_t m = 1; m < count; m++)
        if (!same_vocabulary(models[0], models[m]))
            return recur_fail(error, RECUR_ERROR_ARGUMENT,
                              "model %zu has another vocabulary than the first: only models of the "
                              "same tokens predict together",
                              m + 1);
    return RECUR_OK;
}

size_t recur_model_parameters(const recur_model *model)
{
    return model->network.params.learned;
}

size_t recur_model_tensors(const recur_model *model)
{
    return model->network.params.count;
}

recur_tensor_info recur_model_tensor(const recur_model *model, size_t index)
{
    const struct recur_param *param = &model->network.params.entry[index];
    return (recur_tensor_info){param->name, param->rank, {param->rows, param->columns}};
}

void recur_model_sync(const recur_model *model, size_t first, size_t count)
{
    if (model->leader)
        model->leader->backend->sync(model->leader, first, count);
}

void recur_model_sync_all(const recur_model *model)
{
    recur_model_sync(model, 0, model->network.params.count);
}

void recur_model_get_tensor(const recur_model *model, size_t index, float *values)
{
    recur_model_sync(model, index, 1);
    recur_param_unpack(&model->network.params.entry[index], model->parameters, values);
}

void recur_model_set_tensor(recur_model *model, size_t index, const float *values)
{
    recur_model_sync_all(model); /* the leader takes all of them over */
    recur_param_pack(&model->network.params.entry[index], model->parameters, values);
    if (index == model->network.embedding_weight || index == model->network.head_weight)
        recur_network_tie(&model->network, model->parameters);
    model->changes++;
}

const recur_epoch *recur_model_history(const recur_model *model, size_t *count)
{
    *count = model->history_count;
    return model->history;
}

void recur_model_watch(recur_model *model, recur_progress_fn *watch, void *user)
{
    model->watch = watch;
    model->watch_user = user;
}

enum recur_status recur_model_add_epoch(recur_model *model, const recur_epoch *epoch,
                                        recur_error *error)
{
    RECUR_TRY(recur_grow(&model->history, &model->history_capacity, model->history_count + 1,
                         sizeof *model->history, "the training history", error));
    model->history[model->history_count++] = *epoch;
    return RECUR_OK;
}

/* Counts the multiply-adds of the recurrent products, of the input products of layers that read a
 * dense input, and of the head. */
static double multiply_adds(const recur_model *model)
{
    const struct recur_network *network = &model->network;
    double products = 0;
    for (size_t l = 0; l < network->layers; l++) {
        const struct recur_layer *layer = &network->layer[l];
        for (size_t d = 0; d < network->directions; d++) {
            const struct recur_param *ih =
                recur_network_param(network, layer->direction[d].weight_ih);
            const struct recur_param *hh =
                recur_network_param(network, layer->direction[d].weight_hh);
            products += (double)hh->rows * (double)hh->columns;
            if (layer->dense)
                products += (double)ih->rows * (double)ih->columns;
        }
    }
    if (network->outputs) {
        const struct recur_param *head = recur_network_param(network, network->head_weight);
        products += (double)head->rows * (double)head->columns;
    }
    return products;
}

size_t recur_model_number_bytes(const recur_model *model)
{
    static const unsigned char bytes[] = {[RECUR_QUANTIZATION_NONE] = 4,
                                          [RECUR_QUANTIZATION_BF16] = 2,
                                          [RECUR_QUANTIZATION_INT8] = 1};
    return bytes[model->quantization];
}

double recur_machine_flop_per_token(const recur_model *model)
{
    return 6 * multiply_adds(model);
}

double recur_machine_bytes_per_token(const recur_model *model)
{
    return (double)recur_model_number_bytes(model) * multiply_adds(model);
}
