/* recur_stack's head, losses and updates, models that read numbers, and wrong use. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recur/features.h"
#include "recur/session.h"
#include "scratch.h"
#include "stack_work.h"

/* The head's logits and their gradient, against the head by hand over y. */
static void head(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_RNN, false, true, 0);
    recur_stack *stack = make_stack(model, SEQUENCES, STEPS, 1);
    struct work work;
    work_init(&work, stack, model, some_lengths, SEQUENCES, STEPS);
    memset(work.dy, 0, SEQUENCES * STEPS * work.width * sizeof(float));
    run(stack, &work, false);
    size_t tensors = recur_model_tensors(model), W = work.width;
    float *weight = draw(VOCABULARY * W, 0), *bias = draw(VOCABULARY, 0);
    float *dweight = draw(VOCABULARY * W, 0), *dbias = draw(VOCABULARY, 0);
    recur_model_get_tensor(model, tensors - 2, weight);
    recur_model_get_tensor(model, tensors - 1, bias);
    recur_stack_get_gradient(stack, tensors - 2, dweight);
    recur_stack_get_gradient(stack, tensors - 1, dbias);
    for (size_t v = 0; v < VOCABULARY; v++) {
        double db = 0, dw = 0;
        for (size_t row = 0; row < SEQUENCES * STEPS; row++) {
            double sum = (double)bias[v], got = (double)work.logits[row * VOCABULARY + v];
            for (size_t i = 0; i < W; i++)
                sum += (double)work.y[row * W + i] * (double)weight[v * W + i];
            bool alive = row / SEQUENCES < some_lengths[row % SEQUENCES];
            assert_true(fabs(got - (alive ? sum : 0)) < 1e-5);
            if (!alive)
                continue;
            db += (double)work.dlogits[row * VOCABULARY + v];
            dw += (double)work.dlogits[row * VOCABULARY + v] * (double)work.y[row * W + 7];
        }
        assert_true(fabs((double)dbias[v] - db) < 1e-4);
        assert_true(fabs((double)dweight[v * W + 7] - dw) < 1e-4);
    }
    free(weight);
    free(bias);
    free(dweight);
    free(dbias);
    work_free(&work);
    recur_stack_free(stack);
    recur_model_free(model);
}

/* The library's cross-entropy against the same by hand, given as the logits' gradient. */
static void cross_entropy(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_GRU, true, true, 0);
    recur_stack *stack = make_stack(model, SEQUENCES, STEPS, 2);
    struct work work;
    work_init(&work, stack, model, some_lengths, SEQUENCES, STEPS);
    int32_t targets[SEQUENCES * STEPS];
    size_t counted = 0, count;
    for (size_t row = 0; row < SEQUENCES * STEPS; row++) {
        targets[row] = row % 5 == 0 ? -1 : (int32_t)(row % VOCABULARY);
        counted += targets[row] >= 0 && row / SEQUENCES < some_lengths[row % SEQUENCES];
    }
    recur_stack_input input = {
        .batch = SEQUENCES, .steps = STEPS, .lengths = work.lengths, .ids = work.ids};
    recur_stack_output logits = {.logits = work.logits};
    assert_int_equal(recur_stack_forward(stack, &input, &logits, NULL), RECUR_OK);
    double wanted = 0, loss;
    memset(work.dlogits, 0, SEQUENCES * STEPS * VOCABULARY * sizeof(float));
    for (size_t row = 0; row < SEQUENCES * STEPS; row++) {
        const float *x = work.logits + row * VOCABULARY;
        double sum = 0;
        if (targets[row] < 0 || row / SEQUENCES >= some_lengths[row % SEQUENCES])
            continue;
        for (size_t v = 0; v < VOCABULARY; v++)
            sum += exp((double)x[v]);
        wanted += (log(sum) - (double)x[targets[row]]) / (double)counted;
        for (size_t v = 0; v < VOCABULARY; v++)
            work.dlogits[row * VOCABULARY + v] =
                (float)((exp((double)x[v]) / sum - (v == (size_t)targets[row])) / (double)counted);
    }
    const recur_stack_output_gradient by_hand = {.dy = work.dy, .dlogits = work.dlogits};
    const recur_stack_output_gradient by_targets = {.dy = work.dy};
    assert_int_equal(recur_stack_backward(stack, &by_hand, NULL, NULL), RECUR_OK);
    float *expected = gradients(stack, model, &count);
    recur_stack_clear_gradients(stack);
    input.targets = targets;
    assert_int_equal(recur_stack_forward(stack, &input, &(recur_stack_output){.loss = &loss}, NULL),
                     RECUR_OK);
    recur_error error;
    assert_int_equal(recur_stack_backward(stack, &by_hand, NULL, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "with targets the logits' gradients are there already");
    assert_int_equal(recur_stack_backward(stack, &by_targets, NULL, NULL), RECUR_OK);
    float *got = gradients(stack, model, &count);
    assert_true(fabs(loss - wanted) < 1e-6);
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(got[i] - expected[i]) <= 1e-5F + 1e-5F * fabsf(expected[i])))
            fail_msg("gradient %zu is %g, expected %g", i, (double)got[i], (double)expected[i]);
    assert_int_equal(recur_stack_forward(stack, &input, &logits, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message,
                        "with targets the logits become their gradients, and cannot be had");
    targets[6] = VOCABULARY;
    assert_int_equal(
        recur_stack_forward(stack, &input, &(recur_stack_output){.loss = &loss}, &error),
        RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "sequence 6, step 0: target 9 is not below 9");
    free(expected);
    free(got);
    work_free(&work);
    recur_stack_free(stack);
    recur_model_free(model);
}

/* Gradients can be set, are clipped, move the parameters and are gone. */
static void update(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_RNN, false, false, 0);
    recur_trainer_config config = recur_trainer_config_default();
    recur_stack *stack;
    recur_error error;
    config.optimizer = RECUR_OPTIMIZER_SGD;
    config.clip = 2.5F;
    assert_int_equal(recur_stack_create(model, &config, 0, &stack, NULL), RECUR_OK);
    size_t index = recur_model_tensors(model) - 1;
    float before[OUTPUTS], after[OUTPUTS], gradient[OUTPUTS] = {3, -4};
    double norm;
    recur_model_get_tensor(model, index, before);
    recur_stack_set_gradient(stack, index, gradient);
    assert_int_equal(recur_stack_update(stack, 0, &norm, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "the learning rate must be above 0 and below inf, got 0");
    assert_int_equal(recur_stack_update(stack, 0.5, &norm, &error), RECUR_OK);
    recur_model_get_tensor(model, index, after);
    assert_true(fabs(norm - 5) < 1e-6);
    assert_true(fabsf(before[0] - after[0] - 0.75F) < 1e-6F);
    assert_true(fabsf(before[1] - after[1] + 1) < 1e-6F);
    recur_stack_get_gradient(stack, index, gradient);
    assert_true(gradient[0] == 0 && gradient[1] == 0);
    gradient[5] = NAN;
    recur_stack_set_gradient(stack, index, gradient);
    assert_int_equal(recur_stack_update(stack, 0.5, &norm, &error), RECUR_ERROR_DIVERGED);
    assert_string_equal(error.message,
                        "the gradients are no longer finite; try a smaller learning rate than 0.5");
    recur_model_get_tensor(model, index, before);
    assert_memory_equal(before, after, sizeof after);
    recur_stack_free(stack);
    recur_model_free(model);
}

static void assert_forward_fails(recur_stack *stack, const recur_stack_input *input,
                                 const char *sentence)
{
    recur_error error;
    assert_int_equal(recur_stack_forward(stack, input, &(recur_stack_output){.y = NULL}, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, sentence);
}

static void wrong_use(void **state)
{
    (void)state;
    recur_error error;
    recur_model *numbers = make_model(RECUR_CELL_GRU, false, false, 0);
    recur_model *tokens = make_model(RECUR_CELL_GRU, false, true, 0);
    recur_stack *stack = make_stack(numbers, 2, 3, 1), *reader = make_stack(tokens, 2, 3, 1);
    const size_t lengths[] = {3, 4};
    const int32_t ids[] = {0, 1, 2, 9, -1, 3};
    const float x[6 * INPUTS] = {0};
    recur_stack_input input = {.batch = 3, .steps = 3, .x = x};
    assert_forward_fails(stack, &input,
                         "a minibatch of 3 sequences x 3 steps does not fit a stack "
                         "made for 1 to 2 x 3");
    input = (recur_stack_input){.batch = 0, .steps = 3, .x = x};
    assert_forward_fails(stack, &input,
                         "a minibatch of 0 sequences x 3 steps does not fit a stack "
                         "made for 1 to 2 x 3");
    input = (recur_stack_input){.batch = 2, .steps = 3, .lengths = lengths, .x = x};
    assert_forward_fails(stack, &input, "sequence 1 has 4 steps, but the minibatch has 3");
    input = (recur_stack_input){.batch = 2, .steps = 3, .ids = ids};
    assert_forward_fails(stack, &input, "the model reads numbers, but there is no x");
    assert_forward_fails(reader, &input, "sequence 1, step 1: id 9 is not below 9");
    input = (recur_stack_input){.batch = 2, .steps = 3, .x = x};
    assert_forward_fails(reader, &input, "the model reads tokens, but there are no ids");

    const recur_stack_output_gradient nothing = {.dy = NULL};
    assert_int_equal(recur_stack_backward(stack, &nothing, NULL, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "there is no forward pass to go back through");
    input = (recur_stack_input){.batch = 2, .steps = 1, .ids = ids};
    assert_int_equal(recur_stack_forward(reader, &input, &(recur_stack_output){.y = NULL}, &error),
                     RECUR_OK);
    float dx[6];
    assert_int_equal(
        recur_stack_backward(reader, &nothing, &(recur_stack_input_gradient){.dx = dx}, &error),
        RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "tokens have no gradient: the model reads no numbers");
    recur_stack_free(stack);
    recur_stack_free(reader);
    recur_stack_free(NULL);
    recur_model_free(numbers);
    recur_model_free(tokens);
}

/* Models that a stack does not run, and what does not run a model that reads numbers. */
static void not_together(void **state)
{
    (void)state;
    recur_error error;
    recur_model_config config = recur_model_config_default();
    recur_trainer_config run = recur_trainer_config_default();
    recur_model *model;
    recur_stack *stack;
    recur_session *session;
    config.task = RECUR_TASK_FILL;
    config.vocabulary = 9;
    config.inputs = 4;
    assert_int_equal(recur_model_create(&config, NULL, &model, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "a network that reads numbers fills in no tokens");
    config.task = RECUR_TASK_LM;
    config.embedding = 3;
    assert_int_equal(recur_model_create(&config, NULL, &model, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "a network that reads numbers embeds no tokens");
    config.embedding = config.inputs = config.vocabulary = 0;
    assert_int_equal(recur_model_create(&config, NULL, &model, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "a vocabulary has 1 to 2147483647 entries, got 0");
    model = make_model(RECUR_CELL_GRU, false, false, 0);
    assert_int_equal(recur_session_create(model, &session, &error), RECUR_ERROR_UNSUPPORTED);
    assert_string_equal(error.message, "the model reads 5 numbers a step and no tokens: only a "
                                       "recur_stack runs it");
    recur_corpus *corpus;
    recur_trainer *trainer;
    const int32_t ids[] = {0, 1, 0};
    assert_int_equal(recur_corpus_from_ids(ids, 3, 2, &corpus, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_create(model, corpus, &run, &trainer, &error),
                     RECUR_ERROR_UNSUPPORTED);
    assert_int_equal(recur_features_save(model, corpus, 0, 1, "no.npy", &error),
                     RECUR_ERROR_UNSUPPORTED);
    recur_corpus_free(corpus);
    run.steps = 0;
    assert_int_equal(recur_stack_create(model, &run, 0, &stack, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message,
                        "a stack needs room for at least 1 sequence and 1 step, got 32 x 0");
    recur_model_free(model);
}

/* A model without a head goes to a file and back. */
static void saved(void **state)
{
    struct scratch *scratch = *state;
    const char *path = scratch_path(scratch, "numbers.safetensors");
    recur_model_config config = recur_model_config_default();
    recur_model *model, *read;
    const size_t hidden[] = {3};
    config.inputs = 4;
    config.hidden = hidden;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    assert_int_equal(recur_model_tensors(model), 4);
    assert_int_equal(recur_model_tensor(model, 0).shape[1], 4);
    assert_int_equal(recur_model_save(model, path, NULL), RECUR_OK);
    assert_int_equal(recur_model_load(path, &read, NULL), RECUR_OK);
    assert_int_equal(recur_model_get_config(read)->inputs, 4);
    assert_int_equal(recur_model_get_config(read)->vocabulary, 0);
    float a[48], b[48];
    recur_model_get_tensor(model, 0, a);
    recur_model_get_tensor(read, 0, b);
    assert_memory_equal(a, b, sizeof a);
    recur_stack *stack = make_stack(read, 1, 1, 1);
    const float x[4] = {1, 2, 3, 4};
    float y[3], logits[1];
    const recur_stack_input input = {.batch = 1, .steps = 1, .x = x};
    recur_error error;
    assert_int_equal(recur_stack_forward(stack, &input, &(recur_stack_output){.y = y}, NULL), 0);
    assert_true(y[0] != 0);
    assert_int_equal(
        recur_stack_forward(stack, &input, &(recur_stack_output){.logits = logits}, &error),
        RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "the model has no head, so it has no logits");
    recur_stack_free(stack);
    recur_model_free(model);
    recur_model_free(read);
}

/* Step by step, the states written where the next call reads them, is what all steps at once are.
 */
static void step_by_step(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_LSTM, false, false, 0);
    recur_stack *whole = make_stack(model, SEQUENCES, STEPS, 1);
    recur_stack *single = make_stack(model, SEQUENCES, 1, 1);
    const size_t row = SEQUENCES * (size_t)OUTPUTS, states = recur_stack_states(whole) * SEQUENCES;
    float *x = draw(STEPS * SEQUENCES * (size_t)INPUTS, 1), *all = draw(STEPS * row, 0);
    float *step = draw(row, 0), *h = draw(states, 2), *c = draw(states, 3);
    recur_stack_input input = {.batch = SEQUENCES, .steps = STEPS, .x = x, .h0 = h, .c0 = c};
    assert_int_equal(recur_stack_forward(whole, &input, &(recur_stack_output){.logits = all}, NULL),
                     RECUR_OK);
    input.steps = 1;
    const recur_stack_output output = {.logits = step, .h_n = h, .c_n = c};
    for (size_t t = 0; t < STEPS; t++) {
        input.x = x + t * SEQUENCES * INPUTS;
        assert_int_equal(recur_stack_forward(single, &input, &output, NULL), RECUR_OK);
        assert_memory_equal(step, all + t * row, row * sizeof *step);
    }
    free(x);
    free(all);
    free(step);
    free(h);
    free(c);
    recur_stack_free(whole);
    recur_stack_free(single);
    recur_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head),         cmocka_unit_test(cross_entropy), cmocka_unit_test(update),
        cmocka_unit_test(wrong_use),    cmocka_unit_test(not_together),  cmocka_unit_test(saved),
        cmocka_unit_test(step_by_step),
    };
    return cmocka_run_group_tests_name("stack_use", tests, scratch_create, scratch_remove);
}
