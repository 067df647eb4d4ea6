/* The driver API: initialisation, devices, contexts, errors. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "end.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool initialised;
static uint32_t retained;
static struct CUctx_st {
    int nothing;
} primary;
enum { CONTEXTS_MAX = 8 };
static _Thread_local CUcontext stack[CONTEXTS_MAX];
static _Thread_local uint32_t depth;

void gpu_unlock(int *lock)
{
    (void)lock;
    pthread_mutex_unlock(&mutex);
}

CUresult gpu_enter(bool needs_context)
{
    pthread_mutex_lock(&mutex);
    gpu_counts.calls++;
    gpu_device.calls++;
    if (!initialised)
        return CUDA_ERROR_NOT_INITIALIZED;
    if (gpu_device.lose_device && gpu_device.calls >= gpu_device.lose_device)
        gpu_device.failed = CUDA_ERROR_UNKNOWN;
    if (gpu_device.failed)
        return (CUresult)gpu_device.failed;
    if (needs_context && (!depth || !stack[depth - 1] || !retained))
        return CUDA_ERROR_INVALID_CONTEXT;
    return CUDA_SUCCESS;
}

CUresult cuInit(unsigned flags)
{
    pthread_mutex_lock(&mutex);
    gpu_device_read();
    initialised = gpu_device.devices > 0;
    pthread_mutex_unlock(&mutex);
    return flags ? CUDA_ERROR_INVALID_VALUE : initialised ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE;
}

CUresult cuDriverGetVersion(int *version)
{
    if (!gpu_device.driver)
        gpu_device_read(); /* allowed before cuInit */
    *version = (int)gpu_device.driver;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count)
{
    GPU_ENTER(false)
    *count = (int)gpu_device.devices;
    return CUDA_SUCCESS;
}

static bool is_device(CUdevice device)
{
    return device >= 0 && (uint32_t)device < gpu_device.devices;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
    GPU_ENTER(false)
    *device = ordinal;
    return is_device(ordinal) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuDeviceGetName(char *name, int size, CUdevice device)
{
    GPU_ENTER(false)
    snprintf(name, (size_t)size, device ? "Stand-in for a GPU, number %d" : "Stand-in for a GPU",
             device);
    return is_device(device) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
    GPU_ENTER(false)
    *bytes = (size_t)gpu_device.memory;
    return is_device(device) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

static const struct {
    int attribute, value;
} attribute_rows[] = {
    {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, THREADS_PER_BLOCK},
    {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, THREADS_PER_BLOCK},
    {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y, THREADS_PER_BLOCK},
    {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z, 64},
    {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, INT32_MAX},
    {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, 65535},
    {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z, 65535},
    {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, SHARED_USUAL},
    {CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY, 65536},
    {CU_DEVICE_ATTRIBUTE_WARP_SIZE, LANES},
    {CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK, REGISTERS_PER_MULTIPROCESSOR},
    {CU_DEVICE_ATTRIBUTE_CLOCK_RATE, 1980000},
    {CU_DEVICE_ATTRIBUTE_KERNEL_EXEC_TIMEOUT, 0},
    {CU_DEVICE_ATTRIBUTE_INTEGRATED, 0},
    {CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY, 1},
    {CU_DEVICE_ATTRIBUTE_COMPUTE_MODE, 0},
    {CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS, 1},
    {CU_DEVICE_ATTRIBUTE_ECC_ENABLED, 1},
    {CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, 2619000},
    {CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, 5120},
    {CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, 50 << 20},
    {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR, THREADS_PER_MULTIPROCESSOR},
    {CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT, 3},
    {CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING, 1},
    {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR, SHARED_PER_MULTIPROCESSOR},
    {CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR, REGISTERS_PER_MULTIPROCESSOR},
    {CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY, 0},
    {CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH, 1},
    {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, SHARED_PER_BLOCK},
    {CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR, BLOCKS_PER_MULTIPROCESSOR},
    {CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK, SHARED_RESERVED},
};

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device)
{
    GPU_ENTER(false)
    if (!is_device(device))
        return CUDA_ERROR_INVALID_DEVICE;
    const struct gpu_device *d = &gpu_device;
    switch ((int)attribute) {
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: *value = (int)d->multiprocessors; break;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: *value = (int)d->capability / 10; break;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: *value = (int)d->capability % 10; break;
    case CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH: *value = d->capability >= 90; break;
    default:
        for (size_t k = 0; k < sizeof attribute_rows / sizeof *attribute_rows; k++)
            if (attribute_rows[k].attribute == (int)attribute) {
                *value = attribute_rows[k].value;
                return CUDA_SUCCESS;
            }
        gpu_end_plainly("cuDeviceGetAttribute: the stand-in has no attribute %d", (int)attribute);
    }
    return CUDA_SUCCESS;
}

/* ---- contexts ---- */

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
    GPU_ENTER(false)
    if (!is_device(device))
        return CUDA_ERROR_INVALID_DEVICE;
    retained++;
    gpu_alive.contexts++;
    *context = &primary;
    return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
    pthread_mutex_lock(&mutex); /* also of a device that has failed */
    CUresult result = !is_device(device) ? CUDA_ERROR_INVALID_DEVICE
                      : !retained        ? CUDA_ERROR_INVALID_CONTEXT
                                         : CUDA_SUCCESS;
    if (result == CUDA_SUCCESS) {
        retained--;
        gpu_alive.contexts--;
    }
    pthread_mutex_unlock(&mutex);
    return result;
}

CUresult cuCtxSetCurrent(CUcontext context)
{
    GPU_ENTER(false)
    if (!depth)
        depth = 1;
    stack[depth - 1] = context;
    return CUDA_SUCCESS;
}

CUresult cuCtxGetCurrent(CUcontext *context)
{
    GPU_ENTER(false)
    *context = depth ? stack[depth - 1] : NULL;
    return CUDA_SUCCESS;
}

CUresult cuCtxPushCurrent_v2(CUcontext context)
{
    GPU_ENTER(false)
    if (depth == CONTEXTS_MAX)
        gpu_end_plainly("more than %d contexts are pushed", CONTEXTS_MAX);
    stack[depth++] = context;
    return CUDA_SUCCESS;
}

CUresult cuCtxPopCurrent_v2(CUcontext *context)
{
    GPU_ENTER(false)
    if (!depth)
        return CUDA_ERROR_INVALID_CONTEXT;
    depth--;
    if (context)
        *context = stack[depth];
    return CUDA_SUCCESS;
}

/* ---- errors ---- */

static const struct {
    CUresult code;
    const char *name, *text;
} error_rows[] = {
    {CUDA_SUCCESS, "CUDA_SUCCESS", "no error"},
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {CUDA_ERROR_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {CUDA_ERROR_INVALID_PTX, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the provided PTX was compiled with an unsupported toolchain"},
    {CUDA_ERROR_INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {CUDA_ERROR_NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {CUDA_ERROR_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, "CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE",
     "too many blocks in cooperative launch"},
    {CUDA_ERROR_NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {CUDA_ERROR_INVALID_CLUSTER_SIZE, "CUDA_ERROR_INVALID_CLUSTER_SIZE",
     "a cluster misconfiguration"},
    {CUDA_ERROR_UNKNOWN, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

static size_t error_row(CUresult code)
{
    size_t count = sizeof error_rows / sizeof *error_rows, k = 0;
    while (k < count && error_rows[k].code != code)
        k++;
    return k < count ? k : SIZE_MAX;
}

CUresult cuGetErrorName(CUresult code, const char **name)
{
    size_t row = error_row(code);
    *name = row == SIZE_MAX ? NULL : error_rows[row].name;
    return *name ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult code, const char **text)
{
    size_t row = error_row(code);
    *text = row == SIZE_MAX ? NULL : error_rows[row].text;
    return *text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
