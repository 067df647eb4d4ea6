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

/* A run that fitted its time has learnt next to nothing in fewer minibatches than FEW; MANY show
 * what a network can learn. */
#define FEW 200
#define MANY 1000

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

/* Can the run go on from its checkpoint for a time? */
static bool goes_on(const struct run *run)
{
    return run->checkpoint.path && !run->checkpoint.failed &&
           recur_train_schedule_fits(run->config.schedule);
}

/* Seconds that the run took, in all its starts. */
static double seconds_spent(const struct run *run)
{
    size_t count;
    const recur_epoch *history = recur_model_history(run->model, &count);
    double now = recur_seconds() - run->started, sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += history[i].seconds;
    return fmax(sum, fmax(now, run->options.time));
}

/* Prints what precedes --time where the run can go on from its checkpoint. */
static void print_resume(const struct run *run)
{
    if (!goes_on(run))
        return;
    recur_run_print_resume(run);
    fputc(' ', stderr);
}

/* A time of at least so many seconds that is easy to say. */
static const char *easy_time(double seconds)
{
    static const struct {
        double seconds;
        const char *text;
    } times[] = {{10, "10s"},  {20, "20s"},   {30, "30s"},    {60, "1m"},    {120, "2m"},
                 {300, "5m"},  {600, "10m"},  {1200, "20m"},  {1800, "30m"}, {3600, "1h"},
                 {7200, "2h"}, {18000, "5h"}, {36000, "10h"}, {86400, "24h"}};
    enum { TIMES = sizeof times / sizeof *times };
    for (size_t i = 0; i < TIMES; i++)
        if (times[i].seconds >= seconds)
            return times[i].text;
    return "720h"; /* the most */
}

/* Advises on a time for MANY minibatches, or as many as the text is worth. */
static void advise_more_time(const struct run *run)
{
    double had = (double)recur_trainer_updates(run->trainer), spent = seconds_spent(run);
    double left = fmax(0, fmin(MANY, recur_fit_most(run)) - had) * run->fit.step.seconds;
    fprintf(stderr, "the time was enough for %.0f minibatch%s: give it more time, ", had,
            had > 1 ? "es" : "");
    print_resume(run);
    fprintf(stderr, "--time %s\n",
            easy_time(goes_on(run) ? fmax(spent, run->fit.text + left)
                                   : fmax(2 * spent, spent + left)));
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
        print_resume(run);
        fprintf(stderr, "--time %.0fs\n", ceil((goes_on(run) ? 1 : 2) * seconds_spent(run)));
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

/* Says where --average had no effect. */
static void advise_average(const struct run *run)
{
    enum recur_average average = run->config.average;
    if (average == RECUR_AVERAGE_NONE || recur_trainer_averaged(run->trainer) > 0)
        return;
    fprintf(stderr, "no mean of the parameters was made: %s\n",
            average == RECUR_AVERAGE_ASGD
                ? "--average asgd waits until the validation loss stops falling"
                : "the run ended before --average-start");
}

static int end(struct run *run, void *state)
{
    const recur_epoch *lowest;
    advise_average(run);
    enum trend trend = find_trend(run, state, &lowest);
    bool fitted = run->fit.end > 0 && recur_trainer_over(run->trainer);
    double updates = (double)recur_trainer_updates(run->trainer), most = recur_fit_most(run);
    if (fitted && updates < FEW && updates < most) {
        advise_more_time(run);
        return 0;
    }
    if (fitted && updates >= most && !run->fit.bounded && trend != TREND_FALLING)
        fprintf(stderr, "ended after %.0f epochs: more would only over-fit so short a text\n",
                run->fit.most);
    if (trend == TREND_RISEN && recur_trainer_valid_tokens(run->trainer))
        advise_dropout(run, lowest);
    else if (trend == TREND_FALLING && recur_trainer_over(run->trainer) &&
             (updates < most || goes_on(run)) && /* more time alone would not make it longer */
             !(lowest->valid_accuracy >= 1))     /* otherwise there is nothing left to learn */
        advise_epochs(run);
    return 0;
}

const struct observer recur_observe_advice = {
    .size = sizeof(struct course), /* the last epoch's */
    .loud = true,
    .at = {[MOMENT_STEP] = step, [MOMENT_END] = end},
};
