/* The inputs and initializers of a graph by their names, and which initializers are taken. */
#ifndef RECUR_IO_ONNX_INDEX_H
#define RECUR_IO_ONNX_INDEX_H

#include "io/onnx_graph.h"

struct recur_onnx_entry {
    const Recur__Onnx__Tensor *tensor;
    bool taken;
};

struct recur_onnx_index {
    const Recur__Onnx__Graph *graph;
    struct recur_onnx_entry *initializers; /* sorted by name */
    const char **inputs;                   /* sorted; n_input of them */
};

/* Errors: FORMAT (an initializer without a name, two of one name), MEMORY; recur_onnx_index_free
 * releases it in any case. */
enum recur_status recur_onnx_index_create(const Recur__Onnx__Graph *graph,
                                          struct recur_onnx_index *index, recur_error *error);
void recur_onnx_index_free(struct recur_onnx_index *index);

/* Is it an input of the graph? */
bool recur_onnx_is_input(const struct recur_onnx_index *index, const char *name);

/* The initializer of that name, not taken by this; NULL where there is none. */
const Recur__Onnx__Tensor *recur_onnx_find(const struct recur_onnx_index *index, const char *name);

/* Takes the initializer of that name, which must have so many dimensions, and floating-point
 * numbers unless it is one of `ints`. Floats are taken only once, since otherwise a small file
 * could make a huge model. Errors: FORMAT, UNSUPPORTED. */
enum recur_status recur_onnx_take(struct recur_onnx_index *index, const char *name, size_t rank,
                                  bool ints, const Recur__Onnx__Tensor **tensor,
                                  recur_error *error);

/* FORMAT where an initializer was not taken. */
enum recur_status recur_onnx_check_taken(const struct recur_onnx_index *index, recur_error *error);

#endif
