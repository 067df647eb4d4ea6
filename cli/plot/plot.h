/* Draws the curves of a run as a picture, SVG or PNG. */
#ifndef RECUR_CLI_PLOT_PLOT_H
#define RECUR_CLI_PLOT_PLOT_H

#include "common/command.h"
#include "common/measure.h"

/* Can this build draw a picture into a file of that name? Prints the reason where it cannot. */
bool recur_plot_check(const struct command *command, const char *path);

struct plot {
    const char *title, *subtitle; /* UTF-8 without control characters */
    struct measure measure;
    const recur_epoch *epochs;
    size_t count;
    uint64_t kept; /* the epoch to mark; 0: none */
};

/* Draws the measure over the epochs. Prints the reason where this fails. */
bool recur_plot_write(const struct command *command, const char *path, const struct plot *plot);

#endif
