#include "bench/bench_training.h"

#include <stdlib.h>

#include "bench/bench_draw.h"
#include "common/timing.h"

/* As many tokens as the book's loader uses. Speed does not depend on their values. */
enum { BENCH_TOKENS = 10000 };

static enum recur_status make_corpus(size_t vocabulary, recur_corpus **corpus, recur_error *error)
{
    int32_t ids[BENCH_TOKENS];
    uint32_t state = 1;
    for (size_t i = 0; i < BENCH_TOKENS; i++)
        ids[i] = (int32_t)(recur_bench_draw(&state) % vocabulary);
    return recur_corpus_from_ids(ids, BENCH_TOKENS, vocabulary, corpus, error);
}

/* Trains on minibatches, from epoch to epoch; only their own time counts. */
static enum recur_status train(void *user, double seconds, double *rate, recur_error *error)
{
    recur_trainer *trainer = user;
    const recur_trainer_config *config = recur_trainer_get_config(trainer);
    enum recur_status status = RECUR_OK;
    double spent = 0;
    size_t minibatches = 0;
    while (status == RECUR_OK && (minibatches == 0 || spent < seconds)) {
        recur_step step;
        double start = recur_seconds();
        status = recur_trainer_step(trainer, &step, error);
        spent += recur_seconds() - start;
        minibatches++;
        if (status == RECUR_OK && step.end_of_epoch)
            status = recur_trainer_end_epoch(trainer, NULL, error);
    }
    *rate = (double)(minibatches * config->batch * config->steps) / spent;
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

/* A model with its trainer, on all threads or on one. */
struct side {
    recur_model *model;
    recur_trainer *trainer;
};

enum { ALL, PEAK, ALONE, SIDES }; /* the turns */

struct work {
    recur_corpus *corpus;
    struct side all, alone;
    recur_gauge *gauge;
};

static enum recur_status make_side(const recur_model_config *network, recur_trainer_config *run,
                                   size_t threads, const recur_corpus *corpus, struct side *side,
                                   recur_error *error)
{
    run->threads = threads;
    enum recur_status status = recur_model_create(network, NULL, &side->model, error);
    if (status == RECUR_OK)
        status = recur_trainer_create(side->model, corpus, run, &side->trainer, error);
    return status;
}

static bool measures_alone(const struct bench *bench)
{
    return bench->alone && bench->machine.threads > 1;
}

static enum recur_status make_work(const struct bench *bench, const struct workload *workload,
                                   struct work *work, enum recur_peak *peak, recur_error *error)
{
    struct workload_settings settings;
    const size_t threads = bench->machine.threads;
    recur_workload_settings(workload, bench->precision, &settings);
    const recur_model_config network =
        recur_train_model_config(&settings.options, workload->vocabulary);
    recur_trainer_config run = recur_train_trainer_config(&settings.options, BENCH_TOKENS);
    run.device = RECUR_DEVICE_CPU;
    *peak = recur_precision_peak(run.precision);
    enum recur_status status = make_corpus(workload->vocabulary, &work->corpus, error);
    if (status == RECUR_OK)
        status = make_side(&network, &run, threads, work->corpus, &work->all, error);
    if (status == RECUR_OK && measures_alone(bench))
        status = make_side(&network, &run, 1, work->corpus, &work->alone, error);
    if (status == RECUR_OK)
        status = recur_gauge_create_peak(*peak, threads, &work->gauge, error);
    return status;
}

static void free_work(struct work *work)
{
    recur_gauge_free(work->gauge);
    recur_trainer_free(work->alone.trainer);
    recur_model_free(work->alone.model);
    recur_trainer_free(work->all.trainer);
    recur_model_free(work->all.model);
    recur_corpus_free(work->corpus);
}

static double expected_seconds(const struct bench *bench, const struct workload *workload)
{
    struct workload_settings settings;
    recur_workload_settings(workload, bench->precision, &settings);
    const recur_trainer_config *run = &settings.options.trainer;
    double flop = recur_workload_flop(workload) * (double)(run->batch * run->steps);
    const double piece[SIDES] = {
        [ALL] = recur_machine_training_seconds(&bench->machine, bench->machine.threads, flop),
        [ALONE] = recur_machine_training_seconds(&bench->machine, 1, flop),
    };
    return recur_bench_turns_seconds(piece, measures_alone(bench) ? SIDES : ALONE, bench->seconds);
}

enum recur_status recur_bench_training(struct bench *bench, const struct workload *workload,
                                       struct training_speed *speed, recur_error *error)
{
    struct work work = {0};
    struct turns turns;
    recur_bench_plan_begin(&bench->plan, expected_seconds(bench, workload), workload->name,
                           "training");
    enum recur_status status = make_work(bench, workload, &work, &speed->peak, error);
    const struct turn turn[SIDES] = {
        [ALL] = {train, work.all.trainer},
        [PEAK] = recur_bench_gauge_turn(work.gauge),
        [ALONE] = {train, work.alone.trainer},
    };
    if (status == RECUR_OK)
        status = recur_bench_turns(turn, work.alone.trainer ? SIDES : ALONE, bench->seconds, &turns,
                                   error);
    if (status == RECUR_OK) {
        speed->flop = recur_machine_flop_per_token(work.all.model);
        speed->parameters = recur_model_parameters(work.all.model);
        speed->speed = recur_bench_speed(&turns, ALL, speed->flop, PEAK);
        speed->alone = 0;
        phase_shares(work.all.trainer, speed->phase);
    }
    if (status == RECUR_OK && work.alone.trainer) {
        speed->threads = recur_bench_turns_ratio(&turns, ALL, 1, ALONE);
        speed->alone = speed->speed.rate / speed->threads.median;
    }
    free_work(&work);
    return status;
}

void recur_bench_plan_training(struct bench *bench, const struct workload *workload)
{
    recur_bench_plan_add(&bench->plan, expected_seconds(bench, workload));
}
