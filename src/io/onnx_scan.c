#include "io/onnx_scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { LINES_MAX = 2, STEPS_MAX = 16 };

/* A node. A name that ends in "_l" is one of the layer and direction, and gets their number behind
 * it; "x" is what the layer reads. */
struct step {
    const char *type, *inputs[4], *outputs[5];
};

/* Integers that a Split reads: so many times H each. */
struct sizes {
    const char *name;
    size_t count;
    unsigned char gates[RECUR_GATES_MAX];
};

/* A cell in ONNX's terms: what is computed of all steps at once, and what of each. */
struct form {
    enum recur_cell cell;
    const struct recur_onnx_part *parts;
    size_t parts_count;
    const struct step *before, *body;
    size_t lines; /* of x W_ih^T that a Scan reads: */
    struct {
        const char *outside, *inside;
        unsigned gates;
    } line[LINES_MAX];
    struct sizes sizes[2];
};

#define MATRIX(NAME, FIELD)                                                                        \
    {                                                                                              \
        NAME "_l", #FIELD, offsetof(struct recur_direction, FIELD), true, 0, 0                     \
    }
#define GATES(NAME, FIELD, FIRST, COUNT)                                                           \
    {                                                                                              \
        NAME "_l", #FIELD, offsetof(struct recur_direction, FIELD), false, FIRST, COUNT            \
    }

static const struct recur_onnx_part lstm_parts[] = {
    MATRIX("W", weight_ih),         MATRIX("R", weight_hh),         GATES("gain_x", gain_ih, 0, 4),
    GATES("bias_x", bias_ih, 0, 4), GATES("gain_h", gain_hh, 0, 4), GATES("bias_h", bias_hh, 0, 4),
    GATES("gain_c", gain_c, 0, 1),  GATES("bias_c", bias_c, 0, 1),
};

static const struct step lstm_before[] = {
    {"MatMul", {"x", "W_l"}, {"x_product_l"}},
    {"LayerNormalization", {"x_product_l", "gain_x_l", "bias_x_l"}, {"x_line_l"}},
    {0},
};

static const struct step lstm_body[] = {
    {"MatMul", {"h_before", "R_l"}, {"h_product"}},
    {"LayerNormalization", {"h_product", "gain_h_l", "bias_h_l"}, {"h_line"}},
    {"Add", {"x_line", "h_line"}, {"sums"}},
    {"Split", {"sums", "gates_l"}, {"i_sum", "f_sum", "g_sum", "o_sum"}},
    {"Sigmoid", {"i_sum"}, {"i"}},
    {"Sigmoid", {"f_sum"}, {"f"}},
    {"Tanh", {"g_sum"}, {"g"}},
    {"Sigmoid", {"o_sum"}, {"o"}},
    {"Mul", {"f", "c_before"}, {"kept"}},
    {"Mul", {"i", "g"}, {"new"}},
    {"Add", {"kept", "new"}, {"c_after"}},
    {"LayerNormalization", {"c_after", "gain_c_l", "bias_c_l"}, {"c_line"}},
    {"Tanh", {"c_line"}, {"c_tanh"}},
    {"Mul", {"o", "c_tanh"}, {"h_after"}},
    {"Identity", {"h_after"}, {"y_step"}},
    {0},
};

static const struct recur_onnx_part gru_parts[] = {
    MATRIX("W", weight_ih),
    MATRIX("R", weight_hh),
    GATES("gain_x_rz", gain_ih, 0, 2),
    GATES("bias_x_rz", bias_ih, 0, 2),
    GATES("gain_x_n", gain_ih, 2, 1),
    GATES("bias_x_n", bias_ih, 2, 1),
    GATES("gain_h_rz", gain_hh, 0, 2),
    GATES("bias_h_rz", bias_hh, 0, 2),
    GATES("gain_h_n", gain_hh, 2, 1),
    GATES("bias_h_n", bias_hh, 2, 1),
};

static const struct step gru_before[] = {
    {"MatMul", {"x", "W_l"}, {"x_product_l"}},
    {"Split", {"x_product_l", "lines_l"}, {"x_rz_product_l", "x_n_product_l"}},
    {"LayerNormalization", {"x_rz_product_l", "gain_x_rz_l", "bias_x_rz_l"}, {"x_rz_line_l"}},
    {"LayerNormalization", {"x_n_product_l", "gain_x_n_l", "bias_x_n_l"}, {"x_n_line_l"}},
    {0},
};

/* (1 - z) n + z h is n + z (h - n) here. */
static const struct step gru_body[] = {
    {"MatMul", {"h_before", "R_l"}, {"h_product"}},
    {"Split", {"h_product", "lines_l"}, {"h_rz_product", "h_n_product"}},
    {"LayerNormalization", {"h_rz_product", "gain_h_rz_l", "bias_h_rz_l"}, {"h_rz_line"}},
    {"LayerNormalization", {"h_n_product", "gain_h_n_l", "bias_h_n_l"}, {"h_n_line"}},
    {"Add", {"x_rz_line", "h_rz_line"}, {"rz_sums"}},
    {"Sigmoid", {"rz_sums"}, {"rz"}},
    {"Split", {"rz", "gates_l"}, {"r", "z"}},
    {"Mul", {"r", "h_n_line"}, {"reset"}},
    {"Add", {"x_n_line", "reset"}, {"n_sum"}},
    {"Tanh", {"n_sum"}, {"n"}},
    {"Sub", {"h_before", "n"}, {"difference"}},
    {"Mul", {"z", "difference"}, {"kept"}},
    {"Add", {"n", "kept"}, {"h_after"}},
    {"Identity", {"h_after"}, {"y_step"}},
    {0},
};

static const struct form forms[] = {
    {RECUR_CELL_LN_LSTM,
     lstm_parts,
     sizeof lstm_parts / sizeof *lstm_parts,
     lstm_before,
     lstm_body,
     1,
     {{"x_line_l", "x_line", 4}},
     {{"gates_l", 4, {1, 1, 1, 1}}}},
    {RECUR_CELL_LN_GRU,
     gru_parts,
     sizeof gru_parts / sizeof *gru_parts,
     gru_before,
     gru_body,
     2,
     {{"x_rz_line_l", "x_rz_line", 2}, {"x_n_line_l", "x_n_line", 1}},
     {{"lines_l", 2, {2, 1}}, {"gates_l", 2, {1, 1}}}},
};

/* The states of a layer: outside, and of one direction where there are two. */
static const struct state {
    const char *in, *first, *last, *out, *before, *after;
} states[] = {
    {"h_in_l", "h_first_l", "h_last_l", "h_out_l", "h_before", "h_after"},
    {"c_in_l", "c_first_l", "c_last_l", "c_out_l", "c_before", "c_after"},
};

const struct recur_onnx_room recur_onnx_scan_room = {
    .nodes = 16, .tensors = 25, .values = 4, .names = 96};

static const struct recur_onnx_room body_room = {
    .nodes = STEPS_MAX, .tensors = 1, .values = 6, .names = 16};

/* One direction of a layer. */
struct place {
    struct recur_onnx_graph *graph;
    const struct recur_onnx_scan *scan;
    const struct form *form;
    size_t direction;
    char *x;
};

static const struct form *form_of(enum recur_cell cell)
{
    size_t i = 0;
    while (forms[i].cell != cell)
        i++;
    return &forms[i];
}

static size_t states_of(enum recur_cell cell)
{
    return recur_cell_kind_of(cell)->has_c ? 2 : 1;
}

const struct recur_onnx_part *recur_onnx_parts(enum recur_cell cell, size_t *count)
{
    const struct form *form = form_of(cell);
    *count = form->parts_count;
    return form->parts;
}

static char *name_of(const struct place *place, const char *name)
{
    size_t length = strlen(name);
    if (strcmp(name, "x") == 0)
        return place->x;
    if (length > 2 && strcmp(name + length - 2, "_l") == 0)
        return recur_onnx_name(place->graph, name, place->scan->layer, place->direction);
    return (char *)name;
}

/* A layer of one direction has only the names without a direction. */
static char *end_of(const struct place *place, const char *alone, const char *one)
{
    return name_of(place, place->scan->bidirectional ? one : alone);
}

static void add_steps(const struct place *place, const struct step *steps)
{
    for (const struct step *step = steps; step->type; step++) {
        char *inputs[4] = {0}, *outputs[5] = {0};
        for (size_t i = 0; step->inputs[i]; i++)
            inputs[i] = name_of(place, step->inputs[i]);
        for (size_t i = 0; step->outputs[i]; i++)
            outputs[i] = name_of(place, step->outputs[i]);
        struct recur_onnx_node *node =
            recur_onnx_add_node(place->graph, step->type, inputs, outputs);
        if (strcmp(step->type, "Split") == 0)
            recur_onnx_set_int(node, "axis", -1);
    }
}

/* Adds an input or output of a body: so many gates. A state has an axis of directions, (1, B, H),
 * as it has outside. */
static void add_value(const struct place *place, bool output, const char *name, bool state,
                      unsigned gates)
{
    static const char *const symbols[] = {NULL, "B", NULL};
    const size_t shape[] = {1, 0, gates * place->scan->hidden};
    recur_onnx_add_value(place->graph, output, (char *)name, RECUR_ONNX_FLOAT, state ? 3 : 2,
                         symbols + !state, shape + !state);
}

static void fill_body(const struct place *place)
{
    const struct form *form = place->form;
    size_t count = states_of(form->cell);
    for (size_t s = 0; s < count; s++) {
        add_value(place, false, states[s].before, true, 1);
        add_value(place, true, states[s].after, true, 1);
    }
    for (size_t i = 0; i < form->lines; i++)
        add_value(place, false, form->line[i].inside, false, form->line[i].gates);
    add_value(place, true, "y_step", true, 1);
    add_steps(place, form->body);
}

static enum recur_status set_body(const struct place *place, struct recur_onnx_node *node,
                                  recur_error *error)
{
    struct recur_onnx_graph body;
    struct place inside = *place;
    inside.graph = &body;
    RECUR_TRY(recur_onnx_graph_create(&body_room, &body, error));
    fill_body(&inside);
    enum recur_status status = recur_onnx_set_graph(node, "body", &body, error);
    recur_onnx_graph_free(&body);
    return status;
}

/* Adds the Scan of one direction. */
static enum recur_status add_scan(const struct place *place, recur_error *error)
{
    static const int64_t backwards[LINES_MAX] = {1, 1};
    const struct form *form = place->form;
    char *inputs[5] = {0}, *outputs[4] = {0};
    size_t count = states_of(form->cell);
    for (size_t s = 0; s < count; s++) {
        inputs[s] = end_of(place, states[s].in, states[s].first);
        outputs[s] = end_of(place, states[s].out, states[s].last);
    }
    for (size_t i = 0; i < form->lines; i++)
        inputs[count + i] = name_of(place, form->line[i].outside);
    outputs[count] = end_of(place, "y_l", "y_one_l");
    struct recur_onnx_node *node = recur_onnx_add_node(place->graph, "Scan", inputs, outputs);
    recur_onnx_set_int(node, "num_scan_inputs", (int64_t)form->lines);
    if (place->direction) {
        recur_onnx_set_ints(node, "scan_input_directions", backwards, form->lines);
        recur_onnx_set_ints(node, "scan_output_directions", backwards, 1);
    }
    return set_body(place, node, error);
}

/* Adds a node that divides or joins the two directions along an axis. */
static void add_both(const struct place places[2], const char *type, const char *whole,
                     const char *one, int64_t axis)
{
    bool divides = strcmp(type, "Split") == 0;
    char *both[] = {name_of(&places[0], one), name_of(&places[1], one), NULL};
    char *all[] = {name_of(&places[0], whole), divides ? name_of(&places[0], "directions_l") : NULL,
                   NULL};
    recur_onnx_set_int(
        recur_onnx_add_node(places->graph, type, divides ? all : both, divides ? both : all),
        "axis", axis);
}

static void add_sizes(const struct place *place)
{
    const struct form *form = place->form;
    for (size_t i = 0; i < sizeof form->sizes / sizeof *form->sizes && form->sizes[i].name; i++) {
        int64_t values[RECUR_GATES_MAX];
        for (size_t g = 0; g < form->sizes[i].count; g++)
            values[g] = (int64_t)(form->sizes[i].gates[g] * place->scan->hidden);
        recur_onnx_add_ints(place->graph, name_of(place, form->sizes[i].name), values,
                            form->sizes[i].count);
    }
}

enum recur_status recur_onnx_add_scan(struct recur_onnx_graph *graph,
                                      const struct recur_onnx_scan *scan, char *x,
                                      recur_error *error)
{
    static const int64_t one_each[] = {1, 1};
    struct place places[RECUR_DIRECTIONS_MAX];
    size_t directions = scan->bidirectional ? RECUR_DIRECTIONS_MAX : 1;
    size_t count = states_of(scan->cell);
    for (size_t d = 0; d < directions; d++) {
        places[d] = (struct place){graph, scan, form_of(scan->cell), d, x};
        add_sizes(&places[d]);
        add_steps(&places[d], places[d].form->before);
    }
    if (scan->bidirectional)
        recur_onnx_add_ints(graph, name_of(places, "directions_l"), one_each, 2);
    for (size_t s = 0; scan->bidirectional && s < count; s++)
        add_both(places, "Split", states[s].in, states[s].first, 0);
    for (size_t d = 0; d < directions; d++)
        RECUR_TRY(add_scan(&places[d], error));
    for (size_t s = 0; scan->bidirectional && s < count; s++)
        add_both(places, "Concat", states[s].out, states[s].last, 0);
    if (scan->bidirectional)
        add_both(places, "Concat", "y_l", "y_one_l", 1);
    return RECUR_OK;
}

enum recur_status recur_onnx_same_node(const Recur__Onnx__Node *a, const Recur__Onnx__Node *b,
                                       bool *same, recur_error *error)
{
    size_t size = recur__onnx__node__get_packed_size(a);
    uint8_t *bytes;
    *same = size == recur__onnx__node__get_packed_size(b);
    if (!*same)
        return RECUR_OK;
    RECUR_TRY(recur_alloc(size, 2, "a node", &bytes, error));
    recur__onnx__node__pack(a, bytes);
    recur__onnx__node__pack(b, bytes + size);
    *same = memcmp(bytes, bytes + size, size) == 0;
    free(bytes);
    return RECUR_OK;
}
