/* A stack over one part of a model: several of them share a team, the flat parameters and the flat
 * gradients, of which each writes its own part's. Update and clearing are the caller's. */
#ifndef RECUR_BACKEND_CPU_STACK_PART_H
#define RECUR_BACKEND_CPU_STACK_PART_H

#include "base/team.h"
#include "nn/model_object.h"
#include "recur/stack.h"

struct recur_stack_part {
    recur_model *model;
    const struct recur_network *network; /* the model's own, or one of its parts */
    struct recur_team *team;
    real *gradients;                     /* NULL: the stack goes forward alone, from states of
                                            zero, and of the last ones has the top layer's */
    const struct recur_touched *touched; /* as of recur_pass; NULL for parts without such tables */
};

/* As recur_stack_create; of `config` count batch, steps, seed and precision. The part's backward
 * passes overwrite its gradients. */
enum recur_status recur_stack_create_part(const struct recur_stack_part *part,
                                          const recur_trainer_config *config, size_t tokens,
                                          recur_stack **stack, recur_error *error);

#endif
