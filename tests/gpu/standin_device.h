/* The device that the stand-in pretends to be, from the environment:
 *
 *     STANDIN_SEED=1             order of threads and of what is on its way
 *     STANDIN_DEVICES=1          0: cuInit finds no device
 *     STANDIN_CAPABILITY=9.0
 *     STANDIN_DRIVER=12040       what cuDriverGetVersion says
 *     STANDIN_MULTIPROCESSORS=132
 *     STANDIN_MEMORY=68719476736 bytes in total
 *     STANDIN_MAX_CLUSTER=16     the greatest cluster that a launch may have
 *     STANDIN_REFUSE_PTX=0       1: cuModuleLoadDataEx says that the PTX is not valid
 *     STANDIN_FAIL_LAUNCH=0      the Nth launch fails
 *     STANDIN_LOSE_DEVICE=0      from the Nth call on every call fails
 *     STANDIN_FAIL_ALLOCATION=0  the Nth allocation finds no memory
 *     STANDIN_CHECK_LEAKS=0      1: the program ends badly where something was not freed at its end
 *     STANDIN_COUNTS=            a file to which the counts are written at the end
 *
 * cuInit reads them anew, so one program can be several devices one after the other. */
#ifndef TESTS_GPU_STANDIN_DEVICE_H
#define TESTS_GPU_STANDIN_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

struct gpu_device {
    uint32_t devices, capability /* 90: 9.0 */, driver, multiprocessors, max_cluster;
    uint64_t memory;
    uint64_t refuse_ptx, fail_launch, lose_device, fail_allocation;
    bool check_leaks;
    const char *counts_file;
    /* so far */
    uint64_t launches, allocations, calls;
    uint32_t failed; /* a CUresult that all later calls return */
};
extern struct gpu_device gpu_device;

void gpu_device_read(void);
void gpu_random_seed(uint32_t seed);

enum {
    SHARED_PER_MULTIPROCESSOR = 228 * 1024,
    SHARED_PER_BLOCK = 227 * 1024, /* where the function allows it */
    SHARED_USUAL = 48 * 1024,
    SHARED_RESERVED = 1024, /* of each block */
    THREADS_PER_MULTIPROCESSOR = 2048,
    BLOCKS_PER_MULTIPROCESSOR = 32,
    REGISTERS_PER_MULTIPROCESSOR = 65536,
    THREADS_PER_BLOCK = 1024,
    MULTIPROCESSORS_OF_GROUP = 16, /* a cluster lies within a group of them (GPC) */
    PORTABLE_CLUSTER = 8,
};

#endif
