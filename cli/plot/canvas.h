/* Curves in a terminal on a logarithmic scale, drawn with Unicode's braille dots. */
#ifndef RECUR_CLI_PLOT_CANVAS_H
#define RECUR_CLI_PLOT_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A braille character has 2 x 4 dots. Labels left of the rows are CANVAS_LABEL columns wide. */
enum {
    CANVAS_ROWS = 8,
    CANVAS_COLUMNS = 72,
    CANVAS_DOTS = 2 * CANVAS_COLUMNS,
    CANVAS_CURVES = 3,
    CANVAS_LABEL = 9
};

struct canvas {
    double low, high; /* logarithms of the values at the bottom and at the top */
    size_t columns;
    unsigned char dots[CANVAS_ROWS][CANVAS_COLUMNS];   /* bit n: dot n of the braille pattern */
    unsigned char curves[CANVAS_ROWS][CANVAS_COLUMNS]; /* bit n: curve n passes */
    const char *mark; /* what a tick on the axis stands for; NULL: there is none */
    size_t mark_column;
};

/* An empty canvas for values from exp(low) to exp(high) that is at most `width` columns wide with
 * its labels. False where that is too narrow for a picture. */
bool recur_canvas_open(struct canvas *canvas, size_t width, double low, double high);

/* How many dots stand side by side. */
size_t recur_canvas_dots(const struct canvas *canvas);

/* Draws a curve, at most CANVAS_CURVES of them, the later ones with gaps: `values` has a logarithm
 * for each of the dots side by side, NAN where the curve has none. Neighbours are joined. */
void recur_canvas_draw(struct canvas *canvas, size_t curve, const double *values);

/* Puts a tick on the axis, below so many of the dots side by side, and `text` under it, which must
 * outlive the canvas. */
void recur_canvas_mark(struct canvas *canvas, size_t dot, const char *text);

/* Prints `name` in the colour of a curve. */
void recur_canvas_name(FILE *stream, size_t curve, const char *name, bool color);

/* Prints the rows with the values at the top, halfway and at the bottom (`digits` behind the
 * point, or as 1.63e+39 what would be too wide), and the axis with what stands below its ends. */
void recur_canvas_print(FILE *stream, const struct canvas *canvas, int digits, const char *left,
                        const char *right, bool color);

#endif
