/* Memory of the device: allocations with exact bounds, a shadow beside each byte, and what the
 * warps' instructions reach. Device addresses are not the host's, and none is used twice. */
#ifndef TESTS_GPU_DEVICE_MEMORY_H
#define TESTS_GPU_DEVICE_MEMORY_H

#include "warp.h"

/* Windows of generic addresses; an address of a state space counts from its window. */
#define SHARED_WINDOW UINT64_C(0x100000000000)
#define LOCAL_WINDOW UINT64_C(0x200000000000)
#define DEVICE_MEMORY UINT64_C(0x300000000000)
enum {
    CLUSTER_STRIDE = 1 << 24
}; /* an address in shared memory of block k: (k + 1) of them, plus */

enum allocation_kind {
    MEMORY_OF_DEVICE,
    MEMORY_OF_HOST,   /* pinned: the host's address */
    MEMORY_OF_MODULE, /* a variable */
    MEMORY_CONSTANT,
};

struct allocation {
    uint64_t base, bytes;
    enum allocation_kind kind;
    bool freed;
    uint64_t number; /* of the call that made it, from 1 */
    unsigned char *data, *shadow;
    uint64_t read, written; /* bytes, by kernels */
};

/* NULL where the host has no memory. */
struct allocation *gpu_memory_make(uint64_t bytes, enum allocation_kind);
/* False: nothing begins there. */
bool gpu_memory_free(uint64_t base, enum allocation_kind);
/* The allocation that has the address, or NULL. */
struct allocation *gpu_memory_find(uint64_t address);
/* How far an address is from memory, in words. */
void gpu_memory_describe(uint64_t address, char *text, size_t size);
/* Bytes that are allocated, and the list of allocations. */
uint64_t gpu_memory_used(void);
struct allocation *gpu_memory_at(size_t index); /* NULL behind the last one */

/* Bytes of memory that an instruction's lane reaches. */
struct reached {
    unsigned char *data, *shadow;
    struct allocation *allocation; /* NULL: none of global memory */
    struct block *block;           /* whose shared memory; else NULL */
};
/* Ends the program where the access is out of bounds or misaligned. */
struct reached gpu_reach(const struct warp *, const struct instruction *, uint32_t lane, enum space,
                         uint64_t address, uint32_t bytes);
/* The lane's address in an operand. */
uint64_t gpu_address(const struct warp *, const struct operand *, uint32_t lane);
/* Ends the program where one of the bytes was never written, or is no plain memory. */
void gpu_check_written(const struct warp *, const struct instruction *, uint32_t lane,
                       const struct reached *, uint32_t bytes);
void gpu_mark_written(const struct warp *, const struct instruction *, uint32_t lane,
                      const struct reached *, uint32_t bytes);

#endif
