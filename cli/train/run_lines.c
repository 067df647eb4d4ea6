#include "train/run_lines.h"

#include <math.h>
#include <stdio.h>

#include "common/number_text.h"
#include "common/timing.h"
#include "train/run.h"

double recur_run_share(const struct run *run, size_t minibatch)
{
    const recur_step *step = &run->step;
    return ((double)(step->epoch - 1) + (double)minibatch / (double)step->minibatches) /
           (double)run->config.epochs;
}

double recur_run_seconds_left(const struct run *run, double share)
{
    return (recur_seconds() - run->started) * (1 - share) / (share - run->screen.behind);
}

/* Prints how much time is left once this share of the run is done; prints nothing at its end. */
static void print_left(const struct run *run, double share)
{
    if (share < 1 && share > run->screen.behind)
        fprintf(stderr, "  %s left", recur_duration(recur_run_seconds_left(run, share)).text);
}

void recur_run_print_step(struct run *run)
{
    const recur_step *step = &run->step;
    recur_screen_clear(&run->screen);
    fprintf(stderr, "epoch %llu/%zu  minibatch %zu/%zu  ", (unsigned long long)step->epoch,
            run->config.epochs, step->minibatch, step->minibatches);
    if (run->options.labels)
        fprintf(stderr, "loss %.4f", step->epoch_loss);
    else
        fprintf(stderr, "perplexity %s", recur_perplexity(step->epoch_loss).text);
    fprintf(stderr, "  %.0f tokens/s", (double)(step->minibatch * run->tokens) / step->seconds);
    print_left(run, recur_run_share(run, step->minibatch));
    fputc('\n', stderr);
    run->screen.printed = recur_seconds();
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

void recur_run_print_epoch(struct run *run)
{
    const recur_epoch *epoch = &run->epoch, *best = recur_run_best_epoch(run);
    if (run->screen.epoch == epoch->epoch)
        return;
    recur_screen_clear(&run->screen);
    fprintf(stderr, "epoch %*llu/%zu", snprintf(NULL, 0, "%zu", run->config.epochs),
            (unsigned long long)epoch->epoch, run->config.epochs);
    if (run->options.labels)
        print_scores(epoch, best);
    else
        print_perplexities(epoch, best);
    print_left(run, (double)epoch->epoch / (double)run->config.epochs);
    fputc('\n', stderr);
    run->screen.printed = recur_seconds();
    run->screen.epoch = epoch->epoch;
}
