#define _GNU_SOURCE /* memfd_create */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "heap.h"

_Noreturn void fuzz_broken(const char *format, ...)
{
    char text[1000];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text - 1, format, arguments);
    va_end(arguments);
    size_t size = (size_t)length < sizeof text - 1 ? (size_t)length : sizeof text - 2;
    text[size++] = '\n';
    if (write(STDERR_FILENO, text, size) < 0) /* the stream may be closed to recur's own words */
        abort();
    abort();
}

struct fuzz_file fuzz_file_make(const uint8_t *bytes, size_t size)
{
    struct fuzz_file file = {.descriptor = memfd_create("fuzz", MFD_CLOEXEC)};
    FUZZ_CHECK(file.descriptor >= 0, "no file in memory");
    FUZZ_CHECK(write(file.descriptor, bytes, size) == (ssize_t)size, "it cannot be written");
    snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.descriptor);
    return file;
}

void fuzz_file_end(const struct fuzz_file *file)
{
    close(file->descriptor);
}

void fuzz_check_error(enum recur_status status, const recur_error *error)
{
    if (status == RECUR_OK)
        return;
    if (getenv("FUZZ_SAYS"))
        dprintf(STDERR_FILENO, "%s\n", error->message);
    FUZZ_CHECK(error->status == status, "status %d, the error says %d", (int)status,
               (int)error->status);
    FUZZ_CHECK(*error->message && !strchr(error->message, '\n'), "not a sentence: %s",
               error->message);
}

ptrdiff_t fuzz_memory_begin(void)
{
    heap_begin();
    return heap_live();
}

void fuzz_memory_end(ptrdiff_t before, size_t size)
{
    fuzz_memory_end_within(before, size, FUZZ_EXTRA + FUZZ_FACTOR * size);
}

void fuzz_memory_end_within(ptrdiff_t before, size_t size, size_t allowed)
{
    size_t most = (size_t)(heap_peak() - before);
    if (getenv("FUZZ_SAYS"))
        dprintf(STDERR_FILENO, "%zu bytes read, %zu taken, %.1f times\n", size, most,
                (double)most / (double)(size ? size : 1));
    FUZZ_CHECK(most <= allowed, "took %zu bytes of memory for an input of %zu, allowed are %zu",
               most, size, allowed);
    FUZZ_CHECK(heap_live() == before, "%td bytes were not given back", heap_live() - before);
}
