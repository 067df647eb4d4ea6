/* The lines that a run shows on stderr during training: a live line, which is removed before other
 * output, and permanent lines (run_lines.h). */
#ifndef RECUR_CLI_TRAIN_SCREEN_H
#define RECUR_CLI_TRAIN_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

struct screen {
    bool live;      /* a live line is shown */
    double printed; /* when the last permanent line was printed, in recur_seconds() */
    double behind;  /* the share of the run that was done before this start */
    uint64_t epoch; /* the last epoch with a line */
};

/* Removes the live line to make room for other output. */
void recur_screen_clear(struct screen *screen);

#endif
