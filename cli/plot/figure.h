/* The picture of runs: charts side by side, a title, a legend. */
#ifndef RECUR_CLI_PLOT_FIGURE_H
#define RECUR_CLI_PLOT_FIGURE_H

#include "common/measure.h"
#include "plot/pen.h"

enum { PLOT_RUNS = 16 };

/* All texts are UTF-8 without control characters. */
struct plot_run {
    const char *name; /* for the legend, where there are several runs */
    const recur_epoch *epochs;
    size_t count;
    uint64_t kept; /* the epoch to mark; 0: none */
    bool labels;   /* it learns labels */
};

struct plot {
    const char *title, *subtitle;
    struct plot_run runs[PLOT_RUNS];
    size_t count;
};

/* How large the sheet is, and how many points recur_figure_draw needs room for. */
struct point recur_figure_sheet(const struct plot *plot);
size_t recur_figure_points(const struct plot *plot);

void recur_figure_draw(const struct plot *plot, struct pen *pen, struct point *room);

#endif
