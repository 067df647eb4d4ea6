/* The task classify: a label for each text. */
#include "task/label_parts.h"
#include "task/task.h"

static enum recur_status check(const recur_model_config *config, recur_error *error)
{
    RECUR_TRY(recur_label_check(config, error));
    if (config->decoder == RECUR_DECODER_CRF)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a CRF is over the labels of sequences: it needs the task "
                          "tag");
    return recur_label_check_sizes(config, error);
}

/* The head is a network of its own; its only step reads a text's pooled states. */
static enum recur_status build(struct recur_network *network, const recur_model_config *config,
                               recur_error *error)
{
    struct recur_params *params = &network->params;
    struct recur_label_parts *parts;
    RECUR_TRY(recur_label_parts_create(network, &parts, error));
    RECUR_TRY(recur_network_add_layers(network, params, "", config->hidden, config->init, error));
    size_t width = recur_network_width(network);
    RECUR_TRY(recur_network_make_part(network, &parts->head, error));
    parts->head->inputs = width;
    RECUR_TRY(recur_network_add_layers(parts->head, params, "", NULL, config->init, error));
    RECUR_TRY(
        recur_network_add_head(parts->head, params, config->labels, 1, width, config->init, error));
    recur_label_parts_share(network);
    return RECUR_OK;
}

const struct recur_task_kind recur_task_classify = {
    .refuses = RECUR_LABEL_REFUSALS("texts"),
    .check = check,
    .build = build,
    .release = recur_label_parts_release,
    .labels = "texts",
};
