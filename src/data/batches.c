#include "recur/batches.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/config.h"
#include "base/memory.h"
#include "base/names.h"
#include "base/rng.h"
#include "data/scatter.h"

/* Up to so many subsequences are shuffled in a list (128 MiB); more are scattered. */
#define LISTED ((size_t)1 << 24)

RECUR_NAMED_ENUM(sampling, "kind of sampling", "sequential", "random")

struct recur_batches {
    const recur_corpus *corpus;
    recur_batches_config config;
    size_t next, count; /* minibatches of the epoch: made so far, in all */
    size_t offset;      /* where in the corpus the epoch begins */
    size_t stream;      /* sequential: how many tokens one stream has */
    size_t *order;      /* random: the numbers of the subsequences, shuffled; or: */
    struct recur_scatter scatter;
    int32_t *row; /* (T + 1): one sequence and its last target */
};

RECUR_CONFIG(batches, count, .batch = 32, .steps = 35, .seed = 1)

static enum recur_status check(const recur_corpus *corpus, recur_batches_config *config,
                               recur_error *error)
{
    if (!config->batch || !config->steps)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a minibatch needs at least 1 sequence and 1 step, got %zu x %zu",
                          config->batch, config->steps);
    RECUR_TRY(recur_sampling_check(config->sampling, error));
    size_t size = recur_corpus_size(corpus);
    if (config->first > size || config->count > size - config->first)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "%zu token%s from token %zu on %s not in a text of %zu", config->count,
                          recur_plural(config->count), config->first,
                          config->count == 1 ? "is" : "are", size);
    if (!config->count)
        config->count = size - config->first;
    size_t need = recur_size_add(recur_size_mul(config->batch, config->steps), 1);
    if (config->count < need)
        return recur_fail(
            error, RECUR_ERROR_DATA,
            "the text has %zu token%s, but one minibatch of %zu sequence%s x %zu step%s "
            "needs %zu%s",
            config->count, recur_plural(config->count), config->batch, recur_plural(config->batch),
            config->steps, recur_plural(config->steps), need,
            need > 2 && config->count > 1
                ? "; it takes a longer text, a smaller batch or fewer steps"
                : "");
    return RECUR_OK;
}

enum recur_status recur_batches_create(const recur_corpus *corpus,
                                       const recur_batches_config *config, recur_batches **batches,
                                       recur_error *error)
{
    recur_batches_config checked = recur_batches_config_default();
    RECUR_TRY(recur_config_take(&checked, config, "recur_batches_config", error));
    RECUR_TRY(check(corpus, &checked, error));
    recur_batches *made = NULL;
    enum recur_status status;
    RECUR_TRY_GOTO(recur_alloc(1, sizeof *made, "minibatches", &made, error), failed);
    made->corpus = corpus;
    made->config = checked;
    RECUR_TRY_GOTO(
        recur_alloc(checked.steps + 1, sizeof *made->row, "a sequence", &made->row, error), failed);
    size_t subsequences = (checked.count - 1) / checked.steps;
    if (checked.sampling == RECUR_SAMPLING_RANDOM && subsequences <= LISTED)
        RECUR_TRY_GOTO(recur_alloc(subsequences, sizeof *made->order,
                                   "the order of the subsequences", &made->order, error),
                       failed);
    *batches = made;
    return RECUR_OK;
failed:
    recur_batches_free(made);
    return status;
}

void recur_batches_free(recur_batches *batches)
{
    if (!batches)
        return;
    free(batches->order);
    free(batches->row);
    free(batches);
}

/* Draws the order of the epoch's subsequences. */
static void draw_order(recur_batches *batches, size_t subsequences, struct recur_rng *rng)
{
    if (!batches->order) {
        recur_scatter_begin(&batches->scatter, subsequences, rng);
        return;
    }
    for (size_t i = 0; i < subsequences; i++)
        batches->order[i] = i;
    recur_rng_shuffle(rng, batches->order, subsequences);
}

size_t recur_batches_start(recur_batches *batches, uint64_t epoch)
{
    const recur_batches_config *config = &batches->config;
    struct recur_rng rng;
    recur_rng_seed(&rng, config->seed, RECUR_PURPOSE_BATCHES + epoch);

    bool random = config->sampling == RECUR_SAMPLING_RANDOM;
    size_t spare = config->count - 1 - config->batch * config->steps;
    size_t most = random ? config->steps - 1 : config->steps;
    size_t offset = recur_rng_below(&rng, (most < spare ? most : spare) + 1);
    size_t inputs = config->count - 1 - offset;
    if (random) {
        size_t subsequences = inputs / config->steps;
        draw_order(batches, subsequences, &rng);
        batches->count = subsequences / config->batch;
    } else {
        batches->stream = inputs / config->batch;
        batches->count = batches->stream / config->steps;
    }
    batches->offset = config->first + offset;
    batches->next = 0;
    return batches->count;
}

/* Where in the epoch's part of the corpus sequence b of the next minibatch begins. */
static size_t place_of(const recur_batches *batches, size_t b)
{
    size_t place = batches->next * batches->config.batch + b, T = batches->config.steps;
    if (batches->config.sampling == RECUR_SAMPLING_SEQUENTIAL)
        return b * batches->stream + batches->next * T;
    return T * (batches->order ? batches->order[place]
                               : (size_t)recur_scatter_at(&batches->scatter, place));
}

int recur_batches_next(recur_batches *batches, int32_t *x, int32_t *y)
{
    if (batches->next == batches->count)
        return 0;
    size_t B = batches->config.batch, T = batches->config.steps;
    for (size_t b = 0; b < B; b++) {
        recur_corpus_read(batches->corpus, batches->offset + place_of(batches, b), T + 1,
                          batches->row);
        for (size_t t = 0; t < T; t++) {
            x[t * B + b] = batches->row[t];
            y[t * B + b] = batches->row[t + 1];
        }
    }
    batches->next++;
    return 1;
}

void recur_batches_skip(recur_batches *batches, size_t count)
{
    size_t left = batches->count - batches->next;
    batches->next += count < left ? count : left;
}
