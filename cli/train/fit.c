/* Fits the schedule warm-up, stable, decay to the time that is left. Until the decay begins, the
 * end and the decay move with the measured speed, which changes no rate so far; from then on only
 * the end does: the last minibatches stay at the lowest rate, or are left out. */
#include <math.h>

#include "common/message.h"
#include "common/timing.h"
#include "recur/evaluate.h"
#include "train/run.h"

/* The share of a run in which the rate falls. */
#define DECAY 0.4

static double minibatches_in_epoch(const struct run *run)
{
    return run->step.minibatches
               ? (double)run->step.minibatches
               : fmax(1, (double)recur_trainer_train_tokens(run->trainer) / (double)run->tokens);
}

double recur_fit_most(const struct run *run)
{
    double most = run->fit.most * minibatches_in_epoch(run);
    return most > 0 ? fmax(1, round(most)) : (double)INFINITY;
}

/* How many more minibatches fit the time. None ends the run before it has shown its own speed. */
static double count_left(const struct run *run, double now)
{
    const struct fit *fit = &run->fit;
    double each = fit->step.seconds + fit->validation / minibatches_in_epoch(run);
    double last =
        run->options.labels ? 2 * fit->validation : fit->validation; /* and the result's */
    double left = (fit->end - now - last - fit->saving) / each;
    double at = (double)recur_trainer_updates(run->trainer);
    double least = run->minibatches == 0 && now < fit->end ? 2 : 1;
    return fmax(1, fmin(fmax(least, left), recur_fit_most(run) - at));
}

/* Gives the run the length that fits. Does nothing where that would hardly differ. */
static int set_length(struct run *run, double now)
{
    struct fit *fit = &run->fit;
    recur_error error;
    double at = (double)recur_trainer_updates(run->trainer), left = floor(count_left(run, now));
    double decay = ceil(DECAY * (at + left - (double)fit->begun)), stable = run->config.stable;
    double warmup = run->config.warmup < 1 ? (double)run->config.warmup * (at + left)
                                           : (double)run->config.warmup;
    double change = fabs(at + left - (double)run->config.updates);
    double falls = warmup + (double)run->config.stable; /* so many updates precede the decay */
    bool planned = run->config.stable > 0; /* or the schedule's parts have yet to be set */
    fit->decays = fit->decays || (planned && at > falls && falls >= (double)fit->begun);
    if (!fit->decays) {
        fit->decays = left <= decay;
        decay = fmin(decay, left);
        stable = fmax(1, at + left - decay - warmup);
    } else {
        decay = (double)run->config.decay;
    }
    if (planned && !fit->decays && change < 0.01 * left)
        return 0;
    if (planned && left > 3 && change < fmax(1, 0.02 * left) && decay == (double)run->config.decay)
        return 0;
    if (recur_trainer_set_length(run->trainer, (size_t)(at + left), (size_t)stable, (size_t)decay,
                                 &error) != RECUR_OK)
        return recur_library_failure(run->command, &error);
    run->config = *recur_trainer_get_config(run->trainer);
    return 0;
}

enum recur_status recur_fit_measure_reading(const struct run *run, double trained, double seconds,
                                            double *reading, recur_error *error)
{
    enum { FIRST = 256 };
    enum recur_status status = RECUR_OK;
    recur_evaluation ignored;
    double took = 0;
    *reading = trained / 3;
    if (!run->config.sampled_softmax)
        return RECUR_OK;
    size_t all = recur_corpus_size(run->corpus);
    for (size_t count = FIRST; status == RECUR_OK && took < seconds / 2 && count < all;
         count *= 2) {
        double begun = recur_seconds();
        status = recur_evaluate(run->model, run->corpus, all - count, count,
                                (size_t)run->options.threads, &ignored, error);
        took = recur_seconds() - begun;
        *reading = took / (double)count;
    }
    return status == RECUR_ERROR_DIVERGED ? RECUR_OK : status;
}

static double length_of(float part, double total)
{
    return part < 1 ? (double)part * total : (double)part;
}

/* Is what follows in a resumed run not a part of one schedule with what was? Its rate has fallen,
 * or followed a length that is another one now, or an epoch has ended with the run before its text.
 */
static bool begins_anew(const struct run *run)
{
    const recur_trainer_config *config = &run->config;
    double epochs = (double)config->epochs * minibatches_in_epoch(run);
    double total = config->updates ? (double)config->updates : epochs;
    double decay = length_of(config->decay, total), warmup = length_of(config->warmup, total);
    double falls = config->stable > 0 ? warmup + length_of(config->stable, total) : total - decay;
    double at = (double)recur_trainer_updates(run->trainer);
    bool share = at > 0 && config->warmup > 0 && config->warmup < 1;
    return (config->updates && recur_trainer_over(run->trainer)) ||
           (config->schedule == RECUR_SCHEDULE_WSD && (at > falls + 1 || share));
}

int recur_fit_begin(struct run *run)
{
    struct fit *fit = &run->fit;
    double valid = (double)recur_trainer_valid_tokens(run->trainer);
    recur_error error;
    if (!(fit->end > 0))
        return 0;
    fit->begun = recur_trainer_updates(run->trainer);
    if (!(fit->step.seconds > 0)) /* a resumed run */
        fit->step.seconds = run->epoch.tokens_per_second > 0
                                ? (double)run->tokens / run->epoch.tokens_per_second
                                : 0.1;
    run->spliced = run->spliced || begins_anew(run);
    if (!(fit->reading > 0) && /* a resumed run */
        recur_fit_measure_reading(run, fit->step.seconds / (double)run->tokens, 0.1, &fit->reading,
                                  &error) != RECUR_OK)
        return recur_library_failure(run->command, &error);
    fit->validation = valid * fit->reading;
    /* The file is written at 200 MB/s or better. */
    fit->saving = 0.02 + (double)recur_model_parameters(run->model) * 4 / 2e8;
    return set_length(run, recur_seconds());
}

int recur_fit_step(struct run *run)
{
    struct fit *fit = &run->fit;
    if (!(fit->end > 0))
        return 0;
    double now = recur_seconds();
    if (fit->last > 0) {
        /* The mean of about the last twentieth of the run. */
        double weight =
            1 / fmin(fmax(10, (double)run->config.updates / 20), (double)run->minibatches + 5);
        recur_tempo_add(&fit->step, (now - fit->last) / (double)run->of_step, weight);
    }
    fit->last = now;
    return set_length(run, now);
}

void recur_fit_validated(struct run *run, double seconds)
{
    run->fit.validation = seconds;
    run->fit.last = 0;
}

/* Was the length fitted to a time, now or before the run was resumed? */
static bool is_fitted(const struct run *run)
{
    bool given = recur_option_given(run->command, &run->texts, "updates");
    return run->fit.end > 0 || (run->config.updates && !given);
}

int recur_fit_end(struct run *run)
{
    if (!is_fitted(run))
        return 0;
    static const char *const lengths[] = {"epochs", "updates", "stable", "decay", "average-start"};
    size_t updates = (size_t)recur_trainer_updates(run->trainer);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) /* of a resumed run */
        recur_option_forget(run->command, &run->texts, lengths[i]);
    run->config = *recur_trainer_get_config(run->trainer);
    recur_run_choose_option(run, "updates", "%zu", updates);
    if (run->config.schedule == RECUR_SCHEDULE_WSD) {
        recur_run_choose_option(run, "stable", "%.0f", (double)run->config.stable);
        recur_run_choose_option(run, "decay", "%.0f", (double)run->config.decay);
    }
    /* Where the mean began was a share of the length that the run had then. */
    if (run->config.average == RECUR_AVERAGE_SWA)
        recur_run_choose_option(run, "average-start", "%zu",
                                updates - (size_t)recur_trainer_averaged(run->trainer));
    return recur_run_set_origin(run);
}
