/* Models that predict together, against sessions whose probabilities are averaged one by one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "recur/evaluate.h"
#include "recur/generate.h"

#define MADE_MOST 30 /* MADE letters */
#include "made_text.h"

enum { V = 27, MODELS = 3, TOKENS = 400, MADE = 30 };

static int32_t ids[TOKENS];

/* "<unk>" and letters, from `first` on. */
static recur_vocab *make_vocab(char first)
{
    static char letters[V];
    recur_token entries[V] = {{"<unk>", 5}};
    recur_vocab *vocab;
    for (size_t i = 1; i < V; i++) {
        letters[i] = (char)(first + (char)i - 1);
        entries[i] = (recur_token){&letters[i], 1};
    }
    assert_int_equal(recur_vocab_from_entries(entries, NULL, V, 0, NULL, &vocab, NULL), RECUR_OK);
    return vocab;
}

static recur_model *make_model(size_t number, char first)
{
    static const size_t hidden[MODELS] = {12, 33, 20};
    recur_model_config config = recur_model_config_default();
    recur_vocab *vocab = make_vocab(first);
    recur_model *model;
    config.cell = number % 2 ? RECUR_CELL_GRU : RECUR_CELL_LSTM;
    config.hidden = &hidden[number];
    config.seed = number + 1;
    assert_int_equal(recur_model_create(&config, vocab, &model, NULL), RECUR_OK);
    recur_vocab_free(vocab);
    return model;
}

struct three {
    recur_model *model[MODELS];
    recur_stepper *stepper[MODELS];
    recur_session *session[MODELS];
};

static struct three make_three(void)
{
    struct three three;
    for (size_t m = 0; m < MODELS; m++) {
        three.model[m] = make_model(m, 'A');
        assert_int_equal(recur_stepper_create(three.model[m], 1, 1, &three.stepper[m], NULL), 0);
        assert_int_equal(recur_session_create(three.model[m], &three.session[m], NULL), 0);
    }
    return three;
}

static void discard(struct three *three)
{
    for (size_t m = 0; m < MODELS; m++) {
        recur_session_free(three->session[m]);
        recur_stepper_free(three->stepper[m]);
        recur_model_free(three->model[m]);
    }
}

/* Feeds a token to all; the mean of their probabilities is in p. */
static void feed(const struct three *three, int32_t id, double p[V])
{
    memset(p, 0, V * sizeof *p);
    for (size_t m = 0; m < MODELS; m++) {
        const float *logits = recur_stepper_feed(three->stepper[m], three->session[m], id);
        double total = 0;
        for (size_t v = 0; v < V; v++)
            total += exp((double)logits[v]);
        for (size_t v = 0; v < V; v++)
            p[v] += exp((double)logits[v]) / total / MODELS;
    }
}

static void the_loss_is_that_of_the_mean(void **state)
{
    (void)state;
    struct three three = make_three();
    recur_corpus *corpus;
    recur_evaluation evaluation, single;
    struct recur_rng rng;
    double p[V], sum = 0;
    recur_rng_seed(&rng, 5, 0);
    for (size_t i = 0; i < TOKENS; i++)
        ids[i] = (int32_t)recur_rng_below(&rng, V);
    assert_int_equal(recur_corpus_from_ids(ids, TOKENS, V, &corpus, NULL), RECUR_OK);
    for (size_t i = 0; i + 1 < TOKENS; i++) {
        feed(&three, ids[i], p);
        sum -= log(p[ids[i + 1]]);
    }
    for (size_t threads = 1; threads <= 2; threads++) {
        assert_int_equal(recur_evaluate_ensemble((const recur_model *const *)three.model, MODELS,
                                                 corpus, 0, 0, threads, &evaluation, NULL),
                         RECUR_OK);
        assert_int_equal(evaluation.tokens, TOKENS - 1);
        assert_true(fabs(evaluation.loss - sum / (TOKENS - 1)) < 1e-6);
        assert_true(isnan(evaluation.accuracy));
    }
    /* One model is itself. */
    assert_int_equal(recur_evaluate(three.model[1], corpus, 0, 0, 1, &single, NULL), RECUR_OK);
    assert_int_equal(recur_evaluate_ensemble((const recur_model *const *)three.model + 1, 1, corpus,
                                             0, 0, 1, &evaluation, NULL),
                     RECUR_OK);
    assert_memory_equal(&single, &evaluation, sizeof single);
    recur_corpus_free(corpus);
    discard(&three);
}

static void tokens_are_those_of_the_mean(void **state)
{
    (void)state;
    struct three three = make_three();
    recur_sampler_config greedy = recur_sampler_config_default();
    struct made made = {.size = 0};
    recur_error error;
    double p[V];
    greedy.temperature = 0;
    if (recur_generate_ensemble(three.stepper, MODELS, "QA", 2, MADE, &greedy, append, &made, NULL,
                                &error) != RECUR_OK)
        fail_msg("%s", error.message);
    assert_int_equal(made.size, MADE);
    feed(&three, 'Q' - 'A' + 1, p);
    feed(&three, 1, p);
    for (size_t i = 0; i < MADE; i++) {
        int32_t id = made.text[i] - 'A' + 1;
        for (size_t v = 1; v < V; v++)
            assert_true(p[v] <= p[id] + 1e-6);
        feed(&three, id, p);
    }
    discard(&three);
}

static void other_tokens_are_refused(void **state)
{
    (void)state;
    struct three three = make_three();
    recur_model *stranger = make_model(0, 'a');
    recur_stepper *steppers[2] = {three.stepper[0], NULL};
    const recur_model *models[2] = {three.model[0], stranger};
    recur_evaluation evaluation;
    recur_corpus *corpus;
    recur_error error;
    assert_int_equal(recur_stepper_create(stranger, 1, 1, &steppers[1], NULL), RECUR_OK);
    assert_int_equal(recur_corpus_from_ids(ids, 9, V, &corpus, NULL), RECUR_OK);
    assert_int_equal(recur_evaluate_ensemble(models, 2, corpus, 0, 0, 1, &evaluation, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "model 2 has another vocabulary than the first: only models "
                                       "of the same tokens predict together");
    assert_int_equal(recur_generate_ensemble(steppers, 2, "", 0, 1, NULL, append, NULL, NULL, NULL),
                     RECUR_ERROR_ARGUMENT);
    assert_int_equal(recur_evaluate_ensemble(models, 0, corpus, 0, 0, 1, &evaluation, &error),
                     RECUR_ERROR_ARGUMENT);
    recur_corpus_free(corpus);
    recur_stepper_free(steppers[1]);
    recur_model_free(stranger);
    discard(&three);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loss_is_that_of_the_mean),
        cmocka_unit_test(tokens_are_those_of_the_mean),
        cmocka_unit_test(other_tokens_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
