/* Passes in bf16 against the same passes in float, where they may differ by the rounding of the
 * operands alone: a share of about 2^-9 of what a gradient is. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "recur/stack.h"

enum { INPUTS = 5, VOCABULARY = 37, BATCH = 5, STEPS = 9, EMBEDDING = 34, TENSORS_MAX = 32 };

struct variant {
    recur_model_config model;
    const size_t *lengths;
    size_t threads;
};

static recur_model *make_model(const struct variant *variant)
{
    recur_model *model;
    assert_int_equal(recur_model_create(&variant->model, NULL, &model, NULL), RECUR_OK);
    return model;
}

static void draw(float *values, size_t count, uint64_t stream)
{
    struct recur_rng rng;
    recur_rng_seed(&rng, 11, stream);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(2 * recur_rng_uniform(&rng) - 1);
}

/* Logits and all gradients of a pass, one tensor behind the other: the last ends at end[tensors].
 */
struct result {
    float *values;
    size_t tensors, end[TENSORS_MAX];
};

static struct result run(const struct variant *variant, enum recur_precision precision)
{
    recur_model *model = make_model(variant);
    recur_trainer_config config = recur_trainer_config_default();
    recur_stack *stack;
    config.batch = BATCH;
    config.steps = STEPS;
    config.threads = variant->threads;
    config.precision = precision;
    assert_int_equal(recur_stack_create(model, &config, 0, &stack, NULL), RECUR_OK);
    size_t states = BATCH * recur_stack_states(stack), logits = BATCH * STEPS * VOCABULARY;
    size_t width = BATCH * STEPS * recur_stack_width(stack);
    float x[BATCH * STEPS * INPUTS], dlogits[BATCH * STEPS * VOCABULARY];
    float *h0 = calloc(2 * states + width, sizeof *h0), *c0 = h0 + states, *dy = c0 + states;
    int32_t ids[BATCH * STEPS];
    draw(x, BATCH * STEPS * INPUTS, 1);
    draw(h0, 2 * states + width, 2);
    draw(dlogits, logits, 3);
    for (size_t i = 0; i < BATCH * STEPS; i++)
        ids[i] = (int32_t)(i * i % VOCABULARY);

    float *values = calloc(logits + recur_model_parameters(model), sizeof *values);
    bool tokens = !variant->model.inputs;
    recur_stack_input input = {.batch = BATCH,
                               .steps = STEPS,
                               .lengths = variant->lengths,
                               .x = tokens ? NULL : x,
                               .ids = tokens ? ids : NULL,
                               .h0 = h0,
                               .c0 = c0,
                               .drops = true};
    recur_stack_output output = {.logits = tokens ? values : NULL};
    recur_stack_output_gradient given = {.dlogits = tokens ? dlogits : NULL, .dy = dy};
    for (int pass = 0; pass < 2; pass++) { /* the second one over what the first one has left */
        recur_stack_clear_gradients(stack);
        assert_int_equal(recur_stack_forward(stack, &input, &output, NULL), RECUR_OK);
        assert_int_equal(recur_stack_backward(stack, &given, NULL, NULL), RECUR_OK);
    }
    struct result result = {values, 1 + recur_model_tensors(model), {logits}};
    for (size_t i = 0; i < recur_model_tensors(model); i++) {
        recur_tensor_info info = recur_model_tensor(model, i);
        recur_stack_get_gradient(stack, i, values + result.end[i]);
        result.end[i + 1] = result.end[i] + info.shape[0] * info.shape[1];
    }
    free(h0);
    recur_stack_free(stack);
    recur_model_free(model);
    return result;
}

static void compare(const struct variant *variant)
{
    struct result wanted = run(variant, RECUR_PRECISION_F32);
    struct result got = run(variant, RECUR_PRECISION_BF16);
    bool differs = false;
    for (size_t tensor = 0, i = 0; tensor < wanted.tensors; tensor++) {
        double error = 0, size = 0;
        for (; i < wanted.end[tensor]; i++) {
            error += pow((double)got.values[i] - (double)wanted.values[i], 2);
            size += pow((double)wanted.values[i], 2);
        }
        assert_true(error <= 0.015 * 0.015 * size);
        differs |= error > 0;
    }
    assert_true(differs);
    free(wanted.values);
    free(got.values);
}

static void near_float(void **state)
{
    (void)state;
    static const size_t hidden[] = {33, 40}, lengths[BATCH] = {3, 9, 0, 1, 7};
    for (unsigned i = 0; i < 128; i++) {
        struct variant variant = {.model = recur_model_config_default(), .threads = i & 64 ? 3 : 1};
        variant.model.cell = (enum recur_cell)(i & 3);
        variant.model.layers = 2;
        variant.model.hidden = hidden;
        variant.model.bidirectional = i & 4;
        variant.model.vocabulary = i & 8 ? VOCABULARY : 0;
        variant.model.inputs = i & 8 ? 0 : INPUTS;
        variant.model.embedding = i & 8 && i & 16 ? EMBEDDING : 0;
        variant.model.dropout = i & 32 ? 0.4F : 0;
        variant.lengths = i & 16 ? lengths : NULL;
        compare(&variant);
    }
}

/* An infinite number saturates gates, whose states are finite: in the unused lanes of a panel it
 * must not become something that later steps multiply. */
static void infinite_input(void **state)
{
    (void)state;
    static const size_t hidden[] = {20};
    struct variant variant = {.model = recur_model_config_default(), .threads = 1};
    recur_trainer_config config = recur_trainer_config_default();
    recur_stack *stack;
    variant.model.hidden = hidden;
    variant.model.vocabulary = 0;
    variant.model.inputs = INPUTS;
    recur_model *model = make_model(&variant);
    config.batch = BATCH;
    config.steps = STEPS;
    config.precision = RECUR_PRECISION_BF16;
    assert_int_equal(recur_stack_create(model, &config, 0, &stack, NULL), RECUR_OK);
    float x[BATCH * STEPS * INPUTS], y[BATCH * STEPS * 20];
    draw(x, BATCH * STEPS * INPUTS, 1);
    x[BATCH * INPUTS] = INFINITY; /* the first number of a sequence's second step */
    recur_stack_input input = {.batch = BATCH, .steps = STEPS, .x = x};
    recur_stack_output output = {.y = y};
    assert_int_equal(recur_stack_forward(stack, &input, &output, NULL), RECUR_OK);
    for (size_t i = 0; i < sizeof y / sizeof *y; i++)
        assert_true(isfinite(y[i]));
    recur_stack_free(stack);
    recur_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(near_float),
                                       cmocka_unit_test(infinite_input)};
    return cmocka_run_group_tests_name("bf16", tests, NULL, NULL);
}
