#include "bench/bench_streams.h"

#include <stdlib.h>

#include "bench/bench_samples.h"
#include "common/need.h"
#include "common/timing.h"
#include "recur/session.h"

/* Streams that generate together. Each chooses its tokens greedily from its last logits. */
struct streams {
    recur_sampler *sampler; /* shared, because a greedy one has no state */
    recur_stepper *stepper;
    recur_session *sessions[BENCH_STREAMS_MOST];
    size_t count;
    int32_t ids[BENCH_STREAMS_MOST];
    size_t vocabulary;
    float *logits; /* (count, V) */
};

static enum recur_status out_of_memory(recur_error *error)
{
    *error = (recur_error){RECUR_ERROR_MEMORY, "out of memory for the streams"};
    return error->status;
}

static enum recur_status open_streams(struct streams *streams, const recur_model *model,
                                      size_t count, size_t threads, recur_error *error)
{
    recur_sampler_config greedy = recur_sampler_config_default();
    greedy.temperature = 0;
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

static void close_streams(struct streams *streams)
{
    for (size_t i = 0; i < streams->count; i++)
        recur_session_free(streams->sessions[i]);
    recur_stepper_free(streams->stepper);
    recur_sampler_free(streams->sampler);
    free(streams->logits);
    free(streams);
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

enum recur_status recur_bench_streams(const recur_model *model, size_t count, size_t threads,
                                      double seconds, double *speed, recur_error *error)
{
    enum { ROUND = 20 }; /* about so many tokens between two readings of the clock */
    double samples[BENCH_SAMPLES_MOST];
    size_t taken = 0, steps = count < ROUND ? ROUND / count : 1;
    struct streams *streams = recur_try(1, sizeof *streams);
    if (!streams)
        return out_of_memory(error);
    enum recur_status status = open_streams(streams, model, count, threads, error);
    double end = recur_seconds() + seconds;
    while (status == RECUR_OK && taken < BENCH_SAMPLES_MOST &&
           (taken == 0 || recur_seconds() < end)) {
        double start = recur_seconds();
        for (size_t i = 0; i < steps; i++)
            step_streams(streams);
        samples[taken++] = (double)(steps * count) / (recur_seconds() - start);
    }
    if (status == RECUR_OK)
        *speed = recur_median(samples, taken);
    close_streams(streams);
    return status;
}
