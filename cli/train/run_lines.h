/* The permanent lines on stderr that show how far a run is: about a minibatch, and about an
 * epoch. */
#ifndef RECUR_CLI_TRAIN_RUN_LINES_H
#define RECUR_CLI_TRAIN_RUN_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live_part;
struct run;

/* How many epochs the run has, a part of the last one included. */
double recur_run_epochs(const struct run *run);

/* The share of the run that is done after so many minibatches of the current epoch. */
double recur_run_share(const struct run *run, size_t minibatch);

/* The seconds that are left once this share of the run is done; never more than --time leaves. */
double recur_run_seconds_left(const struct run *run, double share);

/* Says in which epoch the run is and of how many, the numbers one below the other if `aligned`. How
 * many is left out where the run fits a time: that is an estimate, and moves until the end. */
void recur_run_describe_epoch(const struct run *run, uint64_t epoch, bool aligned,
                              struct live_part *part);

/* Print the line about the last minibatch, and the line about the last epoch unless it was
 * printed. */
void recur_run_print_step(struct run *run);
void recur_run_print_epoch(struct run *run);

#endif
