/* Back-propagation through time against central differences, in double precision.
 *
 * Kernels and network are compiled once more with `real` = double. A derivative is approximated by
 * (loss(p + e) - loss(p - e)) / 2e with e = 1e-5, whose own error is about e^2 times the third
 * derivative (1e-10 here) plus the rounding of the losses over e (1e-11): the tolerance of
 * 1e-8 + 1e-6 |gradient| leaves two digits of room and catches a wrong factor of 1.000002. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "nn/pass.h"

enum { BATCH = 5, STEPS = 4, VOCABULARY = 35, PROBES = 10, GRID_BATCH = 2, GRID_UNITS = 3 };

struct setup {
    enum recur_cell cell;
    enum recur_activation activation;
    size_t layers, hidden[3], embedding, biases, threads;
    enum recur_task task;
    bool bidirectional;
    enum recur_merge merge;
    bool carry;
    float dropout;
};

struct bench {
    struct recur_network network;
    struct recur_workspace work;
    struct recur_pass pass;
    struct recur_team *team;
    real *parameters, *gradients;
    void *before; /* the workspace as the pass found it: the carried state */
    size_t block_bytes;
    int32_t ids[STEPS * BATCH], targets[STEPS * BATCH];
};

static void prepare(void *argument, size_t thread, size_t threads)
{
    (void)thread;
    (void)threads;
    recur_pass_prepare(argument, true);
}

static void forward(void *argument, size_t thread, size_t threads)
{
    (void)threads;
    recur_pass_forward(argument, thread);
}

static void backward(void *argument, size_t thread, size_t threads)
{
    (void)threads;
    recur_pass_backward(argument, thread);
}

static void gradients(void *argument, size_t thread, size_t threads)
{
    (void)thread;
    (void)threads;
    recur_pass_gradients(argument);
}

static void run(struct bench *bench, recur_team_fn *function)
{
    atomic_store(&bench->pass.next_task, 0);
    recur_team_run(bench->team, function, &bench->pass);
}

/* The loss at the present parameters, from the same carried state every time. */
static double loss(struct bench *bench)
{
    memcpy(bench->work.block, bench->before, bench->block_bytes);
    run(bench, prepare);
    run(bench, forward);
    return recur_pass_loss_sum(&bench->pass) * bench->pass.loss_scale;
}

static size_t block_size(const struct recur_workspace *work)
{
    return (size_t)((const char *)(work->loss + work->batch * work->steps) -
                    (const char *)work->block);
}

/* Threads that share the units of a layer, whatever the planner would choose for so little work. */
static void use_grid(struct recur_grid *grid)
{
    free(grid->barrier);
    grid->barrier = malloc(GRID_BATCH * sizeof *grid->barrier);
    grid->batch_slices = GRID_BATCH;
    grid->unit_slices = GRID_UNITS;
    for (size_t i = 0; i < GRID_BATCH; i++)
        recur_barrier_init(&grid->barrier[i], GRID_UNITS);
}

static void make(struct bench *bench, const struct setup *setup)
{
    recur_error error;
    recur_model_config config = {.task = setup->task,
                                 .cell = setup->cell,
                                 .activation = setup->activation,
                                 .layers = setup->layers,
                                 .hidden = setup->hidden,
                                 .bidirectional = setup->bidirectional,
                                 .merge = setup->merge,
                                 .embedding = setup->embedding,
                                 .vocabulary = VOCABULARY,
                                 .biases = setup->biases,
                                 .dropout = setup->dropout,
                                 .init = RECUR_INIT_UNIFORM};
    memset(bench, 0, sizeof *bench);
    assert_int_equal(recur_network_init(&bench->network, &config, &error), 0);
    assert_int_equal(recur_team_create(setup->threads, &bench->team, &error), 0);
    assert_int_equal(recur_workspace_init(&bench->work, &bench->network, BATCH, STEPS, true,
                                          setup->threads, &error),
                     0);
    if (setup->threads == GRID_BATCH * GRID_UNITS)
        use_grid(&bench->work.grid);
    size_t bytes = bench->network.params.span * sizeof(real);
    assert_int_equal(recur_block_alloc(bytes, "p", &bench->parameters, &error), 0);
    assert_int_equal(recur_block_alloc(bytes, "g", &bench->gradients, &error), 0);
    recur_params_init(&bench->network.params, bench->parameters, 7);
    struct recur_rng rng;
    recur_rng_seed(&rng, 3, 0);
    for (size_t i = 0; i < STEPS * BATCH; i++) {
        bench->ids[i] = (int32_t)recur_rng_below(&rng, VOCABULARY);
        bench->targets[i] = (int32_t)recur_rng_below(&rng, VOCABULARY);
    }
    bench->targets[3] = -1; /* a place without a loss */
    bench->pass = (struct recur_pass){.network = &bench->network,
                                      .work = &bench->work,
                                      .parameters = bench->parameters,
                                      .gradients = bench->gradients,
                                      .steps = STEPS,
                                      .ids = bench->ids,
                                      .targets = bench->targets,
                                      .drops = setup->dropout > 0,
                                      .dropout_key = 11,
                                      .loss_scale = 1.0 / (STEPS * BATCH)};
    assert_int_equal(recur_kernels_select(&bench->pass.kernels, &error), 0);
    run(bench, prepare);
    run(bench, forward); /* leaves a state that is not zero */
    bench->pass.carried_steps = setup->carry ? STEPS : 0;
    bench->block_bytes = block_size(&bench->work);
    bench->before = malloc(bench->block_bytes);
    memcpy(bench->before, bench->work.block, bench->block_bytes);
}

static void discard(struct bench *bench)
{
    free(bench->before);
    recur_block_free(bench->parameters);
    recur_block_free(bench->gradients);
    recur_workspace_free(&bench->work);
    recur_network_free(&bench->network);
    recur_team_free(bench->team);
}

/* The steepest place of a tensor, or a random one: most columns of a one-hot input's weights belong
 * to tokens that do not occur, and many units of relu are off. */
static size_t choose(const struct bench *bench, const struct recur_param *param, bool steepest,
                     struct recur_rng *rng, size_t *row, size_t *column)
{
    *row = recur_rng_below(rng, param->rows);
    *column = recur_rng_below(rng, param->columns);
    size_t chosen = recur_param_place(param, *row, *column);
    for (size_t i = 0; i < param->rows * param->columns && steepest; i++) {
        size_t place = recur_param_place(param, i / param->columns, i % param->columns);
        if (fabs(bench->gradients[place]) > fabs(bench->gradients[chosen])) {
            chosen = place;
            *row = i / param->columns;
            *column = i % param->columns;
        }
    }
    return chosen;
}

static void check_tensor(struct bench *bench, const struct recur_param *param,
                         struct recur_rng *rng)
{
    /* Nearer where the activation has a kink, which a probe must not step over. */
    const double e = bench->network.activation == RECUR_ACTIVATION_RELU ? 1e-6 : 1e-5;
    for (int probe = 0; probe < PROBES; probe++) {
        size_t row, column, place = choose(bench, param, probe == 0, rng, &row, &column);
        double value = bench->parameters[place], gradient = bench->gradients[place];
        if (probe == 0 && gradient == 0)
            fail_msg("%s: every gradient is zero", param->name);
        bench->parameters[place] = value + e;
        double above = loss(bench);
        bench->parameters[place] = value - e;
        double below = loss(bench);
        bench->parameters[place] = value;
        double expected = (above - below) / (2 * e);
        if (!(fabs(gradient - expected) <= 1e-8 + 1e-6 * fabs(expected)))
            fail_msg("%s[%zu][%zu]: gradient %.12g, differences %.12g", param->name, row, column,
                     gradient, expected);
    }
}

/* The unused lanes must have no gradient, or they would not stay zero. */
static void check_padding(const struct bench *bench)
{
    const struct recur_params *params = &bench->network.params;
    char *used = calloc(params->span, 1);
    for (size_t i = 0; i < params->count; i++)
        for (size_t row = 0; row < params->entry[i].rows; row++)
            for (size_t column = 0; column < params->entry[i].columns; column++)
                used[recur_param_place(&params->entry[i], row, column)] = 1;
    for (size_t i = 0; i < params->span; i++)
        if (!used[i] && bench->gradients[i] != 0)
            fail_msg("padding at %zu has gradient %g", i, bench->gradients[i]);
    free(used);
}

static void check(void **state)
{
    const struct setup *setup = *state;
    struct bench bench;
    struct recur_rng rng;
    make(&bench, setup);
    recur_rng_seed(&rng, 5, 0);
    assert_true(loss(&bench) > 1);
    run(&bench, backward);
    run(&bench, gradients);
    check_padding(&bench);
    for (size_t i = 0; i < bench.network.params.count; i++)
        check_tensor(&bench, recur_network_param(&bench.network, i), &rng);
    discard(&bench);
}

static const struct {
    const char *name;
    enum recur_cell cell;
    enum recur_activation activation;
} cells[] = {
    {"rnn tanh", RECUR_CELL_RNN, RECUR_ACTIVATION_TANH},
    {"rnn relu", RECUR_CELL_RNN, RECUR_ACTIVATION_RELU},
    {"rnn sigmoid", RECUR_CELL_RNN, RECUR_ACTIVATION_SIGMOID},
    {"gru", RECUR_CELL_GRU, RECUR_ACTIVATION_TANH},
    {"gru-reset-before", RECUR_CELL_GRU_RESET_BEFORE, RECUR_ACTIVATION_TANH},
    {"lstm", RECUR_CELL_LSTM, RECUR_ACTIVATION_TANH},
};

enum { CELLS = sizeof cells / sizeof *cells, VARIANTS = 3 * 2 * 2 + 8 };

/* Depth x sampling x dropout; then embedding with single biases, threads that share the batch and
 * the units, and two directions, side by side and summed; filling
 * in, forward alone and in both directions. */
static void vary(struct setup *setup, size_t variant)
{
    static const size_t widths[] = {33, 7, 40};
    setup->layers = variant < 12 ? 1 + variant % 3 : 2;
    memcpy(setup->hidden, widths, sizeof widths);
    setup->carry = variant < 12 ? variant / 3 % 2 : variant % 2;
    setup->dropout = variant < 12 && variant / 6 ? 0.3f : 0;
    setup->biases = 2;
    setup->threads = 1;
    if (variant == 12) {
        setup->embedding = 6;
        setup->biases = 1;
    } else if (variant == 13) {
        setup->hidden[1] = 70;
        setup->hidden[0] = 65;
        setup->threads = GRID_BATCH * GRID_UNITS;
    } else if (variant >= 17) {
        setup->task = RECUR_TASK_FILL;
        setup->bidirectional = variant > 17;
        setup->merge = variant == 19 ? RECUR_MERGE_SUM : RECUR_MERGE_CONCAT;
        setup->embedding = variant == 18 ? 6 : 0;
        setup->dropout = variant == 19 ? 0.2f : 0;
        setup->carry = false;
    } else if (variant >= 14) {
        setup->bidirectional = true;
        setup->merge = variant == 14 ? RECUR_MERGE_CONCAT : RECUR_MERGE_SUM;
        setup->dropout = variant == 15 ? 0 : 0.2f;
        setup->threads = variant == 15 ? 2 : 1;
    }
}

int main(void)
{
    static struct setup setups[CELLS * VARIANTS];
    static char labels[CELLS * VARIANTS][128];
    struct CMUnitTest tests[CELLS * VARIANTS];
    for (size_t i = 0; i < CELLS * VARIANTS; i++) {
        struct setup *setup = &setups[i];
        setup->cell = cells[i / VARIANTS].cell;
        setup->activation = cells[i / VARIANTS].activation;
        vary(setup, i % VARIANTS);
        snprintf(labels[i], sizeof labels[i],
                 "%s, %zu layers, %s sampling, dropout %g, embedding %zu, %zu threads, %s%s%s",
                 cells[i / VARIANTS].name, setup->layers, setup->carry ? "sequential" : "random",
                 (double)setup->dropout, setup->embedding, setup->threads,
                 recur_task_name(setup->task), setup->bidirectional ? ", both directions, " : "",
                 setup->bidirectional ? recur_merge_name(setup->merge) : "");
        tests[i] = (struct CMUnitTest){labels[i], check, NULL, NULL, setup};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
