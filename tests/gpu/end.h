/* How the stand-in ends a program: one sentence on the standard error, then abort(). */
#ifndef TESTS_GPU_END_H
#define TESTS_GPU_END_H

#include <stdint.h>

#include "ptx.h"

#define GPU_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* While a module is read. */
_Noreturn void gpu_end_at_line(uint32_t line, const char *format, ...) GPU_PRINTF(2, 3);
/* While a kernel runs: which kernel, block, thread and line are added. */
_Noreturn void gpu_end(const struct warp *, const struct instruction *, uint32_t lane,
                       const char *format, ...) GPU_PRINTF(4, 5);
/* Elsewhere. */
_Noreturn void gpu_end_plainly(const char *format, ...) GPU_PRINTF(1, 2);

/* Memory of the stand-in's own; ends the program where there is none. */
void *gpu_need(size_t count, size_t size);
/* An array that has room for `count` and one more element. */
void *gpu_grow(void *array, size_t count, size_t size);

#endif
