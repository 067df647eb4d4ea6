/* Draws curves in a terminal on a logarithmic scale, with Unicode's braille dots, or with ASCII. */
#ifndef RECUR_CLI_PLOT_CANVAS_H
#define RECUR_CLI_PLOT_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/terminal.h"

/* A braille character has 2 x 4 dots. The labels to the left of the rows are CANVAS_LABEL columns
 * wide. */
enum {
    CANVAS_ROWS = 8,
    CANVAS_COLUMNS = 72,
    CANVAS_DOTS = 2 * CANVAS_COLUMNS,
    CANVAS_CURVES = 3,
    CANVAS_LABEL = 9
};

struct canvas {
    double low, high; /* logarithms of the bottom's and the top's values */
    size_t columns;
    unsigned char dots[CANVAS_ROWS][CANVAS_COLUMNS];   /* bit n: dot n of the braille pattern */
    unsigned char curves[CANVAS_ROWS][CANVAS_COLUMNS]; /* bit n: curve n passes here */
    const char *mark; /* text of the tick on the axis; NULL: no tick */
    size_t mark_column;
};

/* Makes an empty canvas for values from exp(low) to exp(high), at most `width` columns wide, labels
 * included. False where this is too narrow for a picture. */
bool recur_canvas_open(struct canvas *canvas, size_t width, double low, double high);

/* How many dots a row has. */
size_t recur_canvas_dots(const struct canvas *canvas);

/* Draws a curve; there are at most CANVAS_CURVES, and the later ones have gaps. `values` has a
 * logarithm for each of a row's dots, NAN where the curve has no value. Neighbours are joined. */
void recur_canvas_draw(struct canvas *canvas, size_t curve, const double *values);

/* Puts a tick on the axis below a row's dot number `dot`, and `text` under it. The text must
 * outlive the canvas. */
void recur_canvas_mark(struct canvas *canvas, size_t dot, const char *text);

/* Prints `name` in the colour of a curve, and what the curve looks like. */
void recur_canvas_name(FILE *stream, size_t curve, const char *name, struct look look);

/* Prints the rows, with the values at the top, in the middle and at the bottom, then the axis with
 * the texts under its ends. Values have `digits` after the point; one that would be too wide is
 * printed as 1.63e+39. */
void recur_canvas_print(FILE *stream, const struct canvas *canvas, int digits, const char *left,
                        const char *right, struct look look);

#endif
