/* State_dicts that are spoilt: each is refused with a sentence, or is still a model, and no byte
 * breaks the reader. That right files mean what they should, tests/interop and tests/cli check. */
#define _GNU_SOURCE /* mkdtemp, dirfd */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/safetensors.h"
#include "recur/convert.h"
#include "scratch.h"

static void write_word_lm(const char *path)
{
    const size_t hidden[] = {2, 2};
    recur_model_config config = recur_model_config_default();
    config.layers = 2;
    config.hidden = hidden;
    config.embedding = 3;
    config.vocabulary = 4;
    config.cell = RECUR_CELL_GRU;
    recur_model *model;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    assert_int_equal(recur_model_export(model, RECUR_FORMAT_PYTORCH_WORD_LM, path, NULL), RECUR_OK);
    recur_model_free(model);
}

static void write_tensors(const char *path, const struct recur_safetensor *tensors, size_t count)
{
    struct recur_safetensors_writer writer;
    assert_int_equal(recur_safetensors_create(path, tensors, count, NULL, &writer, NULL), RECUR_OK);
    const float zero = 0;
    while (writer.left > 0)
        assert_int_equal(recur_safetensors_put_f32(&writer, &zero, 1, NULL), RECUR_OK);
    assert_int_equal(recur_safetensors_commit(&writer, NULL), RECUR_OK);
}

/* The D2L book's RNN from scratch. */
static void write_book(const char *path)
{
    const struct recur_safetensor tensors[] = {
        {.name = "rnn.W_xh", .rank = 2, .shape = {4, 2}},
        {.name = "rnn.W_hh", .rank = 2, .shape = {2, 2}},
        {.name = "rnn.b_h", .rank = 1, .shape = {2}},
        {.name = "W_hq", .rank = 2, .shape = {2, 4}},
        {.name = "b_q", .rank = 1, .shape = {4}},
    };
    write_tensors(path, tensors, sizeof tensors / sizeof *tensors);
}

/* 1 where the file is refused. */
static size_t try_import(const char *path)
{
    recur_model *model = NULL;
    recur_error error = {0};
    enum recur_status status = recur_model_import(path, NULL, &model, NULL, &error);
    assert_int_equal(status == RECUR_OK, model != NULL);
    assert_int_equal(status == RECUR_OK, error.message[0] == '\0');
    recur_model_free(model);
    return status != RECUR_OK;
}

/* Every byte of the header once: three kinds of change take turns. */
static void spoil_bytes(const char *path)
{
    size_t size, refused = 0, header;
    unsigned char *bytes = scratch_read(path, &size);
    assert_int_equal(try_import(path), 0);
    header = 8 + (size_t)bytes[0] + 256 * (size_t)bytes[1];
    for (size_t at = 0; at < header; at++) {
        const unsigned char old = bytes[at];
        const unsigned char others[] = {(unsigned char)(old ^ 1), (unsigned char)(old + 8), '0'};
        bytes[at] = others[at % sizeof others];
        scratch_write(path, bytes, size);
        refused += try_import(path);
        bytes[at] = old;
    }
    assert_true(refused > header / 3);
    free(bytes);
}

static void a_spoilt_byte_never_breaks_the_reader(void **state)
{
    struct scratch *scratch = *state;
    scratch_files(scratch, 1);
    const char *path = scratch_path(scratch, "file");
    write_word_lm(path);
    spoil_bytes(path);
    write_book(path);
    spoil_bytes(path);
}

static void refuse(const char *path, const struct recur_safetensor *tensors, size_t count,
                   size_t inputs, enum recur_status status, const char *sentence)
{
    char expected[700];
    recur_model *model = NULL;
    recur_error error = {0};
    const enum recur_activation activation = RECUR_ACTIVATION_TANH;
    const recur_import_config config = {
        .size = sizeof config, .activation = &activation, .inputs = inputs};
    write_tensors(path, tensors, count);
    assert_int_equal(recur_model_import(path, &config, &model, NULL, &error), status);
    assert_null(model);
    snprintf(expected, sizeof expected, "%s: %s", path, sentence);
    assert_string_equal(error.message, expected);
}

#define WEIGHT(text, rows, columns)                                                                \
    {                                                                                              \
        .name = text, .rank = 2, .shape = { rows, columns }                                        \
    }

/* What a small file may not ask for. */
static void sizes_that_no_tensor_vouches_for_are_refused(void **state)
{
    struct scratch *scratch = *state;
    scratch_files(scratch, 1);
    const char *path = scratch_path(scratch, "file");
    const struct recur_safetensor far[] = {WEIGHT("weight_ih_l0", 2, 2),
                                           WEIGHT("weight_hh_l0", 2, 2),
                                           WEIGHT("weight_hh_l99999999999999999999", 2, 2)};
    refuse(path, far, 3, 0, RECUR_ERROR_FORMAT, "tensor weight_hh_l1 is missing");
    const struct recur_safetensor unequal[] = {
        WEIGHT("weight_ih_l0", 1, 1000), WEIGHT("weight_hh_l0", 1, 1),
        WEIGHT("weight_ih_l1", 100, 1), WEIGHT("weight_hh_l1", 100, 100)};
    refuse(path, unequal, 4, 0, RECUR_ERROR_FORMAT,
           "there is no output layer, and the layers are not equally wide");
    const struct recur_safetensor empty[] = {WEIGHT("weight_ih_l0", 2, 0),
                                             WEIGHT("weight_hh_l0", 2, 2)};
    refuse(path, empty, 2, 0, RECUR_ERROR_FORMAT,
           "tensor weight_ih_l0 is (2, 0), both dimensions must be 1 or more");
    const struct recur_safetensor head[] = {WEIGHT("fc.weight", 5, 3), WEIGHT("weight_ih_l0", 2, 5),
                                            WEIGHT("weight_hh_l0", 2, 2)};
    refuse(path, head, 3, 0, RECUR_ERROR_FORMAT, "tensor fc.weight is (5, 3), expected (5, 2)");
    const struct recur_safetensor second[] = {WEIGHT("fc.weight", 5, 2), WEIGHT("out.weight", 5, 2),
                                              WEIGHT("weight_ih_l0", 2, 5),
                                              WEIGHT("weight_hh_l0", 2, 2)};
    refuse(path, second, 4, 0, RECUR_ERROR_FORMAT, "tensor out.weight is no part of the model");
    const struct recur_safetensor other[] = {WEIGHT("conv.weight", 5, 2)};
    refuse(path, other, 1, 0, RECUR_ERROR_FORMAT,
           "neither a model of recur's nor one of PyTorch's: there is no tensor weight_ih_l0 under "
           "any prefix");
}

/* What the file leaves open is asked for; what contradicts it is not believed. */
static void what_a_module_is_has_to_show(void **state)
{
    struct scratch *scratch = *state;
    scratch_files(scratch, 1);
    const char *path = scratch_path(scratch, "file");
    const struct recur_safetensor equal[] = {WEIGHT("fc.weight", 5, 2), WEIGHT("wte.weight", 5, 2),
                                             WEIGHT("weight_ih_l0", 2, 2),
                                             WEIGHT("weight_hh_l0", 2, 2)};
    refuse(path, equal, 4, 0, RECUR_ERROR_UNSUPPORTED,
           "it does not show which of fc.weight and wte.weight is the embedding: the name of that "
           "module must begin with emb or enc");
    const struct recur_safetensor numbers[] = {
        WEIGHT("fc.weight", 1, 2), WEIGHT("weight_ih_l0", 2, 5), WEIGHT("weight_hh_l0", 2, 2)};
    refuse(path, numbers, 3, 0, RECUR_ERROR_FORMAT,
           "tensor fc.weight has 1 row, and layer 0 reads 5 numbers a step: the embedding is "
           "missing, or the model reads numbers and inputs 5 must be given");
    refuse(path, numbers, 3, 4, RECUR_ERROR_ARGUMENT, "layer 0 reads 5 numbers a step, not 4");
    const struct recur_safetensor one[] = {WEIGHT("weight_ih_l0", 2, 1),
                                           WEIGHT("weight_hh_l0", 2, 2)};
    refuse(path, one, 2, 0, RECUR_ERROR_ARGUMENT,
           "layer 0 reads 1 number a step, which is no token: inputs 1 must be given");
    const struct recur_safetensor tokens[] = {WEIGHT("emb.weight", 5, 3), WEIGHT("fc.weight", 5, 2),
                                              WEIGHT("weight_ih_l0", 2, 3),
                                              WEIGHT("weight_hh_l0", 2, 2)};
    refuse(path, tokens, 4, 3, RECUR_ERROR_ARGUMENT,
           "there is an embedding, emb.weight: the model reads tokens, and inputs cannot be given");
    const struct recur_safetensor narrow[] = {WEIGHT("emb.weight", 5, 4), WEIGHT("fc.weight", 5, 2),
                                              WEIGHT("weight_ih_l0", 2, 3),
                                              WEIGHT("weight_hh_l0", 2, 2)};
    refuse(path, narrow, 4, 0, RECUR_ERROR_FORMAT, "tensor emb.weight is (5, 4), expected (5, 3)");
    write_book(path);
    recur_error error;
    recur_import_config config = recur_import_config_default();
    config.inputs = 4;
    recur_model *model = NULL;
    assert_int_equal(recur_model_import(path, &config, &model, NULL, &error), RECUR_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "the D2L book's networks from scratch read tokens"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spoilt_byte_never_breaks_the_reader),
        cmocka_unit_test(sizes_that_no_tensor_vouches_for_are_refused),
        cmocka_unit_test(what_a_module_is_has_to_show),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
