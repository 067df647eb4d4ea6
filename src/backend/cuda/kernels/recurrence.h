/* All steps of a layer in one launch, forward or backward. A cluster of blocks serves eight
 * sequences from their first step to their last. Each block owns `width` units: their weights stay
 * in its registers (bf16) or its shared memory (f32), and each weight is read from global memory
 * once. After a step each block stores what it computed into the shared memory of all blocks, so
 * that each has the whole operand of the next step's product: h of all units, or in backward the
 * gradients of all gates.
 *
 * A product sums as product.h says: chunks of 64, each a chain, added in their order. So the bits
 * are those of steps of their own (product.h, steps.h), whatever the size of the cluster.
 *
 *     shared memory    weights (K, rows) of f32 | operand, twice | parts (chunks, 8, rows) of sums
 */
#ifndef RECUR_BACKEND_CUDA_KERNELS_RECURRENCE_H
#define RECUR_BACKEND_CUDA_KERNELS_RECURRENCE_H

#define STEPS_WARPS (GPU_STEPS_THREADS / 32)
#define PAIRS 2 /* at most */

enum cell { CELL_RNN, CELL_GRU, CELL_LSTM };

GPU_INLINE u32 gates_of(enum cell cell)
{
    return cell == CELL_RNN ? 1 : cell == CELL_GRU ? 3 : 4;
}

GPU_INLINE u32 slots_of(enum cell cell)
{
    return cell == CELL_RNN ? 1 : 4;
}

/* The slot of gate g of h' W_hh^T. */
GPU_INLINE u32 slot_of(enum cell cell, u32 g)
{
    return cell == CELL_GRU ? g + 1 : g;
}

/* A block's part of the product: `rows` of its weights times an operand of K numbers. */
struct share {
    u32 rows, depth, chunks;
    u32 operand; /* numbers of 32 bits of one operand */
    u32 stride;  /* of a row of parts */
    u32 first;   /* unit */
    float *weights, *operands, *parts;
};

GPU_INLINE u32 cluster_rank(void)
{
#if GPU_ARCHITECTURE >= 90
    return gpu_cluster_rank();
#else
    return 0;
#endif
}

GPU_INLINE void cluster_barrier(void)
{
#if GPU_ARCHITECTURE >= 90
    gpu_cluster_barrier();
#else
    gpu_barrier();
#endif
}

/* Stores a number at the same place in all blocks of the cluster. */
GPU_INLINE void share_number(const struct gpu_recurrence *k, float *at, float value)
{
#if GPU_ARCHITECTURE >= 90
    GPU_LOOP
    for (u32 rank = 0; rank < k->blocks; rank++)
        gpu_cluster_store(at, rank, gpu_bits(value));
#else
    (void)k;
    *at = value;
#endif
}

GPU_INLINE struct share share_of(const struct gpu_recurrence *k, u32 gates, u32 back, u32 bf16)
{
    struct share s;
    u32 columns = k->units * 32;
    s.rows = back ? k->width : k->width * gates;
    s.depth = back ? columns * gates : columns;
    s.chunks = (s.depth + GPU_CHUNK_K - 1) / GPU_CHUNK_K;
    s.operand = bf16 ? GPU_SEQUENCES * (s.chunks * 32 + 4) : GPU_SEQUENCES * s.depth;
    s.stride = s.rows + 4;
    s.first = cluster_rank() * k->width;
    s.weights = gpu_shared;
    s.operands = gpu_shared + (bf16 ? 0 : s.rows * s.depth);
    s.parts = s.operands + 2 * s.operand;
    return s;
}

/* The weight of row n of the share and column k of the product; 0 outside. */
GPU_INLINE float weight_of(const struct gpu_recurrence *k, const struct share *s, u32 back, u32 n,
                           u32 column)
{
    u32 unit = s->first + n % k->width, gate = n / k->width;
    if (unit >= k->units * 32 || column >= s->depth)
        return 0;
    if (back)
        return k->w[panel_weights(&k->panels, column / 32) + (u64)unit * 32 + column % 32];
    u32 panel = unit / 32 * k->panels.count + gate;
    return k->w[panel_weights(&k->panels, panel) + (u64)column * 32 + unit % 32];
}

/* Clears the operands, and loads the weights: f32 into shared memory. */
GPU_INLINE void begin_share(const struct gpu_recurrence *k, const struct share *s, u32 back,
                            u32 bf16)
{
    GPU_LOOP
    for (u32 i = gpu_thread(); i < 2 * s->operand; i += GPU_STEPS_THREADS)
        s->operands[i] = 0;
    if (bf16)
        return;
    GPU_LOOP
    for (u32 i = gpu_thread(); i < s->rows * s->depth; i += GPU_STEPS_THREADS)
        s->weights[i] = weight_of(k, s, back, i % s->rows, i / s->rows);
}

/* Item number q of this warp: 16 rows from `row` on, times a chunk; false: there is none. */
GPU_INLINE u32 item_of(const struct share *s, u32 q, u32 *row, u32 *chunk)
{
    u32 item = gpu_thread() / 32 + q * STEPS_WARPS;
    *row = item / s->chunks * 16;
    *chunk = item % s->chunks;
    return *row < s->rows;
}

/* The fragments of an item: four of A, one behind the other along K. */
GPU_INLINE void load_fragments(const struct gpu_recurrence *k, const struct share *s, u32 back,
                               u32 q, u32 a[4][4])
{
    u32 row, chunk, g = gpu_thread() % 32 / 4, t = gpu_thread() % 4;
    u32 there = item_of(s, q, &row, &chunk);
    GPU_UNROLL
    for (u32 half = 0; half < 2; half++) {
        u32 n = row + g + half * 8, unit = s->first + n % k->width;
        u32 inside = there && unit < k->units * 32;
        u32 panel = back ? chunk * 2 : unit / 32 * k->panels.count + n / k->width;
        GPU_UNROLL
        for (u32 i = 0; i < 4; i++) {
            u32 column = chunk * GPU_CHUNK_K + i * 16, exists = inside && column < s->depth;
            const float *w = k->w;
            if (exists)
                w += panel_weights(&k->panels, panel + (back ? i / 2 : 0)) +
                     (back ? unit * 32 + i % 2 * 16 + 2 * t : (column + 2 * t) * 32 + unit % 32);
            GPU_UNROLL
            for (u32 j = 0; j < 2; j++)
                a[i][half + 2 * j] =
                    exists ? gpu_pack(w[back ? 8 * j : 256 * j], w[back ? 8 * j + 1 : 256 * j + 32])
                           : 0;
        }
    }
}

/* Where an item's operand begins, for this lane, and where its part goes: numbers from `operands`,
 * low and high half. Kept in one register: both are loop-invariant, and registers are short. */
GPU_INLINE u32 place_item(const struct share *s, u32 q)
{
    u32 row, chunk, g = gpu_thread() % 32 / 4, t = gpu_thread() % 4;
    u32 there = item_of(s, q, &row, &chunk);
    u32 from = g * (s->chunks * 32 + 4) + chunk * 32 + t;
    u32 to = (chunk * GPU_SEQUENCES + 2 * t) * s->stride + row + g;
    return there ? to << 16 | from : ~0U;
}

GPU_INLINE void multiply_bf16(const struct share *s, const float *operand, u32 place, u32 a[4][4])
{
    if (place == ~0U)
        return;
    const float *v = operand + (place & 0xffff);
    float part[4] = {0, 0, 0, 0};
    GPU_UNROLL
    for (u32 i = 0; i < 4; i++) {
        const u32 b[2] = {gpu_bits(v[i * 8]), gpu_bits(v[i * 8 + 4])};
        gpu_mma(part, a[i], b);
    }
    float *to = s->parts + (place >> 16);
    to[0] = part[0];
    to[s->stride] = part[1];
    to[8] = part[2];
    to[s->stride + 8] = part[3];
}

GPU_INLINE void multiply_f32(const struct share *s, const float *operand)
{
    GPU_LOOP
    for (u32 item = gpu_thread(); item < s->rows * s->chunks; item += GPU_STEPS_THREADS) {
        u32 n = item % s->rows, chunk = item / s->rows;
        u32 first = chunk * GPU_CHUNK_K;
        u32 end = first + GPU_CHUNK_K < s->depth ? first + GPU_CHUNK_K : s->depth;
        const float *w = s->weights + first * s->rows + n;
        const struct four *v = (const struct four *)(const void *)(operand + first * GPU_SEQUENCES);
        float part[GPU_SEQUENCES] = {0, 0, 0, 0, 0, 0, 0, 0};
        GPU_LOOP
        for (u32 k = first; k < end; k += 4) {
            GPU_UNROLL
            for (u32 i = 0; i < 4; i++, w += s->rows, v += 2) {
                const struct four x = v[0], y = v[1];
                const float column[GPU_SEQUENCES] = {x.x, x.y, x.z, x.w, y.x, y.y, y.z, y.w};
                GPU_UNROLL
                for (u32 b = 0; b < GPU_SEQUENCES; b++)
                    part[b] = gpu_fma(*w, column[b], part[b]);
            }
        }
        GPU_UNROLL
        for (u32 b = 0; b < GPU_SEQUENCES; b++)
            s->parts[(chunk * GPU_SEQUENCES + b) * s->stride + n] = part[b];
    }
}

/* start + the parts of row n of one sequence, in their order. */
GPU_INLINE float add_parts(const struct share *s, u32 n, u32 slot, float start)
{
    const float *part = s->parts + slot * s->stride + n;
    GPU_LOOP
    for (u32 chunk = 0; chunk < s->chunks; chunk++, part += GPU_SEQUENCES * s->stride)
        start += *part;
    return start;
}

/* Number k of the operand of one sequence, for all blocks. In bf16 eight neighbouring threads of a
 * warp have eight neighbouring numbers, the first k a multiple of 8; in a cluster each of them
 * stores all eight in another block. */
GPU_INLINE void share_operand(const struct gpu_recurrence *kernel, const struct share *s,
                              float *operand, u32 bf16, u32 there, u32 k, u32 slot, float value)
{
    if (!bf16) {
        if (there)
            share_number(kernel, operand + k * GPU_SEQUENCES + slot, value);
        return;
    }
    float *row = operand + slot * (s->chunks * 32 + 4);
    u32 own = gpu_pack(value, gpu_shuffle_xor(value, 1));
#if GPU_ARCHITECTURE >= 90
    u32 lane = gpu_thread() % 8, word[4];
    GPU_UNROLL
    for (u32 i = 0; i < 4; i++)
        word[i] = gpu_shuffle_of_eight(own, 2 * i);
    GPU_LOOP
    for (u32 rank = lane; there && rank < kernel->blocks; rank += 8)
        gpu_cluster_store_four(row + k / 8 * 4, rank, word);
#else
    if (there && !(k & 1))
        row[k / 2] = __builtin_bit_cast(float, own);
#endif
}

/* A thread's pair number p. */
struct pair {
    u32 there, present;    /* it exists; its unit counts */
    u32 unit, slot, local; /* the last one: number of the unit in this block */
    u32 sequence;
};

GPU_INLINE struct pair pair_of(const struct gpu_recurrence *k, const struct share *s, u32 p)
{
    u32 i = gpu_thread() + p * GPU_STEPS_THREADS, local = i % k->width, slot = i / k->width;
    u32 unit = s->first + local, sequence = gpu_block() / k->blocks * GPU_SEQUENCES + slot;
    u32 there = slot < GPU_SEQUENCES && unit < k->units * 32 && sequence < k->sequences;
    return (struct pair){there, unit < k->hidden, unit, slot, local, sequence};
}

/* Where a pair's numbers lie at one step; `alive`: its sequence has that step. */
struct step_place {
    u32 alive, before, after; /* rows of states */
    float *z;
};

GPU_INLINE struct step_place step_of(const struct gpu_recurrence *k, const struct pair *pair,
                                     u32 slots, u32 t)
{
    struct step_place at = {pair->there && pair->sequence < (u32)k->alive[t], 0, 0, k->z};
    if (!at.alive)
        return at;
    u32 row = (u32)k->offset[t] + pair->sequence;
    at.before = (u32)k->before[row];
    at.after = k->batch + row;
    at.z = k->z + ((u64)row * k->units + pair->unit / 32) * slots * 32 + pair->unit % 32;
    return at;
}

GPU_INLINE void load_slots(const struct step_place *at, u32 slots, float *z)
{
    GPU_UNROLL
    for (u32 i = 0; i < 4; i++)
        z[i] = at->alive && i < slots ? at->z[i * 32] : 0;
}

/* The first sequence of this cluster has step t, and so has any that does. */
GPU_INLINE u32 cluster_runs(const struct gpu_recurrence *k, u32 t)
{
    return gpu_block() / k->blocks * GPU_SEQUENCES < (u32)k->alive[t];
}

GPU_INLINE float forward_cell(enum cell cell, u32 activation, float *s, float h_prev, float *c)
{
    if (cell == CELL_RNN)
        return rnn_output(s[0], activation);
    if (cell == CELL_GRU)
        return gru_output(s, h_prev);
    return lstm_output(s, *c, c);
}

GPU_INLINE void forward_steps(const struct gpu_recurrence *k, enum cell cell, u32 bf16)
{
    const u32 gates = gates_of(cell), slots = slots_of(cell);
    const u32 pairs = GPU_PAIRS(gates, GPU_ARCHITECTURE >= 90);
    struct share s = share_of(k, gates, 0, bf16);
    u32 width = k->units * 32, buffer = 0, place[GPU_ITEMS], a[GPU_ITEMS][4][4];
    float h[PAIRS] = {0, 0}, c[PAIRS] = {0, 0};
    begin_share(k, &s, 0, bf16);
    GPU_UNROLL
    for (u32 q = 0; q < (bf16 ? GPU_ITEMS : 0); q++) {
        load_fragments(k, &s, 0, q, a[q]);
        place[q] = place_item(&s, q);
    }
    cluster_barrier();
    GPU_UNROLL
    for (u32 p = 0; p < pairs; p++) {
        struct pair pair = pair_of(k, &s, p);
        if (pair.there)
            h[p] = k->h[(u64)pair.sequence * width + pair.unit];
        if (pair.there && cell == CELL_LSTM)
            c[p] = k->c[(u64)pair.sequence * width + pair.unit];
        share_operand(k, &s, s.operands, bf16, pair.there, pair.unit, pair.slot, h[p]);
    }
    cluster_barrier();
    GPU_LOOP
    for (u32 step = 0; step < k->steps; step++) {
        u32 t = k->backwards ? k->steps - 1 - step : step;
        float ahead[4]; /* of the first pair, on their way while the product is computed */
        if (!cluster_runs(k, t))
            continue;
        struct pair first = pair_of(k, &s, 0);
        struct step_place its = step_of(k, &first, slots, t);
        load_slots(&its, slots, ahead);
        if (!bf16)
            multiply_f32(&s, s.operands + buffer * s.operand);
        GPU_UNROLL
        for (u32 q = 0; q < (bf16 ? GPU_ITEMS : 0); q++)
            multiply_bf16(&s, s.operands + buffer * s.operand, place[q], a[q]);
        gpu_barrier();
        buffer ^= 1;
        GPU_UNROLL
        for (u32 p = 0; p < pairs; p++) {
            struct pair pair = pair_of(k, &s, p);
            struct step_place at = step_of(k, &pair, slots, t);
            float z[4] = {ahead[0], ahead[1], ahead[2], ahead[3]};
            if (p)
                load_slots(&at, slots, z);
            if (at.alive) {
                GPU_UNROLL
                for (u32 g = 0; g < gates; g++)
                    z[slot_of(cell, g)] =
                        add_parts(&s, g * k->width + pair.local, pair.slot, z[slot_of(cell, g)]);
                float y = forward_cell(cell, k->activation, z, h[p], &c[p]);
                h[p] = pair.present ? y : 0;
                c[p] = pair.present ? c[p] : 0;
                GPU_UNROLL
                for (u32 i = 0; i < 4; i++)
                    if (i < slots)
                        at.z[i * 32] = pair.present ? z[i] : 0;
                k->h[(u64)at.after * width + pair.unit] = h[p];
                if (cell == CELL_LSTM)
                    k->c[(u64)at.after * width + pair.unit] = c[p];
            }
            share_operand(k, &s, s.operands + buffer * s.operand, bf16, pair.there, pair.unit,
                          pair.slot, h[p]);
        }
        cluster_barrier();
    }
}

/* Replaces z by gradients; returns what is added to dh' besides the product. */
GPU_INLINE float backward_cell(const struct gpu_recurrence *k, enum cell cell, float *z,
                               const struct step_place *at, u32 unit, float dh, float *dc)
{
    u64 width = k->units * 32, before = at->before * width + unit, after = at->after * width + unit;
    if (cell == CELL_RNN) {
        z[0] = rnn_gradient(k->h[after], dh, k->activation);
        return 0;
    }
    if (cell == CELL_GRU)
        return gru_gradient(z, k->h[before], dh);
    *dc = lstm_gradient(z, k->c[before], k->c[after], dh, *dc);
    return 0;
}

/* Backward, a pair's first step is the last one that forward took. */
GPU_INLINE u32 begins_at(const struct gpu_recurrence *k, const struct pair *pair, u32 t)
{
    if (k->backwards)
        return !t;
    return t + 1 == k->steps || pair->sequence >= (u32)k->alive[t + 1];
}

GPU_INLINE void backward_steps(const struct gpu_recurrence *k, enum cell cell, u32 bf16)
{
    const u32 gates = gates_of(cell), slots = slots_of(cell);
    const u32 pairs = GPU_PAIRS(gates, GPU_ARCHITECTURE >= 90);
    struct share s = share_of(k, gates, 1, bf16);
    u32 width = k->units * 32, buffer = 0, place[GPU_ITEMS], a[GPU_ITEMS][4][4];
    float dh[PAIRS] = {0, 0}, dc[PAIRS] = {0, 0};
    begin_share(k, &s, 1, bf16);
    GPU_UNROLL
    for (u32 q = 0; q < (bf16 ? GPU_ITEMS : 0); q++) {
        load_fragments(k, &s, 1, q, a[q]);
        place[q] = place_item(&s, q);
    }
    cluster_barrier();
    GPU_UNROLL
    for (u32 p = 0; p < pairs; p++) {
        struct pair pair = pair_of(k, &s, p);
        if (pair.there && cell == CELL_LSTM)
            dc[p] = k->dc[(u64)pair.sequence * width + pair.unit];
    }
    GPU_LOOP
    for (u32 step = 0; step < k->steps; step++) {
        u32 t = k->backwards ? step : k->steps - 1 - step;
        float *operand = s.operands + buffer * s.operand;
        if (!cluster_runs(k, t))
            continue;
        GPU_UNROLL
        for (u32 p = 0; p < pairs; p++) {
            struct pair pair = pair_of(k, &s, p);
            struct step_place at = step_of(k, &pair, slots, t);
            float z[4];
            load_slots(&at, slots, z);
            if (at.alive) {
                if (begins_at(k, &pair, t))
                    dh[p] = k->dh[(u64)at.after * width + pair.unit];
                float more = backward_cell(k, cell, z, &at, pair.unit, dh[p], &dc[p]);
                dc[p] = pair.present ? dc[p] : 0;
                GPU_UNROLL
                for (u32 i = 0; i < 4; i++) {
                    z[i] = pair.present ? z[i] : 0;
                    if (i < slots)
                        at.z[i * 32] = z[i];
                }
                dh[p] = k->dh[(u64)at.before * width + pair.unit];
                if (cell == CELL_GRU)
                    dh[p] += more;
            }
            GPU_UNROLL
            for (u32 g = 0; g < gates; g++)
                share_operand(k, &s, operand, bf16, at.alive,
                              (pair.unit / 32 * gates + g) * 32 + pair.unit % 32, pair.slot,
                              z[slot_of(cell, g)]);
        }
        cluster_barrier();
        if (!bf16)
            multiply_f32(&s, operand);
        GPU_UNROLL
        for (u32 q = 0; q < (bf16 ? GPU_ITEMS : 0); q++)
            multiply_bf16(&s, operand, place[q], a[q]);
        gpu_barrier();
        GPU_UNROLL
        for (u32 p = 0; p < pairs; p++) {
            struct pair pair = pair_of(k, &s, p);
            struct step_place at = step_of(k, &pair, slots, t);
            if (!at.alive)
                continue;
            dh[p] = add_parts(&s, pair.local, pair.slot, dh[p]);
            if (at.before < k->batch)
                k->dh[(u64)at.before * width + pair.unit] = dh[p];
        }
        buffer ^= 1;
        gpu_barrier();
    }
    cluster_barrier();
    GPU_UNROLL
    for (u32 p = 0; p < pairs; p++) {
        struct pair pair = pair_of(k, &s, p);
        if (pair.there && cell == CELL_LSTM)
            k->dc[(u64)pair.sequence * width + pair.unit] = dc[p];
    }
}

#define RECURRENCE(name, cell)                                                                     \
    GPU_KERNEL __attribute__((launch_bounds(GPU_STEPS_THREADS, 1))) void name##_steps_forward_f32( \
        struct gpu_recurrence k)                                                                   \
    {                                                                                              \
        forward_steps(&k, cell, 0);                                                                \
    }                                                                                              \
    GPU_KERNEL                                                                                     \
    __attribute__((launch_bounds(GPU_STEPS_THREADS, 1))) void name##_steps_forward_bf16(           \
        struct gpu_recurrence k)                                                                   \
    {                                                                                              \
        forward_steps(&k, cell, 1);                                                                \
    }                                                                                              \
    GPU_KERNEL                                                                                     \
    __attribute__((launch_bounds(GPU_STEPS_THREADS, 1))) void name##_steps_backward_f32(           \
        struct gpu_recurrence k)                                                                   \
    {                                                                                              \
        backward_steps(&k, cell, 0);                                                               \
    }                                                                                              \
    GPU_KERNEL                                                                                     \
    __attribute__((launch_bounds(GPU_STEPS_THREADS, 1))) void name##_steps_backward_bf16(          \
        struct gpu_recurrence k)                                                                   \
    {                                                                                              \
        backward_steps(&k, cell, 1);                                                               \
    }

RECURRENCE(rnn, CELL_RNN)
RECURRENCE(gru, CELL_GRU)
RECURRENCE(lstm, CELL_LSTM)

#endif
