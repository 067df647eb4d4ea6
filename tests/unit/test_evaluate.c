/* Evaluation against one session that reads the text from its first token to its last. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "recur/evaluate.h"
#include "recur/session.h"

enum { VOCABULARY = 37, TOKENS_MAX = 40000 };

static recur_model *make_model(enum recur_cell cell)
{
    const size_t hidden[] = {33, 20};
    recur_model *model;
    recur_model_config config = recur_model_config_default();
    config.cell = cell;
    config.layers = 2;
    config.hidden = hidden;
    config.vocabulary = VOCABULARY;
    config.dropout = 0.5f; /* of training alone */
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

static recur_corpus *make_corpus(size_t tokens)
{
    static int32_t ids[TOKENS_MAX];
    recur_corpus *corpus;
    struct recur_rng rng;
    recur_rng_seed(&rng, 5, tokens);
    for (size_t i = 0; i < tokens; i++)
        ids[i] = (int32_t)recur_rng_below(&rng, VOCABULARY);
    assert_int_equal(recur_corpus_from_ids(ids, tokens, VOCABULARY, &corpus, NULL), RECUR_OK);
    return corpus;
}

/* The mean loss of predicting tokens [first + 1, first + count) one after the other. */
static double read_through(const recur_model *model, const recur_corpus *corpus, size_t first,
                           size_t count)
{
    recur_session *session;
    recur_stepper *stepper;
    double sum = 0;
    assert_int_equal(recur_session_create(model, &session, NULL), RECUR_OK);
    assert_int_equal(recur_stepper_create(model, 1, 1, &stepper, NULL), RECUR_OK);
    for (size_t i = 0; i + 1 < count; i++) {
        int32_t pair[2];
        recur_corpus_read(corpus, first + i, 2, pair);
        const float *logits = recur_stepper_feed(stepper, session, pair[0]);
        double total = 0;
        for (size_t v = 0; v < VOCABULARY; v++)
            total += exp((double)logits[v]);
        sum += log(total) - (double)logits[pair[1]];
    }
    recur_session_free(session);
    recur_stepper_free(stepper);
    return sum / (double)(count - 1);
}

static void check_text(recur_model *model, size_t tokens, size_t first, size_t count,
                       size_t threads, double tolerance)
{
    recur_corpus *corpus = make_corpus(tokens);
    recur_evaluation evaluation;
    recur_error error;
    assert_int_equal(recur_evaluate(model, corpus, first, count, threads, &evaluation, &error),
                     RECUR_OK);
    size_t used = count ? count : tokens - first;
    double wanted = read_through(model, corpus, first, used);
    assert_int_equal(evaluation.tokens, used - 1);
    if (!(fabs(evaluation.loss - wanted) <= tolerance * wanted))
        fail_msg("%zu tokens: loss %.9g, expected %.9g", used, evaluation.loss, wanted);
    assert_true(evaluation.perplexity == exp(evaluation.loss));
    assert_true(fabs(evaluation.bits_per_character - evaluation.loss / log(2)) < 1e-12);
    recur_corpus_free(corpus);
}

/* One stream: the very same predictions. The pass is 64 steps long; texts end inside it too. */
static void one_stream(void **state)
{
    (void)state;
    static const size_t lengths[] = {2, 3, 64, 65, 66, 100, 129, 200, 1000, 1025};
    for (int cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LN_GRU; cell++) {
        recur_model *model = make_model((enum recur_cell)cell);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
            check_text(model, lengths[i], 0, 0, 1 + i % 3, 1e-6);
        recur_model_free(model);
    }
}

static void part_of_a_text(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_LSTM);
    check_text(model, 500, 100, 0, 1, 1e-6);
    check_text(model, 500, 100, 200, 2, 1e-6);
    check_text(model, 500, 498, 2, 1, 1e-6);
    recur_model_free(model);
}

/* Many streams: after 128 tokens of warm-up little is left of a state that began at zero; a little
 * more where each state is normalised, and so kept from fading. */
static void many_streams(void **state)
{
    (void)state;
    static const size_t lengths[] = {2049, 2050, 5000, TOKENS_MAX};
    for (int cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LN_GRU; cell++) {
        recur_model *model = make_model((enum recur_cell)cell);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
            check_text(model, lengths[i], 0, 0, 2, cell >= RECUR_CELL_LN_LSTM ? 1e-4 : 1e-6);
        recur_model_free(model);
    }
}

/* A head without weights whose bias is `bias` at token `token`. */
static void flatten_head(recur_model *model, size_t token, float bias)
{
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        recur_tensor_info info = recur_model_tensor(model, i);
        if (strncmp(info.name, "linear.", 7) != 0)
            continue;
        float *values = calloc(info.shape[0] * info.shape[1], sizeof *values);
        assert_non_null(values);
        if (strcmp(info.name, "linear.bias") == 0)
            values[token] = bias;
        recur_model_set_tensor(model, i, values);
        free(values);
    }
}

/* Every prediction costs ln V where all tokens are equally probable, whatever the streams. */
static void uniform_model(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_GRU);
    flatten_head(model, 0, 0);
    for (size_t tokens = 2; tokens < TOKENS_MAX; tokens = tokens * 3 / 2 + 1) {
        recur_corpus *corpus = make_corpus(tokens);
        recur_evaluation evaluation;
        assert_int_equal(recur_evaluate(model, corpus, 0, 0, 1, &evaluation, NULL), RECUR_OK);
        assert_true(fabs(evaluation.loss - log(VOCABULARY)) < 1e-7 * log(VOCABULARY));
        recur_corpus_free(corpus);
    }
    recur_model_free(model);
}

/* With a head that always prefers token 7, the loss tells how many of the counted tokens were a 7:
 * every token counts once, and warm-up never. */
static void every_token_once(void **state)
{
    (void)state;
    const size_t token = 7;
    recur_model *model = make_model(RECUR_CELL_RNN);
    flatten_head(model, token, 2);
    double total = log(VOCABULARY - 1 + exp(2));
    for (size_t tokens = 1000; tokens < TOKENS_MAX; tokens = tokens * 3 / 2) {
        recur_corpus *corpus = make_corpus(tokens);
        size_t count = 0;
        for (size_t i = 1; i < tokens; i++) {
            int32_t id;
            recur_corpus_read(corpus, i, 1, &id);
            count += (size_t)id == token;
        }
        recur_evaluation evaluation;
        assert_int_equal(recur_evaluate(model, corpus, 0, 0, 1, &evaluation, NULL), RECUR_OK);
        double counted = (total - evaluation.loss) * (double)(tokens - 1) / 2;
        assert_true(fabs(counted - (double)count) < 0.1);
        recur_corpus_free(corpus);
    }
    recur_model_free(model);
}

static void same_bits_on_any_threads(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_LSTM);
    recur_corpus *corpus = make_corpus(3000);
    recur_evaluation first, other;
    assert_int_equal(recur_evaluate(model, corpus, 0, 0, 1, &first, NULL), RECUR_OK);
    for (size_t threads = 0; threads < 8; threads++) {
        assert_int_equal(recur_evaluate(model, corpus, 0, 0, threads, &other, NULL), RECUR_OK);
        assert_true(other.loss == first.loss);
    }
    recur_corpus_free(corpus);
    recur_model_free(model);
}

static void refuses(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_RNN);
    recur_corpus *corpus = make_corpus(10), *wide;
    recur_evaluation evaluation;
    recur_error error;
    int32_t ids[] = {0, VOCABULARY};
    assert_int_equal(recur_corpus_from_ids(ids, 2, VOCABULARY + 1, &wide, NULL), RECUR_OK);
    assert_int_equal(recur_evaluate(model, wide, 0, 0, 1, &evaluation, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "the text has a vocabulary of 38, the model one of 37");
    assert_int_equal(recur_evaluate(model, corpus, 5, 6, 1, &evaluation, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_int_equal(recur_evaluate(model, corpus, 11, 0, 1, &evaluation, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_int_equal(recur_evaluate(model, corpus, 9, 0, 1, &evaluation, &error), RECUR_ERROR_DATA);
    assert_string_equal(error.message, "the text has 1 token, but evaluation needs at least 2");
    assert_int_equal(recur_evaluate(model, corpus, 3, 1, 1, &evaluation, NULL), RECUR_ERROR_DATA);
    recur_corpus_free(wide);
    recur_corpus_free(corpus);
    recur_model_free(model);
}

/* Weights are finite, and what they make of each other need not be. */
static void a_loss_that_overflows(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_GRU);
    recur_corpus *corpus = make_corpus(10);
    recur_evaluation evaluation;
    recur_error error;
    float large[VOCABULARY * 20];
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        large[i] = i % 2 ? 3e38F : -3e38F;
    for (size_t i = 0; i < recur_model_tensors(model); i++)
        if (strncmp(recur_model_tensor(model, i).name, "linear.", 7) == 0)
            recur_model_set_tensor(model, i, large);
    assert_int_equal(recur_evaluate(model, corpus, 0, 0, 1, &evaluation, &error),
                     RECUR_ERROR_DIVERGED);
    assert_string_equal(error.message, "the model's weights are too large to compute with: the "
                                       "loss is not finite");
    recur_corpus_free(corpus);
    recur_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_stream),       cmocka_unit_test(part_of_a_text),
        cmocka_unit_test(many_streams),     cmocka_unit_test(uniform_model),
        cmocka_unit_test(every_token_once), cmocka_unit_test(same_bits_on_any_threads),
        cmocka_unit_test(refuses),          cmocka_unit_test(a_loss_that_overflows),
    };
    return cmocka_run_group_tests_name("evaluate", tests, NULL, NULL);
}
