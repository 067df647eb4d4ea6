/* Quantised models: what they compute, their files, what they refuse. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/kernels/kernels.h"
#include "base/rng.h"
#include "recur/evaluate.h"
#include "recur/session.h"
#include "recur/trainer.h"
#include "scratch.h"
#include "tensor_named.h"

enum { VOCABULARY = 37, TOKENS = 60, EMBEDDING = 35 };

static const size_t hidden[] = {70, 40};

static recur_model *make_model(enum recur_cell cell, size_t embedding)
{
    recur_model_config config = recur_model_config_default();
    recur_model *model;
    config.cell = cell;
    config.layers = 2;
    config.hidden = hidden;
    config.vocabulary = VOCABULARY;
    config.embedding = embedding;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

static recur_corpus *make_corpus(void)
{
    int32_t ids[TOKENS];
    recur_corpus *corpus;
    for (int32_t i = 0; i < TOKENS; i++)
        ids[i] = i * i % VOCABULARY;
    assert_int_equal(recur_corpus_from_ids(ids, TOKENS, VOCABULARY, &corpus, NULL), RECUR_OK);
    return corpus;
}

/* The logits after each of some tokens. */
static void feed(const recur_model *model, float *logits)
{
    recur_session *session;
    recur_stepper *stepper;
    assert_int_equal(recur_session_create(model, &session, NULL), RECUR_OK);
    assert_int_equal(recur_stepper_create(model, 1, 1, &stepper, NULL), RECUR_OK);
    for (int32_t i = 0; i < TOKENS; i++)
        memcpy(logits + i * VOCABULARY, recur_stepper_feed(stepper, session, i * i % VOCABULARY),
               VOCABULARY * sizeof *logits);
    recur_stepper_free(stepper);
    recur_session_free(session);
}

static double loss_of(const recur_model *model)
{
    recur_corpus *corpus = make_corpus();
    recur_evaluation evaluation;
    assert_int_equal(recur_evaluate(model, corpus, 0, TOKENS, 1, &evaluation, NULL), RECUR_OK);
    recur_corpus_free(corpus);
    return evaluation.loss;
}

static void check_near(enum recur_cell cell, size_t embedding, enum recur_quantization kind,
                       double bound)
{
    static float wanted[TOKENS * VOCABULARY], got[TOKENS * VOCABULARY];
    recur_model *model = make_model(cell, embedding);
    double error = 0, size = 0, loss = loss_of(model);
    feed(model, wanted);
    assert_int_equal(recur_model_quantize(model, kind, NULL), RECUR_OK);
    assert_int_equal(recur_model_quantization(model), kind);
    feed(model, got);
    for (size_t i = 0; i < TOKENS * VOCABULARY; i++) {
        error += pow((double)got[i] - (double)wanted[i], 2);
        size += pow((double)wanted[i], 2);
    }
    assert_true(error > 0 && sqrt(error / size) < bound);
    double change = fabs(loss_of(model) - loss);
    assert_true(change > 0 && change < bound * 0.1);
    recur_model_free(model);
}

/* The bytes of activations are the instruction set's affair. */
static void on_every_level(void (*check)(void))
{
    for (size_t level = 0; recur_kernels_level(level); level++) {
        setenv("RECUR_ISA", recur_kernels_level(level)->isa, 1);
        check();
    }
    unsetenv("RECUR_ISA");
}

/* States that are normalised do not fade, and errors grow in them from token to token while the
 * model is untrained. */
static void every_cell_near_float(void)
{
    for (int cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LN_GRU; cell++)
        for (size_t embedding = 0; embedding <= EMBEDDING; embedding += EMBEDDING) {
            double more = cell >= RECUR_CELL_LN_LSTM ? 10 : 1;
            check_near((enum recur_cell)cell, embedding, RECUR_QUANTIZATION_BF16, more * 0.005);
            check_near((enum recur_cell)cell, embedding, RECUR_QUANTIZATION_INT8, more * 0.02);
        }
}

static void near_float(void **state)
{
    (void)state;
    on_every_level(every_cell_near_float);
}

/* One session's state does not depend on what others do: the same as one by one. */
static void sessions_as_alone(void)
{
    enum { SESSIONS = 21 };
    static float alone[TOKENS * VOCABULARY], together[SESSIONS * VOCABULARY];
    for (int kind = RECUR_QUANTIZATION_BF16; kind <= RECUR_QUANTIZATION_INT8; kind++) {
        recur_model *model = make_model(RECUR_CELL_GRU, EMBEDDING);
        assert_int_equal(recur_model_quantize(model, (enum recur_quantization)kind, NULL),
                         RECUR_OK);
        feed(model, alone);
        recur_session *sessions[SESSIONS];
        recur_stepper *stepper;
        assert_int_equal(recur_stepper_create(model, SESSIONS, 2, &stepper, NULL), RECUR_OK);
        for (size_t i = 0; i < SESSIONS; i++)
            assert_int_equal(recur_session_create(model, &sessions[i], NULL), RECUR_OK);
        for (int32_t t = 0; t < TOKENS; t++) {
            int32_t ids[SESSIONS];
            for (size_t i = 0; i < SESSIONS; i++)
                ids[i] = i % 2 ? t * t % VOCABULARY : t % VOCABULARY;
            assert_int_equal(
                recur_stepper_feed_many(stepper, sessions, ids, SESSIONS, together, NULL),
                RECUR_OK);
            for (size_t i = 1; i < SESSIONS; i += 2)
                assert_memory_equal(together + i * VOCABULARY, alone + t * VOCABULARY,
                                    VOCABULARY * sizeof *alone);
        }
        for (size_t i = 0; i < SESSIONS; i++)
            recur_session_free(sessions[i]);
        recur_stepper_free(stepper);
        recur_model_free(model);
    }
}

static void together_as_alone(void **state)
{
    (void)state;
    on_every_level(sessions_as_alone);
}

/* A file brings back the same numbers, and a file of that model is the same file. */
static void files(void **state)
{
    static float wanted[TOKENS * VOCABULARY], got[TOKENS * VOCABULARY];
    char first[512], second[512];
    snprintf(first, sizeof first, "%s", scratch_path(*state, "first"));
    snprintf(second, sizeof second, "%s", scratch_path(*state, "second"));
    for (int kind = RECUR_QUANTIZATION_BF16; kind <= RECUR_QUANTIZATION_INT8; kind++) {
        recur_model *model = make_model(RECUR_CELL_LSTM, EMBEDDING), *read;
        size_t size, again;
        assert_int_equal(recur_model_quantize(model, (enum recur_quantization)kind, NULL),
                         RECUR_OK);
        assert_int_equal(recur_model_save(model, first, NULL), RECUR_OK);
        assert_int_equal(recur_model_load(first, &read, NULL), RECUR_OK);
        assert_int_equal(recur_model_quantization(read), kind);
        feed(model, wanted);
        feed(read, got);
        assert_memory_equal(got, wanted, sizeof got);
        assert_int_equal(recur_model_save(read, second, NULL), RECUR_OK);
        unsigned char *one = scratch_read(first, &size), *two = scratch_read(second, &again);
        assert_int_equal(size, again);
        assert_memory_equal(one, two, size);
        assert_true(size <
                    recur_model_parameters(model) * (kind == RECUR_QUANTIZATION_INT8 ? 2 : 3));
        free(one);
        free(two);
        recur_model_free(read);
        recur_model_free(model);
    }
}

/* A byte has no -0, so that a model is the one that its file brings back. */
static void no_negative_zero(void **state)
{
    recur_model *model = make_model(RECUR_CELL_GRU, 0), *read;
    const char *path = scratch_path(*state, "model");
    float weights[3 * 40 * 40], again[3 * 40 * 40];
    size_t index = tensor_named(model, "rnn.weight_hh_l1");
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
        weights[i] = i % 2 ? 1 : -1e-6F; /* which rounds to none of the 127 */
    recur_model_set_tensor(model, index, weights);
    assert_int_equal(recur_model_quantize(model, RECUR_QUANTIZATION_INT8, NULL), RECUR_OK);
    recur_model_get_tensor(model, index, weights);
    assert_true(weights[0] == 0 && !signbit(weights[0]));
    assert_int_equal(recur_model_save(model, path, NULL), RECUR_OK);
    assert_int_equal(recur_model_load(path, &read, NULL), RECUR_OK);
    recur_model_get_tensor(read, index, again);
    assert_memory_equal(weights, again, sizeof weights);
    recur_model_free(read);
    recur_model_free(model);
}

/* Puts `with` in the place of the first `what` of the file and reads it. */
static void assert_spoilt(const char *path, const char *what, const char *with,
                          const char *sentence)
{
    size_t size;
    recur_model *model;
    recur_error error;
    unsigned char *bytes = scratch_read(path, &size);
    unsigned char *place = memmem(bytes, size, what, strlen(what));
    assert_non_null(place);
    assert_int_equal(strlen(what), strlen(with));
    memcpy(place, with, strlen(with));
    scratch_write(path, bytes, size);
    assert_int_not_equal(recur_model_load(path, &model, &error), RECUR_OK);
    if (!strstr(error.message, sentence))
        fail_msg("%s", error.message);
    memcpy(place, what, strlen(what));
    scratch_write(path, bytes, size);
    free(bytes);
}

static void spoilt_files(void **state)
{
    recur_model *model = make_model(RECUR_CELL_GRU, 0);
    const char *path = scratch_path(*state, "model");
    assert_int_equal(recur_model_quantize(model, RECUR_QUANTIZATION_INT8, NULL), RECUR_OK);
    assert_int_equal(recur_model_save(model, path, NULL), RECUR_OK);
    assert_spoilt(path, "weight_hh_l0.scale", "weight_hh_l0.scald",
                  "tensor rnn.weight_hh_l0.scale is missing");
    assert_spoilt(path, "linear.weight.scale\":{\"dtype\":\"F32\"",
                  "linear.weight.scale\":{\"dtype\":\"I32\"", "holds I32 numbers");
    assert_spoilt(path, "\\\"quantization\\\":\\\"int8", "\\\"quantization\\\":\\\"int9",
                  "unknown quantisation \"int9\"");
    recur_model_free(model);
}

static void assert_refused(recur_model_config config, enum recur_quantization kind,
                           const char *sentence)
{
    recur_model *model;
    recur_error error;
    config.layers = 2;
    config.hidden = hidden;
    config.vocabulary = VOCABULARY;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    assert_int_not_equal(recur_model_quantize(model, kind, &error), RECUR_OK);
    assert_non_null(strstr(error.message, sentence));
    assert_int_equal(recur_model_quantization(model), RECUR_QUANTIZATION_NONE);
    recur_model_free(model);
}

static void refusals(void **state)
{
    (void)state;
    recur_model_config config = recur_model_config_default();
    assert_refused(config, (enum recur_quantization)3,
                   "unknown quantisation 3: expected none, bf16 or int8");
    config.cell = RECUR_CELL_RNN;
    config.activation = RECUR_ACTIVATION_RELU;
    assert_refused(config, RECUR_QUANTIZATION_INT8, "relu's grow");
    config = recur_model_config_default();
    config.task = RECUR_TASK_FILL;
    config.bidirectional = true;
    assert_refused(config, RECUR_QUANTIZATION_INT8, "language models of one direction");

    recur_model *model = make_model(RECUR_CELL_GRU, 0);
    recur_corpus *corpus = make_corpus();
    recur_trainer_config run = recur_trainer_config_default();
    recur_trainer *trainer;
    recur_error error;
    assert_int_equal(recur_model_quantize(model, RECUR_QUANTIZATION_BF16, NULL), RECUR_OK);
    assert_int_equal(recur_model_quantize(model, RECUR_QUANTIZATION_INT8, &error),
                     RECUR_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "quantised to bf16 already"));
    run.batch = 1;
    run.steps = 4;
    assert_int_equal(recur_trainer_create(model, corpus, &run, &trainer, &error),
                     RECUR_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "is not trained on"));
    recur_corpus_free(corpus);
    recur_model_free(model);

    model = make_model(RECUR_CELL_GRU, 0);
    size_t count = hidden[1] * VOCABULARY;
    float *values = calloc(count, sizeof *values);
    values[3] = 2e30F;
    for (size_t t = 0; t < recur_model_tensors(model); t++)
        if (!strcmp(recur_model_tensor(model, t).name, "linear.weight"))
            recur_model_set_tensor(model, t, values);
    assert_int_equal(recur_model_quantize(model, RECUR_QUANTIZATION_INT8, &error),
                     RECUR_ERROR_UNSUPPORTED);
    free(values);
    recur_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near_float),   cmocka_unit_test(together_as_alone),
        cmocka_unit_test(files),        cmocka_unit_test(no_negative_zero),
        cmocka_unit_test(spoilt_files), cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests_name("quantize", tests, scratch_create, scratch_remove);
}
