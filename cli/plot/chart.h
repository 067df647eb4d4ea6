/* Draws curves as a picture: scales, ticks, names at the ends of curves, marks. */
#ifndef RECUR_CLI_PLOT_CHART_H
#define RECUR_CLI_PLOT_CHART_H

#include "plot/pen.h"

enum { CHART_SERIES = 8, CHART_MARKS = 8 };

struct chart_series {
    const char *name;
    struct point *points; /* with rising x; a y that is not finite makes a gap */
    size_t count;
};

/* A point of a curve to be marked, and its text. */
struct chart_mark {
    size_t series;
    struct point at;
    const char *text;
};

/* All texts are UTF-8 without control characters. */
struct chart {
    const char *title, *subtitle, *x_name, *y_name;
    struct chart_series series[CHART_SERIES];
    size_t series_count;
    struct chart_mark marks[CHART_MARKS];
    size_t mark_count;
    /* Use a logarithmic scale if all values are positive and the largest is more than three times
     * the smallest. */
    bool logarithmic;
};

/* Draws the chart on a sheet of that size. Replaces the series' points by their places on the
 * sheet. */
void recur_chart_draw(struct chart *chart, struct pen *pen, struct point sheet);

#endif
