/* A source of a text. */
#include <stdlib.h>

#include "base/memory.h"
#include "data/source.h"

struct text_source {
    struct recur_source source;
    const recur_corpus *corpus;
    recur_batches *batches;
    size_t drawn;   /* minibatches of this epoch that were drawn */
    int32_t *x, *y; /* (T, B) */
};

static struct text_source *of(struct recur_source *source)
{
    return (struct text_source *)source;
}

static size_t start(struct recur_source *source, uint64_t epoch)
{
    of(source)->drawn = 0;
    return recur_batches_start(of(source)->batches, epoch);
}

static enum recur_status next(struct recur_source *source, struct recur_source_minibatch *minibatch,
                              recur_error *error)
{
    struct text_source *text = of(source);
    (void)error;
    bool more = recur_batches_next(text->batches, text->x, text->y);
    text->drawn += more;
    *minibatch = (struct recur_source_minibatch){
        .count = more ? source->batch : 0, .x = text->x, .y = text->y};
    return RECUR_OK;
}

static void skip(struct recur_source *source, size_t count)
{
    recur_batches_skip(of(source)->batches, count);
    of(source)->drawn += count;
}

static size_t tokens(const struct recur_source *source)
{
    return ((const struct text_source *)source)->drawn * source->rows;
}

struct recur_identity recur_corpus_identity(const recur_corpus *corpus)
{
    return (struct recur_identity){recur_corpus_size(corpus), recur_corpus_fingerprint(corpus)};
}

static struct recur_identity identity(const struct recur_source *source)
{
    return recur_corpus_identity(((const struct text_source *)source)->corpus);
}

static void release(struct recur_source *source)
{
    struct text_source *text = of(source);
    recur_batches_free(text->batches);
    free(text->x);
    free(text->y);
    free(text);
}

const struct recur_source_kind recur_text_source_kind = {
    .data = "text is not the one",
    .has = "it has",
    .others = "",
    .start = start,
    .next = next,
    .skip = skip,
    .tokens = tokens,
    .identity = identity,
    .release = release,
};

/* Finds where the held-out end of the text begins, and makes minibatches of the text before it. */
static enum recur_status divide(struct text_source *text, const recur_batches_config *config,
                                double validation, recur_error *error)
{
    struct recur_source *source = &text->source;
    size_t size = recur_corpus_size(text->corpus), held_out = (size_t)((double)size * validation);
    size_t train = size - held_out;
    size_t need = recur_size_add(recur_size_mul(config->batch, config->steps), 1);
    source->train_tokens = train;
    source->held_out = (struct recur_held_out){
        .corpus = text->corpus, .first = train, .count = held_out, .tokens = held_out};
    if (train < need && held_out > 0)
        return recur_fail(
            error, RECUR_ERROR_DATA,
            "the text has %zu token%s, %zu of them to train on, but one minibatch of "
            "%zu sequence%s x %zu step%s needs %zu%s",
            size, recur_plural(size), train, config->batch, recur_plural(config->batch),
            config->steps, recur_plural(config->steps), need,
            need > 2 && train > 1 ? "; it takes a longer text, a smaller batch or fewer steps"
            : size > 1            ? "; hold less of it out"
                                  : "");
    recur_batches_config batches = *config;
    batches.count = train;
    RECUR_TRY(recur_batches_create(text->corpus, &batches, &text->batches, error));
    if (validation > 0 && held_out < 2)
        return recur_fail(
            error, RECUR_ERROR_DATA,
            "%g of a text of %zu token%s is too little to hold out: at least 2 tokens "
            "are needed; 0 holds none out",
            validation, size, recur_plural(size));
    source->batch = config->batch;
    source->steps = config->steps;
    source->rows = config->batch * config->steps;
    source->most = source->usual = (train - 1) / source->rows;
    source->goes_on = config->sampling == RECUR_SAMPLING_SEQUENTIAL;
    return RECUR_OK;
}

enum recur_status recur_source_of_text(const recur_corpus *corpus,
                                       const recur_batches_config *config, double validation,
                                       struct recur_source **source, recur_error *error)
{
    struct text_source *made;
    enum recur_status status;
    RECUR_TRY(recur_alloc(1, sizeof *made, "a source of minibatches", &made, error));
    made->source.kind = &recur_text_source_kind;
    made->corpus = corpus;
    RECUR_TRY_GOTO(divide(made, config, validation, error), failed);
    RECUR_TRY_GOTO(recur_alloc(made->source.rows, sizeof *made->x, "a minibatch", &made->x, error),
                   failed);
    RECUR_TRY_GOTO(recur_alloc(made->source.rows, sizeof *made->y, "a minibatch", &made->y, error),
                   failed);
    *source = &made->source;
    return RECUR_OK;
failed:
    release(&made->source);
    return status;
}
