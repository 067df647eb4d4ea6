/* Texts: learns in one call from minibatches of equal lengths, in the order they come in. */
#include <math.h>

#include "backend/cpu/bf16.h"
#include "backend/cpu/engine.h"
#include "base/clock.h"

/* Sums the losses as the gradients were summed: block by block, over the minibatches of the update.
 */
static void sum_losses(struct recur_cpu_engine *engine)
{
    const struct recur_pass *pass = &engine->pass;
    struct recur_cpu_blocks *blocks = &engine->learner->blocks;
    struct recur_pairwise *left = &blocks->left;
    size_t rows = recur_pass_micro_batch(pass) * pass->batch.steps;
    size_t count = pass->blocks.count ? pass->blocks.count : 1;
    left->count = 0;
    for (size_t i = 0; i < count; i++) {
        double loss = pass->blocks.count ? recur_pass_loss_of(pass, i * rows, rows)
                                         : recur_pass_loss_sum(pass);
        loss = pass->blocks.goes_on ? blocks->gathered_loss[i] + loss : loss;
        blocks->gathered_loss[i] = blocks->loss[left->count] = loss;
        recur_pairwise_push(left, (struct recur_block_sum){pass->blocks.first + i, 1});
        for (; recur_pairwise_joins(left); recur_pairwise_join(left))
            blocks->loss[left->count - 2] += blocks->loss[left->count - 1];
    }
}

/* The team meets before gradients are computed; in bf16 it makes row pairs of what forward has
 * left, and meets again. */
static void meet_with_pairs(const struct recur_cpu_engine *engine, size_t thread, size_t threads)
{
    struct recur_team *team = recur_cpu_present(engine);
    recur_team_wait(team, thread);
    if (engine->work.bf16) {
        recur_bf16_pair(&engine->pass, thread, threads);
        recur_team_wait(team, thread);
    }
}

/* Backward and gradients where sums over ranks begin meanwhile: the head's gradient is computed
 * before the layers are walked through, and those of a layer's gates before the layers below it
 * are. Each travels while all that comes later is computed. All threads meet, whether they have
 * sequences or not. */
static void backward_in_parts(struct recur_cpu_engine *engine, size_t thread, size_t threads)
{
    struct recur_pass *pass = &engine->pass;
    struct recur_team *team = recur_cpu_present(engine);
    size_t layers = pass->network->layers;
    recur_pass_backward_head(pass, thread);
    meet_with_pairs(engine, thread, threads);
    recur_pass_gradients_from(pass, layers, thread);
    recur_pass_mark(pass, thread, RECUR_PHASE_GRADIENT);
    for (size_t l = layers; l-- > 0;) {
        recur_pass_backward_steps(pass, l, thread);
        recur_team_wait(team, thread);
        recur_pass_gradients_from(pass, l, thread);
        recur_pass_mark(pass, thread, RECUR_PHASE_GRADIENT);
        recur_pass_backward_inputs(pass, l, thread);
    }
    recur_team_wait(team, thread);
    recur_pass_gradients(pass, thread);
}

/* Learns from one minibatch, on every thread of the team: computes the loss and its gradients and,
 * unless more minibatches are to come, the global norm, clips, updates, and prepares the weights
 * for the next minibatch. */
static void learn(void *argument, size_t thread, size_t threads)
{
    struct recur_cpu_engine *engine = argument;
    struct recur_optimiser *optimiser = &engine->learner->optimiser;
    struct recur_pass *pass = &engine->pass;
    struct recur_team *team = recur_cpu_present(engine);
    bool anew = pass->dropout.weights || pass->candidates; /* other weights for each minibatch */
    if (anew) {
        recur_pass_prepare(pass, true);
        recur_team_wait(team, thread);
        if (thread == 0)
            atomic_store_explicit(&pass->next_task, 0, memory_order_relaxed);
        recur_pass_mark(pass, thread, RECUR_PHASE_UPDATE);
    }
    recur_pass_forward(pass, thread);
    if (pass->parcels) {
        backward_in_parts(engine, thread, threads);
    } else {
        recur_pass_backward(pass, thread);
        meet_with_pairs(engine, thread, threads);
        recur_pass_gradients(pass, thread);
    }
    recur_team_wait(team, thread);
    recur_pass_mark(pass, thread, RECUR_PHASE_GRADIENT);
    if (thread == 0) {
        sum_losses(engine);
        atomic_store_explicit(&pass->next_task, 0, memory_order_relaxed);
    }
    if (pass->blocks.pauses)
        return;
    recur_optimiser_step(optimiser, team, thread, threads, &engine->learning,
                         engine->learner->clip);
    if (optimiser->summed != RECUR_OK || !isfinite(optimiser->norm))
        return;
    if (!anew)
        recur_pass_prepare(pass, true);
    recur_pass_mark(pass, thread, RECUR_PHASE_UPDATE);
}

/* Where there are other ranks, sums begin while an update's last minibatch is on its way back. */
static void set_parcels(struct recur_cpu_engine *engine, bool pauses)
{
    struct recur_parcels *parcels = &engine->learner->optimiser.parcels;
    engine->pass.parcels = parcels->count && !pauses ? parcels : NULL;
    recur_parcels_start(parcels);
}

enum recur_status recur_cpu_learn(struct recur_engine *base, const struct recur_minibatch *batch,
                                  const struct recur_learning *how, double *loss, double *norm,
                                  recur_error *error)
{
    struct recur_cpu_engine *engine = recur_cpu_engine_of(base);
    const recur_stack_input *input = &batch->input;
    struct recur_pass *pass = &engine->pass;
    pass->phases.start = recur_clock();
    recur_pass_pack_ids(pass, NULL, engine->ids, input->ids);
    recur_cpu_set_targets(engine, input->targets, NULL, batch->targets);
    recur_cpu_set_dropout(engine, batch);
    pass->states.carried_steps = batch->carries ? engine->last_steps : 0;
    pass->blocks.goes_on = batch->goes_on;
    pass->blocks.pauses = batch->pauses;
    set_parcels(engine, batch->pauses);
    atomic_store_explicit(&pass->next_task, 0, memory_order_relaxed);
    engine->learning = *how;
    recur_pass_mark(pass, 0, RECUR_PHASE_LOAD);
    recur_cpu_run_tuned(engine, learn, true);
    *loss = engine->learner->blocks.loss[0] * (double)pass->loss_scale;
    *norm = engine->learner->optimiser.norm;
    return recur_cpu_summed(engine->learner, error);
}

/* Number i of sequence b's state after the last step, with which the next minibatch begins. */
static real *state_at(const struct recur_cpu_engine *engine, size_t l, bool c, size_t b, size_t i)
{
    const struct recur_stream *stream =
        recur_workspace_stream(&engine->work, engine->base.plan.network, l, 0);
    size_t row = recur_pass_after(&engine->pass, 0, engine->last_steps - 1, b);
    real *values = c ? stream->c : stream->h;
    return values + i / RECUR_LANES * stream->h_stride + row * RECUR_LANES + i % RECUR_LANES;
}

void recur_cpu_read_states(const struct recur_engine *base, size_t l, bool c, float *values)
{
    const struct recur_engine_plan *plan = &base->plan;
    for (size_t b = 0; b < plan->batch; b++)
        for (size_t i = 0; i < plan->network->layer[l].hidden; i++)
            *values++ = *state_at(recur_cpu_engine_of(base), l, c, b, i);
}

void recur_cpu_write_states(struct recur_engine *base, size_t l, bool c, const float *values)
{
    const struct recur_engine_plan *plan = &base->plan;
    for (size_t b = 0; b < plan->batch; b++)
        for (size_t i = 0; i < plan->network->layer[l].hidden; i++)
            *state_at(recur_cpu_engine_of(base), l, c, b, i) = *values++;
}
