/* Heads that have the weights of the embedding, against plain loops. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recur/stack.h"
#include "scratch.h"
#include "tensor_named.h"

enum { TOKENS = 70, WIDTH = 40, BATCH = 6, STEPS = 5, NUMBERS = TOKENS * WIDTH };

static recur_model_config tied_config(void)
{
    static const size_t hidden[] = {20, WIDTH};
    recur_model_config config = recur_model_config_default();
    config.layers = 2;
    config.hidden = hidden;
    config.embedding = WIDTH;
    config.vocabulary = TOKENS;
    config.tied = 1;
    return config;
}

static recur_model *make_tied(void)
{
    const recur_model_config config = tied_config();
    recur_model *model;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

static void take(const recur_model *model, float *table, float *head)
{
    recur_model_get_tensor(model, tensor_named(model, "embedding.weight"), table);
    recur_model_get_tensor(model, tensor_named(model, "linear.weight"), head);
}

static void learn(recur_stack *stack, uint64_t minibatch)
{
    int32_t ids[BATCH * STEPS], targets[BATCH * STEPS];
    for (size_t i = 0; i < BATCH * STEPS; i++) {
        ids[i] = (int32_t)((i * 7 + minibatch) % TOKENS);
        targets[i] = (int32_t)((i * 7 + minibatch + 1) % TOKENS);
    }
    const recur_stack_input input = {
        .batch = BATCH, .steps = STEPS, .ids = ids, .targets = targets, .minibatch = minibatch};
    double loss;
    assert_int_equal(recur_stack_forward(stack, &input, &(recur_stack_output){.loss = &loss}, NULL),
                     RECUR_OK);
    assert_int_equal(recur_stack_backward(stack, NULL, NULL, NULL), RECUR_OK);
}

static recur_stack *make_stack(recur_model *model, enum recur_optimizer optimizer, size_t threads)
{
    recur_trainer_config config = recur_trainer_config_default();
    recur_stack *stack;
    config.batch = BATCH;
    config.steps = STEPS;
    config.optimizer = optimizer;
    config.clip = 0;
    config.threads = threads;
    assert_int_equal(recur_stack_create(model, &config, 0, &stack, NULL), RECUR_OK);
    return stack;
}

/* SGD moves the one table by the sum of both gradients, of which the norm is made. */
static void a_step_sums_both_gradients(void **state)
{
    (void)state;
    static float table[2][NUMBERS], head[2][NUMBERS], gradient[2][NUMBERS];
    recur_model *model = make_tied();
    recur_stack *stack = make_stack(model, RECUR_OPTIMIZER_SGD, 2);
    take(model, table[0], head[0]);
    assert_memory_equal(table[0], head[0], sizeof *table);
    learn(stack, 3);
    double squares = 0, norm;
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        recur_tensor_info info = recur_model_tensor(model, i);
        size_t count = info.shape[0] * info.shape[1];
        float *values = malloc(count * sizeof *values);
        recur_stack_get_gradient(stack, i, values);
        bool tied = i == tensor_named(model, "embedding.weight") ||
                    i == tensor_named(model, "linear.weight");
        for (size_t j = 0; j < count && !tied; j++)
            squares += (double)values[j] * (double)values[j];
        free(values);
    }
    recur_stack_get_gradient(stack, tensor_named(model, "embedding.weight"), gradient[0]);
    recur_stack_get_gradient(stack, tensor_named(model, "linear.weight"), gradient[1]);
    assert_int_equal(recur_stack_update(stack, 0.5, &norm, NULL), RECUR_OK);
    take(model, table[1], head[1]);
    for (size_t i = 0; i < NUMBERS; i++) {
        float sum = gradient[0][i] + gradient[1][i];
        squares += (double)sum * (double)sum;
        assert_true(fabsf(table[1][i] - (table[0][i] - 0.5F * sum)) < 1e-6F);
    }
    assert_true(fabs(norm - sqrt(squares)) < 1e-5 * norm);
    assert_memory_equal(table[1], head[1], sizeof *table);
    assert_memory_not_equal(table[1], table[0], sizeof *table);
    recur_stack_free(stack);
    recur_model_free(model);
}

/* After some steps of Adam both are still the same, to the bit on any threads, and in files. */
static void both_stay_the_same(void **state)
{
    static float table[3][NUMBERS], head[NUMBERS];
    for (size_t threads = 1; threads <= 3; threads++) {
        recur_model *model = make_tied();
        recur_stack *stack = make_stack(model, RECUR_OPTIMIZER_ADAM, threads);
        for (uint64_t i = 0; i < 4; i++) {
            learn(stack, i);
            assert_int_equal(recur_stack_update(stack, 0.01, NULL, NULL), RECUR_OK);
        }
        take(model, table[threads - 1], head);
        assert_memory_equal(table[threads - 1], head, sizeof head);
        assert_memory_equal(table[threads - 1], table[0], sizeof head);
        recur_stack_free(stack);
        const char *path = scratch_path(*state, "model");
        assert_int_equal(recur_model_save(model, path, NULL), RECUR_OK);
        recur_model_free(model);
        assert_int_equal(recur_model_load(path, &model, NULL), RECUR_OK);
        assert_int_equal(recur_model_get_config(model)->tied, 1);
        take(model, table[threads - 1], head);
        assert_memory_equal(head, table[0], sizeof head);
        recur_model_free(model);
    }
}

static void refuse(const recur_model_config *config, const char *sentence)
{
    recur_model *model;
    recur_error error;
    assert_int_equal(recur_model_create(config, NULL, &model, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, sentence);
}

static void what_cannot_be_tied_is_refused(void **state)
{
    (void)state;
    recur_model_config config = tied_config();
    config.embedding = 0;
    refuse(&config, "a head that is tied to the embedding needs one as wide as the top layer, 40, "
                    "got 0");
    config = tied_config();
    config.task = RECUR_TASK_FILL;
    config.bidirectional = true;
    refuse(&config,
           "a head that reads two directions side by side cannot be tied to the embedding; "
           "their sum can");
    config = tied_config();
    config.task = RECUR_TASK_CLASSIFY;
    config.labels = 2;
    refuse(&config, "a head that chooses labels cannot be tied to the embedding");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_sums_both_gradients),
        cmocka_unit_test_setup_teardown(both_stay_the_same, scratch_create, scratch_remove),
        cmocka_unit_test(what_cannot_be_tied_is_refused),
    };
    return cmocka_run_group_tests_name("tied", tests, NULL, NULL);
}
