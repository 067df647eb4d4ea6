/* How far a run is: a live line on a terminal, now and then a plain line in a pipe. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>

#include "recur/trainer.h"

struct progress {
    bool quiet, terminal;
    bool live;             /* the live line stands on the screen */
    size_t epochs, tokens; /* of the run; of a minibatch */
    double started, shown; /* seconds on a clock that never goes back */
    bool begun;            /* a minibatch was trained */
    double behind;         /* share of the run that was done before that */
    double valid_loss;     /* of the last finished epoch; NaN: none */
    bool labels;           /* losses are of labels: no perplexity, but the accuracy */
    double accuracy;       /* of the last finished epoch, held out; NaN: none */
};

void recur_progress_start(struct progress *progress, bool quiet, size_t epochs, size_t tokens);

/* After each minibatch. */
void recur_progress_step(struct progress *progress, const recur_step *step);
/* After each epoch. */
void recur_progress_epoch(struct progress *progress, const recur_epoch *epoch);

/* Makes room for other output: takes the live line away. */
void recur_progress_clear(struct progress *progress);

/* A clock for measuring, in seconds. */
double recur_seconds(void);

/* Columns of the terminal that stderr is, 80 where that is unknown. */
size_t recur_terminal_width(void);

#endif
