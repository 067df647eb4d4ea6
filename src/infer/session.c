#include "recur/session.h"

#include "base/memory.h"
#include "nn/model_object.h"
#include "nn/pass.h"

#include <stdlib.h>

struct recur_session {
    struct recur_workspace work;
    struct recur_pass pass;
    int32_t id;
};

enum recur_status recur_session_create(const recur_model *model, recur_session **out,
                                       recur_error *error)
{
    struct recur_session *session;
    RECUR_TRY(recur_model_check_tokens(model, error));
    if (model->config.bidirectional)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "a bidirectional model cannot continue a text: its backward direction "
                          "would have to read the future, which is not written yet; recur fill "
                          "puts it to use, and a language model of one direction continues texts");
    if (model->config.task != RECUR_TASK_LM)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "a model that fills blanks does not continue a text; recur fill puts it "
                          "to use, and a language model (lm) continues texts");
    RECUR_TRY(recur_alloc(1, sizeof *session, "a session", &session, error));
    session->pass.network = &model->network;
    session->pass.kernels = model->kernels;
    session->pass.work = &session->work;
    session->pass.parameters = model->parameters;
    session->pass.steps = 1;
    session->pass.ids = &session->id;
    enum recur_status status =
        recur_workspace_init(&session->work, &model->network, 1, 1, false, 1, error);
    if (status != RECUR_OK) {
        recur_session_free(session);
        return status;
    }
    recur_session_reset(session);
    *out = session;
    return RECUR_OK;
}

void recur_session_free(recur_session *session)
{
    if (!session)
        return;
    recur_workspace_free(&session->work);
    free(session);
}

void recur_session_reset(recur_session *session)
{
    session->pass.carried_steps = 0;
    session->pass.next_task = 0;
    recur_pass_prepare(&session->pass, false);
}

/* One row lies in panels of 32 numbers next to each other: the logits are an array. */
const float *recur_session_feed(recur_session *session, int32_t id)
{
    bool known = id >= 0 && (size_t)id < session->pass.network->vocabulary;
    session->id = known ? id : RECUR_UNKNOWN;
    recur_pass_forward(&session->pass, 0);
    session->pass.carried_steps = 1;
    return session->work.logits;
}
