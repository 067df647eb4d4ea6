/* Picks a table of kernels for the processor at hand. */
#define _GNU_SOURCE /* syscall */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef RECUR_X86
#include <cpuid.h>
#endif
#if defined(RECUR_X86) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(RECUR_ARM) && defined(__linux__)
#include <sys/auxv.h>
#endif

#include "kernels/kernels.h"

extern const struct recur_kernels recur_kernels_generic;
#ifdef RECUR_X86
extern const struct recur_kernels recur_kernels_avx2;
extern const struct recur_kernels recur_kernels_avxvnni;
extern const struct recur_kernels recur_kernels_avx512;
extern const struct recur_kernels recur_kernels_avx512vnni;
extern const struct recur_kernels recur_kernels_avx512bf16;
extern const struct recur_kernels recur_kernels_amx;
#endif
#ifdef RECUR_ARM
extern const struct recur_kernels recur_kernels_neon;
extern const struct recur_kernels recur_kernels_neondot;
extern const struct recur_kernels recur_kernels_neonbf16;
#endif

#ifdef RECUR_X86
enum { EXTENDED_FEATURES = 7 }; /* a leaf of cpuid */

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

/* VNNI for vectors of 32 bytes, which processors without AVX-512 have as well: a name that clang
 * does not know. */
static bool has_avxvnni(void)
{
    const unsigned avxvnni = 1U << 4;
    unsigned a, b, c, d;
    return __get_cpuid_count(EXTENDED_FEATURES, 1, &a, &b, &c, &d) && a & avxvnni;
}

/* Tiles are 8 KB of state, which a process must ask Linux for. It refuses where a signal handler's
 * own stack could not hold them. */
static bool has_amx(void)
{
#ifdef __linux__
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XTILEDATA = 18 };
    const unsigned tile = 1U << 24, bf16 = 1U << 22;
    unsigned a, b, c, d;
    return __get_cpuid_count(EXTENDED_FEATURES, 0, &a, &b, &c, &d) && d & tile && d & bf16 &&
           !syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA);
#else
    return false;
#endif
}
#endif

/* The compiler's cpu_supports also asks the operating system (XGETBV) whether it saves the wide
 * registers. */
static size_t levels(const struct recur_kernels *table[RECUR_LEVELS_MAX])
{
    size_t count = 0;
    table[count++] = &recur_kernels_generic;
#ifdef RECUR_X86
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return count;
    table[count++] = &recur_kernels_avx2;
    if (has_avxvnni())
        table[count++] = &recur_kernels_avxvnni;
    if (!has_avx512())
        return count;
    table[count++] = &recur_kernels_avx512;
    if (!__builtin_cpu_supports("avx512vnni"))
        return count;
    /* Intel's cores take as long for a product of bf16 as for four multiply-adds. */
    bool bf16 = __builtin_cpu_supports("avx512bf16"), slow = __builtin_cpu_is("intel");
    if (bf16 && slow)
        table[count++] = &recur_kernels_avx512bf16;
    table[count++] = &recur_kernels_avx512vnni;
    if (bf16 && !slow)
        table[count++] = &recur_kernels_avx512bf16;
    if (bf16 && has_amx())
        table[count++] = &recur_kernels_amx;
#endif
#ifdef RECUR_ARM
    table[count++] = &recur_kernels_neon;
#ifdef __linux__
    if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP)
        table[count++] = &recur_kernels_neondot;
    if (count == 3 && getauxval(AT_HWCAP2) & HWCAP2_BF16)
        table[count++] = &recur_kernels_neonbf16;
#endif
#endif
    return count;
}

const struct recur_kernels *recur_kernels_level(size_t index)
{
    const struct recur_kernels *table[RECUR_LEVELS_MAX];
    return index < levels(table) ? table[index] : NULL;
}

enum recur_status recur_kernels_select(const struct recur_kernels **kernels, recur_error *error)
{
    const struct recur_kernels *table[RECUR_LEVELS_MAX];
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
    char names[96] = "";
    for (size_t i = 0; i < count; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "",
                 table[i]->isa);
    return recur_fail(error, RECUR_ERROR_ARGUMENT, "RECUR_ISA is \"%s\", but this processor has %s",
                      wanted, names);
}
