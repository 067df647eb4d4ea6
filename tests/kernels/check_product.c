/* Products, sums of rows, look-ups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kernel_check.h"

enum { TRIALS = 300, PANELS_MAX = 5, DEPTH_MAX = 100, ROWS_MAX = 35 };

/* A product's operands: A in panels that lie in any order with room between them. */
struct operands {
    struct arrays arrays;
    size_t rows, k, panels, columns, a_stride, c_stride, w_stride;
    ptrdiff_t a_panel[(DEPTH_MAX + RECUR_LANES - 1) / RECUR_LANES];
    real *a, *w, *c, *before, *row;
};

static void make_left(struct operands *o, struct recur_rng *rng)
{
    size_t panels = recur_panels(o->k);
    o->a = arrays_take_reals(&o->arrays, panels * o->a_stride);
    for (size_t i = 0; i < panels; i++)
        o->a_panel[i] = (ptrdiff_t)(i * o->a_stride);
    for (size_t i = panels; i > 1; i--) {
        size_t other = pick(rng, 0, i - 1);
        ptrdiff_t moved = o->a_panel[other];
        o->a_panel[other] = o->a_panel[i - 1];
        o->a_panel[i - 1] = moved;
    }
    for (size_t r = 0; r < o->rows; r++)
        for (size_t k = 0; k < o->k; k++)
            o->a[o->a_panel[k / RECUR_LANES] + (ptrdiff_t)(r * RECUR_LANES + k % RECUR_LANES)] =
                pick_real(rng, 1);
}

static const real *start_of(const struct operands *o, enum start start)
{
    return start == ZERO ? NULL : start == ROW ? o->row : o->c;
}

static void make_operands(struct operands *o, struct recur_rng *rng, enum start start)
{
    o->arrays.count = 0;
    o->rows = pick(rng, 1, ROWS_MAX);
    o->k = pick(rng, 1, DEPTH_MAX);
    o->panels = pick(rng, 1, PANELS_MAX);
    o->columns = pick_columns(rng);
    o->a_stride = (o->rows + pick(rng, 0, 3)) * RECUR_LANES;
    o->c_stride = (o->rows + pick(rng, 0, 3)) * RECUR_LANES;
    o->w_stride = (o->k + pick(rng, 0, 3)) * RECUR_LANES;
    make_left(o, rng);
    o->w = arrays_take_reals(&o->arrays, o->panels * o->w_stride);
    o->c = arrays_take_reals(&o->arrays, o->panels * o->c_stride);
    o->before = arrays_take_reals(&o->arrays, o->panels * o->c_stride);
    o->row = arrays_take_reals(&o->arrays, o->panels * RECUR_LANES);
    memset(o->row, 0, o->panels * RECUR_LANES * sizeof *o->row);
    for (size_t p = 0; p < o->panels; p++) {
        memset(o->w + p * o->w_stride, 0, o->k * RECUR_LANES * sizeof *o->w);
        for (size_t k = 0; k < o->k; k++)
            scatter_reals(rng, o->w + p * o->w_stride + k * RECUR_LANES, o->columns, 1);
        scatter_reals(rng, o->row + p * RECUR_LANES, o->columns, 1);
        if (start == SELF)
            scatter_reals(rng, o->c + p * o->c_stride, o->rows * RECUR_LANES, 1);
    }
    memcpy(o->before, o->c, o->panels * o->c_stride * sizeof *o->c);
}

static void compare_product(const struct operands *o, enum start start)
{
    for (size_t p = 0; p < o->panels; p++)
        for (size_t at = 0; at < o->c_stride; at++) {
            size_t r = at / RECUR_LANES, place = p * o->c_stride + at;
            if (r >= o->rows) {
                assert_memory_equal(&o->c[place], &o->before[place], sizeof *o->c);
                continue;
            }
            double sum = start == ZERO  ? 0
                         : start == ROW ? (double)o->row[p * RECUR_LANES + at % RECUR_LANES]
                                        : (double)o->before[place];
            double size = fabs(sum);
            for (size_t k = 0; k < o->k; k++) {
                ptrdiff_t column = (ptrdiff_t)(r * RECUR_LANES + k % RECUR_LANES);
                double term = (double)o->a[o->a_panel[k / RECUR_LANES] + column] *
                              (double)o->w[p * o->w_stride + k * RECUR_LANES + at % RECUR_LANES];
                sum += term;
                size += fabs(term);
            }
            assert_near("c", place, o->c[place], sum, (double)(o->k + 1) * U * size);
        }
}

static void multiply(const struct recur_kernels *kernels, struct operands *o, enum start start,
                     bool far)
{
    (far ? kernels->product_far
         : kernels->product)(o->c, o->c_stride, (struct recur_rows){o->a, o->a_panel}, o->k, o->w,
                             o->w_stride, o->panels, o->columns, o->rows, start_of(o, start));
}

static void check_product(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct operands o;
        enum start start = (enum start)(trial % STARTS);
        make_operands(&o, rng, start);
        multiply(kernels, &o, start, trial % 2);
        compare_product(&o, start);
        arrays_release(&o.arrays);
    }
}

/* Row by row, panel by panel or all at once, the bits are the same. */
static void check_product_split(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct operands o;
        enum start start = (enum start)(trial % STARTS);
        make_operands(&o, rng, start);
        multiply(kernels, &o, start, trial % 2);
        real *whole = arrays_take_reals(&o.arrays, o.panels * o.c_stride);
        size_t bytes = o.panels * o.c_stride * sizeof *whole;
        memcpy(whole, o.c, bytes);
        memcpy(o.c, o.before, bytes);
        size_t height = pick(rng, 1, 3);
        for (size_t p = 0; p < o.panels; p++)
            for (size_t r = 0; r < o.rows; r += height) {
                real *c = o.c + p * o.c_stride + r * RECUR_LANES;
                const real *from = start == ZERO  ? NULL
                                   : start == ROW ? o.row + p * RECUR_LANES
                                                  : c;
                kernels->product(c, o.c_stride,
                                 (struct recur_rows){o.a + r * RECUR_LANES, o.a_panel}, o.k,
                                 o.w + p * o.w_stride, o.w_stride, 1, o.columns,
                                 o.rows - r < height ? o.rows - r : height, from);
            }
        assert_memory_equal(o.c, whole, bytes);
        arrays_release(&o.arrays);
    }
}

static void check_outer(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct arrays arrays = {.count = 0};
        bool accumulate = trial % 2;
        size_t rows = trial < 2 ? 0 : pick(rng, 1, 300), height = pick(rng, 1, RECUR_LANES);
        size_t columns = pick_columns(rng);
        real *a = arrays_take_reals(&arrays, rows * RECUR_LANES);
        real *b = arrays_take_reals(&arrays, rows * RECUR_LANES);
        real *c = arrays_take_reals(&arrays, height * RECUR_LANES);
        real before[RECUR_LANES * RECUR_LANES] = {0};
        memset(b, 0, rows * RECUR_LANES * sizeof *b);
        for (size_t r = 0; r < rows; r++) {
            scatter_reals(rng, a + r * RECUR_LANES, height, 1);
            scatter_reals(rng, b + r * RECUR_LANES, columns, 1);
        }
        if (accumulate) {
            scatter_reals(rng, c, height * RECUR_LANES, 1);
            memcpy(before, c, height * RECUR_LANES * sizeof *c);
        }
        kernels->outer(c, a, height, b, columns, rows, accumulate);
        for (size_t i = 0; i < height * RECUR_LANES; i++) {
            double sum = (double)before[i], size = fabs(sum);
            for (size_t r = 0; r < rows; r++) {
                double term = (double)a[r * RECUR_LANES + i / RECUR_LANES] *
                              (double)b[r * RECUR_LANES + i % RECUR_LANES];
                sum += term;
                size += fabs(term);
            }
            assert_near("c", i, c[i], sum, (double)(rows + 1) * U * size);
        }
        arrays_release(&arrays);
    }
}

static void check_column_sum(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct arrays arrays = {.count = 0};
        size_t rows = trial ? pick(rng, 1, 300) : 0;
        real *b = arrays_take_reals(&arrays, rows * RECUR_LANES);
        real *c = arrays_take_reals(&arrays, RECUR_LANES);
        scatter_reals(rng, b, rows * RECUR_LANES, 1);
        kernels->column_sum(c, b, rows);
        for (size_t i = 0; i < RECUR_LANES; i++) {
            double sum = 0, size = 0;
            for (size_t r = 0; r < rows; r++) {
                sum += (double)b[r * RECUR_LANES + i];
                size += fabs((double)b[r * RECUR_LANES + i]);
            }
            assert_near("c", i, c[i], sum, (double)rows * U * size);
        }
        arrays_release(&arrays);
    }
}

/* A table (V, 32), ids into it and rows (rows, 32). */
struct look_up {
    struct arrays arrays;
    size_t rows, entries;
    real *table, *bias, *z;
    int32_t *ids;
};

static void make_look_up(struct look_up *l, struct recur_rng *rng)
{
    l->arrays.count = 0;
    l->rows = pick(rng, 1, ROWS_MAX);
    l->entries = pick(rng, 1, 20);
    l->table = arrays_take_reals(&l->arrays, l->entries * RECUR_LANES);
    l->bias = arrays_take_reals(&l->arrays, RECUR_LANES);
    l->z = arrays_take_reals(&l->arrays, l->rows * RECUR_LANES);
    l->ids = arrays_take(&l->arrays, l->rows * sizeof *l->ids);
    scatter_reals(rng, l->table, l->entries * RECUR_LANES, 1);
    scatter_reals(rng, l->bias, RECUR_LANES, 1);
    for (size_t r = 0; r < l->rows; r++)
        l->ids[r] = (int32_t)pick(rng, 0, l->entries - 1);
}

/* One addition or none, so the result is exact. */
static void check_fill_gather(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct look_up l;
        make_look_up(&l, rng);
        kernels->fill(l.z, l.bias, l.rows);
        for (size_t i = 0; i < l.rows * RECUR_LANES; i++)
            assert_true(l.z[i] == l.bias[i % RECUR_LANES]);
        kernels->gather(l.z, l.table, l.ids, trial % 2 ? l.bias : NULL, l.rows);
        for (size_t i = 0; i < l.rows * RECUR_LANES; i++) {
            real entry = l.table[(size_t)l.ids[i / RECUR_LANES] * RECUR_LANES + i % RECUR_LANES];
            assert_true(l.z[i] == (trial % 2 ? entry + l.bias[i % RECUR_LANES] : entry));
        }
        arrays_release(&l.arrays);
    }
}

/* Additions in one order, so the result is exact even where tokens come more than once. */
static void check_scatter_add(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct look_up l;
        make_look_up(&l, rng);
        size_t numbers = l.entries * RECUR_LANES;
        real *wanted = arrays_take_reals(&l.arrays, numbers);
        memcpy(wanted, l.table, numbers * sizeof *wanted);
        scatter_reals(rng, l.z, l.rows * RECUR_LANES, 1);
        for (size_t i = 0; i < l.rows * RECUR_LANES; i++)
            wanted[(size_t)l.ids[i / RECUR_LANES] * RECUR_LANES + i % RECUR_LANES] += l.z[i];
        kernels->scatter_add(l.table, l.ids, l.z, l.rows);
        assert_memory_equal(l.table, wanted, numbers * sizeof *wanted);
        arrays_release(&l.arrays);
    }
}

static void check_transpose(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    struct arrays arrays = {.count = 0};
    real *t = arrays_take_reals(&arrays, RECUR_LANES * RECUR_LANES);
    real *w = arrays_take_reals(&arrays, RECUR_LANES * RECUR_LANES);
    scatter_reals(rng, w, RECUR_LANES * RECUR_LANES, 1);
    kernels->transpose(t, w);
    for (size_t i = 0; i < RECUR_LANES; i++)
        for (size_t j = 0; j < RECUR_LANES; j++)
            assert_true(t[i * RECUR_LANES + j] == w[j * RECUR_LANES + i]);
    arrays_release(&arrays);
}

const struct named_check recur_product_checks[] = {
    {"product", check_product},
    {"product in pieces", check_product_split},
    {"outer", check_outer},
    {"column_sum", check_column_sum},
    {"fill and gather", check_fill_gather},
    {"scatter_add", check_scatter_add},
    {"transpose", check_transpose},
    {NULL, NULL},
};
