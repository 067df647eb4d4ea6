/* What a pass in bf16 has besides the floats: copies of every operand of a product, two numbers in
 * a 32-bit word. Everything else stays as it is: parameters, states, softmax, gradients of
 * parameters and the optimiser are floats, and so are all sums; so are gates and their gradients,
 * unless they are kept in their copies alone (backend/cpu/beside.h).
 *
 *     weights    of the parameters (K, 32): pairs of rows, right operands of the forward products
 *     copy       of the workspace: activations (rows, 32) as pairs of columns, left operands;
 *                transposed weights as pairs of rows, right operands of the backward products
 *     row pairs  the operands of weight gradients: states before each step and the layers' inputs
 *                (struct recur_stream and struct recur_feature have their places); each thread
 *                makes those of the gates' gradients as it needs them
 *
 * The copies lie in the order of their originals, at half the distance. */
#ifndef RECUR_BACKEND_CPU_BF16_H
#define RECUR_BACKEND_CPU_BF16_H

#include "backend/cpu/partition.h"

struct recur_bf16 {
    void *block;
    uint32_t *weights, *copy;
    size_t stride;       /* words from panel to panel of row pairs */
    uint32_t **gates;    /* by thread: RECUR_GATES_TOGETHER panels of row pairs */
    uint32_t **gathered; /* by thread: a panel of states, each in the row of the step after it */
    real **tiles;        /* by thread: two tiles of a step's gates (backend/cpu/beside.h) */
};

/* Adds the copies to a workspace, which releases them. `blocks`: into so many each minibatch is
 * cut. Errors: MEMORY. */
enum recur_status recur_bf16_create(struct recur_workspace *work,
                                    const struct recur_network *network, size_t threads,
                                    size_t blocks, recur_error *error);
void recur_bf16_free(struct recur_bf16 *bf16);

/* The place of the copy of a number of the workspace or of the parameters. */
uint32_t *recur_bf16_of(const struct recur_pass *pass, const real *number);

/* The pairs of `count` numbers over which a product sums. Tiles are filled, so that they need not
 * change their sizes for the last of them: what fills them is zero in one operand and finite in the
 * other. Where a caller's numbers are read it need not be finite: there tiles are not filled. */
static inline size_t recur_bf16_depth(const struct recur_pass *pass, size_t count)
{
    bool fills = pass->kernels->bf16_tile_rows && !pass->network->inputs;
    return fills ? recur_panels(count) * RECUR_LANES / 2 : (count + 1) / 2;
}

/* How many words before a block's row pairs a panel has. */
size_t recur_bf16_block(const struct recur_pass *pass, size_t block);

/* Makes the row pairs of states and inputs: this thread's part of them. The team meets before and
 * after. */
void recur_bf16_pair(const struct recur_pass *pass, size_t thread, size_t threads);

#endif
