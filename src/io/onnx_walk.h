/* Infers what an ONNX graph computes from its nodes. */
#ifndef RECUR_IO_ONNX_WALK_H
#define RECUR_IO_ONNX_WALK_H

#include "io/foreign.h"
#include "io/onnx_scan_read.h"

/* A layer's tensors as ONNX has them. b is NULL where the node has no biases. */
struct recur_onnx_layer {
    const Recur__Onnx__Tensor *w, *r, *b;
};

struct recur_onnx_found {
    struct recur_foreign foreign;
    struct recur_onnx_layer *layers;       /* (L), free() it ... */
    struct recur_onnx_scan_tensors *scans; /* ... or, of a cell without an operator, these */
    const Recur__Onnx__Tensor *embedding, *head_weight, *head_bias;
};

/* Follows the sequence from the tokens to the logits. Every node must be one that recur writes
 * (onnx_graph.h, onnx_scan.h), in that order, and every initializer must be used. Shapes are
 * checked only as far as sizes follow from them. Errors: FORMAT, UNSUPPORTED, ARGUMENT (`said`
 * contradicts the graph), MEMORY. */
enum recur_status recur_onnx_walk(const Recur__Onnx__Graph *graph, const recur_import_config *said,
                                  struct recur_onnx_found *found, recur_error *error);

#endif
