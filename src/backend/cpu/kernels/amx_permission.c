/* Asks the system for AMX. Its tiles are 8 KB of state, which a process must ask Linux for; from
 * then on the stacks of signal handlers must have room for them. */
#define _GNU_SOURCE /* syscall */
#include "backend/cpu/kernels/amx_permission.h"

#if defined(RECUR_X86) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EXTENDED_FEATURES = 7 }; /* a leaf of cpuid */
enum { ARCH_GET_XCOMP_SUPP = 0x1021, ARCH_REQ_XCOMP_PERM = 0x1023, XTILEDATA = 18 };

bool recur_amx_present(void)
{
    const unsigned needed = 1U << 24 | 1U << 22 | 1U << 25; /* tiles, products of bf16, of bytes */
    unsigned long long kept = 0;
    unsigned a, b, c, d;
    return __get_cpuid_count(EXTENDED_FEATURES, 0, &a, &b, &c, &d) && (d & needed) == needed &&
           !syscall(SYS_arch_prctl, ARCH_GET_XCOMP_SUPP, &kept) && kept >> XTILEDATA & 1;
}

bool recur_amx_permit(void)
{
    return !syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA);
}
#else
bool recur_amx_present(void)
{
    return false;
}

bool recur_amx_permit(void)
{
    return false;
}
#endif
