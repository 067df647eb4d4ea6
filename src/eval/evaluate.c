/* Evaluation. A language model's N predictions run in S streams of `length` steps each:
 *
 *     stream 0   [counted .................]
 *     stream 1              [warm-up|counted .......]
 *     stream 2                               [warm-up|counted .......]
 *
 * Warm-up steps repeat the end of the stream before and do not count, so that every counted token
 * is predicted from at least WARM_UP tokens before it, or from all there are.
 *
 * A model that fills in reads windows (data/windows.h) instead, S at a time, each from a zero
 * state.
 */
#include "eval/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/pass.h"
#include "backend/cpu/quantize.h"
#include "base/memory.h"
#include "data/windows.h"
#include "nn/model_object.h"

#define STREAMS_MAX 32
#define WARM_UP 128
#define STREAM_MIN 1024 /* predictions that are worth a stream of their own */
#define STEPS 64        /* of one group */
#define WINDOWS_MAX 16  /* of one group */

/* Rows of logits that a thread works out at once: enough to be worth a walk over the head's
 * weights, few enough to stay in its cache. */
#define PIECE_NUMBERS ((size_t)1 << 20)
#define PIECE_LEAST 16
#define PIECE_MOST 256

/* What one thread has of the head. */
struct part {
    real *logits; /* panels of V, (piece, 32) */
    size_t hits;
};

/* Losses are summed group by group, 64 steps of all streams or 16 windows, in the order of the
 * steps, whatever a pass holds of it: that depends on the model's size. */
struct evaluation {
    const recur_corpus *corpus;
    size_t first, predictions; /* of the corpus */
    size_t streams, length;    /* streams, or windows of one group */
    struct recur_windows windows;
    struct recur_workspace work;
    struct recur_pass pass;
    int32_t *ids, *targets; /* (steps, sequences) of one pass */
    int32_t pair[2];
    real *losses; /* (steps, streams) of one group */
    size_t piece; /* rows */
    struct part *parts;
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

/* The same for `count` windows from number `first` on. */
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

/* Whether no other token was more probable. The losses left probabilities in the logits, of which x
 * is a row, less 1 at the target. */
static bool hit(const struct evaluation *e, const real *x, size_t stride, size_t target)
{
    real best = 1 + x[target / RECUR_LANES * stride + target % RECUR_LANES];
    for (size_t p = 0; p < recur_panels(e->pass.network->vocabulary); p++)
        for (size_t i = 0; i < RECUR_LANES; i++)
            if (x[p * stride + i] > best)
                return false;
    return true;
}

/* Losses and hits of some rows of the pass. */
static void judge(struct evaluation *e, struct part *part, size_t row, size_t rows)
{
    size_t stride = e->piece * RECUR_LANES;
    recur_pass_logits(&e->pass, row, rows, part->logits, stride);
    e->pass.kernels->softmax_loss(part->logits, stride, e->pass.network->vocabulary, rows,
                                  e->targets + row, 1, e->work.loss + row);
    for (size_t i = 0; i < rows; i++)
        if (e->targets[row + i] >= 0)
            part->hits +=
                hit(e, part->logits + i * RECUR_LANES, stride, (size_t)e->targets[row + i]);
}

static void judge_all(void *argument, size_t thread, size_t threads)
{
    struct evaluation *e = argument;
    size_t all = recur_pass_rows(&e->pass), each = (all + threads - 1) / threads;
    size_t piece = each < e->piece ? each : e->piece;
    for (size_t row = thread * piece; row < all; row += threads * piece)
        judge(e, &e->parts[thread], row, all - row < piece ? all - row : piece);
}

/* The pass, whose first row is number `at` of the group. */
static void predict(struct evaluation *e, struct recur_team *team, size_t sequences, size_t steps,
                    size_t at)
{
    e->pass.rows = sequences;
    e->pass.steps = steps;
    recur_pass_run_forward(&e->pass, team);
    recur_team_run(team, judge_all, e);
    for (size_t t = 0; t < steps; t++)
        for (size_t s = 0; s < sequences; s++)
            e->losses[at + t * e->streams + s] = e->work.loss[t * sequences + s];
}

/* Adds a group of so many steps. */
static void add_losses(struct evaluation *e, size_t steps)
{
    double sum = 0;
    for (size_t i = 0; i < steps * e->streams; i++)
        sum += (double)e->losses[i];
    e->loss += sum;
}

static void run_streams(struct evaluation *e, struct recur_team *team)
{
    for (size_t from = 0; from < e->length; from += STEPS) {
        size_t steps = e->length - from < STEPS ? e->length - from : STEPS;
        for (size_t done = 0, n; done < steps; done += n) {
            n = steps - done < e->work.steps ? steps - done : e->work.steps;
            fill_in(e, from + done, n);
            predict(e, team, e->streams, n, done * e->streams);
            e->pass.carried_steps = n;
        }
        add_losses(e, steps);
    }
}

static void run_windows(struct evaluation *e, struct recur_team *team)
{
    for (size_t first = 0; first < e->windows.count; first += e->streams) {
        size_t count =
            e->windows.count - first < e->streams ? e->windows.count - first : e->streams;
        memset(e->losses, 0, e->windows.steps * e->streams * sizeof *e->losses);
        for (size_t done = 0, n; done < count; done += n) {
            n = count - done < e->work.batch ? count - done : e->work.batch;
            fill_in_windows(e, first + done, n);
            predict(e, team, n, e->windows.steps, done);
        }
        add_losses(e, e->windows.steps);
    }
}

static void run(struct evaluation *e, struct recur_team *team)
{
    recur_pass_run_prepare(&e->pass, team, false);
    if (e->windows.count)
        run_windows(e, team);
    else
        run_streams(e, team);
    for (size_t i = 0; i < recur_team_threads(team); i++)
        e->hits += e->parts[i].hits;
}

static enum recur_status plan_head(struct evaluation *e, const recur_model *model, size_t threads,
                                   size_t rows, recur_error *error)
{
    size_t width = recur_panels(model->config.vocabulary) * RECUR_LANES;
    size_t piece = PIECE_NUMBERS / width;
    piece = piece < PIECE_LEAST ? PIECE_LEAST : piece > PIECE_MOST ? PIECE_MOST : piece;
    size_t each = (rows + threads - 1) / threads;
    e->piece = piece < each ? piece : each;
    RECUR_TRY(recur_alloc(threads, sizeof *e->parts, "evaluation", &e->parts, error));
    for (size_t i = 0; i < threads && i < rows; i++)
        RECUR_TRY(recur_block_alloc(
            recur_size_mul(recur_size_mul(e->piece, width), sizeof *e->parts->logits), "logits",
            &e->parts[i].logits, error));
    return RECUR_OK;
}

/* Streams and their length, or windows; returns what a pass holds of a group of `*group` steps. */
static struct recur_work_plan plan_work(struct evaluation *e, const recur_model *model,
                                        size_t *group)
{
    struct recur_work_plan work = {.shares = true, .headless = true};
    size_t rows = recur_model_rows(model);
    if (!model->network.task->next) {
        e->windows = recur_windows_over(e->predictions);
        e->streams = e->windows.count < WINDOWS_MAX ? e->windows.count : WINDOWS_MAX;
        work.batch = recur_windows_together(&e->windows, rows, WINDOWS_MAX);
        work.steps = *group = e->windows.steps;
        return work;
    }
    size_t streams = e->predictions / STREAM_MIN;
    e->streams = streams < 1 ? 1 : streams > STREAMS_MAX ? STREAMS_MAX : streams;
    e->length = (e->predictions + (e->streams - 1) * WARM_UP + e->streams - 1) / e->streams;
    *group = e->length < STEPS ? e->length : STEPS;
    work.batch = e->streams;
    work.steps = rows / e->streams < *group ? rows / e->streams : *group;
    work.steps = work.steps ? work.steps : 1;
    work.carries = true;
    return work;
}

static enum recur_status plan(struct evaluation *e, const recur_model *model, size_t threads,
                              recur_error *error)
{
    size_t group;
    struct recur_work_plan work = plan_work(e, model, &group);
    size_t rows = work.batch * work.steps;
    work.threads = threads;
    RECUR_TRY(recur_alloc(rows, sizeof *e->ids, "evaluation", &e->ids, error));
    RECUR_TRY(recur_alloc(rows, sizeof *e->targets, "evaluation", &e->targets, error));
    RECUR_TRY(recur_alloc(group * e->streams, sizeof *e->losses, "evaluation", &e->losses, error));
    RECUR_TRY(plan_head(e, model, threads, rows, error));
    RECUR_TRY(recur_workspace_plan(&e->work, &model->network, &work, error));
    RECUR_TRY(recur_model_narrow(model, &e->work, threads, error));
    e->pass.network = &model->network;
    e->pass.kernels = model->kernels;
    e->pass.work = &e->work;
    e->pass.parameters = model->parameters;
    e->pass.ids = e->ids;
    e->pass.headless = true;
    return RECUR_OK;
}

static void release(struct evaluation *e, size_t threads)
{
    for (size_t i = 0; i < threads && e->parts; i++)
        recur_block_free(e->parts[i].logits);
    free(e->parts);
    recur_workspace_free(&e->work);
    free(e->ids);
    free(e->targets);
    free(e->losses);
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
    e.predictions = model->network.task->next ? count - 1 : count;
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
    release(&e, recur_team_threads(team));
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
