#include "plot/curve.h"

#include <math.h>

#include "plot/canvas.h"

static double log_value(const struct measure *measure, size_t curve, const recur_epoch *epoch)
{
    return log(measure->value[curve](epoch));
}

/* Finds the lowest and the highest finite value of the curves. */
static void find_range(const struct measure *measure, const recur_epoch *epochs, size_t count,
                       double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < measure->curves; c++) {
            double value = log_value(measure, c, &epochs[i]);
            if (isfinite(value)) {
                *low = fmin(*low, value);
                *high = fmax(*high, value);
            }
        }
    }
    if (!(*high > *low))
        *high = *low + 1e-3;
}

/* Draws a value for each dot, interpolated between the two epochs beside it. */
static void draw(struct canvas *canvas, const struct measure *measure, const recur_epoch *epochs,
                 size_t count, size_t curve)
{
    double values[CANVAS_DOTS];
    size_t wide = recur_canvas_dots(canvas);
    for (size_t x = 0; x < wide; x++) {
        double at = (double)x * (double)(count - 1) / (double)(wide - 1);
        size_t i = (size_t)at, next = i + 1 < count ? i + 1 : i;
        double part = at - (double)i;
        values[x] = (1 - part) * log_value(measure, curve, &epochs[i]) +
                    part * log_value(measure, curve, &epochs[next]);
    }
    recur_canvas_draw(canvas, curve, values);
}

static void print_title(FILE *stream, const struct measure *measure, bool color)
{
    fprintf(stream, "\n%*s %s: ", CANVAS_LABEL, "", measure->name);
    recur_canvas_name(stream, 0, measure->curve[0], color);
    if (measure->curves > 1) {
        fputs(" and ", stream);
        recur_canvas_name(stream, 1, measure->curve[1], color);
        fputs(" (dotted)", stream);
    }
    fputc('\n', stream);
}

void recur_curve_print(FILE *stream, const struct measure *measure, const recur_epoch *epochs,
                       size_t count, uint64_t kept, size_t width, bool color)
{
    struct canvas canvas;
    double low, high;
    char first[32], last[32], mark[32];
    if (count < 2)
        return;
    find_range(measure, epochs, count, &low, &high);
    if (!isfinite(low) || !recur_canvas_open(&canvas, width, low, high))
        return;
    for (size_t c = 0; c < measure->curves; c++)
        draw(&canvas, measure, epochs, count, c);
    snprintf(mark, sizeof mark, "kept %llu", (unsigned long long)kept);
    for (size_t i = 0; i < count; i++)
        if (epochs[i].epoch == kept)
            recur_canvas_mark(&canvas, i * (recur_canvas_dots(&canvas) - 1) / (count - 1), mark);
    print_title(stream, measure, color);
    snprintf(first, sizeof first, "%llu", (unsigned long long)epochs[0].epoch);
    snprintf(last, sizeof last, "epoch %llu", (unsigned long long)epochs[count - 1].epoch);
    recur_canvas_print(stream, &canvas, 2, first, last, color);
}
