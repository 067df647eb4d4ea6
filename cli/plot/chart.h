/* Draws curves as a picture: scales, ticks, names at the ends of curves, marks. */
#ifndef RECUR_CLI_PLOT_CHART_H
#define RECUR_CLI_PLOT_CHART_H

#include "plot/pen.h"

enum { CHART_COLORS = 8, CHART_SERIES = 32, CHART_MARKS = 16 };

struct chart_series {
    const char *name;     /* at its end; NULL: none */
    struct point *points; /* with rising x; a y that is not finite makes a gap */
    size_t count;
    size_t color; /* of the palette, which repeats after CHART_COLORS */
    bool dashed;  /* and thin: it is not what decides */
};

/* A point of a curve to be marked, and its text. */
struct chart_mark {
    size_t series;
    struct point at;
    const char *text; /* NULL: a ring alone */
};

/* All texts are UTF-8 without control characters. */
struct chart {
    const char *x_name, *y_name;
    struct chart_series series[CHART_SERIES];
    size_t series_count;
    struct chart_mark marks[CHART_MARKS];
    size_t mark_count;
    /* Use a logarithmic scale if all values are positive and the largest is more than three times
     * the smallest. */
    bool logarithmic;
    bool
        from_zero; /* x begins at 0, and its ticks may be fractions; otherwise x is whole numbers */
};

/* A part of a sheet. */
struct area {
    double x, y, width, height;
};

/* Draws the chart there. Replaces the series' points by their places on the sheet. */
void recur_chart_draw(struct chart *chart, struct pen *pen, struct area area);

/* The colour of a series, for legends: 0xRRGGBB. */
unsigned recur_chart_color(size_t color);

/* Draws a line of text, and cuts it where it is wider than `width`. */
void recur_chart_text(struct pen *pen, struct point at, double width, struct lettering lettering,
                      const char *text);

/* The colours of letters, and their usual size. */
enum { CHART_INK = 0x222222, CHART_PALE_INK = 0x666666, CHART_SMALL = 12, CHART_LARGE = 16 };

#endif
