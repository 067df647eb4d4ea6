/* One pass of a minibatch through a network: forward, loss, backward, weight gradients.
 *
 * The sequences may differ in length (backend/cpu/lengths.h): at each step only the rows of those
 * that go on exist. Where `lengths` is NULL all B sequences have `steps` steps.
 *
 * Each function is called by every thread of the team with its number. Between forward and
 * backward nobody waits: a partition of the batch belongs to the same threads all the way down.
 * Before recur_pass_gradients, and before and after recur_pass_prepare, the whole team meets.
 *
 *     prepare   weights, transposed for backward; biases summed         (after every update)
 *     forward   ids -> logits -> loss and the logits' gradient, by partitions of the batch
 *     backward  the gradients of every z, by partitions of the batch
 *     gradients every weight gradient, one product over all rows, by panels
 *
 * Every number is summed in one order that the partitions do not change: same bits on any number of
 * threads. */
#ifndef RECUR_BACKEND_CPU_PASS_H
#define RECUR_BACKEND_CPU_PASS_H

#include "backend/cpu/lengths.h"
#include "backend/cpu/sparse_rows.h"
#include "backend/cpu/workspace.h"
#include "recur/training.h"

/* Panels of gates, at most, whose weight gradients a thread works out side by side: a panel of
 * states or inputs, half of which another thread has written, then comes into its cache once for
 * all of them. */
#define RECUR_GATES_TOGETHER 4

/* What goes through the network. */
struct recur_pass_batch {
    const struct recur_lengths *lengths; /* at most work->batch x work->steps; or NULL */
    size_t steps;           /* T of this pass, at most work->steps; of the longest sequence */
    size_t sequences;       /* only so many of the batch, the first ones; 0: all */
    size_t micro_batch;     /* of equal lengths, so many lie together (workspace.h); 0: all */
    const int32_t *ids;     /* by rows, each below V; not where the network reads numbers */
    const int32_t *targets; /* by rows; below 0: no loss there. NULL: logits only */
};

/* What the first steps begin with. */
struct recur_pass_states {
    size_t carried_steps; /* of the last pass over `work`, whose last state this one starts from;
                             0: from zero. Both are of equal lengths */
    bool given;           /* initial states are in place (recur_pass_initial); else zero */
    bool in_place;        /* a single step whose given states are complete, low-precision copies
                             too, and seen by all threads of a partition: none waits before it goes on,
                             nor for the logits of others */
    const size_t *buffer; /* of single steps of one sequence whose state stays here, copied by
                             nobody: of the two rows behind the initial ones it goes to number
                             *buffer, 0 or 1, and comes from the other. NULL: from the initial one
                             to the first */
};

/* Gradients beside those of the parameters. */
struct recur_pass_backward {
    bool given_ends;    /* those of the last states are there, in `ends` and dc; else zero */
    bool given_outputs; /* that of the top input is there: the head's is added to it */
    bool wants_initial; /* those of the initial states are to be complete */
    bool wants_inputs;  /* those of the numbers that the network reads are wanted */
};

struct recur_pass_dropout {
    bool on;
    uint64_t key; /* another one for every minibatch */
};

struct recur_pass_phases {
    double *seconds; /* by enum recur_phase, of thread 0; NULL: not measured */
    double start;    /* recur_clock() when thread 0 began its present phase */
};

struct recur_pass {
    /* What is computed. */
    const struct recur_network *network;
    const struct recur_kernels *kernels;
    struct recur_workspace *work;
    const real *parameters;                 /* flat, as network->params says */
    real *gradients;                        /* the same; written, not added to */
    const struct recur_sparse_rows *sparse; /* where they are all zero else; or NULL */
    bool headless;                          /* neither logits nor their gradient */
    size_t layers;                          /* only so many layers, from the lowest up; 0: all */
    real loss_scale;                        /* the loss is loss_scale times the sum over all rows */

    struct recur_pass_batch batch;
    struct recur_pass_states states;
    struct recur_pass_backward backward;
    struct recur_pass_dropout dropout;
    struct recur_pass_phases phases;
    atomic_size_t next_task; /* of prepare and gradients; 0 at the start of each */
};

/* B; the sequences that have a step t; the rows of all. */
static inline size_t recur_pass_batch(const struct recur_pass *pass)
{
    size_t all = pass->batch.sequences ? pass->batch.sequences : pass->work->batch;
    return pass->batch.lengths ? pass->batch.lengths->batch : all;
}

static inline size_t recur_pass_alive(const struct recur_pass *pass, size_t t)
{
    return pass->batch.lengths ? pass->batch.lengths->alive[t] : recur_pass_batch(pass);
}

static inline size_t recur_pass_rows(const struct recur_pass *pass)
{
    return pass->batch.lengths ? pass->batch.lengths->rows
                               : pass->batch.steps * recur_pass_batch(pass);
}

/* Sequences of a micro-batch. */
static inline size_t recur_pass_micro_batch(const struct recur_pass *pass)
{
    return pass->batch.lengths || !pass->batch.micro_batch ? recur_pass_batch(pass)
                                                           : pass->batch.micro_batch;
}

/* The row of step t of sequence b, in a pass of so many steps. Those of the sequences behind it lie
 * next to it as far as the micro-batch goes. */
static inline size_t recur_pass_row_of(const struct recur_pass *pass, size_t steps, size_t t,
                                       size_t b)
{
    size_t each = recur_pass_micro_batch(pass);
    return pass->batch.lengths ? pass->batch.lengths->offset[t] + b
                               : (b / each * steps + t) * each + b % each;
}

static inline size_t recur_pass_row(const struct recur_pass *pass, size_t t, size_t b)
{
    return recur_pass_row_of(pass, pass->batch.steps, t, b);
}

/* How many of the sequences [b, end) lie next to each other at each step, from b on. */
static inline size_t recur_pass_beside(const struct recur_pass *pass, size_t b, size_t end)
{
    size_t each = recur_pass_micro_batch(pass), left = each - b % each;
    return left < end - b ? left : end - b;
}

/* How far behind row 0 of a state the one is that this pass writes. */
static inline size_t recur_pass_buffer(const struct recur_pass *pass)
{
    return pass->states.buffer ? *pass->states.buffer : 0;
}

/* Rows of h, c and dh in direction d: the state of sequence b after step t, and where the initial
 * ones begin. */
static inline size_t recur_pass_after(const struct recur_pass *pass, size_t d, size_t t, size_t b)
{
    return recur_workspace_after(pass->work, d) + recur_pass_row(pass, t, b) +
           recur_pass_buffer(pass);
}

static inline size_t recur_pass_initial(const struct recur_pass *pass, size_t d)
{
    if (pass->states.buffer)
        return recur_workspace_after(pass->work, d) + 1 - recur_pass_buffer(pass);
    return d ? recur_pass_rows(pass) : pass->work->batch - recur_pass_batch(pass);
}

/* Packs an array (T, B) of ids into the pass's rows; slot b holds the caller's sequence order[b],
 * or b where that is NULL. */
void recur_pass_pack_ids(const struct recur_pass *pass, const size_t *order, int32_t *rows,
                         const int32_t *ids);

/* Weights as backward wants them and the sums of biases. `backward` false: the biases alone. */
void recur_pass_prepare(struct recur_pass *pass, bool backward);

/* Leaves log-losses in work->loss, row by row, and, where targets are given, the gradient of the
 * loss in work->logits; logits where they are not. */
void recur_pass_forward(struct recur_pass *pass, size_t thread);

/* Logits of the rows [row, row + rows) of a headless pass that is through, and whose top layer ran:
 * x, panels of them (rows, 32), lie `stride` numbers apart. */
void recur_pass_logits(const struct recur_pass *pass, size_t row, size_t rows, real *x,
                       size_t stride);
/* The same of one of the panels, to x (rows, 32); `stride` says what is written next. */
void recur_pass_logits_panel(const struct recur_pass *pass, size_t row, size_t rows, size_t panel,
                             real *x, size_t stride);

void recur_pass_backward(struct recur_pass *pass, size_t thread);

/* In bf16 the team calls recur_bf16_pair and meets before. */
void recur_pass_gradients(struct recur_pass *pass, size_t thread);

/* Thread 0 has done the work of a phase: adds the time since the last mark to it. */
void recur_pass_mark(struct recur_pass *pass, size_t thread, enum recur_phase phase);

/* The sum of work->loss, row by row. */
double recur_pass_loss_sum(const struct recur_pass *pass);

#endif
