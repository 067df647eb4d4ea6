#include "train/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/number_text.h"
#include "common/terminal.h"
#include "common/timing.h"

/* Seconds between two drawings of the live line; between two lines of one epoch in a pipe, at
 * least; and after which an epoch has a line whatever its number. */
#define LIVE_PAUSE 0.1
#define PIPE_PAUSE 20
#define SLOW_EPOCHS 5

enum { MOST_LINES = 100 };

void recur_progress_start(struct progress *progress, bool quiet, size_t epochs, size_t tokens)
{
    *progress = (struct progress){
        .quiet = quiet,
        .terminal = recur_terminal_redraws(stderr),
        .epochs = epochs,
        .tokens = tokens,
        .started = recur_seconds(),
        .valid_loss = NAN,
        .accuracy = NAN,
    };
    progress->drawn = progress->printed = progress->started;
}

/* How much of the run was done after so many minibatches of the step's epoch. */
static double share_after(const struct progress *progress, const recur_step *step, size_t minibatch)
{
    return ((double)(step->epoch - 1) + (double)minibatch / (double)step->minibatches) /
           (double)progress->epochs;
}

static void format_step(const struct progress *progress, const recur_step *step, bool brief,
                        char *text, size_t size)
{
    double now = recur_seconds();
    double share = share_after(progress, step, step->minibatch);
    double speed = (double)(step->minibatch * progress->tokens) / step->seconds;
    double perplexity = exp(step->epoch_loss);
    const struct duration left =
        recur_duration((now - progress->started) * (1 - share) / (share - progress->behind));
    char valid[40] = "";
    if (isfinite(progress->valid_loss))
        snprintf(valid, sizeof valid, brief ? "/%.4g" : " (validation %.5g)",
                 exp(progress->valid_loss));
    if (progress->labels)
        snprintf(valid, sizeof valid, brief ? "acc %.4g" : "held-out accuracy %.4f",
                 progress->accuracy);
    if (progress->labels)
        snprintf(text, size,
                 brief ? "%llu/%zu %zu/%zu  %s left  loss %.3f  %s  norm %.2g  lr %.2g  %.0f/s"
                       : "epoch %llu/%zu  minibatch %zu/%zu  %s left  loss %.4f  %s  "
                         "gradient norm %.3g  lr %.3g  %.0f tokens/s",
                 (unsigned long long)step->epoch, progress->epochs, step->minibatch,
                 step->minibatches, left.text, step->epoch_loss,
                 isfinite(progress->accuracy) ? valid : "", step->gradient_norm, step->lr, speed);
    else if (brief)
        snprintf(text, size,
                 "%llu/%zu %zu/%zu  %s left  loss %.3f  ppl %.4g%s  norm %.2g  lr %.2g  %.0f/s",
                 (unsigned long long)step->epoch, progress->epochs, step->minibatch,
                 step->minibatches, left.text, step->epoch_loss, perplexity, valid,
                 step->gradient_norm, step->lr, speed);
    else
        snprintf(text, size,
                 "epoch %llu/%zu  minibatch %zu/%zu  loss %.4f  perplexity %.5g%s  "
                 "gradient norm %.3g  lr %.3g  %.0f tokens/s  %s left",
                 (unsigned long long)step->epoch, progress->epochs, step->minibatch,
                 step->minibatches, step->epoch_loss, perplexity, valid, step->gradient_norm,
                 step->lr, speed, left.text);
}

static void draw(struct progress *progress, const recur_step *step)
{
    char text[400];
    size_t width = recur_terminal_width();
    format_step(progress, step, false, text, sizeof text);
    if (strlen(text) >= width)
        format_step(progress, step, true, text, sizeof text);
    fprintf(stderr, "\r%.*s\033[K", (int)width - 1, text);
    fflush(stderr);
    progress->live = true;
}

void recur_progress_step(struct progress *progress, const recur_step *step)
{
    if (progress->quiet)
        return;
    if (!progress->begun)
        progress->behind = share_after(progress, step, step->minibatch - 1);
    progress->begun = true;
    double now = recur_seconds();
    if (progress->terminal && now - progress->drawn >= LIVE_PAUSE) {
        progress->drawn = now;
        draw(progress, step);
    } else if (!progress->terminal && !step->end_of_epoch &&
               now - progress->printed >= fmax(PIPE_PAUSE, (now - progress->started) / 20)) {
        recur_progress_print_step(progress, step);
    }
}

static int digits_of(uint64_t number)
{
    char text[24];
    return snprintf(text, sizeof text, "%llu", (unsigned long long)number);
}

/* How much time is left once so much of the run is done; nothing at its end. */
static void print_left(const struct progress *progress, double share)
{
    if (share >= 1 || share <= progress->behind)
        return;
    double left = (recur_seconds() - progress->started) * (1 - share) / (share - progress->behind);
    fprintf(stderr, "  %s left", recur_duration(left).text);
}

void recur_progress_print_step(struct progress *progress, const recur_step *step)
{
    recur_progress_clear(progress);
    fprintf(stderr, "epoch %llu/%zu  minibatch %zu/%zu  ", (unsigned long long)step->epoch,
            progress->epochs, step->minibatch, step->minibatches);
    if (progress->labels)
        fprintf(stderr, "loss %.4f", step->epoch_loss);
    else
        fprintf(stderr, "perplexity %s", recur_perplexity(step->epoch_loss).text);
    fprintf(stderr, "  %.0f tokens/s",
            (double)(step->minibatch * progress->tokens) / step->seconds);
    print_left(progress, share_after(progress, step, step->minibatch));
    fputc('\n', stderr);
    progress->printed = recur_seconds();
}

static void print_scores(const recur_epoch *epoch, const recur_epoch *best)
{
    fprintf(stderr, "  loss %.4f", epoch->loss);
    if (isfinite(epoch->valid_accuracy))
        fprintf(stderr, "  validation loss %.4f  accuracy %.4f", epoch->valid_loss,
                epoch->valid_accuracy);
    if (isfinite(epoch->valid_f1))
        fprintf(stderr, "  f1 %.4f", epoch->valid_f1);
    if (best && best->epoch < epoch->epoch && isfinite(epoch->valid_accuracy))
        fprintf(stderr, " (best: epoch %llu)", (unsigned long long)best->epoch);
}

static void print_perplexities(const recur_epoch *epoch, const recur_epoch *best)
{
    fprintf(stderr, "  perplexity %s", recur_perplexity(epoch->loss).text);
    if (!isfinite(epoch->valid_loss))
        return;
    fprintf(stderr, "  validation %s", recur_perplexity(epoch->valid_loss).text);
    if (best && best->epoch < epoch->epoch)
        fprintf(stderr, " (best %s, epoch %llu)", recur_perplexity(best->valid_loss).text,
                (unsigned long long)best->epoch);
}

static void print_epoch(struct progress *progress, const recur_epoch *epoch,
                        const recur_epoch *best)
{
    recur_progress_clear(progress);
    fprintf(stderr, "epoch %*llu/%zu", digits_of(progress->epochs),
            (unsigned long long)epoch->epoch, progress->epochs);
    if (progress->labels)
        print_scores(epoch, best);
    else
        print_perplexities(epoch, best);
    print_left(progress, (double)epoch->epoch / (double)progress->epochs);
    fputc('\n', stderr);
    progress->printed = recur_seconds();
}

/* A line for each epoch, but no more than MOST_LINES, evenly spread, of a run that is not slow. */
static bool line_due(const struct progress *progress, uint64_t epoch)
{
    uint64_t every = 1; /* 1, 2, 5, 10, ... */
    for (size_t i = 0; progress->epochs / every > MOST_LINES; i++)
        every = i % 3 == 1 ? every / 2 * 5 : every * 2;
    return !progress->sparse && (epoch % every == 0 || epoch == 1 || epoch == progress->epochs ||
                                 recur_seconds() - progress->printed >= SLOW_EPOCHS);
}

void recur_progress_epoch(struct progress *progress, const recur_epoch *epoch,
                          const recur_epoch *best, bool print)
{
    progress->valid_loss = epoch->valid_loss;
    progress->accuracy = epoch->valid_accuracy;
    if (!progress->quiet && (print || line_due(progress, epoch->epoch)))
        print_epoch(progress, epoch, best);
}

void recur_progress_clear(struct progress *progress)
{
    if (progress->live)
        fputs("\r\033[K", stderr);
    progress->live = false;
}
