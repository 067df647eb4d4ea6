#include "allocations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"

static atomic_size_t calls;

size_t allocations(void)
{
    return atomic_load(&calls);
}

/* The linker sends NAME to __wrap_NAME and __real_NAME to NAME. */
#define WRAP(name, parameters, arguments)                                                          \
    void *__real_##name parameters;                                                                \
    void *__wrap_##name parameters;                                                                \
    void *__wrap_##name parameters                                                                 \
    {                                                                                              \
        atomic_fetch_add(&calls, 1);                                                               \
        return __real_##name arguments;                                                            \
    }
WRAP(malloc, (size_t size), (size))
WRAP(calloc, (size_t count, size_t size), (count, size))
WRAP(realloc, (void *block, size_t size), (block, size))
WRAP(aligned_alloc, (size_t alignment, size_t size), (alignment, size))

int __real_posix_memalign(void **block, size_t alignment, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size)
{
    atomic_fetch_add(&calls, 1);
    return __real_posix_memalign(block, alignment, size);
}

void allocations_are_counted(void **state)
{
    (void)state;
    size_t before = allocations(), capacity = 0;
    int *array = NULL;
    void *block;
    assert_int_equal(recur_grow(&array, &capacity, 1, sizeof *array, "a test", NULL), RECUR_OK);
    assert_int_equal(allocations(), before + 1);
    assert_int_equal(recur_block_alloc(100, "a test", &block, NULL), RECUR_OK);
    assert_int_equal(allocations(), before + 2);
    recur_block_free(block);
    free(array);
    assert_int_equal(recur_alloc(1, 1, "a test", &block, NULL), RECUR_OK);
    assert_int_equal(allocations(), before + 3);
    free(block);
}
