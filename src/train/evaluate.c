/* Evaluation. A language model's N predictions run in S streams of `length` steps each:
 *
 *     stream 0   [counted .................]
 *     stream 1              [warm-up|counted .......]
 *     stream 2                               [warm-up|counted .......]
 *
 * Warm-up steps repeat the end of the stream before and do not count, so that every counted token
 * is predicted from at least WARM_UP tokens before it, or from all there are.
 *
 * A model that fills in reads windows (nn/windows.h) instead, S at a time, each from a zero state.
 */
#include "train/evaluate.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "nn/model_object.h"
#include "nn/pass.h"
#include "nn/windows.h"

#define STREAMS_MAX 32
#define WARM_UP 128
#define STREAM_MIN 1024 /* predictions that are worth a stream of their own */
#define STEPS 64        /* of one pass */
#define WINDOWS_MAX 16  /* of one pass */

struct evaluation {
    const recur_corpus *corpus;
    size_t first, predictions; /* of the corpus */
    size_t streams, length;
    struct recur_windows windows;
    struct recur_workspace work;
    struct recur_pass pass;
    int32_t *ids, *targets; /* (steps, streams) */
    int32_t pair[2];
    double loss; /* sums over all predictions */
    size_t hits;
};

/* Inputs and targets of the steps [from, from + steps) of every stream. */
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

/* The same for the windows from number `first` on, one in each stream. */
static void fill_in_windows(struct evaluation *e, size_t first)
{
    for (size_t s = 0; s < e->streams; s++) {
        bool exists = first + s < e->windows.count;
        size_t window = exists ? first + s : first;
        size_t begin = recur_window_first(&e->windows, window);
        for (size_t t = 0; t < e->windows.steps; t++) {
            int32_t *id = &e->ids[t * e->streams + s];
            recur_corpus_read(e->corpus, e->first + begin + t, 1, id);
            bool own = exists && recur_window_of(begin + t) == window;
            e->targets[t * e->streams + s] = own ? *id : -1;
        }
    }
}

/* Whether no other token was more probable. The pass left probabilities in the logits, less 1 at
 * the target. */
static bool hit(const struct evaluation *e, size_t row)
{
    const real *x = e->work.logits + row * RECUR_LANES;
    size_t stride = e->work.logit_stride, target = (size_t)e->targets[row];
    real best = 1 + x[target / RECUR_LANES * stride + target % RECUR_LANES];
    for (size_t p = 0; p < recur_panels(e->pass.network->vocabulary); p++)
        for (size_t i = 0; i < RECUR_LANES; i++)
            if (x[p * stride + i] > best)
                return false;
    return true;
}

static void predict(struct evaluation *e, struct recur_team *team, size_t steps)
{
    e->pass.steps = steps;
    recur_pass_run_forward(&e->pass, team);
    e->loss += recur_pass_loss_sum(&e->pass);
    for (size_t row = 0; row < steps * e->streams; row++)
        e->hits += e->targets[row] >= 0 && hit(e, row);
}

static void run(struct evaluation *e, struct recur_team *team)
{
    recur_pass_run_prepare(&e->pass, team, false);
    for (size_t from = 0; from < e->length; from += STEPS) {
        size_t steps = e->length - from < STEPS ? e->length - from : STEPS;
        fill_in(e, from, steps);
        predict(e, team, steps);
        e->pass.carried_steps = steps;
    }
    for (size_t window = 0; window < e->windows.count; window += e->streams) {
        fill_in_windows(e, window);
        predict(e, team, e->windows.steps);
    }
}

static enum recur_status plan(struct evaluation *e, const recur_model *model, size_t threads,
                              recur_error *error)
{
    size_t steps = STEPS;
    if (model->config.task == RECUR_TASK_FILL) {
        e->windows = recur_windows_over(e->predictions);
        e->streams = e->windows.count < WINDOWS_MAX ? e->windows.count : WINDOWS_MAX;
        steps = e->windows.steps;
    } else {
        size_t streams = e->predictions / STREAM_MIN;
        e->streams = streams < 1 ? 1 : streams > STREAMS_MAX ? STREAMS_MAX : streams;
        e->length = (e->predictions + (e->streams - 1) * WARM_UP + e->streams - 1) / e->streams;
    }
    size_t rows = steps * e->streams;
    RECUR_TRY(recur_alloc(rows, sizeof *e->ids, "evaluation", &e->ids, error));
    RECUR_TRY(recur_alloc(rows, sizeof *e->targets, "evaluation", &e->targets, error));
    RECUR_TRY(
        recur_workspace_init(&e->work, &model->network, e->streams, steps, false, threads, error));
    RECUR_TRY(recur_model_narrow(model, &e->work, threads, error));
    e->pass.network = &model->network;
    e->pass.kernels = model->kernels;
    e->pass.work = &e->work;
    e->pass.parameters = model->parameters;
    e->pass.ids = e->ids;
    e->pass.targets = e->targets;
    e->pass.loss_scale = 1;
    return RECUR_OK;
}

/* Characters for every token, 1 where the tokens are characters or nothing is known. */
static double characters_per_token(const recur_model *model, const recur_corpus *corpus)
{
    const recur_text_stats *stats = recur_corpus_stats(corpus);
    if (!model->vocab || recur_vocab_text(model->vocab)->tokens == RECUR_TOKENS_CHAR ||
        !stats->tokens)
        return 1;
    return (double)stats->characters / (double)stats->tokens;
}

enum recur_status recur_check_predicts(const recur_model *model, recur_error *error)
{
    RECUR_TRY(recur_model_check_tokens(model, error));
    if (model->config.bidirectional && model->config.task == RECUR_TASK_LM)
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
    if (recur_corpus_vocabulary_size(corpus) > model->config.vocabulary)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the text has a vocabulary of %zu, the model one of %zu",
                          recur_corpus_vocabulary_size(corpus), model->config.vocabulary);
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
    e.predictions = model->config.task == RECUR_TASK_LM ? count - 1 : count;
    enum recur_status status = plan(&e, model, recur_team_threads(team), error);
    if (status == RECUR_OK) {
        run(&e, team);
        status = isfinite(e.loss) ? RECUR_OK : recur_fail_overflow("the loss", error);
    }
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
    recur_workspace_free(&e.work);
    free(e.ids);
    free(e.targets);
    return status;
}

enum recur_status recur_evaluate(const recur_model *model, const recur_corpus *corpus, size_t first,
                                 size_t count, size_t threads, recur_evaluation *evaluation,
                                 recur_error *error)
{
    struct recur_team *team;
    RECUR_TRY(recur_team_create(threads ? threads : recur_team_processors(), &team, error));
    enum recur_status status =
        recur_evaluate_on(team, model, corpus, first, count, evaluation, error);
    recur_team_free(team);
    return status;
}
