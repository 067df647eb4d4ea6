#include "plot/curve.h"

#include <math.h>

#include "plot/canvas.h"

static bool has_place(struct point point)
{
    return isfinite(point.y) && point.y > 0;
}

/* Finds the range of the points, as logarithms in y; returns how many different x there are, at
 * most 2. */
static size_t find_range(const struct curve *curve, struct point *low, struct point *high)
{
    *low = (struct point){INFINITY, INFINITY};
    *high = (struct point){-INFINITY, -INFINITY};
    for (size_t l = 0; l < curve->lines; l++) {
        for (size_t i = 0; i < curve->line[l].count; i++) {
            struct point p = curve->line[l].points[i];
            if (!has_place(p))
                continue;
            *low = (struct point){fmin(low->x, p.x), fmin(low->y, log(p.y))};
            *high = (struct point){fmax(high->x, p.x), fmax(high->y, log(p.y))};
        }
    }
    if (!(high->y > low->y))
        high->y = low->y + 1e-3;
    return low->x < high->x ? 2 : low->x <= high->x ? 1 : 0;
}

/* The logarithm at `x`: the mean of the points within `half` of it, or else, interpolated, between
 * the points beside it; NAN beyond the line's ends. `*next` is the first point that is not before
 * that stretch, and rises with x. */
static double value_at(const struct curve_line *line, double x, double half, size_t *next)
{
    double sum = 0;
    size_t within = 0, i;
    while (*next < line->count && line->points[*next].x < x - half)
        ++*next;
    for (i = *next; i < line->count && line->points[i].x <= x + half; i++) {
        sum += has_place(line->points[i]) ? log(line->points[i].y) : 0;
        within += has_place(line->points[i]);
    }
    if (within > 0)
        return sum / (double)within;
    if (i == 0 || i == line->count || i != *next || !has_place(line->points[i - 1]) ||
        !has_place(line->points[i]))
        return (double)NAN;
    struct point before = line->points[i - 1], behind = line->points[i];
    double part = (x - before.x) / (behind.x - before.x);
    return (1 - part) * log(before.y) + part * log(behind.y);
}

static void draw_line(struct canvas *canvas, const struct curve *curve, size_t index, double first,
                      double last)
{
    double values[CANVAS_DOTS];
    size_t wide = recur_canvas_dots(canvas), next = 0;
    double step = (last - first) / (double)(wide - 1);
    for (size_t dot = 0; dot < wide; dot++)
        values[dot] = value_at(&curve->line[index], first + (double)dot * step, step / 2, &next);
    recur_canvas_draw(canvas, index, values);
}

/* Prints the title, or nothing of the names of lines where the window is too narrow for them. */
static void print_title(FILE *stream, const struct curve *curve, size_t width, struct look look)
{
    int long_title = snprintf(NULL, 0, "%*s %s: %s and %s (dotted)", CANVAS_LABEL, "", curve->name,
                              curve->line[0].name, curve->lines > 1 ? curve->line[1].name : "");
    fprintf(stream, "%*s %.*s", CANVAS_LABEL, "", (int)width - CANVAS_LABEL - 2, curve->name);
    for (size_t l = 0; l < curve->lines && (size_t)long_title < width; l++) {
        fputs(l > 0 ? " and " : ": ", stream);
        recur_canvas_name(stream, l, curve->line[l].name, look);
    }
    fputc('\n', stream);
}

bool recur_curve_print(FILE *stream, const struct curve *curve, size_t width, struct look look)
{
    struct canvas canvas;
    struct point low, high;
    char first[32], last[32], mark[32];
    if (find_range(curve, &low, &high) < 2 || !recur_canvas_open(&canvas, width, low.y, high.y))
        return false;
    for (size_t l = 0; l < curve->lines; l++)
        draw_line(&canvas, curve, l, low.x, high.x);
    double kept = (double)curve->kept;
    snprintf(mark, sizeof mark, "kept %llu", (unsigned long long)curve->kept);
    if (curve->kept && kept >= low.x && kept <= high.x)
        recur_canvas_mark(
            &canvas,
            (size_t)((kept - low.x) / (high.x - low.x) * (double)(recur_canvas_dots(&canvas) - 1)),
            mark);
    print_title(stream, curve, width, look);
    snprintf(first, sizeof first, "%.0f", floor(low.x));
    snprintf(last, sizeof last, "epoch %.0f", ceil(high.x));
    recur_canvas_print(stream, &canvas, 2, first, last, look);
    return true;
}
