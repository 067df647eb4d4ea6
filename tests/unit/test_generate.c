/* Generation, with models whose parameters are set by hand so that each token leads to one other:
 * what the caller's function receives, after which prompts, in which pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recur/generate.h"

static void set_matrix(recur_model *model, const char *name, size_t size,
                       const int32_t *row_of_column)
{
    float *values = calloc(size * size, sizeof *values);
    assert_non_null(values);
    for (size_t column = 0; row_of_column && column < size; column++)
        values[(size_t)row_of_column[column] * size + column] = 20;
    for (size_t t = 0; t < recur_model_tensors(model); t++) {
        recur_tensor_info info = recur_model_tensor(model, t);
        if (strcmp(info.name, name) == 0)
            recur_model_set_tensor(model, t, values);
    }
    free(values);
}

/* A model where token `from` is followed by token `to`, for each entry of a vocabulary: `next` has
 * the ids that follow. The state is the one-hot vector of the last token. */
static recur_model *make_chain(enum recur_tokens tokens, enum recur_clean clean,
                               const char *const *entries, const int32_t *next, size_t size)
{
    recur_token list[16] = {{"<unk>", 5}};
    int32_t same[16];
    for (size_t i = 0; i < size; i++) {
        if (i > 0)
            list[i] = (recur_token){entries[i], strlen(entries[i])};
        same[i] = (int32_t)i;
    }
    const recur_text_config text = {.size = sizeof text, .tokens = tokens, .clean = clean};
    recur_vocab *vocab;
    assert_int_equal(recur_vocab_from_entries(list, NULL, size, 0, &text, &vocab, NULL), RECUR_OK);
    recur_model_config config = recur_model_config_default();
    config.cell = RECUR_CELL_RNN;
    config.hidden = &size;
    config.biases = 1;
    config.init = RECUR_INIT_NORMAL; /* zero biases */
    recur_model *model;
    assert_int_equal(recur_model_create(&config, vocab, &model, NULL), RECUR_OK);
    recur_vocab_free(vocab);
    set_matrix(model, "rnn.weight_ih_l0", size, same);
    set_matrix(model, "rnn.weight_hh_l0", size, NULL);
    set_matrix(model, "linear.weight", size, next);
    return model;
}

/* What was received: all of it, and its pieces, each behind a '|'. */
struct received {
    char text[512], pieces[512];
    size_t calls, stop_after;
};

static enum recur_status receive(void *user, const char *bytes, size_t size, recur_error *error)
{
    struct received *received = user;
    (void)error;
    assert_true(size > 0);
    strncat(received->text, bytes, size);
    strcat(received->pieces, "|");
    strncat(received->pieces, bytes, size);
    return ++received->calls == received->stop_after ? RECUR_STOP : RECUR_OK;
}

static struct received generate(const recur_model *model, const char *prompt, size_t count,
                                recur_generation *generation)
{
    const recur_sampler_config greedy = {.size = sizeof greedy, .temperature = 0, .top_p = 1};
    struct received received = {.text = ""};
    assert_int_equal(recur_generate(model, prompt, strlen(prompt), count, &greedy, receive,
                                    &received, generation, NULL),
                     RECUR_OK);
    return received;
}

static void assert_continues(const recur_model *model, const char *prompt, const char *expected,
                             size_t count, size_t prompt_tokens, size_t prompt_unknown)
{
    recur_generation generation;
    struct received received = generate(model, prompt, count, &generation);
    assert_string_equal(received.text, expected);
    assert_int_equal(generation.tokens, count);
    assert_int_equal(generation.prompt_tokens, prompt_tokens);
    assert_int_equal(generation.prompt_unknown, prompt_unknown);
}

static void words_are_joined_by_one_space(void **state)
{
    (void)state;
    const char *const entries[] = {"<unk>", "the", "time", "machine"};
    const int32_t next[] = {1, 2, 3, 1};
    recur_model *model = make_chain(RECUR_TOKENS_WORD, RECUR_CLEAN_NONE, entries, next, 4);
    assert_continues(model, "the", " time machine the", 3, 1, 0);
    assert_continues(model, "the ", "time machine the", 3, 1, 0);
    assert_continues(model, "machine the\n", "time machine", 2, 2, 0);
    assert_continues(model, "", "the time", 2, 0, 0);
    assert_continues(model, " ", "the time", 2, 0, 0);
    assert_continues(model, "the eloi", " the time", 2, 2, 1);
    assert_continues(model, "the", "", 0, 1, 0);
    recur_model_free(model);
}

static void characters_follow_directly(void **state)
{
    (void)state;
    const char *const entries[] = {"<unk>", "\n", "\xe4\xbd\xa0", "\xe5\xa5\xbd", " "};
    const int32_t next[] = {4, 2, 3, 1, 4};
    recur_model *model = make_chain(RECUR_TOKENS_CHAR, RECUR_CLEAN_NONE, entries, next, 5);
    assert_continues(model, "\xe4\xbd\xa0", "\xe5\xa5\xbd\n\xe4\xbd\xa0", 3, 1, 0);
    assert_continues(model, "", "\xe4\xbd\xa0\xe5\xa5\xbd\n", 3, 0, 0); /* as after a line feed */
    assert_continues(model, "ab ", "   ", 3, 3, 2);
    assert_continues(model, "\xff", " ", 1, 1, 1);
    recur_model_free(model);
}

/* Cleaning trims a prompt, but a space at its end says that the word is complete. */
static void a_trimmed_space_counts_at_the_end_of_a_prompt(void **state)
{
    (void)state;
    const char *const entries[] = {"<unk>", " ", "a", "b"};
    const int32_t next[] = {3, 2, 1, 3};
    recur_model *model = make_chain(RECUR_TOKENS_CHAR, RECUR_CLEAN_LETTERS, entries, next, 4);
    assert_continues(model, "B, A", " a a", 4, 3, 0);
    assert_continues(model, "B, A ", "a a ", 4, 4, 0);
    assert_continues(model, "B, A! \n", "a a ", 4, 4, 0);
    assert_continues(model, "B, A!", " a a", 4, 3, 0);
    assert_continues(model, "  ", "bb", 2, 0, 0);
    recur_model_free(model);
}

static void bytes_arrive_as_they_are(void **state)
{
    (void)state;
    const char *const entries[] = {"<unk>", "\xe4", "\xbd", "\xa0", "a", "\xf0"};
    const int32_t next[] = {4, 2, 3, 4, 1, 1};
    recur_model *model = make_chain(RECUR_TOKENS_BYTE, RECUR_CLEAN_NONE, entries, next, 6);
    assert_string_equal(generate(model, "a", 9, NULL).pieces,
                        "|\xe4\xbd\xa0|a|\xe4\xbd\xa0|a|\xe4");
    /* a character that is never completed: each of its bytes */
    assert_string_equal(generate(model, "a", 2, NULL).pieces, "|\xe4|\xbd");
    /* bytes that begin no character */
    assert_string_equal(generate(model, "\xe4", 3, NULL).pieces, "|\xbd|\xa0|a");
    recur_model_free(model);
}

static void a_byte_that_fits_not_does_not_spoil_the_next_character(void **state)
{
    (void)state;
    const char *const entries[] = {"<unk>", "\xf0", "\xe4", "\xbd", "\xa0", "a"};
    const int32_t next[] = {1, 2, 3, 4, 5, 1};
    recur_model *model = make_chain(RECUR_TOKENS_BYTE, RECUR_CLEAN_NONE, entries, next, 6);
    assert_string_equal(generate(model, "a", 5, NULL).pieces, "|\xf0|\xe4\xbd\xa0|a");
    recur_model_free(model);
}

/* A stepper of the caller's: on several threads, and for one prompt after the other. */
static void on_a_stepper(void **state)
{
    (void)state;
    const char *const entries[] = {"<unk>", "a", "b", "c"};
    const int32_t next[] = {1, 2, 3, 1};
    const char *const wanted[] = {"bcab", "cabc", "abca"};
    const recur_sampler_config greedy = {.size = sizeof greedy, .temperature = 0, .top_p = 1};
    recur_model *model = make_chain(RECUR_TOKENS_CHAR, RECUR_CLEAN_NONE, entries, next, 4);
    recur_stepper *stepper;
    assert_int_equal(recur_stepper_create(model, 1, 2, &stepper, NULL), RECUR_OK);
    assert_ptr_equal(recur_stepper_model(stepper), model);
    for (size_t i = 0; i < 3; i++) {
        struct received received = {.text = ""};
        recur_generation made;
        assert_int_equal(
            recur_generate_on(stepper, &"abc"[i], 1, 4, &greedy, receive, &received, &made, NULL),
            RECUR_OK);
        assert_string_equal(received.text, wanted[i]);
        assert_int_equal(made.tokens, 4);
    }
    recur_stepper_free(stepper);
    recur_model_free(model);
}

static void the_caller_can_stop_it(void **state)
{
    (void)state;
    const char *const entries[] = {"<unk>", "a", "b"};
    const int32_t next[] = {1, 2, 1};
    const recur_sampler_config greedy = {.size = sizeof greedy, .temperature = 0, .top_p = 1};
    recur_model *model = make_chain(RECUR_TOKENS_CHAR, RECUR_CLEAN_NONE, entries, next, 3);
    struct received received = {.stop_after = 3};
    recur_generation generation;
    assert_int_equal(
        recur_generate(model, "a", 1, 100, &greedy, receive, &received, &generation, NULL),
        RECUR_OK);
    assert_string_equal(received.text, "bab");
    assert_int_equal(generation.tokens, 3);
    recur_model_free(model);

    const char *const bytes[] = {"<unk>", "\xe4", "a"};
    const int32_t after[] = {1, 2, 1};
    model = make_chain(RECUR_TOKENS_BYTE, RECUR_CLEAN_NONE, bytes, after, 3);
    received = (struct received){.stop_after = 1};
    assert_int_equal(recur_generate(model, "a", 1, 100, &greedy, receive, &received, NULL, NULL),
                     RECUR_OK);
    assert_string_equal(received.text, "\xe4");
    recur_model_free(model);
}

static void seeds_decide(void **state)
{
    (void)state;
    const char *const entries[] = {"<unk>", "a", "b", "c", "d"};
    const int32_t next[] = {1, 2, 3, 4, 1};
    recur_model *model = make_chain(RECUR_TOKENS_CHAR, RECUR_CLEAN_NONE, entries, next, 5);
    char first[3][512];
    for (unsigned i = 0; i < 3; i++) {
        const recur_sampler_config hot = {
            .size = sizeof hot, .temperature = 100, .top_p = 1, .seed = i / 2};
        struct received received = {.text = ""};
        assert_int_equal(recur_generate(model, "a", 1, 60, &hot, receive, &received, NULL, NULL),
                         RECUR_OK);
        snprintf(first[i], sizeof first[i], "%s", received.text);
    }
    assert_string_equal(first[0], first[1]);
    assert_string_not_equal(first[0], first[2]);
    recur_model_free(model);
}

static void impossible_wishes_are_refused(void **state)
{
    (void)state;
    const size_t width = 2;
    recur_model_config config = recur_model_config_default();
    config.hidden = &width;
    config.vocabulary = 3;
    recur_model *model;
    recur_error error;
    recur_sampler_config sampling = recur_sampler_config_default();
    struct received received = {.text = ""};
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    assert_int_equal(recur_generate(model, "a", 1, 5, &sampling, receive, &received, NULL, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message,
                        "the model has no vocabulary, so it can neither read nor write text");
    recur_model_free(model);

    const char *const entries[] = {"<unk>", "a"};
    const int32_t next[] = {1, 1};
    model = make_chain(RECUR_TOKENS_CHAR, RECUR_CLEAN_NONE, entries, next, 2);
    sampling.top_p = 2;
    assert_int_equal(recur_generate(model, "a", 1, 5, &sampling, receive, &received, NULL, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "top-p is 2, expected a number above 0 and at most 1");
    assert_int_equal(received.calls, 0);
    recur_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_joined_by_one_space),
        cmocka_unit_test(characters_follow_directly),
        cmocka_unit_test(a_trimmed_space_counts_at_the_end_of_a_prompt),
        cmocka_unit_test(bytes_arrive_as_they_are),
        cmocka_unit_test(a_byte_that_fits_not_does_not_spoil_the_next_character),
        cmocka_unit_test(on_a_stepper),
        cmocka_unit_test(the_caller_can_stop_it),
        cmocka_unit_test(seeds_decide),
        cmocka_unit_test(impossible_wishes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
