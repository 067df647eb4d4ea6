/* The task lm: predicts the next token from all tokens up to this one. */
#include "nn/network.h"
#include "task/task.h"

static enum recur_status build(struct recur_network *network, const recur_model_config *config,
                               recur_error *error)
{
    return recur_network_add_stack(network, config, config->vocabulary, error);
}

const struct recur_task_kind recur_task_lm = {
    .refuses = {.fill = "a language model does not fill blanks; train one with the task fill"},
    .build = build,
    .next = true,
    .perplexity = true,
};
