/* Reads layers of the cells that ONNX has no operator for (onnx_scan.h). */
#ifndef RECUR_IO_ONNX_SCAN_READ_H
#define RECUR_IO_ONNX_SCAN_READ_H

#include "io/onnx_index.h"
#include "io/onnx_scan.h"

/* Does a graph whose next node is a MatMul go on with layer l? Otherwise that is the head's. */
bool recur_onnx_scan_follows(const struct recur_onnx_index *index, size_t l);

/* Reads layer l, which reads `x` and whose first node is number *next, and moves *next behind its
 * last one. The nodes must be those that recur writes for the shape of R: a Scan's body is compared
 * and never parsed. Errors: FORMAT, UNSUPPORTED, MEMORY. */
enum recur_status recur_onnx_scan_read(struct recur_onnx_index *index, size_t l, size_t *next,
                                       const char *x, struct recur_onnx_scan *scan,
                                       struct recur_onnx_scan_tensors *tensors, recur_error *error);

#endif
