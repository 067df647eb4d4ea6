/* What a run shows on stderr while it trains: a live line, which goes before anything else is
 * shown, and lines that stay, on a minibatch or an epoch. */
#ifndef RECUR_CLI_TRAIN_SCREEN_H
#define RECUR_CLI_TRAIN_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "recur/trainer.h"

struct run;

struct screen {
    bool live;      /* a live line stands there */
    double printed; /* when a line that stays was printed, in recur_seconds() */
    double behind;  /* share of the run that was done before this start of it */
    uint64_t epoch; /* the last one that a line is on */
};

/* Makes room for other output: takes the live line away. */
void recur_screen_clear(struct screen *screen);

/* How much of the run is done after so many minibatches of an epoch that is under way. */
double recur_run_share(const struct run *run, size_t minibatch);

/* How much time is left once that share of the run is done. */
double recur_run_seconds_left(const struct run *run, double share);

/* Print the line on the last minibatch, and the one on the last epoch unless it stands there. */
void recur_screen_print_step(struct run *run);
void recur_screen_print_epoch(struct run *run);

#endif
