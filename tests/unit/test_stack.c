/* recur_stack: what its header promises beyond PyTorch's numbers (tests/golden/test_lengths.c). */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "allocations.h"
#include "base/rng.h"
#include "recur/session.h"
#include "recur/stack.h"
#include "scratch.h"

enum { INPUTS = 5, OUTPUTS = 35, VOCABULARY = 9 };

static recur_model *make_model(enum recur_cell cell, bool both, bool tokens, float dropout)
{
    static const size_t hidden[] = {33, 40};
    recur_model_config config = recur_model_config_default();
    recur_model *model;
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

static recur_stack *make_stack(recur_model *model, size_t batch, size_t steps, size_t threads)
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

static float *draw(size_t count, uint64_t stream)
{
    struct recur_rng rng;
    float *values = malloc((count ? count : 1) * sizeof *values);
    assert_non_null(values);
    recur_rng_seed(&rng, 5, stream);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(2 * recur_rng_uniform(&rng) - 1);
    return values;
}

static void work_init(struct work *work, const recur_stack *stack, const recur_model *model,
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

static void work_free(struct work *work)
{
    float *all[] = {work->x,    work->h0,   work->c0,  work->dy,     work->dlogits,
                    work->dh_n, work->dc_n, work->y,   work->logits, work->h_n,
                    work->c_n,  work->dx,   work->dh0, work->dc0};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    free(work->ids);
    free(work->lengths);
}

/* to[at] = from[order[at]] for arrays (blocks, B) of items of `bytes`. */
static void permute(const size_t *order, size_t batch, size_t blocks, size_t bytes,
                    const void *from, void *to, bool back)
{
    for (size_t block = 0; block < blocks; block++)
        for (size_t b = 0; b < batch; b++) {
            size_t other = block * batch + order[b], own = block * batch + b;
            memcpy((char *)to + (back ? other : own) * bytes,
                   (const char *)from + (back ? own : other) * bytes, bytes);
        }
}

/* Every array of `from` in another order of the sequences, or back from it. States have layers of
 * two widths, of both directions each, where there are two. */
static void permute_work(struct work *to, const struct work *from, const size_t *order, bool back)
{
    size_t batch = from->batch, steps = from->steps, directions = from->states / 73;
    float *given[][2] = {
        {from->x, to->x}, {from->dx, to->dx},           {from->dy, to->dy},
        {from->y, to->y}, {from->dlogits, to->dlogits}, {from->logits, to->logits}};
    size_t width[] = {from->inputs, from->inputs,     from->width,
                      from->width,  from->vocabulary, from->vocabulary};
    float *states[][2] = {{from->h0, to->h0},     {from->c0, to->c0},   {from->dh_n, to->dh_n},
                          {from->dc_n, to->dc_n}, {from->h_n, to->h_n}, {from->c_n, to->c_n},
                          {from->dh0, to->dh0},   {from->dc0, to->dc0}};
    for (size_t i = 0; i < sizeof width / sizeof *width; i++)
        permute(order, batch, steps, width[i] * sizeof(float), given[i][0], given[i][1], back);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        for (size_t l = 0; l < 2; l++) {
            size_t begin = l ? directions * batch * 33 : 0, bytes = (l ? 40 : 33) * sizeof(float);
            permute(order, batch, directions, bytes, states[i][0] + begin, states[i][1] + begin,
                    back);
        }
    permute(order, batch, steps, sizeof *from->ids, from->ids, to->ids, back);
    permute(order, batch, 1, sizeof *from->lengths, from->lengths, to->lengths, back);
}

static void run(recur_stack *stack, struct work *work, bool drops)
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
static float *gradients(const recur_stack *stack, const recur_model *model, size_t *count)
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

static void assert_same_work(const struct work *a, const struct work *b, bool has_c)
{
    size_t rows = a->batch * a->steps, states = a->batch * a->states;
    assert_memory_equal(a->y, b->y, rows * a->width * sizeof(float));
    assert_memory_equal(a->logits, b->logits, rows * a->vocabulary * sizeof(float));
    assert_memory_equal(a->h_n, b->h_n, states * sizeof(float));
    assert_memory_equal(a->dh0, b->dh0, states * sizeof(float));
    assert_memory_equal(a->dx, b->dx, rows * a->inputs * sizeof(float));
    if (has_c) {
        assert_memory_equal(a->c_n, b->c_n, states * sizeof(float));
        assert_memory_equal(a->dc0, b->dc0, states * sizeof(float));
    }
}

enum { SEQUENCES = 9, STEPS = 12 };
static const size_t some_lengths[SEQUENCES] = {5, 12, 0, 1, 12, 3, 5, 12, 7};

/* Sequences 1 and 4 read the same, as 0 and 6 do and the two that end at once may; their losses
 * differ. */
static void make_twins(struct work *work)
{
    const size_t twins[][2] = {{1, 4}, {0, 6}};
    for (size_t i = 0; i < 2; i++) {
        size_t from = twins[i][0], to = twins[i][1], directions = work->states / 73;
        for (size_t t = 0; t < work->steps; t++) {
            float *x = work->x + t * work->batch * work->inputs;
            memcpy(x + to * work->inputs, x + from * work->inputs, work->inputs * sizeof *x);
            work->ids[t * work->batch + to] = work->ids[t * work->batch + from];
        }
        float *states[] = {work->h0, work->c0};
        for (size_t s = 0; s < 2; s++)
            for (size_t l = 0; l < 2; l++)
                for (size_t d = 0; d < directions; d++) {
                    size_t hidden = l ? 40 : 33;
                    float *part = states[s] + (l ? directions * work->batch * 33 : 0) +
                                  d * work->batch * hidden;
                    memcpy(part + to * hidden, part + from * hidden, hidden * sizeof *part);
                }
    }
}

/* The same bits on 1, 2, 3 and 7 threads and in any order of the sequences, dropout included. */
static void same_bits(void **state)
{
    static const size_t orders[][SEQUENCES] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8}, {8, 7, 6, 5, 4, 3, 2, 1, 0}, {4, 6, 3, 8, 1, 0, 7, 2, 5}};
    static const size_t threads[] = {1, 2, 3, 7};
    (void)state;
    for (int cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LSTM; cell++)
        for (int variant = 0; variant < 4; variant++) {
            recur_model *model = make_model((enum recur_cell)cell, variant & 1, variant & 2,
                                            variant == 1 ? 0 : 0.25F);
            struct work first, work, given;
            float *expected = NULL;
            for (size_t k = 0; k < 4; k++)
                for (size_t o = 0; o < 3; o++) {
                    size_t count;
                    recur_stack *stack = make_stack(model, SEQUENCES, STEPS, threads[k]);
                    work_init(&given, stack, model, some_lengths, SEQUENCES, STEPS);
                    work_init(&work, stack, model, some_lengths, SEQUENCES, STEPS);
                    make_twins(&given);
                    permute_work(&work, &given, orders[o], false);
                    run(stack, &work, true);
                    permute_work(&given, &work, orders[o], true);
                    float *got = gradients(stack, model, &count);
                    if (expected) {
                        assert_same_work(&first, &given, cell == RECUR_CELL_LSTM);
                        assert_memory_equal(expected, got, count * sizeof *got);
                        work_free(&given);
                        free(got);
                    } else {
                        first = given;
                        expected = got;
                    }
                    work_free(&work);
                    recur_stack_free(stack);
                }
            work_free(&first);
            free(expected);
            recur_model_free(model);
        }
}

static void copy_column(float *to, size_t to_batch, size_t to_b, const float *from,
                        size_t from_batch, size_t from_b, size_t blocks, size_t width)
{
    for (size_t block = 0; block < blocks; block++)
        memcpy(to + (block * to_batch + to_b) * width, from + (block * from_batch + from_b) * width,
               width * sizeof *to);
}

/* Each sequence of a batch comes to what it comes to alone, and behind its end there is zero. */
static void as_alone(void **state)
{
    (void)state;
    for (int cell = RECUR_CELL_RNN; cell <= RECUR_CELL_LSTM; cell++) {
        recur_model *model = make_model((enum recur_cell)cell, true, false, 0);
        recur_stack *stack = make_stack(model, SEQUENCES, STEPS, 2);
        struct work all;
        work_init(&all, stack, model, some_lengths, SEQUENCES, STEPS);
        run(stack, &all, false);
        for (size_t b = 0; b < SEQUENCES; b++) {
            struct work one;
            size_t length = some_lengths[b];
            work_init(&one, stack, model, &length, 1, length);
            copy_column(one.x, 1, 0, all.x, SEQUENCES, b, length, INPUTS);
            copy_column(one.dy, 1, 0, all.dy, SEQUENCES, b, length, one.width);
            copy_column(one.dlogits, 1, 0, all.dlogits, SEQUENCES, b, length, OUTPUTS);
            float *states[][2] = {
                {one.h0, all.h0}, {one.c0, all.c0}, {one.dh_n, all.dh_n}, {one.dc_n, all.dc_n}};
            for (size_t i = 0; i < 4; i++) {
                copy_column(states[i][0], 1, 0, states[i][1], SEQUENCES, b, 2, 33);
                copy_column(states[i][0] + (size_t)66, 1, 0, states[i][1] + (size_t)SEQUENCES * 66,
                            SEQUENCES, b, 2, 40);
            }
            run(stack, &one, false);
            for (size_t t = 0; t < STEPS; t++)
                for (size_t i = 0; i < one.width; i++) {
                    float got = all.y[(t * SEQUENCES + b) * one.width + i];
                    float wanted = t < length ? one.y[t * one.width + i] : 0;
                    assert_memory_equal(&got, &wanted, sizeof got);
                }
            for (size_t t = 0; t < STEPS; t++)
                for (size_t i = 0; i < INPUTS; i++) {
                    float got = all.dx[(t * SEQUENCES + b) * INPUTS + i];
                    float wanted = t < length ? one.dx[t * INPUTS + i] : 0;
                    assert_memory_equal(&got, &wanted, sizeof got);
                }
            for (size_t d = 0; d < 2; d++) {
                assert_memory_equal(all.h_n + (d * SEQUENCES + b) * 33, one.h_n + d * 33,
                                    33 * sizeof(float));
                assert_memory_equal(all.dh0 + (d * SEQUENCES + b) * 33, one.dh0 + d * 33,
                                    33 * sizeof(float));
            }
            work_free(&one);
        }
        work_free(&all);
        recur_stack_free(stack);
        recur_model_free(model);
    }
}

/* Length 0: the last states are the first ones, and so are their gradients. */
static void of_no_length(void **state)
{
    (void)state;
    const size_t none[] = {0, 0, 0};
    for (size_t steps = 0; steps <= 4; steps += 4) {
        recur_model *model = make_model(RECUR_CELL_LSTM, true, false, 0);
        recur_stack *stack = make_stack(model, 3, 4, 2);
        struct work work;
        size_t count;
        work_init(&work, stack, model, none, 3, steps);
        run(stack, &work, false);
        size_t bytes = 3 * work.states * sizeof(float);
        assert_memory_equal(work.h_n, work.h0, bytes);
        assert_memory_equal(work.c_n, work.c0, bytes);
        assert_memory_equal(work.dh0, work.dh_n, bytes);
        assert_memory_equal(work.dc0, work.dc_n, bytes);
        for (size_t i = 0; i < 3 * steps * work.width; i++)
            assert_true(work.y[i] == 0);
        float *gradient = gradients(stack, model, &count);
        for (size_t i = 0; i < count; i++)
            assert_true(gradient[i] == 0);
        free(gradient);
        work_free(&work);
        recur_stack_free(stack);
        recur_model_free(model);
    }
}

/* Lengths that say what the arrays say anyway change no bit. */
static void of_equal_length(void **state)
{
    (void)state;
    const size_t equal[] = {6, 6, 6};
    recur_model *model = make_model(RECUR_CELL_GRU, true, false, 0);
    recur_stack *stack = make_stack(model, 3, 6, 2);
    struct work work;
    size_t count;
    work_init(&work, stack, model, equal, 3, 6);
    run(stack, &work, false);
    float *expected = gradients(stack, model, &count);
    free(work.lengths);
    work.lengths = NULL;
    recur_stack_clear_gradients(stack);
    run(stack, &work, false);
    float *got = gradients(stack, model, &count);
    assert_memory_equal(expected, got, count * sizeof *got);
    free(expected);
    free(got);
    work_free(&work);
    recur_stack_free(stack);
    recur_model_free(model);
}

/* One sequence of 5000 steps among short ones, and nothing allocated by any call. */
static void very_long(void **state)
{
    (void)state;
    enum { LONG = 5000, OTHERS = 6 };
    const size_t lengths[OTHERS] = {1, 3, LONG, 0, 2, 1};
    recur_model *model = make_model(RECUR_CELL_LSTM, true, false, 0.5F);
    recur_stack *stack = make_stack(model, OTHERS, LONG, 2);
    struct work work;
    work_init(&work, stack, model, lengths, OTHERS, LONG);
    size_t before = allocations();
    run(stack, &work, true);
    assert_int_equal(recur_stack_update(stack, 0.01, NULL, NULL), RECUR_OK);
    assert_int_equal(allocations(), before);
    for (size_t i = 0; i < OTHERS * work.states; i++)
        assert_true(isfinite(work.h_n[i]) && isfinite(work.dh0[i]));
    work_free(&work);
    recur_stack_free(stack);
    recur_model_free(model);
}

/* The head's logits and their gradient, against the head by hand over y. */
static void head(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_RNN, false, true, 0);
    recur_stack *stack = make_stack(model, SEQUENCES, STEPS, 1);
    struct work work;
    work_init(&work, stack, model, some_lengths, SEQUENCES, STEPS);
    memset(work.dy, 0, SEQUENCES * STEPS * work.width * sizeof(float));
    run(stack, &work, false);
    size_t tensors = recur_model_tensors(model), W = work.width;
    float *weight = draw(VOCABULARY * W, 0), *bias = draw(VOCABULARY, 0);
    float *dweight = draw(VOCABULARY * W, 0), *dbias = draw(VOCABULARY, 0);
    recur_model_get_tensor(model, tensors - 2, weight);
    recur_model_get_tensor(model, tensors - 1, bias);
    recur_stack_get_gradient(stack, tensors - 2, dweight);
    recur_stack_get_gradient(stack, tensors - 1, dbias);
    for (size_t v = 0; v < VOCABULARY; v++) {
        double db = 0, dw = 0;
        for (size_t row = 0; row < SEQUENCES * STEPS; row++) {
            double sum = (double)bias[v], got = (double)work.logits[row * VOCABULARY + v];
            for (size_t i = 0; i < W; i++)
                sum += (double)work.y[row * W + i] * (double)weight[v * W + i];
            bool alive = row / SEQUENCES < some_lengths[row % SEQUENCES];
            assert_true(fabs(got - (alive ? sum : 0)) < 1e-5);
            if (!alive)
                continue;
            db += (double)work.dlogits[row * VOCABULARY + v];
            dw += (double)work.dlogits[row * VOCABULARY + v] * (double)work.y[row * W + 7];
        }
        assert_true(fabs((double)dbias[v] - db) < 1e-4);
        assert_true(fabs((double)dweight[v * W + 7] - dw) < 1e-4);
    }
    free(weight);
    free(bias);
    free(dweight);
    free(dbias);
    work_free(&work);
    recur_stack_free(stack);
    recur_model_free(model);
}

/* The library's cross-entropy against the same by hand, given as the logits' gradient. */
static void cross_entropy(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_GRU, true, true, 0);
    recur_stack *stack = make_stack(model, SEQUENCES, STEPS, 2);
    struct work work;
    work_init(&work, stack, model, some_lengths, SEQUENCES, STEPS);
    int32_t targets[SEQUENCES * STEPS];
    size_t counted = 0, count;
    for (size_t row = 0; row < SEQUENCES * STEPS; row++) {
        targets[row] = row % 5 == 0 ? -1 : (int32_t)(row % VOCABULARY);
        counted += targets[row] >= 0 && row / SEQUENCES < some_lengths[row % SEQUENCES];
    }
    recur_stack_input input = {
        .batch = SEQUENCES, .steps = STEPS, .lengths = work.lengths, .ids = work.ids};
    recur_stack_output logits = {.logits = work.logits};
    assert_int_equal(recur_stack_forward(stack, &input, &logits, NULL), RECUR_OK);
    double wanted = 0, loss;
    memset(work.dlogits, 0, SEQUENCES * STEPS * VOCABULARY * sizeof(float));
    for (size_t row = 0; row < SEQUENCES * STEPS; row++) {
        const float *x = work.logits + row * VOCABULARY;
        double sum = 0;
        if (targets[row] < 0 || row / SEQUENCES >= some_lengths[row % SEQUENCES])
            continue;
        for (size_t v = 0; v < VOCABULARY; v++)
            sum += exp((double)x[v]);
        wanted += (log(sum) - (double)x[targets[row]]) / (double)counted;
        for (size_t v = 0; v < VOCABULARY; v++)
            work.dlogits[row * VOCABULARY + v] =
                (float)((exp((double)x[v]) / sum - (v == (size_t)targets[row])) / (double)counted);
    }
    const recur_stack_output_gradient by_hand = {.dy = work.dy, .dlogits = work.dlogits};
    const recur_stack_output_gradient by_targets = {.dy = work.dy};
    assert_int_equal(recur_stack_backward(stack, &by_hand, NULL, NULL), RECUR_OK);
    float *expected = gradients(stack, model, &count);
    recur_stack_clear_gradients(stack);
    input.targets = targets;
    assert_int_equal(recur_stack_forward(stack, &input, &(recur_stack_output){.loss = &loss}, NULL),
                     RECUR_OK);
    recur_error error;
    assert_int_equal(recur_stack_backward(stack, &by_hand, NULL, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "with targets the logits' gradients are there already");
    assert_int_equal(recur_stack_backward(stack, &by_targets, NULL, NULL), RECUR_OK);
    float *got = gradients(stack, model, &count);
    assert_true(fabs(loss - wanted) < 1e-6);
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(got[i] - expected[i]) <= 1e-5F + 1e-5F * fabsf(expected[i])))
            fail_msg("gradient %zu is %g, expected %g", i, (double)got[i], (double)expected[i]);
    assert_int_equal(recur_stack_forward(stack, &input, &logits, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message,
                        "with targets the logits become their gradients, and cannot be had");
    targets[6] = VOCABULARY;
    assert_int_equal(
        recur_stack_forward(stack, &input, &(recur_stack_output){.loss = &loss}, &error),
        RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "sequence 6, step 0: target 9 is not below 9");
    free(expected);
    free(got);
    work_free(&work);
    recur_stack_free(stack);
    recur_model_free(model);
}

/* Gradients can be set, are clipped, move the parameters and are gone. */
static void update(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_RNN, false, false, 0);
    recur_trainer_config config = recur_trainer_config_default();
    recur_stack *stack;
    recur_error error;
    config.optimizer = RECUR_OPTIMIZER_SGD;
    config.clip = 2.5F;
    assert_int_equal(recur_stack_create(model, &config, 0, &stack, NULL), RECUR_OK);
    size_t index = recur_model_tensors(model) - 1;
    float before[OUTPUTS], after[OUTPUTS], gradient[OUTPUTS] = {3, -4};
    double norm;
    recur_model_get_tensor(model, index, before);
    recur_stack_set_gradient(stack, index, gradient);
    assert_int_equal(recur_stack_update(stack, 0, &norm, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "the learning rate must be above 0 and below inf, got 0");
    assert_int_equal(recur_stack_update(stack, 0.5, &norm, &error), RECUR_OK);
    recur_model_get_tensor(model, index, after);
    assert_true(fabs(norm - 5) < 1e-6);
    assert_true(fabsf(before[0] - after[0] - 0.75F) < 1e-6F);
    assert_true(fabsf(before[1] - after[1] + 1) < 1e-6F);
    recur_stack_get_gradient(stack, index, gradient);
    assert_true(gradient[0] == 0 && gradient[1] == 0);
    gradient[5] = NAN;
    recur_stack_set_gradient(stack, index, gradient);
    assert_int_equal(recur_stack_update(stack, 0.5, &norm, &error), RECUR_ERROR_DIVERGED);
    assert_string_equal(error.message,
                        "the gradients are no longer finite; try a smaller learning rate than 0.5");
    recur_model_get_tensor(model, index, before);
    assert_memory_equal(before, after, sizeof after);
    recur_stack_free(stack);
    recur_model_free(model);
}

/* A stack for few steps in all has room for a few long sequences or many short ones. */
static void few_tokens(void **state)
{
    (void)state;
    recur_model *model = make_model(RECUR_CELL_LSTM, true, false, 0);
    recur_trainer_config config = recur_trainer_config_default();
    recur_stack *stack, *roomy;
    recur_error error;
    const size_t lengths[][3] = {{90, 4, 6}, {30, 40, 30}, {50, 50, 1}};
    config.batch = 3;
    config.steps = 90;
    config.threads = 2;
    assert_int_equal(recur_stack_create(model, &config, 100, &stack, NULL), RECUR_OK);
    assert_int_equal(recur_stack_create(model, &config, 0, &roomy, NULL), RECUR_OK);
    for (size_t i = 0; i < 2; i++) {
        struct work small, large;
        work_init(&small, stack, model, lengths[i], 3, 90);
        work_init(&large, roomy, model, lengths[i], 3, 90);
        run(stack, &small, false);
        run(roomy, &large, false);
        assert_same_work(&small, &large, true);
        work_free(&small);
        work_free(&large);
    }
    struct work work;
    work_init(&work, stack, model, lengths[2], 3, 90);
    const recur_stack_input input = {.batch = 3, .steps = 90, .lengths = work.lengths, .x = work.x};
    assert_int_equal(recur_stack_forward(stack, &input, &(recur_stack_output){.y = NULL}, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message,
                        "the sequences have 101 steps together, but the stack is made for 100");
    work_free(&work);
    recur_stack_free(stack);
    recur_stack_free(roomy);
    recur_model_free(model);
}

static void assert_forward_fails(recur_stack *stack, const recur_stack_input *input,
                                 const char *sentence)
{
    recur_error error;
    assert_int_equal(recur_stack_forward(stack, input, &(recur_stack_output){.y = NULL}, &error),
                     RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, sentence);
}

static void wrong_use(void **state)
{
    (void)state;
    recur_error error;
    recur_model *numbers = make_model(RECUR_CELL_GRU, false, false, 0);
    recur_model *tokens = make_model(RECUR_CELL_GRU, false, true, 0);
    recur_stack *stack = make_stack(numbers, 2, 3, 1), *reader = make_stack(tokens, 2, 3, 1);
    const size_t lengths[] = {3, 4};
    const int32_t ids[] = {0, 1, 2, 9, -1, 3};
    const float x[6 * INPUTS] = {0};
    recur_stack_input input = {.batch = 3, .steps = 3, .x = x};
    assert_forward_fails(stack, &input,
                         "a minibatch of 3 sequences x 3 steps does not fit a stack "
                         "made for 1 to 2 x 3");
    input = (recur_stack_input){.batch = 0, .steps = 3, .x = x};
    assert_forward_fails(stack, &input,
                         "a minibatch of 0 sequences x 3 steps does not fit a stack "
                         "made for 1 to 2 x 3");
    input = (recur_stack_input){.batch = 2, .steps = 3, .lengths = lengths, .x = x};
    assert_forward_fails(stack, &input, "sequence 1 has 4 steps, but the minibatch has 3");
    input = (recur_stack_input){.batch = 2, .steps = 3, .ids = ids};
    assert_forward_fails(stack, &input, "the model reads numbers, but there is no x");
    assert_forward_fails(reader, &input, "sequence 1, step 1: id 9 is not below 9");
    input = (recur_stack_input){.batch = 2, .steps = 3, .x = x};
    assert_forward_fails(reader, &input, "the model reads tokens, but there are no ids");

    const recur_stack_output_gradient nothing = {.dy = NULL};
    assert_int_equal(recur_stack_backward(stack, &nothing, NULL, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "there is no forward pass to go back through");
    input = (recur_stack_input){.batch = 2, .steps = 1, .ids = ids};
    assert_int_equal(recur_stack_forward(reader, &input, &(recur_stack_output){.y = NULL}, &error),
                     RECUR_OK);
    float dx[6];
    assert_int_equal(
        recur_stack_backward(reader, &nothing, &(recur_stack_input_gradient){.dx = dx}, &error),
        RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "tokens have no gradient: the model reads no numbers");
    recur_stack_free(stack);
    recur_stack_free(reader);
    recur_stack_free(NULL);
    recur_model_free(numbers);
    recur_model_free(tokens);
}

/* Models that a stack does not run, and what does not run a model that reads numbers. */
static void not_together(void **state)
{
    (void)state;
    recur_error error;
    recur_model_config config = recur_model_config_default();
    recur_trainer_config run = recur_trainer_config_default();
    recur_model *model;
    recur_stack *stack;
    recur_session *session;
    config.task = RECUR_TASK_FILL;
    config.vocabulary = 9;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    assert_int_equal(recur_stack_create(model, &run, 0, &stack, &error), RECUR_ERROR_UNSUPPORTED);
    assert_string_equal(error.message, "a model that fills in has no outputs of its own for each "
                                       "step: its head reads the states around them");
    recur_model_free(model);
    config.inputs = 4;
    assert_int_equal(recur_model_create(&config, NULL, &model, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "a network that reads numbers fills in no tokens");
    config.task = RECUR_TASK_LM;
    config.embedding = 3;
    assert_int_equal(recur_model_create(&config, NULL, &model, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "a network that reads numbers embeds no tokens");
    config.embedding = config.inputs = config.vocabulary = 0;
    assert_int_equal(recur_model_create(&config, NULL, &model, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "a vocabulary has 1 to 2147483647 entries, got 0");
    model = make_model(RECUR_CELL_GRU, false, false, 0);
    assert_int_equal(recur_session_create(model, &session, &error), RECUR_ERROR_UNSUPPORTED);
    assert_string_equal(error.message, "the model reads 5 numbers a step and no tokens: only a "
                                       "recur_stack runs it");
    run.steps = 0;
    assert_int_equal(recur_stack_create(model, &run, 0, &stack, &error), RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message,
                        "a stack needs room for at least 1 sequence and 1 step, got 32 x 0");
    recur_model_free(model);
}

/* A model without a head goes to a file and back. */
static void saved(void **state)
{
    struct scratch *scratch = *state;
    const char *path = scratch_path(scratch, "numbers.safetensors");
    recur_model_config config = recur_model_config_default();
    recur_model *model, *read;
    const size_t hidden[] = {3};
    config.inputs = 4;
    config.hidden = hidden;
    assert_int_equal(recur_model_create(&config, NULL, &model, NULL), RECUR_OK);
    assert_int_equal(recur_model_tensors(model), 4);
    assert_int_equal(recur_model_tensor(model, 0).shape[1], 4);
    assert_int_equal(recur_model_save(model, path, NULL), RECUR_OK);
    assert_int_equal(recur_model_load(path, &read, NULL), RECUR_OK);
    assert_int_equal(recur_model_get_config(read)->inputs, 4);
    assert_int_equal(recur_model_get_config(read)->vocabulary, 0);
    float a[48], b[48];
    recur_model_get_tensor(model, 0, a);
    recur_model_get_tensor(read, 0, b);
    assert_memory_equal(a, b, sizeof a);
    recur_stack *stack = make_stack(read, 1, 1, 1);
    const float x[4] = {1, 2, 3, 4};
    float y[3], logits[1];
    const recur_stack_input input = {.batch = 1, .steps = 1, .x = x};
    recur_error error;
    assert_int_equal(recur_stack_forward(stack, &input, &(recur_stack_output){.y = y}, NULL), 0);
    assert_true(y[0] != 0);
    assert_int_equal(
        recur_stack_forward(stack, &input, &(recur_stack_output){.logits = logits}, &error),
        RECUR_ERROR_ARGUMENT);
    assert_string_equal(error.message, "the model has no head, so it has no logits");
    recur_stack_free(stack);
    recur_model_free(model);
    recur_model_free(read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_counted),
        cmocka_unit_test(same_bits),
        cmocka_unit_test(as_alone),
        cmocka_unit_test(of_no_length),
        cmocka_unit_test(of_equal_length),
        cmocka_unit_test(very_long),
        cmocka_unit_test(head),
        cmocka_unit_test(cross_entropy),
        cmocka_unit_test(update),
        cmocka_unit_test(few_tokens),
        cmocka_unit_test(wrong_use),
        cmocka_unit_test(not_together),
        cmocka_unit_test(saved),
    };
    return cmocka_run_group_tests_name("stack", tests, scratch_create, scratch_remove);
}
