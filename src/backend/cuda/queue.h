/* What engines and learners put into the GPU's stream, one after the other. The functions that put
 * something there cannot fail: the first failure is kept, what follows it is left out, and
 * recur_cuda_finish returns it. */
#ifndef RECUR_BACKEND_CUDA_QUEUE_H
#define RECUR_BACKEND_CUDA_QUEUE_H

#include "backend/cuda/device.h"
#include "backend/cuda/kernels/arguments.h"
#include "backend/cuda/kernels/names.h"

struct recur_cuda_queue {
    const struct recur_cuda *cuda;
    recur_cuda_function function[RECUR_CUDA_KERNEL_COUNT];
    enum recur_status failed; /* RECUR_OK: nothing has */
    recur_error error;
};

static inline const struct recur_cuda *recur_cuda_of(const struct recur_gpu *gpu)
{
    return (const struct recur_cuda *)(uintptr_t)gpu;
}

/* Looks the kernels up. Errors: DEVICE. */
enum recur_status recur_cuda_queue_init(struct recur_cuda_queue *queue,
                                        const struct recur_cuda *cuda, recur_error *error);

/* Memory of `count` numbers of 32 bits, all zero. Errors: DEVICE. */
enum recur_status recur_cuda_numbers(struct recur_cuda_queue *queue, size_t count, const char *what,
                                     recur_cuda_memory *memory, recur_error *error);

/* Memory of the host that the GPU copies from and to without a detour, all zero. Errors: DEVICE. */
enum recur_status recur_cuda_host(struct recur_cuda_queue *queue, size_t bytes, const char *what,
                                  void *memory, recur_error *error);
void recur_cuda_host_free(struct recur_cuda_queue *queue, void *memory);

void recur_cuda_upload(struct recur_cuda_queue *queue, recur_cuda_memory to, const void *from,
                       size_t bytes);
void recur_cuda_download(struct recur_cuda_queue *queue, void *to, recur_cuda_memory from,
                         size_t bytes);
void recur_cuda_copy(struct recur_cuda_queue *queue, recur_cuda_memory to, recur_cuda_memory from,
                     size_t bytes);
void recur_cuda_clear(struct recur_cuda_queue *queue, recur_cuda_memory to, size_t numbers);

/* Launches a kernel with one argument, a structure of kernels/arguments.h. */
void recur_cuda_run(struct recur_cuda_queue *queue, enum recur_cuda_kernel kernel, size_t blocks,
                    unsigned threads, void *argument);

/* The same with a thread for each of `count` numbers. */
void recur_cuda_run_each(struct recur_cuda_queue *queue, enum recur_cuda_kernel kernel,
                         size_t count, void *argument);

/* The same for `clusters` clusters of `size` blocks, which have `shared` bytes each; and how many
 * of these clusters the GPU runs at a time; 0: it cannot. */
void recur_cuda_run_clusters(struct recur_cuda_queue *queue, enum recur_cuda_kernel kernel,
                             size_t clusters, size_t size, unsigned threads, size_t shared,
                             void *argument);
size_t recur_cuda_clusters(const struct recur_cuda_queue *queue, enum recur_cuda_kernel kernel,
                           size_t size, unsigned threads, size_t shared);

/* Waits for everything. Errors: what was kept, else DEVICE. */
enum recur_status recur_cuda_finish(struct recur_cuda_queue *queue, recur_error *error);

/* The address `numbers` behind another. */
static inline recur_cuda_memory recur_cuda_at(recur_cuda_memory memory, size_t numbers)
{
    return memory + numbers * sizeof(float);
}

#endif
