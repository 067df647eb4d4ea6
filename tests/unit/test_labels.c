/* Labelled texts: reading them, and the way of gradients through the parts of a model that labels.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/engine.h"
#include "base/memory.h"
#include "base/rng.h"
#include "recur/predict.h"
#include "task/labeller.h"

static recur_labels *read_text(enum recur_task task, bool unlabelled, const char *text)
{
    recur_labels_config config = recur_labels_config_default();
    recur_labels *labels = NULL;
    recur_error error = {0};
    config.task = task;
    config.unlabelled = unlabelled;
    if (recur_labels_read_memory(text, strlen(text), &config, &labels, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    return labels;
}

static void expect_token(recur_token token, const char *expected)
{
    assert_int_equal(token.size, strlen(expected));
    assert_memory_equal(token.bytes, expected, token.size);
}

static void columns_are_parted_at_tabs_or_spaces(void **state)
{
    (void)state;
    recur_labels *labels =
        read_text(RECUR_TASK_TAG, false, "\n \nThe  DT O\r\nNew York\tNNP\tB-LOC\n\n\nof IN  O \n");
    assert_int_equal(recur_labels_count(labels), 2);
    assert_int_equal(recur_labels_length(labels, 0), 2);
    const uint32_t *form = recur_labels_sequence(labels, 0);
    expect_token(recur_labels_form(labels, form[0]), "The");
    expect_token(recur_labels_form(labels, form[1]), "New York");
    expect_token(recur_labels_label(labels, 0, 0), "O");
    expect_token(recur_labels_label(labels, 0, 1), "B-LOC");
    expect_token(recur_labels_line(labels, 0, 0), "The  DT O");
    expect_token(recur_labels_label(labels, 1, 0), "O");
    recur_labels_free(labels);
}

static void words_have_forms_cases_and_lines(void **state)
{
    (void)state;
    recur_labels *labels = read_text(RECUR_TASK_TAG, false,
                                     "\xef\xbb\xbfThe O\nUN B\nthe O\n\n \n\xc3\x84rger O\n12 O\n"
                                     "x9 O\n-- O\nmcX O\nI O");
    const enum recur_word_case cases[] = {RECUR_WORD_CAPITAL, RECUR_WORD_NUMBER,
                                          RECUR_WORD_DIGITS,  RECUR_WORD_OTHER,
                                          RECUR_WORD_MIXED,   RECUR_WORD_CAPITAL};
    assert_int_equal(recur_labels_count(labels), 2);
    assert_int_equal(recur_labels_length(labels, 0), 3);
    assert_int_equal(recur_labels_length(labels, 1), 6);
    assert_int_equal(recur_labels_tokens(labels), 9);
    const uint32_t *first = recur_labels_sequence(labels, 0);
    const uint32_t *second = recur_labels_sequence(labels, 1);
    assert_int_not_equal(first[0], first[2]);
    expect_token(recur_labels_lower(labels, first[0]), "the");
    expect_token(recur_labels_form(labels, first[0]), "The");
    assert_int_equal(recur_labels_case(labels, first[0]), RECUR_WORD_CAPITAL);
    assert_int_equal(recur_labels_case(labels, first[1]), RECUR_WORD_UPPER);
    assert_int_equal(recur_labels_case(labels, first[2]), RECUR_WORD_LOWER);
    expect_token(recur_labels_lower(labels, second[0]), "\xc3\xa4rger");
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(recur_labels_case(labels, second[i]), cases[i]);
    expect_token(recur_labels_label(labels, 0, 1), "B");
    expect_token(recur_labels_line(labels, 0, 1), "UN B");
    recur_labels_free(labels);
}

static void texts_may_lack_labels_and_tokens(void **state)
{
    (void)state;
    recur_labels *labels = read_text(RECUR_TASK_CLASSIFY, true, "a\tone\ttwo\n\nno label\n\tx\n");
    assert_int_equal(recur_labels_count(labels), 4);
    expect_token(recur_labels_label(labels, 0, 0), "a");
    assert_int_equal(recur_labels_length(labels, 0), 7);
    assert_int_equal(recur_labels_length(labels, 1), 0);
    assert_int_equal(recur_labels_label(labels, 1, 0).size, 0);
    assert_int_equal(recur_labels_length(labels, 2), 8);
    assert_int_equal(recur_labels_length(labels, 3), 1);
    recur_labels_free(labels);
}

static void a_split_parts_the_sequences(void **state)
{
    (void)state;
    char text[40 * 8] = "";
    for (int i = 0; i < 40; i++)
        sprintf(text + strlen(text), "l\t%d\n", 10 + i);
    recur_labels *labels = read_text(RECUR_TASK_CLASSIFY, false, text), *rest, *same, *other;
    recur_labels *again = read_text(RECUR_TASK_CLASSIFY, false, text);
    assert_int_equal(recur_labels_split(labels, 0.25, 7, &rest, NULL), RECUR_OK);
    assert_int_equal(recur_labels_split(again, 0.25, 7, &same, NULL), RECUR_OK);
    assert_int_equal(recur_labels_count(labels), 30);
    assert_int_equal(recur_labels_count(rest), 10);
    assert_int_equal(recur_labels_tokens(rest), 20);
    bool met[40] = {false}, sorted = true;
    for (int part = 0; part < 2; part++) {
        recur_labels *of = part ? rest : labels;
        for (size_t i = 0, before = 0; i < recur_labels_count(of); i++) {
            size_t number = strtoul(recur_labels_line(of, i, 0).bytes + 2, NULL, 10) - 10;
            assert_false(met[number]);
            met[number] = true;
            assert_true(i == 0 || number > before);
            before = number;
            sorted &= part || number == i;
            if (part)
                assert_memory_equal(recur_labels_line(of, i, 0).bytes,
                                    recur_labels_line(same, i, 0).bytes, 4);
        }
    }
    assert_false(sorted); /* not simply the end */
    recur_labels_free(labels);
    assert_int_equal(recur_labels_split(rest, 0, 7, &other, NULL), RECUR_OK);
    assert_null(other);
    recur_labels_free(rest);
    recur_labels_free(again);
    recur_labels_free(same);
}

/* Any token, label or end of a sequence that changed or moved. */
static void a_fingerprint_knows_tokens_labels_and_ends(void **state)
{
    (void)state;
    static const char *const tagged[] = {
        "x x\nx x\n\nx x\n", "x x\n\nx x\nx x\n", "x x\nx x\nx x\n",    "x y\nx x\n\nx x\n",
        "y x\nx x\n\nx x\n", "x x\nx x\n\nx y\n", "xx x\nx x\n\nx x\n", "x xx\nx x\n\nx x\n"};
    static const char *const labelled[] = {"x\txx\nx\tx\n", "x\tx\nx\txx\n", "xx\tx\nx\tx\n",
                                           "x\tx\nxx\tx\n", "x\txxx\nx\t\n", "x\txx\nx\ty\n"};
    enum { TAGGED = sizeof tagged / sizeof *tagged };
    enum { COUNT = TAGGED + sizeof labelled / sizeof *labelled };
    uint64_t seen[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        recur_labels *labels = i < TAGGED
                                   ? read_text(RECUR_TASK_TAG, i % 2, tagged[i])
                                   : read_text(RECUR_TASK_CLASSIFY, false, labelled[i - TAGGED]);
        seen[i] = recur_labels_fingerprint(labels);
        for (size_t k = 0; k < i; k++)
            assert_true(seen[k] != seen[i]);
        recur_labels_free(labels);
    }
    recur_labels *spaced = read_text(RECUR_TASK_TAG, true, "\nx\tx\nx\tx\n\n \n  x   x\r\n");
    assert_true(recur_labels_fingerprint(spaced) == seen[0]);
    recur_labels_free(spaced);
}

static const char sentences[] =
    "Ab x\nc y\ndef z\n\nab y\n\nGHI z\nc x\nc x\nAb z\nmno y\n\nab y\nc x\n\n";
static const char texts[] = "x\tab\ny\t\nz\tcba\nx\tb\ny\tabcabcab\nz\tcc\n";

struct way {
    enum recur_task task;
    bool bidirectional;
    enum recur_merge merge;
    enum recur_pool pool;
    enum recur_decoder decoder;
    size_t character_hidden, embedding, layers;
    float dropout;
    bool narrow; /* all layers of width 1, and characters embedded in 1 */
};

static const struct way ways[] = {
    {RECUR_TASK_CLASSIFY, false, RECUR_MERGE_CONCAT, RECUR_POOL_FINAL, 0, 0, 0, 1, 0, false},
    {RECUR_TASK_CLASSIFY, true, RECUR_MERGE_CONCAT, RECUR_POOL_FINAL, 0, 0, 5, 2, 0, false},
    {RECUR_TASK_CLASSIFY, true, RECUR_MERGE_SUM, RECUR_POOL_FINAL, 0, 0, 5, 2, 0.3f, false},
    {RECUR_TASK_CLASSIFY, true, RECUR_MERGE_CONCAT, RECUR_POOL_MEAN, 0, 0, 0, 1, 0.3f, false},
    {RECUR_TASK_CLASSIFY, true, RECUR_MERGE_SUM, RECUR_POOL_MAX, 0, 0, 0, 1, 0, false},
    {RECUR_TASK_TAG, false, RECUR_MERGE_CONCAT, 0, RECUR_DECODER_SOFTMAX, 0, 40, 1, 0, false},
    {RECUR_TASK_TAG, true, RECUR_MERGE_CONCAT, 0, RECUR_DECODER_SOFTMAX, 6, 5, 1, 0, false},
    {RECUR_TASK_TAG, true, RECUR_MERGE_SUM, 0, RECUR_DECODER_CRF, 6, 5, 2, 0, false},
    {RECUR_TASK_TAG, true, RECUR_MERGE_CONCAT, 0, RECUR_DECODER_CRF, 3, 0, 1, 0.2f, false},
    {RECUR_TASK_CLASSIFY, true, RECUR_MERGE_CONCAT, RECUR_POOL_MEAN, 0, 0, 1, 2, 0, true},
    {RECUR_TASK_TAG, false, RECUR_MERGE_CONCAT, 0, RECUR_DECODER_SOFTMAX, 1, 0, 1, 0, true},
    {RECUR_TASK_TAG, true, RECUR_MERGE_SUM, 0, RECUR_DECODER_CRF, 1, 1, 2, 0, true},
};
enum { WAYS = sizeof ways / sizeof *ways };

struct bench {
    recur_labels *data;
    recur_model *model;
    struct recur_label_set set;
    struct recur_team *team;
    struct recur_labeller labeller;
    struct recur_learner *learner;
    const real *gradients; /* the learner's */
};

/* A learner for minibatches of so many tokens, 0: of any. */
static void make_learner(struct bench *b, size_t tokens)
{
    const recur_trainer_config config = recur_trainer_config_default();
    const struct recur_learner_plan plan = {
        .model = b->model, .team = b->team, .config = &config, .tokens = tokens};
    assert_int_equal(b->model->place.backend->create_learner(&plan, &b->learner, NULL), RECUR_OK);
    b->gradients = recur_cpu_learner_of(b->learner)->gradients;
}

static void create(struct bench *b, const struct way *way, size_t threads)
{
    static const size_t narrow[] = {1, 1}, hidden[] = {9, 34};
    recur_model_config config = recur_model_config_default();
    *b = (struct bench){
        .data = read_text(way->task, false, way->task == RECUR_TASK_TAG ? sentences : texts)};
    config.hidden = way->narrow ? narrow : hidden;
    config.layers = way->layers;
    config.bidirectional = way->bidirectional;
    config.merge = way->merge;
    config.pool = way->pool;
    config.decoder = way->decoder;
    config.embedding = way->embedding;
    config.character_hidden = way->character_hidden;
    config.character_embedding = way->narrow ? 1 : 4;
    config.dropout = way->dropout;
    recur_error error;
    if (recur_model_create_labels(&config, b->data, NULL, &b->model, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    assert_int_equal(recur_label_set_init(&b->set, b->model, b->data, NULL), RECUR_OK);
    assert_int_equal(recur_team_create(threads, &b->team, NULL), RECUR_OK);
    make_learner(b, 0);
    const struct recur_labeller_room room = {.batch = 6, .steps = 8, .tokens = 48, .seed = 3};
    assert_int_equal(
        recur_labeller_init(&b->labeller, b->model, &b->set, &room, b->team, b->learner, NULL),
        RECUR_OK);
}

static void destroy(struct bench *b)
{
    recur_labeller_free(&b->labeller);
    recur_label_set_free(&b->set);
    b->model->place.backend->free_learner(b->learner);
    recur_team_free(b->team);
    recur_model_free(b->model);
    recur_labels_free(b->data);
}

static double loss(struct bench *b)
{
    size_t members[6], count = recur_labels_count(b->data);
    double found;
    for (size_t i = 0; i < count; i++)
        members[i] = i;
    recur_labeller_load(&b->labeller, &b->set, members, count, 1, RECUR_NOT_TRAINING);
    assert_int_equal(recur_labeller_learn(&b->labeller, 5, &found, NULL), RECUR_OK);
    return found;
}

/* The change of the loss along v, an array like the parameters. */
static double slope(struct bench *b, const real *kept, const real *v, size_t span)
{
    const double e = 5e-3;
    double change = 0;
    for (int side = -1; side <= 1; side += 2) {
        for (size_t i = 0; i < span; i++)
            b->model->parameters[i] = kept[i] + (real)(side * e) * v[i];
        change += side * loss(b);
    }
    memcpy(b->model->parameters, kept, span * sizeof *kept);
    return change / (2 * e);
}

/* Each tensor's gradient, along itself and along a random direction, is the change of the loss. */
static void check_gradients(struct bench *b, size_t way)
{
    const struct recur_params *params = &b->model->network.params;
    size_t span = params->span;
    real *kept = malloc(span * sizeof *kept), *found = malloc(span * sizeof *found);
    real *v = malloc(span * sizeof *v);
    struct recur_rng rng;
    recur_rng_seed(&rng, way, 0);
    assert_true(kept && found && v);
    for (size_t i = 0; i < params->count; i++) /* no CRF of zeros */
        for (size_t r = 0; r < params->entry[i].rows && !strncmp(params->entry[i].name, "crf", 3);
             r++)
            for (size_t c = 0; c < params->entry[i].columns; c++)
                b->model->parameters[recur_param_place(&params->entry[i], r, c)] =
                    (real)recur_rng_normal(&rng);
    memcpy(kept, b->model->parameters, span * sizeof *kept);
    loss(b);
    memcpy(found, b->gradients, span * sizeof *found);
    for (size_t i = 0; i < params->count; i++) {
        const struct recur_param *param = &params->entry[i];
        for (int random = 0; random < 2; random++) {
            double square = 0, expected = 0;
            memset(v, 0, span * sizeof *v);
            for (size_t r = 0; r < param->rows; r++)
                for (size_t c = 0; c < param->columns; c++) {
                    size_t at = recur_param_place(param, r, c);
                    v[at] = random ? (real)recur_rng_normal(&rng) : found[at];
                    square += (double)v[at] * (double)v[at];
                }
            assert_true(square > 0);
            for (size_t j = 0; j < span; j++) {
                v[j] /= (real)sqrt(square);
                expected += (double)v[j] * (double)found[j];
            }
            double got = slope(b, kept, v, span);
            if (!(fabs(got - expected) <= 1.5e-4 + 0.01 * fabs(expected)))
                fail_msg("way %zu, %s: %g, expected %g", way, param->name, got, expected);
        }
    }
    free(kept);
    free(found);
    free(v);
}

static void gradients_go_through_all_parts(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        struct bench b;
        create(&b, &ways[way], 1);
        check_gradients(&b, way);
        destroy(&b);
    }
}

/* Minibatches of one sequence, which do not read all rows of the tables: the gradients are the same
 * where only those rows are looked after. */
static void check_sparse_rows(const struct way *way)
{
    static const size_t members[] = {0, 3, 1, 1, 0};
    struct bench whole, rows;
    create(&whole, way, 1);
    create(&rows, way, 1);
    size_t one_hot = way->task == RECUR_TASK_TAG ? 0 : 1 + way->bidirectional;
    size_t tables = way->embedding ? 1 : one_hot;
    recur_labeller_free(&rows.labeller);
    rows.model->place.backend->free_learner(rows.learner);
    make_learner(&rows, 3);
    assert_int_equal(recur_cpu_learner_of(rows.learner)->sparse.tables, tables);
    const struct recur_labeller_room room = {.batch = 1, .steps = 8, .tokens = 8, .seed = 3};
    assert_int_equal(recur_labeller_init(&rows.labeller, rows.model, &rows.set, &room, rows.team,
                                         rows.learner, NULL),
                     RECUR_OK);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        double a, b;
        recur_labeller_load(&whole.labeller, &whole.set, &members[i], 1, 1, RECUR_NOT_TRAINING);
        recur_labeller_load(&rows.labeller, &rows.set, &members[i], 1, 1, RECUR_NOT_TRAINING);
        assert_int_equal(recur_labeller_learn(&whole.labeller, i, &a, NULL), RECUR_OK);
        assert_int_equal(recur_labeller_learn(&rows.labeller, i, &b, NULL), RECUR_OK);
        assert_memory_equal(&a, &b, sizeof a);
        assert_memory_equal(whole.gradients, rows.gradients,
                            rows.model->network.params.span * sizeof(real));
    }
    destroy(&whole);
    destroy(&rows);
}

static void rows_that_are_read(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++)
        check_sparse_rows(&ways[way]);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        struct bench one, three;
        create(&one, &ways[way], 1);
        create(&three, &ways[way], 3);
        double a = loss(&one), b = loss(&three);
        assert_memory_equal(&a, &b, sizeof a);
        assert_memory_equal(one.gradients, three.gradients,
                            one.model->network.params.span * sizeof(real));
        destroy(&one);
        destroy(&three);
    }
}

static enum recur_status count_one(void *user, size_t sequence, const recur_prediction *prediction,
                                   recur_error *error)
{
    (void)error;
    assert_int_equal(sequence, *(size_t *)user);
    assert_int_equal(prediction->count, 1);
    ++*(size_t *)user;
    return RECUR_OK;
}

/* One label for each of 100 000 texts, and as many for words. */
static void a_hundred_thousand_labels_are_learnt(void **state)
{
    (void)state;
    const size_t count = 100000, hidden[] = {4};
    char *text = malloc(count * 32 + 1), *to = text;
    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        to += sprintf(to, "l%zu\tl%zu\n%s", i, i, i % 10 ? "" : "\n");
    for (int tags = 0; tags < 2; tags++) {
        enum recur_task task = tags ? RECUR_TASK_TAG : RECUR_TASK_CLASSIFY;
        recur_labels *data = read_text(task, false, text);
        recur_labels *few = read_text(task, true, tags ? "a\n\nb\n" : "x\ny\n");
        recur_model_config config = recur_model_config_default();
        recur_trainer_config training = recur_trainer_config_default();
        recur_model *model;
        recur_trainer *trainer;
        recur_step step;
        size_t predicted = 0;
        config.hidden = hidden;
        config.embedding = 4;
        training.batch = 4;
        assert_int_equal(recur_model_create_labels(&config, data, NULL, &model, NULL), RECUR_OK);
        assert_int_equal(recur_model_get_config(model)->labels, count);
        assert_int_equal(recur_trainer_create_labels(model, data, NULL, &training, &trainer, NULL),
                         RECUR_OK);
        assert_int_equal(recur_trainer_step(trainer, &step, NULL), RECUR_OK);
        assert_true(step.loss > 3 && step.loss < 20);
        recur_trainer_free(trainer);
        assert_int_equal(recur_predict(model, few, 1, count_one, &predicted, NULL), RECUR_OK);
        assert_int_equal(predicted, 2);
        recur_model_free(model);
        recur_labels_free(few);
        recur_labels_free(data);
    }
    free(text);
}

/* Minibatches of texts without a token have labels all the same. */
static void texts_without_tokens_are_predicted(void **state)
{
    (void)state;
    char text[40 * 3 + 1] = "";
    for (size_t i = 0; i < 40; i++)
        strcat(text, i < 39 ? "x\t\n" : "y\ta");
    recur_labels *data = read_text(RECUR_TASK_CLASSIFY, false, text);
    recur_model *model;
    size_t predicted = 0;
    assert_int_equal(recur_model_create_labels(NULL, data, NULL, &model, NULL), RECUR_OK);
    assert_int_equal(recur_predict(model, data, 1, count_one, &predicted, NULL), RECUR_OK);
    assert_int_equal(predicted, 40);
    recur_model_free(model);
    recur_labels_free(data);
}

/* A file's weights are finite, and their sums need not be; nothing is learnt without a label. */
static void what_cannot_be_computed_is_refused(void **state)
{
    (void)state;
    const size_t hidden[] = {4};
    for (int kind = 0; kind < 3; kind++) {
        enum recur_task task = kind ? RECUR_TASK_TAG : RECUR_TASK_CLASSIFY;
        recur_labels *data = read_text(task, false, kind ? "a x\nb y\n\n" : "x\ta\ny\tb\n");
        recur_labels *bare = read_text(task, true, "a\n\nb\n");
        recur_model_config config = recur_model_config_default();
        recur_trainer *trainer;
        recur_score_table *table;
        recur_model *model;
        recur_error error;
        size_t predicted = 0;
        float large[4096];
        for (size_t i = 0; i < sizeof large / sizeof *large; i++)
            large[i] = i % 2 ? 3e38F : -3e38F;
        config.hidden = hidden;
        config.decoder = kind == 2 ? RECUR_DECODER_CRF : RECUR_DECODER_SOFTMAX;
        assert_int_equal(recur_model_create_labels(&config, data, NULL, &model, NULL), RECUR_OK);
        assert_int_equal(recur_trainer_create_labels(model, bare, NULL, NULL, &trainer, &error),
                         RECUR_ERROR_DATA);
        assert_string_equal(error.message, "there is not one label to learn from");
        for (size_t t = 0; t < recur_model_tensors(model); t++) {
            recur_tensor_info info = recur_model_tensor(model, t);
            assert_true(info.shape[0] * info.shape[1] <= sizeof large / sizeof *large);
            recur_model_set_tensor(model, t, large);
        }
        assert_int_equal(recur_predict(model, data, 1, count_one, &predicted, &error),
                         RECUR_ERROR_DIVERGED);
        assert_string_equal(error.message, "the model's weights are too large to compute with: a "
                                           "logit is not finite");
        assert_int_equal(recur_score(model, data, 1, &table, NULL), RECUR_ERROR_DIVERGED);
        recur_model_free(model);
        recur_labels_free(bare);
        recur_labels_free(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_parted_at_tabs_or_spaces),
        cmocka_unit_test(words_have_forms_cases_and_lines),
        cmocka_unit_test(texts_may_lack_labels_and_tokens),
        cmocka_unit_test(a_split_parts_the_sequences),
        cmocka_unit_test(a_fingerprint_knows_tokens_labels_and_ends),
        cmocka_unit_test(gradients_go_through_all_parts),
        cmocka_unit_test(rows_that_are_read),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(a_hundred_thousand_labels_are_learnt),
        cmocka_unit_test(texts_without_tokens_are_predicted),
        cmocka_unit_test(what_cannot_be_computed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
