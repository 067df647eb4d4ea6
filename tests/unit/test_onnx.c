/* ONNX files that are not, or no longer, what recur writes: each is refused with a sentence, and no
 * byte anywhere breaks the reader. That right files mean what they should, tests/interop checks. */
#define _GNU_SOURCE /* mkdtemp, dirfd */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model_example.h"
#include "onnx.pb-c.h"
#include "recur/convert.h"

static const char *save_graph(struct scratch *scratch, size_t embedding)
{
    scratch_files(scratch, 1);
    const char *path = scratch_path(scratch, "model.onnx");
    recur_model_config config = recur_model_config_default();
    config.layers = 2;
    config.embedding = embedding;
    config.vocabulary = 5;
    recur_model *model = make_model(config, NULL);
    assert_int_equal(recur_model_export(model, RECUR_FORMAT_ONNX, path, NULL), RECUR_OK);
    recur_model_free(model);
    return path;
}

/* What a case changes in a sound graph, tensors being vocabulary or embedding, W R B of layer 0,
 * ...
 */
typedef void spoil_fn(Recur__Onnx__Model *model);

static Recur__Onnx__Node *node(Recur__Onnx__Model *model, size_t index)
{
    return model->graph->node[index];
}

static Recur__Onnx__Tensor *tensor(Recur__Onnx__Model *model, const char *name)
{
    for (size_t i = 0; i < model->graph->n_initializer; i++)
        if (strcmp(model->graph->initializer[i]->name, name) == 0)
            return model->graph->initializer[i];
    fail_msg("the graph has no %s", name);
    return NULL;
}

static void rename_to(char **string, const char *text)
{
    free(*string);
    *string = strdup(text);
}

static Recur__Onnx__Attribute *attribute(Recur__Onnx__Node *of, const char *name)
{
    for (size_t i = 0; i < of->n_attribute; i++)
        if (strcmp(of->attribute[i]->name, name) == 0)
            return of->attribute[i];
    fail_msg("the node has no %s", name);
    return NULL;
}

static void another_operator(Recur__Onnx__Model *model)
{
    rename_to(&node(model, 2)->op_type, "Softmax");
}

static void another_domain(Recur__Onnx__Model *model)
{
    rename_to(&node(model, 2)->domain, "com.example");
}

static void another_input(Recur__Onnx__Model *model)
{
    rename_to(&node(model, 2)->input[0], "h_out_l0");
}

static void state_from_a_node(Recur__Onnx__Model *model)
{
    rename_to(&node(model, 3)->input[5], "h_out_l0");
}

static void lengths(Recur__Onnx__Model *model)
{
    rename_to(&node(model, 1)->input[4], "lengths");
}

static void another_size(Recur__Onnx__Model *model)
{
    attribute(node(model, 1), "hidden_size")->i = 4;
}

static void unknown_attribute(Recur__Onnx__Model *model)
{
    rename_to(&attribute(node(model, 1), "hidden_size")->name, "clip");
}

static void shared_tensor(Recur__Onnx__Model *model)
{
    rename_to(&node(model, 3)->input[2], "R_l0");
}

static void missing_tensor(Recur__Onnx__Model *model)
{
    rename_to(&tensor(model, "R_l1")->name, "R_l2");
}

static void tensor_twice(Recur__Onnx__Model *model)
{
    rename_to(&tensor(model, "R_l1")->name, "R_l0");
}

static void left_over(Recur__Onnx__Model *model)
{
    rename_to(&node(model, 1)->input[3], "");
}

static void negative_shape(Recur__Onnx__Model *model)
{
    tensor(model, "R_l0")->dims[2] = -3;
}

static void huge_shape(Recur__Onnx__Model *model)
{
    tensor(model, "R_l0")->dims[2] = INT64_MAX;
}

static void turned_shape(Recur__Onnx__Model *model)
{
    Recur__Onnx__Tensor *w = tensor(model, "W_l1");
    w->dims[1] = 3;
    w->dims[2] = 8;
}

static void other_rank(Recur__Onnx__Model *model)
{
    tensor(model, "B_l0")->n_dims = 1;
    tensor(model, "B_l0")->dims[0] = 24;
}

static void cut_data(Recur__Onnx__Model *model)
{
    tensor(model, "B_l0")->raw_data.len--;
}

static void other_type(Recur__Onnx__Model *model)
{
    tensor(model, "B_l0")->data_type = 6;
}

static void elsewhere(Recur__Onnx__Model *model)
{
    tensor(model, "B_l0")->has_data_location = 1;
    tensor(model, "B_l0")->data_location = 1;
}

static void not_finite(Recur__Onnx__Model *model)
{
    memset(tensor(model, "linear.bias")->raw_data.data, 0xff, 4);
}

static void other_axis(Recur__Onnx__Model *model)
{
    tensor(model, "direction_axis")->int64_data[0] = 0;
}

static void other_depth(Recur__Onnx__Model *model)
{
    tensor(model, "vocabulary")->int64_data[0] = 6;
}

static void other_values(Recur__Onnx__Model *model)
{
    memset(tensor(model, "off_on")->raw_data.data, 0, 8);
}

static void old_version(Recur__Onnx__Model *model)
{
    model->opset_import[0]->version = 9;
}

static void hidden_logits(Recur__Onnx__Model *model)
{
    rename_to(&model->graph->output[model->graph->n_output - 1]->name, "product");
}

static void cut_graph(Recur__Onnx__Model *model)
{
    recur__onnx__node__free_unpacked(node(model, --model->graph->n_node), NULL);
}

static void says_another_width(Recur__Onnx__Model *model)
{
    for (size_t i = 0; i < model->n_metadata_props; i++) {
        char *cell = strstr(model->metadata_props[i]->value, "\"hidden\":[3,2]");
        if (cell)
            memcpy(cell, "\"hidden\":[3,3]", 14);
    }
}

static void says_single_biases(Recur__Onnx__Model *model)
{
    for (size_t i = 0; i < model->n_metadata_props; i++) {
        char *biases = strstr(model->metadata_props[i]->value, "\"biases\":2");
        if (biases)
            biases[9] = '1';
    }
}

/* `list` of *count strings gets so many more. */
static char **longer(char **list, size_t *count, size_t more, const char *text)
{
    list = realloc(list, (*count + more) * sizeof *list);
    assert_non_null(list);
    for (size_t i = 0; i < more; i++)
        list[*count + i] = strdup(text);
    *count += more;
    return list;
}

static void more_inputs(Recur__Onnx__Model *model)
{
    Recur__Onnx__Node *of = node(model, 1);
    of->input = longer(of->input, &of->n_input, 200000, "h_in_l0");
}

static void empty_inputs(Recur__Onnx__Model *model)
{
    Recur__Onnx__Node *of = node(model, 2);
    of->input = longer(of->input, &of->n_input, 200000, "");
}

static void peepholes(Recur__Onnx__Model *model)
{
    Recur__Onnx__Node *of = node(model, 3);
    of->input = longer(of->input, &of->n_input, 1, "R_l0");
}

static void more_outputs(Recur__Onnx__Model *model)
{
    Recur__Onnx__Node *of = node(model, 5);
    of->output = longer(of->output, &of->n_output, 1, "more");
}

static void attribute_twice(Recur__Onnx__Model *model)
{
    Recur__Onnx__Node *of = node(model, 1);
    Recur__Onnx__Attribute *again = malloc(sizeof *again);
    of->attribute = realloc(of->attribute, (of->n_attribute + 1) * sizeof(void *));
    assert_true(again && of->attribute);
    recur__onnx__attribute__init(again);
    again->name = strdup("hidden_size");
    of->attribute[of->n_attribute++] = again;
}

static const struct {
    spoil_fn *spoil;
    const char *sentence;
} cases[] = {
    {empty_inputs, "node 2 (Squeeze) has 200002 inputs, where that operator has 2 at most"},
    {more_inputs, "node 1 (LSTM) has 200007 inputs, where that operator has 8 at most"},
    {peepholes, "node 3 (LSTM): its list of inputs is not one that recur's networks have"},
    {more_outputs, "node 5 (MatMul) has 2 outputs, where that operator has 1 at most"},
    {attribute_twice, "node 1 (LSTM) has the attribute hidden_size twice"},
    {another_operator, "node 2 is Softmax, where recur's graphs have Squeeze"},
    {another_domain, "node 2 is Squeeze, where recur's graphs have Squeeze"},
    {another_input, "node 2 (Squeeze) does not read the node before it"},
    {state_from_a_node, "node 3 (LSTM): its list of inputs is not one that recur's networks have"},
    {lengths, "node 1 (LSTM): its list of inputs is not one that recur's networks have"},
    {another_size, "node 1 (LSTM) has hidden_size 4, its R 3"},
    {unknown_attribute, "node 1 (LSTM) has the attribute clip, which recur's graphs do not"},
    {shared_tensor, "tensor R_l0 is used twice"},
    {missing_tensor, "node 3 (LSTM): input 2, \"R_l1\", is no initializer"},
    {tensor_twice, "tensor R_l0 stands twice"},
    {left_over, "tensor B_l0 is no part of the model"},
    {negative_shape, "tensor R_l0: dimension 2 is below 1"},
    {huge_shape, "tensor R_l0 has 36 numbers, its shape needs 18446744073709551615"},
    {turned_shape, "tensor W_l1 is (1, 3, 8), expected (1, 8, 3)"},
    {other_rank, "tensor B_l0 has 1 dimension, expected 2"},
    {cut_data, "tensor B_l0 has 23 numbers, its shape needs 24"},
    {other_type, "tensor B_l0 has numbers of type 6, expected 1 (float), 7 (int64), 10 (float16), "
                 "11 (double) or 16 (bfloat16)"},
    {elsewhere, "tensor B_l0 is kept in another file, which is not read"},
    {not_finite, "tensor linear.bias holds a number that is not finite: -nan at 0"},
    {other_axis, "node 2 (Squeeze): direction_axis is not what recur's graphs have there"},
    {other_depth, "tensor vocabulary is not the width of layer 0's input, 5"},
    {other_values, "node 0 (OneHot): its encoding is not one that recur's networks have"},
    {old_version, "an ONNX model of opset 9, expected 14 or later"},
    {hidden_logits, "the last node's logits is no output of the graph"},
    {cut_graph, "the graph ends after 6 nodes, expected Add"},
    {says_another_width, "tensor W_l1 is (1, 8, 3), expected (1, 12, 3)"},
    {says_single_biases, "recur.config says single biases, B_l0 has second ones"},
};

static void spoilt_graphs_are_refused(void **state)
{
    const char *path = save_graph(*state, 0);
    char expected[700];
    size_t size;
    unsigned char *bytes = scratch_read(path, &size);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Recur__Onnx__Model *message = recur__onnx__model__unpack(NULL, size, bytes);
        assert_non_null(message);
        cases[i].spoil(message);
        size_t length = recur__onnx__model__get_packed_size(message);
        uint8_t *packed = malloc(length);
        assert_non_null(packed);
        recur__onnx__model__pack(message, packed);
        recur__onnx__model__free_unpacked(message, NULL);
        scratch_write(path, packed, length);
        free(packed);
        recur_model *model = NULL;
        recur_error error = {0};
        assert_int_not_equal(recur_model_import(path, NULL, &model, NULL, &error), RECUR_OK);
        assert_null(model);
        snprintf(expected, sizeof expected, "%s: %s", path, cases[i].sentence);
        assert_string_equal(error.message, expected);
    }
    free(bytes);
}

/* Numbers may also stand in the field for their type. */
static void fields_of_numbers_are_read(void **state)
{
    const char *path = save_graph(*state, 4);
    recur_model *before, *after;
    size_t size;
    assert_int_equal(recur_model_import(path, NULL, &before, NULL, NULL), RECUR_OK);
    unsigned char *bytes = scratch_read(path, &size);
    Recur__Onnx__Model *message = recur__onnx__model__unpack(NULL, size, bytes);
    assert_non_null(message);
    for (size_t i = 0; i < message->graph->n_initializer; i++) {
        Recur__Onnx__Tensor *one = message->graph->initializer[i];
        if (!one->has_raw_data)
            continue;
        one->n_float_data = one->raw_data.len / sizeof(float);
        one->float_data = malloc(one->raw_data.len);
        assert_non_null(one->float_data);
        memcpy(one->float_data, one->raw_data.data, one->raw_data.len);
        one->has_raw_data = 0;
        free(one->raw_data.data);
        one->raw_data = (ProtobufCBinaryData){0};
    }
    size_t length = recur__onnx__model__get_packed_size(message);
    uint8_t *packed = malloc(length);
    assert_non_null(packed);
    recur__onnx__model__pack(message, packed);
    scratch_write(path, packed, length);
    assert_int_equal(recur_model_import(path, NULL, &after, NULL, NULL), RECUR_OK);
    for (size_t t = 0; t < recur_model_tensors(before); t++) {
        recur_tensor_info info = recur_model_tensor(before, t);
        size_t count = info.shape[0] * info.shape[1];
        float *a = calloc(count, sizeof *a), *b = calloc(count, sizeof *b);
        assert_true(a && b);
        recur_model_get_tensor(before, t, a);
        recur_model_get_tensor(after, t, b);
        assert_memory_equal(a, b, count * sizeof *a);
        free(a);
        free(b);
    }
    recur__onnx__model__free_unpacked(message, NULL);
    recur_model_free(before);
    recur_model_free(after);
    free(packed);
    free(bytes);
}

static void try_import(const char *path, size_t *refused)
{
    recur_model *model = NULL;
    recur_error error = {0};
    if (recur_model_import(path, NULL, &model, NULL, &error) == RECUR_OK) {
        assert_non_null(model);
        recur_model_free(model);
    } else {
        assert_null(model);
        assert_true(error.message[0] != '\0');
        ++*refused;
    }
}

static void a_graph_cut_anywhere_is_refused(void **state)
{
    const char *path = save_graph(*state, 0);
    size_t size, refused = 0;
    unsigned char *bytes = scratch_read(path, &size);
    for (size_t length = 0; length < size; length++) {
        scratch_write(path, bytes, length);
        try_import(path, &refused);
    }
    assert_int_equal(refused, size);
    free(bytes);
}

static void a_spoilt_byte_never_breaks_the_reader(void **state)
{
    const char *path = save_graph(*state, 4);
    size_t size, refused = 0;
    unsigned char *bytes = scratch_read(path, &size);
    for (size_t at = 0; at < size; at++) {
        const unsigned char old = bytes[at];
        const unsigned char others[] = {0xff, (unsigned char)(old ^ 1), (unsigned char)(old + 8)};
        bytes[at] = others[at % sizeof others];
        scratch_write(path, bytes, size);
        try_import(path, &refused);
        bytes[at] = old;
    }
    assert_true(refused > size / 4);
    free(bytes);
}

/* Two bytes in a file, hundreds in memory: refused before they take much. */
static void many_empty_messages_are_refused(void **state)
{
    struct scratch *scratch = *state;
    const char *path = scratch_path(scratch, "empty.onnx");
    const size_t size = 1 << 20;
    unsigned char *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i += 2) {
        bytes[i] = 14 << 3 | 2; /* metadata_props */
        bytes[i + 1] = 0;
    }
    scratch_write(path, bytes, size);
    free(bytes);
    size_t refused = 0;
    try_import(path, &refused);
    assert_int_equal(refused, 1);
}

/* A reader that compared each with each would take an hour. */
static void many_properties_are_read(void **state)
{
    enum { COUNT = 1 << 20, EACH = 19 };
    const char *path = save_graph(*state, 0);
    size_t size, refused = 0;
    unsigned char *bytes = scratch_read(path, &size);
    bytes = realloc(bytes, size + (size_t)COUNT * EACH + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < COUNT; i++) /* its key, and a value that is empty */
        snprintf((char *)bytes + size + i * EACH, EACH + 1, "r\x11\n\rrecur.%07zu\x12%c", i, 0);
    size += (size_t)COUNT * EACH;
    scratch_write(path, bytes, size);
    try_import(path, &refused);
    assert_int_equal(refused, 0);
    memcpy(bytes + size - EACH, bytes + size - (size_t)COUNT / 2 * EACH, EACH);
    scratch_write(path, bytes, size);
    free(bytes);
    recur_model *model = NULL;
    recur_error error;
    assert_int_equal(recur_model_import(path, NULL, &model, NULL, &error), RECUR_ERROR_FORMAT);
    assert_non_null(strstr(error.message, "the metadata has recur.0524288 twice"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spoilt_graphs_are_refused),
        cmocka_unit_test(fields_of_numbers_are_read),
        cmocka_unit_test(a_graph_cut_anywhere_is_refused),
        cmocka_unit_test(a_spoilt_byte_never_breaks_the_reader),
        cmocka_unit_test(many_empty_messages_are_refused),
        cmocka_unit_test(many_properties_are_read),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
