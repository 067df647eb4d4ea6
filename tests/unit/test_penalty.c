/* Activation regularisation of the trainer, against a stack that is given the gradient of a naive
 * sum in double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recur/stack.h"
#include "trainer_example.h"

enum { BATCH = 5, STEPS = 6, TOKENS = BATCH * STEPS + 1, WIDTH = 20, ROWS = BATCH * STEPS };

/* One minibatch, and one step of plain gradient descent. */
static recur_trainer_config one_step(double ar)
{
    recur_trainer_config config = small_config();
    config.batch = BATCH;
    config.steps = STEPS;
    config.optimizer = RECUR_OPTIMIZER_SGD;
    config.clip = 0;
    config.lr = 1;
    config.ar = ar;
    return config;
}

/* The gradient of the penalty with respect to y (T, B, H). */
static void differentiate(const float *y, double ar, float *dy)
{
    for (size_t i = 0; i < ROWS * WIDTH; i++)
        dy[i] = (float)(2 * ar / (ROWS * WIDTH) * (double)y[i]);
}

/* Moves the model by one step of a stack. */
static void step_of_a_stack(recur_model *model, const recur_corpus *corpus, double ar)
{
    static float y[ROWS * WIDTH], dy[ROWS * WIDTH];
    int32_t tokens[TOKENS], ids[ROWS], targets[ROWS];
    recur_trainer_config config = one_step(0);
    recur_stack *stack;
    double loss;
    recur_corpus_read(corpus, 0, TOKENS, tokens);
    for (size_t i = 0; i < ROWS; i++) {
        ids[i] = tokens[i % BATCH * STEPS + i / BATCH];
        targets[i] = tokens[i % BATCH * STEPS + i / BATCH + 1];
    }
    const recur_stack_input input = {
        .batch = BATCH, .steps = STEPS, .ids = ids, .targets = targets, .drops = true};
    assert_int_equal(recur_stack_create(model, &config, 0, &stack, NULL), RECUR_OK);
    assert_int_equal(
        recur_stack_forward(stack, &input, &(recur_stack_output){.y = y, .loss = &loss}, NULL),
        RECUR_OK);
    differentiate(y, ar, dy);
    assert_int_equal(
        recur_stack_backward(stack, &(recur_stack_output_gradient){.dy = dy}, NULL, NULL),
        RECUR_OK);
    assert_int_equal(recur_stack_update(stack, 1, NULL, NULL), RECUR_OK);
    recur_stack_free(stack);
}

/* A step of a trainer; returns the loss that it reports. */
static double step_of_a_trainer(recur_model *model, const recur_corpus *corpus, double ar)
{
    const recur_trainer_config config = one_step(ar);
    recur_trainer *trainer = make_trainer(model, corpus, &config);
    recur_step step;
    assert_int_equal(recur_trainer_step(trainer, &step, NULL), RECUR_OK);
    recur_trainer_free(trainer);
    return step.loss;
}

/* What a step of a rate of 1 moves is the gradient; both are sums of float, of at most 30 terms
 * below 1. */
static void the_trainer_has_the_gradient_of_the_penalty(void **state)
{
    const double ar = 20;
    recur_corpus *corpus = make_corpus(TOKENS, 0);
    recur_model *model[3];
    float *values[3];
    double moved = 0;
    (void)state;
    for (size_t m = 0; m < 3; m++)
        model[m] = make_model(RECUR_CELL_LSTM, 1, WIDTH, 0);
    double loss = step_of_a_trainer(model[0], corpus, ar);
    step_of_a_stack(model[1], corpus, ar);
    assert_true(loss == step_of_a_trainer(model[2], corpus, 0)); /* what is reported */
    for (size_t m = 0; m < 3; m++)
        values[m] = parameters_of(model[m]);
    for (size_t j = 0; j < recur_model_parameters(model[0]); j++) {
        assert_true(fabsf(values[0][j] - values[1][j]) < 1e-6F);
        moved += fabs((double)values[0][j] - (double)values[2][j]);
    }
    assert_true(moved > 0.1);
    for (size_t m = 0; m < 3; m++) {
        free(values[m]);
        recur_model_free(model[m]);
    }
    recur_corpus_free(corpus);
}

static void other_tasks_are_refused(void **state)
{
    const size_t hidden[] = {WIDTH};
    recur_model_config config = recur_model_config_default();
    recur_trainer_config training = one_step(1);
    recur_corpus *corpus = make_corpus(TOKENS, 0);
    recur_model *model;
    recur_trainer *trainer;
    recur_error error;
    (void)state;
    config.task = RECUR_TASK_FILL;
    config.hidden = hidden;
    config.vocabulary = VOCABULARY;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_create(model, corpus, &training, &trainer, &error),
                     RECUR_ERROR_UNSUPPORTED);
    assert_string_equal(error.message,
                        "a model of the task fill has no activation regularisation (ar)");
    recur_corpus_free(corpus);
    recur_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_trainer_has_the_gradient_of_the_penalty),
        cmocka_unit_test(other_tasks_are_refused),
    };
    return cmocka_run_group_tests_name("penalty", tests, NULL, NULL);
}
