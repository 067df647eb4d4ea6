/* Gates of a layer's units, computed from the states of the layer below and of the layer itself. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/model_object.h"
#include "recur/features.h"

enum { CHUNK = 16 /* tokens that are computed together */ };

/* What is known of a layer, and what is made of it. */
struct work {
    const recur_model *model;
    const recur_corpus *corpus;
    enum recur_cell cell;
    size_t products, gates;       /* of the cell: G, and how many are written for each unit */
    size_t tokens, inputs, units; /* T; I, 0 where a token is a column of the weights; H */
    float *below, *own;           /* (T, I), (T, H) */
    float *weight_ih, *weight_hh; /* (G * H, I or V), (G * H, H) */
    float *bias_ih, *bias_hh;     /* (G * H) */
    float *gain_ih, *gain_hh;     /* of layer normalisation; NULL: the cell has none */
    float *sums[2];               /* (G * H, CHUNK): both products, where they are normalised */
    float *x, *h;                 /* (I, CHUNK), (H, CHUNK): what the tokens of a chunk read */
    int32_t ids[CHUNK];
    float *out; /* (T, gates, H) */
};

static const char *const names[][6] = {
    [RECUR_CELL_GRU] = {"r", "z", "n"},
    [RECUR_CELL_GRU_RESET_BEFORE] = {"r", "z", "n"},
    [RECUR_CELL_LSTM] = {"i", "f", "g", "o", "c"},
    [RECUR_CELL_LN_LSTM] = {"i", "f", "g", "o", "c"},
    [RECUR_CELL_LN_GRU] = {"r", "z", "n"},
};

const char *recur_gate_name(enum recur_cell cell, size_t gate)
{
    bool known =
        (unsigned)cell < sizeof names / sizeof *names && gate < sizeof *names / sizeof **names;
    return known ? names[cell][gate] : NULL;
}

/* Rows of states as they come. */
struct rows {
    float *values;
    size_t width, count;
};

static enum recur_status take(void *user, const float *values, size_t count, recur_error *error)
{
    struct rows *rows = user;
    (void)error;
    memcpy(rows->values + rows->count * rows->width, values, count * rows->width * sizeof *values);
    rows->count += count;
    return RECUR_OK;
}

static enum recur_status read_states(const struct work *work, size_t layer, size_t threads,
                                     float **states, recur_error *error)
{
    struct rows rows = {.width = recur_features_width(work->model, layer)};
    RECUR_TRY(recur_alloc(recur_size_mul(work->tokens, rows.width), sizeof(float), "states", states,
                          error));
    rows.values = *states;
    return recur_features(work->model, work->corpus, layer, threads, take, &rows, error);
}

/* A tensor, row-major; zeros where there is none. */
static enum recur_status unpack(const struct work *work, size_t index, size_t numbers,
                                float **values, recur_error *error)
{
    const struct recur_network *network = &work->model->network;
    bool there = index != RECUR_NO_TENSOR;
    const struct recur_param *param = there ? recur_network_param(network, index) : NULL;
    RECUR_TRY(recur_alloc(there ? param->rows * param->columns : numbers, sizeof(float), "weights",
                          values, error));
    if (there)
        recur_model_get_tensor(work->model, index, *values);
    return RECUR_OK;
}

/* The rows of the embedding that layer 0 reads. */
static enum recur_status embed(struct work *work, recur_error *error)
{
    float *table;
    RECUR_TRY(unpack(work, work->model->network.embedding_weight, 0, &table, error));
    enum recur_status status = recur_alloc(recur_size_mul(work->tokens, work->inputs),
                                           sizeof(float), "a text", &work->below, error);
    for (size_t t = 0; status == RECUR_OK && t < work->tokens; t++) {
        int32_t id;
        recur_corpus_read(work->corpus, t, 1, &id);
        memcpy(work->below + t * work->inputs, table + (size_t)id * work->inputs,
               work->inputs * sizeof *table);
    }
    free(table);
    return status;
}

static enum recur_status collect(struct work *work, size_t layer, size_t threads,
                                 recur_error *error)
{
    const struct recur_network *network = &work->model->network;
    const struct recur_direction *direction = &network->layer[layer].direction[0];
    size_t rows = work->products * work->units;
    RECUR_TRY(read_states(work, layer, threads, &work->own, error));
    if (layer > 0) {
        work->inputs = network->layer[layer - 1].hidden;
        RECUR_TRY(read_states(work, layer - 1, threads, &work->below, error));
    } else if (network->embedding) {
        work->inputs = network->embedding;
        RECUR_TRY(embed(work, error));
    }
    RECUR_TRY(unpack(work, direction->weight_ih, 0, &work->weight_ih, error));
    RECUR_TRY(unpack(work, direction->weight_hh, 0, &work->weight_hh, error));
    RECUR_TRY(unpack(work, direction->bias_ih, rows, &work->bias_ih, error));
    RECUR_TRY(unpack(work, direction->bias_hh, rows, &work->bias_hh, error));
    for (int i = 0; i < 2 && direction->gain_ih != RECUR_NO_TENSOR; i++) {
        RECUR_TRY(unpack(work, i ? direction->gain_hh : direction->gain_ih, 0,
                         i ? &work->gain_hh : &work->gain_ih, error));
        RECUR_TRY(recur_alloc(recur_size_mul(rows, CHUNK), sizeof(float), "products",
                              &work->sums[i], error));
    }
    RECUR_TRY(
        recur_alloc(recur_size_mul(work->inputs, CHUNK), sizeof(float), "a text", &work->x, error));
    return recur_alloc(recur_size_mul(work->units, CHUNK), sizeof(float), "states", &work->h,
                       error);
}

/* Makes columns of the rows before tokens first + shift, ...; zeros before the first row. */
static void turn(const float *rows, size_t width, size_t first, size_t count, bool before,
                 float *columns)
{
    for (size_t t = 0; t < count; t++) {
        const float *row = before && first + t == 0 ? NULL : rows + (first + t - before) * width;
        for (size_t i = 0; i < width; i++)
            columns[i * CHUNK + t] = row ? row[i] : 0;
    }
}

/* Adds a row of weights times columns. */
static void multiply(const float *weights, size_t depth, const float *columns, float sums[CHUNK])
{
    for (size_t k = 0; k < depth; k++)
        for (size_t t = 0; t < CHUNK; t++)
            sums[t] += weights[k] * columns[k * CHUNK + t];
}

static float squash(size_t gate, float sum)
{
    return gate == 2 ? tanhf(sum) : 1 / (1 + expf(-sum)); /* g of lstm and n of gru are gate 2 */
}

/* Both products of row `row` of the weights for a chunk's tokens, with the biases unless they are
 * to be normalised. */
static void sum(const struct work *work, size_t row, size_t count, float input[CHUNK],
                float recurrent[CHUNK])
{
    size_t V = work->model->config.vocabulary;
    for (size_t t = 0; t < CHUNK; t++) {
        bool looks_up = !work->inputs && t < count;
        input[t] = (work->gain_ih ? 0 : work->bias_ih[row]) +
                   (looks_up ? work->weight_ih[row * V + (size_t)work->ids[t]] : 0);
        recurrent[t] = work->gain_ih ? 0 : work->bias_hh[row];
    }
    multiply(work->weight_ih + row * work->inputs, work->inputs, work->x, input);
    multiply(work->weight_hh + row * work->units, work->units, work->h, recurrent);
}

/* Layer normalisation (Ba, Kiros & Hinton 2016, equation 4) of `gates` gates of a product,
 * together, token by token. */
static void normalise(const struct work *work, float *sums, const float *gain, const float *bias,
                      size_t gate, size_t gates)
{
    size_t begin = gate * work->units, end = begin + gates * work->units;
    for (size_t t = 0; t < CHUNK; t++) {
        double mean = 0, square = 0;
        for (size_t row = begin; row < end; row++)
            mean += (double)sums[row * CHUNK + t] / (double)(end - begin);
        for (size_t row = begin; row < end; row++)
            square += pow((double)sums[row * CHUNK + t] - mean, 2) / (double)(end - begin);
        for (size_t row = begin; row < end; row++) {
            double x = ((double)sums[row * CHUNK + t] - mean) / sqrt(square + 1e-5);
            sums[row * CHUNK + t] = (float)((double)gain[row] * x + (double)bias[row]);
        }
    }
}

/* Both products of all gates, normalised line by line; c, the last line, is none of them. */
static void sum_all(const struct work *work, size_t count)
{
    const struct recur_cell_kind *cell = work->model->network.cell;
    for (size_t row = 0; row < work->products * work->units; row++)
        sum(work, row, count, work->sums[0] + row * CHUNK, work->sums[1] + row * CHUNK);
    for (unsigned k = 0; k < cell->lines && cell->line[k].first < cell->slots; k++) {
        bool recurrent = cell->line[k].first >= cell->gates;
        size_t gate = cell->line[k].first % cell->gates;
        normalise(work, work->sums[recurrent], recurrent ? work->gain_hh : work->gain_ih,
                  recurrent ? work->bias_hh : work->bias_ih, gate, cell->line[k].slots);
    }
}

/* The numbers of gate `gate` of unit `j` for a chunk's tokens. */
static void compute(const struct work *work, size_t gate, size_t j, size_t first, size_t count)
{
    size_t row = gate * work->units + j, all = work->gates * work->units;
    bool resets = (work->cell == RECUR_CELL_GRU || work->cell == RECUR_CELL_LN_GRU) && gate == 2;
    float input[CHUNK], recurrent[CHUNK];
    if (work->gain_ih) {
        memcpy(input, work->sums[0] + row * CHUNK, sizeof input);
        memcpy(recurrent, work->sums[1] + row * CHUNK, sizeof recurrent);
    } else {
        sum(work, row, count, input, recurrent);
    }
    for (size_t t = 0; t < count; t++) {
        float *out = work->out + (first + t) * all + j;
        out[gate * work->units] =
            squash(gate, input[t] + (resets ? out[0] * recurrent[t] : recurrent[t]));
    }
}

/* Puts r * h' in the place of h', for the candidate of gru-reset-before. */
static void reset(const struct work *work, size_t first, size_t count)
{
    for (size_t t = 0; t < count; t++)
        for (size_t j = 0; j < work->units; j++)
            work->h[j * CHUNK + t] *= work->out[(first + t) * work->gates * work->units + j];
}

/* c = f * c' + i * g */
static void keep_cells(const struct work *work)
{
    size_t H = work->units;
    for (size_t t = 0; t < work->tokens; t++) {
        float *now = work->out + t * work->gates * H;
        const float *before = t ? now - work->gates * H : NULL;
        for (size_t j = 0; j < H; j++)
            now[4 * H + j] =
                (before ? now[H + j] * before[4 * H + j] : 0) + now[j] * now[2 * H + j];
    }
}

static void compute_all(struct work *work)
{
    for (size_t first = 0, count; first < work->tokens; first += count) {
        count = work->tokens - first < CHUNK ? work->tokens - first : CHUNK;
        recur_corpus_read(work->corpus, first, count, work->ids);
        if (work->inputs)
            turn(work->below, work->inputs, first, count, false, work->x);
        turn(work->own, work->units, first, count, true, work->h);
        if (work->gain_ih)
            sum_all(work, count);
        for (size_t gate = 0; gate < work->products; gate++) {
            if (work->cell == RECUR_CELL_GRU_RESET_BEFORE && gate == 2)
                reset(work, first, count);
            for (size_t j = 0; j < work->units; j++)
                compute(work, gate, j, first, count);
        }
    }
    if (work->gates > work->products)
        keep_cells(work);
}

static enum recur_status check(const recur_model *model, size_t layer, recur_error *error)
{
    if (model->config.bidirectional)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "the gates of a bidirectional model cannot be shown, only its states");
    if (!recur_gate_name(model->config.cell, 0))
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED, "the cell %s has no gates",
                          recur_cell_name(model->config.cell));
    if (layer >= model->config.layers)
        return recur_fail(error, RECUR_ERROR_ARGUMENT, "there is no layer %zu, the model has %zu",
                          recur_size_add(layer, 1), model->config.layers);
    return RECUR_OK;
}

enum recur_status recur_gates(const recur_model *model, const recur_corpus *corpus, size_t layer,
                              size_t threads, float *gates, recur_error *error)
{
    RECUR_TRY(recur_model_check_tokens(model, error));
    RECUR_TRY(check(model, layer, error));
    struct work work = {.model = model,
                        .corpus = corpus,
                        .cell = model->config.cell,
                        .products = model->network.cell->gates,
                        .tokens = recur_corpus_size(corpus),
                        .units = model->network.layer[layer].hidden,
                        .out = gates};
    while (recur_gate_name(work.cell, work.gates))
        work.gates++;
    enum recur_status status = collect(&work, layer, threads, error);
    if (status == RECUR_OK)
        compute_all(&work);
    free(work.below);
    free(work.own);
    free(work.weight_ih);
    free(work.weight_hh);
    free(work.bias_ih);
    free(work.bias_hh);
    free(work.gain_ih);
    free(work.gain_hh);
    free(work.sums[0]);
    free(work.sums[1]);
    free(work.x);
    free(work.h);
    return status;
}
