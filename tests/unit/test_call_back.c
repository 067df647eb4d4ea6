/* Functions of the caller's: whoever calls one goes on, stops or fails as recur/status.h says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "recur/features.h"
#include "recur/fill.h"
#include "recur/generate.h"
#include "recur/predict.h"

/* What a function that is called back is to do, and how often it was called. */
struct answer {
    enum recur_status status;
    const char *sentence; /* NULL: none */
    size_t calls;
};

static enum recur_status give(void *user, recur_error *error)
{
    struct answer *answer = user;
    answer->calls++;
    assert_non_null(error);
    if (answer->sentence)
        snprintf(error->message, sizeof error->message, "%s", answer->sentence);
    return answer->status;
}

static enum recur_status take_line(void *user, const recur_token *tokens, size_t count,
                                   recur_error *error)
{
    (void)tokens;
    (void)count;
    return give(user, error);
}

static enum recur_status take_text(void *user, const char *bytes, size_t size, recur_error *error)
{
    (void)bytes;
    (void)size;
    return give(user, error);
}

static enum recur_status take_filling(void *user, const recur_filling *filling, recur_error *error)
{
    (void)filling;
    return give(user, error);
}

static enum recur_status take_rows(void *user, const float *rows, size_t count, recur_error *error)
{
    (void)rows;
    (void)count;
    return give(user, error);
}

static enum recur_status take_prediction(void *user, size_t sequence,
                                         const recur_prediction *prediction, recur_error *error)
{
    (void)sequence;
    (void)prediction;
    return give(user, error);
}

enum { TOKENS = 700 }; /* more rows than come at once */

struct world {
    recur_corpus *corpus;
    recur_labels *labels;
    recur_model *language, *bytes, *filling, *labelling;
};

static recur_model *make(enum recur_task task, enum recur_tokens tokens, recur_corpus **corpus)
{
    static const size_t hidden[] = {4};
    char text[TOKENS];
    recur_corpus_config cutting = recur_corpus_config_default();
    recur_text_config kind = recur_text_config_default();
    recur_model_config config = recur_model_config_default();
    recur_corpus *made;
    recur_vocab *vocab;
    recur_model *model;
    kind.tokens = tokens;
    cutting.text = &kind;
    config.task = task;
    config.hidden = hidden;
    memset(text, 'a', sizeof text);
    memcpy(text, "\xc3\xa4 b", 4);
    assert_int_equal(recur_corpus_build_memory(text, TOKENS, &cutting, &made, &vocab, NULL), 0);
    assert_int_equal(recur_model_create(&config, vocab, &model, NULL), RECUR_OK);
    recur_vocab_free(vocab);
    if (corpus)
        *corpus = made;
    else
        recur_corpus_free(made);
    return model;
}

static int set_up(void **state)
{
    static struct world world;
    const char *text = "x\ta\ny\tb\n";
    recur_labels_config config = recur_labels_config_default();
    config.task = RECUR_TASK_CLASSIFY;
    world.language = make(RECUR_TASK_LM, RECUR_TOKENS_CHAR, &world.corpus);
    world.bytes = make(RECUR_TASK_LM, RECUR_TOKENS_BYTE, NULL);
    world.filling = make(RECUR_TASK_FILL, RECUR_TOKENS_CHAR, NULL);
    assert_int_equal(recur_labels_read_memory(text, strlen(text), &config, &world.labels, NULL), 0);
    assert_int_equal(recur_model_create_labels(NULL, world.labels, NULL, &world.labelling, NULL),
                     RECUR_OK);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    const struct world *world = *state;
    recur_corpus_free(world->corpus);
    recur_labels_free(world->labels);
    recur_model_free(world->language);
    recur_model_free(world->bytes);
    recur_model_free(world->filling);
    recur_model_free(world->labelling);
    return 0;
}

static enum recur_status read_lines(const struct world *world, struct answer *answer,
                                    recur_error *error)
{
    (void)world;
    return recur_text_read_memory("a\n\nb\n", 5, NULL, take_line, answer, NULL, error);
}

static enum recur_status generate(const struct world *world, struct answer *answer,
                                  recur_error *error)
{
    return recur_generate(world->language, "a", 1, 5, NULL, take_text, answer, NULL, error);
}

static enum recur_status generate_bytes(const struct world *world, struct answer *answer,
                                        recur_error *error)
{
    return recur_generate(world->bytes, "a", 1, 50, NULL, take_text, answer, NULL, error);
}

static enum recur_status fill(const struct world *world, struct answer *answer, recur_error *error)
{
    recur_filler *filler = NULL;
    recur_fill_config config = recur_fill_config_default();
    config.alternatives = 3;
    assert_int_equal(recur_filler_create(world->filling, &config, &filler, NULL), RECUR_OK);
    enum recur_status status = recur_fill(filler, "a_a", 3, take_filling, answer, error);
    recur_filler_free(filler);
    return status;
}

static enum recur_status compute_features(const struct world *world, struct answer *answer,
                                          recur_error *error)
{
    return recur_features(world->language, world->corpus, 0, 1, take_rows, answer, error);
}

static enum recur_status predict(const struct world *world, struct answer *answer,
                                 recur_error *error)
{
    return recur_predict(world->labelling, world->labels, 1, take_prediction, answer, error);
}

typedef enum recur_status caller(const struct world *world, struct answer *answer,
                                 recur_error *error);

static caller *const callers[] = {read_lines, generate,         generate_bytes,
                                  fill,       compute_features, predict};

#define EACH_CALLER(i) for (size_t i = 0; i < sizeof callers / sizeof *callers; i++)

static void each_goes_on_with_ok(void **state)
{
    EACH_CALLER(i)
    {
        struct answer answer = {.status = RECUR_OK};
        assert_int_equal(callers[i](*state, &answer, NULL), RECUR_OK);
        assert_in_range(answer.calls, 2, 50);
    }
}

static void to_stop_is_no_failure(void **state)
{
    EACH_CALLER(i)
    {
        recur_error error = {.message = "untouched"};
        struct answer answer = {.status = RECUR_STOP, .sentence = "enough"};
        assert_int_equal(callers[i](*state, &answer, &error), RECUR_OK);
        assert_int_equal(answer.calls, 1);
        assert_string_equal(error.message, "untouched");
    }
}

static void a_failure_is_handed_on(void **state)
{
    EACH_CALLER(i)
    {
        recur_error error = {.message = "of before"};
        struct answer answer = {.status = RECUR_ERROR_DATA, .sentence = "no\tmore"};
        assert_int_equal(callers[i](*state, &answer, &error), RECUR_ERROR_DATA);
        assert_int_equal(answer.calls, 1);
        assert_int_equal(error.status, RECUR_ERROR_DATA);
        assert_string_equal(error.message, "no\\tmore");
        assert_int_equal(callers[i](*state, &answer, NULL), RECUR_ERROR_DATA);
    }
}

static void a_failure_without_a_word_is_named(void **state)
{
    EACH_CALLER(i)
    {
        recur_error error = {.message = "of before"};
        struct answer answer = {.status = RECUR_ERROR_FILE};
        assert_int_equal(callers[i](*state, &answer, &error), RECUR_ERROR_FILE);
        assert_int_equal(error.status, RECUR_ERROR_FILE);
        assert_string_equal(error.message,
                            "a function that was called back failed without a word: file error");
    }
}

static recur_text_stats stats_of_a_stop(const char *text)
{
    recur_text_stats stats = {0};
    struct answer answer = {.status = RECUR_STOP};
    assert_int_equal(
        recur_text_read_memory(text, strlen(text), NULL, take_line, &answer, &stats, NULL),
        RECUR_OK);
    return stats;
}

static void what_was_done_counts(void **state)
{
    const struct world *world = *state;
    struct answer answer = {.status = RECUR_STOP};
    recur_generation made;
    assert_int_equal(
        recur_generate(world->language, "a", 1, 5, NULL, take_text, &answer, &made, NULL),
        RECUR_OK);
    assert_int_equal(made.tokens, 1);
    assert_int_equal(stats_of_a_stop("a\nb\n").lines, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_goes_on_with_ok),
        cmocka_unit_test(to_stop_is_no_failure),
        cmocka_unit_test(a_failure_is_handed_on),
        cmocka_unit_test(a_failure_without_a_word_is_named),
        cmocka_unit_test(what_was_done_counts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
