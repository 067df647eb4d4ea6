#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "kernel_check.h"
#include "recur/trainer.h"

/* One minibatch of 32 sequences, 256 units, 4 gates; the output layer has 96 columns. */
enum { ROWS = 32, DEPTH = 256, GATES = 4, VOCABULARY = 96, TILE = ROWS * RECUR_LANES };

struct bench {
    const struct recur_kernels *kernels;
    real *x[10];                           /* each (ROWS * DEPTH / 32, 32) or more */
    real *w;                               /* GATES panels (DEPTH, 32) */
    uint32_t *left, *rows, *right, *words; /* packed: x[4]; x[4] in pairs of rows; w; room for
                                              w */
    int32_t *sums;
    ptrdiff_t panel[DEPTH / RECUR_LANES];
    int32_t ids[ROWS * RECUR_LANES];
    struct recur_update update;
};

static void product(struct bench *b)
{
    b->kernels->product(b->x[0], TILE, (struct recur_rows){b->x[4], b->panel}, DEPTH, b->w,
                        DEPTH * RECUR_LANES, GATES, RECUR_LANES, ROWS, b->x[0]);
}

static void product_far(struct bench *b)
{
    b->kernels->product_far(b->x[0], TILE, (struct recur_rows){b->x[4], b->panel}, DEPTH, b->w,
                            DEPTH * RECUR_LANES, GATES, RECUR_LANES, ROWS, b->x[0]);
}

static void product_one_row(struct bench *b)
{
    b->kernels->product(b->x[0], TILE, (struct recur_rows){b->x[4], b->panel}, DEPTH, b->w,
                        DEPTH * RECUR_LANES, GATES, RECUR_LANES, 1, b->x[0]);
}

static void bf16_product_rows(struct bench *b, size_t rows)
{
    b->kernels->bf16_product(b->x[0], TILE, (struct recur_word_rows){b->left, b->panel}, DEPTH / 2,
                             b->right, DEPTH / 2 * RECUR_LANES, GATES, RECUR_LANES, rows, b->x[0]);
}

static void bf16_product(struct bench *b)
{
    bf16_product_rows(b, ROWS);
}

static void bf16_product_one_row(struct bench *b)
{
    bf16_product_rows(b, 1);
}

static void int8_product_rows(struct bench *b, size_t rows)
{
    b->kernels->int8_product(b->sums, TILE, (struct recur_word_rows){b->left, b->panel}, DEPTH / 4,
                             b->right, DEPTH / 4 * RECUR_LANES, GATES, RECUR_LANES, rows, NULL);
}

static void int8_product(struct bench *b)
{
    int8_product_rows(b, ROWS);
}

static void int8_product_one_row(struct bench *b)
{
    int8_product_rows(b, 1);
}

static void outer(struct bench *b)
{
    b->kernels->outer(b->x[0], b->x[4], RECUR_LANES, b->x[5], RECUR_LANES, DEPTH, false);
}

static void bf16_outer(struct bench *b)
{
    b->kernels->bf16_outer(b->x[0], b->rows, RECUR_LANES, b->right, RECUR_LANES, DEPTH / 2, false);
}

static void bf16_pack_rows(struct bench *b)
{
    b->kernels->bf16_pack_rows(b->words, b->x[4], DEPTH);
}

static void bf16_pack_columns(struct bench *b)
{
    b->kernels->bf16_pack_columns(b->words, b->x[4], DEPTH);
}

static void bf16_pair_left(struct bench *b)
{
    b->kernels->bf16_pair_left(b->words, b->left, DEPTH);
}

static void bf16_transpose(struct bench *b)
{
    b->kernels->bf16_transpose(b->words, b->x[4]);
}

static void int8_pack_columns(struct bench *b)
{
    b->kernels->int8_pack_columns(b->words, b->x[4], DEPTH, 127);
}

static void int8_add(struct bench *b)
{
    b->kernels->int8_add(b->x[0], b->sums, b->ids, b->x[4], 1e-6f, TILE / RECUR_LANES);
}

static void column_sum(struct bench *b)
{
    b->kernels->column_sum(b->x[0], b->x[4], DEPTH);
}

static void fill(struct bench *b)
{
    b->kernels->fill(b->x[0], b->x[1], ROWS);
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

static void add(struct bench *b)
{
    b->kernels->add(b->x[0], b->x[4], b->x[5], TILE);
}

/* A tile for a cell's functions; its arrays lie apart. */
static struct recur_tile tile_of(struct bench *b, enum recur_activation activation)
{
    real **x = b->x;
    return (struct recur_tile){.n = TILE,
                               .activation = activation,
                               .slot = {x[0], x[1], x[2], x[3]},
                               .h_prev = x[4],
                               .c_prev = x[4],
                               .h = x[6],
                               .c = x[5],
                               .q = x[8],
                               .dh = x[6],
                               .dh_prev = x[7],
                               .dc = x[7]};
}

#define CELL(name, kind, way, phase, activation)                                                   \
    static void name(struct bench *b)                                                              \
    {                                                                                              \
        const struct recur_tile tile = tile_of(b, activation);                                     \
        b->kernels->cell[kind].way[phase](&tile);                                                  \
    }
CELL(rnn_tanh, RECUR_CELL_RNN, forward, 0, RECUR_ACTIVATION_TANH)
CELL(rnn_relu, RECUR_CELL_RNN, forward, 0, RECUR_ACTIVATION_RELU)
CELL(rnn_sigmoid, RECUR_CELL_RNN, forward, 0, RECUR_ACTIVATION_SIGMOID)
CELL(rnn_tanh_backward, RECUR_CELL_RNN, backward, 0, RECUR_ACTIVATION_TANH)
CELL(rnn_relu_backward, RECUR_CELL_RNN, backward, 0, RECUR_ACTIVATION_RELU)
CELL(rnn_sigmoid_backward, RECUR_CELL_RNN, backward, 0, RECUR_ACTIVATION_SIGMOID)
CELL(lstm_forward, RECUR_CELL_LSTM, forward, 0, 0)
CELL(lstm_backward, RECUR_CELL_LSTM, backward, 0, 0)
CELL(gru_forward, RECUR_CELL_GRU, forward, 0, 0)
CELL(gru_backward, RECUR_CELL_GRU, backward, 0, 0)
CELL(gru_reset_before_gates, RECUR_CELL_GRU_RESET_BEFORE, forward, 0, 0)
CELL(gru_reset_before_output, RECUR_CELL_GRU_RESET_BEFORE, forward, 1, 0)
CELL(gru_reset_before_output_backward, RECUR_CELL_GRU_RESET_BEFORE, backward, 1, 0)
CELL(gru_reset_before_gates_backward, RECUR_CELL_GRU_RESET_BEFORE, backward, 0, 0)

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
    b->kernels->optimizer[RECUR_OPTIMIZER_SGD](b->x[0], b->x[4], NULL, NULL, RECUR_SUM_CHUNK,
                                               &b->update);
}

static void adam(struct bench *b)
{
    b->kernels->optimizer[RECUR_OPTIMIZER_ADAM](b->x[0], b->x[4], b->x[1], b->x[8], RECUR_SUM_CHUNK,
                                                &b->update);
}

static void rmsprop(struct bench *b)
{
    b->kernels->optimizer[RECUR_OPTIMIZER_RMSPROP](b->x[0], b->x[4], b->x[1], b->x[8],
                                                   RECUR_SUM_CHUNK, &b->update);
}

static void read_chunk(struct bench *b)
{
    b->kernels->read(b->w, (size_t)GATES * DEPTH * RECUR_LANES);
}

#define PRODUCT_FLOP (2.0 * DEPTH * GATES * RECUR_LANES) /* of one row */

/* Operations of a product or an optimiser; 0 where their count says nothing. */
static const struct {
    const char *name;
    void (*call)(struct bench *bench);
    double flop;
} timings[] = {
    {"product", product, PRODUCT_FLOP *ROWS},
    {"product_far", product_far, PRODUCT_FLOP *ROWS},
    {"product, 1 row", product_one_row, PRODUCT_FLOP},
    {"bf16_product", bf16_product, PRODUCT_FLOP *ROWS},
    {"bf16_product, 1 row", bf16_product_one_row, PRODUCT_FLOP},
    {"int8_product", int8_product, PRODUCT_FLOP *ROWS},
    {"int8_product, 1 row", int8_product_one_row, PRODUCT_FLOP},
    {"outer", outer, 2.0 * DEPTH *RECUR_LANES *RECUR_LANES},
    {"bf16_outer", bf16_outer, 2.0 * DEPTH *RECUR_LANES *RECUR_LANES},
    {"bf16_pack_rows", bf16_pack_rows, 0},
    {"bf16_pack_columns", bf16_pack_columns, 0},
    {"bf16_pair_left", bf16_pair_left, 0},
    {"bf16_transpose", bf16_transpose, 0},
    {"int8_pack_columns", int8_pack_columns, 0},
    {"int8_add", int8_add, 0},
    {"column_sum", column_sum, 1.0 * DEPTH *RECUR_LANES},
    {"fill", fill, 0},
    {"gather", gather, TILE},
    {"scatter_add", scatter_add, TILE},
    {"transpose", transpose, 0},
    {"add", add, TILE},
    {"rnn_forward tanh", rnn_tanh, 0},
    {"rnn_forward relu", rnn_relu, 0},
    {"rnn_forward sigmoid", rnn_sigmoid, 0},
    {"rnn_backward tanh", rnn_tanh_backward, 0},
    {"rnn_backward relu", rnn_relu_backward, 0},
    {"rnn_backward sigmoid", rnn_sigmoid_backward, 0},
    {"lstm_forward", lstm_forward, 0},
    {"lstm_backward", lstm_backward, 0},
    {"gru_forward", gru_forward, 0},
    {"gru_backward", gru_backward, 0},
    {"gru_reset_before_gates", gru_reset_before_gates, 0},
    {"gru_reset_before_output", gru_reset_before_output, 0},
    {"gru_reset_before_output_backward", gru_reset_before_output_backward, 0},
    {"gru_reset_before_gates_backward", gru_reset_before_gates_backward, 0},
    {"softmax_loss", softmax_loss, 0},
    {"dropout", dropout, 0},
    {"sum_squares", sum_squares, 2.0 * RECUR_SUM_CHUNK},
    {"sgd", sgd, 3.0 * RECUR_SUM_CHUNK},
    {"adam", adam, 13.0 * RECUR_SUM_CHUNK},
    {"rmsprop", rmsprop, 0},
    {"read", read_chunk, 1.0 * GATES *DEPTH *RECUR_LANES},
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

/* Packs left operands: each table chooses the layout of their words. */
static void pack(struct bench *b)
{
    b->kernels->bf16_pack_columns(b->left, b->x[4], (size_t)ROWS * DEPTH / RECUR_LANES);
    b->kernels->bf16_pair_left(b->rows, b->left, DEPTH);
    for (size_t gate = 0; gate < GATES; gate++)
        b->kernels->bf16_pack_rows(b->right + gate * DEPTH / 2 * RECUR_LANES,
                                   b->w + gate * DEPTH * RECUR_LANES, DEPTH);
}

static void time_level(struct bench *bench)
{
    pack(bench);
    for (size_t i = 0; i < sizeof timings / sizeof *timings; i++) {
        double seconds = seconds_of(bench, timings[i].call);
        printf("%-10s %-26s %9.1f ns", bench->kernels->isa, timings[i].name, 1e9 * seconds);
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
    bench.left = arrays_take(&arrays, (size_t)ROWS * DEPTH * 2);
    bench.rows = arrays_take(&arrays, (size_t)ROWS * DEPTH * 2);
    bench.words = arrays_take(&arrays, (size_t)ROWS * DEPTH * 2);
    bench.right = arrays_take(&arrays, (size_t)GATES * DEPTH * RECUR_LANES * 2);
    bench.sums = arrays_take(&arrays, (size_t)GATES * TILE * sizeof *bench.sums);
    for (size_t i = 0; i < DEPTH / RECUR_LANES; i++)
        bench.panel[i] = (ptrdiff_t)(i * TILE);
    for (size_t i = 0; i < sizeof bench.ids / sizeof *bench.ids; i++)
        bench.ids[i] = (int32_t)(i % VOCABULARY);
    for (size_t level = 0; recur_kernels_level(level); level++) {
        bench.kernels = recur_kernels_level(level);
        if (recur_amx_emulated && !strcmp(bench.kernels->isa, "amx"))
            puts("amx is emulated here, and what its products take says nothing");
        time_level(&bench);
    }
    arrays_release(&arrays);
}
