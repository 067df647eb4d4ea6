/* Runs over a vocabulary of which a minibatch reads a part only: they are what the same steps are
 * over all of it, which a stack does. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recur/batches.h"
#include "recur/stack.h"
#include "trainer_example.h"

enum { WORDS = 200, WIDTH = 37, BATCH = 3, STEPS = 5, UPDATES = 30 };

static recur_model *make_words(size_t embedding)
{
    const size_t hidden[] = {WIDTH};
    recur_model *model;
    recur_model_config config = recur_model_config_default();
    config.cell = RECUR_CELL_GRU;
    config.hidden = hidden;
    config.vocabulary = WORDS;
    config.embedding = embedding;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

/* The same minibatches, step by step, where every number may have a gradient. */
static void run_stack(recur_model *model, const recur_corpus *corpus,
                      const recur_trainer_config *run)
{
    recur_stack *stack;
    recur_batches *batches;
    int32_t x[STEPS * BATCH], y[STEPS * BATCH];
    recur_batches_config config = recur_batches_config_default();
    config.batch = BATCH;
    config.steps = STEPS;
    config.sampling = run->sampling;
    config.seed = run->seed;
    assert_int_equal(recur_batches_create(corpus, &config, &batches, NULL), RECUR_OK);
    assert_int_equal(recur_stack_create(model, run, 0, &stack, NULL), RECUR_OK);
    assert_true(recur_batches_start(batches, 0) > UPDATES);
    for (int i = 0; i < UPDATES; i++) {
        double loss;
        const recur_stack_input input = {.batch = BATCH, .steps = STEPS, .ids = x, .targets = y};
        const recur_stack_output output = {.loss = &loss};
        assert_int_equal(recur_batches_next(batches, x, y), 1);
        assert_int_equal(recur_stack_forward(stack, &input, &output, NULL), RECUR_OK);
        assert_int_equal(recur_stack_backward(stack, NULL, NULL, NULL), RECUR_OK);
        assert_int_equal(recur_stack_update(stack, (double)run->lr, NULL, NULL), RECUR_OK);
    }
    recur_stack_free(stack);
    recur_batches_free(batches);
}

/* A stack adds rows up in another order, which rounds otherwise. */
static void check_run(const recur_trainer_config *run, size_t embedding)
{
    recur_corpus *corpus = make_corpus_of(WORDS, TOKENS_MAX, 0);
    recur_model *model = make_words(embedding), *whole = make_words(embedding);
    recur_trainer *trainer = make_trainer(model, corpus, run);
    for (int i = 0; i < UPDATES; i++)
        assert_int_equal(recur_trainer_step(trainer, NULL, NULL), RECUR_OK);
    run_stack(whole, corpus, run);
    float *got = parameters_of(model), *wanted = parameters_of(whole);
    for (size_t i = 0; i < recur_model_parameters(model); i++)
        if (!(fabsf(got[i] - wanted[i]) <= 1e-5f))
            fail_msg("%s, embedding %zu: number %zu is %.9g, expected %.9g",
                     recur_optimizer_name(run->optimizer), embedding, i, (double)got[i],
                     (double)wanted[i]);
    free(got);
    free(wanted);
    recur_model_free(whole);
    release(trainer, corpus, model);
}

static void as_all_rows(void **state)
{
    (void)state;
    for (int kind = RECUR_OPTIMIZER_SGD; kind <= RECUR_OPTIMIZER_RMSPROP; kind++)
        for (int way = 0; way < 12; way++) {
            recur_trainer_config run = small_config();
            run.batch = BATCH;
            run.steps = STEPS;
            run.sampling = RECUR_SAMPLING_RANDOM;
            run.optimizer = (enum recur_optimizer)kind;
            run.threads = 1 + (size_t)way % 2;
            run.clip = way % 3 ? 0.3f : 0;
            run.momentum = way % 3 == 2 ? 0.5f : 0;
            run.epsilon = 1e-3f; /* keeps the rounding of small gradients small */
            run.lr = kind == RECUR_OPTIMIZER_SGD ? 0.5f : 0.01f;
            check_run(&run, way < 6 ? 0 : 41);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_all_rows)};
    return cmocka_run_group_tests_name("touched", tests, NULL, NULL);
}
