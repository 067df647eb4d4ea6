#include "end.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "warp.h"

_Noreturn void gpu_end_plainly(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fflush(stdout);
    fputs("stand-in for a GPU: ", stderr);
    vfprintf(stderr, format, list);
    fputs(".\n", stderr);
    va_end(list);
    abort();
}

_Noreturn void gpu_end_at_line(uint32_t line, const char *format, ...)
{
    char what[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    gpu_end_plainly("PTX line %u: %s", line, what);
}

_Noreturn void gpu_end(const struct warp *w, const struct instruction *i, uint32_t lane,
                       const char *format, ...)
{
    char what[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    const struct block *b = w->block;
    gpu_end_plainly("kernel %s, block %u,%u,%u, thread %u, PTX line %u (%.*s): %s",
                    b->launch->function->name, b->index[0], b->index[1], b->index[2],
                    w->first + lane, i->line, (int)i->length, i->text, what);
}

void *gpu_need(size_t count, size_t size)
{
    void *made = calloc(count ? count : 1, size);
    if (!made)
        gpu_end_plainly("no memory for %zu x %zu bytes of its own", count, size);
    return made;
}

void *gpu_grow(void *array, size_t count, size_t size)
{
    if (count & (count - 1)) /* room is always a power of two */
        return array;
    void *made = realloc(array, (count ? 2 * count : 1) * size);
    if (!made)
        gpu_end_plainly("no memory for %zu x %zu bytes of its own", 2 * count, size);
    return made;
}
