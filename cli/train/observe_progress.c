/* Shows how far a run is: a permanent line for each epoch. Between them a terminal gets a live
 * line; a pipe gets a plain line where an epoch takes long. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/number_text.h"
#include "common/terminal.h"
#include "common/timing.h"
#include "train/observer.h"
#include "train/run.h"
#include "train/run_lines.h"

/* Seconds: between two drawings of the live line; at least between two lines of one epoch in a
 * pipe; after which an epoch gets a line whatever its number. */
#define LIVE_PAUSE 0.1
#define PIPE_PAUSE 20
#define SLOW_EPOCHS 5

enum { MOST_LINES = 100 };

struct progress {
    bool terminal;
    double drawn;                /* when the live line was drawn */
    double valid_loss, accuracy; /* those of the last finished epoch; NaN: none */
};

static int begin(struct run *run, void *state)
{
    struct progress *progress = state;
    *progress = (struct progress){
        .terminal = recur_terminal_redraws(stderr),
        .drawn = recur_seconds(),
        .valid_loss = NAN,
        .accuracy = NAN,
    };
    run->screen.printed = progress->drawn;
    return 0;
}

/* Formats the live line: all of it, or what fits on a narrow terminal. */
static void format_step(const struct run *run, const struct progress *progress, bool brief,
                        char *text, size_t size)
{
    const recur_step *step = &run->step;
    unsigned long long epoch = step->epoch;
    size_t epochs = run->config.epochs;
    double share = recur_run_share(run, step->minibatch);
    double speed = (double)(step->minibatch * run->tokens) / step->seconds;
    double perplexity = exp(step->epoch_loss);
    const struct duration left = recur_duration(recur_run_seconds_left(run, share));
    char valid[40] = "";
    if (run->options.labels && isfinite(progress->accuracy))
        snprintf(valid, sizeof valid, brief ? "acc %.4g" : "held-out accuracy %.4f",
                 progress->accuracy);
    else if (!run->options.labels && isfinite(progress->valid_loss))
        snprintf(valid, sizeof valid, brief ? "/%.4g" : " (validation %.5g)",
                 exp(progress->valid_loss));
    if (run->options.labels)
        snprintf(text, size,
                 brief ? "%llu/%zu %zu/%zu  %s left  loss %.3f  %s  norm %.2g  lr %.2g  %.0f/s"
                       : "epoch %llu/%zu  minibatch %zu/%zu  %s left  loss %.4f  %s  "
                         "gradient norm %.3g  lr %.3g  %.0f tokens/s",
                 epoch, epochs, step->minibatch, step->minibatches, left.text, step->epoch_loss,
                 valid, step->gradient_norm, step->lr, speed);
    else if (brief)
        snprintf(text, size,
                 "%llu/%zu %zu/%zu  %s left  loss %.3f  ppl %.4g%s  norm %.2g  lr %.2g  %.0f/s",
                 epoch, epochs, step->minibatch, step->minibatches, left.text, step->epoch_loss,
                 perplexity, valid, step->gradient_norm, step->lr, speed);
    else
        snprintf(text, size,
                 "epoch %llu/%zu  minibatch %zu/%zu  loss %.4f  perplexity %.5g%s  "
                 "gradient norm %.3g  lr %.3g  %.0f tokens/s  %s left",
                 epoch, epochs, step->minibatch, step->minibatches, step->epoch_loss, perplexity,
                 valid, step->gradient_norm, step->lr, speed, left.text);
}

static void draw(struct run *run, const struct progress *progress)
{
    char text[400];
    size_t width = recur_terminal_width();
    format_step(run, progress, false, text, sizeof text);
    if (strlen(text) >= width)
        format_step(run, progress, true, text, sizeof text);
    fprintf(stderr, "\r%.*s\033[K", (int)width - 1, text);
    fflush(stderr);
    run->screen.live = true;
}

static int step(struct run *run, void *state)
{
    struct progress *progress = state;
    if (run->minibatches == 1)
        run->screen.behind = recur_run_share(run, run->step.minibatch - 1);
    double now = recur_seconds();
    if (progress->terminal && now - progress->drawn >= LIVE_PAUSE) {
        progress->drawn = now;
        draw(run, progress);
    } else if (!progress->terminal && !run->step.end_of_epoch &&
               now - run->screen.printed >= fmax(PIPE_PAUSE, (now - run->started) / 20)) {
        recur_run_print_step(run);
    }
    return 0;
}

/* Is a line due? Each epoch gets one, but a run that is not slow has at most MOST_LINES, evenly
 * spread. Presets have no lines, as in the book. */
static bool line_due(const struct run *run)
{
    uint64_t every = 1, epoch = run->epoch.epoch; /* 1, 2, 5, 10, ... */
    for (size_t i = 0; run->config.epochs / every > MOST_LINES; i++)
        every = i % 3 == 1 ? every / 2 * 5 : every * 2;
    return !run->options.preset &&
           (epoch % every == 0 || epoch == 1 || epoch == run->config.epochs ||
            recur_seconds() - run->screen.printed >= SLOW_EPOCHS);
}

static int epoch(struct run *run, void *state)
{
    struct progress *progress = state;
    progress->valid_loss = run->epoch.valid_loss;
    progress->accuracy = run->epoch.valid_accuracy;
    if (line_due(run))
        recur_run_print_epoch(run);
    return 0;
}

static int stop(struct run *run, void *state)
{
    (void)state;
    recur_screen_clear(&run->screen);
    return 0;
}

const struct observer recur_observe_progress = {
    .size = sizeof(struct progress),
    .loud = true,
    .at = {[MOMENT_BEGIN] = begin,
           [MOMENT_STEP] = step,
           [MOMENT_EPOCH] = epoch,
           [MOMENT_STOP] = stop},
};
