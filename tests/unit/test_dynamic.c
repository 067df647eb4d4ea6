/* Dynamic evaluation against a loop over a stack, which predicts and learns segment by segment. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "recur/evaluate.h"
#include "recur/stack.h"

enum { VOCABULARY = 37, STEPS = 8, TOKENS = 4 * STEPS + 4, STATES = 40, MOST = 4 * 33 * 37 };

static int32_t ids[TOKENS];

static recur_model *make_model(recur_model_config config)
{
    static const size_t hidden[] = {12, 8};
    recur_model *model;
    config.layers = 2;
    config.hidden = hidden;
    config.vocabulary = VOCABULARY;
    config.dropout = 0.5F; /* of training alone */
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

static recur_corpus *make_corpus(size_t tokens)
{
    recur_corpus *corpus;
    struct recur_rng rng;
    recur_rng_seed(&rng, 5, 1);
    for (size_t i = 0; i < tokens; i++)
        ids[i] = (int32_t)recur_rng_below(&rng, VOCABULARY / 2);
    assert_int_equal(recur_corpus_from_ids(ids, tokens, VOCABULARY, &corpus, NULL), RECUR_OK);
    return corpus;
}

/* Moves every tensor of `model` by a share of the way to those of `start`. */
static void pull(recur_model *model, const recur_model *start, float share)
{
    static float p[MOST], first[MOST];
    for (size_t t = 0; t < recur_model_tensors(model); t++) {
        recur_tensor_info info = recur_model_tensor(model, t);
        recur_model_get_tensor(model, t, p);
        recur_model_get_tensor(start, t, first);
        for (size_t i = 0; i < info.shape[0] * info.shape[1]; i++)
            p[i] += share * (first[i] - p[i]);
        recur_model_set_tensor(model, t, p);
    }
}

/* The mean loss of the loop, which changes the model. */
static double loop(recur_model *model, const recur_model *start, const recur_dynamic_config *config)
{
    recur_trainer_config training = recur_trainer_config_default();
    recur_stack *stack;
    float h[STATES] = {0}, c[STATES] = {0};
    double sum = 0;
    training.batch = 1;
    training.steps = STEPS;
    training.optimizer = config->optimizer;
    training.clip = config->clip;
    assert_int_equal(recur_stack_create(model, &training, 0, &stack, NULL), RECUR_OK);
    for (size_t at = 0; at + 1 < TOKENS; at += STEPS) {
        double loss;
        size_t count = TOKENS - 1 - at < STEPS ? TOKENS - 1 - at : STEPS;
        const recur_stack_input input = {
            .batch = 1, .steps = count, .ids = ids + at, .targets = ids + at + 1, .h0 = h, .c0 = c};
        const recur_stack_output output = {.loss = &loss, .h_n = h, .c_n = c};
        assert_int_equal(recur_stack_forward(stack, &input, &output, NULL), RECUR_OK);
        assert_int_equal(recur_stack_backward(stack, NULL, NULL, NULL), RECUR_OK);
        assert_int_equal(recur_stack_update(stack, (double)config->lr, NULL, NULL), RECUR_OK);
        pull(model, start, config->decay);
        sum += loss * (double)count;
    }
    recur_stack_free(stack);
    return sum / (TOKENS - 1);
}

static void a_segment_is_predicted_then_learnt_from(void **state)
{
    (void)state;
    static float p[MOST], q[MOST];
    recur_corpus *corpus = make_corpus(TOKENS);
    for (size_t k = 0; k < 4; k++) {
        recur_model_config kind = recur_model_config_default();
        kind.cell = k % 2 ? RECUR_CELL_GRU : RECUR_CELL_LSTM;
        kind.embedding = k < 2 ? 0 : 6;
        recur_model *model = make_model(kind), *other = make_model(kind), *start = make_model(kind);
        recur_dynamic_config config = recur_dynamic_config_default();
        recur_evaluation evaluation;
        config.steps = STEPS;
        config.lr = k < 2 ? 0.5F : 0.01F;
        config.optimizer = k < 2 ? RECUR_OPTIMIZER_SGD : RECUR_OPTIMIZER_RMSPROP;
        config.decay = k % 2 ? 0.1F : 0;
        assert_int_equal(recur_evaluate_dynamic(model, corpus, 0, 0, &config, 1, &evaluation, NULL),
                         RECUR_OK);
        assert_int_equal(evaluation.tokens, TOKENS - 1);
        /* Float sums in another order. */
        assert_true(fabs(loop(other, start, &config) - evaluation.loss) < 1e-5);
        for (size_t t = 0; t < recur_model_tensors(model); t++) {
            recur_tensor_info info = recur_model_tensor(model, t);
            recur_model_get_tensor(model, t, p);
            recur_model_get_tensor(other, t, q);
            for (size_t i = 0; i < info.shape[0] * info.shape[1]; i++)
                assert_true(fabsf(p[i] - q[i]) < 1e-4F);
        }
        recur_model_free(model);
        recur_model_free(other);
        recur_model_free(start);
    }
    recur_corpus_free(corpus);
}

static void the_first_segment_is_plain_evaluation(void **state)
{
    (void)state;
    recur_corpus *corpus = make_corpus(TOKENS);
    recur_model *model = make_model(recur_model_config_default());
    recur_dynamic_config config = recur_dynamic_config_default();
    recur_evaluation plain, dynamic;
    assert_int_equal(recur_evaluate(model, corpus, 2, 20, 1, &plain, NULL), RECUR_OK);
    assert_int_equal(recur_evaluate_dynamic(model, corpus, 2, 20, &config, 1, &dynamic, NULL), 0);
    assert_true(fabs(plain.loss - dynamic.loss) < 1e-6);
    /* It has learnt now. */
    assert_int_equal(recur_evaluate_dynamic(model, corpus, 2, 20, &config, 2, &dynamic, NULL), 0);
    assert_true(dynamic.loss < plain.loss - 0.01);
    assert_true(isnan(dynamic.accuracy));
    recur_model_free(model);
    recur_corpus_free(corpus);
}

static void same_bits_on_any_threads(void **state)
{
    (void)state;
    recur_corpus *corpus = make_corpus(TOKENS);
    recur_dynamic_config config = recur_dynamic_config_default();
    double loss[3];
    config.steps = 3;
    for (size_t threads = 1; threads <= 3; threads++) {
        recur_model *model = make_model(recur_model_config_default());
        recur_evaluation evaluation;
        assert_int_equal(
            recur_evaluate_dynamic(model, corpus, 0, 0, &config, threads, &evaluation, NULL), 0);
        loss[threads - 1] = evaluation.loss;
        recur_model_free(model);
    }
    assert_memory_equal(&loss[0], &loss[1], sizeof loss[0]);
    assert_memory_equal(&loss[0], &loss[2], sizeof loss[0]);
    recur_corpus_free(corpus);
}

static void refuses(void **state)
{
    (void)state;
    recur_corpus *corpus = make_corpus(TOKENS);
    recur_model_config fill = recur_model_config_default();
    fill.task = RECUR_TASK_FILL;
    recur_model *model = make_model(recur_model_config_default()), *filler = make_model(fill);
    recur_dynamic_config config = recur_dynamic_config_default();
    recur_evaluation evaluation;
    recur_error error;
    assert_int_equal(recur_evaluate_dynamic(filler, corpus, 0, 0, NULL, 1, &evaluation, &error),
                     RECUR_ERROR_UNSUPPORTED);
    assert_string_equal(error.message, "only a language model learns from the text that it reads");
    config.steps = 0;
    assert_int_equal(recur_evaluate_dynamic(model, corpus, 0, 0, &config, 1, &evaluation, &error),
                     RECUR_ERROR_ARGUMENT);
    config = recur_dynamic_config_default();
    config.lr = 0;
    assert_int_equal(recur_evaluate_dynamic(model, corpus, 0, 0, &config, 1, &evaluation, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_int_equal(recur_evaluate_dynamic(model, corpus, 0, 1, NULL, 1, &evaluation, &error),
                     RECUR_ERROR_DATA);
    config.lr = 1e30F;
    config.clip = 0;
    config.steps = 4;
    config.optimizer = RECUR_OPTIMIZER_SGD;
    assert_int_equal(recur_evaluate_dynamic(model, corpus, 0, 0, &config, 1, &evaluation, &error),
                     RECUR_ERROR_DIVERGED);
    recur_model_free(model);
    model = make_model(recur_model_config_default());
    assert_int_equal(recur_model_quantize(model, RECUR_QUANTIZATION_INT8, NULL), RECUR_OK);
    assert_int_equal(recur_evaluate_dynamic(model, corpus, 0, 0, NULL, 1, &evaluation, &error),
                     RECUR_ERROR_UNSUPPORTED);
    recur_model_free(model);
    recur_model_free(filler);
    recur_corpus_free(corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_segment_is_predicted_then_learnt_from),
        cmocka_unit_test(the_first_segment_is_plain_evaluation),
        cmocka_unit_test(same_bits_on_any_threads),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
