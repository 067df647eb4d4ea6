#include "backend/cuda/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/ptx_80.h" /* made from kernels/ by the build */
#include "backend/cuda/ptx_90.h"
#include "base/memory.h"

/* Calls a function of the driver; DEVICE where it fails. */
#define TRY_DRIVER(cuda, call, what, error)                                                        \
    RECUR_TRY(recur_cuda_check(&(cuda)->driver, (cuda)->driver.call, what, error))

/* Of the GPU of that number, counted round, all that needs no context. */
static enum recur_status look_at(struct recur_cuda *cuda, size_t number, recur_error *error)
{
    static const char what[] = "it was looked at";
    recur_device_info *info = &cuda->base.info;
    int count, multiprocessors, major, minor, shared, clusters;
    size_t memory;
    TRY_DRIVER(cuda, cuDeviceGetCount(&count), what, error);
    TRY_DRIVER(cuda, cuDeviceGet(&cuda->device, (int)(number % (size_t)count)), what, error);
    int device = cuda->device;
    TRY_DRIVER(cuda, cuDeviceGetName(info->name, sizeof info->name, device), what, error);
    info->name[sizeof info->name - 1] = '\0';
    TRY_DRIVER(cuda, cuDeviceTotalMem(&memory, device), what, error);
    struct {
        int *value, attribute;
    } wanted[] = {
        {&multiprocessors, RECUR_CUDA_MULTIPROCESSORS}, {&major, RECUR_CUDA_CAPABILITY_MAJOR},
        {&minor, RECUR_CUDA_CAPABILITY_MINOR},          {&shared, RECUR_CUDA_SHARED_PER_BLOCK},
        {&clusters, RECUR_CUDA_CLUSTER_LAUNCH},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        TRY_DRIVER(cuda, cuDeviceGetAttribute(wanted[i].value, wanted[i].attribute, device), what,
                   error);
    info->capability_major = major;
    info->capability_minor = minor;
    info->multiprocessors = (size_t)multiprocessors;
    info->memory = memory;
    cuda->shared = (size_t)shared;
    cuda->clusters = major >= 9 && clusters;
    return RECUR_OK;
}

static enum recur_status find(struct recur_cuda *cuda, size_t number, bool *there,
                              recur_error *error)
{
    RECUR_TRY(recur_cuda_driver_open(&cuda->driver, there, error));
    RECUR_TRY(look_at(cuda, number, error));
    const recur_device_info *info = &cuda->base.info;
    if (info->capability_major >= 8)
        return RECUR_OK;
    return recur_fail(error, RECUR_ERROR_DEVICE,
                      "the GPU %.100s has compute capability %d.%d, and recur needs 8.0 or more",
                      info->name, info->capability_major, info->capability_minor);
}

enum recur_status recur_cuda_find(size_t number, recur_device_info *info, bool *there,
                                  recur_error *error)
{
    struct recur_cuda cuda = {0};
    RECUR_TRY(find(&cuda, number, there, error));
    *info = cuda.base.info;
    return RECUR_OK;
}

/* The first line of what the driver's compiler said. */
static enum recur_status fail_refused(const struct recur_cuda *cuda, int result, char *log,
                                      recur_error *error)
{
    log[strcspn(log, "\n")] = '\0';
    enum recur_status status =
        recur_cuda_check(&cuda->driver, result, "its driver compiled the kernels", error);
    if (!*log || !error)
        return status;
    const recur_error said = *error;
    return recur_fail(error, status, "%s (%s)", said.message, log);
}

static enum recur_status load(struct recur_cuda *cuda, recur_error *error)
{
    char log[200] = "";
    int options[] = {RECUR_CUDA_JIT_ERROR_LOG, RECUR_CUDA_JIT_ERROR_LOG_BYTES};
    size_t room = sizeof log - 1;
    void *values[] = {log, NULL};
    memcpy(&values[1], &room, sizeof room); /* the driver takes a number in a pointer's place */
    int result = cuda->driver.cuModuleLoadDataEx(&cuda->module, cuda->clusters ? ptx_90 : ptx_80, 2,
                                                 options, values);
    if (result != RECUR_CUDA_SUCCESS)
        return fail_refused(cuda, result, log, error);
    TRY_DRIVER(cuda, cuStreamCreate(&cuda->stream, 0), "a stream was made", error);
    return RECUR_OK;
}

static enum recur_status make_ready(struct recur_cuda *cuda, size_t number, recur_error *error)
{
    bool there;
    RECUR_TRY(find(cuda, number, &there, error));
    TRY_DRIVER(cuda, cuDevicePrimaryCtxRetain(&cuda->context, cuda->device), "it was opened",
               error);
    RECUR_TRY(recur_cuda_enter(cuda, error));
    enum recur_status status = load(cuda, error);
    recur_cuda_leave(cuda);
    return status;
}

enum recur_status recur_cuda_open(size_t number, struct recur_gpu **gpu, recur_error *error)
{
    struct recur_cuda *cuda;
    RECUR_TRY(recur_alloc(1, sizeof *cuda, "a GPU", &cuda, error));
    cuda->gpu = &cuda->base;
    cuda->base.mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    enum recur_status status = make_ready(cuda, number, error);
    if (status == RECUR_OK)
        *gpu = &cuda->base;
    else
        recur_cuda_close(&cuda->base);
    return status;
}

void recur_cuda_close(struct recur_gpu *gpu)
{
    struct recur_cuda *cuda = (struct recur_cuda *)gpu;
    if (cuda->context && recur_cuda_enter(cuda, NULL) == RECUR_OK) {
        if (cuda->stream)
            cuda->driver.cuStreamDestroy(cuda->stream);
        if (cuda->module)
            cuda->driver.cuModuleUnload(cuda->module);
        recur_cuda_leave(cuda);
    }
    if (cuda->context)
        cuda->driver.cuDevicePrimaryCtxRelease(cuda->device);
    pthread_mutex_destroy(&cuda->base.mutex);
    free(cuda);
}

void recur_cuda_fail(const struct recur_cuda *cuda, const recur_error *failure)
{
    recur_gpu_fail(cuda->gpu, failure);
}

/* Checks what is the end of all that the GPU computes. */
static enum recur_status check_kept(const struct recur_cuda *cuda, int result, const char *what,
                                    recur_error *error)
{
    recur_error own;
    if (recur_cuda_check(&cuda->driver, result, what, &own) == RECUR_OK)
        return RECUR_OK;
    recur_cuda_fail(cuda, &own);
    return recur_fail(error, own.status, "%s", own.message);
}

enum recur_status recur_cuda_enter(const struct recur_cuda *cuda, recur_error *error)
{
    return check_kept(cuda, cuda->driver.cuCtxPushCurrent(cuda->context), "a thread turned to it",
                      error);
}

void recur_cuda_leave(const struct recur_cuda *cuda)
{
    recur_cuda_context context;
    cuda->driver.cuCtxPopCurrent(&context);
}

enum recur_status recur_cuda_kernel(const struct recur_cuda *cuda, const char *name, size_t shared,
                                    recur_cuda_function *function, recur_error *error)
{
    TRY_DRIVER(cuda, cuModuleGetFunction(function, cuda->module, name), "its kernels were listed",
               error);
    if (shared)
        TRY_DRIVER(cuda,
                   cuFuncSetAttribute(*function, RECUR_CUDA_FUNCTION_DYNAMIC_SHARED, (int)shared),
                   "a kernel was given shared memory", error);
    return RECUR_OK;
}

enum recur_status recur_cuda_alloc(const struct recur_cuda *cuda, size_t bytes, const char *what,
                                   recur_cuda_memory *memory, recur_error *error)
{
    size_t available = 0, total = 0;
    int result = cuda->driver.cuMemAlloc(memory, bytes ? bytes : 1);
    if (result != RECUR_CUDA_OUT_OF_MEMORY)
        return recur_cuda_check(&cuda->driver, result, "memory was taken", error);
    cuda->driver.cuMemGetInfo(&available, &total);
    return recur_fail(error, RECUR_ERROR_DEVICE,
                      "the GPU has too little memory: %zu bytes for %s, and %zu of %zu are free",
                      bytes, what, available, total);
}

void recur_cuda_free(const struct recur_cuda *cuda, recur_cuda_memory memory)
{
    if (memory)
        cuda->driver.cuMemFree(memory);
}

enum recur_status recur_cuda_launch(const struct recur_cuda *cuda,
                                    const struct recur_cuda_launch *launch, void **arguments,
                                    recur_error *error)
{
    struct recur_cuda_launch_attribute attribute;
    struct recur_cuda_launch_config config = {.grid = {launch->blocks, 1, 1},
                                              .block = {launch->threads, 1, 1},
                                              .shared = launch->shared,
                                              .stream = cuda->stream,
                                              .attributes = &attribute};
    if (launch->cluster) {
        attribute = (struct recur_cuda_launch_attribute){.id = RECUR_CUDA_LAUNCH_CLUSTER,
                                                         .value.cluster = {launch->cluster, 1, 1}};
        config.count = 1;
    }
    char what[100];
    snprintf(what, sizeof what, "it was given %s to run", launch->name);
    return check_kept(cuda,
                      cuda->driver.cuLaunchKernelEx(&config, launch->function, arguments, NULL),
                      what, error);
}

enum recur_status recur_cuda_wait(const struct recur_cuda *cuda, recur_error *error)
{
    return check_kept(cuda, cuda->driver.cuStreamSynchronize(cuda->stream), "it computed", error);
}
