/* ONNX files of the cells that ONNX has no operator for: the reader knows recur's own nodes, and
 * the graphs within them, by their bytes; all others are refused. */
#define _GNU_SOURCE /* mkdtemp, dirfd */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "onnx_example.h"

/* Nodes of an ln-lstm of two directions: 0 OneHot, 1 to 4 MatMul and LayerNormalization of each
 * direction, 5 and 6 Split of h and c, 7 and 8 Scan, 9 to 11 Concat of h, c and y, 12 Transpose, 13
 * Reshape, 14 the next layer's first MatMul. */
enum { SCAN = 7, SCAN_REVERSE, NEXT_LAYER = 14 };

static ProtobufCBinaryData *body(Recur__Onnx__Model *model)
{
    return &attribute(node(model, SCAN), "body")->g;
}

/* The forget gate reads the sum of the input gate. */
static void another_step(Recur__Onnx__Model *model)
{
    for (size_t i = 0; i + 5 < body(model)->len; i++)
        if (memcmp(body(model)->data + i, "f_sum", 5) == 0)
            body(model)->data[i] = 'i';
}

static void cut_body(Recur__Onnx__Model *model)
{
    body(model)->len--;
}

static void empty_body(Recur__Onnx__Model *model)
{
    body(model)->len = 0;
}

/* Graphs within the attributes of nodes of graphs, and so on: a parser that followed them would
 * need a frame for each. Bytes grow from the innermost outwards. */
static void nested_body(Recur__Onnx__Model *model)
{
    enum { BYTES = 1 << 20 };
    unsigned char *bytes = malloc(BYTES);
    assert_non_null(bytes);
    static const unsigned char tags[] = {0x32, 0x2a, 0x0a}; /* g, attribute, node */
    size_t at = BYTES;
    for (size_t depth = 0; at > 8; depth++) {
        size_t length = BYTES - at;
        unsigned char varint[8];
        size_t count = 0;
        do
            varint[count++] = (unsigned char)((length & 0x7f) | (length > 0x7f ? 0x80 : 0));
        while ((length >>= 7) > 0);
        at -= count + 1;
        bytes[at] = tags[depth % 3];
        memcpy(bytes + at + 1, varint, count);
    }
    memmove(bytes, bytes + at, BYTES - at);
    free(body(model)->data);
    *body(model) = (ProtobufCBinaryData){BYTES - at, bytes};
}

static void body_of_the_other_direction(Recur__Onnx__Model *model)
{
    ProtobufCBinaryData other = attribute(node(model, SCAN_REVERSE), "body")->g;
    free(body(model)->data);
    *body(model) = (ProtobufCBinaryData){other.len, malloc(other.len)};
    assert_non_null(body(model)->data);
    memcpy(body(model)->data, other.data, other.len);
}

static void body_elsewhere(Recur__Onnx__Model *model)
{
    attribute(node(model, SCAN), "body")->has_g = 0;
}

static void both_forwards(Recur__Onnx__Model *model)
{
    attribute(node(model, SCAN_REVERSE), "scan_input_directions")->ints[0] = 0;
}

static void more_scanned(Recur__Onnx__Model *model)
{
    attribute(node(model, SCAN), "num_scan_inputs")->i = 2;
}

static void other_epsilon(Recur__Onnx__Model *model)
{
    Recur__Onnx__Node *of = node(model, 2);
    Recur__Onnx__Attribute *epsilon = malloc(sizeof *epsilon);
    of->attribute = malloc(sizeof(void *));
    assert_true(epsilon && of->attribute);
    recur__onnx__attribute__init(epsilon);
    epsilon->name = strdup("epsilon");
    epsilon->has_f = 1;
    epsilon->f = 1e-3F;
    of->attribute[of->n_attribute++] = epsilon;
}

static void no_state(Recur__Onnx__Model *model)
{
    for (size_t i = 0; i < model->graph->n_input; i++)
        if (strcmp(model->graph->input[i]->name, "c_in_l1") == 0)
            rename_to(&model->graph->input[i]->name, "c");
}

static void no_gain(Recur__Onnx__Model *model)
{
    rename_to(&tensor(model, "gain_c_l0_reverse")->name, "gain");
}

static void other_gates(Recur__Onnx__Model *model)
{
    tensor(model, "gates_l1")->int64_data[0] = 1;
}

static void whole_gates(Recur__Onnx__Model *model)
{
    tensor(model, "W_l1")->data_type = 7;
    tensor(model, "W_l1")->dims[0] = 3; /* (6, 8) floats have the bytes of (3, 8) integers */
}

static void short_gain(Recur__Onnx__Model *model)
{
    tensor(model, "gain_x_l0")->dims[0] = 11;
    tensor(model, "gain_x_l0")->raw_data.len -= 4;
}

static void other_cell(Recur__Onnx__Model *model)
{
    tensor(model, "R_l0")->dims[0] = 12;
    tensor(model, "R_l0")->dims[1] = 3;
}

static void next_layer_is_missing(Recur__Onnx__Model *model)
{
    rename_to(&tensor(model, "R_l1")->name, "R_l2");
}

static void another_reader(Recur__Onnx__Model *model)
{
    rename_to(&node(model, NEXT_LAYER)->input[0], "x_l0");
}

static void cut_scans(Recur__Onnx__Model *model)
{
    end_graph(model, SCAN_REVERSE);
}

static void says_another_cell(Recur__Onnx__Model *model)
{
    say(model, "\"cell\":\"ln-lstm\"", "\"cell\":\"lstm\"   ");
}

#define NOT_OWN(INDEX, TYPE)                                                                       \
    "node " INDEX " (" TYPE ") differs from the " TYPE                                             \
    " that recur writes there for the cell ln-lstm"

static const struct spoilt scans[] = {
    {another_step, NOT_OWN("7", "Scan")},
    {cut_body, NOT_OWN("7", "Scan")},
    {empty_body, NOT_OWN("7", "Scan")},
    {nested_body, NOT_OWN("7", "Scan")},
    {body_of_the_other_direction, NOT_OWN("7", "Scan")},
    {body_elsewhere, NOT_OWN("7", "Scan")},
    {both_forwards, NOT_OWN("8", "Scan")},
    {more_scanned, NOT_OWN("7", "Scan")},
    {other_epsilon, NOT_OWN("2", "LayerNormalization")},
    {another_reader, NOT_OWN("14", "MatMul")},
    {no_state, "the graph has no input c_in_l1"},
    {no_gain, "the graph has no tensor gain_c_l0_reverse"},
    {other_gates, "tensor gates_l1 is not what recur's graphs have there"},
    {whole_gates, "tensor W_l1 holds integers, expected floating-point numbers"},
    {short_gain, "tensor gain_x_l0 is (11), expected (12)"},
    {other_cell, "tensor R_l0 has a shape that is none of ln-lstm and ln-gru"},
    {next_layer_is_missing, "node 15 is LayerNormalization, where recur's graphs have Add"},
    {cut_scans, "the graph ends after 8 nodes, expected Scan"},
    {says_another_cell, "recur.config: its cell is not the graph's"},
    {says_single_biases, "recur.config says single biases, bias_h_l0 has second ones"},
};

static void spoilt_scans_are_refused(void **state)
{
    refuse_all(save_graph(*state, RECUR_CELL_LN_LSTM, 2, 0, true), scans,
               sizeof scans / sizeof *scans);
}

static void a_graph_cut_anywhere_is_refused(void **state)
{
    cut_anywhere(save_graph(*state, RECUR_CELL_LN_GRU, 1, 0, false));
}

static void a_spoilt_byte_never_breaks_the_reader(void **state)
{
    spoil_bytes(save_graph(*state, RECUR_CELL_LN_GRU, 1, 4, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spoilt_scans_are_refused),
        cmocka_unit_test(a_graph_cut_anywhere_is_refused),
        cmocka_unit_test(a_spoilt_byte_never_breaks_the_reader),
    };
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
