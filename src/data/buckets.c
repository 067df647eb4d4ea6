#include "recur/buckets.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/sort.h"

struct recur_buckets {
    recur_buckets_config config;
    size_t count, longest, most_tokens;
    size_t *length;  /* (count) */
    size_t *order;   /* (count): the sequences of the epoch, minibatch by minibatch */
    size_t *first;   /* (count + 1): where in `order` each minibatch begins, and the end */
    size_t *turn;    /* (count): the minibatches, shuffled */
    size_t *scratch; /* (count) */
    size_t next, minibatches;
};

RECUR_CONFIG(buckets, seed, .batch = 32, .window = 64, .seed = 1)

/* Longest first. */
static int compare(const void *user, size_t a, size_t b)
{
    const size_t *length = ((const recur_buckets *)user)->length;
    return (length[a] < length[b]) - (length[a] > length[b]);
}

static void number(size_t *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        items[i] = i;
}

/* The longest sequences could all meet in one minibatch. */
static void measure(recur_buckets *buckets)
{
    size_t batch = buckets->config.batch < buckets->count ? buckets->config.batch : buckets->count;
    size_t limit = buckets->config.tokens;
    number(buckets->order, buckets->count);
    recur_sort(buckets->order, buckets->count, buckets->scratch, compare, buckets);
    buckets->longest = buckets->length[buckets->order[0]];
    for (size_t i = 0; i < batch; i++)
        buckets->most_tokens =
            recur_size_add(buckets->most_tokens, buckets->length[buckets->order[i]]);
    if (limit && buckets->most_tokens > limit)
        buckets->most_tokens = buckets->longest > limit ? buckets->longest : limit;
}

enum recur_status recur_buckets_create(const size_t *lengths, size_t count,
                                       const recur_buckets_config *given, recur_buckets **out,
                                       recur_error *error)
{
    recur_buckets_config config = recur_buckets_config_default();
    RECUR_TRY(recur_config_take(&config, given, "recur_buckets_config", error));
    if (!config.batch || !config.window)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "minibatches have at least 1 sequence and windows 1 minibatch, got %zu "
                          "and %zu",
                          config.batch, config.window);
    if (!count)
        return recur_fail(error, RECUR_ERROR_DATA, "there are no sequences to make minibatches of");
    recur_buckets *buckets;
    RECUR_TRY(recur_alloc(1, sizeof *buckets, "minibatches", &buckets, error));
    buckets->config = config;
    buckets->count = count;
    size_t **array[] = {&buckets->length, &buckets->order, &buckets->first, &buckets->turn,
                        &buckets->scratch};
    enum recur_status status = RECUR_OK;
    for (size_t i = 0; i < sizeof array / sizeof *array && status == RECUR_OK; i++)
        status = recur_alloc(recur_size_add(count, 1), sizeof(size_t), "the order of the sequences",
                             array[i], error);
    if (status != RECUR_OK) {
        recur_buckets_free(buckets);
        return status;
    }
    memcpy(buckets->length, lengths, count * sizeof *lengths);
    measure(buckets);
    *out = buckets;
    return RECUR_OK;
}

void recur_buckets_free(recur_buckets *buckets)
{
    if (!buckets)
        return;
    free(buckets->length);
    free(buckets->order);
    free(buckets->first);
    free(buckets->turn);
    free(buckets->scratch);
    free(buckets);
}

size_t recur_buckets_longest(const recur_buckets *buckets)
{
    return buckets->longest;
}

size_t recur_buckets_most_tokens(const recur_buckets *buckets)
{
    return buckets->most_tokens;
}

/* Cuts the sorted sequences [begin, end) of a window into minibatches. */
static void cut(recur_buckets *buckets, size_t begin, size_t end)
{
    const recur_buckets_config *config = &buckets->config;
    size_t members = 0, tokens = 0;
    for (size_t i = begin; i < end; i++, members++) {
        size_t length = buckets->length[buckets->order[i]];
        bool full = members == config->batch ||
                    (config->tokens && members && recur_size_add(tokens, length) > config->tokens);
        if (full || i == begin) {
            buckets->first[buckets->minibatches++] = i;
            members = tokens = 0;
        }
        tokens = recur_size_add(tokens, length);
    }
}

size_t recur_buckets_start(recur_buckets *buckets, uint64_t epoch)
{
    size_t window = recur_size_mul(buckets->config.batch, buckets->config.window);
    struct recur_rng rng;
    recur_rng_seed(&rng, buckets->config.seed, RECUR_PURPOSE_BUCKETS + epoch);
    buckets->next = buckets->minibatches = 0;
    number(buckets->order, buckets->count);
    recur_rng_shuffle(&rng, buckets->order, buckets->count);
    for (size_t begin = 0, end; begin < buckets->count; begin = end) {
        end = buckets->count - begin < window ? buckets->count : begin + window;
        recur_sort(buckets->order + begin, end - begin, buckets->scratch, compare, buckets);
        cut(buckets, begin, end);
    }
    buckets->first[buckets->minibatches] = buckets->count;
    number(buckets->turn, buckets->minibatches);
    recur_rng_shuffle(&rng, buckets->turn, buckets->minibatches);
    return buckets->minibatches;
}

size_t recur_buckets_next(recur_buckets *buckets, const size_t **members)
{
    if (buckets->next == buckets->minibatches)
        return 0;
    size_t turn = buckets->turn[buckets->next++];
    *members = buckets->order + buckets->first[turn];
    return buckets->first[turn + 1] - buckets->first[turn];
}
