/* ONNX files that are not, or no longer, what recur writes: each is refused with a sentence, and no
 * byte anywhere breaks the reader. That right files mean what they should, tests/interop checks. */
#define _GNU_SOURCE /* mkdtemp, dirfd */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "onnx_example.h"

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
    end_graph(model, 6);
}

static void says_another_width(Recur__Onnx__Model *model)
{
    say(model, "\"hidden\":[3,2]", "\"hidden\":[3,3]");
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

static const struct spoilt cases[] = {
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
    refuse_all(save_graph(*state, RECUR_CELL_LSTM, 2, 0, false), cases,
               sizeof cases / sizeof *cases);
}

/* Moves the numbers of each tensor into the field for their type. */
static void use_fields(Recur__Onnx__Model *message)
{
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
}

/* Takes away what recur says of its graphs. */
static void forget(Recur__Onnx__Model *message)
{
    while (message->n_metadata_props > 0)
        recur__onnx__property__free_unpacked(message->metadata_props[--message->n_metadata_props],
                                             NULL);
    rename_to(&message->producer_name, "another");
}

static void assert_same_numbers(const recur_model *a, const recur_model *b)
{
    assert_int_equal(recur_model_tensors(a), recur_model_tensors(b));
    for (size_t t = 0; t < recur_model_tensors(a); t++) {
        recur_tensor_info info = recur_model_tensor(a, t);
        size_t count = info.shape[0] * info.shape[1];
        float *one = calloc(count, sizeof *one), *two = calloc(count, sizeof *two);
        assert_true(one && two);
        assert_string_equal(recur_model_tensor(b, t).name, info.name);
        recur_model_get_tensor(a, t, one);
        recur_model_get_tensor(b, t, two);
        assert_memory_equal(one, two, count * sizeof *one);
        free(one);
        free(two);
    }
}

/* A graph is the same model when it is written in another way. */
static void read_as(struct scratch *scratch, enum recur_cell cell, spoil_fn *change)
{
    for (int both = 0; both < 2; both++) {
        const char *path = save_graph(scratch, cell, 2, 4, both);
        recur_model *before, *after;
        size_t size;
        assert_int_equal(recur_model_import(path, NULL, &before, NULL, NULL), RECUR_OK);
        unsigned char *bytes = scratch_read(path, &size);
        Recur__Onnx__Model *message = recur__onnx__model__unpack(NULL, size, bytes);
        assert_non_null(message);
        free(bytes);
        change(message);
        write_graph(path, message);
        assert_int_equal(recur_model_import(path, NULL, &after, NULL, NULL), RECUR_OK);
        assert_int_equal(recur_model_get_config(after)->cell, cell);
        assert_same_numbers(before, after);
        recur_model_free(before);
        recur_model_free(after);
    }
}

/* Numbers may also stand in the field for their type. */
static void fields_of_numbers_are_read(void **state)
{
    for (unsigned cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LN_GRU; cell++)
        read_as(*state, cell, use_fields);
}

/* The nodes tell cell, layers and directions. */
static void graphs_without_metadata_are_read(void **state)
{
    for (unsigned cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LN_GRU; cell++)
        read_as(*state, cell, forget);
}

static void a_graph_cut_anywhere_is_refused(void **state)
{
    cut_anywhere(save_graph(*state, RECUR_CELL_LSTM, 2, 0, false));
}

static void a_spoilt_byte_never_breaks_the_reader(void **state)
{
    spoil_bytes(save_graph(*state, RECUR_CELL_LSTM, 2, 4, false));
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
    const char *path = save_graph(*state, RECUR_CELL_LSTM, 2, 0, false);
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
        cmocka_unit_test(graphs_without_metadata_are_read),
        cmocka_unit_test(a_graph_cut_anywhere_is_refused),
        cmocka_unit_test(a_spoilt_byte_never_breaks_the_reader),
        cmocka_unit_test(many_empty_messages_are_refused),
        cmocka_unit_test(many_properties_are_read),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
