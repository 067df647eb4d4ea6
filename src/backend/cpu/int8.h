/* What a forward pass over a quantised model has besides the floats: weights as bytes with a scale
 * for each output, and a copy of the activations as bytes. States are between -1 and 1, so their
 * scale is always 127; the scale of embeddings follows from the largest one. Sums of products are
 * integers. */
#ifndef RECUR_BACKEND_CPU_INT8_H
#define RECUR_BACKEND_CPU_INT8_H

#include "backend/cpu/partition.h"
#include "nn/quantize.h"

struct recur_int8 {
    void *block;
    uint32_t *weights; /* of the parameters (K, 32): fours of rows */
    real *scales;      /* for each of a panel's 32 outputs, at a 32nd of the panel's place among
                          the parameters */
    int32_t *offsets;  /* in the same places: int8_zero_point of the kernels times the sum of an
                          output's weights, because the bytes of the activations are too large by
                          int8_zero_point */
    uint32_t *copy;    /* of the workspace: activations (rows, 32), fours of columns */
    real embedding;    /* the largest magnitude of an embedding */
};

/* Adds the int8 copies to a workspace that does not train; the workspace releases them. Errors:
 * MEMORY. */
enum recur_status recur_int8_create(struct recur_workspace *work,
                                    const struct recur_network *network, recur_error *error);
void recur_int8_free(struct recur_int8 *int8);

/* recur_int8_pack makes the bytes of panel `panel` of parameter number `index`; recur_int8_measure
 * finds the largest magnitude of an embedding. */
void recur_int8_pack(const struct recur_pass *pass, size_t index, size_t panel);
void recur_int8_measure(const struct recur_pass *pass);

void recur_int8_changed(const struct recur_pass *pass, const real *x, size_t rows);

/* Does the work of recur_pass_multiply, which calls it; it adds to what c holds. */
void recur_int8_multiply(const struct recur_pass *pass, real *c, size_t c_stride,
                         const struct recur_left *left, const real *w, size_t w_stride,
                         size_t panels, size_t rows);

#endif
