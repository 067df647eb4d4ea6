#include "backend/cpu/update.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "nn/optimizers.h"

static void cut(struct recur_optimiser *optimiser, size_t first, size_t end)
{
    for (size_t count; first < end; first += count) {
        count = end - first < RECUR_SUM_CHUNK ? end - first : RECUR_SUM_CHUNK;
        optimiser->chunk[optimiser->chunks++] = (struct recur_chunk){first, count};
    }
}

/* Cuts what is not frozen of [first, end) into chunks. */
static void add_chunks(struct recur_optimiser *optimiser, size_t first, size_t end)
{
    const struct recur_frozen *frozen = &optimiser->frozen;
    for (size_t i = 0; i < frozen->runs; i++) {
        if (frozen->run[i].end <= first || frozen->run[i].first >= end)
            continue;
        cut(optimiser, first, frozen->run[i].first);
        first = frozen->run[i].end;
    }
    cut(optimiser, first, end);
}

/* Tensors of which a minibatch has some rows or columns. */
enum { PARTLY_MAX = RECUR_DIRECTIONS_MAX + 2 };

/* Lists them: tables and a head of candidates, in the order of their places. */
static size_t list_partly(const struct recur_optimiser *optimiser,
                          const struct recur_param *partly[PARTLY_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < optimiser->sparse->tables; i++)
        partly[count++] = optimiser->sparse->table[i];
    if (optimiser->candidates) {
        partly[count++] = optimiser->candidates->weight;
        partly[count++] = optimiser->candidates->bias;
    }
    return count;
}

/* Panels of candidates' columns, at most and now. */
static size_t most_panels(const struct recur_optimiser *optimiser)
{
    return optimiser->candidates ? recur_panels(optimiser->candidates->most) : 0;
}

static size_t present_panels(const struct recur_optimiser *optimiser)
{
    return optimiser->candidates ? recur_panels(optimiser->candidates->count) : 0;
}

/* Cuts what stands between tensors of which a minibatch has a part, then these. */
static enum recur_status divide(struct recur_optimiser *optimiser, size_t span, recur_error *error)
{
    const struct recur_sparse_rows *sparse = optimiser->sparse;
    const struct recur_param *partly[PARTLY_MAX];
    size_t count = list_partly(optimiser, partly), first = 0,
           most = span / RECUR_SUM_CHUNK + 2 * count + 1 + optimiser->frozen.runs;
    RECUR_TRY(
        recur_alloc(most, sizeof *optimiser->chunk, "the optimiser", &optimiser->chunk, error));
    for (size_t i = 0; i < count; i++) {
        add_chunks(optimiser, first, partly[i]->offset);
        first = partly[i]->offset + partly[i]->span;
    }
    add_chunks(optimiser, first, span);
    optimiser->dense = optimiser->chunks;
    for (size_t i = 0; i < count; i++)
        add_chunks(optimiser, partly[i]->offset, partly[i]->offset + partly[i]->span);
    size_t parts = recur_size_add(sparse->most, most_panels(optimiser));
    return recur_alloc(recur_size_add(optimiser->dense, parts), sizeof *optimiser->square_sum,
                       "the gradient's norm", &optimiser->square_sum, error);
}

enum recur_status recur_optimiser_init(struct recur_optimiser *optimiser,
                                       const struct recur_kernels *kernels,
                                       const recur_trainer_config *config, real *parameters,
                                       real *gradients, size_t span,
                                       const struct recur_sparse_rows *sparse,
                                       const struct recur_candidates *candidates,
                                       const struct recur_frozen *frozen, recur_error *error)
{
    static const struct recur_sparse_rows none;
    *optimiser = (struct recur_optimiser){
        .kernels = kernels,
        .kind = config->optimizer,
        .settings = {.momentum = config->momentum,
                     .beta1 = config->beta1,
                     .beta2 = config->beta2,
                     .alpha = config->alpha,
                     .epsilon = config->epsilon,
                     .weight_decay = config->weight_decay,
                     .decoupled = recur_optimizer_kind_of(config->optimizer)->decoupled},
        .sparse = sparse ? sparse : &none,
        .candidates = candidates,
        .parameters = parameters,
        .gradients = gradients,
        .span = span,
    };
    if (frozen)
        optimiser->frozen = *frozen;
    if (recur_optimizer_kind_of(config->optimizer)->first || config->momentum > 0)
        RECUR_TRY(
            recur_block_alloc(span * sizeof(real), "the optimiser", &optimiser->first, error));
    if (recur_optimizer_kind_of(config->optimizer)->second)
        RECUR_TRY(
            recur_block_alloc(span * sizeof(real), "the optimiser", &optimiser->second, error));
    return divide(optimiser, span, error);
}

void recur_optimiser_free(struct recur_optimiser *optimiser)
{
    recur_block_free(optimiser->first);
    recur_block_free(optimiser->second);
    free(optimiser->chunk);
    free(optimiser->square_sum);
    free(optimiser->counts);
    recur_parcels_free(&optimiser->parcels);
    *optimiser = (struct recur_optimiser){0};
}

/* The sum of the squares of one row in all tables. */
static double sum_row(const struct recur_optimiser *optimiser, int32_t row)
{
    const struct recur_sparse_rows *sparse = optimiser->sparse;
    double sum = 0;
    for (size_t i = 0; i < sparse->tables; i++)
        for (size_t p = 0; p < sparse->table[i]->panels; p++)
            sum += optimiser->kernels->sum_squares(
                optimiser->gradients + recur_sparse_rows_place(sparse, i, p, row), RECUR_LANES);
    return sum;
}

/* The sum of the squares of one panel of the candidates' columns. The weights of a tied head are
 * rows of a table by now. */
static double sum_panel(const struct recur_optimiser *optimiser, size_t panel)
{
    const struct recur_candidates *candidates = optimiser->candidates;
    size_t at = recur_param_panel(candidates->weight, panel),
           end = at + candidates->weight->depth * RECUR_LANES;
    double sum = optimiser->kernels->sum_squares(
        optimiser->gradients + recur_param_panel(candidates->bias, panel), RECUR_LANES);
    for (size_t count; at < end && !optimiser->tied.head; at += count) {
        count = end - at < RECUR_SUM_CHUNK ? end - at : RECUR_SUM_CHUNK;
        sum += optimiser->kernels->sum_squares(optimiser->gradients + at, count);
    }
    return sum;
}

/* Sums the squares of this thread's chunks, rows and columns. */
static void sum_squares(struct recur_optimiser *optimiser, size_t thread, size_t threads)
{
    size_t dense = optimiser->dense, rows = optimiser->sparse->rows;
    size_t panels = present_panels(optimiser);
    for (size_t i = dense * thread / threads; i < dense * (thread + 1) / threads; i++)
        optimiser->square_sum[i] = optimiser->kernels->sum_squares(
            optimiser->gradients + optimiser->chunk[i].first, optimiser->chunk[i].count);
    for (size_t i = rows * thread / threads; i < rows * (thread + 1) / threads; i++)
        optimiser->square_sum[dense + i] = sum_row(optimiser, optimiser->sparse->row[i]);
    for (size_t i = panels * thread / threads; i < panels * (thread + 1) / threads; i++)
        optimiser->square_sum[dense + rows + i] = sum_panel(optimiser, i);
}

/* The square root of the sum over all threads' squares; called after every thread has summed. */
static double norm_of(const struct recur_optimiser *optimiser)
{
    double sum = 0;
    size_t count = optimiser->dense + optimiser->sparse->rows + present_panels(optimiser);
    for (size_t i = 0; i < count; i++)
        sum += optimiser->square_sum[i];
    return sqrt(sum);
}

double recur_clip_scale(double norm, double clip)
{
    return clip > 0 && norm > clip ? clip / norm : 1;
}

/* One thread calls it before an update. */
static void begin(struct recur_optimiser *optimiser, const struct recur_learning *how, double scale)
{
    struct recur_update *settings = &optimiser->settings;
    double updates = (double)how->number;
    settings->lr = (real)how->lr;
    optimiser->average_weight = (real)how->average;
    settings->scale = (real)scale;
    settings->correct1 = (real)(1 - pow((double)settings->beta1, updates));
    settings->correct2 = (real)(1 - pow((double)settings->beta2, updates));
}

static void update(const struct recur_optimiser *optimiser, size_t first, size_t count)
{
    const struct recur_kernels *kernels = optimiser->kernels;
    real *p = optimiser->parameters + first, *g = optimiser->gradients + first;
    real *m = optimiser->first ? optimiser->first + first : NULL;
    real *v = optimiser->second ? optimiser->second + first : NULL;
    kernels->optimizer[optimiser->kind](p, g, m, v, count, &optimiser->settings);
    if (optimiser->average_weight > 0 && !optimiser->candidates)
        kernels->approach(optimiser->average + first, p, count, optimiser->average_weight);
}

static void update_row(const struct recur_optimiser *optimiser, int32_t row)
{
    const struct recur_sparse_rows *sparse = optimiser->sparse;
    for (size_t i = 0; i < sparse->tables; i++)
        for (size_t p = 0; p < sparse->table[i]->panels; p++)
            update(optimiser, recur_sparse_rows_place(sparse, i, p, row), RECUR_LANES);
}

/* Rows of a panel whose columns are copied, moved and copied back at a time. */
enum { SLICE = 32 };

/* Moves the candidates' columns of a panel of a tensor. */
static void update_columns(const struct recur_optimiser *optimiser, const struct recur_param *param,
                           size_t panel)
{
    _Alignas(64) real numbers[3][SLICE * RECUR_LANES];
    real *const flat[3] = {optimiser->parameters, optimiser->first, optimiser->second};
    for (size_t row = 0, rows; row < param->depth; row += rows) {
        rows = param->depth - row < SLICE ? param->depth - row : SLICE;
        const real *g = optimiser->gradients + recur_param_panel(param, panel) + row * RECUR_LANES;
        for (size_t i = 0; i < 3; i++)
            if (flat[i])
                recur_candidates_gather(optimiser->candidates, param, panel, row, rows, flat[i],
                                        numbers[i]);
        optimiser->kernels->optimizer[optimiser->kind](numbers[0], g, flat[1] ? numbers[1] : NULL,
                                                       flat[2] ? numbers[2] : NULL,
                                                       rows * RECUR_LANES, &optimiser->settings);
        for (size_t i = 0; i < 3; i++)
            if (flat[i])
                recur_candidates_scatter(optimiser->candidates, param, panel, row, rows, flat[i],
                                         numbers[i]);
    }
}

/* Moves this thread's panels of the candidates' columns. */
static void apply_columns(const struct recur_optimiser *optimiser, size_t thread, size_t threads)
{
    size_t panels = present_panels(optimiser);
    for (size_t i = panels * thread / threads; i < panels * (thread + 1) / threads; i++) {
        if (!optimiser->tied.head)
            update_columns(optimiser, optimiser->candidates->weight, i);
        update_columns(optimiser, optimiser->candidates->bias, i);
    }
}

/* Updates this thread's chunks, rows and columns. */
static void apply(struct recur_optimiser *optimiser, size_t thread, size_t threads)
{
    /* Moments and weight decay also move a parameter whose gradient is zero, and the mean
     * follows every parameter; but not what candidates leave out. */
    bool plain = recur_optimizer_kind_of(optimiser->kind)->local &&
                 optimiser->settings.momentum == 0 && optimiser->settings.weight_decay == 0 &&
                 optimiser->average_weight == 0;
    bool partly = plain || optimiser->candidates;
    size_t chunks = partly ? optimiser->dense : optimiser->chunks;
    size_t rows = partly ? optimiser->sparse->rows : 0;
    for (size_t i = chunks * thread / threads; i < chunks * (thread + 1) / threads; i++)
        update(optimiser, optimiser->chunk[i].first, optimiser->chunk[i].count);
    for (size_t i = rows * thread / threads; i < rows * (thread + 1) / threads; i++)
        update_row(optimiser, optimiser->sparse->row[i]);
    apply_columns(optimiser, thread, threads);
}

/* The mean follows this thread's part of all parameters, moved or not. */
static void follow(const struct recur_optimiser *optimiser, size_t thread, size_t threads)
{
    size_t chunks = optimiser->chunks;
    for (size_t i = chunks * thread / threads; i < chunks * (thread + 1) / threads; i++) {
        const struct recur_chunk *chunk = &optimiser->chunk[i];
        optimiser->kernels->approach(optimiser->average + chunk->first,
                                     optimiser->parameters + chunk->first, chunk->count,
                                     optimiser->average_weight);
    }
}

enum recur_status recur_optimiser_sum(struct recur_optimiser *optimiser,
                                      const struct recur_learner_plan *plan,
                                      const struct recur_summands *summands, recur_error *error)
{
    const struct recur_sparse_rows *sparse = optimiser->sparse;
    const struct recur_parcels *parcels = &optimiser->parcels;
    const struct recur_chunk *rest = optimiser->chunk;
    size_t panels = 0, columns = 2 * most_panels(optimiser);
    for (size_t i = 0; i < sparse->tables; i++)
        panels += sparse->table[i]->panels;
    size_t parts = recur_size_add(recur_size_mul(sparse->most, panels), columns);
    optimiser->sum = plan->sum;
    optimiser->ranks = plan->ranks;
    optimiser->summands = *summands;
    optimiser->rest = optimiser->dense;
    if (plan->parcels && !optimiser->candidates) { /* those have no panels that stay */
        RECUR_TRY(recur_parcels_plan(&optimiser->parcels, plan, &optimiser->summands,
                                     optimiser->chunk, optimiser->dense, error));
        rest = parcels->rest;
        optimiser->rest = parcels->rests;
    }
    RECUR_TRY(recur_alloc(recur_size_add(optimiser->rest, parts), sizeof *optimiser->counts,
                          "the sum over ranks", &optimiser->counts, error));
    for (size_t i = 0; i < optimiser->rest; i++)
        optimiser->counts[i] = rest[i];
    optimiser->summands.chunk = optimiser->counts;
    return RECUR_OK;
}

/* Lists the rows and columns that count of the gradients, as the minibatch has them. */
static void list_rows(struct recur_optimiser *optimiser)
{
    const struct recur_sparse_rows *sparse = optimiser->sparse;
    size_t count = optimiser->rest;
    for (size_t i = 0; i < sparse->tables; i++)
        for (size_t p = 0; p < sparse->table[i]->panels; p++)
            for (size_t row = 0; row < sparse->rows; row++)
                optimiser->counts[count++] = (struct recur_chunk){
                    recur_sparse_rows_place(sparse, i, p, sparse->row[row]), RECUR_LANES};
    const struct recur_candidates *candidates = optimiser->candidates;
    for (size_t p = 0; p < present_panels(optimiser); p++) {
        optimiser->counts[count++] = (struct recur_chunk){recur_param_panel(candidates->weight, p),
                                                          candidates->weight->depth * RECUR_LANES};
        optimiser->counts[count++] =
            (struct recur_chunk){recur_param_panel(candidates->bias, p), RECUR_LANES};
    }
    optimiser->summands.chunks = count;
}

/* One thread calls it for all; false: it failed. */
static bool sum_over_ranks(struct recur_optimiser *optimiser, struct recur_team *team,
                           size_t thread)
{
    struct recur_parcels *parcels = &optimiser->parcels;
    if (thread == 0) {
        list_rows(optimiser);
        recur_parcels_move(parcels, true);
        parcels->begun = 0;
        optimiser->summed = parcels->status;
        if (optimiser->summed == RECUR_OK)
            optimiser->summed =
                optimiser->sum(optimiser->ranks, &optimiser->summands, &optimiser->error);
        else
            optimiser->error = parcels->error;
    }
    recur_team_wait(team, thread);
    return optimiser->summed == RECUR_OK;
}

/* Adds the gradient of a tied head to the table's. */
static void add_tied(const struct recur_optimiser *optimiser, size_t thread, size_t threads)
{
    const struct recur_tied *tied = &optimiser->tied;
    if (optimiser->candidates)
        recur_tied_add_columns(tied, optimiser->candidates, optimiser->gradients, thread, threads);
    else
        recur_tied_add(tied, optimiser->kernels, optimiser->gradients, thread, threads);
}

/* The head becomes a copy of the table, in the parameters and in their mean. */
static void copy_tied(const struct recur_optimiser *optimiser, struct recur_team *team,
                      size_t thread, size_t threads)
{
    const struct recur_tied *tied = &optimiser->tied;
    if (optimiser->candidates) {
        recur_tied_copy_rows(tied, optimiser->sparse, optimiser->parameters, thread, threads);
        recur_team_wait(team, thread);
        return;
    }
    recur_tied_copy(tied, optimiser->kernels, optimiser->parameters, thread, threads);
    if (optimiser->average_weight > 0)
        recur_tied_copy(tied, optimiser->kernels, optimiser->average, thread, threads);
    recur_team_wait(team, thread);
}

void recur_optimiser_step(struct recur_optimiser *optimiser, struct recur_team *team, size_t thread,
                          size_t threads, const struct recur_learning *how, double clip)
{
    if (optimiser->sum && !sum_over_ranks(optimiser, team, thread))
        return;
    if (optimiser->tied.head) {
        add_tied(optimiser, thread, threads);
        recur_team_wait(team, thread);
    }
    sum_squares(optimiser, thread, threads);
    recur_team_wait(team, thread);
    if (thread == 0) {
        optimiser->norm = norm_of(optimiser);
        if (isfinite(optimiser->norm))
            begin(optimiser, how, recur_clip_scale(optimiser->norm, clip));
    }
    recur_team_wait(team, thread);
    if (!isfinite(optimiser->norm))
        return;
    apply(optimiser, thread, threads);
    recur_team_wait(team, thread);
    if (optimiser->tied.head)
        copy_tied(optimiser, team, thread, threads);
    if (optimiser->candidates && optimiser->average_weight > 0) {
        follow(optimiser, thread, threads);
        recur_team_wait(team, thread);
    }
}

/* A step that the team runs by itself. */
struct run {
    struct recur_optimiser *optimiser;
    struct recur_team *team;
    const struct recur_learning *how;
    double clip;
};

static void step(void *argument, size_t thread, size_t threads)
{
    const struct run *run = argument;
    recur_optimiser_step(run->optimiser, run->team, thread, threads, run->how, run->clip);
}

double recur_optimiser_run(struct recur_optimiser *optimiser, struct recur_team *team,
                           const struct recur_learning *how, double clip)
{
    struct run run = {optimiser, team, how, clip};
    recur_team_run(team, step, &run);
    return optimiser->norm;
}
