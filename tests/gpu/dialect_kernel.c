/* Compiled to PTX by clang: every thread computes all cases of dialect.h, as calls of functions. */
#define DIALECT static __attribute__((device, noinline))
#include "dialect.h"

#define KERNEL extern "C" __attribute__((global))

KERNEL void dialect_kernel(const u32 *in, u32 *out, u32 count)
{
    u32 at = __nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() +
             __nvvm_read_ptx_sreg_tid_x();
    if (at >= count)
        return;
    for (u32 which = 0; which < DIALECT_CASES; which++)
        out[which * count + at] = dialect(which, in[2 * at], in[2 * at + 1]);
}
