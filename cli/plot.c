#include "plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chart.h"
#include "message.h"
#include "need.h"
#include "output.h"

static const struct point sheet = {720, 420};

static bool ends_in(const char *path, const char *suffix)
{
    size_t length = strlen(path), tail = strlen(suffix);
    return length > tail && strcmp(path + length - tail, suffix) == 0;
}

bool recur_plot_check(const struct command *command, const char *path)
{
    if (!ends_in(path, ".svg") && !ends_in(path, ".png"))
        recur_usage_error(command, "--plot must end in .svg or .png, got \"%s\"", path);
    else if (!ends_in(path, ".svg") && !recur_pen_has_png())
        recur_usage_error(command, "--plot: this build has no cairo, so it draws .svg alone");
    else
        return true;
    return false;
}

static bool write_chart(const struct command *command, const char *path, struct chart *chart)
{
    char why[300] = "out of memory";
    struct picture picture = {0};
    struct pen *pen = ends_in(path, ".svg") ? recur_pen_svg(sheet, chart->title, why, sizeof why)
                                            : recur_pen_png(sheet, chart->title, why, sizeof why);
    if (pen)
        recur_chart_draw(chart, pen, sheet);
    bool drawn = pen && pen->kind->finish(pen, &picture);
    if (pen)
        pen->kind->free(pen);
    if (!drawn)
        recur_failure(command, "%s could not be drawn: %s", recur_path(path).text, why);
    bool written = drawn && recur_write_file(command, path, picture.bytes, picture.size);
    free(picture.bytes);
    return written;
}

/* Points with room for all curves. */
static void add_series(const struct plot *plot, struct chart *chart, struct point *points)
{
    const struct measure *measure = &plot->measure;
    for (size_t c = 0; c < measure->curves; c++, points += plot->count) {
        for (size_t i = 0; i < plot->count; i++)
            points[i] =
                (struct point){(double)plot->epochs[i].epoch, measure->value[c](&plot->epochs[i])};
        chart->series[chart->series_count++] =
            (struct chart_series){measure->curve[c], points, plot->count};
    }
}

static void add_mark(const struct plot *plot, struct chart *chart, char *text, size_t size)
{
    const struct measure *measure = &plot->measure;
    for (size_t i = 0; i < plot->count; i++) {
        double value = measure->value[measure->judged](&plot->epochs[i]);
        if (plot->epochs[i].epoch != plot->kept || !isfinite(value))
            continue;
        snprintf(text, size, "kept: epoch %llu, %.4g", (unsigned long long)plot->kept, value);
        chart->marks[chart->mark_count++] =
            (struct chart_mark){measure->judged, {(double)plot->kept, value}, text};
        return;
    }
}

bool recur_plot_write(const struct command *command, const char *path, const struct plot *plot)
{
    char text[80];
    struct point *points =
        recur_need(command, plot->count * plot->measure.curves, sizeof *points, "the picture");
    struct chart chart = {.title = plot->title,
                          .subtitle = plot->subtitle,
                          .x_name = "epoch",
                          .y_name = plot->measure.name,
                          .logarithmic = plot->measure.logarithmic};
    add_series(plot, &chart, points);
    add_mark(plot, &chart, text, sizeof text);
    bool written = write_chart(command, path, &chart);
    free(points);
    return written;
}
