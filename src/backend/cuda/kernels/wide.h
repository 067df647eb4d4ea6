/* Products of bf16 by larger tiles: a block computes (128, 128) numbers of c, where there are
 * enough of them for the GPU's multiprocessors. The numbers and their order are those of product.h,
 * so the bits are, too.
 *
 * Operands are copied as they are, floats, into one of two stages while the block multiplies from
 * the other, and are rounded on their way into a fragment. An operand whose neighbours in memory
 * are neighbours along K lies in rows of K, the others lie in rows of M or N:
 *
 *     stage    A: (128, K) forward and backward, (K, 128) gradient
 *              B: (128, K) backward, (K, 128) forward and gradient
 *
 * A warp has (32, 64) numbers of the tile. The distances of rows keep the 32 lanes of a warp, which
 * read fragments, in different banks. */
#ifndef RECUR_BACKEND_CUDA_KERNELS_WIDE_H
#define RECUR_BACKEND_CUDA_KERNELS_WIDE_H

#define ALONG_STRIDE (GPU_CHUNK_K + 8)
#define ACROSS_STRIDE (GPU_WIDE_TILE + 4)
#define COPIES (GPU_WIDE_TILE * GPU_CHUNK_K / 4 / GPU_THREADS) /* of 4 numbers, of a thread */

/* Is it in rows of K? */
GPU_INLINE u32 left_along(enum kind kind)
{
    return kind != GRADIENT;
}

GPU_INLINE u32 right_along(enum kind kind)
{
    return kind == BACKWARD;
}

/* Numbers k .. k + 3 of row m of A, or m .. m + 3 of row k: where they begin; *count of them exist.
 */
GPU_INLINE const float *left_at(const struct gpu_product *p, enum kind kind, u32 m, u32 k,
                                u32 *count)
{
    u32 rows = product_m(p, kind), depth = product_k(p, kind);
    u32 left = kind == GRADIENT ? rows - m : depth - k;
    *count = m < rows && k < depth ? (left < 4 ? left : 4) : 0;
    if (!*count)
        return p->a;
    if (kind == FORWARD)
        return p->a + mapped(p->map, m) * p->columns_a + k;
    if (kind == BACKWARD)
        return p->a + (u64)m * p->columns_a + panel_column(&p->panels, k / 32) + k % 32;
    return p->a + mapped(p->map, k) * p->columns_a + m;
}

/* Likewise of B. */
GPU_INLINE const float *right_at(const struct gpu_product *p, enum kind kind, u32 k, u32 n,
                                 u32 *count)
{
    *count = n < product_n(p, kind) && k < product_k(p, kind) ? 4 : 0;
    if (!*count)
        return p->b;
    if (kind == FORWARD)
        return p->b + panel_weights(&p->panels, n / 32) + (u64)k * 32 + n % 32;
    if (kind == BACKWARD)
        return p->b + panel_weights(&p->panels, k / 32) + (u64)n * 32 + k % 32;
    return p->b + mapped(p->map_b, k) * p->columns_b + panel_column(&p->panels, n / 32) + n % 32;
}

/* Sends a chunk of both operands on its way; outside of them there are zeros. */
GPU_INLINE void send_chunk(const struct gpu_product *p, enum kind kind, const struct tile *tile,
                           u32 k, float *a, float *b)
{
    u32 thread = gpu_thread(), count;
    u32 row = thread / (GPU_CHUNK_K / 4), column = thread % (GPU_CHUNK_K / 4) * 4;
    u32 line = thread / (GPU_WIDE_TILE / 4), place = thread % (GPU_WIDE_TILE / 4) * 4;
    GPU_UNROLL
    for (u32 i = 0; i < COPIES; i++) {
        u32 r = row + i * (GPU_WIDE_TILE / COPIES), l = line + i * (GPU_CHUNK_K / COPIES);
        if (left_along(kind)) {
            const float *from = left_at(p, kind, tile->m + r, k + column, &count);
            gpu_send(a + r * ALONG_STRIDE + column, from, count);
        } else {
            const float *from = left_at(p, kind, tile->m + place, k + l, &count);
            gpu_send(a + l * ACROSS_STRIDE + place, from, count);
        }
        if (right_along(kind)) {
            const float *from = right_at(p, kind, k + column, tile->n + r, &count);
            gpu_send(b + r * ALONG_STRIDE + column, from, count);
        } else {
            const float *from = right_at(p, kind, k + l, tile->n + place, &count);
            gpu_send(b + l * ACROSS_STRIDE + place, from, count);
        }
    }
    gpu_send_end();
}

/* Numbers k and k + 1 of row or column `at` of an operand, as bf16. */
GPU_INLINE u32 pair_of_k(const float *operand, u32 along, u32 at, u32 k)
{
    if (along) {
        const struct two pair =
            *(const struct two *)(const void *)(operand + at * ALONG_STRIDE + k);
        return gpu_pack(pair.x, pair.y);
    }
    const float *first = operand + k * ACROSS_STRIDE + at;
    return gpu_pack(first[0], first[ACROSS_STRIDE]);
}

/* Adds one chunk to a warp's numbers, whose first row and column of the tile are `row`, `column`.
 */
GPU_INLINE void chunk_wide(enum kind kind, const float *a, const float *b, u32 row, u32 column,
                           float sum[2][8][4])
{
    u32 g = gpu_thread() % 32 / 4, t = gpu_thread() % 4;
    float part[2][8][4] = {{{0}}};
    GPU_UNROLL
    for (u32 k = 0; k < GPU_CHUNK_K; k += 16) {
        u32 left[2][4];
        GPU_UNROLL
        for (u32 i = 0; i < 8; i++)
            left[i / 4][i % 4] = pair_of_k(a, left_along(kind), row + i / 4 * 16 + g + i % 2 * 8,
                                           k + 2 * t + i % 4 / 2 * 8);
        GPU_UNROLL
        for (u32 j = 0; j < 8; j++) {
            u32 at = column + j * 8 + g;
            const u32 right[2] = {pair_of_k(b, right_along(kind), at, k + 2 * t),
                                  pair_of_k(b, right_along(kind), at, k + 2 * t + 8)};
            GPU_UNROLL
            for (u32 i = 0; i < 2; i++)
                gpu_mma(part[i][j], left[i], right);
        }
    }
    GPU_UNROLL
    for (u32 i = 0; i < 2 * 8 * 4; i++)
        sum[i / 32][i / 4 % 8][i % 4] += part[i / 32][i / 4 % 8][i % 4];
}

/* Where number n of row m of c is; *start: where its start is, 0: it is 0. */
GPU_INLINE float *wide_result(const struct gpu_product *p, enum kind kind, u32 m, u32 n,
                              const float **start)
{
    float *to = p->c + (u64)m * p->columns_c;
    u32 column = kind == FORWARD ? panel_column(&p->panels, n / 32) + n % 32 : n;
    if (kind == BACKWARD)
        to = p->c + mapped(p->map, m) * p->columns_c;
    if (kind == GRADIENT)
        to = p->c + panel_weights(&p->panels, n / 32) + (u64)m * 32 + n % 32;
    else
        to += column;
    *start = p->start ? p->start + column : p->adds ? to : 0;
    return to;
}

/* Loads the starts of a warp's numbers, or stores the sums. */
GPU_INLINE void move_sums(const struct gpu_product *p, enum kind kind, u32 row, u32 column,
                          u32 loads, float sum[2][8][4])
{
    u32 g = gpu_thread() % 32 / 4, t = gpu_thread() % 4;
    GPU_UNROLL
    for (u32 i = 0; i < 2 * 8 * 2; i++) {
        u32 m = row + i / 16 * 16 + g + i % 2 * 8, n = column + i / 2 % 8 * 8 + 2 * t;
        u32 inside = m < product_m(p, kind) && n < product_n(p, kind);
        float *pair = sum[i / 16][i / 2 % 8] + i % 2 * 2;
        const float *start = 0;
        float *to = inside ? wide_result(p, kind, m, n, &start) : 0;
        u32 both = kind != BACKWARD || n + 1 < product_n(p, kind);
        if (loads) {
            pair[0] = inside && start ? start[0] : 0;
            pair[1] = inside && both && start ? start[1] : 0;
        } else if (inside) {
            to[0] = pair[0];
            if (both)
                to[1] = pair[1];
        }
    }
}

GPU_INLINE void product_wide(const struct gpu_product *p, enum kind kind)
{
    const u32 size_a =
        left_along(kind) ? GPU_WIDE_TILE * ALONG_STRIDE : GPU_CHUNK_K * ACROSS_STRIDE;
    const u32 size_b =
        right_along(kind) ? GPU_WIDE_TILE * ALONG_STRIDE : GPU_CHUNK_K * ACROSS_STRIDE;
    u32 wide = (product_n(p, kind) + GPU_WIDE_TILE - 1) / GPU_WIDE_TILE, stage = 0;
    u32 depth = product_k(p, kind), warp = gpu_thread() / 32;
    const struct tile tile = {.m = gpu_block() / wide * GPU_WIDE_TILE,
                              .n = gpu_block() % wide * GPU_WIDE_TILE};
    u32 row = warp / 2 * 32, column = warp % 2 * 64; /* of the warp's numbers */
    float sum[2][8][4];
    if (depth)
        send_chunk(p, kind, &tile, 0, gpu_shared, gpu_shared + size_a);
    move_sums(p, kind, tile.m + row, tile.n + column, 1, sum);
    GPU_LOOP
    for (u32 k = 0; k < depth; k += GPU_CHUNK_K) {
        float *a = gpu_shared + stage * (size_a + size_b);
        stage ^= 1;
        float *next = gpu_shared + stage * (size_a + size_b);
        if (k + GPU_CHUNK_K < depth) {
            send_chunk(p, kind, &tile, k + GPU_CHUNK_K, next, next + size_a);
            gpu_wait_but_one();
        } else {
            gpu_wait_all();
        }
        gpu_barrier();
        chunk_wide(kind, a, a + size_a, row, column, sum);
        gpu_barrier();
    }
    move_sums(p, kind, tile.m + row, tile.n + column, 0, sum);
}

#define PRODUCT_WIDE(name, kind)                                                                   \
    GPU_KERNEL __attribute__((launch_bounds(GPU_THREADS, 1))) void name(struct gpu_product p)      \
    {                                                                                              \
        product_wide(&p, kind);                                                                    \
    }

PRODUCT_WIDE(product_forward_bf16_wide, FORWARD)
PRODUCT_WIDE(product_backward_bf16_wide, BACKWARD)
PRODUCT_WIDE(product_gradient_bf16_wide, GRADIENT)

#endif
