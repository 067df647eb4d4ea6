#include "infer/fill_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define CONTEXT 96 /* tokens that are read on either side of the blanks */
#define STEPS_MAX (RECUR_FILL_SPAN + 2 * CONTEXT)

/* What one search is about: blanks of the text's tokens [first, first + steps). */
struct task {
    const int32_t *ids;
    const size_t *blanks;
    size_t count;
    size_t first, steps;
};

static enum recur_status init_pass(struct recur_fill_pass *run, const recur_model *model,
                                   size_t batch, recur_error *error)
{
    run->pass.network = &model->network;
    run->pass.kernels = model->kernels;
    run->pass.work = &run->work;
    run->pass.parameters = model->parameters;
    RECUR_TRY(recur_workspace_init(&run->work, &model->network, batch, STEPS_MAX, false, 1, error));
    RECUR_TRY(recur_alloc(recur_size_mul(batch, STEPS_MAX), sizeof *run->ids, "a text with blanks",
                          &run->ids, error));
    run->pass.ids = run->ids;
    recur_pass_prepare(&run->pass, false);
    return RECUR_OK;
}

enum recur_status recur_fill_search_init(struct recur_fill_search *search, const recur_model *model,
                                         size_t beam, recur_error *error)
{
    size_t vocabulary = model->config.vocabulary;
    *search = (struct recur_fill_search){.beam = beam};
    search->special = 1 + (model->vocab ? recur_vocab_reserved(model->vocab) : 0);
    if (search->special >= vocabulary)
        search->special = 0;
    RECUR_TRY(recur_alloc(beam, sizeof *search->kept, "candidates", &search->kept, error));
    RECUR_TRY(recur_alloc(beam, sizeof *search->next, "candidates", &search->next, error));
    RECUR_TRY(init_pass(&search->narrow, model, 1, error));
    return init_pass(&search->wide, model, beam, error);
}

static void free_pass(struct recur_fill_pass *run)
{
    recur_workspace_free(&run->work);
    free(run->ids);
}

void recur_fill_search_free(struct recur_fill_search *search)
{
    free_pass(&search->narrow);
    free_pass(&search->wide);
    free(search->kept);
    free(search->next);
}

/* Runs the model over the text as each candidate fills it. */
static struct recur_fill_pass *read_candidates(struct recur_fill_search *search,
                                               const struct task *task)
{
    struct recur_fill_pass *run = search->count == 1 ? &search->narrow : &search->wide;
    size_t batch = run->work.batch;
    for (size_t t = 0; t < task->steps; t++)
        for (size_t b = 0; b < batch; b++)
            run->ids[t * batch + b] = task->ids[task->first + t];
    for (size_t i = 0; i < task->count; i++)
        for (size_t b = 0; b < batch; b++)
            run->ids[(task->blanks[i] - task->first) * batch + b] =
                search->kept[b < search->count ? b : 0].ids[i];
    run->pass.steps = task->steps;
    recur_pass_forward(&run->pass, 0);
    return run;
}

/* The logits of blank i for candidate b; panels of them are `logit_stride` apart. */
static const real *logits_of(const struct recur_fill_pass *run, const struct task *task, size_t i,
                             size_t b)
{
    size_t row = (task->blanks[i] - task->first) * run->work.batch + b;
    return run->work.logits + row * RECUR_LANES;
}

static double logit(const struct recur_fill_pass *run, const real *logits, size_t id)
{
    return (double)logits[id / RECUR_LANES * run->work.logit_stride + id % RECUR_LANES];
}

/* The largest logit of ids that may be chosen; *total is the logarithm of the sum of e^logit. */
static double best_logit(const struct recur_fill_search *search, const struct recur_fill_pass *run,
                         const real *logits, double *total)
{
    size_t vocabulary = run->pass.network->vocabulary;
    double best = -INFINITY, top = -INFINITY, sum = 0;
    for (size_t id = 0; id < vocabulary; id++) {
        top = fmax(top, logit(run, logits, id));
        if (id >= search->special)
            best = fmax(best, logit(run, logits, id));
    }
    for (size_t id = 0; id < vocabulary; id++)
        sum += exp(logit(run, logits, id) - top);
    *total = top + log(sum);
    return best;
}

/* The blank that the best candidate is surest of. */
static size_t surest_blank(const struct recur_fill_search *search,
                           const struct recur_fill_pass *run, const struct task *task,
                           const bool *filled)
{
    size_t surest = 0;
    double best = -INFINITY;
    for (size_t i = 0; i < task->count; i++) {
        double total, top = best_logit(search, run, logits_of(run, task, i, 0), &total);
        if (filled[i] || !(top - total > best))
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

static void fill_blank(struct recur_fill_search *search, const struct recur_fill_pass *run,
                       const struct task *task, size_t i)
{
    search->next_count = 0;
    for (size_t b = 0; b < search->count; b++) {
        const real *logits = logits_of(run, task, i, b);
        double total;
        best_logit(search, run, logits, &total);
        for (size_t id = search->special; id < run->pass.network->vocabulary; id++)
            add_candidate(search, b, i, (int32_t)id,
                          search->kept[b].score + logit(run, logits, id) - total);
    }
    struct recur_candidate *kept = search->next;
    search->next = search->kept;
    search->kept = kept;
    search->count = search->next_count;
}

void recur_fill_search_run(struct recur_fill_search *search, const int32_t *ids, size_t size,
                           const size_t *blanks, size_t count)
{
    size_t first = blanks[0] < CONTEXT ? 0 : blanks[0] - CONTEXT;
    size_t last = blanks[count - 1] + CONTEXT < size ? blanks[count - 1] + CONTEXT : size - 1;
    struct task task = {ids, blanks, count, first, last - first + 1};
    bool filled[RECUR_FILL_GROUP] = {false};
    search->kept[0] = (struct recur_candidate){.score = 0};
    search->count = 1;
    for (size_t step = 0; step < count; step++) {
        const struct recur_fill_pass *run = read_candidates(search, &task);
        size_t i = surest_blank(search, run, &task, filled);
        fill_blank(search, run, &task, i);
        filled[i] = true;
    }
}
