#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "kernel_check.h"
#include "recur/model.h"

/* One minibatch of 32 sequences, 256 units, 4 gates; the output layer has 96 columns. */
enum { ROWS = 32, DEPTH = 256, GATES = 4, VOCABULARY = 96, TILE = ROWS * RECUR_LANES };

struct bench {
    const struct recur_kernels *kernels;
    real *x[10]; /* each (ROWS * DEPTH / 32, 32) or more */
    real *w;     /* GATES panels (DEPTH, 32) */
    ptrdiff_t panel[DEPTH / RECUR_LANES];
    int32_t ids[ROWS * RECUR_LANES];
    struct recur_update update;
};

static void product(struct bench *b)
{
    b->kernels->product(b->x[0], TILE, (struct recur_rows){b->x[4], b->panel}, DEPTH, b->w,
                        DEPTH * RECUR_LANES, GATES, RECUR_LANES, ROWS, b->x[0]);
}

static void product_one_row(struct bench *b)
{
    b->kernels->product(b->x[0], TILE, (struct recur_rows){b->x[4], b->panel}, DEPTH, b->w,
                        DEPTH * RECUR_LANES, GATES, RECUR_LANES, 1, b->x[0]);
}

static void outer(struct bench *b)
{
    b->kernels->outer(b->x[0], b->x[4], RECUR_LANES, b->x[5], RECUR_LANES, DEPTH, false);
}

static void column_sum(struct bench *b)
{
    b->kernels->column_sum(b->x[0], b->x[4], DEPTH);
}

static void gather(struct bench *b)
{
    b->kernels->gather(b->x[0], b->w, b->ids, b->x[1], ROWS);
}

static void scatter_add(struct bench *b)
{
    b->kernels->scatter_add(b->w, b->ids, b->x[0], ROWS);
}

static void transpose(struct bench *b)
{
    b->kernels->transpose(b->x[0], b->x[4]);
}

static void rnn_tanh(struct bench *b)
{
    b->kernels->rnn_forward[RECUR_ACTIVATION_TANH](b->x[0], b->x[4], TILE);
}

static void rnn_sigmoid(struct bench *b)
{
    b->kernels->rnn_forward[RECUR_ACTIVATION_SIGMOID](b->x[0], b->x[4], TILE);
}

static void lstm_forward(struct bench *b)
{
    real **x = b->x;
    b->kernels->lstm_forward(x[0], x[1], x[2], x[3], x[4], x[5], x[6], TILE);
}

static void lstm_backward(struct bench *b)
{
    real **x = b->x;
    b->kernels->lstm_backward(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], TILE);
}

static void gru_forward(struct bench *b)
{
    real **x = b->x;
    b->kernels->gru_forward(x[0], x[1], x[2], x[3], x[4], x[5], TILE);
}

static void gru_backward(struct bench *b)
{
    real **x = b->x;
    b->kernels->gru_backward(x[0], x[1], x[2], x[3], x[4], x[5], x[6], TILE);
}

static void softmax_loss(struct bench *b)
{
    b->kernels->softmax_loss(b->x[0], TILE, VOCABULARY, ROWS, b->ids, 1, b->x[1]);
}

static void dropout(struct bench *b)
{
    b->kernels->dropout(b->x[0], b->x[4], TILE, 1, 0, 1u << 30);
}

static void sum_squares(struct bench *b)
{
    b->kernels->sum_squares(b->x[4], RECUR_SUM_CHUNK);
}

static void sgd(struct bench *b)
{
    b->kernels->sgd(b->x[0], b->x[4], NULL, RECUR_SUM_CHUNK, &b->update);
}

static void adam(struct bench *b)
{
    b->kernels->adam(b->x[0], b->x[4], b->x[1], b->x[8], RECUR_SUM_CHUNK, &b->update);
}

/* Operations of a product or an optimiser, 0 where counting them says nothing. */
static const struct {
    const char *name;
    void (*call)(struct bench *bench);
    double flop;
} timings[] = {
    {"product", product, 2.0 * ROWS *DEPTH *GATES *RECUR_LANES},
    {"product, 1 row", product_one_row, 2.0 * DEPTH *GATES *RECUR_LANES},
    {"outer", outer, 2.0 * DEPTH *RECUR_LANES *RECUR_LANES},
    {"column_sum", column_sum, 1.0 * DEPTH *RECUR_LANES},
    {"gather", gather, TILE},
    {"scatter_add", scatter_add, TILE},
    {"transpose", transpose, 0},
    {"rnn_forward tanh", rnn_tanh, 0},
    {"rnn_forward sigmoid", rnn_sigmoid, 0},
    {"lstm_forward", lstm_forward, 0},
    {"lstm_backward", lstm_backward, 0},
    {"gru_forward", gru_forward, 0},
    {"gru_backward", gru_backward, 0},
    {"softmax_loss", softmax_loss, 0},
    {"dropout", dropout, 0},
    {"sum_squares", sum_squares, 2.0 * RECUR_SUM_CHUNK},
    {"sgd", sgd, 3.0 * RECUR_SUM_CHUNK},
    {"adam", adam, 13.0 * RECUR_SUM_CHUNK},
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds of one call: the best of several runs of at least a millisecond each. */
static double seconds_of(struct bench *bench, void (*call)(struct bench *bench))
{
    double best = INFINITY;
    for (size_t calls = 1, run = 0; run < 20;) {
        double start = now();
        for (size_t i = 0; i < calls; i++)
            call(bench);
        double elapsed = now() - start;
        if (elapsed < 1e-3) {
            calls *= 2;
            continue;
        }
        best = fmin(best, elapsed / (double)calls);
        run++;
    }
    return best;
}

static void time_level(struct bench *bench)
{
    for (size_t i = 0; i < sizeof timings / sizeof *timings; i++) {
        double seconds = seconds_of(bench, timings[i].call);
        printf("%-8s %-20s %9.1f ns", bench->kernels->isa, timings[i].name, 1e9 * seconds);
        if (timings[i].flop > 0)
            printf(" %8.1f GFLOP/s", 1e-9 * timings[i].flop / seconds);
        putchar('\n');
    }
}

void recur_kernels_time(void)
{
    struct arrays arrays = {.count = 0};
    struct recur_rng rng;
    recur_rng_seed(&rng, 1, 0);
    struct bench bench = {.update = {.lr = 1e-3f,
                                     .beta1 = 0.9f,
                                     .beta2 = 0.999f,
                                     .epsilon = 1e-8f,
                                     .scale = 1,
                                     .correct1 = 1,
                                     .correct2 = 1}};
    for (size_t i = 0; i < sizeof bench.x / sizeof *bench.x; i++) {
        bench.x[i] = arrays_take_reals(&arrays, (size_t)ROWS * DEPTH);
        scatter_reals(&rng, bench.x[i], (size_t)ROWS * DEPTH, 1);
    }
    for (size_t i = 0; i < (size_t)ROWS * DEPTH; i++)
        bench.x[8][i] = (real)fabs((double)bench.x[8][i]);
    bench.w = arrays_take_reals(&arrays, (size_t)GATES * DEPTH * RECUR_LANES);
    scatter_reals(&rng, bench.w, (size_t)GATES * DEPTH * RECUR_LANES, 0.01);
    for (size_t i = 0; i < DEPTH / RECUR_LANES; i++)
        bench.panel[i] = (ptrdiff_t)(i * TILE);
    for (size_t i = 0; i < sizeof bench.ids / sizeof *bench.ids; i++)
        bench.ids[i] = (int32_t)(i % VOCABULARY);
    for (size_t level = 0; recur_kernels_level(level); level++) {
        bench.kernels = recur_kernels_level(level);
        time_level(&bench);
    }
    arrays_release(&arrays);
}
