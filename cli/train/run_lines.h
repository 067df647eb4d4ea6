/* How far a run is: the lines on a minibatch and on an epoch that stay on stderr. */
#ifndef RECUR_CLI_TRAIN_RUN_LINES_H
#define RECUR_CLI_TRAIN_RUN_LINES_H

#include <stddef.h>

struct run;

/* How much of the run is done after so many minibatches of an epoch that is under way. */
double recur_run_share(const struct run *run, size_t minibatch);

/* How much time is left once that share of the run is done. */
double recur_run_seconds_left(const struct run *run, double share);

/* Print the line on the last minibatch, and the one on the last epoch unless it stands there. */
void recur_run_print_step(struct run *run);
void recur_run_print_epoch(struct run *run);

#endif
