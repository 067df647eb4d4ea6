/* Chooses a table of kernels for the processor it runs on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef RECUR_X86
#include <cpuid.h>
#endif
#if defined(RECUR_ARM) && defined(__linux__)
#include <sys/auxv.h>
#endif

#include "backend/cpu/kernels/amx_permission.h"
#include "backend/cpu/kernels/kernels.h"

#define DECLARE(isa) extern const struct recur_kernels recur_kernels_##isa;
RECUR_EACH_ISA(DECLARE)
#undef DECLARE

/* The tables that were built (meson.build beside this file), worst first. There is always a
 * generic table. */
static const struct recur_kernels *const tables[] = {
#define ADDRESS(isa) &recur_kernels_##isa,
    RECUR_EACH_ISA(ADDRESS)
#undef ADDRESS
};
enum { TABLES = sizeof tables / sizeof *tables };
_Static_assert(TABLES <= RECUR_LEVELS_MAX, "RECUR_LEVELS_MAX is too small");

#ifdef RECUR_X86
enum { EXTENDED_FEATURES = 7 }; /* a leaf of cpuid */

/* VNNI for vectors of 32 bytes, which processors without AVX-512 have as well. clang does not know
 * its name. */
static bool has_avxvnni(void)
{
    const unsigned avxvnni = 1U << 4;
    unsigned a, b, c, d;
    return __get_cpuid_count(EXTENDED_FEATURES, 1, &a, &b, &c, &d) && a & avxvnni;
}
#endif

static bool same(const char *isa, const char *other)
{
    return !strcmp(isa, other);
}

/* Whether this processor can run the table `isa`, which is not the generic one. The compiler's
 * cpu_supports also asks the operating system (XGETBV) whether it saves the wide registers. */
static bool runs(const char *isa)
{
#ifdef RECUR_X86
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl");
    const bool vnni = avx512 && __builtin_cpu_supports("avx512vnni");
    const bool bf16 = vnni && __builtin_cpu_supports("avx512bf16");
    if (same(isa, "avx2"))
        return avx2;
    if (same(isa, "avxvnni"))
        return avx2 && has_avxvnni();
    if (same(isa, "avx512"))
        return avx512;
    if (same(isa, "avx512vnni"))
        return vnni;
    if (same(isa, "avx512bf16"))
        return bf16;
    if (same(isa, "amx"))
        return bf16 && recur_amx_present();
#elif defined(RECUR_ARM)
    if (same(isa, "neon"))
        return true;
#ifdef __linux__
    const bool dot_products = getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
    if (same(isa, "neondot"))
        return dot_products;
    if (same(isa, "neonbf16"))
        return dot_products && getauxval(AT_HWCAP2) & HWCAP2_BF16;
#endif
#endif
    (void)isa; /* elsewhere there is only the generic table */
    return false;
}

/* Whether this is a core of Intel's, for which a product of bf16 takes as long as four
 * multiply-adds. */
static bool has_slow_bf16(void)
{
#ifdef RECUR_X86
    return __builtin_cpu_is("intel");
#else
    return false;
#endif
}

/* Whether the products of bf16 need the process's permission; only the last of all tables does. */
static bool has_tiles(const struct recur_kernels *kernels)
{
    return kernels && same(kernels->isa, "amx");
}

static size_t levels(const struct recur_kernels *table[RECUR_LEVELS_MAX])
{
    size_t count = 0;
    table[count++] = tables[0];
    for (size_t i = 1; i < TABLES; i++)
        if (runs(tables[i]->isa))
            table[count++] = tables[i];
    for (size_t i = 1; i < count && has_slow_bf16(); i++)
        if (same(table[i - 1]->isa, "avx512vnni") && same(table[i]->isa, "avx512bf16")) {
            const struct recur_kernels *vnni = table[i - 1];
            table[i - 1] = table[i];
            table[i] = vnni;
        }
    return count;
}

const struct recur_kernels *recur_kernels_level(size_t index)
{
    const struct recur_kernels *table[RECUR_LEVELS_MAX] = {0};
    bool there = index < levels(table) && (!has_tiles(table[index]) || recur_amx_permit());
    return there ? table[index] : NULL;
}

void recur_kernels_permit_tiles(const struct recur_kernels **kernels)
{
    const struct recur_kernels *table[RECUR_LEVELS_MAX] = {0};
    size_t count = levels(table);
    if (!has_tiles(*kernels) || recur_amx_permit())
        return;
    while (has_tiles(table[count - 1]))
        count--;
    *kernels = table[count - 1];
}

enum recur_status recur_kernels_select(const struct recur_kernels **kernels, recur_error *error)
{
    const struct recur_kernels *table[RECUR_LEVELS_MAX] = {0};
    size_t count = levels(table);
    const char *wanted = getenv("RECUR_ISA");
    bool no_tiles = wanted && same(wanted, RECUR_NO_TILES);
    if (!wanted || !*wanted || no_tiles) {
        *kernels = table[count - 1 - (no_tiles && has_tiles(table[count - 1]))];
        return RECUR_OK;
    }
    for (size_t i = 0; i < count; i++)
        if (same(table[i]->isa, wanted)) {
            *kernels = table[i];
            return RECUR_OK;
        }
    char names[96] = "";
    for (size_t i = 0; i < count; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "",
                 table[i]->isa);
    return recur_fail(error, RECUR_ERROR_ARGUMENT,
                      "RECUR_ISA is \"%s\", but recur has %s for this processor", wanted, names);
}
