/* What a run shows on stderr while it trains: a live line, which is removed before anything else is
 * shown, and lines that stay (run_lines.h). */
#ifndef RECUR_CLI_TRAIN_SCREEN_H
#define RECUR_CLI_TRAIN_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

struct screen {
    bool live;      /* a live line stands there */
    double printed; /* when a line that stays was printed, in recur_seconds() */
    double behind;  /* share of the run that was done before this start of it */
    uint64_t epoch; /* the last one that a line is on */
};

/* Makes room for other output: takes the live line away. */
void recur_screen_clear(struct screen *screen);

#endif
