/* Steps of many sessions together: each takes a row of the batch, and a pass has one step. */
#include <string.h>

#include "backend/cuda/cuda_engine.h"

/* Sessions of a stepper that are worth a GPU's launches. Not measured. */
enum { LEAST_SESSIONS = 32 };

bool recur_cuda_steps_sessions(const struct recur_engine_plan *plan)
{
    return plan->batch >= LEAST_SESSIONS && plan->model->quantization == RECUR_QUANTIZATION_NONE;
}

/* Moves states between the sessions' blocks, which have for each layer h (U, 32), then c (U, 32),
 * and the host's numbers on their way, (B, U * 32) of each. */
static void move_states(struct recur_cuda_engine *engine, struct recur_session *const *sessions,
                        size_t count, bool in)
{
    float *rows = engine->host;
    size_t at = 0, states = engine->network->cell->has_c ? 2 : 1;
    for (size_t i = 0; i < engine->network->layers * states; i++) {
        size_t bytes = recur_cuda_width(engine, i / states) * sizeof *rows;
        for (size_t b = 0; b < count; b++, rows += bytes / sizeof *rows) {
            unsigned char *state = sessions[b]->state + at;
            memcpy(in ? (void *)rows : state, in ? state : (void *)rows, bytes);
        }
        at += bytes;
    }
}

/* Copies these numbers to the GPU or back; returns the place behind them. */
static float *copy_states(struct recur_cuda_engine *engine, size_t count, bool in)
{
    float *rows = engine->host;
    size_t states = engine->network->cell->has_c ? 2 : 1;
    for (size_t i = 0; i < engine->network->layers * states; i++) {
        recur_cuda_memory last = recur_cuda_side_of(engine, i / states, 0)->last[i % states];
        size_t numbers = count * recur_cuda_width(engine, i / states);
        if (in)
            recur_cuda_upload(engine->queue, last, rows, numbers * sizeof *rows);
        else
            recur_cuda_download(engine->queue, rows, last, numbers * sizeof *rows);
        rows += numbers;
    }
    return rows;
}

/* Whether the GPU already has the states of all of them, from the last step. */
static bool holds_states(const struct recur_cuda_engine *engine,
                         struct recur_session *const *sessions, size_t count)
{
    bool holds = count == engine->held_count;
    for (size_t i = 0; i < count && holds; i++)
        holds = engine->held[i] == sessions[i] && sessions[i]->holder == &engine->base;
    return holds;
}

static void set_rows(struct recur_cuda_engine *engine, const int32_t *ids, size_t count)
{
    recur_lengths_set(&engine->lengths, count, engine->equal, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        bool known = ids[i] >= 0 && (size_t)ids[i] < engine->network->vocabulary;
        engine->ids[i] = known ? ids[i] : RECUR_UNKNOWN;
    }
    recur_cuda_load_rows(engine, engine->ids, NULL, false);
    engine->pass = (struct recur_cuda_pass){.carries = true};
}

void recur_cuda_step_sessions(struct recur_engine *base, struct recur_session *const *sessions,
                              const int32_t *ids, size_t count, float *logits)
{
    struct recur_cuda_engine *engine = recur_cuda_engine_of(base);
    size_t vocabulary = engine->network->outputs, columns = recur_panels(vocabulary) * RECUR_LANES;
    if (recur_cuda_enter(engine->own.cuda, NULL) != RECUR_OK)
        return;
    if (!holds_states(engine, sessions, count)) {
        move_states(engine, sessions, count, true);
        copy_states(engine, count, true);
    }
    set_rows(engine, ids, count);
    recur_cuda_queue_forward(engine);
    float *row = copy_states(engine, count, false);
    if (logits) {
        recur_cuda_queue_logits(engine, 0, count);
        recur_cuda_download(engine->queue, row, engine->logits, count * columns * sizeof *row);
    }
    engine->held_count = 0;
    enum recur_status status = recur_cuda_finish(engine->queue, NULL);
    recur_cuda_leave(engine->own.cuda);
    if (status != RECUR_OK)
        return;
    move_states(engine, sessions, count, false);
    for (size_t i = 0; i < count; i++, row += logits ? columns : 0) {
        if (logits)
            memcpy(logits + i * vocabulary, row, vocabulary * sizeof *row);
        sessions[i]->holder = base;
        engine->held[i] = sessions[i];
    }
    engine->held_count = count;
}
