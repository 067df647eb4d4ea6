/* Draws the training curve in the terminal, after the end. */
#include <stdio.h>

#include "common/terminal.h"
#include "train/live_lines.h"
#include "train/observer.h"
#include "train/run.h"

static int end(struct run *run, void *state)
{
    size_t count;
    (void)state;
    recur_model_history(run->model, &count);
    if (count < 2)
        return 0;
    fputc('\n', stderr);
    recur_run_print_curve(stderr, run, NULL, recur_terminal_width(stderr),
                          recur_terminal_look(stderr));
    return 0;
}

const struct observer recur_observe_curve = {
    .loud = true,
    .at = {[MOMENT_END] = end},
};
