#include "curve.h"

#include <math.h>

#include "canvas.h"

enum series { SERIES_TRAIN, SERIES_VALID, SERIES_COUNT };

static double value(const recur_epoch *epoch, enum series series)
{
    return series == SERIES_TRAIN ? epoch->loss : epoch->valid_loss;
}

/* Lowest and highest finite value of both curves. */
static void find_range(const recur_epoch *epochs, size_t count, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        for (enum series s = SERIES_TRAIN; s < SERIES_COUNT; s++) {
            double loss = value(&epochs[i], s);
            if (isfinite(loss)) {
                *low = fmin(*low, loss);
                *high = fmax(*high, loss);
            }
        }
    }
    if (!(*high > *low))
        *high = *low + 1e-3;
}

/* Each dot's loss, between those of the two epochs beside it. */
static void draw(struct canvas *canvas, const recur_epoch *epochs, size_t count, enum series series)
{
    double losses[CANVAS_DOTS];
    size_t wide = recur_canvas_dots(canvas);
    for (size_t x = 0; x < wide; x++) {
        double at = (double)x * (double)(count - 1) / (double)(wide - 1);
        size_t i = (size_t)at, next = i + 1 < count ? i + 1 : i;
        double part = at - (double)i;
        losses[x] = (1 - part) * value(&epochs[i], series) + part * value(&epochs[next], series);
    }
    recur_canvas_draw(canvas, series, losses);
}

static void print_title(FILE *stream, bool validated, bool color)
{
    fprintf(stream, "\n%*s perplexity: ", CANVAS_LABEL, "");
    recur_canvas_name(stream, SERIES_TRAIN, "training", color);
    if (validated) {
        fputs(" and ", stream);
        recur_canvas_name(stream, SERIES_VALID, "validation", color);
        fputs(" (dotted)", stream);
    }
    fputc('\n', stream);
}

void recur_curve_print(FILE *stream, const recur_epoch *epochs, size_t count, size_t width,
                       bool color)
{
    struct canvas canvas;
    double low, high;
    char first[32], last[32];
    if (count < 2)
        return;
    find_range(epochs, count, &low, &high);
    if (!recur_canvas_open(&canvas, width, low, high))
        return;
    draw(&canvas, epochs, count, SERIES_TRAIN);
    draw(&canvas, epochs, count, SERIES_VALID);
    print_title(stream, isfinite(epochs[count - 1].valid_loss), color);
    snprintf(first, sizeof first, "%llu", (unsigned long long)epochs[0].epoch);
    snprintf(last, sizeof last, "epoch %llu", (unsigned long long)epochs[count - 1].epoch);
    recur_canvas_print(stream, &canvas, 2, first, last, color);
}
