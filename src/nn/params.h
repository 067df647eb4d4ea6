/* The one table of a network's parameters: name, shape, place and initial values of every tensor.
 * Initialisation, files, `recur info` and the gradient checks all walk this table; there is no
 * other list.
 *
 * All parameters lie in one flat array, in panels (nn/panels.h), ready for the products. Gradients
 * and the optimiser's moments have the same layout, so that clipping and updating are one loop
 * each. The panels' unused lanes are zero and stay zero, because their gradient is zero. */
#ifndef RECUR_NN_PARAMS_H
#define RECUR_NN_PARAMS_H

#include "base/real.h"
#include "base/rng.h"
#include "nn/panels.h"
#include "recur/model.h"

enum recur_param_init {
    RECUR_PARAM_ZERO,
    RECUR_PARAM_UNIFORM, /* U(-spread, spread) */
    RECUR_PARAM_NORMAL,  /* N(0, spread^2) */
    RECUR_PARAM_ONE,     /* all 1 */
};

/* A tensor has two axes here. The wide axis runs along the lanes and is cut into `groups` blocks
 * (the gates) of `width` units. The deep axis runs along the rows of each panel and is `segments`
 * pieces of `segment` numbers, each padded to a multiple of 32. Panel u * groups + g holds units
 * 32 u .. 32 u + 31 of block g: the gates of 32 units stand next to each other. */
struct recur_param {
    char name[64];
    size_t rank, rows, columns; /* the logical tensor, row-major, as PyTorch has it */
    bool wide_columns;          /* the lanes run along the columns (embedding), not the rows */
    size_t groups, width;       /* wide axis: groups * width numbers */
    size_t segments, segment;   /* deep axis: segments * segment numbers; biases 1 * 1 */
    size_t depth;               /* rows of a panel, padding included */
    size_t panels;
    size_t offset, span; /* in the flat array, in numbers */
    enum recur_param_init init;
    real spread;
};

struct recur_params {
    struct recur_param *entry;
    size_t count, capacity;
    size_t span;    /* of the flat array, in numbers, padding included; a multiple of 32 */
    size_t learned; /* numbers without padding */
};

/* Adds a tensor to the table and stores its index in *index. ARGUMENT where it is too large for
 * this machine. It reads the fields name, rank, wide_columns, groups, width, segments, segment,
 * init and spread of `param` and computes the others. */
enum recur_status recur_params_add(struct recur_params *params, const struct recur_param *param,
                                   size_t *index, recur_error *error);
void recur_params_free(struct recur_params *params);

/* Where panel `panel` begins in the flat array. */
static inline size_t recur_param_panel(const struct recur_param *param, size_t panel)
{
    return param->offset + panel * param->depth * RECUR_LANES;
}

/* Where element [row][column] of the logical tensor lies in the flat array. */
size_t recur_param_place(const struct recur_param *param, size_t row, size_t column);

/* recur_param_unpack copies from the flat array to row-major values, recur_param_pack copies
 * back. */
void recur_param_unpack(const struct recur_param *param, const real *flat, real *values);
void recur_param_pack(const struct recur_param *param, real *flat, const real *values);

/* Draws the initial values, tensor by tensor in row-major order; they do not depend on the
 * layout. */
void recur_params_init(const struct recur_params *params, real *flat, uint64_t seed);

#endif
