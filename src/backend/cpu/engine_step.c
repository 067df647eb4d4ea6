/* Steps of sessions: each session takes one row of the batch, and a pass has one step. */
#include <string.h>

#include "backend/cpu/engine.h"
#include "backend/cpu/partition.h"

/* The state holds for each layer h (U, 32), then c (U, 32) where the cell has one. */
size_t recur_cpu_session_bytes(const struct recur_network *network)
{
    size_t panels = 0;
    for (size_t l = 0; l < network->layers; l++)
        panels += network->layer[l].units * (network->cell->has_c ? 2 : 1);
    return panels * RECUR_LANES * sizeof(real);
}

/* Moves the partition's part of the states: from the sessions to the initial rows of the workspace,
 * or back from the rows after the step. */
static void move_states(const struct recur_cpu_engine *engine,
                        const struct recur_partition *partition, bool in)
{
    const struct recur_network *network = engine->pass.network;
    const struct recur_pass *pass = &engine->pass;
    size_t at = 0, first = in ? recur_pass_initial(pass, 0) : recur_pass_after(pass, 0, 0, 0);
    for (size_t l = 0; l < network->layers; l++) {
        const struct recur_stream *stream = recur_workspace_stream(&engine->work, network, l, 0);
        size_t units = network->layer[l].units, end = recur_partition_end(partition, units);
        for (int c = 0; c < (stream->c ? 2 : 1); c++, at += units * RECUR_LANES)
            for (size_t u = recur_partition_begin(partition, units); u < end; u++) {
                real *panel = (c ? stream->c : stream->h) + u * stream->h_stride;
                for (size_t row = partition->first; row < partition->first + partition->sequences;
                     row++) {
                    real *here = panel + (first + row) * RECUR_LANES;
                    real *there = (real *)engine->sessions[row]->state + at + u * RECUR_LANES;
                    memcpy(in ? here : there, in ? there : here, RECUR_LANES * sizeof(real));
                    if (in && !c)
                        recur_pass_changed(pass, here, 1);
                }
            }
    }
}

/* Whether the workspace already has the state of the one session that a step advances. */
static bool holds_state(const struct recur_cpu_engine *engine)
{
    const struct recur_session *session = engine->sessions[0];
    return engine->pass.batch.sequences == 1 && engine->held == session &&
           session->holder == &engine->base;
}

/* Copies the panels that this thread has multiplied to row-major logits. */
static void write_logits(const struct recur_cpu_engine *engine,
                         const struct recur_partition *partition)
{
    const struct recur_workspace *work = &engine->work;
    size_t vocabulary = engine->pass.network->vocabulary, panels = recur_panels(vocabulary);
    for (size_t p = recur_partition_begin(partition, panels);
         p < recur_partition_end(partition, panels); p++)
        for (size_t row = partition->first; row < partition->first + partition->sequences; row++)
            memcpy(engine->logits + row * vocabulary + p * RECUR_LANES,
                   work->logits + p * work->logit_stride + row * RECUR_LANES,
                   recur_panel_width(vocabulary, p) * sizeof(float));
}

/* No thread writes where others still read: in the workspace the states before and after the step
 * have rows of their own, and a session's state is moved by the thread that has its units. */
static void advance(void *argument, size_t thread, size_t threads)
{
    struct recur_cpu_engine *engine = argument;
    struct recur_partition partition;
    (void)threads;
    if (!recur_partition_of(&engine->pass, thread, &partition))
        return;
    if (!holds_state(engine)) {
        move_states(engine, &partition, true);
        recur_partition_wait(&partition);
    }
    recur_pass_forward(&engine->pass, thread);
    move_states(engine, &partition, false);
    if (engine->logits)
        write_logits(engine, &partition);
}

void recur_cpu_step_sessions(struct recur_engine *base, struct recur_session *const *sessions,
                             const int32_t *ids, size_t count, float *logits)
{
    struct recur_cpu_engine *engine = recur_cpu_engine_of(base);
    for (size_t i = 0; i < count; i++) {
        bool known = ids[i] >= 0 && (size_t)ids[i] < engine->pass.network->vocabulary;
        engine->now->ids[i] = known ? ids[i] : RECUR_UNKNOWN;
    }
    engine->now->buffer ^= 1;
    if (engine->sessions != sessions || engine->logits != logits ||
        engine->pass.batch.sequences != count) {
        engine->sessions = sessions;
        engine->logits = logits;
        engine->pass.batch.sequences = count;
        engine->pass.states.buffer = count == 1 ? &engine->now->buffer : NULL;
    }
    recur_cpu_run_tuned(engine, advance, count == 1);
    for (size_t i = 0; i < count; i++)
        if (sessions[i]->holder != base)
            sessions[i]->holder = base;
    struct recur_session *held = count == 1 ? sessions[0] : NULL;
    if (engine->held != held)
        engine->held = held;
}
