#include "io/onnx_graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/numbers.h"

enum { INPUTS_MAX = 7, OUTPUTS_MAX = 4, ATTRIBUTES_MAX = 4, DIRECTIONS_MAX = 2 };

struct recur_onnx_node {
    Recur__Onnx__Node message;
    char *inputs[INPUTS_MAX], *outputs[OUTPUTS_MAX];
    Recur__Onnx__Attribute attributes[ATTRIBUTES_MAX], *attribute[ATTRIBUTES_MAX];
    ProtobufCBinaryData strings[DIRECTIONS_MAX];
    uint8_t *graph; /* the node owns it */
};

struct recur_onnx_tensor {
    Recur__Onnx__Tensor message;
    int64_t dims[RECUR_ONNX_RANK_MAX], ints[RECUR_ONNX_INTS_MAX];
    float *floats; /* the tensor owns them */
    size_t count;
};

struct recur_onnx_value {
    Recur__Onnx__Value message;
    Recur__Onnx__Type type;
    Recur__Onnx__TensorType tensor;
    Recur__Onnx__Shape shape;
    Recur__Onnx__Dimension dims[RECUR_ONNX_RANK_MAX], *dim[RECUR_ONNX_RANK_MAX];
};

/* The cells that ONNX has operators for. */
static const struct recur_onnx_cell cells[] = {
    {RECUR_CELL_RNN, "RNN", {0}, NULL, 0},
    {RECUR_CELL_GRU, "GRU", {1, 0, 2}, "linear_before_reset", 1},
    {RECUR_CELL_GRU_RESET_BEFORE, "GRU", {1, 0, 2}, "linear_before_reset", 0},
    {RECUR_CELL_LSTM, "LSTM", {0, 3, 1, 2}, NULL, 0},
};

const struct recur_onnx_cell *recur_onnx_cell_of(enum recur_cell cell)
{
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        if (cells[i].cell == cell)
            return &cells[i];
    return NULL;
}

void recur_onnx_permute(enum recur_cell cell, bool to_onnx, const float *from, size_t block,
                        float *to)
{
    const unsigned char *order = recur_onnx_cell_of(cell)->order;
    size_t gates = recur_cell_kind_of(cell)->gates;
    for (size_t g = 0; g < gates; g++) {
        size_t source = to_onnx ? order[g] : g, target = to_onnx ? g : order[g];
        memcpy(to + target * block, from + source * block, block * sizeof *to);
    }
}

const char *recur_onnx_activation(enum recur_activation activation)
{
    static const char *const activations[] = {[RECUR_ACTIVATION_TANH] = "Tanh",
                                              [RECUR_ACTIVATION_RELU] = "Relu",
                                              [RECUR_ACTIVATION_SIGMOID] = "Sigmoid"};
    return (unsigned)activation < sizeof activations / sizeof *activations ? activations[activation]
                                                                           : NULL;
}

enum recur_status recur_onnx_graph_create(const struct recur_onnx_room *room,
                                          struct recur_onnx_graph *graph, recur_error *error)
{
    struct recur_plan plan = {0};
    size_t at[] = {
        recur_plan_reserve(&plan, room->nodes, sizeof *graph->nodes),
        recur_plan_reserve(&plan, room->tensors, sizeof *graph->tensors),
        recur_plan_reserve(&plan, room->values, sizeof *graph->values),
        recur_plan_reserve(&plan, room->nodes, sizeof *graph->message.node),
        recur_plan_reserve(&plan, room->tensors, sizeof *graph->message.initializer),
        recur_plan_reserve(&plan, room->values, sizeof *graph->message.input),
        recur_plan_reserve(&plan, room->values, sizeof *graph->message.output),
        recur_plan_reserve(&plan, room->names, sizeof *graph->names),
    };
    *graph = (struct recur_onnx_graph){.message = RECUR__ONNX__GRAPH__INIT};
    RECUR_TRY(recur_block_alloc(plan.bytes, "a graph", &graph->block, error));
    graph->nodes = recur_plan_at(graph->block, at[0]);
    graph->tensors = recur_plan_at(graph->block, at[1]);
    graph->values = recur_plan_at(graph->block, at[2]);
    graph->message.node = recur_plan_at(graph->block, at[3]);
    graph->message.initializer = recur_plan_at(graph->block, at[4]);
    graph->message.input = recur_plan_at(graph->block, at[5]);
    graph->message.output = recur_plan_at(graph->block, at[6]);
    graph->names = recur_plan_at(graph->block, at[7]);
    graph->message.name = (char *)"recur";
    return RECUR_OK;
}

void recur_onnx_graph_free(struct recur_onnx_graph *graph)
{
    for (size_t i = 0; i < graph->message.n_initializer; i++)
        free(graph->tensors[i].floats);
    for (size_t i = 0; i < graph->message.n_node; i++)
        free(graph->nodes[i].graph);
    recur_block_free(graph->block);
    *graph = (struct recur_onnx_graph){0};
}

char *recur_onnx_name(struct recur_onnx_graph *graph, const char *stem, size_t layer,
                      size_t direction)
{
    char *name = graph->names[graph->names_count++];
    snprintf(name, sizeof *graph->names, "%s%zu%s", stem, layer, direction ? "_reverse" : "");
    return name;
}

static struct recur_onnx_tensor *add_tensor(struct recur_onnx_graph *graph, char *name, int type,
                                            size_t rank, const size_t *shape)
{
    size_t index = graph->message.n_initializer++;
    struct recur_onnx_tensor *tensor = &graph->tensors[index];
    graph->message.initializer[index] = &tensor->message;
    recur__onnx__tensor__init(&tensor->message);
    tensor->message.name = name;
    tensor->message.has_data_type = 1;
    tensor->message.data_type = type;
    tensor->message.n_dims = rank;
    tensor->message.dims = tensor->dims;
    for (size_t i = 0; i < rank; i++)
        tensor->dims[i] = (int64_t)shape[i];
    return tensor;
}

enum recur_status recur_onnx_add_floats(struct recur_onnx_graph *graph, char *name, size_t rank,
                                        const size_t *shape, float **values, recur_error *error)
{
    struct recur_onnx_tensor *tensor = add_tensor(graph, name, RECUR_ONNX_FLOAT, rank, shape);
    tensor->count = 1;
    for (size_t i = 0; i < rank; i++)
        tensor->count = recur_size_mul(tensor->count, shape[i]);
    RECUR_TRY(
        recur_alloc(tensor->count, sizeof *tensor->floats, "a tensor", &tensor->floats, error));
    *values = tensor->floats;
    return RECUR_OK;
}

void recur_onnx_seal(struct recur_onnx_graph *graph)
{
    for (size_t i = 0; i < graph->message.n_initializer; i++) {
        struct recur_onnx_tensor *tensor = &graph->tensors[i];
        if (!tensor->floats)
            continue;
        unsigned char *bytes = (unsigned char *)tensor->floats;
        recur_numbers_write(RECUR_NUMBER_F32, tensor->floats, tensor->count, bytes);
        tensor->message.has_raw_data = 1;
        tensor->message.raw_data =
            (ProtobufCBinaryData){tensor->count * sizeof *tensor->floats, bytes};
    }
}

void recur_onnx_add_ints(struct recur_onnx_graph *graph, char *name, const int64_t *values,
                         size_t count)
{
    struct recur_onnx_tensor *tensor = add_tensor(graph, name, RECUR_ONNX_INT64, 1, &count);
    memcpy(tensor->ints, values, count * sizeof *values);
    tensor->message.n_int64_data = count;
    tensor->message.int64_data = tensor->ints;
}

struct recur_onnx_node *recur_onnx_add_node(struct recur_onnx_graph *graph, const char *type,
                                            char *const *inputs, char *const *outputs)
{
    size_t index = graph->message.n_node++;
    struct recur_onnx_node *node = &graph->nodes[index];
    graph->message.node[index] = &node->message;
    recur__onnx__node__init(&node->message);
    node->message.op_type = (char *)type;
    while (*inputs)
        node->inputs[node->message.n_input++] = *inputs++;
    while (*outputs)
        node->outputs[node->message.n_output++] = *outputs++;
    node->message.input = node->inputs;
    node->message.output = node->outputs;
    node->message.name = node->outputs[0];
    node->message.attribute = node->attribute;
    return node;
}

static Recur__Onnx__Attribute *add_attribute(struct recur_onnx_node *node, const char *name,
                                             int type)
{
    size_t index = node->message.n_attribute++;
    Recur__Onnx__Attribute *attribute = &node->attributes[index];
    node->attribute[index] = attribute;
    recur__onnx__attribute__init(attribute);
    attribute->name = (char *)name;
    attribute->has_type = 1;
    attribute->type = type;
    return attribute;
}

void recur_onnx_set_int(struct recur_onnx_node *node, const char *name, int64_t value)
{
    Recur__Onnx__Attribute *attribute =
        add_attribute(node, name, RECUR__ONNX__ATTRIBUTE__TYPE__INT);
    attribute->has_i = 1;
    attribute->i = value;
}

void recur_onnx_set_ints(struct recur_onnx_node *node, const char *name, const int64_t *values,
                         size_t count)
{
    Recur__Onnx__Attribute *attribute =
        add_attribute(node, name, RECUR__ONNX__ATTRIBUTE__TYPE__INTS);
    attribute->n_ints = count;
    attribute->ints = (int64_t *)values;
}

void recur_onnx_set_string(struct recur_onnx_node *node, const char *name, const char *value)
{
    Recur__Onnx__Attribute *attribute =
        add_attribute(node, name, RECUR__ONNX__ATTRIBUTE__TYPE__STRING);
    attribute->has_s = 1;
    attribute->s = (ProtobufCBinaryData){strlen(value), (uint8_t *)value};
}

void recur_onnx_set_strings(struct recur_onnx_node *node, const char *name, const char *value,
                            size_t count)
{
    Recur__Onnx__Attribute *attribute =
        add_attribute(node, name, RECUR__ONNX__ATTRIBUTE__TYPE__STRINGS);
    for (size_t i = 0; i < count; i++)
        node->strings[i] = (ProtobufCBinaryData){strlen(value), (uint8_t *)value};
    attribute->n_strings = count;
    attribute->strings = node->strings;
}

enum recur_status recur_onnx_set_graph(struct recur_onnx_node *node, const char *name,
                                       const struct recur_onnx_graph *value, recur_error *error)
{
    size_t size = recur__onnx__graph__get_packed_size(&value->message);
    RECUR_TRY(recur_alloc(size, 1, "a graph", &node->graph, error));
    recur__onnx__graph__pack(&value->message, node->graph);
    Recur__Onnx__Attribute *attribute =
        add_attribute(node, name, RECUR__ONNX__ATTRIBUTE__TYPE__GRAPH);
    attribute->has_g = 1;
    attribute->g = (ProtobufCBinaryData){size, node->graph};
    return RECUR_OK;
}

void recur_onnx_add_value(struct recur_onnx_graph *graph, bool output, char *name, int type,
                          size_t rank, const char *const *symbols, const size_t *shape)
{
    struct recur_onnx_value *value = &graph->values[graph->values_count++];
    recur__onnx__value__init(&value->message);
    recur__onnx__type__init(&value->type);
    recur__onnx__tensor_type__init(&value->tensor);
    recur__onnx__shape__init(&value->shape);
    for (size_t i = 0; i < rank; i++) {
        Recur__Onnx__Dimension *dim = value->dim[i] = &value->dims[i];
        recur__onnx__dimension__init(dim);
        if (symbols[i]) {
            dim->value_case = RECUR__ONNX__DIMENSION__VALUE_DIM_PARAM;
            dim->dim_param = (char *)symbols[i];
        } else {
            dim->value_case = RECUR__ONNX__DIMENSION__VALUE_DIM_VALUE;
            dim->dim_value = (int64_t)shape[i];
        }
    }
    value->shape.n_dim = rank;
    value->shape.dim = value->dim;
    value->tensor.has_elem_type = 1;
    value->tensor.elem_type = type;
    value->tensor.shape = &value->shape;
    value->type.tensor_type = &value->tensor;
    value->message.name = name;
    value->message.type = &value->type;
    if (output)
        graph->message.output[graph->message.n_output++] = &value->message;
    else
        graph->message.input[graph->message.n_input++] = &value->message;
}
