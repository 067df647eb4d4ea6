/* Matrix products in tiles that keep their results in registers: two vectors wide, up to
 * RECUR_TILE_ROWS rows high. All strides are constants, so that one base register addresses a whole
 * tile. This file is a template; the file that includes it defines the operands:
 *
 *     TILES(name)      the name of a function for these operands
 *     NUMBER, NUMBERS  one step's operand in a lane, and a vector of them
 *     LEFT             the struct of the left operand's rows
 *     STEPS            how many NUMBERs hold 32 columns of the left operand
 *     RESULT, RESULTS  the same for the results
 *     LANES            how many NUMBERs or RESULTs a vector holds
 *     MULTIPLY_ADD     (sum, x, w): sum + x w, which may be the sum of several products
 *     HEIGHTS          (X): expands X for each number of rows that tiles may have
 *     TRANSPOSED       1: defines `outer` as well */

/* One step of K of the tile below. */
INLINE void TILES(product_step)(RESULTS *sum, const NUMBER *a, const NUMBER *w, size_t w_stride,
                                const size_t panels, const size_t rows, const size_t vectors)
{
    UNROLL
    for (size_t p = 0; p < panels; p++) {
        NUMBERS right[RECUR_LANES / LANES];
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            right[v] = *(const NUMBERS *)(w + p * w_stride + v * LANES);
        UNROLL
        for (size_t r = 0; r < rows; r++) {
            NUMBERS x = a[r * STEPS] - (NUMBERS){0};
            RESULTS *to = &sum[(p * rows + r) * vectors];
            UNROLL
            for (size_t v = 0; v < vectors; v++)
                to[v] = MULTIPLY_ADD(to[v], x, right[v]);
        }
    }
}

/* `panels` x `rows` x `vectors` is the tile's constant size. One row has only two chains of
 * multiply-adds in a panel, too few to hide their latency, so a tile of few rows works on several
 * panels at once; a panel with few columns in use needs only one vector. The sums begin with what
 * stands at `from`: either all rows begin with the same row, and the panels' rows lie one after the
 * other, or each row begins with its own, in the places of c. Meanwhile the tile fetches `next`,
 * rows of c that come after these (NULL: none); the left operand's next panel if `ahead`; the
 * weights one PRODUCT_DEPTH on; and, into the L2 cache, k lines from `far` on (NULL: none). With
 * few rows it first fetches all panels of the left operand, so that they arrive together: another
 * thread may just have written half of them. */
INLINE void TILES(product_tile)(RESULT *c, size_t c_stride, struct LEFT a, size_t k,
                                const NUMBER *w, size_t w_stride, const size_t panels,
                                const size_t rows, const size_t vectors, const RESULT *from,
                                bool same, const RESULT *next, bool ahead, const NUMBER *far)
{
    RESULTS sum[RECUR_TILE_ROWS * 2];
    UNROLL
    for (size_t r = 0; next && r < rows; r++)
        fetch(next + r * RECUR_LANES);
    UNROLL
    for (size_t p = 0; p < panels; p++) {
        UNROLL
        for (size_t i = 0; i < rows * vectors; i++) {
            const RESULT *row = from + p * RECUR_LANES;
            if (!same)
                row = from + p * c_stride + i / vectors * RECUR_LANES;
            sum[p * rows * vectors + i] = *(const RESULTS *)(row + i % vectors * LANES);
        }
    }
    for (size_t k0 = 0; rows <= LOW_ROWS && k0 < k; k0 += STEPS)
        fetch_bytes(a.base + a.panel[k0 / STEPS] / (RECUR_LANES / STEPS),
                    rows * STEPS * sizeof *a.base);
    for (size_t k0 = 0; k0 < k; k0 += STEPS) {
        const NUMBER *ak = a.base + a.panel[k0 / STEPS] / (RECUR_LANES / STEPS);
        const NUMBER *wk = w + k0 * RECUR_LANES;
        const NUMBER *end = ak + (k - k0 < STEPS ? k - k0 : STEPS);
        if (rows > LOW_ROWS && ahead && k - k0 > STEPS) { /* the next panel is far away, so the
                                                             processor sees no stream to follow */
            const NUMBER *after = a.base + a.panel[k0 / STEPS + 1] / (RECUR_LANES / STEPS);
            UNROLL
            for (size_t r = 0; r < rows; r++)
                fetch_bytes(after + r * STEPS, STEPS * sizeof *after);
        }
        const size_t round = STEPS == RECUR_LANES ? PRODUCT_ROUND(rows) : 1;
        for (; (size_t)(end - ak) >= round; ak += round, wk += round * RECUR_LANES) {
            UNROLL
            for (size_t i = 0; FETCH_FAR && far && i < round; i++)
                __builtin_prefetch((const char *)far + i * LINE_BYTES, 0, L2_CACHE);
            if (FETCH_FAR && far)
                far += round * LINE_BYTES / sizeof *far;
            UNROLL
            for (size_t i = 0; i < round; i++) {
                if (rows > LOW_ROWS && FETCH_WEIGHTS)
                    __builtin_prefetch(wk + (PRODUCT_DEPTH + i) * RECUR_LANES);
                TILES(product_step)
                (sum, ak + i, wk + i * RECUR_LANES, w_stride, panels, rows, vectors);
            }
        }
        for (; ak < end; ak++, wk += RECUR_LANES)
            TILES(product_step)(sum, ak, wk, w_stride, panels, rows, vectors);
    }
    UNROLL
    for (size_t p = 0; p < panels; p++) {
        UNROLL
        for (size_t i = 0; i < rows * vectors; i++) {
            RESULT *to = c + p * c_stride + i / vectors * RECUR_LANES + i % vectors * LANES;
            *(RESULTS *)to = sum[p * rows * vectors + i];
        }
    }
}

/* All columns for so many rows of a panel. */
INLINE void TILES(product_rows)(RESULT *c, struct LEFT a, size_t k, const NUMBER *w, size_t columns,
                                const size_t rows, const RESULT *from, bool same,
                                const RESULT *next, const NUMBER *far)
{
    size_t i = 0;
    do {
        const RESULT *begin = from + i, *after = next ? next + i : NULL;
        if (columns - i > LANES)
            TILES(product_tile)(c + i, 0, a, k, w + i, 0, 1, rows, 2, begin, same, after, !i, far);
        else
            TILES(product_tile)(c + i, 0, a, k, w + i, 0, 1, rows, 1, begin, same, after, !i, far);
        i += 2 * LANES;
    } while (2 * LANES < RECUR_LANES && i < columns);
}

#define HEIGHT(n)                                                                                  \
    __attribute__((noinline)) static void TILES(product_##n)(                                      \
        RESULT * c, struct LEFT a, size_t k, const NUMBER *w, size_t columns, const RESULT *from,  \
        bool same, const RESULT *next, const NUMBER *far)                                          \
    {                                                                                              \
        TILES(product_rows)(c, a, k, w, columns, n, from, same, next, far);                        \
    }
HEIGHTS(HEIGHT)
#undef HEIGHT

#define LOW(n, p, v)                                                                               \
    __attribute__((noinline)) static void TILES(product_low_##n##_##p)(                            \
        RESULT * c, size_t c_stride, struct LEFT a, size_t k, const NUMBER *w, size_t w_stride,    \
        const RESULT *from, bool same)                                                             \
    {                                                                                              \
        TILES(product_tile)                                                                        \
        (c, c_stride, a, k, w, w_stride, p, n, v, from, same, NULL, true, NULL);                   \
    }
LOW_TILES(LOW)
#undef LOW

/* `next` is the panel that comes after this one; `first`: nothing has touched this panel yet. The
 * first two tiles fetch the weights at `far`, which are those of one panel. */
static void TILES(product_panel)(RESULT *c, struct LEFT a, size_t k, const NUMBER *w,
                                 size_t columns, size_t rows, const RESULT *from, bool same,
                                 bool first, const RESULT *next, const NUMBER *far)
{
    static void (*const tile[RECUR_TILE_ROWS])(RESULT *, struct LEFT, size_t, const NUMBER *,
                                               size_t, const RESULT *, bool, const RESULT *,
                                               const NUMBER *) = {
#define HEIGHT(n) TILES(product_##n),
        HEIGHTS(HEIGHT)
#undef HEIGHT
    };
    for (size_t row = 0; row < rows;) {
        size_t height = tile_height(rows - row), end = row + height;
        const RESULT *after = end == rows ? next : first ? c + end * RECUR_LANES : NULL;
        struct LEFT left = {a.base + row * STEPS, a.panel};
        tile[height - 1](c + row * RECUR_LANES, left, k, w, columns,
                         from + (same ? 0 : row * RECUR_LANES), same, after, far);
        far = far && !row ? far + k * LINE_BYTES / sizeof *far : NULL;
        row = end;
    }
}

/* Sets to zero the lanes of c (rows, 32) that a tile for so many columns does not write. */
static void TILES(clear_behind)(RESULT *c, size_t columns, size_t rows)
{
    size_t first = (columns + LANES - 1) / LANES * LANES;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = first; i < RECUR_LANES; i += LANES)
            *(RESULTS *)(c + r * RECUR_LANES + i) = (RESULTS){0};
}

/* `far`: see product_far in backend/cpu/kernels/kernels.h. */
INLINE void TILES(product_panels)(RESULT *c, size_t c_stride, struct LEFT a, size_t k,
                                  const NUMBER *w, size_t w_stride, size_t panels, size_t columns,
                                  size_t rows, const RESULT *start, const bool far)
{
    static const _Alignas(sizeof(RESULTS)) RESULT zero[LOW_PANELS_MAX * RECUR_LANES];
    const bool same = start != c;
    const size_t step = !start ? 0 : same ? RECUR_LANES : c_stride;
    const RESULT *from = start ? start : zero;
    size_t p = 0;
#define LOW(n, count, v)                                                                           \
    if (rows == (n))                                                                               \
        for (; p + (count) <= panels; p += (count))                                                \
            for (size_t column = 0; column < RECUR_LANES; column += (v)*LANES)                     \
                TILES(product_low_##n##_##count)                                                   \
    (c + p * c_stride + column, c_stride, a, k, w + p * w_stride + column, w_stride,               \
     from + p * step + column, same);
    LOW_TILES(LOW)
#undef LOW
    for (; p < panels; p++) {
        size_t k0 = 0, depth;
        if (same)
            TILES(clear_behind)(c + p * c_stride, columns, rows);
        do {
            depth = k - k0 < PRODUCT_DEPTH ? k - k0 : PRODUCT_DEPTH;
            struct LEFT part = {a.base, a.panel + k0 / STEPS};
            const RESULT *next = k0 + depth == k ? c + (p + 1) * c_stride : NULL;
            TILES(product_panel)
            (c + p * c_stride, part, depth, w + p * w_stride + k0 * RECUR_LANES, columns, rows,
             k0 ? c + p * c_stride : from + p * step, same && !k0, !k0, next,
             far ? w + (p + 1) * w_stride : NULL);
            k0 += depth;
        } while (k0 < k);
    }
}

static void TILES(product)(RESULT *c, size_t c_stride, struct LEFT a, size_t k, const NUMBER *w,
                           size_t w_stride, size_t panels, size_t columns, size_t rows,
                           const RESULT *start)
{
    TILES(product_panels)(c, c_stride, a, k, w, w_stride, panels, columns, rows, start, false);
}

#if TRANSPOSED
/* Adds the products of one row of A and one of B. */
INLINE void TILES(outer_step)(RESULTS *sum, const NUMBER *a, const NUMBER *b, const size_t height,
                              const size_t vectors)
{
    NUMBERS right[2];
    UNROLL
    for (size_t v = 0; v < vectors; v++)
        right[v] = *(const NUMBERS *)(b + v * LANES);
    UNROLL
    for (size_t i = 0; i < height; i++) {
        NUMBERS x = a[i] - (NUMBERS){0};
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            sum[vectors * i + v] = MULTIPLY_ADD(sum[vectors * i + v], x, right[v]);
    }
}

/* C = A^T B over `count` rows of the panels a and b, for `height` rows of C that are `vectors`
 * vectors wide. Meanwhile the tile fetches `next`, `count` rows of what comes after them. */
INLINE void TILES(outer_tile)(RESULT *c, const NUMBER *a, const NUMBER *b, const size_t height,
                              const size_t vectors, size_t count, bool accumulate,
                              const NUMBER *next)
{
    RESULTS sum[RECUR_TILE_ROWS * 2];
    UNROLL
    for (size_t i = 0; i < height * vectors; i++) {
        const RESULT *from = c + i / vectors * RECUR_LANES + i % vectors * LANES;
        sum[i] = accumulate ? *(const RESULTS *)from : (RESULTS){0};
    }
    const size_t round = OUTER_ROUND;
    for (; count >= round; count -= round) {
        UNROLL
        for (size_t i = 0; i < round; i++) {
            fetch(next + i * RECUR_LANES);
            TILES(outer_step)(sum, a + i * RECUR_LANES, b + i * RECUR_LANES, height, vectors);
        }
        a += round * RECUR_LANES;
        b += round * RECUR_LANES;
        next += round * RECUR_LANES;
    }
    for (; count; count--, a += RECUR_LANES, b += RECUR_LANES)
        TILES(outer_step)(sum, a, b, height, vectors);
    UNROLL
    for (size_t i = 0; i < height * vectors; i++)
        *(RESULTS *)(c + i / vectors * RECUR_LANES + i % vectors * LANES) = sum[i];
}

/* All columns for so many rows of C. */
INLINE void TILES(outer_rows)(RESULT *c, const NUMBER *a, const NUMBER *b, size_t columns,
                              const size_t height, size_t count, bool accumulate,
                              const NUMBER *next)
{
    size_t i = 0;
    do {
        if (columns - i > LANES)
            TILES(outer_tile)(c + i, a, b + i, height, 2, count, accumulate, next + i);
        else
            TILES(outer_tile)(c + i, a, b + i, height, 1, count, accumulate, next + i);
        i += 2 * LANES;
    } while (2 * LANES < RECUR_LANES && i < columns);
}

#define HEIGHT(n)                                                                                  \
    __attribute__((noinline)) static void TILES(outer_##n)(                                        \
        RESULT * c, const NUMBER *a, const NUMBER *b, size_t columns, size_t count,                \
        bool accumulate, const NUMBER *next)                                                       \
    {                                                                                              \
        TILES(outer_rows)(c, a, b, columns, n, count, accumulate, next);                           \
    }
HEIGHTS(HEIGHT)
#undef HEIGHT

static void TILES(outer)(RESULT *c, const NUMBER *a, size_t a_columns, const NUMBER *b,
                         size_t columns, size_t rows, bool accumulate)
{
    static void (*const tile[RECUR_TILE_ROWS])(RESULT *, const NUMBER *, const NUMBER *, size_t,
                                               size_t, bool, const NUMBER *) = {
#define HEIGHT(n) TILES(outer_##n),
        HEIGHTS(HEIGHT)
#undef HEIGHT
    };
    if (!accumulate)
        TILES(clear_behind)(c, columns, a_columns);
    for (size_t row = 0; row < rows || (row == 0 && !accumulate); row += OUTER_ROWS) {
        size_t count = rows - row < OUTER_ROWS ? rows - row : OUTER_ROWS;
        for (size_t i = 0; i < a_columns;) {
            size_t height = tile_height(a_columns - i);
            tile[height - 1](c + i * RECUR_LANES, a + row * RECUR_LANES + i, b + row * RECUR_LANES,
                             columns, count, accumulate || row,
                             (i ? b : a) + (row + count) * RECUR_LANES);
            i += height;
        }
    }
}
#endif

#undef TILES
#undef NUMBER
#undef NUMBERS
#undef LEFT
#undef STEPS
#undef RESULT
#undef RESULTS
#undef LANES
#undef MULTIPLY_ADD
#undef HEIGHTS
#undef TRANSPOSED
