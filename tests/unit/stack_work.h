/* A stack and all that one of its passes reads and makes, for tests. Define _GNU_SOURCE and include
 * cmocka first. */
#ifndef RECUR_TESTS_STACK_WORK_H
#define RECUR_TESTS_STACK_WORK_H

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "recur/stack.h"

enum { INPUTS = 5, OUTPUTS = 35, VOCABULARY = 9 };

static inline recur_model *make_task_model(enum recur_task task, enum recur_cell cell, bool both,
                                           bool tokens, float dropout)
{
    static const size_t hidden[] = {33, 40};
    recur_model_config config = recur_model_config_default();
    recur_model *model;
    config.task = task;
    config.cell = cell;
    config.layers = 2;
    config.hidden = hidden;
    config.bidirectional = both;
    config.inputs = tokens ? 0 : INPUTS;
    config.vocabulary = tokens ? VOCABULARY : OUTPUTS;
    config.dropout = dropout;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    return model;
}

static inline recur_model *make_model(enum recur_cell cell, bool both, bool tokens, float dropout)
{
    return make_task_model(RECUR_TASK_LM, cell, both, tokens, dropout);
}

static inline recur_stack *make_stack(recur_model *model, size_t batch, size_t steps,
                                      size_t threads)
{
    recur_trainer_config config = recur_trainer_config_default();
    recur_stack *stack;
    config.batch = batch;
    config.steps = steps;
    config.threads = threads;
    assert_int_equal(recur_stack_create(model, &config, 0, &stack, NULL), RECUR_OK);
    return stack;
}

/* All that one pass reads and makes, by the sequences' own numbers, so that it does not matter in
 * which order a batch has them: blocks of (count, width) numbers of sequence s begin at
 * s * count * width. */
struct work {
    size_t batch, steps, inputs, width, vocabulary, states;
    size_t *lengths;
    float *x, *h0, *c0, *dy, *dlogits, *dh_n, *dc_n; /* given */
    float *y, *logits, *h_n, *c_n, *dx, *dh0, *dc0;  /* made */
    int32_t *ids;
};

static inline float *draw(size_t count, uint64_t stream)
{
    struct recur_rng rng;
    float *values = malloc((count ? count : 1) * sizeof *values);
    assert_non_null(values);
    recur_rng_seed(&rng, 5, stream);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(2 * recur_rng_uniform(&rng) - 1);
    return values;
}

static inline void work_init(struct work *work, const recur_stack *stack, const recur_model *model,
                             const size_t *lengths, size_t batch, size_t steps)
{
    const recur_model_config *config = recur_model_get_config(model);
    *work = (struct work){.batch = batch,
                          .steps = steps,
                          .inputs = config->inputs,
                          .width = recur_stack_width(stack),
                          .vocabulary = config->vocabulary,
                          .states = recur_stack_states(stack)};
    size_t rows = batch * steps, states = batch * work->states;
    work->lengths = malloc(batch * sizeof *lengths);
    work->ids = malloc((rows + 1) * sizeof *work->ids);
    memcpy(work->lengths, lengths, batch * sizeof *lengths);
    work->x = draw(rows * work->inputs, 1);
    work->h0 = draw(states, 2);
    work->c0 = draw(states, 3);
    work->dy = draw(rows * work->width, 4);
    work->dlogits = draw(rows * work->vocabulary, 5);
    work->dh_n = draw(states, 6);
    work->dc_n = draw(states, 7);
    work->y = draw(rows * work->width, 0);
    work->logits = draw(rows * work->vocabulary, 0);
    work->h_n = draw(states, 0);
    work->c_n = draw(states, 0);
    work->dx = draw(rows * work->inputs, 0);
    work->dh0 = draw(states, 0);
    work->dc0 = draw(states, 0);
    struct recur_rng rng;
    recur_rng_seed(&rng, 6, 0);
    for (size_t i = 0; i < rows; i++)
        work->ids[i] = (int32_t)recur_rng_below(&rng, VOCABULARY);
}

static inline void work_free(struct work *work)
{
    float *all[] = {work->x,    work->h0,   work->c0,  work->dy,     work->dlogits,
                    work->dh_n, work->dc_n, work->y,   work->logits, work->h_n,
                    work->c_n,  work->dx,   work->dh0, work->dc0};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    free(work->ids);
    free(work->lengths);
}

static inline void run(recur_stack *stack, struct work *work, bool drops)
{
    recur_error error = {0};
    recur_stack_input input = {.batch = work->batch,
                               .steps = work->steps,
                               .lengths = work->lengths,
                               .x = work->inputs ? work->x : NULL,
                               .ids = work->inputs ? NULL : work->ids,
                               .h0 = work->h0,
                               .c0 = work->c0,
                               .drops = drops,
                               .minibatch = 3};
    recur_stack_output output = {work->y, work->logits, work->h_n, work->c_n, NULL};
    recur_stack_output_gradient given = {work->dy, work->dlogits, work->dh_n, work->dc_n};
    recur_stack_input_gradient wanted = {work->inputs ? work->dx : NULL, work->dh0, work->dc0};
    if (recur_stack_forward(stack, &input, &output, &error) != RECUR_OK ||
        recur_stack_backward(stack, &given, &wanted, &error) != RECUR_OK)
        fail_msg("%s", error.message);
}

/* All gradients of the parameters, one behind the other; free() them. */
static inline float *gradients(const recur_stack *stack, const recur_model *model, size_t *count)
{
    float *values = malloc(recur_model_parameters(model) * sizeof *values), *to = values;
    assert_non_null(values);
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        recur_tensor_info info = recur_model_tensor(model, i);
        recur_stack_get_gradient(stack, i, to);
        to += info.shape[0] * info.shape[1];
    }
    *count = (size_t)(to - values);
    return values;
}

enum { SEQUENCES = 9, STEPS = 12 };
static const size_t some_lengths[SEQUENCES] = {5, 12, 0, 1, 12, 3, 5, 12, 7};

#endif
