/* The task tag: a label for each word of a sentence. */
#include <stdio.h>

#include "task/label_parts.h"
#include "task/task.h"

/* The time and the transitions of a CRF grow with the square of the number of labels. */
#define CRF_LABELS_MAX 4096

static enum recur_status check(const recur_model_config *config, recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    RECUR_TRY(recur_label_check(config, error));
    if (config->decoder == RECUR_DECODER_CRF && config->labels > CRF_LABELS_MAX)
        return recur_fail(error, bad,
                          "a CRF over %zu labels has %zu x %zu transitions; it can have at most %d "
                          "labels, softmax any number",
                          config->labels, config->labels, config->labels, CRF_LABELS_MAX);
    if (config->characters && (!config->character_hidden || !config->character_embedding))
        return recur_fail(error, bad, "words are read by characters, but %s is 0",
                          config->character_hidden ? "the embedding's width"
                                                   : "the hidden width for them");
    return recur_label_check_sizes(config, error);
}

/* Adds what reads the characters of words: a layer in both directions, whose last states are
 * used. */
static enum recur_status add_chars(struct recur_network *network, const recur_model_config *config,
                                   struct recur_label_parts *parts, recur_error *error)
{
    if (!config->characters)
        return RECUR_OK;
    RECUR_TRY(recur_network_make_part(network, &parts->chars, error));
    parts->chars->layers = 1;
    parts->chars->directions = 2;
    parts->chars->embedding = config->character_embedding;
    parts->chars->vocabulary = config->characters;
    return recur_network_add_layers(parts->chars, &network->params, "chars.",
                                    &config->character_hidden, config->init, error);
}

static enum recur_status add_crf(struct recur_network *network, const recur_model_config *config,
                                 struct recur_label_parts *parts, recur_error *error)
{
    if (config->decoder != RECUR_DECODER_CRF)
        return RECUR_OK;
    struct recur_params *params = &network->params;
    struct recur_param param = {.name = "crf.start_transitions",
                                .rank = 1,
                                .groups = 1,
                                .width = config->labels,
                                .segments = 1,
                                .segment = 1};
    RECUR_TRY(recur_params_add(params, &param, &parts->crf_start, error));
    snprintf(param.name, sizeof param.name, "crf.end_transitions");
    RECUR_TRY(recur_params_add(params, &param, &parts->crf_end, error));
    snprintf(param.name, sizeof param.name, "crf.transitions");
    param.rank = 2;
    param.wide_columns = true;
    param.segment = config->labels;
    return recur_params_add(params, &param, &parts->crf_transitions, error);
}

/* The layers read numbers: a word's embedding, its case, and what its characters say. */
static enum recur_status build(struct recur_network *network, const recur_model_config *config,
                               recur_error *error)
{
    struct recur_label_parts *parts;
    RECUR_TRY(recur_label_parts_create(network, &parts, error));
    RECUR_TRY(recur_network_add_embedding(&network->params, "", config->init, config->embedding,
                                          config->vocabulary, &network->lookup, error));
    RECUR_TRY(add_chars(network, config, parts, error));
    network->embedding = network->vocabulary = 0;
    network->inputs =
        config->embedding + RECUR_WORD_CASES + (parts->chars ? 2 * config->character_hidden : 0);
    RECUR_TRY(recur_network_add_stack(network, config, config->labels, error));
    RECUR_TRY(add_crf(network, config, parts, error));
    recur_label_parts_share(network);
    return RECUR_OK;
}

const struct recur_task_kind recur_task_tag = {
    .refuses = RECUR_LABEL_REFUSALS("words"),
    .check = check,
    .build = build,
    .release = recur_label_parts_release,
    .labels = "words",
    .each_word = true,
};
