/* Softmax, the cross-entropy of its result, and the sum of the losses. */
#ifndef RECUR_BACKEND_CUDA_KERNELS_LOSS_H
#define RECUR_BACKEND_CUDA_KERNELS_LOSS_H

/* The largest, or the sum, of what the lanes of a warp have; all get the same. */
GPU_INLINE float warp_max(float x)
{
    GPU_UNROLL
    for (u32 mask = 16; mask; mask /= 2)
        x = gpu_max(x, gpu_shuffle_xor(x, mask));
    return x;
}

GPU_INLINE float warp_sum(float x)
{
    GPU_UNROLL
    for (u32 mask = 16; mask; mask /= 2)
        x += gpu_shuffle_xor(x, mask);
    return x;
}

GPU_INLINE float exponential(float x)
{
    return gpu_exp2(1.44269504F * x);
}

/* A warp for each row. loss = log sum_v e^{x_v} - x_target, 0 where the target is below 0; the
 * logits become scale (softmax - one_hot(target)), 0 without a target. A hit: no other logit is
 * larger. */
GPU_KERNEL void softmax_loss(struct gpu_softmax k)
{
    u32 lane = gpu_thread() % 32, row = gpu_block() * (GPU_THREADS / 32) + gpu_thread() / 32;
    if (row >= k.rows)
        return;
    float *x = k.logits + (u64)row * k.columns;
    s32 target = k.targets[row];
    u32 owner = target < 0 ? 0 : (u32)target % 32; /* the lane that alone touches x[target] */
    float top = -__builtin_inff(), wanted = target < 0 || lane != owner ? 0 : x[target], sum = 0;
    GPU_LOOP
    for (u32 v = lane; v < k.vocabulary; v += 32)
        top = gpu_max(x[v], top);
    top = warp_max(top);
    GPU_LOOP
    for (u32 v = lane; v < k.vocabulary; v += 32) {
        float e = exponential(x[v] - top);
        sum += e;
        x[v] = e;
    }
    sum = warp_sum(sum);
    float factor = target < 0 ? 0 : k.scale / sum;
    GPU_LOOP
    for (u32 v = lane; v < k.columns; v += 32) {
        float y = v < k.vocabulary ? x[v] * factor : 0;
        x[v] = v == (u32)target ? y - k.scale : y;
    }
    if (lane != owner)
        return;
    k.loss[row] = target < 0 ? 0 : gpu_fma(6.93147181e-1F, gpu_log2(sum), top - wanted);
    if (k.hit)
        k.hit[row] = target >= 0 && !(top > wanted);
}

/* The sum over a block's threads, in pairs; thread 0 has it. */
GPU_INLINE double block_sum(double x, double *sums)
{
    u32 thread = gpu_thread();
    sums[thread] = x;
    gpu_barrier();
    GPU_LOOP
    for (u32 half = GPU_THREADS / 2; half; half /= 2) {
        if (thread < half)
            sums[thread] += sums[thread + half];
        gpu_barrier();
    }
    return sums[0];
}

GPU_KERNEL void sum_losses(struct gpu_sum k)
{
    GPU_SHARED double sums[GPU_THREADS];
    double sum = 0;
    GPU_LOOP
    for (u64 i = gpu_thread(); i < k.count; i += GPU_THREADS)
        sum += (double)k.from[mapped(k.map, (u32)i)];
    sum = block_sum(sum, sums);
    if (!gpu_thread())
        k.report->loss = sum;
}

#endif
