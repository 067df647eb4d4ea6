/* Gathering: an update's gradients are sums over several passes, those of its minibatches and of
 * the blocks that are passes of their own. Each block of the rank has a sum by itself, because the
 * tree of base/pairwise.h begins at blocks, however they are shared out. The engine of a text
 * gathers panel by panel, while they are in the cache (gradients.c). */
#include <string.h>

#include "backend/cpu/engine.h"

/* What a thread does to `count` numbers. */
typedef void numbers_fn(const struct recur_kernels *kernels, real *to, const real *from,
                        size_t count);

static void copy(const struct recur_kernels *kernels, real *to, const real *from, size_t count)
{
    (void)kernels;
    memcpy(to, from, count * sizeof *to);
}

static void add(const struct recur_kernels *kernels, real *to, const real *from, size_t count)
{
    kernels->add(to, to, from, count);
}

static void clear(const struct recur_kernels *kernels, real *to, const real *from, size_t count)
{
    (void)kernels;
    (void)from;
    memset(to, 0, count * sizeof *to);
}

/* Does it to this thread's part of some rows of the tables. */
static void each_row(const struct recur_optimiser *optimiser, const int32_t *row, size_t rows,
                     size_t thread, size_t threads, numbers_fn *work, real *to, const real *from)
{
    const struct recur_sparse_rows *sparse = optimiser->sparse;
    for (size_t i = rows * thread / threads; i < rows * (thread + 1) / threads; i++)
        for (size_t t = 0; t < sparse->tables; t++)
            for (size_t p = 0; p < sparse->table[t]->panels; p++) {
                size_t at = recur_sparse_rows_place(sparse, t, p, row[i]);
                work(optimiser->kernels, to + at, from + at, RECUR_LANES);
            }
}

/* Does it to this thread's part of all gradients that count. */
static void each(const struct recur_optimiser *optimiser, size_t thread, size_t threads,
                 numbers_fn *work, real *to, const real *from)
{
    const struct recur_sparse_rows *sparse = optimiser->sparse;
    size_t dense = optimiser->dense;
    for (size_t i = dense * thread / threads; i < dense * (thread + 1) / threads; i++) {
        const struct recur_chunk *chunk = &optimiser->chunk[i];
        work(optimiser->kernels, to + chunk->first, from + chunk->first, chunk->count);
    }
    each_row(optimiser, sparse->row, sparse->rows, thread, threads, work, to, from);
}

/* The rows of the update before are zero in this one, which the optimiser may read. */
static void clear_stale(struct recur_cpu_learner *learner, size_t block, size_t thread,
                        size_t threads)
{
    const struct recur_sparse_rows *sparse = &learner->sparse;
    real *gathered = learner->blocks.gathered[block];
    each_row(&learner->optimiser, sparse->stale, sparse->stale_rows, thread, threads, clear,
             gathered, gathered);
    recur_team_wait(learner->base.plan.team, thread);
}

/* The gradients of one block, on their way. */
struct gathering {
    struct recur_cpu_learner *learner;
    size_t block;
};

static void gather(void *argument, size_t thread, size_t threads)
{
    const struct gathering *gathering = argument;
    struct recur_cpu_learner *learner = gathering->learner;
    if (!learner->blocks.has[gathering->block])
        clear_stale(learner, gathering->block, thread, threads);
    each(&learner->optimiser, thread, threads, learner->blocks.has[gathering->block] ? add : copy,
         learner->blocks.gathered[gathering->block], learner->fresh);
}

void recur_cpu_learner_gather(struct recur_learner *base, size_t block, double loss)
{
    struct recur_cpu_learner *learner = recur_cpu_learner_of(base);
    struct recur_cpu_blocks *blocks = &learner->blocks;
    struct gathering gathering = {learner, block};
    recur_team_run(base->plan.team, gather, &gathering);
    blocks->gathered_loss[block] = (blocks->has[block] ? blocks->gathered_loss[block] : 0) + loss;
    blocks->has[block] = true;
}

/* Adds the blocks' gradients, or, on the way, their losses. */
static void join(void *argument, size_t thread, size_t threads)
{
    struct recur_cpu_learner *learner = argument;
    struct recur_cpu_blocks *blocks = &learner->blocks;
    const struct recur_learner_plan *plan = &learner->base.plan;
    size_t count = plan->blocks ? plan->blocks : 1;
    struct recur_pairwise stack = {.count = 0};
    for (size_t i = 0; i < count; i++) {
        if (!blocks->has[i]) {
            clear_stale(learner, i, thread, threads);
            each(&learner->optimiser, thread, threads, clear, blocks->gathered[i],
                 blocks->gathered[i]);
        }
        if (thread == 0)
            blocks->loss[stack.count] = blocks->has[i] ? blocks->gathered_loss[i] : 0;
        recur_pairwise_push(&stack, (struct recur_block_sum){plan->first_block + i, 1});
        for (; recur_pairwise_joins(&stack); recur_pairwise_join(&stack)) {
            const struct recur_block_sum *left = &stack.sum[stack.count - 2], *right = left + 1;
            each(&learner->optimiser, thread, threads, add,
                 blocks->gathered[left->first - plan->first_block],
                 blocks->gathered[right->first - plan->first_block]);
            if (thread == 0)
                blocks->loss[stack.count - 2] += blocks->loss[stack.count - 1];
        }
    }
}

void recur_cpu_join_gathered(struct recur_cpu_learner *learner)
{
    recur_team_run(learner->base.plan.team, join, learner);
    memset(learner->blocks.has, 0, sizeof learner->blocks.has);
}

double recur_cpu_learner_gathered_loss(const struct recur_learner *base)
{
    return recur_cpu_learner_of(base)->blocks.loss[0];
}
