/* The dialect of the kernels: a few words for what a GPU has and C has not. clang compiles it to
 * PTX without any SDK: nothing here includes a header of CUDA's. Kernels are launched in one
 * dimension, by blocks of whole warps of 32 threads. */
#ifndef RECUR_BACKEND_CUDA_KERNELS_GPU_H
#define RECUR_BACKEND_CUDA_KERNELS_GPU_H

#define GPU_KERNEL extern "C" __attribute__((global))
#define GPU_INLINE static __attribute__((device, always_inline)) inline
#define GPU_SHARED static __attribute__((shared)) __attribute__((aligned(16)))
#define GPU_UNROLL _Pragma("unroll")
#define GPU_LOOP _Pragma("nounroll")

/* The memory of a block whose size the launch says. */
extern __attribute__((shared)) __attribute__((aligned(16))) float gpu_shared[];

GPU_INLINE u32 gpu_thread(void)
{
    return __nvvm_read_ptx_sreg_tid_x();
}

GPU_INLINE u32 gpu_block(void)
{
    return __nvvm_read_ptx_sreg_ctaid_x();
}

/* The number of this thread among those of all blocks of GPU_THREADS. */
GPU_INLINE u64 gpu_global_thread(void)
{
    return (u64)gpu_block() * GPU_THREADS + gpu_thread();
}

/* All threads of a block meet; what they have written before, all of them see. */
GPU_INLINE void gpu_barrier(void)
{
    __nvvm_bar_sync(0);
}

/* The value that the lane with the number `lane ^ mask` of the same warp has for x. */
GPU_INLINE float gpu_shuffle_xor(float x, u32 mask)
{
    float y;
    asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 31, -1;" : "=f"(y) : "f"(x), "r"(mask));
    return y;
}

/* The word that lane number `lane` of the same eight lanes has for x. */
GPU_INLINE u32 gpu_shuffle_of_eight(u32 x, u32 lane)
{
    u32 y;
    asm volatile("shfl.sync.idx.b32 %0, %1, %2, 0x181f, -1;" : "=r"(y) : "r"(x), "r"(lane));
    return y;
}

/* D += A B of one warp, A (16, 16) and B (16, 8) of bf16, D (16, 8) of float. Lane l = 4 g + t has
 * of D rows g and g + 8, columns 2 t and 2 t + 1; of A the pairs of columns from 2 t and 2 t + 8 in
 * rows g, g + 8 (a[0], a[1], then a[2], a[3]); of B the pairs of rows from 2 t and 2 t + 8 in
 * column g. */
GPU_INLINE void gpu_mma(float *d, const u32 *a, const u32 *b)
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/* Two numbers rounded to the nearest bf16, ties to even; `low` stands in the low half. */
GPU_INLINE u32 gpu_pack(float low, float high)
{
    u32 word;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(high), "f"(low));
    return word;
}

/* 2^x, 1 / x and log2 x by the units that approximate them: relative errors of a few 2^-23, and
 * other bits on another architecture. */
GPU_INLINE float gpu_exp2(float x)
{
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

GPU_INLINE float gpu_reciprocal(float x)
{
    float y;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

GPU_INLINE float gpu_log2(float x)
{
    float y;
    asm("lg2.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

/* These round once, as IEEE 754 says. */
GPU_INLINE float gpu_fma(float a, float b, float c)
{
    return __builtin_fmaf(a, b, c);
}

GPU_INLINE float gpu_sqrt(float x)
{
    return __nvvm_sqrt_rn_f(x);
}

GPU_INLINE float gpu_max(float a, float b)
{
    return a > b ? a : b;
}

GPU_INLINE u32 gpu_bits(float x)
{
    return __builtin_bit_cast(u32, x);
}

/* Copies up to 4 numbers, at an address that is a multiple of 16 bytes, into shared memory, and
 * zeros behind them. They arrive later: gpu_send_end closes a group of copies, and the others wait
 * until the thread's groups have arrived, or all but the last. */
GPU_INLINE void gpu_send(float *to, const float *from, u32 count)
{
    asm volatile("{.reg .u64 a; .reg .u32 s;\n\tcvta.to.shared.u64 a, %0;\n\tcvt.u32.u64 s, a;\n\t"
                 "cp.async.cg.shared.global [s], [%1], 16, %2;}" ::"l"(to),
                 "l"(from), "r"(count * 4)
                 : "memory");
}

GPU_INLINE void gpu_send_end(void)
{
    asm volatile("cp.async.commit_group;" ::: "memory");
}

GPU_INLINE void gpu_wait_but_one(void)
{
    asm volatile("cp.async.wait_group 1;" ::: "memory");
}

GPU_INLINE void gpu_wait_all(void)
{
    asm volatile("cp.async.wait_group 0;" ::: "memory");
}

#if GPU_ARCHITECTURE >= 90
/* A cluster: blocks that run at the same time and reach each other's shared memory. */
GPU_INLINE u32 gpu_cluster_rank(void)
{
    u32 rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}

/* All threads of a cluster meet; what they have written before, all of them see. */
GPU_INLINE void gpu_cluster_barrier(void)
{
    asm volatile("barrier.cluster.arrive.aligned;\n\tbarrier.cluster.wait.aligned;" ::: "memory");
}

/* Stores four words, at a multiple of 16 bytes, where block number `rank` has what this block has
 * at `local`. */
GPU_INLINE void gpu_cluster_store_four(void *local, u32 rank, const u32 *value)
{
    asm volatile(
        "{.reg .u64 a; .reg .u32 s, d;\n\tcvta.to.shared.u64 a, %0;\n\tcvt.u32.u64 s, a;\n\t"
        "mapa.shared::cluster.u32 d, s, %1;\n\t"
        "st.shared::cluster.v4.u32 [d], {%2,%3,%4,%5};}" ::"l"(local),
        "r"(rank), "r"(value[0]), "r"(value[1]), "r"(value[2]), "r"(value[3])
        : "memory");
}

/* Stores a word where block number `rank` of the cluster has what this block has at `local`. */
GPU_INLINE void gpu_cluster_store(void *local, u32 rank, u32 value)
{
    asm volatile(
        "{.reg .u64 a; .reg .u32 s, d;\n\tcvta.to.shared.u64 a, %0;\n\tcvt.u32.u64 s, a;\n\t"
        "mapa.shared::cluster.u32 d, s, %1;\n\tst.shared::cluster.u32 [d], %2;}" ::"l"(local),
        "r"(rank), "r"(value)
        : "memory");
}
#endif

/* Where a row lies; map 0: where its number says. */
GPU_INLINE u64 mapped(const s32 *map, u32 row)
{
    return map ? (u32)map[row] : row;
}

#endif
