/* Sampled softmax: which tokens are drawn and how often; a run beside plain loops in double, which
 * get their layers from a stack. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/candidates.h"
#include "nn/model_object.h"
#include "recur/batches.h"
#include "recur/evaluate.h"
#include "recur/labels.h"
#include "recur/stack.h"
#include "tensor_named.h"
#include "trainer_example.h"

enum { WORDS = 200, WIDTH = 37, BATCH = 3, STEPS = 5, ROWS = BATCH * STEPS, SAMPLES = 40 };
enum { UPDATES = 12, TENSORS = 8, NUMBERS = WORDS * 150 };

struct setup {
    size_t embedding;
    bool tied;
    enum recur_optimizer optimizer;
    float momentum, weight_decay;
};

static recur_model *make_words(const struct setup *setup)
{
    const size_t hidden[] = {WIDTH};
    recur_model *model;
    recur_model_config config = recur_model_config_default();
    config.hidden = hidden;
    config.vocabulary = WORDS;
    config.embedding = setup->embedding;
    config.tied = setup->tied;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

static recur_trainer_config make_config(const struct setup *setup)
{
    recur_trainer_config config = small_config();
    config.batch = BATCH;
    config.steps = STEPS;
    config.sampling = RECUR_SAMPLING_RANDOM; /* no state is carried */
    config.optimizer = setup->optimizer;
    config.momentum = setup->momentum;
    config.weight_decay = setup->weight_decay;
    config.lr = 0.005f;
    config.epsilon = 1e-4f; /* or Adam makes steps of what rounding leaves of small gradients */
    config.clip = 0.5f;
    config.sampled_softmax = SAMPLES;
    return config;
}

/* Over many minibatches a token is drawn as often as its chance says, and the columns are as the
 * header says. */
static void tokens_are_drawn_as_often_as_their_chance_says(void **state)
{
    (void)state;
    enum { DRAWS = 20000 };
    static size_t drawn[WORDS];
    static double weight[WORDS];
    struct recur_candidates candidates;
    recur_model *model = make_words(&(struct setup){.embedding = 4});
    const int32_t targets[] = {199, 3, -1, 199, 150};
    assert_int_equal(recur_candidates_init(&candidates, &model->network, SAMPLES, 5, 9, NULL),
                     RECUR_OK);
    assert_int_equal(candidates.most, SAMPLES + 5);
    for (uint64_t i = 0; i < DRAWS; i++) {
        recur_candidates_draw(&candidates, i, targets, 5);
        assert_int_equal(candidates.sampled, SAMPLES);
        assert_in_range(candidates.count, SAMPLES, SAMPLES + 3);
        for (size_t j = 0; j < candidates.count; j++) {
            int32_t id = candidates.id[j];
            assert_true(j == 0 || j == SAMPLES || candidates.id[j - 1] < id);
            assert_int_equal(recur_candidates_column(&candidates, id), j);
            drawn[id] += j < SAMPLES;
            weight[id] += j < SAMPLES ? exp(-(double)candidates.chance[j]) : 0;
            assert_true(j < SAMPLES || (id == 199 || id == 3 || id == 150));
        }
        assert_int_equal(candidates.id[recur_candidates_column(&candidates, 199)], 199);
        assert_int_equal(recur_candidates_column(&candidates, -1), -1);
    }
    for (size_t id = 0; id < WORDS; id++) {
        /* 1 / chance has the mean 1, within five standard errors; the number of proposals, on which
         * the chance depends, varies with what was drawn, which is worth 1 % */
        double mean = weight[id] / DRAWS, share = (double)drawn[id] / DRAWS;
        double error = 5 * sqrt((1 / share - 1) / DRAWS) + 0.01;
        if (!(fabs(mean - 1) < error))
            fail_msg("token %zu: mean weight %g, expected 1 within %g", id, mean, error);
    }
    assert_true(drawn[0] > 19 * drawn[199] / 2);
    recur_candidates_free(&candidates);
    recur_model_free(model);
}

static void a_draw_depends_on_seed_and_minibatch_alone(void **state)
{
    (void)state;
    struct recur_candidates one, other;
    recur_model *model = make_words(&(struct setup){.embedding = 4});
    assert_int_equal(recur_candidates_init(&one, &model->network, SAMPLES, 1, 9, NULL), RECUR_OK);
    assert_int_equal(recur_candidates_init(&other, &model->network, SAMPLES, 1, 9, NULL), RECUR_OK);
    recur_candidates_draw(&one, 1, NULL, 0);
    recur_candidates_draw(&one, 7, NULL, 0);
    recur_candidates_draw(&other, 7, NULL, 0);
    assert_memory_equal(one.id, other.id, SAMPLES * sizeof *one.id);
    assert_memory_equal(one.chance, other.chance, SAMPLES * sizeof *one.chance);
    recur_candidates_draw(&other, 8, NULL, 0);
    assert_memory_not_equal(one.id, other.id, SAMPLES * sizeof *one.id);
    other.seed = 10;
    recur_candidates_draw(&other, 7, NULL, 0);
    assert_memory_not_equal(one.id, other.id, SAMPLES * sizeof *one.id);
    recur_candidates_free(&one);
    recur_candidates_free(&other);
    recur_model_free(model);
}

/* The run in plain loops. */
struct plain {
    recur_model *model;
    recur_stack *stack;
    recur_batches *batches;
    struct recur_candidates candidates;
    recur_trainer_config config;
    const struct setup *setup;
    int32_t x[ROWS], y[ROWS];
    float logits[ROWS * WORDS], dlogits[ROWS * WORDS];
    /* those that the minibatch has */
    bool table_row[WORDS], head_row[WORDS], bias_row[WORDS];
    double first[TENSORS][NUMBERS], second[TENSORS][NUMBERS];
    float values[NUMBERS], gradient[TENSORS][NUMBERS];
    double loss, norm;
};

/* The mean of log(e^target + sum over drawn others of e^logit / chance) - target. */
static void plain_loss(struct plain *plain)
{
    const struct recur_candidates *candidates = &plain->candidates;
    plain->loss = 0;
    memset(plain->dlogits, 0, sizeof plain->dlogits);
    for (size_t r = 0; r < ROWS; r++) {
        const float *logit = plain->logits + r * WORDS;
        int32_t target = plain->y[r];
        double sum = exp((double)logit[target]), share;
        for (size_t j = 0; j < candidates->sampled; j++)
            if (candidates->id[j] != target)
                sum += exp((double)logit[candidates->id[j]] - (double)candidates->chance[j]);
        plain->loss += (log(sum) - (double)logit[target]) / ROWS;
        for (size_t j = 0; j < candidates->sampled; j++) {
            int32_t id = candidates->id[j];
            share = exp((double)logit[id] - (double)candidates->chance[j]) / sum;
            plain->dlogits[r * WORDS + (size_t)id] += id == target ? 0 : (float)(share / ROWS);
        }
        share = exp((double)logit[target]) / sum;
        plain->dlogits[r * WORDS + (size_t)target] += (float)((share - 1) / ROWS);
    }
}

static void list_rows(struct plain *plain)
{
    memset(plain->table_row, 0, sizeof plain->table_row);
    memset(plain->head_row, 0, sizeof plain->head_row);
    for (size_t i = 0; i < ROWS; i++)
        plain->table_row[plain->x[i]] = true;
    for (size_t j = 0; j < plain->candidates.count; j++)
        plain->head_row[plain->candidates.id[j]] = true;
    memcpy(plain->bias_row, plain->head_row, sizeof plain->bias_row);
    for (size_t v = 0; v < WORDS && plain->setup->tied; v++)
        plain->head_row[v] = plain->table_row[v] = plain->table_row[v] || plain->head_row[v];
}

/* Whether the minibatch moves number `i` of a tensor. */
static bool moves(const struct plain *plain, const recur_tensor_info *info, size_t i)
{
    size_t row = i / info->shape[1], column = i % info->shape[1];
    if (strcmp(info->name, "embedding.weight") == 0)
        return plain->table_row[row];
    if (strcmp(info->name, "linear.weight") == 0)
        return plain->head_row[row];
    if (strcmp(info->name, "linear.bias") == 0)
        return plain->bias_row[i];
    if (strcmp(info->name, "rnn.weight_ih_l0") == 0 && !plain->setup->embedding)
        return plain->table_row[column];
    return true;
}

static double move(struct plain *plain, double p, double g, double *m, double *v, double update)
{
    const recur_trainer_config *config = &plain->config;
    double b1 = (double)config->beta1, b2 = (double)config->beta2, lr = (double)config->lr;
    if (config->optimizer == RECUR_OPTIMIZER_SGD) {
        *m = (double)config->momentum * *m + g + (double)config->weight_decay * p;
        return p - lr * *m;
    }
    *m = b1 * *m + (1 - b1) * g;
    *v = b2 * *v + (1 - b2) * g * g;
    return p - lr * (*m / (1 - pow(b1, update))) /
                   (sqrt(*v / (1 - pow(b2, update))) + (double)config->epsilon);
}

static size_t count_of(const recur_tensor_info *info)
{
    return info->shape[0] * info->shape[1];
}

/* Reads the gradients; of a tied head both have the sum, which counts once in the norm. */
static void read_gradients(struct plain *plain)
{
    size_t tensors = recur_model_tensors(plain->model);
    size_t head = tensor_named(plain->model, "linear.weight");
    float *table = plain->gradient[0]; /* the embedding comes first */
    double squares = 0;
    for (size_t t = 0; t < tensors; t++)
        recur_stack_get_gradient(plain->stack, t, plain->gradient[t]);
    for (size_t i = 0; i < WORDS * WIDTH && plain->setup->tied; i++)
        plain->gradient[head][i] = table[i] += plain->gradient[head][i];
    for (size_t t = 0; t < tensors; t++) {
        recur_tensor_info info = recur_model_tensor(plain->model, t);
        for (size_t i = 0; i < count_of(&info) && !(plain->setup->tied && t == head); i++)
            squares += (double)plain->gradient[t][i] * (double)plain->gradient[t][i];
    }
    plain->norm = sqrt(squares);
}

static void plain_update(struct plain *plain, size_t update)
{
    read_gradients(plain);
    double clip = (double)plain->config.clip, scale = plain->norm > clip ? clip / plain->norm : 1;
    for (size_t t = 0; t < recur_model_tensors(plain->model); t++) {
        recur_tensor_info info = recur_model_tensor(plain->model, t);
        recur_model_get_tensor(plain->model, t, plain->values);
        for (size_t i = 0; i < count_of(&info); i++)
            if (moves(plain, &info, i))
                plain->values[i] = (float)move(
                    plain, (double)plain->values[i], scale * (double)plain->gradient[t][i],
                    &plain->first[t][i], &plain->second[t][i], (double)update);
        recur_model_set_tensor(plain->model, t, plain->values);
    }
    recur_stack_clear_gradients(plain->stack);
}

static void plain_step(struct plain *plain, size_t update)
{
    const recur_stack_input input = {.batch = BATCH, .steps = STEPS, .ids = plain->x};
    const recur_stack_output output = {.logits = plain->logits};
    const recur_stack_output_gradient given = {.dlogits = plain->dlogits};
    assert_int_equal(recur_batches_next(plain->batches, plain->x, plain->y), 1);
    recur_candidates_draw(&plain->candidates, update, plain->y, ROWS);
    list_rows(plain);
    assert_int_equal(recur_stack_forward(plain->stack, &input, &output, NULL), RECUR_OK);
    plain_loss(plain);
    assert_int_equal(recur_stack_backward(plain->stack, &given, NULL, NULL), RECUR_OK);
    plain_update(plain, update + 1);
}

static void begin_plain(struct plain *plain, const struct setup *setup, const recur_corpus *corpus)
{
    recur_batches_config batches = recur_batches_config_default();
    memset(plain, 0, sizeof *plain);
    plain->setup = setup;
    plain->config = make_config(setup);
    batches.batch = BATCH;
    batches.steps = STEPS;
    batches.sampling = plain->config.sampling;
    batches.seed = plain->config.seed;
    plain->model = make_words(setup);
    assert_int_equal(recur_model_tensors(plain->model), setup->embedding ? 7 : 6);
    assert_int_equal(recur_batches_create(corpus, &batches, &plain->batches, NULL), RECUR_OK);
    assert_int_equal(recur_stack_create(plain->model, &plain->config, 0, &plain->stack, NULL),
                     RECUR_OK);
    assert_int_equal(recur_candidates_init(&plain->candidates, &plain->model->network, SAMPLES,
                                           ROWS, plain->config.seed, NULL),
                     RECUR_OK);
    assert_true(recur_batches_start(plain->batches, 0) > UPDATES);
}

static void end_plain(struct plain *plain)
{
    recur_candidates_free(&plain->candidates);
    recur_stack_free(plain->stack);
    recur_batches_free(plain->batches);
    recur_model_free(plain->model);
}

static void check_run(const struct setup *setup)
{
    static struct plain plain;
    recur_corpus *corpus = make_corpus_of(WORDS, TOKENS_MAX, 0);
    recur_model *model = make_words(setup);
    begin_plain(&plain, setup, corpus);
    recur_trainer *trainer = make_trainer(model, corpus, &plain.config);
    for (size_t i = 0; i < UPDATES; i++) {
        recur_step step;
        assert_int_equal(recur_trainer_step(trainer, &step, NULL), RECUR_OK);
        plain_step(&plain, i);
        if (!(fabs(step.loss - plain.loss) < 1e-5 * plain.loss) ||
            !(fabs(step.gradient_norm - plain.norm) < 1e-4 * plain.norm))
            fail_msg("%s, embedding %zu, update %zu: loss %.9g, norm %.9g, expected %.9g, %.9g",
                     recur_optimizer_name(setup->optimizer), setup->embedding, i, step.loss,
                     step.gradient_norm, plain.loss, plain.norm);
    }
    const float *got = model->parameters, *wanted = plain.model->parameters;
    for (size_t i = 0; i < model->network.params.span; i++)
        /* floats that are summed in another order */
        if (!(fabsf(got[i] - wanted[i]) <= 2e-5f))
            fail_msg("%s, embedding %zu: number %zu is %.9g, expected %.9g",
                     recur_optimizer_name(setup->optimizer), setup->embedding, i, (double)got[i],
                     (double)wanted[i]);
    end_plain(&plain);
    release(trainer, corpus, model);
}

static void a_run_is_that_of_plain_loops(void **state)
{
    (void)state;
    static const struct setup setups[] = {
        {.embedding = 9, .optimizer = RECUR_OPTIMIZER_SGD},
        {.embedding = 9, .optimizer = RECUR_OPTIMIZER_SGD, .momentum = 0.5f, .weight_decay = 0.1f},
        {.embedding = 9, .optimizer = RECUR_OPTIMIZER_ADAM},
        {.embedding = 0, .optimizer = RECUR_OPTIMIZER_ADAM},
        {.embedding = WIDTH, .tied = true, .optimizer = RECUR_OPTIMIZER_SGD},
        {.embedding = WIDTH, .tied = true, .optimizer = RECUR_OPTIMIZER_ADAM},
    };
    for (size_t i = 0; i < sizeof setups / sizeof *setups; i++)
        check_run(&setups[i]);
}

/* All parameters, padding included. */
static float *run_on(size_t threads, const struct setup *setup, enum recur_precision precision,
                     enum recur_average average, size_t *bytes)
{
    recur_corpus *corpus = make_corpus_of(WORDS, TOKENS_MAX, 0);
    recur_model *model = make_words(setup);
    recur_trainer_config config = make_config(setup);
    config.threads = threads;
    config.precision = precision;
    config.average = average;
    config.sampling = RECUR_SAMPLING_SEQUENTIAL;
    recur_trainer *trainer = make_trainer(model, corpus, &config);
    assert_int_equal(recur_trainer_epoch(trainer, NULL, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_finish(trainer, NULL), RECUR_OK);
    size_t span = model->network.params.span;
    float *values = malloc(span * sizeof *values);
    assert_non_null(values);
    memcpy(values, model->parameters, span * sizeof *values);
    *bytes = span * sizeof *values;
    if (setup->tied) {
        static float one[WORDS * WIDTH], other[WORDS * WIDTH];
        recur_model_get_tensor(model, tensor_named(model, "embedding.weight"), one);
        recur_model_get_tensor(model, tensor_named(model, "linear.weight"), other);
        assert_memory_equal(one, other, sizeof one);
    }
    release(trainer, corpus, model);
    return values;
}

static void the_bits_are_the_same_on_any_threads(void **state)
{
    (void)state;
    for (int tied = 0; tied < 2; tied++)
        for (int precision = RECUR_PRECISION_F32; precision <= RECUR_PRECISION_BF16; precision++) {
            const struct setup setup = {
                .embedding = WIDTH, .tied = tied, .optimizer = RECUR_OPTIMIZER_ADAM};
            enum recur_average average = precision ? RECUR_AVERAGE_NONE : RECUR_AVERAGE_EMA;
            size_t bytes;
            float *one = run_on(1, &setup, (enum recur_precision)precision, average, &bytes);
            for (size_t threads = 2; threads <= 5; threads++) {
                float *more =
                    run_on(threads, &setup, (enum recur_precision)precision, average, &bytes);
                assert_memory_equal(one, more, bytes);
                free(more);
            }
            free(one);
        }
}

/* Training is judged by the whole softmax. */
static void what_is_held_out_is_judged_by_all_tokens(void **state)
{
    (void)state;
    const struct setup setup = {.embedding = 9, .optimizer = RECUR_OPTIMIZER_ADAM};
    recur_corpus *corpus = make_corpus_of(WORDS, TOKENS_MAX, 0);
    recur_model *model = make_words(&setup);
    recur_trainer_config config = make_config(&setup);
    config.validation = 0.2f;
    recur_trainer *trainer = make_trainer(model, corpus, &config);
    recur_epoch epoch;
    recur_evaluation all;
    assert_int_equal(recur_trainer_epoch(trainer, &epoch, NULL), RECUR_OK);
    size_t held_out = recur_trainer_valid_tokens(trainer);
    assert_int_equal(recur_evaluate(model, corpus, TOKENS_MAX - held_out, held_out, 1, &all, NULL),
                     RECUR_OK);
    assert_true(epoch.valid_loss == all.loss);
    release(trainer, corpus, model);
}

static void what_cannot_be_sampled_is_refused(void **state)
{
    (void)state;
    const struct setup setup = {.embedding = 9};
    recur_corpus *corpus = make_corpus_of(WORDS, TOKENS_MAX, 0);
    recur_model *model = make_words(&setup);
    recur_trainer_config config = make_config(&setup);
    recur_trainer *trainer;
    recur_error error;
    config.sampled_softmax = WORDS / 2 + 1;
    assert_int_equal(recur_trainer_create(model, corpus, &config, &trainer, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "a softmax over 101 sampled tokens needs a vocabulary of at "
                                       "least twice as many; the model's has 200");
    config.sampled_softmax = WORDS / 2;
    release(make_trainer(model, corpus, &config), corpus, model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_drawn_as_often_as_their_chance_says),
        cmocka_unit_test(a_draw_depends_on_seed_and_minibatch_alone),
        cmocka_unit_test(a_run_is_that_of_plain_loops),
        cmocka_unit_test(the_bits_are_the_same_on_any_threads),
        cmocka_unit_test(what_is_held_out_is_judged_by_all_tokens),
        cmocka_unit_test(what_cannot_be_sampled_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
