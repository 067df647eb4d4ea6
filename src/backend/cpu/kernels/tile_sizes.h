/* How large the tiles of a product are (tiles.h). All of these sizes were measured
 * (docs/notebook.md). */
#ifndef RECUR_BACKEND_CPU_KERNELS_TILE_SIZES_H
#define RECUR_BACKEND_CPU_KERNELS_TILE_SIZES_H

#include "backend/cpu/kernels/vector.h"

/* Whether the table is for Intel's processors; its sizes were then measured on them. */
#ifdef RECUR_INTEL
#define INTEL true
#else
#define INTEL false
#endif

/* How far the loops go before they turn to the next rows or columns. A wide tile uses each number
 * so often that it can read it from the L2 cache; a narrow tile must find in the L1 cache what the
 * tile before it used. */
#if RECUR_VECTOR_BYTES == 64
#define PRODUCT_DEPTH SIZE_MAX
#define OUTER_ROWS (INTEL ? 80 : 280)
#else
#define PRODUCT_DEPTH 64
#define OUTER_ROWS 48
#endif

/* Whether a product fetches the weights of the next PRODUCT_DEPTH. Without that the first tile that
 * uses them would wait. Wide tiles do not wait, and narrower vectors would need too many
 * fetches. */
#define FETCH_WEIGHTS (RECUR_VECTOR_BYTES == 32)

/* How many steps of K, or rows of an outer product, one round of a loop over floats has. Intel's
 * processors need more than one, because their wide units share ports with the instructions that
 * count the rounds. */
#define PRODUCT_ROUND(rows) (!INTEL || (rows) <= LOW_ROWS ? 1 : (rows) <= 10 ? 4 : 2)
#define OUTER_ROUND (INTEL ? 2 : 1)

/* Whether products of far weights fetch the next panel. A core of Intel's servers reads 10 bytes
 * per cycle from the L3 cache, and a tile of eight rows needs 16; AMD's cores read three times as
 * fast. */
#define FETCH_FAR INTEL
#define L2_CACHE 2 /* for __builtin_prefetch */

#define LINE_BYTES 64 /* of a cache line */

/* Fetches bytes into the L1 cache; they may lie past the end of their array. */
INLINE void fetch_bytes(const void *first, const size_t bytes)
{
    UNROLL
    for (size_t byte = 0; byte < bytes; byte += LINE_BYTES)
        __builtin_prefetch((const char *)first + byte);
}

/* Fetches one row of a tile. */
INLINE void fetch(const void *row)
{
    fetch_bytes(row, 2 * (size_t)RECUR_VECTOR_BYTES);
}

/* Expands X(1) .. X(RECUR_TILE_ROWS). */
#if RECUR_TILE_ROWS == 14
#define EACH_HEIGHT(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#elif RECUR_TILE_ROWS == 6
#define EACH_HEIGHT(X) X(1) X(2) X(3) X(4) X(5) X(6)
#else
#error "RECUR_TILE_ROWS is 6 or 14"
#endif

/* The same for low tiles. */
#define LOW_ROWS 3
#define EACH_LOW_HEIGHT(X) X(1) X(2) X(3)

/* The sizes of low tiles in rows, panels and vectors. Low tiles work on several panels at once and
 * read whole rows of each, not every other cache line. */
#define LOW_PANELS_MAX 4
#if RECUR_VECTOR_BYTES == 64
#define LOW_TILES(X) X(1, 4, 2) X(1, 3, 2) X(1, 2, 2) X(2, 3, 2) X(2, 2, 2) X(3, 2, 2)
#elif RECUR_VECTOR_BYTES == 32
#define LOW_TILES(X) X(1, 2, 4) X(1, 1, 4) X(2, 1, 4) X(3, 2, 2)
#elif RECUR_TILE_ROWS == 14
#define LOW_TILES(X) X(1, 2, 8) X(1, 1, 8) X(2, 1, 8) X(3, 2, 2)
#else
#define LOW_TILES(X) X(1, 1, 8) X(2, 3, 2) X(2, 2, 2) X(3, 2, 2)
#endif

/* How many of the remaining `rows` a tile takes. Tall tiles have enough chains to hide the latency
 * of a multiply-add at any of their heights, so rows are split evenly: 32 = 11 + 11 + 10 and not 14
 * + 14 + 4. Low tiles barely hide it, and every missing row costs more than its share. So as many
 * tiles as possible have full height, unless fewer than four rows would remain: 32 = 6 + 6 + 6 + 6
 * + 4 + 4. */
INLINE size_t tile_height(size_t rows)
{
    if (RECUR_TILE_ROWS == 6 && rows >= RECUR_TILE_ROWS + 4)
        return RECUR_TILE_ROWS;
    size_t tiles = (rows + RECUR_TILE_ROWS - 1) / RECUR_TILE_ROWS;
    return (rows + tiles - 1) / tiles;
}

#endif
