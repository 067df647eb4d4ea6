#include "nn/network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* What counts for the tasks tag and classify alone. */
static enum recur_status check_labels(const recur_model_config *config, recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    bool crf = config->decoder == RECUR_DECODER_CRF, tags = config->task == RECUR_TASK_TAG;
    if (config->task < RECUR_TASK_TAG)
        return RECUR_OK;
    if ((unsigned)config->pool > RECUR_POOL_MAX || (unsigned)config->decoder > RECUR_DECODER_CRF)
        return recur_fail(error, bad, "pooling %d or decoder %d is unknown", (int)config->pool,
                          (int)config->decoder);
    if (config->labels < 1 || config->labels > INT32_MAX)
        return recur_fail(error, bad, "a network that labels has 1 to %d labels, got %zu",
                          INT32_MAX, config->labels);
    if (crf && !tags)
        return recur_fail(error, bad,
                          "a CRF is over the labels of sequences: it needs the task "
                          "tag");
    if (crf && config->labels > RECUR_CRF_LABELS_MAX)
        return recur_fail(error, bad,
                          "a CRF over %zu labels has %zu x %zu transitions; it can have at most %d "
                          "labels, softmax any number",
                          config->labels, config->labels, config->labels, RECUR_CRF_LABELS_MAX);
    if (tags && config->characters && (!config->character_hidden || !config->character_embedding))
        return recur_fail(error, bad, "words are read by characters, but %s is 0",
                          config->character_hidden ? "the embedding's width"
                                                   : "the hidden width for them");
    if (config->characters > INT32_MAX || config->character_hidden > INT16_MAX ||
        config->character_embedding > INT16_MAX)
        return recur_fail(
            error, bad, "%zu characters, embedded in %zu number%s and read into %zu, are too many",
            config->characters, config->character_embedding,
            recur_plural(config->character_embedding), config->character_hidden);
    if (config->word_column > INT32_MAX || config->label_column > INT32_MAX)
        return recur_fail(error, bad, "data has at most %d columns, got numbers %zu and %zu",
                          INT32_MAX, config->word_column, config->label_column);
    return RECUR_OK;
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
    if (config->inputs > INT32_MAX)
        return recur_fail(error, bad, "a network reads at most %d numbers a step, got %zu",
                          INT32_MAX, config->inputs);
    if (config->inputs && (config->embedding || config->task != RECUR_TASK_LM))
        return recur_fail(error, bad, "a network that reads numbers %s",
                          config->embedding                 ? "embeds no tokens"
                          : config->task == RECUR_TASK_FILL ? "fills in no tokens"
                                                            : "labels no tokens");
    if ((config->vocabulary < 1 && !config->inputs) || config->vocabulary > INT32_MAX)
        return recur_fail(error, bad, "a vocabulary has 1 to %d entries, got %zu", INT32_MAX,
                          config->vocabulary);
    if (config->biases != 1 && config->biases != 2)
        return recur_fail(error, bad, "a layer has 1 or 2 biases, got %zu", config->biases);
    if (!(config->dropout >= 0 && config->dropout < 1))
        return recur_fail(error, bad, "dropout is at least 0 and below 1, got %g",
                          (double)config->dropout);
    return check_labels(config, error);
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

/* Adds the tensor "PREFIXname" to the table that all parts share. */
static enum recur_status add(struct recur_params *params, const char *prefix, const char *name,
                             struct recur_param *param, size_t *index, recur_error *error)
{
    snprintf(param->name, sizeof param->name, "%s%s", prefix, name);
    return recur_params_add(params, param, index, error);
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
    if (network->biases < 2)
        return RECUR_OK;
    snprintf(name, sizeof name, "rnn.bias_hh_l%zu%s", l, suffix);
    return add(params, prefix, name, &param, &direction->bias_hh, error);
}

static enum recur_status add_embedding(struct recur_params *params, const char *prefix,
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

static enum recur_status add_layers(struct recur_network *network, struct recur_params *params,
                                    const char *prefix, const size_t *hidden, enum recur_init init,
                                    recur_error *error)
{
    RECUR_TRY(
        recur_alloc(network->layers, sizeof *network->layer, "the layers", &network->layer, error));
    RECUR_TRY(add_embedding(params, prefix, init, network->embedding, network->vocabulary,
                            &network->embedding_weight, error));
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

/* The head that reads `segments` states of `top` numbers side by side. */
static enum recur_status add_head(struct recur_network *network, struct recur_params *params,
                                  size_t segments, size_t top, enum recur_init init,
                                  recur_error *error)
{
    struct recur_param param = {
        .rank = 2, .groups = 1, .width = network->outputs, .segments = segments, .segment = top};
    if (!network->outputs)
        return RECUR_OK;
    set_init(&param, init, segments * top);
    RECUR_TRY(add(params, "", "linear.weight", &param, &network->head_weight, error));
    param.rank = param.segments = param.segment = 1;
    set_init(&param, init, segments * top);
    return add(params, "", "linear.bias", &param, &network->head_bias, error);
}

/* A part's network; `*part` belongs to the whole. */
static enum recur_status add_part(const struct recur_network *network, struct recur_network **part,
                                  recur_error *error)
{
    RECUR_TRY(recur_alloc(1, sizeof **part, "the layers", part, error));
    (*part)->cell = network->cell;
    (*part)->activation = network->activation;
    (*part)->biases = network->biases;
    (*part)->directions = 1;
    (*part)->words = (*part)->crf_start = RECUR_NO_TENSOR;
    (*part)->crf_end = (*part)->crf_transitions = RECUR_NO_TENSOR;
    return RECUR_OK;
}

/* What reads the characters of words: a layer in both directions, of which the last states count.
 */
static enum recur_status add_chars(struct recur_network *network, const recur_model_config *config,
                                   recur_error *error)
{
    if (!config->characters)
        return RECUR_OK;
    RECUR_TRY(add_part(network, &network->chars, error));
    network->chars->layers = 1;
    network->chars->directions = 2;
    network->chars->embedding = config->character_embedding;
    network->chars->vocabulary = config->characters;
    return add_layers(network->chars, &network->params, "chars.", &config->character_hidden,
                      config->init, error);
}

static enum recur_status add_crf(struct recur_network *network, const recur_model_config *config,
                                 recur_error *error)
{
    if (config->decoder != RECUR_DECODER_CRF)
        return RECUR_OK;
    struct recur_params *params = &network->params;
    struct recur_param param = {
        .rank = 1, .groups = 1, .width = config->labels, .segments = 1, .segment = 1};
    RECUR_TRY(add(params, "crf.", "start_transitions", &param, &network->crf_start, error));
    RECUR_TRY(add(params, "crf.", "end_transitions", &param, &network->crf_end, error));
    param.rank = 2;
    param.wide_columns = true;
    param.segment = config->labels;
    return add(params, "crf.", "transitions", &param, &network->crf_transitions, error);
}

/* The layers of a tagger read numbers: a word's embedding, its case, what its characters say. */
static enum recur_status add_words(struct recur_network *network, const recur_model_config *config,
                                   recur_error *error)
{
    RECUR_TRY(add_embedding(&network->params, "", config->init, config->embedding,
                            config->vocabulary, &network->words, error));
    RECUR_TRY(add_chars(network, config, error));
    network->embedding = network->vocabulary = 0;
    network->inputs =
        config->embedding + RECUR_WORD_CASES + (network->chars ? 2 * config->character_hidden : 0);
    return RECUR_OK;
}

/* All parts read and write the table of the whole. */
static void share_params(struct recur_network *network)
{
    if (network->chars)
        network->chars->params = network->params;
    if (network->head)
        network->head->params = network->params;
}

enum recur_status recur_network_init(struct recur_network *network,
                                     const recur_model_config *config, recur_error *error)
{
    *network = (struct recur_network){.words = RECUR_NO_TENSOR,
                                      .crf_start = RECUR_NO_TENSOR,
                                      .crf_end = RECUR_NO_TENSOR,
                                      .crf_transitions = RECUR_NO_TENSOR};
    RECUR_TRY(check(config, error));
    network->cell = recur_cell_kind_of(config->cell);
    network->activation = config->activation;
    network->task = config->task;
    network->layers = config->layers;
    network->directions = config->bidirectional ? 2 : 1;
    network->merge = config->merge;
    network->biases = config->biases;
    network->inputs = config->inputs;
    network->embedding = config->embedding;
    network->vocabulary = config->inputs ? 0 : config->vocabulary;
    network->outputs = config->task == RECUR_TASK_TAG        ? config->labels
                       : config->task == RECUR_TASK_CLASSIFY ? 0
                                                             : config->vocabulary;
    network->dropout = (real)config->dropout;
    struct recur_params *params = &network->params;
    if (config->task == RECUR_TASK_TAG)
        RECUR_TRY(add_words(network, config, error));
    RECUR_TRY(add_layers(network, params, "", config->hidden, config->init, error));
    size_t top = config->hidden[network->layers - 1];
    size_t segments = recur_network_segments(network, network->layers);
    if (config->task == RECUR_TASK_CLASSIFY) {
        RECUR_TRY(add_part(network, &network->head, error));
        network->head->inputs = segments * top;
        network->head->outputs = config->labels;
        RECUR_TRY(add_layers(network->head, params, "", NULL, config->init, error));
        RECUR_TRY(add_head(network->head, params, 1, segments * top, config->init, error));
    } else {
        RECUR_TRY(add_head(network, params, segments, top, config->init, error));
    }
    if (config->task == RECUR_TASK_TAG)
        RECUR_TRY(add_crf(network, config, error));
    share_params(network);
    return RECUR_OK;
}

static void free_part(struct recur_network *part)
{
    if (part)
        free(part->layer);
    free(part);
}

void recur_network_free(struct recur_network *network)
{
    free_part(network->chars);
    free_part(network->head);
    free(network->layer);
    recur_params_free(&network->params);
    *network = (struct recur_network){0};
}
