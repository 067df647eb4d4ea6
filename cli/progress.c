#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "terminal.h"

double recur_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

size_t recur_terminal_width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

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
    progress->shown = progress->started;
}

static void format_time(double seconds, char *text, size_t size)
{
    unsigned long whole = seconds < 1e8 ? (unsigned long)(seconds + 0.5) : 99999999;
    if (whole >= 3600)
        snprintf(text, size, "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(text, size, "%lu:%02lu", whole / 60, whole % 60);
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
    char left[24], valid[40] = "";
    format_time((now - progress->started) * (1 - share) / (share - progress->behind), left,
                sizeof left);
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
                 step->minibatches, left, step->epoch_loss,
                 isfinite(progress->accuracy) ? valid : "", step->gradient_norm, step->lr, speed);
    else if (brief)
        snprintf(text, size,
                 "%llu/%zu %zu/%zu  %s left  loss %.3f  ppl %.4g%s  norm %.2g  lr %.2g  %.0f/s",
                 (unsigned long long)step->epoch, progress->epochs, step->minibatch,
                 step->minibatches, left, step->epoch_loss, perplexity, valid, step->gradient_norm,
                 step->lr, speed);
    else
        snprintf(text, size,
                 "epoch %llu/%zu  minibatch %zu/%zu  loss %.4f  perplexity %.5g%s  "
                 "gradient norm %.3g  lr %.3g  %.0f tokens/s  %s left",
                 (unsigned long long)step->epoch, progress->epochs, step->minibatch,
                 step->minibatches, step->epoch_loss, perplexity, valid, step->gradient_norm,
                 step->lr, speed, left);
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
    double now = recur_seconds(), since = now - progress->shown;
    bool last = step->end_of_epoch && step->epoch == progress->epochs;
    /* In a pipe a line a second at first, then rarer as the run gets long. */
    double pause = progress->terminal ? 0.1 : fmax(1, (now - progress->started) / 20);
    if (since < pause && !last)
        return;
    progress->shown = now;
    if (progress->terminal) {
        draw(progress, step);
    } else {
        char text[400];
        format_step(progress, step, false, text, sizeof text);
        fprintf(stderr, "%s\n", text);
    }
}

void recur_progress_epoch(struct progress *progress, const recur_epoch *epoch)
{
    progress->valid_loss = epoch->valid_loss;
    progress->accuracy = epoch->valid_accuracy;
}

void recur_progress_clear(struct progress *progress)
{
    if (progress->live)
        fputs("\r\033[K", stderr);
    progress->live = false;
}
