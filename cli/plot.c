#include "plot.h"

#include <string.h>

#include "message.h"

static bool ends_in(const char *path, const char *suffix)
{
    size_t length = strlen(path), tail = strlen(suffix);
    return length > tail && strcmp(path + length - tail, suffix) == 0;
}

#ifdef HAVE_CAIRO
#include <cairo-svg.h>
#include <math.h>
#include <stdlib.h>

#include "lazy.h"
#include "output.h"

#define CAIRO(X)                                                                                   \
    X(cairo_close_path)                                                                            \
    X(cairo_create)                                                                                \
    X(cairo_destroy)                                                                               \
    X(cairo_image_surface_create)                                                                  \
    X(cairo_line_to)                                                                               \
    X(cairo_move_to)                                                                               \
    X(cairo_new_path)                                                                              \
    X(cairo_paint)                                                                                 \
    X(cairo_rectangle)                                                                             \
    X(cairo_select_font_face)                                                                      \
    X(cairo_set_font_size)                                                                         \
    X(cairo_set_line_cap)                                                                          \
    X(cairo_set_line_width)                                                                        \
    X(cairo_set_source_rgb)                                                                        \
    X(cairo_show_text)                                                                             \
    X(cairo_status_to_string)                                                                      \
    X(cairo_stroke)                                                                                \
    X(cairo_surface_destroy)                                                                       \
    X(cairo_surface_finish)                                                                        \
    X(cairo_surface_status)                                                                        \
    X(cairo_surface_write_to_png_stream)                                                           \
    X(cairo_svg_surface_create_for_stream)                                                         \
    X(cairo_text_extents)

struct cairo_library {
    CAIRO(LAZY_POINTER)
};

static const char *const cairo_names[] = {CAIRO(LAZY_NAME)};

/* In points: the picture, and the plot's frame inside it. */
enum { WIDTH = 720, HEIGHT = 420, LEFT = 70, RIGHT = 700, TOP = 40, BOTTOM = 370, TICKS = 5 };

struct axes {
    double first, last; /* epochs */
    double low, high;   /* loss */
};

static double x_of(const struct axes *axes, double epoch)
{
    return LEFT + (epoch - axes->first) / (axes->last - axes->first) * (RIGHT - LEFT);
}

static double y_of(const struct axes *axes, double loss)
{
    return BOTTOM - (loss - axes->low) / (axes->high - axes->low) * (BOTTOM - TOP);
}

static double curve_value(const recur_epoch *epoch, bool validation)
{
    return validation ? epoch->valid_loss : epoch->loss;
}

static struct axes find_axes(const recur_epoch *epochs, size_t count)
{
    struct axes axes = {1, 2, 0, 0};
    if (count > 0) {
        axes.first = (double)epochs[0].epoch;
        axes.last = (double)epochs[count - 1].epoch;
    }
    if (axes.last < axes.first + 1) { /* in the middle */
        axes.first -= 0.5;
        axes.last += 0.5;
    }
    for (size_t i = 0; i < 2 * count; i++) {
        double loss = curve_value(&epochs[i / 2], i % 2);
        if (isfinite(loss))
            axes.high = fmax(axes.high, loss);
    }
    axes.high = axes.high > 0 ? 1.05 * axes.high : 1;
    return axes;
}

static void label(const struct cairo_library *lib, cairo_t *cairo, double x, double y,
                  double anchor, const char *text)
{
    cairo_text_extents_t extents;
    lib->cairo_text_extents(cairo, text, &extents);
    lib->cairo_move_to(cairo, x - anchor * extents.x_advance, y);
    lib->cairo_show_text(cairo, text);
}

/* A step of 1, 2 or 5 x 10^n that divides the range into about five. */
static double tick_step(double range)
{
    double raw = range / TICKS, power = pow(10, floor(log10(raw))), share = raw / power;
    return power * (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10);
}

static void draw_axes(const struct cairo_library *lib, cairo_t *cairo, const struct axes *axes)
{
    char text[40];
    double step = tick_step(axes->high - axes->low);
    lib->cairo_set_line_width(cairo, 1);
    for (double loss = axes->low; loss <= axes->high; loss += step) {
        lib->cairo_set_source_rgb(cairo, 0.88, 0.88, 0.88);
        lib->cairo_move_to(cairo, LEFT, y_of(axes, loss));
        lib->cairo_line_to(cairo, RIGHT, y_of(axes, loss));
        lib->cairo_stroke(cairo);
        lib->cairo_set_source_rgb(cairo, 0.2, 0.2, 0.2);
        snprintf(text, sizeof text, "%g", loss);
        label(lib, cairo, LEFT - 8, y_of(axes, loss) + 4, 1, text);
    }
    step = fmax(1, tick_step(axes->last - axes->first));
    for (double epoch = ceil(axes->first / step) * step; epoch <= axes->last; epoch += step) {
        snprintf(text, sizeof text, "%g", epoch);
        label(lib, cairo, x_of(axes, epoch), BOTTOM + 18, 0.5, text);
    }
    label(lib, cairo, (LEFT + RIGHT) / 2.0, BOTTOM + 38, 0.5, "epoch");
    label(lib, cairo, LEFT, TOP - 14, 0.5, "loss (nats)");
    lib->cairo_rectangle(cairo, LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP);
    lib->cairo_stroke(cairo);
}

static void draw_curve(const struct cairo_library *lib, cairo_t *cairo, const struct axes *axes,
                       const recur_epoch *epochs, size_t count, bool validation)
{
    static const double colors[2][3] = {{0.12, 0.38, 0.7}, {0.85, 0.45, 0.1}};
    static const char *const names[2] = {"training", "validation"};
    const double *color = colors[validation];
    size_t points = 0;
    lib->cairo_set_source_rgb(cairo, color[0], color[1], color[2]);
    lib->cairo_new_path(cairo); /* showing text leaves a current point */
    lib->cairo_set_line_width(cairo, 2);
    for (size_t i = 0; i < count; i++) {
        double loss = curve_value(&epochs[i], validation);
        if (!isfinite(loss))
            continue;
        lib->cairo_line_to(cairo, x_of(axes, (double)epochs[i].epoch), y_of(axes, loss));
        points++;
    }
    /* One epoch is a dot: a line of no length with round ends. */
    lib->cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);
    if (points == 1) {
        lib->cairo_close_path(cairo);
        lib->cairo_set_line_width(cairo, 8);
    }
    lib->cairo_stroke(cairo);
    if (points > 0)
        label(lib, cairo, RIGHT - 100.0 * validation, TOP - 14, 1, names[validation]);
}

/* Collects the picture's bytes. */
struct picture {
    unsigned char *bytes;
    size_t size;
};

static cairo_status_t collect(void *closure, const unsigned char *data, unsigned int length)
{
    struct picture *picture = closure;
    unsigned char *larger = realloc(picture->bytes, picture->size + length);
    if (!larger)
        return CAIRO_STATUS_NO_MEMORY;
    memcpy(larger + picture->size, data, length);
    picture->bytes = larger;
    picture->size += length;
    return CAIRO_STATUS_SUCCESS;
}

static void draw(const struct cairo_library *lib, cairo_surface_t *surface,
                 const recur_epoch *epochs, size_t count)
{
    cairo_t *cairo = lib->cairo_create(surface);
    struct axes axes = find_axes(epochs, count);
    lib->cairo_set_source_rgb(cairo, 1, 1, 1);
    lib->cairo_paint(cairo);
    /* cairo's own strokes: the machine needs no fonts. */
    lib->cairo_select_font_face(cairo, "@cairo:", CAIRO_FONT_SLANT_NORMAL,
                                CAIRO_FONT_WEIGHT_NORMAL);
    lib->cairo_set_font_size(cairo, 13);
    draw_axes(lib, cairo, &axes);
    draw_curve(lib, cairo, &axes, epochs, count, false);
    draw_curve(lib, cairo, &axes, epochs, count, true);
    lib->cairo_destroy(cairo);
}

bool recur_plot_write(const struct command *command, const char *path, const recur_epoch *epochs,
                      size_t count)
{
    struct cairo_library library, *lib = &library;
    char why[300];
    if (!recur_lazy_load("libcairo.so.2", cairo_names, sizeof cairo_names / sizeof *cairo_names,
                         lib, why, sizeof why)) {
        recur_failure(command, "%s could not be drawn: %s", path, why);
        return false;
    }
    struct picture picture = {0};
    bool svg = ends_in(path, ".svg");
    cairo_surface_t *surface =
        svg ? lib->cairo_svg_surface_create_for_stream(collect, &picture, WIDTH, HEIGHT)
            : lib->cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
    draw(lib, surface, epochs, count);
    cairo_status_t status = lib->cairo_surface_status(surface);
    if (!svg && status == CAIRO_STATUS_SUCCESS)
        status = lib->cairo_surface_write_to_png_stream(surface, collect, &picture);
    lib->cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = lib->cairo_surface_status(surface);
    lib->cairo_surface_destroy(surface);
    bool drawn = status == CAIRO_STATUS_SUCCESS && picture.size > 0;
    if (!drawn)
        recur_failure(command, "%s could not be drawn: %s", path,
                      lib->cairo_status_to_string(status));
    bool written = drawn && recur_write_file(command, path, picture.bytes, picture.size);
    free(picture.bytes);
    return written;
}

static const bool has_cairo = true;
#else
bool recur_plot_write(const struct command *command, const char *path, const recur_epoch *epochs,
                      size_t count)
{
    (void)command;
    (void)path;
    (void)epochs;
    (void)count;
    return false; /* recur_plot_check has said so before */
}

static const bool has_cairo = false;
#endif

bool recur_plot_check(const struct command *command, const char *path)
{
    if (!ends_in(path, ".svg") && !ends_in(path, ".png"))
        recur_usage_error(command, "--plot must end in .svg or .png, got \"%s\"", path);
    else if (!has_cairo)
        recur_usage_error(command, "--plot: this build has no cairo, so it cannot draw");
    else
        return true;
    return false;
}
