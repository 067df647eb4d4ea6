/* What the stand-in counts. */
#ifndef TESTS_GPU_COUNTS_H
#define TESTS_GPU_COUNTS_H

#include <stdint.h>

struct gpu_counts {
    uint64_t instructions;  /* of warps */
    uint64_t mma;           /* of warps */
    uint64_t cluster_bytes; /* stored into other blocks' shared memory */
    uint64_t global_read, global_written;
    uint64_t launches, synchronisations, allocations, host_allocations, frees, module_loads;
    uint64_t copies_to_device, copies_to_host, calls;
};
extern struct gpu_counts gpu_counts;

#endif
