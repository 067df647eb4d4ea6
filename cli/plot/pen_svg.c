/* Writes pictures as SVG. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/need.h"
#include "plot/pen.h"

#define FONTS                                                                                      \
    "system-ui, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', 'Noto Sans CJK SC', sans-serif"

struct svg {
    struct pen pen; /* must be first */
    struct picture picture;
    bool failed;
};

static void put(struct svg *svg, const char *bytes, size_t size)
{
    struct picture *picture = &svg->picture;
    if (picture->capacity - picture->size < size) {
        size_t capacity = 2 * (picture->size + size);
        unsigned char *larger = svg->failed ? NULL : recur_try_more(picture->bytes, capacity);
        svg->failed = !larger;
        if (!larger)
            return;
        picture->bytes = larger;
        picture->capacity = capacity;
    }
    memcpy(picture->bytes + picture->size, bytes, size);
    picture->size += size;
}

__attribute__((format(printf, 2, 3))) static void print(struct svg *svg, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(svg, text, (size_t)size);
}

/* Writes a text as XML allows it: characters that XML interprets become names. */
static void put_text(struct svg *svg, const char *text)
{
    while (*text) {
        utf8proc_int32_t code;
        utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &code);
        if (length < 1 || code < ' ' || code == 0xFFFE || code == 0xFFFF)
            print(svg, "\xEF\xBF\xBD"); /* U+FFFD */
        else if (strchr("&<>\"", *text))
            print(svg, "&#%d;", *text);
        else
            put(svg, text, (size_t)length);
        text += length < 1 ? 1 : length;
    }
}

static void draw_line(struct pen *pen, const struct point *points, size_t count, unsigned color,
                      double width, bool dashed)
{
    struct svg *svg = (struct svg *)pen;
    print(svg, "<polyline fill=\"none\" stroke=\"#%06x\" stroke-width=\"%g\"%s points=\"", color,
          width, dashed ? " stroke-dasharray=\"3 3\"" : "");
    for (size_t i = 0; i < count; i++)
        print(svg, "%s%.6g,%.6g", i ? " " : "", points[i].x, points[i].y);
    print(svg, "\"/>\n");
}

static void draw_dot(struct pen *pen, struct point at, double radius, unsigned color)
{
    print((struct svg *)pen, "<circle cx=\"%.6g\" cy=\"%.6g\" r=\"%g\" fill=\"#%06x\"/>\n", at.x,
          at.y, radius, color);
}

static void draw_text(struct pen *pen, struct point at, struct lettering lettering,
                      const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    struct svg *svg = (struct svg *)pen;
    print(svg, "<text x=\"%.6g\" y=\"%.6g\" font-size=\"%g\" fill=\"#%06x\" text-anchor=\"%s\"%s>",
          at.x, at.y, lettering.size, lettering.color, anchors[lettering.anchor],
          lettering.bold ? " font-weight=\"600\"" : "");
    put_text(svg, text);
    print(svg, "</text>\n");
}

static bool finish(struct pen *pen, struct picture *picture)
{
    struct svg *svg = (struct svg *)pen;
    print(svg, "</g>\n</svg>\n");
    if (svg->failed)
        return false;
    *picture = svg->picture;
    svg->picture = (struct picture){0};
    return true;
}

static void release(struct pen *pen)
{
    struct svg *svg = (struct svg *)pen;
    free(svg->picture.bytes);
    free(svg);
}

struct pen *recur_pen_svg(struct point sheet, const char *title, char *why, size_t size)
{
    static const struct pen_kind kind = {draw_line, draw_dot, draw_text, finish, release};
    struct svg *svg = recur_try(1, sizeof *svg);
    if (!svg) {
        snprintf(why, size, "out of memory");
        return NULL;
    }
    svg->pen.kind = &kind;
    print(svg,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%g\" "
          "height=\"%g\" role=\"img\">\n<title>",
          sheet.x, sheet.y, sheet.x, sheet.y);
    put_text(svg, title);
    print(svg, "</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n");
    print(svg,
          "<g font-family=\"" FONTS "\" stroke-linejoin=\"round\" stroke-linecap=\"round\">\n");
    print(svg, "<style>text { paint-order: stroke; stroke: #ffffff; stroke-width: 3px }</style>\n");
    return &svg->pen;
}
