/* Shows during training how the model continues the prefixes: from time to time, as long as epochs
 * improve it, or every few epochs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/message.h"
#include "common/text_out.h"
#include "common/timing.h"
#include "train/observer.h"
#include "train/run.h"
#include "train/run_lines.h"

/* Seconds between samples: at first, and as a share of the run so far. */
#define SAMPLE_PAUSE 12
#define SAMPLE_SHARE 0.1

struct samples {
    double shown;  /* when the last samples were shown, or the training began */
    uint64_t kept; /* the best epoch then */
};

static int begin(struct run *run, void *state)
{
    struct samples *samples = state;
    (void)run;
    samples->shown = recur_seconds();
    return 0;
}

static bool has_samples(const struct run *run)
{
    return !run->options.labels && run->options.out.predict.count > 0;
}

/* Are the next samples due before work that takes so many more seconds ends? */
static bool due(const struct run *run, const struct samples *samples, double seconds)
{
    double now = recur_seconds(), since = now - samples->shown;
    double pause = fmax(SAMPLE_PAUSE, SAMPLE_SHARE * (now - run->started));
    return run->options.predict_by_time && since + seconds >= pause && since >= pause / 2;
}

/* Shows the samples. If this fails, prints a warning; the run is not affected. */
static void show(const struct run *run, struct samples *samples)
{
    recur_error error;
    for (size_t i = 0; i < run->options.out.predict.count; i++) {
        char *text;
        size_t size;
        if (recur_run_continue(run, i, run->step.epoch, run->step.minibatch, &text, &size,
                               &error) != RECUR_OK) {
            recur_warning(run->command, "no continuation this time: %s", error.message);
            break;
        }
        fputs("  ", stderr);
        recur_text_line(stderr, text, size);
        free(text);
    }
    samples->shown = recur_seconds();
    samples->kept = recur_run_kept_epoch(run);
}

static int step(struct run *run, void *state)
{
    double minibatch = run->step.seconds / (double)run->step.minibatch;
    if (run->step.end_of_epoch || !has_samples(run) || !due(run, state, minibatch))
        return 0;
    recur_run_print_step(run);
    show(run, state);
    return 0;
}

static int epoch(struct run *run, void *state)
{
    const struct samples *samples = state;
    uint64_t every = run->options.out.predict_every, epoch = run->epoch.epoch;
    bool improved = recur_run_kept_epoch(run) > samples->kept;
    /* The continuations after the last epoch are the run's result and go to stdout. */
    if (!has_samples(run) || epoch >= run->config.epochs ||
        !(run->options.predict_by_time ? improved && due(run, samples, run->epoch.seconds)
                                       : every > 0 && epoch % every == 0))
        return 0;
    recur_run_print_epoch(run);
    show(run, state);
    return 0;
}

const struct observer recur_observe_samples = {
    .size = sizeof(struct samples),
    .loud = true,
    .at = {[MOMENT_BEGIN] = begin, [MOMENT_STEP] = step, [MOMENT_EPOCH] = epoch},
};
