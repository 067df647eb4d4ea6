/* --plot: draws the curves as a picture. */
#include <stdio.h>
#include <string.h>

#include "common/message.h"
#include "common/output.h"
#include "plot/plot.h"
#include "train/observer.h"
#include "train/run.h"

/* The line about the model in a picture. */
enum { SUBTITLE = 500 };

static int check(struct run *run, void *state)
{
    (void)state;
    const char *path = run->options.out.plot;
    return !path || recur_plot_check(run->command, "plot", path) ? 0 : STATUS_USAGE;
}

static int end(struct run *run, void *state)
{
    (void)state;
    size_t count;
    const recur_epoch *history = recur_model_history(run->model, &count);
    char line[SUBTITLE] = "";
    if (!run->options.out.plot)
        return 0;
    FILE *stream = fmemopen(line, sizeof line - 1, "w"); /* cut where it is longer */
    if (!stream)
        return recur_failure(run->command, "out of memory for the picture");
    setvbuf(stream, NULL, _IONBF, 0);
    recur_print_model(stream, run->model, RECUR_FORMAT_RECUR);
    fclose(stream);
    line[strcspn(line, "\n")] = '\0';
    const struct plot plotted = {.title = run->name.text,
                                 .subtitle = line,
                                 .runs = {{.epochs = history,
                                           .count = count,
                                           .kept = recur_run_kept_epoch(run),
                                           .labels = run->options.labels}},
                                 .count = 1};
    return recur_plot_write(run->command, run->options.out.plot, &plotted) ? 0 : STATUS_FAILURE;
}

const struct observer recur_observe_plot = {
    .at = {[MOMENT_CHECK] = check, [MOMENT_END] = end},
};
