/* Training runs through the public interface. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "allocations.h"
#include "trainer_example.h"

/* Where AMX is emulated every few instructions are a signal. */
#ifdef AMX_ONLY
enum { EPOCHS = 1 };
#else
enum { EPOCHS = 2 };
#endif

/* What some epochs lead to: the parameters, free() them, and the last validation loss. */
static float *train_epochs(enum recur_cell cell, float dropout, size_t hidden,
                           const recur_trainer_config *config, double *valid_loss)
{
    recur_model *model = make_model(cell, 2, hidden, dropout);
    recur_corpus *corpus = make_corpus(150, 0);
    recur_trainer *trainer = make_trainer(model, corpus, config);
    assert_int_equal(recur_trainer_threads(trainer), config->threads);
    recur_epoch epoch;
    for (int i = 0; i < EPOCHS; i++)
        assert_int_equal(recur_trainer_epoch(trainer, &epoch, NULL), RECUR_OK);
    *valid_loss = epoch.valid_loss;
    float *values = parameters_of(model);
    release(trainer, corpus, model);
    return values;
}

static void check_threads(enum recur_cell cell, float dropout, size_t hidden,
                          recur_trainer_config config)
{
    static const size_t threads[] = {1, 2, 3, 7};
    double loss, first_loss = 0;
    float *first = NULL;
    recur_model *model = make_model(cell, 2, hidden, dropout);
    size_t bytes = recur_model_parameters(model) * sizeof *first;
    recur_model_free(model);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        config.threads = threads[i];
        float *values = train_epochs(cell, dropout, hidden, &config, &loss);
        if (first) {
            assert_memory_equal(values, first, bytes);
            assert_true(loss == first_loss);
            free(values);
        } else {
            first = values;
            first_loss = loss;
        }
    }
    free(first);
}

/* Threads that share the batch. */
static void same_bits_on_any_threads(void **state)
{
    (void)state;
    for (int cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LN_GRU; cell++)
        for (int variant = 0; variant < 4; variant++) {
            recur_trainer_config config = small_config();
            config.batch = 5;
            config.validation = 0.1f;
            config.precision = variant == 3 ? RECUR_PRECISION_BF16 : RECUR_PRECISION_F32;
            config.sampling = variant & 1 ? RECUR_SAMPLING_RANDOM : RECUR_SAMPLING_SEQUENTIAL;
            check_threads((enum recur_cell)cell, variant & 2 ? 0.3f : 0, 35, config);
        }
}

/* Threads that share the units of wide layers, because the batch has too few rows for all. */
static void same_bits_where_units_are_shared(void **state)
{
    (void)state;
    for (int cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LN_GRU; cell++) {
        recur_trainer_config config = small_config();
        config.batch = 2;
        config.steps = 10;
        config.validation = 0.1f;
        check_threads((enum recur_cell)cell, 0.2f, 200, config);
        config.precision = RECUR_PRECISION_BF16;
        check_threads((enum recur_cell)cell, 0.2f, 200, config);
    }
}

static recur_model *make_regular(void)
{
    const size_t hidden[] = {40, 35};
    recur_model_config config = recur_model_config_default();
    config.hidden = hidden;
    config.layers = 2;
    config.vocabulary = VOCABULARY;
    config.dropout = 0.3f;
    config.dropout_kind = RECUR_DROPOUT_LOCKED;
    config.weight_drop = 0.4f;
    recur_model *model;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

/* Locked dropout, weight drop, activation regularisation and a mean of the parameters. */
static void same_bits_of_what_regularises(void **state)
{
    (void)state;
    for (int precision = RECUR_PRECISION_F32; precision <= RECUR_PRECISION_BF16; precision++) {
        float *wanted = NULL;
        for (size_t threads = 1; threads <= 5; threads += 2) {
            recur_model *model = make_regular();
            recur_corpus *corpus = make_corpus(300, 0);
            recur_trainer_config config = small_config();
            config.threads = threads;
            config.batch = 5;
            config.validation = 0.2f;
            config.precision = (enum recur_precision)precision;
            config.average = RECUR_AVERAGE_EMA;
            config.ar = 2;
            recur_trainer *trainer = make_trainer(model, corpus, &config);
            for (int i = 0; i < EPOCHS; i++)
                assert_int_equal(recur_trainer_epoch(trainer, NULL, NULL), RECUR_OK);
            assert_int_equal(recur_trainer_finish(trainer, NULL), RECUR_OK);
            if (wanted)
                assert_parameters(model, wanted);
            else
                wanted = parameters_of(model);
            release(trainer, corpus, model);
        }
        free(wanted);
    }
}

static void steps_allocate_nothing(void **state)
{
    (void)state;
    for (int variant = 0; variant < 4; variant++) {
        recur_model *model = make_model(RECUR_CELL_GRU_RESET_BEFORE, 2, 33, 0.1f);
        recur_corpus *corpus = make_corpus(400, 0);
        recur_trainer_config config = small_config();
        config.validation = 0.2f;
        config.threads = variant & 1 ? 3 : 1;
        config.sampling = variant & 2 ? RECUR_SAMPLING_RANDOM : RECUR_SAMPLING_SEQUENTIAL;
        recur_trainer *trainer = make_trainer(model, corpus, &config);
        for (int e = 0; e < 3; e++) {
            recur_step step = {0};
            size_t before = allocations(), steps = 0;
            for (; !step.end_of_epoch; steps++)
                assert_int_equal(recur_trainer_step(trainer, &step, NULL), RECUR_OK);
            assert_int_equal(allocations(), before);
            assert_true(steps > 5);
            assert_int_equal(recur_trainer_end_epoch(trainer, NULL, NULL), RECUR_OK);
        }
        release(trainer, corpus, model);
    }
}

/* Trains until the loss is below 0.05, which takes the next token for certain. */
static void check_learning(enum recur_cell cell, const recur_trainer_config *config)
{
    recur_model *model = make_model(cell, 1, 24, 0);
    recur_corpus *corpus = make_corpus(400, 7);
    recur_trainer *trainer = make_trainer(model, corpus, config);
    recur_epoch epoch = {.loss = INFINITY};
    for (size_t i = 0; i < 40 && epoch.loss >= 0.05; i++)
        assert_int_equal(recur_trainer_epoch(trainer, &epoch, NULL), RECUR_OK);
    if (!(epoch.loss < 0.05))
        fail_msg("%s with %s: the loss is still %g", recur_cell_name(cell),
                 recur_optimizer_name(config->optimizer), epoch.loss);
    release(trainer, corpus, model);
}

static void learns(void **state)
{
    (void)state;
    for (int cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LN_GRU; cell++) {
        recur_trainer_config config = small_config();
        check_learning((enum recur_cell)cell, &config);
    }
    for (int optimizer = RECUR_OPTIMIZER_SGD; optimizer <= RECUR_OPTIMIZER_RMSPROP; optimizer++) {
        recur_trainer_config config = small_config();
        config.optimizer = (enum recur_optimizer)optimizer;
        config.lr = optimizer == RECUR_OPTIMIZER_SGD ? 1 : 0.01f;
        check_learning(RECUR_CELL_GRU, &config);
    }
}

/* A learning rate that is far too large: the parameters are the initial ones again. */
static void diverges(void **state)
{
    (void)state;
    const size_t hidden[] = {20};
    recur_model *model;
    recur_model_config model_config = recur_model_config_default();
    model_config.cell = RECUR_CELL_RNN;
    model_config.activation = RECUR_ACTIVATION_RELU;
    model_config.hidden = hidden;
    model_config.vocabulary = VOCABULARY;
    assert_int_equal(recur_model_create(&model_config, NULL, &model, NULL), RECUR_OK);
    recur_corpus *corpus = make_corpus(300, 0);
    recur_trainer_config config = small_config();
    config.optimizer = RECUR_OPTIMIZER_SGD;
    config.lr = 1e30f;
    for (int clips = 0; clips < 2; clips++) {
        config.clip = clips ? 1 : 0;
        float *before = parameters_of(model);
        recur_trainer *trainer = make_trainer(model, corpus, &config);
        recur_error error;
        recur_step step;
        assert_int_equal(recur_trainer_step(trainer, &step, &error), RECUR_OK);
        assert_int_equal(recur_trainer_step(trainer, &step, &error), RECUR_ERROR_DIVERGED);
        assert_int_equal(error.status, RECUR_ERROR_DIVERGED);
        char wanted[256];
        snprintf(
            wanted, sizeof wanted,
            "the perplexity is no longer finite at minibatch 2 of %zu of epoch 1; try a smaller "
            "learning rate than 1e+30%s",
            step.minibatches, clips ? "" : " or gradient clipping");
        assert_string_equal(error.message, wanted);
        assert_parameters(model, before);
        /* It is over: what is left of the epoch can neither go on nor count. */
        assert_int_equal(recur_trainer_end_epoch(trainer, NULL, &error), RECUR_ERROR_DIVERGED);
        assert_string_equal(error.message, wanted);
        assert_int_equal(recur_trainer_step(trainer, &step, &error), RECUR_ERROR_DIVERGED);
        assert_string_equal(error.message, wanted);
        assert_int_equal(recur_trainer_epochs(trainer), 0);
        assert_parameters(model, before);
        free(before);
        recur_trainer_free(trainer);
    }
    release(NULL, corpus, model);
}

/* The loss is a large number, but the gradients' squares are none. */
static void diverges_in_the_norm(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_RNN, 1, 20, 0);
    recur_corpus *corpus = make_corpus(300, 0);
    recur_trainer_config config = small_config();
    float weight[VOCABULARY * 20];
    for (size_t i = 0; i < VOCABULARY * 20; i++)
        weight[i] = i % 3 ? 1e25f : -1e25f;
    recur_model_set_tensor(model, recur_model_tensors(model) - 2, weight);
    recur_trainer *trainer = make_trainer(model, corpus, &config);
    recur_error error;
    assert_int_equal(recur_trainer_step(trainer, NULL, &error), RECUR_ERROR_DIVERGED);
    assert_non_null(strstr(error.message, "at minibatch 1 of"));
    release(trainer, corpus, model);
}

static void poison(recur_model *model)
{
    float bias[VOCABULARY];
    for (size_t v = 0; v < VOCABULARY; v++)
        bias[v] = NAN;
    recur_model_set_tensor(model, recur_model_tensors(model) - 1, bias);
}

/* Divergence in a later epoch, in a minibatch and in the validation: the best epoch comes back. */
static void diverges_later(void **state)
{
    (void)state;
    for (int in_validation = 0; in_validation < 2; in_validation++) {
        recur_model *model = make_model(RECUR_CELL_GRU, 1, 20, 0);
        recur_corpus *corpus = make_corpus(300, 0);
        recur_trainer_config config = small_config();
        config.validation = in_validation ? 0.1f : 0;
        recur_trainer *trainer = make_trainer(model, corpus, &config);
        recur_error error;
        recur_step step = {0};
        assert_int_equal(recur_trainer_epoch(trainer, NULL, NULL), RECUR_OK);
        float *good = parameters_of(model);
        while (in_validation && !step.end_of_epoch)
            assert_int_equal(recur_trainer_step(trainer, &step, NULL), RECUR_OK);
        poison(model);
        if (in_validation)
            assert_int_equal(recur_trainer_end_epoch(trainer, NULL, &error), RECUR_ERROR_DIVERGED);
        else
            assert_int_equal(recur_trainer_step(trainer, NULL, &error), RECUR_ERROR_DIVERGED);
        assert_non_null(strstr(error.message, "of epoch 2; try"));
        assert_parameters(model, good);
        free(good);
        release(trainer, corpus, model);
    }
}

static void steps_tell_where_they_are(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_RNN, 1, 10, 0);
    recur_corpus *corpus = make_corpus(300, 0);
    recur_trainer_config config = small_config();
    config.epochs = 2;
    config.schedule = RECUR_SCHEDULE_COSINE;
    config.warmup = 0.5f;
    recur_trainer *trainer = make_trainer(model, corpus, &config);
    recur_error error;
    assert_int_equal(recur_trainer_end_epoch(trainer, NULL, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "an epoch without a step cannot end");
    for (uint64_t e = 1; e <= 2; e++) {
        recur_step step = {0};
        recur_epoch epoch;
        double sum = 0, norms = 0;
        for (size_t i = 1; !step.end_of_epoch; i++) {
            assert_int_equal(recur_trainer_step(trainer, &step, NULL), RECUR_OK);
            sum += step.loss;
            norms += step.gradient_norm;
            assert_int_equal(step.epoch, e);
            assert_int_equal(step.minibatch, i);
            assert_int_equal(step.end_of_epoch, i == step.minibatches);
            assert_true(fabs(step.epoch_loss - sum / (double)i) < 1e-12);
            double climb = (double)i / (double)step.minibatches;
            if (e == 1) /* the first half of the run is warm-up */
                assert_true(fabs(step.lr - (double)config.lr * climb) < 1e-9);
            else
                assert_true(step.lr <= (double)config.lr);
        }
        double lr = step.lr;
        assert_int_equal(recur_trainer_step(trainer, &step, &error), RECUR_ERROR_ARGUMENT);
        assert_int_equal(recur_trainer_end_epoch(trainer, &epoch, NULL), RECUR_OK);
        assert_int_equal(epoch.epoch, e);
        assert_true(fabs(epoch.loss - sum / (double)step.minibatches) < 1e-12);
        assert_true(fabs(epoch.gradient_norm - norms / (double)step.minibatches) < 1e-12);
        assert_true(epoch.lr == lr && epoch.tokens_per_second > 0 && epoch.seconds > 0);
    }
    assert_string_equal(error.message,
                        "epoch 2 is over: recur_trainer_end_epoch comes before the next step");
    release(trainer, corpus, model);
}

/* A run that is given its length as it goes ends with the bits of one that had it from the start.
 */
static void length_while_running(void **state)
{
    (void)state;
    float *wanted = NULL;
    recur_corpus *corpus = make_corpus(300, 0);
    recur_trainer_config config = small_config();
    config.validation = 0.1f;
    config.schedule = RECUR_SCHEDULE_WSD;
    config.warmup = 3;
    for (int late = 0; late < 2; late++) {
        recur_model *model = make_model(RECUR_CELL_LSTM, 1, 12, 0.1f);
        config.updates = late ? 1000 : 31;
        config.stable = late ? 0 : 17;
        config.decay = late ? 300 : 9;
        recur_trainer *trainer = make_trainer(model, corpus, &config);
        recur_error error;
        recur_step step;
        recur_epoch epoch = {0};
        for (size_t i = 1; i <= 31; i++) {
            if (late && i == 20)
                assert_int_equal(recur_trainer_set_length(trainer, 31, 17, 9, &error), RECUR_OK);
            assert_false(recur_trainer_over(trainer));
            assert_int_equal(recur_trainer_step(trainer, &step, &error), RECUR_OK);
            assert_int_equal(recur_trainer_updates(trainer), i);
            if (step.end_of_epoch)
                assert_int_equal(recur_trainer_end_epoch(trainer, &epoch, NULL), RECUR_OK);
        }
        assert_true(step.end_of_epoch && step.minibatch < step.minibatches);
        assert_true(recur_trainer_over(trainer) && isfinite(epoch.valid_loss));
        assert_int_equal(recur_trainer_epochs(trainer), recur_trainer_get_config(trainer)->epochs);
        assert_int_equal(recur_trainer_step(trainer, NULL, &error), RECUR_ERROR_ARGUMENT);
        assert_string_equal(error.message,
                            "the run is over after 31 minibatches: recur_trainer_end_epoch and "
                            "recur_trainer_finish come next");
        assert_int_equal(recur_trainer_set_length(trainer, 31, 9, 9, &error), RECUR_ERROR_ARGUMENT);
        assert_string_equal(error.message,
                            "the run has had 31 minibatches, it cannot end after 31");
        if (late)
            assert_parameters(model, wanted);
        else
            wanted = parameters_of(model);
        recur_trainer_free(trainer);
        recur_model_free(model);
    }
    free(wanted);
    recur_corpus_free(corpus);
}

static void refuse(const recur_corpus *corpus, const recur_trainer_config *config,
                   enum recur_status status, const char *sentence)
{
    recur_model *model = make_model(RECUR_CELL_RNN, 1, 10, 0);
    recur_trainer *trainer = NULL;
    recur_error error;
    assert_int_equal(recur_trainer_create(model, corpus, config, &trainer, &error), status);
    assert_string_equal(error.message, sentence);
    assert_null(trainer);
    recur_model_free(model);
}

static void refuses_values(void **state)
{
    (void)state;
#define FIELD(name) offsetof(recur_trainer_config, name)
    static const struct {
        size_t field;
        float value;
        const char *sentence;
    } cases[] = {
        {FIELD(lr), 0, "the learning rate must be above 0 and below inf, got 0"},
        {FIELD(lr), -1, "the learning rate must be above 0 and below inf, got -1"},
        {FIELD(lr), NAN, "the learning rate must be above 0 and below inf, got nan"},
        {FIELD(lr), INFINITY, "the learning rate must be above 0 and below inf, got inf"},
        {FIELD(momentum), 1, "momentum must be at least 0 and below 1, got 1"},
        {FIELD(momentum), -0.5f, "momentum must be at least 0 and below 1, got -0.5"},
        {FIELD(beta1), 1, "beta1 must be at least 0 and below 1, got 1"},
        {FIELD(beta2), 2, "beta2 must be at least 0 and below 1, got 2"},
        {FIELD(alpha), -1, "alpha must be at least 0 and below 1, got -1"},
        {FIELD(epsilon), 0, "epsilon must be above 0 and below inf, got 0"},
        {FIELD(weight_decay), -1, "weight decay must be at least 0 and below inf, got -1"},
        {FIELD(clip), -2, "the clipping threshold must be at least 0 and below inf, got -2"},
        {FIELD(clip), NAN, "the clipping threshold must be at least 0 and below inf, got nan"},
        {FIELD(warmup), -1, "the warm-up must be at least 0 and at most 1e+09, got -1"},
        {FIELD(lr_floor), 1.5f,
         "the learning rate's floor must be at least 0 and at most 1, got 1.5"},
        {FIELD(factor), 0, "the plateau's factor must be above 0 and below 1, got 0"},
        {FIELD(factor), 1, "the plateau's factor must be above 0 and below 1, got 1"},
        {FIELD(validation), 1, "the validation share must be at least 0 and at most 0.9, got 1"},
        {FIELD(validation), -1, "the validation share must be at least 0 and at most 0.9, got -1"},
    };
#undef FIELD
    recur_corpus *corpus = make_corpus(300, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        recur_trainer_config config = small_config();
        memcpy((char *)&config + cases[i].field, &cases[i].value, sizeof cases[i].value);
        refuse(corpus, &config, RECUR_ERROR_ARGUMENT, cases[i].sentence);
    }
    recur_trainer_config config = small_config();
    config.batch = 0;
    refuse(corpus, &config, RECUR_ERROR_ARGUMENT,
           "a minibatch needs at least 1 sequence and 1 step, got 0 x 6");
    config = small_config();
    config.steps = 0;
    refuse(corpus, &config, RECUR_ERROR_ARGUMENT,
           "a minibatch needs at least 1 sequence and 1 step, got 4 x 0");
    recur_corpus_free(corpus);
}

static void refuses_texts(void **state)
{
    (void)state;
    recur_corpus *corpus = make_corpus(25, 0), *shorter = make_corpus(24, 0);
    recur_corpus *enough = make_corpus(26, 0), *wide;
    recur_model *model = make_model(RECUR_CELL_RNN, 1, 10, 0);
    recur_trainer_config config = small_config();
    recur_trainer *trainer = make_trainer(model, corpus, &config); /* 4 x 6 + 1: just enough */
    recur_step step;
    assert_int_equal(recur_trainer_step(trainer, &step, NULL), RECUR_OK);
    assert_true(step.end_of_epoch);
    release(trainer, NULL, model);
    refuse(shorter, &config, RECUR_ERROR_DATA,
           "the text has 24 tokens, but one minibatch of 4 sequences x 6 steps needs 25; it "
           "takes a longer text, a smaller batch or fewer steps");
    config.batch = SIZE_MAX / 2;
    recur_model *other = make_model(RECUR_CELL_RNN, 1, 10, 0);
    assert_int_equal(recur_trainer_create(other, corpus, &config, &trainer, NULL),
                     RECUR_ERROR_DATA);
    recur_model_free(other);
    config = small_config();
    config.validation = 0.03f;
    refuse(enough, &config, RECUR_ERROR_DATA,
           "0.03 of a text of 26 tokens is too little to hold out: at least 2 tokens are needed; 0 "
           "holds none out");
    const int32_t ids[] = {0, VOCABULARY};
    assert_int_equal(recur_corpus_from_ids(ids, 2, VOCABULARY + 1, &wide, NULL), RECUR_OK);
    refuse(wide, &config, RECUR_ERROR_ARGUMENT,
           "the text has a vocabulary of 13, the model one of 12");
    recur_corpus_free(wide);
    recur_corpus_free(shorter);
    recur_corpus_free(enough);
    recur_corpus_free(corpus);
}

static void names(void **state)
{
    (void)state;
    recur_error error;
    for (int i = 0; i < 4; i++) {
        enum recur_optimizer optimizer;
        assert_int_equal(recur_optimizer_parse(recur_optimizer_name((enum recur_optimizer)i),
                                               &optimizer, &error),
                         RECUR_OK);
        assert_int_equal(optimizer, i);
    }
    for (int i = 0; i < 3; i++) {
        enum recur_schedule schedule;
        assert_int_equal(
            recur_schedule_parse(recur_schedule_name((enum recur_schedule)i), &schedule, &error),
            RECUR_OK);
        assert_int_equal(schedule, i);
    }
    enum recur_optimizer optimizer;
    assert_int_equal(recur_optimizer_parse("lbfgs", &optimizer, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message,
                        "unknown optimizer \"lbfgs\": expected sgd, adam, adamw or rmsprop");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_on_any_threads),
        cmocka_unit_test(same_bits_where_units_are_shared),
        cmocka_unit_test(same_bits_of_what_regularises),
        cmocka_unit_test(allocations_are_counted),
        cmocka_unit_test(steps_allocate_nothing),
        cmocka_unit_test(learns),
        cmocka_unit_test(diverges),
        cmocka_unit_test(diverges_in_the_norm),
        cmocka_unit_test(diverges_later),
        cmocka_unit_test(length_while_running),
        cmocka_unit_test(steps_tell_where_they_are),
        cmocka_unit_test(refuses_values),
        cmocka_unit_test(refuses_texts),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests_name("trainer", tests, NULL, NULL);
}
