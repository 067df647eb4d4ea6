/* What a small network computes, number by number in double precision and straight from the
 * equations (docs/math.md), to hold the library against. Include cmocka first. */
#ifndef RECUR_TESTS_PLAIN_NETWORK_H
#define RECUR_TESTS_PLAIN_NETWORK_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recur/model.h"

/* At most: the width of a layer, of what a layer reads, and of a vocabulary; gates; layers; time
 * steps. */
enum { WIDEST = 3, READ_MOST = 2 * WIDEST, GATES_MOST = 4, LAYERS_MOST = 3, STEPS_MOST = 6 };

struct plain_layer {
    size_t inputs, hidden, gates;
    float w_ih[GATES_MOST * WIDEST * READ_MOST], w_hh[GATES_MOST * WIDEST * WIDEST];
    float b_ih[GATES_MOST * WIDEST], b_hh[GATES_MOST * WIDEST];
    float g_ih[GATES_MOST * WIDEST], g_hh[GATES_MOST * WIDEST], g_c[WIDEST], b_c[WIDEST];
};

struct plain_output {
    double y[STEPS_MOST][READ_MOST], logits[STEPS_MOST][READ_MOST];
};

/* Copies the tensor; returns its rows. */
static inline size_t plain_tensor(const recur_model *model, const char *name, float *values,
                                  size_t room, size_t *columns)
{
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        recur_tensor_info info = recur_model_tensor(model, i);
        if (strcmp(info.name, name) != 0)
            continue;
        assert_in_range(info.shape[0] * info.shape[1], 1, room);
        recur_model_get_tensor(model, i, values);
        if (columns)
            *columns = info.shape[1];
        return info.shape[0];
    }
    return 0;
}

/* The tensor rnn.NAME of a layer's direction; a cell may lack it. Returns its rows. */
static inline size_t plain_read_one(const recur_model *model, const char *name, size_t l, size_t d,
                                    float *values, size_t room, size_t *columns)
{
    char full[64];
    snprintf(full, sizeof full, "rnn.%s_l%zu%s", name, l, d ? "_reverse" : "");
    return plain_tensor(model, full, values, room / sizeof *values, columns);
}

#define PLAIN_READ(name, field, columns)                                                           \
    plain_read_one(model, name, l, d, layer->field, sizeof layer->field, columns)

static inline void plain_read(const recur_model *model, size_t l, size_t d,
                              struct plain_layer *layer)
{
    memset(layer, 0, sizeof *layer);
    size_t rows = PLAIN_READ("weight_ih", w_ih, &layer->inputs);
    PLAIN_READ("weight_hh", w_hh, &layer->hidden);
    PLAIN_READ("bias_ih", b_ih, NULL);
    PLAIN_READ("bias_hh", b_hh, NULL);
    PLAIN_READ("gain_ih", g_ih, NULL);
    PLAIN_READ("gain_hh", g_hh, NULL);
    PLAIN_READ("gain_c", g_c, NULL);
    PLAIN_READ("bias_c", b_c, NULL);
    layer->gates = rows / layer->hidden;
}

static inline double plain_dot(const float *w, const double *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)w[i] * x[i];
    return sum;
}

static inline double plain_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static inline double plain_activate(enum recur_activation activation, double x)
{
    return activation == RECUR_ACTIVATION_TANH   ? tanh(x)
           : activation == RECUR_ACTIVATION_RELU ? fmax(x, 0)
                                                 : plain_sigmoid(x);
}

/* Layer normalisation: gain (x - mean) / sqrt(variance + 1e-5). */
static inline void plain_normalise(double *x, const float *gain, size_t count)
{
    double mean = 0, variance = 0;
    for (size_t i = 0; i < count; i++)
        mean += x[i] / (double)count;
    for (size_t i = 0; i < count; i++)
        variance += (x[i] - mean) * (x[i] - mean) / (double)count;
    for (size_t i = 0; i < count; i++)
        x[i] = (double)gain[i] * (x[i] - mean) / sqrt(variance + 1e-5);
}

/* The products of a cell with layer normalisation: all gates together, or r with z and n. */
static inline void plain_normalise_gates(double *x, const float *gain, enum recur_cell cell,
                                         size_t hidden)
{
    size_t first = (cell == RECUR_CELL_LN_GRU ? 2 : 4) * hidden;
    plain_normalise(x, gain, first);
    if (cell == RECUR_CELL_LN_GRU)
        plain_normalise(x + first, gain + first, hidden);
}

/* One step of one direction: h and c become the next ones. a = W_ih x + b_ih, q = W_hh h + b_hh. */
static inline void plain_step(const struct plain_layer *layer, const recur_model_config *config,
                              const double *x, double *h, double *c)
{
    double a[GATES_MOST * WIDEST], q[GATES_MOST * WIDEST], reset[WIDEST], y[WIDEST] = {0};
    size_t H = layer->hidden;
    for (size_t row = 0; row < layer->gates * H; row++) {
        a[row] = plain_dot(layer->w_ih + row * layer->inputs, x, layer->inputs);
        q[row] = plain_dot(layer->w_hh + row * H, h, H);
    }
    bool normalises = config->cell == RECUR_CELL_LN_LSTM || config->cell == RECUR_CELL_LN_GRU;
    if (normalises) {
        plain_normalise_gates(a, layer->g_ih, config->cell, H);
        plain_normalise_gates(q, layer->g_hh, config->cell, H);
    }
    for (size_t row = 0; row < layer->gates * H; row++) {
        a[row] += (double)layer->b_ih[row];
        q[row] += (double)layer->b_hh[row];
    }
    for (size_t i = 0; i < H; i++)
        reset[i] = plain_sigmoid(a[i] + q[i]) * h[i];
    for (size_t row = 2 * H; row < 3 * H && config->cell == RECUR_CELL_GRU_RESET_BEFORE; row++)
        q[row] = plain_dot(layer->w_hh + row * H, reset, H) + (double)layer->b_hh[row];
    for (size_t i = 0; i < H; i++) {
        size_t second = H + i, third = 2 * H + i, fourth = 3 * H + i;
        if (config->cell == RECUR_CELL_RNN) {
            h[i] = plain_activate(config->activation, a[i] + q[i]);
        } else if (config->cell == RECUR_CELL_LSTM || config->cell == RECUR_CELL_LN_LSTM) {
            c[i] = plain_sigmoid(a[second] + q[second]) * c[i] + /* i f g o */
                   plain_sigmoid(a[i] + q[i]) * tanh(a[third] + q[third]);
            y[i] = c[i];
            h[i] = plain_sigmoid(a[fourth] + q[fourth]);
        } else { /* r z n */
            double z = plain_sigmoid(a[second] + q[second]), r = 1;
            if (config->cell != RECUR_CELL_GRU_RESET_BEFORE)
                r = plain_sigmoid(a[i] + q[i]);
            h[i] = (1 - z) * tanh(a[third] + r * q[third]) + z * h[i];
        }
    }
    if (config->cell == RECUR_CELL_LN_LSTM)
        plain_normalise(y, layer->g_c, H);
    for (size_t i = 0; i < H && layer->gates == 4; i++)
        h[i] *= tanh(y[i] + (double)layer->b_c[i]);
}

/* [d][t + 1]: the state of direction d after step t; those at 0 and steps + 1 are the first. */
typedef double plain_states[2][STEPS_MOST + 2][WIDEST];

static inline void plain_walk(const struct plain_layer *layer, const recur_model_config *config,
                              size_t d, size_t steps, double x[][READ_MOST], plain_states out)
{
    double h[WIDEST] = {0}, c[WIDEST] = {0};
    for (size_t i = 0; i < steps; i++) {
        size_t t = d ? steps - 1 - i : i;
        plain_step(layer, config, x[t], h, c);
        memcpy(out[d][t + 1], h, sizeof h);
    }
}

/* What stands above both directions at step t, side by side or summed; `around`, for filling in:
 * the states before and behind the step. */
static inline void plain_merge(const recur_model_config *config, plain_states states, size_t hidden,
                               size_t t, bool around, double *to)
{
    const double *forward = states[0][around ? t : t + 1];
    const double *backward = states[1][around ? t + 2 : t + 1];
    bool sum = config->bidirectional && config->merge == RECUR_MERGE_SUM;
    for (size_t i = 0; i < hidden; i++) {
        to[i] = forward[i] + (sum ? backward[i] : 0);
        if (config->bidirectional && !sum)
            to[hidden + i] = backward[i];
    }
}

/* What layer 0 reads. */
static inline void plain_input(const recur_model *model, const int32_t *ids, const float *numbers,
                               size_t steps, double x[][READ_MOST])
{
    const recur_model_config *config = recur_model_get_config(model);
    float table[READ_MOST * WIDEST];
    size_t E = config->embedding;
    plain_tensor(model, "embedding.weight", table, sizeof table / sizeof *table, NULL);
    memset(x, 0, STEPS_MOST * sizeof *x);
    for (size_t t = 0; t < steps; t++) {
        for (size_t i = 0; i < config->inputs; i++)
            x[t][i] = (double)numbers[t * config->inputs + i];
        for (size_t i = 0; i < E; i++)
            x[t][i] = (double)table[(size_t)ids[t] * E + i];
        if (!config->inputs && !E)
            x[t][ids[t]] = 1;
    }
}

/* A sequence of `steps` ids, or of `steps` times I numbers, from a zero state. */
static inline void plain_forward(const recur_model *model, const int32_t *ids, const float *numbers,
                                 size_t steps, struct plain_output *output)
{
    const recur_model_config *config = recur_model_get_config(model);
    bool fills = config->task == RECUR_TASK_FILL;
    double x[2][STEPS_MOST][READ_MOST];
    plain_states states;
    struct plain_layer layer;
    plain_input(model, ids, numbers, steps, x[0]);
    memcpy(x[1], x[0], sizeof x[0]);
    for (size_t l = 0; l < config->layers; l++) {
        size_t H = config->hidden[l];
        memset(states, 0, sizeof states);
        for (size_t d = 0; d <= config->bidirectional; d++) {
            plain_read(model, l, d, &layer);
            plain_walk(&layer, config, d, steps, x[d], states);
        }
        for (size_t t = 0; t < steps; t++) {
            plain_merge(config, states, H, t, fills, output->y[t]);
            for (size_t d = 0; d < 2; d++)
                if (fills) /* each direction is a stack of its own */
                    memcpy(x[d][t], states[d][t + 1], sizeof states[d][t]);
                else
                    plain_merge(config, states, H, t, false, x[d][t]);
        }
    }
    float w[READ_MOST * READ_MOST], b[READ_MOST];
    size_t width;
    size_t V = plain_tensor(model, "linear.weight", w, sizeof w / sizeof *w, &width);
    plain_tensor(model, "linear.bias", b, sizeof b / sizeof *b, NULL);
    for (size_t t = 0; t < steps; t++)
        for (size_t v = 0; v < V; v++)
            output->logits[t][v] = plain_dot(w + v * width, output->y[t], width) + (double)b[v];
}

#endif
