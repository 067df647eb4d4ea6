#include "curve.h"

#include <math.h>
#include <string.h>

/* A braille character has 2 x 4 dots. */
enum { ROWS = 8, DOT_ROWS = 4 * ROWS, MOST_COLUMNS = 72, LABEL = 9 };

enum series { SERIES_TRAIN = 1, SERIES_VALID = 2 };

struct canvas {
    size_t columns;
    unsigned char dots[ROWS][MOST_COLUMNS];   /* bit n: dot n of the braille pattern */
    unsigned char series[ROWS][MOST_COLUMNS]; /* which curves pass */
};

static void set_dot(struct canvas *canvas, size_t x, size_t y, enum series series)
{
    static const unsigned char bits[4][2] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    canvas->dots[y / 4][x / 2] |= bits[y % 4][x % 2];
    canvas->series[y / 4][x / 2] |= (unsigned char)series;
}

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
        for (enum series s = SERIES_TRAIN; s <= SERIES_VALID; s++) {
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

/* Joins the dots of neighbouring columns with vertical strokes. */
static void draw(struct canvas *canvas, const recur_epoch *epochs, size_t count, double low,
                 double high, enum series series)
{
    size_t wide = 2 * canvas->columns, before = DOT_ROWS;
    for (size_t x = 0; x < wide; x++) {
        double at = (double)x * (double)(count - 1) / (double)(wide - 1);
        size_t i = (size_t)at, next = i + 1 < count ? i + 1 : i;
        double part = at - (double)i;
        double loss = (1 - part) * value(&epochs[i], series) + part * value(&epochs[next], series);
        if (!isfinite(loss)) {
            before = DOT_ROWS;
            continue;
        }
        if (series == SERIES_VALID && x % 4 >= 2)
            continue; /* dotted, to tell it from the other without colours */
        size_t y = (size_t)((high - loss) / (high - low) * (DOT_ROWS - 1) + 0.5);
        size_t from = before == DOT_ROWS ? y : before;
        set_dot(canvas, x, y, series);
        for (size_t between = from < y ? from + 1 : y + 1; between < (from < y ? y : from);
             between++)
            set_dot(canvas, x, between, series);
        before = y;
    }
}

static const char *color_of(unsigned char series)
{
    return series & SERIES_VALID ? "\033[33m" : "\033[36m";
}

static void print_row(FILE *stream, const struct canvas *canvas, size_t row, bool color)
{
    unsigned char current = 0;
    for (size_t x = 0; x < canvas->columns; x++) {
        unsigned char dots = canvas->dots[row][x], series = canvas->series[row][x];
        if (color && series && series != current) {
            fputs(color_of(series), stream);
            current = series;
        }
        /* U+2800 + dots in UTF-8; an empty pattern as a space, which every font has. */
        if (dots)
            fprintf(stream, "\xE2%c%c", 0xA0 | dots >> 6, 0x80 | (dots & 0x3F));
        else
            fputc(' ', stream);
    }
    fputs(current ? "\033[0m\n" : "\n", stream);
}

static void print_title(FILE *stream, bool validated, bool color)
{
    const char *plain = color ? "\033[0m" : "";
    fprintf(stream, "\n%*s perplexity: %straining%s", LABEL, "",
            color ? color_of(SERIES_TRAIN) : "", plain);
    if (validated)
        fprintf(stream, " and %svalidation%s (dotted)", color ? color_of(SERIES_VALID) : "", plain);
    fputc('\n', stream);
}

void recur_curve_print(FILE *stream, const recur_epoch *epochs, size_t count, size_t width,
                       bool color)
{
    struct canvas canvas = {.columns = MOST_COLUMNS};
    double low, high;
    if (count < 2 || width < LABEL + 20)
        return;
    if (width - LABEL - 3 < MOST_COLUMNS)
        canvas.columns = width - LABEL - 3;
    find_range(epochs, count, &low, &high);
    draw(&canvas, epochs, count, low, high, SERIES_TRAIN);
    draw(&canvas, epochs, count, low, high, SERIES_VALID);
    print_title(stream, isfinite(epochs[count - 1].valid_loss), color);
    for (size_t row = 0; row < ROWS; row++) {
        double loss = high - (high - low) * (double)row / (ROWS - 1);
        if (row == 0 || row == ROWS - 1 || row == ROWS / 2)
            fprintf(stream, "%*.2f \u2524", LABEL, exp(loss));
        else
            fprintf(stream, "%*s \u2502", LABEL, "");
        print_row(stream, &canvas, row, color);
    }
    fprintf(stream, "%*s \u2514", LABEL, "");
    for (size_t x = 0; x < canvas.columns; x++)
        fputs("\u2500", stream);
    char last[32];
    snprintf(last, sizeof last, "epoch %llu", (unsigned long long)epochs[count - 1].epoch);
    fprintf(stream, "\n%*s  %-*llu%s\n", LABEL, "", (int)(canvas.columns - strlen(last)),
            (unsigned long long)epochs[0].epoch, last);
}
