/* Preloaded into a program: lets its allocation number RECUR_FAIL fail, counted over malloc and its
 * kin, the C library's and other libraries' calls too. Says so by a byte into RECUR_FAIL_FD. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#pragma GCC visibility push(default)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static atomic_long count;
static long fail_at = -1;
static int report = -1;

__attribute__((constructor)) static void begin(void)
{
    const char *number = getenv("RECUR_FAIL"), *file = getenv("RECUR_FAIL_FD");
    report = file ? atoi(file) : -1;
    atomic_store(&count, 0);
    fail_at = number ? atol(number) : -1;
}

static int fails(void)
{
    if (atomic_fetch_add(&count, 1) + 1 != fail_at)
        return 0;
    ssize_t written = write(report, "x", 1);
    (void)written;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t items, size_t size)
{
    return fails() ? NULL : __libc_calloc(items, size);
}

void *realloc(void *block, size_t size)
{
    return fails() ? NULL : __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    int before = errno;
    void *made = memalign(alignment, size);
    errno = before;
    if (!made)
        return ENOMEM;
    *block = made;
    return 0;
}
