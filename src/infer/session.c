/* Sessions and what advances them. A session is the state alone; the stepper has the workspace, in
 * which every session takes a row of the batch for one pass of one step. */
#include "recur/session.h"

#include <stdlib.h>
#include <string.h>

#include "backend/cpu/pace.h"
#include "backend/cpu/quantize.h"
#include "backend/cpu/slice.h"
#include "base/clock.h"
#include "base/memory.h"
#include "nn/model_object.h"

/* Rows between which the state of a session that is advanced alone goes to and fro (recur_pass). */
enum { TURNS = 2 };

struct recur_session {
    const recur_model *model;
    bool listed;                 /* among the sessions that a step is checking */
    const recur_stepper *holder; /* whose workspace has the same state; NULL: nobody's */
    _Alignas(
        64) real state[]; /* for each layer: h (U, 32), then c (U, 32) where the cell has one */
};

/* What changes from step to step, together: a line that travels to the team each time. */
struct step {
    size_t turn;   /* of one session alone: where its state goes (recur_pass) */
    int32_t ids[]; /* (B) */
};

/* The team reads what comes first at every step, for which a line of the cache that the caller has
 * written has to travel: it is written only where it changes. */
struct recur_stepper {
    const recur_model *model;
    struct recur_team *team;
    struct recur_team *solo; /* for one session alone, where that is faster: the caller's thread */
    struct recur_grid grids[2];  /* of the team and of one thread */
    struct recur_workspace work; /* T = 1 */
    struct recur_pass pass;
    struct step *now;
    float *row;          /* (V) */
    recur_session *held; /* whose state is in the workspace already, if its holder says so too */

    /* Of the step that is being made. */
    bool alone;
    recur_session *session; /* the only one */
    recur_session *const *sessions;
    float *logits; /* (rows, V) */

    _Alignas(64) struct recur_pace pace; /* of steps of one session; the caller's alone */
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

/* Numbers of a session's state. */
static size_t state_size(const struct recur_network *network)
{
    size_t panels = 0;
    for (size_t l = 0; l < network->layers; l++)
        panels += network->layer[l].units * (network->cell->has_c ? 2 : 1);
    return panels * RECUR_LANES;
}

size_t recur_session_bytes(const recur_model *model)
{
    return sizeof(recur_session) + state_size(&model->network) * sizeof(real);
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
    memset(session->state, 0, state_size(&session->model->network) * sizeof(real));
    session->holder = NULL;
}

enum recur_status recur_session_copy(recur_session *session, const recur_session *from,
                                     recur_error *error)
{
    if (session->model != from->model)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "a session of one model cannot go on in a session of another");
    memmove(session->state, from->state,
            state_size(&session->model->network) * sizeof *session->state);
    session->holder = NULL;
    return RECUR_OK;
}

static enum recur_status plan(recur_stepper *stepper, const recur_model *model, size_t batch,
                              size_t threads, recur_error *error)
{
    const struct recur_work_plan work = {.batch = batch,
                                         .steps = 1,
                                         .rows = recur_size_add(batch, TURNS),
                                         .threads = threads ? threads : recur_team_processors()};
    RECUR_TRY(recur_workspace_plan(&stepper->work, &model->network, &work, error));
    stepper->grids[0] = stepper->work.grid;
    threads = recur_grid_threads(&stepper->grids[0]);
    RECUR_TRY(recur_team_create(threads, &stepper->team, error));
    if (threads > 1) {
        RECUR_TRY(recur_team_create(1, &stepper->solo, error));
        RECUR_TRY(recur_grid_set(&stepper->grids[1], 1, 1, 1, error));
    }
    RECUR_TRY(recur_model_narrow(model, &stepper->work, threads, error));
    RECUR_TRY(recur_block_alloc(
        recur_size_add(sizeof *stepper->now, recur_size_mul(batch, sizeof *stepper->now->ids)),
        "a stepper", &stepper->now, error));
    RECUR_TRY(recur_alloc(model->config.vocabulary, sizeof *stepper->row, "a stepper",
                          &stepper->row, error));
    stepper->model = model;
    stepper->pass.network = &model->network;
    stepper->pass.kernels = model->kernels;
    stepper->pass.work = &stepper->work;
    stepper->pass.parameters = model->parameters;
    stepper->pass.steps = 1;
    stepper->pass.ids = stepper->now->ids;
    stepper->pass.given_states = true;
    stepper->pass.in_place = true;
    recur_stepper_refresh(stepper);
    return RECUR_OK;
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
    enum recur_status status = plan(stepper, model, batch, threads, error);
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
    recur_team_free(stepper->team);
    recur_team_free(stepper->solo);
    recur_grid_free(&stepper->grids[1]);
    if (stepper->alone)
        stepper->work.grid = stepper->grids[0];
    recur_workspace_free(&stepper->work);
    recur_block_free(stepper->now);
    free(stepper->row);
    recur_block_free(stepper);
}

const recur_model *recur_stepper_model(const recur_stepper *stepper)
{
    return stepper->model;
}

void recur_stepper_refresh(recur_stepper *stepper)
{
    bool alone = recur_team_attend(stepper->team, NULL) != RECUR_OK;
    stepper->held = NULL;
    recur_pass_run_prepare(&stepper->pass, alone ? stepper->solo : stepper->team, false);
}

/* The slice's part of the states, from the sessions to the initial rows of the workspace or from
 * those after the step back. */
static void move_states(const recur_stepper *stepper, const struct recur_slice *slice, bool in)
{
    const struct recur_network *network = stepper->pass.network;
    const struct recur_pass *pass = &stepper->pass;
    size_t at = 0, first = in ? recur_pass_initial(pass, 0) : recur_pass_after(pass, 0, 0, 0);
    for (size_t l = 0; l < network->layers; l++) {
        const struct recur_stream *stream = recur_workspace_stream(&stepper->work, network, l, 0);
        size_t units = network->layer[l].units, end = recur_slice_end(slice, units);
        for (int c = 0; c < (stream->c ? 2 : 1); c++, at += units * RECUR_LANES)
            for (size_t u = recur_slice_begin(slice, units); u < end; u++) {
                real *panel = (c ? stream->c : stream->h) + u * stream->h_stride;
                for (size_t row = slice->row; row < slice->row + slice->rows; row++) {
                    real *here = panel + (first + row) * RECUR_LANES;
                    real *there = stepper->sessions[row]->state + at + u * RECUR_LANES;
                    memcpy(in ? here : there, in ? there : here, RECUR_LANES * sizeof(real));
                    if (in && !c)
                        recur_pass_changed(pass, here, 1);
                }
            }
    }
}

/* Whether the workspace has the state of the one session that a step is to advance. */
static bool holds_state(const recur_stepper *stepper)
{
    const recur_session *session = stepper->sessions[0];
    return stepper->pass.rows == 1 && stepper->held == session && session->holder == stepper;
}

/* From panels to rows: those panels that this thread has multiplied. */
static void write_logits(const recur_stepper *stepper, const struct recur_slice *slice)
{
    const struct recur_workspace *work = &stepper->work;
    size_t vocabulary = stepper->pass.network->vocabulary, panels = recur_panels(vocabulary);
    for (size_t p = recur_slice_begin(slice, panels); p < recur_slice_end(slice, panels); p++)
        for (size_t row = slice->row; row < slice->row + slice->rows; row++)
            memcpy(stepper->logits + row * vocabulary + p * RECUR_LANES,
                   work->logits + p * work->logit_stride + row * RECUR_LANES,
                   recur_panel_width(vocabulary, p) * sizeof(float));
}

/* Nobody writes where others still read: in the workspace states before and after the step have
 * rows of their own, and a session's state is moved by the thread that has its units. */
static void advance(void *argument, size_t thread, size_t threads)
{
    recur_stepper *stepper = argument;
    struct recur_slice slice;
    (void)threads;
    if (!recur_slice_of(&stepper->pass, thread, &slice))
        return;
    if (!holds_state(stepper)) {
        move_states(stepper, &slice, true);
        recur_slice_wait(&slice);
    }
    recur_pass_forward(&stepper->pass, thread);
    move_states(stepper, &slice, false);
    if (stepper->logits)
        write_logits(stepper, &slice);
}

/* One session is little work: on all threads or on one, whichever is faster. */
static void run(recur_stepper *stepper)
{
    bool paced = stepper->solo && stepper->pass.rows == 1;
    bool alone = paced && recur_pace_alone(&stepper->pace);
    if (!alone && recur_team_attend(stepper->team, NULL) != RECUR_OK)
        alone = true; /* in a child that may start no threads */
    double start = paced ? recur_clock() : 0;
    if (alone != stepper->alone) {
        stepper->alone = alone;
        stepper->work.grid = stepper->grids[alone];
    }
    recur_team_run(alone ? stepper->solo : stepper->team, advance, stepper);
    if (paced)
        recur_pace_took(&stepper->pace, recur_clock() - start);
}

/* `count` is at most B. */
static void step(recur_stepper *stepper, recur_session *const *sessions, const int32_t *ids,
                 size_t count, float *logits)
{
    for (size_t i = 0; i < count; i++) {
        bool known = ids[i] >= 0 && (size_t)ids[i] < stepper->pass.network->vocabulary;
        stepper->now->ids[i] = known ? ids[i] : RECUR_UNKNOWN;
    }
    stepper->now->turn ^= 1;
    if (stepper->sessions != sessions || stepper->logits != logits || stepper->pass.rows != count) {
        stepper->sessions = sessions;
        stepper->logits = logits;
        stepper->pass.rows = count;
        stepper->pass.turn = count == 1 ? &stepper->now->turn : NULL;
    }
    run(stepper);
    for (size_t i = 0; i < count; i++)
        if (sessions[i]->holder != stepper)
            sessions[i]->holder = stepper;
    recur_session *held = count == 1 ? sessions[0] : NULL;
    if (stepper->held != held)
        stepper->held = held;
}

const float *recur_stepper_feed(recur_stepper *stepper, recur_session *session, int32_t id)
{
    if (session->model != stepper->model)
        return NULL;
    if (stepper->session != session)
        stepper->session = session;
    step(stepper, &stepper->session, &id, 1, stepper->row);
    return stepper->row;
}

/* A session that stands in the list twice would be advanced by two threads at once. */
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
    size_t width = stepper->pass.network->vocabulary;
    RECUR_TRY(check_sessions(stepper, sessions, count, error));
    for (size_t first = 0; first < count; first += stepper->work.batch) {
        size_t left = count - first;
        step(stepper, sessions + first, ids + first,
             left < stepper->work.batch ? left : stepper->work.batch,
             logits ? logits + first * width : NULL);
    }
    return RECUR_OK;
}
