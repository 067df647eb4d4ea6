/* Products of matrices, f32 by multiply-adds and bf16 by mma. A block computes a tile of (32, 64)
 * numbers of c.
 *
 * Every number is summed in one order, which depends on the depth K of the product alone: K is cut
 * into chunks of 64, each chunk is one chain that begins at 0 (in bf16 four mma, one after the
 * other), and the chunks are added to the start in their order.
 *
 * The three kinds differ in how they read tiles of their operands:
 *
 *     forward   A[m][k] = a[map m][k]            B[k][n] = panel of n, row k, lane of n
 *     backward  A[m][k] = a[m][column of k]      B[k][n] = panel of k, row n, lane of k
 *     gradient  A[m][k] = a[map k][m]            B[k][n] = b[map_b k][column of n] */
#ifndef RECUR_BACKEND_CUDA_KERNELS_PRODUCT_H
#define RECUR_BACKEND_CUDA_KERNELS_PRODUCT_H

#define STRIDE_A (GPU_TILE_M + 4) /* of f32's tiles, (K, M) and (K, N) */
#define STRIDE_B (GPU_TILE_N + 4)
#define STRIDE_WORDS (GPU_CHUNK_K / 2 + 4) /* of bf16's, (M, K / 2) and (N, K / 2) words */

enum kind { FORWARD, BACKWARD, GRADIENT };

/* Of panel number j: where the weights' panel begins, and the activation's first column. */
GPU_INLINE u64 panel_weights(const struct gpu_panels *panels, u32 j)
{
    u32 u = j / panels->count, g = panels->first + j % panels->count;
    return (u64)(u * panels->groups + g) * panels->depth * 32;
}

GPU_INLINE u32 panel_column(const struct gpu_panels *panels, u32 j)
{
    u32 u = j / panels->count, g = panels->first + j % panels->count;
    return (u * panels->slots + (panels->slot >> 4 * g & 15)) * 32;
}

/* Rows, columns and depth of the product. */
GPU_INLINE u32 product_m(const struct gpu_product *p, enum kind kind)
{
    return kind == GRADIENT ? p->panels.depth : p->rows;
}

GPU_INLINE u32 product_n(const struct gpu_product *p, enum kind kind)
{
    return kind == BACKWARD ? p->panels.depth : p->panels.panels * 32;
}

GPU_INLINE u32 product_k(const struct gpu_product *p, enum kind kind)
{
    return kind == FORWARD ? p->panels.depth : kind == BACKWARD ? p->panels.panels * 32 : p->rows;
}

/* Where the panels of 64 numbers n, or k, begin: in the weights or in the activation. */
struct panel_pair {
    u64 place[2];
};

GPU_INLINE struct panel_pair pair_at(const struct gpu_panels *panels, u32 first, u32 weights)
{
    struct panel_pair pair;
    GPU_UNROLL
    for (u32 i = 0; i < 2; i++) {
        u32 j = first / 32 + i < panels->panels ? first / 32 + i : 0;
        pair.place[i] = weights ? panel_weights(panels, j) : panel_column(panels, j);
    }
    return pair;
}

GPU_INLINE u64 placed(const struct panel_pair *pair, u32 i)
{
    return i < 32 ? pair->place[0] : pair->place[1];
}

/* A tile: its first row and column, and the panels of its columns and of the present chunk, as far
 * as the kind of product needs them. */
struct tile {
    u32 m, n, k, depth;
    struct panel_pair columns;  /* of c */
    struct panel_pair operands; /* of B's columns, or of the rows of the chunk */
    struct panel_pair chunk;    /* of A's columns */
};

GPU_INLINE struct tile tile_of(const struct gpu_product *p, enum kind kind)
{
    u32 wide = (product_n(p, kind) + GPU_TILE_N - 1) / GPU_TILE_N;
    struct tile tile = {.m = gpu_block() / wide * GPU_TILE_M,
                        .n = gpu_block() % wide * GPU_TILE_N,
                        .depth = product_k(p, kind)};
    if (kind == BACKWARD)
        return tile;
    tile.columns = pair_at(&p->panels, tile.n, kind == GRADIENT);
    tile.operands = pair_at(&p->panels, tile.n, kind == FORWARD);
    return tile;
}

GPU_INLINE void begin_chunk(const struct gpu_product *p, enum kind kind, struct tile *tile, u32 k)
{
    tile->k = k;
    if (kind != BACKWARD)
        return;
    tile->chunk = pair_at(&p->panels, k, 0);
    tile->operands = pair_at(&p->panels, k, 1);
}

/* A[m][k] and B[k][n] of a tile; 0 outside. */
GPU_INLINE float left(const struct gpu_product *p, enum kind kind, const struct tile *tile, u32 m,
                      u32 k)
{
    u32 row = tile->m + m, column = tile->k + k;
    if (row >= product_m(p, kind) || column >= tile->depth)
        return 0;
    if (kind == FORWARD)
        return p->a[mapped(p->map, row) * p->columns_a + column];
    if (kind == BACKWARD)
        return p->a[(u64)row * p->columns_a + placed(&tile->chunk, k) + k % 32];
    return p->a[mapped(p->map, column) * p->columns_a + row];
}

GPU_INLINE float right(const struct gpu_product *p, enum kind kind, const struct tile *tile, u32 k,
                       u32 n)
{
    u32 row = tile->k + k, column = tile->n + n;
    if (row >= tile->depth || column >= product_n(p, kind))
        return 0;
    if (kind == FORWARD)
        return p->b[placed(&tile->operands, n) + (u64)row * 32 + n % 32];
    if (kind == BACKWARD)
        return p->b[placed(&tile->operands, k) + (u64)column * 32 + k % 32];
    return p->b[mapped(p->map_b, row) * p->columns_b + placed(&tile->operands, n) + n % 32];
}

/* Where the numbers of row m of a tile begin in c, and those of its panel with column n. */
GPU_INLINE float *result(const struct gpu_product *p, enum kind kind, const struct tile *tile,
                         u32 m, u32 n)
{
    u64 row = tile->m + m;
    if (kind == FORWARD)
        return p->c + row * p->columns_c + placed(&tile->columns, n) + n % 32;
    if (kind == BACKWARD)
        return p->c + mapped(p->map, (u32)row) * p->columns_c + tile->n + n;
    return p->c + placed(&tile->columns, n) + row * 32 + n % 32;
}

/* Loads or stores `count` neighbouring numbers of c, at most 4, all in one panel. */
GPU_INLINE void load_start(const struct gpu_product *p, enum kind kind, const struct tile *tile,
                           u32 m, u32 n, u32 count, float *sum)
{
    u32 inside = tile->m + m < product_m(p, kind) && tile->n + n < product_n(p, kind);
    GPU_UNROLL
    for (u32 i = 0; i < 4; i++) {
        if (i >= count)
            continue;
        sum[i] = 0;
        if (inside && p->start)
            sum[i] = p->start[placed(&tile->columns, n) + n % 32 + i];
        else if (inside && p->adds)
            sum[i] = result(p, kind, tile, m, n)[i];
    }
}

GPU_INLINE void store_result(const struct gpu_product *p, enum kind kind, const struct tile *tile,
                             u32 m, u32 n, u32 count, const float *sum)
{
    if (tile->m + m >= product_m(p, kind) || tile->n + n >= product_n(p, kind))
        return;
    float *to = result(p, kind, tile, m, n);
    GPU_UNROLL
    for (u32 i = 0; i < 4; i++)
        if (i < count)
            to[i] = sum[i];
}

/* Copies the tiles of a chunk. Neighbouring threads read neighbouring numbers. */
GPU_INLINE void load_f32(const struct gpu_product *p, enum kind kind, const struct tile *tile,
                         float *a, float *b)
{
    u32 thread = gpu_thread();
    GPU_LOOP
    for (u32 i = thread; i < GPU_TILE_M * GPU_CHUNK_K; i += GPU_TILE_THREADS) {
        u32 m = kind == GRADIENT ? i % GPU_TILE_M : i / GPU_CHUNK_K;
        u32 k = kind == GRADIENT ? i / GPU_TILE_M : i % GPU_CHUNK_K;
        a[k * STRIDE_A + m] = left(p, kind, tile, m, k);
    }
    GPU_LOOP
    for (u32 i = thread; i < GPU_TILE_N * GPU_CHUNK_K; i += GPU_TILE_THREADS) {
        u32 n = kind == BACKWARD ? i / GPU_CHUNK_K : i % GPU_TILE_N;
        u32 k = kind == BACKWARD ? i % GPU_CHUNK_K : i / GPU_TILE_N;
        b[k * STRIDE_B + n] = right(p, kind, tile, k, n);
    }
}

GPU_INLINE void load_bf16(const struct gpu_product *p, enum kind kind, const struct tile *tile,
                          u32 *a, u32 *b)
{
    const u32 words = GPU_CHUNK_K / 2;
    u32 thread = gpu_thread();
    GPU_LOOP
    for (u32 i = thread; i < GPU_TILE_M * words; i += GPU_TILE_THREADS) {
        u32 m = kind == GRADIENT ? i % GPU_TILE_M : i / words;
        u32 k = kind == GRADIENT ? i / GPU_TILE_M : i % words;
        a[m * STRIDE_WORDS + k] =
            gpu_pack(left(p, kind, tile, m, 2 * k), left(p, kind, tile, m, 2 * k + 1));
    }
    GPU_LOOP
    for (u32 i = thread; i < GPU_TILE_N * words; i += GPU_TILE_THREADS) {
        u32 n = kind == BACKWARD ? i / words : i % GPU_TILE_N;
        u32 k = kind == BACKWARD ? i % words : i / GPU_TILE_N;
        b[n * STRIDE_WORDS + k] =
            gpu_pack(right(p, kind, tile, 2 * k, n), right(p, kind, tile, 2 * k + 1, n));
    }
}

struct four {
    float x, y, z, w;
} __attribute__((aligned(16)));

struct two {
    float x, y;
} __attribute__((aligned(8)));

/* Adds one chunk to the 4 x 4 numbers of a thread. */
GPU_INLINE void chunk_f32(const float *a, const float *b, u32 depth, float sum[4][4])
{
    float part[4][4] = {{0}};
    GPU_LOOP
    for (u32 k = 0; k < depth; k += 8) {
        GPU_UNROLL
        for (u32 j = k; j < k + 8; j++) {
            struct four x = *(const struct four *)(const void *)(a + j * STRIDE_A);
            struct four y = *(const struct four *)(const void *)(b + j * STRIDE_B);
            const float left[4] = {x.x, x.y, x.z, x.w}, right[4] = {y.x, y.y, y.z, y.w};
            GPU_UNROLL
            for (u32 r = 0; r < 4; r++)
                GPU_UNROLL
            for (u32 c = 0; c < 4; c++)
                part[r][c] = gpu_fma(left[r], right[c], part[r][c]);
        }
    }
    GPU_UNROLL
    for (u32 r = 0; r < 4; r++)
        GPU_UNROLL
    for (u32 c = 0; c < 4; c++)
        sum[r][c] += part[r][c];
}

GPU_INLINE void product_f32(const struct gpu_product *p, enum kind kind, float *a, float *b)
{
    struct tile tile = tile_of(p, kind);
    u32 row = gpu_thread() / 16 * 4, column = gpu_thread() % 16 * 4;
    float sum[4][4];
    GPU_UNROLL
    for (u32 r = 0; r < 4; r++)
        load_start(p, kind, &tile, row + r, column, 4, sum[r]);
    GPU_LOOP
    for (u32 k = 0; k < tile.depth; k += GPU_CHUNK_K) {
        begin_chunk(p, kind, &tile, k);
        load_f32(p, kind, &tile, a, b);
        gpu_barrier();
        u32 left = (tile.depth - k + 7) / 8 * 8;
        chunk_f32(a + row, b + column, left < GPU_CHUNK_K ? left : GPU_CHUNK_K, sum);
        gpu_barrier();
    }
    GPU_UNROLL
    for (u32 r = 0; r < 4; r++)
        store_result(p, kind, &tile, row + r, column, 4, sum[r]);
}

/* Adds one chunk to a warp's tile of (16, 32): four tiles of mma side by side. */
GPU_INLINE void chunk_bf16(const u32 *a, const u32 *b, float sum[4][4])
{
    u32 g = gpu_thread() % 32 / 4, t = gpu_thread() % 4;
    float part[4][4] = {{0}};
    GPU_UNROLL
    for (u32 k = 0; k < GPU_CHUNK_K / 2; k += 8) {
        const u32 *row = a + g * STRIDE_WORDS + k + t, *below = row + 8 * STRIDE_WORDS;
        const u32 left[4] = {row[0], below[0], row[4], below[4]};
        GPU_UNROLL
        for (u32 i = 0; i < 4; i++) {
            const u32 *column = b + (8 * i + g) * STRIDE_WORDS + k + t;
            const u32 right[2] = {column[0], column[4]};
            gpu_mma(part[i], left, right);
        }
    }
    GPU_UNROLL
    for (u32 i = 0; i < 4; i++)
        GPU_UNROLL
    for (u32 j = 0; j < 4; j++)
        sum[i][j] += part[i][j];
}

GPU_INLINE void product_bf16(const struct gpu_product *p, enum kind kind, u32 *a, u32 *b)
{
    struct tile tile = tile_of(p, kind);
    u32 warp = gpu_thread() / 32, g = gpu_thread() % 32 / 4, t = gpu_thread() % 4;
    u32 row = warp / 2 * 16, column = warp % 2 * 32; /* of the warp's tile */
    float sum[4][4];
    GPU_UNROLL
    for (u32 i = 0; i < 4; i++)
        GPU_UNROLL
    for (u32 half = 0; half < 2; half++)
        load_start(p, kind, &tile, row + g + 8 * half, column + 8 * i + 2 * t, 2,
                   sum[i] + 2 * half);
    GPU_LOOP
    for (u32 k = 0; k < tile.depth; k += GPU_CHUNK_K) {
        begin_chunk(p, kind, &tile, k);
        load_bf16(p, kind, &tile, a, b);
        gpu_barrier();
        chunk_bf16(a + row * STRIDE_WORDS, b + column * STRIDE_WORDS, sum);
        gpu_barrier();
    }
    GPU_UNROLL
    for (u32 i = 0; i < 4; i++)
        GPU_UNROLL
    for (u32 half = 0; half < 2; half++)
        store_result(p, kind, &tile, row + g + 8 * half, column + 8 * i + 2 * t, 2,
                     sum[i] + 2 * half);
}

#define PRODUCT_F32(name, kind)                                                                    \
    GPU_KERNEL void name(struct gpu_product p)                                                     \
    {                                                                                              \
        GPU_SHARED float a[GPU_CHUNK_K * STRIDE_A], b[GPU_CHUNK_K * STRIDE_B];                     \
        product_f32(&p, kind, a, b);                                                               \
    }
#define PRODUCT_BF16(name, kind)                                                                   \
    GPU_KERNEL void name(struct gpu_product p)                                                     \
    {                                                                                              \
        GPU_SHARED u32 a[GPU_TILE_M * STRIDE_WORDS], b[GPU_TILE_N * STRIDE_WORDS];                 \
        product_bf16(&p, kind, a, b);                                                              \
    }

PRODUCT_F32(product_forward_f32, FORWARD)
PRODUCT_F32(product_backward_f32, BACKWARD)
PRODUCT_F32(product_gradient_f32, GRADIENT)
PRODUCT_BF16(product_forward_bf16, FORWARD)
PRODUCT_BF16(product_backward_bf16, BACKWARD)
PRODUCT_BF16(product_gradient_bf16, GRADIENT)

#endif
