/* One pass of a minibatch through a network: forward, loss, backward, weight gradients.
 *
 * The sequences may differ in length (backend/lengths.h): at each step there are rows only of
 * the sequences that still run. Where `lengths` is NULL all B sequences have `steps` steps.
 *
 * Every thread of the team calls each function with its number. Nobody waits between forward and
 * backward, because a partition of the batch belongs to the same threads in both. The whole team
 * meets before recur_pass_gradients, and before and after recur_pass_prepare.
 *
 *     prepare   weights, transposed for backward; biases summed         (after every update)
 *     forward   ids -> logits -> loss and the logits' gradient, by partitions of the batch
 *     backward  the gradients of every z, by partitions of the batch
 *     gradients every weight gradient, one product over all rows, by panels
 *
 * Where sums over ranks begin meanwhile, backward and gradients take turns: the head's, then those
 * of each layer.
 *
 * Every number is summed in one order, which the partitions do not change: the bits are the same on
 * any number of threads. */
#ifndef RECUR_BACKEND_CPU_PASS_H
#define RECUR_BACKEND_CPU_PASS_H

#include "backend/cpu/candidates.h"
#include "backend/cpu/parcels.h"
#include "backend/cpu/sparse_rows.h"
#include "backend/cpu/workspace.h"
#include "backend/lengths.h"
#include "recur/training.h"

/* The most panels of gates whose weight gradients a thread computes side by side. A panel of states
 * or inputs, half of which another thread has written, then comes into the thread's cache once for
 * all of them. Panels of floats are twice as large as those of bf16; there it is half as many. */
#define RECUR_GATES_TOGETHER 8

/* What goes through the network. */
struct recur_pass_batch {
    const struct recur_lengths *lengths; /* at most work->batch x work->steps; or NULL */
    size_t steps;           /* T of this pass, at most work->steps; of the longest sequence */
    size_t sequences;       /* only so many of the batch, from the first on; 0: all */
    size_t micro_batch;     /* so many sequences of equal lengths lie together (workspace.h); 0:
                               all */
    const int32_t *ids;     /* by rows, each below V; unused where the network reads numbers */
    const int32_t *targets; /* columns of the logits, by rows; below 0: no loss there. NULL:
                               logits only */
};

/* What the first steps begin with. */
struct recur_pass_states {
    size_t carried_steps; /* the steps of the last pass over `work`, from whose last state this
                             one starts; 0: it starts from zero. Both passes are of equal lengths */
    bool given;           /* initial states are in place (recur_pass_initial); else zero */
    bool in_place;        /* a single step whose given states are complete, with their
                             low-precision copies, and which all threads of a partition have seen:
                             no thread waits before it goes on, nor for the logits of others */
    const size_t *buffer; /* for single steps of one sequence whose state stays here and is never
                             copied: of the two rows behind the initial ones the step writes number
                             *buffer, 0 or 1, and reads the other. NULL: it reads the initial row
                             and writes the first */
};

/* Gradients besides those of the parameters. */
struct recur_pass_backward {
    bool given_ends;    /* the gradients of the last states are in `ends` and dc; else they are
                           zero */
    bool given_outputs; /* the gradient of the top input is in place, and the head's is added to
                           it */
    bool wants_initial; /* the gradients of the initial states must be complete */
    bool wants_inputs;  /* the gradients of the numbers that the network reads are wanted */
};

struct recur_pass_dropout {
    bool on;      /* what layers hand on is dropped */
    bool inputs;  /* embeddings are dropped */
    bool weights; /* recurrent weights are dropped */
    uint64_t key; /* different for every minibatch */
    size_t row;   /* how many rows lie before this pass's in the minibatch, on other ranks */
};

/* The weight gradients of a text's minibatch may be sums over blocks: micro-batches that are summed
 * one by one (base/pairwise.h). */
struct recur_pass_blocks {
    size_t first, count; /* 0: all rows are one sum */
    real **gradients;    /* the sums, as on a stack; the pass's own gradients come first */
    /* Where an update has several minibatches: what has been gathered of each block, or, without
     * blocks, of all rows. NULL: the gradients of a pass are those of its update. */
    real **gathered;
    bool goes_on, pauses; /* as in struct recur_minibatch */
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
    const real *parameters;                    /* flat, as network->params says */
    real *gradients;                           /* the same; written, not added to */
    const struct recur_sparse_rows *sparse;    /* the rows outside which they are all zero; or
                                                  NULL */
    const struct recur_candidates *candidates; /* the columns that the head has; NULL: all */
    bool headless;                             /* computes neither logits nor their gradient */
    size_t layers;                             /* only so many layers, from the lowest up; 0: all */
    size_t frozen;   /* so many layers, from the lowest up, and the table of
                        embeddings get no gradients */
    real ar;         /* weight of the mean square of what the head reads, in the gradient
                        alone (Merity, McCann & Socher 2017) */
    real loss_scale; /* the loss is loss_scale times the sum over all rows */

    struct recur_pass_batch batch;
    struct recur_pass_states states;
    struct recur_pass_backward backward;
    struct recur_pass_dropout dropout;
    struct recur_pass_blocks blocks;
    struct recur_parcels *parcels; /* whose sums over ranks begin as soon as they are complete;
                                      NULL: none do */
    struct recur_pass_phases phases;
    atomic_size_t next_task; /* of prepare and gradients; 0 at the start of each */
};

/* Columns of the logits. */
static inline size_t recur_pass_columns(const struct recur_pass *pass)
{
    return pass->candidates ? pass->candidates->count : pass->network->outputs;
}

/* B; the number of sequences that have a step t; the number of rows of all steps. */
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

/* The row of step t of sequence b, in a pass of so many steps. The rows of the sequences behind it
 * follow, up to the end of the micro-batch. */
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

/* How many of the sequences [b, end) are neighbours at each step, from b on. */
static inline size_t recur_pass_beside(const struct recur_pass *pass, size_t b, size_t end)
{
    size_t each = recur_pass_micro_batch(pass), left = each - b % each;
    return left < end - b ? left : end - b;
}

/* How far behind row 0 of a state the row lies that this pass writes. */
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

/* The row of h, c and dh in which sequence b ends: the initial one where it has no step. */
static inline size_t recur_pass_last(const struct recur_pass *pass, size_t d, size_t b)
{
    size_t length = pass->batch.lengths ? pass->batch.lengths->length[b] : pass->batch.steps;
    return length ? recur_pass_after(pass, d, d ? 0 : length - 1, b)
                  : recur_pass_initial(pass, d) + b;
}

/* Packs an array (T, B) of ids into the pass's rows; slot b holds the caller's sequence order[b],
 * or b where `order` is NULL. */
void recur_pass_pack_ids(const struct recur_pass *pass, const size_t *order, int32_t *rows,
                         const int32_t *ids);

/* Transposes the weights for backward and sums the biases. `backward` false: only the biases. */
void recur_pass_prepare(struct recur_pass *pass, bool backward);

/* Leaves log-losses in work->loss, row by row, and the gradient of the loss in work->logits. Where
 * there are no targets it leaves the logits. */
void recur_pass_forward(struct recur_pass *pass, size_t thread);

/* Logits of the rows [row, row + rows) after a headless pass in which the top layer ran: x, panels
 * of them (rows, 32), lie `stride` numbers apart. */
void recur_pass_logits(const struct recur_pass *pass, size_t row, size_t rows, real *x,
                       size_t stride);
/* The same for one of the panels, to x (rows, 32); `stride` says what is written next. */
void recur_pass_logits_panel(const struct recur_pass *pass, size_t row, size_t rows, size_t panel,
                             real *x, size_t stride);

void recur_pass_backward(struct recur_pass *pass, size_t thread);

/* In bf16 the team first calls recur_bf16_pair and then meets. */
void recur_pass_gradients(struct recur_pass *pass, size_t thread);

/* The same in parts, for passes with parcels, whose sums begin meanwhile: backward of the head;
 * then for each layer from the top one down its steps, and what they send to its inputs. */
void recur_pass_backward_head(struct recur_pass *pass, size_t thread);
void recur_pass_backward_steps(struct recur_pass *pass, size_t l, size_t thread);
void recur_pass_backward_inputs(struct recur_pass *pass, size_t l, size_t thread);

/* The gradients of the head and of the gates of all layers from l up, as far as no call has
 * computed them yet: after the steps of layer l, or, where l is the number of layers, after the
 * head. The team meets before. What is left is recur_pass_gradients'. */
void recur_pass_gradients_from(struct recur_pass *pass, size_t l, size_t thread);

/* Thread 0 has done the work of a phase: adds the time since the last mark to that phase. */
void recur_pass_mark(struct recur_pass *pass, size_t thread, enum recur_phase phase);

/* The sum of work->loss, row by row, over `rows` rows from `row` on. */
double recur_pass_loss_of(const struct recur_pass *pass, size_t row, size_t rows);

/* The same over all rows. */
double recur_pass_loss_sum(const struct recur_pass *pass);

#endif
