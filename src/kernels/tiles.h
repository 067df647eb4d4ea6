/* Matrix products in tiles that keep their results in registers: two vectors wide, up to
 * RECUR_TILE_ROWS rows high. All strides are constants, so that one base register addresses a whole
 * tile. A template: the file that includes it says what the operands are.
 *
 *     TILES(name)      the name of a function for these operands
 *     NUMBER, NUMBERS  one step's operand in a lane, and a vector of them
 *     LEFT             the struct of the left operand's rows
 *     STEPS            how many of them 32 columns of the left operand are
 *     RESULT, RESULTS  the same of the results
 *     LANES            of a vector of either
 *     MULTIPLY_ADD     (sum, x, w): sum + x w, which may be the sum of several products
 *     TRANSPOSED       1: `outer` as well
 */

/* `panels` x `rows` are the tile's constant size: with one row there are only two chains of
 * multiply-adds in a panel, too few to hide their latency, so several panels are worked at once.
 * `next` is the tile that comes after this one, fetched meanwhile; NULL: none. */
INLINE void TILES(product_tile)(RESULT *c, size_t c_stride, struct LEFT a, size_t first_row,
                                size_t k, const NUMBER *w, size_t w_stride, const size_t panels,
                                const size_t rows, bool accumulate, const RESULT *next)
{
    RESULTS sum[RECUR_TILE_ROWS * 2];
    UNROLL
    for (size_t r = 0; next && r < rows; r++)
        fetch(next + r * RECUR_LANES);
    UNROLL
    for (size_t p = 0; p < panels; p++) {
        UNROLL
        for (size_t r = 0; r < rows; r++) {
            const RESULT *from = c + p * c_stride + r * RECUR_LANES;
            sum[2 * (p * rows + r)] = accumulate ? *(const RESULTS *)from : (RESULTS){0};
            sum[2 * (p * rows + r) + 1] =
                accumulate ? *(const RESULTS *)(from + LANES) : (RESULTS){0};
        }
    }
    for (size_t k0 = 0; k0 < k; k0 += STEPS) {
        const NUMBER *ak = a.base + a.panel[k0 / STEPS] / (RECUR_LANES / STEPS) + first_row * STEPS;
        const NUMBER *wk = w + k0 * RECUR_LANES;
        const NUMBER *end = ak + (k - k0 < STEPS ? k - k0 : STEPS);
        if (rows > 3 && k - k0 > STEPS) { /* the next panel is far away: no stream to follow */
            const NUMBER *far = a.base + a.panel[k0 / STEPS + 1] / (RECUR_LANES / STEPS);
            UNROLL
            for (size_t r = 0; r < rows; r++)
                fetch_bytes(far + (first_row + r) * STEPS, STEPS * sizeof *far);
        }
        for (; ak < end; ak++, wk += RECUR_LANES) {
            UNROLL
            for (size_t p = 0; p < panels; p++) {
                NUMBERS w0 = *(const NUMBERS *)(wk + p * w_stride);
                NUMBERS w1 = *(const NUMBERS *)(wk + p * w_stride + LANES);
                UNROLL
                for (size_t r = 0; r < rows; r++) {
                    NUMBERS x = ak[r * STEPS] - (NUMBERS){0};
                    RESULTS *to = &sum[2 * (p * rows + r)];
                    to[0] = MULTIPLY_ADD(to[0], x, w0);
                    to[1] = MULTIPLY_ADD(to[1], x, w1);
                }
            }
        }
    }
    UNROLL
    for (size_t p = 0; p < panels; p++) {
        UNROLL
        for (size_t r = 0; r < rows; r++) {
            RESULT *to = c + p * c_stride + r * RECUR_LANES;
            *(RESULTS *)to = sum[2 * (p * rows + r)];
            *(RESULTS *)(to + LANES) = sum[2 * (p * rows + r) + 1];
        }
    }
}

#define HEIGHT(n)                                                                                  \
    __attribute__((noinline)) static void TILES(product_##n)(                                      \
        RESULT * c, struct LEFT a, size_t row, size_t k, const NUMBER *w, bool accumulate,         \
        const RESULT *next)                                                                        \
    {                                                                                              \
        TILES(product_tile)(c, 0, a, row, k, w, 0, 1, n, accumulate, next);                        \
    }
EACH_HEIGHT(HEIGHT)
#undef HEIGHT

#define LOW(n, p)                                                                                  \
    __attribute__((noinline)) static void TILES(product_low_##n##_##p)(                            \
        RESULT * c, size_t c_stride, struct LEFT a, size_t k, const NUMBER *w, size_t w_stride,    \
        bool accumulate)                                                                           \
    {                                                                                              \
        TILES(product_tile)(c, c_stride, a, 0, k, w, w_stride, p, n, accumulate, NULL);            \
    }
LOW_TILES(LOW)
#undef LOW

/* `next` is the panel that is worked on after this one. */
static void TILES(product_panel)(RESULT *c, struct LEFT a, size_t k, const NUMBER *w, size_t rows,
                                 bool accumulate, const RESULT *next)
{
    static void (*const tile[])(RESULT *, struct LEFT, size_t, size_t, const NUMBER *, bool,
                                const RESULT *) = {
#define HEIGHT(n) TILES(product_##n),
        EACH_HEIGHT(HEIGHT)
#undef HEIGHT
    };
    for (size_t row = 0; row < rows;) {
        size_t height = tile_height(rows - row);
        const RESULT *after = row + height < rows ? c + (row + height) * RECUR_LANES : next;
        for (size_t column = 0; column < RECUR_LANES; column += 2 * LANES)
            tile[height - 1](c + row * RECUR_LANES + column, a, row, k, w + column, accumulate,
                             after + column);
        row += height;
    }
}

static void TILES(product)(RESULT *c, size_t c_stride, struct LEFT a, size_t k, const NUMBER *w,
                           size_t w_stride, size_t panels, size_t rows, bool accumulate)
{
    size_t p = 0;
#define LOW(n, count)                                                                              \
    if (rows == (n))                                                                               \
        for (; p + (count) <= panels; p += (count))                                                \
            for (size_t column = 0; column < RECUR_LANES; column += 2 * LANES)                     \
                TILES(product_low_##n##_##count)                                                   \
    (c + p * c_stride + column, c_stride, a, k, w + p * w_stride + column, w_stride, accumulate);
    LOW_TILES(LOW)
#undef LOW
    for (; p < panels; p++) {
        size_t k0 = 0, depth;
        do {
            depth = k - k0 < PRODUCT_DEPTH ? k - k0 : PRODUCT_DEPTH;
            struct LEFT part = {a.base, a.panel + k0 / STEPS};
            const RESULT *next = c + (p + (k0 + depth == k)) * c_stride;
            TILES(product_panel)
            (c + p * c_stride, part, depth, w + p * w_stride + k0 * RECUR_LANES, rows,
             accumulate || k0, next);
            k0 += depth;
        } while (k0 < k);
    }
}

#if TRANSPOSED
/* C = A^T B over `count` rows of the panels a and b: `columns` rows of C. `next`, `count` rows of
 * what comes after them, are fetched meanwhile. */
INLINE void TILES(outer_tile)(RESULT *c, const NUMBER *a, const NUMBER *b, const size_t columns,
                              size_t count, bool accumulate, const NUMBER *next)
{
    RESULTS sum[RECUR_TILE_ROWS * 2];
    UNROLL
    for (size_t i = 0; i < columns; i++) {
        const RESULT *from = c + i * RECUR_LANES;
        sum[2 * i] = accumulate ? *(const RESULTS *)from : (RESULTS){0};
        sum[2 * i + 1] = accumulate ? *(const RESULTS *)(from + LANES) : (RESULTS){0};
    }
    for (const NUMBER *end = a + count * RECUR_LANES; a < end; a += RECUR_LANES, b += RECUR_LANES) {
        NUMBERS b0 = *(const NUMBERS *)b, b1 = *(const NUMBERS *)(b + LANES);
        fetch(next);
        next += RECUR_LANES;
        UNROLL
        for (size_t i = 0; i < columns; i++) {
            NUMBERS x = a[i] - (NUMBERS){0};
            sum[2 * i] = MULTIPLY_ADD(sum[2 * i], x, b0);
            sum[2 * i + 1] = MULTIPLY_ADD(sum[2 * i + 1], x, b1);
        }
    }
    UNROLL
    for (size_t i = 0; i < columns; i++) {
        *(RESULTS *)(c + i * RECUR_LANES) = sum[2 * i];
        *(RESULTS *)(c + i * RECUR_LANES + LANES) = sum[2 * i + 1];
    }
}

#define HEIGHT(n)                                                                                  \
    __attribute__((noinline)) static void TILES(outer_##n)(RESULT * c, const NUMBER *a,            \
                                                           const NUMBER *b, size_t count,          \
                                                           bool accumulate, const NUMBER *next)    \
    {                                                                                              \
        TILES(outer_tile)(c, a, b, n, count, accumulate, next);                                    \
    }
EACH_HEIGHT(HEIGHT)
#undef HEIGHT

static void TILES(outer)(RESULT *c, const NUMBER *a, size_t columns, const NUMBER *b, size_t rows,
                         bool accumulate)
{
    static void (*const tile[])(RESULT *, const NUMBER *, const NUMBER *, size_t, bool,
                                const NUMBER *) = {
#define HEIGHT(n) TILES(outer_##n),
        EACH_HEIGHT(HEIGHT)
#undef HEIGHT
    };
    for (size_t row = 0; row < rows || (row == 0 && !accumulate); row += OUTER_ROWS) {
        size_t count = rows - row < OUTER_ROWS ? rows - row : OUTER_ROWS;
        for (size_t i = 0; i < columns;) {
            size_t height = tile_height(columns - i);
            for (size_t column = 0; column < RECUR_LANES; column += 2 * LANES)
                tile[height - 1](c + i * RECUR_LANES + column, a + row * RECUR_LANES + i,
                                 b + row * RECUR_LANES + column, count, accumulate || row,
                                 (i ? b : a) + (row + count) * RECUR_LANES + column);
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
#undef TRANSPOSED
