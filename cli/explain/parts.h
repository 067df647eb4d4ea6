/* The parts of an explanation, in the order in which they are made. */
#ifndef RECUR_CLI_EXPLAIN_PARTS_H
#define RECUR_CLI_EXPLAIN_PARTS_H

#include "explain/explain.h"
#include "recur/stack.h"

/* Lines, tokens, dictionary, minibatches. */
enum recur_status explain_make_text(struct explain *explain, const char *bytes, size_t size,
                                    recur_error *error);
/* The network, forward and backward, one update. */
enum recur_status explain_make_passes(struct explain *explain, recur_error *error);
/* The step, gate by gate. Before the update. */
enum recur_status explain_make_trace(struct explain *explain, recur_error *error);
/* Training, and predictions before and after it. */
enum recur_status explain_make_training(struct explain *explain, recur_error *error);

/* Allocates zeroed memory; `*block` receives it. Errors: MEMORY. */
enum recur_status explain_take(size_t count, size_t size, void *block, recur_error *error);
/* Writes the sentence; returns the status. */
enum recur_status explain_fail(recur_error *error, enum recur_status status, const char *format,
                               ...) __attribute__((format(printf, 3, 4)));

/* Makes a stack that goes forward, on one thread of the CPU. */
enum recur_status explain_stack(recur_model *model, size_t batch, size_t steps, recur_stack **stack,
                                recur_error *error);

/* The softmax of `count` rows of V logits. */
void explain_softmax(const float *logits, size_t count, size_t vocabulary, double *probability);

/* Passes a failure on. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum recur_status tried = (call);                                                          \
        if (tried != RECUR_OK)                                                                     \
            return tried;                                                                          \
    } while (0)

/* How many numbers a tensor has. */
static inline size_t explain_numbers(const recur_tensor_info *info)
{
    return info->shape[0] * info->shape[1];
}

/* The width of layer number `layer`, from 0. */
static inline size_t explain_width(const struct explain *explain, size_t layer)
{
    return recur_model_get_config(explain->model)->hidden[layer];
}

#endif
