/* A source of labelled texts. */
#include <stdlib.h>

#include "base/memory.h"
#include "base/rng.h"
#include "data/source.h"
#include "recur/labels.h"

struct label_source {
    struct recur_source source;
    const recur_labels *train, *valid; /* `valid` is NULL where nothing is held out */
    recur_buckets *buckets;
    size_t tokens; /* tokens of this epoch so far */
};

static struct label_source *of(struct recur_source *source)
{
    return (struct label_source *)source;
}

static size_t start(struct recur_source *source, uint64_t epoch)
{
    of(source)->tokens = 0;
    return recur_buckets_start(of(source)->buckets, epoch);
}

/* Draws the members of the next minibatch and counts their tokens. */
static size_t draw(struct label_source *labels, const size_t **members)
{
    size_t count = recur_buckets_next(labels->buckets, members);
    for (size_t i = 0; i < count; i++)
        labels->tokens += recur_labels_length(labels->train, (*members)[i]);
    return count;
}

static enum recur_status next(struct recur_source *source, struct recur_source_minibatch *minibatch,
                              recur_error *error)
{
    (void)error;
    *minibatch = (struct recur_source_minibatch){0};
    minibatch->count = draw(of(source), &minibatch->members);
    return RECUR_OK;
}

static void skip(struct recur_source *source, size_t count)
{
    const size_t *members;
    while (count-- > 0)
        draw(of(source), &members);
}

static size_t tokens(const struct recur_source *source)
{
    return ((const struct label_source *)source)->tokens;
}

struct recur_identity recur_labels_identity(const recur_labels *train, const recur_labels *valid)
{
    struct recur_identity identity = {recur_labels_tokens(train),
                                      recur_mix64(recur_labels_fingerprint(train))};
    if (valid) {
        identity.tokens += recur_labels_tokens(valid);
        identity.fingerprint ^= recur_labels_fingerprint(valid);
    }
    return identity;
}

static struct recur_identity identity(const struct recur_source *source)
{
    const struct label_source *labels = (const struct label_source *)source;
    return recur_labels_identity(labels->train, labels->valid);
}

static void release(struct recur_source *source)
{
    struct label_source *labels = of(source);
    recur_buckets_free(labels->buckets);
    free(labels);
}

const struct recur_source_kind recur_label_source_kind = {
    .data = "labelled texts are not those",
    .has = "they have",
    .others = ", or other labels",
    .start = start,
    .next = next,
    .skip = skip,
    .tokens = tokens,
    .identity = identity,
    .release = release,
};

static enum recur_status create_buckets(struct label_source *labels,
                                        const recur_buckets_config *config, recur_error *error)
{
    size_t count = recur_labels_count(labels->train), *lengths;
    RECUR_TRY(recur_alloc(count, sizeof *lengths, "the lengths", &lengths, error));
    for (size_t i = 0; i < count; i++)
        lengths[i] = recur_labels_length(labels->train, i);
    enum recur_status status =
        recur_buckets_create(lengths, count, config, &labels->buckets, error);
    free(lengths);
    return status;
}

enum recur_status recur_source_of_labels(const recur_labels *train, const recur_labels *valid,
                                         const recur_buckets_config *config,
                                         struct recur_source **source, recur_error *error)
{
    struct label_source *made;
    RECUR_TRY(recur_alloc(1, sizeof *made, "a source of minibatches", &made, error));
    size_t count = recur_labels_count(train), held_out = valid ? recur_labels_tokens(valid) : 0;
    made->train = train;
    made->valid = valid;
    made->source = (struct recur_source){
        .kind = &recur_label_source_kind,
        .batch = config->batch < count ? config->batch : count,
        .most = count, /* because a minibatch has at least one sequence */
        .usual = (count + config->batch - 1) / config->batch,
        .train_tokens = recur_labels_tokens(train),
        /* Texts without tokens have labels too, so at least one token is reported. */
        .held_out = {.labels = valid, .tokens = valid && !held_out ? 1 : held_out},
    };
    enum recur_status status = create_buckets(made, config, error);
    if (status != RECUR_OK) {
        release(&made->source);
        return status;
    }
    made->source.steps = recur_buckets_longest(made->buckets);
    made->source.rows = recur_buckets_most_tokens(made->buckets);
    *source = &made->source;
    return RECUR_OK;
}
