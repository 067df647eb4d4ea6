/* Means of the parameters over updates: which updates, with which weight, and what is judged and
 * kept. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recur/evaluate.h"
#include "train/average.h"
#include "trainer_example.h"

enum { EPOCHS = 2, TOKENS = 300 };

/* All of the run's mean, one tensor after the other; free() it. */
static float *mean_of(const recur_trainer *trainer, const recur_model *model)
{
    float *values = malloc(recur_model_parameters(model) * sizeof *values), *end = values;
    for (size_t t = 0; t < recur_trainer_tensors(trainer); t++) {
        recur_tensor_info info = recur_trainer_tensor(trainer, t);
        if (strncmp(info.name, "training.average.", 17) != 0)
            continue;
        recur_trainer_get_tensor(trainer, t, end);
        end += info.shape[0] * info.shape[1];
    }
    assert_int_equal(end - values, recur_model_parameters(model));
    return values;
}

/* What the mean should be, in double: a sum of weight^age of the parameters after each update, over
 * the sum of these weights; with weight 1 the arithmetic mean. */
static void add(const recur_model *model, double weight, double *sum, double *weights)
{
    float *values = parameters_of(model);
    for (size_t i = 0; i < recur_model_parameters(model); i++)
        sum[i] = weight * sum[i] + (double)values[i];
    *weights = weight * *weights + 1;
    free(values);
}

/* `first` is the update that the mean begins with, from 0. The mean is rounded at each update. */
static void check_mean(const recur_trainer_config *config, uint64_t first)
{
    recur_model *model = make_model(RECUR_CELL_GRU, 1, 9, 0);
    recur_corpus *corpus = make_corpus(TOKENS, 0);
    recur_trainer *trainer = make_trainer(model, corpus, config);
    double *sum = calloc(recur_model_parameters(model), sizeof *sum), weights = 0;
    double weight = config->average == RECUR_AVERAGE_EMA ? (double)config->average_decay : 1;
    recur_step step = {0};
    recur_epoch epoch;
    for (uint64_t update = 0; recur_trainer_epochs(trainer) < EPOCHS; update++) {
        assert_int_equal(recur_trainer_step(trainer, &step, NULL), RECUR_OK);
        if (update >= first)
            add(model, weight, sum, &weights);
        if (step.end_of_epoch)
            assert_int_equal(recur_trainer_end_epoch(trainer, &epoch, NULL), RECUR_OK);
    }
    float *mean = mean_of(trainer, model), *last = parameters_of(model);
    assert_true(weights > 1);
    for (size_t i = 0; i < recur_model_parameters(model); i++)
        assert_true(fabs((double)mean[i] - sum[i] / weights) < 1e-6);
    assert_memory_not_equal(mean, last, recur_model_parameters(model) * sizeof *mean);
    assert_int_equal(recur_trainer_finish(trainer, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_finish(trainer, NULL), RECUR_OK); /* the mean stays */
    if (recur_trainer_best_epoch(trainer) % EPOCHS == 0) /* the last, or there is no best one */
        assert_parameters(model, mean);
    free(mean);
    free(last);
    free(sum);
    release(trainer, corpus, model);
}

static void ema_and_swa_are_means(void **state)
{
    (void)state;
    for (int held_out = 0; held_out < 2; held_out++) {
        recur_trainer_config config = small_config();
        config.epochs = EPOCHS;
        config.lr = 0.005f;
        config.validation = held_out ? 0.2f : 0;
        config.average = RECUR_AVERAGE_EMA;
        config.average_decay = 0.9f;
        check_mean(&config, 0);
        config.average_decay = 0;
        config.average = RECUR_AVERAGE_SWA;
        config.average_start = 0;
        check_mean(&config, 0);
    }
}

/* The epoch's loss is that of the mean, and so are the parameters that are kept. */
static void the_mean_is_judged_and_kept(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_LSTM, 2, 20, 0);
    recur_corpus *corpus = make_corpus(TOKENS, 7);
    recur_trainer_config config = small_config();
    config.validation = 0.2f;
    config.average = RECUR_AVERAGE_EMA;
    recur_trainer *trainer = make_trainer(model, corpus, &config);
    recur_epoch epoch;
    assert_int_equal(recur_trainer_epoch(trainer, &epoch, NULL), RECUR_OK);
    float *mean = mean_of(trainer, model), *last = parameters_of(model);
    assert_memory_not_equal(mean, last, recur_model_parameters(model) * sizeof *mean);
    assert_int_equal(recur_trainer_finish(trainer, NULL), RECUR_OK);
    assert_parameters(model, mean);
    recur_evaluation held_out;
    size_t first = TOKENS - recur_trainer_valid_tokens(trainer);
    assert_int_equal(recur_evaluate(model, corpus, first, recur_trainer_valid_tokens(trainer), 0,
                                    &held_out, NULL),
                     RECUR_OK);
    assert_true(held_out.loss == epoch.valid_loss);
    free(mean);
    free(last);
    release(trainer, corpus, model);
}

/* Merity's trigger: the last loss is above one of those that are older than the `patience` before
 * it. */
static void asgd_begins_once_the_loss_has_stopped_falling(void **state)
{
    static const struct {
        double loss[6];
        size_t epochs, patience;
        bool begins;
    } runs[] = {
        {{0}, 0, 0, false},
        {{3}, 1, 0, false},
        {{3, 2}, 2, 0, false},
        {{3, 3}, 2, 0, false},
        {{3, 4}, 2, 0, true},
        {{3, 4}, 2, 1, false},
        {{3, 4, 3.5}, 3, 1, true},
        {{3, 4, 2.5}, 3, 1, false},
        {{3, 1, 2, 2.5}, 4, 1, true},
        {{3, 2.6, 1, 2.5}, 4, 2, false},
        {{2.4, 2.6, 1, 2.5}, 4, 2, true},
        {{9, 1, 5, 4, 3}, 5, 3, false},
        {{9, 1, 5, 4, 3, 2}, 6, 3, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        recur_epoch history[6];
        struct recur_source source = {.held_out.tokens = 1};
        recur_model model = {.history = history, .history_count = runs[i].epochs};
        struct recur_trainer trainer = {
            .model = &model,
            .source = &source,
            .epochs = runs[i].epochs,
            .config = {.average = RECUR_AVERAGE_ASGD, .patience = runs[i].patience}};
        for (size_t e = 0; e < runs[i].epochs; e++)
            history[e] = (recur_epoch){.valid_loss = runs[i].loss[e], .loss = 1};
        assert_true(recur_average_weight(&trainer, 0.5) == (runs[i].begins ? 1 : 0));
        trainer.averaged = 3;
        assert_true(recur_average_weight(&trainer, 0.5) == 0.25);
    }
}

static void swa_begins_with_a_share_of_the_run(void **state)
{
    (void)state;
    struct recur_trainer trainer = {.config = {.average = RECUR_AVERAGE_SWA, .average_start = 0.5}};
    assert_true(recur_average_weight(&trainer, 0.49) == 0);
    assert_true(recur_average_weight(&trainer, 0.5) == 1);
}

static void swa_begins_after_so_many_updates(void **state)
{
    (void)state;
    struct recur_trainer trainer = {.updates = 6,
                                    .config = {.average = RECUR_AVERAGE_SWA, .average_start = 7}};
    assert_true(recur_average_weight(&trainer, 0.9) == 0);
    trainer.updates = 7;
    assert_true(recur_average_weight(&trainer, 0.1) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ema_and_swa_are_means),
        cmocka_unit_test(the_mean_is_judged_and_kept),
        cmocka_unit_test(asgd_begins_once_the_loss_has_stopped_falling),
        cmocka_unit_test(swa_begins_with_a_share_of_the_run),
        cmocka_unit_test(swa_begins_after_so_many_updates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
