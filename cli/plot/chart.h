/* Curves in a picture: scales, ticks, names at the curves' ends, marks. */
#ifndef RECUR_CLI_PLOT_CHART_H
#define RECUR_CLI_PLOT_CHART_H

#include "plot/pen.h"

enum { CHART_SERIES = 8, CHART_MARKS = 8 };

struct chart_series {
    const char *name;
    struct point *points; /* in rising x; a y that is not finite is a gap */
    size_t count;
};

/* A point of a curve that is picked out, and what it stands for. */
struct chart_mark {
    size_t series;
    struct point at;
    const char *text;
};

/* Texts are UTF-8 without control characters. */
struct chart {
    const char *title, *subtitle, *x_name, *y_name;
    struct chart_series series[CHART_SERIES];
    size_t series_count;
    struct chart_mark marks[CHART_MARKS];
    size_t mark_count;
    bool logarithmic; /* the scale of values that are positive and more than three times as large as
                         the smallest */
};

/* Draws it into a sheet of that size, and leaves places on the sheet where the series' points were.
 */
void recur_chart_draw(struct chart *chart, struct pen *pen, struct point sheet);

#endif
