/* A pen draws pictures: lines, dots and text on a white sheet, in points from the upper left
 * corner. One kind writes SVG, where text stays text; the other writes a PNG with cairo. */
#ifndef RECUR_CLI_PLOT_PEN_H
#define RECUR_CLI_PLOT_PEN_H

#include <stdbool.h>
#include <stddef.h>

struct point {
    double x, y;
};

/* The part of a text that is at its point. */
enum anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

struct lettering {
    double size;
    unsigned color; /* 0xRRGGBB */
    enum anchor anchor;
    bool bold;
};

/* The bytes of a finished picture. */
struct picture {
    unsigned char *bytes;
    size_t size, capacity;
};

struct pen;
struct pen_kind {
    void (*line)(struct pen *pen, const struct point *points, size_t count, unsigned color,
                 double width, bool dashed);
    void (*dot)(struct pen *pen, struct point at, double radius, unsigned color);
    /* Draws UTF-8 without control characters, with a white edge that separates it from the
     * background. */
    void (*text)(struct pen *pen, struct point at, struct lettering lettering, const char *text);
    /* Finishes the picture, which then belongs to the caller: free(bytes). False where it could not
     * be drawn. */
    bool (*finish)(struct pen *pen, struct picture *picture);
    void (*free)(struct pen *pen);
};

struct pen {
    const struct pen_kind *kind;
};

/* Makes a pen for a sheet of that size. `title` describes the picture to people who cannot see it.
 * On failure returns NULL and puts the reason into `why`, of `size` bytes. */
typedef struct pen *pen_maker(struct point sheet, const char *title, char *why, size_t size);
pen_maker recur_pen_svg, recur_pen_png;

/* Does this build have a pen for PNG? */
bool recur_pen_has_png(void);

#endif
