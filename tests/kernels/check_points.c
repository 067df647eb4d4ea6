/* The points of cells: vectors of their arithmetic that run beside products of bf16. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kernel_check.h"

enum { TRIALS = 200, ROWS_MAX = 80 };

/* A tile of a cell with all its numbers, each of its panels (rows, 32). */
struct recur_tile recur_make_tile(struct arrays *arrays, size_t rows, struct recur_rng *rng)
{
    struct recur_tile tile = {.n = rows * RECUR_LANES};
    real *panel[RECUR_POINT_SLOTS + 7];
    for (size_t i = 0; i < sizeof panel / sizeof *panel; i++) {
        panel[i] = arrays_take_reals(arrays, tile.n);
        scatter_reals(rng, panel[i], tile.n, 1);
    }
    for (size_t s = 0; s < RECUR_POINT_SLOTS; s++) {
        tile.slot[s] = panel[s];
        tile.slot_copy[s] = arrays_take(arrays, tile.n * sizeof *tile.slot_copy[s]);
    }
    tile.h_prev = panel[4];
    tile.c_prev = panel[5];
    tile.h = panel[6];
    tile.c = panel[7];
    tile.dh = panel[8];
    tile.dh_prev = panel[9];
    tile.dc = panel[10];
    tile.h_copy = arrays_take(arrays, tile.n * sizeof *tile.h_copy);
    return tile;
}

void recur_compare_tiles(const struct recur_tile *tile, const struct recur_tile *other)
{
    size_t bytes = tile->n * sizeof(real);
    for (size_t s = 0; s < RECUR_POINT_SLOTS; s++) {
        assert_memory_equal(tile->slot[s], other->slot[s], bytes);
        assert_memory_equal(tile->slot_copy[s], other->slot_copy[s], bytes / 2);
    }
    assert_memory_equal(tile->h, other->h, bytes);
    assert_memory_equal(tile->c, other->c, bytes);
    assert_memory_equal(tile->dh_prev, other->dh_prev, bytes);
    assert_memory_equal(tile->dc, other->dc, bytes);
    assert_memory_equal(tile->h_copy, other->h_copy, bytes / 2);
}

void recur_run_points(const struct recur_kernels *kernels, const struct recur_tile *tile,
                      recur_point *point)
{
    kernels->bf16_product_beside(NULL, 0, (struct recur_word_rows){NULL, NULL}, 0, NULL, 0, 0, 0, 0,
                                 NULL, 0, (struct recur_beside){tile, point});
}

/* A panel of bf16 in pairs of columns is `x` but for what rounding and estimates of functions take
 * from it. */
static void assert_near_copy(const char *what, const uint16_t *copy, const real *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_near(what, i, (real)bf16_value(copy[i], 0), (double)x[i],
                    0x1p-8 * fabs((double)x[i]) + 0x1p-11);
}

static void assert_near_panel(const char *what, const real *x, const real *wanted, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_near(what, i, x[i], (double)wanted[i], 0x1p-11);
}

/* The points of a cell compute about what its functions do. */
static void check_points(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    for (int trial = 0; trial < TRIALS && kernels->bf16_product_beside; trial++) {
        const struct recur_cell_kernels *cell =
            &kernels->cell[trial % 2 ? RECUR_CELL_LSTM : RECUR_CELL_GRU];
        bool backward = trial / 2 % 2;
        struct arrays arrays = {.count = 0}, others = {.count = 0};
        size_t rows = pick(rng, 1, ROWS_MAX);
        struct recur_rng again = *rng;
        struct recur_tile tile = recur_make_tile(&arrays, rows, &again);
        struct recur_tile other = recur_make_tile(&others, rows, rng);
        for (size_t s = 0; s < RECUR_POINT_SLOTS; s++) {
            kernels->bf16_pack_columns((uint32_t *)other.slot_copy[s], other.slot[s], rows);
            for (size_t i = 0; i < tile.n && backward; i++)
                tile.slot[s][i] = (real)bf16_value(other.slot_copy[s][i], 0);
        }
        (backward ? cell->backward : cell->forward)[0](&tile);
        recur_run_points(kernels, &other, backward ? cell->backward_point : cell->forward_point);
        for (size_t s = 0; s < RECUR_POINT_SLOTS; s++)
            assert_near_copy("slot", other.slot_copy[s], tile.slot[s], tile.n);
        assert_near_panel("h", other.h, tile.h, tile.n);
        assert_near_panel("c", other.c, tile.c, tile.n);
        assert_near_panel("dh'", other.dh_prev, tile.dh_prev, tile.n);
        assert_near_panel("dc", other.dc, tile.dc, tile.n);
        if (!backward)
            assert_near_copy("copy of h", other.h_copy, tile.h, tile.n);
        arrays_release(&arrays);
        arrays_release(&others);
    }
}

/* A number of any size, from whose bits `number` has the upper ones. */
static real real_of(uint32_t number)
{
    union {
        uint32_t bits;
        real value;
    } x = {number << 12 | 0x5a5};
    return x.value;
}

/* c = i g of an LSTM, where i, or else g, is 1: the function of the other gate, to c. */
static void run_function(const struct recur_kernels *kernels, const struct recur_tile *tile,
                         bool sigmoid, uint32_t first)
{
    memset(tile->slot[1], 0, tile->n * sizeof(real));
    memset((real *)tile->c_prev, 0, tile->n * sizeof(real));
    for (uint32_t i = 0; i < tile->n; i++) {
        tile->slot[sigmoid ? 0 : 2][i] = real_of(first + i);
        tile->slot[sigmoid ? 2 : 0][i] = 40;
    }
    recur_run_points(kernels, tile, kernels->cell[RECUR_CELL_LSTM].forward_point);
}

/* The functions of gates over all sizes of floats. */
static void check_near_functions(const struct recur_kernels *kernels, struct recur_rng *rng)
{
    struct arrays arrays = {.count = 0};
    struct recur_tile tile = recur_make_tile(&arrays, 32, rng);
    for (uint32_t first = 0; first < 1 << 20 && kernels->bf16_product_beside; first += 1024)
        for (int sigmoid = 0; sigmoid < 2; sigmoid++) {
            run_function(kernels, &tile, sigmoid, first);
            for (uint32_t i = 0; i < tile.n; i++) {
                double x = (double)real_of(first + i), exact = 1 / (1 + exp(-x));
                if (isnan(x))
                    assert_true(isnan(tile.c[i]));
                else if (sigmoid)
                    assert_near("sigmoid", i, tile.c[i], exact, 0x1.2p-14 * exact + 0x1p-126);
                else
                    assert_near("tanh", i, tile.c[i], tanh(x), 0x1p-18);
            }
        }
    arrays_release(&arrays);
}

const struct named_check recur_points_checks[] = {
    {"points", check_points},
    {"functions of points", check_near_functions},
    {NULL, NULL},
};
