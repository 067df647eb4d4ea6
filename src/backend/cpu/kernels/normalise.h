/* Layer normalisation (Ba, Kiros & Hinton 2016, equation 4): of the n numbers x of a line,
 *
 *     forward    m = mean(x)     s = 1 / sqrt(mean((x - m)^2) + e)
 *                x^ = (x - m) s                   y = gain x^ + bias
 *     backward   v = gain dy                      dx = s (v - mean(v) - x^ mean(v x^))
 *                dgain += dy x^                   dbias += dy
 *
 * e is PyTorch's. A mean sums the lanes of all panels from the first one up, then lane with lane;
 * on the way back each panel's lanes, then the panels from the first one up. Lanes that are not in
 * use are 0 in x, gain, bias and dy. */
#ifndef RECUR_BACKEND_CPU_KERNELS_NORMALISE_H
#define RECUR_BACKEND_CPU_KERNELS_NORMALISE_H

#include "backend/cpu/kernels/vmath.h"

#define EPSILON ((real)1e-5)

/* Walks a line, a vector at a time: panel s of unit panel u, of row r, from lane j on. Rows follow
 * one another in memory, so they turn before unit panels do. */
#define EACH_OF_LINE(line)                                                                         \
    for (size_t u = 0, units = recur_panels((line)->hidden); u < units; u++)                       \
        for (size_t r = 0; r < (line)->rows; r++)                                                  \
            for (unsigned s = 0; s < (line)->slots; s++)                                           \
                for (size_t j = 0; j < RECUR_LANES; j += VL)

#define OF_LINE(line) load((line)->x + u * (line)->unit + s * (line)->slot + r * RECUR_LANES + j)

/* 1 in the lanes that are in use, else 0. */
INLINE void set_used(real used[RECUR_LANES], size_t width)
{
    for (size_t j = 0; j < RECUR_LANES; j++)
        used[j] = j < width;
}

static void moments(const struct recur_line *line, struct recur_moments *to)
{
    _Alignas(64) real used[RECUR_LANES];
    vec sum[RECUR_LINE_ROWS] = {0}, squares[RECUR_LINE_ROWS] = {0};
    const real share = 1 / (real)(line->hidden * line->slots);
    const size_t last = recur_panels(line->hidden) - 1;
    set_used(used, recur_panel_width(line->hidden, last));
    EACH_OF_LINE(line) sum[r] += OF_LINE(line);
    for (size_t r = 0; r < line->rows; r++)
        to[r * RECUR_LINES_MAX].mean = reduce_sum(sum[r]) * share;
    EACH_OF_LINE(line)
    {
        vec x = OF_LINE(line) - to[r * RECUR_LINES_MAX].mean;
        squares[r] += u < last ? x * x : x * x * load(used + j);
    }
    for (size_t r = 0; r < line->rows; r++)
        to[r * RECUR_LINES_MAX].scale =
            1 / (real)sqrt((double)(reduce_sum(squares[r]) * share + EPSILON));
}

static void moments_backward(const struct recur_line *line, const struct recur_moments *moments,
                             struct recur_moments *to)
{
    for (size_t r = 0; r < line->rows; r++, moments += RECUR_LINES_MAX) {
        vec sum = {0}, products = {0};
        for (unsigned s = 0; s < line->slots; s++)
            for (size_t j = 0; j < RECUR_LANES; j += VL) {
                const size_t at = r * RECUR_LANES + j;
                vec x = load(line->x + s * line->slot + at);
                vec v = load(line->gain + s * RECUR_LANES + j) * load(line->gradient[s] + at);
                sum += v;
                products += v * ((x - moments->mean) * moments->scale);
            }
        to[r] = (struct recur_moments){reduce_sum(sum), reduce_sum(products)};
    }
}

#undef OF_LINE
#undef EACH_OF_LINE

/* Walks a tile, a vector at a time: number `at` of its panels, which is lane j of row r. */
#define EACH_OF_ROWS(tile)                                                                         \
    for (size_t r = 0; r < (tile)->n / RECUR_LANES; r++)                                           \
        for (size_t j = 0, at = r * RECUR_LANES; j < RECUR_LANES; j += VL, at += VL)

INLINE vec normal(const real *x, size_t at, const struct recur_moments *moments)
{
    return (load(x + at) - moments->mean) * moments->scale;
}

/* gain x^ + bias of a slot. */
INLINE vec scaled(const struct recur_normalised *own, unsigned slot, size_t j, vec x)
{
    return load(own->gain + slot * RECUR_LANES + j) * x + load(own->bias + slot * RECUR_LANES + j);
}

INLINE void increase(real *sum, vec by)
{
    store(sum, load(sum) + by);
}

/* Hands on the gradient of an argument, and adds it to that of the biases. */
INLINE void set_argument(const struct recur_normalised *own, unsigned argument, size_t at, vec da)
{
    store(own->argument[argument] + at, da);
    increase(own->bias_sum[argument] + at, da);
}

/* dx, where `da` is dy. */
INLINE vec through(const struct recur_normalised *own, unsigned slot, size_t j, vec da, vec x,
                   const struct recur_moments *moments, const struct recur_moments *back)
{
    vec v = load(own->gain + slot * RECUR_LANES + j) * da;
    return (v - back->mean - x * back->scale) * moments->scale;
}

static void normalise_backward(const struct recur_tile *tile, const struct recur_cell_kind *cell)
{
    const struct recur_normalised *own = tile->normalised;
    _Alignas(64) real used[RECUR_LANES];
    set_used(used, own->width);
    for (unsigned k = 0; k < cell->lines; k++)
        for (unsigned s = cell->line[k].first; s < cell->line[k].first + cell->line[k].slots; s++) {
            const real *da = own->argument[cell->argument[s]];
            if (s == cell->slots)
                break;
            EACH_OF_ROWS(tile)
            {
                const struct recur_moments *moments = own->moments + r * RECUR_LINES_MAX + k;
                const struct recur_moments *back = own->back + r * RECUR_LINES_MAX + k;
                vec x = normal(tile->slot[s], at, moments);
                store(tile->slot[s] + at,
                      through(own, s, j, load(da + at), x, moments, back) * load(used + j));
            }
        }
}

#endif
