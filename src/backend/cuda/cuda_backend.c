/* The row of NVIDIA's GPUs in the table of backends. */
#include "backend/cuda/cuda_engine.h"
#include "nn/lookup.h"

extern const struct recur_backend recur_cuda_backend;

/* What does not go on a GPU yet. */
static enum recur_status serves(const recur_model_config *model,
                                enum recur_quantization quantization,
                                const recur_trainer_config *config, recur_error *error)
{
    const char *what = NULL;
    const struct recur_cell_kind *cell = recur_cell_kind_of(model->cell);
    if (quantization != RECUR_QUANTIZATION_NONE)
        what = "a model of fewer bits does not run";
    else if (cell && cell->lines)
        what = "layer normalisation does not run";
    else if (config && config->freeze)
        what = "layers cannot be frozen";
    else if (config && config->average != RECUR_AVERAGE_NONE)
        what = "a mean of the parameters is not made";
    else if (config && config->sampled_softmax)
        what = "a softmax is not sampled";
    else if (config && model->dropout > 0 && model->dropout_kind == RECUR_DROPOUT_LOCKED)
        what = "locked dropout does not run";
    else if (config && model->input_dropout > 0)
        what = "input dropout does not run";
    else if (config && model->weight_drop > 0)
        what = "weight drop does not run";
    else if (config && config->ar > 0)
        what = "activation regularisation does not run";
    else if (config && model->tied)
        what = "a head that is tied to the embedding is not trained";
    return what ? recur_fail(error, RECUR_ERROR_UNSUPPORTED, "%s on a GPU yet", what) : RECUR_OK;
}

const struct recur_backend recur_cuda_backend = {
    .name = "cuda",
    .find = recur_cuda_find,
    .open = recur_cuda_open,
    .close = recur_cuda_close,
    .serves = serves,
    .create_learner = recur_cuda_learner_create,
    .free_learner = recur_cuda_learner_free,
    .has = recur_cuda_learner_has,
    .read = recur_cuda_learner_read,
    .write = recur_cuda_learner_write,
    .begin = recur_cuda_learner_begin,
    .add_tokens = recur_cuda_learner_add_tokens,
    .clear = recur_cuda_learner_clear,
    .gather = recur_cuda_learner_gather,
    .gathered_loss = recur_cuda_learner_gathered_loss,
    .mean = recur_cuda_learner_mean,
    .update = recur_cuda_learner_update,
    .keep = recur_cuda_learner_keep,
    .restore = recur_cuda_learner_restore,
    .sync = recur_cuda_learner_sync,
    .finite = recur_cuda_learner_finite,
    .create_engine = recur_cuda_engine_create,
    .free_engine = recur_cuda_engine_free,
    .prepare = recur_cuda_prepare,
    .rows = recur_cuda_rows,
    .forward = recur_cuda_forward,
    .backward = recur_cuda_backward,
    .learn = recur_cuda_learn,
    .score = recur_cuda_score,
    .outputs = recur_cuda_outputs,
    .logits = recur_cuda_logits,
    .read_states = recur_cuda_read_states,
    .write_states = recur_cuda_write_states,
    .step = recur_cuda_step_sessions,
    .look_up = recur_look_up,
    .add_rows = recur_cuda_add_rows,
    .drop = recur_cuda_drop,
};
