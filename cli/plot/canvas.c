#include "plot/canvas.h"

#include <math.h>
#include <string.h>

enum { DOT_ROWS = 4 * CANVAS_ROWS, NARROWEST = 20 };

bool recur_canvas_open(struct canvas *canvas, size_t width, double low, double high)
{
    *canvas = (struct canvas){.low = low, .high = high, .columns = CANVAS_COLUMNS};
    if (width < CANVAS_LABEL + NARROWEST)
        return false;
    if (width - CANVAS_LABEL - 3 < CANVAS_COLUMNS)
        canvas->columns = width - CANVAS_LABEL - 3;
    return true;
}

size_t recur_canvas_dots(const struct canvas *canvas)
{
    return 2 * canvas->columns;
}

static void set_dot(struct canvas *canvas, size_t x, size_t y, size_t curve)
{
    static const unsigned char bits[4][2] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    canvas->dots[y / 4][x / 2] |= bits[y % 4][x % 2];
    canvas->curves[y / 4][x / 2] |= (unsigned char)(1U << curve);
}

void recur_canvas_draw(struct canvas *canvas, size_t curve, const double *values)
{
    /* Gaps distinguish the curves where there are no colours. */
    static const size_t periods[CANVAS_CURVES] = {2, 4, 8};
    size_t before = DOT_ROWS;
    for (size_t x = 0; x < recur_canvas_dots(canvas); x++) {
        if (!isfinite(values[x])) {
            before = DOT_ROWS;
            continue;
        }
        if (x % periods[curve] >= 2)
            continue;
        double down = (canvas->high - values[x]) / (canvas->high - canvas->low);
        size_t y = (size_t)(down * (DOT_ROWS - 1) + 0.5);
        size_t from = before == DOT_ROWS ? y : before;
        set_dot(canvas, x, y, curve);
        for (size_t between = from < y ? from + 1 : y + 1; between < (from < y ? y : from);
             between++)
            set_dot(canvas, x, between, curve);
        before = y;
    }
}

void recur_canvas_mark(struct canvas *canvas, size_t dot, const char *text)
{
    canvas->mark = text;
    canvas->mark_column = dot / 2;
}

static const char *color_of(size_t curve)
{
    static const char *const colors[CANVAS_CURVES] = {"\033[36m", "\033[33m", "\033[35m"};
    return colors[curve];
}

/* The letters of the curves in ASCII; the first one's differ with its height. */
static const char letters[CANVAS_CURVES] = {':', 'o', 'x'};

void recur_canvas_name(FILE *stream, size_t curve, const char *name, struct look look)
{
    static const char *const gaps[CANVAS_CURVES] = {"", " (dotted)", " (wide dots)"};
    fprintf(stream, "%s%s%s", look.color ? color_of(curve) : "", name, look.color ? "\033[0m" : "");
    if (!look.ascii)
        fputs(gaps[curve], stream);
    else if (curve > 0)
        fprintf(stream, " (%c)", letters[curve]);
}

/* If several curves pass, the colour is that of the last. */
static size_t last_curve(unsigned char curves)
{
    size_t curve = CANVAS_CURVES - 1;
    while (curve > 0 && !(curves >> curve & 1))
        curve--;
    return curve;
}

/* Prints a braille pattern: U+2800 + dots in UTF-8. An empty one is a space, which every font
 * has. */
static void print_braille(FILE *stream, unsigned char dots)
{
    if (dots)
        fprintf(stream, "\xE2%c%c", 0xA0 | dots >> 6, 0x80 | (dots & 0x3F));
    else
        fputc(' ', stream);
}

/* Prints a letter of the last curve that passes; the first curve's shows its height. */
static void print_letter(FILE *stream, unsigned char dots, unsigned char curves)
{
    enum { UPPER = 0x1B, LOWER = 0xE4 };
    size_t curve = last_curve(curves);
    fputc(!dots             ? ' '
          : curve > 0       ? letters[curve]
          : !(dots & LOWER) ? '\''
          : !(dots & UPPER) ? '.'
                            : letters[curve],
          stream);
}

static void print_row(FILE *stream, const struct canvas *canvas, size_t row, struct look look)
{
    unsigned char current = 0;
    for (size_t x = 0; x < canvas->columns; x++) {
        unsigned char dots = canvas->dots[row][x], curves = canvas->curves[row][x];
        if (look.color && curves && curves != current) {
            fputs(color_of(last_curve(curves)), stream);
            current = curves;
        }
        if (look.ascii)
            print_letter(stream, dots, curves);
        else
            print_braille(stream, dots);
    }
    fputs(current ? "\033[0m\n" : "\n", stream);
}

/* Prints the texts under the axis: at its ends and, if there is room, at the mark. */
static void print_texts(FILE *stream, const struct canvas *canvas, const char *left,
                        const char *right)
{
    size_t end = canvas->columns - strlen(right), from = strlen(left), length = 0;
    fprintf(stream, "%*s  %s", CANVAS_LABEL, "", left);
    if (canvas->mark && from + strlen(canvas->mark) + 4 <= end) {
        length = strlen(canvas->mark);
        size_t middle = length / 2, column = canvas->mark_column;
        size_t at = column > middle + from + 2 ? column - middle : from + 2;
        if (at + length + 2 > end)
            at = end - length - 2;
        fprintf(stream, "%*s%s", (int)(at - from), "", canvas->mark);
        from = at;
    }
    fprintf(stream, "%*s%s\n", (int)(end - from - length), "", right);
}

/* Prints a label with the same width for every value, and the axis beside it. */
static void print_label(FILE *stream, double value, int digits, struct look look)
{
    const char *axis = look.ascii ? "+" : "\u2524";
    if (snprintf(NULL, 0, "%.*f", digits, value) <= CANVAS_LABEL)
        fprintf(stream, "%*.*f %s", CANVAS_LABEL, digits, value, axis);
    else
        fprintf(stream, "%*.2e %s", CANVAS_LABEL, value, axis);
}

/* Prints the axis below the rows, with the mark's tick. */
static void print_axis(FILE *stream, const struct canvas *canvas, struct look look)
{
    fprintf(stream, "%*s %s", CANVAS_LABEL, "", look.ascii ? "+" : "\u2514");
    for (size_t x = 0; x < canvas->columns; x++) {
        bool mark = canvas->mark && x == canvas->mark_column;
        fputs(look.ascii ? (mark ? "+" : "-") : mark ? "\u2534" : "\u2500", stream);
    }
    fputc('\n', stream);
}

void recur_canvas_print(FILE *stream, const struct canvas *canvas, int digits, const char *left,
                        const char *right, struct look look)
{
    for (size_t row = 0; row < CANVAS_ROWS; row++) {
        double value =
            canvas->high - (canvas->high - canvas->low) * (double)row / (CANVAS_ROWS - 1);
        if (row == 0 || row == CANVAS_ROWS - 1 || row == CANVAS_ROWS / 2)
            print_label(stream, exp(value), digits, look);
        else
            fprintf(stream, "%*s %s", CANVAS_LABEL, "", look.ascii ? "|" : "\u2502");
        print_row(stream, canvas, row, look);
    }
    print_axis(stream, canvas, look);
    print_texts(stream, canvas, left, right);
}
