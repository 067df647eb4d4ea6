/* NVIDIA's driver, libcuda: its functions, under their own names, as pointers in a table.
 *
 * The library is opened where somebody asks for a GPU and never before; the environment variable
 * RECUR_CUDA names another one. The declarations are our own, after the manual of the driver API
 * (docs.nvidia.com, "CUDA Driver API"), so that nothing of NVIDIA's is needed to build. */
#ifndef RECUR_CUDA_DRIVER_H
#define RECUR_CUDA_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct cuda_context *recur_cuda_context;
typedef struct cuda_module *recur_cuda_module;
typedef struct cuda_function *recur_cuda_function;
typedef struct cuda_stream *recur_cuda_stream;
typedef struct cuda_event *recur_cuda_event;
typedef uint64_t recur_cuda_memory; /* an address on the GPU */

/* What functions of the driver return; only those are listed that somebody asks for. */
enum {
    RECUR_CUDA_SUCCESS = 0,
    RECUR_CUDA_OUT_OF_MEMORY = 2,
    RECUR_CUDA_NO_DEVICE = 100,
};

/* Attributes of a device (CUdevice_attribute). */
enum {
    RECUR_CUDA_MULTIPROCESSORS = 16,
    RECUR_CUDA_CAPABILITY_MAJOR = 75,
    RECUR_CUDA_CAPABILITY_MINOR = 76,
    RECUR_CUDA_SHARED_PER_BLOCK = 97, /* the most that a function may be allowed */
    RECUR_CUDA_CLUSTER_LAUNCH = 120,
};

/* Attributes of a function (CUfunction_attribute). */
enum {
    RECUR_CUDA_FUNCTION_DYNAMIC_SHARED = 8,        /* the most that a launch may ask for */
    RECUR_CUDA_FUNCTION_NON_PORTABLE_CLUSTER = 14, /* may clusters have more than 8 blocks? */
};

/* Options of cuModuleLoadDataEx (CUjit_option). */
enum { RECUR_CUDA_JIT_ERROR_LOG = 5, RECUR_CUDA_JIT_ERROR_LOG_BYTES = 6 };

/* Attributes of a launch (CUlaunchAttribute), with the value that is used. */
enum { RECUR_CUDA_LAUNCH_CLUSTER = 4 };

struct recur_cuda_launch_attribute {
    unsigned id;
    unsigned padding;
    union {
        unsigned char bytes[64];
        struct {
            unsigned x, y, z;
        } cluster;
    } value;
};

/* CUlaunchConfig. */
struct recur_cuda_launch_config {
    unsigned grid[3], block[3]; /* blocks of the grid, threads of a block */
    unsigned shared;            /* bytes of dynamic shared memory of a block */
    recur_cuda_stream stream;
    struct recur_cuda_launch_attribute *attributes;
    unsigned count; /* of attributes */
};

/* Every function that is used: X(name, name in the library, parameters). */
#define RECUR_CUDA_FUNCTIONS(X)                                                                    \
    X(cuInit, "cuInit", (unsigned flags))                                                          \
    X(cuDriverGetVersion, "cuDriverGetVersion", (int *version))                                    \
    X(cuGetErrorName, "cuGetErrorName", (int result, const char **name))                           \
    X(cuGetErrorString, "cuGetErrorString", (int result, const char **text))                       \
    X(cuDeviceGetCount, "cuDeviceGetCount", (int *count))                                          \
    X(cuDeviceGet, "cuDeviceGet", (int *device, int number))                                       \
    X(cuDeviceGetName, "cuDeviceGetName", (char *name, int size, int device))                      \
    X(cuDeviceGetAttribute, "cuDeviceGetAttribute", (int *value, int attribute, int device))       \
    X(cuDeviceTotalMem, "cuDeviceTotalMem_v2", (size_t * bytes, int device))                       \
    X(cuDevicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain",                                        \
      (recur_cuda_context * context, int device))                                                  \
    X(cuDevicePrimaryCtxRelease, "cuDevicePrimaryCtxRelease_v2", (int device))                     \
    X(cuCtxPushCurrent, "cuCtxPushCurrent_v2", (recur_cuda_context context))                       \
    X(cuCtxPopCurrent, "cuCtxPopCurrent_v2", (recur_cuda_context * context))                       \
    X(cuModuleLoadDataEx, "cuModuleLoadDataEx",                                                    \
      (recur_cuda_module * module, const void *image, unsigned count, int *options,                \
       void **values))                                                                             \
    X(cuModuleUnload, "cuModuleUnload", (recur_cuda_module module))                                \
    X(cuModuleGetFunction, "cuModuleGetFunction",                                                  \
      (recur_cuda_function * function, recur_cuda_module module, const char *name))                \
    X(cuFuncSetAttribute, "cuFuncSetAttribute",                                                    \
      (recur_cuda_function function, int attribute, int value))                                    \
    X(cuOccupancyMaxActiveBlocksPerMultiprocessor, "cuOccupancyMaxActiveBlocksPerMultiprocessor",  \
      (int *blocks, recur_cuda_function function, int threads, size_t shared))                     \
    X(cuOccupancyMaxActiveClusters, "cuOccupancyMaxActiveClusters",                                \
      (int *clusters, recur_cuda_function function,                                                \
       const struct recur_cuda_launch_config *config))                                             \
    X(cuLaunchKernelEx, "cuLaunchKernelEx",                                                        \
      (const struct recur_cuda_launch_config *config, recur_cuda_function function,                \
       void **parameters, void **extra))                                                           \
    X(cuMemGetInfo, "cuMemGetInfo_v2", (size_t * free, size_t * total))                            \
    X(cuMemAlloc, "cuMemAlloc_v2", (recur_cuda_memory * memory, size_t bytes))                     \
    X(cuMemFree, "cuMemFree_v2", (recur_cuda_memory memory))                                       \
    X(cuMemHostAlloc, "cuMemHostAlloc", (void **memory, size_t bytes, unsigned flags))             \
    X(cuMemFreeHost, "cuMemFreeHost", (void *memory))                                              \
    X(cuMemcpyHtoDAsync, "cuMemcpyHtoDAsync_v2",                                                   \
      (recur_cuda_memory to, const void *from, size_t bytes, recur_cuda_stream stream))            \
    X(cuMemcpyDtoHAsync, "cuMemcpyDtoHAsync_v2",                                                   \
      (void *to, recur_cuda_memory from, size_t bytes, recur_cuda_stream stream))                  \
    X(cuMemcpyDtoDAsync, "cuMemcpyDtoDAsync_v2",                                                   \
      (recur_cuda_memory to, recur_cuda_memory from, size_t bytes, recur_cuda_stream stream))      \
    X(cuMemsetD32Async, "cuMemsetD32Async",                                                        \
      (recur_cuda_memory to, unsigned value, size_t count, recur_cuda_stream stream))              \
    X(cuStreamCreate, "cuStreamCreate", (recur_cuda_stream * stream, unsigned flags))              \
    X(cuStreamDestroy, "cuStreamDestroy_v2", (recur_cuda_stream stream))                           \
    X(cuStreamSynchronize, "cuStreamSynchronize", (recur_cuda_stream stream))                      \
    X(cuEventCreate, "cuEventCreate", (recur_cuda_event * event, unsigned flags))                  \
    X(cuEventDestroy, "cuEventDestroy_v2", (recur_cuda_event event))                               \
    X(cuEventRecord, "cuEventRecord", (recur_cuda_event event, recur_cuda_stream stream))          \
    X(cuEventElapsedTime, "cuEventElapsedTime",                                                    \
      (float *milliseconds, recur_cuda_event first, recur_cuda_event second))

#define RECUR_CUDA_MEMBER(name, symbol, parameters) int(*name) parameters;

struct recur_cuda_driver {
    RECUR_CUDA_FUNCTIONS(RECUR_CUDA_MEMBER)
};

/* Opens the library, checks its version and initialises it. It stays open: the driver may have
 * threads in it. *there is false where there is no library or the library finds no GPU, unless
 * RECUR_CUDA names one. Errors: DEVICE. */
enum recur_status recur_cuda_driver_open(struct recur_cuda_driver *driver, bool *there,
                                         recur_error *error);

/* OK where a function of the driver returned success; else DEVICE: "the GPU failed while WHAT:
 * CUDA_ERROR_X, the driver's own words". */
enum recur_status recur_cuda_check(const struct recur_cuda_driver *driver, int result,
                                   const char *what, recur_error *error);

#endif
