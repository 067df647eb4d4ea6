#include "recur/features.h"

#include <math.h>
#include <stdlib.h>

#include "backend/backend.h"
#include "base/memory.h"
#include "base/team.h"
#include "data/windows.h"
#include "nn/model_object.h"
#include "nn/placement.h"

#define STEPS 256      /* most steps of one pass in one direction */
#define WINDOWS_MAX 16 /* most windows of one pass in both directions */

struct run {
    const recur_model *model;
    const recur_corpus *corpus;
    size_t layer, width;
    struct recur_windows windows; /* empty where there is one direction */
    const struct recur_backend *backend;
    struct recur_engine *engine;
    size_t batch, steps; /* the most of one pass */
    struct recur_team *team;
    int32_t *ids;
    float *rows; /* the rows of one pass or of one window */
    recur_rows_fn *receive;
    void *user;
};

size_t recur_features_width(const recur_model *model, size_t layer)
{
    const struct recur_network *network = &model->network;
    return layer < network->layers ? network->layer[layer].hidden * network->directions : 0;
}

/* Hands over the states after steps [first, last) of sequence b. */
static enum recur_status hand_over(const struct run *run, size_t b, size_t first, size_t last,
                                   recur_error *error)
{
    run->engine->backend->outputs(run->engine, b, first, last, run->rows);
    RECUR_TRY(recur_model_check_device(run->model, error));
    for (size_t i = 0; i < (last - first) * run->width; i++)
        if (!isfinite(run->rows[i]))
            return recur_fail_overflow("a state", error);
    recur_error own = {0};
    return recur_called_back(run->receive(run->user, run->rows, last - first, &own), &own, error);
}

/* Reads the ids that are in place. */
static enum recur_status read(struct run *run, size_t batch, size_t steps, bool carries,
                              recur_error *error)
{
    const struct recur_minibatch minibatch = {
        .input = {.batch = batch, .steps = steps, .ids = run->ids}, .carries = carries};
    return run->engine->backend->forward(run->engine, &minibatch, NULL, error);
}

static enum recur_status read_on(struct run *run, recur_error *error)
{
    size_t size = recur_corpus_size(run->corpus);
    for (size_t from = 0, steps; from < size; from += steps) {
        steps = size - from < run->steps ? size - from : run->steps;
        recur_corpus_read(run->corpus, from, steps, run->ids);
        RECUR_TRY(read(run, 1, steps, from > 0, error));
        RECUR_TRY(hand_over(run, 0, 0, steps, error));
        recur_model_tell(run->model, from + steps, size);
    }
    return RECUR_OK;
}

/* Reads windows from number `first` on, one in each sequence. */
static enum recur_status read_some_windows(struct run *run, size_t first, recur_error *error)
{
    const struct recur_windows *windows = &run->windows;
    size_t left = windows->count - first;
    size_t count = left < run->batch ? left : run->batch;
    for (size_t b = 0; b < count; b++) {
        size_t begin = recur_window_first(windows, first + b);
        for (size_t t = 0; t < windows->steps; t++)
            recur_corpus_read(run->corpus, begin + t, 1, &run->ids[t * count + b]);
    }
    RECUR_TRY(read(run, count, windows->steps, false, error));
    for (size_t b = 0; b < count; b++) {
        size_t begin = recur_window_first(windows, first + b), own = (first + b) * RECUR_WINDOW_OWN;
        size_t end =
            own + RECUR_WINDOW_OWN < windows->tokens ? own + RECUR_WINDOW_OWN : windows->tokens;
        RECUR_TRY(hand_over(run, b, own - begin, end - begin, error));
        recur_model_tell(run->model, end, windows->tokens);
    }
    return RECUR_OK;
}

/* In both directions every window is read whole. In one direction a pass has as many steps as suit
 * the model's size. */
static void plan_work(struct run *run)
{
    size_t size = recur_corpus_size(run->corpus), most = run->backend->rows(run->model);
    if (run->model->network.directions > 1) {
        run->windows = recur_windows_over(size);
        run->batch = recur_windows_together(&run->windows, most, WINDOWS_MAX);
        run->steps = run->windows.steps;
        return;
    }
    run->batch = 1;
    run->steps = most < STEPS ? most : STEPS;
    run->steps = run->steps < size ? run->steps : size;
}

static enum recur_status plan(struct run *run, size_t threads, recur_error *error)
{
    plan_work(run);
    RECUR_TRY(recur_team_create(threads, &run->team, error));
    RECUR_TRY(recur_alloc(run->batch * run->steps, sizeof *run->ids, "a piece of text", &run->ids,
                          error));
    RECUR_TRY(recur_alloc(recur_size_mul(run->steps, run->width), sizeof *run->rows, "features",
                          &run->rows, error));
    const struct recur_engine_plan engine = {.use = RECUR_ENGINE_READING,
                                             .model = run->model,
                                             .network = &run->model->network,
                                             .team = run->team,
                                             .batch = run->batch,
                                             .steps = run->steps,
                                             .layers = run->layer + 1,
                                             .carries = !run->windows.count};
    return run->backend->create_engine(&engine, &run->engine, error);
}

static enum recur_status read_text(struct run *run, size_t threads, recur_error *error)
{
    RECUR_TRY(plan(run, threads, error));
    if (!run->windows.count)
        return read_on(run, error);
    for (size_t first = 0; first < run->windows.count; first += run->batch)
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
    RECUR_TRY(recur_model_check_vocabulary(model, recur_corpus_vocabulary_size(corpus), error));
    struct run run = {.model = model,
                      .backend = model->place.backend,
                      .corpus = corpus,
                      .layer = layer,
                      .width = recur_features_width(model, layer),
                      .receive = rows,
                      .user = user};
    enum recur_status status = read_text(&run, threads, error);
    if (run.engine)
        run.engine->backend->free_engine(run.engine);
    recur_team_free(run.team);
    free(run.ids);
    free(run.rows);
    return status == RECUR_STOP ? RECUR_OK : status;
}
