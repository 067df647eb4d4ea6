#include "bench/bench_stack.h"

#include <stdlib.h>

#include "bench/bench_samples.h"
#include "common/need.h"
#include "common/timing.h"
#include "recur/stack.h"

enum { BATCH = 32, STEPS = 35, MOST_LAYERS = 2 };

struct work {
    const char *name;
    enum recur_cell cell;
    size_t gates, layers, hidden;
};

#define ROW(...) {__VA_ARGS__},
static const struct work works[] = {BENCH_STACKS(ROW)};

const char *recur_bench_stack_name(size_t index)
{
    return index < sizeof works / sizeof *works ? works[index].name : NULL;
}

/* Inputs, outputs and gradients, each (T, B, H). */
struct arrays {
    float *x, *y, *dy, *dx;
};

static enum recur_status pass(recur_stack *stack, const struct arrays *arrays, recur_error *error)
{
    const recur_stack_input input = {.batch = BATCH, .steps = STEPS, .x = arrays->x};
    const recur_stack_output output = {.y = arrays->y};
    const recur_stack_output_gradient above = {.dy = arrays->dy};
    const recur_stack_input_gradient below = {.dx = arrays->dx};
    enum recur_status status = recur_stack_forward(stack, &input, &output, error);
    if (status == RECUR_OK)
        status = recur_stack_backward(stack, &above, &below, error);
    recur_stack_clear_gradients(stack);
    return status;
}

/* Measures the median speed of single passes, after a few passes to warm up. */
static enum recur_status time_passes(recur_stack *stack, const struct arrays *arrays,
                                     double seconds, double *tokens, recur_error *error)
{
    enum { WARM = 5 };
    double samples[BENCH_SAMPLES_MOST], end = 0;
    size_t count = 0;
    enum recur_status status = RECUR_OK;
    for (int warm = 0;
         status == RECUR_OK && count < BENCH_SAMPLES_MOST && (count == 0 || recur_seconds() < end);
         warm++) {
        double start = recur_seconds();
        status = pass(stack, arrays, error);
        if (warm == WARM)
            end = start + seconds;
        if (warm >= WARM)
            samples[count++] = BATCH * STEPS / (recur_seconds() - start);
    }
    if (status == RECUR_OK)
        *tokens = recur_median(samples, count);
    return status;
}

/* Fills an array with numbers between -0.05 and 0.05. */
static void fill(float *to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = (float)(i * 2654435761U % 1000) * 1e-4F - 0.05F; /* Knuth's multiplicative hash */
}

enum recur_status recur_bench_stack(size_t index, size_t threads, double seconds,
                                    struct stack_speed *speed, recur_error *error)
{
    const struct work *work = &works[index];
    const size_t hidden[MOST_LAYERS] = {work->hidden, work->hidden};
    const size_t count = STEPS * BATCH * work->hidden;
    recur_model_config network = recur_model_config_default();
    recur_trainer_config config = recur_trainer_config_default();
    recur_model *model = NULL;
    recur_stack *stack = NULL;
    float *numbers = recur_try(4 * count, sizeof *numbers);
    if (!numbers) {
        *error = (recur_error){RECUR_ERROR_MEMORY, "out of memory for the numbers to measure with"};
        return error->status;
    }
    const struct arrays arrays = {numbers, numbers + count, numbers + 2 * count,
                                  numbers + 3 * count};
    fill(arrays.x, count);
    fill(arrays.dy, count);
    network.cell = work->cell;
    network.layers = work->layers;
    network.hidden = hidden;
    network.inputs = work->hidden;
    network.vocabulary = 0;
    config.batch = BATCH;
    config.steps = STEPS;
    config.threads = threads;
    speed->name = work->name;
    speed->flop = 12.0 * (double)(work->layers * work->gates * work->hidden * work->hidden);
    enum recur_status status = recur_model_create(&network, NULL, &model, error);
    if (status == RECUR_OK)
        status = recur_stack_create(model, &config, 0, &stack, error);
    if (status == RECUR_OK)
        status = time_passes(stack, &arrays, seconds, &speed->tokens, error);
    recur_stack_free(stack);
    recur_model_free(model);
    free(numbers);
    return status;
}
