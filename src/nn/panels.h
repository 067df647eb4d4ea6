/* Panels store every matrix and every activation: a panel is RECUR_LANES columns. An array
 * (rows, C) is ceil(C / 32) panels, each (rows, 32), row-major, 64-byte aligned; the unused lanes
 * of the last one are zero. Units of a layer stand in the lanes, so a product walks a panel of
 * weights (K, 32) once from front to back, for any number of rows.
 *
 *     columns  0 .. 31     32 .. 63
 *     row 0    [........]  [........]
 *     row 1    [........]  [........]
 *      ...     panel 0     panel 1 */
#ifndef RECUR_NN_PANELS_H
#define RECUR_NN_PANELS_H

#include <stddef.h>

#define RECUR_LANES 32 /* of every panel, on every instruction set */

static inline size_t recur_panels(size_t columns)
{
    return columns / RECUR_LANES + (columns % RECUR_LANES != 0);
}

/* Columns in use of panel number `panel` of an array (rows, columns). */
static inline size_t recur_panel_width(size_t columns, size_t panel)
{
    size_t left = columns - panel * RECUR_LANES;
    return left < RECUR_LANES ? left : RECUR_LANES;
}

#endif
