/* The gradient's norm, clipping, the optimisers: loops over the flat parameters. */
#ifndef RECUR_BACKEND_CUDA_KERNELS_UPDATE_H
#define RECUR_BACKEND_CUDA_KERNELS_UPDATE_H

/* A block sums the squares of one chunk. */
GPU_KERNEL void sum_squares(struct gpu_sum k)
{
    GPU_SHARED double sums[GPU_THREADS];
    u64 first = (u64)gpu_block() * GPU_CHUNK;
    float sum = 0;
    GPU_LOOP
    for (u64 i = first + gpu_thread(); i < first + GPU_CHUNK && i < k.count; i += GPU_THREADS)
        sum = gpu_fma(k.from[i], k.from[i], sum);
    double all = block_sum((double)sum, sums);
    if (!gpu_thread())
        k.parts[gpu_block()] = all;
}

/* The book's clipping: g *= clip / norm where norm > clip (Pascanu et al. 2013). */
GPU_KERNEL void sum_norm(struct gpu_sum k)
{
    GPU_SHARED double sums[GPU_THREADS];
    double sum = 0, clip = (double)k.clip;
    GPU_LOOP
    for (u32 i = gpu_thread(); i < k.chunks; i += GPU_THREADS)
        sum += k.parts[i];
    sum = block_sum(sum, sums);
    if (gpu_thread())
        return;
    double norm = __nvvm_sqrt_rn_d(sum);
    k.report->norm = norm;
    k.report->scale = clip > 0 && norm > clip ? clip / norm : 1;
}

GPU_KERNEL void check_finite(struct gpu_sum k)
{
    u64 i = gpu_global_thread();
    if (i < k.count && (gpu_bits(k.from[i]) & 0x7f800000U) == 0x7f800000U)
        k.report->broken = 1;
}

/* Which number this thread updates; `count` or more: none, because the norm is not finite. */
GPU_INLINE u64 update_place(const struct gpu_update *k)
{
    double norm = k->report->norm;
    return norm - norm == 0 ? gpu_global_thread() : k->count;
}

/* m = momentum m + g, then p -= lr m; without momentum m is not read. */
GPU_KERNEL void update_sgd(struct gpu_update k)
{
    u64 i = update_place(&k);
    if (i >= k.count)
        return;
    float p = k.p[i], step = gpu_fma(k.weight_decay, p, (float)k.report->scale * k.g[i]);
    if (k.m) {
        step = gpu_fma(k.momentum, k.m[i], step);
        k.m[i] = step;
    }
    k.p[i] = p - k.lr * step;
}

/* Kingma & Ba 2015; `decoupled`: AdamW, Loshchilov & Hutter 2019. */
GPU_KERNEL void update_adam(struct gpu_update k)
{
    u64 i = update_place(&k);
    if (i >= k.count)
        return;
    float p = k.p[i], g = (float)k.report->scale * k.g[i];
    if (k.decoupled)
        p -= k.lr * k.weight_decay * p;
    else
        g = gpu_fma(k.weight_decay, p, g);
    float m = k.beta1 * k.m[i] + (1 - k.beta1) * g, v = k.beta2 * k.v[i] + (1 - k.beta2) * g * g;
    k.m[i] = m;
    k.v[i] = v;
    k.p[i] = p - k.step * m / gpu_fma(gpu_sqrt(v), k.root, k.epsilon);
}

/* Tieleman & Hinton 2012, with PyTorch's momentum. */
GPU_KERNEL void update_rmsprop(struct gpu_update k)
{
    u64 i = update_place(&k);
    if (i >= k.count)
        return;
    float p = k.p[i], g = gpu_fma(k.weight_decay, p, (float)k.report->scale * k.g[i]);
    float v = k.alpha * k.v[i] + (1 - k.alpha) * g * g, step = g / (gpu_sqrt(v) + k.epsilon);
    k.v[i] = v;
    if (k.m) {
        step = gpu_fma(k.momentum, k.m[i], step);
        k.m[i] = step;
    }
    k.p[i] = p - k.lr * step;
}

GPU_KERNEL void add(struct gpu_add k)
{
    u64 i = gpu_global_thread();
    if (i < k.count)
        k.a[i] += k.b[i];
}

#endif
