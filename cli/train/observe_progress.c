/* Shows how far a run is: a permanent line for each epoch. Below them a terminal gets live lines:
 * the curve so far and a line about the last minibatch. A pipe gets a plain line where an epoch
 * takes long. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/live.h"
#include "common/terminal.h"
#include "common/timing.h"
#include "train/live_lines.h"
#include "train/observer.h"
#include "train/run.h"
#include "train/run_lines.h"

/* Seconds: between two drawings of the live line, and of the curve; at least between two lines of
 * one epoch in a pipe; after which an epoch gets a line whatever its number. */
#define LIVE_PAUSE 0.1
#define CURVE_PAUSE 0.5
#define PIPE_PAUSE 20
#define SLOW_EPOCHS 5

/* The curve is left out where it would leave fewer lines of the window to what is permanent. */
enum { MOST_LINES = 100, CURVE_ROOM = 1 << 13, CURVE_LINES = 11, OTHER_LINES = 7 };

struct progress {
    bool terminal;
    double drawn;         /* when the live lines were drawn */
    double curve_drawn;   /* when the curve was */
    size_t width, height; /* of the window then */
    struct trace trace;
    char curve[CURVE_ROOM]; /* its lines, each with a line feed at its end */
};

static int begin(struct run *run, void *state)
{
    struct progress *progress = state;
    progress->terminal = recur_terminal_redraws(stderr);
    progress->drawn = recur_seconds();
    run->screen.printed = progress->drawn;
    return 0;
}

/* Draws the curve into its text. */
static void draw_curve(const struct run *run, struct progress *progress)
{
    progress->curve[0] = '\0';
    if (progress->height < CURVE_LINES + OTHER_LINES)
        return;
    FILE *stream = fmemopen(progress->curve, sizeof progress->curve - 1, "w");
    if (!stream)
        return;
    bool drawn = recur_run_print_curve(stream, run, &progress->trace, progress->width,
                                       recur_terminal_look(stderr));
    fclose(stream);
    if (!drawn)
        progress->curve[0] = '\0';
}

static void draw(struct run *run, struct progress *progress)
{
    char text[CURVE_ROOM + 400];
    double now = recur_seconds();
    size_t width = recur_terminal_width(stderr), height = recur_terminal_height(stderr);
    if (now - progress->curve_drawn >= CURVE_PAUSE || width != progress->width ||
        height != progress->height) {
        progress->curve_drawn = now;
        progress->width = width;
        progress->height = height;
        draw_curve(run, progress);
    }
    size_t size = strlen(progress->curve);
    memcpy(text, progress->curve, size);
    recur_run_live_line(run, width, text + size, sizeof text - size);
    recur_live_draw(text);
    progress->drawn = now;
}

static int step(struct run *run, void *state)
{
    struct progress *progress = state;
    const recur_step *step = &run->step;
    if (run->minibatches == run->of_step)
        run->screen.behind = recur_run_share(run, step->minibatch - (size_t)run->of_step);
    double now = recur_seconds();
    if (progress->terminal)
        recur_trace_add(&progress->trace,
                        recur_run_share(run, step->minibatch) * recur_run_epochs(run), step->loss);
    if (progress->terminal && now - progress->drawn >= LIVE_PAUSE)
        draw(run, progress);
    else if (!progress->terminal && !step->end_of_epoch &&
             now - run->screen.printed >= fmax(PIPE_PAUSE, (now - run->started) / 20))
        recur_run_print_step(run);
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
    (void)state;
    if (line_due(run))
        recur_run_print_epoch(run);
    return 0;
}

static int stop(struct run *run, void *state)
{
    (void)run;
    (void)state;
    recur_live_clear();
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
