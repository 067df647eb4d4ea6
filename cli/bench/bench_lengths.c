#include "bench/bench_lengths.h"

#include <stdint.h>
#include <stdlib.h>

#include "bench/bench_draw.h"
#include "common/need.h"
#include "common/timing.h"
#include "recur/buckets.h"
#include "recur/stack.h"

enum {
    SEQUENCES = 512,
    BATCH = 32,
    SHORTEST = 5,
    LONGEST = 100,
    HIDDEN = 256,
    VOCABULARY = 28,
    PIECE = 4 /* minibatches, of 16 in an epoch */
};

/* One way to cut the work into sequences: their lengths, and the buckets that draw minibatches of
 * them. */
struct cut {
    struct work *work;
    size_t length[SEQUENCES];
    recur_buckets *buckets;
    uint64_t epochs; /* that were begun */
};

struct work {
    struct cut mixed, equal;
    recur_stack *stack;
    size_t lengths[BATCH];
    int32_t ids[LONGEST * BATCH], targets[LONGEST * BATCH]; /* (T, B) */
};

/* Draws lengths from SHORTEST to LONGEST, and makes as many sequences of their mean length. */
static enum recur_status cut_work(struct work *work, recur_error *error)
{
    uint32_t state = 1;
    size_t tokens = 0;
    for (size_t i = 0; i < SEQUENCES; i++) {
        work->mixed.length[i] = SHORTEST + recur_bench_draw(&state) % (LONGEST - SHORTEST + 1);
        tokens += work->mixed.length[i];
    }
    for (size_t i = 0; i < SEQUENCES; i++)
        work->equal.length[i] = tokens / SEQUENCES;
    for (size_t i = 0; i < LONGEST * BATCH; i++) {
        work->ids[i] = (int32_t)(recur_bench_draw(&state) % VOCABULARY);
        work->targets[i] = (int32_t)(recur_bench_draw(&state) % VOCABULARY);
    }
    recur_buckets_config config = recur_buckets_config_default();
    config.batch = BATCH;
    enum recur_status status =
        recur_buckets_create(work->mixed.length, SEQUENCES, &config, &work->mixed.buckets, error);
    if (status == RECUR_OK)
        status = recur_buckets_create(work->equal.length, SEQUENCES, &config, &work->equal.buckets,
                                      error);
    return status;
}

/* Trains on the next minibatch, of a new epoch where the last one is over. */
static enum recur_status train_minibatch(struct cut *cut, size_t *tokens, recur_error *error)
{
    struct work *work = cut->work;
    const size_t *members;
    size_t count = cut->epochs ? recur_buckets_next(cut->buckets, &members) : 0;
    if (!count) {
        recur_buckets_start(cut->buckets, cut->epochs++);
        count = recur_buckets_next(cut->buckets, &members);
    }
    for (size_t b = 0; b < count; b++)
        *tokens += work->lengths[b] = cut->length[members[b]];
    const recur_stack_input input = {.batch = count,
                                     .steps = work->lengths[0],
                                     .lengths = work->lengths,
                                     .ids = work->ids,
                                     .targets = work->targets};
    const recur_stack_output nothing = {.y = NULL};
    const recur_stack_output_gradient none = {.dy = NULL};
    enum recur_status status = recur_stack_forward(work->stack, &input, &nothing, error);
    if (status == RECUR_OK)
        status = recur_stack_backward(work->stack, &none, NULL, error);
    if (status == RECUR_OK)
        status = recur_stack_update(work->stack, 1, NULL, error);
    return status;
}

static enum recur_status train(void *user, double seconds, double *rate, recur_error *error)
{
    enum recur_status status = RECUR_OK;
    size_t tokens = 0;
    double start = recur_seconds(), elapsed;
    do {
        for (size_t i = 0; i < PIECE && status == RECUR_OK; i++)
            status = train_minibatch(user, &tokens, error);
        elapsed = recur_seconds() - start;
    } while (status == RECUR_OK && elapsed < seconds);
    *rate = (double)tokens / elapsed;
    return status;
}

enum { MIXED, PEAK, EQUAL, SIDES }; /* the turns */

static double expected_seconds(const struct bench *bench)
{
    const double flop = 2 * 6.0 * (4 * HIDDEN * HIDDEN + HIDDEN * VOCABULARY);
    const double tokens = (double)PIECE * BATCH * (SHORTEST + LONGEST) / 2;
    const double seconds =
        recur_machine_training_seconds(&bench->machine, bench->machine.threads, flop * tokens);
    const double piece[SIDES] = {[MIXED] = seconds, [EQUAL] = seconds};
    return recur_bench_turns_seconds(piece, SIDES, bench->seconds);
}

static enum recur_status measure(struct bench *bench, struct work *work, double flop,
                                 struct lengths_speed *speed, recur_error *error)
{
    struct turns turns;
    recur_gauge *gauge = NULL;
    enum recur_status status =
        recur_gauge_create_peak(speed->peak, bench->machine.threads, &gauge, error);
    const struct turn turn[SIDES] = {[MIXED] = {train, &work->mixed},
                                     [PEAK] = recur_bench_gauge_turn(gauge),
                                     [EQUAL] = {train, &work->equal}};
    if (status == RECUR_OK)
        status = recur_bench_turns(turn, SIDES, bench->seconds, &turns, error);
    if (status == RECUR_OK) {
        speed->flop = flop;
        speed->speed = recur_bench_speed(&turns, MIXED, flop, PEAK);
        speed->ratio = recur_bench_turns_ratio(&turns, MIXED, 1, EQUAL);
        speed->equal = speed->speed.rate / speed->ratio.median;
    }
    recur_gauge_free(gauge);
    return status;
}

enum recur_status recur_bench_lengths(struct bench *bench, struct lengths_speed *speed,
                                      recur_error *error)
{
    static const size_t hidden[] = {HIDDEN};
    recur_model_config network = recur_model_config_default();
    recur_trainer_config config = recur_trainer_config_default();
    recur_model *model = NULL;
    recur_bench_plan_begin(&bench->plan, expected_seconds(bench), "lengths", "training");
    struct work *work = recur_try(1, sizeof *work);
    if (!work) {
        *error = (recur_error){RECUR_ERROR_MEMORY, "out of memory for the sequences to measure"};
        return RECUR_ERROR_MEMORY;
    }
    work->mixed.work = work->equal.work = work;
    network.hidden = hidden;
    network.bidirectional = true;
    network.vocabulary = VOCABULARY;
    config.batch = BATCH;
    config.steps = LONGEST;
    config.threads = bench->machine.threads;
    config.device = RECUR_DEVICE_CPU;
    config.optimizer = RECUR_OPTIMIZER_SGD;
    if (bench->precision)
        config.precision = *bench->precision;
    speed->peak = recur_precision_peak(config.precision);
    enum recur_status status = cut_work(work, error);
    if (status == RECUR_OK)
        status = recur_model_create(&network, NULL, &model, error);
    if (status == RECUR_OK)
        status = recur_stack_create(model, &config, 0, &work->stack, error);
    if (status == RECUR_OK)
        status = measure(bench, work, recur_machine_flop_per_token(model), speed, error);
    recur_stack_free(work->stack);
    recur_model_free(model);
    recur_buckets_free(work->mixed.buckets);
    recur_buckets_free(work->equal.buckets);
    free(work);
    return status;
}

void recur_bench_plan_lengths(struct bench *bench)
{
    recur_bench_plan_add(&bench->plan, expected_seconds(bench));
}
