/* What of a run was shown on stderr in permanent lines (run_lines.h). */
#ifndef RECUR_CLI_TRAIN_SCREEN_H
#define RECUR_CLI_TRAIN_SCREEN_H

#include <stdint.h>

struct screen {
    double printed; /* when the last permanent line was printed, in recur_seconds() */
    double behind;  /* the share of the run that was done before this start */
    uint64_t epoch; /* the last epoch with a line */
};

#endif
