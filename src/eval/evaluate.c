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
 * state. Several ranks share the streams, or the windows of a group, and tell each other the
 * losses, so that all add the same numbers in the same order. */
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
    const recur_model *model;
    const recur_corpus *corpus;
    size_t first, predictions; /* the part of the corpus that is evaluated */
    size_t streams, length;    /* streams and their length, or the windows of one group */
    struct recur_windows windows;
    const recur_model *const *models; /* which predict together; the first one is `model` */
    size_t count;
    struct recur_engine **engine;        /* (count) */
    size_t batch, steps;                 /* most sequences and steps of one pass */
    struct recur_collective *collective; /* NULL: there is one rank */
    size_t rank, ranks;
    enum recur_status status; /* of this rank's part: where it fails it still tells losses, for
                                 which the others wait, and in the end that it has failed */
    recur_error failure;
    float *told;            /* losses of all ranks, those of each together: (steps, its streams) */
    size_t *at;             /* (ranks + 1): where those of a rank begin, in bytes */
    int32_t *ids, *targets; /* (steps, sequences) of one pass */
    int32_t pair[2];
    float *losses;  /* (steps, streams) of one group */
    float *another; /* the same of one model of several; NULL: there is one */
    double loss;    /* sum over all predictions */
    size_t hits;
};

/* The first of `count` streams or windows that a rank has. */
static size_t share(const struct evaluation *e, size_t count, size_t rank)
{
    return recur_pairwise_cut(count, rank, e->ranks);
}

/* Fills in the inputs and targets of steps [from, from + steps) of this rank's streams. */
static void fill_in(struct evaluation *e, size_t from, size_t steps)
{
    size_t stride = e->streams > 1 ? e->length - WARM_UP : e->length;
    size_t first = share(e, e->streams, e->rank), own = share(e, e->streams, e->rank + 1) - first;
    for (size_t s = first; s < first + own; s++)
        for (size_t t = 0; t < steps; t++) {
            size_t at = s * stride + from + t, row = t * own + s - first;
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

/* The probability that several models give a token is the mean of theirs. `losses` has the sum of
 * those of the models up to `m`, in the end the loss. */
static void join(struct evaluation *e, size_t m, size_t sequences, size_t steps, size_t at)
{
    for (size_t t = 0; t < steps; t++)
        for (size_t s = 0; s < sequences; s++) {
            size_t i = at + t * e->streams + s;
            double p = exp(-(double)e->another[i]) + (m ? (double)e->losses[i] : 0);
            e->losses[i] = (float)(m + 1 < e->count ? p : -log(p / (double)e->count));
        }
}

/* Runs a pass, whose first row is row `at` of the group. */
static void predict(struct evaluation *e, size_t sequences, size_t steps, size_t at, bool carries)
{
    size_t hits;
    float *losses = e->another ? e->another : e->losses;
    const struct recur_minibatch batch = {
        .input = {.batch = sequences, .steps = steps, .ids = e->ids, .targets = e->targets},
        .carries = carries};
    for (size_t m = 0; m < e->count && sequences && e->status == RECUR_OK; m++) {
        e->status = e->engine[m]->backend->score(e->engine[m], &batch, losses + at, e->streams,
                                                 &hits, &e->failure);
        if (e->status != RECUR_OK)
            return;
        if (e->another)
            join(e, m, sequences, steps, at);
        e->hits += hits;
    }
}

/* Copies the losses of a rank's share of `count` streams from where they were told, or to there. */
static void copy_losses(struct evaluation *e, size_t steps, size_t count, size_t rank, bool back)
{
    size_t first = share(e, count, rank), own = share(e, count, rank + 1) - first;
    float *told = e->told + e->at[rank] / sizeof *told;
    for (size_t t = 0; t < steps; t++, told += own) {
        float *losses = e->losses + t * e->streams + first;
        memcpy(back ? losses : told, back ? told : losses, own * sizeof *told);
    }
}

/* Tells all ranks the losses of a group of `steps` steps of `count` streams. */
static enum recur_status tell_ranks(struct evaluation *e, size_t steps, size_t count,
                                    recur_error *error)
{
    if (e->ranks == 1)
        return e->status;
    for (size_t r = 0; r <= e->ranks; r++)
        e->at[r] = share(e, count, r) * steps * sizeof *e->told;
    copy_losses(e, steps, count, e->rank, false);
    RECUR_TRY(recur_collective_parts(e->collective, e->told, e->at, error));
    for (size_t r = 0; r < e->ranks; r++)
        copy_losses(e, steps, count, r, true);
    return RECUR_OK;
}

/* The sum of the hits of all ranks. */
static enum recur_status sum_hits(struct evaluation *e, recur_error *error)
{
    size_t own = e->hits;
    if (e->ranks == 1)
        return RECUR_OK;
    RECUR_TRY(recur_collective_all(e->collective, &own, sizeof own, e->at, error));
    e->hits = 0;
    for (size_t r = 0; r < e->ranks; r++)
        e->hits += e->at[r];
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

/* Tells how many predictions are made. Warm-up steps count as well, so there may seem to be more.
 */
static void tell(const struct evaluation *e, size_t done)
{
    recur_model_tell(e->model, done < e->predictions ? done : e->predictions, e->predictions);
}

static enum recur_status run_streams(struct evaluation *e, recur_error *error)
{
    size_t first = share(e, e->streams, e->rank), own = share(e, e->streams, e->rank + 1) - first;
    for (size_t from = 0; from < e->length; from += STEPS) {
        size_t steps = e->length - from < STEPS ? e->length - from : STEPS;
        for (size_t done = 0, n; done < steps; done += n) {
            n = steps - done < e->steps ? steps - done : e->steps;
            fill_in(e, from + done, n);
            predict(e, own, n, done * e->streams + first, from + done > 0);
        }
        RECUR_TRY(tell_ranks(e, steps, e->streams, error));
        add_losses(e, steps);
        tell(e, (from + steps) * e->streams);
    }
    return RECUR_OK;
}

static enum recur_status run_windows(struct evaluation *e, recur_error *error)
{
    for (size_t first = 0; first < e->windows.count; first += e->streams) {
        size_t count =
            e->windows.count - first < e->streams ? e->windows.count - first : e->streams;
        memset(e->losses, 0, e->windows.steps * e->streams * sizeof *e->losses);
        size_t end = share(e, count, e->rank + 1);
        for (size_t done = share(e, count, e->rank), n; done < end; done += n) {
            n = end - done < e->batch ? end - done : e->batch;
            fill_in_windows(e, first + done, n);
            predict(e, n, e->windows.steps, done, false);
        }
        RECUR_TRY(tell_ranks(e, e->windows.steps, count, error));
        add_losses(e, e->windows.steps);
        tell(e, (first + count) * RECUR_WINDOW_OWN);
    }
    return RECUR_OK;
}

/* Plans the streams and their length, or the windows; then how much of a group of `*group` steps a
 * pass holds. */
static void plan_work(struct evaluation *e, const recur_model *model, size_t *group)
{
    size_t rows = SIZE_MAX;
    for (size_t m = 0; m < e->count; m++) {
        size_t own = e->models[m]->place.backend->rows(e->models[m]);
        rows = own < rows ? own : rows;
    }
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
    e->batch = share(e, e->streams, e->rank + 1) - share(e, e->streams, e->rank);
    e->batch = e->batch ? e->batch : 1;
    e->steps = rows / e->streams < *group ? rows / e->streams : *group;
    e->steps = e->steps ? e->steps : 1;
}

static enum recur_status plan(struct evaluation *e, const recur_model *model,
                              struct recur_team *team, recur_error *error)
{
    size_t group;
    plan_work(e, model, &group);
    size_t rows = e->batch * e->steps;
    RECUR_TRY(recur_alloc(rows, sizeof *e->ids, "evaluation", &e->ids, error));
    RECUR_TRY(recur_alloc(rows, sizeof *e->targets, "evaluation", &e->targets, error));
    RECUR_TRY(recur_alloc(group * e->streams, sizeof *e->losses, "evaluation", &e->losses, error));
    if (e->ranks > 1) {
        RECUR_TRY(recur_alloc(group * e->streams, sizeof *e->told, "evaluation", &e->told, error));
        RECUR_TRY(recur_alloc(e->ranks + 1, sizeof *e->at, "evaluation", &e->at, error));
    }
    if (e->count > 1)
        RECUR_TRY(
            recur_alloc(group * e->streams, sizeof *e->another, "evaluation", &e->another, error));
    RECUR_TRY(recur_alloc(e->count, sizeof *e->engine, "evaluation", &e->engine, error));
    for (size_t m = 0; m < e->count; m++) {
        const struct recur_engine_plan engine = {.use = RECUR_ENGINE_READING,
                                                 .model = e->models[m],
                                                 .network = &e->models[m]->network,
                                                 .team = team,
                                                 .quantized = true,
                                                 .batch = e->batch,
                                                 .steps = e->steps,
                                                 .carries = !e->windows.count,
                                                 .scores = true};
        RECUR_TRY(e->models[m]->place.backend->create_engine(&engine, &e->engine[m], error));
    }
    return RECUR_OK;
}

static void release(struct evaluation *e)
{
    for (size_t m = 0; e->engine && m < e->count; m++)
        if (e->engine[m])
            e->engine[m]->backend->free_engine(e->engine[m]);
    free(e->engine);
    free(e->another);
    free(e->ids);
    free(e->targets);
    free(e->losses);
    free(e->told);
    free(e->at);
}

/* The mean number of characters in a token; 1 where tokens are characters or nothing is known. */
static double characters_per_token(const recur_model *model, const recur_corpus *corpus)
{
    const recur_text_stats *stats = recur_corpus_stats(corpus);
    if (!model->vocab || recur_token_kind_of(recur_vocab_text(model->vocab))->one_character ||
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

enum recur_status recur_check_part(const recur_model *model, const recur_corpus *corpus,
                                   size_t first, size_t *count, recur_error *error)
{
    size_t size = recur_corpus_size(corpus);
    RECUR_TRY(recur_check_predicts(model, error));
    RECUR_TRY(recur_model_check_vocabulary(model, recur_corpus_vocabulary_size(corpus), error));
    if (first > size || *count > size - first)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "tokens %zu to %zu are outside the text of %zu", first,
                          recur_size_add(first, *count), size);
    if (!*count)
        *count = size - first;
    if (*count < 2)
        return recur_fail(error, RECUR_ERROR_DATA,
                          "the text has %zu token%s, but evaluation needs at least 2", *count,
                          recur_plural(*count));
    return RECUR_OK;
}

recur_evaluation recur_evaluation_of(const recur_model *model, const recur_corpus *corpus,
                                     size_t predictions, double sum, double accuracy)
{
    double loss = sum / (double)predictions;
    return (recur_evaluation){
        .tokens = predictions,
        .loss = loss,
        .perplexity = exp(loss),
        .bits_per_character = loss / log(2) / characters_per_token(model, corpus),
        .accuracy = accuracy,
    };
}

/* Adds the losses of all predictions. Where a rank fails all do. */
static enum recur_status run(struct evaluation *e, struct recur_team *team, recur_error *error)
{
    e->status = plan(e, e->model, team, &e->failure);
    RECUR_TRY(recur_collective_fail_together(e->collective, e->status, &e->failure, error));
    enum recur_status told = e->windows.count ? run_windows(e, error) : run_streams(e, error);
    if (e->status == RECUR_OK)
        RECUR_TRY(told);
    RECUR_TRY(recur_collective_fail_together(e->collective, e->status, &e->failure, error));
    return sum_hits(e, error);
}

static enum recur_status evaluate(struct recur_team *team, const recur_model *const *models,
                                  size_t model_count, const recur_corpus *corpus, size_t first,
                                  size_t count, struct recur_collective *collective,
                                  recur_evaluation *evaluation, recur_error *error)
{
    const recur_model *model = models[0];
    for (size_t m = 0; m < model_count; m++)
        RECUR_TRY(recur_check_part(models[m], corpus, first, &count, error));
    struct evaluation e = {.model = model,
                           .models = models,
                           .count = model_count,
                           .corpus = corpus,
                           .first = first,
                           .collective = collective,
                           .rank = collective ? collective->ranks->rank : 0,
                           .ranks = collective ? collective->ranks->count : 1};
    e.predictions = model->network.task->next ? count - 1 : count;
    enum recur_status status = run(&e, team, error);
    if (status == RECUR_OK && !isfinite(e.loss))
        status = recur_fail_overflow("the loss", error);
    if (status == RECUR_OK)
        *evaluation = recur_evaluation_of(model, corpus, e.predictions, e.loss,
                                          model_count > 1 ? (double)NAN
                                                          : (double)e.hits / (double)e.predictions);
    release(&e);
    return status;
}

enum recur_status recur_evaluate_on(struct recur_team *team, const recur_model *model,
                                    const recur_corpus *corpus, size_t first, size_t count,
                                    struct recur_collective *collective,
                                    recur_evaluation *evaluation, recur_error *error)
{
    return evaluate(team, &model, 1, corpus, first, count, collective, evaluation, error);
}

enum recur_status recur_evaluate(const recur_model *model, const recur_corpus *corpus, size_t first,
                                 size_t count, size_t threads, recur_evaluation *evaluation,
                                 recur_error *error)
{
    struct recur_team *team;
    RECUR_TRY(recur_team_create(threads, &team, error));
    enum recur_status status =
        recur_evaluate_on(team, model, corpus, first, count, NULL, evaluation, error);
    recur_team_free(team);
    return status;
}

enum recur_status recur_evaluate_ensemble(const recur_model *const *models, size_t model_count,
                                          const recur_corpus *corpus, size_t first, size_t count,
                                          size_t threads, recur_evaluation *evaluation,
                                          recur_error *error)
{
    struct recur_team *team;
    RECUR_TRY(recur_model_check_together(models, model_count, error));
    for (size_t m = 1; m < model_count; m++)
        if (!models[m]->network.task->next != !models[0]->network.task->next)
            return recur_fail(error, RECUR_ERROR_ARGUMENT,
                              "model %zu is of another task than the first", m + 1);
    RECUR_TRY(recur_team_create(threads, &team, error));
    enum recur_status status =
        evaluate(team, models, model_count, corpus, first, count, NULL, evaluation, error);
    recur_team_free(team);
    return status;
}
