/* Filling in: no token has a part in its own prediction, the tokens around it do. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/pass.h"
#include "base/memory.h"
#include "nn/model_object.h"
#include "recur/evaluate.h"
#include "recur/stack.h"
#include "recur/trainer.h"

enum { VOCABULARY = 40, STEPS = 12, TEXT_MAX = 700 };

static recur_model *make_model(recur_model_config config)
{
    static const size_t hidden[] = {33, 20};
    recur_model *model;
    config.task = RECUR_TASK_FILL;
    config.hidden = hidden;
    config.layers = 2;
    config.vocabulary = VOCABULARY;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

/* Both directions side by side and summed, dropout, embeddings; and forward alone. */
static recur_model *make_variant(size_t variant)
{
    recur_model_config config = recur_model_config_default();
    config.cell = (enum recur_cell)(variant % 4);
    config.bidirectional = variant < 4;
    config.merge = variant % 2 ? RECUR_MERGE_SUM : RECUR_MERGE_CONCAT;
    config.embedding = variant == 2 ? 7 : 0;
    config.dropout = variant == 3 ? 0.3f : 0;
    return make_model(config);
}
enum { VARIANTS = 6 };

struct bench {
    recur_model *model;
    struct recur_workspace work;
    struct recur_pass pass;
    real *gradients;
    int32_t ids[STEPS], targets[STEPS];
};

/* One sequence of different tokens. */
static void start(struct bench *bench, size_t variant)
{
    *bench = (struct bench){.model = make_variant(variant)};
    const struct recur_network *network = &bench->model->network;
    assert_int_equal(recur_workspace_init(&bench->work, network, 1, STEPS, true, 1, NULL), 0);
    assert_int_equal(
        recur_block_alloc(network->params.span * sizeof(real), "g", &bench->gradients, NULL), 0);
    for (size_t t = 0; t < STEPS; t++) {
        bench->ids[t] = (int32_t)(3 * t + 1);
        bench->targets[t] = -1;
    }
    bench->pass = (struct recur_pass){.network = network,
                                      .kernels = bench->model->kernels,
                                      .work = &bench->work,
                                      .parameters = bench->model->parameters,
                                      .gradients = bench->gradients,
                                      .batch.steps = STEPS,
                                      .batch.ids = bench->ids,
                                      .dropout.on = network->dropout > 0,
                                      .loss_scale = 1};
    recur_pass_prepare(&bench->pass, true);
}

static void finish(struct bench *bench)
{
    recur_workspace_free(&bench->work);
    recur_block_free(bench->gradients);
    recur_model_free(bench->model);
}

/* The logits of every step, (STEPS, VOCABULARY). */
static void predict(struct bench *bench, real (*logits)[VOCABULARY])
{
    bench->pass.batch.targets = NULL;
    recur_pass_forward(&bench->pass, 0);
    for (size_t t = 0; t < STEPS; t++)
        for (size_t v = 0; v < VOCABULARY; v++)
            logits[t][v] = bench->work.logits[v / RECUR_LANES * bench->work.logit_stride +
                                              t * RECUR_LANES + v % RECUR_LANES];
}

static void a_token_does_not_change_its_own_prediction(void **state)
{
    (void)state;
    for (size_t variant = 0; variant < VARIANTS; variant++) {
        struct bench bench;
        real before[STEPS][VOCABULARY], after[STEPS][VOCABULARY];
        start(&bench, variant);
        bool both = bench.model->config.bidirectional;
        predict(&bench, before);
        for (size_t t = 0; t < STEPS; t++) {
            bench.ids[t]++;
            predict(&bench, after);
            bench.ids[t]--;
            for (size_t other = 0; other < STEPS; other++) {
                bool seen = other > t || (other < t && both);
                bool same = memcmp(before[other], after[other], sizeof before[other]) == 0;
                if (same == seen)
                    fail_msg("variant %zu: the prediction at %zu %s with token %zu", variant, other,
                             same ? "stays" : "changes", t);
            }
        }
        finish(&bench);
    }
}

enum { SEQUENCES = 5, LONGEST = 7 };
static const size_t some_lengths[SEQUENCES] = {4, 7, 1, 0, 6};
typedef float batch_logits[LONGEST][SEQUENCES][VOCABULARY];

static void predict_batch(recur_stack *stack, int32_t (*ids)[SEQUENCES], batch_logits logits)
{
    const recur_stack_input input = {
        .batch = SEQUENCES, .steps = LONGEST, .lengths = some_lengths, .ids = &ids[0][0]};
    const recur_stack_output output = {.logits = &logits[0][0][0]};
    assert_int_equal(recur_stack_forward(stack, &input, &output, NULL), RECUR_OK);
}

/* Neither do those of other sequences, whatever the lengths of a batch. */
static void nor_does_it_in_a_batch(void **state)
{
    (void)state;
    recur_trainer_config config = recur_trainer_config_default();
    config.batch = SEQUENCES;
    config.steps = LONGEST;
    config.threads = 2;
    for (size_t variant = 0; variant < VARIANTS; variant++) {
        static batch_logits before, after;
        int32_t ids[LONGEST][SEQUENCES];
        recur_stack *stack;
        recur_model *model = make_variant(variant);
        bool both = model->config.bidirectional;
        assert_int_equal(recur_stack_create(model, &config, 0, &stack, NULL), RECUR_OK);
        for (size_t i = 0; i < LONGEST * SEQUENCES; i++)
            ids[i / SEQUENCES][i % SEQUENCES] = (int32_t)i;
        predict_batch(stack, ids, before);
        for (size_t i = 0; i < LONGEST * SEQUENCES; i++) {
            size_t t = i / SEQUENCES, b = i % SEQUENCES, length = some_lengths[b];
            ids[t][b]++;
            predict_batch(stack, ids, after);
            ids[t][b]--;
            for (size_t j = 0; j < LONGEST * SEQUENCES; j++) {
                size_t other = j / SEQUENCES, a = j % SEQUENCES;
                bool inside = a == b && t < length && other < length;
                bool seen = inside && (other > t || (other < t && both));
                bool same = memcmp(before[other][a], after[other][a], sizeof before[0][0]) == 0;
                if (same == seen)
                    fail_msg("variant %zu: the prediction of sequence %zu at %zu %s with token %zu "
                             "of sequence %zu",
                             variant, a, other, same ? "stays" : "changes", t, b);
            }
        }
        recur_stack_free(stack);
        recur_model_free(model);
    }
}

/* The largest gradient of what token `id` feeds into the network. */
static double input_gradient(const struct bench *bench, int32_t id)
{
    const struct recur_network *network = &bench->model->network;
    double largest = 0;
    for (size_t d = 0; d < (network->embedding ? 1 : network->directions); d++) {
        const struct recur_param *param = recur_network_param(
            network, network->embedding ? network->embedding_weight
                                        : network->layer[0].direction[d].weight_ih);
        for (size_t i = 0; i < (network->embedding ? param->columns : param->rows); i++) {
            size_t place = network->embedding ? recur_param_place(param, (size_t)id, i)
                                              : recur_param_place(param, i, (size_t)id);
            largest = fmax(largest, fabs((double)bench->gradients[place]));
        }
    }
    return largest;
}

static void a_token_has_no_gradient_from_its_own_prediction(void **state)
{
    (void)state;
    for (size_t variant = 0; variant < VARIANTS; variant++) {
        struct bench bench;
        start(&bench, variant);
        bool both = bench.model->config.bidirectional;
        for (size_t t = 0; t < STEPS; t++) {
            bench.targets[t] = bench.ids[t]; /* the only loss */
            bench.pass.batch.targets = bench.targets;
            recur_pass_forward(&bench.pass, 0);
            recur_pass_backward(&bench.pass, 0);
            atomic_store(&bench.pass.next_task, 0);
            recur_pass_gradients(&bench.pass, 0);
            bench.targets[t] = -1;
            for (size_t other = 0; other < STEPS; other++) {
                bool seen = other < t || (other > t && both);
                double gradient = input_gradient(&bench, bench.ids[other]);
                if ((gradient != 0) != seen)
                    fail_msg("variant %zu: the loss at %zu has a gradient of %g at token %zu",
                             variant, t, gradient, other);
            }
        }
        finish(&bench);
    }
}

/* A text of letters that all stand twice: its first letters are known from the right alone. */
static recur_corpus *make_pairs(size_t tokens)
{
    int32_t *ids = malloc(tokens * sizeof *ids);
    struct recur_rng rng;
    recur_corpus *corpus;
    assert_non_null(ids);
    recur_rng_seed(&rng, 3, 0);
    for (size_t i = 0; i < tokens; i++)
        ids[i] = i % 2 ? ids[i - 1] : 1 + (int32_t)recur_rng_below(&rng, VOCABULARY - 1);
    assert_int_equal(recur_corpus_from_ids(ids, tokens, VOCABULARY, &corpus, NULL), RECUR_OK);
    free(ids);
    return corpus;
}

static recur_trainer_config short_run(void)
{
    recur_trainer_config config = recur_trainer_config_default();
    config.batch = 8;
    config.steps = 32;
    config.epochs = 12;
    config.lr = 0.01f;
    return config;
}

/* Trains on pairs; returns the share of held-out letters that the model gets right. */
static double learn_pairs(recur_model *model, const recur_trainer_config *config)
{
    recur_corpus *corpus = make_pairs(12000);
    recur_trainer *trainer;
    recur_evaluation evaluation;
    assert_int_equal(recur_trainer_create(model, corpus, config, &trainer, NULL), RECUR_OK);
    for (size_t e = 0; e < config->epochs; e++)
        assert_int_equal(recur_trainer_epoch(trainer, NULL, NULL), RECUR_OK);
    assert_int_equal(
        recur_evaluate(model, corpus, recur_trainer_train_tokens(trainer), 0, 1, &evaluation, NULL),
        RECUR_OK);
    recur_trainer_free(trainer);
    recur_corpus_free(corpus);
    return evaluation.accuracy;
}

static void the_second_direction_knows_what_comes(void **state)
{
    (void)state;
    recur_trainer_config config = short_run();
    recur_model_config forward = recur_model_config_default(), both = forward;
    both.bidirectional = true;
    for (int merge = RECUR_MERGE_CONCAT; merge <= RECUR_MERGE_SUM; merge++) {
        both.merge = (enum recur_merge)merge;
        recur_model *model = make_model(both);
        double accuracy = learn_pairs(model, &config);
        if (!(accuracy > 0.97))
            fail_msg("both directions, %s: %g", recur_merge_name(both.merge), accuracy);
        recur_model_free(model);
    }
    recur_model *model = make_model(forward);
    double accuracy = learn_pairs(model, &config);
    if (!(accuracy > 0.45 && accuracy < 0.6))
        fail_msg("forward alone: %g", accuracy);
    recur_model_free(model);
}

/* What a letter's twin would tell is blank in 4 of 10 cases: then nobody can know it. On a text
 * without blanks the model knows all the same. */
static void blanks_are_of_the_inputs_alone(void **state)
{
    (void)state;
    recur_trainer_config config = short_run();
    recur_model_config both = recur_model_config_default();
    both.bidirectional = true;
    config.blanks = 0.4f;
    recur_model *model = make_model(both);
    learn_pairs(model, &config);
    size_t epochs;
    const recur_epoch *last = recur_model_history(model, &epochs) + config.epochs - 1;
    assert_int_equal(epochs, config.epochs);
    double unknown = 0.4 * log(VOCABULARY - 1);
    if (!(last->loss > 0.95 * unknown && last->loss < 1.3 * unknown && last->valid_loss < 0.3))
        fail_msg("loss %g, without blanks %g; %g is what nobody can know", last->loss,
                 last->valid_loss, unknown);
    recur_model_free(model);
}

static void threads_do_not_change_a_bit(void **state)
{
    (void)state;
    recur_model *model[2];
    recur_trainer_config config = short_run();
    recur_model_config both = recur_model_config_default();
    both.bidirectional = true;
    both.merge = RECUR_MERGE_SUM;
    both.dropout = 0.2f;
    config.epochs = 1;
    for (size_t i = 0; i < 2; i++) {
        model[i] = make_model(both);
        config.threads = i ? 3 : 1;
        learn_pairs(model[i], &config);
    }
    assert_memory_equal(model[0]->parameters, model[1]->parameters,
                        model[0]->network.params.span * sizeof(real));
    recur_model_free(model[0]);
    recur_model_free(model[1]);
}

/* The whole text in one pass. */
static recur_evaluation read_whole(const recur_model *model, const int32_t *ids, size_t tokens)
{
    struct recur_workspace work;
    recur_evaluation result = {.tokens = tokens};
    assert_int_equal(recur_workspace_init(&work, &model->network, 1, tokens, false, 1, NULL), 0);
    struct recur_pass pass = {.network = &model->network,
                              .kernels = model->kernels,
                              .work = &work,
                              .parameters = model->parameters,
                              .batch.steps = tokens,
                              .batch.ids = ids};
    recur_pass_prepare(&pass, false);
    recur_pass_forward(&pass, 0);
    for (size_t t = 0; t < tokens; t++) {
        double sum = 0, top = -INFINITY, wanted = 0;
        for (size_t v = 0; v < VOCABULARY; v++) {
            double x = (double)work.logits[v / RECUR_LANES * work.logit_stride + t * RECUR_LANES +
                                           v % RECUR_LANES];
            sum += exp(x);
            top = fmax(top, x);
            wanted = v == (size_t)ids[t] ? x : wanted;
        }
        result.loss += (log(sum) - wanted) / (double)tokens;
        result.accuracy += (wanted == top) / (double)tokens;
    }
    recur_workspace_free(&work);
    return result;
}

/* Texts of up to 256 tokens are one window. What a longer one's windows leave out is at least 64
 * tokens away and does not matter. */
static void evaluation_reads_windows(void **state)
{
    (void)state;
    static const size_t lengths[] = {2, 3, 127, 128, 129, 255, 256, 257, 384, 385, TEXT_MAX};
    int32_t ids[TEXT_MAX];
    struct recur_rng rng;
    recur_rng_seed(&rng, 8, 0);
    for (size_t i = 0; i < TEXT_MAX; i++)
        ids[i] = (int32_t)recur_rng_below(&rng, VOCABULARY);
    for (size_t variant = 0; variant < VARIANTS; variant++) {
        recur_model *model = make_variant(variant);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            recur_corpus *corpus;
            recur_evaluation got, wanted = read_whole(model, ids, lengths[i]);
            assert_int_equal(recur_corpus_from_ids(ids, lengths[i], VOCABULARY, &corpus, NULL), 0);
            assert_int_equal(recur_evaluate(model, corpus, 0, 0, 2, &got, NULL), RECUR_OK);
            assert_int_equal(got.tokens, lengths[i]);
            if (!(fabs(got.loss - wanted.loss) <= 1e-5 * wanted.loss) ||
                !(fabs(got.accuracy - wanted.accuracy) <= 1e-9))
                fail_msg("variant %zu, %zu tokens: loss %.9g, accuracy %.9g, expected %.9g, %.9g",
                         variant, lengths[i], got.loss, got.accuracy, wanted.loss, wanted.accuracy);
            recur_corpus_free(corpus);
        }
        recur_model_free(model);
    }
}

/* Filling in is what two directions are for; a language model of both would see its targets. */
static void a_bidirectional_language_model_is_refused(void **state)
{
    (void)state;
    recur_model_config config = recur_model_config_default();
    recur_trainer_config run = short_run();
    recur_corpus *corpus = make_pairs(1000);
    recur_evaluation evaluation;
    recur_trainer *trainer = NULL;
    recur_model *model;
    recur_error error;
    config.vocabulary = VOCABULARY;
    config.bidirectional = true;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_create(model, corpus, &run, &trainer, &error),
                     RECUR_ERROR_UNSUPPORTED);
    assert_null(trainer);
    assert_string_equal(error.message,
                        "a bidirectional language model sees the tokens it is to predict");
    assert_int_equal(recur_evaluate(model, corpus, 0, 0, 1, &evaluation, &error),
                     RECUR_ERROR_UNSUPPORTED);
    recur_model_free(model);
    recur_corpus_free(corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_does_not_change_its_own_prediction),
        cmocka_unit_test(nor_does_it_in_a_batch),
        cmocka_unit_test(a_token_has_no_gradient_from_its_own_prediction),
        cmocka_unit_test(the_second_direction_knows_what_comes),
        cmocka_unit_test(blanks_are_of_the_inputs_alone),
        cmocka_unit_test(threads_do_not_change_a_bit),
        cmocka_unit_test(evaluation_reads_windows),
        cmocka_unit_test(a_bidirectional_language_model_is_refused),
    };
    return cmocka_run_group_tests_name("fill_task", tests, NULL, NULL);
}
