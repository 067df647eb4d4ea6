/* What a run's live lines say (common/live.h): its curve, and below that a line about the last
 * minibatch. */
#ifndef RECUR_CLI_TRAIN_LIVE_LINES_H
#define RECUR_CLI_TRAIN_LIVE_LINES_H

#include <stddef.h>
#include <stdio.h>

#include "common/terminal.h"
#include "train/trace.h"

struct run;

/* live_line.c: the line, of less than `width` columns. */
void recur_run_live_line(const struct run *run, size_t width, char *line, size_t size);

/* live_curve.c: prints the run's curve, of the epochs so far and, where it shows perplexities or
 * losses of training, of the minibatches in `trace` (NULL: none). Prints nothing, and returns
 * false, where there is nothing to draw yet or the window is too narrow. */
bool recur_run_print_curve(FILE *stream, const struct run *run, const struct trace *trace,
                           size_t width, struct look look);

#endif
