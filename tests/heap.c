#include "heap.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static atomic_size_t calls;
static atomic_ptrdiff_t live, peak; /* what was not seen being taken is seen being freed */
static atomic_size_t fail_at;       /* counts down to 1, where it fails; 0: never */
static atomic_bool failed;

size_t allocations(void)
{
    return atomic_load(&calls);
}

void heap_begin(void)
{
    atomic_store(&peak, atomic_load(&live));
}

ptrdiff_t heap_live(void)
{
    return atomic_load(&live);
}

ptrdiff_t heap_peak(void)
{
    return atomic_load(&peak);
}

bool heap_fail(size_t n)
{
    bool did = atomic_exchange(&failed, false);
    atomic_store(&fail_at, n);
    return did;
}

/* Is it this allocation's turn to fail? */
static bool fails(void)
{
    atomic_fetch_add(&calls, 1);
    size_t left = atomic_load(&fail_at);
    while (left > 0 && !atomic_compare_exchange_weak(&fail_at, &left, left - 1))
        ;
    if (left != 1)
        return false;
    atomic_store(&failed, true);
    errno = ENOMEM;
    return true;
}

static void *taken(void *block)
{
    ptrdiff_t size = (ptrdiff_t)malloc_usable_size(block);
    ptrdiff_t now = atomic_fetch_add(&live, size) + size;
    ptrdiff_t most = atomic_load(&peak);
    while (now > most && !atomic_compare_exchange_weak(&peak, &most, now))
        ;
    return block;
}

/* The linker sends NAME to __wrap_NAME and __real_NAME to NAME. */
#define WRAP(name, parameters, arguments)                                                          \
    void *__real_##name parameters;                                                                \
    void *__wrap_##name parameters;                                                                \
    void *__wrap_##name parameters                                                                 \
    {                                                                                              \
        return fails() ? NULL : taken(__real_##name arguments);                                    \
    }
WRAP(malloc, (size_t size), (size))
WRAP(calloc, (size_t count, size_t size), (count, size))
WRAP(aligned_alloc, (size_t alignment, size_t size), (alignment, size))

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : taken(__real_strdup(text));
}

/* The library lets it allocate what it returns. */
char *__real_realpath(const char *path, char *resolved);
char *__wrap_realpath(const char *path, char *resolved);
char *__wrap_realpath(const char *path, char *resolved)
{
    char *found = fails() ? NULL : __real_realpath(path, resolved);
    return found ? taken(found) : NULL;
}

/* While a block moves there are two of it. */
void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size)
{
    ptrdiff_t before = (ptrdiff_t)malloc_usable_size(block);
    void *moved = fails() ? NULL : __real_realloc(block, size);
    if (moved) {
        taken(moved);
        atomic_fetch_sub(&live, before);
    }
    return moved;
}

void __real_free(void *block);
void __wrap_free(void *block);
void __wrap_free(void *block)
{
    atomic_fetch_sub(&live, (ptrdiff_t)malloc_usable_size(block));
    __real_free(block);
}
