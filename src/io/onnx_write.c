/* Writes models as ONNX files. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/foreign.h"
#include "io/numbers.h"
#include "io/onnx_scan.h"
#include "nn/model_object.h"
#include "recur/file.h"

enum { IR_VERSION = 8, OPSET = 22 };

struct export
{
    const recur_model *model;
    struct recur_onnx_graph graph;
    char *axis; /* name of the axis of directions in a node's output */
};

static size_t directions(const struct export *export)
{
    return export->model->config.bidirectional ? RECUR_DIRECTIONS_MAX : 1;
}

/* Copies a tensor's values, and puts gates, if it has any, in ONNX's order. */
static enum recur_status get(const struct export *export, size_t tensor, size_t gates, float *to,
                             recur_error *error)
{
    recur_tensor_info info = recur_model_tensor(export->model, tensor);
    size_t count = info.shape[0] * info.shape[1];
    float *values;
    RECUR_TRY(recur_alloc(count, sizeof *values, "a tensor", &values, error));
    recur_model_get_tensor(export->model, tensor, values);
    enum recur_status status =
        recur_check_finite(info.name, values, count, RECUR_ERROR_DIVERGED, error);
    if (status == RECUR_OK && gates > 0)
        recur_onnx_permute(export->model->config.cell, true, values, count / gates, to);
    else if (status == RECUR_OK)
        memcpy(to, values, count * sizeof *to);
    free(values);
    return status;
}

/* Adds W or R (D, G*H, I or H), or B (D, 2*G*H), which has two parts. Where the model has no second
 * bias, its part stays zero. */
static enum recur_status add_gates(struct export *export, char *name, const size_t *tensors,
                                   size_t parts, recur_error *error)
{
    size_t gates = export->model->network.cell->gates;
    recur_tensor_info info = recur_model_tensor(export->model, tensors[0]);
    size_t count = info.shape[0] * info.shape[1];
    const size_t shape[] = {directions(export), parts * info.shape[0], info.shape[1]};
    float *values;
    RECUR_TRY(
        recur_onnx_add_floats(&export->graph, name, parts == 1 ? 3 : 2, shape, &values, error));
    for (size_t i = 0; i < parts * directions(export); i++)
        if (tensors[i] != RECUR_NO_TENSOR)
            RECUR_TRY(get(export, tensors[i], gates, values + i * count, error));
    return RECUR_OK;
}

/* Adds a matrix of the model transposed: what a MatMul reads. */
static enum recur_status add_transposed(struct export *export, char *name, size_t tensor,
                                        recur_error *error)
{
    recur_tensor_info info = recur_model_tensor(export->model, tensor);
    const size_t shape[] = {info.shape[1], info.shape[0]};
    float *values, *stored;
    RECUR_TRY(recur_onnx_add_floats(&export->graph, name, 2, shape, &values, error));
    RECUR_TRY(recur_alloc(shape[0] * shape[1], sizeof *stored, "a tensor", &stored, error));
    enum recur_status status = get(export, tensor, 0, stored, error);
    recur_transpose(stored, shape[1], shape[0], values);
    free(stored);
    return status;
}

/* Adds some gates of a vector; zeros where the model has no such vector. */
static enum recur_status add_vector(struct export *export, char *name, size_t tensor, size_t first,
                                    size_t count, recur_error *error)
{
    float *values, *stored;
    RECUR_TRY(recur_onnx_add_floats(&export->graph, name, 1, &count, &values, error));
    if (tensor == RECUR_NO_TENSOR)
        return RECUR_OK;
    RECUR_TRY(recur_alloc(recur_model_tensor(export->model, tensor).shape[0], sizeof *stored,
                          "a tensor", &stored, error));
    enum recur_status status = get(export, tensor, 0, stored, error);
    memcpy(values, stored + first, count * sizeof *values);
    free(stored);
    return status;
}

/* Adds the parameters of one direction of a cell that ONNX has no operator for. */
static enum recur_status add_parts(struct export *export, size_t l, size_t d, recur_error *error)
{
    const recur_model_config *config = &export->model->config;
    const void *direction = &export->model->network.layer[l].direction[d];
    size_t count, hidden = config->hidden[l];
    const struct recur_onnx_part *parts = recur_onnx_parts(config->cell, &count);
    for (size_t i = 0; i < count; i++) {
        char *name = recur_onnx_name(&export->graph, parts[i].name, l, d);
        size_t tensor = *(const size_t *)((const char *)direction + parts[i].place);
        if (parts[i].matrix)
            RECUR_TRY(add_transposed(export, name, tensor, error));
        else
            RECUR_TRY(add_vector(export, name, tensor, parts[i].first * hidden,
                                 parts[i].gates * hidden, error));
    }
    return RECUR_OK;
}

static enum recur_status add_parameters(struct export *export, size_t l, char *const names[3],
                                        recur_error *error)
{
    const struct recur_layer *layer = &export->model->network.layer[l];
    size_t ih[RECUR_DIRECTIONS_MAX] = {0}, hh[RECUR_DIRECTIONS_MAX] = {0};
    size_t biases[2 * RECUR_DIRECTIONS_MAX] = {0};
    for (size_t d = 0; d < directions(export); d++) {
        ih[d] = layer->direction[d].weight_ih;
        hh[d] = layer->direction[d].weight_hh;
        biases[2 * d] = layer->direction[d].bias_ih;
        biases[2 * d + 1] = layer->direction[d].bias_hh;
    }
    RECUR_TRY(add_gates(export, names[0], ih, 1, error));
    RECUR_TRY(add_gates(export, names[1], hh, 1, error));
    return add_gates(export, names[2], biases, 2, error);
}

static void set_cell(const struct export *export, size_t l, struct recur_onnx_node *node)
{
    const recur_model_config *config = &export->model->config;
    recur_onnx_set_int(node, "hidden_size", (int64_t)config->hidden[l]);
    if (config->bidirectional)
        recur_onnx_set_string(node, "direction", "bidirectional");
    if (export->model->network.cell->activated)
        recur_onnx_set_strings(node, "activations", recur_onnx_activation(config->activation),
                               directions(export));
    const struct recur_onnx_cell *cell = recur_onnx_cell_of(config->cell);
    if (cell->variant)
        recur_onnx_set_int(node, cell->variant, cell->value);
}

/* Merges directions: (T, D, B, H) becomes (T, B, H or 2H). */
static char *merge(struct export *export, size_t l, char *y)
{
    struct recur_onnx_graph *graph = &export->graph;
    bool last = l + 1 == export->model->config.layers && export->model->config.vocabulary == 0;
    char *merged = last ? (char *)"y" : recur_onnx_name(graph, "x_l", l + 1, 0);
    if (!export->model->config.bidirectional) {
        recur_onnx_add_node(graph, "Squeeze", (char *[]){y, export->axis, NULL},
                            (char *[]){merged, NULL});
    } else if (export->model->config.merge == RECUR_MERGE_SUM) {
        recur_onnx_set_int(recur_onnx_add_node(graph, "ReduceSum",
                                               (char *[]){y, export->axis, NULL},
                                               (char *[]){merged, NULL}),
                           "keepdims", 0);
    } else {
        static const int64_t perm[] = {0, 2, 1, 3};
        char *turned = recur_onnx_name(graph, "turned_l", l, 0);
        recur_onnx_set_ints(
            recur_onnx_add_node(graph, "Transpose", (char *[]){y, NULL}, (char *[]){turned, NULL}),
            "perm", perm, 4);
        recur_onnx_add_node(graph, "Reshape", (char *[]){turned, (char *)"flat", NULL},
                            (char *[]){merged, NULL});
    }
    return merged;
}

/* Adds a state as input or output of the graph: (D, B, H). */
static char *add_state(struct export *export, bool output, const char *stem, size_t l)
{
    const size_t shape[] = {directions(export), 0, export->model->config.hidden[l]};
    static const char *const symbols[] = {NULL, "B", NULL};
    char *name = recur_onnx_name(&export->graph, stem, l, 0);
    recur_onnx_add_value(&export->graph, output, name, RECUR_ONNX_FLOAT, 3, symbols, shape);
    return name;
}

/* Adds a layer as one node. */
static enum recur_status add_operator(struct export *export, size_t l, char *x, char *y,
                                      recur_error *error)
{
    struct recur_onnx_graph *graph = &export->graph;
    bool has_c = export->model->network.cell->has_c;
    char *parameters[] = {recur_onnx_name(graph, "W_l", l, 0), recur_onnx_name(graph, "R_l", l, 0),
                          recur_onnx_name(graph, "B_l", l, 0)};
    RECUR_TRY(add_parameters(export, l, parameters, error));
    char *inputs[] = {x,
                      parameters[0],
                      parameters[1],
                      parameters[2],
                      (char *)"", /* every sequence has T steps */
                      add_state(export, false, "h_in_l", l),
                      has_c ? add_state(export, false, "c_in_l", l) : NULL,
                      NULL};
    char *outputs[] = {y, add_state(export, true, "h_out_l", l),
                       has_c ? add_state(export, true, "c_out_l", l) : NULL, NULL};
    set_cell(export, l,
             recur_onnx_add_node(graph, recur_onnx_cell_of(export->model->config.cell)->operator,
                                 inputs, outputs));
    return RECUR_OK;
}

/* Adds a layer as the nodes around a Scan. */
static enum recur_status add_scan(struct export *export, size_t l, char *x, recur_error *error)
{
    const recur_model_config *config = &export->model->config;
    const struct recur_onnx_scan scan = {config->cell, l, config->hidden[l], config->bidirectional};
    for (size_t d = 0; d < directions(export); d++)
        RECUR_TRY(add_parts(export, l, d, error));
    add_state(export, false, "h_in_l", l);
    add_state(export, true, "h_out_l", l);
    if (export->model->network.cell->has_c) {
        add_state(export, false, "c_in_l", l);
        add_state(export, true, "c_out_l", l);
    }
    return recur_onnx_add_scan(&export->graph, &scan, x, error);
}

static enum recur_status add_layer(struct export *export, size_t l, char **x, recur_error *error)
{
    char *y = recur_onnx_name(&export->graph, "y_l", l, 0);
    if (export->model->network.cell->lines)
        RECUR_TRY(add_scan(export, l, *x, error));
    else
        RECUR_TRY(add_operator(export, l, *x, y, error));
    *x = merge(export, l, y);
    return RECUR_OK;
}

/* Adds an input of numbers: (T, B, I). */
static char *add_numbers(struct export *export)
{
    static const char *const symbols[] = {"T", "B", NULL};
    char *x = (char *)"x";
    recur_onnx_add_value(&export->graph, false, x, RECUR_ONNX_FLOAT, 3, symbols,
                         (const size_t[]){0, 0, export->model->config.inputs});
    return x;
}

/* Adds nodes that turn ids into embedded tokens or one-hot vectors. */
static enum recur_status add_tokens(struct export *export, char **x, recur_error *error)
{
    struct recur_onnx_graph *graph = &export->graph;
    const recur_model_config *config = &export->model->config;
    static const char *const symbols[] = {"T", "B"};
    const size_t shape[] = {config->vocabulary, config->embedding};
    char *ids = (char *)"ids", *output[] = {(char *)"x_l0", NULL};
    float *values;
    recur_onnx_add_value(graph, false, ids, RECUR_ONNX_INT64, 2, symbols, NULL);
    *x = output[0];
    if (config->embedding) {
        char *name = (char *)"embedding.weight";
        RECUR_TRY(recur_onnx_add_floats(graph, name, 2, shape, &values, error));
        recur_onnx_add_node(graph, "Gather", (char *[]){name, ids, NULL}, output);
        return get(export, export->model->network.embedding_weight, 0, values, error);
    }
    char *depth = (char *)"vocabulary", *off_on = (char *)"off_on";
    const int64_t size = (int64_t)config->vocabulary;
    recur_onnx_add_ints(graph, depth, &size, 1);
    RECUR_TRY(recur_onnx_add_floats(graph, off_on, 1, (const size_t[]){2}, &values, error));
    values[1] = 1;
    recur_onnx_add_node(graph, "OneHot", (char *[]){ids, depth, off_on, NULL}, output);
    return RECUR_OK;
}

/* Adds outputs for a model without a head: the last layer's outputs. */
static void add_outputs(struct export *export, char *y)
{
    const recur_model_config *config = &export->model->config;
    static const char *const symbols[] = {"T", "B", NULL};
    size_t wide = config->bidirectional && config->merge == RECUR_MERGE_CONCAT ? 2 : 1;
    recur_onnx_add_value(&export->graph, true, y, RECUR_ONNX_FLOAT, 3, symbols,
                         (const size_t[]){0, 0, wide * config->hidden[config->layers - 1]});
}

static enum recur_status add_head(struct export *export, char *x, recur_error *error)
{
    struct recur_onnx_graph *graph = &export->graph;
    const struct recur_network *network = &export->model->network;
    recur_tensor_info info = recur_model_tensor(export->model, network->head_weight);
    static const char *const symbols[] = {"T", "B", NULL};
    char *weight = (char *)"linear.weight", *bias = (char *)"linear.bias";
    char *product = (char *)"product", *logits = (char *)"logits";
    float *values;
    RECUR_TRY(add_transposed(export, weight, network->head_weight, error));
    RECUR_TRY(recur_onnx_add_floats(graph, bias, 1, info.shape, &values, error));
    RECUR_TRY(get(export, network->head_bias, 0, values, error));
    recur_onnx_add_node(graph, "MatMul", (char *[]){x, weight, NULL}, (char *[]){product, NULL});
    recur_onnx_add_node(graph, "Add", (char *[]){product, bias, NULL}, (char *[]){logits, NULL});
    recur_onnx_add_value(graph, true, logits, RECUR_ONNX_FLOAT, 3, symbols,
                         (const size_t[]){0, 0, info.shape[0]});
    return RECUR_OK;
}

static enum recur_status fill_graph(struct export *export, recur_error *error)
{
    const recur_model_config *config = &export->model->config;
    static const int64_t direction_axis = 1, flat[] = {0, 0, -1};
    char *x;
    if (config->inputs)
        x = add_numbers(export);
    else
        RECUR_TRY(add_tokens(export, &x, error));
    if (config->bidirectional && config->merge == RECUR_MERGE_CONCAT)
        recur_onnx_add_ints(&export->graph, (char *)"flat", flat, 3);
    else
        recur_onnx_add_ints(&export->graph, export->axis, &direction_axis, 1);
    for (size_t l = 0; l < config->layers; l++)
        RECUR_TRY(add_layer(export, l, &x, error));
    if (config->vocabulary)
        RECUR_TRY(add_head(export, x, error));
    else
        add_outputs(export, x);
    recur_onnx_seal(&export->graph);
    return RECUR_OK;
}

static enum recur_status write_model(Recur__Onnx__Model *model, const char *path,
                                     recur_error *error)
{
    size_t size = recur__onnx__model__get_packed_size(model);
    uint8_t *bytes;
    if (size > INT_MAX)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "cannot write %s: it would have %zu bytes, ONNX files end at %d",
                          recur_show_name(path).text, size, INT_MAX);
    RECUR_TRY(recur_alloc(size, 1, "an ONNX file", &bytes, error));
    recur__onnx__model__pack(model, bytes);
    enum recur_status status = recur_file_write(path, bytes, size, error);
    free(bytes);
    return status;
}

/* Writes the whole file. */
static enum recur_status write_graph(Recur__Onnx__Graph *graph,
                                     const struct recur_metadata *metadata, const char *path,
                                     recur_error *error)
{
    Recur__Onnx__Model model = RECUR__ONNX__MODEL__INIT;
    Recur__Onnx__Opset opset = RECUR__ONNX__OPSET__INIT, *opsets[] = {&opset};
    size_t count = metadata->count;
    Recur__Onnx__Property *properties, **pointers;
    RECUR_TRY(recur_alloc(count, sizeof *properties + sizeof *pointers, "the metadata", &properties,
                          error));
    pointers = (Recur__Onnx__Property **)(properties + count);
    for (size_t i = 0; i < count; i++) {
        recur__onnx__property__init(&properties[i]);
        properties[i].key = (char *)metadata->properties[i].key;
        properties[i].value = (char *)metadata->properties[i].value;
        pointers[i] = &properties[i];
    }
    opset.domain = (char *)"";
    opset.has_version = 1;
    opset.version = OPSET;
    model.has_ir_version = 1;
    model.ir_version = IR_VERSION;
    model.producer_name = (char *)RECUR_ONNX_PRODUCER;
    model.producer_version = (char *)recur_version();
    model.graph = graph;
    model.n_opset_import = 1;
    model.opset_import = opsets;
    model.n_metadata_props = count;
    model.metadata_props = pointers;
    enum recur_status status = write_model(&model, path, error);
    free(properties);
    return status;
}

/* Makes room for the layers and for what comes before and after them. A layer that is one operator
 * has two more nodes, three tensors, up to four values, and names for all of these. */
static enum recur_status create_graph(struct export *export, recur_error *error)
{
    size_t layers = export->model->config.layers;
    struct recur_onnx_room room = {.nodes = 3, .tensors = 3, .values = 4, .names = 12};
    if (export->model->network.cell->lines)
        room = recur_onnx_scan_room;
    room = (struct recur_onnx_room){room.nodes * layers + 8, room.tensors * layers + 8,
                                    room.values * layers + 8, room.names * layers + 16};
    return recur_onnx_graph_create(&room, &export->graph, error);
}

enum recur_status recur_onnx_write(const recur_model *model, const char *path, recur_error *error)
{
    struct export export = {.model = model, .axis = (char *)"direction_axis"};
    struct recur_new_metadata metadata;
    if (model->network.cell->activated && !recur_onnx_activation(model->config.activation))
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED, "ONNX has no activation %s",
                          recur_activation_name(model->config.activation));
    enum recur_status status =
        recur_model_metadata(model, RECUR_HOLDER_GRAPH, path, &metadata, error);
    if (status == RECUR_OK)
        status = create_graph(&export, error);
    if (status == RECUR_OK)
        status = fill_graph(&export, error);
    if (status == RECUR_OK)
        status = write_graph(&export.graph.message, &metadata.view, path, error);
    recur_onnx_graph_free(&export.graph);
    recur_metadata_release(&metadata);
    return status;
}
