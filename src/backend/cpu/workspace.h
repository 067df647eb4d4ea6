/* The planner: it computes every buffer of a pass over B sequences of up to T steps before the
 * first step, allocates them as one block, and splits the work among threads.
 *
 * Rows are numbered t * B + b, or, where sequences differ in length, as backend/lengths.h says.
 * Large minibatches of equal length may lie in micro-batches, one after the other, each numbered in
 * this way. Threads that share a minibatch then write far apart; else the processor fetches ahead
 * for one thread what another is writing. The cuts depend on the batch and not on the threads, so
 * sums over all rows have one order. For each layer and direction (U = panels of H, S = slots):
 *
 *     z    U * S panels (T*B, 32)        gates; backward: gradients of their pre-activations
 *     h    U panels ((T+1)*B, 32)        hidden states after each step, in the order of the rows,
 *                                        which are also the step's outputs; and B initial ones, in
 *                                        front of the others in the forward direction, behind the
 *                                        last row of the pass in the backward one: either way
 *                                        the state before a step stands one step further
 *     c    as h                          cell states (lstm)
 *     q    U panels (T*B, 32)            r * h' (gru-reset-before)
 *     dh   as h                          gradients; that of the initial state comes out as well
 *     dc, dq  U panels (B, 32)           carried from step to step
 *     arguments, bias_sums, gain_sums    as dc, several to a unit panel (backend/cpu/normalise.h)
 *
 * Long panels that are walked side by side lie at distances that are no multiple of 4096 bytes:
 * such a distance would put all of them into the same few sets of the L1 cache. */
#ifndef RECUR_BACKEND_CPU_WORKSPACE_H
#define RECUR_BACKEND_CPU_WORKSPACE_H

#include "backend/cpu/kernels/kernels.h"
#include "base/team.h"
#include "nn/network.h"

/* Buffers of one layer and direction. Offsets of panels for products count from `h`, `q` or `z`. */
struct recur_stream {
    size_t z_stride, h_stride; /* from panel to panel, in numbers; q's is z's, c's and dh's h's */
    real *z, *h, *c, *q;
    real *dh, *dc, *dq;
    real *ends; /* U panels (B, 32): gradients of the last hidden states, where the caller gives
                   them */
    real *slot_bias;             /* (U*S, 32): b_ih + b_hh where they meet */
    real *carried_h, *carried_c; /* U panels (B, 32): the last states, for the next pass; or NULL */
    uint32_t *h_pairs, *q_pairs; /* in bf16 (backend/cpu/bf16.h) */
    ptrdiff_t *h_panels, *q_panels;                /* (U) */
    ptrdiff_t *gate_panels[RECUR_CELL_PHASES_MAX]; /* z panels of a phase's gates, (U * gates) */
    ptrdiff_t *input_panels;                       /* the z panels that get x W_ih^T, (U * G) */
    real *recurrent_transposed[RECUR_CELL_PHASES_MAX]; /* W_hh^T of a phase: U panels (U*gates*32,
                                                          32) */
    real *dropped; /* weight_hh without what weight drop takes from it, as the parameters lie;
                      NULL: it takes nothing */
    /* Of a cell with layer normalisation (backend/cpu/normalise.h). */
    real *gain, *bias;             /* (U, slots and c, 32) */
    struct recur_moments *moments; /* (T*B, RECUR_LINES_MAX) */
    struct recur_moments *sums;    /* (B, U, RECUR_LINES_MAX) */
    real *arguments, *bias_sums, *gain_sums;
    real *input_transposed; /* W_ih^T: panels of the input (U*G*32, 32) */
};

/* One panel of a layer's input or output: where its row 0 lies, its gradient, its width. */
struct recur_feature {
    real *value;
    real *gradient;  /* NULL in a workspace that does not train */
    uint32_t *pairs; /* in bf16 (backend/cpu/bf16.h) */
    size_t width;    /* lanes in use */
    /* The states that `value` is the sum of, with or without dropout, and their gradients; the
     * second one is NULL where there is only one. They begin at row 0 after step 0. Where the
     * states before each step are handed on, they begin at row 0 of h, and `value` and `gradient`
     * are copies in the rows of the steps. */
    real *state[RECUR_DIRECTIONS_MAX];
    real *state_gradient[RECUR_DIRECTIONS_MAX];
};

/* What stands between two layers, below the first and above the last: the panels of x or of y. */
struct recur_layer_input {
    size_t panels;
    size_t columns;                /* columns to multiply: 32 * (panels - 1) + width of the
                                      last */
    bool copies;                   /* its values are computed from states and are not the states
                                      themselves */
    struct recur_feature *feature; /* (panels) */
    ptrdiff_t *value_panels;       /* of feature values, from `base` */
};

/* A team shares a pass as a grid: partitions of the batch times directions that run at once times
 * partitions of the hidden units. Partitions of the batch need nothing of each other, directions
 * meet after every layer, partitions of the units wait for each other after every step. */
struct recur_grid {
    size_t batch_partitions, directions, unit_partitions;
    struct recur_barrier *barrier; /* (batch_partitions), for a partition's threads */
    struct recur_barrier *inner;   /* (batch_partitions, directions), for those of one direction */
};

struct recur_workspace {
    size_t batch, steps; /* B, T */
    size_t rows;         /* of all steps; B * T, or fewer where sequences differ in length */
    size_t micro_rows;   /* sequences of a micro-batch, at least */
    bool trains;
    bool shares, carries, headless; /* as struct recur_work_plan says */
    size_t candidates;              /* likewise */
    bool far; /* the weights that a thread walks at each step are larger than its L2 cache */
    struct recur_grid grid;
    void *block;
    size_t block_bytes;
    const real *base;                      /* of value_panels */
    struct recur_stream *stream;           /* (L, D) */
    struct recur_layer_input *layer_input; /* (L + 1): [l] is layer l's input, [L] the head's */
    size_t logit_stride;
    real *logits;            /* panels of V or of the candidates, (T*B, 32); then their gradients */
    ptrdiff_t *logit_panels; /* from `logits` */
    real *head, *head_bias;  /* of passes over candidates: their columns of the head; else NULL */
    real *head_transposed;
    real *loss;              /* (T*B) */
    struct recur_bf16 *bf16; /* beside the floats (backend/cpu/bf16.h), or NULL */
    struct recur_int8 *int8; /* likewise (backend/cpu/int8.h) */
};

/* What kind of passes the workspace is planned for. */
struct recur_work_plan {
    size_t batch, steps; /* B, T, at most */
    size_t rows;         /* of all steps; 0: B * T */
    size_t threads;      /* of the team that will run them */
    size_t tile_rows;    /* bf16_tile_rows of the kernels, in bf16; else 0 */
    bool trains;         /* backward too */
    bool shares;         /* only the outputs of the last layer count after a pass: layers use the
                            same buffers in turn, and memory does not grow with their number */
    bool carries;        /* where layers share: the next pass may start from the last states */
    bool headless;       /* no pass computes logits; recur_pass_logits computes some on demand */
    size_t candidates;   /* columns of the head that a pass has at most; 0: all */
};

/* Errors: MEMORY. recur_workspace_free releases it, also after an error. */
enum recur_status recur_workspace_plan(struct recur_workspace *work,
                                       const struct recur_network *network,
                                       const struct recur_work_plan *plan, recur_error *error);

/* The same for passes whose layers keep their states and which compute logits. */
enum recur_status recur_workspace_init(struct recur_workspace *work,
                                       const struct recur_network *network, size_t batch,
                                       size_t steps, bool trains, size_t threads,
                                       recur_error *error);

/* About how many bytes a row takes where layers share their buffers and there are no logits. */
size_t recur_workspace_row_bytes(const struct recur_network *network);

void recur_workspace_free(struct recur_workspace *work);

/* Sets a grid of that size in place of the planner's choice; for tests too. Errors: MEMORY. */
enum recur_status recur_grid_set(struct recur_grid *grid, size_t batch_partitions,
                                 size_t directions, size_t unit_partitions, recur_error *error);
void recur_grid_free(struct recur_grid *grid);

static inline size_t recur_grid_threads(const struct recur_grid *grid)
{
    return grid->batch_partitions * grid->directions * grid->unit_partitions;
}

/* The row of h, c and dh in direction d with the state after row 0. */
static inline size_t recur_workspace_after(const struct recur_workspace *work, size_t d)
{
    return d ? 0 : work->batch;
}

static inline struct recur_stream *recur_workspace_stream(const struct recur_workspace *work,
                                                          const struct recur_network *network,
                                                          size_t l, size_t d)
{
    return &work->stream[l * network->directions + d];
}

/* What direction d of layer l reads: the inputs below, or its direction's part of them. */
static inline struct recur_layer_input recur_workspace_input(const struct recur_workspace *work,
                                                             const struct recur_network *network,
                                                             size_t l, size_t d)
{
    struct recur_layer_input layer_input = work->layer_input[l];
    if (!recur_network_apart(network, l))
        return layer_input;
    layer_input.panels /= network->directions;
    layer_input.columns = network->layer[l - 1].hidden;
    layer_input.feature += d * layer_input.panels;
    layer_input.value_panels += d * layer_input.panels;
    return layer_input;
}

#endif
