/* The CPU's row of the table of backends. */
#include "backend/cpu/engine.h"

extern const struct recur_backend recur_cpu_backend;

const struct recur_backend recur_cpu_backend = {
    .name = "cpu",
    .choose_kernels = recur_kernels_select,
    .permit_bf16 = recur_kernels_permit_tiles,
    .create_learner = recur_cpu_learner_create,
    .free_learner = recur_cpu_learner_free,
    .has = recur_cpu_learner_has,
    .read = recur_cpu_learner_read,
    .write = recur_cpu_learner_write,
    .begin = recur_cpu_learner_begin,
    .add_tokens = recur_cpu_learner_add_tokens,
    .clear = recur_cpu_learner_clear,
    .update = recur_cpu_learner_update,
    .keep = recur_cpu_learner_keep,
    .restore = recur_cpu_learner_restore,
    .finite = recur_cpu_learner_finite,
    .create_engine = recur_cpu_engine_create,
    .free_engine = recur_cpu_engine_free,
    .rows = recur_cpu_rows,
    .prepare = recur_cpu_prepare,
    .forward = recur_cpu_forward,
    .backward = recur_cpu_backward,
    .learn = recur_cpu_learn,
    .score = recur_cpu_score,
    .outputs = recur_cpu_outputs,
    .logits = recur_cpu_logits,
    .read_states = recur_cpu_read_states,
    .write_states = recur_cpu_write_states,
    .session_bytes = recur_cpu_session_bytes,
    .step = recur_cpu_step_sessions,
    .look_up = recur_cpu_look_up,
    .add_rows = recur_cpu_add_rows,
    .drop = recur_cpu_drop,
};
