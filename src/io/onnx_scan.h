/* Layers of the cells that ONNX has no operator for: ln-lstm and ln-gru. What a layer's nodes
 * compute from all steps at once comes first, and a Scan for each direction goes through the steps:
 *
 *     x (T, B, I) -> MatMul -> LayerNormalization  -> (T, B, G*H), for ln-gru r z and n apart
 *                 -> Scan, with h and c (1, B, H)  -> (T, 1, B, H)
 *
 * With two directions, Split divides the initial states, and Concat joins the final ones and the
 * outputs: (T, D, B, H), as a node RNN, GRU or LSTM has them. Gates are in recur's order.
 *
 * A Scan's body is a graph within the graph. It has nodes but no tensors; it reads the initializers
 * of the graph around it by their names. So the names of a layer are fixed, and the reader knows a
 * layer by making it once more. */
#ifndef RECUR_IO_ONNX_SCAN_H
#define RECUR_IO_ONNX_SCAN_H

#include "io/onnx_graph.h"
#include "nn/network.h"

struct recur_onnx_scan {
    enum recur_cell cell; /* one with layer normalisation */
    size_t layer, hidden; /* k, H */
    bool bidirectional;
};

/* How much a layer adds to a graph, its parameters and states among it. */
extern const struct recur_onnx_room recur_onnx_scan_room;

/* Adds the nodes of a layer that reads `x`, and the integers that they read; the parameters are the
 * caller's to add. The last output of the last node is "y_lk", (T, D, B, H). Errors: MEMORY. */
enum recur_status recur_onnx_add_scan(struct recur_onnx_graph *graph,
                                      const struct recur_onnx_scan *scan, char *x,
                                      recur_error *error);

/* A parameter of one direction: the initializer "NAMEk" or "NAMEk_reverse". It is a matrix of the
 * model transposed, or so many gates of a vector. */
struct recur_onnx_part {
    const char *name, *tensor; /* the latter without "rnn." and the layer: "weight_ih" */
    size_t place;              /* of the tensor's index in a struct recur_direction */
    bool matrix;
    unsigned first, gates;
};

#define RECUR_ONNX_PARTS_MAX 10

/* A layer's parameters as a graph has them. */
struct recur_onnx_scan_tensors {
    const Recur__Onnx__Tensor *part[RECUR_DIRECTIONS_MAX][RECUR_ONNX_PARTS_MAX];
};

/* The parts of a cell with layer normalisation. The first two are W and R. */
const struct recur_onnx_part *recur_onnx_parts(enum recur_cell cell, size_t *count);

/* Are the two nodes the same in every byte? Errors: MEMORY. */
enum recur_status recur_onnx_same_node(const Recur__Onnx__Node *a, const Recur__Onnx__Node *b,
                                       bool *same, recur_error *error);

#endif
