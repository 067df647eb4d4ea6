/* What a run shows while it trains: a line for each epoch, and what the model makes of the prefixes
 * now and then. */
#include <math.h>
#include <stdlib.h>

#include "common/message.h"
#include "common/text_out.h"
#include "common/timing.h"
#include "train/run.h"

/* Seconds from sample to sample: at first, and as a share of the run so far. */
#define SAMPLE_PAUSE 12
#define SAMPLE_SHARE 0.1

/* Where prefixes are continued at random. */
#define SAMPLE_TEMPERATURE 0.8F

recur_sampler_config recur_run_sampling(const struct run *run, uint64_t epoch, size_t minibatch)
{
    recur_sampler_config sampling = recur_sampler_config_default();
    sampling.temperature = run->options.preset ? 0 : SAMPLE_TEMPERATURE;
    sampling.seed = run->options.seed + (epoch << 32) + minibatch;
    return sampling;
}

const recur_epoch *recur_run_best_epoch(const struct run *run)
{
    size_t count;
    const recur_epoch *history = recur_model_history(run->model, &count);
    for (size_t i = 0; i < count; i++)
        if (history[i].epoch == recur_trainer_best_epoch(run->trainer))
            return &history[i];
    return NULL;
}

static bool shows_samples(const struct run *run)
{
    return !run->options.quiet && !run->options.labels && run->options.predict.count > 0;
}

/* Is the next sample due before something more that takes so many seconds? */
static bool sample_due(const struct run *run, double seconds)
{
    double now = recur_seconds(), since = now - run->sampled;
    double pause = fmax(SAMPLE_PAUSE, SAMPLE_SHARE * (now - run->progress.started));
    return run->options.predict_by_time && since + seconds >= pause && since >= pause / 2;
}

/* Where that fails it says so; the run itself is none the worse for it. */
static void show_samples(struct run *run)
{
    recur_error error;
    const struct text_list *prefixes = &run->options.predict;
    const recur_sampler_config sampling =
        recur_run_sampling(run, run->step.epoch, run->step.minibatch);
    for (size_t i = 0; i < prefixes->count; i++) {
        char *text;
        size_t size;
        if (recur_continuation(run->model, prefixes->items[i], &sampling, &text, &size, &error) !=
            RECUR_OK) {
            recur_warning(run->command, "no continuation this time: %s", error.message);
            break;
        }
        fputs("  ", stderr);
        recur_text_line(stderr, text, size);
        free(text);
    }
    run->sampled = recur_seconds();
}

void recur_run_show_step(struct run *run)
{
    double minibatch = run->step.seconds / (double)run->step.minibatch;
    if (!shows_samples(run) || !sample_due(run, minibatch))
        return;
    recur_progress_print_step(&run->progress, &run->step);
    show_samples(run);
}

void recur_run_show_epoch(struct run *run)
{
    uint64_t every = run->options.predict_every, epoch = run->epoch.epoch;
    /* The last epoch's continuations are the run's result, on stdout. */
    bool samples = shows_samples(run) && epoch < run->config.epochs &&
                   (run->options.predict_by_time ? sample_due(run, run->epoch.seconds)
                                                 : every > 0 && epoch % every == 0);
    recur_progress_epoch(&run->progress, &run->epoch, recur_run_best_epoch(run), samples);
    if (samples)
        show_samples(run);
}
