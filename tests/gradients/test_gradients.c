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

#include "backend/cpu/pass.h"
#include "base/memory.h"
#include "sanitizers.h"
#include "setups.h"

/* Numbers of each tensor that are looked at alone, besides all of them at once. Every probe runs
 * the same code again, which tells a sanitizer nothing new. */
enum { PROBES = ADDRESS_SANITIZER ? 1 : 3 };

/* The sequences' lengths; in the first row they are equal. */
static const size_t lengths[][BATCH] = {{4, 4, 4, 4, 4}, {1, 4, 0, 2, 4}, {3, 1, 4, 2, 2}};

struct bench {
    struct recur_network network;
    struct recur_workspace work;
    struct recur_lengths lengths;
    struct recur_pass pass;
    struct recur_candidates candidates;
    struct recur_team *team;
    real *parameters, *gradients;
    void *before; /* the workspace as the pass found it: the carried state */
    size_t block_bytes;
    int32_t ids[STEPS * BATCH], targets[STEPS * BATCH];
    size_t rows;
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
    (void)threads;
    recur_pass_gradients(argument, thread);
}

static void run(struct bench *bench, recur_team_fn *function)
{
    atomic_store(&bench->pass.next_task, 0);
    recur_team_run(bench->team, function, &bench->pass);
}

/* The row of h in direction d that sequence b ends in. */
static size_t last_row(const struct bench *bench, size_t d, size_t b)
{
    size_t length = bench->lengths.length[b];
    return length ? recur_pass_after(&bench->pass, d, d ? 0 : length - 1, b)
                  : recur_pass_initial(&bench->pass, d) + b;
}

/* What a caller makes of the last states: their sum, each with a weight, which stands in `ends` and
 * in dc. */
static double loss_of_ends(const struct bench *bench)
{
    double sum = 0;
    for (size_t i = 0; i < bench->network.layers * bench->network.directions; i++) {
        const struct recur_stream *stream = &bench->work.stream[i];
        size_t units = bench->network.layer[i / bench->network.directions].units;
        for (size_t u = 0; u < units; u++)
            for (size_t b = 0; b < BATCH; b++)
                for (size_t j = 0; j < RECUR_LANES; j++) {
                    size_t row = last_row(bench, i % bench->network.directions, b);
                    size_t from = u * stream->h_stride + row * RECUR_LANES + j;
                    size_t weight = (u * BATCH + b) * RECUR_LANES + j;
                    sum += stream->h[from] * stream->ends[weight];
                    if (stream->c)
                        sum += stream->c[from] * stream->dc[weight];
                }
    }
    return sum;
}

/* What is added for the outputs: their mean square, as weighed, sequence by sequence. */
static double penalty(const struct bench *bench)
{
    const struct recur_layer_input *top = &bench->work.layer_input[bench->network.layers];
    double sum = 0, width = (double)recur_network_width(&bench->network);
    for (size_t b = 0; b < BATCH; b++)
        for (size_t t = 0; t < STEPS; t++)
            for (size_t i = 0; i < top->columns; i++) {
                size_t at = recur_pass_row(&bench->pass, t, b) * RECUR_LANES + i % RECUR_LANES;
                double y = top->feature[i / RECUR_LANES].value[at];
                sum += y * y;
            }
    return bench->pass.ar * sum / (BATCH * STEPS * width);
}

/* The loss at the present parameters, from the same state every time. */
static double loss(struct bench *bench)
{
    memcpy(bench->work.block, bench->before, bench->block_bytes);
    run(bench, prepare);
    run(bench, forward);
    double ends = bench->pass.backward.given_ends ? loss_of_ends(bench) : 0;
    double sum = recur_pass_loss_sum(&bench->pass) * bench->pass.loss_scale + ends;
    return bench->pass.ar > 0 ? sum + penalty(bench) : sum;
}

static size_t block_size(const struct recur_workspace *work)
{
    return (size_t)((const char *)(work->loss + work->batch * work->steps) -
                    (const char *)work->block);
}

static void sort_sequences(struct bench *bench, const size_t *length)
{
    int32_t ids[STEPS * BATCH], targets[STEPS * BATCH];
    memcpy(ids, bench->ids, sizeof ids);
    memcpy(targets, bench->targets, sizeof targets);
    assert_int_equal(recur_lengths_init(&bench->lengths, BATCH, STEPS, NULL), 0);
    recur_lengths_set(&bench->lengths, BATCH, length, NULL, 0);
    const struct recur_pass pass = {.work = &bench->work,
                                    .batch.lengths = &bench->lengths,
                                    .batch.steps = bench->lengths.steps};
    recur_pass_pack_ids(&pass, bench->lengths.order, bench->ids, ids);
    recur_pass_pack_ids(&pass, bench->lengths.order, bench->targets, targets);
    bench->rows = bench->lengths.rows;
}

static void fill_row(real *row, size_t width, struct recur_rng *rng)
{
    for (size_t i = 0; i < width; i++)
        row[i] = 2 * recur_rng_uniform(rng) - 1;
}

/* What the network reads in place of tokens. */
static void fill_inputs(struct bench *bench, struct recur_rng *rng)
{
    const struct recur_layer_input *layer_input = &bench->work.layer_input[0];
    for (size_t p = 0; p < layer_input->panels && bench->network.inputs; p++)
        for (size_t row = 0; row < bench->rows; row++)
            fill_row(layer_input->feature[p].value + row * RECUR_LANES,
                     layer_input->feature[p].width, rng);
}

static size_t panel_width(const struct recur_layer *layer, size_t u)
{
    size_t left = layer->hidden - u * RECUR_LANES;
    return left < RECUR_LANES ? left : RECUR_LANES;
}

/* Initial states, and the weights of loss_of_ends. */
static void fill_ends(struct bench *bench, struct recur_rng *rng)
{
    size_t directions = bench->network.directions;
    bench->pass.states.given = bench->pass.backward.given_ends =
        bench->pass.backward.wants_initial = true;
    bench->pass.backward.wants_inputs = true;
    for (size_t i = 0; i < bench->network.layers * directions; i++) {
        const struct recur_layer *layer = &bench->network.layer[i / directions];
        const struct recur_stream *stream = &bench->work.stream[i];
        for (size_t u = 0; u < layer->units; u++)
            for (size_t b = 0; b < BATCH; b++) {
                size_t width = panel_width(layer, u), weight = (u * BATCH + b) * RECUR_LANES;
                size_t at = u * stream->h_stride +
                            (recur_pass_initial(&bench->pass, i % directions) + b) * RECUR_LANES;
                fill_row(stream->h + at, width, rng);
                fill_row(stream->ends + weight, width, rng);
                if (stream->c) {
                    fill_row(stream->c + at, width, rng);
                    fill_row(stream->dc + weight, width, rng);
                }
            }
    }
}

/* Draws what the softmax is over, and makes the targets columns of that. */
static void draw(struct bench *bench, const struct setup *setup)
{
    struct recur_candidates *candidates = &bench->candidates;
    recur_candidates_draw(candidates, 0, bench->targets, STEPS * BATCH);
    assert_true(candidates->count > candidates->sampled);
    assert_true(candidates->count < setup->vocabulary);
    for (size_t i = 0; i < STEPS * BATCH; i++)
        bench->targets[i] = recur_candidates_column(candidates, bench->targets[i]);
    bench->pass.candidates = candidates;
}

/* Puts the gradients of candidates where those of all columns stand. */
static void spread(struct bench *bench)
{
    const struct recur_candidates *candidates = &bench->candidates;
    const struct recur_param *tensor[] = {candidates->weight, candidates->bias};
    for (size_t t = 0; t < 2; t++) {
        real *own = bench->gradients + tensor[t]->offset;
        size_t depth = tensor[t]->depth;
        real *all = calloc(bench->network.params.span, sizeof *all);
        for (size_t p = 0; p < recur_panels(candidates->count); p++)
            recur_candidates_scatter(candidates, tensor[t], p, 0, depth, all,
                                     own + p * depth * RECUR_LANES);
        memcpy(own, all + tensor[t]->offset, tensor[t]->span * sizeof *own);
        free(all);
    }
}

static enum recur_status plan(struct bench *bench, const struct setup *setup, size_t threads,
                              recur_error *error)
{
    struct recur_work_plan work = {
        .batch = BATCH, .steps = STEPS, .threads = threads, .trains = true};
    if (setup->samples)
        RECUR_TRY(recur_candidates_init(&bench->candidates, &bench->network, setup->samples,
                                        STEPS * BATCH, 5, error));
    work.candidates = bench->candidates.most;
    return recur_workspace_plan(&bench->work, &bench->network, &work, error);
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
                                 .inputs = setup->inputs,
                                 .embedding = setup->embedding,
                                 .vocabulary = setup->vocabulary,
                                 .biases = setup->biases,
                                 .dropout = setup->dropout,
                                 .dropout_kind =
                                     setup->locked ? RECUR_DROPOUT_LOCKED : RECUR_DROPOUT_STANDARD,
                                 .input_dropout = (double)setup->input_dropout,
                                 .weight_drop = setup->weight_drop,
                                 .init = RECUR_INIT_UNIFORM};
    memset(bench, 0, sizeof *bench);
    assert_int_equal(recur_network_init(&bench->network, &config, &error), 0);
    const size_t *grid = setup->grid;
    size_t threads = grid[0] ? grid[0] * grid[1] * grid[2] : 1;
    assert_int_equal(recur_team_create(threads, &bench->team, &error), 0);
    assert_int_equal(plan(bench, setup, threads, &error), 0);
    if (threads > 1)
        assert_int_equal(recur_grid_set(&bench->work.grid, grid[0], grid[1], grid[2], &error), 0);
    size_t bytes = bench->network.params.span * sizeof(real);
    assert_int_equal(recur_block_alloc(bytes, "p", &bench->parameters, &error), 0);
    assert_int_equal(recur_block_alloc(bytes, "g", &bench->gradients, &error), 0);
    recur_params_init(&bench->network.params, bench->parameters, 7);
    struct recur_rng rng;
    recur_rng_seed(&rng, 3, 0);
    for (size_t i = 0; i < STEPS * BATCH; i++) {
        bench->ids[i] = (int32_t)recur_rng_below(&rng, setup->vocabulary);
        bench->targets[i] = (int32_t)recur_rng_below(&rng, setup->vocabulary);
    }
    bench->targets[3] = -1; /* a place without a loss */
    bench->rows = STEPS * BATCH;
    if (setup->lengths)
        sort_sequences(bench, lengths[setup->lengths]);
    bench->pass = (struct recur_pass){.network = &bench->network,
                                      .work = &bench->work,
                                      .parameters = bench->parameters,
                                      .gradients = bench->gradients,
                                      .batch.steps = STEPS,
                                      .batch.ids = bench->ids,
                                      .batch.targets = bench->targets,
                                      .dropout.on = setup->dropout > 0,
                                      .dropout.inputs = setup->input_dropout > 0,
                                      .dropout.weights = setup->weight_drop > 0,
                                      .dropout.key = 11,
                                      .ar = setup->penalised ? 2 : 0,
                                      .loss_scale = 1.0 / (double)bench->rows};
    if (setup->lengths)
        bench->pass.batch.lengths = &bench->lengths;
    if (setup->samples)
        draw(bench, setup);
    assert_int_equal(recur_kernels_select(&bench->pass.kernels, &error), 0);
    run(bench, prepare);
    run(bench, forward); /* leaves a state that is not zero */
    fill_inputs(bench, &rng);
    if (setup->open)
        fill_ends(bench, &rng);
    bench->pass.states.carried_steps = setup->carry ? STEPS : 0;
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
    recur_lengths_free(&bench->lengths);
    recur_candidates_free(&bench->candidates);
    recur_network_free(&bench->network);
    recur_team_free(bench->team);
}

/* Where the number stands that is `i`th, row after row. */
static size_t place_of(const struct recur_param *param, size_t i)
{
    return recur_param_place(param, i / param->columns, i % param->columns);
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
        size_t place = place_of(param, i);
        if (fabs(bench->gradients[place]) > fabs(bench->gradients[chosen])) {
            chosen = place;
            *row = i / param->columns;
            *column = i % param->columns;
        }
    }
    return chosen;
}

/* Nearer where the activation has a kink, which a probe must not step over, and where few numbers
 * are normalised over each other, whose third derivative is large. */
static double distance(const struct bench *bench)
{
    bool nearer = bench->network.activation == RECUR_ACTIVATION_RELU || bench->network.cell->lines;
    return nearer ? 1e-6 : 1e-5;
}

static void expect_near(double gradient, double above, double below, double e, const char *what)
{
    double expected = (above - below) / (2 * e);
    if (!(fabs(gradient - expected) <= 1e-8 + 1e-6 * fabs(expected)))
        fail_msg("%s: gradient %.12g, differences %.12g", what, gradient, expected);
}

/* All numbers of a tensor at once, one unit of length in a random direction. */
static void check_direction(struct bench *bench, const struct recur_param *param,
                            struct recur_rng *rng)
{
    const size_t count = param->rows * param->columns;
    const double e = distance(bench), way = 1 / sqrt((double)count);
    double gradient = 0, losses[2];
    real *values = malloc(count * sizeof *values);
    bool *back = malloc(count * sizeof *back);
    for (size_t i = 0; i < count; i++) {
        size_t place = place_of(param, i);
        values[i] = bench->parameters[place];
        back[i] = recur_rng_below(rng, 2);
        gradient += bench->gradients[place] * (back[i] ? -way : way);
    }
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < count; i++)
            bench->parameters[place_of(param, i)] = values[i] + (back[i] == side ? e : -e) * way;
        losses[side] = loss(bench);
    }
    for (size_t i = 0; i < count; i++)
        bench->parameters[place_of(param, i)] = values[i];
    free(values);
    free(back);
    expect_near(gradient, losses[0], losses[1], e, param->name);
}

/* Where a layer is one unit of relu, which may be off for good and stops every gradient then, or
 * one unit that is normalised over itself. */
static bool may_be_off(const struct bench *bench)
{
    for (size_t l = 0; l < bench->network.layers; l++)
        if (bench->network.layer[l].hidden == 1)
            return bench->network.activation == RECUR_ACTIVATION_RELU || bench->network.cell->lines;
    return false;
}

static void check_tensor(struct bench *bench, const struct recur_param *param,
                         struct recur_rng *rng)
{
    const double e = distance(bench);
    check_direction(bench, param, rng);
    for (int probe = 0; probe < PROBES; probe++) {
        size_t row, column, place = choose(bench, param, probe == 0, rng, &row, &column);
        double value = bench->parameters[place], gradient = bench->gradients[place];
        if (probe == 0 && gradient == 0 && !may_be_off(bench))
            fail_msg("%s: every gradient is zero", param->name);
        bench->parameters[place] = value + e;
        double above = loss(bench);
        bench->parameters[place] = value - e;
        double below = loss(bench);
        bench->parameters[place] = value;
        char what[96];
        snprintf(what, sizeof what, "%.40s[%zu][%zu]", param->name, row, column);
        expect_near(gradient, above, below, e, what);
    }
}

/* The gradient of a number of the workspace's block, which the pass starts with. */
static void check_number(struct bench *bench, const char *what, const real *number, real gradient)
{
    const double e = distance(bench);
    real *before = (real *)(void *)((char *)bench->before +
                                    ((const char *)number - (char *)bench->work.block));
    real value = *before;
    *before = value + e;
    double above = loss(bench);
    *before = value - e;
    double below = loss(bench);
    *before = value;
    expect_near(gradient, above, below, e, what);
}

/* Of the numbers that the network reads, and of the initial states of every sequence. */
static void check_ends(struct bench *bench, struct recur_rng *rng)
{
    const struct recur_network *network = &bench->network;
    real inputs[STEPS * BATCH], states[3 * 2][BATCH], cells[3 * 2][BATCH];
    const struct recur_feature *feature = bench->work.layer_input[0].feature;
    size_t streams = network->layers * network->directions, lane[3 * 2], at[3 * 2];
    for (size_t row = 0; row < bench->rows && network->inputs; row++)
        inputs[row] = feature->gradient[row * RECUR_LANES + row % network->inputs];
    for (size_t i = 0; i < streams; i++) {
        const struct recur_stream *stream = &bench->work.stream[i];
        size_t hidden = network->layer[i / network->directions].hidden;
        size_t unit = recur_rng_below(rng, hidden), u = unit / RECUR_LANES;
        lane[i] = u * BATCH * RECUR_LANES + unit % RECUR_LANES;
        at[i] = u * stream->h_stride + unit % RECUR_LANES +
                recur_pass_initial(&bench->pass, i % network->directions) * RECUR_LANES;
        for (size_t b = 0; b < BATCH; b++) {
            states[i][b] = stream->dh[at[i] + b * RECUR_LANES];
            cells[i][b] = stream->dc ? stream->dc[lane[i] + b * RECUR_LANES] : 0;
        }
    }
    for (size_t row = 0; row < bench->rows && network->inputs; row++)
        check_number(bench, "an input", feature->value + row * RECUR_LANES + row % network->inputs,
                     inputs[row]);
    for (size_t i = 0; i < streams; i++)
        for (size_t b = 0; b < BATCH; b++) {
            const struct recur_stream *stream = &bench->work.stream[i];
            check_number(bench, "h0", stream->h + at[i] + b * RECUR_LANES, states[i][b]);
            if (stream->c)
                check_number(bench, "c0", stream->c + at[i] + b * RECUR_LANES, cells[i][b]);
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

/* Losses are the same with one thread, and on few processors they take less time then. */
static void go_on_alone(struct bench *bench)
{
    recur_error error;
    recur_team_free(bench->team);
    assert_int_equal(recur_team_create(1, &bench->team, &error), 0);
    assert_int_equal(recur_grid_set(&bench->work.grid, 1, 1, 1, &error), 0);
}

static void check(void **state)
{
    const struct setup *setup = *state;
    struct bench bench;
    struct recur_rng rng;
    make(&bench, setup);
    recur_rng_seed(&rng, 5, 0);
    loss(&bench);
    /* of the tokens alone: what is made of the last states may be below 0 */
    assert_true(recur_pass_loss_sum(&bench.pass) * bench.pass.loss_scale > 1);
    run(&bench, backward);
    run(&bench, gradients);
    go_on_alone(&bench);
    if (setup->samples)
        spread(&bench);
    check_padding(&bench);
    if (setup->open)
        check_ends(&bench, &rng);
    for (size_t i = 0; i < bench.network.params.count; i++)
        check_tensor(&bench, recur_network_param(&bench.network, i), &rng);
    discard(&bench);
}

int main(void)
{
    static struct setup setups[CELLS * VARIANTS];
    static char labels[CELLS * VARIANTS][224];
    struct CMUnitTest tests[CELLS * VARIANTS];
    for (size_t i = 0; i < CELLS * VARIANTS; i++) {
        struct setup *setup = &setups[i];
        setup->cell = cell_kinds[i / VARIANTS].cell;
        setup->activation = cell_kinds[i / VARIANTS].activation;
        vary(setup, i % VARIANTS);
        snprintf(labels[i], sizeof labels[i],
                 "%s, %zu layers, %s sampling, dropout %g%s, %g of inputs, weight drop %g, "
                 "vocabulary %zu, "
                 "embedding %zu, "
                 "grid %zu x %zu x %zu, lengths %zu, %s%s%s%s%s, samples %zu",
                 cell_kinds[i / VARIANTS].name, setup->layers,
                 setup->carry ? "sequential" : "random", (double)setup->dropout,
                 setup->locked ? " locked" : "", (double)setup->input_dropout,
                 (double)setup->weight_drop, setup->vocabulary, setup->embedding, setup->grid[0],
                 setup->grid[1], setup->grid[2], setup->lengths, recur_task_name(setup->task),
                 setup->bidirectional ? ", both directions, " : "",
                 setup->bidirectional ? recur_merge_name(setup->merge) : "",
                 setup->open ? ", open" : "", setup->penalised ? ", ar" : "", setup->samples);
        tests[i] = (struct CMUnitTest){labels[i], check, NULL, NULL, setup};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
