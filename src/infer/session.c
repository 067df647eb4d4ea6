/* Sessions and steppers. A session is only the state. The stepper has the engine, in which each
 * session takes a row of the batch. */
#include "recur/session.h"

#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "base/memory.h"
#include "nn/placement.h"

/* The team reads `session` at every step, so it is written only where it changes. */
struct recur_stepper {
    const recur_model *model;
    struct recur_engine *engine;
    size_t batch;
    float *row;             /* (V) */
    recur_session *session; /* the session, where only one is advanced */
};

static enum recur_status check_model(const recur_model *model, recur_error *error)
{
    RECUR_TRY(recur_model_check_tokens(model, error));
    RECUR_TRY(recur_task_check_refusal(model->network.task->refuses.session, error));
    if (model->config.bidirectional)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "a bidirectional model cannot continue a text: its backward direction "
                          "would have to read the future, which is not written yet; recur features "
                          "puts it to use, and a language model of one direction continues texts");
    return RECUR_OK;
}

static size_t state_bytes(const recur_model *model)
{
    return recur_backend_default()->session_bytes(&model->network);
}

size_t recur_session_bytes(const recur_model *model)
{
    return sizeof(recur_session) + state_bytes(model);
}

enum recur_status recur_session_create(const recur_model *model, recur_session **out,
                                       recur_error *error)
{
    recur_session *session;
    RECUR_TRY(check_model(model, error));
    RECUR_TRY(recur_block_alloc(recur_session_bytes(model), "a session", &session, error));
    session->model = model;
    *out = session;
    return RECUR_OK;
}

void recur_session_free(recur_session *session)
{
    recur_block_free(session);
}

void recur_session_reset(recur_session *session)
{
    memset(session->state, 0, state_bytes(session->model));
    session->holder = NULL;
}

enum recur_status recur_session_copy(recur_session *session, const recur_session *from,
                                     recur_error *error)
{
    if (session->model != from->model)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a session of one model cannot go on in a session of another");
    memmove(session->state, from->state, state_bytes(session->model));
    session->holder = NULL;
    return RECUR_OK;
}

static enum recur_status plan(recur_stepper *stepper, size_t threads, recur_error *error)
{
    const recur_model *model = stepper->model;
    const struct recur_engine_plan engine = {.use = RECUR_ENGINE_SESSIONS,
                                             .model = model,
                                             .network = &model->network,
                                             .threads = threads,
                                             .quantized = true,
                                             .batch = stepper->batch,
                                             .steps = 1};
    RECUR_TRY(recur_alloc(model->config.vocabulary, sizeof *stepper->row, "a stepper",
                          &stepper->row, error));
    return model->place.backend->create_engine(&engine, &stepper->engine, error);
}

enum recur_status recur_stepper_create(const recur_model *model, size_t batch, size_t threads,
                                       recur_stepper **out, recur_error *error)
{
    recur_stepper *stepper;
    RECUR_TRY(check_model(model, error));
    if (!batch)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a stepper advances at least 1 session at a time, got 0");
    RECUR_TRY(recur_block_alloc(sizeof *stepper, "a stepper", &stepper, error));
    stepper->model = model;
    stepper->batch = batch;
    enum recur_status status = plan(stepper, threads, error);
    if (status != RECUR_OK) {
        recur_stepper_free(stepper);
        return status;
    }
    *out = stepper;
    return RECUR_OK;
}

void recur_stepper_free(recur_stepper *stepper)
{
    if (!stepper)
        return;
    if (stepper->engine)
        stepper->engine->backend->free_engine(stepper->engine);
    free(stepper->row);
    recur_block_free(stepper);
}

const recur_model *recur_stepper_model(const recur_stepper *stepper)
{
    return stepper->model;
}

void recur_stepper_refresh(recur_stepper *stepper)
{
    stepper->engine->backend->prepare(stepper->engine);
}

const float *recur_stepper_feed(recur_stepper *stepper, recur_session *session, int32_t id)
{
    if (session->model != stepper->model)
        return NULL;
    if (stepper->session != session)
        stepper->session = session;
    stepper->engine->backend->step(stepper->engine, &stepper->session, &id, 1, stepper->row);
    return stepper->row;
}

/* Checks that no session is in the list twice: two threads would advance it at once. */
static enum recur_status check_sessions(const recur_stepper *stepper,
                                        recur_session *const *sessions, size_t count,
                                        recur_error *error)
{
    enum recur_status status = RECUR_OK;
    size_t listed = 0;
    for (; listed < count && status == RECUR_OK; listed++) {
        recur_session *session = sessions[listed];
        if (session->model != stepper->model)
            status = recur_fail(error, RECUR_ERROR_ARGUMENT,
                                "session %zu of %zu is one of another model", listed + 1, count);
        else if (session->listed)
            status = recur_fail(error, RECUR_ERROR_ARGUMENT,
                                "session %zu of %zu is in the list twice", listed + 1, count);
        else
            session->listed = true;
    }
    for (size_t i = 0; i < listed; i++)
        if (sessions[i]->model == stepper->model)
            sessions[i]->listed = false;
    return status;
}

enum recur_status recur_stepper_feed_many(recur_stepper *stepper, recur_session *const *sessions,
                                          const int32_t *ids, size_t count, float *logits,
                                          recur_error *error)
{
    size_t width = stepper->model->config.vocabulary;
    RECUR_TRY(check_sessions(stepper, sessions, count, error));
    for (size_t first = 0, some; first < count; first += some) {
        some = count - first < stepper->batch ? count - first : stepper->batch;
        stepper->engine->backend->step(stepper->engine, sessions + first, ids + first, some,
                                       logits ? logits + first * width : NULL);
    }
    return recur_model_check_device(stepper->model, error);
}
