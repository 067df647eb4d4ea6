/* The task fill: predicts each token from the tokens around it, and never from itself. */
#include <string.h>

#include "base/rng.h"
#include "nn/network.h"
#include "recur/vocab.h"
#include "task/task.h"

static enum recur_status build(struct recur_network *network, const recur_model_config *config,
                               recur_error *error)
{
    network->apart = true;
    return recur_network_add_stack(network, config, config->vocabulary, error);
}

/* The targets are the inputs themselves; some inputs become blanks, as context for the other
 * tokens. */
static void mask(const recur_trainer_config *config, uint64_t update, size_t count, int32_t *x,
                 int32_t *y)
{
    struct recur_rng rng;
    recur_rng_seed(&rng, config->seed, RECUR_PURPOSE_BLANKS + update);
    memcpy(y, x, count * sizeof *y);
    for (size_t i = 0; i < count; i++)
        if (recur_rng_uniform(&rng) < (double)config->blanks)
            x[i] = RECUR_UNKNOWN;
}

const struct recur_task_kind recur_task_fill = {
    .refuses = {.numbers = "fills in no tokens",
                .session = "a model that fills blanks does not continue a text; recur fill puts it "
                           "to use, and a language model (lm) continues texts",
                .format = "the model fills blanks: its output layer reads the states before each "
                          "token, which"},
    .build = build,
    .perplexity = true,
    .mask = mask,
};
