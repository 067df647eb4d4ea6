/* The task classify: which of a text's states the head reads, and the label of a text. */
#include <string.h>

#include "base/rng.h"
#include "task/labeller.h"
#include "task/labeller_kind.h"

static enum recur_status init(struct recur_labeller *l, const struct recur_label_set *set,
                              const struct recur_labeller_room *room, size_t cells,
                              recur_error *error)
{
    (void)set;
    size_t width = recur_labeller_parts(l)->head->inputs,
           states = recur_network_states(&l->model->network);
    RECUR_TRY(recur_labeller_plan(l, recur_labeller_parts(l)->head, room, room->batch, 1, 0,
                                  &l->head, error));
    RECUR_TRY(recur_labeller_alloc(room->batch, width, &l->pooled, error));
    RECUR_TRY(recur_labeller_alloc(room->batch, width, &l->dpooled, error));
    if (l->model->config.pool == RECUR_POOL_FINAL) {
        RECUR_TRY(recur_labeller_alloc(room->batch, states, &l->h_n, error));
        return l->learner ? recur_labeller_alloc(room->batch, states, &l->dh_n, error) : RECUR_OK;
    }
    RECUR_TRY(recur_labeller_alloc(cells, width, &l->y, error));
    return l->learner ? recur_labeller_alloc(cells, width, &l->dy, error) : RECUR_OK;
}

/* Copies between `pooled` (B, W) and the last layer's part of h_n (D, B, H). */
static void exchange_final(const struct recur_labeller *l, float *states, float *pooled,
                           bool gradient)
{
    const struct recur_network *network = &l->model->network;
    size_t width = recur_labeller_parts(l)->head->inputs;
    size_t hidden = network->layer[network->layers - 1].hidden;
    size_t below = recur_network_states(network) - network->directions * hidden;
    bool sums = width < hidden * network->directions;
    if (gradient)
        memset(states, 0, below * l->batch * sizeof *states);
    for (size_t d = 0; d < network->directions; d++)
        for (size_t b = 0; b < l->batch; b++) {
            float *state = states + below * l->batch + (d * l->batch + b) * hidden;
            float *pool = pooled + b * width + (sums ? 0 : d * hidden);
            for (size_t i = 0; i < hidden; i++)
                if (gradient)
                    state[i] = pool[i];
                else
                    pool[i] = (sums && d ? pool[i] : 0) + state[i];
        }
}

/* The mean or the greatest over a text's steps; 0 for an empty text. */
static void pool_steps(const struct recur_labeller *l)
{
    size_t width = recur_labeller_parts(l)->head->inputs;
    bool greatest = l->model->config.pool == RECUR_POOL_MAX;
    memset(l->pooled, 0, l->batch * width * sizeof *l->pooled);
    for (size_t b = 0; b < l->batch; b++) {
        float *pooled = l->pooled + b * width, share = 1 / (float)(l->length[b] ? l->length[b] : 1);
        for (size_t t = 0; t < l->length[b]; t++) {
            const float *y = l->y + (t * l->batch + b) * width;
            for (size_t i = 0; i < width; i++)
                if (!greatest)
                    pooled[i] += y[i] * share;
                else if (!t || y[i] > pooled[i])
                    pooled[i] = y[i];
        }
    }
}

/* The gradient of pool_steps: that of the greatest goes to the first step that had it. */
static void unpool_steps(const struct recur_labeller *l)
{
    size_t width = recur_labeller_parts(l)->head->inputs;
    bool greatest = l->model->config.pool == RECUR_POOL_MAX;
    for (size_t b = 0; b < l->batch; b++) {
        float *d = l->dpooled + b * width, share = 1 / (float)(l->length[b] ? l->length[b] : 1);
        const float *pooled = l->pooled + b * width;
        for (size_t t = 0; t < l->length[b]; t++) {
            size_t at = (t * l->batch + b) * width;
            for (size_t i = 0; i < width; i++) {
                bool takes = greatest && l->y[at + i] == pooled[i];
                l->dy[at + i] = greatest ? (takes ? d[i] : 0) : d[i] * share;
                d[i] = takes ? 0 : d[i];
            }
        }
    }
}

/* Dropout of the last states, which the layers hand on without dropout; the mask is the same
 * forward and backward. */
static void drop(const struct recur_labeller *l, float *pooled, uint64_t minibatch)
{
    const struct recur_network *network = &l->model->network;
    if (!(network->dropout > 0) || !l->h_n)
        return;
    size_t numbers = recur_panels(l->batch * recur_labeller_parts(l)->head->inputs) * RECUR_LANES;
    l->layers->backend->drop(
        l->layers, pooled, numbers,
        recur_mix64(recur_mix64(l->model->config.seed + RECUR_PURPOSE_POOL) + minibatch));
}

static enum recur_status forward_pooled(struct recur_labeller *l, bool drops, uint64_t minibatch,
                                        const int32_t *targets, const recur_stack_output *out,
                                        recur_error *error)
{
    const struct recur_minibatch in = recur_labeller_input(l, drops, minibatch);
    RECUR_TRY(l->layers->backend->forward(l->layers, &in,
                                          &(recur_stack_output){.y = l->y, .h_n = l->h_n}, error));
    if (l->h_n)
        exchange_final(l, l->h_n, l->pooled, false);
    else
        pool_steps(l);
    if (drops)
        drop(l, l->pooled, minibatch);
    const struct recur_minibatch pooled = {
        .input = {.batch = l->batch, .steps = 1, .x = l->pooled, .targets = targets},
        .targets = l->all};
    return l->head->backend->forward(l->head, &pooled, out, error);
}

static enum recur_status learn(struct recur_labeller *l, uint64_t minibatch, double *loss,
                               recur_error *error)
{
    const recur_stack_output out = {.loss = loss};
    const recur_stack_input_gradient wanted = {.dx = l->dpooled};
    RECUR_TRY(forward_pooled(l, true, minibatch, l->targets, &out, error));
    RECUR_TRY(l->head->backend->backward(l->head, NULL, &wanted, error));
    drop(l, l->dpooled, minibatch);
    recur_stack_output_gradient given = {.dy = l->dy, .dh_n = l->dh_n};
    if (l->h_n)
        exchange_final(l, l->dh_n, l->dpooled, true);
    else
        unpool_steps(l);
    return l->layers->backend->backward(l->layers, &given, NULL, error);
}

static enum recur_status predict(struct recur_labeller *l, recur_error *error)
{
    const recur_stack_output out = {.logits = l->logits};
    return forward_pooled(l, false, 0, NULL, &out, error);
}

const struct recur_labeller_kind recur_text_labeller = {
    .init = init, .learn = learn, .predict = predict};
