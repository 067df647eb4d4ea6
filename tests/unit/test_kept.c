/* Which parameters a run ends with. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recur/evaluate.h"
#include "trainer_example.h"

/* Random tokens can be learned by heart, which does not help with the ones held out. */
static void keeps_the_best_epoch(void **state)
{
    (void)state;
    enum { EPOCHS = 25 };
    recur_model *model = make_model(RECUR_CELL_LSTM, 1, 40, 0);
    recur_corpus *corpus = make_corpus(300, 0);
    recur_trainer_config config = small_config();
    config.validation = 0.3f;
    recur_trainer *trainer = make_trainer(model, corpus, &config);
    assert_int_equal(recur_trainer_train_tokens(trainer), 210);
    assert_int_equal(recur_trainer_valid_tokens(trainer), 90);
    recur_epoch epoch;
    float *best = NULL;
    double lowest = INFINITY;
    uint64_t lowest_at = 0;
    for (uint64_t i = 1; i <= EPOCHS; i++) {
        assert_int_equal(recur_trainer_epoch(trainer, &epoch, NULL), RECUR_OK);
        assert_int_equal(epoch.epoch, i);
        assert_int_equal(recur_trainer_epochs(trainer), i);
        if (epoch.valid_loss < lowest) {
            lowest = epoch.valid_loss;
            lowest_at = i;
            free(best);
            best = parameters_of(model);
        }
        assert_int_equal(recur_trainer_best_epoch(trainer), lowest_at);
    }
    assert_in_range(lowest_at, 1, EPOCHS - 1);
    assert_true(epoch.valid_loss > lowest && epoch.loss < lowest);
    assert_null(recur_model_origin(model));
    assert_int_equal(recur_trainer_finish(trainer, NULL), RECUR_OK);
    assert_parameters(model, best);
    const recur_origin *origin = recur_model_origin(model);
    assert_int_equal(origin->kept_epoch, lowest_at);
    assert_int_equal(origin->train_tokens + origin->valid_tokens, recur_corpus_size(corpus));
    assert_int_equal(origin->valid_tokens, recur_trainer_valid_tokens(trainer));
    assert_true(origin->settings->lr == recur_trainer_get_config(trainer)->lr);
    recur_evaluation evaluation;
    assert_int_equal(recur_evaluate(model, corpus, 210, 0, 1, &evaluation, NULL), RECUR_OK);
    assert_true(evaluation.loss == lowest);
    size_t count;
    const recur_epoch *history = recur_model_history(model, &count);
    assert_int_equal(count, EPOCHS);
    assert_memory_equal(&history[EPOCHS - 1], &epoch, sizeof epoch);
    free(best);
    release(trainer, corpus, model);
}

/* Nothing is held out: an epoch that spoils the model is not what is kept. */
static void keeps_the_lowest_training_loss(void **state)
{
    (void)state;
    enum { EPOCHS_MAX = 300 };
    recur_model *model = make_model(RECUR_CELL_RNN, 1, 20, 0);
    recur_corpus *corpus = make_corpus(200, 0);
    recur_trainer_config config = small_config();
    config.optimizer = RECUR_OPTIMIZER_SGD;
    config.lr = 3;
    config.validation = 0;
    recur_trainer *trainer = make_trainer(model, corpus, &config);
    recur_epoch epoch;
    double lowest = INFINITY;
    uint64_t lowest_at = 0;
    float *best = NULL;
    do {
        assert_int_equal(recur_trainer_epoch(trainer, &epoch, NULL), RECUR_OK);
        if (epoch.loss < lowest) {
            lowest = epoch.loss;
            lowest_at = epoch.epoch;
            free(best);
            best = parameters_of(model);
            assert_int_equal(recur_trainer_best_epoch(trainer), 0);
        }
        assert_in_range(epoch.epoch, 1, EPOCHS_MAX);
    } while (lowest_at == epoch.epoch || epoch.epoch < 10);
    assert_int_equal(recur_trainer_best_epoch(trainer), lowest_at);
    assert_int_equal(recur_trainer_finish(trainer, NULL), RECUR_OK);
    assert_parameters(model, best);
    free(best);
    release(trainer, corpus, model);
}

/* Without validation, or before an epoch is over, finishing keeps the last parameters. */
static void keeps_the_last_parameters(void **state)
{
    (void)state;
    for (int holds_out = 0; holds_out < 2; holds_out++) {
        recur_model *model = make_model(RECUR_CELL_RNN, 1, 10, 0);
        recur_corpus *corpus = make_corpus(200, 0);
        recur_trainer_config config = small_config();
        config.validation = holds_out ? 0.1f : 0;
        recur_trainer *trainer = make_trainer(model, corpus, &config);
        recur_epoch epoch;
        if (!holds_out) {
            assert_int_equal(recur_trainer_epoch(trainer, &epoch, NULL), RECUR_OK);
            assert_true(isnan(epoch.valid_loss));
        }
        float *before = parameters_of(model);
        assert_int_equal(recur_trainer_step(trainer, NULL, NULL), RECUR_OK);
        float *after = parameters_of(model);
        assert_memory_not_equal(after, before, recur_model_parameters(model) * sizeof *after);
        assert_int_equal(recur_trainer_finish(trainer, NULL), RECUR_OK);
        assert_int_equal(recur_trainer_best_epoch(trainer), 0);
        assert_parameters(model, after);
        free(before);
        free(after);
        release(trainer, corpus, model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_best_epoch),
        cmocka_unit_test(keeps_the_lowest_training_loss),
        cmocka_unit_test(keeps_the_last_parameters),
    };
    return cmocka_run_group_tests_name("kept", tests, NULL, NULL);
}
