#include "infer/fill_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/placement.h"

#define CONTEXT 96 /* tokens that are read on each side of the blanks */
#define STEPS_MAX (RECUR_FILL_SPAN + 2 * CONTEXT)
#define STEPS_LEAST 16 /* the engine is planned for at least so many steps */
#define TOGETHER 32    /* most candidates of one pass */

/* The work of one search: blanks of the text's tokens [first, first + steps). */
struct task {
    const int32_t *ids;
    const size_t *blanks;
    size_t count;
    size_t first, steps;
};

enum recur_status recur_fill_search_init(struct recur_fill_search *search, const recur_model *model,
                                         size_t beam, recur_error *error)
{
    size_t vocabulary = model->config.vocabulary;
    *search = (struct recur_fill_search){.model = model, .beam = beam};
    search->special = 1 + (model->vocab ? recur_vocab_reserved(model->vocab) : 0);
    if (search->special >= vocabulary)
        search->special = 0;
    RECUR_TRY(recur_alloc(beam, sizeof *search->kept, "candidates", &search->kept, error));
    return recur_alloc(beam, sizeof *search->next, "candidates", &search->next, error);
}

static void free_engine(struct recur_fill_search *search)
{
    if (search->engine)
        search->engine->backend->free_engine(search->engine);
    free(search->logits);
    free(search->ids);
    search->engine = NULL;
    search->logits = NULL;
    search->ids = NULL;
    search->batch = search->steps = 0;
}

void recur_fill_search_free(struct recur_fill_search *search)
{
    free_engine(search);
    free(search->kept);
    free(search->next);
}

static enum recur_status plan(struct recur_fill_search *search, size_t batch, size_t steps,
                              recur_error *error)
{
    const recur_model *model = search->model;
    const struct recur_engine_plan engine = {.use = RECUR_ENGINE_READING,
                                             .model = model,
                                             .network = &model->network,
                                             .batch = batch,
                                             .steps = steps};
    free_engine(search);
    RECUR_TRY(
        recur_alloc(batch * steps, sizeof *search->ids, "a text with blanks", &search->ids, error));
    RECUR_TRY(recur_alloc(recur_size_mul(batch, model->config.vocabulary), sizeof *search->logits,
                          "logits", &search->logits, error));
    RECUR_TRY(model->place.backend->create_engine(&engine, &search->engine, error));
    search->batch = batch;
    search->steps = steps;
    return RECUR_OK;
}

/* Makes room for the task's steps and for as many candidates in one pass as suit the model's
 * size. */
static enum recur_status make_room(struct recur_fill_search *search, const struct task *task,
                                   recur_error *error)
{
    size_t rows = search->model->place.backend->rows(search->model), steps = STEPS_LEAST;
    while (steps < task->steps)
        steps *= 2;
    steps = steps < STEPS_MAX ? steps : STEPS_MAX;
    steps = steps > search->steps ? steps : search->steps;
    size_t batch = task->count > 1 ? search->beam : 1;
    batch = batch < TOGETHER ? batch : TOGETHER;
    batch = batch < rows / steps ? batch : rows / steps;
    batch = batch ? batch : 1;
    if (steps == search->steps && batch <= search->batch)
        return RECUR_OK;
    enum recur_status status = plan(search, batch, steps, error);
    if (status != RECUR_OK)
        free_engine(search);
    return status;
}

/* Runs the model over the text, filled as each of some candidates fills it. It takes as many
 * candidates as fit, from number `first` on: `*count`. */
static enum recur_status read_candidates(struct recur_fill_search *search, const struct task *task,
                                         size_t first, size_t *count, recur_error *error)
{
    size_t left = search->count - first;
    size_t batch = left < search->batch ? left : search->batch;
    for (size_t t = 0; t < task->steps; t++)
        for (size_t b = 0; b < batch; b++)
            search->ids[t * batch + b] = task->ids[task->first + t];
    for (size_t i = 0; i < task->count; i++)
        for (size_t b = 0; b < batch; b++)
            search->ids[(task->blanks[i] - task->first) * batch + b] =
                search->kept[first + b].ids[i];
    const struct recur_minibatch minibatch = {
        .input = {.batch = batch, .steps = task->steps, .ids = search->ids}};
    *count = batch;
    return search->engine->backend->forward(search->engine, &minibatch, NULL, error);
}

/* Computes the logits of blank i for the first `count` candidates of the pass. */
static void find_logits(struct recur_fill_search *search, const struct task *task, size_t i,
                        size_t count)
{
    search->engine->backend->logits(search->engine, task->blanks[i] - task->first, count,
                                    search->logits);
}

/* The logit of `id` for candidate b of the pass. */
static double logit(const struct recur_fill_search *search, size_t b, size_t id)
{
    return (double)search->logits[b * search->model->config.vocabulary + id];
}

/* The largest logit of the ids that may be chosen; *total becomes the logarithm of the sum of
 * e^logit. */
static double best_logit(const struct recur_fill_search *search, size_t b, double *total)
{
    size_t vocabulary = search->model->config.vocabulary;
    double best = -INFINITY, top = -INFINITY, sum = 0;
    for (size_t id = 0; id < vocabulary; id++) {
        top = fmax(top, logit(search, b, id));
        if (id >= search->special)
            best = fmax(best, logit(search, b, id));
    }
    for (size_t id = 0; id < vocabulary; id++)
        sum += exp(logit(search, b, id) - top);
    *total = top + log(sum);
    return best;
}

/* The blank of which the best candidate, the first of the pass, is surest. */
static size_t surest_blank(struct recur_fill_search *search, const struct task *task,
                           const bool *filled)
{
    size_t surest = 0;
    double best = -INFINITY;
    for (size_t i = 0; i < task->count; i++) {
        if (filled[i])
            continue;
        double total;
        find_logits(search, task, i, 1);
        double top = best_logit(search, 0, &total);
        if (!(top - total > best))
            continue;
        best = top - total;
        surest = i;
    }
    return surest;
}

/* Adds candidate b with `id` in blank i, if it is among the best. Equal candidates stay in their
 * order. */
static void add_candidate(struct recur_fill_search *search, size_t b, size_t i, int32_t id,
                          double score)
{
    struct recur_candidate *next = search->next;
    size_t at = search->next_count;
    if (at == search->beam && !(score > next[at - 1].score))
        return;
    search->next_count += at < search->beam;
    while (at > 0 && score > next[at - 1].score)
        at--;
    memmove(next + at + 1, next + at, (search->next_count - at - 1) * sizeof *next);
    next[at] = search->kept[b];
    next[at].ids[i] = id;
    next[at].score = score;
}

/* Fills blank i of the pass's `count` candidates, which begin with number `first`. */
static void fill_blank(struct recur_fill_search *search, const struct task *task, size_t i,
                       size_t first, size_t count)
{
    find_logits(search, task, i, count);
    for (size_t b = 0; b < count; b++) {
        double total, score = search->kept[first + b].score;
        best_logit(search, b, &total);
        for (size_t id = search->special; id < search->model->config.vocabulary; id++)
            add_candidate(search, first + b, i, (int32_t)id, score + logit(search, b, id) - total);
    }
}

/* Fills one more blank of all candidates and keeps the best results. */
static enum recur_status fill_one(struct recur_fill_search *search, const struct task *task,
                                  bool *filled, recur_error *error)
{
    size_t i = 0;
    search->next_count = 0;
    for (size_t first = 0, batch; first < search->count; first += batch) {
        RECUR_TRY(read_candidates(search, task, first, &batch, error));
        if (first == 0)
            i = surest_blank(search, task, filled);
        fill_blank(search, task, i, first, batch);
    }
    RECUR_TRY(recur_model_check_device(search->model, error));
    filled[i] = true;
    struct recur_candidate *kept = search->next;
    search->next = search->kept;
    search->kept = kept;
    search->count = search->next_count;
    return RECUR_OK;
}

enum recur_status recur_fill_search_run(struct recur_fill_search *search, const int32_t *ids,
                                        size_t size, const size_t *blanks, size_t count,
                                        recur_error *error)
{
    size_t first = blanks[0] < CONTEXT ? 0 : blanks[0] - CONTEXT;
    size_t last = blanks[count - 1] + CONTEXT < size ? blanks[count - 1] + CONTEXT : size - 1;
    const struct task task = {ids, blanks, count, first, last - first + 1};
    bool filled[RECUR_FILL_GROUP] = {false};
    RECUR_TRY(make_room(search, &task, error));
    search->kept[0] = (struct recur_candidate){.score = 0};
    search->count = 1;
    for (size_t step = 0; step < count; step++)
        RECUR_TRY(fill_one(search, &task, filled, error));
    return RECUR_OK;
}
