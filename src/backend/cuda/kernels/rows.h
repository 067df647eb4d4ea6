/* What moves rows of activations: look-ups and their gradients, what layers hand on, sums of
 * columns. */
#ifndef RECUR_BACKEND_CUDA_KERNELS_ROWS_H
#define RECUR_BACKEND_CUDA_KERNELS_ROWS_H

GPU_KERNEL void gather(struct gpu_gather k)
{
    u32 width = k.panels.panels * 32;
    u64 number = gpu_global_thread();
    u32 row = (u32)(number / width), panel = (u32)(number % width) / 32, lane = (u32)number % 32;
    if (row >= k.rows)
        return;
    u32 column = panel_column(&k.panels, panel) + lane;
    float value = k.bias ? k.bias[column] : 0;
    if (k.ids)
        value = k.table[panel_weights(&k.panels, panel) + (u64)(u32)k.ids[row] * 32 + lane] + value;
    k.z[(u64)row * k.columns + column] = value;
}

GPU_KERNEL void scatter(struct gpu_scatter k)
{
    u32 width = k.panels.panels * 32;
    u64 number = gpu_global_thread();
    u32 token = (u32)(number / width), panel = (u32)(number % width) / 32, lane = (u32)number % 32;
    if (token >= k.tokens)
        return;
    const float *dz = k.dz + panel_column(&k.panels, panel) + lane;
    float sum = 0;
    GPU_LOOP
    for (u32 i = (u32)k.first[token]; i < (u32)k.first[token + 1]; i++)
        sum += dz[(u64)(u32)k.row[i] * k.columns];
    k.table[panel_weights(&k.panels, panel) + (u64)(u32)k.id[token] * 32 + lane] = sum;
}

/* The CPU's mixing function (backend/cpu/kernels/dropout.h). */
GPU_INLINE u32 scatter_bits(u32 x, u32 key)
{
    x = (x ^ key) * 0x9e3779b1U;
    x = (x ^ (x >> 16)) * 0x85ebca6bU;
    x = (x ^ (x >> 13)) * 0xc2b2ae35U;
    return x ^ (x >> 16);
}

/* m of one number: 0 or 1 / (1 - p). */
GPU_INLINE float mask_of(const struct gpu_hand_on *k, u32 row, u32 unit)
{
    if (!k->threshold)
        return 1;
    u32 low = (u32)k->like[row] * 32 + unit % 32, high = k->place + unit / 32;
    u32 bits = scatter_bits(scatter_bits(low, (u32)k->key) ^ high, (u32)(k->key >> 32));
    return bits >= k->threshold ? k->keep : 0;
}

GPU_KERNEL void hand_on(struct gpu_hand_on k)
{
    u32 width = k.units * 32;
    u64 number = gpu_global_thread();
    u32 row = (u32)(number / width), unit = (u32)(number % width);
    if (row >= k.rows)
        return;
    float value = k.h[0][(u64)(u32)k.map[0][row] * width + unit];
    if (k.h[1])
        value += k.h[1][(u64)(u32)k.map[1][row] * width + unit];
    k.x[(u64)row * k.columns + unit] = value * mask_of(&k, row, unit);
}

/* Here h are gradients. */
GPU_KERNEL void hand_back(struct gpu_hand_on k)
{
    u32 width = k.units * 32;
    u64 number = gpu_global_thread();
    u32 row = (u32)(number / width), unit = (u32)(number % width);
    if (row >= k.rows)
        return;
    float value = k.x[(u64)row * k.columns + unit] * mask_of(&k, row, unit);
    k.h[0][(u64)(u32)k.map[0][row] * width + unit] = value;
    if (k.h[1])
        k.h[1][(u64)(u32)k.map[1][row] * width + unit] = value;
}

GPU_KERNEL void move_rows(struct gpu_rows k)
{
    u64 number = gpu_global_thread();
    u32 row = (u32)(number / k.width), column = (u32)(number % k.width);
    if (row >= k.rows)
        return;
    float *to = k.to + mapped(k.to_map, row) * k.to_columns + column;
    float value = k.from[mapped(k.from_map, row) * k.from_columns + column];
    *to = k.adds ? *to + value : value;
}

/* A block sums a panel: warp w the rows w, w + 8, ..., then the sums of the warps in their order.
 */
GPU_KERNEL void sum_columns(struct gpu_sum_columns k)
{
    GPU_SHARED float sums[GPU_THREADS];
    const u32 warps = GPU_THREADS / 32;
    u32 panel = gpu_block(), thread = gpu_thread(), lane = thread % 32;
    const float *dz = k.dz + panel_column(&k.panels, panel) + lane;
    float sum = 0;
    GPU_LOOP
    for (u32 row = thread / 32; row < k.rows; row += warps)
        sum += dz[mapped(k.map, row) * k.columns];
    sums[thread] = sum;
    gpu_barrier();
    if (thread >= 32)
        return;
    GPU_LOOP
    for (u32 i = 1; i < warps; i++)
        sum += sums[i * 32 + lane];
    k.db[panel_weights(&k.panels, panel) + lane] = sum;
}

GPU_KERNEL void sum_biases(struct gpu_sum_biases k)
{
    u32 number = (u32)gpu_global_thread(), lane = number % 32, slot = number / 32 % k.slots;
    u32 u = number / 32 / k.slots;
    if (u >= k.units)
        return;
    float sum = 0;
    GPU_LOOP
    for (u32 g = 0; g < k.gates; g++) {
        u32 at = (u * k.gates + g) * 32 + lane;
        if ((k.input_slot >> 4 * g & 15) == slot)
            sum += k.ih[at];
        if (k.hh && (k.recurrent_slot >> 4 * g & 15) == slot)
            sum += k.hh[at];
    }
    k.bias[number] = sum;
}

#endif
