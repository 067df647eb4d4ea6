/* Sequences of several lengths against PyTorch's packed ones, through the fixtures lengths-* of
 * make_fixtures.py and the public recur_stack, on every instruction set and on 1, 2 and 3 threads:
 * outputs, last states, the gradients of all that was read and of every parameter, each within
 * 1e-5 of its tensor's largest number. */
#define _GNU_SOURCE /* setenv */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/kernels/kernels.h"
#include "io/safetensors.h"
#include "recur/stack.h"

enum { LAYERS_MAX = 2, BATCH_MAX = 16 };

static const double tolerance = 1e-5;

struct setup {
    const char *fixture, *isa;
    size_t threads;
};

struct golden {
    struct recur_safetensors file;
    recur_model *model;
    size_t batch, steps, lengths[BATCH_MAX];
};

static const struct recur_safetensor *find(const struct golden *golden, const char *prefix,
                                           const char *name)
{
    char full[96];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    return recur_safetensors_find(&golden->file, full);
}

/* free() it; NULL where the fixture has no such tensor. */
static float *values(const struct golden *golden, const char *prefix, const char *name)
{
    const struct recur_safetensor *tensor = find(golden, prefix, name);
    if (!tensor)
        return NULL;
    float *values = malloc(tensor->end - tensor->begin);
    assert_non_null(values);
    assert_int_equal(recur_safetensors_get_f32(&golden->file, tensor, values, NULL), RECUR_OK);
    return values;
}

/* Room for what a tensor holds, filled with what nobody expects; free() it. */
static float *room(const struct golden *golden, const char *name)
{
    const struct recur_safetensor *tensor = find(golden, "", name);
    if (!tensor)
        return NULL;
    size_t count = (tensor->end - tensor->begin) / sizeof(float);
    float *room = malloc(count * sizeof *room);
    assert_non_null(room);
    for (size_t i = 0; i < count; i++)
        room[i] = 1e30F;
    return room;
}

/* `times` what the fixture says. */
static void check(const struct golden *golden, const char *prefix, const char *name, float *got,
                  double times)
{
    float *wanted = values(golden, prefix, name);
    const struct recur_safetensor *tensor = find(golden, prefix, name);
    if (!wanted || !got) {
        assert_true(!wanted && !got);
        return;
    }
    double largest = 0;
    size_t count = (tensor->end - tensor->begin) / sizeof(float);
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, times * fabs((double)wanted[i]));
    assert_true(largest > 0);
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - times * (double)wanted[i]) <= tolerance * largest))
            fail_msg("%s%s[%zu] is %.9g, expected %.9g +- %.2g", prefix, name, i, (double)got[i],
                     times * (double)wanted[i], tolerance * largest);
    free(wanted);
    free(got);
}

static void make_model(struct golden *golden)
{
    recur_error error;
    recur_model_config config = recur_model_config_default();
    size_t hidden[LAYERS_MAX];
    const char *widths = recur_metadata_find(&golden->file.metadata, "hidden");
    for (config.layers = 0; *widths; config.layers++) {
        char *end;
        assert_true(config.layers < LAYERS_MAX);
        hidden[config.layers] = strtoul(widths, &end, 10);
        widths = *end == ',' ? end + 1 : end;
    }
    config.hidden = hidden;
    config.inputs = strtoul(recur_metadata_find(&golden->file.metadata, "inputs"), NULL, 10);
    config.bidirectional = recur_metadata_find(&golden->file.metadata, "merge") != NULL;
    assert_int_equal(
        recur_cell_parse(recur_metadata_find(&golden->file.metadata, "cell"), &config.cell, &error),
        0);
    assert_int_equal(
        recur_activation_parse(recur_metadata_find(&golden->file.metadata, "activation"),
                               &config.activation, &error),
        0);
    assert_int_equal(recur_model_create(&config, NULL, &golden->model, &error), RECUR_OK);
    for (size_t i = 0; i < recur_model_tensors(golden->model); i++) {
        float *initial = values(golden, "initial.", recur_model_tensor(golden->model, i).name);
        assert_non_null(initial);
        recur_model_set_tensor(golden->model, i, initial);
        free(initial);
    }
}

static void open_golden(struct golden *golden, const struct setup *setup)
{
    recur_error error = {0};
    char path[1024];
    const char *tests = getenv("RECUR_TESTS");
    assert_non_null(tests);
    snprintf(path, sizeof path, "%s/golden/%s.safetensors", tests, setup->fixture);
    if (recur_safetensors_load(path, &golden->file, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    const struct recur_safetensor *lengths = find(golden, "", "lengths");
    assert_non_null(lengths);
    golden->batch = lengths->shape[0];
    golden->steps = find(golden, "", "x")->shape[0];
    assert_true(golden->batch <= BATCH_MAX);
    for (size_t b = 0; b < golden->batch; b++) {
        int32_t length;
        memcpy(&length, golden->file.data + lengths->begin + b * sizeof length, sizeof length);
        golden->lengths[b] = (size_t)length;
    }
    setenv("RECUR_ISA", setup->isa, 1);
    make_model(golden);
}

static void forward(const struct golden *golden, recur_stack *stack)
{
    float *x = values(golden, "", "x"), *h0 = values(golden, "", "h0");
    float *c0 = values(golden, "", "c0"), *y = room(golden, "y"), *h_n = room(golden, "h_n");
    float *c_n = room(golden, "c_n");
    recur_stack_input input = {.batch = golden->batch,
                               .steps = golden->steps,
                               .lengths = golden->lengths,
                               .x = x,
                               .h0 = h0,
                               .c0 = c0};
    recur_stack_output output = {.y = y, .h_n = h_n, .c_n = c_n};
    assert_int_equal(recur_stack_forward(stack, &input, &output, NULL), RECUR_OK);
    check(golden, "", "y", y, 1);
    check(golden, "", "h_n", h_n, 1);
    check(golden, "", "c_n", c_n, 1);
    free(x);
    free(h0);
    free(c0);
}

static void backward(const struct golden *golden, recur_stack *stack)
{
    float *dy = values(golden, "", "dy"), *dh_n = values(golden, "", "dh_n");
    float *dc_n = values(golden, "", "dc_n"), *dx = room(golden, "dx");
    float *dh0 = room(golden, "dh0"), *dc0 = room(golden, "dc0");
    recur_stack_output_gradient output = {.dy = dy, .dh_n = dh_n, .dc_n = dc_n};
    recur_stack_input_gradient input = {.dx = dx, .dh0 = dh0, .dc0 = dc0};
    assert_int_equal(recur_stack_backward(stack, &output, &input, NULL), RECUR_OK);
    check(golden, "", "dx", dx, 1);
    check(golden, "", "dh0", dh0, 1);
    check(golden, "", "dc0", dc0, 1);
    free(dy);
    free(dh_n);
    free(dc_n);
}

static void as_packed(void **state)
{
    const struct setup *setup = *state;
    struct golden golden = {0};
    open_golden(&golden, setup);
    recur_trainer_config config = recur_trainer_config_default();
    config.batch = golden.batch + 2; /* room that is not used */
    config.steps = golden.steps + 1;
    config.threads = setup->threads;
    recur_stack *stack;
    assert_int_equal(recur_stack_create(golden.model, &config, 0, &stack, NULL), RECUR_OK);
    for (int times = 1; times <= 2; times++) {
        forward(&golden, stack);
        backward(&golden, stack);
        for (size_t i = 0; i < recur_model_tensors(golden.model); i++) {
            recur_tensor_info info = recur_model_tensor(golden.model, i);
            float *gradient = malloc(info.shape[0] * info.shape[1] * sizeof *gradient);
            assert_non_null(gradient);
            recur_stack_get_gradient(stack, i, gradient);
            check(&golden, "gradient.", info.name, gradient, times);
        }
    }
    recur_stack_free(stack);
    recur_model_free(golden.model);
    recur_safetensors_free(&golden.file);
}

static const char *const fixtures[] = {
    "lengths-rnn-1",      "lengths-rnn-2",      "lengths-gru-1",       "lengths-gru-2",
    "lengths-lstm-1",     "lengths-lstm-2",     "lengths-rnn-1-both",  "lengths-rnn-2-both",
    "lengths-gru-1-both", "lengths-gru-2-both", "lengths-lstm-1-both", "lengths-lstm-2-both",
};

enum { FIXTURES = sizeof fixtures / sizeof *fixtures, THREADS = 3 };

/* On a GPU, which RECUR_CUDA names, instruction sets and threads make no difference. */
static bool once(void)
{
    const char *cuda = getenv("RECUR_CUDA");
    return cuda && *cuda;
}

int main(void)
{
    static struct setup setups[FIXTURES * RECUR_LEVELS_MAX * THREADS];
    static char labels[FIXTURES * RECUR_LEVELS_MAX * THREADS][64];
    static struct CMUnitTest tests[FIXTURES * RECUR_LEVELS_MAX * THREADS];
    size_t made = 0;
    for (size_t i = 0; i < FIXTURES; i++)
        for (size_t level = 0; recur_kernels_level(level) && !(once() && level); level++)
            for (size_t threads = 1; threads <= (once() ? 1 : THREADS); threads++, made++) {
                setups[made] =
                    (struct setup){fixtures[i], recur_kernels_level(level)->isa, threads};
                snprintf(labels[made], sizeof labels[made], "%s, %s, %zu threads", fixtures[i],
                         setups[made].isa, threads);
                tests[made] =
                    (struct CMUnitTest){labels[made], as_packed, NULL, NULL, &setups[made]};
            }
    return _cmocka_run_group_tests("lengths", tests, made, NULL, NULL);
}
