/* Sums of gradients over blocks, over the minibatches of an update, and over ranks. Blocks and
 * minibatches are added on the GPU; ranks are the host's. */
#include <string.h>

#include "backend/cuda/cuda_learner.h"

static enum recur_status plan_sums(struct recur_cuda_learner *learner, recur_error *error)
{
    const struct recur_learner_plan *plan = &learner->base.plan;
    struct recur_cuda_blocks *blocks = &learner->blocks;
    const char *what = "the blocks' gradients";
    size_t span = learner->span;
    blocks->sum[0] = blocks->gathered[0] = learner->gradients;
    for (size_t i = 1; i < blocks->room && !plan->gathers; i++)
        RECUR_TRY(recur_cuda_numbers(&learner->queue, span, what, &blocks->sum[i], error));
    for (size_t i = 1; i < blocks->count && plan->gathers; i++)
        RECUR_TRY(recur_cuda_numbers(&learner->queue, span, what, &blocks->gathered[i], error));
    return RECUR_OK;
}

enum recur_status recur_cuda_blocks_create(struct recur_cuda_learner *learner, recur_error *error)
{
    const struct recur_learner_plan *plan = &learner->base.plan;
    struct recur_cuda_blocks *blocks = &learner->blocks;
    if (!plan->blocks && !plan->gathers)
        return RECUR_OK;
    blocks->count = plan->blocks ? plan->blocks : 1;
    blocks->room = recur_pairwise_of(&blocks->left, plan->first_block, blocks->count);
    RECUR_TRY(plan_sums(learner, error));
    blocks->host[0] = learner->flat;
    for (size_t i = 1; i < blocks->left.count; i++)
        RECUR_TRY(recur_cuda_host(&learner->queue, learner->span * sizeof(float),
                                  "the blocks' gradients", &blocks->host[i], error));
    return RECUR_OK;
}

void recur_cuda_blocks_free(struct recur_cuda_learner *learner)
{
    struct recur_cuda_blocks *blocks = &learner->blocks;
    for (size_t i = 1; i < blocks->room && !learner->base.plan.gathers; i++)
        recur_cuda_free(learner->queue.cuda, blocks->sum[i]);
    for (size_t i = 1; i < RECUR_MICRO_BATCHES_MAX; i++)
        recur_cuda_free(learner->queue.cuda, blocks->gathered[i]);
    for (size_t i = 1; i < RECUR_BLOCK_SUMS_MAX; i++)
        recur_cuda_host_free(&learner->queue, blocks->host[i]);
}

/* Pushes the gradients of a block, which are on top, and adds what can be added. */
static void push(struct recur_cuda_learner *learner, size_t block)
{
    struct recur_cuda_blocks *blocks = &learner->blocks;
    struct recur_pairwise *left = &blocks->left;
    size_t number = learner->base.plan.first_block + block;
    for (recur_pairwise_push(left, (struct recur_block_sum){number, 1}); recur_pairwise_joins(left);
         recur_pairwise_join(left))
        recur_cuda_learner_add(learner, blocks->sum[left->count - 2], blocks->sum[left->count - 1]);
}

recur_cuda_memory recur_cuda_block_begin(struct recur_cuda_learner *learner, size_t block)
{
    struct recur_cuda_blocks *blocks = &learner->blocks;
    if (learner->base.plan.gathers)
        return blocks->has[block] ? learner->fresh : blocks->gathered[block];
    if (!block)
        blocks->left.count = 0;
    return blocks->sum[blocks->left.count];
}

void recur_cuda_block_end(struct recur_cuda_learner *learner, size_t block)
{
    if (!learner->base.plan.gathers)
        push(learner, block);
    else if (learner->blocks.has[block])
        recur_cuda_learner_add(learner, learner->blocks.gathered[block], learner->fresh);
}

/* Adds a loss to those of a block, which then has gradients. */
static void add_loss(struct recur_cuda_blocks *blocks, size_t block, double loss)
{
    blocks->gathered_loss[block] = (blocks->has[block] ? blocks->gathered_loss[block] : 0) + loss;
    blocks->has[block] = true;
}

enum recur_status recur_cuda_blocks_take_losses(struct recur_cuda_learner *learner,
                                                recur_error *error)
{
    struct recur_cuda_blocks *blocks = &learner->blocks;
    recur_cuda_download(&learner->queue, learner->found, learner->report,
                        blocks->count * sizeof *learner->found);
    RECUR_TRY(recur_cuda_finish(&learner->queue, error));
    for (size_t i = 0; i < blocks->count; i++)
        add_loss(blocks, i, learner->found[i].loss);
    return RECUR_OK;
}

void recur_cuda_learner_gather(struct recur_learner *base, size_t block, double loss)
{
    struct recur_cuda_learner *learner = recur_cuda_learner_of(base);
    struct recur_cuda_blocks *blocks = &learner->blocks;
    if (recur_cuda_enter(learner->queue.cuda, NULL) != RECUR_OK)
        return;
    if (blocks->has[block])
        recur_cuda_learner_add(learner, blocks->gathered[block], learner->fresh);
    else
        recur_cuda_copy(&learner->queue, blocks->gathered[block], learner->fresh,
                        learner->span * sizeof(float));
    recur_cuda_leave(learner->queue.cuda);
    add_loss(blocks, block, loss);
}

/* Adds what was gathered, block by block; a block that got nothing is zero. */
static void join_gathered(struct recur_cuda_learner *learner)
{
    struct recur_cuda_blocks *blocks = &learner->blocks;
    blocks->left.count = 0;
    for (size_t i = 0; i < blocks->count; i++) {
        if (!blocks->has[i])
            recur_cuda_clear(&learner->queue, blocks->gathered[i], learner->span);
        blocks->sum[blocks->left.count] = blocks->gathered[i];
        push(learner, i);
    }
}

/* Adds the losses as the gradients are added. */
static void join_losses(struct recur_cuda_learner *learner)
{
    struct recur_cuda_blocks *blocks = &learner->blocks;
    struct recur_pairwise left = {.count = 0};
    for (size_t i = 0; i < blocks->count; i++) {
        blocks->loss[left.count] = blocks->has[i] ? blocks->gathered_loss[i] : 0;
        recur_pairwise_push(&left, (struct recur_block_sum){learner->base.plan.first_block + i, 1});
        for (; recur_pairwise_joins(&left); recur_pairwise_join(&left))
            blocks->loss[left.count - 2] += blocks->loss[left.count - 1];
    }
    memset(blocks->has, 0, sizeof blocks->has);
}

enum recur_status recur_cuda_blocks_sum(struct recur_cuda_learner *learner, recur_error *error)
{
    const struct recur_learner_plan *plan = &learner->base.plan;
    struct recur_cuda_queue *queue = &learner->queue;
    struct recur_cuda_blocks *blocks = &learner->blocks;
    size_t bytes = learner->span * sizeof(float);
    const struct recur_chunk all = {0, learner->span};
    const struct recur_summands summands = {.blocks = &blocks->left,
                                            .gradients = blocks->host,
                                            .loss = blocks->loss,
                                            .chunk = &all,
                                            .chunks = 1};
    if (plan->gathers)
        join_gathered(learner);
    join_losses(learner);
    if (!plan->sum || plan->apart)
        return RECUR_OK;
    for (size_t i = 0; i < blocks->left.count; i++)
        recur_cuda_download(queue, blocks->host[i], blocks->sum[i], bytes);
    RECUR_TRY(recur_cuda_finish(queue, error));
    RECUR_TRY(plan->sum(plan->ranks, &summands, error));
    recur_cuda_upload(queue, learner->gradients, blocks->host[0], bytes);
    return RECUR_OK;
}

double recur_cuda_learner_gathered_loss(const struct recur_learner *base)
{
    return recur_cuda_learner_of(base)->blocks.loss[0];
}

/* Replaces an array by its mean over ranks. */
static enum recur_status take_mean(struct recur_cuda_learner *learner, recur_cuda_memory array,
                                   size_t ranks, recur_error *error)
{
    const struct recur_learner_plan *plan = &learner->base.plan;
    size_t bytes = learner->span * sizeof(float);
    const struct recur_pairwise own = {.sum = {{plan->first_block, 1}}, .count = 1};
    const struct recur_chunk all = {0, learner->span};
    double loss = 0;
    const struct recur_summands summands = {
        .blocks = &own, .gradients = &learner->flat, .loss = &loss, .chunk = &all, .chunks = 1};
    recur_cuda_download(&learner->queue, learner->flat, array, bytes);
    RECUR_TRY(recur_cuda_finish(&learner->queue, error));
    for (size_t i = 0; i < learner->span; i++)
        learner->flat[i] /= (float)ranks;
    RECUR_TRY(plan->sum(plan->ranks, &summands, error));
    recur_cuda_upload(&learner->queue, array, learner->flat, bytes);
    return recur_cuda_finish(&learner->queue, error);
}

enum recur_status recur_cuda_learner_mean(struct recur_learner *base, size_t ranks,
                                          recur_error *error)
{
    struct recur_cuda_learner *learner = recur_cuda_learner_of(base);
    const recur_cuda_memory arrays[] = {learner->parameters, learner->first, learner->second};
    enum recur_status status = RECUR_OK;
    RECUR_TRY(recur_cuda_enter(learner->queue.cuda, error));
    recur_cuda_learner_refresh(learner);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays && status == RECUR_OK; i++)
        if (arrays[i])
            status = take_mean(learner, arrays[i], ranks, error);
    recur_cuda_learner_lead(learner);
    recur_cuda_leave(learner->queue.cuda);
    return status;
}
