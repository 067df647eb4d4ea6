/* What pictures are drawn with: lines, dots and text, on a white sheet, in points from its upper
 * left corner. One kind writes SVG, whose text stays text, another a PNG by cairo. */
#ifndef RECUR_CLI_PLOT_PEN_H
#define RECUR_CLI_PLOT_PEN_H

#include <stdbool.h>
#include <stddef.h>

struct point {
    double x, y;
};

/* Which end of a text stands at its point. */
enum anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

struct lettering {
    double size;
    unsigned color; /* 0xRRGGBB */
    enum anchor anchor;
    bool bold;
};

/* A picture's bytes, once they are collected. */
struct picture {
    unsigned char *bytes;
    size_t size, capacity;
};

struct pen;
struct pen_kind {
    void (*line)(struct pen *pen, const struct point *points, size_t count, unsigned color,
                 double width, bool dashed);
    void (*dot)(struct pen *pen, struct point at, double radius, unsigned color);
    /* UTF-8 without control characters, with a white edge that parts it from what it stands on. */
    void (*text)(struct pen *pen, struct point at, struct lettering lettering, const char *text);
    /* Hands out the picture, which then belongs to the caller: free(bytes). False where it could
     * not be drawn. */
    bool (*finish)(struct pen *pen, struct picture *picture);
    void (*free)(struct pen *pen);
};

struct pen {
    const struct pen_kind *kind;
};

/* Pens for a sheet of that size; `title` says what is on it to those who cannot see it. NULL where
 * there is none: `why`, of `size` bytes, then says why. */
typedef struct pen *pen_maker(struct point sheet, const char *title, char *why, size_t size);
pen_maker recur_pen_svg, recur_pen_png;

/* Does this build have the pen for PNGs? */
bool recur_pen_has_png(void);

#endif
