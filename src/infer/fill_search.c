#include "infer/fill_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/quantize.h"
#include "base/memory.h"

#define CONTEXT 96 /* tokens that are read on either side of the blanks */
#define STEPS_MAX (RECUR_FILL_SPAN + 2 * CONTEXT)
#define STEPS_LEAST 16 /* that are planned for */
#define TOGETHER 32    /* candidates of one pass, at most */

/* What one search is about: blanks of the text's tokens [first, first + steps). */
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

static void free_pass(struct recur_fill_search *search)
{
    recur_workspace_free(&search->work);
    recur_block_free(search->logits);
    free(search->ids);
    search->logits = NULL;
    search->ids = NULL;
}

void recur_fill_search_free(struct recur_fill_search *search)
{
    free_pass(search);
    free(search->kept);
    free(search->next);
}

static enum recur_status plan(struct recur_fill_search *search, size_t batch, size_t steps,
                              recur_error *error)
{
    const recur_model *model = search->model;
    const struct recur_work_plan work = {
        .batch = batch, .steps = steps, .threads = 1, .shares = true, .headless = true};
    size_t panels = recur_panels(model->config.vocabulary);
    free_pass(search);
    RECUR_TRY(recur_workspace_plan(&search->work, &model->network, &work, error));
    RECUR_TRY(
        recur_alloc(batch * steps, sizeof *search->ids, "a text with blanks", &search->ids, error));
    RECUR_TRY(
        recur_block_alloc(recur_size_mul(panels, batch * RECUR_LANES * sizeof *search->logits),
                          "logits", &search->logits, error));
    search->pass = (struct recur_pass){.network = &model->network,
                                       .kernels = model->kernels,
                                       .work = &search->work,
                                       .parameters = model->parameters,
                                       .ids = search->ids,
                                       .headless = true};
    recur_pass_prepare(&search->pass, false);
    return RECUR_OK;
}

/* Room for the task: for its steps, and for as many candidates at once as the model is worth. */
static enum recur_status make_room(struct recur_fill_search *search, const struct task *task,
                                   recur_error *error)
{
    size_t rows = recur_model_rows(search->model), steps = STEPS_LEAST;
    while (steps < task->steps)
        steps *= 2;
    steps = steps < STEPS_MAX ? steps : STEPS_MAX;
    steps = steps > search->work.steps ? steps : search->work.steps;
    size_t batch = task->count > 1 ? search->beam : 1;
    batch = batch < TOGETHER ? batch : TOGETHER;
    batch = batch < rows / steps ? batch : rows / steps;
    batch = batch ? batch : 1;
    if (steps == search->work.steps && batch <= search->work.batch)
        return RECUR_OK;
    enum recur_status status = plan(search, batch, steps, error);
    if (status != RECUR_OK)
        free_pass(search);
    return status;
}

/* Runs the model over the text as each of some candidates fills it, from number `first` on; returns
 * how many. */
static size_t read_candidates(struct recur_fill_search *search, const struct task *task,
                              size_t first)
{
    struct recur_pass *pass = &search->pass;
    size_t left = search->count - first;
    size_t batch = left < search->work.batch ? left : search->work.batch;
    for (size_t t = 0; t < task->steps; t++)
        for (size_t b = 0; b < batch; b++)
            search->ids[t * batch + b] = task->ids[task->first + t];
    for (size_t i = 0; i < task->count; i++)
        for (size_t b = 0; b < batch; b++)
            search->ids[(task->blanks[i] - task->first) * batch + b] =
                search->kept[first + b].ids[i];
    pass->rows = batch;
    pass->steps = task->steps;
    recur_pass_forward(pass, 0);
    return batch;
}

/* The logits of blank i for the first `count` candidates of the pass. */
static void find_logits(struct recur_fill_search *search, const struct task *task, size_t i,
                        size_t count)
{
    size_t row = (task->blanks[i] - task->first) * search->pass.rows;
    recur_pass_logits(&search->pass, row, count, search->logits, count * RECUR_LANES);
    search->stride = count * RECUR_LANES;
}

/* That of `id` for candidate b of those. */
static double logit(const struct recur_fill_search *search, size_t b, size_t id)
{
    return (double)
        search->logits[id / RECUR_LANES * search->stride + b * RECUR_LANES + id % RECUR_LANES];
}

/* The largest logit of ids that may be chosen; *total is the logarithm of the sum of e^logit. */
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

/* The blank that the best candidate, the first of the pass, is surest of. */
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

/* Candidate b with `id` in blank i, where it is among the best; equal ones stay in their order. */
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

/* Fills blank i of the `count` candidates of the pass, which begin with number `first`. */
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

/* Fills one more blank of all candidates; the best of what comes of it are kept. */
static void fill_one(struct recur_fill_search *search, const struct task *task, bool *filled)
{
    size_t i = 0;
    search->next_count = 0;
    for (size_t first = 0, batch; first < search->count; first += batch) {
        batch = read_candidates(search, task, first);
        if (first == 0)
            i = surest_blank(search, task, filled);
        fill_blank(search, task, i, first, batch);
    }
    filled[i] = true;
    struct recur_candidate *kept = search->next;
    search->next = search->kept;
    search->kept = kept;
    search->count = search->next_count;
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
        fill_one(search, &task, filled);
    return RECUR_OK;
}
