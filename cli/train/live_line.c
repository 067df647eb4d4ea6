/* The live line of a run: how far it is and how it goes, in what fits the window. */
#include <math.h>
#include <stdio.h>

#include "common/live.h"
#include "common/number_text.h"
#include "train/live_lines.h"
#include "train/run.h"
#include "train/run_lines.h"

enum { EPOCH, MINIBATCH, LOSS, PERPLEXITY, HELD_OUT, NORM, RATE, SPEED, LEFT, PARTS };

/* What was held out, as it was after the last epoch. */
static void describe_held_out(const struct run *run, struct live_part *part)
{
    const recur_epoch *epoch = &run->epoch;
    if (epoch->epoch == 0)
        return;
    if (run->options.labels && isfinite(epoch->valid_accuracy)) {
        LIVE_FULL(*part, "held-out accuracy %.4f", epoch->valid_accuracy);
        LIVE_BRIEF(*part, "acc %.3f", epoch->valid_accuracy);
    } else if (!run->options.labels && isfinite(epoch->valid_loss)) {
        LIVE_FULL(*part, "validation %s", recur_perplexity(epoch->valid_loss).text);
        LIVE_BRIEF(*part, "val %s", recur_perplexity(epoch->valid_loss).text);
    }
}

void recur_run_live_line(const struct run *run, size_t width, char *line, size_t size)
{
    const recur_step *step = &run->step;
    struct live_part parts[PARTS] = {
        [EPOCH] = {.rank = 0},
        [LEFT] = {.rank = 1},
        [PERPLEXITY] = {.rank = 2},
        [MINIBATCH] = {.rank = 3},
        [SPEED] = {.rank = 4},
        [LOSS] = {.rank = 5},
        [HELD_OUT] = {.rank = 6},
        [RATE] = {.rank = 7, .minor = true},
        [NORM] = {.rank = 8, .minor = true},
    };
    double share = recur_run_share(run, step->minibatch);
    double speed = (double)(step->minibatch * run->tokens) / step->seconds;
    const struct duration left = recur_duration(recur_run_seconds_left(run, share));
    recur_run_describe_epoch(run, step->epoch, false, &parts[EPOCH]);
    LIVE_FULL(parts[MINIBATCH], "minibatch %zu/%zu", step->minibatch, step->minibatches);
    LIVE_BRIEF(parts[MINIBATCH], "%zu/%zu", step->minibatch, step->minibatches);
    LIVE_FULL(parts[LOSS], "loss %.4f", step->epoch_loss);
    LIVE_BRIEF(parts[LOSS], "loss %.3g", step->epoch_loss);
    if (!run->options.labels) {
        LIVE_FULL(parts[PERPLEXITY], "perplexity %s", recur_perplexity(step->epoch_loss).text);
        LIVE_BRIEF(parts[PERPLEXITY], "ppl %s", recur_perplexity(step->epoch_loss).text);
    }
    describe_held_out(run, &parts[HELD_OUT]);
    LIVE_FULL(parts[NORM], "gradient norm %.3g", step->gradient_norm);
    LIVE_FULL(parts[RATE], "lr %.3g", step->lr);
    LIVE_FULL(parts[SPEED], "%.0f tokens/s", speed);
    LIVE_BRIEF(parts[SPEED], "%.0f/s", speed);
    LIVE_FULL(parts[LEFT], "%s left", left.text);
    recur_live_fit(parts, PARTS, width, line, size);
}
