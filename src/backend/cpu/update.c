#include "backend/cpu/update.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "nn/optimizers.h"

/* Cuts [first, end) into chunks. */
static void add_chunks(struct recur_optimiser *optimiser, size_t first, size_t end)
{
    for (size_t count; first < end; first += count) {
        count = end - first < RECUR_SUM_CHUNK ? end - first : RECUR_SUM_CHUNK;
        optimiser->chunk[optimiser->chunks++] = (struct recur_chunk){first, count};
    }
}

/* Cuts what stands between the tables, then the tables, which come in the order of their places. */
static enum recur_status divide(struct recur_optimiser *optimiser, size_t span, recur_error *error)
{
    const struct recur_sparse_rows *sparse = optimiser->sparse;
    size_t first = 0, most = span / RECUR_SUM_CHUNK + 2 * sparse->tables + 1;
    RECUR_TRY(
        recur_alloc(most, sizeof *optimiser->chunk, "the optimiser", &optimiser->chunk, error));
    for (size_t i = 0; i < sparse->tables; i++) {
        add_chunks(optimiser, first, sparse->table[i]->offset);
        first = sparse->table[i]->offset + sparse->table[i]->span;
    }
    add_chunks(optimiser, first, span);
    optimiser->dense = optimiser->chunks;
    for (size_t i = 0; i < sparse->tables; i++)
        add_chunks(optimiser, sparse->table[i]->offset,
                   sparse->table[i]->offset + sparse->table[i]->span);
    return recur_alloc(recur_size_add(optimiser->dense, sparse->most),
                       sizeof *optimiser->square_sum, "the gradient's norm", &optimiser->square_sum,
                       error);
}

enum recur_status recur_optimiser_init(struct recur_optimiser *optimiser,
                                       const struct recur_kernels *kernels,
                                       const recur_trainer_config *config, real *parameters,
                                       real *gradients, size_t span,
                                       const struct recur_sparse_rows *sparse, recur_error *error)
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
        .parameters = parameters,
        .gradients = gradients,
        .span = span,
    };
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

/* Sums the squares of this thread's chunks and rows. */
static void sum_squares(struct recur_optimiser *optimiser, size_t thread, size_t threads)
{
    size_t dense = optimiser->dense, rows = optimiser->sparse->rows;
    for (size_t i = dense * thread / threads; i < dense * (thread + 1) / threads; i++)
        optimiser->square_sum[i] = optimiser->kernels->sum_squares(
            optimiser->gradients + optimiser->chunk[i].first, optimiser->chunk[i].count);
    for (size_t i = rows * thread / threads; i < rows * (thread + 1) / threads; i++)
        optimiser->square_sum[dense + i] = sum_row(optimiser, optimiser->sparse->row[i]);
}

/* The square root of the sum over all threads' squares; called after every thread has summed. */
static double norm_of(const struct recur_optimiser *optimiser)
{
    double sum = 0;
    for (size_t i = 0; i < optimiser->dense + optimiser->sparse->rows; i++)
        sum += optimiser->square_sum[i];
    return sqrt(sum);
}

double recur_clip_scale(double norm, double clip)
{
    return clip > 0 && norm > clip ? clip / norm : 1;
}

/* One thread calls it before an update. */
static void begin(struct recur_optimiser *optimiser, double lr, double scale)
{
    struct recur_update *settings = &optimiser->settings;
    double updates = (double)++optimiser->updates;
    settings->lr = (real)lr;
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
}

static void update_row(const struct recur_optimiser *optimiser, int32_t row)
{
    const struct recur_sparse_rows *sparse = optimiser->sparse;
    for (size_t i = 0; i < sparse->tables; i++)
        for (size_t p = 0; p < sparse->table[i]->panels; p++)
            update(optimiser, recur_sparse_rows_place(sparse, i, p, row), RECUR_LANES);
}

/* Updates this thread's chunks and rows. */
static void apply(struct recur_optimiser *optimiser, size_t thread, size_t threads)
{
    /* Moments and weight decay also move a parameter whose gradient is zero. */
    bool plain = recur_optimizer_kind_of(optimiser->kind)->local &&
                 optimiser->settings.momentum == 0 && optimiser->settings.weight_decay == 0;
    size_t chunks = plain ? optimiser->dense : optimiser->chunks;
    size_t rows = plain ? optimiser->sparse->rows : 0;
    for (size_t i = chunks * thread / threads; i < chunks * (thread + 1) / threads; i++)
        update(optimiser, optimiser->chunk[i].first, optimiser->chunk[i].count);
    for (size_t i = rows * thread / threads; i < rows * (thread + 1) / threads; i++)
        update_row(optimiser, optimiser->sparse->row[i]);
}

/* One thread calls it for all; false: it failed. */
static bool sum_over_ranks(struct recur_optimiser *optimiser, struct recur_team *team,
                           size_t thread)
{
    if (thread == 0)
        optimiser->summed = optimiser->sum(optimiser->ranks, optimiser->gradients, optimiser->span,
                                           &optimiser->error);
    recur_team_wait(team, thread);
    return optimiser->summed == RECUR_OK;
}

void recur_optimiser_step(struct recur_optimiser *optimiser, struct recur_team *team, size_t thread,
                          size_t threads, double lr, double clip)
{
    if (optimiser->sum && !sum_over_ranks(optimiser, team, thread))
        return;
    sum_squares(optimiser, thread, threads);
    recur_team_wait(team, thread);
    if (thread == 0) {
        optimiser->norm = norm_of(optimiser);
        if (isfinite(optimiser->norm))
            begin(optimiser, lr, recur_clip_scale(optimiser->norm, clip));
    }
    recur_team_wait(team, thread);
    if (!isfinite(optimiser->norm))
        return;
    apply(optimiser, thread, threads);
    recur_team_wait(team, thread);
}

/* A step that the team runs by itself. */
struct run {
    struct recur_optimiser *optimiser;
    struct recur_team *team;
    double lr, clip;
};

static void step(void *argument, size_t thread, size_t threads)
{
    const struct run *run = argument;
    recur_optimiser_step(run->optimiser, run->team, thread, threads, run->lr, run->clip);
}

double recur_optimiser_run(struct recur_optimiser *optimiser, struct recur_team *team, double lr,
                           double clip)
{
    struct run run = {optimiser, team, lr, clip};
    recur_team_run(team, step, &run);
    return optimiser->norm;
}
