/* Picks a table of kernels for the processor at hand. */
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"

extern const struct recur_kernels recur_kernels_generic;
#ifdef RECUR_X86
extern const struct recur_kernels recur_kernels_avx2;
extern const struct recur_kernels recur_kernels_avx512;
#endif

/* The compiler's cpu_supports also asks the operating system (XGETBV) whether it saves the wide
 * registers. */
static size_t levels(const struct recur_kernels *table[3])
{
    size_t count = 0;
    table[count++] = &recur_kernels_generic;
#ifdef RECUR_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        table[count++] = &recur_kernels_avx2;
    if (count == 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        table[count++] = &recur_kernels_avx512;
#endif
    return count;
}

const struct recur_kernels *recur_kernels_level(size_t index)
{
    const struct recur_kernels *table[3];
    return index < levels(table) ? table[index] : NULL;
}

enum recur_status recur_kernels_select(const struct recur_kernels **kernels, recur_error *error)
{
    const struct recur_kernels *table[3];
    size_t count = levels(table);
    const char *wanted = getenv("RECUR_ISA");
    if (!wanted || !*wanted) {
        *kernels = table[count - 1];
        return RECUR_OK;
    }
    for (size_t i = 0; i < count; i++)
        if (!strcmp(table[i]->isa, wanted)) {
            *kernels = table[i];
            return RECUR_OK;
        }
    return recur_fail(error, RECUR_ERROR_ARGUMENT,
                      "RECUR_ISA is \"%s\", but this processor has %s%s%s%s%s", wanted,
                      table[0]->isa, count > 1 ? ", " : "", count > 1 ? table[1]->isa : "",
                      count > 2 ? ", " : "", count > 2 ? table[2]->isa : "");
}
