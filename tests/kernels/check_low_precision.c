/* Products of bf16 and of 8-bit numbers, and the packing of floats into them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kernel_check.h"

/* MANY_ROWS is one more than a number of whole tiles, for any split into shares. */
enum { TRIALS = 200, PANELS_MAX = 5, WORDS_MAX = 150, ROWS_MAX = 80, MANY_ROWS = 1025 };

static uint32_t *take_words(struct arrays *arrays, size_t count)
{
    return arrays_take(arrays, count * sizeof(uint32_t));
}

/* A bf16 between 1/128 and 1, or its negative. */
static uint32_t pick_bf16(struct recur_rng *rng)
{
    return (uint32_t)pick(rng, 0x3c00, 0x3f80) | (uint32_t)pick(rng, 0, 1) << 15;
}

static uint32_t pick_pair(struct recur_rng *rng)
{
    return pick_bf16(rng) | pick_bf16(rng) << 16;
}

/* Four bytes around zero_point, the outermost ones more often than by chance. */
static uint32_t pick_four(struct recur_rng *rng, int32_t zero_point)
{
    uint32_t word = 0;
    for (int i = 0; i < 4; i++) {
        size_t any = pick(rng, 0, 300);
        int32_t byte = any > 254 ? (any % 2 ? 127 : -127) : (int32_t)any - 127;
        word |= ((uint32_t)(byte + zero_point) & 255) << 8 * i;
    }
    return word;
}

static double byte_value(uint32_t word, int i, int32_t zero_point)
{
    return zero_point ? (double)(word >> 8 * i & 255) : (double)(int8_t)(word >> 8 * i);
}

static double pair_product(uint32_t x, uint32_t w, double *size)
{
    double low = bf16_value(x, 0) * bf16_value(w, 0), high = bf16_value(x, 1) * bf16_value(w, 1);
    *size += fabs(low) + fabs(high);
    return low + high;
}

static double four_product(uint32_t x, uint32_t w, int32_t zero_point)
{
    double sum = 0;
    for (int i = 0; i < 4; i++)
        sum += byte_value(x, i, zero_point) * byte_value(w, i, 0);
    return sum;
}

/* A product's operands, and room for results of either type. */
struct operands {
    struct arrays arrays;
    bool bytes;
    int32_t zero_point; /* of bytes on the left */
    double roundoff;    /* of sums */
    size_t rows, k, panels, columns, steps, c_stride, w_stride;
    ptrdiff_t a_panel[WORDS_MAX];
    uint32_t *a, *w, *c, *before, *row;
};

static uint32_t *left_word(const struct operands *o, size_t r, size_t k)
{
    size_t panel = (size_t)o->a_panel[k / o->steps] * o->steps / RECUR_LANES;
    return o->a + panel + r * o->steps + k % o->steps;
}

static void make_operands(struct operands *o, size_t rows, struct recur_rng *rng)
{
    o->arrays.count = 0;
    o->rows = rows;
    o->k = pick(rng, 1, WORDS_MAX);
    o->panels = pick(rng, 1, PANELS_MAX);
    o->columns = pick_columns(rng);
    o->steps = o->bytes ? RECUR_LANES / 4 : RECUR_LANES / 2;
    o->c_stride = (o->rows + pick(rng, 0, 3)) * RECUR_LANES;
    o->w_stride = (o->k + pick(rng, 0, 3)) * RECUR_LANES;
    size_t a_panels = (o->k + o->steps - 1) / o->steps, a_stride = (o->rows + 1) * o->steps;
    o->a = take_words(&o->arrays, a_panels * a_stride);
    for (size_t i = 0; i < a_panels; i++)
        o->a_panel[i] = (ptrdiff_t)((a_panels - 1 - i) * (o->rows + 1) * RECUR_LANES);
    for (size_t r = 0; r < o->rows; r++)
        for (size_t k = 0; k < o->k; k++)
            *left_word(o, r, k) = o->bytes ? pick_four(rng, o->zero_point) : pick_pair(rng);
    o->w = take_words(&o->arrays, o->panels * o->w_stride);
    o->c = take_words(&o->arrays, o->panels * o->c_stride);
    o->before = take_words(&o->arrays, o->panels * o->c_stride);
    o->row = take_words(&o->arrays, o->panels * RECUR_LANES);
    for (size_t p = 0; p < o->panels; p++) {
        memset(o->w + p * o->w_stride, 0, o->k * RECUR_LANES * sizeof *o->w);
        for (size_t i = 0; i < o->k * o->columns; i++)
            o->w[p * o->w_stride + i / o->columns * RECUR_LANES + i % o->columns] =
                o->bytes ? pick_four(rng, 0) : pick_pair(rng);
    }
}

/* Fills the rows to add to; rows past the end keep their mark. */
static void set_results(struct operands *o, struct recur_rng *rng)
{
    for (size_t p = 0; p < o->panels; p++)
        for (size_t i = 0; i < o->rows * RECUR_LANES; i++) {
            if (o->bytes)
                o->c[p * o->c_stride + i] = (uint32_t)pick(rng, 0, 1000000);
            else
                ((real *)o->c)[p * o->c_stride + i] = pick_real(rng, 1);
        }
    memcpy(o->before, o->c, o->panels * o->c_stride * sizeof *o->c);
    memset(o->row, 0, o->panels * RECUR_LANES * sizeof *o->row);
    for (size_t i = 0; i < o->panels * RECUR_LANES; i++)
        if (i % RECUR_LANES >= o->columns)
            continue;
        else if (o->bytes)
            o->row[i] = (uint32_t)pick(rng, 0, 1000000);
        else
            ((real *)o->row)[i] = pick_real(rng, 1);
}

static double result_at(const uint32_t *c, size_t at, bool bytes)
{
    return bytes ? (double)((const int32_t *)c)[at] : (double)((const real *)c)[at];
}

static void compare(const struct operands *o, enum start start)
{
    for (size_t at = 0; at < o->panels * o->c_stride; at++) {
        size_t p = at / o->c_stride, r = at % o->c_stride / RECUR_LANES;
        if (r >= o->rows) {
            assert_int_equal(o->c[at], o->before[at]);
            continue;
        }
        double sum = start == ZERO ? 0
                     : start == ROW
                         ? result_at(o->row, p * RECUR_LANES + at % RECUR_LANES, o->bytes)
                         : result_at(o->before, at, o->bytes);
        double size = fabs(sum);
        for (size_t k = 0; k < o->k; k++) {
            uint32_t right = o->w[p * o->w_stride + k * RECUR_LANES + at % RECUR_LANES];
            uint32_t left = *left_word(o, r, k);
            sum += o->bytes ? four_product(left, right, o->zero_point)
                            : pair_product(left, right, &size);
        }
        double got = result_at(o->c, at, o->bytes);
        double tolerance = o->bytes ? 0 : (double)(2 * o->k + 1) * o->roundoff * size;
        if (!(fabs(got - sum) <= tolerance))
            fail_msg("c[%zu] is %.9g, expected %.9g +- %.2g", at, got, sum, tolerance);
    }
}

/* ARM's instruction rounds not to the nearest float but to the odd one of the two neighbours. */
static double bf16_roundoff(const struct recur_kernels *kernels)
{
    return strcmp(kernels->isa, "neonbf16") ? U : 2 * U;
}

/* c = the product of `rows` rows of o->a, from `a` on, added to where sums start. */
static void multiply(const struct recur_kernels *kernels, const struct operands *o, uint32_t *c,
                     const uint32_t *a, size_t rows, enum start start)
{
    const uint32_t *from = start == ZERO ? NULL : start == ROW ? o->row : c;
    struct recur_word_rows left = {a, o->a_panel};
    if (o->bytes)
        kernels->int8_product((int32_t *)c, o->c_stride, left, o->k, o->w, o->w_stride, o->panels,
                              o->columns, rows, (const int32_t *)from);
    else
        kernels->bf16_product((real *)c, o->c_stride, left, o->k, o->w, o->w_stride, o->panels,
                              o->columns, rows, (const real *)from);
}

/* Computes one row alone: to the bits that it has among others. */
static void compare_alone(const struct recur_kernels *kernels, const struct operands *o,
                          enum start start, size_t row)
{
    uint32_t *alone = o->before + row * RECUR_LANES;
    multiply(kernels, o, alone, o->a + row * o->steps, 1, start);
    for (size_t p = 0; p < o->panels; p++)
        assert_memory_equal(alone + p * o->c_stride, o->c + p * o->c_stride + row * RECUR_LANES,
                            RECUR_LANES * sizeof *alone);
}

static void check_low_precision_product(const struct recur_kernels *kernels, struct recur_rng *rng,
                                        bool bytes)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct operands o = {.bytes = bytes,
                             .zero_point = kernels->int8_zero_point,
                             .roundoff = bf16_roundoff(kernels)};
        enum start start = (enum start)(trial % STARTS);
        make_operands(&o, trial ? pick(rng, 1, ROWS_MAX) : MANY_ROWS, rng);
        set_results(&o, rng);
        multiply(kernels, &o, o.c, o.a, o.rows, start);
        compare(&o, start);
        compare_alone(kernels, &o, start, pick(rng, 0, o.rows - 1));
        arrays_release(&o.arrays);
    }
}

static void check_bf16_product(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    check_low_precision_product(kernels, rng, false);
}

/* A product and a cell beside it give the bits that they give one after the other. */
static void check_bf16_product_beside(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS && kernels->bf16_product_beside; trial++) {
        enum recur_cell cell = trial % 2 ? RECUR_CELL_LSTM : RECUR_CELL_GRU;
        recur_point *point =
            trial / 2 % 2 ? kernels->cell[cell].backward_point : kernels->cell[cell].forward_point;
        struct operands o = {.roundoff = bf16_roundoff(kernels)};
        struct arrays arrays = {.count = 0}, others = {.count = 0};
        size_t rows = pick(rng, 1, ROWS_MAX);
        struct recur_rng again = *rng;
        struct recur_tile tile = recur_make_tile(&arrays, rows, &again);
        struct recur_tile other = recur_make_tile(&others, rows, rng);
        make_operands(&o, pick(rng, 1, ROWS_MAX), rng);
        set_results(&o, rng);
        kernels->bf16_product_beside((real *)o.c, o.c_stride,
                                     (struct recur_word_rows){o.a, o.a_panel}, o.k, o.w, o.w_stride,
                                     o.panels, o.columns, o.rows, (real *)o.c, o.c_stride,
                                     (struct recur_beside){&other, point});
        recur_run_points(kernels, &tile, point);
        compare(&o, SELF);
        recur_compare_tiles(&tile, &other);
        arrays_release(&arrays);
        arrays_release(&others);
        arrays_release(&o.arrays);
    }
}

/* Sums of integers are exact. */
static void check_int8_product(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    check_low_precision_product(kernels, rng, true);
}

/* The left operand is packed by the table, because each chooses its layout. */
static void check_bf16_outer(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct arrays arrays = {.count = 0};
        bool accumulate = trial % 2;
        size_t rows = trial < 2 ? 0 : pick(rng, 1, 600), height = pick(rng, 1, RECUR_LANES);
        size_t columns = pick_columns(rng), words = (rows + 1) / 2;
        size_t room = recur_panels(rows) * RECUR_LANES * RECUR_LANES / 2;
        real *x = arrays_take_reals(&arrays, rows * RECUR_LANES);
        uint32_t *a = take_words(&arrays, room), *pairs = take_words(&arrays, words * RECUR_LANES);
        uint32_t *b = take_words(&arrays, words * RECUR_LANES);
        uint32_t *packed = take_words(&arrays, rows * RECUR_LANES / 2);
        real *c = arrays_take_reals(&arrays, height * RECUR_LANES);
        real before[RECUR_LANES * RECUR_LANES] = {0};
        scatter_reals(rng, x, rows * RECUR_LANES, 1);
        for (size_t i = 0; i < words * RECUR_LANES; i++)
            b[i] = i % RECUR_LANES < columns ? pick_pair(rng) : 0;
        if (accumulate) {
            scatter_reals(rng, c, height * RECUR_LANES, 1);
            memcpy(before, c, height * RECUR_LANES * sizeof *c);
        }
        kernels->bf16_pack_columns(packed, x, rows);
        kernels->bf16_pair_left(a, packed, rows);
        kernels->bf16_pack_rows(pairs, x, rows);
        kernels->bf16_outer(c, a, height, b, columns, words, accumulate);
        for (size_t i = 0; i < height * RECUR_LANES; i++) {
            double sum = (double)before[i], size = fabs(sum);
            for (size_t r = 0; r < words; r++)
                sum += pair_product(pairs[r * RECUR_LANES + i / RECUR_LANES],
                                    b[r * RECUR_LANES + i % RECUR_LANES], &size);
            double tolerance = (double)(2 * words + 1) * bf16_roundoff(kernels) * size;
            assert_near("c", i, c[i], sum, tolerance);
        }
        arrays_release(&arrays);
    }
}

/* The nearer of the two bf16 around x; if both are equally near, the even one. */
static uint32_t nearest_bf16(real x)
{
    union {
        real value;
        uint32_t bits;
    } y = {x};
    uint32_t low = y.bits >> 16;
    double below = bf16_value(low, 0), above = bf16_value(low + 1, 0);
    if (isinf(above)) /* as if there were one more exponent */
        above = copysign(0x1p128, above);
    double down = fabs((double)x - below), up = fabs(above - (double)x);
    return down < up || (down == up && low % 2 == 0) ? low : low + 1;
}

static real any_real(struct recur_rng *rng)
{
    static const real corners[] = {0,
                                   -0.0F,
                                   1,
                                   0x1.01p0F,
                                   0x1.03p0F,
                                   0x1.fffffep127F,
                                   -0x1.fffffep127F,
                                   0x1.fefffep127F,
                                   0x1p-126F,
                                   0x1.00fffep0F,
                                   0x1.010002p0F};
    size_t which = pick(rng, 0, 3 * sizeof corners / sizeof *corners);
    return which < sizeof corners / sizeof *corners ? corners[which]
                                                    : pick_real(rng, ldexp(1, (int)which));
}

static void check_bf16_packs(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct arrays arrays = {.count = 0};
        size_t rows = pick(rng, 1, ROWS_MAX);
        real *x = arrays_take_reals(&arrays, rows * RECUR_LANES);
        uint32_t *by_rows = take_words(&arrays, (rows + 1) / 2 * RECUR_LANES);
        uint32_t *by_columns = take_words(&arrays, rows * RECUR_LANES / 2);
        for (size_t i = 0; i < rows * RECUR_LANES; i++)
            x[i] = any_real(rng);
        kernels->bf16_pack_rows(by_rows, x, rows);
        kernels->bf16_pack_columns(by_columns, x, rows);
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < RECUR_LANES; i++) {
                uint32_t wanted = nearest_bf16(x[r * RECUR_LANES + i]);
                uint32_t row_word = by_rows[r / 2 * RECUR_LANES + i];
                assert_int_equal(r % 2 ? row_word >> 16 : row_word & 0xffff, wanted);
                uint32_t column_word = by_columns[(r * RECUR_LANES + i) / 2];
                assert_int_equal(i % 2 ? column_word >> 16 : column_word & 0xffff, wanted);
                if (r == rows - 1 && rows % 2)
                    assert_int_equal(row_word >> 16, 0);
            }
        arrays_release(&arrays);
    }
}

/* What is made of numbers that are packed in pairs of columns. */
static void check_bf16_packed(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        enum { IDS = 5 };
        struct arrays arrays = {.count = 0};
        size_t rows = trial ? pick(rng, 1, ROWS_MAX) : 0, n = rows * RECUR_LANES;
        real *x = arrays_take_reals(&arrays, n), *sum = arrays_take_reals(&arrays, RECUR_LANES);
        real *table = arrays_take_reals(&arrays, IDS * RECUR_LANES);
        uint32_t *packed = take_words(&arrays, n / 2), *exact = take_words(&arrays, n);
        uint32_t *pairs = take_words(&arrays, (rows + 1) / 2 * RECUR_LANES);
        int32_t *ids = arrays_take(&arrays, rows * sizeof *ids);
        double sums[RECUR_LANES] = {0}, places[IDS * RECUR_LANES] = {0};
        scatter_reals(rng, x, n, 1);
        memset(table, 0, IDS * RECUR_LANES * sizeof *table);
        for (size_t r = 0; r < rows; r++)
            ids[r] = (int32_t)pick(rng, 0, IDS - 1);
        kernels->bf16_pack_columns(packed, x, rows);
        kernels->bf16_pack_rows(exact, x, rows);
        kernels->bf16_pair_rows(pairs, packed, rows);
        assert_memory_equal(pairs, exact, (rows + 1) / 2 * RECUR_LANES * sizeof *pairs);
        kernels->bf16_column_sum(sum, packed, rows);
        kernels->bf16_scatter_add(table, ids, packed, rows);
        for (size_t i = 0; i < n; i++) {
            double value = bf16_value(packed[i / 2], i % 2);
            sums[i % RECUR_LANES] += value;
            places[(size_t)ids[i / RECUR_LANES] * RECUR_LANES + i % RECUR_LANES] += value;
        }
        for (size_t i = 0; i < RECUR_LANES; i++)
            assert_near("sum", i, sum[i], sums[i], (double)(rows * rows) * U);
        for (size_t i = 0; i < IDS * RECUR_LANES; i++)
            assert_near("table", i, table[i], places[i], (double)(rows * rows) * U);
        arrays_release(&arrays);
    }
}

static void check_bf16_not_finite(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    (void)rng;
    union {
        uint32_t bits[RECUR_LANES];
        real value[RECUR_LANES];
    } x = {{0x7f800000, 0xff800000, 0x7fffffff, 0xffffffff, 0x7f800001, 0x7fc00000}};
    _Alignas(64) real row[RECUR_LANES];
    _Alignas(64) uint32_t packed[RECUR_LANES / 2];
    memcpy(row, x.value, sizeof row);
    kernels->bf16_pack_columns(packed, row, 1);
    assert_int_equal(packed[0], 0xff807f80);
    for (size_t i = 2; i < 6; i++)
        assert_true(isnan(bf16_value(packed[i / 2], i % 2)));
}

static void check_bf16_transpose(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    struct arrays arrays = {.count = 0};
    real *w = arrays_take_reals(&arrays, RECUR_LANES * RECUR_LANES);
    uint32_t *t = take_words(&arrays, RECUR_LANES * RECUR_LANES / 2);
    scatter_reals(rng, w, RECUR_LANES * RECUR_LANES, 1);
    kernels->bf16_transpose(t, w);
    for (size_t i = 0; i < RECUR_LANES; i++)
        for (size_t j = 0; j < RECUR_LANES; j++) {
            uint32_t word = t[j / 2 * RECUR_LANES + i];
            assert_int_equal(j % 2 ? word >> 16 : word & 0xffff,
                             nearest_bf16(w[i * RECUR_LANES + j]));
        }
    arrays_release(&arrays);
}

static void check_int8_ends(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        struct arrays arrays = {.count = 0};
        size_t rows = pick(rng, 1, 3), n = rows * RECUR_LANES;
        real *x = arrays_take_reals(&arrays, n), scale = (real)pick(rng, 1, 130);
        uint32_t *packed = take_words(&arrays, n / 4);
        scatter_reals(rng, x, n, trial % 3 ? 1 : 3);
        kernels->int8_pack_columns(packed, x, rows, scale);
        for (size_t i = 0; i < n; i++) {
            double wanted = fmax(-127, fmin(127, (double)x[i] * (double)scale));
            int32_t zero_point = kernels->int8_zero_point;
            double got = byte_value(packed[i / 4], (int)(i % 4), zero_point) - (double)zero_point;
            assert_true(fabs(got - wanted) <= 0.5001);
        }
        real *c = arrays_take_reals(&arrays, n), *each = arrays_take_reals(&arrays, RECUR_LANES);
        int32_t *sum = arrays_take(&arrays, n * sizeof *sum);
        int32_t *offset = arrays_take(&arrays, RECUR_LANES * sizeof *offset);
        scatter_reals(rng, each, RECUR_LANES, 1);
        for (size_t i = 0; i < RECUR_LANES; i++)
            offset[i] = (int32_t)pick(rng, 0, 2000000) - 1000000;
        for (size_t i = 0; i < n; i++) {
            c[i] = 1;
            sum[i] = (int32_t)pick(rng, 0, 2000000) - 1000000;
        }
        kernels->int8_add(c, sum, offset, each, scale, rows);
        for (size_t i = 0; i < n; i++) {
            size_t lane = i % RECUR_LANES;
            double term = (double)(sum[i] - offset[lane]) * (double)each[lane] * (double)scale;
            assert_near("c", i, c[i], 1 + term, 4 * U * (1 + fabs(term)));
        }
        arrays_release(&arrays);
    }
}

/* How fast is measured nowhere in the tests; here every table has the instructions that it runs. */
static void check_peaks(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    (void)rng;
    assert_true(kernels->peak() > 0);
    assert_true(kernels->bf16_peak() > 0);
    assert_true(kernels->int8_peak() > 0);
}

const struct named_check recur_low_precision_checks[] = {
    {"bf16_product", check_bf16_product},
    {"bf16_product_beside", check_bf16_product_beside},
    {"bf16_outer", check_bf16_outer},
    {"bf16_pack", check_bf16_packs},
    {"bf16, packed", check_bf16_packed},
    {"bf16_pack, not finite", check_bf16_not_finite},
    {"bf16_transpose", check_bf16_transpose},
    {"int8_product", check_int8_product},
    {"int8_pack and int8_add", check_int8_ends},
    {"peaks", check_peaks},
    {NULL, NULL},
};
