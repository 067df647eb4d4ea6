/* The training curve in a terminal, drawn with Unicode's braille dots. */
#ifndef CURVE_H
#define CURVE_H

#include <stdio.h>

#include "recur/model.h"

/* Draws training and validation perplexity (on a logarithmic scale) over the epochs, at most
 * `width` columns wide; nothing where there are fewer than two. */
void recur_curve_print(FILE *stream, const recur_epoch *epochs, size_t count, size_t width,
                       bool color);

#endif
