#include "bench/bench_streams.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/need.h"
#include "common/timing.h"
#include "recur/session.h"

enum { STREAMS_MOST = 512 };

const char *recur_kind_name(int kind)
{
    return kind ? recur_quantization_name((enum recur_quantization)kind) : "f32";
}

size_t recur_bench_session_count(size_t index)
{
    static const size_t counts[SESSION_COUNTS] = {1, 8, 64, STREAMS_MOST};
    return counts[index];
}

/* Streams that generate together. Each chooses its tokens greedily from its last logits. */
struct streams {
    recur_sampler *sampler; /* shared, because a greedy one has no state */
    recur_stepper *stepper;
    recur_session *sessions[STREAMS_MOST];
    size_t count;
    int32_t ids[STREAMS_MOST];
    size_t vocabulary;
    float *logits; /* (count, V) */
};

static enum recur_status out_of_memory(recur_error *error)
{
    *error = (recur_error){RECUR_ERROR_MEMORY, "out of memory for the streams"};
    return error->status;
}

static void close_streams(struct streams *streams)
{
    if (!streams)
        return;
    for (size_t i = 0; i < streams->count; i++)
        recur_session_free(streams->sessions[i]);
    recur_stepper_free(streams->stepper);
    recur_sampler_free(streams->sampler);
    free(streams->logits);
    free(streams);
}

static enum recur_status open_streams(const recur_model *model, size_t count, size_t threads,
                                      struct streams **opened, recur_error *error)
{
    recur_sampler_config greedy = recur_sampler_config_default();
    greedy.temperature = 0;
    struct streams *streams = *opened = recur_try(1, sizeof *streams);
    if (!streams)
        return out_of_memory(error);
    streams->vocabulary = recur_model_get_config(model)->vocabulary;
    streams->logits = recur_try(count * streams->vocabulary, sizeof *streams->logits);
    if (!streams->logits)
        return out_of_memory(error);
    enum recur_status status =
        recur_sampler_create(&greedy, streams->vocabulary, 0, &streams->sampler, error);
    if (status == RECUR_OK)
        status = recur_stepper_create(model, count, threads, &streams->stepper, error);
    for (; status == RECUR_OK && streams->count < count; streams->count++) {
        size_t i = streams->count;
        streams->ids[i] = (int32_t)(1 + i % (streams->vocabulary - 1));
        status = recur_session_create(model, &streams->sessions[i], error);
        if (status != RECUR_OK)
            break;
    }
    return status;
}

static void step_streams(struct streams *streams)
{
    if (streams->count == 1) { /* as `recur generate` does */
        const float *logits =
            recur_stepper_feed(streams->stepper, streams->sessions[0], streams->ids[0]);
        streams->ids[0] = recur_sample(streams->sampler, logits);
        return;
    }
    /* Cannot fail: these are sessions of the model, each of them once. */
    recur_stepper_feed_many(streams->stepper, streams->sessions, streams->ids, streams->count,
                            streams->logits, NULL);
    for (size_t i = 0; i < streams->count; i++)
        streams->ids[i] = recur_sample(streams->sampler, streams->logits + i * streams->vocabulary);
}

enum { PIECE = 20 }; /* about so many tokens between two readings of the clock */

static void step_piece(struct streams *streams)
{
    for (size_t i = 0; i < PIECE; i += streams->count)
        step_streams(streams);
}

/* The first piece does not count: it reads the weights again that others' turns took from the
 * caches. A gauge does the same. */
static enum recur_status generate(void *user, double seconds, double *rate, recur_error *error)
{
    struct streams *streams = user;
    const size_t each = (PIECE + streams->count - 1) / streams->count * streams->count;
    size_t tokens = 0;
    (void)error;
    step_piece(streams);
    double start = recur_seconds(), elapsed;
    do {
        step_piece(streams);
        tokens += each;
        elapsed = recur_seconds() - start;
    } while (elapsed < seconds);
    *rate = (double)tokens / elapsed;
    return RECUR_OK;
}

/* Streams and gauges that take turns, each stream before the gauge of its limit. */
struct pairs {
    struct streams *streams[TURNS_MOST / 2];
    recur_gauge *gauge[TURNS_MOST / 2];
    size_t count;
};

static void free_pairs(struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        close_streams(pairs->streams[i]);
        recur_gauge_free(pairs->gauge[i]);
    }
}

static enum recur_status measure_pairs(const struct pairs *pairs, double seconds,
                                       struct turns *turns, recur_error *error)
{
    struct turn turn[TURNS_MOST];
    for (size_t i = 0; i < pairs->count; i++) {
        turn[2 * i] = (struct turn){generate, pairs->streams[i]};
        turn[2 * i + 1] = recur_bench_gauge_turn(pairs->gauge[i]);
    }
    return recur_bench_turns(turn, 2 * pairs->count, seconds, turns, error);
}

/* One stream of each kind, on one thread and on all. */
static enum recur_status measure_one_stream(struct bench *bench, recur_model *const *model,
                                            struct generation_speed *speed, recur_error *error)
{
    struct pairs pairs = {.count = 0};
    struct turns turns;
    enum recur_status status = RECUR_OK;
    _Static_assert(4 * KINDS <= TURNS_MOST, "TURNS_MOST is too small");
    for (size_t i = 0; i < (size_t)(2 * KINDS) && status == RECUR_OK; i++) {
        const recur_model *m = model[i / 2];
        const size_t threads = i % 2 ? bench->machine.threads : 1;
        pairs.count++;
        status = open_streams(m, 1, threads, &pairs.streams[i], error);
        if (status == RECUR_OK)
            status = recur_gauge_create_reading((size_t)recur_machine_bytes_per_token(m), threads,
                                                &pairs.gauge[i], error);
    }
    if (status == RECUR_OK)
        status = measure_pairs(&pairs, bench->seconds, &turns, error);
    for (size_t i = 0; i < pairs.count && status == RECUR_OK; i++) {
        const double bytes = recur_machine_bytes_per_token(model[i / 2]);
        struct speed *to = i % 2 ? speed->all : speed->one;
        to[i / 2] = recur_bench_speed(&turns, 2 * i, bytes, 2 * i + 1);
    }
    free_pairs(&pairs);
    return status;
}

/* `count` sessions of each kind, on all threads. */
static enum recur_status measure_sessions(struct bench *bench, recur_model *const *model,
                                          size_t count, struct speed *speed, recur_error *error)
{
    static const enum recur_peak peak[KINDS] = {
        [RECUR_QUANTIZATION_NONE] = RECUR_PEAK_F32,
        [RECUR_QUANTIZATION_BF16] = RECUR_PEAK_BF16,
        [RECUR_QUANTIZATION_INT8] = RECUR_PEAK_INT8,
    };
    const size_t threads = bench->machine.threads;
    struct pairs pairs = {.count = 0};
    struct turns turns;
    enum recur_status status = RECUR_OK;
    for (size_t kind = 0; kind < (size_t)KINDS && status == RECUR_OK; kind++) {
        pairs.count++;
        status = open_streams(model[kind], count, threads, &pairs.streams[kind], error);
        if (status == RECUR_OK)
            status = recur_gauge_create_peak(peak[kind], threads, &pairs.gauge[kind], error);
    }
    if (status == RECUR_OK)
        status = measure_pairs(&pairs, bench->seconds, &turns, error);
    for (size_t kind = 0; kind < pairs.count && status == RECUR_OK; kind++) {
        const double flop = recur_machine_flop_per_token(model[kind]) / 3;
        speed[kind] = recur_bench_speed(&turns, 2 * kind, flop, 2 * kind + 1);
    }
    free_pairs(&pairs);
    return status;
}

/* How long one stream, or sessions, will take. */
static double stream_seconds(const struct bench *bench, const struct workload *workload)
{
    const double weights = recur_workload_flop(workload) / 6;
    double piece[4 * KINDS] = {0};
    for (size_t i = 0; i < (size_t)(2 * KINDS); i++) {
        const size_t bytes = sizeof(float) >> i / 2;
        piece[2 * i] = 2 * PIECE * recur_machine_reading_seconds(1, weights * (double)bytes);
    }
    return recur_bench_turns_seconds(piece, 4 * KINDS, bench->seconds);
}

static double session_seconds(const struct bench *bench, const struct workload *workload,
                              size_t count)
{
    const size_t threads = bench->machine.threads;
    const double flop = recur_workload_flop(workload) / 3 * (double)(count > PIECE ? count : PIECE);
    double piece[2 * KINDS] = {0};
    for (size_t kind = 0; kind < (size_t)KINDS; kind++)
        piece[2 * kind] = 2 * recur_machine_training_seconds(&bench->machine, threads, flop);
    return recur_bench_turns_seconds(piece, 2 * KINDS, bench->seconds);
}

static void begin_sessions(struct bench *bench, const struct workload *workload, size_t count)
{
    char what[40];
    snprintf(what, sizeof what, "%zu session%s", count, count == 1 ? "" : "s together");
    recur_bench_plan_begin(&bench->plan, session_seconds(bench, workload, count), workload->name,
                           what);
}

/* Makes the model of each kind; a quantised one cannot be changed back. */
static enum recur_status make_models(const struct workload *workload, recur_model **model,
                                     recur_error *error)
{
    struct workload_settings settings;
    recur_workload_settings(workload, NULL, &settings);
    const recur_model_config config =
        recur_train_model_config(&settings.options, workload->vocabulary);
    enum recur_status status = RECUR_OK;
    for (int kind = 0; kind < KINDS && status == RECUR_OK; kind++) {
        status = recur_model_create(&config, NULL, &model[kind], error);
        if (status == RECUR_OK)
            status = recur_model_quantize(model[kind], (enum recur_quantization)kind, error);
    }
    return status;
}

enum recur_status recur_bench_generation(struct bench *bench, const struct workload *workload,
                                         struct generation_speed *speed, recur_error *error)
{
    recur_model *model[KINDS] = {NULL};
    recur_bench_plan_begin(&bench->plan, stream_seconds(bench, workload), workload->name,
                           "one stream");
    enum recur_status status = make_models(workload, model, error);
    if (status == RECUR_OK)
        status = measure_one_stream(bench, model, speed, error);
    for (size_t i = 0; i < SESSION_COUNTS && workload->sessions && status == RECUR_OK; i++) {
        const size_t count = recur_bench_session_count(i);
        begin_sessions(bench, workload, count);
        status = measure_sessions(bench, model, count, speed->sessions[i], error);
    }
    if (status == RECUR_OK)
        speed->parameters = recur_model_parameters(model[0]);
    for (int kind = 0; kind < KINDS; kind++)
        recur_model_free(model[kind]);
    return status;
}

void recur_bench_plan_generation(struct bench *bench, const struct workload *workload)
{
    recur_bench_plan_add(&bench->plan, stream_seconds(bench, workload));
    for (size_t i = 0; i < SESSION_COUNTS && workload->sessions; i++)
        recur_bench_plan_add(&bench->plan,
                             session_seconds(bench, workload, recur_bench_session_count(i)));
}
