/* The cells' point-wise parts. Their functions are sums of a few products. The factors of a product
 * are below 1 in magnitude (gates, and 1 less a gate), except for at most one; tanh and the
 * logistic function err by a few ulp (test_vmath). So a result errs by a few roundings of the sum
 * of its inputs' magnitudes: the tolerance is 6 U (1 + that sum). The largest errors seen are half
 * of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kernel_check.h"
#include "recur/model.h"

/* A spread: between 0 and 1, as the logistic function's values. Were they below 0, then a product
 * could be larger than the sum. */
#define GATE (-1.0)

enum { POINTWISE_ARRAYS = 8 + 1, TILE_ROWS_MAX = 35 };

/* A kernel's arrays in the order of its arguments. `reference` does to one element of each array
 * what the kernel does to whole arrays; the kernel must leave unchanged what `reference` leaves
 * unchanged. An array with a spread of 0 is only output and holds NaNs before the call. */
struct pointwise {
    void (*call)(const struct recur_kernels *kernels, real **x, size_t n);
    void (*reference)(double *x);
    struct {
        const char *name; /* NULL after the last */
        double spread;
    } argument[POINTWISE_ARRAYS];
};

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

static void compare_pointwise(const struct pointwise *p, real *const *x, real *const *before,
                              size_t j)
{
    double element[POINTWISE_ARRAYS], size = 1;
    for (size_t i = 0; p->argument[i].name; i++) {
        element[i] = (double)before[i][j];
        size += p->argument[i].spread != 0 ? fabs(element[i]) : 0;
    }
    p->reference(element);
    for (size_t i = 0; p->argument[i].name; i++)
        if (p->argument[i].spread != 0 && element[i] == (double)before[i][j])
            assert_memory_equal(&x[i][j], &before[i][j], sizeof(real));
        else
            assert_near(p->argument[i].name, j, x[i][j], element[i], 6 * U * size);
}

static void check_pointwise(const struct recur_kernels *kernels, struct recur_rng *rng,
                            const struct pointwise *p)
{
    for (size_t rows = 1; rows <= TILE_ROWS_MAX; rows++) {
        struct arrays arrays = {.count = 0}, copies = {.count = 0};
        real *x[POINTWISE_ARRAYS], *before[POINTWISE_ARRAYS];
        size_t n = rows * RECUR_LANES;
        for (size_t i = 0; p->argument[i].name; i++) {
            x[i] = arrays_take_reals(&arrays, n);
            before[i] = arrays_take_reals(&copies, n);
            if (p->argument[i].spread != 0)
                scatter_reals(rng, x[i], n, p->argument[i].spread);
            for (size_t j = 0; p->argument[i].spread == GATE && j < n; j++)
                x[i][j] = (real)fabs((double)x[i][j]);
            memcpy(before[i], x[i], n * sizeof(real));
        }
        p->call(kernels, x, n);
        for (size_t j = 0; j < n; j++)
            compare_pointwise(p, x, before, j);
        arrays_release(&arrays);
        arrays_release(&copies);
    }
}

/* Calls a cell's function of phase `p` on a tile made of the arrays. */
#define RUN(kind, way, p, function, ...)                                                           \
    kernels->cell[kind].way[p](&(struct recur_tile){.n = n, .activation = function, __VA_ARGS__})

#define RNN(name, function, f, derivative)                                                         \
    static void call_forward_##name(const struct recur_kernels *kernels, real **x, size_t n)       \
    {                                                                                              \
        RUN(RECUR_CELL_RNN, forward, 0, function, .h = x[0], .slot = {x[1]});                      \
    }                                                                                              \
    static void call_backward_##name(const struct recur_kernels *kernels, real **x, size_t n)      \
    {                                                                                              \
        RUN(RECUR_CELL_RNN, backward, 0, function, .slot = {x[0]}, .h = x[1], .dh = x[2]);         \
    }                                                                                              \
    static void forward_##name(double *x)                                                          \
    {                                                                                              \
        x[0] = f;                                                                                  \
    }                                                                                              \
    static void backward_##name(double *x)                                                         \
    {                                                                                              \
        double h = x[1];                                                                           \
        x[0] = x[2] * (derivative);                                                                \
    }                                                                                              \
    static void check_rnn_##name(const struct recur_kernels *kernels, struct recur_rng *rng)       \
    {                                                                                              \
        const struct pointwise forward = {                                                         \
            call_forward_##name, forward_##name, {{"h", 0}, {"z", 8}}};                            \
        const struct pointwise backward = {                                                        \
            call_backward_##name, backward_##name, {{"z", 0}, {"h", 1}, {"dh", 2}}};               \
        check_pointwise(kernels, rng, &forward);                                                   \
        check_pointwise(kernels, rng, &backward);                                                  \
    }
RNN(tanh, RECUR_ACTIVATION_TANH, tanh(x[1]), 1 - h * h)
RNN(relu, RECUR_ACTIVATION_RELU, x[1] > 0 ? x[1] : 0, h > 0 ? 1 : 0)
RNN(sigmoid, RECUR_ACTIVATION_SIGMOID, logistic(x[1]), h *(1 - h))

static void call_lstm_forward(const struct recur_kernels *kernels, real **x, size_t n)
{
    RUN(RECUR_CELL_LSTM, forward, 0, 0, .slot = {x[0], x[1], x[2], x[3]}, .c_prev = x[4], .c = x[5],
        .h = x[6]);
}

static void lstm_forward(double *x)
{
    x[0] = logistic(x[0]);
    x[1] = logistic(x[1]);
    x[2] = tanh(x[2]);
    x[3] = logistic(x[3]);
    x[5] = x[1] * x[4] + x[0] * x[2];
    x[6] = x[3] * tanh(x[5]);
}

static void call_lstm_backward(const struct recur_kernels *kernels, real **x, size_t n)
{
    RUN(RECUR_CELL_LSTM, backward, 0, 0, .slot = {x[0], x[1], x[2], x[3]}, .c_prev = x[4],
        .c = x[5], .dh = x[6], .dc = x[7]);
}

static void lstm_backward(double *x)
{
    double i = x[0], f = x[1], g = x[2], o = x[3], s = tanh(x[5]);
    double dc = x[7] + x[6] * o * (1 - s * s);
    x[0] = dc * g * i * (1 - i);
    x[1] = dc * x[4] * f * (1 - f);
    x[2] = dc * i * (1 - g * g);
    x[3] = x[6] * s * o * (1 - o);
    x[7] = dc * f;
}

static void check_lstm(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    const struct pointwise forward = {
        call_lstm_forward,
        lstm_forward,
        {{"i", 8}, {"f", 8}, {"g", 8}, {"o", 8}, {"c_prev", 3}, {"c", 0}, {"h", 0}}};
    const struct pointwise backward = {call_lstm_backward,
                                       lstm_backward,
                                       {{"i", GATE},
                                        {"f", GATE},
                                        {"g", 1},
                                        {"o", GATE},
                                        {"c_prev", 3},
                                        {"c", 3},
                                        {"dh", 1},
                                        {"dc", 1}}};
    check_pointwise(kernels, rng, &forward);
    check_pointwise(kernels, rng, &backward);
}

static void call_gru_forward(const struct recur_kernels *kernels, real **x, size_t n)
{
    RUN(RECUR_CELL_GRU, forward, 0, 0, .slot = {x[2], x[0], x[1], x[3]}, .h_prev = x[4], .h = x[5]);
}

static void gru_forward(double *x)
{
    x[0] = logistic(x[0]);
    x[1] = logistic(x[1]);
    x[2] = tanh(x[2] + x[0] * x[3]);
    x[5] = (1 - x[1]) * x[2] + x[1] * x[4];
}

static void call_gru_backward(const struct recur_kernels *kernels, real **x, size_t n)
{
    RUN(RECUR_CELL_GRU, backward, 0, 0, .slot = {x[2], x[0], x[1], x[3]}, .h_prev = x[4],
        .dh = x[5], .dh_prev = x[6]);
}

static void gru_backward(double *x)
{
    double r = x[0], z = x[1], n = x[2], m = x[3], dh = x[5];
    double dn = dh * (1 - z) * (1 - n * n);
    x[0] = dn * m * r * (1 - r);
    x[1] = dh * (x[4] - n) * z * (1 - z);
    x[2] = dn;
    x[3] = dn * r;
    x[6] += dh * z;
}

static void check_gru(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    const struct pointwise forward = {
        call_gru_forward,
        gru_forward,
        {{"r", 8}, {"z", 8}, {"n", 8}, {"m", 3}, {"h_prev", 1}, {"h", 0}}};
    const struct pointwise backward = {
        call_gru_backward,
        gru_backward,
        {{"r", GATE}, {"z", GATE}, {"n", 1}, {"m", 3}, {"h_prev", 1}, {"dh", 1}, {"dh_prev", 1}}};
    check_pointwise(kernels, rng, &forward);
    check_pointwise(kernels, rng, &backward);
}

static void call_before_gates(const struct recur_kernels *kernels, real **x, size_t n)
{
    RUN(RECUR_CELL_GRU_RESET_BEFORE, forward, 0, 0, .slot = {x[0], x[1]}, .h_prev = x[2],
        .q = x[3]);
}

static void before_gates(double *x)
{
    x[0] = logistic(x[0]);
    x[1] = logistic(x[1]);
    x[3] = x[0] * x[2];
}

static void call_before_output(const struct recur_kernels *kernels, real **x, size_t n)
{
    RUN(RECUR_CELL_GRU_RESET_BEFORE, forward, 1, 0, .slot = {NULL, x[0], x[1]}, .h_prev = x[2],
        .h = x[3]);
}

static void before_output(double *x)
{
    x[1] = tanh(x[1]);
    x[3] = (1 - x[0]) * x[1] + x[0] * x[2];
}

static void call_before_output_backward(const struct recur_kernels *kernels, real **x, size_t n)
{
    RUN(RECUR_CELL_GRU_RESET_BEFORE, backward, 1, 0, .slot = {NULL, x[0], x[1]}, .h_prev = x[2],
        .dh = x[3], .dh_prev = x[4]);
}

static void before_output_backward(double *x)
{
    double z = x[0], n = x[1], dh = x[3];
    x[0] = dh * (x[2] - n) * z * (1 - z);
    x[1] = dh * (1 - z) * (1 - n * n);
    x[4] += dh * z;
}

static void call_before_gates_backward(const struct recur_kernels *kernels, real **x, size_t n)
{
    RUN(RECUR_CELL_GRU_RESET_BEFORE, backward, 0, 0, .slot = {x[0]}, .q = x[1], .h_prev = x[2],
        .dh_prev = x[3]);
}

static void before_gates_backward(double *x)
{
    double r = x[0];
    x[0] = x[1] * x[2] * r * (1 - r);
    x[3] += x[1] * r;
}

static void check_gru_before(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    const struct pointwise parts[] = {
        {call_before_gates, before_gates, {{"r", 8}, {"z", 8}, {"h_prev", 1}, {"q", 0}}},
        {call_before_output, before_output, {{"z", GATE}, {"n", 8}, {"h_prev", 1}, {"h", 0}}},
        {call_before_output_backward,
         before_output_backward,
         {{"z", GATE}, {"n", 1}, {"h_prev", 1}, {"dh", 1}, {"dh_prev", 1}}},
        {call_before_gates_backward,
         before_gates_backward,
         {{"r", GATE}, {"dq", 1}, {"h_prev", 1}, {"dh_prev", 1}}},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        check_pointwise(kernels, rng, &parts[i]);
}

static void call_add(const struct recur_kernels *kernels, real **x, size_t n)
{
    kernels->add(x[0], x[1], x[2], n);
}

static void add(double *x)
{
    x[0] = x[1] + x[2];
}

static void check_add(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    const struct pointwise p = {call_add, add, {{"c", 0}, {"a", 1}, {"b", 1}}};
    check_pointwise(kernels, rng, &p);
}

const struct named_check recur_pointwise_checks[] = {
    {"add", check_add},
    {"rnn tanh", check_rnn_tanh},
    {"rnn relu", check_rnn_relu},
    {"rnn sigmoid", check_rnn_sigmoid},
    {"lstm", check_lstm},
    {"gru", check_gru},
    {"gru-reset-before", check_gru_before},
    {NULL, NULL},
};
