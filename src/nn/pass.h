/* One pass of a minibatch through a network: forward, loss, backward, weight gradients.
 *
 * Each function is called by every thread of the team with its number. Between forward and
 * backward nobody waits: a slice of the batch belongs to the same threads all the way down.
 * Before recur_pass_gradients, and before and after recur_pass_prepare, the whole team meets.
 *
 *     prepare   weights, transposed for backward; biases summed         (after every update)
 *     forward   ids -> logits -> loss and the logits' gradient, by slices of the batch
 *     backward  the gradients of every z, by slices of the batch
 *     gradients every weight gradient, one product over all T*B rows, by panels
 *
 * Every number is summed in one order that the slices do not change: same bits on any number of
 * threads. */
#ifndef RECUR_NN_PASS_H
#define RECUR_NN_PASS_H

#include "nn/workspace.h"
#include "recur/trainer.h"

struct recur_pass {
    const struct recur_network *network;
    const struct recur_kernels *kernels;
    struct recur_workspace *work;
    const real *parameters;  /* flat, as network->params says */
    real *gradients;         /* the same; written, not added to */
    size_t steps;            /* T of this pass, at most work->steps */
    const int32_t *ids;      /* (T, B), each below V */
    const int32_t *targets;  /* (T, B); below 0: no loss there. NULL: logits only */
    size_t carried_steps;    /* of the last pass over `work`, whose last state this one starts from;
                                0: from zero */
    bool drops;              /* dropout is on */
    uint64_t dropout_key;    /* another one for every minibatch */
    real loss_scale;         /* the loss is loss_scale times the sum over all rows */
    atomic_size_t next_task; /* of prepare and gradients; 0 at the start of each */
    double *phase_seconds;   /* by enum recur_phase, of thread 0; NULL: not measured */
    double phase_start;      /* recur_clock() when thread 0 began its present phase */
};

/* Weights as backward wants them and the sums of biases. `backward` false: the biases alone. */
void recur_pass_prepare(struct recur_pass *pass, bool backward);

/* Leaves log-losses in work->loss (T*B) and, where targets are given, the gradient of the loss in
 * work->logits; logits where they are not. */
void recur_pass_forward(struct recur_pass *pass, size_t thread);

void recur_pass_backward(struct recur_pass *pass, size_t thread);

void recur_pass_gradients(struct recur_pass *pass);

/* On all of `team`: recur_pass_prepare, and, for passes that only look, a forward pass. */
void recur_pass_run_prepare(struct recur_pass *pass, struct recur_team *team, bool backward);
void recur_pass_run_forward(struct recur_pass *pass, struct recur_team *team);

/* Thread 0 has done the work of a phase: adds the time since the last mark to it. */
void recur_pass_mark(struct recur_pass *pass, size_t thread, enum recur_phase phase);

/* The sum of work->loss, row by row. */
double recur_pass_loss_sum(const struct recur_pass *pass);

#endif
