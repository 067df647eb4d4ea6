#include "bench/bench_stack.h"

#include <stdlib.h>

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

/* A stack with inputs, outputs and gradients, each (T, B, H). */
struct layers {
    recur_model *model;
    recur_stack *stack;
    float *numbers; /* the four arrays */
    float *x, *y, *dy, *dx;
};

static enum recur_status pass(struct layers *layers, recur_error *error)
{
    const recur_stack_input input = {.batch = BATCH, .steps = STEPS, .x = layers->x};
    const recur_stack_output output = {.y = layers->y};
    const recur_stack_output_gradient above = {.dy = layers->dy};
    const recur_stack_input_gradient below = {.dx = layers->dx};
    enum recur_status status = recur_stack_forward(layers->stack, &input, &output, error);
    if (status == RECUR_OK)
        status = recur_stack_backward(layers->stack, &above, &below, error);
    recur_stack_clear_gradients(layers->stack);
    return status;
}

static enum recur_status run_passes(void *user, double seconds, double *rate, recur_error *error)
{
    enum recur_status status;
    size_t passes = 0;
    double start = recur_seconds(), elapsed;
    do {
        status = pass(user, error);
        passes++;
        elapsed = recur_seconds() - start;
    } while (status == RECUR_OK && elapsed < seconds);
    *rate = (double)(passes * BATCH * STEPS) / elapsed;
    return status;
}

/* Fills an array with numbers between -0.05 and 0.05. */
static void fill(float *to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = (float)(i * 2654435761U % 1000) * 1e-4F - 0.05F; /* Knuth's multiplicative hash */
}

static enum recur_status make_layers(const struct work *work, size_t threads,
                                     enum recur_precision precision, struct layers *layers,
                                     recur_error *error)
{
    const size_t hidden[MOST_LAYERS] = {work->hidden, work->hidden};
    const size_t count = STEPS * BATCH * work->hidden;
    recur_model_config network = recur_model_config_default();
    recur_trainer_config config = recur_trainer_config_default();
    layers->numbers = recur_try(4 * count, sizeof *layers->numbers);
    if (!layers->numbers) {
        *error = (recur_error){RECUR_ERROR_MEMORY, "out of memory for the numbers to measure with"};
        return error->status;
    }
    layers->x = layers->numbers;
    layers->y = layers->x + count;
    layers->dy = layers->y + count;
    layers->dx = layers->dy + count;
    fill(layers->x, count);
    fill(layers->dy, count);
    network.cell = work->cell;
    network.layers = work->layers;
    network.hidden = hidden;
    network.inputs = work->hidden;
    network.vocabulary = 0;
    config.batch = BATCH;
    config.steps = STEPS;
    config.threads = threads;
    config.device = RECUR_DEVICE_CPU;
    config.precision = precision;
    enum recur_status status = recur_model_create(&network, NULL, &layers->model, error);
    if (status == RECUR_OK)
        status = recur_stack_create(layers->model, &config, 0, &layers->stack, error);
    return status;
}

static double stack_flop(const struct work *work)
{
    return 12.0 * (double)(work->layers * work->gates * work->hidden * work->hidden);
}

enum { PASSES, PEAK, SIDES }; /* the turns */

static double expected_seconds(const struct bench *bench, const struct work *work)
{
    const double flop = stack_flop(work) * BATCH * STEPS;
    const double piece[SIDES] = {
        recur_machine_training_seconds(&bench->machine, bench->machine.threads, flop)};
    return recur_bench_turns_seconds(piece, SIDES, bench->seconds);
}

enum recur_status recur_bench_stack(struct bench *bench, size_t index, struct stack_speed *speed,
                                    recur_error *error)
{
    const struct work *work = &works[index];
    const size_t threads = bench->machine.threads;
    const enum recur_precision precision =
        bench->precision ? *bench->precision : RECUR_PRECISION_F32;
    struct layers layers = {0};
    recur_gauge *gauge = NULL;
    struct turns turns;
    recur_bench_plan_begin(&bench->plan, expected_seconds(bench, work), work->name, "layers");
    speed->name = work->name;
    speed->flop = stack_flop(work);
    speed->peak = recur_precision_peak(precision);
    enum recur_status status = make_layers(work, threads, precision, &layers, error);
    if (status == RECUR_OK)
        status = recur_gauge_create_peak(speed->peak, threads, &gauge, error);
    const struct turn turn[SIDES] = {{run_passes, &layers}, recur_bench_gauge_turn(gauge)};
    if (status == RECUR_OK)
        status = recur_bench_turns(turn, SIDES, bench->seconds, &turns, error);
    if (status == RECUR_OK)
        speed->speed = recur_bench_speed(&turns, PASSES, speed->flop, PEAK);
    recur_gauge_free(gauge);
    recur_stack_free(layers.stack);
    recur_model_free(layers.model);
    free(layers.numbers);
    return status;
}

void recur_bench_plan_stack(struct bench *bench, size_t index)
{
    recur_bench_plan_add(&bench->plan, expected_seconds(bench, &works[index]));
}
