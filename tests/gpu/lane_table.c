/* What is compiled twice, and which of the two this processor runs. */
#include <stdlib.h>
#include <string.h>

#include "lanes.h"
#include "multiply.h"

static const struct lane_row **sorted;
static size_t count;

#ifdef LANES_AVX2
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

static int compare(const void *a, const void *b)
{
    return strcmp((*(const struct lane_row *const *)a)->name,
                  (*(const struct lane_row *const *)b)->name);
}

static void sort_rows(void)
{
    const struct lane_row *rows = gpu_lanes_generic;
#ifdef LANES_AVX2
    if (has_avx2())
        rows = gpu_lanes_avx2;
#endif
    while (rows[count].name)
        count++;
    sorted = gpu_need(count, sizeof *sorted);
    for (size_t k = 0; k < count; k++)
        sorted[k] = &rows[k];
    qsort(sorted, count, sizeof *sorted, compare);
}

const struct lane_row *gpu_lane_row(const char *name)
{
    if (!sorted)
        sort_rows();
    const struct lane_row key = {.name = name}, *wanted = &key;
    const struct lane_row *const *found = bsearch(&wanted, sorted, count, sizeof *sorted, compare);
    return found ? *found : NULL;
}

multiply_function *gpu_multiply(void)
{
#ifdef LANES_AVX2
    if (has_avx2())
        return gpu_multiply_avx2;
#endif
    return gpu_multiply_generic;
}
