/* What the functions of the driver API have in common. */
#ifndef TESTS_GPU_API_H
#define TESTS_GPU_API_H

#include "counts.h"
#include "device_memory.h"
#include "driver_api.h"
#include "ptx.h"
#include "standin_device.h"

/* Locks, counts the call, fails where the device has failed. */
CUresult gpu_enter(bool needs_context);
void gpu_unlock(int *);
/* Begins a function of the API; its lock ends with its block. */
#define GPU_ENTER(needs_context)                                                                   \
    int lock __attribute__((cleanup(gpu_unlock), unused)) = 0;                                     \
    CUresult entered = gpu_enter(needs_context);                                                   \
    if (entered != CUDA_SUCCESS)                                                                   \
        return entered;

/* Things that must be freed; at the end they may be asked for (STANDIN_CHECK_LEAKS). */
struct gpu_alive {
    int64_t contexts, modules, streams, events;
};
extern struct gpu_alive gpu_alive;

struct CUfunc_st {
    const struct function *function;
    struct CUmod_st *module;
    uint32_t max_dynamic;
    bool non_portable;
};

struct CUmod_st {
    struct module *module;
    struct CUfunc_st *functions;
    struct CUmod_st *next; /* among all that are loaded */
};

/* How many blocks of this function a multiprocessor has room for. */
uint32_t gpu_blocks_per_multiprocessor(const struct CUfunc_st *, uint32_t threads,
                                       uint32_t dynamic);
/* How many clusters of this size the device has room for. */
uint32_t gpu_clusters_at_once(const struct CUfunc_st *, uint32_t threads, uint32_t dynamic,
                              uint32_t size);

#endif
