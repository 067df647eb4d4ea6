/* How far a run is: a line that stays for each epoch, and between them a live line on a terminal, a
 * plain one in a pipe where an epoch takes long. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>

#include "recur/trainer.h"

struct progress {
    bool quiet, terminal;
    bool live;             /* the live line stands on the screen */
    bool sparse;           /* no line for each epoch: as in the book */
    size_t epochs, tokens; /* of the run; of a minibatch */
    double started;        /* seconds on a clock that never goes back */
    double drawn, printed; /* when the live line was drawn, and a line that stays printed */
    bool begun;            /* a minibatch was trained */
    double behind;         /* share of the run that was done before that */
    double valid_loss;     /* of the last finished epoch; NaN: none */
    bool labels;           /* losses are of labels: no perplexity, but the accuracy */
    double accuracy;       /* of the last finished epoch, held out; NaN: none */
};

void recur_progress_start(struct progress *progress, bool quiet, size_t epochs, size_t tokens);

/* After each minibatch. */
void recur_progress_step(struct progress *progress, const recur_step *step);
/* After each epoch: prints its line if there is to be one, as it must where `print` says so. `best`
 * is the best epoch so far, NULL where none is kept. */
void recur_progress_epoch(struct progress *progress, const recur_epoch *epoch,
                          const recur_epoch *best, bool print);

/* A line that stays on an epoch that is under way. */
void recur_progress_print_step(struct progress *progress, const recur_step *step);

/* Makes room for other output: takes the live line away. */
void recur_progress_clear(struct progress *progress);

#endif
