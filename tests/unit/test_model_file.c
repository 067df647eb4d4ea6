/* Model files: a model comes back in every bit, the file says what docs/formats.md says, and what
 * cannot be saved leaves the old file alone. */
#define _GNU_SOURCE /* mkdtemp, dirfd */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model_example.h"
#include "nn/origin.h"

static void assert_same_vocab(const recur_vocab *a, const recur_vocab *b)
{
    assert_int_equal(recur_vocab_size(a), recur_vocab_size(b));
    assert_int_equal(recur_vocab_reserved(a), recur_vocab_reserved(b));
    assert_memory_equal(recur_vocab_text(a), recur_vocab_text(b), sizeof(recur_text_config));
    for (int32_t id = 0; (size_t)id < recur_vocab_size(a); id++) {
        recur_token s = recur_vocab_token(a, id), t = recur_vocab_token(b, id);
        assert_int_equal(s.size, t.size);
        assert_memory_equal(s.bytes, t.bytes, s.size);
        assert_int_equal(recur_vocab_count(a, id), recur_vocab_count(b, id));
    }
}

static void assert_same_tensors(const recur_model *a, const recur_model *b)
{
    assert_int_equal(recur_model_tensors(a), recur_model_tensors(b));
    for (size_t i = 0; i < recur_model_tensors(a); i++) {
        recur_tensor_info s = recur_model_tensor(a, i), t = recur_model_tensor(b, i);
        size_t count = s.shape[0] * s.shape[1];
        assert_string_equal(s.name, t.name);
        assert_int_equal(s.rank, t.rank);
        assert_memory_equal(s.shape, t.shape, sizeof s.shape);
        float *x = calloc(count, sizeof *x), *y = calloc(count, sizeof *y);
        assert_true(x && y);
        recur_model_get_tensor(a, i, x);
        recur_model_get_tensor(b, i, y);
        assert_memory_equal(x, y, count * sizeof *x);
        free(x);
        free(y);
    }
}

static void assert_same_number(double a, double b)
{
    assert_true(a == b || (isnan(a) && isnan(b)));
}

static void assert_same_history(const recur_model *a, const recur_model *b)
{
    size_t n, m;
    const recur_epoch *s = recur_model_history(a, &n), *t = recur_model_history(b, &m);
    assert_int_equal(n, m);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(s[i].epoch, t[i].epoch);
        assert_same_number(s[i].loss, t[i].loss);
        assert_same_number(s[i].valid_loss, t[i].valid_loss);
        assert_same_number(s[i].gradient_norm, t[i].gradient_norm);
        assert_same_number(s[i].lr, t[i].lr);
        assert_same_number(s[i].valid_accuracy, t[i].valid_accuracy);
        assert_same_number(s[i].valid_precision, t[i].valid_precision);
        assert_same_number(s[i].valid_recall, t[i].valid_recall);
        assert_same_number(s[i].valid_f1, t[i].valid_f1);
        assert_true(isnan(t[i].tokens_per_second) && isnan(t[i].seconds)); /* not kept */
    }
}

static void assert_same(const recur_model *a, const recur_model *b)
{
    const recur_model_config *s = recur_model_get_config(a), *t = recur_model_get_config(b);
    assert_int_equal(s->task, t->task);
    assert_int_equal(s->cell, t->cell);
    assert_int_equal(s->activation, t->activation);
    assert_int_equal(s->layers, t->layers);
    assert_memory_equal(s->hidden, t->hidden, s->layers * sizeof *s->hidden);
    assert_int_equal(s->bidirectional, t->bidirectional);
    assert_int_equal(s->merge, t->merge);
    assert_int_equal(s->embedding, t->embedding);
    assert_int_equal(s->vocabulary, t->vocabulary);
    assert_int_equal(s->biases, t->biases);
    assert_true(s->dropout == t->dropout);
    assert_int_equal(s->init, t->init);
    assert_int_equal(s->seed, t->seed);
    assert_int_equal(!recur_model_vocab(a), !recur_model_vocab(b));
    if (recur_model_vocab(a))
        assert_same_vocab(recur_model_vocab(a), recur_model_vocab(b));
    assert_same_tensors(a, b);
    assert_same_history(a, b);
}

static void assert_comes_back(struct scratch *scratch, recur_model *model)
{
    recur_model *loaded = NULL;
    recur_error error = {0};
    const char *path = scratch_path(scratch, "model.safetensors");
    assert_int_equal(recur_model_save(model, path, &error), RECUR_OK);
    assert_int_equal(recur_model_load(path, &loaded, &error), RECUR_OK);
    assert_same(model, loaded);

    size_t size, again;
    unsigned char *first = scratch_read(path, &size);
    assert_int_equal(recur_model_save(loaded, path, &error), RECUR_OK);
    unsigned char *second = scratch_read(path, &again);
    assert_int_equal(size, again);
    assert_memory_equal(first, second, size);
    free(first);
    free(second);
    recur_model_free(loaded);
}

static void every_kind_of_model_comes_back(void **state)
{
    const enum recur_cell cells[] = {
        RECUR_CELL_RNN,  RECUR_CELL_GRU,     RECUR_CELL_GRU_RESET_BEFORE,
        RECUR_CELL_LSTM, RECUR_CELL_LN_LSTM, RECUR_CELL_LN_GRU};
    for (unsigned i = 0; i < 24; i++) {
        recur_model_config config = {
            .size = sizeof config,
            .task = (enum recur_task)(i / 7 % 2),
            .cell = cells[i % 6],
            .activation = (enum recur_activation)(i % 3),
            .layers = 1 + i % 3,
            .bidirectional = i / 3 % 2,
            .merge = (enum recur_merge)(i / 5 % 2),
            .embedding = i % 2 ? 33 : 0,
            .vocabulary = 5,
            .biases = 1 + i / 4 % 2,
            .dropout = 0.1F * (float)(i % 5),
            .init = (enum recur_init)(i / 2 % 2),
            .seed = i ? UINT64_MAX / i : 0,
        };
        recur_vocab *vocab = i % 4 == 3 ? NULL : make_vocab((enum recur_tokens)(i % 4));
        recur_model *model = make_model(config, vocab);
        recur_vocab_free(vocab);
        assert_comes_back(*state, model);
        recur_model_free(model);
    }
}

static void the_history_comes_back(void **state)
{
    recur_model *model = make_example();
    assert_comes_back(*state, model);
    recur_model_free(model);
}

static void the_metadata_is_as_documented(void **state)
{
    struct model_file file = open_model(save_example(*state));
    assert_int_equal(recur_json_member(file.json, "__metadata__")->size, 6);
    assert_string_equal(metadata_of(&file, "format"), "recur");
    assert_string_equal(metadata_of(&file, "recur.version"), "1");
    assert_string_equal(
        metadata_of(&file, "recur.config"),
        "{\"task\":\"lm\",\"cell\":\"lstm\",\"activation\":\"tanh\",\"hidden\":[3,2],"
        "\"bidirectional\":false,\"merge\":\"concat\",\"embedding\":0,"
        "\"vocabulary\":5,\"biases\":2,\"dropout\":0.25,"
        "\"init\":\"uniform\",\"seed\":1,\"vocab\":true}");
    assert_string_equal(metadata_of(&file, "recur.text"),
                        "{\"tokens\":\"char\",\"clean\":\"none\"}");
    assert_string_equal(metadata_of(&file, "recur.vocab"),
                        "{\"reserved\":1,\"tokens\":[\"<unk>\",\"<pad>\",\"\xe4\xbd\xa0\",\"\\\"\","
                        "\"\\u0000\"],\"counts\":[0,0,7,7,\"18446744073709551615\"]}");
    assert_string_equal(
        metadata_of(&file, "recur.history"),
        "[{\"epoch\":1,\"loss\":2.5,\"gradient_norm\":0.125,\"lr\":0.10000000000000001"
        "},"
        "{\"epoch\":\"18446744073709551615\",\"loss\":0.33333333333333331,\"valid_loss\":2.75,"
        "\"gradient_norm\":1e-300,\"lr\":4.9406564584124654e-324,\"valid_accuracy\":0.75,"
        "\"valid_precision\":0.14285714285714285,\"valid_recall\":0.0}]");
    close_model(&file);

    recur_vocab *vocab = make_vocab(RECUR_TOKENS_BYTE);
    recur_model_config config = recur_model_config_default();
    recur_model *model = make_model(config, vocab);
    const char *path = scratch_path(*state, "bytes");
    assert_int_equal(recur_model_save(model, path, NULL), RECUR_OK);
    file = open_model(path);
    assert_string_equal(metadata_of(&file, "recur.vocab"),
                        "{\"reserved\":0,\"tokens\":[\"<unk>\",255,10,0,101],"
                        "\"counts\":[0,0,7,7,\"18446744073709551615\"]}");
    close_model(&file);
    recur_model_free(model);
    recur_vocab_free(vocab);
}

static void assert_same_text(const char *a, const char *b)
{
    assert_int_equal(!a, !b);
    if (a)
        assert_string_equal(a, b);
}

static void assert_same_origin(const recur_origin *a, const recur_origin *b)
{
    assert_int_equal(!a, !b);
    if (!a)
        return;
    assert_same_text(a->text, b->text);
    assert_same_text(a->command, b->command);
    assert_int_equal(!a->settings, !b->settings);
    assert_int_equal(a->kept_epoch, b->kept_epoch);
    assert_int_equal(a->train_tokens, b->train_tokens);
    assert_int_equal(a->valid_tokens, b->valid_tokens);
    if (a->settings) {
        assert_int_equal(a->settings->optimizer, b->settings->optimizer);
        assert_true(a->settings->lr == b->settings->lr);
        assert_int_equal(a->settings->epochs, b->settings->epochs);
    }
}

/* Any part of it may be unknown, and then it is unknown once the file was read. */
static void the_origin_comes_back(void **state)
{
    recur_trainer_config settings = recur_trainer_config_default();
    settings.optimizer = RECUR_OPTIMIZER_RMSPROP;
    settings.lr = 0.1f;
    settings.epochs = 7;
    for (unsigned parts = 0; parts < 8; parts++) {
        recur_model *model = make_example(), *loaded = NULL;
        const char *path = scratch_path(*state, "model.safetensors");
        assert_null(recur_model_origin(model));
        if (parts & 1)
            recur_model_note_training(model, &settings, 3, 1000, UINT64_MAX);
        assert_int_equal(recur_model_set_origin(model, parts & 2 ? "\xe4\xbd\xa0 \"\x1b\n" : NULL,
                                                parts & 4 ? "train" : NULL, NULL),
                         RECUR_OK);
        assert_comes_back(*state, model);
        assert_int_equal(recur_model_load(path, &loaded, NULL), RECUR_OK);
        assert_same_origin(recur_model_origin(model), recur_model_origin(loaded));
        assert_int_equal(!recur_model_origin(loaded), parts == 0);
        recur_model_free(model);
        recur_model_free(loaded);
    }
}

static void an_origin_that_is_not_utf8_changes_nothing(void **state)
{
    (void)state;
    recur_error error;
    recur_model *model = make_example();
    assert_int_equal(recur_model_set_origin(model, "a text", NULL, &error), RECUR_OK);
    assert_int_equal(recur_model_set_origin(model, "\xff", NULL, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "the name of a text must be UTF-8, this one is not");
    assert_int_equal(recur_model_set_origin(model, "b", "\xc3", &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "a command must be UTF-8, this one is not");
    assert_string_equal(recur_model_origin(model)->text, "a text");
    recur_model_free(model);
}

/* Files from before a setting existed have what was then the only way. */
static void a_setting_that_is_absent_has_its_default(void **state)
{
    static const char *const settings[] = {"\"task\":\"lm\",", ",\"bidirectional\":false",
                                           ",\"merge\":\"concat\""};
    struct model_file file = open_model(save_example(*state));
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        replace_in_metadata(&file, "recur.config", settings[i], "");
    }
    write_header(&file);
    recur_model *model = NULL, *expected = make_example();
    assert_int_equal(recur_model_load(file.path, &model, NULL), RECUR_OK);
    assert_same(expected, model);
    recur_model_free(model);
    recur_model_free(expected);
    close_model(&file);
}

static void a_model_without_vocabulary_says_so(void **state)
{
    recur_model_config config = recur_model_config_default();
    config.vocabulary = 5;
    config.layers = 1;
    recur_model *model = make_model(config, NULL);
    const char *path = scratch_path(*state, "bare");
    assert_int_equal(recur_model_save(model, path, NULL), RECUR_OK);
    struct model_file file = open_model(path);
    assert_null(metadata_of(&file, "recur.vocab"));
    assert_null(metadata_of(&file, "recur.text"));
    assert_non_null(strstr(metadata_of(&file, "recur.config"), "\"vocab\":false"));
    close_model(&file);
    recur_model_free(model);
}

static void a_model_comes_from_standard_input_too(void **state)
{
    assert_non_null(freopen(save_example(*state), "rb", stdin));
    recur_model *model = NULL, *expected = make_example();
    assert_int_equal(recur_model_load("-", &model, NULL), RECUR_OK);
    assert_same(expected, model);
    recur_model_free(model);
    recur_model_free(expected);

    recur_error error; /* its end is reached */
    assert_int_equal(recur_model_load("-", &model, &error), RECUR_ERROR_FORMAT);
    assert_string_equal(error.message, "standard input: not a safetensors file but an empty file");
}

static void a_model_that_is_not_finite_is_not_saved(void **state)
{
    struct scratch *scratch = *state;
    recur_model *model = make_example();
    scratch_files(scratch, 1);
    const char *path = scratch_path(scratch, "model");
    scratch_write(path, "old", 3);
    float bias[5] = {0, 0, NAN, 0, 0};
    recur_model_set_tensor(model, recur_model_tensors(model) - 1, bias);
    recur_error error;
    assert_int_equal(recur_model_save(model, path, &error), RECUR_ERROR_DIVERGED);
    assert_string_equal(error.message,
                        "tensor linear.bias holds a number that is not finite: nan at 2");
    scratch_assert_holds(path, "old");
    assert_int_equal(scratch_files(scratch, 0), 1);
    recur_model_free(model);
}

static void a_token_that_is_not_utf8_is_not_saved(void **state)
{
    static const recur_token entries[] = {TOKEN("<unk>"), TOKEN("a"), TOKEN("b\xff")};
    struct scratch *scratch = *state;
    recur_vocab *vocab;
    assert_int_equal(recur_vocab_from_entries(entries, NULL, 3, 0, NULL, &vocab, NULL), RECUR_OK);
    recur_model *model = make_model(recur_model_config_default(), vocab);
    scratch_files(scratch, 1);
    recur_error error;
    assert_int_equal(recur_model_save(model, scratch_path(scratch, "model"), &error),
                     RECUR_ERROR_UNSUPPORTED);
    assert_string_equal(error.message,
                        "token 2 of the vocabulary is not UTF-8, which model files need");
    assert_int_equal(scratch_files(scratch, 0), 0);
    recur_model_free(model);
    recur_vocab_free(vocab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_model_comes_back),
        cmocka_unit_test(the_history_comes_back),
        cmocka_unit_test(the_metadata_is_as_documented),
        cmocka_unit_test(a_setting_that_is_absent_has_its_default),
        cmocka_unit_test(the_origin_comes_back),
        cmocka_unit_test(an_origin_that_is_not_utf8_changes_nothing),
        cmocka_unit_test(a_model_without_vocabulary_says_so),
        cmocka_unit_test(a_model_comes_from_standard_input_too),
        cmocka_unit_test(a_model_that_is_not_finite_is_not_saved),
        cmocka_unit_test(a_token_that_is_not_utf8_is_not_saved),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
