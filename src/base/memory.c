#define _GNU_SOURCE /* madvise */
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT 64
#define HUGE_PAGE ((size_t)2 << 20)

size_t recur_size_mul(size_t a, size_t b)
{
    size_t product;
    return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

size_t recur_size_add(size_t a, size_t b)
{
    size_t sum;
    return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

enum recur_status recur_alloc(size_t count, size_t size, const char *what, void *pointer,
                              recur_error *error)
{
    size_t bytes = recur_size_mul(count ? count : 1, size);
    void *block = bytes < PTRDIFF_MAX ? calloc(1, bytes) : NULL;
    if (!block)
        return recur_fail_memory(error, bytes, what);
    memcpy(pointer, &block, sizeof block);
    return RECUR_OK;
}

enum recur_status recur_grow(void *array, size_t *capacity, size_t need, size_t item,
                             const char *what, recur_error *error)
{
    if (need <= *capacity)
        return RECUR_OK;
    size_t wanted = *capacity ? *capacity : 16;
    while (wanted < need)
        wanted = recur_size_mul(wanted, 2);
    size_t bytes = recur_size_mul(wanted, item);
    void *old;
    memcpy(&old, array, sizeof old);
    void *grown = bytes < PTRDIFF_MAX ? realloc(old, bytes) : NULL;
    if (!grown)
        return recur_fail_memory(error, bytes, what);
    memcpy(array, &grown, sizeof grown);
    *capacity = wanted;
    return RECUR_OK;
}

enum recur_status recur_block_alloc(size_t bytes, const char *what, void *pointer,
                                    recur_error *error)
{
    bool large = bytes >= 2 * HUGE_PAGE;
    size_t alignment = large ? HUGE_PAGE : ALIGNMENT;
    size_t rounded =
        bytes > SIZE_MAX - alignment ? SIZE_MAX : (bytes + alignment - 1) / alignment * alignment;
    void *block =
        rounded < PTRDIFF_MAX ? aligned_alloc(alignment, rounded ? rounded : alignment) : NULL;
    if (!block)
        return recur_fail_memory(error, bytes, what);
    if (large)
        madvise(block, rounded, MADV_HUGEPAGE); /* a hint: failing costs speed only */
    memset(block, 0, rounded ? rounded : alignment);
    memcpy(pointer, &block, sizeof block);
    return RECUR_OK;
}

void recur_block_free(void *block)
{
    free(block);
}

size_t recur_plan_reserve(struct recur_plan *plan, size_t count, size_t size)
{
    size_t offset = plan->bytes;
    size_t bytes = recur_size_add(recur_size_mul(count, size), ALIGNMENT - 1);
    if (bytes != SIZE_MAX)
        bytes = bytes / ALIGNMENT * ALIGNMENT;
    plan->bytes = recur_size_add(offset, bytes);
    return offset;
}
