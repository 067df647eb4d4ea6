/* A GPU that was opened: its context, the kernels, a stream, and what engines and learners ask of
 * the driver. Between recur_cuda_enter and recur_cuda_leave a thread may call the driver; every
 * other function here except recur_cuda_find and recur_cuda_open must be called between them. */
#ifndef RECUR_CUDA_DEVICE_H
#define RECUR_CUDA_DEVICE_H

#include "backend/backend.h"
#include "backend/cuda/driver.h"

struct recur_cuda {
    struct recur_gpu base;
    struct recur_gpu *gpu; /* the base, for those that may change nothing else */
    struct recur_cuda_driver driver;
    int device;
    recur_cuda_context context; /* the device's primary one, which others in the process may use */
    recur_cuda_module module;
    recur_cuda_stream stream;
    bool clusters; /* the kernels are those for sm_90 */
    size_t shared; /* bytes of shared memory that a block may have at most */
};

/* One launch. What is 0 is not asked for. */
struct recur_cuda_launch {
    recur_cuda_function function;
    const char *name; /* of the kernel, for sentences */
    unsigned blocks, threads;
    unsigned cluster; /* blocks of a cluster */
    unsigned shared;  /* bytes of dynamic shared memory */
};

/* The backend's functions (backend/backend.h). */
enum recur_status recur_cuda_find(size_t number, recur_device_info *info, bool *there,
                                  recur_error *error);
enum recur_status recur_cuda_open(size_t number, struct recur_gpu **gpu, recur_error *error);
void recur_cuda_close(struct recur_gpu *gpu);

/* Keeps the GPU's first failure (recur_gpu_check). */
void recur_cuda_fail(const struct recur_cuda *cuda, const recur_error *failure);

/* Makes the context the thread's current one; and again what was. Errors: DEVICE, kept. */
enum recur_status recur_cuda_enter(const struct recur_cuda *cuda, recur_error *error);
void recur_cuda_leave(const struct recur_cuda *cuda);

/* A kernel, which may then have `shared` bytes of dynamic shared memory. Errors: DEVICE. */
enum recur_status recur_cuda_kernel(const struct recur_cuda *cuda, const char *name, size_t shared,
                                    recur_cuda_function *function, recur_error *error);

/* Errors: DEVICE; where there is too little memory the sentence says how much is needed for WHAT
 * and how much is free. Freeing 0 is fine. */
enum recur_status recur_cuda_alloc(const struct recur_cuda *cuda, size_t bytes, const char *what,
                                   recur_cuda_memory *memory, recur_error *error);
void recur_cuda_free(const struct recur_cuda *cuda, recur_cuda_memory memory);

/* Puts a kernel into the stream; `arguments` points to each of them. Errors: DEVICE, kept. */
enum recur_status recur_cuda_launch(const struct recur_cuda *cuda,
                                    const struct recur_cuda_launch *launch, void **arguments,
                                    recur_error *error);

/* Waits for all that is in the stream. Errors: DEVICE, kept, also for what failed before. */
enum recur_status recur_cuda_wait(const struct recur_cuda *cuda, recur_error *error);

#endif
