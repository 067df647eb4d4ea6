/* Draws the training curve in a terminal (canvas.h). */
#ifndef RECUR_CLI_PLOT_CURVE_H
#define RECUR_CLI_PLOT_CURVE_H

#include <stdint.h>
#include <stdio.h>

#include "common/measure.h"
#include "common/terminal.h"
#include "plot/pen.h"

/* A line of a curve: its points with rising x, in epochs. A y that is not finite or not positive is
 * left out. */
struct curve_line {
    const char *name;
    const struct point *points;
    size_t count;
};

struct curve {
    const char *name; /* of the values */
    struct curve_line line[MEASURE_CURVES];
    size_t lines;
    uint64_t kept; /* the epoch to mark; 0: none */
};

/* Draws the lines on a logarithmic scale, less than `width` columns wide. The curve goes from the
 * first point to the last. Draws nothing, and returns false, where there are fewer than two points
 * or the window is too narrow. */
bool recur_curve_print(FILE *stream, const struct curve *curve, size_t width, struct look look);

#endif
