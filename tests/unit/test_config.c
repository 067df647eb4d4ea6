/* Configurations of programs that were compiled with other versions' headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recur/recur.h"

/* What an older header might have declared. */
struct old_model_config {
    size_t size;
    enum recur_task task;
    enum recur_cell cell;
    enum recur_activation activation;
    size_t layers;
};

struct old_sampler_config {
    size_t size;
    float temperature;
};

/* What a newer one might. */
struct new_trainer_config {
    recur_trainer_config known;
    double momentum_of_the_future;
};

/* A block of its own, so that sanitizers see whoever reads or writes past it. */
static void *make_block(const void *bytes, size_t size)
{
    void *block = malloc(size);
    assert_non_null(block);
    memcpy(block, bytes, size);
    return block;
}

static recur_vocab *make_vocab(void)
{
    static const recur_token tokens[] = {{"a", 1}, {"b", 1}};
    recur_vocab *vocab;
    assert_int_equal(recur_vocab_build(tokens, 2, NULL, NULL, &vocab, NULL), RECUR_OK);
    return vocab;
}

static void defaults_stop_where_the_struct_ends(void **state)
{
    (void)state;
    struct {
        struct old_model_config config;
        unsigned char after[64];
    } room;
    memset(&room, 0xa5, sizeof room);
    recur_model_config_init((recur_model_config *)&room.config, sizeof room.config);
    assert_int_equal(room.config.size, sizeof room.config);
    assert_int_equal(room.config.cell, RECUR_CELL_LSTM);
    assert_int_equal(room.config.layers, 1);
    for (size_t i = 0; i < sizeof room.after; i++)
        assert_int_equal(room.after[i], 0xa5);
}

static void an_older_struct_gets_defaults_for_the_rest(void **state)
{
    (void)state;
    struct old_model_config given;
    recur_model_config_init((recur_model_config *)&given, sizeof given);
    given.cell = RECUR_CELL_GRU;
    given.layers = 2;
    recur_model_config *old = make_block(&given, sizeof given);
    recur_vocab *vocab = make_vocab();
    recur_model *model;
    assert_int_equal(recur_model_create(old, vocab, &model, NULL), RECUR_OK);
    const recur_model_config *config = recur_model_get_config(model);
    assert_int_equal(config->size, sizeof *config);
    assert_int_equal(config->cell, RECUR_CELL_GRU);
    assert_int_equal(config->layers, 2);
    assert_int_equal(config->hidden[0], 256);
    assert_int_equal(config->hidden[1], 256);
    assert_int_equal(config->biases, 2);
    assert_int_equal(config->seed, 1);
    recur_model_free(model);
    recur_vocab_free(vocab);
    free(old);
}

/* The seed and the filters are the defaults, so the draws are those of a whole struct. */
static void an_older_sampler_draws_as_a_newer_one(void **state)
{
    (void)state;
    const float logits[] = {0, 1, 2, 1.5F, 0.5F, 1.25F, 1.75F, 0.25F};
    struct old_sampler_config given;
    recur_sampler_config_init((recur_sampler_config *)&given, sizeof given);
    given.temperature = 2;
    recur_sampler_config *old = make_block(&given, sizeof given);
    recur_sampler_config whole = recur_sampler_config_default();
    whole.temperature = 2;
    recur_sampler *a, *b;
    assert_int_equal(recur_sampler_create(old, 8, 0, &a, NULL), RECUR_OK);
    assert_int_equal(recur_sampler_create(&whole, 8, 0, &b, NULL), RECUR_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(recur_sample(a, logits), recur_sample(b, logits));
    recur_sampler_free(a);
    recur_sampler_free(b);
    free(old);
}

static void a_newer_struct_is_refused(void **state)
{
    (void)state;
    struct new_trainer_config config;
    recur_error error = {0};
    recur_trainer *trainer = NULL;
    recur_corpus *corpus;
    recur_vocab *vocab = make_vocab();
    recur_model *model;
    const int32_t ids[] = {1, 2, 1, 2};
    memset(&config, 0xa5, sizeof config);
    recur_trainer_config_init(&config.known, sizeof config);
    assert_int_equal(config.known.size, sizeof config);
    assert_true(config.momentum_of_the_future == 0);
    assert_int_equal(recur_corpus_from_ids(ids, 4, 3, &corpus, NULL), RECUR_OK);
    assert_int_equal(recur_model_create(NULL, vocab, &model, NULL), RECUR_OK);
    assert_int_equal(recur_trainer_create(model, corpus, &config.known, &trainer, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "recur_trainer_config has"));
    assert_non_null(strstr(error.message, "headers of a newer one"));
    assert_null(trainer);
    recur_model_free(model);
    recur_corpus_free(corpus);
    recur_vocab_free(vocab);
}

#define REFUSES(call)                                                                              \
    do {                                                                                           \
        recur_error error = {0};                                                                   \
        assert_int_equal(call, RECUR_ERROR_ARGUMENT);                                              \
        assert_non_null(strstr(error.message, "_config must begin as recur_"));                    \
        assert_non_null(strstr(error.message, "_config_default() makes it; its size is 0"));       \
    } while (0)

/* Every function that takes one looks at its size: zeroes are no configuration. */
static void a_struct_without_a_size_is_refused(void **state)
{
    (void)state;
    recur_vocab *vocab = make_vocab(), *other = NULL;
    recur_corpus *corpus;
    recur_model *model, *made = NULL;
    recur_model_config fills = recur_model_config_default();
    const int32_t ids[] = {1, 2};
    const recur_token unknown = {"<unk>", 5};
    const size_t lengths[] = {1};
    fills.task = RECUR_TASK_FILL;
    assert_int_equal(recur_corpus_from_ids(ids, 2, 3, &corpus, NULL), RECUR_OK);
    assert_int_equal(recur_model_create(&fills, vocab, &model, NULL), RECUR_OK);
    recur_text_config text = {0};
    recur_vocab_config dictionary = {0};
    recur_corpus_config reading = {0}, cutting = recur_corpus_config_default();
    cutting.text = &text;
    REFUSES(recur_text_read_memory("a", 1, &text, NULL, NULL, NULL, &error));
    REFUSES(recur_vocab_from_entries(&unknown, NULL, 1, 0, &text, &other, &error));
    REFUSES(recur_vocab_build(&unknown, 1, &text, NULL, &other, &error));
    REFUSES(recur_vocab_build(&unknown, 1, NULL, &dictionary, &other, &error));
    REFUSES(recur_corpus_build_memory("a", 1, &reading, &corpus, &other, &error));
    REFUSES(recur_corpus_build_memory("a", 1, &cutting, &corpus, &other, &error));
    REFUSES(recur_batches_create(corpus, &(recur_batches_config){0}, NULL, &error));
    REFUSES(recur_model_create(&(recur_model_config){0}, vocab, &made, &error));
    REFUSES(recur_trainer_create(model, corpus, &(recur_trainer_config){0}, NULL, &error));
    REFUSES(recur_stack_create(model, &(recur_trainer_config){0}, 0, NULL, &error));
    REFUSES(recur_checkpoint_resume(NULL, corpus, &(recur_resume_config){0}, NULL, NULL, &error));
    REFUSES(recur_buckets_create(lengths, 1, &(recur_buckets_config){0}, NULL, &error));
    REFUSES(recur_sampler_create(&(recur_sampler_config){0}, 3, 0, NULL, &error));
    REFUSES(recur_filler_create(model, &(recur_fill_config){0}, NULL, &error));
    REFUSES(recur_model_import("none", &(recur_import_config){0}, &made, NULL, &error));
    assert_null(made);
    assert_null(other);
    recur_model_free(model);
    recur_corpus_free(corpus);
    recur_vocab_free(vocab);
}

static void half_a_field_is_refused(void **state)
{
    (void)state;
    recur_sampler_config config = recur_sampler_config_default();
    recur_error error = {0};
    config.size = sizeof config - 3;
    assert_int_equal(recur_sampler_create(&config, 3, 0, NULL, &error), RECUR_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "must begin as"));
}

static void the_headers_are_the_librarys(void **state)
{
    (void)state;
    assert_string_equal(recur_version(), RECUR_VERSION);
    assert_int_equal(recur_version_number(), RECUR_VERSION_NUMBER);
    assert_int_equal(RECUR_VERSION_NUMBER, RECUR_VERSION_MAJOR * 1000000 +
                                               RECUR_VERSION_MINOR * 1000 + RECUR_VERSION_PATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_stop_where_the_struct_ends),
        cmocka_unit_test(an_older_struct_gets_defaults_for_the_rest),
        cmocka_unit_test(an_older_sampler_draws_as_a_newer_one),
        cmocka_unit_test(a_newer_struct_is_refused),
        cmocka_unit_test(a_struct_without_a_size_is_refused),
        cmocka_unit_test(half_a_field_is_refused),
        cmocka_unit_test(the_headers_are_the_librarys),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
