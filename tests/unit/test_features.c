/* Features against one pass over the whole text, and the files they go to. */
#define _GNU_SOURCE /* mkdtemp, dirfd */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/cpu/pass.h"
#include "io/safetensors.h"
#include "nn/model_object.h"
#include "recur/features.h"
#include "scratch.h"

enum { VOCABULARY = 21, TOKENS_MAX = 700, WIDTH_MAX = 80 };

static recur_model *make_model(enum recur_task task, bool bidirectional)
{
    static const size_t hidden[] = {40, 9};
    recur_model *model;
    recur_model_config config = recur_model_config_default();
    config.task = task;
    config.cell = RECUR_CELL_GRU;
    config.bidirectional = bidirectional;
    config.layers = 2;
    config.hidden = hidden;
    config.vocabulary = VOCABULARY;
    config.dropout = 0.5f; /* of training alone */
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

static recur_corpus *make_corpus(int32_t *ids, size_t tokens)
{
    recur_corpus *corpus;
    for (size_t i = 0; i < tokens; i++)
        ids[i] = (int32_t)((i * i + 3 * i) % VOCABULARY);
    assert_int_equal(recur_corpus_from_ids(ids, tokens, VOCABULARY, &corpus, NULL), RECUR_OK);
    return corpus;
}

struct rows {
    float values[TOKENS_MAX * WIDTH_MAX];
    size_t width, count, stop;
};

static enum recur_status collect(void *user, const float *values, size_t count, recur_error *error)
{
    struct rows *rows = user;
    (void)error;
    assert_in_range(rows->count + count, 1, TOKENS_MAX);
    memcpy(rows->values + rows->count * rows->width, values, count * rows->width * sizeof *values);
    rows->count += count;
    return rows->stop && rows->count >= rows->stop ? RECUR_ERROR_DATA : RECUR_OK;
}

static struct rows *get_rows(const recur_model *model, const recur_corpus *corpus, size_t layer,
                             size_t threads)
{
    static struct rows rows;
    memset(&rows, 0, sizeof rows);
    rows.width = recur_features_width(model, layer);
    assert_int_equal(recur_features(model, corpus, layer, threads, collect, &rows, NULL), RECUR_OK);
    return &rows;
}

static void check(const recur_model *model, size_t tokens, size_t layer, double tolerance)
{
    int32_t ids[TOKENS_MAX];
    struct recur_workspace work;
    recur_corpus *corpus = make_corpus(ids, tokens);
    const struct rows *rows = get_rows(model, corpus, layer, 2);
    const struct recur_network *network = &model->network;
    size_t hidden = network->layer[layer].hidden;
    assert_int_equal(rows->count, tokens);
    assert_int_equal(rows->width, hidden * network->directions);
    assert_int_equal(recur_workspace_init(&work, network, 1, tokens, false, 1, NULL), RECUR_OK);
    struct recur_pass pass = {.network = network,
                              .kernels = model->kernels,
                              .work = &work,
                              .parameters = model->parameters,
                              .batch.steps = tokens,
                              .batch.ids = ids};
    recur_pass_prepare(&pass, false);
    recur_pass_forward(&pass, 0);
    for (size_t t = 0; t < tokens; t++)
        for (size_t i = 0; i < rows->width; i++) {
            size_t d = i / hidden, u = i % hidden;
            const struct recur_stream *stream = recur_workspace_stream(&work, network, layer, d);
            double wanted =
                (double)stream->h[u / RECUR_LANES * stream->h_stride +
                                  recur_pass_after(&pass, d, t, 0) * RECUR_LANES + u % RECUR_LANES];
            double got = (double)rows->values[t * rows->width + i];
            if (!(fabs(got - wanted) <= tolerance))
                fail_msg("%zu tokens, layer %zu, [%zu][%zu]: %g, expected %g", tokens, layer, t, i,
                         got, wanted);
        }
    recur_workspace_free(&work);
    recur_corpus_free(corpus);
}

/* The state goes on from pass to pass. */
static void one_direction(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 2, 255, 256, 257, TOKENS_MAX};
    for (int task = RECUR_TASK_LM; task <= RECUR_TASK_FILL; task++) {
        recur_model *model = make_model((enum recur_task)task, false);
        for (size_t i = 0; i < 2 * sizeof lengths / sizeof *lengths; i++)
            check(model, lengths[i / 2], i % 2, 0);
        recur_model_free(model);
    }
}

/* Texts of one window, and longer ones: what a window leaves out is far away. */
static void both_directions(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 127, 128, 129, 256, 257, 384, TOKENS_MAX};
    for (int task = RECUR_TASK_LM; task <= RECUR_TASK_FILL; task++) {
        recur_model *model = make_model((enum recur_task)task, true);
        for (size_t i = 0; i < 2 * sizeof lengths / sizeof *lengths; i++)
            check(model, lengths[i / 2], i % 2, lengths[i / 2] <= 256 ? 1e-6 : 1e-5);
        recur_model_free(model);
    }
}

static void files(void **state)
{
    int32_t ids[300];
    recur_model *model = make_model(RECUR_TASK_LM, true);
    recur_corpus *corpus = make_corpus(ids, 300);
    const struct rows *rows = get_rows(model, corpus, 1, 1);
    size_t size, bytes = 300 * 18 * sizeof(float);
    const char *npy = scratch_path(*state, "features.npy");
    assert_int_equal(recur_features_save(model, corpus, 1, 3, npy, NULL), RECUR_OK);
    unsigned char *data = scratch_read(npy, &size);
    static const char head[] = "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, "
                               "'shape': (300, 18), }  ";
    assert_int_equal(size, 128 + bytes);
    assert_memory_equal(data, head, sizeof head - 1);
    assert_int_equal(data[127], '\n');
    assert_memory_equal(data + 128, rows->values, bytes); /* little-endian machines */
    free(data);

    struct recur_safetensors file;
    const char *path = scratch_path(*state, "features.safetensors");
    assert_int_equal(recur_features_save(model, corpus, 1, 1, path, NULL), RECUR_OK);
    assert_int_equal(recur_safetensors_load(path, &file, NULL), RECUR_OK);
    const struct recur_safetensor *tensor = recur_safetensors_find(&file, "features");
    assert_non_null(tensor);
    assert_int_equal(file.count, 1);
    assert_int_equal(tensor->rank, 2);
    assert_int_equal(tensor->shape[0], 300);
    assert_int_equal(tensor->shape[1], 18);
    assert_memory_equal(file.data, rows->values, bytes);
    recur_safetensors_free(&file);
    recur_corpus_free(corpus);
    recur_model_free(model);
}

static void refuses(void **state)
{
    static struct rows rows = {.width = 40, .stop = 256};
    static const char *const paths[] = {"features.txt", ".npy", ""};
    int32_t ids[400];
    recur_error error;
    recur_corpus *other;
    recur_model *model = make_model(RECUR_TASK_LM, false);
    recur_corpus *corpus = make_corpus(ids, 400);
    assert_int_equal(recur_features_width(model, 2), 0);
    assert_int_equal(recur_features(model, corpus, 2, 1, collect, &rows, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "there is no layer 3, the model has 2");
    assert_int_equal(recur_features(model, corpus, 0, 1, collect, &rows, &error), RECUR_ERROR_DATA);
    assert_int_equal(rows.count, 256);
    assert_int_equal(recur_corpus_from_ids(ids, 400, VOCABULARY + 1, &other, NULL), RECUR_OK);
    assert_int_equal(recur_features(model, other, 0, 1, collect, &rows, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "the text has a vocabulary of 22, the model one of 21");
    recur_corpus_free(other);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_int_equal(recur_features_save(model, corpus, 0, 1, paths[i], &error),
                         RECUR_ERROR_ARGUMENT);

    /* A run that fails leaves the old file. */
    const char *path = scratch_path(*state, "old.npy");
    scratch_write(path, "old", 3);
    assert_int_equal(recur_features_save(model, corpus, 2, 1, path, &error), RECUR_ERROR_ARGUMENT);
    scratch_assert_holds(path, "old");
    recur_corpus_free(corpus);
    recur_model_free(model);
}

/* Only relu's states are without a bound. */
static void a_state_that_overflows(void **state)
{
    static const size_t hidden[] = {1};
    static float large[VOCABULARY];
    static struct rows rows = {.width = 1};
    int32_t ids[10];
    recur_corpus *corpus = make_corpus(ids, 10);
    recur_model_config config = recur_model_config_default();
    recur_model *model;
    recur_error error;
    (void)state;
    config.cell = RECUR_CELL_RNN;
    config.activation = RECUR_ACTIVATION_RELU;
    config.hidden = hidden;
    config.vocabulary = VOCABULARY;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    for (size_t i = 0; i < VOCABULARY; i++)
        large[i] = 3e38F;
    recur_model_set_tensor(model, 0, large); /* weight_ih, weight_hh */
    recur_model_set_tensor(model, 1, large);
    assert_int_equal(recur_features(model, corpus, 0, 1, collect, &rows, &error),
                     RECUR_ERROR_DIVERGED);
    assert_string_equal(error.message, "the model's weights are too large to compute with: a state "
                                       "is not finite");
    assert_int_equal(rows.count, 0);
    recur_corpus_free(corpus);
    recur_model_free(model);
}

/* A tensor of layer `l`, by the beginning of its name. */
static void get_vector(const recur_model *model, const char *beginning, size_t l, float *values)
{
    char name[40];
    snprintf(name, sizeof name, "rnn.%s_l%zu", beginning, l);
    for (size_t i = 0; i < recur_model_tensors(model); i++)
        if (!strcmp(recur_model_tensor(model, i).name, name)) {
            recur_model_get_tensor(model, i, values);
            return;
        }
    fail_msg("there is no tensor %s", name);
}

/* LN(c) of unit `j`, where the units' c stand at c (H). */
static double normal_c(const recur_model *model, size_t l, const float *c, size_t H, size_t j)
{
    static float gain[40], bias[40];
    double mean = 0, square = 0;
    get_vector(model, "gain_c", l, gain);
    get_vector(model, "bias_c", l, bias);
    for (size_t i = 0; i < H; i++)
        mean += (double)c[i] / (double)H;
    for (size_t i = 0; i < H; i++)
        square += pow((double)c[i] - mean, 2) / (double)H;
    return (double)gain[j] * ((double)c[j] - mean) / sqrt(square + 1e-5) + (double)bias[j];
}

/* The state that the gates of a unit make; `before` is the one that the step read. */
static double state_of(enum recur_cell cell, const float *gates, size_t hidden, double before)
{
    double z = (double)gates[hidden], n = (double)gates[2 * hidden];
    if (cell == RECUR_CELL_LSTM)
        return (double)gates[3 * hidden] * tanh((double)gates[4 * hidden]);
    return (1 - z) * n + z * before;
}

/* Gates that make the backend's states are right: a wrong one would show in some state. */
static void gates_make_the_states(void **state)
{
    (void)state;
    static const size_t hidden[] = {40, 9};
    static float gates[TOKENS_MAX * 5 * 40];
    int32_t ids[TOKENS_MAX];
    recur_corpus *corpus = make_corpus(ids, 300);
    for (int kind = 0; kind < 5 * 2 * 2; kind++) { /* cells, embedded or not, biases */
        recur_model *model;
        recur_model_config config = recur_model_config_default();
        config.cell = (enum recur_cell)(RECUR_CELL_GRU + kind % 5);
        config.layers = 2;
        config.hidden = hidden;
        config.embedding = kind / 5 % 2 ? 7 : 0;
        config.biases = kind / 10 ? 2 : 1;
        config.vocabulary = VOCABULARY;
        config.seed = (uint64_t)kind;
        assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
        for (size_t i = 0; i < recur_model_tensors(model); i++) { /* biases begin as 0 */
            float values[4 * 40 * 40];
            recur_model_get_tensor(model, i, values);
            for (size_t k = 0; recur_model_tensor(model, i).rank == 1 &&
                               k < recur_model_tensor(model, i).shape[0];
                 k++)
                values[k] = (float)(k % 7) * 0.2F - 0.5F;
            recur_model_set_tensor(model, i, values);
        }
        for (size_t l = 0; l < 2; l++) {
            bool normalised = config.cell == RECUR_CELL_LN_LSTM;
            size_t H = hidden[l], all = (recur_gate_name(config.cell, 3) ? 5 : 3) * H;
            const struct rows *rows = get_rows(model, corpus, l, 1);
            assert_int_equal(recur_gates(model, corpus, l, 1, gates, NULL), RECUR_OK);
            for (size_t i = 0; i < 300 * H; i++) {
                double before = i < H ? 0 : (double)rows->values[i - H];
                const float *row = gates + i / H * all;
                double got = state_of(config.cell, row + i % H, H, before);
                if (normalised)
                    got = (double)row[3 * H + i % H] *
                          tanh(normal_c(model, l, row + 4 * H, H, i % H));
                if (!(fabs(got - (double)rows->values[i]) < 2e-6)) /* sums of 50 floats below 1 */
                    fail_msg("kind %d, layer %zu, token %zu, unit %zu: %g, expected %g", kind, l,
                             i / H, i % H, got, (double)rows->values[i]);
            }
        }
        recur_model_free(model);
    }
    recur_corpus_free(corpus);
}

static void gates_that_there_are_not(void **state)
{
    (void)state;
    static float gates[1];
    int32_t ids[10];
    recur_error error;
    recur_corpus *corpus = make_corpus(ids, 10);
    recur_model *model = make_model(RECUR_TASK_LM, true);
    assert_int_equal(recur_gates(model, corpus, 0, 1, gates, &error), RECUR_ERROR_UNSUPPORTED);
    recur_model_free(model);
    model = make_model(RECUR_TASK_LM, false);
    assert_int_equal(recur_gates(model, corpus, 2, 1, gates, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "there is no layer 3, the model has 2");
    recur_model_free(model);
    assert_string_equal(recur_gate_name(RECUR_CELL_LSTM, 4), "c");
    assert_null(recur_gate_name(RECUR_CELL_LSTM, 5));
    assert_string_equal(recur_gate_name(RECUR_CELL_LN_GRU, 2), "n");
    assert_null(recur_gate_name(RECUR_CELL_LSTM, 6));
    assert_null(recur_gate_name(RECUR_CELL_RNN, 0));
    assert_null(recur_gate_name((enum recur_cell)9, 0));
    recur_corpus_free(corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_direction),
        cmocka_unit_test(both_directions),
        cmocka_unit_test(files),
        cmocka_unit_test(refuses),
        cmocka_unit_test(a_state_that_overflows),
        cmocka_unit_test(gates_make_the_states),
        cmocka_unit_test(gates_that_there_are_not),
    };
    return cmocka_run_group_tests_name("features", tests, scratch_create, scratch_remove);
}
