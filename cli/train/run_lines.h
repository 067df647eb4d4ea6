/* The permanent lines on stderr that show how far a run is: about a minibatch, and about an
 * epoch. */
#ifndef RECUR_CLI_TRAIN_RUN_LINES_H
#define RECUR_CLI_TRAIN_RUN_LINES_H

#include <stddef.h>

struct run;

/* How many epochs the run has, a part of the last one included. */
double recur_run_epochs(const struct run *run);

/* The share of the run that is done after so many minibatches of the current epoch. */
double recur_run_share(const struct run *run, size_t minibatch);

/* The seconds that are left once this share of the run is done. */
double recur_run_seconds_left(const struct run *run, double share);

/* Print the line about the last minibatch, and the line about the last epoch unless it was
 * printed. */
void recur_run_print_step(struct run *run);
void recur_run_print_epoch(struct run *run);

#endif
