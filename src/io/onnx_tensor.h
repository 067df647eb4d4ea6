/* The numbers of ONNX tensors, raw or in fields by their type. */
#ifndef RECUR_IO_ONNX_TENSOR_H
#define RECUR_IO_ONNX_TENSOR_H

#include "io/onnx_graph.h"

/* Is the tensor what recur can read: of at most RECUR_ONNX_RANK_MAX dimensions, none below 1, of
 * int64 or floating-point numbers, as many as its shape says? The other functions rely on it. */
enum recur_status recur_onnx_check_tensor(const Recur__Onnx__Tensor *tensor, recur_error *error);

/* The dimensions as sizes; `shape` has room for RECUR_ONNX_RANK_MAX. */
void recur_onnx_shape(const Recur__Onnx__Tensor *tensor, size_t *shape);

/* Numbers [first, first + count) of a tensor that is not of int64. */
void recur_onnx_floats(const Recur__Onnx__Tensor *tensor, size_t first, size_t count,
                       float *values);

/* Is it a list of just these integers? */
bool recur_onnx_is_ints(const Recur__Onnx__Tensor *tensor, const int64_t *values, size_t count);

#endif
