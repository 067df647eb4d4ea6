/* What a stack is made of, and how a caller's arrays get in and out of it. */
#ifndef RECUR_BACKEND_CPU_STACK_OBJECT_H
#define RECUR_BACKEND_CPU_STACK_OBJECT_H

#include "backend/cpu/pass.h"
#include "backend/cpu/update.h"
#include "recur/stack.h"

struct recur_stack {
    recur_model *model;
    const struct recur_network *network; /* the model's, or a part of it */
    bool is_part;                        /* team, gradients and update are the caller's */
    uint64_t seed;
    double clip;
    struct recur_team *team;
    struct recur_workspace work;
    struct recur_lengths lengths;
    struct recur_pass pass;
    struct recur_optimiser optimiser;
    real *gradients, *fresh; /* the sum, and those of one pass where there is a sum already */
    bool has_gradients, went_forward;
    int32_t *ids, *targets;        /* by rows */
    size_t *equal;                 /* (B): T each */
    struct recur_content *content; /* (3 + 2 L) */
    size_t contents;
    size_t steps;            /* T of the caller's arrays */
    recur_stack_input input; /* of the call that runs, as the others are */
    recur_stack_output output;
    recur_stack_output_gradient given;
    recur_stack_input_gradient wanted;
};

/* Which of a stream's states, or of their gradients: one row for each sequence. */
enum recur_stack_which {
    RECUR_STACK_H0,
    RECUR_STACK_C0,
    RECUR_STACK_H_N,
    RECUR_STACK_C_N,
    RECUR_STACK_ENDS,
    RECUR_STACK_DC,
    RECUR_STACK_DH0
};

/* All of these copy one way: from the caller's array `from`, where NULL is zero, or, where there is
 * one, into his array `to`; the rows that this thread works on, or its part of the sequences. */

/* (T, B, columns of the seam): its values or its gradients. */
void recur_stack_exchange_seam(const struct recur_stack *stack, const struct recur_seam *seam,
                               bool gradient, const float *from, float *to, size_t thread);

/* (T, B, V) */
void recur_stack_exchange_logits(const struct recur_stack *stack, const float *from, float *to,
                                 size_t thread);

/* (L*D, B, H) */
void recur_stack_exchange_states(const struct recur_stack *stack, enum recur_stack_which which,
                                 const float *from, float *to, size_t thread, size_t threads);

#endif
