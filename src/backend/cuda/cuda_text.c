/* Texts: learns in one call from minibatches of equal lengths, in the order they come in. */
#include "backend/cuda/cuda_engine.h"

/* Puts a pass into the queue, with the gradients and losses of all of its parts. */
static void queue_pass(struct recur_cuda_engine *engine, size_t rows)
{
    struct recur_cuda_learner *learner = engine->learner;
    bool blocks = learner->blocks.count > 0;
    recur_cuda_queue_forward(engine);
    recur_cuda_queue_logits(engine, 0, rows);
    recur_cuda_queue_loss(engine, 0, rows, engine->pass.loss_scale, false);
    recur_cuda_queue_backward(engine);
    for (size_t p = 0; p < engine->parts; p++) {
        engine->gradients = blocks ? recur_cuda_block_begin(learner, p) : learner->gradients;
        recur_cuda_queue_loss_sum(engine, p);
        recur_cuda_queue_gradients(engine, p);
        if (blocks)
            recur_cuda_block_end(learner, p);
    }
}

/* The end of a minibatch; of the last one of an update, with the update. */
static enum recur_status end(struct recur_cuda_learner *learner, bool pauses,
                             const struct recur_learning *how, recur_error *error)
{
    if (learner->blocks.count)
        RECUR_TRY(recur_cuda_blocks_take_losses(learner, error));
    if (!pauses)
        RECUR_TRY(recur_cuda_learner_queue_update(learner, how, error));
    return recur_cuda_finish(&learner->queue, error);
}

enum recur_status recur_cuda_learn(struct recur_engine *base, const struct recur_minibatch *batch,
                                   const struct recur_learning *how, double *loss, double *norm,
                                   recur_error *error)
{
    struct recur_cuda_engine *engine = recur_cuda_engine_of(base);
    struct recur_cuda_learner *learner = engine->learner;
    const recur_stack_input *input = &batch->input;
    size_t rows = input->batch * input->steps;
    RECUR_TRY(recur_cuda_enter(engine->queue->cuda, error));
    recur_cuda_learner_refresh(learner);
    recur_lengths_set(&engine->lengths, input->batch, engine->equal, NULL, 0);
    engine->pass = (struct recur_cuda_pass){
        .carries = batch->carries,
        .loss_scale = recur_cuda_loss_scale(input->targets, rows, batch->targets),
    };
    recur_cuda_set_dropout(engine, batch);
    recur_cuda_load_rows(engine, input->ids, input->targets, false);
    queue_pass(engine, rows);
    enum recur_status status = end(learner, batch->pauses, how, error);
    recur_cuda_leave(engine->queue->cuda);
    *loss = (learner->blocks.count ? learner->blocks.loss[0] : learner->found->loss) *
            (double)engine->pass.loss_scale;
    *norm = learner->found->norm;
    return status;
}

/* The states of layer l in which the last minibatch ended are (B, U * 32). */
static recur_cuda_memory states_of(const struct recur_cuda_engine *engine, size_t l, bool c)
{
    return recur_cuda_side_of(engine, l, 0)->last[c];
}

void recur_cuda_read_states(const struct recur_engine *base, size_t l, bool c, float *values)
{
    const struct recur_cuda_engine *engine = recur_cuda_engine_of(base);
    size_t hidden = engine->network->layer[l].hidden, width = recur_cuda_width(engine, l);
    if (recur_cuda_enter(engine->queue->cuda, NULL) != RECUR_OK)
        return;
    recur_cuda_download(engine->queue, engine->host, states_of(engine, l, c),
                        engine->batch * width * sizeof(float));
    recur_cuda_finish(engine->queue, NULL);
    recur_cuda_leave(engine->queue->cuda);
    for (size_t b = 0; b < engine->batch; b++)
        for (size_t i = 0; i < hidden; i++)
            *values++ = engine->host[b * width + i];
}

void recur_cuda_write_states(struct recur_engine *base, size_t l, bool c, const float *values)
{
    struct recur_cuda_engine *engine = recur_cuda_engine_of(base);
    size_t hidden = engine->network->layer[l].hidden, width = recur_cuda_width(engine, l);
    for (size_t b = 0; b < engine->batch; b++)
        for (size_t i = 0; i < width; i++)
            engine->host[b * width + i] = i < hidden ? *values++ : 0;
    if (recur_cuda_enter(engine->queue->cuda, NULL) != RECUR_OK)
        return;
    recur_cuda_upload(engine->queue, states_of(engine, l, c), engine->host,
                      engine->batch * width * sizeof(float));
    recur_cuda_finish(engine->queue, NULL);
    recur_cuda_leave(engine->queue->cuda);
}
