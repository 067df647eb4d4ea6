/* The driver API: memory. Streams are in order and copies happen at once. */
#include <string.h>

#include "api.h"
#include "end.h"

static CUresult make(uint64_t bytes, enum allocation_kind kind, uint64_t *address)
{
    gpu_device.allocations++;
    if (!bytes)
        return CUDA_ERROR_INVALID_VALUE;
    bool refused = gpu_device.allocations == gpu_device.fail_allocation;
    bool full = kind == MEMORY_OF_DEVICE &&
                (bytes > gpu_device.memory || gpu_memory_used() > gpu_device.memory - bytes);
    struct allocation *a = refused || full ? NULL : gpu_memory_make(bytes, kind);
    if (!a)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *address = a->base;
    return CUDA_SUCCESS;
}

CUresult cuMemGetInfo_v2(size_t *left, size_t *total)
{
    GPU_ENTER(true)
    *total = (size_t)gpu_device.memory;
    *left = (size_t)(gpu_device.memory - gpu_memory_used());
    return CUDA_SUCCESS;
}

CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes)
{
    GPU_ENTER(true)
    gpu_counts.allocations++;
    return make(bytes, MEMORY_OF_DEVICE, address);
}

CUresult cuMemFree_v2(CUdeviceptr address)
{
    GPU_ENTER(true)
    gpu_counts.frees++;
    if (address && !gpu_memory_free(address, MEMORY_OF_DEVICE))
        gpu_end_plainly("cuMemFree: nothing is allocated at 0x%llx", (unsigned long long)address);
    return CUDA_SUCCESS;
}

CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned flags)
{
    GPU_ENTER(true)
    (void)flags;
    uint64_t address = 0;
    gpu_counts.host_allocations++;
    CUresult result = make(bytes, MEMORY_OF_HOST, &address);
    *memory = (void *)(uintptr_t)address;
    return result;
}

CUresult cuMemAllocHost_v2(void **memory, size_t bytes)
{
    return cuMemHostAlloc(memory, bytes, 0);
}

CUresult cuMemFreeHost(void *memory)
{
    GPU_ENTER(true)
    gpu_counts.frees++;
    if (memory && !gpu_memory_free((uint64_t)(uintptr_t)memory, MEMORY_OF_HOST))
        gpu_end_plainly("cuMemFreeHost: nothing is allocated at %p", memory);
    return CUDA_SUCCESS;
}

/* ---- copies ---- */

/* The device's bytes; ends the program where they are not within one allocation. */
static struct allocation *must_find(const char *who, CUdeviceptr address, size_t bytes)
{
    struct allocation *a = gpu_memory_find(address);
    if (a && bytes <= a->bytes - (address - a->base))
        return a;
    char text[256];
    gpu_memory_describe(address, text, sizeof text);
    gpu_end_plainly("%s of %zu bytes: %s", who, bytes, text);
}

static void must_be_written(const char *who, const struct allocation *a, uint64_t at, size_t bytes)
{
    for (size_t k = 0; k < bytes; k++)
        if (a->shadow[at + k] != SHADOW_WRITTEN)
            gpu_end_plainly(
                "%s of %zu bytes: byte %llu of allocation %llu of %llu bytes was never written",
                who, bytes, (unsigned long long)(at + k), (unsigned long long)a->number,
                (unsigned long long)a->bytes);
}

static void to_device(CUdeviceptr to, const void *from, size_t bytes)
{
    if (!bytes)
        return;
    struct allocation *a = must_find("a copy to the device", to, bytes);
    memcpy(a->data + (to - a->base), from, bytes);
    memset(a->shadow + (to - a->base), SHADOW_WRITTEN, bytes);
}

static void to_host(void *to, CUdeviceptr from, size_t bytes)
{
    if (!bytes)
        return;
    struct allocation *a = must_find("a copy to the host", from, bytes);
    must_be_written("a copy to the host", a, from - a->base, bytes);
    memcpy(to, a->data + (from - a->base), bytes);
}

static void within_device(CUdeviceptr to, CUdeviceptr from, size_t bytes)
{
    if (!bytes)
        return;
    struct allocation *a = must_find("a copy on the device", to, bytes);
    struct allocation *b = must_find("a copy on the device", from, bytes);
    memmove(a->data + (to - a->base), b->data + (from - b->base), bytes);
    memmove(a->shadow + (to - a->base), b->shadow + (from - b->base), bytes);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream s)
{
    GPU_ENTER(true)
    (void)s;
    gpu_counts.copies_to_device++;
    to_device(to, from, bytes);
    return CUDA_SUCCESS;
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes)
{
    GPU_ENTER(true)
    gpu_counts.copies_to_device++;
    to_device(to, from, bytes);
    return CUDA_SUCCESS;
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream s)
{
    GPU_ENTER(true)
    (void)s;
    gpu_counts.copies_to_host++;
    to_host(to, from, bytes);
    return CUDA_SUCCESS;
}

CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes)
{
    GPU_ENTER(true)
    gpu_counts.copies_to_host++;
    gpu_counts.synchronisations++;
    to_host(to, from, bytes);
    return CUDA_SUCCESS;
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream s)
{
    GPU_ENTER(true)
    (void)s;
    within_device(to, from, bytes);
    return CUDA_SUCCESS;
}

CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes)
{
    GPU_ENTER(true)
    within_device(to, from, bytes);
    return CUDA_SUCCESS;
}

static CUresult copy_rows(const CUDA_MEMCPY2D *c)
{
    bool from_host = c->srcMemoryType == CU_MEMORYTYPE_HOST;
    bool to_host_memory = c->dstMemoryType == CU_MEMORYTYPE_HOST;
    if ((!from_host && c->srcMemoryType != CU_MEMORYTYPE_DEVICE) ||
        (!to_host_memory && c->dstMemoryType != CU_MEMORYTYPE_DEVICE) ||
        c->srcPitch < c->srcXInBytes + c->WidthInBytes ||
        c->dstPitch < c->dstXInBytes + c->WidthInBytes)
        return CUDA_ERROR_INVALID_VALUE;
    gpu_counts.copies_to_device += from_host;
    gpu_counts.copies_to_host += to_host_memory;
    for (size_t y = 0; y < c->Height; y++) {
        size_t from = (c->srcY + y) * c->srcPitch + c->srcXInBytes;
        size_t to = (c->dstY + y) * c->dstPitch + c->dstXInBytes;
        if (from_host && to_host_memory)
            memmove((char *)c->dstHost + to, (const char *)c->srcHost + from, c->WidthInBytes);
        else if (from_host)
            to_device(c->dstDevice + to, (const char *)c->srcHost + from, c->WidthInBytes);
        else if (to_host_memory)
            to_host((char *)c->dstHost + to, c->srcDevice + from, c->WidthInBytes);
        else
            within_device(c->dstDevice + to, c->srcDevice + from, c->WidthInBytes);
    }
    return CUDA_SUCCESS;
}

CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *copy)
{
    GPU_ENTER(true)
    if (copy->dstMemoryType == CU_MEMORYTYPE_HOST)
        gpu_counts.synchronisations++;
    return copy_rows(copy);
}

CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *copy, CUstream s)
{
    GPU_ENTER(true)
    (void)s;
    return copy_rows(copy);
}

/* ---- filling ---- */

static CUresult fill(CUdeviceptr to, uint32_t value, size_t count, size_t size)
{
    if (to % size)
        return CUDA_ERROR_INVALID_VALUE;
    if (!count)
        return CUDA_SUCCESS;
    struct allocation *a = must_find("a filling", to, count * size);
    for (size_t k = 0; k < count; k++)
        memcpy(a->data + (to - a->base) + k * size, &value, size);
    memset(a->shadow + (to - a->base), SHADOW_WRITTEN, count * size);
    return CUDA_SUCCESS;
}

CUresult cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count)
{
    GPU_ENTER(true)
    return fill(to, value, count, 1);
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream s)
{
    GPU_ENTER(true)
    (void)s;
    return fill(to, value, count, 1);
}

CUresult cuMemsetD32_v2(CUdeviceptr to, unsigned value, size_t count)
{
    GPU_ENTER(true)
    return fill(to, value, count, 4);
}

CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, CUstream s)
{
    GPU_ENTER(true)
    (void)s;
    return fill(to, value, count, 4);
}
