/* What the public functions make of nonsense: settings out of range, no settings, bytes that are no
 * text. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "recur/recur.h"

static void names_of_no_value(void **state)
{
    (void)state;
    assert_string_equal(recur_tokens_name((enum recur_tokens)4), "unknown");
    assert_false(recur_tokens_spaced((enum recur_tokens)4));
    assert_false(recur_tokens_as_they_stand((enum recur_tokens) - 1));
    assert_string_equal(recur_clean_name((enum recur_clean)2), "unknown");
    assert_string_equal(recur_sampling_name((enum recur_sampling) - 1), "unknown");
    assert_string_equal(recur_task_name((enum recur_task)4), "unknown");
    assert_string_equal(recur_cell_name((enum recur_cell)6), "unknown");
    assert_string_equal(recur_activation_name((enum recur_activation)1000000), "unknown");
    assert_string_equal(recur_init_name((enum recur_init)2), "unknown");
    assert_string_equal(recur_merge_name((enum recur_merge)2), "unknown");
    assert_string_equal(recur_quantization_name((enum recur_quantization)3), "unknown");
    assert_string_equal(recur_format_name((enum recur_format)6), "unknown");
    assert_string_equal(recur_optimizer_name((enum recur_optimizer)4), "unknown");
    assert_string_equal(recur_precision_name((enum recur_precision)2), "unknown");
    assert_string_equal(recur_schedule_name((enum recur_schedule)5), "unknown");
    assert_string_equal(recur_phase_name(RECUR_PHASES), "unknown");
    assert_string_equal(recur_status_name((enum recur_status)99), "unknown status");
    assert_string_equal(recur_cell_name(RECUR_CELL_LSTM), "lstm");
    assert_string_equal(recur_phase_name(RECUR_PHASE_UPDATE), "update");
}

static void tasks_serve_one_use_each(void **state)
{
    (void)state;
    static const enum recur_use uses[] = {
        [RECUR_TASK_LM] = RECUR_USE_CONTINUE,
        [RECUR_TASK_FILL] = RECUR_USE_FILL,
        [RECUR_TASK_TAG] = RECUR_USE_LABEL_WORDS,
        [RECUR_TASK_CLASSIFY] = RECUR_USE_LABEL_TEXTS,
    };
    for (int task = -1; task <= RECUR_TASK_CLASSIFY + 1; task++)
        for (int use = -1; use <= RECUR_USE_LABEL_TEXTS + 1; use++) {
            bool known = task >= 0 && task <= RECUR_TASK_CLASSIFY;
            assert_int_equal(recur_task_serves((enum recur_task)task, (enum recur_use)use),
                             known && (int)uses[task] == use);
        }
}

static void formats_are_numbered_without_gaps(void **state)
{
    (void)state;
    const recur_format_info *info;
    unsigned count = 0;
    for (; (info = recur_format_describe((enum recur_format)count)); count++) {
        enum recur_format format;
        assert_int_equal(info->size, sizeof *info);
        assert_int_equal(recur_format_parse(info->name, &format, NULL), RECUR_OK);
        assert_int_equal(format, count);
    }
    assert_int_equal(count, RECUR_FORMAT_PYTORCH_RNNLM + 1);
    assert_null(recur_format_describe((enum recur_format) - 1));
    assert_int_equal(recur_format_of_path("a.onnx"), RECUR_FORMAT_ONNX);
    assert_int_equal(recur_format_of_path("a.safetensors"), RECUR_FORMAT_RECUR);
    assert_int_equal(recur_format_of_path("onnx"), RECUR_FORMAT_RECUR);
}

static enum recur_status no_line(void *user, const recur_token *tokens, size_t count,
                                 recur_error *error)
{
    (void)user;
    (void)tokens;
    (void)count;
    (void)error;
    return RECUR_OK;
}

static enum recur_status no_rows(void *user, const float *rows, size_t count, recur_error *error)
{
    (void)user;
    (void)rows;
    (void)count;
    (void)error;
    return RECUR_OK;
}

static recur_vocab *make_vocab(recur_corpus **corpus)
{
    recur_vocab *vocab;
    assert_int_equal(
        recur_corpus_build_memory("a text to read and to learn", 27, NULL, corpus, &vocab, NULL),
        RECUR_OK);
    return vocab;
}

static void texts_of_no_kind(void **state)
{
    (void)state;
    recur_error error;
    recur_corpus *corpus = NULL;
    recur_vocab *vocab = NULL;
    recur_corpus_config config = recur_corpus_config_default();
    recur_text_config text = recur_text_config_default();
    const recur_token token = {"a", 1}, unknown = {"<unk>", 5};
    const char *wrong_tokens = "unknown token kind 7: expected char, word, byte or bpe";
    config.text = &text;
    text.tokens = (enum recur_tokens)7;
    assert_int_equal(recur_corpus_build_memory("ab", 2, &config, &corpus, &vocab, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, wrong_tokens);
    assert_int_equal(recur_text_read_memory("ab", 2, &text, no_line, NULL, NULL, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_int_equal(recur_vocab_build(&token, 1, &text, NULL, &vocab, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_int_equal(recur_vocab_from_entries(&unknown, NULL, 1, 0, &text, &vocab, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, wrong_tokens);
    recur_labels *labels = NULL;
    recur_labels_config classify = recur_labels_config_default();
    classify.text = &text;
    assert_int_equal(recur_labels_read_memory("", 0, &classify, &labels, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, wrong_tokens);
    text = recur_text_config_default();
    text.clean = (enum recur_clean) - 1;
    assert_int_equal(recur_corpus_build_memory("ab", 2, &config, &corpus, &vocab, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "unknown kind of cleaning -1: expected none or letters");
    assert_null(corpus);
    assert_null(vocab);
}

static void models_of_no_kind(void **state)
{
    (void)state;
    recur_error error;
    recur_model *model = NULL;
    recur_model_config config = recur_model_config_default();
    config.vocabulary = 3;
    config.cell = (enum recur_cell)6;
    assert_int_equal(recur_model_create(&config, NULL, &model, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(
        error.message,
        "unknown cell 6: expected rnn, gru, gru-reset-before, lstm, ln-lstm or ln-gru");
    recur_import_config import = recur_import_config_default();
    import.cell = &config.cell;
    assert_int_equal(recur_model_import("absent", &import, &model, NULL, &error),
                     RECUR_ERROR_ARGUMENT);
    config.cell = RECUR_CELL_RNN;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    assert_int_equal(recur_model_export(model, (enum recur_format)6, "absent/m", &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "unknown format 6: expected recur, pytorch, "
                                       "pytorch-word-lm, pytorch-bare, onnx or pytorch-rnnlm");
    recur_model_free(model);
}

static void runs_of_no_kind(void **state)
{
    (void)state;
    recur_error error;
    recur_corpus *corpus;
    recur_batches *batches;
    recur_trainer *trainer;
    recur_model *model;
    recur_vocab *vocab = make_vocab(&corpus);
    recur_batches_config cut = recur_batches_config_default();
    cut.sampling = (enum recur_sampling)2;
    assert_int_equal(recur_batches_create(corpus, &cut, &batches, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "unknown kind of sampling 2: expected sequential or random");
    assert_int_equal(recur_model_create(NULL, vocab, &model, NULL), RECUR_OK);
    recur_trainer_config config = recur_trainer_config_default();
    config.optimizer = (enum recur_optimizer)9;
    assert_int_equal(recur_trainer_create(model, corpus, &config, &trainer, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "unknown optimizer 9: expected sgd, adam, adamw or rmsprop");
    config = recur_trainer_config_default();
    config.schedule = (enum recur_schedule)9;
    assert_int_equal(recur_trainer_create(model, corpus, &config, &trainer, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message,
                        "unknown schedule 9: expected constant, cosine, plateau, wsd "
                        "or onecycle");
    config = recur_trainer_config_default();
    config.precision = (enum recur_precision)2;
    assert_int_equal(recur_trainer_create(model, corpus, &config, &trainer, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "unknown precision 2: expected f32 or bf16");
    recur_model_free(model);
    recur_vocab_free(vocab);
    recur_corpus_free(corpus);
}

static enum recur_status no_text(void *user, const char *bytes, size_t size, recur_error *error)
{
    (void)user;
    (void)bytes;
    (void)size;
    (void)error;
    return RECUR_OK;
}

/* Each of these crashed or would: no settings are the default ones. */
static void no_settings_are_the_defaults(void **state)
{
    (void)state;
    recur_error error;
    recur_corpus *corpus;
    recur_batches *batches = NULL;
    recur_trainer *trainer = NULL;
    recur_sampler *sampler;
    recur_filler *filler;
    recur_model *model;
    recur_vocab *vocab = make_vocab(&corpus), *built;
    const recur_token token = {"a", 1};
    const char *absent = "absent";
    assert_int_equal(recur_vocab_text(vocab)->tokens, RECUR_TOKENS_CHAR);
    assert_int_equal(recur_vocab_build(&token, 1, NULL, NULL, &built, NULL), RECUR_OK);
    assert_int_equal(recur_vocab_size(built), 2);
    assert_int_equal(recur_text_read_memory("ab", 2, NULL, no_line, NULL, NULL, NULL), RECUR_OK);
    assert_int_equal(recur_text_read(absent, NULL, no_line, NULL, NULL, NULL), RECUR_ERROR_FILE);
    assert_int_equal(recur_corpus_build(&absent, 1, NULL, &corpus, &vocab, NULL), RECUR_ERROR_FILE);
    assert_int_equal(recur_model_create(NULL, vocab, &model, NULL), RECUR_OK);
    assert_int_equal(recur_model_get_config(model)->hidden[0], 256);
    assert_int_equal(recur_batches_create(corpus, NULL, &batches, &error), RECUR_ERROR_DATA);
    assert_non_null(strstr(error.message, "32 sequences x 35 steps"));
    assert_int_equal(recur_trainer_create(model, corpus, NULL, &trainer, NULL), RECUR_ERROR_DATA);
    assert_int_equal(recur_sampler_create(NULL, 3, 0, &sampler, NULL), RECUR_OK);
    assert_int_equal(recur_generate(model, "a", 1, 1, NULL, no_text, NULL, NULL, NULL), RECUR_OK);
    assert_int_equal(recur_model_import(absent, NULL, &model, NULL, NULL), RECUR_ERROR_FILE);
    recur_sampler_free(sampler);
    recur_model_free(model);
    recur_model_config fills = recur_model_config_default();
    fills.task = RECUR_TASK_FILL;
    assert_int_equal(recur_model_create(&fills, vocab, &model, NULL), RECUR_OK);
    assert_int_equal(recur_filler_create(model, NULL, &filler, NULL), RECUR_OK);
    recur_filler_free(filler);
    recur_model_free(model);
    recur_vocab_free(vocab);
    recur_vocab_free(built);
    recur_corpus_free(corpus);
}

static void shows_only_what_shows(void **state)
{
    (void)state;
    const struct {
        const char *bytes, *shown;
        size_t most;
    } cases[] = {
        {"plain \"text\" \\", "plain \"text\" \\", 60},
        {"\u00e9\u6642\U0001f600", "\u00e9\u6642\U0001f600", 3},
        {"a\nb\tc\rd", "a\\nb\\tc\\rd", 60},
        {"\033[31mred\007\177", "\\x1B[31mred\\x07\\x7F", 60},
        {"\302\2332J", "\\u009B2J", 60},                        /* CSI as a C1 control */
        {"a\u202egpj.exe\u2066", "a\\u202Egpj.exe\\u2066", 60}, /* read from right to left */
        {"\377\303(\342\202", "\\xFF\\xC3(\\xE2\\x82", 60},
        {"\355\240\200", "\\xED\\xA0\\x80", 60}, /* a surrogate */
        {"0123456789", "0123456789", 10},
        {"0123456789", "012345678\u2026", 9},
        {"\033\033\033", "\\x1B\\x1B\u2026", 11},
        {"", "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(
            recur_show(cases[i].bytes, strlen(cases[i].bytes), cases[i].most, NULL).text,
            cases[i].shown);
    assert_string_equal(recur_show("a\"\0\\", 4, 60, "\"\\").text, "a\\\"\\x00\\\\");
    char large[3000];
    memset(large, '\033', sizeof large);
    recur_printable shown = recur_show(large, sizeof large, SIZE_MAX, NULL);
    assert_int_equal(strlen(shown.text), 508 + 3 - 508 % 4);
    assert_string_equal(shown.text + strlen(shown.text) - 7, "\\x1B\u2026");
}

/* Names of files and tokens reach a sentence escaped, and do not push its end out. */
static void sentences_are_printable(void **state)
{
    (void)state;
    recur_error error;
    recur_corpus *corpus;
    recur_vocab *vocab;
    const char *path = "absent\033]0;owned\007\n\377";
    assert_int_equal(recur_corpus_build(&path, 1, NULL, &corpus, &vocab, &error), RECUR_ERROR_FILE);
    assert_string_equal(error.message, "cannot read absent\\x1B]0;owned\\x07\\n\\xFF: No such file "
                                       "or directory");
    path = "";
    assert_int_equal(recur_corpus_build(&path, 1, NULL, &corpus, &vocab, &error), RECUR_ERROR_FILE);
    assert_string_equal(error.message, "cannot read \"\": No such file or directory");
    char large[3000] = "";
    memset(large, 'x', sizeof large - 1);
    path = large;
    assert_int_equal(recur_corpus_build(&path, 1, NULL, &corpus, &vocab, &error), RECUR_ERROR_FILE);
    assert_non_null(strstr(error.message, "xxx\u2026: File name too long"));
}

static void reserved_tokens_can_be_saved(void **state)
{
    (void)state;
    recur_error error;
    recur_corpus *corpus;
    recur_vocab *vocab;
    const recur_token reserved[] = {{"ok", 2}, {"\377", 1}};
    recur_corpus_config config = recur_corpus_config_default();
    recur_text_config text = recur_text_config_default();
    recur_vocab_config dictionary = recur_vocab_config_default();
    config.text = &text;
    config.vocab = &dictionary;
    dictionary.reserved = reserved;
    dictionary.reserved_count = 2;
    assert_int_equal(recur_corpus_build_memory("ab", 2, &config, &corpus, &vocab, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "reserved token 2, \"\\xFF\", is not UTF-8");
    text.tokens = RECUR_TOKENS_BYTE;
    assert_int_equal(recur_corpus_build_memory("ab", 2, &config, &corpus, &vocab, NULL), RECUR_OK);
    recur_corpus_free(corpus);
    recur_vocab_free(vocab);
}

static void a_dictionary_of_nothing(void **state)
{
    (void)state;
    recur_error error;
    recur_corpus *corpus;
    recur_vocab *vocab;
    recur_corpus_config config = recur_corpus_config_default();
    recur_vocab_config dictionary = recur_vocab_config_default();
    config.vocab = &dictionary;
    dictionary.min_count = 4;
    assert_int_equal(recur_corpus_build_memory("baaac", 5, &config, &corpus, &vocab, &error),
                     RECUR_ERROR_DATA);
    assert_string_equal(error.message,
                        "no token is met 4 times: the most frequent, \"a\", is met 3 "
                        "times; choose a smaller number");
    dictionary.min_count = 3;
    assert_int_equal(recur_corpus_build_memory("baaac", 5, &config, &corpus, &vocab, NULL),
                     RECUR_OK);
    assert_int_equal(recur_vocab_size(vocab), 2);
    recur_corpus_free(corpus);
    recur_vocab_free(vocab);
}

/* A model file's parameters are finite, and still their sums may not be. */
static void weights_too_large_to_compute_with(void **state)
{
    (void)state;
    recur_error error;
    recur_corpus *corpus;
    recur_model *model;
    recur_vocab *vocab = make_vocab(&corpus);
    recur_evaluation evaluation;
    recur_filler *filler;
    const size_t hidden[] = {4};
    for (int task = RECUR_TASK_LM; task <= RECUR_TASK_FILL; task++) {
        recur_model_config config = recur_model_config_default();
        config.task = (enum recur_task)task;
        config.cell = RECUR_CELL_RNN;
        config.activation = RECUR_ACTIVATION_RELU;
        config.hidden = hidden;
        assert_int_equal(recur_model_create(&config, vocab, &model, NULL), RECUR_OK);
        for (size_t t = 0; t < recur_model_tensors(model); t++) {
            float values[256];
            for (size_t i = 0; i < 256; i++)
                values[i] = 3e38F;
            recur_model_set_tensor(model, t, values);
        }
        assert_int_equal(recur_evaluate(model, corpus, 0, 0, 1, &evaluation, &error),
                         RECUR_ERROR_DIVERGED);
        assert_string_equal(error.message, "the model's weights are too large to compute with: the "
                                           "loss is not finite");
        assert_int_equal(recur_features(model, corpus, 0, 1, no_rows, NULL, &error),
                         RECUR_ERROR_DIVERGED);
        if (task == RECUR_TASK_LM) {
            assert_int_equal(recur_generate(model, "a", 1, 9, NULL, no_text, NULL, NULL, &error),
                             RECUR_ERROR_DIVERGED);
        } else {
            assert_int_equal(recur_filler_create(model, NULL, &filler, NULL), RECUR_OK);
            assert_int_equal(recur_fill(filler, "te_t", 4, NULL, NULL, &error),
                             RECUR_ERROR_DIVERGED);
            recur_filler_free(filler);
        }
        recur_model_free(model);
    }
    recur_vocab_free(vocab);
    recur_corpus_free(corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_no_value),
        cmocka_unit_test(tasks_serve_one_use_each),
        cmocka_unit_test(formats_are_numbered_without_gaps),
        cmocka_unit_test(texts_of_no_kind),
        cmocka_unit_test(models_of_no_kind),
        cmocka_unit_test(runs_of_no_kind),
        cmocka_unit_test(no_settings_are_the_defaults),
        cmocka_unit_test(shows_only_what_shows),
        cmocka_unit_test(sentences_are_printable),
        cmocka_unit_test(reserved_tokens_can_be_saved),
        cmocka_unit_test(a_dictionary_of_nothing),
        cmocka_unit_test(weights_too_large_to_compute_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
