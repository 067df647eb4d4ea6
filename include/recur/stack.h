/* recur/stack.h - a model's recurrent layers in a training loop of your own: sequences of any
 * lengths forward, any loss, backward, an update.
 *
 *     recur_stack_input input = {
 *         .batch = BATCH, .steps = LONGEST, .lengths = minibatch.lengths, .x = minibatch.x};
 *     recur_stack_output output = {.logits = logits};
 *     if ((status = recur_stack_forward(stack, &input, &output, error)) != RECUR_OK)
 *         return status;
 *     mean += squared_error(&minibatch, logits, dlogits) / 100;
 *     recur_stack_output_gradient gradient = {.dlogits = dlogits};
 *     if ((status = recur_stack_backward(stack, &gradient, NULL, error)) != RECUR_OK)
 *         return status;
 *     if ((status = recur_stack_update(stack, 0.01, NULL, error)) != RECUR_OK)
 *         return status;
 *
 * Arrays are row-major, step before sequence: (T, B, ...). A sequence's steps are t = 0 ..
 * length - 1; what stands behind them is never read, and is 0 in results. A sequence of length 0
 * has no outputs, and its last states are its initial ones. Cost follows the sum of the lengths,
 * not T x B. The backward direction of a bidirectional model begins at each sequence's own last
 * step.
 *
 * States are (L*D, B, H) as PyTorch's h_n and c_n: layer by layer, in each layer the forward
 * direction, then the backward one. Where layers differ in width, their parts (D, B, H_l) follow
 * each other; a sequence has recur_stack_states numbers in all. The last states are the forward
 * direction's after each sequence's own last step, and the backward direction's after its step 0.
 *
 * A stream of numbers whose end is not there yet can go forward piece by piece, without backward:
 * h_n and c_n of one call are h0 and c0 of the next and may be the same arrays. The outputs are the
 * same as for all steps in one call.
 *
 * The outputs of a model that fills in are the states around each step, which its head reads: the
 * forward direction's state before the step, the backward direction's behind it. Each step's target
 * is its own token.
 *
 * The results are the same bits for any number of threads and any order of the sequences within the
 * batch. Nothing is allocated after recur_stack_create. One thread at a time uses a stack, which
 * has a team of its own; while the stack updates its model, no other thread may read the model. In
 * a child process that may start no threads (recur/recur.h, "Processes") forward, backward and
 * update fail with MEMORY. */
#ifndef RECUR_STACK_H
#define RECUR_STACK_H

#include "recur/model.h"
#include "recur/trainer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A model's layers, made ready for training; opaque. */
typedef struct recur_stack recur_stack;

/* Plans and allocates everything. Of `config` count batch and steps, the most sequences and steps
 * that a call may bring; threads; precision; seed, of dropout; and the optimiser's settings:
 * optimizer, momentum, beta1, beta2, alpha, epsilon, weight_decay, clip. It may be NULL: the
 * defaults. `tokens` is the most steps of all sequences of a call together, which memory follows;
 * 0: batch x steps. The model must outlive the stack, which belongs to the caller:
 * recur_stack_free. Errors: ARGUMENT (a value outside its range), MEMORY, UNSUPPORTED for a
 * quantised model. */
RECUR_API enum recur_status recur_stack_create(recur_model *model,
                                               const recur_trainer_config *config, size_t tokens,
                                               recur_stack **stack, recur_error *error);

/* Releases a stack; the model keeps the parameters it has. NULL is fine. */
RECUR_API void recur_stack_free(recur_stack *stack);

/* W: the numbers of one output: 2H where two directions are concatenated, else H of the last layer.
 */
RECUR_API size_t recur_stack_width(const recur_stack *stack);

/* The numbers of one sequence's h, or c: the sum of D * H over the layers. */
RECUR_API size_t recur_stack_states(const recur_stack *stack);

/* A minibatch. All arrays are the caller's and are read by the call alone: they may change or go
 * before backward. */
typedef struct recur_stack_input {
    size_t batch, steps;    /* B >= 1, T: of the arrays; at most the stack's */
    const size_t *lengths;  /* (B), each 0 .. T; NULL: all are T */
    const float *x;         /* (T, B, I) of a model that reads numbers */
    const int32_t *ids;     /* (T, B) of a model that reads tokens, each below V */
    const float *h0, *c0;   /* initial states; NULL: zero. c0 counts for lstm alone */
    const int32_t *targets; /* (T, B): the loss is then the mean cross-entropy of the softmax of the
                               head's logits, over the steps whose target is not below 0; each is
                               below V. NULL: the loss is the caller's */
    bool drops;             /* dropout is on: training; default false */
    uint64_t minibatch;     /* where dropout is on another number each time: its masks are drawn
                               from (seed, minibatch), and are alike for sequences that are alike */
} recur_stack_input;

/* What is wanted of a forward pass; NULL: not. */
typedef struct recur_stack_output {
    float *y;         /* (T, B, W): outputs of the last layer, after its dropout */
    float *logits;    /* (T, B, V): of the model's head, which reads y; not with targets */
    float *h_n, *c_n; /* last states; c_n is written for lstm alone */
    double *loss;     /* where there are targets: in nats; 0 where none is 0 or above */
} recur_stack_output;

/* The gradients of a loss with respect to them; NULL: zero. That of the targets' loss is added. */
typedef struct recur_stack_output_gradient {
    const float *dy, *dlogits, *dh_n, *dc_n;
} recur_stack_output_gradient;

/* The gradients that are wanted beside the parameters'; NULL: not. */
typedef struct recur_stack_input_gradient {
    float *dx;        /* (T, B, I) of a model that reads numbers */
    float *dh0, *dc0; /* dc0 is written for lstm alone */
} recur_stack_input_gradient;

/* Forward through all layers. Errors: ARGUMENT (more than the stack was made for, a length above T,
 * an id that is not below V, x or ids missing, a target that is not below V, logits or targets of a
 * model without a head, or both at once): the sentence says which sequence and step; nothing is
 * computed then. */
RECUR_API enum recur_status recur_stack_forward(recur_stack *stack, const recur_stack_input *input,
                                                const recur_stack_output *output,
                                                recur_error *error);

/* Back through the last forward pass: adds to the gradients of all parameters. `output` may be NULL
 * where the loss is that of the targets, and `input` where nothing else is wanted. Errors: ARGUMENT
 * where there was no forward pass since the last backward one, or dx is asked of a model that reads
 * tokens, or dlogits given to one without a head or beside targets. */
RECUR_API enum recur_status recur_stack_backward(recur_stack *stack,
                                                 const recur_stack_output_gradient *output,
                                                 const recur_stack_input_gradient *input,
                                                 recur_error *error);

/* Copies the gradient of tensor number `index` of the model (recur_model_tensor), row-major, to
 * `values`, which has room for it. */
RECUR_API void recur_stack_get_gradient(const recur_stack *stack, size_t index, float *values);

/* The other way round: it takes the place of what the backward passes came to. */
RECUR_API void recur_stack_set_gradient(recur_stack *stack, size_t index, const float *values);

/* Sets all gradients to zero, as they are at first and after every update. */
RECUR_API void recur_stack_clear_gradients(recur_stack *stack);

/* Clips the gradients by their global norm, updates the model's parameters with learning rate `lr`
 * and clears the gradients. `norm`, before clipping, may be NULL. Errors: ARGUMENT for an lr that
 * is not above 0; DIVERGED where the norm is not finite: nothing has changed then. */
RECUR_API enum recur_status recur_stack_update(recur_stack *stack, double lr, double *norm,
                                               recur_error *error);

#ifdef __cplusplus
}
#endif

#endif
