#include "bench/bench_network.h"

#include <stdlib.h>

#include "bench/bench_samples.h"
#include "bench/bench_streams.h"
#include "common/timing.h"
#include "recur/machine.h"

/* As many tokens as the book's loader uses. Speed does not depend on their values. */
enum { BENCH_TOKENS = 10000 };

size_t recur_bench_stream_count(size_t index)
{
    static const size_t counts[STREAM_COUNTS] = {1, 8, 64, BENCH_STREAMS_MOST};
    return counts[index];
}

static enum recur_status make_corpus(size_t vocabulary, recur_corpus **corpus, recur_error *error)
{
    int32_t ids[BENCH_TOKENS];
    uint32_t state = 1;
    for (size_t i = 0; i < BENCH_TOKENS; i++)
        ids[i] = (int32_t)(recur_bench_draw(&state) % vocabulary);
    return recur_corpus_from_ids(ids, BENCH_TOKENS, vocabulary, corpus, error);
}

/* Measures the median speed of whole epochs, after one epoch to warm up. */
static enum recur_status time_training(recur_trainer *trainer, double seconds, double *speed,
                                       recur_error *error)
{
    double samples[BENCH_SAMPLES_MOST];
    size_t count = 0;
    recur_epoch epoch;
    enum recur_status status = recur_trainer_epoch(trainer, &epoch, error);
    double end = recur_seconds() + seconds;
    while (status == RECUR_OK && count < BENCH_SAMPLES_MOST &&
           (count == 0 || recur_seconds() < end)) {
        status = recur_trainer_epoch(trainer, &epoch, error);
        samples[count++] = epoch.tokens_per_second;
    }
    if (status == RECUR_OK)
        *speed = recur_median(samples, count);
    return status;
}

static void phase_shares(const recur_trainer *trainer, double *share)
{
    const double *seconds = recur_trainer_phases(trainer);
    double sum = 0;
    for (size_t p = 0; p < RECUR_PHASES; p++)
        sum += seconds[p];
    for (size_t p = 0; p < RECUR_PHASES; p++)
        share[p] = seconds[p] / sum;
}

/* Measures one stream on one thread and on all threads, and compares it with the speed of reading
 * the weights. It makes a separate model, because a quantised model cannot be trained further. */
static enum recur_status time_stream(const struct network_settings *settings,
                                     const recur_model_config *config, enum recur_quantization kind,
                                     struct network_speed *speed, recur_error *error)
{
    size_t threads = settings->threads;
    double rate = 0;
    recur_model *model = NULL;
    enum recur_status status = recur_model_create(config, NULL, &model, error);
    if (status == RECUR_OK)
        status = recur_model_quantize(model, kind, error);
    double bytes = status == RECUR_OK ? recur_machine_bytes_per_token(model) : 0;
    for (size_t all = 0; all < 2 && status == RECUR_OK; all++) {
        double *speeds = all ? speed->threads : speed->generate;
        double *shares = all ? speed->threads_share : speed->share;
        size_t count = all ? threads : 1;
        status = recur_bench_streams(model, 1, count, settings->seconds, &speeds[kind], error);
        if (status == RECUR_OK)
            status = recur_machine_read_rate(count, (size_t)bytes, settings->seconds, &rate, error);
        if (status == RECUR_OK)
            shares[kind] = speeds[kind] * bytes / rate;
    }
    recur_model_free(model);
    return status;
}

static enum recur_status time_generation(const struct network_settings *settings,
                                         const recur_model *model, struct network_speed *speed,
                                         recur_error *error)
{
    const recur_model_config *config = recur_model_get_config(model);
    enum recur_status status = RECUR_OK;
    for (int kind = RECUR_QUANTIZATION_NONE; kind < KINDS && status == RECUR_OK; kind++)
        status = time_stream(settings, config, (enum recur_quantization)kind, speed, error);
    for (size_t i = 0; i < STREAM_COUNTS && status == RECUR_OK && speed->workload->streams; i++)
        status = recur_bench_streams(model, recur_bench_stream_count(i), settings->threads,
                                     settings->seconds, &speed->stream[i], error);
    return status;
}

/* Trains for a while; `phase` may be NULL. */
static enum recur_status train(recur_model *model, const recur_corpus *corpus,
                               const recur_trainer_config *run, double seconds, double *speed,
                               double *phase, recur_error *error)
{
    recur_trainer *trainer = NULL;
    enum recur_status status = recur_trainer_create(model, corpus, run, &trainer, error);
    if (status == RECUR_OK)
        status = time_training(trainer, seconds, speed, error);
    if (status == RECUR_OK && phase)
        phase_shares(trainer, phase);
    recur_trainer_free(trainer);
    return status;
}

enum recur_status recur_bench_network(const struct network_settings *settings,
                                      struct network_speed *speed, recur_error *error)
{
    struct workload_settings options;
    recur_corpus *corpus = NULL;
    recur_model *model = NULL;
    recur_workload_settings(speed->workload, &options);
    options.options.threads = settings->threads;
    const recur_model_config config =
        recur_train_model_config(&options.options, speed->workload->vocabulary);
    recur_trainer_config run = recur_train_trainer_config(&options.options, BENCH_TOKENS);
    enum recur_status status = make_corpus(speed->workload->vocabulary, &corpus, error);
    if (status == RECUR_OK)
        status = recur_model_create(&config, NULL, &model, error);
    if (status == RECUR_OK && settings->training)
        status = train(model, corpus, &run, settings->seconds, &speed->train, speed->phase, error);
    if (status == RECUR_OK && settings->training && settings->alone && run.threads > 1) {
        run.threads = 1;
        status = train(model, corpus, &run, settings->seconds, &speed->train_alone, NULL, error);
    }
    if (status == RECUR_OK && settings->generation)
        status = time_generation(settings, model, speed, error);
    if (status == RECUR_OK) {
        speed->parameters = recur_model_parameters(model);
        speed->flop = recur_machine_flop_per_token(model);
    }
    recur_model_free(model);
    recur_corpus_free(corpus);
    return status;
}
