#include "nn/network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Is there an embedding that input dropout can drop numbers of? */
static enum recur_status check_input_dropout(const recur_model_config *config, recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    if (!(config->input_dropout >= 0 && (float)config->input_dropout < 1))
        return recur_fail(error, bad, "input dropout is at least 0 and below 1, got %g",
                          config->input_dropout);
    if (config->input_dropout > 0 && !config->embedding)
        return recur_fail(error, bad,
                          "input dropout drops numbers of embeddings, and this model has none");
    if (config->input_dropout > 0 && recur_task_serves(config->task, RECUR_USE_LABEL_WORDS))
        return recur_fail(error, bad, "of the task %s, dropout is on the inputs too",
                          recur_task_name(config->task));
    return RECUR_OK;
}

/* Can the head have the weights of the embedding? */
static enum recur_status check_tied(const recur_model_config *config,
                                    const struct recur_task_kind *task, recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    size_t top = config->hidden[config->layers - 1];
    if (!config->tied)
        return RECUR_OK;
    if (task->labels)
        return recur_fail(error, bad, "a head that chooses labels cannot be tied to the embedding");
    if (config->bidirectional && config->merge == RECUR_MERGE_CONCAT)
        return recur_fail(error, bad,
                          "a head that reads two directions side by side cannot be tied to the "
                          "embedding; their sum can");
    if (config->embedding != top)
        return recur_fail(
            error, bad,
            "a head that is tied to the embedding needs one as wide as the top layer, "
            "%zu, got %zu",
            top, config->embedding);
    return RECUR_OK;
}

static enum recur_status check(const recur_model_config *config,
                               const struct recur_task_kind **task, recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    RECUR_TRY(recur_task_check(config->task, error));
    *task = recur_task_of(config->task);
    RECUR_TRY(recur_cell_check(config->cell, error));
    RECUR_TRY(recur_activation_check(config->activation, error));
    RECUR_TRY(recur_merge_check(config->merge, error));
    RECUR_TRY(recur_init_check(config->init, error));
    RECUR_TRY(recur_dropout_kind_check(config->dropout_kind, error));
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
    if (config->inputs > INT32_MAX)
        return recur_fail(error, bad, "a network reads at most %d numbers a step, got %zu",
                          INT32_MAX, config->inputs);
    if (config->inputs && (config->embedding || (*task)->refuses.numbers))
        return recur_fail(error, bad, "a network that reads numbers %s",
                          config->embedding ? "embeds no tokens" : (*task)->refuses.numbers);
    if ((config->vocabulary < 1 && !config->inputs) || config->vocabulary > INT32_MAX)
        return recur_fail(error, bad, "a vocabulary has 1 to %d entries, got %zu", INT32_MAX,
                          config->vocabulary);
    if (config->biases != 1 && config->biases != 2)
        return recur_fail(error, bad, "a layer has 1 or 2 biases, got %zu", config->biases);
    if (!(config->dropout >= 0 && config->dropout < 1))
        return recur_fail(error, bad, "dropout is at least 0 and below 1, got %g",
                          (double)config->dropout);
    if (!(config->weight_drop >= 0 && config->weight_drop < 1))
        return recur_fail(error, bad, "weight drop is at least 0 and below 1, got %g",
                          (double)config->weight_drop);
    RECUR_TRY(check_input_dropout(config, error));
    RECUR_TRY(check_tied(config, *task, error));
    return (*task)->check ? (*task)->check(config, error) : RECUR_OK;
}

/* How the stack's tensors begin: U(+-1/sqrt(fan)), or 0.01 N(0, 1) with zero biases. */
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

/* Adds the tensor "PREFIXname" to the table that all parts share. */
static enum recur_status add(struct recur_params *params, const char *prefix, const char *name,
                             struct recur_param *param, size_t *index, recur_error *error)
{
    snprintf(param->name, sizeof param->name, "%s%s", prefix, name);
    return recur_params_add(params, param, index, error);
}

/* Adds what layer normalisation learns: gains of the gates' two parts, and gain and bias of c. */
static enum recur_status add_normalisation(struct recur_network *network,
                                           struct recur_params *params, const char *prefix,
                                           size_t l, size_t d, recur_error *error)
{
    const struct recur_cell_kind *cell = network->cell;
    struct recur_direction *direction = &network->layer[l].direction[d];
    const struct {
        const char *name;
        unsigned groups;
        enum recur_param_init init;
        size_t *index;
    } tensor[] = {
        {"gain_ih", cell->gates, RECUR_PARAM_ONE, &direction->gain_ih},
        {"gain_hh", cell->gates, RECUR_PARAM_ONE, &direction->gain_hh},
        {"gain_c", cell->has_c, RECUR_PARAM_ONE, &direction->gain_c},
        {"bias_c", cell->has_c, RECUR_PARAM_ZERO, &direction->bias_c},
    };
    for (size_t i = 0; i < sizeof tensor / sizeof *tensor; i++) {
        struct recur_param param = {.rank = 1,
                                    .groups = tensor[i].groups,
                                    .width = network->layer[l].hidden,
                                    .segments = 1,
                                    .segment = 1,
                                    .init = tensor[i].init};
        char name[48];
        *tensor[i].index = RECUR_NO_TENSOR;
        if (!cell->lines || !param.groups)
            continue;
        snprintf(name, sizeof name, "rnn.%s_l%zu%s", tensor[i].name, l, d ? "_reverse" : "");
        RECUR_TRY(add(params, prefix, name, &param, tensor[i].index, error));
    }
    return RECUR_OK;
}

static enum recur_status add_direction(struct recur_network *network, struct recur_params *params,
                                       const char *prefix, enum recur_init init, size_t l, size_t d,
                                       recur_error *error)
{
    struct recur_layer *layer = &network->layer[l];
    struct recur_direction *direction = &layer->direction[d];
    const char *suffix = d ? "_reverse" : "";
    struct recur_param param = {.groups = network->cell->gates, .width = layer->hidden};
    char name[48];

    param.rank = 2;
    param.segments = recur_network_segments(network, l);
    param.segment = l > 0                ? network->layer[l - 1].hidden
                    : network->inputs    ? network->inputs
                    : network->embedding ? network->embedding
                                         : network->vocabulary;
    snprintf(name, sizeof name, "rnn.weight_ih_l%zu%s", l, suffix);
    set_init(&param, init, layer->hidden);
    RECUR_TRY(add(params, prefix, name, &param, &direction->weight_ih, error));

    param.segments = 1;
    param.segment = layer->hidden;
    snprintf(name, sizeof name, "rnn.weight_hh_l%zu%s", l, suffix);
    RECUR_TRY(add(params, prefix, name, &param, &direction->weight_hh, error));

    param.rank = 1;
    param.segment = 1;
    snprintf(name, sizeof name, "rnn.bias_ih_l%zu%s", l, suffix);
    set_init(&param, init, layer->hidden);
    RECUR_TRY(add(params, prefix, name, &param, &direction->bias_ih, error));

    direction->bias_hh = RECUR_NO_TENSOR;
    if (network->biases == 2) {
        snprintf(name, sizeof name, "rnn.bias_hh_l%zu%s", l, suffix);
        RECUR_TRY(add(params, prefix, name, &param, &direction->bias_hh, error));
    }
    return add_normalisation(network, params, prefix, l, d, error);
}

enum recur_status recur_network_add_embedding(struct recur_params *params, const char *prefix,
                                              enum recur_init init, size_t width, size_t vocabulary,
                                              size_t *index, recur_error *error)
{
    *index = RECUR_NO_TENSOR;
    if (!width)
        return RECUR_OK;
    struct recur_param param = {.rank = 2,
                                .wide_columns = true,
                                .groups = 1,
                                .width = width,
                                .segments = 1,
                                .segment = vocabulary,
                                .init = RECUR_PARAM_NORMAL,
                                .spread = init == RECUR_INIT_NORMAL ? (real)0.01 : 1};
    return add(params, prefix, "embedding.weight", &param, index, error);
}

enum recur_status recur_network_add_layers(struct recur_network *network,
                                           struct recur_params *params, const char *prefix,
                                           const size_t *hidden, enum recur_init init,
                                           recur_error *error)
{
    RECUR_TRY(
        recur_alloc(network->layers, sizeof *network->layer, "the layers", &network->layer, error));
    RECUR_TRY(recur_network_add_embedding(params, prefix, init, network->embedding,
                                          network->vocabulary, &network->embedding_weight, error));
    if (network->embedding)
        network->lookup = network->embedding_weight;
    if (network->tied && init == RECUR_INIT_UNIFORM) /* between an embedding's 1 and a head's */
        params->entry[network->embedding_weight].spread =
            (real)pow((double)network->embedding, -0.25);
    for (size_t l = 0; l < network->layers; l++) {
        struct recur_layer *layer = &network->layer[l];
        layer->hidden = hidden[l];
        layer->units = recur_panels(layer->hidden);
        layer->dense = l > 0 || network->embedding || network->inputs;
        for (size_t d = 0; d < network->directions; d++)
            RECUR_TRY(add_direction(network, params, prefix, init, l, d, error));
    }
    network->head_weight = network->head_bias = RECUR_NO_TENSOR;
    return RECUR_OK;
}

enum recur_status recur_network_add_head(struct recur_network *network, struct recur_params *params,
                                         size_t outputs, size_t segments, size_t top,
                                         enum recur_init init, recur_error *error)
{
    struct recur_param param = {
        .rank = 2, .groups = 1, .width = outputs, .segments = segments, .segment = top};
    network->outputs = outputs;
    if (!outputs)
        return RECUR_OK;
    set_init(&param, init, segments * top);
    RECUR_TRY(add(params, "", "linear.weight", &param, &network->head_weight, error));
    param.rank = param.segments = param.segment = 1;
    set_init(&param, init, segments * top);
    return add(params, "", "linear.bias", &param, &network->head_bias, error);
}

enum recur_status recur_network_add_stack(struct recur_network *network,
                                          const recur_model_config *config, size_t outputs,
                                          recur_error *error)
{
    size_t layers = network->layers;
    RECUR_TRY(recur_network_add_layers(network, &network->params, "", config->hidden, config->init,
                                       error));
    size_t top = config->hidden[layers - 1];
    RECUR_TRY(recur_network_add_head(network, &network->params, outputs,
                                     recur_network_segments(network, layers), top, config->init,
                                     error));
    if (network->tied)
        network->params.learned -= outputs * top; /* those of the embedding were counted */
    return RECUR_OK;
}

enum recur_status recur_network_make_part(const struct recur_network *network,
                                          struct recur_network **part, recur_error *error)
{
    RECUR_TRY(recur_alloc(1, sizeof **part, "the layers", part, error));
    (*part)->cell = network->cell;
    (*part)->activation = network->activation;
    (*part)->biases = network->biases;
    (*part)->directions = 1;
    (*part)->lookup = RECUR_NO_TENSOR;
    return RECUR_OK;
}

void recur_network_free_part(struct recur_network *part)
{
    if (part)
        free(part->layer);
    free(part);
}

enum recur_status recur_network_init(struct recur_network *network,
                                     const recur_model_config *config, recur_error *error)
{
    const struct recur_task_kind *task;
    *network = (struct recur_network){.lookup = RECUR_NO_TENSOR};
    RECUR_TRY(check(config, &task, error));
    network->task = task;
    network->cell = recur_cell_kind_of(config->cell);
    network->activation = config->activation;
    network->layers = config->layers;
    network->directions = config->bidirectional ? 2 : 1;
    network->merge = config->merge;
    network->biases = config->biases;
    network->inputs = config->inputs;
    network->embedding = config->embedding;
    network->vocabulary = config->inputs ? 0 : config->vocabulary;
    network->dropout = (real)config->dropout;
    network->input_dropout = (real)config->input_dropout;
    network->weight_drop = (real)config->weight_drop;
    network->tied = config->tied != 0;
    network->locked = config->dropout_kind == RECUR_DROPOUT_LOCKED;
    return task->build(network, config, error);
}

/* Is a tensor of the network's own an embedding, or one of the lowest `layers` layers? */
static bool is_below(const struct recur_param *param, size_t layers)
{
    const char *layer = strncmp(param->name, "rnn.", 4) == 0 ? strstr(param->name, "_l") : NULL;
    return layer ? strtoul(layer + 2, NULL, 10) < layers
                 : strncmp(param->name, "embedding.", 10) == 0;
}

enum recur_status recur_network_freeze(const struct recur_network *network, size_t layers,
                                       struct recur_frozen *frozen, recur_error *error)
{
    *frozen = (struct recur_frozen){.layers = layers};
    if (layers && network->tied)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "layers cannot be frozen where the head is tied to the embedding");
    if (layers > network->layers)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "%zu layers cannot be frozen: the model has %zu", layers,
                          network->layers);
    for (size_t i = 0; i < network->params.count && layers; i++) {
        const struct recur_param *param = &network->params.entry[i];
        bool joins = frozen->runs && frozen->run[frozen->runs - 1].end == param->offset;
        if (!is_below(param, layers))
            continue;
        if (!joins)
            frozen->run[frozen->runs++].first = param->offset;
        frozen->run[frozen->runs - 1].end = param->offset + param->span;
    }
    return RECUR_OK;
}

void recur_network_tie(const struct recur_network *network, real *parameters)
{
    if (!network->tied)
        return;
    const struct recur_param *table = recur_network_param(network, network->embedding_weight);
    const struct recur_param *head = recur_network_param(network, network->head_weight);
    for (size_t v = 0; v < table->rows; v++)
        for (size_t e = 0; e < table->columns; e++)
            parameters[recur_param_place(head, v, e)] = parameters[recur_param_place(table, v, e)];
}

void recur_network_free(struct recur_network *network)
{
    if (network->task && network->task->release)
        network->task->release(network);
    free(network->layer);
    recur_params_free(&network->params);
    *network = (struct recur_network){0};
}
