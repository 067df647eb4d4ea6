/* Draws the training curve in a terminal, with Unicode's braille dots. */
#ifndef RECUR_CLI_PLOT_CURVE_H
#define RECUR_CLI_PLOT_CURVE_H

#include <stdio.h>

#include "common/measure.h"

/* Draws the measure on a logarithmic scale over the epochs, at most `width` columns wide. Marks the
 * epoch `kept` unless it is 0. Draws nothing where there are fewer than two epochs. */
void recur_curve_print(FILE *stream, const struct measure *measure, const recur_epoch *epochs,
                       size_t count, uint64_t kept, size_t width, bool color);

#endif
