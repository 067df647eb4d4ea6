/* What the checks of the kernels share: arrays with guards, random numbers that can be replayed,
 * and the table of checks. Include cmocka first.
 *
 * A check runs one kernel of one instruction set against plain loops in double precision. U is the
 * unit roundoff of a float: a sum of n products errs by at most n U times the sum of the products'
 * magnitudes, in any order of the sum and with multiply-adds fused or not. */
#ifndef RECUR_TESTS_KERNEL_CHECK_H
#define RECUR_TESTS_KERNEL_CHECK_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/kernels/kernels.h"
#include "base/rng.h"

#define U 0x1p-24

enum { GUARD = 256, ARRAYS_MAX = 16 };

/* What the sums of a product begin with: nothing, a row for each panel, what stands there. */
enum start { ZERO, ROW, SELF, STARTS };

/* The arrays of one trial. Every byte of a fresh array is 0xff, and so are the guards before and
 * behind it: as floats they are NaNs, so the result shows where a kernel has read outside the
 * array. */
struct arrays {
    unsigned char *block[ARRAYS_MAX];
    size_t bytes[ARRAYS_MAX], count;
};

static inline void *arrays_take(struct arrays *arrays, size_t bytes)
{
    size_t rounded = (bytes + 2 * GUARD + 63) / 64 * 64;
    unsigned char *block = aligned_alloc(64, rounded);
    assert_non_null(block);
    assert_in_range(arrays->count, 0, ARRAYS_MAX - 1);
    memset(block, 0xff, rounded);
    arrays->block[arrays->count] = block;
    arrays->bytes[arrays->count++] = bytes;
    return block + GUARD;
}

static inline real *arrays_take_reals(struct arrays *arrays, size_t count)
{
    return arrays_take(arrays, count * sizeof(real));
}

/* Checks all guards and releases the arrays. */
static inline void arrays_release(struct arrays *arrays)
{
    for (size_t i = 0; i < arrays->count; i++) {
        for (size_t j = 0; j < GUARD; j++) {
            if (arrays->block[i][j] != 0xff)
                fail_msg("array %zu: %zu bytes before it were written", i, GUARD - j);
            if (arrays->block[i][GUARD + arrays->bytes[i] + j] != 0xff)
                fail_msg("array %zu: byte %zu behind it was written", i, j);
        }
        free(arrays->block[i]);
    }
    arrays->count = 0;
}

static inline size_t pick(struct recur_rng *rng, size_t low, size_t high)
{
    return low + (size_t)recur_rng_below(rng, high - low + 1);
}

/* How many columns of a panel are in use: all of them in half of the cases. */
static inline size_t pick_columns(struct recur_rng *rng)
{
    return pick(rng, 0, 1) ? RECUR_LANES : pick(rng, 1, RECUR_LANES);
}

static inline real pick_real(struct recur_rng *rng, double spread)
{
    return (real)(spread * (2 * recur_rng_uniform(rng) - 1));
}

static inline void scatter_reals(struct recur_rng *rng, real *x, size_t count, double spread)
{
    for (size_t i = 0; i < count; i++)
        x[i] = pick_real(rng, spread);
}

/* The first or the second bf16 of a word. */
static inline double bf16_value(uint32_t word, size_t half)
{
    union {
        uint32_t bits;
        float value;
    } x = {half ? word & 0xffff0000 : word << 16};
    return (double)x.value;
}

static inline void assert_near(const char *what, size_t index, real got, double wanted,
                               double tolerance)
{
    if (!(fabs((double)got - wanted) <= tolerance))
        fail_msg("%s[%zu] is %.9g, expected %.9g +- %.2g", what, index, (double)got, wanted,
                 tolerance);
}

typedef void kernel_check(const struct recur_kernels *kernels, struct recur_rng *rng);

struct named_check {
    const char *name;
    kernel_check *check;
};

/* The arrays of one tile of a cell, and what they hold at first. */
struct recur_tile recur_make_tile(struct arrays *arrays, size_t rows, struct recur_rng *rng);

/* Does all vectors of a cell beside no product. */
void recur_run_points(const struct recur_kernels *kernels, const struct recur_tile *tile,
                      recur_point *point);

/* All that a point writes is the same in both tiles. */
void recur_compare_tiles(const struct recur_tile *tile, const struct recur_tile *other);

/* Each list ends with a NULL name. */
extern const struct named_check recur_product_checks[];
extern const struct named_check recur_pointwise_checks[];
extern const struct named_check recur_normalise_checks[];
extern const struct named_check recur_low_precision_checks[];
extern const struct named_check recur_points_checks[];
extern const struct named_check recur_loss_checks[];

#ifdef EMULATES_AMX
extern bool recur_amx_emulated; /* amx_emulator.c */
#else
static const bool recur_amx_emulated = false;
#endif

/* Times every kernel on every instruction set and prints a table. */
void recur_kernels_time(void);

#endif
