#include "io/onnx_walk.h"

#include <string.h>

#include "base/memory.h"
#include "io/onnx_tensor.h"

/* Inputs of RNN, GRU and LSTM nodes. */
enum { INPUT_X, INPUT_W, INPUT_R, INPUT_B, INPUT_LENGTHS, INPUT_H, INPUT_C, INPUT_P };

/* The most inputs and outputs that the operators have. */
static const struct arity {
    const char *type;
    size_t inputs, outputs;
} arities[] = {
    {"Gather", 2, 1},  {"OneHot", 3, 1},  {"RNN", 6, 2},       {"GRU", 6, 2},
    {"LSTM", 8, 3},    {"Squeeze", 2, 1}, {"ReduceSum", 2, 1}, {"Transpose", 1, 1},
    {"Reshape", 2, 1}, {"MatMul", 2, 1},  {"Add", 2, 1},
};

struct walk {
    const Recur__Onnx__Graph *graph;
    struct recur_onnx_found *found;
    struct recur_onnx_index index;
    bool scans; /* the layers' cell has no operator */
    size_t scans_room;
    const Recur__Onnx__Tensor *depth; /* the depth of one-hot vectors */
    size_t next;                      /* number of the next node */
    const char *current;              /* the tensor that currently holds the sequence */
};

static bool is_input(const struct walk *walk, const char *name)
{
    return recur_onnx_is_input(&walk->index, name);
}

/* The name of an input; empty where the node has no such input. */
static const char *input_of(const Recur__Onnx__Node *node, size_t index)
{
    return index < node->n_input ? node->input[index] : "";
}

/* Takes the initializer that is the node's input; it must have so many dimensions. */
static enum recur_status take(struct walk *walk, const Recur__Onnx__Node *node, size_t index,
                              size_t rank, bool ints, const Recur__Onnx__Tensor **tensor,
                              recur_error *error)
{
    const char *name = input_of(node, index);
    if (!recur_onnx_find(&walk->index, name))
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "node %zu (%.40s): input %zu, \"%.100s\", is no initializer",
                          walk->next - 1, node->op_type, index, name);
    return recur_onnx_take(&walk->index, name, rank, ints, tensor, error);
}

static enum recur_status take_floats(struct walk *walk, const Recur__Onnx__Node *node, size_t index,
                                     size_t rank, const Recur__Onnx__Tensor **tensor,
                                     recur_error *error)
{
    return take(walk, node, index, rank, false, tensor, error);
}

/* Checks that the node's input is exactly these integers. */
static enum recur_status expect_ints(struct walk *walk, const Recur__Onnx__Node *node, size_t index,
                                     const int64_t *values, size_t count, recur_error *error)
{
    const Recur__Onnx__Tensor *tensor;
    RECUR_TRY(take(walk, node, index, 1, true, &tensor, error));
    if (!recur_onnx_is_ints(tensor, values, count))
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "node %zu (%.40s): %.100s is not what recur's graphs have there",
                          walk->next - 1, node->op_type, tensor->name);
    return RECUR_OK;
}

static bool is_next(const struct walk *walk, const char *type)
{
    const Recur__Onnx__Node *node =
        walk->next < walk->graph->n_node ? walk->graph->node[walk->next] : NULL;
    return node && node->op_type && strcmp(node->op_type, type) == 0;
}

static enum recur_status check_count(const struct walk *walk, const char *type, const char *what,
                                     size_t count, size_t most, recur_error *error)
{
    if (count <= most)
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_FORMAT,
                      "node %zu (%s) has %zu %s, where that operator has %zu at most", walk->next,
                      type, count, what, most);
}

/* Checks that a node of that type has no more inputs and outputs than the type has. */
static enum recur_status check_counts(const struct walk *walk, const char *type,
                                      const Recur__Onnx__Node *node, recur_error *error)
{
    const struct arity *of = arities;
    while (strcmp(of->type, type) != 0)
        of++;
    if (node->n_output == 0)
        return recur_fail(error, RECUR_ERROR_FORMAT, "node %zu (%s) has no output", walk->next,
                          type);
    RECUR_TRY(check_count(walk, type, "inputs", node->n_input, of->inputs, error));
    return check_count(walk, type, "outputs", node->n_output, of->outputs, error);
}

/* Takes the next node, which must be of that type and read the sequence as input `index`. */
static enum recur_status step(struct walk *walk, const char *type, size_t index,
                              const Recur__Onnx__Node **out, recur_error *error)
{
    if (walk->next == walk->graph->n_node)
        return recur_fail(error, RECUR_ERROR_FORMAT, "the graph ends after %zu node%s, expected %s",
                          walk->next, recur_plural(walk->next), type);
    const Recur__Onnx__Node *node = walk->graph->node[walk->next];
    if (!is_next(walk, type) || (node->domain && *node->domain))
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "node %zu is %.40s, where recur's graphs have %s", walk->next,
                          node->op_type ? node->op_type : "nameless", type);
    if (walk->current && strcmp(input_of(node, index), walk->current) != 0)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "node %zu (%s) does not read the node before it", walk->next, type);
    RECUR_TRY(check_counts(walk, type, node, error));
    walk->next++;
    walk->current = node->output[0];
    *out = node;
    return RECUR_OK;
}

static const Recur__Onnx__Attribute *attribute_of(const Recur__Onnx__Node *node, const char *name)
{
    for (size_t i = 0; i < node->n_attribute; i++)
        if (node->attribute[i]->name && strcmp(node->attribute[i]->name, name) == 0)
            return node->attribute[i];
    return NULL;
}

static int64_t int_of(const Recur__Onnx__Node *node, const char *name, int64_t standard)
{
    const Recur__Onnx__Attribute *attribute = attribute_of(node, name);
    return attribute ? attribute->i : standard;
}

static bool is_text(ProtobufCBinaryData data, const char *text)
{
    return data.len == strlen(text) && memcmp(data.data, text, data.len) == 0;
}

/* Refuses an attribute that would change what the node computes, and an attribute that occurs
 * twice. */
static enum recur_status check_attributes(const struct walk *walk, const Recur__Onnx__Node *node,
                                          const char *const *known, recur_error *error)
{
    unsigned seen = 0;
    for (size_t i = 0; i < node->n_attribute; i++) {
        const char *name = node->attribute[i]->name ? node->attribute[i]->name : "";
        size_t k = 0;
        while (known[k] && strcmp(known[k], name) != 0)
            k++;
        if (!known[k])
            return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                              "node %zu (%s) has the attribute %.40s, which recur's graphs do not",
                              walk->next - 1, node->op_type, name);
        if (seen >> k & 1)
            return recur_fail(error, RECUR_ERROR_FORMAT,
                              "node %zu (%s) has the attribute %.40s twice", walk->next - 1,
                              node->op_type, name);
        seen |= 1U << k;
    }
    return RECUR_OK;
}

static enum recur_status unlike(const struct walk *walk, const Recur__Onnx__Node *node,
                                const char *what, recur_error *error)
{
    return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                      "node %zu (%s): its %s is not one that recur's networks have", walk->next - 1,
                      node->op_type, what);
}

/* Does layer l of a cell that ONNX has no operator for come next? */
static bool is_scan(const struct walk *walk, size_t l)
{
    return is_next(walk, "MatMul") && recur_onnx_scan_follows(&walk->index, l);
}

static bool is_layer(const struct walk *walk)
{
    return is_next(walk, "RNN") || is_next(walk, "GRU") || is_next(walk, "LSTM") ||
           is_scan(walk, 0);
}

/* Walks from tokens to vectors, unless the first layer reads numbers. */
static enum recur_status walk_input(struct walk *walk, recur_error *error)
{
    static const char *const known[] = {"axis", NULL};
    struct recur_onnx_found *found = walk->found;
    const Recur__Onnx__Node *node;
    if (is_layer(walk)) {
        node = walk->graph->node[walk->next];
        return is_input(walk, input_of(node, INPUT_X)) ? RECUR_OK
                                                       : unlike(walk, node, "input", error);
    }
    if (is_next(walk, "Gather")) {
        RECUR_TRY(step(walk, "Gather", 1, &node, error));
        RECUR_TRY(check_attributes(walk, node, known, error));
        RECUR_TRY(take_floats(walk, node, 0, 2, &found->embedding, error));
        if (int_of(node, "axis", 0) != 0)
            return unlike(walk, node, "axis", error);
        found->foreign.config.vocabulary = (size_t)found->embedding->dims[0];
        found->foreign.config.embedding = (size_t)found->embedding->dims[1];
        return is_input(walk, input_of(node, 1)) ? RECUR_OK : unlike(walk, node, "input", error);
    }
    const Recur__Onnx__Tensor *values;
    float off_on[2] = {0};
    RECUR_TRY(step(walk, "OneHot", 0, &node, error));
    RECUR_TRY(check_attributes(walk, node, known, error));
    RECUR_TRY(take(walk, node, 1, 1, true, &walk->depth, error));
    RECUR_TRY(take_floats(walk, node, 2, 1, &values, error));
    if (values->dims[0] == 2)
        recur_onnx_floats(values, 0, 2, off_on);
    if (int_of(node, "axis", -1) != -1 || off_on[0] != 0 || off_on[1] != 1)
        return unlike(walk, node, "encoding", error);
    return is_input(walk, input_of(node, 0)) ? RECUR_OK : unlike(walk, node, "input", error);
}

/* Reads the cell that the node's attributes describe. */
static enum recur_status read_cell(const struct walk *walk, const Recur__Onnx__Node *node,
                                   recur_model_config *cell, recur_error *error)
{
    static const char *const known[] = {"hidden_size", "direction", "linear_before_reset",
                                        "activations", "layout",    "input_forget",
                                        NULL};
    static const char *const gated[] = {"Sigmoid", "Tanh", "Tanh"};
    RECUR_TRY(check_attributes(walk, node, known, error));
    const Recur__Onnx__Attribute *direction = attribute_of(node, "direction");
    const Recur__Onnx__Attribute *activations = attribute_of(node, "activations");
    bool reset_after = int_of(node, "linear_before_reset", 0) != 0;
    if (strcmp(node->op_type, "RNN") == 0)
        cell->cell = RECUR_CELL_RNN;
    else if (strcmp(node->op_type, "GRU") == 0)
        cell->cell = reset_after ? RECUR_CELL_GRU : RECUR_CELL_GRU_RESET_BEFORE;
    else
        cell->cell = RECUR_CELL_LSTM;
    cell->bidirectional = direction && is_text(direction->s, "bidirectional");
    if (direction && !cell->bidirectional && !is_text(direction->s, "forward"))
        return unlike(walk, node, "direction", error);
    if (int_of(node, "layout", 0) != 0 || int_of(node, "input_forget", 0) != 0)
        return unlike(walk, node, "layout", error);
    size_t each = cell->cell == RECUR_CELL_RNN ? 1 : cell->cell == RECUR_CELL_LSTM ? 3 : 2;
    if (activations && activations->n_strings != each * (cell->bidirectional ? 2 : 1))
        return unlike(walk, node, "list of activations", error);
    if (cell->cell == RECUR_CELL_RNN && activations)
        while (!is_text(activations->strings[0], recur_onnx_activation(cell->activation)))
            if (!recur_onnx_activation(++cell->activation))
                return unlike(walk, node, "activation", error);
    for (size_t i = 0; activations && i < activations->n_strings; i++)
        if (!is_text(activations->strings[i], cell->cell == RECUR_CELL_RNN
                                                  ? recur_onnx_activation(cell->activation)
                                                  : gated[i % each]))
            return unlike(walk, node, "activation", error);
    return RECUR_OK;
}

/* Walks what follows a layer: both directions side by side, or their sum. */
static enum recur_status walk_merge(struct walk *walk, bool bidirectional, enum recur_merge *merge,
                                    recur_error *error)
{
    static const char *const perm_known[] = {"perm", NULL}, *const sum_known[] = {"keepdims", NULL};
    static const char *const none[] = {NULL};
    static const int64_t axis = 1, perm[] = {0, 2, 1, 3}, flat[] = {0, 0, -1};
    const Recur__Onnx__Node *node;
    *merge = RECUR_MERGE_CONCAT;
    if (!bidirectional) {
        RECUR_TRY(step(walk, "Squeeze", 0, &node, error));
        RECUR_TRY(check_attributes(walk, node, none, error));
        return expect_ints(walk, node, 1, &axis, 1, error);
    }
    if (is_next(walk, "ReduceSum")) {
        *merge = RECUR_MERGE_SUM;
        RECUR_TRY(step(walk, "ReduceSum", 0, &node, error));
        RECUR_TRY(check_attributes(walk, node, sum_known, error));
        if (int_of(node, "keepdims", 1) != 0)
            return unlike(walk, node, "output's shape", error);
        return expect_ints(walk, node, 1, &axis, 1, error);
    }
    RECUR_TRY(step(walk, "Transpose", 0, &node, error));
    RECUR_TRY(check_attributes(walk, node, perm_known, error));
    const Recur__Onnx__Attribute *order = attribute_of(node, "perm");
    if (!order || order->n_ints != 4 || memcmp(order->ints, perm, sizeof perm) != 0)
        return unlike(walk, node, "perm", error);
    RECUR_TRY(step(walk, "Reshape", 0, &node, error));
    RECUR_TRY(check_attributes(walk, node, none, error));
    return expect_ints(walk, node, 1, flat, 3, error);
}

/* Is the input an initial state that is valid: an input of the graph, or zero? */
static bool is_state(const struct walk *walk, const Recur__Onnx__Node *node, size_t index)
{
    const char *name = input_of(node, index);
    return !*name || is_input(walk, name);
}

/* Walks a layer that is one operator. */
static enum recur_status walk_operator(struct walk *walk, const char *type, size_t l,
                                       recur_model_config *own, recur_error *error)
{
    struct recur_onnx_layer *layer = &walk->found->layers[l];
    const Recur__Onnx__Node *node;
    RECUR_TRY(step(walk, type, INPUT_X, &node, error));
    RECUR_TRY(read_cell(walk, node, own, error));
    RECUR_TRY(take_floats(walk, node, INPUT_W, 3, &layer->w, error));
    RECUR_TRY(take_floats(walk, node, INPUT_R, 3, &layer->r, error));
    if (*input_of(node, INPUT_B))
        RECUR_TRY(take_floats(walk, node, INPUT_B, 2, &layer->b, error));
    if (*input_of(node, INPUT_LENGTHS) || !is_state(walk, node, INPUT_H) ||
        !is_state(walk, node, INPUT_C) || *input_of(node, INPUT_P))
        return unlike(walk, node, "list of inputs", error);
    size_t hidden = walk->found->foreign.hidden[l] = (size_t)layer->r->dims[2];
    if (int_of(node, "hidden_size", layer->r->dims[2]) != layer->r->dims[2])
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "node %zu (%s) has hidden_size %lld, its R %zu", walk->next - 1, type,
                          (long long)int_of(node, "hidden_size", 0), hidden);
    return RECUR_OK;
}

/* Walks a layer whose nodes go through the steps with a Scan. */
static enum recur_status walk_scan(struct walk *walk, size_t l, recur_model_config *own,
                                   recur_error *error)
{
    struct recur_onnx_found *found = walk->found;
    struct recur_onnx_scan scan;
    RECUR_TRY(recur_grow(&found->scans, &walk->scans_room, l + 1, sizeof *found->scans,
                         "the layers", error));
    const char *x =
        walk->current ? walk->current : input_of(walk->graph->node[walk->next], INPUT_X);
    RECUR_TRY(
        recur_onnx_scan_read(&walk->index, l, &walk->next, x, &scan, &found->scans[l], error));
    const Recur__Onnx__Node *last = walk->graph->node[walk->next - 1];
    walk->current = last->output[last->n_output - 1];
    found->foreign.hidden[l] = scan.hidden;
    own->cell = scan.cell;
    own->bidirectional = scan.bidirectional;
    return RECUR_OK;
}

static enum recur_status walk_layer(struct walk *walk, const char *type, size_t l,
                                    recur_error *error)
{
    recur_model_config *config = &walk->found->foreign.config;
    recur_model_config own = recur_model_config_default();
    if (walk->scans)
        RECUR_TRY(walk_scan(walk, l, &own, error));
    else
        RECUR_TRY(walk_operator(walk, type, l, &own, error));
    RECUR_TRY(walk_merge(walk, own.bidirectional, &own.merge, error));
    if (l == 0) {
        config->cell = own.cell;
        config->activation = own.activation;
        config->bidirectional = own.bidirectional;
        config->merge = own.merge;
    } else if (own.cell != config->cell || own.activation != config->activation ||
               own.bidirectional != config->bidirectional || own.merge != config->merge) {
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "layer %zu is of another kind than those below it", l);
    }
    return RECUR_OK;
}

static enum recur_status walk_layers(struct walk *walk, recur_error *error)
{
    struct recur_onnx_found *found = walk->found;
    recur_model_config *config = &found->foreign.config;
    walk->scans = is_scan(walk, 0);
    const char *type = is_next(walk, "RNN")   ? "RNN"
                       : is_next(walk, "GRU") ? "GRU"
                       : walk->scans          ? "MatMul"
                                              : "LSTM";
    size_t layers = 0; /* the MatMuls are as many or more */
    for (size_t i = 0; i < walk->graph->n_node; i++)
        layers += walk->graph->node[i]->op_type && strcmp(walk->graph->node[i]->op_type, type) == 0;
    RECUR_TRY(recur_alloc(layers, sizeof *found->layers, "the layers", &found->layers, error));
    RECUR_TRY(recur_alloc(layers, sizeof *found->foreign.hidden, "a list of widths",
                          &found->foreign.hidden, error));
    config->hidden = found->foreign.hidden;
    config->layers = 0;
    do {
        RECUR_TRY(walk_layer(walk, type, config->layers, error));
        config->layers++;
    } while (walk->scans ? is_scan(walk, config->layers) : is_next(walk, type));
    if (found->embedding)
        return RECUR_OK;
    const int64_t width =
        walk->scans ? found->scans[0].part[0][0]->dims[0] : found->layers[0].w->dims[2];
    if (walk->depth)
        config->vocabulary = (size_t)width;
    else
        config->inputs = (size_t)width;
    if (walk->depth && !recur_onnx_is_ints(walk->depth, &width, 1))
        return recur_fail(error, RECUR_ERROR_FORMAT,
                          "tensor %.100s is not the width of layer 0's input, %zu",
                          walk->depth->name, config->vocabulary);
    return RECUR_OK;
}

static enum recur_status check_output(const struct walk *walk, recur_error *error)
{
    for (size_t i = 0; i < walk->graph->n_output; i++)
        if (walk->graph->output[i]->name &&
            strcmp(walk->graph->output[i]->name, walk->current) == 0)
            return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_FORMAT, "the last node's %.100s is no output of the graph",
                      walk->current);
}

/* Walks MatMul and Add, whose output must be the graph's. A model that reads numbers may lack
 * both. */
static enum recur_status walk_head(struct walk *walk, recur_error *error)
{
    static const char *const none[] = {NULL};
    recur_model_config *config = &walk->found->foreign.config;
    const Recur__Onnx__Node *node;
    if (config->inputs && walk->next == walk->graph->n_node)
        return check_output(walk, error);
    RECUR_TRY(step(walk, "MatMul", 0, &node, error));
    RECUR_TRY(check_attributes(walk, node, none, error));
    RECUR_TRY(take_floats(walk, node, 1, 2, &walk->found->head_weight, error));
    if (config->inputs)
        config->vocabulary = (size_t)walk->found->head_weight->dims[1];
    RECUR_TRY(step(walk, "Add", 0, &node, error));
    RECUR_TRY(check_attributes(walk, node, none, error));
    RECUR_TRY(take_floats(walk, node, 1, 1, &walk->found->head_bias, error));
    if (walk->next < walk->graph->n_node)
        return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                          "the graph goes on after its logits: node %zu is %.40s", walk->next,
                          walk->graph->node[walk->next]->op_type
                              ? walk->graph->node[walk->next]->op_type
                              : "nameless");
    return check_output(walk, error);
}

static enum recur_status walk_all(struct walk *walk, const recur_import_config *said,
                                  recur_error *error)
{
    recur_model_config *config = &walk->found->foreign.config;
    RECUR_TRY(recur_onnx_index_create(walk->graph, &walk->index, error));
    RECUR_TRY(walk_input(walk, error));
    RECUR_TRY(walk_layers(walk, error));
    RECUR_TRY(walk_head(walk, error));
    RECUR_TRY(recur_onnx_check_taken(&walk->index, error));
    if (said->cell && *said->cell != config->cell)
        return recur_fail(error, RECUR_ERROR_ARGUMENT, "the graph's cell is %s, not %s",
                          recur_cell_name(config->cell), recur_cell_name(*said->cell));
    if (said->activation && *said->activation != config->activation)
        return recur_fail(error, RECUR_ERROR_ARGUMENT, "the graph's activation is %s, not %s",
                          recur_activation_name(config->activation),
                          recur_activation_name(*said->activation));
    if (said->inputs && said->inputs != config->inputs)
        return recur_fail(error, RECUR_ERROR_ARGUMENT,
                          "the graph reads %zu number%s a step, not %zu", config->inputs,
                          recur_plural(config->inputs), said->inputs);
    return RECUR_OK;
}

enum recur_status recur_onnx_walk(const Recur__Onnx__Graph *graph, const recur_import_config *said,
                                  struct recur_onnx_found *found, recur_error *error)
{
    struct walk walk = {.graph = graph, .found = found};
    enum recur_status status = walk_all(&walk, said, error);
    recur_onnx_index_free(&walk.index);
    return status;
}
