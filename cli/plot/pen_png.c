/* Writes pictures as PNG with cairo. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/need.h"
#include "plot/pen.h"

#ifdef HAVE_CAIRO
#include <cairo.h>

#include "common/lazy.h"

#define CAIRO(X)                                                                                   \
    X(cairo_arc)                                                                                   \
    X(cairo_create)                                                                                \
    X(cairo_destroy)                                                                               \
    X(cairo_fill)                                                                                  \
    X(cairo_image_surface_create)                                                                  \
    X(cairo_line_to)                                                                               \
    X(cairo_move_to)                                                                               \
    X(cairo_new_path)                                                                              \
    X(cairo_paint)                                                                                 \
    X(cairo_scale)                                                                                 \
    X(cairo_select_font_face)                                                                      \
    X(cairo_set_dash)                                                                              \
    X(cairo_set_font_size)                                                                         \
    X(cairo_set_line_cap)                                                                          \
    X(cairo_set_line_join)                                                                         \
    X(cairo_set_line_width)                                                                        \
    X(cairo_set_source_rgb)                                                                        \
    X(cairo_show_text)                                                                             \
    X(cairo_status)                                                                                \
    X(cairo_stroke)                                                                                \
    X(cairo_surface_destroy)                                                                       \
    X(cairo_surface_finish)                                                                        \
    X(cairo_surface_write_to_png_stream)                                                           \
    X(cairo_text_extents)                                                                          \
    X(cairo_text_path)

struct cairo_library {
    CAIRO(LAZY_POINTER)
};

static const char *const cairo_names[] = {CAIRO(LAZY_NAME)};

/* Pixels per point, so that lines are sharp on today's screens. */
enum { DENSITY = 2 };

struct png {
    struct pen pen; /* must be first */
    struct cairo_library lib;
    cairo_surface_t *surface;
    cairo_t *cairo;
};

static void set_color(const struct png *png, unsigned color)
{
    png->lib.cairo_set_source_rgb(png->cairo, (color >> 16) / 255.0, (color >> 8 & 255) / 255.0,
                                  (color & 255) / 255.0);
}

static void draw_line(struct pen *pen, const struct point *points, size_t count, unsigned color,
                      double width, bool dashed)
{
    const struct png *png = (const struct png *)pen;
    const double dash = 3;
    set_color(png, color);
    png->lib.cairo_new_path(png->cairo);
    for (size_t i = 0; i < count; i++)
        png->lib.cairo_line_to(png->cairo, points[i].x, points[i].y);
    png->lib.cairo_set_line_width(png->cairo, width);
    png->lib.cairo_set_dash(png->cairo, &dash, dashed, 0);
    png->lib.cairo_stroke(png->cairo);
}

static void draw_dot(struct pen *pen, struct point at, double radius, unsigned color)
{
    const struct png *png = (const struct png *)pen;
    set_color(png, color);
    png->lib.cairo_new_path(png->cairo);
    png->lib.cairo_arc(png->cairo, at.x, at.y, radius, 0, 6.2831853071795865);
    png->lib.cairo_fill(png->cairo);
}

static void draw_text(struct pen *pen, struct point at, struct lettering lettering,
                      const char *text)
{
    const struct png *png = (const struct png *)pen;
    cairo_t *cairo = png->cairo;
    cairo_text_extents_t extents;
    png->lib.cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                                    lettering.bold ? CAIRO_FONT_WEIGHT_BOLD
                                                   : CAIRO_FONT_WEIGHT_NORMAL);
    png->lib.cairo_set_font_size(cairo, lettering.size);
    png->lib.cairo_text_extents(cairo, text, &extents);
    double x = at.x - (double)lettering.anchor * extents.x_advance / 2;
    set_color(png, 0xFFFFFF);
    png->lib.cairo_new_path(cairo);
    png->lib.cairo_move_to(cairo, x, at.y);
    png->lib.cairo_text_path(cairo, text);
    png->lib.cairo_set_line_width(cairo, 3);
    png->lib.cairo_set_dash(cairo, NULL, 0, 0);
    png->lib.cairo_stroke(cairo);
    set_color(png, lettering.color);
    png->lib.cairo_move_to(cairo, x, at.y);
    png->lib.cairo_show_text(cairo, text);
}

static cairo_status_t collect(void *closure, const unsigned char *data, unsigned int length)
{
    struct picture *picture = closure;
    unsigned char *larger = recur_try_more(picture->bytes, picture->size + length);
    if (!larger)
        return CAIRO_STATUS_NO_MEMORY;
    memcpy(larger + picture->size, data, length);
    picture->bytes = larger;
    picture->size += length;
    return CAIRO_STATUS_SUCCESS;
}

static bool finish(struct pen *pen, struct picture *picture)
{
    const struct png *png = (const struct png *)pen;
    *picture = (struct picture){0};
    if (png->lib.cairo_status(png->cairo) == CAIRO_STATUS_SUCCESS &&
        png->lib.cairo_surface_write_to_png_stream(png->surface, collect, picture) ==
            CAIRO_STATUS_SUCCESS)
        return true;
    free(picture->bytes);
    return false;
}

static void release(struct pen *pen)
{
    struct png *png = (struct png *)pen;
    png->lib.cairo_destroy(png->cairo);
    png->lib.cairo_surface_finish(png->surface);
    png->lib.cairo_surface_destroy(png->surface);
    free(png);
}

struct pen *recur_pen_png(struct point sheet, const char *title, char *why, size_t size)
{
    static const struct pen_kind kind = {draw_line, draw_dot, draw_text, finish, release};
    struct png *png = recur_try(1, sizeof *png);
    (void)title; /* nobody would read a title in a PNG */
    if (!png) {
        snprintf(why, size, "out of memory");
        return NULL;
    }
    if (!recur_lazy_load("libcairo.so.2", cairo_names, sizeof cairo_names / sizeof *cairo_names,
                         &png->lib, why, size)) {
        free(png);
        return NULL;
    }
    png->pen.kind = &kind;
    png->surface = png->lib.cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(DENSITY * sheet.x),
                                                       (int)(DENSITY * sheet.y));
    png->cairo = png->lib.cairo_create(png->surface);
    set_color(png, 0xFFFFFF);
    png->lib.cairo_paint(png->cairo);
    png->lib.cairo_scale(png->cairo, DENSITY, DENSITY);
    png->lib.cairo_set_line_cap(png->cairo, CAIRO_LINE_CAP_ROUND);
    png->lib.cairo_set_line_join(png->cairo, CAIRO_LINE_JOIN_ROUND);
    return &png->pen;
}

bool recur_pen_has_png(void)
{
    return true;
}
#else
struct pen *recur_pen_png(struct point sheet, const char *title, char *why, size_t size)
{
    (void)sheet;
    (void)title;
    snprintf(why, size, "this build has no cairo");
    return NULL;
}

bool recur_pen_has_png(void)
{
    return false;
}
#endif
