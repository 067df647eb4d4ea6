/* Draws the training curve in the terminal. */
#include <stdio.h>

#include "common/terminal.h"
#include "plot/curve.h"
#include "train/observer.h"
#include "train/run.h"

static int end(struct run *run, void *state)
{
    (void)state;
    size_t count;
    const recur_epoch *history = recur_model_history(run->model, &count);
    const struct measure measure = recur_measure(history, count, run->options.labels);
    recur_curve_print(stderr, &measure, history, count, recur_run_kept_epoch(run),
                      recur_terminal_width(), recur_terminal_colors(stderr));
    return 0;
}

const struct observer recur_observe_curve = {
    .loud = true,
    .at = {[MOMENT_END] = end},
};
