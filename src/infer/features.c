#include "recur/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/pass.h"
#include "backend/cpu/quantize.h"
#include "base/memory.h"
#include "data/windows.h"
#include "nn/model_object.h"

#define STEPS 256      /* of one pass in one direction, at most */
#define WINDOWS_MAX 16 /* of one pass in both, at most */

struct run {
    const recur_model *model;
    const recur_corpus *corpus;
    size_t layer, width;
    struct recur_windows windows; /* none: one direction */
    struct recur_workspace work;
    struct recur_pass pass;
    struct recur_team *team;
    int32_t *ids;
    float *rows; /* of one pass or of one window */
    recur_rows_fn *receive;
    void *user;
};

size_t recur_features_width(const recur_model *model, size_t layer)
{
    const struct recur_network *network = &model->network;
    return layer < network->layers ? network->layer[layer].hidden * network->directions : 0;
}

/* The states after steps [first, last) of sequence b. */
static enum recur_status hand_over(const struct run *run, size_t b, size_t first, size_t last,
                                   recur_error *error)
{
    const struct recur_network *network = &run->model->network;
    size_t hidden = network->layer[run->layer].hidden;
    float *to = run->rows;
    for (size_t t = first; t < last; t++)
        for (size_t d = 0; d < network->directions; d++) {
            const struct recur_stream *stream =
                recur_workspace_stream(&run->work, network, run->layer, d);
            const real *row = stream->h + recur_pass_after(&run->pass, d, t, b) * RECUR_LANES;
            for (size_t i = 0; i < hidden; i++) {
                *to = row[i / RECUR_LANES * stream->h_stride + i % RECUR_LANES];
                if (!isfinite(*to++))
                    return recur_fail_overflow("a state", error);
            }
        }
    recur_error own = {0};
    return recur_called_back(run->receive(run->user, run->rows, last - first, &own), &own, error);
}

static enum recur_status read_on(struct run *run, recur_error *error)
{
    size_t size = recur_corpus_size(run->corpus), most = run->work.steps;
    for (size_t from = 0; from < size; from += most) {
        run->pass.steps = size - from < most ? size - from : most;
        recur_corpus_read(run->corpus, from, run->pass.steps, run->ids);
        RECUR_TRY(recur_team_attend(run->team, error)); /* the caller's function may have forked */
        recur_pass_run_forward(&run->pass, run->team);
        run->pass.carried_steps = run->pass.steps;
        RECUR_TRY(hand_over(run, 0, 0, run->pass.steps, error));
    }
    return RECUR_OK;
}

/* The windows from number `first` on, one in each sequence. */
static enum recur_status read_some_windows(struct run *run, size_t first, recur_error *error)
{
    const struct recur_windows *windows = &run->windows;
    size_t left = windows->count - first, batch = run->work.batch;
    size_t count = left < batch ? left : batch;
    for (size_t b = 0; b < count; b++) {
        size_t begin = recur_window_first(windows, first + b);
        for (size_t t = 0; t < windows->steps; t++)
            recur_corpus_read(run->corpus, begin + t, 1, &run->ids[t * count + b]);
    }
    RECUR_TRY(recur_team_attend(run->team, error));
    run->pass.rows = count;
    recur_pass_run_forward(&run->pass, run->team);
    for (size_t b = 0; b < count; b++) {
        size_t begin = recur_window_first(windows, first + b), own = (first + b) * RECUR_WINDOW_OWN;
        size_t end =
            own + RECUR_WINDOW_OWN < windows->tokens ? own + RECUR_WINDOW_OWN : windows->tokens;
        RECUR_TRY(hand_over(run, b, own - begin, end - begin, error));
    }
    return RECUR_OK;
}

/* In both directions windows are read whole, in one as many steps at once as the model is worth. */
static struct recur_work_plan plan_work(struct run *run)
{
    size_t size = recur_corpus_size(run->corpus), most = recur_model_rows(run->model);
    struct recur_work_plan work = {.shares = true, .headless = true};
    if (run->model->network.directions > 1) {
        run->windows = recur_windows_over(size);
        work.batch = recur_windows_together(&run->windows, most, WINDOWS_MAX);
        work.steps = run->windows.steps;
        return work;
    }
    work.batch = 1;
    work.steps = most < STEPS ? most : STEPS;
    work.steps = work.steps < size ? work.steps : size;
    work.carries = true;
    return work;
}

static enum recur_status plan(struct run *run, size_t threads, recur_error *error)
{
    struct recur_work_plan work = plan_work(run);
    RECUR_TRY(recur_team_create(threads ? threads : recur_team_processors(), &run->team, error));
    work.threads = recur_team_threads(run->team);
    RECUR_TRY(recur_workspace_plan(&run->work, &run->model->network, &work, error));
    RECUR_TRY(recur_alloc(work.batch * work.steps, sizeof *run->ids, "a piece of text", &run->ids,
                          error));
    RECUR_TRY(recur_alloc(recur_size_mul(work.steps, run->width), sizeof *run->rows, "features",
                          &run->rows, error));
    run->pass.network = &run->model->network;
    run->pass.kernels = run->model->kernels;
    run->pass.work = &run->work;
    run->pass.parameters = run->model->parameters;
    run->pass.steps = work.steps;
    run->pass.layers = run->layer + 1;
    run->pass.headless = true;
    run->pass.ids = run->ids;
    return RECUR_OK;
}

static enum recur_status read_text(struct run *run, size_t threads, recur_error *error)
{
    RECUR_TRY(plan(run, threads, error));
    recur_pass_run_prepare(&run->pass, run->team, false);
    if (!run->windows.count)
        return read_on(run, error);
    for (size_t first = 0; first < run->windows.count; first += run->work.batch)
        RECUR_TRY(read_some_windows(run, first, error));
    return RECUR_OK;
}

enum recur_status recur_features(const recur_model *model, const recur_corpus *corpus, size_t layer,
                                 size_t threads, recur_rows_fn *rows, void *user,
                                 recur_error *error)
{
    RECUR_TRY(recur_model_check_tokens(model, error));
    if (layer >= model->config.layers)
        return recur_fail(error, RECUR_ERROR_ARGUMENT, "there is no layer %zu, the model has %zu",
                          recur_size_add(layer, 1), model->config.layers);
    if (recur_corpus_vocabulary_size(corpus) > model->config.vocabulary)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the text has a vocabulary of %zu, the model one of %zu",
                          recur_corpus_vocabulary_size(corpus), model->config.vocabulary);
    struct run run = {.model = model,
                      .corpus = corpus,
                      .layer = layer,
                      .width = recur_features_width(model, layer),
                      .receive = rows,
                      .user = user};
    enum recur_status status = read_text(&run, threads, error);
    recur_team_free(run.team);
    recur_workspace_free(&run.work);
    free(run.ids);
    free(run.rows);
    return status == RECUR_STOP ? RECUR_OK : status;
}
