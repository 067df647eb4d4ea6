/* Evaluation. A language model's N predictions run in S streams of `length` steps each:
 *
 *     stream 0   [counted .................]
 *     stream 1              [warm-up|counted .......]
 *     stream 2                               [warm-up|counted .......]
 *
 * Warm-up steps repeat the end of the stream before and do not count, so that every counted token
 * is predicted from at least WARM_UP tokens before it, or from all there are.
 *
 * A model that fills blanks reads windows (data/windows.h) instead, S at a time, each from a zero
 * state. */
#include "eval/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "base/memory.h"
#include "data/token_kind.h"
#include "data/windows.h"
#include "nn/model_object.h"

#define STREAMS_MAX 32
#define WARM_UP 128
#define STREAM_MIN 1024 /* this many predictions are worth a stream of their own */
#define STEPS 64        /* time steps of one group */
#define WINDOWS_MAX 16  /* windows of one group */

/* Losses are summed group by group, in the order of the steps. A group is 64 steps of all streams,
 * or 16 windows. How much of it a pass holds depends on the model's size, so the sum does not
 * depend on the pass. */
struct evaluation {
    const recur_corpus *corpus;
    size_t first, predictions; /* the part of the corpus that is evaluated */
    size_t streams, length;    /* streams and their length, or the windows of one group */
    struct recur_windows windows;
    const struct recur_backend *backend;
    struct recur_engine *engine;
    size_t batch, steps;    /* most sequences and steps of one pass */
    int32_t *ids, *targets; /* (steps, sequences) of one pass */
    int32_t pair[2];
    float *losses; /* (steps, streams) of one group */
    double loss;   /* sum over all predictions */
    size_t hits;
};

/* Fills in the inputs and targets of steps [from, from + steps) of every stream. */
static void fill_in(struct evaluation *e, size_t from, size_t steps)
{
    size_t stride = e->streams > 1 ? e->length - WARM_UP : e->length;
    for (size_t s = 0; s < e->streams; s++)
        for (size_t t = 0; t < steps; t++) {
            size_t at = s * stride + from + t, row = t * e->streams + s;
            bool exists = at < e->predictions;
            bool warm_up = s > 0 && from + t < WARM_UP;
            if (exists)
                recur_corpus_read(e->corpus, e->first + at, 2, e->pair);
            e->ids[row] = exists ? e->pair[0] : RECUR_UNKNOWN;
            e->targets[row] = exists && !warm_up ? e->pair[1] : -1;
        }
}

/* The same for `count` windows, from number `first` on. */
static void fill_in_windows(struct evaluation *e, size_t first, size_t count)
{
    for (size_t s = 0; s < count; s++) {
        size_t begin = recur_window_first(&e->windows, first + s);
        for (size_t t = 0; t < e->windows.steps; t++) {
            int32_t *id = &e->ids[t * count + s];
            recur_corpus_read(e->corpus, e->first + begin + t, 1, id);
            bool own = recur_window_of(begin + t) == first + s;
            e->targets[t * count + s] = own ? *id : -1;
        }
    }
}

/* Runs a pass, whose first row is row `at` of the group. */
static enum recur_status predict(struct evaluation *e, size_t sequences, size_t steps, size_t at,
                                 bool carries, recur_error *error)
{
    size_t hits;
    const struct recur_minibatch batch = {
        .input = {.batch = sequences, .steps = steps, .ids = e->ids, .targets = e->targets},
        .carries = carries};
    RECUR_TRY(e->backend->score(e->engine, &batch, e->losses + at, e->streams, &hits, error));
    e->hits += hits;
    return RECUR_OK;
}

/* Adds the losses of a group of `steps` steps to the sum. */
static void add_losses(struct evaluation *e, size_t steps)
{
    double sum = 0;
    for (size_t i = 0; i < steps * e->streams; i++)
        sum += (double)e->losses[i];
    e->loss += sum;
}

static enum recur_status run_streams(struct evaluation *e, recur_error *error)
{
    for (size_t from = 0; from < e->length; from += STEPS) {
        size_t steps = e->length - from < STEPS ? e->length - from : STEPS;
        for (size_t done = 0, n; done < steps; done += n) {
            n = steps - done < e->steps ? steps - done : e->steps;
            fill_in(e, from + done, n);
            RECUR_TRY(predict(e, e->streams, n, done * e->streams, from + done > 0, error));
        }
        add_losses(e, steps);
    }
    return RECUR_OK;
}

static enum recur_status run_windows(struct evaluation *e, recur_error *error)
{
    for (size_t first = 0; first < e->windows.count; first += e->streams) {
        size_t count =
            e->windows.count - first < e->streams ? e->windows.count - first : e->streams;
        memset(e->losses, 0, e->windows.steps * e->streams * sizeof *e->losses);
        for (size_t done = 0, n; done < count; done += n) {
            n = count - done < e->batch ? count - done : e->batch;
            fill_in_windows(e, first + done, n);
            RECUR_TRY(predict(e, n, e->windows.steps, done, false, error));
        }
        add_losses(e, e->windows.steps);
    }
    return RECUR_OK;
}

/* Plans the streams and their length, or the windows; then how much of a group of `*group` steps a
 * pass holds. */
static void plan_work(struct evaluation *e, const recur_model *model, size_t *group)
{
    size_t rows = e->backend->rows(model);
    if (!model->network.task->next) {
        e->windows = recur_windows_over(e->predictions);
        e->streams = e->windows.count < WINDOWS_MAX ? e->windows.count : WINDOWS_MAX;
        e->batch = recur_windows_together(&e->windows, rows, WINDOWS_MAX);
        e->steps = *group = e->windows.steps;
        return;
    }
    size_t streams = e->predictions / STREAM_MIN;
    e->streams = streams < 1 ? 1 : streams > STREAMS_MAX ? STREAMS_MAX : streams;
    e->length = (e->predictions + (e->streams - 1) * WARM_UP + e->streams - 1) / e->streams;
    *group = e->length < STEPS ? e->length : STEPS;
    e->batch = e->streams;
    e->steps = rows / e->streams < *group ? rows / e->streams : *group;
    e->steps = e->steps ? e->steps : 1;
}

static enum recur_status plan(struct evaluation *e, const recur_model *model,
                              struct recur_team *team, recur_error *error)
{
    size_t group;
    e->backend = model->backend;
    plan_work(e, model, &group);
    size_t rows = e->batch * e->steps;
    RECUR_TRY(recur_alloc(rows, sizeof *e->ids, "evaluation", &e->ids, error));
    RECUR_TRY(recur_alloc(rows, sizeof *e->targets, "evaluation", &e->targets, error));
    RECUR_TRY(recur_alloc(group * e->streams, sizeof *e->losses, "evaluation", &e->losses, error));
    const struct recur_engine_plan engine = {.use = RECUR_ENGINE_READING,
                                             .model = model,
                                             .network = &model->network,
                                             .team = team,
                                             .quantized = true,
                                             .batch = e->batch,
                                             .steps = e->steps,
                                             .carries = !e->windows.count,
                                             .scores = true};
    return e->backend->create_engine(&engine, &e->engine, error);
}

static void release(struct evaluation *e)
{
    e->backend->free_engine(e->engine);
    free(e->ids);
    free(e->targets);
    free(e->losses);
}

/* The mean number of characters in a token; 1 where tokens are characters or nothing is known. */
static double characters_per_token(const recur_model *model, const recur_corpus *corpus)
{
    const recur_text_stats *stats = recur_corpus_stats(corpus);
    if (!model->vocab ||
        recur_token_kind_of(recur_vocab_text(model->vocab)->tokens)->one_character ||
        !stats->tokens)
        return 1;
    return (double)stats->characters / (double)stats->tokens;
}

enum recur_status recur_check_predicts(const recur_model *model, recur_error *error)
{
    RECUR_TRY(recur_model_check_tokens(model, error));
    if (model->config.bidirectional && model->network.task->next)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "a bidirectional language model sees the tokens it is to predict");
    return RECUR_OK;
}

enum recur_status recur_evaluate_on(struct recur_team *team, const recur_model *model,
                                    const recur_corpus *corpus, size_t first, size_t count,
                                    recur_evaluation *evaluation, recur_error *error)
{
    size_t size = recur_corpus_size(corpus);
    RECUR_TRY(recur_check_predicts(model, error));
    RECUR_TRY(recur_model_check_vocabulary(model, recur_corpus_vocabulary_size(corpus), error));
    if (first > size || count > size - first)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "tokens %zu to %zu are outside the text of %zu", first,
                          recur_size_add(first, count), size);
    if (!count)
        count = size - first;
    if (count < 2)
        return recur_fail(error, RECUR_ERROR_DATA,
                          "the text has %zu token%s, but evaluation needs at least 2", count,
                          recur_plural(count));
    struct evaluation e = {.corpus = corpus, .first = first};
    e.predictions = model->network.task->next ? count - 1 : count;
    enum recur_status status = plan(&e, model, team, error);
    if (status == RECUR_OK)
        status = e.windows.count ? run_windows(&e, error) : run_streams(&e, error);
    if (status == RECUR_OK && !isfinite(e.loss))
        status = recur_fail_overflow("the loss", error);
    if (status == RECUR_OK) {
        double loss = e.loss / (double)e.predictions;
        *evaluation = (recur_evaluation){
            .tokens = e.predictions,
            .loss = loss,
            .perplexity = exp(loss),
            .bits_per_character = loss / log(2) / characters_per_token(model, corpus),
            .accuracy = (double)e.hits / (double)e.predictions,
        };
    }
    release(&e);
    return status;
}

enum recur_status recur_evaluate(const recur_model *model, const recur_corpus *corpus, size_t first,
                                 size_t count, size_t threads, recur_evaluation *evaluation,
                                 recur_error *error)
{
    struct recur_team *team;
    RECUR_TRY(recur_team_create(threads, &team, error));
    enum recur_status status =
        recur_evaluate_on(team, model, corpus, first, count, evaluation, error);
    recur_team_free(team);
    return status;
}
