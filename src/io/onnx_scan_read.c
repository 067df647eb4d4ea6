#include "io/onnx_scan_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/onnx_tensor.h"

/* The initializer of that name of layer l. */
static const Recur__Onnx__Tensor *find(const struct recur_onnx_index *index, const char *stem,
                                       size_t l, const char *direction)
{
    char name[48];
    snprintf(name, sizeof name, "%s%zu%s", stem, l, direction);
    return recur_onnx_find(index, name);
}

bool recur_onnx_scan_follows(const struct recur_onnx_index *index, size_t l)
{
    return find(index, "R_l", l, "") != NULL;
}

/* The shape of R, (H, G*H), tells which cell it is. */
static enum recur_status describe(const struct recur_onnx_index *index, size_t l,
                                  struct recur_onnx_scan *scan, recur_error *error)
{
    static const enum recur_cell cells[] = {RECUR_CELL_LN_LSTM, RECUR_CELL_LN_GRU};
    const Recur__Onnx__Tensor *r = find(index, "R_l", l, "");
    size_t shape[RECUR_ONNX_RANK_MAX] = {0};
    RECUR_TRY(recur_onnx_check_tensor(r, error));
    recur_onnx_shape(r, shape);
    *scan = (struct recur_onnx_scan){
        .layer = l, .hidden = shape[0], .bidirectional = find(index, "R_l", l, "_reverse") != NULL};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        scan->cell = cells[i];
        if (r->n_dims == 2 && shape[1] == recur_cell_kind_of(cells[i])->gates * shape[0])
            return RECUR_OK;
    }
    return recur_fail(error, RECUR_ERROR_FORMAT,
                      "tensor %.100s has a shape that is none of ln-lstm and ln-gru", r->name);
}

/* Are the graph's nodes from *next on those of the layer? */
static enum recur_status compare(const struct recur_onnx_index *index,
                                 const struct recur_onnx_graph *layer, enum recur_cell cell,
                                 size_t *next, recur_error *error)
{
    for (size_t i = 0; i < layer->message.n_node; i++, ++*next) {
        const Recur__Onnx__Node *expected = layer->message.node[i], *node;
        bool same;
        if (*next == index->graph->n_node)
            return recur_fail(error, RECUR_ERROR_FORMAT,
                              "the graph ends after %zu nodes, expected %s", *next,
                              expected->op_type);
        node = index->graph->node[*next];
        RECUR_TRY(recur_onnx_same_node(node, expected, &same, error));
        if (!same)
            return recur_fail(
                error, RECUR_ERROR_UNSUPPORTED,
                "node %zu (%.40s) differs from the %s that recur writes there for the "
                "cell %s",
                *next, node->op_type ? node->op_type : "nameless", expected->op_type,
                recur_cell_name(cell));
    }
    return RECUR_OK;
}

/* Takes the integers that the nodes read, and the parameters. */
static enum recur_status take(struct recur_onnx_index *index, const struct recur_onnx_scan *scan,
                              struct recur_onnx_graph *layer,
                              struct recur_onnx_scan_tensors *tensors, recur_error *error)
{
    size_t count;
    const struct recur_onnx_part *part = recur_onnx_parts(scan->cell, &count);
    for (size_t i = 0; i < layer->message.n_initializer; i++) {
        const Recur__Onnx__Tensor *expected = layer->message.initializer[i], *tensor;
        RECUR_TRY(recur_onnx_take(index, expected->name, 1, true, &tensor, error));
        if (!recur_onnx_is_ints(tensor, expected->int64_data, expected->n_int64_data))
            return recur_fail(error, RECUR_ERROR_UNSUPPORTED,
                              "tensor %.100s is not what recur's graphs have there", tensor->name);
    }
    for (size_t d = 0; d < (scan->bidirectional ? RECUR_DIRECTIONS_MAX : 1); d++)
        for (size_t i = 0; i < count; i++)
            RECUR_TRY(recur_onnx_take(index, recur_onnx_name(layer, part[i].name, scan->layer, d),
                                      part[i].matrix ? 2 : 1, false, &tensors->part[d][i], error));
    return RECUR_OK;
}

/* Are the states inputs of the graph? */
static enum recur_status check_states(const struct recur_onnx_index *index,
                                      const struct recur_onnx_scan *scan,
                                      struct recur_onnx_graph *layer, recur_error *error)
{
    static const char *const stems[] = {"h_in_l", "c_in_l"};
    for (size_t i = 0; i < (recur_cell_kind_of(scan->cell)->has_c ? 2 : 1); i++) {
        const char *name = recur_onnx_name(layer, stems[i], scan->layer, 0);
        if (!recur_onnx_is_input(index, name))
            return recur_fail(error, RECUR_ERROR_UNSUPPORTED, "the graph has no input %s", name);
    }
    return RECUR_OK;
}

enum recur_status recur_onnx_scan_read(struct recur_onnx_index *index, size_t l, size_t *next,
                                       const char *x, struct recur_onnx_scan *scan,
                                       struct recur_onnx_scan_tensors *tensors, recur_error *error)
{
    struct recur_onnx_graph layer;
    RECUR_TRY(describe(index, l, scan, error));
    RECUR_TRY(recur_onnx_graph_create(&recur_onnx_scan_room, &layer, error));
    enum recur_status status = recur_onnx_add_scan(&layer, scan, (char *)x, error);
    if (status == RECUR_OK)
        status = compare(index, &layer, scan->cell, next, error);
    if (status == RECUR_OK)
        status = take(index, scan, &layer, tensors, error);
    if (status == RECUR_OK)
        status = check_states(index, scan, &layer, error);
    recur_onnx_graph_free(&layer);
    return status;
}
