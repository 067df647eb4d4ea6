#include "plot/chart.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/quote.h"

/* Colours that people with colour blindness can distinguish (Okabe and Ito 2008). */
static const unsigned palette[CHART_COLORS] = {0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7,
                                               0xE69F00, 0x56B4E9, 0x7F7F7F, 0x000000};
enum { GRID = 0xE4E4E4, AXIS = 0xA0A0A0 };

/* Points: margins around the frame of the curves, and sizes of letters. */
enum { LEFT = 64, RIGHT = 16, TOP = 28, BOTTOM = 44, LINE = 15 };
#define LETTER 6.8

/* A scale maps values to places on the sheet. */
struct scale {
    double low, high; /* of values, or of their logarithms */
    bool logarithmic;
    double from, to; /* places on the sheet */
};

struct frame {
    struct scale x, y;
};

static double place(const struct scale *scale, double value)
{
    double v = scale->logarithmic ? log(value) : value;
    return scale->from + (v - scale->low) / (scale->high - scale->low) * (scale->to - scale->from);
}

static struct point place_point(const struct frame *frame, struct point point)
{
    return (struct point){place(&frame->x, point.x), place(&frame->y, point.y)};
}

/* Finds the lowest and the highest finite value. */
static void find_range(const struct chart *chart, struct point *low, struct point *high)
{
    *low = (struct point){INFINITY, INFINITY};
    *high = (struct point){-INFINITY, -INFINITY};
    for (size_t s = 0; s < chart->series_count; s++) {
        for (size_t i = 0; i < chart->series[s].count; i++) {
            struct point p = chart->series[s].points[i];
            if (!isfinite(p.y))
                continue;
            *low = (struct point){fmin(low->x, p.x), fmin(low->y, p.y)};
            *high = (struct point){fmax(high->x, p.x), fmax(high->y, p.y)};
        }
    }
    if (!(low->x <= high->x)) {
        *low = (struct point){0, 0};
        *high = (struct point){1, 1};
    }
}

static struct scale make_scale(double low, double high, bool logarithmic, double pad)
{
    if (logarithmic) {
        low = log(low);
        high = log(high);
    }
    /* Values that the six digits of ticks cannot distinguish are treated as one. Their difference
     * is rounding, in which steps would be lost. */
    double range = high - low;
    bool single = !(range > 1e-6 * fabs(high));
    if (single)
        range = fmax(1e-3, fabs(high) / 10);
    return (struct scale){.low = low - (single ? range / 2 : pad * range),
                          .high = high + (single ? range / 2 : pad * range),
                          .logarithmic = logarithmic};
}

/* The room that the names at the ends of curves need. */
static double name_room(const struct chart *chart)
{
    size_t longest = 0;
    for (size_t s = 0; s < chart->series_count; s++) {
        size_t columns = chart->series[s].name ? recur_columns(chart->series[s].name) : 0;
        longest = columns > longest ? columns : longest;
    }
    return LETTER * (double)longest + (longest > 0 ? 10 : 0);
}

static struct frame make_frame(const struct chart *chart, struct area area)
{
    struct point low, high;
    find_range(chart, &low, &high);
    bool logarithmic = chart->logarithmic && low.y > 0 && high.y > 3 * low.y;
    struct frame frame = {.x = make_scale(chart->from_zero ? 0 : low.x, high.x, false, 0),
                          .y = make_scale(low.y, high.y, logarithmic, 0.04)};
    frame.x.from = area.x + LEFT;
    frame.x.to = area.x + area.width - RIGHT - name_room(chart);
    frame.y.from = area.y + area.height - BOTTOM;
    frame.y.to = area.y + TOP;
    return frame;
}

enum { MOST_TICKS = 24, TICKS = 6 };

/* How many ticks a scale has room for, at most TICKS. */
static double tick_count(const struct scale *scale)
{
    double length = fabs(scale->to - scale->from);
    double room = scale->to > scale->from ? 64 : 28;
    return fmax(2, fmin(TICKS, length / room));
}

/* Round values within the scale. */
struct ticks {
    double value[MOST_TICKS];
    size_t count;
};

static void add_tick(struct ticks *ticks, const struct scale *scale, double value)
{
    double v = scale->logarithmic ? log(value) : value;
    double slack = 1e-9 * (scale->high - scale->low);
    if (v >= scale->low - slack && v <= scale->high + slack && ticks->count < MOST_TICKS)
        ticks->value[ticks->count++] = value;
}

/* Ticks at multiples of 1, 2 or 5 x 10^n, at steps of at least `least`. */
static struct ticks even_ticks(const struct scale *scale, double least)
{
    struct ticks ticks = {.count = 0};
    double low = scale->logarithmic ? exp(scale->low) : scale->low;
    double high = scale->logarithmic ? exp(scale->high) : scale->high;
    double raw = (high - low) / tick_count(scale), power = pow(10, floor(log10(raw))),
           share = raw / power;
    double step = fmax(least, power * (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10));
    for (double k = ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++)
        add_tick(&ticks, scale, k * step + 0.0); /* no -0 */
    return ticks;
}

/* Ticks at digits times powers of ten. Takes the first row of digits below that gives enough ticks.
 * If there are many powers, takes only every second, third and so on. */
static struct ticks round_ticks(const struct scale *scale)
{
    static const double digits[][8] = {{1}, {1, 3}, {1, 2, 5}, {1, 1.5, 2, 3, 4, 5, 7}};
    double low = scale->low / log(10), high = scale->high / log(10);
    double every = fmax(1, ceil((high - low) / (2 * tick_count(scale))));
    for (size_t row = 0; row < sizeof digits / sizeof *digits; row++) {
        struct ticks ticks = {.count = 0};
        for (double n = every * floor(low / every); n <= high; n += every)
            for (size_t i = 0; i < 8 && digits[row][i] > 0; i++)
                add_tick(&ticks, scale, digits[row][i] * pow(10, n));
        if (ticks.count >= 4 || (double)ticks.count >= tick_count(scale))
            return ticks;
    }
    return even_ticks(scale, 0);
}

/* A tick's number, large ones in thousands (k), millions (M) and thousands of millions (G). */
static void print_tick(char text[32], double value, int digits)
{
    double size = fabs(value);
    double unit = size >= 1e9 ? 1e9 : size >= 1e6 ? 1e6 : size >= 1e4 ? 1e3 : 1;
    snprintf(text, 32, "%.*g%s", digits, size < 1e12 ? value / unit : value,
             size >= 1e12  ? ""
             : unit >= 1e9 ? "G"
             : unit >= 1e6 ? "M"
             : unit >= 1e3 ? "k"
                           : "");
}

static void draw_grid(const struct chart *chart, struct pen *pen, const struct frame *frame)
{
    const struct lettering right = {CHART_SMALL, CHART_PALE_INK, ANCHOR_END, false};
    const struct lettering middle = {CHART_SMALL, CHART_PALE_INK, ANCHOR_MIDDLE, false};
    const struct lettering left = {CHART_SMALL, CHART_PALE_INK, ANCHOR_START, false};
    const struct scale *x = &frame->x, *y = &frame->y;
    struct ticks ticks = y->logarithmic ? round_ticks(y) : even_ticks(y, 0);
    char text[32];
    for (size_t i = 0; i < ticks.count; i++) {
        double at = place(y, ticks.value[i]);
        pen->kind->line(pen, (struct point[]){{x->from, at}, {x->to, at}}, 2, GRID, 1, false);
        print_tick(text, ticks.value[i], 6);
        pen->kind->text(pen, (struct point){x->from - 8, at + 4}, right, text);
    }
    pen->kind->line(pen, (struct point[]){{x->from, y->from}, {x->to, y->from}}, 2, AXIS, 1, false);
    ticks = even_ticks(x, chart->from_zero ? 0 : 1);
    if (!chart->from_zero && ticks.count > 1 &&
        2 * (ticks.value[0] - x->low) > ticks.value[1] - ticks.value[0])
        add_tick(&ticks, x, x->low);
    for (size_t i = 0; i < ticks.count; i++) {
        double at = place(x, ticks.value[i]);
        pen->kind->line(pen, (struct point[]){{at, y->from}, {at, y->from + 4}}, 2, AXIS, 1, false);
        print_tick(text, ticks.value[i], 9);
        pen->kind->text(pen, (struct point){at, y->from + 18}, middle, text);
    }
    pen->kind->text(pen, (struct point){(x->from + x->to) / 2, y->from + 35}, middle,
                    chart->x_name);
    pen->kind->text(pen, (struct point){x->from - LEFT + 16, y->to - 12}, left, chart->y_name);
}

/* Thins a stretch without gaps. If many points coincide, only the lowest and the highest of each
 * half point of the sheet can be seen, so only these are kept. */
static size_t thin(struct point *points, size_t count)
{
    size_t used = 0;
    for (size_t i = 0, end; i < count; i = end) {
        struct point low = points[i], high = points[i];
        for (end = i + 1; end < count && points[end].x < points[i].x + 0.5; end++) {
            low = points[end].y > low.y ? points[end] : low;
            high = points[end].y < high.y ? points[end] : high;
        }
        bool first = low.x <= high.x, two = low.x < high.x || low.x > high.x;
        points[used++] = first ? low : high;
        if (two)
            points[used++] = first ? high : low;
    }
    return used;
}

static void draw_stretch(struct pen *pen, struct point *points, size_t count, unsigned color,
                         bool dashed)
{
    enum { FEW = 24 };
    size_t left = thin(points, count);
    if (left > 1)
        pen->kind->line(pen, points, left, color, dashed ? 1.2 : 2, dashed);
    for (size_t i = 0; i < left && count <= FEW; i++)
        pen->kind->dot(pen, points[i], dashed ? 1.8 : left > 1 ? 3 : 4, color);
}

static void draw_series(const struct chart_series *series, struct pen *pen,
                        const struct frame *frame, unsigned color)
{
    size_t begin = 0;
    for (size_t i = 0; i <= series->count; i++) {
        if (i < series->count && isfinite(series->points[i].y)) {
            series->points[i] = place_point(frame, series->points[i]);
        } else {
            draw_stretch(pen, series->points + begin, i - begin, color, series->dashed);
            begin = i + 1;
        }
    }
}

/* Draws the names of the curves at their ends and moves them apart where they would overlap. */
static void draw_names(const struct chart *chart, struct pen *pen, const struct frame *frame)
{
    double at[CHART_SERIES];
    size_t order[CHART_SERIES], count = 0;
    for (size_t s = 0; s < chart->series_count; s++) {
        const struct chart_series *series = &chart->series[s];
        size_t last = series->count;
        while (last > 0 && !isfinite(series->points[last - 1].y))
            last--;
        if (last == 0 || !series->name)
            continue;
        at[s] = place(&frame->y, series->points[last - 1].y) + 4;
        size_t i = count++;
        for (; i > 0 && at[order[i - 1]] > at[s]; i--)
            order[i] = order[i - 1];
        order[i] = s;
    }
    for (size_t pass = 0; pass < 4 * count; pass++) {
        for (size_t i = 1; i < count; i++) {
            double lack = LINE - (at[order[i]] - at[order[i - 1]]);
            at[order[i]] += fmax(0, lack / 2);
            at[order[i - 1]] -= fmax(0, lack / 2);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const struct lettering name = {
            CHART_SMALL, recur_chart_color(chart->series[order[i]].color), ANCHOR_START, true};
        pen->kind->text(pen, (struct point){frame->x.to + 10, at[order[i]]}, name,
                        chart->series[order[i]].name);
    }
}

static void draw_mark(const struct chart *chart, const struct chart_mark *mark, struct pen *pen,
                      const struct frame *frame)
{
    struct point at = place_point(frame, mark->at);
    const struct scale *x = &frame->x, *y = &frame->y;
    pen->kind->dot(pen, at, 6, recur_chart_color(chart->series[mark->series].color));
    pen->kind->dot(pen, at, 3.5, 0xFFFFFF);
    if (!mark->text)
        return;
    double room = LETTER * (double)recur_columns(mark->text) + 8;
    bool left = at.x + room > x->to && at.x - room > x->from;
    bool below = at.y < (y->from + y->to) / 2; /* on the side without the curve */
    const struct lettering text = {CHART_SMALL, CHART_INK, left ? ANCHOR_END : ANCHOR_START, false};
    struct point edge = {at.x, below ? at.y + 6 : at.y - 6};
    pen->kind->line(pen, (struct point[]){edge, {at.x, below ? y->from : y->to}}, 2, CHART_PALE_INK,
                    1, true);
    pen->kind->text(
        pen,
        (struct point){at.x + (left ? -8 : 8), below ? (at.y + y->from) / 2 : y->to + CHART_SMALL},
        text, mark->text);
}

unsigned recur_chart_color(size_t color)
{
    return palette[color % CHART_COLORS];
}

void recur_chart_text(struct pen *pen, struct point at, double width, struct lettering lettering,
                      const char *text)
{
    double letter = lettering.size * LETTER / CHART_SMALL;
    const recur_token whole = {text, strlen(text)};
    const recur_printable line = recur_fit(whole, (size_t)(width / letter));
    pen->kind->text(pen, at, lettering, line.text);
}

void recur_chart_draw(struct chart *chart, struct pen *pen, struct area area)
{
    const struct frame frame = make_frame(chart, area);
    draw_grid(chart, pen, &frame);
    draw_names(chart, pen, &frame);
    for (size_t s = chart->series_count; s-- > 0;)
        draw_series(&chart->series[s], pen, &frame, recur_chart_color(chart->series[s].color));
    for (size_t m = 0; m < chart->mark_count; m++)
        draw_mark(chart, &chart->marks[m], pen, &frame);
}
