/* Reads the numbers of ONNX tensors, which are raw bytes or fields for each type. */
#ifndef RECUR_IO_ONNX_TENSOR_H
#define RECUR_IO_ONNX_TENSOR_H

#include "io/onnx_graph.h"

/* Can recur read the tensor? It must have at most RECUR_ONNX_RANK_MAX dimensions, none below 1, and
 * as many numbers, int64 or floating-point, as its shape says. The other functions rely on this. */
enum recur_status recur_onnx_check_tensor(const Recur__Onnx__Tensor *tensor, recur_error *error);

/* Converts the dimensions to sizes; `shape` has room for RECUR_ONNX_RANK_MAX. */
void recur_onnx_shape(const Recur__Onnx__Tensor *tensor, size_t *shape);

/* Converts numbers [first, first + count) of a tensor whose type is not int64 to floats. */
void recur_onnx_floats(const Recur__Onnx__Tensor *tensor, size_t first, size_t count,
                       float *values);

/* Is the tensor a list of exactly these integers? */
bool recur_onnx_is_ints(const Recur__Onnx__Tensor *tensor, const int64_t *values, size_t count);

#endif
