/* The contract of what computes: gradients are summed over ranks before anything is made of them.
 * Where RECUR_CUDA names a GPU it computes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/team.h"
#include "text_engine.h"

enum { VOCABULARY = 5, HIDDEN = 7, BATCH = 3, STEPS = 4, THREADS = 2 };

/* As if another rank had the same gradients. */
static enum recur_status double_them(void *ranks, const struct recur_summands *summands,
                                     recur_error *error)
{
    (void)error;
    assert_int_equal(summands->blocks->count, 1);
    for (size_t i = 0; i < summands->chunks; i++)
        for (size_t k = 0; k < summands->chunk[i].count; k++)
            summands->gradients[0][summands->chunk[i].first + k] *= 2;
    ++*(int *)ranks;
    return RECUR_OK;
}

static enum recur_status lose_a_rank(void *ranks, const struct recur_summands *summands,
                                     recur_error *error)
{
    (void)ranks;
    (void)summands;
    return recur_fail(error, RECUR_ERROR_FILE, "rank 1 has gone");
}

static recur_model *make_model(void)
{
    static const size_t hidden = HIDDEN;
    recur_model_config config = recur_model_config_default();
    config.vocabulary = VOCABULARY;
    config.hidden = &hidden;
    recur_model *model;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    assert_int_equal(recur_model_set_device(model, RECUR_DEVICE_AUTO, NULL), RECUR_OK);
    return model;
}

/* One minibatch of text learned from with plain SGD; its gradients' norm. */
static enum recur_status learn(recur_model *model, recur_sum_fn *sum, int *calls, double *norm,
                               recur_error *error)
{
    static const int32_t ids[BATCH * STEPS] = {1, 2, 3, 4, 0, 1, 2, 2, 3, 1, 1, 4};
    const struct recur_backend *backend = model->place.backend;
    recur_trainer_config config = recur_trainer_config_default();
    config.optimizer = RECUR_OPTIMIZER_SGD;
    config.clip = 0;
    struct recur_team *team;
    struct recur_learner *learner;
    assert_int_equal(recur_team_create(THREADS, &team, NULL), RECUR_OK);
    const struct recur_learner_plan plan = {.model = model,
                                            .team = team,
                                            .config = &config,
                                            .tokens = BATCH * STEPS,
                                            .sum = sum,
                                            .ranks = calls,
                                            .blocks = sum ? 1 : 0};
    struct recur_engine *engine = make_text_engine(&plan, BATCH, STEPS, &learner);
    backend->begin(learner);
    backend->add_tokens(learner, ids, BATCH * STEPS, 1);
    const struct recur_minibatch batch = {
        .input = {.batch = BATCH, .steps = STEPS, .ids = ids, .targets = ids}};
    const struct recur_learning how = {.lr = 0.5, .number = 1};
    double loss;
    enum recur_status status = backend->learn(engine, &batch, &how, &loss, norm, error);
    backend->free_engine(engine);
    backend->free_learner(learner);
    recur_team_free(team);
    return status;
}

/* Twice the gradients, which is exact: twice the norm, and every parameter goes twice as far. */
static void sums_over_ranks(void **state)
{
    (void)state;
    recur_model *start = make_model(), *alone = make_model(), *two = make_model();
    double norm, norm_of_two;
    int calls = 0;
    assert_int_equal(learn(alone, NULL, NULL, &norm, NULL), RECUR_OK);
    assert_int_equal(learn(two, double_them, &calls, &norm_of_two, NULL), RECUR_OK);
    assert_int_equal(calls, 1);
    assert_true(norm > 0 && norm_of_two == 2 * norm);
    for (size_t i = 0; i < start->network.params.span; i++) {
        real far = two->parameters[i] - start->parameters[i];
        real near = alone->parameters[i] - start->parameters[i];
        assert_true(far - 2 * near < 1e-6F && 2 * near - far < 1e-6F);
    }
    recur_model_free(start);
    recur_model_free(alone);
    recur_model_free(two);
}

static void a_sum_that_fails_updates_nothing(void **state)
{
    (void)state;
    recur_model *start = make_model(), *model = make_model();
    double norm;
    recur_error error = {0};
    assert_int_equal(learn(model, lose_a_rank, NULL, &norm, &error), RECUR_ERROR_FILE);
    assert_string_equal(error.message, "rank 1 has gone");
    assert_memory_equal(model->parameters, start->parameters,
                        start->network.params.span * sizeof(real));
    recur_model_free(start);
    recur_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_over_ranks),
        cmocka_unit_test(a_sum_that_fails_updates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
