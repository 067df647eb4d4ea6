/* A layer on the GPU, which is the stand-in, against plain loops in double, forward and backward:
 * outputs, last states and the gradients of all that was read and of every parameter, over widths
 * around those of panels, tiles and clusters, numbers of sequences and steps; in one launch and by
 * a launch each. With the argument `whole`: all of them with each other. */
#define _GNU_SOURCE /* setenv */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "cluster_size.h"
#include "recur/stack.h"

enum { INPUTS = 5 };

struct size {
    enum recur_cell cell;
    enum recur_activation activation;
    size_t hidden, batch, steps;
    enum recur_precision precision;
};

/* The numbers of one layer in double, (T, B, ...) and (rows, columns). */
struct plain {
    size_t H, B, T, G;
    double *w_ih, *w_hh, *b_ih, *b_hh, *x;           /* given */
    double *h, *c, *a, *q;                           /* (T + 1, B, H); slots (T, B, 4 H) */
    double *dy, *dx, *dw_ih, *dw_hh, *db_ih, *db_hh; /* gradients */
    double *squares; /* (4) of the largest term of each step, in the sums that are the last four */
};

static double *zeros(size_t count)
{
    double *values = calloc(count ? count : 1, sizeof *values);
    assert_non_null(values);
    return values;
}

static double *drawn(struct recur_rng *rng, size_t count, double spread, float *copy)
{
    double *values = zeros(count);
    for (size_t i = 0; i < count; i++) {
        float value = (float)(spread * (2 * recur_rng_uniform(rng) - 1));
        values[i] = (double)value;
        if (copy)
            copy[i] = value;
    }
    return values;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* Row `row` of W times v, plus b. */
static double dot(const double *w, const double *v, size_t columns, size_t row, const double *b)
{
    double sum = b[row];
    for (size_t k = 0; k < columns; k++)
        sum += w[row * columns + k] * v[k];
    return sum;
}

static double largest_of(const double *values, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(values[i]));
    return largest;
}

/* dz (G H) of one step goes to the weights, their biases, and back to v: dv += dz W. */
static void spread(const double *w, const double *v, size_t columns, const double *dz, size_t first,
                   size_t rows, double *dw, double *db, double *dv, double *squares)
{
    double most = largest_of(dz + first, rows), term = most * largest_of(v, columns);
    squares[0] += term * term;
    squares[2] += most * most;
    for (size_t row = first; row < first + rows; row++) {
        db[row] += dz[row];
        for (size_t k = 0; k < columns; k++) {
            dw[row * columns + k] += dz[row] * v[k];
            if (dv)
                dv[k] += dz[row] * w[row * columns + k];
        }
    }
}

static double activate(enum recur_activation activation, double a)
{
    return activation == RECUR_ACTIVATION_TANH   ? tanh(a)
           : activation == RECUR_ACTIVATION_RELU ? fmax(a, 0)
                                                 : sigmoid(a);
}

/* One step of one sequence: gates s (4, H), q (H) from h and c (H), which become those after. */
static void step_forward(const struct plain *p, const struct size *size, const double *x,
                         const double *h, const double *c, double *s, double *q, double *h_next,
                         double *c_next)
{
    size_t H = p->H;
    for (size_t i = 0; i < H; i++)
        for (size_t g = 0; g < p->G; g++) {
            double in = dot(p->w_ih, x, INPUTS, g * H + i, p->b_ih);
            bool last = g == 2 && size->cell != RECUR_CELL_LSTM;
            s[g * H + i] = in + (last ? 0 : dot(p->w_hh, h, H, g * H + i, p->b_hh));
        }
    for (size_t i = 0; i < H; i++)
        q[i] = size->cell == RECUR_CELL_GRU_RESET_BEFORE ? sigmoid(s[i]) * h[i] : h[i];
    for (size_t i = 0; i < H; i++) {
        double *z = s + i;
        switch (size->cell) {
        case RECUR_CELL_RNN: h_next[i] = activate(size->activation, z[0]); break;
        case RECUR_CELL_LSTM:
            z[0] = sigmoid(z[0]), z[H] = sigmoid(z[H]), z[2 * H] = tanh(z[2 * H]);
            z[3 * H] = sigmoid(z[3 * H]);
            c_next[i] = z[H] * c[i] + z[0] * z[2 * H];
            h_next[i] = z[3 * H] * tanh(c_next[i]);
            break;
        case RECUR_CELL_GRU:
        case RECUR_CELL_GRU_RESET_BEFORE: {
            double m = dot(p->w_hh, q, H, 2 * H + i, p->b_hh), r = sigmoid(z[0]);
            z[H] = sigmoid(z[H]);
            z[3 * H] = m;
            z[2 * H] = tanh(z[2 * H] + (size->cell == RECUR_CELL_GRU ? r * m : m));
            h_next[i] = (1 - z[H]) * z[2 * H] + z[H] * h[i];
            z[0] = r;
            break;
        }
        case RECUR_CELL_LN_LSTM: /* a GPU has none of them */
        case RECUR_CELL_LN_GRU: break;
        }
    }
}

/* The other way: dh and dc (H) after the step become those before it. */
static void step_backward(const struct plain *p, const struct size *size, const double *x,
                          const double *h, const double *c, const double *c_next,
                          const double *h_next, const double *s, const double *q, double *dh,
                          double *dc, double *dx)
{
    size_t H = p->H, all = p->G * H;
    double *di = zeros(4 * H), *dr = zeros(4 * H), *before = zeros(H), *dq = zeros(H);
    for (size_t i = 0; i < H; i++) {
        const double *z = s + i;
        if (size->cell == RECUR_CELL_RNN) {
            double y = h_next[i];
            di[i] = dh[i] * (size->activation == RECUR_ACTIVATION_TANH   ? 1 - y * y
                             : size->activation == RECUR_ACTIVATION_RELU ? y > 0
                                                                         : y * (1 - y));
        } else if (size->cell == RECUR_CELL_LSTM) {
            double t = tanh(c_next[i]), o = z[3 * H], d = dc[i] + dh[i] * o * (1 - t * t);
            di[i] = d * z[2 * H] * z[0] * (1 - z[0]);
            di[H + i] = d * c[i] * z[H] * (1 - z[H]);
            di[2 * H + i] = d * z[0] * (1 - z[2 * H] * z[2 * H]);
            di[3 * H + i] = dh[i] * t * o * (1 - o);
            dc[i] = d * z[H];
        } else {
            double n = z[2 * H], u = z[H];
            di[2 * H + i] = dh[i] * (1 - u) * (1 - n * n);
            di[H + i] = dh[i] * (h[i] - n) * u * (1 - u);
            before[i] += dh[i] * u;
        }
    }
    memcpy(dr, di, 4 * H * sizeof *di);
    bool gru = size->cell == RECUR_CELL_GRU, reset = size->cell == RECUR_CELL_GRU_RESET_BEFORE;
    for (size_t i = 0; i < H && gru; i++) {
        di[i] = di[2 * H + i] * s[3 * H + i] * s[i] * (1 - s[i]);
        dr[i] = di[i];
        dr[2 * H + i] = di[2 * H + i] * s[i];
    }
    if (reset) {
        spread(p->w_hh, q, H, dr, 2 * H, H, p->dw_hh, p->db_hh, dq, p->squares + 1);
        for (size_t i = 0; i < H; i++) {
            di[i] = dr[i] = dq[i] * h[i] * s[i] * (1 - s[i]);
            before[i] += dq[i] * s[i];
        }
    }
    spread(p->w_hh, h, H, dr, 0, reset ? 2 * H : all, p->dw_hh, p->db_hh, before, p->squares + 1);
    spread(p->w_ih, x, INPUTS, di, 0, all, p->dw_ih, p->db_ih, dx, p->squares);
    memcpy(dh, before, H * sizeof *dh);
    free(di);
    free(dr);
    free(before);
    free(dq);
}

/* All sequences, forward and back; dy is the gradient of each output. */
static void plain_run(struct plain *p, const struct size *size)
{
    size_t H = p->H, B = p->B, states = B * H;
    for (size_t b = 0; b < B; b++) {
        double *dh = zeros(H), *dc = zeros(H);
        for (size_t t = 0; t < p->T; t++) {
            size_t at = t * states + b * H, row = t * B + b;
            step_forward(p, size, p->x + row * INPUTS, p->h + at, p->c + at, p->a + row * 4 * H,
                         p->q + row * H, p->h + at + states, p->c + at + states);
        }
        for (size_t t = p->T; t-- > 0;) {
            size_t at = t * states + b * H, row = t * B + b;
            for (size_t i = 0; i < H; i++)
                dh[i] += p->dy[row * H + i];
            step_backward(p, size, p->x + row * INPUTS, p->h + at, p->c + at, p->c + at + states,
                          p->h + at + states, p->a + row * 4 * H, p->q + row * H, dh, dc,
                          p->dx + row * INPUTS);
        }
        free(dh);
        free(dc);
    }
}

/* Within `most` of the largest number, or of `least`: what sums are like whose terms do not cancel.
 */
static void assert_near(const char *what, const float *got, const double *wanted, size_t count,
                        double least, double most)
{
    double largest = least, worst = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(wanted[i]));
        double error = fabs((double)got[i] - wanted[i]);
        worst = error > worst || error != error ? error : worst;
    }
    if (!(worst <= most * fmax(largest, 1e-3)))
        fail_msg("%s: off by %g of %g, largest allowed %g", what, worst, largest, most * largest);
}

/* The model's tensors are W_ih, W_hh, b_ih, b_hh. */
static void set_weights(recur_model *model, struct plain *p, struct recur_rng *rng)
{
    size_t rows = p->G * p->H;
    size_t count[] = {rows * INPUTS, rows * p->H, rows, rows};
    double **to[] = {&p->w_ih, &p->w_hh, &p->b_ih, &p->b_hh};
    for (size_t i = 0; i < 4; i++) {
        float *values = malloc(count[i] * sizeof *values);
        *to[i] = drawn(rng, count[i], 1 / sqrt((double)p->H), values);
        recur_model_set_tensor(model, i, values);
        free(values);
    }
}

static recur_stack *make_stack(recur_model **model, const struct size *size)
{
    recur_model_config config = recur_model_config_default();
    recur_trainer_config trainer = recur_trainer_config_default();
    recur_stack *stack;
    recur_error error = {0};
    config.cell = size->cell;
    config.activation = size->activation;
    config.layers = 1;
    config.hidden = &size->hidden;
    config.inputs = INPUTS;
    config.vocabulary = 0;
    trainer.batch = size->batch;
    trainer.steps = size->steps;
    trainer.threads = 1;
    trainer.precision = size->precision;
    trainer.device = RECUR_DEVICE_CUDA;
    assert_int_equal(recur_model_create(&config, NULL, model, NULL), RECUR_OK);
    if (recur_stack_create(*model, &trainer, 0, &stack, &error) != RECUR_OK)
        fail_msg("%s", error.message);
    return stack;
}

static void plain_free(struct plain *p)
{
    double *all[] = {p->w_ih, p->w_hh, p->b_ih, p->b_hh,  p->x,     p->h,     p->c,    p->a,
                     p->q,    p->dy,   p->dx,   p->dw_ih, p->dw_hh, p->db_ih, p->db_hh};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static void check(const struct size *size, double most)
{
    size_t H = size->hidden, B = size->batch, T = size->steps;
    double squares[4] = {0};
    struct plain p = {.H = H, .B = B, .T = T, .squares = squares};
    struct recur_rng rng;
    recur_model *model;
    recur_rng_seed(&rng, 4, 0);
    recur_stack *stack = make_stack(&model, size);
    p.G = recur_model_tensor(model, 0).shape[0] / H;
    size_t rows = p.G * H;
    set_weights(model, &p, &rng);
    float *x = malloc(T * B * INPUTS * sizeof *x), *dy = malloc(T * B * H * sizeof *dy);
    float *y = malloc(T * B * H * sizeof *y), *dx = malloc(T * B * INPUTS * sizeof *dx);
    float *gradient = malloc(rows * (H > INPUTS ? H : INPUTS) * sizeof *gradient);
    p.x = drawn(&rng, T * B * INPUTS, 1, x);
    p.dy = drawn(&rng, T * B * H, 1, dy);
    p.h = zeros((T + 1) * B * H), p.c = zeros((T + 1) * B * H), p.a = zeros(T * B * 4 * H);
    p.q = zeros(T * B * H), p.dx = zeros(T * B * INPUTS);
    p.dw_ih = zeros(rows * INPUTS), p.dw_hh = zeros(rows * H);
    p.db_ih = zeros(rows), p.db_hh = zeros(rows);
    plain_run(&p, size);
    recur_stack_input input = {.batch = B, .steps = T, .x = x};
    recur_stack_output output = {.y = y};
    recur_stack_output_gradient given = {.dy = dy};
    recur_stack_input_gradient wanted = {.dx = dx};
    assert_int_equal(recur_stack_forward(stack, &input, &output, NULL), RECUR_OK);
    assert_int_equal(recur_stack_backward(stack, &given, &wanted, NULL), RECUR_OK);
    assert_near("y", y, p.h + B * H, T * B * H, 0, most);
    assert_near("dx", dx, p.dx, T * B * INPUTS, 0, most);
    const double *const gradients[] = {p.dw_ih, p.dw_hh, p.db_ih, p.db_hh};
    const size_t count[] = {rows * INPUTS, rows * H, rows, rows};
    for (size_t i = 0; i < 4; i++) {
        recur_stack_get_gradient(stack, i, gradient);
        assert_near(recur_model_tensor(model, i).name, gradient, gradients[i], count[i],
                    sqrt(squares[i]), most);
    }
    recur_stack_free(stack);
    recur_model_free(model);
    plain_free(&p);
    free(x), free(dy), free(y), free(dx), free(gradient);
}

#define RNN RECUR_CELL_RNN
#define GRU RECUR_CELL_GRU
#define BEFORE RECUR_CELL_GRU_RESET_BEFORE
#define LSTM RECUR_CELL_LSTM
#define RELU RECUR_ACTIVATION_RELU
#define SIGMOID RECUR_ACTIVATION_SIGMOID
#define BF16 RECUR_PRECISION_BF16

static const struct size sizes[] = {
    {.cell = RNN, .hidden = 1, .batch = 1, .steps = 1},
    {.cell = RNN, .hidden = 31, .batch = 7, .steps = 9},
    {.cell = RNN, .activation = RELU, .hidden = 33, .batch = 32, .steps = 2},
    {.cell = RNN, .activation = SIGMOID, .hidden = 128, .batch = 7, .steps = 4},
    {.cell = RNN, .hidden = 200, .batch = 1, .steps = 8},
    {.cell = GRU, .hidden = 1, .batch = 7, .steps = 3},
    {.cell = GRU, .hidden = 31, .batch = 32, .steps = 2},
    {.cell = GRU, .hidden = 33, .batch = 1, .steps = 9},
    {.cell = GRU, .hidden = 128, .batch = 7, .steps = 2},
    {.cell = GRU, .hidden = 200, .batch = 1, .steps = 2},
    {.cell = BEFORE, .hidden = 1, .batch = 7, .steps = 5},
    {.cell = BEFORE, .hidden = 31, .batch = 1, .steps = 6},
    {.cell = BEFORE, .hidden = 33, .batch = 32, .steps = 2},
    {.cell = BEFORE, .hidden = 128, .batch = 7, .steps = 1},
    {.cell = BEFORE, .hidden = 200, .batch = 7, .steps = 2},
    {.cell = LSTM, .hidden = 1, .batch = 32, .steps = 3},
    {.cell = LSTM, .hidden = 31, .batch = 7, .steps = 7},
    {.cell = LSTM, .hidden = 33, .batch = 1, .steps = 9},
    {.cell = LSTM, .hidden = 128, .batch = 7, .steps = 2},
    {.cell = LSTM, .hidden = 200, .batch = 1, .steps = 2},
};

static void as_plain_loops(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct size size = sizes[i];
        check(&size, 2e-5);
        size.precision = BF16;
        if (size.hidden < 200 && size.activation != RELU) /* whose derivative jumps */
            check(&size, 4e-2);
    }
}

static void whole_matrix(void **state)
{
    static const struct size cells[] = {{.cell = RNN},
                                        {.cell = RNN, .activation = RELU},
                                        {.cell = RNN, .activation = SIGMOID},
                                        {.cell = GRU},
                                        {.cell = BEFORE},
                                        {.cell = LSTM}};
    static const size_t widths[] = {1, 31, 33, 128, 200}, batches[] = {1, 7, 32};
    (void)state;
    for (size_t i = 0; i < sizeof cells / sizeof *cells * 5 * 3 * 9; i++) {
        struct size size = cells[i / (5 * 3 * 9)];
        size.hidden = widths[i / (3 * 9) % 5];
        size.batch = batches[i / 9 % 3];
        size.steps = i % 9 + 1;
        check(&size, 2e-5);
        size.precision = BF16;
        if (size.activation != RELU)
            check(&size, 4e-2);
    }
}

/* The same where no cluster may hold a layer. */
static void whole_step_by_step(void **state)
{
    recur_test_cluster_size = 0;
    whole_matrix(state);
    recur_test_cluster_size = 16;
}

static void step_by_step(void **state)
{
    (void)state;
    recur_test_cluster_size = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i].cell != BEFORE && sizes[i].hidden > 30 && sizes[i].hidden < 40)
            check(&sizes[i], 2e-5);
    recur_test_cluster_size = 16;
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_plain_loops),
        cmocka_unit_test(step_by_step),
    };
    const struct CMUnitTest slow[] = {
        cmocka_unit_test(whole_matrix),
        cmocka_unit_test(whole_step_by_step),
    };
    if (count > 1 && strcmp(arguments[1], "whole") == 0)
        return cmocka_run_group_tests_name("gpu_steps_whole", slow, NULL, NULL);
    return cmocka_run_group_tests_name("gpu_steps", tests, NULL, NULL);
}
