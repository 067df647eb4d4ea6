/* Model files that are wrong anywhere are refused with a sentence, and nothing is loaded. */
#define _GNU_SOURCE /* mkdtemp, dirfd */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model_example.h"
#include "nn/origin.h"

/* Loading must fail with this status and "PATH: SENTENCE", and leave the model alone. */
static void refuse(const char *path, enum recur_status status, const char *sentence)
{
    recur_model *model = NULL;
    recur_error error = {0};
    char expected[1024];
    snprintf(expected, sizeof expected, "%s: %s", path, sentence);
    enum recur_status got = recur_model_load(path, &model, &error);
    assert_string_equal(error.message, expected);
    assert_int_equal(got, status);
    assert_int_equal(error.status, status);
    assert_null(model);
}

/* `from` in the text of `key` becomes `to`; without `from`, the key goes. */
static const struct {
    const char *key, *from, *to;
    enum recur_status status;
    const char *sentence;
} spoilt[] = {
    {"recur.version", NULL, NULL, RECUR_ERROR_FORMAT, "recur.version is missing"},
    {"recur.version", "1", "2", RECUR_ERROR_UNSUPPORTED,
     "a recur model of version 2, this build reads version 1"},
    {"recur.config", NULL, NULL, RECUR_ERROR_FORMAT, "recur.config is missing"},
    {"recur.config", "{", "[", RECUR_ERROR_FORMAT,
     "recur.config is not valid JSON at line 1, byte 8: expected a comma or ], got \":\""},
    {"recur.config", "\"cell\":\"lstm\",", "", RECUR_ERROR_FORMAT, "recur.config: cell is missing"},
    {"recur.config", "\"seed\"", "\"heads\":2,\"seed\"", RECUR_ERROR_FORMAT,
     "recur.config: \"heads\" is no field that is known"},
    {"recur.config", "\"seed\"", "\"\":2,\"seed\"", RECUR_ERROR_FORMAT,
     "recur.config: \"\" is no field that is known"},
    {"recur.config", "\"lm\"", "\"tug\"", RECUR_ERROR_FORMAT,
     "recur.config: unknown task \"tug\": expected lm, fill, tag or classify"},
    {"recur.config", "\"lstm\"", "3", RECUR_ERROR_FORMAT, "recur.config: cell is not a text"},
    {"recur.config", "lstm", "lstn", RECUR_ERROR_FORMAT,
     "recur.config: unknown cell \"lstn\": expected rnn, gru, gru-reset-before, lstm, "
     "ln-lstm or ln-gru"},
    {"recur.config", "tanh", "tan", RECUR_ERROR_FORMAT,
     "recur.config: unknown activation \"tan\": expected tanh, relu or sigmoid"},
    {"recur.config", "uniform", "zero", RECUR_ERROR_FORMAT,
     "recur.config: unknown initialisation \"zero\": expected uniform or normal"},
    {"recur.config", "concat", "add", RECUR_ERROR_FORMAT,
     "recur.config: unknown merge \"add\": expected concat or sum"},
    {"recur.config", "\"bidirectional\":false", "\"bidirectional\":0", RECUR_ERROR_FORMAT,
     "recur.config: bidirectional is not true or false"},
    {"recur.config", "\"bidirectional\":false", "\"bidirectional\":true", RECUR_ERROR_FORMAT,
     "tensor rnn.weight_ih_l0_reverse is missing"},
    {"recur.config", "[3,2]", "[]", RECUR_ERROR_FORMAT,
     "recur.config: a network needs at least one layer"},
    {"recur.config", "[3,2]", "[3,-2]", RECUR_ERROR_FORMAT,
     "recur.config: hidden width 1 is not an integer of at least 1"},
    {"recur.config", "[3,2]", "3", RECUR_ERROR_FORMAT, "recur.config: hidden is not a list"},
    {"recur.config", "[3,2]", "[100000000,2]", RECUR_ERROR_FORMAT,
     "tensor rnn.weight_ih_l0 is (12, 5), expected (400000000, 5)"},
    {"recur.config", "[3,2]", "[3]", RECUR_ERROR_FORMAT,
     "tensor linear.weight is (5, 2), expected (5, 3)"},
    {"recur.config", "[3,2]", "[3,2,2]", RECUR_ERROR_FORMAT, "tensor rnn.weight_ih_l2 is missing"},
    {"recur.config", "\"embedding\":0", "\"embedding\":5", RECUR_ERROR_FORMAT,
     "tensor embedding.weight is missing"},
    {"recur.config", "\"vocabulary\":5", "\"vocabulary\":0", RECUR_ERROR_FORMAT,
     "recur.config: a vocabulary has 1 to 2147483647 entries, got 0"},
    {"recur.config", "\"biases\":2", "\"biases\":1", RECUR_ERROR_FORMAT,
     "tensor rnn.bias_hh_l0 is no part of the model"},
    {"recur.config", "\"biases\":2", "\"biases\":3", RECUR_ERROR_FORMAT,
     "recur.config: a layer has 1 or 2 biases, got 3"},
    {"recur.config", "0.25", "1", RECUR_ERROR_FORMAT,
     "recur.config: dropout is at least 0 and below 1, got 1"},
    {"recur.config", "\"seed\":1", "\"seed\":-1", RECUR_ERROR_FORMAT,
     "recur.config: seed is not an integer of at least 0"},
    {"recur.config", "\"seed\":1", "\"seed\":\"18446744073709551616\"", RECUR_ERROR_FORMAT,
     "recur.config: seed is not an integer of at least 0"},
    {"recur.config", "true", "1", RECUR_ERROR_FORMAT, "recur.config: vocab is not true or false"},
    {"recur.text", NULL, NULL, RECUR_ERROR_FORMAT, "recur.text is missing"},
    {"recur.text", "char", "chars", RECUR_ERROR_FORMAT,
     "recur.text: unknown token kind \"chars\": expected char, word, byte or bpe"},
    {"recur.text", "none", "all", RECUR_ERROR_FORMAT,
     "recur.text: unknown kind of cleaning \"all\": expected none or letters"},
    {"recur.vocab", NULL, NULL, RECUR_ERROR_FORMAT,
     "the model's vocabulary is missing: there is no recur.vocab"},
    {"recur.vocab", "\"<pad>\",", "", RECUR_ERROR_FORMAT,
     "recur.vocab: 4 tokens and 5 counts do not go together"},
    {"recur.vocab", "\"<pad>\"", "\"<pad>\",\"x\"", RECUR_ERROR_FORMAT,
     "recur.vocab: 6 tokens and 5 counts do not go together"},
    {"recur.vocab", "\"reserved\":1", "\"reserved\":-1", RECUR_ERROR_FORMAT,
     "recur.vocab: reserved is not an integer of at least 0"},
    {"recur.vocab", "\"reserved\":1", "\"reserved\":5", RECUR_ERROR_FORMAT,
     "a vocabulary of 5 entries cannot have 5 reserved tokens"},
    {"recur.vocab", "<pad>", "<unk>", RECUR_ERROR_FORMAT,
     "vocabulary entry 1, \"<unk>\", is the same as entry 0"},
    {"recur.vocab", "<unk>", "unk", RECUR_ERROR_FORMAT, "vocabulary entry 0 is not \"<unk>\""},
    {"recur.vocab", "\"<pad>\"", "256", RECUR_ERROR_FORMAT,
     "recur.vocab: token 1 is neither a string nor bytes"},
    {"recur.vocab", "\"<pad>\"", "null", RECUR_ERROR_FORMAT,
     "recur.vocab: token 1 is neither a string nor bytes"},
    {"recur.vocab", "[0,0,7", "[0,0,-7", RECUR_ERROR_FORMAT,
     "recur.vocab: a count is not an integer of at least 0"},
    {"recur.history", NULL, NULL, RECUR_ERROR_FORMAT, "recur.history is missing"},
    {"recur.history", "\"loss\":2.5", "\"loss\":\"\"", RECUR_ERROR_FORMAT,
     "recur.history: loss is not a number"},
    {"recur.history", "\"epoch\":1", "\"epoch\":1.5", RECUR_ERROR_FORMAT,
     "recur.history: an epoch's number is not an integer of at least 0"},
    {"recur.origin", "{", "[", RECUR_ERROR_FORMAT,
     "recur.origin is not valid JSON at line 1, byte 14: expected a comma or ], got \":\""},
    {"recur.origin", "\"a run\"", "7", RECUR_ERROR_FORMAT, "recur.origin: command is not a text"},
    {"recur.origin", "command", "commands", RECUR_ERROR_FORMAT,
     "recur.origin: \"commands\" is no field that is known"},
    {"recur.origin", "\"kept_epoch\":2", "\"kept_epoch\":-2", RECUR_ERROR_FORMAT,
     "recur.origin: kept_epoch is not an integer of at least 0"},
    {"recur.settings", "adam", "eve", RECUR_ERROR_FORMAT,
     "recur.settings: optimizer: unknown optimizer \"eve\": expected sgd, adam, adamw or rmsprop"},
    {"recur.settings", "\"batch\":32,", "", RECUR_ERROR_FORMAT, "recur.settings: batch is missing"},
};

/* The example, which says where it comes from. */
static const char *save_with_origin(struct scratch *scratch)
{
    recur_model *model = make_example();
    const recur_trainer_config settings = recur_trainer_config_default();
    const char *path = scratch_path(scratch, "model.safetensors");
    recur_model_note_training(model, &settings, 2, 100, 10);
    assert_int_equal(recur_model_set_origin(model, "a text", "a run", NULL), RECUR_OK);
    assert_int_equal(recur_model_save(model, path, NULL), RECUR_OK);
    recur_model_free(model);
    return path;
}

static void spoilt_metadata_is_refused(void **state)
{
    struct model_file file = open_model(save_with_origin(*state));
    for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
        reset_header(&file);
        if (spoilt[i].from)
            replace_in_metadata(&file, spoilt[i].key, spoilt[i].from, spoilt[i].to);
        else
            set_metadata(&file, spoilt[i].key, NULL);
        write_header(&file);
        refuse(file.path, spoilt[i].status, spoilt[i].sentence);
    }
    close_model(&file);
}

static void a_vocabulary_of_another_size_is_refused(void **state)
{
    struct model_file file = open_model(save_example(*state));
    set_metadata(&file, "recur.vocab",
                 "{\"reserved\":0,\"tokens\":[\"<unk>\",\"a\"],\"counts\":[0,1]}");
    write_header(&file);
    refuse(file.path, RECUR_ERROR_FORMAT, "the vocabulary has 2 tokens, recur.config says 5");
    close_model(&file);
}

static void wrong_tensors_are_refused(void **state)
{
    static const char tensor[] = "rnn.weight_hh_l0";
    static const struct {
        const char *key, *value;
        enum recur_status status;
        const char *sentence;
    } wrong[] = {
        {"shape", "[3,12]", RECUR_ERROR_FORMAT,
         "tensor rnn.weight_hh_l0 is (3, 12), expected (12, 3)"},
        {"shape", "[36]", RECUR_ERROR_FORMAT, "tensor rnn.weight_hh_l0 is (36), expected (12, 3)"},
        {"shape", "[12,3,1]", RECUR_ERROR_FORMAT,
         "tensor rnn.weight_hh_l0 is (12, 3, 1), expected (12, 3)"},
        {"dtype", "\"I32\"", RECUR_ERROR_UNSUPPORTED,
         "tensor rnn.weight_hh_l0 holds I32 numbers, expected F32, F64, F16 or BF16"},
    };
    struct model_file file = open_model(save_example(*state));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        reset_header(&file);
        edit_header(&file, tensor, wrong[i].key, wrong[i].value);
        write_header(&file);
        refuse(file.path, wrong[i].status, wrong[i].sentence);
    }
    reset_header(&file);
    char *at = strstr(file.header, "linear.bias");
    assert_non_null(at);
    memcpy(at, "nothing.bia", strlen("linear.bias"));
    write_header(&file);
    refuse(file.path, RECUR_ERROR_FORMAT, "tensor linear.bias is missing");

    char entry[100];
    snprintf(entry, sizeof entry, "{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[%zu,%zu]}",
             file.size, file.size);
    reset_header(&file);
    edit_header(&file, "extra", NULL, entry);
    write_header(&file);
    refuse(file.path, RECUR_ERROR_FORMAT, "tensor extra is no part of the model");
    close_model(&file);
}

static void numbers_that_are_not_finite_are_refused(void **state)
{
    struct model_file file = open_model(save_example(*state));
    const float infinite = -INFINITY;
    memcpy(file.data + 4 * 4, &infinite, 4);
    write_header(&file);
    refuse(file.path, RECUR_ERROR_FORMAT,
           "tensor rnn.weight_ih_l0 holds a number that is not finite: -inf at 4");
    close_model(&file);
}

/* Shapes in the header are compared before anything is allocated for them. */
static void huge_widths_need_no_memory(void **state)
{
    struct model_file file = open_model(save_example(*state));
    set_metadata(&file, "recur.config",
                 "{\"cell\":\"lstm\",\"activation\":\"tanh\",\"hidden\":[2147483647],"
                 "\"embedding\":0,\"vocabulary\":5,\"biases\":2,\"dropout\":0,"
                 "\"init\":\"uniform\",\"seed\":1,\"vocab\":true}");
    write_header(&file);
    recur_model *model = NULL;
    recur_error error;
    assert_int_equal(recur_model_load(file.path, &model, &error), RECUR_ERROR_FORMAT);
    assert_non_null(strstr(error.message, "too large for this machine"));
    close_model(&file);
}

static void what_is_no_model_is_refused(void **state)
{
    struct scratch *scratch = *state;
    const char *path = scratch_path(scratch, "story.txt");
    scratch_write(path, "Once upon a time", 16);
    refuse(path, RECUR_ERROR_FORMAT,
           "not a safetensors file but a text: recur train makes a model of it");

    recur_model *model = NULL;
    recur_error error;
    char expected[600];
    path = scratch_path(scratch, "absent");
    assert_int_equal(recur_model_load(path, &model, &error), RECUR_ERROR_FILE);
    snprintf(expected, sizeof expected, "cannot read %s: No such file or directory", path);
    assert_string_equal(error.message, expected);
    assert_int_equal(recur_model_load(scratch->folder, &model, &error), RECUR_ERROR_FILE);
    snprintf(expected, sizeof expected, "cannot read %s: it is a directory", scratch->folder);
    assert_string_equal(error.message, expected);
    assert_null(model);
}

static void a_model_cut_anywhere_is_refused(void **state)
{
    const char *path = save_example(*state);
    size_t size;
    unsigned char *bytes = scratch_read(path, &size);
    for (size_t cut = 0; cut < size; cut += cut < 64 || cut > size - 64 ? 1 : 7) {
        recur_model *model = NULL;
        recur_error error = {0};
        scratch_write(path, bytes, cut);
        assert_int_equal(recur_model_load(path, &model, &error), RECUR_ERROR_FORMAT);
        assert_non_null(strstr(error.message, cut < 8 ? "not a safetensors" : "is cut off"));
        assert_null(model);
    }
    free(bytes);
}

/* A changed header may still make a model, of other text settings for instance; a broken one is
 * never accepted and nothing crashes. */
static void a_spoilt_byte_never_breaks_the_loader(void **state)
{
    const char *path = save_example(*state);
    size_t size, accepted = 0, refused = 0;
    unsigned char *bytes = scratch_read(path, &size);
    for (size_t at = 0; at < size; at++) {
        unsigned char old = bytes[at];
        const unsigned char changes[] = {old ^ 1, 0, '"'};
        for (size_t i = 0; i < sizeof changes; i++) {
            if (changes[i] == old)
                continue;
            bytes[at] = changes[i];
            scratch_write(path, bytes, size);
            recur_model *model = NULL;
            enum recur_status status = recur_model_load(path, &model, NULL);
            assert_int_equal(status != RECUR_OK, model == NULL);
            accepted += status == RECUR_OK;
            refused += status != RECUR_OK;
            if (model) {
                assert_int_equal(recur_model_tensors(model), 10);
                assert_int_equal(recur_vocab_size(recur_model_vocab(model)), 5);
            }
            recur_model_free(model);
        }
        bytes[at] = old;
    }
    assert_true(accepted > 400 && refused > 2000);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spoilt_metadata_is_refused),
        cmocka_unit_test(a_vocabulary_of_another_size_is_refused),
        cmocka_unit_test(wrong_tensors_are_refused),
        cmocka_unit_test(numbers_that_are_not_finite_are_refused),
        cmocka_unit_test(huge_widths_need_no_memory),
        cmocka_unit_test(what_is_no_model_is_refused),
        cmocka_unit_test(a_model_cut_anywhere_is_refused),
        cmocka_unit_test(a_spoilt_byte_never_breaks_the_loader),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
