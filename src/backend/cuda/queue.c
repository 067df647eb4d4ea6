#include "backend/cuda/queue.h"

#include <string.h>

#include "base/memory.h"

#define NAME(name) #name,
static const char *const names[] = {RECUR_CUDA_KERNELS(NAME)};

enum recur_status recur_cuda_queue_init(struct recur_cuda_queue *queue,
                                        const struct recur_cuda *cuda, recur_error *error)
{
    queue->cuda = cuda;
    for (size_t i = 0; i < RECUR_CUDA_KERNEL_COUNT; i++) {
        bool steps = i >= RECUR_CUDA_rnn_steps_forward_f32;
        bool shares = i >= RECUR_CUDA_product_forward_bf16_wide;
        recur_cuda_function *function = &queue->function[i];
        RECUR_TRY(recur_cuda_kernel(cuda, names[i], shares ? cuda->shared : 0, function, error));
        if (steps && cuda->clusters)
            RECUR_TRY(recur_cuda_check(&cuda->driver,
                                       cuda->driver.cuFuncSetAttribute(
                                           *function, RECUR_CUDA_FUNCTION_NON_PORTABLE_CLUSTER, 1),
                                       "a kernel was given larger clusters", error));
    }
    return RECUR_OK;
}

/* Keeps the first failure. */
static void keep(struct recur_cuda_queue *queue, int result, const char *what)
{
    if (queue->failed == RECUR_OK)
        queue->failed = recur_cuda_check(&queue->cuda->driver, result, what, &queue->error);
    if (queue->failed != RECUR_OK)
        recur_cuda_fail(queue->cuda, &queue->error);
}

enum recur_status recur_cuda_numbers(struct recur_cuda_queue *queue, size_t count, const char *what,
                                     recur_cuda_memory *memory, recur_error *error)
{
    size_t numbers = count ? count : 1;
    RECUR_TRY(
        recur_cuda_alloc(queue->cuda, recur_size_mul(numbers, sizeof(float)), what, memory, error));
    recur_cuda_clear(queue, *memory, numbers);
    return RECUR_OK;
}

enum recur_status recur_cuda_host(struct recur_cuda_queue *queue, size_t bytes, const char *what,
                                  void *memory, recur_error *error)
{
    void **block = memory;
    const struct recur_cuda_driver *driver = &queue->cuda->driver;
    RECUR_TRY(
        recur_cuda_check(driver, driver->cuMemHostAlloc(block, bytes ? bytes : 1, 0), what, error));
    memset(*block, 0, bytes);
    return RECUR_OK;
}

void recur_cuda_host_free(struct recur_cuda_queue *queue, void *memory)
{
    if (memory)
        queue->cuda->driver.cuMemFreeHost(memory);
}

void recur_cuda_upload(struct recur_cuda_queue *queue, recur_cuda_memory to, const void *from,
                       size_t bytes)
{
    if (queue->failed == RECUR_OK && bytes)
        keep(queue, queue->cuda->driver.cuMemcpyHtoDAsync(to, from, bytes, queue->cuda->stream),
             "it was copied to");
}

void recur_cuda_download(struct recur_cuda_queue *queue, void *to, recur_cuda_memory from,
                         size_t bytes)
{
    if (queue->failed == RECUR_OK && bytes)
        keep(queue, queue->cuda->driver.cuMemcpyDtoHAsync(to, from, bytes, queue->cuda->stream),
             "it was copied from");
}

void recur_cuda_copy(struct recur_cuda_queue *queue, recur_cuda_memory to, recur_cuda_memory from,
                     size_t bytes)
{
    if (queue->failed == RECUR_OK && bytes)
        keep(queue, queue->cuda->driver.cuMemcpyDtoDAsync(to, from, bytes, queue->cuda->stream),
             "numbers were copied in it");
}

void recur_cuda_clear(struct recur_cuda_queue *queue, recur_cuda_memory to, size_t numbers)
{
    if (queue->failed == RECUR_OK && numbers)
        keep(queue, queue->cuda->driver.cuMemsetD32Async(to, 0, numbers, queue->cuda->stream),
             "its memory was cleared");
}

void recur_cuda_run(struct recur_cuda_queue *queue, enum recur_cuda_kernel kernel, size_t blocks,
                    unsigned threads, void *argument)
{
    const struct recur_cuda_launch launch = {.function = queue->function[kernel],
                                             .name = names[kernel],
                                             .blocks = (unsigned)blocks,
                                             .threads = threads};
    if (queue->failed == RECUR_OK && blocks)
        queue->failed =
            recur_cuda_launch(queue->cuda, &launch, (void *[]){argument}, &queue->error);
}

void recur_cuda_run_each(struct recur_cuda_queue *queue, enum recur_cuda_kernel kernel,
                         size_t count, void *argument)
{
    recur_cuda_run(queue, kernel, (count + GPU_THREADS - 1) / GPU_THREADS, GPU_THREADS, argument);
}

void recur_cuda_run_clusters(struct recur_cuda_queue *queue, enum recur_cuda_kernel kernel,
                             size_t clusters, size_t size, unsigned threads, size_t shared,
                             void *argument)
{
    const struct recur_cuda_launch launch = {.function = queue->function[kernel],
                                             .name = names[kernel],
                                             .blocks = (unsigned)(clusters * size),
                                             .threads = threads,
                                             .cluster = size > 1 ? (unsigned)size : 0,
                                             .shared = (unsigned)shared};
    if (queue->failed == RECUR_OK && clusters)
        queue->failed =
            recur_cuda_launch(queue->cuda, &launch, (void *[]){argument}, &queue->error);
}

size_t recur_cuda_clusters(const struct recur_cuda_queue *queue, enum recur_cuda_kernel kernel,
                           size_t size, unsigned threads, size_t shared)
{
    const struct recur_cuda_driver *driver = &queue->cuda->driver;
    recur_cuda_function function = queue->function[kernel];
    struct recur_cuda_launch_attribute attribute = {.id = RECUR_CUDA_LAUNCH_CLUSTER,
                                                    .value.cluster = {(unsigned)size, 1, 1}};
    const struct recur_cuda_launch_config config = {.grid = {(unsigned)size, 1, 1},
                                                    .block = {threads, 1, 1},
                                                    .shared = (unsigned)shared,
                                                    .stream = queue->cuda->stream,
                                                    .attributes = &attribute,
                                                    .count = 1};
    int count = 0;
    int result = size > 1 ? driver->cuOccupancyMaxActiveClusters(&count, function, &config)
                          : driver->cuOccupancyMaxActiveBlocksPerMultiprocessor(
                                &count, function, (int)threads, shared);
    return result == RECUR_CUDA_SUCCESS && count > 0 ? (size_t)count : 0;
}

enum recur_status recur_cuda_finish(struct recur_cuda_queue *queue, recur_error *error)
{
    if (queue->failed == RECUR_OK)
        queue->failed = recur_cuda_wait(queue->cuda, &queue->error);
    if (queue->failed != RECUR_OK && error)
        *error = queue->error;
    return queue->failed;
}
