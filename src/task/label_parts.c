#include "task/label_parts.h"

#include <stdlib.h>

#include "base/memory.h"

enum recur_status recur_label_parts_create(struct recur_network *network,
                                           struct recur_label_parts **parts, recur_error *error)
{
    RECUR_TRY(recur_alloc(1, sizeof **parts, "the layers", parts, error));
    (*parts)->crf_start = (*parts)->crf_end = (*parts)->crf_transitions = RECUR_NO_TENSOR;
    network->parts = *parts;
    return RECUR_OK;
}

void recur_label_parts_share(struct recur_network *network)
{
    struct recur_label_parts *parts = network->parts;
    if (parts->chars)
        parts->chars->params = network->params;
    if (parts->head)
        parts->head->params = network->params;
}

void recur_label_parts_release(struct recur_network *network)
{
    struct recur_label_parts *parts = network->parts;
    if (!parts)
        return;
    recur_network_free_part(parts->chars);
    recur_network_free_part(parts->head);
    free(parts);
}

enum recur_status recur_label_check(const recur_model_config *config, recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
    if ((unsigned)config->pool > RECUR_POOL_MAX || (unsigned)config->decoder > RECUR_DECODER_CRF)
        return recur_fail(error, bad, "pooling %d or decoder %d is unknown", (int)config->pool,
                          (int)config->decoder);
    if (config->labels < 1 || config->labels > INT32_MAX)
        return recur_fail(error, bad, "a network that labels has 1 to %d labels, got %zu",
                          INT32_MAX, config->labels);
    return RECUR_OK;
}

enum recur_status recur_label_check_sizes(const recur_model_config *config, recur_error *error)
{
    const enum recur_status bad = RECUR_ERROR_ARGUMENT;
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
