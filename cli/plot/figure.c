#include "plot/figure.h"

#include <math.h>
#include <stdio.h>

#include "plot/chart.h"

/* Points: the sheet's width, the heights of its parts, and a margin. */
enum { WIDTH = 1080, HEAD = 54, LEGEND = 18, UPPER = 320, LOWER = 200, MARGIN = 16 };

/* What a chart goes over. */
enum axis { EPOCHS, TOKENS, SECONDS, AXES };

static const char *const axis_names[AXES] = {"epoch", "tokens", "seconds of training"};

static size_t legend_lines(const struct plot *plot)
{
    return plot->count > 1 ? plot->count : 0;
}

struct point recur_figure_sheet(const struct plot *plot)
{
    size_t lines = legend_lines(plot);
    return (struct point){WIDTH, (double)(HEAD + UPPER + LOWER) +
                                     (double)(LEGEND * lines + (lines ? 6 : 0))};
}

size_t recur_figure_points(const struct plot *plot)
{
    size_t count = 0;
    for (size_t r = 0; r < plot->count; r++)
        count += MEASURE_CURVES * plot->runs[r].count;
    return count;
}

/* What an epoch adds to the axis. */
static double length_of(const recur_epoch *epoch, enum axis axis)
{
    return axis == TOKENS ? epoch->tokens_per_second * epoch->seconds : epoch->seconds;
}

/* Does every epoch say how long it is? Those of a model that was saved do not. And is there a
 * number for all of them together? */
static bool has_axis(const struct plot *plot, enum axis axis)
{
    for (size_t r = 0; r < plot->count && axis != EPOCHS; r++) {
        double sum = 0;
        for (size_t i = 0; i < plot->runs[r].count; i++)
            sum += length_of(&plot->runs[r].epochs[i], axis);
        if (!isfinite(sum))
            return false;
    }
    return true;
}

static struct measure measure_of(const struct plot_run *run)
{
    return recur_measure(run->epochs, run->count, run->labels);
}

/* Fills in the points of a curve of a run; the kept epoch's is copied to `*kept`. */
static void fill_points(const struct plot_run *run, enum axis axis,
                        double (*value)(const recur_epoch *), struct point *points,
                        struct point *kept)
{
    double along = 0;
    *kept = (struct point){0, (double)NAN};
    for (size_t i = 0; i < run->count; i++) {
        const recur_epoch *epoch = &run->epochs[i];
        along = axis == EPOCHS ? (double)epoch->epoch : along + length_of(epoch, axis);
        points[i] = (struct point){along, value(epoch)};
        if (epoch->epoch == run->kept)
            *kept = points[i];
    }
}

/* Adds a curve to a chart; returns the room after its points. */
static struct point *add_curve(struct chart *chart, const struct plot_run *run, enum axis axis,
                               double (*value)(const recur_epoch *), struct chart_series series,
                               struct point *room, struct point *kept)
{
    series.points = room;
    series.count = run->count;
    fill_points(run, axis, value, room, kept);
    chart->series[chart->series_count++] = series;
    return room + run->count;
}

/* A single run has a colour for each curve and their names at the ends; of several each has a
 * colour, and the curve that does not decide is dashed. */
static struct chart_series look_of(const struct plot *plot, const struct measure *measure, size_t r,
                                   size_t curve, bool named)
{
    if (plot->count == 1)
        return (struct chart_series){.name = named ? measure->curve[curve] : NULL, .color = curve};
    return (struct chart_series){.color = r, .dashed = curve != measure->judged};
}

static void draw_measure(const struct plot *plot, struct pen *pen, enum axis axis, struct area area,
                         struct point *room)
{
    char text[80] = "";
    const struct measure first = measure_of(&plot->runs[0]);
    struct chart chart = {.x_name = axis_names[axis],
                          .y_name = first.name,
                          .logarithmic = first.logarithmic,
                          .from_zero = axis != EPOCHS};
    for (size_t r = 0; r < plot->count; r++) {
        const struct plot_run *run = &plot->runs[r];
        const struct measure measure = measure_of(run);
        for (size_t c = 0; c < measure.curves; c++) {
            struct point kept;
            const struct chart_series look = look_of(plot, &measure, r, c, axis == EPOCHS);
            room = add_curve(&chart, run, axis, measure.value[c], look, room, &kept);
            if (c != measure.judged || !isfinite(kept.y) || chart.mark_count == CHART_MARKS)
                continue;
            bool says = plot->count == 1 && axis == EPOCHS;
            if (says)
                snprintf(text, sizeof text, "kept: epoch %llu, %.4g", (unsigned long long)run->kept,
                         kept.y);
            chart.marks[chart.mark_count++] =
                (struct chart_mark){chart.series_count - 1, kept, says ? text : NULL};
        }
    }
    recur_chart_draw(&chart, pen, area);
}

static double rate_of(const recur_epoch *epoch)
{
    return epoch->lr;
}

static double norm_of(const recur_epoch *epoch)
{
    return epoch->gradient_norm;
}

/* Draws a number that epochs of all runs have, over the epochs. */
static void draw_number(const struct plot *plot, struct pen *pen, const char *name,
                        double (*value)(const recur_epoch *), bool logarithmic, struct area area,
                        struct point *room)
{
    struct chart chart = {.x_name = "epoch", .y_name = name, .logarithmic = logarithmic};
    struct point kept;
    for (size_t r = 0; r < plot->count; r++)
        room = add_curve(&chart, &plot->runs[r], EPOCHS, value, (struct chart_series){.color = r},
                         room, &kept);
    recur_chart_draw(&chart, pen, area);
}

static void draw_legend(const struct plot *plot, struct pen *pen)
{
    const struct lettering text = {CHART_SMALL, CHART_INK, ANCHOR_START, false};
    for (size_t r = 0; r < legend_lines(plot); r++) {
        double y = HEAD + 12 + (double)(LEGEND * r);
        pen->kind->line(pen, (struct point[]){{MARGIN, y - 4}, {MARGIN + 24, y - 4}}, 2,
                        recur_chart_color(r), 2.5, false);
        recur_chart_text(pen, (struct point){MARGIN + 34, y}, WIDTH - 2 * MARGIN - 34, text,
                         plot->runs[r].name);
    }
}

void recur_figure_draw(const struct plot *plot, struct pen *pen, struct point *room)
{
    const struct lettering title = {CHART_LARGE, CHART_INK, ANCHOR_START, true};
    const struct lettering subtitle = {CHART_SMALL, CHART_PALE_INK, ANCHOR_START, false};
    double top = recur_figure_sheet(plot).y - UPPER - LOWER, wide = WIDTH - 2 * MARGIN;
    recur_chart_text(pen, (struct point){MARGIN, 26}, wide, title, plot->title);
    recur_chart_text(pen, (struct point){MARGIN, 44}, wide, subtitle, plot->subtitle);
    draw_legend(plot, pen);
    bool axes[AXES];
    size_t charts = 0, at = 0;
    for (enum axis axis = EPOCHS; axis < AXES; axis++)
        charts += axes[axis] = has_axis(plot, axis);
    /* The first chart has the names of curves and is a little wider. */
    double first = charts > 1 ? WIDTH * 0.4 : WIDTH;
    double other = charts > 1 ? (WIDTH - first) / (double)(charts - 1) : 0;
    for (enum axis axis = EPOCHS; axis < AXES; axis++) {
        if (!axes[axis])
            continue;
        struct area area = {at ? first + other * (double)(at - 1) : 0, top, at ? other : first,
                            UPPER};
        draw_measure(plot, pen, axis, area, room);
        at++;
    }
    draw_number(plot, pen, "learning rate", rate_of, false,
                (struct area){0, top + UPPER, WIDTH / 2.0, LOWER}, room);
    draw_number(plot, pen, "gradient norm", norm_of, true,
                (struct area){WIDTH / 2.0, top + UPPER, WIDTH / 2.0, LOWER}, room);
}
