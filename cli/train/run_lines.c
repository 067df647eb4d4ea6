#include "train/run_lines.h"

#include <math.h>
#include <stdio.h>

#include "common/live.h"
#include "common/number_text.h"
#include "common/terminal.h"
#include "common/timing.h"
#include "train/run.h"

double recur_run_epochs(const struct run *run)
{
    double epochs = (double)run->config.epochs;
    bool part = run->config.updates && run->step.minibatches;
    return part ? fmin(epochs, (double)run->config.updates / (double)run->step.minibatches)
                : epochs;
}

double recur_run_share(const struct run *run, size_t minibatch)
{
    const recur_step *step = &run->step;
    return ((double)(step->epoch - 1) + (double)minibatch / (double)step->minibatches) /
           recur_run_epochs(run);
}

double recur_run_seconds_left(const struct run *run, double share)
{
    double now = recur_seconds();
    double left = (now - run->started) * (1 - share) / (share - run->screen.behind);
    return run->fit.end > 0 ? fmax(0, fmin(left, run->fit.end - now)) : left;
}

void recur_run_describe_epoch(const struct run *run, uint64_t epoch, bool aligned,
                              struct live_part *part)
{
    unsigned long long number = epoch;
    if (run->fit.end > 0) {
        LIVE_FULL(*part, "epoch %llu", number);
        return;
    }
    int width = aligned ? snprintf(NULL, 0, "%zu", run->config.epochs) : 0;
    LIVE_FULL(*part, "epoch %*llu/%zu", width, number, run->config.epochs);
    LIVE_BRIEF(*part, "%llu/%zu", number, run->config.epochs);
}

/* How much time is left once this share of the run is done; nothing at its end. */
static void describe_left(const struct run *run, double share, struct live_part *part)
{
    if (share < 1 && share > run->screen.behind)
        LIVE_FULL(*part, "%s left", recur_duration(recur_run_seconds_left(run, share)).text);
}

/* Prints a permanent line: all of it, or what fits a terminal. */
static void print_parts(const struct live_part *parts, size_t count)
{
    char line[400];
    size_t width = recur_terminal_redraws(stderr) ? recur_terminal_width(stderr) : sizeof line;
    recur_live_fit(parts, count, width, line, sizeof line);
    recur_live_clear();
    fprintf(stderr, "%s\n", line);
}

void recur_run_print_step(struct run *run)
{
    enum { EPOCH, MINIBATCH, LOSS, SPEED, LEFT, PARTS };
    const recur_step *step = &run->step;
    double speed = (double)(step->minibatch * run->tokens) / step->seconds;
    struct live_part parts[PARTS] = {
        [EPOCH] = {.rank = 0}, [LOSS] = {.rank = 1},      [LEFT] = {.rank = 2},
        [SPEED] = {.rank = 3}, [MINIBATCH] = {.rank = 4},
    };
    recur_run_describe_epoch(run, step->epoch, false, &parts[EPOCH]);
    LIVE_FULL(parts[MINIBATCH], "minibatch %zu/%zu", step->minibatch, step->minibatches);
    LIVE_BRIEF(parts[MINIBATCH], "%zu/%zu", step->minibatch, step->minibatches);
    if (run->options.labels) {
        LIVE_FULL(parts[LOSS], "loss %.4f", step->epoch_loss);
    } else {
        LIVE_FULL(parts[LOSS], "perplexity %s", recur_perplexity(step->epoch_loss).text);
        LIVE_BRIEF(parts[LOSS], "ppl %s", recur_perplexity(step->epoch_loss).text);
    }
    LIVE_FULL(parts[SPEED], "%.0f tokens/s", speed);
    LIVE_BRIEF(parts[SPEED], "%.0f/s", speed);
    describe_left(run, recur_run_share(run, step->minibatch), &parts[LEFT]);
    print_parts(parts, PARTS);
    run->screen.printed = recur_seconds();
}

enum { EPOCH, LOSS, PERPLEXITY, HELD_OUT, ACCURACY, F1, LEFT, PARTS };

static void describe_scores(const recur_epoch *epoch, const recur_epoch *best,
                            struct live_part parts[PARTS])
{
    bool judged = isfinite(epoch->valid_accuracy), scored = isfinite(epoch->valid_f1);
    char note[40] = "";
    if (judged && best && best->epoch < epoch->epoch)
        snprintf(note, sizeof note, " (best: epoch %llu)", (unsigned long long)best->epoch);
    LIVE_FULL(parts[LOSS], "loss %.4f", epoch->loss);
    if (judged) {
        LIVE_FULL(parts[HELD_OUT], "validation loss %.4f", epoch->valid_loss);
        LIVE_BRIEF(parts[HELD_OUT], "val %.4f", epoch->valid_loss);
        LIVE_FULL(parts[ACCURACY], "accuracy %.4f%s", epoch->valid_accuracy, scored ? "" : note);
        LIVE_BRIEF(parts[ACCURACY], "acc %.4f", epoch->valid_accuracy);
    }
    if (scored)
        LIVE_FULL(parts[F1], "f1 %.4f%s", epoch->valid_f1, note);
}

static void describe_perplexities(const recur_epoch *epoch, const recur_epoch *best,
                                  struct live_part parts[PARTS])
{
    char note[60] = "";
    if (best && best->epoch < epoch->epoch)
        snprintf(note, sizeof note, " (best %s, epoch %llu)",
                 recur_perplexity(best->valid_loss).text, (unsigned long long)best->epoch);
    LIVE_FULL(parts[PERPLEXITY], "perplexity %s", recur_perplexity(epoch->loss).text);
    LIVE_BRIEF(parts[PERPLEXITY], "ppl %s", recur_perplexity(epoch->loss).text);
    if (!isfinite(epoch->valid_loss))
        return;
    LIVE_FULL(parts[HELD_OUT], "validation %s%s", recur_perplexity(epoch->valid_loss).text, note);
    LIVE_BRIEF(parts[HELD_OUT], "val %s", recur_perplexity(epoch->valid_loss).text);
}

void recur_run_print_epoch(struct run *run)
{
    const recur_epoch *epoch = &run->epoch, *best = recur_run_best_epoch(run);
    struct live_part parts[PARTS] = {
        [EPOCH] = {.rank = 0},    [PERPLEXITY] = {.rank = 1}, [HELD_OUT] = {.rank = 2},
        [ACCURACY] = {.rank = 3}, [F1] = {.rank = 4},         [LEFT] = {.rank = 5},
        [LOSS] = {.rank = 6},
    };
    double share = (double)epoch->epoch / recur_run_epochs(run);
    if (run->screen.epoch == epoch->epoch)
        return;
    recur_run_describe_epoch(run, epoch->epoch, true, &parts[EPOCH]);
    if (run->options.labels)
        describe_scores(epoch, best, parts);
    else
        describe_perplexities(epoch, best, parts);
    describe_left(run, share, &parts[LEFT]);
    print_parts(parts, PARTS);
    run->screen.printed = recur_seconds();
    run->screen.epoch = epoch->epoch;
}
