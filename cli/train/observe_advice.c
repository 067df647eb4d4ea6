/* Advises on the next run in a sentence: to train longer, or with dropout or weight drop. Says
 * nothing where the losses do not justify it. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "common/need.h"
#include "common/quote.h"
#include "common/timing.h"
#include "recur/machine.h"
#include "train/observer.h"
#include "train/run.h"
#include "train/trend.h"

/* The loss by which the kept epoch is chosen. */
static double judged(const struct run *run, const recur_epoch *epoch)
{
    return recur_trainer_valid_tokens(run->trainer) ? epoch->valid_loss : epoch->loss;
}

/* Finds the trend of the run's epochs; a run of one or two epochs is judged by what happened within
 * the last one. `*lowest` becomes the epoch with the lowest loss. */
static enum trend find_trend(const struct run *run, const struct course *course,
                             const recur_epoch **lowest)
{
    size_t count, at = 0;
    const recur_epoch *history = recur_model_history(run->model, &count);
    double *losses = recur_need(run->command, count, sizeof *losses, "what to try next");
    enum trend trend = TREND_NONE;
    for (size_t i = 0; i < count; i++) {
        losses[i] = judged(run, &history[i]);
        at = losses[i] < losses[at] ? i : at;
    }
    if (count > 2)
        trend = recur_trend(losses, count, at);
    else if (count > 0 && at == count - 1)
        trend = recur_course_trend(course);
    free(losses);
    *lowest = count ? &history[at] : NULL;
    return trend;
}

/* The name of the loss that is judged. */
static const char *judged_name(const struct run *run)
{
    return !recur_trainer_valid_tokens(run->trainer) ? "the training loss"
           : run->options.labels                     ? "the validation loss"
                                                     : "validation";
}

/* Advises against overfitting with something that the run did not have, and that what computes it
 * can do. */
static void advise_dropout(const struct run *run, const recur_epoch *lowest)
{
    const recur_model_config *config = recur_model_get_config(run->model);
    double dropout = (double)config->dropout;
    fprintf(stderr, "%s has risen since epoch %" PRIu64 "; try ", judged_name(run), lowest->epoch);
    bool drops =
        config->weight_drop > 0 || recur_model_device(run->model).device == RECUR_DEVICE_CUDA;
    if (dropout >= 0.25 && !drops) /* more is gained by it than by more dropout */
        fputs("--weight-drop 0.2\n", stderr);
    else if (dropout < 0.45)
        fprintf(stderr, "--dropout %g\n", dropout > 0 ? round(10 * dropout + 2) / 10 : 0.3);
    else
        fprintf(stderr, "%smore text\n", run->choices ? "" : "a smaller --hidden, or ");
}

/* Prints the command for twice as many epochs. A run whose schedule was planned for its number
 * of epochs starts anew. */
static void advise_epochs(const struct run *run)
{
    const uint64_t most = 1000000000;
    bool parts = run->config.updates > 0;
    uint64_t length = 2 * (uint64_t)(parts ? run->config.updates : run->config.epochs);
    size_t count; /* runs of one or two epochs were judged by minibatches */
    recur_model_history(run->model, &count);
    fprintf(stderr, "%s is still falling at the last epoch; train longer: ",
            count > 2 ? judged_name(run) : "the training loss");
    if (run->choices) { /* with a length given by hand, recur would leave more than that to hand */
        double seconds = run->options.time > 0 ? run->options.time : recur_seconds() - run->started;
        fprintf(stderr, "--time %.0fs\n", ceil(2 * seconds));
        return;
    }
    if (run->checkpoint.path && !run->checkpoint.failed && !parts &&
        !recur_schedule_planned(run->config.schedule)) {
        recur_run_print_resume(run);
        fputc(' ', stderr);
    }
    fprintf(stderr, "--%s %" PRIu64 "\n", parts ? "updates" : "epochs",
            length < most ? length : most);
}

static int step(struct run *run, void *state)
{
    const recur_step *step = &run->step;
    recur_course_add(state, step->minibatch - 1, step->minibatches, step->loss);
    return 0;
}

static int end(struct run *run, void *state)
{
    const recur_epoch *lowest;
    enum trend trend = find_trend(run, state, &lowest);
    if (trend == TREND_RISEN && recur_trainer_valid_tokens(run->trainer))
        advise_dropout(run, lowest);
    else if (trend == TREND_FALLING && recur_trainer_over(run->trainer) &&
             !(lowest->valid_accuracy >= 1)) /* otherwise there is nothing left to learn */
        advise_epochs(run);
    return 0;
}

const struct observer recur_observe_advice = {
    .size = sizeof(struct course), /* the last epoch's */
    .loud = true,
    .at = {[MOMENT_STEP] = step, [MOMENT_END] = end},
};
