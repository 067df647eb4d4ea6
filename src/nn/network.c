#include "nn/network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

const struct recur_cell_kind *recur_cell_kind_of(enum recur_cell cell)
{
    switch (cell) {
    case RECUR_CELL_RNN: return &recur_cell_kind_rnn;
    case RECUR_CELL_GRU: return &recur_cell_kind_gru;
    case RECUR_CELL_GRU_RESET_BEFORE: return &recur_cell_kind_gru_reset_before;
    case RECUR_CELL_LSTM: return &recur_cell_kind_lstm;
    }
    return NULL;
}

static enum recur_status check(const recur_model_config *config, recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    RECUR_TRY(recur_task_check(config->task, error));
    RECUR_TRY(recur_cell_check(config->cell, error));
    RECUR_TRY(recur_activation_check(config->activation, error));
    RECUR_TRY(recur_merge_check(config->merge, error));
    RECUR_TRY(recur_init_check(config->init, error));
    if (config->layers < 1 || !config->hidden)
        return recur_fail(error, bad, "a network needs at least one layer");
    for (size_t l = 0; l < config->layers; l++)
        if (config->hidden[l] < 1)
            return recur_fail(error, bad, "layer %zu has a hidden size of 0", l + 1);
    for (size_t l = 0; l < config->layers; l++)
        if (config->hidden[l] > INT32_MAX)
            return recur_fail(error, bad, "layer %zu has a hidden size of %zu, at most %d can be",
                              l + 1, config->hidden[l], INT32_MAX);
    if (config->embedding > INT32_MAX)
        return recur_fail(error, bad, "an embedding is at most %d wide, got %zu", INT32_MAX,
                          config->embedding);
    if (config->vocabulary < 1 || config->vocabulary > INT32_MAX)
        return recur_fail(error, bad, "a vocabulary has 1 to %d entries, got %zu", INT32_MAX,
                          config->vocabulary);
    if (config->biases != 1 && config->biases != 2)
        return recur_fail(error, bad, "a layer has 1 or 2 biases, got %zu", config->biases);
    if (!(config->dropout >= 0 && config->dropout < 1))
        return recur_fail(error, bad, "dropout is at least 0 and below 1, got %g",
                          (double)config->dropout);
    return RECUR_OK;
}

/* The tensors of the stack's initialisation: U(+-1/sqrt(fan)) or 0.01 N(0, 1) with zero biases. */
static void set_init(struct recur_param *param, enum recur_init init, size_t fan)
{
    bool bias = param->rank == 1;
    if (init == RECUR_INIT_UNIFORM) {
        param->init = RECUR_PARAM_UNIFORM;
        param->spread = (real)(1 / sqrt((double)fan));
    } else {
        param->init = bias ? RECUR_PARAM_ZERO : RECUR_PARAM_NORMAL;
        param->spread = (real)0.01;
    }
}

static enum recur_status add_direction(struct recur_network *network,
                                       const recur_model_config *config, size_t l, size_t d,
                                       recur_error *error)
{
    struct recur_layer *layer = &network->layer[l];
    struct recur_direction *direction = &layer->direction[d];
    const char *suffix = d ? "_reverse" : "";
    struct recur_param param = {.groups = network->cell->gates, .width = layer->hidden};

    param.rank = 2;
    param.segments = recur_network_segments(network, l);
    param.segment = l > 0                ? config->hidden[l - 1]
                    : network->embedding ? network->embedding
                                         : network->vocabulary;
    snprintf(param.name, sizeof param.name, "rnn.weight_ih_l%zu%s", l, suffix);
    set_init(&param, config->init, layer->hidden);
    RECUR_TRY(recur_params_add(&network->params, &param, &direction->weight_ih, error));

    param.segments = 1;
    param.segment = layer->hidden;
    snprintf(param.name, sizeof param.name, "rnn.weight_hh_l%zu%s", l, suffix);
    RECUR_TRY(recur_params_add(&network->params, &param, &direction->weight_hh, error));

    param.rank = 1;
    param.segment = 1;
    snprintf(param.name, sizeof param.name, "rnn.bias_ih_l%zu%s", l, suffix);
    set_init(&param, config->init, layer->hidden);
    RECUR_TRY(recur_params_add(&network->params, &param, &direction->bias_ih, error));

    direction->bias_hh = RECUR_NO_TENSOR;
    if (config->biases < 2)
        return RECUR_OK;
    snprintf(param.name, sizeof param.name, "rnn.bias_hh_l%zu%s", l, suffix);
    return recur_params_add(&network->params, &param, &direction->bias_hh, error);
}

static enum recur_status add_embedding(struct recur_network *network,
                                       const recur_model_config *config, recur_error *error)
{
    network->embedding_weight = RECUR_NO_TENSOR;
    if (!network->embedding)
        return RECUR_OK;
    struct recur_param param = {.name = "embedding.weight",
                                .rank = 2,
                                .wide_columns = true,
                                .groups = 1,
                                .width = network->embedding,
                                .segments = 1,
                                .segment = network->vocabulary,
                                .init = RECUR_PARAM_NORMAL,
                                .spread = config->init == RECUR_INIT_NORMAL ? (real)0.01 : 1};
    return recur_params_add(&network->params, &param, &network->embedding_weight, error);
}

static enum recur_status add_head(struct recur_network *network, const recur_model_config *config,
                                  recur_error *error)
{
    size_t top = config->hidden[network->layers - 1];
    size_t segments = recur_network_segments(network, network->layers);
    struct recur_param param = {.name = "linear.weight",
                                .rank = 2,
                                .groups = 1,
                                .width = network->vocabulary,
                                .segments = segments,
                                .segment = top};
    set_init(&param, config->init, segments * top);
    RECUR_TRY(recur_params_add(&network->params, &param, &network->head_weight, error));
    param.rank = param.segments = param.segment = 1;
    snprintf(param.name, sizeof param.name, "linear.bias");
    set_init(&param, config->init, segments * top);
    return recur_params_add(&network->params, &param, &network->head_bias, error);
}

enum recur_status recur_network_init(struct recur_network *network,
                                     const recur_model_config *config, recur_error *error)
{
    *network = (struct recur_network){0};
    RECUR_TRY(check(config, error));
    network->cell = recur_cell_kind_of(config->cell);
    network->activation = config->activation;
    network->task = config->task;
    network->layers = config->layers;
    network->directions = config->bidirectional ? 2 : 1;
    network->merge = config->merge;
    network->embedding = config->embedding;
    network->vocabulary = config->vocabulary;
    network->dropout = (real)config->dropout;
    RECUR_TRY(
        recur_alloc(config->layers, sizeof *network->layer, "the layers", &network->layer, error));
    RECUR_TRY(add_embedding(network, config, error));
    for (size_t l = 0; l < config->layers; l++) {
        struct recur_layer *layer = &network->layer[l];
        layer->hidden = config->hidden[l];
        layer->units = recur_panels(layer->hidden);
        layer->dense = l > 0 || network->embedding;
        for (size_t d = 0; d < network->directions; d++)
            RECUR_TRY(add_direction(network, config, l, d, error));
    }
    return add_head(network, config, error);
}

void recur_network_free(struct recur_network *network)
{
    free(network->layer);
    recur_params_free(&network->params);
    *network = (struct recur_network){0};
}
