#include "bench/bench_lengths.h"

#include <stdint.h>
#include <stdlib.h>

#include "bench/bench_samples.h"
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
    WARM_UP = 4 /* minibatches */
};

/* One way to cut the work into sequences: their lengths, and the buckets that draw minibatches of
 * them. */
struct cut {
    size_t length[SEQUENCES];
    recur_buckets *buckets;
    uint64_t epochs;
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

/* Trains the next epoch, or only its first `most` minibatches; measures tokens per second. */
static enum recur_status train(struct work *work, struct cut *cut, size_t most, double *speed,
                               recur_error *error)
{
    enum recur_status status = RECUR_OK;
    const size_t *members;
    size_t count, tokens = 0;
    double start = recur_seconds();
    recur_buckets_start(cut->buckets, cut->epochs++);
    while (status == RECUR_OK && most-- && (count = recur_buckets_next(cut->buckets, &members))) {
        for (size_t b = 0; b < count; b++)
            tokens += work->lengths[b] = cut->length[members[b]];
        const recur_stack_input input = {.batch = count,
                                         .steps = work->lengths[0],
                                         .lengths = work->lengths,
                                         .ids = work->ids,
                                         .targets = work->targets};
        const recur_stack_output nothing = {.y = NULL};
        const recur_stack_output_gradient none = {.dy = NULL};
        status = recur_stack_forward(work->stack, &input, &nothing, error);
        if (status == RECUR_OK)
            status = recur_stack_backward(work->stack, &none, NULL, error);
        if (status == RECUR_OK)
            status = recur_stack_update(work->stack, 1, NULL, error);
    }
    *speed = (double)tokens / (recur_seconds() - start);
    return status;
}

/* Trains epochs of both in turns, after a few minibatches of each to warm up. */
static enum recur_status time_pairs(struct work *work, double seconds, struct lengths_speed *speed,
                                    recur_error *error)
{
    double mixed[BENCH_SAMPLES_MOST], equal[BENCH_SAMPLES_MOST], share[BENCH_SAMPLES_MOST];
    size_t count = 0;
    enum recur_status status = train(work, &work->mixed, WARM_UP, &mixed[0], error);
    if (status == RECUR_OK)
        status = train(work, &work->equal, WARM_UP, &equal[0], error);
    double end = recur_seconds() + 2 * seconds;
    while (status == RECUR_OK && count < BENCH_SAMPLES_MOST &&
           (count == 0 || recur_seconds() < end)) {
        status = train(work, &work->mixed, SIZE_MAX, &mixed[count], error);
        if (status == RECUR_OK)
            status = train(work, &work->equal, SIZE_MAX, &equal[count], error);
        if (status == RECUR_OK)
            share[count] = mixed[count] / equal[count];
        count++;
    }
    if (status != RECUR_OK)
        return status;
    *speed = (struct lengths_speed){.mixed = recur_median(mixed, count),
                                    .equal = recur_median(equal, count),
                                    .share = recur_median(share, count)};
    return RECUR_OK;
}

enum recur_status recur_bench_lengths(size_t threads, double seconds, struct lengths_speed *speed,
                                      recur_error *error)
{
    static const size_t hidden[] = {HIDDEN};
    recur_model_config network = recur_model_config_default();
    recur_trainer_config config = recur_trainer_config_default();
    recur_model *model = NULL;
    struct work *work = recur_try(1, sizeof *work);
    if (!work) {
        *error = (recur_error){RECUR_ERROR_MEMORY, "out of memory for the sequences to measure"};
        return RECUR_ERROR_MEMORY;
    }
    network.hidden = hidden;
    network.bidirectional = true;
    network.vocabulary = VOCABULARY;
    config.batch = BATCH;
    config.steps = LONGEST;
    config.threads = threads;
    config.optimizer = RECUR_OPTIMIZER_SGD;
    enum recur_status status = cut_work(work, error);
    if (status == RECUR_OK)
        status = recur_model_create(&network, NULL, &model, error);
    if (status == RECUR_OK)
        status = recur_stack_create(model, &config, 0, &work->stack, error);
    if (status == RECUR_OK)
        status = time_pairs(work, seconds, speed, error);
    recur_stack_free(work->stack);
    recur_model_free(model);
    recur_buckets_free(work->mixed.buckets);
    recur_buckets_free(work->equal.buckets);
    free(work);
    return status;
}
