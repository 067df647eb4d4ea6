/* Builds ONNX graphs; also, what both the writer and the reader know of them. A graph is allocated
 * with room for all that it can hold except the tensors' numbers and the graphs within it, so that
 * adding anything else cannot fail.
 *
 * The graph of a model has one node of the cell's kind for each layer k:
 *
 *     ids (T, B) -> Gather (embedding) or OneHot -> (T, B, I)
 *                -> RNN, GRU or LSTM             -> (T, D, B, H)
 *                -> Squeeze                      -> (T, B, H)
 *                -> MatMul -> Add                -> logits (T, B, V)
 *
 * Where ONNX has no operator for the cell, a few nodes replace it (onnx_scan.h).
 *
 * With two directions, Squeeze is replaced: Transpose and Reshape put the directions side by side,
 * (T, B, 2*H), or ReduceSum adds them up.
 *
 * Initial states are the inputs h_in_lk (and c_in_lk of a cell with c), final states the outputs
 * h_out_lk (c_out_lk), each (D, B, H). */
#ifndef RECUR_IO_ONNX_GRAPH_H
#define RECUR_IO_ONNX_GRAPH_H

#include "base/error.h"
#include "nn/cell.h"
#include "onnx.pb-c.h"
#include "recur/model.h"

/* The program that wrote the file. */
#define RECUR_ONNX_PRODUCER "recur"

/* Types of numbers. */
enum {
    RECUR_ONNX_FLOAT = 1,
    RECUR_ONNX_INT64 = 7,
    RECUR_ONNX_FLOAT16 = 10,
    RECUR_ONNX_DOUBLE = 11,
    RECUR_ONNX_BFLOAT16 = 16,
};

#define RECUR_ONNX_RANK_MAX 3

/* A cell in ONNX's terms. Block g of an ONNX tensor is block order[g] of recur's: an LSTM has i o f
 * c for recur's i f g o, a GRU z r h for r z n. */
struct recur_onnx_cell {
    enum recur_cell cell;
    const char *operator;
    unsigned char order[RECUR_GATES_MAX];
    const char *variant; /* the attribute that distinguishes cells of one operator; NULL: none */
    int64_t value;
};

/* The cell in ONNX's terms; NULL where ONNX has no operator for it. */
const struct recur_onnx_cell *recur_onnx_cell_of(enum recur_cell cell);

/* Permutes blocks of `block` numbers of a cell that ONNX has an operator for, from recur's order to
 * ONNX's or back. */
void recur_onnx_permute(enum recur_cell cell, bool to_onnx, const float *from, size_t block,
                        float *to);

/* ONNX's name of an activation; NULL where ONNX has none. */
const char *recur_onnx_activation(enum recur_activation activation);

struct recur_onnx_graph {
    Recur__Onnx__Graph message;
    void *block;
    struct recur_onnx_node *nodes;
    struct recur_onnx_tensor *tensors;
    struct recur_onnx_value *values;
    char (*names)[48];
    size_t names_count, values_count;
};

/* How much a graph can hold; each is 1 or more. */
struct recur_onnx_room {
    size_t nodes, tensors, values, names;
};

enum recur_status recur_onnx_graph_create(const struct recur_onnx_room *room,
                                          struct recur_onnx_graph *graph, recur_error *error);
void recur_onnx_graph_free(struct recur_onnx_graph *graph);

/* Makes the name "STEMk", and with "_reverse" behind it for direction 1. The graph owns it. */
char *recur_onnx_name(struct recur_onnx_graph *graph, const char *stem, size_t layer,
                      size_t direction);

/* Adds an initializer of floats. Fill in `*values`, row-major, then seal the graph. Errors:
 * MEMORY. */
enum recur_status recur_onnx_add_floats(struct recur_onnx_graph *graph, char *name, size_t rank,
                                        const size_t *shape, float **values, recur_error *error);
/* Converts the values of every initializer of floats to the file's bytes. */
void recur_onnx_seal(struct recur_onnx_graph *graph);
#define RECUR_ONNX_INTS_MAX 4
/* Adds an initializer of at most RECUR_ONNX_INTS_MAX integers with the shape (count). */
void recur_onnx_add_ints(struct recur_onnx_graph *graph, char *name, const int64_t *values,
                         size_t count);

/* Adds a node. NULL ends its inputs, and NULL ends its outputs. */
struct recur_onnx_node *recur_onnx_add_node(struct recur_onnx_graph *graph, const char *type,
                                            char *const *inputs, char *const *outputs);
void recur_onnx_set_int(struct recur_onnx_node *node, const char *name, int64_t value);
/* `values` must outlive the graph. */
void recur_onnx_set_ints(struct recur_onnx_node *node, const char *name, const int64_t *values,
                         size_t count);
void recur_onnx_set_string(struct recur_onnx_node *node, const char *name, const char *value);
/* Sets an attribute to the same string `count` times. */
void recur_onnx_set_strings(struct recur_onnx_node *node, const char *name, const char *value,
                            size_t count);

/* Sets an attribute to a copy of another graph. Errors: MEMORY. */
enum recur_status recur_onnx_set_graph(struct recur_onnx_node *node, const char *name,
                                       const struct recur_onnx_graph *value, recur_error *error);

/* Adds an input or output of the graph. Where `symbols` has NULL, the number in `shape` counts. */
void recur_onnx_add_value(struct recur_onnx_graph *graph, bool output, char *name, int type,
                          size_t rank, const char *const *symbols, const size_t *shape);

#endif
